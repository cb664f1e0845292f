# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which secrets can be changed, or were, and which functions then start anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import Wish

DOCUMENTATION = r"""
name: rotation_steps
short_description: Which secrets are changed, which functions then start anew, and what is left and why
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A secret is left when the module refused it or failed, and when one of the functions that use it cannot be started anew,
    because that function would go on with the old value.
  - Each function is started anew once, however many of the secrets it uses. A function that uses none of those that are changed is
    left alone.
options:
  _input:
    description: Elements of O(runbook.aws.secretsmanager_rotation#module:secrets).
    type: list
    elements: dict
    required: true
  secrets:
    description: RV(runbook.aws.secretsmanager_rotation#module:results) of them, in check mode or not.
    type: list
    elements: dict
    required: true
  used:
    description: What M(runbook.aws.lambda_settings_info) returned, with its C(consumers) and C(restarts).
    type: dict
    required: true
  functions:
    description: RV(runbook.aws.lambda_settings#module:results) of the restarts in check mode.
    type: list
    elements: dict
    default: []
  found:
    description:
      - RV(runbook.aws.secretsmanager_rotation_info#module:results) of what failed, read afterwards. A change whose answer was lost
        was made all the same, and a rotation that took too long may still end.
    type: list
    elements: dict
    default: []
  stamp:
    description: The stamp of the change, by which its versions are known.
    type: str
    default: ""
  intended:
    description: The versions that were to be made, as far as they were known before, with C(name) and C(version_id).
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Start those anew that use what was rotated
  runbook.aws.lambda_settings:
    functions: "{{ (elements | runbook.aws.rotation_steps(rotated.results, readers)).restarts }}"
  vars:
    elements: [{name: /sc-agent/prod/database/credentials, action: rotate}]
    rotated: {results: [{target: /sc-agent/prod/database/credentials, error: null}]}
    readers:
      consumers: [{function: sc-agent-orchestrator-prod, secret: /sc-agent/prod/database/credentials}]
      restarts: [{name: sc-agent-orchestrator-prod, publish: true, alias: [live]}]
"""

RETURN = r"""
_value:
  description:
    - C(elements) that can be changed or were, C(restarts), and what is C(left), with C(secret), C(why) and C(under_way), whether
      its rotation may still end.
  type: dict
"""

# The module's code of a rotation whose function has said that it failed.
_FAILED = "RotationFailed"


def rotation_steps(
    elements: Iterable[Mapping[str, Any]],
    secrets: Iterable[Mapping[str, Any]],
    used: Mapping[str, Any],
    functions: Iterable[Mapping[str, Any]] = (),
    found: Iterable[Mapping[str, Any]] = (),
    stamp: str = "",
    intended: Iterable[Mapping[str, Any]] = (),
) -> dict[str, list[Any]]:
    """See DOCUMENTATION."""
    elements = list(elements)
    wanted = {one["name"]: one["version_id"] for one in [*intended, *elements] if one.get("version_id")}
    now = {one["target"]: one for one in found}
    refused = {
        result["target"]: result
        for result in secrets
        if result["error"] and not _was_made(now.get(result["target"]), wanted.get(result["target"]), stamp)
    }
    stuck = {result["target"]: result["error"] for result in functions if result["error"]}
    users: dict[str, list[str]] = {}
    for use in used.get("consumers", ()):
        users.setdefault(use["secret"], []).append(use["function"])
    kept, left = [], []
    for element in elements:
        name = element["name"]
        if name in refused:
            why = _unnamed(refused[name]["error"], name)
            left.append({"secret": name, "why": why, "under_way": _goes_on(refused[name], now)})
        elif blocking := [one for one in users.get(name, ()) if one in stuck]:
            why = f"{blocking[0]}, which uses it, cannot be started anew: {_unnamed(stuck[blocking[0]], blocking[0])}"
            left.append({"secret": name, "why": why, "under_way": False})
        else:
            kept.append(element)
    renewed = {function for element in kept for function in users.get(element["name"], ())}
    return {
        "elements": kept,
        "restarts": [restart for restart in used.get("restarts", ()) if restart["name"] in renewed],
        "left": left,
    }


def _unnamed(error: str, name: str) -> str:
    """An error without the name with which it begins, which stands before it already."""
    return error.removeprefix(f"{name}: ")


def _was_made(now: Mapping[str, Any] | None, wanted: str | None, stamp: str) -> bool:
    """Whether the version is there that was asked for, or that the stamp makes."""
    if not now or now.get("error"):
        return False
    made = Wish(now["target"], stamp=stamp).stamped(now["arn"]) if stamp else None
    current = now["version_id"] or ""
    return bool(current and (current == wanted or (made and current.startswith(made))))


def _goes_on(result: Mapping[str, Any], now: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether its new version may still become the current one; also where that cannot be seen."""
    if result.get("error_code") == _FAILED or result["target"] not in now:
        return False
    one = now[result["target"]]
    return bool(one.get("error") or one.get("pending"))


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_steps": rotation_steps}
