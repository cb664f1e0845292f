# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from unit.botocore_model import assert_valid
from unit.small_tables import table

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_copy import (
    CHANGED_SINCE,
    COUNTED,
    CREATED,
    DELETED,
    NEWER,
    OVERWRITTEN,
    UNCHANGED,
    Found,
    Tally,
    _Hands,
    check,
    condition,
    fate,
    plan_copy,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_export import Export
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import fingerprint
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._spill import Lines


def wish(**more: Any) -> dict[str, Any]:
    given = {
        "source": "s",
        "source_file": None,
        "overwrite_changed": False,
        "target": "t",
        "items": "differing",
        "keys": None,
        "filter": None,
        "unless_newer": None,
        "delete_extra": False,
        "export": None,
        "without_export": False,
    }
    return {**given, **more}


FILE = {"source": None, "source_file": Path("/srv/e.jsonl")}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"source": None}, "either source or source_file"),
        ({**FILE, "source": "s"}, "either source or source_file"),
        ({**FILE, "filter": {"expression": "x"}}, "neither filter nor delete_extra"),
        ({**FILE, "delete_extra": True}, "neither filter nor delete_extra"),
        ({**FILE, "export": Path("/srv/e.jsonl")}, "the same file"),
        ({"overwrite_changed": True}, "needs source_file"),
        ({"keys": [], "filter": {"expression": "x"}}, "either keys or filter"),
        ({"delete_extra": True, "keys": []}, "delete_extra makes"),
        ({"delete_extra": True, "items": "missing"}, "delete_extra makes"),
        ({"delete_extra": True, "unless_newer": "v"}, "delete_extra makes"),
        ({"export": Path("/srv/e.jsonl"), "without_export": True}, "either export or without_export"),
        ({"filter": {"expression": " "}}, "no expression"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        check(wish(**given))
    assert str(refused.value).startswith("t: ")


@pytest.mark.parametrize(
    "given", [{}, FILE, {**FILE, "keys": []}, {"delete_extra": True}, {"keys": [], "items": "missing"}]
)
def test_what_makes_sense_is_not(given: dict[str, Any]) -> None:
    check(wish(**given))


OLD, NEW = {"id": {"S": "a"}, "v": {"N": "1"}}, {"id": {"S": "a"}, "v": {"N": "2"}}


@pytest.mark.parametrize(
    ("item", "former", "given", "expected"),
    [
        (NEW, None, {}, CREATED),
        (NEW, OLD, {}, OVERWRITTEN),
        (NEW, dict(reversed(NEW.items())), {}, UNCHANGED),
        (None, OLD, {}, DELETED),
        (None, None, {}, UNCHANGED),
        (NEW, OLD, {"items": "missing"}, UNCHANGED),
        (NEW, None, {"items": "missing"}, CREATED),
        (None, OLD, {"items": "missing"}, UNCHANGED),
        (NEW, OLD, {"unless_newer": "v"}, OVERWRITTEN),
        (OLD, NEW, {"unless_newer": "v"}, NEWER),
        (None, OLD, {"unless_newer": "v"}, NEWER),
        (NEW, None, {"unless_newer": "v"}, CREATED),
        (NEW, OLD, {"unless_newer": "other"}, OVERWRITTEN),
    ],
)
def test_what_becomes_of_an_item(item: Any, former: Any, given: dict[str, Any], expected: str) -> None:
    assert fate(item, former, wish(**given)) == expected


OTHER = {"id": {"S": "a"}, "v": {"N": "3"}}


@pytest.mark.parametrize(
    ("item", "former", "wrote", "given", "expected"),
    [
        (OLD, NEW, NEW, {}, OVERWRITTEN),
        (OLD, OLD, NEW, {}, UNCHANGED),
        (OLD, OTHER, NEW, {}, CHANGED_SINCE),
        (OLD, OTHER, NEW, {"overwrite_changed": True}, OVERWRITTEN),
        (OLD, None, NEW, {}, CHANGED_SINCE),
        (OLD, None, None, {}, CREATED),
        (OLD, NEW, None, {}, CHANGED_SINCE),
        (None, NEW, NEW, {}, DELETED),
        (None, OTHER, NEW, {}, CHANGED_SINCE),
        (None, None, NEW, {}, UNCHANGED),
    ],
)
def test_what_somebody_changed_after_the_copy_is_not_undone(
    item: Any, former: Any, wrote: Any, given: dict[str, Any], expected: str
) -> None:
    assert fate(item, former, wish(**FILE, **given), frozenset((fingerprint(wrote),))) == expected


@pytest.mark.parametrize("item", [NEW, {"id": {"S": "a"}}])
def test_the_condition_is_one_that_botocore_would_send(item: dict[str, Any]) -> None:
    assert_valid(Call("dynamodb", "PutItem", {"TableName": "t", "Item": item, **condition(item, "id", "v")}))


def plan(
    counts: dict[str, int] | None = None, export: str | None = None, check_mode: bool = False, **more: Any
) -> Plan:
    given = {name: more.pop(name) for name in ("everything", "absent") if name in more}
    tally = Tally(Counter(counts or {}))
    kept = Export(Path(export), table()) if export else None
    source = None if more.get("source_file") else table("s")
    return plan_copy(Target("t", wish(**more)), Found(table(), source, Lines(), tally, kept, **given), check_mode)


@pytest.mark.parametrize(
    ("given", "operations"),
    [
        ({"counts": {CREATED: 1}}, ["BatchWriteItem", "DescribeTable"]),
        ({"counts": {OVERWRITTEN: 1}, "unless_newer": "v"}, ["PutItem", "DescribeTable"]),
        ({"counts": {DELETED: 1}, "delete_extra": True}, ["BatchWriteItem", "DescribeTable"]),
        ({"everything": True}, ["BatchWriteItem", "DescribeTable"]),
        ({"counts": {UNCHANGED: 9, NEWER: 1}}, []),
    ],
)
def test_calls_stand_for_what_is_written(given: dict[str, Any], operations: list[str]) -> None:
    planned = plan(**given)
    assert [call.operation for call in planned.calls] == operations
    assert planned.changed is bool(operations)
    assert_valid(planned.calls)


def test_the_export_undoes_a_copy() -> None:
    planned = plan({CREATED: 1}, "/srv/new.jsonl")
    assert planned.before == {"source_file": "/srv/new.jsonl", "target": "t"}
    assert planned.after["export"] == "/srv/new.jsonl"
    assert planned.notes == ()
    check(wish(source=None, **planned.before | {"source_file": Path("/srv/new.jsonl")}))


@pytest.mark.parametrize("given", [{"counts": {CREATED: 1}}, {"counts": {UNCHANGED: 1}, "export": "/srv/new.jsonl"}])
def test_where_nothing_is_to_be_undone_giving_it_back_copies_nothing(given: dict[str, Any]) -> None:
    planned = plan(**given)
    assert planned.before == {"source": "s", "target": "t", "keys": []}
    assert any("can not be undone" in note for note in planned.notes) is planned.changed


def test_filling_an_empty_table_overwrites_nothing_that_anybody_could_miss() -> None:
    assert plan({}, everything=True).notes == ()


def test_counts_are_told_in_check_mode_and_where_they_are_known() -> None:
    counts = {CREATED: 1, OVERWRITTEN: 2, DELETED: 0, NEWER: 3, CHANGED_SINCE: 5, UNCHANGED: 4}
    assert {kind: plan(counts).after[kind] for kind in COUNTED} == counts
    assert not set(COUNTED) & set(plan({}, everything=True).after)
    assert plan({CREATED: 7}, check_mode=True).after[CREATED] == 7


def test_what_is_left_because_it_was_changed_is_told() -> None:
    tally = Tally()
    for name in "gfedcba":
        tally.add_one(CHANGED_SINCE, f'["{name}"]')
    (note,) = plan_copy(Target("t", wish(**FILE)), Found(table(), None, Lines(), tally, None), False).notes
    assert note.startswith("t: 7 of the items were changed after they were written")
    assert "id=a; id=b; id=c; id=d; id=e and others" in note


def test_keys_that_are_not_there_are_told() -> None:
    (note,) = plan(keys=[{"id": "a"}], absent=1).notes
    assert note.startswith("t: 1 of the keys are not in s")


def test_hands_take_little_at_a_time_and_tell_what_went_wrong() -> None:
    under_way, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        if number == 70:
            raise Refused("no")
        with lock:
            under_way -= 1

    with ThreadPoolExecutor(4) as pool:
        with pytest.raises(Refused), _Hands(pool, 3) as hands:
            for number in range(100):
                hands.submit(work, number)
        with _Hands(pool, 3) as hands:
            for number in range(50):
                hands.submit(work, number)
    assert most <= 4
