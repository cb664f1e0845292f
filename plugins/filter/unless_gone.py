# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Errors of a result, but for targets that are not there any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: unless_gone
short_description: The errors of a module's result, but for targets that are gone
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - For procedures that go back to a recorded state, in which a target may have been deleted meanwhile. Every other
    error still counts, so that a denied call is never taken for a deleted target.
options:
  _input:
    description: The registered result of a module of this collection.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Read what is still there
  runbook.aws.lambda_concurrency:
    functions: [{name: orders, reserved: 100}]
  check_mode: true
  register: now
  failed_when: now is failed and now | runbook.aws.unless_gone
"""

RETURN = r"""
_value:
  description: The errors that remain; empty when the result failed for nothing but targets that are gone.
  type: list
  elements: str
"""

# Lambda and DynamoDB answer so for a function, alias or table that does not exist.
GONE = "ResourceNotFoundException"


def unless_gone(result: Mapping[str, Any]) -> list[str]:
    """See DOCUMENTATION."""
    if "results" not in result:
        return [str(result.get("msg", "The module gave no result."))]
    return [str(one["error"]) for one in result["results"] if one.get("error") and one.get("error_code") != GONE]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"unless_gone": unless_gone}
