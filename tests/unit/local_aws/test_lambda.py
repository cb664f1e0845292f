# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS follows Lambda's concurrency rules; each of these fails on plain moto."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aws_makers import make_function, publish
from botocore.exceptions import ClientError

from local_aws.client import Account


def provision(client: Any, units: int, qualifier: str = "live", name: str = "f") -> dict[str, Any]:
    return dict(
        client.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=units
        )
    )


def status(client: Any, qualifier: str = "live") -> dict[str, Any]:
    return dict(client.get_provisioned_concurrency_config(FunctionName="f", Qualifier=qualifier))


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def test_provisioned_concurrency_is_in_progress_before_it_is_ready(account: Account) -> None:
    client = make_function(account)
    account.settings(transition_seconds=60)
    assert provision(client, 5)["Status"] == "IN_PROGRESS"
    assert status(client)["AllocatedProvisionedConcurrentExecutions"] == 0
    account.advance(61)
    ready = status(client)
    assert (ready["Status"], ready["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 5)


def test_provisioned_concurrency_becomes_ready_with_time_alone(account: Account) -> None:
    client = make_function(account)
    provision(client, 5)
    time.sleep(0.15)
    assert status(client)["Status"] == "READY"


def test_provisioned_concurrency_that_cannot_be_allocated_says_why(account: Account) -> None:
    client = make_function(account)
    account.settings(provisioned_failure="FUNCTION_ERROR_INIT_FAILURE", transition_seconds=0)
    provision(client, 5)
    failed = status(client)
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")


@pytest.mark.parametrize(
    ("qualifier", "code", "text"),
    [
        ("$LATEST", "InvalidParameterValueException", "unpublished function versions"),
        ("9", "ResourceNotFoundException", "Function not found: .*:function:f:9"),
        ("nope", "ResourceNotFoundException", "Cannot find alias arn: .*:function:f:nope"),
        ("newest", "InvalidParameterValueException", "unpublished function versions"),
    ],
)
def test_provisioned_concurrency_needs_a_published_version(
    account: Account, qualifier: str, code: str, text: str
) -> None:
    client = make_function(account)
    client.create_alias(FunctionName="f", Name="newest", FunctionVersion="$LATEST")
    with refused(code, text):
        provision(client, 1, qualifier)


def test_provisioned_concurrency_of_all_qualifiers_stays_within_the_reservation(account: Account) -> None:
    client = make_function(account)
    other = publish(account, MemorySize=512)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=10)
    provision(client, 6)
    with refused("InvalidParameterValueException", "greater than the reservedConcurrentExecution"):
        provision(client, 5, other)
    provision(client, 4, other)


def test_an_alias_and_its_version_are_not_both_provisioned(account: Account) -> None:
    client = make_function(account)
    provision(client, 1, "live")
    with refused("ResourceConflictException", "pointed by a Provisioned Concurrency alias"):
        provision(client, 1, "1")


def test_a_reservation_is_not_lowered_below_what_is_provisioned(account: Account) -> None:
    client = make_function(account)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=10)
    provision(client, 8)
    with refused("InvalidParameterValueException", r"total provisioned concurrency \[8\]"):
        client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=7)


@pytest.mark.parametrize("minimum", [10, 50, 100])
def test_the_unreserved_minimum_is_kept(account: Account, minimum: int) -> None:
    account.settings(unreserved_minimum=minimum)
    client = make_function(account)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1000 - minimum)
    with refused("InvalidParameterValueException", rf"below its minimum value of \[{minimum}\]\."):
        client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1001 - minimum)


def test_provisioned_concurrency_without_a_reservation_takes_from_the_unreserved_pool(account: Account) -> None:
    client = make_function(account)
    make_function(account, "g")
    provision(client, 500)
    with refused("InvalidParameterValueException", r"minimum value of \[100\]"):
        client.put_function_concurrency(FunctionName="g", ReservedConcurrentExecutions=401)
    client.put_function_concurrency(FunctionName="g", ReservedConcurrentExecutions=400)
    with refused("InvalidParameterValueException", r"minimum value of \[100\]"):
        provision(client, 501)
    with refused("InvalidParameterValueException", r"greater than account's unreserved concurrency \[600\]"):
        provision(client, 601)


def test_an_account_that_is_over_its_pool_can_still_give_capacity_back(account: Account) -> None:
    client = make_function(account)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=900)
    account.settings(account_concurrency=500)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=450)


def test_account_settings_count_what_is_reserved(account: Account) -> None:
    client = make_function(account)
    make_function(account, "g")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=150)
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == 850
    assert settings["AccountUsage"]["FunctionCount"] == 2


@pytest.mark.parametrize("units", [0, 7])
def test_get_function_carries_the_reservation(account: Account, units: int) -> None:
    client = make_function(account)
    assert "Concurrency" not in client.get_function(FunctionName="f")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=units)
    expected = {"ReservedConcurrentExecutions": units}
    assert client.get_function(FunctionName="f")["Concurrency"] == expected
    assert client.get_function(FunctionName="f", Qualifier="live")["Concurrency"] == expected
    client.delete_function_concurrency(FunctionName="f")
    assert "Concurrency" not in client.get_function(FunctionName="f")


def test_an_unknown_function_is_named(account: Account) -> None:
    with refused("ResourceNotFoundException", "Function not found: .*:function:missing"):
        account.client("lambda").put_function_concurrency(FunctionName="missing", ReservedConcurrentExecutions=1)


def test_provisioned_concurrency_is_listed_and_removed(account: Account) -> None:
    client = make_function(account)
    provision(client, 3)
    listed = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert [
        (item["FunctionArn"].rsplit(":", 1)[-1], item["RequestedProvisionedConcurrentExecutions"]) for item in listed
    ] == [("live", 3)]
    for _time in range(2):
        client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    with refused("ProvisionedConcurrencyConfigNotFoundException", ""):
        status(client)


def test_provisioned_concurrency_goes_with_its_function(account: Account) -> None:
    client = make_function(account)
    provision(client, 3)
    client.delete_function(FunctionName="f")
    make_function(account)
    with refused("ProvisionedConcurrencyConfigNotFoundException", ""):
        status(client)


def test_functions_are_listed_fifty_a_page(account: Account) -> None:
    for number in range(51):
        client = make_function(account, f"f{number:02}", aliases=())
    first = client.list_functions()
    assert len(first["Functions"]) == 50
    assert len(client.list_functions(Marker=first["NextMarker"])["Functions"]) == 1
