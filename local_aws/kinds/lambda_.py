# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::Lambda::Function, Version, Alias, EventSourceMapping and Permission."""

from __future__ import annotations

import functools
import io
import zipfile
from typing import Any

from local_aws.resources import Kind, Properties, Resource, Site, changed, made_here, tag_map, token, without

_CODE = ("Code", "Architectures")
_OWN_OPERATION = ("ReservedConcurrentExecutions", "Tags")


class Function(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html"""

    type = "AWS::Lambda::Function"
    name = "FunctionName"
    longest = 64
    replaced_by = frozenset({"PackageType"})

    def create(self, site: Site, resource: Resource) -> str:
        name = self.own_name(site, resource)
        arguments = without(resource.properties, *_OWN_OPERATION)
        arguments |= {"FunctionName": name, "Code": _code(resource.properties)}
        site.call("lambda", "CreateFunction", **arguments, Tags=site.tagged(resource) or None)
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        name, after = resource.physical_id, resource.properties
        if before:
            self._update(site, name, before, after)
        if changed(before, after, "ReservedConcurrentExecutions"):
            units = after.get("ReservedConcurrentExecutions")
            if units is None:
                site.call("lambda", "DeleteFunctionConcurrency", FunctionName=name)
            else:
                site.call("lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=units)

    def _update(self, site: Site, name: str, before: Properties, after: Properties) -> None:
        if changed(before, after, *_CODE):
            architectures = after.get("Architectures")
            code = _code(after)
            site.call("lambda", "UpdateFunctionCode", FunctionName=name, Architectures=architectures, **code)
        fixed = ("FunctionName", "PackageType", *_CODE, *_OWN_OPERATION)
        old, new = without(before, *fixed), without(after, *fixed)
        if old != new:
            if "Environment" in old and "Environment" not in new:
                new["Environment"] = {"Variables": {}}
            site.call("lambda", "UpdateFunctionConfiguration", FunctionName=name, **new)
        was, tags = tag_map(before.get("Tags")), tag_map(after.get("Tags"))
        arn = _arn(site, name)
        if was.keys() - tags.keys():
            site.call("lambda", "UntagResource", Resource=arn, TagKeys=sorted(was.keys() - tags.keys()))
        if tags != was and tags:
            site.call("lambda", "TagResource", Resource=arn, Tags=tags)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Arn": _arn(site, resource.physical_id)}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("lambda", "DeleteFunction", FunctionName=resource.physical_id)


class Version(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html"""

    type = "AWS::Lambda::Version"
    replaced_by = frozenset({"CodeSha256", "Description", "FunctionName", "RuntimePolicy"})

    def create(self, site: Site, resource: Resource) -> str:
        arguments = without(resource.properties, "ProvisionedConcurrencyConfig", "RuntimePolicy")
        published = site.call("lambda", "PublishVersion", **arguments)
        return f"{_arn(site, published['FunctionName'])}:{published['Version']}"

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        function, _colon, version = resource.physical_id.rpartition(":")
        _provision(site, function, version, before, resource.properties)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Version": resource.physical_id.rpartition(":")[2], "FunctionArn": resource.physical_id}

    def delete(self, site: Site, resource: Resource) -> None:
        function, _colon, version = resource.physical_id.rpartition(":")
        site.call("lambda", "DeleteFunction", FunctionName=function, Qualifier=version)


class Alias(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html"""

    type = "AWS::Lambda::Alias"
    replaced_by = frozenset({"FunctionName", "Name"})

    def create(self, site: Site, resource: Resource) -> str:
        return str(site.call("lambda", "CreateAlias", **self._arguments(resource))["AliasArn"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if changed(before, resource.properties, "Description", "FunctionVersion", "RoutingConfig") and before:
            site.call("lambda", "UpdateAlias", **self._arguments(resource))
        function, name = resource.properties["FunctionName"], resource.properties["Name"]
        _provision(site, function, name, before, resource.properties)

    @staticmethod
    def _arguments(resource: Resource) -> dict[str, Any]:
        """A template lists the weights of a routing; the API maps them."""
        arguments = without(resource.properties, "ProvisionedConcurrencyConfig")
        routing = arguments.get("RoutingConfig")
        if routing:
            weights = {item["FunctionVersion"]: item["FunctionWeight"] for item in routing["AdditionalVersionWeights"]}
            arguments["RoutingConfig"] = {"AdditionalVersionWeights": weights}
        return arguments

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"AliasArn": resource.physical_id}

    def delete(self, site: Site, resource: Resource) -> None:
        function, _colon, name = resource.physical_id.rpartition(":")
        site.call("lambda", "DeleteAlias", FunctionName=function, Name=name)


class EventSourceMapping(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html"""

    type = "AWS::Lambda::EventSourceMapping"
    replaced_by = frozenset({"EventSourceArn", "StartingPosition", "StartingPositionTimestamp"})

    def create(self, site: Site, resource: Resource) -> str:
        arguments = {**resource.properties, "Tags": site.tagged(resource) or None}
        return str(site.call("lambda", "CreateEventSourceMapping", **arguments)["UUID"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            wanted = without(resource.properties, "Tags", *self.replaced_by)
            site.call("lambda", "UpdateEventSourceMapping", UUID=resource.physical_id, **wanted)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        place = f"{site.region}:{site.account_id}"
        arn = f"arn:aws:lambda:{place}:event-source-mapping:{resource.physical_id}"
        return {"Id": resource.physical_id, "EventSourceMappingArn": arn}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("lambda", "DeleteEventSourceMapping", UUID=resource.physical_id)


class Permission(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html"""

    type = "AWS::Lambda::Permission"
    replaced_by = frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"})

    def create(self, site: Site, resource: Resource) -> str:
        statement = f"{site.stack_name}-{resource.logical_id}-{token()[:12]}"
        function, qualifier = _qualified(resource)
        arguments = {**resource.properties, "FunctionName": function, "Qualifier": qualifier}
        site.call("lambda", "AddPermission", **arguments, StatementId=statement)
        return statement

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Id": resource.physical_id}

    def delete(self, site: Site, resource: Resource) -> None:
        function, qualifier = _qualified(resource)
        statement = resource.physical_id
        site.call("lambda", "RemovePermission", FunctionName=function, StatementId=statement, Qualifier=qualifier)


def _arn(site: Site, function: str) -> str:
    short = function.split(":")[6] if function.startswith("arn:") else function
    return f"arn:aws:lambda:{site.region}:{site.account_id}:function:{short}"


def _qualified(resource: Resource) -> tuple[str, str | None]:
    """A function's name and qualifier out of a name or an ARN."""
    parts = str(resource.get("FunctionName")).split(":")
    if parts[0] == "arn":
        return parts[6], parts[7] if len(parts) > 7 else None
    return parts[0], parts[1] if len(parts) > 1 else None


def _provision(site: Site, function: str, qualifier: str, before: Properties, after: Properties) -> None:
    if not changed(before, after, "ProvisionedConcurrencyConfig"):
        return
    key = {"FunctionName": function, "Qualifier": qualifier}
    config = after.get("ProvisionedConcurrencyConfig")
    if config:
        site.call("lambda", "PutProvisionedConcurrencyConfig", **key, **config)
    else:
        site.call("lambda", "DeleteProvisionedConcurrencyConfig", **key)


def _code(properties: Properties) -> dict[str, Any]:
    """The code as the API takes it: text is put into an archive as index.py or index.js (the type's page, ZipFile)."""
    code = dict(properties["Code"])
    if "ZipFile" in code:
        suffix = "py" if str(properties.get("Runtime", "")).startswith("python") else "js"
        code["ZipFile"] = _archive(str(code["ZipFile"]), f"index.{suffix}")
    return code


@functools.lru_cache(maxsize=32)
def _archive(text: str, name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


made_here(Function, Version, Alias, EventSourceMapping, Permission)
