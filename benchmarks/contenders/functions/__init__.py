# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Setting the reserved concurrency of functions, one file for each way of doing it."""

from __future__ import annotations

from benchmarks.contenders.functions._job import FunctionsJob
from benchmarks.contenders.functions.ansible_command import ANSIBLE_COMMAND
from benchmarks.contenders.functions.ansible_single import ANSIBLE_SINGLE
from benchmarks.contenders.functions.boto_threads import BOTO_THREADS, BOTO_THREADS_PATIENT
from benchmarks.contenders.functions.collection import COLLECTION
from benchmarks.contenders.functions.shell_loop import SHELL_LOOP

__all__ = [
    "ANSIBLE_COMMAND",
    "ANSIBLE_SINGLE",
    "BOTO_THREADS",
    "BOTO_THREADS_PATIENT",
    "COLLECTION",
    "SHELL_LOOP",
    "FunctionsJob",
]
