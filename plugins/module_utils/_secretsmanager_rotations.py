# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The way to AWS for secrets: what their rotation functions say, and no value in what AWS says.

No API tells that a rotation has failed: AWSCURRENT stays where it is, and AWSPENDING on the new version. What failed is
in the function's log at once, and in CloudTrail, as the event RotationFailed, some minutes later.

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
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._hidden import without
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._plan import Settle
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import CURRENT, FAILED, PENDING, PREVIOUS
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_value import leaves

# Seconds between two looks at what a rotation function says, of one secret's log and of all secrets' events.
LOG_EVERY, EVENTS_EVERY = 2.0, 5.0

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

    version: str
    since: datetime
    looked: float


@dataclass
class _Source:
    """A place where failures are told, read for all secrets that are waited for together."""

    found: list[dict[str, Any]] = field(default_factory=list)
    since: datetime | None = None
    looked: float = 0.0
    denied: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


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
        self._function_of: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._watches: dict[str, _Watch] = {}
        self._logs: dict[str, _Source] = {}
        self._events = _Source()
        self._known: set[str] = set()
        self._reading_functions = threading.Lock()

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
                f"its rotation failed: {why.rstrip('.')}. {CURRENT} stayed where it was; what the function changed"
                " elsewhere before it failed, for example a database's password, stays changed. Mend the cause and run"
                " the same task again: it tries the same value again if there is one.",
                FAILED,
            )
        return False

    # --- before ------------------------------------------------------------------------------------------------------

    def function(self, secret: str, function: str) -> tuple[str, str]:
        """Why a secret's rotation function cannot run, or nothing; and what of it cannot be seen, or nothing.

        Args:
            secret: ARN of the secret.
            function: ARN of its rotation function.

        Raises:
            AwsError: AWS did not answer.
        """
        self._function_of[secret] = function
        with self._reading_functions:
            if function not in self._functions:
                self._functions[function] = self._read_function(function)
            return self._functions[function]

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
            reason = configuration.get("StateReason", "AWS gives no reason")
            return f"its rotation function {arn} cannot run: {reason}", ""
        if answer.get("Concurrency", {}).get("ReservedConcurrentExecutions") == 0:
            throttled = f"its rotation function {arn} cannot run, because its reserved concurrency is 0. Give it some."
            return throttled, ""
        return "", self._unseen(arn)

    def _unseen(self, arn: str) -> str:
        """What hides what the function says, if it is hidden everywhere."""
        now = datetime.now(UTC)
        log = self._read_log(arn, now)
        if not log.denied:
            return ""
        events = self._read_events(now)
        if not events.denied:
            return ""
        return (
            f"What the rotation function {arn} says when it fails is not observable here: {log.denied} {events.denied}"
        )

    def failure_of(self, secret: str, version: str, since: datetime) -> str:
        """Why a rotation that was started by somebody or some time ago failed, or nothing where no failure is known.

        It is then waited for as well, if it goes on.

        Args:
            secret: ARN of the secret, whose function was asked for before.
            version: The version that it makes.
            since: When it was seen last that anything was done.

        Raises:
            AwsError: AWS did not answer.
        """
        why = self._look(secret, self._watch(secret, version, since - timedelta(seconds=1)))
        if why:
            # What is told of it later must not be taken for a failure of what is done next.
            del self._watches[secret]
        return why

    # --- while waiting -----------------------------------------------------------------------------------------------

    def _was_accepted(self, error: AwsError, arguments: Mapping[str, Any]) -> bool:
        """Whether the refusal is only that of a second attempt: the answer to the first was lost.

        AWS refuses a rotation while there is a pending version: that may be the very one that was asked for.
        """
        if error.code != "InvalidRequestException":
            return False
        found = self._aws.call("secretsmanager", "DescribeSecret", SecretId=arguments["SecretId"])
        return arguments["ClientRequestToken"] in (found.get("VersionIdsToStages") or {})

    def _watch(self, secret: str, version: str, since: datetime) -> _Watch:
        watch = self._watches[secret] = _Watch(version, since, self._clock())
        return watch

    def _look(self, arn: str, watch: _Watch) -> str:
        found = self._in_log(arn, watch) or self._in_events(arn, watch)
        return self._discreet(arn, found) if found else ""

    def _in_log(self, arn: str, watch: _Watch) -> str:
        function = self._function_of.get(arn)
        if function is None:  # AWS's own rotation, which has no log.
            return ""
        log = self._read_log(function, watch.since)
        begun = watch.since.timestamp() * 1000
        said = failures([event for event in log.found if event["timestamp"] >= begun], (watch.version, arn))
        new = [text for event, text in said if event not in self._known]
        self._known.update(event for event, dummy in said)
        return f"its function says: {new[-1]}" if new else ""

    def _in_events(self, arn: str, watch: _Watch) -> str:
        for event in self._read_events(watch.since).found:
            if event["EventId"] in self._known or event["EventTime"] < watch.since.replace(microsecond=0):
                continue
            if text := of_event(event, arn, watch.version):
                self._known.add(event["EventId"])
                return text
        return ""

    def _read_log(self, function: str, since: datetime) -> _Source:
        group = self._groups.get(function) or _default_group(function)

        def read(begin: datetime) -> list[dict[str, Any]]:
            started = int(begin.timestamp() * 1000)
            return self._aws.pages("logs", "FilterLogEvents", "events", logGroupName=group, startTime=started)

        return self._read(self._logs.setdefault(group, _Source()), since, LOG_EVERY, read)

    def _read_events(self, since: datetime) -> _Source:
        wanted = [{"AttributeKey": "EventName", "AttributeValue": FAILED}]

        def read(begin: datetime) -> list[dict[str, Any]]:
            return self._aws.pages("cloudtrail", "LookupEvents", "Events", LookupAttributes=wanted, StartTime=begin)

        return self._read(self._events, since, EVENTS_EVERY, read)

    def _read(
        self, source: _Source, since: datetime, every: float, read: Callable[[datetime], list[dict[str, Any]]]
    ) -> _Source:
        """The source, read anew if that is long ago or was for later moments only."""
        with source.lock:
            recent = source.since is not None and source.since <= since and self._clock() - source.looked < every
            if source.denied or recent:
                return source
            source.since = min(since, source.since or since)
            source.looked = self._clock()
            try:
                source.found = read(source.since)
            except AwsError as error:
                if _denied(error):
                    source.denied = str(error)
                elif error.code != "ResourceNotFoundException":  # A function that never ran has no log.
                    raise
            return source

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
                return (
                    f"{kind[0] if kind else 'an error'} (its text may quote a value of the secret, so it is shown only"
                    f" to those who may read the secret: {error})"
                )
            values += leaves(answer.get("SecretString"))
        return without(text, values)


def _denied(error: AwsError) -> bool:
    return error.code.startswith("AccessDenied")


def _default_group(function: str) -> str:
    # arn:aws:lambda:region:account:function:name[:qualifier]
    return f"/aws/lambda/{function.split(':')[6] if function.startswith('arn:') else function}"


def failures(events: Iterable[Mapping[str, Any]], names: Iterable[str]) -> list[tuple[str, str]]:
    """The calls of a function that failed and named one of the names, as (id of the event, what it said).

    One environment writes to one stream and runs one call at a time, so what stands between two START lines is one
    call's. A function that serves several secrets is so not blamed for the wrong one.
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
