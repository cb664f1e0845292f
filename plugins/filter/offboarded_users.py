# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which recorded states bring back users whose access was taken, and where that has to be noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: offboarded_users
short_description: Find on record what users were before their access was taken
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - A user can be on several records - it came back by other ways and lost its access again, or a run was killed and
    another one did the rest. The newest record in which it could sign in has what it was; where there is none, it was disabled
    from the start, and the oldest record has what it was.
  - What somebody gave a user since, a group or that it can sign in, is left and told.
options:
  _input:
    description: RV(ignore:records) of M(runbook.aws.operation_record_info), newest first.
    type: list
    elements: dict
    required: true
  names:
    description: The users to be brought back.
    type: list
    elements: str
    required: true
  found:
    description: RV(ignore:results) of M(runbook.aws.cognito_user_info) for these users, with their groups.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: What brings back joe
  ansible.builtin.debug:
    msg: "{{ records | runbook.aws.offboarded_users(['joe'], found) }}"
  vars:
    found: [{target: joe, user: {name: joe, state: present, enabled: false, groups: []}}]
    records:
      - id: 20261123T133000Z-3f9a
        baseline: {users: [{name: joe, state: present, enabled: true, groups: {auditors: true}, groups_exact: true}]}
        details: {}
"""

RETURN = r"""
_value:
  description:
    - C(users), what brings them back, for the filter P(runbook.aws.users_from_record#filter).
    - C(since), what somebody gave them since and what is left, with C(target), C(setting), C(before) and C(now).
    - C(back), the names of those who were brought back already, and C(unknown), those that are on no record.
    - C(records), the records that have the users, with C(id), C(restored) (everyone of the record who is back then) and
      C(whole), whether that is all of them.
  type: dict
"""


def offboarded_users(
    records: Sequence[Mapping[str, Any]], names: Iterable[str], found: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    there = {one["user"]["name"]: one["user"] for one in found}
    wanted = list(dict.fromkeys(names))
    states: dict[str, list[Mapping[str, Any]]] = {name: [] for name in wanted}
    noted: list[dict[str, Any]] = []
    before: set[str] = set()
    for record in records:
        left, restored = _left(record), _restored(record)
        before.update(restored)
        if back := [name for name in left if name in states]:
            noted.append({"id": record["id"], "restored": [*restored, *back], "whole": len(back) == len(left)})
        for name in back:
            states[name].append(left[name])
    had = [_first(recorded) for recorded in states.values() if recorded]
    return {
        "users": [_way_back(was, there[was["name"]]) for was in had],
        "since": [row for was in had for row in _given_since(was, there[was["name"]])],
        "back": [name for name, recorded in states.items() if not recorded and name in before],
        "unknown": [name for name, recorded in states.items() if not recorded and name not in before],
        "records": noted,
    }


def not_back(records: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The users of records, newest first, who are not back, and the newest record of each."""
    return {name: record for record in reversed(records) for name in _left(record)}


def _left(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The users of a record who are not back, by name."""
    restored = _restored(record)
    users = (record.get("baseline") or {}).get("users") or ()
    return {user["name"]: user for user in users if user["name"] not in restored}


def _restored(record: Mapping[str, Any]) -> list[str]:
    return list((record.get("details") or {}).get("restored") or ())


def _first(states: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of states, newest first, the one that the user had before its access was taken."""
    return next((state for state in states if state.get("enabled")), states[-1])


def _way_back(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What brings a user back without taking what it got since."""
    kept = {name: value for name, value in was.items() if name != "groups_exact"}
    return {**kept, "enabled": was["enabled"] or now["enabled"]}


def _given_since(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if now["enabled"] and not was["enabled"]:
        yield {"target": was["name"], "setting": "enabled", "before": False, "now": True}
    had = was.get("groups") or {}
    for group in now["groups"]:
        if not had.get(group):
            yield {"target": was["name"], "setting": f"groups.{group}", "before": False, "now": True}


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"offboarded_users": offboarded_users}
