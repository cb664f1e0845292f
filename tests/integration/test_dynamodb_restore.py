# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_restore against the embedded AWS: the items come back, and so does everything else."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from aws_makers import make_function, make_table
from integration.examples import assert_examples_run
from integration.run_module import run_module

from ansible_collections.runbook.aws.plugins.modules import dynamodb_restore
from local_aws.client import Account

TABLE = "sc-agent-sessions-prod"
PAGES = "arn:aws:sns:us-east-1:111122223333:pages"


def make_source(account: Account, name: str = TABLE) -> dict[str, Any]:
    """A table that has everything that a restore loses, and a local and two global indexes."""
    client = account.client("dynamodb")
    units = {"ReadCapacityUnits": 12, "WriteCapacityUnits": 6}
    table = client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("id", "at", "user", "state")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-state",
                "KeySchema": [
                    {"AttributeName": "id", "KeyType": "HASH"},
                    {"AttributeName": "state", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": units,
            }
            for index, key in (("by-user", "user"), ("by-status", "state"))
        ],
        ProvisionedThroughput=units,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        DeletionProtectionEnabled=True,
        TableClass="STANDARD_INFREQUENT_ACCESS",
        Tags=[{"Key": "team", "Value": "agents"}, {"Key": "cost-center", "Value": "42"}],
    )["TableDescription"]
    wait(account, name)
    client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    client.update_continuous_backups(
        TableName=name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 14},
    )
    arn = table["TableArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": ["dynamodb:GetItem", "dynamodb:Query"],
        "Resource": [arn, f"{arn}/index/*"],
    }
    client.put_resource_policy(
        ResourceArn=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
    )
    stream = table["LatestStreamArn"]
    reading = {**statement, "Action": "dynamodb:GetRecords", "Resource": stream}
    client.put_resource_policy(ResourceArn=stream, Policy=json.dumps({"Version": "2012-10-17", "Statement": [reading]}))
    client.update_contributor_insights(TableName=name, ContributorInsightsAction="ENABLE")
    client.update_contributor_insights(TableName=name, IndexName="by-user", ContributorInsightsAction="ENABLE")
    account.client("kinesis").create_stream(StreamName="changes", ShardCount=1)
    kinesis = account.client("kinesis").describe_stream(StreamName="changes")["StreamDescription"]["StreamARN"]
    client.enable_kinesis_streaming_destination(TableName=name, StreamArn=kinesis)
    make_scaling(account, name)
    make_alarms(account, name)
    make_function(account, "indexer")
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=stream,
        FunctionName="indexer:live",
        StartingPosition="LATEST",
        BatchSize=25,
        MaximumRetryAttempts=3,
    )
    settle(account, name)
    return client.describe_table(TableName=name)["Table"]


def settle(account: Account, name: str) -> None:
    """Wait until nothing of a table is on its way any more."""
    client = account.client("dynamodb")
    for _look in range(200):
        states = [
            client.describe_table(TableName=name)["Table"]["TableStatus"],
            client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"],
            *(
                summary["ContributorInsightsStatus"]
                for summary in client.list_contributor_insights(TableName=name)["ContributorInsightsSummaries"]
            ),
            *(item["State"] for item in account.client("lambda").list_event_source_mappings()["EventSourceMappings"]),
        ]
        if not any(state.endswith(("ING", "ing")) for state in states):
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} is {states}")


def make_scaling(account: Account, name: str) -> None:
    scaling = account.client("application-autoscaling")
    for resource, dimension in ((f"table/{name}", "table"), (f"table/{name}/index/by-user", "index")):
        target = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": resource,
            "ScalableDimension": f"dynamodb:{dimension}:ReadCapacityUnits",
        }
        scaling.register_scalable_target(**target, MinCapacity=10, MaxCapacity=100)
        scaling.put_scaling_policy(
            **target,
            PolicyName="by-load",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 60.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
                "ScaleOutCooldown": 30,
            },
        )
        scaling.put_scheduled_action(
            **target,
            ScheduledActionName="opening",
            Schedule="cron(0 8 * * ? *)",
            ScalableTargetAction={"MinCapacity": 20},
        )


def make_alarms(account: Account, name: str) -> None:
    cloudwatch = account.client("cloudwatch")
    dimensions = [{"Name": "TableName", "Value": name}]
    cloudwatch.put_metric_alarm(
        AlarmName=f"{name}-throttles",
        Namespace="AWS/DynamoDB",
        MetricName="ReadThrottleEvents",
        Dimensions=dimensions,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=3,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[PAGES],
        Tags=[{"Key": "team", "Value": "agents"}],
    )
    metric = {"Namespace": "AWS/DynamoDB", "MetricName": "ConsumedReadCapacityUnits", "Dimensions": dimensions}
    cloudwatch.put_metric_alarm(
        AlarmName="reads-of-sessions",
        EvaluationPeriods=1,
        Threshold=100.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "reads", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "rate", "Expression": "reads / 60", "ReturnData": True},
        ],
    )
    cloudwatch.put_metric_alarm(
        AlarmName="somebody-elses",
        Namespace="AWS/DynamoDB",
        MetricName="ReadThrottleEvents",
        Dimensions=[{"Name": "TableName", "Value": f"{name}-2"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=3,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
    )


def wait(account: Account, name: str) -> None:
    account.client("dynamodb").get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )


def put(account: Account, name: str, **items: str) -> None:
    for key, value in items.items():
        account.client("dynamodb").put_item(
            TableName=name, Item={"id": {"S": key}, "at": {"S": "1"}, "user": {"S": value}, "text": {"S": value}}
        )


def texts(account: Account, name: str, region: str | None = None) -> dict[str, str]:
    found = account.client("dynamodb", region).scan(TableName=name, ConsistentRead=True)["Items"]
    return {item["id"]["S"]: item["text"]["S"] for item in found}


def make_plain(account: Account, *names: str) -> None:
    """Tables with an item each and point-in-time recovery, of which there is something to restore."""
    for name in names:
        client = make_table(account, name, None)
        client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        put(account, name, one=f"of {name}")


def restore(account: Account, *tables: dict[str, Any], **also: Any) -> dict[str, Any]:
    return run_module(account, "dynamodb_restore", tables=list(tables), **also)


def settings(account: Account, *names: str) -> dict[str, dict[str, Any]]:
    shown = run_module(account, "dynamodb_settings_info", tables=list(names))
    assert shown["rc_"] == 0, shown["output"]
    return {result["target"]: result["settings"] for result in shown["results"]}


def left_over(account: Account, name: str) -> list[str]:
    """What there is of a table, as AWS itself tells it."""
    scaling = account.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="dynamodb")
    alarms = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    mappings = account.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return [
        *(table for table in account.client("dynamodb").list_tables()["TableNames"] if table == name),
        *(target["ResourceId"] for target in scaling["ScalableTargets"] if f"/{name}/" in f"{target['ResourceId']}/"),
        *(alarm["AlarmName"] for alarm in alarms if name in alarm["AlarmName"]),
        *(item["UUID"] for item in mappings if f"table/{name}/" in item["EventSourceArn"]),
    ]


def test_a_table_comes_back_as_it_was_with_everything_it_had(account: Account) -> None:
    make_source(account)
    put(account, TABLE, one="good", two="good")
    good = account.advance(600)
    account.advance(60)
    put(account, TABLE, one="bad", three="bad")
    account.client("dynamodb").delete_item(TableName=TABLE, Key={"id": {"S": "two"}, "at": {"S": "1"}})
    account.advance(600)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(good))
    name = f"{TABLE}-restored-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(good))}"
    wish = {"source": TABLE, "restore_from": {"time": moment}}
    source = settings(account, TABLE)[TABLE]

    mark = account.mark()
    told = restore(account, wish, check=True)
    assert told["rc_"] == 0, told["output"]
    assert account.mutating(mark) == []

    made = restore(account, wish)
    assert made["rc_"] == 0, made["output"]
    (result,) = made["results"]
    assert {key: result[key] for key in told["results"][0]} == {**told["results"][0], "after": result["after"]}
    written = Counter(call["operation"] for call in account.mutating(mark))
    planned = Counter(call.partition(":")[2] for call in result["calls"])
    assert written == planned - Counter({"DescribeContinuousBackups": 1})
    assert texts(account, name) == {"one": "good", "two": "good"}
    assert result["parity"] | {"not_checked": []} == {"same": True, "missing": [], "extra": [], "not_checked": []}
    assert result["restored"]["restored_to"] == moment

    # Not by the module's own report: what AWS tells of both is the same but for the name.
    both = settings(account, TABLE, name)
    assert both[TABLE] == source
    restored = json.loads(json.dumps(both[name]).replace(name, TABLE))
    assert restored["tags"].pop("runbook:restored-from") == TABLE
    assert restored["tags"].pop("runbook:restored-to") == moment
    assert restored["tags"].pop("runbook:restored-at")
    for alarm in restored["alarms"]:
        alarm["Tags"] = [tag for tag in alarm.get("Tags", []) if tag["Key"] != "runbook:restored-from"]
    (mapping,) = restored["event_source_mappings"]
    assert mapping["Enabled"] is False
    mapping["Enabled"] = True
    of_sessions = {alarm["AlarmName"].replace(f"-{TABLE}", ""): alarm for alarm in restored["alarms"]}
    assert (
        set(of_sessions)
        == {alarm["AlarmName"] for alarm in source["alarms"]}
        == {
            "reads-of-sessions",
            f"{TABLE}-throttles",
        }
    )
    for alarm in source["alarms"]:
        alarm.setdefault("Tags", [])
        assert {**of_sessions[alarm["AlarmName"]], "AlarmName": alarm["AlarmName"]} == alarm
    assert {**restored, "alarms": source["alarms"]} == source
    assert all(source[key] for key in source if key not in ("replicas", "sse"))

    # The consumers are told in the words of the module that switches them over.
    (consumer,) = result["event_source_mappings"]
    assert consumer == {"function": "indexer:live", "source": result["restored"]["stream_arn"], "enabled": True}

    mark = account.mark()
    again = restore(account, wish)
    assert (again["rc_"], again["changed"], account.mutating(mark)) == (0, False, []), again["output"]
    assert again["results"][0]["parity"]["same"]

    undone = restore(account, result["before"])
    assert undone["rc_"] == 0, undone["output"]
    assert left_over(account, name) == []
    now = settings(account, TABLE)[TABLE]
    for alarm in now["alarms"]:
        alarm.setdefault("Tags", [])
    assert now == source
    assert account.secret_key not in told["output"] + made["output"] + undone["output"]


def test_a_deleted_table_comes_back_under_its_own_name(account: Account) -> None:
    make_source(account)
    put(account, TABLE, one="good")
    kept = settings(account, TABLE)[TABLE]
    client = account.client("dynamodb")
    client.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    settle(account, TABLE)
    client.delete_table(TableName=TABLE)
    client.get_waiter("table_not_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    wish = {"source": TABLE, "target": TABLE, "restore_from": {"backup": "latest"}}

    refused = restore(account, wish)
    assert "its settings cannot be read" in refused["msg"]
    occupied = {"AlarmName": "other-throttles", "EvaluationPeriods": 1, "Threshold": 1.0, "Period": 60}
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage", "Statistic": "Maximum"}
    account.client("cloudwatch").put_metric_alarm(**occupied, **metric, ComparisonOperator="GreaterThanThreshold")
    refused = restore(account, {**wish, "target": "other", "settings": kept}, check=True)
    assert "alarm would be called other-throttles" in refused["msg"]
    made = restore(account, {**wish, "settings": kept})
    assert made["rc_"] == 0, made["output"]
    (result,) = made["results"]
    assert result["parity"]["same"], result["parity"]
    assert texts(account, TABLE) == {"one": "good"}
    back = settings(account, TABLE)[TABLE]
    assert [alarm["AlarmName"] for alarm in back["alarms"]] == [alarm["AlarmName"] for alarm in kept["alarms"]]

    # And the other way: what is deleted by the module is brought back by what it returned.
    gone = restore(account, {"source": TABLE, "target": TABLE, "state": "absent"})
    assert gone["rc_"] == 0, gone["output"]
    assert TABLE not in left_over(account, TABLE)
    again = restore(account, gone["results"][0]["before"])
    assert again["rc_"] == 0, again["output"]
    assert again["results"][0]["parity"]["same"], again["results"][0]["parity"]
    assert texts(account, TABLE) == {"one": "good"}


def test_an_interrupted_restore_goes_on_and_what_differs_is_a_failure(account: Account) -> None:
    make_source(account)
    account.advance(900)
    wish = {"source": TABLE, "target": "back"}
    # As if it were killed when the table is ACTIVE and not marked yet: AWS itself does not tell any more what it is.
    account.fault("dynamodb", "TagResource", error="AccessDeniedException", message="no")
    broken = restore(account, wish)
    assert broken["rc_"] != 0
    (result,) = broken["results"]
    assert "dynamodb:TagResource was refused" in result["error"]
    assert (result["calls"], result["after"]) == (["dynamodb:RestoreTableToPointInTime"], None)

    # The next run goes on, and is interrupted later; then somebody makes something of the table.
    account.fault("dynamodb", "UpdateTimeToLive", error="AccessDeniedException", message="no")
    mark = account.mark()
    assert restore(account, wish)["results"][0]["calls"][0] == "dynamodb:TagResource"
    assert "RestoreTableToPointInTime" not in {call["operation"] for call in account.mutating(mark)}
    stream = account.client("dynamodb").describe_table(TableName="back")["Table"]["LatestStreamArn"]
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=stream, FunctionName="indexer:live", StartingPosition="LATEST", BatchSize=7, Enabled=False
    )
    mark = account.mark()
    differs = restore(account, wish)
    assert differs["rc_"] != 0
    (result,) = differs["results"]
    made = [call["operation"] for call in account.mutating(mark)]
    assert made[0] == "UpdateTimeToLive"
    assert made[-1] == "TagResource"
    assert not {"RestoreTableToPointInTime", "UpdateTable"} & set(made)
    differing = {entry["setting"].rpartition(".")[2]: entry for entry in result["parity"]["missing"]}
    assert set(differing) == {"BatchSize", "MaximumRetryAttempts"}
    assert (differing["BatchSize"]["source"], differing["BatchSize"]["restored"]) == (25, 7)
    assert "differs from sc-agent-sessions-prod in: event_source_mappings." in differs["msg"]
    assert result["before"]["state"] == "absent"
    undone = restore(account, result["before"])
    assert undone["rc_"] == 0, undone["output"]
    assert left_over(account, "back") == []


def test_what_cannot_be_restored_is_refused_before_anything_is_written(account: Account) -> None:
    make_plain(account, "sound", "used")
    make_table(account, "off", None)
    account.client("dynamodb").create_backup(TableName="off", BackupName="nightly")
    account.settings(transition_seconds=3000)
    account.client("dynamodb").create_backup(TableName="off", BackupName="unfinished")
    account.settings(transition_seconds=0.1)
    account.advance(900)
    refused = {
        "no recovery": ({"source": "off"}, "its point-in-time recovery is off"),
        "too early": ({"source": "sound", "restore_from": {"time": "20d ago"}}, "AWS offers"),
        "too late": ({"source": "sound", "restore_from": {"time": "2s ago"}}, "AWS offers"),
        "no zone": ({"source": "sound", "restore_from": {"time": "2026-11-23T06:00:00"}}, "zone"),
        "there": (
            {"source": "sound", "target": "used"},
            "used is there already, and nothing says that it was restored from sound",
        ),
        "itself": ({"source": "sound", "target": "sound"}, "sound is there already"),
        "no backup": ({"source": "off", "restore_from": {"backup": "weekly"}}, "it has unfinished, nightly"),
        "unfinished": ({"source": "off", "restore_from": {"backup": "unfinished"}}, "unfinished is CREATING"),
        "gone": ({"source": "nothing", "settings": {}}, "is not there, and its point-in-time recovery went with it"),
        "not ours": (
            {"source": "sound", "target": "used", "state": "absent"},
            "only a table that was restored from there is removed",
        ),
        "long name": ({"source": "sound", "target": "x" * 256}, "3 to 255"),
        "typo": ({"source": "sound", "settings": {"tag": {}}}, "settings has tag"),
    }
    # The listing of backups, made later than the others.
    tables = [{"target": f"target-{number}", **wish} for number, (wish, _said) in enumerate(refused.values())]
    used = [table for table in tables if table["target"] == "used"]
    mark = account.mark()
    done = restore(
        account, *(table for table in tables if table not in used[1:]), {"source": "sound", "target": "good"}
    )
    only = restore(account, *used[1:])
    assert account.mutating(mark) == []
    assert done["rc_"] != 0
    said = done["msg"] + only["msg"]
    assert [text for _wish, text in refused.values() if text not in said] == [], said
    assert done["results"][-1]["error"] is None


def test_restores_queue_for_the_room_that_the_account_has(account: Account) -> None:
    names = [f"table-{number}" for number in range(5)]
    make_plain(account, *names)
    account.advance(900)
    account.settings(concurrent_restores=2, restore_seconds=0.5)
    # The answer to one of them is lost.
    account.fault("dynamodb", "RestoreTableToPointInTime", mode="disconnect_after")
    mark = account.mark()
    done = restore(account, *({"source": name, "target": f"{name}-back", "settings": {}} for name in names))
    assert done["rc_"] == 0, done["output"]
    for name in names:
        assert texts(account, f"{name}-back") == {"one": f"of {name}"}
    attempts = Counter(
        call["error"] for call in account.calls(mark) if call["operation"] == "RestoreTableToPointInTime"
    )
    assert attempts["LimitExceededException"] > 0
    assert attempts[""] + attempts["ConnectionDropped"] == 5


def test_a_table_is_restored_into_another_region(account: Account) -> None:
    make_plain(account, "there")
    account.advance(900)
    arn = account.client("dynamodb").describe_table(TableName="there")["Table"]["TableArn"]
    done = restore(account, {"source": arn, "target": "here"}, region="eu-west-1")
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["parity"]["same"], done["results"][0]["parity"]
    assert texts(account, "here", "eu-west-1") == {"one": "of there"}
    undone = restore(account, done["results"][0]["before"], region="eu-west-1")
    assert undone["rc_"] == 0, undone["output"]
    assert account.client("dynamodb", "eu-west-1").list_tables()["TableNames"] == []


def test_a_cheap_copy_and_what_may_not_be_read(account: Account) -> None:
    make_source(account)
    account.advance(900)
    account.deny("dynamodb:ListTagsOfResource")
    wish = {"source": TABLE, "target": "copy", "billing_mode": "PAY_PER_REQUEST", "indexes": ["by-user"]}
    mark = account.mark()
    refused = restore(account, wish)
    assert "Allow dynamodb:ListTagsOfResource" in refused["msg"]
    assert account.mutating(mark) == []
    made = restore(account, {**wish, "settings_except": ["tags", "alarms", "stream"], "sse": {"enabled": False}})
    assert made["rc_"] == 0, made["output"]
    assert made["results"][0]["parity"]["same"]
    table = account.client("dynamodb").describe_table(TableName="copy")["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-user"]
    assert "LocalSecondaryIndexes" not in table
    assert [item for item in left_over(account, "copy") if item != "copy"] == []


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    make_plain(account, TABLE, "sc-agent-conversations-prod")
    account.client("dynamodb").create_backup(TableName=TABLE, BackupName="nightly")
    account.advance(7200)
    assert_examples_run(account, tmp_path, dynamodb_restore)
