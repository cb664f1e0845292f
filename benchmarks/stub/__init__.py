# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An endpoint that behaves like AWS under load: latency, rate limits, throttling, states over time, state.

It answers what the contenders call and nothing more, keeps what they write, and counts every call, so that a run can be
checked afterwards for what it really did. One process, one thread, no framework: measured runs share the machine with it.

    python -m benchmarks.stub            prints `{"port": N}`, serves until its standard input is closed
    POST /_stub/reset                    `{"kind": ..., settings}` as JSON: forget everything, start anew
    GET  /_stub/report                   `Account.report()`: calls, throttles, parallelism, times, state
"""

from __future__ import annotations
