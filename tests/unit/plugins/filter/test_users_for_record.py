# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What goes on record and what comes back from it: the state from before, also when two runs were needed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.users_for_record import users_for_record
from ansible_collections.runbook.aws.plugins.filter.users_from_record import users_from_record
from ansible_collections.runbook.aws.plugins.module_utils._leaves import merge


def plan(before: dict[str, Any], after: dict[str, Any] | None = None, changed: bool = True) -> dict[str, Any]:
    return {
        "target": "joe",
        "changed": changed,
        "before": {"name": "joe", "state": "present", **before},
        "after": {"name": "joe", "state": "present", **(after or {})},
    }


@pytest.mark.parametrize(
    "before",
    [
        pytest.param({"state": "absent"}, id="a user that was made"),
        pytest.param({"enabled": True, "groups": ["a"], "groups_exact": True}, id="exactly these groups"),
        pytest.param({"groups": [], "groups_exact": True}, id="exactly none"),
        pytest.param({"groups": ["a"], "groups_absent": ["b"]}, id="some groups"),
        pytest.param({"attributes": {"locale": "de"}, "attributes_absent": ["nickname"]}, id="attributes"),
        pytest.param(
            {"enabled": True, "attributes": {"email": "a@b.cd"}, "groups": ["a"], "invite": "none"}, id="a deleted user"
        ),
        pytest.param({"precedence": 10, "settings_absent": ["description"]}, id="settings of a group"),
        pytest.param({"description": "x", "members": ["jane"]}, id="a deleted group"),
        pytest.param({"state": "absent", "remove_members": True}, id="a group that was made"),
    ],
)
def test_what_was_there_comes_back(before: dict[str, Any]) -> None:
    (element,) = users_from_record(users_for_record([plan(before)]))
    assert element == {"name": "joe", "state": "present", **before}


def test_what_does_not_change_is_not_recorded() -> None:
    assert users_for_record([plan({"enabled": True}, changed=False), {"changed": True, "before": None}]) == []


def undo_of(*runs: dict[str, Any]) -> dict[str, Any]:
    """What undoes runs that share a record, as the record joins them."""
    record: list[dict[str, Any]] = []
    for run in runs:
        record = merge(record, users_for_record([run]))
    (element,) = users_from_record(record)
    return element


def test_a_killed_run_and_the_one_that_goes_on_are_undone_as_one() -> None:
    """The first got as far as one of two groups, and the second finds it there."""
    first = plan({"groups_absent": ["a", "b"]}, {"groups": ["a", "b"]})
    second = plan({"groups": ["a"], "groups_absent": ["b"]}, {"groups": ["a", "b"]})
    assert undo_of(first, second) == {"name": "joe", "state": "present", "groups_absent": ["a", "b"]}


def test_who_was_in_no_group_comes_back_into_none() -> None:
    first = plan({"groups": [], "groups_exact": True}, {"groups": ["a"], "groups_exact": True})
    second = plan({"groups": ["a"], "groups_exact": True}, {"groups": ["b"], "groups_exact": True})
    assert undo_of(first, second) == {"name": "joe", "state": "present", "groups": [], "groups_exact": True}


def test_what_only_the_second_run_changes_is_undone_too() -> None:
    first = plan({"attributes_absent": ["locale"]}, {"attributes": {"locale": "de"}})
    second = plan(
        {"enabled": True, "attributes": {"locale": "de", "nickname": "J"}},
        {"enabled": False, "attributes": {"locale": "fr", "nickname": "K"}},
    )
    assert undo_of(first, second) == {
        "name": "joe",
        "state": "present",
        "enabled": True,
        "attributes": {"nickname": "J"},
        "attributes_absent": ["locale"],
    }


def test_a_user_that_the_first_run_made_goes() -> None:
    first = plan({"state": "absent"}, {"groups": ["a"]})
    second = plan({"groups_absent": ["a"]}, {"groups": ["a"]})
    assert undo_of(first, second) == {"name": "joe", "state": "absent"}
