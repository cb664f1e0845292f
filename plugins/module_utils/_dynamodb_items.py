# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Items of DynamoDB tables in bulk: read and written as the API's own JSON, within a budget of capacity units.

botocore takes 50 microseconds to turn one answered item into its own form, and as long back; `json` takes 4. So the
bodies of the bulk operations pass botocore by, in two of its own events: `before-call` puts the finished body in place
of the serialized one, `before-parse` takes the answer's body out before it is parsed. Everything else stays botocore's:
credentials, endpoints, signing, connections, retries, and errors.
"""

from __future__ import annotations

import gc
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import LONGEST_REST, Aws
from ansible_collections.runbook.aws.plugins.module_utils._budget import Budget
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import (
    Item,
    KeySchema,
    Value,
    item_size,
    write_units,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import THROTTLES, AwsError, from_answer, from_silence
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

# botocore brings them; AnsibleAWSModule reports a missing botocore.
with suppress(ImportError):
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html: "as many as 100 items"
MOST_READ = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html: "as many as 25 item put or
# delete operations"
MOST_WRITTEN = 25

# Reads are strongly consistent, so that what was written a moment ago is seen: one unit for each 4 KB that are begun.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
_READ_UNIT = 4 * 1024
# "The result set from a Scan is limited to 1 MB" (API_Scan), which is so many units.
_PAGE_UNITS = 256
# With a budget, a page is this part of a second's units, so that pages of several segments fit into each second.
_PAGE_PART = 1 / 8
# From so many units on, a page tells what an item costs; below, pages grow by this factor at most.
_TELLING_UNITS = 8
_STEP = 4

FIRST_REST = 0.1
# One segment for so much of a table, as more of them gain nothing.
_SEGMENT_BYTES = 4 * 1024 * 1024
# Pages under way at the same time, each of up to 1 MB, which is some more until it is read: as many as keep two
# processors busy.
_MOST_PAGES = 8


@dataclass(frozen=True)
class Table:
    """What has to be known of a table before its items are touched.

    Attributes:
        name: As the operator knows it.
        arn: Its ARN.
        schema: Its key.
        description: DescribeTable's answer, `Table`.
    """

    name: str
    arn: str
    schema: KeySchema
    description: Mapping[str, Any]

    @property
    def expected_items(self) -> int | None:
        """How many items there are. AWS counts them about every six hours, so a table that is new has none."""
        return self.description.get("ItemCount") or None

    @property
    def item_size(self) -> float:
        """Bytes of an item on average; without items a guess on the large side."""
        count, size = self.description.get("ItemCount") or 0, self.description.get("TableSizeBytes") or 0
        return size / count if count and size else _READ_UNIT

    @property
    def has_indexes(self) -> bool:
        """Whether a write is also a write of an index."""
        return bool(self.description.get("GlobalSecondaryIndexes") or self.description.get("LocalSecondaryIndexes"))


@dataclass(frozen=True)
class Segment:
    """One of the parts that a table is scanned in."""

    number: int = 0
    of: int = 1


@dataclass(frozen=True)
class Page:
    """One answer of Scan.

    Attributes:
        body: The answer as it came.
        scanned: How many items were read; a filter lets fewer through.
        following: Where the next page begins, as the argument `ExclusiveStartKey`; none after the last page.
    """

    body: bytes
    scanned: int
    following: Mapping[str, Value] | None

    def items(self) -> list[dict[str, Value]]:
        """The items as mappings."""
        return json.loads(self.body)["Items"]


class Items:
    """Bulk reads and writes. Safe to use from several threads.

    Args:
        aws: The way to AWS, with `dynamodb`.
        workers: How many pages are asked for at the same time.
        patience: Seconds for which a call is sent again that AWS throttles.
        read_units: Read units a second and table; 0 is no limit.
        write_units: Write units a second and table; 0 is no limit.
    """

    def __init__(self, aws: Aws, workers: int, patience: float, read_units: float = 0, write_units: float = 0) -> None:
        self._aws = aws
        self._pool_size = min(workers, _MOST_PAGES)
        self._pool = ThreadPoolExecutor(self._pool_size)
        self._patience = patience
        self._units = {"read": read_units, "write": write_units}
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._read_factor: dict[str, float] = {}
        self._lock = threading.Lock()
        self._body = threading.local()
        self._client = aws.client("dynamodb")
        self._client.meta.events.register("before-call.dynamodb", self._give_body)
        self._client.meta.events.register("before-parse.dynamodb", self._take_body)
        # Hundreds of thousands of objects of the imports would be looked through again and again while items come in,
        # which takes longer than reading the items.
        gc.freeze()

    def table(self, name: str) -> Table:
        """A table that can be read.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: Its items can not be read in the state that it is in.
        """
        found = self._aws.call("dynamodb", "DescribeTable", TableName=name)["Table"]
        if found["TableStatus"] in ("CREATING", "DELETING", "ARCHIVED", "ARCHIVING"):
            raise Refused(f"{name} is {found['TableStatus']}, so its items can not be read: wait until it is ACTIVE.")
        return Table(name, found["TableArn"], KeySchema.from_description(found), found)

    def budget(self, table: Table, kind: str) -> Budget:
        """What may be spent of a table: `read` or `write`."""
        with self._lock:
            return self._budgets.setdefault((table.arn, kind), Budget(self._units[kind]))

    # Reading

    def pages(self, table: Table, segment: Segment = Segment(), **options: Any) -> Iterator[Page]:
        """All pages of a segment, one after the other.

        Args:
            table: The table.
            segment: Which part of it.
            **options: More arguments of Scan.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        following: Mapping[str, Value] | None = None
        while True:
            page = self.page(table, segment, following, **options)
            yield page
            following = page.following
            if following is None:
                return

    def page(
        self, table: Table, segment: Segment = Segment(), following: Mapping[str, Value] | None = None, **options: Any
    ) -> Page:
        """One page of a segment; arguments as for `pages`."""
        arguments: dict[str, Any] = {
            "TableName": table.name,
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "TOTAL",
            **({"Segment": segment.number, "TotalSegments": segment.of} if segment.of > 1 else {}),
            **({"ExclusiveStartKey": following} if following else {}),
            **options,
        }
        budget = self.budget(table, "read")
        units = float(_PAGE_UNITS)
        for_each = self._read_units(table)
        if budget.units:
            units = min(units, max(1.0, budget.units * _PAGE_PART))
            arguments["Limit"] = min(int(options.get("Limit", 1 << 30)), max(1, int(units / for_each)))
        if "Limit" in arguments:
            units = min(units, max(1.0, arguments["Limit"] * for_each))
        with budget.spend([units]) as spent:
            body = self._send("Scan", arguments, TableName=table.name)
            head = _without_items(body)
            spent.units = _consumed(head, units)
        scanned = int(head.get("ScannedCount", 0))
        if scanned:
            self._learn(table, scanned, spent.units, len(body))
        return Page(body, scanned, head.get("LastEvaluatedKey"))

    def scan(self, work: Sequence[tuple[Table, Callable[[Page], None]]], segments: int = 0, **options: Any) -> None:
        """All pages of tables, several segments at the same time.

        Args:
            work: Tables, each with what is to be done with its pages, which is called from several threads. A page
                takes ten times as much memory when it is read as when it came.
            segments: Segments of each table; 0 chooses by its size.
            **options: More arguments of Scan.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        parts = [
            (table, handle, Segment(number, of))
            for table, handle in work
            for of in [segments or self._segments(table, len(work))]
            for number in range(of)
        ]
        failed = threading.Event()

        def one(table: Table, handle: Callable[[Page], None], segment: Segment) -> None:
            try:
                for page in self.pages(table, segment, **options):
                    if failed.is_set():
                        return
                    handle(page)
            except BaseException:
                failed.set()
                raise

        # Segment by segment over all tables, so that they are read at the same time.
        parts.sort(key=lambda part: part[2].number)
        jobs = [self._pool.submit(one, *part) for part in parts]
        wait(jobs)
        for job in jobs:
            job.result()

    def _segments(self, table: Table, tables: int) -> int:
        most = max(1, self._pool_size // tables)
        size = table.description.get("TableSizeBytes") or 0
        # What AWS has not counted yet may be of any size.
        return min(most, ceil(size / _SEGMENT_BYTES)) if size else most

    def get(self, table: Table, keys: Sequence[Mapping[str, Value]], **options: Any) -> list[dict[str, Value]]:
        """The items with these keys, in no order; keys without an item give none.

        Args:
            table: The table.
            keys: At most `MOST_READ`, all different.
            **options: More arguments for the table, for example a ProjectionExpression.

        Raises:
            AwsError: AWS refused, or did not answer, or throttled for longer than the patience lasts.
        """
        found: list[dict[str, Value]] = []
        for_each = max(1.0, self._read_units(table))

        def once(waiting: Sequence[Any]) -> tuple[Sequence[Any], int]:
            with self.budget(table, "read").spend([for_each] * len(waiting)) as spent:
                request = {"Keys": list(waiting[: spent.number]), "ConsistentRead": True, **options}
                answer = self._answer(
                    "BatchGetItem",
                    {"RequestItems": {table.name: request}, "ReturnConsumedCapacity": "TOTAL"},
                    RequestItems={table.name: {"Keys": [{}]}},
                )
                left = (_of_one_table(answer.get("UnprocessedKeys")) or {}).get("Keys", [])
                done = spent.number - len(left)
                spent.units = _consumed(answer, for_each * done)
            found.extend(_of_one_table(answer.get("Responses")) or [])
            return [*left, *waiting[spent.number :]], done

        self._all_of(keys, once, "dynamodb:BatchGetItem")
        return found

    # Writing

    def write(
        self,
        table: Table,
        requests: Sequence[Mapping[str, Any]],
        written: Callable[[Sequence[Mapping[str, Any]]], None] = lambda requests: None,
    ) -> None:
        """Put and delete items, without a condition.

        Args:
            table: The table.
            requests: BatchWriteItem's own write requests, at most `MOST_WRITTEN`, of keys that are all different.
            written: Told which of them were done, whenever AWS has answered.

        Raises:
            AwsError: AWS refused, or did not answer, or throttled for longer than the patience lasts.
        """
        budget = self.budget(table, "write")

        def once(waiting: Sequence[Any]) -> tuple[Sequence[Any], int]:
            estimates = [_units_of(request) for request in waiting] if budget.units else [1.0] * len(waiting)
            with budget.spend(estimates) as spent:
                sent = waiting[: spent.number]
                answer = self._answer(
                    "BatchWriteItem",
                    {"RequestItems": {table.name: list(sent)}, "ReturnConsumedCapacity": _detail(table)},
                    RequestItems={table.name: [{}]},
                )
                left = {_key_of(table, request) for request in _of_one_table(answer.get("UnprocessedItems")) or ()}
                done = [request for request in sent if _key_of(table, request) not in left] if left else sent
                spent.units = _consumed(answer, sum(estimates[: len(done)]))
            written(done)
            again = [request for request in sent if _key_of(table, request) in left] if left else []
            return [*again, *waiting[spent.number :]], len(done)

        self._all_of(requests, once, "dynamodb:BatchWriteItem")

    def put_if(self, table: Table, item: Item, condition: Mapping[str, Any]) -> bool:
        """Put one item if a condition holds.

        Args:
            table: The table.
            item: The item.
            condition: ConditionExpression with its names and values.

        Returns:
            Whether it was put; AWS's time of check and time of use are one.

        Raises:
            AwsError: AWS refused for another reason, or did not answer.
        """
        arguments = {"TableName": table.name, "Item": item, "ReturnConsumedCapacity": _detail(table), **condition}
        # "If a ConditionExpression evaluates to false during a conditional write, DynamoDB still consumes write
        # capacity": https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
        with self.budget(table, "write").spend([float(write_units(item))]) as spent:
            try:
                answer = self._answer("PutItem", arguments, TableName=table.name, Item={})
            except AwsError as error:
                if error.code == "ConditionalCheckFailedException":
                    return False
                raise
            spent.units = _consumed(answer, spent.units)
        return True

    # The way to AWS

    def _all_of(
        self, requests: Sequence[Any], once: Callable[[Sequence[Any]], tuple[Sequence[Any], int]], action: str
    ) -> None:
        """Send until nothing is left over; what AWS did not get to is sent again after a rest that grows."""
        waiting: Sequence[Any] = requests
        rest = FIRST_REST
        deadline = time.monotonic() + self._patience
        while waiting:
            waiting, done = once(waiting)
            if done:
                rest, deadline = FIRST_REST, time.monotonic() + self._patience
            elif time.monotonic() + rest > deadline:
                raise AwsError(
                    f"{action} left items over for {self._patience:g} seconds: the table's capacity is used up. Raise"
                    " it, give a smaller budget, or run the same task again later.",
                    "ProvisionedThroughputExceededException",
                )
            else:
                time.sleep(rest * random.uniform(0.5, 1.0))
                rest = min(rest * 2, LONGEST_REST)

    def _answer(self, operation: str, arguments: Mapping[str, Any], /, **routing: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._send(operation, arguments, **routing))
        return answer

    def _send(self, operation: str, arguments: Mapping[str, Any], /, **routing: Any) -> bytes:
        """One call; the body of AWS's answer.

        Args:
            operation: The API's name.
            arguments: What is sent.
            **routing: The least that botocore accepts as arguments. It chooses the endpoint by the table in it.
        """
        action = f"dynamodb:{operation}"
        method = getattr(self._client, xform_name(operation))
        body = json.dumps(arguments, separators=(",", ":")).encode()
        rest = FIRST_REST
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with self._sending(body):
                    return method(**routing)["body"]
            except ClientError as error:
                throttled = error.response.get("Error", {}).get("Code") in THROTTLES
                if not throttled or time.monotonic() + rest > deadline:
                    raise from_answer(action, error.response) from error
            except BotoCoreError as error:
                raise from_silence(action, error) from error
            time.sleep(rest * random.uniform(0.5, 1.0))
            rest = min(rest * 2, LONGEST_REST)

    @contextmanager
    def _sending(self, body: bytes) -> Iterator[None]:
        # botocore calls the events in the thread that makes the call. Calls that set nothing are left as they are.
        self._body.value = body
        try:
            yield
        finally:
            self._body.value = None

    def _give_body(self, params: dict[str, Any], **_event: Any) -> None:
        body = getattr(self._body, "value", None)
        if body is not None:
            params["body"] = body

    def _take_body(
        self, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_event: Any
    ) -> None:
        if getattr(self._body, "value", None) is not None and response_dict["status_code"] < 300:
            customized_response_dict["body"] = response_dict["body"]
            response_dict["body"] = b"{}"

    # What a read costs

    def _read_units(self, table: Table) -> float:
        """Units of reading one item as part of a page, as far as it is known."""
        with self._lock:
            return self._read_factor.get(table.arn) or table.item_size / _READ_UNIT

    def _learn(self, table: Table, scanned: int, units: float, size: int) -> None:
        # What a small page costs is mostly rounding, and after a filter its size says little: so it is approached in
        # steps.
        known = self._read_units(table)
        each = units / scanned if units >= _TELLING_UNITS else max(size / scanned / _READ_UNIT, known / _STEP)
        with self._lock:
            self._read_factor[table.arn] = each


def _without_items(body: bytes) -> dict[str, Any]:
    """An answer of Scan without its items: what is needed is small, and the rest is read by others or not at all."""
    start = body.find(b'"Items"')
    if start < 0:
        return json.loads(body)
    end = body.rfind(b"]") + 1
    # Items come first and the rest after the last `]`, unless the rest has a list too; then all of it is read.
    with suppress(ValueError):
        head: dict[str, Any] = json.loads(body[:start] + b'"Items":[]' + body[end:])
        return head
    return json.loads(body)


def _of_one_table(by_table: Mapping[str, Any] | None) -> Any:
    """What an answer says of the one table that was asked for; none if nothing."""
    return next(iter((by_table or {}).values()), None)


def _detail(table: Table) -> str:
    return "INDEXES" if table.has_indexes else "TOTAL"


def _consumed(answer: Mapping[str, Any], otherwise: float) -> float:
    """Units that a call took: of the table or of one of its indexes, whichever is more, because each has its own."""
    told = answer.get("ConsumedCapacity")
    if isinstance(told, list):
        told = told[0] if told else None
    if not told:
        return otherwise
    parts = [
        part.get("CapacityUnits", 0.0)
        for part in (
            told.get("Table", {}),
            *told.get("GlobalSecondaryIndexes", {}).values(),
            *told.get("LocalSecondaryIndexes", {}).values(),
        )
    ]
    return float(max(parts) if told.get("Table") else told.get("CapacityUnits", otherwise))


def _key_of(table: Table, request: Mapping[str, Any]) -> str:
    put = request.get("PutRequest")
    return table.schema.text(put["Item"] if put else request["DeleteRequest"]["Key"])


def _units_of(request: Mapping[str, Any]) -> float:
    put = request.get("PutRequest")
    # What a deletion costs depends on the item that is there, which is not known here.
    return float(write_units(put["Item"]) if put else max(1, item_size(request["DeleteRequest"]["Key"]) // 1024))
