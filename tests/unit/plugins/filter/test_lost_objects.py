# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.lost_objects import FilterModule, lost_objects


@pytest.mark.parametrize(
    ("objects", "keys", "told"),
    [
        ({"verified": 2, "left": 1}, {"left": ["x"]}, []),
        ({"verified": 2, "missing": 1}, {"missing": ["a"]}, ["s3://b/ -> s3://c/: 1 missing (a)"]),
        (
            {"missing": 3, "different": 1},
            {"missing": ["a", "b"], "different": ["d"]},
            ["s3://b/ -> s3://c/: 3 missing (a, b, …) and 1 different (d)"],
        ),
    ],
)
def test_what_is_lost_is_told_by_key(objects: dict[str, int], keys: dict[str, list[str]], told: list[str]) -> None:
    result: dict[str, Any] = {"target": "s3://b/ -> s3://c/", "objects": objects, "keys": keys, "error": "…"}
    assert lost_objects([result]) == told


def test_what_was_found_whole_has_no_counts_of_its_own() -> None:
    assert lost_objects([{"target": "s3://b/ -> s3://c/", "after": {"objects": {"verified": 2}}}]) == []


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"lost_objects": lost_objects}
