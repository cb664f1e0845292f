# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to give back after an event, and what to leave because somebody else changed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._leaves import (
    ABSENT,
    Foreign,
    by_identity,
    compare,
    only,
    overlay,
    spread,
)

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
  - What somebody took away (a target, an index, an autoscaling) is reported too, and cannot be forced, because it
    could not be made again as it was.
  - What another event that is still open has set is what the target is brought back to, instead of the baseline.
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
    description: What is there now, as the read-only modules return it.
    type: list
    elements: dict
    required: true
  others:
    description: Records of other open events, the one opened last at the end, as
      M(runbook.aws.operation_record_info) returns them. The last of RV(ignore:intended) is what they set.
    type: list
    elements: dict
    default: []
  of:
    description: Where the states of the input's kind are in RV(ignore:intended), for example V(functions).
    type: str
    default: ""
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
    that somebody else changed, each with target, setting, baseline, ours, now and left (not restored). RV(ignore:kept)
    lists settings that another event keeps from going back to the baseline, each with target, setting and event.
  type: dict
"""


def bring_back(
    baseline: Sequence[Mapping[str, Any]],
    ours: Sequence[Sequence[Mapping[str, Any]]],
    now: Sequence[Mapping[str, Any]],
    others: Sequence[Mapping[str, Any]] = (),
    of: str = "",
    force: bool = False,
) -> dict[str, list[dict[str, Any]]]:
    """See DOCUMENTATION."""
    set_by_us = [by_identity(states) for states in ours]
    set_by_others = [
        (record["name"], by_identity(record["intended"][-1].get(of, ()))) for record in others if record["intended"]
    ]
    current = by_identity(now)
    restore: list[dict[str, Any]] = []
    foreign: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for name, was in by_identity(baseline).items():
        if name not in current:
            foreign.append(_row(name, "", "there", "there", "gone", left=True))
            continue
        goal: Mapping[str, Any] = was
        for event, states in set_by_others:
            if name in states:
                before, goal = spread(goal), overlay(goal, states[name])
                changed = sorted(path for path, value in spread(goal).items() if before.get(path, ABSENT) != value)
                kept += [{"target": name, "setting": ".".join(path), "event": event} for path in changed]
        comparison = compare(goal, [states[name] for states in set_by_us if name in states], current[name])
        paths = list(comparison.restore)
        for other in comparison.foreign:
            forced = force and _can_be_forced(other)
            foreign.append(_row(name, ".".join(other.path), other.baseline, other.ours, other.now, left=not forced))
            if forced:
                paths.append(other.path)
        if paths:
            restore.append(only(goal, paths))
    return {"restore": restore, "foreign": foreign, "kept": kept}


def _can_be_forced(other: Foreign) -> bool:
    """What had no value before, or what hangs on something that is gone, can not be given back."""
    hangs = other.now is ABSENT and ("autoscaling" in other.path or other.path[0] == "indexes")
    return other.baseline is not ABSENT and not hangs


def _row(target: str, setting: str, baseline: Any, ours: Any, now: Any, *, left: bool) -> dict[str, Any]:
    shown = {"baseline": baseline, "ours": ours, "now": now}
    return {
        "target": target,
        "setting": setting,
        **{key: None if value is ABSENT else value for key, value in shown.items()},
        "left": left,
    }


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"bring_back": bring_back}
