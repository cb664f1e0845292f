# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudFormation makes, changes and removes what its templates say, takes time, fails and rolls back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.client import Account

KEY = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
ALLOWED = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        },
        "Policies": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [ALLOWED]}}],
    },
}
ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": "1",
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 1,
}


@pytest.fixture
def quick(account: Account) -> Account:
    """Stacks are done at once; what they do over time has tests of its own."""
    account.settings(transition_seconds=0)
    return account


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def table(name: str, **more: Any) -> dict[str, Any]:
    return resource("DynamoDB::Table", TableName=name, BillingMode="PAY_PER_REQUEST", **KEY, **more)


def group(name: str) -> dict[str, Any]:
    return resource("Logs::LogGroup", LogGroupName=name)


def body(resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None, **more: Any) -> str:
    shown = {
        key: value if isinstance(value, dict) and "Value" in value else {"Value": value}
        for key, value in (outputs or {}).items()
    }
    return json.dumps({"Resources": resources, "Outputs": shown, **more})


def create(account: Account, stack: str, text: str, **more: Any) -> str:
    made = account.client("cloudformation").create_stack(
        StackName=stack, TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"], **more
    )
    return str(made["StackId"])


def update(account: Account, stack: str, text: str, **more: Any) -> None:
    account.client("cloudformation").update_stack(
        StackName=stack, TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"], **more
    )


def described(account: Account, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return found


def status(account: Account, stack: str) -> str:
    return str(described(account, stack)["StackStatus"])


def outputs(account: Account, stack: str) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in described(account, stack)["Outputs"]}


def events(account: Account, stack: str) -> list[tuple[str, str]]:
    """Logical ID and status, the oldest first."""
    pages = account.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    found = [event for page in pages for event in page["StackEvents"]]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]


def reason(account: Account, stack: str, logical_id: str, failed: str = "CREATE_FAILED") -> str:
    found = account.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return next(
        str(event["ResourceStatusReason"])
        for event in found
        if (event["LogicalResourceId"], event["ResourceStatus"]) == (logical_id, failed)
    )


def failures(account: Account, stack: str) -> list[str]:
    """The reasons of whatever failed, for the message of a test."""
    found = account.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [str(event["ResourceStatusReason"]) for event in found if event["ResourceStatus"].endswith("_FAILED")]


def groups(account: Account) -> list[str]:
    return [group["logGroupName"] for group in account.client("logs").describe_log_groups()["logGroups"]]


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


EVERYTHING = body(
    {
        "Role": ROLE,
        "Function": resource(
            "Lambda::Function",
            Code={"ZipFile": "def handler(event, context): pass"},
            Handler="index.handler",
            Runtime="python3.12",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Environment={"Variables": {"POOL": {"Ref": "Pool"}, "ON": True}},
            ReservedConcurrentExecutions="5",
        ),
        "Version": resource("Lambda::Version", FunctionName={"Ref": "Function"}),
        "Alias": resource(
            "Lambda::Alias",
            FunctionName={"Ref": "Function"},
            FunctionVersion={"Fn::GetAtt": "Version.Version"},
            Name="live",
        ),
        "Pool": resource("Cognito::UserPool", Policies={"PasswordPolicy": {"MinimumLength": "12"}}),
        "Client": resource("Cognito::UserPoolClient", UserPoolId={"Ref": "Pool"}),
        "Group": resource("Cognito::UserPoolGroup", UserPoolId={"Ref": "Pool"}, GroupName="admins"),
        "Secret": resource(
            "SecretsManager::Secret",
            GenerateSecretString={"SecretStringTemplate": '{"user": "me"}', "GenerateStringKey": "password"},
        ),
        "Alarm": resource("CloudWatch::Alarm", **ALARM),
        "Table": resource(
            "DynamoDB::Table",
            **KEY,
            ProvisionedThroughput={"ReadCapacityUnits": "5", "WriteCapacityUnits": "5"},
            StreamSpecification={"StreamViewType": "KEYS_ONLY"},
            TimeToLiveSpecification={"AttributeName": "gone_at", "Enabled": True},
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        ),
        "Mapping": resource(
            "Lambda::EventSourceMapping",
            EventSourceArn={"Fn::GetAtt": "Table.StreamArn"},
            FunctionName={"Ref": "Alias"},
            StartingPosition="LATEST",
        ),
        "Target": resource(
            "ApplicationAutoScaling::ScalableTarget",
            ServiceNamespace="dynamodb",
            ResourceId={"Fn::Sub": "table/${Table}"},
            ScalableDimension="dynamodb:table:ReadCapacityUnits",
            MinCapacity=5,
            MaxCapacity="10",
        ),
        "Policy": resource(
            "ApplicationAutoScaling::ScalingPolicy",
            PolicyName="reads",
            PolicyType="TargetTrackingScaling",
            ScalingTargetId={"Ref": "Target"},
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 70,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            },
        ),
        "Api": resource("ApiGatewayV2::Api", Name="web", ProtocolType="HTTP"),
        "Integration": resource(
            "ApiGatewayV2::Integration",
            ApiId={"Ref": "Api"},
            IntegrationType="AWS_PROXY",
            IntegrationUri={"Ref": "Alias"},
            PayloadFormatVersion="2.0",
        ),
        "Route": resource(
            "ApiGatewayV2::Route",
            ApiId={"Ref": "Api"},
            RouteKey="GET /health",
            Target={"Fn::Sub": "integrations/${Integration}"},
        ),
        "Stage": resource("ApiGatewayV2::Stage", ApiId={"Ref": "Api"}, StageName="$default", AutoDeploy=True),
        "Permission": resource(
            "Lambda::Permission",
            FunctionName={"Ref": "Alias"},
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        ),
        "Bucket": resource(
            "S3::Bucket",
            VersioningConfiguration={"Status": "Enabled"},
            PublicAccessBlockConfiguration={"BlockPublicAcls": True},
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        "Parameter": resource("SSM::Parameter", Type="String", Value={"Ref": "Table"}),
        "Log": resource("Logs::LogGroup", RetentionInDays=30),
        "Topic": resource("SNS::Topic"),
    },
    {
        name: {"Ref": name}
        for name in ("Function", "Alias", "Pool", "Client", "Secret", "Alarm", "Table", "Target", "Mapping", "Bucket")
    }
    | {
        "Parameter": {"Ref": "Parameter"},
        "Log": {"Ref": "Log"},
        "Endpoint": {"Fn::GetAtt": "Api.ApiEndpoint"},
        "Stream": {"Fn::GetAtt": "Table.StreamArn"},
        "Topic": {"Ref": "Topic"},
    },
)


def test_everything_of_a_stack_is_there_and_goes_with_it(quick: Account) -> None:
    create(quick, "whole", EVERYTHING, Tags=[{"Key": "team", "Value": "shop"}])
    assert status(quick, "whole") == "CREATE_COMPLETE", failures(quick, "whole")
    made = outputs(quick, "whole")
    assert made["Function"].startswith("whole-Function-")
    lambda_ = quick.client("lambda")
    alias = lambda_.get_alias(FunctionName=made["Function"], Name="live")
    assert (alias["AliasArn"], alias["FunctionVersion"]) == (made["Alias"], "1")
    function = lambda_.get_function(FunctionName=made["Function"], Qualifier="live")
    assert function["Configuration"]["Environment"]["Variables"] == {"POOL": made["Pool"], "ON": "true"}
    assert lambda_.get_function_concurrency(FunctionName=made["Function"])["ReservedConcurrentExecutions"] == 5
    assert lambda_.get_event_source_mapping(UUID=made["Mapping"])["FunctionArn"] == made["Alias"]
    pool = quick.client("cognito-idp").describe_user_pool(UserPoolId=made["Pool"])["UserPool"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    secret = json.loads(quick.client("secretsmanager").get_secret_value(SecretId=made["Secret"])["SecretString"])
    assert secret["user"] == "me" and len(secret["password"]) == 32
    alarm = quick.client("cloudwatch").describe_alarms(AlarmNames=[made["Alarm"]])["MetricAlarms"][0]
    assert alarm["Threshold"] == 1.0
    dynamodb = quick.client("dynamodb")
    found = dynamodb.describe_table(TableName=made["Table"])["Table"]
    assert (found["TableStatus"], found["LatestStreamArn"]) == ("ACTIVE", made["Stream"])
    ttl = dynamodb.describe_time_to_live(TableName=made["Table"])["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone_at"}
    tags = {tag["Key"]: tag["Value"] for tag in dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]}
    assert tags["team"] == "shop"
    assert tags["aws:cloudformation:logical-id"] == "Table"
    assert made["Target"] == f"table/{made['Table']}|dynamodb:table:ReadCapacityUnits|dynamodb"
    scaling = quick.client("application-autoscaling")
    assert scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"][0]["PolicyName"] == "reads"
    assert made["Endpoint"] == f"{quick.endpoint}/_app/{quick.id}/web"
    s3 = quick.client("s3")
    assert s3.get_bucket_versioning(Bucket=made["Bucket"])["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket=made["Bucket"])["TagSet"] == [{"Key": "team", "Value": "shop"}]
    assert quick.client("ssm").get_parameter(Name=made["Parameter"])["Parameter"]["Value"] == made["Table"]

    quick.client("cloudformation").delete_stack(StackName="whole")
    assert not quick.client("cloudformation").describe_stacks()["Stacks"]
    assert not lambda_.list_functions()["Functions"]
    assert not lambda_.list_event_source_mappings()["EventSourceMappings"]
    assert not dynamodb.list_tables()["TableNames"]
    assert not scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert not quick.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]
    assert not quick.client("secretsmanager").list_secrets()["SecretList"]
    assert not quick.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not quick.client("apigatewayv2").get_apis()["Items"]
    assert not quick.client("iam").list_roles()["Roles"]
    assert not quick.client("sns").list_topics()["Topics"]
    assert not s3.list_buckets()["Buckets"]
    assert not groups(quick)


def test_a_deployment_takes_time(account: Account) -> None:
    account.settings(transition_seconds=60)
    text = body({"A": group("a"), "B": {**group("b"), "DependsOn": "A"}}, {"Name": {"Ref": "A"}})
    stack_id = create(account, "slow", text, ClientRequestToken="mine")
    assert (status(account, "slow"), outputs(account, "slow") if "Outputs" in described(account, "slow") else {}) == (
        "CREATE_IN_PROGRESS",
        {},
    )
    assert refused(account.client("cloudformation").update_stack, StackName="slow", TemplateBody=text).endswith(
        f"Stack:{stack_id} is in CREATE_IN_PROGRESS state and can not be updated."
    )
    account.advance(30)
    assert status(account, "slow") == "CREATE_IN_PROGRESS"
    half = account.client("cloudformation").list_stack_resources(StackName="slow")["StackResourceSummaries"]
    assert [(item["LogicalResourceId"], item["ResourceStatus"]) for item in half] == [("A", "CREATE_COMPLETE")]
    account.advance(30)
    assert (status(account, "slow"), outputs(account, "slow")) == ("CREATE_COMPLETE", {"Name": "a"})
    assert events(account, "slow") == [
        ("slow", "CREATE_IN_PROGRESS"),
        ("A", "CREATE_IN_PROGRESS"),
        ("A", "CREATE_IN_PROGRESS"),
        ("A", "CREATE_COMPLETE"),
        ("B", "CREATE_IN_PROGRESS"),
        ("B", "CREATE_IN_PROGRESS"),
        ("B", "CREATE_COMPLETE"),
        ("slow", "CREATE_COMPLETE"),
    ]
    shown = account.client("cloudformation").describe_stack_events(StackName="slow")["StackEvents"]
    assert {event["ClientRequestToken"] for event in shown} == {"mine"}
    times = [event["Timestamp"] for event in shown]
    assert times == sorted(times, reverse=True)
    assert account.settings()["transition_seconds"] == 60

    account.client("cloudformation").delete_stack(StackName="slow")
    assert status(account, "slow") == "DELETE_IN_PROGRESS"
    account.advance(60)
    assert "does not exist" in refused(account.client("cloudformation").describe_stacks, StackName="slow")
    assert status(account, stack_id) == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("taken", "definition"),
    [
        ("table", table("taken")),
        ("group", group("taken")),
        ("bucket", resource("S3::Bucket", BucketName="taken-{account}")),
        ("alarm", resource("CloudWatch::Alarm", AlarmName="taken", **ALARM)),
        ("secret", resource("SecretsManager::Secret", Name="taken", SecretString="x")),
        ("parameter", resource("SSM::Parameter", Name="taken", Type="String", Value="x")),
        ("role", {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": "taken"}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_name_that_is_taken_rolls_the_stack_back(quick: Account, taken: str, definition: dict[str, Any]) -> None:
    text = body({"First": group("first"), "Second": {**definition, "DependsOn": "First"}})
    text = text.replace("{account}", quick.id)
    create(quick, "theirs", body({"It": json.loads(text)["Resources"]["Second"] | {"DependsOn": []}}))
    assert status(quick, "theirs") == "CREATE_COMPLETE", failures(quick, "theirs")
    create(quick, "ours", text)
    found = described(quick, "ours")
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: AlreadyExists" in reason(quick, "ours", "Second")
    assert events(quick, "ours")[-5:] == [
        ("Second", "CREATE_FAILED"),
        ("ours", "ROLLBACK_IN_PROGRESS"),
        ("First", "DELETE_IN_PROGRESS"),
        ("First", "DELETE_COMPLETE"),
        ("ours", "ROLLBACK_COMPLETE"),
    ]
    assert "first" not in groups(quick)
    assert status(quick, "theirs") == "CREATE_COMPLETE"
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in refused(
        quick.client("cloudformation").update_stack,
        StackName="ours",
        TemplateBody=text,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    quick.client("cloudformation").delete_stack(StackName="ours")
    assert "does not exist" in refused(quick.client("cloudformation").describe_stacks, StackName="ours")


def test_what_was_half_made_goes_too(quick: Account) -> None:
    quick.deny("dynamodb:UpdateTimeToLive")
    definition = table("half", TimeToLiveSpecification={"AttributeName": "gone_at", "Enabled": True})
    create(quick, "s", body({"Half": definition}))
    assert status(quick, "s") == "ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: AccessDenied" in reason(quick, "s", "Half")
    assert not quick.client("dynamodb").list_tables()["TableNames"]


def test_what_happens_on_failure_can_be_chosen(quick: Account) -> None:
    create(quick, "theirs", body({"It": group("taken")}))
    text = body({"First": group("first"), "Second": {**group("taken"), "DependsOn": "First"}})
    create(quick, "kept", text, OnFailure="DO_NOTHING")
    found = described(quick, "kept")
    assert found["StackStatus"] == "CREATE_FAILED"
    assert found["StackStatusReason"] == "The following resource(s) failed to create: [Second]."
    assert "first" in groups(quick)
    quick.client("cloudformation").delete_stack(StackName="kept")
    assert "first" not in groups(quick)
    stack_id = create(quick, "gone", text, OnFailure="DELETE")
    assert status(quick, stack_id) == "DELETE_COMPLETE"
    assert "first" not in groups(quick)


def test_an_update_changes_adds_and_removes(quick: Account) -> None:
    first = table("items", Tags=[{"Key": "a", "Value": "1"}], StreamSpecification={"StreamViewType": "KEYS_ONLY"})
    create(quick, "s", body({"Items": first, "Old": group("old")}, {"Stream": {"Fn::GetAtt": "Items.StreamArn"}}))
    changed = json.loads(json.dumps(first))
    changed["Properties"] |= {
        "Tags": [{"Key": "b", "Value": "2"}],
        "TimeToLiveSpecification": {"AttributeName": "gone_at", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "DeletionProtectionEnabled": True,
    }
    del changed["Properties"]["StreamSpecification"]
    update(quick, "s", body({"Items": changed, "New": group("new")}, {"Name": {"Ref": "Items"}}))
    assert status(quick, "s") == "UPDATE_COMPLETE", failures(quick, "s")
    assert outputs(quick, "s") == {"Name": "items"}
    assert groups(quick) == ["new"]
    dynamodb = quick.client("dynamodb")
    found = dynamodb.describe_table(TableName="items")["Table"]
    assert found["DeletionProtectionEnabled"] is True
    assert not found.get("StreamSpecification", {}).get("StreamEnabled")
    tags = {tag["Key"] for tag in dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]}
    assert {tag for tag in tags if not tag.startswith("aws:")} == {"b"}
    assert events(quick, "s")[-3:] == [
        ("Old", "DELETE_IN_PROGRESS"),
        ("Old", "DELETE_COMPLETE"),
        ("s", "UPDATE_COMPLETE"),
    ]


def test_an_update_without_changes_is_refused(quick: Account) -> None:
    text = body({"A": group("a")}, Parameters={"P": {"Type": "String", "Default": "x"}})
    create(quick, "s", text)
    client = quick.client("cloudformation")
    said = "ValidationError: No updates are to be performed."
    assert refused(client.update_stack, StackName="s", TemplateBody=text) == said
    assert refused(client.update_stack, StackName="s", UsePreviousTemplate=True) == said
    assert [status(quick, "s"), len(events(quick, "s"))] == ["CREATE_COMPLETE", 5]


def test_another_resource_takes_the_place_of_one_that_can_not_change(quick: Account) -> None:
    create(
        quick,
        "s",
        body({"A": group("a"), "P": resource("SSM::Parameter", Name="p", Type="String", Value={"Ref": "A"})}),
    )
    update(
        quick,
        "s",
        body({"A": group("b"), "P": resource("SSM::Parameter", Name="p", Type="String", Value={"Ref": "A"})}),
    )
    assert groups(quick) == ["b"]
    assert quick.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "b"
    listed = quick.client("cloudformation").list_stack_resources(StackName="s")["StackResourceSummaries"]
    assert {(item["LogicalResourceId"], item["PhysicalResourceId"]) for item in listed} == {("A", "b"), ("P", "p")}


def test_an_update_that_fails_is_taken_back(quick: Account) -> None:
    create(quick, "theirs", body({"It": group("taken")}))
    create(quick, "s", body({"Items": table("items"), "Old": group("old")}, {"Name": "before"}))
    changed = table("items", DeletionProtectionEnabled=True)
    resources = {"Items": changed, "New": group("new"), "Bad": {**group("taken"), "DependsOn": ["Items", "New"]}}
    update(quick, "s", body(resources, {"Name": "after"}))
    assert status(quick, "s") == "UPDATE_ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: AlreadyExists" in reason(quick, "s", "Bad")
    assert outputs(quick, "s") == {"Name": "before"}
    assert groups(quick) == ["old", "taken"]
    found = quick.client("dynamodb").describe_table(TableName="items")["Table"]
    assert not found["DeletionProtectionEnabled"]
    kept = quick.client("cloudformation").get_template(StackName="s")["TemplateBody"]
    assert set(kept["Resources"]) == {"Items", "Old"}
    update(quick, "s", body({"Items": table("items")}))
    assert status(quick, "s") == "UPDATE_COMPLETE"


def test_what_can_not_be_taken_back_is_said(quick: Account) -> None:
    """TTL changes once an hour (botocore, UpdateTimeToLive), so a rollback cannot turn it off again."""
    create(quick, "theirs", body({"It": group("taken")}))
    create(quick, "s", body({"Items": table("items")}))
    changed = table("items", TimeToLiveSpecification={"AttributeName": "gone_at", "Enabled": True})
    update(quick, "s", body({"Items": changed, "Bad": {**group("taken"), "DependsOn": "Items"}}))
    assert status(quick, "s") == "UPDATE_ROLLBACK_FAILED"
    assert "Time to live has been modified multiple times" in reason(quick, "s", "Items", "UPDATE_FAILED")


def test_a_named_resource_is_not_replaced_under_its_name(quick: Account) -> None:
    """https://github.com/ministackorg/ministack/issues/1433 tells what would be lost."""
    create(quick, "s", body({"Items": table("items")}))
    other = table("items")
    other["Properties"] |= {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "id2", "KeyType": "RANGE"}],
    }
    update(quick, "s", body({"Items": other}))
    assert status(quick, "s") == "UPDATE_ROLLBACK_COMPLETE"
    assert reason(quick, "s", "Items", "UPDATE_FAILED") == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename items and update "
        "the stack again."
    )


def test_an_export_holds_its_stack(quick: Account) -> None:
    client = quick.client("cloudformation")
    exported = {"Name": {"Value": {"Ref": "A"}, "Export": {"Name": "shared"}}}
    create(quick, "giver", body({"A": group("a")}, exported))
    imported = resource("SSM::Parameter", Name="p", Type="String", Value={"Fn::ImportValue": "shared"})
    create(quick, "taker", body({"P": imported}))
    assert quick.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "a"
    assert client.list_exports()["Exports"][0]["Name"] == "shared"
    assert client.list_imports(ExportName="shared")["Imports"] == ["taker"]
    client.delete_stack(StackName="giver")
    found = described(quick, "giver")
    assert found["StackStatus"] == "CREATE_COMPLETE"
    assert found["StackStatusReason"] == "Export shared cannot be deleted as it is in use by taker"
    update(quick, "giver", body({"A": group("b")}, exported))
    assert status(quick, "giver") == "UPDATE_ROLLBACK_COMPLETE"
    assert groups(quick) == ["a"]
    create(quick, "again", body({"A": group("c")}, exported))
    assert status(quick, "again") == "ROLLBACK_COMPLETE"
    client.delete_stack(StackName="taker")
    client.delete_stack(StackName="giver")
    assert groups(quick) == []


def test_what_shall_stay_stays(quick: Account) -> None:
    client = quick.client("cloudformation")
    create(quick, "s", body({"Kept": {**group("kept"), "DeletionPolicy": "Retain"}, "Gone": group("gone")}))
    client.delete_stack(StackName="s")
    assert groups(quick) == ["kept"]

    name = f"full-{quick.id}"
    stack_id = create(quick, "s", body({"Bucket": resource("S3::Bucket", BucketName=name), "Gone": group("gone")}))
    quick.client("s3").put_object(Bucket=name, Key="k", Body=b"v")
    client.delete_stack(StackName="s")
    found = described(quick, "s")
    assert found["StackStatus"] == "DELETE_FAILED"
    assert found["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    assert "not empty" in reason(quick, "s", "Bucket", "DELETE_FAILED")
    client.delete_stack(StackName="s", RetainResources=["Bucket"])
    assert status(quick, stack_id) == "DELETE_COMPLETE"
    assert quick.client("s3").list_objects_v2(Bucket=name)["KeyCount"] == 1


def test_what_is_gone_already_does_not_hinder_the_deletion(quick: Account) -> None:
    stack_id = create(quick, "s", EVERYTHING)
    made = outputs(quick, "s")
    quick.client("lambda").delete_function(FunctionName=made["Function"])
    quick.client("dynamodb").delete_table(TableName=made["Table"])
    quick.client("cognito-idp").delete_user_pool(UserPoolId=made["Pool"])
    quick.client("cloudformation").delete_stack(StackName="s")
    assert status(quick, stack_id) == "DELETE_COMPLETE", failures(quick, stack_id)


def test_a_protected_stack_is_not_deleted(quick: Account) -> None:
    client = quick.client("cloudformation")
    create(quick, "s", body({"A": group("a")}), EnableTerminationProtection=True)
    assert refused(client.delete_stack, StackName="s") == (
        "ValidationError: Stack [s] cannot be deleted while TerminationProtection is enabled"
    )
    client.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    client.delete_stack(StackName="s")
    assert not groups(quick)
    client.delete_stack(StackName="s")


def test_a_change_set_is_described_and_executed(quick: Account) -> None:
    client = quick.client("cloudformation")
    create(quick, "s", body({"A": group("a"), "B": group("b"), "C": resource("Logs::LogGroup", LogGroupName="c")}))
    longer = resource("Logs::LogGroup", LogGroupName="c", RetentionInDays=30)
    text = body({"A": group("x"), "C": longer, "D": group("d")})
    client.create_change_set(StackName="s", ChangeSetName="one", TemplateBody=text)
    found = client.describe_change_set(StackName="s", ChangeSetName="one")
    changes = [item["ResourceChange"] for item in found["Changes"]]
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [(c["Action"], c["LogicalResourceId"], c.get("Replacement")) for c in changes] == [
        ("Modify", "A", "True"),
        ("Modify", "C", "False"),
        ("Add", "D", None),
        ("Remove", "B", None),
    ]
    assert groups(quick) == ["a", "b", "c"]
    client.execute_change_set(StackName="s", ChangeSetName="one")
    assert status(quick, "s") == "UPDATE_COMPLETE"
    assert groups(quick) == ["c", "d", "x"]
    client.create_change_set(StackName="s", ChangeSetName="none", TemplateBody=text)
    found = client.describe_change_set(StackName="s", ChangeSetName="none")
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]
    assert "InvalidChangeSetStatus" in refused(client.execute_change_set, StackName="s", ChangeSetName="none")
    client.delete_change_set(StackName="s", ChangeSetName="none")
    assert "ChangeSetNotFound" in refused(client.describe_change_set, StackName="s", ChangeSetName="none")


def test_a_change_set_makes_a_stack(quick: Account) -> None:
    client = quick.client("cloudformation")
    text = body({"A": group("a")})
    client.create_change_set(StackName="s", ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=text)
    assert status(quick, "s") == "REVIEW_IN_PROGRESS"
    assert not groups(quick)
    client.execute_change_set(StackName="s", ChangeSetName="one")
    assert (status(quick, "s"), groups(quick)) == ("CREATE_COMPLETE", ["a"])


def test_parameters_are_kept_and_secrets_hidden(quick: Account) -> None:
    client = quick.client("cloudformation")
    parameters = {"Name": {"Type": "String"}, "Password": {"Type": "String", "NoEcho": True}}
    text = body({"A": group("a")}, {"Name": {"Ref": "Name"}}, Parameters=parameters)

    def given(**values: str) -> list[dict[str, str]]:
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]

    create(quick, "s", text, Parameters=given(Name="x", Password="hunter2"))
    shown = {item["ParameterKey"]: item["ParameterValue"] for item in described(quick, "s")["Parameters"]}
    assert shown == {"Name": "x", "Password": "****"}
    previous = {"ParameterKey": "Password", "UsePreviousValue": True}
    client.update_stack(StackName="s", UsePreviousTemplate=True, Parameters=[*given(Name="y"), previous])
    assert outputs(quick, "s") == {"Name": "y"}
    assert "Parameters: [Name] must have values" in refused(
        client.update_stack, StackName="s", UsePreviousTemplate=True, Parameters=[previous]
    )


def test_a_template_is_given_back_as_it_was_given(quick: Account) -> None:
    client = quick.client("cloudformation")
    text = "# A comment.\nParameters:\n  P: {Type: String, Default: x}\nResources:\n  A: {Type: AWS::Logs::LogGroup}\n"
    create(quick, "s", text)
    assert client.get_template(StackName="s")["TemplateBody"] == text
    summary = client.get_template_summary(StackName="s")
    assert summary["ResourceTypes"] == ["AWS::Logs::LogGroup"]
    assert [(item["ParameterKey"], item["DefaultValue"]) for item in summary["Parameters"]] == [("P", "x")]
    assert client.validate_template(TemplateBody=text)["Parameters"][0]["ParameterKey"] == "P"


def test_a_template_comes_from_a_bucket(quick: Account) -> None:
    name = f"templates-{quick.id}"
    s3 = quick.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a/b.json", Body=body({"A": group("a")}).encode())
    nested = resource("CloudFormation::Stack", TemplateURL=f"https://s3.amazonaws.com/{name}/a/b.json")
    outer = create(quick, "outer", body({"Inner": nested}))
    assert groups(quick) == ["a"]
    client = quick.client("cloudformation")
    inner = next(stack for stack in client.describe_stacks()["Stacks"] if stack["StackId"] != outer)
    assert (inner["ParentId"], inner["RootId"]) == (outer, outer)
    client.create_stack(StackName="bad", TemplateURL=f"https://{name}.s3.amazonaws.com/a/b.json")
    assert status(quick, "bad") == "ROLLBACK_COMPLETE"
    client.delete_stack(StackName="outer")
    assert not groups(quick)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "ValidationError: Template format error: JSON not well-formed."),
        (body({"A": group("a")}) + " " * 51_200, "length less than or equal to 51200"),
        (body({"Role": ROLE}), "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"),
    ],
    ids=["format", "length", "capabilities"],
)
def test_a_bad_request_makes_no_stack(quick: Account, text: str, said: str) -> None:
    client = quick.client("cloudformation")
    assert said in refused(client.create_stack, StackName="s", TemplateBody=text)
    assert not client.list_stacks()["StackSummaries"]


def test_a_stack_exists_once(quick: Account) -> None:
    create(quick, "s", body({"A": group("a")}))
    client = quick.client("cloudformation")
    assert refused(client.create_stack, StackName="s", TemplateBody=body({"A": group("b")})) == (
        "AlreadyExistsException: Stack [s] already exists"
    )


def test_a_property_that_does_not_exist_is_refused(quick: Account) -> None:
    create(quick, "s", body({"A": resource("Logs::LogGroup", LogGroupName="a"), "B": table("b", Color="red")}))
    assert reason(quick, "s", "B") == "#: extraneous key [Color] is not permitted"
    assert not groups(quick)


def test_the_services_see_who_calls_them(quick: Account) -> None:
    """A deployment's calls are its caller's, come from CloudFormation, and are sent again when they are throttled."""
    quick.fault("logs", "CreateLogGroup", times=2)
    create(quick, "s", body({"A": group("a")}))
    assert status(quick, "s") == "CREATE_COMPLETE"
    events_found = quick.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateLogGroup"}]
    )["Events"]
    sources = [json.loads(event["CloudTrailEvent"])["sourceIPAddress"] for event in events_found]
    assert sources == ["cloudformation.amazonaws.com"] * 3
    assert {event["Username"] for event in events_found} == {"local"}


def test_stacks_and_resources_are_listed_a_hundred_a_page(quick: Account) -> None:
    client = quick.client("cloudformation")
    alarms = {f"Alarm{n}": resource("CloudWatch::Alarm", AlarmName=f"alarm-{n}", **ALARM) for n in range(101)}
    create(quick, "many-resources", body(alarms))
    first = client.list_stack_resources(StackName="many-resources")
    rest = client.list_stack_resources(StackName="many-resources", NextToken=first["NextToken"])
    assert (len(first["StackResourceSummaries"]), len(rest["StackResourceSummaries"])) == (100, 1)
    one = body({"Wait": resource("CloudFormation::WaitConditionHandle")})
    for number in range(101):
        client.create_stack(StackName=f"stack-{number}", TemplateBody=one)
    assert len(client.list_stacks()["StackSummaries"]) == 100
    assert len(list(client.get_paginator("describe_stacks").paginate().search("Stacks[]"))) == 102


def test_a_resource_that_nobody_makes_has_a_physical_id_that_stays(quick: Account) -> None:
    client = quick.client("cloudformation")
    create(quick, "s", body({"Pool": resource("Cognito::IdentityPool")}))
    ids = {
        client.describe_stack_resources(StackName="s")["StackResources"][0]["PhysicalResourceId"] for _time in range(2)
    }
    assert len(ids) == 1
    found = client.describe_stack_resources(PhysicalResourceId=ids.pop())["StackResources"]
    assert found[0]["StackName"] == "s"
