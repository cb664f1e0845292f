# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs of contenders, each checked for what it really did, and what is made of them."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender, Job
from benchmarks.processes import Finished, Stub, run

# Calls that only read; everything else that the endpoint counted is a write.
_READS = ("Get", "List", "Describe")


@dataclass(frozen=True)
class Run:
    """One run of one contender.

    Attributes:
        seconds: Wall time of its whole process, from outside.
        cpu_seconds: User and system time of its processes.
        api_seconds: From the first request's arrival at the endpoint to the last answer.
        calls: API calls that arrived, throttled ones included.
        throttled: Those that were answered with a throttling error.
        writes: Calls that were let in and that write.
        parallel: Most requests that were being answered at the same time.
        lost: Functions that do not have what was wanted, afterwards.
        status: Exit status of the process.
        output: What it said.
    """

    seconds: float
    cpu_seconds: float
    api_seconds: float
    calls: int
    throttled: int
    writes: int
    parallel: int
    lost: int
    status: int
    output: str

    @property
    def sound(self) -> bool:
        """Whether it did its job; a fast run that lost targets is a failure."""
        return self.status == 0 and self.lost == 0


def judge(finished: Finished, report: Mapping[str, Any], wanted: Mapping[str, int]) -> Run:
    """A run from its process and what the endpoint saw of it."""
    calls: Mapping[str, int] = report["calls"]
    throttled: Mapping[str, int] = report["throttled"]
    state = report["reserved"]
    unlike = [name for name in {*wanted, *state} if state.get(name) != wanted.get(name)]
    if report["unknown"]:
        sys.stderr.write(f"the stub endpoint was asked for what it does not serve: {report['unknown'][:5]}\n")
    return Run(
        seconds=finished.seconds,
        cpu_seconds=finished.cpu_seconds,
        api_seconds=report["seconds"],
        calls=sum(calls.values()),
        throttled=sum(throttled.values()),
        writes=sum(n - throttled.get(name, 0) for name, n in calls.items() if not name.startswith(_READS)),
        parallel=report["most_in_flight"],
        lost=len(unlike) + len(report["unknown"]),
        status=finished.status,
        output=finished.output,
    )


@contextmanager
def working_folder() -> Iterator[Path]:
    """An empty folder for the time of the block."""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def functions(number: int) -> dict[str, int]:
    """The functions of a scenario, with the reserved concurrency that each is to have."""
    return {f"bench-function-{n:04d}-prod": 1 + n % 5 for n in range(number)}


def measure(
    endpoint: Stub,
    contender: Contender,
    wanted: Mapping[str, int],
    *,
    latency: float,
    rates: Mapping[str, float],
    already: bool = False,
    aws: str | None = None,
) -> Run:
    """One run of a contender against a fresh account.

    Args:
        endpoint: The stub.
        contender: Who runs.
        wanted: What it has to reach.
        latency: Seconds for each call.
        rates: The endpoint's rate limits; none means none, and a contender that paces itself is told so.
        already: The functions have what is wanted before it starts.
        aws: The aws program, if it is not the one of the same virtual environment.
    """
    endpoint.reset(functions=list(wanted), reserved=dict(wanted) if already else {}, latency=latency, rates=dict(rates))
    with working_folder() as folder:
        command = contender.command(Job(endpoint.endpoint, wanted, folder, unlimited=not rates, aws=aws))
        return judge(run(command.argv, command.env, folder), endpoint.report(), wanted)


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
