# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cognito: what an administrator does to users. moto takes any password and any address, and RESEND makes a second user."""

from __future__ import annotations

from moto.cognitoidp.models import CognitoIdpUser, UserStatus

from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services import cognito_attributes as attributes
from local_aws.services.cognito_passwords import CHANGED, MADE, Policy
from local_aws.services.cognito_state import Cognito, Pool, User, holder

_ADDRESSES = {"EMAIL": "email", "SMS": "phone_number"}


@rule("cognito-idp", "AdminCreateUser")
def admin_create_user(call: Call) -> Result:
    """A new user with a temporary password, or a new password for one who never used theirs.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
    """
    cognito = Cognito(call)
    pool = cognito.pool(call.arguments["UserPoolId"])
    policy = Policy.of(pool.extended_config)
    password = call.arguments.get("TemporaryPassword") or policy.generate()
    policy.check(password, MADE)
    action = call.arguments.get("MessageAction")
    user = _invited(cognito, pool, call) if action == "RESEND" else _new(cognito, pool, call)
    cognito.set_password(user, password, UserStatus.FORCE_CHANGE_PASSWORD)
    if action != "SUPPRESS":
        _invite(cognito, pool, user, call)
    return {"User": user.to_json(extended=True)}


def _invited(cognito: Cognito, pool: Pool, call: Call) -> User:
    """botocore, MessageAction: "Set to RESEND to resend the invitation message to a user that already exists, and to
    reset the temporary-password duration with a new temporary password".
    """
    user = cognito.user(pool, call.arguments["Username"])
    if user.status is not UserStatus.FORCE_CHANGE_PASSWORD:
        raise AwsError(
            "UnsupportedUserStateException",
            f"Resend not possible. {user.username} status is not FORCE_CHANGE_PASSWORD",
        )
    return user


def _new(cognito: Cognito, pool: Pool, call: Call) -> User:
    """The user, who is in the pool from now on."""
    wanted = attributes.given(call.arguments.get("UserAttributes"))
    name = call.arguments["Username"]
    naming = attributes.named_by(pool, name)
    wanted.update(naming)
    attributes.check(pool, wanted, new=True)
    for kind in naming:
        if holder(pool, kind, name) is not None:
            raise AwsError("UsernameExistsException", f"An account with the given {kind} already exists.")
    if pool._get_user(name) is not None:
        raise AwsError("UsernameExistsException", "User account already exists")
    if call.arguments.get("ForceAliasCreation"):
        attributes.take_aliases(pool, wanted)
    attributes.refuse_taken_alias(pool, wanted, None, "An account with the {} already exists.")
    user = CognitoIdpUser(
        pool.id,
        None if naming else name,
        None,
        UserStatus.FORCE_CHANGE_PASSWORD,
        [{"Name": key, "Value": value} for key, value in wanted.items()],
    )
    user.create_date = cognito.date
    pool.users[user.username] = user
    return user


def _invite(cognito: Cognito, pool: Pool, user: User, call: Call) -> None:
    """botocore, DesiredDeliveryMediums: "The default value is SMS. You can specify more than one value". A user who has
    no address of that kind gets nothing.
    """
    for medium in call.arguments.get("DesiredDeliveryMediums") or ["SMS"]:
        attribute = _ADDRESSES[medium]
        if user.attribute_lookup.get(attribute):
            cognito.send(pool, user, attribute, "Your temporary password", user.password)


@rule("cognito-idp", "AdminSetUserPassword")
def admin_set_user_password(call: Call) -> Result:
    """Permanent: the user is CONFIRMED; else they are in FORCE_CHANGE_PASSWORD and the new password ages.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html
    """
    cognito = Cognito(call)
    pool, user = cognito.named(call)
    Policy.of(pool.extended_config).check(call.arguments["Password"], CHANGED)
    permanent = bool(call.arguments.get("Permanent"))
    status = UserStatus.CONFIRMED if permanent else UserStatus.FORCE_CHANGE_PASSWORD
    cognito.set_password(user, call.arguments["Password"], status)
    return {}


@rule("cognito-idp", "AdminUpdateUserAttributes")
def admin_update_user_attributes(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html"""
    cognito = Cognito(call)
    pool, user = cognito.named(call)
    attributes.update(pool, user, attributes.given(call.arguments["UserAttributes"]))
    cognito.touch(user)
    return {}


@rule("cognito-idp", "AdminDeleteUserAttributes")
def admin_delete_user_attributes(call: Call) -> Result:
    """One that the user has not is none the less gone; moto refuses it as if the pool had it not.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html
    """
    cognito = Cognito(call)
    pool, user = cognito.named(call)
    names = call.arguments["UserAttributeNames"]
    attributes.check(pool, dict.fromkeys(names, ""), new=False)
    user.delete_attributes([name for name in names if name in user.attribute_lookup])
    cognito.touch(user)
    return {}


@rule("cognito-idp", "AdminDisableUser", "AdminEnableUser")
def admin_enable_or_disable_user(call: Call) -> Result:
    """botocore, AdminDisableUser: "Deactivates a user profile and revokes all access tokens for the user"; that the
    refresh token is revoked too is seen in https://github.com/jagregory/cognito-local/issues/381
    """
    cognito = Cognito(call)
    _pool, user = cognito.named(call)
    user.enabled = call.operation == "AdminEnableUser"
    if not user.enabled:
        cognito.revoke(user)
    cognito.touch(user)
    return {}


@rule("cognito-idp", "AdminDeleteUser")
def admin_delete_user(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html"""
    cognito = Cognito(call)
    pool, user = cognito.named(call)
    for group in list(user.groups):
        group.users.discard(user)
    del pool.users[user.username]
    cognito.forget(user)
    return {}


@rule("cognito-idp", "AdminUserGlobalSignOut")
def admin_user_global_sign_out(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUserGlobalSignOut.html"""
    cognito = Cognito(call)
    _pool, user = cognito.named(call)
    cognito.revoke(user)
    return {}
