# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How far a long piece of work is, told to the callback `runbook.aws.progress` while the module is still running.

A module can show nothing before it has ended. So it appends lines of JSON to a file whose place the callback puts into
the environment, and the callback draws them. Without the callback nothing is written. Standard library only.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

# Where the callback says its file is.
ENVIRONMENT = "RUNBOOK_PROGRESS"

# Seconds from one line to the next: often enough for a person to watch, seldom enough to cost nothing.
PAUSE = 0.5

_numbers = itertools.count(1)


class Progress:
    """One piece of work of known or unknown size. Safe to use from several threads.

        with Progress("Comparing sessions with sessions-restored", 100_000, "items") as progress:
            progress.add(2_500)

    Args:
        what: The work, as a person would say it.
        total: How much there is to do, as far as it is known. Less than was done in the end means that it was not.
        unit: What is counted, in the plural.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, what: str, total: int | None = None, unit: str = "items", clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._done = 0
        self._next = 0.0
        self._file = -1
        self._line: dict[str, Any] = {
            "id": f"{os.getpid()}-{next(_numbers)}",
            "what": what,
            "unit": unit,
            "total": total,
            "begun": clock(),
        }

    def __enter__(self) -> Self:
        place = os.environ.get(ENVIRONMENT)
        if place:
            # The callback makes the file. Where it is not, nobody reads: the run has ended, or is on another machine.
            with suppress(OSError):
                self._file = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        with self._lock:
            self._tell()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._line["ended"] = True
            self._tell()
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    @property
    def done(self) -> int:
        """How much is done."""
        return self._done

    def add(self, number: int = 1) -> None:
        """So much more is done."""
        with self._lock:
            self._done += number
            if self._clock() >= self._next:
                self._tell()

    def expect(self, total: int | None) -> None:
        """There is so much to do, as is known only now."""
        with self._lock:
            self._line["total"] = total

    def _tell(self) -> None:
        if self._file < 0:
            return
        now = self._clock()
        self._next = now + PAUSE
        line = json.dumps({**self._line, "done": self._done, "time": now}, separators=(",", ":"))
        # One write of a short line to a file opened for appending: lines of several processes do not mix (open(2)).
        # That nobody can be told is no reason to stop the work.
        with suppress(OSError):
            os.write(self._file, f"{line}\n".encode())
