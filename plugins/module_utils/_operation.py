# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Locks and records of operations: what is kept of them in the table, and what must be written for a wish. Pure.

One table holds three kinds of items, told apart by the hash key `kind`:

- `lock`, by name: who may change something now. The item stays when the lock is released, because its fencing token
  is a number that must only grow.
- `open`, by `<kind>/<name>`: which record is the open one. It is written in one transaction with the record, so there
  is never more than one, and finding it costs one small read however long the history is.
- everything else: the records of that kind, by an id that sorts by time.

Every write names what it was planned on (token, lease, revision) as its condition. A run that lost its lock, or that
read something which has changed since, writes nothing.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle

LOCK = "lock"
OPEN = "open"

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, "Items": 400 KB with the names.
LARGEST_ITEM = 400 * 1024
LONGEST_LEASE = 24 * 3600

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
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


# --- Times -----------------------------------------------------------------------------------------------------------


def stamp(moment: datetime) -> str:
    """A time as it is kept: UTC, ISO 8601, to the second, so that text sorts as time does."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def moment(text: str) -> datetime:
    """A time as it is kept, or as a person writes it.

    Raises:
        Refused: It is no ISO 8601 time, or does not say in which zone.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{text!r} is no time: write it as 2026-11-24T06:00:00Z or 2026-11-24T07:00:00+01:00.") from None
    if found.tzinfo is None:
        raise Refused(f"{text!r} does not say in which time zone: add Z for UTC, or an offset as +01:00.")
    return found


def _minutes(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


# --- Items -----------------------------------------------------------------------------------------------------------


def attribute(value: Any) -> dict[str, Any]:
    """A value as DynamoDB takes it.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": {str(name): attribute(item) for name, item in value.items()}}
        case list() | tuple():
            return {"L": [attribute(item) for item in value]}
    return {"S": str(value)}


def value_of(found: Mapping[str, Any]) -> Any:
    """The reverse of `attribute`."""
    ((kind, value),) = found.items()
    match kind:
        case "NULL":
            return None
        case "N":
            number = float(value)
            return int(number) if number.is_integer() else number
        case "M":
            return {name: value_of(item) for name, item in value.items()}
        case "L":
            return [value_of(item) for item in value]
    return value


def key(kind: str, identity: str) -> dict[str, Any]:
    """The key of an item."""
    return {"kind": {"S": kind}, "id": {"S": identity}}


def pack(value: Any) -> bytes:
    """Data of any shape as gzip'd JSON, always the same bytes for the same data."""
    return gzip.compress(json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), mtime=0)


def unpack(data: bytes | str) -> Any:
    """The reverse of `pack`. Text is taken for base64, as the console and exports show binary values."""
    return json.loads(gzip.decompress(base64.b64decode(data) if isinstance(data, str) else data))


def _update(
    table: str, at: Mapping[str, Any], sets: Mapping[str, Any], removes: Iterable[str], conditions: Sequence[str]
) -> dict[str, Any]:
    """Arguments of UpdateItem, or of an update in a transaction.

    A condition is `name` (must be there), `!name` (must not), or `name=...`, whose value is in `sets` under `name=`.
    Every name is sent as a placeholder, because some are reserved words of DynamoDB.
    """
    written = {name: value for name, value in sets.items() if not name.endswith("=")}
    removed = list(removes)
    said = [condition.strip("!=") for condition in conditions]
    update = [
        f"SET {', '.join(f'#{name} = :{name}' for name in written)}" if written else "",
        f"REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else "",
    ]
    values = {f":{name}": attribute(value) for name, value in written.items()}
    values |= {f":was_{name[:-1]}": attribute(value) for name, value in sets.items() if name.endswith("=")}
    return {
        "TableName": table,
        "Key": dict(at),
        "ConditionExpression": " AND ".join(_condition(condition) for condition in conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in dict.fromkeys([*written, *removed, *said])},
        **({"UpdateExpression": " ".join(part for part in update if part)} if any(update) else {}),
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def _condition(condition: str) -> str:
    if condition.startswith("!"):
        return f"attribute_not_exists(#{condition[1:]})"
    if condition.endswith("="):
        return f"#{condition[:-1]} = :was_{condition[:-1]}"
    return f"attribute_exists(#{condition})"


# --- The table -------------------------------------------------------------------------------------------------------


def table_calls(table: str, *, exists: bool, protected: bool) -> tuple[Call, ...]:
    """What makes the table, or finishes one whose maker was stopped half-way."""
    created = Call(
        "dynamodb",
        "CreateTable",
        {
            "TableName": table,
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("kind", "id")],
            "KeySchema": [
                {"AttributeName": "kind", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": True,
            "Tags": [{"Key": "runbook:purpose", "Value": "locks and records of operations"}],
        },
        Settle("table_exists", {"TableName": table}),
    )
    # A table can not be created with it: UpdateContinuousBackups is a call of its own.
    backed_up = Call(
        "dynamodb",
        "UpdateContinuousBackups",
        {"TableName": table, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
    )
    return (*(() if exists else (created,)), *(() if protected else (backed_up,)))


# --- Locks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lock:
    """A lock as it is kept. Without a holder it is free; its token is then the last one that was given out."""

    token: int
    holder: Mapping[str, Any] = field(default_factory=dict)
    acquired: str = ""
    expires: str = ""
    operation: str = ""

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Lock:
        found = {name: value_of(value) for name, value in item.items()}
        return cls(**{name: found[name] for name in cls.__dataclass_fields__ if name in found})

    @property
    def free(self) -> bool:
        return not self.holder


@dataclass(frozen=True)
class LockWish:
    """What `operation_lock` is asked for, see its options. `rehearsal`: check mode."""

    table: str
    name: str
    present: bool
    holder: Mapping[str, Any] = field(default_factory=dict)
    lease: int = 900
    token: int | None = None
    take_over: bool = False
    operation: str = ""
    rehearsal: bool = False


@dataclass(frozen=True)
class LockFound:
    """What there is.

    Attributes:
        now: The time of AWS's answer.
        lock: The lock, if it was ever taken.
        holder_dead: Its holder's process is known to have ended.
        table: Whether the table exists.
        protected: Whether the table can be restored to a point in time, as far as it was asked.
    """

    now: datetime
    lock: Lock | None = None
    holder_dead: bool = False
    table: bool = True
    protected: bool = True


def same_run(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two holders are the same run: the same process of the same machine, or simply the same words."""
    identity = ("machine", "pid", "ticks")
    if all(one.get(name) and other.get(name) for name in identity):
        return all(one[name] == other[name] for name in identity)
    return dict(one) == dict(other)


def describe(holder: Mapping[str, Any]) -> str:
    """A holder in a sentence: anna@ops-1 (ansible-playbook, pid 4711, AWX job 42)."""
    who = f"{holder.get('user', 'somebody')}@{holder.get('host', 'an unknown host')}"
    how = [str(holder[name]) for name in ("command",) if holder.get(name)]
    how += [f"pid {holder['pid']}"] if holder.get("pid") else []
    how += [str(holder["job"])] if holder.get("job") else []
    return f"{who} ({', '.join(how)})" if how else who


def held(lock: Lock, now: datetime) -> str:
    """Who holds a lock, since when, for what and for how long."""
    left = (moment(lock.expires) - now).total_seconds()
    lease = f"its lease ends in {_minutes(left)}" if left > 0 else f"its lease ended {_minutes(-left)} ago"
    reason = f" for {lock.operation}" if lock.operation else ""
    return f"held by {describe(lock.holder)} since {lock.acquired}{reason}, {lease}"


def plan_lock(wish: LockWish, found: LockFound) -> Plan:
    """What must be written so that the lock is ours, or free.

    Raises:
        Refused: Somebody else holds it, or our token is no longer the lock's.
    """
    _check_lock_wish(wish)
    return _plan_acquire(wish, found) if wish.present else _plan_release(wish, found)


def _check_lock_wish(wish: LockWish) -> None:
    if not wish.name:
        raise Refused("A lock needs a name: say what it locks, for example scale.")
    if not 1 <= wish.lease <= LONGEST_LEASE:
        raise Refused(
            f"{wish.name}: a lease of {wish.lease} s is refused: give 1 to {LONGEST_LEASE}. "
            "A longer operation renews it; a lock that outlives its run keeps everybody else out."
        )
    if wish.token is not None and wish.token < 1:
        raise Refused(f"{wish.name}: {wish.token} is no token: give the one that taking the lock returned.")
    if wish.present and not wish.holder:
        raise Refused(f"{wish.name}: a lock needs a holder: give holder: \"{{{{ lookup('runbook.aws.holder') }}}}\".")


def _ours(wish: LockWish, lock: Lock) -> bool:
    if lock.free:
        return False
    return wish.token == lock.token if wish.token is not None else same_run(wish.holder, lock.holder)


def _plan_acquire(wish: LockWish, found: LockFound) -> Plan:
    lock, now = found.lock, found.now
    before = _lock_options(wish.name, lock)
    made = table_calls(wish.table, exists=found.table, protected=found.protected)
    making = "it would be made" if wish.rehearsal else "it is made"
    notes: tuple[str, ...] = () if found.table else (f"The table {wish.table} does not exist yet: {making}.",)
    if lock and _ours(wish, lock):
        renewed = Lock(lock.token, lock.holder, lock.acquired, _ending(wish, now), wish.operation or lock.operation)
        sets = {"expires": renewed.expires, "operation": renewed.operation, "token=": lock.token}
        return Plan(before, _lock_shown(wish.name, renewed), (_lock_call(wish, sets, (), ("token=", "holder")),))
    if wish.token is not None:
        raise Refused(_lost(wish.name, wish.token, lock, now))
    if lock and not lock.free:
        why = _may_take(wish, found, lock)
        if not why:
            refusal = (
                f"{wish.name} is {held(lock, now)}. Way out: wait, or, when that run is known to be dead, take it over "
                "(take_over: true; with the operation role: -e operation_take_over=true)."
            )
            if not wish.rehearsal:
                raise Refused(refusal)
            # The rest of a rehearsal is worth seeing all the same, and nothing of it is written.
            return Plan(before, _lock_shown(wish.name, lock), notes=(f"A real run would be refused now: {refusal}",))
        notes += (f"{wish.name} was {held(lock, now)}; it is taken over: {why}.",)
    token = lock.token + 1 if lock else 1
    ours = Lock(token, wish.holder, stamp(now), _ending(wish, now), wish.operation)
    sets = {
        "token": token,
        "holder": dict(ours.holder),
        "acquired": ours.acquired,
        "expires": ours.expires,
        "operation": ours.operation,
    }
    if lock is None:
        conditions: tuple[str, ...] = ("!token",)
    elif lock.free:
        sets["token="] = lock.token
        conditions = ("token=", "!holder")
    else:
        # Its lease too: a renewal that came in between means that its run is alive.
        sets |= {"token=": lock.token, "expires=": lock.expires, "previous": _previous(lock, now, found)}
        conditions = ("token=", "expires=")
    call = _lock_call(wish, sets, ("released",), conditions)
    return Plan(before, _lock_shown(wish.name, ours), (*made, call), notes)


def _may_take(wish: LockWish, found: LockFound, lock: Lock) -> str:
    """Why somebody else's lock may be taken now; empty when it may not."""
    if found.holder_dead:
        return "that process has ended on this machine"
    if moment(lock.expires) <= found.now:
        return "its lease had ended"
    return "take_over was asked for" if wish.take_over else ""


def _previous(lock: Lock, now: datetime, found: LockFound) -> dict[str, Any]:
    """What the lock keeps of the run that it was taken from."""
    return {
        "token": lock.token,
        "holder": dict(lock.holder),
        "acquired": lock.acquired,
        "expires": lock.expires,
        "operation": lock.operation,
        "taken_at": stamp(now),
        "known_dead": found.holder_dead,
    }


def _plan_release(wish: LockWish, found: LockFound) -> Plan:
    lock, before = found.lock, _lock_options(wish.name, found.lock)
    if lock is None or lock.free:
        return Plan(before, before)
    notes: tuple[str, ...] = ()
    if not _ours(wish, lock):
        if not wish.take_over:
            what = f"token {wish.token} does not hold it" if wish.token is not None else "it is not ours to release"
            raise Refused(
                f"{wish.name}: {what}. It is {held(lock, found.now)}. Way out: give that run's token, or, when it is known "
                "to be dead, take_over: true."
            )
        notes = (f"{wish.name} was {held(lock, found.now)}; that lock is broken, because take_over was asked for.",)
    sets: dict[str, Any] = {"released": stamp(found.now), "token=": lock.token}
    if notes:
        sets["previous"] = _previous(lock, found.now, found)
    call = _lock_call(wish, sets, ("holder", "acquired", "expires", "operation"), ("token=", "holder"))
    return Plan(before, _lock_options(wish.name, None), (call,), notes)


def _lost(name: str, token: int, lock: Lock | None, now: datetime) -> str:
    state = f"it is {held(lock, now)}" if lock and not lock.free else "it is free now"
    return (
        f"{name}: token {token} no longer holds the lock; {state}. Its lease ended or it was taken over, so another run may "
        "have changed things since. Way out: look at what is there now, then begin again."
    )


def _ending(wish: LockWish, now: datetime) -> str:
    return stamp(now + timedelta(seconds=wish.lease))


def _lock_options(name: str, lock: Lock | None) -> dict[str, Any]:
    """A lock as the module's options."""
    if lock is None or lock.free:
        return {"name": name, "state": "absent"}
    return {"name": name, "state": "present", "holder": dict(lock.holder), "operation": lock.operation}


def _lock_shown(name: str, lock: Lock) -> dict[str, Any]:
    """A lock as it is returned: its options, and what the module gave it."""
    given = {"token": lock.token, "acquired": lock.acquired, "expires": lock.expires}
    return {**_lock_options(name, lock), **given}


def _lock_call(wish: LockWish, sets: Mapping[str, Any], removes: Sequence[str], conditions: Sequence[str]) -> Call:
    return Call("dynamodb", "UpdateItem", _update(wish.table, key(LOCK, wish.name), sets, removes, conditions))


# --- Records ---------------------------------------------------------------------------------------------------------


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
            after[name] = joined(said, after[name])
    if wish.details is not None:
        merged = {**after["details"], **wish.details}
        after["details"] = {name: value for name, value in merged.items() if value is not None}
    if wish.baseline is not None:
        # What was there before the first change is never written again.
        after["baseline"] = joined(after["baseline"], wish.baseline)
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


def joined(first: Any, second: Any) -> Any:
    """Two descriptions of targets as one, in which the first has the last word.

    Mappings are joined by key, lists of mappings by their `name` or `qualifier`. So a target, or a setting of a target,
    that only one of them has is there too. What is said to be absent has no settings to join.
    """
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        if "absent" in (first.get("state"), second.get("state")):
            return first
        both = {name: joined(value, second[name]) if name in second else value for name, value in first.items()}
        return {**both, **{name: value for name, value in second.items() if name not in first}}
    if isinstance(first, list) and isinstance(second, list):
        identity = _identity([*first, *second])
        if not identity:
            return first or second
        others = {item[identity]: item for item in second}
        kept = [joined(item, others.pop(item[identity])) if item[identity] in others else item for item in first]
        return [*kept, *others.values()]
    return second if first in ({}, []) else first


def _identity(items: Sequence[Any]) -> str:
    """What tells the elements of a list apart."""
    for name in ("name", "qualifier"):
        if items and all(isinstance(item, Mapping) and isinstance(item.get(name), str) for item in items):
            return name
    return ""


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
    return {"Update": _update(wish.table, at, sets, removes, ("revision=",))}


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
        return [{"Delete": _update(wish.table, at, {"record=": after["id"]}, (), ("record=",))}]
    if after["state"] == "open" and "ends_at" in changes:
        sets = {"record=": after["id"], **({"ends_at": after["ends_at"]} if after["ends_at"] else {})}
        return [{"Update": _update(wish.table, at, sets, () if after["ends_at"] else ("ends_at",), ("record=",))}]
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
    deletes = [{"Delete": _update(wish.table, at, {"revision=": current["revision"]}, (), ("revision=",))}]
    if current["state"] == "open":
        pointer = key(OPEN, f"{wish.kind}/{wish.name}")
        deletes += [{"Delete": _update(wish.table, pointer, {"record=": current["id"]}, (), ("record=",))}]
    return Plan(_record_options(wish, current), _absent(wish, current["id"]), _fenced(wish, found, deletes))


def _fenced(wish: RecordWish, found: RecordFound, writes: list[dict[str, Any]]) -> tuple[Call, ...]:
    """The writes as one transaction that only the holder of the lock can make; it renews the lease on the way."""
    _check_fence(wish, found)
    at = key(LOCK, wish.lock or "")
    guard: dict[str, Any] = {"token=": wish.token or 0}
    if wish.lease:
        ending = stamp(found.now + timedelta(seconds=wish.lease))
        guard["expires"] = max(ending, found.lock.expires if found.lock else "")
    update = _update(wish.table, at, guard, (), ("token=", "holder"))
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
    arguments = _update(wish.table, key(LOCK, wish.lock or ""), sets, (), ("token=", "holder"))
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
        raise Refused(f"{wish.name}: the record was not written: {_lost(wish.lock, wish.token, found.lock, found.now)}")


def is_overdue(record: Mapping[str, Any], now: datetime) -> bool:
    """Whether an open record should have ended."""
    return record.get("state") == "open" and bool(record.get("ends_at")) and moment(record["ends_at"]) < now
