# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The way back of a rotation: what of it is still ours to put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import CURRENT, PREVIOUS, Wish

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
    description:
      - The record of the rotation, with C(id), which was its stamp, C(baseline), C(applied), and its elements in
        C(details.rotation).
    type: dict
    required: true
  found:
    description: RV(runbook.aws.secretsmanager_rotation_info#module:results) of its secrets.
    type: list
    elements: dict
    required: true
  others:
    description: Records of other rotations, the newest first, to say which of them has changed a secret since.
    type: list
    elements: dict
    default: []
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


# How it is said that a version is not ours; what is known of it comes after that.
_CHANGED = "it was changed since"


def rotation_back(
    record: Mapping[str, Any], found: Iterable[Mapping[str, Any]], others: Iterable[Mapping[str, Any]] = ()
) -> dict[str, list[Any]]:
    """See DOCUMENTATION."""
    before, intended, applied = (_versions(record, part) for part in ("baseline", "intended", "applied"))
    others = list(others)
    now = {one["target"]: one for one in found}
    elements, left = [], []
    for element in record["details"]["rotation"]["elements"]:
        name = element["name"]
        if name not in before:
            continue  # Nothing was recorded of it, so nothing was changed.
        # A run that was killed may have made a version that it did not record; its stamp tells, or what it was about to
        # make: one that an earlier rotation had left.
        stamp = Wish(name, stamp=record["id"])
        if why := _why_not(now.get(name, {}), before[name], applied.get(name) or intended.get(name), stamp):
            if why == _CHANGED:
                why += _by_whom(name, now[name], before[name], others)
            left.append({"secret": name, "why": why})
        else:
            elements.append({"name": name, "version_id": before[name]})
    return {"elements": elements, "left": left}


def _versions(record: Mapping[str, Any], part: str) -> dict[str, str | None]:
    return {element["name"]: element.get("version_id") for element in (record.get(part) or {}).get("versions", ())}


def _by_whom(name: str, now: Mapping[str, Any], before: str | None, others: Iterable[Mapping[str, Any]]) -> str:
    """Which version it has, who gave it that as far as it is on record, and the way out."""
    current = now["version_id"]
    for other in others:
        if current and _versions(other, "applied").get(name) == current:
            return (
                f": the rotation '{other['name']}' ({other['id']}) has brought version {current}. Undo that one first,"
                " with the command that began it and -e secret_rotation_switch_back=true"
            )
    return (
        f": its version is {current or 'none'}, which no rotation on record has brought. If the version from before"
        f" is wanted all the same, move the label: aws secretsmanager update-secret-version-stage --secret-id '{name}'"
        f" --version-stage {CURRENT} --move-to-version-id {before}"
        f"{f' --remove-from-version-id {current}' if current else ''}, and start its functions anew"
    )


def _why_not(now: Mapping[str, Any], before: str | None, applied: str | None, stamp: Wish) -> str:
    """Why a secret must not be put back, or nothing."""
    if not now or now.get("error"):
        return f"it cannot be read: {now.get('error', 'it was not asked for')}"
    if now.get("deleted_date"):
        way = f"aws secretsmanager restore-secret --secret-id '{now['target']}'"
        return f"it is scheduled for deletion ({now['deleted_date']}). Bring it back first: {way}"
    if before is None:
        return "it had no value before"
    made, current, pending = stamp.stamped(now["arn"]), now["version_id"] or "", now.get("pending")
    if current not in (before, applied) and not current.startswith(made):
        return _CHANGED
    # One that was left long ago will not become the current one any more, and one that was current has been.
    ended = {version["version_id"] for version in now["versions"] if PREVIOUS in version["stages"]}
    if (
        pending
        and pending["version_id"].startswith(made)
        and not pending["stuck"]
        and pending["version_id"] not in ended
    ):
        return (
            f"its rotation to version {pending['version_id']} may be under way. Run the same command again when it has"
            " ended; after a quarter of an hour without a change it counts as left"
        )
    return ""


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_back": rotation_back}
