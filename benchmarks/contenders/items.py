# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Comparing the items of two tables, and copying them from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.contenders import Command, Contender, Job, Play, program

# Where threads are used: as many as botocore keeps connections for, times about two.
_THREADS = "16"


@dataclass(frozen=True)
class ItemsJob(Job):
    """Compare two tables and say how many items are missing, extra and differing; or make the target like the source.

    Attributes:
        source: A table.
        target: Another one.
        write_units: Write units a second that may be used; 0 is as many as there are.
    """

    source: str = "bench-source"
    target: str = "bench-target"
    write_units: int = 0


def answer(missing: object, extra: object, differing: object) -> str:
    """What a contender says that compared two tables; a program of its own says the same."""
    return f"ANSWER missing={missing} extra={extra} differing={differing}"


def _compare(job: ItemsJob) -> Command:
    task = {
        "name": "Compare the tables",
        "runbook.aws.dynamodb_compare": {
            "comparisons": [{"source": job.source, "target": job.target, "mode": "exact"}],
            **job.module_options,
        },
        "register": "compared",
    }
    found = (f"{{{{ compared.results[0].{name} }}}}" for name in ("missing", "extra", "differing"))
    return Play([task, {"name": "Say it", "ansible.builtin.debug": {"msg": answer(*found)}}]).command(job)


def _copy(job: ItemsJob) -> Command:
    task = {
        "name": "Copy the items",
        "runbook.aws.dynamodb_copy": {
            "copies": [{"source": job.source, "target": job.target}],
            **({"write_units": job.write_units} if job.write_units else {}),
            **job.module_options,
        },
    }
    return Play([task]).command(job)


GET_EACH: Contender[ItemsJob] = Contender(
    "a scan, and GetItem for each key", lambda job: program(job, "get_each", job.source, job.target), slow=True
)
TWO_SCANS: Contender[ItemsJob] = Contender(
    "two scans, one after the other", lambda job: program(job, "two_scans", job.source, job.target, "1")
)
TWO_SCANS_THREADS: Contender[ItemsJob] = Contender(
    f"two scans in segments, {_THREADS} threads",
    lambda job: program(job, "two_scans", job.source, job.target, _THREADS),
)
COLLECTION_COMPARE = Contender("this collection, dynamodb_compare", _compare)

BATCH_WRITER: Contender[ItemsJob] = Contender(
    "a scan into boto3's batch_writer", lambda job: program(job, "batch_writer", job.source, job.target), slow=True
)
COPY_THREADS: Contender[ItemsJob] = Contender(
    f"scans in segments and BatchWriteItem, {_THREADS} threads",
    lambda job: program(job, "copy_threads", job.source, job.target, _THREADS),
)
COLLECTION_COPY = Contender("this collection, dynamodb_copy", _copy)
