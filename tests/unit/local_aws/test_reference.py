# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reference application is there as its stacks say, and its health answers over HTTP."""

from __future__ import annotations

import hashlib
import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from local_aws.client import Account, LocalAws
from local_aws.reference import seed, seed_other

DATABASE = "/sc-agent/prod/database/credentials"


@pytest.fixture(scope="module")
def application(local_aws: LocalAws) -> Account:
    account = local_aws.fresh_account()
    seed(account.endpoint, account.session)
    return account


@pytest.fixture
def small(account: Account) -> Account:
    seed(account.endpoint, account.session, environments=("prod",), minimal=True)
    return account


def listed(account: Account, stack: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    pages = account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for item in (item for found_page in pages for item in found_page["StackResourceSummaries"]):
        found.setdefault(item["ResourceType"].removeprefix("AWS::"), []).append(item["PhysicalResourceId"])
    return found


def outputs(account: Account, stack: str) -> dict[str, str]:
    described = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {item["OutputKey"]: item["OutputValue"] for item in described["Outputs"]}


def get(account: Account, path: str, environment: str = "prod") -> tuple[int, dict[str, Any]]:
    """Status and body of the application's answer."""
    endpoint = outputs(account, f"sc-agent-app-{environment}")["ApiEndpoint"]
    try:
        with urllib.request.urlopen(f"{endpoint}/{path}") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def health(account: Account) -> tuple[int, dict[str, Any]]:
    return get(account, "health")


def test_three_stacks_for_each_environment(application: Account) -> None:
    stacks = application.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackName"]: stack["StackStatus"] for stack in stacks} == {
        f"sc-agent-{part}-{environment}": "CREATE_COMPLETE"
        for part in ("data", "app", "monitoring")
        for environment in ("prod", "dev")
    }


@pytest.mark.parametrize("environment", ["prod", "dev"])
def test_what_the_stacks_list_is_there(application: Account, environment: str) -> None:
    data = listed(application, f"sc-agent-data-{environment}")
    dynamodb = application.client("dynamodb")
    assert len(data["DynamoDB::Table"]) == 4
    for table in data["DynamoDB::Table"]:
        dynamodb.describe_table(TableName=table)
    for bucket in data["S3::Bucket"]:
        assert application.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    targets = application.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="dynamodb")
    registered = {
        "|".join((t["ResourceId"], t["ScalableDimension"], t["ServiceNamespace"])) for t in targets["ScalableTargets"]
    }
    assert set(data["ApplicationAutoScaling::ScalableTarget"]) <= registered
    assert len(data["ApplicationAutoScaling::ScalableTarget"]) == 4

    app = listed(application, f"sc-agent-app-{environment}")
    client = application.client("lambda")
    assert len(app["Lambda::Function"]) == 7
    for alias in app["Lambda::Alias"]:
        function, _colon, name = alias.rpartition(":")
        assert client.get_alias(FunctionName=function, Name=name)["FunctionVersion"] == "1"
    for secret in app["SecretsManager::Secret"]:
        application.client("secretsmanager").describe_secret(SecretId=secret)
    application.client("cognito-idp").describe_user_pool(UserPoolId=app["Cognito::UserPool"][0])
    application.client("apigatewayv2").get_api(ApiId=app["ApiGatewayV2::Api"][0])
    groups = application.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/sc-agent-")["logGroups"]
    assert set(app["Logs::LogGroup"]) <= {group["logGroupName"] for group in groups}

    monitoring = listed(application, f"sc-agent-monitoring-{environment}")
    alarms = application.client("cloudwatch").describe_alarms(AlarmNames=monitoring["CloudWatch::Alarm"])[
        "MetricAlarms"
    ]
    assert len(alarms) == len(monitoring["CloudWatch::Alarm"]) == 7


def test_production_has_the_sizes_of_the_runbook(application: Account) -> None:
    orchestrator = application.client("lambda").get_function(FunctionName="sc-agent-orchestrator-prod")
    assert orchestrator["Concurrency"] == {"ReservedConcurrentExecutions": 100}
    variables = orchestrator["Configuration"]["Environment"]["Variables"]
    assert variables["DATABASE_SECRET"] == "/sc-agent/prod/database/credentials"
    dynamodb = application.client("dynamodb")
    sessions = dynamodb.describe_table(TableName="sc-agent-sessions-prod")["Table"]
    assert "BillingModeSummary" not in sessions
    assert [index["IndexName"] for index in sessions["GlobalSecondaryIndexes"]] == ["by-user"]
    conversations = dynamodb.describe_table(TableName="sc-agent-conversations-prod")["Table"]
    assert conversations["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    ttl = dynamodb.describe_time_to_live(TableName="sc-agent-conversations-prod")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_health_follows_the_function_behind_it(small: Account) -> None:
    assert health(small)[0] == 200
    assert health(small)[1]["status"] == "healthy"
    client = small.client("lambda")
    client.put_function_concurrency(FunctionName="sc-agent-orchestrator-prod", ReservedConcurrentExecutions=0)
    assert health(small)[0] == 503
    client.delete_function(FunctionName="sc-agent-orchestrator-prod")
    assert health(small)[0] == 500


def test_health_needs_the_tables_of_the_version_behind_the_alias(small: Account) -> None:
    client, function = small.client("lambda"), "sc-agent-orchestrator-prod"
    before = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

    def use(table: str) -> None:
        variables = {**before, "SESSIONS_TABLE": table}
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})
        version = client.publish_version(FunctionName=function)["Version"]
        client.update_alias(FunctionName=function, Name="live", FunctionVersion=version)

    small.settings(transition_seconds=0)
    use("sc-agent-sessions-prod-restored")
    status, body = health(small)
    assert (status, body["status"], body["version"]) == (503, "unhealthy", "2")
    assert body["reason"] == (
        "table sc-agent-sessions-prod-restored (SESSIONS_TABLE of sc-agent-orchestrator-prod): ResourceNotFoundException"
    )
    client.update_alias(FunctionName=function, Name="live", FunctionVersion="1")
    assert health(small)[0] == 200
    client.delete_alias(FunctionName=function, Name="live")
    assert health(small)[0] == 500


def test_consumers_read_the_table_that_they_are_led_to(small: Account) -> None:
    dynamodb, ssm = small.client("dynamodb"), small.client("ssm")
    small.settings(transition_seconds=0)
    dynamodb.put_item(TableName="sc-agent-sessions-prod", Item={"session_id": {"S": "a/b"}, "n": {"N": "1"}})
    status, body = get(small, "data/sessions/a%2Fb")
    assert (status, body["item"]["n"], body["function"]) == (200, {"N": "1"}, "sc-agent-orchestrator-prod")
    assert get(small, "data/sessions/c")[0] == 404
    assert get(small, "data/unknown/c") == (404, {"message": "Not Found"})
    assert get(small, "elsewhere") == (404, {"message": "Not Found"})
    conversation = {"session_id": {"S": "s"}, "turn": {"S": "1"}, "message": {"S": "hello"}}
    dynamodb.put_item(TableName="sc-agent-conversations-prod", Item=conversation)
    assert get(small, "data/conversations/s/1")[1]["item"] == conversation

    # The supplier agent's table is named by a parameter.
    parameter = "/sc-agent/prod/tables/suppliers"
    item = {"supplier_id": {"S": "1"}}
    dynamodb.create_table(
        TableName="restored",
        AttributeDefinitions=[{"AttributeName": "supplier_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "supplier_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="restored", Item=item)
    assert get(small, "data/suppliers/1")[0] == 404
    ssm.put_parameter(Name=parameter, Value="restored", Overwrite=True)
    status, body = get(small, "data/suppliers/1")
    assert (status, body["item"], body["function"]) == (200, item, "sc-agent-supplier-agent-prod")
    ssm.put_parameter(Name=parameter, Value="gone", Overwrite=True)
    assert health(small)[1]["reason"] == (
        "table gone (SUPPLIERS_TABLE of sc-agent-supplier-agent-prod): ResourceNotFoundException"
    )
    ssm.delete_parameter(Name=parameter)
    assert "ParameterNotFound" in health(small)[1]["reason"]


def sign_in(account: Account) -> dict[str, str]:
    """The tokens of a user of the application."""
    told, idp = outputs(account, "sc-agent-app-prod"), account.client("cognito-idp")
    user = {"UserPoolId": told["UserPoolId"], "Username": "probe"}
    password = "Probe-1-of-the-tests"
    idp.admin_create_user(**user, MessageAction="SUPPRESS")
    idp.admin_set_user_password(**user, Password=password, Permanent=True)
    answer = idp.admin_initiate_auth(
        UserPoolId=told["UserPoolId"],
        ClientId=told["UserPoolClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "probe", "PASSWORD": password},
    )
    tokens: dict[str, str] = answer["AuthenticationResult"]
    return tokens


def query(account: Account, token: str = "") -> tuple[int, dict[str, Any]]:
    """Status and body of the application's answer to a question."""
    endpoint = outputs(account, "sc-agent-app-prod")["ApiEndpoint"]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{endpoint}/query", b'{"question": "?"}', headers, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def restart(account: Account, name: str, **variables: str) -> None:
    """New environments of what is behind the alias, with other variables."""
    client = account.client("lambda")
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    wanted = {"Variables": {**before, "STARTED": str(time.time()), **variables}}
    client.update_function_configuration(FunctionName=name, Environment=wanted)
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def rotate(account: Account) -> str:
    """Rotate the database's secret and wait until it is over; returns the version that is current then."""
    client = account.client("secretsmanager")
    wanted = client.rotate_secret(SecretId=DATABASE)["VersionId"]
    trail, deadline = account.client("cloudtrail"), time.monotonic() + 20
    while time.monotonic() < deadline:
        for name in ("RotationSucceeded", "RotationFailed"):
            asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
            if any(
                wanted in event["CloudTrailEvent"] for event in trail.lookup_events(LookupAttributes=asked)["Events"]
            ):
                return str(client.get_secret_value(SecretId=DATABASE)["VersionId"])
        time.sleep(0.02)
    raise AssertionError("the rotation was not over in time")


def fingerprint(version: str) -> str:
    return hashlib.sha256(version.encode()).hexdigest()[:12]


def test_the_application_answers_who_has_a_token(small: Account) -> None:
    tokens = sign_in(small)
    current = small.client("secretsmanager").get_secret_value(SecretId=DATABASE)["VersionId"]
    status, body = query(small, tokens["IdToken"])
    assert (status, body["status"], body["fingerprint"]) == (200, "ok", fingerprint(current))
    assert (body["function"], body["version"]) == ("sc-agent-orchestrator-prod", "1")
    assert query(small, tokens["AccessToken"])[0] == 200
    for wrong in ("", "x.y.z", tokens["IdToken"][:-6]):
        assert query(small, wrong) == (401, {"message": "Unauthorized"})
    # The token is looked at offline: signing out changes nothing before it has expired.
    pool = outputs(small, "sc-agent-app-prod")["UserPoolId"]
    small.client("cognito-idp").admin_user_global_sign_out(UserPoolId=pool, Username="probe")
    assert query(small, tokens["AccessToken"])[0] == 200
    small.advance(3601)
    assert query(small, tokens["AccessToken"]) == (401, {"message": "Unauthorized"})


def test_a_new_password_is_used_by_what_was_started_anew(small: Account) -> None:
    small.settings(transition_seconds=0)
    token = sign_in(small)["IdToken"]
    before = query(small, token)[1]["fingerprint"]
    after = fingerprint(rotate(small))
    # The database takes the password before as well, and the function still has it.
    assert (query(small, token)[0], query(small, token)[1]["fingerprint"]) == (200, before)
    restart(small, "sc-agent-orchestrator-prod")
    status, body = query(small, token)
    assert (status, body["fingerprint"], body["version"]) == (200, after, "2")
    rotate(small)
    rotate(small)
    status, body = query(small, token)
    assert (status, body["reason"]) == (500, "the database does not take the password")


def test_a_password_that_nobody_told_the_database_is_refused_until_somebody_does(small: Account) -> None:
    small.settings(transition_seconds=0)
    client, token = small.client("secretsmanager"), sign_in(small)["IdToken"]
    client.put_secret_value(SecretId=DATABASE, SecretString='{"username": "admin", "password": "by-hand"}')
    version = client.get_secret_value(SecretId=DATABASE)["VersionId"]
    restart(small, "sc-agent-orchestrator-prod")
    assert query(small, token)[0] == 500
    step = {"Step": "setSecret", "SecretId": DATABASE, "ClientRequestToken": version}
    told = small.client("lambda").invoke(FunctionName="sc-agent-secret-rotation-prod", Payload=json.dumps(step))
    assert "FunctionError" not in told
    assert query(small, token)[0] == 200


def test_a_rotation_fails_as_the_function_is_told(small: Account) -> None:
    small.settings(transition_seconds=0)
    client = small.client("secretsmanager")
    before = client.get_secret_value(SecretId=DATABASE)["VersionId"]
    restart(small, "sc-agent-secret-rotation-prod", FAIL_STEP="testSecret")
    assert rotate(small) == before
    assert query(small, sign_in(small)["IdToken"])[0] == 200


def test_secrets_are_named_in_several_ways(small: Account) -> None:
    client = small.client("lambda")
    found: dict[str, str] = {}
    for name in (function["FunctionName"] for function in client.list_functions()["Functions"]):
        variables = client.get_function_configuration(FunctionName=name, Qualifier="live")["Environment"]["Variables"]
        for variable in ("DATABASE_SECRET", "API_KEYS_SECRET"):
            if variable in variables:
                found[name.removeprefix("sc-agent-").removesuffix("-prod")] = variables[variable]
                answer = json.load(client.invoke(FunctionName=name, Qualifier="live")["Payload"])
                assert answer["statusCode"] == 200
                assert json.loads(answer["body"])["fingerprints"].keys() == {variable}
    arn = small.client("secretsmanager").describe_secret(SecretId=DATABASE)["ARN"]
    by_name = dict.fromkeys(("orchestrator", "logistics-agent", "demand-agent", "risk-agent"), DATABASE)
    assert found == {**by_name, "inventory-agent": arn, "supplier-agent": "/sc-agent/prod/api/keys"}


def test_there_is_something_to_lose(application: Account) -> None:
    dynamodb = application.client("dynamodb")
    sessions = dynamodb.describe_table(TableName="sc-agent-sessions-prod")["Table"]
    assert sessions["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    mappings = application.client("lambda").list_event_source_mappings(EventSourceArn=sessions["LatestStreamArn"])
    assert [(item["FunctionArn"].split(":", 6)[6], item["BatchSize"]) for item in mappings["EventSourceMappings"]] == [
        ("sc-agent-demand-agent-prod:live", 25)
    ]
    tags = {t["Key"]: t["Value"] for t in dynamodb.list_tags_of_resource(ResourceArn=sessions["TableArn"])["Tags"]}
    assert {tags["application"], tags["environment"], tags["backup"]} == {"sc-agent", "prod", "daily"}
    backups = dynamodb.describe_continuous_backups(TableName="sc-agent-inventory-prod")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 14
    alarms = application.client("cloudwatch").describe_alarms(AlarmNamePrefix="sc-agent-sessions-")["MetricAlarms"]
    assert {alarm["AlarmActions"][0].split(":")[-1] for alarm in alarms} == {
        "sc-agent-alerts-prod",
        "sc-agent-alerts-dev",
    }
    policies = application.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="dynamodb")
    assert len(policies["ScalingPolicies"]) == 8


def test_what_was_saved_of_production_deploys_another_environment_beside_it(small: Account) -> None:
    """Template and parameters as CloudFormation gives them, with another environment's name and nothing else."""
    cloudformation = small.client("cloudformation")
    small.settings(transition_seconds=0)
    for part in ("data", "app", "monitoring"):
        source = cloudformation.describe_stacks(StackName=f"sc-agent-{part}-prod")["Stacks"][0]
        saved = cloudformation.get_template(StackName=source["StackId"])["TemplateBody"]
        assert len(saved) < 51_200
        parameters = [p for p in source["Parameters"] if p["ParameterKey"] != "Environment"]
        cloudformation.create_stack(
            StackName=f"sc-agent-{part}-recovered",
            TemplateBody=saved,
            Parameters=[*parameters, {"ParameterKey": "Environment", "ParameterValue": "recovered"}],
            Capabilities=source["Capabilities"],
        )
    assert {s["StackStatus"] for s in cloudformation.describe_stacks()["Stacks"]} == {"CREATE_COMPLETE"}

    def names(environment: str) -> dict[str, list[str]]:
        """Everything that the stacks list and that has a name."""
        found: dict[str, list[str]] = {}
        for part in ("data", "app", "monitoring"):
            for kind, ids in listed(small, f"sc-agent-{part}-{environment}").items():
                found[kind] = sorted(name.replace(environment, "*") for name in ids if environment in name)
        return found

    recovered = names("recovered")
    generated = (
        "ApplicationAutoScaling::ScalingPolicy",
        "IAM::Role",
        "Lambda::Permission",
        "SecretsManager::RotationSchedule",
        "SecretsManager::Secret",
    )
    before = names("prod")
    assert recovered.keys() == before.keys()
    assert {kind: ids for kind, ids in recovered.items() if before[kind] != ids and kind not in generated} == {}
    assert get(small, "health", "recovered")[1]["environment"] == "recovered"
    assert health(small)[1]["environment"] == "prod"
    reserved = small.client("lambda").get_function_concurrency(FunctionName="sc-agent-orchestrator-recovered")
    assert reserved["ReservedConcurrentExecutions"] == 100
    # The data's stack goes last: the others use its stream.
    for part in ("monitoring", "app", "data"):
        cloudformation.delete_stack(StackName=f"sc-agent-{part}-recovered")
    assert not [s for s in cloudformation.describe_stacks()["Stacks"] if "recovered" in s["StackName"]]
    assert health(small)[0] == 200


def test_it_is_deployed_into_another_region_too(local_aws: LocalAws) -> None:
    account = local_aws.fresh_account("eu-west-1")
    seed(account.endpoint, account.session, environments=("prod",), minimal=True)
    endpoint = outputs(account, "sc-agent-app-prod")["ApiEndpoint"]
    assert endpoint == f"{account.endpoint}/_app/{account.id}/eu-west-1/sc-agent-api-prod"
    assert health(account)[0] == 200


def test_another_application_has_one_function_and_no_tables(account: Account) -> None:
    seed_other(account.endpoint, account.session)
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks] == ["invoicing-service-test"]
    assert listed(account, "invoicing-service-test")["Lambda::Function"] == ["invoicing-render-test"]
    assert not account.client("dynamodb").list_tables()["TableNames"]


def test_states_take_time_again_after_the_deployment(small: Account) -> None:
    assert small.settings()["transition_seconds"] == 0.1


def test_a_stack_can_be_in_the_state_of_a_failed_deployment(small: Account) -> None:
    small.stack_status("sc-agent-app-prod", "UPDATE_ROLLBACK_FAILED", "The function is locked")
    found = small.client("cloudformation").list_stacks()["StackSummaries"]
    failed = [stack for stack in found if stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"]
    assert [(s["StackName"], s["StackStatusReason"]) for s in failed] == [
        ("sc-agent-app-prod", "The function is locked")
    ]


def test_users_have_signed_in_but_only_production_remembers_when(application: Account) -> None:
    client = application.client("cognito-idp")
    for environment, remembers in (("prod", True), ("dev", False)):
        pool = listed(application, f"sc-agent-app-{environment}")["Cognito::UserPool"][0]
        users = client.list_users(UserPoolId=pool)["Users"]
        statuses = {user["Username"]: user["UserStatus"] for user in users}
        assert statuses.pop("warehouse.manager@example.com") == "FORCE_CHANGE_PASSWORD"
        assert set(statuses.values()) == {"CONFIRMED"}
        for name in statuses:
            if not remembers:
                with pytest.raises(client.exceptions.UserPoolAddOnNotEnabledException):
                    client.admin_list_user_auth_events(UserPoolId=pool, Username=name)
                continue
            (event,) = client.admin_list_user_auth_events(UserPoolId=pool, Username=name)["AuthEvents"]
            assert (event["EventType"], event["EventResponse"]) == ("SignIn", "Pass")
