# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._cloudwatch import fetch_metric_data, metric_queries
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused

NOW = datetime(2026, 11, 23, 12, 30, 40, tzinfo=UTC)


class Recorded:
    """An AWS that keeps what it is asked and has one value for every query, on two pages."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def pages(self, service: str, operation: str, _result_key: str, /, **arguments: Any) -> list[Any]:
        assert_valid(Call(service, operation, arguments))
        self.asked.append(arguments)
        ids = [query["Id"] for query in arguments["MetricDataQueries"]]
        return [
            {"Id": one, "Values": [value], "Timestamps": [NOW], "StatusCode": "Complete"}
            for value in (2.0, 1.0)
            for one in ids
        ]


def _metrics(number: int) -> list[dict[str, Any]]:
    return [
        {"id": f"m{i}", "namespace": "AWS/Lambda", "metric": "Errors", "dimensions": {"a": 1}} for i in range(number)
    ]


@pytest.mark.parametrize(("queries", "calls"), [(1, 1), (500, 1), (501, 2), (1200, 3)])
def test_a_call_carries_500_queries(queries: int, calls: int) -> None:
    aws = Recorded()
    found = fetch_metric_data(aws, metric_queries(_metrics(queries), 300), 300, NOW)
    assert len(aws.asked) == calls and len(found) == queries
    assert found["m0"]["values"] == [2.0, 1.0] and found["m0"]["latest"] == 2.0


def test_the_minute_that_is_running_is_read_too() -> None:
    aws = Recorded()
    fetch_metric_data(aws, metric_queries(_metrics(1), 300), 300, NOW)
    assert aws.asked[0]["EndTime"] == datetime(2026, 11, 23, 12, 31, tzinfo=UTC)
    assert aws.asked[0]["StartTime"] == datetime(2026, 11, 23, 12, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "seconds", "why"),
    [
        ({"id": "Errors"}, 300, "lower-case"),
        ({"id": "m1", "period": 90}, 300, "multiple of 60"),
        ({"id": "m1"}, 30, "60 or more"),
    ],
)
def test_what_cloudwatch_would_not_take_is_refused(query: dict[str, Any], seconds: int, why: str) -> None:
    with pytest.raises(Refused, match=why):
        metric_queries([{"namespace": "a", "metric": "b", **query}], seconds)


def test_the_period_is_the_whole_span_in_minutes() -> None:
    (query,) = metric_queries(_metrics(1), 90)
    assert query["MetricStat"]["Period"] == 120
