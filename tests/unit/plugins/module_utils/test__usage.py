# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._cloudwatch import metric_queries
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call
from ansible_collections.runbook.aws.plugins.module_utils._usage import (
    Subject,
    function_queries,
    function_usage,
    table_queries,
    table_usage,
)


def _found(prefix: str, **values: list[float]) -> dict[str, dict[str, Any]]:
    return {f"{prefix}_{field}": {"values": numbers} for field, numbers in values.items()}


@pytest.mark.parametrize(
    ("values", "usage"),
    [
        pytest.param(
            {"concurrent_executions": [3.0, 9.0], "invocations": [100.0, 50.0], "throttles": [0.0, 4.0]},
            {"concurrent_executions": 9.0, "invocations": 150.0, "throttles": 4.0},
            id="the-highest-minute-and-the-sums",
        ),
        pytest.param(
            {"concurrent_executions": [1.0], "invocations": [5.0], "throttles": []},
            {"concurrent_executions": 1.0, "invocations": 5.0, "throttles": 0},
            id="called-and-never-throttled",
        ),
        pytest.param(
            {"concurrent_executions": [], "invocations": [], "throttles": []},
            {"concurrent_executions": None, "invocations": None, "throttles": None},
            id="not-called-is-not-known-to-be-well",
        ),
    ],
)
def test_use_of_a_function(values: dict[str, list[float]], usage: dict[str, float | None]) -> None:
    assert function_usage(0, _found("f0", **values)) == usage


def test_units_are_told_a_second() -> None:
    found = _found("t1", consumed_read=[600.0, 1200.0], consumed_write=[], read_throttles=[], write_throttles=[])
    assert table_usage(1, found) == {
        "consumed_read": 20.0,
        "consumed_write": None,
        "read_throttles": 0,
        "write_throttles": None,
    }


def test_throttling_is_asked_for_each_table_and_index() -> None:
    """Not as UserErrors, which is a total of the account without throttling."""
    queries = table_queries([Subject("orders"), Subject("orders", "by-user")])
    asked = [(query["metric"], query["dimensions"]) for query in queries]
    assert ("ReadThrottleEvents", {"TableName": "orders"}) in asked
    assert ("WriteThrottleEvents", {"TableName": "orders", "GlobalSecondaryIndexName": "by-user"}) in asked
    assert "UserErrors" not in {metric for metric, _dimensions in asked}


def test_the_queries_are_ones_that_cloudwatch_takes() -> None:
    wanted = [*function_queries(["a", "b"]), *table_queries([Subject("orders", "by-user")])]
    queries = metric_queries(wanted, 300)
    assert len({query["Id"] for query in queries}) == 10
    arguments = {"MetricDataQueries": queries, "StartTime": 0, "EndTime": 1}
    assert_valid(Call("cloudwatch", "GetMetricData", arguments))
