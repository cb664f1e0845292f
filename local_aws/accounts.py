# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything the server knows for each account: settings, clock, faults, recorded calls and the rules' own state.

One account is one world: tests run side by side on one server, each in an account of its own.
"""

from __future__ import annotations

import fnmatch
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

# One account of a long test run makes some thousand calls; older ones are of no use to anybody.
_RECORDS_KEPT = 50_000

T = TypeVar("T")


class BadControlInput(Exception):
    """A control request that names something unknown or has the wrong type."""


@dataclass(frozen=True)
class Settings:
    """What a test or a person may change for one account."""

    transition_seconds: float = 0.3
    """How long a table stays UPDATING, provisioned concurrency IN_PROGRESS and a function's update InProgress."""
    account_concurrency: int = 1000
    """The account's ConcurrentExecutions quota of Lambda."""
    unreserved_minimum: int = 100
    """What must stay unreserved of it."""
    latency: float = 0.0
    """Seconds that every answer takes longer."""
    denied: tuple[str, ...] = ()
    """IAM actions that are refused, `lambda:PutFunctionConcurrency` or `lambda:*`."""
    provisioned_failure: str = ""
    """When set, provisioned concurrency ends FAILED with this text as its StatusReason."""
    restore_seconds: float = -1.0
    """How long a restored table stays CREATING; negative: as long as every other transition."""
    restore_summary_stays: bool = False
    """Whether a restored table that is ACTIVE still tells where it comes from."""
    concurrent_restores: int = 50
    """Restores of tables at the same time."""
    table_operations: int = 500
    """Tables that are created, updated, deleted or restored at the same time."""
    pitr_lag_seconds: float = 300.0
    """How far the latest restorable time of a table is behind the clock."""
    continuous_backups_seconds: float = 0.0
    """How long a new table has no continuous backups yet."""
    policy_cooldown_seconds: float = 0.0
    """How long after a change of its resource policy a table takes no other one; AWS: 15."""
    read_units_per_second: float = 0.0
    """What a table gives before it throttles reads; 0: as much as anybody wants."""
    write_units_per_second: float = 0.0
    """What a table takes before it throttles writes; 0: as much as anybody wants."""
    function_update_failure: str = ""
    """When set, an update of a function ends Failed with this text as its LastUpdateStatusReason."""

    def updated(self, changes: Mapping[str, Any]) -> Settings:
        """A copy with the changes; BadControlInput for an unknown name or a value of the wrong type."""
        known = {item.name: item for item in fields(self)}
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise BadControlInput(f"unknown setting {name!r}; known are {', '.join(sorted(known))}")
            current = getattr(self, name)
            try:
                values[name] = tuple(value) if isinstance(current, tuple) else type(current)(value)
            except (TypeError, ValueError):
                raise BadControlInput(f"setting {name}: {value!r} is not a {type(current).__name__}") from None
        return replace(self, **values)


@dataclass
class Fault:
    """One injected failure. `after` calls pass first, then `times` calls are hit (0: every call from then on)."""

    service: str = "*"
    operation: str = "*"
    match: dict[str, Any] = field(default_factory=dict)
    error: str = "ThrottlingException"
    status: int = 400
    message: str = "Rate exceeded"
    times: int = 1
    after: int = 0
    mode: str = "error"
    """error: the answer is this error. delay: it comes `delay` seconds later. disconnect: the connection drops before
    the call does anything. disconnect_after: it drops when the call has been done, before the answer."""
    delay: float = 0.0
    region: str = "*"
    seen: int = 0
    hits: int = 0

    MODES = ("error", "disconnect", "disconnect_after", "delay")

    @classmethod
    def from_request(cls, body: Mapping[str, Any]) -> Fault:
        names = {item.name for item in fields(cls)} - {"seen", "hits"}
        unknown = set(body) - names
        if unknown:
            raise BadControlInput(
                f"unknown fault option {', '.join(sorted(unknown))}; known are {', '.join(sorted(names))}"
            )
        fault = cls(**body)
        if fault.mode not in cls.MODES:
            raise BadControlInput(f"fault mode {fault.mode!r} is none of {', '.join(cls.MODES)}")
        return fault

    def strikes(self, service: str, operation: str, region: str, arguments: Mapping[str, Any]) -> bool:
        """Whether this call is hit; counts the call when the fault is about it."""
        if not (
            fnmatch.fnmatchcase(service, self.service)
            and fnmatch.fnmatchcase(operation, self.operation)
            and fnmatch.fnmatchcase(region, self.region)
            and all(arguments.get(name) == value for name, value in self.match.items())
        ):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times and self.hits >= self.times):
            return False
        self.hits += 1
        return True


@dataclass(frozen=True)
class Record:
    """One call that arrived, as the recorder and CloudTrail show it."""

    n: int
    service: str
    operation: str
    mutating: bool
    principal: str
    account: str
    region: str
    time: float
    status: int
    error: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    access_key: str = ""
    event: Mapping[str, Any] | None = None
    """What CloudTrail tells besides of an event of the service itself, which nobody has called."""

    def as_json(self) -> dict[str, Any]:
        shown = ("n", "service", "operation", "mutating", "principal", "account", "region", "time", "status", "error")
        return {**{name: getattr(self, name) for name in shown}, "arguments": dict(self.arguments)}


class AccountState:
    """One account. Its methods are safe to call from any thread."""

    def __init__(self, account_id: str) -> None:
        self.id = account_id
        self.settings = Settings()
        self.records: deque[Record] = deque(maxlen=_RECORDS_KEPT)
        self._clock_offset = 0.0
        self._faults: list[Fault] = []
        self._stores: dict[tuple[type, str], Any] = {}
        self._lock = threading.RLock()

    def now(self) -> float:
        """The account's time in seconds since the epoch: the wall clock plus what the control API advanced it."""
        return time.time() + self._clock_offset

    def advance(self, seconds: float) -> float:
        with self._lock:
            self._clock_offset += seconds
        return self.now()

    def store(self, kind: type[T], region: str) -> T:
        """A rule's own state for this account and region, made at first use."""
        with self._lock:
            key = (kind, region)
            if key not in self._stores:
                self._stores[key] = kind()
            store: T = self._stores[key]
            return store

    def regions(self, kind: type) -> list[str]:
        """The regions in which a rule has state."""
        with self._lock:
            return [region for stored, region in self._stores if stored is kind]

    def configure(self, changes: Mapping[str, Any]) -> Settings:
        with self._lock:
            self.settings = self.settings.updated(changes)
            return self.settings

    def add_fault(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    @property
    def faulty(self) -> bool:
        return bool(self._faults)

    def fault_for(self, service: str, operation: str, region: str, arguments: Mapping[str, Any]) -> Fault | None:
        """The first fault that hits this call."""
        with self._lock:
            hit = None
            for fault in self._faults:
                if hit is None and fault.strikes(service, operation, region, arguments):
                    hit = fault
            return hit


class World:
    """All accounts of the server, made when they are first named, and the running number of recorded calls."""

    def __init__(self) -> None:
        self._accounts: dict[str, AccountState] = {}
        self._lock = threading.Lock()
        self._number = 0

    def account(self, account_id: str) -> AccountState:
        with self._lock:
            if account_id not in self._accounts:
                self._accounts[account_id] = AccountState(account_id)
            return self._accounts[account_id]

    @property
    def number(self) -> int:
        """The number of the last recorded call."""
        return self._number

    def record(self, entry: Record) -> None:
        """Number the call and keep it, in its account."""
        account = self.account(entry.account)
        with self._lock:
            self._number += 1
            account.records.append(replace(entry, n=self._number))

    def records(self, account_id: str | None, since: int) -> list[Record]:
        """Recorded calls after number `since`, of one account or of all, in the order in which they were answered."""
        with self._lock:
            if account_id:
                chosen = [self._accounts[account_id]] if account_id in self._accounts else []
            else:
                chosen = list(self._accounts.values())
            entries = (entry for account in chosen for entry in account.records)
            found = [entry for entry in entries if entry.n > since and entry.event is None]
        return sorted(found, key=lambda entry: entry.n)
