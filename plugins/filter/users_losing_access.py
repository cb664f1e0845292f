# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who loses access by a plan for users and groups, each counted once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: users_losing_access
short_description: Find the users who lose their access by what is planned
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Users who are disabled or deleted, who are in a group that is deleted, and whom C(groups_exact) leaves in no group.
  - Not users who change from a group to another one, or who leave a group that is named, because that is everyday work.
options:
  _input:
    description: RV(ignore:results) of M(runbook.aws.cognito_user) in check mode.
    type: list
    elements: dict
    required: true
  groups:
    description: RV(ignore:results) of M(runbook.aws.cognito_group) in check mode.
    type: list
    elements: dict
    required: true
  found:
    description:
      - The result of M(runbook.aws.cognito_user_info) for all users of the pool, so that a user whom one calls by its
        address and the other by its username is one.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Who loses access
  ansible.builtin.debug:
    msg: "{{ users | runbook.aws.users_losing_access([], found) }}"
  vars:
    users:
      - target: joe
        changed: true
        before: {name: joe, state: present, enabled: true}
        after: {name: joe, state: present, enabled: false}
    found:
      pool: {case_sensitive: true}
      results: [{target: joe, username: joe}]
"""

RETURN = r"""
_value:
  description: Their usernames.
  type: list
  elements: str
"""


def users_losing_access(
    users: Iterable[Mapping[str, Any]], groups: Iterable[Mapping[str, Any]], found: Mapping[str, Any]
) -> list[str]:
    """See DOCUMENTATION."""

    def key(name: str) -> str:
        return name if found["pool"]["case_sensitive"] else name.casefold()

    losing = [one["target"] for one in users if _loses(one)]
    losing += [member for one in groups if _is_deleted(one) for member in one["before"].get("members") or ()]
    if not losing:
        return []
    usernames = {key(name): one["username"] for one in found["results"] for name in (one["target"], one["username"])}
    return sorted({usernames.get(key(name), name) for name in losing})


def _loses(result: Mapping[str, Any]) -> bool:
    before, after = result["before"] or {}, result["after"] or {}
    disabled = before.get("enabled") is True and after.get("enabled") is False
    in_no_group = bool(before.get("groups")) and after.get("groups_exact") is True and not after["groups"]
    return _is_deleted(result) or disabled or in_no_group


def _is_deleted(result: Mapping[str, Any]) -> bool:
    states = [(result[when] or {}).get("state") for when in ("before", "after")]
    return states == ["present", "absent"]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"users_losing_access": users_losing_access}
