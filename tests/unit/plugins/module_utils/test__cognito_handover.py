# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._cognito_handover import (
    HandingOver,
    Handover,
    append_line,
    check_file,
    fetch_secret,
    make_password,
    read_handover,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

POOL = "us-east-1_pool"


class Recorded:
    """An AWS that remembers what it was told, and answers or refuses."""

    def __init__(self, answer: dict[str, Any] | AwsError | None = None) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self._answer = {} if answer is None else answer

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        self.told.append((f"{service}:{operation}", arguments))
        if isinstance(self._answer, AwsError):
            raise self._answer
        return self._answer

    def before(self, service: str, operation: str) -> None:
        if isinstance(self._answer, AwsError):
            raise self._answer

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        raise AssertionError(operation)


@pytest.mark.parametrize("minimum", [6, 20, 99])
def test_a_password_fits_every_policy_and_can_be_read_aloud(minimum: int) -> None:
    for _time in range(200):
        password = make_password(minimum)
        assert len(password) == max(20, minimum)
        for kind in ("[A-Z]", "[a-z]", "[0-9]", r"[-_.+=@%]"):
            assert re.search(kind, password)
        assert not re.search("[0O1lI]", password)
        assert re.fullmatch(r"\S+", password)
    assert make_password(8) != make_password(8)


# --- the option ------------------------------------------------------------------------------------------------------


def test_the_option_says_one_place(tmp_path: Path) -> None:
    assert read_handover(None) is None
    found = read_handover({"secret_prefix": "/app/", "tags": {"team": 1}, "kms_key_id": "alias/app"})
    assert found == Handover("/app/", "", "alias/app", {"team": "1"})
    assert read_handover({"file": str(tmp_path / "new")}) == Handover(file=str(tmp_path / "new"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "one of secret_prefix and file"),
        ({"secret_prefix": "/app/", "file": "/x"}, "one of secret_prefix and file"),
        ({"file": "/x", "kms_key_id": "k"}, "are for secrets"),
        ({"secret_prefix": "/app prod/"}, "has more than letters"),
        ({"secret_prefix": "/app/", "tags": {"runbook:invitation": "x"}}, "is set by this module"),
        ({"file": "relative"}, "no absolute path"),
        ({"file": "/no/such/folder/file"}, "the folder /no/such/folder is not there"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        read_handover(given)


# --- the file --------------------------------------------------------------------------------------------------------


def test_lines_are_appended_to_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    before = os.umask(0)
    try:
        append_line(str(path), {"username": "jane"})
    finally:
        os.umask(before)
    append_line(str(path), {"username": "j\u00f6rg"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [json.loads(line)["username"] for line in path.read_text().splitlines()] == ["jane", "j\u00f6rg"]


def test_lines_of_several_threads_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: append_line(str(path), {"n": f"{number}" * 2000}), range(50)))
    assert sorted(json.loads(line)["n"][:1] for line in path.read_text().splitlines()) == sorted(
        str(number)[:1] for number in range(50)
    )


def test_a_file_that_others_can_read_or_that_is_another_one_is_refused(tmp_path: Path) -> None:
    wide, link, folder = tmp_path / "wide", tmp_path / "link", tmp_path / "folder"
    wide.write_text("")
    wide.chmod(0o640)
    link.symlink_to(tmp_path / "elsewhere")
    folder.mkdir()
    for path, says in ((wide, "has mode 0640"), (link, "no ordinary file"), (folder, "no ordinary file")):
        with pytest.raises(Refused, match=says):
            check_file(str(path))
        with pytest.raises(Refused):
            append_line(str(path), {"username": "jane"})
    assert wide.read_text() == ""
    assert not (tmp_path / "elsewhere").exists()
    wide.chmod(0o600)
    check_file(str(wide))
    check_file(str(tmp_path / "new"))


# --- the secret ------------------------------------------------------------------------------------------------------


def test_only_the_invitation_of_this_pool_is_overwritten() -> None:
    handover = Handover(prefix="/app/")
    ours = {"Tags": [{"Key": "runbook:invitation", "Value": POOL}]}
    assert fetch_secret(Recorded(ours), handover, POOL, "jane") is True
    missing = AwsError("It is not there.", "ResourceNotFoundException")
    assert fetch_secret(Recorded(missing), handover, POOL, "jane") is False
    for found, says in (
        ({}, "is no invitation to this pool"),
        ({"Tags": [{"Key": "runbook:invitation", "Value": "us-east-1_other"}]}, "is no invitation to this pool"),
        ({**ours, "DeletedDate": 1}, "is being deleted"),
    ):
        with pytest.raises(Refused, match=says):
            fetch_secret(Recorded(found), handover, POOL, "jane")
    with pytest.raises(Refused, match="cannot be the name of a secret"):
        fetch_secret(Recorded(), handover, POOL, "j\u00f6rg")
    with pytest.raises(AwsError):
        fetch_secret(Recorded(AwsError("No.", "AccessDeniedException")), handover, POOL, "jane")


# --- on the way ------------------------------------------------------------------------------------------------------


def test_the_secret_gets_a_password_and_the_call_learns_it() -> None:
    aws = Recorded({"ARN": "arn"})
    call = Handover(prefix="/app/").call(POOL, "jane", there=False)
    answer = HandingOver(aws, 8).call(call.service, call.operation, **call.arguments)
    (action, told), *_rest = aws.told
    assert action == "secretsmanager:CreateSecret"
    assert json.loads(told["SecretString"]) == {
        "user_pool_id": POOL,
        "username": "jane",
        "temporary_password": answer["Password"],
    }
    assert answer["ARN"] == "arn"


def test_a_line_of_the_file_is_no_call_to_aws(tmp_path: Path) -> None:
    aws, path = Recorded(), tmp_path / "passwords"
    call = Handover(file=str(path)).call(POOL, "jane", there=False)
    answer = HandingOver(aws, 8).call(call.service, call.operation, **call.arguments)
    assert json.loads(path.read_text())["temporary_password"] == answer["Password"]
    assert aws.told == []


@pytest.mark.parametrize("option", ["TemporaryPassword", "Password"])
def test_an_error_that_quotes_a_password_is_told_without_it(option: str) -> None:
    aws = Recorded(AwsError("Not allowed: do-not-print-this", "InvalidPasswordException"))
    with pytest.raises(AwsError) as raised:
        HandingOver(aws, 8).call("cognito-idp", "AdminSetUserPassword", **{option: "do-not-print-this"})
    assert "do-not-print-this" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_what_is_left_of_a_killed_run_leaves_no_password_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    (call,) = [Handover(file=str(path)).call(POOL, "jane", False)]
    ended = Recorded(AwsError("The run was ended from outside.", "RunEnded"))
    with pytest.raises(AwsError, match="was ended from outside"):
        HandingOver(ended, 8).call(call.service, call.operation, **call.arguments)
    assert not path.exists()
    assert HandingOver(Recorded(), 8).call(call.service, call.operation, **call.arguments)["Password"]
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "says"),
    [
        ("AdminCreateUser", {"TemporaryPassword": "p"}, "UsernameExistsException", "renew_invitation: always"),
        ("AdminUserGlobalSignOut", {}, "InternalErrorException", "sign_out: true"),
        ("AdminCreateUser", {}, "UsernameExistsException", ""),
        ("AdminDisableUser", {}, "InternalErrorException", ""),
    ],
)
def test_what_the_same_task_would_not_mend_is_said(
    operation: str, arguments: dict[str, Any], code: str, says: str
) -> None:
    with pytest.raises(AwsError) as raised:
        HandingOver(Recorded(AwsError("No.", code)), 8).call("cognito-idp", operation, **arguments)
    assert says in str(raised.value)
    assert says or str(raised.value) == "No."
