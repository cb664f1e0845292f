#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: operation_lock
short_description: Take, renew and release the lock of an operation
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Keeps two runs from changing the same thing at the same time. The lock is an item of a DynamoDB table in the
    application's own account, so it holds between machines, and it has a lease, so a run that vanished does not hold it
    for ever.
  - Each time that the lock is taken it gets a new fencing token, a number that only grows. M(runbook.aws.operation_record)
    writes nothing for a run whose token is no longer the lock's.
  - A lock whose lease has ended is taken. So is one whose process is known to have ended on this machine. Both are told
    in a warning.
  - The table is made when it does not exist, on-demand, with point-in-time recovery and deletion protection.
options:
  table:
    description: Name of the table of locks and records, by custom V(<application>-runbook-<environment>).
    type: str
    required: true
  name:
    description: What is locked, for example V(scale).
    type: str
    required: true
  state:
    description:
      - V(present) takes the lock, or renews the lease of one that is ours.
      - V(absent) releases it.
    type: str
    choices: [present, absent]
    default: present
  holder:
    description:
      - Who takes the lock, as the lookup P(runbook.aws.holder#lookup) tells it. Needed to take it.
      - Without O(token) it also says whether a lock is ours, that is, of the same process.
    type: dict
    default: {}
  lease:
    description: Seconds after which others may take the lock, if it is not renewed. At most 86400.
    type: int
    default: 900
  token:
    description:
      - The fencing token that taking the lock returned. Give it to renew or release the lock of an earlier task.
      - A token that is no longer the lock's is an error that says who holds the lock now.
    type: int
  take_over:
    description:
      - Take, or release, the lock even if another run holds it. Only for a run that is known to be dead.
      - The lock keeps whom it was taken from and when.
    type: bool
    default: false
  operation:
    description: What the lock is taken for, as others are told, for example V(scale-event black-friday).
    type: str
    default: ""
  expected_account:
    description:
      - The account that must be the caller's to take the lock, before anything else is asked there.
      - Credentials of another one are an error. Empty means that it is not checked.
    type: str
    default: ""
attributes:
  check_mode:
    description: Nothing is written. That another run holds the lock is a warning then, so that the rest of the play is
      shown.
    support: full
  diff_mode:
    description: Shows holder, token and lease.
    support: full
  idempotent:
    description: Releasing is. Taking a lock that is ours renews its lease, which is a change.
    support: partial
notes:
  - Leases are reckoned by the clock of AWS's answers, so the clocks of the machines that run playbooks do not matter.
    Where an answer carries no time, it is the clock of this machine.
  - "IAM actions on the table: C(dynamodb:GetItem), C(dynamodb:UpdateItem), C(dynamodb:DescribeContinuousBackups), and to make
    it C(dynamodb:CreateTable), C(dynamodb:TagResource), C(dynamodb:DescribeTable), C(dynamodb:UpdateContinuousBackups).
    C(sts:GetCallerIdentity) needs no permission."
  - RV(results[].before) given back undoes the change, but for the token. A lock that is taken back gets a new one.
seealso:
  - module: runbook.aws.operation_record
  - plugin: runbook.aws.holder
    plugin_type: lookup
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Take the lock of scaling
  runbook.aws.operation_lock:
    table: sc-agent-runbook-prod
    name: scale
    holder: "{{ lookup('runbook.aws.holder') }}"
    operation: scale-event black-friday
  register: scale_lock

- name: Renew it for half an hour
  runbook.aws.operation_lock:
    table: sc-agent-runbook-prod
    name: scale
    holder: "{{ lookup('runbook.aws.holder') }}"
    token: "{{ scale_lock.results[0].after.token }}"
    lease: 1800

- name: Release it
  runbook.aws.operation_lock:
    table: sc-agent-runbook-prod
    name: scale
    token: "{{ scale_lock.results[0].after.token }}"
    state: absent
"""

RETURN = r"""
results:
  description: One element, the lock.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the lock.
      type: str
      returned: always
      sample: scale
    changed:
      description: Whether it was written, or in check mode would be.
      type: bool
      returned: always
    before:
      description: The lock as it was, as options of this module. If it was taken over, its holder is whom it was taken from.
      type: dict
      returned: always
      sample: {name: scale, state: absent}
    after:
      description: The lock as it is now. V(null) after a failure.
      type: dict
      returned: always
      contains:
        name:
          description: Its name.
          type: str
          returned: always
        state:
          description: V(present) if somebody holds it.
          type: str
          returned: always
        holder:
          description: Who holds it.
          type: dict
          returned: if somebody holds it
        operation:
          description: What for.
          type: str
          returned: if somebody holds it
        token:
          description: The fencing token.
          type: int
          returned: if somebody holds it
          sample: 17
        acquired:
          description: Since when, in UTC.
          type: str
          returned: if somebody holds it
          sample: "2026-11-23T13:30:00Z"
        expires:
          description: When the lease ends, in UTC.
          type: str
          returned: if somebody holds it
          sample: "2026-11-23T13:45:00Z"
    caller:
      description: Whose credentials these are.
      type: dict
      returned: when the lock was asked for and could be planned
      sample: {account: "111122223333", arn: "arn:aws:iam::111122223333:user/anna"}
    calls:
      description: The calls that were made, or in check mode would be.
      type: list
      elements: str
      returned: always
      sample: ["dynamodb:UpdateItem"]
    error:
      description: Why it failed, with the holder, if another run holds the lock. V(null) if it did not fail.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error, if AWS refused.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._holder import is_dead
from ansible_collections.runbook.aws.plugins.module_utils._operation_lock import LockWish, plan_lock
from ansible_collections.runbook.aws.plugins.module_utils._operation_table import OperationTable
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

SPEC = {
    "table": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "holder": {"type": "dict", "default": {}},
    "lease": {"type": "int", "default": 900},
    "token": {"type": "int", "no_log": False},
    "take_over": {"type": "bool", "default": False},
    "operation": {"type": "str", "default": ""},
    "expected_account": {"type": "str", "default": ""},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC)
    given = module.params
    wish = LockWish(
        table=given["table"],
        name=given["name"],
        present=given["state"] == "present",
        account=given["expected_account"],
        holder=given["holder"],
        lease=given["lease"],
        token=given["token"],
        take_over=given["take_over"],
        operation=given["operation"],
        rehearsal=module.check_mode,
    )
    table = OperationTable(module.aws("dynamodb"), wish.table, is_dead)
    module.run(
        table,
        [Target(wish.name, wish)],
        fetch=lambda target: table.lock(target.desired),
        plan=lambda target, found, _context: plan_lock(target.desired, found),
    )


if __name__ == "__main__":
    main()
