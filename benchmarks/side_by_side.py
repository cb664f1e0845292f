# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Side by side: the ways to set many functions, against an endpoint with latency and with Lambda's rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.contenders import (
    ANSIBLE_COMMAND,
    ANSIBLE_SINGLE,
    BOTO_THREADS,
    BOTO_THREADS_PATIENT,
    COLLECTION,
    SHELL_LOOP,
    Contender,
)
from benchmarks.harness import Run, alternate, functions, last_lines, measure, middle, say, spread
from benchmarks.processes import Stub
from benchmarks.results import Goal, Section
from benchmarks.stub import LAMBDA_RATES

LATENCY = 0.03

# Runs of a slow contender (minutes each) when the others have this many.
SLOW_RUNS = 2


@dataclass(frozen=True)
class Size:
    """How much is measured, and with what.

    Attributes:
        functions: Functions of the scenarios about speed.
        many: Functions of the scenario about memory.
        repeat: Runs of each contender.
        slow_repeat: Runs of each slow contender.
        aws: The aws program, if it is not the one of the same virtual environment.
    """

    functions: int
    many: int
    repeat: int
    slow_repeat: int
    aws: str | None = None


# The same task with one function: Ansible's own start and the module's, which no number of targets makes shorter.
_START = Contender("this collection, one function", COLLECTION.command)


def without_limits(endpoint: Stub, size: Size) -> Section:
    """200 functions, 30 ms for each call, no rate limits."""
    contenders = (SHELL_LOOP, ANSIBLE_COMMAND, ANSIBLE_SINGLE, BOTO_THREADS, COLLECTION, _START)
    wanted = functions(size.functions)
    runs = _side_by_side(endpoint, contenders, wanted, size, rates={})
    ours = _sound(runs[COLLECTION.title])
    reading_and_writing = 2 * _waves(size.functions, ours) * LATENCY
    rows = [
        _row(contender, runs[contender.title], len(wanted), _times(runs[contender.title], ours))
        for contender in contenders
    ]
    parallel = max((run.parallel for run in ours), default=0)
    rows.append(
        _limit_row(
            f"limit: a read and a write of each, {parallel} at a time",
            reading_and_writing,
            _times_of(reading_and_writing, ours),
        )
    )
    goals = [
        _faster(
            f"{size.functions} functions, {LATENCY * 1000:.0f} ms: 40x faster than the shell loop",
            40,
            runs[SHELL_LOOP.title],
            ours,
        ),
        _faster(
            f"{size.functions} functions, {LATENCY * 1000:.0f} ms: 60x faster than an Ansible loop of `command: aws`",
            60,
            runs[ANSIBLE_COMMAND.title],
            ours,
        ),
    ]
    return Section(
        f"{size.functions} functions, {LATENCY * 1000:.0f} ms for each call, no rate limits",
        "Every function gets a reserved concurrency. The endpoint answers each call after the latency and limits "
        "nothing; the collection is told so (`request_rates`). *Calls* is what arrived, for each function: the shell "
        "loop and `command: aws` only write, modules read first. *API time* is from the first request's arrival to "
        "the last answer. The single-function module reads and writes with boto3, in the style of amazon.aws, which "
        "has none for this.",
        _COLUMNS,
        rows,
        goals,
        _raw(runs),
        len(ours) == len(runs[COLLECTION.title]),
    )


def with_rates(endpoint: Stub, size: Size) -> Section:
    """The same under Lambda's own rates."""
    contenders = (BOTO_THREADS, BOTO_THREADS_PATIENT, COLLECTION, _START)
    wanted = functions(size.functions)
    runs = _side_by_side(endpoint, contenders, wanted, size, rates=LAMBDA_RATES)
    ours = _sound(runs[COLLECTION.title])
    limit, least = _at_rates(size.functions, size.functions)
    write_limit, _least = _at_rates(0, size.functions)
    rows = [
        _row(contender, runs[contender.title], len(wanted), _times(runs[contender.title], ours))
        for contender in contenders
    ]
    rows += [
        _limit_row("limit: a write of each, calls / rate", write_limit, _times_of(write_limit, ours)),
        _limit_row("limit: a read and a write of each, calls / rate", limit, _times_of(limit, ours)),
        _limit_row("the same with the endpoint's burst", least, _times_of(least, ours)),
    ]
    calls, throttled = sum(run.calls for run in ours), sum(run.throttled for run in ours)
    lost = sum(run.lost for run in runs[COLLECTION.title])
    share = throttled / calls if calls else math.inf
    goals = [
        _near(f"{size.functions} functions under Lambda's rates: within 1.1x of the limit", 1.1, ours, limit, least),
        Goal("at most 2 % of its calls throttled", f"{throttled} of {calls} ({share:.1%})", share <= 0.02),
        Goal("0 targets lost", f"{lost} in {len(runs[COLLECTION.title])} runs", bool(ours) and lost == 0),
    ]
    return Section(
        f"{size.functions} functions under Lambda's own rates",
        "As above, with 30 ms latency, and the endpoint throttles as Lambda does: `GetFunction` 100 requests a second, "
        "all other control plane calls together 15, each with one second's worth at once after a rest (AWS publishes no "
        "burst; this one is the stub's). The loops of the first table make fewer than 15 calls a second and are not "
        "repeated here. The hand-written peers only write, so their limit is the lower one.",
        _COLUMNS,
        rows,
        goals,
        _raw(runs),
        len(ours) == len(runs[COLLECTION.title]),
    )


def second_run(endpoint: Stub, size: Size) -> Section:
    """Everything is as wanted already."""
    contenders = (COLLECTION, _START)
    wanted = functions(size.functions)
    runs = _side_by_side(endpoint, contenders, wanted, size, rates=LAMBDA_RATES, already=True)
    ours = _sound(runs[COLLECTION.title])
    limit, least = _at_rates(size.functions, 0)
    rows = [
        _row(contender, runs[contender.title], len(wanted), _times(runs[contender.title], ours))
        for contender in contenders
    ]
    rows += [
        _limit_row("limit: a read of each, calls / rate", limit, _times_of(limit, ours)),
        _limit_row("the same with the endpoint's burst", least, _times_of(least, ours)),
    ]
    writes = sum(run.writes for run in runs[COLLECTION.title])
    goals = [
        _near(f"second run of the same {size.functions}: within 1.3x of its limit", 1.3, ours, limit, least),
        Goal("second run: 0 writes", f"{writes} in {len(runs[COLLECTION.title])} runs", bool(ours) and writes == 0),
    ]
    return Section(
        f"A second run of the same {size.functions}",
        "Lambda's rates and 30 ms latency; every function has what the task wants before it starts.",
        _COLUMNS,
        rows,
        goals,
        _raw(runs),
        len(ours) == len(runs[COLLECTION.title]),
    )


_COLUMNS = ("", "Runs", "Whole process", "Times ours", "API time", "CPU", "Calls", "Throttled", "Targets lost")


def _side_by_side(
    endpoint: Stub,
    contenders: Sequence[Contender],
    wanted: Mapping[str, int],
    size: Size,
    *,
    rates: Mapping[str, float],
    already: bool = False,
) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {contender.title: [] for contender in contenders}
    by_title = {contender.title: contender for contender in contenders}
    for title in alternate({c.title: size.slow_repeat if c.slow else size.repeat for c in contenders}):
        targets = dict(list(wanted.items())[:1]) if title == _START.title else wanted
        run = measure(endpoint, by_title[title], targets, latency=LATENCY, rates=rates, already=already, aws=size.aws)
        runs[title].append(run)
        verdict = "" if run.sound else f"  FAILED: status {run.status}, {run.lost} lost\n{last_lines(run.output)}"
        say(f"  {title}: {run.seconds:.2f} s, {run.calls} calls, {run.throttled} throttled{verdict}")
    return runs


def _sound(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.sound]


def _waves(number: int, runs: Sequence[Run]) -> int:
    """How often as many calls as run at the same time must follow each other."""
    return math.ceil(number / max((run.parallel for run in runs), default=1))


def _at_rates(reads: int, writes: int) -> tuple[float, float]:
    """Seconds for the calls at Lambda's rates, and the least that is possible with a full bucket at the start."""
    rates = ((reads, LAMBDA_RATES["GetFunction"]), (writes, LAMBDA_RATES["control plane"]))
    sustained = sum(calls / rate for calls, rate in rates)
    least = sum(max(0.0, calls - rate) / rate + LATENCY for calls, rate in rates if calls)
    return sustained, least


def _row(contender: Contender, runs: Sequence[Run], targets: int, times: str) -> list[str]:
    if contender is _START:
        targets = 1
    failed = len(runs) - len(_sound(runs))
    return [
        contender.title,
        f"{len(runs)}, **{failed} failed**" if failed else str(len(runs)),
        spread([run.seconds for run in runs]),
        times,
        f"{middle(run.api_seconds for run in runs):.2f} s",
        f"{middle(run.cpu_seconds for run in runs):.1f} s",
        f"{middle(run.calls / targets for run in runs):.2f} each",
        f"{sum(run.throttled for run in runs) / max(1, sum(run.calls for run in runs)):.1%}",
        _counted([run.lost for run in runs]),
    ]


def _counted(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def _limit_row(title: str, seconds: float, times: str) -> list[str]:
    return [title, "", f"{seconds:.2f} s", times, "", "", "", "", ""]


def _times(runs: Sequence[Run], ours: Sequence[Run]) -> str:
    return _times_of(middle(run.seconds for run in runs), ours)


def _times_of(seconds: float, ours: Sequence[Run]) -> str:
    return f"{seconds / middle(run.seconds for run in ours):.2f}x" if ours else "-"


def _faster(text: str, least: float, theirs: Sequence[Run], ours: Sequence[Run]) -> Goal:
    peers = _sound(theirs)
    if not ours or not peers:
        return Goal(text, "no sound run to compare", False)
    times = middle(run.seconds for run in peers) / middle(run.seconds for run in ours)
    return Goal(text, f"{times:.0f}x", times >= least)


def _near(text: str, most: float, ours: Sequence[Run], limit: float, least: float) -> Goal:
    if not ours:
        return Goal(text, "no sound run", False)
    whole, api = middle(run.seconds for run in ours), middle(run.api_seconds for run in ours)
    return Goal(
        text,
        f"{whole / limit:.2f}x (whole process {whole:.1f} s, limit {limit:.1f} s; on the API {api:.1f} s, "
        f"{api / least:.2f}x of the {least:.1f} s that the endpoint's burst allows)",
        whole / limit <= most,
    )


def _raw(runs: Mapping[str, Sequence[Run]]) -> dict[str, list[dict[str, object]]]:
    return {
        title: [{k: v for k, v in asdict(run).items() if k != "output"} for run in some] for title, some in runs.items()
    }
