# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What moto does not keep of DynamoDB's tables."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from moto.dynamodb.models.table import Table

from local_aws.items import Journal, Order
from local_aws.services.dynamodb_capacity import ON_DEMAND, Capacity


@dataclass(frozen=True)
class Restore:
    """Where a restored table comes from."""

    table_arn: str
    moment: float
    backup_arn: str = ""


@dataclass
class Pitr:
    """Point-in-time recovery of one table."""

    days: int
    journal: Journal


@dataclass
class TimeToLive:
    """Expiry of the items of one table. A change is locked for an hour after it began."""

    attribute: str = ""
    enabled: bool = False
    changed_at: float | None = None
    done_at: float = 0.0

    def status(self, now: float) -> str:
        if self.done_at > now:
            return "ENABLING" if self.enabled else "DISABLING"
        return "ENABLED" if self.enabled else "DISABLED"

    def describe(self, now: float) -> dict[str, str]:
        """Without the attribute where it is off: nothing tells then what it was."""
        status = self.status(now)
        return {"TimeToLiveStatus": status, **({} if status == "DISABLED" else {"AttributeName": self.attribute})}


@dataclass
class Insights:
    """CloudWatch Contributor Insights of a table or of one index."""

    mode: str
    enabled: bool
    changed_at: float
    done_at: float

    def status(self, now: float) -> str:
        if self.done_at > now:
            return "ENABLING" if self.enabled else "DISABLING"
        return "ENABLED" if self.enabled else "DISABLED"


@dataclass
class Destination:
    """A Kinesis stream to which a table's changes go."""

    status_next: str
    done_at: float
    status_now: str
    precision: str = ""
    problem: str = ""

    def status(self, now: float) -> str:
        return self.status_now if self.done_at > now else self.status_next


@dataclass
class Policy:
    """A resource policy, of a table or of its stream."""

    text: str
    revision: str


@dataclass
class Budget:
    """Units of one kind that a table has left in this second."""

    left: float
    at: float


@dataclass
class TableState:
    """What moto does not keep of one table."""

    table: Table
    active_at: float = 0.0
    busy_until: float = 0.0
    mode_next: str = ""
    ever_on_demand: bool = False
    on_demand_at: float | None = None
    switches: list[float] = field(default_factory=list)
    own: Capacity = field(default_factory=Capacity)
    indexes: dict[str, Capacity] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deleted_at: float | None = None
    restore: Restore | None = None
    pitr: Pitr | None = None
    table_class: str = ""
    table_class_at: float = 0.0
    orders: dict[str, Order] = field(default_factory=dict)
    budgets: dict[str, Budget] = field(default_factory=dict)
    ttl: TimeToLive = field(default_factory=TimeToLive)
    insights: dict[str, Insights] = field(default_factory=dict)
    """By the name of the index, '' for the table."""
    destinations: dict[str, Destination] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    """By the ARN of the table or stream."""
    policy_changed_at: float | None = None

    def index(self, name: str) -> Capacity:
        return self.indexes.setdefault(name, Capacity())

    def order(self, index: str = "") -> Order:
        """The items of the table, or of one of its indexes, as a scan meets them."""
        if index not in self.orders:
            self.orders[index] = _order(self.table, index)
        return self.orders[index]

    def touch(self) -> None:
        """The items changed."""
        for order in self.orders.values():
            order.touch()


@dataclass
class Tables:
    """The tables of one account and region. A table that was made again under its name starts anew."""

    states: dict[str, TableState] = field(default_factory=dict)

    def of(self, table: Table) -> TableState:
        state = self.states.get(table.name)
        if state is None or state.table is not table:
            state = TableState(table, ever_on_demand=table.billing_mode == ON_DEMAND)
            state.on_demand_at = table.created_at.timestamp() if state.ever_on_demand else None
            self.states[table.name] = state
        return state


def _order(table: Table, name: str) -> Order:
    own = [table.hash_key_attr, *([table.range_key_attr] if table.range_key_attr else [])]
    if not name:
        return Order(own)
    index = table.get_index(name)
    keys = [part["AttributeName"] for part in index.schema]
    keys += [key for key in own if key not in keys]
    if index.projection.get("ProjectionType", "ALL") == "ALL":
        return Order(keys)
    return Order(keys, frozenset([*keys, *index.projection.get("NonKeyAttributes", [])]))
