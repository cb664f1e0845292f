# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import itertools
import json
import sys
import threading
import tracemalloc
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.small_lambda import SmallAws, SmallFunction

from ansible_collections.runbook.aws.plugins.module_utils._engine import reconcile
from ansible_collections.runbook.aws.plugins.module_utils._lambda import (
    fetch_account,
    fetch_function,
    plan_concurrency,
    read_targets,
    review_pool,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Outcome
from ansible_collections.runbook.aws.plugins.modules.lambda_concurrency import SPEC

AUTOSCALING = {"min_capacity": 2, "max_capacity": 9, "target_utilization": 70}


def run(aws: Any, functions: list[dict[str, Any]], *, check_mode: bool = False, workers: int = 16) -> list[Outcome]:
    """What the module does, without Ansible: its options through its spec, then the engine."""
    checked = ArgumentSpecValidator(SPEC).validate({"functions": functions})
    assert checked.error_messages == []
    parameters = checked.validated_parameters
    targets = read_targets(parameters["functions"])
    return reconcile(
        targets,
        fetch=lambda target: fetch_function(aws, target),
        plan=plan_concurrency,
        call=lambda _target, call: aws.call(call.service, call.operation, **call.arguments),
        settled=lambda _target, _call: True,
        survey=lambda: fetch_account(aws, targets),
        review=lambda plans, account: review_pool(plans, account, parameters["unreserved_minimum"])[0],
        check_mode=check_mode,
        workers=workers,
    )


def many(count: int, reserved: int | None = None) -> SmallAws:
    return SmallAws({f"f{n}": SmallFunction(reserved) for n in range(count)}, limit=100_000)


def everything(count: int, number: int) -> list[dict[str, Any]]:
    return [
        {
            "name": f"f{n}",
            "reserved": number,
            "provisioned": [{"qualifier": "live", "autoscaling": dict(AUTOSCALING)}],
        }
        for n in range(count)
    ]


def test_200_reservations_take_200_reads_200_writes_and_one_look_at_the_account() -> None:
    aws = many(200)
    wish = [{"name": f"f{n}", "reserved": 10} for n in range(200)]
    assert run(aws, wish, check_mode=True)[0].done == ()
    reads = {"GetFunction": 200, "GetAccountSettings": 1}
    assert aws.counts == reads
    aws.calls.clear()
    run(aws, wish)
    assert aws.counts == {**reads, "PutFunctionConcurrency": 200}
    aws.calls.clear()
    run(aws, wish)
    assert aws.counts == reads


def test_200_autoscaled_aliases_share_the_reading_of_their_autoscaling() -> None:
    aws = many(200)
    run(aws, everything(200, 10))
    assert aws.counts == {
        "GetAccountSettings": 1,
        "GetFunction": 400,  # and does the alias exist
        "ListProvisionedConcurrencyConfigs": 200,
        "DescribeScalableTargets": 4,
        "PutFunctionConcurrency": 200,
        "PutProvisionedConcurrencyConfig": 200,
        "RegisterScalableTarget": 200,
        "PutScalingPolicy": 200,
    }
    aws.calls.clear()
    assert not any(outcome.done for outcome in run(aws, everything(200, 10)))
    assert aws.counts == {
        "GetAccountSettings": 1,
        "GetFunction": 200,
        "ListProvisionedConcurrencyConfigs": 200,
        "DescribeScalableTargets": 4,
        "DescribeScalingPolicies": 1,
        "DescribeScheduledActions": 1,
    }


def test_nothing_is_taken_before_everything_is_given_back() -> None:
    aws = SmallAws({"big": SmallFunction(800), "small": SmallFunction(50)}, limit=1000)
    run(aws, [{"name": "small", "reserved": 700}, {"name": "big", "reserved": 100}])
    writes = [arguments["FunctionName"] for operation, arguments in aws.calls if operation == "PutFunctionConcurrency"]
    assert writes == ["big", "small"]


@pytest.mark.parametrize("bad", [{"reserved": 100_001}, {"provisioned": [{"qualifier": "liev", "concurrency": 1}]}])
def test_one_bad_function_keeps_all_the_others_from_being_written(bad: dict[str, Any]) -> None:
    aws = many(20)
    outcomes = run(aws, [{"name": "f0", **bad}, *({"name": f"f{n}", "reserved": 1} for n in range(1, 20))])
    assert [outcome.target.name for outcome in outcomes if outcome.error] == ["f0"]
    assert not any(operation.startswith("Put") for operation, _arguments in aws.calls)


def test_the_account_keeps_all_functions_from_being_written() -> None:
    aws = SmallAws({"a": SmallFunction(), "b": SmallFunction()}, limit=1000)
    outcomes = run(aws, [{"name": "a", "reserved": 500}, {"name": "b", "reserved": 450}])
    assert "leaves 50" in str(outcomes[0].error)
    assert "PutFunctionConcurrency" not in aws.counts


def test_what_comes_back_passes_through_json_and_the_spec_again() -> None:
    aws = many(3)
    first = run(aws, everything(3, 10))
    before = json.loads(json.dumps([dict(outcome.plan.before) for outcome in first if outcome.plan]))
    after = json.loads(json.dumps([dict(outcome.plan.after) for outcome in first if outcome.plan]))
    assert not any(outcome.done for outcome in run(aws, after))
    run(aws, before)
    assert aws.functions == many(3).functions
    assert (aws.targets, aws.policies) == ({}, {})


class Counted(SmallAws):
    """Answers without keeping the calls, so that only what the plans keep is measured."""

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        return getattr(self, f"_{operation}")(**arguments) or {}


def planning(count: int) -> tuple[int, int]:
    """Calls of Python and C functions, and bytes at the most, of reading and planning so many functions."""
    aws = Counted(many(count).functions, limit=100_000)
    wish = everything(count, 10)
    calls = itertools.count()

    def counted(_frame: object, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            next(calls)

    threading.setprofile(counted)  # of the threads that read
    sys.setprofile(counted)
    try:
        run(aws, wish, check_mode=True)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    tracemalloc.start()
    run(aws, wish, check_mode=True)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return next(calls), most


def test_1000_functions_are_planned_in_linear_work_and_little_memory() -> None:
    planning(100)  # models and classes are loaded once
    few, many_ = planning(250), planning(1000)
    assert many_[0] < few[0] * 4.5, "four times as many are four times the work"
    assert many_[1] < 12 * 2**20
