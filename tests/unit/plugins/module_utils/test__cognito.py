# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from unit.small_pool import BY_EMAIL, NOW, POOL, WITH_ALIAS, invited, user

from ansible_collections.runbook.aws.plugins.module_utils._cognito import (
    Attribute,
    Directory,
    Tokens,
    fetch_pool,
    fetch_tokens,
    invitation_of,
    lists_are_quicker,
    read_user,
    shown_name,
    similar,
    token_seconds,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused


class Answers:
    """An AWS that says the same again and again, or refuses."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def call(self, service: str, operation: str, /, **_arguments: Any) -> dict[str, Any]:
        answer = self._answers[operation]
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer
        return found

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        return list(self.call(service, operation, **arguments)[result_key])


def described(**pool: Any) -> dict[str, Any]:
    date = "Sat, 31 Jan 2026 06:00:00 GMT"
    return {"UserPool": {"Name": "users", **pool}, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}


def test_a_pool_that_says_little_has_cognitos_defaults() -> None:
    pool = fetch_pool(Answers({"DescribeUserPool": described()}), "us-east-1_pool")
    assert pool.read_at == NOW
    assert (pool.case_sensitive, pool.temporary_days, pool.threat_protection) == (True, 7, "OFF")


def test_a_pool_is_read_with_its_rules() -> None:
    policy = {"MinimumLength": 12, "RequireNumbers": True, "TemporaryPasswordValidityDays": 3}
    answer = described(
        Policies={"PasswordPolicy": policy},
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
        EstimatedNumberOfUsers=700,
        SchemaAttributes=[
            {
                "Name": "custom:floor",
                "AttributeDataType": "Number",
                "Mutable": False,
                "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": ""},
            },
            {"Name": "email", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": "2048"}},
        ],
    )
    pool = fetch_pool(Answers({"DescribeUserPool": answer}), "us-east-1_pool")
    assert (pool.minimum_length, pool.requires, pool.temporary_days) == (12, ("numbers",), 3)
    assert (pool.estimated_users, pool.threat_protection) == (700, "AUDIT")
    assert (pool.username_attributes, pool.verified_before_update) == (("email",), ("email",))
    assert pool.schema["custom:floor"] == Attribute("custom:floor", "Number", mutable=False, values=(1, None))
    assert pool.schema["email"].lengths == (None, 2048)
    assert pool.key("Jane") == pool.key("jANE")


def test_the_old_word_for_how_long_a_password_is_valid_counts_where_the_new_one_says_nothing() -> None:
    answer = described(AdminCreateUserConfig={"UnusedAccountValidityDays": 2})
    assert fetch_pool(Answers({"DescribeUserPool": answer}), "us-east-1_pool").temporary_days == 2


@pytest.mark.parametrize("pool_id", ["users", "arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_a", "", "a b_c"])
def test_what_is_no_id_is_refused(pool_id: str) -> None:
    with pytest.raises(Refused, match="give the pool's ID"):
        fetch_pool(Answers({}), pool_id)


# --- users -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["UserAttributes", "Attributes"])
def test_a_user_is_read_from_either_answer(key: str) -> None:
    listed = [{"Name": "sub", "Value": "s"}, {"Name": "email", "Value": "e"}]
    answer = {"Username": "jane", "UserCreateDate": NOW, "UserLastModifiedDate": NOW, "Enabled": True, key: listed}
    found = read_user({**answer, "UserStatus": "CONFIRMED"})
    assert (found.sub, found.attributes, found.groups) == ("s", {"email": "e"}, None)


def test_a_directory_finds_users_as_cognito_does() -> None:
    known = user(username="Jane")
    assert Directory(POOL, [known]).find("jane") is None
    assert Directory(POOL, [known]).owner("email", "jane@example.com") is None
    assert Directory(WITH_ALIAS, [known]).find("jANE") is known
    assert Directory(WITH_ALIAS, [known]).find("jane@example.com") is None
    assert Directory(WITH_ALIAS, [known]).owner("email", "JANE@example.com") is known
    unverified = user(attributes={"email": "jane@example.com"})
    assert Directory(WITH_ALIAS, [unverified]).owner("email", "jane@example.com") is None
    # As a username an address counts from the start.
    assert Directory(BY_EMAIL, [unverified]).owner("email", "jane@example.com") is unverified
    assert Directory(BY_EMAIL, [known]).find("jane@EXAMPLE.com") is known
    assert Directory(BY_EMAIL, [known]).find("jane") is known
    assert shown_name(BY_EMAIL, known) == "jane@example.com"
    assert shown_name(POOL, known) == "Jane"


@pytest.mark.parametrize(
    ("users", "estimated", "with_groups", "quicker"),
    [
        (1, 100, False, False),
        (1000, 1000, False, True),
        (1000, 1000, True, True),
        (1000, 1_000_000, True, False),
        (10, 100_000, False, False),
        (200, 200, True, True),
    ],
)
def test_lists_are_read_where_they_take_less_time(users: int, estimated: int, with_groups: bool, quicker: bool) -> None:
    pool = replace(POOL, estimated_users=estimated)
    assert lists_are_quicker(pool, users, with_groups, ["a", "b"]) is quicker


def test_an_invitation_is_as_old_as_the_last_change_at_most() -> None:
    assert invitation_of(user(), POOL) is None
    fresh, changed = invitation_of(invited(8), POOL), invitation_of(invited(8, changed=2), POOL)
    assert fresh
    assert changed
    assert (fresh.sure, fresh.expired(NOW), fresh.perhaps(NOW)) == (True, True, False)
    assert (changed.sure, changed.expired(NOW), changed.perhaps(NOW)) == (False, False, True)


def test_a_name_that_is_close_is_offered() -> None:
    assert similar("auditor", ["auditors", "engineers"]) == " Did you mean auditors?"
    assert similar("zzz", ["auditors"]) == ""


# --- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "kind", "seconds"),
    [
        ({}, "AccessToken", 3600),
        ({}, "RefreshToken", 30 * 86_400),
        ({"AccessTokenValidity": 5, "TokenValidityUnits": {"AccessToken": "minutes"}}, "AccessToken", 300),
        ({"IdTokenValidity": 5}, "IdToken", 5 * 3600),
        ({"RefreshTokenValidity": 0}, "RefreshToken", 30 * 86_400),
        ({"RefreshTokenValidity": 2, "TokenValidityUnits": {"AccessToken": "minutes"}}, "RefreshToken", 2 * 86_400),
    ],
)
def test_a_token_is_valid_for_a_number_of_units(client: dict[str, Any], kind: str, seconds: int) -> None:
    assert token_seconds(client, kind) == seconds


def test_the_longest_of_all_clients_counts_and_what_is_not_seen_is_said() -> None:
    clients = {"UserPoolClients": [{"ClientId": "a"}, {"ClientId": "b"}]}
    found = fetch_tokens(
        Answers({"ListUserPoolClients": clients, "DescribeUserPoolClient": {"UserPoolClient": {"IdTokenValidity": 2}}}),
        POOL.id,
        2,
    )
    assert found == Tokens(3600, 7200, 30 * 86_400)
    assert found.offline == 7200
    assert fetch_tokens(Answers({"ListUserPoolClients": {"UserPoolClients": []}}), POOL.id, 2).offline is None
    denied = AwsError("Allow it.", "AccessDeniedException")
    assert fetch_tokens(Answers({"ListUserPoolClients": denied}), POOL.id, 2) == Tokens(unknown="Allow it.")
    with pytest.raises(AwsError):
        fetch_tokens(Answers({"ListUserPoolClients": AwsError("Gone.", "InternalErrorException")}), POOL.id, 2)
