# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The job: set the reserved concurrency of functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.contenders import Job


@dataclass(frozen=True)
class FunctionsJob(Job):
    """Set the reserved concurrency of functions.

    Attributes:
        wanted: The reserved concurrency that each function is to have.
        unlimited: The endpoint has no rate limits, and a contender that paces itself is told so.
    """

    wanted: Mapping[str, int] = field(default_factory=dict)
    unlimited: bool = False
