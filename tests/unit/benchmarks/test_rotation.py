# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.processes import Finished
from benchmarks.scenarios.rotation import Rotated, over_rates

DONE = Finished(status=0, seconds=2.0, cpu_seconds=1.0, output="")
RESTART = ("UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias")


def _calls(service: str, operation: str, number: int, at: float = 0.0) -> list[dict[str, Any]]:
    return [{"service": service, "operation": operation, "time": at}] * number


def _restart(name: str, error: str = "", operations: Sequence[str] = RESTART) -> list[dict[str, Any]]:
    return [{"operation": each, "arguments": {"FunctionName": name}, "error": error} for each in operations]


@pytest.mark.parametrize(
    ("calls", "refused"),
    [
        pytest.param(_calls("lambda", "ListAliases", 15), {}, id="one second's worth at once"),
        pytest.param(
            _calls("lambda", "ListAliases", 10) + _calls("lambda", "UpdateAlias", 10, at=0.1),
            {"lambda:UpdateAlias": 4},
            id="the control plane's calls are counted together",
        ),
        pytest.param(
            _calls("lambda", "UpdateAlias", 10, at=0.1) + _calls("lambda", "ListAliases", 10),
            {"lambda:UpdateAlias": 4},
            id="by the time of their arrival",
        ),
        pytest.param(
            _calls("lambda", "GetFunction", 101) + _calls("lambda", "ListAliases", 15),
            {"lambda:GetFunction": 1},
            id="GetFunction has a rate of its own",
        ),
        pytest.param(
            _calls("lambda", "UpdateAlias", 15) + _calls("lambda", "UpdateAlias", 15, at=1.0), {}, id="a second later"
        ),
        pytest.param(
            _calls("secretsmanager", "PutSecretValue", 30) + _calls("secretsmanager", "UpdateSecretVersionStage", 30),
            {"secretsmanager:UpdateSecretVersionStage": 10},
            id="values of secrets",
        ),
        pytest.param(_calls("dynamodb", "GetItem", 1000), {}, id="no limit that is known"),
    ],
)
def test_calls_are_held_against_the_rates(calls: list[dict[str, Any]], refused: dict[str, int]) -> None:
    assert over_rates(calls) == refused


@pytest.mark.parametrize(
    ("calls", "once"),
    [
        pytest.param(_restart("f") + _restart("g"), True, id="each once"),
        pytest.param(_restart("f"), False, id="one was forgotten"),
        pytest.param(_restart("f") + _restart("g") * 2, False, id="one twice"),
        pytest.param(_restart("f") + _restart("g") + _restart("h"), False, id="one that uses no secret"),
        pytest.param(_restart("f") + _restart("g", operations=RESTART[:2]), False, id="an alias was not moved"),
        pytest.param(_restart("f") + _restart("g") + _restart("g", "ResourceConflictException"), True, id="a refusal"),
    ],
)
def test_each_function_is_to_be_started_anew_once(calls: list[dict[str, Any]], once: bool) -> None:
    assert Rotated(DONE, calls, ["f", "g"]).each_once == once


def test_what_was_not_done_counts() -> None:
    assert set(Rotated(DONE, [], ["f"]).restarts.values()) == {0}
