# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the code of Python functions, each version in processes of its own, as Lambda's execution environments do.

`pool.py` keeps the processes and gives them work; they are forked from one that has boto3 loaded already (`zygote.py`,
which `function.py` belongs to), so a cold start takes milliseconds. `wire.py` is how they talk.
"""

from __future__ import annotations
