# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What dynamodb_capacity plans: tables of (what is there, what is wanted) to calls, and the laws of every plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.filter.bring_back import bring_back
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import (
    Capacity,
    Rate,
    Switches,
    TableState,
    report_table,
    shape_table,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_plan import plan_capacity
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_reader import switches_of, table_state
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
EMPTY_POLICY = {
    "target_utilization": 70,
    "scale_in_cooldown": 0,
    "scale_out_cooldown": 0,
    "disable_scale_in": False,
    "policy_name": "p",
}


def scaled(least: int = 10, most: int = 100, **also: Any) -> dict[str, Any]:
    """What `fetch_autoscaling` finds."""
    return {
        "state": "present",
        "min_capacity": least,
        "max_capacity": most,
        **EMPTY_POLICY,
        "schedules": [],
        "suspended": [],
        "other_policies": [],
        **also,
    }


def capacity(index: str = "", read: Rate | None = None, write: Rate | None = None, **also: Any) -> Capacity:
    return Capacity(
        f"t, index {index}" if index else "t",
        f"table/t/index/{index}" if index else "table/t",
        {"read": read or Rate(5), "write": write or Rate(5)},
        **{"warm": {"read": 12000, "write": 4000}, **also},
    )


def table(
    mode: str = "PROVISIONED", *, indexes: Sequence[str] | Mapping[str, Capacity] = (), **also: Any
) -> TableState:
    rate = Rate(5) if mode == "PROVISIONED" else Rate(0)
    return TableState(
        **{
            "name": "t",
            "mode": mode,
            "capacity": capacity(read=rate, write=rate),
            "indexes": indexes
            if isinstance(indexes, Mapping)
            else {name: capacity(name, rate, rate) for name in indexes},
            "read_at": NOW,
            **also,
        }
    )


def autoscaled(mode: str = "PROVISIONED") -> TableState:
    """Table and index with autoscaled reads and writes, as the reference application has them."""
    rate = Rate(12 if mode == "PROVISIONED" else 0, autoscaling=scaled())
    return table(mode, capacity=capacity(read=rate, write=rate), indexes={"idx": capacity("idx", rate, rate)})


def plan(state: TableState, **wish: Any) -> Plan:
    made = plan_capacity(Target("t", {"name": "t", **wish}), state)
    assert_valid(made.calls)
    return made


def applied(state: TableState, calls: Sequence[Call]) -> TableState:
    """The table after the calls, as AWS's documentation says that they work."""
    for call in calls:
        arguments = call.arguments
        if call.operation == "UpdateTable":
            mode = arguments.get("BillingMode", state.mode)
            own = _updated(state.capacity, arguments, mode)
            updates = {u["Update"]["IndexName"]: u["Update"] for u in arguments.get("GlobalSecondaryIndexUpdates", ())}
            indexes = {name: _updated(index, updates.get(name, {}), mode) for name, index in state.indexes.items()}
            state = replace(state, mode=mode, capacity=own, indexes=indexes)
        else:
            kind = "read" if "Read" in arguments["ScalableDimension"] else "write"
            name = arguments["ResourceId"].partition("/index/")[2]
            old = state.indexes[name] if name else state.capacity
            rate = _scaled(old.rates[kind], call, resting=state.mode != "PROVISIONED")
            new = replace(old, rates={**old.rates, kind: rate})
            state = replace(state, indexes={**state.indexes, name: new}) if name else replace(state, capacity=new)
    return state


def _updated(old: Capacity, arguments: Mapping[str, Any], mode: str) -> Capacity:
    units = arguments.get("ProvisionedThroughput", {})
    maxima = arguments.get("OnDemandThroughput", {})
    warm = arguments.get("WarmThroughput", {})
    rates = {}
    for kind in ("read", "write"):
        now = old.rates[kind]
        asked = units.get(f"{kind.title()}CapacityUnits", now.units)
        limit = maxima.get(f"Max{kind.title()}RequestUnits", now.maximum or -1)
        assert mode == "PROVISIONED" or not units, "an on-demand table takes no units"
        assert mode != "PROVISIONED" or asked, "a provisioned table needs units"
        if units:
            assert units != {f"{k.title()}CapacityUnits": r.units for k, r in old.rates.items()}, "no change: refused"
        rates[kind] = Rate(asked if mode == "PROVISIONED" else 0, limit if limit > 0 else None, now.autoscaling)
    assert all(warm.get(f"{k.title()}UnitsPerSecond", v) >= v for k, v in old.warm.items()), "warm only rises"
    risen = {k: warm.get(f"{k.title()}UnitsPerSecond", v) for k, v in old.warm.items()}
    return replace(old, rates=rates, warm={k: max(v, rates[k].units) for k, v in risen.items()})


def _scaled(rate: Rate, call: Call, resting: bool) -> Rate:
    now = dict(rate.autoscaling or scaled(0, 0, target_utilization=0))
    if call.operation == "DeregisterScalableTarget":
        return replace(rate, autoscaling=None)
    if call.operation == "RegisterScalableTarget":
        now |= {"min_capacity": call.arguments["MinCapacity"], "max_capacity": call.arguments["MaxCapacity"]}
    elif call.operation == "PutScalingPolicy":
        tracking = call.arguments["TargetTrackingScalingPolicyConfiguration"]
        now |= {
            "target_utilization": tracking["TargetValue"],
            "scale_in_cooldown": tracking["ScaleInCooldown"],
            "scale_out_cooldown": tracking["ScaleOutCooldown"],
            "disable_scale_in": tracking["DisableScaleIn"],
            "policy_name": call.arguments["PolicyName"],
        }
    units = rate.units if resting else min(max(rate.units, now["min_capacity"]), now["max_capacity"])
    return replace(rate, autoscaling=now, units=units)


ON_DEMAND = table("PAY_PER_REQUEST", indexes=["idx"])
LIMITED = table(
    "PAY_PER_REQUEST",
    capacity=capacity(read=Rate(0, 4000), write=Rate(0)),
    indexes={"idx": capacity("idx", Rate(0), Rate(0, 9))},
)
UNITS = {"read": {"units": 7}, "write": {"units": 8}}
BACK = {**UNITS, "indexes": [{"name": "*", **UNITS}]}
UPDATE, REGISTER, DEREGISTER, POLICY = (
    "UpdateTable",
    "RegisterScalableTarget",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
)

# What is there, what is wanted, the operations.
CASES: dict[str, tuple[TableState, dict[str, Any], list[str]]] = {
    "nothing asked": (table(), {}, []),
    "units": (table(), UNITS, [UPDATE]),
    "units that are there": (table(), {"read": {"units": 5}}, []),
    "one of two units": (table(), {"write": {"units": 9}}, [UPDATE]),
    "table and indexes in one call": (table(indexes=["idx", "jdx"]), BACK, [UPDATE]),
    "one index": (table(indexes=["idx", "jdx"]), {"indexes": [{"name": "jdx", **UNITS}]}, [UPDATE]),
    "every index of a table without": (table(), {"indexes": [{"name": "*", **UNITS}]}, []),
    "lowered": (table(), {"read": {"units": 1}}, [UPDATE]),
    "bounds": (autoscaled(), {"read": {"autoscaling": {"min_capacity": 50, "max_capacity": 500}}}, [REGISTER]),
    "bounds of table and index": (
        autoscaled(),
        {k: {"units": 50} for k in ("read", "write")} | {"indexes": [{"name": "*", **UNITS}]},
        [REGISTER] * 4,
    ),
    "units move the bounds": (autoscaled(), {"write": {"units": 200}}, [REGISTER]),
    "units on one side, bounds on the other": (
        table(capacity=capacity(read=Rate(12, autoscaling=scaled()))),
        {"read": {"units": 60}, "write": {"units": 60}},
        [UPDATE, REGISTER],
    ),
    "autoscaling comes": (
        table(),
        {"read": {"autoscaling": {"min_capacity": 10, "max_capacity": 20}}},
        [REGISTER, POLICY],
    ),
    "autoscaling comes with first units": (
        table(),
        {"read": {"units": 15, "autoscaling": {"min_capacity": 10, "max_capacity": 20}}},
        [UPDATE, REGISTER, POLICY],
    ),
    "autoscaling goes": (autoscaled(), {"read": {"autoscaling": {"state": "absent"}}}, [DEREGISTER]),
    "autoscaling goes and units come": (
        autoscaled(),
        {"read": {"units": 40, "autoscaling": {"state": "absent"}}},
        [DEREGISTER, UPDATE],
    ),
    "autoscaling that is not there goes": (table(), {"read": {"autoscaling": {"state": "absent"}}}, []),
    "to on-demand": (table(indexes=["idx"]), {"billing_mode": "PAY_PER_REQUEST"}, [UPDATE]),
    "to on-demand with a maximum": (
        table(indexes=["idx"]),
        {"billing_mode": "PAY_PER_REQUEST", "read": {"max_request_units": 4000}},
        [UPDATE],
    ),
    "autoscaled to on-demand": (autoscaled(), {"billing_mode": "PAY_PER_REQUEST"}, [UPDATE]),
    "the mode that is there": (table(), {"billing_mode": "PROVISIONED"}, []),
    "on-demand that is there": (ON_DEMAND, {"billing_mode": "PAY_PER_REQUEST"}, []),
    "maximum": (ON_DEMAND, {"read": {"max_request_units": "4000"}}, [UPDATE]),
    "maximum of every index": (LIMITED, {"indexes": [{"name": "*", "write": {"max_request_units": 50}}]}, [UPDATE]),
    "no maximum": (LIMITED, {"read": {"max_request_units": "unlimited"}}, [UPDATE]),
    "no maximum where there is none": (ON_DEMAND, {"read": {"max_request_units": "unlimited"}}, []),
    "to provisioned": (LIMITED, {"billing_mode": "PROVISIONED", **BACK}, [UPDATE]),
    "to provisioned with autoscaling": (
        ON_DEMAND,
        {
            "billing_mode": "PROVISIONED",
            "read": {"units": 7, "autoscaling": {"min_capacity": 5, "max_capacity": 50}},
            "write": {"units": 7},
            "indexes": [{"name": "idx", **UNITS}],
        },
        [UPDATE, REGISTER, POLICY],
    ),
    "to provisioned where autoscaling rests": (
        autoscaled("PAY_PER_REQUEST"),
        {"billing_mode": "PROVISIONED", **BACK},
        [UPDATE, *[REGISTER] * 4],
    ),
    "resting autoscaling goes": (
        autoscaled("PAY_PER_REQUEST"),
        {"read": {"autoscaling": {"state": "absent"}}},
        [DEREGISTER],
    ),
    "less warm than there is": (table(), {"warm_throughput": {"read_units": 100}}, []),
}
# These raise warm throughput, which AWS never lowers again.
WARM: dict[str, tuple[TableState, dict[str, Any], list[str]]] = {
    "warm": (table(), {"warm_throughput": {"read_units": 13000, "write_units": 5000}}, [UPDATE]),
    "warm index": (
        table(indexes=["idx"]),
        {"indexes": [{"name": "idx", "warm_throughput": {"read_units": 13000}}]},
        [UPDATE],
    ),
    "warm and units": (table(), {**UNITS, "warm_throughput": {"read_units": 13000}}, [UPDATE, UPDATE]),
    "units that warm it enough": (
        table(),
        {"read": {"units": 20000}, "warm_throughput": {"read_units": 15000}},
        [UPDATE],
    ),
}


@pytest.mark.parametrize(("state", "wish", "operations"), (CASES | WARM).values(), ids=(CASES | WARM).keys())
def test_calls(state: TableState, wish: dict[str, Any], operations: list[str]) -> None:
    assert [call.operation for call in plan(state, **wish).calls] == operations


@pytest.mark.parametrize(("state", "wish", "_operations"), (CASES | WARM).values(), ids=(CASES | WARM).keys())
def test_a_second_run_changes_nothing(state: TableState, wish: dict[str, Any], _operations: list[str]) -> None:
    first = plan(state, **wish)
    second = plan(applied(state, first.calls), **wish)
    assert second.calls == ()
    assert second.before == second.after


@pytest.mark.parametrize(("state", "wish", "_operations"), (CASES | WARM).values(), ids=(CASES | WARM).keys())
def test_after_is_what_the_calls_lead_to(state: TableState, wish: dict[str, Any], _operations: list[str]) -> None:
    first = plan(state, **wish)
    assert plan(applied(state, first.calls), **first.after).calls == ()


@pytest.mark.parametrize(("state", "wish", "_operations"), CASES.values(), ids=CASES.keys())
def test_before_undoes_it(state: TableState, wish: dict[str, Any], _operations: list[str]) -> None:
    first = plan(state, **wish)
    changed = applied(state, first.calls)
    back = applied(changed, plan(changed, **first.before).calls)
    assert shape_table(back) == shape_table(state)


@pytest.mark.parametrize(("state", "wish", "_operations"), CASES.values(), ids=CASES.keys())
def test_what_is_shown_is_a_wish_that_changes_nothing(
    state: TableState, wish: dict[str, Any], _operations: list[str]
) -> None:
    changed = applied(state, plan(state, **wish).calls)
    assert plan(changed, **shape_table(changed)).calls == ()


@pytest.mark.parametrize(("state", "wish", "_operations"), (CASES | WARM).values(), ids=(CASES | WARM).keys())
def test_every_change_of_a_table_is_waited_for(state: TableState, wish: dict[str, Any], _operations: list[str]) -> None:
    for call in plan(state, **wish).calls:
        if call.operation == "UpdateTable":
            assert call.settle and call.settle.waiter == "table_active"


def test_only_what_changes_is_sent() -> None:
    state = table(indexes=["idx", "jdx"])
    (call,) = plan(
        state,
        write={"units": 9},
        indexes=[{"name": "idx", "read": {"units": 7}}, {"name": "jdx", "read": {"units": 5}}],
    ).calls
    assert call.arguments == {
        "TableName": "t",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 9},
        "GlobalSecondaryIndexUpdates": [
            {"Update": {"IndexName": "idx", "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 5}}}
        ],
    }


def test_a_switch_with_maxima_is_one_call() -> None:
    (call,) = plan(
        table(indexes=["idx"]),
        billing_mode="PAY_PER_REQUEST",
        read={"max_request_units": 4000},
        indexes=[{"name": "idx", "write": {"max_request_units": 50}}],
    ).calls
    assert call.arguments == {
        "TableName": "t",
        "BillingMode": "PAY_PER_REQUEST",
        "OnDemandThroughput": {"MaxReadRequestUnits": 4000},
        "GlobalSecondaryIndexUpdates": [
            {"Update": {"IndexName": "idx", "OnDemandThroughput": {"MaxWriteRequestUnits": 50}}}
        ],
    }


def test_units_on_something_autoscaled_move_its_bounds_and_say_so() -> None:
    made = plan(autoscaled(), read={"units": 200}, write={"units": 50})
    assert [(c.arguments["MinCapacity"], c.arguments["MaxCapacity"]) for c in made.calls] == [(200, 200), (50, 100)]
    assert made.before["read"] == {"autoscaling": {"state": "present", "min_capacity": 10, "max_capacity": 100}}
    assert "t: read capacity is autoscaled" in made.notes[0]


def test_autoscaling_that_acts_is_waited_for_and_what_rests_is_not() -> None:
    moved = {"read": {"autoscaling": {"min_capacity": 50}}}
    assert [call.settle is not None for call in plan(autoscaled(), **moved).calls] == [True]
    resting = plan(autoscaled("PAY_PER_REQUEST"), billing_mode="PAY_PER_REQUEST", **moved)
    assert [call.settle is not None for call in resting.calls] == [False]
    assert "t: read autoscaling rests while the table is on-demand." in resting.notes


def test_a_switch_to_on_demand_returns_all_that_is_needed_to_come_back() -> None:
    made = plan(autoscaled(), billing_mode="PAY_PER_REQUEST")
    scaling = {key: value for key, value in scaled().items() if key not in ("schedules", "suspended", "other_policies")}
    rate = {"initial_units": 12, "autoscaling": scaling}
    assert made.before == {
        "name": "t",
        "billing_mode": "PROVISIONED",
        "read": rate,
        "write": rate,
        "indexes": [{"name": "idx", "read": rate, "write": rate}],
    }
    on_demand = applied(autoscaled(), made.calls)
    gone = replace(
        on_demand,
        capacity=capacity(read=Rate(0), write=Rate(0)),
        indexes={"idx": capacity("idx", Rate(0), Rate(0))},
    )
    for found in (on_demand, gone):  # the second: its autoscaling was deleted meanwhile, as the console does
        assert shape_table(applied(found, plan(found, **made.before).calls)) == shape_table(autoscaled())


def test_coming_back_has_the_old_bounds_looked_at_again() -> None:
    made = plan(autoscaled(), billing_mode="PAY_PER_REQUEST")
    calls = plan(applied(autoscaled(), made.calls), **made.before).calls
    assert [call.operation for call in calls] == [UPDATE, *[REGISTER] * 4]
    assert {(c.arguments["MinCapacity"], c.arguments["MaxCapacity"]) for c in calls[1:]} == {(10, 100)}
    assert all(call.settle for call in calls)


def test_a_scale_event_that_switched_is_brought_back_setting_by_setting() -> None:
    made = plan(autoscaled(), billing_mode="PAY_PER_REQUEST")
    on_demand = applied(autoscaled(), made.calls)
    now = plan(on_demand, **made.before).before
    back = bring_back([made.before], [[made.after]], [now])
    assert back["foreign"] == []
    restored = applied(on_demand, plan(on_demand, **back["restore"][0]).calls)
    assert shape_table(restored) == shape_table(autoscaled())


REFUSED: dict[str, tuple[TableState, dict[str, Any], str]] = {
    "zero units": (table(), {"read": {"units": 0}}, "t: read units is 0"),
    "negative units of an index": (
        table(indexes=["idx"]),
        {"indexes": [{"name": "idx", "write": {"units": -1}}]},
        "t, index idx: write units is -1",
    ),
    "absurd units": (table(), {"read": {"units": 10**12}}, "read units is 1000000000000"),
    "zero maximum": (ON_DEMAND, {"read": {"max_request_units": 0}}, "max_request_units is 0.*unlimited"),
    "a word for a maximum": (ON_DEMAND, {"read": {"max_request_units": "lots"}}, "max_request_units is lots"),
    "negative warm": (table(), {"warm_throughput": {"read_units": -5}}, "warm_throughput read_units is -5"),
    "unknown index": (table(indexes=["idx", "jdx"]), {"indexes": [{"name": "x", **UNITS}]}, "index x .it has idx, jdx"),
    "index twice": (
        table(indexes=["idx"]),
        {"indexes": [{"name": "idx", **UNITS}, {"name": "idx", **UNITS}]},
        "named more than once: index idx",
    ),
    "index beside every index": (
        table(indexes=["idx"]),
        {"indexes": [{"name": "*", **UNITS}, {"name": "idx", **UNITS}]},
        "named more than once: index idx",
    ),
    "units on-demand": (ON_DEMAND, {"read": {"units": 5}}, "t: read units.*on-demand.*billing_mode: PROVISIONED"),
    "units of an index on-demand": (ON_DEMAND, {"indexes": [{"name": "idx", **UNITS}]}, "t, index idx: read units"),
    "units and to on-demand": (table(), {"billing_mode": "PAY_PER_REQUEST", **UNITS}, "has no read units"),
    "maximum on provisioned": (table(), {"read": {"max_request_units": 5}}, "billing_mode: PAY_PER_REQUEST"),
    "to provisioned without units": (
        ON_DEMAND,
        {"billing_mode": "PROVISIONED", "read": {"units": 5}},
        "t: write; t, index idx: read and write",
    ),
    "autoscaling on-demand": (
        ON_DEMAND,
        {"read": {"autoscaling": {"min_capacity": 1, "max_capacity": 2}}},
        "would do nothing",
    ),
    "minimum above maximum": (
        autoscaled(),
        {"read": {"autoscaling": {"min_capacity": 500}}},
        "min_capacity would be 500",
    ),
    "utilisation": (
        autoscaled(),
        {"read": {"autoscaling": {"target_utilization": 95}}},
        "target_utilization is 95: give 20 to 90",
    ),
    "being made": (table(capacity=capacity(status="CREATING")), UNITS, "t is CREATING"),
}


@pytest.mark.parametrize(("state", "wish", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(state: TableState, wish: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        plan_capacity(Target("t", {"name": "t", **wish}), state)


def test_an_arn_is_refused() -> None:
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
    with pytest.raises(Refused, match="give the table's name"):
        plan_capacity(Target(arn, {"name": arn}), table())


def lowered(times: int, minutes_ago: int, index: str = "", **also: Any) -> Capacity:
    return capacity(index, decreases=times, last_decrease=NOW - timedelta(minutes=minutes_ago), **also)


@pytest.mark.parametrize(
    ("times", "minutes_ago", "free"),
    [
        (0, 0, None),
        (3, 1, None),
        (4, 59, "2026-11-23T14:01:00Z"),
        (4, 60, None),
        (9, 20, "2026-11-23T14:40:00Z"),
        (26, 61, None),
        (27, 500, "2026-11-24T00:00:00Z"),
        (27, 14 * 60 + 1, None),  # yesterday's do not count
    ],
)
def test_a_decrease_is_refused_when_aws_would_refuse_it(times: int, minutes_ago: int, free: str | None) -> None:
    state = table(capacity=lowered(times, minutes_ago))
    if free is None:
        assert plan(state, read={"units": 4}).changed
    else:
        with pytest.raises(Refused, match=f"t was lowered {times} times today and can be again at {free}"):
            plan(state, read={"units": 4})
    assert plan(state, read={"units": 6}).changed, "raising is always possible"


def test_a_decrease_is_counted_for_each_index_and_not_for_what_stays() -> None:
    state = table(indexes={"idx": lowered(4, 1, "idx"), "jdx": capacity("jdx")})
    assert plan(
        state, read={"units": 4}, indexes=[{"name": "jdx", "read": {"units": 4}}, {"name": "idx", **UNITS}]
    ).changed
    with pytest.raises(Refused, match="t, index idx was lowered 4 times"):
        plan(state, indexes=[{"name": "*", "read": {"units": 4}}])


def test_bounds_moved_below_the_units_say_when_the_units_can_follow() -> None:
    state = table(capacity=lowered(4, 1, read=Rate(50, autoscaling=scaled())))
    made = plan(state, read={"autoscaling": {"max_capacity": 20}})
    assert any("its units come down after 2026-11-23T14:59:00Z" in note for note in made.notes)


def switched(*hours_ago: float, unseen: str = "") -> TableState:
    return table(switches=Switches(tuple(NOW - timedelta(hours=h) for h in sorted(hours_ago, reverse=True)), unseen))


def test_the_fifth_switch_in_a_day_is_refused_with_the_time_of_the_next() -> None:
    with pytest.raises(Refused, match=r"switched to on-demand 4 times.*possible at 2026-11-23T16:00:00Z"):
        plan(switched(22, 8, 4, 1), billing_mode="PAY_PER_REQUEST")
    assert plan(switched(8, 4), billing_mode="PAY_PER_REQUEST").notes == ()
    assert "this is the last of 4" in plan(switched(22, 4, 1), billing_mode="PAY_PER_REQUEST").notes[0]


def test_switches_that_cannot_be_seen_are_said_to_be() -> None:
    (note,) = plan(switched(3, unseen="cloudtrail:LookupEvents was refused."), billing_mode="PAY_PER_REQUEST").notes
    assert "not observable" in note
    assert "at least 1" in note
    assert "cloudtrail:LookupEvents was refused." in note


@pytest.mark.parametrize(
    ("known", "last", "unseen", "counted"),
    [
        pytest.param([3, 25], 3, "", [3], id="only-24-hours"),
        pytest.param([3], 2.9, "", [3], id="the-last-is-the-known-one"),
        pytest.param([3], 0.2, "", [3, 0.2], id="the-last-is-too-new-for-cloudtrail"),
        pytest.param([], 5, "", [], id="the-table-was-made-on-demand"),
        pytest.param([], 5, "denied", [5], id="cloudtrail-cannot-be-asked"),
        pytest.param([], 25, "denied", [], id="long-ago"),
    ],
)
def test_switches_from_cloudtrail_and_the_table(
    known: list[float], last: float, unseen: str, counted: list[float]
) -> None:
    ago = [NOW - timedelta(hours=hours) for hours in known]
    found = switches_of(table(last_on_demand=NOW - timedelta(hours=last)), ago, unseen)
    assert found == Switches(tuple(NOW - timedelta(hours=hours) for hours in counted), unseen)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"write": {"units": 50}}, "write capacity is raised, that of its indexes idx is not. A write to the table"),
        ({"read": {"units": 50}}, "read capacity is raised"),
        ({"write": {"units": 50}, "indexes": [{"name": "idx", "write": {"units": 50}}]}, ""),
        ({"write": {"units": 50}, "indexes": [{"name": "idx", "read": {"units": 50}}]}, "write capacity is raised"),
        ({"write": {"units": 2}}, ""),
    ],
)
def test_a_raise_that_leaves_an_index_behind_is_noted(wish: dict[str, Any], said: str) -> None:
    notes = plan(table(indexes=["idx"]), **wish).notes
    assert bool(notes) == bool(said)
    assert said in "".join(notes)


def test_a_raise_of_bounds_that_leaves_an_index_behind_is_noted() -> None:
    (note,) = plan(autoscaled(), write={"autoscaling": {"max_capacity": 400}}).notes
    assert "that of its indexes idx is not" in note


def test_units_above_the_default_quota_and_global_tables_are_noted() -> None:
    (quota,) = plan(table(), read={"units": 40001}).notes
    assert "Service Quotas" in quota
    (world,) = plan(table(replicas=("eu-west-1",)), read={"units": 6}).notes
    assert "global table (also in eu-west-1)" in world


def test_a_raise_of_warm_throughput_says_that_it_stays() -> None:
    made = plan(table(), warm_throughput={"read_units": 13000, "write_units": 1})
    assert [call.arguments["WarmThroughput"] for call in made.calls] == [{"ReadUnitsPerSecond": 13000}]
    assert made.before["warm_throughput"] == {"read_units": 12000, "write_units": 4000}
    assert made.after["warm_throughput"] == {"read_units": 13000, "write_units": 4000}
    assert "cannot be undone" in made.notes[0]


DESCRIPTION: dict[str, Any] = {
    "Table": {
        "TableName": "t",
        "TableStatus": "ACTIVE",
        "ProvisionedThroughput": {
            "ReadCapacityUnits": 3,
            "WriteCapacityUnits": 4,
            "NumberOfDecreasesToday": 5,
            "LastDecreaseDateTime": NOW - timedelta(minutes=30),
        },
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "idx",
                "IndexStatus": "ACTIVE",
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
            }
        ],
        "WarmThroughput": {"ReadUnitsPerSecond": 6, "WriteUnitsPerSecond": 7, "Status": "UPDATING"},
        "Replicas": [{"RegionName": "eu-west-1"}],
    },
    "ResponseMetadata": {"HTTPHeaders": {"date": "Mon, 23 Nov 2026 14:00:00 GMT"}},
}


def test_a_table_without_billing_mode_is_provisioned() -> None:
    state = table_state(DESCRIPTION, {("table/t/index/idx", "dynamodb:index:WriteCapacityUnits"): scaled()})
    assert state.mode == "PROVISIONED"
    assert state.read_at == NOW
    assert state.replicas == ("eu-west-1",)
    assert state.indexes["idx"].rates == {"read": Rate(1), "write": Rate(2, autoscaling=scaled())}


def test_no_maximum_is_unlimited() -> None:
    description = {
        "Table": {
            "TableName": "t",
            "TableStatus": "ACTIVE",
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": NOW},
            "OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 9},
        }
    }
    shape = shape_table(table_state(description, {}))
    assert (shape["read"], shape["write"]) == ({"max_request_units": "unlimited"}, {"max_request_units": 9})


def test_the_report_says_what_is_left_today() -> None:
    report = report_table(table_state(DESCRIPTION, {}))
    assert report["decreases"] == {
        "used_today": 5,
        "left_now": 0,
        "left_today": 10,
        "next_possible": "2026-11-23T14:30:00Z",
    }
    assert report["indexes"][0]["decreases"]["left_now"] == 4
    assert report["warm_throughput_status"] == "UPDATING"
    assert report["switches"] == {
        "last": None,
        "used": None,
        "left": None,
        "next_possible": None,
        "note": "not counted: give switches: true to ask CloudTrail",
    }
    assert report_table(switched(22, 8, 4, 1))["switches"]["left"] == 0
    assert "not observable" in report_table(switched(unseen="denied"))["switches"]["note"]
