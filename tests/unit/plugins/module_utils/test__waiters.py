# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.waiter import SingleWaiterConfig

from ansible_collections.runbook.aws.plugins.module_utils._waiters import WAITERS


def _state(name: str, answer: dict[str, Any]) -> str | None:
    for acceptor in SingleWaiterConfig(WAITERS[name].model).acceptors:
        if acceptor.matcher_func(answer):
            return str(acceptor.state)
    return None


@pytest.mark.parametrize("name", sorted(WAITERS))
def test_every_waiter_polls_an_operation_that_exists(name: str) -> None:
    waiter = WAITERS[name]
    model = botocore.session.get_session().get_service_model(waiter.service)
    assert waiter.model["operation"] in model.operation_names


def _table(status: str, *indexes: str) -> dict[str, Any]:
    table: dict[str, Any] = {"TableStatus": status}
    if indexes:
        table["GlobalSecondaryIndexes"] = [{"IndexStatus": index} for index in indexes]
    return {"Table": table}


def _backup(status: str) -> dict[str, Any]:
    return {"BackupDescription": {"BackupDetails": {"BackupStatus": status}}}


def _continuous_backups(status: str) -> dict[str, Any]:
    return {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": status}}


@pytest.mark.parametrize(
    ("name", "answer", "state"),
    [
        ("provisioned_concurrency_ready", {"Status": "IN_PROGRESS"}, None),
        ("provisioned_concurrency_ready", {"Status": "READY"}, "success"),
        ("provisioned_concurrency_ready", {"Status": "FAILED", "StatusReason": "x"}, "failure"),
        ("table_active", _table("ACTIVE"), "success"),
        ("table_active", _table("ACTIVE", "ACTIVE", "ACTIVE"), "success"),
        ("table_active", _table("ACTIVE", "ACTIVE", "UPDATING"), None),
        ("table_active", _table("UPDATING"), None),
        ("table_active", _table("DELETING"), "failure"),
        ("backup_available", _backup("CREATING"), None),
        ("backup_available", _backup("AVAILABLE"), "success"),
        ("backup_available", _backup("DELETED"), "failure"),
        ("continuous_backups_enabled", _continuous_backups("DISABLED"), None),
        ("continuous_backups_enabled", _continuous_backups("ENABLED"), "success"),
    ],
)
def test_a_state_is_read_from_the_answer(name: str, answer: dict[str, Any], state: str | None) -> None:
    assert _state(name, answer) == state


def test_a_failure_tells_awss_own_reason() -> None:
    waiter = WAITERS["provisioned_concurrency_ready"]
    said = waiter.failure({"StatusReason": "FUNCTION_ERROR_INIT_FAILURE"})
    assert said.startswith("Provisioned concurrency failed: FUNCTION_ERROR_INIT_FAILURE. Its log says why")
    assert "no reason" in waiter.failure({})


@pytest.mark.parametrize(("answer", "state"), [({}, "success"), ({"DeletedDate": "2026-11-23"}, "failure")])
def test_a_secret_is_waited_for_unless_it_is_to_be_deleted(answer: dict[str, Any], state: str) -> None:
    assert _state("secret_described", answer) == state
    assert "scheduled for deletion meanwhile" in WAITERS["secret_described"].failure(answer)
