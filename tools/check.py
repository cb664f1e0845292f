# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the gates: python -m tools.check [gate or group ...]      groups: lint, test (everything, the default)

Two gates run at a time, each with a log of its own; a verdict is printed when a gate ends, and the logs of those that
failed at the end. pytest's summary is the last line. Ctrl-C ends everything that was started.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".cache" / "check"
BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")
AT_ONCE = 2
# Tests wait for states and for playbooks about as long as they compute: one more than there are cores.
AT_A_TIME = str(1 + (os.cpu_count() or 1))


@dataclass(frozen=True)
class Gate:
    """One tool that must be content; `lint`: it only reads the files; `settings`: more environment variables."""

    name: str
    command: tuple[str, ...]
    lint: bool = True
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"


# ansible-lint parses the playbooks with Ansible, which would want the embedded AWS for the checkout's own inventory.
NO_INVENTORY = (
    ("ANSIBLE_INVENTORY", os.devnull),
    ("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "false"),
    ("ANSIBLE_INVENTORY_UNPARSED_FAILED", "false"),
)

# In the order in which they start: first what answers at once, then the long ones, so that none is left over alone.
GATES = (
    Gate("ruff", ("ruff", "check", "--no-fix", ".")),
    Gate("ruff-format", ("ruff", "format", "--check", ".")),
    Gate("changelog", ("antsibull-changelog", "lint")),
    Gate("pytest", (PYTHON, "-m", "pytest", "-n", AT_A_TIME, "--dist", "worksteal", "--durations=10"), lint=False),
    Gate("sanity", (PYTHON, "-m", "tools.sanity"), lint=False),
    Gate("molecule", (PYTHON, "-m", "tools.molecule"), lint=False),
    Gate("ansible-lint", ("ansible-lint",), settings=NO_INVENTORY),
    Gate("mypy", ("mypy",)),
    Gate(
        "docs",
        ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "dependent", "."),
        settings=(
            # antsibull writes a log into the home directory.
            ("HOME", str(ROOT / ".cache" / "home")),
            # Of a collection in a git repository antsibull sees what git does not ignore. The ones that this one depends
            # on are in .venv, which is ignored: git must not look for a repository above it.
            ("GIT_CEILING_DIRECTORIES", str(ROOT / ".venv")),
        ),
    ),
    Gate("packages", (PYTHON, "-m", "pip", "check")),
)


def environment() -> dict[str, str]:
    """The caller's, less what would change a tool's mind, and with nothing that leads to a real account."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "ANSIBLE_", "MOLECULE_", "PYTEST_", "MYPY", "RUFF_", "PYTHONPATH", "RUNBOOK_"))
    }
    return {
        **kept,
        "PATH": f"{BIN}{os.pathsep}{kept['PATH']}",
        "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(ROOT / ".cache" / "ansible" / "tmp"),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_COLOR": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


class Runner:
    """Runs gates, AT_ONCE at a time, and can end them all."""

    def __init__(self, gates: list[Gate]) -> None:
        self.gates = gates
        self.failed: list[Gate] = []
        self._waiting: queue.SimpleQueue[Gate] = queue.SimpleQueue()
        for gate in gates:
            self._waiting.put(gate)
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.stopped = False

    def run(self) -> None:
        workers = [threading.Thread(target=self._work) for number in range(AT_ONCE)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def stop(self) -> None:
        """End what runs, politely first: pytest and molecule have servers of their own to end."""
        with self._lock:
            self.stopped = True
            running = list(self._running.values())
        for number, patience in ((signal.SIGINT, 15), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            for process in running:
                if process.poll() is None:
                    os.killpg(process.pid, number)
            deadline = time.monotonic() + patience
            while any(process.poll() is None for process in running) and time.monotonic() < deadline:
                time.sleep(0.1)

    def _work(self) -> None:
        while True:
            with self._lock:
                if self.stopped or self._waiting.empty():
                    return
                gate = self._waiting.get()
                started = time.monotonic()
                with gate.log.open("wb") as log:
                    # A session of its own, so that stop() reaches all that the gate has started.
                    process = subprocess.Popen(
                        gate.command,
                        cwd=ROOT,
                        env=environment() | dict(gate.settings),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                self._running[gate.name] = process
            passed = process.wait() == 0
            with self._lock:
                del self._running[gate.name]
                if self.stopped:
                    return
                if not passed:
                    self.failed.append(gate)
                verdict = "ok    " if passed else "FAILED"
                print(f"{verdict}  {gate.name:<14}{time.monotonic() - started:7.1f} s", flush=True)


def chosen(words: list[str]) -> list[Gate]:
    """The gates that the words name, in the order in which they run."""
    groups = {"test": set(GATES), "lint": {gate for gate in GATES if gate.lint}}
    groups |= {gate.name: {gate} for gate in GATES}
    unknown = [word for word in words if word not in groups]
    if unknown:
        sys.exit(f"No gate or group {', '.join(unknown)}; there are {', '.join(groups)}.")
    wanted = set().union(*(groups[word] for word in words or ["test"]))
    return [gate for gate in GATES if gate in wanted]


def report(runner: Runner) -> None:
    """The logs of what failed, pytest's last: its summary is the line that a reader looks for."""
    for gate in sorted(runner.failed, key=lambda gate: gate.name == "pytest"):
        print(f"\n---- {gate.name}: {' '.join(gate.command)}\n{gate.log.read_text(errors='replace')}", end="")
    if runner.failed:
        names = ", ".join(gate.name for gate in runner.failed)
        print(f"\n{names} failed. The logs: {LOGS.relative_to(ROOT)}/")
    for gate in runner.gates:
        if gate.name == "pytest":
            print(gate.log.read_text(errors="replace").rstrip().rpartition("\n")[2])


def main() -> int:
    gates = chosen(sys.argv[1:])
    LOGS.mkdir(parents=True, exist_ok=True)
    (ROOT / ".cache" / "home").mkdir(exist_ok=True)
    runner = Runner(gates)

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        print("\nEnding what was started ...", file=sys.stderr, flush=True)
        # Not in this handler: the thread that it interrupts may hold the runner's lock.
        threading.Thread(target=runner.stop).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    started = time.monotonic()
    runner.run()
    if runner.stopped:
        return 130
    print(f"{len(gates)} gates in {time.monotonic() - started:.0f} s, {len(runner.failed)} failed.")
    report(runner)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
