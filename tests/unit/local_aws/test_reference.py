# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reference application is there as its stacks say, and its health answers over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from local_aws.client import Account, LocalAws
from local_aws.reference import seed, seed_other


@pytest.fixture(scope="module")
def application(local_aws: LocalAws) -> Account:
    account = local_aws.fresh_account()
    seed(account.endpoint, account.session)
    return account


@pytest.fixture
def small(account: Account) -> Account:
    seed(account.endpoint, account.session, environments=("prod",), minimal=True)
    return account


def listed(account: Account, stack: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    pages = account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for item in (item for found_page in pages for item in found_page["StackResourceSummaries"]):
        found.setdefault(item["ResourceType"].removeprefix("AWS::"), []).append(item["PhysicalResourceId"])
    return found


def outputs(account: Account, stack: str) -> dict[str, str]:
    described = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {item["OutputKey"]: item["OutputValue"] for item in described["Outputs"]}


def health(account: Account) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{outputs(account, 'sc-agent-app-prod')['ApiEndpoint']}/health") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_three_stacks_for_each_environment(application: Account) -> None:
    stacks = application.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackName"]: stack["StackStatus"] for stack in stacks} == {
        f"sc-agent-{part}-{environment}": "CREATE_COMPLETE"
        for part in ("data", "app", "monitoring")
        for environment in ("prod", "dev")
    }


@pytest.mark.parametrize("environment", ["prod", "dev"])
def test_what_the_stacks_list_is_there(application: Account, environment: str) -> None:
    data = listed(application, f"sc-agent-data-{environment}")
    dynamodb = application.client("dynamodb")
    assert len(data["DynamoDB::Table"]) == 4
    for table in data["DynamoDB::Table"]:
        dynamodb.describe_table(TableName=table)
    for bucket in data["S3::Bucket"]:
        assert application.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    targets = application.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="dynamodb")
    registered = {
        "|".join((t["ResourceId"], t["ScalableDimension"], t["ServiceNamespace"])) for t in targets["ScalableTargets"]
    }
    assert set(data["ApplicationAutoScaling::ScalableTarget"]) <= registered
    assert len(data["ApplicationAutoScaling::ScalableTarget"]) == 4

    app = listed(application, f"sc-agent-app-{environment}")
    client = application.client("lambda")
    assert len(app["Lambda::Function"]) == 6
    for alias in app["Lambda::Alias"]:
        function, _colon, name = alias.rpartition(":")
        assert client.get_alias(FunctionName=function, Name=name)["FunctionVersion"] == "1"
    for secret in app["SecretsManager::Secret"]:
        application.client("secretsmanager").describe_secret(SecretId=secret)
    application.client("cognito-idp").describe_user_pool(UserPoolId=app["Cognito::UserPool"][0])
    application.client("apigatewayv2").get_api(ApiId=app["ApiGatewayV2::Api"][0])
    groups = application.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/sc-agent-")["logGroups"]
    assert set(app["Logs::LogGroup"]) <= {group["logGroupName"] for group in groups}

    monitoring = listed(application, f"sc-agent-monitoring-{environment}")
    alarms = application.client("cloudwatch").describe_alarms(AlarmNames=monitoring["CloudWatch::Alarm"])[
        "MetricAlarms"
    ]
    assert len(alarms) == len(monitoring["CloudWatch::Alarm"]) == 7


def test_production_has_the_sizes_of_the_runbook(application: Account) -> None:
    orchestrator = application.client("lambda").get_function(FunctionName="sc-agent-orchestrator-prod")
    assert orchestrator["Concurrency"] == {"ReservedConcurrentExecutions": 100}
    variables = orchestrator["Configuration"]["Environment"]["Variables"]
    assert variables["DATABASE_SECRET"] == "/sc-agent/prod/database/credentials"
    dynamodb = application.client("dynamodb")
    sessions = dynamodb.describe_table(TableName="sc-agent-sessions-prod")["Table"]
    assert "BillingModeSummary" not in sessions
    assert [index["IndexName"] for index in sessions["GlobalSecondaryIndexes"]] == ["by-user"]
    conversations = dynamodb.describe_table(TableName="sc-agent-conversations-prod")["Table"]
    assert conversations["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    ttl = dynamodb.describe_time_to_live(TableName="sc-agent-conversations-prod")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_health_follows_the_function_behind_it(small: Account) -> None:
    assert health(small)[0] == 200
    assert health(small)[1]["status"] == "healthy"
    client = small.client("lambda")
    client.put_function_concurrency(FunctionName="sc-agent-orchestrator-prod", ReservedConcurrentExecutions=0)
    assert health(small)[0] == 503
    client.delete_function(FunctionName="sc-agent-orchestrator-prod")
    assert health(small)[0] == 500


def test_another_application_has_one_function_and_no_tables(account: Account) -> None:
    seed_other(account.endpoint, account.session)
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks] == ["invoicing-service-test"]
    assert listed(account, "invoicing-service-test")["Lambda::Function"] == ["invoicing-render-test"]
    assert not account.client("dynamodb").list_tables()["TableNames"]


def test_states_take_time_again_after_the_deployment(small: Account) -> None:
    assert small.settings()["transition_seconds"] == 0.1


def test_a_stack_can_be_in_the_state_of_a_failed_deployment(small: Account) -> None:
    small.stack_status("sc-agent-app-prod", "UPDATE_ROLLBACK_FAILED", "The function is locked")
    found = small.client("cloudformation").list_stacks()["StackSummaries"]
    failed = [stack for stack in found if stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"]
    assert [(s["StackName"], s["StackStatusReason"]) for s in failed] == [
        ("sc-agent-app-prod", "The function is locked")
    ]
