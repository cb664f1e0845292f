# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what restores need: sources, backups, restorable windows, targets; and in the end what has come of them."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import UNIT_FIELDS, TableState
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup_reader import Listing
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_pitr import fetch_pitr
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_reader import table_state
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore import (
    Lineage,
    Origin,
    Restored,
    RestoreState,
    Wish,
    as_table,
    choose_backup,
    point_in_time,
    read_wish,
    remembered,
    target_name,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import (
    AUTOSCALING,
    EXCEPTIONS,
    FROM_TAG,
    TableArn,
    checked,
    parity,
    stream_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_plan import Place
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_reader import (
    Found,
    Missing,
    SettingsReader,
)
from ansible_collections.runbook.aws.plugins.module_utils._engine import FIRST_PAUSE, PAUSE_GROWTH, gather
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import LATEST
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target

_GUARD = (AwsError, Refused)

# Tags and policies "will only reflect the changes after a few seconds" (botocore, TagResource, PutResourcePolicy), and
# CloudWatch is no quicker.
_LATE = ("tags", "resource_policy", "stream_policy", "alarms")
PATIENCE = 20.0

# What no API of the account can answer cheaply or at all, and the operator has to think of.
NOT_CHECKED = (
    "IAM policies that name the source by its ARN: they say nothing about the restored table",
    "warm throughput: AWS bills raising it, dynamodb_capacity does",
)


class RestoreReader:
    """Reads all elements of a task together when the first is asked for.

    Args:
        aws: The way to AWS in the region of the restored tables.
        elsewhere: The same in the region of a source.
        region: The region of the restored tables.
        targets: The elements.
        workers: How many are read at the same time.
        patience: Seconds in which what was written must show.
    """

    def __init__(
        self,
        aws: Aws,
        elsewhere: Callable[[str], Aws],
        region: str,
        targets: Sequence[Target],
        *,
        workers: int,
        patience: float = PATIENCE,
    ) -> None:
        self._aws = aws
        self._elsewhere = elsewhere
        self._region = region
        self._targets = targets
        self._workers = workers
        self._patience = patience
        self._lock = threading.Lock()
        self._states: dict[str, RestoreState | Exception] = {}
        self._after: dict[str, Found | AwsError] = {}
        self._alarms: Mapping[str, Mapping[str, Any]] = {}

    def fetch(self, target: Target) -> RestoreState:
        """One element.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: It makes no sense, or cannot be restored.
        """
        with self._lock:
            if not self._states:
                self._states = self._read_all()
        state = self._states[target.name]
        if isinstance(state, Exception):
            raise state
        return state

    def confirm(self, target: Target, plan: Plan, _learned: Mapping[str, Any]) -> dict[str, Any]:
        """Read the restored table again and hold it against its source.

        Raises:
            AwsError: It cannot be read.
            Refused: It lacks something; with the report.
        """
        if plan.after["state"] == "absent":
            return {}
        name, expected = plan.after["target"], plan.after["settings"]
        with self._lock:
            if not self._after:
                self._after = self._reader().read(self._expected())
        found = self._after[name]
        end, pause = time.monotonic() + self._patience, FIRST_PAUSE
        while True:
            if isinstance(found, AwsError):
                raise found
            report = {**parity(expected, found.settings), "not_checked": list(NOT_CHECKED)}
            late = [entry for entry in report["missing"] if entry["setting"].partition(".")[0] in _LATE]
            if not late or time.monotonic() >= end:
                break
            time.sleep(pause)
            pause = min(pause * PAUSE_GROWTH, 5.0)
            found = self._reader().read({name: _unwanted(self.fetch(target))})[name]
        fields = {"parity": report, **_facts(found, expected)}
        if report["missing"]:
            lacking = ", ".join(entry["setting"] for entry in report["missing"])
            raise Refused(
                f"{name} is restored, but differs from {plan.after['source']} in: {lacking}. See parity in its result."
                " Run the same task again to put it back, or name the setting in settings_except.",
                fields,
            )
        return fields

    def _reader(self, region: str = "") -> SettingsReader:
        return SettingsReader(self._elsewhere(region) if self._abroad(region) else self._aws, self._workers)

    def _abroad(self, region: str) -> bool:
        return bool(region) and region != self._region

    def _expected(self) -> dict[str, Collection[str]]:
        states = [state for state in self._states.values() if isinstance(state, RestoreState) and state.wish.present]
        return {state.arn.name: _unwanted(state) for state in states}

    def _read_all(self) -> dict[str, RestoreState | Exception]:
        wishes: dict[str, Wish] = {}
        states: dict[str, RestoreState | Exception] = {}
        for target in self._targets:
            try:
                wishes[target.name] = self._checked(target)
            except Refused as refused:
                states[target.name] = refused
        sources = self._sources(wishes.values())
        there = self._reader().read(_skips((wish.target, wish.skipped) for wish in wishes.values() if wish.target))
        try:
            self._alarms = self._reader().alarms() if any(map(self._makes_alarms, wishes.values())) else {}
        except AwsError as error:
            return {target.name: error for target in self._targets}
        listings = {
            region: Listing(aws, {wish.source for wish in wishes.values() if wish.backup}, "ALL")
            for region, aws in self._ways(wishes.values()).items()
        }

        def read(target: Target) -> RestoreState:
            wish = wishes[target.name]
            region = wish.source_arn.region if wish.source_arn else self._region
            return self._state(wish, sources.get((region, wish.source)), there, listings[region])

        asked = [target for target in self._targets if target.name in wishes]
        found = gather(read, asked, self._workers, _GUARD)
        return {**states, **dict(zip([target.name for target in asked], found, strict=True))}

    def _makes_alarms(self, wish: Wish) -> bool:
        """Whether alarms are made whose names have not been looked at with the source's settings."""
        if not wish.present or "alarms" in wish.skipped:
            return False
        if wish.settings is not None:
            return bool(wish.settings.get("alarms"))
        return bool(wish.source_arn and self._abroad(wish.source_arn.region))

    @staticmethod
    def _checked(target: Target) -> Wish:
        wish = read_wish(target)
        if wish.settings is None:
            return wish
        return replace(wish, settings=checked(wish.settings, target.name))

    def _ways(self, wishes: Collection[Wish]) -> dict[str, Aws]:
        regions = {wish.source_arn.region if wish.source_arn else self._region for wish in wishes}
        return {region: self._elsewhere(region) if self._abroad(region) else self._aws for region in regions}

    def _sources(self, wishes: Collection[Wish]) -> dict[tuple[str, str], Found | AwsError]:
        """The sources that are to come back, by region and name."""
        asked: dict[str, list[tuple[str, Collection[str]]]] = defaultdict(list)
        for wish in wishes:
            if wish.present:
                region = wish.source_arn.region if wish.source_arn else self._region
                # With settings of its own an element needs the source's description at most.
                skipped = wish.skipped if wish.settings is None else frozenset(EXCEPTIONS)
                asked[region].append((wish.source, skipped))
        return {
            (region, name): found
            for region, tables in asked.items()
            for name, found in self._reader(region).read(_skips(tables)).items()
        }

    def _state(
        self, wish: Wish, source: Found | AwsError | None, there: Mapping[str, Found | AwsError], listing: Listing
    ) -> RestoreState:
        existing = _present(there[wish.target]) if wish.target else None
        if not wish.present:
            return self._without_origin(wish, existing, {}, ())
        settings, unscalable = _settings(wish, source)
        found = source if isinstance(source, Found) else None
        if existing:
            backup = self._backup(wish, found, listing) if wish.backup and wish.exact else ""
            return replace(self._without_origin(wish, existing, settings, unscalable), backup=backup)
        origin = self._origin(wish, source, settings, listing)
        arn = replace(origin.source, region=self._region, name=target_name(wish, origin.at))
        if wish.target is None:
            read = self._reader().read({arn.name: wish.skipped})[arn.name]
            if existing := _present(read):
                return replace(self._without_origin(wish, existing, settings, unscalable), backup=origin.backup)
        origin = replace(origin, state=state_of(origin.table, arn.name))
        now = found.read_at if found else origin.state.read_at
        alarms = self._alarms or (found.every_alarm if found and origin.source.region == self._region else {})
        return RestoreState(wish, arn, now, origin, settings, None, alarms, unscalable, origin.backup)

    def _without_origin(
        self, wish: Wish, existing: Found | None, settings: Mapping[str, Any], unscalable: Sequence[str]
    ) -> RestoreState:
        """An element whose table is there already, or is to go."""
        if existing is None:
            source = wish.source_arn or TableArn("aws", self._region, "", wish.source)
            arn = replace(source, region=self._region, name=wish.target or wish.source)
            return RestoreState(wish, arn, datetime.now(UTC), None, settings)
        restored = self._restored(existing)
        return RestoreState(
            wish,
            restored.place.arn,
            existing.read_at,
            None,
            settings,
            restored,
            existing.every_alarm,
            unscalable,
        )

    def _restored(self, found: Found) -> Restored:
        there = restored(found)
        if there.lineage or not found.complete:
            return there
        return replace(there, lineage=self._recorded(found, there.place.arn))

    def _recorded(self, found: Found, arn: TableArn) -> Lineage | None:
        """What CloudTrail knows of a table that says nothing of itself: a run was ended before it was tagged.

        Its events are some minutes late, and of 90 days.
        """
        made = found.table.get("CreationDateTime")
        # Well before it: two services, two clocks.
        since = {"StartTime": made - timedelta(hours=1)} if made else {}
        for operation in ("RestoreTableToPointInTime", "RestoreTableFromBackup"):
            name = {"AttributeKey": "EventName", "AttributeValue": operation}
            for event in self._aws.pages("cloudtrail", "LookupEvents", "Events", LookupAttributes=[name], **since):
                if lineage := Lineage.of_event(json.loads(event.get("CloudTrailEvent") or "{}"), arn):
                    return lineage
        return None

    def _origin(
        self, wish: Wish, source: Found | AwsError | None, settings: Mapping[str, Any], listing: Listing
    ) -> Origin:
        if wish.backup:
            found = source if isinstance(source, Found) else None
            backup = self._backup(wish, found, listing)
            answer = self._way(wish).call("dynamodb", "DescribeBackup", BackupArn=backup)
            details = answer["BackupDescription"]["BackupDetails"]
            table = as_table(answer["BackupDescription"])
            self._refuse_unusable(wish, table, details)
            if details["BackupType"] == "SYSTEM":
                table = remembered(table, settings)
            place = TableArn.read(table["TableArn"])
            if place is None:
                raise Refused(f"{wish.source}: AWS does not say which table the backup {backup} is of.")
            return Origin(place, details["BackupCreationDateTime"], table, state_of(table, wish.source), backup)
        if not isinstance(source, Found):
            if source is not None and not isinstance(source, Missing):
                raise source
            raise Refused(
                f"{wish.source} is not there, and its point-in-time recovery went with it. Restore a backup; of a table"
                " that had point-in-time recovery AWS made one when it was deleted: restore_from: {backup: latest}."
            )
        pitr = source.pitr or fetch_pitr(self._way(wish), wish.source)
        at = point_in_time(wish, pitr)
        arn = TableArn.read(source.table["TableArn"])
        if arn is None:
            raise Refused(f"{wish.source}: AWS gives it the ARN {source.table['TableArn']}, which is no table's.")
        return Origin(arn, at, source.table, state_of(source.table, wish.source))

    def _way(self, wish: Wish) -> Aws:
        abroad = wish.source_arn and self._abroad(wish.source_arn.region)
        return self._elsewhere(wish.source_arn.region) if wish.source_arn and abroad else self._aws

    @staticmethod
    def _backup(wish: Wish, source: Found | None, listing: Listing) -> str:
        """The ARN of the backup that is meant."""
        wanted = wish.backup or LATEST
        if wanted.startswith("arn:"):
            if ":dynamodb:" not in wanted:
                raise Refused(f"{wish.source}: {wanted} is a recovery point of AWS Backup. That service restores it.")
            return wanted
        table_id = source.table.get("TableId", "") if source else ""
        return str(choose_backup(wish, listing.of(wish.source), table_id)["BackupArn"])

    @staticmethod
    def _refuse_unusable(wish: Wish, table: Mapping[str, Any], details: Mapping[str, Any]) -> None:
        if table["TableName"] != wish.source or (wish.source_arn and table["TableArn"] != str(wish.source_arn)):
            raise Refused(
                f"{wish.source}: the backup {wish.backup} is of {table['TableArn']}. Name that as the source."
            )
        if details["BackupStatus"] != "AVAILABLE":
            raise Refused(
                f"{wish.source}: the backup {details['BackupName']} is {details['BackupStatus']}. Run the same task"
                " again when it is AVAILABLE, or name another."
            )


def _skips(tables: Any) -> dict[str, Collection[str]]:
    """What need not be read of each table: what nobody wants."""
    skipped: dict[str, frozenset[str]] = {}
    for name, unwanted in tables:
        skipped[name] = skipped.get(name, frozenset(EXCEPTIONS)) & frozenset(unwanted)
    return dict(skipped)


def _present(found: Found | AwsError) -> Found | None:
    if isinstance(found, Found):
        return found
    if isinstance(found, Missing):
        return None
    raise found


def _settings(wish: Wish, source: Found | AwsError | None) -> tuple[Mapping[str, Any], Sequence[str]]:
    """The settings to put back, and the scaling policies that are none."""
    if wish.settings is not None:
        return wish.settings, ()
    if isinstance(source, Found):
        if not source.complete:
            raise Refused(
                f"{wish.source} is {source.table['TableStatus']}, so its settings cannot be read. Give settings, as"
                " dynamodb_settings_info returned them before, or wait until it is ACTIVE or gone."
            )
        return source.settings, source.unscalable
    if source is not None and not isinstance(source, Missing):
        raise source
    raise Refused(
        f"{wish.source} is not there, so its settings cannot be read. Give settings, as dynamodb_settings_info returned"
        " them when it was there, or settings: {} to restore its items only."
    )


def _unwanted(state: RestoreState) -> set[str]:
    """What need not be read of a restored table. What an override brings in is looked at too."""
    looked_at = {*state.settings, "capacity", "indexes", "sse", "tags", AUTOSCALING}
    return {name for name in EXCEPTIONS if name not in looked_at or name in state.wish.skipped}


def state_of(table: Mapping[str, Any], name: str) -> TableState:
    """The capacity that a new table gets: without what happened to the old one, and without its replicas."""

    def part(description: Mapping[str, Any]) -> dict[str, Any]:
        units = description.get("ProvisionedThroughput") or {}
        kept = {key: value for key, value in description.items() if key not in ("Replicas", "WarmThroughput")}
        return {
            **kept,
            "IndexStatus": "ACTIVE",
            "ProvisionedThroughput": {field: units.get(field, 0) for field in UNIT_FIELDS.values()},
            "OnDemandThroughput": description.get("OnDemandThroughput") or {},
        }

    indexes = [part(index) for index in table.get("GlobalSecondaryIndexes") or ()]
    new = {**part(table), "TableName": name, "TableStatus": "ACTIVE", "GlobalSecondaryIndexes": indexes}
    return table_state({"Table": new}, {})


def restored(found: Found) -> Restored:
    """A target that is there, as far as its own description and tags tell."""
    arn = TableArn.read(found.table["TableArn"])
    if arn is None:
        raise Refused(f"AWS gives the table the ARN {found.table['TableArn']}, which is no table's.")
    stream = found.table.get("LatestStreamArn", "") if stream_of(found.table) else ""
    parts = (found.state.capacity, *found.state.indexes.values())
    return Restored(
        table=found.table,
        place=Place(arn, found.state, found.settings, stream),
        lineage=Lineage.of_summary(found.table.get("RestoreSummary") or {})
        or Lineage.of_tags(found.settings.get("tags", {}), arn),
        busy_mappings=[
            mapping["FunctionArn"].rpartition(":function:")[2]
            for mapping in found.mappings
            if mapping.get("State") in ("Enabled", "Enabling", "Updating")
        ],
        mappings=[mapping["UUID"] for mapping in found.mappings],
        own_alarms=[
            alarm["AlarmName"] for alarm in found.alarms if any(tag["Key"] == FROM_TAG for tag in alarm.get("Tags", ()))
        ],
        scaled=[
            (part.resource_id, part.dimension(kind))
            for part in parts
            for kind, rate in part.rates.items()
            if rate.autoscaling is not None
        ],
    )


def _facts(found: Found, expected: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody who switches over to the restored table needs to know."""
    stream = found.table.get("LatestStreamArn") if stream_of(found.table) else None
    arn = TableArn.read(found.table["TableArn"])
    lineage = arn and Lineage.of_tags(found.settings.get("tags", {}), arn)
    return {
        "restored": {
            "table_arn": found.table["TableArn"],
            "stream_arn": stream,
            "restored_to": (lineage and lineage.to) or None,
            "backup": (lineage and lineage.backup) or None,
        },
        "event_source_mappings": [
            {
                "function": mapping["FunctionName"].rpartition(":function:")[2],
                "source": stream,
                "enabled": mapping.get("Enabled", True),
            }
            for mapping in expected.get("event_source_mappings", ())
        ],
    }
