# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Lambda's concurrency API: functions with reserved and provisioned concurrency, under Lambda's rates."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from benchmarks.stub.account import (
    ACCOUNT_ID,
    REGION,
    Account,
    Answer,
    Bucket,
    Settings,
    as_json,
    json_error,
    target_of,
)

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, "Lambda API requests": GetFunction has 100
# requests a second of its own; 15 are for the sum of all other control plane calls, Get and List included.
LAMBDA_RATES: Mapping[str, float] = {"GetFunction": 100.0, "control plane": 15.0}

# https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html: "simultaneous executions [...] leave at
# least 100 simultaneous executions unreserved for functions that aren't configured with a per-function limit".
UNRESERVED_MINIMUM = 100

# https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html: "returns up to 50 functions per call".
LIST_PAGE = 50


@dataclass(frozen=True)
class FunctionsSettings(Settings):
    """Functions, and the rates of the API.

    Attributes:
        functions: Names of the functions that exist.
        reserved: Reserved concurrency that is set already, by function name.
        rates: Requests a second by family (`GetFunction`, `control plane`); a family that is not named has no limit.
        concurrency: The account's concurrency.
    """

    functions: tuple[str, ...] = ()
    reserved: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    concurrency: int = 20_000


# The answer of a Lambda API over its rate, as a client sees it.
THROTTLED = Answer(
    429,
    b'{"Reason": "CallerRateLimitExceeded", "Type": "User", "message": "Rate exceeded"}',
    error="TooManyRequestsException",
)


class Functions(Account):
    """The functions of the account."""

    KIND = "functions"
    SETTINGS = FunctionsSettings

    def __init__(self, settings: FunctionsSettings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(settings, clock)
        self.settings = settings
        self.reserved: dict[str, int] = dict(settings.reserved)
        self.provisioned: dict[tuple[str, str], int] = {}
        self._known = frozenset(settings.functions)
        self._buckets = {family: Bucket(rate, clock) for family, rate in settings.rates.items()}

    def report(self) -> dict[str, Any]:
        return {
            **super().report(),
            "reserved": self.reserved,
            "provisioned": {f"{name}:{qualifier}": n for (name, qualifier), n in self.provisioned.items()},
        }

    def answer(self, method: str, target: str, head: bytes, body: bytes) -> Answer:
        path, _mark, query = target.partition("?")
        if path == "/":
            return self._other_service(head, body)
        arguments = {key: values[-1] for key, values in parse_qs(query).items()}
        if arguments.get("List") == "ALL":
            path += "?List=ALL"
        for verb, pattern, operation, handler in _ROUTES:
            if verb == method and (match := pattern.fullmatch(path)):
                bucket = self._buckets.get(operation) or self._buckets.get("control plane")
                if bucket and not bucket.admit():
                    return self.over_rate(operation, THROTTLED)
                name = unquote(match.group(1)).split(":function:")[-1] if match.groups() else ""
                if name and name not in self._known:
                    answer = json_error(404, "ResourceNotFoundException", f"Function not found: {_arn(name)}")
                else:
                    answer = handler(self, name, arguments, body)
                return self.counted(operation, answer)
        return self.not_served(f"{method} {path}")

    def _other_service(self, head: bytes, body: bytes) -> Answer:
        _api, operation = target_of(head)
        if operation in _EMPTY_LISTS:
            return self.counted(operation, as_json({_EMPTY_LISTS[operation]: []}))
        return self.identity(body) or self.not_served(operation or "POST /")

    def get_function(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        value = {"Configuration": _configuration(name), "Code": _CODE, "Tags": {"application": "benchmark"}}
        if name in self.reserved:
            value["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved[name]}
        return as_json(value)

    def get_configuration(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        return as_json(_configuration(name))

    def list_functions(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        start = int(arguments.get("Marker") or 0)
        end = start + min(int(arguments.get("MaxItems") or LIST_PAGE), LIST_PAGE)
        page: dict[str, Any] = {"Functions": [_configuration(n) for n in self.settings.functions[start:end]]}
        if end < len(self.settings.functions):
            page["NextMarker"] = str(end)
        return as_json(page)

    def account_settings(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        limit = {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": self.settings.concurrency,
            "UnreservedConcurrentExecutions": self.settings.concurrency - sum(self.reserved.values()),
        }
        usage = {"TotalCodeSize": 1_000_000, "FunctionCount": len(self.settings.functions)}
        return as_json({"AccountLimit": limit, "AccountUsage": usage})

    def get_concurrency(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        return as_json({"ReservedConcurrentExecutions": self.reserved[name]} if name in self.reserved else {})

    def put_concurrency(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        wanted = json.loads(body)["ReservedConcurrentExecutions"]
        others = sum(self.reserved.values()) - self.reserved.get(name, 0)
        if self.settings.concurrency - others - wanted < UNRESERVED_MINIMUM:
            return json_error(
                400,
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{UNRESERVED_MINIMUM}].",
            )
        self.reserved[name] = wanted
        return as_json({"ReservedConcurrentExecutions": wanted})

    def delete_concurrency(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        self.reserved.pop(name, None)
        return Answer(204)

    def list_provisioned(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        configs = [
            {"FunctionArn": f"{_arn(name)}:{qualifier}", **_provisioned(n)}
            for (function, qualifier), n in self.provisioned.items()
            if function == name
        ]
        return as_json({"ProvisionedConcurrencyConfigs": configs})

    def get_provisioned(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        number = self.provisioned.get((name, arguments.get("Qualifier", "")))
        if number is None:
            return json_error(
                404,
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
            )
        return as_json(_provisioned(number))

    def put_provisioned(self, name: str, arguments: Mapping[str, str], body: bytes) -> Answer:
        number = json.loads(body)["ProvisionedConcurrentExecutions"]
        self.provisioned[name, arguments.get("Qualifier", "")] = number
        return as_json({**_provisioned(number), "Status": "IN_PROGRESS"}, status=202)

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


Handler = Callable[[Functions, str, Mapping[str, str], bytes], Answer]

# Paths as in botocore's model of lambda, 2015-03-31.
_FUNCTION = r"/2015-03-31/functions/([^/]+)"
_RESERVED = r"/2017-10-31/functions/([^/]+)/concurrency"
_PROVISIONED = r"/2019-09-30/functions/([^/]+)/provisioned-concurrency"
_ROUTES: tuple[tuple[str, re.Pattern[str], str, Handler], ...] = tuple(
    (verb, re.compile(path), operation, handler)
    for verb, path, operation, handler in (
        ("GET", _FUNCTION, "GetFunction", Functions.get_function),
        ("PUT", _RESERVED, "PutFunctionConcurrency", Functions.put_concurrency),
        ("DELETE", _RESERVED, "DeleteFunctionConcurrency", Functions.delete_concurrency),
        ("GET", r"/2019-09-30/functions/([^/]+)/concurrency", "GetFunctionConcurrency", Functions.get_concurrency),
        ("GET", r"/2016-08-19/account-settings/?", "GetAccountSettings", Functions.account_settings),
        ("GET", r"/2015-03-31/functions/?", "ListFunctions", Functions.list_functions),
        ("GET", _FUNCTION + "/configuration", "GetFunctionConfiguration", Functions.get_configuration),
        ("GET", _PROVISIONED + r"\?List=ALL", "ListProvisionedConcurrencyConfigs", Functions.list_provisioned),
        ("GET", _PROVISIONED, "GetProvisionedConcurrencyConfig", Functions.get_provisioned),
        ("PUT", _PROVISIONED, "PutProvisionedConcurrencyConfig", Functions.put_provisioned),
        ("DELETE", _PROVISIONED, "DeleteProvisionedConcurrencyConfig", Functions.delete_provisioned),
    )
)

# Application Auto Scaling owns nothing here.
_EMPTY_LISTS: Mapping[str, str] = {
    "DescribeScalableTargets": "ScalableTargets",
    "DescribeScalingPolicies": "ScalingPolicies",
    "DescribeScheduledActions": "ScheduledActions",
}
