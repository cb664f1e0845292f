# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a plan for users would be if groups that are still to be made were there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: with_groups
short_description: Add to a plan for users that they join groups that are still to be made
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description: Nobody is in a group that is not there, so everyone who is asked for in it joins it.
options:
  _input:
    description: RV(ignore:results) of M(runbook.aws.cognito_user) in check mode, for users without these groups.
    type: list
    elements: dict
    required: true
  users:
    description: The users with these groups, elements of O(runbook.aws.cognito_user#module:users), in the same order.
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
- name: The whole plan
  ansible.builtin.debug:
    msg: "{{ plan.results | runbook.aws.with_groups([{'name': 'joe', 'groups': ['new']}], ['new']) }}"
  vars:
    plan:
      results:
        - target: joe
          changed: false
          before: {name: joe, state: present}
          after: {name: joe, state: present}
          calls: []
"""

RETURN = r"""
_value:
  description: The results.
  type: list
  elements: dict
"""


def with_groups(
    results: Iterable[Mapping[str, Any]], users: Iterable[Mapping[str, Any]], names: Collection[str]
) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    return [
        _joined(result, [one for one in user.get("groups") or () if one in names])
        for result, user in zip(results, users, strict=True)
    ]


def _joined(result: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
    if not groups:
        return dict(result)
    before, after = dict(result["before"]), dict(result["after"])
    after["groups"] = [*(after.get("groups") or ()), *groups]
    if before["state"] == "present" and not before.get("groups_exact"):
        before["groups_absent"] = [*(before.get("groups_absent") or ()), *groups]
    calls = [*result["calls"], *(["cognito-idp:AdminAddUserToGroup"] * len(groups))]
    return {**result, "changed": True, "before": before, "after": after, "calls": calls}


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"with_groups": with_groups}
