# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Restores that AWS does not take yet, because others are going on, are sent again until it does."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import LONGEST_REST, Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Settle

# botocore's text of both operations: "up to 50 concurrent restores (any type of restore) in a given account"; of
# BackupInUseException: "The backup is either being created, deleted or restored to a table".
_LATER = {
    "RestoreTableToPointInTime": ("LimitExceededException",),
    "RestoreTableFromBackup": ("LimitExceededException", "BackupInUseException"),
}
# What AWS answers when the call is sent again after its answer was lost.
_THERE = ("TableInUseException", "TableAlreadyExistsException")
# The quota of tables has the same code, and does not pass: "There is a soft account quota of 2,500 tables".
_STAYS = re.compile(r"[\d,]+ tables")


class Queue:
    """Stands where `Aws` stands.

    Nothing tells how many restores are going on in an account, so the one too many is found by its refusal.

    Args:
        aws: The way to AWS.
        patience: Seconds in which a restore is sent again, all waiting of the task included.
    """

    def __init__(self, aws: Aws, patience: float) -> None:
        self._aws = aws
        self._deadline = time.monotonic() + patience

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """As `Aws.call`.

        Raises:
            AwsError: AWS refused, also at the end of the time.
        """
        rest = 0.5
        while True:
            try:
                return self._aws.call(service, operation, **arguments)
            except AwsError as error:
                if operation in _LATER and error.code in _THERE and (ours := self._ours(arguments)):
                    return ours
                later = error.code in _LATER.get(operation, ()) and not _STAYS.search(str(error))
                if not later or time.monotonic() + rest > self._deadline:
                    raise
            time.sleep(rest * random.uniform(0.5, 1.0))
            rest = min(rest * 2, LONGEST_REST)

    def _ours(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """The restore, if it is going on already: its answer was lost, and botocore has sent it again."""
        table = self._aws.call("dynamodb", "DescribeTable", TableName=arguments["TargetTableName"])["Table"]
        summary = table.get("RestoreSummary") or {}
        source = str(summary.get("SourceTableArn", ""))
        same = (
            summary.get("SourceBackupArn") == arguments["BackupArn"]
            if "BackupArn" in arguments
            else arguments.get("SourceTableArn", source) == source
            and arguments.get("SourceTableName", source.rpartition("/")[2]) == source.rpartition("/")[2]
        )
        return {"TableDescription": table} if summary and same else None

    def settled(self, settle: Settle) -> bool:
        """As `Aws.settled`."""
        return self._aws.settled(settle)
