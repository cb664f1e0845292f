# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes secrets and a function that rotates them, which really runs."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

from aws_makers import make_role

from local_aws.client import Account

# The four steps: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
_CODE = """
import json, os, boto3

client = boto3.client("secretsmanager")

def handler(event, context):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    print(f"{step} of {arn}, version {token}")
    globals()[step](arn, token)

def createSecret(arn, token):
    fail("createSecret", "")
    try:
        # A rotation that is tried again finds the value that it has made.
        return client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    except client.exceptions.ResourceNotFoundException:
        pass
    value = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    random = client.get_random_password(PasswordLength=40, ExcludePunctuation=True)
    value["password"] = random["RandomPassword"]
    client.put_secret_value(
        SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(value), VersionStages=["AWSPENDING"]
    )

def setSecret(arn, token):
    pending = client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")["SecretString"]
    fail("setSecret", json.loads(pending)["password"])

def testSecret(arn, token):
    fail("testSecret", "")

def finishSecret(arn, token):
    fail("finishSecret", "")
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, stages in versions.items() if "AWSCURRENT" in stages)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )

def fail(step, password):
    if os.environ.get("FAIL_STEP") == step:
        raise PermissionError(f"{step}: the database refuses the password '{password}'")
"""


def make_rotation_function(account: Account, name: str = "rotate", **variables: str) -> str:
    """A function that gives the key `password` of a secret a new value, and may fail in the step `FAIL_STEP`."""
    client = account.client("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", _CODE)
    made = client.create_function(
        FunctionName=name,
        Role=make_role(account),
        Runtime="python3.12",
        Handler="app.handler",
        Timeout=20,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": variables},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})
    client.add_permission(
        FunctionName=name,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    return str(made["FunctionArn"])


def fail_in(account: Account, step: str, name: str = "rotate") -> None:
    """Let the rotation function fail in this step from now on; empty: in none."""
    client = account.client("lambda")
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"FAIL_STEP": step}})
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02, "MaxAttempts": 500})


def make_secret(account: Account, name: str, value: Any, function: str = "") -> str:
    """A secret; with a function it is rotated by schedule, and has not been rotated yet. Its ARN."""
    client = account.client("secretsmanager")
    text = value if isinstance(value, str) else json.dumps(value)
    arn = str(client.create_secret(Name=name, SecretString=text)["ARN"])
    if function:
        client.rotate_secret(
            SecretId=arn,
            RotationLambdaARN=function,
            RotationRules={"AutomaticallyAfterDays": 365},
            RotateImmediately=False,
        )
        # It is tested first, with a version that goes again; a rotation that begins meanwhile would wait for that one.
        deadline = time.monotonic() + 60
        while set(labels(account, arn)) != {"AWSCURRENT"}:
            assert time.monotonic() < deadline, f"the test of {name} did not end"
            time.sleep(0.02)
    return arn


def labels(account: Account, secret: str) -> dict[str, str]:
    """The version of each staging label."""
    stages = account.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
    return {label: version for version, all_labels in stages.items() for label in all_labels}


def value_of(account: Account, secret: str) -> Any:
    """The current value, as JSON where it is."""
    text = account.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    try:
        return json.loads(text)
    except ValueError:
        return text
