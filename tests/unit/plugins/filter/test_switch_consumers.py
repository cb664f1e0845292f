# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.runbook.aws.plugins.filter.switch_consumers import FilterModule, switch_consumers

ARN = "arn:aws:dynamodb:us-east-1:111122223333:table/"


def consumer(function: str, variable: str, value: str, *qualifiers: str) -> dict[str, object]:
    return {"function": function, "variable": variable, "value": value, "qualifiers": list(qualifiers)}


def test_all_variables_of_a_function_are_switched_at_once_and_its_aliases_follow() -> None:
    found = [
        consumer("orders", "TABLE", "sessions", "$LATEST", "live"),
        consumer("orders", "TABLE_ARN", f"{ARN}sessions", "live", "canary"),
        consumer("reports", "TABLE", "sessions", "$LATEST"),
    ]
    to = {"sessions": "restored", f"{ARN}sessions": f"{ARN}restored"}
    assert switch_consumers(found, to) == [
        {
            "name": "orders",
            "environment": {"TABLE": "restored", "TABLE_ARN": f"{ARN}restored"},
            "alias": ["live", "canary"],
            "publish": True,
        },
        {"name": "reports", "environment": {"TABLE": "restored"}},
    ]


def test_who_uses_something_else_is_left_alone() -> None:
    assert switch_consumers([consumer("orders", "TABLE", "other", "live")], {"sessions": "restored"}) == []


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"switch_consumers": switch_consumers}
