#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_rotation
short_description: Rotate, generate, set or roll back the values of many Secrets Manager secrets
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Brings a new value into a list of secrets, all at the same time, or an older one back.
  - The new value comes from the secret's own rotation function, from Secrets Manager's generator, or from the operator.
  - Everything is read and checked for all secrets before the first one is changed.
  - Values are never told, neither the former nor the new one. Versions are told by their ids and staging labels.
  - The returned RV(results[].before) is a valid element of O(secrets). Giving it back moves C(AWSCURRENT) to the
    version that had it. It does not change a password in a database, which a rotation function did.
  - Functions that keep a value in memory go on with the old one until they start anew, see
    M(runbook.aws.lambda_settings) and its O(runbook.aws.lambda_settings#module:functions[].refresh).
options:
  secrets:
    description:
      - The secrets, each once. An element without O(secrets[].action) and O(secrets[].version_id) changes nothing.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name or ARN of the secret.
        type: str
        required: true
      action:
        description:
          - V(rotate) starts the secret's rotation function and waits until C(AWSCURRENT) is on the new version. A
            rotation that is under way is waited for instead.
          - V(generate) makes new random values by C(GetRandomPassword), one for each of O(secrets[].keys).
          - V(set) takes O(secrets[].value) or O(secrets[].value_file). The value that is there already changes nothing.
          - V(generate) and V(set) change the secret only. Of one that has a rotation function, which changes a password
            elsewhere too, a warning says so.
          - V(rollback) moves C(AWSCURRENT) from O(secrets[].from_version) to the version labelled C(AWSPREVIOUS).
        type: str
        choices: [rotate, generate, set, rollback]
      keys:
        description:
          - Keys of the secret's JSON object that V(generate) and V(set) give new values; the others are kept.
          - Without them the whole value is replaced, so V(generate) without them is refused where the value is a JSON
            object.
        type: list
        elements: str
      add_keys:
        description: Whether one of O(secrets[].keys) may be new. Otherwise it has to be there, so that a misspelt key
          is found.
        type: bool
        default: false
      length:
        description: Characters of a generated value, 1 to 4096 (C(PasswordLength)). AWS's default is 32.
        type: int
      exclude_characters:
        description: Characters that a generated value has not (C(ExcludeCharacters)).
        type: str
      exclude_numbers:
        description: Generate without digits (C(ExcludeNumbers)).
        type: bool
      exclude_punctuation:
        description: Generate without punctuation (C(ExcludePunctuation)).
        type: bool
      exclude_uppercase:
        description: Generate without upper case letters (C(ExcludeUppercase)).
        type: bool
      exclude_lowercase:
        description: Generate without lower case letters (C(ExcludeLowercase)).
        type: bool
      include_space:
        description: Generate with spaces too (C(IncludeSpace)).
        type: bool
      require_each_included_type:
        description: Generate at least one character of each type (C(RequireEachIncludedType)). AWS's default is true.
        type: bool
      value:
        description:
          - For V(set), the whole value as text, or with O(secrets[].keys) a dictionary of exactly these keys.
          - Take it from Ansible Vault or a lookup; on a command line it would stay in the shell's history.
          - A value that is also part of a name or version in the result is refused, because Ansible would hide it there
            too. O(secrets[].value_file) has no such limit.
        type: raw
      value_file:
        description:
          - For V(set), a file on the host that runs the module with the whole value, or with O(secrets[].keys) a JSON
            object of exactly these keys, in UTF-8.
          - Nobody but its owner may have any right to it (mode 0600 or 0400). One newline at its end is left out.
          - A pipe, a device or C(/dev/stdin) is refused, because what comes out of it can be read only once, and not by
            a module that has no standard input.
        type: path
      replace_object:
        description:
          - Whether V(set) may replace a JSON object by a text that is none. Otherwise that is refused.
          - A JSON object that lacks keys of the one before is set, with a warning that names them.
        type: bool
        default: false
      version_id:
        description:
          - The version that C(AWSCURRENT) shall be on. This is the way back, and what RV(results[].before) holds.
          - It excludes O(secrets[].action).
        type: str
      from_version:
        description:
          - For V(rollback), the version that shall no longer be current. Needed, because otherwise a second run would
            bring it back. When it has been left already nothing is changed.
        type: str
      stamp:
        description:
          - A text that names this change, for example of one operation. V(rotate), V(generate) and V(set) derive the
            new version's id from it, so the same stamp again makes no second version, also after the run was killed. A
            rotation that failed is tried again, see O(secrets[].abort_pending).
          - Without it V(generate) makes a new version with every run, and V(rotate) starts a new rotation with every
            run that finds none under way.
        type: str
      max_age_days:
        description: As O(max_age_days), for this secret.
        type: float
      abort_pending:
        description:
          - Whether V(rotate) removes C(AWSPENDING) from a version that an earlier rotation has left. As long as it is
            there AWS refuses every rotation.
          - Left out, the same version is tried again if it has a value, because its function may have told that value
            to the database already; from a version without a value the label is removed.
          - V(true) removes it from either, and another version is made. Only where you know that the value was told to
            nobody, or that the function can log in without it. V(false) refuses.
          - All this when that rotation is known to have failed, when automatic rotation was turned off, which cancels
            it, or when the secret has not changed for O(secrets[].pending_minutes). Otherwise that rotation is waited
            for.
        type: bool
      pending_minutes:
        description:
          - After how many minutes without any change of the secret a rotation counts as left. V(0) at once.
          - The four steps of a rotation take 15 minutes each at most, but the function's own time limit is usually far
            less.
        type: float
        default: 15
  max_age_days:
    description:
      - V(rotate) and V(generate) leave a secret alone whose current version is younger than this many days.
      - The age is counted from when the version that is labelled C(AWSCURRENT) was made, so a value that was rolled
        back to is as old as it is. V(set) and V(rollback) do not ask for it.
    type: float
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing. The id of the new version is known before only for
      V(generate) and V(set) with O(secrets[].stamp).
    support: full
  diff_mode:
    description: Shows which version is current before and after, never a value.
    support: full
  idempotent:
    description: A second run writes nothing with V(set), V(rollback) or O(secrets[].version_id), and with V(rotate) or
      V(generate) if O(secrets[].stamp) or O(max_age_days) is given.
    support: partial
notes:
  - A rotation that fails leaves C(AWSCURRENT) where it was, and what its function changed elsewhere before it failed
    stays changed. The error tells what the rotation function said, from its
    log or from CloudTrail, without the values of the secret; where neither may be read it says so.
  - C(RotateSecret) turns automatic rotation on where it is turned off. It is turned off again when the rotation has
    ended or failed, and a warning says so. It is not while the rotation may still go on, because that would cancel it;
    so it stays on where O(wait_timeout) is over or the run is killed before that.
  - The id of a version that was rotated to while it was off ends in C(-off). By that the same task with the same
    O(secrets[].stamp) knows what to turn off again, and so does RV(results[].before) given back. Also where somebody
    has turned it on since, because nothing tells the two apart. Without a stamp nothing knows it for certain after the
    rotation, so turn it off with C(aws secretsmanager cancel-rotate-secret) after a run that was killed.
  - Secrets Manager keeps a version without labels for a while only, so a way back does not stay open for ever.
  - "IAM actions: C(secretsmanager:DescribeSecret), C(secretsmanager:ListSecretVersionIds); for V(rotate)
    C(secretsmanager:RotateSecret), C(secretsmanager:UpdateSecretVersionStage), C(lambda:InvokeFunction),
    C(lambda:GetFunction), C(secretsmanager:CancelRotateSecret) where rotation is turned off, also to go back from
    such a rotation that was killed, and for the function's error C(logs:FilterLogEvents),
    C(cloudtrail:LookupEvents), C(secretsmanager:GetSecretValue); for V(generate) and V(set)
    C(secretsmanager:GetSecretValue), C(secretsmanager:PutSecretValue), C(secretsmanager:GetRandomPassword),
    C(kms:Decrypt) and C(kms:GenerateDataKey) where the secret has a key of its own; for V(rollback) and
    O(secrets[].version_id) C(secretsmanager:UpdateSecretVersionStage)."
seealso:
  - module: runbook.aws.secretsmanager_rotation_info
  - module: runbook.aws.lambda_settings
  - module: runbook.aws.lambda_settings_info
  - name: Rotation by Lambda function
    description: The four steps, and how the staging labels move.
    link: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Rotate what is older than 90 days
  runbook.aws.secretsmanager_rotation:
    secrets:
      - name: /sc-agent/prod/database/credentials
        action: rotate
    max_age_days: 90

- name: Give two keys new random values, once for this operation
  runbook.aws.secretsmanager_rotation:
    secrets:
      - name: /sc-agent/prod/api-keys
        action: generate
        keys: [search, weather]
        length: 40
        exclude_punctuation: true
        stamp: rotation-2026-01-31
  register: generated

- name: Undo exactly that
  runbook.aws.secretsmanager_rotation:
    secrets: "{{ generated.results | map(attribute='before') | list }}"

- name: Set one key to what the vault holds
  runbook.aws.secretsmanager_rotation:
    secrets:
      - name: /sc-agent/prod/api-keys
        action: set
        keys: [search]
        value:
          search: "{{ vaulted_search_key }}"
  register: given
  vars:
    vaulted_search_key: from-the-vault-7Qd2

- name: The new key does not work, so the previous value comes back
  runbook.aws.secretsmanager_rotation:
    secrets:
      - name: /sc-agent/prod/api-keys
        action: rollback
        from_version: "{{ given.results[0].version_id }}"
"""

RETURN = r"""
results:
  description: One element for each secret, in the order given. There after a failure too.
  returned: when the options were valid
  type: list
  elements: dict
  contains:
    target:
      description: The secret, as it was named.
      type: str
      returned: always
      sample: /sc-agent/prod/database/credentials
    changed:
      description: Whether anything was written for it, or would be without check mode.
      type: bool
      returned: always
    before:
      description:
        - The version that was current, as an element of O(secrets); giving it back undoes the task. V(null) if the
          secret could not be read or planned. Without C(version_id) it had no value.
      type: dict
      returned: always
      sample: {name: /sc-agent/prod/database/credentials, version_id: 0a7d3c1e-52b8-4f1c-9f5e-1f6f0d2b8c11}
    after:
      description:
        - The same after the task. V(null) if it failed, because it is not known without reading it again.
        - C(version_id) is V(to be made) in check mode, where it is not known before.
      type: dict
      returned: always
      sample: {name: /sc-agent/prod/database/credentials, version_id: 7c9e6679-7425-40de-944b-e07fc1f90ae7}
    arn:
      description: ARN of the secret.
      type: str
      returned: when nothing went wrong, neither in check mode nor with O(wait=false)
      sample: arn:aws:secretsmanager:us-east-1:111122223333:secret:/sc-agent/prod/database/credentials-a1B2c3
    version_id:
      description: The version that is labelled C(AWSCURRENT), read again after the change. V(null) if there is none.
      type: str
      returned: together with arn
    previous_version_id:
      description: The version that is labelled C(AWSPREVIOUS), or V(null).
      type: str
      returned: together with arn
    stages:
      description: The staging labels of each version that has any.
      type: dict
      returned: together with arn
      sample: {7c9e6679-7425-40de-944b-e07fc1f90ae7: [AWSCURRENT, AWSPENDING]}
    age_days:
      description: How old the current version is, by AWS's clock. V(null) if there is none.
      type: float
      returned: together with arn
    rotated:
      description:
        - Whether another version is current than before the task, so that those who use the secret have to read it
          again.
        - True also for a rotation that somebody else had started and that was waited for, though nothing was written
          then.
      type: bool
      returned: together with arn
    calls:
      description: The calls that AWS accepted, or would be made without check mode, in their order.
      type: list
      elements: str
      returned: always
      sample: ["secretsmanager:RotateSecret"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description:
        - AWS's code of the error, V(RotationFailed) where the rotation function failed. V(null) if there is none.
      type: str
      returned: always
"""

from uuid import uuid4

from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import SECRETS_SPEC, read_targets
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_plan import plan_secret, review_secrets
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_reader import confirm_secret, fetch_secret
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_rotations import Rotations


def main() -> None:
    module = OpsModule(argument_spec={"secrets": SECRETS_SPEC, "max_age_days": {"type": "float"}})
    try:
        targets = read_targets(module.params["secrets"], module.params["max_age_days"], lambda: str(uuid4()))
    except Refused as refusal:
        module.fail_json(msg=str(refusal))
    rotations = Rotations(module.aws("secretsmanager"))
    module.run(
        rotations,
        targets,
        fetch=lambda target: fetch_secret(rotations, target),
        plan=plan_secret,
        review=lambda plans, dummy: review_secrets(targets, plans),
        confirm=lambda target, plan, dummy: confirm_secret(rotations, target, plan),
    )


if __name__ == "__main__":
    main()
