# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Putting the keys of a bucket back to the versions that they had."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.contenders import Command, Contender, Job, Play, program
from benchmarks.stub.objects import BETWEEN, BUCKET

_THREADS = "16"


@dataclass(frozen=True)
class ObjectsJob(Job):
    """Put every key under a prefix back to the version that it had at a time.

    Attributes:
        prefix: What the keys begin with.
        versions: The version of each key. The contenders by hand are given it; how an operator comes by thousands of
            them is not measured.
    """

    prefix: str = "data/"
    versions: Mapping[str, str] = field(default_factory=dict)


_SCRIPT = """\
set -eu
while IFS='\t' read -r key version; do
    "$AWS" s3api copy-object --bucket "$BUCKET" --key "$key" --copy-source "$BUCKET/$key?versionId=$version" </dev/null
done <versions
"""


def _shell_loop(job: ObjectsJob) -> Command:
    (job.folder / "versions").write_text("".join(f"{key}\t{version}\n" for key, version in job.versions.items()))
    return Command(["/bin/sh", "-c", _SCRIPT], {**job.env, "AWS": job.aws_program, "BUCKET": BUCKET})


def _threads(job: ObjectsJob) -> Command:
    (job.folder / "versions.json").write_text(json.dumps(dict(job.versions)))
    return program(job, "copy_objects", BUCKET, "versions.json", _THREADS)


def _collection(job: ObjectsJob) -> Command:
    task = {
        "name": "Put the prefix back",
        "runbook.aws.s3_restore": {
            "prefixes": [{"bucket": BUCKET, "prefix": job.prefix, "to": BETWEEN}],
            **job.module_options,
        },
    }
    return Play([task]).command(job)


COPY_LOOP = Contender("shell loop of `aws s3api copy-object`", _shell_loop, slow=True)
COPY_OBJECTS = Contender(f"boto3, {_THREADS} threads, CopyObject", _threads)
COLLECTION_S3_RESTORE = Contender("this collection, s3_restore", _collection)
