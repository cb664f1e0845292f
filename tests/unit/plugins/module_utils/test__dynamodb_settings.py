# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Settings of tables as a value: made of AWS's answers, moved to another table, and held against it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import Pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_reader import table_state
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    SETTINGS,
    Raw,
    TableArn,
    alarm_name,
    alarms_of,
    checked,
    moved,
    parity,
    shape_settings,
    without,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
SOURCE = TableArn("aws", "us-east-1", "111122223333", "sessions")
TARGET = TableArn("aws", "us-east-1", "111122223333", "sessions-restored")
STREAM = f"{SOURCE}/stream/2026-01-01T00:00:00.000"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:indexer:live"
WRITABLE = {
    "PutMetricAlarm": {"AlarmName", "Dimensions", "Metrics", "Threshold", "AlarmActions", "Tags", "ActionsEnabled"},
    "CreateEventSourceMapping": {
        "EventSourceArn",
        "FunctionName",
        "BatchSize",
        "StartingPosition",
        "DestinationConfig",
        "MaximumRetryAttempts",
        "FilterCriteria",
        "Enabled",
        "Tags",
    },
}

TABLE: dict[str, Any] = {
    "TableName": "sessions",
    "TableArn": str(SOURCE),
    "TableStatus": "ACTIVE",
    "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in ("id", "at", "user")],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "ProvisionedThroughput": {"ReadCapacityUnits": 12, "WriteCapacityUnits": 6},
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-user",
            "IndexStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
            "ProvisionedThroughput": {"ReadCapacityUnits": 12, "WriteCapacityUnits": 6},
        }
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-time",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "LatestStreamArn": STREAM,
    "LatestStreamLabel": "2026-01-01T00:00:00.000",
    "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:aws:kms:us-east-1:1:key/k"},
    "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
    "DeletionProtectionEnabled": True,
    "TableId": "one",
}
SCALING = {
    ("table/sessions", "dynamodb:table:ReadCapacityUnits"): {
        "state": "present",
        "min_capacity": 10,
        "max_capacity": 100,
        "target_utilization": 70,
        "scale_in_cooldown": 0,
        "scale_out_cooldown": 0,
        "disable_scale_in": False,
        "policy_name": "p",
        "schedules": [],
        "suspended": [],
        "other_policies": [],
    }
}
ALARM: dict[str, Any] = {
    "AlarmName": "sessions-throttles",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:sessions-throttles",
    "StateValue": "OK",
    "ActionsEnabled": True,
    "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:pages"],
    "OKActions": [],
    "Dimensions": [{"Name": "TableName", "Value": "sessions"}],
    "Threshold": 5.0,
    "Tags": [{"Key": "team", "Value": "agents"}, {"Key": "aws:cloudformation:stack-name", "Value": "s"}],
}
MAPPING: dict[str, Any] = {
    "UUID": "u-1",
    "EventSourceArn": STREAM,
    "FunctionArn": FUNCTION,
    "State": "Enabled",
    "BatchSize": 25,
    "StartingPosition": "LATEST",
    "MaximumRetryAttempts": -1,
    "DestinationConfig": {"OnFailure": {}},
    "LastModified": NOW,
    "Tags": {"team": "agents"},
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "dynamodb:GetItem",
            "Resource": [str(SOURCE), f"{SOURCE}/index/*", f"{SOURCE}-2"],
        }
    ],
}


def raw(**also: Any) -> Raw:
    return Raw(
        **{
            "table": TABLE,
            "state": table_state({"Table": TABLE}, SCALING),
            "pitr": Pitr("sessions", 14, NOW, NOW, ready=True, read_at=NOW),
            "ttl": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"},
            "tags": [{"Key": "team", "Value": "agents"}, {"Key": "aws:cloudformation:stack-name", "Value": "s"}],
            "policy": POLICY,
            "stream_policy": {"Statement": [{"Resource": STREAM}]},
            "insights": [
                {"TableName": "sessions", "ContributorInsightsStatus": "ENABLED"},
                {
                    "TableName": "sessions",
                    "IndexName": "by-user",
                    "ContributorInsightsStatus": "ENABLING",
                    "ContributorInsightsMode": "THROTTLED_KEYS",
                },
            ],
            "kinesis": [
                {"StreamArn": "arn:k1", "DestinationStatus": "ACTIVE"},
                {"StreamArn": "arn:k0", "DestinationStatus": "DISABLED"},
            ],
            "alarms": [ALARM],
            "mappings": [MAPPING],
            **also,
        }
    )


def shaped(**also: Any) -> dict[str, Any]:
    return shape_settings(raw(**also), (), WRITABLE)


def test_everything_is_in_the_shape() -> None:
    settings = shaped()
    assert list(settings) == ["table_arn", *SETTINGS]
    assert checked(settings, "sessions") == settings
    assert settings["capacity"]["read"]["initial_units"] == 12
    assert settings["capacity"]["write"] == {"units": 6}
    assert "warm_throughput" not in settings["capacity"]
    assert [(index["name"], index["type"]) for index in settings["indexes"]] == [
        ("by-time", "local"),
        ("by-user", "global"),
    ]
    assert settings["indexes"][0]["attributes"] == {"id": "S", "at": "S"}
    assert settings["sse"] == {"enabled": True, "kms_master_key_id": "arn:aws:kms:us-east-1:1:key/k"}
    assert settings["tags"] == {"team": "agents"}
    assert settings["pitr"] == {"state": "present", "recovery_period_days": 14}
    assert settings["stream_policy"] == {"Statement": [{"Resource": f"{SOURCE}/stream/${{StreamLabel}}"}]}
    assert settings["contributor_insights"] == {
        "table": "ACCESSED_AND_THROTTLED_KEYS",
        "indexes": {"by-user": "THROTTLED_KEYS"},
    }
    assert settings["kinesis"] == [{"stream_arn": "arn:k1", "precision": "MILLISECOND"}]


def test_alarms_and_mappings_are_what_their_apis_take() -> None:
    settings = shaped()
    (alarm,), (mapping,) = settings["alarms"], settings["event_source_mappings"]
    assert alarm == {
        "AlarmName": "sessions-throttles",
        "ActionsEnabled": True,
        "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:pages"],
        "Dimensions": [{"Name": "TableName", "Value": "sessions"}],
        "Threshold": 5.0,
        "Tags": [{"Key": "team", "Value": "agents"}],
    }
    assert mapping == {
        "BatchSize": 25,
        "StartingPosition": "LATEST",
        "MaximumRetryAttempts": -1,
        "FunctionName": FUNCTION,
        "Enabled": True,
        "Tags": {"team": "agents"},
    }


def test_a_bare_table_has_nothing() -> None:
    bare = {key: TABLE[key] for key in ("TableName", "TableArn", "TableStatus", "ProvisionedThroughput")}
    settings = shape_settings(Raw(bare, table_state({"Table": bare}, {})), (), WRITABLE)
    assert {key: value for key, value in settings.items() if value} == {
        "table_arn": str(SOURCE),
        "capacity": {"billing_mode": "PROVISIONED", "read": {"units": 12}, "write": {"units": 6}, "indexes": []},
        "sse": {"enabled": False},
        "table_class": "STANDARD",
        "pitr": {"state": "absent"},
    }
    assert settings["ttl"] == settings["stream"] == ""


def test_an_excepted_setting_is_not_there() -> None:
    assert "tags" not in without(shaped(), ["tags"])
    unscaled = without(shaped(), ["autoscaling"])["capacity"]
    assert unscaled["read"] == {"units": 12}


@pytest.mark.parametrize(
    ("alarm", "found"),
    [
        ({"Dimensions": [{"Name": "TableName", "Value": "sessions"}]}, True),
        ({"Dimensions": [{"Name": "TableName", "Value": "sessions-2"}]}, False),
        ({"Dimensions": [{"Name": "FunctionName", "Value": "sessions"}]}, False),
        ({"Dimensions": [{"Name": "Table", "Value": "sessions"}], "Namespace": "Mine"}, True),
        (
            {"Metrics": [{"MetricStat": {"Metric": {"Dimensions": [{"Name": "TableName", "Value": "sessions"}]}}}]},
            True,
        ),
        ({"Metrics": [{"Expression": "SELECT MAX(x) FROM \"AWS/DynamoDB\" WHERE TableName = 'sessions'"}]}, True),
        ({"Metrics": [{"Expression": "SELECT MAX(x) FROM \"AWS/DynamoDB\" WHERE TableName = 'all-sessions'"}]}, False),
        (
            {
                "AlarmName": "TargetTracking-table/sessions-AlarmHigh-1",
                "Dimensions": [{"Name": "TableName", "Value": "sessions"}],
            },
            False,
        ),
    ],
)
def test_the_alarms_on_a_table(alarm: dict[str, Any], found: bool) -> None:
    assert bool(alarms_of("sessions", [{"AlarmName": "a", **alarm}])) is found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sessions-throttles", "restored-throttles"),
        ("sessions", "restored"),
        ("app sessions high", "app restored high"),
        ("throttles", "throttles-restored"),
    ],
)
def test_an_alarm_on_another_table_has_another_name(old: str, new: str) -> None:
    assert alarm_name({"AlarmName": old}, "sessions", "restored") == new
    assert alarm_name({"AlarmName": old}, "sessions", "sessions") == old


def test_long_alarm_names_stay_different() -> None:
    names = {alarm_name({"AlarmName": f"sessions-{'x' * 240}{end}"}, "sessions", "t" * 40) for end in "ab"}
    assert len(names) == 2
    assert {len(name) for name in names} == {255}


def test_another_table_gets_its_own_name_everywhere() -> None:
    settings = moved(shaped(), TARGET)
    assert settings["table_arn"] == str(TARGET)
    assert settings["resource_policy"]["Statement"][0]["Resource"] == [
        str(TARGET),
        f"{TARGET}/index/*",
        f"{SOURCE}-2",
    ]
    assert settings["stream_policy"]["Statement"][0]["Resource"] == f"{TARGET}/stream/${{StreamLabel}}"
    (alarm,) = settings["alarms"]
    assert alarm["AlarmName"] == "sessions-restored-throttles"
    assert alarm["Dimensions"] == [{"Name": "TableName", "Value": "sessions-restored"}]
    assert alarm["AlarmActions"] == ALARM["AlarmActions"]
    assert settings["event_source_mappings"] == shaped()["event_source_mappings"]


def test_settings_that_go_to_their_own_table_do_not_change() -> None:
    assert moved(shaped(), SOURCE) == shaped()


def test_wildcards_of_a_policy_stay_and_its_region_moves() -> None:
    policy = {"Statement": [{"Resource": ["arn:aws:dynamodb:*:111122223333:table/sessions", str(SOURCE)]}]}
    abroad = TableArn("aws", "eu-west-1", "111122223333", "sessions")
    new = moved({"table_arn": str(SOURCE), "resource_policy": policy}, abroad)
    assert new["resource_policy"]["Statement"][0]["Resource"] == [
        "arn:aws:dynamodb:*:111122223333:table/sessions",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/sessions",
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tag": {}}, "settings has tag"),
        ({"tags": ["a"]}, "settings.tags"),
        ({"table_arn": "sessions"}, "no ARN of a table"),
        ({"capacity": {"read": {"unit": 5}}}, "settings.capacity.read has unit"),
        ({"capacity": {"indexes": [{"name": "i", "reed": {}}]}}, "settings.capacity.indexes has reed"),
    ],
)
def test_what_would_not_be_put_back_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        checked(settings, "sessions")


def test_a_table_that_has_everything_is_the_same() -> None:
    expected = moved(shaped(), TARGET)
    found = copy.deepcopy(expected)
    found["tags"] |= {"runbook:restored-from": "sessions", "runbook:restored-at": "2026-11-23T14:00:00Z"}
    found["alarms"][0]["Tags"].append({"Key": "runbook:restored-from", "Value": "sessions"})
    found["event_source_mappings"][0]["Enabled"] = False
    found["capacity"]["read"]["initial_units"] = 50
    assert parity(expected, found) == {"same": True, "missing": [], "extra": []}


# For each setting what a restored table has of it when nothing is put back.
LOST: Mapping[str, Any] = {
    "capacity": {"billing_mode": "PROVISIONED", "read": {"units": 12}, "write": {"units": 6}, "indexes": []},
    "indexes": [],
    "sse": {"enabled": False},
    "table_class": "STANDARD",
    "deletion_protection": False,
    "tags": {},
    "ttl": "",
    "stream": "",
    "pitr": {"state": "absent"},
    "resource_policy": {},
    "stream_policy": {},
    "contributor_insights": {},
    "kinesis": [],
    "alarms": [],
    "event_source_mappings": [],
    "replicas": [],
}


@pytest.mark.parametrize("name", SETTINGS)
def test_whatever_is_lost_is_missing(name: str) -> None:
    source = shaped(table={**TABLE, "Replicas": [{"RegionName": "eu-west-1"}]})
    report = parity(source, {**source, name: LOST[name]})
    assert not report["same"]
    assert report["missing"]
    assert all(entry["setting"].partition(".")[0] == name for entry in report["missing"])


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "table_class"])
def test_whatever_comes_besides_is_extra(name: str) -> None:
    there = shaped(table={**TABLE, "Replicas": [{"RegionName": "eu-west-1"}]})
    report = parity({**there, name: LOST[name]}, there)
    assert {entry["setting"].partition(".")[0] for entry in report["extra"]} == {name}


@pytest.mark.parametrize(
    ("change", "setting", "source", "restored"),
    [
        (lambda s: s["tags"].update(team="other"), "tags.team", "agents", "other"),
        (lambda s: s["tags"].clear(), "tags", {"team": "agents"}, {}),
        (lambda s: s["alarms"][0].update(Threshold=6.0), "alarms.sessions-throttles.Threshold", 5.0, 6.0),
        (lambda s: s["alarms"][0].pop("AlarmActions"), "alarms.sessions-throttles.AlarmActions", ..., None),
        (lambda s: s["pitr"].update(recovery_period_days=35), "pitr.recovery_period_days", 14, 35),
        (
            lambda s: s["capacity"]["read"]["autoscaling"].update(max_capacity=50),
            "capacity.read.autoscaling.max_capacity",
            100,
            50,
        ),
        (
            lambda s: s["event_source_mappings"][0].update(BatchSize=1),
            f"event_source_mappings.{FUNCTION}.BatchSize",
            25,
            1,
        ),
        (
            lambda s: s["sse"].update(kms_master_key_id="arn:aws:kms:us-east-1:1:key/other"),
            "sse.kms_master_key_id",
            ...,
            ...,
        ),
    ],
)
def test_a_difference_is_named_to_the_last_part(change: Any, setting: str, source: Any, restored: Any) -> None:
    found = copy.deepcopy(shaped())
    change(found)
    (entry,) = parity(shaped(), found)["missing"]
    assert entry["setting"] == setting
    assert source in (..., entry["source"])
    assert restored in (..., entry["restored"])


def test_what_is_there_besides_is_no_failure() -> None:
    found = copy.deepcopy(shaped())
    found["tags"]["more"] = "x"
    report = parity(shaped(), found)
    assert (report["same"], report["missing"]) == (False, [])
    assert report["extra"] == [{"setting": "tags.more", "source": None, "restored": "x"}]


def test_only_what_is_expected_is_looked_at() -> None:
    assert parity({"ttl": "expires"}, {**shaped(), "tags": {}})["same"]


@pytest.mark.parametrize(
    ("wanted", "same"),
    [
        ({"enabled": True}, True),
        ({"enabled": True, "kms_master_key_id": "alias/mine"}, True),
        ({"enabled": True, "kms_master_key_id": "k"}, True),
        ({"enabled": True, "kms_master_key_id": "other"}, False),
        ({"enabled": False}, False),
    ],
)
def test_a_key_is_known_by_any_of_its_names(wanted: dict[str, Any], same: bool) -> None:
    assert parity({"sse": wanted}, shaped())["same"] is same
