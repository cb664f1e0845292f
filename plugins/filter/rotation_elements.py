# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Names of secrets, with how each of them gets a new value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_names import names_secret

DOCUMENTATION = r"""
name: rotation_elements
short_description: Names of secrets, with how each of them gets a new value
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Makes elements of O(runbook.aws.secretsmanager_rotation#module:secrets) from names, short ones and others. A secret for which
    nothing else is said is rotated by its rotation function.
options:
  _input:
    description: Short names, names or ARNs of secrets. A secret that is named twice is taken once.
    type: list
    elements: str
    required: true
  known:
    description: Names of the environment's secrets by their short names, for example the host variable C(runbook_secrets).
    type: dict
    default: {}
  ways:
    description:
      - How secrets get a new value, by short name, name or a pattern of one with C(*), C(?) or C([...]). A way is what an element
        has beside its name. Of several that fit the later one's options count.
    type: dict
    default: {}
  but:
    description: Secrets to leave out, by short name, name or a pattern of one.
    type: list
    elements: str
    default: []
  max_age_days:
    description: Younger secrets are left alone, as far as their way asks for an age. None asks for none.
    type: float
"""

EXAMPLES = r"""
- name: Two secrets, each in its own way
  runbook.aws.secretsmanager_rotation:
    secrets: "{{ ['database/credentials', 'api/keys'] | runbook.aws.rotation_elements(runbook_secrets, ways) }}"
  vars:
    runbook_secrets:
      database/credentials: /sc-agent/prod/database/credentials
      api/keys: /sc-agent/prod/api/keys
    ways:
      api/keys: {action: generate, keys: [supplier_portal], length: 40}
"""

RETURN = r"""
_value:
  description: The elements.
  type: list
  elements: dict
"""

_ROTATE = {"action": "rotate"}
# Actions that ask how old a secret is.
_BY_AGE = ("rotate", "generate")


def rotation_elements(
    names: Iterable[str],
    known: Mapping[str, str] | None = None,
    ways: Mapping[str, Mapping[str, Any]] | None = None,
    but: Iterable[str] = (),
    max_age_days: float | None = None,
) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    shorts = {name: short for short, name in (known or {}).items()}
    physical = dict.fromkeys((known or {}).get(name, name) for name in names)
    elements = []
    for name in physical:
        # By its ARN it is meant too.
        called = {name, *(one for known in shorts.items() if names_secret(name, known[0]) for one in known)}
        if any(_fits(pattern, called) for pattern in but):
            continue
        element = {"name": name, **_ROTATE}
        for pattern, way in (ways or {}).items():
            if _fits(pattern, called):
                element |= way
        if max_age_days is not None and element["action"] in _BY_AGE:
            element["max_age_days"] = float(max_age_days)
        elements.append(element)
    return elements


def _fits(pattern: str, called: Iterable[str]) -> bool:
    return any(one == pattern or fnmatchcase(one, pattern) for one in called)


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_elements": rotation_elements}
