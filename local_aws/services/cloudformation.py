# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudFormation: stacks that really make, change and remove what their template says, and can fail.

moto makes some types behind the back of their services and skips the rest without a word. Here a deployment calls the
services (kinds/), so what it makes is what they allow; what a stack does is in stacks.py, how a template is read in
template.py. Stack sets are moto's.
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from local_aws import kinds
from local_aws.accounts import AccountState
from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.stacks import DELETED, STACK_TYPE, Change, Deployment, Event, Output, Stack
from local_aws.template import LARGEST_BODY, LARGEST_OBJECT, Template, TemplateError, parameter_values, read

kinds.load()

_LARGEST_PAGE = 100
_HISTORY_SECONDS = 90 * 86_400
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_REVIEW = "REVIEW_IN_PROGRESS"
_NOTHING = "No updates are to be performed."
# The stacks that can be updated:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
_UPDATABLE = re.compile(r"(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK)_COMPLETE")


@dataclass
class ChangeSet:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html"""

    id: str
    name: str
    stack: Stack
    kind: str
    template: Template
    values: Mapping[str, str]
    tags: Mapping[str, str]
    created: float
    options: Mapping[str, Any]
    description: str
    changes: list[Change]
    execution: str = "AVAILABLE"
    reason: str = ""

    @property
    def status(self) -> str:
        return "FAILED" if self.reason else "CREATE_COMPLETE"


@dataclass
class Stacks:
    """The stacks of one account and region, those that were deleted too, and their change sets, by ID."""

    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)

    def parents(self) -> dict[str, str]:
        """The stack that each nested stack is a resource of."""
        return {
            resource.physical_id: stack.id
            for stack in self.stacks.values()
            for resource in stack.resources.values()
            if resource.type == STACK_TYPE
        }

    def living(self, now: float) -> list[Stack]:
        return [stack for stack in self.stacks.values() if stack.status(now) != DELETED]

    def find(self, name: str, now: float) -> Stack:
        """A stack by its ID, or a living one by its name; ValidationError in AWS's words when there is none."""
        if name in self.stacks:
            return self.stacks[name]
        for stack in self.living(now):
            if stack.name == name:
                return stack
        raise _invalid(f"Stack with id {name} does not exist")


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationError", text, 400)


def _store(call: Call) -> Stacks:
    return call.account.store(Stacks, call.region)


def _find(call: Call, name: str | None = None) -> Stack:
    return _store(call).find(str(name or call.arguments.get("StackName") or ""), call.account.now())


def set_status(account: AccountState, region: str, name: str, status: str, reason: str) -> None:
    """Put a stack into a state that only a failed deployment brings (control API, for tests)."""
    now = account.now()
    stack = account.store(Stacks, region).find(name, now)
    stack.events.append(Event(now, stack.name, stack.id, STACK_TYPE, status, reason))


# What a request says.


def _template(call: Call, previous: Stack | None = None) -> Template:
    """The template of a request: its text, its place in S3, or the one that the stack has."""
    arguments = call.arguments
    given = [name for name in ("TemplateBody", "TemplateURL") if arguments.get(name)]
    if arguments.get("UsePreviousTemplate") and previous is not None and not given:
        return previous.template
    if len(given) != 1:
        raise _invalid("Either Template URL or Template Body must be specified.")
    text = str(arguments.get("TemplateBody") or "")
    if len(text) > LARGEST_BODY:
        raise _invalid(
            f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {LARGEST_BODY}"
        )
    if not text:
        text = _fetch(call, str(arguments["TemplateURL"]))
    try:
        return read(text)
    except TemplateError as error:
        raise _invalid(str(error)) from None


def _fetch(call: Call, url: str) -> str:
    """A template in S3: `https://<bucket>.s3…/<key>`, or path style.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    place = urlsplit(url)
    virtual = re.fullmatch(r"(.+?)\.s3[.-].*amazonaws\.com", place.netloc)
    path = unquote(place.path).lstrip("/")
    bucket, _slash, key = (virtual.group(1), "/", path) if virtual else path.partition("/")
    try:
        found = call.invoke("s3", "GetObject", {"Bucket": bucket, "Key": key})["Body"]
    except AwsError as error:
        raise _invalid(f"S3 error: {error.message}") from None
    text = found.read() if hasattr(found, "read") else found
    if len(text) > LARGEST_OBJECT:
        raise _invalid(f"Template may not exceed {LARGEST_OBJECT} bytes in size.")
    return text.decode() if isinstance(text, bytes) else str(text)


def _values(call: Call, template: Template, previous: Stack | None = None) -> dict[str, str]:
    """The parameters of a request; UsePreviousValue takes the stack's own."""
    given = {}
    for item in call.arguments.get("Parameters") or []:
        name = item["ParameterKey"]
        if item.get("UsePreviousValue"):
            if previous is None or name not in previous.values:
                raise _invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true "
                    "for a parameter key not in the previous template"
                )
            given[name] = previous.values[name]
        else:
            given[name] = str(item.get("ParameterValue", ""))
    try:
        return parameter_values(template, given)
    except TemplateError as error:
        raise _invalid(str(error)) from None


def _tags(call: Call, previous: Stack | None = None) -> Mapping[str, str]:
    """The tags of a request; an update without any keeps the stack's."""
    given = call.arguments.get("Tags")
    return previous.tags if given is None and previous is not None else {t["Key"]: t["Value"] for t in given or []}


def _check_capabilities(call: Call, template: Template) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (Capabilities)"""
    given = set(call.arguments.get("Capabilities") or [])
    needed = template.capabilities()
    if needed and not given & {*needed, "CAPABILITY_NAMED_IAM"}:
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : {needed}".replace("'", ""), 400)


def _new_stack(call: Call, template: Template, values: Mapping[str, str]) -> Stack:
    arguments, now, store = call.arguments, call.account.now(), _store(call)
    name = str(arguments["StackName"])
    if not _NAME.fullmatch(name):
        raise _invalid(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if any(stack.name == name for stack in store.living(now)):
        raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists", 400)
    stack_id = f"arn:aws:cloudformation:{call.region}:{call.account.id}:stack/{name}/{uuid.uuid4()}"
    return Stack(
        id=stack_id,
        name=name,
        template=template,
        values=values,
        tags=_tags(call),
        created=now,
        options=dict(arguments),
        protected=bool(arguments.get("EnableTerminationProtection")),
        policy=str(arguments.get("StackPolicyBody") or ""),
    )


def _deployment(call: Call, stack: Stack) -> Deployment:
    others = [other for other in _store(call).living(call.account.now()) if other is not stack]
    return Deployment(call, stack, others)


def _on_failure(arguments: Mapping[str, Any]) -> str:
    return "DO_NOTHING" if arguments.get("DisableRollback") else str(arguments.get("OnFailure") or "ROLLBACK")


# Stacks.


@rule("cloudformation", "CreateStack")
def create_stack(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""
    if call.arguments.get("DisableRollback") and call.arguments.get("OnFailure"):
        raise _invalid("You may only specify one of DisableRollback or OnFailure.")
    template = _template(call)
    values = _values(call, template)
    _check_capabilities(call, template)
    stack = _new_stack(call, template, values)
    _deployment(call, stack).create(_on_failure(call.arguments))
    _store(call).stacks[stack.id] = stack
    return {"StackId": stack.id}


@rule("cloudformation", "UpdateStack")
def update_stack(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html"""
    stack = _find(call)
    _refuse_update(stack, call.account.now())
    template = _template(call, stack)
    values, tags = _values(call, template, stack), _tags(call, stack)
    _check_capabilities(call, template)
    if not _differs(call, stack, template, values, tags):
        raise _invalid(_NOTHING)
    _deployment(call, stack).update(template, values, tags)
    _keep_options(call, stack)
    return {"StackId": stack.id}


def _refuse_update(stack: Stack, now: float) -> None:
    status = stack.status(now)
    if not _UPDATABLE.fullmatch(status):
        raise _invalid(f"Stack:{stack.id} is in {status} state and can not be updated.")


def _keep_options(call: Call, stack: Stack) -> None:
    kept = {name: call.arguments[name] for name in ("Capabilities", "RoleARN") if call.arguments.get(name)}
    stack.options = {**stack.options, **kept}


def _differs(call: Call, stack: Stack, template: Template, values: Mapping[str, str], tags: Mapping[str, str]) -> bool:
    """Whether an update has anything to do: resources, outputs or tags."""
    if tags != stack.tags:
        return True
    deployment = _deployment(call, stack)
    try:
        if deployment.changes(template, values, tags):
            return True
        return deployment.outputs_of(template, values) != stack.outputs
    except TemplateError as error:
        raise _invalid(str(error)) from None


@rule("cloudformation", "DeleteStack")
def delete_stack(call: Call) -> Result:
    """Of a stack that is not there: nothing, and no error.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
    """
    try:
        stack = _find(call)
    except AwsError:
        return {}
    if stack.status(call.account.now()) == DELETED:
        return {}
    if stack.protected:
        raise _invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    _deployment(call, stack).delete(call.arguments.get("RetainResources") or [])
    return {}


@rule("cloudformation", "UpdateTerminationProtection")
def update_termination_protection(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html"""
    stack = _find(call)
    stack.protected = bool(call.arguments.get("EnableTerminationProtection"))
    return {"StackId": stack.id}


@rule("cloudformation", "SetStackPolicy")
def set_stack_policy(call: Call) -> Result:
    """Kept, not enforced. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html"""
    _find(call).policy = str(call.arguments.get("StackPolicyBody") or "")
    return {}


@rule("cloudformation", "GetStackPolicy")
def get_stack_policy(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetStackPolicy.html"""
    policy = _find(call).policy
    return {"StackPolicyBody": policy} if policy else {}


@rule("cloudformation", "DescribeStacks")
def describe_stacks(call: Call) -> Result:
    """A deleted stack is found by its ID only.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    """
    now = call.account.now()
    if call.arguments.get("StackName"):
        stacks = [_find(call)]
    else:
        stacks = sorted(_store(call).living(now), key=lambda stack: stack.created, reverse=True)
    parents = _store(call).parents()
    return _paged(call, "Stacks", [_described(stack, now, parents) for stack in stacks])


def _described(stack: Stack, now: float, parents: Mapping[str, str]) -> Result:
    last = stack.last(now)
    shown: Result = {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": _date(stack.created),
        "StackStatus": last.status,
        "DisableRollback": bool(stack.options.get("DisableRollback")),
        "NotificationARNs": stack.options.get("NotificationARNs") or [],
        "Capabilities": stack.options.get("Capabilities") or [],
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "RollbackConfiguration": {},
        "Parameters": _shown_values(stack.template, stack.values),
        # A stack has outputs when it is done.
        "Outputs": [] if last.status == "CREATE_IN_PROGRESS" else [_output(output) for output in stack.outputs],
    }
    for name, value in (
        ("Description", stack.template.description),
        ("StackStatusReason", last.reason),
        ("RoleARN", stack.options.get("RoleARN")),
        ("TimeoutInMinutes", stack.options.get("TimeoutInMinutes")),
        ("LastUpdatedTime", _date(stack.updated) if stack.updated else None),
        ("DeletionTime", _date(last.at) if last.status.startswith("DELETE_") else None),
        ("ParentId", parents.get(stack.id)),
        ("RootId", _root(stack.id, parents)),
    ):
        if value:
            shown[name] = value
    return shown


def _root(stack_id: str, parents: Mapping[str, str]) -> str | None:
    """The outermost stack around a nested one."""
    root = parents.get(stack_id)
    return root and (_root(root, parents) or root)


def _output(output: Output) -> Result:
    more = {"Description": output.description, "ExportName": output.export}
    return {
        "OutputKey": output.key,
        "OutputValue": output.value,
        **{name: value for name, value in more.items() if value},
    }


def _shown_values(template: Template, values: Mapping[str, str]) -> list[Result]:
    """Parameters as they are shown; NoEcho ones are not.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html (NoEcho)
    """
    return [
        {"ParameterKey": name, "ParameterValue": "****" if _hidden(template.parameters.get(name, {})) else value}
        for name, value in values.items()
    ]


def _hidden(parameter: Mapping[str, Any]) -> bool:
    return str(parameter.get("NoEcho")).lower() == "true"


def _date(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, tz=datetime.UTC)


@rule("cloudformation", "ListStacks")
def list_stacks(call: Call) -> Result:
    """Deleted ones for 90 days too; 100 a page at most.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
    """
    now = call.account.now()
    wanted = call.arguments.get("StackStatusFilter") or []
    parents = _store(call).parents()
    summaries = []
    for stack in sorted(_store(call).stacks.values(), key=lambda stack: stack.created, reverse=True):
        last = stack.last(now)
        if wanted and last.status not in wanted:
            continue
        if last.status == DELETED and now - last.at > _HISTORY_SECONDS:
            continue
        described = _described(stack, now, parents)
        names = (
            "StackId",
            "StackName",
            "CreationTime",
            "LastUpdatedTime",
            "DeletionTime",
            "StackStatus",
            "StackStatusReason",
            "ParentId",
            "RootId",
        )
        summary = {name: described[name] for name in names if name in described}
        if stack.template.description:
            summary["TemplateDescription"] = stack.template.description
        summaries.append({**summary, "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"}})
    return _paged(call, "StackSummaries", summaries)


@rule("cloudformation", "DescribeStackEvents")
def describe_stack_events(call: Call) -> Result:
    """The newest first, 100 a page.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
    """
    stack, now = _find(call), call.account.now()
    events = []
    for event in reversed([event for event in stack.events if event.at <= now]):
        shown: Result = {
            "StackId": stack.id,
            "EventId": event.id,
            "StackName": stack.name,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": event.type,
            "Timestamp": _date(event.at),
            "ResourceStatus": event.status,
        }
        more = {
            "ResourceStatusReason": event.reason,
            "ResourceProperties": event.properties,
            "ClientRequestToken": event.request_token,
        }
        events.append({**shown, **{name: value for name, value in more.items() if value}})
    return _paged(call, "StackEvents", events)


@rule("cloudformation", "ListStackResources", "DescribeStackResources", "DescribeStackResource")
def stack_resources(call: Call) -> Result:
    """ListStackResources gives 100 a page at most.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
    """
    stack, found = _resources_asked(call)
    logical_id = call.arguments.get("LogicalResourceId")
    if logical_id:
        found = [event for event in found if event.logical_id == logical_id]
    named = {"StackName": stack.name, "StackId": stack.id}
    if call.operation == "DescribeStackResources":
        return {"StackResources": [{**named, **_resource(event, "Timestamp")} for event in found]}
    listed = [_resource(event, "LastUpdatedTimestamp") for event in found]
    if call.operation == "DescribeStackResource":
        if not listed:
            raise _invalid(f"Resource {logical_id} does not exist for stack {stack.name}")
        metadata = stack.template.resources.get(str(logical_id), {}).get("Metadata")
        more = {"Metadata": json.dumps(metadata)} if metadata else {}
        return {"StackResourceDetail": {**named, **listed[0], **more}}
    return _paged(call, "StackResourceSummaries", listed)


def _resources_asked(call: Call) -> tuple[Stack, list[Event]]:
    """The stack of a request and its resources; DescribeStackResources also finds a stack by one of its resources."""
    now, physical_id = call.account.now(), call.arguments.get("PhysicalResourceId")
    if call.arguments.get("StackName") or not physical_id:
        stack = _find(call)
        return stack, stack.listed(now)
    for stack in _store(call).living(now):
        listed = stack.listed(now)
        if any(event.physical_id == physical_id for event in listed):
            return stack, listed
    raise _invalid(f"Stack for {physical_id} does not exist")


def _resource(event: Event, time_name: str) -> Result:
    shown: Result = {
        "LogicalResourceId": event.logical_id,
        "ResourceType": event.type,
        "ResourceStatus": event.status,
        time_name: _date(event.at),
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    for name, value in (("PhysicalResourceId", event.physical_id), ("ResourceStatusReason", event.reason)):
        if value:
            shown[name] = value
    return shown


def _paged(call: Call, key: str, items: list[Result]) -> Result:
    found, following = page(items, call.arguments.get("NextToken"), None, _LARGEST_PAGE)
    return {key: found, "NextToken": following} if following else {key: found}


@rule("cloudformation", "ListExports")
def list_exports(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListExports.html"""
    exports = [
        {"ExportingStackId": stack.id, "Name": output.export, "Value": output.value}
        for stack in _store(call).living(call.account.now())
        for output in stack.outputs
        if output.export
    ]
    return _paged(call, "Exports", exports)


@rule("cloudformation", "ListImports")
def list_imports(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListImports.html"""
    name = call.arguments["ExportName"]
    users = [stack.name for stack in _store(call).living(call.account.now()) if name in stack.imports]
    if not users:
        raise _invalid(f"Export '{name}' is not imported by any stack.")
    return {"Imports": users}


# Templates.


@rule("cloudformation", "GetTemplate")
def get_template(call: Call) -> Result:
    """The text as it was given.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
    """
    found = _find_change_set(call) if call.arguments.get("ChangeSetName") else _find(call)
    return {"TemplateBody": found.template.text, "StagesAvailable": ["Original", "Processed"]}


@rule("cloudformation", "GetTemplateSummary", "ValidateTemplate")
def summarize_template(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html"""
    template = _find(call).template if call.arguments.get("StackName") else _template(call)
    capabilities = template.capabilities()
    validate = call.operation == "ValidateTemplate"
    shown: Result = {
        "Description": template.description,
        "Parameters": [_declared(name, said, validate) for name, said in template.parameters.items()],
        "Capabilities": capabilities,
        "DeclaredTransforms": [],
    }
    if capabilities:
        kinds_named = ", ".join(kind for kind in template.types if kind.startswith("AWS::IAM::"))
        shown["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{kinds_named}]"
    return shown if validate else {**shown, "ResourceTypes": template.types, "Version": "2010-09-09"}


def _declared(name: str, said: Mapping[str, Any], validate: bool) -> Result:
    shown: Result = {"ParameterKey": name, "NoEcho": _hidden(said), "Description": str(said.get("Description") or "")}
    if "Default" in said:
        shown["DefaultValue"] = str(said["Default"])
    if not validate:
        allowed = [str(item) for item in said.get("AllowedValues") or []]
        shown |= {"ParameterType": str(said.get("Type", "String")), "ParameterConstraints": {"AllowedValues": allowed}}
    return shown


# Change sets.


@rule("cloudformation", "CreateChangeSet")
def create_change_set(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html"""
    store, now = _store(call), call.account.now()
    kind = str(call.arguments.get("ChangeSetType") or "UPDATE")
    if kind == "IMPORT":
        raise AwsError("NotImplemented", "the embedded AWS does not implement change sets that import", 501)
    if kind == "CREATE":
        template = _template(call)
        values, tags = _values(call, template), _tags(call)
        stack = next((s for s in store.living(now) if s.name == call.arguments["StackName"]), None)
        if stack is None or stack.status(now) != _REVIEW:
            stack = _new_stack(call, template, values)
            stack.events.append(Event(now, stack.name, stack.id, STACK_TYPE, _REVIEW, "User Initiated"))
    else:
        stack = _find(call)
        _refuse_update(stack, now)
        template = _template(call, stack)
        values, tags = _values(call, template, stack), _tags(call, stack)
    _check_capabilities(call, template)
    name = str(call.arguments["ChangeSetName"])
    if any(item.stack is stack and item.name == name for item in store.change_sets.values()):
        raise AwsError("AlreadyExistsException", f"ChangeSet {name} cannot be created because it already exists", 400)
    try:
        changes = _deployment(call, stack).changes(template, values, tags)
    except TemplateError as error:
        raise _invalid(str(error)) from None
    change_set = ChangeSet(
        id=f"arn:aws:cloudformation:{call.region}:{call.account.id}:changeSet/{name}/{uuid.uuid4()}",
        name=name,
        stack=stack,
        kind=kind,
        template=template,
        values=values,
        tags=tags,
        created=now,
        options=dict(call.arguments),
        description=str(call.arguments.get("Description") or ""),
        changes=changes,
    )
    if kind == "UPDATE" and not changes and not _differs(call, stack, template, values, tags):
        change_set.execution = "UNAVAILABLE"
        change_set.reason = (
            "The submitted information didn't contain changes. Submit different information to create a change set."
        )
    store.stacks[stack.id] = stack
    store.change_sets[change_set.id] = change_set
    return {"Id": change_set.id, "StackId": stack.id}


def _find_change_set(call: Call) -> ChangeSet:
    name = str(call.arguments["ChangeSetName"])
    store = _store(call)
    if name in store.change_sets:
        return store.change_sets[name]
    stack = str(call.arguments.get("StackName") or "")
    for change_set in store.change_sets.values():
        if change_set.name == name and stack in (change_set.stack.name, change_set.stack.id):
            return change_set
    raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)


@rule("cloudformation", "DescribeChangeSet")
def describe_change_set(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html"""
    change_set = _find_change_set(call)
    return {
        **_summary(change_set),
        "Parameters": _shown_values(change_set.template, change_set.values),
        "Tags": [{"Key": key, "Value": value} for key, value in change_set.tags.items()],
        "Capabilities": change_set.options.get("Capabilities") or [],
        "Changes": [{"Type": "Resource", "ResourceChange": _change(change)} for change in change_set.changes],
    }


def _summary(change_set: ChangeSet) -> Result:
    shown: Result = {
        "ChangeSetName": change_set.name,
        "ChangeSetId": change_set.id,
        "StackId": change_set.stack.id,
        "StackName": change_set.stack.name,
        "CreationTime": _date(change_set.created),
        "ExecutionStatus": change_set.execution,
        "Status": change_set.status,
    }
    more = {"StatusReason": change_set.reason, "Description": change_set.description}
    return {**shown, **{name: value for name, value in more.items() if value}}


def _change(change: Change) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html"""
    shown: Result = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
        "Scope": [],
        "Details": [],
    }
    if change.physical_id:
        shown["PhysicalResourceId"] = change.physical_id
    if change.action == "Modify":
        recreation = "Always" if change.replacement else "Never"
        shown["Replacement"] = str(change.replacement)
        shown["Scope"] = ["Properties"]
        shown["Details"] = [
            {
                "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation},
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for name in change.properties
        ]
    return shown


@rule("cloudformation", "ListChangeSets")
def list_change_sets(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html"""
    stack = _find(call)
    return _paged(
        call, "Summaries", [_summary(item) for item in _store(call).change_sets.values() if item.stack is stack]
    )


@rule("cloudformation", "DeleteChangeSet")
def delete_change_set(call: Call) -> Result:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html"""
    del _store(call).change_sets[_find_change_set(call).id]
    return {}


@rule("cloudformation", "ExecuteChangeSet")
def execute_change_set(call: Call) -> Result:
    """ "CloudFormation deletes all other change sets associated with the stack".

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
    """
    change_set, store = _find_change_set(call), _store(call)
    stack = change_set.stack
    if change_set.execution != "AVAILABLE":
        raise AwsError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{change_set.id}] cannot be executed in its current execution status of "
            f"[{change_set.execution}]",
            400,
        )
    change_set.execution = "EXECUTE_COMPLETE"
    store.change_sets = {key: item for key, item in store.change_sets.items() if item.stack is not stack}
    store.change_sets[change_set.id] = change_set
    deployment = _deployment(call, stack)
    if change_set.kind == "CREATE":
        stack.template, stack.values, stack.tags = change_set.template, change_set.values, change_set.tags
        stack.options = change_set.options
        deployment.create(_on_failure({**change_set.options, **call.arguments}))
    else:
        deployment.update(change_set.template, change_set.values, change_set.tags)
    return {}
