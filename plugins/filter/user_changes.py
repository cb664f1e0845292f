# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is about to change for users and groups, for a person to judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.filter.users_for_record import in_words_of_record

DOCUMENTATION = r"""
name: user_changes
short_description: Tell what a plan changes for users or groups
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Of each user or group that changes it tells what kind of change that is and what changes in it; of all of them how
    many there are of each kind.
options:
  _input:
    description: RV(ignore:results) of M(runbook.aws.cognito_user) or M(runbook.aws.cognito_group).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: What changes
  ansible.builtin.debug:
    msg: "{{ (plan.results | runbook.aws.user_changes).lines }}"
  vars:
    plan:
      results:
        - target: joe
          changed: true
          before: {name: joe, state: present, enabled: true}
          after: {name: joe, state: present, enabled: false}
          calls: ["cognito-idp:AdminDisableUser", "cognito-idp:AdminUserGlobalSignOut"]
"""

RETURN = r"""
_value:
  description:
    - C(rows) with C(name), C(change) and C(what) for each that changes; C(lines), one for each kind with its
      count; C(unchanged), how many stay as they are.
  type: dict
"""

ADDED = "added"
CHANGED = "changed"
INVITED = "invited again"
SIGNED_OUT = "signed out"
ENABLED = "enabled"
DISABLED = "disabled"
REMOVED = "removed"
_KINDS = (ADDED, CHANGED, INVITED, SIGNED_OUT, ENABLED, DISABLED, REMOVED)


def user_changes(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """See DOCUMENTATION."""
    changed = [result for result in results if result.get("changed") and result.get("before")]
    rows = [
        {"change": _kind(result), "name": result["target"], "what": "; ".join(_what(result)) or None}
        for result in changed
    ]
    rows.sort(key=lambda row: _KINDS.index(row["change"]))
    names = {kind: [row["name"] for row in rows if row["change"] == kind] for kind in _KINDS}
    return {
        "rows": rows,
        "lines": [f"{len(who)} {kind}" for kind, who in names.items() if who],
        "unchanged": len(results) - len(changed),
    }


def _kind(result: Mapping[str, Any]) -> str:
    before, after = result["before"], result.get("after") or {}
    if after.get("state") != before.get("state"):
        return REMOVED if after.get("state") == "absent" else ADDED
    if after.get("enabled") is not before.get("enabled"):
        return ENABLED if after.get("enabled") else DISABLED
    # What is planned with nothing else to change is something that is done, not a setting.
    if not list(_settings(before, after)):
        return SIGNED_OUT if _calls(result, "AdminUserGlobalSignOut") else INVITED
    return CHANGED


def _what(result: Mapping[str, Any]) -> Iterator[str]:
    before, after = result["before"], result.get("after") or {}
    if after.get("state") == "absent":
        return
    yield from _settings(before, after)
    if result["before"].get("state") == "absent":
        return
    if _calls(result, "AdminCreateUser") or _calls(result, "AdminSetUserPassword"):
        yield "a new invitation"


def _calls(result: Mapping[str, Any], operation: str) -> bool:
    return any(call.endswith(f":{operation}") for call in result.get("calls") or ())


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Each setting that changes, in words."""
    was, will_be = in_words_of_record(before, after), in_words_of_record(after, before)
    for list_name, one in (("groups", "group"), ("members", "member")):
        inside, wanted = was.get(list_name, {}), will_be.get(list_name, {})
        for name in _either(inside, wanted):
            if bool(inside.get(name)) is not bool(wanted.get(name)):
                yield f"{'+' if wanted.get(name) else '-'} {one} {name}"
    for was_part, will_part in ((was.get("attributes", {}), will_be.get("attributes", {})), (was, will_be)):
        for name in _either(was_part, will_part):
            old, new = was_part.get(name), will_part.get(name)
            if name in _NO_SETTING or f"{old}".lower() == f"{new}".lower():
                continue
            yield f"{name} {_shown(new)}" if old is None else f"{name} {_shown(old)} -> {_shown(new)}"


# Told by the kind of change, or above.
_NO_SETTING = (
    "name",
    "state",
    "enabled",
    "attributes",
    "groups",
    "members",
    "groups_exact",
    "remove_members",
    "invite",
)


def _either(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterable[str]:
    return dict.fromkeys((*one, *other))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"{value}".lower()
    return "-" if value is None else f"{value}"


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"user_changes": user_changes}
