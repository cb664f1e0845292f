# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""States as leaves, and what three of them say about who changed what.

A module's `before` and `after` are nested: a function has qualifiers, a qualifier has autoscaling, that has schedules.
To compare them setting by setting they are spread out into leaves: `('provisioned', 'live', 'concurrency') -> 50`.
Elements of a list are known by their `name` or `qualifier`, never by their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
Leaves = dict[Path, Any]

IDENTITIES = ("name", "qualifier")


class _Absent:
    """The value of a leaf that is not there; unlike `None`, which a module may return."""

    def __repr__(self) -> str:
        return "-"


ABSENT = _Absent()

# Words of the modules' options for what is not there. A read-only module leaves such a setting out.
_WORDS_FOR_NOTHING = ("absent", "unlimited", "unset")


def spread(state: Mapping[str, Any]) -> Leaves:
    """The leaves of a state, without the identities of its elements (they are in the paths).

    Args:
        state: One element of a module's list option, or what is below it.

    Returns:
        Value by path. A list whose elements have no identity is one leaf.
    """
    leaves: Leaves = {}
    for key, value in state.items():
        if key in IDENTITIES or value is None:
            continue
        if isinstance(value, Mapping):
            leaves.update({(key, *path): leaf for path, leaf in spread(value).items()})
        elif _has_identities(value):
            for element in value:
                inner = spread(element)
                leaves.update({(key, f"{identity(element)}", *path): leaf for path, leaf in inner.items()})
        else:
            leaves[(key,)] = value
    return leaves


def identity(element: Mapping[str, Any]) -> Any:
    """What an element of a list is known by, or none."""
    return next((element[key] for key in IDENTITIES if key in element), None)


def _has_identities(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(e, Mapping) and identity(e) for e in value)
    )


def only(state: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """The part of a state that has these leaves, with the identities that lead to them."""
    wanted = set(paths)
    part: dict[str, Any] = {}
    for key, value in state.items():
        if key in IDENTITIES:
            part[key] = value
            continue
        below = {path[1:] for path in wanted if path[0] == key}
        if not below:
            continue
        if () in below:
            part[key] = value
        elif isinstance(value, Mapping):
            part[key] = only(value, below)
        else:
            part[key] = [
                only(element, inner)
                for element in value
                if (inner := {path[1:] for path in below if path[0] == f"{identity(element)}"})
            ]
    return part


@dataclass(frozen=True)
class Foreign:
    """A setting that somebody else changed after we did.

    Attributes:
        path: Which one.
        baseline: What it was before us.
        ours: What we made it, last.
        now: What it is.
    """

    path: Path
    baseline: Any
    ours: Any
    now: Any


@dataclass(frozen=True)
class Comparison:
    """What there is to do to bring one target back.

    Attributes:
        restore: Leaves that still are as we set them.
        back: Leaves that are as they were before us already.
        foreign: Leaves that are neither.
    """

    restore: tuple[Path, ...]
    back: tuple[Path, ...]
    foreign: tuple[Foreign, ...]


def compare(baseline: Mapping[str, Any], ours: Sequence[Mapping[str, Any]], now: Mapping[str, Any]) -> Comparison:
    """Hold what is there against what was there before us and what we set.

    Args:
        baseline: The state before the first change.
        ours: Every state that we set or were about to set, oldest first. More than one where a run was repeated with
            other sizes, or killed between two calls.
        now: The state now.
    """
    before, current = spread(baseline), spread(now)
    set_by_us = [spread(state) for state in ours]
    restore: list[Path] = []
    back: list[Path] = []
    foreign: list[Foreign] = []
    for path in sorted({*before, *(path for state in set_by_us for path in state)}):
        was, is_now = before.get(path, ABSENT), current.get(path, ABSENT)
        wrote = [state.get(path, ABSENT) for state in set_by_us]
        if all(_equal(path, value, was) for value in wrote):
            continue
        if _equal(path, is_now, was):
            back.append(path)
        elif any(_equal(path, is_now, value) for value in wrote):
            restore.append(path)
        else:
            foreign.append(Foreign(path, was, wrote[-1] if wrote else ABSENT, is_now))
    # Taking something away as a whole would take with it what somebody else set below it.
    kept = {
        path
        for path in restore
        if path[-1] == "state"
        and before.get(path) == "absent"
        and any(other.path[: len(path) - 1] == path[:-1] for other in foreign)
    }
    foreign += [Foreign(path, before[path], current[path], current[path]) for path in sorted(kept)]
    # What had no value before us has nothing to be given back: the setting above it says that it was not there.
    return Comparison(
        tuple(path for path in restore if path not in kept and path in before), tuple(back), tuple(foreign)
    )


def _equal(path: Path, one: Any, other: Any) -> bool:
    return one == other or (_is_nothing(path, one) and _is_nothing(path, other))


def _is_nothing(path: Path, value: Any) -> bool:
    return value is ABSENT or value in _WORDS_FOR_NOTHING or (path[-1] == "concurrency" and value == 0)


def overlay(state: Any, over: Any) -> Any:
    """A state with the values of another one for the settings that both have.

    Where one of them says that something is there and the other that it is absent, the other's whole word counts.
    """
    if isinstance(state, Mapping) and isinstance(over, Mapping):
        if state.get("state") != over.get("state") and "state" in state and "state" in over:
            return dict(over)
        return {key: overlay(value, over[key]) if key in over else value for key, value in state.items()}
    if isinstance(state, list) and isinstance(over, list) and _has_identities(state):
        others = by_identity(over)
        return [overlay(e, others[f"{identity(e)}"]) if f"{identity(e)}" in others else e for e in state]
    return over


def by_identity(states: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """States by their name."""
    return {f"{identity(state)}": state for state in states}


def merge(first: Any, second: Any) -> Any:
    """Two descriptions of targets as one, in which the first has the last word.

    Mappings are joined by key, lists of mappings by their `name` or `qualifier`. So a target, or a setting of a target,
    that only one of them has is there too. What either says is absent has no settings to join.
    """
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        if "absent" in (first.get("state"), second.get("state")):
            return first
        both = {key: merge(value, second[key]) if key in second else value for key, value in first.items()}
        return {**both, **{key: value for key, value in second.items() if key not in first}}
    if isinstance(first, list) and isinstance(second, list):
        if not _has_identities([*first, *second]):
            return first or second
        others = by_identity(second)
        kept = [
            merge(state, others.pop(name)) if name in others else state for name, state in by_identity(first).items()
        ]
        return [*kept, *others.values()]
    return second if first in ({}, []) else first
