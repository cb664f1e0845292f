# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Application Auto Scaling of one number: its bounds, its target-tracking policy and its scheduled actions.

Shared by everything that AWS scales this way: provisioned concurrency of Lambda aliases, capacity units of DynamoDB
tables and indexes. Reading is `fetch_autoscaling`; the rest is pure.

The shape of an autoscaling (an option of the modules, and what they return):

    {state: present, min_capacity: 10, max_capacity: 100,
     target_utilization: 70,           # percent; 0: no target-tracking policy
     scale_in_cooldown: 0, scale_out_cooldown: 0, disable_scale_in: false, policy_name: "…",   # only with a policy
     schedules: [{name, schedule, timezone, start_time, end_time, min_capacity, max_capacity}],   # the last 4: or unset
     suspended: [scale_in, scale_out, schedules]}
    {state: absent}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused

SERVICE = "application-autoscaling"

LAMBDA_DIMENSION = "lambda:function:ProvisionedConcurrency"

# A new target without a policy and without schedules would never scale, so it gets this one (percent): what the
# DynamoDB console proposes, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.Console.html
DEFAULT_UTILIZATION = 70

AUTOSCALING_SPEC: dict[str, Any] = {
    "type": "dict",
    "options": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "min_capacity": {"type": "int"},
        "max_capacity": {"type": "int"},
        "target_utilization": {"type": "float"},
        "scale_in_cooldown": {"type": "int"},
        "scale_out_cooldown": {"type": "int"},
        "disable_scale_in": {"type": "bool"},
        "policy_name": {"type": "str"},
        "suspended": {"type": "list", "elements": "str", "choices": ["scale_in", "scale_out", "schedules"]},
        "schedules": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                "schedule": {"type": "str"},
                "timezone": {"type": "str"},
                "start_time": {"type": "str"},
                "end_time": {"type": "str"},
                "min_capacity": {"type": "raw"},
                "max_capacity": {"type": "raw"},
            },
        },
    },
}


class _Aws(Protocol):
    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]: ...


@dataclass(frozen=True)
class _Dimension:
    """What is particular to one scalable dimension.

    Attributes:
        metric: The predefined metric that a target-tracking policy follows.
        unit: The metric's value that is one percent.
        least: The lowest capacity.
        utilization: The range of target utilisations, in percent.
        policy: The name of a new policy.
    """

    metric: str
    unit: float
    least: int
    utilization: tuple[int, int]
    policy: str


# Metrics: API_PredefinedMetricSpecification. The lowest minimum: API_RegisterScalableTarget, MinCapacity ("For the
# following resources, the minimum value allowed is 0", Lambda provisioned concurrency among them; otherwise 1).
# Utilisation of DynamoDB 20 to 90: developerguide/AutoScaling.html; of Lambda 0.1 to 0.9: the AWS CDK's
# aws-lambda/lib/private/scalable-function-attribute.ts, written by the service's own people.
_DYNAMODB_READ = _Dimension("DynamoDBReadCapacityUtilization", 1, 1, (20, 90), "runbook-read-capacity")
_DYNAMODB_WRITE = _Dimension("DynamoDBWriteCapacityUtilization", 1, 1, (20, 90), "runbook-write-capacity")
_DIMENSIONS: dict[str, _Dimension] = {
    LAMBDA_DIMENSION: _Dimension(
        "LambdaProvisionedConcurrencyUtilization", 0.01, 0, (10, 90), "runbook-provisioned-concurrency"
    ),
    "dynamodb:table:ReadCapacityUnits": _DYNAMODB_READ,
    "dynamodb:index:ReadCapacityUnits": _DYNAMODB_READ,
    "dynamodb:table:WriteCapacityUnits": _DYNAMODB_WRITE,
    "dynamodb:index:WriteCapacityUnits": _DYNAMODB_WRITE,
}

ABSENT: Mapping[str, Any] = {"state": "absent"}

# The word for nothing where a schedule need not have something: left out, it would be left alone.
UNSET = "unset"

_BOUNDS = ("min_capacity", "max_capacity")
_POLICY = ("target_utilization", "scale_in_cooldown", "scale_out_cooldown", "disable_scale_in", "policy_name")
_SCHEDULE_OPTIONAL = ("start_time", "end_time", *_BOUNDS)
_COOLDOWNS = ("scale_in_cooldown", "scale_out_cooldown")
_SUSPENSIONS = {
    "scale_in": "DynamicScalingInSuspended",
    "scale_out": "DynamicScalingOutSuspended",
    "schedules": "ScheduledScalingSuspended",
}

# API_DescribeScalableTargets takes at most 50 ids in ResourceIds.
_RESOURCES_A_CALL = 50
# Up to so many scaled resources, their policies and actions are asked for one by one; above, the namespace is listed
# (10 policies or 50 actions a page: API_DescribeScalingPolicies, API_DescribeScheduledActions).
_RESOURCES_ONE_BY_ONE = 8


def fetch_autoscaling(
    aws: _Aws, service_namespace: str, resource_ids: Iterable[str] | None = None
) -> dict[tuple[str, str], dict[str, Any]]:
    """The autoscaling of many resources, in few calls.

    Args:
        aws: The way to AWS.
        service_namespace: `lambda` or `dynamodb`.
        resource_ids: Application Auto Scaling's own ids, for example `table/NAME` or `function:NAME:ALIAS`;
            none for every resource of the namespace.

    Returns:
        The autoscaling by resource id and dimension; nothing for what is not a scalable target. Beside the shape's
        own keys it has `other_policies`: names of policies that this module cannot describe.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    selections: list[dict[str, Any]] = [{}]
    if resource_ids is not None:
        wanted = list(dict.fromkeys(resource_ids))
        selections = [
            {"ResourceIds": wanted[start : start + _RESOURCES_A_CALL]}
            for start in range(0, len(wanted), _RESOURCES_A_CALL)
        ]
    targets = [
        target
        for selection in selections
        for target in aws.pages(
            SERVICE, "DescribeScalableTargets", "ScalableTargets", ServiceNamespace=service_namespace, **selection
        )
    ]
    scaled = list(dict.fromkeys(target["ResourceId"] for target in targets))
    policies = _of_each(aws, service_namespace, scaled, "DescribeScalingPolicies", "ScalingPolicies")
    actions = _of_each(aws, service_namespace, scaled, "DescribeScheduledActions", "ScheduledActions")
    return {
        (key := (target["ResourceId"], target["ScalableDimension"])): _state(
            target, policies.get(key, ()), actions.get(key, ())
        )
        for target in targets
    }


def _of_each(
    aws: _Aws, service_namespace: str, resource_ids: Sequence[str], operation: str, result_key: str
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    if len(resource_ids) > _RESOURCES_ONE_BY_ONE:
        items = aws.pages(SERVICE, operation, result_key, ServiceNamespace=service_namespace)
    else:
        items = [
            item
            for resource_id in resource_ids
            for item in aws.pages(
                SERVICE, operation, result_key, ServiceNamespace=service_namespace, ResourceId=resource_id
            )
        ]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in items:
        found.setdefault((item["ResourceId"], item.get("ScalableDimension", "")), []).append(item)
    return found


def _state(
    target: Mapping[str, Any], policies: Sequence[Mapping[str, Any]], actions: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """One scalable target, as the shape."""
    dimension = _DIMENSIONS.get(target["ScalableDimension"])
    ours: dict[str, Any] = {"target_utilization": 0}
    others = []
    for policy in sorted(policies, key=lambda item: item["PolicyName"]):
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration", {})
        metric = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        if dimension is None or metric != dimension.metric or "policy_name" in ours:
            others.append(policy["PolicyName"])
            continue
        ours = {
            "target_utilization": _number(tracking["TargetValue"] / dimension.unit),
            # No cooldown means 0 for Lambda and DynamoDB: API_TargetTrackingScalingPolicyConfiguration refers to
            # userguide/target-tracking-scaling-policy-overview.html, "Define cooldown periods".
            "scale_in_cooldown": tracking.get("ScaleInCooldown", 0),
            "scale_out_cooldown": tracking.get("ScaleOutCooldown", 0),
            "disable_scale_in": tracking.get("DisableScaleIn", False),
            "policy_name": policy["PolicyName"],
        }
    suspended = target.get("SuspendedState") or {}
    return {
        "state": "present",
        "min_capacity": target["MinCapacity"],
        "max_capacity": target["MaxCapacity"],
        **ours,
        "schedules": sorted((_schedule_state(action) for action in actions), key=lambda item: item["name"]),
        "suspended": [word for word, field in _SUSPENSIONS.items() if suspended.get(field)],
        "other_policies": others,
    }


def _schedule_state(action: Mapping[str, Any]) -> dict[str, Any]:
    bounds = action.get("ScalableTargetAction") or {}
    return _schedule(
        {
            "name": action["ScheduledActionName"],
            "schedule": action["Schedule"],
            "timezone": action.get("Timezone"),
            "start_time": action.get("StartTime"),
            "end_time": action.get("EndTime"),
            "min_capacity": bounds.get("MinCapacity"),
            "max_capacity": bounds.get("MaxCapacity"),
        },
        action["ScheduledActionName"],
    )


def shape_autoscaling(current: Mapping[str, Any] | None) -> dict[str, Any]:
    """What `fetch_autoscaling` found as a valid value of the option: all of it, and nothing else.

    Args:
        current: What was found, or none for what is not a scalable target.
    """
    if current is None or current.get("state") == "absent":
        return dict(ABSENT)
    return {
        key: value
        for key, value in current.items()
        if key != "other_policies" and not (key in ("schedules", "suspended") and not value)
    }


def autoscaling_notes(subject: str, current: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[str, ...]:
    """What an operator should know about an autoscaling that is there after the task.

    Args:
        subject: What is scaled, as the operator knows it.
        current: What `fetch_autoscaling` found.
        after: What `plan_autoscaling` gave as `after`.
    """
    if after.get("state") == "absent":
        return ()
    suspended = after.get("suspended", (current or {}).get("suspended", ()))
    others = (current or {}).get("other_policies", ())
    notes = []
    if suspended:
        notes.append(f"{subject}: its scaling is suspended ({', '.join(suspended)}) and stays so; set suspended to [].")
    if others:
        notes.append(
            f"{subject}: it is also scaled by {', '.join(others)}, which this module leaves alone;"
            " the policy that asks for most wins."
        )
    return tuple(notes)


def plan_autoscaling(
    service_namespace: str,
    resource_id: str,
    dimension: str,
    current: Mapping[str, Any] | None,
    desired: Mapping[str, Any],
    *,
    stage: int = 0,
    removal_stage: int = 0,
) -> tuple[dict[str, Any], dict[str, Any], tuple[Call, ...]]:
    """How to get from one autoscaling to another. Only what is asked for is changed.

    Args:
        service_namespace: `lambda` or `dynamodb`.
        resource_id: For example `table/NAME/index/INDEX`.
        dimension: For example `dynamodb:index:ReadCapacityUnits`.
        current: What `fetch_autoscaling` found, or none for what is not a scalable target.
        desired: A value of the option; what is missing or none is left alone.
        stage: Stage of the calls that make or change it.
        removal_stage: Stage of the call that removes it. AWS leaves the scaled number where it is then.

    Returns:
        Before, after (valid values of the option: what the task names, or all of it if it comes or goes), and the calls.

    Raises:
        Refused: The wish makes no sense, or could not be undone.
    """
    wish = _Wish.read(resource_id, _DIMENSIONS[dimension], desired)
    identity = {"ServiceNamespace": service_namespace, "ResourceId": resource_id, "ScalableDimension": dimension}
    there = current is not None and current.get("state") != "absent"
    if wish.absent:
        if current is None or not there:
            return dict(ABSENT), dict(ABSENT), ()
        # DeregisterScalableTarget "deletes the scaling policies and the scheduled actions" (its API page).
        if others := current.get("other_policies"):
            raise Refused(
                f"{resource_id}: removing its autoscaling would delete the policies {', '.join(others)}, which this"
                " module could not put back. Delete them yourself first, or move the bounds instead."
            )
        call = Call(SERVICE, "DeregisterScalableTarget", identity, stage=removal_stage)
        return shape_autoscaling(current), dict(ABSENT), (call,)
    old: Mapping[str, Any] = current if current is not None and there else {"target_utilization": 0}
    new = wish.applied_to(old, new=not there)
    calls = (
        *_target_calls(identity, old, new, stage),
        *_policy_calls(identity, _DIMENSIONS[dimension], old, new, stage),
        *_schedule_calls(identity, old, new, stage),
    )
    if not there:
        return dict(ABSENT), shape_autoscaling(new), calls
    return _named(old, desired, old, new), _named(new, desired, old, new), calls


@dataclass(frozen=True)
class _Wish:
    """A checked value of the option."""

    subject: str
    dimension: _Dimension
    absent: bool
    values: Mapping[str, Any]
    schedules: Mapping[str, Mapping[str, Any] | None]

    @classmethod
    def read(cls, subject: str, dimension: _Dimension, desired: Mapping[str, Any]) -> _Wish:
        given = {key: value for key, value in desired.items() if value is not None}
        absent = given.pop("state", "present") == "absent"
        listed = given.pop("schedules", [])
        if absent and (given or listed):
            raise Refused(f"{subject}: autoscaling is to be absent, and yet has settings. Leave out one of the two.")
        for key in _BOUNDS:
            _whole(subject, key, given.get(key), dimension.least)
        for key in _COOLDOWNS:
            _whole(subject, key, given.get(key), 0)
        if "target_utilization" in given:
            given["target_utilization"] = _utilization(subject, dimension, given["target_utilization"])
        schedules: dict[str, Mapping[str, Any] | None] = {}
        for item in listed:
            if item["name"] in schedules:
                raise Refused(f"{subject}: the schedule {item['name']} is named twice. Leave out one of the two.")
            schedules[item["name"]] = None if item.get("state") == "absent" else item
        return cls(subject, dimension, absent, given, schedules)

    def applied_to(self, old: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        """The whole state that the wish leads to."""
        schedules: dict[str, Mapping[str, Any] | None] = {item["name"]: item for item in old.get("schedules", ())}
        for name, item in self.schedules.items():
            was = schedules.get(name) or {}
            schedules[name] = None if item is None else _wanted_schedule(self.subject, self.dimension, was, item)
        state = {
            "state": "present",
            **{key: self.values.get(key, old.get(key)) for key in _BOUNDS},
            **self._policy(old, default=DEFAULT_UTILIZATION if new and not any(schedules.values()) else 0),
            "schedules": [schedule for _name, schedule in sorted(schedules.items()) if schedule],
            "suspended": [
                word for word in _SUSPENSIONS if word in self.values.get("suspended", old.get("suspended", ()))
            ],
            "other_policies": old.get("other_policies", ()),
        }
        missing = [key for key in _BOUNDS if state[key] is None]
        if missing:
            raise Refused(
                f"{self.subject}: it has no autoscaling yet, and a new one needs {' and '.join(missing)}: give both."
            )
        _ordered(self.subject, state)
        return state

    def _policy(self, old: Mapping[str, Any], default: int) -> dict[str, Any]:
        utilization = self.values.get("target_utilization", old["target_utilization"] or default)
        settings = [key for key in _POLICY[1:] if key in self.values and key != "policy_name"]
        if not utilization:
            if settings:
                raise Refused(
                    f"{self.subject}: {', '.join(settings)} belong to a target-tracking policy, and there is none."
                    " Give target_utilization as well, or leave them out."
                )
            return {"target_utilization": 0}
        return {
            "target_utilization": utilization,
            **{key: self.values.get(key, old.get(key, 0)) for key in _COOLDOWNS},
            "disable_scale_in": self.values.get("disable_scale_in", old.get("disable_scale_in", False)),
            # A policy cannot be renamed (API_PutScalingPolicy, PolicyName), and its name means nothing to AWS.
            "policy_name": old.get("policy_name") or self.values.get("policy_name") or self.dimension.policy,
        }


def _wanted_schedule(
    subject: str, dimension: _Dimension, old: Mapping[str, Any], item: Mapping[str, Any]
) -> dict[str, Any]:
    label = f"{subject}, schedule {item['name']}"
    given = {key: value for key, value in item.items() if value is not None}
    merged = {key: None if value == UNSET else value for key, value in {**old, **given}.items()}
    if not re.fullmatch(r"(at|cron|rate)\(.+\)", merged.get("schedule") or ""):
        raise Refused(f"{label}: give schedule as at(2026-12-01T08:00:00), cron(0 8 * * ? *) or rate(1 hour).")
    for key in _BOUNDS:
        value = merged.get(key)
        merged[key] = int(value) if isinstance(value, str) and value.isdecimal() else value
        _whole(label, key, merged[key], dimension.least)
    if all(merged.get(key) is None for key in _BOUNDS):
        raise Refused(f"{label}: give the min_capacity or the max_capacity that it sets, or both.")
    schedule = _schedule(merged, label)
    _ordered(label, schedule)
    return schedule


def _schedule(item: Mapping[str, Any], label: str) -> dict[str, Any]:
    """A schedule in the one form in which two that mean the same are equal."""
    timed = not item["schedule"].startswith("rate(")
    values = {
        "name": item["name"],
        "schedule": item["schedule"],
        # "If a time zone is not provided, UTC is used by default"; it has no meaning for rates (API_PutScheduledAction).
        "timezone": (item.get("timezone") or "UTC") if timed else None,
        "start_time": _time(label, "start_time", item.get("start_time")),
        "end_time": _time(label, "end_time", item.get("end_time")),
        "min_capacity": item.get("min_capacity"),
        "max_capacity": item.get("max_capacity"),
    }
    return {key: value for key, value in values.items() if value is not None}


def _time(label: str, key: str, value: datetime | str | None) -> str | None:
    """A time as AWS means it: in UTC."""
    if value is None:
        return None
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise Refused(f"{label}: {key} is {value}: give it as 2026-12-01T08:00:00Z.") from None
    utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return utc.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _target_calls(
    identity: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any], stage: int
) -> Iterable[Call]:
    """Bounds and suspension: "any parameters that you don't specify are not changed" (API_RegisterScalableTarget)."""
    arguments: dict[str, Any] = {}
    if any(new[key] != old.get(key) for key in _BOUNDS):
        arguments |= {"MinCapacity": new["min_capacity"], "MaxCapacity": new["max_capacity"]}
    if list(new["suspended"]) != list(old.get("suspended", ())):
        arguments["SuspendedState"] = {field: word in new["suspended"] for word, field in _SUSPENSIONS.items()}
    if arguments:
        yield Call(SERVICE, "RegisterScalableTarget", {**identity, **arguments}, stage=stage)


def _policy_calls(
    identity: Mapping[str, Any], dimension: _Dimension, old: Mapping[str, Any], new: Mapping[str, Any], stage: int
) -> Iterable[Call]:
    if all(new.get(key) == old.get(key) for key in _POLICY):
        return
    if not new["target_utilization"]:
        yield Call(SERVICE, "DeleteScalingPolicy", {**identity, "PolicyName": old["policy_name"]}, stage=stage)
        return
    configuration = {
        "TargetValue": round(new["target_utilization"] * dimension.unit, 6),
        "PredefinedMetricSpecification": {"PredefinedMetricType": dimension.metric},
        "ScaleInCooldown": new["scale_in_cooldown"],
        "ScaleOutCooldown": new["scale_out_cooldown"],
        "DisableScaleIn": new["disable_scale_in"],
    }
    arguments = {
        **identity,
        "PolicyName": new["policy_name"],
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": configuration,
    }
    yield Call(SERVICE, "PutScalingPolicy", arguments, stage=stage)


def _schedule_calls(
    identity: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any], stage: int
) -> Iterable[Call]:
    before = {item["name"]: item for item in old.get("schedules", ())}
    after = {item["name"]: item for item in new["schedules"]}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) == after.get(name):
            continue
        action = {**identity, "ScheduledActionName": name}
        # API_PutScheduledAction says of the times only that they go when they are not given, so an action that is to
        # lose anything is made anew.
        if name in before and not before[name].keys() <= after.get(name, {}).keys():
            yield Call(SERVICE, "DeleteScheduledAction", action, stage=stage)
        if name in after:
            yield Call(SERVICE, "PutScheduledAction", {**action, **_action_arguments(after[name])}, stage=stage)


def _action_arguments(schedule: Mapping[str, Any]) -> dict[str, Any]:
    words = {"schedule": "Schedule", "timezone": "Timezone", "start_time": "StartTime", "end_time": "EndTime"}
    bounds = {"min_capacity": "MinCapacity", "max_capacity": "MaxCapacity"}
    return {
        **{field: schedule[key] for key, field in words.items() if key in schedule},
        "ScalableTargetAction": {field: schedule[key] for key, field in bounds.items() if key in schedule},
    }


def _named(
    state: Mapping[str, Any], desired: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """Of a state what the task names, so that giving it back undoes the task and nothing more."""
    named = {key for key, value in desired.items() if value is not None}
    if bool(old["target_utilization"]) != bool(new["target_utilization"]):
        named |= set(_POLICY)  # the policy comes or goes, and all of it with it
    keys = [key for key in ("state", *_BOUNDS, *_POLICY, "suspended") if key == "state" or key in named]
    picked = {key: state[key] for key in keys if key in state}
    if "schedules" in named:
        picked["schedules"] = [_named_schedule(item, state, old, new) for item in desired["schedules"]]
    return picked


def _named_schedule(
    item: Mapping[str, Any], state: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """A schedule as it is, with a word for what the task adds to it or takes from it."""
    here, was, will = (
        {schedule["name"]: schedule for schedule in where.get("schedules", ())}.get(item["name"])
        for where in (state, old, new)
    )
    if here is None:
        return {"name": item["name"], "state": "absent"}
    either = {key for key in _SCHEDULE_OPTIONAL if (was and key in was) or (will and key in will)}
    told = {key for key in _SCHEDULE_OPTIONAL if item.get(key) == UNSET}
    both = was is not None and will is not None
    return {**here, **{key: UNSET for key in sorted(told | either if both else told) if key not in here}}


def _utilization(subject: str, dimension: _Dimension, value: float) -> float:
    least, most = dimension.utilization
    if isinstance(value, bool) or (value != 0 and not least <= value <= most):
        raise Refused(
            f"{subject}: target_utilization is {_number(value)}: give {least} to {most} (percent), or 0 for no policy."
        )
    return _number(value)


def _whole(subject: str, key: str, value: Any, least: int) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise Refused(f"{subject}: {key} is {value}: give a whole number, {least} or more.")


def _ordered(subject: str, bounds: Mapping[str, Any]) -> None:
    least, most = bounds.get("min_capacity"), bounds.get("max_capacity")
    if least is not None and most is not None and least > most:
        raise Refused(
            f"{subject}: min_capacity would be {least} and max_capacity {most}. Give both, the minimum not above the maximum."
        )


def _number(value: float) -> float:
    """70 rather than 70.00000000000001 or 70.0: what the operator wrote."""
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded
