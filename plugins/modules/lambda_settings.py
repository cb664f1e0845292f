#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_settings
version_added: 0.1.0
short_description: Change settings of many Lambda functions, publish them and move their aliases, or back
description:
  - Changes environment, memory, timeout and runtime of a list of functions, all at the same time, and brings them to
    the callers of an alias, or back.
  - Only what is named is changed. Environment variables are merged into those that are there;
    C(UpdateFunctionConfiguration) alone would replace all of them.
  - In one function the update is waited for, then a version is published and waited for, then the alias is moved, and
    what was written is read again. Every write names the revision that was read, so a change that somebody else makes
    at the same time is an error and is never lost.
  - Published versions never change, so callers of an alias notice nothing before it is moved. A warning names the
    aliases, versions, provisioned environments and event sources that stay on what they have.
  - The returned RV(results[].before) is a valid element of O(functions) and undoes the task. It moves the alias back
    first, which callers notice at once, and then restores C($LATEST). Published versions stay.
  - Values of O(functions[].secret_environment) are never told, also not the former ones. The way back from such a
    change is the version that the alias had, which RV(results[].before) holds; C($LATEST) keeps the new value.
  - "Sources of the rules: the API pages C(UpdateFunctionConfiguration), C(PublishVersion), C(UpdateAlias), and
    U(https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html),
    U(https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."
author:
  - runbook.aws contributors (@runbook-aws)
options:
  functions:
    description: What to change. An element with nothing but a name changes nothing.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name or ARN of the function, without a version or alias.
        type: str
        required: true
      environment:
        description:
          - Variables to set, with their values as text. Others are left alone.
          - They are shown in results and in the change log, so a name that looks like a secret (with a word like
            C(PASSWORD), C(SECRET), C(TOKEN), C(PRIVATE) or C(CREDENTIAL), but not ending in C(_ARN), C(_NAME) or
            C(_ID)) is refused here unless its value is an ARN.
        type: dict
      environment_absent:
        description:
          - Variables to remove.
        type: list
        elements: str
      secret_environment:
        description:
          - Variables to set whose values are never told.
          - A value that is also part of a name or setting in the result is refused, because Ansible would hide it
            there too.
        type: dict
      memory_size:
        description:
          - Memory in MB (C(MemorySize)), 128 to 10240. CPU grows with it.
        type: int
      timeout:
        description:
          - Seconds that one call may take (C(Timeout)), 1 to 900.
        type: int
      runtime:
        description:
          - Lambda's name of the runtime, for example V(python3.13). It is of the same language as the one that is
            there, and known to the installed botocore. A function that is a container image has none.
          - A warning names layers that say they are for other runtimes.
        type: str
      refresh:
        description:
          - Starts the function's environments anew, so that they read secrets and parameters again, by writing this
            text into the variable C(RUNBOOK_REFRESH). The same text again changes nothing.
          - V(auto) writes the time, so every run changes it.
        type: str
      publish:
        description:
          - Publish C($LATEST) as a version and move O(functions[].alias) to it. Nothing is published when the alias
            runs the same code and settings already, or another of the aliases does and its version can be used.
          - Without O(functions[].alias) it is published if it differs from the newest version, and nobody is
            affected.
        type: bool
        default: false
      include_unpublished:
        description:
          - Publish also what else was changed in C($LATEST) since the alias's version was published. Without it such
            changes, for example code that was uploaded and never published, are found and refused.
        type: bool
        default: false
      alias:
        description:
          - Name of an alias, or a list of names, that is moved by O(functions[].publish) or
            O(functions[].alias_version).
          - An alias that splits its calls between two versions is not moved.
        type: raw
      alias_version:
        description:
          - The version that O(functions[].alias) shall point to, or the versions by alias. This is the way back.
          - It excludes O(functions[].publish).
        type: raw
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing. The number of a version to be published is not known
      before.
    support: full
  diff_mode:
    description: Shows before and after of every function that changes; of a secret variable only that it changes.
    support: full
  idempotent:
    description: A second run writes nothing, but for O(functions[].refresh=auto). One that finds an update under way
      waits for it.
    support: partial
notes:
  - "IAM actions: C(lambda:GetFunction), C(lambda:ListAliases), C(lambda:UpdateFunctionConfiguration); to publish and
    move aliases C(lambda:PublishVersion), C(lambda:UpdateAlias), C(lambda:GetAlias),
    C(lambda:ListVersionsByFunction), C(lambda:ListProvisionedConcurrencyConfigs),
    C(lambda:GetProvisionedConcurrencyConfig); for the warnings C(lambda:ListEventSourceMappings),
    C(lambda:GetLayerVersion); C(kms:Decrypt) and C(kms:Encrypt) where the environment has a key of its own."
  - A stack that manages the function puts its own settings back at its next deployment.
  - Others who call a version or alias (permissions, API integrations, other accounts) are not observable here.
seealso:
  - module: runbook.aws.lambda_settings_info
  - module: runbook.aws.lambda_concurrency
"""

EXAMPLES = r"""
- name: Let the callers of the alias use the restored table
  runbook.aws.lambda_settings:
    functions:
      - name: sc-agent-orchestrator-prod
        environment:
          SESSIONS_TABLE: sc-agent-sessions-prod-restored
        publish: true
        alias: live
  register: cutover

- name: Undo exactly that
  runbook.aws.lambda_settings:
    functions: "{{ cutover.results | map(attribute='before') }}"

- name: Start all consumers of a secret anew, once for this rotation
  runbook.aws.lambda_settings:
    functions:
      - name: sc-agent-orchestrator-prod
        refresh: rotation-2026-01-31
        publish: true
        alias: live
      - name: sc-agent-risk-agent-prod
        refresh: rotation-2026-01-31
        publish: true
        alias: live

- name: Give more memory, which also gives more CPU, and more time
  runbook.aws.lambda_settings:
    functions:
      - name: sc-agent-orchestrator-prod
        memory_size: 2048
        timeout: 120
        publish: true
        alias: [live]

- name: Go back to a known version at once
  runbook.aws.lambda_settings:
    functions:
      - name: sc-agent-orchestrator-prod
        alias: live
        alias_version: "1"
"""

RETURN = r"""
results:
  description: One element for each function, in the order of O(functions). Returned on failure too.
  returned: when the options were valid
  type: list
  elements: dict
  contains:
    target:
      description: Name of the function.
      type: str
      returned: always
      sample: sc-agent-orchestrator-prod
    changed:
      description: Whether anything was written for it, or would be in check mode.
      type: bool
      returned: always
    before:
      description:
        - What was there of what the task names, as a valid element of O(functions) that undoes the task.
        - A variable that was not there is in C(environment_absent). Of one whose value is a secret there is nothing.
      type: dict
      returned: always, none when the function could not be read
      sample: {"name": "sc-agent-orchestrator-prod", "environment": {"SESSIONS_TABLE": "sc-agent-sessions-prod"},
               "alias": ["live"], "alias_version": "1"}
    after:
      description:
        - What is there afterwards, in the same form. None when something went wrong.
        - C(alias_version) is V(to be published) in check mode, where a version would be published. C(version) is the
          version that was published without an alias.
      type: dict
      returned: always
      sample: {"name": "sc-agent-orchestrator-prod",
               "environment": {"SESSIONS_TABLE": "sc-agent-sessions-prod-restored"},
               "alias": ["live"], "alias_version": "2"}
    verified:
      description: That the function and its aliases were read again and are as RV(results[].after) says.
      type: bool
      returned: when nothing went wrong, neither in check mode nor with O(wait=false)
    calls:
      description: The calls that were made, or would be in check mode, in order.
      type: list
      elements: str
      returned: always
      sample: ["lambda:UpdateFunctionConfiguration", "lambda:GetFunction", "lambda:PublishVersion",
               "lambda:UpdateAlias"]
    error:
      description: What went wrong, and the way out. None when nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's own code of the error, for example C(PreconditionFailedException). None when AWS gave none.
      type: str
      returned: always
"""

from datetime import UTC, datetime

from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings import misplaced_secrets, read_targets
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_plan import plan_settings, review_secrets
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_reader import (
    Discreet,
    confirm_settings,
    fetch_account,
    fetch_settings,
)
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

SPEC = {
    "functions": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "environment": {"type": "dict"},
            "environment_absent": {"type": "list", "elements": "str"},
            "secret_environment": {"type": "dict", "no_log": True},
            "memory_size": {"type": "int"},
            "timeout": {"type": "int"},
            "runtime": {"type": "str"},
            "refresh": {"type": "str"},
            "publish": {"type": "bool", "default": False},
            "include_unpublished": {"type": "bool", "default": False},
            "alias": {"type": "raw"},
            "alias_version": {"type": "raw"},
        },
    },
}


def main():
    module = OpsModule(argument_spec=SPEC)
    functions = module.params["functions"]
    # What was given in the wrong place is hidden from here on, also in the invocation that -vvv shows.
    module.hide(misplaced_secrets(functions))
    try:
        targets = read_targets(functions, datetime.now(UTC))
    except Refused as refusal:
        module.fail_json(msg=str(refusal))
    aws = Discreet(module.aws("lambda"))
    module.run(
        aws,
        targets,
        fetch=lambda target: fetch_settings(aws, target),
        plan=plan_settings,
        survey=lambda: fetch_account(aws),
        review=lambda plans, _account: review_secrets(targets, plans),
        confirm=lambda target, plan, learned: confirm_settings(aws, target, plan, learned),
    )


if __name__ == "__main__":
    main()
