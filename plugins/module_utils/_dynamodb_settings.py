# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Everything about a DynamoDB table that is not its items, as one value; as another table has it; held against another.

Pure. Reading is in `_dynamodb_settings_reader.py`, putting back in `_dynamodb_settings_plan.py`.

The shape (what `dynamodb_settings_info` returns, and the option `settings` of `dynamodb_restore`); each but the first
is a setting by its name, and one that is left out is left alone:

    {table_arn: whose settings they are,
     capacity: an element of dynamodb_capacity's `tables` without its name: {billing_mode, read, write, indexes},
     indexes: [{name, type: global|local|vector, definition: as CreateTable takes it, attributes: {name: type}}],
     sse: {enabled: false} or {enabled: true, kms_master_key_id},
     table_class: STANDARD|STANDARD_INFREQUENT_ACCESS,
     deletion_protection: false,
     tags: {key: value},
     ttl: the attribute, or "",
     stream: the view type, or "",
     pitr: {state: present, recovery_period_days} or {state: absent},
     resource_policy: the document, or {},
     stream_policy: the document, or {}, the stream's label in it written as STREAM_LABEL,
     contributor_insights: {table: mode, indexes: {name: mode}}, only where it is on,
     kinesis: [{stream_arn, precision}],
     alarms: [what PutMetricAlarm takes],
     event_source_mappings: [what CreateEventSourceMapping takes, without the stream],
     replicas: [region]}

Alarms, mappings and the definitions of indexes have AWS's own words, so that nothing is lost that AWS adds one day.

Sources, by the short names that the comments of these files use:

- model: botocore's text of the operation or shape.
- restores: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/pointintimerecovery_restores.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import TABLES_SPEC, TableState, shape_table
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr, shape_pitr
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

# The settings, in the order in which they are shown, and what each is as a value.
SETTINGS: Mapping[str, type] = {
    "capacity": Mapping,
    "indexes": list,
    "sse": Mapping,
    "table_class": str,
    "deletion_protection": bool,
    "tags": Mapping,
    "ttl": str,
    "stream": str,
    "pitr": Mapping,
    "resource_policy": Mapping,
    "stream_policy": Mapping,
    "contributor_insights": Mapping,
    "kinesis": list,
    "alarms": list,
    "event_source_mappings": list,
    "replicas": list,
}
# A part of `capacity` that can be left out on its own.
AUTOSCALING = "autoscaling"
EXCEPTIONS = (*SETTINGS, AUTOSCALING)

STREAM_LABEL = "${StreamLabel}"

# Tags that say where a restored table comes from; AWS itself forgets it when the restore is done.
MARK = "runbook:restored-"
FROM_TAG = f"{MARK}from"
# "The aws: prefix is reserved for use by AWS": API_Tag of every service.
_RESERVED = "aws:"

_ON = frozenset({"ENABLED", "ENABLING"})
_STREAMS = frozenset({"ACTIVE", "ENABLING", "UPDATING"})
_INDEX_KINDS = {
    "global": "GlobalSecondaryIndexes",
    "local": "LocalSecondaryIndexes",
    "vector": "VectorIndexes",
}
_DEFINITION = (
    "KeySchema",
    "Projection",
    # Of a vector index.
    "VectorAttribute",
    "SearchSchema",
    "Dimensions",
    "DistanceFunction",
)
# What the elements of a list are known by: never by their place.
_IDENTITIES = ("name", "stream_arn", "AlarmName", "FunctionName")

_ARN = re.compile(r"arn:([\w-]+):dynamodb:([\w-]+):(\d{12}):table/([\w.-]+)", re.ASCII)
# API_CreateTable, TableName.
TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
# API_PutMetricAlarm, AlarmName.
_LONGEST_ALARM_NAME = 255


@dataclass(frozen=True)
class TableArn:
    """A table's place in the world."""

    partition: str
    region: str
    account: str
    name: str

    @classmethod
    def read(cls, text: str) -> TableArn | None:
        """The table of an ARN; also of a backup's or stream's, which begins with the table's. None for a mere name."""
        found = _ARN.match(text)
        return cls(*found.groups()) if found else None

    def __str__(self) -> str:
        return f"arn:{self.partition}:dynamodb:{self.region}:{self.account}:table/{self.name}"


@dataclass(frozen=True)
class Raw:
    """What AWS answered about one table.

    Attributes:
        table: `Table` of DescribeTable, or what a backup says in its place.
        state: The table's capacity, with its autoscaling.
        pitr: Its point-in-time recovery.
        ttl: `TimeToLiveDescription`.
        tags: `Tags`.
        policy: Its resource policy.
        stream_policy: The resource policy of its stream.
        insights: `ContributorInsightsSummaries`.
        kinesis: `KinesisDataStreamDestinations`.
        alarms: Every metric alarm of the account and region; with `Tags` those that name the table.
        mappings: Every event source mapping; with `Tags` those of its stream.
    """

    table: Mapping[str, Any]
    state: TableState
    pitr: Pitr | None = None
    ttl: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[Mapping[str, str]] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)
    stream_policy: Mapping[str, Any] = field(default_factory=dict)
    insights: Sequence[Mapping[str, Any]] = ()
    kinesis: Sequence[Mapping[str, Any]] = ()
    alarms: Sequence[Mapping[str, Any]] = ()
    mappings: Sequence[Mapping[str, Any]] = ()


def shape_settings(raw: Raw, skipped: Collection[str], writable: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """What was read as the shape.

    Args:
        raw: What AWS answered.
        skipped: Settings to leave out.
        writable: What `PutMetricAlarm` and `CreateEventSourceMapping` take.
    """
    table = raw.table
    name = table["TableName"]
    settings: dict[str, Any] = {
        "capacity": shape_capacity(raw.state),
        "indexes": shape_indexes(table),
        "sse": shape_sse(table.get("SSEDescription") or {}),
        "table_class": (table.get("TableClassSummary") or {}).get("TableClass", "STANDARD"),
        "deletion_protection": bool(table.get("DeletionProtectionEnabled")),
        "tags": _tags(raw.tags),
        "ttl": raw.ttl.get("AttributeName", "") if raw.ttl.get("TimeToLiveStatus") in _ON else "",
        "stream": stream_of(table),
        "pitr": _pitr(raw.pitr),
        "resource_policy": raw.policy,
        "stream_policy": _label_hidden(raw.stream_policy, table.get("LatestStreamLabel") or ""),
        "contributor_insights": _insights(raw.insights),
        "kinesis": sorted(
            (
                {
                    "stream_arn": item["StreamArn"],
                    # "MILLISECOND" is what it is without being asked: developerguide/kds.html
                    "precision": item.get("ApproximateCreationDateTimePrecision") or "MILLISECOND",
                }
                for item in raw.kinesis
                if item.get("DestinationStatus") in _STREAMS
            ),
            key=lambda item: item["stream_arn"],
        ),
        "alarms": [shape_alarm(alarm, writable["PutMetricAlarm"]) for alarm in alarms_of(name, raw.alarms)],
        "event_source_mappings": sorted(
            (shape_mapping(item, writable["CreateEventSourceMapping"]) for item in mappings_of(table, raw.mappings)),
            key=lambda item: item["FunctionName"],
        ),
        "replicas": sorted(replica["RegionName"] for replica in table.get("Replicas") or ()),
    }
    return without({"table_arn": table["TableArn"], **settings}, skipped)


def without(settings: Mapping[str, Any], skipped: Collection[str]) -> dict[str, Any]:
    """Settings without some of them."""
    kept = {key: value for key, value in settings.items() if key not in skipped}
    if AUTOSCALING in skipped and "capacity" in kept:
        kept["capacity"] = _unscaled(kept["capacity"])
    return kept


def shape_capacity(state: TableState) -> dict[str, Any]:
    """Capacity and autoscaling as an element of dynamodb_capacity, without the name.

    Without the warm throughput: AWS bills raising it (developerguide/warm-throughput.html), so that is for the operator
    to want. With the units that autoscaling has moved to, because a table that is restored begins with them.
    """
    element = shape_table(state)
    parts = [(element, state.capacity), *((part, state.indexes[part["name"]]) for part in element["indexes"])]
    for part, capacity in parts:
        part.pop("warm_throughput", None)
        for kind, rate in capacity.rates.items():
            if rate.autoscaling is not None and rate.units:
                part[kind] = {"initial_units": rate.units, **part[kind]}
    del element["name"]
    return element


def _unscaled(capacity: Mapping[str, Any]) -> dict[str, Any]:
    def rate(value: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: item for key, item in value.items() if key not in ("initial_units", "autoscaling")}
        return {"units": value["initial_units"], **kept} if "initial_units" in value else kept

    def part(value: Mapping[str, Any]) -> dict[str, Any]:
        return {key: rate(item) if key in ("read", "write") else item for key, item in value.items()}

    return {**part(capacity), "indexes": [part(index) for index in capacity.get("indexes", ())]}


def shape_indexes(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The indexes of a table, or of a backup, with all that is needed to make them."""
    types = {item["AttributeName"]: item["AttributeType"] for item in table.get("AttributeDefinitions") or ()}
    return sorted(
        (
            {
                "name": index["IndexName"],
                "type": kind,
                "definition": {key: _plain(index[key]) for key in _DEFINITION if index.get(key)},
                "attributes": {
                    key["AttributeName"]: types[key["AttributeName"]]
                    for key in index.get("KeySchema") or ()
                    if key["AttributeName"] in types
                },
            }
            for kind, member in _INDEX_KINDS.items()
            for index in table.get(member) or ()
            if index.get("IndexStatus") != "DELETING"
        ),
        key=lambda item: item["name"],
    )


def shape_sse(description: Mapping[str, Any]) -> dict[str, Any]:
    """Encryption with a key in KMS, or with DynamoDB's own, which DescribeTable does not mention."""
    if description.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
        return {"enabled": False}
    key = description.get("KMSMasterKeyArn")
    return {"enabled": True, **({"kms_master_key_id": key} if key else {})}


def _pitr(pitr: Pitr | None) -> dict[str, Any]:
    """An element of dynamodb_pitr's `tables`, without the name."""
    return {key: value for key, value in shape_pitr(pitr).items() if key != "name"} if pitr else {"state": "absent"}


def stream_of(table: Mapping[str, Any]) -> str:
    """The view type of a table's stream, or nothing."""
    stream = table.get("StreamSpecification") or {}
    return str(stream.get("StreamViewType", "")) if stream.get("StreamEnabled") else ""


def _tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith(_RESERVED)}


def _insights(summaries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in summaries:
        if item.get("ContributorInsightsStatus") not in _ON:
            continue
        # API_UpdateContributorInsights: a mode came later; what was on before has this one.
        mode = item.get("ContributorInsightsMode") or "ACCESSED_AND_THROTTLED_KEYS"
        if index := item.get("IndexName"):
            found.setdefault("indexes", {})[index] = mode
        else:
            found["table"] = mode
    return found


def alarms_of(table: str, alarms: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The alarms on a table, but those that belong to its autoscaling: they come and go with its policies."""
    return sorted(
        (alarm for alarm in alarms if not alarm["AlarmName"].startswith("TargetTracking-") and watches(alarm, table)),
        key=lambda alarm: str(alarm["AlarmName"]),
    )


def shape_alarm(alarm: Mapping[str, Any], writable: Collection[str]) -> dict[str, Any]:
    """An alarm as PutMetricAlarm takes it."""
    shape = {key: _plain(value) for key, value in alarm.items() if key in writable and value not in (None, "", [])}
    if tags := [{"Key": key, "Value": value} for key, value in sorted(_tags(alarm.get("Tags", ())).items())]:
        shape["Tags"] = tags
    return shape


def watches(value: Any, table: str) -> bool:
    """Whether an alarm watches a table: by a dimension of any of its metrics, or in an expression."""
    if isinstance(value, Mapping):
        if "table" in str(value.get("Name", "")).lower() and value.get("Value") == table:
            return True
        return any(
            bool(_word(table).search(item)) if key == "Expression" and isinstance(item, str) else watches(item, table)
            for key, item in value.items()
        )
    return isinstance(value, list | tuple) and any(watches(item, table) for item in value)


def _word(name: str) -> re.Pattern[str]:
    # A table's name that is not part of a longer one.
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", re.ASCII)


def mappings_of(table: Mapping[str, Any], mappings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The event source mappings of a table's current stream."""
    stream = table.get("LatestStreamArn")
    return [
        item for item in mappings if stream and item.get("EventSourceArn") == stream and item.get("State") != "Deleting"
    ]


def shape_mapping(mapping: Mapping[str, Any], writable: Collection[str]) -> dict[str, Any]:
    """An event source mapping as CreateEventSourceMapping takes it, for whatever stream."""
    shape = {
        key: _plain(value)
        for key, value in mapping.items()
        if key in writable and key not in ("EventSourceArn", "Tags") and not _hollow(value)
    }
    tags = {key: value for key, value in (mapping.get("Tags") or {}).items() if not key.startswith(_RESERVED)}
    return {
        **shape,
        **({"Tags": tags} if tags else {}),
        # Its answer has the whole ARN, with the alias or version, as this name.
        "FunctionName": mapping["FunctionArn"],
        "Enabled": mapping.get("State") in ("Enabled", "Enabling", "Creating", "Updating"),
    }


def _hollow(value: Any) -> bool:
    """Lambda answers with places for what is not there: `DestinationConfig: {OnFailure: {}}`."""
    if isinstance(value, Mapping):
        return all(_hollow(item) for item in value.values())
    return value in (None, "") or value == []


def _plain(value: Any) -> Any:
    """A value that survives JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _label_hidden(policy: Mapping[str, Any], label: str) -> Any:
    """A stream's policy without the label: the stream of the restored table has another one."""
    return _texts(policy, lambda text: text.replace(f"/stream/{label}", f"/stream/{STREAM_LABEL}")) if label else policy


def _texts(value: Any, change: Any) -> Any:
    """A value with all its texts changed, the keys excepted."""
    if isinstance(value, Mapping):
        return {key: _texts(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def checked(settings: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """The option `settings`, if it is the shape.

    Raises:
        Refused: It is not. Something that is not understood would be something that is not put back.
    """
    given = {key: value for key, value in settings.items() if value is not None}
    unknown = sorted(given.keys() - {"table_arn", *SETTINGS})
    if unknown:
        raise Refused(
            f"{subject}: settings has {', '.join(unknown)}, which is no setting. Give what dynamodb_settings_info"
            f" returned; the settings are {', '.join(SETTINGS)}."
        )
    for name, kind in SETTINGS.items():
        if name in given and not isinstance(given[name], kind):
            raise Refused(
                f"{subject}: settings.{name} is {given[name]!r}. Give it as dynamodb_settings_info returned it."
            )
    if "table_arn" in given and TableArn.read(str(given["table_arn"])) is None:
        raise Refused(f"{subject}: settings.table_arn is {given['table_arn']!r}, which is no ARN of a table.")
    _known(given.get("capacity", {}), {**TABLES_SPEC["options"], "name": {}}, f"{subject}: settings.capacity")
    return given


def _known(value: Mapping[str, Any], options: Mapping[str, Any], subject: str) -> None:
    for key, item in value.items():
        if key not in options:
            raise Refused(f"{subject} has {key}, which is no option of dynamodb_capacity. Check its spelling.")
        for part in item if isinstance(item, list) else [item]:
            if isinstance(part, Mapping):
                _known(part, options[key].get("options", {}), f"{subject}.{key}")


def moved(settings: Mapping[str, Any], target: TableArn) -> dict[str, Any]:
    """The same settings for another table: its name is in alarms, its ARN in policies.

    Args:
        settings: The shape, of the table in its `table_arn`.
        target: The other table.
    """
    source = TableArn.read(str(settings.get("table_arn", ""))) or target
    new = {**settings, "table_arn": str(target)}
    for key in ("resource_policy", "stream_policy"):
        if new.get(key):
            new[key] = _texts(new[key], lambda text: _arn_moved(text, source, target))
    if "alarms" in new:
        new["alarms"] = [
            {**_alarm_moved(alarm, source.name, target.name), "AlarmName": alarm_name(alarm, source.name, target.name)}
            for alarm in new["alarms"]
        ]
    return new


def _arn_moved(text: str, source: TableArn, target: TableArn) -> str:
    """ARNs of a table, its indexes and its stream; a wildcard in the region or account stays."""
    pattern = rf"(arn:[\w*-]*:dynamodb:)([\w*-]*)(:[\d*]*:table/){re.escape(source.name)}(?![\w.-])"

    def new(found: re.Match[str]) -> str:
        region = target.region if found[2] == source.region else found[2]
        return f"{found[1]}{region}{found[3]}{target.name}"

    return re.sub(pattern, new, text, flags=re.ASCII)


def _alarm_moved(value: Any, source: str, target: str) -> Any:
    if isinstance(value, Mapping):
        if "table" in str(value.get("Name", "")).lower() and value.get("Value") == source:
            return {**value, "Value": target}
        return {
            key: _word(source).sub(target, item)
            if key == "Expression" and isinstance(item, str)
            else _alarm_moved(item, source, target)
            for key, item in value.items()
        }
    return [_alarm_moved(item, source, target) for item in value] if isinstance(value, list | tuple) else value


def alarm_name(alarm: Mapping[str, Any], source: str, target: str) -> str:
    """The name of an alarm that watches another table: alarms are known by name, and the old one stays."""
    old = str(alarm["AlarmName"])
    if source == target:
        return old
    new = _word(source).sub(target, old)
    if new == old:
        new = old.replace(source, target) if source in old else f"{old}-{target}"
    if len(new) <= _LONGEST_ALARM_NAME:
        return new
    return f"{new[: _LONGEST_ALARM_NAME - 9]}-{sha256(new.encode()).hexdigest()[:8]}"


def parity(expected: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """What a restored table lacks of what its source has, and what it has beside it.

    Args:
        expected: The source's settings, for the restored table (`moved`). Only what is in it is looked at.
        found: The restored table's settings.

    Returns:
        `same`; `missing` and `extra`, each with `setting`, `source` and `restored`.
    """
    missing: list[dict[str, Any]] = []
    extra: list[dict[str, Any]] = []
    for name in SETTINGS:
        if name in expected:
            source, restored = (_comparable(name, settings.get(name)) for settings in (expected, found))
            if not (name == "sse" and same_key(expected[name], found.get(name) or {})):
                _held(name, source, restored, missing, extra)
    return {"same": not missing and not extra, "missing": missing, "extra": extra}


def _held(path: str, source: Any, restored: Any, missing: list[dict[str, Any]], extra: list[dict[str, Any]]) -> None:
    if source == restored or (_nothing(source) and _nothing(restored)):
        return
    # A whole that one of them does not have at all is one line, not one for each of its parts.
    if (
        isinstance(source, Mapping)
        and isinstance(restored, Mapping)
        and not _nothing(source)
        and not _nothing(restored)
    ):
        for key in [*source, *(key for key in restored if key not in source)]:
            _held(f"{path}.{key}", source.get(key), restored.get(key), missing, extra)
        return
    (extra if _nothing(source) else missing).append({"setting": path, "source": source, "restored": restored})


def same_key(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a table is encrypted as wanted. AWS tells the key's ARN; without a key, or by an alias, the operator
    leaves to AWS which one it is."""
    key = str(wanted.get("kms_master_key_id") or "")
    if bool(wanted.get("enabled")) != bool(found.get("enabled")):
        return False
    return (
        not key or "alias/" in key or key.rpartition("/")[2] == str(found.get("kms_master_key_id")).rpartition("/")[2]
    )


def _nothing(value: Any) -> bool:
    if value in ({"state": "absent"}, "unlimited"):
        return True
    return all(_nothing(item) for item in value.values()) if isinstance(value, Mapping) else not value


def _comparable(name: str, value: Any) -> Any:
    """A setting in the form in which two that mean the same are equal."""
    if name == "tags":
        return {key: item for key, item in (value or {}).items() if not key.startswith(MARK)}
    if name == "capacity":
        value = _resting(value or {})
    if name == "alarms":
        value = [
            {
                **alarm,
                "Tags": {tag["Key"]: tag["Value"] for tag in alarm.get("Tags", ()) if not tag["Key"].startswith(MARK)},
            }
            for alarm in value or ()
        ]
    if name == "event_source_mappings":
        # A restored table's mappings are off until somebody switches over to it.
        value = [{key: item for key, item in mapping.items() if key != "Enabled"} for mapping in value or ()]
    return _keyed(value)


def _resting(capacity: Mapping[str, Any]) -> dict[str, Any]:
    """Without the units that autoscaling moves."""

    def part(value: Mapping[str, Any]) -> dict[str, Any]:
        rates = {
            kind: {key: item for key, item in rate.items() if key != "initial_units"}
            for kind, rate in value.items()
            if kind in ("read", "write")
        }
        return {**value, **rates}

    return {**part(capacity), "indexes": [part(index) for index in capacity.get("indexes", ())]}


def _keyed(value: Any) -> Any:
    """Lists whose elements have an identity as mappings by it."""
    if isinstance(value, Mapping):
        return {key: _keyed(item) for key, item in value.items()}
    if not isinstance(value, list | tuple):
        return value
    elements = [_keyed(item) for item in value]
    for key in _IDENTITIES:
        if elements and all(isinstance(element, Mapping) and key in element for element in elements):
            return {str(element[key]): element for element in elements}
    return elements
