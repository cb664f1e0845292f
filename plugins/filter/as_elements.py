# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Names as elements of a module's list option."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

DOCUMENTATION = r"""
name: as_elements
short_description: Names as elements of a module's list option
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description: Makes a mapping of each name, with the same further options in each. Options that are empty are left out.
options:
  _input:
    description: The names.
    type: list
    elements: str
    required: true
  key:
    description: The option that the name is.
    type: str
    required: true
  also:
    description: The further options.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Back up two tables under one name
  runbook.aws.dynamodb_backup:
    backups: "{{ ['orders', 'customers'] | runbook.aws.as_elements('table', {'name': 'before-upgrade'}) }}"
"""

RETURN = r"""
_value:
  description: The elements.
  type: list
  elements: dict
"""


def as_elements(names: Iterable[str], key: str, also: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    further = {name: value for name, value in (also or {}).items() if value not in (None, "", {}, [])}
    return [{key: name, **further} for name in names]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"as_elements": as_elements}
