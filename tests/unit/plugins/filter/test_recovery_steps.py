# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.recovery_steps import FilterModule, recovery_steps

ARN = "arn:aws:dynamodb:us-east-1:111122223333:table/sessions-prod/backup/01"
MANIFEST: dict[str, Any] = {
    "names": {"tables": {"sessions": "sessions-prod", "gone": "gone-prod"}},
    "tables": [{"table": "sessions-prod", "arn": ARN}, {"table": "gone-prod", "arn": f"{ARN}2"}],
    "buckets": [
        {
            "source": {"bucket": "data-prod", "prefix": ""},
            "target": {"bucket": "backup-prod", "prefix": "copies/data-prod/"},
            "snapshot": "runbook/first/data-prod.jsonl.gz",
        },
        {
            "source": {"bucket": "gone-prod", "prefix": ""},
            "target": {"bucket": "backup-prod", "prefix": "copies/gone-prod/"},
            "snapshot": "runbook/first/gone-prod.jsonl.gz",
        },
    ],
}
NAMES = {"sessions-prod": "sessions-new", "data-prod": "data-new"}


@pytest.mark.parametrize(("tables_from", "point"), [("backup", {"backup": ARN}), ("latest", {"time": "latest"})])
def test_items_are_restored_beside_the_table_and_copied_into_it(tables_from: str, point: dict[str, str]) -> None:
    steps = recovery_steps(MANIFEST, NAMES, tables_from)
    (restore,) = steps["restores"]
    assert (restore["source"], restore["target"], restore["restore_from"]) == (
        "sessions-prod",
        "sessions-new-restoring",
        point,
    )
    (copy,) = steps["copies"]
    assert (copy["source"], copy["target"]) == ("sessions-new-restoring", "sessions-new")
    assert steps["comparisons"] == [{"source": "sessions-new-restoring", "target": "sessions-new"}]
    assert steps["removals"] == [{"source": "sessions-prod", "target": "sessions-new-restoring", "state": "absent"}]


@pytest.mark.parametrize(
    ("newest_by", "clock"),
    [({"sessions": "updated_at"}, {"newest_by": "updated_at"}), ({"gone": "at"}, {}), (None, {})],
)
def test_production_is_held_against_what_was_recovered(newest_by: dict[str, str] | None, clock: dict[str, str]) -> None:
    steps = recovery_steps(MANIFEST, NAMES, newest_by=newest_by)
    assert steps["production"] == [{"source": "sessions-prod", "target": "sessions-new", **clock}]


def test_objects_come_from_their_copies_as_the_backup_made_them_and_nothing_else_is_written() -> None:
    assert recovery_steps(MANIFEST, NAMES)["objects"] == [
        {
            "source": {
                "bucket": "backup-prod",
                "prefix": "copies/data-prod/",
                "snapshot": "runbook/first/data-prod.jsonl.gz",
            },
            "target": {"bucket": "data-new", "prefix": ""},
        }
    ]


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"recovery_steps": recovery_steps}
