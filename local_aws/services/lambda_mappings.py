# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lambda: event source mappings take time to reach a state, keep their alias, and exist once for a source and a target.

moto's are Enabled or Disabled at once, can be made twice, and forget which alias they call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend, lambda_backends

from local_aws.accounts import AccountState
from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, on_time, rule
from local_aws.services.lambda_ import functions, split

# "ListEventSourceMappings returns a maximum of 100 items in each response" (botocore, MaxItems).
_LARGEST_PAGE = 100


@dataclass
class Transition:
    """What a mapping is on its way through, and until when."""

    state: str
    ends_at: float


@dataclass
class Mappings:
    """The transitions of one account and region by UUID; a mapping without one rests."""

    transitions: dict[str, Transition] = field(default_factory=dict)


def _run_nothing(_backend: LambdaBackend, *_arguments: Any, **_named: Any) -> None:
    """In place of moto's delivery of stream records, which runs the function in Docker with every item written.

    The records stay in the stream, where DynamoDB Streams' own API reads them.
    """


LambdaBackend.send_dynamodb_items = _run_nothing


@on_time("lambda", "cloudformation", "dynamodb")
def finish_transitions(account: AccountState) -> None:
    """A mapping that has been Deleting for its time is gone, any other has reached its state."""
    for region in account.regions(Mappings):
        transitions = account.store(Mappings, region).transitions
        for uuid, transition in list(transitions.items()):
            if transition.ends_at <= account.now():
                del transitions[uuid]
                if transition.state == "Deleting":
                    lambda_backends[account.id][region].delete_event_source_mapping(uuid)


def _backend(call: Call) -> LambdaBackend:
    return lambda_backends[call.account.id][call.region]


def _transitions(call: Call) -> dict[str, Transition]:
    return call.account.store(Mappings, call.region).transitions


def _begin(call: Call, mapping: EventSourceMapping, state: str) -> None:
    mapping.last_modified = call.account.now()
    _transitions(call)[mapping.uuid] = Transition(state, call.account.now() + call.account.settings.transition_seconds)
    finish_transitions(call.account)


def _describe(call: Call, mapping: EventSourceMapping) -> Result:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    transition = _transitions(call).get(mapping.uuid)
    shown: Result = {name: value for name, value in mapping.get_configuration().items() if name != "Tags"}
    return {
        **shown,
        "LastProcessingResult": "No records processed",
        **({"State": transition.state} if transition else {}),
    }


def _target(call: Call) -> str:
    """The ARN of the function that is named, with the qualifier if there is one.

    "Version or Alias ARN" is one of the name formats of botocore's CreateEventSourceMapping, FunctionName; the mapping
    then calls that alias or version, and its FunctionArn says so.
    """
    known = functions(call)
    name, qualifier = split(call.arguments["FunctionName"])
    arn = str(known.find(name).function_arn)
    if not qualifier:
        return arn
    known.version_of(name, qualifier)
    return f"{arn}:{qualifier}"


def _find(call: Call) -> EventSourceMapping:
    mapping = _backend(call).get_event_source_mapping(call.arguments["UUID"])
    if mapping is None:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.")
    return mapping


def _refuse_in_transition(call: Call, mapping: EventSourceMapping, verb: str) -> None:
    """botocore, ResourceInUseException of both operations: "For example, you tried to update an event source mapping in
    the CREATING state, or you tried to delete an event source mapping currently UPDATING".
    """
    if mapping.uuid in _transitions(call):
        raise AwsError("ResourceInUseException", f"Cannot {verb} the event source mapping because it is in use.")


@rule("lambda", "CreateEventSourceMapping")
def create_event_source_mapping(call: Call) -> Result:
    """Creating first, then Enabled or Disabled; a source is mapped to a function (or alias) once.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html: State and Enabled, and
    StartingPosition is "required for Amazon Kinesis and Amazon DynamoDB Stream event sources";
    the text of the conflict is in https://github.com/aws/serverless-application-model/issues/1320
    """
    arn = _target(call)
    source = str(call.arguments.get("EventSourceArn", ""))
    for other in _backend(call).list_event_source_mappings(source, None):
        if other.function_arn == arn:
            name = call.arguments["FunctionName"]
            raise AwsError(
                "ResourceConflictException",
                f'The event source arn (" {source} ") and function (" {name} ") provided mapping already exists. '
                f"Please update or delete the existing mapping with UUID {other.uuid}",
            )
    if source.split(":")[2:3] in (["dynamodb"], ["kinesis"]) and not call.arguments.get("StartingPosition"):
        raise AwsError(
            "InvalidParameterValueException",
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must "
            "not be null.",
        )
    mapping = _backend(call).get_event_source_mapping(call.proceed()["UUID"])
    mapping.function_arn = arn
    _begin(call, mapping, "Creating")
    return _describe(call, mapping)


@rule("lambda", "GetEventSourceMapping")
def get_event_source_mapping(call: Call) -> Result:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    return _describe(call, _find(call))


@rule("lambda", "ListEventSourceMappings")
def list_event_source_mappings(call: Call) -> Result:
    """A function is found by its name as well as by its ARN; moto compares the texts.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
    """
    arn = _target(call) if call.arguments.get("FunctionName") else None
    found = [
        _describe(call, mapping)
        for mapping in _backend(call).list_event_source_mappings(call.arguments.get("EventSourceArn"), None)
        if arn in (None, mapping.function_arn)
    ]
    items, following = page(found, call.arguments.get("Marker"), call.arguments.get("MaxItems"), _LARGEST_PAGE)
    return {"EventSourceMappings": items, **({"NextMarker": following} if following else {})}


@rule("lambda", "UpdateEventSourceMapping")
def update_event_source_mapping(call: Call) -> Result:
    """Enabling, Disabling or Updating first; refused while it is on its way already.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html, State
    """
    mapping = _find(call)
    _refuse_in_transition(call, mapping, "update")
    arn = _target(call) if call.arguments.get("FunctionName") else mapping.function_arn
    enabled = mapping.enabled
    call.proceed()
    mapping.function_arn = arn
    _begin(call, mapping, "Updating" if mapping.enabled == enabled else "Enabling" if mapping.enabled else "Disabling")
    return _describe(call, mapping)


@rule("lambda", "DeleteEventSourceMapping")
def delete_event_source_mapping(call: Call) -> Result:
    """botocore, DeleteEventSourceMapping: "When you delete an event source mapping, it enters a Deleting state and
    might not be completely deleted for several seconds".
    """
    mapping = _find(call)
    _refuse_in_transition(call, mapping, "delete")
    _begin(call, mapping, "Deleting")
    return {**_describe(call, mapping), "State": "Deleting"}
