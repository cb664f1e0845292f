# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is written for a wish about a lock: every state of a lock against every wish."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._moments import moment, stamp
from ansible_collections.runbook.aws.plugins.module_utils._operation import attribute, value_of
from ansible_collections.runbook.aws.plugins.module_utils._operation_lock import (
    Lock,
    LockFound,
    LockWish,
    plan_lock,
    refuse_other_account,
    same_run,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused

NOW = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
ANNA = {"user": "anna", "host": "ops-1", "machine": "ops-1:b:1", "pid": 4711, "ticks": 5, "command": "ansible-playbook"}
BEN = {"user": "ben", "host": "ops-2", "machine": "ops-2:b:1", "pid": 815, "ticks": 9}


def held(by: dict[str, Any], minutes: float = 12, token: int = 7) -> Lock:
    """A lock whose lease ends in so many minutes."""
    return Lock(token, by, "2026-11-23T13:20:00Z", stamp(NOW + timedelta(minutes=minutes)), "drill")


FREE = Lock(7)
TAKE = LockWish("table", "scale", True, ANNA)
RELEASE = LockWish("table", "scale", False, ANNA)


def plan(wish: LockWish, lock: Lock | None, **found: Any) -> Plan:
    planned = plan_lock(wish, LockFound(NOW, lock, **found))
    assert_valid(planned.calls)
    return planned


def written(planned: Plan) -> dict[str, Any]:
    """The values that the last call sets, by attribute."""
    values = planned.calls[-1].arguments["ExpressionAttributeValues"]
    return {name[1:]: value_of(value) for name, value in values.items() if not name.startswith(":was_")}


@pytest.mark.parametrize(
    ("wish", "lock", "dead", "token", "condition"),
    [
        (TAKE, None, False, 1, "attribute_not_exists(#token)"),
        (TAKE, FREE, False, 8, "#token = :was_token AND attribute_not_exists(#holder)"),
        (TAKE, held(BEN, minutes=-1), False, 8, "#token = :was_token AND #expires = :was_expires"),
        (TAKE, held(BEN), True, 8, "#token = :was_token AND #expires = :was_expires"),
        (replace(TAKE, take_over=True), held(BEN), False, 8, "#token = :was_token AND #expires = :was_expires"),
        (TAKE, held(ANNA), False, 7, "#token = :was_token AND attribute_exists(#holder)"),
        (replace(TAKE, token=7), held(BEN), False, 7, "#token = :was_token AND attribute_exists(#holder)"),
        (replace(TAKE, token=7), held(BEN, minutes=-1), False, 7, "#token = :was_token AND attribute_exists(#holder)"),
    ],
    ids=["never taken", "free", "expired", "dead", "forced", "ours by process", "ours by token", "ours, expired"],
)
def test_the_lock_is_ours_on_the_condition_that_it_is_still_as_it_was_read(
    wish: LockWish, lock: Lock | None, dead: bool, token: int, condition: str
) -> None:
    planned = plan(wish, lock, holder_dead=dead)
    assert [call.action for call in planned.calls] == ["dynamodb:UpdateItem"]
    assert planned.calls[0].arguments["ConditionExpression"] == condition
    assert planned.after["token"] == token
    assert planned.after["expires"] == "2026-11-23T13:45:00Z"


@pytest.mark.parametrize(
    ("wish", "lock", "said"),
    [
        (
            TAKE,
            held(BEN),
            "scale is held by ben@ops-2 (pid 815) since 2026-11-23T13:20:00Z for drill, its lease ends in 12 min",
        ),
        (replace(TAKE, token=6), held(BEN), "token 6 no longer holds the lock; it is held by ben@ops-2"),
        (replace(TAKE, token=7), FREE, "token 7 no longer holds the lock; it is free now"),
        (replace(TAKE, token=7), None, "token 7 no longer holds the lock; it is free now"),
        (replace(RELEASE, token=6), held(BEN), "token 6 does not hold it. It is held by ben@ops-2"),
        (RELEASE, held(BEN), "it is not ours to release. It is held by ben@ops-2"),
        (replace(TAKE, holder={}), None, "a lock needs a holder"),
        (replace(TAKE, lease=0), None, "a lease of 0 s is refused"),
        (replace(TAKE, lease=86401), None, "a lease of 86401 s is refused"),
        (replace(RELEASE, token=0), None, "0 is no token"),
        (replace(TAKE, name=""), None, "A lock needs a name"),
    ],
)
def test_a_refusal_says_who_holds_it_and_the_way_out(wish: LockWish, lock: Lock | None, said: str) -> None:
    with pytest.raises(Refused) as refusal:
        plan_lock(wish, LockFound(NOW, lock))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("wish", "lock"),
    [(RELEASE, None), (RELEASE, FREE), (replace(RELEASE, token=7), FREE), (replace(RELEASE, token=3), FREE)],
)
def test_releasing_what_is_free_changes_nothing(wish: LockWish, lock: Lock | None) -> None:
    assert not plan(wish, lock).changed


@pytest.mark.parametrize(
    ("wish", "lock"),
    [(RELEASE, held(ANNA)), (replace(RELEASE, token=7), held(BEN)), (replace(RELEASE, take_over=True), held(BEN))],
    ids=["ours by process", "ours by token", "forced"],
)
def test_releasing_keeps_the_item_and_its_token(wish: LockWish, lock: Lock) -> None:
    planned = plan(wish, lock)
    assert planned.after == {"name": "scale", "state": "absent"}
    assert "REMOVE #holder, #acquired, #expires, #operation" in planned.calls[0].arguments["UpdateExpression"]
    assert "token" not in written(planned)


@pytest.mark.parametrize("lock", [held(BEN, minutes=-1), held(BEN)], ids=["expired", "forced"])
def test_who_loses_a_lock_is_told_and_remembered(lock: Lock) -> None:
    planned = plan(replace(TAKE, take_over=True), lock)
    assert planned.before["holder"] == BEN
    assert "held by ben@ops-2" in planned.notes[0]
    assert written(planned)["previous"]["holder"] == BEN
    assert written(planned)["previous"]["token"] == 7


def test_a_renewal_keeps_since_when_and_for_what() -> None:
    planned = plan(replace(TAKE, lease=3600, token=7), held(ANNA))
    assert planned.after["acquired"] == "2026-11-23T13:20:00Z"
    assert planned.after["operation"] == "drill"
    assert planned.after["expires"] == "2026-11-23T14:30:00Z"


def test_a_rehearsal_goes_on_with_the_refusal_as_a_note() -> None:
    planned = plan(replace(TAKE, rehearsal=True), held(BEN))
    assert not planned.changed
    assert planned.notes[0].startswith("A real run would be refused now: scale is held by ben@ops-2")
    assert planned.after["holder"] == BEN


@pytest.mark.parametrize(
    ("exists", "protected", "calls"),
    [
        (False, False, ["CreateTable", "UpdateContinuousBackups", "UpdateItem"]),
        (True, False, ["UpdateContinuousBackups", "UpdateItem"]),
        (True, True, ["UpdateItem"]),
    ],
)
def test_the_table_is_made_or_finished_first(exists: bool, protected: bool, calls: list[str]) -> None:
    planned = plan(TAKE, None, table=exists, protected=protected)
    assert [call.operation for call in planned.calls] == calls


def test_a_release_makes_no_table() -> None:
    assert not plan(RELEASE, None, table=False, protected=False).changed


@pytest.mark.parametrize("lock", [None, FREE, held(ANNA)], ids=["never taken", "free", "ours"])
def test_releasing_with_before_undoes_taking(lock: Lock | None) -> None:
    taken = plan(TAKE, lock)
    wish = replace(TAKE, present=taken.before["state"] == "present", holder=taken.before.get("holder", ANNA))
    now = Lock(taken.after["token"], ANNA, taken.after["acquired"], taken.after["expires"], taken.after["operation"])
    undone = plan(wish, now)
    assert {name: undone.after.get(name) for name in ("state", "holder")} == {
        name: taken.before.get(name) for name in ("state", "holder")
    }


ROLE = {"account": "111122223333", "arn": "arn:aws:sts::111122223333:assumed-role/ops/anna"}


@pytest.mark.parametrize("account", ["", "111122223333"])
def test_credentials_of_the_expected_account_are_told(account: str) -> None:
    wish = replace(TAKE, account=account)
    refuse_other_account(wish, ROLE)
    assert plan(wish, FREE, caller=ROLE).fields == {"caller": ROLE}
    assert plan(RELEASE, held(ANNA)).fields == {}


def test_credentials_of_another_account_are_refused() -> None:
    with pytest.raises(Refused, match=r"belong to account 111122223333 .*assumed-role/ops/anna.* meant for account 9"):
        refuse_other_account(replace(TAKE, account="999999999999"), ROLE)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ANNA, True),
        ({**ANNA, "user": "root", "host": "renamed"}, True),
        ({**ANNA, "ticks": 6}, False),
        ({**ANNA, "machine": "ops-1:b:2"}, False),
        ({"user": "anna"}, False),
    ],
)
def test_a_run_is_a_process_of_a_machine(other: dict[str, Any], same: bool) -> None:
    assert same_run(ANNA, other) is same


def test_values_survive_the_way_into_the_table_and_back() -> None:
    value = {"s": "x", "n": 17, "f": 1.5, "b": True, "none": None, "list": [1, "2"], "map": {"bytes": b"\0"}}
    assert value_of(attribute(value)) == value


@pytest.mark.parametrize("text", ["2026-11-24T06:00:00Z", "2026-11-24 07:00:00+01:00", " 2026-11-24T06:00Z "])
def test_times_with_a_zone_are_understood(text: str) -> None:
    assert stamp(moment(text)) == "2026-11-24T06:00:00Z"


@pytest.mark.parametrize("text", ["2026-11-24T06:00:00", "tomorrow", ""])
def test_times_that_could_mean_something_else_are_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"2026-11-24T06:00:00Z|which time zone"):
        moment(text)
