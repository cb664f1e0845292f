# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from unit.small_tables import table

from ansible_collections.runbook.aws.plugins.module_utils import _dynamodb_export
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_export import Export, exported
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import fingerprint
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

TABLE = table()


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"id": {"S": name}, **more}


def key(name: str) -> str:
    return TABLE.schema.text(item(name))


def keep(path: Path, *items: tuple[str, Any], wrote: Any = None) -> None:
    """Keep what is there of keys before `wrote` is written over it."""
    export = Export(path, TABLE)
    export.add((key, former, wrote) for key, former in items)
    export.close()


def given_back(path: Path) -> dict[str, Any]:
    rows = [row for some in exported(path, TABLE) for row in some]
    found = {row.key: row.item for row in rows}
    assert len(rows) == len(found) == Export(path, TABLE).number
    return found


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "e.jsonl"
    rows = [(key("x\ny"), item("x\ny", v={"S": "é\t"})), (key("z"), None)]
    keep(path, *rows)
    assert given_back(path) == dict(rows)
    assert json.loads(path.read_text().splitlines()[0])["table"] == TABLE.arn
    assert [oct(place.stat().st_mode & 0o777) for place in (path, path.parent)] == ["0o600", "0o700"]


def test_nothing_kept_is_no_file(tmp_path: Path) -> None:
    Export(tmp_path / "e.jsonl", TABLE).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("small", [0, 1 << 20], ids=["in several steps", "at once"])
def test_what_was_there_first_counts(tmp_path: Path, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that continues one that was killed finds what that one has written."""
    monkeypatch.setattr(_dynamodb_export, "SMALL", small)
    monkeypatch.setattr(_dynamodb_export, "_DEEPEST", 1)
    path = tmp_path / "e.jsonl"
    first, ours, theirs = (item("a", v={"N": number}) for number in "123")
    keep(path, (key("a"), first), (key("b"), None), wrote=ours)
    keep(path, (key("a"), ours), (key("c"), None), wrote=ours)
    keep(path, (key("c"), ours), wrote=None)
    assert given_back(path) == {key("a"): first, key("b"): None, key("c"): None}
    wrote = {row.key: row.wrote for some in exported(path, TABLE) for row in some}
    assert wrote == {key("a"): {fingerprint(ours)}, key("b"): {fingerprint(ours)}, key("c"): {fingerprint(ours), ""}}
    # What somebody wrote between two runs is what comes back.
    keep(path, (key("a"), theirs), wrote=ours)
    keep(path, (key("a"), ours), wrote=ours)
    assert given_back(path)[key("a")] == theirs


def test_a_line_that_was_cut_by_a_kill_goes(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    keep(path, (key("a"), None))
    with path.open("a") as file:
        file.write('{"key":["b"],"item":{"id')
    assert given_back(path) == {key("a"): None}
    keep(path, (key("c"), None))
    assert given_back(path) == {key("a"): None, key("c"): None}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json\n", "is no export"),
        ('{"export": "something"}\n', "is no export"),
        ('{"export": "runbook.aws.dynamodb_copy", "key": "id (N)"}\n', "has items with the key"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_left_alone(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(text)
    with pytest.raises(Refused, match=reason):
        Export(path, TABLE)
    with pytest.raises(Refused, match=reason):
        list(exported(path, TABLE))
    assert path.read_text() == text


def test_an_empty_file_is_begun(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.touch()
    keep(path, (key("a"), None))
    assert given_back(path) == {key("a"): None}


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    keep(path, (key("a"), None))
    with path.open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(Refused, match="is damaged"):
        list(exported(path, TABLE))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="can not be read: No such file"):
        list(exported(tmp_path / "none", TABLE))


def test_what_can_not_be_kept_must_not_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="Nothing is overwritten without it"):
        keep(tmp_path / "file" / "e.jsonl", (key("a"), None))
