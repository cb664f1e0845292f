# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is measured, and the goals that it decides: from the endpoint and the size of the measurement to a section."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.harness import Size
from benchmarks.processes import Stub
from benchmarks.results import Section
from benchmarks.scenarios.concurrency import second_run, with_rates, without_limits
from benchmarks.scenarios.items import compare, copy, copy_budget
from benchmarks.scenarios.memory import memory, memory_items
from benchmarks.scenarios.objects import s3_restore
from benchmarks.scenarios.restores import restores
from benchmarks.scenarios.rotation import rotation
from benchmarks.scenarios.scale_event import scale_event
from benchmarks.scenarios.users import users, users_again

SCENARIOS: dict[str, Callable[[Stub, Size], Section]] = {
    "without-limits": without_limits,
    "with-rates": with_rates,
    "second-run": second_run,
    "memory": memory,
    "scale-event": scale_event,
    "compare": compare,
    "copy": copy,
    "copy-budget": copy_budget,
    "s3-restore": s3_restore,
    "memory-items": memory_items,
    "restore-50": restores,
    "users": users,
    "users-again": users_again,
    "rotation": rotation,
}
