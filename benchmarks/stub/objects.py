# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""S3's object versions: a versioned bucket that is listed in pages, and whose keys are copied and deleted."""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from benchmarks.stub.account import Account, Answer, Settings

BUCKET = "bench-data"

# When the objects were good, when they were spoilt, and a time between.
GOOD, BETWEEN, SPOILT = "2026-01-01T00:00:00.000Z", "2026-01-01T12:00:00Z", "2026-01-02T00:00:00.000Z"

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html: "By default, the action returns up to
# 1,000 key names."
LIST_PAGE = 1000

_SIZE = 4096
_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True)
class ObjectsSettings(Settings):
    """The keys of the bucket, by what happened to them after the time that they are to be put back to.

    Attributes:
        prefix: What all keys begin with.
        overwritten: Keys whose current version is another than then.
        deleted: Keys whose current version is a delete marker.
        created: Keys that were not there then.
        same: Keys to which nothing happened.
    """

    prefix: str = "data/"
    overwritten: int = 0
    deleted: int = 0
    created: int = 0
    same: int = 0


class Version(NamedTuple):
    """One version of a key; an empty ETag is a delete marker."""

    id: str
    etag: str
    modified: str


def good_version(number: int) -> str:
    """The ID of the version to which a key is to be put back."""
    return f"good-{number:028d}"


def keys(settings: ObjectsSettings) -> list[str]:
    """The keys of the bucket, by number."""
    number = settings.overwritten + settings.deleted + settings.created + settings.same
    return [f"{settings.prefix}{n % 97:02d}/file {n:07d}.json" for n in range(number)]


class Objects(Account):
    """The bucket of the account."""

    KIND = "objects"
    SETTINGS = ObjectsSettings

    def __init__(self, settings: ObjectsSettings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(settings, clock)
        self._versions: dict[str, list[Version]] = {}
        self._wanted: dict[str, str] = {}
        self._made = 0
        fates = [
            *(["overwritten"] * settings.overwritten),
            *(["deleted"] * settings.deleted),
            *(["created"] * settings.created),
            *(["same"] * settings.same),
        ]
        for number, (key, fate) in enumerate(zip(keys(settings), fates, strict=True)):
            good = Version(good_version(number), f"{number:032x}", GOOD)
            spoilt = Version(f"spoilt-{number:026d}", "" if fate == "deleted" else f"{number:031x}f", SPOILT)
            # The newest first, as S3 lists them.
            self._versions[key] = {"created": [spoilt], "same": [good]}.get(fate, [spoilt, good])
            self._wanted[key] = "" if fate == "created" else good.etag
        self._list()

    def _list(self) -> None:
        self._listed = [(key, version) for key in sorted(self._versions) for version in self._versions[key]]
        self._listed_keys = [key for key, _version in self._listed]
        self._changed = False

    def report(self) -> dict[str, Any]:
        unlike = sum(self._versions[key][0].etag != etag for key, etag in self._wanted.items())
        return {**super().report(), "unlike": {BUCKET: unlike}, "versions": sum(map(len, self._versions.values()))}

    def answer(self, method: str, target: str, head: bytes, body: bytes) -> Answer:
        path, _mark, query = target.partition("?")
        if path == "/" and (identity := self.identity(body)):
            return identity
        arguments = dict(parse_qsl(query, keep_blank_values=True))
        bucket, _slash, key = unquote(path[1:]).partition("/")
        subresource = next((name for name in _SUBRESOURCES if name in arguments), "")
        source = _COPY_SOURCE.search(head)
        handler = _OPERATIONS.get((method, "copy" if source else "key" if key else "bucket", subresource))
        if not handler:
            return self.not_served(f"{method} {target}")
        operation, answer = handler
        request = _Request(key, arguments, unquote(source.group(1).decode()) if source else "", body)
        if bucket != BUCKET or (key and key not in self._versions):
            return self.counted(operation, _no_such("Bucket" if bucket != BUCKET else "Key", method))
        return self.counted(operation, answer(self, request))

    def list_versions(self, request: _Request) -> Answer:
        asked = request.arguments
        if self._changed:
            self._list()
        prefix, key, version_id = (asked.get(name, "") for name in ("prefix", "key-marker", "version-id-marker"))
        start = bisect_left(self._listed_keys, prefix)
        if key:
            start = max(start, bisect_right(self._listed_keys, key))
            while version_id and self._listed[start - 1][1].id != version_id:
                start -= 1
        end = start + min(int(asked.get("max-keys", LIST_PAGE)), LIST_PAGE)
        end = min(end, bisect_left(self._listed_keys, prefix + "\U0010ffff"))
        encode = quote if asked.get("encoding-type") == "url" else escape
        entries = [self._entry(name, version, encode(name)) for name, version in self._listed[start:end]]
        more = end < len(self._listed) and self._listed_keys[end].startswith(prefix)
        marker = ""
        if more:
            name, version = self._listed[end - 1]
            marker = (
                f"<NextKeyMarker>{encode(name)}</NextKeyMarker><NextVersionIdMarker>{version.id}</NextVersionIdMarker>"
            )
        encoding = "<EncodingType>url</EncodingType>" if encode is quote else ""
        return _xml(
            f'<ListVersionsResult xmlns="{_XMLNS}"><Name>{BUCKET}</Name><Prefix>{encode(prefix)}</Prefix>'
            f"<KeyMarker>{encode(key)}</KeyMarker><VersionIdMarker>{version_id}</VersionIdMarker>"
            f"<MaxKeys>{LIST_PAGE}</MaxKeys>{encoding}<IsTruncated>{str(more).lower()}</IsTruncated>{marker}"
            f"{''.join(entries)}</ListVersionsResult>"
        )

    def _entry(self, key: str, version: Version, name: str) -> str:
        latest = str(self._versions[key][0] is version).lower()
        kind = "Version" if version.etag else "DeleteMarker"
        content = (
            f"<ETag>&quot;{version.etag}&quot;</ETag><Size>{_SIZE}</Size><StorageClass>STANDARD</StorageClass>"
            if version.etag
            else ""
        )
        return (
            f"<{kind}><Key>{name}</Key><VersionId>{version.id}</VersionId><IsLatest>{latest}</IsLatest>"
            f"<LastModified>{version.modified}</LastModified>{content}"
            f"<Owner><ID>{'0' * 64}</ID></Owner></{kind}>"
        )

    def copy(self, request: _Request) -> Answer:
        path, _mark, version_id = request.source.lstrip("/").partition("?versionId=")
        found = self._find(path.partition("/")[2], version_id)
        if not found or not found.etag:
            return _no_such("Version", "PUT")
        made = self._add(request.key, found.etag)
        return _xml(
            f'<CopyObjectResult xmlns="{_XMLNS}"><LastModified>{made.modified}</LastModified>'
            f"<ETag>&quot;{made.etag}&quot;</ETag></CopyObjectResult>",
            f"x-amz-version-id: {made.id}",
            f"x-amz-copy-source-version-id: {found.id}",
        )

    def head(self, request: _Request) -> Answer:
        found = self._find(request.key, request.arguments.get("versionId", ""))
        if not found or not found.etag:
            return _no_such("Key", "HEAD")
        headers = (
            _date(),
            f'ETag: "{found.etag}"',
            f"Last-Modified: {_rfc(found.modified)}",
            f"x-amz-version-id: {found.id}",
            "x-amz-server-side-encryption: AES256",
            "x-amz-meta-owner: benchmark",
        )
        return Answer(200, b"", "", "application/json", headers, _SIZE)

    def delete(self, request: _Request) -> Answer:
        if "versionId" in request.arguments:
            return self.not_served("DeleteObject of a version")
        made = self._add(request.key, "")
        return Answer(204, headers=(_date(), f"x-amz-version-id: {made.id}", "x-amz-delete-marker: true"))

    def delete_many(self, request: _Request) -> Answer:
        found = ElementTree.fromstring(request.body)
        names = [element.text or "" for element in found.iter() if element.tag.endswith("Key")]
        deleted = []
        for name in names:
            made = self._add(name, "")
            deleted.append(
                f"<Deleted><Key>{escape(name)}</Key><DeleteMarker>true</DeleteMarker>"
                f"<DeleteMarkerVersionId>{made.id}</DeleteMarkerVersionId></Deleted>"
            )
        return _xml(f'<DeleteResult xmlns="{_XMLNS}">{"".join(deleted)}</DeleteResult>')

    def versioning(self, request: _Request) -> Answer:
        return _xml(f'<VersioningConfiguration xmlns="{_XMLNS}"><Status>Enabled</Status></VersioningConfiguration>')

    def lifecycle(self, request: _Request) -> Answer:
        return _error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")

    def encryption(self, request: _Request) -> Answer:
        default = "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
        return _xml(
            f'<ServerSideEncryptionConfiguration xmlns="{_XMLNS}"><Rule>{default}</Rule></ServerSideEncryptionConfiguration>'
        )

    def ownership(self, request: _Request) -> Answer:
        rule = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
        return _xml(f'<OwnershipControls xmlns="{_XMLNS}">{rule}</OwnershipControls>')

    def tagging(self, request: _Request) -> Answer:
        return _xml(f'<Tagging xmlns="{_XMLNS}"><TagSet></TagSet></Tagging>')

    def location(self, request: _Request) -> Answer:
        return _xml(f'<LocationConstraint xmlns="{_XMLNS}"></LocationConstraint>')

    def there(self, request: _Request) -> Answer:
        return Answer(200, headers=(_date(),))

    def _find(self, key: str, version_id: str) -> Version | None:
        versions = self._versions.get(key, [])
        if not version_id:
            return versions[0] if versions else None
        return next((version for version in versions if version.id == version_id), None)

    def _add(self, key: str, etag: str) -> Version:
        self._made += 1
        modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        made = Version(f"made-{self._made:027d}", etag, modified)
        self._versions.setdefault(key, []).insert(0, made)
        self._changed = True
        return made


class _Request(NamedTuple):
    key: str
    arguments: Mapping[str, str]
    source: str
    body: bytes


def _xml(text: str, *headers: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Answer(200, body, "", "application/xml", (_date(), *headers))


def _error(code: str, message: str) -> Answer:
    text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(404, text.encode(), code, "application/xml", (_date(),))


def _no_such(what: str, method: str) -> Answer:
    answer = _error(f"NoSuch{what}", f"The specified {what.lower()} does not exist.")
    return replace(answer, body=b"") if method == "HEAD" else answer


def _date() -> str:
    return f"Date: {formatdate(usegmt=True)}"


def _rfc(moment: str) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))


_COPY_SOURCE = re.compile(rb"(?i)\r\nx-amz-copy-source: *([^\r]+)")
_SUBRESOURCES: Sequence[str] = (
    "versions",
    "versioning",
    "location",
    "lifecycle",
    "encryption",
    "ownershipControls",
    "tagging",
    "delete",
)

_OPERATIONS: Mapping[tuple[str, str, str], tuple[str, Callable[[Objects, _Request], Answer]]] = {
    ("GET", "bucket", "versions"): ("ListObjectVersions", Objects.list_versions),
    ("GET", "bucket", "versioning"): ("GetBucketVersioning", Objects.versioning),
    ("GET", "bucket", "location"): ("GetBucketLocation", Objects.location),
    ("GET", "bucket", "lifecycle"): ("GetBucketLifecycleConfiguration", Objects.lifecycle),
    ("GET", "bucket", "encryption"): ("GetBucketEncryption", Objects.encryption),
    ("GET", "bucket", "ownershipControls"): ("GetBucketOwnershipControls", Objects.ownership),
    ("HEAD", "bucket", ""): ("HeadBucket", Objects.there),
    ("POST", "bucket", "delete"): ("DeleteObjects", Objects.delete_many),
    ("HEAD", "key", ""): ("HeadObject", Objects.head),
    ("GET", "key", "tagging"): ("GetObjectTagging", Objects.tagging),
    ("PUT", "copy", ""): ("CopyObject", Objects.copy),
    ("DELETE", "key", ""): ("DeleteObject", Objects.delete),
}
