# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Secrets of Secrets Manager and the versions of their values: what is asked, and what is there.

Values only: `_secretsmanager_reader` reads, `_secretsmanager_plan` plans.

Sources, by the short names that the comments use:

- model: botocore's text of the operation or shape.
- versions: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"

# What CloudTrail calls a rotation whose function has failed, and the code of our error:
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html
FAILED = "RotationFailed"

# With this ends the id of a version that is rotated to while automatic rotation is off. RotateSecret turns it on, and a
# run that was killed before it was off again has left no other trace of that.
_WHILE_OFF = "-off"

# The options of GetRandomPassword, in AWS's words.
GENERATOR = {
    "length": "PasswordLength",
    "exclude_characters": "ExcludeCharacters",
    "exclude_numbers": "ExcludeNumbers",
    "exclude_punctuation": "ExcludePunctuation",
    "exclude_uppercase": "ExcludeUppercase",
    "exclude_lowercase": "ExcludeLowercase",
    "include_space": "IncludeSpace",
    "require_each_included_type": "RequireEachIncludedType",
}

SECRETS_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    # The elements name secrets; only what `value` holds is one.
    "no_log": False,
    "options": {
        "name": {"type": "str", "required": True},
        "action": {"type": "str", "choices": ["rotate", "generate", "set", "rollback"]},
        "keys": {"type": "list", "elements": "str", "no_log": False},
        "add_keys": {"type": "bool", "default": False, "no_log": False},
        "length": {"type": "int"},
        "exclude_characters": {"type": "str"},
        "exclude_numbers": {"type": "bool"},
        "exclude_punctuation": {"type": "bool"},
        "exclude_uppercase": {"type": "bool"},
        "exclude_lowercase": {"type": "bool"},
        "include_space": {"type": "bool"},
        "require_each_included_type": {"type": "bool"},
        "value": {"type": "raw", "no_log": True},
        "value_file": {"type": "path"},
        "replace_object": {"type": "bool", "default": False},
        "version_id": {"type": "str"},
        "from_version": {"type": "str"},
        "stamp": {"type": "str"},
        "max_age_days": {"type": "float"},
        "abort_pending": {"type": "bool"},
        "pending_minutes": {"type": "float", "default": 15},
    },
}

# Which of an element's options each action understands, beside its name.
_UNDERSTOOD = {
    "rotate": {"stamp", "max_age_days", "abort_pending", "pending_minutes"},
    "generate": {"keys", "add_keys", "stamp", "max_age_days", *GENERATOR},
    "set": {"keys", "add_keys", "value", "value_file", "replace_object", "stamp"},
    "rollback": {"from_version"},
    None: {"version_id"},
}

# model, ClientRequestToken, which becomes the version's id: 32 to 64 characters.
_VERSION_ID = re.compile(r".{32,64}")
# model, GetRandomPassword, PasswordLength.
_LONGEST = 4096


@dataclass(frozen=True)
class Wish:
    """What is asked for one secret.

    Attributes:
        secret: The secret as the operator named it, a name or an ARN.
        action: `rotate`, `generate`, `set`, `rollback`, or none.
        keys: Keys of the JSON object that get new values; without any the whole value is replaced.
        add_keys: Whether they may be new.
        generator: Arguments of GetRandomPassword.
        value: What to set: a text, or with keys their values. Never told.
        value_file: The file that has it, if `value` is none.
        replace_object: Whether a JSON object may be replaced by a text that is none.
        version_id: The version that AWSCURRENT shall be on.
        from_version: The version that a rollback leaves.
        stamp: What names the change.
        token: The new version's id, where no stamp gives it.
        max_age_days: The age under which the secret is left alone.
        abort_pending: Whether what a failed rotation left is cleared away; none: only where it has no value.
        pending_minutes: After how many minutes without any change a rotation counts as left.
    """

    secret: str
    action: str | None = None
    keys: tuple[str, ...] = ()
    add_keys: bool = False
    generator: Mapping[str, Any] = field(default_factory=dict)
    value: Any = field(default=None, repr=False)
    value_file: str | None = None
    replace_object: bool = False
    version_id: str | None = None
    from_version: str | None = None
    stamp: str | None = None
    token: str = ""
    max_age_days: float | None = None
    abort_pending: bool | None = None
    pending_minutes: float = 15

    def stamped(self, arn: str) -> str:
        """What the ids of all versions begin with that this stamp makes of a secret, also in another run."""
        return str(uuid.UUID(bytes=hashlib.sha256(f"{arn}\n{self.stamp}".encode()).digest()[:16], version=4))

    def new_version(self, arn: str, *, while_off: bool = False) -> str:
        """The id that the new version gets.

        A value is put at once or not at all, so the stamp alone gives its id. A rotation may fail and leave its
        version, whose value cannot be changed any more, so every attempt has an id of its own.

        Args:
            arn: ARN of the secret.
            while_off: Whether automatic rotation is off and is on for this rotation only.
        """
        if self.action != "rotate":
            return self.token if self.stamp is None else self.stamped(arn)
        attempt = self.token if self.stamp is None else f"{self.stamped(arn)}-{self.token[:8]}"
        return f"{attempt}{_WHILE_OFF if while_off else ''}"

    def has_made(self, version: Version, arn: str) -> bool:
        """Whether the stamp makes this version."""
        return self.stamp is not None and version.id.startswith(self.stamped(arn))


@dataclass(frozen=True)
class Version:
    """A version of a secret.

    Attributes:
        id: Its id.
        stages: Its staging labels.
        created: When it was made; none while it has no value.
    """

    id: str
    stages: tuple[str, ...] = ()
    created: datetime | None = None

    @property
    def while_off(self) -> bool:
        """Whether automatic rotation was off before it was rotated to, and was to be off afterwards."""
        return self.id.endswith(_WHILE_OFF)


@dataclass(frozen=True)
class Secret:
    """A secret as it was found; its value is only there where the wish needs it.

    Attributes:
        arn: Its ARN.
        name: Its name.
        described: What DescribeSecret answers.
        versions: All versions by id, also those without labels.
        read_at: When this was read, by AWS's clock.
        value: The current value as text; none where it was not read, or there is none.
        binary: Whether the current value is binary.
        random: New random values, one for each key, or one for the whole.
        given: What the operator wants to set: a text, or values by key.
        function_missing: Why the rotation function cannot be used, or nothing.
        pending_failed: What is known of why the pending rotation failed, or nothing.
        remarks: What could not be seen, and why.
    """

    arn: str
    name: str
    described: Mapping[str, Any]
    versions: Mapping[str, Version]
    read_at: datetime
    value: str | None = field(default=None, repr=False)
    binary: bool = False
    random: tuple[str, ...] = field(default=(), repr=False)
    given: Any = field(default=None, repr=False)
    function_missing: str = ""
    pending_failed: str = ""
    remarks: tuple[str, ...] = ()

    def labelled(self, stage: str) -> Version | None:
        """The version that has a staging label; each label is on one version at most (versions)."""
        return next((version for version in self.versions.values() if stage in version.stages), None)

    @property
    def current(self) -> Version | None:
        """The version that those who use the secret get."""
        return self.labelled(CURRENT)

    @property
    def pending(self) -> Version | None:
        """The version of a rotation that has not ended.

        model, RotateSecret: AWSPENDING may stay on the current version after success, and means nothing there.
        """
        version = self.labelled(PENDING)
        return None if version is None or CURRENT in version.stages else version

    @property
    def automatic(self) -> bool:
        """Whether automatic rotation is on.

        RotateSecret turns it on, and turning it off cancels a rotation that is in progress (model, CancelRotateSecret), so
        none is under way where it is off.
        """
        return bool(self.described.get("RotationEnabled"))

    @property
    def changed(self) -> datetime | None:
        """When anything of the secret was changed last."""
        moment: datetime | None = self.described.get("LastChangedDate") or self.described.get("CreatedDate")
        return moment

    def age_days(self) -> float | None:
        """How old the current version is."""
        if self.current is None or self.current.created is None:
            return None
        return round(max(0.0, (self.read_at - self.current.created).total_seconds()) / 86_400, 3)

    def unchanged_minutes(self) -> float:
        """For how long nothing of the secret was changed."""
        return 0.0 if self.changed is None else (self.read_at - self.changed).total_seconds() / 60

    def older_than(self, days: float) -> bool:
        """Whether the current version is of this age; a secret without a value is of any."""
        if self.current is None or self.current.created is None:
            return True
        return (self.read_at - self.current.created).total_seconds() >= days * 86_400


@dataclass(frozen=True)
class Judgement:
    """What counts as overdue and as stuck.

    Attributes:
        max_age_days: The age at which a secret is overdue; none: by its own schedule.
        pending_minutes: After how many minutes without any change a rotation counts as stuck.
    """

    max_age_days: float | None
    pending_minutes: float


def read_targets(
    secrets: Iterable[Mapping[str, Any]], max_age_days: float | None, new_token: Callable[[], str]
) -> list[Target]:
    """The elements of the option `secrets`, checked for what makes sense for no secret.

    Args:
        secrets: The elements.
        max_age_days: The task's own limit, for elements without one.
        new_token: Gives an id for a new version.

    Raises:
        Refused: An element makes no sense.
    """
    return [Target(given["name"], _read(given, max_age_days, new_token())) for given in secrets]


def _read(given: Mapping[str, Any], max_age_days: float | None, token: str) -> Wish:
    name, action = given["name"], given["action"]
    if not name:
        raise Refused("An element of secrets has an empty name.")
    _refuse_misplaced(name, action, given)
    wish = Wish(
        secret=name,
        action=action,
        keys=tuple(dict.fromkeys(given["keys"] or ())),
        add_keys=given["add_keys"],
        generator={word: given[option] for option, word in GENERATOR.items() if given[option] is not None},
        value=given["value"],
        value_file=given["value_file"],
        replace_object=given["replace_object"],
        version_id=given["version_id"],
        from_version=given["from_version"],
        stamp=given["stamp"],
        token=token,
        max_age_days=given["max_age_days"] if given["max_age_days"] is not None else max_age_days,
        abort_pending=given["abort_pending"],
        pending_minutes=given["pending_minutes"],
    )
    _check(wish)
    return wish


def _refuse_misplaced(name: str, action: str | None, given: Mapping[str, Any]) -> None:
    defaults = {option: spec.get("default") for option, spec in SECRETS_SPEC["options"].items()}
    said = {option for option, value in given.items() if option in defaults and value != defaults[option]}
    if misplaced := sorted(said - {"name", "action"} - _UNDERSTOOD[action]):
        what = f"action: {action}" if action else "an element without an action"
        raise Refused(f"{name}: {', '.join(misplaced)} means nothing for {what}. Leave it out, or name another action.")


def _check(wish: Wish) -> None:
    name = wish.secret
    for option, number in (("max_age_days", wish.max_age_days), ("pending_minutes", wish.pending_minutes)):
        if number is not None and number < 0:
            raise Refused(f"{name}: {option} is {number:g}: give 0 or more.")
    if any(not key for key in wish.keys):
        raise Refused(f"{name}: keys has an empty key.")
    length = wish.generator.get("PasswordLength", 1)
    if not 1 <= length <= _LONGEST:
        raise Refused(f"{name}: length is {length}: give 1 to {_LONGEST}.")
    if wish.stamp == "":
        raise Refused(f"{name}: stamp is empty. Leave it out, or name the operation.")
    if wish.action == "set" and (wish.value is None) == (wish.value_file is None):
        raise Refused(f"{name}: action: set needs either value or value_file.")
    if wish.add_keys and not wish.keys:
        raise Refused(f"{name}: add_keys needs keys.")
    for option, version in (("version_id", wish.version_id), ("from_version", wish.from_version)):
        if version is not None and not _VERSION_ID.fullmatch(version):
            raise Refused(
                f"{name}: {option} is no version's id, which has 32 to 64 characters. The versions are in the result of"
                " secretsmanager_rotation_info."
            )


def element(name: str, version: str | None) -> dict[str, Any]:
    """A secret's current version as an element of the option `secrets`."""
    return {"name": name, **({"version_id": version} if version else {})}


def shown(moment: datetime | None) -> str | None:
    """A moment as it is shown, or none."""
    return stamp(moment) if moment else None


def shape_secret(secret: Secret) -> dict[str, Any]:
    """A secret's versions for the operator, by id and label."""
    previous = secret.labelled(PREVIOUS)
    return {
        "arn": secret.arn,
        "version_id": secret.current.id if secret.current else None,
        "previous_version_id": previous.id if previous else None,
        "age_days": secret.age_days(),
    }


def stages_of(secret: Secret) -> dict[str, list[str]]:
    """The staging labels of each version that has any."""
    return {version.id: sorted(version.stages) for version in secret.versions.values() if version.stages}


def report_secret(target: str, secret: Secret, judgement: Judgement) -> dict[str, Any]:
    """A secret for the operator: its versions, its rotation, and whether it is overdue or stuck."""
    found, pending = secret.described, secret.pending
    newest = sorted(
        (version for version in secret.versions.values() if version.stages),
        key=lambda version: (version.created is None, version.created or secret.read_at),
        reverse=True,
    )
    return {
        **shape_secret(secret),
        "secret": element(target, secret.current.id if secret.current else None),
        "name": secret.name,
        "overdue": _overdue(secret, judgement.max_age_days),
        "versions": [
            {"version_id": version.id, "stages": sorted(version.stages), "created": shown(version.created)}
            for version in newest
        ],
        "pending": {
            "version_id": pending.id,
            "changed": shown(secret.changed),
            "stuck": not secret.automatic or secret.unchanged_minutes() >= judgement.pending_minutes,
        }
        if pending
        else None,
        "rotation": {
            "enabled": secret.automatic,
            "function": found.get("RotationLambdaARN"),
            "rules": dict(found.get("RotationRules") or {}),
            "next_date": shown(found.get("NextRotationDate")),
            "last_rotated": shown(found.get("LastRotatedDate")),
        },
        "deleted_date": shown(found.get("DeletedDate")),
        "kms_key_id": found.get("KmsKeyId"),
        "owning_service": found.get("OwningService"),
        "primary_region": found.get("PrimaryRegion"),
        "replicas": [
            {"region": replica.get("Region"), "status": replica.get("Status"), "message": replica.get("StatusMessage")}
            for replica in found.get("ReplicationStatus") or ()
        ],
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags") or ()},
    }


def _overdue(secret: Secret, max_age_days: float | None) -> bool | None:
    if secret.current is None:
        return None
    if max_age_days is not None:
        return secret.older_than(max_age_days)
    found = secret.described
    if not secret.automatic:
        return None
    # model, DescribeSecretResponse, NextRotationDate: "on or before this date. […] If rotation is unsuccessful, this
    # date may be in the past."
    due: datetime | None = found.get("NextRotationDate")
    days = (found.get("RotationRules") or {}).get("AutomaticallyAfterDays")
    if due is None and days is None:
        return None
    return bool((due and due < secret.read_at) or (days and due is None and secret.older_than(days)))
