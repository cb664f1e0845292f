# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a rotation function says when it fails, that it is said of the right secret, and without its values."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Settle
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import FAILED
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_rotations import (
    Rotations,
    failures,
    of_event,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-a1B2c3"
OTHER = ARN.replace("db", "keys")
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:rotate"
VERSION = "a" * 32
VALUE = json.dumps({"username": "admin", "password": "new-Pa55"})


def lines(*messages: str, stream: str = "one", start: datetime = NOW) -> list[dict[str, Any]]:
    return [
        {
            "eventId": f"{stream}-{number}",
            "logStreamName": stream,
            "timestamp": int(start.timestamp() * 1000) + number,
            "message": message,
        }
        for number, message in enumerate(messages)
    ]


CALL = ("START RequestId: 1 Version: $LATEST\n", f"setSecret of {ARN}\n")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("[ERROR] ValueError: no such user\nTraceback (most recent call last):\n  File", "ValueError: no such user"),
        ("[ERROR]\t2026-11-23T14:00:00Z\t1\tsetSecret failed\n", "2026-11-23T14:00:00Z\t1\tsetSecret failed"),
        ("2026-11-23T14:00:03Z 1 Task timed out after 3.00 seconds\n", "Task timed out after 3.00 seconds"),
        (
            "RequestId: 1 Error: Runtime exited with error: signal: killed\n",
            "Runtime exited with error: signal: killed",
        ),
        ('{"level": "ERROR", "errorType": "KeyError", "errorMessage": "host"}', "KeyError: host"),
        ('{"level": "ERROR", "message": "setSecret failed"}', "setSecret failed"),
    ],
)
def test_an_error_is_known_in_every_form_that_lambda_writes(message: str, said: str) -> None:
    assert [text for _event, text in failures(lines(*CALL, message), [ARN])] == [said]


@pytest.mark.parametrize(
    "events",
    [
        lines(*CALL, "all is well\n", '{"level": "INFO", "message": "ok"}', "{not json"),
        lines("START RequestId: 1\n", f"setSecret of {OTHER}\n", "[ERROR] ValueError: no\n"),
        lines(*CALL, "START RequestId: 2\n", "[ERROR] ValueError: no\n"),
        lines(*CALL) + lines("START RequestId: 2\n", "[ERROR] ValueError: no\n", stream="two"),
    ],
)
def test_what_is_no_error_or_another_secrets_is_not_blamed_on_this_one(events: list[dict[str, Any]]) -> None:
    assert failures(events, [ARN, VERSION]) == []


def test_calls_of_environments_that_run_at_the_same_time_are_kept_apart() -> None:
    mine = lines("START RequestId: 1\n", f"version {VERSION}\n", "[ERROR] ValueError: mine\n")
    others = lines("START RequestId: 2\n", f"of {OTHER}\n", "[ERROR] ValueError: other\n", stream="two")
    assert failures([*others, *mine], [VERSION]) == [("one-2", "ValueError: mine")]


def event(arn: str = ARN, **more: Any) -> dict[str, Any]:
    told = {"additionalEventData": {"SecretId": arn}, **more}
    return {"EventId": "e", "EventTime": NOW, "CloudTrailEvent": json.dumps(told)}


def test_an_event_of_cloudtrail_tells_what_it_knows() -> None:
    assert of_event(event(errorMessage="setSecret failed"), ARN, VERSION) == "CloudTrail says: setSecret failed"
    assert of_event(event(), ARN, VERSION) == "CloudTrail says so, and not why"
    assert of_event(event(OTHER, errorMessage="x"), ARN, VERSION) == ""
    assert of_event({"EventId": "e", "CloudTrailEvent": "{"}, ARN, VERSION) == ""
    request = f"Rotation-{ARN}-"
    assert of_event(event(errorMessage="x", requestID=f"{request}{VERSION}"), ARN, VERSION) == "CloudTrail says: x"
    assert of_event(event(errorMessage="x", requestID=f"{request}another"), ARN, VERSION) == ""
    named = {**event("", errorMessage="x"), "Resources": [{"ResourceName": ARN}]}
    assert of_event(named, ARN, VERSION) == "CloudTrail says: x"


class Answers:
    """Stands where `Aws` stands: what each operation answers, or raises."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {
            "GetSecretValue": {"SecretString": VALUE},
            "GetFunction": HERE,
            "FilterLogEvents": [],
            "LookupEvents": [],
            **answers,
        }
        self.asked: list[str] = []
        self.there = False

    def _answer(self, operation: str) -> Any:
        self.asked.append(operation)
        answer = self._answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def call(self, _service: str, operation: str, /, **_arguments: Any) -> dict[str, Any]:
        return dict(self._answer(operation))

    def pages(self, _service: str, operation: str, _key: str, /, **_arguments: Any) -> list[Any]:
        return list(self._answer(operation))

    def settled(self, _settle: Settle) -> bool:
        return self.there


DENIED = AwsError("logs:FilterLogEvents was refused.", "AccessDeniedException")
HTTP = {"HTTPHeaders": {"date": "Mon, 23 Nov 2026 14:00:00 GMT"}}
ROTATING = {"VersionId": VERSION, "ResponseMetadata": HTTP}
HERE = {"Configuration": {"State": "Active"}}


class Clock:
    """Seconds that pass when they are asked for."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 5
        return self.now


def rotations(aws: Answers) -> Rotations:
    fake: Any = aws
    return Rotations(fake, Clock())


def prepared(aws: Answers) -> Rotations:
    """As before a rotation: the function was looked at."""
    tried = rotations(aws)
    for secret in (ARN, OTHER):
        assert tried.function(secret, FUNCTION)[0] == ""
    return tried


WAIT = Settle("secret_described", {"SecretId": ARN}, until="x")


def test_a_failure_ends_the_waiting_with_what_the_function_said_but_for_values() -> None:
    said = lines(*CALL, "[ERROR] OperationalError: password new-Pa55 of admin refused\n")
    aws = Answers(RotateSecret=ROTATING)
    tried = prepared(aws)
    assert tried.failure_of(ARN, VERSION, NOW) == ""
    tried.call("secretsmanager", "RotateSecret", SecretId=ARN, ClientRequestToken=VERSION)
    assert not tried.settled(WAIT)
    aws._answers["FilterLogEvents"] = said
    with pytest.raises(AwsError) as raised:
        tried.settled(WAIT)
    assert raised.value.code == FAILED
    assert "its function says: OperationalError: password (hidden) of (hidden) refused" in str(raised.value)
    assert "AWSCURRENT stayed where it was" in str(raised.value)
    aws.there = True
    assert tried.settled(WAIT)


def test_what_an_earlier_attempt_has_said_is_not_said_of_the_next() -> None:
    aws = Answers(FilterLogEvents=lines(*CALL, "[ERROR] ValueError: no\n"), RotateSecret=ROTATING)
    tried = prepared(aws)
    assert tried.failure_of(ARN, VERSION, NOW) == "its function says: ValueError: no"
    tried.call("secretsmanager", "RotateSecret", SecretId=ARN, ClientRequestToken="b" * 32)
    assert not tried.settled(WAIT)


def test_a_failure_that_is_known_does_not_end_the_waiting_for_its_label_to_go() -> None:
    aws = Answers(FilterLogEvents=lines(*CALL, "[ERROR] ValueError: no\n"))
    tried = prepared(aws)
    assert tried.failure_of(ARN, VERSION, NOW)
    aws._answers["LookupEvents"] = [event(errorMessage="setSecret failed")]
    assert not tried.settled(WAIT)


def test_where_values_may_not_be_read_only_the_kind_of_error_is_told() -> None:
    said = lines(*CALL, "[ERROR] OperationalError: password new-Pa55 refused\n")
    denied = AwsError("secretsmanager:GetSecretValue was refused.", "AccessDeniedException")
    told = prepared(Answers(FilterLogEvents=said, GetSecretValue=denied)).failure_of(ARN, VERSION, NOW)
    assert told.startswith("OperationalError (its text may quote a value")
    assert "Pa55" not in told


def test_cloudtrail_tells_where_the_log_may_not_be_read_and_is_asked_once_for_all() -> None:
    aws = Answers(FilterLogEvents=DENIED, LookupEvents=[event(errorMessage="setSecret failed")])
    tried = prepared(aws)
    aws.asked.clear()
    tried._clock = lambda: 100.0
    assert tried.failure_of(ARN, VERSION, NOW) == "CloudTrail says: setSecret failed"
    assert tried.failure_of(OTHER, VERSION, NOW) == ""
    assert aws.asked.count("LookupEvents") == 1


def test_what_is_seen_nowhere_is_said_before() -> None:
    missing, remark = rotations(Answers(FilterLogEvents=DENIED, LookupEvents=DENIED)).function(ARN, FUNCTION)
    assert missing == ""
    assert "is not observable here: logs:FilterLogEvents was refused." in remark
    one = rotations(Answers(FilterLogEvents=DENIED)).function(ARN, FUNCTION)
    assert one == ("", "")


@pytest.mark.parametrize(
    ("answer", "missing", "remark"),
    [
        (AwsError("no", "ResourceNotFoundException"), "is not there. Deploy it", ""),
        (DENIED, "", "is there is not observable"),
        ({"Configuration": {"State": "Failed", "StateReason": "no role"}}, "cannot run: no role", ""),
        ({**HERE, "Concurrency": {"ReservedConcurrentExecutions": 0}}, "its reserved concurrency is 0", ""),
    ],
)
def test_a_function_that_cannot_run_is_found_before(answer: Any, missing: str, remark: str) -> None:
    aws = Answers(GetFunction=answer)
    tried = rotations(aws)
    for found, wanted in zip(tried.function(ARN, FUNCTION), (missing, remark), strict=True):
        assert wanted in found
        assert bool(found) is bool(wanted)
    assert tried.function(ARN, FUNCTION)
    assert aws.asked.count("GetFunction") == 1


def test_an_answer_that_was_lost_is_not_taken_for_a_refusal() -> None:
    refused = AwsError("A previous rotation isn't complete.", "InvalidRequestException")
    aws = Answers(RotateSecret=refused, DescribeSecret={"VersionIdsToStages": {VERSION: ["AWSPENDING"]}})
    wish = {"SecretId": ARN, "ClientRequestToken": VERSION}
    assert rotations(aws).call("secretsmanager", "RotateSecret", **wish) == {"VersionId": VERSION}
    with pytest.raises(AwsError, match="previous rotation"):
        rotations(aws).call("secretsmanager", "RotateSecret", **{**wish, "ClientRequestToken": "b" * 32})


def test_a_refusal_does_not_quote_the_value_that_was_sent() -> None:
    quoting = AwsError("new-Pa55 is not allowed", "InvalidParameterException")
    with pytest.raises(AwsError) as raised:
        rotations(Answers(PutSecretValue=quoting)).call("secretsmanager", "PutSecretValue", SecretString=VALUE)
    assert str(raised.value) == "(hidden) is not allowed"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_the_log_is_that_of_the_function_since_the_rotation_began() -> None:
    seen: dict[str, Any] = {}

    class Asked(Answers):
        def pages(self, _service: str, operation: str, _key: str, /, **arguments: Any) -> list[Any]:
            if operation == "FilterLogEvents":
                seen.update(arguments)
            return super().pages(_service, operation, _key, **arguments)

    grouped = {"Configuration": {"State": "Active", "LoggingConfig": {"LogGroup": "/shop/rotation"}}}
    tried = rotations(Asked(GetFunction=grouped))
    tried.function(ARN, FUNCTION)
    tried.failure_of(ARN, VERSION, NOW)
    since = int((NOW - timedelta(seconds=1)).timestamp() * 1000)
    assert (seen["logGroupName"], seen["startTime"]) == ("/shop/rotation", since)
    rotations(Asked()).function(ARN, f"{FUNCTION}:live")
    assert seen["logGroupName"] == "/aws/lambda/rotate"
