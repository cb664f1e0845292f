# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_pitr against the embedded AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_makers import make_table
from integration.examples import assert_examples_run
from integration.run_module import run_module
from integration.waiting import HOUR

from ansible_collections.runbook.aws.plugins.modules import dynamodb_pitr
from local_aws.client import Account

DAY = 24 * HOUR


def pitr(account: Account, *tables: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_module(account, "dynamodb_pitr", tables=list(tables), **options)


def seen(account: Account, table: str) -> int | None:
    """The recovery period of a table, or none while it is off."""
    answer = account.client("dynamodb").describe_continuous_backups(TableName=table)
    recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return recovery["RecoveryPeriodInDays"] if recovery["PointInTimeRecoveryStatus"] == "ENABLED" else None


def turn_on(account: Account, table: str, days: int) -> None:
    wanted = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}
    account.client("dynamodb").update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=wanted)


WISH = (
    {"name": "off"},
    {"name": "long", "recovery_period_days": 7},
    {"name": "kept"},
    {"name": "unwanted", "state": "absent"},
)


@pytest.fixture
def tables(account: Account) -> Account:
    """Tables `off`, and `long`, `kept` and `unwanted` with recovery since 20 days."""
    for name in ("off", "long", "kept", "unwanted"):
        make_table(account, name, units=None)
    for name, days in (("long", 35), ("kept", 14), ("unwanted", 35)):
        turn_on(account, name, days)
    account.advance(20 * DAY)
    return account


def test_check_mode_the_run_the_second_run_and_the_way_back(tables: Account) -> None:
    mark = tables.mark()
    told = pitr(tables, *WISH, check=True)
    assert told["changed"]
    assert tables.mutating(mark) == []

    done = pitr(tables, *WISH)
    assert done["results"] == told["results"]
    assert [result["changed"] for result in done["results"]] == [True, True, False, True]
    assert {name: seen(tables, name) for name in ("off", "long", "kept", "unwanted")} == {
        "off": 35,
        "long": 7,
        "kept": 14,
        "unwanted": None,
    }
    assert len(tables.mutating(mark)) == 3
    warned = " ".join(done["warnings"])
    assert "long: a recovery period of 7 instead of 35 days loses what could be restored from" in warned
    assert "unwanted: turning point-in-time recovery off loses" in warned

    mark = tables.mark()
    again = pitr(tables, *WISH)
    assert not again["changed"]
    assert tables.mutating(mark) == []
    assert [result["before"] for result in again["results"]] == [result["after"] for result in done["results"]]

    assert pitr(tables, *(result["before"] for result in done["results"]))["changed"]
    assert [seen(tables, name) for name in ("off", "long", "kept", "unwanted")] == [None, 35, 14, 35]


def test_a_table_made_just_now_is_protected_as_soon_as_aws_takes_it(account: Account) -> None:
    make_table(account, "new", units=None)
    account.fault("dynamodb", "UpdateContinuousBackups", error="ContinuousBackupsUnavailableException", times=2)
    mark = account.mark()
    result = pitr(account, {"name": "new", "recovery_period_days": 3})
    assert result["rc_"] == 0, result["output"]
    assert result["results"][0]["calls"] == ["dynamodb:UpdateContinuousBackups"]
    assert len(account.mutating(mark)) == 3
    assert seen(account, "new") == 3


def test_bad_input_and_faults_are_errors_that_help(tables: Account) -> None:
    mark = tables.mark()
    result = pitr(tables, {"name": "off"}, {"name": "missing"}, {"name": "kept", "recovery_period_days": 36})
    assert result["rc_"] != 0
    for part in (
        "2 of 3 failed, nothing was written",
        "TableNotFoundException",
        "Check the name",
        "is 36: give 1 to 35",
    ):
        assert part in result["msg"]
    assert tables.mutating(mark) == []

    tables.fault(
        "dynamodb", "UpdateContinuousBackups", match={"TableName": "long"}, error="InternalServerError", times=9
    )
    result = pitr(tables, *WISH)
    assert [bool(item["error"]) for item in result["results"]] == [False, True, False, False]
    tables.clear_faults()
    assert [item["changed"] for item in pitr(tables, *WISH)["results"]] == [False, True, False, False]

    tables.deny("dynamodb:UpdateContinuousBackups")
    assert "Allow dynamodb:UpdateContinuousBackups" in pitr(tables, {"name": "off", "state": "absent"})["msg"]
    assert "Traceback" not in result["output"]


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    for name in ("sc-agent-sessions-prod", "sc-agent-conversations-prod"):
        make_table(account, name, units=None)
        turn_on(account, name, 35)
    assert_examples_run(account, tmp_path, dynamodb_pitr)
