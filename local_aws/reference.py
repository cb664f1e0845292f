# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reference application sc-agent, deployed through the AWS API: three stacks for each environment.

What moto's CloudFormation makes is made by the stack; what it skips is made through the service's own API and named in
the template's metadata, so that the stack lists it (services/cloudformation.py).
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.config

from local_aws.accounts import DEFAULT_ACCOUNT
from local_aws.client import LocalAws
from local_aws.traffic import account_traffic, agents_traffic, function_traffic, table_traffic

AGENTS = ("inventory-agent", "logistics-agent", "supplier-agent", "demand-agent", "risk-agent")
GROUPS = ("warehouse_managers", "field_engineers", "procurement_specialists", "administrators")
ORCHESTRATOR = "orchestrator"
_CODE = "def handler(event, context):\n    return {'statusCode': 200}\n"
_DAY = 86_400

Template = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """What differs between a production and any other environment."""

    orchestrator_reserved: int | None
    read_write: tuple[int, int]
    bounds: tuple[int, int]


_PRODUCTION = Sizes(orchestrator_reserved=100, read_write=(10, 10), bounds=(5, 100))
_OTHER = Sizes(orchestrator_reserved=None, read_write=(5, 5), bounds=(5, 20))


class Place:
    """The account and region that the application is deployed into. A client is made once for each service."""

    def __init__(self, endpoint: str, session: boto3.Session) -> None:
        self.endpoint = endpoint
        self.region = str(session.region_name)
        self._session = session
        self._clients: dict[str, Any] = {}
        self.account_id = str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str) -> Any:
        if service not in self._clients:
            config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
            self._clients[service] = self._session.client(service, endpoint_url=self.endpoint, config=config)
        return self._clients[service]

    @contextlib.contextmanager
    def deploying(self) -> Iterator[None]:
        """States are reached at once while the application is deployed; connections are closed after it."""
        account = LocalAws(self.endpoint).account(self.account_id)
        before = account.server.control("GET", f"settings?account={account.id}")["transition_seconds"]
        account.settings(transition_seconds=0)
        try:
            yield
        finally:
            account.settings(transition_seconds=before)
            for client in self._clients.values():
                client.close()


class Environment:
    """One environment of the application: its names and sizes."""

    def __init__(self, place: Place, application: str, name: str) -> None:
        self.place = place
        self.client = place.client
        self.account_id = place.account_id
        self.application = application
        self.name = name
        self.sizes = _PRODUCTION if name == "prod" else _OTHER

    def named(self, short: str) -> str:
        return f"{self.application}-{short}-{self.name}"

    def bucket(self, short: str) -> str:
        """Bucket names are one space for all accounts: beside the default account they end in the account's id."""
        own = self.named(short)
        return own if self.account_id == DEFAULT_ACCOUNT else f"{own}-{self.account_id}"

    def secret(self, short: str) -> str:
        return f"/{self.application}/{self.name}/{short}"

    @property
    def functions(self) -> list[str]:
        return [self.named(short) for short in (ORCHESTRATOR, *AGENTS)]

    @property
    def tags(self) -> dict[str, str]:
        return {"application": self.application, "environment": self.name}

    def make_stack(self, part: str, resources: Template, outputs: Mapping[str, str]) -> None:
        template = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"{self.application} {self.name}: {part}",
            "Resources": resources,
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
        self.client("cloudformation").create_stack(
            StackName=self.named(part),
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
        )


def seed(
    endpoint: str,
    session: boto3.Session,
    application: str = "sc-agent",
    environments: Sequence[str] = ("prod", "dev"),
    minimal: bool = False,
) -> None:
    """Deploy the application into the session's account and region.

    `minimal` leaves out what only reading procedures look at: items, objects, users, log entries, metrics.
    """
    place = Place(endpoint, session)
    with place.deploying():
        for name in environments:
            environment = Environment(place, application, name)
            _deploy_data(environment)
            _deploy_app(environment)
            _deploy_monitoring(environment)
            if not minimal:
                _fill(environment)


def seed_other(
    endpoint: str, session: boto3.Session, application: str = "invoicing", environments: Sequence[str] = ("test",)
) -> None:
    """Deploy a tiny application of other names: one stack, one function `<application>-render-<environment>`."""
    place = Place(endpoint, session)
    with place.deploying():
        for name in environments:
            environment = Environment(place, application, name)
            function = environment.named("render")
            environment.make_stack(
                "service",
                {
                    "Role": _role(environment),
                    "Render": _function(environment, function, {}),
                    "RenderLive": _alias("Render"),
                },
                {"FunctionName": function},
            )
            _publish(environment, [function])


def _listed(kind: str, physical_id: str, properties: Template | None = None) -> Template:
    """A resource that exists already: the stack lists it under its physical id."""
    return {"Type": kind, "Metadata": {"PhysicalResourceId": physical_id}, "Properties": properties or {}}


def _throughput(units: tuple[int, int]) -> Template:
    return {"ProvisionedThroughput": {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1]}}


def _deploy_data(environment: Environment) -> None:
    units = environment.sizes.read_write
    tables: Template = {
        "Sessions": _table(
            environment.named("sessions"),
            {"session_id": "HASH"},
            units,
            {"by-user": {"user_id": "HASH", "updated_at": "RANGE"}},
        ),
        "Conversations": _table(environment.named("conversations"), {"session_id": "HASH", "turn": "RANGE"}, None),
        "Inventory": _table(environment.named("inventory"), {"sku": "HASH"}, (20, 10)),
        "Suppliers": _table(environment.named("suppliers"), {"supplier_id": "HASH"}, None),
    }
    buckets: Template = {
        name: {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": environment.bucket(short),
                "Tags": [{"Key": key, "Value": value} for key, value in environment.tags.items()],
            },
        }
        for name, short in (("DataBucket", "data"), ("BackupBucket", "backup"))
    }
    targets = {
        f"Scaling{number}": _listed("AWS::ApplicationAutoScaling::ScalableTarget", "|".join((*key[1:], key[0])))
        for number, key in enumerate(_targets(environment), 1)
    }
    environment.make_stack(
        "data",
        {**tables, **buckets, **targets},
        {
            "SessionsTableName": environment.named("sessions"),
            "ConversationsTableName": environment.named("conversations"),
            "DataBucketName": environment.bucket("data"),
            "BackupBucketName": environment.bucket("backup"),
        },
    )
    for short in ("data", "backup"):
        environment.client("s3").put_bucket_versioning(
            Bucket=environment.bucket(short), VersioningConfiguration={"Status": "Enabled"}
        )
    dynamodb = environment.client("dynamodb")
    dynamodb.update_time_to_live(
        TableName=environment.named("conversations"),
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )
    for short in ("sessions", "conversations", "inventory"):
        dynamodb.update_continuous_backups(
            TableName=environment.named(short),
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
    _make_autoscaling(environment)


def _table(
    name: str,
    key: Mapping[str, str],
    units: tuple[int, int] | None,
    indexes: Mapping[str, Mapping[str, str]] | None = None,
) -> Template:
    def schema(of: Mapping[str, str]) -> list[Template]:
        return [{"AttributeName": attribute, "KeyType": kind} for attribute, kind in of.items()]

    indexes = indexes or {}
    attributes = {attribute for of in (key, *indexes.values()) for attribute in of}
    properties: Template = {
        "TableName": name,
        "KeySchema": schema(key),
        "AttributeDefinitions": [{"AttributeName": item, "AttributeType": "S"} for item in sorted(attributes)],
        "BillingMode": "PROVISIONED" if units else "PAY_PER_REQUEST",
    }
    if units:
        properties |= _throughput(units)
    if indexes:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": schema(of),
                "Projection": {"ProjectionType": "ALL"},
                **(_throughput(units) if units else {}),
            }
            for index, of in indexes.items()
        ]
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def _targets(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """Namespace, resource and dimension of each scalable target: reads and writes of sessions and of its index."""
    table = f"table/{environment.named('sessions')}"
    for resource, kind in ((table, "table"), (f"{table}/index/by-user", "index")):
        for direction in ("Read", "Write"):
            yield "dynamodb", resource, f"dynamodb:{kind}:{direction}CapacityUnits"


def _make_autoscaling(environment: Environment) -> None:
    client = environment.client("application-autoscaling")
    low, high = environment.sizes.bounds
    for namespace, resource, dimension in _targets(environment):
        key = {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
        client.register_scalable_target(**key, MinCapacity=low, MaxCapacity=high)
        direction = "Read" if "Read" in dimension else "Write"
        client.put_scaling_policy(
            **key,
            PolicyName=f"{direction.lower()}-utilization",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 70.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": f"DynamoDB{direction}CapacityUtilization"},
                "ScaleInCooldown": 60,
                "ScaleOutCooldown": 60,
            },
        )


def _role(environment: Environment) -> Template:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": environment.named("function"),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def _function(environment: Environment, name: str, variables: Mapping[str, str]) -> Template:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": name,
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "MemorySize": 1024,
            "Timeout": 60,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": _CODE},
            "Environment": {"Variables": {"ENVIRONMENT": environment.name, **variables}},
        },
    }


def _alias(function: str) -> Template:
    return {
        "Type": "AWS::Lambda::Alias",
        "Properties": {"FunctionName": {"Ref": function}, "FunctionVersion": "1", "Name": "live"},
    }


def _publish(environment: Environment, functions: Sequence[str]) -> None:
    client = environment.client("lambda")
    for function in functions:
        version = client.publish_version(FunctionName=function)["Version"]
        client.create_alias(FunctionName=function, Name="live", FunctionVersion=version)


def _deploy_app(environment: Environment) -> None:
    secrets_made = _make_secrets(environment)
    pool_id, client_id = _make_user_pool(environment)
    api = environment.named("api")
    api_id = environment.client("apigatewayv2").create_api(
        Name=api, ProtocolType="HTTP", Tags={**environment.tags, "integration": environment.named(ORCHESTRATOR)}
    )["ApiId"]
    variables = {
        "SESSIONS_TABLE": environment.named("sessions"),
        "CONVERSATIONS_TABLE": environment.named("conversations"),
        "DATABASE_SECRET": environment.secret("database/credentials"),
        "USER_POOL_ID": pool_id,
    }
    resources: Template = {
        "Role": _role(environment),
        "UserPool": _listed("AWS::Cognito::UserPool", pool_id),
        "UserPoolClient": _listed("AWS::Cognito::UserPoolClient", client_id),
        "HttpApi": _listed("AWS::ApiGatewayV2::Api", api_id),
    }
    for number, arn in enumerate(secrets_made, 1):
        resources[f"Secret{number}"] = _listed("AWS::SecretsManager::Secret", arn)
    for short in (ORCHESTRATOR, *AGENTS):
        logical = "".join(word.title() for word in short.split("-"))
        function = environment.named(short)
        resources[logical] = _function(environment, function, variables)
        resources[f"{logical}Live"] = _alias(logical)
        resources[f"{logical}Logs"] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/{function}", "RetentionInDays": 30},
        }
    endpoint = f"{environment.place.endpoint}/_app/{environment.account_id}/{api}"
    environment.make_stack(
        "app",
        resources,
        {
            "ApiEndpoint": endpoint,
            "UserPoolId": pool_id,
            "UserPoolClientId": client_id,
            "OrchestratorFunctionName": environment.named(ORCHESTRATOR),
        },
    )
    _publish(environment, environment.functions)
    if environment.sizes.orchestrator_reserved is not None:
        environment.client("lambda").put_function_concurrency(
            FunctionName=environment.named(ORCHESTRATOR),
            ReservedConcurrentExecutions=environment.sizes.orchestrator_reserved,
        )


def _make_secrets(environment: Environment) -> list[str]:
    client = environment.client("secretsmanager")
    values = {
        "database/credentials": {"username": "admin", "password": secrets.token_urlsafe(24)},
        "api/keys": {"supplier_portal": secrets.token_urlsafe(24)},
    }
    return [
        client.create_secret(
            Name=environment.secret(short),
            SecretString=json.dumps(value),
            Tags=[{"Key": key, "Value": text} for key, text in environment.tags.items()],
        )["ARN"]
        for short, value in values.items()
    ]


def _make_user_pool(environment: Environment) -> tuple[str, str]:
    client = environment.client("cognito-idp")
    pool_id = str(client.create_user_pool(PoolName=environment.named("users"))["UserPool"]["Id"])
    for group in GROUPS:
        client.create_group(UserPoolId=pool_id, GroupName=group)
    made = client.create_user_pool_client(UserPoolId=pool_id, ClientName=environment.named("web"))
    return pool_id, str(made["UserPoolClient"]["ClientId"])


def _deploy_monitoring(environment: Environment) -> None:
    client = environment.client("cloudwatch")
    orchestrator = [{"Name": "FunctionName", "Value": environment.named(ORCHESTRATOR)}]
    sessions = [{"Name": "TableName", "Value": environment.named("sessions")}]
    # The thresholds are the runbook's: error rate 1 %, P95 5 s, no throttling.
    alarms: dict[str, Template] = {
        "orchestrator-errors": _alarm("AWS/Lambda", "Errors", "Sum", 10, orchestrator),
        "orchestrator-throttles": _alarm("AWS/Lambda", "Throttles", "Sum", 0, orchestrator),
        "orchestrator-latency": _alarm("AWS/Lambda", "Duration", "p95", 5000, orchestrator),
        "sessions-read-throttles": _alarm("AWS/DynamoDB", "ReadThrottleEvents", "Sum", 0, sessions),
        "sessions-write-throttles": _alarm("AWS/DynamoDB", "WriteThrottleEvents", "Sum", 0, sessions),
    }
    for short, options in alarms.items():
        client.put_metric_alarm(AlarmName=environment.named(short), **options)
    resources = {
        "".join(word.title() for word in short.split("-")): _listed("AWS::CloudWatch::Alarm", environment.named(short))
        for short in alarms
    }
    audit = f"/{environment.application}/{environment.name}/audit"
    resources["AuditLogs"] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": audit, "RetentionInDays": 90},
    }
    environment.make_stack("monitoring", resources, {"DashboardName": environment.named("agents")})


def _alarm(namespace: str, metric: str, statistic: str, threshold: float, dimensions: list[Template]) -> Template:
    kind = {"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}
    return {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": dimensions,
        "Period": 300,
        "EvaluationPeriods": 2,
        "Threshold": float(threshold),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **kind,
    }


def _fill(environment: Environment) -> None:
    """What a running application leaves behind: items, objects, users, log entries, metrics."""
    _fill_tables(environment)
    _fill_buckets(environment)
    _fill_user_pool(environment)
    _fill_logs(environment)
    series = [item for name in environment.functions for item in function_traffic(name, environment.sizes.bounds[1])]
    for short, indexes in (("sessions", ("by-user",)), ("conversations", ()), ("inventory", ()), ("suppliers", ())):
        series += table_traffic(environment.named(short), indexes)
    series += account_traffic(len(environment.functions))
    series += agents_traffic(f"{environment.application}/Agents", environment.name, AGENTS)
    LocalAws(environment.place.endpoint).control(
        "POST", "traffic", {"account": environment.account_id, "region": environment.place.region, "series": series}
    )


def _fill_tables(environment: Environment) -> None:
    now = int(time.time())
    items: dict[str, list[Template]] = {
        environment.named("sessions"): [
            {
                "session_id": {"S": f"session-{number:04}"},
                "user_id": {"S": f"user-{number % 7}"},
                "updated_at": {"S": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - number * 600))},
                "expires_at": {"N": str(now + _DAY - number * 3600)},
            }
            for number in range(40)
        ],
        environment.named("conversations"): [
            {
                "session_id": {"S": f"session-{number // 4:04}"},
                "turn": {"S": f"{number % 4:04}"},
                "message": {"S": "Where is order 4711?"},
                "expires_at": {"N": str(now + 3 * _DAY - number * 7200)},
            }
            for number in range(60)
        ],
        environment.named("inventory"): [
            {"sku": {"S": f"sku-{number:03}"}, "on_hand": {"N": str(number * 3 % 100)}} for number in range(25)
        ],
    }
    client = environment.client("dynamodb")
    for table, wanted in items.items():
        for start in range(0, len(wanted), 25):
            puts = [{"PutRequest": {"Item": item}} for item in wanted[start : start + 25]]
            client.batch_write_item(RequestItems={table: puts})


def _fill_buckets(environment: Environment) -> None:
    client = environment.client("s3")
    bucket = environment.bucket("data")
    for version in range(1, 4):
        client.put_object(Bucket=bucket, Key="data/file.json", Body=json.dumps({"version": version}).encode())
    for name in ("forecast", "stock", "suppliers"):
        client.put_object(Bucket=bucket, Key=f"data/{name}.csv", Body=f"{name},1\n".encode())
    client.delete_object(Bucket=bucket, Key="data/stock.csv")


def _fill_user_pool(environment: Environment) -> None:
    client = environment.client("cognito-idp")
    pools = client.list_user_pools(MaxResults=60)["UserPools"]
    pool_id = next(pool["Id"] for pool in pools if pool["Name"] == environment.named("users"))
    for number, group in enumerate(GROUPS):
        name = f"{group.removesuffix('s').replace('_', '.')}@example.com"
        client.admin_create_user(
            UserPoolId=pool_id,
            Username=name,
            UserAttributes=[{"Name": "email", "Value": name}, {"Name": "email_verified", "Value": "true"}],
            TemporaryPassword=f"Aa1!{secrets.token_urlsafe(16)}",
            MessageAction="SUPPRESS",
        )
        client.admin_add_user_to_group(UserPoolId=pool_id, Username=name, GroupName=group)
        if number:
            # The first user has never signed in and is left in FORCE_CHANGE_PASSWORD.
            client.admin_set_user_password(
                UserPoolId=pool_id, Username=name, Password=f"Aa1!{secrets.token_urlsafe(16)}", Permanent=True
            )


def _fill_logs(environment: Environment) -> None:
    client = environment.client("logs")
    now = int(time.time() * 1000)
    for place, function in enumerate(environment.functions):
        group, stream = f"/aws/lambda/{function}", "2026/01/01/[1]0123456789abcdef"
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        events = []
        for number in range(30):
            request = f"00000000-0000-4000-8000-{place:04}{number:08}"
            moment = now - (30 - number) * 120_000
            if number % 10 == 7:
                events.append(
                    {"timestamp": moment, "message": f"[ERROR] {request} ThrottlingException calling Bedrock"}
                )
            else:
                events.append({"timestamp": moment, "message": f"[INFO] {request} answered"})
            report = f"REPORT RequestId: {request} Duration: {800 + number * 37 % 900}.00 ms Memory Size: 1024 MB"
            events.append({"timestamp": moment + 1, "message": report})
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
