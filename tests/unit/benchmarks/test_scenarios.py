# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contenders.items import answer
from benchmarks.harness import QUICK, Size
from benchmarks.scenarios import SCENARIOS
from benchmarks.scenarios.items import compare_tables, used, worst_second

README = Path(__file__).parents[3] / "benchmarks" / "README.md"


@pytest.mark.parametrize(
    ("written", "worst"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([(0.0, 25), (0.5, 25), (0.999, 25)], 75, id="all in one second"),
        pytest.param([(0.0, 25), (0.5, 25), (1.0, 25)], 50, id="a second later is the next second"),
        pytest.param([(0.9, 40), (1.1, 40), (1.8, 40), (3.0, 90)], 120, id="a second that no clock begins"),
    ],
)
def test_the_worst_second_may_begin_anywhere(written: list[tuple[float, float]], worst: float) -> None:
    assert worst_second(written) == worst


@pytest.mark.parametrize(
    ("written", "share"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([(0.0, 50), (0.5, 50), (1.0, 50)], 1, id="all of it"),
        pytest.param([(0.0, 50), (1.0, 50), (2.0, 50)], 0.5, id="half of it"),
    ],
)
def test_how_much_of_a_budget_is_used(written: list[tuple[float, float]], share: float) -> None:
    assert used(written, 100) == share


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        pytest.param(answer(2, 1, 3), 0, id="right"),
        pytest.param(answer(2, "unknown", 3), 0, id="it says that it can not see one"),
        pytest.param(answer(2, 0, 4), 2, id="two are wrong"),
        pytest.param("all is well", 1000, id="no answer"),
    ],
)
def test_a_comparison_is_judged_by_what_it_says(said: str, lost: int) -> None:
    assert compare_tables(1000).lost({}, f"TASK\n    msg: {said}\n") == lost


def test_every_size_has_a_quick_one() -> None:
    full = vars(Size(repeat=5, slow_repeat=2))
    assert QUICK.keys() == {name for name, number in full.items() if isinstance(number, int)} - {
        "repeat",
        "slow_repeat",
    }
    assert all(number < full[name] for name, number in QUICK.items())


def test_the_readme_names_every_scenario() -> None:
    text = README.read_text()
    assert [name for name in SCENARIOS if f"`{name}`" not in text] == []
