# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The playbooks of backup and recovery, as an operator runs them, on the reference application.

What counts is proved by content: items and objects before the harm are those after the recovery.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from integration.killing import kill_playbook_at
from integration.run_module import Run, run_playbook

from local_aws.client import SECRET_KEY, Account, LocalAws
from local_aws.reference import seed

SESSIONS = "sc-agent-sessions-prod"
ORCHESTRATOR = "sc-agent-orchestrator-prod"
DATA, BACKUPS = "data", "backup"
BOOKKEEPING = ("sc-agent-runbook-prod", "sc-agent-runbook-recovered")


class Application:
    """The reference application's production in an account of its own, and the operator who runs playbooks on it."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.folder = folder
        account.settings(pitr_lag_seconds=0)
        seed(account.endpoint, account.session, environments=("prod",), minimal=True)
        self.dynamodb, self.s3, self.functions = (account.client(name) for name in ("dynamodb", "s3", "lambda"))
        self.buckets = {
            short: next(b["Name"] for b in self.s3.list_buckets()["Buckets"] if f"-{short}-prod" in b["Name"])
            for short in (DATA, BACKUPS)
        }

    def env(self) -> dict[str, str]:
        return {
            "RUNBOOK_LOCAL_ENDPOINT": self.account.endpoint,
            "RUNBOOK_LOCAL_ACCOUNT": self.account.id,
            "RUNBOOK_CHANGE_LOG": str(self.folder / "change-log"),
            "RUNBOOK_REPORTS": str(self.folder / "reports"),
        }

    def play(self, name: str, *arguments: str, **variables: Any) -> Run:
        wanted = {"table_recovery_exports": str(self.folder / "exports"), **variables}
        run = run_playbook(
            f"playbooks/{name}.yml", "--extra-vars", json.dumps(wanted), *arguments, env=self.env(), timeout=400
        )
        assert SECRET_KEY not in run.output
        return run

    def put(self, *names: str, table: str = SESSIONS, note: str = "sound") -> None:
        for name in names:
            item = {"session_id": name, "user_id": "u", "updated_at": self.now(), "note": note}
            self.dynamodb.put_item(TableName=table, Item={key: {"S": value} for key, value in item.items()})

    def now(self) -> str:
        """AWS's clock, which a test moves on."""
        moment = datetime.fromtimestamp(self.account.now(), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def items(self, table: str = SESSIONS) -> list[dict[str, Any]]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        return sorted((item for page in pages for item in page["Items"]), key=json.dumps)

    def tables(self) -> list[str]:
        names: list[str] = self.dynamodb.list_tables()["TableNames"]
        return [name for name in names if name not in BOOKKEEPING]

    def uses(self) -> dict[str, tuple[str, str]]:
        """What callers see of each function that knows the sessions: its alias's version, and the table."""
        found = {}
        for function in self.functions.list_functions()["Functions"]:
            name = function["FunctionName"]
            if "SESSIONS_TABLE" in function["Environment"]["Variables"]:
                live = self.functions.get_function_configuration(FunctionName=name, Qualifier="live")
                found[name] = (live["Version"], live["Environment"]["Variables"]["SESSIONS_TABLE"])
        return found

    def objects(self, bucket: str) -> dict[str, bytes]:
        listed = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {o["Key"]: self.s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in listed}

    def writes(self, since: int) -> list[str]:
        """Calls that changed anything but the table of locks and records."""
        return [
            call["operation"]
            for call in self.account.mutating(since)
            if call["operation"] not in ("UpdateItem", "TransactWriteItems")
        ]

    def reports(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted((self.folder / "reports").glob("*.json"))]


@pytest.fixture
def application(account: Account, tmp_path: Path) -> Application:
    return Application(account, tmp_path)


@pytest.fixture
def harmed(application: Application) -> Iterator[tuple[Application, str, list[dict[str, Any]]]]:
    """Sessions were sound at a moment; then some were overwritten, deleted and added."""
    application.put("a", "b", "c", "d")
    sound = application.items()
    application.account.advance(5)
    moment = application.now()
    application.account.advance(60)
    application.put("b", note="broken")
    application.dynamodb.delete_item(TableName=SESSIONS, Key={"session_id": {"S": "c"}})
    application.put("later")
    application.account.advance(60)
    yield application, moment, sound


BACK = {"table_recovery_table": "sessions", "table_recovery_switch_back": True}


def recap(run: Run, host: str = "sc-agent-prod") -> dict[str, int]:
    line = next(line for line in run.stdout.splitlines() if line.startswith(f"{host} "))
    return {key: int(value) for key, value in (pair.split("=") for pair in line.split(":", 1)[1].split())}


def restored_of(application: Application) -> str:
    (name,) = [name for name in application.tables() if "-restored-" in name]
    return name


def test_the_application_uses_a_restored_table_and_goes_back(
    harmed: tuple[Application, str, list[dict[str, Any]]],
) -> None:
    application, moment, sound = harmed
    before, harm = application.uses(), application.items()
    wish = {"table_recovery_table": "sessions", "table_recovery_to": moment, "table_recovery_then": "cutover"}

    mark = application.account.mark()
    rehearsal = application.play("restore-table", "--check", "--diff", **wish)
    assert rehearsal.code == 0, rehearsal.output
    assert application.account.mutating(mark) == []
    assert "would be restored as sc-agent-sessions-prod-restored-" in rehearsal.stdout

    run = application.play("restore-table", **wish)
    assert run.code == 0, run.output
    restored = restored_of(application)
    assert application.items(restored) == sound
    assert application.items() == harm
    now = application.uses()
    assert {name for name, (_version, table) in now.items() if table == restored} == {
        name for name, (_version, table) in before.items() if table == SESSIONS
    }
    text = " ".join(run.stdout.split())
    assert f"1 only in {SESSIONS}, 1 only in the restored table, 1 different" in text
    assert "-e table_recovery_switch_back=true" in text.partition("To go on")[2]
    assert "do-not-print" not in run.output
    (report,) = application.reports()
    assert {verdict["ok"] for verdict in report["verdicts"]} == {True}
    assert [phase["ok"] for phase in report["phases"]] == [True] * len(report["phases"])

    mark = application.account.mark()
    again = application.play("restore-table", **wish)
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert application.writes(mark) == []
    rehearsal = application.play("restore-table", "--check", **wish)
    text = " ".join(rehearsal.stdout.split())
    assert rehearsal.code == 0 and f"{SESSIONS} is restored as {restored}" in text, rehearsal.output
    assert f"The application uses the restored table: {', '.join(sorted(now))}." in text

    application.put("order", table=restored)
    refused = application.play("restore-table", table_recovery_table="sessions", table_recovery_clean_up=True)
    assert refused.code != 0 and "is what the application uses" in " ".join(refused.stdout.split())

    back = application.play("restore-table", table_recovery_table="sessions", table_recovery_switch_back=True)
    assert back.code == 0, back.output
    assert application.uses() == before
    told = f"2 of its items are not in {SESSIONS}, and 1 are different there (at the cut-over 1 and 1)"
    assert told in " ".join(back.stdout.split())

    kept = application.play("restore-table", table_recovery_table="sessions", table_recovery_clean_up=True)
    text = " ".join(kept.stdout.split())
    assert kept.code != 0 and told in text and "-e table_recovery_then=copy_back" in text, kept.output
    assert restored in application.tables()
    saved = application.play("restore-table", **{**wish, "table_recovery_then": "copy_back"})
    assert saved.code == 0, saved.output
    gone = application.play("restore-table", table_recovery_table="sessions", table_recovery_clean_up=True)
    assert gone.code == 0 and f"{restored}, restored from {SESSIONS}, is removed" in gone.stdout, gone.output
    assert restored not in application.tables()
    assert {item["session_id"]["S"] for item in application.items()} == {"a", "b", "c", "d", "later", "order"}


def test_an_application_that_does_not_answer_is_switched_back_by_itself(
    harmed: tuple[Application, str, list[dict[str, Any]]],
) -> None:
    application, moment, _sound = harmed
    before = application.uses()
    run = application.play(
        "restore-table",
        table_recovery_table="sessions",
        table_recovery_to=moment,
        table_recovery_then="cutover",
        table_recovery_gate=False,
        table_recovery_compare="off",
        table_recovery_probe_status=299,
        table_recovery_probe_tries=1,
        table_recovery_probe_seconds=0,
    )
    assert run.code != 0
    text = " ".join(run.stdout.split())
    assert "uses the table that it used before, and it does not answer either" in text, run.output
    assert application.uses() == before

    end = {"table_recovery_table": "sessions", "table_recovery_clean_up": True, "table_recovery_compare": "off"}
    kept = application.play("restore-table", **end)
    assert kept.code != 0 and "it is not known which items only it has" in " ".join(kept.stdout.split()), kept.output
    gone = application.play("restore-table", **end, table_recovery_discard=True)
    assert gone.code == 0, gone.output
    assert not [name for name in application.tables() if "-restored-" in name]


def test_what_was_never_published_is_published_only_on_demand(application: Application) -> None:
    variables = application.functions.get_function_configuration(FunctionName=ORCHESTRATOR)["Environment"]["Variables"]
    application.functions.update_function_configuration(
        FunctionName=ORCHESTRATOR, Environment={"Variables": {**variables, "NEW": "1"}}
    )
    wish = {
        "table_recovery_table": "sessions",
        "table_recovery_to": "latest",
        "table_recovery_then": "cutover",
        "table_recovery_gate": False,
    }
    refused = application.play("restore-table", "--check", **wish)
    text = " ".join(refused.stdout.split())
    assert refused.code != 0 and "publish it too with -e table_recovery_include_unpublished=true" in text, (
        refused.output
    )
    run = application.play("restore-table", "--check", **wish, table_recovery_include_unpublished=True)
    assert run.code == 0, run.output


def test_items_are_repaired_in_place_and_that_is_undone(harmed: tuple[Application, str, list[dict[str, Any]]]) -> None:
    application, moment, sound = harmed
    harm = application.items()
    wish = {"table_recovery_table": "sessions", "table_recovery_to": moment, "table_recovery_then": "copy_back"}
    run = application.play("restore-table", **wish)
    assert run.code == 0, run.output
    later = [item for item in harm if item["session_id"]["S"] == "later"]
    assert application.items() == sorted([*sound, *later], key=json.dumps)
    (export,) = (application.folder / "exports").iterdir()
    assert export.stat().st_mode & 0o777 == 0o600
    assert "1 created, 1 overwritten, 0 deleted" in run.stdout

    mark = application.account.mark()
    again = application.play("restore-table", **wish)
    assert again.code == 0, again.output
    assert application.writes(mark) == []
    assert "0 created, 0 overwritten, 0 deleted. With earlier runs: 2 items" in " ".join(again.stdout.split())

    # What the application writes meanwhile is not undone.
    application.put("b", note="newer")
    newer = application.items()
    back = application.play("restore-table", **BACK)
    assert back.code == 0, back.output
    assert "Left, because changed after the copy: 1 item, see the warning." in " ".join(back.stdout.split())
    without_c = [item for item in newer if item["session_id"]["S"] != "c"]
    assert application.items() == without_c

    # A second round undoes what it has overwritten itself.
    rehearsal = application.play("restore-table", "--check", **{**wish, "table_recovery_to": ""})
    assert "Would be copied" in rehearsal.stdout and "1 created, 1 overwritten" in rehearsal.stdout, rehearsal.output
    run = application.play("restore-table", **wish)
    assert run.code == 0, run.output
    assert application.items() == sorted([*sound, *later], key=json.dumps)
    back = application.play("restore-table", **BACK)
    assert back.code == 0, back.output
    assert application.items() == without_c
    assert "put 1 item back as before the copy, and removed 1 that the copy had created" in " ".join(
        back.stdout.split()
    )


@pytest.mark.parametrize("finished", [True, False], ids=["finished by another run", "not finished"])
def test_what_a_killed_copy_has_overwritten_comes_back(
    harmed: tuple[Application, str, list[dict[str, Any]]], finished: bool
) -> None:
    application, moment, _sound = harmed
    harm = application.items()
    wish = {
        "table_recovery_table": "sessions",
        "table_recovery_to": moment,
        "table_recovery_then": "copy_back",
        "table_recovery_gate": False,
        "table_recovery_compare": "off",
        "table_recovery_exports": str(application.folder / "exports"),
    }
    _kill_after(application, "restore-table", "BatchWriteItem", wish)
    assert application.items() != harm
    if finished:
        run = application.play("restore-table", **wish)
        assert run.code == 0, run.output
        assert "0 created, 0 overwritten, 0 deleted. With earlier runs: 2 items" in " ".join(run.stdout.split())
    else:
        (export,) = (application.folder / "exports").iterdir()
        export.rename(export.with_suffix(".elsewhere"))
        lost = application.play("restore-table", **BACK)
        assert lost.code != 0 and f"what was overwritten is in {export}" in " ".join(lost.stdout.split()), lost.output
        export.with_suffix(".elsewhere").rename(export)
    back = application.play("restore-table", **BACK)
    assert back.code == 0, back.output
    assert application.items() == harm


@pytest.mark.parametrize("operation", ["RestoreTableToPointInTime", "UpdateFunctionConfiguration"])
def test_a_killed_recovery_is_finished_by_the_same_command(
    harmed: tuple[Application, str, list[dict[str, Any]]], operation: str
) -> None:
    application, moment, sound = harmed
    before = application.uses()
    wish = {
        "table_recovery_table": "sessions",
        "table_recovery_to": moment,
        "table_recovery_then": "cutover",
        "table_recovery_gate": False,
        "table_recovery_compare": "off",
        "table_recovery_tables": {"sessions": SESSIONS},
    }
    _kill_after(application, "restore-table", operation, wish)
    run = application.play("restore-table", **wish)
    assert run.code == 0, run.output
    assert application.items(restored_of(application)) == sound
    assert {table for _version, table in application.uses().values()} == {restored_of(application)}
    back = application.play("restore-table", table_recovery_table="sessions", table_recovery_switch_back=True)
    assert back.code == 0, back.output
    assert application.uses() == before


def _kill_after(application: Application, playbook: str, operation: str, variables: dict[str, Any]) -> None:
    """End a playbook with SIGKILL as soon as AWS has answered this operation; the answer does not arrive in time."""
    play = (f"playbooks/{playbook}.yml", "--extra-vars", json.dumps(variables))
    kill_playbook_at(application.account, operation, *play, env=application.env())


@pytest.fixture(scope="module")
def untouched(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Application:
    """For tests that must leave it as it is."""
    return Application(local_aws.fresh_account(), tmp_path_factory.mktemp("untouched"))


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a table that is not there": (
        "restore-table",
        {"table_recovery_table": "orders", "table_recovery_to": "latest"},
        "has no table 'orders'",
    ),
    "both a time and a backup": (
        "restore-table",
        {"table_recovery_table": "sessions", "table_recovery_to": "latest", "table_recovery_backup": "latest"},
        "either table_recovery_to or table_recovery_backup",
    ),
    "neither": ("restore-table", {"table_recovery_table": "sessions"}, "say what to restore"),
    "what follows is misspelt": (
        "restore-table",
        {"table_recovery_table": "sessions", "table_recovery_to": "latest", "table_recovery_then": "cut-over"},
        "is nothing, cutover or copy_back",
    ),
    "a time before the window": (
        "restore-table",
        {"table_recovery_table": "sessions", "table_recovery_to": "2020-01-01T00:00:00Z"},
        "2020-01-01T00:00:00Z",
    ),
    "a time without a zone": (
        "restore-table",
        {"table_recovery_table": "sessions", "table_recovery_to": "2026-01-01T00:00:00"},
        "which time zone",
    ),
    "two things at once": (
        "restore-table",
        {"table_recovery_table": "sessions", "table_recovery_switch_back": True, "table_recovery_then": "copy_back"},
        "at most one of table_recovery_then",
    ),
    "no recovery to undo": (
        "restore-table",
        {"table_recovery_table": "sessions", "table_recovery_switch_back": True},
        "nothing to end",
    ),
    "a table without point-in-time recovery": (
        "restore-table",
        {"table_recovery_table": "suppliers", "table_recovery_to": "latest"},
        "sc-agent-suppliers-prod",
    ),
    "a backup that is not there": (
        "restore-table",
        {"table_recovery_table": "sessions", "table_recovery_backup": "no-such-backup"},
        "no-such-backup",
    ),
    "a bucket that is not there": (
        "restore-bucket",
        {"bucket_recovery_bucket": "photos", "bucket_recovery_to": "2h ago"},
        "has no bucket 'photos'",
    ),
    "a bucket to a time to come": (
        "restore-bucket",
        {"bucket_recovery_bucket": "data", "bucket_recovery_to": "2099-01-01T00:00:00Z"},
        "is in the future",
    ),
    "a bucket to what Ansible leaves of a time with a blank": (
        "restore-bucket",
        {"bucket_recovery_bucket": "data", "bucket_recovery_to": "2026-11-27"},
        "Ansible cuts name=value at a blank",
    ),
    "a bucket to what is there": (
        "restore-bucket",
        {"bucket_recovery_bucket": "data", "bucket_recovery_to": "latest"},
        "Say when it was sound",
    ),
    "a bucket's prefix that no key ever had": (
        "restore-bucket",
        {"bucket_recovery_bucket": "data", "bucket_recovery_prefix": "dtaa/", "bucket_recovery_to": "2h ago"},
        "never had a key that begins so",
    ),
    "a bucket both switched back and kept": (
        "restore-bucket",
        {"bucket_recovery_bucket": "data", "bucket_recovery_switch_back": True, "bucket_recovery_close": True},
        "either bucket_recovery_switch_back",
    ),
    "a backup called latest": ("backup", {"backup_name": "latest"}, "is no name for a backup"),
    "a bucket copied to itself": ("backup", {"backup_buckets": {"data": "data"}}, "copied to itself"),
    "a drill in production": ("dr-drill", {"dr_drill_into": "prod"}, "not the name of the environment itself"),
    "a drill without a backup": ("dr-drill", {}, "runbook/sc-agent-prod/latest/manifest.json"),
    "a recovery of nothing": (
        "recover-environment",
        {"environment_recovery_environment": "prod"},
        "Say what to recover",
    ),
}


@pytest.mark.parametrize(("playbook", "variables", "why"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_wish_is_refused_before_anything_is_written(
    untouched: Application, playbook: str, variables: dict[str, Any], why: str
) -> None:
    mark = untouched.account.mark()
    run = untouched.play(playbook, **variables)
    assert run.code != 0
    assert why in " ".join(run.stdout.split()), run.output
    assert "Traceback" not in run.output
    assert [name for name in untouched.writes(mark) if name not in ("CreateTable", "UpdateContinuousBackups")] == []


def test_a_bucket_is_as_it_was_and_that_is_undone(application: Application) -> None:
    bucket = application.buckets[DATA]
    for key, body in (("data/a.csv", b"1"), ("data/b.csv", b"2"), ("other/c.csv", b"3")):
        application.s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"made-by": "test"})
    sound = application.objects(bucket)
    application.account.advance(5)
    moment = application.now()
    application.account.advance(5)
    application.s3.put_object(Bucket=bucket, Key="data/a.csv", Body=b"broken")
    application.s3.delete_object(Bucket=bucket, Key="data/b.csv")
    application.s3.put_object(Bucket=bucket, Key="data/later.csv", Body=b"later")
    application.account.advance(5)
    harm = application.objects(bucket)
    wish = {"bucket_recovery_bucket": "data", "bucket_recovery_prefix": "data/", "bucket_recovery_to": moment}

    mark = application.account.mark()
    rehearsal = application.play("restore-bucket", "--check", "--diff", **wish)
    assert rehearsal.code == 0 and application.account.mutating(mark) == [], rehearsal.output
    said = " ".join(rehearsal.stdout.split())
    assert (
        "would be as it was" in said
        and "It would be: 1 changed and 1 deleted objects (2.00 Bytes) brought back" in said
    )

    run = application.play("restore-bucket", **wish)
    assert run.code == 0, run.output
    assert application.objects(bucket) == sound
    assert application.s3.head_object(Bucket=bucket, Key="data/a.csv")["Metadata"] == {"made-by": "test"}

    mark = application.account.mark()
    again = application.play("restore-bucket", **wish)
    assert again.code == 0 and application.writes(mark) == [], again.output

    other = application.play("restore-bucket", **{**wish, "bucket_recovery_to": "1s ago"})
    assert other.code != 0 and "is open" in other.stdout

    back = application.play(
        "restore-bucket",
        bucket_recovery_bucket="data",
        bucket_recovery_prefix="data/",
        bucket_recovery_switch_back=True,
    )
    assert back.code == 0, back.output
    assert application.objects(bucket) == harm
    said = " ".join(back.stdout.split())
    assert "is as it was before its recovery to" in said and "It was: 1 changed and 1 deleted" in said

    assert application.play("restore-bucket", **wish).code == 0
    ended = {"bucket_recovery_bucket": "data", "bucket_recovery_prefix": "data/", "bucket_recovery_close": True}
    closed = application.play("restore-bucket", **ended)
    assert closed.code == 0 and f"{moment} is closed. What it did stays" in " ".join(closed.stdout.split())


@pytest.fixture
def backed_up(application: Application) -> Application:
    """An application with items and objects, and a backup of it."""
    application.put("a", "b", "c")
    for name in ("a", "b"):
        application.s3.put_object(Bucket=application.buckets[DATA], Key=f"data/{name}.csv", Body=b"1")
    run = application.play("backup", backup_name="first")
    assert run.code == 0, run.output
    return application


def test_a_backup_is_made_once_and_says_what_it_holds(backed_up: Application) -> None:
    mark = backed_up.account.mark()
    again = backed_up.play("backup", backup_name="first")
    assert again.code == 0, again.output
    assert backed_up.writes(mark) == []
    made = backed_up.dynamodb.list_backups(TableName=SESSIONS)["BackupSummaries"]
    assert [backup["BackupName"] for backup in made] == ["first"]
    assert backed_up.objects(backed_up.buckets[BACKUPS])[f"copies/{backed_up.buckets[DATA]}/data/a.csv"] == b"1"

    mark = backed_up.account.mark()
    rehearsal = backed_up.play("backup", "--check", "--diff", backup_name="second")
    assert rehearsal.code == 0 and backed_up.account.mutating(mark) == [], rehearsal.output

    manifest = "runbook/sc-agent-prod/third/manifest.json"
    backed_up.account.fault("s3", "PutObject", match={"Key": manifest}, error="AccessDenied", status=403, times=0)
    denied = backed_up.play("backup", backup_name="third")
    text = " ".join(denied.stdout.split())
    assert denied.code != 0 and f"{manifest} was not written" in text and "Allow s3:PutObject" in text, denied.output
    backed_up.account.clear_faults()
    wrong = {
        **RECOVER,
        "environment_recovery_store": backed_up.buckets[BACKUPS],
        "environment_recovery_backup": "thrid",
    }
    unknown = backed_up.play("recover-environment", "--check", **wrong)
    assert unknown.code != 0 and "there: first, latest." in " ".join(unknown.stdout.split()), unknown.output

    strict = backed_up.play("backup", backup_name="first", backup_pitr_tables=["*"])
    assert strict.code != 0 and "off for sc-agent-suppliers-prod" in " ".join(strict.stdout.split())


RECOVER = {
    "environment_recovery_application": "sc-agent",
    "environment_recovery_environment": "prod",
    "environment_recovery_region": "us-east-1",
    "environment_recovery_into": "recovered",
    "environment_recovery_probe_seconds": 1,
}


def test_an_environment_is_recovered_after_a_failure_by_the_same_command(backed_up: Application) -> None:
    wish = {**RECOVER, "environment_recovery_store": backed_up.buckets[BACKUPS]}
    production = backed_up.items(), backed_up.uses()
    mark = backed_up.account.mark()
    rehearsal = backed_up.play("recover-environment", "--check", **wish)
    assert rehearsal.code == 0 and backed_up.account.mutating(mark) == [], rehearsal.output

    backed_up.account.fault(operation="RestoreTableFromBackup", error="AccessDeniedException", message="no", times=0)
    failed = backed_up.play("recover-environment", **wish)
    assert failed.code != 0 and "RestoreTableFromBackup" in failed.stdout
    backed_up.account.clear_faults()

    run = backed_up.play("recover-environment", **wish)
    assert run.code == 0, run.output
    assert backed_up.items("sc-agent-sessions-recovered") == backed_up.items()
    (bucket,) = [b["Name"] for b in backed_up.s3.list_buckets()["Buckets"] if "-data-recovered" in b["Name"]]
    assert backed_up.objects(bucket)["data/a.csv"] == b"1"
    assert not [name for name in backed_up.tables() if name.endswith("-restoring")]
    assert (backed_up.items(), {k: v for k, v in backed_up.uses().items() if k.endswith("-prod")}) == production
    text = " ".join(run.stdout.split())
    assert "Not restored, to be done by hand" in text and "Cognito exports no passwords" in text


def test_an_environment_that_is_gone_is_recovered_as_of_the_backup_that_is_named(backed_up: Application) -> None:
    source, first = backed_up.buckets[DATA], backed_up.objects(backed_up.buckets[DATA])
    backed_up.s3.put_object(Bucket=source, Key="data/a.csv", Body=b"2")
    backed_up.s3.put_object(Bucket=source, Key="data/new.csv", Body=b"3")
    backed_up.s3.delete_object(Bucket=source, Key="data/b.csv")
    assert backed_up.play("backup", backup_name="second").code == 0
    for part in ("monitoring", "app", "data"):
        backed_up.account.client("cloudformation").delete_stack(StackName=f"sc-agent-{part}-prod")

    wish = {**RECOVER, "environment_recovery_store": backed_up.buckets[BACKUPS], "environment_recovery_backup": "first"}
    gone = "-i", "localhost,", "-e", "@inventory/local/group_vars/all/connection.yml"
    told = backed_up.play("recover-environment", *gone, "--check", **wish)
    assert told.code == 0, told.output
    text = " ".join(told.stdout.split())
    assert "stand for" in text and SESSIONS in text.split("stand for")[1] and "no saved template makes it" not in text
    run = backed_up.play("recover-environment", *gone, **wish)
    assert run.code == 0, run.output
    assert (
        "no saved template makes it" not in run.stdout
        and "sc-agent-recovered is recovered from the backup first" in run.stdout
    )
    (bucket,) = [b["Name"] for b in backed_up.s3.list_buckets()["Buckets"] if "-data-recovered" in b["Name"]]
    assert backed_up.objects(bucket) == first
    report = backed_up.reports()[-1]
    assert {verdict["ok"] for verdict in report["verdicts"]} == {True}

    again = backed_up.play("recover-environment", *gone, **wish)
    assert again.code != 0 and "no recovery that is open made it" in " ".join(again.stdout.split())

    other = {**wish, "environment_recovery_into": "other"}
    versions = backed_up.s3.list_object_versions(
        Bucket=backed_up.buckets[BACKUPS], Prefix=f"copies/{source}/data/a.csv"
    )
    (version,) = [found["VersionId"] for found in versions["Versions"] if not found["IsLatest"]]
    backed_up.s3.delete_object(Bucket=backed_up.buckets[BACKUPS], Key=f"copies/{source}/data/a.csv", VersionId=version)
    lost = backed_up.play("recover-environment", *gone, **other)
    assert lost.code != 0 and "1 missing (data/a.csv)" in " ".join(lost.stdout.split()), lost.output
    mixed = backed_up.play("recover-environment", *gone, **{**other, "environment_recovery_backup": "second"})
    assert mixed.code != 0 and "a recovery from the backup first is open" in " ".join(mixed.stdout.split())


def test_a_drill_measures_itself_reads_production_only_and_leaves_nothing(backed_up: Application) -> None:
    things = _everything(backed_up)
    mark = backed_up.account.mark()
    run = backed_up.play("dr-drill", dr_drill_written_at={"sessions": "updated_at"})
    assert run.code == 0, run.output
    assert _everything(backed_up) == things
    touched = [call for call in backed_up.account.mutating(mark) if _production(call)]
    assert touched == []
    (report,) = [report for report in backed_up.reports() if report["kind"] == "dr-drill"]
    phases = {phase["name"]: phase for phase in report["phases"]}
    assert {"stacks", "tables", "buckets", "verify", "compare"} <= set(phases)
    measured = datetime.fromisoformat(phases["verify"]["ended"]) - datetime.fromisoformat(phases["stacks"]["started"])
    assert report["facts"]["recovery time"] == f"{measured.total_seconds():.0f} s"
    assert {verdict["ok"] for verdict in report["verdicts"]} == {True}

    missed = backed_up.play("dr-drill", dr_drill_rto_seconds=0)
    assert missed.code != 0 and "the objective is 0 s" in " ".join(missed.stdout.split())
    assert _everything(backed_up) == things
    earlier = [section for section in backed_up.reports()[-1]["sections"] if section["title"] == "Earlier drills"]
    assert len(earlier[0]["rows"]) == 1


def test_what_a_killed_drill_left_is_removed(backed_up: Application) -> None:
    things = _everything(backed_up)
    _kill_after(backed_up, "dr-drill", "RestoreTableFromBackup", {})
    assert _everything(backed_up) != things
    run = backed_up.play("dr-drill", dr_drill_clean_up=True)
    assert run.code == 0, run.output
    assert _everything(backed_up) == things, run.output


# Arguments that say what is read: what a copy or a restore comes from, and what a restored table is tagged with.
_READ = ("Tags", "CopySource", "SourceTableName", "SourceTableArn", "BackupArn")


def _production(call: dict[str, Any]) -> bool:
    """Whether a call that changes something was about production."""
    told = json.dumps({name: value for name, value in call["arguments"].items() if name not in _READ})
    return "-prod" in told and not any(name in told for name in BOOKKEEPING)


def _everything(application: Application) -> dict[str, Any]:
    stacks = application.account.client("cloudformation").describe_stacks()["Stacks"]
    alarms = application.account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {
        "tables": sorted(application.tables()),
        "functions": sorted(f["FunctionName"] for f in application.functions.list_functions()["Functions"]),
        "buckets": sorted(b["Name"] for b in application.s3.list_buckets()["Buckets"]),
        "stacks": sorted(stack["StackName"] for stack in stacks),
        "alarms": sorted(alarm["AlarmName"] for alarm in alarms),
        "items": application.items(),
    }
