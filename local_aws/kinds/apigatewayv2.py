# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::ApiGatewayV2::Api, Authorizer, Integration, Route and Stage."""

from __future__ import annotations

from typing import Any, ClassVar

from local_aws.resources import Kind, Properties, Resource, Site, made_here, without

_SERVICE = "apigatewayv2"


class Api(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-api.html"""

    type = "AWS::ApiGatewayV2::Api"
    replaced_by = frozenset({"ProtocolType"})

    def create(self, site: Site, resource: Resource) -> str:
        arguments = {**resource.properties, "Tags": site.tagged(resource) or None}
        return str(site.call(_SERVICE, "CreateApi", **arguments)["ApiId"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            wanted = without(resource.properties, "ProtocolType", "Tags")
            site.call(_SERVICE, "UpdateApi", ApiId=resource.physical_id, **wanted)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        api = site.call(_SERVICE, "GetApi", ApiId=resource.physical_id)
        return {"ApiEndpoint": api["ApiEndpoint"], "ApiId": resource.physical_id}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call(_SERVICE, "DeleteApi", ApiId=resource.physical_id)


class _Part(Kind):
    """What belongs to an API: made, changed and removed by operations that end in one word."""

    word: ClassVar[str] = ""
    replaced_by = frozenset({"ApiId"})

    def create(self, site: Site, resource: Resource) -> str:
        return str(site.call(_SERVICE, f"Create{self.word}", **resource.properties)[f"{self.word}Id"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            site.call(_SERVICE, f"Update{self.word}", **{**resource.properties, **self._id(resource)})

    def delete(self, site: Site, resource: Resource) -> None:
        site.call(_SERVICE, f"Delete{self.word}", ApiId=resource.get("ApiId"), **self._id(resource))

    def _id(self, resource: Resource) -> dict[str, str]:
        return {f"{self.word}Id": resource.physical_id}


class Authorizer(_Part):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-authorizer.html"""

    type = "AWS::ApiGatewayV2::Authorizer"
    word = "Authorizer"


class Integration(_Part):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-integration.html"""

    type = "AWS::ApiGatewayV2::Integration"
    word = "Integration"


class Route(_Part):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-route.html"""

    type = "AWS::ApiGatewayV2::Route"
    word = "Route"


class Stage(_Part):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-stage.html"""

    type = "AWS::ApiGatewayV2::Stage"
    word = "Stage"
    replaced_by = frozenset({"ApiId", "StageName"})

    def create(self, site: Site, resource: Resource) -> str:
        return str(site.call(_SERVICE, "CreateStage", **resource.properties)["StageName"])

    def _id(self, resource: Resource) -> dict[str, str]:
        return {"StageName": resource.physical_id}


made_here(Api, Authorizer, Integration, Route, Stage)
