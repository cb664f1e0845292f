# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A template's values get the types of the operation that they go to."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.inside import BadValue, request, shaped
from local_aws.protocol import AwsError, parse, read_signature, service_model


def fitted(service: str, operation: str, **arguments: Any) -> Any:
    return shaped(service_model(service).operation_model(operation).input_shape, arguments)


@pytest.mark.parametrize(
    ("service", "operation", "given", "expected"),
    [
        ("cloudwatch", "PutMetricAlarm", {"Period": "60", "Threshold": "1.5"}, {"Period": 60, "Threshold": 1.5}),
        ("cloudwatch", "PutMetricAlarm", {"ActionsEnabled": "false"}, {"ActionsEnabled": False}),
        ("lambda", "CreateFunction", {"Code": {"ZipFile": "x"}}, {"Code": {"ZipFile": b"x"}}),
        (
            "lambda",
            "CreateFunction",
            {"Environment": {"Variables": {"N": 1, "B": True}}},
            {"Environment": {"Variables": {"N": "1", "B": "true"}}},
        ),
        (
            "iam",
            "CreateRole",
            {"AssumeRolePolicyDocument": {"Version": "1"}},
            {"AssumeRolePolicyDocument": '{"Version": "1"}'},
        ),
        ("sns", "CreateTopic", {"Tags": {"Key": "a", "Value": "b"}}, {"Tags": [{"Key": "a", "Value": "b"}]}),
    ],
)
def test_values_take_the_types_of_the_input(service: str, operation: str, given: Any, expected: Any) -> None:
    assert fitted(service, operation, **given) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Color": "red"}, r"#: extraneous key \[Color\] is not permitted"),
        ({"Dimensions": [{"Name": "a", "Text": "b"}]}, r"#/Dimensions/0: extraneous key \[Text\] is not permitted"),
        ({"Period": "often"}, "#/Period: expected type: Number, found: 'often'"),
        ({"Dimensions": ["a"]}, "#/Dimensions/0: expected type: JSONObject, found: str"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadValue, match=said):
        fitted("cloudwatch", "PutMetricAlarm", **given)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("dynamodb", "DescribeTable", {"TableName": "t"}),
        ("lambda", "GetAlias", {"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Name": "live"}),
        ("s3", "GetBucketVersioning", {"Bucket": "b"}),
        ("iam", "GetRole", {"RoleName": "r"}),
        ("cognito-idp", "DescribeUserPool", {"UserPoolId": "eu-west-1_x"}),
        ("apigatewayv2", "GetApi", {"ApiId": "a"}),
    ],
)
def test_a_request_from_inside_is_read_as_any_other(service: str, operation: str, arguments: dict[str, str]) -> None:
    environ, body = request(
        service, operation, arguments, endpoint="http://127.0.0.1:5610", access_key="KEY", region="eu-west-1"
    )
    signature = read_signature(environ)
    parsed = parse(environ, body, signature)
    assert parsed
    assert signature
    assert (parsed.service, parsed.operation.name, parsed.arguments) == (service, operation, arguments)
    assert (signature.access_key, signature.region) == ("KEY", "eu-west-1")


def test_a_request_without_what_it_needs_is_refused() -> None:
    with pytest.raises(AwsError, match="Missing required parameter"):
        request("dynamodb", "DescribeTable", {}, endpoint="http://x", access_key="KEY", region="us-east-1")
