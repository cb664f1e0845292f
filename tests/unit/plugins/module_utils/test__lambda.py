# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.botocore_model import assert_valid
from unit.small_lambda import SmallAws, SmallFunction

from ansible_collections.runbook.aws.plugins.module_utils._lambda import (
    ConcurrencyPlan,
    fetch_account,
    fetch_all_autoscaling,
    fetch_function,
    function_name,
    plan_concurrency,
    read_function,
    read_targets,
    review_pool,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused, Target

TRACKED = {"min_capacity": 10, "max_capacity": 100, "target_utilization": 70}
BOUNDS = {"min_capacity": 10, "max_capacity": 100, "target_utilization": 0}
NOON = {"name": "noon", "schedule": "cron(0 12 * * ? *)", "timezone": "UTC", "min_capacity": 40}


def planned(aws: SmallAws, *functions: dict[str, Any]) -> dict[str, ConcurrencyPlan]:
    """Read and plan as the module does."""
    targets = read_targets(functions)
    account = fetch_account(aws, targets)
    plans = {target.name: plan_concurrency(target, fetch_function(aws, target), account) for target in targets}
    for plan in plans.values():
        assert_valid(plan.calls)
    return plans


def changed(aws: SmallAws, *functions: dict[str, Any]) -> dict[str, ConcurrencyPlan]:
    """Read, plan, and write stage by stage."""
    plans = planned(aws, *functions)
    for stage in (0, 1):
        for plan in plans.values():
            aws.apply(tuple(call for call in plan.calls if call.stage == stage))
    return plans


def plan_one(aws: SmallAws, **wish: Any) -> ConcurrencyPlan:
    return planned(aws, {"name": "orders", **wish})["orders"]


def live(**wish: Any) -> list[dict[str, Any]]:
    return [{"qualifier": "live", **wish}]


def world(reserved: int | None = None, number: int = 0, scaling: dict[str, Any] | None = None) -> SmallAws:
    """One function `orders` whose alias `live` has this provisioned concurrency and autoscaling."""
    aws = SmallAws({"orders": SmallFunction(reserved), "others": SmallFunction(100)})
    if scaling:
        changed(aws, {"name": "orders", "provisioned": live(autoscaling=scaling)})
    if number:
        aws.functions["orders"].provisioned["live"] = (number, "READY")
    aws.calls.clear()
    return aws


def is_now(aws: SmallAws) -> Any:
    return copy.deepcopy((aws.functions, aws.targets, aws.policies, aws.actions))


STATES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "reserved": {"reserved": 300},
    "stopped": {"reserved": 0},
    "provisioned": {"reserved": 300, "number": 30},
    "followed by a policy": {"reserved": 300, "number": 30, "scaling": TRACKED},
    "kept in bounds": {"number": 30, "scaling": BOUNDS},
    "on a schedule": {"number": 30, "scaling": {**BOUNDS, "schedules": [NOON]}},
}
WISHES: dict[str, dict[str, Any]] = {
    "more": {"reserved": 400},
    "less": {"reserved": 200},
    "cleared": {"reserved": "unreserved"},
    "as text": {"reserved": "250"},
    "provisioned": {"reserved": 400, "provisioned": live(concurrency=50)},
    "provisioned less": {"reserved": 60, "provisioned": live(concurrency=20)},
    "scaled": {"reserved": 400, "provisioned": live(autoscaling={**TRACKED, "max_capacity": 200})},
    "scaled from a number": {"reserved": 400, "provisioned": live(concurrency=60, autoscaling=TRACKED)},
    "scaled down": {
        "reserved": 60,
        "provisioned": live(autoscaling={"min_capacity": 1, "max_capacity": 15, "target_utilization": 50}),
    },
    "in bounds": {"reserved": 400, "provisioned": live(concurrency=25, autoscaling={**BOUNDS, "min_capacity": 20})},
    "scheduled": {"reserved": 400, "provisioned": live(autoscaling={**BOUNDS, "schedules": [NOON]})},
    "all gone": {"reserved": 0, "provisioned": live(concurrency=0, autoscaling={"state": "absent"})},
    "scaling gone": {"reserved": 400, "provisioned": live(concurrency=15, autoscaling={"state": "absent"})},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wish", WISHES)
def test_a_second_run_changes_nothing_and_before_leads_back(state: str, wish: str) -> None:
    aws = world(**STATES[state])
    original = is_now(aws)
    wanted = {"name": "orders", **copy.deepcopy(WISHES[wish])}
    first = changed(aws, wanted)["orders"]
    for again in (wanted, first.after):
        assert planned(aws, again)["orders"].calls == (), again
    assert planned(aws, first.after)["orders"].after == first.after
    back = changed(aws, first.before)["orders"]
    assert back.after == first.before
    policy_had_the_number = "policy" in state and "provisioned" in wanted
    if policy_had_the_number:  # its bounds are what comes back
        for functions in (original[0], aws.functions):
            functions["orders"].provisioned.pop("live", None)
    assert is_now(aws) == original


@pytest.mark.parametrize(
    ("state", "wish", "calls"),
    [
        ({}, {"reserved": 200}, ["1 PutFunctionConcurrency"]),
        ({"reserved": 300}, {"reserved": 200}, ["0 PutFunctionConcurrency"]),
        ({"reserved": 300}, {"reserved": "unreserved"}, ["0 DeleteFunctionConcurrency"]),
        ({"reserved": 0}, {"reserved": "unreserved"}, ["0 DeleteFunctionConcurrency"]),
        ({"reserved": 200}, {"reserved": 200}, []),
        ({}, {"reserved": "unreserved"}, []),
        ({}, {"reserved": 0}, ["1 PutFunctionConcurrency"]),
        (
            {},
            {"reserved": 200, "provisioned": live(concurrency=50)},
            ["1 PutFunctionConcurrency", "1 PutProvisionedConcurrencyConfig"],
        ),
        (
            {"reserved": 200, "number": 50},
            {"reserved": 20, "provisioned": live(concurrency=10)},
            ["0 PutProvisionedConcurrencyConfig", "0 PutFunctionConcurrency"],
        ),
        (
            {"reserved": 200, "number": 50},
            {"reserved": "unreserved", "provisioned": live(concurrency=0)},
            ["0 DeleteProvisionedConcurrencyConfig", "0 DeleteFunctionConcurrency"],
        ),
        (
            {"reserved": 200, "number": 50, "scaling": TRACKED},
            {"provisioned": live(concurrency=0, autoscaling={"state": "absent"})},
            ["0 DeregisterScalableTarget", "0 DeleteProvisionedConcurrencyConfig"],
        ),
        (
            {"reserved": 200},
            {"provisioned": live(autoscaling=TRACKED)},
            ["1 PutProvisionedConcurrencyConfig", "1 RegisterScalableTarget", "1 PutScalingPolicy"],
        ),
        (
            {"number": 50, "scaling": TRACKED},
            {"provisioned": live(autoscaling={"max_capacity": 20})},
            ["0 PutProvisionedConcurrencyConfig", "0 RegisterScalableTarget"],
        ),
        (
            {"number": 50, "scaling": TRACKED},
            {"provisioned": live(autoscaling={"max_capacity": 200})},
            ["1 RegisterScalableTarget"],
        ),
        ({"number": 50}, {"provisioned": live(concurrency=50)}, []),
    ],
)
def test_what_is_given_back_comes_first_and_reservations_hold_what_is_provisioned(
    state: dict[str, Any], wish: dict[str, Any], calls: list[str]
) -> None:
    plan = plan_one(world(**state), **wish)
    assert [f"{call.stage} {call.operation}" for call in plan.calls] == calls


@pytest.mark.parametrize(
    ("scaling", "number", "asked", "bounds", "then"),
    [
        (TRACKED, 30, 50, (50, 100), 50),
        (TRACKED, 30, 150, (150, 150), 150),
        (TRACKED, 80, 50, (50, 100), 80),
        (BOUNDS, 80, 50, (50, 100), 50),
    ],
)
def test_a_number_that_a_scalable_target_owns_is_asked_of_the_target(
    scaling: dict[str, Any], number: int, asked: int, bounds: tuple[int, int], then: int
) -> None:
    aws = world(number=number, scaling=scaling)
    plan = changed(aws, {"name": "orders", "provisioned": live(concurrency=asked)})["orders"]
    target = next(iter(aws.targets.values()))
    assert (target["MinCapacity"], target["MaxCapacity"]) == bounds
    assert aws.functions["orders"].provisioned["live"][0] == then
    assert f"from 10-100 to {bounds[0]}-{bounds[1]}" in plan.notes[0]
    assert plan.before["provisioned"][0]["autoscaling"] == {"state": "present", "min_capacity": 10, "max_capacity": 100}
    assert ("concurrency" in plan.before["provisioned"][0]) == (scaling is BOUNDS)
    assert planned(aws, {"name": "orders", "provisioned": live(concurrency=asked)})["orders"].notes == ()


def test_a_number_that_a_policy_takes_over_is_kept_for_the_way_back() -> None:
    aws = world(number=30, scaling=BOUNDS)
    before = plan_one(aws, provisioned=live(autoscaling={"target_utilization": 70})).before
    assert before["provisioned"][0]["concurrency"] == 30


def test_what_schedules_do_to_moved_bounds_is_said() -> None:
    aws = world(number=30, scaling={**TRACKED, "schedules": [NOON]})
    assert "(noon) will move them again" in plan_one(aws, provisioned=live(concurrency=50)).notes[0]


def test_what_stays_and_is_billed_is_said() -> None:
    plan = plan_one(world(number=30, scaling=TRACKED), provisioned=live(autoscaling={"state": "absent"}))
    assert "30 provisioned environments stay" in plan.notes[0]


def test_bounds_beyond_the_reservation_or_the_account_are_said() -> None:
    wide = live(autoscaling={**TRACKED, "max_capacity": 5000})
    assert "the function reserves 300" in plan_one(world(300), provisioned=wide).notes[0]
    assert "the account has 1000" in plan_one(world(), provisioned=wide).notes[0]


def test_what_another_run_asked_for_is_waited_for_and_not_asked_for_again() -> None:
    aws = world()
    aws.functions["orders"].provisioned["live"] = (50, "IN_PROGRESS")
    (call,) = plan_one(aws, provisioned=live(concurrency=50)).calls
    assert call.operation == "GetProvisionedConcurrencyConfig"
    assert call.settle is not None


@pytest.mark.parametrize("wish", [{"concurrency": 50}, {"autoscaling": TRACKED}])
def test_what_failed_is_asked_for_again(wish: dict[str, Any]) -> None:
    aws = world()
    aws.functions["orders"].provisioned["live"] = (50, "FAILED")
    call = plan_one(aws, provisioned=live(**wish)).calls[0]
    assert call.operation == "PutProvisionedConcurrencyConfig"
    assert call.settle is not None


def test_only_named_qualifiers_are_touched_and_returned() -> None:
    aws = world(300, 30)
    aws.functions["orders"].provisioned["6"] = (20, "READY")
    plan = plan_one(aws, provisioned=live(concurrency=40))
    assert [item["qualifier"] for item in plan.before["provisioned"]] == ["live"]
    assert "reserved" not in plan.before
    assert len(plan.calls) == 1


@pytest.mark.parametrize(
    ("state", "wish", "says"),
    [
        ({}, {"reserved": 1001}, "reserved is 1001, more than the 1000"),
        ({}, {"provisioned": live(concurrency=2000)}, "2000, more than the 1000"),
        ({}, {"provisioned": live(autoscaling={"min_capacity": 3000, "max_capacity": 4000})}, "3000, more than"),
        (
            {"reserved": 40},
            {"provisioned": live(concurrency=50)},
            "would be 50 .live 50. and its reserved concurrency 40",
        ),
        ({"reserved": 200, "number": 50}, {"reserved": 40}, "would be 50 .live 50. and its reserved concurrency 40"),
        ({"reserved": 200, "number": 50}, {"reserved": 0}, "Reserve 50 or more, or provision less"),
        ({"reserved": 40}, {"provisioned": live(autoscaling={"min_capacity": 50, "max_capacity": 90})}, "Reserve 50"),
        ({}, {"provisioned": [{"qualifier": "liev", "concurrency": 5}]}, "no alias or version liev"),
        ({}, {"provisioned": [{"qualifier": "draft", "concurrency": 5}]}, "points to .LATEST"),
        ({}, {"provisioned": [{"qualifier": "draft", "autoscaling": TRACKED}]}, "points to .LATEST"),
        ({"number": 30, "scaling": TRACKED}, {"provisioned": live(concurrency=0)}, "autoscaling: {state: absent}"),
        (
            {"number": 30, "scaling": TRACKED},
            {"provisioned": live(concurrency=5, autoscaling={"max_capacity": 90})},
            "outside of its autoscaling's bounds 10 to 90",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_before(state: dict[str, Any], wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        plan_one(world(**state), **wish)


def test_the_sum_over_all_qualifiers_counts_against_the_reservation() -> None:
    aws = world(100, 30)
    aws.functions["orders"].provisioned["6"] = (60, "READY")
    with pytest.raises(Refused, match=r"would be 110 \(6 60, live 50\)"):
        plan_one(aws, provisioned=live(concurrency=50))
    assert plan_one(aws, provisioned=[*live(concurrency=50), {"qualifier": "6", "concurrency": 0}]).calls


def test_what_is_removed_may_be_gone_with_its_alias() -> None:
    gone = [{"qualifier": "old", "concurrency": 0, "autoscaling": {"state": "absent"}}]
    assert plan_one(world(), provisioned=gone).calls == ()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ({"reserved": -1}, "reserved is -1"),
        ({"reserved": True}, "reserved is True"),
        ({"reserved": 1.5}, "reserved is 1.5"),
        ({"reserved": "many"}, "reserved is many"),
        ({"reserved": "-5"}, "reserved is -5"),
        ({"reserved": [1]}, "reserved is"),
        ({}, "nothing is asked for"),
        ({"provisioned": live()}, "its concurrency, its autoscaling, or both"),
        ({"provisioned": live(concurrency=-1)}, "concurrency is -1"),
        ({"provisioned": live(concurrency=True)}, "concurrency is True"),
        ({"provisioned": [{"qualifier": "$LATEST", "concurrency": 1}]}, "Name an alias or a published version"),
        ({"provisioned": [{"qualifier": "", "concurrency": 1}]}, "Name an alias or a published version"),
        ({"provisioned": [*live(concurrency=1), *live(concurrency=2)]}, "named twice"),
        ({"name": "orders:live", "reserved": 1}, "Leave out :live"),
        ({"name": "arn:aws:lambda:us-east-1:123456789012:function:orders:7", "reserved": 1}, "Leave out :7"),
        ({"name": "no such name", "reserved": 1}, "no function's name"),
        ({"name": "", "reserved": 1}, "no function's name"),
    ],
)
def test_bad_input_is_refused_before_anything_is_read(function: dict[str, Any], says: str) -> None:
    good = {"name": "good", "reserved": 1}
    with pytest.raises(Refused, match=says) as refusal:
        read_targets([good, {"name": "orders", **function}])
    assert "1 of 2" in str(refusal.value)


@pytest.mark.parametrize(
    "function",
    [
        "orders",
        "arn:aws:lambda:us-east-1:123456789012:function:orders",
        "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:orders",
        "123456789012:function:orders",
        "function:orders",
    ],
)
def test_a_function_is_known_by_its_name_however_it_is_given(function: str) -> None:
    assert function_name(function) == "orders"


def test_an_arn_reaches_aws_as_it_was_given() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    aws = SmallAws({arn: SmallFunction()})
    plan = planned(aws, {"name": arn, "reserved": 5})["orders"]
    assert plan.calls[0].arguments["FunctionName"] == arn
    assert plan.before == {"name": "orders", "reserved": "unreserved"}


def many(reserved: int | None, count: int) -> SmallAws:
    return SmallAws({f"f{number}": SmallFunction(reserved) for number in range(count)}, limit=10_000)


def reserve(count: int, number: int) -> list[dict[str, Any]]:
    return [{"name": f"f{n}", "reserved": number} for n in range(count)]


@pytest.mark.parametrize(
    ("was", "wanted", "reads", "writes"),
    [
        (None, 10, {"GetFunction": 200, "GetAccountSettings": 1}, 200),
        (5, 10, {"GetFunction": 200, "GetAccountSettings": 1}, 200),
        (10, 10, {"GetFunction": 200, "GetAccountSettings": 1}, 0),
        (10, 5, {"GetFunction": 200, "GetAccountSettings": 1, "ListProvisionedConcurrencyConfigs": 200}, 200),
    ],
)
def test_reservations_take_one_read_each_and_one_write_where_they_differ(
    was: int | None, wanted: int, reads: dict[str, int], writes: int
) -> None:
    aws = many(was, 200)
    changed(aws, *reserve(200, wanted))
    assert aws.counts == {**reads, **({"PutFunctionConcurrency": writes} if writes else {})}


@pytest.mark.parametrize(
    ("state", "wish", "calls"),
    [
        ({"number": 30}, {"concurrency": 30}, {}),
        ({}, {"concurrency": 0}, {}),
        ({}, {"concurrency": 5}, {"GetFunction": 2}),
        ({}, {"autoscaling": {"state": "absent"}}, {}),
        (
            {"number": 30, "scaling": TRACKED},
            {"autoscaling": TRACKED},
            {"DescribeScalingPolicies": 1, "DescribeScheduledActions": 1},
        ),
    ],
)
def test_provisioned_concurrency_is_read_in_few_calls(
    state: dict[str, Any], wish: dict[str, Any], calls: dict[str, int]
) -> None:
    aws = world(**state)
    plan_one(aws, provisioned=live(**wish))
    usual = {
        "GetFunction": 1,
        "GetAccountSettings": 1,
        "ListProvisionedConcurrencyConfigs": 1,
        "DescribeScalableTargets": 1,
    }
    assert aws.counts == {**usual, **calls}


def reviewed(aws: SmallAws, *functions: dict[str, Any], minimum: int = 100) -> tuple[dict[str, str], str | None]:
    return review_pool(planned(aws, *functions), fetch_account(aws, ()), minimum)


def test_what_functions_without_a_reservation_share_stays_above_the_minimum() -> None:
    aws = SmallAws({name: SmallFunction(300 if name == "c" else None) for name in "abc"})
    refused, _note = reviewed(aws, {"name": "a", "reserved": 150}, {"name": "b", "reserved": 500})
    assert list(refused) == ["b"]
    for part in ("650 more", "leaves 50", "1000", "700 now", "at least 100", "b (+500), a (+150)", "Reserve 50 less"):
        assert part in refused["b"]


@pytest.mark.parametrize(
    ("functions", "minimum"),
    [
        ([{"name": "a", "reserved": 600}], 100),
        ([{"name": "a", "reserved": 650}], 50),
        ([{"name": "a", "reserved": 850}, {"name": "c", "reserved": 50}], 100),
        ([{"name": "a", "reserved": 850}, {"name": "c", "reserved": "unreserved"}], 100),
        ([{"name": "a", "reserved": 600, "provisioned": live(concurrency=600)}], 100),
        ([{"name": "a", "provisioned": live(concurrency=600)}], 100),
    ],
)
def test_what_is_given_back_in_the_same_task_and_what_is_reserved_anyway_counts(
    functions: list[dict[str, Any]], minimum: int
) -> None:
    aws = SmallAws({name: SmallFunction(300 if name == "c" else None) for name in "abc"})
    assert reviewed(aws, *functions, minimum=minimum)[0] == {}


def test_provisioned_without_a_reservation_takes_from_what_is_shared() -> None:
    aws = SmallAws({"a": SmallFunction(), "b": SmallFunction(300)})
    refused, _note = reviewed(aws, {"name": "a", "provisioned": live(concurrency=650)})
    for part in ("650 more without having it reserved", "leaves 50", "Provision 50 less"):
        assert part in refused["a"]
    assert reviewed(aws, {"name": "b", "provisioned": live(concurrency=300)})[0] == {}


def test_what_is_provisioned_already_counts_when_more_is_provisioned() -> None:
    aws = SmallAws({"a": SmallFunction(provisioned={"live": (600, "READY")})})
    assert reviewed(aws, {"name": "a", "provisioned": live(concurrency=900)})[0] == {}
    assert "leaves 50" in reviewed(aws, {"name": "a", "provisioned": live(concurrency=950)})[0]["a"]


def test_a_pool_below_the_minimum_does_not_keep_anybody_from_giving_back() -> None:
    aws = SmallAws({"a": SmallFunction(960), "b": SmallFunction()}, limit=1000)
    assert reviewed(aws, {"name": "a", "reserved": 950}) == ({}, None)
    assert reviewed(aws, {"name": "a", "reserved": 950}, {"name": "b", "reserved": 10}) == ({}, None)
    assert reviewed(aws, {"name": "b", "reserved": 1})[0]


def test_the_operator_is_told_when_what_others_share_shrinks_considerably() -> None:
    aws = SmallAws({"a": SmallFunction(), "b": SmallFunction(100)})
    note = reviewed(aws, {"name": "a", "reserved": 60}, {"name": "b", "reserved": 150})[1]
    assert note is not None
    assert "shrinks by 110, from 900 to 790 of the account's 1000" in note
    assert "1 of these functions had no reservation" in note
    assert reviewed(aws, {"name": "a", "reserved": 60})[1] is None
    assert reviewed(aws, {"name": "b", "reserved": "unreserved"})[1] is None


@pytest.mark.parametrize("state", STATES)
def test_what_is_shown_of_a_function_can_be_given_back(state: str) -> None:
    aws = world(**STATES[state])
    original = is_now(aws)
    shown = read_function(aws, Target("orders", "orders"), fetch_all_autoscaling(aws))["function"]
    assert planned(aws, shown)["orders"].calls == ()
    gone = live(concurrency=0, autoscaling={"state": "absent"})
    changed(aws, {"name": "orders", "reserved": 7, "provisioned": gone})
    changed(aws, shown)
    if "policy" in state:  # starts anew at its lower bound
        original[0]["orders"].provisioned["live"] = (10, "READY")
    assert is_now(aws) == original


def test_reservations_alone_are_shown_with_one_call_each() -> None:
    aws = world(0, 0)
    assert read_function(aws, Target("orders", "orders"), None) == {"function": {"name": "orders", "reserved": 0}}
    assert aws.counts == {"GetFunction": 1}


def test_every_planned_call_of_a_target_is_in_the_order_of_its_stages() -> None:
    for state in STATES.values():
        for wish in WISHES.values():
            stages = [call.stage for call in plan_one(world(**state), **wish).calls]
            assert stages == sorted(stages)


def test_calls_are_values() -> None:
    plan = plan_one(world(), reserved=5)
    assert plan.calls == (
        Call(
            "lambda", "PutFunctionConcurrency", {"FunctionName": "orders", "ReservedConcurrentExecutions": 5}, stage=1
        ),
    )
