# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Compare two tables in memory: scan both with boto3, in segments: `two_scans.py <one> <other> <threads>`."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config


def _main(source: str, target: str, threads: str) -> None:
    segments = int(threads)
    client: Any = boto3.client("dynamodb", config=Config(max_pool_connections=segments))

    def scan(table: str, segment: int) -> dict[tuple[str, str], Any]:
        pages = client.get_paginator("scan").paginate(TableName=table, Segment=segment, TotalSegments=segments)
        return {(item["session_id"]["S"], item["turn"]["N"]): item for page in pages for item in page["Items"]}

    def whole(table: str) -> dict[tuple[str, str], Any]:
        with ThreadPoolExecutor(segments) as pool:
            parts = pool.map(lambda segment: scan(table, segment), range(segments))
            return {key: item for part in parts for key, item in part.items()}

    one, other = whole(source), whole(target)
    missing, extra = len(one.keys() - other.keys()), len(other.keys() - one.keys())
    differing = sum(one[key] != other[key] for key in one.keys() & other.keys())
    sys.stdout.write(f"ANSWER missing={missing} extra={extra} differing={differing}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
