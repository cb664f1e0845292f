#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_concurrency_info
version_added: 0.1.0
short_description: Show reserved and provisioned concurrency of Lambda functions and what the account has left
description:
  - Reads many functions at the same time through C(GetFunction), which has a request rate of its own and carries the
    reservation, so that 200 functions take a few seconds and do not disturb deployments.
  - What it returns of a function can be given back to M(runbook.aws.lambda_concurrency).
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
  provisioned:
    description:
      - Read provisioned concurrency and its autoscaling too. This takes a call for each function at 15 a second, together
        with all other changes of the account.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.usage
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
seealso:
  - module: runbook.aws.lambda_concurrency
"""

EXAMPLES = r"""
- name: Save what the application has
  runbook.aws.lambda_concurrency_info:
    name_pattern: sc-agent-*-prod
    provisioned: true
  register: saved

- name: Put it back later
  runbook.aws.lambda_concurrency:
    functions: "{{ saved.results | map(attribute='function') }}"

- name: Show what is left for functions without a reservation
  ansible.builtin.debug:
    msg: "{{ saved.account.unreserved }} of {{ saved.account.limit }}"
"""

RETURN = r"""
account:
  description: Concurrency of the account in this region, from C(GetAccountSettings).
  returned: success
  type: dict
  contains:
    limit:
      description: Environments that may run at the same time.
      type: int
      returned: success
      sample: 1000
    reserved:
      description: The sum that functions have reserved.
      type: int
      returned: success
      sample: 300
    unreserved:
      description: What all functions without a reservation share.
      type: int
      returned: success
      sample: 700
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
        - Its concurrency as a valid element of O(runbook.aws.lambda_concurrency#module:functions).
        - A number that a scaling policy moves is not in it, its bounds are; RV(results[].provisioned_status) has it.
      type: dict
      returned: when it could be read
      sample: {"name": "sc-agent-orchestrator-prod", "reserved": 100,
               "provisioned": [{"qualifier": "live", "concurrency": 10}]}
    provisioned_status:
      description: What has become of its provisioned concurrency, for each qualifier that has any.
      type: list
      elements: dict
      returned: when O(provisioned) is true
      sample: [{"qualifier": "live", "requested": 10, "allocated": 10, "available": 9, "status": "READY", "reason": ""}]
    usage:
      description: What was in use. V(null) where CloudWatch has no data, which is not the same as nothing.
      type: dict
      returned: when O(usage_seconds) is not 0
      contains:
        concurrent_executions:
          description: The most that ran at the same time.
          type: float
          returned: always
        invocations:
          description: Invocations, in all.
          type: float
          returned: always
        throttles:
          description: Invocations that were throttled, in all.
          type: float
          returned: always
    error:
      description: Why it could not be read, or none.
      type: str
      returned: always
"""

from fnmatch import fnmatchcase

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._lambda import (
    fetch_account,
    fetch_all_autoscaling,
    function_name,
    read_function,
)
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._usage import USAGE_SPEC, add_function_usage

SPEC = {
    "functions": {"type": "list", "elements": "str"},
    "name_pattern": {"type": "str", "default": "*"},
    "provisioned": {"type": "bool", "default": False},
    **USAGE_SPEC,
}


def main():
    module = OpsModule(argument_spec=SPEC, writes=False)
    aws = module.aws("lambda")
    seconds = module.params["usage_seconds"]
    functions = module.params["functions"]
    try:
        if functions is None:
            listed = aws.pages("lambda", "ListFunctions", "Functions")
            names = sorted(function["FunctionName"] for function in listed)
            functions = [name for name in names if fnmatchcase(name, module.params["name_pattern"])]
        targets = [Target(function_name(function), function) for function in functions]
        account = fetch_account(aws, ())
        scaling = fetch_all_autoscaling(aws) if module.params["provisioned"] else None
    except (AwsError, Refused) as error:
        module.fail_json(msg=str(error))

    module.report(
        targets,
        fetch=lambda target: read_function(aws, target, scaling),
        complete=(lambda results: add_function_usage(aws, results, seconds)) if seconds else None,
        account={
            "limit": account.limit,
            "reserved": account.limit - account.unreserved,
            "unreserved": account.unreserved,
        },
    )


if __name__ == "__main__":
    main()
