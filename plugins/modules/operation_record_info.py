#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: operation_record_info
short_description: List the records of operations
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Lists the records that M(runbook.aws.operation_record) keeps, newest first, over all pages of the table.
  - A table that does not exist has no records. It is made when the first lock is taken.
options:
  table:
    description: Name of the table of locks and records.
    type: str
    required: true
  kind:
    description: Only operations of this kind. Without it, O(open) or O(overdue) find the open ones of all kinds in one query,
      and else the whole table is read.
    type: str
  name:
    description: Only operations of this name.
    type: str
  id:
    description: Only the record with this id.
    type: str
  open:
    description: Only records that are open.
    type: bool
    default: false
  overdue:
    description: Only open records whose time of end has passed.
    type: bool
    default: false
  limit:
    description: At most this many, the newest.
    type: int
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
  - "IAM actions on the table: C(dynamodb:Query), C(dynamodb:GetItem), and C(dynamodb:Scan) without a kind."
seealso:
  - module: runbook.aws.operation_record
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Show the last five scale events
  runbook.aws.operation_record_info:
    table: sc-agent-runbook-prod
    kind: scale-event
    limit: 5

- name: Find the events that should have ended
  runbook.aws.operation_record_info:
    table: sc-agent-runbook-prod
    kind: scale-event
    overdue: true
  register: late

- name: Name them
  ansible.builtin.debug:
    msg: "{{ late.records | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
records:
  description: The records, newest first.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the operation.
      type: str
      returned: always
      sample: scale-event
    id:
      description: Id of the record, which sorts by time.
      type: str
      returned: always
      sample: 20261123T133000Z-3f9a
    name:
      description: Name of the operation.
      type: str
      returned: always
      sample: black-friday
    state:
      description: V(open) or V(closed).
      type: str
      returned: always
    overdue:
      description: Whether it is open and its time of end has passed.
      type: bool
      returned: always
    opened:
      description: When it was opened, in UTC.
      type: str
      returned: always
      sample: "2026-11-23T13:30:00Z"
    updated:
      description: When it was last written, in UTC.
      type: str
      returned: always
    closed:
      description: When it was closed, in UTC. Empty while it is open.
      type: str
      returned: always
    ends_at:
      description: When it should be brought back, in UTC. Empty if no time was set.
      type: str
      returned: always
    outcome:
      description: How it went.
      type: str
      returned: always
    baseline:
      description: What was there before the first change.
      type: raw
      returned: always
    intended:
      description: What was about to be set.
      type: raw
      returned: always
    applied:
      description: What was set.
      type: raw
      returned: always
    details:
      description: Anything else.
      type: dict
      returned: always
    phases:
      description: The phases, in the order in which they were first named.
      type: list
      elements: dict
      returned: always
    opened_by:
      description: Who opened it.
      type: dict
      returned: always
    revision:
      description: How often it was written.
      type: int
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._operation_table import OperationTable
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

SPEC = {
    "table": {"type": "str", "required": True},
    "kind": {"type": "str"},
    "name": {"type": "str"},
    "id": {"type": "str"},
    "open": {"type": "bool", "default": False},
    "overdue": {"type": "bool", "default": False},
    "limit": {"type": "int"},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False, required_by={"id": ("kind",)})
    given = {name: module.params[name] for name in SPEC if name != "table"}
    if given["limit"] is not None and given["limit"] < 1:
        module.fail_json(msg=f"limit is {given['limit']}: give 1 or more, or leave it out for all.")
    table = OperationTable(module.aws("dynamodb"), module.params["table"])
    try:
        records = table.records(**given)
    except (AwsError, Refused) as error:
        module.fail_json(msg=f"{module.params['table']}: {error}")
    module.exit_json(changed=False, records=records)


if __name__ == "__main__":
    main()
