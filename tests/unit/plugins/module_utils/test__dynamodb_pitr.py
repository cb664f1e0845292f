# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What AWS's answers about point-in-time recovery mean, and how it is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import (
    MOST_DAYS,
    Pitr,
    fetch_pitr,
    report_pitr,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
EARLIEST, LATEST = NOW - timedelta(days=20), NOW - timedelta(minutes=5)
TIMES = {"EarliestRestorableDateTime": EARLIEST, "LatestRestorableDateTime": LATEST}

OFF = Pitr("t", None, None, None, ready=True, read_at=NOW)
ON = Pitr("t", 7, EARLIEST, LATEST, ready=True, read_at=NOW)


class Answers:
    """Stands where `Aws` stands."""

    def __init__(self, status: str, **recovery: Any) -> None:
        self._backups = {"ContinuousBackupsStatus": status, "PointInTimeRecoveryDescription": recovery}

    def call(self, _service: str, operation: str, /, **_arguments: Any) -> dict[str, Any]:
        assert operation == "DescribeContinuousBackups"
        date = {"HTTPHeaders": {"date": "Mon, 23 Nov 2026 14:00:00 GMT"}}
        return {"ContinuousBackupsDescription": self._backups, "ResponseMetadata": date}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answers("ENABLED", PointInTimeRecoveryStatus="ENABLED", RecoveryPeriodInDays=7, **TIMES), ON),
        (Answers("ENABLED", PointInTimeRecoveryStatus="DISABLED"), OFF),
    ],
)
def test_an_answer_is_read(answer: Any, state: Pitr) -> None:
    assert fetch_pitr(answer, "t") == state


def test_a_period_that_is_not_told_is_the_default() -> None:
    aws: Any = Answers("ENABLED", PointInTimeRecoveryStatus="ENABLED", **TIMES)
    assert fetch_pitr(aws, "t").days == MOST_DAYS


def test_a_new_table_has_no_continuous_backups_yet() -> None:
    aws: Any = Answers("DISABLED")
    assert (fetch_pitr(aws, "t").ready, fetch_pitr(aws, "t").days) == (False, None)


def test_the_window_is_shown_with_its_ages() -> None:
    assert report_pitr(ON) == {
        "pitr": {"name": "t", "state": "present", "recovery_period_days": 7},
        "earliest": "2026-11-03T14:00:00Z",
        "latest": "2026-11-23T13:55:00Z",
        "earliest_age_seconds": 20 * 86_400,
        "latest_age_seconds": 300,
    }
    assert report_pitr(OFF) == {
        "pitr": {"name": "t", "state": "absent"},
        "earliest": None,
        "latest": None,
        "earliest_age_seconds": None,
        "latest_age_seconds": None,
    }
