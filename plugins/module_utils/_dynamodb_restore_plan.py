# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a restored DynamoDB table comes, with everything that its source has, and how it goes.

Pure; `plan_restore` is the entry.

The short names of sources in the comments are those of `_dynamodb_restore.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore import (
    AT_TAG,
    OVERRIDDEN,
    Lineage,
    Origin,
    Restored,
    RestoreState,
    begins,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    AUTOSCALING,
    FROM_TAG,
    moved,
    shape_capacity,
    shape_indexes,
    shape_sse,
    without,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_plan import (
    Place,
    plan_settings,
    sse_specification,
)
from ansible_collections.runbook.aws.plugins.module_utils._moments import resolve, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target


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
    tagged = "tags" not in state.wish.skipped
    sealed = AT_TAG in place.settings.get("tags", {})
    calls, notes = plan_settings(
        place,
        wanted,
        state.wish.source,
        # First of all, because nothing else says what the table is once it is ACTIVE.
        marks=lineage.tags(state.arn) if tagged else {},
        seal={AT_TAG: stamp(state.now)} if tagged and not sealed else {},
    )
    identity = {"source": str(state.wish.source_arn or state.wish.source), "target": state.arn.name}
    there = {**identity, "state": "present", "restore_from": lineage.point}
    after = {**there, "settings": wanted}
    if not any(call.writes for call in (*waiting, *calls)):
        before: Mapping[str, Any] = after
    elif state.restored and (sealed or not tagged):
        # A table that was complete may be in use: what undoes this must not remove it.
        before = {**there, "settings": dict(place.settings)}
    else:
        # Of a restore that was interrupted, too: what was there before it is that the table was not.
        before = {**identity, "state": "absent"}
    return Plan(before, after, (*waiting, *calls), (*notes, *_overridden(state)))


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
            f"{wish.source} is a global table (also in {', '.join(replicas)}), and a restored table is in one region."
            " Put replicas into settings_except to restore it nevertheless, and add them later."
        )
    if state.unscalable and not {AUTOSCALING, "capacity"} & wish.skipped:
        raise Refused(
            f"{wish.source} is scaled by {', '.join(state.unscalable)}, which this module cannot put back. Put"
            " autoscaling into settings_except, and set it on the restored table yourself."
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
    if "capacity" not in settings and OVERRIDDEN.keys() & wish.options:
        # What would be there without being told, to be changed.
        base = state.origin.state if state.origin else state.restored.place.state if state.restored else None
        settings |= without({"capacity": shape_capacity(base)}, [AUTOSCALING]) if base else {}
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
        units = {kind: begins(part.get(kind, {})) or rates[kind].units for kind in KINDS}
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
                kind: replace(rate, units=begins(part.get(kind, {})) or rate.units, maximum=None)
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
            f"{name} is in use: {', '.join(restored.busy_mappings)} reads from its stream. Switch back first, or"
            " disable that with lambda_event_source."
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
    # An on-demand backup stays until somebody deletes it; a point in time leaves the window by itself.
    note = f"{name}: deleted, it can be restored again only as long as AWS keeps what it was restored from."
    return Plan(before, gone, tuple(calls), () if lineage.backup else (note,))
