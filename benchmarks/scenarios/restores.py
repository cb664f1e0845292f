# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Restoring many tables, with everything that a restore loses, under the account's limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from benchmarks.contenders.restores import COLLECTION_RESTORE, RESTORE_LOOP, RestoresJob
from benchmarks.harness import LATENCY, Size, Task
from benchmarks.processes import Stub
from benchmarks.results import Goal, Section
from benchmarks.side_by_side import Entry, SideBySide
from benchmarks.stub.restores import CONCURRENT_RESTORES, RESTORE_RATES

# A restore at AWS takes minutes to hours. The shorter it is here, the more the rest of the time shows.
_RESTORE_SECONDS = 10.0
_UPDATE_SECONDS = 0.5

_OPERATION = "RestoreTableToPointInTime"
_NEAR = 1.15


def restore_tables(number: int, *, settings_too: bool = True, aws: str | None = None) -> Task[RestoresJob]:
    """Restore tables.

    Args:
        number: How many.
        settings_too: Whether what the restore loses must be there again in the end.
        aws: As in `Size`.
    """
    tables = [f"bench-table-{n:02d}-prod" for n in range(number)]

    def lost(report: Mapping[str, Any], _said: str) -> int:
        return sum(bool(lacking) if settings_too else "table" in lacking for lacking in report["lacking"].values())

    settings = {
        "tables": tables,
        "latency": LATENCY,
        "rates": dict(RESTORE_RATES),
        "restore_seconds": _RESTORE_SECONDS,
        "update_seconds": _UPDATE_SECONDS,
    }
    return Task("restores", settings, number, RestoresJob(aws=aws, tables=tables), lost)


def restores(endpoint: Stub, size: Size) -> Section:
    """50 tables."""
    number = size.tables
    task = restore_tables(number)
    loop = Entry(RESTORE_LOOP, restore_tables(2, settings_too=False, aws=size.aws), of=number)
    runs = SideBySide(endpoint, size, [loop, Entry(COLLECTION_RESTORE, task)], COLLECTION_RESTORE)
    reports = [run.report for run in runs.ours]
    throttled = sum(run.throttled for run in runs.all_of_ours)
    submitting = max((report["submitted"][-1] - report["submitted"][0] for report in reports), default=float("inf"))
    together = min((report["most_restoring"] for report in reports), default=0)
    rate = RESTORE_RATES[_OPERATION]
    limits = _limits(reports[0]["calls"]) if reports else {}
    return runs.section(
        f"Restoring {number} tables",
        f"{LATENCY * 1000:.0f} ms for each call, AWS's rates, and restores that take {_RESTORE_SECONDS:.0f} s each, of "
        f"which {CONCURRENT_RESTORES} may go on at the same time (at AWS they take minutes to hours). Each table has "
        "autoscaling, TTL, tags, a stream, recovery to a point in time, deletion protection, a resource policy, "
        "contributor insights and an alarm; a table that lacks one of them afterwards is lost. The runbook's commands put "
        "nothing back, and that is not held against them; they are measured on two tables, and their time on the API is "
        "multiplied (`aws dynamodb wait` looks every 20 s).",
        limits=[runs.limit(f"limit: {what}", seconds) for what, seconds in limits.items()],
        goals=[
            Goal(
                f"restoring {number} tables: all submitted at the account's rate",
                f"in {submitting:.1f} s at {rate:.0f} a second",
                submitting <= _NEAR * number / rate,
            ),
            Goal(
                f"restoring {number} tables: waited for once",
                f"{together} going on at the same time",
                together == min(number, CONCURRENT_RESTORES),
            ),
            Goal(
                f"restoring {number} tables: 0 calls throttled",
                f"{throttled} of {sum(run.calls for run in runs.all_of_ours)}",
                bool(reports) and throttled == 0,
            ),
        ],
        lacking=[report["lacking"] for report in reports],
    )


def _limits(calls: Mapping[str, int]) -> dict[str, float]:
    """What takes how long at least, by the calls that were made: no operation can be faster than its rate."""
    seconds = Counter({name: calls.get(name, 0) / rate for name, rate in RESTORE_RATES.items()})
    restoring = seconds.pop(_OPERATION)
    named = {f"{name}, calls / rate": least for name, least in seconds.most_common(3) if least > 1}
    return {"the restores, calls / rate": restoring, "a restore": _RESTORE_SECONDS, **named}
