# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded Cognito: password policy, invitations, attributes, groups and lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cognito_pools import DAY, Pool, refused

from local_aws.client import Account
from local_aws.services.cognito_passwords import CHANGED, MADE, Policy

NOT_IN_SCHEMA = "Attribute does not exist in the schema.\n"
NO_SYMBOL = {"MinimumLength": 12, "RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True}


@pytest.fixture
def pool(account: Account) -> Pool:
    return Pool(account)


def test_a_pool_with_attributes_of_its_own_has_the_standard_ones_too(account: Account) -> None:
    client = account.client("cognito-idp")
    schema = [{"Name": "team", "AttributeDataType": "String"}, {"Name": "email", "Required": True}]
    made = client.create_user_pool(PoolName="own", Schema=schema)["UserPool"]
    described = client.describe_user_pool(UserPoolId=made["Id"])["UserPool"]["SchemaAttributes"]
    assert described == made["SchemaAttributes"]
    required = {attribute["Name"]: attribute["Required"] for attribute in described}
    assert required["email"] and not required["phone_number"]
    assert {"custom:team", "sub", "given_name"} <= required.keys()


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("Aa1!aaa", "Password not long enough"),
        ("aa1!aaaa", "Password must have uppercase characters"),
        ("AA1!AAAA", "Password must have lowercase characters"),
        ("Aaa!aaaa", "Password must have numeric characters"),
        ("Aa1aaaaa", "Password must have symbol characters"),
        ("Aa1§aaaa", "Password must have symbol characters"),
        ("Aa1 aaaa", ""),
        ("Aa1-aaaa", ""),
    ],
)
def test_the_policy_of_a_pool_that_was_given_none(password: str, complaint: str) -> None:
    assert Policy.of({}).complaint(password) == complaint


def test_a_policy_that_is_given_requires_no_kind_that_it_does_not_name() -> None:
    policy = Policy.of({"Policies": {"PasswordPolicy": NO_SYMBOL}})
    assert policy.complaint("Aa1aaaaaaaa") == "Password not long enough"
    assert policy.complaint("Aa1aaaaaaaaa") == ""


@pytest.mark.parametrize(
    ("policy", "unused", "days"),
    [
        (None, None, 7),
        (None, 3, 3),
        ({"TemporaryPasswordValidityDays": 0}, None, 7),
        ({"TemporaryPasswordValidityDays": 2}, None, 2),
        ({"TemporaryPasswordValidityDays": 2}, 3, 2),
        ({"MinimumLength": 8}, 3, 3),
    ],
)
def test_how_long_a_temporary_password_lives(policy: dict[str, int] | None, unused: int | None, days: int) -> None:
    config: dict[str, Any] = {"AdminCreateUserConfig": {"UnusedAccountValidityDays": unused}}
    if policy is not None:
        config["Policies"] = {"PasswordPolicy": policy}
    assert Policy.of(config).temporary_seconds == days * DAY


@pytest.mark.parametrize("length", [6, 8, 40])
def test_a_generated_password_conforms(length: int) -> None:
    policy = Policy(minimum=length)
    assert [policy.complaint(policy.generate()) for _time in range(50)] == [""] * 50


def test_every_operation_that_takes_a_password_enforces_the_policy(pool: Pool) -> None:
    weak, good, better = "Password1", "Passw0rd!", "Passw0rd!!"
    made = f"InvalidPasswordException: {MADE}: Password must have symbol characters"
    changed = f"InvalidPasswordException: {CHANGED}: Password must have symbol characters"
    attributes = [{"Name": "email", "Value": "a@example.com"}]
    create = pool.admin("admin_create_user", Username="a", UserAttributes=attributes)
    assert refused(create, TemporaryPassword=weak) == made
    assert pool.names() == []
    create(TemporaryPassword=good)
    session = pool.sign_in("a", good)["Session"]
    assert refused(pool.answer, "a", weak, session) == changed
    tokens = pool.answer("a", better, session)["AuthenticationResult"]
    change = {"PreviousPassword": better, "AccessToken": tokens["AccessToken"]}
    assert refused(pool.client.change_password, ProposedPassword=weak, **change) == changed
    assert refused(pool.admin("admin_set_user_password", Username="a", Password=weak, Permanent=True)) == changed
    assert refused(pool.client.sign_up, ClientId=pool.app, Username="b", Password=weak) == made
    pool.admin(
        "admin_update_user_attributes", Username="a", UserAttributes=[{"Name": "email_verified", "Value": "true"}]
    )()
    pool.client.forgot_password(ClientId=pool.app, Username="a")
    code = {"ClientId": pool.app, "Username": "a", "ConfirmationCode": pool.account.mail()[-1]["secret"]}
    assert refused(pool.client.confirm_forgot_password, Password=weak, **code) == changed
    pool.client.confirm_forgot_password(Password=good, **code)
    assert "AuthenticationResult" in pool.sign_in("a", good)


def test_an_invited_user_gets_a_password_that_cognito_made(pool: Pool) -> None:
    user = pool.invite("a", DesiredDeliveryMediums=["EMAIL"])
    assert (user["UserStatus"], user["Enabled"]) == ("FORCE_CHANGE_PASSWORD", True)
    (mail,) = pool.account.mail()
    assert Policy().complaint(mail["secret"]) == ""
    assert (mail["pool"], mail["user"], mail["medium"], mail["destination"]) == (pool.id, "a", "EMAIL", "a@example.com")
    assert mail["moment"] == pytest.approx(pool.account.now(), abs=30)
    assert pool.sign_in("a", mail["secret"])["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_an_invitation_goes_by_text_message_unless_said_otherwise(pool: Pool) -> None:
    pool.invite("without-number")
    pool.invite("quiet", UserAttributes=[{"Name": "phone_number", "Value": "+4930123456"}], MessageAction="SUPPRESS")
    assert pool.account.mail() == []
    both = [{"Name": "phone_number", "Value": "+4930123456"}, {"Name": "email", "Value": "b@example.com"}]
    pool.invite("b", UserAttributes=both)
    pool.invite("c", UserAttributes=both, DesiredDeliveryMediums=["EMAIL", "SMS"])
    assert [(mail["user"], mail["medium"]) for mail in pool.account.mail()] == [
        ("b", "SMS"),
        ("c", "EMAIL"),
        ("c", "SMS"),
    ]


def test_an_invitation_that_was_not_used_expires_and_is_sent_again(pool: Pool) -> None:
    first = pool.invite("a", DesiredDeliveryMediums=["EMAIL"])
    pool.account.advance(7 * DAY - 60)
    assert pool.sign_in("a", pool.account.mail()[0]["secret"])["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    pool.account.advance(120)
    assert refused(pool.sign_in, "a", pool.account.mail()[0]["secret"]) == (
        "NotAuthorizedException: Temporary password has expired and must be reset by an administrator."
    )
    again = pool.invite("a", MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"])
    assert pool.names() == ["a"]
    assert again["UserCreateDate"] == first["UserCreateDate"]
    assert again["UserLastModifiedDate"] > first["UserLastModifiedDate"]
    old, new = (mail["secret"] for mail in pool.account.mail())
    assert old != new
    assert refused(pool.sign_in, "a", old) == "NotAuthorizedException: Incorrect username or password."
    pool.account.advance(6 * DAY)
    pool.answer("a", "Passw0rd!", pool.sign_in("a", new)["Session"])
    assert pool.get("a")["UserStatus"] == "CONFIRMED"
    pool.account.advance(60 * DAY)
    assert "AuthenticationResult" in pool.sign_in("a", "Passw0rd!")


def test_a_temporary_password_that_an_administrator_sets_expires_too(account: Account) -> None:
    pool = Pool(account, Policies={"PasswordPolicy": {**NO_SYMBOL, "TemporaryPasswordValidityDays": 1}})
    pool.confirmed("a", "Aa1aaaaaaaaa")
    pool.admin("admin_set_user_password", Username="a", Password="Bb1bbbbbbbbb", Permanent=False)()
    assert pool.get("a")["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    account.advance(DAY + 1)
    assert "expired" in refused(pool.sign_in, "a", "Bb1bbbbbbbbb")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"Username": "a"}, "UsernameExistsException: User account already exists"),
        (
            {"Username": "a", "MessageAction": "RESEND"},
            "UnsupportedUserStateException: Resend not possible. a status is not FORCE_CHANGE_PASSWORD",
        ),
        ({"Username": "b", "MessageAction": "RESEND"}, "UserNotFoundException: User does not exist."),
        (
            {"Username": "b", "UserAttributes": [{"Name": "email", "Value": "nobody"}]},
            "InvalidParameterException: Invalid email address format.",
        ),
        (
            {"Username": "b", "UserAttributes": [{"Name": "phone_number", "Value": "030 1234"}]},
            "InvalidParameterException: Invalid phone number format.",
        ),
        (
            {"Username": "b", "UserAttributes": [{"Name": "custom:x", "Value": "1"}]},
            f"InvalidParameterException: Attributes did not conform to the schema: custom:x: {NOT_IN_SCHEMA}",
        ),
        (
            {"Username": "b", "UserPoolId": "us-east-1_none"},
            "ResourceNotFoundException: User pool us-east-1_none does not exist.",
        ),
    ],
)
def test_what_admin_create_user_refuses(pool: Pool, arguments: dict[str, Any], answer: str) -> None:
    pool.confirmed("a", "Passw0rd!")
    mark = len(pool.account.mail())
    assert refused(pool.client.admin_create_user, **{"UserPoolId": pool.id, **arguments}) == answer
    assert pool.names() == ["a"]
    assert len(pool.account.mail()) == mark


def test_users_that_are_named_by_their_address(account: Account) -> None:
    pool = Pool(account, UsernameAttributes=["email"])
    assert refused(pool.invite, "a") == "InvalidParameterException: Username should be an email."
    user = pool.invite("a@example.com", UserAttributes=[])
    assert re.fullmatch("[0-9a-f-]{36}", user["Username"])
    shown = {one["Name"]: one["Value"] for one in user["Attributes"]}
    assert shown == {"email": "a@example.com", "sub": user["Username"]}
    assert pool.get("a@example.com")["Username"] == pool.get(user["Username"])["Username"] == user["Username"]
    assert refused(pool.invite, "a@example.com") == (
        "UsernameExistsException: An account with the given email already exists."
    )
    pool.invite("b@example.com", UserAttributes=[])
    change = pool.admin("admin_update_user_attributes", UserAttributes=[{"Name": "email", "Value": "a@example.com"}])
    assert refused(change, Username="b@example.com") == (
        "AliasExistsException: An account with the given email already exists."
    )
    change(Username="a@example.com")


def test_an_address_is_an_alias_once_it_is_verified(account: Account) -> None:
    pool = Pool(account, AliasAttributes=["email"])
    address = {"Name": "email", "Value": "one@example.com"}
    sure = [address, {"Name": "email_verified", "Value": "true"}]
    assert refused(pool.invite, "one@example.com") == (
        "InvalidParameterException: Username cannot be of email format, since user pool is configured for email alias."
    )
    pool.invite("first", UserAttributes=[address])
    assert refused(pool.get, "one@example.com") == "UserNotFoundException: User does not exist."
    pool.invite("second", UserAttributes=sure)
    assert pool.get("one@example.com")["Username"] == "second"
    taken = "AliasExistsException: An account with the {}email already exists."
    assert refused(pool.invite, "third", UserAttributes=sure) == taken.format("")
    verify = pool.admin("admin_update_user_attributes", Username="first", UserAttributes=sure[1:])
    assert refused(verify) == taken.format("given ")
    pool.invite("third", UserAttributes=[address])
    pool.invite("fourth", UserAttributes=sure, ForceAliasCreation=True)
    assert pool.get("one@example.com")["Username"] == "fourth"
    assert pool.attributes("second")["email_verified"] == "false"


def test_names_in_other_letters_where_the_pool_does_not_mind(account: Account) -> None:
    strict, lenient = Pool(account), Pool(account, UsernameConfiguration={"CaseSensitive": False})
    strict.invite("anna")
    lenient.invite("anna")
    assert refused(strict.get, "ANNA") == "UserNotFoundException: User does not exist."
    assert lenient.get("ANNA")["Username"] == "anna"
    assert refused(lenient.invite, "ANNA") == "UsernameExistsException: User account already exists"


def test_an_administrator_changes_attributes(pool: Pool) -> None:
    pool.invite("a")
    before = pool.get("a")
    pool.account.advance(100)
    update = pool.admin("admin_update_user_attributes", Username="a")

    def put(**values: str) -> None:
        update(UserAttributes=[{"Name": name, "Value": value} for name, value in values.items()])

    put(email="b@example.com", email_verified="true", name="A")
    assert pool.attributes("a") == {
        "sub": pool.attributes("a")["sub"],
        "email": "b@example.com",
        "email_verified": "true",
        "name": "A",
    }
    after = pool.get("a")
    assert after["UserCreateDate"] == before["UserCreateDate"]
    assert (after["UserLastModifiedDate"] - before["UserLastModifiedDate"]).total_seconds() >= 100
    put(email="c@example.com")
    assert pool.attributes("a")["email_verified"] == "false"
    put(name="")
    assert "name" not in pool.attributes("a")
    assert refused(put, email="c") == "InvalidParameterException: Invalid email address format."
    assert refused(put, sub="1") == "InvalidParameterException: user.sub: Attribute cannot be updated.\n"
    unknown = f"InvalidParameterException: user.nothing: {NOT_IN_SCHEMA}"
    assert refused(put, nothing="1") == unknown
    delete = pool.admin("admin_delete_user_attributes", Username="a")
    assert refused(delete, UserAttributeNames=["nothing"]) == unknown
    delete(UserAttributeNames=["email", "name"])
    assert "email" not in pool.attributes("a")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("admin_disable_user", {}),
        ("admin_enable_user", {}),
        ("admin_set_user_password", {"Password": "Passw0rd!!", "Permanent": True}),
    ],
)
def test_what_an_administrator_does_is_a_modification(pool: Pool, operation: str, arguments: dict[str, Any]) -> None:
    pool.invite("a")
    pool.account.advance(100)
    pool.admin(operation, Username="a", **arguments)()
    user = pool.get("a")
    assert (user["UserLastModifiedDate"] - user["UserCreateDate"]).total_seconds() >= 100
    assert refused(pool.admin(operation, Username="b", **arguments)) == "UserNotFoundException: User does not exist."


def test_lists_come_in_pages_of_sixty(pool: Pool) -> None:
    pool.client.create_group(UserPoolId=pool.id, GroupName="g")
    names = [f"u{number:02}" for number in range(70)]
    for name in names:
        pool.invite(name, MessageAction="SUPPRESS")
        pool.client.admin_add_user_to_group(UserPoolId=pool.id, Username=name, GroupName="g")
    for operation, arguments in (("list_users", {}), ("list_users_in_group", {"GroupName": "g"})):
        pages = list(pool.client.get_paginator(operation).paginate(UserPoolId=pool.id, **arguments))
        assert [len(page["Users"]) for page in pages] == [60, 10]
        assert [user["Username"] for page in pages for user in page["Users"]] == names
        few = getattr(pool.client, operation)(UserPoolId=pool.id, Limit=7, **arguments)
        assert [user["Username"] for user in few["Users"]] == names[:7]
        assert refused(getattr(pool.client, operation), UserPoolId=pool.id, Limit=61, **arguments) == (
            "InvalidParameterException: 1 validation error detected: Value '61' at 'limit' failed to satisfy "
            "constraint: Member must have value less than or equal to 60"
        )
    assert "InvalidParameterException" in refused(pool.client.list_users, UserPoolId=pool.id, PaginationToken="x")


def test_groups_come_in_pages_too(pool: Pool) -> None:
    pool.invite("a")
    names = [f"g{number:02}" for number in range(61)]
    for name in names:
        pool.client.create_group(UserPoolId=pool.id, GroupName=name)
        pool.client.admin_add_user_to_group(UserPoolId=pool.id, Username="a", GroupName=name)
    for operation, arguments in (("list_groups", {}), ("admin_list_groups_for_user", {"Username": "a"})):
        pages = list(pool.client.get_paginator(operation).paginate(UserPoolId=pool.id, **arguments))
        assert [len(page["Groups"]) for page in pages] == [60, 1]
        assert [group["GroupName"] for page in pages for group in page["Groups"]] == names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('username = "anna"', ["anna"]),
        ('username ^= "an"', ["anna", "anton"]),
        ('email="bert@example.com"', ["bert"]),
        ('email ^= "b"', ["bert"]),
        ('name = "the \\"boss\\""', ["bert"]),
        ('cognito:user_status = "confirmed"', ["anna"]),
        ('cognito:user_status = "FORCE_CHANGE_PASSWORD"', ["anton", "bert"]),
        ('status = "Disabled"', ["bert"]),
        ('status = "disabled"', []),
        ("", ["anna", "anton", "bert"]),
    ],
)
def test_a_filter_selects_users(pool: Pool, text: str, found: list[str]) -> None:
    pool.confirmed("anna", "Passw0rd!")
    pool.invite("anton")
    pool.invite(
        "bert", UserAttributes=[{"Name": "email", "Value": "bert@example.com"}, {"Name": "name", "Value": 'the "boss"'}]
    )
    pool.admin("admin_disable_user", Username="bert")()
    assert pool.names(Filter=text) == found


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('custom:x = "1"', "Invalid search attribute: custom:x"),
        ('birthdate = "1"', "Invalid search attribute: birthdate"),
        ('email != "1"', "Error while parsing filter."),
        ("email = 1", "Error while parsing filter."),
        ('email = "1" and name = "2"', "Error while parsing filter."),
    ],
)
def test_a_filter_that_cognito_does_not_know_is_refused(pool: Pool, text: str, answer: str) -> None:
    assert refused(pool.client.list_users, UserPoolId=pool.id, Filter=text) == f"InvalidParameterException: {answer}"


def test_a_group_that_goes_leaves_its_members(pool: Pool) -> None:
    pool.invite("a")
    pool.client.create_group(UserPoolId=pool.id, GroupName="g", Precedence=1, Description="d")
    pool.account.advance(100)
    pool.client.admin_add_user_to_group(UserPoolId=pool.id, Username="a", GroupName="g")
    group = pool.client.update_group(UserPoolId=pool.id, GroupName="g", Precedence=2)["Group"]
    assert (group["Description"], group["Precedence"]) == ("d", 2)
    assert (group["LastModifiedDate"] - group["CreationDate"]).total_seconds() >= 100
    pool.client.delete_group(UserPoolId=pool.id, GroupName="g")
    assert pool.groups("a") == []
    pool.client.create_group(UserPoolId=pool.id, GroupName="g")
    assert pool.groups("a") == []
    assert pool.client.list_users_in_group(UserPoolId=pool.id, GroupName="g")["Users"] == []


def test_a_user_that_goes_leaves_the_groups(pool: Pool) -> None:
    pool.invite("a")
    pool.client.create_group(UserPoolId=pool.id, GroupName="g")
    pool.client.admin_add_user_to_group(UserPoolId=pool.id, Username="a", GroupName="g")
    pool.admin("admin_delete_user", Username="a")()
    assert pool.names() == []
    pool.invite("a")
    assert pool.groups("a") == []


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_group", {}),
        ("update_group", {"Precedence": 1}),
        ("delete_group", {}),
        ("list_users_in_group", {}),
        ("admin_add_user_to_group", {"Username": "a"}),
        ("admin_remove_user_from_group", {"Username": "a"}),
    ],
)
def test_a_group_that_is_not_there(pool: Pool, operation: str, arguments: dict[str, Any]) -> None:
    call: Callable[..., Any] = getattr(pool.client, operation)
    assert refused(call, UserPoolId=pool.id, GroupName="none", **arguments) == (
        "ResourceNotFoundException: Group not found."
    )
    assert refused(call, UserPoolId="us-east-1_none", GroupName="none", **arguments) == (
        "ResourceNotFoundException: User pool us-east-1_none does not exist."
    )


def test_a_group_needs_its_user(pool: Pool) -> None:
    pool.client.create_group(UserPoolId=pool.id, GroupName="g")
    with pytest.raises(ClientError, match=r"UserNotFoundException.*User does not exist\."):
        pool.client.admin_add_user_to_group(UserPoolId=pool.id, Username="none", GroupName="g")
    assert refused(pool.groups, "none") == "UserNotFoundException: User does not exist."
