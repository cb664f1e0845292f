# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._later import NEW_TABLE, Later

NOT_YET = "ContinuousBackupsUnavailableException"


class Refusing:
    """Stands where `Aws` stands: refuses so many times."""

    def __init__(self, code: str, times: int) -> None:
        self.asked = 0
        self._code = code
        self._times = times

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        self.asked += 1
        if self.asked <= self._times:
            raise AwsError(f"{service}:{operation} was refused: {self._code}", self._code)
        return arguments


def test_what_passes_by_itself_is_sent_again_after_longer_and_longer_rests() -> None:
    aws: Any = Refusing(NOT_YET, times=6)
    rests: list[float] = []
    answer = Later(aws, NEW_TABLE, 600, rests.append).call("dynamodb", "CreateBackup", TableName="t")
    assert answer == {"TableName": "t"}
    assert len(rests) == 6
    for rest, longest in zip(rests, (0.5, 1, 2, 4, 5, 5), strict=True):
        assert longest / 2 <= rest <= longest


@pytest.mark.parametrize(
    ("operation", "code"), [("CreateBackup", "TableNotFoundException"), ("DescribeBackup", NOT_YET)]
)
def test_what_does_not_pass_is_an_error_at_once(operation: str, code: str) -> None:
    aws: Any = Refusing(code, times=1)
    with pytest.raises(AwsError, match=code):
        Later(aws, NEW_TABLE, 600).call("dynamodb", operation)
    assert aws.asked == 1


def test_at_the_end_of_the_time_it_is_awss_error() -> None:
    aws: Any = Refusing(NOT_YET, times=99)
    with pytest.raises(AwsError, match=NOT_YET):
        Later(aws, NEW_TABLE, 0).call("dynamodb", "CreateBackup")
    assert aws.asked == 1
