# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._crew import Crew, CrewError

ROOT = Path(__file__).resolve().parents[4]


def work(number: int, word: str = "") -> tuple[int, int, str]:
    if number < 0:
        raise ValueError("not that one")
    return number * number, os.getpid(), word


@pytest.mark.parametrize("size", [1, 2, 3])
def test_many_threads_get_each_their_own_answer(size: int) -> None:
    with Crew(work, size) as crew, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: crew(number, word=str(number)), range(200)))
    assert [(square, word) for square, _pid, word in answers] == [(n * n, str(n)) for n in range(200)]
    pids = {pid for _square, pid, _word in answers}
    assert pids == {os.getpid()} if size == 1 else os.getpid() not in pids


def test_nothing_is_left_of_it() -> None:
    with Crew(work, 2) as crew:
        pids = [pid for pid, _connection in crew._all]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_bug_is_told_where_it_is() -> None:
    with Crew(work, 2) as crew, pytest.raises(RuntimeError, match="ValueError: not that one"):
        crew(-1)


def test_a_process_that_is_killed_is_told_as_that() -> None:
    with Crew(work, 2) as crew:
        for pid, _connection in crew._all:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(CrewError, match="ended from outside"):
            crew(1)


def test_the_processes_end_with_the_one_that_made_them_however_it_ended() -> None:
    program = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "collections")!r})
from ansible_collections.runbook.aws.plugins.module_utils._crew import Crew
crew = Crew(abs, 2)
print(*[pid for pid, connection in crew._all], flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    pids = [int(word) for word in process.stdout.readline().split()]
    assert len(pids) == 2
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() and "Z" not in _state(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
