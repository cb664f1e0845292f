# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._engine import reconcile
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target


class Gone(Exception):
    """An error of the world outside, as the engine is told to expect it."""

    def __init__(self, message: str, code: str = "Gone") -> None:
        super().__init__(message)
        self.code = code


class World:
    """Numbers by name that calls set; it keeps the order of what happened."""

    def __init__(self, **numbers: int) -> None:
        self.numbers = dict(numbers)
        self.events: list[str] = []
        self.looks: dict[str, int] = {}
        self.broken: set[str] = set()
        self.settles_after = 0
        self.asked: dict[str, Any] = {}
        self._lock = threading.Lock()

    def fetch(self, target: Target) -> int:
        self._note(f"read {target.name}")
        if target.name not in self.numbers:
            raise Gone(f"{target.name} is not there")
        return self.numbers[target.name]

    def call(self, target: Target, call: Call) -> dict[str, Any]:
        self._note(f"set {target.name} {call.arguments['to']}")
        if target.name in self.broken:
            raise Gone(f"{target.name} broke")
        self.numbers[target.name] = call.arguments["to"]
        return {name: f"{target.name}/{path}" for name, path in call.learns.items()}

    def settled(self, target: Target, call: Call) -> bool:
        self.asked = dict(call.settle.arguments) if call.settle else {}
        with self._lock:
            self.looks[target.name] = self.looks.get(target.name, 0) + 1
            there = self.looks[target.name] > self.settles_after
        if there:
            self._note(f"settled {target.name}")
        return there

    def _note(self, event: str) -> None:
        with self._lock:
            self.events.append(event)


def step(to: int, stage: int = 0, settle: bool = False) -> Call:
    return Call("world", "Set", {"to": to}, Settle("set", {}) if settle else None, stage)


def set_number(target: Target, number: int, _context: Any) -> Plan:
    if target.desired < 0:
        raise Refused(f"{target.name}: {target.desired} is negative")
    calls = (step(target.desired, stage=0 if target.desired < number else 1),) if target.desired != number else ()
    return Plan({"to": number}, {"to": target.desired}, calls)


def run(world: World, *wishes: tuple[str, int], plan: Any = set_number, **options: Any) -> list[Any]:
    return reconcile(
        [Target(name, desired) for name, desired in wishes],
        fetch=world.fetch,
        plan=plan,
        call=world.call,
        settled=world.settled,
        guard=(Gone,),
        **options,
    )


def test_outcomes_keep_the_order_of_the_targets() -> None:
    names = [f"t{number}" for number in range(50)]
    world = World(**dict.fromkeys(names, 1))
    outcomes = run(world, *[(name, 2) for name in names], workers=8)
    assert [outcome.target.name for outcome in outcomes] == names
    assert set(world.numbers.values()) == {2}


def test_check_mode_plans_and_writes_nothing() -> None:
    world = World(a=1)
    (outcome,) = run(world, ("a", 5), check_mode=True)
    assert outcome.plan.changed and outcome.done == ()
    assert world.events == ["read a"]


@pytest.mark.parametrize("wish", [("missing", 5), ("b", -1)], ids=["unreadable", "refused"])
def test_one_target_that_cannot_be_planned_keeps_all_from_being_written(wish: tuple[str, int]) -> None:
    world = World(a=1, b=1)
    outcomes = run(world, ("a", 5), wish)
    assert world.numbers == {"a": 1, "b": 1}
    assert outcomes[0].error is None and outcomes[0].plan.changed
    assert outcomes[1].error is not None


@pytest.mark.parametrize("wish", [("missing", 5), ("b", -1)], ids=["unreadable", "refused"])
def test_partial_work_is_done_where_it_can_be_and_the_rest_is_told(wish: tuple[str, int]) -> None:
    world = World(a=1, b=1)
    outcomes = run(world, ("a", 5), wish, partial=True)
    assert world.numbers == {"a": 5, "b": 1}
    assert outcomes[0].error is None and outcomes[1].error is not None and outcomes[1].done == ()


def test_a_review_that_refuses_one_target_keeps_all_from_being_written() -> None:
    world = World(a=1, b=1)
    outcomes = run(world, ("a", 5), ("b", 6), survey=lambda: 10, review=lambda plans, limit: {"b": f"over {limit}"})
    assert world.numbers == {"a": 1, "b": 1}
    assert str(outcomes[1].error) == "over 10" and outcomes[0].error is None


def test_a_survey_that_fails_fails_every_target() -> None:
    def survey() -> None:
        raise Gone("no account")

    world = World(a=1, b=1)
    outcomes = run(world, ("a", 5), ("b", 5), survey=survey)
    assert [str(outcome.error) for outcome in outcomes] == ["no account"] * 2
    assert world.numbers == {"a": 1, "b": 1}


def test_capacity_is_given_back_by_all_before_any_takes_it() -> None:
    world = World(a=1, b=9, c=1, d=9)
    run(world, ("a", 5), ("b", 4), ("c", 6), ("d", 3), workers=4)
    written = [event for event in world.events if event.startswith("set")]
    assert set(written[:2]) == {"set b 4", "set d 3"}
    assert set(written[2:]) == {"set a 5", "set c 6"}


def test_a_target_goes_on_before_others_begin_so_that_different_rates_are_used_at_the_same_time() -> None:
    world = World(a=1, b=1)

    def twice(_target: Target, number: int, _context: Any) -> Plan:
        return Plan({"to": number}, {"to": 3}, (step(2), step(3)))

    run(world, ("a", 3), ("b", 3), plan=twice, workers=1)
    assert [event for event in world.events if event.startswith("set")] == ["set a 2", "set a 3", "set b 2", "set b 3"]


def test_a_later_stage_waits_until_the_earlier_one_has_settled() -> None:
    world = World(a=9, b=1)
    world.settles_after = 2

    def plan(target: Target, number: int, _context: Any) -> Plan:
        call = step(target.desired, stage=0 if target.desired < number else 1, settle=True)
        return Plan({"to": number}, {"to": target.desired}, (call,))

    run(world, ("a", 1), ("b", 9), plan=plan)
    assert world.events.index("settled a") < world.events.index("set b 9")


def test_a_failed_target_does_not_stop_the_others_and_keeps_what_was_done() -> None:
    world = World(a=1, b=1)

    def plan(target: Target, number: int, _context: Any) -> Plan:
        return Plan({"to": number}, {"to": 3}, (step(2), step(3)))

    calls = []

    def call(target: Target, one: Call) -> dict[str, Any]:
        calls.append((target.name, one.arguments["to"]))
        if target.name == "a" and one.arguments["to"] == 3:
            raise Gone("broke half way")
        return world.call(target, one)

    outcomes = reconcile(
        [Target("a"), Target("b")], fetch=world.fetch, plan=plan, call=call, settled=world.settled, guard=(Gone,)
    )
    assert str(outcomes[0].error) == "broke half way"
    assert [one.arguments["to"] for one in outcomes[0].done] == [2]
    assert outcomes[1].error is None and len(outcomes[1].done) == 2


def test_the_failed_target_gets_no_call_of_a_later_stage() -> None:
    world = World(a=1)
    world.broken = {"a"}

    def plan(target: Target, number: int, _context: Any) -> Plan:
        return Plan({"to": number}, {"to": 3}, (step(2, stage=0), step(3, stage=1)))

    run(world, ("a", 3), plan=plan)
    assert world.events == ["read a", "set a 2"]


def lit() -> Any:
    """A plan that turns a light on, waits, and turns it off: also when the waiting ends with `Broken`."""
    off = replace(step(0), despite="Broken")
    return lambda _target, number, _context: Plan({"to": number}, {"to": 0}, (step(1, settle=True), step(2), off))


@pytest.mark.parametrize(("code", "light"), [("Broken", 0), ("Denied", 1)])
def test_what_was_on_for_a_time_is_taken_back_where_the_error_says_that_the_time_is_over(code: str, light: int) -> None:
    world = World(a=0)

    def settled(*_arguments: Any) -> bool:
        raise Gone("it went out", code)

    (outcome,) = reconcile(
        [Target("a")], fetch=world.fetch, plan=lit(), call=world.call, settled=settled, guard=(Gone,)
    )
    assert world.numbers == {"a": light}
    assert [call.arguments["to"] for call in outcome.done] == ([1, 0] if light == 0 else [1])
    assert str(outcome.error) == "it went out"


def test_what_may_still_go_on_when_the_time_is_up_is_not_taken_back() -> None:
    world = World(a=0)
    world.settles_after = 10**6
    (outcome,) = run(world, ("a", 0), plan=lit(), timeout=0.3)
    assert "not there yet" in str(outcome.error)
    assert world.numbers == {"a": 1}


def test_what_could_not_be_taken_back_is_told_beside_the_first_error() -> None:
    world = World(a=0)

    def settled(*_arguments: Any) -> bool:
        world.broken = {"a"}
        raise Gone("It went out.", "Broken")

    (outcome,) = reconcile(
        [Target("a")], fetch=world.fetch, plan=lit(), call=world.call, settled=settled, guard=(Gone,)
    )
    assert str(outcome.error) == "It went out. What should have been taken back then was not: a broke"
    assert outcome.error.code == "Broken"
    assert [call.arguments["to"] for call in outcome.done] == [1]


def test_a_bug_surfaces() -> None:
    world = World(a=1)

    def plan(*_: Any) -> Plan:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(world, ("a", 2), plan=plan)


def test_waiting_targets_hold_no_worker() -> None:
    """Forty targets that each take three looks settle with one worker in about the time of one, not of forty."""
    names = [f"t{number}" for number in range(40)]
    world = World(**dict.fromkeys(names, 1))
    world.settles_after = 2

    def plan(target: Target, number: int, _context: Any) -> Plan:
        return Plan({"to": number}, {"to": 2}, (step(2, settle=True),))

    run(world, *[(name, 2) for name in names], plan=plan, workers=1)
    first_settled = next(i for i, event in enumerate(world.events) if event.startswith("settled"))
    last_set = max(i for i, event in enumerate(world.events) if event.startswith("set "))
    assert last_set < first_settled


def test_what_does_not_settle_in_time_is_an_error_that_tells_how_to_go_on() -> None:
    world = World(a=1)
    world.settles_after = 10**6

    def plan(target: Target, number: int, _context: Any) -> Plan:
        return Plan({"to": number}, {"to": 2}, (step(2, settle=True),))

    (outcome,) = run(world, ("a", 2), plan=plan, timeout=0.3)
    assert "world:Set was accepted" in str(outcome.error) and "wait_timeout" in str(outcome.error)
    assert len(outcome.done) == 1


@pytest.mark.parametrize(("wait_last", "looks"), [(True, 2), (False, 1)])
def test_between_two_calls_of_a_target_it_is_always_waited(wait_last: bool, looks: int) -> None:
    world = World(a=1)

    def plan(target: Target, number: int, _context: Any) -> Plan:
        return Plan({"to": number}, {"to": 3}, (step(2, settle=True), step(3, settle=True)))

    (outcome,) = run(world, ("a", 3), plan=plan, wait_last=wait_last)
    assert world.looks["a"] == looks and outcome.error is None and len(outcome.done) == 2


def test_a_single_slow_target_does_not_keep_the_others_from_their_next_call() -> None:
    world = World(a=1, b=1)
    released = threading.Event()

    def plan(target: Target, number: int, _context: Any) -> Plan:
        return Plan({"to": number}, {"to": 3}, (step(2), step(3)))

    def call(target: Target, one: Call) -> dict[str, Any]:
        if target.name == "a":
            assert released.wait(5), "b never got through while a was busy"
        learned = world.call(target, one)
        if target.name == "b" and one.arguments["to"] == 3:
            released.set()
        return learned

    started = time.monotonic()
    outcomes = reconcile(
        [Target("a"), Target("b")], fetch=world.fetch, plan=plan, call=call, settled=world.settled, workers=2
    )
    assert all(outcome.error is None for outcome in outcomes) and time.monotonic() - started < 5


def test_a_call_takes_what_an_earlier_one_has_learned() -> None:
    world = World(a=0)
    wait = Settle("made", {"kind": "backup"}, taken={"arn": "arn"})
    calls = (
        Call("world", "Make", {"to": 1}, wait, learns={"arn": "Arn"}),
        Call("world", "Take", taken={"to": "arn"}, stage=1),
    )
    (outcome,) = run(world, ("a", 1), plan=lambda *_arguments: Plan({}, {}, calls))
    assert world.asked == {"kind": "backup", "arn": "a/Arn"}
    assert world.numbers["a"] == "a/Arn"
    assert outcome.learned == {"arn": "a/Arn"}
    assert outcome.done == calls


def test_what_was_not_in_the_answer_leaves_its_argument_out() -> None:
    call = Call("world", "Take", {"to": 1}, taken={"from": "arn"}).given({})
    assert call.arguments == {"to": 1}


def test_what_was_reached_is_confirmed_when_all_went_well() -> None:
    world = World(a=0, b=0, c=0)
    world.broken = {"b"}
    asked: list[str] = []

    def confirm(target: Target, plan: Plan, _learned: Any) -> dict[str, Any]:
        asked.append(target.name)
        if target.name == "c":
            raise Refused("c: something is missing", {"missing": ["tags"]})
        return {"there": plan.after["to"] == world.numbers[target.name]}

    a, b, c = run(world, ("a", 1), ("b", 1), ("c", 1), confirm=confirm)
    assert sorted(asked) == ["a", "c"]
    assert a.fields == {"there": True}
    assert isinstance(b.error, Gone)
    assert isinstance(c.error, Refused)
    assert c.error.fields == {"missing": ["tags"]}
    assert c.done


@pytest.mark.parametrize("options", [{"check_mode": True}, {"wait_last": False}])
def test_what_is_not_reached_yet_is_not_confirmed(options: dict[str, bool]) -> None:
    def confirm(*_arguments: Any) -> dict[str, Any]:
        raise AssertionError("asked")

    (outcome,) = run(World(a=0), ("a", 1), confirm=confirm, **options)
    assert outcome.error is None


@pytest.mark.parametrize("where", ["fetch", "call", "confirm"])
def test_a_signal_is_answered_while_the_world_is_slow(where: str) -> None:
    """Also when it does not reach the main thread, the only one in which Python runs handlers."""
    heard = threading.Event()

    def slow(*_given: Any) -> dict[str, Any]:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        assert heard.wait(5), "the handler was not run"
        return {}

    world = World(a=1)
    quick = {"fetch": world.fetch, "call": world.call, "confirm": lambda *_given: {}}
    former = signal.signal(signal.SIGUSR1, lambda *_given: heard.set())
    try:
        (outcome,) = reconcile(
            [Target("a", 7)],
            plan=lambda *_given: Plan({}, {}, (step(7),)),
            settled=world.settled,
            **{**quick, where: slow},
        )
    finally:
        signal.signal(signal.SIGUSR1, former)
    assert outcome.error is None
