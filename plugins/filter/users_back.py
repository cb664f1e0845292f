# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to give back when a run that changed users and groups is undone, and what was changed since and stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.filter.offboarded_users import not_back
from ansible_collections.runbook.aws.plugins.filter.users_for_record import in_words_of_record
from ansible_collections.runbook.aws.plugins.filter.users_from_record import users_from_record
from ansible_collections.runbook.aws.plugins.module_utils._cognito import INVITED, VERIFIED
from ansible_collections.runbook.aws.plugins.module_utils._cognito_group import SETTINGS

DOCUMENTATION = r"""
name: users_back
short_description: What undoes a run for users and groups without undoing what was changed since
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Compares three states of each user and group, setting by setting - before the run, what the run set, and now.
  - What still is as the run set it is given back, and what is as it was before is left. Anything else was changed since
    and stays, unless O(force=true).
  - A user or group that the run made goes, unless it was changed since, or others have joined the group. A user with a
    password of its own, or with an attribute that the run did not set, was changed since.
  - A user whose access was taken since stays without it, whatever else is on record.
  - A user that the run enabled and that is disabled again is signed out, because an undo that was stopped may not have
    got to that.
  - What is gone since cannot be forced, because it would not come back as it was.
options:
  _input:
    description: RV(ignore:baseline) of the run's record, with C(users) and C(groups).
    type: dict
    required: true
  intended:
    description: RV(ignore:intended) of the run's record, a list of such mappings, the oldest first.
    type: list
    elements: dict
    required: true
  found:
    description: The result of M(runbook.aws.cognito_user_info) for the users and members that the baseline names.
    type: dict
    required: true
  groups:
    description: RV(ignore:results) of M(runbook.aws.cognito_group) in check mode, as if the groups of the baseline with
      their members were to go. So it has all that is there.
    type: list
    elements: dict
    required: true
  offboarded:
    description: Records of the kind C(user-offboarding) since the run.
    type: list
    elements: dict
    default: []
  force:
    description: Give back what was changed since, too.
    type: bool
    default: false
  ended:
    description: Whether an undo of this run has come to its end before, so that whoever is disabled is signed out, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: What undoes a run that disabled joe
  ansible.builtin.debug:
    msg: "{{ baseline | runbook.aws.users_back([intended], found, []) }}"
  vars:
    baseline: {users: [{name: joe, state: present, enabled: true}]}
    intended: {users: [{name: joe, state: present, enabled: false}]}
    found:
      pool: {groups: []}
      results:
        - target: joe
          username: joe
          status: CONFIRMED
          user: {name: joe, state: present, enabled: false, groups: []}
          error: null
"""

RETURN = r"""
_value:
  description:
    - C(users) and C(groups), elements for M(runbook.aws.cognito_user) and M(runbook.aws.cognito_group).
    - C(foreign), what was changed since, each with C(target), C(setting), C(baseline), C(ours), C(now) and C(left) (not
      given back).
  type: dict
"""

Path = tuple[str, ...]
State = Mapping[str, Any]

# What a state says beside settings.
_NO_SETTINGS = ("name", "state", "invite", "groups_exact", "remove_members", "members")
_GONE = {"baseline": "there", "ours": "there", "now": "gone"}


def users_back(
    baseline: Mapping[str, Any],
    intended: Sequence[Mapping[str, Any]],
    found: Mapping[str, Any],
    groups: Sequence[Mapping[str, Any]],
    offboarded: Sequence[Mapping[str, Any]] = (),
    force: bool = False,
    ended: bool = False,
) -> dict[str, list[Any]]:
    """See DOCUMENTATION."""
    return _Way(baseline, intended, found, groups, offboarded, force, ended).back()


class _Way:
    """The way back of one run. What its users and groups have in common is worked out once."""

    def __init__(
        self,
        baseline: Mapping[str, Any],
        intended: Sequence[Mapping[str, Any]],
        found: Mapping[str, Any],
        groups: Sequence[Mapping[str, Any]],
        offboarded: Sequence[Mapping[str, Any]],
        force: bool,
        ended: bool,
    ) -> None:
        self._baseline, self._force, self._ended = baseline, force, ended
        self._intended: dict[tuple[str, str], list[State]] = {}
        for states in intended:
            for kind in ("users", "groups"):
                for one in states.get(kind) or ():
                    self._intended.setdefault((kind, one["name"]), []).append(one)
        self._there = {one["target"]: one for one in found.get("results") or () if not one.get("error")}
        self._groups = {one["target"]: one["before"] for one in groups if one.get("before")}
        self._offboarded = {name: record["id"] for name, record in not_back(offboarded).items()}
        # A group that is restored is there when it comes to its users.
        self._known_groups = {
            *((found.get("pool") or {}).get("groups") or ()),
            *(one["name"] for one in baseline.get("groups") or () if one["state"] == "present"),
        }
        self._foreign: list[dict[str, Any]] = []

    def back(self) -> dict[str, list[Any]]:
        users = [part for was in self._baseline.get("users") or () if (part := self._user(was))]
        groups = [part for was in self._baseline.get("groups") or () if (part := self._group(was, users))]
        return {
            "users": users_from_record(users),
            "groups": users_from_record(groups),
            "foreign": self._foreign,
        }

    def _user(self, was: State) -> dict[str, Any] | None:
        name, ours = was["name"], self._ours("users", was["name"])
        there = self._there.get(name)
        now = in_words_of_record(there["user"], {}) if there else None
        # It has a password of its own, or whatever else became of it: somebody uses it.
        used = {("status",): {"ours": INVITED, "now": there["status"]}} if there and there["status"] != INVITED else {}
        record = self._offboarding_of(name)
        if record and self._is_left(name, "access", now=f"offboarded, record {record}"):
            return None
        if was["state"] == "absent":
            return self._made(was, {**_of_made(ours, now), **used}) if now else None
        if now is None:
            return self._whole(was, ours)
        part = self._changed(was, ours, now)
        for group in [group for group, inside in part.get("groups", {}).items() if inside]:
            if group not in self._known_groups:
                self._foreign.append(_row(name, f"groups.{group}", _GONE))
                del part["groups"][group]
        return part if _says_something(part) else None

    def _group(self, was: State, users: Iterable[State]) -> dict[str, Any] | None:
        name, ours, now = was["name"], self._ours("groups", was["name"]), self._groups.get(was["name"])
        if now is None or now["state"] == "absent":
            if was["state"] == "absent":
                return None
            whole = self._whole(was, ours)
            return self._without_lost_members(whole) if whole else None
        if was["state"] == "present":
            part = self._changed(was, ours, in_words_of_record(now, {}))
            return part if _says_something(part) else None
        leaving = {self._there[one["name"]]["username"] for one in users if _leaves(one, name)}
        others = sorted(set(now.get("members") or ()) - leaving)
        shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        changed = _of_made(ours, now)
        if others:
            changed["members",] = {"baseline": None, "ours": None, "now": shown}
        gone = self._made(was, changed)
        return {**gone, "remove_members": True} if gone and others else gone

    def _ours(self, kind: str, name: str) -> list[State]:
        return self._intended.get((kind, name), [])

    def _offboarding_of(self, name: str) -> str:
        """The record of a user's offboarding, or nothing."""
        shown = self._there[name]["user"]["name"] if name in self._there else name
        return self._offboarded.get(shown) or self._offboarded.get(name, "")

    def _is_left(self, name: str, setting: str, **states: Any) -> bool:
        """Tell of something that was changed since, and whether it stays so."""
        self._foreign.append(_row(name, setting, states, left=not self._force))
        return not self._force

    def _made(self, was: State, changed: Mapping[Path, Mapping[str, Any]]) -> dict[str, Any] | None:
        """A user or group that the run made, and that goes again."""
        left = [self._is_left(was["name"], ".".join(path), **states) for path, states in changed.items()]
        return None if any(left) else {"name": was["name"], "state": "absent"}

    def _whole(self, was: State, ours: Sequence[State]) -> dict[str, Any] | None:
        """What is not there any more: it is made again if the run took it away."""
        if any(state["state"] == "absent" for state in ours):
            return {**was, **({"groups": self._groups_that_are(was)} if was.get("groups") else {})}
        self._foreign.append(_row(was["name"], "", _GONE))
        return None

    def _groups_that_are(self, was: State) -> dict[str, bool]:
        for group in was["groups"]:
            if group not in self._known_groups:
                self._foreign.append(_row(was["name"], f"groups.{group}", _GONE))
        return {group: inside for group, inside in was["groups"].items() if group in self._known_groups}

    def _without_lost_members(self, group: dict[str, Any]) -> dict[str, Any]:
        """A group that is made again, without those who are gone, or whose access was taken since."""
        deleted = {one["name"] for one in self._baseline.get("users") or () if one["name"] not in self._there}
        members = {}
        for member in group.get("members") or ():
            record = self._offboarding_of(member)
            if record and self._is_left(group["name"], f"members.{member}", now=f"offboarded, record {record}"):
                continue
            if member in self._there:
                members[member] = True
            elif member not in deleted:  # Who is comes back after the groups, and joins this one.
                self._foreign.append(_row(group["name"], f"members.{member}", _GONE))
        return {**{key: value for key, value in group.items() if key != "members"}, **_if_any("members", members)}

    def _changed(self, was: State, ours: Sequence[State], now: State) -> dict[str, Any]:
        """The part of a state to which a user or group that is there goes back."""
        part: dict[str, Any] = {"name": was["name"], "state": "present"}
        present = [state for state in ours if state["state"] == "present"]
        taken_away = len(present) < len(ours)
        for path in dict.fromkeys(path for state in (was, *present) for path in _paths(state)):
            before, current = _value(was, path), _value(now, path)
            wrote = [_value(state, path) for state in present]
            if current == before or (not taken_away and all(value == before for value in wrote)):
                continue
            last = wrote[-1] if wrote else None
            if current not in wrote and self._is_left(
                was["name"], ".".join(path), baseline=before, ours=last, now=current
            ):
                continue
            into = part if len(path) == 1 else part.setdefault(path[0], {})
            into[path[-1]] = before if path[0] == "groups" else _said(was, path)
        _keep_together(was, now, part.get("attributes", {}))
        enabled = any(state.get("enabled") for state in present)
        if enabled and not self._ended and was.get("enabled") is False and now.get("enabled") is False:
            part["sign_out"] = True
        return part


def _of_made(ours: Sequence[State], now: State) -> dict[Path, dict[str, Any]]:
    """What of a user or group that the run made is not as the run made it, or was about to."""
    states = [{"enabled": True, **state} if "enabled" in now else state for state in ours]
    # Cognito makes a user enabled; one that shall not be so is disabled afterwards.
    underway = {"enabled": True}
    changed: dict[Path, dict[str, Any]] = {}
    for path in dict.fromkeys(path for state in (*states, now) for path in _paths(state)):
        wrote, current = [_value(state, path) for state in states], _value(now, path)
        # A run that was killed did not get to everything.
        if current not in (*wrote, _value(underway, path)):
            changed[path] = {"baseline": None, "ours": wrote[-1] if wrote else None, "now": current}
    return changed


def _paths(state: State) -> Iterator[Path]:
    for key, value in state.items():
        if isinstance(value, Mapping):
            yield from ((key, below) for below in value)
        elif key in SETTINGS or (key not in _NO_SETTINGS and value is not None):
            yield (key,)


def _value(state: State, path: Path) -> Any:
    """The value of a setting. Who is not said to be in a group is not, and what is not said to be verified is not."""
    value = _said(state, path)
    if path[0] == "groups":
        return bool(value)
    return f"{value or 'false'}".lower() if path[-1] in VERIFIED.values() else value


def _said(state: State, path: Path) -> Any:
    value: Any = state
    for key in path:
        value = (value or {}).get(key)
    return value


def _keep_together(was: State, now: State, attributes: dict[str, Any]) -> None:
    """An address or number goes back with whether it was verified; of another one nothing is said."""
    for attribute, verified in VERIFIED.items():
        path = ("attributes", attribute)
        if attribute in attributes:
            said = _said(was, ("attributes", verified))
            attributes[verified] = said if attributes[attribute] is None else said or "false"
        elif path in set(_paths(was)) and _value(was, path) != _value(now, path):
            attributes.pop(verified, None)


def _leaves(user: State, group: str) -> bool:
    return user["state"] == "absent" or (user.get("groups") or {}).get(group) is False


def _says_something(part: State) -> bool:
    return any(value != {} for key, value in part.items() if key not in ("name", "state"))


def _if_any(key: str, value: Any) -> dict[str, Any]:
    return {key: value} if value else {}


def _row(target: str, setting: str, states: Mapping[str, Any], left: bool = True) -> dict[str, Any]:
    return {
        "target": target,
        "setting": setting,
        "baseline": None,
        "ours": None,
        "now": None,
        **states,
        "left": left,
    }


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"users_back": users_back}
