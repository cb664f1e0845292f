# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_capacity_info against the embedded AWS."""

from __future__ import annotations

from integration.run_module import run_module
from integration.test_dynamodb_capacity import (
    capacity,
    make_table,
    set_capacity,
    switch_to_on_demand,
    wait_until_active,
    writes,
)

from local_aws.client import Account


def test_what_is_shown_can_be_given_back(account: Account) -> None:
    make_table(account, "scaled", units=10, scaled=(5, 50))
    make_table(account, "plain", units=7)
    make_table(account, "on-demand")
    mark = account.mark()
    shown = run_module(account, "dynamodb_capacity_info", name_pattern="*")
    assert shown["rc_"] == 0, shown["output"]
    assert writes(account, mark) == []
    results = {result["target"]: result for result in shown["results"]}
    assert list(results) == ["on-demand", "plain", "scaled"]
    assert results["plain"]["table"]["read"] == {"units": 7}
    assert results["on-demand"]["table"]["write"] == {"max_request_units": "unlimited"}
    assert results["scaled"]["units"] == {"read": 10, "write": 10}
    assert results["scaled"]["table"]["read"]["autoscaling"]["max_capacity"] == 50
    again = set_capacity(account, [result["table"] for result in shown["results"]])
    assert (again["rc_"], again["changed"]) == (0, False), again["output"]


def test_decreases_are_counted_for_table_and_index(account: Account) -> None:
    make_table(account, "t", units=10)
    for units in (9, 8, 7, 6):
        throughput = {"ReadCapacityUnits": units, "WriteCapacityUnits": 10}
        account.client("dynamodb").update_table(TableName="t", ProvisionedThroughput=throughput)
        wait_until_active(account, "t")
    assert capacity(account, "t")[""][0] == [6, 10]
    (table,) = run_module(account, "dynamodb_capacity_info", tables=["t"])["results"]
    assert (table["decreases"]["used_today"], table["decreases"]["left_now"]) == (4, 0)
    assert table["indexes"][0]["decreases"]["left_now"] == 4
    assert table["switches"]["note"] == "not counted: give switches: true to ask CloudTrail"


def test_what_cannot_be_read_is_named(account: Account) -> None:
    make_table(account, "t", units=5)
    shown = run_module(account, "dynamodb_capacity_info", tables=["t", "missing"])
    assert shown["rc_"] != 0
    assert "1 of 2 could not be read" in shown["msg"]
    assert [result["error"] is None for result in shown["results"]] == [True, False]


def test_switches_are_counted_when_they_are_asked_for(account: Account) -> None:
    make_table(account, "t", units=5)
    switch_to_on_demand(account, "t")
    (table,) = run_module(account, "dynamodb_capacity_info", tables=["t"], switches=True)["results"]
    assert (table["switches"]["used"], table["switches"]["left"], table["switches"]["note"]) == (1, 3, None)


def test_switches_that_cannot_be_counted_are_not_claimed(account: Account) -> None:
    make_table(account, "t", units=5)
    account.deny("cloudtrail:LookupEvents")
    (table,) = run_module(account, "dynamodb_capacity_info", tables=["t"], switches=True)["results"]
    assert table["switches"]["left"] is None
    assert table["switches"]["note"].startswith("not observable: cloudtrail:LookupEvents was refused")
