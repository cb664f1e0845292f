# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Backups of DynamoDB tables as values: the option, what there is of a table, what is planned, and how it is shown.

Pure; reading is in `_dynamodb_backup_reader.py`.

Sources, by the short names that the comments of both files use:

- model: botocore's text of the operation or shape.
- lists: ListBackups does not list what AWS Backup made, whatever type it is asked for
  (https://github.com/boto/boto3/issues/3523, https://github.com/cloud-custodian/cloud-custodian/pull/8030).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr, refuse_arn, shape_pitr
from ansible_collections.runbook.aws.plugins.module_utils._moments import LATEST, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target

USER, SYSTEM, AWS_BACKUP = "USER", "SYSTEM", "AWS_BACKUP"
TYPES = (USER, SYSTEM, AWS_BACKUP)

CREATING, DELETED = "CREATING", "DELETED"
# model, BackupStatus; backup's own model, RecoveryPointByResource.
_USABLE = ("AVAILABLE", "COMPLETED")

# model, BackupName.
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")

BACKUPS_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "required_one_of": [("name", "retention")],
    "options": {
        "table": {"type": "str", "required": True},
        "name": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "retention": {
            "type": "dict",
            "required_one_of": [("keep_last", "keep_days")],
            "options": {
                "names": {"type": "str", "required": True},
                "keep_last": {"type": "int"},
                "keep_days": {"type": "int"},
            },
        },
    },
}


@dataclass(frozen=True)
class Backup:
    """One backup.

    Attributes:
        arn: Its ARN. DynamoDB's own and AWS Backup's differ in form.
        name: Its name; none of AWS Backup's has one.
        type: USER, SYSTEM or AWS_BACKUP.
        status: AWS's word.
        created: When it was asked for, which is the moment that it holds (model, CreateBackup).
        size: In bytes, as far as AWS tells it.
        expires: When AWS deletes it, if AWS tells so.
        earlier: Whether it is of an earlier table that had the same name, so that its items are not this table's.
    """

    arn: str
    name: str | None
    type: str
    status: str
    created: datetime
    size: int | None = None
    expires: datetime | None = None
    earlier: bool = False

    @property
    def usable(self) -> bool:
        """Whether it can be restored and holds the items of this table."""
        return self.status in _USABLE and not self.earlier


@dataclass(frozen=True)
class TableBackups:
    """A table's backups as they were found.

    Attributes:
        table: Name of the table.
        arn: Its ARN, or none where nothing tells it.
        status: Of the table, or none if there is none of that name (any more).
        backups: Newest first; none that is deleted.
        read_at: When this was read, by AWS's clock.
    """

    table: str
    arn: str | None
    status: str | None
    backups: tuple[Backup, ...]
    read_at: datetime

    @property
    def own(self) -> tuple[Backup, ...]:
        """What users have made of this very table."""
        return tuple(backup for backup in self.backups if backup.type == USER and not backup.earlier)

    @property
    def newest(self) -> Backup | None:
        """The newest that can be restored."""
        return next((backup for backup in self.backups if backup.usable), None)

    def earlier_named(self, pattern: str) -> int:
        """How many with such a name users have made of earlier tables."""
        return sum(1 for b in self.backups if b.type == USER and b.earlier and fnmatchcase(b.name or "", pattern))


def read_targets(elements: Sequence[Mapping[str, Any]]) -> list[Target]:
    """The elements of the option `backups` as targets.

    Raises:
        Refused: Two elements could want opposite things of one backup.
    """
    tables = [element["table"] for element in elements]
    for element in elements:
        table = element["table"]
        if element.get("retention") and tables.count(table) > 1:
            raise Refused(
                f"{table} has more than one element, one of them with retention, which could delete what another one"
                " names. Put the retention into a task of its own, after this one."
            )
    return [Target("/".join(filter(None, (e["table"], e.get("name")))), e) for e in elements]


def check(target: Target) -> None:
    """Refuse a wish that makes sense for no table.

    Raises:
        Refused: It does not.
    """
    wish = target.desired
    table, name, retention = wish["table"], wish.get("name"), wish.get("retention")
    refuse_arn(table)
    if name == LATEST:
        raise Refused(f"{table}: {LATEST} stands for the newest backup wherever one is asked for. Give another name.")
    if name is not None and not _NAME.fullmatch(name):
        raise Refused(
            f"{table}: the name {name!r} is no backup's: AWS wants 3 to 255 letters of A-Z, a-z, 0-9, _, . and -."
        )
    if wish["state"] == "absent" and (retention or not name):
        raise Refused(
            f"{table}: state: absent deletes the backup that name says, and takes no retention. Leave it out."
        )
    for rule in ("keep_last", "keep_days"):
        if retention and retention.get(rule) is not None and retention[rule] < 1:
            raise Refused(f"{table}: {rule} is {retention[rule]}: give 1 or more, because the newest one always stays.")


def plan_backup(target: Target, state: TableBackups, _context: object = None) -> Plan:
    """How to get to the backup that is wanted, and to nothing that is older than wanted.

    Args:
        target: An element of the option `backups`.
        state: The table and its backups as they were found.

    Raises:
        Refused: It must not be done, or AWS would not do it.
    """
    check(target)
    wish = target.desired
    return _plan_absent(state, wish["name"]) if wish["state"] == "absent" else _plan_present(state, wish)


def _plan_present(state: TableBackups, wish: Mapping[str, Any]) -> Plan:
    if state.status is None:
        raise Refused(
            f"{state.table}: there is no such table, so nothing can be backed up. Check the name, the region and the"
            " account. What backups there are of it is left alone: they may be all that is left of it."
        )
    name, retention = wish.get("name"), wish.get("retention")
    there = _find(state.own, name)
    before: dict[str, Any] = {"table": state.table}
    after: dict[str, Any] = {"table": state.table}
    notes: list[str] = []
    calls: tuple[Call, ...] = ()
    if name:
        before |= {"name": name, "state": "present" if there else "absent"}
        after |= {"name": name, "state": "present", **({"arn": there.arn} if there else {})}
        if there is None:
            calls = _create(state, name)
            if state.earlier_named(name):
                notes.append(
                    f"{state.table}: the backup {name} that there is already is of an earlier table of that name."
                )
        elif there.status == CREATING:
            calls = (_wait_for(there),)
    elif retention:
        before["retention"] = after["retention"] = _given(retention)
    if retention:
        expired = _expired(state, name, new=bool(calls), retention=retention)
        # A stage of its own: nothing is deleted while any backup of the task is not there yet.
        calls += tuple(_delete(backup, stage=1) for backup in expired)
        if expired:
            after["deleted"] = [backup.name for backup in expired]
        notes += _retention_notes(state, name, retention["names"])
    return Plan(before, after, calls, tuple(notes))


def _plan_absent(state: TableBackups, name: str) -> Plan:
    # More than one has the name where somebody else made one too, or where AWS's answer to CreateBackup was lost.
    named = [backup for backup in state.own if backup.name == name]
    element = {"table": state.table, "name": name}
    calls: list[Call] = []
    for backup in named:
        if backup.status == CREATING:
            # model, DeleteBackup: BackupInUseException while it is being created.
            calls.append(_wait_for(backup))
        calls.append(_delete(backup))
    notes = []
    if named:
        notes.append(
            "A deleted backup cannot be brought back. What `before` makes is a new one, of the table as it is then."
        )
    if earlier := state.earlier_named(name):
        notes.append(f"{state.table}: {earlier} of the name {name} are of an earlier table of that name and stay.")
    return Plan(
        {**element, "state": "present" if named else "absent"},
        {**element, "state": "absent"},
        tuple(calls),
        tuple(notes),
    )


def _find(backups: Sequence[Backup], name: str | None) -> Backup | None:
    """The backup of that name: one that is there, else one that is being made."""
    named = [backup for backup in backups if name and backup.name == name]
    return next((b for b in named if b.usable), next((b for b in named if b.status == CREATING), None))


def _create(state: TableBackups, name: str) -> tuple[Call, ...]:
    waits: list[Call] = []
    if state.status == CREATING:
        # model, CreateBackup: TableInUseException while the table is being created or deleted.
        table = {"TableName": state.table}
        waits.append(Call("dynamodb", "DescribeTable", table, settle=Settle("table_active", table)))
    elif state.status not in ("ACTIVE", "UPDATING"):
        raise Refused(
            f"{state.table} is {state.status}, and AWS takes no backup of it in that state. Wait until it is ACTIVE, or"
            " leave it out."
        )
    made = Call(
        "dynamodb",
        "CreateBackup",
        {"TableName": state.table, "BackupName": name},
        settle=Settle("backup_available", taken={"BackupArn": "arn"}),
        learns={"arn": "BackupDetails.BackupArn"},
    )
    return (*waits, made)


def _wait_for(backup: Backup) -> Call:
    arguments = {"BackupArn": backup.arn}
    return Call("dynamodb", "DescribeBackup", arguments, settle=Settle("backup_available", arguments))


def _delete(backup: Backup, stage: int = 0) -> Call:
    return Call("dynamodb", "DeleteBackup", {"BackupArn": backup.arn}, stage=stage)


def _expired(state: TableBackups, name: str | None, *, new: bool, retention: Mapping[str, Any]) -> list[Backup]:
    """What neither rule keeps, newest first. Never what is being created, the newest usable one, or the one named.

    Args:
        state: The backups.
        name: The backup that the element is about, if it is about one.
        new: Whether that one will only be there when the rest is deleted.
        retention: The rules.
    """
    mine = [b for b in state.own if b.usable and fnmatchcase(b.name or "", retention["names"])]
    # The one that is being made is the newest of all then.
    made = new and name is not None and fnmatchcase(name, retention["names"])
    by_number = (retention.get("keep_last") or 1) - made
    days = retention.get("keep_days")
    by_age = {backup for backup in mine if days and backup.created >= state.read_at - timedelta(days=days)}
    return [backup for backup in mine[by_number:] if backup not in by_age and backup.name != name]


def _retention_notes(state: TableBackups, name: str | None, names: str) -> list[str]:
    notes = []
    if name and not fnmatchcase(name, names):
        notes.append(f"{state.table}: the name {name} does not match {names}, so this retention never deletes it.")
    if earlier := state.earlier_named(names):
        notes.append(
            f"{state.table}: {earlier} of the names {names} are of an earlier table of that name, so retention leaves"
            " them alone."
        )
    return notes


def _given(retention: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in retention.items() if value is not None}


def shape_backup(backup: Backup, now: datetime) -> dict[str, Any]:
    """A backup for the operator."""
    return {
        "arn": backup.arn,
        "name": backup.name,
        "type": backup.type,
        "status": backup.status,
        "usable": backup.usable,
        "earlier_table": backup.earlier,
        "created": stamp(backup.created),
        "age_seconds": _age(backup.created, now),
        "size_bytes": backup.size,
        "expires": stamp(backup.expires) if backup.expires else None,
    }


def report_backups(state: TableBackups, pitr: Pitr | None, unseen: Sequence[str], rpo_seconds: int) -> dict[str, Any]:
    """A table's backups for the operator, held against how much may be lost.

    Args:
        state: The backups.
        pitr: Point-in-time recovery, or none where it could not be read or the table is gone.
        unseen: What could not be read, and why.
        rpo_seconds: How old the newest recovery point may be; 0 asks for no verdict.
    """
    now, newest = state.read_at, state.newest
    point = _recovery_point(newest, pitr, now)
    age = point["age_seconds"] if point else None
    return {
        "table": state.table,
        "arn": state.arn,
        "status": state.status,
        "backups": [shape_backup(backup, now) for backup in state.backups],
        "newest": shape_backup(newest, now) if newest else None,
        "pitr": shape_pitr(pitr) if pitr else None,
        "recovery_point": point,
        "age_seconds": age,
        "meets_rpo": _verdict(state, age, unseen, rpo_seconds),
        "not_observable": list(unseen),
    }


def _recovery_point(newest: Backup | None, pitr: Pitr | None, now: datetime) -> dict[str, Any] | None:
    """The last moment that could be restored now, or none."""
    if pitr and pitr.latest and (newest is None or pitr.latest > newest.created):
        return {"source": "pitr", "time": stamp(pitr.latest), "age_seconds": _age(pitr.latest, now), "arn": None}
    if newest is None:
        return None
    created = newest.created
    return {"source": "backup", "time": stamp(created), "age_seconds": _age(created, now), "arn": newest.arn}


def _verdict(state: TableBackups, age: int | None, unseen: Sequence[str], rpo_seconds: int) -> bool | None:
    """Whether the newest recovery point is young enough, or none where that is not asked or not known."""
    # A table that is gone loses nothing more, however old its last backup grows.
    if not rpo_seconds or state.status is None:
        return None
    if age is not None and age <= rpo_seconds:
        return True
    # What could not be seen may be younger.
    return None if unseen else False


def _age(moment: datetime, now: datetime) -> int:
    return max(int((now - moment).total_seconds()), 0)
