# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.user_changes import user_changes


def result(before: dict[str, Any], after: dict[str, Any], *calls: str, changed: bool = True) -> dict[str, Any]:
    named = [{"name": "joe", "state": "present", **state} for state in (before, after)]
    return {"target": "joe", "changed": changed, "before": named[0], "after": named[1], "calls": list(calls)}


SIGN_OUT = "cognito-idp:AdminUserGlobalSignOut"
CASES: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "a new user": (
        result(
            {"state": "absent"}, {"attributes": {"email": "a@b.cd"}, "groups": ["g"]}, "cognito-idp:AdminCreateUser"
        ),
        "added",
        "+ group g; email a@b.cd",
    ),
    "a user that goes": (
        result({"attributes": {"email": "a@b.cd"}, "groups": ["g"], "invite": "none"}, {"state": "absent"}),
        "removed",
        None,
    ),
    "disabled": (result({"enabled": True}, {"enabled": False}, SIGN_OUT), "disabled", None),
    "enabled, and into a group": (
        result({"enabled": False, "groups_absent": ["g"]}, {"enabled": True, "groups": ["g"]}, SIGN_OUT),
        "enabled",
        "+ group g",
    ),
    "exactly these groups": (
        result({"groups": ["a", "b"], "groups_exact": True}, {"groups": ["b", "c"], "groups_exact": True}),
        "changed",
        "+ group c; - group a",
    ),
    "attributes": (
        result(
            {"attributes": {"given_name": "Jo", "locale": "de"}, "attributes_absent": ["nickname"]},
            {"attributes": {"given_name": "Joe", "nickname": "J"}, "attributes_absent": ["locale"]},
        ),
        "changed",
        "given_name Jo -> Joe; locale de -> -; nickname J",
    ),
    "an invitation again": (result({}, {}, "cognito-idp:AdminSetUserPassword"), "invited again", "a new invitation"),
    "signed out": (result({}, {}, SIGN_OUT), "signed out", None),
    "a group's setting": (
        result({"precedence": 10, "settings_absent": ["description"]}, {"precedence": 20, "description": "x"}),
        "changed",
        "precedence 10 -> 20; description x",
    ),
}


@pytest.mark.parametrize(("plan", "change", "what"), CASES.values(), ids=list(CASES))
def test_a_change_is_told_in_one_line(plan: dict[str, Any], change: str, what: str | None) -> None:
    assert user_changes([plan])["rows"] == [{"change": change, "name": "joe", "what": what}]


def test_kinds_are_counted_and_named_in_their_order() -> None:
    plans = [
        CASES["a user that goes"][0],
        {**CASES["a new user"][0], "target": "jane"},
        CASES["disabled"][0],
        result({"enabled": True}, {"enabled": True}, changed=False),
        {"target": "x", "changed": False, "before": None, "after": None, "calls": [], "error": "no"},
    ]
    assert user_changes(plans) == {
        "rows": [
            {"change": "added", "name": "jane", "what": "+ group g; email a@b.cd"},
            {"change": "disabled", "name": "joe", "what": None},
            {"change": "removed", "name": "joe", "what": None},
        ],
        "lines": ["1 added", "1 disabled", "1 removed"],
        "unchanged": 2,
    }
