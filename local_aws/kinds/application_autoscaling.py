# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy."""

from __future__ import annotations

from typing import Any

from local_aws.resources import AlreadyExists, Kind, Properties, Resource, Site, changed, made_here, without

_SERVICE = "application-autoscaling"
_KEY = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def _key(properties: Properties) -> dict[str, str]:
    """The three names of a target; a policy may give them as the target's physical ID."""
    if "ScalingTargetId" in properties:
        resource_id, dimension, namespace = str(properties["ScalingTargetId"]).split("|")
        return {"ServiceNamespace": namespace, "ResourceId": resource_id, "ScalableDimension": dimension}
    return {name: str(properties[name]) for name in _KEY}


class ScalableTarget(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-applicationautoscaling-scalabletarget.html"""

    type = "AWS::ApplicationAutoScaling::ScalableTarget"
    replaced_by = frozenset(_KEY)

    def create(self, site: Site, resource: Resource) -> str:
        key = _key(resource.properties)
        physical_id = f"{key['ResourceId']}|{key['ScalableDimension']}|{key['ServiceNamespace']}"
        namespace, resource_id, dimension = (key[name] for name in _KEY)
        # RegisterScalableTarget changes a target that is there.
        if site.call(
            _SERVICE,
            "DescribeScalableTargets",
            ServiceNamespace=namespace,
            ResourceIds=[resource_id],
            ScalableDimension=dimension,
        ).get("ScalableTargets"):
            raise AlreadyExists(self.type, physical_id)
        self._register(site, resource)
        return physical_id

    @staticmethod
    def _register(site: Site, resource: Resource) -> None:
        site.call(_SERVICE, "RegisterScalableTarget", **without(resource.properties, "ScheduledActions"))

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        after = resource.properties
        if before:
            self._register(site, resource)
        if changed(before, after, "ScheduledActions"):
            old, new = (
                {action["ScheduledActionName"]: action for action in item.get("ScheduledActions") or []}
                for item in (before, after)
            )
            for name in sorted(old.keys() - new.keys()):
                site.call(_SERVICE, "DeleteScheduledAction", ScheduledActionName=name, **_key(after))
            for action in new.values():
                site.call(_SERVICE, "PutScheduledAction", **action, **_key(after))

    def delete(self, site: Site, resource: Resource) -> None:
        site.call(_SERVICE, "DeregisterScalableTarget", **_key(resource.properties))


class ScalingPolicy(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-applicationautoscaling-scalingpolicy.html"""

    type = "AWS::ApplicationAutoScaling::ScalingPolicy"
    replaced_by = frozenset({"PolicyName", "ScalingTargetId", *_KEY})

    def create(self, site: Site, resource: Resource) -> str:
        return self._put(site, resource)

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before:
            self._put(site, resource)

    @staticmethod
    def _put(site: Site, resource: Resource) -> str:
        properties = without(resource.properties, "ScalingTargetId", *_KEY)
        return str(site.call(_SERVICE, "PutScalingPolicy", **properties, **_key(resource.properties))["PolicyARN"])

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Arn": resource.physical_id}

    def delete(self, site: Site, resource: Resource) -> None:
        name = resource.get("PolicyName")
        site.call(_SERVICE, "DeleteScalingPolicy", PolicyName=name, **_key(resource.properties))


made_here(ScalableTarget, ScalingPolicy)
