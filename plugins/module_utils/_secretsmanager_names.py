# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a text names a secret: by its name, its ARN, or its ARN without the six characters at the end. Pure.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html, "ARN_secretnamehyphen": "Secrets
Manager appends six random characters after the secret name at the end of the ARN", and finds a secret without them too.
"""

from __future__ import annotations

import re

_ARN = re.compile(r"(?P<place>arn:[\w-]+:secretsmanager:[\w-]*:\d*):secret:(?P<resource>.+)")
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


def names_secret(text: str, secret: str) -> bool:
    """Whether a text, all of it, names a secret.

    A name that itself ends in a hyphen and six characters cannot be told from an ARN's end; both readings count,
    because to start a function anew for nothing is better than to leave it with an old value.

    Args:
        text: For example the value of an environment variable.
        secret: Name or ARN of the secret. A name is taken for that secret in any region and account.
    """
    if text == secret:
        return True
    said, meant = _ARN.fullmatch(text), _ARN.fullmatch(secret)
    if said and meant and said["place"] != meant["place"]:
        return False
    return bool(_names(text, said) & _names(secret, meant))


def _names(text: str, arn: re.Match[str] | None) -> set[str]:
    """The names that a secret may have which is named like this."""
    if arn is None:
        return {text}
    return {arn["resource"], _SUFFIX.sub("", arn["resource"])}
