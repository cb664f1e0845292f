# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from integration.run_module import run_module

from local_aws.client import Account

TABLE, LIST, SECRET = "/shop/prod/orders-table", "/shop/prod/regions", "/shop/prod/key"
WANTED = [{"name": TABLE, "value": "orders-restored"}, {"name": LIST, "value": "eu-west-1,us-east-1"}]


@pytest.fixture
def store(account: Account) -> Account:
    ssm = account.client("ssm")
    ssm.put_parameter(Name=TABLE, Value="orders", Type="String", Description="which table")
    ssm.put_parameter(Name=LIST, Value="us-east-1", Type="StringList")
    ssm.put_parameter(Name=SECRET, Value="do-not-print-this", Type="SecureString")
    return account


def values(account: Account) -> dict[str, Any]:
    found = account.client("ssm").get_parameters(Names=[TABLE, LIST, SECRET])["Parameters"]
    return {item["Name"]: (item["Type"], item["Value"]) for item in found}


def test_values_are_set_and_put_back(store: Account) -> None:
    start, mark = values(store), store.mark()
    assert run_module(store, "ssm_parameter", check=True, parameters=WANTED)["changed"]
    assert store.mutating(mark) == []
    done = run_module(store, "ssm_parameter", parameters=WANTED)
    assert [result["calls"] for result in done["results"]] == [["ssm:PutParameter"]] * 2
    assert values(store)[TABLE] == ("String", "orders-restored")
    assert values(store)[LIST] == ("StringList", "eu-west-1,us-east-1")
    mark = store.mark()
    assert not run_module(store, "ssm_parameter", parameters=WANTED)["changed"]
    assert store.mutating(mark) == []
    run_module(store, "ssm_parameter", parameters=[result["before"] for result in done["results"]])
    assert values(store) == start


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"name": SECRET, "value": "new"}, "is a SecureString"),
        ({"name": "/shop/prod/nothing", "value": "new"}, "there is no such parameter"),
        ({"name": LIST, "value": ""}, "needs a value"),
    ],
)
def test_one_wrong_wish_keeps_all_from_being_written(store: Account, wish: dict[str, str], why: str) -> None:
    mark = store.mark()
    done = run_module(store, "ssm_parameter", parameters=[WANTED[0], wish])
    assert done["failed"]
    assert why in done["msg"]
    assert store.mutating(mark) == []
    assert "do-not-print-this" not in done["output"]
