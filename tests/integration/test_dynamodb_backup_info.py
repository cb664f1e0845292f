# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_backup_info against the embedded AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_makers import make_table
from integration.examples import assert_examples_run
from integration.run_module import run_module
from integration.test_dynamodb_backup import DAY, make_backup
from integration.test_dynamodb_pitr import turn_on
from integration.waiting import HOUR

from ansible_collections.runbook.aws.plugins.modules import dynamodb_backup_info
from local_aws.client import Account


def info(account: Account, **options: Any) -> dict[str, dict[str, Any]]:
    """The results by their target; nothing was written."""
    mark = account.mark()
    shown = run_module(account, "dynamodb_backup_info", **options)
    assert shown["rc_"] == 0, shown["output"]
    assert account.mutating(mark) == []
    return {result["target"]: result for result in shown["results"]}


def recovery_point(account: Account, table: str) -> str:
    """A recovery point that AWS Backup made; its ARN."""
    client = account.client("backup")
    client.create_backup_vault(BackupVaultName="vault")
    arn = account.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
    role = f"arn:aws:iam::{account.id}:role/backup"
    job = client.start_backup_job(BackupVaultName="vault", ResourceArn=arn, IamRoleArn=role)
    account.advance(HOUR)
    return str(job["RecoveryPointArn"])


@pytest.fixture
def tables(account: Account) -> Account:
    """Table `saved` has two backups, `continuous` point-in-time recovery, `bare` nothing, `gone` a SYSTEM backup."""
    for name in ("saved", "continuous", "bare", "gone"):
        make_table(account, name, units=None)
    for name in ("continuous", "gone"):
        turn_on(account, name, 35)
    for name in ("older", "newer"):
        make_backup(account, "saved", name)
    account.client("dynamodb").delete_table(TableName="gone")
    account.advance(HOUR)
    return account


def test_the_last_recovery_point_of_each_table_is_held_against_the_objective(tables: Account) -> None:
    shown = info(tables, rpo_seconds=DAY)
    assert list(shown) == ["bare", "continuous", "gone", "saved"]

    saved = shown["saved"]
    assert [one["name"] for one in saved["backups"]] == ["newer", "older"]
    assert saved["newest"] == saved["backups"][0]
    assert saved["newest"]["usable"]
    assert saved["recovery_point"]["source"] == "backup"
    assert saved["recovery_point"]["arn"] == saved["newest"]["arn"]
    assert saved["age_seconds"] == pytest.approx(DAY + HOUR, abs=60)
    assert saved["meets_rpo"] is False

    continuous = shown["continuous"]
    assert continuous["pitr"] == {"name": "continuous", "state": "present", "recovery_period_days": 35}
    assert (continuous["recovery_point"]["source"], continuous["meets_rpo"]) == ("pitr", True)
    assert continuous["age_seconds"] == pytest.approx(300, abs=60)

    assert (shown["bare"]["recovery_point"], shown["bare"]["meets_rpo"]) == (None, False)

    gone = shown["gone"]
    assert (gone["status"], gone["pitr"], gone["meets_rpo"]) == (None, None, None)
    assert (gone["newest"]["type"], gone["newest"]["name"]) == ("SYSTEM", "gone$DeletedTableBackup")
    assert gone["newest"]["expires"]

    longer = info(tables, tables=["saved"], rpo_seconds=2 * DAY)
    assert longer["saved"]["meets_rpo"] is True
    assert info(tables, tables=["saved"], types=["SYSTEM"])["saved"]["backups"] == []


def test_recovery_points_of_aws_backup_count_too(tables: Account) -> None:
    arn = recovery_point(tables, "bare")
    (one,) = info(tables, tables=["bare"])["bare"]["backups"]
    assert (one["arn"], one["name"], one["type"], one["usable"]) == (arn, None, "AWS_BACKUP", True)
    bare = info(tables, tables=["bare"], rpo_seconds=DAY)["bare"]
    assert (bare["recovery_point"]["arn"], bare["meets_rpo"]) == (arn, True)


def test_what_is_denied_is_said_and_no_table_is_accused(tables: Account) -> None:
    tables.deny("backup:ListRecoveryPointsByResource")
    shown = run_module(tables, "dynamodb_backup_info", name_pattern="[bs]*", rpo_seconds=DAY)
    assert shown["rc_"] == 0
    assert [result["meets_rpo"] for result in shown["results"]] == [None, None]
    (reason,) = shown["results"][0]["not_observable"]
    assert reason.startswith("AWS Backup's recovery points: backup:ListRecoveryPointsByResource was refused")
    assert len([text for text in shown["warnings"] if "Not observable" in text]) == 1
    only = info(tables, tables=["saved"], rpo_seconds=DAY, types=["USER", "SYSTEM"])["saved"]
    assert (only["meets_rpo"], only["not_observable"]) == (False, [])

    tables.deny("dynamodb:ListBackups", "dynamodb:DescribeContinuousBackups")
    saved = info(tables, tables=["saved"], rpo_seconds=DAY)["saved"]
    assert (saved["backups"], saved["meets_rpo"], len(saved["not_observable"])) == ([], None, 2)


def test_what_cannot_be_read_is_named(tables: Account) -> None:
    arn = tables.client("dynamodb").describe_table(TableName="saved")["Table"]["TableArn"]
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    shown = run_module(tables, "dynamodb_backup_info", tables=[arn, elsewhere, "missing"])
    assert "2 of 3 could not be read" in shown["msg"]
    assert [result["error"] is None for result in shown["results"]] == [True, False, False]
    assert len(shown["results"][0]["backups"]) == 2
    assert "Traceback" not in shown["output"]


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    make_table(account, "sc-agent-sessions-prod", units=None)
    turn_on(account, "sc-agent-sessions-prod", 35)
    account.advance(HOUR)
    assert_examples_run(account, tmp_path, dynamodb_backup_info)
