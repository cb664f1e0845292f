# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which versions of which keys must be written so that a prefix is what it was. Pure, one key at a time.

Nothing here holds more than one key, so the number of keys does not matter; what is to be done to a key is a `Step`,
which is kept as a line of text until its turn comes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from ansible_collections.runbook.aws.plugins.module_utils._moments import moment
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call

# The largest object that one CopyObject copies: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
LARGEST_COPY = 5 * 1024**3
# Keys of one DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
LARGEST_DELETE = 1000
# Classes that must be restored before they can be read: CopyObject, StorageClass.
ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
# The version that a bucket without versioning, or with suspended versioning, overwrites.
NULL = "null"
# Their ETags are no digest of the content: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html, ETag
OPAQUE = frozenset({"aws:kms", "aws:kms:dsse"})
# What XML 1.0 can not hold; such a key goes into a URL, but not into the body of DeleteObjects.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Headers that describe the content. CopyObject takes them along, a multipart upload is told.
CONTENT_HEADERS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires")
CHECKSUMS = ("CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256")

COPY, PARTS, MARK = "copy", "parts", "mark"


@dataclass(frozen=True, slots=True)
class Version:
    """One version or delete marker of a key, as a listing tells it.

    Attributes:
        modified: When it was written, as `_moments.stamp` writes it: to the second, which is all that S3 tells.
        etag: With its quotation marks. Empty for a delete marker.
        readable: Whether it can be copied: it is not archived, or a copy of it is restored at present.
    """

    key: str
    version_id: str
    modified: str
    latest: bool = False
    marker: bool = False
    etag: str = ""
    size: int = 0
    storage_class: str = "STANDARD"
    readable: bool = True


@dataclass(frozen=True)
class Expiry:
    """A lifecycle rule that deletes noncurrent versions.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html

    Attributes:
        days: How long a version is kept after it was overwritten or deleted.
        newest: How many noncurrent versions are kept nevertheless.
        prefix: The keys that it is about.
        name: Its ID.
    """

    days: int
    newest: int
    prefix: str
    name: str

    def reaches(self, to: str, now: datetime) -> bool:
        """Whether it may have deleted what was current at a time."""
        return now - moment(to) >= timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a key, at first sight.

    Attributes:
        current: Its newest version or delete marker.
        wanted: The version that was current then; none if there was no object.
        doubt: Why it is not sure that this was current. Empty if it is.
    """

    current: Version
    wanted: Version | None
    doubt: str = ""

    @property
    def none(self) -> bool:
        """Whether the key surely is what it was."""
        there = self.wanted is self.current or (self.wanted is None and self.current.marker)
        return there and not self.doubt


def compare(versions: Iterable[Version], to: str, now: datetime, expiries: Sequence[Expiry] = ()) -> Change:
    """What became of one key since a time.

    Args:
        versions: All its versions and delete markers, the newest first, at least one.
        to: The time, as `_moments.stamp` writes it.
        now: The time it is.
        expiries: Rules that delete noncurrent versions.
    """
    walk = iter(versions)
    current = next(walk)
    newer, doubt = 0, ""
    found: Version | None = current
    while found is not None and found.modified > to:
        newer += 1
        if found.version_id == NULL:
            doubt = f"was written without versioning at {found.modified}, and what was there before is not kept"
        found = next(walk, None)
    wanted = None if found is None or found.marker else found
    for expiry in expiries:
        # What the rule thinned out had at least so many noncurrent versions above it, and these are still there.
        if newer > expiry.newest and current.key.startswith(expiry.prefix) and expiry.reaches(to, now):
            doubt = f"may have lost versions to the lifecycle rule {expiry.name}"
    return Change(current, wanted, doubt)


@dataclass(frozen=True)
class Facts:
    """What HeadObject tells of a version, and its tags.

    Attributes:
        grants: What others may do with it, as CopyObject is told (`GrantRead` and so on); empty if it is private.
        checksums: Of the whole object, by algorithm. A checksum of parts' checksums is not among them.
        algorithm: The algorithm of its checksum, of whatever kind; empty without any.
        checksum_type: `FULL_OBJECT` or `COMPOSITE`; empty when not told.
        headers: Those of `CONTENT_HEADERS` that it has.
        tags: None when they were not asked for.
    """

    etag: str
    size: int
    encryption: str = ""
    kms_key: str = ""
    bucket_key: bool = False
    checksums: Mapping[str, str] = field(default_factory=dict)
    algorithm: str = ""
    checksum_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    redirect: str = ""
    grants: Mapping[str, str] = field(default_factory=dict)
    archived: bool = False
    version_id: str = ""
    tag_count: int = 0
    tags: Mapping[str, str] | None = None

    @property
    def opaque(self) -> bool:
        """Whether the ETag says nothing about the content."""
        return self.encryption in OPAQUE

    @property
    def in_parts(self) -> bool:
        """Whether it was uploaded in parts: its ETag is made of theirs."""
        return "-" in self.etag


def may_be_same(wanted: Version, facts: Facts, there: Version, opaque_bucket: bool) -> bool:
    """Whether what is there may be the same as a version; if not, asking what it is would be a waste.

    Args:
        wanted: The version.
        facts: What HeadObject tells of it.
        there: What is there.
        opaque_bucket: Whether a copy of the version in that bucket would have another ETag.
    """
    if there.marker or there.size != wanted.size:
        return False
    return wanted.etag == there.etag or not wanted.size or facts.opaque or opaque_bucket


def same_checksum(one: Mapping[str, str], other: Mapping[str, str]) -> bool | None:
    """Whether checksums by algorithm are of the same bytes. None: they have no algorithm in common."""
    common = one.keys() & other.keys()
    return all(one[name] == other[name] for name in common) if common else None


def same_content(one: Facts, other: Facts) -> bool | None:
    """Whether two versions hold the same bytes. None: only reading them would tell."""
    if one.size != other.size:
        return False
    if one.etag == other.etag or one.size == 0:
        return True
    told = same_checksum(one.checksums, other.checksums)
    if told is not None:
        return told
    # What can be copied so that its ETag stays is copied once and then has it; see `step_of`.
    return None if one.opaque or other.opaque else False


def same_description(one: Facts, other: Facts) -> bool:
    """Whether two versions have the same metadata, grants and tags. The storage class is left to lifecycle rules."""

    def description(facts: Facts) -> tuple[Any, ...]:
        return facts.headers, facts.metadata, facts.redirect, facts.grants, facts.tags or {}

    return description(one) == description(other)


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one key.

    Attributes:
        kind: `COPY` in one call, `PARTS` as a multipart upload with the parts of the original, `MARK` as deleted.
        source: Key that is copied; the same as `key` in a restore.
        version_id: The version that is copied. Empty: whatever is current.
        size: Its bytes.
        etag: Its ETag.
        over: ETag of what is overwritten or deleted. Empty: nothing is there that could be read.
        arguments: What the copy is told beside that, for CopyObject or CreateMultipartUpload.
        noted: What the planner wants to know of it again when it is done.
    """

    kind: str
    key: str
    over: str = ""
    source: str = ""
    version_id: str = ""
    size: int = 0
    etag: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    noted: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """As a line of text."""
        what = (self.source, self.version_id, self.size, self.etag, dict(self.arguments), dict(self.noted))
        return json.dumps((self.kind, self.key, self.over, *what), separators=(",", ":")) + "\n"

    @classmethod
    def of_line(cls, line: str) -> Step:
        """The step that `line` wrote."""
        return cls(*json.loads(line))


def mark_of(current: Version) -> Step:
    """A delete marker on top of what is there."""
    return Step(MARK, current.key, over=current.etag)


def step_of(wanted: Version, facts: Facts, key: str, over: str, *, keep_key: bool = True) -> Step:
    """A copy of a version onto a key, told everything that a copy does not take along by itself.

    Args:
        wanted: What is copied.
        facts: What HeadObject tells of it.
        key: Where to.
        over: ETag of what is there now, or empty.
        keep_key: Whether the version's own KMS key is kept. Else, and without one, the bucket's default counts.
    """
    # What an archived version was restored for is to be read.
    storage = "STANDARD" if wanted.storage_class in ARCHIVED else wanted.storage_class
    arguments: dict[str, Any] = {"StorageClass": storage, **facts.grants}
    if facts.redirect:
        arguments["WebsiteRedirectLocation"] = facts.redirect
    if keep_key and facts.opaque:
        arguments["ServerSideEncryption"] = facts.encryption
        arguments |= {"SSEKMSKeyId": facts.kms_key} if facts.kms_key else {}
        arguments |= {"BucketKeyEnabled": True} if facts.bucket_key else {}
    # In parts what is too large for one call, and what so keeps its ETag, by which the next run knows it.
    if wanted.size <= LARGEST_COPY and (facts.opaque or not facts.in_parts or not wanted.size):
        return Step(COPY, key, over, wanted.key, wanted.version_id, wanted.size, wanted.etag, arguments)
    arguments |= {**facts.headers, "Metadata": dict(facts.metadata)}
    arguments |= {"Tagging": urlencode(facts.tags)} if facts.tags else {}
    arguments |= {"ChecksumAlgorithm": facts.algorithm} if facts.algorithm else {}
    arguments |= {"ChecksumType": facts.checksum_type} if facts.algorithm and facts.checksum_type else {}
    return Step(PARTS, key, over, wanted.key, wanted.version_id, wanted.size, wanted.etag, arguments)


# --- Calls -----------------------------------------------------------------------------------------------------------


def copy_source(bucket: str, step: Step) -> dict[str, str]:
    """CopySource of a step."""
    source = {"Bucket": bucket, "Key": step.source}
    return {**source, "VersionId": step.version_id} if step.version_id else source


def condition(step: Step) -> dict[str, str]:
    """What must still be there when it is overwritten, so that nothing is lost that somebody else writes meanwhile."""
    return {"IfMatch": step.over} if step.over else {"IfNoneMatch": "*"}


def copy_call(bucket: str, source_bucket: str, step: Step) -> Call:
    """A copy in one piece. It takes metadata and tags along: the directives' default."""
    arguments = {"Bucket": bucket, "Key": step.key, "CopySource": copy_source(source_bucket, step), **condition(step)}
    if step.version_id in ("", NULL):
        # Such a source can be overwritten meanwhile.
        arguments["CopySourceIfMatch"] = step.etag
    return Call("s3", "CopyObject", {**arguments, **step.arguments})


def upload_call(bucket: str, step: Step) -> Call:
    """The beginning of a copy in parts."""
    return Call("s3", "CreateMultipartUpload", {"Bucket": bucket, "Key": step.key, **step.arguments})


def part_call(bucket: str, source_bucket: str, step: Step, upload: str, number: int, first: int, size: int) -> Call:
    """The copy of one part: `size` bytes from byte `first` on."""
    return Call(
        "s3",
        "UploadPartCopy",
        {
            "Bucket": bucket,
            "Key": step.key,
            "UploadId": upload,
            "PartNumber": number,
            "CopySource": copy_source(source_bucket, step),
            "CopySourceRange": f"bytes={first}-{first + size - 1}",
            "CopySourceIfMatch": step.etag,
        },
    )


def complete_call(bucket: str, step: Step, upload: str, parts: Sequence[Mapping[str, Any]]) -> Call:
    """The end of a copy in parts; only now it takes the place of what was there."""
    given = {"Bucket": bucket, "Key": step.key, "UploadId": upload, "MultipartUpload": {"Parts": list(parts)}}
    return Call("s3", "CompleteMultipartUpload", {**given, **condition(step)})


def delete_calls(bucket: str, steps: Sequence[Step]) -> list[Call]:
    """Deletions of up to `LARGEST_DELETE` keys: one call, and one for each key that its body can not hold."""
    alone = [step for step in steps if _NOT_IN_XML.search(step.key)]
    together = [step for step in steps if not _NOT_IN_XML.search(step.key)]
    calls = [Call("s3", "DeleteObject", {"Bucket": bucket, "Key": step.key, "IfMatch": step.over}) for step in alone]
    if together:
        objects = [{"Key": step.key, "ETag": step.over} for step in together]
        calls.append(Call("s3", "DeleteObjects", {"Bucket": bucket, "Delete": {"Objects": objects, "Quiet": True}}))
    return calls
