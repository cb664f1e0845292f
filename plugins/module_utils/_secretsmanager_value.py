# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Values of secrets: what a new one is made of, and what it has in it. No message quotes one."""

from __future__ import annotations

import hmac
import json
import os
import stat
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

# model, PutSecretValue, SecretString: 1 to 65536.
MOST_BYTES = 65_536


def read_file(subject: str, path: str, *, keyed: bool) -> Any:
    """What the operator's file holds.

    Args:
        subject: The secret.
        path: The file.
        keyed: Whether it holds values by key, as JSON, and not the whole value.

    Raises:
        Refused: It cannot be read, or others may read it, or it is not what it should be.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise Refused(
                    f"{subject}: {path} is a pipe or a device, and what comes out of it is gone when it is read again:"
                    " after a look in check mode nothing would be left for the change, and a module has no standard input."
                    " Give a file of mode 0600 in value_file, or value from Ansible Vault or a lookup."
                )
            rights = stat.S_IMODE(mode)
            if rights & 0o077:
                raise Refused(
                    f"{subject}: {path} has mode {rights:04o}, so others than its owner have rights to it. Run chmod"
                    " 600 on it, and think of who may have read it."
                )
            content = file.read(MOST_BYTES + 2)
    except OSError as error:
        raise Refused(f"{subject}: {path} cannot be read: {error.strerror}.") from None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Refused(f"{subject}: {path} is not text in UTF-8; binary values cannot be set.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    return _json_object(text, f"{subject}: {path}") if keyed else text


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for somebody who writes into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def new_text(subject: str, keys: Iterable[str], add_keys: bool, there: str | None, given: Any) -> str:
    """The whole new value.

    Args:
        subject: The secret.
        keys: The keys that get new values; without any `given` is the whole.
        add_keys: Whether they may be new.
        there: The value that is there, or none.
        given: A text, or values by key.

    Raises:
        Refused: It is none that a secret can have, or keys are named where there is no JSON object.
    """
    keys = tuple(keys)
    text = _merged(subject, keys, add_keys, there, given) if keys else _whole(subject, given)
    if not text:
        raise Refused(f"{subject}: the new value is empty. Give one.")
    if (size := len(text.encode())) > MOST_BYTES:
        raise Refused(f"{subject}: the new value has {size} bytes, and Secrets Manager takes {MOST_BYTES}.")
    return text


def _whole(subject: str, given: Any) -> str:
    if isinstance(given, Mapping):
        raise Refused(
            f"{subject}: value is a dictionary and no keys are named. Name them in keys to keep the others, or give the"
            " whole value as text, for example with to_json."
        )
    if isinstance(given, bool | int | float | list | tuple):
        raise Refused(
            f"{subject}: value is {type(given).__name__}, and a secret is text. Quote it as you want it to be."
        )
    return str(given)


def _merged(subject: str, keys: tuple[str, ...], add_keys: bool, there: str | None, given: Any) -> str:
    if not isinstance(given, Mapping):
        raise Refused(f"{subject}: keys are named, so value is a dictionary with a value for each of them.")
    if different := sorted({str(key) for key in given} ^ set(keys)):
        raise Refused(f"{subject}: keys and value do not name the same keys: {', '.join(different)}.")
    if empty := sorted(key for key in keys if given[key] in (None, "")):
        raise Refused(f"{subject}: the new value of {', '.join(empty)} is empty. Give one.")
    values = {} if there is None else _json_object(there, f"{subject}: its value")
    missing = [key for key in keys if key not in values]
    if missing and not add_keys:
        raise Refused(
            f"{subject}: its value has no key {', '.join(missing)}; it has {', '.join(sorted(values)) or 'none'}. Check"
            " the spelling, or say add_keys: true."
        )
    return json.dumps({**values, **{key: given[key] for key in keys}}, ensure_ascii=False)


def _json_object(text: str, what: str) -> dict[str, Any]:
    values = as_object(text)
    if values is None:
        raise Refused(f"{what} is no JSON object, so it has no keys. Leave keys out to replace the whole value.")
    return values


def as_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, or none."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def same(one: str | None, other: str) -> bool:
    """Whether two values are the same, as text or as JSON objects, told in a time that does not depend on where they
    differ.
    """
    if one is None:
        return False
    first, second = as_object(one), as_object(other)
    if first is not None and second is not None:
        one, other = json.dumps(first, sort_keys=True), json.dumps(second, sort_keys=True)
    return hmac.compare_digest(one.encode(), other.encode())


def leaves(value: Any) -> list[str]:
    """Every text and number in a value; a text that is a JSON object is looked into."""
    if isinstance(value, Mapping):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    if value is None or isinstance(value, bool):
        return []
    inner = as_object(value) if isinstance(value, str) else None
    return [str(value), *(leaves(inner) if inner is not None else [])]
