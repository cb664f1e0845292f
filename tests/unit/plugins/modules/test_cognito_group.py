# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.botocore_model import assert_valid
from unit.small_pool import POOL

from ansible_collections.runbook.aws.plugins.module_utils._cognito_group import (
    SETTINGS,
    Group,
    GroupState,
    confirm_group,
    plan_group,
    settings_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target
from ansible_collections.runbook.aws.plugins.modules.cognito_group import SPEC

ROLE = "arn:aws:iam::123456789012:role/auditors"
AUDITORS = Group({"description": "May read", "precedence": 0}, ("jane", "joe"))


def planned(wish: dict[str, Any], there: Group | None, unknown: tuple[str, ...] = ()) -> Plan:
    options = {"user_pool_id": POOL.id, "groups": [{"name": "auditors", **wish}]}
    checked = ArgumentSpecValidator(SPEC).validate(options)
    assert checked.error_messages == []
    element = checked.validated_parameters["groups"][0]
    plan = plan_group(Target(element["name"], element), GroupState(there, unknown), POOL)
    assert_valid(plan.calls)
    return plan


def became(there: Group | None, plan: Plan) -> Group | None:
    """The group after the calls of a plan."""
    for call in plan.calls:
        if call.operation == "DeleteGroup":
            there = None
        elif call.operation in ("CreateGroup", "UpdateGroup"):
            there = Group(settings_of(call.arguments), there.members if there else ())
        elif there:
            members = set(there.members or ())
            member = {call.arguments["Username"]}
            joined = members | member if call.operation == "AdminAddUserToGroup" else members - member
            there = replace(there, members=tuple(sorted(joined)))
    return there


CHANGES: list[tuple[dict[str, Any], Group | None, list[str]]] = [
    ({}, None, ["CreateGroup"]),
    ({"description": "May read", "precedence": 0, "role_arn": ROLE}, None, ["CreateGroup"]),
    ({"members": ["jane", "joe"]}, None, ["CreateGroup", "AdminAddUserToGroup", "AdminAddUserToGroup"]),
    ({"state": "absent"}, None, []),
    ({}, AUDITORS, []),
    ({"description": "May read", "precedence": 0, "members": ["joe"]}, AUDITORS, []),
    ({"precedence": 5}, AUDITORS, ["UpdateGroup"]),
    ({"role_arn": ROLE, "settings_absent": ["description"]}, AUDITORS, ["UpdateGroup"]),
    ({"settings_absent": ["role_arn"]}, AUDITORS, []),
    (
        {"members": ["jim"], "members_absent": ["jane", "jack"]},
        AUDITORS,
        ["AdminRemoveUserFromGroup", "AdminAddUserToGroup"],
    ),
    ({"state": "absent", "remove_members": True}, AUDITORS, ["DeleteGroup"]),
    ({"state": "absent"}, Group({}, ()), ["DeleteGroup"]),
]


@pytest.mark.parametrize(("wish", "there", "calls"), CHANGES)
def test_only_what_is_needed_is_called_twice_is_once_and_before_undoes_it(
    wish: dict[str, Any], there: Group | None, calls: list[str]
) -> None:
    plan = planned(wish, there)
    assert [call.operation for call in plan.calls] == calls
    reached = became(there, plan)
    assert not planned(wish, reached).changed
    assert not planned({**plan.after}, reached).changed
    back = planned({**plan.before}, reached)
    assert became(reached, back) == there


def test_what_is_not_named_is_sent_along_because_nothing_says_that_it_stays() -> None:
    (call,) = planned({"precedence": 5}, AUDITORS).calls
    assert call.arguments == {
        "UserPoolId": POOL.id,
        "GroupName": "auditors",
        "Description": "May read",
        "Precedence": 5,
    }


def test_a_deleted_group_comes_back_with_its_members() -> None:
    plan = planned({"state": "absent", "remove_members": True}, AUDITORS)
    assert plan.before == {
        "name": "auditors",
        "state": "present",
        "description": "May read",
        "precedence": 0,
        "members": ["jane", "joe"],
    }
    assert planned({**plan.before}, None).before == {"name": "auditors", "state": "absent", "remove_members": True}


@pytest.mark.parametrize(
    ("wish", "there", "says"),
    [
        ({"state": "absent"}, AUDITORS, "has 2 members (jane, joe)"),
        ({"state": "absent", "precedence": 1}, AUDITORS, "precedence means nothing"),
        ({"state": "absent", "members": ["jane"]}, AUDITORS, "members means nothing"),
        ({"remove_members": True}, AUDITORS, "is for state: absent"),
        ({"name": "two words"}, None, "cannot be the name of a group: it has U+0020 in it, a blank"),
        ({"name": "a\u200b"}, None, "cannot be the name of a group: it has U+200B in it"),
        ({"members": ["ja\x1bne"]}, AUDITORS, r"'ja\x1bne' cannot be the name of a user: it has U+001B in it"),
        ({"precedence": -1}, None, "give 0 or more"),
        ({"description": ""}, None, "settings_absent to remove it"),
        ({"description": "x" * 2049}, None, "has 2049 characters"),
        ({"role_arn": "auditors"}, None, "not the ARN of an IAM role"),
        ({"role_arn": ROLE, "settings_absent": ["role_arn"]}, None, "in two ways"),
        ({"members": ["jane"], "members_absent": ["jane"]}, None, "in members and in members_absent"),
    ],
)
def test_what_would_go_wrong_is_refused(wish: dict[str, Any], there: Group | None, says: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(wish, there)
    assert says in str(refused.value)


def test_members_who_are_no_users_are_refused() -> None:
    with pytest.raises(Refused, match="no user jim"):
        planned({"members": ["jim"]}, AUDITORS, unknown=("jim",))


class Kept:
    """An AWS whose group has a description, whatever was written."""

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        assert (service, operation, arguments["GroupName"]) == ("cognito-idp", "GetGroup", "auditors")
        return {"Group": {"GroupName": "auditors", SETTINGS["description"]: "May read"}}

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        raise AssertionError(operation)


def test_a_setting_that_cognito_keeps_is_told() -> None:
    plan = planned({"settings_absent": ["description"]}, AUDITORS)
    with pytest.raises(Refused, match="Cognito kept description"):
        confirm_group(Kept(), POOL, Target("auditors"), plan)
    assert confirm_group(Kept(), POOL, Target("auditors"), planned({}, AUDITORS)) == {}
