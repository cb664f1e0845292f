#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_capacity_info
short_description: Show the capacity of many DynamoDB tables and what may be changed today
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Shows billing mode, units, on-demand maxima, warm throughput and autoscaling of DynamoDB tables and of their global
    secondary indexes, the decreases that are used and left today, and on request the switches to on-demand.
  - One C(DescribeTable) is made for each table, and the autoscaling of all tables is read together.
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
  switches:
    description:
      - Ask CloudTrail how many of the 4 switches to on-demand in 24 hours are used. DynamoDB itself shows only
        the last.
      - CloudTrail answers 2 calls a second and is some minutes late.
    type: bool
    default: false
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
  - "IAM actions: C(dynamodb:DescribeTable), C(application-autoscaling:Describe*), C(dynamodb:ListTables) without
    O(tables), and C(cloudtrail:LookupEvents) with O(switches)."
seealso:
  - module: runbook.aws.dynamodb_capacity
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.usage
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Show the capacity of two tables
  runbook.aws.dynamodb_capacity_info:
    tables:
      - sc-agent-sessions-prod
      - sc-agent-conversations-prod
  register: capacity

- name: Say how many decreases are left
  ansible.builtin.debug:
    msg: "{{ item.target }}: {{ item.decreases.left_now }} now, {{ item.decreases.left_today }} today"
  loop: "{{ capacity.results }}"

- name: Show whether a table may be switched to on-demand now
  runbook.aws.dynamodb_capacity_info:
    tables:
      - sc-agent-sessions-prod
    switches: true
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
    table:
      description:
        - All of its capacity, as a valid element of O(runbook.aws.dynamodb_capacity#module:tables).
        - Where autoscaling owns the units, its bounds are there instead of them.
      type: dict
      returned: if it could be read
      sample: {name: sc-agent-sessions-prod, billing_mode: PROVISIONED, read: {units: 5}, write: {units: 5}}
    status:
      description: Status of the table.
      type: str
      returned: if it could be read
      sample: ACTIVE
    units: &units
      description: Provisioned units at this moment, those that autoscaling moves too. 0 while the table is on-demand.
      type: dict
      returned: if it could be read
      sample: {read: 12, write: 5}
    warm_throughput_status: &warm
      description: Whether a change of the warm throughput is still going on.
      type: str
      returned: if it could be read
      sample: ACTIVE
    decreases: &decreases
      description: How often the units may be lowered. Each index has decreases of its own.
      type: dict
      returned: if it could be read
      contains:
        used_today:
          description: Decreases on this UTC day.
          type: int
          returned: always
        left_now:
          description: Decreases that are certainly possible now.
          type: int
          returned: always
        left_today:
          description: Decreases that are still possible on this UTC day, one for each hour that is left included.
          type: int
          returned: always
        next_possible:
          description: When the next is possible, in UTC.
          type: str
          returned: always
          sample: "2026-11-23T14:05:00Z"
    usage: &usage
      description: What was in use. V(null) where CloudWatch has no data, which is not the same as nothing.
      type: dict
      returned: when O(usage_seconds) is not 0
      contains:
        consumed_read:
          description: Read units a second in the highest minute.
          type: float
          returned: always
        consumed_write:
          description: Write units a second in the highest minute.
          type: float
          returned: always
        read_throttles:
          description: Reads that were throttled, in all.
          type: float
          returned: always
        write_throttles:
          description: Writes that were throttled, in all.
          type: float
          returned: always
    indexes:
      description: The same for each global secondary index.
      type: list
      elements: dict
      returned: if it could be read
      contains:
        name:
          description: Name of the index.
          type: str
          returned: always
        status:
          description: Status of the index.
          type: str
          returned: always
        units: *units
        warm_throughput_status: *warm
        decreases: *decreases
        usage: *usage
    replicas:
      description: Regions of the replicas of a global table.
      type: list
      elements: str
      returned: if it could be read
    switches:
      description: Switches to on-demand in the last 24 hours.
      type: dict
      returned: if it could be read
      contains:
        last:
          description: When the table was switched last, in UTC; V(null) if never.
          type: str
          returned: always
        used:
          description: How many are used; V(null) if they were not or could not be counted.
          type: int
          returned: always
        left:
          description: How many are left; V(null) if they were not or could not be counted.
          type: int
          returned: always
        next_possible:
          description: When the next is possible, in UTC; V(null) if they were not or could not be counted.
          type: str
          returned: always
        note:
          description: Why they were not or could not be counted. V(null) if they were.
          type: str
          returned: always
"""

from fnmatch import fnmatchcase

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import report_table
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_reader import Reader
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target
from ansible_collections.runbook.aws.plugins.module_utils._usage import USAGE_SPEC, add_table_usage

SPEC = {
    "tables": {"type": "list", "elements": "str"},
    "name_pattern": {"type": "str", "default": "*"},
    "switches": {"type": "bool", "default": False},
    **USAGE_SPEC,
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False)
    aws = module.aws("dynamodb")
    names, seconds = module.params["tables"], module.params["usage_seconds"]
    if names is None:
        try:
            listed = aws.pages("dynamodb", "ListTables", "TableNames")
        except AwsError as error:
            module.fail_json(msg=str(error))
        names = sorted(name for name in listed if fnmatchcase(name, module.params["name_pattern"]))
    targets = [Target(name, {}) for name in names]
    reader = Reader(
        aws,
        targets,
        workers=module.params["workers"],
        patience=0,
        wants_switches=lambda _target, _state: module.params["switches"],
    )
    module.report(
        targets,
        lambda target: report_table(reader.fetch(target)),
        complete=(lambda results: add_table_usage(aws, results, seconds)) if seconds else None,
    )


if __name__ == "__main__":
    main()
