# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""STS: the caller is the principal that the recorder shows."""

from __future__ import annotations

from local_aws.rules import Call, Result, rule


@rule("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> Result:
    """Account and ARN of the caller; moto answers one made-up user for every key that it did not issue.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    result = call.proceed()
    return {**result, "Account": call.account.id, "Arn": call.principal}
