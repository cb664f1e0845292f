# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Capacity of DynamoDB tables and their indexes as values: the option, what is there, and how it is shown.

Pure. Reading is in `_dynamodb_reader.py`, planning in `_dynamodb_plan.py`.

Sources, by the short names that the comments of these files use:

- model: botocore's text of the operation or shape.
- quotas: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
- switching: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/switching.capacitymode.html
- warm: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import AUTOSCALING_SPEC, shape_autoscaling
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

PROVISIONED, ON_DEMAND = "PROVISIONED", "PAY_PER_REQUEST"
KINDS = ("read", "write")
EVERY_INDEX = "*"
UNLIMITED = "unlimited"

UNIT_FIELDS = {"read": "ReadCapacityUnits", "write": "WriteCapacityUnits"}
MAXIMUM_FIELDS = {"read": "MaxReadRequestUnits", "write": "MaxWriteRequestUnits"}
WARM_FIELDS = {"read": "ReadUnitsPerSecond", "write": "WriteUnitsPerSecond"}

# quotas, "Decreasing provisioned throughput": 4 decreases at the start of a UTC day, one more for each hour.
DECREASES_AT_ONCE, DECREASES_A_DAY = 4, 27
# switching: "from provisioned capacity mode to on-demand mode up to four times in a 24-hour rolling window".
SWITCHES, SWITCH_WINDOW = 4, timedelta(hours=24)
# API_RegisterScalableTarget takes 32-bit integers, and nothing that DynamoDB offers comes near.
_MOST = 2**31 - 1

_RATE_SPEC: dict[str, Any] = {
    "type": "dict",
    "options": {
        "units": {"type": "int"},
        "initial_units": {"type": "int"},
        "max_request_units": {"type": "raw"},
        "autoscaling": AUTOSCALING_SPEC,
    },
}
_WARM_SPEC: dict[str, Any] = {
    "type": "dict",
    "options": {"read_units": {"type": "int"}, "write_units": {"type": "int"}},
}
TABLES_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "billing_mode": {"type": "str", "choices": [PROVISIONED, ON_DEMAND]},
        "read": _RATE_SPEC,
        "write": _RATE_SPEC,
        "warm_throughput": _WARM_SPEC,
        "indexes": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "read": _RATE_SPEC,
                "write": _RATE_SPEC,
                "warm_throughput": _WARM_SPEC,
            },
        },
    },
}


@dataclass(frozen=True)
class Rate:
    """Reads or writes of a table or an index.

    Attributes:
        units: Provisioned capacity units; 0 while the table is on-demand.
        maximum: The on-demand maximum in request units a second, or none.
        autoscaling: What `fetch_autoscaling` found, or none.
    """

    units: int
    maximum: int | None = None
    autoscaling: Mapping[str, Any] | None = None

    @property
    def word(self) -> int | str:
        """The on-demand maximum as the option has it."""
        return UNLIMITED if self.maximum is None else self.maximum


@dataclass(frozen=True)
class Capacity:
    """The capacity of a table itself, or of one of its indexes: quotas count the decreases of each on its own.

    Attributes:
        subject: How the operator knows it.
        resource_id: How Application Auto Scaling knows it.
        rates: `read` and `write`.
        warm: Warm throughput in units a second, `read` and `write`, as far as AWS tells it.
        warm_status: Of the warm throughput, for example UPDATING.
        decreases: How often it was lowered on the UTC day of `last_decrease`.
        last_decrease: When it was lowered last.
        status: Of the table or index.
    """

    subject: str
    resource_id: str
    rates: Mapping[str, Rate]
    warm: Mapping[str, int] = field(default_factory=dict)
    warm_status: str = "ACTIVE"
    decreases: int = 0
    last_decrease: datetime | None = None
    status: str = "ACTIVE"

    def dimension(self, kind: str) -> str:
        """The scalable dimension of its reads or writes."""
        return f"dynamodb:{'index' if '/index/' in self.resource_id else 'table'}:{UNIT_FIELDS[kind]}"

    def decreases_today(self, now: datetime) -> int:
        """How often it was lowered on this UTC day."""
        return self.decreases if self.last_decrease and _day(self.last_decrease) == _day(now) else 0

    def next_decrease(self, now: datetime) -> datetime | None:
        """When it can be lowered again, or none if it can be now.

        AWS tells how often it was lowered today and when last, not all the times. After the first four of a day one
        whole hour since the last is certainly enough; AWS may grant one a little earlier.
        """
        used = self.decreases_today(now)
        if used < DECREASES_AT_ONCE or self.last_decrease is None:
            return None
        tomorrow = _day(now) + timedelta(days=1)
        free = tomorrow if used >= DECREASES_A_DAY else min(self.last_decrease + timedelta(hours=1), tomorrow)
        return free if free > now else None


@dataclass(frozen=True)
class Switches:
    """What is known of a table's switches to on-demand in the last 24 hours.

    Attributes:
        times: When they were made, oldest first; those that are known.
        unseen: Why there may be more than are known, or nothing.
    """

    times: tuple[datetime, ...] = ()
    unseen: str = ""

    @property
    def next_free(self) -> datetime | None:
        """When the next switch is possible, or none if it is now."""
        return self.times[-SWITCHES] + SWITCH_WINDOW if len(self.times) >= SWITCHES else None


@dataclass(frozen=True)
class TableState:
    """A table as it was found.

    Attributes:
        name: Its name.
        mode: PROVISIONED or PAY_PER_REQUEST.
        capacity: Its own capacity.
        indexes: The capacity of its global secondary indexes by name.
        read_at: When this was read, by AWS's clock.
        replicas: Regions of its replicas, if it is a global table.
        last_on_demand: When it was switched to on-demand last.
        switches: The switches to on-demand, if they were asked for.
    """

    name: str
    mode: str
    capacity: Capacity
    indexes: Mapping[str, Capacity]
    read_at: datetime
    replicas: tuple[str, ...] = ()
    last_on_demand: datetime | None = None
    switches: Switches | None = None


def check(target: Target) -> dict[str, Any]:
    """A wish without what was not given, if it makes sense for any table.

    Raises:
        Refused: It does not.
    """
    wish = _given(target.desired)
    name = target.name
    if ":" in name:
        raise Refused(f"{name}: give the table's name, not its ARN; the account and region are those of the task.")
    listed = [index["name"] for index in wish.get("indexes", ())]
    doubles = sorted({index for index in listed if listed.count(index) > 1})
    if EVERY_INDEX in listed and len(listed) > 1:
        doubles = [index for index in listed if index != EVERY_INDEX] or doubles
    if doubles:
        raise Refused(
            f"{name}: named more than once: index {', '.join(doubles)}"
            f" ({EVERY_INDEX} means every index). Put what you want of each into one element."
        )
    for subject, part in [(name, wish), *((f"{name}, index {i['name']}", i) for i in wish.get("indexes", ()))]:
        for kind in KINDS:
            rate = part.get(kind, {})
            for key in ("units", "initial_units"):
                if key in rate:
                    _whole(f"{subject}: {kind} {key}", rate[key])
            if "units" in rate and wish.get("billing_mode") == ON_DEMAND:
                raise Refused(
                    f"{subject}: an on-demand table has no {kind} units. Leave them out, or limit it with"
                    " max_request_units."
                )
            if "max_request_units" in rate:
                rate["max_request_units"] = _maximum(f"{subject}: {kind} max_request_units", rate["max_request_units"])
        for key, value in part.get("warm_throughput", {}).items():
            _whole(f"{subject}: warm_throughput {key}", value)
    return wish


def _given(value: Any) -> Any:
    """A copy without the options that were not given, which Ansible hands over as none."""
    if isinstance(value, Mapping):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _whole(what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise Refused(f"{what} is {value}: give a whole number from 1 to {_MOST}.")


def _maximum(what: str, value: Any) -> int | str:
    if value == UNLIMITED:
        return UNLIMITED
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _MOST:
        raise Refused(f"{what} is {value}: give a whole number from 1 to {_MOST}, or the word {UNLIMITED}.")
    return number


def shape_table(state: TableState) -> dict[str, Any]:
    """All of a table's capacity as an element of the option `tables`; giving it to the module changes nothing."""

    def part(capacity: Capacity) -> dict[str, Any]:
        warm = {f"{kind}_units": value for kind, value in capacity.warm.items()}
        return {
            **{kind: _shape_rate(rate, state.mode) for kind, rate in capacity.rates.items()},
            **({"warm_throughput": warm} if warm else {}),
        }

    return {
        "name": state.name,
        "billing_mode": state.mode,
        **part(state.capacity),
        "indexes": [{"name": name, **part(capacity)} for name, capacity in state.indexes.items()],
    }


def _shape_rate(rate: Rate, mode: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"max_request_units": rate.word} if mode == ON_DEMAND else {}
    if rate.autoscaling is not None:
        return {**shape, "autoscaling": shape_autoscaling(rate.autoscaling)}
    return shape if mode == ON_DEMAND else {"units": rate.units}


def report_table(state: TableState) -> dict[str, Any]:
    """A table for the operator: its capacity, and what can be done to it today."""
    return {
        "table": shape_table(state),
        **_facts(state.capacity, state.read_at),
        "indexes": [{"name": name, **_facts(index, state.read_at)} for name, index in state.indexes.items()],
        "replicas": list(state.replicas),
        "switches": _switch_facts(state),
    }


def _facts(capacity: Capacity, now: datetime) -> dict[str, Any]:
    used = capacity.decreases_today(now)
    free = capacity.next_decrease(now)
    at_once = max(DECREASES_AT_ONCE - used, 0 if free else 1)
    hours_left = int((_day(now) + timedelta(days=1) - now) / timedelta(hours=1))
    return {
        "status": capacity.status,
        "units": {kind: rate.units for kind, rate in capacity.rates.items()},
        "warm_throughput_status": capacity.warm_status,
        "decreases": {
            "used_today": used,
            "left_now": at_once,
            "left_today": min(DECREASES_A_DAY - used, at_once + hours_left),
            "next_possible": stamp(free or now),
        },
    }


def _switch_facts(state: TableState) -> dict[str, Any]:
    switches = state.switches
    counted = switches is not None and not switches.unseen
    times = switches.times if switches else ()
    return {
        "last": stamp(state.last_on_demand) if state.last_on_demand else None,
        "used": len(times) if counted else None,
        "left": max(SWITCHES - len(times), 0) if counted else None,
        "next_possible": stamp((switches.next_free if switches else None) or state.read_at) if counted else None,
        "note": (
            f"not observable: {switches.unseen}"
            if switches and switches.unseen
            else "not counted: give switches: true to ask CloudTrail"
            if switches is None
            else None
        ),
    }


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
