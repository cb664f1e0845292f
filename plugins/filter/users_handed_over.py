# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whose temporary passwords were left for an operator, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._cognito_handover import Handover

DOCUMENTATION = r"""
name: users_handed_over
short_description: Find the users whose temporary password was left in a secret or a file
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Goes by the calls, so it tells of a user of which a later step failed, too. Of a result of check mode it tells whose
    password would be left.
  - A password that was left and not set in Cognito does not count.
options:
  _input:
    description: RV(ignore:results) of M(runbook.aws.cognito_user).
    type: list
    elements: dict
    required: true
  handover:
    description: O(runbook.aws.cognito_user#module:handover) of that task.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Where the passwords are
  ansible.builtin.debug:
    msg: "{{ results | runbook.aws.users_handed_over({'secret_prefix': '/sc-agent/prod/invitations/'}) }}"
  vars:
    results: [{target: jane, calls: ["secretsmanager:CreateSecret", "cognito-idp:AdminCreateUser"]}]
"""

RETURN = r"""
_value:
  description: The place of each password, a path or the name of a secret, by user.
  type: dict
"""

_LEFT = frozenset({"secretsmanager:CreateSecret", "secretsmanager:PutSecretValue", "file:Append"})
_SET = frozenset({"cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword"})


def users_handed_over(results: Iterable[Mapping[str, Any]], handover: Mapping[str, str]) -> dict[str, str]:
    """See DOCUMENTATION."""
    place = Handover(prefix=handover.get("secret_prefix", ""), file=handover.get("file", "")).place
    return {
        one["target"]: place(one["target"])
        for one in results
        if _LEFT.intersection(one["calls"]) and _SET.intersection(one["calls"])
    }


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"users_handed_over": users_handed_over}
