# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.users_back import users_back

ABSENT = {"name": "joe", "state": "absent"}
OFF = {"name": "joe", "state": "present", "enabled": False}
ON = {**OFF, "enabled": True}


def user(name: str = "joe", enabled: bool = True, groups: tuple[str, ...] = (), **attributes: str) -> dict[str, Any]:
    """One that has not changed its temporary password yet."""
    shape = {"name": name, "state": "present", "enabled": enabled, "attributes": attributes, "groups": list(groups)}
    return {"target": name, "username": name, "status": "FORCE_CHANGE_PASSWORD", "user": shape, "error": None}


def used(**attributes: str) -> dict[str, Any]:
    """One that has a password of its own."""
    return {**user(**attributes), "status": "CONFIRMED"}


def missing(name: str = "joe") -> dict[str, Any]:
    return {"target": name, "error": f"{name}: there is no such user in this pool."}


def group(name: str, *members: str, **settings: Any) -> dict[str, Any]:
    before = {"name": name, "state": "present", **settings, **({"members": list(members)} if members else {})}
    return {"target": name, "before": before}


def back(was: dict[str, Any], ours: dict[str, Any], *found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The way back of a run that changed one user."""
    pool = {"groups": ["a", "b"]}
    groups = more.pop("groups", [])
    return users_back({"users": [was]}, [{"users": [ours]}], {"pool": pool, "results": list(found)}, groups, **more)


def told(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in ("target", "setting", "baseline", "ours", "now")) for row in result["foreign"]]


def attributes(**values: Any) -> dict[str, Any]:
    return {"name": "joe", "state": "present", "attributes": values}


def in_groups(**groups: bool) -> dict[str, Any]:
    return {"name": "joe", "state": "present", "groups": groups}


A, B, C = ({"email": f"{letter}@example.com", "email_verified": "true"} for letter in "abc")

# What was there, what the run set, what is there; what is given back, and what is told.
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[dict[str, Any]], list[tuple[Any, ...]]]] = {
    "as the run left it": (ON, OFF, user(enabled=False), [ON], []),
    "as before already": (ON, OFF, user(), [], []),
    "an address": (
        attributes(**A),
        attributes(**B),
        user(**B),
        [{"name": "joe", "state": "present", "attributes": A}],
        [],
    ),
    "another address since": (
        attributes(**A),
        attributes(**{**B, "email_verified": "false"}),
        user(**{**C, "email_verified": "false"}),
        [],
        [("joe", "attributes.email", "a@example.com", "b@example.com", "c@example.com")],
    ),
    "an address that it had not": (
        attributes(email=None, email_verified=None),
        attributes(**B),
        user(**B),
        [{"name": "joe", "state": "present", "attributes_absent": ["email", "email_verified"]}],
        [],
    ),
    "groups": (
        in_groups(a=True, b=False),
        in_groups(a=False, b=True),
        user(groups=("b",)),
        [{"name": "joe", "state": "present", "groups": ["a"], "groups_absent": ["b"]}],
        [],
    ),
    "a group that it joined since": (
        {**in_groups(a=True), "groups_exact": True},
        {**in_groups(a=False), "groups_exact": True},
        user(groups=("b",)),
        [{"name": "joe", "state": "present", "groups": ["a"]}],
        [],
    ),
    "a group that is gone": (
        in_groups(gone=True),
        in_groups(gone=False),
        user(),
        [],
        [("joe", "groups.gone", "there", "there", "gone")],
    ),
    "a user that it changed is gone": (ON, OFF, missing(), [], [("joe", "", "there", "there", "gone")]),
    "a user that it made": (
        ABSENT,
        {**attributes(**A), "groups": {"a": True}},
        user(groups=("a",), **A),
        [ABSENT],
        [],
    ),
    "a user that it made and a kill left half way": (
        ABSENT,
        {**attributes(**A), "groups": {"a": True}, "enabled": False},
        user(**A),
        [ABSENT],
        [],
    ),
    "a user that it made is gone": (ABSENT, attributes(**A), missing(), [], []),
    "a user that it made was disabled": (
        ABSENT,
        attributes(**A),
        user(enabled=False, **A),
        [],
        [("joe", "enabled", None, True, False)],
    ),
    "a user that it made got another group": (
        ABSENT,
        attributes(**A),
        user(groups=("b",), **A),
        [],
        [("joe", "groups.b", None, False, True)],
    ),
    "a user that it made has a password of its own": (
        ABSENT,
        attributes(**A),
        used(**A),
        [],
        [("joe", "status", None, "FORCE_CHANGE_PASSWORD", "CONFIRMED")],
    ),
    "a user that it made got attributes": (
        ABSENT,
        attributes(**A),
        user(**A, given_name="Joe", phone_number="+14255550123", phone_number_verified="false"),
        [],
        [
            ("joe", "attributes.given_name", None, None, "Joe"),
            ("joe", "attributes.phone_number", None, None, "+14255550123"),
        ],
    ),
    "a user that it changed has a password of its own": (
        ON,
        OFF,
        {**used(), "user": user(enabled=False)["user"]},
        [ON],
        [],
    ),
    "a user that it deleted": (
        {**ON, "attributes": A, "groups": {"a": True}, "invite": "none"},
        ABSENT,
        missing(),
        [{**ON, "attributes": A, "groups": ["a"], "invite": "none"}],
        [],
    ),
    "a user that it deleted was made anew": (
        {**ON, "groups": {"a": True}, "invite": "none"},
        ABSENT,
        user(),
        [],
        [("joe", "groups.a", True, None, False)],
    ),
}


@pytest.mark.parametrize(("was", "ours", "now", "restored", "foreign"), WAYS.values(), ids=list(WAYS))
def test_what_was_changed_since_is_left_and_told(
    was: dict[str, Any],
    ours: dict[str, Any],
    now: dict[str, Any],
    restored: list[dict[str, Any]],
    foreign: list[tuple[Any, ...]],
) -> None:
    result = back(was, ours, now)
    assert (result["users"], told(result)) == (restored, foreign)
    assert all(row["left"] for row in result["foreign"])


def test_what_was_changed_since_can_be_forced() -> None:
    result = back(attributes(**A), attributes(**B), user(**C), force=True)
    assert result["users"] == [{"name": "joe", "state": "present", "attributes": A}]
    assert [row["left"] for row in result["foreign"]] == [False]
    assert back(ABSENT, attributes(**A), user(enabled=False, **A), force=True)["users"] == [ABSENT]
    assert back(ABSENT, attributes(**A), used(**A), force=True)["users"] == [ABSENT]


@pytest.mark.parametrize(
    ("ours", "enabled", "ended", "restored"),
    [
        (ON, False, False, [{"name": "joe", "state": "present", "sign_out": True}]),
        (ON, False, True, []),
        (ON, True, False, [OFF]),
        ({**OFF, "groups": {"a": True}}, False, False, []),
    ],
)
def test_whom_a_stopped_undo_has_disabled_is_signed_out(
    ours: dict[str, Any], enabled: bool, ended: bool, restored: list[dict[str, Any]]
) -> None:
    result = back({**OFF, "groups": {"a": False}}, ours, user(enabled=enabled), ended=ended)
    assert (result["users"], result["foreign"]) == (restored, [])


OFFBOARDED = {
    "id": "20261127T0500-1",
    "baseline": {"users": [{"name": "joe", "state": "present", "enabled": False, "groups": {"a": True}}]},
    "details": {},
}


def test_who_was_offboarded_since_gets_nothing_back() -> None:
    result = back(ON, OFF, user(enabled=False), offboarded=[OFFBOARDED])
    assert result["users"] == []
    assert told(result) == [("joe", "access", None, None, "offboarded, record 20261127T0500-1")]
    assert back(ON, OFF, user(enabled=False), offboarded=[OFFBOARDED], force=True)["users"] == [ON]
    back_again = {**OFFBOARDED, "details": {"restored": ["joe"]}}
    assert back(ON, OFF, user(enabled=False), offboarded=[back_again])["users"] == [ON]


def test_states_of_a_killed_run_are_all_its_own() -> None:
    intended = [{"users": [attributes(**B)]}, {"users": [attributes(**C)]}]
    found = {"pool": {"groups": []}, "results": [user(**B)]}
    result = users_back({"users": [attributes(**A)]}, intended, found, [])
    assert (result["users"], result["foreign"]) == ([{"name": "joe", "state": "present", "attributes": A}], [])


def group_back(now: dict[str, Any], *found: dict[str, Any], force: bool = False) -> dict[str, Any]:
    """The way back of a run that made the group `new` and the user `joe` in it."""
    baseline = {"users": [ABSENT], "groups": [{"name": "new", "state": "absent"}]}
    made = {"name": "new", "state": "present", "precedence": 20}
    intended = [{"users": [in_groups(new=True)], "groups": [made]}]
    return users_back(baseline, intended, {"pool": {"groups": ["new"]}, "results": list(found)}, [now], force=force)


def test_a_group_that_others_joined_stays() -> None:
    joe = user(groups=("new",))
    alone = group_back(group("new", "joe", precedence=20), joe)
    assert (alone["groups"], alone["foreign"]) == ([{"name": "new", "state": "absent"}], [])
    joined = group_back(group("new", "joe", "prober", precedence=20), joe)
    assert (joined["users"], joined["groups"]) == ([ABSENT], [])
    assert told(joined) == [("new", "members", None, None, "prober")]
    forced = group_back(group("new", "joe", "prober", precedence=20), joe, force=True)
    assert forced["groups"] == [{"name": "new", "state": "absent", "remove_members": True}]
    stays = group_back(group("new", "joe", precedence=20), user(groups=("new",), enabled=False))
    assert (stays["users"], stays["groups"]) == ([], [])
    described = group_back(group("new", "joe", precedence=20, description="theirs"), joe)
    assert (described["groups"], told(described)) == ([], [("new", "description", None, None, "theirs")])
    gone = group_back({"target": "new", "before": {"name": "new", "state": "absent"}}, joe)
    assert (gone["groups"], gone["foreign"]) == ([], [])


def test_a_group_goes_back_setting_by_setting() -> None:
    was = {"name": "g", "state": "present", "precedence": 10, "description": None}
    ours = {"name": "g", "state": "present", "precedence": 20, "description": "ours"}
    result = users_back({"groups": [was]}, [{"groups": [ours]}], {}, [group("g", precedence=20, description="theirs")])
    assert result["groups"] == [{"name": "g", "state": "present", "precedence": 10}]
    assert told(result) == [("g", "description", None, "ours", "theirs")]


def test_a_group_that_was_deleted_comes_back_without_those_who_must_not_be_in_it() -> None:
    was = {"name": "g", "state": "present", "members": {"joe": True, "jane": True, "lost": True, "deleted": True}}
    deleted = {"name": "deleted", "state": "present", "groups": {"g": True}}
    gone = [{"name": "g", "state": "absent"}, {"name": "deleted", "state": "absent"}]
    result = users_back(
        {"users": [deleted], "groups": [was]},
        [{"users": [gone[1]], "groups": [gone[0]]}],
        {"pool": {"groups": []}, "results": [user(), user("jane"), missing("lost"), missing("deleted")]},
        [{"target": "g", "before": gone[0]}],
        [OFFBOARDED],
    )
    assert result["groups"] == [{"name": "g", "state": "present", "members": ["jane"]}]
    assert result["users"] == [{"name": "deleted", "state": "present", "groups": ["g"]}]
    assert [(row["target"], row["setting"]) for row in result["foreign"]] == [
        ("g", "members.joe"),
        ("g", "members.lost"),
    ]
