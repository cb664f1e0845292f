# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reference application sc-agent, deployed from templates: three stacks for each environment.

The templates (templates/) take the environment's name as a parameter, so the one that a stack was deployed from
deploys another environment beside it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.config

from local_aws.accounts import DEFAULT_ACCOUNT
from local_aws.client import LocalAws
from local_aws.traffic import account_traffic, agents_traffic, function_traffic, table_traffic

AGENTS = ("inventory-agent", "logistics-agent", "supplier-agent", "demand-agent", "risk-agent")
GROUPS = ("warehouse_managers", "field_engineers", "procurement_specialists", "administrators")
ORCHESTRATOR = "orchestrator"
_DAY = 86_400
_TEMPLATES = Path(__file__).parent / "templates"

Item = dict[str, Any]


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

    @property
    def bucket_suffix(self) -> str:
        """Bucket names are one space for all accounts: beside the default account they end in the account's id."""
        return "" if self.account_id == DEFAULT_ACCOUNT else f"-{self.account_id}"

    def bucket(self, short: str) -> str:
        return self.named(short) + self.bucket_suffix

    def secret(self, short: str) -> str:
        return f"/{self.application}/{self.name}/{short}"

    @property
    def functions(self) -> list[str]:
        return [self.named(short) for short in (ORCHESTRATOR, *AGENTS)]

    @property
    def tags(self) -> dict[str, str]:
        return {"application": self.application, "environment": self.name}

    def deploy(self, part: str, **parameters: object) -> None:
        """Make the stack `<application>-<part>-<environment>` from the template of that part."""
        values = {"Application": self.application, "Environment": self.name, **parameters}
        self.client("cloudformation").create_stack(
            StackName=self.named(part),
            TemplateBody=template(part),
            Parameters=[{"ParameterKey": key, "ParameterValue": str(value)} for key, value in values.items()],
            Capabilities=["CAPABILITY_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
        )


def template(part: str) -> str:
    """The template of a part: data, app, monitoring, or service (of the other application)."""
    return (_TEMPLATES / f"{part}.template").read_text()


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
            sizes = environment.sizes
            environment.deploy(
                "data",
                BucketSuffix=environment.bucket_suffix,
                ReadCapacity=sizes.read_write[0],
                WriteCapacity=sizes.read_write[1],
                MinCapacity=sizes.bounds[0],
                MaxCapacity=sizes.bounds[1],
            )
            environment.deploy("app", OrchestratorReserved=sizes.orchestrator_reserved or "")
            environment.deploy("monitoring")
            if not minimal:
                _fill(environment)
        for name in environments:
            _wait_for_rotation(Environment(place, application, name))


def _wait_for_rotation(environment: Environment) -> None:
    """The schedule of the rotation is tested when it is made, and that tells the new database its first password."""
    client, secret = environment.client("secretsmanager"), environment.secret("database/credentials")
    deadline = time.monotonic() + 60
    while any("AWSPENDING" in stages for stages in _labels(client, secret)):
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"the rotation of {secret} is not tested after a minute; see /aws/lambda/ of its function"
            )
        time.sleep(0.02)


def _labels(client: Any, secret: str) -> list[list[str]]:
    return list(client.describe_secret(SecretId=secret)["VersionIdsToStages"].values())


def seed_other(
    endpoint: str, session: boto3.Session, application: str = "invoicing", environments: Sequence[str] = ("test",)
) -> None:
    """Deploy a tiny application of other names: one stack, one function `<application>-render-<environment>`."""
    place = Place(endpoint, session)
    with place.deploying():
        for name in environments:
            Environment(place, application, name).deploy("service")


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
    items: dict[str, list[Item]] = {
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
    app = client.list_user_pool_clients(UserPoolId=pool_id, MaxResults=1)["UserPoolClients"][0]["ClientId"]
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
            password = f"Aa1!{secrets.token_urlsafe(16)}"
            client.admin_set_user_password(UserPoolId=pool_id, Username=name, Password=password, Permanent=True)
            client.admin_initiate_auth(
                UserPoolId=pool_id,
                ClientId=app,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": name, "PASSWORD": password},
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
