# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What dynamodb_pitr plans: tables of (what is there, what is wanted) to calls, and the laws of every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import (
    TABLES_SPEC,
    Pitr,
    plan_pitr,
    report_pitr,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LATEST = NOW - timedelta(minutes=5)

OFF = Pitr("t", None, None, None, ready=True, read_at=NOW)
ON = Pitr("t", 35, NOW - timedelta(days=20), LATEST, ready=True, read_at=NOW)


def wished(wish: Mapping[str, Any]) -> Target:
    """A wish as the module gets it: through its spec."""
    checked = ArgumentSpecValidator({"tables": TABLES_SPEC}).validate({"tables": [{"name": "t", **wish}]})
    assert checked.error_messages == []
    return Target("t", checked.validated_parameters["tables"][0])


def planned(found: Pitr, /, **wish: Any) -> Plan:
    plan = plan_pitr(wished(wish), found)
    assert_valid(plan.calls)
    return plan


def reached(state: Pitr, plan: Plan) -> Pitr:
    """What the plan leads to."""
    days = plan.after.get("recovery_period_days")
    return replace(state, days=days, earliest=NOW if days else None, latest=LATEST if days else None)


CHANGES = [
    pytest.param(OFF, {}, {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}, id="on"),
    pytest.param(
        OFF,
        {"recovery_period_days": 7},
        {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        id="on, with a period",
    ),
    pytest.param(
        ON,
        {"recovery_period_days": 7},
        {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        id="another period",
    ),
    pytest.param(ON, {"state": "absent"}, {"PointInTimeRecoveryEnabled": False}, id="off"),
]


@pytest.mark.parametrize(("state", "wish", "specification"), CHANGES)
def test_a_change_is_one_call_that_is_confirmed(
    state: Pitr, wish: dict[str, Any], specification: dict[str, Any]
) -> None:
    (call,) = planned(state, **wish).calls
    assert call.arguments == {"TableName": "t", "PointInTimeRecoverySpecification": specification}
    assert call.settle
    recovery = {"PointInTimeRecoveryStatus": "ENABLED", **specification}
    for status, there in (("ENABLED", specification["PointInTimeRecoveryEnabled"]), ("DISABLED", "state" in wish)):
        said = {"PointInTimeRecoveryDescription": {**recovery, "PointInTimeRecoveryStatus": status}}
        assert bool(jmespath.search(call.settle.until, {"ContinuousBackupsDescription": said})) is there


def test_the_old_period_is_not_taken_for_the_new_one() -> None:
    (call,) = planned(ON, recovery_period_days=7).calls
    assert call.settle
    said = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35}}
    assert not jmespath.search(call.settle.until, {"ContinuousBackupsDescription": said})


@pytest.mark.parametrize(
    ("state", "wish"),
    [(ON, {}), (ON, {"recovery_period_days": 35}), (OFF, {"state": "absent"}), (replace(ON, days=7), {})],
)
def test_what_is_there_already_is_left_alone(state: Pitr, wish: dict[str, Any]) -> None:
    plan = planned(state, **wish)
    assert (plan.calls, plan.notes, plan.before) == ((), (), plan.after)


@pytest.mark.parametrize(("state", "wish", "_specification"), CHANGES)
def test_a_second_run_writes_nothing_and_before_undoes_the_first(
    state: Pitr, wish: dict[str, Any], _specification: dict[str, Any]
) -> None:
    plan = planned(state, **wish)
    afterwards = reached(state, plan)
    assert not planned(afterwards, **wish).changed
    undone = planned(afterwards, **plan.before)
    assert undone.changed
    assert undone.after == plan.before


def test_a_new_table_is_waited_for() -> None:
    first, second = planned(replace(OFF, ready=False)).calls
    assert (first.operation, first.writes) == ("DescribeContinuousBackups", False)
    assert first.settle
    assert second.operation == "UpdateContinuousBackups"


@pytest.mark.parametrize(
    ("state", "wish", "says"),
    [
        (ON, {"state": "absent"}, "from 2026-11-03T14:00:00Z to 2026-11-23T13:55:00Z"),
        (ON, {"recovery_period_days": 7}, "from 2026-11-03T14:00:00Z to 2026-11-16T14:00:00Z"),
    ],
)
def test_what_can_no_longer_be_restored_is_said(state: Pitr, wish: dict[str, Any], says: str) -> None:
    (note,) = planned(state, **wish).notes
    assert says in note


@pytest.mark.parametrize(
    ("state", "wish"),
    [
        (ON, {"recovery_period_days": 20}),
        (replace(ON, days=7), {"recovery_period_days": 35}),
        (replace(ON, earliest=NOW), {"state": "absent"}),
        (OFF, {}),
    ],
)
def test_where_nothing_is_lost_nothing_is_said(state: Pitr, wish: dict[str, Any]) -> None:
    plan = planned(state, **wish)
    assert plan.changed
    assert plan.notes == ()


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"recovery_period_days": 0}, "is 0: give 1 to 35"),
        ({"recovery_period_days": 36}, "is 36: give 1 to 35"),
        ({"state": "absent", "recovery_period_days": 7}, "means nothing while it is off"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        planned(OFF, **wish)


def test_an_arn_is_refused() -> None:
    with pytest.raises(Refused, match="not its ARN"):
        plan_pitr(Target("arn:aws:dynamodb:us-east-1:123456789012:table/t", {"state": "present"}), OFF)


def test_what_is_shown_can_be_given_back() -> None:
    for state in (ON, OFF):
        assert not planned(state, **report_pitr(state)["pitr"]).changed
