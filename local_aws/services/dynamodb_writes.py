# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing DynamoDB's items: moto writes; here is what it costs, what is throttled, and the memory of what was before.

A stored item is replaced, never changed, so that backups and the journal of point-in-time recovery can share it.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import validate_put_has_empty_keys

from local_aws.items import Contents, Key, copy_of, find, key_of, normalise, replace, text_of, wire
from local_aws.protocol import Response
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services.dynamodb import Database
from local_aws.services.dynamodb_state import TableState
from local_aws.services.dynamodb_units import Cost, Limit, attributes_of, exceeded, write_cost

_MOST_IN_A_BATCH = 25
_CONTENT_TYPE = ("Content-Type", "application/x-amz-json-1.0")


def json_answer(**parts: str) -> Response:
    """An answer from JSON texts: the general serializer takes a millisecond for each item."""
    body = ",".join(f'"{name}":{text}' for name, text in parts.items() if text)
    return Response(200, [_CONTENT_TYPE], f"{{{body}}}".encode())


def usable(call: Call, name: str, database: Database | None = None) -> TableState:
    """A table that can be read and written.

    API_CreateTable: "You can perform read and write operations only on an ACTIVE table"; the service answers
    ResourceNotFoundException for one that is being created or deleted.
    """
    database = database or Database(call.account, call.region)
    try:
        state = database.find(name)
    except AwsError:
        raise AwsError("ResourceNotFoundException", "Requested resource not found") from None
    if state.active_at > database.now or state.deleted_at is not None:
        raise AwsError("ResourceNotFoundException", "Requested resource not found")
    return state


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """moto's own refusals as ours."""
    try:
        yield
    except JsonRESTError as error:
        raise AwsError(error.relative_error_type, error.message) from error


@dataclass
class Change:
    """An item before and after a call."""

    state: TableState
    key: Key
    before: Item | None

    @property
    def after(self) -> Item | None:
        return find(self.state.table, self.key)


@dataclass
class Writes:
    """The items that a call is about to write."""

    now: float
    changes: list[Change] = field(default_factory=list)

    def watch(self, state: TableState, key: Key, in_place: bool = False) -> Change:
        """Remember an item. moto updates in place, so it is given a copy to update."""
        before = find(state.table, key)
        if in_place and before is not None:
            replace(state.table, key, copy.deepcopy(before))
        self.changes.append(Change(state, key, before))
        return self.changes[-1]

    def undo(self) -> None:
        """The call failed: everything is as it was."""
        for change in reversed(self.changes):
            if change.after is not change.before:
                replace(change.state.table, change.key, change.before)

    def settle(self) -> dict[str, Cost]:
        """The call is done: note what changed, and say what it cost in each table."""
        costs: dict[str, Cost] = {}
        for change in self.changes:
            after = change.after
            if after is not change.before:
                remember(change.state, self.now, change.key, change.before, after)
            cost = write_cost(change.state.table, attributes_of(change.before), attributes_of(after))
            costs.setdefault(change.state.table.name, Cost()).add(cost)
        return costs


def remember(state: TableState, now: float, key: Key, before: Item | None, after: Item | None) -> None:
    if after is not None:
        for value in (after.hash_key, after.range_key, *after.attrs.values()):
            if value is not None:
                normalise(value)
    if state.pitr is not None:
        state.pitr.journal.note(now, key, before)
    state.touch()


def key_in(table: Table, attributes: Mapping[str, Any]) -> Key | None:
    """The key that a call names; None when it is none, which moto then refuses in AWS's words."""
    try:
        key = key_of(table, attributes)
        hash(key)
    except (ArithmeticError, KeyError, TypeError):
        return None
    return key


@rule("dynamodb", "PutItem", "UpdateItem", "DeleteItem")
def write_item(call: Call) -> Result | Response | None:
    """Consumed units, throttling and the journal: this file's head."""
    arguments = call.arguments
    state = usable(call, str(arguments["TableName"]))
    new = arguments.get("Item")
    key = key_in(state.table, new or arguments.get("Key") or {})
    if key is None:
        return None
    writes = Writes(call.account.now())
    change = writes.watch(state, key, in_place=call.operation == "UpdateItem")
    limit = Limit(call, "write")
    if limit.rate > 0:
        after = {name: DynamoType(value) for name, value in new.items()} if new else None
        limit.refuse_when_spent(state, write_cost(state.table, attributes_of(change.before), after).total)
    try:
        result = call.proceed()
    except AwsError:
        writes.undo()
        raise
    cost = writes.settle()[state.table.name]
    limit.spend(state, cost.total)
    return with_capacity(result, cost.describe(call, str(arguments["TableName"])))


def with_capacity(result: Result, consumed: Any) -> Result:
    result.pop("ConsumedCapacity", None)
    return {**result, "ConsumedCapacity": consumed} if consumed else result


@dataclass
class _Request:
    """One put or deletion of a batch."""

    name: str
    state: TableState
    key: Key
    item: dict[str, Any] | None

    @property
    def text(self) -> str:
        if self.item is not None:
            written = text_of({name: DynamoType(value) for name, value in self.item.items()})
            return f'{{"PutRequest":{{"Item":{written}}}}}'
        own = {self.state.table.hash_key_attr: wire(self.key[0])}
        if self.key[1] is not None:
            own[str(self.state.table.range_key_attr)] = wire(self.key[1])
        return json.dumps({"DeleteRequest": {"Key": own}})

    def carry_out(self) -> None:
        table, (own, sort) = self.state.table, self.key
        if self.item is None:
            table.delete_item(own, sort)
        else:
            table.put_item(self.item, overwrite=True)


@rule("dynamodb", "BatchWriteItem")
def batch_write_item(call: Call) -> Response:
    """Item by item, not all or nothing; what a table cannot take now comes back as UnprocessedItems.

    botocore, BatchWriteItem: up to 25 items; "if any requested operations fail because the table's provisioned
    throughput is exceeded [...] the failed operations are returned in the UnprocessedItems response parameter"; "if
    none of the items can be processed [...] ProvisionedThroughputExceededException".
    """
    requests = list(_batch(call))
    limit = Limit(call, "write")
    now = call.account.now()
    costs = {request.name: Cost() for request in requests}
    left: dict[str, list[str]] = {}
    for request in requests:
        state = request.state
        writes = Writes(now)
        change = writes.watch(state, request.key)
        if limit.rate > 0:
            after = None if request.item is None else {k: DynamoType(value) for k, value in request.item.items()}
            if not limit.admits(state, write_cost(state.table, attributes_of(change.before), after).total):
                left.setdefault(request.name, []).append(request.text)
                continue
        with refusals():
            request.carry_out()
        cost = writes.settle()[state.table.name]
        limit.spend(state, cost.total)
        costs[request.name].add(cost)
    if sum(len(texts) for texts in left.values()) == len(requests):
        raise exceeded()
    consumed = [cost.describe(call, name) for name, cost in costs.items()]
    return json_answer(
        UnprocessedItems="{"
        + ",".join(f"{json.dumps(name)}:[{','.join(texts)}]" for name, texts in left.items())
        + "}",
        ItemCollectionMetrics="{}",
        ConsumedCapacity=json.dumps(consumed) if any(consumed) else "",
    )


def _batch(call: Call) -> Iterator[_Request]:
    """The requests of a batch, checked as a whole before the first is carried out."""
    asked: dict[str, list[dict[str, Any]]] = call.arguments["RequestItems"]
    if not 0 < sum(len(requests) for requests in asked.values()) <= _MOST_IN_A_BATCH:
        raise AwsError("ValidationException", "Too many items requested for the BatchWriteItem call")
    database = Database(call.account, call.region)
    for name, requests in asked.items():
        state = usable(call, name, database)
        seen: set[Key] = set()
        for request in requests:
            item = request["PutRequest"]["Item"] if "PutRequest" in request else None
            key = key_in(state.table, request["DeleteRequest"]["Key"] if item is None else item)
            if key is None:
                raise AwsError("ValidationException", "The provided key element does not match the schema")
            if key in seen:
                raise AwsError("ValidationException", "Provided list of item keys contains duplicates")
            seen.add(key)
            if item is not None:
                with refusals():
                    validate_put_has_empty_keys(item, state.table)
            yield _Request(name, state, key, item)


@rule("dynamodb", "TransactWriteItems")
def transact_write_items(call: Call) -> Result:
    """All or nothing, at twice the units. moto copies whole tables for the way back; here only the items go back."""
    writes = Writes(call.account.now())
    database = Database(call.account, call.region)
    limit = Limit(call, "write")
    checked: list[TableState] = []
    for entry in call.arguments["TransactItems"]:
        for kind, asked in entry.items():
            state = usable(call, str(asked["TableName"]), database)
            key = key_in(state.table, asked.get("Item") or asked.get("Key") or {})
            limit.refuse_when_spent(state, 2.0)
            if key is None or kind == "ConditionCheck":
                checked.append(state)
            elif all(change.key != key or change.state is not state for change in writes.changes):
                writes.watch(state, key, in_place=kind == "Update")
    tables = {id(state.table): state.table for state in [change.state for change in writes.changes] + checked}
    try:
        with _shared(list(tables.values())):
            result = call.proceed()
    except AwsError:
        writes.undo()
        raise
    costs: dict[str, Cost] = {}
    for name, cost in writes.settle().items():
        costs.setdefault(name, Cost()).add(cost, times=2.0)
    for state in checked:
        costs.setdefault(state.table.name, Cost()).add(Cost(2.0))
    for name, cost in costs.items():
        limit.spend(database.find(name), cost.total)
    consumed = [shown for name, cost in costs.items() if (shown := cost.describe(call, name))]
    return with_capacity(result, consumed)


@contextlib.contextmanager
def _shared(tables: list[Table]) -> Iterator[None]:
    """While moto makes its copies of these tables, they are their own copies; their streams forget what failed."""
    written = [(table.stream_shard, len(table.stream_shard.items)) for table in tables if table.stream_shard]
    for table in tables:
        table.__deepcopy__ = lambda _memo, own=table: own
    try:
        yield
    except AwsError:
        for shard, length in written:
            del shard.items[length:]
        raise
    finally:
        for table in tables:
            del table.__deepcopy__


@rule("dynamodb", "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")
def execute_statement(call: Call) -> Result:
    """PartiQL names its items in its own words, so what changed is found by looking at all of them."""
    backend: DynamoDBBackend = dynamodb_backends[call.account.id][call.region]
    database = Database(call.account, call.region)
    before = {name: copy_of(table) for name, table in backend.tables.items()}
    result = call.proceed()
    for name, contents in before.items():
        _remember_all(database.find(name), contents, call.account.now())
    return result


def _remember_all(state: TableState, before: Contents, now: float) -> None:
    old, new = (dict(_flat(state.table, contents)) for contents in (before, state.table.items))
    for key in {**old, **new}:
        if old.get(key) is not new.get(key):
            remember(state, now, key, old.get(key), new.get(key))


def _flat(table: Table, contents: Contents) -> Iterator[tuple[Key, Item]]:
    for own, found in contents.items():
        if table.range_key_attr is None:
            yield (own, None), found
        else:
            for sort, item in found.items():
                yield (own, sort), item
