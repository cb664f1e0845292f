# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A module for one function, in the style of amazon.aws: read, compare, write. A peer of the benchmarks, not for use."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import BotoCoreError, ClientError

DOCUMENTATION = r"""
module: single_lambda_concurrency
short_description: Set the reserved concurrency of one Lambda function
description: A peer of the benchmarks.
author: runbook.aws contributors
options:
  name: {description: The function., type: str, required: true}
  reserved: {description: Its reserved concurrency., type: int, required: true}
"""


def main() -> None:
    """Set it."""
    spec = {"name": {"type": "str", "required": True}, "reserved": {"type": "int", "required": True}}
    module = AnsibleAWSModule(argument_spec=spec, supports_check_mode=True)
    client: Any = module.client("lambda")
    name, reserved = module.params["name"], module.params["reserved"]
    try:
        before = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        changed = before != reserved
        if changed and not module.check_mode:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"Cannot set the reserved concurrency of {name}")
    module.exit_json(changed=changed, before=before, after=reserved)


if __name__ == "__main__":
    main()
