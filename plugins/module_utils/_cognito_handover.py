# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Temporary passwords: made here, left in a secret or a file, and only then set in Cognito.

A plan knows no password. It has a call that hands one over, which teaches it to the call that sets it (`Call.learns`), so
that a run which is killed in between has set none that nobody knows.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._cognito import RENEW, Way
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Refused, Settle

SECRETS = "secretsmanager"
FILE = "file"
# What a call that hands a password over learns: for the call that sets it alone.
PASSWORD = "_password"
# A secret that has it is an invitation to the pool that it names.
TAG = "runbook:invitation"

# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html, Name
_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")

# Letters and digits that nobody takes for another one, and symbols of Cognito's list that need no quoting in most
# places: https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
_KINDS = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "-_.+=@%")
_LENGTH = 20


@dataclass(frozen=True)
class Handover:
    """Where passwords are left.

    Attributes:
        prefix: Begin of the names of secrets, or empty.
        file: Path of the file, or empty.
        key: Key of new secrets, or empty.
        tags: Tags of new secrets.
    """

    prefix: str = ""
    file: str = ""
    key: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """Where the password of a user is left."""
        return self.file or f"{self.prefix}{name}"

    def call(self, pool_id: str, name: str, there: bool) -> Call:
        """The call that leaves a password.

        Args:
            pool_id: The pool.
            name: The user.
            there: Whether the user's secret is there already.
        """
        value = {"user_pool_id": pool_id, "username": name}
        learns = {PASSWORD: "Password"}
        if self.file:
            return Call(FILE, "Append", {"Path": self.file, "Line": value}, learns=learns)
        named = {"SecretString": json.dumps(value)}
        if there:
            return Call(SECRETS, "PutSecretValue", {"SecretId": self.place(name), **named}, learns=learns)
        tags = [{"Key": key, "Value": value} for key, value in {**self.tags, TAG: pool_id}.items()]
        arguments = {
            "Name": self.place(name),
            "Description": "A temporary password for the first sign-in",
            "Tags": tags,
            **({"KmsKeyId": self.key} if self.key else {}),
        }
        return Call(SECRETS, "CreateSecret", {**arguments, **named}, learns=learns)


def read_handover(given: Mapping[str, Any] | None) -> Handover | None:
    """The module's option.

    Raises:
        Refused: It says nothing, or two things.
    """
    if given is None:
        return None
    prefix, file = given.get("secret_prefix") or "", given.get("file") or ""
    if bool(prefix) == bool(file):
        raise Refused("handover: give one of secret_prefix and file.")
    if file and (given.get("kms_key_id") or given.get("tags")):
        raise Refused("handover: kms_key_id and tags are for secrets. Leave them out with file.")
    if prefix and not _SECRET_NAME.fullmatch(prefix):
        raise Refused(f"handover: secret_prefix {prefix!r} has more than letters, digits and /_+=.@- in it.")
    tags = {str(key): str(value) for key, value in (given.get("tags") or {}).items()}
    if TAG in tags:
        raise Refused(f"handover: the tag {TAG} is set by this module. Leave it out.")
    if file:
        check_file(file)
    return Handover(prefix, file, given.get("kms_key_id") or "", tags)


def make_password(minimum_length: int) -> str:
    """A password that every password policy of Cognito allows.

    Args:
        minimum_length: The pool's. What else a policy can ask for, one of each kind of character, is there anyway.
    """
    rest = max(_LENGTH, minimum_length) - len(_KINDS)
    letters = [secrets.choice(kind) for kind in _KINDS]
    letters += [secrets.choice("".join(_KINDS)) for _letter in range(rest)]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


# --- the secret ------------------------------------------------------------------------------------------------------


def fetch_secret(aws: Way, handover: Handover, pool_id: str, name: str) -> bool:
    """Whether the secret of a user's invitation is there.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: It cannot be used.
    """
    secret = handover.place(name)
    if not _SECRET_NAME.fullmatch(secret):
        raise Refused(
            f"{name}: {secret!r} cannot be the name of a secret, which has up to 512 letters, digits and /_+=.@-. Hand"
            " this user's password over in a file."
        )
    try:
        found = aws.call(SECRETS, "DescribeSecret", SecretId=secret)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return False
        raise
    if found.get("DeletedDate"):
        raise Refused(
            f"{name}: the secret {secret} is being deleted. Restore it, or wait until it is gone, or use another prefix."
        )
    tags = {tag["Key"]: tag.get("Value") for tag in found.get("Tags") or ()}
    if tags.get(TAG) != pool_id:
        raise Refused(
            f"{name}: the secret {secret} is there and is no invitation to this pool (it has no tag {TAG} with"
            f" {pool_id}), so it is not overwritten. Use another prefix."
        )
    return True


# --- the file --------------------------------------------------------------------------------------------------------


def check_file(path: str) -> None:
    """Refuse a file that passwords must not be written to.

    Raises:
        Refused: It is one.
    """
    place = Path(path)
    if not place.is_absolute():
        raise Refused(f"handover: file {path} is no absolute path.")
    if not place.parent.is_dir():
        raise Refused(f"handover: the folder {place.parent} is not there. Make it, for yourself only.")
    try:
        found = place.lstat()
    except FileNotFoundError:
        if not os.access(place.parent, os.W_OK | os.X_OK):
            raise Refused(f"handover: nothing can be written in the folder {place.parent}.") from None
        return
    except OSError as error:
        raise Refused(f"handover: {path}: {error.strerror}.") from None
    _check_kind(path, found)
    if not os.access(path, os.W_OK):
        raise Refused(f"handover: {path} cannot be written to.")


def _check_kind(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"handover: {path} is no ordinary file. Name another one.")
    if found.st_uid != os.geteuid():
        raise Refused(f"handover: {path} belongs to somebody else. Name another file.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise Refused(f"handover: {path} has mode {mode:04o}, so others can read it. Say chmod 600, or name another.")


def append_line(path: str, line: Mapping[str, str]) -> None:
    """Append a line of JSON, whole and on disk when this returns.

    Raises:
        Refused: The file cannot be written.
    """
    try:
        # O_NOFOLLOW and the look at what was opened: between the check and now somebody may have put another one there.
        number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Refused(f"handover: {path}: {error.strerror}. No password was set.") from None
    try:
        _check_kind(path, os.fstat(number))
        fcntl.flock(number, fcntl.LOCK_EX)
        data = f"{json.dumps(line, ensure_ascii=False)}\n".encode()
        begin = os.fstat(number).st_size
        if os.write(number, data) != len(data):
            os.ftruncate(number, begin)
            raise Refused(f"handover: {path} could not be written, perhaps because the disk is full.")
        os.fsync(number)
    except OSError as error:
        raise Refused(f"handover: {path}: {error.strerror}. No password was set.") from None
    finally:
        os.close(number)


# --- on the way to AWS -----------------------------------------------------------------------------------------------


class HandingOver:
    """The way to AWS on which passwords are made and left, and which keeps them out of errors.

    Args:
        aws: The way to AWS.
        minimum_length: Of the pool's passwords.
    """

    def __init__(self, aws: Aws, minimum_length: int) -> None:
        self._aws = aws
        self._minimum_length = minimum_length
        self.pages = aws.pages

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """As `Aws.call`; a call that hands over answers with the password as well."""
        if service == FILE:
            # As a call of AWS: a run that was killed leaves no more passwords.
            self._aws.before(service, operation)
            password = make_password(self._minimum_length)
            append_line(arguments["Path"], _with(arguments["Line"], password))
            return {"Password": password}
        if service == SECRETS and "SecretString" in arguments:
            password = make_password(self._minimum_length)
            value = json.dumps(_with(json.loads(arguments["SecretString"]), password))
            answer = self._discreetly(password, service, operation, {**arguments, "SecretString": value})
            return {**answer, "Password": password}
        password = arguments.get("TemporaryPassword") or arguments.get("Password") or ""
        return self._discreetly(password, service, operation, arguments)

    def settled(self, settle: Settle) -> bool:
        """As `Aws.settled`."""
        return self._aws.settled(settle)

    def _discreetly(self, password: str, service: str, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._aws.call(service, operation, **arguments)
        except AwsError as error:
            said = str(error).replace(password, "(hidden)") if password else str(error)
            # Without the cause: a traceback would show it.
            raise AwsError(
                " ".join((said, *_consequences(operation, bool(password), error.code))), error.code
            ) from None


def _consequences(operation: str, handed_over: bool, code: str) -> Iterator[str]:
    """What a refusal leaves behind that the same task would not mend."""
    if operation == "AdminCreateUser" and handed_over and code == "UsernameExistsException":
        yield f"The password that was left is not the user's if somebody else made it: say {RENEW.format('always')} then."
    if operation == "AdminUserGlobalSignOut":
        yield (
            "A user that is disabled by now is signed out with sign_out: true; manage-users.yml and offboard-user.yml, run"
            " again, do so."
        )


def _with(value: Mapping[str, str], password: str) -> dict[str, str]:
    return {**value, "temporary_password": password}
