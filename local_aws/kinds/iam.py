# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::IAM::Role."""

from __future__ import annotations

from typing import Any

from local_aws.resources import Kind, Properties, Resource, Site, changed, made_here, tag_list, without


class Role(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html"""

    type = "AWS::IAM::Role"
    name = "RoleName"
    longest = 64
    replaced_by = frozenset({"Path"})

    def create(self, site: Site, resource: Resource) -> str:
        name = self.own_name(site, resource)
        arguments = without(resource.properties, "ManagedPolicyArns", "Policies")
        arguments |= {"RoleName": name, "Tags": tag_list(site.tagged(resource)) or None}
        site.call("iam", "CreateRole", **arguments)
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        name, after = resource.physical_id, resource.properties
        if before and changed(before, after, "AssumeRolePolicyDocument"):
            document = after["AssumeRolePolicyDocument"]
            site.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
        if before and changed(before, after, "Description", "MaxSessionDuration"):
            wanted = {key: after.get(key) for key in ("Description", "MaxSessionDuration")}
            site.call("iam", "UpdateRole", RoleName=name, **wanted)
        self._change_policies(site, name, before, after)

    @staticmethod
    def _change_policies(site: Site, name: str, before: Properties, after: Properties) -> None:
        old, new = (set(item.get("ManagedPolicyArns") or []) for item in (before, after))
        for arn in sorted(old - new):
            site.call("iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)
        for arn in sorted(new - old):
            site.call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)
        had, has = (_inline(item) for item in (before, after))
        for policy in sorted(had.keys() - has.keys()):
            site.call("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        for policy, document in has.items():
            if had.get(policy) != document:
                site.call("iam", "PutRolePolicy", RoleName=name, PolicyName=policy, PolicyDocument=document)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        role = site.call("iam", "GetRole", RoleName=resource.physical_id)["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}

    def delete(self, site: Site, resource: Resource) -> None:
        self._change_policies(site, resource.physical_id, resource.properties, {})
        site.call("iam", "DeleteRole", RoleName=resource.physical_id)


def _inline(properties: Properties) -> dict[str, Any]:
    return {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies") or []}


made_here(Role)
