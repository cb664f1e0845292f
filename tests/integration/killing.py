# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Ends a run from outside, as when its machine is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from typing import Any

from integration.run_module import ROOT, ad_hoc, environment

from local_aws.client import Account


def kill_playbook_at(account: Account, operation: str, *arguments: str, env: dict[str, str]) -> str:
    """End `ansible-playbook` when AWS has done this operation; its answer does not arrive in time.

    Args:
        account: Where the playbook works.
        operation: The API's own name.
        *arguments: The playbook, and its options.
        env: As for `run_playbook`.

    Returns:
        Everything that it has printed.
    """
    account.fault(operation=operation, mode="delay", delay=30.0, error="", message="", times=0)
    try:
        return _kill_at(account, operation, 1, ["ansible-playbook", *arguments], env)
    finally:
        account.clear_faults()


def kill_module_at(account: Account, operation: str, module: str, *, times: int = 1, **options: Any) -> str:
    """End `ansible` and the module that it runs when AWS has got this operation so many times.

    Args:
        account: Where the module works.
        operation: The API's own name.
        module: The module's name without the collection.
        times: How many calls of the operation there were.
        **options: The module's options; connection options are added.

    Returns:
        Everything that it has printed.
    """
    return _kill_at(account, operation, times, ad_hoc(module, {**account.module_args, **options}), {})


def _kill_at(account: Account, operation: str, times: int, command: list[str], env: dict[str, str]) -> str:
    mark = account.mark()
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + 180
            while [call["operation"] for call in account.calls(mark)].count(operation) < times:
                assert process.poll() is None, f"{command} ended before {operation}"
                assert time.monotonic() < deadline, f"no {operation} after 180 s"
                time.sleep(0.02)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        printed.seek(0)
        return printed.read().decode(errors="replace")
