# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Restores of DynamoDB tables: the option, what is restored from what, and how a restored table comes and goes.

Pure. Reading is in `_dynamodb_restore_reader.py`; the settings that a restore loses are in `_dynamodb_settings.py`.

Sources, by the short names that the comments use:

- model: botocore's text of the operation or shape.
- restores: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/pointintimerecovery_restores.html
- probed: what somebody found on AWS itself, https://github.com/aws-controllers-k8s (ack-api-quirks, dynamodb, table-restore.md)
- tutorial: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.Tutorial.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import SERVICE
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import (
    KINDS,
    MAXIMUM_FIELDS,
    ON_DEMAND,
    PROVISIONED,
    UNIT_FIELDS,
    UNLIMITED,
    Rate,
    TableState,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    AUTOSCALING,
    EXCEPTIONS,
    FROM_TAG,
    MARK,
    TABLE_NAME,
    TableArn,
    moved,
    shape_indexes,
    shape_sse,
    without,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_plan import (
    Place,
    plan_settings,
    sse_specification,
)
from ansible_collections.runbook.aws.plugins.module_utils._moments import LATEST, resolve, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target

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

    AWS tells it while the restore is going on (`RestoreSummary`) and no longer (probed, DDB-TABLE-216), so tags keep it.

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
                f"{label} {value}: AWS takes names of 3 to {_LONGEST_NAME} letters, digits, underscores, dots and hyphens."
            )
    present = given.get("state", "present") == "present"
    if not present and name is None:
        raise Refused(f"{source}: state absent needs target, the name of the restored table that is to go.")
    point = {key: value for key, value in (given.get("restore_from") or {}).items() if value is not None}
    options = {
        key: given[key] for key in ("billing_mode", "read_units", "write_units", "indexes", "sse") if key in given
    }
    _check_options(source, options)
    skipped = set(given.get("settings_except", ()))
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


def _check_options(source: str, options: Mapping[str, Any]) -> None:
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
        raise Refused(
            f"{wish.source}: {stamp(moment)} ({text}) cannot be restored: it is {stamp(pitr.read_at)} now, and AWS offers"
            f" {stamp(pitr.earliest)} to {stamp(pitr.latest)}. Give a time in between, latest, or a backup."
        )
    return moment


def choose_backup(wish: Wish, backups: Sequence[Mapping[str, Any]], table_id: str = "") -> Mapping[str, Any]:
    """The backup that is meant, of those that `ListBackups` gave for the source.

    Args:
        wish: The element.
        backups: Their summaries.
        table_id: Of the source as it is, or nothing where it is gone. The newest backup of an earlier table that had its
            name has the items of another table; one that is named is what the operator wants.

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
        f"{wish.source} has no backup {which} ({there}). DynamoDB does not list the recovery points of AWS Backup, which"
        " that service restores."
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


def remembered(table: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A backup that AWS made when the table was deleted: it does not tell its indexes and its key (probed, backup.md), so
    they are taken to be what the settings say. What is not so shows in the end, and the next run puts it right."""
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
            units = {UNIT_FIELDS[kind]: _begins(part.get(kind, {})) for kind in KINDS}
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


def plan_restore(target: Target, state: RestoreState, _context: object = None) -> Plan:
    """How a restored table comes, with everything that its source has; or how it goes.

    Args:
        target: An element of the option `tables`.
        state: What was found.

    Raises:
        Refused: It must not be done, or AWS would not do it.
    """
    if not state.wish.present:
        return _plan_removal(state)
    settings = _wanted(state)
    wanted = moved(settings, state.arn)
    if state.restored:
        status = state.restored.table["TableStatus"]
        if status not in ("ACTIVE", "UPDATING", "CREATING"):
            raise Refused(f"{state.arn.name} is {status}. Run the same task again when it is gone.")
        place, lineage = state.restored.place, _lineage(state, state.restored)
        waiting = [] if state.restored.active else [_look(state)]
    elif state.origin:
        place, arguments = _restore(state, state.origin, wanted)
        lineage = Lineage(state.origin.source, stamp(state.origin.at), state.origin.backup)
        operation = "RestoreTableFromBackup" if state.origin.backup else "RestoreTableToPointInTime"
        waiting = [Call("dynamodb", operation, arguments, settle=_settled(state))]
    else:
        raise AssertionError("a table that is not there is restored from something")
    place = replace(place, every_alarm=state.every_alarm)
    calls, notes = plan_settings(place, wanted, state.wish.source, _marks(state, place, lineage))
    identity = {"source": str(state.wish.source_arn or state.wish.source), "target": state.arn.name}
    after = {**identity, "state": "present", "restore_from": lineage.point, "settings": wanted}
    if not any(call.writes for call in (*waiting, *calls)):
        return Plan(after, after, tuple(waiting), notes)
    # Of a restore that was interrupted, too: what was there before it is that the table was not.
    return Plan({**identity, "state": "absent"}, after, (*waiting, *calls), (*notes, *_overridden(state)))


def _marks(state: RestoreState, place: Place, lineage: Lineage) -> dict[str, str]:
    if "tags" in state.wish.skipped:
        return {}
    has = place.settings.get("tags", {})
    # When it was restored is told once.
    return {**lineage.tags(state.arn), AT_TAG: has.get(AT_TAG, stamp(state.now))}


def _lineage(state: RestoreState, restored: Restored) -> Lineage:
    """Where a table that is there comes from: it must be what is asked for. Then an earlier run made it, and this one
    goes on.

    Raises:
        Refused: It is something else.
    """
    name, wish = state.arn.name, state.wish
    other = "Give another target name, or leave target out for a new one."
    lineage = _restored_from(state, restored, other)
    if wish.exact and wish.backup and lineage.backup != state.backup:
        raise Refused(f"{name} is there already, restored from {lineage}, not from {wish.backup}. {other}")
    if wish.exact and wish.time:
        moment = resolve(wish.time, state.now)
        if moment is None or lineage.backup or lineage.to != stamp(moment):
            raise Refused(f"{name} is there already, restored from {lineage}, not to {wish.time}. {other}")
    return lineage


def _restored_from(state: RestoreState, restored: Restored, way_out: str) -> Lineage:
    """Where a table comes from, if it was restored from the source.

    Raises:
        Refused: It was not, or nothing says so.
    """
    name, lineage = state.arn.name, restored.lineage
    wanted = state.wish.source_arn or replace(state.arn, name=state.wish.source)
    if lineage is None:
        raise Refused(
            f"{name} is there already, and nothing says that it was restored from {wanted.name}: no tag {FROM_TAG}, and"
            f" no event in CloudTrail, which may be some minutes late. {way_out}"
        )
    if lineage.source != wanted:
        raise Refused(f"{name} is there already, restored from {lineage.source}, not from {wanted}. {way_out}")
    return lineage


def _settled(state: RestoreState) -> Settle:
    return Settle("table_restored", {"TableName": state.arn.name})


def _look(state: RestoreState) -> Call:
    """Waits for what is going on already."""
    return Call("dynamodb", "DescribeTable", {"TableName": state.arn.name}, settle=_settled(state))


def _wanted(state: RestoreState) -> dict[str, Any]:
    """The settings that the restored table is to have, overrides included, still in the words of the source."""
    wish = state.wish
    settings = without(state.settings, wish.skipped)
    if replicas := settings.get("replicas"):
        raise Refused(
            f"{wish.source} is a global table (also in {', '.join(replicas)}), and a restored table is in one region only."
            " Put replicas into settings_except to restore it nevertheless, and add them later."
        )
    if state.unscalable and not {AUTOSCALING, "capacity"} & wish.skipped:
        raise Refused(
            f"{wish.source} is scaled by {', '.join(state.unscalable)}, which this module cannot put back. Put autoscaling"
            " into settings_except, and set it on the restored table yourself."
        )
    if "indexes" in wish.options:
        known = settings.get("indexes") or shape_indexes(state.origin.table if state.origin else _table_of(state))
        unknown = sorted(set(wish.options["indexes"]) - {index["name"] for index in known})
        if unknown:
            there = ", ".join(index["name"] for index in known) or "none"
            raise Refused(f"{wish.source} has no index {', '.join(unknown)} to keep (it has {there}).")
        settings["indexes"] = [index for index in known if index["name"] in wish.options["indexes"]]
    if "sse" in wish.options:
        settings["sse"] = {key: value for key, value in wish.options["sse"].items() if value is not None}
    if "capacity" in settings:
        settings["capacity"] = _capacity(settings["capacity"], settings.get("indexes"), wish.options)
    if "contributor_insights" in settings and "indexes" in settings:
        kept = {index["name"] for index in settings["indexes"]}
        insights = settings["contributor_insights"]
        of_indexes = {name: mode for name, mode in insights.get("indexes", {}).items() if name in kept}
        settings["contributor_insights"] = {
            **{key: value for key, value in insights.items() if key != "indexes"},
            **({"indexes": of_indexes} if of_indexes else {}),
        }
    return settings


def _table_of(state: RestoreState) -> Mapping[str, Any]:
    return state.restored.table if state.restored else {}


def _capacity(
    capacity: Mapping[str, Any], indexes: Sequence[Mapping[str, Any]] | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    kept = [
        part
        for part in capacity.get("indexes", ())
        if indexes is None or part["name"] in {index["name"] for index in indexes}
    ]
    mode = options.get("billing_mode", capacity.get("billing_mode", PROVISIONED))
    if mode == ON_DEMAND and capacity.get("billing_mode") != ON_DEMAND:
        # Its units and their autoscaling are not wanted then.
        return {"billing_mode": ON_DEMAND, "indexes": [{"name": part["name"]} for part in kept]}
    units = {kind: options[f"{kind}_units"] for kind in KINDS if f"{kind}_units" in options}
    if mode == PROVISIONED and capacity.get("billing_mode", PROVISIONED) == ON_DEMAND:
        missing = [f"{kind}_units" for kind in KINDS if kind not in units]
        if missing:
            raise Refused(f"A table that becomes provisioned needs {' and '.join(missing)}: give both.")
        rates = {kind: {"units": units[kind]} for kind in KINDS}
        return {"billing_mode": mode, **rates, "indexes": [{"name": part["name"], **rates} for part in kept]}
    if units and mode == ON_DEMAND:
        raise Refused(
            f"An on-demand table has no {' or '.join(f'{kind}_units' for kind in units)}. Leave them out, or add"
            f" billing_mode: {PROVISIONED}."
        )
    table = dict(capacity)
    for kind, number in units.items():
        rate = table.get(kind, {})
        # Where autoscaling owns the units, this is where it begins.
        table[kind] = {**rate, "initial_units" if AUTOSCALING in rate else "units": number}
    return {**table, "indexes": kept}


def _overridden(state: RestoreState) -> Iterator[str]:
    given = state.wish.options
    if given.get("billing_mode") == ON_DEMAND and _scaled(state.settings.get("capacity", {})):
        yield f"{state.arn.name} becomes on-demand, so the autoscaling of {state.wish.source} is not put back."


def _scaled(capacity: Mapping[str, Any]) -> bool:
    parts = [capacity, *capacity.get("indexes", ())]
    return any(AUTOSCALING in part.get(kind, {}) for part in parts for kind in KINDS)


def _restore(state: RestoreState, origin: Origin, wanted: Mapping[str, Any]) -> tuple[Place, dict[str, Any]]:
    """The new table as AWS will make it, and the arguments that tell it so."""
    overrides = {**_capacity_overrides(origin, wanted), **_sse_override(state, origin, wanted)}
    point: dict[str, Any]
    if origin.backup:
        point = {"BackupArn": origin.backup}
    else:
        # "The source-table-arn parameter must be provided for cross-Region restores": tutorial.
        abroad = origin.source.region != state.arn.region
        point = {"SourceTableArn": str(origin.source)} if abroad else {"SourceTableName": origin.source.name}
        # AWS tells the last point in whole seconds; of a fraction botocore would make an earlier one.
        point |= {"UseLatestRestorableTime": True} if origin.at.microsecond else {"RestoreDateTime": origin.at}
    kept = _kept(origin, wanted)
    table = {
        **origin.table,
        "GlobalSecondaryIndexes": [
            i for i in origin.table.get("GlobalSecondaryIndexes") or () if i["IndexName"] in kept
        ],
        "LocalSecondaryIndexes": [i for i in origin.table.get("LocalSecondaryIndexes") or () if i["IndexName"] in kept],
    }
    indexes = {name: part for name, part in origin.state.indexes.items() if name in kept}
    fresh = replace(origin.state, indexes=indexes)
    settings = {
        "indexes": shape_indexes(table),
        "sse": wanted.get("sse", shape_sse(origin.table.get("SSEDescription") or {})),
        "table_class": "STANDARD",
    }
    place = Place(state.arn, _as_told(fresh, wanted, overrides), settings)
    return place, {"TargetTableName": state.arn.name, **point, **overrides}


def _kept(origin: Origin, wanted: Mapping[str, Any]) -> set[str]:
    there = {index["name"] for index in shape_indexes(origin.table)}
    return there & {index["name"] for index in wanted["indexes"]} if "indexes" in wanted else there


def _capacity_overrides(origin: Origin, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the restore is told of capacity and indexes: nothing that it does of itself."""
    overrides: dict[str, Any] = {}
    kept = _kept(origin, wanted)
    capacity = wanted.get("capacity") or {}
    mode = capacity.get("billing_mode", origin.state.mode)
    if mode != origin.state.mode:
        overrides["BillingModeOverride"] = mode
    overrides |= _throughput(capacity, mode, origin.state.capacity.rates, "Override")
    globals_, locals_ = (
        {index["IndexName"]: index for index in origin.table.get(member) or ()}
        for member in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    )
    parts = {part["name"]: part for part in capacity.get("indexes", ())}
    told = {name: _throughput(parts.get(name, {}), mode, origin.state.indexes[name].rates, "") for name in globals_}
    # An override lists every index that the table is to have, each with all that makes it.
    if not globals_.keys() <= kept or any(told[name] for name in globals_.keys() & kept):
        overrides["GlobalSecondaryIndexOverride"] = [
            {
                **{key: index[key] for key in ("IndexName", "KeySchema", "Projection")},
                **(told[name] or _kept_throughput(mode, index)),
            }
            for name, index in globals_.items()
            if name in kept
        ]
    if not locals_.keys() <= kept:
        overrides["LocalSecondaryIndexOverride"] = [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            for name, index in locals_.items()
            if name in kept
        ]
    return overrides


def _throughput(part: Mapping[str, Any], mode: str, rates: Mapping[str, Rate], suffix: str) -> dict[str, Any]:
    """Units or maxima of a table or an index, where they are to differ from what is restored."""
    if mode == PROVISIONED:
        units = {kind: _begins(part.get(kind, {})) or rates[kind].units for kind in KINDS}
        if all(units[kind] == rates[kind].units for kind in KINDS):
            return {}
        return {f"ProvisionedThroughput{suffix}": {UNIT_FIELDS[kind]: units[kind] for kind in KINDS}}
    maxima = {kind: _maximum(part.get(kind, {}), rates[kind]) for kind in KINDS}
    if all(maxima[kind] == rates[kind].maximum for kind in KINDS):
        return {}
    # Nothing but a maximum can be told: an empty one starts the restore and answers an error (probed, DDB-TABLE-463).
    told = {MAXIMUM_FIELDS[kind]: limit for kind, limit in maxima.items() if limit is not None}
    return {f"OnDemandThroughput{suffix}": told} if told else {}


def _maximum(part: Mapping[str, Any], rate: Rate) -> int | None:
    """The on-demand maximum that is wanted; that of the source where nothing is said (probed, DDB-TABLE-215)."""
    limit = part.get("max_request_units")
    if limit is None:
        return rate.maximum
    return None if limit == UNLIMITED else int(limit)


def _begins(rate: Mapping[str, Any]) -> int:
    return int(rate.get("units") or rate.get("initial_units") or 0)


def _kept_throughput(mode: str, index: Mapping[str, Any]) -> dict[str, Any]:
    if mode != PROVISIONED:
        maxima = {key: value for key, value in (index.get("OnDemandThroughput") or {}).items() if value > 0}
        return {"OnDemandThroughput": maxima} if maxima else {}
    units = index.get("ProvisionedThroughput") or {}
    return {"ProvisionedThroughput": {field: units[field] for field in UNIT_FIELDS.values()}}


def _sse_override(state: RestoreState, origin: Origin, wanted: Mapping[str, Any]) -> dict[str, Any]:
    sse = wanted.get("sse")
    abroad = origin.source.region != state.arn.region
    if abroad and (sse or {}).get("enabled") and "sse" not in state.wish.options:
        raise Refused(
            f"{origin.source}: its key is of {origin.source.region}. Give sse with a key of {state.arn.region}, or"
            " sse: {enabled: false} for DynamoDB's own."
        )
    if sse is None:
        sse = {"enabled": False} if abroad else None
    # "The sse-specification-override parameter is mandatory for cross-Region restores": tutorial.
    if sse is None or (not abroad and sse == shape_sse(origin.table.get("SSEDescription") or {})):
        return {}
    return {"SSESpecificationOverride": sse_specification(sse)}


def _as_told(state: TableState, wanted: Mapping[str, Any], overrides: Mapping[str, Any]) -> TableState:
    """The capacity of the new table."""
    capacity = wanted.get("capacity") or {}
    mode = capacity.get("billing_mode", state.mode)
    parts = {part["name"]: part for part in capacity.get("indexes", ())}

    def rates(part: Mapping[str, Any], old: Mapping[str, Rate]) -> dict[str, Rate]:
        if mode == PROVISIONED:
            return {
                kind: replace(rate, units=_begins(part.get(kind, {})) or rate.units, maximum=None)
                for kind, rate in old.items()
            }
        told = bool(_throughput(part, mode, old, ""))
        return {
            kind: replace(rate, units=0, maximum=_maximum(part.get(kind, {}), rate) if told else rate.maximum)
            for kind, rate in old.items()
        }

    return replace(
        state,
        mode=mode,
        capacity=replace(state.capacity, rates=rates(capacity, state.capacity.rates)),
        indexes={
            name: replace(index, rates=rates(parts.get(name, {}), index.rates)) for name, index in state.indexes.items()
        },
    )


def _plan_removal(state: RestoreState) -> Plan:
    """A restored table goes, with what was made for it: first what uses it, last itself. So a run that is interrupted
    finds the table again."""
    wish, restored = state.wish, state.restored
    identity = {"source": str(wish.source_arn or wish.source), "target": state.arn.name}
    gone = {**identity, "state": "absent"}
    if restored is None:
        return Plan(gone, gone)
    name = state.arn.name
    lineage = _restored_from(state, restored, "Check the names: only a table that was restored from there is removed.")
    if restored.busy_mappings:
        raise Refused(
            f"{name} is in use: {', '.join(restored.busy_mappings)} reads from its stream. Switch back first, or disable"
            " that with lambda_event_source."
        )
    before = {
        **identity,
        "state": "present",
        "restore_from": lineage.point,
        "settings": dict(restored.place.settings),
    }
    status = restored.table["TableStatus"]
    removed = Settle("table_removed", {"TableName": name})
    if status == "DELETING":
        return Plan(before, gone, (Call("dynamodb", "DescribeTable", {"TableName": name}, settle=removed),))
    calls: list[Call] = []
    if not restored.active:
        # API_DeleteTable: a table that is CREATING or UPDATING is refused.
        calls.append(_look(state))
    calls += [Call("lambda", "DeleteEventSourceMapping", {"UUID": uuid}) for uuid in restored.mappings]
    if restored.own_alarms:
        calls.append(Call("cloudwatch", "DeleteAlarms", {"AlarmNames": list(restored.own_alarms)}))
    calls += [
        Call(
            SERVICE,
            "DeregisterScalableTarget",
            {"ServiceNamespace": "dynamodb", "ResourceId": resource, "ScalableDimension": dimension},
        )
        for resource, dimension in restored.scaled
    ]
    if restored.table.get("DeletionProtectionEnabled"):
        arguments = {"TableName": name, "DeletionProtectionEnabled": False}
        active = Settle("table_active", {"TableName": name})
        calls.append(Call("dynamodb", "UpdateTable", arguments, settle=active))
    calls.append(Call("dynamodb", "DeleteTable", {"TableName": name}, settle=removed))
    note = f"{name}: deleted, it can be restored again only as long as AWS keeps what it was restored from."
    return Plan(before, gone, tuple(calls), (note,))
