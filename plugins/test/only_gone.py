# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a module failed for nothing but targets that are not there any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: only_gone
short_description: Did a module fail for nothing but targets that are gone
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - For procedures that go back to a recorded state, in which a target may have been deleted meanwhile. Any other error
    counts, so that a denied call is never taken for a deleted target.
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
  failed_when: now is failed and now is not runbook.aws.only_gone
"""

RETURN = r"""
_value:
  description: Whether every error of the result is of a target that is gone.
  type: bool
"""

# Lambda and DynamoDB answer so for a function, alias or table that does not exist.
GONE = "ResourceNotFoundException"


def only_gone(result: Mapping[str, Any]) -> bool:
    """See DOCUMENTATION."""
    errors = [one.get("error_code") for one in result.get("results", ()) if one.get("error")]
    return bool(errors) and all(code == GONE for code in errors)


class TestModule:
    """Ansible's way to find the test."""

    def tests(self) -> dict[str, Any]:
        """The test by name."""
        return {"only_gone": only_gone}
