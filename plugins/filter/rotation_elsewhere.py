# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Secrets that belong to another environment, which has a lock, a record and an application of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_names import names_secret

DOCUMENTATION = r"""
name: rotation_elsewhere
short_description: Secrets that belong to another environment
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A secret that another environment has and this one has not is to be rotated there, under the lock of that environment, with its
    record, and with its application asked. A secret that no environment has is not listed.
options:
  _input:
    description: Elements of O(runbook.aws.secretsmanager_rotation#module:secrets).
    type: list
    elements: dict
    required: true
  own:
    description: Names of the environment's own secrets.
    type: list
    elements: str
    required: true
  others:
    description: Names of the secrets of each other environment, in a dictionary by short name, by the environment's host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Only secrets of this environment
  ansible.builtin.assert:
    that: elements | runbook.aws.rotation_elsewhere(runbook_secrets.values(), others) | length == 0
  vars:
    elements: [{name: /sc-agent/prod/api/keys, action: rotate}]
    others: {sc-agent-dev: {api/keys: /sc-agent/dev/api/keys}}
"""

RETURN = r"""
_value:
  description: C(secret) and C(why) of each.
  type: list
  elements: dict
"""


def rotation_elsewhere(
    elements: Iterable[Mapping[str, Any]], own: Iterable[str], others: Mapping[str, Mapping[str, str]]
) -> list[dict[str, str]]:
    """See DOCUMENTATION."""
    own = list(own)
    found = []
    for element in elements:
        name = element["name"]
        if any(names_secret(name, one) for one in own):
            continue
        hosts = [host for host, known in others.items() if any(names_secret(name, one) for one in known.values())]
        if hosts:
            why = f"it belongs to {hosts[0]}. Run this with --limit {hosts[0]}: lock, record and application are there"
            found.append({"secret": name, "why": why})
    return found


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_elsewhere": rotation_elsewhere}
