# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudWatch metrics: stored points and the application's traffic, percentiles, metric math, pages.

moto lacks percentiles and metric math, and goes through every point of the account for each query. Alarms and
dashboards stay moto's.
"""

from __future__ import annotations

import datetime
import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local_aws import metric_math, traffic
from local_aws.accounts import AccountState
from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services import dynamodb

Key = tuple[str, str, tuple[tuple[str, str], ...]]
Samples = list[tuple[float, float]]

_QUERIES_A_CALL = 500
_LIST_PAGE = 500
_MOST_POINTS = 100_800
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


@dataclass
class Metrics:
    """The metrics of one account and region: points in order of time, and series that are computed."""

    points: dict[Key, list[traffic.Point]] = field(default_factory=dict)
    computed: dict[Key, traffic.Series] = field(default_factory=dict)
    units: dict[Key, str] = field(default_factory=dict)

    def add_traffic(self, series: list[traffic.Series]) -> None:
        for item in series:
            key = item["namespace"], item["metric"], tuple(sorted(item["dimensions"].items()))
            self.computed[key] = item
            self.units[key] = item["unit"]

    def add(self, key: Key, moment: float, samples: Samples, unit: str) -> None:
        stored = self.points.setdefault(key, [])
        place = bisect_left(stored, moment, key=lambda point: point[0])
        stored.insert(place, (moment, samples))
        self.units[key] = unit


class Reader:
    """Reads the metrics of one account and region."""

    def __init__(self, account: AccountState, region: str) -> None:
        self._account = account
        self._region = region
        self._metrics = account.store(Metrics, region)
        # What moto itself knows, such as the size of buckets.
        self._from_moto: dict[Key, list[traffic.Point]] = {}
        for datum in cloudwatch_backends[account.id][region].aws_metric_data:
            key = datum.namespace, datum.name, tuple(sorted((item.name, item.value) for item in datum.dimensions))
            self._from_moto.setdefault(key, []).append((datum.timestamp.timestamp(), [(float(datum.value), 1.0)]))

    def all(self) -> list[Key]:
        return sorted({*self._metrics.points, *self._metrics.computed, *self._from_moto})

    def unit(self, key: Key) -> str:
        return self._metrics.units.get(key, "None")

    def points(self, key: Key, start: float, end: float) -> Iterator[traffic.Point]:
        """The points of a metric in [start, end) that lie in the past."""
        for stored in (self._metrics.points.get(key, []), self._from_moto.get(key, [])):
            for point in stored[bisect_left(stored, start, key=lambda item: item[0]) :]:
                if point[0] >= end:
                    break
                yield point
        series = self._metrics.computed.get(key)
        if series is None:
            return
        end = min(end, self._account.now())
        if series["kind"] != "provisioned":
            yield from traffic.points(series, start, end)
            return
        units = self._provisioned(series["dimensions"], "Read" if "Read" in series["metric"] else "Write")
        for moment, _samples in traffic.points({**series, "kind": "level"}, start, end):
            if units:
                yield moment, [(units, 1.0)]

    def _provisioned(self, dimensions: dict[str, str], direction: str) -> float:
        """The units that the table has now; 0 when it is on-demand or gone."""
        database = dynamodb.Database(self._account, self._region)
        try:
            units = database.units_soon(dimensions["TableName"], dimensions.get("GlobalSecondaryIndexName"))
        except AwsError:
            return 0.0
        return float(units[0 if direction == "Read" else 1])

    def statistic(self, key: Key, statistic: str, start: float, end: float, period: int) -> metric_math.Series:
        """One value for each bucket that has data; buckets begin at `start`."""
        buckets: dict[float, Samples] = {}
        for moment, samples in self.points(key, start, end):
            buckets.setdefault(start + (moment - start) // period * period, []).extend(samples)
        return {moment: _statistic(statistic, samples) for moment, samples in buckets.items()}

    def search(self, text: str, statistic: str, start: float, end: float, period: int) -> list[metric_math.Series]:
        """SEARCH('{Namespace,Dimension,…} MetricName="…" Dimension="…"', statistic, period).

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html: the braces name
        the namespace and exactly the dimensions of the metrics that are looked for.
        """
        found = re.fullmatch(r"\s*\{([^}]*)\}\s*(.*)", text)
        if not found:
            raise metric_math.BadExpression("SEARCH needs {Namespace,Dimension,...}")
        namespace, *names = (part.strip().strip('"') for part in found.group(1).split(","))
        wanted = dict(re.findall(r"(\w+)\s*=\s*\"([^\"]*)\"", found.group(2)))
        metric = wanted.pop("MetricName", None)
        return [
            self.statistic(key, statistic, start, end, period)
            for key in self.all()
            if key[0] == namespace
            and {name for name, _value in key[2]} == set(names)
            and metric in (None, key[1])
            and all(dict(key[2]).get(name) == value for name, value in wanted.items())
        ]


def _statistic(name: str, samples: Samples) -> float:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html"""
    count = math.fsum(times for _value, times in samples)
    total = math.fsum(value * times for value, times in samples)
    if name == "SampleCount":
        return count
    if name == "Sum":
        return total
    if name == "Average":
        return total / count if count else 0.0
    if name == "Minimum":
        return min(value for value, _times in samples)
    if name == "Maximum":
        return max(value for value, _times in samples)
    rank, passed = count * float(name[1:]) / 100, 0.0
    ordered = sorted(samples)
    for value, times in ordered:
        passed += times
        if passed >= rank:
            return value
    return ordered[-1][0]


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationError", text, 400)


def _check_statistic(name: str) -> str:
    if name in _STATISTICS or re.fullmatch(r"p(100|\d{1,2}(\.\d{1,10})?)", name):
        return name
    raise _invalid(f"The value {name} for parameter Stat is not supported.")


def _key(namespace: str, metric: str, dimensions: Sequence[dict[str, str]] | None) -> Key:
    return namespace, metric, tuple(sorted((item["Name"], item["Value"]) for item in dimensions or ()))


def _span(call: Call) -> tuple[float, float]:
    """Start and end; the start is rounded down to a whole minute (botocore, GetMetricData, StartTime)."""
    start, end = call.arguments["StartTime"].timestamp(), call.arguments["EndTime"].timestamp()
    if end <= start:
        raise _invalid("The parameter EndTime must be greater than StartTime.")
    return start - start % 60, end


def _check_period(period: int) -> int:
    if period < 1 or (period not in (1, 5, 10, 30) and period % 60):
        raise _invalid(f"Period {period} must be 1, 5, 10, 30 or a multiple of 60.")
    return period


def _date(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, tz=datetime.UTC)


@rule("cloudwatch", "PutMetricData")
def put_metric_data(call: Call) -> Result:
    """Points as value, values with counts, or a statistic set.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
    """
    metrics = call.account.store(Metrics, call.region)
    for datum in call.arguments["MetricData"]:
        moment = datum["Timestamp"].timestamp() if datum.get("Timestamp") else call.account.now()
        if datum.get("Values"):
            counts = datum.get("Counts") or [1.0] * len(datum["Values"])
            samples = [(float(value), float(times)) for value, times in zip(datum["Values"], counts, strict=False)]
        elif datum.get("StatisticValues"):
            samples = _from_set(datum["StatisticValues"])
        elif "Value" in datum:
            samples = [(float(datum["Value"]), 1.0)]
        else:
            raise AwsError("MissingParameter", f"{datum['MetricName']} has no value", 400)
        key = _key(call.arguments["Namespace"], datum["MetricName"], datum.get("Dimensions"))
        metrics.add(key, moment - moment % 60, samples, datum.get("Unit") or "None")
    return {}


def _from_set(given: dict[str, float]) -> Samples:
    """Samples with the sum, count, minimum and maximum of a statistic set."""
    count, low, high = float(given["SampleCount"]), float(given["Minimum"]), float(given["Maximum"])
    if count < 3:
        return [(low, 1.0), (high, 1.0)][: max(1, int(count))]
    middle = (float(given["Sum"]) - low - high) / (count - 2)
    return [(low, 1.0), (middle, count - 2), (high, 1.0)]


@rule("cloudwatch", "ListMetrics")
def list_metrics(call: Call) -> Result:
    """500 a page; a dimension filter without a value matches any value.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
    """
    arguments = call.arguments

    def wanted(key: Key) -> bool:
        own = dict(key[2])
        return (
            arguments.get("Namespace", key[0]) == key[0]
            and arguments.get("MetricName", key[1]) == key[1]
            and all(
                item["Name"] in own and item.get("Value", own[item["Name"]]) == own[item["Name"]]
                for item in arguments.get("Dimensions") or ()
            )
        )

    found = [
        {
            "Namespace": key[0],
            "MetricName": key[1],
            "Dimensions": [{"Name": name, "Value": value} for name, value in key[2]],
        }
        for key in Reader(call.account, call.region).all()
        if wanted(key)
    ]
    shown, following = page(found, arguments.get("NextToken"), None, _LIST_PAGE)
    return {"Metrics": shown, "NextToken": following} if following else {"Metrics": shown}


@rule("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(call: Call) -> Result:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html"""
    arguments = call.arguments
    start, end = _span(call)
    period = _check_period(int(arguments["Period"]))
    if (end - start) / period > 1440:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {math.ceil((end - start) / period)} datapoints, which exceeds the limit of 1,440. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
            400,
        )
    plain, extended = arguments.get("Statistics") or [], arguments.get("ExtendedStatistics") or []
    if not plain and not extended:
        raise AwsError("MissingParameter", "Must specify either Statistics or ExtendedStatistics", 400)
    reader = Reader(call.account, call.region)
    key = _key(arguments["Namespace"], arguments["MetricName"], arguments.get("Dimensions"))
    points: dict[float, Result] = {}
    for name in [*plain, *extended]:
        for moment, value in reader.statistic(key, _check_statistic(name), start, end, period).items():
            point = points.setdefault(moment, {"Timestamp": _date(moment), "Unit": reader.unit(key)})
            if name in plain:
                point[name] = value
            else:
                point.setdefault("ExtendedStatistics", {})[name] = value
    return {"Label": arguments["MetricName"], "Datapoints": [points[moment] for moment in sorted(points)]}


@rule("cloudwatch", "GetMetricData")
def get_metric_data(call: Call) -> Result:
    """Metrics and expressions over them; 500 queries a call, 100,800 points a page.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    queries = call.arguments["MetricDataQueries"]
    if len(queries) > _QUERIES_A_CALL:
        raise _invalid(f"The collection MetricDataQueries must not have a size greater than {_QUERIES_A_CALL}.")
    answers = _Answers(call, queries).all()
    newest_first = call.arguments.get("ScanBy", "TimestampDescending") != "TimestampAscending"
    flat: list[tuple[int, float, float]] = []
    shown: list[dict[str, Any]] = []
    for query in queries:
        if query.get("ReturnData", True) is False:
            continue
        value = answers[query["Id"]]
        if not isinstance(value, dict | list):
            raise _invalid(f"Error in expression '{query['Id']}': the result must be a time series")
        for series in value if isinstance(value, list) else [value]:
            flat += [(len(shown), moment, series[moment]) for moment in sorted(series, reverse=newest_first)]
            shown.append(query)
    most = min(int(call.arguments.get("MaxDatapoints") or _MOST_POINTS), _MOST_POINTS)
    points, following = page(flat, call.arguments.get("NextToken"), most, most)
    results: list[Result] = [
        {"Id": query["Id"], "Label": _label(query), "Timestamps": [], "Values": [], "StatusCode": "Complete"}
        for query in shown
    ]
    for place, moment, one in points:
        results[place]["Timestamps"].append(_date(moment))
        results[place]["Values"].append(one)
    if following and points:
        # What goes on on the next page is partial.
        results[points[-1][0]]["StatusCode"] = "PartialData"
    answer: Result = {"MetricDataResults": results, "Messages": []}
    return {**answer, "NextToken": following} if following else answer


def _label(query: dict[str, Any]) -> str:
    if query.get("Label"):
        return str(query["Label"])
    return str(query["MetricStat"]["Metric"]["MetricName"]) if query.get("MetricStat") else str(query["Id"])


class _Answers:
    """The results of a request's queries; an expression is worked out when what it names is there."""

    def __init__(self, call: Call, queries: list[dict[str, Any]]) -> None:
        self._start, self._end = _span(call)
        self._reader = Reader(call.account, call.region)
        self._queries = {query["Id"]: query for query in queries}
        if len(self._queries) < len(queries):
            raise _invalid("The values for parameter id in MetricDataQueries are not unique.")
        self._results: dict[str, metric_math.Value] = {}
        self._stats = {name: query["MetricStat"] for name, query in self._queries.items() if query.get("MetricStat")}

    def all(self) -> dict[str, metric_math.Value]:
        for name in self._queries:
            self._work_out(name, ())
        return self._results

    def _work_out(self, name: str, above: tuple[str, ...]) -> None:
        if name in self._results:
            return
        if name in above:
            raise _invalid(f"Error in expression '{name}': it depends on itself")
        query = self._queries[name]
        if name in self._stats:
            self._results[name] = self._metric(self._stats[name])
            return
        expression = str(query.get("Expression") or "")
        named = metric_math.depends_on(expression) & set(self._queries)
        if "METRICS(" in expression:
            named |= set(self._stats)
        for other in sorted(named):
            self._work_out(other, (*above, name))
        periods = {other: int(stat["Period"]) for other, stat in self._stats.items()}
        period = int(query.get("Period") or max([periods[other] for other in named if other in periods], default=300))
        names = metric_math.Names(
            results=self._results,
            metrics=[other for other in self._stats if other in self._results],
            periods=periods,
            buckets=[self._start + step * period for step in range(math.ceil((self._end - self._start) / period))],
            search=lambda text, statistic, every: self._reader.search(
                text, _check_statistic(statistic), self._start, self._end, every
            ),
        )
        try:
            self._results[name] = metric_math.evaluate(expression, names)
        except metric_math.BadExpression as error:
            raise _invalid(f"Error in expression '{name}': {error}") from error

    def _metric(self, stat: dict[str, Any]) -> metric_math.Series:
        metric = stat["Metric"]
        key = _key(metric["Namespace"], metric["MetricName"], metric.get("Dimensions"))
        period = _check_period(int(stat["Period"]))
        return self._reader.statistic(key, _check_statistic(stat["Stat"]), self._start, self._end, period)
