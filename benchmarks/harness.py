# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs of contenders, each checked for what it really did, and what is made of them."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

from benchmarks.contenders import Contender, J
from benchmarks.interpreter import Interpreter, ModuleProcess
from benchmarks.processes import Finished, Stub, run

# Calls that only read; everything else that the endpoint counted is a write.
_READS = ("Get", "List", "Describe", "Scan", "BatchGet", "Head")

# Seconds for each call where nothing else is said: from an operator's machine to the region.
LATENCY = 0.03

# Runs of a slow contender (minutes each) when the others have this many.
SLOW_RUNS = 2


@dataclass(frozen=True)
class Size:
    """How much is measured, and with what.

    Attributes:
        repeat: Runs of each contender.
        slow_repeat: Runs of each slow contender.
        functions: Functions of the scenarios about speed.
        many_functions: Functions of the scenario about memory.
        items: Items of a table, in the scenarios about speed.
        many_items: Items of a table, in the scenario about memory.
        objects: Keys of a bucket, in the scenarios about speed.
        many_objects: Keys of a bucket, in the scenario about memory.
        tables: Tables that are restored at the same time.
        users: Users that are made.
        secrets: Secrets that are rotated; twice as many functions use them.
        aws: The aws program, if it is not the one of the same virtual environment.
    """

    repeat: int
    slow_repeat: int
    functions: int = 200
    many_functions: int = 1000
    items: int = 100_000
    many_items: int = 1_000_000
    objects: int = 10_000
    many_objects: int = 50_000
    tables: int = 50
    users: int = 1000
    secrets: int = 50
    aws: str | None = None


# Sizes with which everything runs once in a minute or two.
QUICK = {
    "functions": 20,
    "many_functions": 50,
    "items": 3000,
    "many_items": 6000,
    "objects": 300,
    "many_objects": 600,
    "tables": 5,
    "users": 60,
    "secrets": 5,
}


@dataclass(frozen=True)
class Run:
    """One run of one contender.

    Attributes:
        seconds: Wall time of its whole process, from outside.
        cpu_seconds: User and system time of its processes.
        api_seconds: From the first request's arrival at the endpoint to the last answer.
        endpoint_cpu_seconds: User and system time of the endpoint for it: it must not be what the contender waits for.
        calls: API calls that arrived, throttled ones included.
        throttled: Those that were answered with a throttling error.
        writes: Calls that were let in and that write.
        parallel: Most requests that were being answered at the same time.
        lost: Targets that are not as they were wanted, afterwards, or that it said something wrong about.
        status: Exit status of the process.
        output: What it said.
        report: What the endpoint saw of it.
        modules: Its module processes, if they were written down.
    """

    seconds: float
    cpu_seconds: float
    api_seconds: float
    endpoint_cpu_seconds: float
    calls: int
    throttled: int
    writes: int
    parallel: int
    lost: int
    status: int
    output: str
    report: Mapping[str, Any]
    modules: Sequence[ModuleProcess] = ()

    @property
    def sound(self) -> bool:
        """Whether it did its job; a fast run that lost targets is a failure."""
        return self.status == 0 and self.lost == 0


@dataclass(frozen=True)
class Task(Generic[J]):
    """What contenders are put to.

    Attributes:
        kind: The kind of account that the endpoint serves.
        settings: How the endpoint behaves.
        targets: How many there are.
        job: The job, but for where the endpoint is and an empty folder.
        lost: How many targets are lost, from what the endpoint saw and what the contender said.
    """

    kind: str
    settings: Mapping[str, Any]
    targets: int
    job: J
    lost: Callable[[Mapping[str, Any], str], int]


def judge(finished: Finished, report: Mapping[str, Any], lost: int) -> Run:
    """A run from its process, what the endpoint saw of it, and how many targets were lost."""
    calls: Mapping[str, int] = report["calls"]
    throttled: Mapping[str, int] = report["throttled"]
    if report["unknown"]:
        sys.stderr.write(f"the stub endpoint was asked for what it does not serve: {report['unknown'][:5]}\n")
    return Run(
        seconds=finished.seconds,
        cpu_seconds=finished.cpu_seconds,
        api_seconds=report["seconds"],
        endpoint_cpu_seconds=report["cpu_seconds"],
        calls=sum(calls.values()),
        throttled=sum(throttled.values()),
        writes=sum(n - throttled.get(name, 0) for name, n in calls.items() if not name.startswith(_READS)),
        parallel=report["most_in_flight"],
        lost=lost + len(report["unknown"]),
        status=finished.status,
        output=finished.output,
        report=report,
    )


@contextmanager
def working_folder() -> Iterator[Path]:
    """An empty folder for the time of the block."""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(endpoint: Stub, contender: Contender[J], task: Task[J], *, modules: bool = False) -> Run:
    """One run of a contender against a fresh account.

    Args:
        endpoint: The stub.
        contender: Who runs.
        task: What it has to do.
        modules: Have the module processes of a playbook written down; that takes a little time.
    """
    endpoint.reset(task.kind, **task.settings)
    with working_folder() as folder:
        interpreter = Interpreter(folder) if modules else None
        job = replace(
            task.job, endpoint=endpoint.endpoint, folder=folder, interpreter=interpreter.path if interpreter else None
        )
        command = contender.command(job)
        finished = run(command.argv, command.env, folder)
        report = endpoint.report()
        done = judge(finished, report, task.lost(report, finished.output))
        return replace(done, modules=interpreter.processes()) if interpreter else done


def alternate(times: Mapping[str, int]) -> list[str]:
    """The order of the runs: A B C A B C …, and one with fewer runs spread evenly between the others."""
    places = [((turn + 0.5) / number, key) for key, number in times.items() for turn in range(number)]
    order = list(times)
    return [key for _rank, key in sorted(places, key=lambda place: (place[0], order.index(place[1])))]


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Median with the least and the most, for example `1.20 s (1.10 to 1.31)`."""
    text = f"{middle(values):.{digits}f} {unit}"
    if len(values) > 1:
        text += f" ({min(values):.{digits}f} to {max(values):.{digits}f})"
    return text


def last_lines(output: str, number: int = 12) -> str:
    """The end of what a failed run said."""
    return "\n".join(output.strip().splitlines()[-number:])
