# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resources of a stack: what a resource type can do, and the types that nobody here makes through the API.

A `Kind` is one resource type. Those of `kinds/` call the services, as CloudFormation does, so every rule and refusal of
a service holds for them too; `MotoKind` stands for the types that moto makes by itself, `UnmadeKind` for all others.
Names, attributes and what can only be replaced are those of
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from moto.cloudformation.parsing import generate_resource_name, get_model_map
from moto.core.exceptions import ServiceException

from local_aws.inside import shaped
from local_aws.protocol import AwsError, service_model
from local_aws.rules import Call, Result

Properties = Mapping[str, Any]

# The names of types that nobody makes here.
_NAMES = ("Name", "GroupName", "DashboardName", "PolicyName")
_THROTTLED = re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded")
_GONE = re.compile(r"NotFound|NoSuch|NonExistent")
_TRIES = 5


@dataclass
class Resource:
    """One resource of a stack as it was made.

    Attributes:
        properties: Its properties as plain values.
        policies: DeletionPolicy and UpdateReplacePolicy of its template.
        made: moto's own object, for the types that moto makes.
    """

    logical_id: str
    type: str
    properties: Properties
    policies: Mapping[str, str] = field(default_factory=dict)
    physical_id: str = ""
    attributes: dict[str, Any] | None = None
    made: Any = None

    def get(self, name: str) -> Any:
        """A property, or None."""
        return self.properties.get(name)


class AlreadyExists(AwsError):
    """The create handler of a type whose API would overwrite what is there must refuse it.

    https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html
    """

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__("AlreadyExists", f"Resource of type '{kind}' with identifier '{identifier}' already exists.")


@dataclass
class Site:
    """Where a stack's resources are made: its caller's account and region, its name and its tags."""

    caller: Call
    stack_name: str
    stack_id: str
    tags: Mapping[str, str]

    @property
    def account_id(self) -> str:
        return self.caller.account.id

    @property
    def region(self) -> str:
        return self.caller.region

    def call(self, service: str, operation: str, **arguments: Any) -> Result:
        """One call, with arguments as a template says them; None is left out. A throttled call is sent again.

        Raises:
            AwsError: The service refuses it.
            BadValue: An argument is not one of the operation's, or has the wrong type.
        """
        shape = service_model(service).operation_model(operation).input_shape
        given = {name: value for name, value in arguments.items() if value is not None}
        sent = shaped(shape, given) if shape is not None else {}
        for tries in range(1, _TRIES + 1):
            try:
                return self.caller.invoke(service, operation, sent)
            except AwsError as error:
                if tries == _TRIES or not _THROTTLED.search(error.code):
                    raise
        raise AssertionError("the last try returns or raises")

    def gone(self, service: str, operation: str, **arguments: Any) -> bool:
        """Whether a reading call says that there is no such thing."""
        try:
            self.call(service, operation, **arguments)
        except AwsError as error:
            if is_gone(error):
                return True
            raise
        return False

    def generated(self, kind: str, logical_id: str, longest: int = 255) -> str:
        """The name of a resource without one of its own: stack, logical ID, and twelve random characters.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
        """
        made = str(generate_resource_name(kind, self.stack_name, logical_id))
        head, _dash, tail = made.rpartition("-")
        return f"{head[: longest - len(tail) - 1]}-{tail}"

    def tagged(self, resource: Resource, name: str = "Tags") -> dict[str, str]:
        """The resource's tags, and the stack's, which CloudFormation gives to every resource that takes some.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
        """
        return tag_map(resource.get(name), self.tags)

    def system_tags(self, resource: Resource) -> dict[str, str]:
        """The tags that only AWS can set; same source."""
        return {
            "aws:cloudformation:stack-name": self.stack_name,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": resource.logical_id,
        }


def tag_map(tags: Any, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Tags of a template, a list or a mapping, over `more`."""
    own = tags if isinstance(tags, Mapping) else {item["Key"]: item["Value"] for item in tags or []}
    return {**(more or {}), **{str(key): str(value) for key, value in own.items()}}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def is_gone(error: AwsError) -> bool:
    return bool(_GONE.search(error.code) or (error.status == 404))


def changed(before: Properties, after: Properties, *names: str) -> bool:
    """Whether one of these properties is to be another."""
    return any(before.get(name) != after.get(name) for name in names)


def without(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}


class Kind:
    """One resource type.

    `create` makes the thing and returns its physical ID; `change` brings its settings from `before` to the resource's
    properties, right after `create` (then `before` is empty) and at an update. So what is half made has an ID already
    and can be removed.
    """

    type: ClassVar[str] = ""
    name: ClassVar[str] = ""
    """The property that names it."""
    longest: ClassVar[int] = 255
    """Characters that a generated name has at most."""
    replaced_by: ClassVar[frozenset[str]] = frozenset()
    """The properties whose change needs another resource: "Update requires: Replacement"."""

    def own_name(self, site: Site, resource: Resource) -> str:
        """The name that the template gives, or a generated one."""
        given = resource.get(self.name) if self.name else None
        return str(given) if given else site.generated(resource.type, resource.logical_id, self.longest)

    def create(self, site: Site, resource: Resource) -> str:
        raise NotImplementedError

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        """Nothing to set beside what `create` takes."""

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        """What Fn::GetAtt gives."""
        return {}

    def delete(self, site: Site, resource: Resource) -> None:
        raise NotImplementedError

    def needs_another(self, before: Properties, after: Properties) -> bool:
        return changed(before, after, *self.replaced_by, *filter(None, [self.name]))


class MotoKind(Kind):
    """A type that moto's CloudFormation makes, without the rules of the service's API."""

    def __init__(self, kind: str) -> None:
        self._model = get_model_map()[kind]

    def own_name(self, site: Site, resource: Resource) -> str:
        naming = self._model.cloudformation_name_type()
        given = resource.get(naming) if naming else None
        return str(given) if given else site.generated(resource.type, resource.logical_id)

    def create(self, site: Site, resource: Resource) -> str:
        try:
            resource.made = self._model.create_from_cloudformation_json(
                self.own_name(site, resource),
                {"Type": resource.type, "Properties": dict(resource.properties)},
                site.account_id,
                site.region,
                LogicalId=resource.logical_id,
                StackId=site.stack_id,
                ResourceType=resource.type,
            )
        except ServiceException as error:
            raise AwsError(str(error.code), str(error.message), 400) from error
        resource.made.logical_resource_id = resource.logical_id
        resource.made.cf_resource_type = resource.type
        return str(getattr(resource.made, "physical_resource_id", None) or self.own_name(site, resource))

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return _MotoAttributes(resource.made)

    def delete(self, site: Site, resource: Resource) -> None:
        remove = getattr(resource.made, "delete", None)
        try:
            if remove is not None:
                remove(site.account_id, site.region)
                return
        except TypeError:
            pass  # This model's `delete` is another one than CloudFormation's.
        except ServiceException as error:
            raise AwsError(str(error.code), str(error.message), 400) from error
        definition = {"Type": resource.type, "Properties": dict(resource.properties)}
        self._model.delete_from_cloudformation_json(resource.physical_id, definition, site.account_id, site.region)

    def needs_another(self, before: Properties, after: Properties) -> bool:
        # What moto can change in place differs from type to type: another resource is right for all of them.
        return before != after


class _MotoAttributes(dict[str, Any]):
    """The attributes of moto's object, asked for one by one."""

    def __init__(self, made: Any) -> None:
        super().__init__()
        self._made = made

    def __contains__(self, name: object) -> bool:
        return bool(self._made.has_cfn_attr(name))

    def __getitem__(self, name: str) -> Any:
        return self._made.get_cfn_attribute(name)


class UnmadeKind(Kind):
    """A type of which nothing is made here. The stack lists it under its name or a generated ID."""

    def create(self, site: Site, resource: Resource) -> str:
        for name in _NAMES:
            if isinstance(resource.get(name), str):
                return str(resource.get(name))
        return site.generated(resource.type, resource.logical_id)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return _AnyAttributes(resource.physical_id)

    def delete(self, site: Site, resource: Resource) -> None:
        """There is nothing."""


class _AnyAttributes(dict[str, Any]):
    """Whatever is asked for, so that a template with such a resource can be deployed."""

    def __init__(self, physical_id: str) -> None:
        super().__init__()
        self._physical_id = physical_id

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> Any:
        return f"{self._physical_id}.{name}"


_KINDS: dict[str, Kind] = {}


def made_here(*kinds: type[Kind]) -> None:
    """Register the types that are made through their service's API."""
    _KINDS.update({kind.type: kind() for kind in kinds})


def kind_of(resource_type: str) -> Kind:
    """What makes a type: the API, moto, or nobody."""
    if resource_type not in _KINDS:
        _KINDS[resource_type] = MotoKind(resource_type) if resource_type in get_model_map() else UnmadeKind()
    return _KINDS[resource_type]


def token() -> str:
    return str(uuid.uuid4())
