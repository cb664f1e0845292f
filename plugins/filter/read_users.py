# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A file of users and groups, read as elements of the modules' options, with everything that is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.plugin_utils._users_file import users_of

DOCUMENTATION = r"""
name: read_users
short_description: Read users and groups from the text of a CSV or YAML file
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Reads everything, and tells all that is wrong with the number of its line instead of stopping at the first problem.
  - CSV has users only. Its first line names the columns. C(name) must be there; the others are C(state), C(enabled),
    C(groups), C(groups_absent), C(groups_exact), C(invite), C(delivery) and C(renew_invitation) as in
    M(runbook.aws.cognito_user), Cognito's standard attributes (C(email), C(email_verified), C(given_name), …),
    C(full_name) for the attribute that is called C(name), and C(custom:…). Lists are separated by semicolons. An empty
    cell says nothing, but that an empty cell of C(groups) says that there are none when C(groups_exact) is true.
  - YAML and JSON have C(users) and C(groups), each a list of elements as M(runbook.aws.cognito_user) and
    M(runbook.aws.cognito_group) take them, without C(sign_out), C(members) and C(members_absent).
options:
  _input:
    description:
      - The text of the file, or a mapping from columns to cells for a single user, with its attributes in a mapping
        C(attributes).
    type: raw
    required: true
  path:
    description: Name of the file. How it ends says what it is - C(.csv), C(.yml), C(.yaml) or C(.json).
    type: str
    required: true
  defaults:
    description: Options for users that do not say them.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: What a file says
  ansible.builtin.debug:
    msg: "{{ text | runbook.aws.read_users('users.csv') }}"
  vars:
    text: |
      name,email,email_verified,groups
      jane,jane@example.com,true,auditors;field_engineers
"""

RETURN = r"""
_value:
  description:
    - C(users) and C(groups), elements for the modules, and C(problems), a list of texts. When there are problems the
      elements are not to be used.
  type: dict
"""


def read_users(
    source: str | Mapping[str, Any], path: str, defaults: Mapping[str, Any] | None = None
) -> dict[str, list[Any]]:
    """See DOCUMENTATION.

    Raises:
        AnsibleFilterError: The source is neither a text nor a mapping.
    """
    if not isinstance(source, str | Mapping):
        raise AnsibleFilterError(f"read_users: give the text of a file, not {type(source).__name__}.")
    return users_of(source, path, defaults or {})


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"read_users": read_users}
