# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS reads and writes items as DynamoDB does: pages, segments, consumed units, throttling."""

from __future__ import annotations

from typing import Any

import pytest
from aws_makers import make_table
from botocore.exceptions import ClientError

from local_aws.client import Account
from local_aws.items import number


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def item(key: str, size: int = 0, **more: Any) -> dict[str, Any]:
    """An item of about so many bytes."""
    return {"id": {"S": key}, **more, **({"fill": {"S": "x" * (size - len(key) - 6)}} if size else {})}


def put_all(client: Any, items: list[dict[str, Any]], table: str = "t") -> None:
    for start in range(0, len(items), 25):
        requests = [{"PutRequest": {"Item": one}} for one in items[start : start + 25]]
        assert client.batch_write_item(RequestItems={table: requests})["UnprocessedItems"] == {}


def scan(client: Any, **arguments: Any) -> list[dict[str, Any]]:
    """Every page of a scan."""
    return list(client.get_paginator("scan").paginate(TableName="t", **arguments))


def keys(pages: list[dict[str, Any]]) -> list[str]:
    return [one["id"]["S"] for page in pages for one in page["Items"]]


@pytest.fixture
def client(account: Account) -> Any:
    return make_table(account, units=None)


@pytest.fixture
def sorted_table(account: Account) -> Any:
    """A table with a sort key and indexes: one that holds all, one that holds keys, one that is local."""
    client = account.client("dynamodb")

    def index(name: str, own: str, sort: str, **projection: Any) -> dict[str, Any]:
        schema = [{"AttributeName": own, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
        return {"IndexName": name, "KeySchema": schema, "Projection": projection}

    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
            {"AttributeName": "user", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            index("all", "user", "n", ProjectionType="ALL"),
            index("some", "user", "id", ProjectionType="INCLUDE", NonKeyAttributes=["more"]),
        ],
        LocalSecondaryIndexes=[index("local", "id", "user", ProjectionType="KEYS_ONLY")],
    )
    account.advance(1)
    return client


def test_each_item_is_in_exactly_one_segment_and_always_in_the_same(client: Any) -> None:
    put_all(client, [item(f"k{number}") for number in range(200)])
    parts = [keys(scan(client, Segment=segment, TotalSegments=7)) for segment in range(7)]
    assert all(parts)
    assert sorted(key for part in parts for key in part) == sorted(keys(scan(client)))
    assert [keys(scan(client, Segment=segment, TotalSegments=7)) for segment in range(7)] == parts
    # The segments follow each other in the order of the whole scan.
    assert [key for part in parts for key in part] == keys(scan(client))
    limited = scan(client, Segment=3, TotalSegments=7, Limit=5)
    assert keys(limited) == parts[3]
    assert len(limited) > 1


def test_items_of_a_partition_are_in_one_segment(sorted_table: Any) -> None:
    rows = [{"id": {"S": f"p{own}"}, "n": {"N": str(number)}} for own in range(10) for number in (10, 9, -1)]
    put_all(sorted_table, rows)
    for segment in range(4):
        found = [page["Items"] for page in scan(sorted_table, Segment=segment, TotalSegments=4, Limit=2)]
        flat = [(one["id"]["S"], one["n"]["N"]) for page in found for one in page]
        assert flat == [(own, value) for own in dict.fromkeys(own for own, _n in flat) for value in ("-1", "9", "10")]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"Segment": 0}, "TotalSegments parameter is required"),
        ({"TotalSegments": 2}, "Segment parameter is required"),
        ({"Segment": 2, "TotalSegments": 2}, "zero-based and must be less"),
        ({"IndexName": "none"}, "does not have the specified index: none"),
        ({"FilterExpression": "a >"}, "FilterExpression|Filter Expression"),
        ({"ExclusiveStartKey": {"n": {"N": "1"}}}, "starting key is invalid"),
        ({"ExpressionAttributeNames": {"#a": "b"}, "FilterExpression": "a = a"}, "unused in expressions"),
    ],
)
def test_a_scan_refuses(client: Any, arguments: dict[str, Any], text: str) -> None:
    with refused("ValidationException", text):
        client.scan(TableName="t", **arguments)


def test_a_start_key_of_another_segment_is_refused(client: Any) -> None:
    put_all(client, [item(f"k{number}") for number in range(20)])
    other = client.scan(TableName="t", Segment=1, TotalSegments=2)["Items"][0]
    with refused("ValidationException", "correct Segment. TotalSegments: 2 Segment: 0"):
        client.scan(TableName="t", Segment=0, TotalSegments=2, ExclusiveStartKey={"id": other["id"]})


def test_a_page_ends_at_1_mb_before_the_filter(client: Any) -> None:
    put_all(client, [item(f"k{number}", size=100_000) for number in range(25)])
    pages = scan(
        client,
        FilterExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": "k7"}},
        ReturnConsumedCapacity="TOTAL",
    )
    assert [page["ScannedCount"] for page in pages] == [10, 10, 5]
    assert sum(page["Count"] for page in pages) == 1
    # 1,000,000 bytes are 245 times 4 KB; half of it for eventually consistent reads.
    assert pages[0]["ConsumedCapacity"] == {"TableName": "t", "CapacityUnits": 122.5}


def test_a_full_page_has_a_next_one_even_where_nothing_follows(client: Any) -> None:
    put_all(client, [item("a"), item("b")])
    first = client.scan(TableName="t", Limit=2)
    assert first["Count"] == 2
    second = client.scan(TableName="t", Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert (second["Count"], "LastEvaluatedKey" in second) == (0, False)


def test_scans_of_indexes(sorted_table: Any) -> None:
    more = {"more": {"S": "yes"}, "other": {"S": "no"}}
    rows = [{"id": {"S": "a"}, "n": {"N": str(n)}, "user": {"S": f"u{n}"}, **more} for n in range(5)]
    put_all(sorted_table, [*rows, {"id": {"S": "a"}, "n": {"N": "9"}}])
    assert sum(page["Count"] for page in scan(sorted_table, IndexName="all", Limit=2)) == 5
    (page,) = scan(sorted_table, IndexName="some")
    assert {tuple(sorted(one)) for one in page["Items"]} == {("id", "more", "n", "user")}
    assert page["Count"] == 5
    start = sorted_table.scan(TableName="t", IndexName="some", Limit=1)["LastEvaluatedKey"]
    assert set(start) == {"user", "id", "n"}
    (page,) = scan(sorted_table, IndexName="local", ReturnConsumedCapacity="INDEXES")
    assert page["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"local": {"CapacityUnits": 0.5}}
    with refused("ValidationException", "Consistent reads are not supported"):
        sorted_table.scan(TableName="t", IndexName="all", ConsistentRead=True)
    described = sorted_table.describe_table(TableName="t")["Table"]
    assert {index["IndexName"]: index["ItemCount"] for index in described["GlobalSecondaryIndexes"]} == {
        "all": 5,
        "some": 5,
    }


def test_projections_and_counts(client: Any) -> None:
    client.put_item(TableName="t", Item=item("a", m={"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, z={"S": "z"}))
    assert client.scan(TableName="t", ProjectionExpression="id, z")["Items"] == [{"id": {"S": "a"}, "z": {"S": "z"}}]
    assert client.scan(TableName="t", ProjectionExpression="m.x")["Items"] == [{"m": {"M": {"x": {"N": "1"}}}}]
    counted = client.scan(TableName="t", Select="COUNT")
    assert (counted["Count"], "Items" in counted) == (1, False)


def test_every_type_comes_back(client: Any) -> None:
    whole = item(
        "a",
        binary={"B": b"\x00\xff"},
        binaries={"BS": [b"1", b"2"]},
        numbers={"NS": ["1", "2"]},
        texts={"SS": ["a", "b"]},
        truth={"BOOL": False},
        nothing={"NULL": True},
        nested={"L": [{"M": {"b": {"B": b"x"}, "n": {"N": "1"}}}, {"S": "\u00fc"}]},
    )
    put_all(client, [whole])
    assert client.scan(TableName="t")["Items"] == [whole]
    key = {"id": {"S": "a"}}
    assert client.batch_get_item(RequestItems={"t": {"Keys": [key]}})["Responses"]["t"] == [whole]
    assert client.get_item(TableName="t", Key=key)["Item"] == whole
    (found,) = client.query(
        TableName="t", KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": {"S": "a"}}
    )["Items"]
    assert found == whole


def test_binary_keys(account: Account) -> None:
    client = account.client("dynamodb")
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
        BillingMode="PAY_PER_REQUEST",
    )
    account.advance(1)
    wanted = [bytes([number, 255 - number]) for number in range(20)]
    put_all(client, [{"id": {"B": own}} for own in wanted])
    found = [
        one["id"]["B"]
        for part in range(3)
        for one in scan(client, Segment=part, TotalSegments=3, Limit=2)
        for one in one["Items"]
    ]
    assert sorted(found) == wanted
    keyed = [{"id": {"B": wanted[3]}}]
    assert client.batch_get_item(RequestItems={"t": {"Keys": keyed}})["Responses"]["t"] == keyed


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("1", "1"),
        ("01.50", "1.5"),
        ("1.0", "1"),
        ("1E3", "1000"),
        ("-0.0", "0"),
        ("100", "100"),
        ("1e-3", "0.001"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
    ],
)
def test_numbers_are_written_as_dynamodb_writes_them(given: str, kept: str) -> None:
    assert number(given) == kept


def test_numbers_are_kept_without_zeroes(client: Any) -> None:
    client.put_item(TableName="t", Item=item("a", n={"N": "1.50"}, s={"NS": ["2.0"]}, l={"L": [{"N": "03"}]}))
    stored = client.get_item(TableName="t", Key={"id": {"S": "a"}})["Item"]
    assert (stored["n"], stored["s"], stored["l"]) == ({"N": "1.5"}, {"NS": ["2"]}, {"L": [{"N": "3"}]})


def test_queries(sorted_table: Any) -> None:
    rows = [{"id": {"S": "a"}, "n": {"N": str(n)}, "user": {"S": f"u{n % 2}"}} for n in range(10)]
    put_all(sorted_table, [*rows, {"id": {"S": "b"}, "n": {"N": "5"}}])

    def found(expression: str, **arguments: Any) -> list[str]:
        values = {":a": {"S": "a"}, ":low": {"N": "3"}, ":high": {"N": "6"}, ":u": {"S": "u1"}}
        used = {
            name: value for name, value in values.items() if name in expression + arguments.get("FilterExpression", "")
        }
        pages = sorted_table.get_paginator("query").paginate(
            TableName="t", KeyConditionExpression=expression, ExpressionAttributeValues=used, **arguments
        )
        return [one["n"]["N"] for page in pages for one in page["Items"]]

    assert found("id = :a") == [str(n) for n in range(10)]
    assert found("id = :a AND n BETWEEN :low AND :high") == ["3", "4", "5", "6"]
    assert found("id = :a AND n > :high", ScanIndexForward=False, Limit=2) == ["9", "8", "7"]
    assert found("id = :a", FilterExpression="n < :low") == ["0", "1", "2"]
    names = {"#u": "user"}
    assert found("#u = :u", IndexName="all", ExpressionAttributeNames=names) == ["1", "3", "5", "7", "9"]
    assert found("#u = :u", IndexName="all", ExpressionAttributeNames=names, Limit=2) == ["1", "3", "5", "7", "9"]


def consumed(answer: dict[str, Any]) -> Any:
    return answer["ConsumedCapacity"]["CapacityUnits"]


def test_what_reads_cost(client: Any) -> None:
    put_all(client, [item("small"), item("large", size=9000)])
    total = {"TableName": "t", "ReturnConsumedCapacity": "TOTAL"}
    small, large, none = ({"id": {"S": name}} for name in ("small", "large", "none"))
    assert consumed(client.get_item(Key=small, **total)) == 0.5
    assert consumed(client.get_item(Key=large, **total)) == 1.5
    assert consumed(client.get_item(Key=large, ConsistentRead=True, **total)) == 3.0
    assert consumed(client.get_item(Key=none, **total)) == 0.5
    batch = {"t": {"Keys": [small, large, none]}}
    answer = client.batch_get_item(RequestItems=batch, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": "t", "CapacityUnits": 2.5}]
    transaction = [{"Get": {"TableName": "t", "Key": large}}]
    answer = client.transact_get_items(TransactItems=transaction, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": "t", "CapacityUnits": 6.0}]
    assert "ConsumedCapacity" not in client.get_item(TableName="t", Key=small)
    assert "ConsumedCapacity" not in client.batch_get_item(RequestItems=batch)


def test_what_writes_cost(client: Any) -> None:
    total = {"TableName": "t", "ReturnConsumedCapacity": "TOTAL"}
    key = {"id": {"S": "a"}}
    assert consumed(client.put_item(Item=item("a", size=3000), **total)) == 3.0
    # The larger of the item before and after counts.
    assert consumed(client.put_item(Item=item("a"), **total)) == 3.0
    update = {"UpdateExpression": "SET fill = :v", "ExpressionAttributeValues": {":v": {"S": "x" * 5000}}}
    assert consumed(client.update_item(Key=key, **update, **total)) == 5.0
    assert consumed(client.delete_item(Key=key, **total)) == 5.0
    assert consumed(client.delete_item(Key=key, **total)) == 1.0
    requests = [{"PutRequest": {"Item": item("a", size=1500)}}, {"DeleteRequest": {"Key": {"id": {"S": "b"}}}}]
    answer = client.batch_write_item(RequestItems={"t": requests}, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": "t", "CapacityUnits": 3.0}]
    transaction = [{"Put": {"TableName": "t", "Item": item("c", size=1500)}}]
    answer = client.transact_write_items(TransactItems=transaction, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": "t", "CapacityUnits": 4.0}]
    assert "ConsumedCapacity" not in client.update_item(TableName="t", Key=key, **update)


def test_indexes_cost_too(sorted_table: Any) -> None:
    indexes = {"TableName": "t", "ReturnConsumedCapacity": "INDEXES"}
    row = {"id": {"S": "a"}, "n": {"N": "1"}, "user": {"S": "u"}, "fill": {"S": "x" * 1500}}
    first = sorted_table.put_item(Item=row, **indexes)["ConsumedCapacity"]
    assert first["Table"] == {"CapacityUnits": 2.0}
    assert first["GlobalSecondaryIndexes"] == {"all": {"CapacityUnits": 2.0}, "some": {"CapacityUnits": 1.0}}
    assert first["LocalSecondaryIndexes"] == {"local": {"CapacityUnits": 1.0}}
    assert first["CapacityUnits"] == 6.0
    # What an index does not hold changes nothing in it; another key is a deletion and a put.
    second = sorted_table.put_item(Item={**row, "fill": {"S": "y"}}, **indexes)["ConsumedCapacity"]
    assert second["GlobalSecondaryIndexes"] == {"all": {"CapacityUnits": 2.0}}
    third = sorted_table.put_item(Item={**row, "user": {"S": "v"}}, **indexes)["ConsumedCapacity"]
    assert third["GlobalSecondaryIndexes"] == {"all": {"CapacityUnits": 3.0}, "some": {"CapacityUnits": 2.0}}


def test_a_batch_leaves_what_the_table_can_not_take(account: Account, client: Any) -> None:
    account.settings(write_units_per_second=10)
    requests = [{"PutRequest": {"Item": item(f"k{number}", b={"B": b"\x00"})}} for number in range(25)]
    left = client.batch_write_item(RequestItems={"t": requests})["UnprocessedItems"]["t"]
    assert 14 <= len(left) <= 15
    assert left == requests[-len(left) :]
    with refused("ProvisionedThroughputExceededException", "level of configured provisioned throughput"):
        client.batch_write_item(RequestItems={"t": left})
    with refused("ProvisionedThroughputExceededException"):
        client.put_item(TableName="t", Item=item("x", size=2000))
    account.advance(1)
    rest = client.batch_write_item(RequestItems={"t": left})["UnprocessedItems"]["t"]
    assert 4 <= len(rest) <= 5
    account.settings(write_units_per_second=0)
    assert client.batch_write_item(RequestItems={"t": rest})["UnprocessedItems"] == {}
    assert client.scan(TableName="t")["Count"] == 25


def test_a_batch_leaves_what_the_table_can_not_give(account: Account, client: Any) -> None:
    put_all(client, [item(f"k{number}") for number in range(25)])
    account.settings(read_units_per_second=5)
    asked = {"t": {"Keys": [{"id": {"S": f"k{number}"}} for number in range(25)], "ConsistentRead": True}}
    answer = client.batch_get_item(RequestItems=asked)
    assert len(answer["Responses"]["t"]) == 5
    left = answer["UnprocessedKeys"]
    assert (left["t"]["ConsistentRead"], len(left["t"]["Keys"])) == (True, 20)
    with refused("ProvisionedThroughputExceededException"):
        client.batch_get_item(RequestItems=left)
    with refused("ProvisionedThroughputExceededException"):
        client.scan(TableName="t", ConsistentRead=True)
    account.advance(1)
    assert len(client.batch_get_item(RequestItems=left)["Responses"]["t"]) == 5


def test_what_a_scan_costs_too_much_later_reads_wait_for(account: Account, client: Any) -> None:
    put_all(client, [item(f"k{number}", size=4000) for number in range(25)])
    account.settings(read_units_per_second=5)
    client.scan(TableName="t")
    account.advance(1)
    with refused("ProvisionedThroughputExceededException"):
        client.scan(TableName="t")
    account.advance(2)
    client.scan(TableName="t")


def test_a_batch_is_checked_before_it_is_written(client: Any) -> None:
    good = {"PutRequest": {"Item": item("a")}}
    for bad, text in (
        ({"PutRequest": {"Item": item("a", size=100)}}, "contains duplicates"),
        ({"PutRequest": {"Item": {"other": {"S": "a"}}}}, "does not match the schema"),
        ({"PutRequest": {"Item": {"id": {"S": ""}}}}, "empty string"),
    ):
        with refused("ValidationException", text):
            client.batch_write_item(RequestItems={"t": [good, bad]})
    assert client.scan(TableName="t")["Count"] == 0
    with refused("ValidationException", "Too many items requested"):
        client.batch_get_item(
            RequestItems={
                "t": {"Keys": [{"id": {"S": str(n)}} for n in range(60)]},
                "u": {"Keys": [{"id": {"S": str(n)}} for n in range(60)]},
            }
        )


def test_a_stream_that_was_disabled_does_not_stop_writes(account: Account) -> None:
    client = make_table(account)
    client.update_table(TableName="t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    account.advance(1)
    first = client.describe_table(TableName="t")["Table"]
    client.put_item(TableName="t", Item=item("a"))
    with refused("ValidationException", "already has an enabled stream"):
        client.update_table(TableName="t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    client.update_table(TableName="t", StreamSpecification={"StreamEnabled": False})
    account.advance(1)
    client.put_item(TableName="t", Item=item("b"))
    without = client.describe_table(TableName="t")["Table"]
    assert ("StreamSpecification" in without, without["LatestStreamArn"]) == (False, first["LatestStreamArn"])
    client.update_table(TableName="t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    assert client.describe_table(TableName="t")["Table"]["LatestStreamArn"] != first["LatestStreamArn"]


def test_many_items_are_written_and_read_in_seconds(client: Any) -> None:
    put_all(client, [item(f"k{number}", size=200) for number in range(5000)])
    pages = scan(client)
    assert len(set(keys(pages))) == 5000
