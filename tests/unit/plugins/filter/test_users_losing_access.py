# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.users_losing_access import users_losing_access


def result(before: dict[str, Any], after: dict[str, Any], name: str = "joe") -> dict[str, Any]:
    return {"target": name, "before": {"state": "present", **before}, "after": {"state": "present", **after}}


def found(*users: tuple[str, str], case_sensitive: bool = True) -> dict[str, Any]:
    results = [{"target": name, "username": username} for name, username in users]
    return {"pool": {"case_sensitive": case_sensitive}, "results": results}


DISABLED = result({"enabled": True}, {"enabled": False})
EXACT = {"groups_exact": True}


@pytest.mark.parametrize(
    ("plan", "loses"),
    [
        (DISABLED, True),
        (result({}, {"state": "absent"}), True),
        (result({"groups": ["g"], **EXACT}, {"groups": [], **EXACT}), True),
        (result({"enabled": False}, {"enabled": False}), False),
        (result({"state": "absent"}, {"enabled": False}), False),
        (result({"state": "absent"}, {"state": "absent"}), False),
        (result({"groups": [], **EXACT}, {"groups": [], **EXACT}), False),
        (result({"groups": ["g"], **EXACT}, {"groups": ["h"], **EXACT}), False),
        (result({"groups": ["g"]}, {"groups_absent": ["g"]}), False),
        ({"target": "joe", "before": None, "after": None}, False),
    ],
)
def test_who_loses_access(plan: dict[str, Any], loses: bool) -> None:
    assert users_losing_access([plan], [], found(("joe", "joe"))) == (["joe"] if loses else [])


def test_the_members_of_a_group_lose_it_when_it_is_deleted() -> None:
    members = {"members": ["joe", "jane"]}
    deleted, kept = result(members, {"state": "absent"}, "g"), result(members, members, "h")
    assert users_losing_access([], [deleted], found()) == ["jane", "joe"]
    assert users_losing_access([], [kept], found()) == []


def test_a_user_who_loses_access_in_two_ways_counts_once_by_whatever_name() -> None:
    pool = found(("joe@example.com", "sub-1"), case_sensitive=False)
    deleted = result({"members": ["sub-1"]}, {"state": "absent"}, "g")
    users = [{**DISABLED, "target": "Joe@example.com"}, {**DISABLED, "target": "new"}]
    assert users_losing_access(users, [deleted], pool) == ["new", "sub-1"]


def test_where_nobody_loses_access_the_pool_need_not_have_been_read() -> None:
    assert users_losing_access([result({}, {})], [], {"skipped": True}) == []
