# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The contenders, a file or folder for each kind of job."""

from __future__ import annotations

from benchmarks.contenders._job import Command, Contender, J, Job, Play, ansible_env, clean_env, program

__all__ = ["Command", "Contender", "J", "Job", "Play", "ansible_env", "clean_env", "program"]
