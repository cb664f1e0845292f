# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::Cognito::UserPool, UserPoolClient and UserPoolGroup."""

from __future__ import annotations

from typing import Any

from local_aws.resources import Kind, Properties, Resource, Site, made_here, without

_SERVICE = "cognito-idp"


class UserPool(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpool.html"""

    type = "AWS::Cognito::UserPool"
    replaced_by = frozenset({"AliasAttributes", "UsernameAttributes", "UsernameConfiguration"})

    def create(self, site: Site, resource: Resource) -> str:
        given = resource.get("UserPoolName")
        arguments = without(resource.properties, "UserPoolName", "EnabledMfas")
        # "UserPoolName ... If you don't specify one, CloudFormation generates one"; it need not be unique.
        arguments["PoolName"] = given or site.generated(resource.type, resource.logical_id, 128)
        arguments["UserPoolTags"] = site.tagged(resource, "UserPoolTags") or None
        return str(site.call(_SERVICE, "CreateUserPool", **arguments)["UserPool"]["Id"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            fixed = ("UserPoolName", "EnabledMfas", "Schema", *self.replaced_by)
            wanted = without(resource.properties, *fixed)
            site.call(
                _SERVICE,
                "UpdateUserPool",
                UserPoolId=resource.physical_id,
                PoolName=resource.get("UserPoolName"),
                **wanted,
            )

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        pool = resource.physical_id
        provider = f"cognito-idp.{site.region}.amazonaws.com/{pool}"
        arn = f"arn:aws:cognito-idp:{site.region}:{site.account_id}:userpool/{pool}"
        return {"Arn": arn, "UserPoolId": pool, "ProviderName": provider, "ProviderURL": f"https://{provider}"}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call(_SERVICE, "DeleteUserPool", UserPoolId=resource.physical_id)


class UserPoolClient(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpoolclient.html"""

    type = "AWS::Cognito::UserPoolClient"
    replaced_by = frozenset({"GenerateSecret", "UserPoolId"})

    def create(self, site: Site, resource: Resource) -> str:
        name = resource.get("ClientName") or site.generated(resource.type, resource.logical_id, 128)
        arguments = {**resource.properties, "ClientName": name}
        return str(site.call(_SERVICE, "CreateUserPoolClient", **arguments)["UserPoolClient"]["ClientId"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            wanted = without(resource.properties, "GenerateSecret")
            site.call(_SERVICE, "UpdateUserPoolClient", ClientId=resource.physical_id, **wanted)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        pool = resource.get("UserPoolId")
        client = site.call(_SERVICE, "DescribeUserPoolClient", UserPoolId=pool, ClientId=resource.physical_id)
        found = client["UserPoolClient"]
        secret = {"ClientSecret": found["ClientSecret"]} if "ClientSecret" in found else {}
        return {"ClientId": resource.physical_id, "Name": found["ClientName"], **secret}

    def delete(self, site: Site, resource: Resource) -> None:
        pool = resource.get("UserPoolId")
        site.call(_SERVICE, "DeleteUserPoolClient", UserPoolId=pool, ClientId=resource.physical_id)


class UserPoolGroup(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpoolgroup.html"""

    type = "AWS::Cognito::UserPoolGroup"
    name = "GroupName"
    longest = 128
    replaced_by = frozenset({"UserPoolId"})

    def create(self, site: Site, resource: Resource) -> str:
        name = self.own_name(site, resource)
        site.call(_SERVICE, "CreateGroup", **{**resource.properties, "GroupName": name})
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            site.call(_SERVICE, "UpdateGroup", **{**resource.properties, "GroupName": resource.physical_id})

    def delete(self, site: Site, resource: Resource) -> None:
        site.call(_SERVICE, "DeleteGroup", UserPoolId=resource.get("UserPoolId"), GroupName=resource.physical_id)


made_here(UserPool, UserPoolClient, UserPoolGroup)
