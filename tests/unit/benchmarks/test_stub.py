# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks import processes
from benchmarks.stub import LAMBDA_RATES, Account, Answer, Bucket, Settings


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("rate", "arrivals", "admitted"),
    [
        pytest.param(15, [(0.0, 40)], 15, id="one second's worth at once, then no more"),
        pytest.param(15, [(0.0, 15), (1.0, 40)], 30, id="a second fills it again"),
        pytest.param(15, [(0.0, 15), (60.0, 40)], 30, id="a minute's rest saves up no more than a second's worth"),
        pytest.param(100, [(0.0, 100), (0.5, 100)], 150, id="half a second gives half"),
        pytest.param(2, [(0.0, 9), (0.25, 9), (0.25, 9)], 3, id="what was refused takes no token"),
    ],
)
def test_bucket_admits(rate: float, arrivals: list[tuple[float, int]], admitted: int) -> None:
    clock = Clock()
    bucket = Bucket(rate, clock)
    let_in = 0
    for pause, requests in arrivals:
        clock.now += pause
        let_in += sum(bucket.admit() for _request in range(requests))
    assert let_in == admitted


def test_a_steady_stream_at_the_rate_is_never_refused() -> None:
    clock = Clock()
    bucket = Bucket(15, clock)
    for _request in range(1000):
        clock.now += 1 / 15 + 1e-9
        assert bucket.admit()


def _ask(account: Account, method: str, path: str, body: str = "") -> Answer:
    return account.answer(method, path, b"", body.encode())


RESERVED = "/2017-10-31/functions/{}/concurrency"


def test_all_control_plane_calls_share_one_rate_and_get_function_has_its_own() -> None:
    names = tuple(f"f{n}" for n in range(20))
    account = Account(Settings(functions=names, rates=LAMBDA_RATES), Clock())
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


def test_a_throttled_write_changes_nothing() -> None:
    account = Account(Settings(functions=("f",), reserved={"f": 7}, rates={"control plane": 1}), Clock())
    _ask(account, "GET", "/2016-08-19/account-settings")
    assert _ask(account, "PUT", RESERVED.format("f"), '{"ReservedConcurrentExecutions": 9}').status == 429
    assert _ask(account, "DELETE", RESERVED.format("f")).status == 429
    assert account.report()["reserved"] == {"f": 7}


def test_what_is_not_served_is_told_and_remembered() -> None:
    account = Account(Settings(functions=("f",)))
    assert _ask(account, "POST", "/2015-03-31/functions").status == 404
    assert account.report()["unknown"] == ["POST /2015-03-31/functions"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[processes.Stub]:
    with processes.stub() as running:
        yield running


def _client(endpoint: processes.Stub, service: str = "lambda") -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint.endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIABENCHMARK0000000",
        aws_secret_access_key="benchmark",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=16),
    )


def test_boto_reads_back_what_it_wrote(endpoint: processes.Stub) -> None:
    endpoint.reset(functions=["f", "g"], reserved={"g": 4})
    client = _client(endpoint)
    assert "Concurrency" not in client.get_function(FunctionName="f")
    assert client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3) is not None
    assert client.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    arn = client.get_function_configuration(FunctionName="f")["FunctionArn"]
    assert client.get_function_concurrency(FunctionName=arn)["ReservedConcurrentExecutions"] == 3
    limits = client.get_account_settings()["AccountLimit"]
    assert limits["ConcurrentExecutions"] - limits["UnreservedConcurrentExecutions"] == 7
    client.delete_function_concurrency(FunctionName="g")
    client.put_provisioned_concurrency_config(FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=2)
    config = client.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert (config["Status"], config["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)
    configs = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert [c["FunctionArn"] for c in configs] == [f"{arn}:live"]
    report = endpoint.report()
    assert (report["reserved"], report["provisioned"]) == ({"f": 3}, {"f:live": 2})
    assert report["calls"]["GetFunction"] == 2
    assert report["calls"]["ListProvisionedConcurrencyConfigs"] == 1
    client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert endpoint.report()["provisioned"] == {}


def test_functions_are_listed_in_pages_of_fifty(endpoint: processes.Stub) -> None:
    names = [f"f{n}" for n in range(120)]
    endpoint.reset(functions=names)
    pages = _client(endpoint).get_paginator("list_functions").paginate()
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
    endpoint: processes.Stub, operation: str, arguments: dict[str, Any], code: str
) -> None:
    endpoint.reset(functions=["f"])
    with pytest.raises(ClientError) as caught:
        getattr(_client(endpoint), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert sum(endpoint.report()["refused"].values()) == 1


def test_boto_sees_throttling_as_lambda_throttles(endpoint: processes.Stub) -> None:
    endpoint.reset(functions=["f"], rates={"control plane": 1})
    client = _client(endpoint)
    client.get_function_concurrency(FunctionName="f")
    with pytest.raises(ClientError) as caught:
        client.get_function_concurrency(FunctionName="f")
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert endpoint.report()["throttled"] == {"GetFunctionConcurrency": 1}


def test_the_services_beside_lambda_answer(endpoint: processes.Stub) -> None:
    endpoint.reset()
    autoscaling = _client(endpoint, "application-autoscaling")
    assert autoscaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"] == []
    assert autoscaling.describe_scaling_policies(ServiceNamespace="lambda")["ScalingPolicies"] == []
    assert autoscaling.describe_scheduled_actions(ServiceNamespace="lambda")["ScheduledActions"] == []
    assert _client(endpoint, "sts").get_caller_identity()["Account"] == "123456789012"
    assert endpoint.report()["unknown"] == []


def test_calls_at_the_same_time_wait_out_the_latency_together(endpoint: processes.Stub) -> None:
    endpoint.reset(functions=["f"], latency=0.1)
    client = _client(endpoint)
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.get_function(FunctionName="f"), range(8)))
    assert time.monotonic() - started >= 0.2
    report = endpoint.report()
    assert report["most_in_flight"] == 4
    assert 0.2 <= report["seconds"] < 0.6


def test_a_report_is_json_and_a_reset_forgets(endpoint: processes.Stub) -> None:
    endpoint.reset(functions=["f"])
    _client(endpoint).get_function(FunctionName="f")
    assert json.loads(json.dumps(endpoint.report()))["calls"] == {"GetFunction": 1}
    endpoint.reset(functions=["f"])
    assert endpoint.report()["calls"] == {}
