# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Playbooks as users run them, each on an embedded AWS of its own with the reference application in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.contenders import ansible_env, clean_env
from benchmarks.harness import last_lines
from benchmarks.interpreter import BY_NAME, Interpreter
from benchmarks.processes import ROOT, BenchmarkError, Finished, beside_python, run

_INVENTORY = ROOT / "inventory" / "local"


@contextmanager
def embedded_aws(folder: Path) -> Iterator[str]:
    """The endpoint of an embedded AWS on a free port, with its files in the folder."""
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


def play(
    playbook: str, folder: Path, endpoint: str, variables: Mapping[str, Any], interpreter: Interpreter | None = None
) -> Finished:
    """Run a playbook on the environment `prod`.

    Args:
        playbook: Its file's name.
        folder: Where everything goes that it writes.
        endpoint: The embedded AWS.
        variables: Variables of the run.
        interpreter: The python that runs modules and writes them down; none is what the inventory says, as for a user.

    Raises:
        BenchmarkError: It failed, or is not there.
    """
    path = ROOT / "playbooks" / playbook
    for needed in (path, _INVENTORY):
        if not needed.exists():
            raise BenchmarkError(f"{needed.relative_to(ROOT)} is not there")
    named = {"ansible_python_interpreter": str(interpreter.path)} if interpreter else {}
    command = [
        *(beside_python("ansible-playbook"), str(path)),
        *("--inventory", str(_INVENTORY)),
        *("--limit", "prod"),
        *("--extra-vars", json.dumps({**variables, **named})),
    ]
    env = {
        **clean_env(folder),
        **ansible_env(folder),
        **(BY_NAME if interpreter else {}),
        "RUNBOOK_LOCAL_ENDPOINT": endpoint,
    }
    finished = run(command, env, folder)
    if finished.status:
        raise BenchmarkError(f"{playbook} failed:\n{last_lines(finished.output, 40)}")
    return finished
