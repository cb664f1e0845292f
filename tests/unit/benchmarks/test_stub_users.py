# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks import processes
from benchmarks.scenarios.users import make_users
from benchmarks.stub.users import COGNITO_RATES, LIST_PAGE, POOL, Users, UsersSettings

Make = Callable[[str], Any]

GROUPS = ("engineers", "managers")
JANE: Mapping[str, Any] = {
    "attributes": {"email": "jane@example.com", "email_verified": "true"},
    "groups": ["managers"],
}


def _ask(account: Users, operation: str, **request: Any) -> Mapping[str, Any]:
    head = f"POST / HTTP/1.1\r\nX-Amz-Target: AWSCognitoIdentityProviderService.{operation}".encode()
    answer = account.answer("POST", "/", head, json.dumps({"UserPoolId": POOL, **request}).encode())
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("first", "second", "category"),
    [
        (("AdminAddUserToGroup", {"Username": "jane", "GroupName": "managers"}), None, "UserResourceUpdate"),
        (("AdminCreateUser", {"Username": "jane"}), None, "UserCreation"),
        (("AdminGetUser", {"Username": "jane"}), None, "UserRead"),
        (("ListUsers", {}), ("ListUsersInGroup", {"GroupName": "managers"}), "UserList"),
        (("AdminListGroupsForUser", {"Username": "jane"}), None, "UserResourceRead"),
        (("DescribeUserPool", {}), None, "UserPoolRead"),
        (("ListGroups", {}), None, "UserPoolResourceRead"),
    ],
)
def test_the_operations_of_a_category_share_its_rate(
    first: tuple[str, dict[str, Any]], second: tuple[str, dict[str, Any]] | None, category: str, clock: Any
) -> None:
    account = Users(UsersSettings(groups=GROUPS, users={"jane": JANE}, rates=COGNITO_RATES), clock)
    rate = int(COGNITO_RATES[category])

    def let_in() -> int:
        asked = [(second or first) if n % 2 else first for n in range(rate + 10)]
        answers = [_ask(account, operation, **request) for operation, request in asked]
        return sum(answer.get("__type") != "TooManyRequestsException" for answer in answers)

    assert let_in() == rate
    assert sum(account.report()["throttled"].values()) == 10
    clock.now += 1
    assert let_in() == rate


def test_categories_do_not_disturb_each_other(clock: Any) -> None:
    account = Users(UsersSettings(groups=GROUPS, users={"jane": JANE}, rates=COGNITO_RATES), clock)
    for n in range(50):
        _ask(account, "AdminCreateUser", Username=f"user-{n}")
    for _n in range(25):
        _ask(account, "AdminAddUserToGroup", Username="jane", GroupName="engineers")
    assert account.report()["throttled"] == {}
    _ask(account, "AdminAddUserToGroup", Username="jane", GroupName="engineers")
    assert account.report()["throttled"] == {"AdminAddUserToGroup": 1}


def test_without_rates_nothing_is_throttled(clock: Any) -> None:
    account = Users(UsersSettings(groups=GROUPS), clock)
    for n in range(1000):
        _ask(account, "AdminCreateUser", Username=f"user-{n}")
    assert account.report()["throttled"] == {}


def test_boto_makes_users_and_puts_them_into_groups(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("users", groups=GROUPS)
    cognito = client("cognito-idp")
    attributes = [{"Name": key, "Value": value} for key, value in JANE["attributes"].items()]
    made = cognito.admin_create_user(
        UserPoolId=POOL, Username="jane", UserAttributes=attributes, DesiredDeliveryMediums=["EMAIL"]
    )
    assert (made["User"]["Username"], made["User"]["UserStatus"]) == ("jane", "FORCE_CHANGE_PASSWORD")
    assert "date" in made["ResponseMetadata"]["HTTPHeaders"]
    for _again in range(2):
        cognito.admin_add_user_to_group(UserPoolId=POOL, Username="jane", GroupName="managers")
    report = endpoint.report()
    assert (report["users"], report["unknown"]) == ({"jane": JANE}, [])
    found = cognito.admin_get_user(UserPoolId=POOL, Username="jane")
    assert {each["Name"] for each in found["UserAttributes"]} == {"sub", *JANE["attributes"]}
    groups = cognito.admin_list_groups_for_user(UserPoolId=POOL, Username="jane")["Groups"]
    assert [group["GroupName"] for group in groups] == ["managers"]


def test_users_are_listed_in_pages(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("users", groups=GROUPS, users={f"user-{n}": JANE for n in range(2 * LIST_PAGE + 1)})
    cognito = client("cognito-idp")
    listed = cognito.get_paginator("list_users").paginate(UserPoolId=POOL)
    assert [len(page["Users"]) for page in listed] == [LIST_PAGE, LIST_PAGE, 1]
    members = cognito.get_paginator("list_users_in_group").paginate
    assert [len(page["Users"]) for page in members(UserPoolId=POOL, GroupName="managers")] == [LIST_PAGE, LIST_PAGE, 1]
    assert [len(page["Users"]) for page in members(UserPoolId=POOL, GroupName="engineers")] == [0]
    groups = cognito.list_groups(UserPoolId=POOL)["Groups"]
    assert [group["GroupName"] for group in groups] == list(GROUPS)
    assert cognito.describe_user_pool(UserPoolId=POOL)["UserPool"]["EstimatedNumberOfUsers"] == 2 * LIST_PAGE + 1


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("admin_create_user", {"Username": "jane"}, "UsernameExistsException"),
        ("admin_get_user", {"Username": "joe"}, "UserNotFoundException"),
        ("admin_add_user_to_group", {"Username": "joe", "GroupName": "managers"}, "UserNotFoundException"),
        ("admin_add_user_to_group", {"Username": "jane", "GroupName": "none"}, "ResourceNotFoundException"),
        ("list_users", {"UserPoolId": "us-east-1_Other"}, "ResourceNotFoundException"),
    ],
)
def test_boto_sees_the_error_that_aws_gives(
    endpoint: processes.Stub, client: Make, operation: str, arguments: dict[str, Any], code: str
) -> None:
    endpoint.reset("users", groups=GROUPS, users={"jane": JANE})
    with pytest.raises(ClientError) as caught:
        getattr(client("cognito-idp"), operation)(**{"UserPoolId": POOL, **arguments})
    assert caught.value.response["Error"]["Code"] == code


def test_boto_sees_that_it_is_throttled(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("users", groups=GROUPS, rates={"UserPoolRead": 1})
    cognito = client("cognito-idp")
    cognito.describe_user_pool(UserPoolId=POOL)
    with pytest.raises(ClientError, match="Rate exceeded") as caught:
        cognito.describe_user_pool(UserPoolId=POOL)
    error = caught.value.response
    assert error["Error"]["Code"] == "TooManyRequestsException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_each_user_of_the_task_is_in_two_groups_and_all_groups_are_used() -> None:
    task = make_users(8)
    settings = task.settings
    members = Counter(group for groups in task.job.users.values() for group in groups)
    assert {len(set(groups)) for groups in task.job.users.values()} == {2}
    assert members == dict.fromkeys(settings["groups"], 4)


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        pytest.param({}, 0, id="all there"),
        pytest.param({"bench-user-0000": None}, 1, id="one is missing"),
        pytest.param({"bench-user-0000": {"attributes": {}, "groups": []}}, 1, id="one without anything"),
        pytest.param({"other": JANE}, 1, id="one that nobody asked for"),
    ],
)
def test_what_is_lost_is_seen_in_the_users_that_a_run_left(change: Mapping[str, Any], lost: int) -> None:
    task = make_users(3, already=True)
    there = {name: user for name, user in {**task.settings["users"], **change}.items() if user}
    assert task.lost({"users": there}, "all is well") == lost
