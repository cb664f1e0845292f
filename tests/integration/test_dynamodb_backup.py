# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_backup against the embedded AWS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aws_makers import make_table
from integration.examples import assert_examples_run
from integration.run_module import run_module
from integration.waiting import HOUR, time_passes_after

from ansible_collections.runbook.aws.plugins.modules import dynamodb_backup
from local_aws.client import Account

DAY = 24 * HOUR
KEEP_TWO = {"names": "nightly-*", "keep_last": 2}


def backup(account: Account, *backups: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_module(account, "dynamodb_backup", backups=list(backups), **options)


def seen(account: Account) -> list[str]:
    """All backups that users made, oldest first, with the status of those that are not AVAILABLE."""
    found = account.client("dynamodb").list_backups()["BackupSummaries"]
    found.sort(key=lambda one: one["BackupCreationDateTime"])
    return [
        f"{one['TableName']}/{one['BackupName']}"
        + ("" if one["BackupStatus"] == "AVAILABLE" else f" {one['BackupStatus']}")
        for one in found
    ]


def make_backup(account: Account, table: str, name: str) -> str:
    """A backup that is AVAILABLE, a day before the next one; its ARN."""
    made = account.client("dynamodb").create_backup(TableName=table, BackupName=name)
    account.advance(DAY)
    return str(made["BackupDetails"]["BackupArn"])


@pytest.fixture
def nights(account: Account) -> Account:
    """Tables `a` and `b`; `a` was backed up in three nights and once by hand."""
    for name in ("a", "b"):
        make_table(account, name, units=None)
    for name in ("by-hand", "nightly-1", "nightly-2", "nightly-3"):
        make_backup(account, "a", name)
    return account


def test_check_mode_the_run_the_second_run_and_the_way_back(nights: Account) -> None:
    start = seen(nights)
    wish = [{"table": "a", "name": "pre-change"}, {"table": "b", "name": "pre-change"}]
    mark = nights.mark()
    told = backup(nights, *wish, check=True)
    assert told["changed"]
    assert nights.mutating(mark) == []

    done = backup(nights, *wish)
    assert done["rc_"] == 0, done["output"]
    assert [result["calls"] for result in done["results"]] == [result["calls"] for result in told["results"]]
    assert [result["target"] for result in done["results"]] == ["a/pre-change", "b/pre-change"]
    assert sorted(seen(nights)) == sorted([*start, "a/pre-change", "b/pre-change"])
    assert [call["operation"] for call in nights.mutating(mark)] == ["CreateBackup"] * 2
    for result in done["results"]:
        made = result["backup"]
        assert (made["name"], made["status"], made["arn"]) == ("pre-change", "AVAILABLE", result["after"]["arn"])
        assert made["age_seconds"] < HOUR

    mark = nights.mark()
    again = backup(nights, *wish)
    assert not again["changed"]
    assert nights.mutating(mark) == []
    assert [result["backup"]["arn"] for result in again["results"]] == [r["backup"]["arn"] for r in done["results"]]
    assert [result["after"] for result in again["results"]] == [result["after"] for result in done["results"]]

    back = backup(nights, *(result["before"] for result in done["results"]))
    assert back["changed"]
    assert "A deleted backup cannot be brought back" in " ".join(back["warnings"])
    assert seen(nights) == start


def test_retention_keeps_its_number_after_the_new_one_is_there(nights: Account) -> None:
    wish = {"table": "a", "name": "nightly-4", "retention": KEEP_TWO}
    mark = nights.mark()
    told = backup(nights, wish, check=True)
    assert told["results"][0]["after"]["deleted"] == ["nightly-2", "nightly-1"]
    done = backup(nights, wish, diff=True)
    assert done["rc_"] == 0, done["output"]
    assert "nightly-1" in done["output"]
    assert seen(nights) == ["a/by-hand", "a/nightly-3", "a/nightly-4"]
    operations = [call["operation"] for call in nights.calls(mark)]
    deletes = [place for place, operation in enumerate(operations) if operation == "DeleteBackup"]
    assert len(deletes) == 2
    assert "DescribeBackup" in operations[operations.index("CreateBackup") : deletes[0]]

    mark = nights.mark()
    assert not backup(nights, wish)["changed"]
    assert nights.mutating(mark) == []


def test_a_new_backup_that_fails_lets_nothing_be_deleted(nights: Account) -> None:
    start = seen(nights)
    nights.fault("dynamodb", "CreateBackup", error="InternalServerError", times=9)
    result = backup(nights, {"table": "a", "name": "nightly-4", "retention": {"names": "*", "keep_last": 1}})
    assert result["rc_"] != 0
    assert "nothing was written" in result["msg"]
    assert seen(nights) == start


def test_days_are_counted_by_awss_clock_and_the_last_one_stays(nights: Account) -> None:
    wish = {"table": "a", "retention": {"names": "nightly-*", "keep_days": 1}}
    assert backup(nights, wish)["results"][0]["after"]["deleted"] == ["nightly-2", "nightly-1"]
    nights.advance(100 * DAY)
    assert not backup(nights, wish)["changed"]
    assert seen(nights) == ["a/by-hand", "a/nightly-3"]


def test_what_an_ended_run_started_is_waited_for_by_the_next(nights: Account) -> None:
    nights.settings(transition_seconds=600)
    wish = {"table": "b", "name": "pre-change"}
    backup(nights, wish, wait=False)
    assert seen(nights)[-1] == "b/pre-change CREATING"
    mark = nights.mark()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(backup, nights, wish)
        time_passes_after(nights, mark, "DescribeBackup")
        result = run.result()
    assert (result["rc_"], result["changed"], result["results"][0]["backup"]["status"]) == (0, False, "AVAILABLE")
    assert nights.mutating(mark) == []


def test_a_table_made_just_now_is_backed_up_as_soon_as_aws_takes_it(account: Account) -> None:
    account.settings(continuous_backups_seconds=600)
    make_table(account, "new", units=None)
    mark = account.mark()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(backup, account, {"table": "new", "name": "first"})
        time_passes_after(account, mark, "CreateBackup")
        result = run.result()
    assert result["rc_"] == 0, result["output"]
    assert result["results"][0]["calls"] == ["dynamodb:CreateBackup"]
    assert seen(account) == ["new/first"]


def test_a_table_that_was_made_again_has_no_backup_of_that_name_yet(nights: Account) -> None:
    client = nights.client("dynamodb")
    client.delete_table(TableName="a")
    client.get_waiter("table_not_exists").wait(TableName="a", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    gone = backup(nights, {"table": "a", "name": "by-hand"})
    assert "there is no such table" in gone["msg"]

    make_table(nights, "a", units=None)
    done = backup(nights, {"table": "a", "name": "by-hand", "retention": {"names": "*", "keep_last": 1}})
    assert done["changed"], done["output"]
    assert "is of an earlier table of that name" in " ".join(done["warnings"])
    assert len(seen(nights)) == 5
    back = backup(nights, done["results"][0]["before"])
    assert back["changed"]
    assert seen(nights) == ["a/by-hand", "a/nightly-1", "a/nightly-2", "a/nightly-3"]


def test_bad_input_is_an_error_that_helps_and_nothing_is_written(nights: Account) -> None:
    mark = nights.mark()
    wish = [
        {"table": "a", "name": "latest"},
        {"table": "b", "name": "good-name"},
        {"table": "b", "name": "not good"},
        {"table": "missing", "name": "good-name"},
    ]
    result = backup(nights, *wish)
    says = ["3 of 4 failed, nothing was written", "stands for the newest", "'not good' is no backup's", "no such table"]
    for part in says:
        assert part in result["msg"]
    twice = [{"table": "a", "retention": KEEP_TWO}, {"table": "a", "name": "nightly-1", "state": "absent"}]
    assert "a has more than one element" in backup(nights, *twice)["msg"]
    assert "more than once: b/good-name" in backup(nights, wish[1], wish[1])["msg"]
    assert "Traceback" not in result["output"]
    nights.deny("dynamodb:CreateBackup")
    assert "Allow dynamodb:CreateBackup" in backup(nights, wish[1])["msg"]
    nights.deny("dynamodb:ListBackups")
    assert "Allow dynamodb:ListBackups" in backup(nights, wish[1])["msg"]
    assert [call["operation"] for call in nights.mutating(mark) if call["status"] == 200] == []


def test_a_lost_answer_leaves_nothing_that_the_way_back_does_not_take(nights: Account) -> None:
    start = seen(nights)
    nights.fault("dynamodb", "CreateBackup", mode="disconnect_after")
    done = backup(nights, {"table": "b", "name": "pre-change"})
    assert done["rc_"] == 0, done["output"]
    assert seen(nights) == [*start, "b/pre-change", "b/pre-change"]
    assert not backup(nights, {"table": "b", "name": "pre-change"})["changed"]
    backup(nights, done["results"][0]["before"])
    assert seen(nights) == start


def test_50_tables_are_listed_once_and_backed_up_together(account: Account) -> None:
    names = [f"t{number}" for number in range(50)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: make_table(account, name, units=None), names))
    account.advance(DAY)
    rates = dict.fromkeys(("dynamodb:CreateBackup", "dynamodb:DescribeBackup", "dynamodb:ListBackups"), 1000)
    wish = [{"table": name, "name": "pre-change"} for name in names]
    mark = account.mark()
    done = backup(account, *wish, request_rates=rates)
    assert done["rc_"] == 0, done["output"]
    made = [call["operation"] for call in account.calls(mark)]
    assert {name: made.count(name) for name in ("ListBackups", "DescribeTable", "CreateBackup")} == {
        "ListBackups": 1,
        "DescribeTable": 50,
        "CreateBackup": 50,
    }
    assert len(seen(account)) == 50


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    for name in ("sc-agent-sessions-prod", "sc-agent-conversations-prod"):
        make_table(account, name, units=None)
    assert_examples_run(account, tmp_path, dynamodb_backup)
    (nightly,) = seen(account)
    assert nightly.startswith("sc-agent-sessions-prod/nightly-20")
