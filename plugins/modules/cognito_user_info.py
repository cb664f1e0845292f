#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user_info
version_added: 0.1.0
short_description: Show users of a Cognito user pool, with groups, status, invitations and sign-ins
description:
  - Reads the users of a pool completely, page by page, with their groups; what Cognito can filter it filters.
  - What it returns of a user can be given back to M(runbook.aws.cognito_user).
  - Cognito keeps no time of the last sign-in. Only a pool with threat protection has a history of them, see
    O(sign_ins). The time of the last change, which is often taken for it, says nothing about sign-ins.
author:
  - runbook.aws contributors (@runbook-aws)
options:
  user_pool_id:
    description: ID of the user pool.
    type: str
    required: true
  users:
    description:
      - Names of users, as in O(runbook.aws.cognito_user#module:users[].name). All users when left out.
      - It excludes O(filter), O(group), O(status), O(enabled) and O(expired_invitations).
    type: list
    elements: str
  filter:
    description:
      - Cognito's own filter (C(ListUsers), C(Filter)), for example C(email ^= "jane"). It knows
        C(=) and C(^=) (begins with) of one standard attribute.
      - It excludes O(group), because Cognito cannot filter the members of a group.
    type: str
  group:
    description: Only members of this group.
    type: str
  status:
    description: Only users in one of these states, Cognito's C(UserStatus).
    type: list
    elements: str
    choices: [UNCONFIRMED, CONFIRMED, ARCHIVED, COMPROMISED, UNKNOWN, RESET_REQUIRED, FORCE_CHANGE_PASSWORD,
              EXTERNAL_PROVIDER]
  enabled:
    description: Only users that are enabled, or with V(false) those that are disabled.
    type: bool
  expired_invitations:
    description: Only users whose invitation has expired.
    type: bool
  groups:
    description: Read the groups of the users.
    type: bool
    default: true
  mfa:
    description:
      - Read which MFA the users have set up. That takes one C(AdminGetUser) for each user, which counts as an active user
        of the month on the bill.
    type: bool
    default: false
  sign_ins:
    description:
      - Read the time of the last successful sign-in from the events of threat protection, one call or more for each
        user.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.attributes
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: Nothing changes, so there is nothing to show.
    support: none
  idempotent:
    description: Reads only.
    support: full
notes:
  - Attributes and names of users are personal data, and are part of the result.
  - Cognito's lists can be some seconds behind. A user that O(users) names is read directly where that needs fewer calls.
  - "IAM actions: C(cognito-idp:DescribeUserPool), C(cognito-idp:ListUsers), C(cognito-idp:ListGroups),
    C(cognito-idp:ListUsersInGroup), C(cognito-idp:AdminGetUser), C(cognito-idp:AdminListGroupsForUser),
    C(cognito-idp:AdminListUserAuthEvents), C(cognito-idp:ListUserPoolClients), C(cognito-idp:DescribeUserPoolClient)."
seealso:
  - module: runbook.aws.cognito_user
  - module: runbook.aws.cognito_group
"""

EXAMPLES = r"""
- name: Review who has access
  runbook.aws.cognito_user_info:
    user_pool_id: "{{ user_pool_id }}"
    sign_ins: true
  register: access

- name: Show who can administrate
  runbook.aws.cognito_user_info:
    user_pool_id: "{{ user_pool_id }}"
    group: administrators

- name: Find invitations that have expired
  runbook.aws.cognito_user_info:
    user_pool_id: "{{ user_pool_id }}"
    expired_invitations: true
  register: late

- name: Invite them again
  runbook.aws.cognito_user:
    user_pool_id: "{{ user_pool_id }}"
    users: "{{ late.results | map(attribute='user') | map('combine', {'renew_invitation': 'expired'}) }}"
"""

RETURN = r"""
pool:
  description:
    - The pool, as far as it concerns its users. C(access_token_seconds), C(id_token_seconds) and
      C(refresh_token_seconds) are the longest of all its app clients, none when it has no client or
      C(tokens_unknown) says why they could not be read.
  returned: when it could be read
  type: dict
  sample: {"id": "us-east-1_AbCdEfGhI", "name": "sc-agent-users-prod", "case_sensitive": false,
           "username_attributes": ["email"], "alias_attributes": [], "estimated_users": 120,
           "groups": ["administrators", "field_engineers"],
           "password_policy": {"minimum_length": 12, "require_uppercase": true, "require_lowercase": true,
                               "require_numbers": true, "require_symbols": true},
           "temporary_password_days": 7, "threat_protection": "OFF", "access_token_seconds": 3600,
           "id_token_seconds": 3600, "refresh_token_seconds": 2592000, "tokens_unknown": null}
results:
  description: One element for each user, in the order of O(users), or by name.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the user.
      type: str
      returned: always
      sample: jane@example.com
    user:
      description: The user as a valid element of O(runbook.aws.cognito_user#module:users), which changes nothing.
      type: dict
      returned: when it could be read
      sample: {"name": "jane@example.com", "state": "present", "enabled": true,
               "attributes": {"email": "jane@example.com", "email_verified": "true"},
               "groups": ["warehouse_managers"]}
    username:
      description: Cognito's C(Username); in a pool where users sign in with an address or number, another than the name.
      type: str
      returned: when it could be read
    sub:
      description: The identifier that the user's tokens have.
      type: str
      returned: when it could be read
    status:
      description: Cognito's C(UserStatus).
      type: str
      returned: when it could be read
      sample: FORCE_CHANGE_PASSWORD
    enabled:
      description: Whether the user can sign in.
      type: bool
      returned: when it could be read
    created:
      description: When it was made, in UTC.
      type: str
      returned: when it could be read
    modified:
      description: When it was last changed, in UTC. This is no sign-in.
      type: str
      returned: when it could be read
    mfa:
      description: What of V(SMS_MFA), V(EMAIL_OTP) and V(SOFTWARE_TOKEN_MFA) is set up. None without O(mfa).
      type: list
      elements: str
      returned: when it could be read
    last_sign_in:
      description: When it last signed in, in UTC. None when it never did, or when that is not known.
      type: str
      returned: when it could be read
    last_sign_in_unknown:
      description: Why RV(results[].last_sign_in) is not known. None when it is.
      type: str
      returned: when it could be read
      sample: The pool has no threat protection, so Cognito keeps no sign-ins.
    invitation:
      description:
        - For a user that has not accepted its invitation. C(expires_at) is the latest time until which the temporary
          password can be used, in UTC, and C(expired) whether that has passed.
        - C(sure) is false when the user was changed after it was made. Cognito does not tell whether that was a new
          temporary password, so the invitation may expire earlier. None for any other user.
      type: dict
      returned: when it could be read
      sample: {"expires_at": "2026-02-07T06:00:00Z", "expired": false, "sure": true}
    error:
      description: Why it could not be read, or none.
      type: str
      returned: always
    error_code:
      description: AWS's own code of the error. None when AWS gave none.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._cognito import fetch_pool, fetch_tokens
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user_info import Found, read_selection, report_pool
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

_STATUSES = [
    "UNCONFIRMED",
    "CONFIRMED",
    "ARCHIVED",
    "COMPROMISED",
    "UNKNOWN",
    "RESET_REQUIRED",
    "FORCE_CHANGE_PASSWORD",
    "EXTERNAL_PROVIDER",
]

SPEC = {
    "user_pool_id": {"type": "str", "required": True},
    "users": {"type": "list", "elements": "str"},
    "filter": {"type": "str"},
    "group": {"type": "str"},
    "status": {"type": "list", "elements": "str", "choices": _STATUSES},
    "enabled": {"type": "bool"},
    "expired_invitations": {"type": "bool"},
    "groups": {"type": "bool", "default": True},
    "mfa": {"type": "bool", "default": False},
    "sign_ins": {"type": "bool", "default": False},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False)
    workers = module.params["workers"]
    try:
        selection = read_selection(module.params)
        aws = module.aws("cognito-idp")
        pool = fetch_pool(aws, module.params["user_pool_id"])
        found = Found(aws, pool, selection, workers)
        targets = found.targets()
        tokens = fetch_tokens(aws, pool.id, workers)
    except (AwsError, Refused) as error:
        module.fail_json(msg=str(error))
    module.report(targets, found.read, pool=report_pool(pool, found.groups, tokens))


if __name__ == "__main__":
    main()
