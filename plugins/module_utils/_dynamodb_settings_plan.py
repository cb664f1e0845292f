# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a DynamoDB table gets the settings that another one has. Pure; `plan_settings` is the entry.

Settings are only given, never taken away: what the table has beside them is told by `parity`.

The short names of sources in the comments are those of `_dynamodb_settings.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import (
    KINDS,
    PROVISIONED,
    UNIT_FIELDS,
    Capacity,
    Rate,
    TableState,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr, plan_pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_plan import plan_capacity
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    FROM_TAG,
    STREAM_LABEL,
    TableArn,
    same_key,
    watches,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused, Settle, Target


@dataclass(frozen=True)
class Place:
    """The table that gets the settings.

    Attributes:
        arn: Which one.
        state: Its capacity.
        settings: The settings that it has.
        stream_arn: Its stream, if it has one.
        every_alarm: All alarms of the account and region by name, so that none on something else is written over.
    """

    arn: TableArn
    state: TableState
    settings: Mapping[str, Any]
    stream_arn: str = ""
    every_alarm: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def lacks(self, name: str, wanted: Mapping[str, Any]) -> bool:
        """Whether a setting is wanted that it does not have so."""
        return bool(wanted.get(name)) and wanted[name] != self.settings.get(name)


def plan_settings(
    place: Place, wanted: Mapping[str, Any], source: str, marks: Mapping[str, str], seal: Mapping[str, str]
) -> tuple[tuple[Call, ...], tuple[str, ...]]:
    """The calls that give a table what it lacks, in the order that AWS needs.

    UpdateTable is refused while the table is UPDATING (model, UpdateTable), so each one is waited for, and what may set
    the table UPDATING later, its autoscaling, comes after them. The stream is made before what hangs on it.

    Args:
        place: The table, as it is.
        wanted: The settings, as this table is to have them (`_dynamodb_settings.moved`).
        source: Name of the table that they are from.
        marks: Tags that say where the table comes from, which it gets before all else.
        seal: Tags that say that it has everything, which it gets last.

    Returns:
        The calls, and what the operator should know.

    Raises:
        Refused: AWS could not do it.
    """
    place, created = _indexes(place, wanted)
    capacity, scaling, notes = _capacity(place, wanted)
    mappings = [*_mappings(place, wanted)]
    if mappings:
        functions = ", ".join(call.arguments["FunctionName"].rpartition(":function:")[2] for call in mappings)
        notes = (*notes, f"{place.arn.name}: its event source mappings are made disabled ({functions}).")
    calls = (
        *_tags(place, {**wanted.get("tags", {}), **marks}),
        *created,
        *capacity,
        *_table(place, wanted),
        *_time_to_live(place, wanted),
        *_pitr(place, wanted),
        *_policies(place, wanted),
        *_insights(place, wanted),
        *_kinesis(place, wanted),
        *scaling,
        *_alarms(place, wanted, source),
        *mappings,
        *_tags(place, seal),
    )
    return calls, notes


def _active(place: Place, until: str = "") -> Settle:
    return Settle("table_active", {"TableName": place.arn.name}, until=until)


def _tags(place: Place, wanted: Mapping[str, str]) -> Iterator[Call]:
    has = place.settings.get("tags", {})
    if tags := [{"Key": key, "Value": value} for key, value in wanted.items() if has.get(key) != value]:
        yield Call("dynamodb", "TagResource", {"ResourceArn": str(place.arn), "Tags": tags})


def _indexes(place: Place, wanted: Mapping[str, Any]) -> tuple[Place, list[Call]]:
    """Indexes that a backup did not have yet. "One of the following operations at once: Create a new global secondary
    index" (model, UpdateTable), so one after the other."""
    there = {index["name"] for index in place.settings.get("indexes", ())}
    lacking = [index for index in wanted.get("indexes", ()) if index["name"] not in there]
    if not lacking:
        return place, []
    unmakeable = [index["name"] for index in lacking if index["type"] != "global"]
    if unmakeable:
        raise Refused(
            f"{place.arn.name}: the index {', '.join(unmakeable)} is not in what is restored, and AWS adds only global"
            " secondary indexes to a table that is there. Leave it out with indexes, or put indexes into"
            " settings_except."
        )
    parts = {part["name"]: part for part in wanted.get("capacity", {}).get("indexes", ())}
    calls = []
    indexes = dict(place.state.indexes)
    for index in lacking:
        rates = {
            kind: Rate(_units(parts.get(index["name"], {}).get(kind, {})) or place.state.capacity.rates[kind].units)
            for kind in KINDS
        }
        units = {UNIT_FIELDS[kind]: rate.units for kind, rate in rates.items()}
        throughput = {"ProvisionedThroughput": units} if place.state.mode == PROVISIONED else {}
        types = [{"AttributeName": name, "AttributeType": kind} for name, kind in index["attributes"].items()]
        create = {"IndexName": index["name"], **index["definition"], **throughput}
        calls.append(
            Call(
                "dynamodb",
                "UpdateTable",
                {
                    "TableName": place.arn.name,
                    "AttributeDefinitions": types,
                    "GlobalSecondaryIndexUpdates": [{"Create": create}],
                },
                settle=_active(place),
            )
        )
        subject = f"{place.arn.name}, index {index['name']}"
        indexes[index["name"]] = Capacity(subject, f"table/{place.arn.name}/index/{index['name']}", rates)
    settings = {**place.settings, "indexes": [*place.settings.get("indexes", ()), *lacking]}
    return replace(place, state=replace(place.state, indexes=indexes), settings=settings), calls


def _units(rate: Mapping[str, Any]) -> int:
    return int(rate.get("units") or rate.get("initial_units") or 0)


def _capacity(place: Place, wanted: Mapping[str, Any]) -> tuple[tuple[Call, ...], tuple[Call, ...], tuple[str, ...]]:
    """What changes the table itself, what registers its autoscaling, and notes."""
    if "capacity" not in wanted:
        return (), (), ()
    element = {**wanted["capacity"], "name": place.arn.name}
    element["indexes"] = [part for part in element.get("indexes", ()) if part["name"] in place.state.indexes]
    plan = plan_capacity(Target(place.arn.name, element), place.state)
    table = tuple(call for call in plan.calls if call.service == "dynamodb")
    return table, tuple(call for call in plan.calls if call not in table), plan.notes


def _table(place: Place, wanted: Mapping[str, Any]) -> Iterator[Call]:
    """What else UpdateTable sets, one at a time."""

    def update(**arguments: Any) -> Call:
        return Call("dynamodb", "UpdateTable", {"TableName": place.arn.name, **arguments}, settle=_active(place))

    if place.lacks("stream", wanted):
        # What hangs on the stream takes its ARN from here.
        yield replace(
            update(StreamSpecification={"StreamEnabled": True, "StreamViewType": wanted["stream"]}),
            learns={
                "_stream_arn": "TableDescription.LatestStreamArn",
                **({"_stream_policy": _with_label(wanted["stream_policy"])} if wanted.get("stream_policy") else {}),
            },
        )
    if "sse" in wanted and wanted["sse"].get("enabled") and not same_key(wanted["sse"], place.settings.get("sse", {})):
        yield update(SSESpecification=sse_specification(wanted["sse"]))
    if place.lacks("deletion_protection", wanted):
        yield update(DeletionProtectionEnabled=True)
    if place.lacks("table_class", wanted):
        yield update(TableClass=wanted["table_class"])


def sse_specification(sse: Mapping[str, Any]) -> dict[str, Any]:
    """Encryption as AWS takes it."""
    if not sse.get("enabled"):
        return {"Enabled": False}
    key = sse.get("kms_master_key_id")
    return {"Enabled": True, "SSEType": "KMS", **({"KMSMasterKeyId": key} if key else {})}


def _with_label(policy: Mapping[str, Any]) -> str:
    """JMESPath that writes the policy of a stream whose label is known only when the stream has been made."""
    pieces = _document(policy).split(STREAM_LABEL)
    # A literal of JMESPath is JSON between backticks.
    literals = ["`" + json.dumps(piece).replace("`", "\\`") + "`" for piece in pieces]
    return f"join(TableDescription.LatestStreamLabel, [{', '.join(literals)}])"


def _document(policy: Mapping[str, Any]) -> str:
    # "DynamoDB counts whitespaces when calculating the size of a policy" (model, PutResourcePolicy).
    return json.dumps(policy, separators=(",", ":"))


def _time_to_live(place: Place, wanted: Mapping[str, Any]) -> Iterator[Call]:
    if place.lacks("ttl", wanted):
        # It may take an hour to be ENABLED (model, UpdateTimeToLive), so that is not waited for.
        specification = {"Enabled": True, "AttributeName": wanted["ttl"]}
        arguments = {"TableName": place.arn.name, "TimeToLiveSpecification": specification}
        yield Call("dynamodb", "UpdateTimeToLive", arguments)


def _pitr(place: Place, wanted: Mapping[str, Any]) -> Iterator[Call]:
    if place.lacks("pitr", wanted) and wanted["pitr"].get("state", "present") == "present":
        name, has = place.arn.name, place.settings.get("pitr", {})
        # A new table has no continuous backups for a moment, so a table without them is not taken to be ready.
        days = has.get("recovery_period_days")
        found = Pitr(name, days, None, None, ready=days is not None, read_at=place.state.read_at)
        yield from plan_pitr(Target(name, {"state": "present", **wanted["pitr"], "name": name}), found).calls


def _policies(place: Place, wanted: Mapping[str, Any]) -> Iterator[Call]:
    def put(name: str, **arguments: Any) -> Call:
        # "To conditionally attach a policy when no policy exists for the resource, specify NO_POLICY" (model,
        # PutResourcePolicy): what somebody else has attached meanwhile is not written over.
        guard = {} if place.settings.get(name) else {"ExpectedRevisionId": "NO_POLICY"}
        return Call("dynamodb", "PutResourcePolicy", {**arguments, **guard})

    if place.lacks("resource_policy", wanted):
        yield put("resource_policy", ResourceArn=str(place.arn), Policy=_document(wanted["resource_policy"]))
    if place.lacks("stream_policy", wanted):
        if place.stream_arn:
            label = place.stream_arn.rpartition("/")[2]
            document = _document(wanted["stream_policy"]).replace(STREAM_LABEL, label)
            yield put("stream_policy", ResourceArn=place.stream_arn, Policy=document)
        elif wanted.get("stream"):
            yield replace(put("stream_policy"), taken={"ResourceArn": "_stream_arn", "Policy": "_stream_policy"})


def _insights(place: Place, wanted: Mapping[str, Any]) -> Iterator[Call]:
    modes, has = wanted.get("contributor_insights", {}), place.settings.get("contributor_insights", {})
    there = {index["name"] for index in place.settings.get("indexes", ())}
    parts: list[tuple[dict[str, str], str | None, str | None]] = [({}, modes.get("table"), has.get("table"))]
    for index, mode in modes.get("indexes", {}).items():
        if index in there:
            parts.append(({"IndexName": index}, mode, has.get("indexes", {}).get(index)))
    for which, mode, old in parts:
        if not mode or mode == old:
            continue
        subject = {"TableName": place.arn.name, **which}
        # A mode came to the API later, and this is what it does without one.
        also = {} if mode == "ACCESSED_AND_THROTTLED_KEYS" and not old else {"ContributorInsightsMode": mode}
        yield Call(
            "dynamodb",
            "UpdateContributorInsights",
            {**subject, "ContributorInsightsAction": "ENABLE", **also},
            settle=Settle("contributor_insights_enabled", subject),
        )


def _kinesis(place: Place, wanted: Mapping[str, Any]) -> Iterator[Call]:
    has = {item["stream_arn"] for item in place.settings.get("kinesis", ())}
    for item in wanted.get("kinesis", ()):
        if item["stream_arn"] in has:
            continue
        precision = item.get("precision", "MILLISECOND")
        configuration = {"EnableKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": precision}}
        yield Call(
            "dynamodb",
            "EnableKinesisStreamingDestination",
            {
                "TableName": place.arn.name,
                "StreamArn": item["stream_arn"],
                **(configuration if precision != "MILLISECOND" else {}),
            },
            settle=Settle("kinesis_streaming", {"TableName": place.arn.name}),
        )


def _alarms(place: Place, wanted: Mapping[str, Any], source: str) -> Iterator[Call]:
    has = {alarm["AlarmName"]: alarm for alarm in place.settings.get("alarms", ())}
    for alarm in wanted.get("alarms", ()):
        name = alarm["AlarmName"]
        if name in place.every_alarm and not watches(place.every_alarm[name], place.arn.name):
            raise Refused(
                f"{place.arn.name}: its alarm would be called {name}, and there is such an alarm on something else."
                " Rename that one, or give the table another target name."
            )
        tags = _merged(alarm.get("Tags", ()), source)
        old = has.get(name)
        if old is None:
            yield Call("cloudwatch", "PutMetricAlarm", {**alarm, "Tags": tags})
            continue
        # "If you are using this operation to update an existing alarm, any tags you specify in this parameter are
        # ignored": botocore's text of PutMetricAlarm.
        definition = {key: value for key, value in alarm.items() if key != "Tags"}
        if definition != {key: value for key, value in old.items() if key != "Tags"}:
            yield Call("cloudwatch", "PutMetricAlarm", definition)
        if lacking := [tag for tag in tags if tag not in old.get("Tags", ())]:
            arn = f"arn:{place.arn.partition}:cloudwatch:{place.arn.region}:{place.arn.account}:alarm:{name}"
            yield Call("cloudwatch", "TagResource", {"ResourceARN": arn, "Tags": lacking})


def _merged(tags: Iterable[Mapping[str, str]], source: str) -> list[dict[str, str]]:
    # Only where it comes from: that is how `state: absent` knows the alarms that are its own.
    both = {**{tag["Key"]: tag["Value"] for tag in tags}, FROM_TAG: source}
    return [{"Key": key, "Value": value} for key, value in sorted(both.items())]


def _mappings(place: Place, wanted: Mapping[str, Any]) -> Iterator[Call]:
    """Disabled: until somebody switches over, the functions are fed by the source's stream."""
    if not place.stream_arn and not wanted.get("stream"):
        return
    has = {mapping["FunctionName"] for mapping in place.settings.get("event_source_mappings", ())}
    lacking = [item for item in wanted.get("event_source_mappings", ()) if item["FunctionName"] not in has]
    for number, mapping in enumerate(lacking, start=1):
        uuid = f"_mapping_{number}"
        given = {"EventSourceArn": place.stream_arn} if place.stream_arn else {}
        taken = {} if place.stream_arn else {"EventSourceArn": "_stream_arn"}
        yield Call(
            "lambda",
            "CreateEventSourceMapping",
            {**given, **mapping, "Enabled": False},
            settle=Settle("event_source_settled", taken={"UUID": uuid}),
            learns={uuid: "UUID"},
            taken=taken,
        )
