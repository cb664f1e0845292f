#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_concurrency
version_added: 0.1.0
short_description: Set reserved and provisioned concurrency of many Lambda functions
description:
  - Reserves, provisions and scales the concurrency of a list of functions, all at the same time, under the account's
    request rates.
  - The whole list is planned against the account before anything is written. What functions without a reservation share
    must stay above the minimum that AWS keeps for them, and provisioned concurrency must fit into its reservation.
  - What is given back is given back first, by all functions, then the rest is raised. In one function provisioned
    concurrency is lowered before the reservation that holds it, and raised after it.
  - Only what is named is changed. The returned RV(results[].before) is a valid element of O(functions) and undoes the task.
  - A reservation is also a ceiling. A function that had none can afterwards run no more than that at the same time.
  - A warning says how much functions without a reservation lose, when it is a tenth of the account's limit or more.
author:
  - runbook.aws contributors (@runbook-aws)
options:
  functions:
    description: What to change.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name or ARN of the function, without a version or alias.
        type: str
        required: true
      reserved:
        description:
          - Environments reserved for the function (C(ReservedConcurrentExecutions)), a whole number. V(0) stops the function.
          - V(unreserved) clears the reservation.
          - Left alone when it is not given.
        type: raw
      provisioned:
        description:
          - Provisioned concurrency by alias or version. What is not named is left alone.
        type: list
        elements: dict
        suboptions:
          qualifier:
            description:
              - An alias or a published version, never V($LATEST).
            type: str
            required: true
          concurrency:
            description:
              - Environments to keep ready. V(0) removes them.
              - Where a scalable target owns the number and O(functions[].provisioned[].autoscaling) is not given, the
                target's bounds are moved instead, so that it keeps at least this many, and a warning says so.
              - Together with autoscaling that has a policy it is the number to start with, and must lie inside the bounds.
            type: int
          autoscaling:
            description:
              - Application Auto Scaling of the number. Only what is given is changed.
            type: dict
            suboptions:
              state:
                description:
                  - V(absent) removes the scalable target, with its policy and its scheduled actions. The number stays
                    where it is, unless O(functions[].provisioned[].concurrency) is given too.
                  - This is refused when it would delete a policy that could not be put back. Tags of the scalable
                    target are lost.
                type: str
                choices: [present, absent]
                default: present
              min_capacity:
                description: Lowest number. Required for a new scalable target.
                type: int
              max_capacity:
                description: Highest number. Required for a new scalable target.
                type: int
              target_utilization:
                description:
                  - Percent of the provisioned environments that should be in use, 10 to 90
                    (C(LambdaProvisionedConcurrencyUtilization)). V(0) means no target-tracking policy.
                  - A new scalable target without schedules gets V(70), because without either nothing would scale.
                type: float
              scale_in_cooldown:
                description: Seconds between two reductions.
                type: int
              scale_out_cooldown:
                description: Seconds between two increases.
                type: int
              disable_scale_in:
                description: Whether the policy only ever adds.
                type: bool
              policy_name:
                description: Name of a policy that is made new. An existing one keeps its name.
                type: str
              suspended:
                description: What the scalable target does not do for the time being. An empty list resumes everything.
                type: list
                elements: str
                choices: [scale_in, scale_out, schedules]
              schedules:
                description:
                  - Scheduled actions. What is not named, and what is not given of a named one, is left alone.
                type: list
                elements: dict
                suboptions:
                  name:
                    description: Name of the scheduled action.
                    type: str
                    required: true
                  state:
                    description: Whether it is there.
                    type: str
                    choices: [present, absent]
                    default: present
                  schedule:
                    description: When, as C(at(…\)), C(cron(…\)) or C(rate(…\)). Required for a new one.
                    type: str
                  timezone:
                    description: IANA name of the time zone of C(at) and C(cron), UTC when left out.
                    type: str
                  start_time:
                    description: When the schedule begins, ISO 8601, in UTC unless an offset is given, or V(unset).
                    type: str
                  end_time:
                    description: When the schedule ends, like O(functions[].provisioned[].autoscaling.schedules[].start_time).
                    type: str
                  min_capacity:
                    description: The lowest number from then on, or V(unset).
                    type: raw
                  max_capacity:
                    description: The highest number from then on, or V(unset).
                    type: raw
  unreserved_minimum:
    description:
      - What AWS keeps in this account for all functions without a reservation. Documented as 100, but some accounts have
        10 or 50, and no API tells. Where AWS refuses, the error names the account's own number.
    type: int
    default: 100
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
    description: Shows before and after of every function that changes.
    support: full
  idempotent:
    description: A second run writes nothing. One that finds environments still being prepared waits for them.
    support: full
notes:
  - Provisioned concurrency of other functions without a reservation takes from the same pool and is not seen here, so AWS
    may still refuse what this module lets pass. Nothing is lost then, and the error says what AWS said.
seealso:
  - module: runbook.aws.lambda_concurrency_info
"""

EXAMPLES = r"""
- name: Make room for an event
  runbook.aws.lambda_concurrency:
    functions:
      - name: sc-agent-orchestrator-prod
        reserved: 200
        provisioned:
          - qualifier: live
            concurrency: 50
  register: event

- name: Undo exactly that
  runbook.aws.lambda_concurrency:
    functions: "{{ event.results | map(attribute='before') }}"

- name: Keep 5 to 50 environments ready by load, and at least 20 in the morning
  runbook.aws.lambda_concurrency:
    functions:
      - name: sc-agent-orchestrator-prod
        provisioned:
          - qualifier: live
            autoscaling:
              min_capacity: 5
              max_capacity: 50
              target_utilization: 70
              schedules:
                - name: opening
                  schedule: cron(0 7 ? * MON-FRI *)
                  timezone: Europe/Berlin
                  min_capacity: 20
                - name: calm
                  schedule: cron(0 10 ? * MON-FRI *)
                  timezone: Europe/Berlin
                  min_capacity: 5

- name: Remove the ready environments and what scales them, and clear the reservation
  runbook.aws.lambda_concurrency:
    functions:
      - name: sc-agent-orchestrator-prod
        reserved: unreserved
        provisioned:
          - qualifier: live
            concurrency: 0
            autoscaling:
              state: absent
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
        - A number that a scaling policy moves is not in it, its bounds are.
      type: dict
      returned: always, none when the function could not be read
      sample: {"name": "sc-agent-orchestrator-prod", "reserved": "unreserved",
               "provisioned": [{"qualifier": "live", "concurrency": 0}]}
    after:
      description: What is there afterwards, in the same form. None when something went wrong.
      type: dict
      returned: always
      sample: {"name": "sc-agent-orchestrator-prod", "reserved": 200,
               "provisioned": [{"qualifier": "live", "concurrency": 50}]}
    calls:
      description: The calls that were made, or would be in check mode, in order.
      type: list
      elements: str
      returned: always
      sample: ["lambda:PutFunctionConcurrency", "lambda:PutProvisionedConcurrencyConfig"]
    error:
      description: What went wrong, and the way out. None when nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's own code of the error, for example C(ResourceNotFoundException). None when AWS gave none.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._autoscaling import AUTOSCALING_SPEC
from ansible_collections.runbook.aws.plugins.module_utils._lambda import (
    UNRESERVED_MINIMUM,
    fetch_account,
    fetch_function,
    plan_concurrency,
    read_targets,
    review_pool,
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
            "reserved": {"type": "raw"},
            "provisioned": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "qualifier": {"type": "str", "required": True},
                    "concurrency": {"type": "int"},
                    "autoscaling": AUTOSCALING_SPEC,
                },
            },
        },
    },
    "unreserved_minimum": {"type": "int", "default": UNRESERVED_MINIMUM},
}


def main():
    module = OpsModule(argument_spec=SPEC)
    minimum = module.params["unreserved_minimum"]
    try:
        targets = read_targets(module.params["functions"])
    except Refused as refusal:
        module.fail_json(msg=str(refusal))
    aws = module.aws("lambda")

    def review(plans, account):
        refused, note = review_pool(plans, account, minimum)
        if note:
            module.warn(note)
        return refused

    module.run(
        aws,
        targets,
        fetch=lambda target: fetch_function(aws, target),
        plan=plan_concurrency,
        survey=lambda: fetch_account(aws, targets),
        review=review,
    )


if __name__ == "__main__":
    main()
