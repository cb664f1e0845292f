# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.config
import pytest
from integration.examples import assert_examples_run
from integration.killing import kill_module_at
from integration.run_module import run_module
from s3_data import DESCRIPTION, MEGABYTE, Data, examples, without_times

from ansible_collections.runbook.aws.plugins.modules import s3_restore
from local_aws.client import SECRET_KEY, Account


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


def test_what_can_not_be_brought_back_is_refused_and_nothing_is_written(account: Account) -> None:
    good, cold, mixed = Data(account), Data(account, "cold"), Data(account, "mixed", "")
    good.put("a", "1")
    cold.put("ice", "1", StorageClass="GLACIER")
    mixed.put("a", "1")
    off, suspended = Data(account, "off", ""), Data(account, "suspended", "Suspended")
    then = good.later()
    good.put("a", "2")
    cold.put("ice", "2")
    mixed.put("a", "2")
    mixed.client.put_bucket_versioning(Bucket=mixed.bucket, VersioningConfiguration={"Status": "Enabled"})
    mixed.put("a", "3")
    mark = account.mark()
    buckets = [good.bucket, cold.bucket, mixed.bucket, off.bucket, suspended.bucket, "nowhere-at-all"]
    told = run_module(
        account, "s3_restore", prefixes=[{"bucket": bucket, "prefix": "", "to": then} for bucket in buckets]
    )
    errors = [result["error"] or "" for result in told["results"]]
    assert told["failed"] and "5 of 6 failed, nothing was written" in told["msg"]
    for error, said in zip(
        errors,
        ["", "ice was in GLACIER", "a was written without versioning at", "is off", "is suspended", "NoSuchBucket"],
        strict=True,
    ):
        assert said in error
    assert told["results"][1]["problems"][0]["keys"] == ["ice"]
    assert account.mutating(mark) == []

    # The archived version can be read again after a restore, and stays readable.
    version = next(version for key, version, latest in cold.entries() if not latest)
    cold.client.restore_object(Bucket=cold.bucket, Key="ice", VersionId=version, RestoreRequest={"Days": 1})
    for _look in range(2):
        cold.client.head_object(Bucket=cold.bucket, Key="ice", VersionId=version)
    assert restore(cold, then)["changed"]
    assert cold.seen()["ice"]["content"] == b"1" and cold.seen()["ice"]["class"] == "STANDARD"


@pytest.mark.parametrize(
    ("prefix", "there"),
    [
        ("dtaa/", "It has data/, backups/, readme.txt."),
        ("data/recieved/", "It has data/received/, data/sent/."),
        ("nothing/like/it", "It has backups/, data/, readme.txt."),
    ],
)
def test_a_prefix_that_no_key_ever_had_is_refused_with_those_there_are(
    account: Account, prefix: str, there: str
) -> None:
    data = Data(account)
    for key in ("data/received/a", "data/sent/a", "backups/a", "readme.txt"):
        data.put(key, "1")
    # What is deleted is what somebody may want back.
    data.delete("data/received/a")
    mark = account.mark()
    refused = restore(data, "1s ago", prefix)
    assert f"never had a key that begins so. {there}" in refused["msg"] and account.mutating(mark) == []
    assert "failed" not in restore(data, "1s ago", "data/received/")
    assert "It has no key at all." in restore(Data(account, "empty"), "1s ago", "x")["msg"]


def test_what_kms_encrypts_keeps_its_key_and_is_compared_by_its_content(account: Account) -> None:
    data = Data(account)
    # As older tools wrote: without a checksum, so that only the content tells.
    bare = botocore.config.Config(request_checksum_calculation="when_required", s3={"addressing_style": "path"})
    data.client = account.session.client("s3", endpoint_url=account.endpoint, config=bare)
    key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "data-key"}
    data.put("same", "content", **key)
    data.put("changed", "before", **key)
    then = data.later()
    data.put("same", "content", **key)
    data.put("changed", "after!")
    account.deny("s3:GetBucketLifecycleConfiguration")
    told = restore(data, then)
    changes = told["results"][0]["after"]["changes"]
    assert changes == {"changed": 1, "deleted": 0, "created": 0, "unchanged": 1, "bytes": 6}
    assert "not observable" in told["warnings"][0]
    made = data.client.head_object(Bucket=data.bucket, Key="changed")
    assert (made["ServerSideEncryption"], made["SSEKMSKeyId"]) == ("aws:kms", "data-key")
    assert data.seen()["changed"]["content"] == b"before"
    assert not restore(data, then)["changed"]


def test_grants_come_back_where_objects_have_acls(account: Account) -> None:
    data = Data(account)
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    data.client.put_bucket_ownership_controls(Bucket=data.bucket, OwnershipControls=controls)
    data.put("public", "same", ACL="public-read")
    data.put("private", "same")
    then = data.later()
    data.put("public", "same")
    data.put("private", "same")

    def grants(key: str) -> list[str]:
        found = data.client.get_object_acl(Bucket=data.bucket, Key=key)["Grants"]
        return sorted(grant["Permission"] for grant in found)

    assert grants("public") == ["FULL_CONTROL"]
    done = restore(data, then)
    assert done["results"][0]["after"]["keys"]["changed"] == ["public"]
    assert grants("public") == ["FULL_CONTROL", "READ"]
    assert not restore(data, then)["changed"]


def test_a_bad_connection_loses_nothing_and_counts_nothing_twice(data: Data) -> None:
    account = data.account
    for number in range(12):
        data.put(f"k{number:02}", "good")
    large = data.upload("large", b"x" * 5 * MEGABYTE, b"y")
    good, then = data.seen(), data.later()
    for key in good:
        data.put(key, "bad")
    for number in range(5):
        data.put(f"new{number}", "new")
    data.delete("k03")
    bad = data.versions()
    # Of one key each, so that no other uses up its attempts: throttled more often than botocore tries by itself, ...
    slow = {"error": "SlowDown", "status": 503, "message": "Please reduce your request rate."}
    account.fault("s3", "CopyObject", match={"Key": "k00"}, times=6, **slow)
    account.fault("s3", "CopyObject", match={"Key": "k01"}, mode="disconnect", times=2)
    for key in ("k02", "k04", "k05"):
        # ... and done with the answer lost: what is sent again finds the key changed, by itself.
        account.fault("s3", "CopyObject", match={"Key": key}, mode="disconnect_after")
    account.fault("s3", "CompleteMultipartUpload", mode="disconnect_after")
    account.fault("s3", "DeleteObjects", mode="disconnect_after")
    account.fault("s3", "ListObjectVersions", error="SlowDown", status=503, times=1)
    mark = account.mark()
    done = restore(data, then)
    assert not done.get("failed"), done["msg"]
    assert [call["error"] for call in account.calls(mark)].count("SlowDown") == 6 + 1
    assert data.seen() == good and data.seen()["large"]["etag"] == large
    assert len(data.versions() - bad) == 12 + 1 + 5, "one new version of each key"
    uploads = data.client.list_multipart_uploads(Bucket=data.bucket)
    assert "Uploads" not in uploads


def test_keys_that_fail_are_named_and_the_next_run_does_them(data: Data) -> None:
    account = data.account
    for key in ("a", "b", "c"):
        data.put(key, "good")
    large = data.upload("large", b"x" * 5 * MEGABYTE, b"y")
    good, then = data.seen(), data.later()
    for key in good:
        data.put(key, "bad")
    data.put("new", "new")
    account.fault("s3", "CopyObject", match={"Key": "b"}, error="AccessDenied", status=403, message="Access Denied")
    account.fault("s3", "UploadPartCopy", match={"PartNumber": 2}, error="AccessDenied", status=403)
    failed = restore(data, then)
    assert failed["failed"] and failed["changed"]
    result = failed["results"][0]
    assert "2 of 5 keys failed, 3 are done. The first: b: s3:CopyObject was refused: AccessDenied" in failed["msg"]
    assert {failure["key"] for failure in result["failures"]} == {"b", "large"}
    assert result["calls"] == ["s3:CopyObject", "s3:DeleteObjects"] and result["after"] is None
    assert "Uploads" not in data.client.list_multipart_uploads(Bucket=data.bucket), "nothing unfinished is left"
    again = restore(data, then)
    assert again["results"][0]["after"]["changes"]["changed"] == 2
    assert data.seen() == good and good["large"]["etag"] == large
    # The way back of the first run is the whole way back.
    run_module(account, "s3_restore", prefixes=[result["before"]])
    assert {key: what["content"] for key, what in data.seen().items()} == dict.fromkeys(
        ("a", "b", "c", "large"), b"bad"
    ) | {"new": b"new"}


def test_what_somebody_else_writes_meanwhile_is_left_alone(data: Data) -> None:
    account = data.account
    for key in ("a", "b", "gone"):
        data.put(key, "good")
    then = data.later()
    for key in ("a", "b", "new"):
        data.put(key, "bad")
    data.delete("gone")
    mark = account.mark()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(restore, data, then)
        # Between planning and writing there is more than a second.
        deadline = time.monotonic() + 60
        while [call["operation"] for call in account.calls(mark)].count("HeadObject") < 3:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for key in ("a", "gone", "new"):
            data.put(key, "somebody else's")
        failed = running.result()
    assert failed["failed"]
    assert {failure["key"] for failure in failed["results"][0]["failures"]} == {"a", "gone", "new"}
    assert "was changed by somebody else meanwhile and left as it is now" in failed["msg"]
    assert {key: what["content"] for key, what in data.seen().items()} == {
        "a": b"somebody else's",
        "b": b"good",
        "gone": b"somebody else's",
        "new": b"somebody else's",
    }


def test_prefixes_are_brought_back_at_the_same_time_page_by_page(data: Data) -> None:
    account = data.account
    data.put("data/kept", "good")
    then = data.later()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: data.put(f"data/new{number:04}", ""), range(1010)))
    data.put("logs/kept", "bad")
    mark = account.mark()
    prefixes = [{"bucket": data.bucket, "prefix": prefix, "to": then} for prefix in ("data/", "logs/")]
    done = run_module(account, "s3_restore", prefixes=prefixes)
    assert [result["after"]["changes"]["created"] for result in done["results"]] == [1010, 1]
    assert set(data.seen()) == {"data/kept"}
    operations = [call["operation"] for call in account.calls(mark)]
    assert operations.count("DeleteObjects") == 3 and operations.count("ListObjectVersions") == 3


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    # The examples name a day, which must have been.
    account.advance(4000 * 86_400)
    data = Data(account)
    data.put("data/a", "good")
    data.put("models/m", "good")
    data.later(3 * 3600)
    data.put("data/a", "bad")
    assert_examples_run(account, tmp_path, examples(s3_restore, account))


def test_the_diff_shows_numbers_and_keys(data: Data) -> None:
    data.put("data/a", "good")
    then = data.later()
    data.put("data/a", "bad")
    shown = restore(data, then, "data/", diff=True, check=True)["output"]
    assert '"changed": 1' in shown and "data/a" in shown and SECRET_KEY not in shown


def test_a_run_that_is_killed_is_gone_on_with_and_undone(data: Data) -> None:
    account = data.account
    keys = [f"k{number:02}" for number in range(20)]
    for key in keys:
        data.put(key, "good")
    then = data.later()
    for key in keys:
        data.put(key, "bad")
    plan = restore(data, then, check=True)
    account.fault("s3", "CopyObject", mode="delay", delay=0.2, times=0)
    prefixes = [{"bucket": data.bucket, "prefix": "", "to": then}]
    kill_module_at(account, "CopyObject", "s3_restore", times=4, prefixes=prefixes, workers=2)
    account.clear_faults()
    left = [key for key, what in data.seen().items() if what["content"] == b"bad"]
    assert 0 < len(left) < len(keys)
    done = restore(data, then)
    assert done["results"][0]["after"]["keys"]["changed"] == left
    assert {what["content"] for what in data.seen().values()} == {b"good"}
    # What was known before the run that was killed is the way back from all of it.
    run_module(account, "s3_restore", prefixes=[plan["results"][0]["before"]])
    assert {what["content"] for what in data.seen().values()} == {b"bad"}
