# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Plain parameters of Systems Manager's Parameter Store.

Sources: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target

PARAMETERS_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {"name": {"type": "str", "required": True}, "value": {"type": "str", "required": True}},
}

# API_PutParameter, Tier: 4 KB, and 8 KB of an advanced parameter.
_MOST_BYTES = {"Standard": 4096, "Advanced": 8192}


def fetch_parameter(aws: Aws, target: Target) -> Mapping[str, Any]:
    """The parameter as GetParameters tells it. A secure one is read encrypted, so its value is not seen here either.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: There is none.
    """
    found = aws.call("ssm", "GetParameters", Names=[target.name], WithDecryption=False)["Parameters"]
    if not found:
        raise Refused(f"{target.name}: there is no such parameter. Check its name, the region and the account.")
    return found[0]


def plan_parameter(target: Target, parameter: Mapping[str, Any], _context: object = None) -> Plan:
    """How to get one parameter to its value.

    Args:
        target: An element of the option `parameters`.
        parameter: As AWS describes it.

    Raises:
        Refused: It is a secret, or the value is none that AWS takes.
    """
    value = target.desired["value"]
    if parameter["Type"] == "SecureString":
        raise Refused(
            f"{target.name} is a SecureString, and its value would be shown here. Set it where secrets are kept."
        )
    if not value:
        raise Refused(f"{target.name}: a parameter needs a value.")
    if len(value.encode()) > _MOST_BYTES["Advanced"]:
        raise Refused(f"{target.name}: the value has {len(value.encode())} bytes, and AWS takes at most 8192.")
    before, after = ({"name": target.name, "value": text} for text in (parameter["Value"], value))
    if parameter["Value"] == value:
        return Plan(before, after)
    arguments = {"Name": target.name, "Value": value, "Overwrite": True}
    return Plan(before, after, (Call("ssm", "PutParameter", arguments),))
