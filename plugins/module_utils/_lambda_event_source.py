# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Event source mappings of Lambda: whether a function reads from its source.

Sources: https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html, `State`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target

MAPPINGS_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "function": {"type": "str", "required": True},
        "source": {"type": "str", "required": True},
        "enabled": {"type": "bool", "required": True},
    },
}

# What a mapping is or becomes. `Updating` is one whose other settings are being changed; where it goes is not told.
_ON, _OFF, _ON_ITS_WAY = ("Enabled", "Enabling"), ("Disabled", "Disabling"), ("Creating", "Updating")


def read_targets(mappings: Iterable[Mapping[str, Any]]) -> list[Target]:
    """The elements of the option `mappings`, each known by its function and its source."""
    return [Target(f"{mapping['function']} from {mapping['source']}", mapping) for mapping in mappings]


def fetch_mapping(aws: Aws, target: Target) -> Mapping[str, Any]:
    """The mapping as AWS describes it.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: There is none, or it is being deleted.
    """
    function, source = target.desired["function"], target.desired["source"]
    found = aws.pages(
        "lambda",
        "ListEventSourceMappings",
        "EventSourceMappings",
        FunctionName=function,
        EventSourceArn=source,
    )
    there = [mapping for mapping in found if mapping["State"] != "Deleting"]
    if not there:
        raise Refused(
            f"{target.name}: there is no such mapping. Check the function's name, with its alias if the mapping has one,"
            " and the ARN of the source."
        )
    return there[0]


def plan_mapping(target: Target, mapping: Mapping[str, Any], _context: object = None) -> Plan:
    """How to get one mapping to what is wanted.

    Args:
        target: An element of the option `mappings`.
        mapping: As AWS describes it.
    """
    wanted, state = bool(target.desired["enabled"]), mapping["State"]
    uuid = {"UUID": mapping["UUID"]}
    settle = Settle("event_source_settled", uuid, until=f"State == '{_ON[0] if wanted else _OFF[0]}'")
    look = Call("lambda", "GetEventSourceMapping", uuid, settle)
    change = Call("lambda", "UpdateEventSourceMapping", {**uuid, "Enabled": wanted}, settle)
    rest = Call("lambda", "GetEventSourceMapping", uuid, Settle("event_source_settled", uuid))
    calls: tuple[Call, ...]
    if state in (_ON if wanted else _OFF):
        calls = () if state == (_ON if wanted else _OFF)[0] else (look,)
    else:
        # "The event source mapping is in use" (ResourceInUseException) is what AWS answers to a change on the way.
        calls = (change,) if state in (_ON[0], _OFF[0]) else (rest, change)
    before = state in _ON or (state in _ON_ITS_WAY and not wanted)
    return Plan({**target.desired, "enabled": before}, {**target.desired, "enabled": wanted}, calls)
