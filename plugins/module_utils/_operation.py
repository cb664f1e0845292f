# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table of locks and records of operations: its items, and how they are written. Pure.

One table holds three kinds of items, told apart by the hash key `kind`:

- `lock`, by name: who may change something now (`_operation_lock.py`). The item stays when the lock is released, because its fencing token
  is a number that must only grow.
- `open`, by `<kind>/<name>`: which record is the open one. It is written in one transaction with the record, so there
  is never more than one, and finding it costs one small read however long the history is.
- everything else: the records of that kind, by an id that sorts by time (`_operation_record.py`).

Every write names what it was planned on (token, lease, revision) as its condition. A run that lost its lock, or that
read something which has changed since, writes nothing.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Settle

LOCK = "lock"
OPEN = "open"
LONGEST_LEASE = 24 * 3600


def in_words(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


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


def update_of(
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
