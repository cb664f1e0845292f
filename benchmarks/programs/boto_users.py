# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Make users and put them into groups with boto3: `boto_users.py <retry mode> <attempts> <pool> <users.json> <threads>`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def _main(mode: str, attempts: str, pool: str, users: str, threads: str) -> int:
    retries = {"mode": mode, "total_max_attempts": int(attempts)}
    client: Any = boto3.client("cognito-idp", config=Config(retries=retries, max_pool_connections=int(threads)))

    def make(item: tuple[str, list[str]]) -> str:
        name, groups = item
        attributes = {"email": f"{name}@example.com", "email_verified": "true"}
        try:
            client.admin_create_user(
                UserPoolId=pool,
                Username=name,
                UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
                DesiredDeliveryMediums=["EMAIL"],
            )
            for group in groups:
                client.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
        except ClientError as error:
            return f"{name}: {error}"
        return ""

    with ThreadPoolExecutor(int(threads)) as executor:
        failures = [text for text in executor.map(make, json.loads(Path(users).read_text()).items()) if text]
    sys.stdout.write("".join(f"{text}\n" for text in failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
