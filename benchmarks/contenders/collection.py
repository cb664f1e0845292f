# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""This collection: one task of `runbook.aws.lambda_concurrency` with all functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.contenders._job import ACCESS_KEY, SECRET_KEY, Command, Contender, Job, Play
from benchmarks.stub import REGION

# Against an endpoint without limits the module is told so, as an operator with a raised quota would.
_NO_LIMIT = {"lambda": 100_000, "lambda:GetFunction": 100_000, "application-autoscaling": 100_000}


def collection_play(job: Job, options: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Command:
    """The task as a playbook run, with further options and environment variables."""
    task = {
        "name": "Set the reserved concurrency",
        "runbook.aws.lambda_concurrency": {
            "functions": "{{ functions }}",
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "region": REGION,
            "endpoint_url": job.endpoint,
            **({"request_rates": _NO_LIMIT} if job.unlimited else {}),
        },
    }
    functions = [{"name": name, "reserved": number} for name, number in job.wanted.items()]
    return Play(task, {"functions": functions}, options, env or {}).command(job)


COLLECTION = Contender("this collection, one task", collection_play)
