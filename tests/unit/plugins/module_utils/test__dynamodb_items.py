# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The raw way to items, against the embedded AWS, and every request held against botocore's model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_makers import make_table
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import Items, Table, _without_items
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._pace import Pace
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused
from local_aws.client import Account


def numbered(number: int) -> dict[str, Any]:
    return {"id": {"S": f"{number:04d}"}, "b": {"B": "AP8="}, "s": {"SS": ["x", "y"]}, "n": {"N": str(number)}}


def key(number: int) -> dict[str, Any]:
    return {"id": {"S": f"{number:04d}"}}


@pytest.fixture
def sent() -> list[tuple[str, dict[str, Any]]]:
    return []


@pytest.fixture
def aws(account: Account, sent: list[tuple[str, dict[str, Any]]]) -> Iterator[Aws]:
    """A way to the account that notes what is sent, attempt by attempt."""

    def note(event_name: str, request: Any, **_event: Any) -> None:
        sent.append((event_name.rpartition(".")[2], json.loads(request.body)))

    client = account.session.client("dynamodb", endpoint_url=account.endpoint)
    client.meta.events.register("before-send.dynamodb", note)
    yield Aws(lambda _service: client, Pace(), timeout=30)
    client.close()


@pytest.fixture
def items(aws: Aws) -> Items:
    return Items(aws, workers=8, patience=20)


@pytest.fixture
def table(account: Account, items: Items) -> Table:
    make_table(account, "t", units=None)
    table = items.table("t")
    for start in range(0, 200, 25):
        items.write(table, [{"PutRequest": {"Item": numbered(number)}} for number in range(start, start + 25)])
    return table


def test_items_come_and_go_as_they_are(account: Account, items: Items, table: Table) -> None:
    """What boto3 reads is what was written, and what is read is the API's own JSON."""
    (plain,) = account.client("dynamodb").batch_get_item(RequestItems={"t": {"Keys": [key(7)]}})["Responses"]["t"]
    assert (plain["b"], plain["n"]) == ({"B": b"\x00\xff"}, {"N": "7"})
    (raw,) = items.get(table, [key(7), key(999)])
    assert raw["b"] == {"B": "AP8="}
    items.write(table, [{"DeleteRequest": {"Key": key(7)}}])
    assert items.get(table, [key(7)]) == []


@pytest.mark.parametrize("segments", [1, 3])
def test_each_item_is_read_once(items: Items, table: Table, segments: int) -> None:
    found: list[str] = []
    items.scan([(table, lambda page: found.extend(item["id"]["S"] for item in page.items()))], segments, Limit=30)
    assert sorted(found) == [f"{number:04d}" for number in range(200)]


def test_every_request_is_one_that_botocore_would_send(
    items: Items, table: Table, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    items.get(table, [key(1)])
    items.scan([(table, lambda page: None)], 2, Limit=10)
    items.put_if(table, numbered(3), {"ConditionExpression": "attribute_not_exists(id)"})
    assert {operation for operation, _body in sent} == {
        "DescribeTable",
        "BatchWriteItem",
        "BatchGetItem",
        "Scan",
        "PutItem",
    }
    assert_valid(Call("dynamodb", operation, body) for operation, body in sent)


def test_a_condition_that_does_not_hold_is_no_error(items: Items, table: Table) -> None:
    condition = {"ConditionExpression": "attribute_not_exists(id)"}
    assert not items.put_if(table, numbered(3), condition)
    assert items.put_if(table, numbered(300), condition)


def test_what_is_left_over_is_written_later_and_counted_once(account: Account, items: Items, table: Table) -> None:
    """The embedded AWS takes so many units a second and leaves the rest over."""
    account.settings(write_units_per_second=20)
    written: list[Any] = []
    items.write(table, [{"PutRequest": {"Item": numbered(number)}} for number in range(500, 525)], written.extend)
    assert [request["PutRequest"]["Item"]["id"]["S"] for request in sorted(written, key=str)] == [
        f"{number:04d}" for number in range(500, 525)
    ]
    account.settings(write_units_per_second=0)
    assert len(items.get(table, [key(number) for number in range(500, 525)])) == 25


def test_throttling_is_waited_out_and_another_error_is_told(account: Account, items: Items, table: Table) -> None:
    account.fault("dynamodb", "Scan", times=5, error="ProvisionedThroughputExceededException")
    assert len(items.page(table).items()) == 200
    account.deny("dynamodb:Scan")
    with pytest.raises(AwsError, match="Allow dynamodb:Scan"):
        items.page(table)


def test_throttling_that_does_not_end_is_told(account: Account, aws: Aws, table: Table) -> None:
    account.fault("dynamodb", "BatchGetItem", times=0, error="ProvisionedThroughputExceededException")
    with pytest.raises(AwsError) as told:
        Items(aws, workers=2, patience=0.5).get(table, [key(1)])
    assert told.value.code == "ProvisionedThroughputExceededException"


@pytest.mark.parametrize("mode", ["disconnect", "disconnect_after"])
def test_a_connection_that_is_cut_is_made_again(account: Account, items: Items, table: Table, mode: str) -> None:
    account.fault("dynamodb", "BatchWriteItem", times=2, mode=mode)
    written: list[Any] = []
    items.write(table, [{"PutRequest": {"Item": numbered(400)}}], written.extend)
    assert len(written) == 1
    assert len(items.get(table, [key(400)])) == 1


def test_other_calls_of_the_same_client_stay_as_they_are(aws: Aws, table: Table) -> None:
    assert aws.call("dynamodb", "GetItem", TableName="t", Key=key(1))["Item"]["b"] == {"B": b"\x00\xff"}


def test_reads_stay_within_a_budget(account: Account, aws: Aws, table: Table) -> None:
    items = Items(aws, workers=4, patience=20, read_units=10)
    pages: list[int] = []
    items.scan([(table, lambda page: pages.append(page.scanned))], 1)
    assert sum(pages) == 200
    # It begins carefully, and learns.
    assert pages[0] == 1
    assert len(pages) < 20
    assert items.budget(table, "read").total > 0


def test_a_table_that_can_not_be_read_yet_is_refused(account: Account, items: Items) -> None:
    account.settings(transition_seconds=30)
    account.client("dynamodb").create_table(
        TableName="new",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(Refused, match="new is CREATING"):
        items.table("new")


@pytest.mark.parametrize(
    "answer",
    [
        {"Items": [{"a": {"S": "x]"}}], "Count": 1, "ScannedCount": 2, "LastEvaluatedKey": {"a": {"S": "x"}}},
        {"Count": 1, "Items": [{"Items": {"L": []}}], "LastEvaluatedKey": {"a": {"S": 'a],"b"]}'}}, "ScannedCount": 2},
        {"ConsumedCapacity": {"TableName": "Items"}, "Count": 1, "Items": [], "ScannedCount": 2},
        {"Count": 5, "ScannedCount": 2},
    ],
)
def test_what_is_beside_the_items_is_read_whatever_is_in_them(answer: dict[str, Any]) -> None:
    head = _without_items(json.dumps(answer, separators=(",", ":")).encode())
    assert {name: value for name, value in head.items() if name != "Items"} == {
        name: value for name, value in answer.items() if name != "Items"
    }
