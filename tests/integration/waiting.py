# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Lets the embedded AWS's time pass when a run waits for it, so that no test waits longer than the run needs."""

from __future__ import annotations

import time

from local_aws.client import Account

HOUR = 3600


def time_passes_after(account: Account, mark: int, operation: str) -> None:
    """Move the account's clock an hour on, once the run has asked for this operation twice since `mark`."""
    deadline = time.monotonic() + 60
    while [call["operation"] for call in account.calls(mark)].count(operation) < 2:
        assert time.monotonic() < deadline, f"no second {operation} after 60 s"
        time.sleep(0.05)
    account.advance(HOUR)
