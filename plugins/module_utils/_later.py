# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Calls that AWS does not take yet are sent again until it does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import LONGEST_REST, Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Settle

FIRST_REST = 0.5

# AWS enables continuous backups on a table some seconds after it was made, and refuses backups until then (botocore,
# CreateBackup and UpdateContinuousBackups: "Backups have not yet been enabled for this table").
NEW_TABLE = {
    "CreateBackup": ("ContinuousBackupsUnavailableException",),
    "UpdateContinuousBackups": ("ContinuousBackupsUnavailableException",),
}


class Later:
    """Stands where `Aws` stands.

    Args:
        aws: The way to AWS.
        codes: The errors that pass by themselves, by operation.
        patience: Seconds in which a call is sent again, all waiting of the task included.
        sleep: How to wait, in seconds.
    """

    def __init__(
        self,
        aws: Aws,
        codes: Mapping[str, Collection[str]],
        patience: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._aws = aws
        self._codes = codes
        self._deadline = time.monotonic() + patience
        self._sleep = sleep

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """As `Aws.call`.

        Raises:
            AwsError: AWS refused, also at the end of the time.
        """
        rest = FIRST_REST
        while True:
            try:
                return self._aws.call(service, operation, **arguments)
            except AwsError as error:
                passes = error.code in self._codes.get(operation, ())
                if not passes or time.monotonic() + rest > self._deadline:
                    raise
            # Spread over time, so that calls which were refused together do not come back together.
            self._sleep(rest * random.uniform(0.5, 1.0))
            rest = min(rest * 2, LONGEST_REST)

    def settled(self, settle: Settle) -> bool:
        """As `Aws.settled`."""
        return self._aws.settled(settle)
