# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DynamoDB's tables and their states over time.

moto applies every change at once and allows every change. Here a change takes the account's transition time, and
AWS's own limits stand. The texts of the errors are those that the service answers.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table

from local_aws.accounts import AccountState
from local_aws.rules import AwsError, Call, Result, on_time, rule
from local_aws.services.dynamodb_capacity import (
    ACCOUNT_MAXIMUM,
    ON_DEMAND,
    PROVISIONED,
    TABLE_MAXIMUM,
    WARM_ON_DEMAND,
    Capacity,
    Change,
    Units,
    parts_of,
    set_units_of,
    units_of,
)


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


def date(moment: float) -> datetime.datetime:
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
        for thing, capacity in parts_of(state):
            if capacity.units_next is not None and capacity.units_at <= self.now:
                set_units_of(thing, capacity.units_next)
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
        read, write = units_of(thing)
        floor = {"ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write} if mode == PROVISIONED else WARM_ON_DEMAND
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
        change = Change(self, state, arguments)
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
        return capacity.units_next or units_of(thing)

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
                description["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] = date(state.on_demand_at)
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
        read, write = (capacity.units_next if switching and capacity.units_next else None) or units_of(thing)
        throughput: dict[str, Any] = {
            "ReadCapacityUnits": read,
            "WriteCapacityUnits": write,
            "NumberOfDecreasesToday": capacity.decreases_today(self.now),
        }
        if capacity.last_increase is not None:
            throughput["LastIncreaseDateTime"] = date(capacity.last_increase)
        if capacity.last_decrease is not None:
            throughput["LastDecreaseDateTime"] = date(capacity.last_decrease)
        shown["ProvisionedThroughput"] = throughput
        status = "UPDATING" if capacity.warm_next is not None else "ACTIVE"
        shown["WarmThroughput"] = {**thing.warm_throughput, "Status": status}
        limits = {name: units for name, units in capacity.on_demand.items() if units != -1}
        if limits:
            shown["OnDemandThroughput"] = limits
        else:
            shown.pop("OnDemandThroughput", None)


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
        "AccountMaxReadCapacityUnits": ACCOUNT_MAXIMUM,
        "AccountMaxWriteCapacityUnits": ACCOUNT_MAXIMUM,
        "TableMaxReadCapacityUnits": TABLE_MAXIMUM,
        "TableMaxWriteCapacityUnits": TABLE_MAXIMUM,
    }
