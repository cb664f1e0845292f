#!/usr/bin/python
# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_capacity
short_description: Set the capacity of many DynamoDB tables and their indexes
version_added: 0.1.0
author:
  - runbook.aws contributors (@runbook-aws)
description:
  - Sets billing mode, capacity units, on-demand maxima, warm throughput and autoscaling of DynamoDB tables and of their
    global secondary indexes.
  - Only what is named is changed. One C(UpdateTable) carries mode, units and maxima of a table and all its indexes, so
    that one decrease is used instead of several.
  - All tables are read and planned before anything is written. What AWS would refuse later (a decrease too many, a
    switch too many) is refused then.
  - Where autoscaling owns the capacity, O(tables[].read.units) and O(tables[].write.units) move its bounds (the minimum
    to that number, the maximum to at least that) instead of setting units that autoscaling would move again.
  - A table that is C(UPDATING) when the task begins is waited for, in check mode too, because what it shows then is not
    what it will have.
options:
  tables:
    description:
      - The tables, each named once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the table, not its ARN.
        type: str
        required: true
      billing_mode:
        description:
          - V(PAY_PER_REQUEST) is on-demand capacity. AWS allows 4 switches to it in 24 hours.
          - A switch to V(PROVISIONED) needs C(units) or C(initial_units) for reads and writes of the table and of
            each of its indexes. The RV(results[].before) of a switch to on-demand holds them, and the autoscaling.
        type: str
        choices: [PROVISIONED, PAY_PER_REQUEST]
      read: &rate
        description: Reads or writes of a table or an index.
        type: dict
        suboptions:
          units:
            description:
              - Capacity units of a provisioned table, 1 or more.
              - Where C(autoscaling) is given as well, this is only where it starts.
              - On something that is autoscaled already, and without C(autoscaling), it moves the bounds.
            type: int
          initial_units:
            description:
              - Units to begin with when the table becomes provisioned and autoscaling owns them from then on. Ignored
                in any other case, so autoscaling's bounds stay as they are.
              - It is in RV(results[].before) of a switch to on-demand.
            type: int
          max_request_units:
            description:
              - The most request units a second that an on-demand table or index serves, 1 or more, or V(unlimited).
            type: raw
          autoscaling:
            description:
              - Application Auto Scaling of the units. What is not given stays as it is.
              - On an on-demand table it would do nothing, so it is refused unless the element also says which
                C(billing_mode) it is meant for.
            type: dict
            suboptions:
              state:
                description: V(absent) removes it with its policies and schedules; the units stay where they are.
                type: str
                choices: [present, absent]
                default: present
              min_capacity:
                description: The fewest units, 1 or more. Needed for a new one, with C(max_capacity).
                type: int
              max_capacity:
                description: The most units.
                type: int
              target_utilization:
                description:
                  - Percent of the units that should be in use, 20 to 90; 0 removes the target-tracking policy.
                  - A new one without schedules gets 70.
                type: float
              scale_in_cooldown:
                description: Seconds from one lowering to the next.
                type: int
              scale_out_cooldown:
                description: Seconds from one raising to the next.
                type: int
              disable_scale_in:
                description: Whether the policy only ever raises.
                type: bool
              policy_name:
                description: Name of a new policy. That of a policy which is there cannot be changed.
                type: str
              suspended:
                description: The kinds of scaling that are suspended; an empty list resumes all.
                type: list
                elements: str
                choices: [scale_in, scale_out, schedules]
              schedules:
                description: Scheduled actions. What is not named, and what is not given of a named one, is left alone.
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
                    description: When the schedule ends, like C(start_time), or V(unset).
                    type: str
                  min_capacity:
                    description: The lowest number of units from then on, or V(unset).
                    type: raw
                  max_capacity:
                    description: The highest number of units from then on, or V(unset).
                    type: raw
      write: *rate
      warm_throughput: &warm
        description:
          - What a table or index can take at once, in units a second. A floor, only AWS's own values count above it.
          - AWS only ever raises it. Less than there is changes nothing, so raising it can not be undone.
        type: dict
        suboptions:
          read_units:
            description: Reads a second.
            type: int
          write_units:
            description: Writes a second.
            type: int
      indexes:
        description:
          - Global secondary indexes by name, each named once.
          - An index that is not named is left alone, also when the table is raised; a warning says so then.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the index, or V(*) for every index of the table.
            type: str
            required: true
          read: *rate
          write: *rate
          warm_throughput: *warm
attributes:
  check_mode:
    description: Reads and plans as always, and writes nothing.
    support: full
  diff_mode:
    description: Shows what is named of each table, before and after.
    support: full
  idempotent:
    description: A second run writes nothing.
    support: full
notes:
  - V(before) of RV(results) undoes the task, with two exceptions of AWS's making. Warm throughput never comes down. And
    units that autoscaling has raised meanwhile come down when autoscaling lowers them, which takes traffic.
  - The switches of the last 24 hours are counted through CloudTrail, and only when a switch is planned. CloudTrail is
    some minutes late. Where it cannot be asked, a warning says what is not observable, and AWS decides.
  - When the bounds of autoscaling are moved, the task waits for the table to be C(ACTIVE). Application Auto Scaling may
    begin to move the units a few seconds later; M(runbook.aws.dynamodb_capacity_info) shows where they are.
  - Of a global table only what this region shows is read and set.
  - "IAM actions: C(dynamodb:DescribeTable), C(dynamodb:UpdateTable), C(cloudtrail:LookupEvents),
    C(application-autoscaling:Describe*), C(application-autoscaling:RegisterScalableTarget),
    C(application-autoscaling:DeregisterScalableTarget), C(application-autoscaling:PutScalingPolicy),
    C(application-autoscaling:DeleteScalingPolicy), C(application-autoscaling:PutScheduledAction),
    C(application-autoscaling:DeleteScheduledAction)."
seealso:
  - module: runbook.aws.dynamodb_capacity_info
  - name: Quotas of DynamoDB
    description: Capacity, decreases, and rates of the API.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
  - name: Switching between capacity modes
    description: What stays and what does not.
    link: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/switching.capacitymode.html
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - runbook.aws.ops
  - runbook.aws.ops.wait
  - runbook.aws.ops.attributes
"""

EXAMPLES = r"""
- name: Raise two tables for an event, one of them with all its indexes
  runbook.aws.dynamodb_capacity:
    tables:
      - name: sc-agent-sessions-prod
        read: {autoscaling: {min_capacity: 100, max_capacity: 400}}
        write: {autoscaling: {min_capacity: 50, max_capacity: 200}}
        indexes:
          - name: "*"
            read: {units: 100}
            write: {units: 50}
      - name: sc-agent-conversations-prod
        read: {max_request_units: 40000}
        write: {max_request_units: unlimited}
  register: raised

- name: Put back exactly what was there
  runbook.aws.dynamodb_capacity:
    tables: "{{ raised.results | map(attribute='before') | list }}"

- name: Let a throttled table take whatever comes
  runbook.aws.dynamodb_capacity:
    tables:
      - name: sc-agent-sessions-prod
        billing_mode: PAY_PER_REQUEST
  register: switched

- name: Come back with the old units and the old autoscaling
  runbook.aws.dynamodb_capacity:
    tables:
      - "{{ switched.results[0].before }}"

- name: Have twice the usual minimum on weekday mornings
  runbook.aws.dynamodb_capacity:
    tables:
      - name: sc-agent-sessions-prod
        read:
          autoscaling:
            schedules:
              - {name: opening, schedule: "cron(0 8 ? * MON-FRI *)", timezone: Europe/Berlin, min_capacity: 20}
              - {name: closing, schedule: "cron(0 12 ? * MON-FRI *)", timezone: Europe/Berlin, min_capacity: 10}
"""

RETURN = r"""
results:
  description: One element for each table, in the order given. There after a failure too.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: Name of the table.
      type: str
      returned: always
      sample: sc-agent-sessions-prod
    changed:
      description: Whether anything was written, or would be without check mode.
      type: bool
      returned: always
    before:
      description:
        - What the task names as it was before, as an element of O(tables); giving it back undoes the task. V(null) if
          the table could not be read or planned.
        - Of a table that changes its billing mode, all that is needed to come back.
        - Where autoscaling owns the units, its bounds are there instead of them.
      type: dict
      returned: always
      sample: {name: sc-agent-sessions-prod, read: {autoscaling: {state: present, min_capacity: 10, max_capacity: 100}}}
    after:
      description: The same after the task. V(null) if it failed, because it is not known without reading it again.
      type: dict
      returned: always
      sample: {name: sc-agent-sessions-prod, read: {autoscaling: {state: present, min_capacity: 20, max_capacity: 400}}}
    calls:
      description: The calls that AWS accepted, or would be made without check mode, in their order.
      type: list
      elements: str
      returned: always
      sample: ["dynamodb:UpdateTable", "application-autoscaling:RegisterScalableTarget"]
    error:
      description: What went wrong, and what to do about it. V(null) if nothing did.
      type: str
      returned: always
    error_code:
      description: AWS's code of the error, for example V(ResourceNotFoundException). V(null) if it was none of AWS's.
      type: str
      returned: always
"""

from ansible_collections.runbook.aws.plugins.module_utils._dynamodb import ON_DEMAND, PROVISIONED, TABLES_SPEC
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_plan import plan_capacity
from ansible_collections.runbook.aws.plugins.module_utils._dynamodb_reader import Reader
from ansible_collections.runbook.aws.plugins.module_utils._ops import OpsModule
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target


def main() -> None:
    module = OpsModule(argument_spec={"tables": TABLES_SPEC})
    aws = module.aws("dynamodb")
    targets = [Target(table["name"], table) for table in module.params["tables"]]
    reader = Reader(
        aws,
        targets,
        workers=module.params["workers"],
        patience=module.params["wait_timeout"],
        wants_switches=lambda target, state: (
            state.mode == PROVISIONED and target.desired.get("billing_mode") == ON_DEMAND
        ),
    )
    module.run(aws, targets, reader.fetch, plan_capacity)


if __name__ == "__main__":
    main()
