# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cognito: signing in with a password, and the challenge of a temporary one.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
The flows that prove the password without sending it (SRP), or that functions decide (CUSTOM_AUTH), are not here: moto
lets everybody in there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from moto.cognitoidp.models import UserStatus

from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services.cognito_attributes import invalid
from local_aws.services.cognito_idp import paged
from local_aws.services.cognito_passwords import CHANGED, Policy
from local_aws.services.cognito_state import Client, Cognito, Event, Pool, Session
from local_aws.services.cognito_tokens import grant, refresh

_REFRESHING = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
# What of a client's ExplicitAuthFlows lets a flow in: today's name, and the one of old.
_LETS_IN = {
    "USER_PASSWORD_AUTH": {"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"},
    "ADMIN_USER_PASSWORD_AUTH": {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"},
    "ADMIN_NO_SRP_AUTH": {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"},
}
# botocore, CreateUserPoolClient, ExplicitAuthFlows: "If you don't specify a value".
_DEFAULT_FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")
_WATCHED = ("AUDIT", "ENFORCED")


def refused(text: str) -> AwsError:
    return AwsError("NotAuthorizedException", text)


def check_secret_hash(client: Client, name: str, sent: str | None) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html, SecretHash"""
    if not client.generate_secret:
        return
    if not sent:
        raise refused(f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    digest = hmac.new(client.secret.encode(), f"{name}{client.id}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), sent):
        raise refused(f"Unable to verify secret hash for client {client.id}")


def _required(sent: Mapping[str, Any], name: str) -> str:
    if not sent.get(name):
        raise invalid(f"Missing required parameter {name}")
    return str(sent[name])


@rule("cognito-idp", "InitiateAuth", "AdminInitiateAuth")
def initiate_auth(call: Call) -> Result:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html"""
    cognito = Cognito(call)
    pool, client = cognito.client(call.arguments["ClientId"], call.arguments.get("UserPoolId"))
    flow = str(call.arguments["AuthFlow"])
    sent = call.arguments.get("AuthParameters") or {}
    allowed = client.extended_config.get("ExplicitAuthFlows") or _DEFAULT_FLOWS
    if flow in _REFRESHING:
        # The names of old can not be mixed with today's, and had none for refreshing.
        if "ALLOW_REFRESH_TOKEN_AUTH" not in allowed and any(name.startswith("ALLOW_") for name in allowed):
            raise invalid("Auth flow not enabled for this client")
        return refresh(cognito, pool, client, _required(sent, "REFRESH_TOKEN"))
    if flow not in _LETS_IN:
        raise AwsError("NotImplemented", f"the embedded AWS does not implement the flow {flow}", 501)
    if flow.startswith("ADMIN_") is not (call.operation == "AdminInitiateAuth"):
        raise invalid("Initiate Auth method not supported.")
    if not _LETS_IN[flow] & set(allowed):
        raise invalid(
            "USER_PASSWORD_AUTH flow not enabled for this client"
            if flow == "USER_PASSWORD_AUTH"
            else "Auth flow not enabled for this client"
        )
    return _with_password(cognito, pool, client, sent)


def _with_password(cognito: Cognito, pool: Pool, client: Client, sent: Mapping[str, Any]) -> Result:
    name, password = _required(sent, "USERNAME"), _required(sent, "PASSWORD")
    check_secret_hash(client, name, sent.get("SECRET_HASH"))
    user = pool._get_user(name)
    if user is None:
        # botocore, PreventUserExistenceErrors: "Defaults to LEGACY", which tells that there is no such user.
        if client.extended_config.get("PreventUserExistenceErrors") == "ENABLED":
            raise refused("Incorrect username or password.")
        raise AwsError("UserNotFoundException", "User does not exist.")
    event = Event("SignIn", cognito.date, "Fail")
    cognito.person(user).events.append(event)
    if not user.enabled:
        raise refused("User is disabled.")
    if user.status is UserStatus.RESET_REQUIRED:
        raise AwsError("PasswordResetRequiredException", "Password reset required for the user")
    if not hmac.compare_digest(str(user.password).encode(), password.encode()):
        event.password = "Failure"
        raise refused("Incorrect username or password.")
    if user.status is UserStatus.UNCONFIRMED:
        raise AwsError("UserNotConfirmedException", "User is not confirmed.")
    if cognito.is_expired(pool, user):
        raise refused("Temporary password has expired and must be reset by an administrator.")
    event.password = "Success"
    if user.status is UserStatus.FORCE_CHANGE_PASSWORD:
        shown = {key: value for key, value in user.attribute_lookup.items() if key != "sub"}
        parameters = {
            "USER_ID_FOR_SRP": user.username,
            "requiredAttributes": "[]",
            "userAttributes": json.dumps(shown),
        }
        return _challenge(cognito, Session("NEW_PASSWORD_REQUIRED", pool, client, user, 0.0, event), parameters)
    if user.preferred_mfa_setting:
        parameters = {"USER_ID_FOR_SRP": user.username}
        return _challenge(cognito, Session(user.preferred_mfa_setting, pool, client, user, 0.0, event), parameters)
    event.response = "Pass"
    return {"ChallengeParameters": {}, "AuthenticationResult": grant(cognito, pool, client, user)}


def _challenge(cognito: Cognito, session: Session, parameters: Mapping[str, str]) -> Result:
    """botocore, AuthSessionValidity: "the duration, in minutes, of that session token"; 3 is its default."""
    session.event.response = "InProgress"
    minutes = int(session.client.extended_config.get("AuthSessionValidity") or 3)
    session.expires_at = cognito.now + minutes * 60
    token = secrets.token_urlsafe(48)
    cognito.directory.sessions[token] = session
    return {"ChallengeName": session.challenge, "Session": token, "ChallengeParameters": dict(parameters)}


@rule("cognito-idp", "RespondToAuthChallenge", "AdminRespondToAuthChallenge")
def respond_to_auth_challenge(call: Call) -> Result:
    """The new password of who came with a temporary one; a session is good once.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
    """
    cognito = Cognito(call)
    pool, client = cognito.client(call.arguments["ClientId"], call.arguments.get("UserPoolId"))
    sent = call.arguments.get("ChallengeResponses") or {}
    token = str(call.arguments.get("Session") or "")
    session = cognito.directory.sessions.get(token)
    if session is None or session.client is not client or pool.users.get(session.user.username) is not session.user:
        raise refused("Invalid session for the user.")
    if cognito.now >= session.expires_at:
        raise refused("Invalid session for the user, session is expired.")
    if call.arguments["ChallengeName"] != session.challenge:
        raise invalid("Invalid challenge name for the session.")
    if session.challenge != "NEW_PASSWORD_REQUIRED":
        challenge = session.challenge
        raise AwsError("NotImplemented", f"the embedded AWS does not implement the answer to {challenge}", 501)
    name, password = _required(sent, "USERNAME"), _required(sent, "NEW_PASSWORD")
    check_secret_hash(client, name, sent.get("SECRET_HASH"))
    user = session.user
    if pool._get_user(name) is not user:
        raise refused("Invalid session for the user.")
    if not user.enabled:
        raise refused("User is disabled.")
    Policy.of(pool.extended_config).check(password, CHANGED)
    del cognito.directory.sessions[token]
    cognito.set_password(user, password, UserStatus.CONFIRMED)
    session.event.response = "Pass"
    return {"ChallengeParameters": {}, "AuthenticationResult": grant(cognito, pool, client, user)}


@rule("cognito-idp", "AdminListUserAuthEvents")
def admin_list_user_auth_events(call: Call) -> Result:
    """A user's history, the newest first, where threat protection watches.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListUserAuthEvents.html;
    MaxResults: "Returns 60 events if you set MaxResults to 0" (botocore).
    """
    cognito = Cognito(call)
    pool, user = cognito.named(call)
    if (pool.extended_config.get("UserPoolAddOns") or {}).get("AdvancedSecurityMode") not in _WATCHED:
        raise AwsError("UserPoolAddOnNotEnabledException", "User pool add-on is not enabled.")
    events = [_shown(event) for event in reversed(cognito.person(user).events)]
    return paged(call, "AuthEvents", events, "MaxResults", "NextToken")


def _shown(event: Event) -> Result:
    asked = [{"ChallengeName": "Password", "ChallengeResponse": event.password}] if event.password else []
    return {
        "EventId": event.id,
        "EventType": event.kind,
        "CreationDate": event.moment,
        "EventResponse": event.response,
        "EventRisk": {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": False},
        "ChallengeResponses": asked,
        "EventContextData": {"IpAddress": "127.0.0.1"},
    }
