# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Set reserved concurrencies with boto3 and 16 threads: `python boto_threads.py <retry mode> <attempts> <wanted.json>`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_THREADS = 16


def _main(mode: str, attempts: str, wanted: str) -> int:
    retries = {"mode": mode, "total_max_attempts": int(attempts)}
    client: Any = boto3.client("lambda", config=Config(retries=retries, max_pool_connections=_THREADS))

    def put(item: tuple[str, int]) -> str:
        try:
            client.put_function_concurrency(FunctionName=item[0], ReservedConcurrentExecutions=item[1])
        except ClientError as error:
            return f"{item[0]}: {error}"
        return ""

    with ThreadPoolExecutor(_THREADS) as pool:
        failures = [text for text in pool.map(put, json.loads(Path(wanted).read_text()).items()) if text]
    sys.stdout.write("".join(f"{text}\n" for text in failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
