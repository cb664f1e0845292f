# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The contenders, one file each."""

from __future__ import annotations

from benchmarks.contenders._job import Command, Contender, Job, Play, ansible_env, clean_env
from benchmarks.contenders.ansible_command import ANSIBLE_COMMAND
from benchmarks.contenders.ansible_single import ANSIBLE_SINGLE
from benchmarks.contenders.boto_threads import BOTO_THREADS, BOTO_THREADS_PATIENT
from benchmarks.contenders.collection import COLLECTION, collection_play
from benchmarks.contenders.shell_loop import SHELL_LOOP

__all__ = [
    "ANSIBLE_COMMAND",
    "ANSIBLE_SINGLE",
    "BOTO_THREADS",
    "BOTO_THREADS_PATIENT",
    "COLLECTION",
    "SHELL_LOOP",
    "Command",
    "Contender",
    "Job",
    "Play",
    "ansible_env",
    "clean_env",
    "collection_play",
]
