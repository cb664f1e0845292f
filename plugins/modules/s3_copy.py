#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_copy
version_added: 0.2.0
short_description: Copy prefixes from bucket to bucket, with a manifest that tells later whether all of it is there
description:
  - Copies what is current below a prefix onto another one, in another bucket, region or account, thousands of objects
    at the same time, with their metadata and tags. S3 copies; nothing passes through this machine.
  - Only what differs is copied, so a second run writes nothing and a run that was cut off goes on. What is in the
    target but not in the source stays.
  - The manifest is written last. It has a line for each object, with its key, version, size, ETag and checksum, so that
    O(copies[].verify) can tell whether all of it is there, and O(copies[].state=absent) what may be deleted.
  - A snapshot keeps the manifest of one moment. With O(copies[].source.snapshot) exactly what it names is copied back, in
    the versions of that moment, whatever was copied later.
  - Memory does not grow with the number of objects.
  - The returned RV(results[].before) is a valid element of O(copies) and undoes the task, as far as the target's bucket
    keeps versions.
author:
  - runbook.aws contributors (@runbook-aws)
options:
  copies:
    description: What to copy. No target may overlap another target or a source.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description: What is copied.
        type: dict
        required: true
        suboptions:
          bucket:
            description: Name of the bucket.
            type: str
            required: true
          prefix:
            description: Beginning of the keys, for example V(data/). Empty for the whole bucket.
            type: str
            required: true
          snapshot:
            description:
              - Key in this bucket of a snapshot that was made with O(copies[].snapshot). What it names is copied, in the
                versions that it names, instead of what is current. What else is in the target stays, and is counted.
            type: str
      target:
        description: Where it is copied to. Keys have the rest of their names below its prefix.
        type: dict
        required: true
        suboptions:
          bucket:
            description: Name of the bucket.
            type: str
            required: true
          prefix:
            description: Beginning of the keys, for example V(backup/data/). Empty for the whole bucket.
            type: str
            required: true
      manifest:
        description:
          - Key of the manifest in the target's bucket, for example V(manifests/data.jsonl.gz). It is JSON lines,
            compressed by gzip. One copy has one manifest, which later runs bring up to date.
          - Needed, but for a copy from a snapshot, which is told by that.
        type: str
      snapshot:
        description:
          - Key in the target's bucket under which the manifest is kept as it is when this copy is whole. Later copies
            with other snapshots leave it. If it is there, it was made and nothing is copied.
          - The target's bucket must keep versions, because a snapshot names them.
        type: str
      state:
        description:
          - V(absent) deletes what the manifest names, and then the manifest. What was there before the copy, or was
            changed since, stays.
        type: str
        choices: [present, absent]
        default: present
      verify:
        description:
          - Write nothing, only tell whether everything that the manifest names is in the target, in the version, size
            and content that it names; of a snapshot, whether the target's current objects have the sizes and contents
            that it names. The task fails if anything is missing or different.
        type: bool
        default: false
      as_of:
        description:
          - Bring what the manifest names in the target, now or then, and the manifest back to what they were at this
            time, as M(runbook.aws.s3_restore) does. It is what a later copy is undone by.
        type: str
  source_region:
    description: Region of the sources, if it is not O(region), which is that of the targets.
    type: str
  skip_archived:
    description:
      - Leave out objects that can not be read before they are restored from an archive. How many there are is in the
        result. Without it they are refused.
    type: bool
    default: false
  skip_missing:
    description:
      - Leave out what a snapshot names and is not there any more in that version. How many there are is in the result,
        with the first of their keys. Without it they are refused.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing.
    support: full
  diff_mode:
    description: Shows how many objects would be written or deleted, and the first of them.
    support: full
  idempotent:
    description: A second run writes nothing, not even the manifest.
    support: full
notes:
  - O(workers) calls are made at the same time, over all copies together. O(wait) changes nothing, because S3 answers
    when it is done.
  - "Needs of the source C(s3:ListBucketVersions), C(s3:GetObject), C(s3:GetObjectVersion), C(s3:GetObjectTagging),
    C(s3:GetObjectVersionTagging); of the target C(s3:ListBucketVersions), C(s3:GetBucketVersioning),
    C(s3:GetLifecycleConfiguration), C(s3:GetEncryptionConfiguration), C(s3:GetBucketOwnershipControls),
    C(s3:GetObject), C(s3:GetObjectTagging), C(s3:PutObject), C(s3:PutObjectTagging), C(s3:AbortMultipartUpload), to
    delete or go back C(s3:DeleteObject) and C(s3:GetObjectVersion); where AWS KMS encrypts C(kms:Decrypt) and
    C(kms:GenerateDataKey)."
  - A copy is encrypted as the target's bucket says, and belongs to who copies. ACLs and Object Lock are not copied;
    storage classes are. Objects that were uploaded in parts are copied in the same parts, so that their ETags stay.
  - What is compared is what is current, by versions and ETags. Tags that were changed in place leave no trace in a
    listing, so such a change is copied only together with another one.
  - A key that somebody else writes meanwhile is left as it is, and the task says so and fails. The same task run again
    goes on with what is left. The manifest then says that it is not complete.
seealso:
  - module: runbook.aws.s3_restore
  - name: CopyObject
    description: What a copy takes along.
    link: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

EXAMPLES = r"""
- name: Copy the data to the backup bucket
  runbook.aws.s3_copy:
    copies:
      - source:
          bucket: sc-agent-data-prod
          prefix: data/
        target:
          bucket: sc-agent-backup-prod
          prefix: data/
        manifest: manifests/data.jsonl.gz
  register: copied

- name: Undo exactly that
  runbook.aws.s3_copy:
    copies: "{{ copied.results | map(attribute='before') }}"

- name: Is everything still there?
  runbook.aws.s3_copy:
    copies:
      - source:
          bucket: sc-agent-data-prod
          prefix: data/
        target:
          bucket: sc-agent-backup-prod
          prefix: data/
        manifest: manifests/data.jsonl.gz
        verify: true

- name: Bring the data back from another region
  runbook.aws.s3_copy:
    region: us-east-1
    source_region: eu-west-1
    copies:
      - source:
          bucket: sc-agent-backup-eu
          prefix: data/
        target:
          bucket: sc-agent-data-prod
          prefix: data/
        manifest: manifests/recovered.jsonl.gz

- name: Copy the data, and keep for good what the copy consists of now
  runbook.aws.s3_copy:
    copies:
      - source:
          bucket: sc-agent-data-prod
          prefix: ""
        target:
          bucket: sc-agent-backup-prod
          prefix: copies/
        manifest: manifests/copies.jsonl.gz
        snapshot: manifests/before-upgrade-7.jsonl.gz

- name: Fill another bucket with what was there then
  runbook.aws.s3_copy:
    copies:
      - source:
          bucket: sc-agent-backup-prod
          prefix: copies/
          snapshot: manifests/before-upgrade-7.jsonl.gz
        target:
          bucket: sc-agent-data-recovered
          prefix: ""
"""

RETURN = r"""
results:
  description: One element for each copy, in the order of O(copies). Returned on failure too.
  returned: when the options were valid
  type: list
  elements: dict
  contains:
    target:
      description: The copy as C(s3://bucket/prefix -> s3://bucket/prefix).
      type: str
      returned: always
      sample: s3://sc-agent-data-prod/data/ -> s3://sc-agent-backup-prod/data/
    changed:
      description: Whether anything was written, or would be in check mode.
      type: bool
      returned: always
    before:
      description:
        - A valid element of O(copies) that undoes the task. C(state=absent) of a first copy that overwrote nothing,
          else C(as_of) with AWS's time before the first write. A warning says where nothing brings it back.
      type: dict
      returned: always, none when the copy could not be read
      sample: {"source": {"bucket": "sc-agent-data-prod", "prefix": "data/"},
               "target": {"bucket": "sc-agent-backup-prod", "prefix": "data/"},
               "manifest": "manifests/data.jsonl.gz", "state": "absent"}
    after:
      description:
        - What is there afterwards. C(objects) counts those that are C(created), C(changed), C(unchanged), C(gone) from
          the source, C(archived), C(missing) in the version that a snapshot names, C(deleted), or C(left) because they
          are not the copy's own; with O(copies[].verify) those that are C(verified), or there but C(superseded) by a
          newer version; and the C(bytes) of what is copied or verified.
        - C(keys) has the first 20 of each kind. None when something went wrong.
      type: dict
      returned: always
      sample: {"source": {"bucket": "sc-agent-data-prod", "prefix": "data/"},
               "target": {"bucket": "sc-agent-backup-prod", "prefix": "data/"},
               "manifest": "manifests/data.jsonl.gz", "state": "present",
               "objects": {"created": 2, "unchanged": 4180, "bytes": 73012},
               "keys": {"created": ["file.json", "stock.csv"]}}
    calls:
      description: The kinds of calls that were made, or would be in check mode, in order.
      type: list
      elements: str
      returned: always
      sample: ["s3:CopyObject", "s3:PutObject"]
    objects:
      description: The counts of a verification that failed, as in C(after), with those C(missing) and C(different).
      type: dict
      returned: when the verification failed, or versions that a snapshot names are missing
    keys:
      description: The first 20 keys of each kind.
      type: dict
      returned: when the verification failed, or versions that a snapshot names are missing
    failed:
      description: How many objects could not be written.
      type: int
      returned: when there were any
    failures:
      description: The first 20 of them, each with its C(key) and C(error).
      type: list
      elements: dict
      returned: when there were any
    problems:
      description: Why it can not go back as O(copies[].as_of) says, each with its C(reason) and the first C(keys).
      type: list
      elements: dict
      returned: when there were any
    error:
      description: What went wrong, and the way out. None when nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's own code of the error, for example C(NoSuchBucket). None when AWS gave none.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._s3_copy import Copies, read_targets

PLACE = {
    "type": "dict",
    "required": True,
    "options": {"bucket": {"type": "str", "required": True}, "prefix": {"type": "str", "required": True}},
}
SNAPSHOT = {"snapshot": {"type": "str"}}
SPEC = {
    "copies": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "source": {**PLACE, "options": {**PLACE["options"], **SNAPSHOT}},
            "target": PLACE,
            "manifest": {"type": "str"},
            **SNAPSHOT,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "verify": {"type": "bool", "default": False},
            "as_of": {"type": "str"},
        },
    },
    "source_region": {"type": "str"},
    "skip_archived": {"type": "bool", "default": False},
    "skip_missing": {"type": "bool", "default": False},
}


def main():
    module = OpsModule(argument_spec=SPEC)
    try:
        targets = read_targets(module.params["copies"])
    except Refused as refusal:
        module.fail_json(msg=str(refusal))
    # There is nothing to wait for, and whether every key was written is asked afterwards in any case.
    module.params["wait"] = True
    source = aws = module.aws("s3")
    if module.params["source_region"]:
        # amazon.aws makes clients for the option `region`.
        region, module.params["region"] = module.params["region"], module.params["source_region"]
        source = module.aws("s3")
        module.params["region"] = region
    left_out = module.params["skip_archived"], module.params["skip_missing"]
    copies = Copies(aws, source, module.params["workers"], *left_out)
    module.run(copies, targets, fetch=copies.fetch, plan=copies.plan, confirm=copies.confirm)


if __name__ == "__main__":
    main()
