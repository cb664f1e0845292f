# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._leaves import compare, merge, only, spread

STATE: dict[str, Any] = {
    "name": "orders",
    "reserved": 100,
    "read": {"units": 5, "autoscaling": {"state": "present", "min_capacity": 5}},
    "provisioned": [{"qualifier": "live", "concurrency": 10}, {"qualifier": "beta", "concurrency": 2}],
}
LEAVES = {
    ("reserved",): 100,
    ("read", "units"): 5,
    ("read", "autoscaling", "state"): "present",
    ("read", "autoscaling", "min_capacity"): 5,
    ("provisioned", "live", "concurrency"): 10,
    ("provisioned", "beta", "concurrency"): 2,
}


def test_elements_of_a_list_are_known_by_their_identity() -> None:
    assert spread(STATE) == LEAVES


def test_all_leaves_of_a_state_are_the_state() -> None:
    assert only(STATE, LEAVES) == STATE


def test_a_part_of_a_state_keeps_the_identities_that_lead_to_it() -> None:
    part = only(STATE, [("provisioned", "beta", "concurrency"), ("read", "autoscaling", "min_capacity")])
    assert part == {
        "name": "orders",
        "read": {"autoscaling": {"min_capacity": 5}},
        "provisioned": [{"qualifier": "beta", "concurrency": 2}],
    }


@pytest.mark.parametrize(
    ("now", "restore", "back", "foreign"),
    [
        pytest.param({"reserved": 200}, [("reserved",)], [], [], id="still-ours"),
        pytest.param({"reserved": 100}, [], [("reserved",)], [], id="back-already"),
        pytest.param({"reserved": 300}, [], [], [(("reserved",), 100, 200, 300)], id="somebody-elses"),
        pytest.param({"reserved": 150}, [("reserved",)], [], [], id="as-an-earlier-run-of-ours-set-it"),
    ],
)
def test_three_states_tell_who_changed_what(now: Any, restore: Any, back: Any, foreign: Any) -> None:
    result = compare({"reserved": 100}, [{"reserved": 150}, {"reserved": 200}], now)
    assert list(result.restore) == restore and list(result.back) == back
    assert [(f.path, f.baseline, f.ours, f.now) for f in result.foreign] == foreign


def test_a_setting_that_we_never_changed_is_not_ours_to_restore() -> None:
    result = compare({"reserved": 100, "memory": 1}, [{"reserved": 200, "memory": 1}], {"reserved": 200, "memory": 9})
    assert result.restore == (("reserved",),) and result.foreign == ()


def test_what_we_made_is_taken_away_as_a_whole() -> None:
    made = {"autoscaling": {"state": "present", "min_capacity": 5}}
    result = compare({"autoscaling": {"state": "absent"}}, [made], made)
    assert result.restore == (("autoscaling", "state"),) and result.foreign == ()


def test_what_we_made_and_somebody_tuned_is_not_taken_away() -> None:
    made = {"autoscaling": {"state": "present", "min_capacity": 5}}
    tuned = {"autoscaling": {"state": "present", "min_capacity": 7}}
    result = compare({"autoscaling": {"state": "absent"}}, [made], tuned)
    assert result.restore == ()
    assert {f.path[-1] for f in result.foreign} == {"state", "min_capacity"}


def test_switching_back_restores_what_the_switch_made_disappear() -> None:
    baseline = {"billing_mode": "PROVISIONED", "read": {"units": 5}}
    ours = {"billing_mode": "PAY_PER_REQUEST"}
    assert set(compare(baseline, [ours], ours).restore) == {("billing_mode",), ("read", "units")}


def test_merging_keeps_the_first_value_and_adds_what_is_new() -> None:
    first = [{"name": "a", "reserved": 1, "provisioned": [{"qualifier": "live", "concurrency": 1}]}]
    second = [
        {"name": "a", "reserved": 9, "memory": 2, "provisioned": [{"qualifier": "beta", "concurrency": 3}]},
        {"name": "b", "reserved": 5},
    ]
    assert merge(first, second) == [
        {
            "name": "a",
            "reserved": 1,
            "memory": 2,
            "provisioned": [{"qualifier": "live", "concurrency": 1}, {"qualifier": "beta", "concurrency": 3}],
        },
        {"name": "b", "reserved": 5},
    ]
    assert merge({"x": 1}, {"x": 2, "y": 3}) == {"x": 1, "y": 3}
