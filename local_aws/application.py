# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The deployed application's own HTTP API under `/_app/<account>/<api name>`, so that `/health` answers for real."""

from __future__ import annotations

import re
import time

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import lambda_backends

from local_aws.control import json_response
from local_aws.protocol import Response

PREFIX = "/_app/"


def answer(path: str) -> Response:
    """Answer as an HTTP API with a Lambda integration does.

    The function behind it gone: 500 Internal Server Error; throttled, because its reserved concurrency is 0: 503
    Service Unavailable.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
    """
    found = re.fullmatch(rf"{PREFIX}(\d{{12}})/([\w.-]+)(/.*)?", path)
    if not found:
        return json_response(404, {"message": "Not Found"})
    account_id, name, route = found.group(1), found.group(2), found.group(3) or "/"
    for region, backend in list(apigatewayv2_backends[account_id].items()):
        for api in backend.apis.values():
            if api.name == name:
                return _invoke(account_id, region, api.to_json().get("tags") or {}, route)
    return json_response(404, {"message": "Not Found"})


def _invoke(account_id: str, region: str, tags: dict[str, str], route: str) -> Response:
    function_name = tags.get("integration", "")
    functions = lambda_backends[account_id][region].list_functions(None)
    function = next((item for item in functions if item.function_name == function_name), None)
    if function is None:
        return json_response(500, {"message": "Internal Server Error"})
    if function.reserved_concurrency == 0:
        return json_response(503, {"message": "Service Unavailable"})
    if route != "/health":
        return json_response(404, {"message": "Not Found"})
    return json_response(
        200,
        {
            "status": "healthy",
            "application": tags.get("application", ""),
            "environment": tags.get("environment", ""),
            "function": function_name,
            "time": int(time.time()),
        },
    )
