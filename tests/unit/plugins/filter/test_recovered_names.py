# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.filter.recovered_names import FilterModule, recovered_names

SAVED = [
    {"part": "data", "resources": {"Sessions": "sc-agent-sessions-prod", "Old": "sc-agent-old-prod"}},
    {"part": "app", "resources": {"Role": "sc-agent-role-prod"}},
]


def test_names_are_found_by_part_and_logical_id() -> None:
    recovered = {
        "data": {"resources": {"Sessions": "sc-agent-sessions-new", "Added": "sc-agent-added-new"}},
        "monitoring": {"resources": {"Role": "somebody-else"}},
    }
    assert recovered_names(SAVED, recovered) == {"sc-agent-sessions-prod": "sc-agent-sessions-new"}


def test_nothing_is_there_yet() -> None:
    assert recovered_names(SAVED, {}) == {}


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"recovered_names": recovered_names}
