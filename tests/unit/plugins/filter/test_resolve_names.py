# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.filter.resolve_names import resolve_names

KNOWN = {"orchestrator": "sc-orchestrator-prod", "pricing-agent": "sc-pricing-agent-prod", "odd": "odd"}


def test_a_pattern_with_an_exception_after_it() -> None:
    elements = [{"name": "*", "reserved": 10, "memory": 1}, {"name": "orchestrator", "reserved": 200}]
    assert resolve_names(elements, KNOWN) == [
        {"name": "sc-orchestrator-prod", "reserved": 200, "memory": 1},
        {"name": "sc-pricing-agent-prod", "reserved": 10, "memory": 1},
        {"name": "odd", "reserved": 10, "memory": 1},
    ]


def test_a_physical_name_is_a_name_too() -> None:
    assert resolve_names([{"name": "sc-orchestrator-prod"}], KNOWN) == [{"name": "sc-orchestrator-prod"}]


def test_a_pattern_that_matches_nothing_is_no_error() -> None:
    assert resolve_names([{"name": "*"}], {}) == []


@pytest.mark.parametrize("element", [{"name": "orchestrater"}, {"reserved": 1}, {"name": 5}, "orchestrator"])
def test_a_name_that_is_not_there_is_an_error_that_says_what_is(element: dict[str, object]) -> None:
    with pytest.raises(AnsibleFilterError, match="function"):
        resolve_names([element], KNOWN, "function")


def test_the_error_lists_the_names() -> None:
    with pytest.raises(AnsibleFilterError, match=r"no table 'sesions' here\. Known: odd, orchestrator, pricing-agent"):
        resolve_names([{"name": "sesions"}], KNOWN, "table")
