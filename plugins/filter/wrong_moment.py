# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is wrong with a moment to go back to, before AWS is asked."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._moments import resolve
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

DOCUMENTATION = r"""
name: wrong_moment
short_description: What is wrong with a moment to go back to
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Judges a point in the past as operators write it, without asking AWS, so that a wrong one is refused before anything
    is locked or recorded.
  - This machine's clock may be behind AWS's by some minutes. So only what is more than ten minutes ahead is in the future.
options:
  _input:
    description: The moment, an ISO 8601 time with its zone, how long ago (V(15m ago) or V(15m)), or V(latest).
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: It is a moment
  ansible.builtin.assert:
    that: restore_to | runbook.aws.wrong_moment == ''
    fail_msg: "{{ restore_to | runbook.aws.wrong_moment }}"
"""

RETURN = r"""
_value:
  description: What is wrong with it and how to write it. Empty if nothing is.
  type: str
"""

_SLACK = timedelta(minutes=10)
# What Ansible leaves of `-e name=2026-11-24 06:00Z` and of `-e 'name=15 min ago'`: it reads name=value up to a blank.
_CUT = re.compile(r"\d{4}-\d\d-\d\d|\d+(\.\d+)?")


def wrong_moment(moment: str | datetime) -> str:
    """See DOCUMENTATION."""
    text = str(moment).strip()
    try:
        resolve(text, datetime.now(UTC) + _SLACK)
    except Refused as refused:
        if _CUT.fullmatch(text):
            return (
                f"{text!r} is no moment. If you wrote more than that: Ansible cuts name=value at a blank, so write it"
                " without one, as in 2026-11-24T06:00Z or 15m, or as JSON."
            )
        return str(refused)
    return ""


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"wrong_moment": wrong_moment}
