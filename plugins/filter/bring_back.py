# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to give back after an event, and what to leave because somebody else changed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._leaves import ABSENT, by_identity, compare, only

DOCUMENTATION = r"""
name: bring_back
short_description: What brings targets back to a baseline without undoing somebody else's changes
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Compares three states of each target, setting by setting - the baseline before a change, what the change set, and
    what is there now.
  - A setting that still is as the change set it is to be restored. A setting that is as in the baseline is back
    already. Any other setting was changed by somebody else meanwhile and is left alone, unless O(force=true).
  - A target that is not there any more is reported as changed by somebody else, and cannot be forced.
options:
  _input:
    description: The baseline, elements of a module's list option, as its RV(ignore:before) returned them.
    type: list
    elements: dict
    required: true
  ours:
    description: What was set or about to be set, a list of such lists, the oldest first.
    type: list
    elements: list
    required: true
  now:
    description: What is there now, in the same shape.
    type: list
    elements: dict
    required: true
  force:
    description: Restore what somebody else changed too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: What brings the functions back
  ansible.builtin.set_fact:
    way_back: "{{ baseline | runbook.aws.bring_back([applied], now) }}"
  vars:
    baseline: [{name: orders, reserved: 100}]
    applied: [{name: orders, reserved: 200}]
    now: [{name: orders, reserved: 200}]
  # way_back.restore is [{name: orders, reserved: 100}]
"""

RETURN = r"""
_value:
  description: RV(ignore:restore) is a list for the module that gave the baseline. RV(ignore:foreign) lists settings
    that somebody else changed, each with target, setting, baseline, ours and now.
  type: dict
"""


def bring_back(
    baseline: Sequence[Mapping[str, Any]],
    ours: Sequence[Sequence[Mapping[str, Any]]],
    now: Sequence[Mapping[str, Any]],
    force: bool = False,
) -> dict[str, list[dict[str, Any]]]:
    """See DOCUMENTATION.

    A target of the baseline that is not in `now` is gone: that is somebody else's change too.
    """
    set_by_us = [by_identity(states) for states in ours]
    current = by_identity(now)
    restore: list[dict[str, Any]] = []
    foreign: list[dict[str, Any]] = []
    for name, was in by_identity(baseline).items():
        if name not in current:
            foreign.append({"target": name, "setting": "", "baseline": "there", "ours": "there", "now": "gone"})
            continue
        comparison = compare(was, [states[name] for states in set_by_us if name in states], current[name])
        paths = list(comparison.restore)
        for other in comparison.foreign:
            foreign.append(
                {
                    "target": name,
                    "setting": ".".join(other.path),
                    "baseline": _shown(other.baseline),
                    "ours": _shown(other.ours),
                    "now": _shown(other.now),
                }
            )
            if force and other.baseline is not ABSENT:
                paths.append(other.path)
        if paths:
            restore.append(only(was, paths))
    return {"restore": restore, "foreign": foreign}


def _shown(value: Any) -> Any:
    return None if value is ABSENT else value


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"bring_back": bring_back}
