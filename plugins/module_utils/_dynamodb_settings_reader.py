# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads everything about many DynamoDB tables that is not their items.

Alarms, event source mappings and autoscaling are read for all tables together: none of these APIs takes a table. The
rest costs some calls for each table, of which AWS answers 10 a second (DescribeContinuousBackups, ListTagsOfResource).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import fetch_autoscaling
from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import TableState
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr, fetch_pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_reader import resource_ids, table_state
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    AUTOSCALING,
    Raw,
    alarms_of,
    mappings_of,
    shape_settings,
    stream_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._engine import gather
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

T = TypeVar("T")

_GUARD = (AwsError,)
# A table in such a state has no settings to be read but those of DescribeTable.
_UNFINISHED = ("CREATING", "DELETING", "ARCHIVED")


class Missing(AwsError):
    """There is no such table: what is told of something that hangs on a table has another meaning."""


@dataclass(frozen=True)
class Found:
    """A table as it was read.

    Attributes:
        table: `Table` of DescribeTable.
        state: Its capacity.
        settings: All of its settings that were wanted.
        pitr: Its point-in-time recovery, if that was wanted.
        unscalable: Scaling policies that the settings do not describe.
        alarms: The alarms on it, as AWS describes them, with their tags.
        every_alarm: All alarms of the account and region by name.
        mappings: The event source mappings of its stream, as AWS describes them.
        read_at: By AWS's clock.
    """

    table: Mapping[str, Any]
    state: TableState
    settings: Mapping[str, Any]
    pitr: Pitr | None
    unscalable: Sequence[str]
    alarms: Sequence[Mapping[str, Any]]
    every_alarm: Mapping[str, Mapping[str, Any]]
    mappings: Sequence[Mapping[str, Any]]
    read_at: datetime

    @property
    def complete(self) -> bool:
        """Whether all of its settings could be read."""
        return self.table["TableStatus"] not in _UNFINISHED


class SettingsReader:
    """Reads the settings of many tables.

    Args:
        aws: The way to AWS.
        workers: How many tables are read at the same time.
    """

    def __init__(self, aws: Aws, workers: int) -> None:
        self._aws = aws
        self._workers = workers

    def read(self, tables: Mapping[str, Collection[str]]) -> dict[str, Found | AwsError]:
        """Read tables.

        Args:
            tables: The settings that need not be read, by the table's name.

        Returns:
            Each table, or why it could not be read: a setting that cannot be read must not be taken for one that is not
            there.
        """
        names = list(tables)
        answers = dict(zip(names, self._of_each(self._describe, names), strict=True))
        there = [name for name in names if not isinstance(answers[name], AwsError)]
        described = [answers[name]["Table"] for name in there]

        def wanted(*settings: str) -> bool:
            return any(setting not in tables[name] for setting in settings for name in there)

        try:
            scaling = self._autoscaling(described) if wanted("capacity", AUTOSCALING) else {}
            alarms = self.alarms() if wanted("alarms") else {}
            mappings = self._mappings(described) if wanted("event_source_mappings") else []
        except AwsError as error:
            return {name: answer if isinstance(answer, AwsError) else error for name, answer in answers.items()}

        writable = self._writable()

        def complete(name: str) -> Found:
            return self._complete(answers[name], tables[name], scaling, alarms, mappings, writable)

        found = dict(zip(there, self._of_each(complete, there), strict=True))
        return {name: found.get(name, answers[name]) for name in names}

    def _of_each(self, work: Callable[[str], T], names: Sequence[str]) -> list[Any]:
        return gather(lambda target: work(target.name), [Target(name) for name in names], self._workers, _GUARD)

    def _describe(self, name: str) -> dict[str, Any]:
        try:
            return self._aws.call("dynamodb", "DescribeTable", TableName=name)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                raise Missing(str(error), error.code) from error
            raise

    def _autoscaling(self, tables: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        return fetch_autoscaling(self._aws, "dynamodb", [item for table in tables for item in resource_ids(table)])

    def alarms(self) -> dict[str, Mapping[str, Any]]:
        """All metric alarms of the account and region by name.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        return {alarm["AlarmName"]: alarm for alarm in self._aws.pages("cloudwatch", "DescribeAlarms", "MetricAlarms")}

    def _mappings(self, tables: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        # ListEventSourceMappings counts in Lambda's 15 calls a second, so tables without a stream cost none.
        if not any(stream_of(table) for table in tables):
            return []
        return self._aws.pages("lambda", "ListEventSourceMappings", "EventSourceMappings")

    def _complete(
        self,
        answer: Mapping[str, Any],
        skipped: Collection[str],
        scaling: Mapping[tuple[str, str], Mapping[str, Any]],
        alarms: Mapping[str, Mapping[str, Any]],
        mappings: Sequence[Mapping[str, Any]],
        writable: Mapping[str, Collection[str]],
    ) -> Found:
        table = answer["Table"]
        # The indexes of a table that is being restored have no state of their own (ack-api-quirks, DDB-TABLE-282).
        state = table_state({**answer, "Table": _with_states(table)}, scaling)
        raw = Raw(table, state)
        if table["TableStatus"] not in _UNFINISHED:
            raw = self._details(raw, skipped, alarms, mappings)
        rates = [rate for part in (state.capacity, *state.indexes.values()) for rate in part.rates.values()]
        return Found(
            table=table,
            state=state,
            settings=shape_settings(raw, skipped, writable),
            pitr=raw.pitr,
            unscalable=sorted(
                {name for rate in rates if rate.autoscaling for name in rate.autoscaling.get("other_policies", ())}
            ),
            alarms=raw.alarms,
            every_alarm=alarms,
            mappings=raw.mappings,
            read_at=answered_at(answer),
        )

    def _details(
        self,
        raw: Raw,
        skipped: Collection[str],
        alarms: Mapping[str, Mapping[str, Any]],
        mappings: Sequence[Mapping[str, Any]],
    ) -> Raw:
        table = raw.table
        name, arn = table["TableName"], table["TableArn"]

        def of(setting: str, read: Callable[[], Any], otherwise: Any) -> Any:
            return otherwise if setting in skipped else read()

        def described(operation: str, key: str) -> Any:
            return self._aws.call("dynamodb", operation, TableName=name).get(key) or {}

        stream = table.get("LatestStreamArn") if stream_of(table) else None
        return replace(
            raw,
            pitr=of("pitr", lambda: fetch_pitr(self._aws, name), None),
            ttl=of("ttl", lambda: described("DescribeTimeToLive", "TimeToLiveDescription"), {}),
            tags=of("tags", lambda: self._aws.pages("dynamodb", "ListTagsOfResource", "Tags", ResourceArn=arn), []),
            policy=of("resource_policy", lambda: self._policy(arn), {}),
            stream_policy=of("stream_policy", lambda: self._policy(stream), {}) if stream else {},
            insights=of("contributor_insights", lambda: self._insights(name), []),
            kinesis=of(
                "kinesis",
                lambda: described("DescribeKinesisStreamingDestination", "KinesisDataStreamDestinations") or [],
                [],
            ),
            alarms=[
                {**alarm, "Tags": self._alarm_tags(alarm)}
                for alarm in (alarms_of(name, alarms.values()) if "alarms" not in skipped else ())
            ],
            mappings=[
                {**mapping, "Tags": self._mapping_tags(mapping)}
                for mapping in (mappings_of(table, mappings) if "event_source_mappings" not in skipped else ())
            ],
        )

    def _policy(self, arn: str) -> Mapping[str, Any]:
        try:
            document: Mapping[str, Any] = json.loads(
                self._aws.call("dynamodb", "GetResourcePolicy", ResourceArn=arn)["Policy"]
            )
        except AwsError as error:
            if error.code != "PolicyNotFoundException":
                raise
            return {}
        return document

    def _insights(self, name: str) -> list[Mapping[str, Any]]:
        # botocore has no paginator for it.
        found: list[Mapping[str, Any]] = []
        further: dict[str, str] = {}
        while True:
            answer = self._aws.call("dynamodb", "ListContributorInsights", TableName=name, MaxResults=100, **further)
            found += answer.get("ContributorInsightsSummaries") or ()
            if not answer.get("NextToken"):
                return found
            further = {"NextToken": answer["NextToken"]}

    def _alarm_tags(self, alarm: Mapping[str, Any]) -> list[Mapping[str, str]]:
        answer = self._aws.call("cloudwatch", "ListTagsForResource", ResourceARN=alarm["AlarmArn"])
        tags: list[Mapping[str, str]] = answer.get("Tags") or []
        return tags

    def _mapping_tags(self, mapping: Mapping[str, Any]) -> Mapping[str, str]:
        tags: Mapping[str, str] = (
            self._aws.call("lambda", "ListTags", Resource=mapping["EventSourceMappingArn"]).get("Tags") or {}
        )
        return tags

    def _writable(self) -> dict[str, Collection[str]]:
        """What can be written of what is read, as the installed botocore knows it: no list of ours grows old."""
        return {
            operation: self._aws.client(service).meta.service_model.operation_model(operation).input_shape.members
            for service, operation in (("cloudwatch", "PutMetricAlarm"), ("lambda", "CreateEventSourceMapping"))
        }


def _with_states(table: Mapping[str, Any]) -> dict[str, Any]:
    indexes = [{"IndexStatus": table["TableStatus"], **index} for index in table.get("GlobalSecondaryIndexes") or ()]
    return {**table, "GlobalSecondaryIndexes": indexes}


def report_settings(name: str, found: Found | AwsError) -> dict[str, Any]:
    """A table for the operator.

    Raises:
        AwsError: It could not be read.
        Refused: It has no settings yet, or no more.
    """
    if isinstance(found, AwsError):
        raise found
    if not found.complete:
        raise Refused(
            f"{name} is {found.table['TableStatus']}, so not all of its settings can be read. Wait, and read again."
        )
    return {"settings": dict(found.settings), "other_policies": list(found.unscalable)}
