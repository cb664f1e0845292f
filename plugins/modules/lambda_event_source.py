#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_event_source
short_description: Let Lambda functions read from their event sources, or stop them
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Enables and disables event source mappings that exist, many at once, and waits until they are. So the consumers of a
    table's stream are moved from one table to another.
  - Nothing else of a mapping is touched. While it is disabled it keeps its place in the stream, as long as the stream keeps
    the records (24 hours for DynamoDB).
options:
  mappings:
    description: The mappings, each named once.
    type: list
    elements: dict
    required: true
    suboptions:
      function:
        description: Name of the function, with C(:alias) or C(:version) if the mapping was made for one.
        type: str
        required: true
      source:
        description: ARN of the event source, for example of a table's stream or of a queue.
        type: str
        required: true
      enabled:
        description: Whether the function reads from the source.
        type: bool
        required: true
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing.
    support: full
  diff_mode:
    description: Shows whether a mapping is enabled before and after.
    support: full
  idempotent:
    description: A second run writes nothing.
    support: full
notes:
  - "IAM actions: C(lambda:ListEventSourceMappings), C(lambda:GetEventSourceMapping), C(lambda:UpdateEventSourceMapping)."
seealso:
  - module: runbook.aws.dynamodb_restore
  - module: amazon.aws.lambda_event
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Read the changes of the restored table instead of the old one's
  runbook.aws.lambda_event_source:
    mappings:
      - {function: "sc-agent-indexer-prod:live", source: "{{ old_stream_arn }}", enabled: false}
      - {function: "sc-agent-indexer-prod:live", source: "{{ restored_stream_arn }}", enabled: true}
  register: switched

- name: And back
  runbook.aws.lambda_event_source:
    mappings: "{{ switched.results | map(attribute='before') | list }}"
"""

RETURN = r"""
results:
  description: One element for each mapping, in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The mapping.
      type: str
      returned: always
    changed:
      description: Whether anything was written, or would be without check mode.
      type: bool
      returned: always
    before:
      description: As it was before; giving it back undoes the task. V(null) if it could not be read or planned.
      type: dict
      returned: always
      sample: {function: "sc-agent-indexer-prod:live", source: "arn:aws:dynamodb:us-east-1:111122223333:table/t/stream/s", enabled: true}
    after:
      description: The same after the task. V(null) if it failed, because it is not known without reading it again.
      type: dict
      returned: always
      sample: {function: "sc-agent-indexer-prod:live", source: "arn:aws:dynamodb:us-east-1:111122223333:table/t/stream/s", enabled: false}
    calls:
      description: The calls that AWS accepted, or would be made without check mode, in their order.
      type: list
      elements: str
      returned: always
      sample: ["lambda:UpdateEventSourceMapping"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error. V(null) if it was none of AWS's.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._lambda_event_source import (
    MAPPINGS_SPEC,
    fetch_mapping,
    plan_mapping,
    read_targets,
)
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule


def main() -> None:
    module = OpsModule(argument_spec={"mappings": MAPPINGS_SPEC})
    aws = module.aws("lambda")
    module.run(aws, read_targets(module.params["mappings"]), lambda target: fetch_mapping(aws, target), plan_mapping)


if __name__ == "__main__":
    main()
