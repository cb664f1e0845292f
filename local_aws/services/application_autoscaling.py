# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Application Auto Scaling: targets that act on the table or alias, policies, scheduled actions.

moto stores what it is told and nothing follows from it. Here the bounds of a target move the capacity of its table,
index or alias, through the same code as UpdateTable and PutProvisionedConcurrencyConfig.
"""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from moto.applicationautoscaling.models import ScalableDimensionValueSet, ServiceNamespaceValueSet
from moto.cloudwatch.models import cloudwatch_backends

from local_aws import schedule
from local_aws.accounts import AccountState
from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, on_time, rule
from local_aws.services import dynamodb, dynamodb_capacity, lambda_

Key = tuple[str, str, str]
_DIMENSIONS = {item.value for item in ScalableDimensionValueSet}
_NAMESPACES = {item.value for item in ServiceNamespaceValueSet}
_RETRIED = "ResourceInUseException"
# The metric of a target-tracking policy and the targets that it takes: percent for tables, a fraction for functions.
# https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-dynamodb.html
# https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-lambda.html
_METRICS = {
    "dynamodb:table:ReadCapacityUnits": ("DynamoDBReadCapacityUtilization", 20.0, 90.0),
    "dynamodb:index:ReadCapacityUnits": ("DynamoDBReadCapacityUtilization", 20.0, 90.0),
    "dynamodb:table:WriteCapacityUnits": ("DynamoDBWriteCapacityUtilization", 20.0, 90.0),
    "dynamodb:index:WriteCapacityUnits": ("DynamoDBWriteCapacityUtilization", 20.0, 90.0),
    "lambda:function:ProvisionedConcurrency": ("LambdaProvisionedConcurrencyUtilization", 0.1, 0.9),
}


@dataclass
class Target:
    """A scalable target. `due` says that its bounds changed and the capacity is not inside them yet."""

    key: Key
    minimum: int
    maximum: int
    role: str
    suspended: dict[str, bool]
    arn: str
    created: float
    due: str = ""


@dataclass
class Policy:
    key: Key
    name: str
    kind: str
    body: dict[str, Any]
    arn: str
    created: float
    alarms: list[dict[str, str]]


@dataclass
class Action:
    key: Key
    name: str
    expression: str
    timezone: str | None
    start: float | None
    end: float | None
    bounds: dict[str, int]
    arn: str
    created: float
    seen_until: float
    schedule: schedule.Schedule


@dataclass
class Scaling:
    """Targets, policies, scheduled actions and activities of one account and region."""

    targets: dict[Key, Target] = field(default_factory=dict)
    policies: dict[tuple[Key, str], Policy] = field(default_factory=dict)
    actions: dict[tuple[Key, str], Action] = field(default_factory=dict)
    activities: list[Result] = field(default_factory=list)


class Resource(Protocol):
    """What a target scales. `name` is what its activities call the capacity."""

    name: str

    def current(self) -> int | None:
        """The capacity, None when there is nothing to scale now."""

    def set(self, units: int) -> None:
        """Change it; AwsError when the service refuses."""


class TableUnits:
    """Read or write units of a table or of an index."""

    def __init__(self, account: AccountState, region: str, key: Key) -> None:
        _namespace, resource_id, dimension = key
        parts = resource_id.split("/")
        self._table, self._index = parts[1], parts[3] if len(parts) > 3 else None
        self._database = dynamodb.Database(account, region)
        self._place = 0 if dimension.endswith("ReadCapacityUnits") else 1
        self.name = ("read", "write")[self._place] + " capacity units"

    def check(self) -> None:
        try:
            self._database.part(self._table, self._index)
        except AwsError as error:
            kind, name = ("table", self._table) if self._index is None else ("index", self._index)
            raise _invalid(f"DynamoDB {kind} does not exist: {name}") from error

    def current(self) -> int | None:
        state, _thing, _capacity = self._database.part(self._table, self._index)
        if self._database.mode_soon(state) == dynamodb_capacity.ON_DEMAND:
            # There are no units to set on an on-demand table: the target stays and does nothing.
            return None
        return self._database.units_soon(self._table, self._index)[self._place]

    def set(self, units: int) -> None:
        wanted = list(self._database.units_soon(self._table, self._index))
        wanted[self._place] = units
        self._database.set_units(self._table, self._index, (wanted[0], wanted[1]))


class ProvisionedConcurrency:
    """Provisioned concurrency of an alias or version."""

    name = "provisioned concurrency"

    def __init__(self, account: AccountState, region: str, key: Key) -> None:
        found = re.fullmatch(r"function:([\w-]+):([\w-]+)", key[1])
        if not found:
            # "the function name with a function version or alias name suffix that is not $LATEST"
            # (botocore, RegisterScalableTarget, ResourceId)
            raise _invalid("Unsupported service namespace, resource type or scalable dimension")
        self._function, self._qualifier = found.groups()
        self._functions = lambda_.Functions(account, region)

    def check(self) -> None:
        try:
            self._functions.find(self._function)
            self._functions.version_of(self._function, self._qualifier)
        except AwsError as error:
            raise _invalid(f"Lambda function does not exist: {self._function}:{self._qualifier}") from error

    def current(self) -> int | None:
        return self._functions.provisioned_now(self._function, self._qualifier)

    def set(self, units: int) -> None:
        if units == 0:
            self._functions.unprovision(self._function, self._qualifier)
        else:
            self._functions.provision(self._function, self._qualifier, units)


def _resource(account: AccountState, region: str, key: Key) -> TableUnits | ProvisionedConcurrency | None:
    """What a target scales here; None for the other services, whose targets are only stored."""
    if key[0] == "dynamodb":
        return TableUnits(account, region, key)
    return ProvisionedConcurrency(account, region, key) if key[0] == "lambda" else None


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text)


def _missing(what: str, key: Key, more: str = "") -> AwsError:
    return AwsError(
        "ObjectNotFoundException",
        f"No {what} for service namespace: {key[0]}, resource ID: {key[1]}, scalable dimension: {key[2]}{more}",
    )


def _date(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, tz=datetime.UTC)


def _scaling(call: Call) -> Scaling:
    return call.account.store(Scaling, call.region)


def _key(call: Call) -> Key:
    """The target that a call names; namespace, resource and dimension must belong together."""
    arguments = call.arguments
    key = str(arguments["ServiceNamespace"]), str(arguments["ResourceId"]), str(arguments["ScalableDimension"])
    namespace, kind, _property = (*key[2].split(":"), "", "")[:3]
    shapes = {
        "dynamodb:table": r"table/[^/]+",
        "dynamodb:index": r"table/[^/]+/index/[^/]+",
        "lambda:function": r"function:.+",
    }
    shape = shapes.get(f"{namespace}:{kind}", ".+")
    if key[0] not in _NAMESPACES or key[2] not in _DIMENSIONS or namespace != key[0] or not re.fullmatch(shape, key[1]):
        raise _invalid("Unsupported service namespace, resource type or scalable dimension")
    return key


def _target(call: Call) -> Target:
    target = _scaling(call).targets.get(_key(call))
    if target is None:
        raise _missing("scalable target registered", _key(call))
    return target


@on_time("application-autoscaling", "dynamodb", "lambda")
def act(account: AccountState) -> None:
    """Fire the scheduled actions that are due, then move capacities into their bounds."""
    for region in account.regions(Scaling):
        scaling = account.store(Scaling, region)
        dynamodb.settle(account)
        for action in list(scaling.actions.values()):
            _fire(account, scaling, action)
        for target in list(scaling.targets.values()):
            if target.due:
                _enforce(account, region, scaling, target)


def _fire(account: AccountState, scaling: Scaling, action: Action) -> None:
    """Run an action that came due since it was last looked at.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalableTargetAction.html
    """
    now = account.now()
    until = min(now, action.end) if action.end is not None else now
    after = max(action.seen_until, (action.start or 0.0) - 1)
    due = action.schedule.latest(after, until, action.start or action.created)
    action.seen_until = max(now, action.seen_until)
    target = scaling.targets.get(action.key)
    if due is None or target is None or target.suspended.get("ScheduledScalingSuspended"):
        return
    minimum = action.bounds.get("MinCapacity", target.minimum)
    maximum = action.bounds.get("MaxCapacity", target.maximum)
    if minimum <= maximum:
        target.minimum, target.maximum = minimum, maximum
        target.due = f"scheduled action name {action.name} was triggered"


def _enforce(account: AccountState, region: str, scaling: Scaling, target: Target) -> None:
    """Move the capacity into the bounds once; a busy resource is tried again, another refusal ends it.

    "If it's below the minimum capacity or above the maximum capacity, Application Auto Scaling adjusts the capacity of
    the scalable target to place it within these bounds" (botocore, RegisterScalableTarget). Only when the bounds were
    set: what somebody changes by hand later stays until an alarm fires.
    """
    resource = _resource(account, region, target.key)
    cause, target.due = target.due, ""
    if resource is None:
        return
    try:
        current = resource.current()
    except AwsError:
        # The resource is gone; its target stays behind, as it does on AWS.
        return
    if current is None:
        return
    wanted = min(max(current, target.minimum), target.maximum)
    if wanted == current:
        return
    if not cause.startswith("scheduled"):
        cause = f"{'minimum' if wanted > current else 'maximum'} capacity was set to {wanted}"
    failure = ""
    try:
        resource.set(wanted)
    except AwsError as error:
        if error.code == _RETRIED:
            target.due = cause
            return
        failure = f"Failed to set {resource.name} to {wanted}. Reason: {error.message}"
    now = _date(account.now())
    scaling.activities.insert(
        0,
        {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": target.key[0],
            "ResourceId": target.key[1],
            "ScalableDimension": target.key[2],
            "Description": f"Setting {resource.name} to {wanted}.",
            "Cause": cause,
            "StartTime": now,
            "EndTime": now,
            "StatusCode": "Failed" if failure else "Successful",
            "StatusMessage": failure or f"Successfully set {resource.name} to {wanted}.",
        },
    )


@rule("application-autoscaling", "RegisterScalableTarget")
def register_scalable_target(call: Call) -> Result:
    """Registers or updates a target and moves the capacity into its bounds.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """
    key, scaling, arguments = _key(call), _scaling(call), call.arguments
    resource = _resource(call.account, call.region, key)
    if resource is not None:
        resource.check()
    known = scaling.targets.get(key)
    minimum = arguments.get("MinCapacity", known.minimum if known else None)
    maximum = arguments.get("MaxCapacity", known.maximum if known else None)
    if minimum is None or maximum is None:
        raise _invalid("Minimum capacity and maximum capacity must be specified when registering a scalable target")
    least = 1 if key[0] == "dynamodb" else 0
    if minimum < least:
        raise _invalid(f"Minimum capacity cannot be less than {least}")
    if maximum < minimum:
        raise _invalid("Maximum capacity cannot be less than minimum capacity")
    place = f"{call.region}:{call.account.id}"
    target = known or Target(
        key=key,
        minimum=minimum,
        maximum=maximum,
        role=f"arn:aws:iam::{call.account.id}:role/aws-service-role/{key[0]}.application-autoscaling.amazonaws.com/"
        f"AWSServiceRoleForApplicationAutoScaling_{'DynamoDBTable' if key[0] == 'dynamodb' else 'LambdaConcurrency'}",
        suspended=dict.fromkeys(
            ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False
        ),
        arn=f"arn:aws:application-autoscaling:{place}:scalable-target/{uuid.uuid4().hex}",
        created=call.account.now(),
    )
    target.minimum, target.maximum = int(minimum), int(maximum)
    target.suspended.update(arguments.get("SuspendedState") or {})
    target.due = "bounds"
    scaling.targets[key] = target
    _enforce(call.account, call.region, scaling, target)
    return {"ScalableTargetARN": target.arn}


@rule("application-autoscaling", "DeregisterScalableTarget")
def deregister_scalable_target(call: Call) -> Result:
    """Policies and scheduled actions of the target go with it (botocore, DeregisterScalableTarget)."""
    key, scaling = _key(call), _scaling(call)
    if key not in scaling.targets:
        raise _missing("scalable target found", key)
    del scaling.targets[key]
    for policy in [item for item in scaling.policies.values() if item.key == key]:
        _drop_policy(call, policy)
    for action in [item for item in scaling.actions.values() if item.key == key]:
        del scaling.actions[key, action.name]
    return {}


@rule("application-autoscaling", "PutScalingPolicy")
def put_scaling_policy(call: Call) -> Result:
    """A policy needs a registered target; a target-tracking policy brings its alarms.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
    """
    key, scaling, arguments = _key(call), _scaling(call), call.arguments
    _target(call)
    name = str(arguments["PolicyName"])
    known = scaling.policies.get((key, name))
    kind = str(arguments.get("PolicyType") or (known.kind if known else "StepScaling"))
    option = {
        "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
        "StepScaling": "StepScalingPolicyConfiguration",
    }.get(kind)
    if option is None:
        raise _invalid(f"1 validation error detected: Value '{kind}' at 'policyType' failed to satisfy constraint")
    body = arguments.get(option) or (known.body if known else None)
    if body is None:
        raise _invalid(f"{option} is required for policy type {kind}")
    if kind == "TargetTrackingScaling":
        _check_tracking(key, body)
    if known:
        known.kind, known.body = kind, body
        return {"PolicyARN": known.arn, "Alarms": known.alarms}
    identity = uuid.uuid4()
    arn = (
        f"arn:aws:autoscaling:{call.region}:{call.account.id}:scalingPolicy:{identity}:resource/{key[0]}/{key[1]}:"
        f"policyName/{name}"
    )
    policy = Policy(key, name, kind, body, arn, call.account.now(), [])
    if kind == "TargetTrackingScaling":
        policy.alarms = _make_alarms(call, policy)
    scaling.policies[key, name] = policy
    return {"PolicyARN": policy.arn, "Alarms": policy.alarms}


def _check_tracking(key: Key, body: dict[str, Any]) -> None:
    known = _METRICS.get(key[2])
    metric = (body.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    if known is None or metric is None:
        return
    expected, least, most = known
    if metric != expected:
        raise _invalid(f"Metric type {metric} is not supported for scalable dimension {key[2]}")
    if not least <= float(body["TargetValue"]) <= most:
        raise _invalid(f"Target value {body['TargetValue']} must be between {least:g} and {most:g} for metric {metric}")


def _make_alarms(call: Call, policy: Policy) -> list[dict[str, str]]:
    """The two alarms that drive a target-tracking policy; an idle target's low alarm is in ALARM.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
    """
    namespace, resource_id, dimension = policy.key
    if namespace == "dynamodb":
        parts = resource_id.split("/")
        dimensions = [{"name": "TableName", "value": parts[1]}]
        if len(parts) > 3:
            dimensions.append({"name": "GlobalSecondaryIndexName", "value": parts[3]})
        metric, metric_namespace = f"Consumed{dimension.rsplit(':', 1)[-1]}", "AWS/DynamoDB"
    elif namespace == "lambda":
        _prefix, function, qualifier = resource_id.split(":")
        dimensions = [
            {"name": "FunctionName", "value": function},
            {"name": "Resource", "value": f"{function}:{qualifier}"},
        ]
        metric, metric_namespace = "ProvisionedConcurrencyUtilization", "AWS/Lambda"
    else:
        return []
    backend = cloudwatch_backends[call.account.id][call.region]
    made = []
    for level, comparison, periods in (("High", "GreaterThanThreshold", 2), ("Low", "LessThanThreshold", 15)):
        alarm = backend.put_metric_alarm(
            name=f"TargetTracking-{resource_id}-Alarm{level}-{uuid.uuid4()}",
            namespace=metric_namespace,
            metric_name=metric,
            metric_data_queries=[],
            comparison_operator=comparison,
            evaluation_periods=periods,
            period=60,
            threshold=float(policy.body["TargetValue"]),
            statistic="Sum",
            description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
            dimensions=[{"Name": item["name"], "Value": item["value"]} for item in dimensions],
            alarm_actions=[policy.arn],
        )
        if level == "Low":
            backend.set_alarm_state(alarm.name, "Threshold Crossed", "{}", "ALARM")
        made.append({"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn})
    return made


def _drop_policy(call: Call, policy: Policy) -> None:
    cloudwatch_backends[call.account.id][call.region].delete_alarms([alarm["AlarmName"] for alarm in policy.alarms])
    del _scaling(call).policies[policy.key, policy.name]


@rule("application-autoscaling", "DeleteScalingPolicy")
def delete_scaling_policy(call: Call) -> Result:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeleteScalingPolicy.html"""
    key, name = _key(call), str(call.arguments["PolicyName"])
    policy = _scaling(call).policies.get((key, name))
    if policy is None:
        raise _missing("scaling policy found", key, f", policy name: {name}")
    _drop_policy(call, policy)
    return {}


@rule("application-autoscaling", "PutScheduledAction")
def put_scheduled_action(call: Call) -> Result:
    """An action needs a registered target. "If you don't specify start and end times, the old values are deleted".

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
    """
    key, scaling, arguments = _key(call), _scaling(call), call.arguments
    _target(call)
    name = str(arguments["ScheduledActionName"])
    known = scaling.actions.get((key, name))
    expression = str(arguments.get("Schedule") or (known.expression if known else ""))
    timezone = arguments.get("Timezone") or (known.timezone if known else None)
    bounds = {**(known.bounds if known else {}), **(arguments.get("ScalableTargetAction") or {})}
    if not bounds:
        raise _invalid("MinCapacity or MaxCapacity must be specified in ScalableTargetAction")
    if bounds.get("MinCapacity", 0) > bounds.get("MaxCapacity", bounds.get("MinCapacity", 0)):
        raise _invalid("Maximum capacity cannot be less than minimum capacity")
    try:
        parsed = schedule.parse(expression, timezone)
    except schedule.BadSchedule as error:
        raise _invalid(f"Invalid schedule: {error}") from error
    now = call.account.now()
    place = f"{call.region}:{call.account.id}"
    start, end = arguments.get("StartTime"), arguments.get("EndTime")
    scaling.actions[key, name] = Action(
        key=key,
        name=name,
        expression=expression,
        timezone=timezone,
        start=start.timestamp() if start else None,
        end=end.timestamp() if end else None,
        bounds=bounds,
        arn=known.arn
        if known
        else f"arn:aws:autoscaling:{place}:scheduledAction:{uuid.uuid4()}:resource/{key[0]}/{key[1]}:"
        f"scheduledActionName/{name}",
        created=known.created if known else now,
        seen_until=now,
        schedule=parsed,
    )
    return {}


@rule("application-autoscaling", "DeleteScheduledAction")
def delete_scheduled_action(call: Call) -> Result:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeleteScheduledAction.html"""
    key, name = _key(call), str(call.arguments["ScheduledActionName"])
    if _scaling(call).actions.pop((key, name), None) is None:
        raise _missing("scheduled action found", key, f", scheduled action name: {name}")
    return {}


def _chosen(call: Call, key: Key) -> bool:
    arguments = call.arguments
    ids = arguments.get("ResourceIds") or ([arguments["ResourceId"]] if arguments.get("ResourceId") else [])
    return (
        key[0] == arguments["ServiceNamespace"]
        and (not ids or key[1] in ids)
        and arguments.get("ScalableDimension", key[2]) == key[2]
    )


def _shown_key(key: Key) -> Result:
    return {"ServiceNamespace": key[0], "ResourceId": key[1], "ScalableDimension": key[2]}


def _paged(call: Call, name: str, items: list[Result], most: int) -> Result:
    found, following = page(items, call.arguments.get("NextToken"), call.arguments.get("MaxResults"), most)
    return {name: found, "NextToken": following} if following else {name: found}


@rule("application-autoscaling", "DescribeScalableTargets")
def describe_scalable_targets(call: Call) -> Result:
    """50 a page at most.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
    """
    found = [
        {
            **_shown_key(target.key),
            "MinCapacity": target.minimum,
            "MaxCapacity": target.maximum,
            "RoleARN": target.role,
            "CreationTime": _date(target.created),
            "SuspendedState": dict(target.suspended),
            "ScalableTargetARN": target.arn,
        }
        for target in _scaling(call).targets.values()
        if _chosen(call, target.key)
    ]
    return _paged(call, "ScalableTargets", found, 50)


@rule("application-autoscaling", "DescribeScalingPolicies")
def describe_scaling_policies(call: Call) -> Result:
    """10 a page at most.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingPolicies.html
    """
    names = call.arguments.get("PolicyNames")
    found = [
        {
            **_shown_key(policy.key),
            "PolicyARN": policy.arn,
            "PolicyName": policy.name,
            "PolicyType": policy.kind,
            f"{policy.kind}PolicyConfiguration": policy.body,
            "Alarms": policy.alarms,
            "CreationTime": _date(policy.created),
        }
        for policy in _scaling(call).policies.values()
        if _chosen(call, policy.key) and (not names or policy.name in names)
    ]
    return _paged(call, "ScalingPolicies", found, 10)


@rule("application-autoscaling", "DescribeScheduledActions")
def describe_scheduled_actions(call: Call) -> Result:
    """50 a page at most.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScheduledActions.html
    """
    names = call.arguments.get("ScheduledActionNames")
    found: list[Result] = []
    for action in _scaling(call).actions.values():
        if not _chosen(call, action.key) or (names and action.name not in names):
            continue
        shown: Result = {
            **_shown_key(action.key),
            "ScheduledActionName": action.name,
            "ScheduledActionARN": action.arn,
            "Schedule": action.expression,
            "ScalableTargetAction": action.bounds,
            "CreationTime": _date(action.created),
        }
        if action.timezone:
            shown["Timezone"] = action.timezone
        if action.start is not None:
            shown["StartTime"] = _date(action.start)
        if action.end is not None:
            shown["EndTime"] = _date(action.end)
        found.append(shown)
    return _paged(call, "ScheduledActions", found, 50)


@rule("application-autoscaling", "DescribeScalingActivities")
def describe_scaling_activities(call: Call) -> Result:
    """Newest first, with the cause.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingActivity.html
    """
    found = [
        activity
        for activity in _scaling(call).activities
        if _chosen(call, (activity["ServiceNamespace"], activity["ResourceId"], activity["ScalableDimension"]))
    ]
    return _paged(call, "ScalingActivities", found, 50)
