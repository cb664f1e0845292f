# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The one way to AWS, against the embedded AWS and its faults."""

from __future__ import annotations

import time
from typing import Any

import botocore.config
import pytest
from aws_makers import make_function, make_table

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._pace import Pace
from ansible_collections.runbook.aws.plugins.module_utils._plan import Settle
from local_aws.client import Account


def way_to(account: Account, timeout: float = 30, **kwargs: Any) -> Aws:
    once = botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 1})
    return Aws(
        lambda service: account.session.client(service, endpoint_url=account.endpoint, config=once),
        Pace(),
        timeout,
        **kwargs,
    )


def test_what_is_throttled_is_repeated_until_it_gets_through(account: Account) -> None:
    make_function(account, "orders")
    account.fault("lambda", "PutFunctionConcurrency", error="TooManyRequestsException", status=429, times=3)
    mark = account.mark()
    way_to(account).call("lambda", "PutFunctionConcurrency", FunctionName="orders", ReservedConcurrentExecutions=5)
    assert [call["error"] for call in account.calls(mark)] == ["TooManyRequestsException"] * 3 + [""]


def test_throttling_is_not_waited_out_for_ever(account: Account) -> None:
    account.fault("lambda", "GetAccountSettings", error="TooManyRequestsException", status=429, times=0)
    started = time.monotonic()
    with pytest.raises(AwsError, match="raise wait_timeout") as error:
        way_to(account, timeout=1.5).call("lambda", "GetAccountSettings")
    assert error.value.code == "TooManyRequestsException" and time.monotonic() - started < 5


def test_any_other_refusal_is_told_at_once(account: Account) -> None:
    mark = account.mark()
    with pytest.raises(AwsError, match="Check the name"):
        way_to(account).call("lambda", "GetFunction", FunctionName="nobody")
    assert len(account.calls(mark)) == 1


def test_a_paged_listing_is_complete_although_one_of_its_pages_was_throttled(account: Account) -> None:
    for number in range(51):
        make_function(account, f"f{number}")
    account.fault("lambda", "ListFunctions", error="TooManyRequestsException", status=429, after=1, times=1)
    found = way_to(account).pages("lambda", "ListFunctions", "Functions")
    assert {function["FunctionName"] for function in found} == {f"f{number}" for number in range(51)}


def test_clients_are_made_when_they_are_needed_and_once(account: Account) -> None:
    made: list[str] = []

    def make(service: str) -> Any:
        made.append(service)
        return account.client(service)

    aws = Aws(make, Pace(), 10)
    assert made == []
    for _call in range(2):
        aws.call("lambda", "GetAccountSettings")
    assert made == ["lambda"]


def test_what_is_asked_before_every_attempt_can_end_the_call(account: Account) -> None:
    def ended(service: str, operation: str) -> None:
        raise AwsError(f"not now: {service}:{operation}", "Ended")

    mark = account.mark()
    with pytest.raises(AwsError, match="not now: lambda:GetAccountSettings"):
        way_to(account, before_attempt=ended).call("lambda", "GetAccountSettings")
    assert account.calls(mark) == []


@pytest.mark.parametrize(
    ("until", "there"), [("", True), ("Table.ProvisionedThroughput.ReadCapacityUnits >= `50`", False)]
)
def test_a_state_may_have_to_meet_a_condition_as_well(account: Account, until: str, there: bool) -> None:
    make_table(account, "sessions")
    assert way_to(account).settled(Settle("table_active", {"TableName": "sessions"}, until)) is there


def test_a_state_that_will_never_come_is_an_error(account: Account) -> None:
    with pytest.raises(AwsError, match="dynamodb:DescribeTable was refused"):
        way_to(account).settled(Settle("table_active", {"TableName": "nobody"}))
