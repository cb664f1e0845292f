# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import (
    KeySchema,
    equal_forms,
    fingerprint,
    is_newer,
    item_size,
    normal_number,
    read_page,
    same,
    typed,
    write_units,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

ONE = KeySchema(("id",), ("S",))
TWO = KeySchema(("id", "at"), ("S", "N"))

KEY = {"id": {"S": "a"}}
# Each time one item, written in two ways.
EQUAL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({**KEY, "b": {"S": "x"}, "c": {"BOOL": True}}, {"c": {"BOOL": True}, **KEY, "b": {"S": "x"}}),
    ({**KEY, "s": {"SS": ["x", "y"]}}, {**KEY, "s": {"SS": ["y", "x"]}}),
    ({**KEY, "s": {"BS": ["eA==", "eQ=="]}}, {**KEY, "s": {"BS": ["eQ==", "eA=="]}}),
    ({**KEY, "s": {"NS": ["1", "2.50"]}}, {**KEY, "s": {"NS": ["2.5", "1.0"]}}),
    ({**KEY, "n": {"N": "1.50"}}, {**KEY, "n": {"N": "1.5"}}),
    ({**KEY, "n": {"N": "1e2"}}, {**KEY, "n": {"N": "100"}}),
    ({**KEY, "n": {"N": "-0"}}, {**KEY, "n": {"N": "0"}}),
    (
        {**KEY, "m": {"M": {"a": {"S": "1"}, "b": {"M": {"c": {"N": "2"}, "d": {"NULL": True}}}}}},
        {**KEY, "m": {"M": {"b": {"M": {"d": {"NULL": True}, "c": {"N": "2"}}}, "a": {"S": "1"}}}},
    ),
    ({**KEY, "l": {"L": [{"SS": ["x", "y"]}]}}, {**KEY, "l": {"L": [{"SS": ["y", "x"]}]}}),
    (KEY, KEY),
]
# Each time two items that look alike.
DIFFERENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({**KEY, "v": {"S": "1"}}, {**KEY, "v": {"N": "1"}}),
    ({**KEY, "v": {"S": "x"}}, {**KEY, "w": {"S": "x"}}),
    ({**KEY, "l": {"L": [{"S": "x"}, {"S": "y"}]}}, {**KEY, "l": {"L": [{"S": "y"}, {"S": "x"}]}}),
    ({**KEY, "l": {"L": [{"S": "x"}]}}, {**KEY, "l": {"SS": ["x"]}}),
    ({**KEY, "m": {"M": {}}}, {**KEY, "m": {"L": []}}),
    ({**KEY, "m": {"M": {"S": {"S": "x"}}}}, {**KEY, "m": {"M": {"S": {"N": "1"}}}}),
    ({**KEY, "m": {"M": {"L": {"L": [{"S": "x"}]}}}}, {**KEY, "m": {"M": {"L": {"L": []}}}}),
    # An attribute that goes from one map to the next.
    (
        {**KEY, "m": {"M": {"p": {"S": "1"}, "q": {"S": "2"}}}, "n": {"M": {"r": {"S": "3"}}}},
        {**KEY, "m": {"M": {"p": {"S": "1"}}}, "n": {"M": {"q": {"S": "2"}, "r": {"S": "3"}}}},
    ),
    ({**KEY, "b": {"BOOL": True}}, {**KEY, "b": {"BOOL": False}}),
    ({**KEY, "n": {"N": "100000000000000000001"}}, {**KEY, "n": {"N": "100000000000000000002"}}),
    (KEY, {**KEY, "x": {"S": ""}}),
]


def form(item: dict[str, Any], indent: int | None = None) -> Any:
    (found,) = equal_forms(json.dumps({"Items": [item], "Count": 1, "ScannedCount": 1}, indent=indent).encode())
    return found


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_items_have_equal_forms_and_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert form(one) == form(other)
    assert hash(form(one)) == hash(form(other))
    assert same(one, other)
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_items_have_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert form(one) != form(other)
    assert hash(form(one)) != hash(form(other))
    assert not same(one, other)
    assert fingerprint(one) != fingerprint(other)


def test_a_fingerprint_is_the_same_in_every_run() -> None:
    assert fingerprint({**KEY, "n": {"N": "1.50"}, "s": {"NS": ["2", "1"]}}) == "ed3678f27e67b057e5bdc3642900dab6"
    assert fingerprint(None) == ""


@pytest.mark.parametrize("text", ["0", "1", "-1", "10", "0.5", "-0.05", "123.456", "1000000"])
def test_numbers_as_dynamodb_writes_them_stay(text: str) -> None:
    assert normal_number(text) == text
    assert form({**KEY, "n": {"N": text}}) == form({**KEY, "n": {"N": f"{text}{'.0' if '.' not in text else '0'}"}})


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "1,5"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        normal_number(text)


def lines(items: list[dict[str, Any]], schema: KeySchema, ignored: frozenset[str] = frozenset()) -> dict[str, str]:
    body = json.dumps({"Count": len(items), "Items": items, "LastEvaluatedKey": KEY}).encode()
    found = "".join(read_page(body, schema.names, ignored, 4).lines).splitlines()
    return dict(line.split("\t") for line in found)


def test_a_line_has_the_key_as_it_is_written_elsewhere_and_a_hash() -> None:
    items = [{"id": {"S": 'a"\t\nä'}, "at": {"N": "-5"}, "v": {"S": "x"}}, {"id": {"S": "b"}, "at": {"N": "1"}}]
    found = lines(items, TWO)
    assert set(found) == {TWO.text(item) for item in items}
    assert [TWO.from_text(text) for text in sorted(found)] == [TWO.of(item) for item in items]


def test_ignored_attributes_do_not_count() -> None:
    one, other = {**KEY, "v": {"S": "x"}, "seen": {"N": "1"}}, {**KEY, "v": {"S": "x"}}
    assert lines([one], ONE) != lines([other], ONE)
    assert lines([one], ONE, frozenset({"seen"})) == lines([other], ONE, frozenset({"seen"}))


def test_the_newest_item_is_told_and_what_is_no_time_is_counted() -> None:
    told = [{"S": "2026-11-24T06:00:00+01:00"}, {"N": "1795400000"}, {"S": "yesterday"}, {"S": "2026-11-24T09:00:00"}]
    items: list[dict[str, Any]] = [{"id": {"S": str(number)}, "at": value} for number, value in enumerate(told)]
    body = json.dumps({"Count": 5, "Items": [*items, KEY]}).encode()
    read = read_page(body, ["id"], frozenset(), 2, "at")
    assert (read.newest, read.unreadable) == (datetime(2026, 11, 24, 5, 0, tzinfo=UTC), 2)
    assert read_page(body, ["id"], frozenset(), 2)[1:] == (None, 0)


def test_keys_are_shown_as_people_write_them_and_read_back() -> None:
    text = TWO.text({"id": {"S": "a"}, "at": {"N": "12.5"}})
    assert TWO.shown(text) == {"id": "a", "at": "12.5"}
    assert TWO.shown(TWO.text({"id": {"S": "a"}, "at": {"N": "3"}})) == {"id": "a", "at": 3}
    assert TWO.text(TWO.from_shown(TWO.shown(text))) == text
    assert TWO.from_shown({"id": {"S": "a"}, "at": 3.0}) == {"id": {"S": "a"}, "at": {"N": "3"}}


@pytest.mark.parametrize(
    "key", [{"id": "a"}, {"id": "a", "at": 1, "v": 2}, {"id": "a", "at": "x"}, {"id": True, "at": 1}]
)
def test_what_is_no_key_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        TWO.from_shown(key)


def test_the_partition_key_comes_first() -> None:
    table = {
        "KeySchema": [{"AttributeName": "at", "KeyType": "RANGE"}, {"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "user", "AttributeType": "S"},
        ],
    }
    assert KeySchema.from_description(table) == TWO
    assert str(TWO) == "id (S), at (N)"


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ({"N": "10"}, {"N": "9"}, True),
        ({"N": "9"}, {"N": "10"}, False),
        ({"N": "9"}, {"N": "9.0"}, False),
        ({"S": "2026-01-02"}, {"S": "2026-01-01"}, True),
        ({"S": "é"}, {"S": "z"}, True),
        ({"B": "/w=="}, {"B": "AA=="}, True),
        (None, {"N": "9"}, False),
        (None, None, False),
        ({"N": "9"}, None, True),
        # They can not be compared, and what may be newer is not overwritten.
        ({"S": "9"}, {"N": "10"}, True),
    ],
)
def test_newer_is_what_dynamodb_holds_to_be_greater(one: Any, other: Any, newer: bool) -> None:
    assert is_newer(one, other) is newer


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", {"S": "a"}),
        (3, {"N": "3"}),
        (2.5, {"N": "2.5"}),
        (True, {"BOOL": True}),
        (None, {"NULL": True}),
        ({"SS": ["a"]}, {"SS": ["a"]}),
    ],
)
def test_values_of_a_filter_have_their_own_type(value: Any, expected: Any) -> None:
    assert typed(value) == expected


@pytest.mark.parametrize("value", [["a"], {"a": 1}, {"S": "a", "N": "1"}])
def test_a_value_without_a_type_of_its_own_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="write it as DynamoDB does"):
        typed(value)


def test_an_item_weighs_what_aws_says() -> None:
    item = {
        "id": {"S": "abc"},  # 2 + 3
        "n": {"N": "1234"},  # 1 + 3
        "l": {"L": [{"S": "x"}, {"NULL": True}]},  # 1 + 3 + 2 + 2
        "m": {"M": {"k": {"BOOL": True}}},  # 1 + 3 + 1 + 1 + 1
        "s": {"SS": ["ab", "c"]},  # 1 + 3
        "b": {"B": "AAAA"},  # 1 + 3
    }
    assert item_size(item) == 5 + 4 + 8 + 7 + 4 + 4
    assert write_units(item) == 1
    assert write_units({**item, "large": {"S": "x" * 1024}}) == 2
