# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What lets the functions that use one thing use another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: switch_consumers
short_description: What lets the functions that use one thing use another one
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Turns what M(runbook.aws.lambda_settings_info) found about users of a table into what M(runbook.aws.lambda_settings) has to
    do so that they use another one. Aliases whose version uses it get a new version.
options:
  _input:
    description: RV(runbook.aws.lambda_settings_info#module:consumers).
    type: list
    elements: dict
    required: true
  values:
    description: New value by old value of the variables.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Use the restored table
  runbook.aws.lambda_settings:
    functions: "{{ users.consumers | runbook.aws.switch_consumers({'orders': 'orders-restored'}) }}"
"""

RETURN = r"""
_value:
  description: Elements of O(runbook.aws.lambda_settings#module:functions), one for each function.
  type: list
  elements: dict
"""

_UNPUBLISHED = "$LATEST"


def switch_consumers(consumers: Iterable[Mapping[str, Any]], values: Mapping[str, str]) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    switched: dict[str, dict[str, Any]] = {}
    for consumer in consumers:
        if consumer["value"] not in values:
            continue
        name = consumer["function"]
        element = switched.setdefault(name, {"name": name, "environment": {}, "alias": []})
        element["environment"][consumer["variable"]] = values[consumer["value"]]
        element["alias"] += [
            alias for alias in consumer["qualifiers"] if alias != _UNPUBLISHED and alias not in element["alias"]
        ]
    return [_finished(element) for element in switched.values()]


def _finished(element: dict[str, Any]) -> dict[str, Any]:
    if element["alias"]:
        return {**element, "publish": True}
    return {key: value for key, value in element.items() if key != "alias"}


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"switch_consumers": switch_consumers}
