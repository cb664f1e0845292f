# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a first look says of secrets: which are due, and which cannot be changed now and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: rotation_look
short_description: Which secrets are due, and which cannot be changed now and why
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Reads the results of M(runbook.aws.secretsmanager_rotation) in check mode.
  - A secret whose rotation somebody else has begun is none that is not due. It is not ours to wait for and to put back.
options:
  _input:
    description: RV(runbook.aws.secretsmanager_rotation#module:results) in check mode.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: What is due
  ansible.builtin.debug:
    msg: "{{ (look.results | runbook.aws.rotation_look).due }}"
  vars:
    look:
      results: [{target: /sc-agent/prod/api/keys, changed: true, error: null, before: {}, after: {}}]
"""

RETURN = r"""
_value:
  description: Names that are C(due), and what is C(left), with C(secret), C(why) and C(under_way), which is false.
  type: dict
"""


def rotation_look(results: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """See DOCUMENTATION."""
    due: list[str] = []
    left: list[dict[str, Any]] = []
    for result in results:
        if why := _why_not(result):
            left.append({"secret": result["target"], "why": why, "under_way": False})
        elif result["changed"]:
            due.append(result["target"])
    return {"due": due, "left": left}


def _why_not(result: Mapping[str, Any]) -> str:
    if result["error"]:
        # The error names the secret as well.
        return str(result["error"]).removeprefix(f"{result['target']}: ")
    before, after = result["before"] or {}, result["after"] or {}
    if result["changed"] or before.get("version_id") == after.get("version_id"):
        return ""
    return (
        f"a rotation was begun before and is under way (version {after['version_id']}). Run the same command again when"
        " it has ended; after a quarter of an hour without a change it counts as left"
    )


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_look": rotation_look}
