# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.with_other_users import with_other_users


def one(name: str, username: str = "", status: str = "CONFIRMED") -> dict[str, str]:
    return {"target": name, "username": username or name, "status": status}


def names(wanted: list[str], results: list[dict[str, str]], case_sensitive: bool = True) -> list[str]:
    found = {"pool": {"case_sensitive": case_sensitive}, "results": results}
    return [user["name"] for user in with_other_users([{"name": name} for name in wanted], found, "disabled")]


def test_others_come_after_those_that_are_asked_for() -> None:
    assert names(["b", "new"], [one("a"), one("b"), one("c")]) == ["b", "new", "a", "c"]


def test_a_user_is_known_by_its_address_and_by_its_username() -> None:
    pool = [one("jane@example.com", "sub-1"), one("joe@example.com", "sub-2")]
    assert names(["jane@example.com", "sub-2"], pool) == ["jane@example.com", "sub-2"]


def test_case_counts_where_the_pool_says_so() -> None:
    assert names(["Jane"], [one("jane")], case_sensitive=False) == ["Jane"]
    assert names(["Jane"], [one("jane")]) == ["Jane", "jane"]


def test_users_of_somebody_else_are_left_alone() -> None:
    assert names([], [one("google_1", status="EXTERNAL_PROVIDER")]) == []


@pytest.mark.parametrize(
    ("then", "what"), [("disabled", {"state": "present", "enabled": False}), ("absent", {"state": "absent"})]
)
def test_others_are_disabled_or_go(then: str, what: dict[str, Any]) -> None:
    found = {"pool": {"case_sensitive": True}, "results": [one("a")]}
    assert with_other_users([], found, then) == [{"name": "a", **what}]
