# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._s3 import (
    _entries_in_order,
    _expiry,
    _facts,
    _grants,
    checksums_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import Expiry, Version

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>{encoding}
<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>v3</NextVersionIdMarker>
<Version><Key>{key}</Key><VersionId>v3</VersionId><IsLatest>true</IsLatest>
<LastModified>2026-01-31T10:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size>
<StorageClass>GLACIER</StorageClass><Owner><ID>o</ID></Owner></Version>
<DeleteMarker><Key>{key}</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest>
<LastModified>2026-01-31T10:00:00.000Z</LastModified><Owner><ID>o</ID></Owner></DeleteMarker>
<Version><Key>{key}</Key><VersionId>null</VersionId><IsLatest>false</IsLatest>
<LastModified>2026-01-31T10:00:00.000Z</LastModified><ETag>&quot;f-2&quot;</ETag><Size>0</Size>
<StorageClass>GLACIER</StorageClass><RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>
<RestoreExpiryDate>2026-02-01T00:00:00.000Z</RestoreExpiryDate></RestoreStatus></Version>
<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes></ListVersionsResult>"""
MODIFIED = "2026-01-31T10:00:00Z"


@pytest.mark.parametrize(
    ("encoding", "sent", "key"),
    [
        ("<EncodingType>url</EncodingType>", "a+b/%C3%BC%26%2B%0D", "a b/ü&+\r"),
        ("", "a+b/%C3&amp;", "a+b/%C3&"),
    ],
)
def test_a_page_of_versions_is_read_in_its_order(encoding: str, sent: str, key: str) -> None:
    response = {"status_code": 200, "body": PAGE.format(encoding=encoding, key=sent).encode()}
    page: dict[str, Any] = {}
    _entries_in_order(response, page, event_name="before-parse.s3.ListObjectVersions")
    assert page == {
        "IsTruncated": True,
        "NextKeyMarker": key,
        "NextVersionIdMarker": "v3",
        "Entries": [
            Version(key, "v3", MODIFIED, latest=True, etag='"e"', size=7, storage_class="GLACIER", readable=False),
            Version(key, "v2", MODIFIED, marker=True),
            Version(key, "null", MODIFIED, etag='"f-2"', storage_class="GLACIER"),
        ],
        "Folders": [key],
    }
    assert len(response["body"]) < 100, "botocore has nothing left to read"


def test_an_error_is_left_to_botocore() -> None:
    response, page = {"status_code": 503, "body": b"<Error/>"}, {}
    _entries_in_order(response, page)
    assert page == {} and response["body"] == b"<Error/>"


def head(**also: Any) -> dict[str, Any]:
    told = {"ResponseMetadata": {"HTTPHeaders": {"x-amz-tagging-count": "2"}}, "ETag": '"e"', "ContentLength": 3}
    return {**told, **also}


@pytest.mark.parametrize(
    ("also", "whole", "algorithm"),
    [
        ({}, {}, ""),
        ({"ChecksumCRC32": "x"}, {"CRC32": "x"}, "CRC32"),
        ({"ChecksumCRC32": "x", "ChecksumType": "FULL_OBJECT", "ETag": '"e-2"'}, {"CRC32": "x"}, "CRC32"),
        # A checksum of checksums says nothing about content in other parts.
        ({"ChecksumCRC32": "x-2", "ChecksumType": "COMPOSITE", "ETag": '"e-2"'}, {}, "CRC32"),
        ({"ChecksumSHA256": "x-2", "ETag": '"e-2"'}, {}, "SHA256"),
    ],
)
def test_only_checksums_of_the_whole_are_compared(also: dict[str, Any], whole: dict[str, str], algorithm: str) -> None:
    facts = _facts(head(**also))
    assert (facts.checksums, facts.algorithm, facts.tag_count) == (whole, algorithm, 2)
    assert checksums_of(head(**also)) == whole


def test_what_describes_an_object_is_taken_as_it_was_sent() -> None:
    told = head(ContentType="text/csv", Expires="parsed", ExpiresString="never", Metadata={"a": "b"}, CacheControl="")
    facts = _facts(told)
    assert facts.headers == {"ContentType": "text/csv", "Expires": "never"} and facts.metadata == {"a": "b"}


@pytest.mark.parametrize(
    ("where", "prefix"),
    [
        ({"Prefix": "old/"}, "old/"),
        ({"Filter": {"Prefix": "a/"}}, "a/"),
        ({"Filter": {"And": {"Prefix": "b/", "Tags": []}}}, "b/"),
        ({"Filter": {"Tag": {"Key": "k", "Value": "v"}}}, ""),
        ({}, ""),
    ],
)
def test_a_rule_about_some_objects_may_be_about_any(where: dict[str, Any], prefix: str) -> None:
    rule = {"ID": "thin", "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}, **where}
    assert _expiry(rule) == Expiry(3, 2, prefix, "thin")


def grant(permission: str, **grantee: str) -> dict[str, Any]:
    return {"Permission": permission, "Grantee": grantee}


def test_grants_are_those_that_a_private_copy_would_not_have() -> None:
    own = grant("FULL_CONTROL", ID="o")
    everybody = grant("READ", URI="http://acs.amazonaws.com/groups/global/AllUsers")
    assert _grants({"Owner": {"ID": "o"}, "Grants": [own]}) == {}
    assert _grants(
        {"Owner": {"ID": "o"}, "Grants": [own, everybody, grant("READ", ID="p"), grant("WRITE", ID="q")]}
    ) == {
        "GrantFullControl": 'id="o"',
        "GrantRead": 'id="p", uri="http://acs.amazonaws.com/groups/global/AllUsers"',
    }
