# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A plan for users in groups that are made only after it."""

from __future__ import annotations

from typing import Any

from ansible_collections.runbook.aws.plugins.filter.with_groups import with_groups
from ansible_collections.runbook.aws.plugins.filter.without_groups import without_groups

ADD = "cognito-idp:AdminAddUserToGroup"


def planned(before: dict[str, Any], after: dict[str, Any], *calls: str) -> dict[str, Any]:
    return {"target": "joe", "changed": bool(calls), "before": before, "after": after, "calls": list(calls)}


def test_only_groups_that_are_to_be_made_are_left_out() -> None:
    users = [
        {"name": "a", "groups": ["new", "old"]},
        {"name": "b", "groups": ["new"], "groups_exact": True},
        {"name": "c"},
    ]
    assert without_groups(users, ["new"]) == [
        {"name": "a", "groups": ["old"]},
        {"name": "b", "groups": [], "groups_exact": True},
        {"name": "c"},
    ]


def test_a_user_that_is_there_joins_them_and_can_leave_them_again() -> None:
    (result,) = with_groups(
        [planned({"state": "present", "groups": ["old"]}, {"state": "present", "groups": ["old"]})],
        [{"name": "joe", "groups": ["old", "new"]}],
        ["new"],
    )
    assert result == {
        "target": "joe",
        "changed": True,
        "before": {"state": "present", "groups": ["old"], "groups_absent": ["new"]},
        "after": {"state": "present", "groups": ["old", "new"]},
        "calls": [ADD],
    }


def test_before_says_nothing_of_groups_where_it_says_all() -> None:
    before = {"state": "present", "groups": ["old"], "groups_exact": True}
    after = {"state": "present", "groups": [], "groups_exact": True}
    (result,) = with_groups([planned(before, after, "x:y")], [{"name": "joe", "groups": ["new"]}], ["new"])
    assert result["before"] == before
    assert result["after"]["groups"] == ["new"]
    (made,) = with_groups(
        [planned({"state": "absent"}, {"state": "present"}, "x:y")], [{"name": "joe", "groups": ["new"]}], ["new"]
    )
    assert made["before"] == {"state": "absent"}
    assert made["calls"] == ["x:y", ADD]


def test_whoever_is_in_none_of_them_stays_as_planned() -> None:
    result = planned({"state": "present"}, {"state": "present"})
    assert with_groups([result], [{"name": "joe", "groups": ["old"]}], ["new"]) == [result]
