# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from cognito_pools import Pool
from integration.run_module import run_module

from local_aws.client import Account

ROLE = "arn:aws:iam::123456789012:role/auditors"
SHOWN = ("GroupName", "Description", "Precedence", "RoleArn")


@pytest.fixture
def pool(account: Account) -> Pool:
    """A pool with the group `auditors`, in which `jane` and `joe` are, and the empty group `engineers`."""
    made = Pool(account)
    made.admin("create_group", GroupName="auditors", Description="May read", Precedence=3)()
    made.admin("create_group", GroupName="engineers")()
    for name in ("jane", "joe", "jim"):
        made.invite(name, MessageAction="SUPPRESS")
    for name in ("jane", "joe"):
        made.admin("admin_add_user_to_group", Username=name, GroupName="auditors")()
    return made


def groups(pool: Pool, *wanted: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_module(pool.account, "cognito_group", user_pool_id=pool.id, groups=list(wanted), **options)


def seen(pool: Pool) -> dict[str, Any]:
    """The groups with their members."""
    found = {}
    for group in pool.client.list_groups(UserPoolId=pool.id)["Groups"]:
        name = group["GroupName"]
        members = pool.client.list_users_in_group(UserPoolId=pool.id, GroupName=name)["Users"]
        settings = {key: group[key] for key in SHOWN if group.get(key) not in (None, "")}
        found[name] = (settings, sorted(member["Username"] for member in members))
    return found


WANTED = (
    {"name": "auditors", "precedence": 5, "members": ["jim"], "members_absent": ["joe"]},
    {"name": "engineers", "description": "May write"},
    {"name": "approvers", "precedence": 0, "role_arn": ROLE, "members": ["jane"]},
)


def test_groups_become_what_is_wanted_and_come_back_and_check_mode_told_it(pool: Pool) -> None:
    start, mark = seen(pool), pool.account.mark()
    told = groups(pool, *WANTED, check=True)
    assert told["changed"]
    assert pool.account.mutating(mark) == []
    done = groups(pool, *WANTED, diff=True)
    assert [result["calls"] for result in done["results"]] == [result["calls"] for result in told["results"]]
    assert seen(pool) == {
        "auditors": ({"GroupName": "auditors", "Description": "May read", "Precedence": 5}, ["jane", "jim"]),
        "engineers": ({"GroupName": "engineers", "Description": "May write"}, []),
        "approvers": ({"GroupName": "approvers", "Precedence": 0, "RoleArn": ROLE}, ["jane"]),
    }
    mark = pool.account.mark()
    assert not groups(pool, *WANTED)["changed"]
    assert pool.account.mutating(mark) == []
    back = groups(pool, *(result["before"] for result in done["results"]))
    assert back["rc_"] == 0, back["msg"]
    assert seen(pool) == start


def test_a_group_with_members_goes_only_when_that_is_said_and_comes_back_with_them(pool: Pool) -> None:
    start, mark = seen(pool), pool.account.mark()
    refused = groups(pool, {"name": "auditors", "state": "absent"}, {"name": "engineers", "state": "absent"})
    assert "it has 2 members (jane, joe), who would lose what it allows" in refused["msg"]
    assert pool.account.mutating(mark) == []
    done = groups(
        pool, {"name": "auditors", "state": "absent", "remove_members": True}, {"name": "engineers", "state": "absent"}
    )
    assert seen(pool) == {}
    assert pool.groups("jane") == []
    groups(pool, *(result["before"] for result in done["results"]))
    assert seen(pool) == start


def test_a_setting_that_cognito_keeps_is_told_and_the_way_out_works(pool: Pool) -> None:
    pool.admin("update_group", GroupName="auditors", Description="May read", Precedence=3, RoleArn=ROLE)()
    wish = {"name": "auditors", "settings_absent": ["description", "precedence", "role_arn"]}
    done = groups(pool, wish)
    assert done["rc_"] != 0
    assert "auditors: Cognito kept precedence, role_arn. Delete the group (remove_members: true)" in done["msg"]
    kept = {"GroupName": "auditors", "Precedence": 3, "RoleArn": ROLE}
    assert seen(pool)["auditors"] == (kept, ["jane", "joe"])
    gone = groups(pool, {"name": "auditors", "state": "absent", "remove_members": True})
    (before,) = (result["before"] for result in gone["results"])
    assert (before.pop("precedence"), before.pop("role_arn")) == (3, ROLE)
    assert groups(pool, before)["rc_"] == 0
    assert seen(pool)["auditors"] == ({"GroupName": "auditors"}, ["jane", "joe"])
    mark = pool.account.mark()
    assert not groups(pool, wish)["changed"]
    assert pool.account.mutating(mark) == []


def test_what_fails_halfway_is_done_for_the_others_and_finished_by_the_next_run(pool: Pool) -> None:
    wanted = [{"name": name, "members": ["jane", "jim"]} for name in ("drivers", "engineers")]
    pool.account.fault(
        "cognito-idp",
        "AdminAddUserToGroup",
        match={"GroupName": "drivers", "Username": "jim"},
        times=0,
        error="InternalErrorException",
        status=400,
    )
    failed = groups(pool, *wanted)
    assert failed["rc_"] != 0
    assert "the same task run again goes on" in failed["msg"]
    joined = "cognito-idp:AdminAddUserToGroup"
    assert [result["calls"] for result in failed["results"]] == [["cognito-idp:CreateGroup", joined], [joined, joined]]
    assert [result["error"] is None for result in failed["results"]] == [False, True]
    assert [seen(pool)[name][1] for name in ("drivers", "engineers")] == [["jane"], ["jane", "jim"]]
    pool.account.clear_faults()
    mark = pool.account.mark()
    assert groups(pool, *wanted)["rc_"] == 0
    assert [call["operation"] for call in pool.account.mutating(mark)] == ["AdminAddUserToGroup"]
    assert seen(pool)["drivers"][1] == ["jane", "jim"]


def test_a_denied_call_names_what_to_allow(pool: Pool) -> None:
    pool.account.deny("cognito-idp:UpdateGroup")
    assert "Allow cognito-idp:UpdateGroup" in groups(pool, {"name": "auditors", "precedence": 9})["msg"]


@pytest.mark.parametrize(
    ("pool_id", "says"),
    [
        ("us-east-1_Nobody123", "does not exist. Check the name, the region and the account"),
        ("users", "give the pool's ID"),
    ],
)
def test_a_pool_that_is_not_there_is_told(account: Account, pool_id: str, says: str) -> None:
    done = run_module(account, "cognito_group", user_pool_id=pool_id, groups=[{"name": "auditors"}])
    assert says in done["msg"]
    assert account.mutating() == []


def test_all_members_of_a_large_group_are_kept(pool: Pool) -> None:
    names = [f"user{number:03}" for number in range(130)]
    for name in names:
        pool.invite(name, MessageAction="SUPPRESS")
        pool.admin("admin_add_user_to_group", Username=name, GroupName="engineers")()
    told = groups(pool, {"name": "engineers", "state": "absent", "remove_members": True}, check=True)
    assert told["results"][0]["before"]["members"] == names


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"name": "engineers", "members": ["nobody"]}, "this pool has no user nobody"),
        ({"name": "two words"}, "cannot be the name of a group"),
        ({"name": "engineers", "role_arn": "auditors"}, "not the ARN of an IAM role"),
        ({"name": "engineers", "precedence": -1}, "give 0 or more"),
        ({"name": "auditors", "description": "Other"}, "Named more than once: auditors"),
    ],
)
def test_bad_input_is_an_error_that_helps_and_nothing_is_written(pool: Pool, wanted: dict[str, Any], says: str) -> None:
    mark = pool.account.mark()
    done = groups(pool, {"name": "auditors", "precedence": 9}, wanted)
    assert says in done["msg"]
    assert pool.account.mutating(mark) == []
