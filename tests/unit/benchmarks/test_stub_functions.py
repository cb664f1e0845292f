# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks import processes
from benchmarks.stub.account import Answer
from benchmarks.stub.functions import LAMBDA_RATES, Functions, FunctionsSettings

Make = Callable[[str], Any]


def _ask(account: Functions, method: str, path: str, body: str = "") -> Answer:
    return account.answer(method, path, b"", body.encode())


RESERVED = "/2017-10-31/functions/{}/concurrency"


def test_all_control_plane_calls_share_one_rate_and_get_function_has_its_own(clock: Any) -> None:
    names = tuple(f"f{n}" for n in range(20))
    account = Functions(FunctionsSettings(functions=names, rates=LAMBDA_RATES), clock)
    statuses = [_ask(account, "GET", "/2016-08-19/account-settings").status for _request in range(5)]
    statuses += [_ask(account, "GET", f"/2019-09-30/functions/{name}/concurrency").status for name in names[:5]]
    statuses += [
        _ask(account, "PUT", RESERVED.format(name), '{"ReservedConcurrentExecutions": 1}').status for name in names
    ]
    assert statuses == [200] * 15 + [429] * 15
    assert [_ask(account, "GET", f"/2015-03-31/functions/{name}").status for name in names * 6] == [200] * 100 + [
        429
    ] * 20
    report = account.report()
    assert report["calls"] == {
        "GetAccountSettings": 5,
        "GetFunctionConcurrency": 5,
        "PutFunctionConcurrency": 20,
        "GetFunction": 120,
    }
    assert report["throttled"] == {"PutFunctionConcurrency": 15, "GetFunction": 20}


def test_a_throttled_write_changes_nothing(clock: Any) -> None:
    account = Functions(FunctionsSettings(functions=("f",), reserved={"f": 7}, rates={"control plane": 1}), clock)
    _ask(account, "GET", "/2016-08-19/account-settings")
    assert _ask(account, "PUT", RESERVED.format("f"), '{"ReservedConcurrentExecutions": 9}').status == 429
    assert _ask(account, "DELETE", RESERVED.format("f")).status == 429
    assert account.report()["reserved"] == {"f": 7}


def test_boto_reads_back_what_it_wrote(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("functions", functions=["f", "g"], reserved={"g": 4})
    functions = client("lambda")
    assert "Concurrency" not in functions.get_function(FunctionName="f")
    assert functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3) is not None
    assert functions.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    arn = functions.get_function_configuration(FunctionName="f")["FunctionArn"]
    assert functions.get_function_concurrency(FunctionName=arn)["ReservedConcurrentExecutions"] == 3
    limits = functions.get_account_settings()["AccountLimit"]
    assert limits["ConcurrentExecutions"] - limits["UnreservedConcurrentExecutions"] == 7
    functions.delete_function_concurrency(FunctionName="g")
    functions.put_provisioned_concurrency_config(FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=2)
    config = functions.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert (config["Status"], config["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)
    configs = functions.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert [c["FunctionArn"] for c in configs] == [f"{arn}:live"]
    report = endpoint.report()
    assert (report["reserved"], report["provisioned"]) == ({"f": 3}, {"f:live": 2})
    assert report["calls"]["GetFunction"] == 2
    assert report["calls"]["ListProvisionedConcurrencyConfigs"] == 1
    functions.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert endpoint.report()["provisioned"] == {}


def test_functions_are_listed_in_pages_of_fifty(endpoint: processes.Stub, client: Make) -> None:
    names = [f"f{n}" for n in range(120)]
    endpoint.reset("functions", functions=names)
    pages = client("lambda").get_paginator("list_functions").paginate()
    assert [function["FunctionName"] for page in pages for function in page["Functions"]] == names
    assert endpoint.report()["calls"] == {"ListFunctions": 3}


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("get_function", {"FunctionName": "none"}, "ResourceNotFoundException"),
        (
            "put_function_concurrency",
            {"FunctionName": "f", "ReservedConcurrentExecutions": 19_901},
            "InvalidParameterValueException",
        ),
        (
            "get_provisioned_concurrency_config",
            {"FunctionName": "f", "Qualifier": "live"},
            "ProvisionedConcurrencyConfigNotFoundException",
        ),
    ],
)
def test_boto_sees_the_error_that_aws_gives(
    endpoint: processes.Stub, client: Make, operation: str, arguments: dict[str, Any], code: str
) -> None:
    endpoint.reset("functions", functions=["f"])
    with pytest.raises(ClientError) as caught:
        getattr(client("lambda"), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert sum(endpoint.report()["refused"].values()) == 1


def test_boto_sees_throttling_as_lambda_throttles(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("functions", functions=["f"], rates={"control plane": 1})
    functions = client("lambda")
    functions.get_function_concurrency(FunctionName="f")
    with pytest.raises(ClientError) as caught:
        functions.get_function_concurrency(FunctionName="f")
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert endpoint.report()["throttled"] == {"GetFunctionConcurrency": 1}


def test_the_services_beside_lambda_answer(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("functions")
    autoscaling = client("application-autoscaling")
    assert autoscaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"] == []
    assert autoscaling.describe_scaling_policies(ServiceNamespace="lambda")["ScalingPolicies"] == []
    assert autoscaling.describe_scheduled_actions(ServiceNamespace="lambda")["ScheduledActions"] == []
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert endpoint.report()["unknown"] == []


def test_calls_at_the_same_time_wait_out_the_latency_together(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("functions", functions=["f"], latency=0.1)
    functions = client("lambda")
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: functions.get_function(FunctionName="f"), range(8)))
    assert time.monotonic() - started >= 0.2
    report = endpoint.report()
    assert report["most_in_flight"] == 4
    assert 0.2 <= report["seconds"] < 0.6
