# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Records of operations: what was there, what was set, how it went; and what must be written to keep one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._leaves import merge
from ansible_collections.runbook.aws.plugins.module_utils._moments import moment, stamp
from ansible_collections.runbook.aws.plugins.module_utils._operation import (
    LOCK,
    LONGEST_LEASE,
    OPEN,
    attribute,
    key,
    pack,
    unpack,
    update_of,
    value_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._operation_lock import Lock, lost
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, "Items": 400 KB with the names.
LARGEST_ITEM = 400 * 1024

# Kept as gzip'd JSON: a baseline holds the state of every target.
_PACKED = ("baseline", "intended", "applied", "details", "phases", "opened_by")
_PLAIN = ("kind", "id", "name", "state", "opened", "updated", "closed", "ends_at", "outcome", "revision")
_NOTHING: dict[str, Any] = {
    "closed": "",
    "ends_at": "",
    "outcome": "",
    "baseline": {},
    "intended": {},
    "applied": {},
    "details": {},
    "phases": [],
    "opened_by": {},
}
# What an operator may say of a record; the rest of it is said by the module.
_OPTIONS = ("kind", "name", "id", "state", "baseline", "intended", "applied", "details", "phases", "outcome", "ends_at")


def record_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it is returned, from the item that is kept."""
    kept = {name: value_of(value) for name, value in item.items()}
    packed = {name: unpack(kept[name]) for name in _PACKED if name in kept}
    return {**_NOTHING, **{name: kept[name] for name in _PLAIN if name in kept}, **packed}


@dataclass(frozen=True)
class RecordWish:
    """What `operation_record` is asked for, see its options; None is "not said". `rehearsal`: check mode."""

    table: str
    kind: str
    name: str = ""
    id: str | None = None
    state: str | None = None
    baseline: Any = None
    intended: Any = None
    applied: Any = None
    details: Mapping[str, Any] | None = None
    phases: Sequence[Mapping[str, Any]] = ()
    outcome: str | None = None
    ends_at: str | None = None
    lock: str | None = None
    token: int | None = None
    lease: int | None = None
    rehearsal: bool = False


@dataclass(frozen=True)
class RecordFound:
    """What there is.

    Attributes:
        now: The time of AWS's answer.
        suffix: A few random characters, for the id of a new record.
        record: The record of the id, or the open one of the name.
        lock: The lock that the wish names.
    """

    now: datetime
    suffix: str
    record: Mapping[str, Any] | None = None
    lock: Lock | None = None


def plan_record(wish: RecordWish, found: RecordFound) -> Plan:
    """What must be written so that the record says what is wished.

    Raises:
        Refused: The lock is not ours, a time has passed, the data is too large, or another record is meant.
    """
    current = found.record
    if current and not wish.name:
        wish = replace(wish, name=current["name"])
    _check_record_wish(wish, found)
    if wish.state == "absent":
        return _plan_forget(wish, found)
    if current is None and wish.state == "closed":
        nothing = _absent(wish, wish.id)
        return Plan(nothing, nothing)
    before = _record_options(wish, current) if current else _absent(wish, wish.id or _new_id(found))
    after = _merged(wish, found)
    changes = {name: value for name, value in after.items() if current is None or current.get(name) != value}
    if current is not None and not changes:
        return Plan(before, dict(current), _renewal(wish, found))
    _check_ends_at(wish, found, after, changes)
    after |= {"updated": stamp(found.now), "revision": (current["revision"] if current else 0) + 1}
    changes |= {name: after[name] for name in ("updated", "revision")}
    calls = _fenced(wish, found, [_write(wish, current, after, changes), *_pointer(wish, current, after, changes)])
    _check_size(wish, after)
    return Plan(before, after, calls)


def _check_record_wish(wish: RecordWish, found: RecordFound) -> None:
    if wish.id and not wish.name:
        raise Refused(
            f"There is no record {wish.id} of kind {wish.kind}. See what there is: runbook.aws.operation_record_info."
        )
    if wish.kind in (LOCK, OPEN) or not wish.kind or not wish.name:
        raise Refused(
            f"{wish.kind or 'A record'}: a record needs a kind and a name, for example scale-event and black-friday; "
            f"{LOCK} and {OPEN} are kept for the table's own use."
        )
    if wish.lease is not None and not 1 <= wish.lease <= LONGEST_LEASE:
        raise Refused(f"{wish.name}: a lease of {wish.lease} s is refused: give 1 to {LONGEST_LEASE}.")
    if found.record and found.record["name"] != wish.name:
        raise Refused(
            f"{wish.name}: the record {wish.id} of kind {wish.kind} is of {found.record['name']}. Give its id with its name."
        )
    doubles = [phase["name"] for phase in wish.phases]
    if len(set(doubles)) != len(doubles):
        raise Refused(f"{wish.name}: a phase is named twice in {', '.join(doubles)}. Put what you say of it into one.")


def _absent(wish: RecordWish, identity: str | None) -> dict[str, Any]:
    return {"kind": wish.kind, "name": wish.name, **({"id": identity} if identity else {}), "state": "absent"}


def _new_id(found: RecordFound) -> str:
    """Sorts by time, and two runs of one second differ: 20261123T133000Z-3f9a."""
    return f"{stamp(found.now).replace('-', '').replace(':', '')}-{found.suffix}"


def _record_options(wish: RecordWish, current: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the module's options; a detail that the wish adds is there as null, which takes it away again."""
    new = {name: None for name in wish.details or {} if name not in current["details"]}
    return {**{name: current[name] for name in _OPTIONS}, "details": {**current["details"], **new}}


def _merged(wish: RecordWish, found: RecordFound) -> dict[str, Any]:
    """The record that the wish leads to, but for its revision and time of change."""
    now, current = stamp(found.now), found.record
    after: dict[str, Any] = dict(current) if current else _opened(wish, found)
    if wish.state and wish.state != after["state"]:
        after |= {"state": wish.state, "closed": now if wish.state == "closed" else ""}
    if wish.outcome is not None:
        after["outcome"] = wish.outcome
    if wish.ends_at is not None:
        after["ends_at"] = stamp(moment(wish.ends_at)) if wish.ends_at else ""
    for name, said in (("intended", wish.intended), ("applied", wish.applied)):
        if said is not None:
            after[name] = merge(said, after[name])
    if wish.details is not None:
        merged = {**after["details"], **wish.details}
        after["details"] = {name: value for name, value in merged.items() if value is not None}
    if wish.baseline is not None:
        # What was there before the first change is never written again.
        after["baseline"] = merge(after["baseline"], wish.baseline)
    after["phases"] = _phases(after["phases"], wish.phases, now)
    return after


def _opened(wish: RecordWish, found: RecordFound) -> dict[str, Any]:
    return {
        "kind": wish.kind,
        "id": wish.id or _new_id(found),
        "name": wish.name,
        "state": "open",
        "opened": stamp(found.now),
        **_NOTHING,
        "opened_by": dict(found.lock.holder) if found.lock else {},
    }


def _phases(kept: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]], now: str) -> list[dict[str, Any]]:
    """Phases by name, in the order in which they were first named."""
    phases = {phase["name"]: dict(phase) for phase in kept}
    for wish in said:
        phases[wish["name"]] = _phase(phases.get(wish["name"]), wish, now)
    return list(phases.values())


def _phase(kept: Mapping[str, Any] | None, wish: Mapping[str, Any], now: str) -> dict[str, Any]:
    said = {name: wish[name] for name in ("started", "ended", "ok") if wish.get(name) is not None}
    for name in ("started", "ended"):
        if said.get(name):
            said[name] = stamp(moment(said[name]))
    if kept is None:
        phase = {"name": wish["name"], "started": now, **said}
    elif "ok" not in said and kept.get("ok") is False:
        # Named again after a failure: it is under way once more.
        phase = {"name": wish["name"], "started": kept["started"], **said}
    else:
        phase = {**kept, **said}
    if "ok" in said and (kept is None or kept.get("ok") != said["ok"]) and "ended" not in said:
        phase["ended"] = now
    return phase


def _check_ends_at(wish: RecordWish, found: RecordFound, after: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    # Said again of a record whose end has passed meanwhile, it changes nothing and is no mistake.
    if changes.get("ends_at") and after["state"] == "open" and moment(after["ends_at"]) <= found.now:
        raise Refused(
            f"{wish.name}: ends_at {after['ends_at']} is in the past (it is {stamp(found.now)}). Give a time to come, or none."
        )


def _check_size(wish: RecordWish, after: Mapping[str, Any]) -> None:
    sizes = {name: len(name) + len(pack(after[name])) for name in _PACKED}
    whole = sum(sizes.values()) + sum(len(name) + len(str(after.get(name, "")).encode()) for name in _PLAIN)
    if whole > LARGEST_ITEM:
        largest = max(sizes, key=lambda name: sizes[name])
        raise Refused(
            f"{wish.name}: the record would have {whole // 1024} KB compressed, {sizes[largest] // 1024} KB of it {largest}, and "
            f"DynamoDB takes {LARGEST_ITEM // 1024}. Split the operation into several names with fewer targets each."
        )


def _stored(name: str, value: Any) -> Any:
    return pack(value) if name in _PACKED else value


def _write(
    wish: RecordWish, current: Mapping[str, Any] | None, after: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    at = key(wish.kind, after["id"])
    if current is None:
        kept = {name: value for name, value in after.items() if value != _NOTHING.get(name)}
        item = {name: attribute(_stored(name, value)) for name, value in kept.items()}
        return {
            "Put": {
                "TableName": wish.table,
                "Item": {**item, **at},
                "ConditionExpression": "attribute_not_exists(#id)",
                "ExpressionAttributeNames": {"#id": "id"},
            }
        }
    sets = {name: _stored(name, value) for name, value in changes.items() if value != _NOTHING.get(name)}
    removes = [name for name, value in changes.items() if value == _NOTHING.get(name)]
    sets["revision="] = current["revision"]
    return {"Update": update_of(wish.table, at, sets, removes, ("revision=",))}


def _pointer(
    wish: RecordWish, current: Mapping[str, Any] | None, after: Mapping[str, Any], changes: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What becomes of the item that names the open record."""
    at = key(OPEN, f"{wish.kind}/{wish.name}")
    if after["state"] == "open" and (current is None or "state" in changes):
        shown = {"of": wish.kind, "name": wish.name, "record": after["id"]}
        shown |= {"ends_at": after["ends_at"]} if after["ends_at"] else {}
        return [
            {
                "Put": {
                    "TableName": wish.table,
                    "Item": {**{name: attribute(value) for name, value in shown.items()}, **at},
                    "ConditionExpression": "attribute_not_exists(#id)",
                    "ExpressionAttributeNames": {"#id": "id"},
                }
            }
        ]
    if "state" in changes:
        return [{"Delete": update_of(wish.table, at, {"record=": after["id"]}, (), ("record=",))}]
    if after["state"] == "open" and "ends_at" in changes:
        sets = {"record=": after["id"], **({"ends_at": after["ends_at"]} if after["ends_at"] else {})}
        return [{"Update": update_of(wish.table, at, sets, () if after["ends_at"] else ("ends_at",), ("record=",))}]
    return []


def _plan_forget(wish: RecordWish, found: RecordFound) -> Plan:
    current = found.record
    if current is None:
        nothing = _absent(wish, wish.id)
        return Plan(nothing, nothing)
    if current["state"] == "open" and (current["intended"] or current["applied"]):
        raise Refused(
            f"{wish.name}: the open record {current['id']} says that something was changed, and its baseline is the way back. "
            "Bring it back and close it first."
        )
    at = key(wish.kind, current["id"])
    deletes = [{"Delete": update_of(wish.table, at, {"revision=": current["revision"]}, (), ("revision=",))}]
    if current["state"] == "open":
        pointer = key(OPEN, f"{wish.kind}/{wish.name}")
        deletes += [{"Delete": update_of(wish.table, pointer, {"record=": current["id"]}, (), ("record=",))}]
    return Plan(_record_options(wish, current), _absent(wish, current["id"]), _fenced(wish, found, deletes))


def _fenced(wish: RecordWish, found: RecordFound, writes: list[dict[str, Any]]) -> tuple[Call, ...]:
    """The writes as one transaction that only the holder of the lock can make; it renews the lease on the way."""
    _check_fence(wish, found)
    at = key(LOCK, wish.lock or "")
    guard: dict[str, Any] = {"token=": wish.token or 0}
    if wish.lease:
        ending = stamp(found.now + timedelta(seconds=wish.lease))
        guard["expires"] = max(ending, found.lock.expires if found.lock else "")
    update = update_of(wish.table, at, guard, (), ("token=", "holder"))
    fence = {"Update": update} if wish.lease else {"ConditionCheck": update}
    return (Call("dynamodb", "TransactWriteItems", {"TransactItems": [fence, *writes]}),)


def _renewal(wish: RecordWish, found: RecordFound) -> tuple[Call, ...]:
    """Nothing changed in the record: the lease is renewed only when half of it is used up."""
    lock = found.lock
    if not (wish.lease and wish.token and lock and lock.token == wish.token and not lock.free):
        return ()
    ending = found.now + timedelta(seconds=wish.lease)
    if moment(lock.expires) >= ending - timedelta(seconds=wish.lease / 2):
        return ()
    sets = {"expires": stamp(ending), "token=": lock.token}
    arguments = update_of(wish.table, key(LOCK, wish.lock or ""), sets, (), ("token=", "holder"))
    return (Call("dynamodb", "UpdateItem", arguments),)


def _check_fence(wish: RecordWish, found: RecordFound) -> None:
    if wish.rehearsal:
        return  # No lock is taken in check mode, and nothing is written.
    if not (wish.lock and wish.token):
        raise Refused(
            f"{wish.name}: a record is written only by the holder of a lock. Take it with runbook.aws.operation_lock and give "
            "its name as lock and its token as token."
        )
    if found.lock is None or found.lock.free or found.lock.token != wish.token:
        raise Refused(f"{wish.name}: the record was not written: {lost(wish.lock, wish.token, found.lock, found.now)}")


def is_overdue(record: Mapping[str, Any], now: datetime) -> bool:
    """Whether an open record should have ended."""
    return record.get("state") == "open" and bool(record.get("ends_at")) and moment(record["ends_at"]) < now
