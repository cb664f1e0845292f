# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_makers import make_function, publish
from integration.examples import assert_examples_run
from integration.run_module import run_module

from ansible_collections.runbook.aws.plugins.modules import lambda_settings_info
from local_aws.client import Account


@pytest.fixture
def application(account: Account) -> Account:
    """`shop-orders-prod` uses the table `new` in $LATEST, and `old` behind its alias; `shop-mail-prod` has no variables."""
    make_function(
        account,
        "shop-orders-prod",
        Environment={"Variables": {"TABLE": "old", "COPY": "old", "DB_PASSWORD": "do-not-print-this"}},
    )
    variables = {"TABLE": "new", "COPY": "old", "DB_PASSWORD": "do-not-print-this"}
    publish(account, "shop-orders-prod", Environment={"Variables": variables}, MemorySize=512)
    make_function(account, "shop-mail-prod", aliases=())
    make_function(account, "shop-orders-dev", Environment={"Variables": {"TABLE": "old"}})
    return account


def info(account: Account, **options: Any) -> dict[str, Any]:
    return run_module(account, "lambda_settings_info", **options)


def test_functions_are_shown_with_the_names_of_their_variables_and_their_users_are_found(application: Account) -> None:
    mark = application.mark()
    result = info(application, name_pattern="shop-*-prod", variables=["TABLE"], environment_values=["old"], verbosity=3)
    assert [item["target"] for item in result["results"]] == ["shop-mail-prod", "shop-orders-prod"]
    orders = result["results"][1]
    assert orders["function"] == {
        "name": "shop-orders-prod",
        "memory_size": 512,
        "timeout": 3,
        "runtime": "python3.12",
        "environment": {"TABLE": "new"},
    }
    assert orders["variables"] == ["COPY", "DB_PASSWORD", "TABLE"]
    assert orders["aliases"] == [{"alias": "live", "version": "1", "weights": {}}]
    assert (orders["state"], orders["last_update_status"]) == ("Active", "Successful")
    of_orders = {"function": "shop-orders-prod", "value": "old"}
    assert result["consumers"] == [
        {**of_orders, "variable": "COPY", "qualifiers": ["$LATEST", "live"]},
        {**of_orders, "variable": "TABLE", "qualifiers": ["live"]},
    ]
    assert "do-not-print-this" not in result["output"]
    assert application.mutating(mark) == []

    wish = [orders["function"]]
    assert not run_module(application, "lambda_settings", functions=wish)["changed"]


def test_values_of_secrets_are_not_shown(application: Account) -> None:
    result = info(application, functions=["shop-orders-prod"], variables=["DB_PASSWORD"])
    assert "DB_PASSWORD: the name looks like a secret's" in result["msg"]
    assert "do-not-print-this" not in result["output"]


def test_one_unknown_function_does_not_hide_the_others(application: Account) -> None:
    result = info(application, functions=["nobody", "shop-mail-prod"], environment_values=["old"])
    assert result["rc_"] != 0
    assert "1 of 2 could not be read" in result["msg"]
    assert result["results"][1]["variables"] == []
    assert result["consumers"] == []


def test_a_denied_call_names_what_to_allow(application: Account) -> None:
    application.settings(denied=["lambda:ListAliases"])
    assert "Allow lambda:ListAliases" in info(application, name_pattern="shop-*")["msg"]


DB, KEYS = "/shop/prod/database", "/shop/prod/api-keys"


@pytest.fixture
def readers(application: Account) -> Account:
    """`shop-api-prod` names a secret by its ARN, `shop-old-prod` only in what its alias runs, `shop-job-prod` by a tag."""
    client = application.client("secretsmanager")
    arn = client.create_secret(Name=DB, SecretString="do-not-print-this")["ARN"]
    make_function(application, "shop-api-prod", Environment={"Variables": {"DB_SECRET": arn, "KEYS": KEYS}})
    make_function(application, "shop-old-prod", Environment={"Variables": {"DB_SECRET": DB}})
    publish(application, "shop-old-prod", Environment={"Variables": {"OTHER": "x"}})
    make_function(application, "shop-job-prod", aliases=(), Tags={"secrets": f"{DB} /shop/prod/other"})
    return application


def test_the_users_of_many_secrets_are_found_by_one_task_with_the_way_to_start_them_anew(readers: Account) -> None:
    mark = readers.mark()
    result = info(readers, secrets=[DB, KEYS], secret_tag="secrets", secret_users=["shop-mail-prod"], verbosity=3)
    found = {(use["function"], use["secret"], use["found_by"]): use["qualifiers"] for use in result["consumers"]}
    assert found == {
        ("shop-api-prod", DB, "environment"): ["$LATEST", "live"],
        ("shop-api-prod", KEYS, "environment"): ["$LATEST", "live"],
        ("shop-job-prod", DB, "tag"): ["$LATEST"],
        ("shop-mail-prod", DB, "list"): ["$LATEST"],
        ("shop-mail-prod", KEYS, "list"): ["$LATEST"],
        ("shop-old-prod", DB, "environment"): ["live"],
    }
    assert result["restarts"] == [
        {"name": "shop-api-prod", "publish": True, "alias": ["live"]},
        {"name": "shop-job-prod"},
        {"name": "shop-mail-prod"},
        {"name": "shop-old-prod", "publish": True, "alias": ["live"]},
    ]
    assert "do-not-print-this" not in result["output"]
    assert readers.mutating(mark) == []
    # What uses none of them is not asked.
    assert [call["operation"] for call in readers.calls(mark)].count("ListAliases") == 4

    wish = [{**restart, "refresh": "rotation-1"} for restart in result["restarts"][:3]]
    done = run_module(readers, "lambda_settings", functions=wish)
    assert done["rc_"] == 0, done["output"]
    assert [item["changed"] for item in done["results"]] == [True] * 3


def test_a_function_that_uses_a_secret_only_in_versions_without_an_alias_is_found_and_not_started_anew(
    readers: Account,
) -> None:
    make_function(readers, "shop-fixed-prod", aliases=(), Environment={"Variables": {"DB_SECRET": DB}})
    version = readers.client("lambda").publish_version(FunctionName="shop-fixed-prod")["Version"]
    publish(readers, "shop-fixed-prod", Environment={"Variables": {"OTHER": "x"}})
    mark = readers.mark()
    for options in ({"name_pattern": "shop-fixed-*"}, {"functions": ["shop-fixed-prod"]}):
        result = info(readers, secrets=[DB], **options)
        (use,) = result["consumers"]
        assert (use["function"], use["secret"], use["found_by"]) == ("shop-fixed-prod", DB, "environment")
        assert (use["qualifiers"], use["versions"]) == ([version], [version])
        assert result["restarts"] == []
        said = result["results"][0]["not_observable"]
        assert f"shop-fixed-prod: only versions without an alias ({version}) use {DB}" in said
        assert said in result["warnings"][0]
    assert readers.mutating(mark) == []
    # The listing of all has told the variables of its versions already.
    assert [call["operation"] for call in readers.calls(mark)].count("ListVersionsByFunction") == 1


def test_users_without_secrets_are_refused(application: Account) -> None:
    assert "name the secrets in secrets" in info(application, secret_users=["shop-mail-prod"])["msg"]


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    variables = {"SESSIONS_TABLE": "sc-agent-sessions-prod", "DB_SECRET": "/sc-agent/prod/database/credentials"}
    make_function(account, "sc-agent-orchestrator-prod", Environment={"Variables": variables})
    assert_examples_run(account, tmp_path, lambda_settings_info)
    live = account.client("lambda").get_function_configuration(FunctionName="sc-agent-orchestrator-prod:live")
    assert live["Environment"]["Variables"] == {**variables, "RUNBOOK_REFRESH": "rotation-2026-01-31"}
