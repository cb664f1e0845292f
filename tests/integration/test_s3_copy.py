# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from integration.examples import assert_examples_run
from integration.run_module import run_module
from s3_data import DESCRIPTION, MEGABYTE, Data, examples

from ansible_collections.runbook.aws.plugins.modules import s3_copy
from local_aws.client import Account

MANIFEST = "manifests/data.jsonl.gz"


class Pair:
    """A bucket and the one that it is copied to."""

    def __init__(self, account: Account, versioning: str = "Enabled") -> None:
        self.account = account
        self.source, self.target = Data(account), Data(account, "backup", versioning)

    def wish(self, **also: Any) -> dict[str, Any]:
        return {
            "source": {"bucket": self.source.bucket, "prefix": "data/"},
            "target": {"bucket": self.target.bucket, "prefix": "copy/"},
            "manifest": MANIFEST,
            **also,
        }

    def copy(self, *, check: bool = False, skip_archived: bool = False, **also: Any) -> dict[str, Any]:
        return self.run(self.wish(**also), check=check, skip_archived=skip_archived)

    def run(self, *copies: dict[str, Any], **options: Any) -> dict[str, Any]:
        return run_module(self.account, "s3_copy", copies=list(copies), **options)

    def manifest(self) -> list[dict[str, Any]]:
        body = self.target.client.get_object(Bucket=self.target.bucket, Key=MANIFEST)["Body"].read()
        return [json.loads(line) for line in gzip.decompress(body).splitlines()]

    def copied(self) -> dict[str, Any]:
        """The target's objects under the source's names."""
        return {f"data/{key.removeprefix('copy/')}": what for key, what in self.target.seen("copy/").items()}


@pytest.fixture
def pair(account: Account) -> Pair:
    pair = Pair(account)
    pair.source.put("data/a ü+&?.csv", "one", **DESCRIPTION)
    pair.source.put("data/b.csv", "old")
    pair.source.put("data/b.csv", "two")
    pair.source.put("data/gone.csv", "gone")
    pair.source.delete("data/gone.csv")
    pair.source.upload("data/large.bin", b"x" * 5 * MEGABYTE, b"y" * 1000, **DESCRIPTION)
    pair.source.put("other/c.csv", "not asked for")
    pair.target.put("copy/z-own.csv", "was there")
    pair.source.later()
    return pair


def test_a_prefix_is_copied_with_a_manifest_and_the_way_back_is_exact(pair: Pair) -> None:
    account, start = pair.account, pair.target.seen()
    mark = account.mark()
    told = pair.copy(check=True)
    assert told["changed"] and account.mutating(mark) == []
    assert told["results"][0]["after"]["objects"] == {"created": 3, "bytes": 5 * MEGABYTE + 1006}

    done = pair.copy()
    assert done["results"] == told["results"]
    assert done["results"][0]["before"] == pair.wish(state="absent")
    there = pair.copied()
    assert there.pop("data/z-own.csv")["content"] == b"was there"
    assert there == pair.source.seen("data/")
    head, *entries = pair.manifest()
    assert head["complete"] and head["objects"] == 3 and head["bytes"] == 5 * MEGABYTE + 1006
    assert [entry["key"] for entry in entries] == ["a ü+&?.csv", "b.csv", "large.bin"]
    assert {entry["version"] for entry in entries} <= pair.target.versions()

    mark = account.mark()
    again = pair.copy()
    assert not again["changed"] and account.mutating(mark) == []
    heads = [call["arguments"]["Key"] for call in account.calls(mark) if call["operation"] == "HeadObject"]
    assert heads == [MANIFEST], "the manifest tells everything else"

    back = pair.run(done["results"][0]["before"])
    assert back["changed"]
    assert pair.target.seen() == start
    mark = account.mark()
    assert not pair.copy(state="absent")["changed"] and account.mutating(mark) == []


def test_a_later_copy_is_undone_to_the_copy_before(pair: Pair) -> None:
    pair.copy()
    first, manifest = pair.target.seen(), pair.manifest()
    pair.source.put("data/b.csv", "three")
    pair.source.put("data/new.csv", "four", **DESCRIPTION)
    pair.source.delete("data/large.bin")
    pair.source.later()
    done = pair.copy()
    objects = done["results"][0]["after"]["objects"]
    assert objects == {"created": 1, "changed": 1, "unchanged": 1, "gone": 1, "bytes": 9}
    # What is gone from the source stays in the target, and is no longer what the copy consists of.
    assert set(pair.copied()) - set(pair.source.seen("data/")) == {"data/large.bin", "data/z-own.csv"}
    assert [entry["key"] for entry in pair.manifest()[1:]] == ["a ü+&?.csv", "b.csv", "new.csv"]
    second = pair.target.seen()
    pair.source.later()

    back = pair.run(done["results"][0]["before"])
    assert pair.target.seen() == first and pair.manifest() == manifest
    again = pair.run(done["results"][0]["before"])
    assert not again["changed"]
    pair.run(back["results"][0]["before"])
    assert pair.target.seen() == second


@pytest.mark.parametrize("versioning", ["", "Enabled"])
def test_a_copy_is_verified_by_its_manifest(account: Account, versioning: str) -> None:
    pair = Pair(account, versioning)
    for key in ("a", "b", "c", "d"):
        pair.source.put(f"data/{key}", key)
    assert "there is no manifest" in pair.copy(verify=True)["msg"]
    pair.copy()
    mark = account.mark()
    sound = pair.copy(verify=True)["results"][0]
    assert not sound["changed"] and sound["after"]["objects"] == {"verified": 4, "bytes": 4}
    assert sound["before"] == pair.wish(verify=True)
    assert account.mutating(mark) == []

    pair.target.put("copy/a", "newer")
    pair.target.delete("copy/b")
    if versioning:
        # What the manifest names is still there, below something newer.
        found = pair.copy(verify=True)["results"][0]["after"]["objects"]
        assert found == {"verified": 2, "superseded": 2, "bytes": 4}
        for key, version, latest in pair.target.entries(Prefix="copy/"):
            if not latest:
                pair.target.client.delete_object(Bucket=pair.target.bucket, Key=key, VersionId=version)
    failed = pair.copy(verify=True)
    result = failed["results"][0]
    assert failed["failed"] and "Copy again from the source" in result["error"]
    if versioning:
        assert result["objects"] == {"verified": 2, "missing": 2, "bytes": 4}
        assert result["keys"]["missing"] == ["a", "b"]
    else:
        assert result["objects"] == {"verified": 2, "missing": 1, "different": 1, "bytes": 4}
    # The manifest does not hide it from the next copy.
    assert pair.copy()["results"][0]["after"]["objects"]["unchanged"] == 2
    assert pair.copied() == pair.source.seen("data/")


def test_absent_deletes_what_the_copy_made_and_nothing_else(account: Account) -> None:
    pair = Pair(account, "")
    for key in ("a", "b", "c"):
        pair.source.put(f"data/{key}", key)
    pair.target.put("copy/a", "a")
    pair.target.put("copy/z", "own")
    done = pair.copy()["results"][0]
    assert done["after"]["objects"] == {"created": 2, "unchanged": 1, "bytes": 2}
    assert [entry.get("kept", False) for entry in pair.manifest()[1:]] == [True, False, False]
    pair.target.put("copy/b", "changed since")
    told = pair.copy(check=True, state="absent")
    gone = pair.run(done["before"])
    assert gone["results"] == told["results"]
    assert gone["results"][0]["after"]["objects"] == {"left": 2, "deleted": 1, "bytes": 0}
    assert "2 objects were not made by this copy, or were changed since, and stay: a, b." in gone["warnings"][1]
    assert set(pair.target.seen()) == {"copy/a", "copy/b", "copy/z"}
    # Without versions the way back is to copy again, which does not overwrite what is not the copy's.
    assert gone["results"][0]["before"] == pair.wish(state="present")
    assert "keeps no versions" in gone["warnings"][0]


def test_a_copy_that_was_cut_off_says_so_and_goes_on(pair: Pair) -> None:
    account = pair.account
    account.fault("s3", "CopyObject", match={"Key": "copy/b.csv"}, error="AccessDenied", status=403)
    account.fault("s3", "CopyObject", error="SlowDown", status=503, times=2)
    account.fault("s3", "PutObject", mode="disconnect_after")
    failed = pair.copy()
    assert failed["failed"] and failed["changed"]
    assert "1 of 3 keys failed, 2 are done" in failed["msg"]
    head, *entries = pair.manifest()
    assert not head["complete"] and [entry["key"] for entry in entries] == ["a ü+&?.csv", "large.bin"]
    assert "of a copy that was not finished" in pair.copy(verify=True)["msg"]
    done = pair.copy()
    assert done["results"][0]["after"]["objects"] == {"unchanged": 2, "created": 1, "bytes": 3}
    assert pair.manifest()[0]["complete"]
    assert not pair.copy(verify=True)["changed"]
    # A manifest that was lost is made anew from what is there.
    pair.target.delete(MANIFEST)
    again = pair.copy()["results"][0]
    assert again["calls"] == ["s3:PutObject"] and again["after"]["objects"]["unchanged"] == 3


def test_what_is_archived_is_refused_or_left_out(pair: Pair) -> None:
    pair.source.put("data/ice", "1", StorageClass="DEEP_ARCHIVE")
    mark = pair.account.mark()
    refused = pair.copy()
    assert "1 objects are archived and can not be read: ice" in refused["msg"]
    assert pair.account.mutating(mark) == []
    done = pair.copy(skip_archived=True)["results"][0]
    assert done["after"]["objects"]["archived"] == 1 and done["after"]["keys"]["archived"] == ["ice"]
    assert not pair.copy(skip_archived=True)["changed"]


def test_a_snapshot_brings_back_its_own_moment(account: Account) -> None:
    pair = Pair(account)
    for key in ("changed", "gone", "kept"):
        pair.source.put(f"data/{key}", f"{key} then", **DESCRIPTION)
    pair.source.upload("data/large.bin", b"x" * 5 * MEGABYTE, b"y" * 1000)
    first = pair.copy(snapshot="snapshots/first")
    then = pair.source.seen("data/")
    assert first["results"][0]["calls"] == ["s3:CopyObject", "s3:PutObject", "s3:PutObject"]
    assert first["results"][0]["before"] == pair.wish(snapshot="snapshots/first", state="absent")

    pair.source.put("data/changed", "changed now!")
    pair.source.put("data/new", "new")
    pair.source.delete("data/gone")
    pair.source.later()
    mark = account.mark()
    again = pair.copy(snapshot="snapshots/first")
    assert not again["changed"] and account.mutating(mark) == [], "what the first snapshot holds is made"
    second = pair.copy(snapshot="snapshots/second")
    assert second["results"][0]["after"]["objects"] == {
        "created": 1,
        "changed": 1,
        "gone": 1,
        "unchanged": 2,
        "bytes": 15,
    }
    third = pair.copy(snapshot="snapshots/third")
    assert third["changed"] and third["results"][0]["after"]["objects"] == {"unchanged": 4, "bytes": 0}

    recovered = Data(account, "recovered")
    wish = _from_snapshot(pair, recovered, "snapshots/first")
    mark = account.mark()
    told = pair.run(wish, check=True)
    assert told["changed"] and account.mutating(mark) == []
    done = pair.run(wish)
    assert done["results"][0]["calls"] == told["results"][0]["calls"] == ["s3:CopyObject"]
    assert done["results"][0]["after"]["objects"] == {"created": 4, "bytes": 5 * MEGABYTE + 1030}
    assert {f"data/{key}": seen for key, seen in recovered.seen().items()} == then, "and nothing else"
    mark = account.mark()
    assert not pair.run(wish)["changed"] and account.mutating(mark) == []
    sound = pair.run({**wish, "verify": True})["results"][0]
    assert sound["after"]["objects"] == {"verified": 4, "bytes": 5 * MEGABYTE + 1030}

    recovered.put("kept", "kept THEN")
    recovered.put("foreign", "x")
    failed = pair.run({**wish, "verify": True})["results"][0]
    assert failed["objects"] == {"verified": 3, "different": 1, "left": 1, "bytes": 5 * MEGABYTE + 1030}
    assert failed["keys"]["different"] == ["kept"]
    recovered.later()
    pair.run(done["results"][0]["before"])
    assert set(recovered.seen()) == {"foreign"}
    # Undoing the second backup's copy leaves the first one's snapshot.
    pair.run(second["results"][0]["before"])
    assert set(pair.target.seen("snapshots/")) == {"snapshots/first", "snapshots/third"}


def test_versions_that_a_snapshot_names_and_are_gone_are_told_by_key(account: Account) -> None:
    pair, recovered = Pair(account), Data(account, "recovered")
    for key in ("a", "b", "c"):
        pair.source.put(f"data/{key}", key)
    pair.copy(snapshot="snapshots/first")
    (version,) = [version for key, version, _latest in pair.target.entries(Prefix="copy/") if key == "copy/b"]
    pair.target.client.delete_object(Bucket=pair.target.bucket, Key="copy/b", VersionId=version)
    wish = _from_snapshot(pair, recovered, "snapshots/first")
    mark = account.mark()
    refused = pair.run(wish)["results"][0]
    assert account.mutating(mark) == []
    assert (
        "1 objects that" in refused["error"]
        and "not there any more in the version that it names: b." in refused["error"]
    )
    done = pair.run(wish, skip_missing=True)
    assert done["results"][0]["after"]["keys"]["missing"] == ["b"] and set(recovered.seen()) == {"a", "c"}
    assert "not there any more" in done["warnings"][0]
    failed = pair.run({**wish, "verify": True})["results"][0]
    assert failed["objects"] == {"verified": 2, "missing": 1, "bytes": 3} and failed["keys"]["missing"] == ["b"]


def test_a_snapshot_needs_a_bucket_that_keeps_versions(account: Account) -> None:
    pair = Pair(account, "")
    pair.source.put("data/a", "a")
    mark = account.mark()
    assert "keeps no versions, so a later copy would overwrite" in pair.copy(snapshot="snapshots/first")["msg"]
    assert "there is no snapshot" in pair.run(_from_snapshot(pair, Data(account, "recovered"), "snapshots/x"))["msg"]
    assert [
        call for call in account.mutating(mark) if call["operation"] not in ("CreateBucket", "PutBucketVersioning")
    ] == []


def _from_snapshot(pair: Pair, target: Data, snapshot: str) -> dict[str, Any]:
    return {
        "source": {"bucket": pair.target.bucket, "prefix": "copy/", "snapshot": snapshot},
        "target": {"bucket": target.bucket, "prefix": ""},
    }


def test_another_copys_manifest_is_refused(pair: Pair) -> None:
    pair.copy()
    other = pair.wish(source={"bucket": pair.source.bucket, "prefix": "other/"})
    assert "is the manifest of another copy" in pair.run(other)["msg"]
    pair.target.put(MANIFEST, "something else")
    assert "is no manifest of runbook.aws.s3_copy" in pair.copy()["msg"]


def test_a_source_can_be_in_another_region(account: Account) -> None:
    pair = Pair(account)
    pair.source.put("data/a", "1", **DESCRIPTION)
    mark = account.mark()
    done = pair.run(pair.wish(), source_region="eu-west-1")
    assert done["changed"] and pair.copied() == pair.source.seen("data/")
    regions = {(call["operation"], call["region"]) for call in account.calls(mark) if call["operation"] != "HeadBucket"}
    assert ("ListObjectVersions", "eu-west-1") in regions and ("CopyObject", "us-east-1") in regions
    assert ("CopyObject", "eu-west-1") not in regions


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    data, _backup = Data(account), Data(account, "backup")
    data.put("data/a", "1")
    tasks = examples(s3_copy, account)
    # What was copied is undone, copied again before it is verified, and then everything goes the other way round.
    first, undone, verified, other_way, *snapshots = tasks.EXAMPLES.split("\n\n")
    tasks.EXAMPLES = "\n\n".join((first, undone, first, verified, other_way, *snapshots))
    assert_examples_run(account, tmp_path, tasks)
