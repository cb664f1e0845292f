# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Names as people write them in a profile, turned into what a module takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.module_utils._leaves import merge

DOCUMENTATION = r"""
name: resolve_names
short_description: Turn short names and patterns of a profile into physical names of an environment
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A profile says C(orchestrator) or C(*-agent), so that one profile serves every environment. This filter turns its
    elements into elements with the physical names of one environment.
  - A target that several elements name gets the settings of all; of two values for one setting the later element's
    holds, so that a pattern can come first and exceptions after it.
options:
  _input:
    description: Elements of a profile, each with a RV(ignore:name) that is a short name, a physical name or a pattern
      with C(*), C(?) or C([...]).
    type: list
    elements: dict
    required: true
  known:
    description: The environment's physical names by short name, for example the host variable C(runbook_functions).
    type: dict
    required: true
  what:
    description: What the names are, for the error message.
    type: str
    default: target
"""

EXAMPLES = r"""
- name: The functions of a profile in this environment
  ansible.builtin.debug:
    msg: "{{ profile | runbook.aws.resolve_names(runbook_functions, 'function') }}"
  vars:
    runbook_functions: {orchestrator: sc-agent-orchestrator-prod, pricing-agent: sc-agent-pricing-agent-prod}
    profile:
      - {name: "*", reserved: 50}
      - {name: orchestrator, reserved: 200}
"""

RETURN = r"""
_value:
  description: The elements, each with a physical name, each name once, in the order of RV(ignore:known).
  type: list
  elements: dict
"""


def resolve_names(
    elements: Sequence[Mapping[str, Any]], known: Mapping[str, str], what: str = "target"
) -> list[dict[str, Any]]:
    """See DOCUMENTATION.

    Raises:
        AnsibleFilterError: An element without a name, or a name that the environment does not have.
    """
    wanted: dict[str, Mapping[str, Any]] = {}
    for element in elements:
        name = element.get("name") if isinstance(element, Mapping) else None
        if not isinstance(name, str) or not name:
            raise AnsibleFilterError(f"resolve_names: this {what} has no name: {element}")
        matches = [short for short, physical in known.items() if name in (short, physical) or _matches(name, short)]
        if not matches and not _is_pattern(name):
            raise AnsibleFilterError(
                f"There is no {what} '{name}' here. Known: {', '.join(sorted(known)) or 'none'}. "
                "Correct the name in the profile, or use a pattern such as '*'."
            )
        for short in matches:
            wanted[short] = merge(element, wanted.get(short, {}))
    return [{**wanted[short], "name": physical} for short, physical in known.items() if short in wanted]


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def _matches(pattern: str, short: str) -> bool:
    return _is_pattern(pattern) and fnmatchcase(short, pattern)


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"resolve_names": resolve_names}
