# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Users in groups that are there already, for a plan that is made before the other groups are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: without_groups
short_description: Leave out groups of users that are still to be made
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - M(runbook.aws.cognito_user) refuses a group that is not there. This leaves out those that the same procedure makes
    before it comes to the users, and the filter P(runbook.aws.with_groups#filter) adds to the plan what that means.
options:
  _input:
    description: Elements of O(runbook.aws.cognito_user#module:users).
    type: list
    elements: dict
    required: true
  names:
    description: The groups.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: What can be planned
  ansible.builtin.debug:
    msg: "{{ [{'name': 'joe', 'groups': ['auditors', 'new']}] | runbook.aws.without_groups(['new']) }}"
"""

RETURN = r"""
_value:
  description: The elements.
  type: list
  elements: dict
"""


def without_groups(users: Iterable[Mapping[str, Any]], names: Collection[str]) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    return [
        {**user, **({"groups": [one for one in user["groups"] if one not in names]} if user.get("groups") else {})}
        for user in users
    ]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"without_groups": without_groups}
