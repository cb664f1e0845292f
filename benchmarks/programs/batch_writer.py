# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Copy a table as boto3's documentation shows it: a scan into a batch_writer: `batch_writer.py <from> <to>`."""

from __future__ import annotations

import sys
from typing import Any

import boto3


def _main(source: str, target: str) -> None:
    dynamodb: Any = boto3.resource("dynamodb")
    pages = dynamodb.meta.client.get_paginator("scan").paginate(TableName=source)
    with dynamodb.Table(target).batch_writer() as batch:
        for page in pages:
            for item in page["Items"]:
                batch.put_item(Item=item)


if __name__ == "__main__":
    _main(*sys.argv[1:])
