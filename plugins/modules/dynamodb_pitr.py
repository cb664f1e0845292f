#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_pitr
short_description: Turn point-in-time recovery of many DynamoDB tables on and off
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Turns point-in-time recovery of a list of tables on or off, and sets for how many days it goes back.
  - A table that was just made is waited for until AWS has enabled continuous backups on it, instead of failing with
    C(ContinuousBackupsUnavailableException).
  - A warning says which moments can no longer be restored, where turning it off or shortening it loses any.
options:
  tables:
    description:
      - The tables, each named once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the table, not its ARN.
        type: str
        required: true
      state:
        description:
          - V(absent) turns it off. What could be restored until then is lost at once, and turned on again it starts
            anew.
        type: str
        choices: [present, absent]
        default: present
      recovery_period_days:
        description:
          - For how many days it goes back (C(RecoveryPeriodInDays)), 1 to 35. The price does not depend on it.
          - Left alone when it is not given; AWS's default of 35 where it was off.
        type: int
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing.
    support: full
  diff_mode:
    description: Shows the setting of each table that changes, before and after.
    support: full
  idempotent:
    description: A second run writes nothing.
    support: full
notes:
  - RV(results[].before) brings the setting back, not the moments that could be restored.
  - Of a global table only the replica in this region is set.
  - "IAM actions: C(dynamodb:DescribeContinuousBackups), C(dynamodb:UpdateContinuousBackups)."
seealso:
  - module: runbook.aws.dynamodb_pitr_info
  - module: runbook.aws.dynamodb_backup
  - name: Point-in-time backups for DynamoDB
    description: What it does, and what turning it off loses.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Be able to go back to any second of the last two weeks
  runbook.aws.dynamodb_pitr:
    tables:
      - name: sc-agent-sessions-prod
        recovery_period_days: 14
      - name: sc-agent-conversations-prod
  register: recovery

- name: Put back what was there
  runbook.aws.dynamodb_pitr:
    tables: "{{ recovery.results | map(attribute='before') | list }}"
"""

RETURN = r"""
results:
  description: One element for each table, in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the table.
      type: str
      returned: always
      sample: sc-agent-sessions-prod
    changed:
      description: Whether anything was written, or would be without check mode.
      type: bool
      returned: always
    before:
      description:
        - The setting as it was before, as an element of O(tables); giving it back undoes the task. V(null) if the table
          could not be read or planned.
      type: dict
      returned: always
      sample: {name: sc-agent-sessions-prod, state: absent}
    after:
      description: The same after the task. V(null) if it failed, because it is not known without reading it again.
      type: dict
      returned: always
      sample: {name: sc-agent-sessions-prod, state: present, recovery_period_days: 14}
    calls:
      description: The calls that AWS accepted, or would be made without check mode, in their order.
      type: list
      elements: str
      returned: always
      sample: ["dynamodb:UpdateContinuousBackups"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error, for example V(TableNotFoundException). V(null) if it was none of AWS's.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import (
    TABLES_SPEC,
    check,
    fetch_pitr,
    plan_pitr,
)
from ansible_collections.runbook.aws.plugins.module_utils._later import NEW_TABLE, Later
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target


def main() -> None:
    module = OpsModule(argument_spec={"tables": TABLES_SPEC})
    aws = module.aws("dynamodb")

    def fetch(target):
        check(target)
        return fetch_pitr(aws, target.name)

    targets = [Target(table["name"], table) for table in module.params["tables"]]
    module.run(Later(aws, NEW_TABLE, module.params["wait_timeout"]), targets, fetch, plan_pitr)


if __name__ == "__main__":
    main()
