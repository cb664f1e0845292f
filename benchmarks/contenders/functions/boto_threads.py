# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a good engineer writes by hand: boto3 and 16 threads, without a pace."""

from __future__ import annotations

import json

from benchmarks.contenders import Command, Contender, program
from benchmarks.contenders.functions._job import FunctionsJob


def _command(job: FunctionsJob, mode: str, attempts: int) -> Command:
    (job.folder / "wanted.json").write_text(json.dumps(dict(job.wanted)))
    return program(job, "boto_threads", mode, str(attempts), "wanted.json")


# boto3's defaults: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html, "Legacy retry mode".
BOTO_THREADS: Contender[FunctionsJob] = Contender(
    "boto3, 16 threads, default retries", lambda job: _command(job, "legacy", 5)
)
BOTO_THREADS_PATIENT: Contender[FunctionsJob] = Contender(
    "boto3, 16 threads, 10 attempts", lambda job: _command(job, "standard", 10)
)
