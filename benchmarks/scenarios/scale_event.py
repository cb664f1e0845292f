# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The main job as a user runs it: playbooks/scale-for-event.yml on an embedded AWS of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contenders import Command, ansible_env, clean_env
from benchmarks.harness import Size, last_lines, middle, say, spread, working_folder
from benchmarks.interpreter import BY_NAME, Interpreter, ModuleProcess
from benchmarks.processes import ROOT, BenchmarkError, Finished, Stub, beside_python, run
from benchmarks.results import Goal, Section

_PLAYBOOK = ROOT / "playbooks" / "scale-for-event.yml"
_INVENTORY = ROOT / "inventory" / "local"

_MOST_TASKS = 15
_MOST_SECONDS = 12.0


def scale_event(_endpoint: Stub, size: Size) -> Section:
    """The whole playbook, from outside, and the module processes that it takes."""
    for needed in (_PLAYBOOK, _INVENTORY):
        if not needed.exists():
            raise BenchmarkError(f"{needed.relative_to(ROOT)} is not there")
    first, again = [], []
    for _round in range(size.repeat):
        with working_folder() as folder, _embedded_aws(folder) as endpoint:
            first.append(_play(folder, endpoint, "first").seconds)
            again.append(_play(folder, endpoint, "again").seconds)
        say(f"  first run {first[-1]:.2f} s, the same event again {again[-1]:.2f} s")
    with working_folder() as folder, _embedded_aws(folder) as endpoint:
        interpreter = Interpreter(folder)
        _play(folder, endpoint, "counted", interpreter)
        modules = interpreter.processes()
    rows = [
        ["the event", str(len(first)), spread(first), str(len(modules)), _names(modules)],
        ["the same event again", str(len(again)), spread(again), "", ""],
    ]
    goals = [
        Goal(
            f"scale-for-event.yml on the embedded AWS: at most {_MOST_TASKS} module tasks",
            str(len(modules)),
            0 < len(modules) <= _MOST_TASKS,
        ),
        Goal(
            f"scale-for-event.yml on the embedded AWS: at most {_MOST_SECONDS:.0f} s",
            spread(first),
            middle(first) <= _MOST_SECONDS,
        ),
    ]
    return Section(
        "The whole of scale-for-event.yml",
        "The reference application's `prod` environment on a fresh embedded AWS, `high_traffic` profile, with the "
        "waiting that it does there. Module processes are counted in a run of their own, with an interpreter that "
        "writes them down.",
        ("", "Runs", "Whole process", "Module processes", "Which"),
        rows,
        goals,
        {
            "first": first,
            "again": again,
            "modules": [[process.name, process.seconds, process.peak_mib] for process in modules],
        },
    )


def _names(modules: list[ModuleProcess]) -> str:
    return ", ".join(name if n == 1 else f"{name} ({n})" for name, n in Counter(m.name for m in modules).items())


def _play(folder: Path, endpoint: str, name: str, interpreter: Interpreter | None = None) -> Finished:
    command = _command(folder, endpoint, interpreter)
    work = folder / name
    work.mkdir()
    finished = run(command.argv, command.env, work)
    if finished.status:
        raise BenchmarkError(f"{_PLAYBOOK.name} failed:\n{last_lines(finished.output, 40)}")
    return finished


def _command(folder: Path, endpoint: str, interpreter: Interpreter | None) -> Command:
    variables = {
        "ansible_python_interpreter": str(interpreter.path) if interpreter else sys.executable,
        "scale_event_name": "benchmark",
        "scale_event_profile": "high_traffic",
    }
    return Command(
        [
            *(beside_python("ansible-playbook"), str(_PLAYBOOK)),
            *("--inventory", str(_INVENTORY)),
            *("--limit", "prod"),
            *("--extra-vars", json.dumps(variables)),
        ],
        {
            **clean_env(folder),
            **ansible_env(folder),
            **(BY_NAME if interpreter else {}),
            "RUNBOOK_LOCAL_ENDPOINT": endpoint,
        },
    )


@contextmanager
def _embedded_aws(folder: Path) -> Iterator[str]:
    """An embedded AWS with the reference application, on a free port, with its files in the folder."""
    directory = folder / "local-aws"
    _local_aws("up", "--port", "0", "--dir", str(directory))
    try:
        yield json.loads((directory / "server.json").read_text())["endpoint"]
    finally:
        _local_aws("down", "--dir", str(directory))


def _local_aws(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local_aws", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"local_aws {arguments[0]}: {last_lines(done.stderr)}")
