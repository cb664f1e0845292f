# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the capacity of DynamoDB tables, in few calls.

The short names of sources in the comments are those of `_dynamodb.py`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import fetch_autoscaling
from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import (
    KINDS,
    MAXIMUM_FIELDS,
    ON_DEMAND,
    PROVISIONED,
    SWITCH_WINDOW,
    UNIT_FIELDS,
    WARM_FIELDS,
    Capacity,
    Rate,
    Switches,
    TableState,
    check,
)
from ansible_collections.runbook.aws.plugins.module_utils._engine import FIRST_PAUSE, PAUSE_GROWTH, gather
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

# "Within an average of about 5 minutes … not guaranteed": https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
# cloudtrail-concepts.html, so a switch of the last hour may be missing.
LATE = timedelta(hours=1)
SAME_SWITCH = timedelta(minutes=15)


class Reader:
    """Reads many tables in few calls: one DescribeTable for each, and their autoscaling all together.

    Everything is read when the first target is asked for, because the names of the indexes, which the question for the
    autoscaling needs, are known only after DescribeTable.

    Args:
        aws: The way to AWS.
        targets: The tables.
        workers: How many tables are read at the same time.
        patience: Seconds to wait for a table that is being changed; 0 reads it as it is.
        wants_switches: Whether a table's switches to on-demand are needed. They cost slow calls, see `switch_times`.
    """

    def __init__(
        self,
        aws: Aws,
        targets: Sequence[Target],
        *,
        workers: int,
        patience: float,
        wants_switches: Callable[[Target, TableState], bool],
    ) -> None:
        self._aws = aws
        self._targets = targets
        self._workers = workers
        self._patience = patience
        self._wants_switches = wants_switches
        self._lock = threading.Lock()
        self._found: dict[str, TableState | Exception] = {}

    def fetch(self, target: Target) -> TableState:
        """One table.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: The wish makes no sense for any table, or the table cannot be changed.
        """
        with self._lock:
            if not self._found:
                self._found = self._read_all()
        found = self._found[target.name]
        if isinstance(found, Exception):
            raise found
        return found

    def _read_all(self) -> dict[str, TableState | Exception]:
        descriptions = gather(self._describe, self._targets, self._workers, (AwsError, Refused))
        tables = [answer["Table"] for answer in descriptions if not isinstance(answer, Exception)]
        try:
            autoscaling = fetch_autoscaling(self._aws, "dynamodb", [i for table in tables for i in resource_ids(table)])
        except AwsError as error:
            return {target.name: error for target in self._targets}
        found: dict[str, TableState | Exception] = {
            target.name: answer if isinstance(answer, Exception) else table_state(answer, autoscaling)
            for target, answer in zip(self._targets, descriptions, strict=True)
        }
        asked = [
            state
            for target in self._targets
            if isinstance(state := found[target.name], TableState) and self._wants_switches(target, state)
        ]
        if asked:
            events, unseen = switch_times(self._aws, min(state.read_at for state in asked))
            for state in asked:
                found[state.name] = replace(state, switches=switches_of(state, events.get(state.name, []), unseen))
        return found

    def _describe(self, target: Target) -> dict[str, Any]:
        check(target)
        deadline = time.monotonic() + self._patience
        pause = FIRST_PAUSE
        while True:
            answer = self._aws.call("dynamodb", "DescribeTable", TableName=target.name)
            if not self._patience or not _is_updating(answer["Table"]):
                return answer
            # What a table shows while it is UPDATING is what it had before, so nothing can be planned on it, and it
            # would refuse UpdateTable (model, UpdateTable).
            if time.monotonic() >= deadline:
                raise Refused(
                    f"{target.name} is still being changed by somebody else after {self._patience:g} seconds, and"
                    " refuses changes until that is done. Run the same task again, or raise wait_timeout."
                )
            time.sleep(pause)
            pause = min(pause * PAUSE_GROWTH, 5.0)


def _is_updating(table: Mapping[str, Any]) -> bool:
    indexes = table.get("GlobalSecondaryIndexes", ())
    return "UPDATING" in (table["TableStatus"], *(index["IndexStatus"] for index in indexes))


def resource_ids(table: Mapping[str, Any]) -> list[str]:
    """Application Auto Scaling's ids of a table (model, TableDescription) and its indexes."""
    own = f"table/{table['TableName']}"
    return [own, *(f"{own}/index/{index['IndexName']}" for index in table.get("GlobalSecondaryIndexes", ()))]


def table_state(answer: Mapping[str, Any], autoscaling: Mapping[tuple[str, str], Mapping[str, Any]]) -> TableState:
    """What DescribeTable answered.

    Args:
        answer: The answer.
        autoscaling: What `fetch_autoscaling` found.
    """
    table = answer["Table"]
    name = table["TableName"]
    billing = table.get("BillingModeSummary", {})
    return TableState(
        name=name,
        # Absent for a table that has always been provisioned (model, BillingModeSummary).
        mode=billing.get("BillingMode", PROVISIONED),
        capacity=_capacity(name, f"table/{name}", table, table["TableStatus"], autoscaling),
        indexes={
            index["IndexName"]: _capacity(
                f"{name}, index {index['IndexName']}",
                f"table/{name}/index/{index['IndexName']}",
                index,
                index["IndexStatus"],
                autoscaling,
            )
            for index in table.get("GlobalSecondaryIndexes", ())
        },
        read_at=answered_at(answer),
        replicas=tuple(sorted(replica["RegionName"] for replica in table.get("Replicas", ()))),
        last_on_demand=billing.get("LastUpdateToPayPerRequestDateTime"),
    )


def _capacity(
    subject: str,
    resource_id: str,
    description: Mapping[str, Any],
    status: str,
    autoscaling: Mapping[tuple[str, str], Mapping[str, Any]],
) -> Capacity:
    throughput = description.get("ProvisionedThroughput", {})
    maxima = description.get("OnDemandThroughput", {})
    warm = description.get("WarmThroughput", {})
    empty = Capacity(subject, resource_id, {})
    return replace(
        empty,
        rates={
            kind: Rate(
                throughput.get(UNIT_FIELDS[kind], 0),
                # -1 stands for no maximum (model, OnDemandThroughput).
                limit if (limit := maxima.get(MAXIMUM_FIELDS[kind], -1)) > 0 else None,
                autoscaling.get((resource_id, empty.dimension(kind))),
            )
            for kind in KINDS
        },
        warm={kind: warm[WARM_FIELDS[kind]] for kind in KINDS if WARM_FIELDS[kind] in warm},
        warm_status=warm.get("Status", "ACTIVE"),
        decreases=throughput.get("NumberOfDecreasesToday", 0),
        last_decrease=throughput.get("LastDecreaseDateTime"),
        status=status,
    )


def switch_times(aws: Aws, now: datetime) -> tuple[dict[str, list[datetime]], str]:
    """When which table was switched to on-demand in the last 24 hours, as CloudTrail knows it.

    DynamoDB shows only the last switch. LookupEvents takes one attribute; by the event's name one answer serves all
    tables of a task, by a table's name it would list every DescribeTable of the autoscaling too.

    Args:
        aws: The way to AWS.
        now: The end of the 24 hours.

    Returns:
        Times by table name, and why they could not be seen, if so.
    """
    try:
        events = aws.pages(
            "cloudtrail",
            "LookupEvents",
            "Events",
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UpdateTable"}],
            StartTime=now - SWITCH_WINDOW,
        )
    except AwsError as error:
        return {}, str(error)
    times: dict[str, list[datetime]] = {}
    for event in events:
        detail = json.loads(event.get("CloudTrailEvent") or "{}")
        # Other services (Glue, Keyspaces) have an UpdateTable too.
        ours = detail.get("eventSource") == "dynamodb.amazonaws.com" and detail.get("errorCode") is None
        if ours and (detail.get("requestParameters") or {}).get("billingMode") == ON_DEMAND:
            times.setdefault(_table_of(detail), []).append(event["EventTime"])
    return times, ""


def _table_of(detail: Mapping[str, Any]) -> str:
    """The table of an UpdateTable event.

    The example in https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/understanding-ddb-log-entries.html
    has the name in the answer only; the request may have an ARN in its place (model, UpdateTable).
    """
    answered = (detail.get("responseElements") or {}).get("tableDescription") or {}
    name = answered.get("tableName") or (detail.get("requestParameters") or {}).get("tableName") or ""
    return str(name).rpartition("/")[2]


def switches_of(state: TableState, times: Iterable[datetime], unseen: str) -> Switches:
    """The switches of one table, from CloudTrail and from the table itself.

    Args:
        state: The table.
        times: What CloudTrail knows.
        unseen: Why CloudTrail could not be asked, if so.
    """
    since = state.read_at - SWITCH_WINDOW
    known = sorted(at for at in times if at > since)
    last = state.last_on_demand
    # A switch takes minutes, so the two sources may differ by some; where in doubt one switch too few is counted,
    # because AWS has the last word. A table that was made on-demand shows the time when it was made, which is no
    # switch: only what is too new for CloudTrail is taken from the table, unless CloudTrail cannot be asked at all.
    if last and last > since and (unseen or last > state.read_at - LATE):
        same = [at for at in known if abs(last - at) < SAME_SWITCH]
        known = known if same else sorted([*known, last])
    return Switches(tuple(known), unseen)
