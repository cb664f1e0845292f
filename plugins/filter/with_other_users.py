# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Users that are asked for, and what becomes of all others of the pool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._cognito import EXTERNAL

DOCUMENTATION = r"""
name: with_other_users
short_description: Add the users of a pool that are not named, to be disabled or deleted
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Users that come from an external identity provider are not added. They are kept there, and the next sign-in would
    make one that was deleted again.
options:
  _input:
    description: The users that are asked for, elements of O(runbook.aws.cognito_user#module:users).
    type: list
    elements: dict
    required: true
  found:
    description: The result of M(runbook.aws.cognito_user_info) for all users of the pool.
    type: dict
    required: true
  then:
    description: What becomes of the others.
    type: str
    choices: [disabled, absent]
    required: true
"""

EXAMPLES = r"""
- name: What brings the pool to exactly these users
  ansible.builtin.debug:
    msg: "{{ [{'name': 'jane'}] | runbook.aws.with_other_users(found, 'disabled') }}"
  vars:
    found:
      pool: {case_sensitive: false}
      results:
        - {target: Jane, username: Jane, status: CONFIRMED}
        - {target: joe, username: joe, status: CONFIRMED}
"""

RETURN = r"""
_value:
  description: The elements, those that are asked for first.
  type: list
  elements: dict
"""


def with_other_users(users: Sequence[Mapping[str, Any]], found: Mapping[str, Any], then: str) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""

    def keys(names: Iterable[str]) -> set[str]:
        return {name if found["pool"]["case_sensitive"] else name.casefold() for name in names}

    named = keys(user["name"] for user in users)
    others = [
        one["target"]
        for one in found["results"]
        if one["status"] != EXTERNAL and not named & keys((one["target"], one["username"]))
    ]
    what: dict[str, Any] = {"state": "absent"} if then == "absent" else {"state": "present", "enabled": False}
    return [*(dict(user) for user in users), *({"name": name, **what} for name in others)]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"with_other_users": with_other_users}
