# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks import processes
from benchmarks.stub.objects import BUCKET, LIST_PAGE, ObjectsSettings, good_version, keys

Make = Callable[[str], Any]


def _listed(client: Any, **arguments: Any) -> dict[str, list[Any]]:
    pages = list(client.get_paginator("list_object_versions").paginate(Bucket=BUCKET, **arguments))
    return {kind: [each for page in pages for each in page.get(kind, [])] for kind in ("Versions", "DeleteMarkers")}


def _copy(client: Any, key: str, version: str) -> Any:
    return client.copy_object(Bucket=BUCKET, Key=key, CopySource={"Bucket": BUCKET, "Key": key, "VersionId": version})


def test_versions_are_listed_in_pages_the_newest_of_a_key_first(endpoint: processes.Stub, client: Make) -> None:
    fates = {"overwritten": 800, "deleted": 100, "created": 50, "same": 50}
    endpoint.reset("objects", **fates)
    found = _listed(client("s3"), Prefix="data/")
    names = keys(ObjectsSettings(**fates))
    assert len(names) == len(set(names)) == 1000
    assert len(found["Versions"]) == 800 * 2 + 100 + 50 + 50
    assert sorted(each["Key"] for each in found["DeleteMarkers"]) == sorted(names[800:900])
    of_first = [each for each in found["Versions"] if each["Key"] == names[0]]
    assert [each["IsLatest"] for each in of_first] == [True, False]
    assert of_first[1]["VersionId"] == good_version(0)
    assert of_first[0]["LastModified"] > of_first[1]["LastModified"]
    assert endpoint.report()["calls"]["ListObjectVersions"] == -(-1900 // LIST_PAGE)
    assert endpoint.report()["unlike"] == {BUCKET: 950}


def test_a_prefix_hides_the_other_keys(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("objects", same=200)
    assert len(_listed(client("s3"), Prefix="data/05/")["Versions"]) == 3
    assert _listed(client("s3"), Prefix="other/")["Versions"] == []


def test_a_copy_is_a_new_version_on_top(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("objects", overwritten=2, deleted=1)
    s3, names = client("s3"), keys(ObjectsSettings(overwritten=2, deleted=1))
    for number in (0, 2):
        copied = _copy(s3, names[number], good_version(number))
        assert s3.head_object(Bucket=BUCKET, Key=names[number])["VersionId"] == copied["VersionId"]
        wanted = s3.head_object(Bucket=BUCKET, Key=names[number], VersionId=good_version(number))
        assert copied["CopyObjectResult"]["ETag"] == wanted["ETag"]
    report = endpoint.report()
    assert (report["unlike"], report["versions"]) == ({BUCKET: 1}, 8)


def test_deleting_sets_a_marker_and_keeps_the_versions(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("objects", created=3)
    s3, names = client("s3"), keys(ObjectsSettings(created=3))
    assert s3.delete_object(Bucket=BUCKET, Key=names[0])["DeleteMarker"]
    objects = [{"Key": name} for name in names[1:]]
    assert len(s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})["Deleted"]) == 2
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=BUCKET, Key=names[0])
    assert len(_listed(s3)["DeleteMarkers"]) == 3
    report = endpoint.report()
    assert (report["unlike"], report["versions"]) == ({BUCKET: 0}, 6)


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("list_object_versions", {"Bucket": "other"}, "NoSuchBucket"),
        ("delete_object", {"Bucket": BUCKET, "Key": "none"}, "NoSuchKey"),
        (
            "copy_object",
            {"Bucket": BUCKET, "Key": "data/00/file 0000000.json", "CopySource": f"{BUCKET}/data?versionId=none"},
            "NoSuchVersion",
        ),
        ("get_bucket_lifecycle_configuration", {"Bucket": BUCKET}, "NoSuchLifecycleConfiguration"),
    ],
)
def test_boto_sees_the_error_that_aws_gives(
    endpoint: processes.Stub, client: Make, operation: str, arguments: dict[str, Any], code: str
) -> None:
    endpoint.reset("objects", overwritten=1)
    with pytest.raises(ClientError) as caught:
        getattr(client("s3"), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code


def test_the_bucket_is_versioned_and_nothing_expires(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("objects", same=1)
    s3 = client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    rules = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert [rule["ObjectOwnership"] for rule in rules] == ["BucketOwnerEnforced"]
    assert s3.get_object_tagging(Bucket=BUCKET, Key=keys(ObjectsSettings(same=1))[0])["TagSet"] == []
    s3.head_bucket(Bucket=BUCKET)
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] is None
    assert endpoint.report()["unknown"] == []
