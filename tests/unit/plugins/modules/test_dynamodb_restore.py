# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What dynamodb_restore plans: what is restored from what, what is put back, and what is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath
import pytest
from unit.botocore_model import assert_valid
from unit.plugins.module_utils.test__dynamodb_settings import FUNCTION, SOURCE, STREAM, TABLE, shaped

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore import (
    TABLES_SPEC,
    Lineage,
    Origin,
    Restored,
    RestoreState,
    as_table,
    choose_backup,
    point_in_time,
    read_wish,
    remembered,
    target_name,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore_plan import plan_restore
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore_reader import state_of
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import EXCEPTIONS, moved, without
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_plan import Place
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BACKUP = f"{SOURCE}/backup/01700000000000-abcdef12"
TARGET = replace(SOURCE, name="sessions-restored")
WINDOW = Pitr("sessions", 14, NOW - timedelta(days=14), NOW - timedelta(minutes=5), ready=True, read_at=NOW)

OURS = Lineage(SOURCE, "2026-11-23T12:00:00Z")

# The order in which everything is put back.
EVERYTHING = [
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:TagResource",
    "dynamodb:UpdateTable StreamSpecification",
    "dynamodb:UpdateTable DeletionProtectionEnabled",
    "dynamodb:UpdateTable TableClass",
    "dynamodb:UpdateTimeToLive",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:PutResourcePolicy",
    "dynamodb:PutResourcePolicy",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:EnableKinesisStreamingDestination",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "cloudwatch:PutMetricAlarm",
    "lambda:CreateEventSourceMapping",
    "dynamodb:TagResource",
]


def element(**also: Any) -> dict[str, Any]:
    return {"source": "sessions", "target": TARGET.name, **also}


def settings(**also: Any) -> dict[str, Any]:
    """Those of the source, with the alarm in full."""
    found = shaped()
    for alarm in found["alarms"]:
        alarm |= {
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "MetricName": "ReadThrottleEvents",
            "Namespace": "AWS/DynamoDB",
        }
    found["kinesis"] = [
        {"stream_arn": f"arn:aws:kinesis:{SOURCE.region}:{SOURCE.account}:stream/changes", "precision": "MICROSECOND"}
    ]
    return {**found, **also}


def origin(table: dict[str, Any] = TABLE, **also: Any) -> Origin:
    return Origin(**{"source": SOURCE, "at": AT, "table": table, "state": state_of(table, TARGET.name), **also})


def fresh(origin: Origin | None = None, given: dict[str, Any] | None = None, **wish: Any) -> RestoreState:
    """A restore whose target is not there yet."""
    made = origin or globals()["origin"]()
    read = read_wish(Target("t", element(**wish)))
    arn = replace(TARGET, name=target_name(read, made.at))
    return RestoreState(read, arn, NOW, made, settings() if given is None else given)


def there(
    table: dict[str, Any],
    found: dict[str, Any],
    *,
    stream: str = "",
    lineage: Lineage | None = OURS,
    **wish: Any,
) -> RestoreState:
    """A target that is there already."""
    full = {**TABLE, "TableName": TARGET.name, "TableArn": str(TARGET), **table}
    restored = Restored(full, Place(TARGET, state_of(full, TARGET.name), found, stream), lineage)
    read = read_wish(Target("t", element(**wish)))
    return RestoreState(read, TARGET, NOW, None, settings(), restored, backup=read.backup or "")


def plan(state: RestoreState) -> Plan:
    made = plan_restore(Target("t", {}), state)
    learned = {"_stream_arn": STREAM, "_stream_policy": "{}", "_mapping_1": "00000000-0000-0000-0000-000000000000"}
    assert_valid(call.given(learned) for call in made.calls)
    return made


def operations(made: Plan) -> list[str]:
    """The calls by name, those of UpdateTable by what they set."""
    return [
        f"{call.action} {next(key for key in call.arguments if key != 'TableName')}"
        if call.operation == "UpdateTable"
        else call.action
        for call in made.calls
    ]


def arguments(made: Plan, operation: str) -> list[dict[str, Any]]:
    return [dict(call.arguments) for call in made.calls if call.operation == operation]


def test_everything_is_put_back_in_the_order_that_aws_needs() -> None:
    made = plan(fresh())
    assert operations(made) == EVERYTHING
    restore, *others = made.calls
    assert restore.arguments == {
        "TargetTableName": "sessions-restored",
        "SourceTableName": "sessions",
        "RestoreDateTime": AT,
    }
    assert restore.settle is not None
    assert restore.settle.waiter == "table_restored"
    assert all(call.settle for call in others if call.operation == "UpdateTable")
    assert made.before == {"source": "sessions", "target": "sessions-restored", "state": "absent"}
    assert made.after["restore_from"] == {"time": "2026-11-23T12:00:00Z"}
    assert made.after["settings"] == moved(settings(), TARGET)


def test_the_marks_say_where_a_table_comes_from() -> None:
    tags, seal = arguments(plan(fresh()), "TagResource")
    assert seal["Tags"] == [{"Key": "runbook:restored-at", "Value": "2026-11-23T14:00:00Z"}]
    assert tags["ResourceArn"] == seal["ResourceArn"] == str(TARGET)
    assert {tag["Key"]: tag["Value"] for tag in tags["Tags"]} == {
        "team": "agents",
        "runbook:restored-from": "sessions",
        "runbook:restored-to": "2026-11-23T12:00:00Z",
    }
    (alarm,) = arguments(plan(fresh()), "PutMetricAlarm")
    assert {"Key": "runbook:restored-from", "Value": "sessions"} in alarm["Tags"]
    assert alarm["AlarmName"] == "sessions-restored-throttles"


def test_what_hangs_on_the_stream_takes_it_from_the_answer() -> None:
    made = plan(fresh())
    (stream,) = [call for call in made.calls if "StreamSpecification" in call.arguments]
    answer = {"TableDescription": {"LatestStreamArn": "arn:new", "LatestStreamLabel": 'new`"label'}}
    learned = {name: jmespath.search(path, answer) for name, path in stream.learns.items()}
    assert json.loads(learned["_stream_policy"].replace('new`"label', "new")) == {
        "Statement": [{"Resource": f"{TARGET}/stream/new"}]
    }
    mapping = made.calls[-2].given(learned)
    assert mapping.arguments["EventSourceArn"] == "arn:new"
    assert (mapping.arguments["Enabled"], mapping.arguments["FunctionName"]) == (False, FUNCTION)
    policy = [call.given(learned) for call in made.calls if call.operation == "PutResourcePolicy"][1]
    assert policy.arguments["ResourceArn"] == "arn:new"
    assert policy.arguments["ExpectedRevisionId"] == "NO_POLICY"
    assert "event source mappings are made disabled (indexer:live)" in " ".join(made.notes)


def test_a_policy_with_any_text_reaches_a_stream_unharmed() -> None:
    policy = {"Statement": [{"Sid": 'it\'s `quoted` \\ "so" …', "Resource": f"{SOURCE}/stream/${{StreamLabel}}"}]}
    made = plan(fresh(given=settings(stream_policy=policy)))
    (stream,) = [call for call in made.calls if "StreamSpecification" in call.arguments]
    answer = {"TableDescription": {"LatestStreamArn": "arn:new", "LatestStreamLabel": "label"}}
    written = json.loads(jmespath.search(stream.learns["_stream_policy"], answer))
    assert written == {"Statement": [{"Sid": 'it\'s `quoted` \\ "so" …', "Resource": f"{TARGET}/stream/label"}]}


@pytest.mark.parametrize(
    "name", [name for name in EXCEPTIONS if name not in ("capacity", "indexes", "sse", "replicas")]
)
def test_what_is_excepted_is_not_put_back(name: str) -> None:
    left = set(operations(plan(fresh(settings_except=[name]))))
    without_it = {
        "table_class": {"dynamodb:UpdateTable TableClass"},
        "deletion_protection": {"dynamodb:UpdateTable DeletionProtectionEnabled"},
        "tags": {"dynamodb:TagResource"},
        "ttl": {"dynamodb:UpdateTimeToLive"},
        "stream": {"dynamodb:UpdateTable StreamSpecification", "lambda:CreateEventSourceMapping"},
        "pitr": {"dynamodb:UpdateContinuousBackups", "dynamodb:DescribeContinuousBackups"},
        "contributor_insights": {"dynamodb:UpdateContributorInsights"},
        "kinesis": {"dynamodb:EnableKinesisStreamingDestination"},
        "alarms": {"cloudwatch:PutMetricAlarm"},
        "event_source_mappings": {"lambda:CreateEventSourceMapping"},
        "autoscaling": {
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:PutScalingPolicy",
        },
    }
    if name in without_it:
        assert set(EVERYTHING) - left == without_it[name]
    else:
        assert operations(plan(fresh(settings_except=[name]))).count("dynamodb:PutResourcePolicy") == 1


def test_items_alone_can_be_restored() -> None:
    """Marked, because AWS does not remember where a table comes from."""
    assert operations(plan(fresh(given={}))) == [
        "dynamodb:RestoreTableToPointInTime",
        "dynamodb:TagResource",
        "dynamodb:TagResource",
    ]


def test_a_backup_is_restored_with_the_capacity_and_indexes_of_today() -> None:
    """P11: a backup has the capacity of its day, which may be tiny."""
    details = {
        "TableName": "sessions",
        "TableArn": str(SOURCE),
        "TableId": "one",
        "KeySchema": TABLE["KeySchema"],
        "TableCreationDateTime": AT,
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        "BillingMode": "PROVISIONED",
    }
    by_user = {key: TABLE["GlobalSecondaryIndexes"][0][key] for key in ("IndexName", "KeySchema", "Projection")}
    old = {**by_user, "IndexName": "by-nothing"}
    one = {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
    features = {
        "GlobalSecondaryIndexes": [{**by_user, **one}, {**old, **one}],
        "LocalSecondaryIndexes": [TABLE["LocalSecondaryIndexes"][0]],
    }
    table = as_table({"SourceTableDetails": details, "SourceTableFeatureDetails": features})
    made = plan(fresh(origin(table, backup=BACKUP), restore_from={"backup": "nightly"}))
    restore = made.calls[0]
    assert restore.operation == "RestoreTableFromBackup"
    assert restore.arguments == {
        "TargetTableName": "sessions-restored",
        "BackupArn": BACKUP,
        "ProvisionedThroughputOverride": {"ReadCapacityUnits": 12, "WriteCapacityUnits": 6},
        "GlobalSecondaryIndexOverride": [
            {**by_user, "ProvisionedThroughput": {"ReadCapacityUnits": 12, "WriteCapacityUnits": 6}}
        ],
        "SSESpecificationOverride": {
            "Enabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": "arn:aws:kms:us-east-1:1:key/k",
        },
    }
    assert operations(made)[1:] == EVERYTHING[1:]
    assert made.after["restore_from"] == {"backup": BACKUP}


def test_a_backup_that_aws_made_itself_is_taken_to_have_what_the_settings_say() -> None:
    details = {"TableName": "sessions", "TableArn": str(SOURCE), "KeySchema": TABLE["KeySchema"]}
    units = {"ReadCapacityUnits": 12, "WriteCapacityUnits": 6}
    table = as_table({"SourceTableDetails": {**details, "ProvisionedThroughput": units}})
    made = plan(fresh(origin(remembered(table, settings()), backup=BACKUP), restore_from={"backup": "latest"}))
    assert made.calls[0].arguments == {"TargetTableName": "sessions-restored", "BackupArn": BACKUP}
    assert operations(made)[1:] == EVERYTHING[1:]


def test_an_index_that_the_backup_did_not_have_is_made() -> None:
    table = {key: value for key, value in TABLE.items() if key != "GlobalSecondaryIndexes"}
    made = plan(fresh(origin(table, backup=BACKUP), restore_from={"backup": "nightly"}))
    (create,) = [call for call in made.calls if "GlobalSecondaryIndexUpdates" in call.arguments]
    assert create.arguments["AttributeDefinitions"] == [{"AttributeName": "user", "AttributeType": "S"}]
    (update,) = create.arguments["GlobalSecondaryIndexUpdates"]
    assert update["Create"]["ProvisionedThroughput"] == {"ReadCapacityUnits": 12, "WriteCapacityUnits": 6}
    assert [call.action for call in made.calls][:3] == [
        "dynamodb:RestoreTableFromBackup",
        "dynamodb:TagResource",
        "dynamodb:UpdateTable",
    ]


def test_a_local_index_that_the_backup_did_not_have_is_refused() -> None:
    table = {key: value for key, value in TABLE.items() if key != "LocalSecondaryIndexes"}
    with pytest.raises(Refused, match="by-time is not in what is restored"):
        plan(fresh(origin(table, backup=BACKUP), restore_from={"backup": "nightly"}))


@pytest.mark.parametrize(
    ("wish", "overrides"),
    [
        ({}, {}),
        (
            {"billing_mode": "PAY_PER_REQUEST"},
            {"BillingModeOverride": "PAY_PER_REQUEST"},
        ),
        (
            {"read_units": 50},
            {"ProvisionedThroughputOverride": {"ReadCapacityUnits": 50, "WriteCapacityUnits": 6}},
        ),
        (
            {"indexes": []},
            {"GlobalSecondaryIndexOverride": [], "LocalSecondaryIndexOverride": []},
        ),
        ({"indexes": ["by-user"]}, {"LocalSecondaryIndexOverride": []}),
        ({"sse": {"enabled": False}}, {"SSESpecificationOverride": {"Enabled": False}}),
        (
            {"sse": {"enabled": True, "kms_master_key_id": "alias/mine"}},
            {"SSESpecificationOverride": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/mine"}},
        ),
    ],
)
def test_overrides(wish: dict[str, Any], overrides: dict[str, Any]) -> None:
    made = plan(fresh(**wish))
    point = ("TargetTableName", "SourceTableName", "RestoreDateTime")
    assert {key: value for key, value in made.calls[0].arguments.items() if key not in point} == overrides


def test_an_on_demand_copy_gets_no_autoscaling() -> None:
    made = plan(fresh(billing_mode="PAY_PER_REQUEST"))
    assert "application-autoscaling:RegisterScalableTarget" not in operations(made)
    assert made.after["settings"]["capacity"] == {"billing_mode": "PAY_PER_REQUEST", "indexes": [{"name": "by-user"}]}
    assert "so the autoscaling of sessions is not put back" in " ".join(made.notes)


def test_an_override_counts_without_any_settings_too() -> None:
    made = plan(fresh(given={}, billing_mode="PAY_PER_REQUEST", indexes=[], sse={"enabled": False}))
    assert made.calls[0].arguments == {
        "TargetTableName": "sessions-restored",
        "SourceTableName": "sessions",
        "RestoreDateTime": AT,
        "BillingModeOverride": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexOverride": [],
        "LocalSecondaryIndexOverride": [],
        "SSESpecificationOverride": {"Enabled": False},
    }
    assert made.after["settings"] == {
        "table_arn": str(TARGET),
        "capacity": {"billing_mode": "PAY_PER_REQUEST", "indexes": []},
        "indexes": [],
        "sse": {"enabled": False},
    }


def test_an_on_demand_source_becomes_provisioned_with_all_its_indexes() -> None:
    table = {**TABLE, "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}
    capacity = {"billing_mode": "PAY_PER_REQUEST", "indexes": [{"name": "by-user"}]}
    wish = {"billing_mode": "PROVISIONED", "read_units": 20, "write_units": 10}
    restore = plan(fresh(origin(table), settings(capacity=capacity), **wish)).calls[0].arguments
    units = {"ReadCapacityUnits": 20, "WriteCapacityUnits": 10}
    assert restore["BillingModeOverride"] == "PROVISIONED"
    assert restore["ProvisionedThroughputOverride"] == units
    assert restore["GlobalSecondaryIndexOverride"][0]["ProvisionedThroughput"] == units
    with pytest.raises(Refused, match="read_units and write_units"):
        plan(fresh(origin(table), settings(capacity=capacity), billing_mode="PROVISIONED"))
    with pytest.raises(Refused, match="on-demand table has no read_units"):
        plan(fresh(origin(table), settings(capacity=capacity), read_units=5))


def test_on_demand_maxima_that_differ_are_told() -> None:
    table = {**TABLE, "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}
    same = {**table, "OnDemandThroughput": {"MaxReadRequestUnits": 4000}}
    of_source = {
        "billing_mode": "PAY_PER_REQUEST",
        "read": {"max_request_units": 4000},
        "indexes": [{"name": "by-user"}],
    }
    assert (
        "OnDemandThroughputOverride" not in plan(fresh(origin(same), settings(capacity=of_source))).calls[0].arguments
    )
    lifted = {**of_source, "read": {"max_request_units": "unlimited"}}
    made = plan(fresh(origin(same), settings(capacity=lifted)))
    assert "OnDemandThroughputOverride" not in made.calls[0].arguments
    (update,) = [call for call in made.calls if "OnDemandThroughput" in call.arguments]
    assert update.arguments["OnDemandThroughput"] == {"MaxReadRequestUnits": -1}
    rate = {"max_request_units": 4000}
    capacity = {"billing_mode": "PAY_PER_REQUEST", "read": rate, "indexes": [{"name": "by-user", "write": rate}]}
    restore = plan(fresh(origin(table), settings(capacity=capacity))).calls[0].arguments
    assert restore["OnDemandThroughputOverride"] == {"MaxReadRequestUnits": 4000}
    assert restore["GlobalSecondaryIndexOverride"][0]["OnDemandThroughput"] == {"MaxWriteRequestUnits": 4000}


def test_a_restore_from_another_region_names_the_arn_and_the_key() -> None:
    abroad = replace(SOURCE, region="eu-west-1")
    made = plan(fresh(origin(source=abroad), settings(sse={"enabled": False}), source=str(abroad)))
    restore = made.calls[0].arguments
    assert restore["SourceTableArn"] == str(abroad)
    assert restore["SSESpecificationOverride"] == {"Enabled": False}
    assert made.after["settings"]["table_arn"] == str(TARGET)
    with pytest.raises(Refused, match="Give sse with a key of us-east-1"):
        plan(fresh(origin(source=abroad), source=str(abroad)))


def test_what_an_interrupted_run_has_put_back_is_not_put_back_again() -> None:
    wanted = moved(settings(), TARGET)
    marked = copy.deepcopy(wanted)
    marked["tags"] |= {
        "runbook:restored-from": "sessions",
        "runbook:restored-at": "2026-11-23T13:00:00Z",
        "runbook:restored-to": "2026-11-23T12:00:00Z",
    }
    marked["alarms"][0]["Tags"].append({"Key": "runbook:restored-from", "Value": "sessions"})
    marked["event_source_mappings"][0]["Enabled"] = False
    scaled = there({}, marked, stream=f"{TARGET}/stream/s")
    place = replace(scaled.restored.place, state=_scaled(scaled))
    complete = replace(scaled, restored=replace(scaled.restored, place=place))
    made = plan(complete)
    assert operations(made) == []
    assert made.before == made.after
    for name in ("tags", "ttl", "kinesis", "alarms", "event_source_mappings", "resource_policy", "deletion_protection"):
        less = replace(place, settings=without(marked, [name]))
        again = plan(replace(complete, restored=replace(complete.restored, place=less)))
        if name == "tags":
            # It was interrupted, so all of it is undone.
            assert operations(again) == ["dynamodb:TagResource"] * 2
            assert again.before["state"] == "absent"
        else:
            # It was complete, and may be in use: undoing an addition must not remove it.
            assert len(again.calls) == 1, name
            assert again.before["state"] == "present"
            assert again.before["settings"] == less.settings


def _scaled(state: RestoreState) -> Any:
    """With the autoscaling that the source has."""
    rate = state.restored.place.state.capacity.rates["read"]
    found = settings()["capacity"]["read"]["autoscaling"]
    rates = {
        **state.restored.place.state.capacity.rates,
        "read": replace(rate, autoscaling={**found, "schedules": [], "suspended": [], "other_policies": []}),
    }
    return replace(state.restored.place.state, capacity=replace(state.restored.place.state.capacity, rates=rates))


def test_a_restore_that_is_going_on_is_waited_for_and_completed() -> None:
    found = {"indexes": settings()["indexes"], "sse": settings()["sse"]}
    made = plan(there({"TableStatus": "CREATING"}, found))
    assert operations(made) == ["dynamodb:DescribeTable", *EVERYTHING[1:]]
    assert made.calls[0].settle is not None


OTHER = replace(SOURCE, name="sessions-2")


@pytest.mark.parametrize(
    ("table", "lineage", "wish", "said"),
    [
        ({}, None, {}, "nothing says that it was restored from sessions"),
        ({}, Lineage(OTHER, "2026-11-23T12:00:00Z"), {}, "restored from .*sessions-2"),
        ({}, Lineage(SOURCE, "2026-11-23T12:00:00Z"), {"restore_from": {"time": "2026-11-23T11:00:00Z"}}, "not to"),
        ({}, Lineage(SOURCE), {"restore_from": {"time": "2026-11-23T12:00:00Z"}}, "of an unknown time"),
        ({}, Lineage(SOURCE, backup=BACKUP), {"restore_from": {"time": "2026-11-23T12:00:00Z"}}, "not to"),
        ({}, Lineage(SOURCE, "2026-11-23T12:00:00Z"), {"restore_from": {"backup": BACKUP}}, "not from arn"),
        ({"TableStatus": "DELETING"}, Lineage(SOURCE), {}, "is DELETING"),
    ],
)
def test_a_table_that_is_something_else_is_not_touched(
    table: dict[str, Any], lineage: Lineage | None, wish: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        plan(there(table, {}, lineage=lineage, **wish))


@pytest.mark.parametrize(
    "lineage",
    [
        Lineage(SOURCE, "2026-11-23T12:00:00Z"),
        Lineage(SOURCE, "2026-11-23T12:00:00Z", BACKUP),
        Lineage(replace(SOURCE, region="eu-west-1"), "2026-11-23T12:00:00Z"),
    ],
)
def test_the_tags_keep_where_a_table_comes_from(lineage: Lineage) -> None:
    assert Lineage.of_tags(lineage.tags(TARGET), TARGET) == lineage
    assert Lineage.of_tags({"team": "agents"}, TARGET) is None


def test_while_it_is_restored_the_table_says_where_it_comes_from() -> None:
    summary = {"SourceTableArn": str(SOURCE), "RestoreDateTime": AT, "SourceBackupArn": BACKUP}
    assert Lineage.of_summary(summary) == Lineage(SOURCE, "2026-11-23T12:00:00Z", BACKUP)
    assert Lineage.of_summary({}) is None


@pytest.mark.parametrize(
    ("asked", "lineage"),
    [
        ({"sourceTableName": "sessions", "restoreDateTime": 1795435200}, Lineage(SOURCE, "2026-11-23T12:00:00Z")),
        ({"sourceTableName": "sessions", "restoreDateTime": 1795435200000}, Lineage(SOURCE, "2026-11-23T12:00:00Z")),
        (
            {"sourceTableName": "sessions", "restoreDateTime": "2026-11-23T12:00:00"},
            Lineage(SOURCE, "2026-11-23T12:00:00Z"),
        ),
        (
            {"sourceTableArn": str(SOURCE), "restoreDateTime": "Nov 23, 2026, 12:00:00\u202fPM"},
            Lineage(SOURCE, "2026-11-23T12:00:00Z"),
        ),
        ({"sourceTableName": "sessions", "restoreDateTime": "some time"}, Lineage(SOURCE)),
        ({"sourceTableName": "sessions", "useLatestRestorableTime": True}, Lineage(SOURCE)),
        ({"backupArn": BACKUP}, Lineage(SOURCE, backup=BACKUP)),
        ({"sourceTableName": "sessions", "targetTableName": "other"}, None),
    ],
)
def test_cloudtrail_knows_what_a_killed_run_could_not_mark(asked: dict[str, Any], lineage: Lineage | None) -> None:
    detail = {"requestParameters": {"targetTableName": TARGET.name, **asked}}
    assert Lineage.of_event(detail, TARGET) == lineage
    assert Lineage.of_event({**detail, "errorCode": "LimitExceededException"}, TARGET) is None


def test_a_table_of_a_recent_point_is_whatever_point_an_earlier_run_took() -> None:
    for wish in ({}, {"restore_from": {"time": "15m ago"}}, {"restore_from": {"time": "2026-11-23T13:00:00+01:00"}}):
        assert plan(there({}, {"indexes": settings()["indexes"]}, **wish)).after["restore_from"] == {
            "time": "2026-11-23T12:00:00Z"
        }


def test_an_alarm_on_something_else_is_not_written_over() -> None:
    other = {"sessions-restored-throttles": {"Dimensions": [{"Name": "TableName", "Value": "other"}]}}
    with pytest.raises(Refused, match="there is such an alarm on something else"):
        plan(replace(fresh(), every_alarm=other))


def test_what_cannot_be_put_back_is_refused_and_can_be_excepted() -> None:
    everywhere = settings(replicas=["eu-west-1"])
    with pytest.raises(Refused, match="global table"):
        plan(fresh(given=everywhere))
    assert operations(plan(fresh(given=everywhere, settings_except=["replicas"]))) == EVERYTHING
    stepped = replace(fresh(), unscalable=["by-steps"])
    with pytest.raises(Refused, match="by-steps"):
        plan(stepped)
    plan(replace(fresh(settings_except=["autoscaling"]), unscalable=["by-steps"]))


def removal(table: dict[str, Any] | None = None, **restored: Any) -> RestoreState:
    found = there({"DeletionProtectionEnabled": False, **(table or {})}, moved(settings(), TARGET), state="absent")
    return replace(found, restored=replace(found.restored, **restored))


def test_a_restored_table_goes_with_what_was_made_for_it_itself_last() -> None:
    state = removal(
        {"DeletionProtectionEnabled": True},
        mappings=["00000000-0000-0000-0000-000000000000"],
        own_alarms=["a", "b"],
        scaled=[(f"table/{TARGET.name}", "dynamodb:table:ReadCapacityUnits")],
    )
    made = plan(state)
    assert operations(made) == [
        "lambda:DeleteEventSourceMapping",
        "cloudwatch:DeleteAlarms",
        "application-autoscaling:DeregisterScalableTarget",
        "dynamodb:UpdateTable DeletionProtectionEnabled",
        "dynamodb:DeleteTable",
    ]
    assert made.after == {"source": "sessions", "target": "sessions-restored", "state": "absent"}
    assert made.before["restore_from"] == {"time": "2026-11-23T12:00:00Z"}
    assert made.before["settings"] == moved(settings(), TARGET)


@pytest.mark.parametrize(("backup", "warned"), [("", True), (f"{SOURCE}/backup/01", False)])
def test_only_what_was_restored_from_a_time_is_lost_by_time(backup: str, warned: bool) -> None:
    state = removal()
    assert state.restored is not None and state.restored.lineage is not None
    lineage = replace(state.restored.lineage, backup=backup)
    notes = plan(replace(state, restored=replace(state.restored, lineage=lineage))).notes
    assert any("as long as AWS keeps" in note for note in notes) is warned


@pytest.mark.parametrize(
    ("table", "operation"),
    [
        ({"TableStatus": "CREATING"}, ["dynamodb:DescribeTable", "dynamodb:DeleteTable"]),
        ({"TableStatus": "DELETING"}, ["dynamodb:DescribeTable"]),
    ],
)
def test_a_table_on_its_way_is_waited_for(table: dict[str, Any], operation: Sequence[str]) -> None:
    assert operations(plan(removal(table))) == operation


def test_no_other_table_is_ever_removed() -> None:
    with pytest.raises(Refused, match="nothing says that it was restored"):
        plan(removal(lineage=None))
    with pytest.raises(Refused, match=r"restored from .*sessions-2, not from"):
        plan(removal(lineage=Lineage(OTHER)))
    with pytest.raises(Refused, match="indexer:live reads from its stream"):
        plan(removal(busy_mappings=["indexer:live"]))
    gone = replace(removal(), restored=None)
    assert operations(plan(gone)) == []


@pytest.mark.parametrize("given", [{}, {"restore_from": {"backup": "latest"}}])
def test_what_is_returned_is_a_valid_element(given: dict[str, Any]) -> None:
    for made in (plan(fresh(origin(backup=BACKUP) if given else None, **given)), plan(removal())):
        for state in (made.before, made.after):
            assert set(state) <= set(TABLES_SPEC["options"])
            read_wish(Target("t", state))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("latest", WINDOW.latest),
        ("2026-11-23T13:00:00+01:00", AT),
        ("2h ago", AT),
    ],
)
def test_points_in_time(text: str, at: datetime) -> None:
    assert point_in_time(read_wish(Target("t", element(restore_from={"time": text}))), WINDOW) == at


def test_a_last_point_between_two_seconds_is_not_rounded_away() -> None:
    made = plan(fresh(origin(at=AT.replace(microsecond=5))))
    assert made.calls[0].arguments["UseLatestRestorableTime"]


@pytest.mark.parametrize(
    ("text", "window", "said"),
    [
        ("2026-11-01T00:00:00Z", WINDOW, "AWS offers 2026-11-09T14:00:00Z to 2026-11-23T13:55:00Z"),
        ("2026-11-01T00:00:00Z", WINDOW, "sessions: 2026-11-01T00:00:00Z cannot be restored"),
        ("1m ago", WINDOW, r"Z \(1m ago\) cannot be restored"),
        ("1m ago", replace(WINDOW, earliest=WINDOW.latest), "AWS offers only 2026-11-23T13:55:00Z. Give latest"),
        ("2026-11-23T12:00:00", WINDOW, "zone"),
        ("2026-11-24T12:00:00Z", WINDOW, "future"),
        ("yesterday", WINDOW, "no time"),
        ("latest", replace(WINDOW, days=None), "is off"),
    ],
)
def test_a_time_that_cannot_be_restored_is_refused(text: str, window: Pitr, said: str) -> None:
    with pytest.raises(Refused, match=said):
        point_in_time(read_wish(Target("t", element(restore_from={"time": text}))), window)


def backup(name: str, hours: int, status: str = "AVAILABLE", table_id: str = "one") -> dict[str, Any]:
    return {
        "BackupName": name,
        "BackupArn": f"{SOURCE}/backup/{hours}",
        "BackupStatus": status,
        "BackupCreationDateTime": NOW - timedelta(hours=hours),
        "TableId": table_id,
    }


BACKUPS = [
    backup("nightly", 20),
    backup("nightly", 44),
    backup("new", 0, "CREATING"),
    backup("other-life", 1, table_id="zero"),
]


@pytest.mark.parametrize(("wanted", "hours"), [("latest", 20), ("nightly", 20), ("other-life", 1)])
def test_the_backup_that_is_meant(wanted: str, hours: int) -> None:
    wish = read_wish(Target("t", element(restore_from={"backup": wanted})))
    assert choose_backup(wish, BACKUPS, "one")["BackupArn"] == f"{SOURCE}/backup/{hours}"


def test_of_a_table_that_is_gone_any_backup_is_its_own() -> None:
    wish = read_wish(Target("t", element(restore_from={"backup": "latest"})))
    assert choose_backup(wish, BACKUPS)["BackupName"] == "other-life"


@pytest.mark.parametrize(
    ("wanted", "backups", "said"),
    [
        ("new", BACKUPS, "new is CREATING"),
        ("weekly", BACKUPS, "has no backup weekly .it has new, other-life, nightly"),
        ("latest", [], "it has none"),
    ],
)
def test_a_backup_that_is_not_there_is_refused(wanted: str, backups: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(Refused, match=said):
        choose_backup(read_wish(Target("t", element(restore_from={"backup": wanted}))), backups, "one")


def test_a_generated_name_says_what_it_is_and_is_never_too_long() -> None:
    wish = read_wish(Target("t", {"source": "s" * 255}))
    assert target_name(replace(wish, source="sessions"), AT) == "sessions-restored-20261123-120000"
    assert len(target_name(wish, AT)) == 255


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"source": "a"}, "3 to 255"),
        ({"target": "x" * 256}, "3 to 255"),
        ({"target": "no spaces"}, "3 to 255"),
        ({"source": "arn:aws:s3:::b"}, "neither a table's name nor its ARN"),
        ({"source": STREAM}, "neither a table's name nor its ARN"),
        ({"state": "absent", "target": None}, "needs target"),
        ({"read_units": 0}, "give 1 or more"),
        ({"billing_mode": "PAY_PER_REQUEST", "read_units": 5}, "on-demand table has no read_units"),
        ({"sse": {"enabled": False, "kms_master_key_id": "k"}}, "names a key and is not enabled"),
        ({"read_units": 5, "settings_except": ["capacity"]}, "read_units is given, and settings_except has capacity"),
        ({"indexes": [], "settings_except": ["indexes"]}, "indexes is given, and settings_except has indexes"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        read_wish(Target("t", element(**wish)))


def test_an_index_to_keep_must_be_there() -> None:
    with pytest.raises(Refused, match=r"has no index by-mistake to keep \(it has by-time, by-user\)"):
        plan(fresh(indexes=["by-mistake"]))
