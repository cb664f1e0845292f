# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Putting thousands of objects back to the versions that they had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.contenders.objects import COLLECTION_S3_RESTORE, COPY_LOOP, COPY_OBJECTS, ObjectsJob
from benchmarks.harness import LATENCY, Size, Task
from benchmarks.processes import Stub
from benchmarks.results import Section
from benchmarks.side_by_side import Entry, SideBySide
from benchmarks.stub.objects import BUCKET, ObjectsSettings, good_version, keys


def restore_prefix(number: int, *, latency: float = LATENCY, aws: str | None = None) -> Task[ObjectsJob]:
    """Put keys back; a twentieth of them was deleted, the others were written over.

    Args:
        number: How many.
        latency: Seconds for each call.
        aws: As in `Size`.
    """
    deleted = number // 20
    settings = ObjectsSettings(latency=latency, overwritten=number - deleted, deleted=deleted)
    versions = {key: good_version(n) for n, key in enumerate(keys(settings))}

    def lost(report: Mapping[str, Any], _said: str) -> int:
        return int(report["unlike"][BUCKET])

    job = ObjectsJob(aws=aws, prefix=settings.prefix, versions=versions)
    return Task("objects", vars(settings), number, job, lost)


def s3_restore(endpoint: Stub, size: Size) -> Section:
    """10,000 keys of a prefix."""
    task = restore_prefix(size.objects)
    entries = [
        Entry(COPY_LOOP, restore_prefix(max(5, size.objects // 200), aws=size.aws), of=size.objects),
        *(Entry(each, task) for each in (COPY_OBJECTS, COLLECTION_S3_RESTORE)),
    ]
    runs = SideBySide(endpoint, size, entries, COLLECTION_S3_RESTORE)
    about = f"{size.objects} object versions, {LATENCY * 1000:.0f} ms"
    return runs.section(
        f"Putting {size.objects} objects back to an earlier version",
        f"{LATENCY * 1000:.0f} ms for each call. One in twenty keys was deleted, the others were written over; afterwards "
        "the current version of each is looked at. The collection is told a prefix and a time, lists the versions and "
        "finds out what to copy; the others are told the version of each key. The runbook's command would take an hour, "
        f"so it is measured on {entries[0].task.targets} keys, and its time on the API is multiplied.",
        goals=[runs.faster(f"{about}: 20x faster than the runbook's `copy-object` in a loop", 20, COPY_LOOP)],
    )
