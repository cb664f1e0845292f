# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Users that are asked for, with what a run that did not finish may have left undone without a trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: users_to_finish
short_description: Sign out the users whom a run was about to disable when it ended
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A user is disabled first and signed out then. Of a run that was stopped in between there is nothing to see but a
    user that is disabled, as it is asked for, so the sign-out is asked for too.
  - Only users that shall still be disabled are signed out.
options:
  _input:
    description: The users that are asked for, elements of O(runbook.aws.cognito_user#module:users).
    type: list
    elements: dict
    required: true
  intended:
    description: RV(ignore:intended) of the open record, a list of mappings with C(users); empty when no record is open.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: What finishes a run that was stopped when it disabled joe
  ansible.builtin.debug:
    msg: "{{ [{'name': 'joe', 'enabled': false}] | runbook.aws.users_to_finish(intended) }}"
  vars:
    intended: [{users: [{name: joe, state: present, enabled: false}]}]
"""

RETURN = r"""
_value:
  description: The same elements, with C(sign_out) where it is needed.
  type: list
  elements: dict
"""


def users_to_finish(users: Iterable[Mapping[str, Any]], intended: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    # Folded, because not every pool tells names apart that differ in case; one sign-out too many does no harm.
    disabled = {
        user["name"].casefold() for states in intended for user in states.get("users") or () if _is_disabled(user)
    }
    return [
        {**user, "sign_out": True} if _is_disabled(user) and user["name"].casefold() in disabled else dict(user)
        for user in users
    ]


def _is_disabled(user: Mapping[str, Any]) -> bool:
    return user.get("enabled") is False


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"users_to_finish": users_to_finish}
