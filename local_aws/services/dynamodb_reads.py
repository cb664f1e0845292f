# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading DynamoDB's items."""

from __future__ import annotations

from local_aws.rules import Call, Result, rule
from local_aws.services.dynamodb_writes import usable


@rule("dynamodb", "GetItem", "Query", "Scan")
def read_items(call: Call) -> Result | None:
    """A table that is being created or deleted cannot be read: see `usable`."""
    usable(call, str(call.arguments["TableName"]))
    return None
