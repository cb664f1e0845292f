# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: change_log
type: notification
short_description: Write down every change that a run makes
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Appends one line of JSON for each target that a module of this collection changed, and one for any other task that
    changed something, in the order in which it happened. Each line is written as soon as its task has ended, so a run that is
    killed leaves what it did, but for the task in which it was killed; AWS's own CloudTrail has that.
  - A line has C(time), C(run), C(playbook), C(host), C(task), C(path), C(module), C(user), C(job), C(operation) (the id of the
    record that the role P(runbook.aws.operation#role) opened), C(check), and of our modules C(target), C(calls), C(before),
    C(after) and C(error).
  - At the end of the run one line says how many there are, and how many of them are only about the run's own lock and record.
  - There is a file for each UTC date. Files are readable by their owner only. Lines of runs at the same time do not mix.
  - Of a task with C(no_log) there is only the line that it changed something. Values whose names speak of passwords, secrets,
    tokens, keys or credentials are left out.
requirements:
  - "C(callbacks_enabled = runbook.aws.change_log) in the section C(defaults) of ansible.cfg."
options:
  path:
    description:
      - The folder.
      - By default C(var/change-log) beside the ansible.cfg that is in use, or in the current directory if there is none.
    type: path
    env:
      - name: RUNBOOK_CHANGE_LOG
    ini:
      - section: runbook
        key: change_log
  check_mode:
    description: Write down what check mode would change, too. Such lines have V(true) as C(check).
    type: bool
    default: false
    env:
      - name: RUNBOOK_CHANGE_LOG_CHECK_MODE
    ini:
      - section: runbook
        key: change_log_check_mode
"""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ansible_collections.runbook.aws.plugins.module_utils._holder import holder
from ansible_collections.runbook.aws.plugins.plugin_utils._change_log import (
    BOOKKEEPING,
    ChangeLog,
    entries,
    summary,
)

SET_FACT = ("ansible.builtin.set_fact", "ansible.legacy.set_fact", "set_fact")


class CallbackModule(CallbackBase):
    """Runs in the main process, once for each finished task of each host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "runbook.aws.change_log"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = datetime.now(UTC)
        self._run: dict[str, Any] = {"run": f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}", "playbook": None}
        self._who: dict[str, Any] = {}
        self._operations: dict[str, str] = {}
        self._log: ChangeLog | None = None
        self._written = 0
        # How many of them are about the run's own lock and record, which are no change of the environment.
        self._kept = 0
        self._broken = False

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember which playbook this is."""
        self._run["playbook"] = playbook._file_name

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Find out who runs this; AWX says it in extra variables."""
        found = holder(os.getpid(), os.environ, play.get_variable_manager().extra_vars)
        self._who = {"user": f"{found['user']}@{found['host']}", "job": found.get("job")}

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write down what the task changed; a loop's items have been written down one by one."""
        if result.task.action in SET_FACT:
            self._remember_operation(result)
        elif not result.task.loop:
            self._write(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Write down what the task changed before it failed."""
        if not result.task.loop:
            self._write(result, failed=True)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """As `v2_runner_on_ok`."""
        self._write(result, failed=False)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """As `v2_runner_on_failed`."""
        self._write(result, failed=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Say where the log is, when there is something in it. To stderr: the result may be read by a program."""
        if self._log and self._written:
            said = summary(self._run["run"], str(self._log.path), self._written, self._kept)
            self._display.display(said, stderr=True)
            self._log.close()

    def _remember_operation(self, result: Any) -> None:
        facts = result.result.get("ansible_facts")
        if isinstance(facts, dict) and isinstance(facts.get("operation"), dict):
            self._operations[result.host.name] = str(facts["operation"].get("id") or "")

    def _write(self, result: Any, failed: bool) -> None:
        if self._broken or not result.is_changed():
            return
        check = bool(result.task_fields.get("check_mode"))
        if check and not self.get_option("check_mode"):
            return
        module = result.task.resolved_action or result.task.action
        common = {
            **self._run,
            "host": result.host.name,
            "task": result.task_name,
            "path": result.task.get_path(),
            "module": module,
            **self._who,
            "operation": self._operations.get(result.host.name) or None,
            "check": check,
        }
        try:
            log = self._log = self._log or ChangeLog(self._folder())
            for entry in entries(module, result.result, failed=failed, no_log=result.task.no_log is True):
                log.append(datetime.now(UTC), {**common, **entry})
                self._written += 1
                self._kept += module in BOOKKEEPING
        except OSError as error:
            self._broken = True
            self._display.warning(
                f"The change log can not be written, so changes of this run are missing in it: {error}"
            )

    def _folder(self) -> Path:
        said = self.get_option("path")
        if said:
            return Path(said)
        return (Path(C.CONFIG_FILE).parent if C.CONFIG_FILE else Path.cwd()) / "var" / "change-log"
