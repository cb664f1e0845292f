# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The three playbooks of a scale event, as an operator runs them, on the reference application."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from integration.run_module import ROOT, Run, environment, run_playbook

from local_aws.client import SECRET_KEY, Account, LocalAws
from local_aws.reference import seed, seed_other

ORCHESTRATOR = "sc-agent-orchestrator-prod"
SESSIONS = "sc-agent-sessions-prod"
RUNBOOK_TABLE = "sc-agent-runbook-prod"


@pytest.fixture
def application(account: Account) -> Account:
    """The reference application's production in an account of its own."""
    seed(account.endpoint, account.session, environments=("prod",), minimal=True)
    return account


@pytest.fixture(scope="module")
def untouched(local_aws: LocalAws) -> Account:
    """The same for tests that must leave it as it is."""
    account = local_aws.fresh_account()
    seed(account.endpoint, account.session, environments=("prod",), minimal=True)
    return account


def _environment(account: Account) -> dict[str, str]:
    return {
        "RUNBOOK_LOCAL_ENDPOINT": account.endpoint,
        "RUNBOOK_LOCAL_ACCOUNT": account.id,
        "RUNBOOK_CHANGE_LOG": str(ROOT / ".cache" / "change-log"),
    }


# Enough where it is not about tables: a play without them is half as long.
SMALL = {
    "high_traffic": {
        "functions": [
            {"name": "orchestrator", "reserved": 200, "provisioned": [{"qualifier": "live", "concurrency": 50}]},
            {"name": "risk-agent", "reserved": 50},
        ]
    }
}


def play(account: Account, name: str, *arguments: str, log: Path | None = None, **variables: Any) -> Run:
    env = _environment(account) | ({"RUNBOOK_CHANGE_LOG": str(log)} if log else {})
    return run_playbook(f"playbooks/{name}.yml", "--extra-vars", json.dumps(variables), *arguments, env=env)


def state(account: Account) -> dict[str, Any]:
    """All that a scale event may touch, read through the services' own APIs."""
    functions, scaling, tables = (account.client(s) for s in ("lambda", "application-autoscaling", "dynamodb"))
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    reserved = {
        n: functions.get_function_concurrency(FunctionName=n).get("ReservedConcurrentExecutions") for n in names
    }
    provisioned = {
        name: sorted(
            (config["FunctionArn"], config["RequestedProvisionedConcurrentExecutions"])
            for config in functions.list_provisioned_concurrency_configs(FunctionName=name)[
                "ProvisionedConcurrencyConfigs"
            ]
        )
        for name in names
    }
    bounds = {
        (target["ResourceId"], target["ScalableDimension"]): (target["MinCapacity"], target["MaxCapacity"])
        for namespace in ("dynamodb", "lambda")
        for target in scaling.describe_scalable_targets(ServiceNamespace=namespace)["ScalableTargets"]
    }
    modes = {
        name: tables.describe_table(TableName=name)["Table"].get("BillingModeSummary", {}).get("BillingMode")
        for name in tables.list_tables()["TableNames"]
        if "-runbook-" not in name
    }
    return {"reserved": reserved, "provisioned": provisioned, "bounds": bounds, "modes": modes}


def writes(account: Account, since: int) -> list[str]:
    """Calls that changed the environment; what is written into the table of locks and records is bookkeeping."""
    return [
        call["operation"]
        for call in account.mutating(since)
        if call["operation"] not in ("UpdateItem", "TransactWriteItems")
    ]


def _records(account: Account) -> list[dict[str, Any]]:
    tables = account.client("dynamodb")
    if RUNBOOK_TABLE not in tables.list_tables()["TableNames"]:
        return []
    items: list[dict[str, Any]] = tables.scan(TableName=RUNBOOK_TABLE)["Items"]
    return items


def recap(run: Run) -> dict[str, int]:
    line = next(line for line in run.stdout.splitlines() if line.startswith("sc-agent-prod "))
    return {key: int(value) for key, value in (pair.split("=") for pair in line.split(":", 1)[1].split())}


def test_an_event_and_its_way_back(application: Account) -> None:
    original = state(application)

    mark = application.mark()
    rehearsal = play(application, "scale-for-event", "--check", "--diff", scale_event_name="sale")
    assert rehearsal.code == 0, rehearsal.output
    assert application.mutating(mark) == []
    assert "this would change" in rehearsal.stdout and "+    reserved: 200" in rehearsal.stdout

    run = play(application, "scale-for-event", scale_event_name="sale")
    assert run.code == 0, run.output
    scaled = state(application)
    assert scaled["reserved"][ORCHESTRATOR] == 200 and scaled["reserved"]["sc-agent-risk-agent-prod"] == 50
    assert [number for _arn, number in scaled["provisioned"][ORCHESTRATOR]] == [50]
    assert set(scaled["bounds"].values()) == {(50, 500)} and len(scaled["bounds"]) == 4
    units = application.client("dynamodb").describe_table(TableName=SESSIONS)["Table"]["ProvisionedThroughput"]
    assert units["ReadCapacityUnits"] >= 50 and units["WriteCapacityUnits"] >= 50
    assert "changed and verified" in run.stdout

    mark = application.mark()
    again = play(application, "scale-for-event", scale_event_name="sale")
    assert again.code == 0 and recap(again)["changed"] == 0, again.output
    assert writes(application, mark) == []
    assert state(application) == scaled

    mark = application.mark()
    rehearsal = play(application, "scale-back", "--check", "--diff", scale_event_name="sale")
    assert rehearsal.code == 0 and "this would be brought back" in rehearsal.stdout, rehearsal.output
    assert application.mutating(mark) == []

    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code == 0 and "brought back" in back.stdout, back.output
    assert state(application) == original

    mark = application.mark()
    again = play(application, "scale-back", scale_event_name="sale")
    assert again.code == 0 and recap(again)["changed"] == 0 and "was closed at" in again.stdout, again.output
    assert writes(application, mark) == []


def test_what_somebody_changed_meanwhile_is_left_and_reported_unless_forced(application: Account) -> None:
    original = state(application)
    assert play(application, "scale-for-event", scale_event_name="sale").code == 0
    functions = application.client("lambda")
    functions.put_function_concurrency(FunctionName=ORCHESTRATOR, ReservedConcurrentExecutions=230)

    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code == 0 and "stays open" in back.stdout, back.output
    left = state(application)
    assert left["reserved"] == {**original["reserved"], ORCHESTRATOR: 230}
    assert (left["provisioned"], left["bounds"]) == (original["provisioned"], original["bounds"])

    forced = play(application, "scale-back", scale_event_name="sale", scale_event_force=True)
    assert forced.code == 0, forced.output
    assert state(application) == original
    assert "was closed at" in play(application, "scale-back", scale_event_name="sale").stdout


def test_what_somebody_changed_can_be_accepted(application: Account) -> None:
    assert play(application, "scale-for-event", scale_event_profiles=SMALL, scale_event_name="sale").code == 0
    functions = application.client("lambda")
    functions.put_function_concurrency(FunctionName=ORCHESTRATOR, ReservedConcurrentExecutions=230)
    accepted = play(application, "scale-back", scale_event_name="sale", scale_event_accept=True)
    assert accepted.code == 0 and "the event is closed" in accepted.stdout, accepted.output
    assert state(application)["reserved"][ORCHESTRATOR] == 230
    assert "was closed at" in play(application, "scale-back", scale_event_name="sale").stdout


def test_a_function_that_was_deleted_meanwhile_does_not_keep_the_rest_scaled_up(application: Account) -> None:
    original = state(application)
    assert play(application, "scale-for-event", scale_event_name="sale").code == 0
    application.client("lambda").delete_function(FunctionName="sc-agent-risk-agent-prod")
    back = play(application, "scale-back", scale_event_name="sale", scale_event_force=True)
    assert back.code == 0 and "gone" in back.stdout and "stays open" in back.stdout, back.output
    assert state(application)["bounds"] == original["bounds"]
    assert state(application)["reserved"][ORCHESTRATOR] == original["reserved"][ORCHESTRATOR]


def test_what_aws_refuses_to_bring_back_does_not_keep_the_rest_and_is_finished_later(application: Account) -> None:
    profiles = {
        "high_traffic": {
            "functions": [{"name": "orchestrator", "reserved": 200}],
            "tables": [{"name": "inventory", "read": {"units": 100}}],
        }
    }
    original = state(application)
    tables = application.client("dynamodb")
    assert play(application, "scale-for-event", scale_event_name="sale", scale_event_profiles=profiles).code == 0
    units = tables.describe_table(TableName="sc-agent-inventory-prod")["Table"]["ProvisionedThroughput"]
    # DynamoDB lowers a table four times at once; the fifth time has to wait for an hour.
    for less in range(1, 5):
        _set_units(tables, "sc-agent-inventory-prod", 100, units["WriteCapacityUnits"] + 10 - less)
    _set_units(tables, "sc-agent-inventory-prod", 100, units["WriteCapacityUnits"])

    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code != 0 and "sc-agent-inventory-prod" in back.output and "stays open" in back.output, back.output
    assert state(application)["reserved"] == original["reserved"]
    application.advance(3700)
    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code == 0, back.output
    found = tables.describe_table(TableName="sc-agent-inventory-prod")["Table"]["ProvisionedThroughput"]
    assert found["ReadCapacityUnits"] == 20


def _set_units(tables: Any, name: str, read: int, write: int) -> None:
    now = tables.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]
    if (now["ReadCapacityUnits"], now["WriteCapacityUnits"]) != (read, write):
        throughput = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
        tables.update_table(TableName=name, ProvisionedThroughput=throughput)
        while tables.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
            time.sleep(0.05)


def test_an_index_that_was_deleted_meanwhile_is_told_and_the_event_can_be_closed(application: Account) -> None:
    original = state(application)
    assert play(application, "scale-for-event", scale_event_name="sale").code == 0
    application.client("dynamodb").update_table(
        TableName=SESSIONS, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-user"}}]
    )
    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code == 0 and "indexes.by-user" in back.stdout and "stays open" in back.stdout, back.output
    assert state(application)["reserved"] == original["reserved"]
    closed = play(application, "scale-back", scale_event_name="sale", scale_event_accept=True)
    assert closed.code == 0 and "the event is closed" in closed.stdout, closed.output


@pytest.mark.parametrize(
    "order", [("first", "second"), ("second", "first")], ids=["first-ends-first", "second-ends-first"]
)
def test_two_events_at_a_time_do_not_take_each_others_sizes_away(application: Account, order: tuple[str, str]) -> None:
    def profiles(reserved: int) -> dict[str, Any]:
        return {"high_traffic": {"functions": [{"name": "orchestrator", "reserved": reserved}]}}

    sizes = {"first": 200, "second": 300}
    for name, reserved in sizes.items():
        run = play(application, "scale-for-event", scale_event_name=name, scale_event_profiles=profiles(reserved))
        assert run.code == 0, run.output
    ends, stays = order
    back = play(application, "scale-back", scale_event_name=ends)
    assert back.code == 0 and f" {stays}" in back.stdout, back.output
    assert state(application)["reserved"][ORCHESTRATOR] == sizes[stays]
    back = play(application, "scale-back", scale_event_name=stays)
    assert back.code == 0, back.output
    assert state(application)["reserved"][ORCHESTRATOR] == 100


@pytest.mark.parametrize(("sign", "way_on"), [(signal.SIGKILL, "undo"), (signal.SIGINT, "finish")])
def test_a_run_that_is_killed_between_two_calls(application: Account, sign: signal.Signals, way_on: str) -> None:
    original = state(application)
    # The last write of the event is throttled for as long as it takes to kill the run that patiently repeats it.
    application.fault(
        "lambda", "PutProvisionedConcurrencyConfig", error="TooManyRequestsException", status=429, times=0
    )
    with _begun(application) as run:
        family = _descendants(run.pid)
        run.send_signal(sign)
        if sign == signal.SIGKILL:  # As when the machine is gone: nobody is left to go on.
            for pid in family:
                os.kill(pid, sign)
    application.clear_faults()
    between = state(application)
    assert between["reserved"][ORCHESTRATOR] == 200 and between["provisioned"] == original["provisioned"]

    if way_on == "finish":
        again = play(application, "scale-for-event", scale_event_profiles=SMALL, scale_event_name="sale")
        assert again.code == 0, again.output
        assert [number for _arn, number in state(application)["provisioned"][ORCHESTRATOR]] == [50]
    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code == 0, back.output
    assert state(application) == original


def test_what_is_left_of_a_killed_run_stops_writing(application: Account) -> None:
    """Only the main process is killed: its workers go on, but the lock is somebody else's from now on."""
    application.fault(
        "lambda", "PutProvisionedConcurrencyConfig", error="TooManyRequestsException", status=429, times=0
    )
    with _begun(application) as run:
        family = _descendants(run.pid)
        run.kill()
    application.clear_faults()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in family):
        assert time.monotonic() < deadline, "something of the killed run is still there"
        time.sleep(0.2)
    assert state(application)["provisioned"][ORCHESTRATOR] == []


@contextmanager
def _begun(account: Account) -> Iterator[subprocess.Popen[bytes]]:
    """A run of scale-for-event in its last write."""
    wish = json.dumps({"scale_event_name": "sale", "scale_event_profiles": SMALL})
    with subprocess.Popen(
        ["ansible-playbook", "playbooks/scale-for-event.yml", "--extra-vars", wish],
        cwd=ROOT,
        env=environment(_environment(account)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        deadline = time.monotonic() + 90
        while "PutProvisionedConcurrencyConfig" not in {call["operation"] for call in account.calls()}:
            assert run.poll() is None and time.monotonic() < deadline, "it did not get as far as its last write"
            time.sleep(0.1)
        yield run
        run.wait(timeout=30)


def _descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(below for child in children for below in _descendants(child))]


def test_of_two_runs_at_once_the_second_is_refused_with_the_holders_name(application: Account) -> None:
    application.settings(transition_seconds=4)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(play, application, "scale-for-event", scale_event_profiles=SMALL, scale_event_name="sale")
        deadline = time.monotonic() + 60
        while "TransactWriteItems" not in {call["operation"] for call in application.calls()}:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        second = play(application, "scale-for-event", scale_event_profiles=SMALL, scale_event_name="other")
        assert first.result().code == 0, first.result().output
    assert second.code != 0
    assert "held by" in second.output and "scale-event sale" in second.output, second.output
    records = _records(application)
    assert {item["name"]["S"] for item in records if "name" in item} == {"sale"}
    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code == 0, back.output


def test_what_is_past_its_end_is_brought_back_by_a_schedule(application: Account) -> None:
    original = state(application)
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (
        play(
            application,
            "scale-for-event",
            scale_event_profiles=SMALL,
            scale_event_name="sale",
            scale_event_ends_at=soon,
        ).code
        == 0
    )

    quiet = play(application, "scale-back", scale_event_overdue=True)
    assert quiet.code == 0 and "no event is past its end" in quiet.stdout, quiet.output
    assert state(application) != original

    table = application.client("dynamodb")
    _let_it_end(table)
    run = play(application, "scale-back", scale_event_overdue=True)
    assert run.code == 0 and "brought back" in run.stdout, run.output
    assert state(application) == original


def _let_it_end(table: Any) -> None:
    """Move the recorded end of every event into the past, as if the time had come."""
    past = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for item in table.scan(TableName=RUNBOOK_TABLE)["Items"]:
        if "ends_at" in item:
            table.update_item(
                TableName=RUNBOOK_TABLE,
                Key={"kind": item["kind"], "id": item["id"]},
                UpdateExpression="SET ends_at = :past",
                ExpressionAttributeValues={":past": {"S": past}},
            )


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"scale_event_profile": "high_trafic"}, ["high_trafic", "baseline, high_traffic"]),
        ({"scale_event_name": "black friday"}, ["black friday", "no name for an event"]),
        ({"scale_event_name": 2026}, ["2026", "no name for an event"]),
        ({"scale_event_profiles": {"high_traffic": {"function": [{"name": "*"}]}}}, ["has function", "functions and"]),
        ({"scale_event_profiles": {"high_traffic": {"functions": "orchestrator"}}}, ["has functions", "list"]),
        ({"runbook_profile": "nope"}, ["nope"]),
        ({"scale_event_ends_at": "2020-01-01T00:00Z"}, ["2020-01-01T00:00Z", "past"]),
        ({"scale_event_ends_at": "2030-01-01T00:00"}, ["which time zone"]),
        ({"runbook_expected_account_id": "111122223333"}, ["111122223333", "nothing was written"]),
        (
            {"scale_event_profiles": {"high_traffic": {"functions": [{"name": "orchestrater", "reserved": 5}]}}},
            ["orchestrater", "orchestrator"],
        ),
        (
            {"scale_event_profiles": {"high_traffic": {"functions": [{"name": "orchestrator", "reserved": -5}]}}},
            ["sc-agent-orchestrator-prod", "-5"],
        ),
        (
            {"scale_event_profiles": {"high_traffic": {"functions": [{"name": "orchestrator", "reserved": 950}]}}},
            ["sc-agent-orchestrator-prod", "100"],
        ),
        (
            {
                "scale_event_profiles": {
                    "high_traffic": {
                        "functions": [
                            {"name": "orchestrator", "provisioned": [{"qualifier": "$LATEST", "concurrency": 5}]}
                        ]
                    }
                }
            },
            ["$LATEST", "alias"],
        ),
    ],
    ids=[
        "profile",
        "name",
        "number",
        "typo",
        "no-list",
        "credentials",
        "past",
        "zone",
        "account",
        "unknown",
        "negative",
        "too-much",
        "latest",
    ],
)
def test_a_wrongwish_is_explained_before_anything_is_scaled(
    untouched: Account, variables: dict[str, Any], says: list[str]
) -> None:
    original = state(untouched)
    mark = untouched.mark()
    run = play(untouched, "scale-for-event", **variables)
    assert run.code != 0
    for words in says:
        assert words in run.output, run.output
    assert "Traceback" not in run.output
    assert state(untouched) == original
    assert set(writes(untouched, mark)) <= {"CreateTable", "UpdateContinuousBackups"}
    kinds = [item["kind"]["S"] for item in _records(untouched)]
    assert set(kinds) <= {"lock"}, "an event that never began is on record"


def test_a_denied_action_is_named_and_the_lock_is_given_back(application: Account) -> None:
    original = state(application)
    application.deny("lambda:PutFunctionConcurrency")
    run = play(application, "scale-for-event", scale_event_profiles=SMALL, scale_event_name="sale")
    assert run.code != 0 and "lambda:PutFunctionConcurrency" in run.output and "Allow" in run.output, run.output
    application.settings(denied=[])
    back = play(application, "scale-back", scale_event_name="sale")
    assert back.code == 0, back.output
    assert state(application) == original


def test_an_event_without_a_record_cannot_be_brought_back(untouched: Account) -> None:
    run = play(untouched, "scale-back", scale_event_name="never-was")
    assert run.code != 0 and "no event 'never-was' on record" in run.output, run.output


def test_the_status_shows_use_against_limits_and_writes_nothing(application: Account) -> None:
    now = datetime.now(UTC)
    application.client("cloudwatch").put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": "ConcurrentExecutions",
                "Dimensions": [{"Name": "FunctionName", "Value": ORCHESTRATOR}],
                "Timestamp": now - timedelta(seconds=60),
                "Value": 83,
            }
        ],
    )
    mark = application.mark()
    run = play(application, "scale-status")
    assert run.code == 0, run.output
    line = next(line for line in run.stdout.splitlines() if ORCHESTRATOR in line)
    assert line.split()[-4:] == ["83", "100", "83", "-"], line
    assert application.mutating(mark) == []


def test_another_application_with_other_names_works_the_same(account: Account) -> None:
    seed_other(account.endpoint, account.session)
    functions = account.client("lambda")
    (name,) = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    profiles = {"high_traffic": {"functions": [{"name": "*", "reserved": 70}], "tables": [{"name": "*"}]}}
    run = play(account, "scale-for-event", scale_event_profiles=profiles)
    assert run.code == 0, run.output
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 70
    assert play(account, "scale-status").code == 0
    back = play(account, "scale-back", scale_event_profiles=profiles)
    assert back.code == 0, back.output
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=name)


def test_no_secret_is_printed_or_logged_at_any_verbosity(application: Account, tmp_path: Path) -> None:
    run = play(application, "scale-for-event", "-vvv", "--diff", log=tmp_path)
    assert run.code == 0, run.output
    (log,) = tmp_path.iterdir()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["target"] for line in lines} >= {ORCHESTRATOR, SESSIONS}
    assert SECRET_KEY not in run.output and SECRET_KEY not in log.read_text()
