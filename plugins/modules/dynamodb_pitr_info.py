#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_pitr_info
short_description: Show from when to when DynamoDB tables can be restored
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Shows point-in-time recovery of DynamoDB tables, and the first and the last moment that can be restored.
  - AWS answers 10 tables a second.
options:
  tables:
    description:
      - Names of tables, each once.
      - Every table of the account and region when left out.
    type: list
    elements: str
  name_pattern:
    description:
      - With O(tables) left out, only tables whose name matches, with C(*) and C(?) as in a shell.
    type: str
    default: "*"
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
  idempotent:
    description: Only reads.
    support: full
notes:
  - "IAM actions: C(dynamodb:DescribeContinuousBackups), and C(dynamodb:ListTables) without O(tables)."
seealso:
  - module: runbook.aws.dynamodb_pitr
  - module: runbook.aws.dynamodb_backup_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Show how far back the tables can be restored
  runbook.aws.dynamodb_pitr_info:
    name_pattern: sc-agent-*-prod
  register: recovery

- name: Stop if a table has no point-in-time recovery
  ansible.builtin.assert:
    that: item.pitr.state == 'present'
    success_msg: "{{ item.target }} can be restored from {{ item.earliest }} to {{ item.latest }}"
  loop: "{{ recovery.results }}"
  loop_control:
    label: "{{ item.target }}"
"""

RETURN = r"""
results:
  description: One element for each table, in the order given, or by name.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the table.
      type: str
      returned: always
      sample: sc-agent-sessions-prod
    error:
      description: Why it could not be read. V(null) if it could.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error. V(null) if there was none.
      type: str
      returned: always
    pitr:
      description: The setting, as a valid element of O(runbook.aws.dynamodb_pitr#module:tables).
      type: dict
      returned: if it could be read
      sample: {name: sc-agent-sessions-prod, state: present, recovery_period_days: 35}
    earliest:
      description: The first moment that can be restored, in UTC. V(null) while it is off.
      type: str
      returned: if it could be read
      sample: "2026-10-20T06:00:00Z"
    latest:
      description: The last moment that can be restored, about five minutes ago. V(null) while it is off.
      type: str
      returned: if it could be read
      sample: "2026-11-24T05:55:00Z"
    earliest_age_seconds:
      description: How long ago RV(results[].earliest) is, by AWS's clock. V(null) while it is off.
      type: int
      returned: if it could be read
    latest_age_seconds:
      description: How long ago RV(results[].latest) is, by AWS's clock. V(null) while it is off.
      type: int
      returned: if it could be read
"""

from fnmatch import fnmatchcase

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import fetch_pitr, refuse_arn, report_pitr
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

SPEC = {
    "tables": {"type": "list", "elements": "str"},
    "name_pattern": {"type": "str", "default": "*"},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False)
    aws = module.aws("dynamodb")
    names = module.params["tables"]
    if names is None:
        try:
            listed = aws.pages("dynamodb", "ListTables", "TableNames")
        except AwsError as error:
            module.fail_json(msg=str(error))
        names = sorted(name for name in listed if fnmatchcase(name, module.params["name_pattern"]))

    def fetch(target):
        refuse_arn(target.name)
        return report_pitr(fetch_pitr(aws, target.name))

    module.report([Target(name) for name in names], fetch)


if __name__ == "__main__":
    main()
