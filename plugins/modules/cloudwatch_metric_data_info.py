#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Many CloudWatch metrics in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_metric_data_info
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
short_description: Read many CloudWatch metrics and expressions at once
description:
  - Reads any number of metrics and metric-math expressions over one span of time, 500 with each C(GetMetricData) call,
    instead of one C(GetMetricStatistics) call for each.
  - CloudWatch knows a metric by its namespace, name and B(all) of its dimensions. A metric asked for with other
    dimensions than it was published with is another metric, and has no data. Then RV(results[].values) is empty and
    RV(results[].latest) is null; that says nothing about what is measured, least of all that it is zero.
extends_documentation_fragment:
  - runbook.aws.ops
  - runbook.aws.ops.attributes
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
options:
  queries:
    description: What to read. Each is a metric (O(queries[].metric) with O(queries[].namespace)) or an expression.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: What the query is called, in the result and in expressions. A lower-case letter, then letters,
          digits and underscores.
        type: str
        required: true
      namespace:
        description: The metric's namespace, for example V(AWS/Lambda).
        type: str
      metric:
        description: The metric's name.
        type: str
      dimensions:
        description: Values by dimension name.
        type: dict
        default: {}
      statistic:
        description: What to make of the data points of a period, for example V(Sum), V(Maximum) or V(p95).
        type: str
        default: Sum
      expression:
        description: Metric math over the ids of other queries, for example V(errors / invocations * 100).
        type: str
      period:
        description:
          - Seconds that one data point stands for, a multiple of 60.
          - The default is O(seconds), so that there is about one data point, rounded up to a multiple of 60.
        type: int
  seconds:
    description: How far back to look, from now.
    type: int
    default: 300
seealso:
  - name: GetMetricData
    description: The API's reference.
    link: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

EXAMPLES = r"""
- name: The share of invocations that failed in the last hour
  runbook.aws.cloudwatch_metric_data_info:
    seconds: 3600
    queries:
      - id: errors
        namespace: AWS/Lambda
        metric: Errors
        dimensions: {FunctionName: sc-agent-orchestrator-prod}
      - id: invocations
        namespace: AWS/Lambda
        metric: Invocations
        dimensions: {FunctionName: sc-agent-orchestrator-prod}
      - id: error_rate
        expression: errors / invocations * 100
  register: health
"""

RETURN = r"""
results:
  description: One element for each query, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The query's id.
      type: str
      sample: error_rate
    latest:
      description: The newest value, or null when there is no data.
      type: float
      sample: 0.2
    values:
      description: All values, the newest first.
      type: list
      elements: float
    timestamps:
      description: The start of each value's period, in UTC.
      type: list
      elements: str
      sample: ["2026-11-23T12:00:00+00:00"]
    status:
      description: CloudWatch's word on the query, V(Complete) or V(PartialData) when it could not read all.
      type: str
    error:
      description: What went wrong, or null.
      type: str
by_id:
  description: The newest values by the queries' ids; null where there is no data.
  returned: success
  type: dict
  sample: {error_rate: 0.2}
"""

from datetime import UTC, datetime

from ansible_collections.runbook.aws.plugins.module_utils._cloudwatch import (
    METRIC_QUERY_SPEC,
    fetch_metric_data,
    metric_queries,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target


def main() -> None:
    """Entry point."""
    module = OpsModule(
        {
            "queries": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": METRIC_QUERY_SPEC,
                "mutually_exclusive": [("metric", "expression")],
                "required_one_of": [("metric", "expression")],
                "required_by": {"metric": ("namespace",)},
            },
            "seconds": {"type": "int", "default": 300},
        },
        writes=False,
    )
    wanted = module.params["queries"]
    try:
        queries = metric_queries(wanted, module.params["seconds"])
        found = fetch_metric_data(module.aws("cloudwatch"), queries, module.params["seconds"], datetime.now(UTC))
    except (AwsError, Refused) as error:
        module.fail_json(msg=f"The metrics could not be read: {error}", results=[])
    module.report(
        [Target(query["id"]) for query in wanted],
        lambda target: found[target.name],
        by_id={query["id"]: found[query["id"]]["latest"] for query in wanted},
    )


if __name__ == "__main__":
    main()
