# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reserved and provisioned concurrency of Lambda functions: what is there, what must happen, what the account can bear.

`read_targets`, `plan_concurrency` and `review_pool` are pure; `fetch_*` read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import (
    LAMBDA_DIMENSION,
    autoscaling_notes,
    fetch_autoscaling,
    plan_autoscaling,
    shape_autoscaling,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._lambda_functions import (
    Caller,
    Provisioned,
    fetch_provisioned,
)
from ansible_collections.runbook.aws.plugins.module_utils._lambda_functions import function_name as _name_of
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target

UNRESERVED = "unreserved"

# What AWS keeps for functions without a reservation (API_PutFunctionConcurrency: "at least 100"). No API gives it, and
# small accounts answer with 10 or 50, so it is an option of the module.
UNRESERVED_MINIMUM = 100

# Stages of `_plan.Call`: first every target gives back what it no longer wants, then others take it.
GIVE, TAKE = 0, 1

_QUALIFIER = re.compile(r"[\w-]{1,128}")


@dataclass(frozen=True)
class QualifierWish:
    """What is asked for one alias or version; none leaves it alone."""

    concurrency: int | None = None
    autoscaling: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Wish:
    """What is asked for one function.

    Attributes:
        function: The function as the operator named it, a name or an ARN.
        reserved: A number, `unreserved`, or none to leave it alone.
        provisioned: By qualifier, in the operator's order.
    """

    function: str
    reserved: int | str | None = None
    provisioned: Mapping[str, QualifierWish] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What was read of one function.

    Attributes:
        reserved: A number, or none for a function without a reservation.
        provisioned: By qualifier; none if it was not read, because the wish does not need it.
        versions: The version behind each qualifier that had to be looked up; none for one that does not exist.
    """

    reserved: int | None
    provisioned: Mapping[str, Provisioned] | None = None
    versions: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """What concerns all functions of the account and region.

    Attributes:
        limit: Environments that may run at the same time.
        unreserved: Those of them that no function has reserved.
        autoscaling: By (resource id, dimension), see `_autoscaling.fetch_autoscaling`.
    """

    limit: int
    unreserved: int
    autoscaling: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ConcurrencyPlan(Plan):
    """A plan that knows what it takes from the account.

    Attributes:
        reserves: How much more the function reserves afterwards (less: negative).
        provisions: How much more of the unreserved pool its provisioned concurrency holds afterwards.
        held: How much of the unreserved pool its provisioned concurrency holds afterwards, as far as it was read.
    """

    reserves: int = 0
    provisions: int = 0
    held: int = 0


# --- what is asked ---------------------------------------------------------------------------------------------------


def read_targets(functions: Sequence[Mapping[str, Any]]) -> list[Target]:
    """The module's option as targets, checked as far as that is possible without AWS.

    Raises:
        Refused: With every function that is asked for in a wrong way.
    """
    targets, refusals = [], []
    for function in functions:
        try:
            targets.append(_read_target(function))
        except Refused as refusal:
            refusals.append(str(refusal))
    if refusals:
        lines = "\n".join(f"- {refusal}" for refusal in refusals)
        raise Refused(f"{len(refusals)} of {len(functions)} are not valid, nothing was read or written:\n{lines}")
    return targets


def _read_target(function: Mapping[str, Any]) -> Target:
    name = function_name(function["name"])
    reserved = function.get("reserved")
    if reserved is not None and reserved != UNRESERVED:
        reserved = _count(name, "reserved", reserved, f"or the word {UNRESERVED} to clear the reservation")
    provisioned: dict[str, QualifierWish] = {}
    for item in function.get("provisioned") or ():
        qualifier = str(item["qualifier"])
        if not _QUALIFIER.fullmatch(qualifier):
            # "You cannot use provisioned concurrency with the $LATEST version of any function":
            # https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
            raise Refused(
                f"{name}: {qualifier} cannot have provisioned concurrency. Name an alias or a published version."
            )
        if qualifier in provisioned:
            raise Refused(
                f"{name}: the qualifier {qualifier} is named twice. Put what you want of it into one element."
            )
        concurrency, autoscaling = item.get("concurrency"), item.get("autoscaling")
        if concurrency is None and autoscaling is None:
            raise Refused(f"{name}:{qualifier}: give its concurrency, its autoscaling, or both.")
        if concurrency is not None:
            concurrency = _count(f"{name}:{qualifier}", "concurrency", concurrency, "0 to remove it")
        provisioned[qualifier] = QualifierWish(concurrency, autoscaling)
    if reserved is None and not provisioned:
        raise Refused(f"{name}: nothing is asked for. Give reserved, provisioned, or both.")
    return Target(name, Wish(function["name"], reserved, provisioned))


def function_name(function: str) -> str:
    """A function's name, from its name or ARN.

    Raises:
        Refused: It is neither, or names a version as well.
    """
    return _name_of(
        function,
        "concurrency is reserved for a function as a whole. Leave out :{qualifier}, and name it as a qualifier under"
        " provisioned.",
    )


def _count(subject: str, option: str, value: Any, otherwise: str) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise Refused(f"{subject}: {option} is {value}. Give a whole number, 0 or more, {otherwise}.")
    return number


# --- what is there ---------------------------------------------------------------------------------------------------


def fetch_account(aws: Caller, targets: Iterable[Target]) -> Account:
    """The account's limits, and the autoscaling of every qualifier that the targets name.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    qualifiers = [resource_id(target.name, qualifier) for target in targets for qualifier in target.desired.provisioned]
    limits = aws.call("lambda", "GetAccountSettings")["AccountLimit"]
    return Account(
        limit=limits["ConcurrentExecutions"],
        unreserved=limits["UnreservedConcurrentExecutions"],
        autoscaling=fetch_autoscaling(aws, "lambda", qualifiers) if qualifiers else {},
    )


def fetch_function(aws: Caller, target: Target) -> State:
    """What the plan of one function needs, with as few calls as will do.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    wish: Wish = target.desired
    # GetFunction has a rate of its own, six times that of GetFunctionConcurrency, and carries the reservation.
    answer = aws.call("lambda", "GetFunction", FunctionName=wish.function)
    reserved = answer.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    lowered = isinstance(wish.reserved, int) and reserved is not None and wish.reserved < reserved
    if not wish.provisioned and not lowered:
        return State(reserved)
    provisioned = fetch_provisioned(aws, wish.function)
    unsure = [name for name, asked in wish.provisioned.items() if name not in provisioned and _needs_qualifier(asked)]
    return State(reserved, provisioned, {name: _version(aws, wish.function, name) for name in unsure})


def _needs_qualifier(asked: QualifierWish) -> bool:
    """Removing what is not there needs no alias: an event is scaled back after a deployment replaced its version."""
    return bool(asked.concurrency) or bool(asked.autoscaling and asked.autoscaling.get("state") != "absent")


def _version(aws: Caller, function: str, qualifier: str) -> str | None:
    try:
        answer = aws.call("lambda", "GetFunction", FunctionName=function, Qualifier=qualifier)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise
    return answer["Configuration"].get("Version", qualifier)


def resource_id(name: str, qualifier: str) -> str:
    """Application Auto Scaling's name of an alias or version."""
    return f"function:{name}:{qualifier}"


def function_shape(
    name: str,
    reserved: int | None,
    provisioned: Mapping[str, Provisioned] | None = None,
    autoscaling: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """A whole function as a valid element of the module's option.

    Args:
        name: The function.
        reserved: Its reservation, or none.
        provisioned: As `fetch_provisioned` gives it, or none if it was not read.
        autoscaling: By qualifier, as `fetch_all_autoscaling` gives it.
    """
    shape: dict[str, Any] = {"name": name, "reserved": UNRESERVED if reserved is None else reserved}
    if provisioned is None:
        return shape
    scaled = autoscaling or {}
    shape["provisioned"] = []
    for qualifier in sorted(provisioned.keys() | scaled.keys()):
        number = provisioned[qualifier].requested if qualifier in provisioned else 0
        item: dict[str, Any] = {"qualifier": qualifier}
        if qualifier not in scaled or (not _tracked(scaled[qualifier]) and _inside(number, scaled[qualifier])):
            item["concurrency"] = number
        if qualifier in scaled:
            item["autoscaling"] = shape_autoscaling(scaled[qualifier])
        shape["provisioned"].append(item)
    return shape


def read_function(
    aws: Caller, target: Target, autoscaling: Mapping[str, Mapping[str, Mapping[str, Any]]] | None
) -> dict[str, Any]:
    """One function for an operator to see, and to keep.

    Args:
        aws: The way to AWS.
        target: The function; `desired` is its name or ARN as it was given.
        autoscaling: As `fetch_all_autoscaling` gives it, or none to leave out provisioned concurrency.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    state = fetch_function(aws, Target(target.name, Wish(target.desired)))
    if autoscaling is None:
        return {"function": function_shape(target.name, state.reserved)}
    provisioned = fetch_provisioned(aws, target.desired)
    return {
        "function": function_shape(target.name, state.reserved, provisioned, autoscaling.get(target.name)),
        "provisioned_status": [
            {"qualifier": qualifier, **asdict(config)} for qualifier, config in sorted(provisioned.items())
        ],
    }


def fetch_all_autoscaling(aws: Caller) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The autoscaling of every alias and version of the account and region, by function and qualifier.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for (rid, _dimension), scaling in fetch_autoscaling(aws, "lambda").items():
        _function, name, qualifier = rid.split(":", 2)
        found.setdefault(name, {})[qualifier] = scaling
    return found


# --- what must happen ------------------------------------------------------------------------------------------------


def plan_concurrency(target: Target, state: State, account: Account) -> ConcurrencyPlan:
    """How one function gets from what is there to what is asked.

    Provisioned concurrency is lowered before the reservation that holds it, and raised after it: "the provisioned
    concurrency can't exceed the reserved concurrency", the sum over a function's versions included
    (https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html).

    Raises:
        Refused: AWS would refuse it, or it could not be undone.
    """
    wish: Wish = target.desired
    reserved = state.reserved
    if wish.reserved is not None:
        reserved = wish.reserved if isinstance(wish.reserved, int) else None
        _within_limit(target.name, "reserved", reserved, account)
    moves = [_plan_qualifier(target.name, name, wish, state, account) for name in wish.provisioned]
    calls = [call for move in moves for call in move.calls]
    change = _reservation(wish.function, state.reserved, reserved)
    there = {name: config.requested for name, config in (state.provisioned or {}).items()}
    then = {**there, **{move.qualifier: move.number for move in moves}}
    if calls or change:
        _within_reservation(target.name, reserved, then)
    before: dict[str, Any] = {"name": target.name}
    after: dict[str, Any] = {"name": target.name}
    if wish.reserved is not None:
        before["reserved"] = UNRESERVED if state.reserved is None else state.reserved
        after["reserved"] = UNRESERVED if reserved is None else reserved
    if moves:
        before["provisioned"] = [move.before for move in moves]
        after["provisioned"] = [move.after for move in moves]
    held, was_held = (0 if r is not None else sum(p.values()) for r, p in ((reserved, then), (state.reserved, there)))
    return ConcurrencyPlan(
        before,
        after,
        (
            *(call for call in calls if call.stage == GIVE),
            *change,
            *(call for call in calls if call.stage == TAKE),
        ),
        tuple(note for move in moves for note in (*move.notes, *_ceiling(target.name, reserved, account, move))),
        reserves=(reserved or 0) - (state.reserved or 0),
        provisions=held - was_held,
        held=held,
    )


@dataclass(frozen=True)
class _Move:
    """What happens to one qualifier."""

    qualifier: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    number: int
    most: int
    calls: tuple[Call, ...]
    notes: tuple[str, ...]


def _reservation(function: str, old: int | None, new: int | None) -> tuple[Call, ...]:
    if new == old:
        return ()
    if new is None:
        return (Call("lambda", "DeleteFunctionConcurrency", {"FunctionName": function}, stage=GIVE),)
    stage = GIVE if old is not None and new < old else TAKE
    arguments = {"FunctionName": function, "ReservedConcurrentExecutions": new}
    return (Call("lambda", "PutFunctionConcurrency", arguments, stage=stage),)


def _plan_qualifier(name: str, qualifier: str, wish: Wish, state: State, account: Account) -> _Move:
    asked = wish.provisioned[qualifier]
    subject = f"{name}:{qualifier}"
    rid = resource_id(name, qualifier)
    config = (state.provisioned or {}).get(qualifier)
    number = config.requested if config else 0
    scaling = account.autoscaling.get((rid, LAMBDA_DIMENSION))
    _within_limit(subject, "concurrency", asked.concurrency, account)
    if qualifier in state.versions:
        _publishable(name, qualifier, state.versions[qualifier])

    desired = asked.autoscaling
    if desired is None and scaling is not None:
        desired = _bounds_for(subject, asked.concurrency or 0, scaling)
    if desired is None:
        wanted = asked.concurrency or 0
        return _Move(
            qualifier,
            before={"qualifier": qualifier, "concurrency": number},
            after={"qualifier": qualifier, "concurrency": wanted},
            number=wanted,
            most=wanted,
            calls=_provision(wish.function, qualifier, config, wanted),
            notes=(),
        )

    scaling_before, scaling_after, scaling_calls = plan_autoscaling(
        "lambda", rid, LAMBDA_DIMENSION, scaling, desired, stage=TAKE, removal_stage=GIVE
    )
    stays = scaling_after["state"] == "present"
    then = {**(scaling or {}), **scaling_after}
    wanted = _number_then(subject, asked.concurrency, number, scaling, then if stays else None)
    _within_limit(subject, "provisioned concurrency", wanted, account)
    if wanted < number or (wanted == number and scaling and stays and then["max_capacity"] < scaling["max_capacity"]):
        scaling_calls = tuple(replace(call, stage=GIVE) for call in scaling_calls)
    # While a policy moves the number, it is always on its way somewhere.
    waits = not (scaling and _tracked(scaling))
    provision_calls = _provision(wish.function, qualifier, config, wanted, waits=waits)
    # Out of the way first, if it goes; else last, when the number is inside its bounds already and it has nothing to
    # correct (RegisterScalableTarget moves a number that is outside, at a time of its own choosing).
    calls = (*provision_calls, *scaling_calls) if stays else (*scaling_calls, *provision_calls)

    before: dict[str, Any] = {"qualifier": qualifier}
    after: dict[str, Any] = {"qualifier": qualifier}
    comes_or_goes = (scaling is None) == stays or (scaling and stays and _tracked(scaling) != _tracked(then))
    if asked.concurrency is not None or wanted != number or comes_or_goes:
        if scaling is None or (not _tracked(scaling) and _inside(number, scaling)):
            before["concurrency"] = number
        if not (stays and _tracked(then)):
            after["concurrency"] = wanted
    notes = list(autoscaling_notes(subject, scaling, scaling_after))
    if scaling and scaling_calls and asked.autoscaling is None:
        notes.append(_moved_bounds(subject, scaling, then))
    if scaling and not stays and wanted and asked.concurrency is None:
        notes.append(
            f"{subject}: without autoscaling its {wanted} provisioned environments stay, and are billed."
            " Give concurrency: 0 to remove them."
        )
    return _Move(
        qualifier,
        {**before, "autoscaling": scaling_before},
        {**after, "autoscaling": scaling_after},
        wanted,
        then["max_capacity"] if stays else wanted,
        calls,
        tuple(notes),
    )


def _bounds_for(subject: str, concurrency: int, scaling: Mapping[str, Any]) -> dict[str, Any]:
    """Bounds that keep a number that a scalable target owns: setting the number itself would be undone by it."""
    if concurrency == 0:
        raise Refused(
            f"{subject}: concurrency is 0, but a scalable target ({scaling['min_capacity']} to"
            f" {scaling['max_capacity']}) owns it and would bring it back. Give autoscaling: {{state: absent}} as well"
            " to remove both, or min_capacity: 0 and max_capacity: 0 to keep the target."
        )
    return {"min_capacity": concurrency, "max_capacity": max(concurrency, scaling["max_capacity"])}


def _moved_bounds(subject: str, scaling: Mapping[str, Any], then: Mapping[str, Any]) -> str:
    schedules = ", ".join(item["name"] for item in scaling.get("schedules", ()))
    return (
        f"{subject}: a scalable target owns its provisioned concurrency, so the target's bounds are moved from"
        f" {scaling['min_capacity']}-{scaling['max_capacity']} to {then['min_capacity']}-{then['max_capacity']}"
        + (f"; its scheduled actions ({schedules}) will move them again." if schedules else ".")
    )


def _number_then(
    subject: str,
    asked: int | None,
    number: int,
    scaling: Mapping[str, Any] | None,
    then: Mapping[str, Any] | None,
) -> int:
    """The provisioned concurrency after the task.

    Args:
        subject: For messages.
        asked: What was asked, or none.
        number: What is there.
        scaling: The autoscaling that is there, or none.
        then: The autoscaling afterwards, or none.
    """
    if then is None:
        return number if asked is None else asked
    least, most = then["min_capacity"], then["max_capacity"]
    if asked is not None and not least <= asked <= most:
        raise Refused(
            f"{subject}: concurrency is {asked}, outside of its autoscaling's bounds {least} to {most}, which win."
            " Give both so that they agree, or leave out concurrency."
        )
    # Once a policy follows the load, a number that is asked for is no more than where it starts.
    if asked is not None and not (scaling is not None and _tracked(scaling) and _tracked(then)):
        return asked
    return min(max(number, least), most)


def _provision(
    function: str, qualifier: str, config: Provisioned | None, wanted: int, *, waits: bool = True
) -> tuple[Call, ...]:
    number = config.requested if config else 0
    arguments = {"FunctionName": function, "Qualifier": qualifier}
    ready = Settle("provisioned_concurrency_ready", arguments)
    stage = GIVE if wanted < number else TAKE
    if wanted == 0:
        return (Call("lambda", "DeleteProvisionedConcurrencyConfig", arguments, stage=stage),) if config else ()
    if wanted == number and config and config.status != "FAILED":
        # Asked for already, by a run that did not wait or was killed: only to be waited for.
        unsettled = config.status == "IN_PROGRESS" and waits
        return (Call("lambda", "GetProvisionedConcurrencyConfig", arguments, ready, stage),) if unsettled else ()
    put = {**arguments, "ProvisionedConcurrentExecutions": wanted}
    return (Call("lambda", "PutProvisionedConcurrencyConfig", put, ready, stage),)


def _tracked(scaling: Mapping[str, Any]) -> bool:
    """Whether a policy moves the number; without one, only scheduled actions and the bounds themselves do."""
    return bool(scaling.get("target_utilization") or scaling.get("other_policies"))


def _inside(number: int, scaling: Mapping[str, Any]) -> bool:
    return scaling["min_capacity"] <= number <= scaling["max_capacity"]


def _publishable(name: str, qualifier: str, version: str | None) -> None:
    if version is None:
        raise Refused(
            f"{name}: it has no alias or version {qualifier}. Check the name, or publish a version and point the alias"
            " to it."
        )
    if version == "$LATEST":
        raise Refused(
            f"{name}: the alias {qualifier} points to $LATEST, which cannot have provisioned concurrency. Publish a"
            " version and point the alias to it."
        )


def _within_limit(subject: str, option: str, value: int | None, account: Account) -> None:
    if value is not None and value > account.limit:
        raise Refused(
            f"{subject}: {option} is {value}, more than the {account.limit} that may run at the same time in this"
            " account and region. Ask for less, or for a higher quota (Service Quotas, AWS Lambda, Concurrent"
            " executions)."
        )


def _within_reservation(name: str, reserved: int | None, provisioned: Mapping[str, int]) -> None:
    total = sum(provisioned.values())
    if reserved is None or total <= reserved:
        return
    parts = ", ".join(f"{qualifier} {number}" for qualifier, number in sorted(provisioned.items()) if number)
    raise Refused(
        f"{name}: its provisioned concurrency would be {total} ({parts}) and its reserved concurrency {reserved}; AWS"
        f" does not let it provision more than it reserves. Reserve {total} or more, or provision less."
    )


def _ceiling(name: str, reserved: int | None, account: Account, move: _Move) -> Iterable[str]:
    if move.calls and move.most > (most := account.limit if reserved is None else reserved):
        of = "the account has" if reserved is None else "the function reserves"
        yield f"{name}:{move.qualifier}: its autoscaling may go up to {move.most}, but {of} {most}: it stops there."


# --- what the account can bear ---------------------------------------------------------------------------------------


def review_pool(
    plans: Mapping[str, ConcurrencyPlan], account: Account, minimum: int
) -> tuple[dict[str, str], str | None]:
    """All plans together against what functions without a reservation share.

    Provisioned concurrency of a function without a reservation is taken from that pool too: "you can configure up to
    the Unreserved account concurrency in your account, minus 100"
    (https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html).

    Args:
        plans: By function.
        account: As `fetch_account` gave it.
        minimum: What AWS keeps unreserved in this account.

    Returns:
        The function that asks for too much with the reason, or nothing; and what the operator should know.
    """
    reserves = sum(plan.reserves for plan in plans.values())
    left = account.unreserved - reserves
    if reserves > 0 and left < minimum:
        largest = _largest(plans, lambda plan: plan.reserves)
        return {
            largest[0][0]: (
                f"together these functions would reserve {reserves} more, which leaves {left} of the account's"
                f" {account.limit} for all functions without a reservation ({account.unreserved} now); AWS keeps at"
                f" least {minimum} there. The largest are {_named(largest)}. Reserve {minimum - left} less, clear"
                " another reservation (reserved: unreserved), or ask for a higher quota (Service Quotas, AWS Lambda,"
                " Concurrent executions). If AWS keeps less in this account, set unreserved_minimum."
            )
        }, None
    provisions = sum(plan.provisions for plan in plans.values())
    free = left - sum(plan.held for plan in plans.values())
    if provisions > 0 and free < minimum:
        largest = _largest(plans, lambda plan: plan.provisions)
        return {
            largest[0][0]: (
                f"together these functions would provision {provisions} more without having it reserved, which leaves"
                f" {free} of the account's {account.limit} for all functions without a reservation; AWS keeps at least"
                f" {minimum} there. The largest are {_named(largest)}. Provision {minimum - free} less, or ask for a"
                " higher quota (Service Quotas, AWS Lambda, Concurrent executions). If AWS keeps less in this account,"
                " set unreserved_minimum."
            )
        }, None
    return {}, _shrinks(plans, account, reserves + provisions)


def _shrinks(plans: Mapping[str, ConcurrencyPlan], account: Account, taken: int) -> str | None:
    if taken * 10 < account.limit:
        return None
    capped = sum(
        1 for p in plans.values() if p.before.get("reserved") == UNRESERVED and p.after["reserved"] != UNRESERVED
    )
    return (
        f"What all functions without a reservation share shrinks by {taken}, from {account.unreserved} to"
        f" {account.unreserved - taken} of the account's {account.limit}."
        + (f" {capped} of these functions had no reservation: theirs is now also their ceiling." if capped else "")
    )


def _largest(plans: Mapping[str, ConcurrencyPlan], taken: Callable[[ConcurrencyPlan], int]) -> list[tuple[str, int]]:
    amounts = [(name, taken(plan)) for name, plan in plans.items()]
    return sorted(((name, amount) for name, amount in amounts if amount > 0), key=lambda item: -item[1])[:3]


def _named(largest: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} (+{amount})" for name, amount in largest)
