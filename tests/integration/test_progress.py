# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The callback runbook.aws.progress, on a terminal and without one."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from integration.run_module import ROOT, environment

# Works for some seconds, as a module does that is a process of its own.
WORK = """
import sys, time
sys.path.insert(0, sys.argv[1])
from ansible_collections.runbook.aws.plugins.module_utils._progress import Progress
with Progress("Copying a to b", 1000, "items") as progress:
    for step in range(10):
        progress.add(100)
        time.sleep(0.25)
"""
PLAY = """
- name: Work
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Work for some seconds
      ansible.builtin.command:
        argv: ["{python}", "{script}", "{collections}"]
      changed_when: false

    - name: Say something
      ansible.builtin.debug:
        msg: Said
"""
CLEAR = "\r\x1b[K"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script, play = tmp_path / "work.py", tmp_path / "play.yml"
    script.write_text(WORK)
    play.write_text(PLAY.format(python=sys.executable, script=script, collections=ROOT / "collections"))
    interpreter = f"--extra-vars=ansible_python_interpreter={sys.executable}"
    return ["ansible-playbook", "--inventory=localhost,", "--connection=local", interpreter, str(play)]


def settings(tmp_path: Path, **more: str) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    return {
        **environment({"ANSIBLE_CALLBACKS_ENABLED": "runbook.aws.progress", "TERM": "xterm", "COLUMNS": "100", **more}),
        "TMPDIR": str(tmp_path / "tmp"),
    }


def on_terminal(command: list[str], env: dict[str, str]) -> str:
    """What a person would see, with the control characters."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ready, _write, _error = select.select([terminal], [], [], 0.1)
        try:
            data = os.read(terminal, 65536) if ready else b""
        except OSError:  # Linux says so when nobody has it open any more.
            break
        shown += data
        if not data and process.poll() is not None:
            break
    assert process.wait(10) == 0, shown.decode(errors="replace")
    os.close(terminal)
    return shown.decode()


def test_a_terminal_has_one_line_that_goes_before_anything_is_printed(command: list[str], tmp_path: Path) -> None:
    env = {name: value for name, value in settings(tmp_path).items() if name != "CI"}
    shown = on_terminal(command, env)
    drawn = [part for part in shown.split(CLEAR) if part.startswith("Copying a to b: ")]
    assert len(drawn) >= 2
    assert " of 1,000 items (" in drawn[-1]
    assert " left" in drawn[-1]
    # The line is never followed by anything but the order to clear it.
    assert all("\n" not in part for part in drawn)
    assert "\nok: [localhost]" in shown.replace(CLEAR, "\n")
    assert list((tmp_path / "tmp").glob("runbook-progress-*")) == []


@pytest.mark.parametrize("why", ["no terminal", "ansible-runner"])
def test_a_log_is_not_flooded(command: list[str], tmp_path: Path, why: str) -> None:
    """The work takes less than 10 seconds, so there is no line at all."""
    if why == "ansible-runner":
        shown = on_terminal(command, settings(tmp_path, AWX_ISOLATED_DATA_DIR=str(tmp_path)))
    else:
        run = subprocess.run(command, cwd=ROOT, env=settings(tmp_path), capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        shown = run.stdout + run.stderr
    assert "Copying" not in shown
    assert "Said" in shown
