# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Ends a run from outside, as when its machine is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from integration.run_module import ROOT, environment

from local_aws.client import Account


def kill_playbook_at(account: Account, operation: str, *arguments: str, env: dict[str, str]) -> None:
    """End `ansible-playbook` with SIGKILL when AWS has done this operation; its answer does not arrive in time.

    Args:
        account: Where the playbook works.
        operation: The API's own name.
        *arguments: The playbook, and its options.
        env: As for `run_playbook`.
    """
    account.fault(operation=operation, mode="delay", delay=30.0, error="", message="", times=0)
    mark = account.mark()
    process = subprocess.Popen(
        ["ansible-playbook", *arguments],
        cwd=ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 180
        while operation not in [call["operation"] for call in account.calls(mark)]:
            assert process.poll() is None, f"{arguments[0]} ended before {operation}"
            assert time.monotonic() < deadline, f"no {operation} after 180 s"
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        account.clear_faults()
