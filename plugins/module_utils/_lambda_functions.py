# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the modules of Lambda share: how a function is named, and its provisioned concurrency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

# The name formats of API_GetFunction, FunctionName.
_NAME = re.compile(
    r"(?:arn:[\w-]+:lambda:)?(?:[a-z]{2,}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[\w-]{1,64})(?::(?P<qualifier>[\w$.-]+))?"
)


class Caller(Protocol):
    """What is needed of `_aws.Aws` here."""

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]: ...

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]: ...


@dataclass(frozen=True)
class Provisioned:
    """One configuration of provisioned concurrency."""

    requested: int
    status: str
    reason: str = ""
    allocated: int = 0
    available: int = 0


def function_name(function: str, why_whole: str) -> str:
    """A function's name, from its name or ARN.

    Args:
        function: As the operator gave it.
        why_whole: Why no version is taken, and what to do instead; a format with the `qualifier`.

    Raises:
        Refused: It is neither, or names a version as well.
    """
    match = _NAME.fullmatch(function)
    if match is None:
        raise Refused(f"{function}: this is no function's name or ARN.")
    if match["qualifier"]:
        raise Refused(f"{function}: {why_whole.format(qualifier=match['qualifier'])}")
    return match["name"]


def fetch_provisioned(aws: Caller, function: str) -> dict[str, Provisioned]:
    """All provisioned concurrency of a function, by alias or version.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    found = aws.pages(
        "lambda", "ListProvisionedConcurrencyConfigs", "ProvisionedConcurrencyConfigs", FunctionName=function
    )
    return {
        config["FunctionArn"].rpartition(":")[2]: Provisioned(
            requested=config["RequestedProvisionedConcurrentExecutions"],
            status=config["Status"],
            reason=config.get("StatusReason", ""),
            allocated=config.get("AllocatedProvisionedConcurrentExecutions", 0),
            available=config.get("AvailableProvisionedConcurrentExecutions", 0),
        )
        for config in found
    }
