# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._progress import ENVIRONMENT, PAUSE, Progress


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "progress"
    path.touch()
    monkeypatch.setenv(ENVIRONMENT, str(path))
    return path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_beginning_end_and_not_every_step_in_between_are_told(told: Path) -> None:
    clock = Clock()
    with Progress("Copying a to b", 100, "items", clock) as progress:
        for _step in range(10):
            progress.add(10)
            clock.now += PAUSE / 5
    assert [line["done"] for line in lines(told)] == [0, 60, 100]
    first, *_middle, last = lines(told)
    assert (first["what"], first["total"], first["unit"], first["begun"]) == ("Copying a to b", 100, "items", 1000.0)
    assert last["ended"]
    assert len({line["id"] for line in lines(told)}) == 1


def test_two_works_have_two_names(told: Path) -> None:
    with Progress("a") as one, Progress("b") as other:
        one.add()
        other.expect(7)
    assert len({line["id"] for line in lines(told)}) == 2
    assert {line["total"] for line in lines(told) if line["what"] == "b"} == {None, 7}


def test_without_the_callback_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with Progress("a") as progress:
        progress.add(3)
    assert progress.done == 3


def test_a_file_that_is_gone_is_neither_made_nor_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "gone"))
    with Progress("a") as progress:
        progress.add(3)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_lost_between_threads(told: Path) -> None:
    with Progress("a") as progress:
        threads = [threading.Thread(target=lambda: [progress.add() for _n in range(1000)]) for _thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert lines(told)[-1]["done"] == 8000
