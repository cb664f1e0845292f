# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Groups of a user pool: the option, what is there, and how a group gets to what is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._cognito import (
    SERVICE,
    Pool,
    Way,
    fetch_members,
    fetch_user,
    name_problem,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target

# The settings of a group by option, in Cognito's words.
SETTINGS = {"description": "Description", "precedence": "Precedence", "role_arn": "RoleArn"}

GROUPS_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "description": {"type": "str"},
        "precedence": {"type": "int"},
        "role_arn": {"type": "str"},
        "settings_absent": {"type": "list", "elements": "str", "choices": list(SETTINGS)},
        "members": {"type": "list", "elements": "str"},
        "members_absent": {"type": "list", "elements": "str"},
        "remove_members": {"type": "bool", "default": False},
    },
}

# What means nothing for a group that shall not be there, beside settings.
_OF_PRESENT = ("settings_absent", "members", "members_absent")

# model, DescriptionType and ArnType.
_LONGEST_DESCRIPTION = 2048
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")


@dataclass(frozen=True)
class Group:
    """A group as it was found.

    Attributes:
        settings: Its settings by option, those that it has.
        members: The usernames of its members; none when they were not read.
    """

    settings: Mapping[str, Any]
    members: tuple[str, ...] | None = None


@dataclass(frozen=True)
class GroupState:
    """What was read for one group.

    Attributes:
        group: The group, or none.
        unknown: Members that are asked for and are no users of the pool.
    """

    group: Group | None
    unknown: tuple[str, ...] = ()


def check(target: Target) -> None:
    """Refuse a wish that makes sense for no pool.

    Raises:
        Refused: It does not.
    """
    name, wish = target.name, target.desired
    if problem := name_problem(name):
        raise Refused(f"{name!r} cannot be the name of a group: {problem}.")
    for member in (*(wish.get("members") or ()), *(wish.get("members_absent") or ())):
        if problem := name_problem(member):
            raise Refused(f"{name}: {member!r} cannot be the name of a user: {problem}.")
    absent = wish.get("settings_absent") or ()
    given = [option for option in SETTINGS if wish.get(option) is not None]
    if wish["state"] == "absent":
        if also := [*given, *(option for option in _OF_PRESENT if wish.get(option))]:
            raise Refused(f"{name}: {', '.join(also)} means nothing with state: absent. Leave it out.")
        return
    if wish.get("remove_members"):
        raise Refused(f"{name}: remove_members is for state: absent. Leave it out.")
    if both := sorted(set(given) & set(absent)):
        raise Refused(f"{name}: {', '.join(both)} is asked for in two ways. Give each setting once.")
    if both := sorted(set(wish.get("members") or ()) & set(wish.get("members_absent") or ())):
        raise Refused(f"{name}: {', '.join(both)} is in members and in members_absent. Give each user once.")
    description, precedence, role = (wish.get(option) for option in SETTINGS)
    if description == "":
        raise Refused(f"{name}: the description is empty. Name it in settings_absent to remove it.")
    if description and len(description) > _LONGEST_DESCRIPTION:
        raise Refused(f"{name}: the description has {len(description)} characters, and Cognito takes 2048.")
    if precedence is not None and precedence < 0:
        raise Refused(f"{name}: precedence is {precedence}: give 0 or more; 0 comes first.")
    if role is not None and not _ROLE.fullmatch(role):
        raise Refused(f"{name}: role_arn {role!r} is not the ARN of an IAM role.")


def fetch_group(aws: Way, pool: Pool, target: Target, groups: Mapping[str, Mapping[str, Any]]) -> GroupState:
    """What the plan of one group needs.

    Args:
        aws: The way to AWS.
        pool: The pool.
        target: An element of the option `groups`.
        groups: All groups of the pool, see `fetch_groups`.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: The wish makes no sense.
    """
    check(target)
    wish, found = target.desired, groups.get(target.name)
    wanted = wish.get("members") or ()
    members = None
    if found is not None and (wanted or wish.get("members_absent") or wish["state"] == "absent"):
        members = tuple(sorted(user.username for user in fetch_members(aws, pool.id, target.name)))
    unknown = tuple(name for name in wanted if name not in (members or ()) and fetch_user(aws, pool.id, name) is None)
    return GroupState(Group(settings_of(found), members) if found is not None else None, unknown)


def settings_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a group as ListGroups gives it, by option."""
    # An empty description is none.
    return {option: found[key] for option, key in SETTINGS.items() if found.get(key) not in (None, "")}


def plan_group(target: Target, state: GroupState, pool: Pool) -> Plan:
    """How to get one group to what is wanted.

    Args:
        target: An element of the option `groups`.
        state: What was found.
        pool: The pool.

    Raises:
        Refused: It has members that would lose it, or a member that is asked for is no user.
    """
    check(target)
    if target.desired["state"] == "absent":
        return _deletion(target, state.group, pool)
    if state.unknown:
        raise Refused(
            f"{target.name}: this pool has no user {', '.join(state.unknown)}. Make them first, or leave them out of"
            " members."
        )
    return _presence(target, state.group, pool)


def _deletion(target: Target, group: Group | None, pool: Pool) -> Plan:
    name = target.name
    after = {"name": name, "state": "absent"}
    if group is None:
        return Plan(after, after)
    members = list(group.members or ())
    if members and not target.desired.get("remove_members"):
        shown = ", ".join(members[:5]) + (", …" if len(members) > 5 else "")
        raise Refused(
            f"{name}: it has {len(members)} members ({shown}), who would lose what it allows. Say remove_members: true;"
            " before keeps them."
        )
    before = {"name": name, "state": "present", **group.settings, **({"members": members} if members else {})}
    return Plan(before, after, (Call(SERVICE, "DeleteGroup", {"UserPoolId": pool.id, "GroupName": name}),))


def _presence(target: Target, group: Group | None, pool: Pool) -> Plan:
    name, wish = target.name, target.desired
    given = {option: wish[option] for option in SETTINGS if wish.get(option) is not None}
    absent, members, others = (list(dict.fromkeys(wish.get(option) or ())) for option in _OF_PRESENT)
    named = {"UserPoolId": pool.id, "GroupName": name}
    after: dict[str, Any] = {"name": name, "state": "present", **given}
    for option, value in (("settings_absent", absent), ("members", members), ("members_absent", others)):
        after.update({option: value} if value else {})
    if group is None:
        before = {"name": name, "state": "absent", **({"remove_members": True} if members else {})}
        make = Call(SERVICE, "CreateGroup", {**named, **_in_words(given)})
        return Plan(before, after, (make, *_of_members("AdminAddUserToGroup", named, members)))
    there = group.members or ()
    before = {"name": name, "state": "present"}
    before |= {option: group.settings[option] for option in (*given, *absent) if option in group.settings}
    for option, value in (
        ("settings_absent", [option for option in (*given, *absent) if option not in group.settings]),
        ("members", [member for member in (*members, *others) if member in there]),
        ("members_absent", [member for member in (*members, *others) if member not in there]),
    ):
        before.update({option: value} if value else {})
    wanted = {key: value for key, value in {**group.settings, **given}.items() if key not in absent}
    # What UpdateGroup does with a setting that is left out, its page does not say. So all are sent, the description as
    # an empty text where it goes; a role or precedence cannot be sent empty, and `confirm_group` looks at them.
    told = {"description": "", **wanted} if "description" in absent else wanted
    calls = (
        *((Call(SERVICE, "UpdateGroup", {**named, **_in_words(told)}),) if wanted != group.settings else ()),
        *_of_members("AdminRemoveUserFromGroup", named, [member for member in others if member in there]),
        *_of_members("AdminAddUserToGroup", named, [member for member in members if member not in there]),
    )
    return Plan(before, after, calls)


def _in_words(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {SETTINGS[option]: value for option, value in settings.items()}


def _of_members(operation: str, named: Mapping[str, str], members: list[str]) -> list[Call]:
    return [Call(SERVICE, operation, {**named, "Username": member}) for member in members]


def confirm_group(aws: Way, pool: Pool, target: Target, plan: Plan) -> dict[str, Any]:
    """Look whether settings that were removed are gone.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: They are not.
    """
    absent = plan.after.get("settings_absent", ())
    if not absent or not any(call.operation == "UpdateGroup" for call in plan.calls):
        return {}
    found = aws.call(SERVICE, "GetGroup", UserPoolId=pool.id, GroupName=target.name)["Group"]
    if kept := [option for option in absent if option in settings_of(found)]:
        raise Refused(
            f"{target.name}: Cognito kept {', '.join(kept)}. Delete the group (remove_members: true) and make it anew from"
            " what before tells."
        )
    return {}
