# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A template whose stack can be removed without leaving anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: as_disposable
short_description: A CloudFormation template whose stack can be removed without leaving anything
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Templates of production keep their tables and buckets when the stack is deleted, and protect them against deletion. A drill
    must leave nothing, so C(DeletionPolicy), C(UpdateReplacePolicy) and C(DeletionProtectionEnabled) are turned around.
options:
  _input:
    description: The template, as a mapping (from JSON) or as the text of a YAML file.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Deploy it for a drill
  amazon.aws.cloudformation:
    stack_name: sc-agent-data-drill
    template_body: "{{ template | runbook.aws.as_disposable | to_json }}"
"""

RETURN = r"""
_value:
  description: The template, in the form in which it was given.
  type: raw
"""

_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_PROTECTION = "DeletionProtectionEnabled"
# A line of YAML: one of these keys with a plain value.
_POLICY_LINE = re.compile(rf"^(\s*(?:{'|'.join(_POLICIES)})\s*:\s*)['\"]?[\w-]+['\"]?", re.MULTILINE)
_PROTECTION_LINE = re.compile(rf"^(\s*{_PROTECTION}\s*:\s*)['\"]?\w+['\"]?", re.MULTILINE)


def as_disposable(template: str | Mapping[str, Any]) -> Any:
    """See DOCUMENTATION."""
    if isinstance(template, str):
        return _PROTECTION_LINE.sub(r"\1false", _POLICY_LINE.sub(r"\1Delete", template))
    return {**template, "Resources": {name: _resource(body) for name, body in template["Resources"].items()}}


def _resource(body: Mapping[str, Any]) -> dict[str, Any]:
    disposable = {**body, **{policy: "Delete" for policy in _POLICIES if policy in body}}
    if _PROTECTION in body.get("Properties", {}):
        disposable["Properties"] = {**body["Properties"], _PROTECTION: False}
    return disposable


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"as_disposable": as_disposable}
