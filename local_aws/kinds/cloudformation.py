# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::CloudFormation::Stack: a nested stack."""

from __future__ import annotations

from typing import Any

from local_aws.inside import BadValue
from local_aws.resources import Kind, Properties, Resource, Site, made_here, tag_list


class NestedStack(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html"""

    type = "AWS::CloudFormation::Stack"

    def create(self, site: Site, resource: Resource) -> str:
        made = site.call(
            "cloudformation",
            "CreateStack",
            StackName=site.generated(resource.type, resource.logical_id, 128),
            **self._arguments(resource),
            Tags=tag_list(site.tagged(resource)) or None,
        )
        self._refuse_broken(site, made["StackId"])
        return str(made["StackId"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            site.call("cloudformation", "UpdateStack", StackName=resource.physical_id, **self._arguments(resource))
            self._refuse_broken(site, resource.physical_id)

    @staticmethod
    def _arguments(resource: Resource) -> dict[str, Any]:
        parameters = [
            {"ParameterKey": name, "ParameterValue": ",".join(value) if isinstance(value, list) else value}
            for name, value in (resource.get("Parameters") or {}).items()
        ]
        capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
        url = resource.get("TemplateURL")
        return {"TemplateURL": url, "Parameters": parameters, "Capabilities": capabilities}

    @staticmethod
    def _describe(site: Site, stack_id: str) -> dict[str, Any]:
        found: dict[str, Any] = site.call("cloudformation", "DescribeStacks", StackName=stack_id)["Stacks"][0]
        return found

    def _refuse_broken(self, site: Site, stack_id: str) -> None:
        stack = self._describe(site, stack_id)
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise BadValue(f"Embedded stack {stack_id} was not successfully deployed: {stack.get('StackStatusReason')}")

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        outputs = self._describe(site, resource.physical_id).get("Outputs") or []
        return {f"Outputs.{item['OutputKey']}": item["OutputValue"] for item in outputs}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("cloudformation", "DeleteStack", StackName=resource.physical_id)


made_here(NestedStack)
