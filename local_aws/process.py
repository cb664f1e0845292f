# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server as a process of its own: started once, found again, ended only when it is really ours."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local_aws import DEFAULT_DIRECTORY
from local_aws.client import LocalAws, LocalAwsError

COMPLAINT = "local_aws: "


class ProcessError(Exception):
    """Something that the person at the terminal can act on, in one line."""


@dataclass(frozen=True)
class Running:
    """What the pid file holds. A pid is used again by the system; pid and start time together are not."""

    pid: int
    started: str
    port: int
    endpoint: str


def start_time(pid: int) -> str:
    """When a process started, in the system's own words; empty when there is none.

    Linux: field 22 of /proc/<pid>/stat (man 5 proc), counted after the name, which may hold spaces. Elsewhere: ps.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()


def _open_private(path: str, flags: int) -> int:
    """An opener for open(): the file is the user's only, also when it was there with another mode."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


class Server:
    """The server whose files are in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.pid_file = self.directory / "server.json"
        self.log_file = self.directory / "server.log"

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Two `up` at once must not start two servers."""
        self._make_directory()
        with open(self.directory / "lock", "w", opener=_open_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_directory(self) -> None:
        """The user's own. A --dir that is somebody's already keeps its mode; the files in it are private anyhow."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        if self.directory == DEFAULT_DIRECTORY:
            self.directory.chmod(0o700)

    def running(self) -> Running | None:
        """The recorded server if that very process is still there."""
        try:
            recorded = Running(**json.loads(self.pid_file.read_text()))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise ProcessError(f"{self.pid_file} cannot be read ({error}); delete it") from error
        if start_time(recorded.pid) != recorded.started:
            return None
        return recorded

    def record(self, port: int, endpoint: str) -> None:
        """Write the pid file of this very process, in one step."""
        self._make_directory()
        new = self.pid_file.with_suffix(".new")
        with open(new, "w", opener=_open_private) as file:
            json.dump(asdict(Running(os.getpid(), start_time(os.getpid()), port, endpoint)), file)
        new.replace(self.pid_file)

    def up(self, port: int, seed: bool = True, owner: int = 0, timeout: float = 120.0) -> tuple[Running, bool]:
        """Start the server unless it runs, and wait until it is ready. Returns it, and whether it was started now.

        With an `owner` (a pid), the server ends by itself when that process is gone.
        """
        with self.exclusive():
            running = self.running()
            if running is not None:
                if port not in (0, running.port):
                    raise ProcessError(
                        f"the embedded AWS of {self.directory} already runs on port {running.port}, not {port}; "
                        f"end it first: {self._end_command()}"
                    )
                self._wait_ready(None, timeout)
                return running, False
            self._refuse_taken_port(port)
            process = self._start(port, seed, owner)
            self._wait_ready(process, timeout)
            running = self.running()
            if running is None:
                raise ProcessError(f"the embedded AWS ended at once; see {self.log_file}")
            return running, True

    def down(self, timeout: float = 10.0) -> Running | None:
        """End the recorded server; returns it, or None when there was none."""
        with self.exclusive():
            running = self.running()
            if running is not None:
                os.kill(running.pid, signal.SIGTERM)
                deadline = time.monotonic() + timeout
                while start_time(running.pid) == running.started:
                    if time.monotonic() > deadline:
                        os.kill(running.pid, signal.SIGKILL)
                        deadline = time.monotonic() + timeout
                    time.sleep(0.02)
            self.pid_file.unlink(missing_ok=True)
            return running

    def _end_command(self) -> str:
        """What ends the server of this directory."""
        usual = self.directory == DEFAULT_DIRECTORY
        return "make local-down" if usual else f"python -m local_aws down --dir {shlex.quote(str(self.directory))}"

    def _start(self, port: int, seed: bool, owner: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "local_aws", "serve", "--port", str(port), "--dir", str(self.directory)]
        command += [] if seed else ["--no-seed"]
        command += ["--owner", str(owner)] if owner else []
        root = Path(__file__).resolve().parent.parent
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")])),
        }
        with open(self.log_file, "wb", opener=_open_private) as log:
            # A session of its own: the server outlives the terminal and make, and gets none of their signals.
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment,
                cwd=self.directory,
            )

    def _wait_ready(self, process: subprocess.Popen[bytes] | None, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            if process is not None and process.poll() is not None:
                raise ProcessError(self._last_words())
            running = self.running()
            if running is None and process is None:
                raise ProcessError(f"the embedded AWS ended while it was starting; see {self.log_file}")
            if running is not None and self._ready(running):
                return
            if time.monotonic() > deadline:
                raise ProcessError(f"the embedded AWS is not ready after {timeout:.0f} s; see {self.log_file}")
            time.sleep(0.05)

    @staticmethod
    def _ready(running: Running) -> bool:
        try:
            return bool(LocalAws(running.endpoint).health()["ready"])
        except LocalAwsError:
            return False

    def _last_words(self) -> str:
        """Why a server ended at start: its own complaint, or the last line of its log and where that is."""
        lines = [line for line in self.log_file.read_text(errors="replace").splitlines() if line.strip()]
        last = lines[-1] if lines else "it wrote nothing"
        if last.startswith(COMPLAINT):
            return last.removeprefix(COMPLAINT)
        return f"the embedded AWS ended while it was starting: {last} (log: {self.log_file})"

    def _refuse_taken_port(self, port: int) -> None:
        if port == 0:
            return
        try:
            health: Any = LocalAws(f"http://127.0.0.1:{port}").control("GET", "health", timeout=2)
        except LocalAwsError:
            # Nothing there, or no embedded AWS: binding the port tells which.
            return
        if isinstance(health, dict) and health.get("local_aws"):
            raise ProcessError(
                f"port {port} is taken by another embedded AWS (pid {health.get('pid')}, {health.get('directory')}); "
                "end that one or choose another port with --port"
            )
