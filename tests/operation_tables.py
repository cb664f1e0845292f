# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables of locks and records as a test needs them to begin with, made without running a module."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._operation import LOCK, attribute, key, table_calls
from local_aws.client import Account

TABLE = "sc-agent-runbook-prod"
ANNA = {"user": "anna", "host": "ops-1", "pid": 4711, "command": "ansible-playbook"}
BEN = {"user": "ben", "host": "ops-2", "pid": 815, "command": "ansible-playbook"}


def failed(result: Mapping[str, Any]) -> bool:
    """Whether a module's run ended with an error."""
    return bool(result["rc_"] != 0)


def after(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the only target of a module's run is now."""
    assert not failed(result), result["output"]
    found: dict[str, Any] = result["results"][0]["after"]
    return found


def make_table(account: Account) -> None:
    """The table as the first lock makes it."""
    create, protect = table_calls(TABLE, exists=False, protected=False)
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(**create.arguments)
    while dynamodb.describe_table(TableName=TABLE)["Table"]["TableStatus"] != "ACTIVE":
        time.sleep(0.02)
    dynamodb.update_continuous_backups(**protect.arguments)


def keep_lock(
    account: Account,
    holder: Mapping[str, Any] | None = None,
    *,
    token: int = 1,
    lease: float = 900,
    operation: str = "",
) -> None:
    """Put the lock `scale` into the table: held by somebody for some more seconds, or free."""
    now = datetime.now(UTC)
    kept: dict[str, Any] = {"token": token}
    if holder:
        kept |= {"holder": holder, "acquired": stamp(now), "expires": stamp(now + timedelta(seconds=lease))}
        kept["operation"] = operation
    item = {name: attribute(value) for name, value in kept.items()}
    account.client("dynamodb").put_item(TableName=TABLE, Item={**item, **key(LOCK, "scale")})
