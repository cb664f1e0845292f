# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.usage_rows import usage_rows

QUIET = {"consumed_read": None, "consumed_write": None, "read_throttles": None, "write_throttles": None}


def _function(reserved: int | str, **usage: float | None) -> dict[str, Any]:
    return {"target": "orders", "function": {"name": "orders", "reserved": reserved}, "usage": usage}


@pytest.mark.parametrize(
    ("result", "row"),
    [
        pytest.param(
            _function(100, concurrent_executions=80.0, throttles=3.0),
            {"of": "concurrency", "used": 80.0, "limit": 100, "percent": 80, "throttles": 3.0},
            id="against-its-own-reservation",
        ),
        pytest.param(
            _function("unreserved", concurrent_executions=90.0, throttles=0),
            {"of": "concurrency (shared)", "used": 90.0, "limit": 900, "percent": 10, "throttles": 0},
            id="against-what-all-others-share",
        ),
        pytest.param(
            _function(0, concurrent_executions=0.0, throttles=7.0),
            {"of": "concurrency", "used": 0.0, "limit": 0, "percent": None, "throttles": 7.0},
            id="stopped",
        ),
        pytest.param(
            _function(100, concurrent_executions=None, throttles=None),
            {"of": "concurrency", "used": None, "limit": 100, "percent": None, "throttles": None},
            id="no-data-is-not-zero",
        ),
    ],
)
def test_a_function_has_one_row(result: dict[str, Any], row: dict[str, Any]) -> None:
    assert usage_rows([result], {"limit": 1000, "unreserved": 900}) == [{"target": "orders", **row}]


def test_a_table_and_each_index_have_a_row_for_reads_and_one_for_writes() -> None:
    table = {
        "target": "sessions",
        "table": {"name": "sessions", "billing_mode": "PROVISIONED", "indexes": [{"name": "by-user"}]},
        "units": {"read": 50, "write": 5},
        "usage": {**QUIET, "consumed_read": 25.0, "read_throttles": 2.0},
        "indexes": [{"name": "by-user", "units": {"read": 10, "write": 4}, "usage": {**QUIET, "consumed_write": 3.0}}],
    }
    rows = usage_rows([table])
    assert [(row["target"], row["of"], row["used"], row["limit"], row["percent"]) for row in rows] == [
        ("sessions", "read units/s", 25.0, 50, 50),
        ("sessions", "write units/s", None, 5, None),
        ("sessions/by-user", "read units/s", None, 10, None),
        ("sessions/by-user", "write units/s", 3.0, 4, 75),
    ]
    assert rows[0]["throttles"] == 2.0 and rows[1]["throttles"] is None


def test_an_on_demand_table_has_its_maximum_as_limit_or_none() -> None:
    table = {
        "target": "conversations",
        "table": {
            "name": "conversations",
            "billing_mode": "PAY_PER_REQUEST",
            "read": {"max_request_units": 400},
            "write": {"max_request_units": "unlimited"},
        },
        "units": {"read": 0, "write": 0},
        "usage": {**QUIET, "consumed_read": 100.0, "consumed_write": 9.0},
    }
    assert [(row["limit"], row["percent"]) for row in usage_rows([table])] == [(400, 25), ("on-demand", None)]
