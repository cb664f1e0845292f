# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API Gateway's HTTP APIs: their endpoint is this server's, so that they can be called (application.py)."""

from __future__ import annotations

from local_aws.accounts import DEFAULT_REGION
from local_aws.rules import Call, Result, rule


@rule("apigatewayv2", "CreateApi", "GetApi", "GetApis", "UpdateApi")
def with_endpoint(call: Call) -> Result:
    """An API answers at its `ApiEndpoint`; AWS's own name for it leads nowhere here.

    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html (apiEndpoint)
    """
    result = call.proceed()
    place = call.account.id if call.region == DEFAULT_REGION else f"{call.account.id}/{call.region}"
    for api in result["Items"] if call.operation == "GetApis" else [result]:
        api["ApiEndpoint"] = f"{call.endpoint}/_app/{place}/{api['Name']}"
    return result
