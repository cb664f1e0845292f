# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what `_secretsmanager_plan` plans from, and reads again what became of it. A value is read only where one key
of it is replaced or it is compared, and is never told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._plan import Plan, Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import (
    CURRENT,
    PENDING,
    Judgement,
    Secret,
    Version,
    Wish,
    report_secret,
    shape_secret,
    stages_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_plan import SecretPlan, is_due, refuse_unfit
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_rotations import Rotations
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_value import read_file


class Caller(Protocol):
    """What is needed of `_aws.Aws` here."""

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]: ...

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]: ...


def describe_secret(aws: Caller, secret: str) -> Secret:
    """A secret and its versions.

    Args:
        aws: The way to AWS.
        secret: Name or ARN.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    answer = aws.call("secretsmanager", "DescribeSecret", SecretId=secret)
    stages: Mapping[str, list[str]] = answer.get("VersionIdsToStages") or {}
    # model, DescribeSecret: VersionIdsToStages has "every version ID that has a staging label attached, even if that
    # version doesn't contain a secret value. In contrast, ListSecretVersionIds only returns versions that contain" one.
    versions = {number: Version(number, tuple(labels)) for number, labels in stages.items()}
    if not answer.get("DeletedDate"):
        for listed in _versions(aws, answer["ARN"]):
            number = listed["VersionId"]
            versions[number] = Version(number, tuple(stages.get(number, ())), listed.get("CreatedDate"))
    return Secret(answer["ARN"], answer["Name"], answer, versions, answered_at(answer))


def _versions(aws: Caller, arn: str) -> Iterator[Mapping[str, Any]]:
    """All versions that have a value; botocore has no paginator for them."""
    arguments: dict[str, Any] = {"SecretId": arn, "IncludeDeprecated": True, "MaxResults": 100}
    while True:
        answer = aws.call("secretsmanager", "ListSecretVersionIds", **arguments)
        yield from answer.get("Versions") or ()
        if not (token := answer.get("NextToken")):
            return
        arguments["NextToken"] = token


# --- for a change ----------------------------------------------------------------------------------------------------


def fetch_secret(rotations: Rotations, target: Target) -> Secret:
    """What the plan of one secret needs.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: What the operator gave cannot be read, or the secret cannot be changed like this.
    """
    wish: Wish = target.desired
    given = read_file(wish.secret, wish.value_file, keyed=bool(wish.keys)) if wish.value_file else wish.value
    secret = describe_secret(rotations, wish.secret)
    if wish.action == "rotate":
        secret = _with_rotation(rotations, wish, secret)
    if wish.action not in ("generate", "set"):
        return secret
    refuse_unfit(wish, secret)
    if not is_due(wish, secret):
        return secret
    random: tuple[str, ...] = ()
    if wish.action == "generate":
        # A read, so what the generator does not accept is found before anything is written.
        random = tuple(_random(rotations, wish) for dummy in wish.keys or ("",))
    value, binary = _value(rotations, secret)
    return replace(secret, value=value, binary=binary, random=random, given=given)


def _with_rotation(rotations: Rotations, wish: Wish, secret: Secret) -> Secret:
    """With what is known of its rotation function, and of a rotation that has not ended."""
    function = secret.described.get("RotationLambdaARN")
    if secret.described.get("DeletedDate") or not function or not is_due(wish, secret):
        return secret
    missing, remark = rotations.function(secret.arn, function)
    failed = ""
    # One that was left long ago or cancelled is taken up whatever was said then.
    if secret.pending and secret.automatic and secret.unchanged_minutes() < wish.pending_minutes:
        failed = rotations.failure_of(secret.arn, secret.pending.id, secret.changed or secret.read_at)
    return replace(secret, function_missing=missing, pending_failed=failed, remarks=(remark,) if remark else ())


def _random(rotations: Rotations, wish: Wish) -> str:
    return str(rotations.call("secretsmanager", "GetRandomPassword", **wish.generator)["RandomPassword"])


def _value(rotations: Rotations, secret: Secret) -> tuple[str | None, bool]:
    if secret.current is None:
        return None, False
    # By its id: what is replaced is what was planned from, also when somebody else moves the label meanwhile.
    answer = rotations.call("secretsmanager", "GetSecretValue", SecretId=secret.arn, VersionId=secret.current.id)
    return answer.get("SecretString"), "SecretString" not in answer


def confirm_secret(rotations: Rotations, target: Target, plan: Plan) -> dict[str, Any]:
    """Read again what was changed.

    Returns:
        Fields of the target's result.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: Somebody else changed it at the same time, or the rotation that was waited for ended without a result.
    """
    if not isinstance(plan, SecretPlan) or plan.secret is None:
        return {}
    found = plan.secret
    now = describe_secret(rotations, found.arn) if plan.calls else found
    there = now.current.id if now.current else None
    if plan.foreign and there == (found.current.id if found.current else None):
        raise Refused(
            f"{target.name}: the rotation that was under way (version {plan.expected}) has ended, and {CURRENT} stayed"
            " where it was: it was the test that Secrets Manager makes of a rotation function that was just attached,"
            f" or somebody aborted it by removing {PENDING}. Run the same task again: it starts a rotation."
        )
    if there != plan.expected:
        raise Refused(
            f"{target.name}: {CURRENT} is on version {there}, not on {plan.expected}: somebody else moved it at the"
            " same time. Look at it, and run the same task again."
        )
    return {
        **shape_secret(now),
        "stages": stages_of(now),
        "rotated": there != (found.current.id if found.current else None),
    }


# --- for information -------------------------------------------------------------------------------------------------


def list_secrets(aws: Caller, prefix: str, tags: Mapping[str, str], include_deleted: bool) -> list[str]:
    """Names of the secrets with a prefix and all the tags.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    # model, ListSecretsRequest: at most 10 filters, and each matches a beginning, upper and lower case alike, so AWS
    # narrows the list down and the rest is decided here.
    filters = [{"Key": "name", "Values": [prefix]}] if prefix else []
    filters += [{"Key": "tag-key", "Values": [key]} for key in sorted(tags)][: 10 - len(filters)]
    listed = aws.pages(
        "secretsmanager",
        "ListSecrets",
        "SecretList",
        MaxResults=100,
        IncludePlannedDeletion=include_deleted,
        **({"Filters": filters} if filters else {}),
    )
    wanted = {(str(key), str(value)) for key, value in tags.items()}
    return sorted(
        secret["Name"]
        for secret in listed
        if secret["Name"].startswith(prefix)
        and wanted <= {(tag["Key"], tag["Value"]) for tag in secret.get("Tags") or ()}
    )


def read_secret(aws: Caller, secret: str, judgement: Judgement) -> dict[str, Any]:
    """A secret for the operator.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    return report_secret(secret, describe_secret(aws, secret), judgement)
