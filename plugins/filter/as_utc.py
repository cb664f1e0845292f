# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Moments as operators write them, as one way of writing them in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.module_utils._moments import moment as read
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

DOCUMENTATION = r"""
name: as_utc
short_description: A moment in any time zone, written in UTC
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Reads a moment as ISO 8601 and writes it in UTC, so that moments can be compared as text.
  - A moment without a time zone is refused, because at night and in summer a guess is wrong.
options:
  _input:
    description: The moment, for example V(2026-11-27T23:00+01:00), V(2026-11-27 22:00Z), or a datetime with a zone.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: A moment in UTC
  ansible.builtin.debug:
    msg: "{{ '2026-11-27T23:00+01:00' | runbook.aws.as_utc }}"
  # 2026-11-27T22:00:00Z
"""

RETURN = r"""
_value:
  description: The moment as C(YYYY-MM-DDThh:mm:ssZ).
  type: str
"""


def as_utc(moment: str | datetime) -> str:
    """See DOCUMENTATION.

    Raises:
        AnsibleFilterError: Not a moment, or one without a zone.
    """
    try:
        found = moment if isinstance(moment, datetime) else read(str(moment))
        if found.tzinfo is None:
            raise Refused(f"'{moment}' does not say in which time zone: add one.")
    except Refused as refused:
        raise AnsibleFilterError(str(refused)) from None
    # As records keep their times, so that both compare as text.
    return stamp(found)


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"as_utc": as_utc}
