# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A user pool with an app client, for tests: short words for what a test does with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.client import Account

DAY = 86_400
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """What AWS answers to a call that it refuses: the code and the text."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


class Pool:
    """A pool of its own, with what CreateUserPool is told beside the name."""

    def __init__(self, account: Account, app: dict[str, Any] | None = None, **options: Any) -> None:
        self.account = account
        self.client = account.client("cognito-idp")
        self.id: str = self.client.create_user_pool(PoolName="pool", **options)["UserPool"]["Id"]
        self.app = self.add_app(**(app or {}))

    def add_app(self, **options: Any) -> str:
        """An app client, by its id."""
        wanted = {"ClientName": "app", "ExplicitAuthFlows": FLOWS, **options}
        return str(self.client.create_user_pool_client(UserPoolId=self.id, **wanted)["UserPoolClient"]["ClientId"])

    def admin(self, operation: str, **arguments: Any) -> Callable[..., Any]:
        """An operation of this pool, to be called with the rest of its arguments."""
        return partial(getattr(self.client, operation), UserPoolId=self.id, **arguments)

    def invite(self, name: str, **arguments: Any) -> dict[str, Any]:
        """A user that an administrator makes, with an address unless attributes are given."""
        given = {"UserAttributes": [{"Name": "email", "Value": f"{name}@example.com"}], **arguments}
        user: dict[str, Any] = self.client.admin_create_user(UserPoolId=self.id, Username=name, **given)["User"]
        return user

    def confirmed(self, name: str, password: str, **arguments: Any) -> None:
        """A user with a password of their own."""
        self.invite(name, MessageAction="SUPPRESS", **arguments)
        self.admin("admin_set_user_password", Username=name, Password=password, Permanent=True)()

    def sign_in(self, name: str, password: str) -> dict[str, Any]:
        """The answer to a user who signs in with name and password."""
        answer: dict[str, Any] = self.client.initiate_auth(
            ClientId=self.app,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return answer

    def answer(self, name: str, password: str, session: str) -> dict[str, Any]:
        """The answer to a user who sets a new password in place of a temporary one."""
        answer: dict[str, Any] = self.client.respond_to_auth_challenge(
            ClientId=self.app,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": password},
        )
        return answer

    def tokens(self, name: str, password: str) -> dict[str, Any]:
        """The tokens of a user who signs in."""
        tokens: dict[str, Any] = self.sign_in(name, password)["AuthenticationResult"]
        return tokens

    def refresh(self, token: str) -> dict[str, Any]:
        """The tokens for a refresh token."""
        answer = self.client.initiate_auth(
            ClientId=self.app, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token}
        )
        tokens: dict[str, Any] = answer["AuthenticationResult"]
        return tokens

    def get(self, name: str) -> dict[str, Any]:
        user: dict[str, Any] = self.client.admin_get_user(UserPoolId=self.id, Username=name)
        return user

    def attributes(self, name: str) -> dict[str, str]:
        return {one["Name"]: one["Value"] for one in self.get(name)["UserAttributes"]}

    def names(self, **arguments: Any) -> list[str]:
        """The user names of the pool."""
        pages = self.client.get_paginator("list_users").paginate(UserPoolId=self.id, **arguments)
        return [user["Username"] for page in pages for user in page["Users"]]

    def groups(self, name: str) -> list[str]:
        """The groups of a user."""
        pages = self.client.get_paginator("admin_list_groups_for_user").paginate(UserPoolId=self.id, Username=name)
        return [group["GroupName"] for page in pages for group in page["Groups"]]
