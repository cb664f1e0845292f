# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Comparing and copying the items of tables, as fast as it goes and under a write budget."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.contenders.items import (
    BATCH_WRITER,
    COLLECTION_COMPARE,
    COLLECTION_COPY,
    COPY_THREADS,
    GET_EACH,
    TWO_SCANS,
    TWO_SCANS_THREADS,
    ItemsJob,
)
from benchmarks.harness import LATENCY, Run, Size, Task, middle, spread
from benchmarks.processes import Stub
from benchmarks.results import Goal, Section
from benchmarks.side_by_side import Entry, SideBySide

_ITEMS_A_SECOND = 8000
_LEAST_SHARE = 0.95

_ANSWER = re.compile(r"ANSWER missing=(\w+) extra=(\w+) differing=(\w+)")


def compare_tables(items: int, *, latency: float = LATENCY) -> Task[ItemsJob]:
    """Find out how two tables differ that are almost equal.

    Args:
        items: Items of each.
        latency: Seconds for each call.
    """
    job = ItemsJob()
    differences = {"missing": items // 1000 + 1, "extra": items // 2000 + 1, "differing": items // 500 + 1}
    wanted = [str(number) for number in differences.values()]

    def lost(_report: Mapping[str, Any], said: str) -> int:
        found = _ANSWER.search(said)
        if not found:
            return items
        # Whoever can not see something and says so is not wrong.
        return sum(one not in (other, "unknown") for one, other in zip(found.groups(), wanted, strict=True))

    tables = {job.source: {"items": items}, job.target: {"items": items, **differences}}
    return Task("items", {"tables": tables, "latency": latency}, items, job, lost)


def copy_table(items: int, *, latency: float = LATENCY, write_units: int = 0) -> Task[ItemsJob]:
    """Copy all items of a table into an empty one.

    Args:
        items: How many.
        latency: Seconds for each call.
        write_units: Write units a second that the endpoint lets in, and that the contender is told; 0 is no limit.
    """
    job = ItemsJob(write_units=write_units)

    def lost(report: Mapping[str, Any], _said: str) -> int:
        return int(report["unlike"][job.target])

    settings = {
        "tables": {job.source: {"items": items}, job.target: {"items": 0}},
        "copies": {job.target: job.source},
        "latency": latency,
        "write_units": write_units,
    }
    return Task("items", settings, items, job, lost)


def compare(endpoint: Stub, size: Size) -> Section:
    """Two tables of 100,000 items that are almost equal."""
    task = compare_tables(size.items)
    entries = [
        Entry(GET_EACH, compare_tables(size.items // 100), of=size.items),
        *(Entry(each, task) for each in (TWO_SCANS, TWO_SCANS_THREADS, COLLECTION_COMPARE)),
    ]
    runs = SideBySide(endpoint, size, entries, COLLECTION_COMPARE)
    about = f"comparing 2 x {size.items} items, {LATENCY * 1000:.0f} ms"
    return runs.section(
        f"Comparing two tables of {size.items} items",
        f"{LATENCY * 1000:.0f} ms for each call, no capacity limit, items of about 460 bytes in pages of 1 MB; a few are "
        "missing, extra or differing, and a run that does not count them all is a failed run. A `GetItem` for each key "
        f"would take most of an hour, so it is measured on {size.items // 100} items, and its time on the API is "
        "multiplied; it can not see what is extra. The scans by hand keep both tables in memory.",
        goals=[
            runs.faster(f"{about}: 20x faster than a scan with GetItem for each key", 20, GET_EACH),
            runs.faster(f"{about}: 5x faster than two scans", 5, TWO_SCANS),
        ],
    )


def copy(endpoint: Stub, size: Size) -> Section:
    """100,000 items into an empty table."""
    task = copy_table(size.items)
    entries = [
        Entry(BATCH_WRITER, copy_table(size.items // 10), of=size.items),
        *(Entry(each, task) for each in (COPY_THREADS, COLLECTION_COPY)),
    ]
    runs = SideBySide(endpoint, size, entries, COLLECTION_COPY)
    rate, api_rate = (size.items / runs.of_ours(value) for value in ("seconds", "api_seconds"))
    return runs.section(
        f"Copying {size.items} items",
        f"{LATENCY * 1000:.0f} ms for each call, no capacity limit, into an empty table; afterwards each item is held "
        "against its source. The collection compares before it writes and exports what it would overwrite; the programs by "
        f"hand do neither. The first one is measured on {size.items // 10} items, and its time on the API is multiplied.",
        goals=[
            Goal(
                f"copying {size.items} items, {LATENCY * 1000:.0f} ms: at least {_ITEMS_A_SECOND} items a second",
                f"{rate:.0f} (whole process; on the API {api_rate:.0f})",
                rate >= _ITEMS_A_SECOND,
            )
        ],
    )


def copy_budget(endpoint: Stub, size: Size) -> Section:
    """A fifth of them under a write budget."""
    items, units = size.items // 5, max(100, size.items // 100)
    contenders = (COPY_THREADS, COLLECTION_COPY)
    task = copy_table(items, write_units=units)
    runs = SideBySide(endpoint, size, [Entry(each, task) for each in contenders], COLLECTION_COPY)
    share = middle(used(run.report["written_units"], units) for run in runs.ours) if runs.ours else 0.0
    worst = max((worst_second(run.report["written_units"]) for run in runs.ours), default=0.0)
    given_back = sum(_given_back(run) for run in runs.ours)
    return Section(
        f"Copying {items} items with {units} write units a second",
        f"{LATENCY * 1000:.0f} ms for each call. The endpoint lets in {units} units a second, with one second's worth at "
        "once after a rest, and gives back what is over it as unprocessed. *Used* is the mean from the first write to the "
        "last; *Most in one second* is the worst second of the run, wherever it begins. The collection is told the budget "
        "(`write_units`); the program by hand sends as much as it can.",
        ("", "Runs", "Whole process", "API time", "Used", "Most in one second", "Given back", "Targets lost"),
        [_budget_row(each.title, runs.runs[each.title], units) for each in contenders],
        [
            Goal(
                f"copying with {units} write units a second: at least {_LEAST_SHARE:.0%} of them used",
                f"{share:.1%}",
                share >= _LEAST_SHARE,
            ),
            Goal(
                f"copying with {units} write units a second: never more in any second",
                f"at most {worst:.0f}, {given_back} items given back",
                bool(runs.ours) and worst <= units and not given_back,
            ),
        ],
        runs.raw,
        runs.sound,
    )


def _budget_row(title: str, runs: Sequence[Run], units: int) -> list[str]:
    written = [run.report["written_units"] for run in runs]
    given_back = middle(_given_back(run) for run in runs)
    return [
        title,
        str(len(runs)),
        spread([run.seconds for run in runs]),
        f"{middle(run.api_seconds for run in runs):.2f} s",
        f"{middle(used(each, units) for each in written):.1%}",
        f"{max(worst_second(each) for each in written):.0f}",
        f"{given_back:.0f}",
        f"{max(run.lost for run in runs)}",
    ]


def _given_back(run: Run) -> int:
    return int(run.report["unprocessed"])


def used(written: Sequence[tuple[float, float]], units: float) -> float:
    """The share of a budget of units a second that was used from the first write to the last.

    Args:
        written: When how many units were written.
        units: The budget.
    """
    seconds = written[-1][0] - written[0][0] if written else 0.0
    # The last one begins a time of its own, which is not in it.
    return sum(n for _at, n in written[:-1]) / (seconds * units) if seconds else 0.0


def worst_second(written: Sequence[tuple[float, float]]) -> float:
    """The most units in any second, wherever it begins.

    Args:
        written: When how many units were written.
    """
    window: deque[tuple[float, float]] = deque()
    now = most = 0.0
    for at, units in written:
        window.append((at, units))
        now += units
        while window[0][0] <= at - 1:
            now -= window.popleft()[1]
        most = max(most, now)
    return most
