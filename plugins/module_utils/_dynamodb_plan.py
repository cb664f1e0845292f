# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a DynamoDB table gets to the capacity that is wanted. Pure; `plan_capacity` is the entry.

The short names of sources in the comments are those of `_dynamodb.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import (
    SERVICE,
    autoscaling_notes,
    plan_autoscaling,
    shape_autoscaling,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import (
    DECREASES_AT_ONCE,
    EVERY_INDEX,
    KINDS,
    MAXIMUM_FIELDS,
    ON_DEMAND,
    PROVISIONED,
    SWITCH_WINDOW,
    SWITCHES,
    UNIT_FIELDS,
    UNLIMITED,
    WARM_FIELDS,
    Capacity,
    Switches,
    TableState,
    check,
)
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target

# quotas, "Throughput default quotas": for one table, reads and writes each. Adjustable, so this is only a note.
DEFAULT_TABLE_QUOTA = 40_000
# warm: what an on-demand table can take at once from the start.
_ON_DEMAND_START = {"read": 12_000, "write": 4_000}


@dataclass
class _Part:
    """What is planned for a table itself or for one index."""

    capacity: Capacity
    wish: Mapping[str, Any]
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    maxima: dict[str, int] = field(default_factory=dict)
    warm: dict[str, int] = field(default_factory=dict)
    scaling: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    removals: list[Call] = field(default_factory=list)
    additions: list[Call] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def show(self, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Take what the operator sees of reads or writes."""
        if before:
            self.before[kind] = dict(before)
        if after:
            self.after[kind] = dict(after)

    def reach(self, kind: str) -> tuple[tuple[int, int], tuple[int, int]]:
        """The lowest and highest units, before and after."""
        rate = self.capacity.rates[kind]
        old = _bounds(rate.autoscaling, rate.units)
        return old, _bounds(self.scaling.get(kind, rate.autoscaling), self.units.get(kind, rate.units))


def _bounds(autoscaling: Mapping[str, Any] | None, units: int) -> tuple[int, int]:
    if autoscaling is None or autoscaling.get("state") == "absent":
        return units, units
    return autoscaling["min_capacity"], autoscaling["max_capacity"]


def plan_capacity(target: Target, state: TableState, _context: object = None) -> Plan:
    """How to get a table to what is wanted. Only what is named is changed.

    Args:
        target: The table's name, and an element of the option `tables`.
        state: The table as it was found.

    Raises:
        Refused: It must not be done, or AWS would not do it.
    """
    wish = check(target)
    if state.capacity.status not in ("ACTIVE", "UPDATING"):
        raise Refused(
            f"{state.name} is {state.capacity.status}, and its capacity cannot be changed in that state."
            " Wait until it is ACTIVE, or leave it out."
        )
    mode = wish.get("billing_mode", state.mode)
    switching = mode != state.mode
    wishes = _index_wishes(state, wish)
    table = _Part(state.capacity, wish)
    indexes = {
        name: _Part(capacity, wishes.get(name, {}))
        for name, capacity in state.indexes.items()
        if name in wishes or (switching and capacity.status != "DELETING")
    }
    parts = [table, *indexes.values()]
    for part in parts:
        for kind in KINDS:
            if mode == PROVISIONED:
                _plan_provisioned(part, kind, switching)
            else:
                _plan_on_demand(part, kind, switching, said="billing_mode" in wish)
        _plan_warm(part, to_on_demand=switching and mode == ON_DEMAND)
    if switching:
        notes = _switch_notes(state, mode, parts)
    else:
        notes = [*_decrease_notes(state, parts), *_index_notes(state, table, indexes)]
    notes = [*(note for part in parts for note in part.notes), *notes]
    calls = _calls(state, mode, switching, table, indexes)
    if calls and state.replicas:
        notes.append(
            f"{state.name} is a global table (also in {', '.join(state.replicas)}). Billing mode and write capacity"
            " hold for all its replicas; what a replica has set for itself is not looked at: check the other regions."
        )
    return Plan(
        _element(state.name, wish, state.mode, table.before, [(n, p.before) for n, p in indexes.items()]),
        _element(state.name, wish, mode, table.after, [(n, p.after) for n, p in indexes.items() if n in wishes]),
        calls,
        tuple(notes),
    )


def _element(
    name: str,
    wish: Mapping[str, Any],
    mode: str,
    table: Mapping[str, Any],
    indexes: Sequence[tuple[str, Mapping[str, Any]]],
) -> dict[str, Any]:
    """An element of the option `tables`."""
    # An on-demand table's own autoscaling is accepted only beside its mode, and `before` must be accepted.
    rates = [part.get(kind, {}) for part in (table, *(part for _name, part in indexes)) for kind in KINDS]
    resting = mode == ON_DEMAND and any("autoscaling" in rate for rate in rates)
    return {
        "name": name,
        **({"billing_mode": mode} if "billing_mode" in wish or resting else {}),
        **table,
        **({"indexes": [{"name": index, **part} for index, part in indexes]} if indexes else {}),
    }


def _index_wishes(state: TableState, wish: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What is wanted of which index."""
    usable = [name for name, index in state.indexes.items() if index.status != "DELETING"]
    wishes: dict[str, Mapping[str, Any]] = {}
    for item in wish.get("indexes", ()):
        wishes.update(dict.fromkeys(usable, item) if item["name"] == EVERY_INDEX else {item["name"]: item})
    unknown = [name for name in wishes if name not in usable]
    if unknown:
        there = f"it has {', '.join(usable)}" if usable else "it has none"
        raise Refused(f"{state.name} has no global secondary index {', '.join(unknown)} ({there}).")
    return wishes


def _plan_provisioned(part: _Part, kind: str, switching: bool) -> None:
    """Reads or writes of what is provisioned, or is to be."""
    rate, wish = part.capacity.rates[kind], part.wish.get(kind, {})
    subject = f"{part.capacity.subject}: {kind}"
    units, scaling = wish.get("units"), wish.get("autoscaling")
    owned = rate.autoscaling is not None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if "max_request_units" in wish:
        if wish["max_request_units"] != rate.word:
            raise Refused(
                f"{subject} max_request_units limits an on-demand table, and this one is provisioned."
                f" Leave it out, or add billing_mode: {ON_DEMAND}."
            )
        before["max_request_units"] = after["max_request_units"] = rate.word
    if switching:
        before["max_request_units"] = rate.word
        if "units" not in wish and "initial_units" not in wish:
            part.missing.append(kind)
    if units is not None and scaling is None and rate.autoscaling is not None:
        most = max(units, rate.autoscaling["max_capacity"])
        scaling = {"min_capacity": units, "max_capacity": most}
        if scaling != {key: rate.autoscaling[key] for key in scaling}:
            part.notes.append(
                f"{subject} capacity is autoscaled, so units {units} moves its bounds to {units}..{most} instead of"
                " being fought over. Give autoscaling yourself for other bounds."
            )
    owned_after = owned
    if scaling is not None:
        before["autoscaling"], after["autoscaling"] = _plan_scaling(part, kind, scaling)
        owned_after = after["autoscaling"]["state"] == "present"
    if not switching and not owned and (units is not None or owned_after):
        # Units move when autoscaling comes too (API_RegisterScalableTarget: it "changes the resource's current capacity
        # to a value that is inside of this range"), so undoing that needs them.
        before["units"] = rate.units
    start = wish.get("units", wish.get("initial_units")) if switching else units
    if start is not None and (switching or (start != rate.units and not (owned and owned_after))):
        part.units[kind] = start
        if start > DEFAULT_TABLE_QUOTA:
            part.notes.append(
                f"{subject} units {start} are above the default quota of {DEFAULT_TABLE_QUOTA} for a table. If AWS"
                " answers LimitExceededException, have the quota raised in Service Quotas (DynamoDB, table-level"
                " throughput)."
            )
    if start is not None and not owned_after:
        after["units"] = start
    if owned_after:
        _settle_scaling(part, kind, reassert=switching and owned)
    part.show(kind, before, after)


def _plan_on_demand(part: _Part, kind: str, switching: bool, said: bool) -> None:
    """Reads or writes of what is on-demand, or is to be."""
    rate, wish = part.capacity.rates[kind], part.wish.get(kind, {})
    subject = f"{part.capacity.subject}: {kind}"
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if "units" in wish:
        raise Refused(
            f"{subject} units cannot be set, because the table is on-demand. Add billing_mode: {PROVISIONED} with units"
            " for the table and each of its indexes, or limit it with max_request_units."
        )
    if "max_request_units" in wish:
        limit = after["max_request_units"] = wish["max_request_units"]
        if not switching:
            before["max_request_units"] = rate.word
        if limit != rate.word:
            part.maxima[kind] = -1 if limit == UNLIMITED else limit
    if switching:
        # All that is needed to come back, units included: UpdateTable asks for them (model, BillingMode).
        before["units" if rate.autoscaling is None else "initial_units"] = rate.units
        if rate.autoscaling is not None:
            before["autoscaling"] = shape_autoscaling(rate.autoscaling)
    if (scaling := wish.get("autoscaling")) is not None:
        old, after["autoscaling"] = _plan_scaling(part, kind, scaling)
        before["autoscaling"] = {**before.get("autoscaling", {}), **old}
        if part.additions and after["autoscaling"]["state"] == "present":
            if not said:
                raise Refused(
                    f"{subject} autoscaling would do nothing, because the table is on-demand. Add billing_mode:"
                    f" {PROVISIONED} with units, or limit it with max_request_units. To set it for the day when the"
                    f" table is provisioned again, add billing_mode: {ON_DEMAND}."
                )
            part.notes.append(f"{subject} autoscaling rests while the table is on-demand.")
    part.show(kind, before, after)


def _plan_scaling(part: _Part, kind: str, scaling: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    capacity = part.capacity
    current = capacity.rates[kind].autoscaling
    before, after, calls = plan_autoscaling(
        "dynamodb", capacity.resource_id, capacity.dimension(kind), current, scaling
    )
    removal = [call for call in calls if call.operation == "DeregisterScalableTarget"]
    part.removals += removal
    part.additions += [call for call in calls if call not in removal]
    part.scaling[kind] = {**(current or {}), **after} if after["state"] == "present" else after
    part.notes += autoscaling_notes(f"{capacity.subject}: {kind}", current, after)
    return before, after


def _settle_scaling(part: _Part, kind: str, reassert: bool) -> None:
    """Make the autoscaling of a provisioned table act, and wait for what it does to the table."""
    capacity = part.capacity
    identity = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": capacity.resource_id,
        "ScalableDimension": capacity.dimension(kind),
    }
    mine = [
        call
        for call in part.additions
        if call.operation == "RegisterScalableTarget" and identity.items() <= call.arguments.items()
    ]
    current = capacity.rates[kind].autoscaling
    if reassert and not mine and current is not None:
        # switching: the settings of before "can be applied when you update your table to provisioned mode again".
        bounds = {"MinCapacity": current["min_capacity"], "MaxCapacity": current["max_capacity"]}
        call = Call(SERVICE, "RegisterScalableTarget", {**identity, **bounds})
        part.additions.insert(0, call)
        mine = [call]
    part.additions = [
        replace(call, settle=_scaled(capacity, kind, part.scaling.get(kind) or current or {})) if call in mine else call
        for call in part.additions
    ]


def _plan_warm(part: _Part, to_on_demand: bool) -> None:
    """Warm throughput is a floor: it rises with the units, and it never comes down (warm)."""
    wish = part.wish.get("warm_throughput", {})
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for kind in KINDS:
        if (wanted := wish.get(f"{kind}_units")) is None:
            continue
        current = part.capacity.warm.get(kind, 0)
        # AWS raises it itself to what the same task provisions, and refuses less than it then is.
        reached = max(current, part.units.get(kind, 0), _ON_DEMAND_START[kind] if to_on_demand else 0)
        if current:
            before[f"{kind}_units"] = current
        after[f"{kind}_units"] = max(reached, wanted)
        if wanted > reached:
            part.warm[WARM_FIELDS[kind]] = wanted
            part.notes.append(
                f"{part.capacity.subject}: warm {kind} throughput goes from {current} to {wanted} units a second. AWS"
                " charges for that once, and it is the one thing here that cannot be undone: it never comes down."
            )
    if before:
        part.before["warm_throughput"] = before
    if after:
        part.after["warm_throughput"] = after


def _decrease_notes(state: TableState, parts: Sequence[_Part]) -> list[str]:
    """Refuse what AWS would refuse: one decrease too many rejects the whole call (quotas)."""
    late, notes = [], []
    for part in parts:
        capacity = part.capacity
        free = capacity.next_decrease(state.read_at)
        if free is None:
            continue
        used = capacity.decreases_today(state.read_at)
        if any(units < capacity.rates[kind].units for kind, units in part.units.items()):
            late.append(f"{capacity.subject} was lowered {used} times today and can be again at {stamp(free)}")
        elif any(part.reach(kind)[1][1] < capacity.rates[kind].units for kind in part.scaling):
            notes.append(
                f"{capacity.subject} was lowered {used} times today: its bounds are moved now, its units come down"
                f" after {stamp(free)} (UTC)."
            )
    if late:
        raise Refused(
            f"{'; '.join(late)} (UTC). AWS allows {DECREASES_AT_ONCE} decreases at the start of a UTC day and one more"
            " for each hour. Run the same task again then, or leave out what is to be lowered."
        )
    return notes


def _switch_notes(state: TableState, mode: str, parts: Sequence[_Part]) -> list[str]:
    if mode == PROVISIONED:
        missing = [f"{part.capacity.subject}: {' and '.join(part.missing)}" for part in parts if part.missing]
        if missing:
            raise Refused(
                f"{state.name}: a table that becomes provisioned needs units for its own reads and writes and for those"
                f" of every index. Missing are the units of {'; '.join(missing)}."
            )
        return []
    switches = state.switches or Switches()
    if free := switches.next_free:
        raise Refused(
            f"{state.name} was switched to on-demand {len(switches.times)} times in the last 24 hours, and AWS allows"
            f" {SWITCHES}. The next switch is possible at {stamp(free)} (UTC). Until then raise its units instead."
        )
    notes = []
    if switches.unseen:
        shown = f"at least {len(switches.times)}, at {stamp(switches.times[-1])}" if switches.times else "none seen"
        notes.append(
            f"{state.name}: not observable: how many of the {SWITCHES} switches to on-demand in 24 hours are used"
            f" ({shown}). {switches.unseen}"
        )
    elif len(switches.times) == SWITCHES - 1:
        notes.append(
            f"{state.name}: this is the last of {SWITCHES} switches to on-demand in 24 hours, until"
            f" {stamp(switches.times[0] + SWITCH_WINDOW)} (UTC)."
        )
    if any(rate.autoscaling is not None for part in parts for rate in part.capacity.rates.values()):
        kept = (
            "AWS does not keep the autoscaling of a global table: give the returned before back to restore it."
            if state.replicas
            else "Its autoscaling stays registered and rests until it is provisioned again."
        )
        notes.append(f"{state.name} becomes on-demand. {kept}")
    return notes


def _index_notes(state: TableState, table: _Part, indexes: Mapping[str, _Part]) -> list[str]:
    """Say so when a table is raised and its indexes are not."""
    notes = []
    why = {
        "read": "A query of an index uses the index's own units.",
        "write": "A write to the table writes to them too, and is throttled when they are.",
    }
    for kind in KINDS:
        old, new = table.reach(kind)
        if new[0] <= old[0] and new[1] <= old[1]:
            continue
        parts = {name: indexes.get(name) or _Part(capacity, {}) for name, capacity in state.indexes.items()}
        low = [name for name, part in parts.items() if kind not in part.wish and part.reach(kind)[1][1] < new[1]]
        if low:
            notes.append(
                f"{state.name}: its {kind} capacity is raised, that of its indexes {', '.join(low)} is not. {why[kind]}"
                f' Name them under indexes, or all with "{EVERY_INDEX}".'
            )
    return notes


def _calls(
    state: TableState, mode: str, switching: bool, table: _Part, indexes: Mapping[str, _Part]
) -> tuple[Call, ...]:
    """One UpdateTable for mode, units and maxima, one for warm throughput, and the autoscaling around them.

    Removed autoscaling goes first, so that it does not move the units again; what is made or moved goes last, because
    it may set the table UPDATING, and then UpdateTable would be refused.
    """
    parts = [table, *indexes.values()]
    capacity: dict[str, Any] = {"BillingMode": mode} if switching else {}
    capacity |= _throughput(table)
    warm: dict[str, Any] = {"WarmThroughput": table.warm} if table.warm else {}
    updates = [{"Update": {"IndexName": name, **changes}} for name, p in indexes.items() if (changes := _throughput(p))]
    warmed = [{"Update": {"IndexName": name, "WarmThroughput": p.warm}} for name, p in indexes.items() if p.warm]
    if updates:
        capacity["GlobalSecondaryIndexUpdates"] = updates
    if warmed:
        warm["GlobalSecondaryIndexUpdates"] = warmed
    return (
        *(call for part in parts for call in part.removals),
        *(
            Call("dynamodb", "UpdateTable", {"TableName": state.name, **arguments}, settle=settle)
            for arguments, settle in ((capacity, _active(state.name)), (warm, _warmed(state.name)))
            if arguments
        ),
        *(call for part in parts for call in part.additions),
    )


def _throughput(part: _Part) -> dict[str, Any]:
    """What UpdateTable is told of a table or an index: nothing that stays, which AWS would refuse as no change."""
    arguments: dict[str, Any] = {}
    if part.units:
        # Both members are required (model, ProvisionedThroughput).
        rates = part.capacity.rates
        arguments["ProvisionedThroughput"] = {UNIT_FIELDS[k]: part.units.get(k, rates[k].units) for k in KINDS}
    if part.maxima:
        arguments["OnDemandThroughput"] = {MAXIMUM_FIELDS[kind]: limit for kind, limit in part.maxima.items()}
    return arguments


def _scaled(capacity: Capacity, kind: str, scaling: Mapping[str, Any]) -> Settle:
    """Autoscaling raises units below its minimum by itself, some time after it is told; suspended, it never does."""
    _table, name, *index = capacity.resource_id.split("/")
    least = 0 if "scale_out" in scaling.get("suspended", ()) else scaling.get("min_capacity", 0)
    units = f"ProvisionedThroughput.{UNIT_FIELDS[kind]}"
    found = f"max(Table.GlobalSecondaryIndexes[?IndexName=='{index[1]}'].{units})" if index else f"Table.{units}"
    return Settle("table_active", {"TableName": name}, until=f"{found} >= `{least}`")


def _active(table: str) -> Settle:
    return Settle("table_active", {"TableName": table})


def _warmed(table: str) -> Settle:
    """Warm throughput has a status of its own, which goes on after the table is ACTIVE
    (API_TableWarmThroughputDescription.html, Status)."""
    return Settle(
        "table_active",
        {"TableName": table},
        until="(Table.WarmThroughput.Status || 'ACTIVE') == 'ACTIVE' &&"
        " length(Table.GlobalSecondaryIndexes[?WarmThroughput.Status == 'UPDATING'] || `[]`) == `0`",
    )
