#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_compare
short_description: Compare DynamoDB tables item by item
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Tells whether two DynamoDB tables have the same key, the same indexes and the same items, and which items are
    missing, extra or different. Meant for a table and its restored copy.
  - Reads both tables at the same time, in segments, with strongly consistent reads. What it remembers of an item is its
    key and a hash, in temporary files that have no name, so memory does not grow with the tables and nothing stays.
  - Two items are equal if DynamoDB holds them to be equal. The order in maps and sets means nothing.
  - Only reads. Values of attributes are never shown, keys are.
options:
  comparisons:
    description:
      - Pairs of tables, each target named once.
      - They are compared at the same time.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description: Name or ARN of the table that says how it should be.
        type: str
        required: true
      target:
        description: Name or ARN of the table that is held against it. It must be in the same region.
        type: str
        required: true
      mode:
        description:
          - V(exact) reads every item of both tables.
          - V(sampled) reads some items from random places of each table and looks them up in the other. It can show
            that tables differ, never that they are the same.
        type: str
        choices: [exact, sampled]
        default: exact
      sample:
        description: How many items V(sampled) reads, half of them from each table.
        type: int
        default: 1000
      newest_by:
        description:
          - The attribute that tells when an item was written, as an ISO 8601 time with a zone or as seconds since
            1970. Then RV(results[].newest) says when the newest items were written. Needs V(exact).
        type: str
  read_units:
    description:
      - The most read capacity units that are used of each table in a second, so that its users keep theirs.
      - V(0) is no limit.
    type: float
    default: 0
  keys:
    description: How many keys of missing, extra and different items are told, of each kind.
    type: int
    default: 20
  segments:
    description: In how many segments each table is read. V(0) chooses by its size.
    type: int
    default: 0
  ignore_attributes:
    description: Attributes that do not count, for example one that the restored copy's users write.
    type: list
    elements: str
    default: []
  fail_when_different:
    description: Fail if any two tables are not equal. A sample that shows no difference does not fail.
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
  - A scan is no snapshot. What is written to a table while it is read may be counted as a difference.
  - A strongly consistent read takes 1 unit for 4 KB, see
    U(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
  - About 100 bytes of disk are used for each item, in the folder that the environment variable E(TMPDIR) names.
  - With the callback P(runbook.aws.progress#callback) a terminal shows how far it is.
  - "IAM actions on both tables: C(dynamodb:DescribeTable), C(dynamodb:Scan), and C(dynamodb:BatchGetItem) for samples."
seealso:
  - module: runbook.aws.dynamodb_copy
  - name: Scanning tables
    description: Segments, pages and consistency.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Hold a restored table against the one that is in use
  runbook.aws.dynamodb_compare:
    comparisons:
      - source: sc-agent-sessions-prod
        target: sc-agent-sessions-prod-restored
    read_units: 500
  register: compared

- name: Say what is different
  ansible.builtin.debug:
    msg: "{{ item.target }}: {{ item.missing }} missing, {{ item.extra }} extra, {{ item.differing }} different"
  loop: "{{ compared.results }}"

- name: Look at some items of a table that is too large to read
  runbook.aws.dynamodb_compare:
    comparisons:
      - source: sc-agent-conversations-prod
        target: sc-agent-conversations-prod-restored
        mode: sampled
        sample: 2000
    fail_when_different: true
"""

RETURN = r"""
results:
  description: One element for each comparison, in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The target table.
      type: str
      returned: always
      sample: sc-agent-sessions-prod-restored
    source:
      description: The source table.
      type: str
      returned: if they could be read
      sample: sc-agent-sessions-prod
    mode:
      description: How they were compared.
      type: str
      returned: if they could be read
      sample: exact
    equal:
      description:
        - Whether keys, indexes and all items are the same.
        - V(null) if a sample shows no difference, because that does not prove it.
      type: bool
      returned: if they could be read
    schema:
      description: What the definitions of the tables do not have in common.
      type: list
      elements: dict
      returned: if they could be read
      contains:
        what:
          description: V(key), or the kind and name of an index.
          type: str
          returned: always
          sample: global index by-user
        source:
          description: What the source has. V(null) if it has no such index.
          type: raw
          returned: always
          sample: {key: user (S), projection: ALL, attributes: []}
        target:
          description: What the target has.
          type: raw
          returned: always
    source_items:
      description: How many items the source has. V(null) if not all were read.
      type: int
      returned: if they could be read
      sample: 100000
    target_items:
      description: How many items the target has. V(null) if not all were read.
      type: int
      returned: if they could be read
      sample: 99998
    missing:
      description: How many items only the source has.
      type: int
      returned: if they could be read
      sample: 2
    extra:
      description: How many items only the target has.
      type: int
      returned: if they could be read
      sample: 0
    differing:
      description: How many items both have, with the same key, that are not equal.
      type: int
      returned: if they could be read
      sample: 1
    keys:
      description:
        - Keys of C(missing), C(extra) and C(differing) items, at most O(keys) of each, the first in the order of their
          texts. M(runbook.aws.dynamodb_copy) takes them as C(keys).
      type: dict
      returned: if they could be read
      sample: {missing: [{id: u-17}, {id: u-18}], extra: [], differing: [{id: u-3}]}
    sampled:
      description: How many items were read of C(source) and C(target). V(null) if all were.
      type: dict
      returned: if they could be read
      sample: {source: 1000, target: 1000}
    confidence:
      description: What a sample says about the tables. V(null) if every item was read.
      type: str
      returned: if they could be read
    newest:
      description:
        - When the newest item of each table was written, in UTC, and how many items say it in a way that is no time.
        - V(null) without O(comparisons[].newest_by).
      type: dict
      returned: if they could be read
      sample: {source: "2026-11-24T06:00:00Z", target: "2026-11-24T05:40:00Z", unreadable: 0}
    consumed_read_units:
      description: Read capacity units that it took, by table.
      type: dict
      returned: if items were read
      sample: {sc-agent-sessions-prod: 5120.5, sc-agent-sessions-prod-restored: 5120}
    error:
      description: Why the tables could not be compared. V(null) if they were.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error, if it was one of AWS's.
      type: str
      returned: always
"""

from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_compare import KINDS, compare, crew
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import Items
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

COMPARISON = {
    "source": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": ["exact", "sampled"], "default": "exact"},
    "sample": {"type": "int", "default": 1000},
    "newest_by": {"type": "str"},
}
SPEC = {
    "comparisons": {"type": "list", "elements": "dict", "required": True, "options": COMPARISON},
    "read_units": {"type": "float", "default": 0},
    "keys": {"type": "int", "default": 20, "no_log": False},
    "segments": {"type": "int", "default": 0},
    "ignore_attributes": {"type": "list", "elements": "str", "default": []},
    "fail_when_different": {"type": "bool", "default": False},
}
# Seconds for which a throttled read is tried again.
PATIENCE = 600


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False)
    options = module.params
    for option in ("read_units", "keys", "segments"):
        if options[option] < 0:
            module.fail_json(msg=f"{option} is {options[option]}: give 0 or more.")
    for wish in options["comparisons"]:
        if wish["sample"] < 1:
            module.fail_json(msg=f"{wish['target']}: sample is {wish['sample']}: give 1 or more.")
    targets = [Target(wish["target"], wish) for wish in options["comparisons"]]

    def judge(results: list[dict[str, Any]]) -> None:
        different = [result for result in results if result["equal"] is False]
        if options["fail_when_different"] and different and len(results) == len(options["comparisons"]):
            module.fail_json(
                msg=f"{len(different)} of {len(results)} are different: " + "; ".join(map(_told, different)),
                changed=False,
                results=results,
            )

    with crew() as read:
        items = Items(module.aws("dynamodb"), options["workers"], PATIENCE, read_units=options["read_units"])
        module.report(
            targets,
            lambda target: compare(
                items,
                read,
                target.desired,
                keys=options["keys"],
                segments=options["segments"],
                ignored=options["ignore_attributes"],
            ),
            complete=judge,
        )


def _told(result: dict[str, Any]) -> str:
    items = ", ".join(f"{result[kind]} {kind}" for kind in KINDS if result[kind])
    defined = ", ".join(difference["what"] for difference in result["schema"])
    return f"{result['target']} against {result['source']}: " + "; ".join(filter(None, [items, defined]))


if __name__ == "__main__":
    main()
