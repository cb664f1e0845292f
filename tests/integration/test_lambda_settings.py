# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_makers import make_function, publish
from integration.run_module import run_module, run_playbook

from ansible_collections.runbook.aws.plugins.modules import lambda_settings, lambda_settings_info
from local_aws.client import SECRET_KEY, Account

PASSWORD = "correct-horse-battery-staple"
ENVIRONMENT = {"TABLE": "orders", "MODE": "fast", "DB_PASSWORD": "do-not-print-this"}


@pytest.fixture
def application(account: Account) -> Account:
    """Functions `orders` with the aliases `live` and `beta`, `billing` with `live`, and `mail` with none."""
    make_function(account, "orders", aliases=("live", "beta"), Environment={"Variables": ENVIRONMENT})
    make_function(account, "billing", Environment={"Variables": {"TABLE": "orders"}})
    make_function(account, "mail", aliases=())
    return account


def settings(account: Account, *functions: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_module(account, "lambda_settings", functions=list(functions), **options)


def seen(account: Account) -> dict[str, Any]:
    """What callers get of each function by $LATEST and by each alias, without what only tells when it was made."""
    client = account.client("lambda")
    shown = ("Environment", "MemorySize", "Timeout", "Runtime", "CodeSha256")
    found = {}
    for function in client.list_functions()["Functions"]:
        name = function["FunctionName"]
        for qualifier in ["$LATEST", *(item["Name"] for item in client.list_aliases(FunctionName=name)["Aliases"])]:
            configuration = client.get_function(FunctionName=name, Qualifier=qualifier)["Configuration"]
            found[name, qualifier] = {key: configuration.get(key) for key in shown}
    return found


def variables(account: Account, name: str, qualifier: str = "live") -> dict[str, str]:
    return dict(seen(account)[name, qualifier]["Environment"]["Variables"])


CUTOVER = (
    {
        "name": "orders",
        "environment": {"TABLE": "orders-restored", "NEW": 1},
        "environment_absent": ["MODE"],
        "memory_size": 512,
        "timeout": 30,
        "refresh": "first",
        "publish": True,
        "alias": "live",
    },
    {"name": "billing", "environment": {"TABLE": "orders-restored"}, "publish": True, "alias": ["live"]},
    {"name": "mail", "runtime": "python3.13"},
)


def test_a_change_reaches_the_alias_and_comes_back_and_check_mode_told_it(application: Account) -> None:
    start, mark = seen(application), application.mark()
    told = run_module(application, "lambda_settings", functions=list(CUTOVER), check=True)
    assert told["changed"]
    assert application.mutating(mark) == []
    assert told["results"][0]["after"]["alias_version"] == "to be published"

    done = settings(application, *CUTOVER, diff=True, verbosity=3)
    assert [r["calls"] for r in done["results"]] == [r["calls"] for r in told["results"]]
    assert [r["before"] for r in done["results"]] == [r["before"] for r in told["results"]]
    assert done["results"][0]["before"] == {
        "name": "orders",
        "environment": {"TABLE": "orders", "MODE": "fast"},
        "environment_absent": ["NEW", "RUNBOOK_REFRESH"],
        "memory_size": 128,
        "timeout": 3,
        "alias": ["live"],
        "alias_version": "1",
    }
    assert done["results"][0]["after"]["alias_version"] == "2"
    assert all(result["verified"] for result in done["results"])
    made = [f"{call['service']}:{call['operation']}" for call in application.mutating(mark)]
    writes = [call for result in done["results"] for call in result["calls"] if call != "lambda:GetFunction"]
    assert sorted(made) == sorted(writes)
    assert all("RevisionId" in call["arguments"] for call in application.mutating(mark))
    assert variables(application, "orders") == {
        "TABLE": "orders-restored",
        "NEW": "1",
        "RUNBOOK_REFRESH": "first",
        "DB_PASSWORD": "do-not-print-this",
    }
    assert variables(application, "orders", "beta") == ENVIRONMENT
    assert "beta (version 1) keep what they have" in done["output"]
    for secret in ("do-not-print-this", SECRET_KEY):
        assert secret not in done["output"]

    mark = application.mark()
    again = settings(application, *CUTOVER)
    assert not again["changed"]
    assert application.mutating(mark) == []
    assert [result["before"] for result in again["results"]] == [result["after"] for result in again["results"]]

    back = settings(application, *(result["before"] for result in done["results"]))
    # The alias goes back first.
    assert back["results"][0]["calls"] == ["lambda:UpdateAlias", "lambda:UpdateFunctionConfiguration"]
    assert seen(application) == start


def test_a_secret_is_set_and_published_without_being_told_and_the_alias_is_the_way_back(application: Account) -> None:
    wish = {
        "name": "orders",
        "secret_environment": {"DB_PASSWORD": PASSWORD, "API_TOKEN": f"{PASSWORD}-2"},
        "publish": True,
        "alias": "live",
    }
    result = settings(application, wish, diff=True, verbosity=4)
    assert result["changed"]
    assert variables(application, "orders")["DB_PASSWORD"] == PASSWORD
    for secret in (PASSWORD, "do-not-print-this"):
        assert secret not in result["output"]
    assert "former values of DB_PASSWORD are not told" in result["output"]
    assert result["results"][0]["before"] == {
        "name": "orders",
        "environment_absent": ["API_TOKEN"],
        "alias": ["live"],
        "alias_version": "1",
    }
    assert not settings(application, wish)["changed"]
    settings(application, result["results"][0]["before"])
    assert variables(application, "orders") == ENVIRONMENT


@pytest.mark.parametrize(
    ("functions", "says"),
    [
        (
            [
                {"name": "orders:live", "timeout": 5},
                {"name": "orders", "environment": {"DB_PASSWORD": PASSWORD}},
                {"name": "mail", "environment": {"AWS_REGION": "x"}},
                {"name": "billing", "alias": "live"},
            ],
            [
                "4 of 4",
                "Leave out :live",
                "DB_PASSWORD looks like a secret",
                "set by Lambda itself",
                "what becomes of live",
            ],
        ),
        (
            [
                {"name": "nobody", "timeout": 5},
                {"name": "orders", "timeout": 901},
                {"name": "billing", "alias": "live", "alias_version": "9"},
                {"name": "mail", "publish": True, "alias": "live"},
            ],
            ["Function not found", "Give 1 to 900 seconds", "no version 9", "no alias live. It has none"],
        ),
        (
            [
                {"name": "orders", "environment": {"BIG": "x" * 4096}},
                {"name": "billing", "runtime": "python9"},
                {"name": "mail", "runtime": "nodejs22.x"},
            ],
            ["Lambda takes 4096", "python9 is not known", "cannot run on nodejs22.x"],
        ),
        (
            [{"name": "orders", "secret_environment": {"PIN_CODE": "1"}, "memory_size": 128}],
            ["PIN_CODE is also part of"],
        ),
    ],
    ids=["of the options", "of what is there", "of the settings", "a secret that would hide others"],
)
def test_bad_input_is_an_error_that_helps_and_nothing_is_written(
    application: Account, functions: list[dict[str, Any]], says: list[str]
) -> None:
    mark = application.mark()
    result = settings(application, *functions, verbosity=3)
    assert result["rc_"] != 0
    for part in says:
        assert part in result["msg"]
    assert application.mutating(mark) == []
    assert "Traceback" not in result["output"]
    assert PASSWORD not in result["output"]


def test_what_was_never_published_is_not_brought_to_the_callers(application: Account) -> None:
    publish(application, "orders", Handler="other.handler")
    client = application.client("lambda")
    client.update_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    wish = {"name": "orders", "environment": {"TABLE": "new"}, "publish": True, "alias": "live"}
    mark = application.mark()
    refused = settings(application, wish)
    assert "differs from version 1 in more than this task changes: handler" in refused["msg"]
    assert application.mutating(mark) == []
    done = settings(application, {**wish, "include_unpublished": True})
    assert "brings along what else was changed in $LATEST: handler" in done["output"]
    assert variables(application, "orders")["TABLE"] == "new"


def _wait_for(account: Account, mark: int, operation: str) -> None:
    deadline = time.monotonic() + 60
    while operation not in [call["operation"] for call in account.calls(mark)]:
        assert time.monotonic() < deadline, f"no {operation} after 60 s"
        time.sleep(0.05)


def test_a_change_of_somebody_else_at_the_same_time_is_not_lost(application: Account) -> None:
    # The read is answered, and somebody changes the function before the write arrives.
    application.fault("lambda", "ListEventSourceMappings", mode="delay", delay=2, times=1)
    mark = application.mark()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(settings, application, {"name": "orders", "environment": {"TABLE": "mine"}})
        _wait_for(application, mark, "ListAliases")
        application.client("lambda").update_function_configuration(
            FunctionName="orders", Environment={"Variables": {"TABLE": "theirs"}}
        )
        result = run.result()
    assert result["results"][0]["error_code"] in ("PreconditionFailedException", "ResourceConflictException")
    assert variables(application, "orders", "$LATEST") == {"TABLE": "theirs"}


def test_a_failed_update_gives_aws_reason_leaves_the_alias_and_is_repeated(application: Account) -> None:
    application.settings(function_update_failure="The role cannot be assumed by Lambda.")
    wish = {"name": "orders", "environment": {"TABLE": "new"}, "publish": True, "alias": "live"}
    failed = settings(application, wish)
    assert "The role cannot be assumed by Lambda. Its calls go on with the former" in failed["msg"]
    assert variables(application, "orders")["TABLE"] == "orders"
    application.settings(function_update_failure="")
    again = settings(application, wish)
    assert "lambda:UpdateFunctionConfiguration" in again["results"][0]["calls"]
    assert variables(application, "orders")["TABLE"] == "new"


@pytest.mark.parametrize("operation", ["PublishVersion", "UpdateAlias"])
def test_a_run_that_fails_halfway_is_finished_by_the_next(application: Account, operation: str) -> None:
    application.fault("lambda", operation, match={"FunctionName": "orders"}, error="ServiceException", status=400)
    failed = settings(application, *CUTOVER[:2])
    assert [bool(result["error"]) for result in failed["results"]] == [True, False]
    assert variables(application, "orders")["TABLE"] == "orders"
    again = settings(application, *CUTOVER[:2])
    assert [result["changed"] for result in again["results"]] == [True, False]
    assert variables(application, "orders")["TABLE"] == "orders-restored"
    # What failed had published nothing, or what it published is used.
    versions = application.client("lambda").list_versions_by_function(FunctionName="orders")["Versions"]
    assert len(versions) == 3


def test_provisioned_environments_of_the_alias_are_waited_for(application: Account) -> None:
    client = application.client("lambda")
    which = {"FunctionName": "orders", "Qualifier": "live"}
    client.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=5)
    client.get_provisioned_concurrency_config(**which)
    application.settings(transition_seconds=0.5)
    wish = {"name": "orders", "timeout": 30, "publish": True, "alias": "live"}
    done = settings(application, wish)
    assert "prepares the 5 provisioned environments of live anew" in done["output"]
    assert client.get_provisioned_concurrency_config(**which)["Status"] == "READY"
    assert "RoutingConfig" not in client.get_alias(FunctionName="orders", Name="live")

    # Where they cannot be prepared, AWS keeps calling the old version, and the way back works nevertheless.
    application.settings(provisioned_failure="FUNCTION_ERROR_INIT_FAILURE")
    failed = settings(application, {**wish, "timeout": 40})
    assert "FUNCTION_ERROR_INIT_FAILURE" in failed["msg"]
    application.settings(provisioned_failure="")
    back = settings(application, failed["results"][0]["before"])
    assert back["rc_"] == 0
    assert client.get_alias(FunctionName="orders", Name="live")["FunctionVersion"] == "2"
    assert seen(application)["orders", "live"]["Timeout"] == 30


def test_a_denied_call_names_what_to_allow_and_one_for_a_warning_is_said_to_be_missing(application: Account) -> None:
    application.settings(denied=["lambda:UpdateFunctionConfiguration", "lambda:ListEventSourceMappings"])
    result = settings(application, {"name": "orders", "timeout": 5})
    assert "Allow lambda:UpdateFunctionConfiguration" in result["msg"]
    assert "Which event sources call a version or alias is not observable" in result["output"]


def test_a_lost_answer_does_no_harm(application: Account) -> None:
    application.fault("lambda", "UpdateAlias", mode="disconnect_after")
    wish = {"name": "orders", "timeout": 5, "publish": True, "alias": "live"}
    settings(application, wish)
    assert not settings(application, wish)["changed"]
    assert seen(application)["orders", "live"]["Timeout"] == 5


@pytest.mark.parametrize("module", [lambda_settings, lambda_settings_info], ids=["settings", "info"])
def test_the_examples_run(account: Account, tmp_path: Path, module: Any) -> None:
    environment = {"Variables": {"SESSIONS_TABLE": "sc-agent-sessions-prod"}}
    for name in ("sc-agent-orchestrator-prod", "sc-agent-risk-agent-prod"):
        make_function(account, name, Environment=environment)
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "module_defaults": {"group/runbook.aws.aws": account.module_args},
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": yaml.safe_load(module.EXAMPLES),
    }
    book = tmp_path / "examples.yml"
    book.write_text(yaml.safe_dump([play], sort_keys=False))
    run = run_playbook("--inventory=localhost,", str(book))
    assert run.code == 0, run.output
    assert f"ok={len(play['tasks'])} " in run.output
