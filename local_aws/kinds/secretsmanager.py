# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::SecretsManager::Secret and RotationSchedule."""

from __future__ import annotations

import json
from typing import Any

from local_aws.resources import Kind, Properties, Resource, Site, changed, made_here, tag_list, without


class Secret(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html"""

    type = "AWS::SecretsManager::Secret"
    name = "Name"

    def create(self, site: Site, resource: Resource) -> str:
        arguments = without(resource.properties, "GenerateSecretString", "ReplicaRegions")
        arguments |= {
            "Name": self.own_name(site, resource),
            "SecretString": _value(site, resource.properties),
            "Tags": tag_list(site.tagged(resource)) or None,
            "AddReplicaRegions": resource.get("ReplicaRegions"),
        }
        return str(site.call("secretsmanager", "CreateSecret", **arguments)["ARN"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        after = resource.properties
        # "Changing GenerateSecretString" makes a new value; a template that stays leaves the value as it is.
        if before and changed(before, after, "Description", "KmsKeyId", "SecretString", "GenerateSecretString"):
            value = _value(site, after) if changed(before, after, "SecretString", "GenerateSecretString") else None
            wanted = {key: after.get(key) for key in ("Description", "KmsKeyId")}
            site.call("secretsmanager", "UpdateSecret", SecretId=resource.physical_id, SecretString=value, **wanted)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Id": resource.physical_id}

    def delete(self, site: Site, resource: Resource) -> None:
        """Without a recovery window, so that the name is free again.

        https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1999
        """
        site.call("secretsmanager", "DeleteSecret", SecretId=resource.physical_id, ForceDeleteWithoutRecovery=True)


def _value(site: Site, properties: Properties) -> str | None:
    """The given value, or one that is generated into its place in a JSON object.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
    """
    if "SecretString" in properties:
        return str(properties["SecretString"])
    how = properties.get("GenerateSecretString")
    if how is None:
        return None
    asked = without(how, "SecretStringTemplate", "GenerateStringKey")
    made = site.call("secretsmanager", "GetRandomPassword", **asked)["RandomPassword"]
    if "SecretStringTemplate" not in how:
        return str(made)
    return json.dumps({**json.loads(how["SecretStringTemplate"]), how["GenerateStringKey"]: made})


class RotationSchedule(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-rotationschedule.html"""

    type = "AWS::SecretsManager::RotationSchedule"
    replaced_by = frozenset({"SecretId"})

    def create(self, site: Site, resource: Resource) -> str:
        return str(site.call("secretsmanager", "RotateSecret", **self._arguments(resource))["ARN"])

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        if before and before != resource.properties:
            site.call("secretsmanager", "RotateSecret", **self._arguments(resource))

    @staticmethod
    def _arguments(resource: Resource) -> dict[str, Any]:
        """The API calls RotateImmediately what a template calls RotateImmediatelyOnUpdate."""
        arguments = without(resource.properties, "RotateImmediatelyOnUpdate", "HostedRotationLambda")
        return {**arguments, "RotateImmediately": resource.get("RotateImmediatelyOnUpdate")}

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        return {"Id": resource.physical_id}

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("secretsmanager", "CancelRotateSecret", SecretId=resource.physical_id)


made_here(Secret, RotationSchedule)
