# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from unit.small_tables import index, table

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_compare import (
    DIFFERING,
    EXTRA,
    MISSING,
    Found,
    confidence,
    schema_differences,
)

BY_USER = {"key": "user (S)", "projection": "ALL", "attributes": []}


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (table("a"), table("b"), []),
        # What a restore may change is no difference of the definition.
        (table("a", BillingModeSummary={"BillingMode": "PAY_PER_REQUEST"}, ItemCount=3), table("b"), []),
        (table("a"), table("b", kind="N"), [{"what": "key", "source": "id (S)", "target": "id (N)"}]),
        (
            table("a", GlobalSecondaryIndexes=[index("by-user", "user")]),
            table("b"),
            [{"what": "global index by-user", "source": BY_USER, "target": None}],
        ),
        (
            table("a", GlobalSecondaryIndexes=[index("by-user", "user"), index("x", "id")]),
            table("b", GlobalSecondaryIndexes=[index("x", "id"), index("by-user", "user")]),
            [],
        ),
        (
            table("a", LocalSecondaryIndexes=[index("l", "user", "INCLUDE", NonKeyAttributes=["q", "p"])]),
            table("b", LocalSecondaryIndexes=[index("l", "user", "INCLUDE", NonKeyAttributes=["p", "q"])]),
            [],
        ),
        (
            table("a", GlobalSecondaryIndexes=[index("by-user", "user")]),
            table("b", GlobalSecondaryIndexes=[index("by-user", "user", "KEYS_ONLY")]),
            [
                {
                    "what": "global index by-user",
                    "source": BY_USER,
                    "target": {**BY_USER, "projection": "KEYS_ONLY"},
                }
            ],
        ),
    ],
)
def test_definitions_are_held_against_each_other(source: Any, target: Any, expected: Any) -> None:
    assert schema_differences(source, target) == expected


def test_all_differences_are_counted_and_the_first_keys_are_told() -> None:
    found = Found(2)
    found.add(MISSING, ['["d"]', '["b"]'])
    found.add(MISSING, ['["a"]', '["c"]'])
    found.add(DIFFERING, ['["e"]'])
    assert found.shown(table()) == {
        "missing": 4,
        "extra": 0,
        "differing": 1,
        "keys": {"missing": [{"id": "a"}, {"id": "b"}], "extra": [], "differing": [{"id": "e"}]},
    }
    assert found.counts[EXTRA] == 0


@pytest.mark.parametrize(
    ("number", "different", "parts"),
    [
        (0, 0, ["nothing is known"]),
        # The rule of three: 3 / 3000.
        (3000, 0, ["None of 3000", "95% confidence", "fewer than 0.1 %", "not proof"]),
        (1, 0, ["fewer than 95 %"]),
        (1000, 2, ["2 of 1000", "mode exact"]),
    ],
)
def test_a_sample_says_how_much_it_says(number: int, different: int, parts: list[str]) -> None:
    said = confidence(number, different)
    assert all(part in said for part in parts), said
