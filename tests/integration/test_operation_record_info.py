# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from integration.run_module import run_module
from operation_tables import ANNA, TABLE, failed, keep_lock, make_table

from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._operation_lock import Lock
from ansible_collections.runbook.aws.plugins.module_utils._operation_record import RecordFound, RecordWish, plan_record
from local_aws.client import Account

NOW = datetime.now(UTC)


def keep(account: Account, name: str, *, days_ago: int, kind: str = "scale-event", **wish: Any) -> None:
    """Put a record into the table with the very calls that the module makes, as of some days ago."""
    now = NOW - timedelta(days=days_ago)
    lock = Lock(1, ANNA, stamp(now), stamp(now))
    closed = wish.pop("closed", False)
    wanted = RecordWish(TABLE, kind, name, lock="scale", token=1, **wish)
    opened = plan_record(wanted, RecordFound(now, "0000", None, lock))
    plans = [opened]
    if closed:
        shut = RecordWish(TABLE, kind, name, state="closed", lock="scale", token=1)
        plans.append(plan_record(shut, RecordFound(now, "0000", opened.after, lock)))
    for plan in plans:
        account.client("dynamodb").transact_write_items(**plan.calls[0].arguments)


@pytest.fixture
def events(account: Account) -> Account:
    make_table(account)
    keep_lock(account, ANNA)
    keep(account, "easter", days_ago=200, closed=True, baseline={"n": 1})
    keep(account, "black-friday", days_ago=9, closed=True)
    keep(account, "black-friday", days_ago=2, ends_at=stamp(NOW - timedelta(days=1)))
    keep(account, "cyber-monday", days_ago=1, ends_at=stamp(NOW + timedelta(days=1)))
    keep(account, "drill", days_ago=3, kind="restore")
    return account


def listed(account: Account, **options: Any) -> list[str]:
    result = run_module(account, "operation_record_info", table=TABLE, **options)
    assert not failed(result), result["output"]
    return [f"{record['name']} {record['state']}" for record in result["records"]]


def test_records_are_listed_newest_first(events: Account) -> None:
    everything = [
        "cyber-monday open",
        "black-friday open",
        "black-friday closed",
        "easter closed",
    ]
    assert listed(events, kind="scale-event") == everything
    assert listed(events, kind="scale-event", limit=2) == everything[:2]
    assert listed(events, kind="scale-event", name="black-friday") == everything[1:3]
    assert listed(events) == [*everything[:2], "drill open", *everything[2:]]


def test_open_and_overdue_records_are_found(events: Account) -> None:
    assert listed(events, open=True) == ["cyber-monday open", "black-friday open", "drill open"]
    assert listed(events, kind="scale-event", open=True) == ["cyber-monday open", "black-friday open"]
    assert listed(events, kind="scale-event", overdue=True) == ["black-friday open"]
    mark = events.mark()
    assert listed(events, kind="scale-event", name="cyber-monday", overdue=True) == []
    assert events.mutating(mark) == []


def test_all_pages_are_read(account: Account) -> None:
    """A page holds 1 MB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html"""
    make_table(account)
    for number in range(9):
        item = {"kind": {"S": "drill"}, "id": {"S": f"2026010{number}T000000Z-0000"}, "name": {"S": "d"}}
        item |= {"state": {"S": "closed"}, "outcome": {"S": "x" * 300_000}}
        account.client("dynamodb").put_item(TableName=TABLE, Item=item)
    assert len(listed(account, kind="drill")) == 9
    reads = [call for call in account.calls() if call["operation"] == "Query"]
    assert len(reads) > 1


def test_a_missing_table_has_no_records(account: Account) -> None:
    assert listed(account, kind="scale-event") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [({"kind": "lock"}, "lock is no kind of record"), ({"limit": 0}, "limit is 0"), ({"id": "x"}, "missing")],
)
def test_bad_input_is_refused(account: Account, options: dict[str, Any], said: str) -> None:
    result = run_module(account, "operation_record_info", table=TABLE, **options)
    assert failed(result)
    assert said in result["msg"]


def test_a_denied_read_says_what_to_allow(account: Account) -> None:
    account.deny("dynamodb:Query")
    result = run_module(account, "operation_record_info", table=TABLE, kind="scale-event")
    assert "Allow dynamodb:Query" in result["msg"]
