# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::SSM::Parameter."""

from __future__ import annotations

from typing import Any

from local_aws.resources import Kind, Properties, Resource, Site, made_here, tag_list, without


class Parameter(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html"""

    type = "AWS::SSM::Parameter"
    name = "Name"

    def create(self, site: Site, resource: Resource) -> str:
        name = self.own_name(site, resource)
        tags = tag_list(site.tagged(resource)) or None
        site.call("ssm", "PutParameter", **{**resource.properties, "Name": name, "Tags": tags})
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            wanted = {**without(resource.properties, "Tags"), "Name": resource.physical_id}
            site.call("ssm", "PutParameter", **wanted, Overwrite=True)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Type": resource.get("Type"), "Value": resource.get("Value")}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("ssm", "DeleteParameter", Name=resource.physical_id)


made_here(Parameter)
