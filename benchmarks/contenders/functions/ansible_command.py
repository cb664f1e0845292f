# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The runbook's command in an Ansible loop: `command: aws …` for each function."""

from __future__ import annotations

from benchmarks.contenders import Command, Contender, Play
from benchmarks.contenders.functions._job import FunctionsJob


def _command(job: FunctionsJob) -> Command:
    task = {
        "name": "Set the reserved concurrency",
        "ansible.builtin.command": {
            "argv": [
                *("{{ aws }}", "lambda", "put-function-concurrency"),
                *("--function-name", "{{ item.key }}"),
                *("--reserved-concurrent-executions", "{{ item.value }}"),
            ]
        },
        "loop": "{{ wanted | dict2items }}",
    }
    return Play([task], {"aws": job.aws_program, "wanted": dict(job.wanted)}).command(job)


ANSIBLE_COMMAND = Contender("Ansible loop of `command: aws`", _command, slow=True)
