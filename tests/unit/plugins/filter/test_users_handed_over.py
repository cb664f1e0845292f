# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible_collections.runbook.aws.plugins.filter.users_handed_over import users_handed_over


def result(name: str, *calls: str) -> dict[str, Any]:
    return {"target": name, "calls": list(calls)}


MADE = result("made", "secretsmanager:CreateSecret", "cognito-idp:AdminCreateUser", "cognito-idp:AdminAddUserToGroup")
RENEWED = result("renewed", "secretsmanager:PutSecretValue", "cognito-idp:AdminSetUserPassword")
LINE = result("line", "file:Append", "cognito-idp:AdminCreateUser")
NOBODY = [
    result("not-set", "secretsmanager:CreateSecret"),
    result("mailed", "cognito-idp:AdminCreateUser"),
    result("nothing"),
]


def test_whose_password_was_left_and_set_is_told_with_its_place() -> None:
    assert users_handed_over([MADE, RENEWED, *NOBODY], {"secret_prefix": "/app/"}) == {
        "made": "/app/made",
        "renewed": "/app/renewed",
    }
    assert users_handed_over([LINE, *NOBODY], {"file": "/safe/passwords"}) == {"line": "/safe/passwords"}
