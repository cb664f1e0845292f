#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_backup_info
short_description: Show the backups of DynamoDB tables and how old the last recovery point is
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Shows the on-demand backups of DynamoDB tables, those that AWS made when a table with point-in-time recovery was
    deleted, and the recovery points of AWS Backup, which C(ListBackups) does not list.
  - Says for each table what the last moment is that can be restored, from a backup or by point-in-time recovery, how
    old it is, and whether that is within the recovery point objective.
  - What could not be read is named, and then no table is said to miss the objective that may well meet it.
options:
  tables:
    description:
      - Names or ARNs of tables, each once.
      - Every table of the account and region when left out, and those that are gone but have backups.
    type: list
    elements: str
  name_pattern:
    description:
      - With O(tables) left out, only tables whose name matches, with C(*) and C(?) as in a shell.
    type: str
    default: "*"
  rpo_seconds:
    description:
      - How old the last recovery point may be (recovery point objective), for example V(86400).
      - V(0) asks for no verdict.
    type: int
    default: 0
  types:
    description:
      - Which backups to show. V(AWS_BACKUP) takes one call for each table.
    type: list
    elements: str
    choices: [USER, SYSTEM, AWS_BACKUP]
    default: [USER, SYSTEM, AWS_BACKUP]
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
  - "IAM actions: C(dynamodb:DescribeTable), C(dynamodb:ListBackups), C(dynamodb:DescribeContinuousBackups),
    C(backup:ListRecoveryPointsByResource) for V(AWS_BACKUP), and C(dynamodb:ListTables) without O(tables). Where one of
    the middle three is denied, RV(results[].not_observable) says so and the rest is shown."
seealso:
  - module: runbook.aws.dynamodb_backup
  - module: runbook.aws.dynamodb_pitr_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Show the backups of the application's tables, and whether they are young enough
  runbook.aws.dynamodb_backup_info:
    name_pattern: sc-agent-*-prod
    rpo_seconds: 86400
  register: saved

- name: Stop where a table could not be restored to a moment of the last 24 hours
  ansible.builtin.assert:
    that: item.meets_rpo
    fail_msg: "{{ item.target }}: {{ item.recovery_point | default('no recovery point', true) }}"
  loop: "{{ saved.results }}"
  loop_control:
    label: "{{ item.target }}"
"""

RETURN = r"""
results:
  description: One element for each table, in the order given, or by name.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The table as it was given.
      type: str
      returned: always
      sample: sc-agent-sessions-prod
    error:
      description: Why it could not be read. V(null) if it could.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error. V(null) if there was none.
      type: str
      returned: always
    table:
      description: Name of the table.
      type: str
      returned: if it could be read
    arn:
      description: ARN of the table.
      type: str
      returned: if it could be read
    status:
      description: Status of the table. V(null) if it is gone and only its backups are left.
      type: str
      returned: if it could be read
      sample: ACTIVE
    backups:
      description: The backups, newest first.
      type: list
      elements: dict
      returned: if it could be read
      contains: &backup
        arn:
          description: ARN of the backup or recovery point.
          type: str
          returned: always
        name:
          description: Its name. V(null) for what AWS Backup made, because it gives no names.
          type: str
          returned: always
        type:
          description: V(USER), V(SYSTEM) or V(AWS_BACKUP).
          type: str
          returned: always
        status:
          description: AWS's word, for example V(CREATING), V(AVAILABLE), or V(COMPLETED) for AWS Backup.
          type: str
          returned: always
        usable:
          description: Whether it is complete and of this very table.
          type: bool
          returned: always
        earlier_table:
          description: Whether it is of an earlier table that had the same name, and so holds other items.
          type: bool
          returned: always
        created:
          description: When it was asked for, in UTC, which is the moment that it holds.
          type: str
          returned: always
          sample: "2026-11-24T02:00:05Z"
        age_seconds:
          description: How long ago that is, by AWS's clock.
          type: int
          returned: always
        size_bytes:
          description: Its size; V(null) if AWS does not tell.
          type: int
          returned: always
        expires:
          description: When AWS deletes it, in UTC; V(null) if AWS does not tell.
          type: str
          returned: always
    newest:
      description: The newest usable one of RV(results[].backups). V(null) if there is none.
      type: dict
      returned: if it could be read
      contains: *backup
    pitr:
      description:
        - Point-in-time recovery, as a valid element of O(runbook.aws.dynamodb_pitr#module:tables). V(null) if the table
          is gone or it could not be read.
      type: dict
      returned: if it could be read
      sample: {name: sc-agent-sessions-prod, state: present, recovery_period_days: 35}
    recovery_point:
      description: The last moment that could be restored now. V(null) if there is none.
      type: dict
      returned: if it could be read
      contains:
        source:
          description: V(backup) or V(pitr).
          type: str
          returned: always
        time:
          description: Which moment, in UTC.
          type: str
          returned: always
        age_seconds:
          description: How long ago it is, by AWS's clock.
          type: int
          returned: always
        arn:
          description: ARN of the backup; V(null) for V(pitr).
          type: str
          returned: always
    age_seconds:
      description: The age of RV(results[].recovery_point). V(null) if there is none.
      type: int
      returned: if it could be read
    meets_rpo:
      description:
        - Whether that is O(rpo_seconds) at most. V(null) without O(rpo_seconds), for a table that is gone (it loses
          nothing more), and where something younger may be in what could not be read.
      type: bool
      returned: if it could be read
    not_observable:
      description: What could not be read, and why.
      type: list
      elements: str
      returned: if it could be read
"""

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup import TYPES
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_backup_reader import (
    Listing,
    kind_of,
    list_names,
    read_report,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target

SPEC = {
    "tables": {"type": "list", "elements": "str"},
    "name_pattern": {"type": "str", "default": "*"},
    "rpo_seconds": {"type": "int", "default": 0},
    "types": {"type": "list", "elements": "str", "choices": list(TYPES), "default": list(TYPES)},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False)
    aws = module.aws("dynamodb")
    names, types, rpo = (module.params[option] for option in ("tables", "types", "rpo_seconds"))
    if rpo < 0:
        module.fail_json(msg=f"rpo_seconds is {rpo}: give 0 or more.")
    kind = kind_of(types)
    listing = Listing(aws, names, kind) if kind else None
    if names is None:
        try:
            names = list_names(aws, listing, module.params["name_pattern"])
        except AwsError as error:
            module.fail_json(msg=str(error))

    def say_what_was_not_seen(results):
        for reason in dict.fromkeys(reason for result in results for reason in result["not_observable"]):
            module.warn(f"Not observable: {reason}")

    module.report(
        [Target(name) for name in names],
        lambda target: read_report(aws, listing, target.name, types, rpo),
        complete=say_what_was_not_seen,
    )


if __name__ == "__main__":
    main()
