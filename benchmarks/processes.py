# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Processes that are started, measured from outside, and never left behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# Seconds in which the endpoint makes an account of a million items, or looks through it.
_SLOWEST_CONTROL = 300


class BenchmarkError(Exception):
    """The benchmark cannot be run; the message says what to do."""


def beside_python(program: str) -> str:
    """A program of the same virtual environment.

    Raises:
        BenchmarkError: It is not installed there.
    """
    path = Path(sys.executable).parent / program
    if not path.is_file():
        raise BenchmarkError(
            f"{program} is not installed beside {sys.executable}: use the python of .venv, or name --aws"
        )
    return str(path)


@dataclass(frozen=True)
class Finished:
    """A process that has ended.

    Attributes:
        status: Its exit status; negative for a signal.
        seconds: Wall time of the whole process.
        cpu_seconds: User and system time of it and its children.
        output: Standard output and error.
    """

    status: int
    seconds: float
    cpu_seconds: float
    output: str


def run(command: Sequence[str], env: Mapping[str, str], folder: Path, timeout: float = 1800) -> Finished:
    """Run a command to its end; its whole process group ends with it, whatever happens.

    Raises:
        BenchmarkError: It took longer than `timeout` seconds.
    """
    with (folder / "output").open("w+b") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            env=dict(env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _end_group(process.pid)

        timer = threading.Timer(timeout, expire)
        timer.start()
        try:
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            timer.cancel()
            _end_group(process.pid)
        if expired.is_set():
            raise BenchmarkError(f"{command[0]} had not ended after {timeout:.0f} s")
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Finished(process.returncode, seconds, usage.ru_utime + usage.ru_stime, text)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # the usual case: all of it has ended


class Stub:
    """The stub endpoint in a process of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"

    def reset(self, kind: str, **settings: Any) -> None:
        """Start anew with an account of a kind: the `KIND` of a subclass of `stub.account.Account`, and its settings."""
        self._control("POST", "/_stub/reset", json.dumps({"kind": kind, **settings}))

    def report(self) -> dict[str, Any]:
        """What happened since the reset."""
        return json.loads(self._control("GET", "/_stub/report"))

    def _control(self, method: str, path: str, body: str = "") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SLOWEST_CONTROL)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise BenchmarkError(f"the stub endpoint refused {method} {path}: {content.decode(errors='replace')}")
        return content


@contextmanager
def stub() -> Iterator[Stub]:
    """A stub endpoint for the time of the block. It also ends when this process dies: its standard input closes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stub"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise BenchmarkError("the stub endpoint did not start")
        yield Stub(json.loads(line)["port"])
    finally:
        process.kill()
        process.communicate()
