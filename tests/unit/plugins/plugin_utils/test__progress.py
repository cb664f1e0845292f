# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.plugin_utils._progress import Beats, Watch


def told(name: str = "1-1", **more: Any) -> bytes:
    line = {
        "id": name,
        "what": "Copying a to b",
        "unit": "items",
        "total": 1000,
        "begun": 100.0,
        "time": 100.0,
        "done": 0,
    }
    return json.dumps({**line, **more}).encode() + b"\n"


def watch(*data: bytes) -> str:
    found = Watch(is_alive=lambda pid: True)
    for piece in data:
        found.feed(piece)
    return found.text()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([told()], "Copying a to b: 0 of 1,000 items (0 %)"),
        (
            [told(), told(done=250, time=105.0)],
            "Copying a to b: 250 of 1,000 items (25 %), 50 a second, 15 s left",
        ),
        ([told(), told(done=3, time=106.0)], "Copying a to b: 3 of 1,000 items (0 %), 0.5 a second, 33 min 14 s left"),
        ([told(total=None), told(done=250, time=105.0, total=None)], "Copying a to b: 250 items, 50 a second"),
        # More than was thought: then it is not known how much there is.
        ([told(), told(done=1500, time=110.0)], "Copying a to b: 1,500 items, 150 a second"),
        # What was fast once is not what it is now.
        (
            [told(), told(done=500, time=101.0), told(done=510, time=111.0), told(done=520, time=121.0)],
            "Copying a to b: 520 of 1,000 items (52 %), 1.0 a second, 8 min 00 s left",
        ),
        ([told(), told(done=1000, time=105.0, ended=True)], ""),
        ([b"nonsense\n", b'{"id": 1}\n', told()], "Copying a to b: 0 of 1,000 items (0 %)"),
        ([told()[:20], told()[20:]], "Copying a to b: 0 of 1,000 items (0 %)"),
    ],
)
def test_one_line_says_what_how_much_how_fast_and_how_long(lines: list[bytes], text: str) -> None:
    assert watch(*lines) == text


def test_several_works_share_the_line() -> None:
    text = watch(*(told(f"1-{number}", what=f"Work {number}") for number in range(5)))
    assert [part.partition(":")[0] for part in text.split(" | ")] == ["Work 0", "Work 1", "Work 2", "and 2 more"]


def test_what_a_killed_process_has_begun_goes() -> None:
    found = Watch()
    found.feed(told(f"{os.getpid()}-1", what="Here") + told("999999999-1", what="Gone"))
    assert found.text().startswith("Here")
    assert "Gone" not in found.text()


def test_a_log_gets_few_lines() -> None:
    beats = Beats()
    due = [second for second in range(400) if beats.is_due(float(second), working=True)]
    assert due == [10, 30, 90, 150, 210, 270, 330, 390]


def test_short_works_get_none_and_what_was_missed_is_not_made_up_for() -> None:
    beats = Beats()
    assert not any(beats.is_due(float(second), working=second % 9 != 0) for second in range(100))
    assert not beats.is_due(100.0, working=True)
    assert [second for second in (200, 201, 240, 260) if beats.is_due(float(second), working=True)] == [200, 260]
