# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Compare two tables as one does at night: scan one, get each of its items from the other: `get_each.py <one> <other>`.

It can not see what is only in the other.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import boto3

_KEYS = ("session_id", "turn")


def _main(source: str, target: str) -> None:
    client: Any = boto3.client("dynamodb")
    found: Counter[str] = Counter()
    for page in client.get_paginator("scan").paginate(TableName=source):
        for item in page["Items"]:
            other = client.get_item(TableName=target, Key={name: item[name] for name in _KEYS}).get("Item")
            found["missing"] += other is None
            found["differing"] += other is not None and other != item
    sys.stdout.write(f"ANSWER missing={found['missing']} extra=unknown differing={found['differing']}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
