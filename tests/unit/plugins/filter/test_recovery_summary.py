# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.recovery_summary import recovery_summary

COMPARED = {"source_items": 4, "target_items": 5, "missing": 1, "extra": 2, "differing": 3}
COPIED = {"created": 2, "overwritten": 3, "deleted": 0, "newer": 0, "changed_since": 0}
EXPORTED = {"exported": 7, "export": "/srv/t.jsonl"}


def told(**more: Any) -> str:
    recovery = {
        "table": "t",
        "restored": "t-restored",
        "origin": "2026-11-24T06:00:00Z",
        "there": True,
        "rehearsal": False,
        "state": "nothing",
        "ended": "",
        "undone": "",
        "compared": {},
        "copied": {},
        "given_back": [],
        "users": ["f", "g"],
        "switches": False,
        "unique": "1 of its items are not in t.",
    }
    return "\n".join(recovery_summary({**recovery, **more}, "restore"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "t is restored as t-restored from 2026-11-24T06:00:00Z."),
        ({"rehearsal": True}, "t is restored as"),
        ({"rehearsal": True, "there": False}, "t would be restored as"),
        (
            {"compared": COMPARED},
            "Compared: 4 items in t, 5 in the restored table; 1 only in t, 2 only in the restored table, 3 different.",
        ),
        ({"compared": {**COMPARED, "source_items": None}}, "Compared: 1 only in t, "),
        ({"compared": COMPARED, "copied": COPIED}, "Before copying: 4 items in t"),
        ({"state": "cutover"}, "The application uses the restored table: f, g."),
        ({"state": "cutover", "rehearsal": True}, "The application uses the restored table"),
        ({"state": "cutover", "rehearsal": True, "switches": True}, "The application would use the restored table"),
        ({"copied": COPIED}, "Copied into t: 2 created, 3 overwritten, 0 deleted."),
        ({"copied": {**COPIED, "newer": 1}}, "0 deleted, 1 left because they are newer."),
        ({"copied": {**COPIED, **EXPORTED}}, "With earlier runs: 7 items; the way back is /srv/t.jsonl."),
        ({"copied": {**COPIED, **EXPORTED}, "rehearsal": True}, "Would be copied into t: 2 created"),
        ({"state": "copy_back", "there": False, "rehearsal": True}, "can be told when the restored table is there"),
        ({"ended": "cleaned up"}, "t-restored, restored from t, is removed."),
        ({"ended": "cleaned up", "rehearsal": True}, "would be removed."),
        ({"ended": "closed"}, "The recovery of t is closed"),
        ({"ended": "closed", "state": "cutover"}, "Its stack still names t"),
        ({"ended": "switched back", "undone": "cutover"}, "The application uses t again."),
        ({"ended": "switched back", "undone": "cutover"}, "stays there. 1 of its items are not in t."),
        ({"ended": "switched back", "undone": "copy_back"}, "nothing had to be put back"),
        (
            {"ended": "switched back", "undone": "copy_back", "given_back": [{**COPIED, "deleted": 1}, COPIED]},
            "t: put 10 items back as before the copy, and removed 1 that the copy had created.",
        ),
        (
            {"ended": "switched back", "undone": "copy_back", "given_back": [{**COPIED, "changed_since": 4}]},
            "Left, because changed after the copy: 4 items, see the warning.",
        ),
    ],
)
def test_what_is_told(given: dict[str, Any], said: str) -> None:
    assert said in told(**given)


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        ({}, {"then=cutover", "then=copy_back", "clean_up=true", "close=true"}),
        ({"state": "cutover"}, {"switch_back=true", "close=true"}),
        ({"state": "copy_back"}, {"switch_back=true", "clean_up=true", "close=true"}),
        (
            {"ended": "switched back", "undone": "cutover"},
            {"then=cutover", "then=copy_back", "clean_up=true", "close=true"},
        ),
        ({"ended": "cleaned up"}, set()),
        ({"ended": "closed"}, set()),
        ({"rehearsal": True}, set()),
    ],
)
def test_the_ways_to_go_on_are_those_that_are_open(given: dict[str, Any], ways: set[str]) -> None:
    lines = [line for line in told(**given).splitlines() if line.startswith("  -e ")]
    assert {line.split()[1].removeprefix("table_recovery_") for line in lines} == ways
