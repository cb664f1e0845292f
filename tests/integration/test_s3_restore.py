# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aws_makers import make_bucket
from integration.run_module import run_module

from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from local_aws.client import Account

MEGABYTE = 1024 * 1024
DESCRIPTION = {
    "Metadata": {"owner": "orders"},
    "CacheControl": "no-cache",
    "ContentType": "text/csv",
    "ContentEncoding": "identity",
    "WebsiteRedirectLocation": "/elsewhere",
    "StorageClass": "STANDARD_IA",
    "Tagging": "team=data&kind=a%2Bb",
}


class Data:
    """A versioned bucket of a test, and what is in it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.client, self.bucket = make_bucket(account)

    def put(self, key: str, content: bytes | str, **options: Any) -> str:
        body = content.encode() if isinstance(content, str) else content
        return str(self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **options)["VersionId"])

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def upload(self, key: str, *parts: bytes, **options: Any) -> str:
        """In parts; returns its ETag."""
        where = {"Bucket": self.bucket, "Key": key}
        where["UploadId"] = self.client.create_multipart_upload(**where, **options)["UploadId"]
        made = [
            {"PartNumber": n, "ETag": self.client.upload_part(**where, PartNumber=n, Body=part)["ETag"]}
            for n, part in enumerate(parts, 1)
        ]
        return str(self.client.complete_multipart_upload(**where, MultipartUpload={"Parts": made})["ETag"])

    def later(self, seconds: float = 60) -> str:
        """Time passes; the time before that, as the module takes it."""
        return stamp(datetime.fromtimestamp(self.account.advance(seconds) - seconds, UTC))

    def seen(self) -> dict[str, Any]:
        """Everything that a reader of the bucket sees, by key."""
        found = {}
        for item in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            where = {"Bucket": self.bucket, "Key": item["Key"]}
            got = self.client.get_object(**where)
            told = ("Metadata", "CacheControl", "ContentType", "ContentEncoding", "WebsiteRedirectLocation")
            found[item["Key"]] = {
                "content": got["Body"].read(),
                "etag": item["ETag"],
                "class": item["StorageClass"],
                "tags": self.client.get_object_tagging(**where)["TagSet"],
                **{name: got.get(name) for name in told},
            }
        return found

    def versions(self) -> set[str]:
        listed = self.client.list_object_versions(Bucket=self.bucket)
        return {entry["VersionId"] for kind in ("Versions", "DeleteMarkers") for entry in listed.get(kind, [])}

    def restore(self, to: str, prefix: str = "", **options: Any) -> dict[str, Any]:
        wish = {"bucket": self.bucket, "prefix": prefix, "to": to}
        return run_module(self.account, "s3_restore", prefixes=[wish], **options)


@pytest.fixture
def data(account: Account) -> Data:
    return Data(account)


def without_times(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**result, "before": {**result["before"], "to": ""}} for result in results]


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
    told = data.restore(then, "data/", check=True)
    assert told["changed"] and account.mutating(mark) == []
    assert told["results"][0]["after"]["changes"] == {
        "changed": 3,
        "deleted": 1,
        "created": 2,
        "unchanged": 1,
        "bytes": 3 + 3 + 4 + 5 * MEGABYTE + 1000,
    }

    done = data.restore(then, "data/")
    assert without_times(done["results"]) == without_times(told["results"])
    now = data.seen()
    assert {key: what for key, what in now.items() if key.startswith("data/")} == {
        key: what for key, what in good.items() if key.startswith("data/")
    }
    assert now["data/large.bin"]["etag"] == large
    assert now["other/changed.csv"] == bad["other/changed.csv"]
    assert kept <= data.versions(), "no version is ever deleted"

    mark = account.mark()
    again = data.restore(then, "data/")
    assert not again["changed"] and account.mutating(mark) == []

    back = run_module(account, "s3_restore", prefixes=[result["before"] for result in done["results"]])
    assert back["changed"]
    assert data.seen() == bad
