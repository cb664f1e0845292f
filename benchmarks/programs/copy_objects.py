# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Copy versions of objects onto their keys with boto3 and threads: `copy_objects.py <bucket> <versions.json> <threads>`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config


def _main(bucket: str, versions: str, threads: str) -> None:
    client: Any = boto3.client("s3", config=Config(max_pool_connections=int(threads)))

    def copy(item: tuple[str, str]) -> None:
        key, version = item
        client.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key, "VersionId": version})

    with ThreadPoolExecutor(int(threads)) as pool:
        list(pool.map(copy, json.loads(Path(versions).read_text()).items()))


if __name__ == "__main__":
    _main(*sys.argv[1:])
