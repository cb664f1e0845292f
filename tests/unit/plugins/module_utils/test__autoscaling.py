# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from unit.botocore_model import assert_valid
from unit.small_lambda import SmallAws

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import (
    LAMBDA_DIMENSION,
    autoscaling_notes,
    fetch_autoscaling,
    plan_autoscaling,
    shape_autoscaling,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused

LIVE = "function:orders:live"
READ = "dynamodb:table:ReadCapacityUnits"
MORNING = {"name": "morning", "schedule": "cron(0 8 * * ? *)", "timezone": "Europe/Berlin", "min_capacity": 20}
ONCE = {
    "name": "once",
    "schedule": "at(2026-12-01T08:00:00)",
    "timezone": "UTC",
    "max_capacity": 300,
    "end_time": "2026-12-02T00:00:00Z",
}
BARE = {"min_capacity": 1, "max_capacity": 5, "target_utilization": 0}
FULL = {
    "min_capacity": 10,
    "max_capacity": 100,
    "target_utilization": 67.5,
    "scale_in_cooldown": 300,
    "scale_out_cooldown": 0,
    "disable_scale_in": True,
    "policy_name": "made-by-hand",
    "schedules": [MORNING, ONCE],
    "suspended": ["scale_in"],
}


def read(aws: SmallAws, namespace: str = "lambda", key: tuple[str, str] = (LIVE, LAMBDA_DIMENSION)) -> Any:
    return fetch_autoscaling(aws, namespace, [key[0]]).get(key)


def plan(current: Any, desired: dict[str, Any], dimension: str = LAMBDA_DIMENSION, resource: str = LIVE) -> Any:
    return plan_autoscaling(dimension.split(":")[0], resource, dimension, current, desired)


def having(desired: dict[str, Any] | None) -> SmallAws:
    """A world with this autoscaling."""
    aws = SmallAws()
    if desired:
        aws.apply(plan(None, desired)[2])
    return aws


STATES = {"none": None, "bounds only": BARE, "policy": {**BARE, "target_utilization": 70}, "everything": FULL}
WISHES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "gone": {"state": "absent"},
    "bounds": {"min_capacity": 50, "max_capacity": 500},
    "a policy": {"min_capacity": 2, "max_capacity": 9, "target_utilization": 55, "scale_out_cooldown": 30},
    "no policy": {"min_capacity": 2, "max_capacity": 9, "target_utilization": 0},
    "everything": FULL,
    "a new schedule": {"min_capacity": 2, "max_capacity": 30, "schedules": [{**MORNING, "name": "new"}]},
    "another hour": {
        "min_capacity": 1,
        "max_capacity": 90,
        "schedules": [{**MORNING, "schedule": "cron(0 6 * * ? *)", "max_capacity": 40}],
    },
    "a schedule without its end": {
        "max_capacity": 400,
        "min_capacity": 1,
        "schedules": [{**ONCE, "end_time": "unset"}],
    },
    "no schedule": {"min_capacity": 1, "max_capacity": 9, "schedules": [{"name": "morning", "state": "absent"}]},
    "resumed": {"min_capacity": 1, "max_capacity": 9, "suspended": []},
}


@pytest.mark.parametrize(("state", "wish"), [(s, w) for s in STATES for w in WISHES if (s, w) != ("none", "nothing")])
def test_a_second_run_changes_nothing_and_before_leads_back(state: str, wish: str) -> None:
    aws = having(STATES[state])
    original = read(aws)
    before, after, calls = plan(original, WISHES[wish])
    assert_valid(calls)
    aws.apply(calls)
    assert plan(read(aws), after) == (after, after, ())
    was, will, more = plan(read(aws), WISHES[wish])
    assert (was, more) == (will, ())
    _was, will, back = plan(read(aws), before)
    assert will == before
    assert bool(back) == bool(calls)
    aws.apply(back)
    assert read(aws) == original


def test_only_what_is_asked_for_is_changed() -> None:
    aws = having(FULL)
    before, after, calls = plan(read(aws), {"max_capacity": 200})
    assert (before, after) == (
        {"state": "present", "max_capacity": 100},
        {"state": "present", "max_capacity": 200},
    )
    assert [call.operation for call in calls] == ["RegisterScalableTarget"]
    aws.apply(calls)
    assert shape_autoscaling(read(aws)) == {"state": "present", **FULL, "max_capacity": 200}


def test_one_setting_of_a_schedule_can_be_changed_alone() -> None:
    aws = having(FULL)
    before, _after, calls = plan(read(aws), {"schedules": [{"name": "morning", "min_capacity": 25}]})
    assert before["schedules"] == [MORNING]
    aws.apply(calls)
    assert read(aws)["schedules"][0] == {**MORNING, "min_capacity": 25}
    assert [call.operation for call in calls] == ["PutScheduledAction"]


def test_a_schedule_that_loses_a_setting_is_made_anew() -> None:
    aws = having(FULL)
    calls = plan(read(aws), {"schedules": [{"name": "morning", "min_capacity": "unset", "max_capacity": 9}]})[2]
    assert [call.operation for call in calls] == ["DeleteScheduledAction", "PutScheduledAction"]
    assert calls[1].arguments["ScalableTargetAction"] == {"MaxCapacity": 9}


@pytest.mark.parametrize(
    ("time", "meant"),
    [
        ("2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"),
        ("2026-12-01 08:00:00", "2026-12-01T08:00:00Z"),
        ("2026-12-01T09:00:00+01:00", "2026-12-01T08:00:00Z"),
        (datetime(2026, 12, 1, 8, tzinfo=UTC), "2026-12-01T08:00:00Z"),
    ],
)
def test_times_are_compared_by_what_they_mean(time: Any, meant: str) -> None:
    schedule = {**ONCE, "start_time": time}
    after = plan(None, {**BARE, "schedules": [schedule]})[1]
    assert after["schedules"][0]["start_time"] == meant


def test_a_new_target_without_schedules_gets_a_policy_because_nothing_would_scale_otherwise() -> None:
    _before, after, calls = plan(None, {"min_capacity": 1, "max_capacity": 5})
    assert after["target_utilization"] == 70
    assert [call.operation for call in calls] == ["RegisterScalableTarget", "PutScalingPolicy"]


@pytest.mark.parametrize(
    ("dimension", "resource", "metric", "value"),
    [
        (LAMBDA_DIMENSION, LIVE, "LambdaProvisionedConcurrencyUtilization", 0.7),
        (READ, "table/t", "DynamoDBReadCapacityUtilization", 70),
        ("dynamodb:index:WriteCapacityUnits", "table/t/index/i", "DynamoDBWriteCapacityUtilization", 70),
    ],
)
def test_the_target_is_in_the_units_of_its_metric(dimension: str, resource: str, metric: str, value: float) -> None:
    calls = plan(None, {"min_capacity": 1, "max_capacity": 5, "target_utilization": 70}, dimension, resource)[2]
    assert_valid(calls)
    configuration = calls[1].arguments["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["TargetValue"] == value
    assert configuration["PredefinedMetricSpecification"] == {"PredefinedMetricType": metric}


@pytest.mark.parametrize(
    ("current", "desired", "says"),
    [
        (None, {}, "min_capacity and max_capacity"),
        (None, {"max_capacity": 5}, "needs min_capacity"),
        (BARE, {"min_capacity": 6}, "min_capacity would be 6 and max_capacity 5"),
        (BARE, {"min_capacity": -1}, "min_capacity is -1"),
        (BARE, {"max_capacity": True}, "max_capacity is True"),
        (BARE, {"target_utilization": 5}, "target_utilization is 5: give 10 to 90"),
        (BARE, {"target_utilization": 100}, "10 to 90"),
        (BARE, {"scale_in_cooldown": 60}, "there is none"),
        (BARE, {"target_utilization": 50, "scale_in_cooldown": -60}, "scale_in_cooldown is -60"),
        (BARE, {"state": "absent", "min_capacity": 1}, "yet has settings"),
        (BARE, {"schedules": [MORNING, MORNING]}, "named twice"),
        (BARE, {"schedules": [{"name": "x", "min_capacity": 1}]}, "give schedule as"),
        (BARE, {"schedules": [{**MORNING, "schedule": "every day"}]}, "give schedule as"),
        (BARE, {"schedules": [{**MORNING, "min_capacity": None}]}, "min_capacity or the max_capacity"),
        (BARE, {"schedules": [{**MORNING, "min_capacity": "many"}]}, "min_capacity is many"),
        (BARE, {"schedules": [{**MORNING, "max_capacity": 3}]}, "would be 20 and max_capacity 3"),
        (BARE, {"schedules": [{**MORNING, "start_time": "soon"}]}, "start_time is soon"),
    ],
)
def test_what_makes_no_sense_is_refused(current: Any, desired: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        plan(read(having(current)), desired)


def test_dynamodb_needs_at_least_one_unit() -> None:
    with pytest.raises(Refused, match="1 or more"):
        plan(None, {"min_capacity": 0, "max_capacity": 5}, READ, "table/t")
    assert plan(None, {"min_capacity": 0, "max_capacity": 5})[2]


def step_scaling(aws: SmallAws) -> None:
    identity = {"ServiceNamespace": "lambda", "ResourceId": LIVE, "ScalableDimension": LAMBDA_DIMENSION}
    aws.apply((Call("application-autoscaling", "PutScalingPolicy", {**identity, "PolicyName": "steps"}),))


def test_a_policy_that_could_not_be_put_back_is_not_deleted() -> None:
    aws = having(FULL)
    step_scaling(aws)
    with pytest.raises(Refused, match="steps"):
        plan(read(aws), {"state": "absent"})
    assert plan(read(aws), {"target_utilization": 0})[2][0].arguments["PolicyName"] == "made-by-hand"


def test_the_operator_is_told_of_suspended_scaling_and_of_other_policies() -> None:
    aws = having(FULL)
    step_scaling(aws)
    notes = autoscaling_notes("orders:live", read(aws), {"state": "present"})
    assert "scale_in" in notes[0]
    assert "steps" in notes[1]
    assert autoscaling_notes("orders:live", read(aws), {"state": "absent"}) == ()
    assert autoscaling_notes("orders:live", None, {"state": "present"}) == ()


def test_no_dimension_of_a_resource_is_taken_for_another() -> None:
    aws = SmallAws()
    for dimension in (READ, "dynamodb:table:WriteCapacityUnits"):
        aws.apply(plan(None, {"min_capacity": 1, "max_capacity": len(dimension)}, dimension, "table/t")[2])
    found = fetch_autoscaling(aws, "dynamodb", ["table/t"])
    assert {key[1]: state["max_capacity"] for key, state in found.items()} == {
        READ: len(READ),
        "dynamodb:table:WriteCapacityUnits": len("dynamodb:table:WriteCapacityUnits"),
    }
    assert {state["target_utilization"] for state in found.values()} == {70}


@pytest.mark.parametrize(
    ("asked", "scaled", "calls"),
    [
        (0, 0, {}),
        (1, 0, {"DescribeScalableTargets": 1}),
        (120, 0, {"DescribeScalableTargets": 3}),
        (120, 8, {"DescribeScalableTargets": 3, "DescribeScalingPolicies": 8, "DescribeScheduledActions": 8}),
        (120, 100, {"DescribeScalableTargets": 3, "DescribeScalingPolicies": 1, "DescribeScheduledActions": 1}),
    ],
)
def test_many_resources_take_few_calls(asked: int, scaled: int, calls: dict[str, int]) -> None:
    aws = SmallAws()
    for number in range(scaled):
        aws.apply(plan(None, BARE, resource=f"function:f{number}:live")[2])
    aws.calls.clear()
    found = fetch_autoscaling(aws, "lambda", [f"function:f{number}:live" for number in range(asked)])
    assert len(found) == scaled
    assert aws.counts == calls
