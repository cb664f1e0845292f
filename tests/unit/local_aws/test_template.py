# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates are read as CloudFormation reads them, and resolved to plain values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.template import Resolver, TemplateError, parameter_values, read

BUCKET = {"Type": "AWS::S3::Bucket"}
PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "AWS::StackName": "shop-data-test"}


def resolver(template: dict[str, Any], **given: str) -> Resolver:
    read_template = read(json.dumps({"Resources": {"Bucket": BUCKET}, **template}))
    return Resolver(
        read_template,
        parameter_values(read_template, given),
        PSEUDO,
        lambda name: f"id-of-{name}",
        lambda name, attribute: f"{attribute}-of-{name}",
        lambda name: f"exported-{name}",
    )


def value(node: Any, **template: Any) -> Any:
    return resolver(template).value(node)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "Bucket"}, "id-of-Bucket"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "Arn-of-Bucket"),
        ({"Fn::GetAtt": "Bucket.Endpoint.Address"}, "Endpoint.Address-of-Bucket"),
        ({"Fn::Sub": "${AWS::StackName}/${Bucket}/${Bucket.Arn}"}, "shop-data-test/id-of-Bucket/Arn-of-Bucket"),
        ({"Fn::Sub": "${!Literal} ${Bucket}"}, "${Literal} id-of-Bucket"),
        ({"Fn::Sub": ["${Name}!", {"Name": {"Ref": "Bucket"}}]}, "id-of-Bucket!"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Bucket"}, 3]]}, "a-id-of-Bucket-3"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b,c"]}]}, "b"),
        ({"Fn::Base64": "text"}, "dGV4dA=="),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-x"}}, "exported-shop-data-test-x"),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
        ({"Ref": "x", "Other": 1}, {"Ref": "x", "Other": 1}),
    ],
)
def test_functions(node: Any, expected: Any) -> None:
    assert resolver({}).value(node) == expected


def test_conditions_choose_values_resources_and_outputs() -> None:
    conditions = {
        "Large": {"Fn::Equals": [{"Ref": "Size"}, "large"]},
        "Small": {"Fn::Not": [{"Condition": "Large"}]},
        "Both": {"Fn::And": [{"Condition": "Large"}, {"Condition": "Small"}]},
        "Either": {"Fn::Or": [{"Condition": "Large"}, {"Condition": "Small"}]},
    }
    template = {"Parameters": {"Size": {"Type": "String"}}, "Conditions": conditions}
    found = resolver(template, Size="large")
    assert [found.condition(name) for name in conditions] == [True, False, False, True]
    assert found.value({"Fn::If": ["Large", 100, {"Ref": "AWS::NoValue"}]}) == 100
    assert found.value({"Fn::If": ["Small", 100, {"Ref": "AWS::NoValue"}]}) is None
    assert not found.wanted({"Condition": "Small"})


def test_a_mapping_is_looked_up() -> None:
    mappings = {"Sizes": {"eu-west-1": {"units": 7}}}
    node = {"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "units"]}
    assert value(node, Mappings=mappings) == 7
    with pytest.raises(TemplateError, match="Unable to get mapping for Sizes::eu-west-1::other"):
        value({"Fn::FindInMap": ["Sizes", "eu-west-1", "other"]}, Mappings=mappings)


def test_a_list_parameter_is_a_list() -> None:
    found = resolver({"Parameters": {"Names": {"Type": "CommaDelimitedList"}}}, Names="a, b")
    assert found.value({"Ref": "Names"}) == ["a", "b"]


def test_yaml_and_json_say_the_same() -> None:
    short = read(
        """
        AWSTemplateFormatVersion: 2010-09-09
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              Path: !Sub /${AWS::Region}/
              Tags: !GetAtt Bucket.Arn
              Description: !Join ["", [a, !Ref Bucket]]
              AssumeRolePolicyDocument: {Version: 2012-10-17}
          Bucket: {Type: AWS::S3::Bucket}
        """
    )
    properties = short.resources["Role"]["Properties"]
    assert properties == {
        "Path": {"Fn::Sub": "/${AWS::Region}/"},
        "Tags": {"Fn::GetAtt": ["Bucket", "Arn"]},
        "Description": {"Fn::Join": ["", ["a", {"Ref": "Bucket"}]]},
        "AssumeRolePolicyDocument": {"Version": "2012-10-17"},
    }
    assert read(json.dumps({"Resources": dict(short.resources)})).resources == short.resources


def test_a_resource_comes_after_those_that_it_needs() -> None:
    resources = {
        "Last": {**BUCKET, "DependsOn": ["Middle"]},
        "Middle": {**BUCKET, "Properties": {"BucketName": {"Fn::Sub": "${First}-x"}}},
        "First": BUCKET,
    }
    assert read(json.dumps({"Resources": resources})).order == ("First", "Middle", "Last")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Template format error: JSON not well-formed."),
        ("a: [", "Template format error: YAML not well-formed."),
        ("[]", "Template format error: unsupported structure."),
        ("{}", "At least one Resources member must be defined."),
        ('{"Resources": {"A": {}}}', "Every Resources object must contain a Type member."),
        (
            '{"Resources": {"A": {"Type": "T", "Properties": {"x": {"Ref": "B"}}}}}',
            r"Unresolved resource dependencies \[B\] in the Resources block of the template",
        ),
        (
            '{"Resources": {"A": {"Type": "T"}}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["B", "Arn"]}}}}',
            r"Unresolved resource dependencies \[B\] in the Outputs block of the template",
        ),
        (
            '{"Resources": {"A": {"Type": "T", "DependsOn": "B"}, "B": {"Type": "T", "DependsOn": "A"}}}',
            r"Circular dependency between resources: \[A, B\]",
        ),
    ],
)
def test_a_bad_template_is_refused_in_the_words_of_cloudformation(text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        read(text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"Parameters: \[Name\] must have values"),
        ({"Name": "a", "Other": "b"}, r"Parameters: \[Other\] do not exist in the template"),
        ({"Name": "a", "Size": "huge"}, r"Parameter 'Size' must be one of AllowedValues \[small, large\]"),
        ({"Name": "A"}, "Parameter 'Name' failed to satisfy constraint: lower case"),
        ({"Name": "a", "Units": "x"}, "Parameter 'Units' must be a number."),
        ({"Name": "a", "Units": "9"}, "Parameter 'Units' must be a number not greater than 8"),
    ],
)
def test_a_bad_parameter_is_refused(given: dict[str, str], said: str) -> None:
    parameters = {
        "Name": {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "lower case"},
        "Size": {"Type": "String", "AllowedValues": ["small", "large"], "Default": "small"},
        "Units": {"Type": "Number", "MaxValue": 8, "Default": 5},
    }
    template = read(json.dumps({"Parameters": parameters, "Resources": {"Bucket": BUCKET}}))
    assert parameter_values(template, {"Name": "a"}) == {"Name": "a", "Size": "small", "Units": "5"}
    with pytest.raises(TemplateError, match=said):
        parameter_values(template, given)


def test_what_must_be_acknowledged() -> None:
    def capabilities(**properties: str) -> list[str]:
        role = {"Type": "AWS::IAM::Role", "Properties": properties}
        return read(json.dumps({"Resources": {"Role": role}})).capabilities()

    assert capabilities() == ["CAPABILITY_IAM"]
    assert capabilities(RoleName="x") == ["CAPABILITY_NAMED_IAM"]
    assert not read(json.dumps({"Resources": {"Bucket": BUCKET}})).capabilities()
