# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.filter.changed_settings import changed_settings


def test_only_settings_that_differ_are_shown() -> None:
    results = [
        {"target": "a", "before": {"name": "a", "x": 1, "y": 2}, "after": {"name": "a", "x": 1, "y": 3}},
        {"target": "b", "before": {"name": "b", "x": 1}, "after": {"name": "b", "x": 1}},
        {"target": "c", "before": None, "after": None},
        {"target": "d", "before": {"name": "d"}, "after": {"name": "d", "z": {"min": 4}}},
    ]
    assert changed_settings(results) == [
        {"target": "a", "setting": "y", "before": 2, "after": 3},
        {"target": "d", "setting": "z.min", "before": "-", "after": 4},
    ]


def test_what_is_only_kept_to_come_back_is_not_shown() -> None:
    results = [
        {
            "target": "t",
            "before": {"name": "t", "billing_mode": "PROVISIONED", "read": {"units": 5}},
            "after": {"name": "t", "billing_mode": "PAY_PER_REQUEST"},
        }
    ]
    assert [row["setting"] for row in changed_settings(results)] == ["billing_mode"]
