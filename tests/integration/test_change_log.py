# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from integration.run_module import ROOT, Run, run_playbook
from operation_tables import ANNA, TABLE, make_table

from local_aws.client import Account

PLAY = """
- name: Changes
  hosts: localhost
  gather_facts: false
  connection: local
  module_defaults:
    group/runbook.aws.aws: "{{ reach }}"
  tasks:
    - name: Know the operation
      ansible.builtin.set_fact:
        operation: {id: 20261123T133000Z-3f9a}

    - name: Take a lock
      runbook.aws.operation_lock:
        table: "{{ table }}"
        name: scale
        holder: "{{ holder }}"

    - name: Touch
      ansible.builtin.file:
        path: "{{ folder }}/{{ item }}"
        state: touch
        mode: "0600"
      loop: [one, two]

    - name: Keep quiet
      ansible.builtin.copy:
        content: hunter2
        dest: "{{ folder }}/three"
        mode: "0600"
      no_log: true

    - name: Change nothing
      ansible.builtin.file:
        path: "{{ folder }}"
        state: directory
"""


def play(account: Account, folder: Path, *more: str, log: Path | None = None) -> Run:
    """Run the play above. Without `log` the change log is where it is by default, beside ansible.cfg."""
    file = folder / "play.yml"
    file.write_text(PLAY)
    variables: dict[str, Any] = {
        "reach": {name: value for name, value in account.module_args.items() if value},
        "table": TABLE,
        "holder": ANNA,
        "folder": str(folder),
        "ansible_python_interpreter": sys.executable,
    }
    settings = folder / "ansible.cfg"
    settings.write_text(
        f"[defaults]\ncollections_path = {ROOT / 'collections'}\ncallbacks_enabled = runbook.aws.change_log\n"
    )
    where = {"RUNBOOK_CHANGE_LOG": str(log)} if log else {}
    return run_playbook(
        "--inventory=localhost,",
        f"--extra-vars={json.dumps(variables)}",
        str(file),
        *more,
        env={"ANSIBLE_CONFIG": str(settings), "JOB_ID": "42", "AWX_HOST": "https://awx.example", **where},
    )


@pytest.fixture
def ready(account: Account) -> Account:
    make_table(account)
    return account


def test_every_change_is_a_line_with_who_where_and_what(ready: Account, tmp_path: Path) -> None:
    run = play(ready, tmp_path)
    assert run.code == 0, run.output
    (file,) = (tmp_path / "var" / "change-log").iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["task"] for line in lines] == ["Take a lock", "Touch", "Touch", "Keep quiet"]
    first = lines[0]
    assert first["module"] == "runbook.aws.operation_lock"
    assert first["path"].startswith(f"{tmp_path}/play.yml:")
    assert (first["host"], first["playbook"]) == ("localhost", str(tmp_path / "play.yml"))
    assert (first["target"], first["calls"]) == ("scale", ["dynamodb:UpdateItem"])
    assert first["before"] == {"name": "scale", "state": "absent"}
    assert (first["after"]["token"], first["after"]["holder"]) == (1, ANNA)
    assert (first["operation"], first["job"], first["check"]) == ("20261123T133000Z-3f9a", "AWX job 42", False)
    assert "@" in first["user"]
    assert lines[3]["hidden"] == "no_log"
    assert "hunter2" not in file.read_text()
    assert ready.secret_key not in file.read_text()
    assert len({line["run"] for line in lines}) == 1
    assert f"3 changes of run {first['run']} in {file}, and 1 line about its own lock and record" in run.stderr


def test_check_mode_writes_no_line(ready: Account, tmp_path: Path) -> None:
    run = play(ready, tmp_path, "--check")
    assert run.code == 0, run.output
    assert not (tmp_path / "var").exists()
    assert "changes of run" not in run.output


def test_a_folder_that_can_not_be_written_is_one_warning_and_the_run_goes_on(ready: Account, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    run = play(ready, tmp_path, log=blocked / "log")
    assert run.code == 0, run.output
    assert run.output.count("The change log can not be written") == 1


def test_changes_before_a_failure_are_there(ready: Account, tmp_path: Path) -> None:
    """The table is made, and then the lock is refused."""
    ready.client("dynamodb").update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    ready.client("dynamodb").delete_table(TableName=TABLE)
    ready.deny("dynamodb:UpdateItem")
    run = play(ready, tmp_path)
    assert run.code != 0
    (file,) = (tmp_path / "var" / "change-log").iterdir()
    (line,) = [json.loads(text) for text in file.read_text().splitlines()]
    assert line["calls"] == ["dynamodb:CreateTable", "dynamodb:UpdateContinuousBackups"]
    assert "Allow dynamodb:UpdateItem" in line["error"]
