# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudWatch metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from local_aws.traffic import Series

Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass
class Metrics:
    """The metrics of one account and region."""

    traffic: dict[Key, Series] = field(default_factory=dict)

    def add_traffic(self, series: list[Series]) -> None:
        for item in series:
            key = item["namespace"], item["metric"], tuple(sorted(item["dimensions"].items()))
            self.traffic[key] = item
