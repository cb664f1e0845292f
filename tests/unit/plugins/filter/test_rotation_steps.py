# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible_collections.runbook.aws.plugins.filter.rotation_steps import FilterModule, rotation_steps
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import Wish

A, B = {"name": "a", "action": "rotate"}, {"name": "b", "action": "rotate"}
USED = {
    "consumers": [
        {"function": "orders", "secret": "a"},
        {"function": "orders", "secret": "b"},
        {"function": "reports", "secret": "b"},
    ],
    "restarts": [{"name": "orders", "publish": True, "alias": ["live"]}, {"name": "reports"}],
}
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf"


def result(target: str, error: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"target": target, "error": error, "error_code": code}


def test_each_function_starts_anew_once() -> None:
    steps = rotation_steps([A, B], [result("a"), result("b")], USED)
    assert steps == {"elements": [A, B], "restarts": USED["restarts"], "left": []}


def test_who_uses_only_what_is_left_is_left_alone() -> None:
    steps = rotation_steps([A, B], [result("a"), result("b", "b: it has no rotation function")], USED)
    assert steps["elements"] == [A]
    assert [one["name"] for one in steps["restarts"]] == ["orders"]
    assert steps["left"] == [{"secret": "b", "why": "it has no rotation function", "under_way": False}]


def test_a_secret_is_left_when_one_of_its_users_cannot_start_anew() -> None:
    steps = rotation_steps(
        [A, B], [result("a"), result("b")], USED, [result("orders"), result("reports", "reports: it failed")]
    )
    assert steps["elements"] == [A]
    assert steps["left"][0]["why"] == "reports, which uses it, cannot be started anew: it failed"


def test_what_was_made_though_its_answer_was_lost_counts_as_made() -> None:
    made = Wish("a", stamp="of-this-run").stamped(ARN)
    found = {"target": "a", "arn": ARN, "version_id": f"{made}-2", "pending": None, "error": None}
    lost = [result("a", "no answer")]
    assert rotation_steps([A], lost, USED, found=[found], stamp="of-this-run")["left"] == []
    assert len(rotation_steps([A], lost, USED, found=[found], stamp="of-another")["left"]) == 1
    assert len(rotation_steps([A], lost, USED, found=[found])["left"]) == 1
    again = [{"name": "a", "version_id": f"{made}-2"}]
    assert rotation_steps([A], lost, USED, found=[found], stamp="of-another", intended=again)["left"] == []
    back = {"name": "a", "version_id": f"{made}-2"}
    assert rotation_steps([back], lost, USED, found=[found])["elements"] == [back]


def test_a_rotation_that_took_too_long_may_still_end() -> None:
    pending = {"target": "a", "arn": ARN, "version_id": "before", "pending": {"version_id": "new"}}
    late = rotation_steps([A], [result("a", "it took too long")], USED, found=[pending])
    assert late["left"][0]["under_way"] is True
    failed = rotation_steps([A], [result("a", "it says no", "RotationFailed")], USED, found=[pending])
    assert failed["left"][0]["under_way"] is False
    unseen = rotation_steps([A], [result("a", "no answer")], USED, found=[{"target": "a", "error": "no answer"}])
    assert unseen["left"][0]["under_way"] is True


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_steps": rotation_steps}
