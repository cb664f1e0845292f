# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS follows the rules of event source mappings; each of these fails on plain moto."""

from __future__ import annotations

from typing import Any

import pytest
from aws_makers import make_function, make_table
from botocore.exceptions import ClientError

from local_aws.client import Account


def make_stream(account: Account, table: str = "t") -> str:
    """The ARN of the stream of a new table."""
    client = make_table(account, table, units=None)
    client.update_table(
        TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    )
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})
    return str(client.describe_table(TableName=table)["Table"]["LatestStreamArn"])


@pytest.fixture
def source(account: Account) -> str:
    """A stream and a function `f` with the alias `live`, in an account whose states take a minute."""
    make_function(account)
    arn = make_stream(account)
    account.settings(transition_seconds=60)
    return arn


def create(account: Account, source: str, function: str = "f", **options: Any) -> dict[str, Any]:
    client = account.client("lambda")
    return dict(
        client.create_event_source_mapping(
            EventSourceArn=source, FunctionName=function, **{"StartingPosition": "LATEST", **options}
        )
    )


def states(account: Account, **search: Any) -> list[str]:
    return [m["State"] for m in account.client("lambda").list_event_source_mappings(**search)["EventSourceMappings"]]


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


@pytest.mark.parametrize(("enabled", "state"), [(True, "Enabled"), (False, "Disabled")])
def test_a_new_mapping_is_creating_before_it_is_what_was_asked(
    account: Account, source: str, enabled: bool, state: str
) -> None:
    assert create(account, source, Enabled=enabled)["State"] == "Creating"
    assert states(account) == ["Creating"]
    account.advance(61)
    assert states(account) == [state]


def test_switching_takes_time_and_is_refused_meanwhile(account: Account, source: str) -> None:
    client, uuid = account.client("lambda"), create(account, source, Enabled=False)["UUID"]
    with refused("ResourceInUseException", "Cannot update"):
        client.update_event_source_mapping(UUID=uuid, Enabled=True)
    account.advance(61)
    assert client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    with refused("ResourceInUseException", "Cannot delete"):
        client.delete_event_source_mapping(UUID=uuid)
    account.advance(61)
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    assert client.update_event_source_mapping(UUID=uuid, BatchSize=7)["State"] == "Updating"
    account.advance(61)
    assert client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    account.advance(61)
    now = client.get_event_source_mapping(UUID=uuid)
    assert (now["State"], now["BatchSize"]) == ("Disabled", 7)


def test_a_deleted_mapping_is_seen_deleting_before_it_is_gone(account: Account, source: str) -> None:
    client, uuid = account.client("lambda"), create(account, source)["UUID"]
    account.advance(61)
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    assert states(account) == ["Deleting"]
    account.advance(61)
    assert states(account) == []
    with refused("ResourceNotFoundException", "does not exist"):
        client.get_event_source_mapping(UUID=uuid)


def test_a_source_is_mapped_to_a_function_once_and_to_its_alias_once(account: Account, source: str) -> None:
    uuid = create(account, source)["UUID"]
    live = create(account, source, "f:live")
    assert live["FunctionArn"].endswith(":function:f:live")
    with refused("ResourceConflictException", f"already exists.*{uuid}"):
        create(account, source, "f")
    with refused("ResourceConflictException", "already exists"):
        create(account, source, live["FunctionArn"])
    with refused("ResourceNotFoundException", "nope"):
        create(account, source, "f:nope")


def test_mappings_are_found_by_source_and_by_function_in_pages(account: Account, source: str) -> None:
    account.settings(transition_seconds=0)
    client = account.client("lambda")
    make_function(account, "g")
    other = make_stream(account, "u")
    create(account, source, "f")
    create(account, source, "g:live")
    arn = create(account, other, "f")["FunctionArn"]
    assert len(states(account, EventSourceArn=source)) == 2
    assert len(states(account, FunctionName=arn)) == 2
    assert len(states(account, FunctionName="g:live")) == 1
    assert len(states(account, FunctionName="f", EventSourceArn=other)) == 1
    first = client.list_event_source_mappings(MaxItems=2)
    rest = client.list_event_source_mappings(Marker=first["NextMarker"])
    assert len(first["EventSourceMappings"]) == 2
    assert len(rest["EventSourceMappings"]) == 1
    assert "NextMarker" not in rest


def test_a_stream_needs_a_starting_position(account: Account, source: str) -> None:
    with refused("InvalidParameterValueException", "startingPosition"):
        account.client("lambda").create_event_source_mapping(EventSourceArn=source, FunctionName="f")


def test_items_of_a_mapped_table_are_written_without_running_the_function(account: Account, source: str) -> None:
    account.settings(transition_seconds=0)
    create(account, source)
    account.client("dynamodb").put_item(TableName="t", Item={"id": {"S": "1"}})
    streams = account.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=source)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=source, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    assert len(streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]) == 1
