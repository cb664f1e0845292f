# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The control plane around a restore: tables with all that a restore loses, under AWS's rates, and states that take time.

DynamoDB, and what belongs to a table elsewhere: its autoscaling, its alarms.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from benchmarks.stub.account import (
    ACCOUNT_ID,
    REGION,
    Account,
    Answer,
    Bucket,
    Settings,
    dynamodb,
    dynamodb_error,
    target_of,
)
from benchmarks.stub.items import description

# Requests a second. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html, "API-specific
# limits", and https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html. Application Auto
# Scaling publishes none.
RESTORE_RATES: Mapping[str, float] = {
    "DescribeTable": 2500.0,
    "UpdateTable": 50.0,
    "RestoreTableToPointInTime": 10.0,
    "DescribeContinuousBackups": 10.0,
    "UpdateContinuousBackups": 10.0,
    "TagResource": 5.0,
    "ListTagsOfResource": 10.0,
    "DescribeAlarms": 9.0,
    "PutMetricAlarm": 3.0,
}

# botocore's text of RestoreTableToPointInTime: "up to 50 concurrent restores (any type of restore) in a given account".
CONCURRENT_RESTORES = 50

# What a restored table does not have: developerguide/pointintimerecovery_restores.html, "You must manually set up the
# following on the restored table".
_SOURCE: Mapping[str, Any] = {
    "tags": {"application": "benchmark", "environment": "prod", "owner": "platform"},
    "ttl": "expires_at",
    "stream": "NEW_AND_OLD_IMAGES",
    "pitr": 14,
    "protected": True,
    "policy": json.dumps({"Version": "2012-10-17", "Statement": []}),
    "insights": "ACCESSED_AND_THROTTLED_KEYS",
}
_NOTHING: Mapping[str, Any] = {
    "tags": {},
    "ttl": "",
    "stream": "",
    "pitr": 0,
    "protected": False,
    "policy": "",
    "insights": "",
}
_DIMENSIONS = ("dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits")


@dataclass(frozen=True)
class RestoresSettings(Settings):
    """Tables with everything that a restore loses.

    Attributes:
        tables: Their names. Each is to be restored as `<name>-restored`.
        rates: Requests a second by operation; an operation that is not named has no limit.
        restore_seconds: How long a restore takes.
        update_seconds: How long an update of a table takes.
    """

    tables: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    restore_seconds: float = 0.0
    update_seconds: float = 0.0


@dataclass
class Table:
    """One table.

    Attributes:
        name: Its name.
        has: What a restore would lose.
        busy: The status that it has until a time.
        until: That time.
        source: The table that it was restored from.
    """

    name: str
    has: dict[str, Any]
    busy: str = "UPDATING"
    until: float = 0.0
    source: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{self.name}"

    def status(self, now: float) -> str:
        """Its status at a time."""
        return self.busy if now < self.until else "ACTIVE"

    def described(self, now: float) -> dict[str, Any]:
        """As DescribeTable tells it."""
        value = {
            **description(self.name, 0, 0),
            "TableStatus": self.status(now),
            "BillingModeSummary": {"BillingMode": "PROVISIONED"},
            "ProvisionedThroughput": {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10, "NumberOfDecreasesToday": 0},
            "DeletionProtectionEnabled": self.has["protected"],
        }
        if self.has["stream"]:
            value["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": self.has["stream"]}
            value["LatestStreamLabel"] = "2026-01-01T00:00:00.000"
            value["LatestStreamArn"] = f"{self.arn}/stream/{value['LatestStreamLabel']}"
        if self.source:
            value["RestoreSummary"] = {
                "SourceTableArn": self.arn.replace(self.name, self.source),
                "RestoreDateTime": 1_767_225_600.0,
                "RestoreInProgress": value["TableStatus"] == "CREATING",
            }
        return value


class Restores(Account):
    """The tables of the account."""

    KIND = "restores"
    SETTINGS = RestoresSettings

    def __init__(self, settings: RestoresSettings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(settings, clock)
        self._settings = settings
        self._buckets = {operation: Bucket(rate, clock) for operation, rate in settings.rates.items()}
        self._tables = {name: Table(name, dict(_SOURCE)) for name in settings.tables}
        self._scalable: dict[tuple[str, str], dict[str, Any]] = {}
        self._policies: dict[tuple[str, str], dict[str, Any]] = {}
        self._alarms: dict[str, dict[str, Any]] = {}
        for name in settings.tables:
            self._alarms[f"{name}-throttles"] = _alarm(name)
            for dimension in _DIMENSIONS:
                self._scalable[f"table/{name}", dimension] = _scalable(name, dimension)
                self._policies[f"table/{name}", dimension] = _policy(name, dimension)
        # When restores were asked for and accepted.
        self._submitted: list[float] = []
        self._most_restoring = 0

    def report(self) -> dict[str, Any]:
        return {
            **super().report(),
            "submitted": self._submitted,
            "most_restoring": self._most_restoring,
            "lacking": {name: self._lacking(name) for name in self._settings.tables},
        }

    def _lacking(self, name: str) -> list[str]:
        """What the restored table does not have of what its source has."""
        restored = self._tables.get(f"{name}-restored")
        if not restored or restored.status(self.clock()) != "ACTIVE":
            return ["table"]
        source = self._tables[name]
        lacking = [key for key, value in source.has.items() if key != "tags" and restored.has[key] != value]
        lacking += ["tags"] if source.has["tags"].items() - restored.has["tags"].items() else []
        for kind, found in (("scalable targets", self._scalable), ("scaling policies", self._policies)):
            if any((f"table/{restored.name}", dimension) not in found for dimension in _DIMENSIONS):
                lacking.append(kind)
        if not any(_dimension(alarm) == restored.name for alarm in self._alarms.values()):
            lacking.append("alarm")
        return lacking

    def answer(self, method: str, target: str, head: bytes, body: bytes) -> Answer:
        path = target.partition("?")[0]
        if (method, path.rstrip("/")) == ("GET", "/2015-03-31/event-source-mappings"):
            return self.counted("ListEventSourceMappings", _json({"EventSourceMappings": []}))
        api, operation = target_of(head)
        # CloudWatch has a ListTagsForResource and a TagResource of its own.
        handler = _OPERATIONS.get((api.partition("_")[0], operation))
        if not handler:
            return self.identity(body) or self.not_served(f"{method} {target} {operation}")
        bucket = self._buckets.get(operation)
        if bucket and not bucket.admit():
            return self.over_rate(operation, THROTTLED)
        try:
            answer = _json(handler(self, json.loads(body)))
        except _Refused as refused:
            answer = dynamodb_error(refused.code, str(refused))
        return self.counted(operation, answer)

    def _table(self, name: str) -> Table:
        table = self._tables.get(name.rpartition("table/")[2].partition("/")[0] or name)
        if not table:
            raise _Refused("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
        return table

    def _idle(self, name: str) -> Table:
        table = self._table(name)
        if (status := table.status(self.clock())) != "ACTIVE":
            raise _Refused("ResourceInUseException", f"Attempt to change a resource which is still in use: {status}")
        return table

    def describe_table(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"Table": self._table(request["TableName"]).described(self.clock())}

    def restore(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name, now = request["TargetTableName"], self.clock()
        source = self._table(request.get("SourceTableName") or request["SourceTableArn"])
        restoring = sum(table.status(now) == "CREATING" for table in self._tables.values())
        if name in self._tables:
            raise _Refused("TableAlreadyExistsException", f"Table already exists: {name}")
        if restoring >= CONCURRENT_RESTORES:
            raise _Refused("LimitExceededException", "Too many restores are in progress")
        self._submitted.append(now)
        self._most_restoring = max(self._most_restoring, restoring + 1)
        until = now + self._settings.restore_seconds
        self._tables[name] = Table(name, {**_NOTHING, "tags": {}}, "CREATING", until, source.name)
        return {"TableDescription": self._tables[name].described(now)}

    def update_table(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = self._idle(request["TableName"])
        if stream := request.get("StreamSpecification"):
            table.has["stream"] = stream.get("StreamViewType", "") if stream["StreamEnabled"] else ""
        table.has["protected"] = request.get("DeletionProtectionEnabled", table.has["protected"])
        table.busy, table.until = "UPDATING", self.clock() + self._settings.update_seconds
        return {"TableDescription": table.described(self.clock())}

    def backups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        days = self._table(request["TableName"]).has["pitr"]
        window = {
            "RecoveryPeriodInDays": days,
            "EarliestRestorableDateTime": time.time() - days * 86_400,
            "LatestRestorableDateTime": time.time() - 300,
        }
        state = (
            {"PointInTimeRecoveryStatus": "ENABLED", **window} if days else {"PointInTimeRecoveryStatus": "DISABLED"}
        )
        return {
            "ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": state,
            }
        }

    def update_backups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        wanted = request["PointInTimeRecoverySpecification"]
        days = wanted.get("RecoveryPeriodInDays", 35) if wanted["PointInTimeRecoveryEnabled"] else 0
        self._idle(request["TableName"]).has["pitr"] = days
        return self.backups(request)

    def ttl(self, request: Mapping[str, Any]) -> dict[str, Any]:
        attribute = self._table(request["TableName"]).has["ttl"]
        state = {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute} if attribute else _DISABLED_TTL
        return {"TimeToLiveDescription": state}

    def update_ttl(self, request: Mapping[str, Any]) -> dict[str, Any]:
        wanted = request["TimeToLiveSpecification"]
        self._idle(request["TableName"]).has["ttl"] = wanted["AttributeName"] if wanted["Enabled"] else ""
        return {"TimeToLiveSpecification": wanted}

    def tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        tags = self._table(request["ResourceArn"]).has["tags"]
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def tag(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = self._table(request["ResourceArn"])
        table.has["tags"] = {**table.has["tags"], **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
        return {}

    def policy(self, request: Mapping[str, Any]) -> dict[str, Any]:
        arn = request["ResourceArn"]
        policy = "" if "/stream/" in arn else self._table(arn).has["policy"]
        if not policy:
            raise _Refused("PolicyNotFoundException", f"Resource-based policy not found for the provided ARN: {arn}")
        return {"Policy": policy, "RevisionId": "1"}

    def put_policy(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._table(request["ResourceArn"]).has["policy"] = json.dumps(json.loads(request["Policy"]))
        return {"RevisionId": "1"}

    def insights(self, request: Mapping[str, Any]) -> dict[str, Any]:
        mode = self._table(request["TableName"]).has["insights"]
        status = "ENABLED" if mode else "DISABLED"
        summary = {"TableName": request["TableName"], "ContributorInsightsStatus": status}
        return {"ContributorInsightsSummaries": [{**summary, **({"ContributorInsightsMode": mode} if mode else {})}]}

    def insight(self, request: Mapping[str, Any]) -> dict[str, Any]:
        (summary,) = self.insights(request)["ContributorInsightsSummaries"]
        return dict(summary)

    def update_insights(self, request: Mapping[str, Any]) -> dict[str, Any]:
        on = request["ContributorInsightsAction"] == "ENABLE"
        mode = request.get("ContributorInsightsMode", _SOURCE["insights"]) if on else ""
        self._table(request["TableName"]).has["insights"] = mode
        return {"TableName": request["TableName"], "ContributorInsightsStatus": "ENABLING" if on else "DISABLING"}

    def kinesis(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"TableName": request["TableName"], "KinesisDataStreamDestinations": []}

    def scalable(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"ScalableTargets": _selected(self._scalable, request)}

    def register(self, request: Mapping[str, Any]) -> dict[str, Any]:
        key = (request["ResourceId"], request["ScalableDimension"])
        self._table(request["ResourceId"])
        self._scalable[key] = {**_scalable(request["ResourceId"][6:], key[1]), **request}
        return {"ScalableTargetARN": f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT_ID}:scalable-target/0"}

    def scaling_policies(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"ScalingPolicies": _selected(self._policies, request)}

    def put_scaling_policy(self, request: Mapping[str, Any]) -> dict[str, Any]:
        key = (request["ResourceId"], request["ScalableDimension"])
        if key not in self._scalable:
            raise _Refused("ObjectNotFoundException", "No scalable target registered")
        self._policies[key] = {**_policy(request["ResourceId"][6:], key[1]), **request}
        return {"PolicyARN": self._policies[key]["PolicyARN"], "Alarms": []}

    def actions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"ScheduledActions": []}

    def alarms(self, request: Mapping[str, Any]) -> dict[str, Any]:
        names = sorted(self._alarms)
        start = int(request.get("NextToken") or 0)
        end = start + request.get("MaxRecords", 50)
        page = {"MetricAlarms": [self._alarms[name] for name in names[start:end]], "CompositeAlarms": []}
        return {**page, **({"NextToken": str(end)} if end < len(names) else {})}

    def put_alarm(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["AlarmName"]
        self._alarms[name] = {**_alarm(""), **request, "AlarmArn": _alarm_arn(name)}
        return {}

    def alarm_tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        alarm = self._alarms[request["ResourceARN"].rpartition(":alarm:")[2]]
        return {"Tags": alarm.get("Tags", [])}


class _Refused(Exception):
    """AWS would refuse."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


THROTTLED = dynamodb_error("ThrottlingException", "Rate of requests exceeds the allowed throughput.")

_DISABLED_TTL: Mapping[str, str] = {"TimeToLiveStatus": "DISABLED"}


def _json(value: Mapping[str, Any]) -> Answer:
    answer = dynamodb(json.dumps(value).encode())
    return Answer(200, answer.body, "", answer.content_type, (*answer.headers, f"Date: {formatdate(usegmt=True)}"))


def _selected(found: Mapping[tuple[str, str], dict[str, Any]], request: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = request.get("ResourceIds") or ([request["ResourceId"]] if "ResourceId" in request else None)
    dimension = request.get("ScalableDimension")
    return [
        value
        for (resource, of), value in found.items()
        if (wanted is None or resource in wanted) and dimension in (None, of)
    ]


def _scalable(table: str, dimension: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "dynamodb",
        "ResourceId": f"table/{table}",
        "ScalableDimension": dimension,
        "MinCapacity": 5,
        "MaxCapacity": 500,
        "RoleARN": f"arn:aws:iam::{ACCOUNT_ID}:role/autoscaling",
        "CreationTime": 1_767_225_600.0,
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
    }


def _policy(table: str, dimension: str) -> dict[str, Any]:
    kind = dimension.rpartition(":")[2].removesuffix("CapacityUnits")
    return {
        "PolicyARN": f"arn:aws:autoscaling:{REGION}:{ACCOUNT_ID}:scalingPolicy:{table}:{kind}",
        "PolicyName": f"{table}-{kind.lower()}",
        "ServiceNamespace": "dynamodb",
        "ResourceId": f"table/{table}",
        "ScalableDimension": dimension,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": f"DynamoDB{kind}CapacityUtilization"},
        },
        "Alarms": [],
        "CreationTime": 1_767_225_600.0,
    }


def _alarm_arn(name: str) -> str:
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:{name}"


def _alarm(table: str) -> dict[str, Any]:
    return {
        "AlarmName": f"{table}-throttles",
        "AlarmArn": _alarm_arn(f"{table}-throttles"),
        "ActionsEnabled": True,
        "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:on-call"],
        "MetricName": "ReadThrottleEvents",
        "Namespace": "AWS/DynamoDB",
        "Statistic": "Sum",
        "Dimensions": [{"Name": "TableName", "Value": table}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "StateValue": "OK",
    }


def _dimension(alarm: Mapping[str, Any]) -> str:
    return str(alarm["Dimensions"][0]["Value"])


_OPERATIONS: Mapping[tuple[str, str], Callable[[Restores, Mapping[str, Any]], dict[str, Any]]] = {
    (api, operation): handler
    for api, handlers in {
        "DynamoDB": {
            "DescribeTable": Restores.describe_table,
            "RestoreTableToPointInTime": Restores.restore,
            "UpdateTable": Restores.update_table,
            "DescribeContinuousBackups": Restores.backups,
            "UpdateContinuousBackups": Restores.update_backups,
            "DescribeTimeToLive": Restores.ttl,
            "UpdateTimeToLive": Restores.update_ttl,
            "ListTagsOfResource": Restores.tags,
            "TagResource": Restores.tag,
            "GetResourcePolicy": Restores.policy,
            "PutResourcePolicy": Restores.put_policy,
            "ListContributorInsights": Restores.insights,
            "DescribeContributorInsights": Restores.insight,
            "UpdateContributorInsights": Restores.update_insights,
            "DescribeKinesisStreamingDestination": Restores.kinesis,
        },
        "AnyScaleFrontendService": {
            "DescribeScalableTargets": Restores.scalable,
            "RegisterScalableTarget": Restores.register,
            "DescribeScalingPolicies": Restores.scaling_policies,
            "PutScalingPolicy": Restores.put_scaling_policy,
            "DescribeScheduledActions": Restores.actions,
        },
        "GraniteServiceVersion20100801": {
            "DescribeAlarms": Restores.alarms,
            "PutMetricAlarm": Restores.put_alarm,
            "ListTagsForResource": Restores.alarm_tags,
        },
    }.items()
    for operation, handler in handlers.items()
}
