#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_restore
short_description: Restore many DynamoDB tables with everything that a restore loses
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Restores DynamoDB tables from backups or to a point in time, into new tables, and then puts back what AWS does not
    restore. That is autoscaling, TTL, tags, the stream, point-in-time recovery, deletion protection, resource
    policies, contributor insights, Kinesis streaming, the alarms on the table, and the event source mappings of its
    stream.
  - At the end every restored table is read again and held against its source. RV(results[].parity) tells what is
    missing; anything missing is a failure.
  - All points in time and backups are looked up before anything is written. All restores of the task are then
    submitted at AWS's rate, those above the account's limit of restores as soon as there is room, and waited for
    together.
  - A table that is there already is never touched, unless it is what is asked for. Then an earlier run was
    interrupted, and this one goes on where that ended.
options:
  tables:
    description:
      - The restores.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description:
          - Name of the table whose items are wanted, or its ARN. The table itself may be gone.
          - An ARN of another region restores from there into the region of the task.
        type: str
        required: true
      target:
        description:
          - Name of the restored table.
          - Left out, it is O(tables[].source) with C(-restored-) and the point in time in UTC, for example
            C(sessions-restored-20261124-061500). With V(latest) or a time ago that is a new name each time, so give
            a name to make a task repeatable.
        type: str
      state:
        description:
          - V(absent) deletes a restored table with the alarms, scalable targets and event source mappings that were
            made for it.
          - Only a table that was restored from O(tables[].source) is deleted, see the notes, and none from whose
            stream functions read.
          - Point-in-time recovery of the restored table leaves a backup of it, as AWS does whenever such a table is
            deleted.
        type: str
        choices: [present, absent]
        default: present
      restore_from:
        description:
          - What to restore. V(latest) point in time when left out.
        type: dict
        suboptions:
          time:
            description:
              - A point in time. ISO 8601 with a zone, how long ago (V(90s ago), V(15m ago), V(2h ago), V(3d ago)), or
                V(latest).
              - AWS restores to whole seconds, up to about five minutes ago.
            type: str
          backup:
            description:
              - ARN or name of a backup, or V(latest). Of several with one name the newest is taken, and V(latest) is
                never a backup of an earlier table that had the name.
            type: str
      billing_mode:
        description:
          - Of the restored table, instead of the source's. V(PROVISIONED) for an on-demand source needs
            O(tables[].read_units) and O(tables[].write_units), which its indexes get too.
          - A table that becomes V(PAY_PER_REQUEST) gets no autoscaling.
        type: str
        choices: [PROVISIONED, PAY_PER_REQUEST]
      read_units:
        description: Read units of the restored table, where its autoscaling begins if it has one.
        type: int
      write_units:
        description: The same of writes.
        type: int
      indexes:
        description:
          - Names of the secondary indexes to keep, an empty list for none. All of them when left out.
          - A local secondary index that is not kept can never be added.
        type: list
        elements: str
      sse:
        description:
          - Encryption of the restored table, instead of the source's. Needed for a source in another region that has
            a key in KMS.
        type: dict
        suboptions:
          enabled:
            description: V(false) is the key that DynamoDB owns.
            type: bool
            default: true
          kms_master_key_id:
            description: Id, ARN or alias of a key in KMS. DynamoDB's own key in the account when left out.
            type: str
      settings:
        description:
          - What to put back, as RV(runbook.aws.dynamodb_settings_info#module:results[].settings). The settings that
            the source has now when left out; so they are needed when the source is gone.
          - A setting that is not in it is left as AWS restores it, and not looked at. V({}) restores the items only.
        type: dict
      settings_except:
        description:
          - Settings that are neither put back nor looked at. V(autoscaling) is the part of V(capacity) that has its
            name; V(stream) takes V(stream_policy) and V(event_source_mappings) with it. With V(tags) the table is
            not marked as restored either.
          - A global table is only restored with V(replicas) in this list, because a restored table is in one region.
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
    description: Reads and plans everything, the restorable window included, and writes nothing.
    support: full
  diff_mode:
    description: Shows the restored table with its settings.
    support: full
  idempotent:
    description: With the same O(tables[].target) a second run writes nothing.
    support: full
notes:
  - Event source mappings are made disabled, so that nothing is processed twice.
    RV(results[].event_source_mappings) are elements for M(runbook.aws.lambda_event_source) to switch over with.
  - Alarms get the restored table's name in their own, and keep their actions.
  - AWS itself does not tell where a table was restored from once the restore is done, so the restored table is
    tagged. C(runbook:restored-from) is the source's name, C(runbook:restored-to) the point in time,
    C(runbook:restored-backup) the backup, C(runbook:restored-region) another region. C(runbook:restored-at) is set
    last, when the table has everything.
  - A run that was ended before these tags were set is found in CloudTrail, whose events are some minutes late.
  - A restore takes AWS some minutes for an empty table and hours for a large one, so choose O(wait_timeout)
    accordingly. When the time is up, the same task run again waits on.
  - "Two things are not put back, and RV(results[].parity) says so: IAM policies that name the source by its ARN,
    because no call lists them, and warm throughput, because AWS bills it."
  - V(before) of RV(results) undoes the task. Of a new table it is V(state=absent). Of a deleted one it restores the
    same items again with the same settings, as long as AWS keeps what they were restored from.
  - "IAM actions: those of M(runbook.aws.dynamodb_settings_info), and C(dynamodb:RestoreTableToPointInTime),
    C(dynamodb:RestoreTableFromBackup), C(dynamodb:ListBackups), C(dynamodb:DescribeBackup), C(dynamodb:UpdateTable),
    C(dynamodb:UpdateTimeToLive), C(dynamodb:UpdateContinuousBackups), C(dynamodb:TagResource),
    C(dynamodb:PutResourcePolicy), C(dynamodb:UpdateContributorInsights), C(dynamodb:DescribeContributorInsights),
    C(dynamodb:EnableKinesisStreamingDestination), C(dynamodb:DeleteTable),
    C(application-autoscaling:RegisterScalableTarget), C(application-autoscaling:PutScalingPolicy),
    C(application-autoscaling:PutScheduledAction), C(application-autoscaling:DeregisterScalableTarget),
    C(cloudwatch:PutMetricAlarm), C(cloudwatch:TagResource), C(cloudwatch:DeleteAlarms),
    C(lambda:CreateEventSourceMapping), C(lambda:GetEventSourceMapping), C(lambda:DeleteEventSourceMapping),
    C(cloudtrail:LookupEvents)."
  - "AWS's service also needs C(dynamodb:BatchWriteItem), C(dynamodb:DeleteItem), C(dynamodb:GetItem),
    C(dynamodb:PutItem), C(dynamodb:Query), C(dynamodb:Scan) and C(dynamodb:UpdateItem) on the restored table, of
    whoever restores it."
seealso:
  - module: runbook.aws.dynamodb_settings_info
  - module: runbook.aws.dynamodb_pitr
  - module: runbook.aws.dynamodb_backup
  - module: runbook.aws.dynamodb_compare
  - module: runbook.aws.lambda_event_source
  - name: Restoring a table
    description: What is restored and what is not.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/pointintimerecovery_restores.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Restore two tables to before the faulty deployment
  runbook.aws.dynamodb_restore:
    tables:
      - source: sc-agent-sessions-prod
        restore_from: {time: 45m ago}
      - source: sc-agent-conversations-prod
        restore_from: {time: 45m ago}
  register: restored

- name: Show how they differ from their sources
  ansible.builtin.debug:
    msg: "{{ item.after.target }}: {{ item.parity }}"
  loop: "{{ restored.results }}"

- name: Remove the restored tables again
  runbook.aws.dynamodb_restore:
    tables: "{{ restored.results | map(attribute='before') | list }}"

- name: Make a cheap copy of the table as it was, to look something up
  runbook.aws.dynamodb_restore:
    tables:
      - source: sc-agent-sessions-prod
        target: sc-agent-sessions-lookup
        billing_mode: PAY_PER_REQUEST
        indexes: []
        settings: {}

- name: Keep the settings of a table beside its backups
  runbook.aws.dynamodb_settings_info:
    tables: [sc-agent-sessions-prod]
  register: kept

- name: Restore the newest backup with them, also when the table itself is gone
  runbook.aws.dynamodb_restore:
    tables:
      - source: sc-agent-sessions-prod
        target: sc-agent-sessions-prod-new
        restore_from: {backup: latest}
        settings: "{{ kept.results[0].settings }}"
"""

RETURN = r"""
results:
  description: One element for each restore, in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the restored table if it was given, otherwise of the source.
      type: str
      returned: always
      sample: sc-agent-sessions-prod
    changed:
      description: Whether anything was written, or would be without check mode.
      type: bool
      returned: always
    before:
      description:
        - What was there before, as an element of O(tables); giving it back undoes the task. V(null) if it could not
          be read or planned.
        - After a run that went on with an interrupted one it undoes both. Where something was added to a restored
          table that was complete, it leaves the table alone, because it may be in use, and takes nothing away from
          it either.
      type: dict
      returned: always
      sample: {source: sc-agent-sessions-prod, target: sc-agent-sessions-prod-restored-20261123-051500, state: absent}
    after:
      description: The restored table, as an element of O(tables) that makes it again. V(null) if the task failed.
      type: dict
      returned: always
      sample:
        source: sc-agent-sessions-prod
        target: sc-agent-sessions-prod-restored-20261123-051500
        state: present
        restore_from: {time: "2026-11-23T05:15:00Z"}
        settings: {ttl: expires_at}
    parity:
      description: How the restored table differs from the source, read after everything was put back.
      type: dict
      returned: when the restored table was read again
      contains:
        same:
          description: Whether nothing is missing and nothing is there besides.
          type: bool
          returned: always
        missing:
          description: What the restored table does not have as its source has it.
          type: list
          elements: dict
          returned: always
          sample: [{setting: tags.team, source: agents, restored: null}]
        extra:
          description: What it has besides. Nothing is taken away from it.
          type: list
          elements: dict
          returned: always
        not_checked:
          description: What is not looked at, and why.
          type: list
          elements: str
          returned: always
    restored:
      description: The restored table.
      type: dict
      returned: when the restored table was read again
      contains:
        table_arn:
          description: Its ARN.
          type: str
          returned: always
        stream_arn:
          description: ARN of its stream. V(null) without one.
          type: str
          returned: always
        restored_to:
          description: The point in time, or when the backup was made, in UTC.
          type: str
          returned: always
          sample: "2026-11-23T05:15:00Z"
        backup:
          description: ARN of the backup. V(null) for a point in time.
          type: str
          returned: always
    event_source_mappings:
      description:
        - The functions that are to read from the restored table's stream once it is in use, as elements of
          O(runbook.aws.lambda_event_source#module:mappings), C(enabled) as it is for the source.
      type: list
      elements: dict
      returned: when the restored table was read again
    calls:
      description: The calls that AWS accepted, or would be made without check mode, in their order.
      type: list
      elements: str
      returned: always
      sample: ["dynamodb:RestoreTableToPointInTime", "dynamodb:TagResource"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error. V(null) if it was none of AWS's.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore import TABLES_SPEC
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore_plan import plan_restore
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore_queue import Queue
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_restore_reader import RestoreReader
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_settings import TableArn
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

SERVICES = ("dynamodb", "cloudwatch", "lambda")


def _aws_elsewhere(module, region):
    """A way to AWS in another region. amazon.aws takes the region of a client from the module's options."""
    own = module.params["region"]
    module.params["region"] = region
    try:
        return module.aws(*SERVICES, "application-autoscaling")
    finally:
        module.params["region"] = own


def main() -> None:
    module = OpsModule(argument_spec={"tables": TABLES_SPEC})
    aws = module.aws(*SERVICES)
    here = aws.client("dynamodb").meta.region_name
    tables = module.params["tables"]
    regions = {arn.region for table in tables if (arn := TableArn.read(table["source"]))} - {here}
    elsewhere = {region: _aws_elsewhere(module, region) for region in sorted(regions)}
    targets = [Target(table["target"] or table["source"], table) for table in tables]
    reader = RestoreReader(aws, elsewhere.__getitem__, here, targets, workers=module.params["workers"])
    module.run(Queue(aws, module.params["wait_timeout"]), targets, reader.fetch, plan_restore, confirm=reader.confirm)


if __name__ == "__main__":
    main()
