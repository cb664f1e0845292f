# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._s3 import Bucket
from ansible_collections.runbook.aws.plugins.module_utils._s3_copy import (
    CHANGED,
    Manifest,
    Place,
    Wish,
    Work,
    read_targets,
)
from ansible_collections.runbook.aws.plugins.module_utils._s3_manifest import Entry, join, read, write

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


RECOVERED = {"bucket": "s", "prefix": "a/", "snapshot": "snapshots/first"}


def wish(source: Any = "a/", target: str = "b/", buckets: tuple[str, str] = ("s", "t"), **also: Any) -> dict[str, Any]:
    return {
        "source": {"bucket": buckets[0], "prefix": source} if isinstance(source, str) else source,
        "target": {"bucket": buckets[1], "prefix": target},
        "manifest": "m.gz",
        **also,
    }


@pytest.mark.parametrize(
    ("copies", "why"),
    [
        ([wish("a/", "a/b/", ("s", "s"))], "overlap: a copy would be copied again"),
        ([wish("a/", "", ("s", "s"))], "overlap"),
        ([wish("a/", "b/"), wish("b/x/", "c/", ("t", "u"))], "s3://t/b/ and s3://t/b/x/ overlap"),
        ([wish("a/", "b/"), wish("c/", "b/x/", manifest="n.gz")], "write the same keys"),
        ([wish("a/", "b/"), wish("c/", "d/")], "write the same keys"),
        ([wish("a/", "b/", ("s", "s"), manifest="a/m.gz")], "a/m.gz would be among what is copied"),
        ([wish("a/", "b/", ("s", "s"), snapshot="a/m.gz")], "a/m.gz would be among what is copied"),
        ([wish(snapshot="m.gz")], "manifest and snapshot are the same key"),
        ([wish(snapshot="x"), wish("c/", "d/", manifest="x")], "write the same keys"),
        ([wish(manifest=None)], "name its manifest, or the snapshot"),
        ([wish(source=RECOVERED)], "leave out manifest and snapshot"),
        ([wish(source=RECOVERED, manifest=None, state="absent")], "is undone with as_of"),
        ([wish(verify=True, state="absent")], "verify only reads"),
        ([wish(verify=True, as_of="1h ago")], "verify only reads"),
        ([wish(state="absent", as_of="1h ago")], "either state: absent or as_of"),
    ],
)
def test_copies_that_get_in_each_others_way_are_refused(copies: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(Refused, match=why):
        read_targets(copies)


def test_copies_that_do_not_are_fine() -> None:
    targets = read_targets([wish("a/", "b/", ("s", "s")), wish("c/", "d/", manifest="n.gz"), wish("", "", ("x", "y"))])
    assert [target.name for target in targets] == [
        "s3://s/a/ -> s3://s/b/",
        "s3://s/c/ -> s3://t/d/",
        "s3://x/ -> s3://y/",
    ]


@pytest.mark.parametrize(
    ("also", "versioning", "manifest", "changed", "undo"),
    [
        ({}, "Enabled", "", 0, {"state": "absent"}),
        ({}, "", "", 0, {"state": "absent"}),
        # Something was overwritten, or the copy is older than this run: the time before says it all.
        ({}, "Enabled", "", 1, {"as_of": "2026-01-31T12:00:00Z"}),
        ({}, "Enabled", '"e"', 0, {"as_of": "2026-01-31T12:00:00Z"}),
        ({"state": "absent"}, "Enabled", '"e"', 0, {"as_of": "2026-01-31T12:00:00Z"}),
        ({"as_of": "1h ago"}, "Enabled", "", 0, {"as_of": "2026-01-31T12:00:00Z"}),
        # Without versions it can only be copied again.
        ({}, "", '"e"', 1, {"state": "present"}),
        ({"state": "absent"}, "", '"e"', 0, {"state": "present"}),
        ({"verify": True}, "Enabled", '"e"', 0, {"verify": True}),
        ({"snapshot": "x"}, "Enabled", "", 0, {"snapshot": "x", "state": "absent"}),
    ],
)
def test_the_way_back(also: dict[str, Any], versioning: str, manifest: str, changed: int, undo: dict[str, Any]) -> None:
    place = Wish(Place("s", "a/"), Place("t", "b/"), "m.gz", **also)
    work = Work(place, Bucket("t", NOW, versioning), Manifest(manifest), NOW, calls=(("CopyObject", ""),))
    if changed:
        work.count(CHANGED, "k")
    assert work.undo == wish(**undo)
    assert bool(work.notes()) is (undo == {"state": "present"})


@pytest.mark.parametrize(
    ("versioning", "undo"), [("Enabled", {"as_of": "2026-01-31T12:00:00Z"}), ("", {"state": "present"})]
)
def test_the_way_back_of_a_copy_from_a_snapshot(versioning: str, undo: dict[str, Any]) -> None:
    place = Wish(Place("s", "a/"), Place("t", "b/"), from_snapshot="snapshots/first")
    work = Work(place, Bucket("t", NOW, versioning), Manifest(), NOW, calls=(("CopyObject", ""),))
    back = {"source": RECOVERED, "target": {"bucket": "t", "prefix": "b/"}, **undo}
    assert work.undo == back
    (target,) = read_targets([back])
    assert target.desired.named_by == Place("s", "snapshots/first")


def test_what_stays_is_told() -> None:
    work = Work(Wish(Place("s", ""), Place("t", ""), "m.gz", "absent"), Bucket("t", NOW, "Enabled"), Manifest(), NOW)
    for key in ("k1", "k2", "k3", "k4"):
        work.count("left", key)
    (note,) = work.notes()
    assert "4 objects were not made by this copy, or were changed since, and stay: k1, k2, k3, …" in note


ENTRIES = [
    Entry("a\nü", "v1", 3, '"e"', "s1", '"e"', "2026-01-31T10:00:00Z", {"CRC32": "x"}),
    Entry("b", "null", 0, '"f-2"', "null", '"g"', "2026-01-31T10:00:00Z", {}, True),
]


def test_a_manifest_is_the_same_bytes_for_the_same_copy_and_reads_back() -> None:
    one, other = io.BytesIO(), io.BytesIO()
    for file in (one, other):
        write(file, {"objects": 2}, ENTRIES)
    assert one.read() == other.read()
    one.seek(0)
    head, entries = read(one, "m")
    assert head["objects"] == 2 and list(entries) == ENTRIES


@pytest.mark.parametrize(
    "content",
    [b"", b"plain text", gzip.compress(b""), gzip.compress(b"[]\n"), gzip.compress(b'{"some": "json"}\n')],
    ids=["nothing", "text", "empty", "list", "json"],
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match=r"m is no manifest of runbook\.aws\.s3_copy"):
        read(io.BytesIO(content), "m")


def test_a_manifest_that_was_cut_off_is_refused_when_that_is_reached() -> None:
    whole = io.BytesIO()
    write(whole, {}, ENTRIES * 2000)
    half = whole.getvalue()[: len(whole.getvalue()) // 2]
    _head, entries = read(io.BytesIO(half), "m")
    with pytest.raises(Refused, match="or not whole"):
        list(entries)


def test_streams_are_walked_together() -> None:
    joined = list(join([[("a", 1), ("c", 3)], [("b", 2), ("c", 4)], []]))
    assert joined == [("a", [1, None, None]), ("b", [None, 2, None]), ("c", [3, 4, None])]
