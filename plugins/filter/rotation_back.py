# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The way back of a rotation: what of it is still ours to put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: rotation_back
short_description: What puts a rotation back, and what must not be put back
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A secret goes back to the version that it had, unless somebody else has given it another one since, or its new version may still
    become the current one.
options:
  _input:
    description: The record of the rotation, with C(baseline), C(intended), C(applied) and its elements in C(details.rotation).
    type: dict
    required: true
  found:
    description: RV(runbook.aws.secretsmanager_rotation_info#module:results) of its secrets.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Put the previous versions back
  runbook.aws.secretsmanager_rotation:
    secrets: "{{ (operation.record | runbook.aws.rotation_back(found.results)).elements }}"
"""

RETURN = r"""
_value:
  description:
    - C(elements) of O(runbook.aws.secretsmanager_rotation#module:secrets), and what is C(left), with C(secret) and C(why).
  type: dict
"""


def rotation_back(record: Mapping[str, Any], found: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """See DOCUMENTATION."""
    before, ours = _versions(record, "baseline"), [_versions(record, part) for part in ("intended", "applied")]
    now = {one["target"]: one for one in found}
    elements, left = [], []
    for element in record["details"]["rotation"]["elements"]:
        name = element["name"]
        if name not in before:
            continue  # Nothing was recorded of it, so nothing was changed.
        made = {versions[name] for versions in ours if versions.get(name)}
        if why := _why_not(now.get(name, {}), before[name], made):
            left.append({"secret": name, "why": why})
        else:
            elements.append({"name": name, "version_id": before[name]})
    return {"elements": elements, "left": left}


def _versions(record: Mapping[str, Any], part: str) -> dict[str, str | None]:
    return {element["name"]: element.get("version_id") for element in (record.get(part) or {}).get("versions", ())}


def _why_not(now: Mapping[str, Any], before: str | None, made: set[str | None]) -> str:
    """Why a secret must not be put back, or nothing."""
    if not now or now.get("error"):
        return f"it cannot be read: {now.get('error', 'it was not asked for')}"
    current, pending = now["version_id"], now.get("pending") or {}
    if before is None:
        return "it had no value before"
    if current not in (before, *made):
        return f"somebody else has changed it since: its version is {current}"
    # One that was left long ago will not become the current one any more.
    if pending.get("version_id") in made and current == before and not pending.get("stuck"):
        return (
            f"its rotation to version {pending['version_id']} may be under way. Run the same command without"
            " secret_rotation_switch_back, which waits for it, or again in a quarter of an hour"
        )
    return ""


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_back": rotation_back}
