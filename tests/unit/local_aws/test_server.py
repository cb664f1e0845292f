# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server: recorder, accounts, faults, settings, denied actions, many connections at once."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aws_makers import make_function, make_table
from botocore.exceptions import ClientError, ConnectionClosedError

from local_aws.accounts import AccountState
from local_aws.client import Account, LocalAws, LocalAwsError
from local_aws.protocol import is_mutating
from local_aws.services.dynamodb import Database, Tables


def names(calls: list[dict[str, Any]]) -> list[str]:
    return [f"{call['service']}:{call['operation']}" for call in calls]


def test_every_call_is_recorded_with_what_it_did(account: Account) -> None:
    make_table(account)
    mark = account.mark()
    account.client("dynamodb").describe_table(TableName="t")
    account.client("s3").create_bucket(Bucket=f"bucket-{account.id}")
    with pytest.raises(ClientError):
        account.client("lambda").delete_function(FunctionName="missing")
    calls = account.calls(mark)
    assert names(calls) == ["dynamodb:DescribeTable", "s3:CreateBucket", "lambda:DeleteFunction"]
    assert [(call["mutating"], call["status"], call["error"]) for call in calls] == [
        (False, 200, ""),
        (True, 200, ""),
        (True, 404, "ResourceNotFoundException"),
    ]
    assert names(account.mutating(mark)) == ["s3:CreateBucket", "lambda:DeleteFunction"]
    assert {call["principal"] for call in calls} == {f"arn:aws:iam::{account.id}:user/local"}


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "expected"),
    [
        ("lambda", "Invoke", {}, False),
        ("lambda", "PublishVersion", {}, True),
        ("cloudformation", "DescribeStacks", {}, False),
        ("cloudformation", "DetectStackDrift", {}, True),
        ("dynamodb", "ExecuteStatement", {"Statement": ' select * from "t"'}, False),
        ("dynamodb", "ExecuteStatement", {"Statement": "DELETE FROM t"}, True),
        ("logs", "StartQuery", {}, False),
        ("sts", "AssumeRole", {}, False),
        ("ec2", "RevokeSecurityGroupIngress", {}, True),
        ("application-autoscaling", "RegisterScalableTarget", {}, True),
    ],
)
def test_what_changes_the_account(service: str, operation: str, arguments: dict[str, Any], expected: bool) -> None:
    assert is_mutating(service, operation, arguments) is expected


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "status"),
    [
        ("lambda", "list_functions", {}, "AccessDeniedException", 403),
        ("dynamodb", "list_tables", {}, "AccessDeniedException", 400),
        ("cloudformation", "list_stacks", {}, "AccessDenied", 403),
        ("s3", "list_buckets", {}, "AccessDenied", 403),
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", 403),
        ("cloudwatch", "list_metrics", {}, "AccessDeniedException", 400),
    ],
)
def test_a_denied_action_is_refused_in_the_service_s_own_way(
    account: Account, service: str, operation: str, arguments: dict[str, Any], code: str, status: int
) -> None:
    account.deny(f"{service}:*")
    with pytest.raises(ClientError, match=f"is not authorized to perform: {service}:") as refused:
        getattr(account.client(service), operation)(**arguments)
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    account.deny()
    getattr(account.client(service), operation)(**arguments)


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("dynamodb", "list_tables", "InvalidSignatureException", 400),
        ("application-autoscaling", "describe_scalable_targets", "InvalidSignatureException", 400),
        ("lambda", "list_functions", "InvalidSignatureException", 403),
        ("cloudformation", "list_stacks", "SignatureDoesNotMatch", 403),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch", 403),
        ("ec2", "describe_vpcs", "AuthFailure", 401),
        ("s3", "list_buckets", "AuthorizationHeaderMalformed", 400),
    ],
)
def test_an_unknown_region_is_refused_in_the_service_s_own_way_and_forgotten(
    account: Account, service: str, operation: str, code: str, status: int
) -> None:
    arguments = {"ServiceNamespace": "lambda"} if service == "application-autoscaling" else {}
    with pytest.raises(ClientError, match=r"region,? .*'mars-north-1'") as refused:
        getattr(account.client(service, "mars-north-1"), operation)(**arguments)
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    getattr(account.client(service), operation)(**arguments)
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="lambda")


def test_every_region_that_boto3_knows_is_known(account: Account) -> None:
    core = account.session
    for region in {
        name for part in ("aws", "aws-cn", "aws-us-gov") for name in core.get_available_regions("ec2", part)
    }:
        assert account.client("dynamodb", region).list_tables()["TableNames"] == [], region


def test_nothing_is_kept_of_a_region_that_a_backend_does_not_have() -> None:
    state = AccountState("900000000001")
    with pytest.raises(KeyError):
        Database(state, "mars-north-1")
    assert state.regions(Tables) == []


def test_a_denied_action_names_its_resource(account: Account) -> None:
    account.deny("lambda:PutFunctionConcurrency")
    arn = f"arn:aws:lambda:us-east-1:{account.id}:function:f"
    with pytest.raises(ClientError, match=rf"user/local is not authorized .* on resource: {arn} "):
        account.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)


def test_a_fault_hits_the_calls_that_it_names(account: Account) -> None:
    make_table(account, "a")
    make_table(account, "b")
    client = account.client("dynamodb")
    account.fault("dynamodb", "DescribeTable", match={"TableName": "a"}, after=1, times=2)

    def outcome(table: str) -> str:
        try:
            client.describe_table(TableName=table)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"

    assert [outcome(table) for table in "abababa"] == [
        "ok",
        "ok",
        "ThrottlingException",
        "ok",
        "ThrottlingException",
        "ok",
        "ok",
    ]


def test_a_dropped_connection_before_and_after_the_work(account: Account) -> None:
    client = account.client("sqs")
    for mode, expected in (("disconnect", 0), ("disconnect_after", 1)):
        account.fault("sqs", "CreateQueue", mode=mode)
        with pytest.raises(ConnectionClosedError):
            client.create_queue(QueueName="q")
        assert len(client.list_queues().get("QueueUrls", [])) == expected


def test_a_delay_slows_one_call_and_no_other(account: Account) -> None:
    account.fault("sts", "GetCallerIdentity", mode="delay", delay=0.5)
    client = account.client("sts")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.get_caller_identity)
        time.sleep(0.1)
        account.client("dynamodb").list_tables()
        assert not slow.done()
        slow.result()


def test_accounts_and_regions_do_not_see_each_other(account: Account, local_aws: LocalAws) -> None:
    make_table(account)
    assert local_aws.fresh_account().client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("dynamodb", "eu-west-1").list_tables()["TableNames"] == []


def test_an_assumed_role_acts_in_the_account_of_its_role(account: Account, local_aws: LocalAws) -> None:
    other = local_aws.fresh_account()
    role = f"arn:aws:iam::{other.id}:role/test"
    key = account.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    caller = Account(local_aws, other.id, other.region)
    caller.access_key, caller.secret_key, caller.session_token = (
        key["AccessKeyId"],
        key["SecretAccessKey"],
        key["SessionToken"],
    )
    identity = caller.client("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (other.id, f"arn:aws:sts::{other.id}:assumed-role/test/me")
    make_table(caller)
    assert other.client("dynamodb").list_tables()["TableNames"] == ["t"]
    assert {call["principal"] for call in other.mutating()} == {identity["Arn"]}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("settings", {"nonsense": 1}),
        ("settings", {"transition_seconds": "soon"}),
        ("faults", {"mode": "explode"}),
        ("faults", {"colour": "red"}),
        ("clock", {}),
        ("traffic", {"region": "mars-north-1", "series": []}),
        ("stack", {"name": "missing", "status": "ROLLBACK_COMPLETE"}),
        ("nothing", {}),
    ],
)
def test_bad_control_requests_say_what_is_wrong(local_aws: LocalAws, name: str, body: dict[str, Any]) -> None:
    with pytest.raises(LocalAwsError, match=r"40[04]"):
        local_aws.control("POST", name, {"account": "900000000000", **body})


def test_sixteen_connections_at_once_lose_nothing(account: Account) -> None:
    client = make_function(account)
    account.settings(latency=0.02)
    mark = account.mark()

    def work(number: int) -> int:
        answer = client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=number)
        return int(answer["ReservedConcurrentExecutions"])

    started = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(160))) == list(range(160))
    assert time.monotonic() - started < 160 * 0.02
    assert len(account.mutating(mark)) == 160


def test_a_connection_stays_open(local_aws: LocalAws) -> None:
    host = local_aws.endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", "/_local/health")
    connection.getresponse().read()
    used = connection.sock
    connection.request("GET", "/_local/health")
    assert connection.getresponse().status == 200
    assert connection.sock is used
    connection.close()


def test_what_is_not_implemented_says_so(account: Account) -> None:
    with pytest.raises(ClientError, match=r"\(NotImplemented\).*does not implement xray GetGroups"):
        account.client("xray").get_groups()


def test_an_upload_does_not_wait_for_leave_to_continue(account: Account) -> None:
    client = account.client("s3")
    client.create_bucket(Bucket=f"bucket-{account.id}")
    started = time.monotonic()
    client.put_object(Bucket=f"bucket-{account.id}", Key="a b/c", Body=b"x" * 2_000_000, Metadata={"some_key": "v"})
    assert time.monotonic() - started < 0.9
    found = client.get_object(Bucket=f"bucket-{account.id}", Key="a b/c")
    assert (len(found["Body"].read()), found["Metadata"]) == (2_000_000, {"some_key": "v"})
