#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user
version_added: 0.1.0
short_description: Make, invite, change, disable and delete many users of a Cognito user pool, or back
description:
  - Brings a list of users of one pool to what is wanted, many at the same time. Only what is named is changed; attributes
    and groups are added to those that are there.
  - All users, groups and attributes are checked against the pool before anything is written.
  - A new user is invited by Cognito's own message, or gets a generated temporary password that is handed over in a
    secret or a file. Passwords are never part of a result, a diff or a log.
  - A user that is disabled is also signed out, and RV(results[].tokens_valid_until) tells until when tokens that were
    issued before are accepted by those who do not ask Cognito.
  - The returned RV(results[].before) is a valid element of O(users) and undoes the task. A user that was deleted comes
    back as another one, with another C(sub), and has to be invited again.
  - "Sources of the rules: the API pages of the operations, and
    U(https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-create-user-accounts.html),
    U(https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html)."
author:
  - runbook.aws contributors (@runbook-aws)
options:
  user_pool_id:
    description: ID of the user pool.
    type: str
    required: true
  users:
    description: The users. An element with nothing but a name makes the user if it is not there.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The username. Where the pool's users sign in with nothing but an e-mail address or a phone number, that
            address or number.
          - In a pool whose usernames are not case-sensitive, names that differ in case are one user.
        type: str
        required: true
      state:
        description:
          - V(absent) deletes the user. One that comes from an external provider is refused, because its next sign-in
            would make it again; disable it.
        type: str
        choices: [present, absent]
        default: present
      enabled:
        description:
          - Whether the user can sign in. V(false) disables a user and then signs it out; V(true) signs out what is
            left from before and then enables it, so that it has to sign in anew.
          - A user that is disabled already is not signed out again, unless O(users[].sign_out) says so.
        type: bool
      attributes:
        description:
          - Attributes to set, by Cognito's names, for example C(given_name) or C(custom:department). Others are left
            alone.
          - Whoever gives C(email) or C(phone_number) says whether it is verified, with C(email_verified) or
            C(phone_number_verified). Without a verified one, a user that forgot the password cannot get a new one.
        type: dict
      attributes_absent:
        description: Attributes to remove.
        type: list
        elements: str
      groups:
        description:
          - Groups that the user shall be in. They must be there, see M(runbook.aws.cognito_group).
        type: list
        elements: str
      groups_absent:
        description: Groups that the user shall not be in.
        type: list
        elements: str
      groups_exact:
        description: Remove the user from all groups that O(users[].groups) does not name.
        type: bool
        default: false
      invite:
        description:
          - How a user that is made, or whose invitation is renewed, gets its temporary password.
          - V(cognito) lets Cognito make it and send it with the pool's invitation message.
          - V(handover) generates it here and leaves it where O(handover) says.
          - V(none) lets Cognito make one that nobody gets to know. Invite the user later with
            O(users[].renew_invitation=always).
        type: str
        choices: [cognito, handover, none]
        default: cognito
      delivery:
        description:
          - How Cognito sends its message with O(users[].invite=cognito). By default by e-mail to a user that has an
            address, and otherwise by SMS.
        type: list
        elements: str
        choices: [email, sms]
      renew_invitation:
        description:
          - What becomes of an invitation that was not accepted. V(never) leaves it alone, and a warning tells when it
            has expired.
          - V(expired) renews one that has expired. Until then the user can neither sign in nor reset the password.
          - V(always) renews every one that was not accepted yet, in every run. The former temporary password is lost.
        type: str
        choices: [never, expired, always]
        default: never
      sign_out:
        description:
          - Sign the user out of everything (C(AdminUserGlobalSignOut)), in every run. Refresh tokens are revoked.
        type: bool
        default: false
  new_groups:
    description:
      - Groups that an earlier task makes. In check mode, where it has not made them, users are planned as if these
        groups were there. Otherwise it means nothing.
    type: list
    elements: str
    default: []
  handover:
    description:
      - Where temporary passwords of users with O(users[].invite=handover) are left. One of O(handover.secret_prefix)
        and O(handover.file).
      - A password is always left there first and set in Cognito then, so a run that is killed in between loses none;
        the same task run again leaves a new one.
    type: dict
    suboptions:
      secret_prefix:
        description:
          - Begin of the names of Secrets Manager secrets, for example V(/sc-agent/prod/invitations/). Each user has one
            of its own, of which the name is this and the user's name.
          - Its value is JSON with C(user_pool_id), C(username) and C(temporary_password). A secret of that name that
            is no invitation is refused, going by its tag C(runbook:invitation).
        type: str
      kms_key_id:
        description: Key that encrypts new secrets; the account's C(aws/secretsmanager) key without it.
        type: str
      tags:
        description: Tags of new secrets.
        type: dict
      file:
        description:
          - Absolute path of a file on the machine that runs the module. It is made with mode 0600, and a line of JSON
            is appended for each password, as in the value of a secret. Of two lines for a user the last one counts.
          - A file that others can read, that belongs to somebody else, or that is a link is refused.
        type: path
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing and makes no password.
    support: full
  diff_mode:
    description: Shows before and after of every user that changes.
    support: full
  idempotent:
    description: A second run writes nothing, but for O(users[].sign_out) and O(users[].renew_invitation=always).
    support: partial
notes:
  - Attributes and names of users are personal data, and are part of the result.
  - The secret or the line of the file stays when the user has signed in, and when it is deleted. The temporary password in
    it is worth nothing then; delete it as you see fit.
  - One user is read with C(AdminGetUser), which counts as an active user of the month on the bill. Many are read from
    C(ListUsers) where that needs fewer calls; Cognito's lists can be some seconds behind.
  - Cognito does not tell when a temporary password was set, only when the user was last changed. An invitation counts
    as expired when the pool's validity has passed since then; if it may have expired earlier, a warning says so.
  - "IAM actions: C(cognito-idp:DescribeUserPool), C(cognito-idp:ListGroups), C(cognito-idp:ListUsers),
    C(cognito-idp:ListUsersInGroup), C(cognito-idp:AdminGetUser), C(cognito-idp:AdminListGroupsForUser); to tell how long
    tokens are valid C(cognito-idp:ListUserPoolClients), C(cognito-idp:DescribeUserPoolClient); to change
    C(cognito-idp:AdminCreateUser), C(cognito-idp:AdminDeleteUser), C(cognito-idp:AdminSetUserPassword),
    C(cognito-idp:AdminUpdateUserAttributes), C(cognito-idp:AdminDeleteUserAttributes),
    C(cognito-idp:AdminEnableUser), C(cognito-idp:AdminDisableUser), C(cognito-idp:AdminUserGlobalSignOut),
    C(cognito-idp:AdminAddUserToGroup), C(cognito-idp:AdminRemoveUserFromGroup); to hand over in secrets
    C(secretsmanager:DescribeSecret), C(secretsmanager:CreateSecret), C(secretsmanager:TagResource),
    C(secretsmanager:PutSecretValue), and with O(handover.kms_key_id) C(kms:GenerateDataKey) and C(kms:Decrypt) of that
    key."
seealso:
  - module: runbook.aws.cognito_user_info
  - module: runbook.aws.cognito_group
"""

EXAMPLES = r"""
- name: Invite two people
  runbook.aws.cognito_user:
    user_pool_id: "{{ user_pool_id }}"
    users:
      - name: jane@example.com
        attributes:
          email: jane@example.com
          email_verified: true
          given_name: Jane
        groups: [warehouse_managers]
      - name: joe@example.com
        attributes:
          email: joe@example.com
          email_verified: true
        groups: [field_engineers]
        invite: handover
    handover:
      secret_prefix: /sc-agent/prod/invitations/
  register: invited

- name: Contain a user, and keep the groups for the way back
  runbook.aws.cognito_user:
    user_pool_id: "{{ user_pool_id }}"
    users:
      - name: joe@example.com
        enabled: false
        groups: []
        groups_exact: true
  register: contained

- name: Undo exactly that
  runbook.aws.cognito_user:
    user_pool_id: "{{ user_pool_id }}"
    users: "{{ contained.results | map(attribute='before') }}"

- name: Invite again who did not come in time
  runbook.aws.cognito_user:
    user_pool_id: "{{ user_pool_id }}"
    users:
      - name: jane@example.com
        renew_invitation: expired
"""

RETURN = r"""
results:
  description: One element for each user, in the order of O(users). Returned on failure too.
  returned: when the options were valid
  type: list
  elements: dict
  contains:
    target:
      description: Name of the user, as in O(users[].name).
      type: str
      returned: always
      sample: jane@example.com
    changed:
      description: Whether anything was written for it, or would be in check mode.
      type: bool
      returned: always
    before:
      description:
        - What was there of what the task names, as a valid element of O(users) that undoes the task.
        - Of a user that is deleted, everything that can be made again.
      type: dict
      returned: always, none when the user could not be read or planned
      sample: {"name": "joe@example.com", "state": "present", "enabled": true, "groups": ["field_engineers"],
               "groups_exact": true}
    after:
      description: What is there afterwards, in the same form. None when something went wrong.
      type: dict
      returned: always
      sample: {"name": "joe@example.com", "state": "present", "enabled": false, "groups": [], "groups_exact": true}
    invitation:
      description:
        - How the user was invited in this task. C(by) is V(cognito), V(handover) or V(none), C(where) the name of the
          secret or the path of the file, and C(expires_at) when the temporary password expires, in UTC.
      type: dict
      returned: when an invitation was made or renewed and O(wait) is true
      sample: {"by": "handover", "where": "/sc-agent/prod/invitations/joe@example.com",
               "expires_at": "2026-02-07T06:00:00Z"}
    tokens_valid_until:
      description:
        - Until when the user's access and ID tokens are accepted by those who check them without asking Cognito, for
          example an API's authorizer. Cognito itself refuses them at once. In UTC.
        - None when the pool has no app client, so that there are no tokens.
      type: str
      returned: when the user was signed out or disabled and O(wait) is true
      sample: "2026-01-31T07:00:00Z"
    calls:
      description: The calls that were made, or would be in check mode, in order. C(file:Append) is a line of
        O(handover.file).
      type: list
      elements: str
      returned: always
      sample: ["secretsmanager:CreateSecret", "cognito-idp:AdminCreateUser", "cognito-idp:AdminAddUserToGroup"]
    error:
      description: What went wrong, and the way out. None when nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's own code of the error, for example C(AliasExistsException). None when AWS gave none.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._cognito import fetch_pool
from ansible_collections.runbook.aws.plugins.module_utils._cognito_handover import HandingOver, read_handover
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user import USERS_SPEC, read_targets, refuse_same
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user_plan import confirm_user, plan_user
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user_reader import Reader
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

SPEC = {
    "user_pool_id": {"type": "str", "required": True},
    "users": USERS_SPEC,
    "new_groups": {"type": "list", "elements": "str", "default": []},
    "handover": {
        "type": "dict",
        "options": {
            "secret_prefix": {"type": "str", "no_log": False},
            "kms_key_id": {"type": "str"},
            "tags": {"type": "dict"},
            "file": {"type": "path"},
        },
    },
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC)
    try:
        handover = read_handover(module.params["handover"])
        targets = read_targets(module.params["users"], handover is not None)
        aws = module.aws("cognito-idp")
        pool = fetch_pool(aws, module.params["user_pool_id"])
        refuse_same(pool, targets)
        on_the_way = HandingOver(aws, pool.minimum_length)
        new_groups = module.params["new_groups"] if module.check_mode else ()
        reader = Reader(on_the_way, pool, targets, handover, module.params["workers"], new_groups)
        reader.prepare()
    except (AwsError, Refused) as error:
        module.fail_json(msg=str(error))
    module.run(on_the_way, targets, reader.fetch, plan_user, survey=reader.survey, confirm=confirm_user)


if __name__ == "__main__":
    main()
