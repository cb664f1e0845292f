# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rotation in the embedded AWS really runs a function's steps; each of these fails on plain moto."""

from __future__ import annotations

import datetime
import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from aws_makers import make_role
from botocore.exceptions import ClientError

from local_aws.client import Account
from local_aws.schedule import parse
from local_aws.services.secretsmanager_rotation import next_window

DAY = 86_400
FUNCTION = """
import os, boto3
aws = boto3.client("secretsmanager")

def handler(event, context):
    secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    stages = aws.describe_secret(SecretId=secret)["VersionIdsToStages"]
    print(step, secret, token, stages[token])
    if step == os.environ.get("FAIL_STEP"):
        raise PermissionError(step + " is not allowed")
    if step == os.environ.get("SKIP_STEP"):
        return
    if step == "createSecret":
        aws.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString="rotated", VersionStages=["AWSPENDING"]
        )
    if step == "testSecret":
        aws.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
    if step == "finishSecret":
        current = next(version for version, found in stages.items() if "AWSCURRENT" in found)
        aws.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
"""


class Rotated:
    """A secret `s` of the value one, and the function `rotate`, whose policy lets Secrets Manager in."""

    def __init__(self, account: Account, permission: dict[str, str] | None) -> None:
        self.account = account
        self.client = account.client("secretsmanager")
        self.functions = account.client("lambda")
        self.arn = self.client.create_secret(Name="s", SecretString="one")["ARN"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", FUNCTION)
        self.function = self.functions.create_function(
            FunctionName="rotate",
            Role=make_role(account),
            Runtime="python3.12",
            Handler="app.handler",
            Timeout=20,
            Code={"ZipFile": code.getvalue()},
        )["FunctionArn"]
        if permission is not None:
            self.functions.add_permission(
                **{
                    "FunctionName": "rotate",
                    "StatementId": "rotation",
                    "Action": "lambda:InvokeFunction",
                    "Principal": "secretsmanager.amazonaws.com",
                    **permission,
                }
            )

    def start(self, **options: Any) -> str:
        rules = {"AutomaticallyAfterDays": 30}
        wanted = {"SecretId": "s", "RotationLambdaARN": self.function, "RotationRules": rules, **options}
        return str(self.client.rotate_secret(**wanted)["VersionId"])

    def set(self, **variables: str) -> None:
        self.functions.update_function_configuration(FunctionName="rotate", Environment={"Variables": variables})

    @property
    def described(self) -> dict[str, Any]:
        return dict(self.client.describe_secret(SecretId="s"))

    @property
    def labels(self) -> dict[str, list[str]]:
        return dict(self.described["VersionIdsToStages"])

    def value(self, **which: Any) -> str:
        return str(self.client.get_secret_value(SecretId="s", **which)["SecretString"])

    def events(self) -> list[dict[str, Any]]:
        """What CloudTrail tells of rotations, oldest first."""
        asked = [{"AttributeKey": "EventSource", "AttributeValue": "secretsmanager.amazonaws.com"}]
        pages = self.account.client("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=asked)
        told = [event for page in pages for event in page["Events"] if "Rotation" in event["EventName"]]
        return [{**event, "body": json.loads(event["CloudTrailEvent"])} for event in reversed(told)]

    def names(self) -> list[str]:
        return [event["EventName"] for event in self.events()]

    def wait(self, event: str, times: int = 1) -> dict[str, Any]:
        until(lambda: self.names().count(event) == times)
        return [found for found in self.events() if found["EventName"] == event][-1]

    def log(self) -> list[str]:
        events = self.account.client("logs").filter_log_events(logGroupName="/aws/lambda/rotate")["events"]
        return [event["message"] for event in events]


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


@pytest.fixture
def rotated(account: Account) -> Rotated:
    account.settings(transition_seconds=0)
    return Rotated(account, {})


def test_the_steps_run_in_the_background_and_the_labels_move(account: Account, rotated: Rotated) -> None:
    account.settings(transition_seconds=0.3)
    (first,) = rotated.labels
    token = rotated.start()
    assert rotated.labels == {first: ["AWSCURRENT"], token: ["AWSPENDING"]}
    assert rotated.value() == "one"
    with refused("ResourceNotFoundException", f"secret value for VersionId: {token}"):
        rotated.value(VersionId=token)
    rotated.wait("RotationSucceeded")
    assert rotated.labels == {first: ["AWSPREVIOUS"], token: ["AWSCURRENT", "AWSPENDING"]}
    assert (rotated.value(), rotated.value(VersionStage="AWSPREVIOUS")) == ("rotated", "one")
    steps = [line.split()[0] for line in rotated.log() if rotated.arn in line]
    assert steps == ["createSecret", "setSecret", "testSecret", "finishSecret"]
    assert f"createSecret {rotated.arn} {token} ['AWSPENDING']" in rotated.log()
    again = rotated.start()
    rotated.wait("RotationSucceeded", 2)
    assert rotated.labels == {token: ["AWSPREVIOUS"], again: ["AWSCURRENT", "AWSPENDING"]}


def test_the_description_tells_how_and_when(account: Account, rotated: Rotated) -> None:
    assert "RotationEnabled" not in rotated.described
    rotated.start()
    rotated.wait("RotationSucceeded")
    described = rotated.described
    assert (described["RotationEnabled"], described["RotationLambdaARN"]) == (True, rotated.function)
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert described["LastRotatedDate"].timestamp() == pytest.approx(account.now(), abs=60)
    due = described["NextRotationDate"].astimezone(datetime.UTC)
    assert due.strftime("%H:%M:%S") == "23:59:59"
    assert (due.date() - described["LastRotatedDate"].astimezone(datetime.UTC).date()).days == 30
    (listed,) = rotated.client.list_secrets()["SecretList"]
    assert listed["NextRotationDate"] == described["NextRotationDate"]
    rotated.client.cancel_rotate_secret(SecretId="s")
    described = rotated.described
    assert (described["RotationEnabled"], described["RotationLambdaARN"]) == (False, rotated.function)
    assert not {"LastRotatedDate", "NextRotationDate"} & described.keys()


@pytest.mark.parametrize("step", ["createSecret", "setSecret", "testSecret", "finishSecret"])
def test_a_step_that_fails_leaves_the_secret_as_it_was(rotated: Rotated, step: str) -> None:
    (first,) = rotated.labels
    rotated.set(FAIL_STEP=step)
    token = rotated.start()
    failed = rotated.wait("RotationFailed")
    assert rotated.labels == {first: ["AWSCURRENT"], token: ["AWSPENDING"]}
    assert rotated.value() == "one"
    assert "LastRotatedDate" not in rotated.described
    # CloudTrail tells which step, and only the function's log why.
    assert failed["body"]["errorMessage"] == f"Error when executing lambda {rotated.function} during {step} step"
    assert failed["body"]["additionalEventData"] == {"SecretId": rotated.arn}
    assert failed["body"]["eventType"] == "AwsServiceEvent"
    assert failed["EventSource"] == "secretsmanager.amazonaws.com"
    assert any(line.startswith(f"[ERROR] PermissionError: {step} is not allowed") for line in rotated.log())
    # What is not complete is refused, tried again, and then it works.
    with refused("InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted."):
        rotated.start()
    rotated.wait("RotationFailed", 2)
    rotated.set()
    with refused("InvalidRequestException", "A previous rotation isn't complete"):
        rotated.start()
    rotated.wait("RotationSucceeded")
    assert rotated.labels == {first: ["AWSPREVIOUS"], token: ["AWSCURRENT", "AWSPENDING"]}


def test_a_label_that_was_removed_lets_a_new_rotation_begin(rotated: Rotated) -> None:
    rotated.set(FAIL_STEP="setSecret")
    (first,) = rotated.labels
    token = rotated.start()
    rotated.wait("RotationFailed")
    rotated.client.update_secret_version_stage(SecretId="s", VersionStage="AWSPENDING", RemoveFromVersionId=token)
    rotated.set()
    another = rotated.start()
    rotated.wait("RotationSucceeded")
    assert rotated.labels == {first: ["AWSPREVIOUS"], another: ["AWSCURRENT", "AWSPENDING"]}


def test_a_value_that_was_put_by_hand_ends_a_rotation_that_was_not_complete(rotated: Rotated) -> None:
    rotated.set(FAIL_STEP="testSecret")
    (first,) = rotated.labels
    rotated.start()
    rotated.wait("RotationFailed")
    second = rotated.client.put_secret_value(SecretId="s", SecretString="by hand")["VersionId"]
    assert rotated.labels == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}
    rotated.set()
    rotated.start()
    rotated.wait("RotationSucceeded")
    assert rotated.value(VersionStage="AWSPREVIOUS") == "by hand"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("createSecret", "was not created by Lambda .* Remove the AWSPENDING staging label and restart rotation"),
        ("finishSecret", "did not move AWSCURRENT"),
    ],
)
def test_a_function_that_does_nothing_has_not_rotated(rotated: Rotated, step: str, text: str) -> None:
    rotated.set(SKIP_STEP=step)
    rotated.start()
    failed = rotated.wait("RotationFailed")
    assert pytest.raises(AssertionError, match=text).matches(AssertionError(failed["body"]["errorMessage"]))
    assert rotated.value() == "one"


def test_a_rotation_that_is_cancelled_goes_no_further(account: Account, rotated: Rotated) -> None:
    account.settings(transition_seconds=0.3)
    (first,) = rotated.labels
    token = rotated.start()
    assert rotated.client.cancel_rotate_secret(SecretId="s")["VersionId"] == token
    rotated.wait("RotationAbandoned")
    assert rotated.labels == {first: ["AWSCURRENT"], token: ["AWSPENDING"]}
    with refused("InvalidRequestException", "didn't include such an ARN"):
        rotated.client.create_secret(Name="t")
        rotated.client.cancel_rotate_secret(SecretId="t")


def test_without_rotating_at_once_only_the_test_runs(rotated: Rotated) -> None:
    before = rotated.labels
    rotated.start(RotateImmediately=False)
    rotated.wait("TestRotationSucceeded")
    until(lambda: rotated.labels == before)
    assert (rotated.value(), rotated.described["RotationEnabled"]) == ("one", True)
    assert [line.split()[0] for line in rotated.log() if rotated.arn in line] == ["testSecret"]
    assert "LastRotatedDate" not in rotated.described
    rotated.set(FAIL_STEP="testSecret")
    rotated.start(RotateImmediately=False)
    rotated.wait("TestRotationFailed")
    until(lambda: rotated.labels == before)


def test_a_token_is_rotated_to_once(rotated: Rotated) -> None:
    token = "0123456789abcdef0123456789abcdef"
    assert rotated.start(ClientRequestToken=token) == token
    rotated.wait("RotationSucceeded")
    labels = rotated.labels
    assert rotated.start(ClientRequestToken=token) == token
    assert (rotated.labels, rotated.names().count("RotationStarted")) == (labels, 1)


def test_what_is_refused_before_anything_happens(account: Account, rotated: Rotated) -> None:
    (first,) = rotated.labels
    with refused("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."):
        rotated.client.rotate_secret(SecretId="s")
    with refused("ResourceNotFoundException", "can't find the specified secret"):
        rotated.start(SecretId="nothing")
    for rules, text in (
        ({"AutomaticallyAfterDays": 1001}, "within 1-1000"),
        ({"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"}, "both"),
        ({"ScheduleExpression": "rate(1 hour)"}, "Invalid ScheduleExpression"),
        ({"ScheduleExpression": "at(2030-01-01T00:00:00)"}, "Invalid ScheduleExpression"),
    ):
        with refused("InvalidParameterException", text):
            rotated.start(RotationRules=rules)
    with refused(
        "AccessDeniedException", "cannot invoke the specified Lambda function. Ensure that the function policy"
    ):
        rotated.start(RotationLambdaARN=f"{rotated.function}x")
    assert rotated.labels == {first: ["AWSCURRENT"]}
    assert "RotationEnabled" not in rotated.described


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (None, False),
        ({}, True),
        ({"Principal": "apigateway.amazonaws.com"}, False),
        ({"Action": "lambda:GetFunction"}, False),
        ({"SourceAccount": "111111111111"}, False),
        ({"SourceArn": "arn:aws:secretsmanager:us-east-1:*:secret:s-*"}, True),
        ({"SourceArn": "arn:aws:secretsmanager:us-east-1:*:secret:t-*"}, False),
    ],
)
def test_the_function_must_let_secrets_manager_in(
    account: Account, permission: dict[str, str] | None, allowed: bool
) -> None:
    rotated = Rotated(account, permission)
    if allowed:
        rotated.start()
        rotated.wait("RotationSucceeded")
        return
    with refused("AccessDeniedException", "principal secretsmanager.amazonaws.com"):
        rotated.start()


def test_rotations_come_by_the_clock(account: Account, rotated: Rotated) -> None:
    rotated.start(RotationRules={"AutomaticallyAfterDays": 10})
    rotated.wait("RotationSucceeded")
    account.advance(8 * DAY)
    assert rotated.names().count("RotationStarted") == 1
    account.advance(2 * DAY)
    until(lambda: rotated.names().count("RotationSucceeded") == 2)
    account.advance(9 * DAY)
    # A value that was put by hand counts as a rotation.
    rotated.client.put_secret_value(SecretId="s", SecretString="by hand")
    account.advance(2 * DAY)
    assert rotated.value() == "by hand"
    assert rotated.names().count("RotationStarted") == 2
    # What fails is tried again at the next time.
    rotated.set(FAIL_STEP="testSecret")
    account.advance(10 * DAY)
    rotated.wait("RotationFailed")
    pending = next(version for version, stages in rotated.labels.items() if stages == ["AWSPENDING"])
    rotated.set()
    account.advance(10 * DAY)
    until(lambda: rotated.labels[pending] == ["AWSCURRENT", "AWSPENDING"])
    rotated.client.cancel_rotate_secret(SecretId="s")
    account.advance(40 * DAY)
    assert rotated.names().count("RotationStarted") == 4


def moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()


@pytest.mark.parametrize(
    ("rules", "following"),
    [
        ({}, None),
        ({"AutomaticallyAfterDays": 3}, "2026-03-13 00:00"),
        ({"ScheduleExpression": "rate(10 days)"}, "2026-03-20 00:00"),
        ({"ScheduleExpression": "rate(12 hours)"}, "2026-03-11 00:00"),
        ({"ScheduleExpression": "rate(4 hours)"}, "2026-03-10 16:00"),
        ({"ScheduleExpression": "cron(0 8 1 * ? *)"}, "2026-04-01 08:00"),
        ({"ScheduleExpression": "cron(0 16 ? * TUE *)"}, "2026-03-10 16:00"),
        ({"ScheduleExpression": "cron(0 8 ? * TUE *)"}, "2026-03-17 08:00"),
        ({"ScheduleExpression": "cron(0 0 29 2 ? *)"}, "2028-02-29 00:00"),
    ],
)
def test_when_the_next_window_opens(rules: dict[str, Any], following: str | None) -> None:
    found = next_window(rules, moment("2026-03-10 15:30"))
    assert found == (moment(following) if following else None)


@pytest.mark.parametrize(
    ("rules", "until"),
    [
        ({"ScheduleExpression": "cron(0 8 1 * ? *)"}, "23:59:59"),
        ({"ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "2h"}, "10:00:00"),
        ({"ScheduleExpression": "cron(0 8,16 1 * ? *)"}, "09:00:00"),
    ],
)
def test_the_date_is_the_end_of_the_window(rotated: Rotated, rules: dict[str, Any], until: str) -> None:
    rotated.start(RotationRules=rules, RotateImmediately=False)
    assert rotated.described["NextRotationDate"].astimezone(datetime.UTC).strftime("%H:%M:%S") == until


def test_a_cron_expression_that_never_comes_due() -> None:
    assert parse("cron(0 0 30 2 ? *)", None).following(moment("2026-03-10 15:30")) is None
