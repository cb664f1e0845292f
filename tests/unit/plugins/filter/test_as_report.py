# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.filter.as_report import FilterModule, as_report

REPORT: dict[str, Any] = {
    "title": "Recovery of sessions",
    "facts": {"environment": "sc-agent-prod", "tables": ["sessions", "inventory"], "ends": None},
    "verdicts": [
        {"what": "Parity", "ok": True, "why": "nothing is missing"},
        {"what": "RTO", "ok": False, "why": "4000 s | more than 3600 s"},
        {"what": "RPO", "ok": None, "why": "no attribute\nwas named"},
    ],
    "phases": [
        {"name": "restore", "started": "2026-11-23T13:30:05Z", "ended": "2026-11-23T13:31:40Z", "ok": True},
        {"name": "compare", "started": "2026-11-23T13:31:40Z", "ended": "", "ok": None},
    ],
    "sections": [
        {"title": "Items", "columns": ["kind", "how_many"], "rows": [{"kind": "missing", "how_many": 3}]},
        {"title": "Left", "list": ["one", "two"]},
        {"title": "Nothing", "rows": [], "list": []},
        {"title": "How to undo", "text": "  Run it again.\n"},
    ],
}


def test_a_report_reads_from_the_verdict_to_the_details() -> None:
    assert as_report(REPORT).splitlines() == [
        "# Recovery of sessions",
        "",
        "- environment: sc-agent-prod",
        "- tables: sessions, inventory",
        "- ends: -",
        "",
        "## Verdicts",
        "",
        "| what | verdict | why |",
        "|---|---|---|",
        "| Parity | ok | nothing is missing |",
        "| RTO | FAILED | 4000 s \\| more than 3600 s |",
        "| RPO | not judged | no attribute was named |",
        "",
        "## Phases",
        "",
        "| name | started | ended | seconds | went well |",
        "|---|---|---|---|---|",
        "| restore | 2026-11-23T13:30:05Z | 2026-11-23T13:31:40Z | 95 | yes |",
        "| compare | 2026-11-23T13:31:40Z | - | - | - |",
        "",
        "## Items",
        "",
        "| kind | how many |",
        "|---|---|",
        "| missing | 3 |",
        "",
        "## Left",
        "",
        "- one",
        "- two",
        "",
        "## How to undo",
        "",
        "Run it again.",
    ]


def test_a_report_without_a_title_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="needs a title"):
        as_report({"facts": {}})


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"as_report": as_report}
