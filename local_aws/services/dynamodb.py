# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DynamoDB's tables and their states over time.

moto applies every change at once and allows every change. Here a change takes the account's transition time, and
AWS's own limits stand. The texts of the errors are those that the service answers. Where its documentation is silent,
"ack-api-quirks" with a number names a finding of that public catalogue, which probes the real service.
"""

from __future__ import annotations

import datetime
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
    invalid,
    parts_of,
    set_units_of,
    units_of,
)
from local_aws.services.dynamodb_state import Policy, Restore, Tables, TableState


def _not_found(name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


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
            raise _not_found(short)
        return self._tables.of(table)

    def all(self) -> list[TableState]:
        """Every table, in the order in which they were made."""
        return [self._tables.of(table) for table in list(self._backend.tables.values())]

    def settle(self) -> None:
        """Finish the changes whose time has come."""
        for state in list(self._tables.states.values()):
            self.settle_table(state)

    def settle_table(self, state: TableState) -> None:
        table = state.table
        if self._backend.tables.get(table.name) is not table:
            # Deleted by moto itself, as when a stack goes.
            self._tables.states.pop(table.name, None)
            return
        if state.deleted_at is not None and state.deleted_at <= self.now:
            self._backend.tables.pop(table.name)
            self._tables.states.pop(table.name)
            return
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
        state.table.created_at = date(self.now)
        state.active_at = self.done_at
        if state.ever_on_demand:
            state.on_demand_at = self.now
        state.table_class = str(arguments.get("TableClass") or "")
        if arguments.get("ResourcePolicy"):
            # It is the table's first, so nothing waits for it (botocore, CreateTableInput.ResourcePolicy).
            state.policies[state.table.table_arn] = Policy(arguments["ResourcePolicy"], str(int(self.now * 1000)))
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

    def open(self, name: str) -> TableState:
        """A table whose settings are read or changed; a restore that is not done is not there.

        ack-api-quirks DDB-TABLE-217: "While a restore is CREATING, sub-resource/tag/UpdateTable calls fail with
        ResourceNotFound/TableNotFound, not InUse".
        """
        state = self.find(name)
        if state.restore is not None and state.active_at > self.now:
            raise _not_found(state.table.name)
        return state

    def open_for_change(self, name: str) -> TableState:
        state = self.open(name)
        self.refuse_when_creating(state)
        return state

    def refuse_when_creating(self, state: TableState) -> None:
        """A table that is being created, or deleted, takes no change."""
        doing = "deleted" if state.deleted_at is not None else "created" if state.active_at > self.now else ""
        if doing:
            raise AwsError(
                "ResourceInUseException",
                f"Attempt to change a resource which is still in use: Table is being {doing}: {state.table.name}",
            )

    def refuse_more_operations(self) -> None:
        """ "Up to 500 simultaneous table operations are allowed per account" (botocore, LimitExceededException)."""
        most = self.account.settings.table_operations
        if sum(1 for state in self._tables.states.values() if self._is_busy(state)) >= most:
            raise AwsError(
                "LimitExceededException",
                f"Subscriber limit exceeded: Only {most} tables can be created, updated, or deleted simultaneously",
            )

    def refuse_more_restores(self) -> None:
        """ "Up to 50 concurrent restores (any type of restore) in a given account".

        botocore, RestoreTableFromBackup.
        """
        most = self.account.settings.concurrent_restores
        running = [state for state in self._tables.states.values() if state.restore and state.active_at > self.now]
        if len(running) >= most:
            raise AwsError(
                "LimitExceededException",
                f"Subscriber limit exceeded: Only {most} restore operations can be done simultaneously",
            )

    def _is_busy(self, state: TableState) -> bool:
        return state.deleted_at is not None or max(state.active_at, state.busy_until) > self.now

    def add(self, table: Table, restore: Restore) -> TableState:
        """A restored table takes its time until it is ACTIVE."""
        seconds = self.account.settings.restore_seconds
        self._backend.tables[table.name] = table
        state = self._tables.of(table)
        state.restore = restore
        state.active_at = self.now + (seconds if seconds >= 0 else self.account.settings.transition_seconds)
        return state

    def delete(self, state: TableState) -> None:
        state.deleted_at = self.done_at

    def describe(self, description: dict[str, Any], state: TableState) -> dict[str, Any]:
        """moto's description of a table, put right."""
        busy = state.busy_until > self.now
        mode = self.mode_soon(state)
        description["TableStatus"] = "CREATING" if state.active_at > self.now else "UPDATING" if busy else "ACTIVE"
        if state.deleted_at is not None:
            description["TableStatus"] = "DELETING"
        description["TableId"] = state.id
        description["TableSizeBytes"] = sum(row.size for row in state.order().rows(state.table))
        description.update(self._describe_restore(state), **self._describe_class(state))
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
        for shown in (*description.get("GlobalSecondaryIndexes", []), *description.get("LocalSecondaryIndexes", [])):
            rows = state.order(shown["IndexName"]).rows(state.table)
            shown["IndexArn"] = f"{state.table.table_arn}/index/{shown['IndexName']}"
            shown["IndexSizeBytes"] = sum(row.size for row in rows)
            shown["ItemCount"] = len(rows)
        for shown, index in zip(description.get("GlobalSecondaryIndexes", []), state.table.global_indexes, strict=True):
            capacity = state.index(index.name)
            self._describe_part(shown, index, capacity, switching=bool(state.mode_next))
            creating = max(state.active_at, capacity.created_until) > self.now
            shown["IndexStatus"] = "CREATING" if creating else "UPDATING" if capacity.units_next else "ACTIVE"
        return description

    def _describe_restore(self, state: TableState) -> dict[str, Any]:
        """It goes as soon as the table is ACTIVE: nothing marks a table as born from a restore.

        ack-api-quirks DDB-TABLE-216; the documentation (botocore, RestoreSummary) does not say how long it stays.
        """
        restoring = state.active_at > self.now
        if state.restore is None or not (restoring or self.account.settings.restore_summary_stays):
            return {}
        summary: dict[str, Any] = {
            "SourceTableArn": state.restore.table_arn,
            "RestoreDateTime": date(state.restore.moment),
            "RestoreInProgress": restoring,
        }
        if state.restore.backup_arn:
            summary["SourceBackupArn"] = state.restore.backup_arn
        return {"RestoreSummary": summary}

    @staticmethod
    def _describe_class(state: TableState) -> dict[str, Any]:
        """Like BillingModeSummary it is absent until somebody named a class."""
        if not state.table_class:
            return {}
        summary: dict[str, Any] = {"TableClass": state.table_class}
        if state.table_class_at:
            summary["LastUpdateDateTime"] = date(state.table_class_at)
        return {"TableClassSummary": summary}

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
    Database(call.account, call.region).refuse_more_operations()
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
    """Capacity is in Database.update, indexes are moto's; the rest is here. A change takes its time.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """
    database = Database(call.account, call.region)
    arguments = call.arguments
    state = database.open_for_change(arguments["TableName"])
    _refuse_combination(arguments)
    _refuse_change(database, state, arguments)
    database.update(arguments)
    asked_on_demand_again = arguments.get("BillingMode") == ON_DEMAND and not state.mode_next
    _update_indexes(database, state, arguments)
    _update_the_rest(database, state, arguments)
    description = database.describe(state.table.describe()["TableDescription"], state)
    if asked_on_demand_again and description["TableStatus"] == "ACTIVE":
        # Asking again for the mode that a table has answers UPDATING and changes nothing.
        description["TableStatus"] = "UPDATING"
    return {"TableDescription": description}


_SLOW = ("StreamSpecification", "SSESpecification", "TableClass")


def _index_changes(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in arguments.get("GlobalSecondaryIndexUpdates") or [] if not item.get("Update")]


def _refuse_combination(arguments: dict[str, Any]) -> None:
    """What an UpdateTable may not change together: ack-api-quirks DDB-TABLE-382."""
    asked = {name for name, value in arguments.items() if value is not None} - {"TableName", "AttributeDefinitions"}
    for option, named in (
        ("DeletionProtectionEnabled", "DeletionProtection"),
        ("SSESpecification", "Server-Side Encryption"),
        ("TableClass", "TableClass"),
    ):
        if option in asked and len(asked) > 1:
            raise invalid(f"{named} modification must be the only operation in the request")
    if "OnDemandThroughput" in asked and {"StreamSpecification", "WarmThroughput"} & asked:
        raise invalid("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
    if "WarmThroughput" in asked and {"ProvisionedThroughput", "StreamSpecification"} & asked:
        raise invalid("WarmThroughput must be the only operation in the request")
    iops = "ProvisionedThroughput" in asked or arguments.get("BillingMode") == PROVISIONED
    if iops and "StreamSpecification" in asked:
        raise invalid("You cannot modify stream status while updating table IOPS")
    if _index_changes(arguments):
        if "ProvisionedThroughput" in asked:
            raise invalid("You cannot create or delete index while updating table IOPS")
        if "StreamSpecification" in asked:
            raise invalid("You cannot create or delete index while changing stream status")


def _refuse_change(database: Database, state: TableState, arguments: dict[str, Any]) -> None:
    """What is refused before anything of the call is done."""
    changes = _index_changes(arguments)
    if not changes and not any(arguments.get(name) for name in _SLOW):
        return
    if state.busy_until > database.now:
        raise AwsError(
            "ResourceInUseException",
            f"Attempt to change a resource which is still in use: Table is being updated: {state.table.name}",
        )
    database.refuse_more_operations()
    if len(changes) > 1:
        # "You can create or delete only one global secondary index per UpdateTable operation" (botocore, UpdateTable).
        raise AwsError(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        )
    stream = arguments.get("StreamSpecification")
    if stream:
        _refuse_stream(state.table, stream)


def _refuse_stream(table: Table, asked: dict[str, Any]) -> None:
    """A stream is enabled once and disabled once.

    "You receive a ValidationException if you try to enable a stream on a table that already has a stream, or if you try
    to disable a stream on a table that doesn't have a stream" (botocore, UpdateTableInput).
    """
    enabled = bool((table.stream_specification or {}).get("StreamEnabled"))
    if asked.get("StreamEnabled") and enabled:
        raise AwsError("ValidationException", f"Table already has an enabled stream: TableName: {table.name}")
    if not asked.get("StreamEnabled") and not enabled:
        raise AwsError("ValidationException", f"Table has no stream to disable: TableName: {table.name}")


def _update_indexes(database: Database, state: TableState, arguments: dict[str, Any]) -> None:
    changes = _index_changes(arguments)
    if arguments.get("AttributeDefinitions"):
        state.table.attr = arguments["AttributeDefinitions"]
    if not changes:
        return
    backend: DynamoDBBackend = dynamodb_backends[state.table.account_id][state.table.region_name]
    try:
        backend.update_table_global_indexes(state.table, changes)
    except ValueError as error:
        raise AwsError("ValidationException", str(error)) from error
    state.orders.clear()
    state.busy_until = database.done_at
    for change in changes:
        for kind, asked in change.items():
            state.indexes.pop(asked["IndexName"], None)
            if kind == "Create":
                capacity = state.index(asked["IndexName"])
                capacity.created_until = database.done_at
                capacity.on_demand = dict(asked.get("OnDemandThroughput") or {})


def _update_the_rest(database: Database, state: TableState, arguments: dict[str, Any]) -> None:
    table = state.table
    if arguments.get("DeletionProtectionEnabled") is not None:
        table.deletion_protection_enabled = arguments["DeletionProtectionEnabled"]
    if arguments.get("StreamSpecification"):
        _set_stream(database, table, arguments["StreamSpecification"])
    if arguments.get("TableClass"):
        state.table_class, state.table_class_at = arguments["TableClass"], database.now
    if arguments.get("SSESpecification"):
        table.sse_specification = encryption(table, arguments["SSESpecification"])
    if any(arguments.get(name) for name in _SLOW):
        state.busy_until = max(state.busy_until, database.done_at)


def _set_stream(database: Database, table: Table, asked: dict[str, Any]) -> None:
    """A stream that is enabled again is a new one, with a label of its own (botocore, LatestStreamLabel)."""
    table.set_stream_specification(dict(asked))
    if asked.get("StreamEnabled"):
        table.latest_stream_label = date(database.now).replace(tzinfo=None).isoformat(timespec="milliseconds")
    else:
        # moto would go on to write what nobody can read, and fail.
        table.stream_shard = None


def encryption(table: Table, asked: dict[str, Any]) -> dict[str, Any] | None:
    """Without a key it is AWS's own for DynamoDB in the account (botocore, SSESpecification)."""
    if not asked.get("Enabled"):
        return None
    key = asked.get("KMSMasterKeyId") or table._get_default_encryption_key(table.account_id, table.region_name)
    return {**asked, "KMSMasterKeyId": key}


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
