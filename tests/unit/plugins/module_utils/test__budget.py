# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._budget import Budget


class Table:
    """A table and its clients, played through on a clock that does not wait.

    Some clients send one request after the other. Each is counted by the table somewhere between sending and answer: in
    the middle, or so many seconds before the answer.
    """

    def __init__(
        self,
        units: float,
        latency: Callable[[], float],
        clients: int,
        factor: float = 1.0,
        way_back: float | None = None,
    ) -> None:
        self.now = 0.0
        self.counted: list[tuple[float, float]] = []
        self.budget = Budget(units, clock=lambda: self.now, sleep=self._sleep)
        self._latency = latency
        self._way_back = way_back
        self._factor = factor
        self._answers: list[tuple[float, int, object]] = []
        self._free = clients
        self._number = 0

    def _sleep(self, seconds: float) -> None:
        self._until(self.now + seconds)

    def _until(self, moment: float) -> None:
        while self._answers and self._answers[0][0] <= moment:
            self.now, _number, answered = heapq.heappop(self._answers)
            answered()
            self._free += 1
        self.now = max(self.now, moment)

    def send(self, parts: list[float]) -> int:
        """One request of some parts; how many of them went."""
        while not self._free:
            self._until(self._answers[0][0])
        self._free -= 1
        spending = self.budget.spend(parts)
        spent = spending.__enter__()
        units = sum(parts[: spent.number]) * self._factor
        latency = self._latency()
        way_back = latency / 2 if self._way_back is None else self._way_back
        self.counted.append((self.now + latency - way_back, units))

        def answered() -> None:
            spent.units = units
            spending.__exit__(None, None, None)

        self._number += 1
        heapq.heappush(self._answers, (self.now + latency, self._number, answered))
        return spent.number

    def worst_second(self) -> float:
        counted = sorted(self.counted)
        worst = within = 0.0
        first = 0
        for at, units in counted:
            within += units
            while counted[first][0] <= at - 1:
                within -= counted[first][1]
                first += 1
            worst = max(worst, within)
        return worst

    def use(self, seconds: float) -> float:
        """What part of the budget was used of what there was, without the first second."""
        begun = min(at for at, _units in self.counted) + 1
        return sum(units for at, units in self.counted if begun <= at < begun + seconds) / (self.budget.units * seconds)


def play(table: Table, seconds: float, sizes: Callable[[], float]) -> None:
    while table.now < seconds + 2.5:
        waiting = [sizes() for _part in range(25)]
        while waiting:
            waiting = waiting[table.send(waiting) :]


LATENCIES = {
    "steady": lambda chance: 0.03,
    "far": lambda chance: 0.2,
    "jitter": lambda chance: 0.03 + chance.expovariate(1 / 0.004),
}


@pytest.mark.parametrize("units", [40, 110, 1000, 8000])
@pytest.mark.parametrize("latency", list(LATENCIES))
def test_almost_all_is_used_and_no_second_has_more(units: float, latency: str) -> None:
    chance = random.Random(7)
    table = Table(units, lambda: LATENCIES[latency](chance), clients=64)
    seconds = 20 if units < 1000 else 4
    play(table, seconds, lambda: 1.0)
    assert table.worst_second() <= units
    assert table.use(seconds) >= 0.95


def test_first_answers_that_are_slow_do_not_make_the_second_shorter() -> None:
    """A connection has to be made first: what an answer takes at least is not known well before the second one."""
    latencies = iter([0.08] * 20)
    table = Table(1000, lambda: next(latencies, 0.03), clients=32, way_back=0.03)
    play(table, 4, lambda: 1.0)
    assert table.worst_second() <= 1000
    assert table.use(4) >= 0.95


def test_parts_of_different_size_stay_within_the_budget() -> None:
    chance = random.Random(7)
    table = Table(200, lambda: 0.03, clients=32)
    play(table, 20, lambda: float(chance.choice([1, 1, 1, 2, 7, 40])))
    assert table.worst_second() <= 200
    assert table.use(20) >= 0.85


def test_what_costs_more_than_was_thought_is_found_out_before_it_is_too_much() -> None:
    """An index doubles each write."""
    table = Table(1000, lambda: 0.03, clients=32, factor=2.0)
    play(table, 20, lambda: 1.0)
    assert table.worst_second() <= 1000
    assert table.use(20) >= 0.95


def test_one_that_alone_is_more_than_a_second_goes_alone() -> None:
    table = Table(10, lambda: 0.03, clients=4)
    for _request in range(3):
        table.send([35.0])
    moments = [at for at, _units in table.counted]
    assert all(later - earlier >= 3.5 for earlier, later in pairwise(moments))


def test_no_limit_waits_for_nothing_and_counts() -> None:
    table = Table(0, lambda: 0.03, clients=4)
    assert table.send([1.0] * 25) == 25
    table.send([1.0] * 25)
    table._until(1.0)
    assert (table.budget.total, table.now) == (50.0, 1.0)


def test_what_fails_counts_as_estimated() -> None:
    budget = Budget(10)
    with pytest.raises(KeyError), budget.spend([2.0]):
        raise KeyError
    assert budget.total == 2.0
