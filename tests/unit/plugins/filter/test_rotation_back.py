# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.rotation_back import FilterModule, rotation_back

BACK = {"name": "a", "version_id": "old"}


def record(**parts: Any) -> dict[str, Any]:
    said = {"baseline": "old", "intended": "new", "applied": "new", **parts}
    versions = {
        part: {"versions": [{"name": "a", **({"version_id": version} if version else {})}]}
        for part, version in said.items()
        if version is not Ellipsis
    }
    return {"applied": {}, "baseline": {}, **versions, "details": {"rotation": {"elements": [{"name": "a"}]}}}


def found(version: str, **more: Any) -> dict[str, Any]:
    return {"target": "a", "version_id": version, "pending": None, "error": None, **more}


GOES_BACK: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the new version is current": (record(), found("new")),
    "it was killed before it was known what was made": (record(applied=...), found("new")),
    "another attempt was made than was intended": (record(applied="newer"), found("newer")),
    "it is back already": (record(), found("old")),
    "a rotation was left long ago": (record(), found("old", pending={"version_id": "new", "stuck": True})),
    "somebody else's rotation is under way": (record(), found("new", pending={"version_id": "x", "stuck": False})),
}


@pytest.mark.parametrize(("kept", "now"), GOES_BACK.values(), ids=list(GOES_BACK))
def test_it_goes_back_to_what_it_was(kept: dict[str, Any], now: dict[str, Any]) -> None:
    assert rotation_back(kept, [now]) == {"elements": [BACK], "left": []}


STAYS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "somebody changed it": (record(), [found("other")], "somebody else has changed it since: its version is other"),
    "its rotation goes on": (
        record(applied=...),
        [found("old", pending={"version_id": "new", "stuck": False})],
        "its rotation to version new may be under way",
    ),
    "it had no value": (record(baseline=None), [found("new")], "it had no value before"),
    "it cannot be read": (record(), [{"target": "a", "error": "denied"}], "it cannot be read: denied"),
    "it was not found": (record(), [], "it cannot be read"),
}


@pytest.mark.parametrize(("kept", "now", "why"), STAYS.values(), ids=list(STAYS))
def test_it_is_left(kept: dict[str, Any], now: list[dict[str, Any]], why: str) -> None:
    back = rotation_back(kept, now)
    assert back["elements"] == []
    assert why in back["left"][0]["why"]


def test_what_was_not_recorded_was_not_changed() -> None:
    assert rotation_back(record(baseline=...), [found("old")]) == {"elements": [], "left": []}


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_back": rotation_back}
