# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.runbook.aws.plugins.filter.bring_back import bring_back

BASELINE = [{"name": "a", "reserved": 100}, {"name": "b", "reserved": "unreserved"}]
OURS = [[{"name": "a", "reserved": 200}, {"name": "b", "reserved": 50}]]


def test_what_is_still_ours_is_restored_and_what_is_not_is_reported() -> None:
    answer = bring_back(BASELINE, OURS, [{"name": "a", "reserved": 200}, {"name": "b", "reserved": 70}])
    assert answer["restore"] == [{"name": "a", "reserved": 100}]
    assert answer["foreign"] == [
        {"target": "b", "setting": "reserved", "baseline": "unreserved", "ours": 50, "now": 70, "left": True},
    ]


def test_force_restores_everything() -> None:
    now = [{"name": "a", "reserved": 200}, {"name": "b", "reserved": 70}]
    assert bring_back(BASELINE, OURS, now, force=True)["restore"] == BASELINE


def test_twice_is_once() -> None:
    assert bring_back(BASELINE, OURS, BASELINE) == {"restore": [], "foreign": [], "kept": []}


@pytest.mark.parametrize("force", [False, True])
def test_a_target_that_is_gone_is_reported_and_the_others_are_restored(force: bool) -> None:
    answer = bring_back(BASELINE, OURS, [{"name": "a", "reserved": 200}], force=force)
    assert answer["restore"] == [{"name": "a", "reserved": 100}]
    assert [(row["target"], row["now"]) for row in answer["foreign"]] == [("b", "gone")]


def test_forced_is_told_apart_from_left() -> None:
    answer = bring_back(BASELINE, OURS, [{"name": "a", "reserved": 200}, {"name": "b", "reserved": 70}], force=True)
    assert [row["left"] for row in answer["foreign"]] == [False]


@pytest.mark.parametrize("force", [False, True])
def test_an_autoscaling_that_somebody_removed_is_not_made_again_with_other_settings(force: bool) -> None:
    def table(**scaling: object) -> list[dict[str, object]]:
        return [{"name": "t", "read": {"autoscaling": {"state": "present", **scaling}}}]

    answer = bring_back(
        table(min_capacity=5), [table(min_capacity=50)], [{"name": "t", "read": {"units": 50}}], force=force
    )
    assert answer["restore"] == []
    assert [(row["setting"], row["left"]) for row in answer["foreign"]] == [("read.autoscaling.min_capacity", True)]


def test_what_is_nothing_is_nothing_however_it_is_said() -> None:
    """Read-only modules leave out what is not there; a baseline says it in the module's own words."""
    baseline = [{"name": "f", "provisioned": [{"qualifier": "live", "concurrency": 0}]}]
    ours = [[{"name": "f", "provisioned": [{"qualifier": "live", "concurrency": 50}]}]]
    assert bring_back(baseline, ours, [{"name": "f", "provisioned": []}])["foreign"] == []
    scaled = [{"name": "f", "provisioned": [{"qualifier": "live", "concurrency": 50}]}]
    assert bring_back(baseline, ours, scaled)["restore"] == baseline


# Two events: bf took reserved from 100 to 200, cm began meanwhile and has the same baseline, see as_before_others.
@pytest.mark.parametrize(
    ("ours", "other", "now", "restored"),
    [
        pytest.param(200, 200, 200, None, id="both-want-the-same-so-it-stays"),
        pytest.param(200, 300, 300, None, id="the-other-one-wants-more-and-has-it"),
        pytest.param(300, 200, 300, 200, id="back-to-what-the-other-one-wants"),
        pytest.param(200, None, 200, 100, id="no-other-event-back-to-the-baseline"),
    ],
)
def test_an_event_that_is_still_open_keeps_its_sizes(
    ours: int, other: int | None, now: int, restored: int | None
) -> None:
    others = [{"name": "cm", "intended": [{"functions": [{"name": "a", "reserved": other}]}]}] if other else []
    answer = bring_back(
        [{"name": "a", "reserved": 100}],
        [[{"name": "a", "reserved": ours}]],
        [{"name": "a", "reserved": now}],
        others,
        "functions",
    )
    assert answer["restore"] == ([{"name": "a", "reserved": restored}] if restored else [])
    assert answer["foreign"] == []
    assert [(row["setting"], row["event"]) for row in answer["kept"]] == ([("reserved", "cm")] if other else [])
