# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from aws_makers import make_function
from integration.run_module import run_module, run_playbook
from integration.waiting import time_passes_after

from ansible_collections.runbook.aws.plugins.modules import lambda_concurrency, lambda_concurrency_info
from local_aws.client import SECRET_KEY, Account

TRACKED = {"min_capacity": 10, "max_capacity": 100, "target_utilization": 70}
NOON = {"name": "noon", "schedule": "cron(0 12 * * ? *)", "timezone": "Europe/Berlin", "min_capacity": 40}


@pytest.fixture
def application(account: Account) -> Account:
    """Functions `orders` and `billing` with an alias `live`, and `mail` with none."""
    make_function(account, "orders", Environment={"Variables": {"TOKEN": "do-not-print-this"}})
    make_function(account, "billing")
    make_function(account, "mail", aliases=())
    account.client("lambda").put_function_concurrency(FunctionName="billing", ReservedConcurrentExecutions=100)
    return account


def concurrency(account: Account, *functions: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_module(account, "lambda_concurrency", functions=list(functions), **options)


def live(**wish: Any) -> list[dict[str, Any]]:
    return [{"qualifier": "live", **wish}]


def seen(account: Account) -> dict[str, Any]:
    """Everything about concurrency and scaling, as AWS tells it, without what only tells when it was made."""
    lam, scaling = account.client("lambda"), account.client("application-autoscaling")
    functions = {}
    for function in lam.list_functions()["Functions"]:
        name = function["FunctionName"]
        configs = lam.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
        functions[name] = (
            lam.get_function(FunctionName=name).get("Concurrency"),
            {c["FunctionArn"]: (c["RequestedProvisionedConcurrentExecutions"], c["Status"]) for c in configs},
        )
    made = ("CreationTime", "Alarms", "ScalableTargetARN", "PolicyARN", "ScheduledActionARN")
    scaled = {
        key: [
            {name: value for name, value in item.items() if name not in made}
            for item in getattr(scaling, operation)(ServiceNamespace="lambda")[key]
        ]
        for operation, key in (
            ("describe_scalable_targets", "ScalableTargets"),
            ("describe_scaling_policies", "ScalingPolicies"),
            ("describe_scheduled_actions", "ScheduledActions"),
        )
    }
    return {"functions": functions, **scaled}


EVENT = (
    {"name": "orders", "reserved": 300, "provisioned": live(concurrency=50)},
    {"name": "billing", "reserved": 60, "provisioned": live(autoscaling={**TRACKED, "max_capacity": 60})},
    {"name": "mail", "reserved": 0},
)


def test_check_mode_writes_nothing_and_says_what_the_run_then_does(application: Account) -> None:
    start, mark = seen(application), application.mark()
    told = run_module(application, "lambda_concurrency", functions=list(EVENT), check=True)
    assert told["changed"]
    assert application.mutating(mark) == []
    assert seen(application) == start

    done = concurrency(application, *EVENT)
    assert done["changed"]
    assert done["results"] == told["results"]
    made = [f"{call['service']}:{call['operation']}" for call in application.mutating(mark)]
    assert sorted(made) == sorted(call for result in done["results"] for call in result["calls"])
    # Given back by one before it is taken by another; reserved before what it holds.
    assert made[0] == "lambda:PutFunctionConcurrency"
    now = seen(application)["functions"]
    assert now["mail"][0] == {"ReservedConcurrentExecutions": 0}
    assert list(now["orders"][1].values()) == [(50, "READY")]

    mark = application.mark()
    again = concurrency(application, *EVENT)
    assert not again["changed"]
    assert application.mutating(mark) == []
    assert [result["before"] for result in again["results"]] == [result["after"] for result in again["results"]]

    back = concurrency(application, *(result["before"] for result in done["results"]))
    assert back["changed"]
    assert seen(application) == start


def test_an_owned_number_is_asked_of_its_target_and_comes_back(application: Account) -> None:
    first = {"name": "orders", "provisioned": live(concurrency=20, autoscaling={**TRACKED, "schedules": [NOON]})}
    concurrency(application, first)
    start = seen(application)

    event = concurrency(application, {"name": "orders", "provisioned": live(concurrency=120)})
    assert "a scalable target owns its provisioned concurrency" in event["output"]
    assert event["results"][0]["after"]["provisioned"] == live(
        autoscaling={"state": "present", "min_capacity": 120, "max_capacity": 120}
    )
    now = seen(application)
    assert list(now["functions"]["orders"][1].values()) == [(120, "READY")]
    assert now["ScalingPolicies"] == start["ScalingPolicies"]

    concurrency(application, event["results"][0]["before"])
    back = seen(application)
    assert {**back, "functions": {}} == {**start, "functions": {}}
    assert list(back["functions"]["orders"][1].values()) == [(100, "READY")]  # the bounds' most; the policy has it now


def test_autoscaling_that_is_removed_comes_back_as_it_was(application: Account) -> None:
    everything = {**TRACKED, "scale_in_cooldown": 60, "disable_scale_in": True, "schedules": [NOON], "policy_name": "p"}
    concurrency(
        application, {"name": "orders", "provisioned": live(autoscaling={**everything, "suspended": ["schedules"]})}
    )
    start = seen(application)
    gone = concurrency(
        application, {"name": "orders", "provisioned": live(concurrency=0, autoscaling={"state": "absent"})}
    )
    assert seen(application)["ScalableTargets"] == []
    assert list(seen(application)["functions"]["orders"][1]) == []
    concurrency(application, gone["results"][0]["before"])
    assert seen(application) == start


@pytest.mark.parametrize(
    ("functions", "says"),
    [
        (
            [
                {"name": "orders", "reserved": -1},
                {"name": "orders:live", "reserved": 1},
                {"name": "mail", "provisioned": [{"qualifier": "$LATEST", "concurrency": 1}]},
                {"name": "billing", "reserved": 5},
            ],
            ["3 of 4", "orders: reserved is -1", "Leave out :live", "mail: $LATEST", "an alias or a published version"],
        ),
        (
            [
                {"name": "nobody", "reserved": 1},
                {"name": "orders", "reserved": 10**9},
                {"name": "mail", "provisioned": live(concurrency=1)},
                {"name": "billing", "provisioned": live(concurrency=200)},
            ],
            ["Function not found", "nobody", "more than the 1000", "quota", "no alias or version live", "Reserve 200"],
        ),
        ([{"name": "orders", "reserved": 1}, {"name": "orders", "reserved": 2}], ["more than once: orders"]),
        (
            [{"name": "orders", "reserved": 600}, {"name": "mail", "reserved": 250}],
            ["leaves 50", "at least 100", "orders (+600), mail (+250)", "Reserve 50 less"],
        ),
    ],
    ids=["of the options", "of what is there", "twice", "of the account"],
)
def test_bad_input_is_an_error_that_helps_and_nothing_is_written(
    application: Account, functions: list[dict[str, Any]], says: list[str]
) -> None:
    mark = application.mark()
    result = concurrency(application, *functions)
    assert result["rc_"] != 0
    for part in says:
        assert part in result["msg"]
    assert application.mutating(mark) == []
    assert "Traceback" not in result["output"]


def test_the_minimum_of_the_account_is_learnt_from_aws(application: Account) -> None:
    application.settings(unreserved_minimum=200)
    result = concurrency(application, {"name": "orders", "reserved": 750})
    assert "below its minimum value of [200]" in result["msg"]
    assert "unreserved_minimum: 200" in result["msg"]
    again = concurrency(application, {"name": "orders", "reserved": 750}, unreserved_minimum=200)
    assert "leaves 150" in again["msg"]
    assert "nothing was written" in again["msg"]


def test_what_others_lose_is_said(application: Account) -> None:
    result = concurrency(application, {"name": "orders", "reserved": 500})
    assert "shrinks by 500, from 900 to 400 of the account's 1000" in result["output"]


def test_a_reason_of_aws_for_failed_environments_is_given_and_the_next_run_asks_again(application: Account) -> None:
    application.settings(provisioned_failure="FUNCTION_ERROR_INIT_FAILURE")
    wish = {"name": "orders", "reserved": 50, "provisioned": live(concurrency=5)}
    result = concurrency(application, wish)
    assert "FUNCTION_ERROR_INIT_FAILURE" in result["msg"]
    assert result["results"][0]["calls"] == ["lambda:PutFunctionConcurrency", "lambda:PutProvisionedConcurrencyConfig"]
    application.settings(provisioned_failure="")
    assert concurrency(application, wish)["results"][0]["calls"] == ["lambda:PutProvisionedConcurrencyConfig"]
    assert list(seen(application)["functions"]["orders"][1].values()) == [(5, "READY")]


def test_a_run_that_fails_halfway_is_finished_by_the_next(application: Account) -> None:
    application.fault("lambda", "PutFunctionConcurrency", match={"FunctionName": "billing"}, error="ServiceException")
    wish = ({"name": "orders", "reserved": 20}, {"name": "billing", "reserved": 130}, {"name": "mail", "reserved": 5})
    result = concurrency(application, *wish)
    assert [bool(item["error"]) for item in result["results"]] == [False, True, False]
    assert "2 of 3 were changed" in result["msg"]
    again = concurrency(application, *wish)
    assert [item["changed"] for item in again["results"]] == [False, True, False]
    assert seen(application)["functions"]["billing"][0] == {"ReservedConcurrentExecutions": 130}


def test_a_denied_call_names_what_to_allow(application: Account) -> None:
    application.settings(denied=["lambda:GetFunction"])
    mark = application.mark()
    result = concurrency(application, {"name": "orders", "reserved": 5})
    assert "Allow lambda:GetFunction" in result["msg"]
    assert application.mutating(mark) == []


def test_what_was_started_without_waiting_is_waited_for_by_the_next_run(application: Account) -> None:
    application.settings(transition_seconds=600)
    wish = {"name": "orders", "provisioned": live(concurrency=5)}
    concurrency(application, wish, wait=False)
    assert list(seen(application)["functions"]["orders"][1].values()) == [(5, "IN_PROGRESS")]
    mark = application.mark()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(concurrency, application, wish)
        # It reads the state, and then asks again until that is READY.
        time_passes_after(application, mark, "GetProvisionedConcurrencyConfig")
        assert run.result()["rc_"] == 0
    assert application.mutating(mark) == []
    assert list(seen(application)["functions"]["orders"][1].values()) == [(5, "READY")]


def test_two_runs_at_once_on_different_functions_both_succeed(application: Account) -> None:
    wishes = [{"name": "orders", "reserved": 30, "provisioned": live(concurrency=7)}, {"name": "mail", "reserved": 9}]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda wish: concurrency(application, wish), wishes))
    assert [result["changed"] for result in results] == [True, True]
    now = seen(application)["functions"]
    assert now["orders"][0] == {"ReservedConcurrentExecutions": 30}
    assert now["mail"][0] == {"ReservedConcurrentExecutions": 9}


def test_200_functions_take_as_many_reads_and_writes_and_no_more(account: Account) -> None:
    make_function(account, "f0", aliases=())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: make_function(account, f"f{n}", aliases=()), range(1, 200)))
    rates = {"lambda": 1000, "lambda:GetFunction": 1000}
    wish = [{"name": f"f{number}", "reserved": 2} for number in range(200)]
    mark = account.mark()
    result = concurrency(account, *wish, request_rates=rates)
    assert result["changed"]
    made = [call["operation"] for call in account.calls(mark) if call["service"] == "lambda"]
    assert {operation: made.count(operation) for operation in made} == {
        "GetFunction": 200,
        "GetAccountSettings": 1,
        "PutFunctionConcurrency": 200,
    }
    mark = account.mark()
    assert not concurrency(account, *wish, request_rates=rates)["changed"]
    assert account.mutating(mark) == []


@pytest.mark.parametrize("module", [lambda_concurrency, lambda_concurrency_info], ids=lambda m: m.__name__[-23:])
def test_the_examples_run(account: Account, tmp_path: Path, module: ModuleType) -> None:
    make_function(account, "sc-agent-orchestrator-prod")
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "module_defaults": {"group/runbook.aws.aws": account.module_args},
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": yaml.safe_load(module.EXAMPLES),
    }
    book = tmp_path / "examples.yml"
    book.write_text(yaml.safe_dump([play], sort_keys=False))
    run = run_playbook("--inventory=localhost,", str(book))
    assert run.code == 0, run.output
    assert f"ok={len(play['tasks'])} " in run.output


def test_nothing_secret_is_printed(application: Account) -> None:
    result = concurrency(application, *EVENT, verbosity=3, diff=True)
    assert "do-not-print-this" not in result["output"]
    assert SECRET_KEY not in result["output"]
