# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which users an offboarding has to sign out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.filter.offboarded_users import not_back

DOCUMENTATION = r"""
name: to_sign_out
short_description: Find the users whose sign-out is on no record
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A user that is disabled already may still have tokens. It need not be signed out again when an offboarding that was
    finished has done so, and the user was not changed since.
options:
  _input:
    description: RV(ignore:results) of M(runbook.aws.cognito_user_info).
    type: list
    elements: dict
    required: true
  records:
    description: RV(ignore:records) of M(runbook.aws.operation_record_info), kind C(user-offboarding).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Who is to be signed out
  ansible.builtin.debug:
    msg: "{{ users | runbook.aws.to_sign_out([]) }}"
  vars:
    users: [{user: {name: joe}, enabled: false, modified: "2026-11-23T13:30:00Z"}]
"""

RETURN = r"""
_value:
  description: Their names.
  type: list
  elements: str
"""


def to_sign_out(results: Iterable[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]) -> list[str]:
    """See DOCUMENTATION."""
    # One that is open may have been stopped before it came to that.
    done = not_back([record for record in records if record["state"] == "closed"])
    return [
        one["user"]["name"]
        for one in results
        if one["enabled"] or one["modified"] > done.get(one["user"]["name"], {"closed": ""})["closed"]
    ]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"to_sign_out": to_sign_out}
