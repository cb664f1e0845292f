# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the backups of DynamoDB tables, in few calls.

The short names of sources in the comments are those of `_dynamodb_backup.py`.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, TypeVar

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup import (
    AWS_BACKUP,
    DELETED,
    SYSTEM,
    USER,
    Backup,
    TableBackups,
    check,
    report_backups,
    shape_backup,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import fetch_pitr
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target

T = TypeVar("T")

# model, ListBackups: at most 100 a page.
PAGE = 100
# So many tables are asked for one by one; more, and one listing of the account is likely to be quicker.
FEW = 3
_MISSING = ("ResourceNotFoundException", "TableNotFoundException")


class Listing:
    """Lists the backups of many tables in as few calls as it takes, because AWS answers five of them a second.

    One listing of the whole account is tried first when there are more than a few tables. It is given up when it
    takes as many pages as there are tables: the account then holds many backups of others.

    Args:
        aws: The way to AWS.
        tables: Names of the tables that will be asked for, or none for all of the account.
        kind: Which type of backups: USER, SYSTEM or ALL. None of them lists AWS Backup's (lists).
    """

    def __init__(self, aws: Aws, tables: Collection[str] | None, kind: str = USER) -> None:
        self._aws = aws
        self._tables = tables
        self._kind = kind
        self._lock = threading.Lock()
        self._tried = tables is not None and len(tables) <= FEW
        self._all: dict[str, list[Mapping[str, Any]]] | None = None
        self._error: AwsError | None = None
        # When AWS answered last, by its own clock.
        self.read_at = datetime.now(UTC)

    def of(self, table: str) -> list[Mapping[str, Any]]:
        """The summaries of one table's backups.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        everything = self._everything()
        if everything is not None:
            return everything.get(table, [])
        return self._pages(None, TableName=table) or []

    def tables(self) -> set[str]:
        """The names of all tables of which there are backups; only for a listing of all tables.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        return set(self._everything() or ())

    def _everything(self) -> Mapping[str, list[Mapping[str, Any]]] | None:
        """The summaries of all tables by name, or none where each is asked for on its own."""
        with self._lock:
            if not self._tried:
                self._tried = True
                try:
                    found = self._pages(len(self._tables) if self._tables is not None else None)
                except AwsError as error:
                    self._error = error
                else:
                    self._all = None if found is None else _by_table(found)
        if self._error:
            raise self._error
        return self._all

    def _pages(self, most: int | None, **arguments: str) -> list[Mapping[str, Any]] | None:
        """All summaries, or none when there are more pages than `most`."""
        found: list[Mapping[str, Any]] = []
        start: dict[str, str] = {}
        for page in itertools.count(1):
            answer = self._aws.call("dynamodb", "ListBackups", BackupType=self._kind, Limit=PAGE, **arguments, **start)
            self.read_at = answered_at(answer)
            found += answer.get("BackupSummaries", ())
            last = answer.get("LastEvaluatedBackupArn")
            if not last:
                break
            if page == most:
                return None
            start = {"ExclusiveStartBackupArn": last}
        return found


def _by_table(summaries: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for summary in summaries:
        found[summary["TableName"]].append(summary)
    return dict(found)


@dataclass(frozen=True)
class _Table:
    """What DescribeTable tells of a table."""

    name: str
    arn: str
    id: str
    status: str
    created: datetime
    read_at: datetime

    def is_newer_than(self, summary: Mapping[str, Any], created: datetime) -> bool:
        """Whether a backup is of another table, that had the same name before."""
        known = summary.get("TableId")
        return known != self.id if known else created < self.created


def _describe(aws: Aws, table: str) -> _Table:
    answer = aws.call("dynamodb", "DescribeTable", TableName=table)
    found = answer["Table"]
    return _Table(
        name=found["TableName"],
        arn=found["TableArn"],
        id=found["TableId"],
        status=found["TableStatus"],
        created=found["CreationDateTime"],
        read_at=answered_at(answer),
    )


def _look_for(aws: Aws, table: str) -> tuple[_Table | None, AwsError | None]:
    """A table, or AWS's error that says that there is none."""
    try:
        return _describe(aws, table), None
    except AwsError as error:
        if error.code not in _MISSING:
            raise
        return None, error


def backup_of(details: Mapping[str, Any], table: _Table | None = None) -> Backup:
    """What ListBackups or DescribeBackup tells of one.

    Args:
        details: BackupSummary or BackupDetails.
        table: The table of that name as it is now, if there is one.
    """
    created = details["BackupCreationDateTime"]
    return Backup(
        arn=details["BackupArn"],
        name=details["BackupName"],
        type=details["BackupType"],
        status=details["BackupStatus"],
        created=created,
        size=details.get("BackupSizeBytes"),
        expires=details.get("BackupExpiryDateTime"),
        earlier=table is not None and table.is_newer_than(details, created),
    )


def recovery_point_of(point: Mapping[str, Any], table: _Table | None = None) -> Backup:
    """What ListRecoveryPointsByResource tells of one.

    Args:
        point: RecoveryPointByResource.
        table: As in `backup_of`.
    """
    return Backup(
        arn=point["RecoveryPointArn"],
        name=None,
        type=AWS_BACKUP,
        status=point["Status"],
        created=point["CreationDate"],
        size=point.get("BackupSizeBytes"),
        earlier=table is not None and table.is_newer_than({}, point["CreationDate"]),
    )


def _newest_first(backups: Iterable[Backup]) -> tuple[Backup, ...]:
    """Each once, the first word on it counts; without what is deleted."""
    found: dict[str, Backup] = {}
    for backup in backups:
        if backup.status != DELETED:
            found.setdefault(backup.arn, backup)
    return tuple(sorted(found.values(), key=lambda backup: (backup.created, backup.arn), reverse=True))


class Reader:
    """Reads tables, and what users have backed up of them.

    Args:
        aws: The way to AWS.
        targets: Elements of the option `backups`.
    """

    def __init__(self, aws: Aws, targets: Sequence[Target]) -> None:
        self._aws = aws
        self._listing = Listing(aws, {target.desired["table"] for target in targets})
        self._found: dict[str, TableBackups] = {}

    def fetch(self, target: Target) -> TableBackups:
        """One table.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: The wish makes sense for no table.
        """
        check(target)
        name = target.desired["table"]
        table, _missing = _look_for(self._aws, name)
        backups = _newest_first(backup_of(summary, table) for summary in self._listing.of(name))
        state = TableBackups(
            name,
            table.arn if table else None,
            table.status if table else None,
            backups,
            table.read_at if table else self._listing.read_at,
        )
        self._found[target.name] = state
        return state

    def confirm(self, target: Target, plan: Plan, learned: Mapping[str, Any]) -> dict[str, Any]:
        """The backup that a target is about, as a field of its result; read again if anything was done.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: It cannot be restored.
        """
        arn = learned.get("arn") or plan.after.get("arn")
        if arn is None:
            return {}
        state = self._found[target.name]
        if not plan.calls:
            return {"backup": next(shape_backup(b, state.read_at) for b in state.backups if b.arn == arn)}
        answer = self._aws.call("dynamodb", "DescribeBackup", BackupArn=arn)
        backup = backup_of(answer["BackupDescription"]["BackupDetails"])
        shown = shape_backup(backup, answered_at(answer))
        if not backup.usable:
            raise Refused(
                f"{state.table}: the backup {backup.name} is {backup.status}, not AVAILABLE. Somebody else may have"
                " deleted it: run the same task again.",
                fields={"backup": shown},
            )
        return {"backup": shown}


def list_names(aws: Aws, listing: Listing | None, pattern: str) -> list[str]:
    """The names of all tables, those of which only backups are left too.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    names = set(aws.pages("dynamodb", "ListTables", "TableNames"))
    if listing:
        # What refuses the listing is told for each table by `read_report`.
        with suppress(AwsError):
            names |= listing.tables()
    return sorted(name for name in names if fnmatchcase(name, pattern))


def kind_of(types: Collection[str]) -> str | None:
    """The BackupType that lists these types, or none if ListBackups has none of them (lists)."""
    own = [kind for kind in (USER, SYSTEM) if kind in types]
    return "ALL" if len(own) > 1 else own[0] if own else None


def read_report(
    aws: Aws, listing: Listing | None, named: str, types: Collection[str], rpo_seconds: int
) -> dict[str, Any]:
    """A table's backups and recovery points for the operator.

    Args:
        aws: The way to AWS.
        listing: DynamoDB's backups, if any are wanted.
        named: Name or ARN of the table.
        types: Which types of backups.
        rpo_seconds: See `report_backups`.

    Raises:
        AwsError: AWS refused, or did not answer, so that nothing can be said of the table.
        Refused: The ARN is of another account or region.
    """
    table, missing = _look_for(aws, named)
    given = named if ":" in named else None
    if table and given and table.arn != given:
        raise Refused(f"{named} is in another account or region than the task. Give the task that profile and region.")
    name = table.name if table else named.rpartition("/")[2]
    unseen: list[str] = []

    def seen(what: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except AwsError as error:
            unseen.append(f"{what}: {error}")
            return None

    listed = seen("DynamoDB's backups", partial(listing.of, name)) if listing else None
    summaries = [summary for summary in listed or () if given in (None, summary["TableArn"])]
    # Of a table that is gone, its backups tell the ARN.
    arn = table.arn if table else given or next((summary["TableArn"] for summary in summaries), None)
    points: list[Any] = []
    if AWS_BACKUP in types and arn:
        ask = partial(aws.pages, "backup", "ListRecoveryPointsByResource", "RecoveryPoints", ResourceArn=arn)
        points = seen("AWS Backup's recovery points", ask) or []
    if missing and not summaries and not points:
        raise missing
    pitr = seen("point-in-time recovery", partial(fetch_pitr, aws, table.name)) if table else None
    backups = [*(backup_of(summary, table) for summary in summaries), *(recovery_point_of(p, table) for p in points)]
    read_at = table.read_at if table else listing.read_at if listing else datetime.now(UTC)
    state = TableBackups(name, arn, table.status if table else None, _newest_first(backups), read_at)
    return report_backups(state, pitr, unseen, rpo_seconds)
