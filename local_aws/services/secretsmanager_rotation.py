# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets Manager: rotation, which really runs the four steps of the rotation function, in the background.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html has the steps and what
the function is told; https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html the events
that tell how a rotation went. Which step failed is told there; why, only in the function's own log.
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.secretsmanager.models import FakeSecret, ReplicaSecret

from local_aws.accounts import AccountState, Record
from local_aws.rules import AwsError, Call, Result, on_time, rule
from local_aws.schedule import BadSchedule, Schedule, parse
from local_aws.services.lambda_ import functions, split
from local_aws.services.secretsmanager import (
    CURRENT,
    PENDING,
    Secrets,
    describe,
    has_value,
    holder,
    labels,
    listed,
    named,
    new_version_id,
    page_of_list,
    primary,
    put_label,
    secrets_of,
    value_of,
)

_HOUR, _DAY = 3600, 86_400
_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_PRINCIPAL = "secretsmanager.amazonaws.com"


@dataclass
class Rotation:
    """How a secret is rotated.

    Attributes:
        configured_by: The call that said so last; scheduled rotations happen in its place.
        rotated_at: When AWSCURRENT last moved by a rotation.
        next_at: When the next one is due.
        running: The version that is being rotated to right now; empty when nothing runs.
    """

    secret: FakeSecret
    function: str = ""
    rules: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = False
    configured_by: Call | None = None
    rotated_at: float | None = None
    next_at: float | None = None
    running: str = ""

    def describe(self) -> Result:
        """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html

        "If the secret isn't configured for rotation or rotation has been disabled, Secrets Manager returns null" is said
        of LastRotatedDate and NextRotationDate there.
        """
        if self.configured_by is None:
            return {}
        shown: Result = {"RotationEnabled": self.enabled, "RotationLambdaARN": self.function}
        if self.rules:
            shown["RotationRules"] = dict(self.rules)
        if self.enabled and self.rotated_at is not None:
            shown["LastRotatedDate"] = self.rotated_at
        if self.enabled and self.next_at is not None:
            shown["NextRotationDate"] = _window_end(self.rules, self.next_at)
        return shown

    def plan_next(self, base: float) -> None:
        self.next_at = next_window(self.rules, base) if self.enabled else None


@dataclass
class Rotations:
    """The rotations of one account and region by the secret's name."""

    rotations: dict[str, Rotation] = field(default_factory=dict)

    def of(self, secret: FakeSecret | ReplicaSecret) -> Rotation:
        source = primary(secret)
        rotation = self.rotations.get(source.name)
        if rotation is None or rotation.secret is not source:
            rotation = self.rotations[source.name] = Rotation(source)
        return rotation


def _midnight(moment: float) -> float:
    return moment // _DAY * _DAY


def _schedule(rules: Mapping[str, Any]) -> Schedule | None:
    """The rule as a schedule. InvalidParameterException when there are two, or one that is none."""
    days, expression = rules.get("AutomaticallyAfterDays"), rules.get("ScheduleExpression")
    if days is not None and expression is not None:
        raise AwsError(
            "InvalidParameterException", "You can't specify both AutomaticallyAfterDays and ScheduleExpression."
        )
    if days is not None and not 1 <= int(days) <= 1000:
        raise AwsError("InvalidParameterException", "RotationRules.AutomaticallyAfterDays must be within 1-1000.")
    if days is not None:
        return Schedule(every=int(days) * _DAY)
    if expression is None:
        return None
    try:
        found = parse(str(expression), None)
    except BadSchedule as error:
        raise AwsError("InvalidParameterException", f"Invalid ScheduleExpression: {error}") from None
    # botocore, ScheduleExpression: cron() or rate(), "as often as every four hours", in hours or days.
    if found.at is not None or (found.every and (found.every < 4 * _HOUR or found.every % _HOUR)):
        raise AwsError("InvalidParameterException", f"Invalid ScheduleExpression: {expression}")
    return found


def next_window(rules: Mapping[str, Any], base: float) -> float | None:
    """When the next rotation window after `base` begins; None without a schedule.

    botocore, ScheduleExpression: "If you use a rate() expression, the rotation window starts at midnight"; a rate in
    hours counts from there. AutomaticallyAfterDays is the same as a rate in days:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """
    schedule = _schedule(rules)
    if schedule is None:
        return None
    if not schedule.every:
        return schedule.following(base)
    if schedule.every % _DAY == 0:
        return _midnight(base) + schedule.every
    return _midnight(base) + ((base - _midnight(base)) // schedule.every + 1) * schedule.every


def _window_end(rules: Mapping[str, Any], begin: float) -> float:
    """botocore, NextRotationDate: the next rotation is "on or before this date".

    botocore, Duration: without one the window of "a ScheduleExpression in hours" closes after an hour, and that of one
    in days "at the end of the UTC day". A cron expression is one in hours when it has several of them.
    """
    given = re.fullmatch(r"(\d+)h", str(rules.get("Duration", "")))
    if given:
        return begin + int(given.group(1)) * _HOUR
    if re.search(r"hours?\)$|^cron\(\S+ \S*[*/,-]", str(rules.get("ScheduleExpression", ""))):
        return begin + _HOUR
    return _midnight(begin) + _DAY - 1


@rule("secretsmanager", "DescribeSecret")
def describe_secret(call: Call) -> Result:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html"""
    secrets = secrets_of(call)
    secret = secrets.find(call.arguments["SecretId"])
    shown = {**describe(secrets, secret), **_rotation(call, secret).describe()}
    if labels(secret):
        shown["VersionIdsToStages"] = labels(secret)
    replicas = primary(secret).replicas
    return {**shown, "ReplicationStatus": [item.config for item in replicas]} if replicas else shown


@rule("secretsmanager", "ListSecrets")
def list_secrets(call: Call) -> Result:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html"""
    secrets = secrets_of(call)
    shown = []
    for secret in listed(call):
        item = {**describe(secrets, secret), **_rotation(call, secret).describe()}
        shown.append({**item, "SecretVersionsToStages": labels(secret)} if labels(secret) else item)
    return page_of_list(call, shown)


def _rotation(call: Call, secret: FakeSecret | ReplicaSecret) -> Rotation:
    return call.account.store(Rotations, call.region).of(secret)


@rule("secretsmanager", "RotateSecret")
def rotate_secret(call: Call) -> Result:
    """Check and configure at once, rotate in the background.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html. A version that has AWSPENDING and
    not AWSCURRENT is a rotation that is not complete: this call is refused and that one is tried again, as the text says.
    """
    secrets, arguments = secrets_of(call), call.arguments
    secret = secrets.writable(arguments["SecretId"])
    rotation, token = _rotation(call, secret), new_version_id(call)
    function = str(arguments.get("RotationLambdaARN") or rotation.function)
    if not function:
        raise AwsError("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
    pending = holder(secret, PENDING)
    if pending and pending != holder(secret, CURRENT):
        if not rotation.running and rotation.configured_by is not None:
            _start(rotation.configured_by, rotation, pending, _STEPS)
        raise AwsError(
            "InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted."
        )
    rules = arguments.get("RotationRules") or rotation.rules
    _schedule(rules)
    _refuse_function(call, secret, function)
    rotation.function, rotation.rules, rotation.enabled = function, rules, True
    rotation.configured_by = call
    rotation.plan_next(call.account.now())
    secrets.touch(secret)
    if token in secret.versions:
        # botocore, ClientRequestToken: it prevents "the accidental creation of duplicate versions".
        return named(secret, VersionId=token)
    if arguments.get("RotateImmediately") is False:
        _start(call, rotation, token, ("testSecret",))
    else:
        _start(call, rotation, token, _STEPS)
    return named(secret, VersionId=token)


def _refuse_function(call: Call, secret: FakeSecret, arn: str) -> None:
    """The function's policy must let Secrets Manager in.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
    """
    name, qualifier = split(arn)
    try:
        function = functions(call).find(name)
        if qualifier:
            functions(call).version_of(name, qualifier)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        function = None
    if function is None or not any(
        _allows(statement, call.account.id, secret.arn, f"{function.function_arn}:{qualifier}".rstrip(":"))
        for statement in _statements(function)
    ):
        raise AwsError(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access "
            f"to the principal {_PRINCIPAL}.",
        )


def _statements(function: LambdaFunction) -> list[dict[str, Any]]:
    return list(function.policy.statements)


def _allows(statement: Mapping[str, Any], account: str, secret_arn: str, function_arn: str) -> bool:
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, Mapping) else principal
    condition = statement.get("Condition", {})
    accounts = condition.get("StringEquals", {}).get("AWS:SourceAccount", account)
    arns = condition.get("ArnLike", {}).get("AWS:SourceArn", "*")
    return (
        statement.get("Effect") == "Allow"
        and service in (_PRINCIPAL, "*")
        and fnmatchcase("lambda:InvokeFunction", str(statement.get("Action")))
        and statement.get("Resource") == function_arn
        and accounts == account
        and fnmatchcase(secret_arn, str(arns))
    )


@rule("secretsmanager", "CancelRotateSecret")
def cancel_rotate_secret(call: Call) -> Result:
    """Off from now on; one that runs stops before its next step, and its labels stay as they are.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
    """
    secrets = secrets_of(call)
    secret = secrets.writable(call.arguments["SecretId"])
    rotation = _rotation(call, secret)
    if rotation.configured_by is None:
        raise AwsError(
            "InvalidRequestException",
            "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and you "
            "didn't include such an ARN as a parameter in this call.",
        )
    running, rotation.running, rotation.enabled, rotation.next_at = rotation.running, "", False, None
    secrets.touch(secret)
    return named(secret, VersionId=running) if running else named(secret)


@on_time("secretsmanager", "cloudtrail")
def rotate_what_is_due(account: AccountState) -> None:
    """A rotation comes when its window opens; one that was not complete is tried again then.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """
    now = account.now()
    for region in account.regions(Rotations):
        secrets = Secrets(account, region)
        for rotation in account.store(Rotations, region).rotations.values():
            caller, secret = rotation.configured_by, rotation.secret
            if not rotation.enabled or caller is None or secret not in secrets.all() or secret.is_deleted():
                continue
            if dict(rotation.rules).get("AutomaticallyAfterDays"):
                # botocore, AutomaticallyAfterDays: "Manually updating the secret value by calling PutSecretValue or
                # UpdateSecret is considered a valid rotation".
                valued = next_window(rotation.rules, secrets.state(secret).valued_at)
                rotation.next_at = max(rotation.next_at or 0.0, valued or 0.0) or None
            if rotation.next_at is None or now < rotation.next_at or rotation.running:
                continue
            rotation.plan_next(now)
            pending = holder(secret, PENDING)
            again = pending if pending != holder(secret, CURRENT) else ""
            _start(caller, rotation, again or str(uuid.uuid4()), _STEPS)


def _start(caller: Call, rotation: Rotation, token: str, steps: Sequence[str]) -> None:
    """Make the version that is to become current, and begin the steps when the account's transition time is over.

    The version is there, with AWSPENDING, before the function is called first: its steps refuse a token without one
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html).
    """
    secret = rotation.secret
    rotation.running = token
    if token not in secret.versions:
        version = {"version_id": token, "version_stages": [], "createdate": caller.account.now()}
        secret.versions[token] = version
        put_label(secret, PENDING, token)
        current = secret.versions.get(holder(secret, CURRENT))
        if steps != _STEPS and current is not None:
            # botocore, RotateImmediately: the test "creates an AWSPENDING version of the secret and then removes it".
            version.update(value_of(current))
    threading.Thread(target=_Attempt(caller, rotation, token, steps).run, daemon=True).start()


class _Stopped(Exception):
    """Why a rotation goes no further: the event that tells so, and its text."""

    def __init__(self, event: str, text: str = "") -> None:
        super().__init__(text)
        self.event = event
        self.text = text


@dataclass
class _Attempt:
    """The steps of one rotation, in a thread of their own."""

    caller: Call
    rotation: Rotation
    token: str
    steps: Sequence[str]

    @property
    def test(self) -> bool:
        return self.steps != _STEPS

    def run(self) -> None:
        time.sleep(self.caller.account.settings.transition_seconds)
        prefix = "Test" if self.test else ""
        self._tell(f"{prefix}RotationStarted")
        try:
            for step in self.steps:
                self._take(step)
            with self.caller.lock:
                self._finish()
        except _Stopped as stopped:
            self._tell(f"{prefix}{stopped.event}", stopped.text)
        else:
            self._tell(f"{prefix}RotationSucceeded")
        finally:
            with self.caller.lock:
                if self.test:
                    self.rotation.secret.versions.pop(self.token, None)
                if self.rotation.running == self.token:
                    self.rotation.running = ""

    def _take(self, step: str) -> None:
        """One step; its failure leaves the labels where they are."""
        secret, arn = self.rotation.secret, self.rotation.function
        with self.caller.lock:
            # A label that somebody has removed and a rotation that was cancelled end it.
            if self.rotation.running != self.token or PENDING not in self._stages():
                raise _Stopped("RotationAbandoned")
        event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": self.token}
        try:
            answer = self.caller.invoke(
                "lambda", "Invoke", {"FunctionName": arn, "Payload": json.dumps(event).encode()}
            )
        except AwsError as error:
            raise _Stopped("RotationFailed", f"Error when executing lambda {arn} during {step} step") from error
        if answer.get("FunctionError"):
            raise _Stopped("RotationFailed", f"Error when executing lambda {arn} during {step} step")
        with self.caller.lock:
            if step == "createSecret" and not has_value(secret.versions.get(self.token, {})):
                raise _Stopped(
                    "RotationFailed",
                    f"Pending secret version {self.token} for Secret {secret.arn} was not created by Lambda {arn}. "
                    "Remove the AWSPENDING staging label and restart rotation.",
                )

    def _stages(self) -> list[str]:
        return list(self.rotation.secret.versions.get(self.token, {}).get("version_stages", []))

    def _finish(self) -> None:
        """The rotation is one only when AWSCURRENT has moved."""
        if self.test:
            return
        if CURRENT not in self._stages():
            text = f"Lambda {self.rotation.function} did not move AWSCURRENT to the secret version {self.token}"
            raise _Stopped("RotationFailed", text)
        now = self.caller.account.now()
        self.rotation.rotated_at = now
        self.rotation.plan_next(now)

    def _tell(self, name: str, problem: str = "") -> None:
        """An event of the service itself in CloudTrail.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
        """
        account, arn = self.caller.account, self.rotation.secret.arn
        more = {"additionalEventData": {"SecretId": arn}, "requestID": f"Rotation-{arn}-{self.token}"}
        self.caller.world.record(
            Record(
                n=0,
                service="secretsmanager",
                operation=name,
                mutating=True,
                principal=_PRINCIPAL,
                account=account.id,
                region=self.caller.region,
                time=account.now(),
                status=200,
                error="",
                message=problem,
                event=more,
            )
        )
