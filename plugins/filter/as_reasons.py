# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What was left or missed, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: as_reasons
short_description: What was left or missed, each with its reason
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description: Says of each row what it is about and why, for a message or a list.
options:
  _input:
    description: Rows with C(why), and a key that says what it is about.
    type: list
    elements: dict
    required: true
  about:
    description: That key.
    type: str
    default: secret
"""

EXAMPLES = r"""
- name: Say what was left
  ansible.builtin.fail:
    msg: "Not changed: {{ left | runbook.aws.as_reasons | join('; ') }}"
  vars:
    left: [{secret: /sc-agent/prod/api/keys, why: it has no rotation function}]
"""

RETURN = r"""
_value:
  description: C(about) and C(why) of each row, with a colon between them and no full stop at the end.
  type: list
  elements: str
"""


def as_reasons(rows: Iterable[Mapping[str, Any]], about: str = "secret") -> list[str]:
    """See DOCUMENTATION."""
    return [f"{row[about]}: {row['why']}".rstrip(".") for row in rows]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"as_reasons": as_reasons}
