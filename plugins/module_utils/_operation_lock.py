# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Locks of operations: who may change something now, and what must be written to take, keep or release one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._moments import moment, stamp
from ansible_collections.runbook.aws.plugins.module_utils._operation import (
    LOCK,
    LONGEST_LEASE,
    in_words,
    key,
    table_calls,
    update_of,
    value_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused


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
    """What `operation_lock` is asked for, see its options. `account`: the expected one; `rehearsal`: check mode."""

    table: str
    name: str
    present: bool
    holder: Mapping[str, Any] = field(default_factory=dict)
    lease: int = 900
    token: int | None = None
    take_over: bool = False
    operation: str = ""
    rehearsal: bool = False
    account: str = ""


@dataclass(frozen=True)
class LockFound:
    """What there is.

    Attributes:
        now: The time of AWS's answer.
        lock: The lock, if it was ever taken.
        holder_dead: Its holder's process is known to have ended.
        table: Whether the table exists.
        protected: Whether the table can be restored to a point in time, as far as it was asked.
        caller: `account` and `arn` of whose credentials these are, as far as it was asked.
    """

    now: datetime
    lock: Lock | None = None
    holder_dead: bool = False
    table: bool = True
    protected: bool = True
    caller: Mapping[str, str] = field(default_factory=dict)


def refuse_other_account(wish: LockWish, caller: Mapping[str, str]) -> None:
    """Refuse credentials of another account than the expected one.

    Raises:
        Refused: They are.
    """
    if wish.account and wish.account != caller["account"]:
        raise Refused(
            f"{wish.name}: these credentials belong to account {caller['account']} ({caller['arn']}), and the lock is"
            f" meant for account {wish.account}. Way out: use a profile or role of that account, or correct"
            " expected_account (with the operation role: runbook_expected_account_id)."
        )


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
    lease = f"its lease ends in {in_words(left)}" if left > 0 else f"its lease ended {in_words(-left)} ago"
    reason = f" for {lock.operation}" if lock.operation else ""
    return f"held by {describe(lock.holder)} since {lock.acquired}{reason}, {lease}"


def plan_lock(wish: LockWish, found: LockFound) -> Plan:
    """What must be written so that the lock is ours, or free.

    Raises:
        Refused: Somebody else holds it, or our token is no longer the lock's.
    """
    _check_lock_wish(wish)
    if not wish.present:
        return _plan_release(wish, found)
    return replace(_plan_acquire(wish, found), fields={"caller": found.caller})


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
        raise Refused(lost(wish.name, wish.token, lock, now))
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


def lost(name: str, token: int, lock: Lock | None, now: datetime) -> str:
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
    return Call("dynamodb", "UpdateItem", update_of(wish.table, key(LOCK, wish.name), sets, removes, conditions))
