# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client of the embedded AWS: accounts, recorded calls, faults, settings. Tests and the seeding use it.

aws = LocalAws("http://127.0.0.1:5610")
account = aws.account("210987654321")
account.client("lambda").list_functions()
"""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.config
import botocore.loaders
import botocore.session

from local_aws.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION

# Ansible masks a secret key's text wherever it appears in a result, so it must be a text that appears nowhere else.
SECRET_KEY = "local-aws/9f31c7d2b8e64a05/not-a-secret"

# Service models are read and parsed once for all accounts.
_LOADER = botocore.loaders.create_loader()


class LocalAwsError(Exception):
    """The server refused a control request or is not there."""


class LocalAws:
    """One running server."""

    def __init__(self, endpoint: str, region: str = DEFAULT_REGION) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.region = region

    def account(self, account_id: str | None = None, region: str | None = None) -> Account:
        """An account by its 12 digits; the default account, with the reference application, without."""
        return Account(self, account_id or DEFAULT_ACCOUNT, region or self.region)

    def fresh_account(self, region: str | None = None) -> Account:
        """An empty account that nobody else uses."""
        return self.account(f"9{secrets.randbelow(10**11):011d}", region)

    def control(self, method: str, name: str, body: Mapping[str, Any] | None = None, timeout: float = 10.0) -> Any:
        """One request of the control API; LocalAwsError with the server's words when it refuses."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_local/{name}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise LocalAwsError(f"{method} {name}: {error.code} {error.read().decode(errors='replace')}") from error
        except (urllib.error.URLError, OSError) as error:
            raise LocalAwsError(f"the embedded AWS does not answer at {self.endpoint}: {error}") from error

    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = self.control("GET", "health")
        return health


class Account:
    """One account of the server: credentials in the shapes that callers need, and its control API."""

    def __init__(self, server: LocalAws, account_id: str, region: str) -> None:
        self.server = server
        self.id = account_id
        self.region = region
        self.access_key = f"LOCAL{account_id}KEY"
        self.secret_key = SECRET_KEY
        self.session_token: str | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._session: boto3.Session | None = None

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    @property
    def session(self) -> boto3.Session:
        """A boto3 session with this account's credentials; give its clients `endpoint_url` or use `client`."""
        if self._session is None:
            core = botocore.session.Session()
            core.register_component("data_loader", _LOADER)
            self._session = boto3.Session(
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                aws_session_token=self.session_token,
                region_name=self.region,
                botocore_session=core,
            )
        return self._session

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of this account, made once; it does not retry, so a test sees each answer."""
        key = (service, region or self.region)
        if key not in self._clients:
            config = botocore.config.Config(
                retries={"total_max_attempts": 1}, max_pool_connections=32, s3={"addressing_style": "path"}
            )
            self._clients[key] = self.session.client(
                service, region_name=key[1], endpoint_url=self.endpoint, config=config
            )
        return self._clients[key]

    def close(self) -> None:
        """Close the connections of the clients that `client` made."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that lead a subprocess's AWS calls to this account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def module_args(self) -> dict[str, Any]:
        """The connection options of an AWS module."""
        return {
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "session_token": self.session_token,
            "region": self.region,
            "endpoint_url": self.endpoint,
        }

    def mark(self) -> int:
        """The number of the last call so far; `calls(mark)` gives what came after it."""
        return int(self.server.health()["calls"])

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """The account's recorded calls after number `since`, oldest first."""
        found: list[dict[str, Any]] = self.server.control("GET", f"calls?account={self.id}&since={since}")
        return found

    def mutating(self, since: int = 0) -> list[dict[str, Any]]:
        """Those of them that change something."""
        return [call for call in self.calls(since) if call["mutating"]]

    def mail(self) -> list[dict[str, Any]]:
        """What Cognito sent to users: pool, user, medium, destination, moment, subject and secret, oldest first."""
        found: list[dict[str, Any]] = self.server.control("GET", f"mail?account={self.id}")
        return found

    def fault(self, service: str = "*", operation: str = "*", **options: Any) -> None:
        """Inject a failure; `local_aws/README.md` lists the options."""
        body = {"account": self.id, "service": service, "operation": operation, **options}
        self.server.control("POST", "faults", body)

    def clear_faults(self) -> None:
        self.server.control("DELETE", f"faults?account={self.id}")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings of the account; returns all of them."""
        settings: dict[str, Any] = self.server.control("POST", "settings", {"account": self.id, **changes})
        return settings

    def deny(self, *actions: str) -> None:
        """Refuse these IAM actions from now on; none: refuse nothing."""
        self.settings(denied=list(actions))

    def now(self) -> float:
        """The account's time in seconds since the epoch."""
        return float(self.server.control("GET", f"clock?account={self.id}")["now"])

    def advance(self, seconds: float) -> float:
        """Let time pass for the account's rules; returns its new time."""
        return float(self.server.control("POST", "clock", {"account": self.id, "advance": seconds})["now"])

    def stack_status(self, name: str, status: str, reason: str = "") -> None:
        """Put a stack into a state that only a failed deployment brings."""
        body = {"account": self.id, "region": self.region, "name": name, "status": status, "reason": reason}
        self.server.control("POST", "stack", body)
