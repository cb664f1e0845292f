# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import harness, processes, results
from benchmarks.interpreter import Interpreter
from benchmarks.processes import BenchmarkError, Finished
from benchmarks.scenarios.concurrency import set_functions

SOUND = Finished(status=0, seconds=2.0, cpu_seconds=1.0, output="")


def _report(**changes: Any) -> dict[str, Any]:
    return {
        "calls": {"GetFunction": 2, "PutFunctionConcurrency": 3},
        "throttled": {"PutFunctionConcurrency": 1},
        "refused": {},
        "unknown": [],
        "most_in_flight": 2,
        "seconds": 0.5,
        "cpu_seconds": 0.1,
        **changes,
    }


@pytest.mark.parametrize(
    ("state", "lost"),
    [
        pytest.param({"bench-function-0000-prod": 1, "bench-function-0001-prod": 2}, 0, id="all there"),
        pytest.param({"bench-function-0000-prod": 1}, 1, id="one unset, though the process says that all is well"),
        pytest.param({"bench-function-0000-prod": 1, "bench-function-0001-prod": 9}, 1, id="one with another number"),
        pytest.param(
            {"bench-function-0000-prod": 1, "bench-function-0001-prod": 2, "h": 1}, 1, id="one that nobody asked for"
        ),
    ],
)
def test_what_is_lost_is_seen_in_the_state_that_a_run_left(state: dict[str, int], lost: int) -> None:
    assert set_functions(2).lost({"reserved": state}, "all is well") == lost


@pytest.mark.parametrize(
    ("changes", "status", "lost", "sound"),
    [
        pytest.param({}, 0, 0, True, id="all is well"),
        pytest.param({}, 0, 1, False, id="one is lost, though the process says that all is well"),
        pytest.param({"unknown": ["GET /"]}, 0, 0, False, id="a call that the endpoint could not answer"),
        pytest.param({}, 2, 0, False, id="the process failed"),
    ],
)
def test_a_run_is_judged_by_more_than_its_status(changes: dict[str, Any], status: int, lost: int, sound: bool) -> None:
    assert harness.judge(Finished(status, 2.0, 1.0, ""), _report(**changes), lost).sound == sound


def test_calls_are_all_that_arrived_and_writes_those_that_were_let_in() -> None:
    run = harness.judge(SOUND, _report(), 0)
    assert (run.calls, run.throttled, run.writes) == (5, 1, 2)


@pytest.mark.parametrize(
    ("times", "order"),
    [
        ({"A": 3, "B": 3, "C": 3}, "ABCABCABC"),
        ({"A": 1, "B": 4}, "BBABB"),
        ({"A": 2, "B": 4}, "BABBAB"),
        ({"A": 1}, "A"),
    ],
)
def test_runs_alternate(times: dict[str, int], order: str) -> None:
    assert "".join(harness.alternate(times)) == order


def test_a_process_is_measured_and_its_status_told(tmp_path: Path) -> None:
    finished = processes.run(["/bin/sh", "-c", "sleep 0.2; echo said; exit 3"], os.environ, tmp_path)
    assert (finished.status, finished.output) == (3, "said\n")
    assert finished.seconds >= 0.2
    assert finished.cpu_seconds < 0.2


def test_nothing_outlives_a_run(tmp_path: Path) -> None:
    finished = processes.run(["/bin/sh", "-c", "sleep 60 & echo $!"], os.environ, tmp_path)
    deadline = time.monotonic() + 5
    while _alive(int(finished.output)) and time.monotonic() < deadline:
        time.sleep(0.01)  # killed already, but the kernel takes a moment
    assert not _alive(int(finished.output))


def test_a_run_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="had not ended"):
        processes.run(["/bin/sleep", "60"], os.environ, tmp_path, timeout=0.2)


def test_the_stub_ends_when_its_program_is_gone() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stub"], cwd=processes.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert b"port" in process.stdout.readline()
        assert process.poll() is None
        _out, _err = process.communicate(timeout=10)
        assert process.returncode == 0
    finally:
        process.kill()


def _alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.is_file() and "State:\tZ" not in status.read_text()


def test_the_interpreter_writes_down_each_module_and_keeps_its_status(tmp_path: Path) -> None:
    module = tmp_path / "AnsiballZ_some_module.py"
    module.write_text("import sys\nbig = bytearray(64 * 2**20)\nsys.exit(5)\n")
    interpreter = Interpreter(tmp_path)
    assert subprocess.run([interpreter.path, module], check=False).returncode == 5
    assert subprocess.run([interpreter.path, "-c", "print()"], check=False, capture_output=True).returncode == 0
    (process,) = interpreter.processes()
    assert process.name == "some_module"
    assert 64 < process.peak_mib < 128


MEASURED = {
    "one": {
        "date": "2026-01-02",
        "machine": "2 cores",
        "settings": "5 runs",
        "section": {
            "title": "First",
            "intro": "How.",
            "columns": ["", "Time"],
            "rows": [["ours", "1 s"]],
            "goals": [{"text": "fast", "measured": "1x", "met": False}],
            "raw": {},
        },
    }
}


def test_the_hand_written_part_is_kept() -> None:
    written = "## What we found\n\nA thought.\n\n## More thoughts\n\nAnother.\n"
    once = results.render(MEASURED, ["one", "two"], written)
    again = results.render(MEASURED, ["one", "two"], results.found(once))
    assert once == again
    assert once.endswith(written)
    assert "| fast | 1x | **missed** |" in once
    assert "Measured 2026-01-02; 5 runs." in once


def test_a_first_result_has_an_empty_hand_written_part() -> None:
    assert results.found("") == "## What we found\n"


def test_the_processes_of_a_module_are_counted_together(tmp_path: Path) -> None:
    module = tmp_path / "AnsiballZ_some_module.py"
    module.write_text(
        "import os, time\n"
        "shared = bytearray(b'x') * 64 * 2**20\n"
        "os.fork() and os.fork()\n"
        "own = bytearray(b'x') * 32 * 2**20\n"
        "time.sleep(1)\n"
    )
    interpreter = Interpreter(tmp_path)
    assert subprocess.run([interpreter.path, module], check=False).returncode == 0
    (process,) = interpreter.processes()
    # What all three share, once, and what each has of its own.
    assert 64 + 3 * 32 < process.peak_mib < 64 + 3 * 32 + 40
