# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry of fidelity rules: what an operation does here beyond, or instead of, what moto does.

    @rule("lambda", "PutFunctionConcurrency")
    def put_function_concurrency(call: Call) -> Result | None:
        "Why, and the AWS page that says so."

A rule returns None to let moto answer, a dict (the operation's result in boto3's words) or, where that would take too
long, a whole Response to answer itself, Later for what must not hold up other calls, or raises AwsError.
`call.proceed()` runs moto and returns its result, for rules that only add to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.accounts import AccountState, World
from local_aws.protocol import AwsError, Parsed, Response, read_result

Result = dict[str, Any]


@dataclass(frozen=True)
class Later:
    """The rest of a rule, done without the server's lock, because it waits for calls that come back to the server."""

    work: Callable[[], Result]


@dataclass
class Call:
    """One AWS call on its way to moto."""

    world: World
    account: AccountState
    region: str
    principal: str
    access_key: str
    parsed: Parsed
    dispatch: Callable[[], Response] = field(repr=False)
    endpoint: str = ""
    inside: Callable[[Call, str, str, Mapping[str, Any]], Result] | None = field(default=None, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """The server's: whoever looks at moto's state outside of a rule (Later, a thread) holds it while doing so."""

    @property
    def service(self) -> str:
        return self.parsed.service

    @property
    def operation(self) -> str:
        return str(self.parsed.operation.name)

    @property
    def arguments(self) -> dict[str, Any]:
        return self.parsed.arguments

    def proceed(self) -> Result:
        """moto's own answer to this call; raises AwsError when it refuses."""
        return read_result(self.parsed, self.dispatch())

    def invoke(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Result:
        """Another operation, done for this call's caller and in its region; raises AwsError when it is refused."""
        if self.inside is None:
            raise RuntimeError("this call has no server")
        return self.inside(self, service, operation, arguments)


Rule = Callable[[Call], Result | Response | Later | None]
Tick = Callable[[AccountState], None]

_RULES: dict[tuple[str, str], Rule] = {}
_TICKS: list[tuple[frozenset[str], Tick]] = []


def rule(service: str, *operations: str) -> Callable[[Rule], Rule]:
    """Register a rule for operations of a service."""

    def register(function: Rule) -> Rule:
        for operation in operations:
            if (service, operation) in _RULES:
                raise RuntimeError(f"two rules for {service} {operation}")
            _RULES[service, operation] = function
        return function

    return register


def on_time(*services: str) -> Callable[[Tick], Tick]:
    """Register what time alone does to an account; it runs before every call of these services."""

    def register(function: Tick) -> Tick:
        _TICKS.append((frozenset(services), function))
        return function

    return register


def find_rule(service: str, operation: str) -> Rule | None:
    return _RULES.get((service, operation))


def run_ticks(service: str, account: AccountState) -> None:
    for services, tick in _TICKS:
        if service in services:
            tick(account)


__all__ = ["AwsError", "Call", "Later", "Result", "find_rule", "on_time", "rule", "run_ticks"]
