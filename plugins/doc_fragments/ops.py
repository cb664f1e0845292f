# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Documentation that the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of `_ops.COMMON_SPEC`.

    A module names the fragments of amazon.aws for the connection itself: Ansible looks for no fragments in a fragment.
    """

    DOCUMENTATION = r"""
options:
  workers:
    description:
      - How many targets are read or written at the same time. A target that waits for AWS takes no place.
    type: int
    default: 32
  request_rates:
    description:
      - Calls a second by API family, for an account whose quota differs from AWS's published default,
        for example V(100) for C(dynamodb:UpdateTable).
      - The families and their defaults are in C(plugins/module_utils/_pace.py), each with its source. Calls are paced a
        little under these rates, because throttled calls cost more time than they save.
    type: dict
    default: {}
requirements:
  - python >= 3.11
  - boto3 >= 1.40.0
  - botocore >= 1.40.0
"""

    # Options of `_ops.WAIT_SPEC`, for modules that change something.
    WAIT = r"""
options:
  wait:
    description:
      - Wait until the last change of each target has taken effect.
      - Where one change needs another to be in effect first, that one is waited for in any case.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds for all writing and waiting of the task, throttled calls included. What was started goes on in AWS after
        that; the same task run again waits on.
    type: int
    default: 600
  partial:
    description:
      - Change the targets that can be read and planned although others can not. The task still fails, and tells which.
      - Meant for going back in an emergency, where most of it is better than nothing. Without it nothing is written
        while one target could not be read or planned.
    type: bool
    default: false
"""

    # The option of `_usage.USAGE_SPEC`, for modules that read.
    USAGE = r"""
options:
  usage_seconds:
    description:
      - Read from CloudWatch how much was in use in this many seconds until now, with one C(GetMetricData) call for every
        500 metrics. V(0) does not.
    type: int
    default: 0
"""

    ATTRIBUTES = r"""
attributes:
  action_group:
    description: Use C(group/runbook.aws.aws) in C(module_defaults) to give connection options to all modules of
      C(runbook.aws) and C(amazon.aws) at once.
    support: full
    membership:
      - runbook.aws.aws
options: {}
"""
