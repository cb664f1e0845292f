# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DynamoDB's backups, point-in-time recovery and restores.

moto's are there at once, hold today's items and forget nothing. Here they take the account's transition time, a restore
gives back the items as they were, and it loses what AWS loses.
"""

from __future__ import annotations

import copy
import datetime
import secrets
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models.table import Table

from local_aws.accounts import AccountState
from local_aws.items import Contents, Journal, copy_of
from local_aws.protocol import known_regions
from local_aws.rules import AwsError, Call, Result, on_time, rule
from local_aws.services.dynamodb import Database, date, encryption
from local_aws.services.dynamodb_capacity import ON_DEMAND, PROVISIONED
from local_aws.services.dynamodb_state import Pitr, Restore, TableState

_DAY = 86_400
# botocore, BackupType: a SYSTEM backup "is retained for 35 days".
_SYSTEM_BACKUP_DAYS = 35
# botocore, PointInTimeRecoverySpecification: "any value between 1 and 35 days".
_SHORTEST_PERIOD, _LONGEST_PERIOD = 1, 35
_BACKUPS_PER_PAGE = 100


@dataclass
class Blueprint:
    """What a restored table is made of: what a table is, without what a restore loses."""

    schema: list[dict[str, str]]
    attributes: list[dict[str, str]]
    mode: str
    units: dict[str, int]
    on_demand: dict[str, int]
    global_indexes: list[dict[str, Any]]
    local_indexes: list[dict[str, Any]]
    encryption: dict[str, Any] | None

    @classmethod
    def of(cls, database: Database, state: TableState) -> Blueprint:
        table = state.table
        return cls(
            schema=copy.deepcopy(table.schema),
            attributes=copy.deepcopy(table.attr),
            mode=database.mode_soon(state),
            units=_units(database, state, None),
            on_demand=dict(state.own.on_demand),
            global_indexes=[
                {
                    "IndexName": index.name,
                    "KeySchema": copy.deepcopy(index.schema),
                    "Projection": copy.deepcopy(index.projection),
                    "ProvisionedThroughput": _units(database, state, index.name),
                    "OnDemandThroughput": dict(state.index(index.name).on_demand),
                }
                for index in table.global_indexes
            ],
            local_indexes=[copy.deepcopy(index.describe()) for index in table.indexes],
            encryption=copy.deepcopy(table.sse_specification),
        )


def _units(database: Database, state: TableState, index: str | None) -> dict[str, int]:
    read, write = database.units_soon(state.table.name, index)
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


@dataclass
class Backup:
    """A table as it was, with its items."""

    arn: str
    name: str
    kind: str
    created: float
    available_at: float
    blueprint: Blueprint
    contents: Contents
    table_name: str
    table_arn: str
    source: dict[str, Any]
    features: dict[str, Any]
    size: int
    expires: float | None = None
    restoring_until: float = 0.0
    """A restore reads from it until then."""

    def status(self, now: float) -> str:
        return "AVAILABLE" if self.available_at <= now else "CREATING"

    def details(self, now: float) -> Result:
        shown: Result = {
            "BackupArn": self.arn,
            "BackupName": self.name,
            "BackupSizeBytes": self.size,
            "BackupStatus": self.status(now),
            "BackupType": self.kind,
            "BackupCreationDateTime": date(self.created),
        }
        if self.expires is not None:
            shown["BackupExpiryDateTime"] = date(self.expires)
        return shown

    def summary(self, now: float) -> Result:
        return {
            "TableName": self.table_name,
            "TableId": self.source["TableId"],
            "TableArn": self.table_arn,
            **self.details(now),
        }

    def describe(self, now: float) -> Result:
        return {
            "BackupDetails": self.details(now),
            "SourceTableDetails": self.source,
            "SourceTableFeatureDetails": self.features,
        }


@dataclass
class Backups:
    """The backups of one account and region, by their ARN, oldest first."""

    known: dict[str, Backup] = field(default_factory=dict)


def find_backup(account: AccountState, arn: str) -> Backup:
    """A backup in the region that its ARN names; a restore may come from another region.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Restore.Tutorial.html: "You can restore the table
    to the same AWS Region or to a different Region from where the backup resides".
    """
    parts = arn.split(":")
    region = parts[3] if len(parts) > 5 else ""
    backup = account.store(Backups, region).known.get(arn) if region in account.regions(Backups) else None
    if backup is None:
        raise AwsError("BackupNotFoundException", f"Backup not found: {arn}")
    return backup


def back_up(database: Database, state: TableState, name: str, kind: str = "USER") -> Backup:
    """Catalogue a backup: it holds what was committed until now, and can be used a while later."""
    table, now = state.table, database.now
    suffix = secrets.token_hex(4) if kind != "SYSTEM" else "0" * 8
    arn = f"{table.table_arn}/backup/{int(now * 1000):014d}-{suffix}"
    description = database.describe(table.describe()["TableDescription"], state)
    # A SYSTEM backup is the table's continuous backup, which is there already.
    available_at = now if kind == "SYSTEM" else database.done_at
    backup = Backup(
        arn=arn,
        name=name,
        kind=kind,
        created=now,
        available_at=available_at,
        blueprint=Blueprint.of(database, state),
        contents=copy_of(table),
        table_name=table.name,
        table_arn=table.table_arn,
        source=_source(description),
        features=_features(description, state, now),
        size=description["TableSizeBytes"],
        expires=now + _SYSTEM_BACKUP_DAYS * _DAY if kind == "SYSTEM" else None,
    )
    database.account.store(Backups, database.region).known[arn] = backup
    return backup


def _source(description: dict[str, Any]) -> Result:
    """botocore, SourceTableDetails."""
    throughput = description["ProvisionedThroughput"]
    source: Result = {
        name: description[name] for name in ("TableName", "TableId", "TableArn", "TableSizeBytes", "ItemCount")
    }
    source["KeySchema"] = copy.deepcopy(description["KeySchema"])
    source["TableCreationDateTime"] = description["CreationDateTime"]
    source["ProvisionedThroughput"] = {name: throughput[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
    source["BillingMode"] = description.get("BillingModeSummary", {}).get("BillingMode", PROVISIONED)
    if "OnDemandThroughput" in description:
        source["OnDemandThroughput"] = dict(description["OnDemandThroughput"])
    return source


def _features(description: dict[str, Any], state: TableState, now: float) -> Result:
    """botocore, SourceTableFeatureDetails: what was on the table, whether or not a restore brings it back."""
    features: Result = {}
    for name, shown in (
        ("LocalSecondaryIndexes", ("IndexName", "KeySchema", "Projection")),
        ("GlobalSecondaryIndexes", ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput")),
    ):
        found = [{part: index[part] for part in shown} for index in description.get(name, [])]
        if found:
            features[name] = copy.deepcopy(found)
    for name, kept in (("StreamSpecification", "StreamDescription"), ("SSEDescription", "SSEDescription")):
        if description.get(name):
            features[kept] = dict(description[name])
    if state.ttl.status(now) != "DISABLED":
        features["TimeToLiveDescription"] = state.ttl.describe(now)
    return features


def _find_table(database: Database, name: str) -> TableState:
    """The backup operations say TableNotFoundException where the others say ResourceNotFoundException.

    A restore that is not done is not there for them either: ack-api-quirks DDB-TABLE-217.
    """
    parts = name.split(":")
    try:
        if len(parts) > 5 and (parts[3], parts[4]) != (database.region, database.account.id):
            raise AwsError("ResourceNotFoundException", "another account or region")
        state = database.open(name)
        if state.deleted_at is not None:
            raise AwsError("ResourceNotFoundException", "deleted")
        return state
    except AwsError:
        raise AwsError("TableNotFoundException", f"Table not found: {name}") from None


def _refuse_without_backups(database: Database, state: TableState) -> None:
    """A table that was made just now has no continuous backups yet.

    The text is what operators meet: https://github.com/aws-amplify/amplify-backend/issues/1654
    """
    if state.active_at + database.account.settings.continuous_backups_seconds > database.now:
        raise AwsError(
            "ContinuousBackupsUnavailableException",
            f"Backups are being enabled for the table: {state.table.name}. Please retry later",
        )


@on_time("dynamodb")
def expire(account: AccountState) -> None:
    """SYSTEM backups go after 35 days (botocore, BackupDetails.BackupExpiryDateTime)."""
    now = account.now()
    for region in account.regions(Backups):
        known = account.store(Backups, region).known
        for arn in [arn for arn, backup in known.items() if backup.expires is not None and backup.expires <= now]:
            del known[arn]


@rule("dynamodb", "CreateBackup")
def create_backup(call: Call) -> Result:
    """A backup is CREATING before it is AVAILABLE, and holds what was there when it was asked for.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html: "a time marker of the request
    is cataloged, and the backup is created asynchronously". The name need not be unique.
    """
    database = Database(call.account, call.region)
    state = _find_table(database, call.arguments["TableName"])
    if state.active_at > database.now:
        # As if it did not exist: ack-api-quirks DDB-BACKUP-001.
        raise AwsError("TableNotFoundException", f"Table not found: {state.table.name}")
    _refuse_without_backups(database, state)
    return {"BackupDetails": back_up(database, state, call.arguments["BackupName"]).details(database.now)}


@rule("dynamodb", "DescribeBackup")
def describe_backup(call: Call) -> Result:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeBackup.html"""
    return {"BackupDescription": _find_here(call).describe(call.account.now())}


@rule("dynamodb", "DeleteBackup")
def delete_backup(call: Call) -> Result:
    """Not while it "is either being created, deleted or restored to a table" (botocore, BackupInUseException).

    A SYSTEM backup is AWS's: ack-api-quirks DDB-BACKUP-015.
    """
    now = call.account.now()
    backup = _find_here(call)
    if backup.expires is not None:
        raise AwsError(
            "ValidationException",
            f"Invalid Request: User is not allowed to delete the system backup with arn {backup.arn}. It will "
            f"automatically expire on {clock(backup.expires)}",
        )
    _refuse_when_in_use(backup, now)
    del call.account.store(Backups, call.region).known[backup.arn]
    description = backup.describe(now)
    description["BackupDetails"]["BackupStatus"] = "DELETED"
    return {"BackupDescription": description}


def _find_here(call: Call) -> Backup:
    """A backup that is described or deleted; those of other regions are not found (ack-api-quirks DDB-TABLE-274)."""
    arn = str(call.arguments["BackupArn"])
    if f":{call.region}:" not in arn:
        raise AwsError("BackupNotFoundException", f"Backup not found: {arn}")
    return find_backup(call.account, arn)


def _refuse_when_in_use(backup: Backup, now: float) -> None:
    """A backup feeds one restore at a time: ack-api-quirks DDB-BACKUP-010."""
    if backup.status(now) == "CREATING":
        raise AwsError("BackupInUseException", f"Backup is being created: {backup.arn}")
    if backup.restoring_until > now:
        raise AwsError("BackupInUseException", f"Backup is being restored to a table: {backup.arn}")


@rule("dynamodb", "ListBackups")
def list_backups(call: Call) -> Result:
    """USER backups unless another type is asked for; the lower bound of the time is inclusive, the upper exclusive.

    botocore, ListBackups: also for tables that are gone; those that were "made with Amazon Web Services Backup" are in
    that service's own list.
    """
    arguments = call.arguments
    kind = arguments.get("BackupType") or "USER"
    table = str(arguments.get("TableName") or "").rsplit("/", 1)[-1]
    low, high = _moment(arguments.get("TimeRangeLowerBound")), _moment(arguments.get("TimeRangeUpperBound"))
    found = [
        backup
        for backup in call.account.store(Backups, call.region).known.values()
        if (kind in ("ALL", backup.kind))
        and (not table or backup.table_name == table)
        and (low is None or backup.created >= low)
        and (high is None or backup.created < high)
    ]
    start = arguments.get("ExclusiveStartBackupArn")
    if start:
        # What was deleted between two pages is no reason to begin anew: the ARN tells the time too.
        found = [backup for backup in found if _age(backup.arn) > _age(start)]
    found.sort(key=lambda backup: _age(backup.arn))
    most = int(arguments.get("Limit") or _BACKUPS_PER_PAGE)
    result: Result = {"BackupSummaries": [backup.summary(call.account.now()) for backup in found[:most]]}
    if len(found) > most:
        result["LastEvaluatedBackupArn"] = found[most - 1].arn
    return result


def _age(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _moment(asked: Any) -> float | None:
    """A timestamp of a request, which comes as a UTC date without a zone."""
    return None if asked is None else asked.replace(tzinfo=datetime.UTC).timestamp()


@rule("dynamodb", "DeleteTable")
def delete_table(call: Call) -> Result:
    """DELETING for a while; a table with point-in-time recovery leaves a SYSTEM backup.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html: a table that is CREATING or
    UPDATING is refused with ResourceInUseException; one with deletion protection with ValidationException.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html#howitworks-pitr-deleting-table
    """
    database = Database(call.account, call.region)
    state = database.find(call.arguments["TableName"])
    table = state.table
    if state.deleted_at is not None:
        # "If table is already in the DELETING state, no error is returned" (API_DeleteTable).
        return {"TableDescription": database.describe(table.describe()["TableDescription"], state)}
    database.refuse_when_creating(state)
    if state.busy_until > database.now:
        raise AwsError(
            "ResourceInUseException",
            f"Attempt to change a resource which is still in use: Table: {table.name} is in the process of being "
            "updated.",
        )
    if table.deletion_protection_enabled:
        raise AwsError(
            "ValidationException",
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
            "first.",
        )
    database.refuse_more_operations()
    if state.pitr is not None:
        back_up(database, state, f"{table.name}$DeletedTableBackup", "SYSTEM")
    database.delete(state)
    return {"TableDescription": database.describe(table.describe()["TableDescription"], state)}


def clock(moment: float) -> str:
    return date(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Window:
    """The whole seconds to which a table can be restored."""

    earliest: int
    latest: int

    @classmethod
    def of(cls, database: Database, pitr: Pitr) -> Window:
        """The latest "is typically 5 minutes before the current time" (botocore, LatestRestorableDateTime).

        Right after it was turned on there is only the moment at which it was.
        """
        earliest = max(pitr.journal.since, database.now - pitr.days * _DAY)
        latest = database.now - database.account.settings.pitr_lag_seconds
        return cls(int(earliest), int(max(earliest, latest)))


def _describe_pitr(database: Database, state: TableState) -> Result:
    """botocore, ContinuousBackupsDescription: continuous backups are on for every table, recovery is not."""
    shown: Result = {"PointInTimeRecoveryStatus": "DISABLED"}
    if state.pitr is not None:
        window = Window.of(database, state.pitr)
        shown = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": state.pitr.days,
            "EarliestRestorableDateTime": date(window.earliest),
            "LatestRestorableDateTime": date(window.latest),
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": shown,
        }
    }


@rule("dynamodb", "DescribeContinuousBackups")
def describe_continuous_backups(call: Call) -> Result:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html"""
    database = Database(call.account, call.region)
    return _describe_pitr(database, _find_table(database, call.arguments["TableName"]))


@rule("dynamodb", "UpdateContinuousBackups")
def update_continuous_backups(call: Call) -> Result:
    """Turning recovery off and on again starts its window anew; a shorter period forgets what is older.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/pointintimerecovery_restores.html: "If you disable
    point-in-time recovery and later enable it on a table, you reset the start time for which you can recover that
    table."
    """
    database = Database(call.account, call.region)
    state = _find_table(database, call.arguments["TableName"])
    _refuse_without_backups(database, state)
    asked = call.arguments["PointInTimeRecoverySpecification"]
    days = asked.get("RecoveryPeriodInDays")
    if days is not None and not _SHORTEST_PERIOD <= days <= _LONGEST_PERIOD:
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{days}' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' "
            f"failed to satisfy constraint: Member must have value between {_SHORTEST_PERIOD} and {_LONGEST_PERIOD}",
        )
    if not asked["PointInTimeRecoveryEnabled"]:
        if days is not None:
            # ack-api-quirks DDB-TABLE-084.
            raise AwsError(
                "ValidationException",
                "Invalid Request: RecoveryPeriodInDays cannot be specified when PointInTimeRecoveryEnabled is false",
            )
        state.pitr = None
    elif state.pitr is None:
        state.pitr = Pitr(days or _LONGEST_PERIOD, Journal(database.now))
    elif days:
        state.pitr.journal.forget(database.now - state.pitr.days * _DAY)
        state.pitr.journal.forget(database.now - days * _DAY)
        state.pitr.days = days
    return _describe_pitr(database, state)


@rule("dynamodb", "RestoreTableFromBackup")
def restore_table_from_backup(call: Call) -> Result:
    """A table with the items, indexes and capacity of the time of the backup.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableFromBackup.html
    """
    database = Database(call.account, call.region)
    backup = find_backup(call.account, call.arguments["BackupArn"])
    _refuse_target(database, call.arguments)
    _refuse_when_in_use(backup, database.now)
    _refuse_without_key(call, backup.arn)
    restore = Restore(backup.table_arn, backup.created, backup.arn)
    state = _restore(database, call.arguments, copy.deepcopy(backup.blueprint), restore, _shared(backup))
    backup.restoring_until = max(backup.restoring_until, state.active_at)
    return {"TableDescription": database.describe(state.table.describe()["TableDescription"], state)}


def _shared(backup: Backup) -> Contents:
    """The contents of a backup for a table to go on with."""
    contents = copy.copy(backup.contents)
    if len(backup.blueprint.schema) > 1:
        contents.update({own: dict(collection) for own, collection in backup.contents.items()})
    return contents


@rule("dynamodb", "RestoreTableToPointInTime")
def restore_table_to_point_in_time(call: Call) -> Result:
    """A table with the items as they were, and the indexes and capacity that the source has now.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html: "All these
    settings come from the current settings of the source table at the time of restore." Writes of the very second that
    is asked for are in it.
    """
    arguments = call.arguments
    name = _asked_source(arguments)
    source = Database(call.account, _region_of(name, call.region))
    state = _find_table(source, name)
    if state.pitr is None:
        raise AwsError(
            "PointInTimeRecoveryUnavailableException",
            f"Point in time recovery is not enabled for table '{state.table.name}'",
        )
    moment = _asked_moment(arguments, Window.of(source, state.pitr))
    database = Database(call.account, call.region)
    _refuse_target(database, arguments)
    _refuse_without_key(call, state.table.table_arn)
    contents = state.pitr.journal.contents(state.table, moment + 1 - 1e-6)
    restore = Restore(state.table.table_arn, moment)
    restored = _restore(database, arguments, Blueprint.of(source, state), restore, contents)
    return {"TableDescription": database.describe(restored.table.describe()["TableDescription"], restored)}


def _refuse_target(database: Database, arguments: dict[str, Any]) -> None:
    """TableInUseException is for a restore that is under way only: ack-api-quirks DDB-TABLE-219 and 275."""
    name = str(arguments["TargetTableName"])
    try:
        state = database.find(name)
    except AwsError:
        return
    if state.restore is not None and state.active_at > database.now:
        whence = state.restore.backup_arn or state.restore.table_arn
        raise AwsError("TableInUseException", f"Table: {name} is already being restored from backup: {whence}")
    raise AwsError("TableAlreadyExistsException", f"Table already exists: {name}")


def _refuse_without_key(call: Call, arn: str) -> None:
    """ack-api-quirks DDB-TABLE-274."""
    if f":{call.region}:" not in arn and not call.arguments.get("SSESpecificationOverride"):
        raise AwsError(
            "ValidationException",
            "Invalid Request: sseSpecificationOverride must be provided for cross-region restores",
        )


def _asked_source(arguments: dict[str, Any]) -> str:
    """ack-api-quirks DDB-TABLE-272 has the texts of these and the following refusals."""
    arn, name = arguments.get("SourceTableArn"), arguments.get("SourceTableName")
    if arn and name:
        raise AwsError("ValidationException", "Must provide exactly one of: sourceTableArn, sourceTableName")
    if not arn and not name:
        raise AwsError("ValidationException", "The parameter 'TableName' is required")
    return str(arn or name)


def _region_of(name: str, region: str) -> str:
    """A table's own region when it is named by its ARN: cross-Region restores begin in the target's region."""
    own = name.split(":")[3] if name.count(":") > 4 else region
    return own if own in known_regions() else region


def _asked_moment(arguments: dict[str, Any], window: Window) -> int:
    asked, latest = _moment(arguments.get("RestoreDateTime")), bool(arguments.get("UseLatestRestorableTime"))
    if latest and asked is not None:
        raise AwsError(
            "ValidationException",
            "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore "
            "request. Please provide only one.",
        )
    if not latest and asked is None:
        raise AwsError(
            "ValidationException",
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both",
        )
    moment = window.latest if asked is None else int(asked)
    if not window.earliest <= moment <= window.latest:
        raise AwsError(
            "InvalidRestoreTimeException",
            f"RestoreDateTime '{clock(moment)}' must be within EarliestRestorableDateTime '{clock(window.earliest)}' "
            f"and LatestRestorableDateTime '{clock(window.latest)}'",
        )
    return moment


def _restore(
    database: Database, arguments: dict[str, Any], blueprint: Blueprint, restore: Restore, contents: Contents
) -> TableState:
    """Make the table. Auto scaling, policies, alarms, tags, stream, TTL and recovery are not in the blueprint.

    These must be set up again (botocore, RestoreTableFromBackup and RestoreTableToPointInTime), and so must deletion
    protection, resource policy and table class, while encryption, billing mode and on-demand maxima are kept:
    ack-api-quirks DDB-TABLE-215.
    """
    name = str(arguments["TargetTableName"])
    database.refuse_more_operations()
    database.refuse_more_restores()
    _override(blueprint, arguments)
    on_demand = blueprint.mode == ON_DEMAND
    table = Table(
        name,
        account_id=database.account.id,
        region=database.region,
        schema=blueprint.schema,
        attr=blueprint.attributes,
        throughput=None if on_demand else blueprint.units,
        billing_mode=blueprint.mode,
        indexes=blueprint.local_indexes,
        global_indexes=[_index(index, on_demand) for index in blueprint.global_indexes],
        sse_specification=blueprint.encryption,
    )
    if arguments.get("SSESpecificationOverride"):
        table.sse_specification = encryption(table, arguments["SSESpecificationOverride"])
    table.created_at = date(database.now)
    table.items.update(contents)
    state = database.add(table, restore)
    if on_demand:
        state.on_demand_at = database.now
        state.own.on_demand = blueprint.on_demand
        for index in blueprint.global_indexes:
            state.index(index["IndexName"]).on_demand = dict(index.get("OnDemandThroughput") or {})
    return state


def _index(index: dict[str, Any], on_demand: bool) -> dict[str, Any]:
    """An index as CreateTable takes it; one of an on-demand table has no units."""
    left_out = {"OnDemandThroughput", *(["ProvisionedThroughput"] if on_demand else [])}
    return {name: value for name, value in index.items() if name not in left_out}


def _override(blueprint: Blueprint, arguments: dict[str, Any]) -> None:
    """What the caller wants otherwise: botocore, RestoreTableFromBackupInput; texts of ack-api-quirks DDB-TABLE-273.

    "The indexes provided should match existing secondary indexes. You can choose to exclude some or all of the
    indexes."
    """
    mode, units = arguments.get("BillingModeOverride"), arguments.get("ProvisionedThroughputOverride")
    becomes_provisioned = mode == PROVISIONED and blueprint.mode == ON_DEMAND
    blueprint.mode = mode or blueprint.mode
    if units is not None:
        if blueprint.mode == ON_DEMAND:
            raise _invalid("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED")
        blueprint.units = dict(units)
    elif becomes_provisioned:
        raise _invalid("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")
    if arguments.get("OnDemandThroughputOverride"):
        if blueprint.mode != ON_DEMAND:
            raise _invalid(
                "Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is "
                "PAY_PER_REQUEST"
            )
        blueprint.on_demand = dict(arguments["OnDemandThroughputOverride"])
    for option, kept in (
        ("GlobalSecondaryIndexOverride", blueprint.global_indexes),
        ("LocalSecondaryIndexOverride", blueprint.local_indexes),
    ):
        asked = arguments.get(option)
        if asked is not None:
            kept[:] = _chosen(asked, kept)
    if blueprint.mode == PROVISIONED:
        for index in blueprint.global_indexes:
            if index["ProvisionedThroughput"]["ReadCapacityUnits"] < 1:
                raise _invalid(f"Must specify provisioned throughput for index {index['IndexName']}")
    used = {part["AttributeName"] for index in blueprint.global_indexes for part in index["KeySchema"]}
    used |= {part["AttributeName"] for index in blueprint.local_indexes for part in index["KeySchema"]}
    used |= {part["AttributeName"] for part in blueprint.schema}
    blueprint.attributes[:] = [item for item in blueprint.attributes if item["AttributeName"] in used]


def _chosen(asked: list[dict[str, Any]], existing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An index is known by its keys and projection and may get another name (ack-api-quirks, table-restore)."""
    chosen = []
    for index in asked:
        same = [own for own in existing if all(own[part] == index[part] for part in ("KeySchema", "Projection"))]
        if not same:
            raise _invalid(
                f"Index {index['IndexName']} does not match a secondary index that existed in the source table and "
                "cannot be created during the restore operation"
            )
        chosen.append({**same[0], **index})
    return chosen


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", f"Invalid Request: {text}")
