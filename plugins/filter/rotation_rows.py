# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which version each secret had and has, as rows that a person can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: rotation_rows
short_description: Which version each secret had and has, one row for each that has another one
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - What is on record counts, so that a run that finishes another one, or puts it back, shows what came of both.
options:
  _input:
    description: The record of the rotation, with C(baseline) and C(applied). Empty in check mode.
    type: dict
    required: true
  made:
    description: RV(runbook.aws.secretsmanager_rotation#module:results) of the rotation.
    type: list
    elements: dict
    default: []
  put_back:
    description: RV(runbook.aws.secretsmanager_rotation#module:results) of putting it back.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: What changed
  ansible.builtin.debug:
    msg: "{{ record | runbook.aws.rotation_rows | runbook.aws.as_table(['target', 'before', 'after']) }}"
  vars:
    record:
      baseline: {versions: [{name: /sc-agent/prod/api/keys, version_id: 0a7d3c1e-52b8-4f1c-9f5e-1f6f0d2b8c11}]}
      applied: {versions: [{name: /sc-agent/prod/api/keys, version_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7}]}
"""

RETURN = r"""
_value:
  description: Rows with target, before and after.
  type: list
  elements: dict
"""

_NONE = "-"


def rotation_rows(
    record: Mapping[str, Any], made: Iterable[Mapping[str, Any]] = (), put_back: Iterable[Mapping[str, Any]] = ()
) -> list[dict[str, str]]:
    """See DOCUMENTATION."""
    made, put_back = list(made), list(put_back)
    was = _of_results(made, "before") | _of_record(record, "baseline")
    became = _of_record(record, "applied") | _of_results(made, "after")
    ends = {name: (was.get(name, _NONE), version) for name, version in became.items()}
    left = _of_results(put_back, "before")
    for name, version in _of_results(put_back, "after").items():
        # A run that was killed may have moved the label already.
        ends[name] = (became.get(name) or left.get(name, _NONE), version)
    return [
        {"target": name, "before": before, "after": after} for name, (before, after) in ends.items() if before != after
    ]


def _of_record(record: Mapping[str, Any], part: str) -> dict[str, str]:
    return _versions((record.get(part) or {}).get("versions", ()))


def _of_results(results: Iterable[Mapping[str, Any]], side: str) -> dict[str, str]:
    return _versions(result[side] for result in results if result.get(side) and not result["error"])


def _versions(elements: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {element["name"]: element.get("version_id") or _NONE for element in elements}


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_rows": rotation_rows}
