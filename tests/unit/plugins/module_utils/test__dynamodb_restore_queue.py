# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A restore that AWS has no room for is sent again; what will not pass by itself is told at once."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore_queue import Queue
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError

ROOM = "Too many restores at the same time"


class Refusing:
    """Stands where `Aws` stands: refuses so many times, then answers."""

    def __init__(self, code: str, times: int, text: str = ROOM) -> None:
        self._code, self._left, self._text = code, times, text
        self.calls = 0

    def call(self, _service: str, _operation: str, /, **_arguments: Any) -> dict[str, Any]:
        self.calls += 1
        if self._left:
            self._left -= 1
            raise AwsError(self._text, self._code)
        return {"done": True}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("RestoreTableToPointInTime", "LimitExceededException"),
        ("RestoreTableFromBackup", "LimitExceededException"),
        ("RestoreTableFromBackup", "BackupInUseException"),
    ],
)
def test_what_has_no_room_yet_is_sent_again(operation: str, code: str) -> None:
    aws: Any = Refusing(code, 1)
    assert Queue(aws, 60).call("dynamodb", operation) == {"done": True}
    assert aws.calls == 2


@pytest.mark.parametrize(
    ("operation", "code", "text"),
    [
        ("RestoreTableToPointInTime", "InvalidRestoreTimeException", "x"),
        ("RestoreTableToPointInTime", "LimitExceededException", "There is a limit of 2500 tables per account"),
        ("UpdateTable", "LimitExceededException", ROOM),
    ],
)
def test_what_does_not_pass_is_told_at_once(operation: str, code: str, text: str) -> None:
    aws: Any = Refusing(code, 1, text)
    with pytest.raises(AwsError, match=text):
        Queue(aws, 60).call("dynamodb", operation)
    assert aws.calls == 1


def test_the_time_of_the_task_is_the_limit() -> None:
    aws: Any = Refusing("LimitExceededException", 1000)
    with pytest.raises(AwsError, match=ROOM):
        Queue(aws, 0.1).call("dynamodb", "RestoreTableToPointInTime")


class Accepting(Refusing):
    """Has accepted the call already when it is sent again."""

    def __init__(self, code: str, summary: dict[str, Any]) -> None:
        super().__init__(code, 1000)
        self._summary = summary

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        if operation == "DescribeTable":
            return {"Table": {"TableName": arguments["TableName"], "RestoreSummary": self._summary}}
        return super().call(service, operation, **arguments)


ARN = "arn:aws:dynamodb:us-east-1:111122223333:table/t"


@pytest.mark.parametrize(
    ("operation", "arguments", "summary"),
    [
        ("RestoreTableToPointInTime", {"SourceTableName": "t"}, {"SourceTableArn": ARN}),
        ("RestoreTableToPointInTime", {"SourceTableArn": ARN}, {"SourceTableArn": ARN}),
        ("RestoreTableFromBackup", {"BackupArn": "b"}, {"SourceTableArn": ARN, "SourceBackupArn": "b"}),
    ],
)
@pytest.mark.parametrize("code", ["TableInUseException", "TableAlreadyExistsException"])
def test_a_restore_whose_answer_was_lost_goes_on(
    operation: str, arguments: dict[str, Any], summary: dict[str, Any], code: str
) -> None:
    aws: Any = Accepting(code, summary)
    answer = Queue(aws, 60).call("dynamodb", operation, TargetTableName="n", **arguments)
    assert answer["TableDescription"]["TableName"] == "n"
    assert aws.calls == 1
    for other in ({}, {"SourceTableArn": f"{ARN}-2", "SourceBackupArn": "other"}):
        with pytest.raises(AwsError, match=ROOM):
            Queue(Accepting(code, other), 60).call("dynamodb", operation, TargetTableName="n", **arguments)
