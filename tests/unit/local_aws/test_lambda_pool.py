# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes of functions: as many as are allowed, as long as they are used, and none that is left over."""

from __future__ import annotations

import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_aws.process import start_time
from local_aws.runtime import pool as pools
from local_aws.runtime.pool import Busy, Pool, Ran, Work

CODE = """
import os, time

def handler(event, context):
    time.sleep(event)
    return [os.getpid(), os.getppid(), os.getcwd()]
"""


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("app.py", CODE)
    return buffer.getvalue()


def work(event: float = 0.0, place: str = "f/1", configuration: str = "a", seconds: float = 10.0) -> Work:
    told = ("request_id", "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb")
    context = dict.fromkeys((*told, "log_group_name", "log_stream_name"), "x")
    return Work(place, configuration, {}, "app.handler", archive(), seconds, context, json.dumps(event).encode())


def pids(ran: Ran) -> tuple[int, int]:
    """The process that answered, and the one that it was forked from."""
    assert ran.answer, ran
    pid, parent, _directory = json.loads(ran.answer)
    return pid, parent


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def gone(pid: int) -> bool:
    """Not there, and no zombie either."""
    return until(lambda: start_time(pid) == "")


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    made.close()


def test_there_are_never_more_than_allowed(pool: Pool, monkeypatch: Any) -> None:
    monkeypatch.setattr(pools, "_MOST", 2)
    first, parent = pids(pool.run(work(place="a")))
    second, _parent = pids(pool.run(work(place="b")))
    # The one that was idle for longest makes room.
    third, _parent = pids(pool.run(work(place="c")))
    assert gone(first)
    assert pids(pool.run(work(place="b")))[0] == second
    with ThreadPoolExecutor(3) as threads:
        slow = [threads.submit(pool.run, work(0.5, place)) for place in ("b", "c")]
        time.sleep(0.2)
        with pytest.raises(Busy):
            pool.run(work(place="d", seconds=0.05))
        assert pids(threads.submit(pool.run, work(place="d")).result())[1] == parent
    assert {pids(item.result())[0] for item in slow} == {second, third}


def test_what_nobody_uses_is_ended(pool: Pool, monkeypatch: Any) -> None:
    pid, _parent = pids(pool.run(work()))
    pool.sweep()
    assert start_time(pid)
    monkeypatch.setattr(pools, "_IDLE_SECONDS", 0.0)
    pool.sweep()
    assert gone(pid)


def test_what_is_out_of_date_is_ended_when_it_has_answered(pool: Pool) -> None:
    pool.run(work())
    with ThreadPoolExecutor(1) as threads:
        old = threads.submit(pool.run, work(0.4))
        time.sleep(0.1)
        new, _parent = pids(pool.run(work(configuration="b")))
        assert gone(pids(old.result())[0])
    assert pids(pool.run(work(configuration="b")))[0] == new


def test_functions_run_again_when_their_parent_was_ended(pool: Pool) -> None:
    ran = pool.run(work())
    pid, parent = pids(ran)
    os.kill(parent, signal.SIGKILL)
    assert gone(parent)
    other, another = pids(pool.run(work(place="g/1")))
    assert another != parent
    assert other != pid
    assert not Path(json.loads(ran.answer)[2]).exists()


def test_closing_leaves_nothing(pool: Pool) -> None:
    pid, parent = pids(pool.run(work()))
    pool.close()
    assert gone(pid)
    assert gone(parent)
