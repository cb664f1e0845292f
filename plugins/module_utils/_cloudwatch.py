# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""CloudWatch metrics: many in one call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

METRIC_QUERY_SPEC: dict[str, Any] = {
    "id": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "metric": {"type": "str"},
    "dimensions": {"type": "dict", "default": {}},
    "statistic": {"type": "str", "default": "Sum"},
    "expression": {"type": "str"},
    "period": {"type": "int"},
}

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html: "A single GetMetricData call
# can include up to 500 MetricDataQuery structures."
QUERIES_A_CALL = 500
# API_MetricDataQuery.html, Id: "The first character must be a lowercase letter."
_ID = re.compile(r"[a-z]\w*", re.ASCII)


def metric_queries(wanted: Sequence[Mapping[str, Any]], seconds: int) -> list[dict[str, Any]]:
    """What `GetMetricData` takes, from elements of the option `queries`.

    Args:
        wanted: Elements after `METRIC_QUERY_SPEC`.
        seconds: The span to read; a query without a period gets it as its period, in whole minutes.

    Raises:
        Refused: An id or a number that CloudWatch would not take.
    """
    if seconds < 60:
        raise Refused(f"seconds is {seconds}: give 60 or more, CloudWatch keeps one value a minute.")
    queries = []
    for query in wanted:
        period = query.get("period") or -(-seconds // 60) * 60
        if not _ID.fullmatch(query["id"]):
            raise Refused(f"The id '{query['id']}' must start with a lower-case letter, then letters, digits or _.")
        if period < 60 or period % 60:
            raise Refused(f"{query['id']}: the period is {period}: give a multiple of 60 seconds.")
        if query.get("expression"):
            queries.append({"Id": query["id"], "Expression": query["expression"], "Period": period})
            continue
        dimensions = [{"Name": name, "Value": str(value)} for name, value in (query.get("dimensions") or {}).items()]
        queries.append(
            {
                "Id": query["id"],
                "MetricStat": {
                    "Metric": {
                        "Namespace": query["namespace"],
                        "MetricName": query["metric"],
                        "Dimensions": dimensions,
                    },
                    "Period": period,
                    "Stat": query.get("statistic") or "Sum",
                },
            }
        )
    if len(queries) > QUERIES_A_CALL and any("Expression" in query for query in queries):
        raise Refused(
            f"{len(queries)} queries with expressions among them: an expression must be in one call with what it names, "
            f"and a call takes {QUERIES_A_CALL}. Split the task."
        )
    return queries


def fetch_metric_data(aws: Aws, queries: Sequence[Mapping[str, Any]], seconds: int, now: datetime) -> dict[str, Any]:
    """The values of every query by its id: `latest`, `values`, `timestamps`, `status`.

    Args:
        aws: With a client for `cloudwatch`.
        queries: From `metric_queries`.
        seconds: How far back from `now`.
        now: The end of the span, in UTC.

    Raises:
        AwsError: CloudWatch refused, or did not answer.
    """
    found: dict[str, dict[str, Any]] = {
        query["Id"]: {"latest": None, "values": [], "timestamps": [], "status": "Complete"} for query in queries
    }
    # Periods begin at whole minutes: without its whole first minute a span would miss the data of that minute.
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for start in range(0, len(queries), QUERIES_A_CALL):
        batch = queries[start : start + QUERIES_A_CALL]
        for result in aws.pages(
            "cloudwatch",
            "GetMetricData",
            "MetricDataResults",
            MetricDataQueries=batch,
            StartTime=end - timedelta(seconds=seconds),
            EndTime=end,
            ScanBy="TimestampDescending",
        ):
            # A query whose values go over several pages has a result on each.
            series = found[result["Id"]]
            series["values"] += [float(value) for value in result.get("Values", ())]
            series["timestamps"] += [moment.isoformat() for moment in result.get("Timestamps", ())]
            series["status"] = result.get("StatusCode", "Complete")
            series["latest"] = series["values"][0] if series["values"] else None
    return found
