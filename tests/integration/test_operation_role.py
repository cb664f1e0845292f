# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The role `operation` around work of another kind, in processes of their own, some of which are killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.run_module import ROOT, Run, environment, run_playbook
from operation_tables import ANNA, TABLE, keep_lock, make_table

from local_aws.client import Account

CONNECTION = ("region", "profile", "endpoint_url", "access_key", "secret_key", "session_token")

PLAY = """
- name: Operation
  hosts: all
  gather_facts: false
  connection: local
  module_defaults:
    group/runbook.aws.aws: "{{ runbook_connection }}"
  tasks:
    - name: Under a lock and on record
      block:
        - name: Begin
          ansible.builtin.import_role:
            name: runbook.aws.operation
            tasks_from: begin.yml
          vars:
            operation_kind: drill
            operation_lock: scale

        - name: Show what was begun
          ansible.builtin.debug:
            msg: "begun: {{ operation | to_json }}"

        - name: Apply
          ansible.builtin.import_role:
            name: runbook.aws.operation
            tasks_from: phase.yml
          vars:
            operation_phase: apply
            operation_baseline: {functions: [{name: f, reserved: unreserved}]}

        - name: Work
          ansible.builtin.raw: "{{ work | default('true') }}"
          changed_when: false

        - name: Applied
          ansible.builtin.import_role:
            name: runbook.aws.operation
            tasks_from: phase.yml
          vars:
            operation_phase: apply
            operation_phase_ok: true
      always:
        - name: End
          ansible.builtin.import_role:
            name: runbook.aws.operation
            tasks_from: end.yml
          vars:
            operation_outcome: "{{ outcome | default('ended') }}"
"""


@dataclass(frozen=True)
class Drill:
    """A playbook and an inventory with one host, which is an account."""

    account: Account
    folder: Path

    def arguments(
        self, *more: str, hosts: Mapping[str, Mapping[str, Any]] | None = None, **variables: Any
    ) -> list[str]:
        """What is typed. `hosts`: others than the one, by name, with what each has of its own."""
        play, inventory = self.folder / "play.yml", self.folder / "hosts.yml"
        play.write_text(PLAY)
        known = {name: self.account.module_args.get(name) for name in CONNECTION}
        host = {
            "ansible_python_interpreter": sys.executable,
            "runbook_application": "sc-agent",
            "runbook_environment": "prod",
            "runbook_account_id": self.account.id,
            "runbook_connection": {name: f"{{{{ runbook_{name} | default(omit, true) }}}}" for name in CONNECTION},
            "operation_name": "october",
            **{f"runbook_{name}": value for name, value in known.items() if value},
            **variables,
        }
        named = {name: {**host, **own} for name, own in (hosts or {"sc-agent-prod": {}}).items()}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": named}}))
        return ["--inventory", str(inventory), str(play), *more]

    @property
    def env(self) -> dict[str, str]:
        return {
            "RUNBOOK_CHANGE_LOG": str(self.folder / "log"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
        }

    def run(self, *more: str, hosts: Mapping[str, Mapping[str, Any]] | None = None, **variables: Any) -> Run:
        return run_playbook(*self.arguments(*more, hosts=hosts, **variables), env=self.env)

    def records(self) -> list[dict[str, Any]]:
        answer = self.account.client("dynamodb").query(
            TableName=TABLE, KeyConditionExpression="kind = :k", ExpressionAttributeValues={":k": {"S": "drill"}}
        )
        return list(answer["Items"])

    def lock(self) -> dict[str, Any]:
        key = {"kind": {"S": "lock"}, "id": {"S": "scale"}}
        found: dict[str, Any] = self.account.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
        return found


@pytest.fixture
def drill(account: Account, tmp_path: Path) -> Drill:
    return Drill(account, tmp_path)


def begun(run: Run) -> dict[str, Any]:
    """The fact `operation` after the begin."""
    found = re.search(r'"begun: (\{.*\})"', run.stdout)
    assert found, run.output
    operation: dict[str, Any] = json.loads(json.loads(f'"{found.group(1)}"'))
    return operation


def test_an_operation_leaves_a_record_and_a_free_lock_and_a_second_run_changes_nothing(drill: Drill) -> None:
    first = drill.run()
    assert first.code == 0, first.output
    operation = begun(first)
    assert (operation["kind"], operation["name"], operation["token"]) == ("drill", "october", 1)
    assert operation["record"]["opened_by"]["command"] == "ansible-playbook"
    (record,) = drill.records()
    assert record["id"]["S"] == operation["id"]
    assert (record["state"], record["outcome"]) == ({"S": "open"}, {"S": "ended"})
    assert "holder" not in drill.lock()

    mark = drill.account.mark()
    second = drill.run()
    assert re.search(r"changed=0 .*failed=0", second.stdout), second.output
    assert begun(second)["id"] == operation["id"]
    # Taking and releasing the lock.
    assert [call["operation"] for call in drill.account.mutating(mark)] == ["UpdateItem", "UpdateItem"]

    mark = drill.account.mark()
    rehearsed = drill.run("--check", "--diff")
    assert rehearsed.code == 0, rehearsed.output
    assert begun(rehearsed)["token"] == 0
    assert begun(rehearsed)["record"]["id"] == operation["id"]
    assert drill.account.mutating(mark) == []


def test_a_rehearsal_on_a_missing_table_writes_nothing(drill: Drill) -> None:
    rehearsed = drill.run("--check")
    assert rehearsed.code == 0, rehearsed.output
    assert (begun(rehearsed)["id"], begun(rehearsed)["record"]) == ("", {})
    assert drill.account.mutating() == []


def test_a_held_lock_refuses_the_run_and_stays_held_and_is_a_warning_in_check_mode(drill: Drill) -> None:
    make_table(drill.account)
    keep_lock(drill.account, ANNA, token=5)
    mark = drill.account.mark()
    refused = drill.run()
    assert refused.code != 0
    assert "scale is held by anna@ops-1 (ansible-playbook, pid 4711) since" in refused.output
    assert drill.lock()["holder"]["M"]["user"] == {"S": "anna"}
    rehearsed = drill.run("--check")
    assert rehearsed.code == 0, rehearsed.output
    assert "A real run would be refused now: scale is held by anna@ops-1" in rehearsed.output
    assert drill.account.mutating(mark) == []


def test_after_a_failure_the_lock_is_free_and_the_record_is_open(drill: Drill) -> None:
    broken = drill.run("-e", "work=false", "-e", "outcome=broken")
    assert broken.code != 0
    (record,) = drill.records()
    assert (record["state"], record["outcome"]) == ({"S": "open"}, {"S": "broken"})
    assert "holder" not in drill.lock()


def test_a_killed_run_is_taken_over_at_once_and_its_record_goes_on(drill: Drill) -> None:
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    started = drill.folder / "started"
    with subprocess.Popen(
        [program, *drill.arguments("-e", f"work='touch {started}; sleep 60'")],
        cwd=ROOT,
        env=environment(drill.env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not started.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
    assert started.exists()
    assert "holder" in drill.lock()
    next_run = drill.run()
    assert next_run.code == 0, next_run.output
    assert "it is taken over: that process has ended on this machine" in next_run.output
    (record,) = drill.records()
    assert (record["outcome"], "holder" in drill.lock()) == ({"S": "ended"}, False)


def test_a_wrong_account_or_a_past_end_is_refused_before_anything_is_written(drill: Drill) -> None:
    cases = {
        "elsewhere": ({"runbook_expected_account_id": "111111111111"}, "is meant for account 111111111111"),
        "past": ({"operation_ends_at": "2026-01-01T00:00Z"}, "would end at 2026-01-01T00:00Z, which is past"),
        "vague": ({"operation_ends_at": "tomorrow"}, "'tomorrow' is no time"),
    }
    refused = drill.run(hosts={name: own for name, (own, _said) in cases.items()})
    for name, (_own, said) in cases.items():
        told = re.findall(rf"^fatal: \[{name}\].*?(?=^\S)", refused.output, re.MULTILINE | re.DOTALL)
        assert said in "".join(told), refused.output
        assert re.search(rf"^{name} .* failed=1 ", refused.output, re.MULTILINE), refused.output
    assert "Traceback" not in refused.output
    assert drill.account.mutating() == []


def test_a_begin_whose_record_is_refused_gives_the_lock_back(drill: Drill) -> None:
    make_table(drill.account)
    drill.account.deny("dynamodb:TransactWriteItems")
    refused = drill.run()
    assert refused.code != 0
    assert "Allow dynamodb:TransactWriteItems" in refused.output
    assert "holder" not in drill.lock()


def test_without_a_name_there_is_a_lock_and_no_record(drill: Drill) -> None:
    run = drill.run(operation_name="")
    assert run.code == 0, run.output
    assert drill.records() == []
    assert drill.lock()["token"] == {"N": "1"}


def test_an_assumed_role_is_used_for_all_that_follows_and_never_shown(drill: Drill) -> None:
    other = drill.account.server.fresh_account()
    run = drill.run(
        "-vvv",
        runbook_assume_role_arn=f"arn:aws:iam::{other.id}:role/test",
        runbook_expected_account_id=other.id,
    )
    assert run.code == 0, run.output
    assert drill.account.mutating() == []
    assert {call["operation"] for call in other.mutating()} >= {"CreateTable", "TransactWriteItems"}
    assert drill.account.secret_key not in run.output
    assert not re.search(r"FQoG|sts_creds\W+access_key", run.output)
