# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ansible_collections.runbook.aws.plugins.module_utils import _spill
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._spill import (
    PARTS,
    Lines,
    Spill,
    batched,
    differences,
    part_of,
)


def filled(lines: dict[str, str]) -> Spill:
    spill = Spill()
    spill.add_lines(f"{key}\t{text}" for key, text in lines.items())
    return spill


def all_differences(left: dict[str, str], right: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    mine: dict[str, str] = {}
    yours: dict[str, str] = {}
    for one, other in differences(filled(left), filled(right)):
        mine |= one
        yours |= other
    return mine, yours


@pytest.mark.parametrize("small", [1000, 1 << 20], ids=["in several steps", "at once"])
def test_what_differs_is_found_however_much_there_is(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_spill, "SMALL", small)
    left = {f"key-{number}": "x" for number in range(2000)}
    right = {**left, "key-7": "y", "only-right": "z"}
    del right["key-9"]
    assert all_differences(left, right) == ({"key-7": "x", "key-9": "x"}, {"key-7": "y", "only-right": "z"})
    assert all_differences(left, left) == ({}, {})


def test_lines_that_are_spread_already_go_where_their_keys_belong() -> None:
    parts = [""] * PARTS
    parts[part_of("ä", PARTS)] = "ä\t1\n"
    spill = Spill()
    spill.add(parts)
    assert all_differences({}, {}) == ({}, {})
    assert [one for one, other in differences(spill, filled({"ä": "1"})) if one or other] == []


def test_the_files_have_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lines = Lines()
    lines.extend(["a", "b"])
    assert list(tmp_path.iterdir()) == []
    assert (list(lines), lines.number, lines.size) == (["a", "b"], 2, 4)


def test_lines_of_several_threads_do_not_mix() -> None:
    lines = Lines()
    threads = [
        threading.Thread(target=lambda who=who: [lines.extend([f"{who} " * 50] * 20) for _n in range(50)])
        for who in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lines.number == 4000
    assert set(lines) == {f"{who} " * 50 for who in range(4)}


def test_a_full_disk_is_told_as_that() -> None:
    lines = Lines()
    lines.close()
    with Path("/dev/full").open("wb", buffering=0) as full:
        lines._file = full
        with pytest.raises(Refused, match="can not be written: No space left on device"):
            lines.extend(["x"])


def test_batches_have_at_most_so_many() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched([], 2)) == []
