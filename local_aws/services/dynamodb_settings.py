# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is set on a DynamoDB table beside the table: expiry of items, tags, policies, insights, Kinesis.

moto lacks insights and Kinesis, and the rest has no states and no limits there. "ack-api-quirks": see dynamodb.py.
"""

from __future__ import annotations

import json
from typing import Any

from moto.dynamodb.models.table import Table
from moto.kinesis.models import kinesis_backends

from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services.dynamodb import Database, date
from local_aws.services.dynamodb_state import Destination, Insights, Policy, TableState

# botocore, UpdateTimeToLive: "Any additional UpdateTimeToLive calls for the same table during this one hour duration
# result in a ValidationException". ack-api-quirks DDB-TABLE-143 saw half an hour.
_TTL_LOCK = 3600
_INSIGHTS_PER_PAGE = 100
_ALL_KEYS = "ACCESSED_AND_THROTTLED_KEYS"
_LARGEST_POLICY = 20_480


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text)


@rule("dynamodb", "UpdateTimeToLive")
def update_time_to_live(call: Call) -> Result:
    """One change an hour, and none that changes nothing: ack-api-quirks DDB-TABLE-143, texts of DDB-TABLE-442.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    """
    database = Database(call.account, call.region)
    state = database.open_for_change(call.arguments["TableName"])
    asked = call.arguments["TimeToLiveSpecification"]
    ttl = state.ttl
    if asked["Enabled"] and ttl.enabled:
        if asked["AttributeName"] == ttl.attribute:
            raise _invalid("TimeToLive is already enabled")
        raise _invalid(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {ttl.attribute}",
        )
    if not asked["Enabled"] and not ttl.enabled:
        raise _invalid("TimeToLive is already disabled")
    if ttl.changed_at is not None and ttl.changed_at + _TTL_LOCK > database.now:
        raise _invalid("Time to live has been modified multiple times within a fixed interval")
    ttl.enabled = bool(asked["Enabled"])
    ttl.attribute = str(asked["AttributeName"])
    ttl.changed_at, ttl.done_at = database.now, database.done_at
    return {"TimeToLiveSpecification": asked}


@rule("dynamodb", "DescribeTimeToLive")
def describe_time_to_live(call: Call) -> Result:
    """Not while the table comes or goes: ack-api-quirks DDB-TABLE-442."""
    database = Database(call.account, call.region)
    state = database.open(call.arguments["TableName"])
    doing = "DELETING" if state.deleted_at is not None else "CREATING" if state.active_at > database.now else ""
    if doing:
        raise _invalid(
            f"Cannot describe time to live while table is in {doing} state: Current table state is {doing}",
        )
    return {"TimeToLiveDescription": state.ttl.describe(database.now)}


def _tagged(call: Call, for_change: bool = False) -> Table:
    database = Database(call.account, call.region)
    arn = str(call.arguments["ResourceArn"])
    try:
        state = database.open_for_change(arn) if for_change else database.open(arn)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        name = arn.rsplit("/", 1)[-1]
        raise AwsError(error.code, f"Requested resource not found: Table: {name} not found") from None
    return state.table


@rule("dynamodb", "TagResource")
def tag_resource(call: Call) -> Result:
    """A tag that is there gets the new value; moto has it twice then.

    botocore, Tag: "If you try to add an existing tag (same key), the existing tag value will be updated".
    """
    table = _tagged(call, for_change=True)
    tags = {tag["Key"]: tag for tag in [*table.tags, *call.arguments["Tags"]]}
    table.tags = list(tags.values())
    return {}


@rule("dynamodb", "UntagResource", "ListTagsOfResource")
def other_tags(call: Call) -> None:
    """A table that is being restored has none yet: ack-api-quirks DDB-TABLE-217."""
    _tagged(call, for_change=call.operation == "UntagResource")


def _owner(call: Call, for_change: bool) -> tuple[Database, TableState, str]:
    """The table that a policy is about: its own ARN, or that of its stream."""
    database = Database(call.account, call.region)
    arn = str(call.arguments["ResourceArn"])
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[3:5] != [call.region, call.account.id] or "/index/" in arn:
        raise _invalid(f"Invalid ResourceArn: {arn}")
    name = parts[5].removeprefix("table/").split("/", 1)[0]
    return database, database.open_for_change(name) if for_change else database.open(name), arn


def _not_found(arn: str) -> AwsError:
    return AwsError("PolicyNotFoundException", f"Resource-based policy not found for the provided ResourceArn: {arn}")


def _refuse_policy_change(call: Call, database: Database, state: TableState, expected: str) -> None:
    """Conditions on the revision, and the time that must lie between two changes.

    botocore, PutResourcePolicy.ExpectedRevisionId; ack-api-quirks DDB-TABLE-206: within 15 s of the last change
    ThrottlingException with the time at which it may be tried again.
    """
    arn = str(call.arguments["ResourceArn"])
    policy = state.policies.get(arn)
    if expected == "NO_POLICY" and policy is not None:
        raise AwsError(
            "PolicyNotFoundException",
            "Resource-based policy not found for the provided ResourceArn: Requested policy update expecting none to "
            f"be present for table {state.table.name}, but a policy exists with revision id {policy.revision}.",
        )
    if expected not in ("", "NO_POLICY") and (policy is None or policy.revision != expected):
        raise AwsError(
            "PolicyNotFoundException",
            "Resource-based policy not found for the provided ResourceArn: Requested update for policy with revision "
            f"id {expected}, but it did not match that of table {state.table.name}.",
        )
    free_at = (state.policy_changed_at or 0.0) + call.account.settings.policy_cooldown_seconds
    if free_at > database.now:
        raise AwsError(
            "ThrottlingException",
            f"The resource-based policy of table {state.table.name} was modified within the previous "
            f"{int(call.account.settings.policy_cooldown_seconds * 1000)} milliseconds. Please try again after "
            f"{date(free_at).strftime('%Y-%m-%dT%H:%M:%SZ')}",
        )


def _revision(database: Database, state: TableState) -> str:
    """The time of the change in milliseconds (ack-api-quirks DDB-TABLE-207); two changes never have the same."""
    known = [int(policy.revision) for policy in state.policies.values()]
    return str(max([int(database.now * 1000), *(revision + 1 for revision in known)]))


@rule("dynamodb", "PutResourcePolicy")
def put_resource_policy(call: Call) -> Result:
    """The same document is no change: "running it multiple times on the same resource using the same policy document
    will return the same revision ID" (botocore, PutResourcePolicy).
    """
    database, state, arn = _owner(call, for_change=True)
    text = str(call.arguments["Policy"])
    document = _document(text)
    policy = state.policies.get(arn)
    expected = str(call.arguments.get("ExpectedRevisionId") or "")
    if policy is not None and expected in ("", policy.revision) and json.loads(policy.text) == document:
        return {"RevisionId": policy.revision}
    _refuse_policy_change(call, database, state, expected)
    # It is given back without the blanks that it came with: ack-api-quirks DDB-TABLE-208.
    policy = Policy(json.dumps(document, separators=(",", ":")), _revision(database, state))
    state.policies[arn] = policy
    state.policy_changed_at = database.now
    return {"RevisionId": policy.revision}


def _document(text: str) -> Any:
    if len(text.encode()) > _LARGEST_POLICY:
        raise _invalid(f"Policy exceeds the maximum size of {_LARGEST_POLICY} bytes")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _invalid(f"Invalid policy document: {error}") from None
    if not isinstance(document, dict):
        raise _invalid("Invalid policy document: it is not a JSON object")
    return document


@rule("dynamodb", "GetResourcePolicy")
def get_resource_policy(call: Call) -> Result:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html"""
    _database, state, arn = _owner(call, for_change=False)
    if arn not in state.policies:
        raise _not_found(arn)
    return {"Policy": state.policies[arn].text, "RevisionId": state.policies[arn].revision}


@rule("dynamodb", "DeleteResourcePolicy")
def delete_resource_policy(call: Call) -> Result:
    """Where there is none it is no error, "unless you specify an ExpectedRevisionId".

    botocore, DeleteResourcePolicy.
    """
    database, state, arn = _owner(call, for_change=True)
    expected = str(call.arguments.get("ExpectedRevisionId") or "")
    if arn not in state.policies and not expected:
        return {}
    _refuse_policy_change(call, database, state, expected)
    revision = _revision(database, state)
    del state.policies[arn]
    state.policy_changed_at = database.now
    return {"RevisionId": revision}


def _insights_of(call: Call) -> tuple[Database, TableState, str]:
    database = Database(call.account, call.region)
    state = database.open(call.arguments["TableName"])
    index = str(call.arguments.get("IndexName") or "")
    if index:
        database.part(state.table.name, index)
    return database, state, index


def _named(state: TableState, index: str) -> Result:
    return {"TableName": state.table.name, **({"IndexName": index} if index else {})}


@rule("dynamodb", "UpdateContributorInsights")
def update_contributor_insights(call: Call) -> Result:
    """What is so already changes nothing; without a mode all keys are tracked: ack-api-quirks DDB-TABLE-090 and 091.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContributorInsights.html
    """
    database, state, index = _insights_of(call)
    creating = max(state.active_at, state.index(index).created_until if index else 0.0) > database.now
    if creating:
        raise _invalid(
            "Table or Index is not in a valid state to update Key Access Insights: "
            f"{'Index' if index else 'Table'}Status must be ACTIVE to enable ContributorInsights.",
        )
    enabled = call.arguments["ContributorInsightsAction"] == "ENABLE"
    known = state.insights.get(index)
    mode = str(call.arguments.get("ContributorInsightsMode") or _ALL_KEYS)
    if not enabled and known is not None:
        mode = known.mode
    if (known is not None and (known.enabled, known.mode) != (enabled, mode)) or (known is None and enabled):
        known = Insights(mode, enabled, database.now, database.done_at)
        state.insights[index] = known
    status = known.status(database.now) if known is not None else "DISABLED"
    return {**_named(state, index), "ContributorInsightsStatus": status, "ContributorInsightsMode": mode}


@rule("dynamodb", "DescribeContributorInsights")
def describe_contributor_insights(call: Call) -> Result:
    """One that never was on has no more than its status: ack-api-quirks DDB-TABLE-089.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html has the names
    of the rules: partition keys and, where there are sort keys, both, each accessed and throttled.
    """
    database, state, index = _insights_of(call)
    known = state.insights.get(index)
    if known is None:
        return {**_named(state, index), "ContributorInsightsStatus": "DISABLED"}
    status = known.status(database.now)
    answer: Result = {
        **_named(state, index),
        "ContributorInsightsStatus": status,
        "ContributorInsightsMode": known.mode,
        "LastUpdateDateTime": date(known.changed_at),
    }
    if status == "ENABLED":
        schema = state.table.get_index(index).schema if index else state.table.schema
        kinds = ["PKT"] if known.mode != _ALL_KEYS else ["PKC", "PKT"]
        kinds += [kind.replace("P", "S", 1) for kind in kinds] if len(schema) > 1 else []
        of = f"{state.table.name}-{index}" if index else state.table.name
        answer["ContributorInsightsRuleList"] = [
            f"DynamoDBContributorInsights-{kind}-{of}-{int(known.changed_at * 1000)}" for kind in kinds
        ]
    return answer


@rule("dynamodb", "ListContributorInsights")
def list_contributor_insights(call: Call) -> Result:
    """Those that are not off, a table before its indexes: ack-api-quirks DDB-TABLE-343."""
    database = Database(call.account, call.region)
    name = call.arguments.get("TableName")
    states = [database.open(name)] if name else database.all()
    found = [
        {
            **_named(state, index),
            "ContributorInsightsStatus": insights.status(database.now),
            "ContributorInsightsMode": insights.mode,
        }
        for state in states
        for index, insights in sorted(state.insights.items())
        if insights.status(database.now) != "DISABLED"
    ]
    shown, token = page(found, call.arguments.get("NextToken"), call.arguments.get("MaxResults"), _INSIGHTS_PER_PAGE)
    return {"ContributorInsightsSummaries": shown, **({"NextToken": token} if token else {})}


def _destinations_of(call: Call) -> tuple[Database, TableState, str]:
    database = Database(call.account, call.region)
    return database, database.open(call.arguments["TableName"]), str(call.arguments.get("StreamArn") or "")


@rule("dynamodb", "EnableKinesisStreamingDestination")
def enable_destination(call: Call) -> Result:
    """One live destination; whether the stream is there shows only in the state that it reaches.

    ack-api-quirks, table-policy-kinesis-autoscaling: "Enable never validates the stream synchronously (nonexistent
    [...] -> 200 ENABLING, then ENABLE_FAILED with a DestinationStatusDescription".
    """
    database, state, arn = _destinations_of(call)
    live = [one.status(database.now) not in ("DISABLED", "ENABLE_FAILED") for one in state.destinations.values()]
    if any(live) or state.active_at > database.now or state.deleted_at is not None:
        raise _invalid(
            "Table is not in a valid state to enable Kinesis Streaming Destination: EnableKinesisStreamingDestination "
            "must be DISABLED or ENABLE_FAILED to perform ENABLE operation.",
        )
    asked = call.arguments.get("EnableKinesisStreamingConfiguration") or {}
    there = any(stream.arn == arn for stream in kinesis_backends[call.account.id][call.region].streams.values())
    state.destinations[arn] = Destination(
        status_next="ACTIVE" if there else "ENABLE_FAILED",
        done_at=database.done_at,
        status_now="ENABLING",
        precision=str(asked.get("ApproximateCreationDateTimePrecision") or ""),
        problem="" if there else "User does not have a permission to use kinesis stream",
    )
    return _destination(state, arn, "ENABLING", "EnableKinesisStreamingConfiguration")


def _destination(state: TableState, arn: str, status: str, option: str) -> Result:
    answer: Result = {"TableName": state.table.name, "StreamArn": arn, "DestinationStatus": status}
    precision = state.destinations[arn].precision
    return {**answer, option: {"ApproximateCreationDateTimePrecision": precision}} if precision else answer


@rule("dynamodb", "DisableKinesisStreamingDestination")
def disable_destination(call: Call) -> Result:
    """Only one that is ACTIVE; it stays in the list as DISABLED for a while (ack-api-quirks DDB-TABLE-300)."""
    database, state, arn = _destinations_of(call)
    known = state.destinations.get(arn)
    if known is None or known.status(database.now) != "ACTIVE":
        raise _invalid(
            "Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must "
            "be ACTIVE to perform DISABLE operation.",
        )
    known.status_now, known.status_next, known.done_at = "DISABLING", "DISABLED", database.done_at
    return _destination(state, arn, "DISABLING", "EnableKinesisStreamingConfiguration")


@rule("dynamodb", "UpdateKinesisStreamingDestination")
def update_destination(call: Call) -> Result:
    """The precision of the times, of a destination that is ACTIVE: ack-api-quirks DDB-TABLE-304 and 442."""
    database, state, arn = _destinations_of(call)
    known = state.destinations.get(arn)
    if known is None or known.status(database.now) != "ACTIVE":
        raise _invalid(
            "Table is not in a valid state to enable Kinesis Streaming Destination: Kinesis streaming is not in ACTIVE "
            f"state. Updates are only allowed in ACTIVE state. TableName: {state.table.name}, kdsArn: {arn}",
        )
    asked = str(call.arguments["UpdateKinesisStreamingConfiguration"]["ApproximateCreationDateTimePrecision"])
    if asked == (known.precision or "MILLISECOND"):
        raise _invalid(
            f"Invalid Request: Precision is already set to the desired value of {asked} for tableId: {state.id}, "
            f"kdsArn: {arn}",
        )
    known.precision = asked
    known.status_now, known.status_next, known.done_at = "UPDATING", "ACTIVE", database.done_at
    return _destination(state, arn, "UPDATING", "UpdateKinesisStreamingConfiguration")


@rule("dynamodb", "DescribeKinesisStreamingDestination")
def describe_destinations(call: Call) -> Result:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeKinesisStreamingDestination.html"""
    database, state, _arn = _destinations_of(call)
    shown = []
    for arn, known in state.destinations.items():
        status = known.status(database.now)
        entry = {"StreamArn": arn, "DestinationStatus": status}
        if known.precision:
            entry["ApproximateCreationDateTimePrecision"] = known.precision
        if status == "ENABLE_FAILED":
            entry["DestinationStatusDescription"] = known.problem
        shown.append(entry)
    return {"TableName": state.table.name, "KinesisDataStreamDestinations": shown}
