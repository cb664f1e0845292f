# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The playbooks of users, as an operator runs them: files of users, users who leave, and the ways back.

What counts is proved by signing in. Everything that a run printed or wrote is searched for the passwords.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cognito_pools import Pool, refused
from integration.killing import kill_playbook_at
from integration.run_module import Run, run_playbook

from local_aws.client import SECRET_KEY, Account, LocalAws
from local_aws.reference import seed

PASSWORD = "Own-password-of-the-user-1"
PREFIX = "/sc-agent/prod/invitations/"
BOOKKEEPING = ("UpdateItem", "TransactWriteItems", "CreateTable", "UpdateContinuousBackups", "TagResource")


class Operator:
    """An operator with a user pool of the test's own beside the reference application."""

    def __init__(self, account: Account, folder: Path, **options: Any) -> None:
        self.account, self.folder = account, folder
        self.pool = Pool(account, **options)
        for group in ("field_engineers", "warehouse_managers"):
            self.pool.admin("create_group", GroupName=group)()
        self.secrets = account.client("secretsmanager")
        self.printed = ""

    def close(self) -> None:
        self.account.clear_faults()
        for name in self.handed_over():
            self.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        self.pool.admin("delete_user_pool")()

    def env(self) -> dict[str, str]:
        return {
            "RUNBOOK_LOCAL_ENDPOINT": self.account.endpoint,
            "RUNBOOK_LOCAL_ACCOUNT": self.account.id,
            "RUNBOOK_CHANGE_LOG": str(self.folder / "change-log"),
        }

    def variables(self, playbook: str, wish: dict[str, Any]) -> dict[str, Any]:
        role = {"manage-users": "user_accounts", "offboard-user": "user_offboarding"}[playbook]
        return {f"{role}_pools": {"users": self.pool.id}, **{f"{role}_{name}": value for name, value in wish.items()}}

    def play(self, playbook: str, *arguments: str, **wish: Any) -> Run:
        run = run_playbook(
            f"playbooks/{playbook}.yml",
            "--limit=sc-agent-prod",
            f"--extra-vars={json.dumps(self.variables(playbook, wish))}",
            *arguments,
            env=self.env(),
            timeout=400,
        )
        self.printed += run.output
        return run

    def kill_at(self, playbook: str, operation: str, **wish: Any) -> None:
        """End a playbook with SIGKILL when this operation has been done at AWS; its answer does not arrive."""
        variables = f"--extra-vars={json.dumps(self.variables(playbook, wish))}"
        play = (f"playbooks/{playbook}.yml", "--limit=sc-agent-prod", variables)
        kill_playbook_at(self.account, operation, *play, env=self.env())

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def writes(self, since: int) -> list[str]:
        """Calls that changed anything but the table of locks and records."""
        return [call["operation"] for call in self.account.mutating(since) if call["operation"] not in BOOKKEEPING]

    def state(self) -> dict[str, Any]:
        """All that an operator can know of the pool's users and groups."""
        users = {}
        for name in self.pool.names():
            user = self.pool.get(name)
            # An address that nobody ever said anything of counts as not verified.
            attributes = {"email_verified": "false", **self.pool.attributes(name)}
            del attributes["sub"]
            users[name] = (user["Enabled"], attributes, sorted(self.pool.groups(name)))
        groups = self.pool.client.list_groups(UserPoolId=self.pool.id)["Groups"]
        return {"users": users, "groups": sorted(group["GroupName"] for group in groups)}

    def handed_over(self) -> dict[str, str]:
        """Passwords in secrets, by the secret's name."""
        found = self.secrets.list_secrets(Filters=[{"Key": "name", "Values": [PREFIX]}])["SecretList"]
        return {
            one["Name"]: json.loads(self.secrets.get_secret_value(SecretId=one["Name"])["SecretString"])[
                "temporary_password"
            ]
            for one in found
        }

    def first_sign_in(self, name: str, password: str) -> dict[str, Any]:
        """Sign in with a temporary password, and set one's own."""
        challenge = self.pool.sign_in(name, password)
        assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
        tokens: dict[str, Any] = self.pool.answer(name, PASSWORD, challenge["Session"])["AuthenticationResult"]
        return tokens

    def is_invited(self, name: str, password: str) -> bool:
        """Whether a temporary password is the user's. It stays so."""
        return bool(self.pool.sign_in(name, password)["ChallengeName"] == "NEW_PASSWORD_REQUIRED")

    def change_log(self) -> list[dict[str, Any]]:
        """The lines of the change log, in their order."""
        files = sorted((self.folder / "change-log").glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def searched(self) -> str:
        """All that runs printed and wrote, but for the files that are meant for passwords."""
        logged = self.change_log()
        assert [line for line in logged if "cognito-idp:AdminCreateUser" in (line.get("calls") or ())]
        recorded = [call["arguments"] for call in self.account.calls()]
        return "\n".join([self.printed, json.dumps(recorded), json.dumps(logged)])


@pytest.fixture(scope="module")
def application(local_aws: LocalAws) -> Iterator[Account]:
    """The reference application's production, for the inventory and the table of records."""
    account = local_aws.fresh_account()
    account.settings(transition_seconds=0.1)
    seed(account.endpoint, account.session, environments=("prod",), minimal=True)
    yield account
    account.close()


@pytest.fixture
def operator(application: Account, tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(application, tmp_path)
    yield operator
    assert SECRET_KEY not in operator.printed
    operator.close()


def recap(run: Run) -> dict[str, int]:
    line = next(line for line in run.stdout.splitlines() if line.startswith("sc-agent-prod "))
    return {key: int(value) for key, value in (pair.split("=") for pair in line.split(":", 1)[1].split())}


def told(run: Run) -> list[str]:
    """What a run says that it changes: the lines between the headline and the next task."""
    lines = run.stdout.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.strip().startswith("users: "))
    end = next(number for number, line in enumerate(lines[begin:], begin) if not line.strip())
    return [line.strip() for line in lines[begin:end]]


def test_a_file_brings_a_pool_to_what_it_says_and_the_last_run_is_undone(operator: Operator) -> None:
    pool = operator.pool
    pool.confirmed("old", PASSWORD)
    pool.admin("admin_add_user_to_group", Username="old", GroupName="warehouse_managers")()
    original = operator.state()
    people = [
        {
            "name": f"user{number:02}",
            "attributes": {"email": f"user{number:02}@example.com", "email_verified": True},
            "groups": ["field_engineers", "auditors"],
            "invite": "handover" if number < 2 else "cognito",
        }
        for number in range(30)
    ]
    changed = {"name": "old", "groups": ["auditors"], "attributes": {"given_name": "Olga"}}
    wish = {"groups": [{"name": "auditors", "precedence": 20}], "users": [changed, *people]}
    path = operator.file("users.yml", yaml.safe_dump(wish))

    mark = operator.account.mark()
    rehearsal = operator.play("manage-users", "--check", "--diff", file=path)
    assert rehearsal.code == 0, rehearsal.output
    assert operator.account.mutating(mark) == []
    assert "changed  old" in rehearsal.stdout and "+ group auditors; given_name Olga" in rehearsal.stdout
    assert "users: 30 added" in told(rehearsal) and "added    user29  " in rehearsal.stdout
    assert "groups: 1 added" in told(rehearsal) and "added   auditors  " in rehearsal.stdout

    mark = operator.account.mark()
    run = operator.play("manage-users", "-vvv", "--diff", file=path)
    assert run.code == 0, run.output
    assert told(run) == told(rehearsal)
    writes = operator.writes(mark)
    assert (writes.count("AdminCreateUser"), writes.count("AdminAddUserToGroup"), writes.count("CreateGroup")) == (
        30,
        61,
        1,
    )
    passwords = operator.handed_over()
    assert sorted(passwords) == [f"{PREFIX}user00", f"{PREFIX}user01"]
    undo = "Undo: ansible-playbook playbooks/manage-users.yml --limit sc-agent-prod -e user_accounts_switch_back=true"
    assert undo in run.stdout and "Undo:" not in rehearsal.stdout
    assert f"pool users ({pool.id})" in run.stdout
    assert all(name in run.stdout for name in passwords)
    assert operator.first_sign_in("user00", passwords[f"{PREFIX}user00"])["AccessToken"]
    mailed = {mail["user"]: mail["secret"] for mail in operator.account.mail() if mail["pool"] == pool.id}
    assert len(mailed) == 28
    assert operator.first_sign_in("user29", mailed["user29"])["AccessToken"]
    searched = operator.searched()
    assert [secret for secret in (*passwords.values(), *mailed.values()) if secret in searched] == []

    mark = operator.account.mark()
    again = operator.play("manage-users", file=path)
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert operator.writes(mark) == []
    assert "everything is as it is asked for" in " ".join(again.stdout.split()) and "Undo:" not in again.stdout

    back = operator.play("manage-users", switch_back=True)
    assert back.code == 0, back.output
    # Those two use their accounts by now.
    state = operator.state()
    assert (sorted(state["users"]), "auditors" in state["groups"]) == (["old", "user00", "user29"], True)
    assert state["users"]["old"] == original["users"]["old"]
    text = " ".join(back.stdout.split())
    assert "Changed since and left" in text and "user00 status - FORCE_CHANGE_PASSWORD CONFIRMED" in text
    assert operator.pool.tokens("user29", PASSWORD)["AccessToken"]
    forced = operator.play("manage-users", switch_back=True, force=True)
    assert forced.code == 0, forced.output
    assert operator.state() == original
    mark = operator.account.mark()
    twice = operator.play("manage-users", switch_back=True)
    assert twice.code == 0 and recap(twice)["changed"] == 0, twice.output
    assert operator.writes(mark) == []


def test_users_who_are_not_in_the_file_are_disabled_and_others_go_but_not_too_many(operator: Operator) -> None:
    for name in ("a", "b", "c", "d", "e"):
        operator.pool.confirmed(name, PASSWORD)
    operator.pool.admin("admin_add_user_to_group", Username="e", GroupName="warehouse_managers")()
    original = operator.state()
    rows = ["name,groups,invite,state", "a,field_engineers,,", "b,,,", "c,,,", "e,,,absent", "new,,handover,"]
    path = operator.file("users.csv", "\ufeff" + "\r\n".join(rows))
    wish = {"file": path, "exact": True, "handover_file": str(operator.folder / "passwords")}

    mark = operator.account.mark()
    no = operator.play("manage-users", **wish)
    text = " ".join(no.stdout.split())
    assert no.code != 0 and "2 of 5 users (40.0 %) would lose their access, and at most 20 % may" in text
    assert "-e user_accounts_confirm_lost=2" in text
    assert operator.writes(mark) == []

    run = operator.play("manage-users", "-vvv", confirm_lost=2, **wish)
    assert run.code == 0, run.output
    users = operator.state()["users"]
    assert sorted(users) == ["a", "b", "c", "d", "new"]
    assert {name for name, (enabled, *_rest) in users.items() if not enabled} == {"d"}
    assert users["a"][2] == ["field_engineers"]
    passwords = operator.folder / "passwords"
    assert passwords.stat().st_mode & 0o777 == 0o600
    (line,) = [json.loads(line) for line in passwords.read_text().splitlines()]
    assert operator.is_invited("new", line["temporary_password"])
    assert str(passwords) in run.stdout
    assert line["temporary_password"] not in operator.searched()

    back = operator.play("manage-users", switch_back=True)
    assert back.code == 0, back.output
    assert operator.state() == original


def test_who_is_left_without_a_group_counts_as_one_who_loses_access(operator: Operator) -> None:
    groups = {"a": "field_engineers", "b": "warehouse_managers", "c": "warehouse_managers", "d": "field_engineers"}
    for name, group in groups.items():
        operator.pool.confirmed(name, PASSWORD)
        operator.pool.admin("admin_add_user_to_group", Username=name, GroupName=group)()
    wish = {
        "groups": [{"name": "warehouse_managers", "state": "absent", "remove_members": True}],
        "users": [{"name": "a", "groups": [], "groups_exact": True}, {"name": "b", "enabled": False}],
    }
    mark = operator.account.mark()
    no = operator.play("manage-users", file=operator.file("users.yml", yaml.safe_dump(wish)))
    text = " ".join(no.stdout.split())
    assert no.code != 0 and "3 of 4 users (75.0 %) would lose their access, and at most 20 % may" in text, no.output
    assert "-e user_accounts_confirm_lost=3" in text
    assert operator.writes(mark) == []


def test_what_was_changed_since_a_run_is_left_by_its_undo_and_can_be_forced(operator: Operator) -> None:
    pool = operator.pool
    for name in ("newguy", "prober"):
        pool.confirmed(name, PASSWORD)
        pool.admin("admin_add_user_to_group", Username=name, GroupName="field_engineers")()
    original = operator.state()
    users = [{"name": "jane", "groups": ["auditors"], "invite": "none"}, {"name": "newguy", "enabled": False}]
    path = operator.file("users.yml", yaml.safe_dump({"groups": [{"name": "auditors"}], "users": users}))
    run = operator.play("manage-users", file=path, confirm_lost=1)
    assert run.code == 0, run.output
    pool.admin("admin_add_user_to_group", Username="prober", GroupName="auditors")()
    offboarded = operator.play("offboard-user", name="newguy")
    assert offboarded.code == 0, offboarded.output

    rehearsal = operator.play("manage-users", "--check", switch_back=True)
    text = " ".join(rehearsal.stdout.split())
    assert rehearsal.code == 0, rehearsal.output
    assert "Changed since and left" in text and "groups: 1 removed" not in text
    assert "nothing was written, and what was changed since would stay as it is (see above)." in text
    assert "newguy access - - offboarded, record 20" in text and "auditors members - - prober" in text
    undo = operator.play("manage-users", switch_back=True)
    assert undo.code == 0 and told(undo) == told(rehearsal), undo.output
    assert "undone, but for what was changed since" in " ".join(undo.stdout.split())
    state = operator.state()
    assert (sorted(state["users"]), "auditors" in state["groups"]) == (["newguy", "prober"], True)
    assert state["users"]["newguy"][::2] == (False, [])

    forced = operator.play("manage-users", switch_back=True, force=True)
    assert forced.code == 0 and "because user_accounts_force is set" in forced.stdout, forced.output
    assert operator.state()["groups"] == original["groups"]
    assert operator.state()["users"]["newguy"][0] is True
    mark = operator.account.mark()
    again = operator.play("manage-users", switch_back=True)
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert operator.writes(mark) == []


def test_one_user_is_made_by_the_command_alone(operator: Operator) -> None:
    run = operator.play(
        "manage-users",
        name="jane",
        attributes={"email": "jane@example.com", "email_verified": True},
        groups="field_engineers;warehouse_managers",
        invite="handover",
    )
    assert run.code == 0, run.output
    attributes = {"email": "jane@example.com", "email_verified": "true"}
    assert operator.state()["users"] == {"jane": (True, attributes, ["field_engineers", "warehouse_managers"])}
    passwords = operator.handed_over()
    assert operator.first_sign_in("jane", passwords[f"{PREFIX}jane"])["AccessToken"]


def test_a_run_and_its_undo_that_are_killed_are_finished_by_the_same_commands(operator: Operator) -> None:
    operator.pool.confirmed("old", PASSWORD)
    operator.pool.admin("admin_disable_user", Username="old")()
    original = operator.state()
    rows = ["name,enabled,groups", "x,,field_engineers;warehouse_managers", "y,,field_engineers", "old,true,"]
    wish = {"file": operator.file("users.csv", "\n".join(rows)), "invite": "handover"}
    for operation in ("AdminCreateUser", "AdminAddUserToGroup"):
        operator.kill_at("manage-users", operation, **wish)
        assert operator.state() != original
    run = operator.play("manage-users", **wish)
    assert run.code == 0, run.output
    assert {name: groups for name, (_on, _attributes, groups) in operator.state()["users"].items()} == {
        "x": ["field_engineers", "warehouse_managers"],
        "y": ["field_engineers"],
        "old": [],
    }
    passwords = operator.handed_over()
    for name in ("x", "y"):
        assert operator.is_invited(name, passwords[f"{PREFIX}{name}"])
    operator.kill_at("manage-users", "AdminDisableUser", switch_back=True)
    mark = operator.account.mark()
    back = operator.play("manage-users", switch_back=True)
    assert back.code == 0, back.output
    assert "AdminUserGlobalSignOut" in operator.writes(mark)
    assert operator.state() == original
    mark = operator.account.mark()
    again = operator.play("manage-users", switch_back=True)
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert operator.writes(mark) == []


def test_a_user_whom_a_killed_run_has_disabled_is_signed_out_by_the_same_command(operator: Operator) -> None:
    pool = operator.pool
    for name in ("jane", "joe"):
        pool.confirmed(name, PASSWORD)
    pool.admin("admin_disable_user", Username="joe")()
    original = operator.state()
    wish = {"file": operator.file("users.csv", "name,enabled\njane,false\njoe,false\n"), "confirm_lost": 1}
    mark = operator.account.mark()
    operator.kill_at("manage-users", "AdminDisableUser", **wish)
    assert operator.writes(mark) == ["AdminDisableUser"]
    mark = operator.account.mark()
    run = operator.play("manage-users", **wish)
    assert run.code == 0, run.output
    # Not of joe, whom somebody else has disabled.
    assert operator.writes(mark) == ["AdminUserGlobalSignOut"]
    mark = operator.account.mark()
    again = operator.play("manage-users", **wish)
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert operator.writes(mark) == []
    back = operator.play("manage-users", switch_back=True)
    assert back.code == 0, back.output
    assert operator.state() == original


def test_what_fails_for_some_is_done_for_the_others_and_finished_by_the_same_command(operator: Operator) -> None:
    path = operator.file("users.csv", "name,groups\nx,field_engineers\ny,field_engineers\nz,field_engineers\n")
    for operation, name in (("AdminAddUserToGroup", "y"), ("AdminCreateUser", "z")):
        operator.account.fault(
            operation=operation,
            match={"Username": name},
            error="LimitExceededException",
            status=400,
            message=f"No more of {name}",
            times=0,
        )
    failed = operator.play("manage-users", file=path, invite="handover")
    assert failed.code != 0 and "No more of y" in failed.stdout and "No more of z" in failed.stdout, failed.output
    # Where the passwords of those are who have one.
    assert "aws secretsmanager get-secret-value --secret-id NAME:" in failed.stdout
    assert [name for name in "xyz" if f"{PREFIX}{name}" in failed.stdout] == ["x", "y"]
    users = operator.state()["users"]
    assert {name: user[2] for name, user in users.items()} == {"x": ["field_engineers"], "y": []}
    operator.account.clear_faults()
    mark = operator.account.mark()
    run = operator.play("manage-users", file=path, invite="handover")
    assert run.code == 0, run.output
    assert sorted(operator.writes(mark)) == ["AdminAddUserToGroup"] * 2 + ["AdminCreateUser", "PutSecretValue"]
    assert [name for name in "xyz" if f"{PREFIX}{name}" in run.stdout] == ["x", "y", "z"]
    for place, password in operator.handed_over().items():
        assert operator.is_invited(place.removeprefix(PREFIX), password)
        assert password not in operator.searched()
    back = operator.play("manage-users", switch_back=True)
    assert back.code == 0, back.output
    assert operator.state()["users"] == {}


WRONG: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "a malformed file": (
        "manage-users",
        {"file": "wrong.csv"},
        [
            "wrong.csv: 3 to correct. Nothing was read from AWS or written.",
            "line 2: a: enabled is 'maybe'. Give true or false.",
            "line 3: b: email without email_verified",
            "line 5: the",
        ],
    ),
    "a name that cannot be seen": (
        "manage-users",
        {"name": "ja\u200bne", "groups": "a"},
        [r"'ja\u200bne' cannot be the name of a user: it has U+200B in it"],
    ),
    "a number": ("manage-users", {"name": 5}, ["user_accounts_name is 5, which is no text. Give one, in quotes."]),
    "true": ("manage-users", {"name": True}, ["user_accounts_name is true, which is no text"]),
    "null": ("manage-users", {"name": None}, ["user_accounts_name is null. Leave it out, or give a value."]),
    "a list": ("manage-users", {"file": ["a"]}, ['user_accounts_file is ["a"], which is no text']),
    "groups that are none": (
        "manage-users",
        {"name": "a", "groups": {"a": 1}},
        ['user_accounts_groups is {"a": 1}', "Give names as texts"],
    ),
    "a number to offboard": ("offboard-user", {"name": 5}, ["user_offboarding_name is 5. Give names as texts"]),
    "numbers to offboard": ("offboard-user", {"name": [5]}, ["user_offboarding_name is [5]. Give names as texts"]),
    "a mapping to offboard": ("offboard-user", {"name": {"kim": 1}}, ['user_offboarding_name is {"kim": 1}. Give']),
    "null to offboard": ("offboard-user", {"name": None}, ["user_offboarding_name is null. Give names as texts"]),
    "no file": ("manage-users", {"file": "missing.csv"}, ["missing.csv is not there. Name a file"]),
    "a folder": ("manage-users", {"file": ""}, ["is a folder. Name the file in it"]),
    "not UTF-8": ("manage-users", {"file": "latin.csv"}, ["latin.csv is not UTF-8. Save it as UTF-8"]),
    "one user of a run to undo": ("manage-users", {"name": "a", "switch_back": True}, ["undoes the whole last run"]),
    "attributes without names": (
        "manage-users",
        {"name": "a", "attributes": "email=a@example.com"},
        ["user_accounts_attributes is 'email=a@example.com'. Give names and values"],
    ),
    "attributes that are options": (
        "manage-users",
        {"name": "a", "attributes": {"name": "b", "state": "absent"}},
        ["name is not an attribute here", "state is an option and not an attribute. Say it by itself, or in a file."],
    ),
    "options that are none": (
        "manage-users",
        {"name": "a", "confirm_lost": "abc", "others": "gone", "invite": "mail", "exact": "maybe"},
        [
            "Nothing was read from AWS or written.",
            "The value 'maybe' is not a valid boolean",
            "argument 'user_accounts_confirm_lost' is of type str and we were unable to convert to int",
            "value of user_accounts_others must be one of: disabled, absent, got: gone",
            "value of user_accounts_invite must be one of: cognito, handover, none, got: mail",
        ],
    ),
    "nobody": ("manage-users", {}, ["Say who is meant in one way"]),
    "exactly one": ("manage-users", {"name": "a", "exact": True}, ["it needs a file with all users"]),
    "another pool": ("manage-users", {"name": "a", "pool": "staff"}, ["has 1 user pools (users), and staff is none"]),
    "nobody to offboard": ("offboard-user", {}, ["Say who is meant"]),
}


@pytest.mark.parametrize(("playbook", "wish", "why"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_wish_is_refused_before_anything_is_read(
    operator: Operator, playbook: str, wish: dict[str, Any], why: list[str]
) -> None:
    text = "name,enabled,email\na,maybe,\nb,,b@example.com\nc,,\nc,,\n"
    operator.file("wrong.csv", text)
    (operator.folder / "latin.csv").write_bytes("name\nJürgen\n".encode("latin-1"))
    if isinstance(wish.get("file"), str):
        wish = {"file": str(operator.folder / wish["file"])}
    mark = operator.account.mark()
    run = operator.play(playbook, **wish)
    text = " ".join(run.stdout.split())
    # In their order.
    places = [text.find(one) for one in why]
    assert run.code != 0 and -1 not in places and places == sorted(places), run.output
    # Everything in lines of its own, without what else the options could be.
    assert [one for one in ("\\n", "argument_spec_data", "DEPRECATION") if one in run.output] == []
    # The inventory is read before.
    assert {call["service"] for call in operator.account.calls(mark)} <= {"cloudformation", "sts"}


def test_users_leave_and_come_back_with_exactly_what_they_had(operator: Operator) -> None:
    pool = operator.pool
    for name in ("jane", "joe", "off"):
        pool.confirmed(name, PASSWORD)
    for name in ("jane", "joe"):
        pool.admin("admin_add_user_to_group", Username=name, GroupName="field_engineers")()
    pool.admin("admin_add_user_to_group", Username="jane", GroupName="warehouse_managers")()
    pool.admin("admin_disable_user", Username="off")()
    original = operator.state()
    tokens = pool.tokens("jane", PASSWORD)

    mark = operator.account.mark()
    rehearsal = operator.play("offboard-user", "--check", "--diff", name="jane,joe,jane,off")
    assert rehearsal.code == 0, rehearsal.output
    assert operator.account.mutating(mark) == []
    text = " ".join(rehearsal.stdout.split())
    assert "disabled jane - group field_engineers; - group warehouse_managers" in text
    assert "signed out off -" in text

    mark = operator.account.mark()
    run = operator.play("offboard-user", name="jane,joe,jane,off")
    assert run.code == 0, run.output
    # Whoever disabled a user before may not have signed it out.
    assert operator.writes(mark).count("AdminUserGlobalSignOut") == 3
    gone = {name: (False, attributes, []) for name, (_on, attributes, _groups) in original["users"].items()}
    assert operator.state()["users"] == gone
    assert "NotAuthorizedException" in refused(pool.refresh, tokens["RefreshToken"])
    assert "NotAuthorizedException" in refused(pool.client.get_user, AccessToken=tokens["AccessToken"])
    text = " ".join(run.stdout.split())
    assert "without asking Cognito" in text and "accepts those that were issued before until 20" in text

    mark = operator.account.mark()
    again = operator.play("offboard-user", name="jane,joe,off")
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert operator.writes(mark) == []

    one = operator.play("offboard-user", name="jane", switch_back=True)
    assert one.code == 0, one.output
    assert operator.state()["users"] == {**gone, "jane": original["users"]["jane"]}
    assert "NotAuthorizedException" in refused(pool.refresh, tokens["RefreshToken"])
    assert pool.tokens("jane", PASSWORD)["AccessToken"]
    both = operator.play("offboard-user", name="jane,joe", switch_back=True)
    assert both.code == 0 and "Brought back before: jane." in both.stdout, both.output
    assert operator.state() == original

    mark = operator.account.mark()
    nobody = operator.play("offboard-user", name="joe,nobody")
    assert nobody.code != 0 and "nobody: there is no such user in this pool" in nobody.stdout
    # Neither the pool nor the other user.
    assert [word for word in ("password_policy", "joe@example.com", "Did you mean") if word in nobody.stdout] == []
    cased = operator.play("offboard-user", name="Joe")
    assert cased.code != 0 and "Joe: there is no such user in this pool. Did you mean joe?" in cased.stdout
    assert operator.writes(mark) == []


def test_what_somebody_gave_since_is_left_when_users_come_back(operator: Operator) -> None:
    pool = operator.pool
    for name in ("jane", "off"):
        pool.confirmed(name, PASSWORD)
        pool.admin("admin_add_user_to_group", Username=name, GroupName="field_engineers")()
    pool.admin("admin_disable_user", Username="off")()
    run = operator.play("offboard-user", name="jane,off")
    assert run.code == 0, run.output
    pool.admin("admin_add_user_to_group", Username="jane", GroupName="warehouse_managers")()
    pool.admin("admin_enable_user", Username="off")()

    rehearsal = operator.play("offboard-user", "--check", name="jane,off", switch_back=True)
    text = " ".join(rehearsal.stdout.split())
    assert rehearsal.code == 0, rehearsal.output
    assert "Given since and left" in text and "off enabled no yes" in text
    assert "jane groups.warehouse_managers no yes" in text and "- group" not in text
    assert "jane, off would get back what was recorded in pool" in text
    back = operator.play("offboard-user", name="jane,off", switch_back=True)
    assert back.code == 0, back.output
    assert "jane, off got back what was recorded in pool" in " ".join(back.stdout.split())
    users = operator.state()["users"]
    assert users["jane"][::2] == (True, ["field_engineers", "warehouse_managers"])
    assert users["off"][::2] == (True, ["field_engineers"])
    mark = operator.account.mark()
    again = operator.play("offboard-user", name="jane,off", switch_back=True)
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert operator.writes(mark) == []


def test_a_killed_offboarding_is_finished_by_the_same_command_and_undone_as_a_whole(operator: Operator) -> None:
    pool = operator.pool
    pool.confirmed("jane", PASSWORD)
    for group in ("field_engineers", "warehouse_managers"):
        pool.admin("admin_add_user_to_group", Username="jane", GroupName=group)()
    original = operator.state()
    operator.kill_at("offboard-user", "AdminDisableUser", name="jane")
    mark = operator.account.mark()
    run = operator.play("offboard-user", name="jane")
    assert run.code == 0, run.output
    assert "AdminUserGlobalSignOut" in operator.writes(mark)
    assert operator.state()["users"]["jane"][::2] == (False, [])
    back = operator.play("offboard-user", name="jane", switch_back=True)
    assert back.code == 0, back.output
    assert operator.state() == original
