# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cognito: tokens. How long they live is the app client's; what is revoked is refused here, and nowhere else.

"User pool JWTs are self-contained with a signature and expiration time [...] revoked tokens will still be valid if they
are verified using any JWT library that verifies the signature and expiration of the token":
https://docs.aws.amazon.com/cognito/latest/developerguide/token-revocation.html
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from moto.cognitoidp import models
from moto.cognitoidp.models import UserStatus

from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services import cognito_attributes as attributes
from local_aws.services.cognito_passwords import CHANGED, Policy
from local_aws.services.cognito_state import Access, Client, Cognito, Grant, Pool, User

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
# What a client has that says nothing, and the unit of a number without one (botocore, CreateUserPoolClient).
_DEFAULTS = {"AccessToken": (1, "hours"), "IdToken": (1, "hours"), "RefreshToken": (30, "days")}
_BOOLEANS = ("email_verified", "phone_number_verified")


def lifetime(client: Client, token: str) -> int:
    """Seconds that a token of this client lives: AccessToken, IdToken or RefreshToken.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    number, unit = _DEFAULTS[token]
    units = client.extended_config.get("TokenValidityUnits") or {}
    given = int(client.extended_config.get(f"{token}Validity") or number)
    return given * _UNITS[str(units.get(token) or unit)]


def grant(cognito: Cognito, pool: Pool, client: Client, user: User) -> Result:
    """The three tokens of a sign-in: AuthenticationResultType."""
    given = Grant(pool, client, user, str(uuid.uuid4()), cognito.now, cognito.now + lifetime(client, "RefreshToken"))
    token = secrets.token_urlsafe(96)
    cognito.directory.grants[token] = given
    return {**_tokens(cognito, given), "RefreshToken": token}


def refresh(cognito: Cognito, pool: Pool, client: Client, token: str) -> Result:
    """New access and ID tokens for a refresh token that is neither revoked nor too old.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html; a
    reset of the password is no way to revoke (token-revocation.html has them all), but InitiateAuth answers
    PasswordResetRequiredException until it is done (botocore).
    """
    given = cognito.directory.grants.get(token)
    if given is None or given.pool is not pool or given.client is not client:
        raise AwsError("NotAuthorizedException", "Invalid Refresh Token")
    if given.revoked:
        raise AwsError("NotAuthorizedException", "Refresh Token has been revoked")
    if cognito.now >= given.expires_at:
        raise AwsError("NotAuthorizedException", "Refresh Token has expired")
    if given.user.status is UserStatus.RESET_REQUIRED:
        raise AwsError("PasswordResetRequiredException", "Password reset required for the user")
    return {"ChallengeParameters": {}, "AuthenticationResult": _tokens(cognito, given)}


def _tokens(cognito: Cognito, given: Grant) -> Result:
    """The claims are those of
    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html and
    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
    """
    pool, client, user = given.pool, given.client, given.user
    groups = [group.group_name for group in pool.groups.values() if group in user.groups]
    common: Result = {
        "sub": user.id,
        "iss": f"https://cognito-idp.{pool.region}.amazonaws.com/{pool.id}",
        "origin_jti": given.origin,
        "event_id": str(uuid.uuid4()),
        "auth_time": int(given.signed_in_at),
        "iat": int(cognito.now),
        **({"cognito:groups": groups} if groups else {}),
    }
    access = {
        **common,
        "token_use": "access",
        "client_id": client.id,
        "scope": "aws.cognito.signin.user.admin",
        "username": user.username,
    }
    identity = {
        **_readable(client, user),
        **common,
        "token_use": "id",
        "aud": client.id,
        "cognito:username": user.username,
    }
    seconds = lifetime(client, "AccessToken")
    token = _signed(pool, access, cognito.now + seconds)
    cognito.directory.access[token] = Access(given, cognito.now + seconds)
    # moto answers what a user does about their second factor, and knows them by this.
    pool.access_tokens[token] = (client.id, user.username)
    return {
        "AccessToken": token,
        "IdToken": _signed(pool, identity, cognito.now + lifetime(client, "IdToken")),
        "ExpiresIn": seconds,
        "TokenType": "Bearer",
    }


def _readable(client: Client, user: User) -> Result:
    """The attributes that the client may read; all, when it says nothing (botocore, ReadAttributes)."""
    only = client.extended_config.get("ReadAttributes")
    shown: Result = {name: value for name, value in user.attribute_lookup.items() if not only or name in only}
    return {name: value.lower() == "true" if name in _BOOLEANS else value for name, value in shown.items()}


def _signed(pool: Pool, claims: Result, expires_at: float) -> str:
    header = {"kid": "dummy", "alg": "RS256"}  # the name of moto's key in the pool's jwks.json
    token: Any = models.jwt.encode(
        header, {**claims, "exp": int(expires_at), "jti": str(uuid.uuid4())}, pool.json_web_key
    )
    return str(token)


def bearer(call: Call) -> tuple[Cognito, Grant]:
    """Whose access token a call carries; NotAuthorizedException when it is none, revoked or too old."""
    cognito = Cognito(call)
    access = cognito.directory.access.get(str(call.arguments.get("AccessToken")))
    if access is None:
        raise AwsError("NotAuthorizedException", "Invalid Access Token")
    given = access.grant
    if given.pool.users.get(given.user.username) is not given.user:
        raise AwsError("UserNotFoundException", "User does not exist.")
    if given.revoked:
        raise AwsError("NotAuthorizedException", "Access Token has been revoked")
    if cognito.now >= access.expires_at:
        raise AwsError("NotAuthorizedException", "Access Token has expired")
    return cognito, given


@rule("cognito-idp", "GetUser")
def get_user(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html"""
    user = bearer(call)[1].user
    shown: Result = user.to_json(extended=True, attributes_key="UserAttributes")
    return shown


@rule("cognito-idp", "GlobalSignOut")
def global_sign_out(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GlobalSignOut.html"""
    cognito, given = bearer(call)
    cognito.revoke(given.user)
    return {}


@rule("cognito-idp", "RevokeToken")
def revoke_token(call: Call) -> Result:
    """One sign-in ends, the others of the user go on; moto has no such operation.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html
    """
    cognito = Cognito(call)
    _pool, client = cognito.client(call.arguments["ClientId"])
    given = cognito.directory.grants.get(str(call.arguments["Token"]))
    if given is not None and given.client is client:
        given.revoked = True
    return {}


@rule("cognito-idp", "ChangePassword")
def change_password(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ChangePassword.html"""
    cognito, given = bearer(call)
    if given.user.password != call.arguments.get("PreviousPassword"):
        raise AwsError("NotAuthorizedException", "Incorrect username or password.")
    Policy.of(given.pool.extended_config).check(call.arguments["ProposedPassword"], CHANGED)
    cognito.set_password(given.user, call.arguments["ProposedPassword"], UserStatus.CONFIRMED)
    return {}


@rule("cognito-idp", "UpdateUserAttributes")
def update_user_attributes(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html"""
    cognito, given = bearer(call)
    attributes.update(given.pool, given.user, attributes.given(call.arguments["UserAttributes"]))
    cognito.touch(given.user)
    return {}


@rule("cognito-idp", "AssociateSoftwareToken", "VerifySoftwareToken", "SetUserMFAPreference")
def second_factor(call: Call) -> None:
    """moto answers, to a token that still counts."""
    if call.arguments.get("AccessToken"):
        bearer(call)
