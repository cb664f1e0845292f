#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_parameter
short_description: Set the values of many parameters of Systems Manager's Parameter Store
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Sets plain values of parameters that exist, many at once, for example the name of the table that an application uses. Type,
    tier, description, policies and tags stay.
  - Parameters of type C(SecureString) are refused, because their values would be shown.
options:
  parameters:
    description: The parameters, each named once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the parameter.
        type: str
        required: true
      value:
        description: Its value; of a C(StringList) with commas between the elements.
        type: str
        required: true
attributes:
  check_mode:
    description: Reads and plans everything, writes nothing.
    support: full
  diff_mode:
    description: Shows name and value before and after.
    support: full
  idempotent:
    description: A second run writes nothing.
    support: full
notes:
  - Applications that read a parameter when they start see the new value when they start again.
  - "IAM actions: C(ssm:GetParameters), C(ssm:PutParameter)."
seealso:
  - module: runbook.aws.lambda_settings
  - module: community.aws.ssm_parameter
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Let the application use the restored table
  runbook.aws.ssm_parameter:
    parameters:
      - name: /sc-agent/prod/sessions-table
        value: sc-agent-sessions-prod-restored
  register: switched

- name: And back
  runbook.aws.ssm_parameter:
    parameters: "{{ switched.results | map(attribute='before') | list }}"
"""

RETURN = r"""
results:
  description: One element for each parameter, in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The parameter.
      type: str
      returned: always
    changed:
      description: Whether anything was written, or would be without check mode.
      type: bool
      returned: always
    before:
      description: As it was before; giving it back undoes the task. V(null) if it could not be read or planned.
      type: dict
      returned: always
      sample: {name: /sc-agent/prod/sessions-table, value: sc-agent-sessions-prod}
    after:
      description: The same after the task. V(null) if it failed, because it is not known without reading it again.
      type: dict
      returned: always
      sample: {name: /sc-agent/prod/sessions-table, value: sc-agent-sessions-prod-restored}
    calls:
      description: The calls that AWS accepted, or would be made without check mode, in their order.
      type: list
      elements: str
      returned: always
      sample: ["ssm:PutParameter"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error. V(null) if it was none of AWS's.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target
from ansible_collections.runbook.aws.plugins.module_utils._ssm import PARAMETERS_SPEC, fetch_parameter, plan_parameter


def main() -> None:
    module = OpsModule(argument_spec={"parameters": PARAMETERS_SPEC})
    aws = module.aws("ssm")
    targets = [Target(parameter["name"], parameter) for parameter in module.params["parameters"]]
    module.run(aws, targets, lambda target: fetch_parameter(aws, target), plan_parameter)


if __name__ == "__main__":
    main()
