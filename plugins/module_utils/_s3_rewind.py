# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Brings keys of a versioned bucket back to what they were at a time.

A listing streams through the comparison into lines of a file without a name; they are counted on the way, and are what
is carried out. So check mode, the counts and the writes are about the same steps, and there may be any number of keys.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._moments import resolve, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused
from ansible_collections.runbook.aws.plugins.module_utils._progress import Progress
from ansible_collections.runbook.aws.plugins.module_utils._s3 import Bucket, Reader
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import (
    MARK,
    PARTS,
    Change,
    Step,
    Version,
    compare,
    mark_of,
    may_be_same,
    step_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._s3_writer import SHOWN, Hands, Tally, Writer
from ansible_collections.runbook.aws.plugins.module_utils._spill import Lines

# S3 tells times to the second. What is written must be later than the time that undoes it, so by more than one.
LATER = 1.1

# What became of a key since the time.
CHANGED, DELETED, CREATED = "changed", "deleted", "created"
# The kinds of calls that bring keys back, in their order.
BACK, AWAY = "CopyObject", "DeleteObjects"


@dataclass
class Counts:
    """What happened to keys since the time, and what bringing them back means.

    Attributes:
        number: Keys by what became of them.
        keys: The first of these keys.
        unchanged: Objects that are what they were.
        size: Bytes of all that is brought back.
        problems: Why some keys can not be brought back, and the first of these keys.
    """

    number: dict[str, int] = field(default_factory=lambda: dict.fromkeys((CHANGED, DELETED, CREATED), 0))
    keys: dict[str, list[str]] = field(default_factory=lambda: {CHANGED: [], DELETED: [], CREATED: []})
    unchanged: int = 0
    size: int = 0
    problems: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, step: Step) -> None:
        """A key that is brought back."""
        self.number[what] += 1
        self.size += step.size
        if len(self.keys[what]) < SHOWN:
            self.keys[what].append(step.key)

    def problem(self, reason: str, key: str) -> None:
        """A key that can not be brought back."""
        keys = self.problems.setdefault(reason, [])
        if len(keys) < SHOWN:
            keys.append(key)

    def fields(self) -> dict[str, Any]:
        """As a result shows it."""
        return {
            "changes": {**self.number, "unchanged": self.unchanged, "bytes": self.size},
            "keys": {what: list(keys) for what, keys in self.keys.items()},
        }


@dataclass
class Rewound:
    """What keys were at a time, and the steps back to that.

    Attributes:
        name: What they are called together.
        to: The time, as `_moments.stamp` writes it.
        heard: When the last of them was read, by this machine's monotonic clock.
    """

    name: str
    bucket: Bucket
    to: str
    counts: Counts = field(default_factory=Counts)
    copies: Lines = field(default_factory=Lines)
    marks: Lines = field(default_factory=Lines)
    heard: float = 0.0
    tally: Tally = field(default_factory=Tally)

    def calls(self, **shown: str) -> tuple[Call, ...]:
        """The kinds of calls. Each stands for as many as there are keys, for which `shown` says where."""
        lines = ((BACK, self.copies), (AWAY, self.marks))
        return tuple(Call("s3", operation, shown) for operation, steps in lines if steps.number)

    def refuse_problems(self) -> None:
        """Raise `Refused` if some keys can not be brought back."""
        problems = self.counts.problems
        if not problems:
            return
        told = "; ".join(f"{_some(keys)} {reason}" for reason, keys in problems.items())
        raise Refused(
            f"{self.name} can not be brought back to {self.to}: {told}. Choose another time or a prefix without these "
            "keys; what is archived can be brought back after aws s3api restore-object.",
            fields={"problems": [{"reason": reason, "keys": keys} for reason, keys in problems.items()]},
        )

    def notes(self) -> tuple[str, ...]:
        """What the operator should know."""
        if self.bucket.expiries is not None or not any(self.counts.number.values()):
            return ()
        unseen = "whether lifecycle rules have deleted versions of that time is not observable here, because they"
        return (f"{self.bucket.name}: {unseen} may not be read. Allow s3:GetLifecycleConfiguration.",)

    def refuse_failures(self) -> None:
        """Raise `Refused` if some keys were not written."""
        self.tally.refuse(self.copies.number + self.marks.number)


class Rewind:
    """Compares and carries out.

    Args:
        aws: The way to AWS.
        reader: Reads S3 by it.
        workers: How many calls at the same time.
    """

    def __init__(self, aws: Aws, reader: Reader, workers: int) -> None:
        self._reader = reader
        self._hands = Hands(workers)
        self._writer = Writer(aws, reader, reader, workers)

    def compare(self, name: str, bucket: Bucket, to: str, versions: Iterable[Version]) -> Rewound:
        """What keys were at a time.

        Args:
            name: What they are called together.
            bucket: Their bucket.
            to: The time, as `reached` gives it.
            versions: All versions and delete markers of the keys, by key, of one key the newest first.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        found = Rewound(name, bucket, to)
        counts = found.counts
        with Progress(f"Comparing {name} with what it was at {to}", None, "keys") as progress:
            changes = self._changes(found, versions, progress)
            for change, step in self._hands.each(partial(self._step, bucket), changes):
                if isinstance(step, str):
                    counts.problem(step, change.current.key)
                elif step is None:
                    counts.unchanged += 1
                else:
                    counts.add(_what(change), step)
                    (found.marks if step.kind == MARK else found.copies).add(step.line())
        found.heard = time.monotonic()
        return found

    @staticmethod
    def _changes(found: Rewound, versions: Iterable[Version], progress: Progress) -> Iterator[Change]:
        expiries = found.bucket.expiries or ()
        for _key, of_key in itertools.groupby(versions, key=lambda version: version.key):
            progress.add()
            change = compare(of_key, found.to, found.bucket.now, expiries)
            if not change.none:
                yield change
            elif not change.current.marker:
                found.counts.unchanged += 1

    def _step(self, bucket: Bucket, change: Change) -> tuple[Change, Step | str | None]:
        """What must be done about a change: a step, nothing, or why it can not be done."""
        current, wanted = change.current, change.wanted
        if change.doubt:
            return change, change.doubt
        if wanted is None:
            return change, mark_of(current)
        if not wanted.readable:
            return change, f"was in {wanted.storage_class}, which can not be read before RestoreObject"
        original = self._reader.found(bucket.name, wanted.key, wanted.version_id, grants=bucket.acls)
        if original.facts.archived:
            return change, "is in an archive tier, which can not be read before RestoreObject"
        if may_be_same(wanted, original.facts, current, bucket.opaque):
            there = self._reader.found(bucket.name, current.key, current.version_id, grants=bucket.acls)
            if original.equals(there):
                return change, None
        step = step_of(wanted, original.facts, wanted.key, current.etag)
        if step.kind == PARTS:
            # A copy in parts is told its tags; who may not read them is refused rather than losing them.
            step = step_of(wanted, original.tagged().facts, wanted.key, current.etag)
        return change, step

    def carry_out(self, found: Rewound, operation: str) -> None:
        """All calls of one kind. That single keys failed is in the tally.

        Raises:
            Refused: Nothing of it could be done.
        """
        lines = found.copies if operation == BACK else found.marks
        written = found.tally.written
        if not found.tally.hopeless:
            time.sleep(max(0.0, found.heard + LATER - time.monotonic()))
            steps, bucket = (Step.of_line(line) for line in lines), found.bucket.name
            if operation == BACK:
                what, results = "Bringing back", self._writer.copy(bucket, bucket, steps, found.tally)
            else:
                what, results = "Deleting what is new in", self._writer.delete(bucket, steps, found.tally)
            with Progress(f"{what} {found.name}", lines.number, "objects") as progress:
                for _written in results:
                    progress.add()
        if found.tally.written == written:
            found.refuse_failures()


def reached(name: str, bucket: Bucket, prefix: str, to: str) -> str:
    """The time that is meant, which the bucket must reach back to.

    Args:
        name: What is to be brought back.
        bucket: Its bucket.
        prefix: What its keys begin with.
        to: As `_moments.resolve` takes it.

    Raises:
        Refused: It is no time in the past, or the bucket does not keep what was there then.
    """
    if bucket.versioning != "Enabled":
        state = "is suspended" if bucket.versioning else "is off"
        raise Refused(
            f"{name}: versioning of {bucket.name} {state}, so what was overwritten or deleted is not kept, and would "
            "not be kept of what is there now. Bring it back from a copy: runbook.aws.s3_copy."
        )
    when = resolve(to, bucket.now)
    if when is None:
        raise Refused(f"{name}: the latest state is what is there. Say which time, for example '2h ago'.")
    told = stamp(when)
    for expiry in bucket.expiries or ():
        meets = expiry.prefix.startswith(prefix) or prefix.startswith(expiry.prefix)
        if meets and not expiry.newest and expiry.reaches(told, bucket.now):
            raise Refused(
                f"{name}: {told} is {expiry.days} days ago or more, and the lifecycle rule {expiry.name} of "
                f"{bucket.name} deletes versions that long after they were overwritten or deleted. Choose a later time, "
                "or bring it back from a copy: runbook.aws.s3_copy."
            )
    return told


def _what(change: Change) -> str:
    if change.wanted is None:
        return CREATED
    return DELETED if change.current.marker else CHANGED


def _some(keys: Sequence[str], most: int = 3) -> str:
    return ", ".join(keys[:most]) + (", …" if len(keys) > most else "")
