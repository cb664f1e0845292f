# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Use against limits, one row for each function, table and index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: usage_rows
short_description: Use against limits, from what the info modules say
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - One row for the concurrency of each function, and one each for reads and writes of each table and index.
  - What CloudWatch has no data for is null, never zero.
options:
  _input:
    description: RV(ignore:results) of M(runbook.aws.lambda_concurrency_info) or M(runbook.aws.dynamodb_capacity_info),
      both with O(ignore:usage_seconds), or of both together.
    type: list
    elements: dict
    required: true
  account:
    description: RV(runbook.aws.lambda_concurrency_info#module:account), for functions without a reservation.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Use against limits
  ansible.builtin.debug:
    msg: "{{ found.results | runbook.aws.usage_rows(found.account)
             | runbook.aws.as_table(['target', 'of', 'used', 'limit', 'percent', 'throttles']) }}"
  vars:
    found:
      account: {limit: 1000, unreserved: 900}
      results:
        - target: orders
          function: {name: orders, reserved: 100}
          usage: {concurrent_executions: 80, invocations: 9000, throttles: 0}
"""

RETURN = r"""
_value:
  description: Rows with target, of (what of it), used, limit, percent and throttles.
  type: list
  elements: dict
"""

# As _plan and _lambda know them; said again here because a filter gets plain data.
UNRESERVED = "unreserved"
ON_DEMAND = "PAY_PER_REQUEST"


def usage_rows(results: Sequence[Mapping[str, Any]], account: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    rows: list[dict[str, Any]] = []
    for result in results:
        rows.extend(_table(result) if "table" in result else _function(result, account or {}))
    return rows


def _function(result: Mapping[str, Any], account: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    reserved, usage = result["function"]["reserved"], result["usage"]
    pool = reserved == UNRESERVED
    limit = account.get(UNRESERVED) if pool else reserved
    of = "concurrency (shared)" if pool else "concurrency"
    yield _row(result["target"], of, usage["concurrent_executions"], limit, usage["throttles"])


def _table(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    on_demand = result["table"]["billing_mode"] == ON_DEMAND
    parts = [(result["target"], result, result["table"])]
    named = {index["name"]: index for index in result["table"].get("indexes") or ()}
    parts += [(f"{result['target']}/{i['name']}", i, named.get(i["name"], {})) for i in result.get("indexes") or ()]
    for target, facts, state in parts:
        for direction in ("read", "write"):
            most = state.get(direction, {}).get("max_request_units")
            limit = (most if isinstance(most, int) else "on-demand") if on_demand else facts["units"][direction]
            usage = facts["usage"]
            of = f"{direction} units/s"
            yield _row(target, of, usage[f"consumed_{direction}"], limit, usage[f"{direction}_throttles"])


def _row(target: str, of: str, used: float | None, limit: Any, throttles: float | None) -> dict[str, Any]:
    share = None if used is None or not isinstance(limit, int) or not limit else round(100 * used / limit)
    return {"target": target, "of": of, "used": used, "limit": limit, "percent": share, "throttles": throttles}


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"usage_rows": usage_rows}
