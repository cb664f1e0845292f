# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS follows DynamoDB's capacity rules; each of these fails on plain moto."""

from __future__ import annotations

from typing import Any

import pytest
from aws_makers import make_table
from botocore.exceptions import ClientError

from local_aws.client import Account


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def index_update(name: str, **options: Any) -> dict[str, Any]:
    return {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": name, **options}}]}


def describe(client: Any) -> dict[str, Any]:
    return dict(client.describe_table(TableName="t")["Table"])


def provisioned(description: dict[str, Any]) -> tuple[int, int]:
    throughput = description["ProvisionedThroughput"]
    return throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


@pytest.fixture
def slow(account: Account) -> Account:
    """Changes take a minute; the test moves the clock."""
    make_table(account, indexes={"by-user": (5, 5)})
    account.settings(transition_seconds=60)
    return account


def change(account: Account, **arguments: Any) -> dict[str, Any]:
    """One UpdateTable that is done before this returns."""
    client = account.client("dynamodb")
    client.update_table(TableName="t", **arguments)
    account.advance(account.settings()["transition_seconds"] + 1)
    return describe(client)


def test_a_table_is_creating_before_it_is_active(account: Account) -> None:
    account.settings(transition_seconds=60)
    client = account.client("dynamodb")
    created = client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert created["TableDescription"]["TableStatus"] == "CREATING"
    with refused("ResourceNotFoundException", ""):
        client.put_item(TableName="t", Item={"id": {"S": "1"}})
    with refused("ResourceInUseException", "being created"):
        client.update_table(TableName="t", BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    account.advance(61)
    assert describe(client)["TableStatus"] == "ACTIVE"
    client.put_item(TableName="t", Item={"id": {"S": "1"}})


def test_new_units_arrive_when_the_table_is_active_again(slow: Account) -> None:
    client = slow.client("dynamodb")
    answer = client.update_table(TableName="t", ProvisionedThroughput=units(20, 10))["TableDescription"]
    assert (answer["TableStatus"], provisioned(answer)) == ("UPDATING", (10, 10))
    assert provisioned(describe(client)) == (10, 10)
    slow.advance(61)
    after = describe(client)
    assert (after["TableStatus"], provisioned(after)) == ("ACTIVE", (20, 10))
    assert "LastIncreaseDateTime" in after["ProvisionedThroughput"]


def test_a_changing_table_takes_no_second_change(slow: Account) -> None:
    client = slow.client("dynamodb")
    client.update_table(TableName="t", ProvisionedThroughput=units(20, 10))
    for attempt in ({"ProvisionedThroughput": units(30, 10)}, {"BillingMode": "PAY_PER_REQUEST"}):
        with refused("ResourceInUseException", "Table IOPS are currently being updated. Table: t"):
            client.update_table(TableName="t", **attempt)
    with refused("ResourceInUseException", "in the process of being updated"):
        client.delete_table(TableName="t")


def test_an_index_changes_by_itself(slow: Account) -> None:
    client = slow.client("dynamodb")
    client.update_table(TableName="t", **index_update("by-user", ProvisionedThroughput=units(9, 5)))
    during = describe(client)
    assert (during["TableStatus"], during["GlobalSecondaryIndexes"][0]["IndexStatus"]) == ("ACTIVE", "UPDATING")
    with refused("ResourceInUseException", "being updated"):
        client.update_table(TableName="t", **index_update("by-user", ProvisionedThroughput=units(10, 5)))
    slow.advance(61)
    index = describe(client)["GlobalSecondaryIndexes"][0]
    assert (index["IndexStatus"], provisioned(index)) == ("ACTIVE", (9, 5))


def test_four_decreases_a_day_then_one_an_hour(slow: Account) -> None:
    client = slow.client("dynamodb")
    slow.advance(86_400 - slow.advance(0) % 86_400)  # 00:00 UTC, so that the day does not end during the test
    for left in (9, 8, 7, 6):
        change(slow, ProvisionedThroughput=units(left, 10))
    assert describe(client)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 4
    with refused("LimitExceededException", "Number of decreases today: 4. Last decrease at .* Next decrease can be"):
        client.update_table(TableName="t", ProvisionedThroughput=units(5, 10))
    change(slow, **index_update("by-user", ProvisionedThroughput=units(4, 5)))
    slow.advance(3600)
    assert provisioned(change(slow, ProvisionedThroughput=units(5, 10))) == (5, 10)
    with refused("LimitExceededException", "Number of decreases today: 5"):
        client.update_table(TableName="t", ProvisionedThroughput=units(4, 20))
    change(slow, ProvisionedThroughput=units(6, 20))
    slow.advance(86_400)
    assert describe(client)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
    change(slow, ProvisionedThroughput=units(5, 20))


def test_at_most_27_decreases_a_day(slow: Account) -> None:
    client = slow.client("dynamodb")
    change(slow, ProvisionedThroughput=units(100, 10))
    slow.advance(86_400 - slow.advance(0) % 86_400)
    slow.settings(transition_seconds=0)
    for count in range(27):
        client.update_table(TableName="t", ProvisionedThroughput=units(99 - count, 10))
        if count >= 3:
            slow.advance(3600)
    slow.advance(-1800)
    with refused("LimitExceededException", "Number of decreases today: 27"):
        client.update_table(TableName="t", ProvisionedThroughput=units(50, 10))


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ({"ProvisionedThroughput": units(10, 10)}, "ValidationException", "will not change"),
        ({"BillingMode": "PROVISIONED"}, "ValidationException", "ProvisionedThroughput must be specified when"),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": units(20, 20)},
            "ValidationException",
            "cannot be specified when BillingMode is PAY_PER_REQUEST",
        ),
        ({"OnDemandThroughput": {"MaxReadRequestUnits": 5}}, "ValidationException", "BillingMode is PROVISIONED"),
        ({"WarmThroughput": {"ReadUnitsPerSecond": 9}}, "ValidationException", "decreasing WarmThroughput is not"),
        ({"ProvisionedThroughput": units(40_001, 10)}, "LimitExceededException", "per table maximum"),
        (
            index_update("by-user", ProvisionedThroughput=units(5, 5)),
            "ValidationException",
            "index by-user will not change",
        ),
        (index_update("none", ProvisionedThroughput=units(5, 5)), "ResourceNotFoundException", "no"),
    ],
)
def test_a_provisioned_table_refuses(slow: Account, arguments: dict[str, Any], code: str, text: str) -> None:
    client = slow.client("dynamodb")
    before = describe(client)
    with refused(code, text):
        client.update_table(TableName="t", **arguments)
    assert describe(client) == before


def test_units_of_an_on_demand_table_are_refused(account: Account) -> None:
    client = make_table(account, units=None, indexes=["by-user"])
    with refused("ValidationException", "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"):
        client.update_table(TableName="t", ProvisionedThroughput=units(5, 5))
    with refused("ValidationException", "when TableThroughputMode is PAY_PER_REQUEST"):
        client.update_table(TableName="t", **index_update("by-user", ProvisionedThroughput=units(5, 5)))


def test_coming_back_from_on_demand_needs_units_for_every_index(account: Account) -> None:
    client = make_table(account, units=None, indexes=["by-user"])
    back = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(5, 6)}
    with refused("ValidationException", "must be specified for index: by-user"):
        client.update_table(TableName="t", **back)
    account.settings(transition_seconds=60)
    after = change(account, **back, **index_update("by-user", ProvisionedThroughput=units(7, 8)))
    assert after["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert (provisioned(after), provisioned(after["GlobalSecondaryIndexes"][0])) == ((5, 6), (7, 8))


def test_billing_mode_summary_is_absent_until_a_table_was_on_demand(slow: Account) -> None:
    assert "BillingModeSummary" not in describe(slow.client("dynamodb"))
    after = change(slow, BillingMode="PAY_PER_REQUEST")
    assert after["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "LastUpdateToPayPerRequestDateTime" in after["BillingModeSummary"]
    assert provisioned(after) == provisioned(after["GlobalSecondaryIndexes"][0]) == (0, 0)


def test_four_switches_to_on_demand_in_24_hours(slow: Account) -> None:
    client = slow.client("dynamodb")
    back = {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": units(5, 5),
        **index_update("by-user", ProvisionedThroughput=units(5, 5)),
    }
    for _change in range(4):
        change(slow, BillingMode="PAY_PER_REQUEST")
        change(slow, **back)
    with refused("LimitExceededException", "Update to PayPerRequest mode are limited to 4 times"):
        client.update_table(TableName="t", BillingMode="PAY_PER_REQUEST")
    slow.advance(86_400)
    change(slow, BillingMode="PAY_PER_REQUEST")


def test_asking_again_for_on_demand_changes_nothing(account: Account) -> None:
    client = make_table(account, units=None)
    assert (
        client.update_table(TableName="t", BillingMode="PAY_PER_REQUEST")["TableDescription"]["TableStatus"]
        == "UPDATING"
    )
    assert describe(client)["TableStatus"] == "ACTIVE"


def test_on_demand_maxima_are_set_merged_and_cleared(account: Account) -> None:
    client = make_table(account, units=None, indexes=["by-user"])

    def limits(**asked: int) -> Any:
        client.update_table(TableName="t", OnDemandThroughput=asked)
        return describe(client).get("OnDemandThroughput")

    assert limits(MaxReadRequestUnits=100) == {"MaxReadRequestUnits": 100}
    assert limits(MaxWriteRequestUnits=50) == {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 50}
    assert limits(MaxReadRequestUnits=-1) == {"MaxWriteRequestUnits": 50}
    assert limits(MaxWriteRequestUnits=-1) is None
    with refused("ValidationException", "outside of valid range"):
        limits(MaxReadRequestUnits=0)
    client.update_table(TableName="t", **index_update("by-user", OnDemandThroughput={"MaxReadRequestUnits": 7}))
    assert describe(client)["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == {"MaxReadRequestUnits": 7}


def test_warm_throughput_rises_while_the_table_stays_active(slow: Account) -> None:
    client = slow.client("dynamodb")
    client.update_table(TableName="t", WarmThroughput={"ReadUnitsPerSecond": 50})
    during = describe(client)
    assert (during["TableStatus"], during["WarmThroughput"]["Status"]) == ("ACTIVE", "UPDATING")
    slow.advance(61)
    expected = {"ReadUnitsPerSecond": 50, "WriteUnitsPerSecond": 10, "Status": "ACTIVE"}
    assert describe(client)["WarmThroughput"] == expected
    change(slow, **index_update("by-user", WarmThroughput={"WriteUnitsPerSecond": 60}))
    assert describe(client)["GlobalSecondaryIndexes"][0]["WarmThroughput"]["WriteUnitsPerSecond"] == 60


def test_warm_throughput_keeps_the_highest_units(slow: Account) -> None:
    change(slow, ProvisionedThroughput=units(30, 10))
    assert change(slow, ProvisionedThroughput=units(10, 10))["WarmThroughput"]["ReadUnitsPerSecond"] == 30


def test_default_quotas(account: Account) -> None:
    limits = account.client("dynamodb").describe_limits()
    assert (limits["TableMaxReadCapacityUnits"], limits["AccountMaxWriteCapacityUnits"]) == (40_000, 80_000)
