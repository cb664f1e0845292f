# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._pace import CATEGORIES, MARGIN, RATES, Bucket, Pace


class Clock:
    """A clock that only moves when told, or when slept on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("rate", [2, 15, 100])
def test_a_bucket_never_lets_more_through_than_its_rate_and_half_a_second_at_once(rate: int) -> None:
    clock = Clock()
    bucket = Bucket(rate, 0.5, clock)
    sent = []
    for _call in range(rate * 5):
        clock.sleep(bucket.reserve())
        sent.append(clock.now)
    for start in sent:
        in_one_second = sum(1 for moment in sent if start <= moment < start + 1)
        assert in_one_second <= rate * 1.5 + 1
    assert sent[-1] - sent[0] >= (rate * 5 - rate / 2 - 2) / rate


def test_a_rest_is_not_saved_up_for_longer_than_half_a_second() -> None:
    clock = Clock()
    bucket = Bucket(10, 0.5, clock)
    clock.sleep(3600)
    free = 0
    while bucket.reserve() == 0:
        free += 1
    assert free <= 6


@pytest.mark.parametrize(
    ("service", "operation", "seconds"),
    [
        ("lambda", "PutFunctionConcurrency", 100 / 15),
        ("lambda", "GetFunction", 200 / 100),
        ("sts", "GetCallerIdentity", 0),
    ],
)
def test_calls_are_paced_by_their_family(service: str, operation: str, seconds: float) -> None:
    slept: list[float] = []
    pace = Pace(sleep=slept.append)
    for _call in range(200 if operation == "GetFunction" else 100):
        pace.wait(service, operation)
    longest = max(slept, default=0)
    rest = 1.0 if operation == "GetFunction" else 0.5
    assert longest == pytest.approx(max(0, seconds / MARGIN - rest), abs=0.3)


def test_calls_of_one_service_share_its_bucket_but_for_those_with_their_own() -> None:
    slept: list[float] = []
    pace = Pace(sleep=slept.append)
    for _call in range(30):
        pace.wait("lambda", "PutFunctionConcurrency")
        pace.wait("lambda", "GetAlias")
    assert max(slept) > 3
    before = len(slept)
    pace.wait("lambda", "GetFunction")
    assert len(slept) == before


def test_an_operator_with_a_higher_quota_is_believed() -> None:
    slept: list[float] = []
    pace = Pace({"lambda": 1000}, sleep=slept.append)
    for _call in range(100):
        pace.wait("lambda", "PutFunctionConcurrency")
    assert max(slept, default=0) < 0.1


def test_calls_of_one_category_share_its_bucket_and_other_categories_go_on() -> None:
    slept: list[float] = []
    pace = Pace(sleep=slept.append)
    for _call in range(50):
        pace.wait("cognito-idp", "AdminAddUserToGroup")
        pace.wait("cognito-idp", "AdminRemoveUserFromGroup")
    assert max(slept) == pytest.approx(100 / 25 / MARGIN - 0.5, abs=0.1)
    before = len(slept)
    pace.wait("cognito-idp", "AdminCreateUser")
    assert len(slept) == before


def test_an_operator_raises_a_category_by_its_name() -> None:
    slept: list[float] = []
    pace = Pace({"cognito-idp:UserCreation": 1000}, sleep=slept.append)
    for _call in range(100):
        pace.wait("cognito-idp", "AdminCreateUser")
    assert max(slept, default=0) < 0.1


def test_every_category_has_a_rate() -> None:
    assert set(CATEGORIES.values()) <= RATES.keys()
