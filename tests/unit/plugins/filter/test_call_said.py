# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.call_said import FilterModule, call_said

OK = {"statusCode": 200}
DENIED = {
    "msg": "Client-side error when invoking Lambda, check inputs and specific error: An error occurred",
    "error": {"code": "AccessDeniedException"},
}


def answered(**output: Any) -> dict[str, Any]:
    return {"changed": True, "result": {"status": 200, "output": output}}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "any answer": ({"result": {"output": "pong"}}, {}, "it answers"),
    "the answer": (answered(statusCode=200, body="x"), OK, "it answers"),
    "another answer": (answered(statusCode=500), OK, "its answer has statusCode 500, not 200"),
    "one that looks like a value": (
        answered(statusCode="pass4711wordlong"),
        OK,
        "its answer has statusCode (hidden), not 200",
    ),
    "one without the key": (answered(status=200), OK, "its answer has no statusCode"),
    "no object": ({"result": {"output": "pong"}}, OK, "its answer has no statusCode"),
    "an error": (
        {"msg": "Function executed, but", **answered(errorType="PermissionError", errorMessage="no pass4711wordlong.")},
        OK,
        "it fails with PermissionError: no (hidden)",
    ),
    "an error that says nothing": (answered(errorType="Runtime.ExitError"), {}, "it fails with Runtime.ExitError"),
    "denied": (DENIED, {}, "it could not be called: AccessDeniedException"),
    "not there": (
        {"msg": "Could not find Lambda to execute. Make sure the ARN is correct"},
        {},
        "it could not be called: Could not find Lambda to execute",
    ),
    "nothing": ({}, {}, "it could not be called: no reason was given"),
}


@pytest.mark.parametrize(("called", "wanted", "why"), CASES.values(), ids=list(CASES))
def test_it_tells_whether_and_why_not(called: dict[str, Any], wanted: dict[str, Any], why: str) -> None:
    assert call_said(called, wanted) == {"ok": why == "it answers", "why": why}


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"call_said": call_said}
