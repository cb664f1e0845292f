#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_settings_info
short_description: Show everything about DynamoDB tables that a restore loses
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Shows all settings of DynamoDB tables, those that hang on a table from other services included, in the shape that
    O(runbook.aws.dynamodb_restore#module:tables[].settings) takes. Kept beside a backup, they bring back a table
    whose source is gone.
  - Alarms, event source mappings and autoscaling are read for all tables together.
  - A setting that cannot be read, for example because that is not allowed, is an error of its table, never a setting
    that is not there.
options:
  tables:
    description:
      - Names of tables, each once.
      - Every table of the account and region when left out.
    type: list
    elements: str
  name_pattern:
    description:
      - With O(tables) left out, only tables whose name matches, with C(*) and C(?) as in a shell.
    type: str
    default: "*"
  settings_except:
    description:
      - Settings that are not read, and not in the result. V(autoscaling) is the part of V(capacity) that has its
        name.
    type: list
    elements: str
    choices:
      - capacity
      - indexes
      - sse
      - table_class
      - deletion_protection
      - tags
      - ttl
      - stream
      - pitr
      - resource_policy
      - stream_policy
      - contributor_insights
      - kinesis
      - alarms
      - event_source_mappings
      - replicas
      - autoscaling
    default: []
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
  idempotent:
    description: Only reads.
    support: full
notes:
  - IAM policies that name a table by its ARN are not shown. No call lists them.
  - Tags whose key begins with C(aws:) are not shown, because only AWS writes them.
  - "IAM actions: C(dynamodb:DescribeTable), C(dynamodb:DescribeContinuousBackups), C(dynamodb:DescribeTimeToLive),
    C(dynamodb:ListTagsOfResource), C(dynamodb:GetResourcePolicy), C(dynamodb:ListContributorInsights),
    C(dynamodb:DescribeKinesisStreamingDestination), C(application-autoscaling:Describe*),
    C(cloudwatch:DescribeAlarms), C(cloudwatch:ListTagsForResource), C(lambda:ListEventSourceMappings),
    C(lambda:ListTags), and C(dynamodb:ListTables) without O(tables)."
seealso:
  - module: runbook.aws.dynamodb_restore
  - module: runbook.aws.dynamodb_capacity_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Read what a restore of two tables would lose
  runbook.aws.dynamodb_settings_info:
    tables:
      - sc-agent-sessions-prod
      - sc-agent-conversations-prod
  register: found

- name: Keep it beside the backups
  ansible.builtin.copy:
    content: "{{ found.results | items2dict(key_name='target', value_name='settings') | to_json }}"
    dest: "{{ playbook_dir }}/table-settings.json"
    mode: "0600"
"""

RETURN = r"""
results:
  description: One element for each table, in the order given, or by name.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the table.
      type: str
      returned: always
      sample: sc-agent-sessions-prod
    error:
      description: Why it could not be read. V(null) if it could.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error. V(null) if it was none of AWS's.
      type: str
      returned: always
    settings:
      description: All its settings, as O(runbook.aws.dynamodb_restore#module:tables[].settings) takes them.
      type: dict
      returned: if it could be read
      contains:
        table_arn:
          description: Whose settings they are. A restored table gets them with its own name in the place of this
            one's.
          type: str
          returned: always
        capacity:
          description:
            - Billing mode, units, on-demand maxima and autoscaling of the table and its indexes, as an element of
              O(runbook.aws.dynamodb_capacity#module:tables) without its name.
            - Where autoscaling owns the units, C(initial_units) is where they are.
          type: dict
          returned: if not excepted
          sample: {billing_mode: PROVISIONED, read: {units: 5}, write: {units: 5}, indexes: []}
        indexes:
          description:
            - The indexes; C(type) is V(global), V(local) or V(vector), C(definition) has the words of C(CreateTable),
              C(attributes) the types of the key attributes.
          type: list
          elements: dict
          returned: if not excepted
        sse:
          description: "Encryption with a key in KMS; V({enabled: false}) is DynamoDB's own key."
          type: dict
          returned: if not excepted
          sample: {enabled: false}
        table_class:
          description: The table class.
          type: str
          returned: if not excepted
          sample: STANDARD
        deletion_protection:
          description: Whether it cannot be deleted.
          type: bool
          returned: if not excepted
        tags:
          description: The tags, but AWS's own.
          type: dict
          returned: if not excepted
          sample: {team: agents}
        ttl:
          description: The attribute by which items expire, or nothing.
          type: str
          returned: if not excepted
          sample: expires_at
        stream:
          description: View type of the stream, or nothing.
          type: str
          returned: if not excepted
          sample: NEW_AND_OLD_IMAGES
        pitr:
          description: Point-in-time recovery, as an element of dynamodb_pitr's C(tables) without its name.
          type: dict
          returned: if not excepted
          sample: {state: present, recovery_period_days: 35}
        resource_policy:
          description: The policy that is attached to the table, or nothing.
          type: dict
          returned: if not excepted
        stream_policy:
          description: The policy that is attached to its stream, with C(${StreamLabel}) for the stream's label, or
            nothing.
          type: dict
          returned: if not excepted
        contributor_insights:
          description: The modes of contributor insights of the table (C(table)) and of its indexes (C(indexes)),
            where on.
          type: dict
          returned: if not excepted
          sample: {table: ACCESSED_AND_THROTTLED_KEYS}
        kinesis:
          description: The Kinesis data streams that get its changes.
          type: list
          elements: dict
          returned: if not excepted
        alarms:
          description:
            - The metric alarms that watch the table, in the words of C(PutMetricAlarm). Those that belong to its
              autoscaling come and go with it, and are not among them.
          type: list
          elements: dict
          returned: if not excepted
        event_source_mappings:
          description: The functions that read from its stream, in the words of C(CreateEventSourceMapping).
          type: list
          elements: dict
          returned: if not excepted
        replicas:
          description: Regions of the replicas of a global table.
          type: list
          elements: str
          returned: if not excepted
    other_policies:
      description: Names of scaling policies that C(capacity) does not describe, so that a restore cannot put them
        back.
      type: list
      elements: str
      returned: if it could be read
"""

from fnmatch import fnmatchcase

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import EXCEPTIONS
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings_reader import (
    SettingsReader,
    report_settings,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

SPEC = {
    "tables": {"type": "list", "elements": "str"},
    "name_pattern": {"type": "str", "default": "*"},
    "settings_except": {"type": "list", "elements": "str", "choices": list(EXCEPTIONS), "default": []},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False)
    aws = module.aws("dynamodb", "cloudwatch", "lambda")
    names = module.params["tables"]
    if names is None:
        try:
            listed = aws.pages("dynamodb", "ListTables", "TableNames")
        except AwsError as error:
            module.fail_json(msg=str(error))
        names = sorted(name for name in listed if fnmatchcase(name, module.params["name_pattern"]))
    reader = SettingsReader(aws, module.params["workers"])
    found = reader.read(dict.fromkeys(names, module.params["settings_except"]))
    module.report([Target(name) for name in names], lambda target: report_settings(target.name, found[target.name]))


if __name__ == "__main__":
    main()
