# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from typing import Any

from local_aws.resources import AlreadyExists, Kind, Properties, Resource, Site, made_here, tag_list


class Alarm(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html"""

    type = "AWS::CloudWatch::Alarm"
    name = "AlarmName"

    def create(self, site: Site, resource: Resource) -> str:
        name = self.own_name(site, resource)
        # PutMetricAlarm overwrites an alarm of that name.
        if site.call("cloudwatch", "DescribeAlarms", AlarmNames=[name]).get("MetricAlarms"):
            raise AlreadyExists(self.type, name)
        self._put(site, resource, name)
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            self._put(site, resource, resource.physical_id)

    @staticmethod
    def _put(site: Site, resource: Resource, name: str) -> None:
        tags = tag_list(site.tagged(resource)) or None
        site.call("cloudwatch", "PutMetricAlarm", **{**resource.properties, "AlarmName": name, "Tags": tags})

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Arn": f"arn:aws:cloudwatch:{site.region}:{site.account_id}:alarm:{resource.physical_id}"}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("cloudwatch", "DeleteAlarms", AlarmNames=[resource.physical_id])


made_here(Alarm)
