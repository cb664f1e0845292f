# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A list of names as people give it: on a command line it is a text."""

from __future__ import annotations

from collections.abc import Sequence

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: as_list
short_description: A list of names, or a text with commas, as a list
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - On a command line a variable is a text. A role that took it for a list would read it letter by letter.
options:
  _input:
    description: A list of texts, or one text, with commas between several. What is empty is left out.
    type: raw
    required: true
  variable:
    description: What it is called, for the error message.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Two of them
  ansible.builtin.debug:
    msg: "{{ 'api/keys, database/credentials' | runbook.aws.as_list('secrets') }}"
"""

RETURN = r"""
_value:
  description: The texts.
  type: list
  elements: str
"""


def as_list(given: str | Sequence[str], variable: str) -> list[str]:
    """See DOCUMENTATION.

    Raises:
        AnsibleFilterError: It is neither, or an element is no text.
    """
    texts = given.split(",") if isinstance(given, str) else given
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise AnsibleFilterError(
            f"{variable} is '{given}': give a text, with commas between several, or a list of texts."
        )
    return [name for text in texts if (name := text.strip())]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, object]:
        """The filter by name."""
        return {"as_list": as_list}
