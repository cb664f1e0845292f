# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The playbook that rotates secrets, as an operator runs it, on the reference application.

What counts is what the application does: it is asked before and after, and tells by a fingerprint which version of its
secret it uses, and by its status whether the database takes that.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from aws_makers import make_function
from integration.killing import kill_playbook_at
from integration.run_module import Run, run_module, run_playbook

from local_aws.client import SECRET_KEY, Account, LocalAws
from local_aws.reference import seed

DATABASE, API_KEYS = "/sc-agent/prod/database/credentials", "/sc-agent/prod/api/keys"
ROTATION = "sc-agent-secret-rotation-prod"
DATABASE_USERS = {f"sc-agent-{name}-prod" for name in ("orchestrator", "inventory-agent", "logistics-agent")} | {
    f"sc-agent-{name}-prod" for name in ("demand-agent", "risk-agent")
}
RECORDS = "sc-agent-runbook-prod"
BOOKKEEPING = ("UpdateItem", "TransactWriteItems", "CreateTable", "UpdateContinuousBackups")
SHORT = {"secret_rotation_secrets": "database/credentials"}
# Asked once, without a pause.
AT_ONCE = {"secret_rotation_probe_tries": 1, "secret_rotation_probe_seconds": 0}


class Application:
    """The reference application's production in an account of its own, and the operator who runs the playbook on it."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.folder = folder
        self.printed: list[str] = []
        seed(account.endpoint, account.session, environments=("prod",), minimal=True)
        self.secrets, self.functions = account.client("secretsmanager"), account.client("lambda")
        stacks = account.client("cloudformation").describe_stacks(StackName="sc-agent-app-prod")["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
        self.token = self._sign_in()

    def _sign_in(self) -> str:
        """The access token of a user who may ask the application."""
        client, pool = self.account.client("cognito-idp"), self.outputs["UserPoolId"]
        password = f"Aa1!{secrets.token_urlsafe(16)}"
        client.admin_create_user(UserPoolId=pool, Username="probe", MessageAction="SUPPRESS")
        client.admin_set_user_password(UserPoolId=pool, Username="probe", Password=password, Permanent=True)
        answer = client.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=self.outputs["UserPoolClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "probe", "PASSWORD": password},
        )
        return str(answer["AuthenticationResult"]["AccessToken"])

    def query(self) -> tuple[int, dict[str, Any]]:
        """What the application answers to a user."""
        request = urllib.request.Request(
            f"{self.outputs['ApiEndpoint']}/query", b"{}", {"Authorization": f"Bearer {self.token}"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def works(self) -> str:
        """That the application answers; the fingerprint of the secret that it uses."""
        status, answer = self.query()
        assert status == 200, answer
        return str(answer["fingerprint"])

    def env(self) -> dict[str, str]:
        return {
            "RUNBOOK_LOCAL_ENDPOINT": self.account.endpoint,
            "RUNBOOK_LOCAL_ACCOUNT": self.account.id,
            "RUNBOOK_CHANGE_LOG": str(self.folder / "change-log"),
            "RUNBOOK_REPORTS": str(self.folder / "reports"),
            "RUNBOOK_PROBE_TOKEN": self.token,
        }

    def options(self, variables: dict[str, Any]) -> list[str]:
        """Variables in a file, because a value must not be on the command line; with a value in one of Ansible Vault."""
        wanted = {
            "secret_rotation_probe_url": f"{self.outputs['ApiEndpoint']}/query",
            "secret_rotation_probe_method": "POST",
            "secret_rotation_probe_body": {"message": "Where is order 4711?"},
            "secret_rotation_probe_function": "",
            **AT_ONCE,
            **variables,
        }
        path = self.folder / f"variables-{secrets.token_hex(4)}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(wanted))
        arguments = ["playbooks/rotate-secret.yml", "--extra-vars", f"@{path}"]
        if variables.get("secret_rotation_value"):
            key = self.folder / "vault-password"
            key.write_text("vault-password-4711")
            path.write_bytes(VaultLib([("default", VaultSecret(key.read_bytes()))]).encrypt(path.read_bytes()))
            arguments += ["--vault-password-file", str(key)]
        return arguments

    def play(self, *arguments: str, **variables: Any) -> Run:
        run = run_playbook(*self.options(variables), *arguments, env=self.env(), timeout=400)
        self.printed.append(run.output)
        assert SECRET_KEY not in run.output
        return run

    def kill_after(self, operation: str, **variables: Any) -> None:
        """End the playbook with SIGKILL as soon as AWS has done this; the answer does not arrive in time."""
        printed = kill_playbook_at(self.account, operation, *self.options(variables), env=self.env())
        assert "PLAY [" in printed
        self.printed.append(printed)

    def versions(self, secret: str = DATABASE) -> dict[str, list[str]]:
        """Every version with its labels, also those without."""
        listed = self.secrets.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)["Versions"]
        return {version["VersionId"]: version.get("VersionStages", []) for version in listed}

    def current(self, secret: str = DATABASE) -> str:
        return next(number for number, stages in self.versions(secret).items() if "AWSCURRENT" in stages)

    def writes(self, since: int) -> Counter[str]:
        """Calls that changed anything but the table of locks and records, by operation."""
        return Counter(c["operation"] for c in self.account.mutating(since) if c["operation"] not in BOOKKEEPING)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted((self.folder / "reports").glob("*.json"))]

    def change_log(self) -> list[dict[str, Any]]:
        """What was changed, in the order of the runs."""
        files = sorted((self.folder / "change-log").glob("*.jsonl"))
        return [json.loads(line) for path in files for line in path.read_text().splitlines()]

    def fail_step(self, step: str) -> None:
        """Let the rotation function fail in a step, or in none."""
        found = self.functions.get_function_configuration(FunctionName=ROTATION)["Environment"]["Variables"]
        variables = {**found, "FAIL_STEP": step}
        self.functions.update_function_configuration(FunctionName=ROTATION, Environment={"Variables": variables})
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=ROTATION, WaiterConfig={"Delay": 0.02})
        version = self.functions.publish_version(FunctionName=ROTATION)["Version"]
        self.functions.update_alias(FunctionName=ROTATION, Name="live", FunctionVersion=version)

    def assert_no_value_was_told(self, *more: str) -> None:
        """Nothing that a run printed, wrote or recorded has any version's value, or the token."""
        values = [SECRET_KEY, self.token, *more]
        for secret in (DATABASE, API_KEYS):
            for version in self.versions(secret):
                value = json.loads(self.secrets.get_secret_value(SecretId=secret, VersionId=version)["SecretString"])
                values += [text for text in value.values() if text != "admin"]
        reports = [path.read_text() for path in (self.folder / "reports").glob("*")]
        assert reports
        assert self.change_log()
        told = [*self.printed, *reports, *map(json.dumps, self.change_log())]
        told.append(json.dumps(run_module(self.account, "operation_record_info", table=RECORDS)["records"]))
        for value in values:
            assert len(value) > 8
            assert not [text for text in told if value in text]


@pytest.fixture
def application(account: Account, tmp_path: Path) -> Application:
    return Application(account, tmp_path)


def flat(run: Run) -> str:
    return " ".join(run.output.split())


def test_a_rotation_reaches_the_application_and_is_undone(application: Application) -> None:
    print_before, before = application.works(), application.current()

    mark = application.account.mark()
    rehearsal = application.play("--check", "--diff", **SHORT)
    assert rehearsal.code == 0, rehearsal.output
    assert application.account.mutating(mark) == []
    assert not (application.folder / "reports").exists()
    assert "was not asked in check mode, because a POST may change something" in flat(rehearsal), rehearsal.output

    mark = application.account.mark()
    run = application.play("-vvv", **SHORT)
    assert run.code == 0, run.output
    assert application.works() != print_before
    assert len(application.versions()) == 2
    writes = application.writes(mark)
    assert (writes["RotateSecret"], writes["UpdateFunctionConfiguration"], writes["UpdateAlias"]) == (1, 5, 5)
    changes = [(line["target"], line["calls"]) for line in application.change_log() if not line["check"]]
    assert (DATABASE, ["secretsmanager:RotateSecret"]) in changes
    assert {target for target, _calls in changes} >= DATABASE_USERS
    (report,) = application.records()
    assert [verdict["ok"] for verdict in report["verdicts"]] == [True, True, True]
    assert {
        row["function"] for section in report["sections"] for row in section.get("rows", ()) if "function" in row
    } == (DATABASE_USERS)

    mark = application.account.mark()
    scheduled = application.play(**SHORT, max_age_days=90)
    assert scheduled.code == 0, scheduled.output
    assert application.account.mutating(mark) == []
    assert "no secret is due" in scheduled.output
    assert len(scheduled.output.splitlines()) < 60
    assert len(application.records()) == 1

    assert "Undo: ansible-playbook playbooks/rotate-secret.yml" in run.output
    back = application.play(**SHORT, secret_rotation_switch_back=True)
    assert back.code == 0, back.output
    assert "Undo: " not in back.output
    assert application.current() == before
    assert application.works() == print_before

    mark = application.account.mark()
    again = application.play(**SHORT, secret_rotation_switch_back=True)
    assert again.code == 0, again.output
    assert application.account.mutating(mark) == []
    application.assert_no_value_was_told()


def test_a_rotation_function_that_fails_leaves_everything_and_is_quoted(application: Application) -> None:
    print_before, before = application.works(), application.current()
    application.fail_step("testSecret")
    mark = application.account.mark()
    run = application.play("-vvv", **SHORT)
    assert run.code != 0
    text = flat(run)
    assert f"{DATABASE}: its rotation failed" in text, run.output
    assert "RuntimeError: testSecret fails because FAIL_STEP says so" in text, run.output
    assert "The application answers." in text, run.output
    assert "none, because no secret was changed" in text and "target before after" not in text, run.output
    assert "Traceback (most recent call last)" not in run.output
    assert application.current() == before
    assert application.works() == print_before
    assert application.writes(mark)["UpdateFunctionConfiguration"] == 0

    # The database has the new password and the former one: a third one would lock the application out.
    again = application.play(**SHORT, secret_rotation_probe_first=False, secret_rotation_probe_status=299)
    assert again.code != 0
    assert "the same version is tried again" in flat(again), again.output
    assert "The application does not answer" in flat(again), again.output
    assert "-e secret_rotation_probe_first=false" in flat(again), again.output
    assert application.works() == print_before
    assert len(application.versions()) == 2

    undone = application.play(**SHORT, secret_rotation_switch_back=True)
    assert undone.code == 0, undone.output
    assert f"A rotation that failed has left AWSPENDING on a version of {DATABASE}" in flat(undone), undone.output

    application.fail_step("none")
    mended = application.play(**SHORT)
    assert mended.code == 0, mended.output
    assert application.works() != print_before
    application.assert_no_value_was_told()


def test_a_value_that_does_not_work_is_put_back_by_itself(application: Application) -> None:
    print_before, before = application.works(), application.current()
    wrong = "wrong-password-4711-x"
    # As the shell makes one of <(pass show new-key): it can be read once only.
    pipe = application.folder / "pipe"
    os.mkfifo(pipe, mode=0o600)
    writing = threading.Thread(target=pipe.write_text, args=(json.dumps({"password": wrong}) + "\n",))
    writing.start()
    wish = {**SHORT, "secret_rotation_action": "set", "secret_rotation_keys": ["password"]}
    run = application.play("-vvv", **wish, secret_rotation_value_file=str(pipe))
    writing.join()
    assert run.code != 0
    text = flat(run)
    assert "The application does not answer as it should" in text, run.output
    assert "started anew, and the application answers." in text, run.output
    assert "Internal Server Error: the database does not take the password" in text, run.output
    assert application.current() == before
    new = next(version for version in application.versions() if version != before)
    assert f"{DATABASE} {new} {before}" in text, run.output
    assert application.works() == print_before
    (report,) = application.records()
    assert "put back" in json.dumps(report)

    # Killed while it is put back: the same command gets it there, and says what had failed.
    application.kill_after("UpdateSecretVersionStage", **wish, secret_rotation_value={"password": wrong})
    goes_on = application.play("-vvv", **wish, secret_rotation_value={"password": wrong})
    assert goes_on.code != 0
    assert "an earlier run has failed" in flat(goes_on), goes_on.output
    assert application.current() == before
    assert application.works() == print_before
    application.assert_no_value_was_told(wrong)


# The last one is a call of the application's function, which is how it is asked here.
STEPS = ("RotateSecret", "UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias", "Invoke")
BY_A_CALL = {
    "secret_rotation_probe_url": "",
    "secret_rotation_probe_function": "sc-agent-orchestrator-prod:live",
    "secret_rotation_probe_answer": {"statusCode": 200},
}


def test_a_rotation_that_is_killed_at_each_step_is_finished_by_the_same_command(application: Application) -> None:
    print_before, before = application.works(), application.current()
    wish = {**SHORT, **BY_A_CALL}
    # The probe before the change is a call too; after a kill there is none.
    application.kill_after("RotateSecret", **wish)
    for operation in STEPS[1:]:
        application.kill_after(operation, **wish)
        assert len(application.versions()) == 2
    run = application.play(**wish)
    assert run.code == 0, run.output
    assert f"{DATABASE} {before} {application.current()}" in flat(run), run.output
    assert "function sc-agent-orchestrator-prod:live: it answers" in flat(run), run.output
    assert application.works() != print_before
    assert len(application.versions()) == 2
    variables = {
        name: application.functions.get_function_configuration(FunctionName=name, Qualifier="live")["Environment"]
        for name in DATABASE_USERS
    }
    assert len({found["Variables"]["RUNBOOK_REFRESH"] for found in variables.values()}) == 1

    # So is its undoing.
    back = {**wish, "secret_rotation_switch_back": True}
    for operation in ("UpdateSecretVersionStage", *STEPS[2:]):
        application.kill_after(operation, **back)
    run = application.play(**back)
    assert run.code == 0, run.output
    assert application.current() == before
    assert application.works() == print_before


def test_a_killed_rotation_is_put_back_instead(application: Application) -> None:
    print_before, before = application.works(), application.current()
    application.kill_after("UpdateFunctionConfiguration", **SHORT)
    other = application.play(**SHORT, secret_rotation_action="generate", secret_rotation_keys=["password"])
    assert other.code != 0 and "is not finished" in flat(other), other.output
    # Also when the secret is named in another way.
    clash = application.play(secret_rotation_secrets=application.secrets.describe_secret(SecretId=DATABASE)["ARN"])
    assert clash.code != 0 and "'database/credentials' is not finished" in flat(clash), clash.output
    new = application.current()
    run = application.play(**SHORT, secret_rotation_switch_back=True)
    assert run.code == 0, run.output
    assert f"{DATABASE} {new} {before}" in flat(run), run.output
    assert application.current() == before
    assert application.works() == print_before


def test_what_could_not_be_put_back_is_put_back_by_the_same_command(application: Application) -> None:
    """The application is asked by a call of its function, which tells that the database refuses the new password."""
    print_before, before = application.works(), application.current()
    wish = {**SHORT, **BY_A_CALL, "secret_rotation_action": "set", "secret_rotation_keys": "password"}
    wish["secret_rotation_value"] = {"password": "wrong-password-4711-y"}
    # Twice to plan, three times to make and confirm it: the next ones are those of putting it back.
    denied = {"error": "AccessDeniedException", "message": "You may not."}
    application.account.fault("secretsmanager", "DescribeSecret", after=5, times=0, **denied)
    mark = application.account.mark()
    run = application.play(**wish)
    assert run.code != 0
    assert application.writes(mark)["UpdateAlias"] == len(DATABASE_USERS)
    text = flat(run)
    assert "live: its answer has statusCode 500, not 200" in text, run.output
    assert "Not every previous version is back" in text and f"Not put back: {DATABASE}: it cannot be read" in text
    assert application.current() != before
    application.account.clear_faults()
    goes_on = application.play(**wish)
    assert goes_on.code != 0 and "an earlier run has failed" in flat(goes_on), goes_on.output
    assert application.current() == before
    assert application.works() == print_before
    application.assert_no_value_was_told("wrong-password-4711-y")


def test_functions_that_cannot_start_anew_leave_neither_old_nor_new_after_the_same_command(
    application: Application,
) -> None:
    print_before, before = application.works(), application.current()
    told = {"error": "ServiceException", "status": 500, "message": "not now"}
    application.account.fault(service="lambda", operation="UpdateAlias", mode="error", times=0, **told)
    wish = {**SHORT, "secret_rotation_restart_tries": 0}
    run = application.play(**wish)
    assert run.code != 0
    assert "Putting it back has failed too, for the same reason" in flat(run), run.output
    assert application.current() == before
    application.account.clear_faults()
    goes_on = application.play(**wish)
    assert goes_on.code != 0
    assert "an earlier run has failed" in flat(goes_on) and "not now" in flat(goes_on), goes_on.output
    assert application.current() == before
    assert application.works() == print_before
    run = application.play(**wish)
    assert run.code == 0, run.output
    assert application.works() != print_before


def test_everything_that_is_due_is_rotated_each_in_its_way(application: Application) -> None:
    print_before, keys_before = application.works(), application.current(API_KEYS)
    # Somebody else changes a function at the same moment: it is tried once more.
    conflict = {"error": "PreconditionFailedException", "status": 412, "message": "another revision"}
    application.account.fault(service="lambda", operation="UpdateFunctionConfiguration", mode="error", **conflict)
    mark = application.account.mark()
    run = application.play(max_age_days=0)
    assert run.code == 0, run.output
    assert application.works() != print_before
    assert application.current(API_KEYS) != keys_before
    writes = application.writes(mark)
    # One value is put by the rotation function.
    assert (writes["RotateSecret"], writes["PutSecretValue"], writes["UpdateAlias"]) == (1, 2, 6)

    # What the other one did is not undone under the name of the first.
    named = {"secret_rotation_secrets": "api/keys"}
    assert application.play(**named).code == 0
    assert application.play(max_age_days=0).code == 0
    mark = application.account.mark()
    refused = application.play(**named, secret_rotation_switch_back=True)
    assert refused.code != 0
    assert "it was changed since: the rotation 'what is due'" in flat(refused), refused.output
    assert application.writes(mark) == Counter()
    before = application.current(API_KEYS)
    back = application.play(max_age_days=0, secret_rotation_switch_back=True)
    assert back.code == 0, back.output
    assert application.current(API_KEYS) != before
    application.works()
    application.assert_no_value_was_told()


def test_users_that_do_not_name_the_secret_are_started_anew_too(application: Application) -> None:
    """One is listed, one has a tag that names the secret, one is found by its environment."""
    agents = {name: f"sc-agent-{name}-agent-prod" for name in ("risk", "demand", "supplier")}
    found = application.functions.get_function(FunctionName=agents["demand"])["Configuration"]["FunctionArn"]
    application.functions.tag_resource(Resource=found, Tags={"reads": API_KEYS})
    keys = json.loads(application.secrets.get_secret_value(SecretId=API_KEYS)["SecretString"])
    mark = application.account.mark()
    run = application.play(
        secret_rotation_secrets="api/keys",
        secret_rotation_name="by hand",
        secret_rotation_action="generate",
        secret_rotation_keys="supplier_portal",
        secret_rotation_generator={"length": 24, "exclude_punctuation": True},
        secret_rotation_consumers=[agents["risk"]],
        secret_rotation_consumer_tag="reads",
    )
    assert run.code == 0, run.output
    made = json.loads(application.secrets.get_secret_value(SecretId=API_KEYS)["SecretString"])
    assert len(made["supplier_portal"]) == 24 and made["supplier_portal"].isalnum()
    assert made == {**keys, "supplier_portal": made["supplier_portal"]}
    assert application.writes(mark)["UpdateAlias"] == 3
    (report,) = application.records()
    rows = [row for section in report["sections"] for row in section.get("rows", ()) if "found_by" in row]
    assert {row["function"]: row["found_by"] for row in rows} == {
        agents["risk"]: "list",
        agents["demand"]: "tag",
        agents["supplier"]: "environment",
    }
    assert report["title"] == "Rotation of secrets: by hand"
    application.assert_no_value_was_told()


def test_check_mode_tells_what_would_not_be_rotated(application: Application) -> None:
    tags = [{"Key": "runbook:invitation", "Value": "sc-agent-users-prod"}]
    application.secrets.create_secret(Name="/sc-agent/prod/invitations/bob", SecretString="one-sign-in", Tags=tags)
    application.secrets.create_secret(Name="/sc-agent/prod/by-hand", SecretString="text")
    application.secrets.create_secret(Name="/sc-agent/prod/not-this", SecretString="text")
    value = application.secrets.get_secret_value(SecretId=DATABASE)["SecretString"]
    application.secrets.put_secret_value(SecretId=DATABASE, SecretString=value, VersionStages=["AWSPENDING"])
    mark = application.account.mark()

    named = application.play(**SHORT)
    assert named.code != 0
    assert f"{DATABASE}: a rotation was begun before and is under way" in flat(named), named.output

    health = {"secret_rotation_probe_method": "GET", "secret_rotation_probe_body": {}}
    url = f"{application.outputs['ApiEndpoint']}/health"
    wish = {"secret_rotation_prefix": "/sc-agent/prod/", "secret_rotation_except": "no/such, */not-this"}
    run = application.play("--check", **wish, secret_rotation_probe_url=url, **health)
    assert run.code != 0
    text = flat(run)
    assert "not-this" not in text, run.output
    assert "the run would end as failed: rotated but for 2" in text, run.output
    assert "by-hand: it has no rotation function" in text and f"{DATABASE}: a rotation was begun" in text, run.output
    assert "Left out, with the tag runbook:invitation: 1." in text and "invitations/bob" not in text, run.output
    assert f"The application: GET {url}: it answers" in text, run.output
    assert application.writes(mark) == Counter()


def test_fifty_secrets_of_a_prefix_start_each_function_anew_once(account: Account, tmp_path: Path) -> None:
    application = Application(account, tmp_path)
    names = [f"/batch/{number:02}" for number in range(50)]
    for name in names:
        application.secrets.create_secret(Name=name, SecretString=json.dumps({"key": "old", "user": "u"}))
    application.secrets.create_secret(Name="/batch/by-hand", SecretString="text")
    application.secrets.create_secret(Name="/batch/gone", SecretString="text")
    application.secrets.delete_secret(SecretId="/batch/gone", RecoveryWindowInDays=7)
    variables = {f"SECRET_{place}": name for place, name in enumerate(names)}
    for number in range(10):
        make_function(account, f"user-{number}", Environment={"Variables": variables})
    mark = account.mark()
    run = application.play(
        secret_rotation_prefix="/batch/",
        secret_rotation_ways={"/batch/[0-9]*": {"action": "generate", "keys": ["key"]}},
    )
    assert run.code != 0
    text = flat(run)
    assert "/batch/by-hand: it has no rotation function" in text, run.output
    assert "/batch/gone" not in text
    writes = application.writes(mark)
    assert (writes["PutSecretValue"], writes["UpdateFunctionConfiguration"]) == (50, 10)
    for name in names:
        value = json.loads(application.secrets.get_secret_value(SecretId=name)["SecretString"])
        assert value["key"] != "old" and value["user"] == "u"
        assert value["key"] not in run.output
    (report,) = application.records()
    assert "by-hand" in json.dumps(report)

    mark = account.mark()
    back = application.play(secret_rotation_prefix="/batch/", secret_rotation_switch_back=True)
    assert back.code == 0, back.output
    writes = application.writes(mark)
    assert (writes["UpdateSecretVersionStage"], writes["UpdateFunctionConfiguration"]) == (50, 10)
    assert "old" in application.secrets.get_secret_value(SecretId=names[7])["SecretString"]


@pytest.fixture(scope="module")
def untouched(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Application:
    """For tests that must leave it as it is."""
    return Application(local_aws.fresh_account(), tmp_path_factory.mktemp("untouched"))


WRONG: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "no secret": ([], {}, "say which secrets to rotate"),
    "both a secret and a prefix": (
        [],
        {**SHORT, "secret_rotation_prefix": "/sc-agent/"},
        "say which secrets to rotate",
    ),
    "a name that is none": ([], {"secret_rotation_secrets": 7}, "secret_rotation_secrets is '7': give a text"),
    "an option of another kind": ([], {**SHORT, "secret_rotation_probe_first": "maybe"}, "Nothing was read from AWS"),
    "a prefix that is everything": ([], {"secret_rotation_prefix": "/"}, "Give at least three characters"),
    "an age in words": ([], {**SHORT, "max_age_days": "a quarter"}, "Give a number of days"),
    "an unknown action": ([], {**SHORT, "secret_rotation_action": "change"}, "is rotate, generate, set or empty"),
    "a value that nobody sets": ([], {**SHORT, "secret_rotation_value": "not-printed-1"}, "other actions take none"),
    "nothing to set": ([], {**SHORT, "secret_rotation_action": "set"}, "gives one secret a value"),
    "a value on the command line": (
        ["--extra-vars", "secret_rotation_value=not-printed-1"],
        {**SHORT, "secret_rotation_action": "set"},
        "secret_rotation_value is on the command line",
    ),
    "a value in the inventory": (
        [],
        {**SHORT, "secret_rotation_ways": {"*": {"action": "set", "value": "not-printed-1"}}},
        "A value is none of them",
    ),
    "a token that cannot be sent": ([], {**SHORT, "secret_rotation_probe_token": "not-printed-1\n"}, "has characters"),
    "a secret that is not there": ([], {"secret_rotation_secrets": ["no/such"]}, "no/such"),
    "a secret without a rotation function": (
        [],
        {"secret_rotation_secrets": [API_KEYS], "secret_rotation_ways": {}},
        "it has no rotation function",
    ),
    "a file that others may read": (
        [],
        {
            "secret_rotation_secrets": API_KEYS,
            "secret_rotation_action": "set",
            "secret_rotation_value_file": "README.md",
        },
        "README.md",
    ),
    "a text instead of a JSON object": (
        [],
        {**SHORT, "secret_rotation_action": "set", "secret_rotation_value": "not-printed-1"},
        "its value is a JSON object with the keys",
    ),
    "nothing to undo": ([], {**SHORT, "secret_rotation_switch_back": True}, "so there is nothing to undo"),
    "an application that is down": (
        [],
        {**SHORT, "secret_rotation_probe_status": 299},
        "with -e secret_rotation_probe_first=false",
    ),
}


def test_a_secret_of_another_environment_is_refused(application: Application) -> None:
    name = "/sc-agent/dev/api/keys"
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": name, "SecretString": "of-dev"}}
    application.account.client("cloudformation").create_stack(
        StackName="sc-agent-app-dev", TemplateBody=json.dumps({"Resources": {"Keys": secret}})
    )
    mark = application.account.mark()
    run = application.play("--limit", "sc-agent-prod", secret_rotation_secrets=name, secret_rotation_action="generate")
    assert run.code != 0
    assert f"{name}: it belongs to sc-agent-dev. Run this with --limit sc-agent-dev" in flat(run), run.output
    assert application.account.mutating(mark) == []


@pytest.mark.parametrize(("arguments", "variables", "why"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_wish_is_refused_before_anything_is_changed(
    untouched: Application, arguments: list[str], variables: dict[str, Any], why: str
) -> None:
    mark = untouched.account.mark()
    run = untouched.play("-vvv", *arguments, **variables)
    assert run.code != 0
    assert why in flat(run), run.output
    assert "not-printed" not in run.output
    assert untouched.writes(mark) == Counter()
