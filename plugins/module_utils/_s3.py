# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads S3: versions page by page, what a version is, and how long a bucket keeps its versions."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import IO, Any, TypeVar
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError, from_silence
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import (
    ARCHIVED,
    CHECKSUMS,
    CONTENT_HEADERS,
    OPAQUE,
    Expiry,
    Facts,
    Version,
    same_content,
    same_description,
)

# botocore brings it; AnsibleAWSModule reports a missing botocore.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError

S = TypeVar("S")

_CHUNK = 1024 * 1024
_TIMES = 3
# Who may do what, as ACLs name it and as a copy is told.
_GRANTS = {
    "FULL_CONTROL": "GrantFullControl",
    "READ": "GrantRead",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
}
# HeadObject has no body, so its errors are bare numbers:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
_HEAD_ERRORS = {
    "400": "It may be encrypted with a key of the caller's own (SSE-C), which is not known here: copy it by hand.",
    "403": "Allow s3:GetObject, s3:GetObjectVersion and, for its KMS key, kms:Decrypt to who runs this.",
    "404": "It was deleted meanwhile: run the same task again.",
    "405": "It was deleted meanwhile: run the same task again.",
}
# HeadObject's answer where there is nothing but a delete marker.
GONE = frozenset({"404", "405"})


@dataclass(frozen=True)
class Bucket:
    """What a bucket keeps.

    Attributes:
        name: Its name.
        now: AWS's time.
        versioning: `Enabled`, `Suspended`, or empty if it never was.
        expiries: The rules that delete noncurrent versions; none if they may not be read.
        acls: Whether objects can have ACLs of their own.
        opaque: Whether new objects have ETags that are no digest of their content, as far as may be known.
    """

    name: str
    now: datetime
    versioning: str
    expiries: tuple[Expiry, ...] | None = ()
    acls: bool = False
    opaque: bool = True


class Listing:
    """All versions and delete markers of a prefix, by key, of one key the newest first, one page in memory at a time.

    Attributes:
        at: AWS's time of the last page that was read.
    """

    def __init__(self, aws: Aws, bucket: str, prefix: str) -> None:
        self._aws = aws
        self._arguments = {"Bucket": bucket, "Prefix": prefix, "OptionalObjectAttributes": ["RestoreStatus"]}
        self.at = datetime.now(UTC)

    def __iter__(self) -> Iterator[Version]:
        markers: dict[str, str] = {}
        while True:
            page = self._aws.call("s3", "ListObjectVersions", **self._arguments, **markers)
            self.at = answered_at(page)
            yield from page["Entries"]
            if not page["IsTruncated"]:
                return
            markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _entries_in_order(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_kwargs: Any) -> None:
    """Read a page of ListObjectVersions here, before botocore does (its event `before-parse`).

    botocore makes two lists, versions and delete markers, so of two that were written in one second nobody knows any
    more which came later. It also takes ten times as long.
    """
    if response_dict["status_code"] >= 300:
        return
    root = ElementTree.fromstring(response_dict["body"])
    namespace = root.tag.removesuffix("ListVersionsResult")
    encoded = root.findtext(f"{namespace}EncodingType") == "url"
    name: Callable[[str], str] = unquote_plus if encoded else str
    kinds = {f"{namespace}Version": False, f"{namespace}DeleteMarker": True}
    start = len(namespace)
    entries = []
    for element in root:
        marker = kinds.get(element.tag)
        if marker is not None:
            said = {child.tag[start:]: child.text or "" for child in element}
            storage = said.get("StorageClass") or "STANDARD"
            entries.append(
                Version(
                    key=name(said["Key"]),
                    version_id=said["VersionId"],
                    modified=f"{said['LastModified'][:19]}Z",
                    latest=said["IsLatest"] == "true",
                    marker=marker,
                    etag=said.get("ETag", ""),
                    size=int(said.get("Size") or 0),
                    storage_class=storage,
                    readable=storage not in ARCHIVED
                    or element.find(f"{namespace}RestoreStatus/{namespace}RestoreExpiryDate") is not None,
                )
            )
    customized_response_dict.update(
        Entries=entries,
        Folders=[name(found.text or "") for found in root.iterfind(f"{namespace}CommonPrefixes/{namespace}Prefix")],
        IsTruncated=root.findtext(f"{namespace}IsTruncated") == "true",
        NextKeyMarker=name(root.findtext(f"{namespace}NextKeyMarker") or ""),
        NextVersionIdMarker=root.findtext(f"{namespace}NextVersionIdMarker") or "",
    )
    response_dict["body"] = b"<ListVersionsResult/>"


class Reader:
    """S3 as the modules read it.

    Args:
        aws: The way to AWS.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        aws.client("s3").meta.events.register("before-parse.s3.ListObjectVersions", _entries_in_order)

    def bucket(self, bucket: str) -> Bucket:
        """What a bucket keeps.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        answer = self._aws.call("s3", "GetBucketVersioning", Bucket=bucket)
        found = Bucket(bucket, answered_at(answer), answer.get("Status", ""), opaque=self._opaque(bucket))
        if found.versioning != "Enabled":
            return found
        return replace(found, expiries=self._expiries(bucket), acls=self._acls(bucket))

    def _expiries(self, bucket: str) -> tuple[Expiry, ...] | None:
        try:
            rules = self._aws.call("s3", "GetBucketLifecycleConfiguration", Bucket=bucket).get("Rules", [])
        except AwsError as error:
            if error.code == "NoSuchLifecycleConfiguration":
                return ()
            if error.code == "AccessDenied":
                return None
            raise
        return tuple(_expiry(rule) for rule in rules if rule["Status"] == "Enabled" and _days(rule) is not None)

    def _opaque(self, bucket: str) -> bool:
        try:
            rules = self._aws.call("s3", "GetBucketEncryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]
        except AwsError as error:
            if error.code == "AccessDenied":
                return True
            # Buckets that say nothing encrypt with S3's own keys.
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html
            if error.code == "ServerSideEncryptionConfigurationNotFoundError":
                return False
            raise
        defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules["Rules"]]
        return any(default.get("SSEAlgorithm") in OPAQUE for default in defaults)

    def _acls(self, bucket: str) -> bool:
        try:
            answer = self._aws.call("s3", "GetBucketOwnershipControls", Bucket=bucket)
        except AwsError as error:
            # Buckets from before April 2023 may have none, and then objects have ACLs.
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
            if error.code in ("OwnershipControlsNotFoundError", "AccessDenied"):
                return True
            raise
        return any(rule["ObjectOwnership"] != "BucketOwnerEnforced" for rule in answer["OwnershipControls"]["Rules"])

    def listing(self, bucket: str, prefix: str) -> Listing:
        """All versions of a prefix."""
        return Listing(self._aws, bucket, prefix)

    def beginnings(self, bucket: str, prefix: str) -> list[str]:
        """How keys go on after a prefix, to the next slash or to their end; the first thousand, deleted ones too."""
        page = self._aws.call("s3", "ListObjectVersions", Bucket=bucket, Prefix=prefix, Delimiter="/")
        return sorted({*page["Folders"], *(version.key for version in page["Entries"])})

    def head(self, bucket: str, key: str, version_id: str = "", part: int = 0) -> dict[str, Any]:
        """HeadObject's answer for a version, for whatever is current, or for one of its parts.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        arguments: dict[str, Any] = {"Bucket": bucket, "Key": key, "ChecksumMode": "ENABLED"}
        arguments |= {"VersionId": version_id} if version_id else {}
        arguments |= {"PartNumber": part} if part else {}
        try:
            return self._aws.call("s3", "HeadObject", **arguments)
        except AwsError as error:
            if error.code not in _HEAD_ERRORS:
                raise
            said = f"s3:HeadObject of {key} was refused: {error.code}. {_HEAD_ERRORS[error.code]}"
            raise AwsError(said, error.code) from error

    def found(self, bucket: str, key: str, version_id: str = "", *, grants: bool = False) -> Found:
        """A version, or whatever is current.

        Args:
            bucket: Its bucket.
            key: Its key.
            version_id: Empty: the current one.
            grants: Whether its ACL is read too.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        facts = _facts(self.head(bucket, key, version_id))
        if grants:
            answer = self._aws.call("s3", "GetObjectAcl", Bucket=bucket, Key=key, **_which(facts.version_id))
            facts = replace(facts, grants=_grants(answer))
        return Found(self, bucket, key, facts)

    def tags(self, bucket: str, key: str, version_id: str) -> dict[str, str]:
        """Tags of a version."""
        answer = self._aws.call("s3", "GetObjectTagging", Bucket=bucket, Key=key, **_which(version_id))
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def download(self, bucket: str, key: str, version_id: str = "") -> IO[bytes]:
        """A version's bytes, in a file without a name."""
        file = self._whole(bucket, key, version_id, tempfile.TemporaryFile, lambda file, chunk: file.write(chunk))
        file.seek(0)
        return file

    def digest(self, bucket: str, key: str, version_id: str = "") -> bytes:
        """A digest of a version's bytes, which are read for that."""
        return self._whole(bucket, key, version_id, hashlib.sha256, lambda digest, chunk: digest.update(chunk)).digest()

    def _whole(
        self, bucket: str, key: str, version_id: str, begin: Callable[[], S], take: Callable[[S, bytes], Any]
    ) -> S:
        for left in reversed(range(_TIMES)):
            sink = begin()
            body = self._aws.call("s3", "GetObject", Bucket=bucket, Key=key, **_which(version_id))["Body"]
            try:
                for chunk in body.iter_chunks(_CHUNK):
                    take(sink, chunk)
                return sink
            except BotoCoreError as error:
                # The connection was cut in the middle.
                if not left:
                    raise from_silence("s3:GetObject", error) from error
        raise AssertionError("the last time either returns or raises")


@dataclass(frozen=True)
class Found:
    """A version, where it was found."""

    reader: Reader
    bucket: str
    key: str
    facts: Facts

    def tagged(self) -> Found:
        """The same with its tags."""
        return replace(
            self, facts=replace(self.facts, tags=self.reader.tags(self.bucket, self.key, self.facts.version_id))
        )

    def equals(self, other: Found) -> bool:
        """Whether two versions have the same content, metadata, grants and tags.

        What costs more is asked later: tags have a call of their own, and reading both is the last resort.
        """
        told = same_content(self.facts, other.facts)
        if told is False or self.facts.tag_count != other.facts.tag_count:
            return False
        one, another = (self.tagged(), other.tagged()) if self.facts.tag_count else (self, other)
        if not same_description(one.facts, another.facts):
            return False
        return told or self._digest() == other._digest()

    def _digest(self) -> bytes:
        return self.reader.digest(self.bucket, self.key, self.facts.version_id)


def _which(version_id: str) -> dict[str, str]:
    return {"VersionId": version_id} if version_id else {}


def _days(rule: Mapping[str, Any]) -> int | None:
    return rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")


def _expiry(rule: Mapping[str, Any]) -> Expiry:
    """A rule that is about some of the objects only, by tag or size, may be about any."""
    where = rule.get("Filter") or {}
    prefix = rule.get("Prefix") or where.get("Prefix") or where.get("And", {}).get("Prefix") or ""
    expiration = rule["NoncurrentVersionExpiration"]
    return Expiry(
        expiration["NoncurrentDays"], expiration.get("NewerNoncurrentVersions", 0), prefix, rule.get("ID", "")
    )


def checksums_of(answer: Mapping[str, Any], *, parts: bool = False) -> dict[str, str]:
    """The checksums of an answer by algorithm; with `parts` also those that are made of parts' checksums."""
    # Without a type it is one of the whole object, unless the object has parts.
    kind = answer.get("ChecksumType", "COMPOSITE" if "-" in answer["ETag"] else "FULL_OBJECT")
    if kind != "FULL_OBJECT" and not parts:
        return {}
    return {name: answer[f"Checksum{name}"] for name in CHECKSUMS if answer.get(f"Checksum{name}")}


def _facts(answer: Mapping[str, Any]) -> Facts:
    headers = {name: answer[name] for name in CONTENT_HEADERS if answer.get(name) and name != "Expires"}
    # As it was sent: it may be no date at all.
    headers |= {"Expires": answer["ExpiresString"]} if answer.get("ExpiresString") else {}
    return Facts(
        etag=answer["ETag"],
        size=int(answer["ContentLength"]),
        encryption=answer.get("ServerSideEncryption", ""),
        kms_key=answer.get("SSEKMSKeyId", ""),
        bucket_key=bool(answer.get("BucketKeyEnabled")),
        checksums=checksums_of(answer),
        algorithm=next(iter(checksums_of(answer, parts=True)), ""),
        checksum_type=answer.get("ChecksumType", ""),
        headers=headers,
        metadata=dict(answer.get("Metadata", {})),
        redirect=answer.get("WebsiteRedirectLocation", ""),
        archived=bool(answer.get("ArchiveStatus")),
        version_id=answer.get("VersionId", ""),
        # Not told to who may not read tags. Older versions of botocore do not know it.
        tag_count=int(answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-tagging-count", 0)),
    )


def _grants(acl: Mapping[str, Any]) -> dict[str, str]:
    owner = acl["Owner"]["ID"]
    found: dict[str, list[str]] = {}
    for grant in acl["Grants"]:
        grantee = grant["Grantee"]
        if grant["Permission"] not in _GRANTS:
            continue  # WRITE means nothing for an object.
        who = f'id="{grantee["ID"]}"' if grantee.get("ID") else f'uri="{grantee.get("URI", "")}"'
        found.setdefault(_GRANTS[grant["Permission"]], []).append(who)
    if found == {"GrantFullControl": [f'id="{owner}"']}:
        return {}
    return {argument: ", ".join(sorted(who)) for argument, who in sorted(found.items())}
