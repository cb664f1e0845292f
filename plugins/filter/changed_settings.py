# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a module's results change, as rows that a person can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._leaves import ABSENT, spread

DOCUMENTATION = r"""
name: changed_settings
short_description: The settings that a module of this collection changed, one row for each
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Spreads RV(ignore:before) and RV(ignore:after) of each result into single settings and keeps those that differ.
  - A setting that is only in RV(ignore:before) is not shown. It is kept there to come back, for example the units of a
    table that was switched to on-demand.
options:
  _input:
    description: RV(ignore:results) of a module of this collection.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: What changed
  ansible.builtin.debug:
    msg: "{{ scaled.results | runbook.aws.changed_settings | runbook.aws.as_table(columns) }}"
  vars:
    columns: [target, setting, before, after]
    scaled:
      results:
        - target: orders
          before: {name: orders, reserved: 100}
          after: {name: orders, reserved: 200}
"""

RETURN = r"""
_value:
  description: Rows with target, setting, before and after.
  type: list
  elements: dict
"""


def changed_settings(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    rows = []
    for result in results:
        before, after = spread(result.get("before") or {}), spread(result.get("after") or {})
        for path, will_be in sorted(after.items()):
            was = before.get(path, ABSENT)
            if was != will_be:
                setting = ".".join(path)
                rows.append(
                    {
                        "target": result["target"],
                        "setting": setting,
                        "before": "-" if was is ABSENT else was,
                        "after": will_be,
                    }
                )
    return rows


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"changed_settings": changed_settings}
