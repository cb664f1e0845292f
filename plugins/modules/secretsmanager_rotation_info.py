#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_rotation_info
short_description: Show age, versions and rotation of Secrets Manager secrets
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Shows how old the values of secrets are, which versions they have, how they are rotated, and which are overdue or
    stuck.
  - Reads no values.
options:
  secrets:
    description:
      - Names or ARNs of secrets, each once.
      - Every secret of the account and region when left out, see O(name_prefix) and O(tags). AWS lists changes up to
        five minutes late, so name the secrets where that matters.
    type: list
    elements: str
  name_prefix:
    description:
      - With O(secrets) left out, only secrets whose name begins with this, in upper and lower case as given.
    type: str
    default: ""
  tags:
    description:
      - With O(secrets) left out, only secrets that have all these tags, with these values.
    type: dict
    default: {}
  include_deleted:
    description:
      - With O(secrets) left out, secrets that are scheduled for deletion too.
    type: bool
    default: false
  max_age_days:
    description:
      - A secret whose current version is this old or older is overdue.
      - Without it, what the secret's own rotation schedule says.
    type: float
  pending_minutes:
    description:
      - After how many minutes without any change of the secret a rotation counts as stuck, as in
        O(runbook.aws.secretsmanager_rotation#module:secrets[].pending_minutes).
    type: float
    default: 15
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
  - "IAM actions: C(secretsmanager:DescribeSecret), C(secretsmanager:ListSecretVersionIds), and
    C(secretsmanager:ListSecrets) without O(secrets)."
seealso:
  - module: runbook.aws.secretsmanager_rotation
  - module: runbook.aws.lambda_settings_info
    description: Finds the functions that use a secret.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Find what is due
  runbook.aws.secretsmanager_rotation_info:
    name_prefix: /sc-agent/prod/
    max_age_days: 90
  register: found

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.target }} is {{ item.age_days }} days old"
  loop: "{{ found.results | selectattr('overdue') | list }}"
  loop_control:
    label: "{{ item.target }}"

- name: Show the versions of one secret
  runbook.aws.secretsmanager_rotation_info:
    secrets: [/sc-agent/prod/database/credentials]
"""

RETURN = r"""
results:
  description: One element for each secret, in the order given, or by name.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The secret, as it was named; its name where none was.
      type: str
      returned: always
      sample: /sc-agent/prod/database/credentials
    error:
      description: Why it could not be read. V(null) if it could.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error. V(null) if there was none.
      type: str
      returned: always
    secret:
      description: The current version, as a valid element of O(runbook.aws.secretsmanager_rotation#module:secrets).
      type: dict
      returned: if it could be read
      sample: {name: /sc-agent/prod/database/credentials, version_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7}
    name:
      description: Its name.
      type: str
      returned: if it could be read
    arn:
      description: Its ARN.
      type: str
      returned: if it could be read
    version_id:
      description: The version that is labelled C(AWSCURRENT). V(null) if it has no value.
      type: str
      returned: if it could be read
    previous_version_id:
      description: The version that is labelled C(AWSPREVIOUS), or V(null).
      type: str
      returned: if it could be read
    age_days:
      description: How old the current version is, by AWS's clock. V(null) if it has no value.
      type: float
      returned: if it could be read
      sample: 41.3
    overdue:
      description:
        - Whether it is O(max_age_days) old or older; without that, whether its next scheduled rotation should have been
          already, or it is older than C(AutomaticallyAfterDays).
        - V(null) if there is neither a limit nor a schedule.
      type: bool
      returned: if it could be read
    versions:
      description: Versions that have labels, the newest first. C(created) is V(null) of one without a value.
      type: list
      elements: dict
      returned: if it could be read
      sample: [{version_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7, stages: [AWSCURRENT],
                created: "2026-01-31T06:00:00Z"}]
    pending:
      description:
        - A rotation that has not ended, with its C(version_id), C(changed), when anything of the secret was changed
          last, and C(stuck), whether that is O(pending_minutes) ago or automatic rotation was turned off, which ends a
          rotation. V(null) if there is none.
      type: dict
      returned: if it could be read
      sample: {version_id: 0a7d3c1e-52b8-4f1c-9f5e-1f6f0d2b8c11, changed: "2026-01-31T06:00:00Z", stuck: true}
    rotation:
      description:
        - Its rotation. C(enabled), whether it is rotated by schedule; C(function), ARN of its rotation function or
          V(null); C(rules), the schedule in AWS's words; C(next_date) and C(last_rotated), or V(null).
      type: dict
      returned: if it could be read
      sample: {enabled: true, function: "arn:aws:lambda:us-east-1:111122223333:function:rotate",
               rules: {AutomaticallyAfterDays: 30}, next_date: "2026-03-02T00:00:00Z",
               last_rotated: "2026-01-31T06:00:00Z"}
    deleted_date:
      description: When it was scheduled for deletion or will be deleted, as AWS tells it. V(null) if it is not.
      type: str
      returned: if it could be read
    kms_key_id:
      description: Its own key. V(null) if it has AWS's.
      type: str
      returned: if it could be read
    owning_service:
      description: The AWS service that manages it. V(null) if none does.
      type: str
      returned: if it could be read
    primary_region:
      description: The region that it is replicated from or in. V(null) if it is not replicated.
      type: str
      returned: if it could be read
    replicas:
      description: Its replicas, with C(region), C(status) and C(message).
      type: list
      elements: dict
      returned: if it could be read
      sample: [{region: eu-west-1, status: InSync, message: null}]
    tags:
      description: Its tags.
      type: dict
      returned: if it could be read
"""

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import Judgement
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_reader import list_secrets, read_secret

SPEC = {
    # Names, no values.
    "secrets": {"type": "list", "elements": "str", "no_log": False},
    "name_prefix": {"type": "str", "default": ""},
    "tags": {"type": "dict", "default": {}},
    "include_deleted": {"type": "bool", "default": False},
    "max_age_days": {"type": "float"},
    "pending_minutes": {"type": "float", "default": 15},
}


def main() -> None:
    module = OpsModule(argument_spec=SPEC, writes=False)
    aws = module.aws("secretsmanager")
    wish = module.params
    names = wish["secrets"]
    if names is None:
        try:
            names = list_secrets(aws, wish["name_prefix"], wish["tags"], wish["include_deleted"])
        except AwsError as error:
            module.fail_json(msg=str(error))
    judgement = Judgement(wish["max_age_days"], wish["pending_minutes"])
    module.report([Target(name) for name in names], lambda target: read_secret(aws, target.name, judgement))


if __name__ == "__main__":
    main()
