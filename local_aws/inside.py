# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A call from inside the server: a service that calls others as its caller, as CloudFormation does.

It takes the way of every other call (refusals, faults, rules, the recorder), only without a socket and a signature
that nobody checks.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import botocore.serialize
from botocore.exceptions import ParamValidationError
from botocore.model import Shape

from local_aws.protocol import AwsError, service_model

_SCALARS = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
}


class BadValue(ValueError):
    """A value that does not fit the operation's input."""


def request(
    service: str, operation: str, arguments: Mapping[str, Any], *, endpoint: str, access_key: str, region: str
) -> tuple[dict[str, Any], bytes]:
    """The WSGI environment and body of a call. AwsError (ValidationException) when the arguments do not fit."""
    model = service_model(service)
    serializer = botocore.serialize.create_serializer(model.resolved_protocol, include_validation=True)
    try:
        made = serializer.serialize_to_request(dict(arguments), model.operation_model(operation))
    except ParamValidationError as error:
        raise AwsError("ValidationException", str(error), 400) from None
    path, _mark, query = str(made["url_path"]).partition("?")
    more = made["query_string"]
    query = "&".join(part for part in (query, more if isinstance(more, str) else urlencode(more, doseq=True)) if part)
    body = made["body"]
    if isinstance(body, Mapping):
        body = urlencode(body)
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    signing = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
    where = urlsplit(endpoint)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": made["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "REQUEST_URI": f"{path}?{query}" if query else path,
        "RAW_URI": f"{path}?{query}" if query else path,
        "SERVER_NAME": where.hostname or "localhost",
        "SERVER_PORT": str(where.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": where.netloc,
        "HTTP_AUTHORIZATION": (
            f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{signing}/aws4_request, "
            "SignedHeaders=host, Signature=inside"
        ),
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": where.scheme or "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in made["headers"].items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ, content


def shaped(shape: Shape, value: Any, path: str = "#") -> Any:
    """A value of a template in the types of an operation's input.

    A template says every number and every truth as text where it likes, and a policy as an object.

    Raises:
        BadValue: A member that the input does not have, or a text that is no number.
    """
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, Mapping):
            raise BadValue(f"{path}: expected type: JSONObject, found: {type(value).__name__}")
        unknown = next((name for name in value if name not in shape.members), None)
        if unknown is not None:
            raise BadValue(f"{path}: extraneous key [{unknown}] is not permitted")
        return {name: shaped(shape.members[name], item, f"{path}/{name}") for name, item in value.items()}
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        return [shaped(shape.member, item, f"{path}/{number}") for number, item in enumerate(items)]
    if kind == "map":
        return {str(name): shaped(shape.value, item, f"{path}/{name}") for name, item in dict(value).items()}
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind in _SCALARS:
        try:
            return _SCALARS[kind](value)
        except (TypeError, ValueError):
            raise BadValue(f"{path}: expected type: Number, found: {value!r}") from None
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    if kind == "string":
        return json.dumps(value) if isinstance(value, Mapping | list) else _text(value)
    return value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
