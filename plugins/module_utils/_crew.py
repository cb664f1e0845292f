# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Processes that compute while the threads of this one talk to AWS: Python's threads share one processor.

They know neither AWS nor credentials, get data and give data back, and end by themselves when this process is gone,
however it ended. Standard library only.
"""

from __future__ import annotations

import gc
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

P = ParamSpec("P")
R = TypeVar("R")

# Each takes some 30 MB while it reads a page. With more of them a module would take more memory than it may.
_MOST = 2


class CrewError(Refused):
    """A process of the crew was ended from outside."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew(Generic[P, R]):
    """A function that runs in other processes. To be made before any thread is started, and called from many.

    The processes are forked, so that they have what is imported here, and the same seed of `hash`.

    Args:
        function: Pure; its arguments and its result can be pickled.
        size: How many processes; with one processor the function is called here instead.
    """

    def __init__(self, function: Callable[P, R], size: int | None = None) -> None:
        self._function = function
        self._here = threading.Lock()
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._all: list[tuple[int, Connection]] = []
        # What is imported is neither looked through nor copied by the processes, which share its memory.
        gc.freeze()
        number = min(processors(), _MOST) if size is None else size
        for _member in range(number if number > 1 else 0):
            self._hire()

    def __call__(self, *arguments: P.args, **options: P.kwargs) -> R:
        """The function's result.

        Raises:
            CrewError: The process was ended from outside.
        """
        if not self._all:
            # One at a time: two would take twice the memory and no less time.
            with self._here:
                return self._function(*arguments, **options)
        member = self._free.get()
        try:
            member.send((arguments, options))
            error, result = member.recv()
        except (EOFError, OSError):
            raise CrewError(
                "A process that reads items was ended from outside, perhaps because memory ran out: run the same task"
                " again."
            ) from None
        finally:
            self._free.put(member)
        if error:
            raise RuntimeError(f"in another process:\n{error}")
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _pid, connection in self._all:
            connection.close()
        for pid, _connection in self._all:
            os.waitpid(pid, 0)
        self._all.clear()

    def _hire(self) -> None:
        ours, theirs = Pipe()
        pid = os.fork()
        if pid:
            theirs.close()
            self._all.append((pid, ours))
            self._free.put(ours)
            return
        try:
            # With a copy of this end the process would never see the other one closed; nor would those before it.
            ours.close()
            for _pid, connection in self._all:
                connection.close()
            # What is read makes no cycles, and looking for them takes as long as reading.
            gc.disable()
            _serve(self._function, theirs)
        finally:
            if sys.exc_info()[0]:
                theirs.send((traceback.format_exc(), None))
            # Nothing of the process that it was forked from is its to clean up.
            os._exit(0)


def _serve(function: Callable[..., Any], connection: Connection) -> None:
    while True:
        try:
            arguments, options = connection.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        connection.send(("", function(*arguments, **options)))
