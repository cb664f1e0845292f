# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS's event history shows what was called; moto has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_makers import make_function, make_table
from botocore.exceptions import ClientError

from local_aws.client import Account


def lookup(account: Account, key: str = "", value: str = "", **options: Any) -> list[dict[str, Any]]:
    attributes = [{"AttributeKey": key, "AttributeValue": value}] if key else []
    return list(account.client("cloudtrail").lookup_events(LookupAttributes=attributes, **options)["Events"])


def test_a_change_is_found_by_each_attribute(account: Account) -> None:
    make_table(account, "stock")
    client = account.client("dynamodb")
    client.update_table(TableName="stock", ProvisionedThroughput={"ReadCapacityUnits": 20, "WriteCapacityUnits": 10})
    event = lookup(account, "EventName", "UpdateTable")[0]
    body = json.loads(event["CloudTrailEvent"])
    assert body["requestParameters"]["provisionedThroughput"]["readCapacityUnits"] == 20
    assert (event["Username"], body["userIdentity"]["type"], body["readOnly"]) == ("local", "IAMUser", False)
    for key, value in {
        "EventId": event["EventId"],
        "ResourceName": "stock",
        "ResourceType": "AWS::DynamoDB::Table",
        "Username": "local",
        "EventSource": "dynamodb.amazonaws.com",
        "ReadOnly": "false",
        "AccessKeyId": account.access_key,
    }.items():
        assert event["EventId"] in [found["EventId"] for found in lookup(account, key, value)]
    assert lookup(account, "ResourceName", "other") == []


def test_a_refused_call_carries_its_error(account: Account) -> None:
    account.deny("lambda:PutFunctionConcurrency")
    with pytest.raises(ClientError):
        account.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    body = json.loads(lookup(account, "EventSource", "lambda.amazonaws.com")[0]["CloudTrailEvent"])
    assert body["errorCode"] == "AccessDeniedException"
    assert "not authorized to perform: lambda:PutFunctionConcurrency" in body["errorMessage"]
    assert lookup(account, "EventName", "AccessDeniedException") == []


def test_the_events_of_lambda_carry_the_version_of_its_api(account: Account) -> None:
    client = make_function(account)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    assert lookup(account, "EventName", "PutFunctionConcurrency20171031")


def test_an_assumed_role_is_named_by_its_session(account: Account) -> None:
    role = f"arn:aws:iam::{account.id}:role/operator"
    key = account.client("sts").assume_role(RoleArn=role, RoleSessionName="jane")["Credentials"]
    caller = Account(account.server, account.id, account.region)
    caller.access_key, caller.secret_key, caller.session_token = (
        key["AccessKeyId"],
        key["SecretAccessKey"],
        key["SessionToken"],
    )
    make_table(caller)
    event = lookup(account, "Username", "jane")[0]
    identity = json.loads(event["CloudTrailEvent"])["userIdentity"]
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "operator"


def test_data_events_and_other_regions_are_not_in_the_history(account: Account) -> None:
    client = make_table(account)
    client.put_item(TableName="t", Item={"id": {"S": "1"}})
    assert lookup(account, "EventName", "CreateTable")
    assert lookup(account, "EventName", "PutItem") == []
    assert account.client("cloudtrail", "eu-west-1").lookup_events()["Events"] == []


def test_secrets_are_hidden(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name="s", SecretString="hush-hush")
    assert "hush-hush" not in lookup(account, "EventName", "CreateSecret")[0]["CloudTrailEvent"]


def test_fifty_events_a_page_newest_first(account: Account) -> None:
    client = account.client("sts")
    for _call in range(60):
        client.get_caller_identity()
    trail = account.client("cloudtrail")
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "GetCallerIdentity"}]
    pages = list(trail.get_paginator("lookup_events").paginate(LookupAttributes=wanted))
    assert [len(found["Events"]) for found in pages] == [50, 10]
    with pytest.raises(ClientError, match="InvalidLookupAttributes"):
        trail.lookup_events(LookupAttributes=wanted * 2)
