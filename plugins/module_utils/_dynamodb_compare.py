# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether two DynamoDB tables are the same: keys and indexes, and every item or a sample of them."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from itertools import chain
from math import ceil
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._crew import Crew
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import (
    MOST_READ,
    Items,
    Page,
    Segment,
    Table,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import (
    Item,
    PageLines,
    read_page,
    same,
)
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._progress import Progress
from ansible_collections.runbook.aws.plugins.module_utils._spill import PARTS, Spill, batched, differences

# What an item can be: only in the source, only in the target, in both but not equal.
MISSING, EXTRA, DIFFERING = "missing", "extra", "differing"
KINDS = (MISSING, EXTRA, DIFFERING)

# The type of `read_page`, which is called in other processes (`_crew.Crew`).
Read = Callable[[bytes, Sequence[str], frozenset[str], int, str], PageLines]

_MOST_SEGMENTS = 1_000_000  # model, Scan, TotalSegments
# Items that are read in a row of a sample: fewer would cost more calls, more would be neighbours rather than a sample.
_SAMPLE_ROW = 25
_CONFIDENCE = 0.95


def tables_of(items: Items, source: str, target: str) -> tuple[Table, Table]:
    """Both tables.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: They are one and the same.
    """
    one, other = items.table(source), items.table(target)
    if one.arn == other.arn:
        raise Refused(f"{target}: source and target are the same table ({one.arn}). Name two.")
    return one, other


def schema_differences(source: Table, target: Table) -> list[dict[str, Any]]:
    """What the definitions of two tables do not have in common. Pure."""
    one, other = _definition(source), _definition(target)
    return [
        {"what": what, "source": one.get(what), "target": other.get(what)}
        for what in sorted({*one, *other})
        if one.get(what) != other.get(what)
    ]


def _definition(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {"key": str(table.schema)}
    types = {item["AttributeName"]: item["AttributeType"] for item in table.description["AttributeDefinitions"]}
    for kind, indexes in (
        ("global index", table.description.get("GlobalSecondaryIndexes", ())),
        ("local index", table.description.get("LocalSecondaryIndexes", ())),
    ):
        for index in indexes:
            parts = sorted(index["KeySchema"], key=lambda part: part["KeyType"] != "HASH")
            projection = index["Projection"]
            found[f"{kind} {index['IndexName']}"] = {
                "key": ", ".join(f"{part['AttributeName']} ({types[part['AttributeName']]})" for part in parts),
                "projection": projection["ProjectionType"],
                "attributes": sorted(projection.get("NonKeyAttributes", ())),
            }
    return found


class Newest:
    """When the newest item of a table was written, as an attribute of the items tells."""

    def __init__(self) -> None:
        self._found: datetime | None = None
        self.unreadable = 0
        # Pages are read by several threads.
        self._noting = threading.Lock()

    def note(self, page: PageLines) -> None:
        """Take note of the items of a page."""
        with self._noting:
            self._found = max(filter(None, (self._found, page.newest)), default=None)
            self.unreadable += page.unreadable

    def shown(self) -> str | None:
        """The moment in UTC."""
        return stamp(self._found) if self._found else None


class Scanned:
    """Every item of two tables, as a line with its key and its hash, ready to be compared.

    Args:
        items: The way to the items.
        read: `read_page`, where it is called.
        source: The first table.
        target: The second; its key has the same attributes.
        ignored: Attributes that do not count.
        segments: Segments of each table; 0 chooses by size.
        newest_by: The attribute that tells when an item was written, if the newest are wanted.
    """

    def __init__(
        self,
        items: Items,
        read: Read,
        source: Table,
        target: Table,
        ignored: frozenset[str] = frozenset(),
        segments: int = 0,
        newest_by: str = "",
    ) -> None:
        self._read = read
        self._newest_by = newest_by
        self.newest = (Newest(), Newest())
        self._spills = (Spill(), Spill())
        self.numbers = [0, 0]
        self._ignored = ignored
        total = (source.expected_items or 0) + (target.expected_items or 0)
        try:
            with Progress(f"Comparing {source.name} with {target.name}", total or None, "items") as progress:
                items.scan(
                    [
                        (source, self._keep(source, self._spills[0], self.newest[0], progress)),
                        (target, self._keep(target, self._spills[1], self.newest[1], progress)),
                    ],
                    segments,
                )
        except BaseException:
            self.close()
            raise
        self.numbers = [spill.number for spill in self._spills]

    def _keep(self, table: Table, spill: Spill, newest: Newest, progress: Progress) -> Callable[[Page], None]:
        def keep(page: Page) -> None:
            read = self._read(page.body, table.schema.names, self._ignored, PARTS, self._newest_by)
            spill.add(read.lines)
            newest.note(read)
            progress.add(page.scanned)

        return keep

    def differences(self) -> Iterator[tuple[str, list[str]]]:
        """Kinds of difference with the texts of keys, in pieces that fit into memory. Can be asked for once."""
        for left, right in differences(*self._spills):
            yield MISSING, [key for key in left if key not in right]
            yield EXTRA, [key for key in right if key not in left]
            yield DIFFERING, [key for key in left if key in right]

    def close(self) -> None:
        """Give the space back."""
        for spill in self._spills:
            spill.close()


@dataclass
class Found:
    """Differences, counted, with some of their keys.

    Attributes:
        most: How many keys of each kind are kept: the first ones in the order of their texts.
    """

    most: int
    counts: Counter[str] = field(default_factory=Counter)
    keys: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, kind: str, keys: Sequence[str]) -> None:
        """Take note of keys of a kind."""
        self.counts[kind] += len(keys)
        self.keys[kind] = nsmallest(self.most, chain(self.keys[kind], keys))

    def shown(self, table: Table) -> dict[str, Any]:
        """As fields of a result."""
        return {
            **{kind: self.counts[kind] for kind in KINDS},
            "keys": {kind: [table.schema.shown(key) for key in self.keys[kind]] for kind in KINDS},
        }


def crew() -> Crew[[bytes, Sequence[str], frozenset[str], int, str], PageLines]:
    """The processes that read pages; to be made before there are any threads."""
    return Crew(read_page)


def compare(
    items: Items,
    read: Read,
    wish: Mapping[str, Any],
    *,
    keys: int = 20,
    segments: int = 0,
    ignored: Iterable[str] = (),
) -> dict[str, Any]:
    """Compare two tables.

    Args:
        items: The way to the items.
        read: What `crew` gave.
        wish: An element of the module's `comparisons`.
        keys: How many keys of each kind are told.
        segments: Segments of each table; 0 chooses by size.
        ignored: Attributes that do not count.

    Returns:
        Fields of the module's result.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: What was asked for makes no sense.
    """
    source, target = tables_of(items, wish["source"], wish["target"])
    schema = schema_differences(source, target)
    attributes = frozenset(ignored)
    of_key = sorted(attributes.intersection(source.schema.names))
    if of_key:
        raise Refused(f"{target.name}: {', '.join(of_key)} is of the key and can not be ignored.")
    result: dict[str, Any] = {
        "source": source.name,
        "mode": wish["mode"],
        "equal": False,
        "schema": schema,
        "source_items": None,
        "target_items": None,
        "sampled": None,
        "confidence": None,
        "newest": None,
        **Found(keys).shown(source),
    }
    if wish.get("newest_by") and wish["mode"] == "sampled":
        raise Refused(
            f"{target.name}: a sample does not tell which item is the newest. Leave newest_by out, or use mode exact."
        )
    if source.schema != target.schema:
        result["confidence"] = "The keys have different attributes, so no item of one can be an item of the other."
        return result
    if wish["mode"] == "sampled":
        return {**result, **_sampled(items, source, target, wish["sample"], keys, attributes, not schema)}
    found = Found(keys)
    newest_by = wish.get("newest_by") or ""
    with closing(Scanned(items, read, source, target, attributes, segments, newest_by)) as scanned:
        for kind, texts in scanned.differences():
            found.add(kind, texts)
    result |= found.shown(source)
    result["source_items"], result["target_items"] = scanned.numbers
    if newest_by:
        of_source, of_target = scanned.newest
        result["newest"] = {
            "source": of_source.shown(),
            "target": of_target.shown(),
            "unreadable": of_source.unreadable + of_target.unreadable,
        }
    result["equal"] = not schema and not found.counts.total()
    return {**result, **_spent(items, source, target)}


def _spent(items: Items, source: Table, target: Table) -> dict[str, Any]:
    return {"consumed_read_units": {table.name: items.budget(table, "read").total for table in (source, target)}}


def _sampled(
    items: Items, source: Table, target: Table, sample: int, keys: int, ignored: frozenset[str], same_schema: bool
) -> dict[str, Any]:
    """Items from random places of both tables, each looked up in the other one."""
    found = Found(keys)
    seen = {}
    differing: set[str] = set()
    with Progress(f"Sampling {source.name} and {target.name}", sample, "items") as progress:
        for table, other, only, wanted in (
            (source, target, MISSING, ceil(sample / 2)),
            (target, source, EXTRA, sample // 2),
        ):
            seen[only] = 0
            for rows in batched(_random_items(items, table, wanted), MOST_READ):
                partners = {
                    table.schema.text(item): item for item in items.get(other, [table.schema.of(item) for item in rows])
                }
                for item in rows:
                    text = table.schema.text(item)
                    partner = partners.get(text)
                    if partner is None:
                        found.add(only, [text])
                    # A key may be in both samples.
                    elif text not in differing and not same(_without(item, ignored), _without(partner, ignored)):
                        differing.add(text)
                        found.add(DIFFERING, [text])
                seen[only] += len(rows)
                progress.add(len(rows))
    number = sum(seen.values())
    different = found.counts.total()
    return {
        **found.shown(source),
        "sampled": {"source": seen[MISSING], "target": seen[EXTRA]},
        # A sample can show that tables differ, never that they are the same.
        "equal": False if different or not same_schema else None,
        "confidence": confidence(number, different),
        **_spent(items, source, target),
    }


def _without(item: Item, ignored: frozenset[str]) -> Item:
    return {name: value for name, value in item.items() if name not in ignored} if ignored else item


def _random_items(items: Items, table: Table, wanted: int) -> Iterator[dict[str, Any]]:
    """About so many items, a row from each of some segments that are chosen by chance."""
    count = table.expected_items
    # Segments of about as many items as a row; without a count, more and more are looked at until there are enough.
    of = min(_MOST_SEGMENTS, max(1, (count or wanted) // _SAMPLE_ROW))
    left = wanted
    for number in random.sample(range(of), min(of, max(1, 8 * wanted // _SAMPLE_ROW))):
        following = None
        while left > 0:
            # The only segment there is holds them all.
            page = items.page(table, Segment(number, of), following, Limit=min(left, 1000 if of == 1 else _SAMPLE_ROW))
            rows = page.items()[:left]
            left -= len(rows)
            yield from rows
            following = page.following
            if following is None or of > 1:
                break
        if left <= 0:
            return


def confidence(number: int, different: int) -> str:
    """What a sample of so many items, of which so many differ, says about all of them."""
    if not number:
        return "No items were found to sample, so nothing is known."
    if different:
        return f"{different} of {number} sampled items differ. How many there are in all only mode exact tells."
    # The share at which so many sampled items would all be alike in only 5 % of cases: (1 - share) ** number = 0.05.
    share = 1 - (1 - _CONFIDENCE) ** (1 / number)
    return (
        f"None of {number} sampled items differs: with {_CONFIDENCE:.0%} confidence fewer than {_percent(share)} of the"
        " items do, if those that do are anywhere in the tables and not side by side. That is not proof: use mode exact."
    )


def _percent(share: float) -> str:
    return f"{share * 100:.2g} %"
