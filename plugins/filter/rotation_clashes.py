# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rotations that are not finished and are about some of the same secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_names import names_secret

DOCUMENTATION = r"""
name: rotation_clashes
short_description: Rotations that are about some of the same secrets
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description: A secret is the same whether it is named by its name or by its ARN.
options:
  _input:
    description: Records of rotations, with their elements in C(details.rotation).
    type: list
    elements: dict
    required: true
  elements:
    description: Elements of O(runbook.aws.secretsmanager_rotation#module:secrets).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Is anything else going on
  ansible.builtin.assert:
    that: open.records | runbook.aws.rotation_clashes(elements) | length == 0
  vars:
    elements: [{name: /sc-agent/prod/api/keys, action: rotate}]
    open: {records: []}
"""

RETURN = r"""
_value:
  description: The records.
  type: list
  elements: dict
"""


def rotation_clashes(records: Iterable[Mapping[str, Any]], elements: Iterable[Mapping[str, Any]]) -> list[Any]:
    """See DOCUMENTATION."""
    wanted = [element["name"] for element in elements]
    return [
        record
        for record in records
        if any(names_secret(name, one) for name in wanted for one in _secrets(record.get("details") or {}))
    ]


def _secrets(details: Mapping[str, Any]) -> list[str]:
    return [element["name"] for element in (details.get("rotation") or {}).get("elements", ())]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_clashes": rotation_clashes}
