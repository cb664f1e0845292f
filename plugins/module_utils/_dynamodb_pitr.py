# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Point-in-time recovery of DynamoDB tables: the option, what is there, and how a table gets to what is wanted.

Sources, by the short names that the comments use:

- model: botocore's text of the operation or shape.
- pitr: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target

# model, PointInTimeRecoverySpecification: 1 to 35 days, and 35 where none are given.
MOST_DAYS = 35

TABLES_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "recovery_period_days": {"type": "int"},
    },
}


@dataclass(frozen=True)
class Pitr:
    """Point-in-time recovery of a table as it was found.

    Attributes:
        table: Name of the table.
        days: The recovery period, or none where it is off.
        earliest: The first moment that can be restored, or none.
        latest: The last one, about five minutes ago (model, PointInTimeRecoveryDescription), or none.
        ready: Whether AWS has enabled continuous backups yet, which takes a moment after the table was made.
        read_at: When this was read, by AWS's clock.
    """

    table: str
    days: int | None
    earliest: datetime | None
    latest: datetime | None
    ready: bool
    read_at: datetime


def fetch_pitr(aws: Aws, table: str) -> Pitr:
    """Read one table.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    answer = aws.call("dynamodb", "DescribeContinuousBackups", TableName=table)
    backups = answer["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    on = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    return Pitr(
        table=table,
        days=recovery.get("RecoveryPeriodInDays", MOST_DAYS) if on else None,
        earliest=recovery.get("EarliestRestorableDateTime") if on else None,
        latest=recovery.get("LatestRestorableDateTime") if on else None,
        ready=backups["ContinuousBackupsStatus"] == "ENABLED",
        read_at=answered_at(answer),
    )


def check(target: Target) -> None:
    """Refuse a wish that makes sense for no table.

    Raises:
        Refused: It does not.
    """
    name, days = target.name, target.desired.get("recovery_period_days")
    refuse_arn(name)
    if days is None:
        return
    if target.desired["state"] == "absent":
        raise Refused(
            f"{name}: recovery_period_days means nothing while it is off. Leave it out, or say state: present."
        )
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"{name}: recovery_period_days is {days}: give 1 to {MOST_DAYS}.")


def refuse_arn(table: str) -> None:
    """Refuse an ARN where the table's name is wanted.

    Raises:
        Refused: It is one.
    """
    if ":" in table:
        raise Refused(f"{table}: give the table's name, not its ARN; the account and region are those of the task.")


def plan_pitr(target: Target, state: Pitr, _context: object = None) -> Plan:
    """How to get a table's point-in-time recovery to what is wanted.

    Args:
        target: The table's name, and an element of the option `tables`.
        state: What was found.

    Raises:
        Refused: The wish makes no sense.
    """
    check(target)
    wish = target.desired
    days = (wish.get("recovery_period_days") or state.days or MOST_DAYS) if wish["state"] == "present" else None
    before, after = _element(state.table, state.days), _element(state.table, days)
    if days == state.days:
        return Plan(before, after)
    wanted: dict[str, Any] = {"PointInTimeRecoveryEnabled": days is not None}
    reached = f"PointInTimeRecoveryStatus == '{'ENABLED' if days else 'DISABLED'}'"
    if days:
        wanted["RecoveryPeriodInDays"] = days
        reached += f" && RecoveryPeriodInDays == `{days}`"
    change = Call(
        "dynamodb",
        "UpdateContinuousBackups",
        {"TableName": state.table, "PointInTimeRecoverySpecification": wanted},
        settle=Settle(
            "continuous_backups_enabled",
            {"TableName": state.table},
            until=f"ContinuousBackupsDescription.PointInTimeRecoveryDescription | {reached}",
        ),
    )
    calls = (change,) if state.ready else (await_continuous_backups(state.table), change)
    loss = _loss(state, days)
    return Plan(before, after, calls, (loss,) if loss else ())


def await_continuous_backups(table: str) -> Call:
    """Waits until AWS has enabled continuous backups on a new table; before that it refuses any kind of backup.

    model, UpdateContinuousBackups: ContinuousBackupsUnavailableException, "Backups have not yet been enabled".
    """
    arguments = {"TableName": table}
    settle = Settle("continuous_backups_enabled", arguments)
    return Call("dynamodb", "DescribeContinuousBackups", arguments, settle=settle)


def _element(table: str, days: int | None) -> dict[str, Any]:
    """An element of the option `tables`."""
    if days is None:
        return {"name": table, "state": "absent"}
    return {"name": table, "state": "present", "recovery_period_days": days}


def _loss(state: Pitr, days: int | None) -> str:
    """What can no longer be restored, or nothing."""
    if state.earliest is None or state.latest is None or state.earliest >= state.latest:
        return ""
    if days is None:
        # pitr: "If you disable point-in-time recovery and later re-enable it on a table, you reset the start time".
        return (
            f"{state.table}: turning point-in-time recovery off loses what could be restored from"
            f" {stamp(state.earliest)} to {stamp(state.latest)}. Turned on again it starts anew, so what was before can"
            " then be restored from a backup only."
        )
    kept = state.read_at - timedelta(days=days)
    if state.earliest >= kept:
        return ""
    # model, PointInTimeRecoverySpecification: "only recoverable … from within the configured recovery period".
    return (
        f"{state.table}: a recovery period of {days} instead of {state.days} days loses what could be restored from"
        f" {stamp(state.earliest)} to {stamp(kept)}. A longer period later does not bring it back."
    )


def shape_pitr(state: Pitr) -> dict[str, Any]:
    """A table's setting as an element of the option `tables`; giving it to the module changes nothing."""
    return _element(state.table, state.days)


def report_pitr(state: Pitr) -> dict[str, Any]:
    """A table for the operator: its setting, and what can be restored."""

    def age(moment: datetime | None) -> int | None:
        return None if moment is None else int((state.read_at - moment).total_seconds())

    return {
        "pitr": shape_pitr(state),
        "earliest": stamp(state.earliest) if state.earliest else None,
        "latest": stamp(state.latest) if state.latest else None,
        "earliest_age_seconds": age(state.earliest),
        "latest_age_seconds": age(state.latest),
    }
