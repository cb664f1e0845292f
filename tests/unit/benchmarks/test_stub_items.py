# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks import processes
from benchmarks.stub.items import PAGE_BYTES, Items, ItemsSettings, item, key_of, size_of

Make = Callable[[str], Any]

SOURCE, TARGET = "source", "target"


def _key(number: int) -> dict[str, Any]:
    return {name: item(number)[name] for name in ("session_id", "turn")}


def _put(number: int, **more: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": {**item(number), **more}}}


def _all(client: Any, table: str, segments: int = 1, **more: Any) -> list[Any]:
    pages = (
        page
        for segment in range(segments)
        for page in client.get_paginator("scan").paginate(
            TableName=table, Segment=segment, TotalSegments=segments, **more
        )
    )
    return [each for page in pages for each in page["Items"]]


@pytest.mark.parametrize("segments", [1, 2, 7, 64])
def test_every_item_is_in_exactly_one_segment_and_page(endpoint: processes.Stub, client: Make, segments: int) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 5000}})
    found = _all(client("dynamodb"), SOURCE, segments)
    assert sorted(key_of(each) for each in found) == sorted(key_of(item(n)) for n in range(5000))
    assert item(17) in found


def test_a_page_ends_at_a_megabyte_or_at_the_limit(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 5000}})
    dynamodb = client("dynamodb")
    page = dynamodb.scan(TableName=SOURCE)
    size = sum(size_of(each) for each in page["Items"])
    assert PAGE_BYTES - 1000 < size <= PAGE_BYTES
    assert "LastEvaluatedKey" in page
    few = dynamodb.scan(TableName=SOURCE, Limit=3)
    assert few["Items"] == page["Items"][:3]
    after = dynamodb.scan(TableName=SOURCE, Limit=2, ExclusiveStartKey=few["LastEvaluatedKey"])
    assert after["Items"] == page["Items"][3:5]


def test_items_of_one_partition_key_are_never_in_two_segments(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 400}})
    dynamodb = client("dynamodb")
    seen = [
        {each["session_id"]["S"] for each in dynamodb.scan(TableName=SOURCE, Segment=n, TotalSegments=50)["Items"]}
        for n in range(50)
    ]
    assert sum(len(sessions) for sessions in seen) == len(set().union(*seen)) == 100


def test_tables_differ_as_they_are_told_to(endpoint: processes.Stub, client: Make) -> None:
    contents = {"items": 1000, "missing": 3, "differing": 5, "extra": 7}
    endpoint.reset("items", tables={SOURCE: {"items": 1000}, TARGET: contents}, copies={TARGET: SOURCE})
    one, other = ({key_of(each): each for each in _all(client("dynamodb"), name)} for name in (SOURCE, TARGET))
    assert (len(one.keys() - other.keys()), len(other.keys() - one.keys())) == (3, 7)
    assert sum(one[key] != other[key] for key in one.keys() & other.keys()) == 5
    assert endpoint.report()["unlike"] == {TARGET: 15}


def test_two_tables_have_their_items_in_different_orders(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 100}, TARGET: {"items": 100}})
    one, other = (_all(client("dynamodb"), name) for name in (SOURCE, TARGET))
    assert one != other
    assert sorted(one, key=key_of) == sorted(other, key=key_of)


def test_what_is_written_is_read_and_scanned(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 40}, TARGET: {"items": 10}}, copies={TARGET: SOURCE})
    dynamodb = client("dynamodb")
    dynamodb.batch_write_item(RequestItems={TARGET: [_put(n) for n in range(10, 35)]})
    for number in range(35, 40):
        dynamodb.put_item(TableName=TARGET, Item=item(number))
    assert endpoint.report()["unlike"] == {TARGET: 0}
    dynamodb.put_item(TableName=TARGET, Item=item(3, "otherwise"))
    dynamodb.delete_item(TableName=TARGET, Key=_key(4))
    assert dynamodb.get_item(TableName=TARGET, Key=_key(3))["Item"] == item(3, "otherwise")
    assert "Item" not in dynamodb.get_item(TableName=TARGET, Key=_key(4))
    got = dynamodb.batch_get_item(RequestItems={TARGET: {"Keys": [_key(n) for n in (3, 4, 5)]}})["Responses"][TARGET]
    assert got == [item(3, "otherwise"), item(5)]
    assert len(_all(dynamodb, TARGET, 4)) == 39
    assert endpoint.report()["unlike"] == {TARGET: 2}


def test_a_set_in_another_order_is_no_difference(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 1}, TARGET: {"items": 0}}, copies={TARGET: SOURCE})
    labels = {"SS": list(reversed(item(0)["labels"]["SS"]))}
    client("dynamodb").put_item(TableName=TARGET, Item={**item(0), "labels": labels})
    assert endpoint.report()["unlike"] == {TARGET: 0}


def test_capacity_is_counted_as_aws_counts_it(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 100}})
    dynamodb = client("dynamodb")
    keys: Mapping[str, Any] = {SOURCE: {"Keys": [_key(1), _key(500)]}}

    def units(answer: Mapping[str, Any]) -> Any:
        consumed = answer["ConsumedCapacity"]
        return consumed["CapacityUnits"] if isinstance(consumed, dict) else consumed[0]["CapacityUnits"]

    scan = dynamodb.scan(TableName=SOURCE, ReturnConsumedCapacity="TOTAL")
    size = sum(size_of(each) for each in scan["Items"])
    assert units(scan) == -(-size // 4096) / 2
    # Half a unit for an item that is not there, too.
    assert units(dynamodb.batch_get_item(RequestItems=keys, ReturnConsumedCapacity="TOTAL")) == 1
    wide = {"content": {"S": "x" * 2000}}
    written = dynamodb.batch_write_item(
        RequestItems={SOURCE: [_put(1), _put(2, **wide)]}, ReturnConsumedCapacity="INDEXES"
    )
    assert units(written) == 1 + 3
    # Overwriting costs the larger of the two.
    assert units(dynamodb.put_item(TableName=SOURCE, Item=item(2), ReturnConsumedCapacity="TOTAL")) == 3
    assert "ConsumedCapacity" not in dynamodb.scan(TableName=SOURCE)
    report = endpoint.report()
    assert [units for _at, units in report["written_units"]] == [4, 3]
    assert report["read_units"] == units(scan) + 1 + units(scan)


def test_what_is_over_the_budget_is_given_back_and_not_written(clock: Any) -> None:
    account = Items(ItemsSettings(tables={TARGET: {"items": 0}}, write_units=30), clock)

    def write(first: int, number: int) -> dict[str, Any]:
        body = {"RequestItems": {TARGET: [_put(n) for n in range(first, first + number)]}}
        head = b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.BatchWriteItem"
        return json.loads(account.answer("POST", "/", head, json.dumps(body).encode()).body)

    assert write(0, 25)["UnprocessedItems"] == {}
    assert len(write(25, 25)["UnprocessedItems"][TARGET]) == 20
    assert write(30, 25)["__type"].endswith("#ProvisionedThroughputExceededException")
    assert account.report()["items"] == {TARGET: 30}
    assert account.report()["unprocessed"] == 45
    assert account.report()["throttled"] == {"BatchWriteItem": 1}
    clock.now += 0.5
    assert len(write(30, 25)["UnprocessedItems"][TARGET]) == 10


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("scan", {"TableName": "none"}, "ResourceNotFoundException"),
        ("batch_write_item", {"RequestItems": {SOURCE: [_put(1)] * 2}}, "ValidationException"),
        ("batch_write_item", {"RequestItems": {SOURCE: [_put(n) for n in range(26)]}}, "ValidationException"),
        ("batch_get_item", {"RequestItems": {SOURCE: {"Keys": [_key(n) for n in range(101)]}}}, "ValidationException"),
    ],
)
def test_boto_sees_the_error_that_aws_gives(
    endpoint: processes.Stub, client: Make, operation: str, arguments: dict[str, Any], code: str
) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 1}})
    with pytest.raises(ClientError) as caught:
        getattr(client("dynamodb"), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code


def test_an_argument_that_is_not_understood_is_not_served(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 1}})
    with pytest.raises(ClientError):
        client("dynamodb").scan(TableName=SOURCE, FilterExpression="attribute_exists(a)")
    assert endpoint.report()["unknown"] == ["Scan ['FilterExpression']"]


def test_some_attributes_are_asked_for(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 1}})
    names = {"ProjectionExpression": "#s, turn", "ExpressionAttributeNames": {"#s": "session_id"}}
    assert _all(client("dynamodb"), SOURCE, **names) == [_key(0)]
    assert client("dynamodb").get_item(TableName=SOURCE, Key=_key(0), **names)["Item"] == _key(0)
    counted = client("dynamodb").scan(TableName=SOURCE, Select="COUNT")
    assert (counted["Count"], "Items" in counted) == (1, False)


def test_a_table_is_described(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("items", tables={SOURCE: {"items": 9}, TARGET: {"items": 0}})
    assert client("dynamodb").list_tables()["TableNames"] == [SOURCE, TARGET]
    table = client("dynamodb").describe_table(TableName=SOURCE)["Table"]
    assert (table["ItemCount"], table["TableStatus"]) == (9, "ACTIVE")
    assert table["TableSizeBytes"] == sum(size_of(item(n)) for n in range(9))
    assert client("dynamodb").describe_table(TableName=table["TableArn"])["Table"] == table
