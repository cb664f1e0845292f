#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_group
version_added: 0.1.0
short_description: Make, change and delete many groups of a Cognito user pool, or back
description:
  - Brings a list of groups of one pool to what is wanted, many at the same time. What is not named is left alone.
  - The returned RV(results[].before) is a valid element of O(groups) and undoes the task. Of a group that is deleted it
    has the members, who are put back into it.
  - "Sources of the rules: the API pages C(CreateGroup), C(UpdateGroup), C(DeleteGroup), and
    U(https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html)."
author:
  - runbook.aws contributors (@runbook-aws)
options:
  user_pool_id:
    description: ID of the user pool.
    type: str
    required: true
  groups:
    description: The groups, each named once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the group. Groups are case-sensitive.
        type: str
        required: true
      state:
        description: V(absent) deletes the group. One with members needs O(groups[].remove_members).
        type: str
        choices: [present, absent]
        default: present
      description:
        description: What the group is for.
        type: str
      precedence:
        description:
          - Which of a user's groups gives the preferred role, the lowest number first, from 0 on.
        type: int
      role_arn:
        description: ARN of the IAM role that the members' tokens name.
        type: str
      settings_absent:
        description:
          - Settings that the group shall not have.
          - That Cognito takes a precedence or a role from a group is documented nowhere. It is read again, and an error
            says when it was kept.
        type: list
        elements: str
        choices: [description, precedence, role_arn]
      members:
        description:
          - Names of users that shall be in the group, by Cognito's C(Username). Others stay. Meant for the way back; users
            and their groups are kept with M(runbook.aws.cognito_user).
        type: list
        elements: str
      members_absent:
        description:
          - Names of users that shall not be in the group, by Cognito's C(Username).
        type: list
        elements: str
      remove_members:
        description: With O(groups[].state=absent), delete the group although it has members.
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
    description: Shows before and after of every group that changes.
    support: full
  idempotent:
    description: A second run writes nothing.
    support: full
notes:
  - Tokens that were issued before name the former groups and roles until they expire.
  - "IAM actions: C(cognito-idp:DescribeUserPool), C(cognito-idp:ListGroups), C(cognito-idp:ListUsersInGroup),
    C(cognito-idp:CreateGroup), C(cognito-idp:UpdateGroup), C(cognito-idp:DeleteGroup), C(cognito-idp:GetGroup),
    C(cognito-idp:AdminGetUser), C(cognito-idp:AdminAddUserToGroup), C(cognito-idp:AdminRemoveUserFromGroup);
    C(iam:PassRole) for a role."
seealso:
  - module: runbook.aws.cognito_user
"""

EXAMPLES = r"""
- name: Have the groups that the application knows
  runbook.aws.cognito_group:
    user_pool_id: "{{ user_pool_id }}"
    groups:
      - name: auditors
        description: May read everything
        precedence: 20
      - name: approvers
        precedence: 10
  register: wanted

- name: Put back what was there
  runbook.aws.cognito_group:
    user_pool_id: "{{ user_pool_id }}"
    groups: "{{ wanted.results | map(attribute='before') }}"
"""

RETURN = r"""
results:
  description: One element for each group, in the order of O(groups). Returned on failure too.
  returned: when the options were valid
  type: list
  elements: dict
  contains:
    target:
      description: Name of the group.
      type: str
      returned: always
      sample: auditors
    changed:
      description: Whether anything was written for it, or would be in check mode.
      type: bool
      returned: always
    before:
      description: What was there of what the task names, as a valid element of O(groups) that undoes the task.
      type: dict
      returned: always, none when the group could not be read or planned
      sample: {"name": "auditors", "state": "absent"}
    after:
      description: What is there afterwards, in the same form. None when something went wrong.
      type: dict
      returned: always
      sample: {"name": "auditors", "state": "present", "description": "May read everything", "precedence": 20}
    calls:
      description: The calls that were made, or would be in check mode, in order.
      type: list
      elements: str
      returned: always
      sample: ["cognito-idp:CreateGroup"]
    error:
      description: What went wrong, and the way out. None when nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's own code of the error. None when AWS gave none.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._cognito import fetch_groups, fetch_pool
from ansible_collections.runbook.aws.plugins.module_utils._cognito_group import (
    GROUPS_SPEC,
    confirm_group,
    fetch_group,
    plan_group,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

SPEC = {"user_pool_id": {"type": "str", "required": True}, "groups": GROUPS_SPEC}


def main() -> None:
    module = OpsModule(argument_spec=SPEC)
    aws = module.aws("cognito-idp")
    targets = [Target(group["name"], group) for group in module.params["groups"]]
    try:
        pool = fetch_pool(aws, module.params["user_pool_id"])
        groups = fetch_groups(aws, pool.id)
    except (AwsError, Refused) as error:
        module.fail_json(msg=str(error))
    module.run(
        aws,
        targets,
        fetch=lambda target: fetch_group(aws, pool, target, groups),
        plan=lambda target, state, _context: plan_group(target, state, pool),
        confirm=lambda target, plan, _learned: confirm_group(aws, pool, target, plan),
    )


if __name__ == "__main__":
    main()
