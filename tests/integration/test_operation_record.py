# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from integration.run_module import run_module
from operation_tables import ANNA, BEN, TABLE, after, failed, keep_lock, make_table

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._operation_record import RecordWish, plan_record
from ansible_collections.runbook.aws.plugins.module_utils._operation_table import OperationTable
from ansible_collections.runbook.aws.plugins.module_utils._pace import Pace
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from local_aws.client import Account

BASELINE = {"functions": [{"name": "sc-agent-orchestrator-prod", "reserved": "unreserved"}]}


def record(account: Account, *, check: bool = False, **options: Any) -> dict[str, Any]:
    given = {"table": TABLE, "kind": "scale-event", "name": "black-friday", "lock": "scale", "token": 1, **options}
    given = {name: value for name, value in given.items() if value is not None}
    return run_module(account, "operation_record", check=check, **given)


@pytest.fixture
def locked(account: Account) -> Account:
    """An account in which anna holds the lock `scale` with token 1."""
    make_table(account)
    keep_lock(account, ANNA)
    return account


def test_a_record_is_opened_once_written_and_closed(locked: Account) -> None:
    opened = record(locked, baseline=BASELINE, ends_at="2099-11-24T07:00:00+01:00", details={"profile": "high"})
    first = after(opened)
    assert opened["results"][0]["before"]["state"] == "absent"
    assert (first["state"], first["baseline"], first["opened_by"]) == ("open", BASELINE, ANNA)
    assert first["ends_at"] == "2099-11-24T06:00:00Z"

    mark = locked.mark()
    again = record(locked, baseline={"functions": [{"name": "sc-agent-orchestrator-prod", "reserved": 200}]})
    assert (again["changed"], after(again)) == (False, first)
    assert locked.mutating(mark) == []

    closed = after(record(locked, state="closed", outcome="brought back", phases=[{"name": "apply", "ok": True}]))
    assert (closed["state"], closed["outcome"], closed["baseline"]) == ("closed", "brought back", BASELINE)
    assert closed["phases"][0]["ok"] is True
    mark = locked.mark()
    assert record(locked, state="closed")["changed"] is False
    assert locked.mutating(mark) == []
    assert after(record(locked))["id"] != first["id"]


def test_check_mode_writes_nothing_and_needs_no_lock(locked: Account) -> None:
    mark = locked.mark()
    rehearsed = record(locked, check=True, lock=None, token=None, baseline=BASELINE)
    assert rehearsed["changed"] is True
    assert rehearsed["results"][0]["calls"] == ["dynamodb:TransactWriteItems"]
    assert locked.mutating(mark) == []


def test_check_mode_on_a_missing_table_writes_nothing(account: Account) -> None:
    assert record(account, check=True, lock=None, token=None)["changed"] is True
    assert account.mutating() == []


def test_an_old_token_can_not_write(locked: Account) -> None:
    keep_lock(locked, BEN, token=2)
    mark = locked.mark()
    refused = record(locked)
    assert failed(refused)
    assert "token 1 no longer holds the lock; it is held by ben@ops-2" in refused["msg"]
    assert locked.mutating(mark) == []


def test_a_lock_that_is_lost_between_reading_and_writing_stops_the_write(locked: Account) -> None:
    """The transaction itself checks the token, not only the plan."""
    table = OperationTable(Aws(locked.client, Pace(), timeout=10), TABLE)
    wish = RecordWish(TABLE, "scale-event", "black-friday", lock="scale", token=1)
    plan = plan_record(wish, table.record("scale-event", "black-friday", None, "scale"))
    keep_lock(locked, BEN, token=2)
    with pytest.raises(Refused, match=r"lock scale is no longer held with our token\. It is held by ben@ops-2"):
        table.call("dynamodb", plan.calls[0].operation, **plan.calls[0].arguments)
    assert table.records("scale-event", None, None, open=False, overdue=False, limit=None) == []


def test_a_record_that_changed_since_it_was_read_is_not_written(locked: Account) -> None:
    table = OperationTable(Aws(locked.client, Pace(), timeout=10), TABLE)
    wish = RecordWish(TABLE, "scale-event", "black-friday", lock="scale", token=1)
    plan = plan_record(wish, table.record("scale-event", "black-friday", None, "scale"))
    table.call("dynamodb", plan.calls[0].operation, **plan.calls[0].arguments)
    with pytest.raises(Refused, match="another record of that name was opened, since it was read"):
        table.call("dynamodb", plan.calls[0].operation, **plan.calls[0].arguments)


def test_a_write_that_botocore_repeats_is_known_as_the_same(locked: Account) -> None:
    """AWS carries out a transaction once for each token, however often it arrives:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, ClientRequestToken
    """
    locked.fault("dynamodb", "TransactWriteItems", mode="disconnect")
    mark = locked.mark()
    assert after(record(locked))["revision"] == 1
    writes = [call["arguments"] for call in locked.calls(mark) if call["operation"] == "TransactWriteItems"]
    assert len({write["ClientRequestToken"] for write in writes}) == 1


def test_the_baseline_of_a_thousand_targets_comes_back_whole(locked: Account) -> None:
    baseline = {
        "functions": [
            {"name": f"sc-agent-function-{number}-prod", "reserved": number, "provisioned": [{"qualifier": "live"}]}
            for number in range(1000)
        ]
    }
    assert after(record(locked, baseline=baseline))["baseline"] == baseline
    assert after(record(locked))["baseline"] == baseline


def test_the_recorded_before_opens_a_closed_event_again(locked: Account) -> None:
    first = after(record(locked, baseline=BASELINE))
    closed = record(locked, state="closed", outcome="done")
    undone = after(record(locked, **closed["results"][0]["before"]))
    assert {**undone, "revision": 1, "updated": first["updated"]} == first


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ends_at": "2026-01-01T00:00:00Z"}, "is in the past"),
        ({"ends_at": "soon"}, "'soon' is no time"),
        ({"lock": None, "token": None}, "written only by the holder of a lock"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(locked: Account, options: Any, said: str) -> None:
    mark = locked.mark()
    refused = record(locked, **options)
    assert failed(refused)
    assert said in refused["msg"]
    assert locked.mutating(mark) == []
