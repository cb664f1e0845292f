#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: operation_record
short_description: Keep the record of an operation, with what was there before it
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Keeps what an operation found (the baseline), what it set, its phases with their times and its outcome in a DynamoDB
    table of the application's own account. Whoever ends or undoes the operation finds it there, also when the machine that
    began it is gone.
  - A record is written only by the holder of a lock. Each write is one transaction with a check of the lock's token, so a
    run that lost its lock writes nothing.
  - There is at most one open record of each kind and name. Opening it again returns it and changes nothing.
options:
  table:
    description: Name of the table of locks and records. M(runbook.aws.operation_lock) makes it.
    type: str
    required: true
  kind:
    description: Kind of the operation, for example V(scale-event). V(lock) and V(open) are kept for the table's own use.
    type: str
    required: true
  name:
    description: Name of the operation, for example V(black-friday). Not needed with the O(id) of a record that exists.
    type: str
    default: ""
  id:
    description: Which record. Without it the open one of the kind and name, or a new one if none is open.
    type: str
  state:
    description:
      - V(open) opens a record, or opens a closed one again.
      - V(closed) closes it. If no O(id) is given and none is open, there is nothing to do.
      - V(absent) removes it. Refused while it is open and says that something was changed.
      - Without it, a record that exists stays as it is and a new one is open.
    type: str
    choices: [open, closed, absent]
  baseline:
    description:
      - What was there before the first change, any data.
      - What it says is never written again. From a second baseline only targets and settings are taken that the first one
        does not have, by the keys of mappings and by C(name) or C(qualifier) of list elements.
    type: raw
  intended:
    description: What is about to be set, any data. Joined with what is recorded in the same way, but the new value counts.
    type: raw
  applied:
    description: What was set, any data. Joined as O(intended) is.
    type: raw
  details:
    description: Anything else by name. Merged with what is recorded. V(null) removes a name.
    type: dict
  phases:
    description:
      - Phases of the operation. Phases that are not named are left alone.
      - A phase that is named for the first time is started, one whose O(phases[].ok) is said is ended, and one that had
        failed and is named again without it is under way again.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the phase.
        type: str
        required: true
      started:
        description: When it was started, ISO 8601 with a time zone. By default now, when it is new.
        type: str
      ended:
        description: When it ended. By default now, when O(phases[].ok) is said for the first time.
        type: str
      ok:
        description: Whether it went well. Says that it has ended.
        type: bool
  outcome:
    description: How it went, in a few words. An empty string takes it away.
    type: str
  ends_at:
    description:
      - When the operation should be brought back, ISO 8601 with a time zone. An empty string takes it away.
      - A new time must be in the future.
    type: str
  lock:
    description: Name of the lock under which the record is written. Not needed in check mode.
    type: str
  token:
    description: The fencing token that M(runbook.aws.operation_lock) returned. Not needed in check mode.
    type: int
  lease:
    description:
      - Renew the lock's lease to at least this many seconds in the same write. At most 86400.
      - If the record does not change, the lease is renewed only when half of it is used up.
    type: int
attributes:
  check_mode:
    description: Nothing is written, and no lock is needed.
    support: full
  diff_mode:
    description: Shows the record before and after.
    support: full
  idempotent:
    description: Times are set only with a change. A lease that is half used up is renewed.
    support: full
notes:
  - Baseline, intended, applied, details and phases are kept compressed. A record of 1,000 targets fits many times into the
    400 KB that DynamoDB takes. What does not fit is refused before anything is written.
  - RV(results[].before) given back undoes a change of state, outcome, end and details. Baseline, intended, applied and phases
    are a history, to which is only added.
  - Do not put secrets into a record.
  - "IAM actions on the table: C(dynamodb:GetItem), C(dynamodb:PutItem), C(dynamodb:UpdateItem), C(dynamodb:DeleteItem),
    C(dynamodb:ConditionCheckItem)."
seealso:
  - module: runbook.aws.operation_lock
  - module: runbook.aws.operation_record_info
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
  register: scale_lock

- name: Open the record of an event, with what was there before
  runbook.aws.operation_record:
    table: sc-agent-runbook-prod
    kind: scale-event
    name: black-friday
    baseline:
      functions:
        - name: sc-agent-orchestrator-prod
          reserved: unreserved
    lock: scale
    token: "{{ scale_lock.results[0].after.token }}"
  register: event

- name: Say that a phase went well, and renew the lease with it
  runbook.aws.operation_record:
    table: sc-agent-runbook-prod
    kind: scale-event
    id: "{{ event.results[0].after.id }}"
    phases:
      - name: apply
        ok: true
    lock: scale
    token: "{{ scale_lock.results[0].after.token }}"
    lease: 900

- name: Close it
  runbook.aws.operation_record:
    table: sc-agent-runbook-prod
    kind: scale-event
    name: black-friday
    state: closed
    outcome: brought back
    lock: scale
    token: "{{ scale_lock.results[0].after.token }}"
"""

RETURN = r"""
results:
  description: One element, the record.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the operation, or id of the record if no name was given.
      type: str
      returned: always
      sample: black-friday
    changed:
      description: Whether it was written, or in check mode would be.
      type: bool
      returned: always
    before:
      description: The record as it was, as options of this module.
      type: dict
      returned: always
      sample: {kind: scale-event, name: black-friday, id: 20261123T133000Z-3f9a, state: absent}
    after:
      description: The whole record as it is now. V(null) after a failure. If there is none, C(state) is V(absent).
      type: dict
      returned: always
      contains: &record
        kind:
          description: Kind of the operation.
          type: str
          returned: always
          sample: scale-event
        id:
          description: Id of the record, which sorts by time.
          type: str
          returned: if there is a record
          sample: 20261123T133000Z-3f9a
        name:
          description: Name of the operation.
          type: str
          returned: always
          sample: black-friday
        state:
          description: V(open), V(closed) or V(absent).
          type: str
          returned: always
        opened:
          description: When it was opened, in UTC.
          type: str
          returned: if there is a record
          sample: "2026-11-23T13:30:00Z"
        updated:
          description: When it was last written, in UTC.
          type: str
          returned: if there is a record
        closed:
          description: When it was closed, in UTC. Empty while it is open.
          type: str
          returned: if there is a record
        ends_at:
          description: When it should be brought back, in UTC. Empty if no time was set.
          type: str
          returned: if there is a record
        outcome:
          description: How it went.
          type: str
          returned: if there is a record
        baseline:
          description: What was there before the first change.
          type: raw
          returned: if there is a record
        intended:
          description: What was about to be set.
          type: raw
          returned: if there is a record
        applied:
          description: What was set.
          type: raw
          returned: if there is a record
        details:
          description: Anything else.
          type: dict
          returned: if there is a record
        phases:
          description: The phases, in the order in which they were first named.
          type: list
          elements: dict
          returned: if there is a record
          sample: [{name: apply, started: "2026-11-23T13:30:05Z", ended: "2026-11-23T13:31:40Z", ok: true}]
        opened_by:
          description: Who opened it, as the lookup P(runbook.aws.holder#lookup) tells it.
          type: dict
          returned: if there is a record
        revision:
          description: How often it was written.
          type: int
          returned: if there is a record
    calls:
      description: The calls that were made, or in check mode would be.
      type: list
      elements: str
      returned: always
      sample: ["dynamodb:TransactWriteItems"]
    error:
      description: Why it failed. V(null) if it did not.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error, if AWS refused.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._operation_record import RecordWish, plan_record
from ansible_collections.runbook.aws.plugins.module_utils._operation_table import OperationTable
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

PHASE = {
    "name": {"type": "str", "required": True},
    "started": {"type": "str"},
    "ended": {"type": "str"},
    "ok": {"type": "bool"},
}
SPEC = {
    "table": {"type": "str", "required": True},
    "kind": {"type": "str", "required": True},
    "name": {"type": "str", "default": ""},
    "id": {"type": "str"},
    "state": {"type": "str", "choices": ["open", "closed", "absent"]},
    "baseline": {"type": "raw"},
    "intended": {"type": "raw"},
    "applied": {"type": "raw"},
    "details": {"type": "dict"},
    "phases": {"type": "list", "elements": "dict", "options": PHASE, "default": []},
    "outcome": {"type": "str"},
    "ends_at": {"type": "str"},
    "lock": {"type": "str"},
    "token": {"type": "int", "no_log": False},
    "lease": {"type": "int"},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC)
    wish = RecordWish(**{name: module.params[name] for name in SPEC}, rehearsal=module.check_mode)
    table = OperationTable(module.aws("dynamodb"), wish.table)
    module.run(
        table,
        [Target(wish.name or wish.id or wish.kind, wish)],
        fetch=lambda _target: table.record(wish.kind, wish.name, wish.id, wish.lock),
        plan=lambda target, found, _context: plan_record(target.desired, found),
    )


if __name__ == "__main__":
    main()
