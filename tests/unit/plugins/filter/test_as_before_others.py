# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible_collections.runbook.aws.plugins.filter.as_before_others import as_before_others


def table(**scaling: Any) -> list[dict[str, Any]]:
    return [{"name": "t", "read": {"autoscaling": scaling}}]


def test_the_oldest_open_event_knows_what_was_there_before_all() -> None:
    baselines = [[{"name": "a", "reserved": 100}], [{"name": "a", "reserved": 150}, {"name": "b", "reserved": 7}]]
    now = [{"name": "a", "reserved": 200}, {"name": "b", "reserved": 70}, {"name": "c", "reserved": 1}]
    assert as_before_others(now, baselines) == [
        {"name": "a", "reserved": 100},
        {"name": "b", "reserved": 7},
        {"name": "c", "reserved": 1},
    ]


def test_only_settings_that_this_event_touches_are_taken_over() -> None:
    assert as_before_others([{"name": "a", "x": 2}], [[{"name": "a", "x": 1, "y": 9}]]) == [{"name": "a", "x": 1}]


def test_what_was_not_there_before_all_is_not_there_as_a_whole() -> None:
    now, before = table(state="present", min_capacity=50), table(state="absent")
    assert as_before_others(now, [before]) == before


def test_without_other_events_the_baseline_is_what_is_there() -> None:
    assert as_before_others([{"name": "a", "reserved": 1}], []) == [{"name": "a", "reserved": 1}]
