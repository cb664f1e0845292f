# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What things of an environment are called after its stacks were deployed again under another name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: recovered_names
short_description: Physical names of a recovered environment by those of the saved one
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A template calls its resources by logical ids, which two stacks made from it share. So the table that stands for another
    one is found without guessing from its name.
options:
  _input:
    description: The saved stacks, each with C(part) and C(resources), physical names by logical ids.
    type: list
    elements: dict
    required: true
  recovered:
    description: The recovered stacks by part, each with C(resources) in the same way.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: What the sessions are in now
  ansible.builtin.debug:
    msg: "{{ saved.stacks | runbook.aws.recovered_names(stacks) }}"
  vars:
    saved: {stacks: [{part: data, resources: {SessionsTable: sc-agent-sessions-prod}}]}
    stacks: {data: {resources: {SessionsTable: sc-agent-sessions-recovered}}}
"""

RETURN = r"""
_value:
  description: Physical name by physical name.
  type: dict
"""


def recovered_names(saved: Sequence[Mapping[str, Any]], recovered: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """See DOCUMENTATION."""
    names: dict[str, str] = {}
    for stack in saved:
        there = recovered.get(stack["part"], {}).get("resources", {})
        names.update({physical: there[logical] for logical, physical in stack["resources"].items() if logical in there})
    return names


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"recovered_names": recovered_names}
