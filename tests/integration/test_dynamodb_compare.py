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
