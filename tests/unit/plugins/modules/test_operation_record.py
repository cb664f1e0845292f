# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is written for a wish about a record, and what never is."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._leaves import merge
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._operation_lock import Lock
from ansible_collections.runbook.aws.plugins.module_utils._operation_record import (
    RecordFound,
    RecordWish,
    plan_record,
    record_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused

NOW = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
OURS = Lock(7, {"user": "anna", "host": "ops-1"}, stamp(NOW), stamp(NOW + timedelta(minutes=15)), "drill")
WISH = RecordWish("table", "scale-event", "black-friday", lock="scale", token=7)
RICH = replace(
    WISH,
    baseline={"functions": [{"name": "f", "reserved": 5}]},
    intended={"functions": [{"name": "f", "reserved": 200}]},
    details={"profile": "high_traffic"},
    phases=[{"name": "apply", "started": None, "ended": None, "ok": True}],
    outcome="scaled",
    ends_at="2026-11-24T07:00:00+01:00",
)


def plan(wish: RecordWish, record: Any = None, *, lock: Lock | None = OURS, now: datetime = NOW) -> Plan:
    planned = plan_record(wish, RecordFound(now, "3f9a", record, lock))
    assert_valid(planned.calls)
    return planned


def opened(wish: RecordWish = RICH, **changes: Any) -> dict[str, Any]:
    return dict(plan(replace(wish, **changes)).after)


def items(planned: Plan) -> list[str]:
    """The writes of the transaction: what is done to an item of which kind."""
    return [
        f"{verb} {(write.get('Key') or write['Item'])['kind']['S']}"
        for item in planned.calls[0].arguments["TransactItems"]
        for verb, write in item.items()
    ]


def test_a_new_record_its_pointer_and_the_fence_are_one_transaction() -> None:
    planned = plan(RICH)
    assert items(planned) == ["ConditionCheck lock", "Put scale-event", "Put open"]
    assert planned.before == {
        "kind": "scale-event",
        "name": "black-friday",
        "id": "20261123T133000Z-3f9a",
        "state": "absent",
    }
    assert planned.after["ends_at"] == "2026-11-24T06:00:00Z"
    assert planned.after["opened_by"] == OURS.holder
    kept = planned.calls[0].arguments["TransactItems"][1]["Put"]["Item"]
    assert record_of(kept) == planned.after


@pytest.mark.parametrize(
    ("changes", "writes"),
    [
        ({"outcome": "done"}, ["ConditionCheck lock", "Update scale-event"]),
        ({"outcome": "done", "lease": 1800}, ["Update lock", "Update scale-event"]),
        ({"ends_at": "2026-11-25T06:00:00Z"}, ["ConditionCheck lock", "Update scale-event", "Update open"]),
        ({"ends_at": ""}, ["ConditionCheck lock", "Update scale-event", "Update open"]),
        ({"state": "closed"}, ["ConditionCheck lock", "Update scale-event", "Delete open"]),
    ],
)
def test_only_what_differs_is_written(changes: dict[str, Any], writes: list[str]) -> None:
    assert items(plan(replace(WISH, **changes), opened(), now=LATER)) == writes


def test_a_closed_record_is_opened_again_with_its_pointer() -> None:
    closed = dict(plan(replace(WISH, state="closed"), opened(), now=LATER).after)
    assert closed["closed"] == stamp(LATER)
    again = plan(replace(WISH, id=closed["id"], state="open"), closed, now=LATER)
    assert items(again) == ["ConditionCheck lock", "Update scale-event", "Put open"]
    assert again.after["closed"] == ""


@pytest.mark.parametrize(
    "wish",
    [
        WISH,
        RICH,
        replace(WISH, state="open"),
        replace(WISH, baseline={"functions": [{"name": "f", "reserved": 999}]}),
        replace(WISH, phases=[{"name": "apply", "started": None, "ended": None, "ok": None}]),
        replace(WISH, details={}),
        replace(WISH, token=None, lock=None),
    ],
)
def test_what_is_there_already_is_not_written(wish: RecordWish) -> None:
    record = opened()
    planned = plan(wish, record, now=LATER)
    assert not planned.changed
    assert planned.after == record


def test_an_end_that_has_passed_meanwhile_is_not_refused_when_said_again() -> None:
    assert not plan(RICH, opened(), now=NOW + timedelta(days=2)).changed


@pytest.mark.parametrize(
    ("wish", "lock", "said"),
    [
        (replace(WISH, token=None), OURS, "written only by the holder of a lock"),
        (replace(WISH, lock=None), OURS, "written only by the holder of a lock"),
        (WISH, None, "token 7 no longer holds the lock; it is free now"),
        (WISH, Lock(7), "token 7 no longer holds the lock; it is free now"),
        (WISH, replace(OURS, token=8), "token 7 no longer holds the lock; it is held by anna@ops-1"),
        (replace(WISH, ends_at="2026-11-23T13:00:00Z"), OURS, "ends_at 2026-11-23T13:00:00Z is in the past"),
        (replace(WISH, ends_at="2026-11-24"), OURS, "does not say in which time zone"),
        (replace(WISH, kind="lock"), OURS, "kept for the table's own use"),
        (replace(WISH, name=""), OURS, "a record needs a kind and a name"),
        (replace(WISH, name="", id="20261123T133000Z-3f9a"), OURS, "There is no record 20261123T133000Z-3f9a"),
        (replace(WISH, lease=0), OURS, "a lease of 0 s is refused"),
        (replace(WISH, phases=[{"name": "a"}, {"name": "a"}]), OURS, "a phase is named twice"),
    ],
)
def test_what_must_not_be_written_is_refused(wish: RecordWish, lock: Lock | None, said: str) -> None:
    with pytest.raises(Refused) as refusal:
        plan(wish, lock=lock)
    assert said in str(refusal.value)


def test_a_record_of_another_name_is_not_written_by_its_id() -> None:
    record = opened()
    with pytest.raises(Refused, match="is of black-friday"):
        plan(replace(WISH, name="easter", id=record["id"], outcome="x"), record)


def test_a_record_is_known_by_its_id_alone() -> None:
    record = opened()
    assert plan(replace(WISH, name="", id=record["id"], outcome="done"), record).after["name"] == "black-friday"


def test_a_rehearsal_needs_no_lock() -> None:
    planned = plan(replace(RICH, rehearsal=True, lock=None, token=None), lock=None)
    assert planned.changed
    assert planned.after["state"] == "open"


def test_closing_what_is_not_open_changes_nothing() -> None:
    planned = plan(replace(WISH, state="closed"))
    assert not planned.changed
    assert planned.after == {"kind": "scale-event", "name": "black-friday", "state": "absent"}


BASE = {"tables": [{"name": "t", "read": {"units": 5}}], "note": "first"}


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ({"tables": [{"name": "t", "read": {"units": 100}}]}, BASE),
        ({"note": "second"}, BASE),
        (
            {"tables": [{"name": "u", "read": {"units": 1}}]},
            {**BASE, "tables": [*BASE["tables"], {"name": "u", "read": {"units": 1}}]},
        ),
        (
            {"tables": [{"name": "t", "write": {"units": 9}}]},
            {**BASE, "tables": [{"name": "t", "read": {"units": 5}, "write": {"units": 9}}]},
        ),
        ({"functions": []}, {**BASE, "functions": []}),
        (["something else"], BASE),
    ],
    ids=["the same target", "a value", "a new target", "a new setting", "a new key", "another shape"],
)
def test_a_baseline_is_never_overwritten_and_only_added_to(second: Any, kept: Any) -> None:
    record = opened(baseline=BASE)
    assert plan(replace(WISH, baseline=second), record, now=LATER).after["baseline"] == kept


def test_an_intention_is_overwritten_by_a_newer_one_and_keeps_other_targets() -> None:
    record = opened(intended={"functions": [{"name": "f", "reserved": 1}, {"name": "g", "reserved": 2}]})
    planned = plan(replace(WISH, intended={"functions": [{"name": "g", "reserved": 3}]}), record, now=LATER)
    reserved = {function["name"]: function["reserved"] for function in planned.after["intended"]["functions"]}
    assert reserved == {"f": 1, "g": 3}


def test_what_is_absent_gets_no_settings_from_elsewhere() -> None:
    absent, present = {"name": "q", "state": "absent"}, {"name": "q", "min_capacity": 3}
    assert merge([absent], [present]) == [absent]
    assert merge([present], [absent]) == [present]


PHASES = [
    (None, {"ok": None}, {"started": stamp(NOW)}),
    (None, {"ok": True}, {"started": stamp(NOW), "ended": stamp(NOW), "ok": True}),
    ({"started": "s"}, {"ok": True}, {"started": "s", "ended": stamp(NOW), "ok": True}),
    ({"started": "s"}, {"ok": None}, {"started": "s"}),
    ({"started": "s", "ended": "e", "ok": False}, {"ok": None}, {"started": "s"}),
    ({"started": "s", "ended": "e", "ok": True}, {"ok": None}, {"started": "s", "ended": "e", "ok": True}),
    ({"started": "s", "ended": "e", "ok": True}, {"ok": True}, {"started": "s", "ended": "e", "ok": True}),
    ({"started": "s", "ended": "e", "ok": False}, {"ok": True}, {"started": "s", "ended": stamp(NOW), "ok": True}),
]


@pytest.mark.parametrize(("kept", "said", "expected"), PHASES)
def test_a_phase_starts_ends_and_starts_again_after_a_failure(kept: Any, said: Any, expected: Any) -> None:
    record = opened(WISH)
    record["phases"] = [{"name": "apply", **kept}] if kept else []
    planned = plan(replace(WISH, phases=[{"name": "apply", **said}]), record)
    assert planned.after["phases"] == [{"name": "apply", **expected}]


@pytest.mark.parametrize(
    ("left", "calls"),
    [(timedelta(minutes=15), []), (timedelta(minutes=8), []), (timedelta(minutes=7), ["dynamodb:UpdateItem"])],
)
def test_an_unchanged_record_renews_a_lease_that_is_half_used_up(left: timedelta, calls: list[str]) -> None:
    record = opened()
    planned = plan(replace(WISH, lease=900), record, lock=replace(OURS, expires=stamp(NOW + left)))
    assert [call.action for call in planned.calls] == calls


def test_a_renewal_never_shortens_a_lease() -> None:
    lock = replace(OURS, expires="2026-11-23T18:00:00Z")
    fence = plan(replace(WISH, outcome="x", lease=60), opened(), lock=lock).calls[0].arguments["TransactItems"][0]
    assert fence["Update"]["ExpressionAttributeValues"][":expires"] == {"S": "2026-11-23T18:00:00Z"}


def test_the_baseline_of_a_thousand_targets_fits_and_noise_that_does_not_is_refused() -> None:
    targets = [
        {
            "name": f"sc-agent-function-{number}",
            "reserved": number,
            "provisioned": [{"qualifier": "live", "concurrency": 5}],
        }
        for number in range(1000)
    ]
    assert plan(replace(WISH, baseline={"functions": targets})).changed
    noise = random.Random(1).randbytes(450_000).hex()
    with pytest.raises(Refused, match=r"KB of it baseline, and DynamoDB takes 400\. Split"):
        plan(replace(WISH, baseline=noise))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "closed", "outcome": "done"},
        {"ends_at": "2026-11-30T00:00:00Z"},
        {"ends_at": ""},
        {"details": {"profile": "other", "ticket": "OPS-7"}},
        {"details": {"profile": None}},
    ],
)
def test_giving_back_before_undoes_a_change(change: dict[str, Any]) -> None:
    record = opened()
    changed = plan(replace(WISH, **change), record, now=LATER)
    undone = plan(replace(WISH, **changed.before), dict(changed.after), now=LATER)
    same = {name: value for name, value in record.items() if name not in ("updated", "revision")}
    assert {name: undone.after[name] for name in same} == same


def test_giving_back_before_removes_a_new_record_unless_something_was_changed_under_it() -> None:
    planned = plan(replace(RICH, intended=None))
    wish = replace(WISH, **planned.before)
    assert items(plan(wish, dict(planned.after))) == ["ConditionCheck lock", "Delete scale-event", "Delete open"]
    with pytest.raises(Refused, match="its baseline is the way back"):
        plan(wish, opened())


@pytest.mark.parametrize("wish", [WISH, RICH, replace(RICH, state="closed", ends_at=None)])
def test_a_second_time_nothing_is_written(wish: RecordWish) -> None:
    first = plan(wish)
    if wish.state == "closed":
        record = opened()
        first = plan(wish, record, now=LATER)
        assert not plan(replace(wish, id=record["id"]), dict(first.after), now=LATER).changed
    else:
        assert not plan(wish, dict(first.after), now=LATER).changed
