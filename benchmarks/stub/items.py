# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""DynamoDB's items: tables that are scanned in segments and pages, read and written in batches, under a write budget.

Pages are joined from items that are rendered before a run, so that an answer costs the endpoint far less than its client.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, chain, islice
from typing import Any, NamedTuple

from benchmarks.stub.account import (
    ACCOUNT_ID,
    REGION,
    Account,
    Answer,
    Bucket,
    Settings,
    dynamodb,
    dynamodb_error,
    target_of,
)

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html: "stops at the 1 MB limit".
PAGE_BYTES = 2**20

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html and API_BatchGetItem.html.
MOST_WRITES, MOST_READS = 25, 100

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024

Key = tuple[str, str]
Item = Mapping[str, Any]

_KEYS = ("session_id", "turn")
_HASHES = 2**64


@dataclass(frozen=True)
class ItemsSettings(Settings):
    """Tables, and how much may be written.

    Attributes:
        tables: How many items each table has, and how it differs from the others: `items`, and of these the first
            `missing` are not there and the next `differing` have another content; `extra` more are only there.
        copies: Tables that are to become equal, target to source; `report` says how far each is from it.
        write_units: Write units a second of each table; what is over it is given back as unprocessed. 0 is no limit.
    """

    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    write_units: float = 0


class Stored(NamedTuple):
    """An item as it is served.

    Attributes:
        place: Where the partition key's hash puts it.
        key: Its key.
        text: It as JSON.
        size: Its size as AWS counts it.
    """

    place: int
    key: Key
    text: bytes
    size: int


def item(number: int, content: str = "as it was") -> dict[str, Any]:
    """An item as applications have them: a key of two parts, a few attributes, a list, a map, a set."""
    return {
        "session_id": {"S": f"session-{number // 4:08d}"},
        "turn": {"N": str(number % 4)},
        "user_id": {"S": f"user-{number % 997:06d}"},
        "updated_at": {"N": str(1_767_225_600 + number)},
        "expires_at": {"N": str(1_798_761_600 + number)},
        "role": {"S": "assistant" if number % 2 else "user"},
        "archived": {"BOOL": number % 3 == 0},
        "score": {"N": f"0.{number % 1000:03d}1"},
        "labels": {"SS": ["billing", f"label-{number % 7}", "search"]},
        "usage": {"M": {"input": {"N": str(number % 4096)}, "output": {"N": str(number % 1024)}}},
        "documents": {"L": [{"S": f"document-{number % 31}"}, {"S": f"document-{number % 37}"}]},
        "content": {"S": f"{content} {number} " + "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 3},
    }


def key_of(value: Item) -> Key:
    """The key of an item, or of a request's key."""
    return value["session_id"]["S"], value["turn"]["N"]


def size_of(value: Mapping[str, Any]) -> int:
    """The size of an item, or of a map, as AWS counts it: names and values.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    # Written out, because the endpoint counts every item that is written while somebody is measured.
    size = 0
    for name, typed in value.items():
        for kind, content in typed.items():
            size += len(name.encode()) + (len(content.encode()) if kind == "S" else _size_of_value(kind, content))
    return size


def _size_of_value(kind: str, value: Any) -> int:
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return len(value.strip("-0.")) // 2 + 2
    if kind == "M":
        return 3 + len(value) + size_of(value)
    if kind == "L":
        return 3 + sum(1 + _size_of_value(*one) for typed in value for one in typed.items())
    if kind in ("SS", "NS"):
        return sum(_size_of_value(kind[0], one) for one in value)
    return 1


class Table:
    """The items of one table, in the order of a scan.

    Args:
        name: The table.
        rows: Its items.
    """

    def __init__(self, name: str, rows: Iterable[Stored]) -> None:
        self.name = name
        self._written: dict[Key, Item | None] = {}
        self._order(rows)

    def _order(self, rows: Iterable[Stored]) -> None:
        # By the hash of the partition key; items of one partition key by sort key.
        self._rows = sorted(rows)
        self._places = [row.place for row in self._rows]
        self._ends = list(accumulate(row.size for row in self._rows))
        self._numbers = {row.key: number for number, row in enumerate(self._rows)}

    def rows(self) -> list[Stored]:
        """All items, what was written included."""
        if self._written:
            kept = [row for row in self._rows if row.key not in self._written]
            new = [self.stored(value) for value in self._written.values() if value is not None]
            self._written = {}
            self._order([*kept, *new])
        return self._rows

    def stored(self, value: Item) -> Stored:
        """An item as this table keeps it."""
        key = key_of(value)
        return Stored(place_of(self.name, key), key, _text(value), size_of(value))

    def get(self, key: Key) -> Stored | None:
        """The item with the key."""
        if key in self._written:
            value = self._written[key]
            return None if value is None else self.stored(value)
        number = self._numbers.get(key)
        return None if number is None else self._rows[number]

    def put(self, key: Key, value: Item | None) -> None:
        """Write an item, or delete it."""
        self._written[key] = value

    def page(self, segment: int, segments: int, after: Item | None, limit: int) -> tuple[list[Stored], bool]:
        """One page of a scan, and whether there may be more.

        Args:
            segment: The segment.
            segments: How many there are.
            after: Where the last page ended.
            limit: The most items.
        """
        rows = self.rows()
        start, end = (bisect_left(self._places, part * _HASHES // segments) for part in (segment, segment + 1))
        if after:
            start = bisect_right(rows, Stored(place_of(self.name, key_of(after)), key_of(after), b"\xff", 0))
        full = bisect_right(self._ends, (self._ends[start - 1] if start else 0) + PAGE_BYTES)
        cut = min(full, start + limit)
        return rows[start : min(cut, end)], cut < end

    @property
    def size(self) -> int:
        """Bytes of all items, as AWS counts them."""
        self.rows()
        return self._ends[-1] if self._ends else 0


def place_of(table: str, key: Key) -> int:
    """Where an item is in the order of a scan. Each table has an order of its own, so that nobody can rely on it."""
    return int.from_bytes(hashlib.blake2b(key[0].encode(), digest_size=8, key=table.encode()).digest())


def _text(value: Item) -> bytes:
    return _encode(value).encode()


_encode = json.JSONEncoder(separators=(",", ":")).encode
_CHUNK = 10_000


@lru_cache(maxsize=256)
def _rendered(chunk: int, content: str) -> list[tuple[Key, bytes, int]]:
    values = (item(n, content) for n in range(chunk * _CHUNK, (chunk + 1) * _CHUNK))
    return [(key_of(value), _text(value), size_of(value)) for value in values]


def _items(first: int, end: int, content: str = "as it was") -> Iterator[tuple[Key, bytes, int]]:
    """Items by number. Tables share them, and so do runs."""
    chunks = (_rendered(chunk, content) for chunk in range(first // _CHUNK, -(-end // _CHUNK)))
    return islice(chain.from_iterable(chunks), first % _CHUNK, first % _CHUNK + end - first)


@lru_cache(maxsize=4)
def _table_rows(name: str, items: int, missing: int, differing: int, extra: int) -> list[Stored]:
    same = missing + differing
    rendered = chain(_items(missing, same, "otherwise"), _items(same, items + extra))
    return sorted(Stored(place_of(name, key), key, text, size) for key, text, size in rendered)


class Items(Account):
    """The tables of the account and their items."""

    KIND = "items"
    SETTINGS = ItemsSettings

    def __init__(self, settings: ItemsSettings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(settings, clock)
        self._copies = settings.copies
        self._tables = {name: _make(name, **contents) for name, contents in settings.tables.items()}
        self._budgets = {name: Bucket(settings.write_units, clock) for name in self._tables if settings.write_units}
        self._unprocessed = 0
        self._read_units = 0.0
        # When how many units were written; the harness looks for the worst second.
        self._written: list[tuple[float, float]] = []

    def report(self) -> dict[str, Any]:
        return {
            **super().report(),
            "items": {name: len(table.rows()) for name, table in self._tables.items()},
            "unlike": {target: self._unlike(target, source) for target, source in self._copies.items()},
            "unprocessed": self._unprocessed,
            "read_units": self._read_units,
            "written_units": self._written,
        }

    def _unlike(self, target: str, source: str) -> int:
        """How many items are not in both tables with the same content."""
        ours, theirs = ({row.key: row.text for row in self._tables[name].rows()} for name in (target, source))
        return sum(not _alike(ours.get(key), theirs.get(key)) for key in {**ours, **theirs})

    def answer(self, method: str, target: str, head: bytes, body: bytes) -> Answer:
        api, operation = target_of(head)
        if not api.startswith("DynamoDB_"):
            return self.identity(body) or self.not_served(f"{method} {target} {operation}")
        handler = _OPERATIONS.get(operation)
        request = json.loads(body)
        if not handler or not request.keys() <= handler.served:
            left = sorted(request.keys() - (handler.served if handler else set()))
            return self.not_served(f"{operation} {left}")
        try:
            answer = handler.answer(self, request)
        except _Throttled:
            return self.over_rate(operation, THROTTLED)
        except KeyError as error:
            answer = dynamodb_error("ResourceNotFoundException", f"Requested resource not found: {error}")
        return self.counted(operation, answer)

    def table(self, name: str) -> Table:
        """A table by name or ARN."""
        return self._tables[name.rpartition("/")[2]]

    def list_tables(self, request: Mapping[str, Any]) -> Answer:
        return _answer({"TableNames": sorted(self._tables)})

    def describe_table(self, request: Mapping[str, Any]) -> Answer:
        table = self.table(request["TableName"])
        return _answer({"Table": description(table.name, len(table.rows()), table.size)})

    def scan(self, request: Mapping[str, Any]) -> Answer:
        table = self.table(request["TableName"])
        segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
        page, more = table.page(segment, segments, request.get("ExclusiveStartKey"), request.get("Limit", 2**31))
        rest: dict[str, Any] = {"Count": len(page), "ScannedCount": len(page)}
        if more:
            rest["LastEvaluatedKey"] = _key_item(page[-1].key)
        units = _read_units(sum(row.size for row in page), request.get("ConsistentRead", False))
        self._consumed(rest, request, {table.name: units}, one=True)
        names = _projected(request)
        items = b"" if request.get("Select") == "COUNT" else b'"Items":[' + b",".join(_cut(page, names)) + b"],"
        return dynamodb(b"{" + items + json.dumps(rest).encode()[1:])

    def get_item(self, request: Mapping[str, Any]) -> Answer:
        table = self.table(request["TableName"])
        row = table.get(key_of(request["Key"]))
        rest: dict[str, Any] = {}
        units = _read_units(row.size if row else 0, request.get("ConsistentRead", False))
        self._consumed(rest, request, {table.name: units}, one=True)
        found = [b'"Item":' + text for text in _cut([row], _projected(request))] if row else []
        return dynamodb(_object([*found, *_members(rest)]))

    def batch_get(self, request: Mapping[str, Any]) -> Answer:
        wanted = request["RequestItems"]
        if sum(len(each["Keys"]) for each in wanted.values()) > MOST_READS:
            return dynamodb_error("ValidationException", "Too many items requested for the BatchGetItem call")
        answers, units = [], {}
        for name, each in wanted.items():
            table = self.table(name)
            rows = [table.get(key_of(key)) for key in each["Keys"]]
            found = [row for row in rows if row]
            answers.append(json.dumps(name).encode() + b":[" + b",".join(_cut(found, _projected(each))) + b"]")
            consistent = each.get("ConsistentRead", False)
            units[table.name] = sum(_read_units(row.size if row else 0, consistent) for row in rows)
        rest: dict[str, Any] = {"UnprocessedKeys": {}}
        self._consumed(rest, request, units)
        return dynamodb(_object([b'"Responses":' + _object(answers), *_members(rest)]))

    def batch_write(self, request: Mapping[str, Any]) -> Answer:
        wanted = request["RequestItems"]
        writes = [(name, write) for name, some in wanted.items() for write in some]
        keys = {(name, _key_written(write)) for name, write in writes}
        if not writes or len(writes) > MOST_WRITES:
            return dynamodb_error("ValidationException", f"Between 1 and {MOST_WRITES} items, not {len(writes)}")
        if len(keys) < len(writes):
            return dynamodb_error("ValidationException", "Provided list of item keys contains duplicates")
        units: dict[str, float] = {}
        unprocessed: dict[str, list[Any]] = {}
        for name, write in writes:
            table = self.table(name)
            try:
                needed = self._write(table, _key_written(write), write.get("PutRequest", {}).get("Item"))
                units[table.name] = units.get(table.name, 0) + needed
            except _Throttled:
                unprocessed.setdefault(name, []).append(write)
        given_back = sum(len(some) for some in unprocessed.values())
        self._unprocessed += given_back
        # API_BatchWriteItem: "If none of the items can be processed due to insufficient provisioned throughput [...]
        # then BatchWriteItem returns a ProvisionedThroughputExceededException."
        if given_back == len(writes):
            raise _Throttled
        self._written.append((self.clock(), sum(units.values())))
        rest: dict[str, Any] = {"UnprocessedItems": unprocessed}
        self._consumed(rest, request, units, reads=False)
        return _answer(rest)

    def put_item(self, request: Mapping[str, Any]) -> Answer:
        return self._write_one(request, key_of(request["Item"]), request["Item"])

    def delete_item(self, request: Mapping[str, Any]) -> Answer:
        return self._write_one(request, key_of(request["Key"]), None)

    def _write_one(self, request: Mapping[str, Any], key: Key, value: Item | None) -> Answer:
        table = self.table(request["TableName"])
        units = self._write(table, key, value)
        self._written.append((self.clock(), units))
        rest: dict[str, Any] = {}
        self._consumed(rest, request, {table.name: units}, one=True, reads=False)
        return _answer(rest)

    def _write(self, table: Table, key: Key, value: Item | None) -> float:
        old = table.get(key)
        # The larger of the item before and after; at least one unit.
        size = max(old.size if old else 0, size_of(value) if value else 0, 1)
        units = math.ceil(size / WRITE_UNIT_BYTES)
        budget = self._budgets.get(table.name)
        if budget and not budget.admit(units):
            raise _Throttled
        table.put(key, value)
        return units

    def _consumed(
        self,
        rest: dict[str, Any],
        request: Mapping[str, Any],
        units: Mapping[str, float],
        *,
        one: bool = False,
        reads: bool = True,
    ) -> None:
        """Count the units, and tell them if the request asks for them."""
        if reads:
            self._read_units += sum(units.values())
        asked = request.get("ReturnConsumedCapacity", "NONE")
        if asked == "NONE":
            return
        each = [
            {"TableName": name, "CapacityUnits": n, **({"Table": {"CapacityUnits": n}} if asked == "INDEXES" else {})}
            for name, n in units.items()
        ]
        rest["ConsumedCapacity"] = each[0] if one else each


class _Throttled(Exception):
    """Over the table's write units."""


THROTTLED = dynamodb_error(
    "ProvisionedThroughputExceededException",
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning "
    "level with the UpdateTable API.",
)


def description(name: str, items: int, size: int) -> dict[str, Any]:
    """A table as DescribeTable tells it."""
    return {
        "TableName": name,
        "TableArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{name}",
        "TableId": "00000000-0000-0000-0000-000000000000",
        "TableStatus": "ACTIVE",
        "CreationDateTime": 1_767_225_600.0,
        "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in zip(_KEYS, ("HASH", "RANGE"), strict=True)],
        "AttributeDefinitions": [
            {"AttributeName": n, "AttributeType": t} for n, t in zip(_KEYS, ("S", "N"), strict=True)
        ],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0, "NumberOfDecreasesToday": 0},
        "ItemCount": items,
        "TableSizeBytes": size,
        "DeletionProtectionEnabled": False,
    }


def _make(name: str, items: int, missing: int = 0, differing: int = 0, extra: int = 0) -> Table:
    return Table(name, _table_rows(name, items, missing, differing, extra))


def _alike(one: bytes | None, other: bytes | None) -> bool:
    """Whether two texts are the same item; clients may give a set back in another order."""
    if one is None or other is None:
        return one is other
    return one == other or _in_order(json.loads(one)) == _in_order(json.loads(other))


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: sorted(one) if name in ("SS", "NS") else _in_order(one) for name, one in value.items()}
    return [_in_order(one) for one in value] if isinstance(value, list) else value


def _key_item(key: Key) -> dict[str, Any]:
    return {"session_id": {"S": key[0]}, "turn": {"N": key[1]}}


def _key_written(write: Mapping[str, Any]) -> Key:
    return key_of(write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"])


def _read_units(size: int, consistent: bool) -> float:
    return max(1, math.ceil(size / READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


def _projected(request: Mapping[str, Any]) -> list[str]:
    """The attributes that are asked for, of the top level; none means all."""
    names = request.get("ExpressionAttributeNames", {})
    return [
        names.get(name.strip(), name.strip()) for name in request.get("ProjectionExpression", "").split(",") if name
    ]


def _cut(rows: Iterable[Stored], names: list[str]) -> Iterator[bytes]:
    for row in rows:
        if names:
            value = json.loads(row.text)
            yield _text({name: value[name] for name in names if name in value})
        else:
            yield row.text


def _answer(value: Mapping[str, Any]) -> Answer:
    return dynamodb(json.dumps(value).encode())


def _members(value: Mapping[str, Any]) -> list[bytes]:
    return [json.dumps(name).encode() + b":" + json.dumps(one).encode() for name, one in value.items()]


def _object(members: Iterable[bytes]) -> bytes:
    return b"{" + b",".join(members) + b"}"


class _Operation(NamedTuple):
    """Who answers an operation, and the arguments that it understands; any other is not served."""

    answer: Callable[[Items, Mapping[str, Any]], Answer]
    served: frozenset[str]


_PROJECTION = ("ProjectionExpression", "ExpressionAttributeNames")
_OPERATIONS: Mapping[str, _Operation] = {
    operation: _Operation(answer, frozenset(("TableName", "ReturnConsumedCapacity", *arguments)))
    for operation, answer, arguments in (
        ("ListTables", Items.list_tables, ()),
        ("DescribeTable", Items.describe_table, ()),
        (
            "Scan",
            Items.scan,
            ("Segment", "TotalSegments", "ExclusiveStartKey", "Limit", "ConsistentRead", "Select", *_PROJECTION),
        ),
        ("GetItem", Items.get_item, ("Key", "ConsistentRead", *_PROJECTION)),
        ("BatchGetItem", Items.batch_get, ("RequestItems",)),
        ("BatchWriteItem", Items.batch_write, ("RequestItems",)),
        ("PutItem", Items.put_item, ("Item",)),
        ("DeleteItem", Items.delete_item, ("Key",)),
    )
}
