# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the AWS resources that tests start from, through the API of an account."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.client import Account

_ROLE = "test-function"


def make_role(account: Account) -> str:
    """The ARN of a role that functions can have."""
    client = account.client("iam")
    try:
        return str(client.get_role(RoleName=_ROLE)["Role"]["Arn"])
    except client.exceptions.NoSuchEntityException:
        trust = {
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ]
        }
        return str(client.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])


def make_function(account: Account, name: str = "f", aliases: Sequence[str] = ("live",), **options: Any) -> Any:
    """A function with version 1 and aliases on it; returns the Lambda client."""
    client = account.client("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    client.create_function(
        FunctionName=name,
        Role=make_role(account),
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        **options,
    )
    version = client.publish_version(FunctionName=name)["Version"]
    for alias in aliases:
        client.create_alias(FunctionName=name, Name=alias, FunctionVersion=version)
    return client


def publish(account: Account, name: str = "f", **changes: Any) -> str:
    """Change the settings of a function, wait, and publish them; returns the version."""
    client = account.client("lambda")
    client.update_function_configuration(FunctionName=name, **changes)
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})
    return str(client.publish_version(FunctionName=name)["Version"])


def make_table(
    account: Account,
    name: str = "t",
    units: tuple[int, int] | None = (10, 10),
    indexes: Mapping[str, tuple[int, int]] | Sequence[str] = (),
) -> Any:
    """A table, provisioned with (read, write) units or on-demand (None), ACTIVE; returns the DynamoDB client."""
    client = account.client("dynamodb")

    def throughput(wanted: tuple[int, int] | None) -> dict[str, Any]:
        if wanted is None:
            return {}
        return {"ProvisionedThroughput": {"ReadCapacityUnits": wanted[0], "WriteCapacityUnits": wanted[1]}}

    made = dict(indexes) if isinstance(indexes, Mapping) else dict.fromkeys(indexes, units)
    listed = [
        {
            "IndexName": index,
            "KeySchema": [{"AttributeName": index, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
            **throughput(wanted),
        }
        for index, wanted in made.items()
    ]
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": item, "AttributeType": "S"} for item in ("id", *made)],
        BillingMode="PROVISIONED" if units else "PAY_PER_REQUEST",
        **throughput(units),
        **({"GlobalSecondaryIndexes": listed} if listed else {}),
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})
    return client


def make_bucket(account: Account, name: str = "data", versioning: str = "Enabled") -> tuple[Any, str]:
    """A bucket, versioned unless told otherwise (`Suspended`, or empty for never); the S3 client and its name.

    Names are one space for all accounts, so the account's is part of it.
    """
    client, bucket = account.client("s3"), f"{name}-{account.id}"
    client.create_bucket(Bucket=bucket)
    if versioning:
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": versioning})
    return client, bucket
