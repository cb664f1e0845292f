# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How much of its limits a function, table or index uses now, from CloudWatch. Pure but for the two `add_*_usage`.

CloudWatch keeps one value a minute. A use is the highest minute of the span, because an average hides what throttles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._cloudwatch import fetch_metric_data, metric_queries

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html: ConcurrentExecutions is to be viewed with
# Maximum, Invocations and Throttles with Sum.
FUNCTION_METRICS = {
    "concurrent_executions": ("ConcurrentExecutions", "Maximum"),
    "invocations": ("Invocations", "Sum"),
    "throttles": ("Throttles", "Sum"),
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html: consumed units are sums to be
# divided by the seconds of a period; throttles are Read- and WriteThrottleEvents for each table and index. UserErrors,
# which the runbook looks at, is a total of the account and leaves throttling out.
TABLE_METRICS = {
    "consumed_read": ("ConsumedReadCapacityUnits", "Sum"),
    "consumed_write": ("ConsumedWriteCapacityUnits", "Sum"),
    "read_throttles": ("ReadThrottleEvents", "Sum"),
    "write_throttles": ("WriteThrottleEvents", "Sum"),
}
MINUTE = 60

# The option of the read-only modules, documented in `doc_fragments/ops.py`.
USAGE_SPEC: dict[str, Any] = {"usage_seconds": {"type": "int", "default": 0}}


@dataclass(frozen=True)
class Subject:
    """What is measured: a function, a table, or an index of a table (then with `index`)."""

    name: str
    index: str | None = None


def function_queries(names: Iterable[str]) -> list[dict[str, Any]]:
    """Queries for `_cloudwatch.metric_queries`, three for each function."""
    return [
        _query("AWS/Lambda", metric, statistic, {"FunctionName": name}, f"f{place}_{field}")
        for place, name in enumerate(names)
        for field, (metric, statistic) in FUNCTION_METRICS.items()
    ]


def table_queries(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """Queries for `_cloudwatch.metric_queries`, four for each table and index."""
    return [
        _query("AWS/DynamoDB", metric, statistic, _dimensions(subject), f"t{place}_{field}")
        for place, subject in enumerate(subjects)
        for field, (metric, statistic) in TABLE_METRICS.items()
    ]


def function_usage(place: int, found: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    """The use of the function at this place of `function_queries`; null where CloudWatch has no data.

    Returns:
        `concurrent_executions`, the most at the same time; `invocations` and `throttles`, sums of the span.
    """
    values = {field: found[f"f{place}_{field}"]["values"] for field in FUNCTION_METRICS}
    return {
        "concurrent_executions": max(values["concurrent_executions"], default=None),
        "invocations": _total(values["invocations"]),
        "throttles": _total(values["throttles"], published=bool(values["invocations"])),
    }


def table_usage(place: int, found: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    """The use of the table or index at this place of `table_queries`; null where CloudWatch has no data.

    Returns:
        `consumed_read` and `consumed_write`, units a second in the highest minute; `read_throttles` and
        `write_throttles`, sums of the span.
    """
    values = {field: found[f"t{place}_{field}"]["values"] for field in TABLE_METRICS}
    return {
        "consumed_read": _rate(values["consumed_read"]),
        "consumed_write": _rate(values["consumed_write"]),
        "read_throttles": _total(values["read_throttles"], published=bool(values["consumed_read"])),
        "write_throttles": _total(values["write_throttles"], published=bool(values["consumed_write"])),
    }


def add_function_usage(aws: Aws, results: Sequence[dict[str, Any]], seconds: int) -> None:
    """Put `usage` into the results of functions, all read at once.

    Raises:
        AwsError: CloudWatch refused, or did not answer.
        Refused: Fewer seconds than CloudWatch keeps apart.
    """
    queries = metric_queries(function_queries(result["target"] for result in results), seconds)
    found = fetch_metric_data(aws, queries, seconds, datetime.now(UTC))
    for place, result in enumerate(results):
        result["usage"] = function_usage(place, found)


def add_table_usage(aws: Aws, results: Sequence[dict[str, Any]], seconds: int) -> None:
    """Put `usage` into the results of tables and into their indexes, all read at once.

    Raises:
        AwsError: CloudWatch refused, or did not answer.
        Refused: Fewer seconds than CloudWatch keeps apart.
    """
    parts: list[tuple[Subject, dict[str, Any]]] = []
    for result in results:
        parts.append((Subject(result["target"]), result))
        parts += [(Subject(result["target"], index["name"]), index) for index in result["indexes"]]
    queries = metric_queries(table_queries([subject for subject, _part in parts]), seconds)
    found = fetch_metric_data(aws, queries, seconds, datetime.now(UTC))
    for place, (_subject, part) in enumerate(parts):
        part["usage"] = table_usage(place, found)


def _rate(values: Sequence[float]) -> float | None:
    return max(values) / MINUTE if values else None


def _total(values: Sequence[float], *, published: bool = False) -> float | None:
    """A sum; where other metrics of the same thing were published, no value means that there was nothing to count."""
    return sum(values) if values or published else None


def _dimensions(subject: Subject) -> dict[str, str]:
    return {"TableName": subject.name} | ({"GlobalSecondaryIndexName": subject.index} if subject.index else {})


def _query(namespace: str, metric: str, statistic: str, dimensions: Mapping[str, str], identity: str) -> dict[str, Any]:
    return {
        "id": identity,
        "namespace": namespace,
        "metric": metric,
        "dimensions": dimensions,
        "statistic": statistic,
        "period": MINUTE,
    }
