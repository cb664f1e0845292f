# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks import processes
from benchmarks.stub.restores import CONCURRENT_RESTORES, RESTORE_RATES, Restores, RestoresSettings

Make = Callable[[str], Any]

SOURCE, TARGET = "t-0", "t-0-restored"
EVERYTHING = {
    *("tags", "ttl", "stream", "pitr", "protected", "policy", "insights"),
    *("scalable targets", "scaling policies", "alarm"),
}


def _ask(account: Restores, operation: str, **request: Any) -> Mapping[str, Any]:
    head = f"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.{operation}".encode()
    return json.loads(account.answer("POST", "/", head, json.dumps(request).encode()).body)


def _restore(account: Restores, source: str = SOURCE, target: str = TARGET) -> str:
    answer = _ask(account, "RestoreTableToPointInTime", SourceTableName=source, TargetTableName=target)
    return str(answer.get("__type", "").rpartition("#")[2])


def test_a_restore_takes_its_time_and_nothing_can_be_changed_meanwhile(clock: Any) -> None:
    account = Restores(RestoresSettings(tables=(SOURCE,), restore_seconds=10, update_seconds=2), clock)
    assert _restore(account) == ""
    assert _restore(account) == "TableAlreadyExistsException"

    def status() -> tuple[str, bool]:
        table = _ask(account, "DescribeTable", TableName=TARGET)["Table"]
        return table["TableStatus"], table["RestoreSummary"]["RestoreInProgress"]

    def protect() -> str:
        answer = _ask(account, "UpdateTable", TableName=TARGET, DeletionProtectionEnabled=True)
        return str(answer.get("__type", "").rpartition("#")[2])

    assert (status(), protect()) == (("CREATING", True), "ResourceInUseException")
    clock.now += 10
    assert (status(), protect()) == (("ACTIVE", False), "")
    assert (status(), protect()) == (("UPDATING", False), "ResourceInUseException")
    clock.now += 2
    assert status() == ("ACTIVE", False)


def test_no_more_restores_than_the_limit_go_on_at_the_same_time(clock: Any) -> None:
    names = tuple(f"t-{n}" for n in range(CONCURRENT_RESTORES + 1))
    account = Restores(RestoresSettings(tables=names, restore_seconds=10), clock)
    answers = [_restore(account, name, f"{name}-restored") for name in names]
    assert answers == [""] * CONCURRENT_RESTORES + ["LimitExceededException"]
    clock.now += 10
    assert _restore(account, names[-1], f"{names[-1]}-restored") == ""
    report = account.report()
    assert (report["most_restoring"], len(report["submitted"])) == (CONCURRENT_RESTORES, CONCURRENT_RESTORES + 1)


def test_each_operation_has_its_own_rate(clock: Any) -> None:
    account = Restores(RestoresSettings(tables=(SOURCE,), rates=RESTORE_RATES), clock)
    for _request in range(20):
        _ask(account, "DescribeContinuousBackups", TableName=SOURCE)
        _ask(account, "DescribeTable", TableName=SOURCE)
    assert account.report()["throttled"] == {"DescribeContinuousBackups": 10}


def test_a_restore_loses_everything_but_the_items(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("restores", tables=[SOURCE])
    dynamodb = client("dynamodb")
    assert endpoint.report()["lacking"] == {SOURCE: ["table"]}
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=SOURCE, TargetTableName=TARGET, UseLatestRestorableTime=True
    )
    assert set(endpoint.report()["lacking"][SOURCE]) == EVERYTHING
    table = dynamodb.describe_table(TableName=TARGET)["Table"]
    assert table["RestoreSummary"]["SourceTableArn"].endswith(f"table/{SOURCE}")
    assert "StreamSpecification" not in table
    backups = dynamodb.describe_continuous_backups(TableName=TARGET)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}


def test_boto_can_put_everything_back(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("restores", tables=[SOURCE])
    dynamodb, scaling, cloudwatch = (client(name) for name in ("dynamodb", "application-autoscaling", "cloudwatch"))
    dynamodb.restore_table_to_point_in_time(SourceTableName=SOURCE, TargetTableName=TARGET)
    arn = dynamodb.describe_table(TableName=SOURCE)["Table"]["TableArn"]
    target = {"TableName": TARGET}
    table = dynamodb.describe_table(TableName=SOURCE)["Table"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
    dynamodb.tag_resource(ResourceArn=f"{arn}-restored", Tags=[*tags, {"Key": "more", "Value": "is no loss"}])
    policy = dynamodb.get_resource_policy(ResourceArn=arn)["Policy"]
    dynamodb.put_resource_policy(ResourceArn=f"{arn}-restored", Policy=policy)
    dynamodb.update_table(**target, StreamSpecification=table["StreamSpecification"])
    dynamodb.update_table(**target, DeletionProtectionEnabled=table["DeletionProtectionEnabled"])
    ttl = dynamodb.describe_time_to_live(TableName=SOURCE)["TimeToLiveDescription"]["AttributeName"]
    dynamodb.update_time_to_live(**target, TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl})
    pitr = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 14}
    dynamodb.update_continuous_backups(**target, PointInTimeRecoverySpecification=pitr)
    dynamodb.update_contributor_insights(**target, ContributorInsightsAction="ENABLE")
    for found in scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]:
        kept = ("ServiceNamespace", "ScalableDimension", "MinCapacity", "MaxCapacity")
        scaling.register_scalable_target(**{key: found[key] for key in kept}, ResourceId=f"table/{TARGET}")
    for found in scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]:
        kept = ("ServiceNamespace", "ScalableDimension", "PolicyType", "TargetTrackingScalingPolicyConfiguration")
        scaling.put_scaling_policy(
            **{key: found[key] for key in kept}, ResourceId=f"table/{TARGET}", PolicyName=f"{found['PolicyName']}-2"
        )
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    wanted = ("MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold")
    cloudwatch.put_metric_alarm(
        **{key: alarm[key] for key in wanted},
        AlarmName=f"{TARGET}-throttles",
        Dimensions=[{"Name": "TableName", "Value": TARGET}],
    )
    assert endpoint.report()["lacking"] == {SOURCE: []}
    assert endpoint.report()["unknown"] == []


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("describe_table", {"TableName": "none"}, "ResourceNotFoundException"),
        (
            "restore_table_to_point_in_time",
            {"SourceTableName": SOURCE, "TargetTableName": SOURCE},
            "TableAlreadyExistsException",
        ),
        (
            "get_resource_policy",
            {"ResourceArn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{SOURCE}/stream/1"},
            "PolicyNotFoundException",
        ),
    ],
)
def test_boto_sees_the_error_that_aws_gives(
    endpoint: processes.Stub, client: Make, operation: str, arguments: dict[str, Any], code: str
) -> None:
    endpoint.reset("restores", tables=[SOURCE])
    with pytest.raises(ClientError) as caught:
        getattr(client("dynamodb"), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code


def test_alarms_are_listed_in_pages(endpoint: processes.Stub, client: Make) -> None:
    endpoint.reset("restores", tables=[f"t-{n}" for n in range(60)])
    pages = client("cloudwatch").get_paginator("describe_alarms").paginate()
    assert len({alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]}) == 60
    assert client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
