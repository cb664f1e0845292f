# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How tables are read: how many calls it takes, what is waited for, and what CloudTrail's events mean."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_reader import Reader, switch_times
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Answers:
    """Stands where `Aws` stands: answers by operation, and counts."""

    def __init__(self, *, updating: int = 0, indexes: int = 1, events: Any = ()) -> None:
        self.counted: Counter[str] = Counter()
        self.asked: list[dict[str, Any]] = []
        self._updating = updating
        self._indexes = indexes
        self._events = events

    def call(self, _service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        self.counted[operation] += 1
        if arguments["TableName"] == "missing":
            raise AwsError("dynamodb:DescribeTable was refused: ResourceNotFoundException", "ResourceNotFoundException")
        status = "UPDATING" if self.counted[operation] <= self._updating else "ACTIVE"
        indexes = [{"IndexName": f"index-{number}", "IndexStatus": "ACTIVE"} for number in range(self._indexes)]
        return {
            "Table": {"TableName": arguments["TableName"], "TableStatus": status, "GlobalSecondaryIndexes": indexes},
            "ResponseMetadata": {"HTTPHeaders": {"date": "Mon, 23 Nov 2026 14:00:00 GMT"}},
        }

    def pages(self, _service: str, operation: str, _result_key: str, /, **arguments: Any) -> list[Any]:
        self.counted[operation] += 1
        self.asked.append(arguments)
        if operation != "LookupEvents":
            return []
        if isinstance(self._events, Exception):
            raise self._events
        return list(self._events)


def reader(aws: Any, *names: str, patience: float = 5, switches: bool = False) -> tuple[Reader, list[Target]]:
    targets = [Target(name, {"name": name}) for name in names]
    made = Reader(aws, targets, workers=4, patience=patience, wants_switches=lambda _target, _state: switches)
    return made, targets


@pytest.mark.parametrize(("tables", "indexes", "scaling"), [(1, 0, 1), (25, 1, 1), (26, 1, 2), (100, 4, 10)])
def test_calls_for_many_tables(tables: int, indexes: int, scaling: int) -> None:
    aws = Answers(indexes=indexes)
    made, targets = reader(aws, *(f"table-{number}" for number in range(tables)), switches=True)
    assert [made.fetch(target).name for target in targets] == [target.name for target in targets]
    assert aws.counted == {"DescribeTable": tables, "DescribeScalableTargets": scaling, "LookupEvents": 1}


def test_switches_are_asked_for_only_when_they_are_needed() -> None:
    aws = Answers()
    made, (target,) = reader(aws, "table")
    assert made.fetch(target).switches is None
    assert "LookupEvents" not in aws.counted


def test_a_table_that_is_being_changed_is_read_again_until_it_is_not() -> None:
    aws = Answers(updating=1)
    made, (target,) = reader(aws, "table")
    assert made.fetch(target).capacity.status == "ACTIVE"
    assert aws.counted["DescribeTable"] == 2


def test_without_patience_a_table_is_shown_as_it_is() -> None:
    made, (target,) = reader(Answers(updating=9), "table", patience=0)
    assert made.fetch(target).capacity.status == "UPDATING"


def test_one_table_that_cannot_be_read_is_no_reason_not_to_read_the_others() -> None:
    made, (missing, there) = reader(Answers(), "missing", "table")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        made.fetch(missing)
    assert made.fetch(there).name == "table"


def test_a_senseless_wish_costs_no_call() -> None:
    aws = Answers()
    target = Target("table", {"name": "table", "read": {"units": -1}})
    made = Reader(aws, [target], workers=1, patience=0, wants_switches=lambda _target, _state: False)
    with pytest.raises(Refused, match="read units is -1"):
        made.fetch(target)
    assert aws.counted["DescribeTable"] == 0


def event(table: str, mode: str | None, hours_ago: float, **also: Any) -> dict[str, Any]:
    asked = {"tableName": table, **({"billingMode": mode} if mode else {})}
    return {
        "EventTime": NOW - timedelta(hours=hours_ago),
        "CloudTrailEvent": json.dumps({"eventSource": "dynamodb.amazonaws.com", "requestParameters": asked, **also}),
    }


def test_only_successful_switches_to_on_demand_count() -> None:
    events = [
        event("a", "PAY_PER_REQUEST", 1),
        event("a", "PAY_PER_REQUEST", 2, errorCode="LimitExceededException"),
        event("a", "PROVISIONED", 3),
        event("a", None, 4),
        event("arn:aws:dynamodb:us-east-1:123456789012:table/b", "PAY_PER_REQUEST", 5),
        event("a", "PAY_PER_REQUEST", 6, eventSource="glue.amazonaws.com"),
        {
            "EventTime": NOW - timedelta(hours=7),
            "CloudTrailEvent": json.dumps(
                {
                    "eventSource": "dynamodb.amazonaws.com",
                    "requestParameters": {"billingMode": "PAY_PER_REQUEST"},
                    "responseElements": {"tableDescription": {"tableName": "c"}},
                }
            ),
        },
        {"EventTime": NOW, "CloudTrailEvent": json.dumps({"requestParameters": None, "errorCode": "AccessDenied"})},
    ]
    aws: Any = Answers(events=events)
    found = switch_times(aws, NOW)
    assert found == ({name: [NOW - timedelta(hours=hours)] for name, hours in (("a", 1), ("b", 5), ("c", 7))}, "")
    assert aws.asked[0]["StartTime"] == NOW - timedelta(hours=24)


def test_a_cloudtrail_that_does_not_answer_is_a_reason_not_an_error() -> None:
    aws: Any = Answers(events=AwsError("cloudtrail:LookupEvents was refused.", "AccessDenied"))
    assert switch_times(aws, NOW) == ({}, "cloudtrail:LookupEvents was refused.")
