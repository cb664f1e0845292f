# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_copy against the embedded AWS: what comes back is proved by content."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_makers import make_table
from integration.run_module import ROOT, environment, run_module
from integration.test_dynamodb_compare import numbered, put_items

from local_aws.client import Account

ITEMS = [numbered(number) for number in range(300)]
# What somebody has spoilt: three items are gone, five are wrong, two should not be there.
SPOILT = [*[numbered(number, count={"N": "-1"}) for number in range(3, 8)], *ITEMS[8:], numbered(900), numbered(901)]


def content(account: Account, table: str) -> dict[str, Any]:
    """All items of a table, by id."""
    pages = account.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return {item["id"]["S"]: item for page in pages for item in page["Items"]}


def copy(account: Account, *copies: dict[str, Any], **also: Any) -> dict[str, Any]:
    return run_module(account, "dynamodb_copy", copies=list(copies), **also)


@pytest.fixture
def spoilt(account: Account) -> Account:
    """A table `live` that is spoilt, and `restored`, which is not."""
    for table, items in (("live", SPOILT), ("restored", ITEMS)):
        make_table(account, table, units=None)
        put_items(account, table, items)
    return account


def test_spoilt_items_are_repaired_in_place_and_that_is_undone(spoilt: Account, tmp_path: Path) -> None:
    """Under check mode nothing is written, a second run writes nothing, and `before` brings back what was there."""
    was = content(spoilt, "live")
    export = tmp_path / "exports" / "live.jsonl"
    wish = {"source": "restored", "target": "live", "export": str(export)}
    expected = {"created": 3, "overwritten": 5, "deleted": 0, "newer": 0, "unchanged": 292}
    mark = spoilt.mark()

    would = copy(spoilt, wish, check=True)
    assert would["rc_"] == 0, would["output"]
    assert would["changed"]
    assert {kind: would["results"][0]["after"][kind] for kind in expected} == expected
    assert spoilt.mutating(mark) == []
    assert not export.parent.exists()

    did = copy(spoilt, wish)
    assert did["rc_"] == 0, did["output"]
    (result,) = did["results"]
    assert {kind: result["after"][kind] for kind in expected} == expected
    assert {call["operation"] for call in spoilt.mutating(mark)} == {"BatchWriteItem"}
    assert {key: item for key, item in content(spoilt, "live").items() if key < "i-00900"} == content(
        spoilt, "restored"
    )
    assert oct(export.stat().st_mode & 0o777) == "0o600"
    assert oct(export.parent.stat().st_mode & 0o777) == "0o700"
    assert len(export.read_text().splitlines()) == 1 + 8

    mark = spoilt.mark()
    again = copy(spoilt, wish)
    assert (again["changed"], spoilt.mutating(mark)) == (False, [])
    assert again["results"][0]["before"] == {"source": "restored", "target": "live", "keys": []}

    back = copy(spoilt, {**result["before"], "export": str(tmp_path / "back.jsonl")})
    assert back["rc_"] == 0, back["output"]
    assert content(spoilt, "live") == was
    assert back["results"][0]["after"]["deleted"] == 3


def test_what_was_changed_after_a_copy_is_left_by_undoing_it(spoilt: Account, tmp_path: Path) -> None:
    was = content(spoilt, "live")
    wish = {"source": "restored", "target": "live", "export": str(tmp_path / "live.jsonl")}
    did = copy(spoilt, wish)
    assert did["results"][0]["after"]["exported"] == 8
    later = numbered(3, count={"N": "77"})
    put_items(spoilt, "live", [later])
    spoilt.client("dynamodb").delete_item(TableName="live", Key={"id": {"S": "i-00004"}})

    mark = spoilt.mark()
    would = copy(spoilt, did["results"][0]["before"], check=True)
    assert spoilt.mutating(mark) == []
    back = copy(spoilt, {**did["results"][0]["before"], "export": str(tmp_path / "back.jsonl")})
    assert back["rc_"] == 0, back["output"]
    for run in (would, back):
        after = run["results"][0]["after"]
        assert (after["overwritten"], after["deleted"], after["changed_since"]) == (3, 3, 2)
        assert "2 of the items were changed after they were written" in run["warnings"][0]
        assert "id=i-00003; id=i-00004" in run["warnings"][0]
    expected = {**was, "i-00003": later}
    del expected["i-00004"]
    assert content(spoilt, "live") == expected

    forced = copy(spoilt, {**did["results"][0]["before"], "overwrite_changed": True, "without_export": True})
    assert forced["rc_"] == 0, forced["output"]
    assert content(spoilt, "live") == was


def test_a_table_becomes_equal_and_an_empty_one_is_filled(spoilt: Account, tmp_path: Path) -> None:
    make_table(spoilt, "empty", units=None)
    copies = [
        {"source": "restored", "target": "live", "delete_extra": True, "export": str(tmp_path / "live.jsonl")},
        {"source": "restored", "target": "empty", "export": str(tmp_path / "empty.jsonl")},
    ]
    would = copy(spoilt, *copies, check=True)
    did = copy(spoilt, *copies)
    assert did["rc_"] == 0, did["output"]
    for live, empty in ((would["results"]), (did["results"])):
        assert (live["after"]["created"], live["after"]["overwritten"], live["after"]["deleted"]) == (3, 5, 2)
        assert (empty["after"]["created"], empty["after"]["unchanged"]) == (300, 0)
    assert content(spoilt, "live") == content(spoilt, "empty") == content(spoilt, "restored")
    back = copy(spoilt, *[{**result["before"], "without_export": True} for result in did["results"]])
    assert back["rc_"] == 0, back["output"]
    assert (len(content(spoilt, "live")), content(spoilt, "empty")) == (len(SPOILT), {})


def test_what_is_newer_stays(account: Account, tmp_path: Path) -> None:
    for table, versions in (("live", {"a": 5, "b": 7, "c": 1}), ("restored", {"a": 6, "b": 6, "c": 1, "d": 1})):
        make_table(account, table, units=None)
        put_items(
            account, table, [{"id": {"S": key}, "v": {"N": str(v)}, "of": {"S": table}} for key, v in versions.items()]
        )
    wish = {"source": "restored", "target": "live", "unless_newer": "v", "export": str(tmp_path / "e.jsonl")}
    would, did = copy(account, wish, check=True), copy(account, wish)
    assert did["rc_"] == 0, did["output"]
    for run in (would, did):
        after = run["results"][0]["after"]
        assert (after["created"], after["overwritten"], after["newer"]) == (1, 2, 1)
    assert {key: item["of"]["S"] for key, item in content(account, "live").items()} == {
        "a": "restored",
        "b": "live",
        "c": "restored",
        "d": "restored",
    }


def test_only_what_is_named_or_let_through_is_copied(spoilt: Account) -> None:
    named = copy(
        spoilt,
        {
            "source": "restored",
            "target": "live",
            "keys": [{"id": "i-00000"}, {"id": "i-00003"}, {"id": "no"}],
            "without_export": True,
        },
    )
    assert named["rc_"] == 0, named["output"]
    assert (named["results"][0]["after"]["created"], named["results"][0]["after"]["overwritten"]) == (1, 1)
    absent, final = named["warnings"]
    assert absent.startswith("live: 1 of the keys are not in restored")
    assert final.startswith("live: nothing is exported, so this can not be undone")
    condition = {"expression": "#c < :most", "names": {"#c": "count"}, "values": {":most": 5}}
    let = copy(
        spoilt,
        {"source": "restored", "target": "live", "items": "missing", "filter": condition, "without_export": True},
    )
    assert let["rc_"] == 0, let["output"]
    assert (let["results"][0]["after"]["created"], let["results"][0]["after"]["overwritten"]) == (2, 0)
    live = content(spoilt, "live")
    assert [live[f"i-0000{n}"]["count"]["N"] for n in range(8)] == ["0", "1", "2", "3", "-1", "-1", "-1", "-1"]


@pytest.mark.parametrize("mode", ["disconnect_after", "error"])
def test_a_copy_that_is_cut_off_tells_what_it_did_and_is_continued(spoilt: Account, tmp_path: Path, mode: str) -> None:
    """From the third write on every connection is cut after the work is done, or the call is refused."""
    make_table(spoilt, "empty", units=None)
    wish = {"source": "restored", "target": "empty", "export": str(tmp_path / "e.jsonl")}
    spoilt.fault("dynamodb", "BatchWriteItem", after=3, times=0, mode=mode, error="InternalServerError", status=500)
    cut = copy(spoilt, wish, workers=2)
    assert cut["rc_"] != 0
    (result,) = cut["results"]
    assert cut["changed"]
    assert "The same task run again does the rest." in cut["msg"]
    spoilt.clear_faults()
    there = len(content(spoilt, "empty"))
    # What was done but not answered for is not claimed.
    assert 0 < result["written"]["created"] <= there
    assert mode == "disconnect_after" or result["written"]["created"] == there
    done = copy(spoilt, wish)
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["after"]["created"] == 300 - there
    assert content(spoilt, "empty") == content(spoilt, "restored")
    exported = [json.loads(line)["key"][0] for line in (tmp_path / "e.jsonl").read_text().splitlines()[1:]]
    assert set(exported) == set(content(spoilt, "restored"))
    back = copy(spoilt, {**result["before"], "without_export": True})
    assert back["rc_"] == 0, back["output"]
    assert content(spoilt, "empty") == {}


def test_a_run_that_is_killed_stops_and_is_continued(spoilt: Account, tmp_path: Path) -> None:
    """Ansible is killed in the middle of a copy; the module notices, and the next run finishes and can be undone."""
    make_table(spoilt, "empty", units=None)
    export = tmp_path / "e.jsonl"
    wish = {"source": "restored", "target": "empty", "export": str(export)}
    spoilt.settings(latency=0.3)
    mark = spoilt.mark()
    arguments = {**spoilt.module_args, "copies": [wish], "workers": 1}
    run = subprocess.Popen(
        [
            "ansible",
            "localhost",
            "--inventory=localhost,",
            "--connection=local",
            f"--extra-vars=ansible_python_interpreter={sys.executable}",
            "--module-name=runbook.aws.dynamodb_copy",
            f"--args={json.dumps(arguments)}",
        ],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: len(spoilt.mutating(mark)) >= 3)
    run.kill()
    run.wait()
    spoilt.settings(latency=0)
    # What was on its way arrives; after that nothing does.
    time.sleep(1)
    there = content(spoilt, "empty")
    time.sleep(1)
    assert content(spoilt, "empty") == there
    assert 0 < len(there) < 300
    done = copy(spoilt, wish)
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["after"]["created"] == 300 - len(there)
    assert content(spoilt, "empty") == content(spoilt, "restored")
    back = copy(spoilt, {**done["results"][0]["before"], "without_export": True})
    assert back["rc_"] == 0, back["output"]
    assert content(spoilt, "empty") == {}


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, "not reached after 60 s"
        time.sleep(0.05)


def test_what_is_throttled_on_the_way_is_written_once(spoilt: Account, tmp_path: Path) -> None:
    make_table(spoilt, "empty", units=None)
    throttled = "ProvisionedThroughputExceededException"
    spoilt.fault("dynamodb", "BatchWriteItem", after=2, times=6, error=throttled)
    spoilt.fault("dynamodb", "Scan", after=3, times=2, error=throttled)
    done = copy(spoilt, {"source": "restored", "target": "empty", "export": str(tmp_path / "e.jsonl")})
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["after"]["created"] == 300
    assert content(spoilt, "empty") == content(spoilt, "restored")


def test_what_makes_no_sense_is_refused_before_anything_is_written(spoilt: Account, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("{}\n")
    spoilt.client("dynamodb").create_table(
        TableName="sorted",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    spoilt.client("dynamodb").get_waiter("table_exists").wait(TableName="sorted", WaiterConfig={"Delay": 0.05})
    mark = spoilt.mark()
    refused = copy(
        spoilt,
        {"source": "restored", "target": "sorted"},
        {"source": "live", "target": "live"},
        {"source_file": str(other), "target": "restored"},
    )
    assert refused["rc_"] != 0
    for part in ("id (S), at (N)", "are the same table", "is no export of this module", "nothing was written"):
        assert part in refused["msg"]
    assert spoilt.mutating(mark) == []


def test_what_is_denied_is_told(spoilt: Account, tmp_path: Path) -> None:
    spoilt.deny("dynamodb:BatchWriteItem")
    denied = copy(spoilt, {"source": "restored", "target": "live", "export": str(tmp_path / "e.jsonl")})
    assert denied["rc_"] != 0
    assert "Allow dynamodb:BatchWriteItem" in denied["msg"]
    assert denied["results"][0]["error_code"] == "AccessDeniedException"
    assert not denied["changed"]
