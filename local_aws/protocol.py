# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From an HTTP request to (service, operation, arguments) and from a result or an error back to the service's protocol.

The service comes from the signature's credential scope, the operation from botocore's service model through moto's
routers, so REST services are resolved by method and path and nothing is guessed from names.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.loaders
import botocore.parsers
import botocore.session
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from local_aws.accounts import DEFAULT_REGION

# The signing name of these services is not their boto3 name, or is shared by several services (tried in this order).
_SERVICES_BY_SIGNING_NAME: dict[str, tuple[str, ...]] = {
    "monitoring": ("cloudwatch",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "apigateway": ("apigateway", "apigatewayv2"),
    "bedrock": ("bedrock", "bedrock-runtime", "bedrock-agent", "bedrock-agent-runtime"),
    "email": ("ses",),
    "ses": ("ses", "sesv2"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticfilesystem": ("efs",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "s3": ("s3", "s3control"),
    "aws-marketplace": ("meteringmarketplace",),
    "cognito-identity": ("cognito-identity",),
}

# Operations that change nothing in the account begin with one of these words.
_READING = (
    "Get",
    "List",
    "Describe",
    "Lookup",
    "Head",
    "Query",
    "Scan",
    "BatchGet",
    "Search",
    "Select",
    "Check",
    "Validate",
    "Test",
    "Simulate",
    "Estimate",
    "Filter",
    "Preview",
    "Decode",
    "Detect",
    "View",
    "Retrieve",
    "Assume",
    "TransactGet",
    "Tail",
)
# These do not, and change nothing either: they run code, ask for an answer, use a key, or begin with Admin.
_READING_TOO = {
    "lambda": {"Invoke", "InvokeAsync", "InvokeWithResponseStream"},
    "logs": {"StartQuery", "StopQuery", "StartLiveTail"},
    "kms": {"Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateRandom", "Sign", "Verify"},
    "cognito-idp": {
        "InitiateAuth",
        "AdminInitiateAuth",
        "RespondToAuthChallenge",
        "AdminGetDevice",
        "AdminGetUser",
        "AdminListDevices",
        "AdminListGroupsForUser",
        "AdminListUserAuthEvents",
    },
    "bedrock-runtime": {"Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream", "CountTokens"},
}
# These do begin with one, and change something.
_WRITING_NEVERTHELESS = {"cloudformation": {"DetectStackDrift", "DetectStackSetDrift"}}

# What CloudTrail hides in its events, and no recorder has a use for:
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html
# Of Cognito also what botocore marks as sensitive, names and addresses apart: tokens, sessions, codes, proofs.
_HIDDEN = re.compile(
    r"password|secret(string|binary)|rotation_?token|plaintext|privatekey|clientsecret|zipfile|^body$|^variables$"
    r"|(access|refresh|id)_?token$|^token$|^session$|secret_?hash|_code$|confirmationcode|usercode|^srp_a$|claim_s",
    re.IGNORECASE,
)
_LONGEST_ARGUMENT = 512


class AwsError(Exception):
    """An error that AWS answers: its code, its text and, where the service model has none, the HTTP status."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class _Serializable(ServiceException):
    """An error for moto's serializers, which look up the error's shape by the module that defines its class."""


@dataclass(frozen=True)
class Response:
    """A finished HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Signature:
    """The credential scope of a request."""

    access_key: str
    region: str
    service: str


def read_signature(environ: Mapping[str, Any]) -> Signature | None:
    """The scope of a SigV4 signature in the header or in a presigned query; None when the request is not signed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    """
    found = re.search(r"Credential=([^,\s]+)", environ.get("HTTP_AUTHORIZATION", ""))
    if not found:
        found = re.search(r"X-Amz-Credential=([^&]+)", environ.get("QUERY_STRING", ""))
    if not found:
        return None
    parts = found.group(1).replace("%2F", "/").split("/")
    if len(parts) < 5:
        return None
    return Signature(access_key="/".join(parts[:-4]), region=parts[-3], service=parts[-2].lower())


@dataclass(frozen=True)
class Parsed:
    """A request whose operation is known."""

    service: str
    operation: OperationModel
    protocol: str
    arguments: dict[str, Any]


@functools.cache
def service_model(service: str) -> ServiceModel:
    return get_service_model(service)


@functools.cache
def _known_services() -> frozenset[str]:
    return frozenset(botocore.loaders.create_loader().list_available_services("service-2"))


def parse(environ: dict[str, Any], body: bytes, signature: Signature | None) -> Parsed | None:
    """Find the operation in the service models and read its arguments; None when the request is no AWS call."""
    if signature is None:
        return None
    for service in _SERVICES_BY_SIGNING_NAME.get(signature.service, (signature.service,)):
        if service not in _known_services():
            continue
        request = Request({**environ, "wsgi.input": io.BytesIO(body)})
        model = service_model(service)
        try:
            operation, uri_arguments = get_service_router(service).match(request)
        except (HTTPException, NotImplementedError):
            continue
        protocol = determine_request_protocol(model, request.content_type)
        parser = PROTOCOL_PARSERS[protocol](operation, map_type=dict)
        arguments = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": uri_arguments,
            }
        )
        return Parsed(service, operation, protocol, dict(arguments or {}))
    return None


def is_mutating(service: str, operation: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the call changes the account. PartiQL is judged by its statement, all else by the operation."""
    if operation in _WRITING_NEVERTHELESS.get(service, ()):
        return True
    if service == "dynamodb" and operation == "ExecuteStatement":
        return not str(arguments.get("Statement", "")).lstrip().upper().startswith("SELECT")
    if operation in _READING_TOO.get(service, ()):
        return False
    return not operation.startswith(_READING)


def presentable(value: Any, name: str = "") -> Any:
    """Arguments as the recorder keeps them: JSON, no secrets, no code, nothing long."""
    if _HIDDEN.search(name):
        return "HIDDEN_DUE_TO_SECURITY_REASONS"
    if isinstance(value, Mapping):
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html
        secure = value.get("Type") == "SecureString"
        return {
            str(key): presentable(item, "password" if secure and key == "Value" else str(key))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [presentable(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST_ARGUMENT else text[:_LONGEST_ARGUMENT] + "…"


def render_result(parsed: Parsed, result: Mapping[str, Any]) -> Response:
    """A result as the service writes it. A member that stands for the HTTP status is the answer's status.

    https://smithy.io/2.0/spec/http-bindings.html#httpresponsecode-trait
    """
    response = _render(parsed, result)
    members = parsed.operation.output_shape.members if parsed.operation.output_shape else {}
    for name, shape in members.items():
        if shape.serialization.get("location") == "statusCode" and name in result:
            return Response(int(result[name]), response.headers, response.body)
    return response


def render_error(parsed: Parsed, error: AwsError) -> Response:
    """An error as the service writes it: JSON, REST-JSON, query XML, REST XML or EC2 XML."""
    response = _render(parsed, _Serializable(error.code, error.message))
    return response if error.status is None else Response(error.status, response.headers, response.body)


def _render(parsed: Parsed, result: Any) -> Response:
    serializer = get_serializer_class(parsed.service, parsed.protocol)(operation_model=parsed.operation)
    rendered = serializer.serialize(result)
    body = rendered["body"]
    headers = [(name, str(value)) for name, value in rendered["headers"].items()]
    return Response(int(rendered["status_code"]), headers, body.encode() if isinstance(body, str) else bytes(body))


def read_result(parsed: Parsed, response: Response) -> dict[str, Any]:
    """What botocore would hand to the caller; raises AwsError when the response is an error."""
    parser = botocore.parsers.create_parser(parsed.protocol)
    data = parser.parse(
        {"status_code": response.status, "headers": dict(response.headers), "body": response.body},
        parsed.operation.output_shape,
    )
    if response.status >= 300:
        error = data.get("Error", {})
        raise AwsError(error.get("Code", "Unknown"), error.get("Message", ""), response.status)
    data.pop("ResponseMetadata", None)
    return data


def read_error(parsed: Parsed, response: Response) -> tuple[str, str]:
    """Code and text of an error response; empty for a success."""
    if response.status < 400:
        return "", ""
    try:
        read_result(parsed, response)
    except AwsError as error:
        return error.code, error.message
    except botocore.parsers.ResponseParserError:
        return "Unparsable", response.body[:200].decode(errors="replace")
    return "", ""


def access_denied(parsed: Parsed, principal: str, action: str, resource: str) -> AwsError:
    """The refusal as IAM words it, with the code that each protocol uses.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html has the text;
    EC2 says UnauthorizedOperation, the query and REST-XML services AccessDenied, the JSON ones AccessDeniedException.
    """
    text = (
        f"User: {principal} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    if parsed.protocol == "ec2":
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. {text}", 403)
    if parsed.protocol in ("query", "rest-xml"):
        return AwsError("AccessDenied", text, 403)
    return AwsError("AccessDeniedException", text, 403 if parsed.protocol == "rest-json" else 400)


@functools.cache
def known_regions() -> frozenset[str]:
    """The regions of all partitions. EC2 is in every region, and moto makes its backends from the same list."""
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return frozenset(region for name in partitions for region in session.get_available_regions("ec2", name))


def wrong_region(parsed: Parsed, region: str) -> AwsError:
    """The refusal of a credential scope whose region does not exist, as each protocol words it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html#signature-v4-troubleshooting-credential-scope
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html has S3's AuthorizationHeaderMalformed.
    """
    text = f"Credential should be scoped to a valid region, not '{region}'."
    if parsed.protocol == "rest-xml":
        wrong = f"The authorization header is malformed; the region '{region}' is wrong; expecting '{DEFAULT_REGION}'"
        return AwsError("AuthorizationHeaderMalformed", wrong, 400)
    if parsed.protocol == "ec2":
        return AwsError("AuthFailure", text, 401)
    if parsed.protocol == "query":
        return AwsError("SignatureDoesNotMatch", text, 403)
    return AwsError("InvalidSignatureException", text, 403 if parsed.protocol == "rest-json" else 400)
