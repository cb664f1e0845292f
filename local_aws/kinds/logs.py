# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::Logs::LogGroup."""

from __future__ import annotations

from typing import Any

from local_aws.resources import Kind, Properties, Resource, Site, changed, made_here


class LogGroup(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html"""

    type = "AWS::Logs::LogGroup"
    name = "LogGroupName"

    def create(self, site: Site, resource: Resource) -> str:
        name = self.own_name(site, resource)
        tags = site.tagged(resource) or None
        site.call("logs", "CreateLogGroup", logGroupName=name, kmsKeyId=resource.get("KmsKeyId"), tags=tags)
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        name, after = resource.physical_id, resource.properties
        if changed(before, after, "RetentionInDays"):
            days = after.get("RetentionInDays")
            if days:
                site.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
            else:
                site.call("logs", "DeleteRetentionPolicy", logGroupName=name)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Arn": f"arn:aws:logs:{site.region}:{site.account_id}:log-group:{resource.physical_id}:*"}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("logs", "DeleteLogGroup", logGroupName=resource.physical_id)


made_here(LogGroup)
