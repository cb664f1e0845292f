# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS keeps what is set on a table as DynamoDB does; each of these fails on plain moto."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_makers import make_table
from botocore.exceptions import ClientError

from local_aws.client import Account

HOUR = 3600


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


@pytest.fixture
def slow(account: Account) -> Account:
    """A table; changes take a minute, and the test moves the clock."""
    make_table(account, indexes={"by-user": (5, 5)})
    account.settings(transition_seconds=60)
    return account


def table(account: Account) -> dict[str, Any]:
    return dict(account.client("dynamodb").describe_table(TableName="t")["Table"])


def arn(account: Account) -> str:
    return str(table(account)["TableArn"])


def expire(client: Any, enabled: bool, attribute: str = "ttl") -> None:
    client.update_time_to_live(TableName="t", TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute})


def expiry(client: Any) -> dict[str, str]:
    return dict(client.describe_time_to_live(TableName="t")["TimeToLiveDescription"])


def test_expiry_has_states_and_one_change_an_hour(slow: Account) -> None:
    client = slow.client("dynamodb")
    with refused("ValidationException", "TimeToLive is already disabled"):
        expire(client, enabled=False)
    expire(client, enabled=True)
    assert expiry(client) == {"TimeToLiveStatus": "ENABLING", "AttributeName": "ttl"}
    slow.advance(61)
    assert expiry(client)["TimeToLiveStatus"] == "ENABLED"
    with refused("ValidationException", "TimeToLive is already enabled"):
        expire(client, enabled=True)
    with refused("ValidationException", "different AttributeName: current AttributeName is ttl"):
        expire(client, enabled=True, attribute="other")
    with refused("ValidationException", "modified multiple times within a fixed interval"):
        expire(client, enabled=False)
    slow.advance(HOUR)
    expire(client, enabled=False)
    assert expiry(client)["TimeToLiveStatus"] == "DISABLING"
    slow.advance(61)
    # What the attribute was, nobody can tell any more.
    assert expiry(client) == {"TimeToLiveStatus": "DISABLED"}


def test_expiry_of_a_table_that_goes_is_not_described(slow: Account) -> None:
    client = slow.client("dynamodb")
    client.delete_table(TableName="t")
    with refused("ValidationException", "while table is in DELETING state"):
        expiry(client)
    slow.advance(61)
    with refused("ResourceNotFoundException"):
        expiry(client)


def tags(account: Account) -> dict[str, str]:
    pages = account.client("dynamodb").get_paginator("list_tags_of_resource").paginate(ResourceArn=arn(account))
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def test_a_tag_has_one_value(slow: Account) -> None:
    client = slow.client("dynamodb")
    for value in ("old", "new"):
        client.tag_resource(ResourceArn=arn(slow), Tags=[{"Key": "team", "Value": value}])
    client.tag_resource(ResourceArn=arn(slow), Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(15)])
    assert (tags(slow)["team"], len(tags(slow))) == ("new", 16)
    client.untag_resource(ResourceArn=arn(slow), TagKeys=["team"])
    assert "team" not in tags(slow)
    with refused("ResourceNotFoundException", "not found"):
        client.tag_resource(ResourceArn=arn(slow) + "x", Tags=[{"Key": "team", "Value": "v"}])


POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "one", "Effect": "Allow", "Action": "dynamodb:GetItem"}]}


def test_a_policy_has_revisions(slow: Account) -> None:
    client, own = slow.client("dynamodb"), arn(slow)
    with refused("PolicyNotFoundException"):
        client.get_resource_policy(ResourceArn=own)
    assert "RevisionId" not in client.delete_resource_policy(ResourceArn=own)

    def put(document: dict[str, Any], **expected: str) -> str:
        return str(
            client.put_resource_policy(ResourceArn=own, Policy=json.dumps(document, indent=1), **expected)["RevisionId"]
        )

    first = put(POLICY, ExpectedRevisionId="NO_POLICY")
    found = client.get_resource_policy(ResourceArn=own)
    assert (found["RevisionId"], json.loads(found["Policy"])) == (first, POLICY)
    assert put(POLICY) == put(POLICY, ExpectedRevisionId=first) == first
    other = {**POLICY, "Statement": []}
    with refused("PolicyNotFoundException", "expecting none"):
        put(other, ExpectedRevisionId="NO_POLICY")
    second = put(other, ExpectedRevisionId=first)
    assert second != first
    with refused("PolicyNotFoundException", "did not match"):
        client.delete_resource_policy(ResourceArn=own, ExpectedRevisionId=first)
    client.delete_resource_policy(ResourceArn=own, ExpectedRevisionId=second)
    with refused("PolicyNotFoundException"):
        client.get_resource_policy(ResourceArn=own)
    for bad in ("no JSON", "[]"):
        with refused("ValidationException", "Invalid policy"):
            client.put_resource_policy(ResourceArn=own, Policy=bad)
    with refused("ValidationException", "Invalid ResourceArn"):
        client.get_resource_policy(ResourceArn=own + "/index/by-user")


def test_a_policy_is_not_changed_twice_within_the_cooldown(slow: Account) -> None:
    slow.settings(policy_cooldown_seconds=15)
    client, own = slow.client("dynamodb"), arn(slow)
    client.put_resource_policy(ResourceArn=own, Policy=json.dumps(POLICY))
    client.put_resource_policy(ResourceArn=own, Policy=json.dumps(POLICY))
    with refused("ThrottlingException", "within the previous 15000 milliseconds. Please try again after 20.*Z"):
        client.delete_resource_policy(ResourceArn=own)
    slow.advance(15)
    client.delete_resource_policy(ResourceArn=own)


def test_a_stream_has_a_policy_of_its_own(slow: Account) -> None:
    client = slow.client("dynamodb")
    client.update_table(TableName="t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    stream = table(slow)["LatestStreamArn"]
    client.put_resource_policy(ResourceArn=stream, Policy=json.dumps(POLICY))
    assert json.loads(client.get_resource_policy(ResourceArn=stream)["Policy"]) == POLICY
    with refused("PolicyNotFoundException"):
        client.get_resource_policy(ResourceArn=arn(slow))


def test_a_table_that_is_made_again_starts_anew(slow: Account) -> None:
    client = slow.client("dynamodb")
    slow.settings(transition_seconds=0)
    client.put_resource_policy(ResourceArn=arn(slow), Policy=json.dumps(POLICY))
    expire(client, enabled=True)
    client.delete_table(TableName="t")
    make_table(slow)
    with refused("PolicyNotFoundException"):
        client.get_resource_policy(ResourceArn=arn(slow))
    assert expiry(client) == {"TimeToLiveStatus": "DISABLED"}


def test_insights_of_a_table_and_of_an_index(slow: Account) -> None:
    client = slow.client("dynamodb")

    def update(action: str, **more: str) -> str:
        answer = client.update_contributor_insights(TableName="t", ContributorInsightsAction=action, **more)
        return str(answer["ContributorInsightsStatus"])

    def describe(**more: str) -> dict[str, Any]:
        answer = client.describe_contributor_insights(TableName="t", **more)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    assert describe() == {"TableName": "t", "ContributorInsightsStatus": "DISABLED"}
    assert update("DISABLE") == "DISABLED"
    assert update("ENABLE") == "ENABLING"
    assert update("ENABLE", IndexName="by-user", ContributorInsightsMode="THROTTLED_KEYS") == "ENABLING"
    slow.advance(61)
    assert update("ENABLE") == "ENABLED"
    shown = describe()
    assert (shown["ContributorInsightsStatus"], len(shown["ContributorInsightsRuleList"])) == ("ENABLED", 2)
    assert len(describe(IndexName="by-user")["ContributorInsightsRuleList"]) == 1
    listed = client.list_contributor_insights(TableName="t")["ContributorInsightsSummaries"]
    assert [item.get("IndexName") for item in listed] == [None, "by-user"]
    assert client.list_contributor_insights()["ContributorInsightsSummaries"] == listed
    assert update("DISABLE") == "DISABLING"
    slow.advance(61)
    listed = client.list_contributor_insights(TableName="t")["ContributorInsightsSummaries"]
    assert [item["IndexName"] for item in listed] == ["by-user"]
    with refused("ResourceNotFoundException", "Index: none"):
        describe(IndexName="none")


def test_a_kinesis_destination(slow: Account) -> None:
    client, kinesis = slow.client("dynamodb"), slow.client("kinesis")
    for name in ("one", "two"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    one, two = (kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"] for name in ("one", "two"))

    def states() -> dict[str, str]:
        shown = client.describe_kinesis_streaming_destination(TableName="t")["KinesisDataStreamDestinations"]
        return {entry["StreamArn"]: entry["DestinationStatus"] for entry in shown}

    assert states() == {}
    with refused("ValidationException", "must be ACTIVE to perform DISABLE"):
        client.disable_kinesis_streaming_destination(TableName="t", StreamArn=one)
    answer = client.enable_kinesis_streaming_destination(
        TableName="t",
        StreamArn=one,
        EnableKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"},
    )
    assert answer["DestinationStatus"] == "ENABLING"
    with refused("ValidationException", "must be DISABLED or ENABLE_FAILED"):
        client.enable_kinesis_streaming_destination(TableName="t", StreamArn=two)
    slow.advance(61)
    assert states() == {one: "ACTIVE"}
    precision = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    with refused("ValidationException", "already set to the desired value of MICROSECOND"):
        client.update_kinesis_streaming_destination(
            TableName="t", StreamArn=one, UpdateKinesisStreamingConfiguration=precision
        )
    client.disable_kinesis_streaming_destination(TableName="t", StreamArn=one)
    assert states() == {one: "DISABLING"}
    slow.advance(61)
    client.enable_kinesis_streaming_destination(TableName="t", StreamArn=two)
    slow.advance(61)
    assert states() == {one: "DISABLED", two: "ACTIVE"}


def test_a_stream_that_is_not_there_shows_in_the_state(slow: Account) -> None:
    client = slow.client("dynamodb")
    missing = f"arn:aws:kinesis:us-east-1:{slow.id}:stream/none"
    client.enable_kinesis_streaming_destination(TableName="t", StreamArn=missing)
    slow.advance(61)
    (entry,) = client.describe_kinesis_streaming_destination(TableName="t")["KinesisDataStreamDestinations"]
    assert entry["DestinationStatus"] == "ENABLE_FAILED"
    assert entry["DestinationStatusDescription"]


UNITS = {"ReadCapacityUnits": 20, "WriteCapacityUnits": 20}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"DeletionProtectionEnabled": True, "TableClass": "STANDARD"}, "must be the only operation in the request"),
        ({"SSESpecification": {"Enabled": True}, "StreamSpecification": STREAM}, "Server-Side Encryption modification"),
        ({"StreamSpecification": STREAM, "ProvisionedThroughput": UNITS}, "cannot modify stream status while updating"),
        (
            {
                "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-user"}}],
                "ProvisionedThroughput": UNITS,
            },
            "cannot create or delete index while updating table IOPS",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-user"}}], "StreamSpecification": STREAM},
            "cannot create or delete index while changing stream status",
        ),
        ({"StreamSpecification": {"StreamEnabled": False}}, "Table has no stream to disable"),
    ],
)
def test_what_does_not_go_together_in_an_update(slow: Account, arguments: dict[str, Any], text: str) -> None:
    before = table(slow)
    with refused("ValidationException", text):
        slow.client("dynamodb").update_table(TableName="t", **arguments)
    assert table(slow) == before


def test_one_slow_change_at_a_time(slow: Account) -> None:
    client = slow.client("dynamodb")
    client.update_table(TableName="t", StreamSpecification=STREAM)
    assert table(slow)["TableStatus"] == "UPDATING"
    with refused("ResourceInUseException", "being updated: t"):
        client.update_table(TableName="t", TableClass="STANDARD_INFREQUENT_ACCESS")
    client.update_table(TableName="t", DeletionProtectionEnabled=True)
    slow.advance(61)
    client.update_table(TableName="t", TableClass="STANDARD_INFREQUENT_ACCESS")
    slow.advance(61)
    shown = table(slow)
    assert (shown["TableStatus"], shown["TableClassSummary"]["TableClass"]) == ("ACTIVE", "STANDARD_INFREQUENT_ACCESS")
    assert shown["StreamSpecification"] == STREAM
    assert shown["DeletionProtectionEnabled"]


def test_an_index_is_creating_before_it_is_active(slow: Account) -> None:
    client = slow.client("dynamodb")
    index = {
        "IndexName": "by-name",
        "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        "ProvisionedThroughput": UNITS,
    }
    definitions = [*table(slow)["AttributeDefinitions"], {"AttributeName": "name", "AttributeType": "S"}]
    creation = {"GlobalSecondaryIndexUpdates": [{"Create": index}], "AttributeDefinitions": definitions}
    client.put_item(TableName="t", Item={"id": {"S": "a"}, "name": {"S": "n"}})
    client.update_table(TableName="t", **creation)
    during = {item["IndexName"]: item["IndexStatus"] for item in table(slow)["GlobalSecondaryIndexes"]}
    assert during == {"by-user": "ACTIVE", "by-name": "CREATING"}
    slow.advance(61)
    shown = {item["IndexName"]: item for item in table(slow)["GlobalSecondaryIndexes"]}["by-name"]
    assert (shown["IndexStatus"], shown["ItemCount"]) == ("ACTIVE", 1)
    assert client.scan(TableName="t", IndexName="by-name")["Count"] == 1


def test_a_class_and_a_policy_from_the_beginning(account: Account) -> None:
    client = account.client("dynamodb")
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        TableClass="STANDARD_INFREQUENT_ACCESS",
        ResourcePolicy=json.dumps(POLICY),
    )
    account.advance(1)
    assert table(account)["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert json.loads(client.get_resource_policy(ResourceArn=arn(account))["Policy"]) == POLICY
