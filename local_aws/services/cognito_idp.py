# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cognito: groups, and the lists of users and groups in pages, as AWS gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from moto.cognitoidp.models import CognitoIdpUserPoolAttribute as Attribute

from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services.cognito_attributes import invalid
from local_aws.services.cognito_state import Cognito, User

# botocore, QueryLimitType and QueryLimit: "max": 60.
_LARGEST_PAGE = 60

# botocore, ListUsers, Filter: "You can only search for the following standard attributes".
_SEARCHABLE = {
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
}
_FILTER = re.compile(r'\s*([\w:]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*')


def paged(call: Call, name: str, items: Sequence[Any], limit: str, token: str) -> Result:
    """One page of a list; `limit` and `token` are what the operation calls its arguments."""
    asked = call.arguments.get(limit)
    if asked is not None and int(asked) > _LARGEST_PAGE:
        argument = limit[0].lower() + limit[1:]
        raise invalid(
            f"1 validation error detected: Value '{asked}' at '{argument}' failed to satisfy constraint: Member must "
            f"have value less than or equal to {_LARGEST_PAGE}"
        )
    try:
        shown, following = page(items, call.arguments.get(token), asked, _LARGEST_PAGE)
    except AwsError:
        raise invalid("Invalid pagination token.") from None
    return {name: shown, **({token: following} if following else {})}


def _selects(text: str) -> Callable[[User], bool]:
    """The filter of ListUsers as a question to a user.

    https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html
    """
    found = _FILTER.fullmatch(text)
    if found is None:
        raise invalid("Error while parsing filter.")
    name, comparison, value = found[1], found[2], re.sub(r"\\(.)", r"\1", found[3])
    if name not in _SEARCHABLE:
        raise invalid(f"Invalid search attribute: {name}")
    if name == "cognito:user_status":
        value = value.upper()

    def selects(user: User) -> bool:
        known = {
            **user.attribute_lookup,
            "username": user.username,
            "cognito:user_status": user.status.value,
            "status": "Enabled" if user.enabled else "Disabled",
        }.get(name)
        return known is not None and (known == value if comparison == "=" else known.startswith(value))

    return selects


@rule("cognito-idp", "CreateUserPool")
def create_user_pool(call: Call) -> Result:
    """With the standard attributes, which every pool has; moto leaves them out where others are named.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    pool = Cognito(call).pool(call.proceed()["UserPool"]["Id"])
    for name, schema in Attribute.STANDARD_SCHEMA.items():
        pool.schema_attributes.setdefault(name, Attribute(name, False, schema))
    return {"UserPool": pool.to_json(extended=True)}


@rule("cognito-idp", "ListUsers")
def list_users(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html"""
    users = list(Cognito(call).pool(call.arguments["UserPoolId"]).users.values())
    if call.arguments.get("Filter"):
        users = list(filter(_selects(call.arguments["Filter"]), users))
    only = call.arguments.get("AttributesToGet")
    answer = paged(call, "Users", users, "Limit", "PaginationToken")
    return {**answer, "Users": [user.to_json(extended=True, attributes_to_get=only) for user in answer["Users"]]}


@rule("cognito-idp", "ListUsersInGroup")
def list_users_in_group(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html"""
    cognito = Cognito(call)
    pool = cognito.pool(call.arguments["UserPoolId"])
    group = cognito.group(pool, call.arguments["GroupName"])
    answer = paged(call, "Users", [user for user in pool.users.values() if user in group.users], "Limit", "NextToken")
    return {**answer, "Users": [user.to_json(extended=True) for user in answer["Users"]]}


@rule("cognito-idp", "ListGroups")
def list_groups(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html"""
    groups = Cognito(call).pool(call.arguments["UserPoolId"]).groups.values()
    return paged(call, "Groups", [group.to_json() for group in groups], "Limit", "NextToken")


@rule("cognito-idp", "AdminListGroupsForUser")
def admin_list_groups_for_user(call: Call) -> Result:
    """In the pool's order: moto's is that of a set.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListGroupsForUser.html
    """
    pool, user = Cognito(call).named(call)
    groups = [group.to_json() for group in pool.groups.values() if group in user.groups]
    return paged(call, "Groups", groups, "Limit", "NextToken")


@rule("cognito-idp", "CreateGroup", "UpdateGroup")
def put_group(call: Call) -> Result:
    """The dates of a group, by the account's clock (botocore, GroupType)."""
    cognito = Cognito(call)
    pool = cognito.pool(call.arguments["UserPoolId"])
    new = call.operation == "CreateGroup"
    if not new:
        cognito.group(pool, call.arguments["GroupName"])
    call.proceed()
    group = cognito.group(pool, call.arguments["GroupName"])
    group.last_modified_date = cognito.date
    if new:
        group.creation_date = cognito.date
    return {"Group": group.to_json()}


@rule("cognito-idp", "GetGroup", "DeleteGroup", "AdminAddUserToGroup", "AdminRemoveUserFromGroup")
def other_groups(call: Call) -> None:
    """moto's text for a group that is not there is its name."""
    cognito = Cognito(call)
    cognito.group(cognito.pool(call.arguments["UserPoolId"]), call.arguments["GroupName"])
