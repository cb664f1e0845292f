# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Descriptions of DynamoDB tables, as DescribeTable answers them, for tests of what is planned."""

from __future__ import annotations

from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_items import Table
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_values import KeySchema


def index(name: str, key: str, projection: str = "ALL", **more: Any) -> dict[str, Any]:
    """An index with a partition key."""
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": projection, **more},
    }


def table(name: str = "t", key: str = "id", kind: str = "S", **more: Any) -> Table:
    """A table with a partition key; `user` is defined for indexes."""
    description = {
        "TableName": name,
        "TableArn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": kind},
            {"AttributeName": "user", "AttributeType": "S"},
        ],
        **more,
    }
    return Table(name, description["TableArn"], KeySchema.from_description(description), description)
