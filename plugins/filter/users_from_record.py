# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Users and groups as the record of an operation has them, for the modules to bring back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.filter.users_for_record import MEMBERSHIPS, SETTINGS_ABSENT, VALUES

DOCUMENTATION = r"""
name: users_from_record
short_description: Bring users or groups back to what is on record
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description: The way back of the filter P(runbook.aws.users_for_record#filter).
options:
  _input:
    description: What that filter gave, as the record has it.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: What brings them back
  ansible.builtin.debug:
    msg: "{{ [{'name': 'joe', 'state': 'present', 'groups': {'auditors': false}}] | runbook.aws.users_from_record }}"
"""

RETURN = r"""
_value:
  description: Elements of O(runbook.aws.cognito_user#module:users) or O(runbook.aws.cognito_group#module:groups).
  type: list
  elements: dict
"""


def users_from_record(kept: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    return [_element(one) for one in kept]


def _element(kept: Mapping[str, Any]) -> dict[str, Any]:
    lists = (*MEMBERSHIPS, *VALUES)
    element = {name: value for name, value in kept.items() if name not in lists and value is not None}
    if absent := [name for name, value in kept.items() if value is None]:
        element[SETTINGS_ABSENT] = absent
    for name, absent_name in MEMBERSHIPS.items():
        there = [one for one, inside in (kept.get(name) or {}).items() if inside]
        gone = [one for one, inside in (kept.get(name) or {}).items() if not inside]
        exact = bool(kept.get(f"{name}_exact"))
        if there or exact:
            element[name] = there
        if gone and not exact:
            element[absent_name] = gone
    for name, absent_name in VALUES.items():
        values = {one: value for one, value in (kept.get(name) or {}).items() if value is not None}
        gone = [one for one, value in (kept.get(name) or {}).items() if value is None]
        element.update({name: values} if values else {})
        element.update({absent_name: gone} if gone else {})
    return element


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"users_from_record": users_from_record}
