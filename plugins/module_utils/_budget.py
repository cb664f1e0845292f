# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""So many capacity units a second and no more, used almost completely.

What a request costs is known only from its answer, so it is estimated before and corrected after. When AWS counts it is
not known either, only that it is between sending and answer. So a request counts from the moment at which it is sent
until a second after its answer: then whatever second one looks at, on AWS's own clock, has no more than the budget in
it. The time that every answer takes at least shifts all requests alike, so it is taken off; without that, the further
away AWS is, the less of the budget could be used. Standard library only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

# Seconds for which a request counts; a little more than one, because clocks are read with some delay.
WINDOW = 1.01
# A request waits for room for this part of the budget rather than going out in crumbs.
_LEAST_PART = 1 / 32
# Until the first answer has come this part is used at most: indexes may multiply what a write costs.
_UNKNOWN_PART = 1 / 4
# Surprises are forgotten at this rate, answer by answer.
_FORGETTING = 0.95
# Requests are spread over the second, so that the table sees no bursts; what is late may catch up on this many seconds.
_CATCH_UP = 0.05
# How often the room is looked at while answers are awaited.
_LOOK = 0.005
# A clock that is read in between has moved on for sure.
_SHORTEST = 0.0002


@dataclass(eq=False)
class Spent:
    """What one request takes from a budget.

    Attributes:
        number: How many parts of the request there is room for.
        estimate: Units that were asked for.
        units: Units that count.
        at: When it was sent.
        answered: When it was answered, if it was.
    """

    number: int
    estimate: float
    units: float
    at: float
    answered: float | None = None


class Budget:
    """Units a second. Safe to use from several threads.

    Args:
        units: Units a second; 0 is no limit.
        clock: Seconds of any origin.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        units: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.units = float(units)
        self.total = 0.0
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._counting: list[Spent] = []
        self._next = 0.0
        self._factor = 1.0
        self._quickest: float | None = None

    @contextmanager
    def spend(self, estimates: Sequence[float]) -> Iterator[Spent]:
        """Wait until there is room, and take it for a request.

        The request is sent inside the block, which sets `units` to what AWS answers. If it fails, it counts as
        estimated.

        Args:
            estimates: Units of each part of the request, which may be cut after any but the first: `Spent.number`.
        """
        spent = self._take(estimates)
        try:
            yield spent
        finally:
            self._answered(spent)

    def _take(self, estimates: Sequence[float]) -> Spent:
        if not self.units:
            units = sum(estimates)
            return Spent(len(estimates), units, units, 0.0)
        # One waits for room at a time, in the order in which they came; answers are noted meanwhile.
        with self._turn:
            while True:
                with self._lock:
                    now = self._clock()
                    spent, pause = self._fitting(estimates, now)
                    if spent:
                        self._counting.append(spent)
                        self._next = max(self._next, now - _CATCH_UP) + spent.units / self.units
                        return spent
                self._sleep(max(pause, _SHORTEST))

    def _fitting(self, estimates: Sequence[float], now: float) -> tuple[Spent | None, float]:
        """What there is room for now, or the seconds until it is worth asking again."""
        ends = {spent: self._until(spent) for spent in self._counting}
        self._counting = [spent for spent, end in ends.items() if end is None or end > now]
        known = self._quickest is not None
        limit = self.units if known else max(1.0, self.units * _UNKNOWN_PART)
        room = limit - sum(spent.units for spent in self._counting)
        least = min(sum(estimates), max(estimates[0], limit * _LEAST_PART)) * self._factor
        # What alone costs more than the budget goes out when nothing else counts, and counts for longer.
        if least > room and self._counting:
            known_ends = [end for spent in self._counting if (end := ends[spent]) is not None]
            most = _LOOK if len(known_ends) < len(self._counting) else WINDOW
            return None, min([most, *(end - now for end in known_ends)])
        if self._next > now:
            return None, self._next - now
        number, units = 1, estimates[0]
        for estimate in estimates[1:]:
            if (units + estimate) * self._factor > room:
                break
            number, units = number + 1, units + estimate
        return Spent(number, units, units * self._factor, now), 0.0

    def _until(self, spent: Spent) -> float | None:
        """Until when a request counts, if that is known.

        Asked again each time: the first answers are slow, because connections are new, so what an answer takes at least
        is known well only when they are about to stop counting.
        """
        if spent.answered is None or self._quickest is None:
            return None
        return spent.answered - self._quickest + WINDOW * max(1.0, spent.units / self.units)

    def _answered(self, spent: Spent) -> None:
        with self._lock:
            self.total += spent.units
            if not self.units:
                return
            now = self._clock()
            taken = now - spent.at
            self._quickest = taken if self._quickest is None else min(self._quickest, taken)
            spent.answered = now
            self._next += (spent.units - spent.estimate * self._factor) / self.units
            self._factor = max(spent.units / spent.estimate, 1 + (self._factor - 1) * _FORGETTING)
