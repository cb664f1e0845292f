# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible_collections.runbook.aws.plugins.filter.rotation_look import FilterModule, rotation_look


def result(changed: bool, before: str | None = "old", after: str | None = "old", error: str = "") -> dict[str, Any]:
    sides = {"before": before and {"name": "a", "version_id": before}, "after": after and {"version_id": after}}
    return {"target": "a", "changed": changed, "error": error or None, **sides}


def test_what_would_change_is_due() -> None:
    assert rotation_look([result(True, after="to be made")]) == {"due": ["a"], "left": []}


def test_what_is_young_is_neither_due_nor_left() -> None:
    assert rotation_look([result(False)]) == {"due": [], "left": []}


def test_a_rotation_that_somebody_else_has_begun_is_left_and_said() -> None:
    look = rotation_look([result(False, after="new")])
    assert look["due"] == []
    assert "under way (version new)" in look["left"][0]["why"]


def test_what_was_refused_is_left_and_named_once() -> None:
    left = rotation_look([result(False, None, None, "a: it has no rotation function.")])["left"]
    assert left == [{"secret": "a", "why": "it has no rotation function.", "under_way": False}]


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_look": rotation_look}
