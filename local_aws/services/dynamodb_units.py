# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What reading and writing DynamoDB's items costs, and what a table gives in a second.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html: a write takes a unit for
each KB, a read one for each 4 KB, half of it when it is eventually consistent; twice as much in a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import SecondaryIndex, Table

from local_aws.items import Attributes, size_of
from local_aws.rules import AwsError, Call
from local_aws.services.dynamodb_state import Budget, TableState

_WRITTEN, _READ = 1024, 4096


def write_units(size: int) -> float:
    return float(max(1, -(-size // _WRITTEN)))


def read_units(size: int, consistent: bool) -> float:
    """Of everything that one request read of a table; nothing found costs as much as the smallest item."""
    return max(1, -(-size // _READ)) * (1.0 if consistent else 0.5)


@dataclass
class Cost:
    """Units of one kind that a call consumed in one table."""

    table: float = 0.0
    global_indexes: dict[str, float] = field(default_factory=dict)
    local_indexes: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.table + sum(self.global_indexes.values()) + sum(self.local_indexes.values())

    def add(self, other: Cost, times: float = 1.0) -> None:
        self.table += other.table * times
        for own, more in ((self.global_indexes, other.global_indexes), (self.local_indexes, other.local_indexes)):
            for name, units in more.items():
                own[name] = own.get(name, 0.0) + units * times

    def describe(self, call: Call, name: str) -> dict[str, Any] | None:
        """ConsumedCapacity in the detail that the call asked for (botocore, ReturnConsumedCapacity)."""
        detail = call.arguments.get("ReturnConsumedCapacity") or "NONE"
        if detail == "NONE":
            return None
        shown: dict[str, Any] = {"TableName": name, "CapacityUnits": self.total}
        if detail == "INDEXES":
            shown["Table"] = {"CapacityUnits": self.table}
            for key, units in (
                ("GlobalSecondaryIndexes", self.global_indexes),
                ("LocalSecondaryIndexes", self.local_indexes),
            ):
                if units:
                    shown[key] = {index: {"CapacityUnits": consumed} for index, consumed in units.items()}
        return shown


def write_cost(table: Table, before: Attributes | None, after: Attributes | None) -> Cost:
    """What a put, an update or a deletion consumes.

    The larger of the item before and after (API_UpdateItem and API_PutItem go by the larger one); and in each index
    that changes, by the size that is projected:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
    """
    cost = Cost(write_units(max(size_of(before or {}), size_of(after or {}))))
    for indexes, costs in ((table.global_indexes, cost.global_indexes), (table.indexes, cost.local_indexes)):
        for index in indexes:
            units = _index_cost(index, before, after)
            if units:
                costs[index.name] = units
    return cost


def _index_cost(index: SecondaryIndex, before: Attributes | None, after: Attributes | None) -> float:
    old, new = _image(index, before), _image(index, after)
    if old == new:
        return 0.0
    if old is None or new is None:
        return write_units(size_of(old or new or {}))
    if all(old[key] == new[key] for key in index.schema_key_attrs):
        return write_units(max(size_of(old), size_of(new)))
    return write_units(size_of(old)) + write_units(size_of(new))


def _image(index: SecondaryIndex, attributes: Attributes | None) -> Attributes | None:
    """What an index holds of an item; None when it is not in the index."""
    if attributes is None or not all(key in attributes for key in index.schema_key_attrs):
        return None
    if index.projection.get("ProjectionType", "ALL") == "ALL":
        return attributes
    held = {*index.table_key_attrs, *index.schema_key_attrs, *index.projection.get("NonKeyAttributes", [])}
    return {name: value for name, value in attributes.items() if name in held}


def attributes_of(item: Item | None) -> Attributes | None:
    return None if item is None else item.attrs


class Limit:
    """The units of one kind that a table gives in a second, when the account's settings say so."""

    def __init__(self, call: Call, kind: str) -> None:
        self._kind = kind
        self._now = call.account.now()
        settings = call.account.settings
        self.rate = settings.read_units_per_second if kind == "read" else settings.write_units_per_second

    def admits(self, state: TableState, units: float) -> bool:
        """Whether a request that needs so many units may go on; one that needs more than a second's waits for all."""
        return self.rate <= 0 or self._budget(state).left >= min(units, self.rate)

    def spend(self, state: TableState, units: float) -> None:
        if self.rate > 0:
            self._budget(state).left -= units

    def refuse_when_spent(self, state: TableState, units: float) -> None:
        if not self.admits(state, units):
            raise exceeded()

    def _budget(self, state: TableState) -> Budget:
        budget = state.budgets.setdefault(self._kind, Budget(self.rate, self._now))
        budget.left = min(self.rate, budget.left + self.rate * max(0.0, self._now - budget.at))
        budget.at = self._now
        return budget


def exceeded() -> AwsError:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""
    return AwsError(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
        "provisioning level with the UpdateTable API.",
    )
