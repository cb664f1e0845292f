# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a copy consists of: a line for each object, by key, after a line about the copy. JSON, compressed by gzip.

Standard library only, and never more than one line in memory.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

FORMAT = "runbook.aws.s3_copy/1"

# What each line has.
_ALWAYS = ("key", "version", "size", "etag", "source_version", "source_etag", "source_modified")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a copy.

    Attributes:
        key: Below the prefixes of source and target.
        version: Of the target; `null` where the bucket keeps no versions.
        size: Bytes.
        etag: Of the target.
        source_version: What was copied.
        source_etag: What was copied.
        source_modified: When that was written, as `_moments.stamp` writes it.
        checksum: Of the content, by algorithm, if S3 has told one.
        kept: Whether it was there already and is not the copy's own.
    """

    key: str
    version: str
    size: int
    etag: str
    source_version: str
    source_etag: str
    source_modified: str
    checksum: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False

    def line(self) -> str:
        """As a line of text."""
        shown: dict[str, Any] = {name: getattr(self, name) for name in _ALWAYS}
        shown |= {"checksum": dict(self.checksum)} if self.checksum else {}
        shown |= {"kept": True} if self.kept else {}
        return json.dumps(shown, separators=(",", ":")) + "\n"

    @classmethod
    def of_line(cls, line: str) -> Entry:
        """The entry that `line` wrote."""
        return cls(**json.loads(line))


def write(file: IO[bytes], head: Mapping[str, Any], entries: Iterable[Entry]) -> None:
    """Write a manifest, and go back to the file's beginning.

    Args:
        file: An empty file.
        head: What is said of the copy as a whole.
        entries: By key.
    """
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(json.dumps({"manifest": FORMAT, **head}, separators=(",", ":")).encode() + b"\n")
        for entry in entries:
            packed.write(entry.line().encode())
    file.seek(0)


def read(file: IO[bytes], name: str) -> tuple[dict[str, Any], Iterator[Entry]]:
    """What a manifest says of the copy, and its entries.

    Args:
        file: As `write` made it. It is read while the entries are taken.
        name: What it is called.

    Raises:
        Refused: It is no manifest. Taking the entries may raise that too.
    """
    lines = _lines(file, name)
    head = next(lines, {})
    if head.get("manifest") != FORMAT:
        raise _no_manifest(name)
    return head, (Entry(**line) for line in lines)


def _lines(file: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            for line in packed:
                said = json.loads(line)
                if not isinstance(said, dict):
                    raise _no_manifest(name)
                yield said
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _no_manifest(name) from error


def _no_manifest(name: str) -> Refused:
    return Refused(f"{name} is no manifest of runbook.aws.s3_copy, or not whole. Name another key for the manifest.")


def join(streams: Sequence[Iterable[tuple[str, T]]]) -> Iterator[tuple[str, list[T | None]]]:
    """Streams of (key, value), each by key, as one: every key with the value of each stream, or none."""
    walks = [iter(stream) for stream in streams]
    heads = [next(walk, None) for walk in walks]
    while left := [head[0] for head in heads if head]:
        key = min(left)
        row: list[T | None] = [None] * len(walks)
        for place, head in enumerate(heads):
            if head and head[0] == key:
                row[place] = head[1]
                heads[place] = next(walks[place], None)
        yield key, row
