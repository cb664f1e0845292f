# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Items of DynamoDB as the API's own JSON: what makes two of them equal, what they weigh, keys as people write them.

Pure. An item here is what `json.loads` makes of the API's JSON: `{"id": {"S": "a"}}`.

The rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from math import ceil
from typing import Any, NamedTuple

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._spill import part_of

# An attribute value of the API: one type descriptor with its content.
Value = Mapping[str, Any]
Item = Mapping[str, Value]
# Texts of numbers that are not the only way to write them: an exponent, or a zero too many. DynamoDB answers none
# ("Leading and trailing zeroes are trimmed"), so this finds nothing there and costs little.
_UNUSUAL_NUMBER = re.compile(rb'"N": ?"(?!(?:0|-?(?:[1-9]\d*(?:\.\d*[1-9])?|0\.\d*[1-9]))")')

_KB = 1024


def equal_forms(body: bytes) -> list[Any]:
    """The items of an answer, each in a form that is equal, and has the same hash, exactly if the item is.

    An item is a frozenset of pairs of name and value, a value a pair of type and content. Made while the answer is
    read, because that takes half the time of reading it first.
    """
    hook = _equal_form_of_numbers if _UNUSUAL_NUMBER.search(body) else _equal_form
    answer: dict[str, Any] = json.loads(body, object_pairs_hook=hook)
    # A mapping of one attribute is a pair like a value; as an item it is a set like the others.
    return [item if isinstance(item, frozenset) else frozenset((item,)) for item in answer["Items"]]


def _equal_form(pairs: list[tuple[str, Any]]) -> Any:
    if len(pairs) == 1:
        pair = pairs[0]
        kind, content = pair
        # Only the types L, SS, NS and BS hold lists, and only in L their order means something.
        if isinstance(content, list):
            if kind == "L":
                return kind, tuple(content)
            return kind, frozenset(map(normal_number, content) if kind == "NS" else content)
        return pair
    try:
        return frozenset(pairs)
    except TypeError:
        # The answer itself, which holds the list of its items.
        return dict(pairs)


def _equal_form_of_numbers(pairs: list[tuple[str, Any]]) -> Any:
    if len(pairs) == 1 and pairs[0][0] == "N" and isinstance(pairs[0][1], str):
        return "N", normal_number(pairs[0][1])
    return _equal_form(pairs)


class PageLines(NamedTuple):
    """What is kept of the items of a page to compare them.

    Attributes:
        lines: For each part its lines, `key, tab, hash`, each with a line's end.
        newest: When the newest of the items was written.
        unreadable: How many items say that in a way that is no time.
    """

    lines: list[str]
    newest: datetime | None = None
    unreadable: int = 0


def read_page(body: bytes, names: Sequence[str], ignored: frozenset[str], parts: int, newest_by: str = "") -> PageLines:
    """A line with the key and a hash for each item of an answer.

    The hash is Python's own, of 64 bits: SipHash of every name and text, keyed anew for each run. Of two different
    items under one key it takes one pair in 10^19 for equal.

    Args:
        body: The answer.
        names: The attributes of the key.
        ignored: Attributes that do not count.
        parts: How many parts the lines are spread over, by their key.
        newest_by: The attribute that tells when an item was written, if the newest is wanted.
    """
    escape = json.encoder.encode_basestring_ascii
    lines: list[list[str]] = [[] for _part in range(parts)]
    told = []
    first, second = names[0], names[-1]
    for item in equal_forms(body):
        attributes = dict(item)
        key = escape(attributes[first][1])
        # As `KeySchema.text` writes it.
        key = f"[{key}, {escape(attributes[second][1])}]" if len(names) == 2 else f"[{key}]"
        if newest_by in attributes:
            told.append(_moment(*attributes[newest_by]))
        if ignored:
            item = frozenset(pair for pair in item if pair[0] not in ignored)
        lines[part_of(key, parts)].append(f"{key}\t{hash(item):x}\n")
    moments = [moment for moment in told if moment]
    return PageLines(["".join(part) for part in lines], max(moments, default=None), len(told) - len(moments))


def _moment(kind: str, content: Any) -> datetime | None:
    """When something was, as seconds since 1970 or as an ISO 8601 time with a zone; none if it is neither."""
    try:
        if kind == "N":
            return datetime.fromtimestamp(float(content), UTC)
        if kind == "S":
            found = datetime.fromisoformat(content)
            return found if found.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _canonical(value: Value) -> Any:
    """A value in a form that is equal exactly if DynamoDB holds it to be equal."""
    ((kind, content),) = value.items()
    if kind == "N":
        return kind, normal_number(content)
    if kind in ("SS", "BS"):
        return kind, frozenset(content)
    if kind == "NS":
        return kind, frozenset(map(normal_number, content))
    if kind == "L":
        return kind, tuple(map(_canonical, content))
    if kind == "M":
        return kind, frozenset((name, _canonical(inner)) for name, inner in content.items())
    return kind, content


def same(one: Item, other: Item) -> bool:
    """Whether two items are equal. Order in maps and sets, and zeros too many in a number, mean nothing."""
    return one == other or (
        one.keys() == other.keys() and all(_canonical(one[name]) == _canonical(other[name]) for name in one)
    )


def fingerprint(item: Item | None) -> str:
    """A text that two items have in common exactly if they are equal, in any run. Empty for none."""
    if item is None:
        return ""
    ordered = json.dumps({name: _ordered(value) for name, value in item.items()}, sort_keys=True)
    return blake2b(ordered.encode(), digest_size=16).hexdigest()


def _ordered(value: Value) -> list[Any]:
    """A value in one way of writing it."""
    ((kind, content),) = value.items()
    if kind == "N":
        content = normal_number(content)
    elif kind in ("SS", "BS"):
        content = sorted(content)
    elif kind == "NS":
        content = sorted(map(normal_number, content))
    elif kind == "L":
        content = list(map(_ordered, content))
    elif kind == "M":
        content = {name: _ordered(inner) for name, inner in content.items()}
    return [kind, content]


def normal_number(text: str) -> str:
    """A number as DynamoDB writes it.

    Raises:
        Refused: It is no number.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Refused(f"{text!r} is no number.") from None
    if not number.is_finite():
        raise Refused(f"{text!r} is no number that DynamoDB can keep.")
    whole = format(number, "f")
    if "." in whole:
        whole = whole.rstrip("0").rstrip(".")
    return "0" if whole in ("-0", "") else whole


def is_newer(one: Value | None, other: Value | None) -> bool:
    """Whether a value that says how new an item is (a time, a version) is past another, as DynamoDB's `>` compares.

    Values of two types can not be compared; an item that says nothing is older than any that does.
    """
    if not one:
        return False
    ((kind, content),) = one.items()
    if not other or kind not in other:
        return True
    if kind == "N":
        return Decimal(content) > Decimal(other[kind])
    if kind == "B":
        return b64decode(content) > b64decode(other[kind])
    return str(content).encode() > str(other[kind]).encode()


@dataclass(frozen=True)
class KeySchema:
    """The names and types of a table's key, partition key first.

    Attributes:
        names: One or two attribute names.
        types: Of each, `S`, `N` or `B`.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def from_description(cls, table: Mapping[str, Any]) -> KeySchema:
        """From DescribeTable's answer."""
        types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
        ordered = sorted(table["KeySchema"], key=lambda part: part["KeyType"] != "HASH")
        names = tuple(part["AttributeName"] for part in ordered)
        return cls(names, tuple(types[name] for name in names))

    def of(self, item: Item) -> dict[str, Value]:
        """The key of an item."""
        return {name: item[name] for name in self.names}

    def text(self, item: Item) -> str:
        """The key of an item as a line of text that no other key has."""
        return json.dumps([item[name][kind] for name, kind in zip(self.names, self.types, strict=True)])

    def from_text(self, text: str) -> dict[str, Value]:
        """The key that `text` wrote."""
        return {
            name: {kind: content} for name, kind, content in zip(self.names, self.types, json.loads(text), strict=True)
        }

    def shown(self, text: str) -> dict[str, Any]:
        """A key, from its `text`, as people write it; `from_shown` reads it."""
        return {
            name: _plain(kind, content)
            for name, kind, content in zip(self.names, self.types, json.loads(text), strict=True)
        }

    def from_shown(self, key: Mapping[str, Any]) -> dict[str, Value]:
        """A key that a person wrote, for example `{id: u-17, order: 3}`.

        Raises:
            Refused: It has other attributes than the table's key, or values of another type.
        """
        if set(key) != set(self.names):
            raise Refused(f"The key {dict(key)!r} must consist of {' and '.join(self.names)}.")
        return {
            name: {kind: _content(name, kind, key[name])} for name, kind in zip(self.names, self.types, strict=True)
        }

    def __str__(self) -> str:
        return ", ".join(f"{name} ({kind})" for name, kind in zip(self.names, self.types, strict=True))


def _plain(kind: str, content: str) -> Any:
    if kind == "N":
        whole = normal_number(content)
        return whole if "." in whole else int(whole)
    return content


def _content(name: str, kind: str, value: Any) -> str:
    if isinstance(value, Mapping) and set(value) == {kind}:
        value = value[kind]
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise Refused(f"The key's {name} must be {'a number' if kind == 'N' else 'text'}, not {value!r}.")
    return normal_number(str(value)) if kind == "N" else str(value)


def typed(value: Any) -> Value:
    """A value of an expression as the API takes it: what has a type descriptor as it is, else by its own type.

    Raises:
        Refused: A value of this type needs a descriptor.
    """
    if isinstance(value, Mapping) and len(value) == 1 and set(value) <= _KINDS:
        return value
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": normal_number(str(value))}
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    raise Refused(
        f"{value!r} is neither text, number nor truth value: write it as DynamoDB does, as in {{'SS': ['a']}}."
    )


_KINDS = {"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}


def item_size(item: Item) -> int:
    """Bytes that AWS counts an item as, or a little more.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Value) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return _number_size(content)
    if kind == "B":
        return len(content) * 3 // 4
    if kind == "SS":
        return sum(len(text.encode()) for text in content)
    if kind == "NS":
        return sum(map(_number_size, content))
    if kind == "BS":
        return sum(len(text) * 3 // 4 for text in content)
    # "An attribute of type List or Map requires 3 bytes of overhead", and 1 byte for each element.
    if kind == "L":
        return 3 + sum(1 + _value_size(inner) for inner in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(inner) for name, inner in content.items())
    return 1


def _number_size(text: str) -> int:
    """ "1 byte per two significant digits) + (1 byte)", rounded up."""
    return (sum(letter.isdigit() for letter in text) + 1) // 2 + 1


def write_units(item: Item) -> int:
    """Write units of putting or deleting an item of this size: one for each KB that is begun."""
    return max(1, ceil(item_size(item) / _KB))
