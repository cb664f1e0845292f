# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.probe_said import FilterModule, probe_said

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "a reason": (
        {"msg": "Status code was 500.", "json": {"reason": "no database."}},
        "Status code was 500: no database",
    ),
    "no answer": ({"msg": ""}, "no answer"),
    "no JSON": ({"msg": "Status code was 500"}, "Status code was 500"),
    "another kind of body": ({"msg": "it failed", "json": ["a"]}, "it failed"),
    "a reason that is none": ({"msg": "it failed", "json": {"error": {"code": 1}}}, "it failed"),
    "one that is too long": ({"msg": "it failed", "json": {"message": "so " * 100}}, "it failed"),
    "the token, and a part that looks like a value": (
        {"msg": "refused the-token", "json": {"message": "the-token and pass4711wordlong are wrong"}},
        "refused (hidden): (hidden) and (hidden) are wrong",
    ),
}


@pytest.mark.parametrize(("answer", "told"), CASES.values(), ids=list(CASES))
def test_it_tells_why_and_no_secret(answer: dict[str, Any], told: str) -> None:
    assert probe_said(answer, "the-token") == told


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"probe_said": probe_said}
