# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._lambda_event_source import plan_mapping, read_targets
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan

STREAM = "arn:aws:dynamodb:us-east-1:111122223333:table/sessions/stream/2026-01-01T00:00:00.000"


def planned(state: str, enabled: bool) -> Plan:
    (target,) = read_targets([{"function": "indexer:live", "source": STREAM, "enabled": enabled}])
    plan = plan_mapping(target, {"UUID": "11111111-2222-3333-4444-555555555555", "State": state})
    for call in plan.calls:
        assert_valid(call)
    return plan


@pytest.mark.parametrize(
    ("state", "enabled", "operations", "before"),
    [
        ("Enabled", True, [], True),
        ("Enabling", True, ["GetEventSourceMapping"], True),
        ("Disabled", True, ["UpdateEventSourceMapping"], False),
        ("Disabling", True, ["GetEventSourceMapping", "UpdateEventSourceMapping"], False),
        ("Enabled", False, ["UpdateEventSourceMapping"], True),
        ("Enabling", False, ["GetEventSourceMapping", "UpdateEventSourceMapping"], True),
        ("Disabled", False, [], False),
        ("Disabling", False, ["GetEventSourceMapping"], False),
        ("Creating", False, ["GetEventSourceMapping", "UpdateEventSourceMapping"], True),
        ("Updating", True, ["GetEventSourceMapping", "UpdateEventSourceMapping"], False),
    ],
)
def test_a_mapping_gets_to_what_is_wanted(state: str, enabled: bool, operations: list[str], before: bool) -> None:
    plan = planned(state, enabled)
    assert [call.operation for call in plan.calls] == operations
    assert plan.before["enabled"] is before
    assert plan.after["enabled"] is enabled


@pytest.mark.parametrize("enabled", [True, False])
def test_what_was_reached_is_left_alone_and_undone_by_before(enabled: bool) -> None:
    plan = planned("Disabled" if enabled else "Enabled", enabled)
    assert not planned("Enabled" if enabled else "Disabled", plan.after["enabled"]).changed
    assert planned("Enabled" if enabled else "Disabled", plan.before["enabled"]).after == plan.before


def test_only_the_state_that_is_wanted_is_waited_for() -> None:
    (call,) = planned("Disabled", True).calls
    assert call.settle
    assert call.settle.until == "State == 'Enabled'"
