# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible_collections.runbook.aws.plugins.filter.offboarded_users import offboarded_users


def state(name: str, enabled: bool = True, *groups: str) -> dict[str, Any]:
    return {"name": name, "state": "present", "enabled": enabled, "groups": dict.fromkeys(groups, True)}


def found(name: str, enabled: bool = False, *groups: str) -> dict[str, Any]:
    shape = {"name": name, "state": "present", "enabled": enabled, "groups": list(groups)}
    return {"target": name, "user": shape}


NOW = [found("jane"), found("joe")]


def record(number: int, *users: dict[str, Any], restored: tuple[str, ...] = ()) -> dict[str, Any]:
    details = {"restored": list(restored)} if restored else {}
    return {"id": f"r{number}", "baseline": {"users": list(users)}, "details": details}


def test_one_of_two_comes_back_and_then_the_other() -> None:
    both = record(1, state("jane"), state("joe"))
    assert offboarded_users([both], ["joe", "joe"], NOW) == {
        "users": [state("joe")],
        "since": [],
        "back": [],
        "unknown": [],
        "records": [{"id": "r1", "restored": ["joe"], "whole": False}],
    }
    left = record(1, state("jane"), state("joe"), restored=("joe",))
    result = offboarded_users([left], ["jane", "joe"], NOW)
    assert result["records"] == [{"id": "r1", "restored": ["joe", "jane"], "whole": True}]
    assert result["users"] == [state("jane")]
    assert result["back"] == ["joe"]


def test_who_came_back_by_other_ways_comes_back_to_what_it_had_last() -> None:
    result = offboarded_users(
        [record(2, state("joe", True, "new")), record(1, state("joe", True, "old"))], ["joe"], NOW
    )
    assert result["users"] == [state("joe", True, "new")]
    assert [noted["id"] for noted in result["records"]] == ["r2", "r1"]


def test_what_a_killed_run_had_done_already_is_undone_too() -> None:
    """It had disabled the user and removed one group when it was killed; another run did the rest."""
    result = offboarded_users(
        [record(2, state("joe", False, "b")), record(1, state("joe", True, "a", "b"))], ["joe"], NOW
    )
    assert result["users"] == [state("joe", True, "a", "b")]


def test_who_was_disabled_from_the_start_gets_its_groups_back() -> None:
    result = offboarded_users(
        [record(2, state("joe", False, "b")), record(1, state("joe", False, "a", "b"))], ["joe"], NOW
    )
    assert result["users"] == [state("joe", False, "a", "b")]


def test_who_is_on_no_record_is_named() -> None:
    empty = {"id": "r1", "baseline": {}, "details": {}}
    assert offboarded_users([empty], ["joe"], NOW) == {
        "users": [],
        "since": [],
        "back": [],
        "unknown": ["joe"],
        "records": [],
    }


def test_what_somebody_gave_a_user_since_is_left_and_told() -> None:
    exact = {**state("joe", False, "a"), "groups_exact": True}
    result = offboarded_users([record(1, exact)], ["joe"], [found("joe", True, "a", "administrators")])
    assert result["users"] == [state("joe", True, "a")]
    assert result["since"] == [
        {"target": "joe", "setting": "enabled", "before": False, "now": True},
        {"target": "joe", "setting": "groups.administrators", "before": False, "now": True},
    ]
    enabled = offboarded_users([record(1, state("joe", True, "a"))], ["joe"], [found("joe", True)])
    assert (enabled["users"], enabled["since"]) == ([state("joe", True, "a")], [])
