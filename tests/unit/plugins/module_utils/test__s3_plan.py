# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._plan import Call
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import (
    COPY,
    LARGEST_COPY,
    MARK,
    PARTS,
    Change,
    Expiry,
    Facts,
    Step,
    Version,
    compare,
    complete_call,
    copy_call,
    delete_calls,
    mark_of,
    may_be_same,
    part_call,
    same_content,
    same_description,
    step_of,
    upload_call,
)

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
TO = "2026-01-31T10:00:00Z"
BEFORE, AFTER, LATER = "2026-01-31T09:00:00Z", "2026-01-31T11:00:00Z", "2026-01-31T11:30:00Z"


def valid(*calls: Call) -> None:
    """As botocore sends them: it makes a string of CopySource before it validates (botocore/handlers.py)."""
    for call in calls:
        source = {"CopySource": "b/k"} if "CopySource" in call.arguments else {}
        assert_valid(replace(call, arguments={**call.arguments, **source}))


def version(modified: str, version_id: str = "", **also: Any) -> Version:
    return Version("data/a", version_id or f"v{modified}", modified, etag='"e"', size=1, **also)


def marker(modified: str, version_id: str = "") -> Version:
    return Version("data/a", version_id or f"m{modified}", modified, marker=True)


def what(change: Change) -> str:
    """What is to be done about a key, in a word."""
    if change.doubt:
        return "doubt"
    if change.none:
        return "nothing"
    return "mark" if change.wanted is None else f"copy {change.wanted.version_id}"


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([version(BEFORE)], "nothing"),
        ([version(TO)], "nothing"),
        ([version(AFTER), version(BEFORE)], f"copy v{BEFORE}"),
        ([version(AFTER), version(TO), version(BEFORE)], f"copy v{TO}"),
        ([version(LATER), version(AFTER), version(BEFORE)], f"copy v{BEFORE}"),
        ([marker(AFTER), version(BEFORE)], f"copy v{BEFORE}"),
        ([version(AFTER)], "mark"),
        ([version(AFTER), marker(BEFORE), version(BEFORE)], "mark"),
        ([marker(BEFORE), version(BEFORE)], "nothing"),
        ([marker(AFTER)], "nothing"),
        ([marker(LATER), version(AFTER), marker(BEFORE)], "nothing"),
        # Of one second, the newest comes first.
        ([version(TO, "second"), marker(TO, "first")], "nothing"),
        ([version(AFTER), marker(TO, "second"), version(TO, "first")], "mark"),
        ([version(AFTER), version(TO, "second"), marker(TO, "first")], "copy second"),
        # What was written without versioning has overwritten something, or not: nobody knows.
        ([version(AFTER, "null")], "doubt"),
        ([version(LATER), version(AFTER, "null"), version(BEFORE)], "doubt"),
        ([marker(AFTER, "null")], "doubt"),
        ([version(AFTER), version(BEFORE, "null")], "copy null"),
        ([version(BEFORE, "null")], "nothing"),
    ],
)
def test_a_key_goes_back_to_what_was_current_then(versions: list[Version], expected: str) -> None:
    assert what(compare(versions, TO, NOW)) == expected


@pytest.mark.parametrize(
    ("newest", "prefix", "to", "expected"),
    [
        # Two are newer than the one of then, and one of them is not current: a rule that keeps one has kept all.
        (1, "", "2026-01-01T00:00:00Z", "doubt"),
        (2, "", "2026-01-01T00:00:00Z", "copy old"),
        (1, "other/", "2026-01-01T00:00:00Z", "copy old"),
        (1, "data/", "2026-01-01T00:00:00Z", "doubt"),
        (1, "", "2026-01-30T00:00:00Z", "copy old"),
    ],
)
def test_what_a_lifecycle_rule_may_have_thinned_out_is_not_guessed(
    newest: int, prefix: str, to: str, expected: str
) -> None:
    versions = [version(LATER), version(AFTER), version("2025-12-31T00:00:00Z", "old")]
    assert what(compare(versions, to, NOW, [Expiry(10, newest, prefix, "thin")])) == expected


def test_a_key_to_which_nothing_happened_is_sure_whatever_the_rules_delete() -> None:
    old = [version("2025-12-31T00:00:00Z"), version("2025-12-30T00:00:00Z")]
    assert what(compare(old, "2026-01-01T00:00:00Z", NOW, [Expiry(1, 0, "", "all")])) == "nothing"


def test_a_rule_reaches_what_was_overwritten_so_many_days_after_the_time() -> None:
    rule = Expiry(30, 0, "", "thin")
    assert rule.reaches("2026-01-01T12:00:00Z", NOW)
    assert not rule.reaches("2026-01-01T12:00:01Z", NOW)


def facts(etag: str = '"e"', size: int = 1, **also: Any) -> Facts:
    return Facts(etag, size, **also)


KMS = {"encryption": "aws:kms"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (facts(), facts(), True),
        (facts(), facts('"f"'), False),
        (facts(size=1), facts(size=2), False),
        (facts('"e"', 0), facts('"f"', 0, **KMS), True),
        (facts('"e"', **KMS), facts('"f"'), None),
        (facts('"e"', **KMS), facts('"f"', **KMS), None),
        (
            facts('"e"', **KMS, checksums={"CRC32": "1", "SHA1": "2"}),
            facts('"f"', **KMS, checksums={"CRC32": "1"}),
            True,
        ),
        (facts('"e"', **KMS, checksums={"CRC32": "1"}), facts('"f"', **KMS, checksums={"CRC32": "2"}), False),
        (facts('"e"', **KMS, checksums={"CRC32": "1"}), facts('"f"', **KMS, checksums={"SHA1": "1"}), None),
        # In other parts, with the checksum of the whole.
        (facts('"e-2"', checksums={"CRC32": "1"}), facts('"f"', checksums={"CRC32": "1"}), True),
        (facts('"e-2"'), facts('"f"'), False),
    ],
)
def test_content_is_compared_by_what_is_known_of_it(one: Facts, other: Facts, same: bool | None) -> None:
    assert same_content(one, other) is same
    assert same_content(*reversed((one, other))) is same


@pytest.mark.parametrize(
    "also",
    [
        {"headers": {"ContentType": "text/csv"}},
        {"metadata": {"owner": "orders"}},
        {"redirect": "/x"},
        {"tags": {"team": "data"}},
        {"grants": {"GrantRead": 'uri="all"'}},
    ],
    ids=lambda also: next(iter(also)),
)
def test_a_description_is_everything_that_a_copy_takes_along(also: dict[str, Any]) -> None:
    assert same_description(facts(tags={}), facts())
    assert not same_description(facts(), facts(**also))


@pytest.mark.parametrize(
    ("there", "known", "opaque_bucket", "maybe"),
    [
        (version(AFTER), facts(), False, True),
        (replace(version(AFTER), etag='"f"'), facts(), False, False),
        (replace(version(AFTER), etag='"f"'), facts(), True, True),
        (replace(version(AFTER), etag='"f"'), facts(**KMS), False, True),
        (replace(version(AFTER), size=2), facts(**KMS), True, False),
        (marker(AFTER), facts(), True, False),
    ],
)
def test_what_is_there_is_asked_for_only_where_it_may_be_the_same(
    there: Version, known: Facts, opaque_bucket: bool, maybe: bool
) -> None:
    assert may_be_same(version(BEFORE), known, there, opaque_bucket) is maybe


def test_a_copy_is_told_what_it_does_not_take_along() -> None:
    known = facts(
        redirect="/x",
        encryption="aws:kms",
        kms_key="arn:key",
        bucket_key=True,
        headers={"ContentType": "text/csv"},
        grants={"GrantRead": 'uri="all"'},
    )
    step = step_of(version(BEFORE, "v1", storage_class="STANDARD_IA"), known, "data/a", '"f"')
    assert step.kind == COPY
    assert step.arguments == {
        "StorageClass": "STANDARD_IA",
        "WebsiteRedirectLocation": "/x",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "arn:key",
        "BucketKeyEnabled": True,
        "GrantRead": 'uri="all"',
    }
    call = copy_call("b", "b", step)
    valid(call)
    assert call.arguments["CopySource"] == {"Bucket": "b", "Key": "data/a", "VersionId": "v1"}
    assert call.arguments["IfMatch"] == '"f"' and "IfNoneMatch" not in call.arguments


def test_another_buckets_copy_is_encrypted_as_that_bucket_says() -> None:
    known = facts(encryption="aws:kms", kms_key="arn:key")
    assert step_of(version(BEFORE), known, "data/a", "", keep_key=False).arguments == {"StorageClass": "STANDARD"}


@pytest.mark.parametrize("storage", ["GLACIER", "DEEP_ARCHIVE"])
def test_what_was_restored_from_an_archive_stays_readable(storage: str) -> None:
    assert (
        step_of(version(BEFORE, storage_class=storage), facts(), "data/a", "").arguments["StorageClass"] == "STANDARD"
    )


def test_a_copy_onto_nothing_depends_on_nothing_being_there() -> None:
    call = copy_call("b", "b", step_of(version(BEFORE), facts(), "data/a", ""))
    assert call.arguments["IfNoneMatch"] == "*" and "IfMatch" not in call.arguments


@pytest.mark.parametrize("version_id", ["null", ""])
def test_a_source_that_can_be_overwritten_must_still_be_the_same(version_id: str) -> None:
    wanted = replace(version(BEFORE), version_id=version_id)
    assert copy_call("b", "b", step_of(wanted, facts(), "data/a", "")).arguments["CopySourceIfMatch"] == '"e"'


@pytest.mark.parametrize(
    ("size", "etag", "also", "kind"),
    [
        (1, '"e"', {}, COPY),
        (LARGEST_COPY, '"e"', {}, COPY),
        (LARGEST_COPY + 1, '"e"', {}, PARTS),
        (LARGEST_COPY + 1, '"e-2"', KMS, PARTS),
        # In the same parts it keeps its ETag, unless a key of KMS makes a new one anyhow.
        (9, '"e-2"', {}, PARTS),
        (9, '"e-2"', KMS, COPY),
        (0, '"e-1"', {}, COPY),
    ],
)
def test_what_is_large_or_keeps_its_etag_so_is_copied_in_parts(
    size: int, etag: str, also: dict[str, Any], kind: str
) -> None:
    wanted = replace(version(BEFORE), size=size, etag=etag)
    assert step_of(wanted, facts(etag, size, **also), "data/a", "").kind == kind


def test_a_copy_in_parts_is_told_everything() -> None:
    known = facts(
        '"e-2"',
        headers={"ContentType": "text/csv", "Expires": "Thu, 01 Dec 2027 16:00:00 GMT"},
        metadata={"owner": "orders"},
        tags={"team": "a b&c"},
        algorithm="CRC32",
        checksum_type="COMPOSITE",
    )
    wanted = replace(version(BEFORE), size=9, etag='"e-2"')
    step = step_of(wanted, known, "data/a", '"f"')
    assert step.arguments == {
        "StorageClass": "STANDARD",
        "ContentType": "text/csv",
        "Expires": "Thu, 01 Dec 2027 16:00:00 GMT",
        "Metadata": {"owner": "orders"},
        "Tagging": "team=a+b%26c",
        "ChecksumAlgorithm": "CRC32",
        "ChecksumType": "COMPOSITE",
    }
    parts = [{"PartNumber": 1, "ETag": '"p"', "ChecksumCRC32": "c"}]
    calls = [
        upload_call("b", step),
        part_call("b", "s", step, "u", 2, 5, 4),
        complete_call("b", step, "u", parts),
    ]
    valid(*calls)
    assert calls[1].arguments["CopySourceRange"] == "bytes=5-8"
    assert calls[2].arguments["IfMatch"] == '"f"'


def test_keys_are_deleted_together_but_for_those_that_xml_can_not_hold() -> None:
    steps = [mark_of(replace(version(BEFORE), key=key)) for key in ("a", "b\x01", "c\r&<", "\ufffe", "ü \U0001f600")]
    calls = delete_calls("b", steps)
    valid(*calls)
    assert [call.operation for call in calls] == ["DeleteObject", "DeleteObject", "DeleteObjects"]
    assert [call.arguments.get("Key") for call in calls[:2]] == ["b\x01", "\ufffe"]
    assert calls[2].arguments["Delete"] == {
        "Objects": [{"Key": key, "ETag": '"e"'} for key in ("a", "c\r&<", "ü \U0001f600")],
        "Quiet": True,
    }
    assert all("VersionId" not in f"{call.arguments}" for call in calls), "no version is ever deleted"


def test_a_step_is_a_line_of_text_and_back() -> None:
    step = Step(PARTS, "a\n\u2028ü", '"o"', "s", "v", 3, '"e"', {"Metadata": {"a": "b"}}, {"version": "null"})
    assert step.line().count("\n") == 1 and step.line().endswith("\n")
    assert Step.of_line(step.line()) == step
    assert mark_of(version(BEFORE)).kind == MARK
