# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A module for one function in an Ansible loop, as modules of AWS are usually written and used.

amazon.aws has no module for reserved concurrency; `library/single_lambda_concurrency.py` is one in its style.
"""

from __future__ import annotations

from benchmarks.contenders import Command, Contender, Play
from benchmarks.contenders.functions._job import FunctionsJob
from benchmarks.processes import ROOT


def _command(job: FunctionsJob) -> Command:
    task = {
        "name": "Set the reserved concurrency",
        "single_lambda_concurrency": {
            "name": "{{ item.key }}",
            "reserved": "{{ item.value }}",
            **job.module_options,
        },
        "loop": "{{ wanted | dict2items }}",
    }
    library = {"ANSIBLE_LIBRARY": str(ROOT / "benchmarks" / "library")}
    return Play([task], {"wanted": dict(job.wanted)}, env=library).command(job)


ANSIBLE_SINGLE = Contender("Ansible loop of a module for one function", _command, slow=True)
