# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cognito_pools import DAY, Pool, refused
from integration.examples import assert_examples_run
from integration.killing import kill_module_at
from integration.run_module import ROOT, ad_hoc, environment, run_module

from ansible_collections.runbook.aws.plugins.modules import cognito_group, cognito_user, cognito_user_info
from local_aws.client import SECRET_KEY, Account

OWN = "Their-own-password-for-2026"
POLICY = {
    "MinimumLength": 24,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 3,
}
SCHEMA = [
    {
        "Name": "badge",
        "AttributeDataType": "String",
        "Mutable": False,
        "StringAttributeConstraints": {"MaxLength": "8"},
    },
    {"Name": "floor", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "40"}},
]
GROUPS = ("administrators", "auditors", "engineers")


@pytest.fixture
def pool(account: Account) -> Pool:
    """A pool with a policy, attributes and groups of its own, and the users `jane` and `joe`, who have signed in."""
    made = Pool(account, {"AccessTokenValidity": 2}, Policies={"PasswordPolicy": POLICY})
    made.client.add_custom_attributes(UserPoolId=made.id, CustomAttributes=SCHEMA)
    with_groups(made)
    for name in ("jane", "joe"):
        made.confirmed(name, OWN, UserAttributes=attributes(name))
    made.admin("admin_add_user_to_group", Username="jane", GroupName="auditors")()
    return made


def with_groups(pool: Pool, *groups: str) -> None:
    for group in groups or GROUPS:
        pool.admin("create_group", GroupName=group)()


def mail(name: str, verified: bool = True) -> dict[str, Any]:
    return {"email": f"{name}@example.com", "email_verified": verified}


def attributes(name: str) -> list[dict[str, str]]:
    return [{"Name": key, "Value": str(value).lower()} for key, value in mail(name).items()]


def users(pool: Pool, *wanted: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_module(pool.account, "cognito_user", user_pool_id=pool.id, users=list(wanted), **options)


def seen(pool: Pool) -> dict[str, Any]:
    """The users as they are, without what only tells when something happened."""
    return {
        name: (pool.get(name)["Enabled"], {**pool.attributes(name), "sub": ""}, sorted(pool.groups(name)))
        for name in pool.names()
    }


def secret(pool: Pool, name: str) -> dict[str, Any]:
    value = pool.account.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    found: dict[str, Any] = json.loads(value)
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def counted(account: Account, mark: int) -> Counter[str]:
    return Counter(f"{call['service']}:{call['operation']}" for call in account.calls(mark))


WANTED = (
    {"name": "jane", "attributes": {"given_name": "Jane", "custom:floor": 3}, "groups": ["engineers"], "enabled": True},
    {"name": "joe", "enabled": False, "groups": [], "groups_exact": True},
    {"name": "jim", "attributes": {**mail("jim"), "custom:badge": "007"}, "groups": ["auditors", "engineers"]},
)


def test_users_become_what_is_wanted_and_come_back_and_check_mode_told_it(pool: Pool) -> None:
    start, mark = seen(pool), pool.account.mark()
    told = users(pool, *WANTED, check=True)
    assert told["changed"]
    assert pool.account.mutating(mark) == []
    done = users(pool, *WANTED, diff=True, verbosity=3)
    assert done["rc_"] == 0, done["output"]
    assert [result["calls"] for result in done["results"]] == [result["calls"] for result in told["results"]]
    made = Counter(f"{call['service']}:{call['operation']}" for call in pool.account.mutating(mark))
    assert made == Counter(call for result in done["results"] for call in result["calls"])
    assert pool.attributes("jane")["custom:floor"] == "3"
    assert sorted(pool.groups("jane")) == ["auditors", "engineers"]
    assert pool.get("joe")["Enabled"] is False
    assert sorted(pool.groups("jim")) == ["auditors", "engineers"]
    assert [(sent["user"], sent["medium"]) for sent in pool.account.mail()] == [("jim", "EMAIL")]
    for password in (OWN, SECRET_KEY, pool.account.mail()[0]["secret"]):
        assert password not in done["output"]

    mark = pool.account.mark()
    again = users(pool, *WANTED)
    assert not again["changed"]
    assert pool.account.mutating(mark) == []
    assert [result["before"] for result in again["results"]] == [result["after"] for result in again["results"]]

    users(pool, *(result["before"] for result in done["results"]))
    assert seen(pool) == start


def test_check_mode_plans_with_groups_that_an_earlier_task_would_have_made(pool: Pool) -> None:
    wish = {"name": "jane", "groups": ["drivers"]}
    planned = users(pool, wish, new_groups=["drivers"], check=True)
    assert planned["rc_"] == 0, planned["output"]
    assert planned["results"][0]["after"]["groups"] == ["drivers"]
    refused = users(pool, wish, new_groups=["drivers"])
    assert refused["rc_"] == 1
    assert "drivers" in refused["msg"]


def test_a_deleted_user_comes_back_as_another_one_whom_nobody_wrote_to(pool: Pool) -> None:
    start, sub = seen(pool), pool.attributes("jane")["sub"]
    done = users(pool, {"name": "jane", "state": "absent"}, {"name": "nobody", "state": "absent"})
    assert [result["changed"] for result in done["results"]] == [True, False]
    assert "does not come back" in " ".join(done["warnings"])
    assert pool.names() == ["joe"]
    users(pool, *(result["before"] for result in done["results"]))
    assert seen(pool) == start
    assert pool.attributes("jane")["sub"] != sub
    assert pool.account.mail() == []


# --- passwords that are handed over ----------------------------------------------------------------------------------


def first_sign_in(pool: Pool, name: str, password: str) -> None:
    """The user signs in with the temporary password, sets one of their own, and signs in with that."""
    challenge = pool.sign_in(name, password)
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    pool.answer(name, OWN, challenge["Session"])
    assert pool.get(name)["UserStatus"] == "CONFIRMED"
    assert pool.tokens(name, OWN)["AccessToken"]


def test_a_password_is_left_in_a_secret_works_and_is_never_told(pool: Pool) -> None:
    wish = {"name": "ann", "attributes": mail("ann"), "invite": "handover", "groups": ["engineers"]}
    where = {"secret_prefix": "/app/invitations/", "tags": {"team": "app"}}
    mark = pool.account.mark()
    assert users(pool, wish, handover=where, check=True)["changed"]
    assert pool.account.mutating(mark) == []
    done = users(pool, wish, handover=where, diff=True, verbosity=4)
    assert done["rc_"] == 0, done["output"]
    left = secret(pool, "/app/invitations/ann")
    assert (left["user_pool_id"], left["username"]) == (pool.id, "ann")
    invitation = done["results"][0]["invitation"]
    assert (invitation["by"], invitation["where"]) == ("handover", "/app/invitations/ann")
    tags = pool.account.client("secretsmanager").describe_secret(SecretId="/app/invitations/ann")["Tags"]
    assert {"Key": "team", "Value": "app"} in tags
    assert left["temporary_password"] not in done["output"]
    assert left["temporary_password"] not in json.dumps(pool.account.calls())
    assert pool.account.mail() == []
    assert not users(pool, wish, handover=where)["changed"]
    first_sign_in(pool, "ann", left["temporary_password"])


def test_passwords_are_left_in_a_file_of_ours_alone(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "invitations"
    wanted = [{"name": name, "invite": "handover"} for name in ("ann", "bob", "cid")]
    mark = pool.account.mark()
    assert users(pool, *wanted, handover={"file": str(path)}, check=True)["changed"]
    assert not path.exists()
    assert pool.account.mutating(mark) == []
    done = users(pool, *wanted, handover={"file": str(path)}, verbosity=4)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    left = {line["username"]: line["temporary_password"] for line in lines(path)}
    assert sorted(left) == ["ann", "bob", "cid"]
    assert done["results"][0]["calls"] == ["file:Append", "cognito-idp:AdminCreateUser"]
    for name, password in left.items():
        assert password not in done["output"]
        first_sign_in(pool, name, password)
    users(pool, {"name": "dan", "invite": "handover"}, handover={"file": str(path)})
    assert [line["username"] for line in lines(path)][-1] == "dan"
    assert len(lines(path)) == 4


def test_a_file_that_others_can_read_keeps_everything_from_being_written(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "invitations"
    path.write_text("")
    path.chmod(0o644)
    mark = pool.account.mark()
    done = users(pool, {"name": "ann", "invite": "handover"}, handover={"file": str(path)})
    assert "has mode 0644" in done["msg"]
    assert pool.account.mutating(mark) == []
    assert path.read_text() == ""


@pytest.mark.parametrize("mode", ["error", "disconnect_after"])
def test_what_fails_between_leaving_a_password_and_setting_it_is_repaired_by_the_next_run(
    pool: Pool, tmp_path: Path, mode: str
) -> None:
    where, path = {"secret_prefix": "/app/invitations/"}, tmp_path / "invitations"
    wish = {"name": "ann", "invite": "handover"}
    for handover, told in (
        (where, lambda: secret(pool, "/app/invitations/ann")),
        ({"file": str(path)}, lambda: lines(path)[-1]),
    ):
        failing = {"error": "InternalErrorException", "status": 400} if mode == "error" else {}
        pool.account.fault("cognito-idp", "AdminCreateUser", mode=mode, times=1, **failing)
        failed = users(pool, wish, handover=handover, verbosity=4)
        assert failed["rc_"] != 0
        assert told()["temporary_password"] not in failed["output"]
        again = users(pool, wish, handover=handover)
        assert again["rc_"] == 0, again["output"]
        # Whether Cognito had made the user or not: what was left last is what opens the door.
        first_sign_in(pool, "ann", told()["temporary_password"])
        pool.admin("admin_delete_user", Username="ann")()


def test_a_run_that_is_killed_loses_no_password(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "invitations"
    wish = {
        "user_pool_id": pool.id,
        "users": [{"name": f"u{number:02}", "invite": "handover"} for number in range(12)],
        "handover": {"file": str(path)},
        "workers": 2,
    }
    pool.account.fault("cognito-idp", "AdminCreateUser", mode="delay", delay=0.3, times=0)
    kill_module_at(pool.account, "AdminCreateUser", "cognito_user", times=4, **wish)
    pool.account.clear_faults()
    # What was on its way arrives.
    time.sleep(1)
    assert 2 < len(pool.names()) < 14
    done = run_module(pool.account, "cognito_user", **wish)
    assert done["rc_"] == 0, done["msg"]
    left = {line["username"]: line["temporary_password"] for line in lines(path)}
    assert len(left) == 12
    for name, password in left.items():
        assert pool.sign_in(name, password)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_what_is_left_of_a_run_without_its_controller_leaves_no_more_passwords(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "invitations"
    wish = {
        "user_pool_id": pool.id,
        "users": [{"name": f"u{number:02}", "invite": "handover"} for number in range(20)],
        "handover": {"file": str(path)},
        "workers": 2,
    }
    pool.account.fault("cognito-idp", "AdminCreateUser", mode="delay", delay=0.3, times=0)
    command = ad_hoc("cognito_user", {**pool.account.module_args, **wish})
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment({}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as controller:
        try:
            deadline = time.monotonic() + 60
            while not path.exists() or len(lines(path)) < 4:
                assert controller.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
            # Nothing but the controller: what it has started goes on.
            controller.kill()
            controller.wait()
            time.sleep(2)
            assert len(lines(path)) < 10
            # Every password that is left is a user's, but for what was on its way.
            assert len(lines(path)) - (len(pool.names()) - 2) <= 2
        finally:
            with suppress(ProcessLookupError):
                os.killpg(controller.pid, signal.SIGKILL)


def test_a_secret_that_is_no_invitation_is_not_overwritten(pool: Pool) -> None:
    client = pool.account.client("secretsmanager")
    client.create_secret(Name="/app/database", SecretString="do-not-print-this")
    mark = pool.account.mark()
    done = users(pool, {"name": "database", "invite": "handover"}, handover={"secret_prefix": "/app/"}, verbosity=3)
    assert "is no invitation to this pool" in done["msg"]
    assert pool.account.mutating(mark) == []
    assert "do-not-print-this" not in done["output"]


# --- invitations that expire -----------------------------------------------------------------------------------------


def test_an_expired_invitation_is_told_and_repaired_only_when_that_is_asked(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "invitations"
    handover = {"file": str(path)}
    ann, bob = {"name": "ann", "attributes": mail("ann")}, {"name": "bob", "invite": "handover"}
    users(pool, ann, bob, handover=handover)
    first_mail, first_line = pool.account.mail()[0]["secret"], lines(path)[0]["temporary_password"]
    pool.account.advance(2 * DAY)
    renew = {"renew_invitation": "expired"}
    assert not users(pool, {**ann, **renew}, {**bob, **renew}, handover=handover)["changed"]
    pool.account.advance(1.5 * DAY)
    assert "Temporary password has expired" in refused(pool.sign_in, "ann", first_mail)
    left = users(pool, ann, bob, handover=handover)
    assert not left["changed"]
    assert "ann: its invitation has expired" in " ".join(left["warnings"])

    renewed = users(pool, {**ann, **renew}, {**bob, **renew}, handover=handover, verbosity=3)
    assert [result["calls"] for result in renewed["results"]] == [
        ["cognito-idp:AdminCreateUser"],
        ["file:Append", "cognito-idp:AdminSetUserPassword"],
    ]
    assert sorted(pool.names()) == ["ann", "bob", "jane", "joe"]
    second_mail, second_line = pool.account.mail()[-1]["secret"], lines(path)[-1]["temporary_password"]
    for password in (first_mail, first_line, second_mail, second_line):
        assert password not in renewed["output"]
    assert not users(pool, {**ann, **renew}, {**bob, **renew}, handover=handover)["changed"]
    first_sign_in(pool, "ann", second_mail)
    first_sign_in(pool, "bob", second_line)


# --- out -------------------------------------------------------------------------------------------------------------


def test_a_disabled_user_is_out_and_one_that_is_enabled_again_has_to_sign_in_anew(pool: Pool) -> None:
    tokens = pool.tokens("jane", OWN)
    assert pool.refresh(tokens["RefreshToken"])["AccessToken"]
    begin = int(pool.account.now())
    done = users(pool, {"name": "jane", "enabled": False, "groups": [], "groups_exact": True})
    end = pool.account.now()
    (result,) = done["results"]
    assert result["before"] == {
        "name": "jane",
        "state": "present",
        "enabled": True,
        "groups": ["auditors"],
        "groups_exact": True,
    }
    # The app client's access tokens are valid for two hours.
    assert "for up to 7200 seconds more" in " ".join(done["warnings"])
    assert begin <= datetime.fromisoformat(result["tokens_valid_until"]).timestamp() - 7200 <= end
    assert "NotAuthorizedException" in refused(pool.refresh, tokens["RefreshToken"])
    assert "NotAuthorizedException" in refused(pool.sign_in, "jane", OWN)
    assert not users(pool, {"name": "jane", "enabled": False})["changed"]
    users(pool, result["before"])
    assert pool.groups("jane") == ["auditors"]
    assert "NotAuthorizedException" in refused(pool.refresh, tokens["RefreshToken"])
    assert pool.tokens("jane", OWN)["AccessToken"]


def test_a_user_is_signed_out_in_every_run_that_asks_for_it(pool: Pool) -> None:
    for _run in range(2):
        token = pool.tokens("jane", OWN)["RefreshToken"]
        done = users(pool, {"name": "jane", "sign_out": True})
        assert done["changed"]
        assert done["results"][0]["tokens_valid_until"]
        assert "NotAuthorizedException" in refused(pool.refresh, token)


def test_how_long_tokens_are_valid_is_said_to_be_hidden_where_it_may_not_be_read(pool: Pool) -> None:
    pool.account.deny("cognito-idp:ListUserPoolClients")
    done = users(pool, {"name": "jane", "enabled": False})
    assert done["rc_"] == 0
    assert "is not observable, at most a day" in " ".join(done["warnings"])
    assert done["results"][0]["tokens_valid_until"] is None
    assert pool.get("jane")["Enabled"] is False


# --- pools of other kinds --------------------------------------------------------------------------------------------


def test_where_the_address_is_the_name_users_are_made_found_and_changed_by_it(account: Account, tmp_path: Path) -> None:
    pool = Pool(account, UsernameAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    with_groups(pool)
    path = tmp_path / "invitations"
    wish = {
        "name": "Ann@example.com",
        "attributes": {"email_verified": True},
        "groups": ["auditors", "engineers"],
        "invite": "handover",
    }
    done = users(pool, wish, handover={"file": str(path)})
    assert done["rc_"] == 0, done["output"]
    first_sign_in(pool, "ann@example.com", lines(path)[0]["temporary_password"])
    assert sorted(pool.groups("ann@example.com")) == ["auditors", "engineers"]
    assert not users(pool, {**wish, "name": "ann@EXAMPLE.com"}, handover={"file": str(path)})["changed"]
    twice = users(pool, wish, {"name": "ANN@example.com"}, handover={"file": str(path)})
    assert "one user, because" in twice["msg"]
    many = [{"name": f"user{number}@example.com", "attributes": {"email_verified": True}} for number in range(10)]
    assert users(pool, *many)["rc_"] == 0
    assert not users(pool, *many)["changed"]
    assert users(pool, done["results"][0]["before"])["changed"]
    assert len(pool.names()) == 10


@pytest.mark.parametrize("others", [0, 20], ids=["one by one", "from lists"])
def test_an_alias_of_somebody_else_is_refused_before_anything_is_written(account: Account, others: int) -> None:
    pool = Pool(account, AliasAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    with_groups(pool)
    pool.invite("jane", UserAttributes=attributes("jane"), MessageAction="SUPPRESS")
    more = [{"name": f"other{number}", "invite": "none", "groups": ["auditors"]} for number in range(others)]
    mark = account.mark()
    taken = users(pool, {"name": "joe", "attributes": {**mail("JANE")}}, *more)
    assert "the user jane signs in with the email" in taken["msg"]
    alias = users(pool, {"name": "jane@example.com", "enabled": False}, *more)
    assert "is no username, it is what the user jane signs in with" in alias["msg"]
    assert account.mutating(mark) == []
    done = users(pool, {"name": "joe", "attributes": mail("jane", verified=False), "invite": "none"}, *more)
    assert done["rc_"] == 0, done["output"]


# --- many ------------------------------------------------------------------------------------------------------------


def test_many_users_are_read_from_lists_and_written_with_one_call_each_and_one_for_each_group(pool: Pool) -> None:
    many = [
        {"name": f"user{number:03}", "attributes": mail(f"user{number:03}"), "groups": ["auditors", "engineers"]}
        for number in range(200)
    ]
    rates = {"cognito-idp:UserCreation": 1000, "cognito-idp:UserResourceUpdate": 1000}
    mark = pool.account.mark()
    done = users(pool, *many, request_rates=rates)
    assert done["rc_"] == 0, done["msg"]
    calls = counted(pool.account, mark)
    assert calls["cognito-idp:AdminCreateUser"] == 200
    assert calls["cognito-idp:AdminAddUserToGroup"] == 400
    assert calls["cognito-idp:AdminGetUser"] == 0
    assert sum(calls.values()) < 620
    mark = pool.account.mark()
    assert not users(pool, *many)["changed"]
    again = counted(pool.account, mark)
    # 202 users are 4 pages, of which two groups have 4 each, too.
    assert sum(again.values()) <= 20
    assert pool.account.mutating(mark) == []


def test_a_run_that_fails_halfway_is_finished_by_the_next(pool: Pool) -> None:
    wanted = [{"name": f"u{n}", "invite": "none", "groups": ["auditors", "engineers"]} for n in range(5)]
    pool.account.fault(
        "cognito-idp", "AdminAddUserToGroup", after=5, times=0, error="InternalErrorException", status=400
    )
    failed = users(pool, *wanted)
    assert failed["failed"]
    assert "the same task run again goes on" in failed["msg"]
    pool.account.clear_faults()
    mark = pool.account.mark()
    again = users(pool, *wanted)
    assert again["rc_"] == 0, again["msg"]
    assert {call["operation"] for call in pool.account.mutating(mark)} == {"AdminAddUserToGroup"}
    assert [sorted(pool.groups(wish["name"])) for wish in wanted] == [["auditors", "engineers"]] * 5


# --- what is refused -------------------------------------------------------------------------------------------------

WRONG: list[tuple[list[dict[str, Any]], list[str]]] = [
    (
        [
            {"name": "two words"},
            {"name": "a", "attributes": {"email": "a@example.com"}},
            {"name": "b", "attributes": {"email": "b", "email_verified": True}},
            {"name": "c", "attributes": {"phone_number": "0175 12345", "phone_number_verified": False}},
            {"name": "d", "attributes": {"sub": "x"}},
            {"name": "e", "attributes": {"given_name": ""}},
            {"name": "f", "attributes": {"given_name": None}},
            {"name": "g", "state": "absent", "groups": ["auditors"]},
            {"name": "h", "groups_exact": True},
            {"name": "i", "groups": ["auditors"], "groups_absent": ["auditors"]},
            {"name": "j", "invite": "handover"},
            {"name": "k", "invite": "none", "renew_invitation": "always"},
            {"name": "l", "invite": "none", "delivery": ["sms"]},
            {"name": "m", "attributes": {"given_name": "x"}, "attributes_absent": ["given_name"]},
            {"name": "n", "attributes": {"email": "n@example.com", "email_verified": "perhaps"}},
        ],
        ["15 of 15 are not valid", "Say email_verified: true", "not an e-mail address", "not a phone number"],
    ),
    (
        [
            {"name": "jane", "groups": ["auditor"]},
            {"name": "joe", "attributes": {"floor": 3}},
            {"name": "a"},
            {"name": "b", "attributes": {"custom:floor": 41}, "invite": "none"},
            {"name": "c", "attributes": {"custom:badge": "123456789"}, "invite": "none"},
            {"name": "d", "attributes": {"nickname": "x" * 3000}, "invite": "none"},
            {"name": "e", "attributes": mail("e"), "delivery": ["sms"]},
            {"name": "f", "attributes": {"email_verified": True}, "invite": "none"},
            {"name": "g", "attributes": {"custom:floor": "third"}, "invite": "none"},
            {"name": "fine", "attributes": mail("fine")},
        ],
        [
            "9 of 10 failed, nothing was written",
            "no group auditor. Did you mean auditors",
            "Did you mean custom:floor",
            "cannot invite a user with neither",
            "give 40 at most",
            "delivery needs the attribute phone_number",
        ],
    ),
    ([{"name": "jane", "attributes": {"custom:badge": "1"}}], ["cannot be changed, and it is 'not set'"]),
    ([{"name": "jane"}, {"name": "jane", "enabled": False}], ["Named more than once: jane"]),
    ([{"name": "jane", "renew_invitation": "sometimes"}], ["value of renew_invitation must be one of"]),
]


@pytest.mark.parametrize(("wanted", "says"), WRONG)
def test_bad_input_is_an_error_that_helps_and_nothing_is_written(
    pool: Pool, wanted: list[dict[str, Any]], says: list[str]
) -> None:
    mark = pool.account.mark()
    done = users(pool, *wanted)
    assert done["rc_"] != 0
    for part in says:
        assert part in done["msg"]
    assert pool.account.mutating(mark) == []
    assert "Traceback" not in done["output"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"user_pool_id": "us-east-1_Nobody123"}, "does not exist. Check the name, the region and the account"),
        ({"user_pool_id": "users"}, "give the pool's ID"),
        ({"handover": {}}, "one of secret_prefix and file"),
        ({"handover": {"file": "passwords.txt"}}, "no absolute path"),
        ({"handover": {"secret_prefix": "/x/", "file": "/x"}}, "one of secret_prefix and file"),
    ],
)
def test_a_pool_or_a_place_that_is_not_there_is_told(pool: Pool, options: dict[str, Any], says: str) -> None:
    wanted = {"user_pool_id": pool.id, "users": [{"name": "a", "invite": "none"}], **options}
    mark = pool.account.mark()
    done = run_module(pool.account, "cognito_user", **wanted)
    assert says in done["msg"]
    assert pool.account.mutating(mark) == []


def test_a_denied_call_names_what_to_allow(pool: Pool) -> None:
    pool.account.deny("cognito-idp:AdminDisableUser")
    assert "Allow cognito-idp:AdminDisableUser" in users(pool, {"name": "jane", "enabled": False})["msg"]


@pytest.mark.parametrize("module", [cognito_user, cognito_user_info, cognito_group], ids=["user", "info", "group"])
def test_the_examples_run(account: Account, tmp_path: Path, module: Any) -> None:
    pool = Pool(account, UsernameConfiguration={"CaseSensitive": False})
    with_groups(pool, "administrators", "warehouse_managers", "field_engineers")
    pool.invite("old@example.com", UserAttributes=attributes("old"), MessageAction="SUPPRESS")
    account.advance(8 * DAY)
    assert_examples_run(account, tmp_path, module, user_pool_id=pool.id)
