# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What dynamodb_backup plans: tables of (what is there, what is wanted) to calls, and the laws of every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup import (
    BACKUPS_SPEC,
    Backup,
    TableBackups,
    plan_backup,
    read_targets,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t"


def backup(name: str = "nightly", days: float = 0, **also: Any) -> Backup:
    """A backup of so many days ago."""
    arn = f"{ARN}/backup/{name}-{days:g}"
    return Backup(
        **{
            "arn": arn,
            "name": name,
            "type": "USER",
            "status": "AVAILABLE",
            "created": NOW - timedelta(days=days),
            **also,
        }
    )


def table(*backups: Backup, **also: Any) -> TableBackups:
    """A table with these backups, given newest first."""
    return TableBackups(**{"table": "t", "arn": ARN, "status": "ACTIVE", "backups": backups, "read_at": NOW, **also})


def wished(*wishes: Mapping[str, Any]) -> list[Target]:
    """Wishes as the module gets them: through its spec."""
    elements = [{"table": "t", **wish} for wish in wishes]
    checked = ArgumentSpecValidator({"backups": BACKUPS_SPEC}).validate({"backups": elements})
    assert checked.error_messages == []
    return read_targets(checked.validated_parameters["backups"])


def planned(found: TableBackups, /, **wish: Any) -> Plan:
    (target,) = wished(wish)
    plan = plan_backup(target, found)
    assert_valid(call.given({"arn": f"{ARN}/backup/new"}) for call in plan.calls)
    return plan


def calls(plan: Plan) -> list[tuple[str, str]]:
    """The operations, with the name or the ARN's end that they are about."""
    return [
        (c.operation, str(c.arguments.get("BackupName") or c.arguments.get("BackupArn", "")).rpartition("/")[2])
        for c in plan.calls
    ]


def reached(found: TableBackups, plan: Plan) -> TableBackups:
    """What the plan leads to."""
    gone = {c.arguments["BackupArn"] for c in plan.calls if c.operation == "DeleteBackup"}
    made = [
        backup(c.arguments["BackupName"], arn=f"{ARN}/backup/new") for c in plan.calls if c.operation == "CreateBackup"
    ]
    stay = [replace(b, status="AVAILABLE") for b in found.backups if b.arn not in gone]
    return replace(found, backups=(*made, *stay))


def test_a_new_backup_is_waited_for_by_the_arn_that_aws_answers() -> None:
    plan = planned(table(backup("other")), name="nightly")
    assert calls(plan) == [("CreateBackup", "nightly")]
    call = plan.calls[0].given({"arn": "a"})
    assert call.settle
    assert (call.settle.waiter, call.settle.arguments) == ("backup_available", {"BackupArn": "a"})
    assert plan.before == {"table": "t", "name": "nightly", "state": "absent"}
    assert plan.after == {"table": "t", "name": "nightly", "state": "present"}


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        pytest.param(backup(), [], id="there"),
        pytest.param(backup(status="CREATING"), [("DescribeBackup", "nightly-0")], id="being made"),
        pytest.param(backup(type="SYSTEM"), [("CreateBackup", "nightly")], id="not a user's"),
        pytest.param(backup(earlier=True), [("CreateBackup", "nightly")], id="of an earlier table"),
        pytest.param(backup("nightly-2"), [("CreateBackup", "nightly")], id="a longer name"),
    ],
)
def test_the_name_is_the_idempotency_key(there: Backup, wanted: list[tuple[str, str]]) -> None:
    plan = planned(table(there), name="nightly")
    assert calls(plan) == wanted
    assert plan.changed is any(operation == "CreateBackup" for operation, _name in wanted)


def test_what_is_there_is_named_by_its_arn() -> None:
    assert planned(table(backup(status="CREATING"), backup(days=1)), name="nightly").after["arn"].endswith("nightly-1")


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        ({}, []),
        ({"status": "UPDATING"}, []),
        ({"status": "CREATING"}, ["DescribeTable"]),
    ],
)
def test_a_table_that_is_being_made_is_waited_for(state: dict[str, Any], waits: list[str]) -> None:
    plan = planned(table(**state), name="nightly")
    assert [c.operation for c in plan.calls] == [*waits, "CreateBackup"]
    assert all(c.settle for c in plan.calls)


NIGHTS = [backup(f"nightly-{night}", night) for night in range(10)]


@pytest.mark.parametrize(
    ("retention", "name", "deleted"),
    [
        ({"keep_last": 7}, None, [7, 8, 9]),
        ({"keep_last": 7}, "nightly-new", [6, 7, 8, 9]),
        ({"keep_last": 1}, "nightly-new", list(range(10))),
        ({"keep_last": 1}, None, list(range(1, 10))),
        ({"keep_last": 7}, "nightly-0", [7, 8, 9]),
        ({"keep_last": 7}, "nightly-9", [7, 8]),
        ({"keep_last": 7}, "other", [7, 8, 9]),
        ({"keep_last": 20}, None, []),
        ({"keep_days": 6}, None, [7, 8, 9]),
        ({"keep_days": 6, "keep_last": 9}, None, [9]),
        ({"keep_days": 8, "keep_last": 1}, None, [9]),
        ({"keep_days": 30}, None, []),
    ],
)
def test_retention_deletes_what_neither_rule_keeps(
    retention: dict[str, int], name: str | None, deleted: list[int]
) -> None:
    wish = {"retention": {"names": "nightly-*", **retention}, **({"name": name} if name else {})}
    plan = planned(table(*NIGHTS), **wish)
    names = [f"nightly-{night}" for night in deleted]
    assert [arn.rpartition("-")[0] for operation, arn in calls(plan) if operation == "DeleteBackup"] == names
    assert plan.after.get("deleted", []) == names


@pytest.mark.parametrize(
    "other",
    [
        backup("manual", 50),
        backup("nightly-old", 50, type="SYSTEM"),
        backup("nightly-old", 50, earlier=True),
        backup("nightly-old", 50, status="CREATING"),
    ],
    ids=["another name", "not a user's", "of an earlier table", "being made"],
)
def test_retention_leaves_what_is_not_its_own(other: Backup) -> None:
    retention = {"names": "nightly-*", "keep_last": 1, "keep_days": 1}
    assert not planned(table(backup("nightly-0"), other), retention=retention).changed


@pytest.mark.parametrize("rule", [{"keep_last": 1}, {"keep_days": 1}])
def test_the_newest_that_can_be_restored_stays_however_old_it_is(rule: dict[str, int]) -> None:
    found = table(backup("nightly-1", 0, status="CREATING"), backup("nightly-2", 300), backup("nightly-3", 400))
    assert planned(found, retention={"names": "nightly-*", **rule}).after["deleted"] == ["nightly-3"]


@pytest.mark.parametrize("there", [(), (backup("nightly-new", status="CREATING"),)], ids=["new", "being made"])
def test_nothing_is_deleted_before_all_new_backups_are_there(there: tuple[Backup, ...]) -> None:
    plan = planned(table(*there, *NIGHTS), name="nightly-new", retention={"names": "nightly-*", "keep_last": 2})
    first, *rest = plan.calls
    assert first.settle
    assert first.settle.waiter == "backup_available"
    assert (first.stage, {c.stage for c in rest}) == (0, {1})
    assert len(rest) == 9


def test_deleting_takes_all_of_the_name_and_waits_for_what_is_being_made() -> None:
    found = table(backup(status="CREATING"), backup(days=1), backup("other"), backup(days=5, earlier=True))
    plan = planned(found, name="nightly", state="absent")
    assert calls(plan) == [
        ("DescribeBackup", "nightly-0"),
        ("DeleteBackup", "nightly-0"),
        ("DeleteBackup", "nightly-1"),
    ]
    assert plan.before == {"table": "t", "name": "nightly", "state": "present"}
    assert "cannot be brought back" in plan.notes[0]
    assert "1 of the name nightly are of an earlier table" in plan.notes[1]


def test_deleting_what_is_not_there_does_nothing_and_says_nothing() -> None:
    plan = planned(table(backup("other")), name="nightly", state="absent")
    assert (plan.calls, plan.notes, plan.before) == ((), (), plan.after)


def test_a_backup_of_a_table_that_is_gone_can_be_deleted() -> None:
    assert calls(planned(table(backup(), status=None), name="nightly", state="absent")) == [
        ("DeleteBackup", "nightly-0")
    ]


WISHES: list[dict[str, Any]] = [
    {"name": "new"},
    {"name": "nightly-3"},
    {"name": "nightly-new", "retention": {"names": "nightly-*", "keep_last": 3}},
    {"retention": {"names": "nightly-*", "keep_days": 4}},
    {"name": "nightly-3", "state": "absent"},
]


@pytest.mark.parametrize("wish", WISHES)
def test_a_second_run_writes_nothing(wish: dict[str, Any]) -> None:
    found = table(*NIGHTS)
    afterwards = reached(found, planned(found, **wish))
    assert planned(afterwards, **wish).calls == ()


@pytest.mark.parametrize("wish", WISHES)
def test_before_is_a_valid_element(wish: dict[str, Any]) -> None:
    found = table(*NIGHTS)
    plan = planned(found, **wish)
    undone = planned(reached(found, plan), **{key: value for key, value in plan.before.items() if key != "table"})
    assert {key: undone.after[key] for key in plan.before} == plan.before


def test_before_undoes_a_new_backup_and_nothing_else() -> None:
    found = table(*NIGHTS)
    afterwards = reached(found, planned(found, name="new"))
    assert reached(afterwards, planned(afterwards, name="new", state="absent")) == found


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"name": "latest"}, "latest stands for the newest backup"),
        ({"name": "ab"}, "3 to 255 letters"),
        ({"name": "a b c"}, "3 to 255 letters"),
        ({"name": "a" * 256}, "3 to 255 letters"),
        ({"name": "abc", "state": "absent", "retention": {"names": "a*", "keep_last": 1}}, "takes no retention"),
        ({"state": "absent", "retention": {"names": "a*", "keep_last": 1}}, "takes no retention"),
        ({"retention": {"names": "a*", "keep_last": 0}}, "keep_last is 0: give 1 or more"),
        ({"retention": {"names": "a*", "keep_days": -1}}, "keep_days is -1: give 1 or more"),
        ({"table": ARN, "name": "abc"}, "not its ARN"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        planned(table(), **wish)


@pytest.mark.parametrize(
    ("status", "wish", "says"),
    [
        (None, {"name": "nightly"}, "there is no such table"),
        (None, {"retention": {"names": "*", "keep_last": 1}}, "all that is left of it"),
        ("DELETING", {"name": "nightly"}, "t is DELETING"),
        ("ARCHIVED", {"name": "nightly"}, "t is ARCHIVED"),
    ],
)
def test_a_table_that_can_not_be_backed_up_is_refused(status: str | None, wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        planned(table(backup("old"), status=status), **wish)


@pytest.mark.parametrize("wish", [{}, {"retention": {"names": "a*"}}, {"name": "abc", "retention": {"keep_last": 1}}])
def test_what_the_spec_refuses(wish: dict[str, Any]) -> None:
    checked = ArgumentSpecValidator({"backups": BACKUPS_SPEC}).validate({"backups": [{"table": "t", **wish}]})
    assert len(checked.error_messages) == 1


def test_several_backups_of_a_table_are_targets_of_their_own() -> None:
    assert [target.name for target in wished({"name": "one"}, {"name": "two"})] == ["t/one", "t/two"]


def test_a_retention_beside_other_elements_of_its_table_is_refused() -> None:
    with pytest.raises(Refused, match="more than one element"):
        wished({"name": "one", "state": "absent"}, {"retention": {"names": "o*", "keep_last": 1}})


def test_what_an_operator_should_know_is_said() -> None:
    mistaken = planned(table(), name="manual", retention={"names": "nightly-*", "keep_last": 1})
    assert "does not match nightly-*" in mistaken.notes[0]
    earlier = table(backup(earlier=True))
    assert "is of an earlier table" in planned(earlier, name="nightly").notes[0]
    assert (
        "1 of the names n* are of an earlier table"
        in planned(earlier, name="new", retention={"names": "n*", "keep_last": 1}).notes[-1]
    )
