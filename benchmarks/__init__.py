# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The collection side by side with what people use today: `python -m benchmarks`, results in RESULTS.md."""

from __future__ import annotations
