#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_settings_info
version_added: 0.1.0
short_description: Show settings and aliases of Lambda functions, and find those that use a table, a secret or
  anything else
description:
  - Reads memory, timeout, runtime, aliases with their versions, and the names of the environment variables of many
    functions at the same time.
  - Values of variables are shown only where O(variables) names them, and never of one whose name looks like a secret.
  - With O(environment_values) it finds the functions that have one of these values in any variable, in C($LATEST) or
    in a version behind an alias, which answers who uses a table.
  - With O(secrets) it finds the functions that use one of these secrets, and tells how to start them anew so that they
    read it again.
  - What it returns of a function can be given back to M(runbook.aws.lambda_settings).
author:
  - runbook.aws contributors (@runbook-aws)
options:
  functions:
    description:
      - Names or ARNs of functions, without a version or alias.
      - Every function of the account and region when left out.
    type: list
    elements: str
  name_pattern:
    description:
      - With O(functions) left out, only functions whose name matches, with C(*) and C(?) as in a shell.
    type: str
    default: "*"
  variables:
    description:
      - Names of environment variables whose values in C($LATEST) are shown.
    type: list
    elements: str
    default: []
  environment_values:
    description:
      - Texts to look for, for example a table's name and its ARN. A variable has to equal one of them. They are shown
        in the result, so look for a secret's name or ARN, not for the secret.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - Names or ARNs of secrets of Secrets Manager. A variable uses one if it equals the secret's name, its ARN, or its
        ARN without the hyphen and six characters at the end. All versions are looked at, also those without an alias.
      - With O(functions) left out only functions that may use one are read and shown. They are found in the listing of
        all functions and versions, 50 in a page.
    type: list
    elements: str
    default: []
  secret_tag:
    description:
      - Name of a tag of functions. Its value names the secrets that the function uses, with spaces between them, for
        those that do not name them in their environment.
    type: str
    default: ""
  secret_users:
    description:
      - Names or ARNs of functions that use all of O(secrets), whatever can be seen of them. With O(functions) left out
        they are read too, and need not match O(name_pattern).
    type: list
    elements: str
    default: []
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
  - "IAM actions: C(lambda:GetFunction), C(lambda:ListAliases), and C(lambda:ListFunctions) when O(functions) is left
    out; C(lambda:ListVersionsByFunction) with both O(functions) and O(secrets); C(tag:GetResources) with
    O(secret_tag); C(kms:Decrypt) where an environment has a key of its own. Where that is missing,
    RV(results[].not_observable) says so."
  - A function that reads a table's name from a parameter, from its code or from its events is not found by its
    environment. Nor is one that names a secret as a part of a text only.
  - A secret that is given by its name counts as found under that name in any region and account.
seealso:
  - module: runbook.aws.lambda_settings
  - module: runbook.aws.secretsmanager_rotation
"""

EXAMPLES = r"""
- name: Find who uses the table
  runbook.aws.lambda_settings_info:
    name_pattern: sc-agent-*-prod
    environment_values: [sc-agent-sessions-prod]
  register: users

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.function }} has it in {{ item.variable }}, seen by callers of {{ item.qualifiers | join(', ') }}"
  loop: "{{ users.consumers }}"

- name: Find who uses the secrets that were rotated
  runbook.aws.lambda_settings_info:
    secrets: [/sc-agent/prod/database/credentials, /sc-agent/prod/api-keys]
    secret_tag: secrets
  register: readers

- name: Start each of them anew, once
  runbook.aws.lambda_settings:
    functions: "{{ readers.restarts | map('combine', {'refresh': 'rotation-2026-01-31'}) | list }}"

- name: Save what a change will touch
  runbook.aws.lambda_settings_info:
    functions: [sc-agent-orchestrator-prod]
    variables: [SESSIONS_TABLE]
"""

RETURN = r"""
consumers:
  description:
    - One element for each variable that equals one of O(environment_values), by function, then in the order of
      O(environment_values). Empty when nothing was looked for.
    - One also for each variable, tag and element of O(secret_users) by which a function uses one of O(secrets), with
      the secret.
  returned: always
  type: list
  elements: dict
  contains:
    function:
      description: Name of the function.
      type: str
      returned: always
    variable:
      description: Name of the variable. V(null) where it was not found by one.
      type: str
      returned: always
    value:
      description: Which of the values it has, or how it names the secret. V(null) where it was not found by one.
      type: str
      returned: always
    secret:
      description: Which of O(secrets) it uses.
      type: str
      returned: when it uses one
    found_by:
      description: V(environment), V(tag) or V(list).
      type: str
      returned: when it uses a secret
    qualifiers:
      description:
        - Whose callers see it, C($LATEST) and aliases.
        - Where no such callers use a secret, the numbers of RV(consumers[].versions).
      type: list
      elements: str
      returned: always
    versions:
      description:
        - Numbers of versions that have it and no alias points to. Most are what earlier deployments have left; who calls
          one by its number keeps the old value of a secret, because a version is never changed.
      type: list
      elements: str
      returned: when it uses a secret
  sample: [{"function": "sc-agent-orchestrator-prod", "variable": "SESSIONS_TABLE", "value": "sc-agent-sessions-prod",
            "qualifiers": ["$LATEST", "live"]}]
restarts:
  description:
    - How to start the functions of RV(consumers) anew, each once, as elements of
      O(runbook.aws.lambda_settings#module:functions) to which C(refresh) is added.
    - One whose aliases see what was looked for is published, and these aliases are moved. Without any only C($LATEST)
      sees it. One of which only RV(consumers[].versions) have it is not here, because nothing starts these anew.
  returned: always
  type: list
  elements: dict
  sample: [{"name": "sc-agent-orchestrator-prod", "publish": true, "alias": ["live"]}, {"name": "sc-agent-report-prod"}]
results:
  description: One element for each function, in the order given, or by name.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the function.
      type: str
      returned: always
    function:
      description:
        - Its settings as a valid element of O(runbook.aws.lambda_settings#module:functions), with those of
          O(variables) that are there.
      type: dict
      returned: when it could be read
      sample: {"name": "sc-agent-orchestrator-prod", "memory_size": 1024, "timeout": 60, "runtime": "python3.11",
               "environment": {"SESSIONS_TABLE": "sc-agent-sessions-prod"}}
    variables:
      description: Names of all its environment variables. None when they cannot be read.
      type: list
      elements: str
      returned: when it could be read
    not_observable:
      description:
        - What of its environment could not be read, and why; and the versions of which alone it is known that they use a
          secret, and not who calls them. None when there is nothing of both.
      type: str
      returned: when it could be read
    aliases:
      description: Its aliases by name, with the version that each points to and the share of calls that goes to other
        versions.
      type: list
      elements: dict
      returned: when it could be read
      sample: [{"alias": "live", "version": "1", "weights": {}}]
    package_type:
      description: V(Zip) or V(Image).
      type: str
      returned: when it could be read
    architectures:
      description: V(x86_64) or V(arm64).
      type: list
      elements: str
      returned: when it could be read
    code_sha256:
      description: The hash of its code.
      type: str
      returned: when it could be read
    state:
      description: Whether it can be called, C(State) of C(GetFunction).
      type: str
      returned: when it could be read
    last_update_status:
      description: How its last update went, C(LastUpdateStatus) of C(GetFunction).
      type: str
      returned: when it could be read
    error:
      description: Why it could not be read, or none.
      type: str
      returned: always
    error_code:
      description: AWS's own code of the error. None when AWS gave none.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._lambda_environment import looks_secret
from ansible_collections.runbook.aws.plugins.module_utils._lambda_functions import function_name
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_reader import (
    Wanted,
    list_functions,
    read_function,
    restarts,
)
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

SPEC = {
    "functions": {"type": "list", "elements": "str"},
    "name_pattern": {"type": "str", "default": "*"},
    "variables": {"type": "list", "elements": "str", "default": []},
    "environment_values": {"type": "list", "elements": "str", "default": []},
    # Names, no values.
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "secret_tag": {"type": "str", "default": "", "no_log": False},
    "secret_users": {"type": "list", "elements": "str", "default": [], "no_log": False},
}


def main():
    module = OpsModule(argument_spec=SPEC, writes=False)
    variables = module.params["variables"]
    if not module.params["secrets"] and (module.params["secret_tag"] or module.params["secret_users"]):
        module.fail_json(msg="secret_tag and secret_users tell who uses secrets: name the secrets in secrets.")
    if secret := [name for name in variables if looks_secret(name)]:
        module.fail_json(
            msg=f"{', '.join(secret)}: the name looks like a secret's, and values of secrets are not shown."
        )
    aws = module.aws("lambda")
    whole = "Leave out :{qualifier}; aliases are shown with the function."
    try:
        users = [function_name(name, whole) for name in module.params["secret_users"]]
        wanted = Wanted(
            module.params["environment_values"], module.params["secrets"], module.params["secret_tag"], users
        )
        named = module.params["functions"]
        listed = list_functions(aws, module.params["name_pattern"], wanted) if named is None else {}
        targets = [Target(function_name(name, whole), name) for name in listed or named or ()]
    except (AwsError, Refused) as error:
        module.fail_json(msg=str(error))
    consumers, renewals = [], []

    def collect(results):
        for result in results:
            consumers.extend(result.pop("consumers", ()))
            if result["not_observable"]:
                module.warn(f"Not everything could be seen: {result['not_observable']}")
        renewals.extend(restarts(consumers))

    module.report(
        targets,
        fetch=lambda target: read_function(aws, target, variables, wanted, listed.get(target.name)),
        complete=collect,
        consumers=consumers,
        restarts=renewals,
    )


if __name__ == "__main__":
    main()
