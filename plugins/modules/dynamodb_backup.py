#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_backup
short_description: Make on-demand backups of many DynamoDB tables, and delete old ones
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Makes on-demand backups of a list of tables and waits until they can be restored.
  - The name is an idempotency key. A table that has a backup of that name gets no second one; one that is still being
    made, by an earlier run that was ended too, is waited for. The backups of an earlier table that had the same name
    do not count, because their items are not this table's.
  - Deletes what a retention no longer keeps when the new backups of the task are there. A table whose new backup
    failed keeps all of its old ones.
  - A table that was just made is waited for until AWS has enabled continuous backups on it, instead of failing with
    C(ContinuousBackupsUnavailableException).
options:
  backups:
    description:
      - The backups. A table may be named more than once, unless one of its elements has a retention.
      - Each element needs O(backups[].name), O(backups[].retention), or both.
    type: list
    elements: dict
    required: true
    suboptions:
      table:
        description: Name of the table, not its ARN.
        type: str
        required: true
      name:
        description:
          - Name of the backup, 3 to 255 letters of A-Z, a-z, 0-9, C(_), C(.) and C(-).
          - V(latest) is refused, because M(runbook.aws.dynamodb_restore) takes it for the newest one.
        type: str
      state:
        description:
          - V(absent) deletes all backups of this name that users made of this table. It cannot be undone.
          - It also deletes those of a table that is gone itself.
        type: str
        choices: [present, absent]
        default: present
      retention:
        description:
          - Which older backups to delete. It looks at what users made of this table and nothing else, and needs one of
            the rules or both. What either rule keeps stays.
          - The newest that can be restored always stays, and so do O(backups[].name) and what is still being made.
        type: dict
        suboptions:
          names:
            description: Only backups whose name matches, with C(*) and C(?) as in a shell.
            type: str
            required: true
          keep_last:
            description: Keep this many of the newest, 1 or more. The one that the task makes is one of them.
            type: int
          keep_days:
            description: Keep those of the last days, 1 or more.
            type: int
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing.
    support: full
  diff_mode:
    description: Shows which backups are made and deleted.
    support: full
  idempotent:
    description: A second run writes nothing, unless a backup has grown older than O(backups[].retention.keep_days).
    support: full
notes:
  - RV(results[].before) deletes what the task made. What the task deleted does not come back; there
    RV(results[].before) makes a new backup of the table as it is then.
  - A backup holds what was written until the minute before it was asked for, and may hold what was written until the
    minute after (botocore, CreateBackup).
  - Backups of AWS Backup are not touched; M(runbook.aws.dynamodb_backup_info) shows them.
  - Where the answer of C(CreateBackup) is lost on the way, it is asked for again, and two backups can have the name.
  - "IAM actions: C(dynamodb:DescribeTable), C(dynamodb:ListBackups), C(dynamodb:CreateBackup),
    C(dynamodb:DescribeBackup), and C(dynamodb:DeleteBackup) to delete."
seealso:
  - module: runbook.aws.dynamodb_backup_info
  - module: runbook.aws.dynamodb_pitr
  - name: CreateBackup
    description: What a backup holds.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Back up two tables before a change
  runbook.aws.dynamodb_backup:
    backups:
      - table: sc-agent-sessions-prod
        name: pre-maintenance-2026-11-24
      - table: sc-agent-conversations-prod
        name: pre-maintenance-2026-11-24
  register: made

- name: Delete them again
  runbook.aws.dynamodb_backup:
    backups: "{{ made.results | map(attribute='before') | list }}"

- name: Back up every night, and keep a week of them, and never less than the last three
  runbook.aws.dynamodb_backup:
    backups:
      - table: sc-agent-sessions-prod
        name: nightly-{{ '%Y-%m-%d' | ansible.builtin.strftime(utc=true) }}
        retention:
          names: nightly-*
          keep_days: 7
          keep_last: 3
"""

RETURN = r"""
results:
  description: One element for each of O(backups), in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the table, and of the backup if one is named.
      type: str
      returned: always
      sample: sc-agent-sessions-prod/nightly-2026-11-24
    changed:
      description: Whether anything was written, or would be without check mode.
      type: bool
      returned: always
    before:
      description:
        - What was there, as an element of O(backups); giving it back deletes what was made. V(null) if the table could
          not be read or planned.
      type: dict
      returned: always
      sample: {table: sc-agent-sessions-prod, name: nightly-2026-11-24, state: absent}
    after:
      description:
        - The same after the task, with the C(arn) of the backup where it is known, and with the names that the
          retention has C(deleted). V(null) if it failed.
      type: dict
      returned: always
      sample: {table: sc-agent-sessions-prod, name: nightly-2026-11-24, state: present, deleted: [nightly-2026-11-16],
               arn: "arn:aws:dynamodb:us-east-1:123456789012:table/sc-agent-sessions-prod/backup/01789-5f3c"}
    backup:
      description: The backup that O(backups[].name) says, as AWS tells it when the task has waited for it.
      type: dict
      returned: when O(backups[].state=present), O(wait=true) and not in check mode
      contains:
        arn:
          description: Its ARN.
          type: str
          returned: always
        name:
          description: Its name.
          type: str
          returned: always
        type:
          description: V(USER).
          type: str
          returned: always
        status:
          description: V(AVAILABLE).
          type: str
          returned: always
        usable:
          description: Whether it can be restored.
          type: bool
          returned: always
        earlier_table:
          description: Whether it is of an earlier table that had the same name.
          type: bool
          returned: always
        created:
          description: When it was asked for, in UTC.
          type: str
          returned: always
          sample: "2026-11-24T02:00:05Z"
        age_seconds:
          description: How long ago that is, by AWS's clock.
          type: int
          returned: always
        size_bytes:
          description: Its size. AWS updates it every six hours or so.
          type: int
          returned: always
        expires:
          description: When AWS deletes it, in UTC. V(null), because that is only done to V(SYSTEM) backups.
          type: str
          returned: always
    calls:
      description: The calls that AWS accepted, or would be made without check mode, in their order.
      type: list
      elements: str
      returned: always
      sample: ["dynamodb:CreateBackup", "dynamodb:DeleteBackup"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error, for example V(BackupInUseException). V(null) if it was none of AWS's.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup import (
    BACKUPS_SPEC,
    plan_backup,
    read_targets,
)
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup_reader import Reader
from ansible_collections.runbook.aws.plugins.module_utils._later import NEW_TABLE, Later
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused


def main() -> None:
    module = OpsModule(argument_spec={"backups": BACKUPS_SPEC})
    try:
        targets = read_targets(module.params["backups"])
    except Refused as refusal:
        module.fail_json(msg=str(refusal))
    aws = module.aws("dynamodb")
    reader = Reader(aws, targets)
    patient = Later(aws, NEW_TABLE, module.params["wait_timeout"])
    module.run(patient, targets, reader.fetch, plan_backup, confirm=reader.confirm)


if __name__ == "__main__":
    main()
