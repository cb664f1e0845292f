# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cognito: what a user does with a code that was sent to them. moto takes every code.

Codes of a forgotten password live an hour, those of a new account a day:
https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html
"""

from __future__ import annotations

import secrets

from moto.cognitoidp.models import CognitoIdpUser, UserStatus

from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services import cognito_attributes as attributes
from local_aws.services.cognito_passwords import CHANGED, MADE, Policy
from local_aws.services.cognito_sign_in import check_secret_hash, refused
from local_aws.services.cognito_state import Client, Code, Cognito, Pool, User, holder, verified

_HOUR = 3600.0
_DAY = 24 * _HOUR
# What stands for a pool without AccountRecoverySetting: "the legacy behavior [...] where SMS is preferred through email"
# (botocore, CreateUserPool, AccountRecoverySetting).
_LEGACY = ({"Name": "verified_phone_number", "Priority": 1}, {"Name": "verified_email", "Priority": 2})


def _send(cognito: Cognito, pool: Pool, user: User, attribute: str, seconds: float) -> Result:
    """A new code to the user's address; CodeDeliveryDetailsType says where it went, but not wholly."""
    code = Code(f"{secrets.randbelow(10**6):06}", attribute, cognito.now + seconds)
    cognito.person(user).code = code
    cognito.send(pool, user, attribute, "Your verification code", code.text)
    value = str(user.attribute_lookup[attribute])
    where, _at, domain = value.partition("@")
    hidden = f"{where[0]}***@{domain[0]}***" if domain else f"+*******{value[-4:]}"
    return {
        "Destination": hidden,
        "DeliveryMedium": "EMAIL" if attribute == "email" else "SMS",
        "AttributeName": attribute,
    }


def _take(cognito: Cognito, user: User, sent: str) -> Code:
    """The code that was sent, which is good once."""
    person = cognito.person(user)
    code = person.code
    if code is None or cognito.now >= code.expires_at:
        raise AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")
    if not secrets.compare_digest(code.text, sent):
        raise AwsError("CodeMismatchException", "Invalid verification code provided, please try again.")
    person.code = None
    return code


def _recover(cognito: Cognito, pool: Pool, user: User) -> Result:
    """Send the code that lets the user choose a new password.

    https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html: a user in
    FORCE_CHANGE_PASSWORD, or without a verified address or number, can not.
    """
    if not user.enabled:
        raise refused("User is disabled.")
    if user.status not in (UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED):
        raise refused("User password cannot be reset in the current state.")
    ways = (pool.extended_config.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or _LEGACY
    for way in sorted(ways, key=lambda one: int(one["Priority"])):
        if way["Name"] == "admin_only":
            raise refused("Contact administrator to reset password.")
        attribute = str(way["Name"]).removeprefix("verified_")
        if user.attribute_lookup.get(attribute) and verified(user, attribute):
            return _send(cognito, pool, user, attribute, _HOUR)
    raise attributes.invalid(
        "Cannot reset password for the user as there is no registered/verified email or phone_number"
    )


def _of_client(call: Call) -> tuple[Cognito, Pool, Client, User | None]:
    """Whom a public call is about; None when there is no such user and the client must not say so."""
    cognito = Cognito(call)
    pool, client = cognito.client(call.arguments["ClientId"])
    name = call.arguments["Username"]
    check_secret_hash(client, name, call.arguments.get("SecretHash"))
    user = pool._get_user(name)
    if user is None and client.extended_config.get("PreventUserExistenceErrors") != "ENABLED":
        raise AwsError("UserNotFoundException", "Username/client id combination not found.")
    return cognito, pool, client, user


@rule("cognito-idp", "ForgotPassword")
def forgot_password(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html

    botocore, PreventUserExistenceErrors: "password recovery return a response indicating a code was sent to a simulated
    destination".
    """
    cognito, pool, _client, user = _of_client(call)
    if user is None:
        simulated = {"Destination": "u***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
        return {"CodeDeliveryDetails": simulated}
    return {"CodeDeliveryDetails": _recover(cognito, pool, user)}


@rule("cognito-idp", "ConfirmForgotPassword")
def confirm_forgot_password(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html"""
    cognito, pool, _client, user = _of_client(call)
    if user is None:
        raise AwsError("CodeMismatchException", "Invalid verification code provided, please try again.")
    Policy.of(pool.extended_config).check(call.arguments["Password"], CHANGED)
    _take(cognito, user, call.arguments["ConfirmationCode"])
    cognito.set_password(user, call.arguments["Password"], UserStatus.CONFIRMED)
    return {}


@rule("cognito-idp", "AdminResetUserPassword")
def admin_reset_user_password(call: Call) -> Result:
    """botocore: "Sets the requested user's account into a RESET_REQUIRED status, and sends them a password-reset code"."""
    cognito = Cognito(call)
    pool, user = cognito.named(call)
    _recover(cognito, pool, user)
    user.status = UserStatus.RESET_REQUIRED
    cognito.touch(user)
    return {}


@rule("cognito-idp", "SignUp")
def sign_up(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html

    The code goes to what the pool verifies, the phone number first:
    https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
    """
    cognito = Cognito(call)
    pool, client = cognito.client(call.arguments["ClientId"])
    name = call.arguments["Username"]
    check_secret_hash(client, name, call.arguments.get("SecretHash"))
    if (pool.extended_config.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
        raise refused("SignUp is not permitted for this user pool")
    naming = attributes.named_by(pool, name)
    wanted = {**attributes.given(call.arguments.get("UserAttributes")), **naming}
    attributes.check(pool, wanted, new=True)
    Policy.of(pool.extended_config).check(call.arguments["Password"], MADE)
    for kind in naming:
        if holder(pool, kind, name) is not None:
            raise AwsError("UsernameExistsException", f"An account with the given {kind} already exists.")
    if pool._get_user(name) is not None:
        raise AwsError("UsernameExistsException", "User already exists")
    pairs = [{"Name": key, "Value": value} for key, value in wanted.items() if not key.endswith("_verified")]
    user = CognitoIdpUser(pool.id, None if naming else name, None, UserStatus.UNCONFIRMED, pairs)
    user.create_date = cognito.date
    pool.users[user.username] = user
    cognito.set_password(user, call.arguments["Password"], UserStatus.UNCONFIRMED)
    answer: Result = {"UserConfirmed": False, "UserSub": user.id}
    for attribute in ("phone_number", "email"):
        if attribute in (pool.extended_config.get("AutoVerifiedAttributes") or ()) and wanted.get(attribute):
            return {**answer, "CodeDeliveryDetails": _send(cognito, pool, user, attribute, _DAY)}
    return answer


@rule("cognito-idp", "ConfirmSignUp", "AdminConfirmSignUp")
def confirm_sign_up(call: Call) -> Result:
    """By the code, or by an administrator without one; the address to which the code went is verified by it.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html
    """
    by_code = call.operation == "ConfirmSignUp"
    if by_code:
        cognito, pool, _client, user = _of_client(call)
        if user is None:
            raise AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")
    else:
        cognito = Cognito(call)
        pool, user = cognito.named(call)
    if user.status is not UserStatus.UNCONFIRMED:
        raise refused(f"User cannot be confirmed. Current status is {user.status.value}")
    if by_code:
        attribute = _take(cognito, user, call.arguments["ConfirmationCode"]).attribute
        known = {f"{attribute}_verified": "true"}
        attributes.refuse_taken_alias(pool, known, user, "An account with the {} already exists.")
        user.update_attributes([{"Name": name, "Value": value} for name, value in known.items()])
    user.status = UserStatus.CONFIRMED
    cognito.touch(user)
    return {}
