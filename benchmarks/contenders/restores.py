# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Restoring tables to a point in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contenders import Command, Contender, Job, Play


@dataclass(frozen=True)
class RestoresJob(Job):
    """Restore tables to the latest time that can be, each as `<table>-restored`, with all their settings.

    Attributes:
        tables: Which.
    """

    tables: Sequence[str] = ()


# As the runbook says, and the wait that has to follow.
_SCRIPT = """\
set -eu
while read -r table; do
    "$AWS" dynamodb restore-table-to-point-in-time --source-table-name "$table" \\
        --target-table-name "$table-restored" --use-latest-restorable-time </dev/null
    "$AWS" dynamodb wait table-exists --table-name "$table-restored" </dev/null
done <tables
"""


def _shell_loop(job: RestoresJob) -> Command:
    (job.folder / "tables").write_text("".join(f"{table}\n" for table in job.tables))
    return Command(["/bin/sh", "-c", _SCRIPT], {**job.env, "AWS": job.aws_program})


def _collection(job: RestoresJob) -> Command:
    tables = [{"source": t, "target": f"{t}-restored", "restore_from": {"time": "latest"}} for t in job.tables]
    task = {"name": "Restore the tables", "runbook.aws.dynamodb_restore": {"tables": tables, **job.module_options}}
    return Play([task]).command(job)


RESTORE_LOOP = Contender(
    "shell loop of `aws dynamodb restore-table-to-point-in-time` and `wait`", _shell_loop, slow=True
)
COLLECTION_RESTORE = Contender("this collection, dynamodb_restore", _collection)
