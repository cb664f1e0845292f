# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from integration.run_module import run_module
from s3_data import DESCRIPTION, MEGABYTE, Data, without_times

from local_aws.client import Account


@pytest.fixture
def data(account: Account) -> Data:
    return Data(account)


def restore(data: Data, to: str, prefix: str = "", **options: Any) -> dict[str, Any]:
    return run_module(
        data.account, "s3_restore", prefixes=[{"bucket": data.bucket, "prefix": prefix, "to": to}], **options
    )


def test_a_prefix_is_what_it_was_and_the_way_back_is_exact(data: Data) -> None:
    account = data.account
    data.put("data/changed ü+&?.csv", "one", **DESCRIPTION)
    data.put("data/deleted.csv", "two", **DESCRIPTION)
    data.put("data/described.csv", "same", **DESCRIPTION)
    data.put("data/untouched.csv", "three")
    data.put("data/long-gone.csv", "four")
    data.delete("data/long-gone.csv")
    data.put("other/changed.csv", "five")
    large = data.upload("data/large.bin", b"x" * 5 * MEGABYTE, b"y" * 1000, **DESCRIPTION)
    good, then = data.seen(), data.later()

    data.put("data/changed ü+&?.csv", "corrupt")
    data.put("data/changed ü+&?.csv", "corrupt again")
    data.delete("data/deleted.csv")
    data.put("data/described.csv", "same", Metadata={"owner": "nobody"})
    data.put("data/large.bin", b"short")
    data.put("data/created.csv", "new")
    data.put("data/line\r\x01.csv", "new, with a name that XML can not hold")
    data.put("other/changed.csv", "not asked for")
    bad, kept = data.seen(), data.versions()
    data.later()

    mark = account.mark()
    told = restore(data, then, "data/", check=True)
    assert told["changed"] and account.mutating(mark) == []
    assert told["results"][0]["after"]["changes"] == {
        "changed": 3,
        "deleted": 1,
        "created": 2,
        "unchanged": 1,
        "bytes": 3 + 3 + 4 + 5 * MEGABYTE + 1000,
    }

    done = restore(data, then, "data/")
    assert without_times(done["results"]) == without_times(told["results"])
    now = data.seen()
    assert {key: what for key, what in now.items() if key.startswith("data/")} == {
        key: what for key, what in good.items() if key.startswith("data/")
    }
    assert now["data/large.bin"]["etag"] == large
    assert now["other/changed.csv"] == bad["other/changed.csv"]
    assert kept <= data.versions(), "no version is ever deleted"

    mark = account.mark()
    again = restore(data, then, "data/")
    assert not again["changed"] and account.mutating(mark) == []

    back = run_module(account, "s3_restore", prefixes=[result["before"] for result in done["results"]])
    assert back["changed"]
    assert data.seen() == bad
