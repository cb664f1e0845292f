#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_restore
version_added: 0.2.0
short_description: Put prefixes of versioned S3 buckets back to what they were at a time
description:
  - What was changed since then gets the content, metadata, tags and grants of that time, what was deleted comes back,
    and what was created since is deleted, for all keys of a prefix and thousands of them at the same time.
  - Nothing is lost. A version that was current then is copied on top, and a delete marker is put on what was created
    since; the versions in between stay, and no version is ever deleted.
  - Everything is compared before anything is written. Check mode and the diff show how many keys were changed, deleted
    and created since, the first of them, and how many bytes are copied. Memory does not grow with the number of keys.
  - A key that somebody else writes meanwhile is left as it is, and the task says so and fails. The same task run again
    goes on with what is left.
  - The returned RV(results[].before) is a valid element of O(prefixes) and undoes the task.
author:
  - runbook.aws contributors (@runbook-aws)
options:
  prefixes:
    description: What to bring back, and to when. None of them may be inside another.
    type: list
    elements: dict
    required: true
    suboptions:
      bucket:
        description: Name of the bucket. Its versioning must be enabled, and must have been at that time.
        type: str
        required: true
      prefix:
        description:
          - Beginning of the keys, for example V(data/). Empty for the whole bucket. One that no key ever had is refused.
        type: str
        required: true
      to:
        description:
          - The time, in ISO 8601 with its zone, V(2026-11-24T06:00:00Z), or how long ago, V(90s ago), V(15m ago),
            V(2h ago) or V(3d ago); V(15m) is V(15m ago).
          - S3 tells times to the second. What was written in that second counts as there.
        type: str
        required: true
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
    description: Shows what happened since the time, in numbers, and the first keys of each kind.
    support: full
  idempotent:
    description:
      - A second run writes nothing. Whether two versions are the same is told by their ETags and checksums; of two with
        the same size that AWS KMS encrypts and that have no checksums, the content is read.
    support: full
notes:
  - O(workers) calls are made at the same time, over all prefixes together. O(wait) changes nothing, because S3 answers
    when it is done.
  - "Needs C(s3:ListBucketVersions), C(s3:GetBucketVersioning), C(s3:GetLifecycleConfiguration),
    C(s3:GetEncryptionConfiguration), C(s3:GetBucketOwnershipControls), C(s3:GetObject), C(s3:GetObjectVersion),
    C(s3:GetObjectTagging), C(s3:GetObjectVersionTagging), C(s3:PutObject), C(s3:PutObjectTagging), C(s3:DeleteObject),
    C(s3:AbortMultipartUpload); where objects have ACLs C(s3:GetObjectAcl), C(s3:GetObjectVersionAcl) and
    C(s3:PutObjectAcl); where AWS KMS encrypts them C(kms:Decrypt) and C(kms:GenerateDataKey)."
  - A lifecycle rule may have deleted versions of that time. What it may have deleted is refused, not guessed. That
    somebody has deleted a version by its id is not observable here.
  - Tags belong to a version and can be changed later, without a trace. A version comes back with the tags that it has
    now.
  - An object that was uploaded in parts is as old as the beginning of its upload. It comes back in the same parts, so
    that its ETag stays. If the run is killed meanwhile, the unfinished upload is left to the bucket's lifecycle rule
    for those.
  - A version encrypted with a KMS key keeps its key, another one is encrypted as the bucket says now. Storage classes
    are kept, but for GLACIER and DEEP_ARCHIVE, from which a restored version comes back as STANDARD. Object Lock is as
    the bucket says for new objects.
seealso:
  - module: runbook.aws.s3_copy
  - name: Retaining multiple versions of objects with S3 Versioning
    description: What versions and delete markers are.
    link: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
"""

EXAMPLES = r"""
- name: Undo what happened to the data in the last two hours
  runbook.aws.s3_restore:
    prefixes:
      - bucket: sc-agent-data-prod
        prefix: data/
        to: 2h ago
  register: restored

- name: Undo exactly that
  runbook.aws.s3_restore:
    prefixes: "{{ restored.results | map(attribute='before') }}"

- name: Two prefixes, to just before a deployment
  runbook.aws.s3_restore:
    prefixes:
      - bucket: sc-agent-data-prod
        prefix: data/
        to: "2026-11-24T06:00:00Z"
      - bucket: sc-agent-data-prod
        prefix: models/
        to: "2026-11-24T06:00:00Z"
"""

RETURN = r"""
results:
  description: One element for each prefix, in the order of O(prefixes). Returned on failure too.
  returned: when the options were valid
  type: list
  elements: dict
  contains:
    target:
      description: The prefix as C(s3://bucket/prefix).
      type: str
      returned: always
      sample: s3://sc-agent-data-prod/data/
    changed:
      description: Whether anything was written in it, or would be in check mode.
      type: bool
      returned: always
    before:
      description: AWS's time before the first write, as a valid element of O(prefixes) that undoes the task.
      type: dict
      returned: always, none when the prefix could not be read
      sample: {"bucket": "sc-agent-data-prod", "prefix": "data/", "to": "2026-11-24T13:30:00Z"}
    after:
      description:
        - The time, what happened to the keys since then, and so what is brought back. C(changed) and C(deleted) are
          copied, C(created) are deleted, C(bytes) is the size of all that is copied.
        - C(keys) has the first 20 of each kind. None when something went wrong.
      type: dict
      returned: always
      sample: {"bucket": "sc-agent-data-prod", "prefix": "data/", "to": "2026-11-24T11:30:00Z",
               "changes": {"changed": 2, "deleted": 1, "created": 0, "unchanged": 4180, "bytes": 73012},
               "keys": {"changed": ["data/file.json", "data/suppliers.csv"], "deleted": ["data/stock.csv"],
                        "created": []}}
    calls:
      description: The kinds of calls that were made, or would be in check mode, in order.
      type: list
      elements: str
      returned: always
      sample: ["s3:CopyObject"]
    failed:
      description: How many keys could not be written.
      type: int
      returned: when there were any
    failures:
      description: The first 20 of them, each with its C(key) and C(error).
      type: list
      elements: dict
      returned: when there were any
    problems:
      description: Why the prefix can not be brought back, each with its C(reason) and the first C(keys).
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
from ansible_collections.runbook.aws.plugins.module_utils._s3_restore import Restores, read_targets

SPEC = {
    "prefixes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "bucket": {"type": "str", "required": True},
            "prefix": {"type": "str", "required": True},
            "to": {"type": "str", "required": True},
        },
    },
}


def main():
    module = OpsModule(argument_spec=SPEC)
    try:
        targets = read_targets(module.params["prefixes"])
    except Refused as refusal:
        module.fail_json(msg=str(refusal))
    # There is nothing to wait for, and whether every key was written is asked afterwards in any case.
    module.params["wait"] = True
    restores = Restores(module.aws("s3"), module.params["workers"])
    module.run(restores, targets, fetch=restores.fetch, plan=restores.plan, confirm=restores.confirm)


if __name__ == "__main__":
    main()
