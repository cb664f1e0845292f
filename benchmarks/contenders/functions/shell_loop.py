# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The runbook's command in a shell loop: one process and one call for each function."""

from __future__ import annotations

from benchmarks.contenders import Command, Contender
from benchmarks.contenders.functions._job import FunctionsJob

_SCRIPT = """\
set -eu
while read -r name number; do
    "$AWS" lambda put-function-concurrency --function-name "$name" --reserved-concurrent-executions "$number" </dev/null
done <wanted
"""


def _command(job: FunctionsJob) -> Command:
    (job.folder / "wanted").write_text("".join(f"{name} {number}\n" for name, number in job.wanted.items()))
    return Command(["/bin/sh", "-c", _SCRIPT], {**job.env, "AWS": job.aws_program})


SHELL_LOOP = Contender("shell loop of `aws`", _command, slow=True)
