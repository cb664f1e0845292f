# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How backups are read: how many calls it takes, what AWS's answers mean, and what is said of what is not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup import TYPES
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup_reader import (
    Listing,
    Reader,
    kind_of,
    list_names,
    read_report,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=100)
DATE = {"HTTPHeaders": {"date": "Mon, 23 Nov 2026 14:00:00 GMT"}}
DAY = 86_400


def arn(table: str) -> str:
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}"


def summary(table: str, name: str = "nightly", *, age: float = 3600, **also: Any) -> dict[str, Any]:
    """What ListBackups answers of one backup, so many seconds old."""
    return {
        "TableName": table,
        "TableArn": arn(table),
        "TableId": f"id of {table}",
        "BackupArn": f"{arn(table)}/backup/{name}",
        "BackupName": name,
        "BackupType": "USER",
        "BackupStatus": "AVAILABLE",
        "BackupCreationDateTime": NOW - timedelta(seconds=age),
        "BackupSizeBytes": 7,
        **also,
    }


class Answers:
    """Stands where `Aws` stands: a small account, answers by operation, and counts."""

    def __init__(
        self,
        tables: Sequence[str] = (),
        backups: Sequence[Mapping[str, Any]] = (),
        *,
        points: Sequence[Mapping[str, Any]] = (),
        latest: datetime | None = None,
        page: int = 100,
        denied: Sequence[str] = (),
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._tables = tables
        self._backups = backups
        self._points = points
        self._latest = latest
        self._page = page
        self._denied = denied

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        self.counted[operation] += 1
        if operation in self._denied:
            raise AwsError(f"{service}:{operation} was refused: AccessDeniedException", "AccessDeniedException")
        return {**getattr(self, f"_{operation}")(**arguments), "ResponseMetadata": DATE}

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        return self.call(service, operation, **arguments)[result_key]

    def _DescribeTable(self, TableName: str) -> dict[str, Any]:
        name = TableName.rpartition("/")[2]
        if name not in self._tables:
            raise AwsError("dynamodb:DescribeTable was refused: ResourceNotFoundException", "ResourceNotFoundException")
        found = {"TableName": name, "TableArn": arn(name), "TableId": f"id of {name}", "TableStatus": "ACTIVE"}
        return {"Table": {**found, "CreationDateTime": OLD}}

    def _ListTables(self) -> dict[str, Any]:
        return {"TableNames": list(self._tables)}

    def _ListBackups(self, BackupType: str, Limit: int, **asked: str) -> dict[str, Any]:
        assert BackupType in ("USER", "SYSTEM", "ALL")
        assert Limit == 100
        found = [
            b
            for b in self._backups
            if b["TableName"] == asked.get("TableName", b["TableName"]) and BackupType in ("ALL", b["BackupType"])
        ]
        arns = [b["BackupArn"] for b in found]
        start = arns.index(asked["ExclusiveStartBackupArn"]) + 1 if "ExclusiveStartBackupArn" in asked else 0
        end = start + self._page
        more = {"LastEvaluatedBackupArn": arns[end - 1]} if end < len(found) else {}
        return {"BackupSummaries": found[start:end], **more}

    def _DescribeContinuousBackups(self, TableName: str) -> dict[str, Any]:
        assert TableName in self._tables
        recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
        if self._latest:
            recovery = {
                "PointInTimeRecoveryStatus": "ENABLED",
                "RecoveryPeriodInDays": 35,
                "EarliestRestorableDateTime": OLD,
                "LatestRestorableDateTime": self._latest,
            }
        backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        return {"ContinuousBackupsDescription": backups}

    def _DescribeBackup(self, BackupArn: str) -> dict[str, Any]:
        (found,) = [b for b in self._backups if b["BackupArn"] == BackupArn]
        return {"BackupDescription": {"BackupDetails": found}}

    def _ListRecoveryPointsByResource(self, ResourceArn: str) -> dict[str, Any]:
        assert ResourceArn.startswith("arn:")
        return {"RecoveryPoints": list(self._points)}


def target(table: str, name: str = "nightly", **wish: Any) -> Target:
    return Target(f"{table}/{name}", {"table": table, "name": name, "state": "present", **wish})


def report(aws: Any, named: str = "t", *, types: Sequence[str] = TYPES, rpo: int = DAY) -> dict[str, Any]:
    kind = kind_of(types)
    return read_report(aws, Listing(aws, [named], kind) if kind else None, named, types, rpo)


def point(age: float, status: str = "COMPLETED") -> dict[str, Any]:
    """What AWS Backup answers of one recovery point, so many seconds old."""
    made = NOW - timedelta(seconds=age)
    return {"RecoveryPointArn": f"arn:aws:backup:::recovery-point:{age}", "CreationDate": made, "Status": status}


@pytest.mark.parametrize(
    ("tables", "backups_each", "calls"),
    [
        pytest.param(3, 1, 3, id="few tables are asked for one by one"),
        pytest.param(4, 1, 1, id="of many the account is listed once"),
        pytest.param(50, 20, 10, id="in pages"),
        pytest.param(4, 125, 4 + 4 * 2, id="given up when one by one is quicker"),
    ],
)
def test_backups_of_many_tables_take_few_calls(tables: int, backups_each: int, calls: int) -> None:
    names = [f"t{number}" for number in range(tables)]
    aws: Any = Answers(names, [summary(table, f"b{n}") for n in range(backups_each) for table in names])
    reader = Reader(aws, [target(name) for name in names])
    assert [len(reader.fetch(target(name)).backups) for name in names] == [backups_each] * tables
    assert aws.counted == {"DescribeTable": tables, "ListBackups": calls}


def test_backups_of_other_tables_do_not_hide_those_asked_for() -> None:
    others = [summary(f"other{number}", f"b{number}") for number in range(450)]
    names = ["a", "b", "c", "d"]
    aws: Any = Answers(names, [*others, *(summary(name) for name in names)])
    reader = Reader(aws, [target(name) for name in names])
    assert [len(reader.fetch(target(name)).backups) for name in names] == [1, 1, 1, 1]
    assert aws.counted["ListBackups"] == 4 + 4


def test_what_refuses_the_listing_is_each_targets_error() -> None:
    names = ["a", "b", "c", "d"]
    aws: Any = Answers(names, denied=["ListBackups"])
    reader = Reader(aws, [target(name) for name in names])
    for name in names:
        with pytest.raises(AwsError, match="ListBackups was refused"):
            reader.fetch(target(name))
    assert aws.counted["ListBackups"] == 1


def test_a_table_that_is_gone_is_a_state_and_no_error() -> None:
    aws: Any = Answers([], [summary("t")])
    found = Reader(aws, [target("t")]).fetch(target("t"))
    assert (found.status, found.read_at, [b.earlier for b in found.backups]) == (None, NOW, [False])


def test_a_backup_of_another_table_of_the_same_name_is_told_apart() -> None:
    no_id = {"TableId": None, "age": 200 * DAY}
    aws: Any = Answers(["t"], [summary("t", "new"), summary("t", "other", TableId="x"), summary("t", "old", **no_id)])
    found = Reader(aws, [target("t")]).fetch(target("t"))
    assert {b.name: b.earlier for b in found.backups} == {"new": False, "other": True, "old": True}
    assert [b.name for b in found.own] == ["new"]


def test_backups_come_newest_first_and_without_deleted_ones() -> None:
    listed = [summary("t", "b", age=20), summary("t", "c", age=30, BackupStatus="DELETED"), summary("t", "a", age=10)]
    aws: Any = Answers(["t"], listed)
    assert [b.name for b in Reader(aws, [target("t")]).fetch(target("t")).backups] == ["a", "b"]


def confirmed(aws: Any, *calls: Call, after: Mapping[str, Any], learned: Mapping[str, Any]) -> dict[str, Any]:
    wanted = target("t")
    reader = Reader(aws, [wanted])
    reader.fetch(wanted)
    aws.counted.clear()
    return reader.confirm(wanted, Plan({}, after, calls), learned)


def test_a_new_backup_is_read_again_and_shown() -> None:
    aws: Any = Answers(["t"], [summary("t", age=60)])
    shown = confirmed(aws, Call("dynamodb", "CreateBackup"), after={}, learned={"arn": summary("t")["BackupArn"]})
    assert aws.counted == {"DescribeBackup": 1}
    assert shown["backup"] == {
        "arn": summary("t")["BackupArn"],
        "name": "nightly",
        "type": "USER",
        "status": "AVAILABLE",
        "usable": True,
        "earlier_table": False,
        "created": "2026-11-23T13:59:00Z",
        "age_seconds": 60,
        "size_bytes": 7,
        "expires": None,
    }


def test_what_was_there_already_is_shown_without_another_call() -> None:
    aws: Any = Answers(["t"], [summary("t")])
    shown = confirmed(aws, after={"arn": summary("t")["BackupArn"]}, learned={})
    assert shown["backup"]["status"] == "AVAILABLE"
    assert aws.counted == {}


def test_without_a_backup_to_show_nothing_is_read() -> None:
    aws: Any = Answers(["t"])
    assert confirmed(aws, Call("dynamodb", "DeleteBackup"), after={"state": "absent"}, learned={}) == {}
    assert aws.counted == {}


def test_a_backup_that_vanished_meanwhile_is_a_failure() -> None:
    aws: Any = Answers(["t"], [summary("t", BackupStatus="DELETED")])
    with pytest.raises(Refused, match="nightly is DELETED, not AVAILABLE") as refused:
        confirmed(aws, Call("dynamodb", "CreateBackup"), after={}, learned={"arn": summary("t")["BackupArn"]})
    assert refused.value.fields["backup"]["usable"] is False


@pytest.mark.parametrize(
    ("backups", "points", "latest", "source", "age"),
    [
        ([summary("t", age=50)], [], None, "backup", 50),
        ([summary("t", age=50)], [], NOW - timedelta(seconds=300), "backup", 50),
        ([summary("t", age=500)], [], NOW - timedelta(seconds=300), "pitr", 300),
        ([], [point(40)], NOW - timedelta(seconds=300), "backup", 40),
        ([], [point(40, "EXPIRED"), point(90)], None, "backup", 90),
        ([summary("t", age=50, BackupStatus="CREATING"), summary("t", "b", age=70)], [], None, "backup", 70),
        ([summary("t", age=50, TableId="x"), summary("t", "b", age=70)], [], None, "backup", 70),
        ([summary("t", age=50, BackupType="SYSTEM")], [], None, "backup", 50),
    ],
)
def test_the_recovery_point_is_the_last_moment_that_can_be_restored(
    backups: list[Any], points: list[Any], latest: datetime | None, source: str, age: int
) -> None:
    shown = report(Answers(["t"], backups, points=points, latest=latest))
    assert (shown["recovery_point"]["source"], shown["recovery_point"]["age_seconds"]) == (source, age)
    assert (shown["age_seconds"], shown["meets_rpo"], shown["not_observable"]) == (age, True, [])


@pytest.mark.parametrize(
    ("age", "rpo", "denied", "verdict"),
    [
        (DAY, DAY, [], True),
        (DAY + 1, DAY, [], False),
        (None, DAY, [], False),
        (DAY + 1, 0, [], None),
        (DAY, DAY, ["ListRecoveryPointsByResource"], True),
        (DAY + 1, DAY, ["ListRecoveryPointsByResource"], None),
        (DAY + 1, DAY, ["DescribeContinuousBackups"], None),
        (1, DAY, ["ListBackups"], None),
    ],
)
def test_an_objective_is_missed_only_where_everything_was_seen(
    age: int | None, rpo: int, denied: list[str], verdict: bool | None
) -> None:
    shown = report(Answers(["t"], [summary("t", age=age)] if age else [], denied=denied), rpo=rpo)
    assert shown["meets_rpo"] is verdict
    assert len(shown["not_observable"]) == len(denied)
    assert all("was refused: AccessDeniedException" in reason for reason in shown["not_observable"])


def test_a_table_that_is_gone_shows_its_last_backup_and_no_verdict() -> None:
    aws = Answers([], [summary("t", "t$DeletedTableBackup", age=9 * DAY, BackupType="SYSTEM")])
    shown = report(aws)
    assert (shown["status"], shown["meets_rpo"], shown["arn"]) == (None, None, arn("t"))
    assert shown["newest"]["name"] == "t$DeletedTableBackup"
    assert (shown["age_seconds"], shown["pitr"]) == (9 * DAY, None)


def test_a_table_that_never_was_is_an_error() -> None:
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        report(Answers([]))


def test_a_table_can_be_named_by_its_arn_and_one_elsewhere_is_refused() -> None:
    aws = Answers(["t"], [summary("t")])
    assert len(report(aws, arn("t"))["backups"]) == 1
    with pytest.raises(Refused, match="another account or region"):
        report(aws, arn("t").replace("us-east-1", "eu-west-1"))


@pytest.mark.parametrize(
    ("types", "kind", "names"),
    [
        (["USER"], "USER", ["user"]),
        (["SYSTEM"], "SYSTEM", ["system"]),
        (["USER", "SYSTEM"], "ALL", ["user", "system"]),
        (["AWS_BACKUP"], None, [None]),
        (TYPES, "ALL", ["user", "system", None]),
    ],
)
def test_only_the_types_that_are_wanted_are_asked_for(types: list[str], kind: str | None, names: list[Any]) -> None:
    assert kind_of(types) == kind
    backups = [summary("t", "user", age=1), summary("t", "system", age=2, BackupType="SYSTEM")]
    aws = Answers(["t"], backups, points=[point(3)])
    assert [b["name"] for b in report(aws, types=types)["backups"]] == names
    assert aws.counted["ListBackups"] == (kind is not None)
    assert aws.counted["ListRecoveryPointsByResource"] == ("AWS_BACKUP" in types)


def test_all_tables_are_those_that_are_there_and_those_that_left_backups() -> None:
    aws: Any = Answers(["a-prod", "b-dev"], [summary("a-prod"), summary("gone-prod")])
    assert list_names(aws, Listing(aws, None), "*-prod") == ["a-prod", "gone-prod"]
    assert aws.counted == {"ListTables": 1, "ListBackups": 1}
    aws = Answers(["a-prod"], denied=["ListBackups"])
    assert list_names(aws, Listing(aws, None), "*") == ["a-prod"]
