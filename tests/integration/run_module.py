# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs modules and playbooks as their users do: as processes of their own, against the embedded AWS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """A finished process: its exit code and everything that it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All that was printed."""
        return self.stdout + self.stderr


def environment(env: dict[str, str] | None = None) -> dict[str, str]:
    """What a command is started with, and `env`: no settings of the caller's, the current Python environment's tools
    first in the path, and nothing that Ansible would write into the user's home.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_", "RUNBOOK_"))}
    home = ROOT / ".cache" / "ansible"
    return {
        **clean,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{clean.get('PATH', '')}",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_REMOTE_TEMP": str(home / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        **(env or {}),
    }


def command(arguments: list[str], *, env: dict[str, str] | None = None, timeout: float = 180) -> Run:
    """Run a command in the checkout."""
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def run_module(
    account: Any, module: str, *, check: bool = False, diff: bool = False, verbosity: int = 0, **options: Any
) -> dict[str, Any]:
    """Run one module of the collection in an account of the embedded AWS.

    With `diff` or `verbosity` it runs under `ansible`, for what that prints, and otherwise as a process of its own.

    Args:
        account: The fixture `account`.
        module: The module's name without the collection.
        check: With `--check`.
        diff: With `--diff`.
        verbosity: How many `v`.
        **options: The module's options; connection options are added.

    Returns:
        The module's result, with everything that was printed as `output` and the process's exit code as `rc_`.
    """
    wanted = {**account.module_args, **options}
    if diff or verbosity:
        return _under_ansible(module, wanted, check, diff, verbosity)
    run = _alone(module, {**wanted, "_ansible_check_mode": check, "_ansible_no_log": False})
    start = run.stdout.find("{")
    assert start >= 0, f"no result:\n{run.output}"
    result = json.loads(run.stdout[start:])
    # ansible shows it from -vvv on.
    result.pop("invocation", None)
    for told in ("warnings", "deprecations"):
        if told in result:
            result[told] = [warning["event"]["msg"] for warning in result[told]]
    return {**result, "output": run.output, "rc_": run.code}


_FREE: list[subprocess.Popen[str]] = []
_TAKING = threading.Lock()


def _alone(module: str, options: dict[str, Any]) -> Run:
    """The module in a process of `module_process.py`; those that are free are used again."""
    with _TAKING:
        process = _FREE.pop() if _FREE else None
    if process is None:
        process = subprocess.Popen(
            [sys.executable, "-m", "integration.module_process"],
            cwd=ROOT,
            env={**environment(), "PYTHONPATH": str(ROOT / "tests")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"module": module, "options": options}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    with _TAKING:
        _FREE.append(process)
    return Run(answer["code"], answer["stdout"], answer["stderr"])


def ad_hoc(module: str, options: dict[str, Any]) -> list[str]:
    """The command that runs one module of the collection under `ansible`."""
    return [
        "ansible",
        "localhost",
        "--inventory=localhost,",
        "--connection=local",
        f"--extra-vars=ansible_python_interpreter={sys.executable}",
        f"--module-name=runbook.aws.{module}",
        f"--args={json.dumps(options)}",
    ]


def _under_ansible(module: str, options: dict[str, Any], check: bool, diff: bool, verbosity: int) -> dict[str, Any]:
    run = command(
        [
            *ad_hoc(module, options),
            *(["--check"] if check else []),
            *(["--diff"] if diff else []),
            *([f"-{'v' * verbosity}"] if verbosity else []),
        ],
        env={"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default"},
    )
    result = _result(run)
    return {**result, "output": run.output, "rc_": run.code}


def _result(run: Run) -> dict[str, Any]:
    start = re.search(r"^localhost \| \w+!? => (?={)", run.stdout, re.MULTILINE)
    assert start, f"no result:\n{run.output}"
    return json.JSONDecoder().raw_decode(run.stdout, start.end())[0]


def run_playbook(*arguments: str, env: dict[str, str] | None = None, timeout: float = 180) -> Run:
    """Run `ansible-playbook` in the checkout, as an operator would type it."""
    return command(["ansible-playbook", *arguments], env=env, timeout=timeout)
