# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._ssm import plan_parameter

NAME = "/sc-agent/prod/sessions-table"


def planned(now: str, value: str, kind: str = "String") -> Plan:
    plan = plan_parameter(Target(NAME, {"name": NAME, "value": value}), {"Name": NAME, "Type": kind, "Value": now})
    for call in plan.calls:
        assert_valid(call)
    return plan


def test_only_the_value_is_written() -> None:
    (call,) = planned("sessions", "restored").calls
    assert call.arguments == {"Name": NAME, "Value": "restored", "Overwrite": True}


def test_a_value_that_is_there_is_left_alone() -> None:
    assert not planned("sessions", "sessions").changed


def test_before_undoes_it() -> None:
    plan = planned("a,b", "c", "StringList")
    assert planned("c", plan.before["value"]).after == plan.before


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("SecureString", "new", "is a SecureString"),
        ("String", "", "needs a value"),
        ("String", "x" * 8193, "8193 bytes"),
    ],
)
def test_what_must_not_be_written_is_refused(kind: str, value: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        planned("held-back", value, kind)
    assert "held-back" not in str(refused.value)
