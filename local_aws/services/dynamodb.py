# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DynamoDB: capacity modes, units and their states over time.

moto applies every change at once and allows every change. Here a change takes the account's transition time, and
AWS's own limits stand. The texts of the errors are those that the service answers.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table

from local_aws.accounts import AccountState
from local_aws.rules import AwsError, Call, Result, on_time, rule

ON_DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
_INVALID = "One or more parameter values were invalid: "
_DAY = 86_400

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-capacity-units-provisioned-throughput
_FREE_DECREASES, _SECONDS_BETWEEN_LATER_ONES, _MOST_DECREASES = 4, 3600, 27
_TABLE_MAXIMUM, _ACCOUNT_MAXIMUM = 40_000, 80_000
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html
_SWITCHES_A_DAY = 4
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
_WARM_ON_DEMAND = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}

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


@dataclass
class TableState:
    """What moto does not keep of one table."""

    table: Table
    active_at: float = 0.0
    busy_until: float = 0.0
    mode_next: str = ""
    ever_on_demand: bool = False
    on_demand_at: float | None = None
    switches: list[float] = field(default_factory=list)
    own: Capacity = field(default_factory=Capacity)
    indexes: dict[str, Capacity] = field(default_factory=dict)

    def index(self, name: str) -> Capacity:
        return self.indexes.setdefault(name, Capacity())


@dataclass
class Tables:
    """The tables of one account and region. A table that was made again under its name starts anew."""

    states: dict[str, TableState] = field(default_factory=dict)

    def of(self, table: Table) -> TableState:
        state = self.states.get(table.name)
        if state is None or state.table is not table:
            state = TableState(table, ever_on_demand=table.billing_mode == ON_DEMAND)
            state.on_demand_at = table.created_at.timestamp() if state.ever_on_demand else None
            self.states[table.name] = state
        return state


def is_decrease(old: Units, new: Units) -> bool:
    return new[0] < old[0] or new[1] < old[1]


def _units(thing: Table | GlobalSecondaryIndex) -> Units:
    return int(thing.throughput["ReadCapacityUnits"]), int(thing.throughput["WriteCapacityUnits"])


def _set_units(thing: Table | GlobalSecondaryIndex, units: Units) -> None:
    thing.throughput = {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1], "NumberOfDecreasesToday": 0}


def _asked(throughput: dict[str, Any]) -> Units:
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


def _date(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, tz=datetime.UTC)


class Database:
    """The tables of one account and region, with the rules that stand for them."""

    def __init__(self, account: AccountState, region: str) -> None:
        self.account = account
        self.region = region
        self.now = account.now()
        # First, because it raises for a region that moto does not have: nothing is kept of that one.
        self._backend: DynamoDBBackend = dynamodb_backends[account.id][region]
        self._tables = account.store(Tables, region)
        self.done_at = self.now + account.settings.transition_seconds

    def find(self, name: str) -> TableState:
        """A table by its name or ARN."""
        short = name.rsplit("/", 1)[-1]
        table = self._backend.tables.get(short)
        if table is None:
            raise AwsError("ResourceNotFoundException", f"Requested resource not found: Table: {short} not found")
        return self._tables.of(table)

    def settle(self) -> None:
        """Finish the changes whose time has come."""
        for state in list(self._tables.states.values()):
            self.settle_table(state)

    def settle_table(self, state: TableState) -> None:
        table = state.table
        if state.mode_next and state.busy_until <= self.now:
            table.billing_mode = state.mode_next
            state.mode_next = ""
            if table.billing_mode == ON_DEMAND:
                state.on_demand_at = state.busy_until
        for thing, capacity in _parts(state):
            if capacity.units_next is not None and capacity.units_at <= self.now:
                _set_units(thing, capacity.units_next)
                capacity.units_next = None
                self._warm_at_least(thing, table.billing_mode)
            if capacity.warm_next is not None and capacity.warm_at <= self.now:
                thing.warm_throughput = {**thing.warm_throughput, **capacity.warm_next, "Status": "ACTIVE"}
                capacity.warm_next = None

    @staticmethod
    def _warm_at_least(thing: Table | GlobalSecondaryIndex, mode: str) -> None:
        """Warm throughput is at least what was ever provisioned, and an on-demand table's default.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
        """
        read, write = _units(thing)
        floor = {"ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write} if mode == PROVISIONED else _WARM_ON_DEMAND
        for name, value in floor.items():
            thing.warm_throughput[name] = max(int(thing.warm_throughput.get(name) or 0), value)

    def created(self, name: str, arguments: dict[str, Any]) -> None:
        """A new table is CREATING for a while, with the on-demand maxima that it was given."""
        state = self.find(name)
        state.active_at = self.done_at
        state.own.on_demand = dict(arguments.get("OnDemandThroughput") or {})
        for index in arguments.get("GlobalSecondaryIndexes") or []:
            state.index(index["IndexName"]).on_demand = dict(index.get("OnDemandThroughput") or {})

    def update(self, arguments: dict[str, Any]) -> TableState:
        """The capacity part of UpdateTable: all of it is checked before any of it begins.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
        """
        state = self.find(arguments["TableName"])
        self.refuse_when_creating(state)
        change = _Change(self, state, arguments)
        change.check()
        change.begin()
        return state

    def set_units(self, name: str, index: str | None, units: Units) -> None:
        """Set units as Application Auto Scaling does: by UpdateTable."""
        throughput = {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1]}
        if index is None:
            self.update({"TableName": name, "ProvisionedThroughput": throughput})
        else:
            update = {"Update": {"IndexName": index, "ProvisionedThroughput": throughput}}
            self.update({"TableName": name, "GlobalSecondaryIndexUpdates": [update]})

    def part(self, name: str, index: str | None) -> tuple[TableState, Table | GlobalSecondaryIndex, Capacity]:
        """A table or one of its indexes."""
        state = self.find(name)
        if index is None:
            return state, state.table, state.own
        for candidate in state.table.global_indexes:
            if candidate.name == index:
                return state, candidate, state.index(index)
        raise AwsError(
            "ResourceNotFoundException",
            f"Requested resource not found: Index: {index} not found for table: {state.table.name}",
        )

    def units_soon(self, name: str, index: str | None) -> Units:
        """The units that are there or on their way."""
        _state, thing, capacity = self.part(name, index)
        return capacity.units_next or _units(thing)

    def mode_soon(self, state: TableState) -> str:
        return state.mode_next or str(state.table.billing_mode)

    def refuse_when_creating(self, state: TableState) -> None:
        if state.active_at > self.now:
            raise AwsError(
                "ResourceInUseException",
                "Attempt to change a resource which is still in use: Table is being created: " + state.table.name,
            )

    def describe(self, description: dict[str, Any], state: TableState) -> dict[str, Any]:
        """moto's description of a table, put right."""
        busy = state.busy_until > self.now
        mode = self.mode_soon(state)
        description["TableStatus"] = "CREATING" if state.active_at > self.now else "UPDATING" if busy else "ACTIVE"
        self._describe_part(description, state.table, state.own, switching=bool(state.mode_next))
        description.pop("BillingModeSummary", None)
        if state.ever_on_demand:
            # "You may need to switch to on-demand mode at least once in order to return a BillingModeSummary response"
            # (botocore, TableDescription): it is absent until a table was on-demand once.
            description["BillingModeSummary"] = {"BillingMode": mode}
            if state.on_demand_at is not None:
                description["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] = _date(state.on_demand_at)
        if not state.table.global_indexes:
            description.pop("GlobalSecondaryIndexes", None)
        if not state.table.indexes:
            description.pop("LocalSecondaryIndexes", None)
        for shown, index in zip(description.get("GlobalSecondaryIndexes", []), state.table.global_indexes, strict=True):
            capacity = state.index(index.name)
            self._describe_part(shown, index, capacity, switching=bool(state.mode_next))
            shown["IndexArn"] = f"{state.table.table_arn}/index/{index.name}"
            shown["IndexSizeBytes"] = 0
            shown["ItemCount"] = len(state.table)
            creating = state.active_at > self.now
            shown["IndexStatus"] = "CREATING" if creating else "UPDATING" if capacity.units_next else "ACTIVE"
        return description

    def _describe_part(
        self, shown: dict[str, Any], thing: Table | GlobalSecondaryIndex, capacity: Capacity, switching: bool
    ) -> None:
        # A change of units shows the old ones until it is done; a change of mode shows the new ones at once.
        read, write = (capacity.units_next if switching and capacity.units_next else None) or _units(thing)
        throughput: dict[str, Any] = {
            "ReadCapacityUnits": read,
            "WriteCapacityUnits": write,
            "NumberOfDecreasesToday": capacity.decreases_today(self.now),
        }
        if capacity.last_increase is not None:
            throughput["LastIncreaseDateTime"] = _date(capacity.last_increase)
        if capacity.last_decrease is not None:
            throughput["LastDecreaseDateTime"] = _date(capacity.last_decrease)
        shown["ProvisionedThroughput"] = throughput
        status = "UPDATING" if capacity.warm_next is not None else "ACTIVE"
        shown["WarmThroughput"] = {**thing.warm_throughput, "Status": status}
        limits = {name: units for name, units in capacity.on_demand.items() if units != -1}
        if limits:
            shown["OnDemandThroughput"] = limits
        else:
            shown.pop("OnDemandThroughput", None)


def _parts(state: TableState) -> Iterator[tuple[Table | GlobalSecondaryIndex, Capacity]]:
    yield state.table, state.own
    for index in state.table.global_indexes:
        yield index, state.index(index.name)


class _Change:
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
            raise _invalid("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST")
        if self.throughput is not None and self.mode == ON_DEMAND:
            raise _invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        if self.mode_asked == PROVISIONED and self.throughput is None:
            raise _invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
        for index, update in self.indexes.items():
            if update.get("ProvisionedThroughput") and self.mode == ON_DEMAND:
                raise _invalid(
                    f"The only Updates for index: {index} when TableThroughputMode is PAY_PER_REQUEST can be to "
                    "OnDemandThroughput, WarmThroughput"
                )
        if self.switching and self.mode == PROVISIONED:
            # The API estimates nothing: the units of every index must come with the switch.
            for part in self.state.table.global_indexes:
                if not self.indexes.get(part.name, {}).get("ProvisionedThroughput"):
                    raise _invalid(f"ProvisionedThroughput must be specified for index: {part.name}")

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
        if self.switching and any(capacity.units_next for _thing, capacity in _parts(self.state)):
            raise in_use

    def _check_units(self, index: str | None, throughput: dict[str, Any]) -> None:
        _state, thing, capacity = self.database.part(self.name, index)
        asked, current = _asked(throughput), _units(thing)
        where = "table" if index is None else f"index {index}"
        for name, units in zip(("ReadCapacityUnits", "WriteCapacityUnits"), asked, strict=True):
            if units > _TABLE_MAXIMUM:
                raise AwsError(
                    "LimitExceededException",
                    f"The requested {name}, {units}, is above the per {where.split()[0]} maximum for the account in "
                    f"{self.database.region}. Per {where.split()[0]} maximum: {_TABLE_MAXIMUM}. Refer to the Amazon "
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
                raise _invalid(
                    f"{name} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
                )
            if units == 0 or units < -1:
                raise _invalid(f"Requested {name} for OnDemandThroughput for {where} is outside of valid range")
            if units > _TABLE_MAXIMUM:
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
                raise _invalid(
                    f"Requested {name} for WarmThroughput for {where} is lower than current WarmThroughput, "
                    "decreasing WarmThroughput is not supported"
                )
            if units > _TABLE_MAXIMUM:
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
            asked = _asked(throughput)
            if not self.switching:
                capacity.note(_units(thing), asked, now)
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
            for _thing, capacity in _parts(state):
                capacity.units_next, capacity.units_at = (0, 0), self.database.done_at
        else:
            for _thing, capacity in _parts(state):
                capacity.on_demand = {}


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", _INVALID + text)


@on_time("dynamodb", "application-autoscaling")
def settle(account: AccountState) -> None:
    """Changes finish by time alone, whether somebody looks or not."""
    for region in account.regions(Tables):
        Database(account, region).settle()


@rule("dynamodb", "CreateTable")
def create_table(call: Call) -> Result:
    """A new table is CREATING before it is ACTIVE.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html: "DynamoDB immediately returns
    a response with a TableStatus of CREATING"
    """
    result = call.proceed()
    database = Database(call.account, call.region)
    database.created(call.arguments["TableName"], call.arguments)
    return {
        "TableDescription": database.describe(result["TableDescription"], database.find(call.arguments["TableName"]))
    }


@rule("dynamodb", "DescribeTable")
def describe_table(call: Call) -> Result:
    """States, decreases, on-demand maxima; BillingModeSummary only where AWS has it. See Database.describe."""
    database = Database(call.account, call.region)
    state = database.find(call.arguments["TableName"])
    return {"Table": database.describe(call.proceed()["Table"], state)}


@rule("dynamodb", "UpdateTable")
def update_table(call: Call) -> Result:
    """The capacity part is ours (Database.update), the rest moto's."""
    database = Database(call.account, call.region)
    arguments = call.arguments
    state = database.update(arguments)
    asked_on_demand_again = arguments.get("BillingMode") == ON_DEMAND and not state.mode_next
    _update_the_rest(state.table, arguments)
    description = database.describe(state.table.describe()["TableDescription"], state)
    if asked_on_demand_again and description["TableStatus"] == "ACTIVE":
        # Asking again for the mode that a table has answers UPDATING and changes nothing.
        description["TableStatus"] = "UPDATING"
    return {"TableDescription": description}


def _update_the_rest(table: Table, arguments: dict[str, Any]) -> None:
    backend: DynamoDBBackend = dynamodb_backends[table.account_id][table.region_name]
    updates = [item for item in arguments.get("GlobalSecondaryIndexUpdates") or [] if not item.get("Update")]
    try:
        backend.update_table(
            name=table.name,
            attr_definitions=arguments.get("AttributeDefinitions") or [],
            global_index=updates,
            throughput={},
            billing_mode="",
            stream_spec=arguments.get("StreamSpecification") or {},
            deletion_protection_enabled=arguments.get("DeletionProtectionEnabled"),
            warm_throughput=None,
        )
    except ValueError as error:
        raise AwsError("ValidationException", str(error)) from error


@rule("dynamodb", "DeleteTable")
def delete_table(call: Call) -> Result | None:
    """A table whose capacity is changing cannot be deleted.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html: a table that is CREATING or
    UPDATING is refused with ResourceInUseException.
    """
    database = Database(call.account, call.region)
    state = database.find(call.arguments["TableName"])
    database.refuse_when_creating(state)
    if state.busy_until > database.now:
        raise AwsError(
            "ResourceInUseException",
            f"Attempt to change a resource which is still in use: Table: {state.table.name} is in the process of being "
            "updated.",
        )
    description = call.proceed()["TableDescription"]
    return {"TableDescription": {**database.describe(description, state), "TableStatus": "DELETING"}}


@rule("dynamodb", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")
def use_items(call: Call) -> Result | None:
    """A table that is being created cannot be used yet.

    API_CreateTable: "You can perform read and write operations only on an ACTIVE table"; the service answers
    ResourceNotFoundException.
    """
    known = call.account.store(Tables, call.region).states.get(str(call.arguments.get("TableName")))
    if known is not None and known.active_at > call.account.now():
        raise AwsError("ResourceNotFoundException", "Requested resource not found")
    return None


@rule("dynamodb", "DescribeLimits")
def describe_limits(_call: Call) -> Result:
    """The default quotas of an account and of a table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#default-limits-throughput
    """
    return {
        "AccountMaxReadCapacityUnits": _ACCOUNT_MAXIMUM,
        "AccountMaxWriteCapacityUnits": _ACCOUNT_MAXIMUM,
        "TableMaxReadCapacityUnits": _TABLE_MAXIMUM,
        "TableMaxWriteCapacityUnits": _TABLE_MAXIMUM,
    }
