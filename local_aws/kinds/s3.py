# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS::S3::Bucket: versioning, tags, encryption and public access; another property is refused, not ignored."""

from __future__ import annotations

from typing import Any

from local_aws.inside import BadValue
from local_aws.resources import AlreadyExists, Kind, Properties, Resource, Site, changed, made_here, tag_list

_KNOWN = {
    "BucketEncryption",
    "BucketName",
    "PublicAccessBlockConfiguration",
    "Tags",
    "VersioningConfiguration",
}


class Bucket(Kind):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html"""

    type = "AWS::S3::Bucket"
    name = "BucketName"
    longest = 63

    def create(self, site: Site, resource: Resource) -> str:
        unknown = sorted(set(resource.properties) - _KNOWN)
        if unknown:
            raise BadValue(f"#: the embedded AWS does not make {', '.join(unknown)} of a bucket")
        name = self.own_name(site, resource).lower()
        # In us-east-1 CreateBucket of a bucket that one owns succeeds:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html (BucketAlreadyOwnedByYou)
        if not site.gone("s3", "HeadBucket", Bucket=name):
            raise AlreadyExists(self.type, name)
        where = None if site.region == "us-east-1" else {"LocationConstraint": site.region}
        site.call("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=where)
        return name

    def change(self, site: Site, resource: Resource, before: Properties) -> None:
        name, after = resource.physical_id, resource.properties
        if changed(before, after, "VersioningConfiguration"):
            wanted = after.get("VersioningConfiguration") or {"Status": "Suspended"}
            site.call("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration=wanted)
        if not before or changed(before, after, "Tags"):
            tags = tag_list(site.tagged(resource))
            if tags:
                site.call("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
            elif before:
                site.call("s3", "DeleteBucketTagging", Bucket=name)
        if changed(before, after, "BucketEncryption"):
            rules = (after.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration")
            if rules:
                site.call(
                    "s3",
                    "PutBucketEncryption",
                    Bucket=name,
                    ServerSideEncryptionConfiguration={"Rules": [_encryption(rule) for rule in rules]},
                )
            else:
                site.call("s3", "DeleteBucketEncryption", Bucket=name)
        if changed(before, after, "PublicAccessBlockConfiguration"):
            wanted = after.get("PublicAccessBlockConfiguration")
            if wanted:
                site.call("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=wanted)
            else:
                site.call("s3", "DeletePublicAccessBlock", Bucket=name)

    def attributes(self, site: Site, resource: Resource) -> dict[str, Any]:
        name = resource.physical_id
        return {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{site.region}.amazonaws.com",
        }

    def delete(self, site: Site, resource: Resource) -> None:
        site.call("s3", "DeleteBucket", Bucket=resource.physical_id)


def _encryption(rule: Properties) -> dict[str, Any]:
    """A template calls the default another name than the API."""
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {names.get(name, name): value for name, value in rule.items()}


made_here(Bucket)
