# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The deployed application's own HTTP API under `/_app/<account>/<api name>`, which answers from what is deployed.

An API leads a request by its routes and integrations to a function's alias. What the function would do is done here,
with that version's environment: `/health` says whether its tables are there, `/data/<table>/<key>` reads an item. So
a test sees what the consumers of a table see. The API of another region than the default one has the region before
its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local_aws.accounts import DEFAULT_REGION
from local_aws.control import json_response
from local_aws.protocol import AwsError, Response, known_regions

PREFIX = "/_app/"

Ask = Callable[[str, str, str, str, Mapping[str, Any]], dict[str, Any]]
"""What an operation answers: account, region, service, operation, arguments."""

# An environment variable that names a table, or the SSM parameter that does.
_TABLE, _TABLE_PARAMETER = "_TABLE", "_TABLE_PARAMETER"


class Unhealthy(Exception):
    """Why the application cannot do its work."""


@dataclass(frozen=True)
class Function:
    """One version of a function, as it was configured when it was published."""

    name: str
    version: str
    environment: Mapping[str, str]

    @property
    def shown(self) -> dict[str, str]:
        return {"function": self.name, "version": self.version}


class Place:
    """An account and region, as the functions in it see it."""

    def __init__(self, ask: Ask, account_id: str, region: str) -> None:
        self._ask = ask
        self._account_id = account_id
        self._region = region

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._ask(self._account_id, self._region, service, operation, arguments)

    def routes(self, api_name: str) -> dict[str, str]:
        """The route keys of an API, with the ARN that each leads to; none when there is no such API."""
        apis = self.call("apigatewayv2", "GetApis")["Items"]
        api_id = next((api["ApiId"] for api in apis if api["Name"] == api_name), None)
        if api_id is None:
            return {}
        integrations = self.call("apigatewayv2", "GetIntegrations", ApiId=api_id)["Items"]
        uris = {f"integrations/{item['IntegrationId']}": item["IntegrationUri"] for item in integrations}
        routes = self.call("apigatewayv2", "GetRoutes", ApiId=api_id)["Items"]
        return {route["RouteKey"]: uris[route["Target"]] for route in routes if route.get("Target") in uris}

    def function(self, arn: str) -> Function | None:
        """What an ARN of a function, a version or an alias leads to; None when any of them is gone."""
        try:
            found = self.call("lambda", "GetFunctionConfiguration", FunctionName=arn)
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return None
        variables = found.get("Environment", {}).get("Variables", {})
        return Function(found["FunctionName"], found["Version"], variables)

    def throttled(self, function: Function) -> bool:
        found = self.call("lambda", "GetFunctionConcurrency", FunctionName=function.name)
        return bool(found.get("ReservedConcurrentExecutions") == 0)

    def tables(self, function: Function) -> Iterator[tuple[str, str]]:
        """The tables that the environment names, directly or by an SSM parameter: variable and table.

        Raises:
            Unhealthy: The parameter is not there.
        """
        for variable, value in sorted(function.environment.items()):
            if variable.endswith(_TABLE_PARAMETER):
                try:
                    parameter = self.call("ssm", "GetParameter", Name=value)["Parameter"]
                except AwsError as error:
                    raise Unhealthy(f"parameter {value} ({variable} of {function.name}): {error.code}") from error
                yield variable.removesuffix("_PARAMETER"), parameter["Value"]
            elif variable.endswith(_TABLE):
                yield variable, value


def answer(path: str, ask: Ask) -> Response:
    """Answer as an HTTP API with Lambda integrations does.

    No such API or route: 404 Not Found. The function, its alias or the alias's version gone: 500 Internal Server
    Error; throttled, because its reserved concurrency is 0: 503 Service Unavailable.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
    """
    found = re.fullmatch(rf"{PREFIX}(\d{{12}})/(.+)", path)
    if not found:
        return json_response(404, {"message": "Not Found"})
    account_id, rest = found.groups()
    first, _slash, after = rest.partition("/")
    region, rest = (first, after) if first in known_regions() else (DEFAULT_REGION, rest)
    api_name, _slash, route = rest.partition("/")
    place = Place(ask, account_id, region)
    routes = place.routes(api_name)
    arn = _led_to(routes, f"/{route}")
    if arn is None:
        return json_response(404, {"message": "Not Found"})
    function = place.function(arn)
    if function is None:
        return json_response(500, {"message": "Internal Server Error"})
    if place.throttled(function):
        return json_response(503, {"message": "Service Unavailable"})
    if route == "health":
        return _health(place, function, dict.fromkeys(routes.values()))
    return _data(place, function, [unquote(part) for part in route.split("/")[1:]])


def _led_to(routes: Mapping[str, str], path: str) -> str | None:
    """Where the most specific route for a GET leads.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    fitting = []
    for key, arn in routes.items():
        method, _space, template = key.partition(" ")
        pattern = "".join(
            ".+" if part.endswith("+}") else "[^/]+" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]+\})", template)
        )
        if method == "$default" or (method in ("GET", "ANY") and re.fullmatch(pattern, path)):
            fitting.append((len(template), arn))
    return max(fitting)[1] if fitting else None


def _health(place: Place, function: Function, behind: Mapping[str, None]) -> Response:
    """Healthy when every function behind the API is there and every table that it names can be used."""
    shown = {"environment": function.environment.get("ENVIRONMENT", ""), **function.shown}
    try:
        for arn in behind:
            other = place.function(arn)
            if other is None:
                raise Unhealthy(f"{arn} leads to no function")
            for variable, table in place.tables(other):
                _check_table(place, table, f"{variable} of {other.name}")
    except Unhealthy as error:
        return json_response(503, {"status": "unhealthy", "reason": str(error), **shown})
    return json_response(200, {"status": "healthy", **shown})


def _check_table(place: Place, table: str, named_by: str) -> None:
    """A table can be used while it is updated.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html (TableStatus)
    """
    try:
        status = place.call("dynamodb", "DescribeTable", TableName=table)["Table"]["TableStatus"]
    except AwsError as error:
        raise Unhealthy(f"table {table} ({named_by}): {error.code}") from error
    if status not in ("ACTIVE", "UPDATING"):
        raise Unhealthy(f"table {table} ({named_by}) is {status}")


def _data(place: Place, function: Function, path: Sequence[str]) -> Response:
    """`<table>/<hash key>[/<range key>]`: the item, from the table that the environment calls `<TABLE>_TABLE`."""
    wanted = f"{path[0].upper().replace('-', '_')}{_TABLE}" if path else ""
    try:
        table = dict(place.tables(function)).get(wanted)
        if table is None:
            return json_response(404, {"message": "Not Found"})
        described = place.call("dynamodb", "DescribeTable", TableName=table)["Table"]
        kinds = {item["AttributeName"]: item["AttributeType"] for item in described["AttributeDefinitions"]}
        names = [item["AttributeName"] for item in sorted(described["KeySchema"], key=lambda item: item["KeyType"])]
        if len(path) != 1 + len(names):
            return json_response(404, {"message": "Not Found"})
        key = {name: {kinds[name]: value} for name, value in zip(names, path[1:], strict=True)}
        item = place.call("dynamodb", "GetItem", TableName=table, Key=key).get("Item")
    except (AwsError, Unhealthy) as error:
        return json_response(500, {"message": str(error), **function.shown})
    return json_response(404 if item is None else 200, {"table": table, "item": item, **function.shown})
