# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A user pool as a value, and what the calls of a plan make of one of its users.

No rules of AWS are in it (those are the embedded AWS's), only what each call says by its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._cognito import Attribute, Pool, Tokens, User
from ansible_collections.runbook.aws.plugins.module_utils._cognito_handover import FILE, PASSWORD, Handover
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user import read_targets
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user_plan import Context, State, UserPlan, plan_user
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call
from ansible_collections.runbook.aws.plugins.modules.cognito_user import SPEC

NOW = datetime(2026, 1, 31, 6, 0, tzinfo=UTC)
GROUPS = ("administrators", "auditors", "engineers")
SCHEMA = {
    attribute.name: attribute
    for attribute in (
        Attribute("email", lengths=(0, 2048)),
        Attribute("email_verified", "Boolean"),
        Attribute("phone_number", lengths=(0, 2048)),
        Attribute("phone_number_verified", "Boolean"),
        Attribute("given_name", lengths=(0, 2048)),
        Attribute("preferred_username"),
        Attribute("custom:badge", mutable=False, lengths=(1, 8)),
        Attribute("custom:floor", "Number", values=(1, 40)),
        Attribute("custom:remote", "Boolean"),
        Attribute("family_name", required=True),
    )
}
POOL = Pool("us-east-1_pool", "users", NOW, schema=SCHEMA)
BY_EMAIL = replace(POOL, username_attributes=("email",), case_sensitive=False)
WITH_ALIAS = replace(POOL, alias_attributes=("email", "preferred_username"), case_sensitive=False)
MAIL = {"email": "jane@example.com", "email_verified": "true"}


def user(**changes: Any) -> User:
    """A user who has been there for long."""
    long_ago = NOW - timedelta(days=100)
    known = User("jane", "CONFIRMED", True, long_ago, long_ago, dict(MAIL), "sub-of-jane", ("auditors",))
    return replace(known, **changes)


def invited(days: float, changed: float | None = None) -> User:
    """A user who was made, and perhaps changed, so many days ago and never signed in."""
    made = NOW - timedelta(days=days)
    modified = made if changed is None else NOW - timedelta(days=changed)
    return user(status="FORCE_CHANGE_PASSWORD", created=made, modified=modified)


def planned(
    wish: dict[str, Any],
    there: User | None = None,
    *,
    pool: Pool = POOL,
    handover: Handover | None = None,
    owners: dict[str, str] | None = None,
    secret: bool = False,
    tokens: Tokens | None = None,
    groups: tuple[str, ...] = GROUPS,
) -> UserPlan:
    """The plan for a wish, as the module makes it of its options; every call is one that botocore would send."""
    options = {"user_pool_id": pool.id, "users": [{"name": "jane", **wish}]}
    checked = ArgumentSpecValidator(SPEC).validate(options)
    assert checked.error_messages == []
    (target,) = read_targets(checked.validated_parameters["users"], handover is not None)
    context = Context(pool, groups, handover, tokens or Tokens(3600, 3600, 86_400))
    plan = plan_user(target, State(there, owners or {}, secret), context)
    assert_valid(given(plan.calls))
    return plan


def given(calls: Iterable[Call]) -> list[Call]:
    """The calls to AWS as they are sent, with what earlier ones would have learned."""
    learned = {PASSWORD: "learned", "_username": "made-by-cognito"}
    return [call.given(learned) for call in calls if call.service != FILE]


def operations(plan: UserPlan) -> list[str]:
    return [call.operation for call in plan.calls]


def became(there: User | None, plan: UserPlan) -> User | None:
    """The user after the calls of a plan."""
    for call in given(plan.calls):
        there = _after(there, call.operation, dict(call.arguments))
    return there


def _after(there: User | None, operation: str, arguments: dict[str, Any]) -> User | None:
    listed = {item["Name"]: item["Value"] for item in arguments.get("UserAttributes", ())}
    if operation == "AdminCreateUser" and there is None:
        status = "FORCE_CHANGE_PASSWORD"
        return User(arguments["Username"], status, True, NOW, NOW, listed, "another-sub", ())
    if there is None:
        # A call for others than the user, for example for its secret.
        return None
    groups = set(there.groups or ())
    if operation == "AdminDeleteUser":
        return None
    if operation in ("AdminDisableUser", "AdminEnableUser"):
        return replace(there, enabled=operation == "AdminEnableUser", modified=NOW)
    if operation == "AdminUpdateUserAttributes":
        return replace(there, attributes={**there.attributes, **listed}, modified=NOW)
    if operation == "AdminDeleteUserAttributes":
        gone = arguments["UserAttributeNames"]
        kept = {name: value for name, value in there.attributes.items() if name not in gone}
        return replace(there, attributes=kept, modified=NOW)
    if operation == "AdminAddUserToGroup":
        return replace(there, groups=tuple(sorted(groups | {arguments["GroupName"]})))
    if operation == "AdminRemoveUserFromGroup":
        return replace(there, groups=tuple(sorted(groups - {arguments["GroupName"]})))
    if operation in ("AdminCreateUser", "AdminSetUserPassword"):
        return replace(there, modified=NOW)
    return there
