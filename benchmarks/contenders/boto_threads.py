# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a good engineer writes by hand: boto3 and 16 threads, without a pace."""

from __future__ import annotations

import json
import sys

from benchmarks.contenders._job import Command, Contender, Job
from benchmarks.processes import ROOT

_PROGRAM = ROOT / "benchmarks" / "programs" / "boto_threads.py"


def _command(job: Job, mode: str, attempts: int) -> Command:
    (job.folder / "wanted.json").write_text(json.dumps(dict(job.wanted)))
    return Command([sys.executable, str(_PROGRAM), mode, str(attempts), "wanted.json"], job.env)


# boto3's defaults: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html, "Legacy retry mode".
BOTO_THREADS = Contender("boto3, 16 threads, default retries", lambda job: _command(job, "legacy", 5))
BOTO_THREADS_PATIENT = Contender("boto3, 16 threads, 10 attempts", lambda job: _command(job, "standard", 10))
