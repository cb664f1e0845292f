# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""This collection: one task of `runbook.aws.lambda_concurrency` with all functions."""

from __future__ import annotations

from benchmarks.contenders import Command, Contender, Play
from benchmarks.contenders.functions._job import FunctionsJob

# Against an endpoint without limits the module is told so, as an operator with a raised quota would.
_NO_LIMIT = {"lambda": 100_000, "lambda:GetFunction": 100_000, "application-autoscaling": 100_000}


def _command(job: FunctionsJob) -> Command:
    task = {
        "name": "Set the reserved concurrency",
        "runbook.aws.lambda_concurrency": {
            "functions": "{{ functions }}",
            **job.module_options,
            **({"request_rates": _NO_LIMIT} if job.unlimited else {}),
        },
    }
    functions = [{"name": name, "reserved": number} for name, number in job.wanted.items()]
    return Play([task], {"functions": functions}).command(job)


COLLECTION = Contender("this collection, one task", _command)
