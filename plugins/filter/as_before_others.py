# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The baseline of an event that begins while others are open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._leaves import by_identity, overlay

DOCUMENTATION = r"""
name: as_before_others
short_description: What was there before any of the events that are open
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - An event that begins while another one is open finds what that one has set. Its own baseline is what was there
    before both, so that whichever is brought back last brings back everything.
options:
  _input:
    description: What is there now, elements of a module's list option.
    type: list
    elements: dict
    required: true
  baselines:
    description: Such lists, the baselines of the events that are open, the one opened last at the end.
    type: list
    elements: list
    required: true
"""

EXAMPLES = r"""
- name: The baseline
  ansible.builtin.debug:
    msg: "{{ now | runbook.aws.as_before_others([baseline]) }}"
  vars:
    now: [{name: orders, reserved: 200}]
    baseline: [{name: orders, reserved: 100}]
"""

RETURN = r"""
_value:
  description: The same elements and settings, with the values of the baselines where they have them.
  type: list
  elements: dict
"""


def as_before_others(
    states: Sequence[Mapping[str, Any]], baselines: Sequence[Sequence[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """See DOCUMENTATION."""
    found = list(states)
    # The oldest last, because it has the last word: it knew the state before all others.
    for baseline in reversed(baselines):
        older = by_identity(baseline)
        found = [overlay(state, older[state["name"]]) if state["name"] in older else state for state in found]
    return found


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"as_before_others": as_before_others}
