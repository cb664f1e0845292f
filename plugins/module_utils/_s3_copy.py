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
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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
    same_checksum,
    step_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._s3_rewind import LATER, Rewind, Rewound, reached
from ansible_collections.runbook.aws.plugins.module_utils._s3_writer import SHOWN, Hands, Tally, Writer, Written
from ansible_collections.runbook.aws.plugins.module_utils._spill import Lines

COPIED, CHANGED = "created", "changed"
# GetObject's answers where the version is not there: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_NOT_THERE = frozenset({"NoSuchVersion", "NoSuchKey", "MethodNotAllowed"})


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
    """One element of the option `copies`.

    Attributes:
        manifest: Its key in the target's bucket. Empty only for a copy from a snapshot.
        snapshot: The key under which the manifest is kept for good, in the same bucket.
        from_snapshot: The key in the source's bucket of the snapshot that says which versions are copied.
    """

    source: Place
    target: Place
    manifest: str = ""
    state: str = "present"
    as_of: str = ""
    verify: bool = False
    snapshot: str = ""
    from_snapshot: str = ""

    @property
    def name(self) -> str:
        """How it is shown."""
        return f"{self.source.name} -> {self.target.name}"

    @property
    def own(self) -> tuple[Place, ...]:
        """What the copy writes about itself, which is none of its objects."""
        return tuple(Place(self.target.bucket, key) for key in (self.manifest, self.snapshot) if key)

    @property
    def named_by(self) -> Place:
        """What says of which objects the copy consists."""
        if self.from_snapshot:
            return Place(self.source.bucket, self.from_snapshot)
        return Place(self.target.bucket, self.manifest)

    def fields(self) -> dict[str, Any]:
        """Which copy it is, as an element of the option."""
        source = {**self.source.fields(), **({"snapshot": self.from_snapshot} if self.from_snapshot else {})}
        keys = {"manifest": self.manifest, "snapshot": self.snapshot}
        return {"source": source, "target": self.target.fields(), **{name: key for name, key in keys.items() if key}}


def read_targets(copies: Sequence[Mapping[str, Any]]) -> list[Target]:
    """The option `copies` as targets.

    Raises:
        Refused: Two of them would write, or read and write, the same keys.
    """
    wishes = [
        Wish(
            Place(said["source"]["bucket"], said["source"]["prefix"]),
            Place(said["target"]["bucket"], said["target"]["prefix"]),
            said.get("manifest") or "",
            said.get("state") or "present",
            said.get("as_of") or "",
            bool(said.get("verify")),
            said.get("snapshot") or "",
            said["source"].get("snapshot") or "",
        )
        for said in copies
    ]
    for wish in wishes:
        if wish.from_snapshot and wish.own:
            raise Refused(f"{wish.name}: a copy from a snapshot is told by it: leave out manifest and snapshot.")
        if not wish.from_snapshot and not wish.manifest:
            raise Refused(f"{wish.name}: name its manifest, or the snapshot in the source that it is copied from.")
        if wish.from_snapshot and wish.state == "absent":
            raise Refused(f"{wish.name}: what was copied from a snapshot is undone with as_of.")
        if wish.verify and (wish.state == "absent" or wish.as_of):
            raise Refused(f"{wish.name}: verify only reads, so it goes with neither state: absent nor as_of.")
        if wish.state == "absent" and wish.as_of:
            raise Refused(f"{wish.name}: say either state: absent or as_of.")
        for key in wish.own:
            if key.bucket == wish.source.bucket and key.prefix.startswith(wish.source.prefix):
                raise Refused(f"{wish.name}: {key.prefix} would be among what is copied. Give it another key.")
        if len(set(wish.own)) < len(wish.own):
            raise Refused(
                f"{wish.name}: manifest and snapshot are the same key. The manifest changes, the snapshot not."
            )
    for one, other in itertools.product(wishes, wishes):
        if one.target.meets(other.source):
            raise Refused(f"{one.target.name} and {other.source.name} overlap: a copy would be copied again.")
        if one is not other and (one.target.meets(other.target) or set(one.own) & set(other.own)):
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
        snapshot: The one that is to be made, if it is there; or the one that is copied from.
        number: Objects by what is done with them.
        keys: The first of these keys, and of those that make problems.
        size: Bytes that are copied.
        whole: Bytes of what is in the copy already.
        kept: Entries that stay as they are.
        adopted: Entries of objects that were there, the same, without being in the manifest.
        made: Entries of what was copied now.
        steps: What is copied, or deleted.
        rewound: With `as_of`: the objects, and then what the copy writes about itself.
        calls: The kinds of calls, each with the key that it is about if it is about one.
    """

    wish: Wish
    bucket: Bucket
    manifest: Manifest
    at: datetime
    snapshot: Manifest = field(default_factory=Manifest)
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
    rewound: tuple[Rewound, ...] = ()
    calls: tuple[tuple[str, str], ...] = ()

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
            and self.wish.manifest
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
        if missing := self.number.get("missing", 0):
            found.append(f"{self.wish.name}: {_gone(self, missing)}")
        return tuple(found)


class Copies:
    """Reads, plans and carries out. For `OpsModule.run` it is the way to AWS too: a call stands for many.

    Args:
        aws: The way to AWS, in the target's region.
        source: The same in the source's region.
        workers: How many calls at the same time.
        skip_archived: Leave out what can not be read before it is restored from an archive.
        skip_missing: Leave out what a snapshot names and is not there any more.
    """

    def __init__(
        self, aws: Aws, source: Aws, workers: int, skip_archived: bool = False, skip_missing: bool = False
    ) -> None:
        self._aws = aws
        self._reader = Reader(aws)
        self._source = self._reader if source is aws else Reader(source)
        self._hands = Hands(workers)
        self._writer = Writer(aws, self._reader, self._source, workers)
        self._rewind = Rewind(aws, self._reader, workers)
        self._skip_archived = skip_archived
        self._skip_missing = skip_missing
        self._works: dict[str, Work] = {}

    def fetch(self, target: Target) -> Work:
        """Read source, target and manifest.

        Raises:
            Refused: What is there does not allow it.
            AwsError: AWS refused, or did not answer.
        """
        wish: Wish = target.desired
        bucket = self._reader.bucket(wish.target.bucket)
        work = Work(wish, bucket, Manifest(), bucket.now)
        if wish.manifest and not wish.as_of:
            work.manifest = self._manifest(wish, wish.manifest)
        if wish.from_snapshot:
            work.snapshot = self._copied_from(wish)
        elif wish.snapshot and not wish.as_of:
            work.snapshot = self._manifest(wish, wish.snapshot)
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

    def _manifest(self, wish: Wish, key: str, version_id: str = "") -> Manifest:
        """The manifest of this copy, or a snapshot of it."""
        found = _read_manifest(self._reader, Place(wish.target.bucket, key), version_id)
        if found.etag and (found.head.get("source"), found.head.get("target")) != (
            wish.source.fields(),
            wish.target.fields(),
        ):
            name = Place(wish.target.bucket, key).name
            raise Refused(f"{name} is the manifest of another copy. Name another key for this one.")
        return found

    def _copied_from(self, wish: Wish) -> Manifest:
        """The snapshot that says what is copied. Its bucket may be a replica with another name."""
        found = _read_manifest(self._source, wish.named_by)
        if not found.etag:
            raise Refused(
                f"{wish.name}: there is no snapshot {wish.named_by.name}, so what it consisted of is not known."
            )
        if (of := found.head["target"]["prefix"]) != wish.source.prefix:
            raise Refused(f"{wish.named_by.name} is a snapshot of {of}, and not of {wish.source.prefix}.")
        return found

    def _current(self, work: Work, reader: Reader, place: Place) -> Iterator[tuple[str, Version]]:
        """What is current below a prefix, by the rest of its key; but for the manifest."""
        listing = reader.listing(place.bucket, place.prefix)
        own = {key.prefix for key in work.wish.own if key.bucket == place.bucket}
        for version in listing:
            if version.latest and not version.marker and version.key not in own:
                yield version.key[len(place.prefix) :], version
        if reader is self._reader:
            work.at = max(work.at, listing.at)

    # --- present: copy what differs ----------------------------------------------------------------------------------

    def _read_copied(self, work: Work) -> None:
        wish = work.wish
        if wish.snapshot:
            if work.bucket.versioning != "Enabled":
                raise Refused(
                    f"{wish.name}: {wish.target.bucket} keeps no versions, so a later copy would overwrite what the "
                    f"snapshot {wish.snapshot} names. Turn on its versioning, or name another bucket."
                )
            if work.snapshot.etag:
                # It was made, and stays what it was then, whatever has become of the source.
                work.number["unchanged"] = work.snapshot.head["objects"]
                return
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
        work.calls = (
            *((("CopyObject", ""),) if work.steps.number else ()),
            *((("PutObject", wish.manifest),) if wish.manifest and changed else ()),
            *((("PutObject", wish.snapshot),) if wish.snapshot else ()),
        )

    def _differing(self, work: Work, progress: Progress) -> Iterator[tuple[str, Version, Version | None, Entry | None]]:
        """What may have to be copied; what surely has not is noted."""
        wish = work.wish
        streams: list[Iterable[tuple[str, Any]]] = [
            self._named(work) if wish.from_snapshot else self._current(work, self._source, wish.source),
            self._current(work, self._reader, wish.target),
            ((entry.key, entry) for entry in work.manifest.entries),
        ]
        for key, (source, target, entry) in join(streams):
            progress.add()
            if source is None:
                if entry is not None:
                    work.count("gone", key)
                elif wish.from_snapshot:
                    work.count("left", key)
            elif target is not None and entry is not None and _is_copy(source, target, entry):
                work.count("unchanged")
                work.whole += entry.size
                work.kept.add(entry.line())
            else:
                yield key, source, target, entry

    def _named(self, work: Work) -> Iterator[tuple[str, Version]]:
        """The versions that the snapshot names, by the rest of their keys; those that are gone are noted."""
        place = work.wish.source
        streams: list[Iterable[tuple[str, Any]]] = [
            _by_key(self._source.listing(place.bucket, place.prefix), len(place.prefix)),
            ((entry.key, entry) for entry in work.snapshot.entries),
        ]
        for key, (versions, entry) in join(streams):
            if entry is None:
                continue
            named = _named_by(entry, versions or ())
            if named is None or _verdict(entry, versions or ()) in ("missing", "different"):
                work.count("missing", key)
            else:
                yield key, named

    def _inspect(
        self, work: Work, key: str, source: Version, target: Version | None, entry: Entry | None
    ) -> tuple[str, Step | Entry | str]:
        """A copy, an entry of what is there already, or why neither is possible."""
        wish = work.wish
        if not source.readable:
            return key, "archived"
        # Not every bucket may be asked for its version `null`; a copy of it is made dependent on its ETag.
        source_version = "" if source.version_id == NULL and source.latest else source.version_id
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

    def _put_manifest(self, work: Work, key: str) -> None:
        """Also of a copy that is not whole: it says so, and what is in it can be undone. A snapshot is always whole."""
        wish = work.wish
        whole = work.made.number == work.steps.number
        if key == wish.snapshot and not whole:
            return
        entries = heapq.merge(
            *((Entry.of_line(line) for line in lines) for lines in (work.kept, work.adopted, work.made)),
            key=lambda entry: entry.key,
        )
        head = {
            "source": wish.source.fields(),
            "target": wish.target.fields(),
            "made": stamp(work.at),
            "complete": whole,
            "objects": work.kept.number + work.adopted.number + work.made.number,
            "bytes": work.whole,
        }
        with tempfile.TemporaryFile() as file:
            write(file, head, entries)
            self._writer.put(wish.target.bucket, key, file, work.manifest.etag if key == wish.manifest else "")

    # --- absent: delete what the manifest names ----------------------------------------------------------------------

    def _read_removed(self, work: Work) -> None:
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
        found = ((work.wish.snapshot, work.snapshot), (work.wish.manifest, work.manifest))
        work.calls = (
            *((("DeleteObjects", ""),) if work.steps.number else ()),
            *(("DeleteObject", key) for key, manifest in found if manifest.etag),
        )

    def _delete(self, work: Work) -> None:
        steps = (Step.of_line(line) for line in work.steps)
        bucket = work.wish.target.bucket
        with Progress(f"Deleting {work.wish.target.name}", work.steps.number, "objects") as progress:
            for _written in self._writer.delete(bucket, steps, work.tally):
                progress.add()

    def _delete_manifest(self, work: Work, key: str) -> None:
        wish = work.wish
        # As long as something of the copy is there, its manifest is needed.
        if not work.tally.failed:
            step = Step(MARK, key, over=(work.manifest if key == wish.manifest else work.snapshot).etag)
            list(self._writer.delete(wish.target.bucket, [step], work.tally))

    # --- as_of: what the manifest names as it was --------------------------------------------------------------------

    def _read_back(self, work: Work) -> None:
        wish, bucket = work.wish, work.bucket
        to = reached(wish.target.name, bucket, wish.target.prefix, wish.as_of)
        own = {key.prefix: self._versions_of(key) for key in wish.own}
        # What was written since then is in the manifest of now, what was deleted in that of then.
        manifests = own.get(wish.manifest, [])
        now, then = manifests[:1], [version for version in manifests if version.modified <= to][:1]
        streams: list[Iterable[tuple[str, Entry]]] = [
            ((entry.key, entry) for entry in manifest.entries)
            for manifest in (
                work.snapshot,
                *(
                    self._manifest(wish, wish.manifest, version.version_id)
                    for version in {version.version_id: version for version in (*now, *then)}.values()
                    if not version.marker
                ),
            )
        ]
        names = (
            f"{wish.target.prefix}{key}"
            for key, entries in join(streams)
            if not all(entry is None or entry.kept for entry in entries)
        )
        listing = self._reader.listing(wish.target.bucket, wish.target.prefix)
        named = _only(listing, names, own)
        objects = self._rewind.compare(wish.target.name, bucket, to, named)
        work.rewound = (
            objects,
            *(
                self._rewind.compare(Place(wish.target.bucket, key).name, bucket, to, versions)
                for key, versions in own.items()
            ),
        )
        work.at = max(work.at, listing.at)

    def _versions_of(self, key: Place) -> list[Version]:
        return [version for version in self._reader.listing(key.bucket, key.prefix) if version.key == key.prefix]

    # --- verify: whether everything in the manifest is there ---------------------------------------------------------

    def _read_verified(self, work: Work) -> None:
        wish = work.wish
        named = work.snapshot if wish.from_snapshot else work.manifest
        if not named.etag:
            raise Refused(f"{wish.name}: there is no manifest {wish.named_by.name}, so there is nothing to verify by.")
        with Progress(f"Verifying {wish.target.name}", named.head.get("objects"), "objects") as progress:
            verdicts = self._as_named(work) if wish.from_snapshot else self._as_written(work)
            for verdict, key, entry in verdicts:
                work.count(verdict, key)
                if entry is not None:
                    progress.add()
                    work.size += entry.size

    def _as_written(self, work: Work) -> Iterator[tuple[str, str, Entry]]:
        """Whether the versions that the copy wrote are there."""
        place = work.wish.target
        streams: list[Iterable[tuple[str, Any]]] = [
            _by_key(self._reader.listing(place.bucket, place.prefix), len(place.prefix)),
            ((entry.key, entry) for entry in work.manifest.entries),
        ]
        for key, (versions, entry) in join(streams):
            if entry is not None:
                yield _verdict(entry, versions or ()), key, entry

    def _as_named(self, work: Work) -> Iterator[tuple[str, str, Entry | None]]:
        """Whether what is current in the target is what the snapshot names."""
        streams: list[Iterable[tuple[str, Any]]] = [
            self._current(work, self._reader, work.wish.target),
            ((entry.key, entry) for entry in work.snapshot.entries),
        ]
        return self._hands.each(lambda row: self._same(work, *row), join(streams))

    def _same(self, work: Work, key: str, both: Sequence[Any]) -> tuple[str, str, Entry | None]:
        target: Version | None = both[0]
        entry: Entry | None = both[1]
        if entry is None:
            return "left", key, None
        if target is None:
            return "missing", key, entry
        if target.size != entry.size:
            return "different", key, entry
        if target.etag == entry.etag:
            return "verified", key, entry
        # Encrypted by another key, or copied in other parts: the contents themselves tell.
        wish = work.wish
        there = self._reader.found(wish.target.bucket, target.key)
        if (known := same_checksum(entry.checksum, there.facts.checksums)) is None:
            try:
                named = self._source.digest(wish.source.bucket, f"{wish.source.prefix}{key}", entry.version)
            except AwsError as error:
                if error.code not in _NOT_THERE:
                    raise
                return "different", key, entry
            known = named == self._reader.digest(wish.target.bucket, target.key)
        return ("verified" if known else "different"), key, entry

    # --- What OpsModule.run is given ---------------------------------------------------------------------------------

    def plan(self, _target: Target, work: Work, _context: Any) -> Plan:
        """What must be done with a copy.

        Raises:
            Refused: It can not be done, or what was verified is not all there.
        """
        wish = work.wish
        if work.rewound:
            objects = work.rewound[0]
            for part in work.rewound:
                part.refuse_problems()
            after = {**wish.fields(), "as_of": objects.to, **objects.counts.fields()}
            calls = tuple(
                call
                for number, part in enumerate(work.rewound)
                for call in part.calls(Copy=wish.name, Part=str(number))
            )
            return Plan(work.undo, after, calls, objects.notes())
        if wish.verify:
            _refuse_incomplete(work)
        elif work.number.get("archived") and not self._skip_archived:
            raise Refused(
                f"{wish.name}: {work.number['archived']} objects are archived and can not be read: "
                f"{', '.join(work.keys['archived'][:3])}. Restore them first (aws s3api restore-object), or leave "
                "them out with skip_archived."
            )
        elif (missing := work.number.get("missing")) and not self._skip_missing:
            raise Refused(
                f"{wish.name}: {_gone(work, missing)} Leave them out with skip_missing.",
                fields={"objects": {**work.number, "bytes": work.size}, "keys": work.keys},
            )
        state = {"verify": True} if wish.verify else {"state": wish.state}
        shown = {what: keys for what, keys in work.keys.items() if keys}
        after = {**wish.fields(), **state, "objects": {**work.number, "bytes": work.size}, "keys": shown}
        calls = tuple(Call("s3", operation, {"Copy": wish.name, "Key": key}) for operation, key in work.calls)
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
            number = int(arguments["Part"])
            if number:
                # The manifest comes last, so that an undoing that was cut off still knows what to undo.
                work.rewound[0].refuse_failures()
            self._rewind.carry_out(work.rewound[number], operation)
            return {}
        steps = {
            "CopyObject": lambda work, _key: self._copy(work),
            "PutObject": self._put_manifest,
            "DeleteObjects": lambda work, _key: self._delete(work),
            "DeleteObject": self._delete_manifest,
        }
        steps[operation](work, arguments["Key"])
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
        for part in work.rewound:
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


def _read_manifest(reader: Reader, place: Place, version_id: str = "") -> Manifest:
    """A manifest or snapshot; one without an ETag if there is none."""
    try:
        answer = reader.head(place.bucket, place.prefix, version_id)
    except AwsError as error:
        if error.code in GONE:
            return Manifest()
        raise
    version_id = answer.get("VersionId", "")
    head, entries = read(reader.download(place.bucket, place.prefix, version_id), place.name)
    return Manifest(answer["ETag"], version_id, head, entries)


def _by_key(listing: Iterable[Version], start: int) -> Iterator[tuple[str, list[Version]]]:
    """All versions of each key, by the rest of the key."""
    for key, versions in itertools.groupby(listing, key=lambda version: version.key):
        yield key[start:], list(versions)


def _only(versions: Iterable[Version], names: Iterator[str], besides: Container[str]) -> Iterator[Version]:
    """The versions of the named keys, but for some of them."""
    name = next(names, None)
    for version in versions:
        while name is not None and name < version.key:
            name = next(names, None)
        if name is None:
            return
        if version.key == name and name not in besides:
            yield version


def _named_by(entry: Entry, versions: Sequence[Version]) -> Version | None:
    return next((version for version in versions if version.version_id == entry.version), None)


def _verdict(entry: Entry, versions: Sequence[Version]) -> str:
    found = _named_by(entry, versions)
    if found is None or found.marker:
        return "missing"
    if (found.etag, found.size) != (entry.etag, entry.size):
        return "different"
    return "verified" if found.latest else "superseded"


def _gone(work: Work, missing: int) -> str:
    shown = f"{', '.join(work.keys['missing'][:3])}{', …' if missing > 3 else ''}"
    return (
        f"{missing} objects that {work.wish.named_by.name} names are not there any more in the version that it names: "
        f"{shown}. A lifecycle rule of {work.wish.source.bucket} or somebody has deleted them."
    )


def _refuse_incomplete(work: Work) -> None:
    wish, number = work.wish, work.number
    bad = {what: number.get(what, 0) for what in ("missing", "different")}
    fields = {"objects": {**number, "bytes": work.size}, "keys": work.keys}
    if any(bad.values()):
        first = (work.keys.get("missing") or work.keys.get("different") or [""])[0]
        raise Refused(
            f"{wish.target.name} is not what {wish.named_by.name} says: {bad['missing']} objects are missing and "
            f"{bad['different']} different, the first is {first}. Copy again from the source.",
            fields=fields,
        )
    if not (work.snapshot if wish.from_snapshot else work.manifest).head.get("complete"):
        raise Refused(
            f"{wish.named_by.name} is of a copy that was not finished. Run the copy again to finish it.", fields=fields
        )
