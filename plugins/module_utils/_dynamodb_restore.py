# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Restores of DynamoDB tables: the option, what is restored from what, and how a restored table comes and goes.

Pure. Reading is in `_dynamodb_restore_reader.py`; the settings that a restore loses are in `_dynamodb_settings.py`.

Sources, by the short names that the comments use:

- model: botocore's text of the operation or shape.
- restores: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/pointintimerecovery_restores.html
- probed: what was found by probing AWS itself, by its number: ack-api-quirks, services/dynamodb (table-restore.md,
  backup.md)
- tutorial: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.Tutorial.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import (
    KINDS,
    ON_DEMAND,
    PROVISIONED,
    UNIT_FIELDS,
    TableState,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    EXCEPTIONS,
    FROM_TAG,
    MARK,
    TABLE_NAME,
    TableArn,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_plan import (
    Place,
)
from ansible_collections.runbook.aws.plugins.module_utils._moments import LATEST, resolve, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

TABLES_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "source": {"type": "str", "required": True},
        "target": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "restore_from": {
            "type": "dict",
            "options": {"time": {"type": "str"}, "backup": {"type": "str"}},
            "mutually_exclusive": [["time", "backup"]],
        },
        "billing_mode": {"type": "str", "choices": [PROVISIONED, ON_DEMAND]},
        "read_units": {"type": "int"},
        "write_units": {"type": "int"},
        "indexes": {"type": "list", "elements": "str"},
        "sse": {
            "type": "dict",
            "options": {"enabled": {"type": "bool", "default": True}, "kms_master_key_id": {"type": "str"}},
        },
        "settings": {"type": "dict"},
        "settings_except": {"type": "list", "elements": "str", "choices": list(EXCEPTIONS), "default": []},
    },
}

# The settings that options override, where they have other names.
OVERRIDDEN = {"billing_mode": "capacity", "read_units": "capacity", "write_units": "capacity"}

# Beside FROM_TAG: when it was restored, to which point in time, from which backup, from which other region.
AT_TAG, TO_TAG, BACKUP_TAG, REGION_TAG = f"{MARK}at", f"{MARK}to", f"{MARK}backup", f"{MARK}region"

# Forms in which times were seen in events, and the number above which one counts milliseconds.
_EVENT_TIMES = ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p")
_SECONDS_END = 10**11

# API_RestoreTableToPointInTime, TargetTableName.
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Wish:
    """A checked element of the option `tables`.

    Attributes:
        source: Name of the table whose items are wanted.
        source_arn: Its ARN, if that was given.
        target: Name of the restored table, or none for a generated one.
        present: Whether it is to be there.
        time: A point in time as the operator wrote it, or none for a backup.
        backup: ARN or name of a backup, or `latest`, or none.
        options: The overrides that are given.
        settings: The settings to put back, or none for those of the source.
        skipped: Settings that are not put back.
    """

    source: str
    source_arn: TableArn | None
    target: str | None
    present: bool
    time: str | None
    backup: str | None
    options: Mapping[str, Any]
    settings: Mapping[str, Any] | None
    skipped: frozenset[str]

    @property
    def exact(self) -> bool:
        """Whether it says which state of the items is wanted, and not just a recent one."""
        wanted = self.backup or self.time or LATEST
        return wanted != LATEST and not wanted.endswith(" ago")


@dataclass(frozen=True)
class Lineage:
    """Where a restored table comes from.

    AWS tells it while the restore is going on (`RestoreSummary`), and no longer (probed, DDB-TABLE-216): tags keep it.

    Attributes:
        source: The table that its items were in.
        to: The point in time that it shows, or nothing where that is not known.
        backup: ARN of the backup, or nothing.
    """

    source: TableArn
    to: str = ""
    backup: str = ""

    @classmethod
    def of_summary(cls, summary: Mapping[str, Any]) -> Lineage | None:
        """What DescribeTable tells while the restore is going on."""
        source = TableArn.read(str(summary.get("SourceTableArn", "")))
        return cls(source, stamp(summary["RestoreDateTime"]), summary.get("SourceBackupArn", "")) if source else None

    @classmethod
    def of_tags(cls, tags: Mapping[str, str], table: TableArn) -> Lineage | None:
        """What the tags of a table say."""
        if FROM_TAG not in tags:
            return None
        source = replace(table, name=tags[FROM_TAG], region=tags.get(REGION_TAG, table.region))
        backup = f"{source}/backup/{tags[BACKUP_TAG]}" if tags.get(BACKUP_TAG) else ""
        return cls(source, tags.get(TO_TAG, ""), backup)

    @classmethod
    def of_event(cls, detail: Mapping[str, Any], table: TableArn) -> Lineage | None:
        """What CloudTrail's event of the restore says."""
        asked = detail.get("requestParameters") or {}
        if detail.get("errorCode") or asked.get("targetTableName") != table.name:
            return None
        backup = str(asked.get("backupArn") or "")
        source = TableArn.read(backup or str(asked.get("sourceTableArn") or ""))
        name = str(asked.get("sourceTableName") or "")
        if source is None and TABLE_NAME.fullmatch(name):
            source = replace(table, name=name)
        return cls(source, _event_time(asked.get("restoreDateTime")), backup) if source else None

    def tags(self, table: TableArn) -> dict[str, str]:
        """The tags that keep it. An ARN may be too long for one: 256 characters, API_Tag."""
        found = {
            FROM_TAG: self.source.name,
            TO_TAG: self.to,
            BACKUP_TAG: self.backup.rpartition("/")[2],
            REGION_TAG: self.source.region if self.source.region != table.region else "",
        }
        return {key: value for key, value in found.items() if value}

    @property
    def point(self) -> dict[str, str]:
        """As the option `restore_from`."""
        if self.backup:
            return {"backup": self.backup}
        return {"time": self.to} if self.to else {}

    def __str__(self) -> str:
        return f"{self.source} ({self.backup or self.to or 'of an unknown time'})"


def _event_time(value: Any) -> str:
    """A moment of an event, or nothing: CloudTrail does not document how it writes them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return stamp(datetime.fromtimestamp(value / 1000 if value > _SECONDS_END else value, UTC))
    text = str(value or "").replace("\u202f", " ").strip()
    readers: list[Callable[[str], datetime]] = [datetime.fromisoformat, *(partial(_written, f) for f in _EVENT_TIMES)]
    for read in readers:
        try:
            found = read(text)
        except ValueError:
            continue
        return stamp(found if found.tzinfo else found.replace(tzinfo=UTC))
    return ""


def _written(form: str, text: str) -> datetime:
    return datetime.strptime(text, form)


@dataclass(frozen=True)
class Origin:
    """What a table is restored from.

    Attributes:
        source: The table that the items were in.
        at: The point in time.
        table: What the restored table gets without being told: the source now, or the source when the backup was made,
            in the words of DescribeTable.
        state: Its capacity, under the restored table's name.
        backup: ARN of the backup, or nothing for a point in time.
    """

    source: TableArn
    at: datetime
    table: Mapping[str, Any]
    state: TableState
    backup: str = ""


@dataclass(frozen=True)
class Restored:
    """The target table, where it is there.

    Attributes:
        table: `Table` of DescribeTable.
        place: Its settings; a table that is still being restored has none yet.
        lineage: Where it was restored from, or none where nothing says that it was.
        busy_mappings: Functions that read from its stream.
        mappings: UUIDs of the event source mappings of its stream.
        own_alarms: Names of the alarms that were made for it.
        scaled: Its scalable targets, as resource id and dimension.
    """

    table: Mapping[str, Any]
    place: Place
    lineage: Lineage | None = None
    busy_mappings: Sequence[str] = ()
    mappings: Sequence[str] = ()
    own_alarms: Sequence[str] = ()
    scaled: Sequence[tuple[str, str]] = ()

    @property
    def active(self) -> bool:
        """Whether the restore is done, and nothing else is going on."""
        summary = self.table.get("RestoreSummary") or {}
        return self.table["TableStatus"] == "ACTIVE" and not summary.get("RestoreInProgress")


@dataclass(frozen=True)
class RestoreState:
    """What was found for one element.

    Attributes:
        wish: The element.
        arn: The restored table.
        now: By AWS's clock.
        origin: What it is to be restored from; none where the table is there already, or is to go.
        settings: The settings to put back.
        restored: The target table, if it is there.
        every_alarm: All alarms of the account and region by name.
        unscalable: Scaling policies of the source that cannot be described, and so not put back.
        backup: ARN of the backup that is named, or nothing.
    """

    wish: Wish
    arn: TableArn
    now: datetime
    origin: Origin | None
    settings: Mapping[str, Any]
    restored: Restored | None = None
    every_alarm: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unscalable: Sequence[str] = ()
    backup: str = ""


def read_wish(target: Target) -> Wish:
    """An element of the option `tables`, if it makes sense for any table.

    Raises:
        Refused: It does not.
    """
    given = {key: value for key, value in target.desired.items() if value is not None}
    source, name = str(given["source"]), given.get("target")
    arn = TableArn.read(source)
    if (arn is None and ":" in source) or (arn and str(arn) != source):
        raise Refused(f"{source} is neither a table's name nor its ARN (arn:aws:dynamodb:REGION:ACCOUNT:table/NAME).")
    for label, value in (("source", arn.name if arn else source), ("target", name)):
        if value is not None and not TABLE_NAME.fullmatch(value):
            raise Refused(
                f"{label} {value}: AWS takes names of 3 to {_LONGEST_NAME} letters, digits, underscores, dots and"
                " hyphens."
            )
    present = given.get("state", "present") == "present"
    if not present and name is None:
        raise Refused(f"{source}: state absent needs target, the name of the restored table that is to go.")
    point = {key: value for key, value in (given.get("restore_from") or {}).items() if value is not None}
    options = {
        key: given[key] for key in ("billing_mode", "read_units", "write_units", "indexes", "sse") if key in given
    }
    skipped = set(given.get("settings_except", ()))
    _check_options(source, options, skipped)
    if "stream" in skipped:
        # They hang on it.
        skipped |= {"stream_policy", "event_source_mappings"}
    return Wish(
        source=arn.name if arn else source,
        source_arn=arn,
        target=name,
        present=present,
        time=None if "backup" in point else point.get("time", LATEST),
        backup=point.get("backup"),
        options=options,
        settings=given.get("settings"),
        skipped=frozenset(skipped),
    )


def _check_options(source: str, options: Mapping[str, Any], skipped: Collection[str]) -> None:
    if both := [key for key in options if OVERRIDDEN.get(key, key) in skipped]:
        names = sorted({OVERRIDDEN.get(key, key) for key in both})
        raise Refused(
            f"{source}: {', '.join(both)} is given, and settings_except has {', '.join(names)}. Leave out one."
        )
    units = [key for key in ("read_units", "write_units") if key in options]
    for key in units:
        if options[key] < 1:
            raise Refused(f"{source}: {key} is {options[key]}: give 1 or more.")
    if units and options.get("billing_mode") == ON_DEMAND:
        raise Refused(f"{source}: an on-demand table has no {' or '.join(units)}. Leave out one of the two.")
    sse = options.get("sse") or {}
    if sse.get("kms_master_key_id") and not sse.get("enabled", True):
        raise Refused(f"{source}: sse names a key and is not enabled. Leave out one of the two.")


def point_in_time(wish: Wish, pitr: Pitr) -> datetime:
    """The moment to restore to.

    Raises:
        Refused: It cannot be restored.
    """
    text = wish.time or LATEST
    moment = resolve(text, pitr.read_at)
    if pitr.days is None or pitr.earliest is None or pitr.latest is None:
        raise Refused(
            f"{wish.source}: its point-in-time recovery is off, so there is no {text} to go back to. Restore a backup:"
            " restore_from: {backup: latest}."
        )
    if moment is None:
        return pitr.latest
    # botocore sends whole seconds.
    moment = moment.astimezone(UTC).replace(microsecond=0)
    if not pitr.earliest <= moment <= pitr.latest:
        earliest, latest = stamp(pitr.earliest), stamp(pitr.latest)
        raise Refused(
            f"{wish.source}: {stamp(moment)}{f' ({text})' if text != stamp(moment) else ''} cannot be restored: it is"
            f" {stamp(pitr.read_at)} now, and AWS offers"
            + (f" {earliest} to {latest}. Give a time in between," if earliest < latest else f" only {latest}. Give")
            + " latest, or a backup."
        )
    return moment


def choose_backup(wish: Wish, backups: Sequence[Mapping[str, Any]], table_id: str = "") -> Mapping[str, Any]:
    """The backup that is meant, of those that `ListBackups` gave for the source.

    Args:
        wish: The element.
        backups: Their summaries.
        table_id: Of the source as it is, or nothing where it is gone. The newest backup of an earlier table that had
            its name has the items of another table; one that is named is what the operator wants.

    Raises:
        Refused: It is not there, or not complete.
    """
    if wish.backup == LATEST:
        named = [item for item in backups if not table_id or item.get("TableId", table_id) == table_id]
    else:
        named = [item for item in backups if wish.backup in (item["BackupName"], item["BackupArn"])]
    named = [item for item in named if item["BackupStatus"] != "DELETED"]
    if usable := [item for item in named if item["BackupStatus"] == "AVAILABLE"]:
        return max(usable, key=lambda item: item["BackupCreationDateTime"])
    if named:
        states = ", ".join(f"{item['BackupName']} is {item['BackupStatus']}" for item in named)
        raise Refused(f"{wish.source}: no such backup is complete yet ({states}). Run the same task again when it is.")
    newest = sorted(backups, key=lambda item: item["BackupCreationDateTime"], reverse=True)[:5]
    there = f"it has {', '.join(item['BackupName'] for item in newest)}" if newest else "it has none"
    which = "that could be restored" if wish.backup == LATEST else wish.backup
    raise Refused(
        f"{wish.source} has no backup {which} ({there}). DynamoDB does not list the recovery points of AWS Backup,"
        " which that service restores."
    )


def as_table(description: Mapping[str, Any]) -> dict[str, Any]:
    """A backup (`BackupDescription`) in the words of DescribeTable: what the table was when it was made."""
    details = description.get("SourceTableDetails") or {}
    features = description.get("SourceTableFeatureDetails") or {}
    return {
        "TableName": details["TableName"],
        "TableArn": details["TableArn"],
        "TableStatus": "ACTIVE",
        "KeySchema": details.get("KeySchema", []),
        "BillingModeSummary": {"BillingMode": details.get("BillingMode") or PROVISIONED},
        "ProvisionedThroughput": details.get("ProvisionedThroughput") or {},
        "OnDemandThroughput": details.get("OnDemandThroughput") or {},
        "GlobalSecondaryIndexes": [
            {**index, "IndexStatus": "ACTIVE"} for index in features.get("GlobalSecondaryIndexes") or ()
        ],
        "LocalSecondaryIndexes": features.get("LocalSecondaryIndexes") or [],
        "VectorIndexes": features.get("VectorIndexes") or [],
        "SSEDescription": features.get("SSEDescription") or {},
    }


def begins(rate: Mapping[str, Any]) -> int:
    """The units that something begins with; 0 where they are not told."""
    return int(rate.get("units") or rate.get("initial_units") or 0)


def remembered(table: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A backup that AWS made when the table was deleted: it does not tell its indexes and its key (probed, backup.md),
    so they are taken to be what the settings say. What is not so shows in the end, and the next run puts it right."""
    parts = {part["name"]: part for part in settings.get("capacity", {}).get("indexes", ())}
    indexes: dict[str, list[dict[str, Any]]] = {"GlobalSecondaryIndexes": [], "LocalSecondaryIndexes": []}
    types: dict[str, str] = {}
    for index in settings.get("indexes", ()):
        made = {"IndexName": index["name"], **index["definition"]}
        types |= index["attributes"]
        if index["type"] == "local":
            indexes["LocalSecondaryIndexes"].append(made)
        elif index["type"] == "global":
            part = parts.get(index["name"], {})
            units = {UNIT_FIELDS[kind]: begins(part.get(kind, {})) for kind in KINDS}
            indexes["GlobalSecondaryIndexes"].append({**made, "ProvisionedThroughput": units})
    sse = settings.get("sse") or {}
    key = {"KMSMasterKeyArn": sse["kms_master_key_id"]} if sse.get("kms_master_key_id") else {}
    return {
        **table,
        **indexes,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", **key} if sse.get("enabled") else {},
    }


def target_name(wish: Wish, at: datetime) -> str:
    """The name of the restored table: the one that was given, or one that says what it is."""
    if wish.target:
        return wish.target
    suffix = f"-restored-{at.astimezone(UTC):%Y%m%d-%H%M%S}"
    return wish.source[: _LONGEST_NAME - len(suffix)] + suffix
