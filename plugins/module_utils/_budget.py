# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""So many capacity units a second and no more, used almost completely.

What a request costs is known only from its answer, so it is estimated before and corrected after. Any second, not only
one that begins with the clock's, must stay within the budget: so what was spent is remembered for a second, and the next
request is sent when there is room for it. Standard library only.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

# What was spent counts for a little longer than a second: requests do not all take the same time to AWS. It costs the
# same share of the budget.
WINDOW = 1.03
# A request waits for room for this part of the budget rather than going out in crumbs.
_LEAST_PART = 1 / 8
# Until the first answer has come this part is used at most: indexes may multiply what a write costs.
_UNKNOWN_PART = 1 / 4
# Old surprises are forgotten this quickly.
_FORGETTING = 0.95


class Spent:
    """What one request takes from a budget."""

    def __init__(self, budget: Budget, at: float, units: float, estimate: float) -> None:
        self._budget = budget
        self.at = at
        self.units = units
        self.estimate = estimate

    def correct(self, units: float) -> None:
        """AWS has answered that it was so much."""
        self._budget.correct(self, units)


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
        self._recent: deque[Spent] = deque()
        self._next = 0.0
        self._factor = 1.0
        self._answered = False

    def take(self, estimates: Sequence[float]) -> tuple[int, Spent]:
        """Wait until there is room, and take it.

        Args:
            estimates: Units of each part of the request, which may be cut after any but the first.

        Returns:
            How many of the parts may be sent, and what is to be corrected when the answer has come.
        """
        if not self.units:
            return len(estimates), Spent(self, self._clock(), 0.0, 0.0)
        # One waits for room at a time, in the order in which they came; corrections go on meanwhile.
        with self._turn:
            while True:
                with self._lock:
                    now = self._clock()
                    number, units, pause = self._fitting(estimates, now)
                    if not pause:
                        spent = Spent(self, now, units * self._factor, units)
                        self._recent.append(spent)
                        # Spread over the second, so that the table sees no bursts.
                        self._next = max(self._next, now - 0.05) + spent.units / self.units
                        return number, spent
                self._sleep(pause)

    def correct(self, spent: Spent, units: float) -> None:
        """See `Spent.correct`."""
        with self._lock:
            self.total += units
            if not self.units:
                return
            self._next += (units - spent.units) / self.units
            spent.units = units
            self._answered = True
            if spent.estimate:
                self._factor = max(units / spent.estimate, 1 + (self._factor - 1) * _FORGETTING)

    def _fitting(self, estimates: Sequence[float], now: float) -> tuple[int, float, float]:
        """How many parts may be sent now, their units, and otherwise the seconds until it is worth asking again."""
        while self._recent and self._over(self._recent[0]) <= now:
            self._recent.popleft()
        limit = self.units if self._answered else max(1.0, self.units * _UNKNOWN_PART)
        room = limit - sum(spent.units for spent in self._recent)
        least = min(sum(estimates), max(estimates[0], limit * _LEAST_PART)) * self._factor
        # What alone costs more than a second's budget goes out when nothing else counts, and counts for longer.
        if least > room and self._recent:
            if not self._answered:
                return 0, 0.0, 0.005
            return 0, 0.0, max(self._over(self._recent[0]) - now, 0.001)
        if self._next > now:
            return 0, 0.0, self._next - now
        number, units = 1, estimates[0]
        for estimate in estimates[1:]:
            if (units + estimate) * self._factor > room:
                break
            number, units = number + 1, units + estimate
        return number, units, 0.0

    def _over(self, spent: Spent) -> float:
        return spent.at + WINDOW * max(1.0, spent.units / self.units)
