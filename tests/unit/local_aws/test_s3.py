# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS follows S3's rules of versions; each of these fails on plain moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from s3_data import MEGABYTE, Data

from local_aws.client import Account


@pytest.fixture
def data(account: Account) -> Data:
    return Data(account)


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def copy(data: Data, key: str, version_id: str, **options: Any) -> dict[str, Any]:
    source = {"Bucket": data.bucket, "Key": key, "VersionId": version_id}
    return dict(data.client.copy_object(Bucket=data.bucket, Key=key, CopySource=source, **options))


def test_times_are_the_accounts_and_to_the_second(data: Data) -> None:
    data.put("a", "1")
    wall = datetime.now(UTC)
    data.account.advance(3600)
    data.put("a", "2")
    data.delete("a")
    page = data.client.list_object_versions(Bucket=data.bucket)
    second, first = (entry["LastModified"] for entry in page["Versions"])
    for moment in (second, page["DeleteMarkers"][0]["LastModified"]):
        assert moment.microsecond == 0
        assert timedelta(seconds=3590) < moment - wall < timedelta(seconds=3610)
    assert first - wall < timedelta(seconds=10)


def test_the_newest_version_comes_first_although_all_are_of_one_second(data: Data) -> None:
    written = [data.put("a", str(number)) for number in range(5)]
    assert data.entries() == [("a", version, version == written[4]) for version in reversed(written)]


def test_versions_and_delete_markers_come_in_one_list(data: Data) -> None:
    data.put("a", "1")
    data.delete("a")
    data.put("a", "2")
    answers: list[bytes] = []
    data.client.meta.events.register_first(
        "before-parse.s3.ListObjectVersions", lambda response_dict, **rest: answers.append(response_dict["body"])
    )
    data.client.list_object_versions(Bucket=data.bucket)
    text = answers[0].decode()
    assert text.index("<Version>") < text.index("<DeleteMarker>") < text.rindex("<Version>")


def test_a_listing_goes_on_where_the_page_before_ended(data: Data) -> None:
    keys = ["a b/ü&+%.txt", "b", "b/1", "c"]
    for key in keys:
        data.put(key, "1")
        data.put(key, "2")
    data.delete("b")
    whole, by_twos = data.entries(), data.entries(PaginationConfig={"PageSize": 2})
    assert sorted(by_twos) == sorted(whole) and len(by_twos) == 9
    assert [key for key, _version, latest in whole if latest] == ["a b/ü&+%.txt", "b/1", "c", "b"]
    assert {key for key, *_rest in data.entries(Prefix="b")} == {"b", "b/1"}
    folders = data.client.list_object_versions(Bucket=data.bucket, Delimiter="/")
    assert [folder["Prefix"] for folder in folders["CommonPrefixes"]] == ["a b/", "b/"]


def test_what_is_not_there_can_be_deleted(data: Data) -> None:
    answer = data.client.delete_object(Bucket=data.bucket, Key="nothing")
    assert answer["DeleteMarker"] and data.entries() == [("nothing", answer["VersionId"], True)]


def test_keys_are_deleted_together_each_with_its_own_answer(data: Data) -> None:
    data.put("a", "1")
    current = data.put("b", "1")
    data.put("c", "1")
    etag = data.client.head_object(Bucket=data.bucket, Key="a")["ETag"]
    answer = data.client.delete_objects(
        Bucket=data.bucket,
        Delete={"Objects": [{"Key": "a", "ETag": etag}, {"Key": "b", "ETag": '"0"'}, {"Key": "c"}, {"Key": "b"}]},
    )
    assert [item["Key"] for item in answer["Deleted"]] == ["a", "c", "b"]
    assert [(item["Key"], item["Code"]) for item in answer["Errors"]] == [("b", "PreconditionFailed")]
    assert ("b", current, False) in data.entries()
    with refused("MalformedXML"):
        data.client.delete_objects(Bucket=data.bucket, Delete={"Objects": [{"Key": str(n)} for n in range(1001)]})


def test_a_copy_keeps_to_its_condition(data: Data) -> None:
    first = data.put("a", "1")
    data.put("a", "2")
    etag = data.client.head_object(Bucket=data.bucket, Key="a")["ETag"]
    with refused("PreconditionFailed"):
        copy(data, "a", first, IfMatch='"0"')
    with refused("PreconditionFailed"):
        copy(data, "a", first, IfNoneMatch="*")
    assert copy(data, "a", first, IfMatch=etag)["CopySourceVersionId"] == first
    data.delete("a")
    with refused("NoSuchKey"):
        copy(data, "a", first, IfMatch=etag)
    copy(data, "a", first, IfNoneMatch="*")
    with refused("PreconditionFailed"):
        data.client.delete_object(Bucket=data.bucket, Key="a", IfMatch='"0"')


def test_a_copy_in_one_piece_has_another_etag_no_parts_and_no_redirection(data: Data) -> None:
    etag = data.upload("a", b"x" * 5 * MEGABYTE, b"y", WebsiteRedirectLocation="/there", Metadata={"owner": "orders"})
    source = data.client.head_object(Bucket=data.bucket, Key="a", PartNumber=2)
    assert source["PartsCount"] == 2 and source["ContentLength"] == 1
    copy(data, "a", source.get("VersionId") or data.entries()[0][1])
    made = data.client.head_object(Bucket=data.bucket, Key="a")
    assert etag.endswith('-2"') and "-" not in made["ETag"]
    assert made["Metadata"] == {"owner": "orders"} and "WebsiteRedirectLocation" not in made
    assert "PartsCount" not in data.client.head_object(Bucket=data.bucket, Key="a", PartNumber=1)


def test_an_upload_in_parts_is_as_old_as_its_beginning(data: Data) -> None:
    where = {"Bucket": data.bucket, "Key": "a"}
    upload = {**where, "UploadId": data.client.create_multipart_upload(**where)["UploadId"]}
    data.account.advance(60)
    simple = data.put("a", "later")
    data.account.advance(60)
    part = data.client.upload_part(**upload, PartNumber=1, Body=b"parts")["ETag"]
    made = data.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    assert data.entries() == [("a", simple, True), ("a", made["VersionId"], False)]
    assert data.client.get_object(**where)["Body"].read() == b"later"


def test_an_etag_of_kms_tells_nothing_of_the_content(data: Data) -> None:
    key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "data-key"}
    first = data.put("a", "same", **key)
    etags = {data.client.head_object(Bucket=data.bucket, Key="a")["ETag"]}
    data.put("a", "same", **key)
    etags.add(data.client.head_object(Bucket=data.bucket, Key="a")["ETag"])
    etags.add(copy(data, "a", first, **key)["CopyObjectResult"]["ETag"])
    assert len(etags) == 3
    data.put("a", "same")
    assert data.client.head_object(Bucket=data.bucket, Key="a")["ETag"] == '"51037a4a37730f52c8732586d3aaa316"'


def test_suspended_versioning_overwrites_the_version_null_and_no_other(data: Data) -> None:
    kept = data.put("a", "1")
    data.client.put_bucket_versioning(Bucket=data.bucket, VersioningConfiguration={"Status": "Suspended"})
    data.put("a", "2")
    data.put("a", "3")
    assert data.entries() == [("a", "null", True), ("a", kept, False)]
    data.delete("a")
    assert data.entries() == [("a", kept, False), ("a", "null", True)]
    page = data.client.list_object_versions(Bucket=data.bucket)
    assert [marker["VersionId"] for marker in page["DeleteMarkers"]] == ["null"]


def test_an_archived_version_says_whether_it_can_be_read(data: Data) -> None:
    data.put("a", "1", StorageClass="GLACIER")

    def status() -> Any:
        page = data.client.list_object_versions(Bucket=data.bucket, OptionalObjectAttributes=["RestoreStatus"])
        return page["Versions"][-1].get("RestoreStatus")

    assert status() is None
    archived = {"Bucket": data.bucket, "Key": "a", "VersionId": data.entries()[0][1]}
    data.put("a", "2")
    data.client.restore_object(**archived, RestoreRequest={"Days": 2})
    for _look in range(2):
        data.client.head_object(**archived)
    assert status()["RestoreExpiryDate"] > datetime.now(UTC)


def test_new_buckets_have_no_acls(data: Data) -> None:
    rules = data.client.get_bucket_ownership_controls(Bucket=data.bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_lifecycle_rules_are_kept_whole(data: Data) -> None:
    rule = {
        "ID": "thin",
        "Status": "Enabled",
        "Filter": {"Prefix": "data/"},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
    }
    data.client.put_bucket_lifecycle_configuration(Bucket=data.bucket, LifecycleConfiguration={"Rules": [rule]})
    assert data.client.get_bucket_lifecycle_configuration(Bucket=data.bucket)["Rules"] == [rule]


def test_a_template_makes_a_versioned_bucket(account: Account) -> None:
    name = f"templated-{account.id}"
    properties = {"BucketName": name, "VersioningConfiguration": {"Status": "Enabled"}}
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    account.client("cloudformation").create_stack(StackName="data", TemplateBody=json.dumps(template))
    account.client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName="data", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    assert account.client("s3").get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
