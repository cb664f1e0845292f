# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""States of users and groups as they are kept in the record of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: users_for_record
short_description: Keep what users or groups were before a change
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Takes what changes, and tells of each group and attribute by itself whether it was there. In this form the states of
    a run that was killed and of the one that goes on with it can be joined, and what was there before the first counts.
  - The filter P(runbook.aws.users_from_record#filter) gives back what the modules take.
options:
  _input:
    description: RV(ignore:results) of M(runbook.aws.cognito_user) or M(runbook.aws.cognito_group).
    type: list
    elements: dict
    required: true
  state:
    description: Which of the two states - what was there, or what is set.
    type: str
    choices: [before, after]
    default: before
"""

EXAMPLES = r"""
- name: What goes on record
  ansible.builtin.debug:
    msg: "{{ plan.results | runbook.aws.users_for_record }}"
  vars:
    plan:
      results:
        - target: joe
          changed: true
          before: {name: joe, state: present, groups_absent: [auditors]}
          after: {name: joe, state: present, groups: [auditors]}
"""

RETURN = r"""
_value:
  description: One mapping for each that changes.
  type: list
  elements: dict
"""

# Options that say what is there and what is not, and the name of both in the record.
MEMBERSHIPS = {"groups": "groups_absent", "members": "members_absent"}
VALUES = {"attributes": "attributes_absent"}
SETTINGS_ABSENT = "settings_absent"


def users_for_record(results: Sequence[Mapping[str, Any]], state: str = "before") -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    other = "after" if state == "before" else "before"
    return [
        in_words_of_record(result.get(state) or {}, result.get(other) or {})
        for result in results
        if result.get("changed") and result.get("before")
    ]


def in_words_of_record(state: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """A state as it is kept.

    Args:
        state: An element of a module's option.
        other: The state that it is compared with: with `groups_exact`, what is in it alone is not there.
    """
    lists = {*MEMBERSHIPS, *MEMBERSHIPS.values(), *VALUES, *VALUES.values(), SETTINGS_ABSENT}
    kept = {name: value for name, value in state.items() if name not in lists}
    for name, absent in MEMBERSHIPS.items():
        there = dict.fromkeys(state.get(name) or (), True)
        gone = [*(state.get(absent) or ()), *((other.get(name) or ()) if state.get(f"{name}_exact") else ())]
        if there or gone:
            kept[name] = {**dict.fromkeys(gone, False), **there}
    for name, absent in VALUES.items():
        values = {**(state.get(name) or {}), **dict.fromkeys(state.get(absent) or ())}
        if values:
            kept[name] = values
    return {**kept, **dict.fromkeys(state.get(SETTINGS_ABSENT) or ())}


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"users_for_record": users_for_record}
