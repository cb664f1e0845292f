# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets Manager: versions whose labels say what is read, and secrets that are marked for deletion.

moto reads a secret's newest version whatever the labels say. How labels move was recorded on AWS by LocalStack's tests
(tests/aws/services/secretsmanager/test_secretsmanager.snapshot.json), as were the texts of most errors; everything that
Secrets Manager refuses has the status 400. What rotates a secret is in secretsmanager_rotation.py.
"""

from __future__ import annotations

import base64
import re
import secrets as random
import string
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.secretsmanager.models import FakeSecret, ReplicaSecret, _matches, secretsmanager_backends

from local_aws.accounts import AccountState
from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, on_time, rule

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
_DAY = 86_400
# botocore, PutSecretValue: "Secrets Manager keeps 100 of the most recent versions, but it keeps all secret versions
# created in the last 24 hours".
_VERSIONS_KEPT = 100
# botocore, SecretStringType and SecretBinaryType: max 65536.
_LARGEST = 65_536
# botocore, MaxResultsType.
_LARGEST_PAGE = 100

Version = dict[str, Any]
"""moto's: createdate, version_id, version_stages, and when it has a value secret_string, or secret_binary in Base64."""


@dataclass
class State:
    """What moto does not keep of one secret: the day when it was last read, and when it last got a value."""

    secret: FakeSecret
    accessed: float | None = None
    valued_at: float = 0.0


@dataclass
class States:
    """The secrets of one account and region by name. One that was made again under its name starts anew."""

    states: dict[str, State] = field(default_factory=dict)

    def of(self, secret: FakeSecret | ReplicaSecret) -> State:
        source = primary(secret)
        state = self.states.get(source.name)
        if state is None or state.secret is not source:
            state = self.states[source.name] = State(source, valued_at=float(source.created_date or 0))
        return state


class Secrets:
    """The secrets of one account and region."""

    def __init__(self, account: AccountState, region: str) -> None:
        self._account = account
        self._backend = secretsmanager_backends[account.id][region]
        self._states = account.store(States, region)

    def state(self, secret: FakeSecret | ReplicaSecret) -> State:
        return self._states.of(secret)

    def all(self) -> list[FakeSecret | ReplicaSecret]:
        return list(self._backend.secrets.values())

    def find(self, secret_id: str) -> FakeSecret | ReplicaSecret:
        """A secret by name, ARN or partial ARN; ResourceNotFoundException when there is none."""
        found = self._backend.secrets.get(secret_id)
        if found is None:
            raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400)
        return found

    def usable(self, secret_id: str) -> FakeSecret | ReplicaSecret:
        """One that is not marked for deletion.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
        """
        found = self.find(secret_id)
        if deleted_at(found) is not None:
            raise AwsError(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            )
        return found

    def writable(self, secret_id: str) -> FakeSecret:
        """One that can be changed here.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html: only the primary secret can.
        """
        found = self.usable(secret_id)
        if isinstance(found, ReplicaSecret):
            raise AwsError(
                "InvalidParameterException",
                "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
            )
        return found

    def add(self, secret: FakeSecret, token: str, value: Version, stages: list[str]) -> bool:
        """A new version with labels, or the value of a version that has none yet. False when it is there already.

        botocore, PutSecretValue, ClientRequestToken: the same value again is ignored, another one is refused.
        """
        known = secret.versions.get(token)
        if known is not None and has_value(known):
            if value_of(known) == value:
                return False
            raise AwsError(
                "ResourceExistsException",
                f"You can't use ClientRequestToken {token} because that value is already in use for a version of "
                f"secret {secret.arn}.",
            )
        now = self._account.now()
        stages = stages if holder(secret, CURRENT) else [*stages, CURRENT]
        version = known or {"version_id": token, "version_stages": []}
        secret.versions[token] = version
        version |= {"createdate": now, **value}
        for stage in stages:
            put_label(secret, stage, token)
        if CURRENT in stages:
            self.state(secret).valued_at = now
            # A value that was put by hand ends a rotation that was not complete: a new one can begin (as found on AWS by
            # the tests of hashicorp/terraform-provider-aws, internal/service/secretsmanager/secret_rotation_test.go).
            pending = holder(secret, PENDING)
            if pending and pending != token:
                _drop_label(secret, PENDING, pending)
        self._clean(secret, now)
        self.touch(secret)
        return True

    def touch(self, secret: FakeSecret) -> None:
        """botocore, LastChangedDate: "The last date and time that this secret was modified in any way"."""
        secret.last_changed_date = int(self._account.now())

    @staticmethod
    def _clean(secret: FakeSecret, now: float) -> None:
        """Versions without a label are deprecated, and go when there are too many and they are a day old."""
        ordered = sorted(secret.versions.values(), key=lambda version: float(version["createdate"]))
        for version in ordered[:-_VERSIONS_KEPT]:
            if not version["version_stages"] and version["createdate"] <= now - _DAY:
                del secret.versions[version["version_id"]]


def primary(secret: FakeSecret | ReplicaSecret) -> FakeSecret:
    """The secret itself, or the one that a replica is made from."""
    return secret.source if isinstance(secret, ReplicaSecret) else secret


def deleted_at(secret: FakeSecret | ReplicaSecret) -> float | None:
    return getattr(secret, "deleted_date", None)


def has_value(version: Version) -> bool:
    return "secret_string" in version or "secret_binary" in version


def value_of(version: Version) -> Version:
    return {name: version[name] for name in ("secret_string", "secret_binary") if name in version}


def holder(secret: FakeSecret | ReplicaSecret, label: str) -> str:
    """The version that has a label; empty when none has."""
    return next((key for key, version in secret.versions.items() if label in version["version_stages"]), "")


def put_label(secret: FakeSecret, label: str, version_id: str) -> None:
    """Attach a label to one version and take it from the other. AWSPREVIOUS follows when AWSCURRENT moves.

    botocore, UpdateSecretVersionStage: "Secrets Manager also automatically moves the staging label AWSPREVIOUS to the
    version that AWSCURRENT was removed from".
    """
    former = holder(secret, label)
    if former == version_id:
        return
    if former:
        _drop_label(secret, label, former)
    secret.versions[version_id]["version_stages"] = sorted([*secret.versions[version_id]["version_stages"], label])
    if label == CURRENT:
        secret.default_version_id = version_id
        if former:
            put_label(secret, PREVIOUS, former)
        if PREVIOUS in secret.versions[version_id]["version_stages"]:
            _drop_label(secret, PREVIOUS, version_id)


def _drop_label(secret: FakeSecret, label: str, version_id: str) -> None:
    stages = secret.versions[version_id]["version_stages"]
    secret.versions[version_id]["version_stages"] = [stage for stage in stages if stage != label]


def secrets_of(call: Call) -> Secrets:
    return Secrets(call.account, call.region)


@on_time("secretsmanager")
def delete_what_is_due(account: AccountState) -> None:
    """botocore, DeleteSecret: the deletion comes "at the end of the waiting period"."""
    now = account.now()
    for backend in secretsmanager_backends[account.id].values():
        for secret in list(backend.secrets.values()):
            if (deleted_at(secret) or now) < now:
                backend.secrets.pop(secret.name)


@rule("secretsmanager", "CreateSecret")
def create_secret(call: Call) -> Result:
    """Names, sizes and names that are still taken; the dates are the account's.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    name = str(call.arguments["Name"])
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@!-]{1,512}", name):
        raise AwsError(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )
    _refuse_size(call)
    known = secretsmanager_backends[call.account.id][call.region].secrets.get(name)
    if known is not None and deleted_at(known) is not None:
        raise AwsError(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
    result = call.proceed()
    secret = secrets_of(call).find(result["ARN"])
    if known is None and isinstance(secret, FakeSecret):
        now = call.account.now()
        secret.created_date = secret.last_changed_date = int(now)
        for version in secret.versions.values():
            version["createdate"] = now
    return result


def _refuse_size(call: Call) -> None:
    for name in ("SecretString", "SecretBinary"):
        value = call.arguments.get(name)
        if value is not None and len(value.encode() if isinstance(value, str) else value) > _LARGEST:
            shown = name[0].lower() + name[1:]
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value at '{shown}' failed to satisfy constraint: Member must have "
                f"length less than or equal to {_LARGEST}",
            )


def _given_value(call: Call) -> Version:
    """The value as moto keeps it; empty without one. InvalidParameterException when there are two."""
    text, binary = call.arguments.get("SecretString"), call.arguments.get("SecretBinary")
    if text is not None and binary is not None:
        raise AwsError("InvalidParameterException", "You can't specify both a binary secret value and a string.")
    _refuse_size(call)
    if text is not None:
        return {"secret_string": str(text)}
    return {} if binary is None else {"secret_binary": base64.b64encode(binary).decode()}


def new_version_id(call: Call) -> str:
    """The request's token, which the clients make up when nobody gives one."""
    token = str(call.arguments.get("ClientRequestToken") or uuid.uuid4())
    if not 32 <= len(token) <= 64:
        raise AwsError("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
    return token


def named(secret: FakeSecret | ReplicaSecret, **more: Any) -> Result:
    return {"ARN": secret.arn, "Name": secret.name, **more}


@rule("secretsmanager", "PutSecretValue")
def put_secret_value(call: Call) -> Result:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html"""
    secrets = secrets_of(call)
    secret = secrets.writable(call.arguments["SecretId"])
    value, token = _given_value(call), new_version_id(call)
    if not value:
        raise AwsError("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
    secrets.add(secret, token, value, list(call.arguments.get("VersionStages") or [CURRENT]))
    return named(secret, VersionId=token, VersionStages=secret.versions[token]["version_stages"])


@rule("secretsmanager", "UpdateSecret")
def update_secret(call: Call) -> Result:
    """What is not given stays; the version is told only when there is a new one.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html
    """
    secrets = secrets_of(call)
    secret = secrets.writable(call.arguments["SecretId"])
    value, token = _given_value(call), new_version_id(call)
    if value:
        secrets.add(secret, token, value, [CURRENT])
    if call.arguments.get("Description") is not None:
        secret.description = call.arguments["Description"]
    if call.arguments.get("KmsKeyId"):
        secret.kms_key_id = call.arguments["KmsKeyId"]
    secrets.touch(secret)
    return named(secret, VersionId=token) if value else named(secret)


@rule("secretsmanager", "UpdateSecretVersionStage")
def update_secret_version_stage(call: Call) -> Result:
    """botocore, RemoveFromVersionId: "If the staging label you are trying to attach to one version is already attached
    to a different version, then you must include this parameter and specify the version that the label is to be
    removed from. If the label is attached and you either do not specify this parameter, or the version ID does not
    match, then the operation fails."
    """
    secrets, arguments = secrets_of(call), call.arguments
    secret = secrets.writable(arguments["SecretId"])
    label = str(arguments["VersionStage"])
    leave, enter = arguments.get("RemoveFromVersionId"), arguments.get("MoveToVersionId")
    for version_id in filter(None, (leave, enter)):
        if version_id not in secret.versions:
            raise AwsError("InvalidParameterException", f"Not a valid version: {version_id}")
    attached = holder(secret, label)
    if leave and leave != attached:
        raise AwsError("InvalidParameterException", f"Version stage {label} not found in version {leave}")
    if not enter and label == CURRENT:
        raise AwsError(
            "InvalidParameterException",
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
        )
    if enter and attached and attached != enter and not leave:
        raise AwsError(
            "InvalidParameterException",
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version "
            f"{attached}, so you must explicitly reference that version in RemoveFromVersionId.",
        )
    if enter:
        put_label(secret, label, enter)
    elif leave:
        _drop_label(secret, label, leave)
    secrets.touch(secret)
    return named(secret)


@rule("secretsmanager", "GetSecretValue")
def get_secret_value(call: Call) -> Result:
    """The version that has the label, AWSCURRENT without one, or the version itself.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """
    secret = secrets_of(call).usable(call.arguments["SecretId"])
    version_id, stage = call.arguments.get("VersionId"), call.arguments.get("VersionStage")
    version = secret.versions.get(version_id or holder(secret, stage or CURRENT))
    if version_id and stage and version is not None and stage not in version["version_stages"]:
        raise AwsError(
            "InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."
        )
    if version is None or not has_value(version):
        asked = f"VersionId: {version_id}" if version_id else f"staging label: {stage or CURRENT}"
        raise AwsError(
            "ResourceNotFoundException", f"Secrets Manager can't find the specified secret value for {asked}", 400
        )
    # "Note that the resolution of this field is at the date level" (botocore, LastAccessedDate).
    accessed = call.account.now() // _DAY * _DAY
    version["accessed"] = secrets_of(call).state(secret).accessed = accessed
    return named(
        secret,
        VersionId=version["version_id"],
        VersionStages=version["version_stages"],
        CreatedDate=version["createdate"],
        **_shown_value(version),
    )


def _shown_value(version: Version) -> Result:
    if "secret_string" in version:
        return {"SecretString": version["secret_string"]}
    return {"SecretBinary": base64.b64decode(version["secret_binary"])}


@rule("secretsmanager", "ListSecretVersionIds")
def list_secret_version_ids(call: Call) -> Result:
    """Versions that have a value, oldest first; those without a label only when they are asked for.

    botocore, ListSecretVersionIds and IncludeDeprecated
    """
    secret = secrets_of(call).find(call.arguments["SecretId"])
    deprecated = bool(call.arguments.get("IncludeDeprecated"))
    key = getattr(secret, "kms_key_id", None) or "DefaultEncryptionKey"
    shown = [
        {
            "VersionId": version["version_id"],
            "CreatedDate": version["createdate"],
            "KmsKeyIds": [key],
            **({"VersionStages": version["version_stages"]} if version["version_stages"] else {}),
            **({"LastAccessedDate": version["accessed"]} if "accessed" in version else {}),
        }
        for version in sorted(secret.versions.values(), key=lambda version: float(version["createdate"]))
        if has_value(version) and (deprecated or version["version_stages"])
    ]
    return named(secret, **_page(call, "Versions", shown))


def _page(call: Call, key: str, items: list[Any]) -> Result:
    try:
        found, following = page(items, call.arguments.get("NextToken"), call.arguments.get("MaxResults"), _LARGEST_PAGE)
    except AwsError as error:
        # botocore, errors of the two lists
        raise AwsError("InvalidNextTokenException", error.message) from None
    return {key: found, "NextToken": following} if following else {key: found}


def describe(secrets: Secrets, secret: FakeSecret | ReplicaSecret) -> Result:
    """What DescribeSecret and ListSecrets both show, but for the versions and the rotation.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    source = primary(secret)
    shown = {
        "Description": source.description or None,
        "KmsKeyId": source.kms_key_id,
        "LastChangedDate": source.last_changed_date,
        "LastAccessedDate": secrets.state(secret).accessed,
        "DeletedDate": source.deleted_date,
        "Tags": source.tags,
        "OwningService": source.owning_service,
        "CreatedDate": source.created_date,
        "PrimaryRegion": source.region if source.replicas else None,
    }
    return named(secret, **{name: value for name, value in shown.items() if value is not None})


def labels(secret: FakeSecret | ReplicaSecret) -> dict[str, list[str]]:
    """The versions that have labels, with and without a value.

    botocore, VersionIdsToStages: "A list of the versions of the secret that have staging labels attached".
    """
    return {key: version["version_stages"] for key, version in secret.versions.items() if version["version_stages"]}


def listed(call: Call) -> Iterator[FakeSecret | ReplicaSecret]:
    """The secrets that a list's filters let pass.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    """
    filters = list(call.arguments.get("Filters") or [])
    planned = bool(call.arguments.get("IncludePlannedDeletion"))
    for secret in secrets_of(call).all():
        if (planned or deleted_at(secret) is None) and _matches(secret, filters):
            yield secret


def page_of_list(call: Call, shown: list[Result]) -> Result:
    """botocore, SortOrder: "Secrets are listed by CreatedDate"."""
    shown.sort(key=lambda item: float(item["CreatedDate"]), reverse=call.arguments.get("SortOrder") == "desc")
    return _page(call, "SecretList", shown)


@rule("secretsmanager", "DeleteSecret")
def delete_secret(call: Call) -> Result | None:
    """Marked for 7 to 30 days, 30 without a number; at once only when that is asked for.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
    """
    days, force = call.arguments.get("RecoveryWindowInDays"), bool(call.arguments.get("ForceDeleteWithoutRecovery"))
    if days is not None and force:
        raise AwsError(
            "InvalidParameterException",
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        )
    if days is not None and not 7 <= int(days) <= 30:
        raise AwsError(
            "InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        )
    if force:
        return None
    secret = secrets_of(call).find(call.arguments["SecretId"])
    if deleted_at(secret) is not None:
        raise AwsError(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was already scheduled for deletion.",
        )
    secret = secrets_of(call).writable(call.arguments["SecretId"])
    if secret.replicas:
        regions = ",".join(replica.region for replica in secret.replicas)
        raise AwsError(
            "InvalidParameterException",
            f"You can't delete secret {secret.name} that still has replica regions [{regions}]",
        )
    secret.delete(call.account.now() + int(days or 30) * _DAY)
    return named(secret, DeletionDate=secret.deleted_date)


@rule("secretsmanager", "RestoreSecret")
def restore_secret(call: Call) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html"""
    secrets_of(call).find(call.arguments["SecretId"])


@rule(
    "secretsmanager",
    "TagResource",
    "UntagResource",
    "PutResourcePolicy",
    "DeleteResourcePolicy",
    "ReplicateSecretToRegions",
    "RemoveRegionsFromReplication",
)
def change_something_else(call: Call) -> None:
    """The errors of these operations in botocore: unknown, or marked for deletion."""
    secrets_of(call).usable(call.arguments["SecretId"])


@rule("secretsmanager", "GetRandomPassword")
def get_random_password(call: Call) -> Result:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html"""
    arguments = call.arguments
    excluded = set(arguments.get("ExcludeCharacters") or "")
    kinds = {
        "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeUppercase": string.ascii_uppercase,
        "ExcludeNumbers": string.digits,
        "ExcludePunctuation": string.punctuation,
    }
    included = [
        [character for character in characters if character not in excluded]
        for option, characters in kinds.items()
        if not arguments.get(option)
    ]
    if arguments.get("IncludeSpace") and " " not in excluded:
        included.append([" "])
    included = [characters for characters in included if characters]
    length = int(arguments.get("PasswordLength") or 32)
    required = included if arguments.get("RequireEachIncludedType") is not False else []
    if length < len(required):
        raise AwsError("InvalidParameterException", "Password length is too short based on the required types.")
    if not included:
        raise AwsError("InvalidParameterException", "The options leave no characters to make a password of.")
    choice = random.SystemRandom()
    everything = [character for characters in included for character in characters]
    made = [choice.choice(characters) for characters in required]
    made += [choice.choice(everything) for _place in range(length - len(made))]
    choice.shuffle(made)
    return {"RandomPassword": "".join(made)}
