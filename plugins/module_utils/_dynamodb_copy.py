# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Copies items of one DynamoDB table into another, or back from an export: only what differs, in constant memory.

What is to be written is found before anything is written, and kept as a list of keys. Each item on it is read again
right before it is written, so what is exported and overwritten is what is there then, and a run that was killed is
continued by running it again: what is done already does not differ any more.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from pathlib import Path
from typing import Any, Self, TypeAlias

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_compare import (
    DIFFERING,
    EXTRA,
    MISSING,
    Read,
    Scanned,
    tables_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_export import Export, Kept, check_header, exported
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import (
    MOST_READ,
    MOST_WRITTEN,
    Items,
    Page,
    Table,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import (
    Item,
    KeySchema,
    Value,
    fingerprint,
    is_newer,
    same,
    typed,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target
from ansible_collections.runbook.aws.plugins.module_utils._progress import Progress
from ansible_collections.runbook.aws.plugins.module_utils._spill import Lines, batched

# What becomes of items; each is counted.
CREATED, OVERWRITTEN, DELETED, NEWER, UNCHANGED = "created", "overwritten", "deleted", "newer", "unchanged"
CHANGED_SINCE = "changed_since"
WRITTEN = (CREATED, OVERWRITTEN, DELETED)
COUNTED = (*WRITTEN, NEWER, CHANGED_SINCE, UNCHANGED)

# How many keys of items are told that somebody has changed since.
_TOLD = 5

# Where exports are by default, below the current directory.
EXPORTS = Path("var") / "exports"

# Pages that are worked on at the same time: each is some 10 MB when it is read.
_PAGES_IN_HAND = 2
# Segments that are read while they are written: writing takes longer.
_SEGMENTS_WHILE_WRITING = 4


@dataclass
class Tally:
    """What becomes of how many items, counted in several threads."""

    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    changed_since: list[str] = field(default_factory=list)

    def add(self, kind: str, number: int = 1) -> None:
        """So many more."""
        with self.lock:
            self.counts[kind] += number

    def add_one(self, kind: str, key: str) -> None:
        """One more; some keys are remembered of items that others have changed."""
        with self.lock:
            self.counts[kind] += 1
            if kind == CHANGED_SINCE:
                self.changed_since = nsmallest(_TOLD, [*self.changed_since, key])

    @property
    def written(self) -> bool:
        """Whether any of them is a write."""
        return any(self.counts[kind] for kind in WRITTEN)

    def told(self) -> dict[str, int]:
        """As fields of a result."""
        return {kind: self.counts[kind] for kind in COUNTED}


@dataclass(frozen=True)
class Found:
    """What there is to do for one copy.

    Attributes:
        target: The table that is written.
        source: The table that is read; none if an export is given back.
        work: A line for each item that has to be written: the text of its key, and for an export what that has of it.
        tally: What will become of how many items.
        export: Where what is overwritten is kept; none if it is not.
        everything: The target is empty and gets all of the source, so there is no list.
        absent: Keys that were asked for and that the source does not have.
    """

    target: Table
    source: Table | None
    work: Lines
    tally: Tally
    export: Export | None
    everything: bool = False
    absent: int = 0


class Stopped(AwsError):
    """A copy stopped on its way, after some items were written.

    Attributes:
        fields: What the target's result tells beside the message.
    """

    def __init__(self, error: Exception, tally: Tally) -> None:
        done = ", ".join(f"{tally.counts[kind]} {kind}" for kind in WRITTEN if tally.counts[kind])
        super().__init__(
            f"{error} {done} before that. The same task run again does the rest.", getattr(error, "code", "Stopped")
        )
        self.fields = {"written": tally.told()}


def check(wish: Mapping[str, Any]) -> None:
    """Whether an element of `copies` makes sense for any tables.

    Raises:
        Refused: It does not.
    """
    target = wish["target"]
    if (wish["source"] is None) == (wish["source_file"] is None):
        raise Refused(f"{target}: give either source or source_file.")
    chosen = [name for name in ("keys", "filter") if wish[name] is not None]
    if wish["source_file"] is not None and (wish["filter"] is not None or wish["delete_extra"]):
        raise Refused(f"{target}: neither filter nor delete_extra can be used with source_file.")
    if wish["overwrite_changed"] and wish["source_file"] is None:
        raise Refused(f"{target}: overwrite_changed is about giving back, so it needs source_file.")
    if wish["source_file"] is not None and wish["source_file"] == wish["export"]:
        raise Refused(f"{target}: export and source_file are the same file.")
    if len(chosen) > 1:
        raise Refused(f"{target}: give either keys or filter.")
    if wish["delete_extra"] and (chosen or wish["items"] == "missing" or wish["unless_newer"]):
        raise Refused(
            f"{target}: delete_extra makes the target equal to the source, so it can not be used with keys, filter, "
            "unless_newer or items: missing."
        )
    if wish["export"] is not None and wish["without_export"]:
        raise Refused(f"{target}: give either export or without_export.")
    if wish["filter"] is not None and not wish["filter"]["expression"].strip():
        raise Refused(f"{target}: the filter has no expression.")


def plan_copy(target: Target, found: Found, check_mode: bool) -> Plan:
    """What has to be done; pure.

    The first call stands for as many requests as it takes, because nothing of all items at once may be in memory. The
    last one only reads: it tells what went wrong with the first, so that what that has written counts as done.
    """
    wish = target.desired
    origin = {"source": wish["source"]} if wish["source"] is not None else {"source_file": str(wish["source_file"])}
    # Given back, it copies nothing.
    nothing: dict[str, Any] = {**origin, "target": target.name, "keys": []}
    after: dict[str, Any] = {**origin, "target": target.name}
    if not found.everything or check_mode:
        after |= found.tally.told()
    writes = found.everything or found.tally.written
    notes = list(_notes(target.name, found, wish))
    exported = found.export.number if found.export else 0
    if found.export and (writes or exported):
        after |= {"export": str(found.export.path), "exported": exported}
    if not writes:
        return Plan(nothing, after, (), tuple(notes))
    before = nothing
    if found.export:
        before = {"source_file": str(found.export.path), "target": target.name}
    elif not found.everything:
        # What fills an empty table overwrites nothing.
        notes.append(f"{target.name}: nothing is exported, so this can not be undone.")
    learns = {kind: kind for kind in (*COUNTED, *(["exported"] if found.export else []))}
    write = (
        Call("dynamodb", "PutItem", {"TableName": target.name, "Item": {}}, learns=learns)
        if wish["unless_newer"]
        else Call("dynamodb", "BatchWriteItem", {"RequestItems": {target.name: [{}]}}, learns=learns)
    )
    look = Call("dynamodb", "DescribeTable", {"TableName": target.name})
    return Plan(before, after, (write, look), tuple(notes))


def _notes(target: str, found: Found, wish: Mapping[str, Any]) -> Iterator[str]:
    if found.absent:
        yield f"{target}: {found.absent} of the keys are not in {wish['source']}, so nothing is done about them."
    if number := found.tally.counts[CHANGED_SINCE]:
        keys = [found.target.schema.shown(key) for key in found.tally.changed_since]
        shown = "; ".join(", ".join(f"{name}={value}" for name, value in key.items()) for key in keys)
        yield (
            f"{target}: {number} of the items were changed after they were written, so they are left as they are:"
            f" {shown}{' and others' if number > len(keys) else ''}. To bring them back nevertheless, and lose what was"
            " changed, set overwrite_changed."
        )


class Copier:
    """Copies, in the shape in which `OpsModule.run` takes a way to AWS.

    Args:
        aws: The way to AWS, with `dynamodb`.
        items: The way to the items.
        read: What `_dynamodb_compare.crew` gave.
        workers: How many requests write at the same time.
        segments: Segments of a table that is compared; 0 chooses by size.
        check_mode: Whether nothing will be written.
        now: For the names of exports.
    """

    def __init__(
        self, aws: Aws, items: Items, read: Read, *, workers: int, segments: int, check_mode: bool, now: datetime
    ) -> None:
        self._aws = aws
        self._items = items
        self._read = read
        self._pool = ThreadPoolExecutor(workers)
        self._most = 2 * workers
        self._segments = segments
        self._check_mode = check_mode
        self._now = now
        self._found: dict[str, tuple[Mapping[str, Any], Found]] = {}
        self._stopped: dict[str, Stopped] = {}
        self._in_hand = threading.BoundedSemaphore(_PAGES_IN_HAND)

    # What there is to do

    def fetch(self, target: Target) -> Found:
        """What there is to do for one element.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: It can not be done.
        """
        wish: Mapping[str, Any] = target.desired
        check(wish)
        if wish["source"] is not None:
            source, table = tables_of(self._items, wish["source"], wish["target"])
            if source.schema != table.schema:
                raise Refused(
                    f"{table.name}: its key is {table.schema}, but that of {source.name} is {source.schema}. Items can "
                    "only be copied between tables with the same key."
                )
        else:
            source, table = None, self._items.table(wish["target"])
            check_header(wish["source_file"], table)
        export = None if wish["without_export"] else Export(wish["export"] or self._place(table), table)
        found = Found(table, source, Lines(), Tally(), export)
        if source is None:
            self._given_back(found, wish)
        elif wish["keys"] is not None:
            found = self._named(found, source, wish)
        elif wish["filter"] is not None:
            self._filtered(found, source, wish)
        elif not wish["unless_newer"] and self._is_empty(table):
            found = self._all_of(found, source)
        else:
            self._compared(found, source, wish)
        self._found[target.name] = wish, found
        return found

    def _place(self, table: Table) -> Path:
        name = table.name.rpartition("/")[2]
        return (EXPORTS / f"{name}-{self._now:%Y%m%dT%H%M%S.%fZ}.jsonl").absolute()

    def _is_empty(self, table: Table) -> bool:
        page = self._items.page(table, Limit=1)
        return not page.scanned and page.following is None

    def _all_of(self, found: Found, source: Table) -> Found:
        if self._check_mode:
            self._items.scan([(source, lambda page: found.tally.add(CREATED, page.scanned))], Select="COUNT")
            return found
        empty = self._is_empty(source)
        return Found(found.target, source, found.work, found.tally, found.export, everything=not empty)

    def _compared(self, found: Found, source: Table, wish: Mapping[str, Any]) -> None:
        """By reading both tables: that costs a tenth of the units of looking up every item."""
        wanted = {MISSING} if wish["items"] == "missing" else {MISSING, DIFFERING}
        if wish["delete_extra"]:
            wanted.add(EXTRA)
        becomes = {MISSING: CREATED, DIFFERING: OVERWRITTEN, EXTRA: DELETED}
        with closing(Scanned(self._items, self._read, source, found.target, segments=self._segments)) as scanned:
            found.tally.add(UNCHANGED, scanned.numbers[0])
            for kind, keys in scanned.differences():
                if kind not in wanted:
                    continue
                if kind != EXTRA:
                    found.tally.add(UNCHANGED, -len(keys))
                if kind == DIFFERING and wish["unless_newer"]:
                    self._look_up(found, wish, source, keys)
                    continue
                found.work.extend(keys)
                found.tally.add(becomes[kind], len(keys))

    def _given_back(self, found: Found, wish: Mapping[str, Any]) -> None:
        schema = found.target.schema
        only = None if wish["keys"] is None else {schema.text(schema.from_shown(key)) for key in wish["keys"]}
        with self._hands() as hands:
            for rows in exported(wish["source_file"], found.target):
                hands.submit(self._weigh, found, wish, [row for row in rows if only is None or row.key in only])

    def _named(self, found: Found, source: Table, wish: Mapping[str, Any]) -> Found:
        keys = list(dict.fromkeys(source.schema.text(source.schema.from_shown(key)) for key in wish["keys"]))
        self._look_up(found, wish, source, keys)
        absent = len(keys) - found.tally.counts.total()
        return Found(found.target, source, found.work, found.tally, found.export, absent=absent)

    def _look_up(self, found: Found, wish: Mapping[str, Any], source: Table, keys: Iterable[str]) -> None:
        """Hold items with these keys against the target, many at the same time."""

        def weigh(some: Sequence[str]) -> None:
            rows = self._by_key(source, some)
            self._weigh(found, wish, [Kept(key, item, _ANYTHING) for key, item in rows.items()])

        with self._hands() as hands:
            for some in batched(keys, MOST_READ):
                hands.submit(weigh, some)

    def _filtered(self, found: Found, source: Table, wish: Mapping[str, Any]) -> None:
        condition = wish["filter"]
        options: dict[str, Any] = {"FilterExpression": condition["expression"]}
        if condition["names"]:
            options["ExpressionAttributeNames"] = condition["names"]
        if condition["values"]:
            options["ExpressionAttributeValues"] = {name: typed(value) for name, value in condition["values"].items()}
        with Progress(f"Filtering {source.name}", source.expected_items, "items") as progress:

            def keep(page: Page) -> None:
                with self._in_hand:
                    for rows in batched(page.items(), MOST_READ):
                        self._weigh(found, wish, [Kept(source.schema.text(row), row, _ANYTHING) for row in rows])
                progress.add(page.scanned)

            self._items.scan([(source, keep)], **options)

    def _weigh(self, found: Found, wish: Mapping[str, Any], rows: Sequence[Kept]) -> None:
        """Hold items against the target, and put what has to be written on the list."""
        if not rows:
            return
        there = self._by_key(found.target, [row.key for row in rows])
        lines = []
        for key, item, wrote in rows:
            kind = fate(item, there.get(key), wish, wrote)
            found.tally.add_one(kind, key)
            if kind in WRITTEN:
                lines.append(key if found.source else f"{key}\t{json.dumps([item, sorted(wrote)])}")
        found.work.extend(lines)

    def _hands(self) -> _Hands:
        return _Hands(self._pool, self._most)

    def _by_key(self, table: Table, keys: Sequence[str]) -> dict[str, dict[str, Value]]:
        rows = self._items.get(table, [table.schema.from_text(key) for key in keys])
        return {table.schema.text(row): row for row in rows}

    # Doing it

    def call(self, service: str, operation: str, /, **arguments: Any) -> Mapping[str, Any]:
        """As `Aws.call`, for the calls of a plan.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: The export can not be written.
        """
        (name,) = arguments.get("RequestItems") or [arguments["TableName"]]
        if operation == "DescribeTable":
            if name in self._stopped:
                raise self._stopped[name]
            return self._aws.call(service, operation, **arguments)
        wish, found = self._found[name]
        tally = Tally(Counter({kind: found.tally.counts[kind] for kind in (UNCHANGED, NEWER, CHANGED_SINCE)}))
        try:
            self._carry_out(wish, found, tally)
        except (AwsError, Refused) as error:
            if not tally.written:
                raise
            self._stopped[name] = Stopped(error, tally)
        finally:
            found.work.close()
            if found.export:
                found.export.close()
        return {**tally.told(), **({"exported": found.export.number} if found.export else {})}

    def settled(self, settle: Settle) -> bool:
        """As `Aws.settled`."""
        return self._aws.settled(settle)

    def _carry_out(self, wish: Mapping[str, Any], found: Found, tally: Tally) -> None:
        origin = found.source.name if found.source else str(wish["source_file"])
        total = (found.source.expected_items if found.source else None) if found.everything else found.work.number
        with (
            Progress(f"Copying {origin} to {found.target.name}", total, "items") as progress,
            self._hands() as hands,
        ):
            if not found.everything:
                for lines in batched(found.work, MOST_READ):
                    hands.submit(self._write_again, wish, found, lines, tally, progress)
                return

            def write(page: Page) -> None:
                with self._in_hand:
                    for rows in batched(page.items(), MOST_WRITTEN):
                        steps = [(CREATED, found.target.schema.text(row), row, None) for row in rows]
                        hands.submit(self._write, wish, found, steps, tally, progress)

            if found.source is None:
                raise AssertionError("only a table is copied without being compared")
            self._items.scan([(found.source, write)], _SEGMENTS_WHILE_WRITING)

    def _write_again(
        self, wish: Mapping[str, Any], found: Found, lines: Sequence[str], tally: Tally, progress: Progress
    ) -> None:
        """Read what is on the list again, on both sides, and write what still has to be."""
        listed = dict(line.partition("\t")[::2] for line in lines)
        if found.source:
            read = self._by_key(found.source, list(listed))
            rows = [Kept(key, read.get(key), _ANYTHING) for key in listed]
        else:
            rows = [_listed(key, text) for key, text in listed.items()]
        there = self._by_key(found.target, list(listed))
        steps = []
        for key, item, wrote in rows:
            former = there.get(key)
            if item is None and found.source and not wish["delete_extra"]:
                continue  # It was taken out of the source meanwhile: that is not a wish to delete it here.
            kind = fate(item, former, wish, wrote)
            if kind in WRITTEN:
                steps.append((kind, key, item, former))
            else:
                tally.add(kind)
        progress.add(len(listed) - len(steps))
        self._write(wish, found, steps, tally, progress)

    def _write(
        self, wish: Mapping[str, Any], found: Found, steps: Sequence[Step], tally: Tally, progress: Progress
    ) -> None:
        schema = found.target.schema
        if found.export and steps:
            found.export.add((key, former, item) for _kind, key, item, former in steps)
        if wish["unless_newer"]:
            for kind, _key, item, _former in steps:
                put = item is not None and self._items.put_if(
                    found.target, item, condition(item, schema.names[0], wish["unless_newer"])
                )
                tally.add(kind if put else NEWER)
                progress.add()
            return
        for some in batched(steps, MOST_WRITTEN):
            requests = [_request(schema, key, item) for _kind, key, item, _former in some]
            kinds = {id(request): step[0] for request, step in zip(requests, some, strict=True)}

            def written(done: Sequence[Mapping[str, Any]], kinds: Mapping[int, str] = kinds) -> None:
                for kind, number in Counter(kinds[id(request)] for request in done).items():
                    tally.add(kind, number)
                progress.add(len(done))

            self._items.write(found.target, requests, written)


# What is to become of an item, the text of its key, the item, and what was there.
Step: TypeAlias = "tuple[str, str, Item | None, Item | None]"

# Of an item of a table: whatever is in the target may be overwritten.
_ANYTHING: frozenset[str] = frozenset()


def fate(item: Item | None, former: Item | None, wish: Mapping[str, Any], wrote: frozenset[str] = _ANYTHING) -> str:
    """What becomes of an item, by what it should be and what is there; pure.

    Args:
        item: What it should be.
        former: What is there.
        wish: The element of `copies`.
        wrote: Of an export that is given back: fingerprints of what the copy wrote.
    """
    attribute = wish["unless_newer"]
    if wrote and not wish["overwrite_changed"] and fingerprint(former) not in wrote | {fingerprint(item)}:
        return CHANGED_SINCE
    if item is None:
        if former is None or wish["items"] == "missing":
            return UNCHANGED
        # What has no value to hold against is not known to be older.
        return NEWER if attribute else DELETED
    if former is None:
        return CREATED
    if wish["items"] == "missing" or same(item, former):
        return UNCHANGED
    if attribute and is_newer(former.get(attribute), item.get(attribute)):
        return NEWER
    return OVERWRITTEN


def condition(item: Item, key: str, attribute: str) -> dict[str, Any]:
    """That what is there is not newer, as PutItem takes it; the same question as `is_newer` answers."""
    names = {"#key": key, "#newer": attribute}
    absent = "attribute_not_exists(#key) OR attribute_not_exists(#newer)"
    if attribute not in item:
        return {"ConditionExpression": absent, "ExpressionAttributeNames": names}
    return {
        "ConditionExpression": f"{absent} OR #newer <= :newer",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":newer": item[attribute]},
    }


def _listed(key: str, text: str) -> Kept:
    item, wrote = json.loads(text)
    return Kept(key, item, frozenset(wrote))


def _request(schema: KeySchema, key: str, item: Item | None) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": schema.from_text(key)}} if item is None else {"PutRequest": {"Item": item}}


class _Hands:
    """Work for the threads of a pool, a few pieces at a time, so that what is read does not pile up.

    Args:
        pool: The threads, which others may have work for too.
        most: How many pieces may be waiting or under way.
    """

    def __init__(self, pool: ThreadPoolExecutor, most: int) -> None:
        self._pool = pool
        self._most = most
        self._lock = threading.Lock()
        self._under_way: set[Future[None]] = set()

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:
        """Have it done; waits while there is enough to do. Raises what an earlier piece has raised."""
        while True:
            with self._lock:
                done = {future for future in self._under_way if future.done()}
                self._under_way -= done
                for future in done:
                    future.result()
                if len(self._under_way) < self._most:
                    self._under_way.add(self._pool.submit(work, *arguments))
                    return
                waiting = set(self._under_way)
            wait(waiting, return_when=FIRST_COMPLETED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            for future in self._under_way:
                future.cancel()
        # What is under way is done to its end, so that it is counted.
        wait(self._under_way)
        if kind is None:
            for future in self._under_way:
                future.result()
