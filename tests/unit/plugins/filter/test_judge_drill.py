# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.filter.judge_drill import FilterModule, judge_drill

RECORD: dict[str, Any] = {
    "id": "20261124T060000Z-aaaa",
    "phases": [
        {"name": "stacks", "started": "2026-11-24T06:00:00Z", "ended": "2026-11-24T06:10:00Z", "ok": True},
        {"name": "verify", "started": "2026-11-24T06:20:00Z", "ended": "2026-11-24T06:30:00Z", "ok": True},
    ],
}
TABLES = [
    {"table": "sessions", "created": "2026-11-24T05:00:00Z"},
    {"table": "stock", "created": "2026-11-24T04:00:00Z"},
]
COUNTS = {"missing": 3, "extra": 0, "differing": 1}


def judged(compared: list[dict[str, Any]], rto: int = 3600, rpo: int = 86400, **options: Any) -> dict[str, Any]:
    return judge_drill(RECORD, TABLES, compared, rto, rpo, **options)


def test_the_time_is_that_from_the_stacks_to_the_answer_of_the_application() -> None:
    assert judged([])["rto_seconds"] == 1800


@pytest.mark.parametrize(
    ("source", "target", "lost"),
    [
        ("2026-11-24T05:50:00Z", "2026-11-24T05:40:00Z", 600),
        # Production went on during the drill, which is no loss of the drill's.
        ("2026-11-24T06:25:00Z", "2026-11-24T05:40:00Z", 1200),
        ("2026-11-24T05:40:00Z", "2026-11-24T05:40:00Z", 0),
    ],
)
def test_what_is_lost_is_told_by_the_newest_items(source: str, target: str, lost: int) -> None:
    result = {"source": "sessions", **COUNTS, "newest": {"source": source, "target": target}}
    row = judged([result])["tables"][0]
    assert (row["lost_seconds"], row["by"], row["missing"]) == (lost, "its newest item that survived", 3)


def test_without_times_the_age_of_the_backup_counts_and_the_worst_table_decides() -> None:
    found = judged([{"source": "sessions", **COUNTS, "newest": {"source": None, "target": None}}])
    assert [row["lost_seconds"] for row in found["tables"]] == [3600, 7200]
    assert found["rpo_seconds"] == 7200


def test_objectives_can_be_missed() -> None:
    verdicts = judged([], rto=1799, rpo=7200)["verdicts"]
    assert [verdict["ok"] for verdict in verdicts] == [False, True]
    assert verdicts[0]["why"] == "1800 s, the objective is 1799 s"


def test_nothing_to_judge_by_is_no_success() -> None:
    assert judge_drill(RECORD, [], [], 3600, 1)["verdicts"][1]["ok"] is None


def test_earlier_drills_are_told_in_short_and_this_one_is_none_of_them() -> None:
    earlier = [
        RECORD,
        {
            "id": "x",
            "opened": "2026-08-01T06:00:00Z",
            "outcome": "objectives met",
            "details": {"drill": {"rto_seconds": 9}},
        },
        {"id": "y", "opened": "2026-07-01T06:00:00Z", "outcome": "failed", "details": {}},
    ]
    assert judged([], earlier=earlier)["earlier"] == [
        {"drill": "2026-08-01T06:00:00Z", "outcome": "objectives met", "rto_seconds": 9, "rpo_seconds": None}
    ]


def test_a_drill_that_has_not_ended_is_not_judged() -> None:
    with pytest.raises(AnsibleFilterError, match="have not both ended"):
        judge_drill({"phases": RECORD["phases"][:1]}, TABLES, [], 1, 1)


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"judge_drill": judge_drill}
