# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS backs up and restores tables as DynamoDB does; each of these fails on plain moto."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from aws_makers import make_table
from botocore.exceptions import ClientError

from local_aws.client import Account

DAY = 86_400


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def at(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, tz=datetime.UTC)


def put(client: Any, key: str, value: str, table: str = "orders") -> None:
    client.put_item(TableName=table, Item={"id": {"S": key}, "value": {"S": value}})


def items(client: Any, table: str = "orders") -> dict[str, str]:
    return {item["id"]["S"]: item["value"]["S"] for item in client.scan(TableName=table)["Items"]}


def describe(client: Any, table: str) -> dict[str, Any]:
    return dict(client.describe_table(TableName=table)["Table"])


def window(client: Any, table: str = "orders") -> dict[str, Any]:
    shown = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return dict(shown["PointInTimeRecoveryDescription"])


def turn_on(client: Any, days: int | None = None, table: str = "orders") -> None:
    period = {} if days is None else {"RecoveryPeriodInDays": days}
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, **period}
    )


def turn_off(client: Any) -> None:
    client.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


@pytest.fixture
def slow(account: Account) -> Account:
    """A table with an item; changes take a minute, and the test moves the clock."""
    put(make_table(account, "orders", indexes={"by-user": (5, 5)}), "1", "first")
    account.settings(transition_seconds=60)
    return account


def back_up(account: Account, name: str = "nightly", table: str = "orders") -> str:
    """The ARN of a backup that is AVAILABLE."""
    arn = account.client("dynamodb").create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"]
    account.advance(61)
    return str(arn)


def test_a_backup_is_creating_before_it_is_available(slow: Account) -> None:
    client = slow.client("dynamodb")
    details = client.create_backup(TableName="orders", BackupName="nightly")["BackupDetails"]
    assert (details["BackupStatus"], details["BackupType"], details["BackupName"]) == ("CREATING", "USER", "nightly")
    assert details["BackupSizeBytes"] > 0
    arn = details["BackupArn"]
    with refused("BackupInUseException", "created"):
        client.delete_backup(BackupArn=arn)
    with refused("BackupInUseException", "created"):
        client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    slow.advance(61)
    description = client.describe_backup(BackupArn=arn)["BackupDescription"]
    assert description["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    source = description["SourceTableDetails"]
    assert (source["TableName"], source["ItemCount"], source["BillingMode"]) == ("orders", 1, "PROVISIONED")
    assert source["TableId"] == describe(client, "orders")["TableId"]
    index = description["SourceTableFeatureDetails"]["GlobalSecondaryIndexes"][0]
    assert (index["IndexName"], index["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("by-user", 5)
    deleted = client.delete_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
    assert deleted["BackupStatus"] == "DELETED"
    with refused("BackupNotFoundException", "Backup not found"):
        client.describe_backup(BackupArn=arn)


def test_a_backup_holds_the_table_as_it_was(slow: Account) -> None:
    client = slow.client("dynamodb")
    put(client, "2", "second")
    arn = back_up(slow)
    put(client, "1", "corrupted")
    client.update_item(
        TableName="orders",
        Key={"id": {"S": "2"}},
        UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues={":v": {"S": "corrupted"}},
    )
    client.update_table(TableName="orders", ProvisionedThroughput={"ReadCapacityUnits": 50, "WriteCapacityUnits": 50})
    slow.advance(61)
    client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    slow.advance(61)
    assert items(client, "restored") == {"1": "first", "2": "second"}
    assert items(client, "orders") == {"1": "corrupted", "2": "corrupted"}
    # A restored backup has the capacity of its time, which may be of no use today.
    assert describe(client, "restored")["ProvisionedThroughput"]["ReadCapacityUnits"] == 10
    put(client, "1", "other", table="restored")
    assert (items(client, "restored")["1"], items(client, "orders")["1"]) == ("other", "corrupted")


def test_a_restore_takes_its_time_and_says_where_it_comes_from(slow: Account) -> None:
    client = slow.client("dynamodb")
    arn = back_up(slow)
    started = client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)["TableDescription"]
    assert started["TableStatus"] == "CREATING"
    summary = started["RestoreSummary"]
    assert (summary["SourceBackupArn"], summary["RestoreInProgress"]) == (arn, True)
    assert summary["SourceTableArn"] == describe(client, "orders")["TableArn"]
    with refused("ResourceNotFoundException"):
        client.scan(TableName="restored")
    with refused("TableInUseException", "restored is already being restored from backup: " + arn):
        client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    with refused("BackupInUseException", "restored"):
        client.restore_table_from_backup(TargetTableName="another", BackupArn=arn)
    with refused("BackupInUseException", "restored"):
        client.delete_backup(BackupArn=arn)
    with refused("ResourceInUseException", "being created"):
        client.delete_table(TableName="restored")
    slow.advance(61)
    done = describe(client, "restored")
    # Nothing marks a table that was born from a restore, once it is there.
    assert (done["TableStatus"], "RestoreSummary" in done) == ("ACTIVE", False)
    with refused("TableAlreadyExistsException", "already exists: restored"):
        client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    slow.settings(restore_summary_stays=True)
    assert describe(client, "restored")["RestoreSummary"]["RestoreInProgress"] is False
    client.delete_backup(BackupArn=arn)


def test_the_settings_of_a_table_that_is_being_restored_are_not_there(slow: Account) -> None:
    client = slow.client("dynamodb")
    backup = back_up(slow)
    arn = client.restore_table_from_backup(TargetTableName="restored", BackupArn=backup)["TableDescription"]["TableArn"]
    ttl = {"Enabled": True, "AttributeName": "ttl"}
    for operation, arguments in (
        ("tag_resource", {"ResourceArn": arn, "Tags": [{"Key": "a", "Value": "b"}]}),
        ("list_tags_of_resource", {"ResourceArn": arn}),
        ("update_time_to_live", {"TableName": "restored", "TimeToLiveSpecification": ttl}),
        ("describe_time_to_live", {"TableName": "restored"}),
        ("update_table", {"TableName": "restored", "DeletionProtectionEnabled": True}),
        ("put_resource_policy", {"ResourceArn": arn, "Policy": "{}"}),
        ("get_resource_policy", {"ResourceArn": arn}),
        ("describe_contributor_insights", {"TableName": "restored"}),
    ):
        with refused("ResourceNotFoundException", "Table: restored not found"):
            getattr(client, operation)(**arguments)
    for operation, arguments in (("create_backup", {"BackupName": "nightly"}), ("describe_continuous_backups", {})):
        with refused("TableNotFoundException", "Table not found: restored"):
            getattr(client, operation)(TableName="restored", **arguments)


def test_restores_have_a_time_of_their_own(slow: Account) -> None:
    client = slow.client("dynamodb")
    arn = back_up(slow)
    slow.settings(restore_seconds=3600)
    client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    slow.advance(61)
    assert describe(client, "restored")["TableStatus"] == "CREATING"
    slow.advance(3600)
    assert describe(client, "restored")["TableStatus"] == "ACTIVE"


def test_a_restore_loses_what_aws_loses(slow: Account) -> None:
    client = slow.client("dynamodb")
    arn = describe(client, "orders")["TableArn"]
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    client.update_table(TableName="orders", DeletionProtectionEnabled=True)
    for change in ({"StreamSpecification": stream}, {"TableClass": "STANDARD_INFREQUENT_ACCESS"}):
        client.update_table(TableName="orders", **change)
        slow.advance(61)
    policy = {"Version": "2012-10-17", "Statement": []}
    client.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))
    client.update_table(TableName="orders", SSESpecification={"Enabled": True, "SSEType": "KMS"})
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "core"}])
    client.update_time_to_live(TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    turn_on(client)
    slow.advance(3700)
    backup = back_up(slow)
    features = client.describe_backup(BackupArn=backup)["BackupDescription"]["SourceTableFeatureDetails"]
    assert features["StreamDescription"] == stream
    assert features["TimeToLiveDescription"]["AttributeName"] == "ttl"
    client.restore_table_from_backup(TargetTableName="one", BackupArn=backup)
    client.restore_table_to_point_in_time(SourceTableName="orders", TargetTableName="two", UseLatestRestorableTime=True)
    slow.advance(61)
    for name in ("one", "two"):
        restored = describe(client, name)
        assert "StreamSpecification" not in restored
        assert "LatestStreamArn" not in restored
        assert restored["DeletionProtectionEnabled"] is False
        assert "TableClassSummary" not in restored
        assert restored["SSEDescription"]["Status"] == "ENABLED"
        with refused("PolicyNotFoundException"):
            client.get_resource_policy(ResourceArn=restored["TableArn"])
        assert [index["IndexName"] for index in restored["GlobalSecondaryIndexes"]] == ["by-user"]
        assert client.list_tags_of_resource(ResourceArn=restored["TableArn"])["Tags"] == []
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert ttl["TimeToLiveStatus"] == "DISABLED"
        assert window(client, name) == {"PointInTimeRecoveryStatus": "DISABLED"}
        assert items(client, name) == {"1": "first"}


def test_backups_are_listed_by_table_type_and_time_in_pages(slow: Account) -> None:
    client = slow.client("dynamodb")
    arns = [back_up(slow, f"b-{number}") for number in range(3)]
    slow.settings(transition_seconds=0)
    make_table(slow, "restored", units=None)
    other = back_up(slow, "b-9", table="restored")

    def listed(**arguments: Any) -> list[str]:
        return [item["BackupArn"] for item in client.list_backups(**arguments)["BackupSummaries"]]

    assert listed() == [*arns, other]
    assert listed(TableName="orders") == listed(TableName=describe(client, "orders")["TableArn"]) == arns
    assert listed(BackupType="SYSTEM") == []
    assert listed(BackupType="ALL") == [*arns, other]
    second = client.describe_backup(BackupArn=arns[1])["BackupDescription"]["BackupDetails"]["BackupCreationDateTime"]
    second = second.replace(microsecond=0)
    assert listed(TimeRangeLowerBound=second, TableName="orders") == arns[1:]
    assert listed(TimeRangeUpperBound=second) == arns[:1]
    first = client.list_backups(TableName="orders", Limit=2)
    assert first["LastEvaluatedBackupArn"] == arns[1]
    client.delete_backup(BackupArn=arns[1])
    assert listed(TableName="orders", ExclusiveStartBackupArn=arns[1]) == arns[2:]


@pytest.mark.parametrize("operation", ["create_backup", "describe_continuous_backups"])
def test_a_table_that_is_not_there(account: Account, operation: str) -> None:
    arguments = {"BackupName": "nightly"} if operation == "create_backup" else {}
    with refused("TableNotFoundException", "Table not found: orders"):
        getattr(account.client("dynamodb"), operation)(TableName="orders", **arguments)


def test_a_table_that_was_made_just_now_has_no_backups_yet(account: Account) -> None:
    account.settings(continuous_backups_seconds=60)
    client = make_table(account, "orders")
    with refused("ContinuousBackupsUnavailableException", "Backups are being enabled for the table: orders"):
        client.create_backup(TableName="orders", BackupName="nightly")
    with refused("ContinuousBackupsUnavailableException"):
        turn_on(client)
    account.advance(61)
    client.create_backup(TableName="orders", BackupName="nightly")


def test_a_deleted_table_with_recovery_leaves_a_system_backup_for_35_days(slow: Account) -> None:
    client = slow.client("dynamodb")
    turn_on(client)
    put(client, "2", "last words")
    deleted = client.delete_table(TableName="orders")["TableDescription"]
    assert deleted["TableStatus"] == describe(client, "orders")["TableStatus"] == "DELETING"
    # "If table is already in the DELETING state, no error is returned."
    client.delete_table(TableName="orders")
    with refused("TableNotFoundException"):
        client.create_backup(TableName="orders", BackupName="late")
    with refused("ResourceNotFoundException"):
        client.get_item(TableName="orders", Key={"id": {"S": "1"}})
    slow.advance(61)
    with refused("ResourceNotFoundException"):
        describe(client, "orders")
    (backup,) = client.list_backups(BackupType="SYSTEM")["BackupSummaries"]
    assert (backup["BackupName"], backup["BackupStatus"]) == ("orders$DeletedTableBackup", "AVAILABLE")
    features = client.describe_backup(BackupArn=backup["BackupArn"])["BackupDescription"]["SourceTableFeatureDetails"]
    assert [index["IndexName"] for index in features["GlobalSecondaryIndexes"]] == ["by-user"]
    with refused("ValidationException", "not allowed to delete the system backup"):
        client.delete_backup(BackupArn=backup["BackupArn"])
    assert backup["BackupExpiryDateTime"] - backup["BackupCreationDateTime"] == datetime.timedelta(days=35)
    client.restore_table_from_backup(TargetTableName="orders", BackupArn=backup["BackupArn"])
    slow.advance(61)
    assert items(client) == {"1": "first", "2": "last words"}
    slow.advance(35 * DAY)
    assert client.list_backups(BackupType="ALL")["BackupSummaries"] == []


def test_deletion_protection(slow: Account) -> None:
    client = slow.client("dynamodb")
    client.update_table(TableName="orders", DeletionProtectionEnabled=True)
    with refused("ValidationException", "protected against deletion"):
        client.delete_table(TableName="orders")
    client.update_table(TableName="orders", DeletionProtectionEnabled=False)
    client.delete_table(TableName="orders")
    with refused("ResourceInUseException", "being deleted"):
        client.update_table(TableName="orders", DeletionProtectionEnabled=True)


def test_the_window_of_recovery(slow: Account) -> None:
    client = slow.client("dynamodb")
    assert window(client) == {"PointInTimeRecoveryStatus": "DISABLED"}
    now = slow.advance(0)
    turn_on(client, days=2)
    shown = window(client)
    assert (shown["PointInTimeRecoveryStatus"], shown["RecoveryPeriodInDays"]) == ("ENABLED", 2)
    assert shown["EarliestRestorableDateTime"] == shown["LatestRestorableDateTime"]
    assert abs((shown["EarliestRestorableDateTime"] - at(now)).total_seconds()) < 3
    slow.advance(DAY)
    later = window(client)
    assert later["EarliestRestorableDateTime"] == shown["EarliestRestorableDateTime"]
    assert abs((at(slow.advance(0)) - later["LatestRestorableDateTime"]).total_seconds() - 300) < 3
    slow.advance(2 * DAY)
    moved = window(client)["EarliestRestorableDateTime"] - shown["EarliestRestorableDateTime"]
    assert abs(moved.total_seconds() - DAY) < 3


def test_a_window_begins_anew_and_does_not_grow_backwards(slow: Account) -> None:
    client = slow.client("dynamodb")
    turn_on(client)
    assert window(client)["RecoveryPeriodInDays"] == 35
    slow.advance(10 * DAY)
    turn_on(client, days=1)
    turn_on(client, days=35)
    age = at(slow.advance(0)) - window(client)["EarliestRestorableDateTime"]
    assert abs(age.total_seconds() - DAY) < 3
    turn_off(client)
    turn_on(client)
    age = at(slow.advance(0)) - window(client)["EarliestRestorableDateTime"]
    assert age.total_seconds() < 3
    with refused("ValidationException", "recoveryPeriodInDays"):
        turn_on(client, days=36)
    off = {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 7}
    with refused("ValidationException", "RecoveryPeriodInDays"):
        client.update_continuous_backups(TableName="orders", PointInTimeRecoverySpecification=off)


def change(client: Any) -> None:
    """Every way of writing an item."""
    client.put_item(TableName="orders", Item={"id": {"S": "put"}, "value": {"S": "new"}})
    client.delete_item(TableName="orders", Key={"id": {"S": "deleted"}})
    client.update_item(
        TableName="orders",
        Key={"id": {"S": "updated"}},
        UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues={":v": {"S": "new"}},
    )
    client.batch_write_item(
        RequestItems={
            "orders": [
                {"PutRequest": {"Item": {"id": {"S": "batch"}, "value": {"S": "new"}}}},
                {"DeleteRequest": {"Key": {"id": {"S": "batch deleted"}}}},
            ]
        }
    )
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "orders", "Item": {"id": {"S": "transaction"}, "value": {"S": "new"}}}},
            {
                "Update": {
                    "TableName": "orders",
                    "Key": {"id": {"S": "transaction updated"}},
                    "UpdateExpression": "SET #v = :v",
                    "ExpressionAttributeNames": {"#v": "value"},
                    "ExpressionAttributeValues": {":v": {"S": "new"}},
                }
            },
            {"Delete": {"TableName": "orders", "Key": {"id": {"S": "transaction deleted"}}}},
        ]
    )
    client.execute_statement(Statement="INSERT INTO \"orders\" VALUE {'id': 'statement', 'value': 'new'}")
    client.execute_statement(Statement='DELETE FROM "orders" WHERE "id" = \'statement deleted\'')


CHANGED = ["put", "updated", "batch", "transaction", "transaction updated", "statement"]
DELETED = ["deleted", "batch deleted", "transaction deleted", "statement deleted"]


def test_recovery_gives_back_the_items_of_any_moment(account: Account) -> None:
    client = make_table(account, "orders")
    for key in ("updated", "transaction updated", *DELETED):
        put(client, key, "old")
    turn_on(client)
    before = items(client)
    account.advance(10)
    then = account.advance(0)
    account.advance(10)
    change(client)
    after = items(client)
    assert after == dict.fromkeys(CHANGED, "new")
    account.advance(1000)
    put(client, "put", "newest")
    account.advance(1000)
    moments = {"before": then, "after": then + 100}
    for name, moment in moments.items():
        client.restore_table_to_point_in_time(
            SourceTableName="orders", TargetTableName=name, RestoreDateTime=at(moment)
        )
    client.restore_table_to_point_in_time(
        SourceTableName="orders", TargetTableName="latest", UseLatestRestorableTime=True
    )
    account.advance(1)
    assert items(client, "before") == before
    assert items(client, "after") == after
    assert items(client, "latest") == {**after, "put": "newest"}
    account.settings(restore_summary_stays=True)
    assert describe(client, "after")["RestoreSummary"]["RestoreDateTime"] == at(int(then + 100))


def test_a_call_that_fails_changes_nothing(slow: Account) -> None:
    client = slow.client("dynamodb")
    turn_on(client)
    with refused("TransactionCanceledException"):
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "orders", "Item": {"id": {"S": "1"}, "value": {"S": "new"}}}},
                {
                    "Update": {
                        "TableName": "orders",
                        "Key": {"id": {"S": "2"}},
                        "UpdateExpression": "SET a = :v",
                        "ConditionExpression": "attribute_exists(id)",
                        "ExpressionAttributeValues": {":v": {"S": "new"}},
                    }
                },
            ]
        )
    with refused("ConditionalCheckFailedException"):
        client.update_item(
            TableName="orders",
            Key={"id": {"S": "1"}},
            UpdateExpression="SET a = :v",
            ConditionExpression="attribute_not_exists(id)",
            ExpressionAttributeValues={":v": {"S": "new"}},
        )
    assert items(client) == {"1": "first"}
    # The table is still the one whose recovery was turned on.
    assert window(client)["PointInTimeRecoveryStatus"] == "ENABLED"


def test_items_with_a_sort_key_come_back_too(account: Account) -> None:
    client = account.client("dynamodb")
    client.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    account.advance(1)
    turn_on(client)
    for number in range(3):
        client.put_item(TableName="orders", Item={"id": {"S": "one"}, "n": {"N": str(number)}})
    account.advance(10)
    then = account.advance(0)
    arn = client.create_backup(TableName="orders", BackupName="before")["BackupDetails"]["BackupArn"]
    account.advance(10)
    for number in range(1, 3):
        client.delete_item(TableName="orders", Key={"id": {"S": "one"}, "n": {"N": str(number)}})
    account.advance(600)
    client.restore_table_to_point_in_time(
        SourceTableName="orders", TargetTableName="restored", RestoreDateTime=at(then)
    )
    client.restore_table_from_backup(TargetTableName="again", BackupArn=arn)
    account.advance(1)
    for name in ("restored", "again"):
        assert [item["n"]["N"] for item in client.scan(TableName=name)["Items"]] == ["0", "1", "2"]
        client.delete_item(TableName=name, Key={"id": {"S": "one"}, "n": {"N": "0"}})
    assert client.scan(TableName="orders")["Count"] == 1


def test_recovery_takes_the_capacity_that_the_source_has_now(slow: Account) -> None:
    client = slow.client("dynamodb")
    turn_on(client)
    client.update_table(TableName="orders", ProvisionedThroughput={"ReadCapacityUnits": 50, "WriteCapacityUnits": 40})
    slow.advance(600)
    client.restore_table_to_point_in_time(
        SourceTableName="orders", TargetTableName="restored", UseLatestRestorableTime=True
    )
    slow.advance(61)
    assert describe(client, "restored")["ProvisionedThroughput"]["WriteCapacityUnits"] == 40


def test_a_time_outside_the_window_is_refused(slow: Account) -> None:
    client = slow.client("dynamodb")

    def restore(**arguments: Any) -> None:
        client.restore_table_to_point_in_time(SourceTableName="orders", TargetTableName="restored", **arguments)

    with refused("PointInTimeRecoveryUnavailableException", "not enabled for table 'orders'"):
        restore(UseLatestRestorableTime=True)
    turn_on(client)
    slow.advance(600)
    now = slow.advance(0)
    for moment in (now, now - 200, now - 700):
        with refused("InvalidRestoreTimeException", "must be within EarliestRestorableDateTime '20.*Z' and Latest"):
            restore(RestoreDateTime=at(moment))
    with refused("ValidationException", "Either one of RestoreDateTime or UseLatestRestorableTime"):
        restore()
    with refused("ValidationException", "Both RestoreDateTime and UseLatestRestorableTime"):
        restore(RestoreDateTime=at(now), UseLatestRestorableTime=True)
    with refused("TableNotFoundException", "Table not found: none"):
        client.restore_table_to_point_in_time(
            SourceTableName="none", TargetTableName="restored", UseLatestRestorableTime=True
        )
    slow.settings(pitr_lag_seconds=0)
    restore(RestoreDateTime=at(now))
    assert describe(client, "restored")["TableStatus"] == "CREATING"


def test_overrides(slow: Account) -> None:
    client = slow.client("dynamodb")
    arn = back_up(slow)
    index = {
        "IndexName": "by-user",
        "KeySchema": [{"AttributeName": "by-user", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4},
    }
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}

    def restore(name: str, **overrides: Any) -> dict[str, Any]:
        client.restore_table_from_backup(TargetTableName=name, BackupArn=arn, **overrides)
        slow.advance(61)
        return describe(client, name)

    made = restore("one", ProvisionedThroughputOverride=units, GlobalSecondaryIndexOverride=[index])
    assert made["ProvisionedThroughput"]["WriteCapacityUnits"] == 2
    assert made["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 4
    made = restore("two", BillingModeOverride="PAY_PER_REQUEST", GlobalSecondaryIndexOverride=[])
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "GlobalSecondaryIndexes" not in made
    assert [item["AttributeName"] for item in made["AttributeDefinitions"]] == ["id"]
    made = restore(
        "three",
        BillingModeOverride="PAY_PER_REQUEST",
        OnDemandThroughputOverride={"MaxReadRequestUnits": 7},
        SSESpecificationOverride={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/own"},
    )
    assert made["OnDemandThroughput"] == {"MaxReadRequestUnits": 7}
    assert made["SSEDescription"]["KMSMasterKeyArn"] == "alias/own"
    for overrides, text in (
        (
            {"GlobalSecondaryIndexOverride": [{**index, "Projection": {"ProjectionType": "KEYS_ONLY"}}]},
            "does not match",
        ),
        ({"BillingModeOverride": "PAY_PER_REQUEST", "ProvisionedThroughputOverride": units}, "Cannot override"),
        ({"OnDemandThroughputOverride": {"MaxReadRequestUnits": 7}}, "Cannot override MaxReadRequestUnits"),
    ):
        with refused("ValidationException", text):
            client.restore_table_from_backup(TargetTableName="nine", BackupArn=arn, **overrides)


def test_an_on_demand_table_becomes_provisioned_only_with_units(account: Account) -> None:
    client = make_table(account, "orders", units=None)
    arn = back_up(account)
    with refused("ValidationException", "Must override ProvisionedThroughput"):
        client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn, BillingModeOverride="PROVISIONED")
    client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    assert describe(client, "restored")["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_restore_into_another_region(slow: Account) -> None:
    client, there = slow.client("dynamodb"), slow.client("dynamodb", "eu-west-1")
    arn = back_up(slow)
    turn_on(client)
    source = describe(client, "orders")["TableArn"]
    key = {"SSESpecificationOverride": {"Enabled": True, "SSEType": "KMS"}}
    with refused("ValidationException", "sseSpecificationOverride must be provided for cross-region"):
        there.restore_table_from_backup(TargetTableName="one", BackupArn=arn)
    there.restore_table_from_backup(TargetTableName="one", BackupArn=arn, **key)
    there.restore_table_to_point_in_time(
        SourceTableArn=source, TargetTableName="two", UseLatestRestorableTime=True, **key
    )
    with refused("BackupNotFoundException"):
        there.describe_backup(BackupArn=arn)
    slow.advance(61)
    for name in ("one", "two"):
        assert describe(there, name)["TableArn"].split(":")[3] == "eu-west-1"
        assert items(there, name) == {"1": "first"}
    with refused("TableNotFoundException"):
        there.restore_table_to_point_in_time(
            SourceTableName="orders", TargetTableName="three", UseLatestRestorableTime=True
        )


def test_restores_at_the_same_time_are_limited(slow: Account) -> None:
    client = slow.client("dynamodb")
    turn_on(client)
    slow.settings(concurrent_restores=2)

    def restore(name: str) -> None:
        client.restore_table_to_point_in_time(
            SourceTableName="orders", TargetTableName=name, UseLatestRestorableTime=True
        )

    for name in ("one", "two"):
        restore(name)
    with refused("LimitExceededException", "Only 2 restore operations can be done simultaneously"):
        restore("three")
    slow.advance(61)
    restore("three")


def test_table_operations_at_the_same_time_are_limited(slow: Account) -> None:
    client = slow.client("dynamodb")
    arn = back_up(slow)
    slow.settings(table_operations=1)
    client.restore_table_from_backup(TargetTableName="one", BackupArn=arn)
    with refused("LimitExceededException", "simultaneously"):
        client.delete_table(TableName="orders")
    slow.advance(61)
    client.delete_table(TableName="orders")


def test_a_restore_that_is_being_deleted_is_in_the_way(slow: Account) -> None:
    client = slow.client("dynamodb")
    arn = back_up(slow)
    client.delete_table(TableName="orders")
    with refused("TableAlreadyExistsException", "already exists: orders"):
        client.restore_table_from_backup(TargetTableName="orders", BackupArn=arn)
    slow.advance(61)
    client.restore_table_from_backup(TargetTableName="orders", BackupArn=arn)


def test_an_updated_item_keeps_its_former_self_in_the_backup(slow: Account) -> None:
    client = slow.client("dynamodb")
    arn = back_up(slow)
    client.update_item(
        TableName="orders",
        Key={"id": {"S": "1"}},
        AttributeUpdates={"value": {"Action": "PUT", "Value": {"S": "corrupted"}}},
    )
    client.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    slow.advance(61)
    assert items(client, "restored") == {"1": "first"}
