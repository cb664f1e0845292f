# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.rotation_back import FilterModule, rotation_back
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import Wish

BACK = {"name": "a", "version_id": "old"}
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf"
STAMP = "20261127T041456Z-6779"
NEW = f"{Wish('a', stamp=STAMP).stamped(ARN)}-1"


def record(**parts: Any) -> dict[str, Any]:
    said = {"baseline": "old", "applied": NEW, **parts}
    versions = {
        part: {"versions": [{"name": "a", **({"version_id": version} if version else {})}]}
        for part, version in said.items()
        if version is not Ellipsis
    }
    rotation = {"elements": [{"name": "a", "action": "rotate"}]}
    return {"id": STAMP, "applied": {}, "baseline": {}, **versions, "details": {"rotation": rotation}}


def found(version: str | None, previous: str = "", **more: Any) -> dict[str, Any]:
    versions = [{"version_id": previous, "stages": ["AWSPREVIOUS"]}]
    return {
        "target": "a",
        "arn": ARN,
        "version_id": version,
        "versions": versions,
        "pending": None,
        "error": None,
        **more,
    }


def pending(version: str, stuck: bool = False) -> dict[str, Any]:
    return {"version_id": version, "stuck": stuck}


GOES_BACK: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the new version is current": (record(), found(NEW)),
    "it was killed before it was known what was made": (record(applied=...), found(NEW)),
    "it was killed when an earlier attempt was tried again": (record(applied=..., intended="left"), found("left")),
    "it was set to a version that was there": (record(applied="older"), found("older")),
    "it is back already": (record(), found("old")),
    "it is back, and its label is left": (record(), found("old", previous=NEW, pending=pending(NEW))),
    "a rotation was left long ago": (record(), found("old", pending=pending(NEW, stuck=True))),
    "somebody else's rotation is under way": (record(), found(NEW, pending=pending("x"))),
}


@pytest.mark.parametrize(("kept", "now"), GOES_BACK.values(), ids=list(GOES_BACK))
def test_it_goes_back_to_what_it_was(kept: dict[str, Any], now: dict[str, Any]) -> None:
    assert rotation_back(kept, [now]) == {"elements": [BACK], "left": []}


STAYS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "somebody changed it": (record(), [found("other")], "it was changed since: its version is other"),
    "it has no value any more": (record(), [found(None)], "its version is none"),
    "its rotation goes on": (
        record(applied=...),
        [found("old", pending=pending(NEW))],
        f"its rotation to version {NEW} may be under way",
    ),
    "it had no value": (record(baseline=None), [found(NEW)], "it had no value before"),
    "it is going to be deleted": (
        record(),
        [found(NEW, pending=pending(NEW), deleted_date="2026-12-27T09:00:00Z")],
        "Bring it back first: aws secretsmanager restore-secret --secret-id 'a'",
    ),
    "it cannot be read": (record(), [{"target": "a", "error": "denied"}], "it cannot be read: denied"),
    "it was not found": (record(), [], "it cannot be read"),
}


@pytest.mark.parametrize(("kept", "now", "why"), STAYS.values(), ids=list(STAYS))
def test_it_is_left(kept: dict[str, Any], now: list[dict[str, Any]], why: str) -> None:
    back = rotation_back(kept, now)
    assert back["elements"] == []
    assert why in back["left"][0]["why"]


def test_who_has_changed_it_is_named_with_the_way_out() -> None:
    versions = {"versions": [{"name": "a", "version_id": "theirs"}]}
    other = {"id": "20261128", "name": "/shop/", "applied": versions}
    (left,) = rotation_back(record(), [found("theirs")], [{"id": "x", "name": "b", "applied": {}}, other])["left"]
    assert "the rotation '/shop/' (20261128) has brought version theirs. Undo that one first" in left["why"]
    (left,) = rotation_back(record(), [found("other")], [other])["left"]
    assert "--move-to-version-id old --remove-from-version-id other" in left["why"]


def test_what_was_not_recorded_was_not_changed() -> None:
    assert rotation_back(record(baseline=...), [found("old")]) == {"elements": [], "left": []}


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_back": rotation_back}
