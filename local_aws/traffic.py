# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics of an application that is in use: series that are computed from the time, so any span has values.

AWS itself publishes AWS/Lambda and AWS/DynamoDB metrics; so the server does it here. A series is data: where it lies
(namespace, metric, dimensions), the range in which it moves over a day, and how a period's value comes about.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

# Both services publish a value a minute. Counts are given for five, which reads better for rare events.
STEP = 60
_COUNTED = 300
_DAY = 86_400
_BUSIEST = 14 * 3600

Series = dict[str, Any]
Point = tuple[float, list[tuple[float, float]]]
"""A moment and its samples: value and how often it occurred."""


def _series(
    namespace: str, metric: str, dimensions: dict[str, str], low: float, high: float, unit: str, kind: str = "level"
) -> Series:
    return {
        "namespace": namespace,
        "metric": metric,
        "dimensions": dimensions,
        "low": low,
        "high": high,
        "unit": unit,
        "kind": kind,
    }


def function_traffic(name: str, size: int) -> list[Series]:
    """What Lambda publishes for a function.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    busy = size / 100 if "orchestrator" in name else size / 300
    of = {"FunctionName": name}
    return [
        _series("AWS/Lambda", "Invocations", of, 200 * busy, 1500 * busy, "Count", "count"),
        _series("AWS/Lambda", "Errors", of, 0, 0.9 * busy, "Count", "count"),
        _series("AWS/Lambda", "Throttles", of, 0, 0.4 * busy, "Count", "count"),
        _series("AWS/Lambda", "ConcurrentExecutions", of, 8 * busy, 80 * busy, "Count"),
        _series("AWS/Lambda", "Duration", of, 700, 1300, "Milliseconds", "spread"),
    ]


def table_traffic(name: str, indexes: Sequence[str]) -> list[Series]:
    """What DynamoDB publishes for a table and its indexes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    found = []
    for of in ({"TableName": name}, *({"TableName": name, "GlobalSecondaryIndexName": item} for item in indexes)):
        for direction, busy in (("Read", 3.0), ("Write", 1.5)):
            found += [
                _series(
                    "AWS/DynamoDB", f"Consumed{direction}CapacityUnits", of, 60 * busy, 700 * busy, "Count", "count"
                ),
                _series("AWS/DynamoDB", f"{direction}ThrottleEvents", of, 0, 0.2, "Count", "count"),
                _series("AWS/DynamoDB", f"Provisioned{direction}CapacityUnits", of, 0, 0, "Count", "provisioned"),
            ]
    return found


def account_traffic(functions: int) -> list[Series]:
    """What Lambda publishes for the whole account and region."""
    return [
        _series("AWS/Lambda", "ConcurrentExecutions", {}, 8 * functions, 40 * functions, "Count"),
        _series("AWS/Lambda", "UnreservedConcurrentExecutions", {}, 4 * functions, 20 * functions, "Count"),
    ]


def agents_traffic(namespace: str, environment: str, agents: Sequence[str]) -> list[Series]:
    """What the application publishes about itself. Each set of dimensions is a metric of its own for CloudWatch."""
    found = []
    for agent in agents:
        of = {"Environment": environment, "Agent": agent}
        found += [
            _series(namespace, "QueryCount", {**of, "Success": "True"}, 40, 220, "Count", "count"),
            _series(namespace, "QueryCount", {**of, "Success": "False"}, 0, 0.3, "Count", "count"),
            _series(namespace, "QueryLatency", of, 800, 1700, "Milliseconds", "spread"),
            _series(namespace, "TokenUsage", of, 20_000, 180_000, "Count", "count"),
        ]
    return found


def points(series: Series, start: float, end: float) -> Iterator[Point]:
    """The samples of a series in [start, end), one moment every minute; the same at every look."""
    seed = zlib.crc32(f"{series['metric']}{sorted(series['dimensions'].items())}".encode())
    low, high = float(series["low"]), float(series["high"])
    moment = math.ceil(start / STEP) * STEP
    while moment < end:
        wave = 0.5 + 0.5 * math.cos((moment % _DAY - _BUSIEST) / _DAY * 2 * math.pi)
        noise = (seed ^ (moment // STEP * 2_654_435_761)) % 1009 / 1009
        value = low + (high - low) * min(1.0, wave * (0.7 + 0.6 * noise))
        if series["kind"] == "count":
            # Rare events are whole and mostly absent; frequent ones are whole too.
            yield float(moment), [(float(math.floor(value * STEP / _COUNTED + noise)), 1.0)]
        elif series["kind"] == "spread":
            yield float(moment), [(value * factor, count) for factor, count in _SPREAD]
        else:
            yield float(moment), [(round(value, 2), 1.0)]
        moment += STEP


# Most requests are near the middle and a few are slow.
_SPREAD = ((0.6, 20.0), (0.8, 30.0), (1.0, 30.0), (1.4, 14.0), (2.0, 5.0), (3.1, 1.0))
