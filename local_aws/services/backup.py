# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS Backup: recovery points of DynamoDB tables, as much of it as tells that there are some. moto has vaults only.

With advanced features, which accounts have by default, a point is AWS Backup's own: its ARN is, and DynamoDB lists
"backups [...] that weren't made with Amazon Web Services Backup" (botocore, dynamodb ListBackups).
https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from moto.backup.models import backup_backends

from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services.dynamodb import Database, date

_DAY = 86_400
_POINTS_PER_PAGE = 1000


@dataclass(frozen=True)
class Point:
    """A recovery point and the job that made it."""

    arn: str
    job: str
    vault: str
    vault_arn: str
    table_arn: str
    role: str
    size: int
    created: float
    done_at: float
    expires: float | None

    @property
    def name(self) -> str:
        return self.table_arn.rsplit("/", 1)[-1]


@dataclass
class Points:
    """The recovery points of one account and region, oldest first."""

    known: list[Point] = field(default_factory=list)


@rule("backup", "StartBackupJob")
def start_backup_job(call: Call) -> Result:
    """A job takes its time; its point is named at once, "for Amazon EFS and Advanced DynamoDB resources".

    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartBackupJob.html
    """
    arguments = call.arguments
    database = Database(call.account, call.region)
    vault = backup_backends[call.account.id][call.region].vaults.get(arguments["BackupVaultName"])
    if vault is None:
        raise AwsError("ResourceNotFoundException", f"Backup vault not found: {arguments['BackupVaultName']}", 400)
    arn = str(arguments["ResourceArn"])
    if ":dynamodb:" not in arn:
        raise NotImplementedError
    state = database.find(arn)
    days = (arguments.get("Lifecycle") or {}).get("DeleteAfterDays")
    point = Point(
        arn=f"arn:aws:backup:{call.region}:{call.account.id}:recovery-point:{uuid.uuid4()}",
        job=str(uuid.uuid4()).upper(),
        vault=vault.backup_vault_name,
        vault_arn=vault.backup_vault_arn,
        table_arn=state.table.table_arn,
        role=str(arguments["IamRoleArn"]),
        size=sum(row.size for row in state.order().rows(state.table)),
        created=database.now,
        done_at=database.done_at,
        expires=database.now + days * _DAY if days else None,
    )
    call.account.store(Points, call.region).known.append(point)
    return {"BackupJobId": point.job, "RecoveryPointArn": point.arn, "CreationDate": date(point.created)}


def _points(call: Call) -> list[Point]:
    """Those that their lifecycle has not deleted (botocore, Lifecycle.DeleteAfterDays)."""
    now = call.account.now()
    known = call.account.store(Points, call.region).known
    return [point for point in known if point.expires is None or point.expires > now]


@rule("backup", "DescribeBackupJob")
def describe_backup_job(call: Call) -> Result:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeBackupJob.html"""
    now = call.account.now()
    for point in call.account.store(Points, call.region).known:
        if point.job == call.arguments["BackupJobId"]:
            done = point.done_at <= now
            return {
                "AccountId": call.account.id,
                "BackupJobId": point.job,
                "BackupVaultName": point.vault,
                "BackupVaultArn": point.vault_arn,
                "RecoveryPointArn": point.arn,
                "ResourceArn": point.table_arn,
                "ResourceType": "DynamoDB",
                "ResourceName": point.name,
                "IamRoleArn": point.role,
                "CreationDate": date(point.created),
                "State": "COMPLETED" if done else "RUNNING",
                "BackupSizeInBytes": point.size,
                **({"CompletionDate": date(point.done_at), "PercentDone": "100.0"} if done else {}),
            }
    raise AwsError("ResourceNotFoundException", f"Backup job not found: {call.arguments['BackupJobId']}", 400)


@rule("backup", "ListRecoveryPointsByResource")
def list_recovery_points_by_resource(call: Call) -> Result:
    """Also those of a table that is gone.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListRecoveryPointsByResource.html
    """
    now = call.account.now()
    found = [
        {
            "RecoveryPointArn": point.arn,
            "CreationDate": date(point.created),
            "Status": "COMPLETED" if point.done_at <= now else "CREATING",
            "BackupSizeBytes": point.size,
            "BackupVaultName": point.vault,
            "ResourceName": point.name,
            "IsParent": False,
            "VaultType": "BACKUP_VAULT",
        }
        for point in _points(call)
        if point.table_arn == call.arguments["ResourceArn"]
    ]
    shown, token = page(found, call.arguments.get("NextToken"), call.arguments.get("MaxResults"), _POINTS_PER_PAGE)
    return {"RecoveryPoints": shown, **({"NextToken": token} if token else {})}
