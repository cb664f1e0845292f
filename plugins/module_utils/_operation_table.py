# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table of locks and records: reads, and writes whose refused conditions become sentences."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._operation import LOCK, OPEN, key, value_of
from ansible_collections.runbook.aws.plugins.module_utils._operation_lock import (
    Lock,
    LockFound,
    LockWish,
    held,
    refuse_other_account,
)
from ansible_collections.runbook.aws.plugins.module_utils._operation_record import RecordFound, is_overdue, record_of
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Settle

# Another transaction or write had the same item in its hands; it takes milliseconds.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html, "Transaction conflict handling"
_CONFLICTS = ("TransactionConflictException", "TransactionCanceledException")
_CONFLICT_TRIES = 8
# A table that was made just now: DescribeContinuousBackups says ENABLED before UpdateContinuousBackups agrees.
_NEW_TABLE_TRIES = 20


class OperationTable:
    """The table, in the shape in which `OpsModule.run` takes a way to AWS.

    Args:
        aws: The way to AWS.
        table: The table's name.
        is_dead: Whether the process of a holder is known to have ended.
    """

    def __init__(
        self, aws: Aws, table: str, is_dead: Callable[[Mapping[str, Any]], bool] = lambda holder: False
    ) -> None:
        self._aws = aws
        self._table = table
        self._is_dead = is_dead
        self.now = datetime.now(UTC)
        self.exists = True

    def get(self, kind: str, identity: str) -> dict[str, Any] | None:
        """One item, as it is now; none if it or the table does not exist. `now` becomes AWS's time."""
        try:
            answer = self._aws.call(
                "dynamodb", "GetItem", TableName=self._table, Key=key(kind, identity), ConsistentRead=True
            )
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            self.exists = False
            return None
        self.note_time(answer)
        return answer.get("Item")

    def note_time(self, answer: Mapping[str, Any]) -> None:
        """All runs read AWS's clock, so a machine whose own clock is wrong neither keeps nor takes a lock too long."""
        self.now = answered_at(answer)

    def caller(self) -> dict[str, str]:
        """`account` and `arn` of whose credentials these are."""
        answer = self._aws.call("sts", "GetCallerIdentity")
        return {"account": answer["Account"], "arn": answer["Arn"]}

    def lock(self, wish: LockWish) -> LockFound:
        """What there is of a lock.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: The lock is wanted, and this is another account than the expected one.
        """
        caller: dict[str, str] = {}
        if wish.present:
            caller = self.caller()
            refuse_other_account(wish, caller)  # Before a table of another account is asked.
        item = self.get(LOCK, wish.name)
        lock = Lock.from_item(item) if item else None
        # The first use of a name is rare: whether the table's maker came to its end is asked only then.
        protected = self._protected() if item is None and self.exists else self.exists
        dead = bool(lock and lock.holder) and self._is_dead(lock.holder if lock else {})
        return LockFound(self.now, lock, dead, self.exists, protected, caller)

    def _protected(self) -> bool:
        answer = self._aws.call("dynamodb", "DescribeContinuousBackups", TableName=self._table)
        described = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return described.get("PointInTimeRecoveryStatus") == "ENABLED"

    def record(self, kind: str, name: str, identity: str | None, lock: str | None) -> RecordFound:
        """What there is of a record: the one with the id, or the open one of the name, and of the lock."""
        held_lock = self.get(LOCK, lock) if lock else None
        if identity is None:
            pointer = self.get(OPEN, f"{kind}/{name}")
            identity = value_of(pointer["record"]) if pointer else None
        item = self.get(kind, identity) if identity else None
        return RecordFound(
            now=self.now,
            suffix=f"{random.SystemRandom().randrange(16**4):04x}",
            record=record_of(item) if item else None,
            lock=Lock.from_item(held_lock) if held_lock else None,
        )

    def records(
        self, kind: str | None, name: str | None, id: str | None, open: bool, overdue: bool, limit: int | None
    ) -> list[dict[str, Any]]:
        """Records, newest first, as `operation_record_info` lists them.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: The kind is not one of records.
        """
        if kind in (LOCK, OPEN):
            raise Refused(f"{kind} is no kind of record: it is kept for the table's own use.")
        try:
            if id is not None:
                items = [self.get(kind or "", id)]
            elif open or overdue:
                items = [self.get(*place) for place in self._open(kind)]
            elif kind is not None:
                items = self._of_kind(kind, name, limit)
            else:
                items = self._all()
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return []
        found = [record_of(item) for item in items if item]
        shown = [
            {**record, "overdue": is_overdue(record, self.now)}
            for record in sorted(found, key=lambda record: record["id"], reverse=True)
            if name in (None, record["name"])
            and (record["state"] == "open" or not (open or overdue))
            and (is_overdue(record, self.now) or not overdue)
        ]
        return shown[:limit]

    def _open(self, kind: str | None) -> list[tuple[str, str]]:
        """Where the open records are."""
        arguments: dict[str, Any] = {
            "KeyConditionExpression": "#kind = :kind" + (" AND begins_with(#id, :of)" if kind else ""),
            "ExpressionAttributeNames": {"#kind": "kind", **({"#id": "id"} if kind else {})},
            "ExpressionAttributeValues": {":kind": {"S": OPEN}, **({":of": {"S": f"{kind}/"}} if kind else {})},
        }
        items = self._aws.pages("dynamodb", "Query", "Items", TableName=self._table, ConsistentRead=True, **arguments)
        return [(value_of(item["of"]), value_of(item["record"])) for item in items]

    def _of_kind(self, kind: str, name: str | None, limit: int | None) -> list[dict[str, Any] | None]:
        named: dict[str, Any] = {"FilterExpression": "#name = :name"} if name is not None else {}
        return self._aws.pages(
            "dynamodb",
            "Query",
            "Items",
            TableName=self._table,
            ConsistentRead=True,
            ScanIndexForward=False,
            KeyConditionExpression="#kind = :kind",
            ExpressionAttributeNames={"#kind": "kind", **({"#name": "name"} if named else {})},
            ExpressionAttributeValues={":kind": {"S": kind}, **({":name": {"S": name}} if named else {})},
            **named,
            **({"PaginationConfig": {"MaxItems": limit}} if limit else {}),
        )

    def _all(self) -> list[dict[str, Any] | None]:
        return self._aws.pages(
            "dynamodb",
            "Scan",
            "Items",
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="NOT (#kind IN (:lock, :open))",
            ExpressionAttributeNames={"#kind": "kind"},
            ExpressionAttributeValues={":lock": {"S": LOCK}, ":open": {"S": OPEN}},
        )

    def settled(self, settle: Settle) -> bool:
        """As `Aws.settled`."""
        return self._aws.settled(settle)

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """As `Aws.call`, for the calls of a plan.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: What the plan was made on is no longer so.
        """
        tries = 0
        while True:
            tries += 1
            try:
                return self._aws.call(service, operation, **arguments)
            except AwsError as error:
                if operation == "CreateTable" and error.code == "ResourceInUseException":
                    return {}  # Another run makes it at this moment. What follows waits for it in the same way.
                if _passes(operation, error) and tries < _patience(operation):
                    time.sleep(random.uniform(0.05, 0.15) * min(tries, 5))
                    continue
                if error.code == "ConditionalCheckFailedException":
                    return self._answer_of_lock(arguments)
                if error.code == "TransactionCanceledException":
                    raise self._canceled(arguments, error) from error
                raise

    def _answer_of_lock(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A write of a lock was refused: because another run was quicker, or because its first try had arrived.

        botocore sends a call again when its answer is lost on the way, and the second try then fails on what the first
        one wrote.
        """
        item = self.get(LOCK, value_of(arguments["Key"]["id"])) or {}
        values = arguments["ExpressionAttributeValues"]
        names = [name[1:] for name in arguments["ExpressionAttributeNames"] if f":{name[1:]}" in values]
        if names and all(item.get(name) == values[f":{name}"] for name in names if name != "previous"):
            return {"Item": item}
        name = value_of(arguments["Key"]["id"])
        raise Refused(
            f"{name}: another run was quicker. {self._state(name)} Way out: wait for it, then run this again."
        )

    def _canceled(self, arguments: Mapping[str, Any], error: AwsError) -> Refused:
        """The sentence for a transaction that was refused: AWS lists a reason for each write, in their order.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, CancellationReasons
        """
        first, *_others = arguments["TransactItems"]
        ((_verb, fence),) = first.items()
        name = value_of(fence["Key"]["id"])
        if _reasons(error)[:1] == ["ConditionalCheckFailed"]:
            return Refused(
                f"Nothing was written: lock {name} is no longer held with our token. {self._state(name)} Its lease ended or it was "
                "taken over. Way out: look at what is there now, then begin again."
            )
        if "ConditionalCheckFailed" in _reasons(error):
            return Refused(
                "Nothing was written: the record was changed, or another record of that name was opened, since it was read. "
                "Way out: run the same task again."
            )
        return Refused(f"Nothing was written: {error} Way out: run the same task again.")

    def _state(self, name: str) -> str:
        item = self.get(LOCK, name)
        lock = Lock.from_item(item) if item else None
        return f"It is {held(lock, self.now)}." if lock and not lock.free else "It is free now."


def _reasons(error: AwsError) -> list[str]:
    """The message ends in the list: `... for specific reasons [None, ConditionalCheckFailed]`."""
    found = re.search(r"\[([\w, ]+)\]", str(error))
    return found.group(1).split(", ") if found else []


def _passes(operation: str, error: AwsError) -> bool:
    """Whether the same call is accepted a moment later."""
    if operation == "UpdateContinuousBackups":
        return error.code in ("ContinuousBackupsUnavailableException", "ResourceInUseException")
    if error.code == "TransactionCanceledException":
        return "TransactionConflict" in _reasons(error) and "ConditionalCheckFailed" not in _reasons(error)
    return error.code in _CONFLICTS


def _patience(operation: str) -> int:
    return _NEW_TABLE_TRIES if operation == "UpdateContinuousBackups" else _CONFLICT_TRIES
