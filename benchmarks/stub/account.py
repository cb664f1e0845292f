# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the accounts of all kinds have: calls that are counted and let in or not, and the answers of AWS's protocols."""

from __future__ import annotations

import json
import re
import time
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


@dataclass(frozen=True)
class Settings:
    """How the endpoint behaves from the next reset on.

    Attributes:
        latency: Seconds between the arrival of a request and its answer, throttled ones included.
    """

    latency: float = 0.0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The settings as they came; lists become tuples."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"no such settings: {', '.join(unknown)}")
        given: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in values.items()}
        return cls(**given)


class Bucket:
    """A token bucket that holds one second's worth and starts full.

    What is refused takes no token.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = rate
        self._filled = clock()

    def admit(self, tokens: float = 1) -> bool:
        """Whether what arrives now, and needs so many tokens, is let in."""
        now = self._clock()
        self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True


@dataclass(frozen=True)
class Answer:
    """An HTTP answer.

    Attributes:
        status: The HTTP status.
        body: The body.
        error: AWS's error code; empty if it is none.
        content_type: What the body is.
        headers: Further header lines.
        length: The length that a body would have had, for the answer of a HEAD request.
    """

    status: int
    body: bytes = b""
    error: str = ""
    content_type: str = "application/json"
    headers: Sequence[str] = ()
    length: int | None = None

    def encode(self) -> bytes:
        length = len(self.body) if self.length is None else self.length
        lines = [f"HTTP/1.1 {self.status} -", f"Content-Type: {self.content_type}", f"Content-Length: {length}"]
        if self.error:
            lines.append(f"x-amzn-ErrorType: {self.error}")
        return "\r\n".join([*lines, *self.headers, "", ""]).encode() + self.body


def as_json(value: Any, status: int = 200) -> Answer:
    """A value as JSON."""
    return Answer(status, json.dumps(value).encode())


def json_error(status: int, code: str, message: str) -> Answer:
    """An error as Lambda's API tells it."""
    return Answer(status, json.dumps({"Type": "User", "message": message, "Message": message}).encode(), error=code)


# DynamoDB sends the checksum of every answer, and its clients check it.
def dynamodb(body: bytes, status: int = 200, error: str = "") -> Answer:
    """An answer of DynamoDB."""
    crc = (f"x-amz-crc32: {zlib.crc32(body)}",)
    return Answer(status, body, error, "application/x-amz-json-1.0", crc)


def dynamodb_error(code: str, message: str) -> Answer:
    """An error as DynamoDB tells it."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return dynamodb(json.dumps(body).encode(), 400, code)


_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT_ID}:user/benchmark</Arn><UserId>AIDABENCHMARK</UserId><Account>{ACCOUNT_ID}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetCallerIdentityResponse>
"""

_TARGET = re.compile(rb"(?i)\r\nx-amz-target: *(\w+)\.(\w+)")


def target_of(head: bytes) -> tuple[str, str]:
    """The API and the operation that a request of the JSON protocol names; empty if it names none."""
    match = _TARGET.search(head)
    return (match.group(1).decode(), match.group(2).decode()) if match else ("", "")


class Account(ABC):
    """One account in one region, and what was asked of it."""

    KIND: ClassVar[str]
    """What `reset` calls accounts of this kind."""

    SETTINGS: ClassVar[type[Settings]]
    """What `reset` says about one."""

    def __init__(self, settings: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self.latency: float = settings.latency
        self.clock = clock
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unknown: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.first: float | None = None
        self.last: float | None = None
        self._first_cpu = 0.0

    def arrived(self) -> None:
        """A request has arrived."""
        if self.first is None:
            self.first = time.monotonic()
            self._first_cpu = time.process_time()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def answered(self) -> None:
        """An answer leaves."""
        self.in_flight -= 1
        self.last = time.monotonic()

    @abstractmethod
    def answer(self, method: str, target: str, head: bytes, body: bytes) -> Answer:
        """Answer one request of a client.

        Args:
            method: The HTTP method.
            target: Path and query, as sent.
            head: Request line and header lines.
            body: The body.
        """

    def report(self) -> dict[str, Any]:
        """What happened since the reset, as JSON can carry it."""
        return {
            "calls": dict(self.calls),
            "throttled": dict(self.throttled),
            "refused": dict(self.refused),
            "unknown": self.unknown,
            "most_in_flight": self.most_in_flight,
            "seconds": (self.last or 0.0) - (self.first or 0.0),
            "cpu_seconds": time.process_time() - self._first_cpu,
        }

    def counted(self, operation: str, answer: Answer) -> Answer:
        """The answer of a call that was let in, refused or not."""
        self.calls[operation] += 1
        if answer.error:
            self.refused[operation] += 1
        return answer

    def over_rate(self, operation: str, answer: Answer) -> Answer:
        """The answer of a call that was not let in."""
        self.calls[operation] += 1
        self.throttled[operation] += 1
        return answer

    def identity(self, body: bytes) -> Answer | None:
        """Who asks: all contenders may want to know, whatever they work on."""
        if b"Action=GetCallerIdentity" not in body:
            return None
        return self.counted("GetCallerIdentity", Answer(200, _IDENTITY.encode(), content_type="text/xml"))

    def not_served(self, what: str) -> Answer:
        """The answer to what no contender should ask; it is remembered."""
        self.unknown.append(what)
        return json_error(404, "UnknownOperationException", f"the benchmark's endpoint does not serve {what}")
