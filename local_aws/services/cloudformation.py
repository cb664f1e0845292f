# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudFormation: stacks list every resource of their template, in pages, and can be in any state.

moto makes some resource types and silently skips the rest (aliases, user pools, secrets, alarms, scalable targets, HTTP
APIs). Here a skipped resource is listed as well. Its physical id is, in this order: `Metadata.PhysicalResourceId` of
the template, which the reference application uses for what it made through the service's own API; the name property;
a generated one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation.models import Stack, cloudformation_backends
from moto.cloudformation.parsing import clean_json

from local_aws.accounts import AccountState
from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, rule

_LARGEST_PAGE = 100
# The properties that name a resource of the types that moto skips:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
_NAMES = ("AlarmName", "UserPoolName", "SecretName", "GroupName", "DashboardName", "PolicyName", "Name")


@dataclass
class Skipped:
    """Generated physical ids, by stack id and logical id: the same at every look."""

    ids: dict[tuple[str, str], str] = field(default_factory=dict)


def find(account: AccountState, region: str, name: str) -> Stack:
    """A stack by its name or id; ValidationError in AWS's words when there is none."""
    backend = cloudformation_backends[account.id][region]
    for stack in backend.stacks.values():
        if name in (stack.name, stack.stack_id):
            return stack
    deleted: dict[str, Stack] = backend.deleted_stacks
    if name in deleted:
        return deleted[name]
    raise AwsError("ValidationError", f"Stack with id {name} does not exist", 400)


def resources(account: AccountState, region: str, stack: Stack) -> list[Result]:
    """Every resource of the stack's template that its conditions allow."""
    made = stack.resource_map._parsed_resources
    found = []
    for logical_id, template in stack.template_dict.get("Resources", {}).items():
        condition = template.get("Condition")
        if condition and not stack.resource_map.lazy_condition_map[condition]:
            continue
        resource = made.get(logical_id)
        physical = getattr(resource, "physical_resource_id", None) or _skipped_id(
            account, region, stack, logical_id, template
        )
        found.append(
            {
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": str(physical),
                "ResourceType": template["Type"],
                "ResourceStatus": "CREATE_COMPLETE",
                "Timestamp": stack.creation_time,
            }
        )
    return found


def _skipped_id(account: AccountState, region: str, stack: Stack, logical_id: str, template: dict[str, Any]) -> str:
    given = (template.get("Metadata") or {}).get("PhysicalResourceId")
    if given:
        return str(given)
    properties = clean_json(template.get("Properties") or {}, stack.resource_map)
    if template["Type"] == "AWS::Lambda::Alias":
        place = f"{region}:{account.id}"
        return f"arn:aws:lambda:{place}:function:{properties.get('FunctionName')}:{properties.get('Name')}"
    if template["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget":
        return "|".join(str(properties.get(name)) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
    for name in _NAMES:
        if isinstance(properties.get(name), str):
            return str(properties[name])
    ids = account.store(Skipped, region).ids
    return ids.setdefault((stack.stack_id, logical_id), f"{stack.name}-{logical_id}-{uuid.uuid4().hex[:12].upper()}")


@rule("cloudformation", "ListStackResources", "DescribeStackResources", "DescribeStackResource")
def stack_resources(call: Call) -> Result:
    """Lists what moto made and what it skipped; ListStackResources gives 100 a page at most.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
    """
    name = str(call.arguments.get("StackName") or "")
    stack = find(call.account, call.region, name)
    found = resources(call.account, call.region, stack)
    logical_id = call.arguments.get("LogicalResourceId")
    if logical_id:
        found = [item for item in found if item["LogicalResourceId"] == logical_id]
    named = {"StackName": stack.name, "StackId": stack.stack_id}
    if call.operation == "DescribeStackResources":
        return {"StackResources": [{**named, **item} for item in found]}
    listed = [{"LastUpdatedTimestamp": item.pop("Timestamp"), **item} for item in found]
    if call.operation == "DescribeStackResource":
        if not listed:
            raise AwsError("ValidationError", f"Resource {logical_id} does not exist for stack {name}", 400)
        return {"StackResourceDetail": {**named, **listed[0]}}
    return _paged(call, "StackResourceSummaries", listed)


@rule("cloudformation", "ListStacks")
def list_stacks(call: Call) -> Result:
    """100 a page at most; moto answers all at once.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
    """
    return _paged(call, "StackSummaries", call.proceed()["StackSummaries"])


def _paged(call: Call, key: str, items: list[Result]) -> Result:
    found, following = page(items, call.arguments.get("NextToken"), None, _LARGEST_PAGE)
    return {key: found, "NextToken": following} if following else {key: found}


def set_status(account: AccountState, region: str, name: str, status: str, reason: str) -> None:
    """Put a stack into a state that only a failed deployment brings (control API, for tests)."""
    stack = find(account, region, name)
    stack.status = status
    stack.stack_status_reason = reason
