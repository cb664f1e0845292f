# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS Backup makes recovery points of tables; moto makes none."""

from __future__ import annotations

from typing import Any

import pytest
from aws_makers import make_table
from botocore.exceptions import ClientError

from local_aws.client import Account


def points(account: Account, arn: str) -> list[dict[str, Any]]:
    found = account.client("backup").list_recovery_points_by_resource(ResourceArn=arn)["RecoveryPoints"]
    return [dict(point) for point in found]


def test_a_job_makes_a_recovery_point_that_dynamodb_does_not_list(account: Account) -> None:
    tables, client = make_table(account), account.client("backup")
    account.settings(transition_seconds=60)
    arn = tables.describe_table(TableName="t")["Table"]["TableArn"]
    assert points(account, arn) == []
    client.create_backup_vault(BackupVaultName="vault")
    job = client.start_backup_job(
        BackupVaultName="vault",
        ResourceArn=arn,
        IamRoleArn=f"arn:aws:iam::{account.id}:role/backup",
        Lifecycle={"DeleteAfterDays": 30},
    )
    assert job["RecoveryPointArn"].startswith("arn:aws:backup:us-east-1:")
    assert client.describe_backup_job(BackupJobId=job["BackupJobId"])["State"] == "RUNNING"
    assert [point["Status"] for point in points(account, arn)] == ["CREATING"]
    account.advance(61)
    done = client.describe_backup_job(BackupJobId=job["BackupJobId"])
    assert (done["State"], done["ResourceArn"]) == ("COMPLETED", arn)
    (point,) = points(account, arn)
    assert (point["Status"], point["RecoveryPointArn"]) == ("COMPLETED", job["RecoveryPointArn"])
    assert tables.list_backups(BackupType="ALL")["BackupSummaries"] == []
    tables.delete_table(TableName="t")
    account.advance(61)
    assert len(points(account, arn)) == 1
    account.advance(30 * 86_400)
    assert points(account, arn) == []


def test_a_job_needs_a_vault_and_a_job_that_is_not_there_is_said(account: Account) -> None:
    arn = make_table(account).describe_table(TableName="t")["Table"]["TableArn"]
    client = account.client("backup")
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*vault not found"):
        client.start_backup_job(BackupVaultName="none", ResourceArn=arn, IamRoleArn="arn:aws:iam::1:role/r")
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*job not found"):
        client.describe_backup_job(BackupJobId="none")
