# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which objects of a backup are not in the buckets that were filled from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: lost_objects
short_description: Which objects of a backup are not in the buckets that were filled from it
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Says of each bucket how many objects are missing or different, and which keys, as far as they were named.
options:
  _input:
    description: RV(runbook.aws.s3_copy#module:results) of a verification.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: What is lost
  ansible.builtin.debug:
    msg: "{{ verified.results | runbook.aws.lost_objects }}"
"""

RETURN = r"""
_value:
  description: A sentence for each bucket of which something is lost.
  type: list
  elements: str
"""

_LOST = ("missing", "different")


def lost_objects(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """See DOCUMENTATION."""
    return [_told(result) for result in results if any(result.get("objects", {}).get(kind) for kind in _LOST)]


def _told(result: Mapping[str, Any]) -> str:
    counts = {kind: result["objects"].get(kind, 0) for kind in _LOST}
    return f"{result['target']}: " + " and ".join(
        f"{number} {kind} ({_shown(result['keys'].get(kind, []), number)})" for kind, number in counts.items() if number
    )


def _shown(keys: Sequence[str], number: int) -> str:
    return ", ".join([*keys, *(["…"] if number > len(keys) else [])])


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"lost_objects": lost_objects}
