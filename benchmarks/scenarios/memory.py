# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How much memory a module's process needs for much work, and for little."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.contenders import Contender, J
from benchmarks.contenders.functions import COLLECTION
from benchmarks.contenders.items import COLLECTION_COMPARE, COLLECTION_COPY
from benchmarks.contenders.objects import COLLECTION_S3_RESTORE
from benchmarks.harness import Size, Task, alternate, last_lines, measure, middle, say, spread
from benchmarks.processes import BenchmarkError, Stub
from benchmarks.results import Goal, Section
from benchmarks.scenarios.concurrency import set_functions
from benchmarks.scenarios.items import compare_tables, copy_table
from benchmarks.scenarios.objects import restore_prefix

_LATENCY = 0.005
_MOST_MORE_MIB = 10.0
_MOST_MIB = 150.0

_COLUMNS = ("", "Runs", "Peak memory of the module process")
_HOW = (
    "The most memory that the module's process had: resident as the kernel tells it at the end (`ru_maxrss`), or together "
    "with processes of its own, pages that they share counted once (`Pss`, looked at 20 times a second), whichever is "
    "more. Python, Ansible's module code and boto3 are in it: the module has a process of its own here, as on another machine, not "
    "one of Ansible's own workers. No rate limits, 5 ms latency."
)


def memory(endpoint: Stub, size: Size) -> Section:
    """Peak resident memory of the module process for many targets against one."""
    peaks: dict[str, list[float]] = {"1 function": [], f"{size.many_functions} functions": []}
    numbers = dict(zip(peaks, (1, size.many_functions), strict=True))
    for what in alternate(dict.fromkeys(peaks, size.repeat)):
        task = set_functions(numbers[what], latency=_LATENCY)
        peaks[what].append(_peak(endpoint, COLLECTION, task, "lambda_concurrency", what))
    one, many = (middle(values) for values in peaks.values())
    goal = Goal(
        f"memory: at most {_MOST_MORE_MIB:.0f} MiB more for {size.many_functions} targets than for one",
        f"{many - one:.1f} MiB more",
        many - one <= _MOST_MORE_MIB,
    )
    return Section(
        f"Memory for {size.many_functions} functions", _HOW, _COLUMNS, _rows(peaks), [goal], {"peak_mib": peaks}
    )


def memory_items(endpoint: Stub, size: Size) -> Section:
    """Peak resident memory of the modules that move data, for much of it and for ten times as much."""
    peaks: dict[str, list[float]] = {}

    # Once for each: it takes minutes, and hardly differs from run to run.
    def measured(what: str, contender: Contender[J], task: Task[J], module: str) -> None:
        peaks[what] = [_peak(endpoint, contender, task, module, what)]

    for number in (size.items, size.many_items):
        both = compare_tables(number, latency=_LATENCY)
        measured(f"dynamodb_compare, 2 x {number} items", COLLECTION_COMPARE, both, "dynamodb_compare")
    for number in (size.items, size.many_items):
        one = copy_table(number, latency=_LATENCY)
        measured(f"dynamodb_copy, {number} items", COLLECTION_COPY, one, "dynamodb_copy")
    for number in (size.objects, size.many_objects):
        prefix = restore_prefix(number, latency=_LATENCY)
        measured(f"s3_restore, {number} keys", COLLECTION_S3_RESTORE, prefix, "s3_restore")
    most = max(middle(values) for values in peaks.values())
    goal = Goal(
        f"memory: at most {_MOST_MIB:.0f} MiB, however many items or keys", f"{most:.1f} MiB", most <= _MOST_MIB
    )
    return Section(f"Memory for {size.many_items} items", _HOW, _COLUMNS, _rows(peaks), [goal], {"peak_mib": peaks})


def _rows(peaks: Mapping[str, list[float]]) -> list[list[str]]:
    return [[what, str(len(values)), spread(values, "MiB", 1)] for what, values in peaks.items()]


def _peak(endpoint: Stub, contender: Contender[J], task: Task[J], module: str, what: str) -> float:
    done = measure(endpoint, contender, task, modules=True)
    processes = [process for process in done.modules if process.name == module]
    if not done.sound or len(processes) != 1:
        raise BenchmarkError(f"the run over {what} failed, {done.lost} lost:\n{last_lines(done.output)}")
    say(f"  {what}: {processes[0].peak_mib:.1f} MiB")
    return processes[0].peak_mib
