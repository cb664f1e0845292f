# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An endpoint that behaves like Lambda's concurrency API under load: latency, rate limits, throttling, state.

It answers what the contenders call and nothing more, keeps the functions' settings, and counts every call, so that a
run can be checked afterwards for what it really did. One process, one thread, no framework: measured runs share the
machine with it.

    python -m benchmarks.stub            prints `{"port": N}`, serves until its standard input is closed
    POST /_stub/reset                    `Settings` as JSON: forget everything, start anew
    GET  /_stub/report                   `Account.report()`: calls, throttles, parallelism, times, state
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, "Lambda API requests": GetFunction has 100
# requests a second of its own; 15 are for the sum of all other control plane calls, Get and List included.
LAMBDA_RATES: Mapping[str, float] = {"GetFunction": 100.0, "control plane": 15.0}

# https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html: "simultaneous executions [...] leave at
# least 100 simultaneous executions unreserved for functions that aren't configured with a per-function limit".
UNRESERVED_MINIMUM = 100

# https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html: "returns up to 50 functions per call".
LIST_PAGE = 50


@dataclass(frozen=True)
class Settings:
    """How the endpoint behaves from the next reset on.

    Attributes:
        functions: Names of the functions that exist.
        reserved: Reserved concurrency that is set already, by function name.
        latency: Seconds between the arrival of a request and its answer, throttled ones included.
        rates: Requests a second by family (`GetFunction`, `control plane`); a family that is not named has no limit.
        concurrency: The account's concurrency.
    """

    functions: tuple[str, ...] = ()
    reserved: Mapping[str, int] = field(default_factory=dict)
    latency: float = 0.0
    rates: Mapping[str, float] = field(default_factory=dict)
    concurrency: int = 20_000

    @classmethod
    def from_json(cls, body: bytes) -> Settings:
        values = json.loads(body)
        return cls(**{**values, "functions": tuple(values.get("functions", ()))})


class Bucket:
    """A token bucket that holds one second's worth of requests and starts full.

    A refused request takes no token.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = rate
        self._filled = clock()

    def admit(self) -> bool:
        """Whether a request that arrives now is let in."""
        now = self._clock()
        self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    error: str = ""
    content_type: str = "application/json"

    def encode(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} -", f"Content-Type: {self.content_type}", f"Content-Length: {len(self.body)}"]
        if self.error:
            lines.append(f"x-amzn-ErrorType: {self.error}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, json.dumps({"Type": "User", "message": message, "Message": message}).encode(), error=code)


# The answer of a Lambda API over its rate, as a client sees it.
THROTTLED = Answer(
    429,
    b'{"Reason": "CallerRateLimitExceeded", "Type": "User", "message": "Rate exceeded"}',
    error="TooManyRequestsException",
)

_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT_ID}:user/benchmark</Arn><UserId>AIDABENCHMARK</UserId><Account>{ACCOUNT_ID}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetCallerIdentityResponse>
"""


class Account:
    """The functions of one account in one region, and what was asked of them."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self.reserved: dict[str, int] = dict(settings.reserved)
        self.provisioned: dict[tuple[str, str], int] = {}
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unknown: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.first: float | None = None
        self.last: float | None = None
        self._known = frozenset(settings.functions)
        self._buckets = {family: Bucket(rate, clock) for family, rate in settings.rates.items()}

    def report(self) -> dict[str, Any]:
        """What happened since the reset, as JSON can carry it."""
        return {
            "calls": dict(self.calls),
            "throttled": dict(self.throttled),
            "refused": dict(self.refused),
            "unknown": self.unknown,
            "most_in_flight": self.most_in_flight,
            "seconds": (self.last or 0.0) - (self.first or 0.0),
            "reserved": self.reserved,
            "provisioned": {f"{name}:{qualifier}": n for (name, qualifier), n in self.provisioned.items()},
        }

    def answer(self, method: str, target: str, headers: bytes, body: bytes) -> Answer:
        """Answer one request of a client."""
        path, _mark, query = target.partition("?")
        if path == "/":
            return self._json_or_query_api(headers, body)
        arguments = {key: values[-1] for key, values in parse_qs(query).items()}
        if arguments.get("List") == "ALL":
            path += "?List=ALL"
        for verb, pattern, operation, handler in _ROUTES:
            if verb == method and (match := pattern.fullmatch(path)):
                self.calls[operation] += 1
                bucket = self._buckets.get(operation) or self._buckets.get("control plane")
                if bucket and not bucket.admit():
                    self.throttled[operation] += 1
                    return THROTTLED
                name = unquote(match.group(1)).split(":function:")[-1] if match.groups() else ""
                if name and name not in self._known:
                    answer = _error(404, "ResourceNotFoundException", f"Function not found: {_arn(name)}")
                else:
                    answer = handler(self, name, arguments, body)
                if answer.error:
                    self.refused[operation] += 1
                return answer
        return self._not_served(f"{method} {path}")

    def _json_or_query_api(self, headers: bytes, body: bytes) -> Answer:
        if match := re.search(rb"(?i)^x-amz-target: *AnyScaleFrontendService\.(\w+)", headers, re.MULTILINE):
            operation = match.group(1).decode()
            if operation in _EMPTY_LISTS:
                self.calls[operation] += 1
                return _json({_EMPTY_LISTS[operation]: []})
            return self._not_served(operation)
        if b"Action=GetCallerIdentity" in body:
            self.calls["GetCallerIdentity"] += 1
            return Answer(200, _IDENTITY.encode(), content_type="text/xml")
        return self._not_served("POST /")

    def _not_served(self, what: str) -> Answer:
        self.unknown.append(what)
        return _error(404, "UnknownOperationException", f"the benchmark's endpoint does not serve {what}")

    def get_function(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        value = {"Configuration": _configuration(name), "Code": _CODE, "Tags": {"application": "benchmark"}}
        if name in self.reserved:
            value["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved[name]}
        return _json(value)

    def get_configuration(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        return _json(_configuration(name))

    def list_functions(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        start = int(arguments.get("Marker") or 0)
        end = start + min(int(arguments.get("MaxItems") or LIST_PAGE), LIST_PAGE)
        page: dict[str, Any] = {"Functions": [_configuration(n) for n in self.settings.functions[start:end]]}
        if end < len(self.settings.functions):
            page["NextMarker"] = str(end)
        return _json(page)

    def account_settings(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        limit = {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": self.settings.concurrency,
            "UnreservedConcurrentExecutions": self.settings.concurrency - sum(self.reserved.values()),
        }
        usage = {"TotalCodeSize": 1_000_000, "FunctionCount": len(self.settings.functions)}
        return _json({"AccountLimit": limit, "AccountUsage": usage})

    def get_concurrency(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        return _json({"ReservedConcurrentExecutions": self.reserved[name]} if name in self.reserved else {})

    def put_concurrency(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        wanted = json.loads(body)["ReservedConcurrentExecutions"]
        others = sum(self.reserved.values()) - self.reserved.get(name, 0)
        if self.settings.concurrency - others - wanted < UNRESERVED_MINIMUM:
            return _error(
                400,
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{UNRESERVED_MINIMUM}].",
            )
        self.reserved[name] = wanted
        return _json({"ReservedConcurrentExecutions": wanted})

    def delete_concurrency(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        self.reserved.pop(name, None)
        return Answer(204)

    def list_provisioned(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        configs = [
            {"FunctionArn": f"{_arn(name)}:{qualifier}", **_provisioned(n)}
            for (function, qualifier), n in self.provisioned.items()
            if function == name
        ]
        return _json({"ProvisionedConcurrencyConfigs": configs})

    def get_provisioned(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        number = self.provisioned.get((name, arguments.get("Qualifier", "")))
        if number is None:
            return _error(
                404,
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
            )
        return _json(_provisioned(number))

    def put_provisioned(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        number = json.loads(body)["ProvisionedConcurrentExecutions"]
        self.provisioned[name, arguments.get("Qualifier", "")] = number
        return _json({**_provisioned(number), "Status": "IN_PROGRESS"}, status=202)

    def delete_provisioned(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        self.provisioned.pop((name, arguments.get("Qualifier", "")), None)
        return Answer(204)


def _arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"


# As long as a real presigned location, so that reading an answer costs a client what it costs at AWS.
_CODE = {"RepositoryType": "S3", "Location": "https://snapshots.invalid/benchmark?" + "x" * 1500}


def _configuration(name: str) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "FunctionArn": _arn(name),
        "Runtime": "python3.12",
        "Role": f"arn:aws:iam::{ACCOUNT_ID}:role/benchmark",
        "Handler": "index.handler",
        "CodeSize": 1024,
        "Description": "",
        "Timeout": 30,
        "MemorySize": 512,
        "LastModified": "2026-01-01T00:00:00.000+0000",
        "CodeSha256": "0" * 44,
        "Version": "$LATEST",
        "Environment": {"Variables": {f"VARIABLE_{n}": "value" * 4 for n in range(10)}},
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": "00000000-0000-0000-0000-000000000000",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
    }


def _provisioned(number: int) -> dict[str, Any]:
    return {
        "RequestedProvisionedConcurrentExecutions": number,
        "AllocatedProvisionedConcurrentExecutions": number,
        "AvailableProvisionedConcurrentExecutions": number,
        "Status": "READY",
        "LastModified": "2026-01-01T00:00:00+0000",
    }


Handler = Callable[[Account, str, Mapping[str, str], bytes], Answer]

# Paths as in botocore's model of lambda, 2015-03-31.
_FUNCTION = r"/2015-03-31/functions/([^/]+)"
_RESERVED = r"/2017-10-31/functions/([^/]+)/concurrency"
_PROVISIONED = r"/2019-09-30/functions/([^/]+)/provisioned-concurrency"
_ROUTES: tuple[tuple[str, re.Pattern[str], str, Handler], ...] = tuple(
    (verb, re.compile(path), operation, handler)
    for verb, path, operation, handler in (
        ("GET", _FUNCTION, "GetFunction", Account.get_function),
        ("PUT", _RESERVED, "PutFunctionConcurrency", Account.put_concurrency),
        ("DELETE", _RESERVED, "DeleteFunctionConcurrency", Account.delete_concurrency),
        ("GET", r"/2019-09-30/functions/([^/]+)/concurrency", "GetFunctionConcurrency", Account.get_concurrency),
        ("GET", r"/2016-08-19/account-settings/?", "GetAccountSettings", Account.account_settings),
        ("GET", r"/2015-03-31/functions/?", "ListFunctions", Account.list_functions),
        ("GET", _FUNCTION + "/configuration", "GetFunctionConfiguration", Account.get_configuration),
        ("GET", _PROVISIONED + r"\?List=ALL", "ListProvisionedConcurrencyConfigs", Account.list_provisioned),
        ("GET", _PROVISIONED, "GetProvisionedConcurrencyConfig", Account.get_provisioned),
        ("PUT", _PROVISIONED, "PutProvisionedConcurrencyConfig", Account.put_provisioned),
        ("DELETE", _PROVISIONED, "DeleteProvisionedConcurrencyConfig", Account.delete_provisioned),
    )
)

# Application Auto Scaling owns nothing here.
_EMPTY_LISTS: Mapping[str, str] = {
    "DescribeScalableTargets": "ScalableTargets",
    "DescribeScalingPolicies": "ScalingPolicies",
    "DescribeScheduledActions": "ScheduledActions",
}


class Server:
    """The account that is served now, behind HTTP/1.1 with connections that stay open."""

    def __init__(self) -> None:
        self.account = Account(Settings())

    async def start(self, port: int = 0) -> asyncio.Server:
        """Listen on loopback; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Connection(self, loop), "127.0.0.1", port, backlog=1024)

    def control(self, method: str, path: str, body: bytes) -> Answer:
        """Answer a request of the harness; not counted, no latency."""
        if (method, path) == ("POST", "/_stub/reset"):
            self.account = Account(Settings.from_json(body))
            return _json({})
        if (method, path) == ("GET", "/_stub/report"):
            return _json(self.account.report())
        return _error(404, "NotFound", f"no such control: {method} {path}")


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            match = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            length = int(match.group(1)) if match else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        method, target, _version = head[: head.find(b"\r\n")].decode("latin-1").split(" ", 2)
        if target.startswith("/_stub/"):
            self._send(self._server.control(method, target, body))
            return
        account = self._server.account
        now = time.monotonic()
        account.first = account.first or now
        account.in_flight += 1
        account.most_in_flight = max(account.most_in_flight, account.in_flight)
        answer = account.answer(method, target, head, body)
        if account.settings.latency:
            self._loop.call_later(account.settings.latency, self._deliver, account, answer)
        else:
            self._deliver(account, answer)

    def _deliver(self, account: Account, answer: Answer) -> None:
        account.in_flight -= 1
        account.last = time.monotonic()
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        if self._transport:
            self._transport.write(answer.encode())


async def serve() -> None:
    """Serve until standard input is closed, so that no endpoint outlives the program that started it."""
    listening = await Server().start()
    sys.stdout.write(json.dumps({"port": listening.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    listening.close()


if __name__ == "__main__":
    asyncio.run(serve())
