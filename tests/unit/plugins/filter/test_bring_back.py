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
        {"target": "b", "setting": "reserved", "baseline": "unreserved", "ours": 50, "now": 70},
    ]


def test_force_restores_everything() -> None:
    now = [{"name": "a", "reserved": 200}, {"name": "b", "reserved": 70}]
    assert bring_back(BASELINE, OURS, now, force=True)["restore"] == BASELINE


def test_twice_is_once() -> None:
    assert bring_back(BASELINE, OURS, BASELINE) == {"restore": [], "foreign": []}


@pytest.mark.parametrize("force", [False, True])
def test_a_target_that_is_gone_is_reported_and_the_others_are_restored(force: bool) -> None:
    answer = bring_back(BASELINE, OURS, [{"name": "a", "reserved": 200}], force=force)
    assert answer["restore"] == [{"name": "a", "reserved": 100}]
    assert [(row["target"], row["now"]) for row in answer["foreign"]] == [("b", "gone")]
