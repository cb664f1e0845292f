# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DynamoDB's items: how large they are, how they are written, and in which order a scan meets them.

moto keeps the items; an item that is stored is never changed again but replaced (services/dynamodb_items.py sees to
that), so a table, its backups and its journal share items, and what is worked out of one stays true.
"""

from __future__ import annotations

import base64
import bisect
import decimal
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

Key = tuple[DynamoType, DynamoType | None]
Attributes = Mapping[str, DynamoType]
Contents = dict[DynamoType, Any]
"""moto's items of a table: by partition key and, where the table has one, sort key."""

# "Numbers can have up to 38 digits of precision. [...] Leading and trailing zeroes are trimmed."
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_NUMBERS = decimal.Context(prec=38)
_HASHES = 2**64


def number(text: str) -> str:
    """A number as DynamoDB gives it back."""
    if text.isdigit() and not text.startswith("0"):
        return text
    value = _NUMBERS.normalize(_NUMBERS.create_decimal(text))
    return f"{value:f}" if value else "0"


def normalise(value: DynamoType) -> None:
    """Write the numbers of a new attribute as DynamoDB does; equal numbers then are equal texts."""
    if value.type == "N":
        value.value = number(str(value.value))
    elif value.type == "NS":
        value.value = [number(str(item)) for item in value.value]
    elif value.type == "L":
        for item in value.value:
            normalise(item)
    elif value.type == "M":
        for item in value.value.values():
            normalise(item)


def _raw(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(value)


def _written(value: bytes | str) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def wire(value: DynamoType) -> dict[str, Any]:
    """An attribute value as the API writes it."""
    kind, content = value.type, value.value
    if kind == "M":
        content = {name: wire(item) for name, item in content.items()}
    elif kind == "L":
        content = [wire(item) for item in content]
    elif kind == "B":
        content = _written(content)
    elif kind == "BS":
        content = [_written(item) for item in content]
    return {kind: content}


def text_of(attributes: Attributes) -> str:
    """An item as the API writes it."""
    return json.dumps({name: wire(value) for name, value in attributes.items()}, separators=(",", ":"))


def _number_size(text: str) -> int:
    digits = text.lstrip("-").replace(".", "").strip("0")
    return 1 + (len(digits) + 1) // 2 + text.startswith("-")


def _value_size(value: DynamoType) -> int:
    kind, content = value.type, value.value
    if kind == "S":
        return len(str(content).encode())
    if kind == "N":
        return _number_size(str(content))
    if kind == "B":
        return len(_raw(content))
    if kind == "SS":
        return sum(len(str(item).encode()) for item in content)
    if kind == "NS":
        return sum(_number_size(str(item)) for item in content)
    if kind == "BS":
        return sum(len(_raw(item)) for item in content)
    if kind == "L":
        return 3 + sum(1 + _value_size(item) for item in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(item) for name, item in content.items())
    return 1


def size_of(attributes: Attributes) -> int:
    """The bytes of an item, by which DynamoDB bills.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html: names and values;
    a number has a byte for two digits and one more; a list or map three bytes, and one for each element.
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in attributes.items())


def _comparable(value: DynamoType) -> Any:
    """What sorts a key: strings by their UTF-8 bytes, numbers by value, binary by byte (API_Query)."""
    if value.type == "N":
        return decimal.Decimal(str(value.value))
    return _raw(value.value) if value.type == "B" else str(value.value).encode()


def hash_of(value: DynamoType) -> int:
    """Where a partition key lies among all that there can be; AWS does not publish its function."""
    text = number(str(value.value)).encode() if value.type == "N" else _comparable(value)
    return int.from_bytes(hashlib.md5(text, usedforsecurity=False).digest()[:8], "big")


def key_of(table: Table, attributes: Mapping[str, Any]) -> Key:
    """The key in a request's item or key. KeyError when a key attribute is not there."""
    own = DynamoType(attributes[table.hash_key_attr])
    return own, DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None


def find(table: Table, key: Key) -> Item | None:
    found = table.items.get(key[0])
    if key[1] is None or found is None:
        return found
    return found.get(key[1])


def replace(table: Table, key: Key, item: Item | None) -> None:
    """Put an item where another one was, or nothing."""
    own, sort = key
    place: Contents = table.items if sort is None else table.items[own]
    last = own if sort is None else sort
    if item is None:
        place.pop(last, None)
    else:
        place[last] = item


def each(table: Table) -> Iterator[Item]:
    if table.range_key_attr is None:
        yield from table.items.values()
    else:
        for collection in table.items.values():
            yield from collection.values()


def copy_of(table: Table) -> Contents:
    """The contents of a table as they are now; the items are shared."""
    copied: Contents = defaultdict(dict)
    if table.range_key_attr is None:
        copied.update(table.items)
    else:
        copied.update({own: dict(collection) for own, collection in table.items.items()})
    return copied


class Row:
    """An item in its place in a scan."""

    __slots__ = ("_size", "_text", "attributes", "item", "place")

    def __init__(self, item: Item, attributes: Attributes, place: tuple[Any, ...]) -> None:
        self.item = item
        self.attributes = attributes
        self.place = place
        self._size = 0
        self._text = ""

    @property
    def size(self) -> int:
        if not self._size:
            self._size = size_of(self.attributes)
        return self._size

    @property
    def seen(self) -> Item:
        """The item as the index shows it, for expressions."""
        if self.attributes is self.item.attrs:
            return self.item
        return Item(self.item.hash_key, self.item.range_key, self.attributes)

    @property
    def text(self) -> str:
        if not self._text:
            self._text = text_of(self.attributes)
        return self._text


@dataclass
class Order:
    """The items of a table, or of an index of it, as a scan meets them: by a hash of the partition key, then sorted.

    Each segment of a parallel scan is a range of hashes, so an item is in one segment only, and always in the same:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
    """

    keys: Sequence[str]
    """The key attributes, the partition key first; those of the table follow an index's own."""
    projected: frozenset[str] | None = None
    """The attributes that an index holds; all without."""
    _rows: list[Row] = field(default_factory=list)
    _items: int = -1

    def touch(self) -> None:
        """An item came, went or changed."""
        self._items = -1

    def rows(self, table: Table) -> list[Row]:
        """All of them. moto imports items into a table without a word, so they are counted."""
        items = len(table)
        if self._items != items:
            known = {id(row.item): row for row in self._rows}
            rows = [known.get(id(item)) or self._row(item) for item in each(table) if self._holds(item)]
            self._rows = sorted(rows, key=_place)
            self._items = items
        return self._rows

    def place(self, key: Attributes) -> tuple[Any, ...]:
        """Where an item with these key attributes lies. KeyError when one of them is not there."""
        first = key[self.keys[0]]
        return hash_of(first), *(_comparable(key[name]) for name in self.keys)

    @staticmethod
    def first(segment: int, segments: int) -> int:
        """The first hash of a segment."""
        return -(-_HASHES * segment // segments)

    def part(self, table: Table, after: Attributes | None, segment: int, segments: int) -> tuple[int, int]:
        """The rows of a segment that follow `after`: the number of the first, and of the one behind the last."""
        rows = self.rows(table)
        low = bisect.bisect_left(rows, (self.first(segment, segments),), key=_place)
        high = bisect.bisect_left(rows, (self.first(segment + 1, segments),), key=_place)
        if after is not None:
            low = max(low, bisect.bisect_right(rows, self.place(after), key=_place))
        return low, max(low, high)

    def _holds(self, item: Item) -> bool:
        return all(name in item.attrs for name in self.keys)

    def _row(self, item: Item) -> Row:
        attributes: Attributes = item.attrs
        if self.projected is not None:
            attributes = {name: value for name, value in item.attrs.items() if name in self.projected}
        return Row(item, attributes, self.place(item.attrs))


def _place(row: Row) -> tuple[Any, ...]:
    return row.place


@dataclass
class Journal:
    """What the items of a table were before each change, oldest first: enough to walk back to any moment of it."""

    since: float
    entries: list[tuple[float, Key, Item | None]] = field(default_factory=list)

    def note(self, now: float, key: Key, before: Item | None) -> None:
        self.entries.append((now, key, before))

    def forget(self, until: float) -> None:
        """Nobody asks any more what was before `until`."""
        self.since = max(self.since, until)
        first = bisect.bisect_left(self.entries, self.since, key=lambda entry: entry[0])
        del self.entries[:first]

    def contents(self, table: Table, moment: float) -> Contents:
        """The table as it was at a moment."""
        copied = copy_of(table)
        for when, (own, sort), before in reversed(self.entries):
            if when <= moment:
                break
            place: Contents = copied if sort is None else copied[own]
            last = own if sort is None else sort
            if before is None:
                place.pop(last, None)
            else:
                place[last] = before
        return copied
