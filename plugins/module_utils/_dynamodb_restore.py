# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Restores of DynamoDB tables: the option, what is restored from what, and how a restored table comes and goes.

Pure. Reading is in `_dynamodb_restore_reader.py`; the settings that a restore loses are in `_dynamodb_settings.py`.

Sources, by the short names that the comments use:

- model: botocore's text of the operation or shape.
- restores: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/pointintimerecovery_restores.html
- tutorial: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.Tutorial.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import SERVICE
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import (
    KINDS,
    MAXIMUM_FIELDS,
    ON_DEMAND,
    PROVISIONED,
    UNIT_FIELDS,
    UNLIMITED,
    TableState,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    AT_TAG,
    AUTOSCALING,
    EXCEPTIONS,
    FROM_TAG,
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
class Origin:
    """What a table is restored from.

    Attributes:
        source: The table that the items were in.
        at: The point in time.
        table: What the restored table gets without being told: the source now, or the source when the backup was made,
            in the words of DescribeTable.
        state: Its capacity, under the restored table's name.
        backup: ARN of the backup, or nothing for a point in time.
        latest: Whether it is the last restorable point, which moves on.
    """

    source: TableArn
    at: datetime
    table: Mapping[str, Any]
    state: TableState
    backup: str = ""
    latest: bool = False


@dataclass(frozen=True)
class Restored:
    """The target table, where it is there.

    Attributes:
        table: `Table` of DescribeTable.
        place: Its settings; those of a table that is still being restored are not looked at, it has none yet.
        busy_mappings: Functions that read from its stream.
        mappings: UUIDs of the event source mappings of its stream.
        own_alarms: Names of the alarms that were made for it.
        scaled: Its scalable targets, as resource id and dimension.
    """

    table: Mapping[str, Any]
    place: Place
    busy_mappings: Sequence[str] = ()
    mappings: Sequence[str] = ()
    own_alarms: Sequence[str] = ()
    scaled: Sequence[tuple[str, str]] = ()

    @property
    def summary(self) -> Mapping[str, Any]:
        """Where it was restored from; empty for a table that was made otherwise."""
        return self.table.get("RestoreSummary") or {}


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


def point_in_time(wish: Wish, pitr: Pitr) -> tuple[datetime, bool]:
    """The moment to restore to, and whether it is the last one.

    Raises:
        Refused: It cannot be restored.
    """
    text = wish.time or LATEST
    moment = resolve(text, pitr.read_at)
    if pitr.days is None:
        raise Refused(
            f"{wish.source}: its point-in-time recovery is off, so there is no {text} to go back to. Restore a backup:"
            " restore_from: {backup: latest}."
        )
    if pitr.earliest is None or pitr.latest is None or pitr.earliest > pitr.latest:
        raise Refused(
            f"{wish.source}: its point-in-time recovery was turned on just now, and nothing can be restored yet. Run the"
            " same task again in some minutes, or restore a backup."
        )
    if moment is None:
        return pitr.latest, True
    # botocore sends whole seconds.
    moment = moment.astimezone(UTC).replace(microsecond=0)
    if not pitr.earliest <= moment <= pitr.latest:
        raise Refused(
            f"{wish.source}: {stamp(moment)} ({text}) cannot be restored: it is {stamp(pitr.read_at)} now, and AWS offers"
            f" {stamp(pitr.earliest)} to {stamp(pitr.latest)}. Give a time in between, latest, or a backup."
        )
    return moment, False


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
    if state.restored:
        _refuse_foreign(state, state.restored)
    settings = _wanted(state)
    wanted = moved(settings, state.arn)
    marks = {FROM_TAG: state.wish.source, AT_TAG: stamp(state.now)}
    if state.restored:
        status = state.restored.table["TableStatus"]
        if status not in ("ACTIVE", "UPDATING", "CREATING"):
            raise Refused(f"{state.arn.name} is {status}. Wait until it is gone, or give another target name.")
        place = state.restored.place
        waiting = [] if status == "ACTIVE" and not state.restored.summary.get("RestoreInProgress") else [_look(state)]
        point = _point_of(state.restored.summary)
    elif state.origin:
        place, arguments = _restore(state, state.origin, wanted)
        operation = "RestoreTableFromBackup" if state.origin.backup else "RestoreTableToPointInTime"
        waiting = [Call("dynamodb", operation, arguments, settle=_settled(state))]
        point = {"backup": state.origin.backup} if state.origin.backup else {"time": stamp(state.origin.at)}
    else:
        raise AssertionError("a table that is not there is restored from something")
    calls, notes = plan_settings(replace(place, every_alarm=state.every_alarm), wanted, marks)
    identity = {"source": str(state.wish.source_arn or state.wish.source), "target": state.arn.name}
    after = {**identity, "state": "present", "restore_from": point, "settings": wanted}
    if not any(call.writes for call in (*waiting, *calls)):
        return Plan(after, after, tuple(waiting), notes)
    # Of a restore that was interrupted, too: what was there before it is that the table was not.
    return Plan({**identity, "state": "absent"}, after, (*waiting, *calls), (*notes, *_overridden(state)))


def _refuse_foreign(state: RestoreState, restored: Restored) -> None:
    """A table that is there must be what is asked for: then an earlier run made it, and this one goes on."""
    name, wish, summary = state.arn.name, state.wish, restored.summary
    other = "Give another target name, or leave target out for a new one."
    if not summary:
        raise Refused(f"{name} is there already, and it is no restored table. {other}")
    _refuse_other_source(state, restored, other)
    if not wish.exact:
        return
    if wish.backup and summary.get("SourceBackupArn") != state.backup:
        found = summary.get("SourceBackupArn") or f"the point in time {stamp(summary['RestoreDateTime'])}"
        raise Refused(f"{name} is there already, and was restored from {found}, not from {wish.backup}. {other}")
    if wish.time:
        moment = resolve(wish.time, state.now)
        if summary.get("SourceBackupArn") or moment is None or stamp(summary["RestoreDateTime"]) != stamp(moment):
            raise Refused(
                f"{name} is there already, and shows the items of {stamp(summary['RestoreDateTime'])}, not of"
                f" {wish.time}. {other}"
            )


def _refuse_other_source(state: RestoreState, restored: Restored, way_out: str) -> None:
    source = TableArn.read(str(restored.summary.get("SourceTableArn", "")))
    wanted = state.wish.source_arn or replace(state.arn, name=state.wish.source)
    if source != wanted:
        raise Refused(
            f"{state.arn.name} was restored from {source or 'an unknown table'}, not from {wanted}. {way_out}"
        )


def _point_of(summary: Mapping[str, Any]) -> dict[str, str]:
    if backup := summary.get("SourceBackupArn"):
        return {"backup": backup}
    return {"time": stamp(summary["RestoreDateTime"])}


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
        point |= {"UseLatestRestorableTime": True} if origin.latest else {"RestoreDateTime": origin.at}
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


def _throughput(part: Mapping[str, Any], mode: str, rates: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    """Units or maxima of a table or an index, where they are to differ from what is restored."""
    if mode == PROVISIONED:
        units = {kind: _begins(part.get(kind, {})) or rates[kind].units for kind in KINDS}
        if all(units[kind] == rates[kind].units for kind in KINDS):
            return {}
        return {f"ProvisionedThroughput{suffix}": {UNIT_FIELDS[kind]: units[kind] for kind in KINDS}}
    limits = {kind: part.get(kind, {}).get("max_request_units", UNLIMITED) for kind in KINDS}
    maxima = {MAXIMUM_FIELDS[kind]: int(limit) for kind, limit in limits.items() if limit != UNLIMITED}
    return {f"OnDemandThroughput{suffix}": maxima} if maxima else {}


def _begins(rate: Mapping[str, Any]) -> int:
    return int(rate.get("units") or rate.get("initial_units") or 0)


def _kept_throughput(mode: str, index: Mapping[str, Any]) -> dict[str, Any]:
    if mode != PROVISIONED:
        return {}
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

    def rates(part: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        made = {}
        for kind in KINDS:
            limit = part.get(kind, {}).get("max_request_units", UNLIMITED)
            units = _begins(part.get(kind, {})) or old[kind].units
            made[kind] = replace(
                old[kind],
                units=units if mode == PROVISIONED else 0,
                maximum=None if limit == UNLIMITED or mode == PROVISIONED else int(limit),
            )
        return made

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
    if not restored.summary:
        raise Refused(f"{name} is no restored table, so it is not removed. Check the name.")
    _refuse_other_source(state, restored, "Check the names.")
    if restored.busy_mappings:
        raise Refused(
            f"{name} is in use: {', '.join(restored.busy_mappings)} reads from its stream. Switch back first, or disable"
            " that with lambda_event_source."
        )
    before = {
        **identity,
        "state": "present",
        "restore_from": _point_of(restored.summary),
        "settings": dict(restored.place.settings),
    }
    status = restored.table["TableStatus"]
    removed = Settle("table_removed", {"TableName": name})
    if status == "DELETING":
        return Plan(before, gone, (Call("dynamodb", "DescribeTable", {"TableName": name}, settle=removed),))
    calls: list[Call] = []
    if status != "ACTIVE" or restored.summary.get("RestoreInProgress"):
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
