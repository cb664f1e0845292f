# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import processes
from benchmarks.processes import BenchmarkError
from benchmarks.stub.account import Bucket


@pytest.mark.parametrize(
    ("rate", "arrivals", "admitted"),
    [
        pytest.param(15, [(0.0, 40)], 15, id="one second's worth at once, then no more"),
        pytest.param(15, [(0.0, 15), (1.0, 40)], 30, id="a second fills it again"),
        pytest.param(15, [(0.0, 15), (60.0, 40)], 30, id="a minute's rest saves up no more than a second's worth"),
        pytest.param(100, [(0.0, 100), (0.5, 100)], 150, id="half a second gives half"),
        pytest.param(2, [(0.0, 9), (0.25, 9), (0.25, 9)], 3, id="what was refused takes no token"),
    ],
)
def test_bucket_admits(rate: float, arrivals: list[tuple[float, int]], admitted: int, clock: Any) -> None:
    bucket = Bucket(rate, clock)
    let_in = 0
    for pause, requests in arrivals:
        clock.now += pause
        let_in += sum(bucket.admit() for _request in range(requests))
    assert let_in == admitted


def test_a_steady_stream_at_the_rate_is_never_refused(clock: Any) -> None:
    bucket = Bucket(15, clock)
    for _request in range(1000):
        clock.now += 1 / 15 + 1e-9
        assert bucket.admit()


def test_many_tokens_are_taken_together_or_not_at_all(clock: Any) -> None:
    bucket = Bucket(10, clock)
    assert [bucket.admit(7), bucket.admit(7), bucket.admit(3), bucket.admit(0.5)] == [True, False, True, False]


def test_a_report_is_json_and_a_reset_forgets(endpoint: processes.Stub, client: Callable[[str], Any]) -> None:
    endpoint.reset("functions", functions=["f"])
    client("lambda").get_function(FunctionName="f")
    assert json.loads(json.dumps(endpoint.report()))["calls"] == {"GetFunction": 1}
    endpoint.reset("functions", functions=["f"])
    assert endpoint.report()["calls"] == {}


@pytest.mark.parametrize("kind", ["functions", "items", "objects", "restores"])
def test_every_kind_of_account_says_who_asks(kind: str, endpoint: processes.Stub, client: Callable[[str], Any]) -> None:
    endpoint.reset(kind)
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert endpoint.report()["unknown"] == []


@pytest.mark.parametrize("kind", ["functions", "items", "objects", "restores"])
def test_what_is_not_served_is_told_and_remembered(
    kind: str, endpoint: processes.Stub, client: Callable[[str], Any]
) -> None:
    endpoint.reset(kind)
    with pytest.raises(Exception, match=r"404|UnknownOperation"):
        client("sqs").list_queues()
    assert len(endpoint.report()["unknown"]) == 1


def test_a_setting_that_there_is_not_is_refused(endpoint: processes.Stub) -> None:
    with pytest.raises(BenchmarkError, match="no such settings: colour"):
        endpoint.reset("items", colour="red")
