# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS computes percentiles and metric math; each of these fails on plain moto."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.client import Account
from local_aws.reference import seed

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


def put(account: Account, metric: str, *values: float | None, **dimensions: str) -> None:
    """One value for each minute from noon on."""
    account.client("cloudwatch").put_metric_data(
        Namespace="N",
        MetricData=[
            {
                "MetricName": metric,
                "Timestamp": NOON + place * MINUTE,
                "Value": value,
                "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
            }
            for place, value in enumerate(values)
            if value is not None
        ],
    )


def metric(
    name: str, identifier: str = "m1", statistic: str = "Sum", period: int = 60, shown: bool = True
) -> dict[str, Any]:
    what = {"Namespace": "N", "MetricName": name}
    return {"Id": identifier, "MetricStat": {"Metric": what, "Period": period, "Stat": statistic}, "ReturnData": shown}


def get(account: Account, *queries: dict[str, Any], minutes: int = 5, **options: Any) -> dict[str, list[float]]:
    answer = account.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=NOON,
        EndTime=NOON + minutes * MINUTE,
        ScanBy="TimestampAscending",
        **options,
    )
    return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("p50", 50), ("p95", 95), ("p99.9", 100), ("Maximum", 100), ("Average", 50.5), ("SampleCount", 100)],
)
def test_statistics_of_one_period(account: Account, statistic: str, expected: float) -> None:
    account.client("cloudwatch").put_metric_data(
        Namespace="N",
        MetricData=[{"MetricName": "d", "Timestamp": NOON, "Values": list(range(1, 101)), "Counts": [1] * 100}],
    )
    assert get(account, metric("d", statistic=statistic))["m1"] == [expected]
    kind = "Statistics" if statistic[0] != "p" else "ExtendedStatistics"
    answer = account.client("cloudwatch").get_metric_statistics(
        Namespace="N", MetricName="d", StartTime=NOON, EndTime=NOON + MINUTE, Period=60, **{kind: [statistic]}
    )
    point = answer["Datapoints"][0]
    assert point.get("ExtendedStatistics", point)[statistic] == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1/m2*100", [10, 50]),
        ("(m1 + m2) / 2 - 1", [4.5, 2]),
        ("FILL(m1, 0)", [1, 2, 0, 2, 0]),
        ("FILL(m1, REPEAT)", [1, 2, 2, 2, 2]),
        ("FILL(m1, LINEAR)", [1, 2, 2, 2]),
        ("m1/FILL(m2, 1)", [0.1, 0.5, 2]),
        ("SUM([m1, m2])", [11, 6, 5, 2, 0]),
        ("SUM(METRICS())", [11, 6, 5, 2, 0]),
        ("MAX(METRICS('2'))", [10, 4, 5, 0]),
        ("TIME_SERIES(SUM(m1))", [5, 5, 5, 5, 5]),
        ("IF(m1 > 1, m1, 0)", [0, 2, 2]),
        ("m1 / m2 * (m2 > 4)", [0.1, 0]),
        ("RATE(m1) * PERIOD(m1)", [1, 0]),
        ("-m1 ^ 2", [-1, -4, -4]),
    ],
)
def test_metric_math(account: Account, expression: str, expected: list[float]) -> None:
    put(account, "a", 1, 2, None, 2)
    put(account, "b", 10, 4, 5, None, 0)
    found = get(account, metric("a", "m1"), metric("b", "m2"), {"Id": "e1", "Expression": expression})["e1"]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("m1 +", "missing at the end"),
        ("m9 * 2", "m9"),
        ("NOPE(m1)", "NOPE"),
        ("SUM(m1)", "time series"),
        ("e1 + 1", "itself"),
    ],
)
def test_bad_expressions_are_refused(account: Account, expression: str, text: str) -> None:
    put(account, "a", 1)
    with pytest.raises(ClientError, match=text):
        get(account, metric("a"), {"Id": "e1", "Expression": expression})


def test_search_finds_metrics_by_their_dimensions(account: Account) -> None:
    put(account, "q", 1, agent="a", success="True")
    put(account, "q", 2, agent="b", success="True")
    put(account, "q", 4, agent="b", success="False")
    expression = """SUM(SEARCH('{N,agent,success} MetricName="q" success="True"', 'Sum', 60))"""
    assert get(account, {"Id": "e1", "Expression": expression})["e1"] == [3]


def test_each_set_of_dimensions_is_a_metric_of_its_own(account: Account) -> None:
    put(account, "q", 1, agent="a")
    assert get(account, metric("q"))["m1"] == []
    listed = account.client("cloudwatch").list_metrics(Namespace="N", Dimensions=[{"Name": "agent"}])["Metrics"]
    assert [item["Dimensions"] for item in listed] == [[{"Name": "agent", "Value": "a"}]]
    other = account.client("cloudwatch").list_metrics(Dimensions=[{"Name": "agent", "Value": "b"}])
    assert other["Metrics"] == []


def test_what_is_not_asked_for_is_not_returned(account: Account) -> None:
    put(account, "a", 1)
    found = get(account, metric("a", shown=False), {"Id": "e1", "Expression": "m1 * 2"})
    assert found == {"e1": [2]}


def test_results_come_in_pages(account: Account) -> None:
    put(account, "a", 1, 2, 3, 4, 5)
    client = account.client("cloudwatch")
    wanted = {
        "MetricDataQueries": [metric("a")],
        "StartTime": NOON,
        "EndTime": NOON + 5 * MINUTE,
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": 3,
    }
    first = client.get_metric_data(**wanted)
    second = client.get_metric_data(**wanted, NextToken=first["NextToken"])
    assert first["MetricDataResults"][0]["StatusCode"] == "PartialData"
    assert [p["MetricDataResults"][0]["Values"] for p in (first, second)] == [[1, 2, 3], [4, 5]]


def test_more_than_500_queries_are_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="500"):
        get(account, *(metric("a", f"m{number}") for number in range(501)))


def test_the_reference_application_is_in_use_at_any_time(account: Account) -> None:
    seed(account.endpoint, account.session, environments=("prod",))
    client = account.client("cloudwatch")
    now = datetime.datetime.now(tz=datetime.UTC)

    def values(namespace: str, name: str, statistic: str, days: int = 7, **dimensions: str) -> list[float]:
        found = client.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - datetime.timedelta(days=days),
            EndTime=now,
            Period=86_400 * days if days else 300,
            Statistics=[statistic],
        )
        return [point[statistic] for point in found["Datapoints"]]

    function = {"FunctionName": "sc-agent-orchestrator-prod"}
    table = {"TableName": "sc-agent-sessions-prod"}
    busiest = values("AWS/Lambda", "ConcurrentExecutions", "Maximum", **function)[0]
    assert 50 < busiest <= 100
    errors, invocations = (values("AWS/Lambda", name, "Sum", **function)[0] for name in ("Errors", "Invocations"))
    assert 0 < errors / invocations < 0.001
    assert set(values("AWS/DynamoDB", "ProvisionedReadCapacityUnits", "Average", **table)) == {10}
    assert (
        values("AWS/DynamoDB", "ConsumedReadCapacityUnits", "Sum", GlobalSecondaryIndexName="by-user", **table)[0] > 0
    )
    assert values("AWS/DynamoDB", "UserErrors", "Sum", **table) == []
    names = {item["MetricName"] for item in client.list_metrics(Namespace="sc-agent/Agents")["Metrics"]}
    assert names == {"QueryCount", "QueryLatency", "TokenUsage"}
    recent = client.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="ConcurrentExecutions",
        Dimensions=[{"Name": "FunctionName", "Value": "sc-agent-orchestrator-prod"}],
        StartTime=now - datetime.timedelta(minutes=5),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )
    assert recent["Datapoints"]
