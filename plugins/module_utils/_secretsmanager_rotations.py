# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The way to AWS for secrets: what their rotation functions say, and no value in what AWS says.

No API tells that a rotation has failed: AWSCURRENT stays where it is, and AWSPENDING on the new version. What failed is in
the function's log at once, and in CloudTrail, as the event RotationFailed, some minutes later.

Sources:

- https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html
- https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._plan import Settle
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import CURRENT, PENDING, PREVIOUS
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_value import leaves, without

FAILED = "RotationFailed"

# Seconds between two looks at what a rotation function says, of one secret's log and of all secrets' events.
LOG_EVERY, EVENTS_EVERY = 2.0, 10.0

# How AWS Lambda says that a call failed, in its text and in its JSON format:
# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html, nodejs-logging.html, and "Task timed out" of the
# platform: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
_ERROR = re.compile(
    r"\[ERROR\]\s+(?P<text>[^\r\n]+)|(?P<timeout>Task timed out after [\d.]+ seconds)|(?P<exit>Runtime exited[^\r\n]*)"
)
_START = re.compile(r"START RequestId: (?P<id>[\w-]+)")
_TYPE = re.compile(r"[A-Za-z_][\w.]*(?=:|$)")


@dataclass
class _Watch:
    """A rotation that is waited for."""

    function: str | None
    version: str
    since: datetime
    looked: float = 0.0


@dataclass
class _Events:
    """What CloudTrail has told of failed rotations, for all secrets of the task."""

    found: list[dict[str, Any]] = field(default_factory=list)
    looked: float | None = None
    denied: str = ""


class Rotations:
    """Stands where `Aws` stands.

    Args:
        aws: The way to AWS.
        clock: Seconds, for the pauses between looks.
    """

    def __init__(self, aws: Aws, clock: Callable[[], float] = time.monotonic) -> None:
        self._aws = aws
        self._clock = clock
        self.pages = aws.pages
        self._functions: dict[str, tuple[str, str]] = {}
        self._groups: dict[str, str] = {}
        self._watches: dict[str, _Watch] = {}
        self._events = _Events()
        self._known: set[str] = set()
        self._reading_functions, self._reading_events = threading.Lock(), threading.Lock()

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """As `Aws.call`, without the value that was sent in what it says when it refuses it."""
        try:
            answer = self._aws.call(service, operation, **arguments)
        except AwsError as error:
            if operation == "RotateSecret" and self._was_accepted(error, arguments):
                answer = {"VersionId": arguments["ClientRequestToken"]}
            elif sent := arguments.get("SecretString"):
                # Without the cause: a traceback would show it.
                raise AwsError(without(str(error), leaves(sent)), error.code) from None
            else:
                raise
        if operation == "RotateSecret":
            self._watch(arguments["SecretId"], arguments["ClientRequestToken"], answered_at(answer))
        return answer

    def settled(self, settle: Settle) -> bool:
        """As `Aws.settled`.

        Raises:
            AwsError: AWS refused, or the rotation that is waited for has failed.
        """
        if self._aws.settled(settle):
            return True
        arn = settle.arguments["SecretId"]
        watch = self._watches.get(arn)
        if watch is None or self._clock() - watch.looked < LOG_EVERY:
            return False
        watch.looked = self._clock()
        if why := self._look(arn, watch):
            raise AwsError(
                f"{arn}: its rotation failed: {why.rstrip('.')}. {CURRENT} stayed where it was. Mend the cause and run the same"
                " task again: it clears the failed rotation away first.",
                FAILED,
            )
        return False

    # --- before ----------------------------------------------------------------------------------------------------------

    def function(self, arn: str) -> tuple[str, str]:
        """Why a rotation function cannot run, or nothing; and what of it cannot be seen, or nothing.

        Raises:
            AwsError: AWS did not answer.
        """
        with self._reading_functions:
            if arn not in self._functions:
                self._functions[arn] = self._read_function(arn)
            return self._functions[arn]

    def _read_function(self, arn: str) -> tuple[str, str]:
        try:
            answer = self._aws.call("lambda", "GetFunction", FunctionName=arn)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return f"its rotation function {arn} is not there. Deploy it, or attach another one.", ""
            if not _denied(error):
                raise
            self._groups[arn] = _default_group(arn)
            return "", f"Whether the rotation function {arn} is there is not observable: {error}"
        configuration = answer["Configuration"]
        self._groups[arn] = configuration.get("LoggingConfig", {}).get("LogGroup") or _default_group(arn)
        if configuration.get("State") == "Failed":
            return (
                f"its rotation function {arn} cannot run: {configuration.get('StateReason', 'AWS gives no reason')}",
                "",
            )
        if answer.get("Concurrency", {}).get("ReservedConcurrentExecutions") == 0:
            throttled = f"its rotation function {arn} cannot run, because its reserved concurrency is 0. Give it some."
            return throttled, ""
        return "", self._unseen(arn)

    def _unseen(self, arn: str) -> str:
        """What hides what the function says, if it is hidden everywhere."""
        now = datetime.now().astimezone()
        log = self._log(arn, now)
        if isinstance(log, list):
            return ""
        self._read_events(now)
        if not self._events.denied:
            return ""
        return (
            f"What the rotation function {arn} says when it fails is not observable here: {log} {self._events.denied}"
        )

    def failure_of(self, arn: str, function: str, version: str, since: datetime) -> str:
        """Why a rotation that was started by somebody or some time ago failed, or nothing where no failure is known.

        It is then waited for as well, if it goes on.

        Raises:
            AwsError: AWS did not answer.
        """
        watch = self._watch(arn, version, since - timedelta(seconds=1), function)
        return self._look(arn, watch)

    # --- while waiting ---------------------------------------------------------------------------------------------------

    def _was_accepted(self, error: AwsError, arguments: Mapping[str, Any]) -> bool:
        """Whether the refusal is only that of a second attempt: the answer to the first was lost.

        AWS refuses a rotation while there is a pending version: that may be the very one that was asked for.
        """
        if error.code != "InvalidRequestException":
            return False
        found = self._aws.call("secretsmanager", "DescribeSecret", SecretId=arguments["SecretId"])
        return arguments["ClientRequestToken"] in (found.get("VersionIdsToStages") or {})

    def _watch(self, arn: str, version: str, since: datetime, function: str | None = None) -> _Watch:
        before = self._watches.get(arn)
        watch = _Watch(function or (before.function if before else None), version, since, self._clock())
        self._watches[arn] = watch
        return watch

    def _look(self, arn: str, watch: _Watch) -> str:
        found = self._in_log(arn, watch) or self._in_events(arn, watch)
        return self._discreet(arn, found) if found else ""

    def _in_log(self, arn: str, watch: _Watch) -> str:
        if watch.function is None:
            return ""
        log = self._log(watch.function, watch.since)
        if not isinstance(log, list):
            return ""
        said = failures(log, (watch.version, arn))
        new = [(event, text) for event, text in said if event not in self._known]
        self._known.update(event for event, dummy in said)
        return f"its function says: {new[-1][1]}" if new else ""

    def _log(self, function: str, since: datetime) -> list[dict[str, Any]] | str:
        """What a function has logged since then, or why it cannot be seen."""
        group = self._groups.get(function) or _default_group(function)
        try:
            return self._aws.pages(
                "logs", "FilterLogEvents", "events", logGroupName=group, startTime=int(since.timestamp() * 1000)
            )
        except AwsError as error:
            if _denied(error):
                return str(error)
            if error.code == "ResourceNotFoundException":
                return []  # It has never logged anything.
            raise

    def _in_events(self, arn: str, watch: _Watch) -> str:
        self._read_events(watch.since)
        for event in self._events.found:
            if event["EventId"] not in self._known and event["EventTime"] >= watch.since.replace(microsecond=0):
                text = of_event(event, arn, watch.version)
                if text:
                    self._known.add(event["EventId"])
                    return text
        return ""

    def _read_events(self, since: datetime) -> None:
        """One question for all secrets: LookupEvents is answered twice a second only."""
        with self._reading_events:
            looked = self._events.looked
            if self._events.denied or (looked is not None and self._clock() - looked < EVENTS_EVERY):
                return
            self._events.looked = self._clock()
            oldest = min([since, *(watch.since for watch in self._watches.values())])
            try:
                self._events.found = self._aws.pages(
                    "cloudtrail",
                    "LookupEvents",
                    "Events",
                    LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": FAILED}],
                    StartTime=oldest,
                )
            except AwsError as error:
                if not _denied(error):
                    raise
                self._events.denied = str(error)

    def _discreet(self, arn: str, text: str) -> str:
        """What a function said, without the values of its secret: a database's error may quote a password."""
        values: list[str] = []
        for stage in (CURRENT, PENDING, PREVIOUS):
            try:
                answer = self._aws.call("secretsmanager", "GetSecretValue", SecretId=arn, VersionStage=stage)
            except AwsError as error:
                if error.code == "ResourceNotFoundException":
                    continue  # There is no such version, or it has no value yet.
                kind = _TYPE.search(text.rpartition("says: ")[2])
                return f"{kind[0] if kind else 'an error'} (its text may quote a value of the secret, and is shown only to who may read them: {error})"
            values += leaves(answer.get("SecretString"))
        return without(text, values)


def _denied(error: AwsError) -> bool:
    return error.code.startswith("AccessDenied")


def _default_group(function: str) -> str:
    # arn:aws:lambda:region:account:function:name[:qualifier]
    return f"/aws/lambda/{function.split(':')[6] if function.startswith('arn:') else function}"


def failures(events: Iterable[Mapping[str, Any]], names: Iterable[str]) -> list[tuple[str, str]]:
    """The calls of a function that failed and named one of the names, as (id of the event, what it said).

    One environment writes to one stream and runs one call at a time, so what stands between two START lines is one call's.
    A function that serves several secrets is so not blamed for the wrong one.
    """
    names = tuple(names)
    calls: list[list[Mapping[str, Any]]] = []
    open_calls: dict[str, list[Mapping[str, Any]]] = {}
    for event in sorted(events, key=lambda event: event["timestamp"]):
        stream = event.get("logStreamName", "")
        if _START.search(event["message"]) or stream not in open_calls:
            open_calls[stream] = []
            calls.append(open_calls[stream])
        open_calls[stream].append(event)
    found = []
    for call in calls:
        errors = [event for event in call if _error_in(event["message"])]
        if errors and any(name in event["message"] for event in call for name in names):
            found.append((str(errors[-1]["eventId"]), _error_in(errors[-1]["message"])))
    return found


def _error_in(message: str) -> str:
    """The error in a line of a function's log, or nothing."""
    if message.lstrip().startswith("{"):
        try:
            line = json.loads(message)
        except ValueError:
            line = {}
        if isinstance(line, dict) and (line.get("errorType") or line.get("level") in ("ERROR", "FATAL")):
            kind, text = line.get("errorType"), line.get("errorMessage") or line.get("message") or ""
            return f"{kind}: {text}" if kind else str(text)
    match = _ERROR.search(message)
    return next((group.strip() for group in match.groups() if group), "") if match else ""


def of_event(event: Mapping[str, Any], arn: str, version: str) -> str:
    """What CloudTrail tells of the failed rotation of a secret to this version, or nothing."""
    try:
        told = json.loads(event["CloudTrailEvent"])
    except (KeyError, ValueError):
        return ""
    # Rotation-<ARN>-<version>, in the examples of the page above.
    request = str(told.get("requestID") or "")
    if request.startswith(f"Rotation-{arn}-") and not request.endswith(version):
        return ""
    more = told.get("additionalEventData") or {}
    more = more if isinstance(more, dict) else {"message": more}
    if arn not in (more.get("SecretId"), *(resource.get("ResourceName") for resource in event.get("Resources") or ())):
        return ""
    said = [str(told[key]) for key in ("errorCode", "errorMessage") if told.get(key)]
    said += [str(value) for key, value in more.items() if key != "SecretId"]
    return f"CloudTrail says: {': '.join(said)}" if said else "CloudTrail says so, and not why"
