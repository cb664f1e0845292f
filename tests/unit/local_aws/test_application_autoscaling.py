# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS's scalable targets act on their tables and aliases; each of these fails on plain moto."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from aws_makers import make_function, make_table
from botocore.exceptions import ClientError

from local_aws import schedule
from local_aws.client import Account

READ = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/t",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}
WRITE = {**READ, "ScalableDimension": "dynamodb:table:WriteCapacityUnits"}
INDEX = {**READ, "ResourceId": "table/t/index/by-user", "ScalableDimension": "dynamodb:index:ReadCapacityUnits"}
ALIAS = {
    "ServiceNamespace": "lambda",
    "ResourceId": "function:f:live",
    "ScalableDimension": "lambda:function:ProvisionedConcurrency",
}


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def scaling(account: Account) -> Any:
    return account.client("application-autoscaling")


def register(account: Account, key: dict[str, str], low: int, high: int) -> None:
    scaling(account).register_scalable_target(**key, MinCapacity=low, MaxCapacity=high)


def table_units(account: Account) -> tuple[int, int]:
    throughput = account.client("dynamodb").describe_table(TableName="t")["Table"]["ProvisionedThroughput"]
    return throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]


def put_policy(account: Account, key: dict[str, str], metric: str, target: float) -> None:
    scaling(account).put_scaling_policy(
        **key,
        PolicyName="tracking",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        },
    )


@pytest.mark.parametrize(("low", "high", "expected"), [(20, 50, 20), (1, 5, 5), (1, 50, 10)])
def test_bounds_move_the_units_of_a_table(account: Account, low: int, high: int, expected: int) -> None:
    make_table(account)
    register(account, READ, low, high)
    account.advance(1)
    assert table_units(account) == (expected, 10)


def test_bounds_move_the_units_of_an_index(account: Account) -> None:
    client = make_table(account, indexes={"by-user": (5, 5)})
    register(account, INDEX, 8, 50)
    account.advance(1)
    index = client.describe_table(TableName="t")["Table"]["GlobalSecondaryIndexes"][0]
    assert index["ProvisionedThroughput"]["ReadCapacityUnits"] == 8
    assert table_units(account) == (10, 10)


def test_a_busy_table_gets_its_units_later(account: Account) -> None:
    client = make_table(account)
    account.settings(transition_seconds=60)
    register(account, READ, 20, 50)
    register(account, WRITE, 30, 50)
    account.advance(61)
    assert client.describe_table(TableName="t")["Table"]["TableStatus"] == "UPDATING"
    account.advance(61)
    assert client.describe_table(TableName="t")["Table"]["TableStatus"] == "ACTIVE"
    assert table_units(account) == (20, 30)


def test_units_set_by_hand_outside_the_bounds_stay(account: Account) -> None:
    client = make_table(account)
    register(account, READ, 5, 50)
    client.update_table(TableName="t", ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 10})
    account.advance(60)
    assert table_units(account) == (2, 10)


def test_a_target_of_an_on_demand_table_does_nothing(account: Account) -> None:
    make_table(account, units=None)
    register(account, READ, 20, 50)
    account.advance(1)
    assert table_units(account) == (0, 0)


def test_a_decrease_by_autoscaling_counts_and_fails_at_the_limit(account: Account) -> None:
    make_table(account, units=(100, 10))
    for high in (50, 40, 30, 20, 10):
        register(account, READ, 1, high)
        account.advance(1)
    assert table_units(account) == (20, 10)
    newest = scaling(account).describe_scaling_activities(ServiceNamespace="dynamodb")["ScalingActivities"][0]
    assert newest["StatusCode"] == "Failed"
    assert "decreases are limited" in newest["StatusMessage"]


def test_bounds_move_the_provisioned_concurrency_of_an_alias(account: Account) -> None:
    client = make_function(account)

    def provisioned() -> int:
        found = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
        return sum(item["RequestedProvisionedConcurrentExecutions"] for item in found)

    register(account, ALIAS, 5, 50)
    assert provisioned() == 5
    register(account, ALIAS, 1, 3)
    assert provisioned() == 3
    register(account, ALIAS, 0, 0)
    assert provisioned() == 0


@pytest.mark.parametrize(
    ("key", "low", "high", "text"),
    [
        (READ, 10, 5, "Maximum capacity cannot be less than minimum capacity"),
        (READ, 0, 5, "Minimum capacity cannot be less than 1"),
        ({**READ, "ResourceId": "table/missing"}, 1, 5, "DynamoDB table does not exist"),
        ({**READ, "ScalableDimension": "dynamodb:index:ReadCapacityUnits"}, 1, 5, "Unsupported"),
        ({**ALIAS, "ResourceId": "function:f"}, 1, 5, "Unsupported"),
        ({**ALIAS, "ResourceId": "function:f:$LATEST"}, 1, 5, "Unsupported"),
        ({**ALIAS, "ResourceId": "function:f:missing"}, 1, 5, "does not exist"),
    ],
)
def test_bad_targets_are_refused(account: Account, key: dict[str, str], low: int, high: int, text: str) -> None:
    make_table(account)
    make_function(account)
    with refused("ValidationException", text):
        register(account, key, low, high)


def test_an_update_keeps_what_it_does_not_name(account: Account) -> None:
    make_table(account)
    register(account, READ, 5, 50)
    scaling(account).register_scalable_target(**READ, MaxCapacity=60)
    target = scaling(account).describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (5, 60)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("deregister_scalable_target", {}),
        (
            "put_scaling_policy",
            {
                "PolicyName": "p",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70},
            },
        ),
        (
            "put_scheduled_action",
            {"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 1}},
        ),
        ("delete_scaling_policy", {"PolicyName": "p"}),
        ("delete_scheduled_action", {"ScheduledActionName": "a"}),
    ],
)
def test_everything_needs_a_registered_target(account: Account, operation: str, arguments: dict[str, Any]) -> None:
    make_table(account)
    with refused("ObjectNotFoundException", "resource ID: table/t"):
        getattr(scaling(account), operation)(**READ, **arguments)


@pytest.mark.parametrize(
    ("key", "metric", "target"),
    [
        (READ, "DynamoDBReadCapacityUtilization", 0.7),
        (READ, "DynamoDBWriteCapacityUtilization", 70),
        (ALIAS, "LambdaProvisionedConcurrencyUtilization", 70),
    ],
)
def test_a_policy_needs_the_metric_and_the_scale_of_its_dimension(
    account: Account, key: dict[str, str], metric: str, target: float
) -> None:
    make_table(account)
    make_function(account)
    register(account, key, 1, 5)
    with refused("ValidationException", metric):
        put_policy(account, key, metric, target)


def test_deregistering_removes_policies_alarms_and_actions(account: Account) -> None:
    make_table(account)
    register(account, READ, 5, 50)
    put_policy(account, READ, "DynamoDBReadCapacityUtilization", 70)
    scaling(account).put_scheduled_action(
        **READ, ScheduledActionName="a", Schedule="rate(1 day)", ScalableTargetAction={"MinCapacity": 9}
    )
    alarms = account.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking-table/t")["MetricAlarms"]
    assert sorted(alarm["StateValue"] for alarm in alarms) == ["ALARM", "OK"]
    scaling(account).deregister_scalable_target(**READ)
    assert not account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    register(account, READ, 5, 50)
    assert not scaling(account).describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]
    assert not scaling(account).describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"]


def test_policies_are_listed_ten_a_page(account: Account) -> None:
    for number in range(6):
        make_table(account, f"t{number}")
        for kind in ("Read", "Write"):
            key = {
                "ServiceNamespace": "dynamodb",
                "ResourceId": f"table/t{number}",
                "ScalableDimension": f"dynamodb:table:{kind}CapacityUnits",
            }
            register(account, key, 1, 50)
            put_policy(account, key, f"DynamoDB{kind}CapacityUtilization", 70)
    first = scaling(account).describe_scaling_policies(ServiceNamespace="dynamodb")
    rest = scaling(account).describe_scaling_policies(ServiceNamespace="dynamodb", NextToken=first["NextToken"])
    assert (len(first["ScalingPolicies"]), len(rest["ScalingPolicies"])) == (10, 2)
    pages = (
        scaling(account)
        .get_paginator("describe_scalable_targets")
        .paginate(ServiceNamespace="dynamodb", PaginationConfig={"PageSize": 5})
    )
    assert [len(found["ScalableTargets"]) for found in pages] == [5, 5, 2]


def test_a_scheduled_action_changes_the_bounds_and_the_units(account: Account) -> None:
    make_table(account)
    register(account, READ, 5, 50)
    when = datetime.datetime.fromtimestamp(account.advance(0) + 600, tz=datetime.UTC)
    scaling(account).put_scheduled_action(
        **READ,
        ScheduledActionName="opening",
        Schedule=f"at({when:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 30, "MaxCapacity": 100},
    )
    account.advance(590)
    assert table_units(account) == (10, 10)
    account.advance(15)
    assert account.client("dynamodb").describe_table(TableName="t")["Table"]["TableStatus"] == "UPDATING"
    account.advance(1)
    assert table_units(account) == (30, 10)
    target = scaling(account).describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (30, 100)


def test_a_suspended_target_runs_no_scheduled_action(account: Account) -> None:
    make_table(account)
    register(account, READ, 5, 50)
    scaling(account).register_scalable_target(**READ, SuspendedState={"ScheduledScalingSuspended": True})
    scaling(account).put_scheduled_action(
        **READ, ScheduledActionName="a", Schedule="rate(1 minute)", ScalableTargetAction={"MinCapacity": 30}
    )
    account.advance(120)
    assert table_units(account) == (10, 10)


def moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("expression", "zone", "after", "until", "expected"),
    [
        ("at(2026-11-27T08:00:00)", None, "2026-11-27T07:59:59Z", "2026-11-27T08:00:00Z", "2026-11-27T08:00:00Z"),
        (
            "at(2026-11-27T08:00:00)",
            "Europe/Berlin",
            "2026-11-27T06:00:00Z",
            "2026-11-27T09:00:00Z",
            "2026-11-27T07:00:00Z",
        ),
        ("at(2026-11-27T08:00:00)", None, "2026-11-27T08:00:00Z", "2026-11-28T08:00:00Z", None),
        ("rate(2 hours)", None, "2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z", "2026-01-01T04:00:00Z"),
        ("rate(1 day)", None, "2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z", None),
        ("cron(30 8 * * ? *)", None, "2026-01-01T00:00:00Z", "2026-01-02T07:00:00Z", "2026-01-01T08:30:00Z"),
        ("cron(0 8 ? * MON-FRI *)", None, "2026-11-20T09:00:00Z", "2026-11-23T07:59:00Z", None),
        ("cron(0 8 ? * MON-FRI *)", None, "2026-11-20T09:00:00Z", "2026-11-23T08:00:30Z", "2026-11-23T08:00:00Z"),
        ("cron(0/15 * * * ? *)", None, "2026-01-01T00:00:00Z", "2026-01-01T00:50:00Z", "2026-01-01T00:45:00Z"),
        ("cron(0 0 1 JAN,JUL ? 2027)", None, "2026-12-31T00:00:00Z", "2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z"),
    ],
)
def test_schedules_come_due(expression: str, zone: str | None, after: str, until: str, expected: str | None) -> None:
    parsed = schedule.parse(expression, zone)
    begun = moment("2026-01-01T00:00:00Z")
    due = parsed.latest(moment(after), moment(until), begun)
    assert due == (moment(expected) if expected else None)


@pytest.mark.parametrize(
    "expression",
    ["", "at(tomorrow)", "rate(0 minutes)", "rate(1 week)", "cron(* * *)", "cron(99 * * * ? *)", "every day"],
)
def test_bad_schedules_are_refused(account: Account, expression: str) -> None:
    make_table(account)
    register(account, READ, 5, 50)
    with refused("ValidationException", ""):
        scaling(account).put_scheduled_action(
            **READ, ScheduledActionName="a", Schedule=expression or " ", ScalableTargetAction={"MinCapacity": 9}
        )
