# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rows as a table in plain text, which reads the same on a terminal, in AWX and in a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._visible import visible

DOCUMENTATION = r"""
name: as_table
short_description: Rows as a table in plain text
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Numbers are set to the right, everything else to the left. A value that is missing is shown as C(-).
  - What cannot be seen, or would steer a terminal, is shown as an escape, for example a line break.
options:
  _input:
    description: The rows.
    type: list
    elements: dict
    required: true
  columns:
    description: Keys of the rows, in the order in which they are shown. An underscore is shown as a space.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: A table
  ansible.builtin.debug:
    msg: "{{ [{'function': 'orders', 'reserved': 200}] | runbook.aws.as_table(['function', 'reserved']) }}"
"""

RETURN = r"""
_value:
  description: The lines of the table, headings first.
  type: list
  elements: str
"""


def as_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """See DOCUMENTATION."""
    cells = [[_text(row.get(column)) for column in columns] for row in rows]
    headings = [column.replace("_", " ") for column in columns]
    widths = [max(len(line[place]) for line in [headings, *cells]) for place in range(len(columns))]
    right = [
        bool(rows) and all(_is_number(row.get(column)) or row.get(column) in (None, "-") for row in rows)
        for column in columns
    ]
    return [
        "  ".join(
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [headings, ["-" * width for width in widths], *cells]
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return visible(f"{value}")


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"as_table": as_table}
