# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The second edge of the modules: they run inside the controller's own worker process.

Ansible packs a module, starts a Python for it, and that imports boto3 anew: half a second for every task, most of what a
playbook of ours takes. But a worker is a process of its own already, forked for each task. So the module runs right
there, with its imports made before the fork; it reads its options and leaves its result as it always does. What asks for
more (another machine, another user or Python, work in the background) gets a process of its own as before.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ansible import constants
from ansible.module_utils import basic
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.plugins.action.normal import ActionModule as ProcessOfItsOwn
from ansible.vars.clean import remove_internal_keys

# Ansible loads an action plugin before it forks the worker, so what is imported here is there in every worker.
try:
    import boto3

    from ansible_collections.runbook.aws.plugins.module_utils import _ops

    PRELOADED = (boto3, _ops)
    _ops.CONTROLLER = os.getpid()
except ImportError:
    # A module in a process of its own says which library is missing.
    PRELOADED = ()

# How the controller and a module that says nothing else write values for each other (ansible.executor.module_common).
_PROFILE = "legacy"

# What an interpreter is called that Ansible shall find by itself (ansible.executor.module_common, _get_shebang).
_FOUND_BY_ANSIBLE = ("", "auto", "auto_legacy", "auto_silent", "auto_legacy_silent")


class ActionModule(ProcessOfItsOwn):
    """What a task of ours does: the module, here if that is possible."""

    def _execute_module(
        self, task_vars: dict[str, Any] | None = None, wrap_async: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        variables = task_vars or {}
        if wrap_async or kwargs or not self._belongs_here(variables):
            found: dict[str, Any] = super()._execute_module(task_vars=task_vars, wrap_async=wrap_async, **kwargs)
            return found
        name, options = self._task.resolved_action, self._task.args
        self._update_module_args(name, options, variables)
        wanted: dict[str, str] = {}
        self._compute_environment_string(wanted)
        with _environment(wanted):
            result = self._parse_returned_data({"stdout": _run(name, options)}, _PROFILE)
        if os.getppid() != _ops.CONTROLLER:
            # The run was killed. Nobody reads what a worker says then, and it would wait for a reader for ever.
            os._exit(1)
        remove_internal_keys(result)
        return result

    def _belongs_here(self, variables: Mapping[str, Any]) -> bool:
        """Whether a process of its own would be one of this machine, this user and this Python."""
        python = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return (
            bool(PRELOADED)
            and self._connection.transport == "local"
            and not self._connection.become
            and str(self._templar.template(python) or "") in (*_FOUND_BY_ANSIBLE, sys.executable)
        )


def _run(name: str, options: Mapping[str, Any]) -> str:
    """What the module prints: its result.

    Args:
        name: With its collection, `runbook.aws.lambda_concurrency`.
        options: Its options, and Ansible's own (`_ansible_check_mode`).
    """
    namespace, collection, module = name.split(".")
    encoder = get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)
    # What AnsiballZ, which carries a module to where it runs, hands over in the same way.
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}, cls=encoder).encode()
    basic._ANSIBLE_PROFILE = _PROFILE
    with io.StringIO() as said:
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            importlib.import_module(f"ansible_collections.{namespace}.{collection}.plugins.modules.{module}").main()
        return said.getvalue()


@contextlib.contextmanager
def _environment(wanted: Mapping[str, Any]) -> Iterator[None]:
    """The task's `environment`, for as long as it runs: the worker goes on with the next element of a loop."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in wanted.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
