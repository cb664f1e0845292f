# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.to_sign_out import to_sign_out


def user(modified: str = "2026-11-23T13:00:00Z", *, enabled: bool = False) -> dict[str, Any]:
    return {"user": {"name": "joe"}, "enabled": enabled, "modified": modified}


def record(name: str = "joe", state: str = "closed", restored: tuple[str, ...] = ()) -> dict[str, Any]:
    closed = "2026-11-23T13:30:00Z" if state == "closed" else ""
    details = {"restored": list(restored)}
    return {"id": "r1", "state": state, "closed": closed, "baseline": {"users": [{"name": name}]}, "details": details}


@pytest.mark.parametrize(
    ("one", "records", "is_to_be"),
    [
        (user(enabled=True), [record()], True),
        (user(), [], True),
        (user(), [record("jane")], True),
        (user(), [record(restored=("joe",))], True),
        (user(), [record(state="open")], True),
        (user("2026-11-23T14:00:00Z"), [record()], True),
        (user(), [record()], False),
        (user("2026-11-23T13:30:00Z"), [record()], False),
    ],
)
def test_whose_sign_out_is_on_no_record(one: dict[str, Any], records: list[dict[str, Any]], is_to_be: bool) -> None:
    assert to_sign_out([one], records) == (["joe"] if is_to_be else [])
