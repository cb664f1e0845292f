#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_copy
short_description: Copy items of one DynamoDB table into another, or bring back what a copy overwrote
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Writes into a table the items of another one that it does not have or that differ there. All of them, those with
    given keys, or those that a filter lets through. So items that were spoilt are repaired in place from a restored copy.
  - What is overwritten or deleted is exported to a file first. Giving the file back as O(copies[].source_file) undoes
    the copy.
  - Only what differs is written, so a second run writes nothing, and a run that was killed or cut off is continued by
    running it again.
  - What is to be written is found before anything is written, and read again right before it is written. Memory does
    not grow with the tables.
options:
  copies:
    description: The copies, each target named once. They are made at the same time.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description: Name or ARN of the table that is read. It has a key with the same attributes as the target's.
        type: str
      source_file:
        description:
          - An export of this module to give back, instead of O(copies[].source). Items that were overwritten or deleted
            come back, and those that were created go.
          - It is read on the machine on which the module runs.
          - An item that somebody has changed since the copy wrote it is left as it is, counted and told.
        type: path
      overwrite_changed:
        description: With O(copies[].source_file), bring back items too that somebody has changed since the copy.
        type: bool
        default: false
      target:
        description: Name or ARN of the table that is written. It must be in the same region.
        type: str
        required: true
      items:
        description:
          - V(differing) writes items that are missing in the target or differ there.
          - V(missing) writes only those that are missing there, and overwrites none.
        type: str
        choices: [differing, missing]
        default: differing
      keys:
        description:
          - "Only items with these keys, for example C({id: u-17, order: 3}), as
            RV(runbook.aws.dynamodb_compare#module:results[].keys) shows them."
          - An empty list copies nothing.
        type: list
        elements: dict
      filter:
        description:
          - Only items of the source that a filter lets through. The whole source is read for it.
        type: dict
        suboptions:
          expression:
            description: "A filter expression of DynamoDB, for example V(#plan = :plan AND begins_with(id, :prefix\\))."
            type: str
            required: true
          names:
            description: "Names of attributes by the placeholders that begin with C(#)."
            type: dict
          values:
            description:
              - "Values by the placeholders that begin with C(:). Text, numbers and truth values as they are, anything
                else as DynamoDB writes it, for example C({SS: [a, b]})."
            type: dict
      unless_newer:
        description:
          - Name of an attribute that says how new an item is, for example a time or a version. An item of the target in
            which it is greater than in the source is left alone.
          - DynamoDB itself checks it with each write, so an item that is changed at that moment is safe too. Such
            writes go one by one and take longer.
        type: str
      delete_extra:
        description: Delete what only the target has, so that the tables are equal. Deleted items are exported as well.
        type: bool
        default: false
      export:
        description:
          - The file to which items are exported before they are overwritten, deleted or created. Only its owner can
            read it, and its folder is made if it is not there.
          - If it is there, it must be one that an earlier run of the same copy has begun. Then it is added to.
          - By default a new file in C(var/exports) in the current directory. With a local connection that is the folder
            of the playbook.
        type: path
      without_export:
        description: Export nothing. Then the copy can not be undone.
        type: bool
        default: false
  read_units:
    description:
      - The most read capacity units that are used of each table in a second. V(0) is no limit.
    type: float
    default: 0
  write_units:
    description:
      - The most write capacity units that are used of each table, and of each of its indexes, in a second, so that its
        users keep theirs. V(0) is no limit.
    type: float
    default: 0
  segments:
    description: In how many segments a table is read that is compared. V(0) chooses by its size.
    type: int
    default: 0
attributes:
  check_mode:
    description: Reads and counts as always, and writes nothing, no export either.
    support: full
  diff_mode:
    description: Shows how many items are created, overwritten and deleted.
    support: full
  idempotent:
    description: A second run writes nothing.
    support: full
notes:
  - RV(results[].before) given back undoes a copy, unless nothing was exported. What is overwritten by that is exported
    in turn.
  - An export that is begun by a run that is killed stays. With O(copies[].export) the next run adds to it, otherwise
    each run has a file of its own. To undo, give back the newest first.
  - An item that somebody else changes in the few milliseconds between reading and writing it is overwritten as it is
    then, unless O(copies[].unless_newer) forbids it.
  - O(wait_timeout) is how long a request is tried again that is throttled, or whose items are left over. A copy itself
    takes as long as it takes. O(wait) has no effect, because a write that is accepted is done.
  - Exports hold the items as they are, so they are as confidential as the table.
  - With the callback P(runbook.aws.progress#callback) a terminal shows how far it is.
  - "IAM actions on the source: C(dynamodb:DescribeTable), C(dynamodb:Scan), C(dynamodb:BatchGetItem). On the target
    these and C(dynamodb:BatchWriteItem), and C(dynamodb:PutItem) with O(copies[].unless_newer)."
seealso:
  - module: runbook.aws.dynamodb_compare
  - name: Read and write operations
    description: What a read and a write cost.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
  - name: Filter expressions
    description: What can be written in one.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.FilterExpression
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Repair items in place from a restored copy, but not those that were changed since
  runbook.aws.dynamodb_copy:
    copies:
      - source: sc-agent-sessions-prod-restored
        target: sc-agent-sessions-prod
        unless_newer: updated_at
    read_units: 500
    write_units: 200
  register: repaired

- name: Undo it
  runbook.aws.dynamodb_copy:
    copies: "{{ repaired.results | map(attribute='before') | list }}"

- name: Bring back two items
  runbook.aws.dynamodb_copy:
    copies:
      - source: sc-agent-sessions-prod-restored
        target: sc-agent-sessions-prod
        keys:
          - id: u-17
          - id: u-18

- name: Bring back what one customer has lost
  runbook.aws.dynamodb_copy:
    copies:
      - source: sc-agent-sessions-prod-restored
        target: sc-agent-sessions-prod
        items: missing
        filter:
          expression: "#customer = :customer"
          names: {"#customer": customer}
          values: {":customer": acme}
"""

RETURN = r"""
results:
  description: One element for each copy, in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The table that is written.
      type: str
      returned: always
      sample: sc-agent-sessions-prod
    changed:
      description: Whether anything was written, or would be without check mode.
      type: bool
      returned: always
    before:
      description:
        - An element of O(copies) that undoes the copy. One that copies nothing if nothing was written, or if nothing
          was exported. V(null) if a table could not be read.
      type: dict
      returned: always
      sample: {source_file: /srv/ops/var/exports/sessions-20261123T133000.000000Z.jsonl, target: sc-agent-sessions-prod}
    after:
      description: What was copied, or would be in check mode. V(null) if it failed.
      type: dict
      returned: always
      contains:
        source:
          description: The source table.
          type: str
          returned: if a table was copied
        source_file:
          description: The export that was given back.
          type: str
          returned: if an export was given back
        target:
          description: The target table.
          type: str
          returned: always
        export:
          description: Where that was exported to what was overwritten.
          type: str
          returned: if anything was exported
        exported:
          description: How many items the export has, with those of earlier runs of the same copy that were cut off.
          type: int
          returned: if anything was exported
          sample: 23
        created:
          description: How many items the target did not have.
          type: int
          returned: always
          sample: 20
        overwritten:
          description: How many items were different in the target.
          type: int
          returned: always
          sample: 3
        deleted:
          description: How many items were deleted.
          type: int
          returned: always
          sample: 0
        newer:
          description: How many items were left alone because they are newer in the target.
          type: int
          returned: always
          sample: 1
        changed_since:
          description:
            - How many items of an export were left alone because somebody has changed them after the copy. A warning
              names some of them.
          type: int
          returned: always
          sample: 0
        unchanged:
          description: How many items there was nothing to do about.
          type: int
          returned: always
          sample: 99976
    written:
      description: How many items were written before it failed, in the same words.
      type: dict
      returned: if it failed after something was written
      sample: {created: 20, overwritten: 0, deleted: 0, newer: 0, changed_since: 0, unchanged: 0}
    calls:
      description: The kinds of calls that AWS accepted, or that would be made without check mode.
      type: list
      elements: str
      returned: always
      sample: ["dynamodb:BatchWriteItem", "dynamodb:DescribeTable"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error, if it was one of AWS's.
      type: str
      returned: always
"""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_compare import crew
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_copy import Copier, plan_copy
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import Items
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

FILTER = {
    "expression": {"type": "str", "required": True},
    "names": {"type": "dict"},
    "values": {"type": "dict"},
}
COPY = {
    "source": {"type": "str"},
    "source_file": {"type": "path"},
    "overwrite_changed": {"type": "bool", "default": False},
    "target": {"type": "str", "required": True},
    "items": {"type": "str", "choices": ["differing", "missing"], "default": "differing"},
    "keys": {"type": "list", "elements": "dict", "no_log": False},
    "filter": {"type": "dict", "options": FILTER},
    "unless_newer": {"type": "str"},
    "delete_extra": {"type": "bool", "default": False},
    "export": {"type": "path"},
    "without_export": {"type": "bool", "default": False},
}
SPEC = {
    "copies": {"type": "list", "elements": "dict", "required": True, "options": COPY},
    "read_units": {"type": "float", "default": 0},
    "write_units": {"type": "float", "default": 0},
    "segments": {"type": "int", "default": 0},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC)
    options = module.params
    for option in ("read_units", "write_units", "segments"):
        if options[option] < 0:
            module.fail_json(msg=f"{option} is {options[option]}: give 0 or more.")
    wishes = [{**copy, **_paths(copy)} for copy in options["copies"]]
    shared = [path for path, times in Counter(wish["export"] for wish in wishes).items() if path and times > 1]
    if shared:
        module.fail_json(msg=f"{shared[0]} is the export of more than one copy: give each a file of its own.")
    # Before there are any threads.
    with crew() as read:
        aws = module.aws("dynamodb")
        items = Items(
            aws,
            options["workers"],
            options["wait_timeout"],
            read_units=options["read_units"],
            write_units=options["write_units"],
        )
        copier = Copier(
            aws,
            items,
            read,
            workers=options["workers"],
            segments=options["segments"],
            check_mode=module.check_mode,
            now=datetime.now(UTC),
        )
        module.run(
            copier,
            [Target(wish["target"], wish) for wish in wishes],
            fetch=copier.fetch,
            plan=lambda target, found, _context: plan_copy(target, found, module.check_mode),
        )


def _paths(copy: dict[str, Any]) -> dict[str, Path | None]:
    return {name: Path(copy[name]).absolute() if copy[name] else None for name in ("source_file", "export")}


if __name__ == "__main__":
    main()
