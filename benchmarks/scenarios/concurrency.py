# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The ways to set many functions, against an endpoint with latency and with Lambda's rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.contenders.functions import (
    ANSIBLE_COMMAND,
    ANSIBLE_SINGLE,
    BOTO_THREADS,
    BOTO_THREADS_PATIENT,
    COLLECTION,
    SHELL_LOOP,
    FunctionsJob,
)
from benchmarks.harness import LATENCY, Size, Task
from benchmarks.processes import Stub
from benchmarks.results import Goal, Section
from benchmarks.side_by_side import Entry, SideBySide
from benchmarks.stub.functions import LAMBDA_RATES

# The same task with one function: Ansible's own start and the module's, which no number of targets makes shorter.
_START = Contender("this collection, one function", COLLECTION.command)


def set_functions(
    number: int,
    *,
    latency: float = LATENCY,
    rates: Mapping[str, float] | None = None,
    already: bool = False,
    aws: str | None = None,
) -> Task[FunctionsJob]:
    """Give functions a reserved concurrency.

    Args:
        number: How many.
        latency: Seconds for each call.
        rates: The endpoint's rate limits; none means none, and a contender that paces itself is told so.
        already: The functions have what is wanted before it starts.
        aws: As in `Size`.
    """
    wanted = {f"bench-function-{n:04d}-prod": 1 + n % 5 for n in range(number)}

    def lost(report: Mapping[str, Any], _said: str) -> int:
        state = report["reserved"]
        return sum(state.get(name) != wanted.get(name) for name in {*wanted, *state})

    reserved = wanted if already else {}
    settings = {"functions": list(wanted), "reserved": reserved, "latency": latency, "rates": dict(rates or {})}
    job = FunctionsJob(aws=aws, wanted=wanted, unlimited=not rates)
    return Task("functions", settings, number, job, lost)


def without_limits(endpoint: Stub, size: Size) -> Section:
    """200 functions, 30 ms for each call, no rate limits."""
    task = set_functions(size.functions, aws=size.aws)
    contenders = (SHELL_LOOP, ANSIBLE_COMMAND, ANSIBLE_SINGLE, BOTO_THREADS, COLLECTION)
    runs = SideBySide(
        endpoint, size, [*(Entry(each, task) for each in contenders), Entry(_START, set_functions(1))], COLLECTION
    )
    parallel = max((run.parallel for run in runs.ours), default=1)
    # As many calls as run at the same time, one after the other.
    reading_and_writing = 2 * math.ceil(size.functions / parallel) * LATENCY
    about = f"{size.functions} functions, {LATENCY * 1000:.0f} ms"
    return runs.section(
        f"{about} for each call, no rate limits",
        "Every function gets a reserved concurrency. The endpoint answers each call after the latency and limits "
        "nothing; the collection is told so (`request_rates`). *Calls* is what arrived, for each function: the shell "
        "loop and `command: aws` only write, modules read first. *API time* is from the first request's arrival to "
        "the last answer. The single-function module reads and writes with boto3, in the style of amazon.aws, which "
        "has none for this.",
        limits=[runs.limit(f"limit: a read and a write of each, {parallel} at a time", reading_and_writing)],
        goals=[
            runs.faster(f"{about}: 40x faster than the shell loop", 40, SHELL_LOOP),
            runs.faster(f"{about}: 60x faster than an Ansible loop of `command: aws`", 60, ANSIBLE_COMMAND),
        ],
    )


def with_rates(endpoint: Stub, size: Size) -> Section:
    """The same under Lambda's own rates."""
    task = set_functions(size.functions, rates=LAMBDA_RATES)
    entries = [Entry(each, task) for each in (BOTO_THREADS, BOTO_THREADS_PATIENT, COLLECTION)]
    runs = SideBySide(endpoint, size, [*entries, Entry(_START, set_functions(1, rates=LAMBDA_RATES))], COLLECTION)
    limit, least = _at_rates(size.functions, size.functions)
    write_limit, _least = _at_rates(0, size.functions)
    calls, throttled = sum(run.calls for run in runs.ours), sum(run.throttled for run in runs.ours)
    lost = sum(run.lost for run in runs.all_of_ours)
    share = throttled / calls if calls else math.inf
    return runs.section(
        f"{size.functions} functions under Lambda's own rates",
        "As above, with 30 ms latency, and the endpoint throttles as Lambda does: `GetFunction` 100 requests a second, "
        "all other control plane calls together 15, each with one second's worth at once after a rest (AWS publishes no "
        "burst; this one is the stub's). The loops of the first table make fewer than 15 calls a second and are not "
        "repeated here. The hand-written peers only write, so their limit is the lower one.",
        limits=[
            runs.limit("limit: a write of each, calls / rate", write_limit),
            runs.limit("limit: a read and a write of each, calls / rate", limit),
            runs.limit("the same with the endpoint's burst", least),
        ],
        goals=[
            runs.near(f"{size.functions} functions under Lambda's rates: within 1.1x of the limit", 1.1, limit, least),
            Goal("at most 2 % of its calls throttled", f"{throttled} of {calls} ({share:.1%})", share <= 0.02),
            Goal("0 targets lost", f"{lost} in {len(runs.all_of_ours)} runs", bool(runs.ours) and lost == 0),
        ],
    )


def second_run(endpoint: Stub, size: Size) -> Section:
    """Everything is as wanted already."""
    entries = [
        Entry(contender, set_functions(number, rates=LAMBDA_RATES, already=True))
        for contender, number in ((COLLECTION, size.functions), (_START, 1))
    ]
    runs = SideBySide(endpoint, size, entries, COLLECTION)
    limit, least = _at_rates(size.functions, 0)
    writes = sum(run.writes for run in runs.all_of_ours)
    return runs.section(
        f"A second run of the same {size.functions}",
        "Lambda's rates and 30 ms latency; every function has what the task wants before it starts.",
        limits=[
            runs.limit("limit: a read of each, calls / rate", limit),
            runs.limit("the same with the endpoint's burst", least),
        ],
        goals=[
            runs.near(f"second run of the same {size.functions}: within 1.3x of its limit", 1.3, limit, least),
            Goal("second run: 0 writes", f"{writes} in {len(runs.all_of_ours)} runs", bool(runs.ours) and writes == 0),
        ],
    )


def _at_rates(reads: int, writes: int) -> tuple[float, float]:
    """Seconds for the calls at Lambda's rates, and the least that is possible with a full bucket at the start."""
    rates = ((reads, LAMBDA_RATES["GetFunction"]), (writes, LAMBDA_RATES["control plane"]))
    sustained = sum(calls / rate for calls, rate in rates)
    least = sum(max(0.0, calls - rate) / rate + LATENCY for calls, rate in rates if calls)
    return sustained, least
