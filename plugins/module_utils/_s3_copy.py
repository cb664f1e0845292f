# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Copies one prefix onto another, with a manifest of what the copy consists of.

The listings of source and target and the manifest of the copy before are walked together by key, so that only what
differs is looked at, and none of the three has to fit into memory.
"""

from __future__ import annotations

import heapq
import itertools
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._progress import Progress
from ansible_collections.runbook.aws.plugins.module_utils._s3 import GONE, Bucket, Reader
from ansible_collections.runbook.aws.plugins.module_utils._s3_manifest import Entry, join, read, write
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import (
    MARK,
    NULL,
    PARTS,
    Step,
    Version,
    mark_of,
    may_be_same,
    step_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._s3_rewind import LATER, Rewind, Rewound, reached
from ansible_collections.runbook.aws.plugins.module_utils._s3_writer import SHOWN, Hands, Tally, Writer, Written
from ansible_collections.runbook.aws.plugins.module_utils._spill import Lines

COPIED, CHANGED = "created", "changed"


@dataclass(frozen=True)
class Place:
    """A bucket and what the keys in it begin with."""

    bucket: str
    prefix: str

    @property
    def name(self) -> str:
        """How it is shown."""
        return f"s3://{self.bucket}/{self.prefix}"

    def fields(self) -> dict[str, str]:
        """As an option."""
        return {"bucket": self.bucket, "prefix": self.prefix}

    def meets(self, other: Place) -> bool:
        """Whether a key can be in both."""
        return self.bucket == other.bucket and (
            self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        )


@dataclass(frozen=True)
class Wish:
    """One element of the option `copies`."""

    source: Place
    target: Place
    manifest: str
    state: str = "present"
    as_of: str = ""
    verify: bool = False

    @property
    def name(self) -> str:
        """How it is shown."""
        return f"{self.source.name} -> {self.target.name}"

    @property
    def manifest_name(self) -> str:
        """How its manifest is shown."""
        return f"s3://{self.target.bucket}/{self.manifest}"

    def fields(self) -> dict[str, Any]:
        """Which copy it is, as an element of the option."""
        return {"source": self.source.fields(), "target": self.target.fields(), "manifest": self.manifest}


def read_targets(copies: Sequence[Mapping[str, Any]]) -> list[Target]:
    """The option `copies` as targets.

    Raises:
        Refused: Two of them would write, or read and write, the same keys.
    """
    wishes = [
        Wish(
            Place(said["source"]["bucket"], said["source"]["prefix"]),
            Place(said["target"]["bucket"], said["target"]["prefix"]),
            said["manifest"],
            said.get("state") or "present",
            said.get("as_of") or "",
            bool(said.get("verify")),
        )
        for said in copies
    ]
    for wish in wishes:
        if wish.verify and (wish.state == "absent" or wish.as_of):
            raise Refused(f"{wish.name}: verify only reads, so it goes with neither state: absent nor as_of.")
        if wish.state == "absent" and wish.as_of:
            raise Refused(f"{wish.name}: say either state: absent or as_of.")
        if Place(wish.target.bucket, wish.manifest).meets(wish.source) and wish.manifest.startswith(wish.source.prefix):
            raise Refused(
                f"{wish.name}: the manifest {wish.manifest} would be among what is copied. Give it another key."
            )
    for one, other in itertools.product(wishes, wishes):
        if one.target.meets(other.source):
            raise Refused(f"{one.target.name} and {other.source.name} overlap: a copy would be copied again.")
        if one is not other and (one.target.meets(other.target) or one.manifest_name == other.manifest_name):
            raise Refused(f"{one.name} and {other.name} write the same keys: name only one of them.")
    return [Target(wish.name, wish) for wish in wishes]


@dataclass
class Manifest:
    """The manifest that was found.

    Attributes:
        etag: Empty if there is none.
        head: What it says of the copy.
    """

    etag: str = ""
    version_id: str = ""
    head: Mapping[str, Any] = field(default_factory=dict)
    entries: Iterable[Entry] = ()


@dataclass
class Work:
    """What there is of a copy, and what must be done.

    Attributes:
        bucket: The target's bucket.
        at: AWS's time when the last of it was read.
        heard: When that was, by this machine's monotonic clock.
        manifest: As it was found.
        number: Objects by what is done with them.
        keys: The first of these keys, and of those that make problems.
        size: Bytes that are copied.
        whole: Bytes of what is in the copy already.
        kept: Entries that stay as they are.
        adopted: Entries of objects that were there, the same, without being in the manifest.
        made: Entries of what was copied now.
        steps: What is copied, or deleted.
        rewound: With `as_of`: the objects, and the manifest.
    """

    wish: Wish
    bucket: Bucket
    manifest: Manifest
    at: datetime
    heard: float = 0.0
    number: dict[str, int] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    size: int = 0
    whole: int = 0
    kept: Lines = field(default_factory=Lines)
    adopted: Lines = field(default_factory=Lines)
    made: Lines = field(default_factory=Lines)
    steps: Lines = field(default_factory=Lines)
    tally: Tally = field(default_factory=Tally)
    rewound: tuple[Rewound, Rewound] | None = None
    calls: tuple[str, ...] = ()

    def count(self, what: str, key: str = "") -> None:
        """One more of a kind, and its key if it is one of the first."""
        self.number[what] = self.number.get(what, 0) + 1
        keys = self.keys.setdefault(what, [])
        if key and len(keys) < SHOWN:
            keys.append(key)

    @property
    def undo(self) -> dict[str, Any]:
        """The element that undoes what is done with the copy."""
        place = self.wish.fields()
        if self.wish.verify:
            return {**place, "verify": True}
        if (
            self.wish.state == "present"
            and not self.wish.as_of
            and not (self.manifest.etag or self.number.get(CHANGED))
        ):
            return {**place, "state": "absent"}
        if self.bucket.versioning == "Enabled":
            return {**place, "as_of": stamp(self.at)}
        return {**place, "state": "present"}

    def notes(self) -> tuple[str, ...]:
        """What the operator should know."""
        found = []
        if self.calls and "as_of" not in self.undo and self.undo.get("state") == "present":
            found.append(
                f"{self.wish.name}: {self.wish.target.bucket} keeps no versions, so what is overwritten or deleted "
                "there now does not come back by undoing this."
            )
        if left := self.number.get("left", 0):
            found.append(
                f"{self.wish.name}: {left} objects were not made by this copy, or were changed since, and stay: "
                f"{', '.join(self.keys['left'][:3])}{', …' if left > 3 else ''}."
            )
        return tuple(found)


class Copies:
    """Reads, plans and carries out. For `OpsModule.run` it is the way to AWS too: a call stands for many.

    Args:
        aws: The way to AWS, in the target's region.
        source: The same in the source's region.
        workers: How many calls at the same time.
        skip_archived: Leave out what can not be read before it is restored from an archive.
    """

    def __init__(self, aws: Aws, source: Aws, workers: int, skip_archived: bool = False) -> None:
        self._aws = aws
        self._reader = Reader(aws)
        self._source = self._reader if source is aws else Reader(source)
        self._hands = Hands(workers)
        self._writer = Writer(aws, self._reader, self._source, workers)
        self._rewind = Rewind(aws, self._reader, workers)
        self._skip_archived = skip_archived
        self._works: dict[str, Work] = {}

    def fetch(self, target: Target) -> Work:
        """Read source, target and manifest.

        Raises:
            Refused: What is there does not allow it.
            AwsError: AWS refused, or did not answer.
        """
        wish: Wish = target.desired
        bucket = self._reader.bucket(wish.target.bucket)
        work = Work(wish, bucket, Manifest() if wish.as_of else self._manifest(wish), bucket.now)
        if wish.as_of:
            self._read_back(work)
        elif wish.verify:
            self._read_verified(work)
        elif wish.state == "absent":
            self._read_removed(work)
        else:
            self._read_copied(work)
        work.heard = time.monotonic()
        self._works[wish.name] = work
        return work

    def _manifest(self, wish: Wish, version_id: str = "") -> Manifest:
        place = wish.target.bucket, wish.manifest
        try:
            answer = self._reader.head(*place, version_id)
        except AwsError as error:
            if error.code in GONE:
                return Manifest()
            raise
        version_id = answer.get("VersionId", "")
        head, entries = read(self._reader.download(*place, version_id), wish.manifest_name)
        if (head.get("source"), head.get("target")) != (wish.source.fields(), wish.target.fields()):
            raise Refused(f"{wish.manifest_name} is the manifest of another copy. Name another key for this one.")
        return Manifest(answer["ETag"], version_id, head, entries)

    def _current(self, work: Work, reader: Reader, place: Place) -> Iterator[tuple[str, Version]]:
        """What is current below a prefix, by the rest of its key; but for the manifest."""
        listing = reader.listing(place.bucket, place.prefix)
        own = work.wish.target.bucket, work.wish.manifest
        for version in listing:
            if version.latest and not version.marker and (place.bucket, version.key) != own:
                yield version.key[len(place.prefix) :], version
        if reader is self._reader:
            work.at = max(work.at, listing.at)

    # --- present: copy what differs ----------------------------------------------------------------------------------

    def _read_copied(self, work: Work) -> None:
        wish = work.wish
        with Progress(f"Comparing {wish.name}", None, "objects") as progress:
            for key, found in self._hands.each(lambda row: self._inspect(work, *row), self._differing(work, progress)):
                if isinstance(found, str):
                    work.count(found, key)
                elif isinstance(found, Entry):
                    work.count("unchanged")
                    work.whole += found.size
                    work.adopted.add(found.line())
                else:
                    work.count(CHANGED if found.over else COPIED, key)
                    work.size += found.size
                    work.steps.add(found.line())
        whole = bool(work.manifest.etag and work.manifest.head.get("complete"))
        changed = bool(work.steps.number or work.adopted.number or work.number.get("gone")) or not whole
        work.calls = (*(("CopyObject",) if work.steps.number else ()), *(("PutObject",) if changed else ()))

    def _differing(self, work: Work, progress: Progress) -> Iterator[tuple[str, Version, Version | None, Entry | None]]:
        """What may have to be copied; what surely has not is noted."""
        wish = work.wish
        streams: list[Iterable[tuple[str, Any]]] = [
            self._current(work, self._source, wish.source),
            self._current(work, self._reader, wish.target),
            ((entry.key, entry) for entry in work.manifest.entries),
        ]
        for key, (source, target, entry) in join(streams):
            progress.add()
            if source is None:
                if entry is not None:
                    work.count("gone", key)
            elif target is not None and entry is not None and _is_copy(source, target, entry):
                work.count("unchanged")
                work.whole += entry.size
                work.kept.add(entry.line())
            else:
                yield key, source, target, entry

    def _inspect(
        self, work: Work, key: str, source: Version, target: Version | None, entry: Entry | None
    ) -> tuple[str, Step | Entry | str]:
        """A copy, an entry of what is there already, or why neither is possible."""
        wish = work.wish
        if not source.readable:
            return key, "archived"
        # Not every bucket may be asked for its version `null`; a copy of it is made dependent on its ETag.
        source_version = "" if source.version_id == NULL else source.version_id
        original = self._source.found(wish.source.bucket, source.key, source_version)
        if original.facts.archived:
            return key, "archived"
        if target is not None and may_be_same(source, original.facts, target, work.bucket.opaque):
            there = self._reader.found(wish.target.bucket, target.key)
            if original.equals(there):
                return key, _entry(key, source, target.version_id, there.facts.etag, there.facts.checksums, entry)
        wanted = replace(source, version_id=source_version)
        where, over = f"{wish.target.prefix}{key}", target.etag if target else ""
        step = step_of(wanted, original.facts, where, over, keep_key=False)
        if step.kind == PARTS:
            step = step_of(wanted, original.tagged().facts, where, over, keep_key=False)
        return key, replace(step, noted={"version": source.version_id, "modified": source.modified})

    def _copy(self, work: Work) -> None:
        wish = work.wish
        steps = (Step.of_line(line) for line in work.steps)
        with Progress(f"Copying {wish.name}", work.steps.number, "objects") as progress:
            for written in self._writer.copy(wish.target.bucket, wish.source.bucket, steps, work.tally):
                progress.add()
                if written.error is None:
                    work.whole += written.step.size
                    work.made.add(_made(wish, written).line())

    def _put_manifest(self, work: Work) -> None:
        """Also of a copy that is not whole: it says so, and what is in it can be undone."""
        wish = work.wish
        entries = heapq.merge(
            *((Entry.of_line(line) for line in lines) for lines in (work.kept, work.adopted, work.made)),
            key=lambda entry: entry.key,
        )
        head = {
            "source": wish.source.fields(),
            "target": wish.target.fields(),
            "made": stamp(work.at),
            "complete": work.made.number == work.steps.number,
            "objects": work.kept.number + work.adopted.number + work.made.number,
            "bytes": work.whole,
        }
        with tempfile.TemporaryFile() as file:
            write(file, head, entries)
            self._writer.put(wish.target.bucket, wish.manifest, file, work.manifest.etag)

    # --- absent: delete what the manifest names ----------------------------------------------------------------------

    def _read_removed(self, work: Work) -> None:
        if not work.manifest.etag:
            return
        streams: list[Iterable[tuple[str, Any]]] = [
            self._current(work, self._reader, work.wish.target),
            ((entry.key, entry) for entry in work.manifest.entries),
        ]
        for key, (target, entry) in join(streams):
            if target is None or entry is None:
                continue
            if entry.kept or (entry.etag, entry.version) != (target.etag, target.version_id):
                work.count("left", key)
            else:
                work.count("deleted", key)
                work.steps.add(mark_of(target).line())
        work.calls = (*(("DeleteObjects",) if work.steps.number else ()), "DeleteObject")

    def _delete(self, work: Work) -> None:
        steps = (Step.of_line(line) for line in work.steps)
        bucket = work.wish.target.bucket
        with Progress(f"Deleting {work.wish.target.name}", work.steps.number, "objects") as progress:
            for _written in self._writer.delete(bucket, steps, work.tally):
                progress.add()

    def _delete_manifest(self, work: Work) -> None:
        bucket = work.wish.target.bucket
        # As long as something of the copy is there, its manifest is needed.
        if not work.tally.failed:
            step = Step(MARK, work.wish.manifest, over=work.manifest.etag)
            list(self._writer.delete(bucket, [step], work.tally))

    # --- as_of: what the manifest names as it was --------------------------------------------------------------------

    def _read_back(self, work: Work) -> None:
        wish, bucket = work.wish, work.bucket
        to = reached(wish.target.name, bucket, wish.target.prefix, wish.as_of)
        own = [
            version
            for version in self._reader.listing(wish.target.bucket, wish.manifest)
            if version.key == wish.manifest
        ]
        # What was written since then is in the manifest of now, what was deleted in that of then.
        now, then = own[:1], [version for version in own if version.modified <= to][:1]
        streams: list[Iterable[tuple[str, Entry]]] = [
            ((entry.key, entry) for entry in self._manifest(wish, version.version_id).entries)
            for version in {version.version_id: version for version in (*now, *then) if not version.marker}.values()
        ]
        names = (
            f"{wish.target.prefix}{key}"
            for key, entries in join(streams)
            if not all(entry is None or entry.kept for entry in entries)
        )
        listing = self._reader.listing(wish.target.bucket, wish.target.prefix)
        named = _only(listing, names, wish.manifest)
        objects = self._rewind.compare(wish.target.name, bucket, to, named)
        manifest = self._rewind.compare(wish.manifest_name, bucket, to, own)
        work.at = max(work.at, listing.at)
        work.rewound = (objects, manifest)

    # --- verify: whether everything in the manifest is there ---------------------------------------------------------

    def _read_verified(self, work: Work) -> None:
        wish = work.wish
        if not work.manifest.etag:
            raise Refused(f"{wish.name}: there is no manifest {wish.manifest_name}, so there is nothing to verify by.")
        start = len(wish.target.prefix)
        listing = itertools.groupby(
            self._reader.listing(wish.target.bucket, wish.target.prefix), key=lambda version: version.key
        )
        streams: list[Iterable[tuple[str, Any]]] = [
            ((key[start:], list(versions)) for key, versions in listing),
            ((entry.key, entry) for entry in work.manifest.entries),
        ]
        with Progress(f"Verifying {wish.target.name}", work.manifest.head.get("objects"), "objects") as progress:
            for key, (versions, entry) in join(streams):
                if entry is not None:
                    progress.add()
                    work.count(_verdict(entry, versions or ()), key)
                    work.size += entry.size

    # --- What OpsModule.run is given ---------------------------------------------------------------------------------

    def plan(self, _target: Target, work: Work, _context: Any) -> Plan:
        """What must be done with a copy.

        Raises:
            Refused: It can not be done, or what was verified is not all there.
        """
        wish = work.wish
        if work.rewound:
            objects, manifest = work.rewound
            for part in work.rewound:
                part.refuse_problems()
            after = {**wish.fields(), "as_of": objects.to, **objects.counts.fields()}
            calls = (*objects.calls(Copy=wish.name, Part="objects"), *manifest.calls(Copy=wish.name, Part="manifest"))
            return Plan(work.undo, after, calls, objects.notes())
        if wish.verify:
            _refuse_incomplete(work)
        elif work.number.get("archived") and not self._skip_archived:
            raise Refused(
                f"{wish.name}: {work.number['archived']} objects are archived and can not be read: "
                f"{', '.join(work.keys['archived'][:3])}. Restore them first (aws s3api restore-object), or leave "
                "them out with skip_archived."
            )
        state = {"verify": True} if wish.verify else {"state": wish.state}
        shown = {what: keys for what, keys in work.keys.items() if keys}
        after = {**wish.fields(), **state, "objects": {**work.number, "bytes": work.size}, "keys": shown}
        calls = tuple(Call("s3", operation, {"Copy": wish.name}) for operation in work.calls)
        return Plan(work.undo, after, calls, work.notes())

    def call(self, _service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """All calls of one kind of one copy. Failures of single keys are told by `confirm`.

        Raises:
            Refused: Nothing of it could be done.
        """
        work = self._works[arguments["Copy"]]
        if "as_of" in work.undo:
            time.sleep(max(0.0, work.heard + LATER - time.monotonic()))
        if work.rewound:
            objects, manifest = work.rewound
            if arguments["Part"] == "manifest":
                # It comes last, so that an undoing that was cut off still knows what to undo.
                objects.refuse_failures()
            self._rewind.carry_out(objects if arguments["Part"] == "objects" else manifest, operation)
            return {}
        steps = {
            "CopyObject": self._copy,
            "PutObject": self._put_manifest,
            "DeleteObjects": self._delete,
            "DeleteObject": self._delete_manifest,
        }
        steps[operation](work)
        if not work.tally.written and operation in ("CopyObject", "DeleteObjects"):
            work.tally.refuse(work.steps.number)
        return {}

    def settled(self, _settle: Any) -> bool:
        """S3 answers when it is done, so nothing is waited for."""
        return True

    def confirm(self, target: Target, _plan: Plan, _learned: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whether every key was written.

        Raises:
            Refused: Some were not; with their number and the first of them.
        """
        work = self._works[target.name]
        work.tally.refuse(work.steps.number)
        for part in work.rewound or ():
            part.refuse_failures()
        return {}


def _is_copy(source: Version, target: Version, entry: Entry) -> bool:
    """Whether the manifest says that what is there now is a copy of what is there now."""
    return (entry.source_version, entry.source_etag, entry.source_modified, entry.version, entry.etag) == (
        source.version_id,
        source.etag,
        source.modified,
        target.version_id,
        target.etag,
    )


def _entry(
    key: str, source: Version, version: str, etag: str, checksum: Mapping[str, str], before: Entry | None
) -> Entry:
    """An entry of an object that was there already."""
    kept = before.kept if before else True
    return Entry(key, version, source.size, etag, source.version_id, source.etag, source.modified, checksum, kept)


def _made(wish: Wish, written: Written) -> Entry:
    step = written.step
    return Entry(
        key=step.key[len(wish.target.prefix) :],
        version=written.version_id or NULL,
        size=step.size,
        etag=written.etag,
        source_version=step.noted["version"],
        source_etag=step.etag,
        source_modified=step.noted["modified"],
        checksum=written.checksum,
    )


def _only(versions: Iterable[Version], names: Iterator[str], besides: str) -> Iterator[Version]:
    """The versions of the named keys, but for one of them."""
    name = next(names, None)
    for version in versions:
        while name is not None and name < version.key:
            name = next(names, None)
        if name is None:
            return
        if version.key == name and name != besides:
            yield version


def _verdict(entry: Entry, versions: Sequence[Version]) -> str:
    found = next((version for version in versions if version.version_id == entry.version), None)
    if found is None or found.marker:
        return "missing"
    if (found.etag, found.size) != (entry.etag, entry.size):
        return "different"
    return "verified" if found.latest else "superseded"


def _refuse_incomplete(work: Work) -> None:
    wish, number = work.wish, work.number
    bad = {what: number.get(what, 0) for what in ("missing", "different")}
    fields = {"objects": {**number, "bytes": work.size}, "keys": work.keys}
    if any(bad.values()):
        first = (work.keys.get("missing") or work.keys.get("different") or [""])[0]
        raise Refused(
            f"{wish.target.name} is not what {wish.manifest_name} says: {bad['missing']} objects are missing and "
            f"{bad['different']} different, the first is {first}. Copy again from the source.",
            fields=fields,
        )
    if not work.manifest.head.get("complete"):
        raise Refused(
            f"{wish.manifest_name} is of a copy that was not finished. Run the copy again to finish it.", fields=fields
        )
