# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_capacity against the embedded AWS, as its users run it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from integration.run_module import run_module
from integration.waiting import time_passes_after

from local_aws.client import Account

KINDS = ("Read", "Write")
# Of a policy: what is not given is this (API_TargetTrackingScalingPolicyConfiguration).
DEFAULTS = {"ScaleInCooldown": 0, "ScaleOutCooldown": 0, "DisableScaleIn": False}


def make_table(account: Account, name: str, *, units: int = 0, scaled: tuple[int, int] | None = None) -> None:
    """A table with an index `by-user`: provisioned with units, or on-demand; with autoscaling of everything."""
    throughput = {"ProvisionedThroughput": {f"{kind}CapacityUnits": units for kind in KINDS}} if units else {}
    account.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PROVISIONED" if units else "PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in ("id", "user")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-user",
                "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                **throughput,
            }
        ],
        **throughput,
    )
    wait_until_active(account, name)
    for target in targets_of(name) if scaled else ():
        scaling = account.client("application-autoscaling")
        scaling.register_scalable_target(**target, MinCapacity=scaled[0], MaxCapacity=scaled[1])
        metric = (
            "DynamoDBReadCapacityUtilization"
            if "Read" in target["ScalableDimension"]
            else "DynamoDBWriteCapacityUtilization"
        )
        scaling.put_scaling_policy(
            **target,
            PolicyName="by-load",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 60.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
                "ScaleInCooldown": 30,
            },
        )


def targets_of(name: str) -> list[dict[str, str]]:
    return [
        {
            "ServiceNamespace": "dynamodb",
            "ResourceId": resource,
            "ScalableDimension": f"dynamodb:{kind}:{unit}CapacityUnits",
        }
        for resource, kind in ((f"table/{name}", "table"), (f"table/{name}/index/by-user", "index"))
        for unit in KINDS
    ]


def describe(account: Account, name: str) -> dict[str, Any]:
    return account.client("dynamodb").describe_table(TableName=name)["Table"]


def wait_until_active(account: Account, name: str) -> None:
    for _look in range(100):
        table = describe(account, name)
        states = [table["TableStatus"], *(index["IndexStatus"] for index in table["GlobalSecondaryIndexes"])]
        if set(states) == {"ACTIVE"}:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} is {states}")


def capacity(account: Account, name: str) -> dict[str, Any]:
    """All capacity settings of a table, as AWS itself tells them."""
    table = describe(account, name)
    scaling = account.client("application-autoscaling")
    found: dict[str, Any] = {"mode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")}
    for part in (table, *table["GlobalSecondaryIndexes"]):
        found[part.get("IndexName", "")] = (
            [part["ProvisionedThroughput"][f"{kind}CapacityUnits"] for kind in KINDS],
            part.get("OnDemandThroughput"),
        )
    for target in targets_of(name):
        of_it = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        resource = {"ServiceNamespace": "dynamodb", "ResourceIds": [target["ResourceId"]]}
        key = f"{target['ResourceId']} {target['ScalableDimension']}"
        found[key] = (
            [
                (item["MinCapacity"], item["MaxCapacity"])
                for item in scaling.describe_scalable_targets(**resource)["ScalableTargets"]
                if item["ScalableDimension"] == target["ScalableDimension"]
            ],
            [
                (item["PolicyName"], {**DEFAULTS, **item["TargetTrackingScalingPolicyConfiguration"]})
                for item in scaling.describe_scaling_policies(**of_it)["ScalingPolicies"]
            ],
            [
                (item["ScheduledActionName"], item["Schedule"], item["ScalableTargetAction"])
                for item in scaling.describe_scheduled_actions(**of_it)["ScheduledActions"]
            ],
        )
    return found


def set_capacity(account: Account, tables: list[dict[str, Any]], **also: Any) -> dict[str, Any]:
    return run_module(account, "dynamodb_capacity", tables=tables, **also)


def writes(account: Account, since: int) -> list[str]:
    """What was written for the module: the embedded AWS's own autoscaling writes nothing through the API."""
    return [call["operation"] for call in account.mutating(since)]


BOTH = {"read": {"units": 60}, "write": {"units": 60}}
BOUNDS = {"autoscaling": {"min_capacity": 20, "max_capacity": 200}}
# One table of each kind, and what is wanted of it. All of them are one task.
WISHES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "units-and-indexes": ({"units": 10}, {**BOTH, "indexes": [{"name": "*", **BOTH}]}),
    "units-lowered": ({"units": 10}, {"read": {"units": 2}}),
    "bounds": ({"units": 10, "scaled": (5, 50)}, {"read": BOUNDS, "indexes": [{"name": "by-user", "write": BOUNDS}]}),
    "units-of-scaled": ({"units": 10, "scaled": (5, 50)}, {**BOTH, "indexes": [{"name": "*", **BOTH}]}),
    "scaling-comes": ({"units": 10}, {"write": BOUNDS}),
    "scaling-goes": (
        {"units": 10, "scaled": (5, 50)},
        {"write": {"units": 30, "autoscaling": {"state": "absent"}}},
    ),
    "schedules": (
        {"units": 10, "scaled": (5, 50)},
        {
            "read": {
                "autoscaling": {
                    "schedules": [{"name": "opening", "schedule": "cron(0 8 * * ? *)", "min_capacity": 20}],
                    "target_utilization": 50,
                }
            }
        },
    ),
    "to-on-demand": ({"units": 10}, {"billing_mode": "PAY_PER_REQUEST", "write": {"max_request_units": 500}}),
    "scaled-to-on-demand": ({"units": 10, "scaled": (5, 50)}, {"billing_mode": "PAY_PER_REQUEST"}),
    "maximum": (
        {},
        {"read": {"max_request_units": 4000}, "indexes": [{"name": "*", "read": {"max_request_units": 40}}]},
    ),
    "to-provisioned": ({}, {"billing_mode": "PROVISIONED", **BOTH, "indexes": [{"name": "*", **BOTH}]}),
}


def test_any_change_is_told_before_made_once_and_undone(account: Account) -> None:
    for name, (there, _wish) in WISHES.items():
        make_table(account, name, **there)
    original = {name: capacity(account, name) for name in WISHES}
    tables = [{"name": name, **wish} for name, (_there, wish) in WISHES.items()]

    mark = account.mark()
    told = set_capacity(account, tables, check=True)
    assert told["rc_"] == 0, told["output"]
    assert writes(account, mark) == []
    assert [result["target"] for result in told["results"] if not result["changed"]] == []

    mark = account.mark()
    made = set_capacity(account, tables)
    assert made["rc_"] == 0, made["output"]
    assert made["results"] == told["results"]
    planned = [call.partition(":")[2] for result in told["results"] for call in result["calls"]]
    assert sorted(writes(account, mark)) == sorted(planned)
    for name in WISHES:
        assert capacity(account, name) != original[name]

    mark = account.mark()
    again = set_capacity(account, tables)
    assert (again["rc_"], again["changed"], writes(account, mark)) == (0, False, [])

    undone = set_capacity(account, [result["before"] for result in made["results"]])
    assert undone["rc_"] == 0, undone["output"]
    for name in WISHES:
        wait_until_active(account, name)
        now = capacity(account, name)
        if WISHES[name][0].get("scaled"):
            # Autoscaling owns the units: they come down when it lowers them.
            for state in (now, original[name]):
                state[""], state["by-user"] = state[""][1], state["by-user"][1]
        assert now == original[name], name
    assert account.secret_key not in made["output"] + undone["output"]


def test_autoscaled_units_are_never_set_and_follow_their_bounds(account: Account) -> None:
    make_table(account, "t", units=10, scaled=(5, 50))
    mark = account.mark()
    done = set_capacity(account, [{"name": "t", **BOTH, "indexes": [{"name": "*", **BOTH}]}])
    assert done["rc_"] == 0, done["output"]
    assert writes(account, mark) == ["RegisterScalableTarget"] * 4
    assert "moves its bounds to 60..60" in done["output"]
    assert [capacity(account, "t")[part][0] for part in ("", "by-user")] == [[60, 60], [60, 60]]


def test_one_call_carries_a_table_and_its_indexes(account: Account) -> None:
    make_table(account, "t", units=10)
    lower = {"read": {"units": 5}, "write": {"units": 5}}
    done = set_capacity(account, [{"name": "t", **lower, "indexes": [{"name": "by-user", **lower}]}])
    assert done["results"][0]["calls"] == ["dynamodb:UpdateTable"]
    table = describe(account, "t")
    for part in (table, table["GlobalSecondaryIndexes"][0]):
        assert part["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 1


def test_warm_throughput_is_raised_once_and_never_lowered(account: Account) -> None:
    make_table(account, "t")
    warm = {"warm_throughput": {"read_units": 15000, "write_units": 1}}
    tables = [{"name": "t", **warm, "indexes": [{"name": "*", **warm}]}]
    done = set_capacity(account, tables)
    assert done["results"][0]["calls"] == ["dynamodb:UpdateTable"], done["output"]
    assert "cannot be undone" in done["output"]
    wait_for_warm(account, "t", 15000)
    mark = account.mark()
    assert set_capacity(account, tables)["changed"] is False
    undone = set_capacity(account, [done["results"][0]["before"]])
    assert (undone["rc_"], undone["changed"], writes(account, mark)) == (0, False, [])


def wait_for_warm(account: Account, name: str, units: int) -> None:
    for _look in range(100):
        table = describe(account, name)
        if all(
            part["WarmThroughput"]["ReadUnitsPerSecond"] == units for part in (table, *table["GlobalSecondaryIndexes"])
        ):
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} is not warm")


def test_a_decrease_too_many_is_refused_before_anything_is_written(account: Account) -> None:
    make_table(account, "full", units=10)
    make_table(account, "other", units=10)
    for units in (9, 8, 7, 6):
        index = {
            "IndexName": "by-user",
            "ProvisionedThroughput": {"ReadCapacityUnits": units, "WriteCapacityUnits": 10},
        }
        account.client("dynamodb").update_table(TableName="full", GlobalSecondaryIndexUpdates=[{"Update": index}])
        wait_until_active(account, "full")
    mark = account.mark()
    lower = {"read": {"units": 5}}
    tables = [{"name": "other", **lower}, {"name": "full", **lower, "indexes": [{"name": "by-user", **lower}]}]
    refused = set_capacity(account, tables)
    assert refused["rc_"] != 0
    assert "full, index by-user was lowered 4 times today and can be again at" in refused["msg"]
    assert "nothing was written" in refused["msg"]
    assert writes(account, mark) == []
    # The table itself has decreases of its own.
    assert set_capacity(account, [{"name": "full", **lower}])["rc_"] == 0


def test_what_aws_refuses_is_told_and_the_others_are_done(account: Account) -> None:
    make_table(account, "huge", units=10)
    make_table(account, "fine", units=10)
    done = set_capacity(account, [{"name": "huge", "read": {"units": 50000}}, {"name": "fine", "read": {"units": 20}}])
    assert done["rc_"] != 0
    assert "LimitExceededException" in done["results"][0]["error"]
    assert "have the quota raised in Service Quotas" in done["output"]
    assert [result["changed"] for result in done["results"]] == [False, True]
    assert capacity(account, "fine")[""][0] == [20, 10]


def test_a_table_that_is_being_changed_is_waited_for(account: Account) -> None:
    make_table(account, "t", units=10)
    account.settings(transition_seconds=600)
    units = {"ReadCapacityUnits": 30, "WriteCapacityUnits": 10}
    account.client("dynamodb").update_table(TableName="t", ProvisionedThroughput=units)
    assert describe(account, "t")["TableStatus"] == "UPDATING"
    account.settings(transition_seconds=0.1)
    mark = account.mark()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(set_capacity, account, [{"name": "t", "read": {"units": 40}}])
        time_passes_after(account, mark, "DescribeTable")
        done = run.result()
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["before"] == {"name": "t", "read": {"units": 30}}


def test_a_table_that_stays_busy_is_left_alone(account: Account) -> None:
    make_table(account, "t", units=10)
    account.settings(transition_seconds=30)
    units = {"ReadCapacityUnits": 30, "WriteCapacityUnits": 10}
    account.client("dynamodb").update_table(TableName="t", ProvisionedThroughput=units)
    mark = account.mark()
    done = set_capacity(account, [{"name": "t", "read": {"units": 40}}], wait_timeout=1)
    assert done["rc_"] != 0
    assert "t is still being changed by somebody else after 1 seconds" in done["msg"]
    assert writes(account, mark) == []


def test_throttled_and_busy_answers(account: Account) -> None:
    make_table(account, "t", units=10)
    make_table(account, "busy", units=10)
    account.fault("dynamodb", "UpdateTable", match={"TableName": "t"}, error="ThrottlingException", status=400, times=2)
    account.fault("dynamodb", "UpdateTable", match={"TableName": "busy"}, error="ResourceInUseException", status=400)
    done = set_capacity(account, [{"name": "t", "read": {"units": 20}}, {"name": "busy", "read": {"units": 20}}])
    assert [result["changed"] for result in done["results"]] == [True, False]
    assert done["results"][1]["after"] is None
    assert "run the same task again" in done["results"][1]["error"]
    assert capacity(account, "t")[""][0] == [20, 10]
    again = set_capacity(account, [{"name": "t", "read": {"units": 20}}, {"name": "busy", "read": {"units": 20}}])
    assert [result["changed"] for result in again["results"]] == [False, True]


def test_two_runs_at_once_lose_nothing(account: Account) -> None:
    make_table(account, "t", units=10)
    make_table(account, "u", units=10)
    tables = [{"name": name, "read": {"units": 20}} for name in ("t", "u")]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _number: set_capacity(account, tables), range(2)))
    for run in runs:
        # Whoever came second found the change made, or is told that somebody else is making it.
        for result in run["results"]:
            assert (
                result["error"] is None
                or "run the same task again" in result["error"]
                or "will not change" in result["error"]
            )
    assert [capacity(account, name)[""][0] for name in ("t", "u")] == [[20, 10], [20, 10]]


def switch_to_on_demand(account: Account, name: str) -> None:
    account.client("dynamodb").update_table(TableName=name, BillingMode="PAY_PER_REQUEST")
    wait_until_active(account, name)


def switch_back(account: Account, name: str, units: int) -> None:
    throughput = {f"{kind}CapacityUnits": units for kind in KINDS}
    account.client("dynamodb").update_table(
        TableName=name,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=throughput,
        GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "by-user", "ProvisionedThroughput": throughput}}],
    )
    wait_until_active(account, name)


def test_a_switch_too_many_is_refused_before_anything_is_written(account: Account) -> None:
    make_table(account, "often", units=10)
    make_table(account, "other", units=10)
    for _time in range(4):
        switch_to_on_demand(account, "often")
        switch_back(account, "often", 10)
    mark = account.mark()
    tables = [{"name": name, "billing_mode": "PAY_PER_REQUEST"} for name in ("other", "often")]
    refused = set_capacity(account, tables)
    assert refused["rc_"] != 0
    assert "often was switched to on-demand 4 times in the last 24 hours" in refused["msg"]
    assert "The next switch is possible at" in refused["msg"]
    assert writes(account, mark) == []
    done = set_capacity(account, tables[:1])
    assert done["rc_"] == 0
    assert "not observable" not in done["output"]


def test_switches_that_cannot_be_counted_are_said_to_be(account: Account) -> None:
    make_table(account, "t", units=10)
    account.deny("cloudtrail:LookupEvents")
    done = set_capacity(account, [{"name": "t", "billing_mode": "PAY_PER_REQUEST"}])
    assert done["rc_"] == 0, done["output"]
    assert "not observable: how many of the 4 switches" in done["output"]
    assert "Allow cloudtrail:LookupEvents" in done["output"]


def test_bad_input_is_refused_with_the_way_out_before_anything_is_written(account: Account) -> None:
    for name in ("good", "indexed", "negative", "scaled"):
        make_table(account, name, units=10)
    make_table(account, "on-demand")
    mark = account.mark()
    refused = set_capacity(
        account,
        [
            {"name": "good", **BOTH},
            {"name": "missing", **BOTH},
            {"name": "indexed", "indexes": [{"name": "by-nobody", **BOTH}]},
            {"name": "negative", "read": {"units": -5}},
            {"name": "on-demand", "read": {"units": 5}},
            {"name": "scaled", "read": {"autoscaling": {"min_capacity": 9, "max_capacity": 3}}},
        ],
    )
    assert refused["rc_"] != 0
    assert "5 of 6 failed, nothing was written" in refused["msg"]
    errors = {result["target"]: result["error"] for result in refused["results"]}
    assert errors["good"] is None
    assert "Check the name, the region and the account" in errors["missing"]
    assert "no global secondary index by-nobody (it has by-user)" in errors["indexed"]
    assert "read units is -5: give a whole number" in errors["negative"]
    assert "Add billing_mode: PROVISIONED" in errors["on-demand"]
    assert "min_capacity would be 9" in errors["scaled"]
    assert writes(account, mark) == []
    assert "Traceback" not in refused["output"]


@pytest.mark.parametrize(
    "denied", ["dynamodb:DescribeTable", "application-autoscaling:DescribeScalableTargets", "dynamodb:UpdateTable"]
)
def test_a_denied_action_is_named(account: Account, denied: str) -> None:
    make_table(account, "t", units=10)
    account.deny(denied)
    mark = account.mark()
    refused = set_capacity(account, [{"name": "t", **BOTH}])
    assert refused["rc_"] != 0
    assert f"Allow {denied}" in refused["msg"]
    assert [call for call in account.mutating(mark) if not call["error"]] == []


def test_many_tables_are_read_in_few_calls(account: Account) -> None:
    names = [f"table-{number}" for number in range(12)]
    for name in names:
        make_table(account, name, units=10)
    mark = account.mark()
    done = set_capacity(account, [{"name": name, "read": {"units": 10}} for name in names])
    assert (done["rc_"], done["changed"]) == (0, False)
    calls = [call["operation"] for call in account.calls(mark)]
    assert sorted(calls) == ["DescribeScalableTargets"] + ["DescribeTable"] * 12
