# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""S3: versions in the order in which they were written, delete markers, ETags, and conditions on what is overwritten.

moto keeps versions and delete markers, but tells them by the wall clock and in two lists, loses all versions when
versioning is suspended, and lets a copy ignore what it was told to expect.
"""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from moto.s3 import models
from moto.s3.exceptions import AccessDeniedByLock, MissingBucket
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, s3_backends

from local_aws.accounts import AccountState
from local_aws.protocol import Response
from local_aws.rules import AwsError, Call, Result, on_time, rule

_LARGEST_PAGE = 1000
_KMS = ("aws:kms", "aws:kms:dsse")
_OWNER = f"<Owner><ID>{models.OWNER}</ID></Owner>"
_REDIRECT = "x-amz-website-redirect-location"
_NOT_MET = "At least one of the pre-conditions you specified did not hold"


@dataclass
class _Clock:
    """The clock of the account whose call is answered; calls are answered one at a time."""

    now: Callable[[], float] = time.time

    def utcnow(self) -> datetime.datetime:
        """As moto wants it. S3 tells times to the second."""
        return datetime.datetime.fromtimestamp(int(self.now()), datetime.UTC).replace(tzinfo=None)


@dataclass
class Lifecycles:
    """Lifecycle rules as they were put, by bucket."""

    rules: dict[str, list[Result]] = field(default_factory=dict)


_CLOCK = _Clock()
models.utcnow = _CLOCK.utcnow


@on_time("s3", "cloudformation")
def follow_the_clock(account: AccountState) -> None:
    """moto stamps what is written with its own `utcnow`."""
    _CLOCK.now = account.now


def _opaque_etag(plain: Callable[[FakeKey], str]) -> Callable[[FakeKey], str]:
    """ETags of what a KMS key encrypts are no digest of the content, and differ from copy to copy.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html, ETag
    """

    def etag(key: FakeKey) -> str:
        if key.encryption in _KMS and not getattr(key, "opaque", False):
            _digest, dash, parts = (key._etag or "").partition("-")
            key._etag = f"{secrets.token_hex(16)}{dash}{parts}"
            key.opaque = True
        return plain(key)

    return etag


FakeKey.etag = property(_opaque_etag(FakeKey.etag.fget))


def _put_object_keeping_versions(put: Callable[..., FakeKey]) -> Callable[..., FakeKey]:
    """While versioning is suspended, a new object takes the place of the version `null`, and of no other.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
    """

    def put_object(backend: Any, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey:
        bucket = backend.get_bucket(bucket_name)
        if bucket.versioning_status != "Suspended":
            return put(backend, bucket_name, key_name, *args, **kwargs)
        kept = _without_null(bucket, key_name)
        dict.pop(bucket.keys, key_name, None)
        key = put(backend, bucket_name, key_name, *args, **kwargs)
        dict.__setitem__(bucket.keys, key_name, [*kept, key])
        return key

    return put_object


def _create_bucket_without_acls(create: Callable[..., FakeBucket]) -> Callable[..., FakeBucket]:
    """New buckets have ACLs disabled, since April 2023.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    """

    def create_bucket(backend: Any, *args: Any, **kwargs: Any) -> FakeBucket:
        bucket = create(backend, *args, **kwargs)
        bucket.ownership_rule = "BucketOwnerEnforced"
        return bucket

    return create_bucket


def _create_versioned_from_template(create: Callable[..., FakeBucket]) -> Callable[..., FakeBucket]:
    """A template may enable versioning; moto reads encryption and tags only.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
    """

    def from_template(
        _kind: Any, name: str, template: Any, account_id: str, region_name: str, **more: Any
    ) -> FakeBucket:
        bucket = create(name, template, account_id, region_name, **more)
        versioning = template.get("Properties", {}).get("VersioningConfiguration", {})
        bucket.versioning_status = versioning.get("Status") or bucket.versioning_status
        return bucket

    return from_template


models.S3Backend.create_bucket = _create_bucket_without_acls(models.S3Backend.create_bucket)
FakeBucket.create_from_cloudformation_json = classmethod(
    _create_versioned_from_template(FakeBucket.create_from_cloudformation_json)
)
models.S3Backend.put_object = _put_object_keeping_versions(models.S3Backend.put_object)


def _without_null(bucket: FakeBucket, name: str) -> list[Any]:
    return [version for version in bucket.keys.getlist(name, []) if version.version_id != "null"]


def _bucket(call: Call) -> FakeBucket | None:
    """The bucket of the call; none when moto is to say that there is none."""
    try:
        return s3_backends[call.account.id]["aws"].get_bucket(call.arguments["Bucket"])
    except (MissingBucket, AccessDeniedByLock):
        return None


def _current(bucket: FakeBucket, name: str) -> FakeKey | None:
    """What a read of the key finds: its newest version, unless that is a delete marker."""
    version = bucket.keys.get(name)
    return version if isinstance(version, FakeKey) else None


# --- Listing ---------------------------------------------------------------------------------------------------------


@rule("s3", "ListObjectVersions")
def list_object_versions(call: Call) -> None:
    """Versions and delete markers in one list: by key in UTF-8 order, of one key the newest first, 1000 a page.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """
    bucket = _bucket(call)
    if bucket is None:
        return
    body = _Listing(bucket, call.arguments).render()
    # The serializers write two lists, one after the other; which of two entries of a second came later would be lost.
    call.dispatch = lambda: Response(200, [("Content-Type", "application/xml")], body.encode())


class _Listing:
    """One page of a listing of versions."""

    def __init__(self, bucket: FakeBucket, arguments: Result) -> None:
        self._bucket = bucket
        self._prefix = arguments.get("Prefix") or ""
        self._delimiter = arguments.get("Delimiter") or ""
        self._after = arguments.get("KeyMarker") or ""
        self._after_version = arguments.get("VersionIdMarker") or ""
        asked = arguments.get("MaxKeys")
        self._most = min(_LARGEST_PAGE if asked is None else int(asked), _LARGEST_PAGE)
        self._encoding = arguments.get("EncodingType") or ""
        self._with_restores = "RestoreStatus" in (arguments.get("OptionalObjectAttributes") or ())

    def render(self) -> str:
        """The answer's XML."""
        entries: list[str] = []
        next_markers, last = "", ("", "")
        for name, version, text in self._entries():
            if len(entries) == self._most:
                next_markers = (
                    f"<NextKeyMarker>{self._key(last[0])}</NextKeyMarker>"
                    f"<NextVersionIdMarker>{last[1]}</NextVersionIdMarker>"
                )
                break
            entries.append(text)
            last = (name, version)
        encoding = f"<EncodingType>{self._encoding}</EncodingType>" if self._encoding else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{self._bucket.name}</Name><Prefix>{self._key(self._prefix)}</Prefix>"
            f"<KeyMarker>{self._key(self._after)}</KeyMarker><VersionIdMarker>{self._after_version}</VersionIdMarker>"
            f"<MaxKeys>{self._most}</MaxKeys>{encoding}<IsTruncated>{str(bool(next_markers)).lower()}</IsTruncated>"
            f"{next_markers}{''.join(entries)}</ListVersionsResult>"
        )

    def _entries(self) -> Iterator[tuple[str, str, str]]:
        """Key, version and XML of what comes after the markers."""
        folders: set[str] = set()
        for name in sorted(self._bucket.keys):
            if not name.startswith(self._prefix) or name < self._after:
                continue
            head, cut, _rest = name[len(self._prefix) :].partition(self._delimiter or "\0")
            folder = f"{self._prefix}{head}{cut}"
            if self._delimiter and cut:
                if folder not in folders and folder > self._after:
                    folders.add(folder)
                    yield folder, "", f"<CommonPrefixes><Prefix>{self._key(folder)}</Prefix></CommonPrefixes>"
                continue
            newest_first = self._bucket.keys.getlist(name)[::-1]
            for place, version in enumerate(newest_first):
                if name > self._after or place >= self._first_place(newest_first):
                    yield name, version.version_id, self._entry(version, place == 0)

    def _first_place(self, versions: list[Any]) -> int:
        """Where the page goes on in the versions of the marker's own key."""
        for place, version in enumerate(versions):
            if version.version_id == self._after_version:
                return place + 1
        return len(versions)

    def _entry(self, version: Any, latest: bool) -> str:
        common = (
            f"<Key>{self._key(version.name)}</Key><VersionId>{version.version_id}</VersionId>"
            f"<IsLatest>{str(latest).lower()}</IsLatest>"
            f"<LastModified>{version.last_modified:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        )
        if isinstance(version, FakeDeleteMarker):
            return f"<DeleteMarker>{common}{_OWNER}</DeleteMarker>"
        checksum = (
            f"<ChecksumAlgorithm>{version.checksum_algorithm}</ChecksumAlgorithm>" if version.checksum_algorithm else ""
        )
        return (
            f"<Version>{common}<ETag>{escape(version.etag)}</ETag>{checksum}<Size>{version.size}</Size>{_OWNER}"
            f"<StorageClass>{version.storage_class}</StorageClass>{self._restore(version)}</Version>"
        )

    def _restore(self, version: FakeKey) -> str:
        if not (self._with_restores and version.expiry_date):
            return ""
        going_on = version.status == "IN_PROGRESS"
        until = "" if going_on else f"<RestoreExpiryDate>{version._expiry:%Y-%m-%dT%H:%M:%S}.000Z</RestoreExpiryDate>"
        return (
            f"<RestoreStatus><IsRestoreInProgress>{str(going_on).lower()}</IsRestoreInProgress>{until}</RestoreStatus>"
        )

    def _key(self, text: str) -> str:
        return quote_plus(text, safe="/*") if self._encoding == "url" else escape(text)


# --- Deleting --------------------------------------------------------------------------------------------------------


@rule("s3", "DeleteObject")
def delete_object(call: Call) -> Result | None:
    """See `_delete`; `If-Match` is held against what is current.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
    """
    bucket = _bucket(call)
    if bucket is None:
        return None
    expected, name = call.arguments.get("IfMatch"), call.arguments["Key"]
    if expected:
        _meet(bucket, name, expected, None)
    try:
        return _delete(
            bucket, name, call.arguments.get("VersionId"), bool(call.arguments.get("BypassGovernanceRetention"))
        )
    except AccessDeniedByLock:
        raise AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403) from None


@rule("s3", "DeleteObjects")
def delete_objects(call: Call) -> Result | None:
    """Up to 1000 keys or versions; each has its own answer.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    bucket = _bucket(call)
    if bucket is None:
        return None
    wanted = call.arguments["Delete"]
    if not 0 < len(wanted["Objects"]) <= _LARGEST_PAGE:
        raise AwsError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            400,
        )
    deleted, errors = [], []
    for item in wanted["Objects"]:
        name, version = item["Key"], item.get("VersionId")
        named = {"Key": name, **({"VersionId": version} if version else {})}
        try:
            if item.get("ETag"):
                _meet(bucket, name, item["ETag"], None)
            done = _delete(bucket, name, version, bool(call.arguments.get("BypassGovernanceRetention")))
        except AccessDeniedByLock:
            errors.append({**named, "Code": "AccessDenied", "Message": "Access Denied"})
        except AwsError as error:
            errors.append({**named, "Code": error.code, "Message": error.message})
        else:
            marker = (
                {"DeleteMarker": True, "DeleteMarkerVersionId": done["VersionId"]} if "DeleteMarker" in done else {}
            )
            deleted.append({**named, **marker})
    result: Result = {} if wanted.get("Quiet") else {"Deleted": deleted}
    return {**result, "Errors": errors} if errors else result


def _delete(bucket: FakeBucket, name: str, version_id: str | None, bypass: bool) -> Result:
    """Without a version a delete marker comes on top; with one that version is gone for ever.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html; while versioning is suspended the marker
    takes the place of the version `null`:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectsfromVersionSuspendedBuckets.html
    """
    versions = bucket.keys.getlist(name, [])
    if version_id:
        removed = next((version for version in versions if version.version_id == version_id), None)
        if isinstance(removed, FakeKey) and removed.is_locked(governance_bypass=bypass):
            raise AccessDeniedByLock
        _keep(bucket, name, [version for version in versions if version is not removed])
        marker = {"DeleteMarker": True} if isinstance(removed, FakeDeleteMarker) else {}
        return {"VersionId": version_id, **marker}
    if not bucket.versioning_status:
        _keep(bucket, name, [])
        return {}
    marker_version = FakeDeleteMarker(key=SimpleNamespace(name=name))
    if bucket.is_versioned:
        _keep(bucket, name, [*versions, marker_version])
    else:
        marker_version._version_id = "null"
        _keep(bucket, name, [*_without_null(bucket, name), marker_version])
    return {"DeleteMarker": True, "VersionId": marker_version.version_id}


def _keep(bucket: FakeBucket, name: str, versions: list[Any]) -> None:
    if versions:
        bucket.keys.setlist(name, versions)
    elif name in bucket.keys:
        bucket.keys.pop(name)


# --- Writing ---------------------------------------------------------------------------------------------------------


def _meet(bucket: FakeBucket, name: str, match: str | None, none_match: str | None) -> None:
    """Refuse a write whose condition on what it overwrites does not hold.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: If-Match on a key that is not there,
    or whose newest version is a delete marker, is 404.
    """
    current = _current(bucket, name)
    if match:
        if current is None:
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
        if match != "*" and match.strip('"') != current.etag.strip('"'):
            raise AwsError("PreconditionFailed", _NOT_MET, 412)
    if none_match == "*" and current is not None:
        raise AwsError("PreconditionFailed", _NOT_MET, 412)


@rule("s3", "CopyObject")
def copy_object(call: Call) -> Result | None:
    """A copy is made in one piece, keeps to its conditions, and does not take a website's redirection along.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html: IfMatch, IfNoneMatch, WebsiteRedirectLocation.
    """
    bucket = _bucket(call)
    if bucket is None:
        return None
    name = call.arguments["Key"]
    _meet(bucket, name, call.arguments.get("IfMatch"), call.arguments.get("IfNoneMatch"))
    result = call.proceed()
    key = _current(bucket, name)
    assert key is not None
    key.multipart = None
    if not call.arguments.get("WebsiteRedirectLocation"):
        key._metadata.pop(_REDIRECT, None)
    return result


@rule("s3", "CreateMultipartUpload")
def create_multipart_upload(call: Call) -> Result | None:
    """Remembers when it began, for `complete_multipart_upload`."""
    bucket = _bucket(call)
    if bucket is None:
        return None
    result = call.proceed()
    bucket.multiparts[result["UploadId"]].begun = _CLOCK.utcnow()
    return result


@rule("s3", "CompleteMultipartUpload")
def complete_multipart_upload(call: Call) -> Result | None:
    """The object is as old as the beginning of its upload, and takes its place among the versions by that.

    Of several uploads of one key, the one that began last is current, whichever ended last:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html, "Concurrent multipart upload operations";
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html, Last-Modified.
    """
    bucket = _bucket(call)
    if bucket is None:
        return None
    name = call.arguments["Key"]
    _meet(bucket, name, call.arguments.get("IfMatch"), call.arguments.get("IfNoneMatch"))
    upload = bucket.multiparts.get(call.arguments["UploadId"])
    result = call.proceed()
    begun = getattr(upload, "begun", None)
    key = _current(bucket, name)
    if begun and key:
        # moto leaves an object without an ACL, and then fails to tell it.
        key.acl = key.acl or bucket.acl
        key.last_modified = begun
        # A stable sort: of what was written in one second, the order stays.
        bucket.keys.getlist(name).sort(key=lambda version: version.last_modified)
    return result


@rule("s3", "RestoreObject")
def restore_object(call: Call) -> Result | None:
    """A version that is not current can be restored from an archive too.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html, VersionId
    """
    bucket = _bucket(call)
    wanted = call.arguments.get("VersionId")
    if bucket is None or not wanted:
        return None
    versions = bucket.keys.getlist(call.arguments["Key"], [])
    version = next((version for version in versions if version.version_id == wanted), None)
    if not isinstance(version, FakeKey):
        raise AwsError("NoSuchVersion", "The specified version does not exist.", 404)
    if version.storage_class not in ("GLACIER", "DEEP_ARCHIVE"):
        raise AwsError("InvalidObjectState", "The operation is not valid for the object's storage class", 403)
    version.restore(int((call.arguments.get("RestoreRequest") or {}).get("Days") or 1))
    return {}


# --- Lifecycle -------------------------------------------------------------------------------------------------------


@rule("s3", "PutBucketLifecycleConfiguration")
def put_bucket_lifecycle_configuration(call: Call) -> Result:
    """Keeps the rules whole; moto forgets NewerNoncurrentVersions of an expiration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html
    """
    result = call.proceed()
    rules = (call.arguments.get("LifecycleConfiguration") or {}).get("Rules") or []
    call.account.store(Lifecycles, "").rules[call.arguments["Bucket"]] = rules
    return result


@rule("s3", "GetBucketLifecycleConfiguration")
def get_bucket_lifecycle_configuration(call: Call) -> Result:
    """As they were put."""
    result = call.proceed()
    put = {
        rule["ID"]: rule
        for rule in call.account.store(Lifecycles, "").rules.get(call.arguments["Bucket"], ())
        if rule.get("ID")
    }
    for listed in result.get("Rules", ()):
        kept = put.get(listed.get("ID"), {}).get("NoncurrentVersionExpiration", {}).get("NewerNoncurrentVersions")
        if kept is not None:
            listed["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = kept
    return result
