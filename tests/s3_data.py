# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket of the embedded AWS with objects of many kinds, and everything that a reader of it sees."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from aws_makers import make_bucket

from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from local_aws.client import Account

MEGABYTE = 1024 * 1024
# Everything that an object can be told about itself.
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
    """A bucket, versioned unless told otherwise."""

    def __init__(self, account: Account, name: str = "data", versioning: str = "Enabled") -> None:
        self.account = account
        self.client, self.bucket = make_bucket(account, name, versioning)

    def put(self, key: str, content: bytes | str, **options: Any) -> str:
        """Write an object; returns its version."""
        body = content.encode() if isinstance(content, str) else content
        return str(self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **options).get("VersionId"))

    def delete(self, key: str) -> None:
        """Delete an object, as everybody does."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def upload(self, key: str, *parts: bytes, **options: Any) -> str:
        """Write an object in parts; returns its ETag."""
        where = {"Bucket": self.bucket, "Key": key}
        where["UploadId"] = self.client.create_multipart_upload(**where, **options)["UploadId"]
        made = [
            {"PartNumber": n, "ETag": self.client.upload_part(**where, PartNumber=n, Body=part)["ETag"]}
            for n, part in enumerate(parts, 1)
        ]
        return str(self.client.complete_multipart_upload(**where, MultipartUpload={"Parts": made})["ETag"])

    def later(self, seconds: float = 60) -> str:
        """Time passes; the time before that, as the modules take it."""
        return stamp(datetime.fromtimestamp(self.account.advance(seconds) - seconds, UTC))

    def seen(self, prefix: str = "") -> dict[str, Any]:
        """Everything that a reader of the bucket sees, by key."""
        found = {}
        for item in self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", []):
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

    def entries(self, **options: Any) -> list[tuple[str, str, bool]]:
        """Versions and delete markers: key, version, whether it is the latest."""
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, **options)
        return [
            (entry["Key"], entry["VersionId"], entry["IsLatest"])
            for page in pages
            for kind in ("Versions", "DeleteMarkers")
            for entry in page.get(kind, [])
        ]

    def versions(self) -> set[str]:
        """The ids of all versions and delete markers."""
        return {version for _key, version, _latest in self.entries()}


def without_times(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results but for the times that undo them, which differ from run to run."""
    return [
        {**result, "before": {name: value for name, value in result["before"].items() if name not in ("to", "as_of")}}
        for result in results
    ]


def examples(module: ModuleType, account: Account) -> ModuleType:
    """A module's examples with buckets of this account: names are one space for all accounts."""
    own = ModuleType(module.__name__)
    own.EXAMPLES = re.sub(r"sc-agent-(data|backup)-\w+", rf"\1-{account.id}", module.EXAMPLES)
    return own
