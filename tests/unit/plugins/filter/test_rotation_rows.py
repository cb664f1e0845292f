# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.rotation_rows import FilterModule, rotation_rows


def result(before: str | None, after: str | None, error: str | None = None) -> dict[str, Any]:
    sides = {"before": {"name": "a", "version_id": before}, "after": after and {"name": "a", "version_id": after}}
    return {"target": "a", "error": error, **sides}


def record(baseline: str = "", applied: str = "") -> dict[str, Any]:
    said = {"baseline": baseline, "applied": applied}
    return {part: {"versions": [{"name": "a", "version_id": version}]} for part, version in said.items() if version}


CASES: dict[str, tuple[dict[str, Any], list[Any], list[Any], tuple[str, str] | None]] = {
    "check mode": ({}, [result("old", "to be made")], [], ("old", "to be made")),
    "one run": (record("old", "new"), [result("old", "new")], [], ("old", "new")),
    "a run that finishes one that was killed": (record("old", "new"), [result("new", "new")], [], ("old", "new")),
    "a rotation that failed": (record("old"), [result("old", None, "it said no")], [], None),
    "put back in the same run": (record("old", "new"), [result("old", "new")], [result("new", "old")], ("new", "old")),
    "put back by another run": (record("old", "new"), [], [result("new", "old")], ("new", "old")),
    "put back already by one that was killed": (record("old", "new"), [], [result("old", "old")], ("new", "old")),
    "put back before it was changed": (record("old"), [], [result("old", "old")], None),
    "not put back": (record("old", "new"), [], [result("new", None, "denied")], ("old", "new")),
}


@pytest.mark.parametrize(("kept", "made", "back", "row"), CASES.values(), ids=list(CASES))
def test_it_shows_where_a_secret_came_from_and_where_it_is(
    kept: dict[str, Any], made: list[Any], back: list[Any], row: tuple[str, str] | None
) -> None:
    expected = [{"target": "a", "before": row[0], "after": row[1]}] if row else []
    assert rotation_rows(kept, made, back) == expected


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_rows": rotation_rows}
