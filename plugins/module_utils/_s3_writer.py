# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Makes steps happen: thousands of keys at the same time, each either done, or told why not.

A step that AWS may have carried out although its answer was lost is looked at again before it is called a failure, and
what somebody else has written meanwhile is left as it is.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, TypeVar

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import THROTTLES, AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused
from ansible_collections.runbook.aws.plugins.module_utils._s3 import GONE, Reader, checksums_of
from ansible_collections.runbook.aws.plugins.module_utils._s3_plan import (
    COPY,
    LARGEST_DELETE,
    MARK,
    PARTS,
    Step,
    complete_call,
    condition,
    copy_call,
    delete_calls,
    part_call,
    upload_call,
)

T = TypeVar("T")
R = TypeVar("R")

# How many keys are named of many; and after how many failures the rest is not tried any more.
SHOWN = 20
MOST_FAILURES = 100
# Work that is under way for each worker. The results come in the order of the work, so one long copy holds up so many.
_AHEAD = 16
# A call that deletes holds `LARGEST_DELETE` keys, and S3 takes 3,500 a second.
_CALLS_AHEAD = 8
# What S3 answers to a write whose condition does not hold: CopyObject's and DeleteObject's IfMatch and IfNoneMatch.
_NOT_AS_PLANNED = frozenset(
    {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NoSuchUpload", "404", "409", "412"}
)
# A key of DeleteObjects may fail alone: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_PASSING = THROTTLES | {"InternalError", "ServiceUnavailable", "OperationAborted"}
_TIMES = 6
# Bytes of a part where the original has none.
_PART = 512 * 1024**2
# Bytes of a file that are sent in one call.
_PIECE = 8 * 1024**2


class Hands:
    """Work on many things at the same time and in order, however many there are.

    Args:
        workers: How many at the same time.
    """

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers)
        self._ahead = workers * _AHEAD

    def each(self, work: Callable[[T], R], items: Iterable[T], ahead: int = 0) -> Iterator[R]:
        """`work` of every item, in their order. What it raises ends it, after what is under way.

        Args:
            work: Done in another thread.
            items: Taken as they are needed.
            ahead: How many are under way at most; as many as the workers can do with, if not said.
        """
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(work, item))
                if len(waiting) >= (ahead or self._ahead):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            wait(waiting)


@dataclass(frozen=True)
class Written:
    """What became of a step.

    Attributes:
        version_id: Of what is there now, if it was copied and the bucket keeps versions.
        etag: Of what is there now, if it was copied.
        checksum: Of its content, by algorithm, if S3 tells one.
        error: What went wrong.
    """

    step: Step
    version_id: str = ""
    etag: str = ""
    checksum: Mapping[str, str] = field(default_factory=dict)
    error: Exception | None = None


@dataclass
class Tally:
    """How many steps went well, and what became of the others. Safe to use from several threads."""

    written: int = 0
    failed: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    last: Exception | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, result: Written) -> None:
        """Count one result."""
        with self._lock:
            if result.error is None:
                self.written += 1
                return
            self.failed += 1
            self.last = result.error
            if len(self.failures) < SHOWN:
                self.failures.append({"key": result.step.key, "error": str(result.error)})

    @property
    def hopeless(self) -> bool:
        """Whether there is no use in trying the rest."""
        return self.failed >= MOST_FAILURES or getattr(self.last, "code", "") == "RunEnded"

    def refuse(self, steps: int) -> None:
        """Raise `Refused` if any of so many steps failed, with the number and the first of them."""
        if not self.failed:
            return
        left = steps - self.written - self.failed
        untried = f", {left} were not tried any more" if left else ""
        first = self.failures[0]
        raise Refused(
            f"{self.failed} of {steps} keys failed, {self.written} are done{untried}. "
            f"The first: {first['key']}: {first['error']}",
            fields={"failed": self.failed, "failures": self.failures},
        )


class Writer:
    """Carries out steps in one bucket.

    Args:
        aws: The way to AWS, in the bucket's region.
        reader: Reads the bucket.
        source: Reads the bucket that is copied from; the same one where there is no other.
        workers: How many calls at the same time.
    """

    def __init__(self, aws: Aws, reader: Reader, source: Reader, workers: int) -> None:
        self._aws = aws
        self._reader = reader
        self._source = source
        self._keys = Hands(workers)
        # Who copies a key waits for its parts, so parts have hands of their own.
        self._parts = Hands(workers)

    def copy(self, bucket: str, source_bucket: str, steps: Iterable[Step], tally: Tally) -> Iterator[Written]:
        """Carry out copies; what became of each, in their order.

        They end when there is no use in going on; then fewer results come than there were steps.
        """
        sensible = itertools.takewhile(lambda _step: not tally.hopeless, steps)
        for result in self._keys.each(partial(self._copied, bucket, source_bucket), sensible):
            tally.note(result)
            yield result

    def delete(self, bucket: str, steps: Iterable[Step], tally: Tally) -> Iterator[Written]:
        """Carry out deletions, many in one call; what became of each, as with `copy`."""
        walk = iter(steps)
        together = iter(lambda: list(itertools.islice(walk, LARGEST_DELETE)), [])
        sensible = itertools.takewhile(lambda _steps: not tally.hopeless, together)
        for results in self._keys.each(partial(self._deleted, bucket), sensible, _CALLS_AHEAD):
            for result in results:
                tally.note(result)
                yield result

    def put(self, bucket: str, key: str, file: IO[bytes], over: str) -> None:
        """Write a file as an object, if what is there has this ETag, or nothing is there and it is empty.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: Somebody else has written it meanwhile.
        """
        step = Step(COPY, key, over)
        first = file.read(_PIECE)
        try:
            if len(first) < _PIECE:
                self._call(Call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": first, **condition(step)}))
            else:
                self._in_parts(bucket, step, lambda upload: self._put_parts(bucket, key, upload, first, file))
        except AwsError as error:
            if error.code not in _NOT_AS_PLANNED:
                raise
            # An attempt before may have written it, although its answer was lost.
            file.seek(0)
            digest = hashlib.sha256()
            while piece := file.read(_PIECE):
                digest.update(piece)
            if self._reader.digest(bucket, key) != digest.digest():
                raise _changed(step) from error

    def _put_parts(self, bucket: str, key: str, upload: str, first: bytes, file: IO[bytes]) -> list[dict[str, Any]]:
        where = {"Bucket": bucket, "Key": key, "UploadId": upload}
        parts: list[dict[str, Any]] = []
        piece = first
        # Pieces of bytes rather than the file itself: what is throttled is sent again from its beginning.
        while piece:
            answer = self._call(Call("s3", "UploadPart", {**where, "PartNumber": len(parts) + 1, "Body": piece}))
            parts.append({"PartNumber": len(parts) + 1, "ETag": answer["ETag"], **_part_sums(answer)})
            piece = file.read(_PIECE)
        return parts

    def _copied(self, bucket: str, source_bucket: str, step: Step) -> Written:
        copy = self._copy_parts if step.kind == PARTS else self._copy
        try:
            try:
                return copy(bucket, source_bucket, step)
            except AwsError as error:
                if error.code not in _NOT_AS_PLANNED:
                    raise
                return self._look_again(bucket, source_bucket, step, error)
        except (AwsError, Refused) as error:
            return Written(step, error=error)

    def _call(self, call: Call) -> dict[str, Any]:
        return self._aws.call(call.service, call.operation, **self._known(call))

    def _known(self, call: Call) -> dict[str, Any]:
        """The arguments that this botocore knows: the oldest knows no conditions on CopyObject."""
        known = self._aws.client("s3").meta.service_model.operation_model(call.operation).input_shape.members
        return {name: value for name, value in call.arguments.items() if name in known}

    def _copy(self, bucket: str, source_bucket: str, step: Step) -> Written:
        answer = self._call(copy_call(bucket, source_bucket, step))
        made = answer["CopyObjectResult"]
        return Written(step, answer.get("VersionId", ""), made["ETag"], checksums_of(made))

    def _copy_parts(self, bucket: str, source_bucket: str, step: Step) -> Written:
        sizes = self._sizes(source_bucket, step)
        answer = self._in_parts(
            bucket, step, lambda upload: self._copied_parts(bucket, source_bucket, step, upload, sizes)
        )
        return Written(step, answer.get("VersionId", ""), answer["ETag"], checksums_of(answer))

    def _in_parts(self, bucket: str, step: Step, parts: Callable[[str], Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
        """A multipart upload, of which nothing is left when it fails."""
        upload = self._call(upload_call(bucket, step))["UploadId"]
        try:
            return self._call(complete_call(bucket, step, upload, parts(upload)))
        except Exception:
            # Its parts are paid for until somebody ends it. What went wrong first is what is told.
            with suppress(AwsError):
                self._aws.call("s3", "AbortMultipartUpload", Bucket=bucket, Key=step.key, UploadId=upload)
            raise

    def _sizes(self, source_bucket: str, step: Step) -> list[int]:
        """Bytes of each part of the original: only the same parts give the same ETag."""

        def size(number: int) -> tuple[int, int]:
            answer = self._source.head(source_bucket, step.source, step.version_id, number)
            return int(answer["ContentLength"]), int(answer.get("PartsCount") or 0)

        first, count = size(1)
        if not count:
            return [min(_PART, step.size - start) for start in range(0, step.size, _PART)]
        return [first, *(found for found, _count in self._parts.each(size, range(2, count + 1)))]

    def _copied_parts(
        self, bucket: str, source_bucket: str, step: Step, upload: str, sizes: Sequence[int]
    ) -> list[dict[str, Any]]:
        def copied(part: tuple[int, int, int]) -> dict[str, Any]:
            number, first, size = part
            result = self._call(part_call(bucket, source_bucket, step, upload, number, first, size))["CopyPartResult"]
            return {"PartNumber": number, "ETag": result["ETag"], **_part_sums(result)}

        first = 0
        ranges = []
        for number, size in enumerate(sizes, 1):
            ranges.append((number, first, size))
            first += size
        return list(self._parts.each(copied, ranges))

    def _look_again(self, bucket: str, source_bucket: str, step: Step, error: AwsError) -> Written:
        """The condition of a copy did not hold: either its own first attempt was the reason, or somebody else."""
        try:
            there = self._reader.found(bucket, step.key)
        except AwsError as gone:
            if gone.code not in GONE:
                raise
            raise _changed(step) from error
        if there.facts.etag == step.over:
            # It is what was planned for, so it is the original that is not.
            raise error
        if self._source.found(source_bucket, step.source, step.version_id).equals(there):
            return Written(step, there.facts.version_id, there.facts.etag, there.facts.checksums)
        raise _changed(step) from error

    def _deleted(self, bucket: str, steps: Sequence[Step]) -> list[Written]:
        """Delete keys; of those whose condition does not hold, some may have been deleted by an attempt before."""
        errors: dict[str, AwsError] = {}
        left = list(steps)
        for attempt in range(_TIMES):
            again: dict[str, AwsError] = {}
            for call in delete_calls(bucket, left):
                again |= self._errors_of(call)
            errors = {key: error for key, error in errors.items() if error.code not in _PASSING} | again
            left = [step for step in left if step.key in again and again[step.key].code in _PASSING]
            if not left:
                break
            time.sleep(0.2 * 2**attempt)
        return [Written(step, error=self._after_deleting(bucket, step, errors.get(step.key))) for step in steps]

    def _errors_of(self, call: Call) -> dict[str, AwsError]:
        """What went wrong by key."""
        alone = call.operation == "DeleteObject"
        keys = [call.arguments["Key"]] if alone else [item["Key"] for item in call.arguments["Delete"]["Objects"]]
        try:
            answer = self._call(call)
        except AwsError as error:
            return dict.fromkeys(keys, error)
        return {
            item["Key"]: AwsError(
                f"s3:DeleteObject was refused: {item['Code']}: {item.get('Message', '')}", item["Code"]
            )
            for item in answer.get("Errors", ())
        }

    def _after_deleting(self, bucket: str, step: Step, error: AwsError | None) -> Exception | None:
        if error is None or error.code not in _NOT_AS_PLANNED:
            return error
        try:
            self._reader.head(bucket, step.key)
        except AwsError as gone:
            return None if gone.code in GONE else gone
        return _changed(step)


def _part_sums(answer: Mapping[str, Any]) -> dict[str, str]:
    return {f"Checksum{name}": value for name, value in checksums_of(answer, parts=True).items()}


def _changed(step: Step) -> Refused:
    return Refused(
        f"{step.key} was changed by somebody else meanwhile and left as it is now. Run the same task again to "
        f"{'delete' if step.kind == MARK else 'overwrite'} that too."
    )
