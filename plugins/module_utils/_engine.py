# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Read every target, plan every target, and only then write.

Standard library only: what a fetch, a plan or a call is, the caller decides. That keeps the order of events testable
without Ansible and without AWS, and lets the same modules run behind another edge than an Ansible module.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Outcome, Plan, Refused, Target

# What can go on at once goes before what has not begun, so that all kinds of calls of a stage are made at the same time:
# AWS counts them in different rates, and one after the other they would take the sum of their times.
_AT_ONCE = -1.0

# A state that has not settled is asked for again after this many seconds, then after longer and longer pauses: short
# changes are not slowed down, and long ones do not use up the account's request rate.
FIRST_PAUSE = 0.2
PAUSE_GROWTH = 1.6


# Seconds for which the main thread waits at most before it looks up. Python runs the handlers of signals in that thread
# alone, and only when it does something: one that comes just before it begins to wait without end is not answered until
# the last call is, which may be a quarter of an hour after Ctrl-C.
LOOKS_UP = 0.5


class Unsettled(Exception):
    """A call was accepted, but its effect was not there when the time was up."""


class NotTakenBack(Exception):
    """A call has failed, and so has the one that should have taken back what it had done for its own time only.

    Attributes:
        code: The code of the first error.
    """

    def __init__(self, first: Exception, second: Exception) -> None:
        super().__init__(f"{first} What should have been taken back then was not: {second}")
        self.code: str | None = getattr(first, "code", None)


@dataclass
class _Job:
    """One target on its way through the calls of one stage."""

    outcome: Outcome
    calls: deque[Call]
    learned: dict[str, Any]
    done: list[Call] = field(default_factory=list)
    waiting_for: Call | None = None
    pause: float = FIRST_PAUSE

    def fail(self, error: Exception) -> None:
        """Keep the error, and of the calls that are left only those that are made despite it."""
        if self.outcome.error:
            error = NotTakenBack(self.outcome.error, error)
        self.outcome = replace(self.outcome, error=error)
        code = getattr(error, "code", None)
        self.calls = deque(call for call in self.calls if call.despite and call.despite == code)
        self.waiting_for = None


def gather(
    work: Callable[[Target], Any], targets: Sequence[Target], workers: int, guard: tuple[type[Exception], ...]
) -> list[Any]:
    """`work` of every target at the same time, in their order; an exception in `guard` is a value, others surface."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return _gather(work, targets, pool, guard)


def _gather(
    work: Callable[[Target], Any],
    targets: Sequence[Target],
    pool: ThreadPoolExecutor,
    guard: tuple[type[Exception], ...],
) -> list[Any]:
    def guarded(target: Target) -> Any:
        try:
            return work(target)
        except guard as error:
            return error

    return _results([pool.submit(guarded, target) for target in targets])


def _results(futures: Sequence[Future[Any]]) -> list[Any]:
    """What each gives, or its exception."""
    while wait(futures, timeout=LOOKS_UP).not_done:
        pass
    return [future.result() for future in futures]


def reconcile(
    targets: Sequence[Target],
    *,
    fetch: Callable[[Target], Any],
    plan: Callable[[Target, Any, Any], Plan],
    call: Callable[[Target, Call], Mapping[str, Any]],
    settled: Callable[[Target, Call], bool],
    survey: Callable[[], Any] | None = None,
    review: Callable[[Mapping[str, Plan], Any], Mapping[str, str]] | None = None,
    confirm: Callable[[Target, Plan, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    check_mode: bool = False,
    partial: bool = False,
    workers: int = 16,
    guard: tuple[type[Exception], ...] = (),
    wait_last: bool = True,
    timeout: float = 600.0,
    longest_pause: float = 5.0,
) -> list[Outcome]:
    """Bring every target to its desired state, or say why not.

    Args:
        targets: What to work on; outcomes come back in the same order.
        fetch: Reads the current state of one target.
        plan: Pure: (target, what fetch gave, what survey gave) to a plan. Raises `Refused` for what must not be done.
        call: Makes one call; gives what the call is to learn of its answer.
        settled: Whether the effect of a call with a `settle` is there now. Raises when it never will be.
        survey: Reads what concerns all targets together (an account's limits), at the same time as the fetches.
        review: Pure: all plans together against the survey; the targets that must not be changed, with the reason.
        confirm: (target, plan, what was learned): reads again when all calls of the target went well and are waited for,
            and gives fields of the target's result. Raises `Refused` when what is there is not what was meant.
        check_mode: Stop after planning.
        partial: Write to the targets that are sound although others are not.
        workers: How many targets are read or written at the same time. A target that waits holds no worker.
        guard: Exceptions that become outcomes. Any other exception is a bug and surfaces. `Refused` is always caught.
        wait_last: Wait for the last call of each target too. Between two calls of one target it is always waited.
        timeout: Seconds for all the writing and waiting.
        longest_pause: Seconds between two looks at a state that has not settled, at most.

    Returns:
        One outcome for each target. If any target could not be read or planned, nothing was written at all, unless
        `partial`.
    """
    expected: tuple[type[Exception], ...] = (*guard, Refused, Unsettled)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        surveyed = pool.submit(survey) if survey else None
        states = _gather(fetch, targets, pool, expected)
        context: Any = None
        if surveyed is not None:
            try:
                context = _results([surveyed])[0]
            except expected as error:
                return [Outcome(target, error=error) for target in targets]
        outcomes = [
            _planned(target, state, context, plan, expected) for target, state in zip(targets, states, strict=True)
        ]
        if review and (partial or not any(outcome.error for outcome in outcomes)):
            plans = {outcome.target.name: outcome.plan for outcome in outcomes if outcome.plan}
            refused = review(plans, context)
            outcomes = [
                Outcome(o.target, o.plan, error=Refused(refused[o.target.name])) if o.target.name in refused else o
                for o in outcomes
            ]
        if check_mode or (not partial and any(outcome.error for outcome in outcomes)):
            return outcomes
        clock = _Clock(time.monotonic() + timeout, longest_pause)
        for stage in sorted({c.stage for o in outcomes if o.plan for c in o.plan.calls}):
            outcomes = _stage(outcomes, stage, call, settled, pool, workers, expected, wait_last, clock)
        if confirm and wait_last:
            outcomes = _results([pool.submit(_confirmed, outcome, confirm, expected) for outcome in outcomes])
    return outcomes


def _confirmed(
    outcome: Outcome,
    confirm: Callable[[Target, Plan, Mapping[str, Any]], Mapping[str, Any]],
    expected: tuple[type[Exception], ...],
) -> Outcome:
    if outcome.error or outcome.plan is None:
        return outcome
    try:
        return replace(outcome, fields=confirm(outcome.target, outcome.plan, outcome.learned))
    except expected as error:
        return replace(outcome, error=error)


def _planned(
    target: Target,
    state: Any,
    context: Any,
    plan: Callable[[Target, Any, Any], Plan],
    expected: tuple[type[Exception], ...],
) -> Outcome:
    if isinstance(state, expected):
        return Outcome(target, error=state)
    try:
        return Outcome(target, plan(target, state, context))
    except expected as error:
        return Outcome(target, error=error)


@dataclass(frozen=True)
class _Clock:
    deadline: float
    longest_pause: float


def _stage(
    outcomes: Iterable[Outcome],
    stage: int,
    call: Callable[[Target, Call], Mapping[str, Any]],
    settled: Callable[[Target, Call], bool],
    pool: ThreadPoolExecutor,
    workers: int,
    expected: tuple[type[Exception], ...],
    wait_last: bool,
    clock: _Clock,
) -> list[Outcome]:
    """All calls of one stage, of all targets that are still sound."""
    jobs = [
        _Job(
            o,
            deque(c for c in o.plan.calls if c.stage == stage) if o.plan and not o.error else deque(),
            dict(o.learned),
        )
        for o in outcomes
    ]

    def step(job: _Job) -> float | None:
        """One call or one look; the seconds until the next step, or none when the job has ended."""
        target = job.outcome.target
        if job.waiting_for is None:
            planned = job.calls.popleft()
            current = planned.given(job.learned)
            job.learned.update(call(target, current))
            job.done.append(planned)
            last = job.outcome.plan is not None and planned is job.outcome.plan.calls[-1]
            if current.settle is None or (last and not wait_last):
                return 0.0 if job.calls else None
            # What the call itself has learned may be what its waiter asks with.
            job.waiting_for, job.pause = planned.given(job.learned), FIRST_PAUSE
            return job.pause
        if settled(target, job.waiting_for):
            job.waiting_for = None
            return 0.0 if job.calls else None
        if time.monotonic() >= clock.deadline:
            raise Unsettled(
                f"{job.waiting_for.action} was accepted, but its effect is not there yet. AWS goes on working on it: "
                "run the same task again to wait on, or raise wait_timeout."
            )
        job.pause = min(job.pause * PAUSE_GROWTH, clock.longest_pause)
        return job.pause

    ticket = itertools.count()
    due = [(0.0, next(ticket), job) for job in jobs if job.calls]
    running: dict[Future[float | None], _Job] = {}
    while due or running:
        now = time.monotonic()
        while due and due[0][0] <= now and len(running) < workers:
            job = heapq.heappop(due)[2]
            running[pool.submit(step, job)] = job
        free = due and len(running) < workers
        patience = min(LOOKS_UP, max(0.0, due[0][0] - now)) if free else LOOKS_UP
        if not running:
            time.sleep(patience)
            continue
        for future in wait(running, timeout=patience, return_when=FIRST_COMPLETED).done:
            job = running.pop(future)
            try:
                pause = future.result()
            except expected as error:
                job.fail(error)
                pause = 0.0 if job.calls else None
            if pause is not None:
                heapq.heappush(due, (time.monotonic() + pause if pause else _AT_ONCE, next(ticket), job))
    return [replace(j.outcome, done=(*j.outcome.done, *j.done), learned=j.learned) for j in jobs]
