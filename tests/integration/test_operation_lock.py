# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from integration.run_module import run_module
from operation_tables import ANNA, BEN, TABLE, after, failed, keep_lock, make_table

from ansible_collections.runbook.aws.plugins.module_utils._holder import holder
from local_aws.client import Account


def lock(account: Account, *holder: dict[str, Any] | None, check: bool = False, **options: Any) -> dict[str, Any]:
    """For anna, or for another holder, or for none: None."""
    (who,) = holder or (ANNA,)
    given = {"table": TABLE, "name": "scale", **({"holder": who} if who else {}), **options}
    return run_module(account, "operation_lock", check=check, **given)


@pytest.fixture
def table(account: Account) -> Account:
    """An account in which the table is there, with the lock `scale` free and its last token 1."""
    make_table(account)
    keep_lock(account)
    return account


def test_the_first_lock_makes_the_table(account: Account) -> None:
    result = lock(account, operation="scale-event black-friday")
    assert after(result)["token"] == 1
    assert result["results"][0]["before"] == {"name": "scale", "state": "absent"}
    assert [call["operation"] for call in account.mutating()] == [
        "CreateTable",
        "UpdateContinuousBackups",
        "UpdateItem",
    ]
    dynamodb = account.client("dynamodb")
    described = dynamodb.describe_table(TableName=TABLE)["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["DeletionProtectionEnabled"] is True
    backups = dynamodb.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    tags = dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
    assert "runbook:purpose" in {tag["Key"] for tag in tags}


def test_the_lock_of_another_account_is_not_even_looked_for(account: Account) -> None:
    mark = account.mark()
    refused = lock(account, expected_account="999999999999")
    assert f"belong to account {account.id}" in refused["msg"]
    assert "is meant for account 999999999999" in refused["msg"]
    assert [call["operation"] for call in account.calls(mark)] == ["GetCallerIdentity"]
    taken = lock(account, expected_account=account.id)
    assert taken["results"][0]["caller"]["account"] == account.id


def test_check_mode_on_a_missing_table_says_that_it_would_be_made_and_writes_nothing(account: Account) -> None:
    result = lock(account, check=True)
    assert result["changed"] is True
    assert result["results"][0]["calls"][0] == "dynamodb:CreateTable"
    assert f"The table {TABLE} does not exist yet: it would be made" in result["output"]
    assert account.mutating() == []


def test_a_table_whose_maker_was_stopped_half_way_is_finished(account: Account) -> None:
    account.fault("dynamodb", "UpdateContinuousBackups", error="AccessDeniedException", message="no", times=1)
    assert failed(lock(account))
    assert after(lock(account))["token"] == 1
    backups = account.client("dynamodb").describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_two_runs_that_make_the_table_at_the_same_time_both_succeed(account: Account) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: lock(account, name=name), ("scale", "restore")))
    assert [after(result)["token"] for result in results] == [1, 1]


def test_of_four_runs_at_once_exactly_one_gets_the_lock(account: Account) -> None:
    def take(number: int) -> dict[str, Any]:
        return lock(account, {"user": f"user{number}", "host": "ops-1", "pid": number + 10})

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(take, range(4)))
    winners = [result for result in results if not failed(result)]
    assert len(winners) == 1, [result.get("msg") for result in results]
    holder_now = after(winners[0])["holder"]["user"]
    for result in results:
        if failed(result):
            assert f"held by {holder_now}@ops-1" in result["msg"]
            assert "Way out:" in result["msg"]


def test_a_second_run_is_told_who_holds_it_since_when_and_for_what(table: Account) -> None:
    keep_lock(table, ANNA, lease=720, operation="scale-event black-friday")
    mark = table.mark()
    refused = lock(table, BEN)
    assert failed(refused)
    assert "scale is held by anna@ops-1 (ansible-playbook, pid 4711) since 20" in refused["msg"]
    assert "for scale-event black-friday, its lease ends in 12 min" in refused["msg"]
    assert "nothing was written" in refused["msg"]
    assert table.mutating(mark) == []


def test_in_check_mode_a_held_lock_is_a_warning(table: Account) -> None:
    keep_lock(table, ANNA)
    mark = table.mark()
    result = lock(table, BEN, check=True)
    assert result["changed"] is False
    assert not failed(result)
    assert "A real run would be refused now: scale is held by anna@ops-1" in result["output"]
    assert table.mutating(mark) == []


def test_taking_and_releasing_in_check_mode_write_nothing(table: Account) -> None:
    mark = table.mark()
    assert lock(table, check=True)["changed"] is True
    assert table.mutating(mark) == []
    keep_lock(table, ANNA)
    mark = table.mark()
    assert lock(table, check=True, state="absent")["changed"] is True
    assert table.mutating(mark) == []


def test_the_token_grows_over_releases_and_releasing_twice_writes_once(table: Account) -> None:
    keep_lock(table, ANNA, token=2)
    mark = table.mark()
    assert lock(table, None, state="absent", token=2)["changed"] is True
    assert lock(table, None, state="absent", token=2)["changed"] is False
    assert len(table.mutating(mark)) == 1
    assert after(lock(table, BEN))["token"] == 3


def test_renewing_keeps_the_token_and_moves_the_end(table: Account) -> None:
    keep_lock(table, ANNA, token=2, lease=10, operation="drill")
    renewed = after(lock(table, lease=1000, token=2))
    assert (renewed["token"], renewed["operation"]) == (2, "drill")
    assert (datetime.fromisoformat(renewed["expires"]) - datetime.now(UTC)).total_seconds() > 900


def test_an_expired_lease_is_taken_and_its_token_is_worth_nothing(table: Account) -> None:
    keep_lock(table, ANNA, token=2, lease=-1)
    taken = lock(table, BEN)
    assert after(taken)["token"] == 3
    assert taken["results"][0]["before"]["holder"] == ANNA
    assert "its lease had ended" in taken["output"]
    for options in ({"state": "present"}, {"state": "absent"}):
        refused = lock(table, ANNA, token=2, **options)
        assert failed(refused)
        assert "held by ben@ops-2" in refused["msg"]


def test_take_over_breaks_a_lease_and_the_lock_remembers_whose(table: Account) -> None:
    keep_lock(table, ANNA)
    taken = lock(table, BEN, take_over=True)
    assert after(taken)["holder"] == BEN
    assert "take_over was asked for" in taken["output"]
    item = table.client("dynamodb").get_item(TableName=TABLE, Key={"kind": {"S": "lock"}, "id": {"S": "scale"}})["Item"]
    assert item["previous"]["M"]["holder"]["M"]["user"] == {"S": "anna"}


def test_the_lock_of_a_process_that_has_ended_is_taken_at_once(table: Account) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        running = holder(process.pid, {})
        keep_lock(table, running, token=2)
        assert failed(lock(table, BEN))
        process.kill()
    taken = lock(table, BEN)
    assert after(taken)["token"] == 3
    assert "that process has ended on this machine" in taken["output"]


def test_the_lock_of_a_process_elsewhere_is_not_taken(table: Account) -> None:
    elsewhere = {**holder(os.getpid(), {}), "machine": "other:boot:1", "pid": 2**22 - 1}
    keep_lock(table, elsewhere)
    assert failed(lock(table, BEN))


def test_what_was_released_is_taken_back_with_the_recorded_before(table: Account) -> None:
    keep_lock(table, ANNA, token=2, operation="drill")
    released = lock(table, ANNA, state="absent")
    again = after(lock(table, **released["results"][0]["before"]))
    assert (again["holder"], again["operation"], again["token"]) == (ANNA, "drill", 3)


def test_what_was_taken_is_released_with_the_recorded_before(table: Account) -> None:
    taken = lock(table, ANNA)
    undone = lock(table, ANNA, **taken["results"][0]["before"])
    assert after(undone) == {"name": "scale", "state": "absent"}
    item = table.client("dynamodb").get_item(TableName=TABLE, Key={"kind": {"S": "lock"}, "id": {"S": "scale"}})["Item"]
    assert (item["token"], "holder" in item) == ({"N": "2"}, False)


def test_a_lost_answer_is_not_taken_for_another_run(table: Account) -> None:
    table.fault("dynamodb", "UpdateItem", mode="disconnect_after")
    assert after(lock(table))["token"] == 2
    table.fault("dynamodb", "UpdateItem", mode="disconnect_after")
    assert after(lock(table, state="absent"))["state"] == "absent"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"holder": {}}, "a lock needs a holder"),
        ({"lease": 0}, "a lease of 0 s is refused"),
        ({"lease": 10**6}, "a lease of 1000000 s is refused"),
        ({"token": -1}, "-1 is no token"),
        ({"name": ""}, "A lock needs a name"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(account: Account, options: Any, said: str) -> None:
    refused = lock(account, **{"holder": ANNA, **options})
    assert failed(refused)
    assert said in refused["msg"]
    assert account.mutating() == []


def test_a_denied_table_says_what_to_allow(account: Account) -> None:
    account.deny("dynamodb:CreateTable")
    refused = lock(account)
    assert "Allow dynamodb:CreateTable" in refused["msg"]
    assert account.secret_key not in refused["output"]
