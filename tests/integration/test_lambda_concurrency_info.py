# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from aws_makers import make_function, publish
from integration.run_module import run_module

from local_aws.client import Account


@pytest.fixture
def application(account: Account) -> Account:
    """Functions of two environments; `shop-orders-prod` reserves, and has provisioned concurrency on two qualifiers."""
    make_function(account, "shop-orders-prod", aliases=())
    for name in ("shop-mail-prod", "shop-orders-dev"):
        make_function(account, name)
    client = account.client("lambda")
    second = publish(account, "shop-orders-prod", Description="second")
    client.create_alias(FunctionName="shop-orders-prod", Name="live", FunctionVersion=second)
    provisioned = [
        {"qualifier": "1", "concurrency": 5},
        {"qualifier": "live", "autoscaling": {"min_capacity": 10, "max_capacity": 40, "target_utilization": 60}},
    ]
    run_module(
        account,
        "lambda_concurrency",
        functions=[{"name": "shop-orders-prod", "reserved": 150, "provisioned": provisioned}],
    )
    return account


def info(account: Account, **options: Any) -> dict[str, Any]:
    return run_module(account, "lambda_concurrency_info", **options)


def test_functions_are_found_by_pattern_with_the_accounts_totals(application: Account) -> None:
    mark = application.mark()
    result = info(application, name_pattern="shop-*-prod")
    assert result["account"] == {"limit": 1000, "reserved": 150, "unreserved": 850}
    assert result["results"] == [
        {
            "target": "shop-mail-prod",
            "error": None,
            "error_code": None,
            "function": {"name": "shop-mail-prod", "reserved": "unreserved"},
        },
        {
            "target": "shop-orders-prod",
            "error": None,
            "error_code": None,
            "function": {"name": "shop-orders-prod", "reserved": 150},
        },
    ]
    calls = [call["operation"] for call in application.calls(mark) if call["service"] == "lambda"]
    assert sorted(calls) == ["GetAccountSettings", "GetFunction", "GetFunction", "ListFunctions"]


def test_what_is_shown_can_be_given_back(application: Account) -> None:
    shown = info(application, functions=["shop-orders-prod", "shop-mail-prod"], provisioned=True)["results"]
    orders, mail = (result["function"] for result in shown)
    assert mail == {"name": "shop-mail-prod", "reserved": "unreserved", "provisioned": []}
    assert orders["provisioned"][0] == {"qualifier": "1", "concurrency": 5}
    assert orders["provisioned"][1]["autoscaling"]["target_utilization"] == 60
    assert "concurrency" not in orders["provisioned"][1]
    assert shown[0]["provisioned_status"][1] == {
        "qualifier": "live",
        "requested": 10,
        "status": "READY",
        "reason": "",
        "allocated": 10,
        "available": 10,
    }
    assert not run_module(application, "lambda_concurrency", functions=[orders, mail])["changed"]

    gone = [{"qualifier": q, "concurrency": 0, "autoscaling": {"state": "absent"}} for q in ("1", "live")]
    run_module(
        application,
        "lambda_concurrency",
        functions=[{"name": "shop-orders-prod", "reserved": "unreserved", "provisioned": gone}],
    )
    assert run_module(application, "lambda_concurrency", functions=[orders, mail])["changed"]
    again = info(application, functions=["shop-orders-prod", "shop-mail-prod"], provisioned=True)["results"]
    assert [result["function"] for result in again] == [orders, mail]


def test_one_unknown_function_does_not_hide_the_others(application: Account) -> None:
    result = info(application, functions=["nobody", "shop-mail-prod"])
    assert result["rc_"] != 0
    assert "1 of 2 could not be read" in result["msg"]
    assert "nobody" in result["msg"]
    assert result["results"][1]["function"]["reserved"] == "unreserved"


def test_a_denied_list_names_what_to_allow(application: Account) -> None:
    application.settings(denied=["lambda:ListFunctions"])
    assert "Allow lambda:ListFunctions" in info(application)["msg"]
