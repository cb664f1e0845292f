# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The environment variables of a Lambda function: which can be set, which may be told, and how much fits. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._hidden import without
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

# The variable that a refresh stamps. It means nothing to the function: that it changes makes Lambda start anew.
REFRESH = "RUNBOOK_REFRESH"

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: "The total size of all environment variables
# doesn't exceed 4 KB". What AWS measures is their JSON, which its refusal quotes:
# https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594
MOST_BYTES = 4096

# botocore, EnvironmentVariableName.
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")

# "Reserved environment variables" of the page above.
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)

# Words of a name that say that its value is a secret, and last words that say that it only points to one or counts.
_SECRET = re.compile(
    r"(?:^|_)(?:PASSWORDS?|PASSWD|PASSPHRASE|PWD|SECRETS?|TOKEN|PRIVATE|CREDENTIALS?|APIKEY"
    r"|(?:API|ACCESS|AUTH|SIGNING|ENCRYPTION)_KEY)(?:_|$)"
)
_POINTS = re.compile(r"_(?:ARN|NAME|ID|TTL|SECONDS|LIMIT|COUNT)$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable of this name holds a secret, going by its name; an ARN is none."""
    words = _HUMP.sub("_", name).upper()
    return bool(_SECRET.search(words)) and not _POINTS.search(words) and not value.startswith("arn:")


def read_variables(subject: str, option: str, given: Mapping[str, Any] | None) -> dict[str, str]:
    """An option with variables, as text.

    Raises:
        Refused: A name or a value is none that a function can have. Values are not quoted.
    """
    variables: dict[str, str] = {}
    for name, value in (given or {}).items():
        check_name(subject, str(name))
        if value is None or isinstance(value, bool | Mapping | list | tuple):
            kind = "empty" if value is None else type(value).__name__
            raise Refused(f"{subject}: {option}.{name} is {kind}; a variable is text. Quote it as you want it to be.")
        variables[str(name)] = str(value)
    return variables


def check_name(subject: str, name: str) -> None:
    """Refuse a name that no function can set."""
    if name in _RESERVED:
        raise Refused(f"{subject}: {name} is set by Lambda itself and cannot be changed.")
    if not _NAME.fullmatch(name):
        raise Refused(
            f"{subject}: {name} cannot be a variable's name. It begins with a letter and has two or more letters,"
            " digits and underscores."
        )


def variables_of(configuration: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a function or version.

    Raises:
        AwsError: Lambda could not decrypt them for the caller, and a change would lose them.
    """
    environment = configuration.get("Environment", {})
    if error := environment.get("Error"):
        # botocore, EnvironmentResponse.Error: "Error messages for environment variables that couldn't be applied".
        # The message comes from the key's service and quotes no variable.
        raise AwsError(
            f"{configuration['FunctionName']}: its environment cannot be read:"
            f" {error.get('ErrorCode', 'Unknown')}: {str(error.get('Message', '')).rstrip('.')}. Allow kms:Decrypt with"
            " its key to the role or user that runs this.",
            str(error.get("ErrorCode", "Unknown")),
        )
    return dict(environment.get("Variables", {}))


def check_size(subject: str, variables: Mapping[str, str]) -> None:
    """Refuse more than a function can have."""
    size = len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode())
    if size > MOST_BYTES:
        raise Refused(
            f"{subject}: its environment would have {size} bytes as JSON, and Lambda takes {MOST_BYTES}. Remove"
            " variables (environment_absent), or let the function read them from a parameter."
        )


def without_values(text: str, variables: Mapping[str, str], subject: str) -> str:
    """A text of AWS without the values of variables: its refusals quote all of them.

    Args:
        text: What AWS said.
        variables: What was sent.
        subject: The function; what is part of its name is no secret.
    """
    text = re.sub(r"\s*String measured: \{.*\}", "", text, flags=re.DOTALL)
    return without(text, (value for value in variables.values() if value not in subject))
