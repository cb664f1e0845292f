# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Copy a table with boto3 and threads, without a pace: `copy_threads.py <from> <to> <threads>`.

What is given back as unprocessed is sent again after a growing pause, as the documentation of BatchWriteItem advises.
"""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

_BATCH = 25


def _main(source: str, target: str, threads: str) -> None:
    segments = int(threads)
    config = Config(max_pool_connections=segments, retries={"mode": "standard", "total_max_attempts": 10})
    client: Any = boto3.client("dynamodb", config=config)

    def write(items: list[Any]) -> None:
        left: Any = {target: [{"PutRequest": {"Item": item}} for item in items]}
        pause = 0.05
        while left := client.batch_write_item(RequestItems=left)["UnprocessedItems"]:
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, 5)

    def copy(segment: int) -> None:
        pages = client.get_paginator("scan").paginate(TableName=source, Segment=segment, TotalSegments=segments)
        for page in pages:
            for start in range(0, len(page["Items"]), _BATCH):
                write(page["Items"][start : start + _BATCH])

    with ThreadPoolExecutor(segments) as pool:
        list(pool.map(copy, range(segments)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
