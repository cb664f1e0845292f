# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Items of DynamoDB as the API's own JSON: what makes two of them equal, what they weigh, and keys as people write them.

Pure. An item here is what `json.loads` makes of the API's JSON, `{"id": {"S": "a"}}`, or, where many are only compared,
the same with a tuple of pairs in place of each mapping (`parse_pairs`), which is read and hashed several times faster.

The rules of values: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import ceil
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

# An attribute value of the API: one type descriptor with its content.
Value = Mapping[str, Any]
Item = Mapping[str, Value]
# The same as `parse_pairs` reads it: `(("id", (("S", "a"),)),)`.
Pairs = tuple[tuple[str, tuple[tuple[str, Any]]], ...]

# Texts of numbers that are the only way to write them: no exponent, no zero too many. DynamoDB answers no others
# ("Leading and trailing zeroes are trimmed"), so this finds nothing there and costs little.
_UNUSUAL_NUMBER = re.compile(rb'"N": ?"(?!(?:0|-?(?:[1-9]\d*(?:\.\d*[1-9])?|0\.\d*[1-9]))")')
# Types whose content has an order that means nothing, or that hold other values.
_NESTED = re.compile(rb'"(?:M|L|SS|NS|BS)": ?[\[{]')

_KB = 1024


def parse_pairs(body: bytes) -> dict[str, Any]:
    """An answer of the API with each item as `Pairs`; the answer's own fields are a mapping."""
    return dict(json.loads(body, object_pairs_hook=tuple))


def fingerprints(body: bytes, ignored: frozenset[str] = frozenset()) -> Callable[[Pairs], int]:
    """How the items of an answer are hashed: two items that DynamoDB holds to be equal have the same hash.

    It is Python's own hash, of 64 bits: SipHash of every name and text, keyed anew for each process. Of two different
    items under one key it takes one pair in 10^19 for equal.

    Args:
        body: The answer. What kinds of values are in it decides how much has to be looked at.
        ignored: Attributes that do not count.
    """
    plain = not _NESTED.search(body) and not _UNUSUAL_NUMBER.search(body)
    if plain and not ignored:
        return _plain_fingerprint
    if plain:
        return lambda item: hash(frozenset(pair for pair in item if pair[0] not in ignored))
    return lambda item: hash(frozenset((name, _canonical(value)) for name, value in item if name not in ignored))


def _plain_fingerprint(item: Pairs) -> int:
    return hash(frozenset(item))


def _canonical(value: Any) -> Any:
    """A value in a form that is equal, and has the same hash, exactly if DynamoDB holds it to be equal."""
    ((kind, content),) = value.items() if isinstance(value, Mapping) else value
    if kind == "N":
        return kind, normal_number(content)
    if kind in ("SS", "BS"):
        return kind, frozenset(content)
    if kind == "NS":
        return kind, frozenset(map(normal_number, content))
    if kind == "L":
        return kind, tuple(map(_canonical, content))
    if kind == "M":
        pairs = content.items() if isinstance(content, Mapping) else content
        return kind, frozenset((name, _canonical(inner)) for name, inner in pairs)
    return kind, content


def same(one: Item, other: Item) -> bool:
    """Whether two items are equal. Order in maps and sets, and zeros too many in a number, mean nothing."""
    return one == other or (
        one.keys() == other.keys() and all(_canonical(one[name]) == _canonical(other[name]) for name in one)
    )


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

    def text_of_pairs(self) -> Callable[[Pairs], str]:
        """`text` for items as pairs."""
        escape = json.encoder.encode_basestring_ascii
        if len(self.names) == 1:
            (name,) = self.names
            return lambda item: f"[{escape(dict(item)[name][0][1])}]"
        first, second = self.names

        def of_two(item: Pairs) -> str:
            attributes = dict(item)
            return f"[{escape(attributes[first][0][1])}, {escape(attributes[second][0][1])}]"

        return of_two

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


def batches(requests: Iterable[Any], most: int) -> Iterable[Sequence[Any]]:
    """Lists of at most so many."""
    batch: list[Any] = []
    for request in requests:
        batch.append(request)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
