# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The password policy of a user pool: what a password must have, how long a temporary one lives, and a valid one."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.protocol import AwsError

# https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html lists them; a space inside
# counts too.
SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "

# Two texts are known from AWS's answers: an operation that makes a user says the first, one that changes the password
# of a user that is there says the second.
MADE = "Password did not conform with policy"
CHANGED = "Password does not conform to policy"

_DAY = 86_400.0
_DEFAULT_DAYS = 7


@dataclass(frozen=True)
class Policy:
    """PasswordPolicyType; the default is that of a pool made without one.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
    """

    minimum: int = 8
    uppercase: bool = True
    lowercase: bool = True
    numbers: bool = True
    symbols: bool = True
    temporary_seconds: float = _DEFAULT_DAYS * _DAY

    @classmethod
    def of(cls, pool: Mapping[str, Any]) -> Policy:
        """The policy of a pool's settings. A policy that is given says nothing of a kind when it does not require it.

        botocore, TemporaryPasswordValidityDays: 0 is "a null value", the default is 7, and where it is set the older
        UnusedAccountValidityDays can not be.
        """
        given = (pool.get("Policies") or {}).get("PasswordPolicy")
        unused = (pool.get("AdminCreateUserConfig") or {}).get("UnusedAccountValidityDays")
        days = int((given or {}).get("TemporaryPasswordValidityDays") or unused or _DEFAULT_DAYS)
        if given is None:
            return cls(temporary_seconds=days * _DAY)
        return cls(
            minimum=int(given.get("MinimumLength") or cls.minimum),
            uppercase=bool(given.get("RequireUppercase")),
            lowercase=bool(given.get("RequireLowercase")),
            numbers=bool(given.get("RequireNumbers")),
            symbols=bool(given.get("RequireSymbols")),
            temporary_seconds=days * _DAY,
        )

    def complaint(self, password: str) -> str:
        """What the password lacks, in AWS's words; empty when it conforms."""
        if len(password) < self.minimum:
            return "Password not long enough"
        for required, pattern, kind in (
            (self.uppercase, "[A-Z]", "uppercase"),
            (self.lowercase, "[a-z]", "lowercase"),
            (self.numbers, "[0-9]", "numeric"),
            (self.symbols, f"[{re.escape(SYMBOLS)}]", "symbol"),
        ):
            if required and not re.search(pattern, password):
                return f"Password must have {kind} characters"
        return ""

    def check(self, password: str, said: str) -> None:
        """InvalidPasswordException when the password does not conform."""
        complaint = self.complaint(password)
        if complaint:
            raise AwsError("InvalidPasswordException", f"{said}: {complaint}")

    def generate(self) -> str:
        """A password that conforms to any policy of this length.

        botocore, AdminCreateUser, TemporaryPassword: "If you don't specify a value, Amazon Cognito generates one".
        """
        kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "^$*.?!@#%&")
        every = [secrets.choice(kind) for kind in kinds]
        rest = [secrets.choice("".join(kinds)) for _place in range(max(self.minimum, 8) - len(every))]
        return "".join(secrets.SystemRandom().sample(every + rest, len(every + rest)))
