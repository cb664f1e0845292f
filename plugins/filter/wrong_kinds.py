# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options of a role that are another kind of value than they have to be, and that Ansible lets through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

DOCUMENTATION = r"""
name: wrong_kinds
short_description: Find options that are no text, or null
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Ansible's own judgement takes a number, a boolean or a list for a text, because it could be made one, and null for
    anything. Whoever reads the option then finds what it really is.
options:
  _input:
    description: The values by option.
    type: dict
    required: true
  specs:
    description: What the options have to be, as in C(meta/argument_specs.yml). Those of the type C(raw) can be anything.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: What is wrong
  ansible.builtin.debug:
    msg: "{{ {'user_accounts_name': 5} | runbook.aws.wrong_kinds({'user_accounts_name': {'type': 'str'}}) }}"
"""

RETURN = r"""
_value:
  description: A line for each that is wrong.
  type: list
  elements: str
"""


def wrong_kinds(values: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """See DOCUMENTATION."""
    return list(_wrong(values, specs))


def _wrong(values: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, value in values.items():
        kind = specs[name]["type"]
        if value is None and kind != "raw":
            yield f"{name} is null. Leave it out, or give a value."
        elif kind == "str" and not isinstance(value, str):
            yield f"{name} is {json.dumps(value, default=str)}, which is no text. Give one, in quotes."


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"wrong_kinds": wrong_kinds}
