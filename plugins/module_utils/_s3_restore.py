# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Puts prefixes of versioned buckets back to what they were at a time.

The listing of a prefix streams through the comparison into lines of a file without a name; they are counted on the way,
and are what is carried out. So check mode, the counts and the writes are about the same steps, and a prefix may have
any number of keys.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._moments import resolve, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._progress import Progress
from ansible_collections.runbook.aws.plugins.module_utils._s3 import Bucket, Reader
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import (
    MARK,
    PARTS,
    Change,
    Step,
    compare,
    mark_of,
    step_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._s3_writer import SHOWN, Hands, Tally, Writer
from ansible_collections.runbook.aws.plugins.module_utils._spill import Lines

# S3 tells times to the second. What is written must be later than the time that undoes it, by a little more than one.
LATER = 1.1

CHANGED, DELETED, CREATED = "changed", "deleted", "created"


@dataclass(frozen=True)
class Prefix:
    """One element of the option `prefixes`."""

    bucket: str
    prefix: str
    to: str

    @property
    def name(self) -> str:
        """How it is shown."""
        return f"s3://{self.bucket}/{self.prefix}"


def read_targets(prefixes: Sequence[Mapping[str, Any]]) -> list[Target]:
    """The option `prefixes` as targets.

    Raises:
        Refused: One prefix is inside another.
    """
    wishes = [Prefix(said["bucket"], said["prefix"] or "", said["to"]) for said in prefixes]
    for one, other in itertools.permutations(wishes, 2):
        if one.bucket == other.bucket and one.prefix != other.prefix and one.prefix.startswith(other.prefix):
            raise Refused(f"{one.name} is inside {other.name}: name only one of them.")
    return [Target(wish.name, wish) for wish in wishes]


@dataclass
class Counts:
    """What happened to the keys of a prefix since the time, and what bringing them back means.

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


@dataclass
class Found:
    """What there is of a prefix, and what must be done.

    Attributes:
        to: The time, as `_moments.stamp` writes it.
        at: AWS's time when the last of it was read.
        heard: When that was, by this machine's monotonic clock.
    """

    to: str
    bucket: Bucket
    counts: Counts
    copies: Lines
    marks: Lines
    at: datetime
    heard: float
    tally: Tally = field(default_factory=Tally)


class Restores:
    """Reads, plans and carries out; made for `OpsModule.run`, for which it is a way to AWS too.

    Args:
        aws: The way to AWS.
        workers: How many calls at the same time.
    """

    def __init__(self, aws: Aws, workers: int) -> None:
        self._reader = Reader(aws)
        self._hands = Hands(workers)
        self._writer = Writer(aws, self._reader, self._reader, workers)
        self._found: dict[str, Found] = {}

    def fetch(self, target: Target) -> Found:
        """Compare a prefix with what it was.

        Raises:
            Refused: The bucket does not keep what was there then.
            AwsError: AWS refused, or did not answer.
        """
        wish: Prefix = target.desired
        bucket = self._reader.bucket(wish.bucket)
        to = _moment(wish, bucket)
        listing = self._reader.listing(wish.bucket, wish.prefix)
        counts, copies, marks = Counts(), Lines(), Lines()
        expiries = bucket.expiries or ()

        def changes() -> Iterator[Change]:
            for _key, versions in itertools.groupby(listing, key=lambda version: version.key):
                progress.add()
                change = compare(versions, to, bucket.now, expiries)
                if not change.none:
                    yield change
                elif not change.current.marker:
                    counts.unchanged += 1

        with Progress(f"Comparing {wish.name} with what it was at {to}", None, "keys") as progress:
            for change, step in self._hands.each(self._inspect(wish.bucket, bucket.acls), changes()):
                if isinstance(step, str):
                    counts.problem(step, change.current.key)
                elif step is None:
                    counts.unchanged += 1
                else:
                    counts.add(_what(change), step)
                    (marks if step.kind == MARK else copies).add(step.line())
        found = Found(to, bucket, counts, copies, marks, listing.at, time.monotonic())
        self._found[target.name] = found
        return found

    def _inspect(self, bucket: str, acls: bool) -> Callable[[Change], tuple[Change, Step | str | None]]:
        """What must be done about a change: a step, nothing, or why it can not be done."""

        def inspect(change: Change) -> tuple[Change, Step | str | None]:
            current, wanted = change.current, change.wanted
            if change.doubt:
                return change, change.doubt
            if wanted is None:
                return change, mark_of(current)
            if not wanted.readable:
                return change, f"was in {wanted.storage_class}, which can not be read before RestoreObject"
            original = self._reader.found(bucket, wanted.key, wanted.version_id, grants=acls)
            if original.facts.archived:
                return change, "is in an archive tier, which can not be read before RestoreObject"
            if (
                current.size == wanted.size
                and not current.marker
                and original.equals(self._reader.found(bucket, current.key, current.version_id, grants=acls))
            ):
                return change, None
            step = step_of(wanted, original.facts, wanted.key, current.etag)
            if step.kind == PARTS:
                # A copy in parts is told its tags; who may not read them is refused rather than losing them.
                step = step_of(wanted, original.tagged().facts, wanted.key, current.etag)
            return change, step

        return inspect

    def plan(self, target: Target, found: Found, _context: Any) -> Plan:
        """What bringing a prefix back means.

        Raises:
            Refused: Some keys can not be brought back.
        """
        wish: Prefix = target.desired
        counts = found.counts
        _refuse_problems(wish, found)
        place = {"bucket": wish.bucket, "prefix": wish.prefix}
        # The kinds of calls; each stands for as many as there are keys.
        calls = [
            Call("s3", operation, {"Bucket": wish.bucket, "Prefix": wish.prefix})
            for operation, lines in (("CopyObject", found.copies), ("DeleteObjects", found.marks))
            if lines.number
        ]
        after = {
            **place,
            "to": found.to,
            "changes": {**counts.number, "unchanged": counts.unchanged, "bytes": counts.size},
            "keys": {what: list(keys) for what, keys in counts.keys.items()},
        }
        return Plan({**place, "to": stamp(found.at)}, after, tuple(calls), _notes(wish, found))

    def call(self, _service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """All calls of one kind of one prefix. Failures of single keys are told by `confirm`.

        Raises:
            Refused: Nothing of it could be done.
        """
        name = Prefix(arguments["Bucket"], arguments["Prefix"], "").name
        found = self._found[name]
        copying = operation == "CopyObject"
        lines = found.copies if copying else found.marks
        written = found.tally.written
        if not found.tally.hopeless:
            time.sleep(max(0.0, found.heard + LATER - time.monotonic()))
            what = f"Bringing back {name}" if copying else f"Deleting what is new in {name}"
            with Progress(what, lines.number, "objects") as progress:
                steps = (Step.of_line(line) for line in lines)
                for _written in self._writer.write(arguments["Bucket"], arguments["Bucket"], steps, found.tally):
                    progress.add()
        if found.tally.failed and found.tally.written == written:
            raise _failure(found)
        return {}

    def settled(self, _settle: Any) -> bool:
        """S3 answers when it is done, so nothing is waited for."""
        return True

    def confirm(self, target: Target, _plan: Plan, _learned: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whether every key was brought back.

        Raises:
            Refused: Some were not; with their number and the first of them.
        """
        found = self._found[target.name]
        if found.tally.failed:
            raise _failure(found)
        return {}


def _what(change: Change) -> str:
    if change.wanted is None:
        return CREATED
    return DELETED if change.current.marker else CHANGED


def _moment(wish: Prefix, bucket: Bucket) -> str:
    """The time that is meant, which the bucket must reach back to."""
    if bucket.versioning != "Enabled":
        state = "is suspended" if bucket.versioning else "is off"
        raise Refused(
            f"{wish.name}: versioning of {wish.bucket} {state}, so what was overwritten or deleted is not kept, and would "
            "not be kept of what is there now. Bring it back from a copy: runbook.aws.s3_copy."
        )
    when = resolve(wish.to, bucket.now)
    if when is None:
        raise Refused(f"{wish.name}: the latest state is what is there. Say which time, for example '2h ago'.")
    to = stamp(when)
    for expiry in bucket.expiries or ():
        meets = expiry.prefix.startswith(wish.prefix) or wish.prefix.startswith(expiry.prefix)
        if meets and not expiry.newest and expiry.reaches(to, bucket.now):
            raise Refused(
                f"{wish.name}: {to} is more than {expiry.days} days ago, and the lifecycle rule {expiry.name} of {wish.bucket} "
                "deletes versions that long after they were overwritten or deleted. Choose a later time, or bring it back "
                "from a copy: runbook.aws.s3_copy."
            )
    return to


def _refuse_problems(wish: Prefix, found: Found) -> None:
    problems = found.counts.problems
    if not problems:
        return
    told = "; ".join(f"{_some(keys)} {reason}" for reason, keys in problems.items())
    raise Refused(
        f"{wish.name} can not be brought back to {found.to}: {told}. Choose another time or a prefix without these keys; what "
        "is archived can be brought back after aws s3api restore-object.",
        fields={"problems": [{"reason": reason, "keys": keys} for reason, keys in problems.items()]},
    )


def _some(keys: Sequence[str], most: int = 3) -> str:
    return ", ".join(keys[:most]) + (", …" if len(keys) > most else "")


def _notes(wish: Prefix, found: Found) -> tuple[str, ...]:
    if found.bucket.expiries is None and any(found.counts.number.values()):
        unseen = (
            "lifecycle rules may not be read here, so whether they have deleted versions of that time is not observable"
        )
        return (f"{wish.bucket}: {unseen}. Allow s3:GetLifecycleConfiguration.",)
    return ()


def _failure(found: Found) -> Refused:
    tally = found.tally
    steps = found.copies.number + found.marks.number
    first = tally.failures[0]
    rest = steps - tally.written - tally.failed
    return Refused(
        f"{tally.failed} of {steps} keys failed, {tally.written} are done"
        + (f", {rest} were not tried any more" if rest else "")
        + f". The first: {first['key']}: {first['error']}",
        fields={"failed": tally.failed, "failures": tally.failures},
    )
