# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::DynamoDB::Table."""

from __future__ import annotations

from typing import Any

from local_aws.resources import Kind, Properties, Resource, Site, changed, made_here, tag_list, tag_map, without

# What CreateTable does not take: each has an operation of its own.
_AFTERWARDS = (
    "ContributorInsightsSpecification",
    "KinesisStreamSpecification",
    "PointInTimeRecoverySpecification",
    "TimeToLiveSpecification",
)
_UPDATED_TOGETHER = ("BillingMode", "ProvisionedThroughput", "OnDemandThroughput", "AttributeDefinitions")
_INDEX_UNITS = ("ProvisionedThroughput", "OnDemandThroughput")


class Table(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html"""

    type = "AWS::DynamoDB::Table"
    name = "TableName"
    replaced_by = frozenset({"KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"})

    def create(self, site: Site, resource: Resource) -> str:
        name = self.own_name(site, resource)
        arguments = without(resource.properties, *_AFTERWARDS)
        tags = {**site.tagged(resource), **site.system_tags(resource)}
        arguments |= {"TableName": name, "Tags": tag_list(tags), "BillingMode": _billing(resource.properties)}
        if "StreamSpecification" in arguments:
            arguments["StreamSpecification"] = _stream(resource.properties)
        if "ResourcePolicy" in arguments:
            arguments["ResourcePolicy"] = arguments["ResourcePolicy"]["PolicyDocument"]
        if "GlobalSecondaryIndexes" in arguments:
            arguments["GlobalSecondaryIndexes"] = [
                without(index, "ContributorInsightsSpecification") for index in arguments["GlobalSecondaryIndexes"]
            ]
        site.call("dynamodb", "CreateTable", **arguments)
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        name, after = resource.physical_id, resource.properties
        if before:
            self._update(site, name, before, after)
        if changed(before, after, "TimeToLiveSpecification"):
            wanted = after.get("TimeToLiveSpecification") or {**before["TimeToLiveSpecification"], "Enabled": False}
            site.call("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=wanted)
        if changed(before, after, "PointInTimeRecoverySpecification"):
            wanted = after.get("PointInTimeRecoverySpecification") or {"PointInTimeRecoveryEnabled": False}
            site.call("dynamodb", "UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=wanted)
        if changed(before, after, "KinesisStreamSpecification"):
            old, new = (item.get("KinesisStreamSpecification") for item in (before, after))
            for operation, said in (
                ("DisableKinesisStreamingDestination", old),
                ("EnableKinesisStreamingDestination", new),
            ):
                if said:
                    site.call("dynamodb", operation, TableName=name, StreamArn=said["StreamArn"])
        self._change_insights(site, name, before, after)

    def _update(self, site: Site, name: str, before: Properties, after: Properties) -> None:
        if changed(before, after, *_UPDATED_TOGETHER):
            wanted = {key: after[key] for key in _UPDATED_TOGETHER if key in after}
            indexes = [
                {"Update": {"IndexName": index["IndexName"], **_only(index, _INDEX_UNITS)}}
                for index in after.get("GlobalSecondaryIndexes") or []
                if _only(index, _INDEX_UNITS) and index["IndexName"] in _by_name(before)
            ]
            wanted["BillingMode"] = _billing(after)
            site.call("dynamodb", "UpdateTable", TableName=name, **wanted, GlobalSecondaryIndexUpdates=indexes or None)
        else:
            self._update_indexes(site, name, before, after)
        if changed(before, after, "StreamSpecification"):
            site.call("dynamodb", "UpdateTable", TableName=name, StreamSpecification=_stream(after))
        for key, none in (("DeletionProtectionEnabled", False), ("SSESpecification", {"SSEEnabled": False})):
            if changed(before, after, key):
                site.call("dynamodb", "UpdateTable", TableName=name, **{key: after.get(key, none)})
        if changed(before, after, "TableClass"):
            site.call("dynamodb", "UpdateTable", TableName=name, TableClass=after.get("TableClass", "STANDARD"))
        self._retag(site, name, before, after)

    def _update_indexes(self, site: Site, name: str, before: Properties, after: Properties) -> None:
        """One index in each call: "You can create or delete only one global secondary index per operation".

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
        """
        old, new = _by_name(before), _by_name(after)
        attributes = after.get("AttributeDefinitions")
        for index in old.keys() - new.keys():
            self._update_index(site, name, {"Delete": {"IndexName": index}})
        for index in new.keys() - old.keys():
            self._update_index(site, name, {"Create": new[index]}, attributes)
        for index in new.keys() & old.keys():
            if changed(old[index], new[index], *_INDEX_UNITS):
                self._update_index(site, name, {"Update": {"IndexName": index, **_only(new[index], _INDEX_UNITS)}})

    @staticmethod
    def _update_index(site: Site, name: str, change: Properties, attributes: Any = None) -> None:
        site.call(
            "dynamodb",
            "UpdateTable",
            TableName=name,
            GlobalSecondaryIndexUpdates=[change],
            AttributeDefinitions=attributes,
        )

    def _retag(self, site: Site, name: str, before: Properties, after: Properties) -> None:
        old, new = tag_map(before.get("Tags")), tag_map(after.get("Tags"))
        if old == new:
            return
        arn = self._describe(site, name)["TableArn"]
        gone = sorted(old.keys() - new.keys())
        if gone:
            site.call("dynamodb", "UntagResource", ResourceArn=arn, TagKeys=gone)
        if new:
            site.call("dynamodb", "TagResource", ResourceArn=arn, Tags=tag_list(new))

    @staticmethod
    def _change_insights(site: Site, name: str, before: Properties, after: Properties) -> None:
        old, new = _insights(before), _insights(after)
        for index in sorted({*old, *new}):
            if old.get(index, False) != new.get(index, False):
                action = "ENABLE" if new.get(index) else "DISABLE"
                site.call(
                    "dynamodb",
                    "UpdateContributorInsights",
                    TableName=name,
                    IndexName=index or None,
                    ContributorInsightsAction=action,
                )

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        table = self._describe(site, resource.physical_id)
        stream = table.get("LatestStreamArn")
        return {"Arn": table["TableArn"], **({"StreamArn": stream} if stream else {})}

    @staticmethod
    def _describe(site: Site, name: str) -> dict[str, Any]:
        table: dict[str, Any] = site.call("dynamodb", "DescribeTable", TableName=name)["Table"]
        return table

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("dynamodb", "DeleteTable", TableName=resource.physical_id)


def _billing(properties: Properties) -> str:
    """ "If not specified, the default is PROVISIONED" (the type's page, BillingMode)."""
    return str(properties.get("BillingMode") or "PROVISIONED")


def _stream(properties: Properties) -> dict[str, Any]:
    """In a template a stream that is described is enabled; the API says both."""
    said = properties.get("StreamSpecification")
    return {"StreamEnabled": True, "StreamViewType": said["StreamViewType"]} if said else {"StreamEnabled": False}


def _by_name(properties: Properties) -> dict[str, Any]:
    return {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes") or []}


def _only(properties: Properties, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: properties[name] for name in names if name in properties}


def _insights(properties: Properties) -> dict[str, bool]:
    """Whether contributor insights are on, for the table ("") and each index."""
    found = {"": properties, **_by_name(properties)}
    said = {index: item.get("ContributorInsightsSpecification") for index, item in found.items()}
    return {index: str(item.get("Enabled")).lower() == "true" for index, item in said.items() if item}


made_here(Table)
