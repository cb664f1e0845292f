# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading DynamoDB's items: pages, segments of a parallel scan, consumed units and throttling.

moto reads the expressions; which items a page holds is worked out here, and written without going through the service
model for each attribute, so that a table of some 10,000 items is read in seconds.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.comparisons import create_condition_expression_parser, get_filter_expression
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.parsing.key_condition_expression import parse_expression
from moto.dynamodb.responses import ProjectionExpressionParser, validate_attributes_used, validate_select

from local_aws.items import Attributes, Order, Row, find, hash_of, size_of, text_of, wire
from local_aws.protocol import Response
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services.dynamodb import Database
from local_aws.services.dynamodb_state import TableState
from local_aws.services.dynamodb_units import Cost, Limit, exceeded, read_units
from local_aws.services.dynamodb_writes import json_answer, key_in, refusals, usable, with_capacity

# "If the total size of scanned items exceeds the maximum dataset size limit of 1 MB" (botocore, Scan and Query).
_PAGE = 1024 * 1024
# botocore, BatchGetItem: "up to 16 MB of data, which can contain as many as 100 items".
_MOST_IN_A_BATCH, _BATCH = 100, 16 * 1024 * 1024
_SMALLEST_READ = 0.5
# The options of the API before there were expressions; moto reads them.
_LEGACY = {"AttributesToGet", "ScanFilter", "QueryFilter", "KeyConditions", "ConditionalOperator"}

Wanted = Callable[[Row], bool]


@dataclass
class _Expressions:
    """What a call wants of the items that it reads."""

    wanted: Wanted | None
    paths: list[list[str]]

    @classmethod
    def of(cls, arguments: Mapping[str, Any], state: TableState, used: Sequence[str] = ()) -> _Expressions:
        """moto's reading of the filter and the projection, with AWS's refusals. `used` are names used elsewhere."""
        names, values = arguments.get("ExpressionAttributeNames"), arguments.get("ExpressionAttributeValues")
        condition, projection = arguments.get("FilterExpression"), arguments.get("ProjectionExpression")
        for option, text in (("FilterExpression", condition), ("ProjectionExpression", projection)):
            if text == "":
                raise AwsError("ValidationException", f"Invalid {option}: The expression can not be empty;")
        with refusals():
            validate_select(
                operation="",
                select=arguments.get("Select"),
                projection_expression=projection,
                attributes_to_get=None,
                table=state.table,
                index_name=arguments.get("IndexName"),
            )
            parser = ProjectionExpressionParser(projection, names)
            paths = parser.parse()
            filtering = create_condition_expression_parser(condition, names, values)
            try:
                filtering.parse()
                wanted = get_filter_expression(condition, names, values) if condition else None
            except ValueError as error:
                raise AwsError("ValidationException", f"Bad Filter Expression: {error}") from error
            found = [*used, *parser.expr_attr_names_found, *filtering.expr_attr_names_found]
            validate_attributes_used(names, found, validation_error_prefix=False)
        return cls(None if wanted is None else lambda row: bool(wanted.expr(row.seen)), paths)

    def text(self, row: Row) -> str:
        return row.text if not self.paths else text_of(projected(row.seen, self.paths))


def projected(item: Item, paths: list[list[str]]) -> Attributes:
    """The attributes that a projection names; moto knows the way into maps and lists."""
    if all(len(path) == 1 and "[" not in path[0] for path in paths):
        return {path[0]: item.attrs[path[0]] for path in paths if path[0] in item.attrs}
    found: Attributes = item.project(paths).attrs
    return found


@dataclass
class _Page:
    """The rows that one request reads, and where the next one goes on."""

    read: list[Row]
    last: Row | None

    @classmethod
    def of(cls, rows: Iterable[Row], limit: int | None) -> _Page:
        """As many rows as the limit says, or as make 1 MB.

        A page that is full has a next one even where nothing follows: "The only way to know when you have reached the
        end of the result set is when LastEvaluatedKey is empty" (botocore, ScanOutput).
        """
        read: list[Row] = []
        size = 0
        for row in rows:
            if read and size + row.size > _PAGE:
                return cls(read, read[-1])
            read.append(row)
            size += row.size
            if len(read) == limit:
                return cls(read, row)
        return cls(read, None)

    @property
    def size(self) -> int:
        return sum(row.size for row in self.read)

    def answer(self, call: Call, order: Order, asked: _Expressions, cost: Cost) -> Response:
        found = self.read if asked.wanted is None else [row for row in self.read if asked.wanted(row)]
        items = "" if call.arguments.get("Select") == "COUNT" else f"[{','.join(asked.text(row) for row in found)}]"
        last = "" if self.last is None else json.dumps({key: wire(self.last.item.attrs[key]) for key in order.keys})
        consumed = cost.describe(call, str(call.arguments["TableName"]))
        return json_answer(
            Items=items,
            Count=str(len(found)),
            ScannedCount=str(len(self.read)),
            LastEvaluatedKey=last,
            ConsumedCapacity=json.dumps(consumed) if consumed else "",
        )


def _index_of(call: Call, state: TableState) -> str:
    """The index that is read, '' for the table itself; one that is global has no consistent reads."""
    name = str(call.arguments.get("IndexName") or "")
    if not name:
        return ""
    if name not in [index.name for index in state.table.all_indexes()]:
        raise AwsError("ValidationException", f"The table does not have the specified index: {name}")
    if call.arguments.get("ConsistentRead") and name in [index.name for index in state.table.global_indexes]:
        raise AwsError("ValidationException", "Consistent reads are not supported on global secondary indexes")
    return name


def _cost(call: Call, state: TableState, index: str, size: int) -> Cost:
    units = read_units(size, bool(call.arguments.get("ConsistentRead")))
    if not index:
        return Cost(units)
    if index in [item.name for item in state.table.global_indexes]:
        return Cost(global_indexes={index: units})
    return Cost(local_indexes={index: units})


def _start(call: Call, order: Order) -> dict[str, DynamoType] | None:
    start = call.arguments.get("ExclusiveStartKey")
    if start is None:
        return None
    if set(start) != set(order.keys):
        raise AwsError(
            "ValidationException",
            "The provided starting key is invalid: The provided key element does not match the schema",
        )
    return {name: DynamoType(value) for name, value in start.items()}


@rule("dynamodb", "Scan")
def scan(call: Call) -> Response | None:
    """Items in the order of the hash of their partition key; a segment is a part of those hashes.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
    """
    arguments = call.arguments
    state = usable(call, str(arguments["TableName"]))
    if _LEGACY & set(arguments):
        return None
    segment, segments = _segment(arguments)
    index = _index_of(call, state)
    asked = _Expressions.of(arguments, state)
    limit = Limit(call, "read")
    limit.refuse_when_spent(state, _SMALLEST_READ)
    order = state.order(index)
    start = _start(call, order)
    low, high = order.part(state.table, start, segment, segments)
    if start is not None and not order.first(segment, segments) <= hash_of(start[order.keys[0]]) < order.first(
        segment + 1, segments
    ):
        raise AwsError(
            "ValidationException",
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
            f"correct Segment. TotalSegments: {segments} Segment: {segment}",
        )
    rows = order.rows(state.table)
    page = _Page.of((rows[number] for number in range(low, high)), arguments.get("Limit"))
    cost = _cost(call, state, index, page.size)
    limit.spend(state, cost.total)
    return page.answer(call, order, asked, cost)


def _segment(arguments: Mapping[str, Any]) -> tuple[int, int]:
    segment, segments = arguments.get("Segment"), arguments.get("TotalSegments")
    if segment is None and segments is None:
        return 0, 1
    for given, absent, other in ((segment, segments, "TotalSegments"), (segments, segment, "Segment")):
        if given is not None and absent is None:
            present = "Segment" if other == "TotalSegments" else "TotalSegments"
            raise AwsError(
                "ValidationException",
                f"The {other} parameter is required but was not present in the request when {present} parameter is "
                "present",
            )
    if segment is not None and segments is not None and not 0 <= segment < segments:
        raise AwsError(
            "ValidationException",
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: "
            f"{segment} is not less than TotalSegments: {segments}",
        )
    return int(segment or 0), int(segments or 1)


@rule("dynamodb", "Query")
def query(call: Call) -> Response | Result | None:
    """The items of one partition in the order of their sort key.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
    """
    arguments = call.arguments
    state = usable(call, str(arguments["TableName"]))
    index = _index_of(call, state)
    order = state.order(index)
    schema = state.table.get_index(index).schema if index else state.table.schema
    if _LEGACY & set(arguments) or not arguments.get("KeyConditionExpression") or len(schema) > 2:
        return None
    with refusals():
        own, sorts, used = parse_expression(
            key_condition_expression=arguments["KeyConditionExpression"],
            expression_attribute_names=arguments.get("ExpressionAttributeNames") or {},
            expression_attribute_values=arguments.get("ExpressionAttributeValues") or {},
            schema=schema,
        )
    asked = _Expressions.of(arguments, state, used)
    limit = Limit(call, "read")
    limit.refuse_when_spent(state, _SMALLEST_READ)
    rows = _partition(order, state, DynamoType(own[0][1]), sorts)
    start = _start(call, order)
    forward = arguments.get("ScanIndexForward", True)
    if not forward:
        rows.reverse()
    if start is not None:
        place = order.place(start)
        rows = [row for row in rows if (row.place > place if forward else row.place < place)]
    page = _Page.of(rows, arguments.get("Limit"))
    cost = _cost(call, state, index, page.size)
    limit.spend(state, cost.total)
    return page.answer(call, order, asked, cost)


def _partition(order: Order, state: TableState, own: DynamoType, sorts: list[Any]) -> list[Row]:
    """The rows of one partition key whose sort key fits."""
    rows = order.rows(state.table)
    hashed = hash_of(own)
    low = bisect.bisect_left(rows, (hashed,), key=lambda row: row.place)
    high = bisect.bisect_left(rows, (hashed + 1,), key=lambda row: row.place)
    found = [row for row in rows[low:high] if row.attributes[order.keys[0]] == own]
    for name, comparison, values in sorts:
        limits = [DynamoType(value) for value in values]
        found = [row for row in found if row.attributes[name].compare(comparison, limits)]
    return found


@rule("dynamodb", "GetItem")
def get_item(call: Call) -> Result | None:
    """An item that is not there costs a read as well (API_GetItem)."""
    arguments = call.arguments
    name = str(arguments["TableName"])
    state = usable(call, name)
    key = key_in(state.table, arguments["Key"])
    if key is None:
        return None
    found = find(state.table, key)
    size = 0 if found is None else size_of(found.attrs)
    cost = Cost(read_units(size, bool(arguments.get("ConsistentRead"))))
    limit = Limit(call, "read")
    limit.refuse_when_spent(state, cost.total)
    result = call.proceed()
    limit.spend(state, cost.total)
    return with_capacity(result, cost.describe(call, name))


@rule("dynamodb", "BatchGetItem")
def batch_get_item(call: Call) -> Response:
    """Item by item; what a table cannot give now comes back as UnprocessedKeys.

    botocore, BatchGetItem: "if none of the items can be processed due to insufficient provisioned throughput on all of
    the tables in the request, then BatchGetItem returns a ProvisionedThroughputExceededException".
    """
    asked: dict[str, dict[str, Any]] = call.arguments["RequestItems"]
    if sum(len(request["Keys"]) for request in asked.values()) > _MOST_IN_A_BATCH:
        raise AwsError("ValidationException", "Too many items requested for the BatchGetItem call")
    database = Database(call.account, call.region)
    limit = Limit(call, "read")
    reads = [_BatchRead(call, name, request, usable(call, name, database)) for name, request in asked.items()]
    room = _BATCH
    for read in reads:
        room = read.carry_out(limit, room)
    if not any(read.done for read in reads):
        raise exceeded()
    consumed = [read.cost.describe(call, read.name) for read in reads]
    return json_answer(
        Responses="{" + ",".join(f"{json.dumps(read.name)}:[{','.join(read.texts)}]" for read in reads) + "}",
        UnprocessedKeys=json.dumps({read.name: read.rest() for read in reads if read.left}),
        ConsumedCapacity=json.dumps(consumed) if any(consumed) else "",
    )


class _BatchRead:
    """What a batch reads of one table."""

    def __init__(self, call: Call, name: str, request: dict[str, Any], state: TableState) -> None:
        self.name = name
        self.state = state
        self.cost = Cost()
        self.texts: list[str] = []
        self.left: list[dict[str, Any]] = []
        self.done = 0
        self._request = request
        self._consistent = bool(request.get("ConsistentRead"))
        self._paths = _Expressions.of(request, state).paths
        if request.get("AttributesToGet"):
            self._paths = [[attribute] for attribute in request["AttributesToGet"]]
        self._keys = [key_in(state.table, key) for key in request["Keys"]]
        if any(key is None or len(asked) != len(state.table.table_key_attrs) for key, asked in self._pairs()):
            raise AwsError("ValidationException", "The provided key element does not match the schema")
        if len(set(self._keys)) < len(self._keys):
            raise AwsError("ValidationException", "Provided list of item keys contains duplicates")

    def _pairs(self) -> Iterable[tuple[Any, dict[str, Any]]]:
        return zip(self._keys, self._request["Keys"], strict=True)

    def carry_out(self, limit: Limit, room: int) -> int:
        """Read what the table and the answer have room for; what room is left."""
        for key, asked in self._pairs():
            found = find(self.state.table, key)
            size = 0 if found is None else size_of(found.attrs)
            units = read_units(size, self._consistent)
            if size > room or not limit.admits(self.state, units):
                self.left.append({name: wire(DynamoType(value)) for name, value in asked.items()})
                continue
            limit.spend(self.state, units)
            self.cost.add(Cost(units))
            self.done += 1
            if found is not None:
                room -= size
                self.texts.append(text_of(projected(found, self._paths) if self._paths else found.attrs))
        return room

    def rest(self) -> dict[str, Any]:
        """What is asked for again, with the same options."""
        return {**self._request, "Keys": self.left}


@rule("dynamodb", "TransactGetItems")
def transact_get_items(call: Call) -> Result:
    """Each item costs two reads.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
    """
    database = Database(call.account, call.region)
    limit = Limit(call, "read")
    costs: dict[str, Cost] = {}
    for entry in call.arguments["TransactItems"]:
        name = str(entry["Get"]["TableName"])
        state = usable(call, name, database)
        key = key_in(state.table, entry["Get"]["Key"])
        found = find(state.table, key) if key is not None else None
        cost = Cost(read_units(0 if found is None else size_of(found.attrs), consistent=True))
        limit.refuse_when_spent(state, cost.total * 2)
        limit.spend(state, cost.total * 2)
        costs.setdefault(name, Cost()).add(cost, times=2.0)
    return with_capacity(
        call.proceed(), [shown for name, cost in costs.items() if (shown := cost.describe(call, name))]
    )
