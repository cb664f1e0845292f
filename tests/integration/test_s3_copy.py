# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from integration.run_module import run_module
from s3_data import DESCRIPTION, MEGABYTE, Data

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
