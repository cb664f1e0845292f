# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.filter.as_reasons import FilterModule, as_reasons


def test_it_says_of_each_what_and_why() -> None:
    assert as_reasons([]) == []
    assert as_reasons([{"secret": "a", "why": "it is a replica"}, {"secret": "b", "why": "denied."}]) == [
        "a: it is a replica",
        "b: denied",
    ]
    assert as_reasons([{"what": "RTO", "why": "9 s", "ok": False}], "what") == ["RTO: 9 s"]


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"as_reasons": as_reasons}
