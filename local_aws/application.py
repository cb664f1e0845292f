# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The deployed application's own HTTP API under `/_app/<account>/<api name>`, which answers from what is deployed.

An API leads a request by its routes and integrations to a function's alias. A POST really invokes that function, after
the route's authorizer has looked at the token. What the function would do with a GET is done here, with that version's
environment: `/health` says whether its tables are there, `/data/<table>/<key>` reads an item. So a test sees what the
consumers of a table and of a secret see. The API of another region than the default one has the region before its name.
"""

from __future__ import annotations

import functools
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from joserfc import jwk, jwt
from joserfc.errors import JoseError
from moto.utilities.utils import load_resource

from local_aws.accounts import DEFAULT_REGION
from local_aws.control import json_response
from local_aws.protocol import AwsError, Response, known_regions

PREFIX = "/_app/"

Ask = Callable[[str, str, str, str, Mapping[str, Any]], dict[str, Any]]
"""What an operation answers: account, region, service, operation, arguments."""

# An environment variable that names a table, or the SSM parameter that does.
_TABLE, _TABLE_PARAMETER = "_TABLE", "_TABLE_PARAMETER"
_INTERNAL = (500, {"message": "Internal Server Error"})


@dataclass(frozen=True)
class Request:
    """What a caller of the API has sent; the path as it was sent, because a key in it may have a slash of its own."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    now: Callable[[str], float]
    """The time of an account."""


@dataclass(frozen=True)
class Route:
    """Where a route leads, and what its authorizer asks for; none has an empty issuer."""

    key: str
    arn: str
    issuer: str = ""
    audience: frozenset[str] = frozenset()


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

    def routes(self, api_name: str) -> list[Route]:
        """The routes of an API that lead somewhere; none when there is no such API."""
        apis = self.call("apigatewayv2", "GetApis")["Items"]
        api_id = next((api["ApiId"] for api in apis if api["Name"] == api_name), None)
        if api_id is None:
            return []
        integrations = self.call("apigatewayv2", "GetIntegrations", ApiId=api_id)["Items"]
        uris = {f"integrations/{item['IntegrationId']}": item["IntegrationUri"] for item in integrations}
        found = []
        for route in self.call("apigatewayv2", "GetRoutes", ApiId=api_id)["Items"]:
            if route.get("Target") in uris:
                wanted = self._jwt(api_id, route["AuthorizerId"]) if route.get("AuthorizerId") else {}
                audience = frozenset(wanted.get("Audience", ()))
                found.append(Route(route["RouteKey"], uris[route["Target"]], wanted.get("Issuer", ""), audience))
        return found

    def _jwt(self, api_id: str, authorizer_id: str) -> dict[str, Any]:
        found = self.call("apigatewayv2", "GetAuthorizer", ApiId=api_id, AuthorizerId=authorizer_id)
        return dict(found.get("JwtConfiguration", {}))

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


def answer(request: Request, ask: Ask) -> Response | Callable[[], Response]:
    """Answer as an HTTP API with Lambda integrations does, or say how it is done when no other call has to wait for it.

    No such API or route: 404 Not Found. The function, its alias or the alias's version gone: 500 Internal Server
    Error; throttled, because its reserved concurrency is 0: 503 Service Unavailable.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
    """
    found = re.fullmatch(rf"{PREFIX}(\d{{12}})/(.+)", request.path)
    if not found:
        return json_response(404, {"message": "Not Found"})
    account_id, rest = found.groups()
    first, _slash, after = rest.partition("/")
    region, rest = (first, after) if first in known_regions() else (DEFAULT_REGION, rest)
    api_name, _slash, route = rest.partition("/")
    place = Place(ask, account_id, region)
    routes = place.routes(api_name)
    led_to = _led_to(routes, request.method, f"/{route}")
    if led_to is None:
        return json_response(404, {"message": "Not Found"})
    claims = _claims(led_to, request, request.now(account_id)) if led_to.issuer else {}
    if claims is None:
        return json_response(401, {"message": "Unauthorized"})
    function = place.function(led_to.arn)
    if function is None:
        return json_response(*_INTERNAL)
    if place.throttled(function):
        return json_response(503, {"message": "Service Unavailable"})
    if request.method != "GET":
        return functools.partial(_invoke, place, led_to, _event(request, led_to, f"/{route}", claims))
    if route == "health":
        return _health(place, function, dict.fromkeys(item.arn for item in routes))
    return _data(place, function, [unquote(part) for part in route.split("/")[1:]])


def _led_to(routes: Sequence[Route], method: str, path: str) -> Route | None:
    """The most specific route.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    fitting = []
    for route in routes:
        wanted, _space, template = route.key.partition(" ")
        pattern = "".join(
            ".+" if part.endswith("+}") else "[^/]+" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]+\})", template)
        )
        if wanted == "$default" or (wanted in (method, "ANY") and re.fullmatch(pattern, path)):
            fitting.append((len(template), route))
    return max(fitting, key=lambda item: item[0])[1] if fitting else None


@functools.cache
def _keys() -> jwk.KeySet:
    """The public keys of every user pool here, as /<pool>/.well-known/jwks.json shows them."""
    return jwk.KeySet.import_key_set(load_resource("cognitoidp/resources/jwks-public.json"))


def _claims(route: Route, request: Request, now: float) -> dict[str, Any] | None:
    """What a token says when the authorizer takes it; None when it does not.

    It is checked without asking Cognito, so a token that was revoked is taken until it expires:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """
    given = request.headers.get("authorization", "")
    try:
        claims = dict(jwt.decode(given.removeprefix("Bearer "), _keys(), algorithms=["RS256"]).claims)
    except (JoseError, ValueError):
        return None
    audience = claims.get("aud") or claims.get("client_id")
    known = claims.get("iss") == route.issuer and audience in route.audience
    return claims if known and float(claims.get("exp", 0)) > now else None


def _event(request: Request, route: Route, path: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The event of payload format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    now = time.time()
    return {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": dict(request.headers),
        "requestContext": {
            "authorizer": {"jwt": {"claims": {name: str(value) for name, value in claims.items()}, "scopes": None}},
            "http": {"method": request.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": str(uuid.uuid4()),
            "routeKey": route.key,
            "stage": "$default",
            "timeEpoch": int(now * 1000),
        },
        "body": request.body,
        "isBase64Encoded": False,
    }


def _invoke(place: Place, route: Route, event: Mapping[str, Any]) -> Response:
    """Invoke the function behind a route. What it returns without a status code is the body of a 200 (same source)."""
    try:
        invoked = place.call("lambda", "Invoke", FunctionName=route.arn, Payload=json.dumps(event).encode())
    except AwsError as error:
        throttled = error.code == "TooManyRequestsException"
        return json_response(*((503, {"message": "Service Unavailable"}) if throttled else _INTERNAL))
    if invoked.get("FunctionError"):
        return json_response(*_INTERNAL)
    answer = json.loads(invoked["Payload"])
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return json_response(200, answer)
    headers = [(str(name), str(value)) for name, value in (answer.get("headers") or {}).items()]
    return Response(int(answer["statusCode"]), headers, str(answer.get("body", "")).encode())


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
