# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from cognito_pools import DAY, Pool
from integration.run_module import run_module

from local_aws.client import Account

OWN = "Their-own-password-for-2026"


@pytest.fixture
def pool(account: Account) -> Pool:
    """A pool with an auditor who has signed in, one who is disabled, and one whose invitation has expired."""
    made = Pool(account, {"RefreshTokenValidity": 5})
    made.admin("create_group", GroupName="auditors")()
    made.admin("create_group", GroupName="engineers")()
    made.invite("late", MessageAction="SUPPRESS")
    account.advance(8 * DAY)
    made.confirmed("jane", OWN)
    made.confirmed("out", OWN)
    made.invite("new", MessageAction="SUPPRESS")
    made.admin("admin_disable_user", Username="out")()
    made.admin("admin_add_user_to_group", Username="jane", GroupName="auditors")()
    return made


def info(pool: Pool, **options: Any) -> dict[str, Any]:
    return run_module(pool.account, "cognito_user_info", user_pool_id=pool.id, **options)


def names(result: dict[str, Any]) -> list[str]:
    return [one["target"] for one in result["results"]]


def test_all_users_are_shown_and_what_is_shown_given_back_changes_nothing(pool: Pool) -> None:
    mark = pool.account.mark()
    found = info(pool)
    assert pool.account.mutating(mark) == []
    assert names(found) == ["jane", "late", "new", "out"]
    jane, late, new, out = found["results"]
    assert jane["user"] == {
        "name": "jane",
        "state": "present",
        "enabled": True,
        "attributes": {"email": "jane@example.com", "email_verified": "false"},
        "groups": ["auditors"],
    }
    assert (jane["status"], jane["invitation"], out["enabled"]) == ("CONFIRMED", None, False)
    assert jane["sub"]
    assert (late["invitation"]["expired"], late["invitation"]["sure"]) == (True, True)
    assert new["invitation"]["expired"] is False
    assert (jane["mfa"], jane["last_sign_in"]) == (None, None)
    assert "not asked for" in jane["last_sign_in_unknown"]
    shown = found["pool"]
    assert (shown["groups"], shown["temporary_password_days"]) == (["auditors", "engineers"], 7)
    assert (shown["access_token_seconds"], shown["refresh_token_seconds"]) == (3600, 5 * DAY)
    again = run_module(
        pool.account, "cognito_user", user_pool_id=pool.id, users=[result["user"] for result in found["results"]]
    )
    assert not again["changed"]


INVITED = 'cognito:user_status = "FORCE_CHANGE_PASSWORD"'


@pytest.mark.parametrize(
    ("options", "expected", "filters"),
    [
        ({"expired_invitations": True}, ["late"], [INVITED]),
        ({"status": ["FORCE_CHANGE_PASSWORD"]}, ["late", "new"], [INVITED]),
        (
            {"status": ["FORCE_CHANGE_PASSWORD", "CONFIRMED"], "enabled": True},
            ["jane", "late", "new"],
            ['status = "Enabled"'],
        ),
        ({"enabled": False}, ["out"], ['status = "Disabled"']),
        ({"group": "auditors"}, ["jane"], []),
        ({"group": "engineers"}, [], []),
        ({"filter": 'email ^= "ja"'}, ["jane"], ['email ^= "ja"']),
        ({"users": ["out", "jane"]}, ["out", "jane"], []),
        ({"users": []}, [], []),
    ],
)
def test_only_those_who_are_asked_for_are_shown_and_cognito_filters_what_it_can(
    pool: Pool, options: dict[str, Any], expected: list[str], filters: list[str]
) -> None:
    mark = pool.account.mark()
    found = info(pool, **options)
    assert found["rc_"] == 0, found["output"]
    assert names(found) == expected
    lists = [call["arguments"] for call in pool.account.calls(mark) if call["operation"] == "ListUsers"]
    assert [arguments.get("Filter") for arguments in lists] == filters


def test_where_no_sign_ins_are_kept_that_is_said(pool: Pool) -> None:
    (jane,) = info(pool, users=["jane"], sign_ins=True)["results"]
    assert jane["last_sign_in"] is None
    assert "no threat protection" in jane["last_sign_in_unknown"]


def test_the_second_factors_are_told_with_one_call_for_each_user(pool: Pool) -> None:
    token = pool.tokens("jane", OWN)["AccessToken"]
    pool.client.associate_software_token(AccessToken=token)
    pool.client.verify_software_token(AccessToken=token, UserCode="123456")
    on = {"Enabled": True, "PreferredMfa": True}
    pool.client.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=on)
    for options, read in (({"users": ["jane"]}, 1), ({}, 4)):
        mark = pool.account.mark()
        found = info(pool, mfa=True, **options)
        assert {one["target"]: one["mfa"] for one in found["results"] if one["mfa"]} == {"jane": ["SOFTWARE_TOKEN_MFA"]}
        assert {one["target"]: one["user"]["groups"] for one in found["results"]}["jane"] == ["auditors"]
        assert [call["operation"] for call in pool.account.calls(mark)].count("AdminGetUser") == read
        assert [one["mfa"] for one in info(pool, **options)["results"]] == [None] * read


def test_the_last_sign_in_is_told_where_threat_protection_keeps_it(account: Account) -> None:
    pool = Pool(account, UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"})
    for name in ("jane", "joe"):
        pool.confirmed(name, OWN)
    pool.tokens("jane", OWN)
    account.advance(DAY)
    pool.tokens("jane", OWN)
    jane, joe = info(pool, sign_ins=True)["results"]
    assert jane["last_sign_in_unknown"] is None
    assert jane["last_sign_in"] > jane["created"]
    assert joe["last_sign_in"] is None
    assert "no sign-in in the history" in joe["last_sign_in_unknown"]


def test_many_users_are_read_completely_and_with_few_calls(pool: Pool) -> None:
    for number in range(150):
        name = f"user{number:03}"
        pool.invite(name, MessageAction="SUPPRESS")
        pool.admin("admin_add_user_to_group", Username=name, GroupName="engineers")()
    mark = pool.account.mark()
    found = info(pool)
    assert len(found["results"]) == 154
    assert found["results"][-1]["user"]["groups"] == ["engineers"]
    assert len(pool.account.calls(mark)) <= 16
    assert len(names(info(pool, group="engineers", groups=False))) == 150


def test_a_user_or_group_or_pool_that_is_not_there_is_told_and_the_others_are_shown(pool: Pool) -> None:
    found = info(pool, users=["jane", "jaen"])
    assert "jaen: there is no such user in this pool" in found["msg"]
    assert found["results"][0]["status"] == "CONFIRMED"
    assert "has no group auditor. It has auditors, engineers." in info(pool, group="auditor")["msg"]
    assert "users excludes group" in info(pool, users=["jane"], group="auditors")["msg"]
    assert "InvalidParameterException" in info(pool, filter="email is jane")["msg"]
    gone = run_module(pool.account, "cognito_user_info", user_pool_id="us-east-1_Nobody123")
    assert "does not exist" in gone["msg"]
