# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What modules tell of their progress, as a line for a person. The lines are written by `module_utils/_progress.py`."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Seconds over which the rate is taken: long enough to be steady, short enough to see it change.
_RATE_SECONDS = 10.0
# Works that are named on one line.
_NAMED = 3


@dataclass
class Work:
    """One piece of work, as far as it has been told."""

    what: str
    unit: str
    total: int | None
    done: int = 0
    steps: deque[tuple[float, int]] = field(default_factory=deque)

    def tell(self, time: float, done: int, total: int | None) -> None:
        """So much is done at this time."""
        self.done, self.total = done, total
        self.steps.append((time, done))
        while len(self.steps) > 2 and time - self.steps[0][0] > _RATE_SECONDS:
            self.steps.popleft()

    @property
    def rate(self) -> float:
        """Units a second."""
        (first, some), (last, more) = self.steps[0], self.steps[-1]
        return (more - some) / (last - first) if last > first else 0.0

    def text(self) -> str:
        """What, how much of how much, how fast, and how long it still takes."""
        known = self.total is not None and self.total >= self.done
        parts = [
            f"{self.done:,} of {self.total:,} {self.unit} ({self.done * 100 // (self.total or 1)} %)"
            if known and self.total
            else f"{self.done:,} {self.unit}"
        ]
        if self.rate > 0:
            parts.append(f"{self.rate:,.0f} a second" if self.rate >= 10 else f"{self.rate:.1f} a second")
            if known and self.total:
                parts.append(f"{_duration((self.total - self.done) / self.rate)} left")
        return f"{self.what}: {', '.join(parts)}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Watch:
    """All work that is under way.

    Args:
        is_alive: Whether there is a process with this id; what a killed one has begun never ends.
    """

    def __init__(self, is_alive: Callable[[int], bool] | None = None) -> None:
        self._is_alive = is_alive or _is_alive
        self._works: dict[str, Work] = {}
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """More of the file."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # Whoever wrote that, it is no progress of ours.

    def _take(self, told: dict[str, Any]) -> None:
        if told.get("ended"):
            self._works.pop(told["id"], None)
            return
        work = self._works.setdefault(told["id"], Work(str(told["what"]), str(told["unit"]), None))
        if not work.steps:
            work.tell(float(told["begun"]), 0, None)
        work.tell(float(told["time"]), int(told["done"]), told["total"])

    def text(self) -> str:
        """One line for all work that is under way; empty if there is none."""
        for name in list(self._works):
            if not self._is_alive(int(name.partition("-")[0])):
                del self._works[name]
        works = list(self._works.values())
        more = [f"and {len(works) - _NAMED} more"] if len(works) > _NAMED else []
        return " | ".join([*(work.text() for work in works[:_NAMED]), *more])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Beats:
    """When a log gets a line: after 10 and 30 seconds of work, then every minute. Never more, however much goes on."""

    FIRST = (10.0, 30.0)
    LATER = 60.0

    def __init__(self) -> None:
        self._begun: float | None = None
        self._next = 0

    def is_due(self, now: float, working: bool) -> bool:
        """Whether a line is due, to be asked again and again."""
        if not working:
            self._begun = None
            return False
        if self._begun is None:
            self._begun, self._next = now, 0
        if now - self._begun < self._beat(self._next):
            return False
        # What was missed is not made up for.
        while now - self._begun >= self._beat(self._next):
            self._next += 1
        return True

    def _beat(self, number: int) -> float:
        if number < len(self.FIRST):
            return self.FIRST[number]
        return self.FIRST[-1] + (number - len(self.FIRST) + 1) * self.LATER
