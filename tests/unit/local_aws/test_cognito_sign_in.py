# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded Cognito: signing in, tokens, signing out, codes, the history of sign-ins, and no secret in the record."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cognito_pools import DAY, Pool, refused
from joserfc import jwk, jwt
from moto.utilities.utils import load_resource

from local_aws.client import Account

PASSWORD = "Passw0rd!"
WRONG = "NotAuthorizedException: Incorrect username or password."
EMAIL = [{"Name": "email", "Value": "a@example.com"}, {"Name": "email_verified", "Value": "true"}]


@pytest.fixture
def pool(account: Account) -> Pool:
    """A pool with one user who has a password of their own and a verified address."""
    pool = Pool(account)
    pool.confirmed("a", PASSWORD, UserAttributes=EMAIL)
    return pool


def claims(token: str) -> dict[str, Any]:
    """What a token says, its signature checked with the pool's public key, as an application does it offline."""
    keys = jwk.KeySet.import_key_set(load_resource("cognitoidp/resources/jwks-public.json"))
    return dict(jwt.decode(token, keys).claims)


@pytest.mark.parametrize(
    ("operation", "flow"),
    [("initiate_auth", "USER_PASSWORD_AUTH"), ("admin_initiate_auth", "ADMIN_USER_PASSWORD_AUTH")],
)
def test_a_temporary_password_asks_for_a_new_one(account: Account, operation: str, flow: str) -> None:
    pool = Pool(account)
    pool.invite("a", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    where = {"ClientId": pool.app, **({"UserPoolId": pool.id} if operation.startswith("admin") else {})}
    begin = getattr(pool.client, operation)
    challenge = begin(AuthFlow=flow, AuthParameters={"USERNAME": "a", "PASSWORD": PASSWORD}, **where)
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert json.loads(challenge["ChallengeParameters"]["userAttributes"]) == {"email": "a@example.com"}
    assert pool.get("a")["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    respond = getattr(pool.client, operation.replace("initiate_auth", "respond_to_auth_challenge"))
    answer = respond(
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "a", "NEW_PASSWORD": "Passw0rd!!"},
        **where,
    )
    assert claims(answer["AuthenticationResult"]["AccessToken"])["username"] == "a"
    assert pool.get("a")["UserStatus"] == "CONFIRMED"
    assert refused(pool.sign_in, "a", PASSWORD) == WRONG
    assert "AuthenticationResult" in pool.sign_in("a", "Passw0rd!!")
    assert refused(pool.answer, "a", "Passw0rd!!!", challenge["Session"]) == (
        "NotAuthorizedException: Invalid session for the user."
    )


def test_a_session_lasts_three_minutes(account: Account) -> None:
    pool = Pool(account)
    pool.invite("a", TemporaryPassword=PASSWORD)
    session = pool.sign_in("a", PASSWORD)["Session"]
    account.advance(180)
    assert refused(pool.answer, "a", "Passw0rd!!", session) == (
        "NotAuthorizedException: Invalid session for the user, session is expired."
    )


def test_a_session_is_for_its_user(account: Account) -> None:
    pool = Pool(account)
    pool.invite("a", TemporaryPassword=PASSWORD)
    pool.invite("b", TemporaryPassword=PASSWORD)
    session = pool.sign_in("a", PASSWORD)["Session"]
    refused_as = "NotAuthorizedException: Invalid session for the user."
    assert refused(pool.answer, "b", "Passw0rd!!", session) == refused_as
    pool.admin("admin_delete_user", Username="a")()
    assert refused(pool.answer, "a", "Passw0rd!!", session) == refused_as
    pool.admin("admin_disable_user", Username="b")()
    assert refused(pool.sign_in, "b", PASSWORD) == "NotAuthorizedException: User is disabled."


def test_who_does_not_get_in(pool: Pool) -> None:
    assert refused(pool.sign_in, "a", "wrong") == WRONG
    assert refused(pool.sign_in, "b", PASSWORD) == "UserNotFoundException: User does not exist."
    pool.app = pool.add_app(PreventUserExistenceErrors="ENABLED")
    assert refused(pool.sign_in, "b", PASSWORD) == WRONG
    pool.admin("admin_disable_user", Username="a")()
    assert refused(pool.sign_in, "a", PASSWORD) == "NotAuthorizedException: User is disabled."
    pool.admin("admin_enable_user", Username="a")()
    assert "AuthenticationResult" in pool.sign_in("a", PASSWORD)
    pool.app = "none"
    assert refused(pool.sign_in, "a", PASSWORD) == "ResourceNotFoundException: User pool client none does not exist."


def test_a_client_lets_in_by_the_flows_that_it_names(pool: Pool) -> None:
    pool.app = pool.add_app(ExplicitAuthFlows=[])
    assert refused(pool.sign_in, "a", PASSWORD) == (
        "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client"
    )
    parameters = {"USERNAME": "a", "PASSWORD": PASSWORD}
    begin = pool.admin("admin_initiate_auth", ClientId=pool.app, AuthParameters=parameters)
    assert refused(begin, AuthFlow="ADMIN_USER_PASSWORD_AUTH") == (
        "InvalidParameterException: Auth flow not enabled for this client"
    )
    assert refused(begin, AuthFlow="USER_PASSWORD_AUTH") == (
        "InvalidParameterException: Initiate Auth method not supported."
    )
    assert refused(begin, AuthFlow="USER_SRP_AUTH").startswith("NotImplemented")
    pool.app = pool.add_app(ExplicitAuthFlows=["USER_PASSWORD_AUTH"])
    assert pool.refresh(pool.tokens("a", PASSWORD)["RefreshToken"])
    pool.app = pool.add_app(ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])
    assert refused(pool.refresh, pool.tokens("a", PASSWORD)["RefreshToken"]) == (
        "InvalidParameterException: Auth flow not enabled for this client"
    )


def test_a_client_with_a_secret_wants_its_proof(pool: Pool) -> None:
    made = pool.client.create_user_pool_client(
        UserPoolId=pool.id, ClientName="s", GenerateSecret=True, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]
    pool.app = made["ClientId"]
    assert refused(pool.sign_in, "a", PASSWORD) == (
        f"NotAuthorizedException: Client {pool.app} is configured with secret but SECRET_HASH was not received"
    )
    digest = hmac.new(made["ClientSecret"].encode(), f"a{pool.app}".encode(), hashlib.sha256).digest()

    def sign_in(proof: str) -> Any:
        parameters = {"USERNAME": "a", "PASSWORD": PASSWORD, "SECRET_HASH": proof}
        return pool.client.initiate_auth(ClientId=pool.app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)

    assert refused(sign_in, "wrong") == f"NotAuthorizedException: Unable to verify secret hash for client {pool.app}"
    assert "AuthenticationResult" in sign_in(base64.b64encode(digest).decode())


def test_what_the_tokens_say(pool: Pool) -> None:
    for group in ("g1", "g2"):
        pool.client.create_group(UserPoolId=pool.id, GroupName=group)
        pool.client.admin_add_user_to_group(UserPoolId=pool.id, Username="a", GroupName=group)
    tokens = pool.tokens("a", PASSWORD)
    access, identity = claims(tokens["AccessToken"]), claims(tokens["IdToken"])
    assert (tokens["TokenType"], tokens["ExpiresIn"]) == ("Bearer", 3600)
    assert access["iss"] == identity["iss"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool.id}"
    assert (access["token_use"], access["client_id"], access["username"]) == ("access", pool.app, "a")
    assert (identity["token_use"], identity["aud"], identity["cognito:username"]) == ("id", pool.app, "a")
    assert (identity["email"], identity["email_verified"]) == ("a@example.com", True)
    assert access["cognito:groups"] == identity["cognito:groups"] == ["g1", "g2"]
    assert access["sub"] == identity["sub"] == pool.attributes("a")["sub"]
    assert access["origin_jti"] == identity["origin_jti"]


@pytest.mark.parametrize(
    ("app", "access", "identity", "refresh"),
    [
        ({}, 3600, 3600, 30 * DAY),
        ({"AccessTokenValidity": 2, "IdTokenValidity": 3, "RefreshTokenValidity": 1}, 7200, 10_800, DAY),
        (
            {
                "AccessTokenValidity": 5,
                "IdTokenValidity": 600,
                "RefreshTokenValidity": 90,
                "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "seconds", "RefreshToken": "minutes"},
            },
            300,
            600,
            5400,
        ),
    ],
)
def test_how_long_tokens_live(account: Account, app: dict[str, Any], access: int, identity: int, refresh: int) -> None:
    pool = Pool(account, app)
    pool.confirmed("a", PASSWORD)
    account.advance(1000)
    tokens = pool.tokens("a", PASSWORD)
    assert tokens["ExpiresIn"] == access
    shown = claims(tokens["AccessToken"])
    assert shown["iat"] == pytest.approx(time.time() + 1000, abs=30)
    assert shown["exp"] - shown["iat"] == pytest.approx(access, abs=1)
    assert claims(tokens["IdToken"])["exp"] - shown["iat"] == pytest.approx(identity, abs=1)
    assert pool.client.get_user(AccessToken=tokens["AccessToken"])["Username"] == "a"
    account.advance(access)
    assert refused(pool.client.get_user, AccessToken=tokens["AccessToken"]) == (
        "NotAuthorizedException: Access Token has expired"
    )
    renewed = pool.refresh(tokens["RefreshToken"])
    assert "RefreshToken" not in renewed
    assert pool.client.get_user(AccessToken=renewed["AccessToken"])["Username"] == "a"
    account.advance(refresh - access)
    assert refused(pool.refresh, tokens["RefreshToken"]) == "NotAuthorizedException: Refresh Token has expired"


@pytest.mark.parametrize("how", ["admin_user_global_sign_out", "global_sign_out", "admin_disable_user"])
def test_signing_out_revokes_but_a_token_checked_offline_is_good_until_it_expires(pool: Pool, how: str) -> None:
    one, two = pool.tokens("a", PASSWORD), pool.tokens("a", PASSWORD)
    if how == "global_sign_out":
        pool.client.global_sign_out(AccessToken=one["AccessToken"])
    else:
        pool.admin(how, Username="a")()
    for tokens in (one, two):
        assert refused(pool.refresh, tokens["RefreshToken"]) == (
            "NotAuthorizedException: Refresh Token has been revoked"
        )
        assert refused(pool.client.get_user, AccessToken=tokens["AccessToken"]) == (
            "NotAuthorizedException: Access Token has been revoked"
        )
        assert claims(tokens["AccessToken"])["exp"] > pool.account.now() + 3000
    if how == "admin_disable_user":
        pool.admin("admin_enable_user", Username="a")()
    assert pool.refresh(pool.tokens("a", PASSWORD)["RefreshToken"])


def test_one_sign_in_is_revoked_and_the_others_go_on(pool: Pool) -> None:
    one, two = pool.tokens("a", PASSWORD), pool.tokens("a", PASSWORD)
    pool.client.revoke_token(Token=one["RefreshToken"], ClientId=pool.app)
    assert refused(pool.refresh, one["RefreshToken"]) == "NotAuthorizedException: Refresh Token has been revoked"
    assert refused(pool.client.get_user, AccessToken=one["AccessToken"]) == (
        "NotAuthorizedException: Access Token has been revoked"
    )
    assert pool.refresh(two["RefreshToken"])
    assert pool.client.get_user(AccessToken=two["AccessToken"])["Username"] == "a"


def test_tokens_that_are_none(pool: Pool) -> None:
    assert refused(pool.refresh, "x") == "NotAuthorizedException: Invalid Refresh Token"
    other = Pool(pool.account)
    assert refused(other.refresh, pool.tokens("a", PASSWORD)["RefreshToken"]) == (
        "NotAuthorizedException: Invalid Refresh Token"
    )
    for operation in ("get_user", "global_sign_out"):
        assert refused(getattr(pool.client, operation), AccessToken="x") == (
            "NotAuthorizedException: Invalid Access Token"
        )
    tokens = pool.tokens("a", PASSWORD)
    pool.admin("admin_delete_user", Username="a")()
    assert refused(pool.client.get_user, AccessToken=tokens["AccessToken"]) == (
        "UserNotFoundException: User does not exist."
    )


def test_a_user_changes_password_and_attributes(pool: Pool) -> None:
    token = pool.tokens("a", PASSWORD)["AccessToken"]
    change = {"AccessToken": token, "ProposedPassword": "Passw0rd!!"}
    assert refused(pool.client.change_password, PreviousPassword="wrong", **change) == WRONG
    pool.client.change_password(PreviousPassword=PASSWORD, **change)
    assert "AuthenticationResult" in pool.sign_in("a", "Passw0rd!!")
    pool.client.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": "b@example.com"}])
    assert (pool.attributes("a")["email"], pool.attributes("a")["email_verified"]) == ("b@example.com", "false")
    pool.admin("admin_user_global_sign_out", Username="a")()
    for operation, arguments in (
        ("change_password", {"PreviousPassword": PASSWORD, "ProposedPassword": PASSWORD}),
        ("update_user_attributes", {"UserAttributes": EMAIL}),
        ("associate_software_token", {}),
    ):
        assert refused(getattr(pool.client, operation), AccessToken=token, **arguments) == (
            "NotAuthorizedException: Access Token has been revoked"
        )


def test_a_second_factor_is_asked_for_and_shown(pool: Pool) -> None:
    token = pool.tokens("a", PASSWORD)["AccessToken"]
    pool.client.associate_software_token(AccessToken=token)
    pool.client.verify_software_token(AccessToken=token, UserCode="123456")
    pool.client.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    assert pool.get("a")["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
    challenge = pool.sign_in("a", PASSWORD)
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    answer = {"USERNAME": "a", "SOFTWARE_TOKEN_MFA_CODE": "123456"}
    respond = {"ClientId": pool.app, "ChallengeName": challenge["ChallengeName"], "ChallengeResponses": answer}
    assert refused(pool.client.respond_to_auth_challenge, Session=challenge["Session"], **respond).startswith(
        "NotImplemented"
    )


def test_an_unsigned_call_finds_its_account_and_region_and_needs_no_permission(account: Account) -> None:
    account.region = "eu-west-1"
    pool = Pool(account)
    pool.confirmed("a", PASSWORD)
    account.deny("cognito-idp:*")
    mark = account.mark()
    tokens = pool.tokens("a", PASSWORD)
    assert pool.client.get_user(AccessToken=tokens["AccessToken"])["Username"] == "a"
    assert refused(pool.get, "a").startswith("AccessDeniedException")
    seen = [(call["operation"], call["region"], call["mutating"], call["error"]) for call in account.calls(mark)]
    assert seen == [
        ("InitiateAuth", "eu-west-1", False, ""),
        ("GetUser", "eu-west-1", False, ""),
        ("AdminGetUser", "eu-west-1", False, "AccessDeniedException"),
    ]


def test_a_forgotten_password(pool: Pool) -> None:
    forget = {"ClientId": pool.app, "Username": "a"}
    details = pool.client.forgot_password(**forget)["CodeDeliveryDetails"]
    assert details == {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    code = pool.account.mail()[-1]["secret"]
    wrong = "000000" if code != "000000" else "111111"
    confirm = {**forget, "Password": "Passw0rd!!"}
    assert refused(pool.client.confirm_forgot_password, ConfirmationCode=wrong, **confirm) == (
        "CodeMismatchException: Invalid verification code provided, please try again."
    )
    pool.client.confirm_forgot_password(ConfirmationCode=code, **confirm)
    assert "AuthenticationResult" in pool.sign_in("a", "Passw0rd!!")
    expired = "ExpiredCodeException: Invalid code provided, please request a code again."
    assert refused(pool.client.confirm_forgot_password, ConfirmationCode=code, **confirm) == expired
    pool.client.forgot_password(**forget)
    pool.account.advance(3600)
    code = pool.account.mail()[-1]["secret"]
    assert refused(pool.client.confirm_forgot_password, ConfirmationCode=code, **confirm) == expired


def test_who_can_not_reset_a_password(pool: Pool) -> None:
    pool.confirmed("unverified", PASSWORD)
    pool.invite("invited", UserAttributes=EMAIL)
    pool.confirmed("disabled", PASSWORD, UserAttributes=EMAIL)
    pool.admin("admin_disable_user", Username="disabled")()
    unverified = "Cannot reset password for the user as there is no registered/verified email or phone_number"
    for name, answer in (
        ("unverified", f"InvalidParameterException: {unverified}"),
        ("invited", "NotAuthorizedException: User password cannot be reset in the current state."),
        ("disabled", "NotAuthorizedException: User is disabled."),
    ):
        assert refused(pool.client.forgot_password, ClientId=pool.app, Username=name) == answer
        assert refused(pool.admin("admin_reset_user_password", Username=name)) == answer
    assert refused(pool.client.forgot_password, ClientId=pool.app, Username="none").startswith("UserNotFoundException")
    silent = pool.add_app(PreventUserExistenceErrors="ENABLED")
    assert pool.client.forgot_password(ClientId=silent, Username="none")["CodeDeliveryDetails"]


def test_an_administrator_resets_a_password(pool: Pool) -> None:
    tokens = pool.tokens("a", PASSWORD)
    pool.admin("admin_reset_user_password", Username="a")()
    assert pool.get("a")["UserStatus"] == "RESET_REQUIRED"
    required = "PasswordResetRequiredException: Password reset required for the user"
    assert refused(pool.sign_in, "a", PASSWORD) == required
    assert refused(pool.refresh, tokens["RefreshToken"]) == required
    code = pool.account.mail()[-1]["secret"]
    pool.client.confirm_forgot_password(ClientId=pool.app, Username="a", Password="Passw0rd!!", ConfirmationCode=code)
    assert pool.get("a")["UserStatus"] == "CONFIRMED"


def test_a_user_signs_up(account: Account) -> None:
    pool = Pool(account, AutoVerifiedAttributes=["email"])
    join = {"ClientId": pool.app, "Password": PASSWORD, "UserAttributes": EMAIL[:1]}
    answer = pool.client.sign_up(Username="a", **join)
    assert (answer["UserConfirmed"], answer["CodeDeliveryDetails"]["AttributeName"]) == (False, "email")
    assert refused(pool.client.sign_up, Username="a", **join) == "UsernameExistsException: User already exists"
    assert refused(pool.sign_in, "a", PASSWORD) == "UserNotConfirmedException: User is not confirmed."
    confirm = {"ClientId": pool.app, "Username": "a"}
    code = account.mail()[-1]["secret"]
    wrong = "000000" if code != "000000" else "111111"
    assert refused(pool.client.confirm_sign_up, ConfirmationCode=wrong, **confirm).startswith("CodeMismatchException")
    pool.client.confirm_sign_up(ConfirmationCode=code, **confirm)
    assert pool.attributes("a")["email_verified"] == "true"
    assert "AuthenticationResult" in pool.sign_in("a", PASSWORD)
    assert refused(pool.admin("admin_confirm_sign_up", Username="a")) == (
        "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED"
    )
    closed = Pool(account, AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    assert refused(closed.client.sign_up, Username="a", **{**join, "ClientId": closed.app}) == (
        "NotAuthorizedException: SignUp is not permitted for this user pool"
    )


def events(pool: Pool, **arguments: Any) -> Any:
    return pool.client.admin_list_user_auth_events(UserPoolId=pool.id, Username="a", **arguments)


@pytest.mark.parametrize("mode", ["AUDIT", "ENFORCED"])
def test_the_history_of_sign_ins(account: Account, mode: str) -> None:
    pool = Pool(account, UserPoolAddOns={"AdvancedSecurityMode": mode})
    pool.invite("a", TemporaryPassword=PASSWORD)
    assert events(pool)["AuthEvents"] == []
    pool.sign_in("a", PASSWORD)
    account.advance(100)
    session = pool.sign_in("a", PASSWORD)["Session"]
    pool.answer("a", "Passw0rd!!", session)
    account.advance(DAY)
    refused(pool.sign_in, "a", "wrong")
    found = events(pool)["AuthEvents"]
    assert [(event["EventType"], event["EventResponse"]) for event in found] == [
        ("SignIn", "Fail"),
        ("SignIn", "Pass"),
        ("SignIn", "InProgress"),
    ]
    assert [event["ChallengeResponses"][0]["ChallengeResponse"] for event in found] == ["Failure", "Success", "Success"]
    assert found[0]["CreationDate"].timestamp() == pytest.approx(account.now(), abs=30)
    first = events(pool, MaxResults=2)
    rest = events(pool, MaxResults=2, NextToken=first["NextToken"])
    assert [event["EventId"] for event in (*first["AuthEvents"], *rest["AuthEvents"])] == [
        event["EventId"] for event in found
    ]
    assert "NextToken" not in rest
    assert len(events(pool, MaxResults=0)["AuthEvents"]) == 3


@pytest.mark.parametrize("options", [{}, {"UserPoolAddOns": {"AdvancedSecurityMode": "OFF"}}])
def test_no_history_where_nobody_watches(account: Account, options: dict[str, Any]) -> None:
    pool = Pool(account, **options)
    pool.invite("a")
    assert refused(events, pool).startswith("UserPoolAddOnNotEnabledException")


def test_the_record_has_no_secret(account: Account) -> None:
    pool = Pool(account)
    secrets = {PASSWORD, "Passw0rd!!", "Passw0rd!!!", "wrong-secret"}
    pool.invite("a", TemporaryPassword=PASSWORD, UserAttributes=EMAIL)
    session = pool.sign_in("a", PASSWORD)["Session"]
    tokens = pool.answer("a", "Passw0rd!!", session)["AuthenticationResult"]
    pool.refresh(tokens["RefreshToken"])
    refused(pool.sign_in, "a", "wrong-secret")
    refused(pool.refresh, "wrong-secret")
    refused(pool.client.get_user, AccessToken="wrong-secret")
    pool.client.get_user(AccessToken=tokens["AccessToken"])
    pool.client.change_password(
        AccessToken=tokens["AccessToken"], PreviousPassword="Passw0rd!!", ProposedPassword="Passw0rd!!!"
    )
    pool.admin("admin_set_user_password", Username="a", Password=PASSWORD, Permanent=True)()
    pool.client.forgot_password(ClientId=pool.app, Username="a")
    code = account.mail()[-1]["secret"]
    pool.client.confirm_forgot_password(
        ClientId=pool.app, Username="a", Password=PASSWORD, ConfirmationCode=code, SecretHash="wrong-secret"
    )
    pool.client.revoke_token(Token=tokens["RefreshToken"], ClientId=pool.app)
    calls = account.calls()
    assert {"AdminCreateUser", "InitiateAuth", "RespondToAuthChallenge", "ConfirmForgotPassword", "RevokeToken"} <= {
        call["operation"] for call in calls
    }
    assert [call["arguments"]["ConfirmationCode"] for call in calls if "ConfirmationCode" in call["arguments"]] == [
        "HIDDEN_DUE_TO_SECURITY_REASONS"
    ]
    log = Path(account.server.health()["directory"], "server.log").read_text()
    record = json.dumps([calls, account.client("cloudtrail").lookup_events()["Events"], log], default=str)
    for secret in (*secrets, session, *(tokens[name] for name in ("AccessToken", "IdToken", "RefreshToken"))):
        assert secret not in record
