# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How the settings of tables are read: how many calls it takes, and that nothing unread is taken for nothing."""

from __future__ import annotations

import threading
from collections import Counter
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import EXCEPTIONS
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_reader import (
    Found,
    Missing,
    SettingsReader,
    report_settings,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

ARN = "arn:aws:dynamodb:us-east-1:111122223333:table/"
STREAM = "/stream/2026-01-01T00:00:00.000"


class Answers:
    """Stands where `Aws` stands: answers by operation, and counts.

    Args:
        refuse: Error codes by operation.
        status: Of every table.
    """

    def __init__(self, refuse: dict[str, str] | None = None, status: str = "ACTIVE") -> None:
        self.counted: Counter[str] = Counter()
        self._refuse = refuse or {}
        self._status = status
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        return SimpleNamespace(
            meta=SimpleNamespace(service_model=botocore.session.get_session().get_service_model(service))
        )

    def _count(self, operation: str) -> None:
        with self._lock:
            self.counted[operation] += 1
        if code := self._refuse.get(operation):
            raise AwsError(f"{operation} was refused: {code}", code)

    def call(self, _service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        if operation == "DescribeTable" and arguments["TableName"] == "missing":
            raise AwsError("dynamodb:DescribeTable was refused", "ResourceNotFoundException")
        self._count(operation)
        name = arguments.get("TableName", "")
        table = {
            "TableName": name,
            "TableArn": ARN + name,
            "TableStatus": self._status,
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
            "LatestStreamArn": f"{ARN}{name}{STREAM}",
        }
        policy = '{"Statement": []}' if "/stream/" not in str(arguments.get("ResourceArn")) else "{}"
        insights: dict[str, Any] = {"ContributorInsightsSummaries": [{"ContributorInsightsStatus": "ENABLED"}]}
        if not arguments.get("NextToken"):
            insights = {"ContributorInsightsSummaries": [], "NextToken": "more"}
        answers: dict[str, dict[str, Any]] = {
            "DescribeTable": {"Table": table},
            "DescribeContinuousBackups": {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}},
            "GetResourcePolicy": {"Policy": policy},
            "ListContributorInsights": insights,
            "ListTags": {"Tags": {"team": "agents"}},
            "ListTagsForResource": {"Tags": [{"Key": "team", "Value": "agents"}]},
        }
        return answers.get(operation, {})

    def pages(self, _service: str, operation: str, _key: str, /, **_arguments: Any) -> list[Any]:
        self._count(operation)
        name = "table-7"
        if operation == "DescribeAlarms":
            return [{"AlarmName": "a", "AlarmArn": "arn", "Dimensions": [{"Name": "TableName", "Value": name}]}]
        if operation == "ListEventSourceMappings":
            source = {"EventSourceArn": f"{ARN}{name}{STREAM}", "EventSourceMappingArn": "arn", "UUID": "u"}
            return [{**source, "FunctionArn": "arn:f", "State": "Disabled"}]
        return []


def read(answers: Any, *names: str, skipped: Any = ()) -> dict[str, Any]:
    return SettingsReader(answers, 8).read(dict.fromkeys(names, skipped))


def test_what_no_api_takes_a_table_for_is_read_once() -> None:
    answers = Answers()
    found = read(answers, *(f"table-{number}" for number in range(50)))
    assert all(isinstance(table, Found) for table in found.values())
    each = {"DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive", "ListTagsOfResource"}
    each |= {"DescribeKinesisStreamingDestination"}
    assert {operation for operation, times in answers.counted.items() if times == 50} == each
    # The table's and its stream's; two pages.
    assert (answers.counted["GetResourcePolicy"], answers.counted["ListContributorInsights"]) == (100, 100)
    assert (answers.counted["DescribeAlarms"], answers.counted["ListEventSourceMappings"]) == (1, 1)
    assert (answers.counted["ListTagsForResource"], answers.counted["ListTags"]) == (1, 1)
    assert found["table-7"].settings["alarms"][0]["Tags"] == [{"Key": "team", "Value": "agents"}]
    assert found["table-7"].settings["event_source_mappings"][0]["Tags"] == {"team": "agents"}
    assert found["table-8"].settings["alarms"] == []
    assert found["table-8"].settings["contributor_insights"] == {"table": "ACCESSED_AND_THROTTLED_KEYS"}


def test_what_is_not_wanted_is_not_read() -> None:
    answers = Answers()
    read(answers, "t", skipped=EXCEPTIONS)
    assert dict(answers.counted) == {"DescribeTable": 1}


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeAlarms",
        "ListEventSourceMappings",
        "DescribeScalableTargets",
        "DescribeTimeToLive",
        "ListTagsOfResource",
        "GetResourcePolicy",
        "ListContributorInsights",
        "DescribeKinesisStreamingDestination",
        "DescribeContinuousBackups",
        "ListTagsForResource",
        "ListTags",
    ],
)
def test_a_setting_that_cannot_be_read_is_an_error_of_its_table(operation: str) -> None:
    found = read(Answers({operation: "AccessDeniedException"}), "table-7")["table-7"]
    assert isinstance(found, AwsError)
    with pytest.raises(AwsError, match=operation):
        report_settings("table-7", found)


def test_no_policy_is_no_error() -> None:
    found = read(Answers({"GetResourcePolicy": "PolicyNotFoundException"}), "t")["t"]
    assert (found.settings["resource_policy"], found.settings["stream_policy"]) == ({}, {})


def test_only_the_table_itself_can_be_missing() -> None:
    found = read(Answers(), "missing", "t")
    assert isinstance(found["missing"], Missing)
    assert isinstance(found["t"], Found)
    hanging = read(Answers({"ListTags": "ResourceNotFoundException"}), "table-7")["table-7"]
    assert not isinstance(hanging, Missing)


def test_a_table_that_is_being_made_has_no_settings_yet() -> None:
    answers = Answers(status="CREATING")
    found = read(answers, "t")["t"]
    assert not found.complete
    assert "DescribeTimeToLive" not in answers.counted
    with pytest.raises(Refused, match="t is CREATING"):
        report_settings("t", found)
