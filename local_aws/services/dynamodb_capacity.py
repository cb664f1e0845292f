# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DynamoDB's capacity: units, modes, and what UpdateTable may ask of them.

The texts of the errors are those that the service answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.table import GlobalSecondaryIndex, Table

from local_aws.rules import AwsError

if TYPE_CHECKING:
    from local_aws.services.dynamodb import Database
    from local_aws.services.dynamodb_state import TableState

ON_DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
_INVALID = "One or more parameter values were invalid: "
_DAY = 86_400

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-capacity-units-provisioned-throughput
_FREE_DECREASES, _SECONDS_BETWEEN_LATER_ONES, _MOST_DECREASES = 4, 3600, 27
TABLE_MAXIMUM, ACCOUNT_MAXIMUM = 40_000, 80_000
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html
_SWITCHES_A_DAY = 4
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
WARM_ON_DEMAND = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}

Units = tuple[int, int]


@dataclass
class Capacity:
    """What moto does not keep of a table or of one of its indexes."""

    decreases: list[float] = field(default_factory=list)
    last_increase: float | None = None
    last_decrease: float | None = None
    on_demand: dict[str, int] = field(default_factory=dict)
    units_next: Units | None = None
    units_at: float = 0.0
    warm_next: dict[str, int] | None = None
    warm_at: float = 0.0
    created_until: float = 0.0
    """An index that was added to a table is CREATING until then."""

    def decreases_today(self, now: float) -> int:
        """Since 00:00 UTC: "during this UTC calendar day" (botocore, ProvisionedThroughputDescription)."""
        midnight = now - now % _DAY
        return sum(1 for moment in self.decreases if moment >= midnight)

    def refuse_decrease(self, now: float) -> None:
        """Four decreases of a UTC day at any time, then one more an hour after the last; 27 in all.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#decreasing-provisioned-throughput
        """
        today = self.decreases_today(now)
        last = self.last_decrease or 0.0
        if today < _FREE_DECREASES or (today < _MOST_DECREASES and now - last >= _SECONDS_BETWEEN_LATER_ONES):
            return
        midnight = now - now % _DAY + _DAY
        following = midnight if today >= _MOST_DECREASES else min(midnight, last + _SECONDS_BETWEEN_LATER_ONES)
        raise AwsError(
            "LimitExceededException",
            "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the "
            "first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 "
            f"seconds. Number of decreases today: {today}. Last decrease at {_long_time(last)}. "
            f"Next decrease can be made at {_long_time(following)}",
        )

    def note(self, old: Units, new: Units, now: float) -> None:
        if is_decrease(old, new):
            self.decreases = [*self.decreases, now][-_MOST_DECREASES:]
            self.last_decrease = now
        if new[0] > old[0] or new[1] > old[1]:
            self.last_increase = now


def is_decrease(old: Units, new: Units) -> bool:
    return new[0] < old[0] or new[1] < old[1]


def units_of(thing: Table | GlobalSecondaryIndex) -> Units:
    return int(thing.throughput["ReadCapacityUnits"]), int(thing.throughput["WriteCapacityUnits"])


def set_units_of(thing: Table | GlobalSecondaryIndex, units: Units) -> None:
    thing.throughput = {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1], "NumberOfDecreasesToday": 0}


def asked_units(throughput: dict[str, Any]) -> Units:
    read, write = throughput.get("ReadCapacityUnits"), throughput.get("WriteCapacityUnits")
    for name, value in (("writeCapacityUnits", write), ("readCapacityUnits", read)):
        if value is None or int(value) < 1:
            shown = "null" if value is None else f"'{value}'"
            need = "not be null" if value is None else "have value greater than or equal to 1"
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value {shown} at 'provisionedThroughput.{name}' failed to satisfy "
                f"constraint: Member must {need}",
            )
    return int(read or 0), int(write or 0)


def _long_time(moment: float) -> str:
    when = time.gmtime(moment)
    hour = when.tm_hour % 12 or 12
    return time.strftime(f"%A, %B {when.tm_mday}, %Y at {hour}:%M:%S %p Coordinated Universal Time", when)


def invalid(text: str) -> AwsError:
    return AwsError("ValidationException", _INVALID + text)


def parts_of(state: TableState) -> Iterator[tuple[Table | GlobalSecondaryIndex, Capacity]]:
    yield state.table, state.own
    for index in state.table.global_indexes:
        yield index, state.index(index.name)


class Change:
    """One UpdateTable: what it asks of the table and of each index."""

    def __init__(self, database: Database, state: TableState, arguments: dict[str, Any]) -> None:
        self.database = database
        self.state = state
        self.name = state.table.name
        self.arguments = arguments
        self.mode_now = str(state.table.billing_mode)
        self.mode_asked = str(arguments.get("BillingMode") or "")
        self.mode = self.mode_asked or self.mode_now
        self.throughput: dict[str, Any] | None = arguments.get("ProvisionedThroughput")
        updates = [item["Update"] for item in arguments.get("GlobalSecondaryIndexUpdates") or [] if item.get("Update")]
        self.indexes: dict[str, dict[str, Any]] = {item["IndexName"]: item for item in updates}

    @property
    def switching(self) -> bool:
        return self.mode != self.mode_now

    def _asked_of(self, option: str) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """What is asked of the table (None) and of its indexes, by name."""
        for index, asked in [(None, self.arguments), *self.indexes.items()]:
            if asked.get(option):
                yield index, asked[option]

    def check(self) -> None:
        for name in self.indexes:
            self.database.part(self.name, name)
        self._check_mode()
        self._check_busy()
        for index, throughput in self._asked_of("ProvisionedThroughput"):
            self._check_units(index, throughput)
        for index, limits in self._asked_of("OnDemandThroughput"):
            self._check_on_demand(index, limits)
        for index, warm in self._asked_of("WarmThroughput"):
            self._check_warm(index, warm)
        self._check_switches()

    def _check_mode(self) -> None:
        """Which settings go with which mode: text of API_UpdateTable, BillingMode and ProvisionedThroughput."""
        if self.throughput is not None and self.mode_asked == ON_DEMAND:
            raise invalid("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST")
        if self.throughput is not None and self.mode == ON_DEMAND:
            raise invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        if self.mode_asked == PROVISIONED and self.throughput is None:
            raise invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
        for index, update in self.indexes.items():
            if update.get("ProvisionedThroughput") and self.mode == ON_DEMAND:
                raise invalid(
                    f"The only Updates for index: {index} when TableThroughputMode is PAY_PER_REQUEST can be to "
                    "OnDemandThroughput, WarmThroughput"
                )
        if self.switching and self.mode == PROVISIONED:
            # The API estimates nothing: the units of every index must come with the switch.
            for part in self.state.table.global_indexes:
                if not self.indexes.get(part.name, {}).get("ProvisionedThroughput"):
                    raise invalid(f"ProvisionedThroughput must be specified for index: {part.name}")

    def _check_busy(self) -> None:
        """A table whose capacity is changing takes no other change of capacity.

        "You tried to update a resource that was already being updated" (botocore, ResourceInUseException).
        """
        database = self.database
        in_use = AwsError(
            "ResourceInUseException",
            "Attempt to change a resource which is still in use: Table IOPS are currently being updated. "
            f"Table: {self.name}",
        )
        table_asked = self.throughput is not None or self.switching
        if table_asked and self.state.busy_until > database.now:
            raise in_use
        for index, update in self.indexes.items():
            if update.get("ProvisionedThroughput") and self.state.index(index).units_next is not None:
                raise in_use
        if self.switching and any(capacity.units_next for _thing, capacity in parts_of(self.state)):
            raise in_use

    def _check_units(self, index: str | None, throughput: dict[str, Any]) -> None:
        _state, thing, capacity = self.database.part(self.name, index)
        asked, current = asked_units(throughput), units_of(thing)
        where = "table" if index is None else f"index {index}"
        for name, units in zip(("ReadCapacityUnits", "WriteCapacityUnits"), asked, strict=True):
            if units > TABLE_MAXIMUM:
                raise AwsError(
                    "LimitExceededException",
                    f"The requested {name}, {units}, is above the per {where.split()[0]} maximum for the account in "
                    f"{self.database.region}. Per {where.split()[0]} maximum: {TABLE_MAXIMUM}. Refer to the Amazon "
                    "DynamoDB Developer Guide for current limits and how to request higher limits.",
                )
        if self.switching:
            return
        if asked == current:
            of = "the table" if index is None else where
            raise AwsError(
                "ValidationException",
                f"The provisioned throughput for the {where} will not change. The requested value equals the current "
                f"value. Current ReadCapacityUnits provisioned for {of}: {current[0]}. Requested ReadCapacityUnits: "
                f"{asked[0]}. Current WriteCapacityUnits provisioned for {of}: {current[1]}. Requested "
                f"WriteCapacityUnits: {asked[1]}. Refer to the Amazon DynamoDB Developer Guide for current limits and "
                "how to request higher limits.",
            )
        if is_decrease(current, asked):
            capacity.refuse_decrease(self.database.now)

    def _check_on_demand(self, index: str | None, asked: dict[str, Any]) -> None:
        """A number, or -1 for no maximum (botocore, OnDemandThroughput)."""
        where = "table" if index is None else f"index : {index}"
        for name, units in asked.items():
            if self.mode == PROVISIONED:
                raise invalid(
                    f"{name} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
                )
            if units == 0 or units < -1:
                raise invalid(f"Requested {name} for OnDemandThroughput for {where} is outside of valid range")
            if units > TABLE_MAXIMUM:
                limit = f"TableMax{name.removeprefix('Max').removesuffix('RequestUnits')}CapacityUnits"
                raise AwsError(
                    "LimitExceededException",
                    f"Subscriber limit exceeded: Requested {name} for OnDemandThroughput for {where} exceeds {limit} "
                    f"of the account in region {self.database.region}",
                )

    def _check_warm(self, index: str | None, asked: dict[str, Any]) -> None:
        """Warm throughput is only ever raised: API_UpdateTable, WarmThroughput."""
        _state, thing, _capacity = self.database.part(self.name, index)
        where = "table" if index is None else f"index {index}"
        for name, units in asked.items():
            if units < int(thing.warm_throughput.get(name) or 0):
                raise invalid(
                    f"Requested {name} for WarmThroughput for {where} is lower than current WarmThroughput, "
                    "decreasing WarmThroughput is not supported"
                )
            if units > TABLE_MAXIMUM:
                limit = f"TableMax{name.removesuffix('UnitsPerSecond')}CapacityUnits"
                raise AwsError(
                    "LimitExceededException",
                    f"Subscriber limit exceeded: Requested {name} for WarmThroughput for {where} exceeds {limit} of "
                    f"the account in region {self.database.region}",
                )

    def _check_switches(self) -> None:
        """Tables switch from provisioned to on-demand up to four times in a rolling window of 24 hours.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html
        """
        if not (self.switching and self.mode == ON_DEMAND):
            return
        now = self.database.now
        recent = [moment for moment in self.state.switches if moment > now - _DAY]
        if len(recent) >= _SWITCHES_A_DAY:
            raise AwsError(
                "LimitExceededException",
                f"Subscriber limit exceeded: Update to PayPerRequest mode are limited to {_SWITCHES_A_DAY} times in "
                f"1 day(s). Last update at {_long_time(recent[-1])}. Next update can be made at "
                f"{_long_time(recent[0] + _DAY)}",
            )

    def begin(self) -> None:
        state, now, done = self.state, self.database.now, self.database.done_at
        if self.switching:
            self._begin_switch()
        for index, throughput in self._asked_of("ProvisionedThroughput"):
            _state, thing, capacity = self.database.part(self.name, index)
            asked = asked_units(throughput)
            if not self.switching:
                capacity.note(units_of(thing), asked, now)
            capacity.units_next, capacity.units_at = asked, done
            if index is None:
                state.busy_until = done
        for index, limits in self._asked_of("OnDemandThroughput"):
            self.database.part(self.name, index)[2].on_demand.update(limits)
        for index, warm in self._asked_of("WarmThroughput"):
            capacity = self.database.part(self.name, index)[2]
            capacity.warm_next, capacity.warm_at = dict(warm), done
        self.database.settle_table(state)

    def _begin_switch(self) -> None:
        state = self.state
        state.mode_next = self.mode
        state.busy_until = self.database.done_at
        if self.mode == ON_DEMAND:
            state.ever_on_demand = True
            state.switches = [*state.switches, self.database.now][-_SWITCHES_A_DAY:]
            for _thing, capacity in parts_of(state):
                capacity.units_next, capacity.units_at = (0, 0), self.database.done_at
        else:
            for _thing, capacity in parts_of(state):
                capacity.on_demand = {}
