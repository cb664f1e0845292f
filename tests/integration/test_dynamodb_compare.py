# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_compare against the embedded AWS."""

from __future__ import annotations

from typing import Any

from aws_makers import make_table
from integration.run_module import run_module

from local_aws.client import Account


def put_items(account: Account, table: str, items: list[dict[str, Any]]) -> None:
    """Put items, written as the API takes them."""
    client = account.client("dynamodb")
    for start in range(0, len(items), 25):
        requests = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={table: requests})


def numbered(number: int, **more: Any) -> dict[str, Any]:
    """An item with values of every type."""
    return {
        "id": {"S": f"i-{number:05d}"},
        "count": {"N": str(number)},
        "tags": {"SS": ["a", "b"]},
        "address": {"M": {"city": {"S": "Köln"}, "lines": {"L": [{"S": "x"}, {"NULL": True}]}}},
        "image": {"B": b"\x00\xff"},
        "active": {"BOOL": number % 2 == 0},
        **more,
    }


def compare(account: Account, *comparisons: dict[str, Any], **also: Any) -> dict[str, Any]:
    return run_module(account, "dynamodb_compare", comparisons=list(comparisons), **also)


def test_tables_are_compared_item_by_item(account: Account) -> None:
    """Everything is read, nothing is written, and keys are told but no values."""
    for table in ("live", "restored", "other"):
        make_table(account, table, units=None)
    items = [numbered(number) for number in range(300)]
    put_items(account, "live", items)
    put_items(account, "restored", [{**item, "tags": {"SS": ["b", "a"]}} for item in items])
    put_items(account, "other", [numbered(3, note={"S": "a-value"}), *items[4:], numbered(999)])
    mark = account.mark()
    result = compare(
        account, {"source": "live", "target": "restored"}, {"source": "live", "target": "other"}, segments=3, keys=2
    )
    assert result["rc_"] == 0, result["output"]
    same, other = result["results"]
    assert (same["equal"], same["source_items"], same["target_items"]) == (True, 300, 300)
    assert (other["equal"], other["missing"], other["extra"], other["differing"]) == (False, 3, 1, 1)
    assert other["keys"] == {
        "missing": [{"id": "i-00000"}, {"id": "i-00001"}],
        "extra": [{"id": "i-00999"}],
        "differing": [{"id": "i-00003"}],
    }
    assert "a-value" not in result["output"]
    assert account.mutating(mark) == []
    assert {call["operation"] for call in account.calls(mark)} == {"DescribeTable", "Scan"}


def test_a_sample_never_says_that_tables_are_the_same(account: Account) -> None:
    for table in ("live", "same", "other"):
        make_table(account, table, units=None)
    items = [numbered(number) for number in range(200)]
    put_items(account, "live", items)
    put_items(account, "same", items)
    put_items(account, "other", [numbered(number, note={"S": "x"}) for number in range(200)])
    sampled = {"mode": "sampled", "sample": 100}
    result = compare(
        account, {"source": "live", "target": "same", **sampled}, {"source": "live", "target": "other", **sampled}
    )
    assert result["rc_"] == 0, result["output"]
    same, other = result["results"]
    assert (same["equal"], same["sampled"], same["source_items"]) == (None, {"source": 50, "target": 50}, None)
    assert "None of 100 sampled items differs" in same["confidence"]
    assert other["equal"] is False
    assert 50 <= other["differing"] <= 100
    assert compare(account, {"source": "live", "target": "same", **sampled}, fail_when_different=True)["rc_"] == 0


def test_different_definitions_are_told_and_can_be_a_failure(account: Account) -> None:
    make_table(account, "live", units=None, indexes=["user"])
    make_table(account, "restored", units=None)
    put_items(account, "live", [numbered(1)])
    put_items(account, "restored", [numbered(1, seen={"N": "3"})])
    result = compare(
        account,
        {"source": "live", "target": "restored"},
        ignore_attributes=["seen"],
        fail_when_different=True,
    )
    assert result["rc_"] != 0
    assert "restored against live: global index user" in result["msg"]
    (found,) = result["results"]
    assert (found["equal"], found["differing"]) == (False, 0)
    assert found["schema"] == [
        {
            "what": "global index user",
            "source": {"key": "user (S)", "projection": "ALL", "attributes": []},
            "target": None,
        }
    ]


def test_what_can_not_be_compared_is_told_and_the_rest_is_compared(account: Account) -> None:
    for table in ("live", "restored"):
        make_table(account, table, units=None)
    account.fault("dynamodb", "Scan", times=3, error="ProvisionedThroughputExceededException")
    result = compare(
        account,
        {"source": "live", "target": "restored"},
        {"source": "live", "target": "live"},
        {"source": "live", "target": "missing"},
    )
    assert result["rc_"] != 0
    fine, itself, missing = result["results"]
    assert (fine["equal"], fine["source_items"]) == (True, 0)
    assert "are the same table" in itself["error"]
    assert missing["error_code"] == "ResourceNotFoundException"


def test_the_newest_items_tell_what_is_lost(account: Account) -> None:
    for table in ("live", "restored"):
        make_table(account, table, units=None)
    times = ("2026-11-24T06:00:00+01:00", "2026-11-24T04:30:00Z", "soon")
    old = [numbered(number, at={"S": time}) for number, time in enumerate(times)]
    put_items(account, "live", [*old, numbered(9, at={"N": "1795500000.5"}), numbered(10)])
    put_items(account, "restored", old)
    wish = {"source": "live", "target": "restored", "newest_by": "at"}
    (result,) = compare(account, wish)["results"]
    assert result["newest"] == {"source": "2026-11-24T06:00:00Z", "target": "2026-11-24T05:00:00Z", "unreadable": 2}
    refused = compare(account, {**wish, "mode": "sampled"})
    assert refused["failed"] and "a sample does not tell" in refused["msg"]
