# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.filter.as_elements import FilterModule, as_elements


def test_each_name_is_an_element_with_the_same_further_options() -> None:
    assert as_elements(["a", "b"], "table", {"name": "nightly", "retention": {}, "state": "", "wait": False}) == [
        {"table": "a", "name": "nightly", "wait": False},
        {"table": "b", "name": "nightly", "wait": False},
    ]


def test_no_names_are_no_elements() -> None:
    assert as_elements([], "table") == []


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"as_elements": as_elements}
