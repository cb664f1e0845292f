# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Cognito's users and groups: one pool, under the rates that Cognito has for its categories of operations."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from benchmarks.stub.account import ACCOUNT_ID, REGION, Account, Answer, Bucket, Settings, target_of

POOL = f"{REGION}_Benchmark"

# https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html, "API operation categories and request rate quotas":
# requests a second of all operations of a category together, for all pools of an account and region.
COGNITO_RATES: Mapping[str, float] = {
    "UserCreation": 50.0,
    "UserRead": 120.0,
    "UserList": 30.0,
    "UserResourceRead": 50.0,
    "UserResourceUpdate": 25.0,
    "UserPoolRead": 15.0,
    "UserPoolResourceRead": 20.0,
}

# botocore's model of Limit (QueryLimitType): at most 60.
LIST_PAGE = 60


@dataclass(frozen=True)
class UsersSettings(Settings):
    """A pool with groups and users.

    Attributes:
        groups: Names of the groups.
        users: Users that are there already: `{name: {"attributes": {name: value}, "groups": [name]}}`.
        rates: Requests a second by category; a category that is not named has no limit.
    """

    groups: tuple[str, ...] = ()
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass
class User:
    """One user.

    Attributes:
        attributes: By name.
        groups: In the order in which the user came into them.
        moment: When it was made.
    """

    attributes: dict[str, str]
    groups: list[str]
    moment: float

    def described(self, name: str, attributes: str = "Attributes") -> dict[str, Any]:
        """As the API tells it.

        Args:
            name: Its name.
            attributes: What an answer calls them.
        """
        return {
            "Username": name,
            attributes: [{"Name": key, "Value": value} for key, value in self.attributes.items()],
            "UserCreateDate": self.moment,
            "UserLastModifiedDate": self.moment,
            "Enabled": True,
            "UserStatus": "FORCE_CHANGE_PASSWORD",
        }


class Users(Account):
    """The users of the account's pool."""

    KIND = "users"
    SETTINGS = UsersSettings

    def __init__(self, settings: UsersSettings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(settings, clock)
        self._groups = settings.groups
        self._buckets = {category: Bucket(rate, clock) for category, rate in settings.rates.items()}
        self._users = {name: _new(user["attributes"], list(user["groups"])) for name, user in settings.users.items()}

    def report(self) -> dict[str, Any]:
        users = {
            name: {
                "attributes": {key: value for key, value in user.attributes.items() if key != "sub"},
                "groups": sorted(user.groups),
            }
            for name, user in self._users.items()
        }
        return {**super().report(), "users": users}

    def answer(self, method: str, target: str, head: bytes, body: bytes) -> Answer:
        api, operation = target_of(head)
        if api != "AWSCognitoIdentityProviderService" or operation not in _OPERATIONS:
            return self.identity(body) or self.not_served(f"{method} {target} {operation}")
        category, handler = _OPERATIONS[operation]
        bucket = self._buckets.get(category)
        if bucket and not bucket.admit():
            return self.over_rate(operation, THROTTLED)
        try:
            request = json.loads(body)
            if request["UserPoolId"] != POOL:
                raise _Refused("ResourceNotFoundException", f"User pool {request['UserPoolId']} does not exist.")
            answer = _json(handler(self, request))
        except _Refused as refused:
            answer = _error(refused.code, str(refused))
        return self.counted(operation, answer)

    def _user(self, name: str) -> User:
        if name not in self._users:
            raise _Refused("UserNotFoundException", "User does not exist.")
        return self._users[name]

    def _group(self, name: str) -> str:
        if name not in self._groups:
            raise _Refused("ResourceNotFoundException", "Group not found.")
        return name

    def pool(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"UserPool": {**_POOL, "EstimatedNumberOfUsers": len(self._users)}}

    def groups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return _page("Groups", "NextToken", [_described(name) for name in self._groups], request)

    def groups_of(self, request: Mapping[str, Any]) -> dict[str, Any]:
        user = self._user(request["Username"])
        return _page("Groups", "NextToken", [_described(name) for name in user.groups], request)

    def users(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return _page("Users", "PaginationToken", self._listed(self._users), request)

    def members(self, request: Mapping[str, Any]) -> dict[str, Any]:
        group = self._group(request["GroupName"])
        names = [name for name, user in self._users.items() if group in user.groups]
        return _page("Users", "NextToken", self._listed(names), request)

    def _listed(self, names: Iterable[str]) -> list[dict[str, Any]]:
        return [self._users[name].described(name) for name in names]

    def user(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._user(request["Username"]).described(request["Username"], "UserAttributes")

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["Username"]
        if name in self._users:
            raise _Refused("UsernameExistsException", "User account already exists")
        self._users[name] = _new({each["Name"]: each["Value"] for each in request.get("UserAttributes", ())}, [])
        return {"User": self._users[name].described(name)}

    def add(self, request: Mapping[str, Any]) -> dict[str, Any]:
        user, group = self._user(request["Username"]), self._group(request["GroupName"])
        # Who is in it already is in it: that is no error.
        if group not in user.groups:
            user.groups.append(group)
        return {}


class _Refused(Exception):
    """AWS would refuse."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _new(attributes: Mapping[str, str], groups: list[str]) -> User:
    return User({"sub": str(uuid.uuid4()), **attributes}, groups, time.time())


def _page(key: str, token: str, found: list[dict[str, Any]], request: Mapping[str, Any]) -> dict[str, Any]:
    start = int(request.get(token) or 0)
    end = start + min(int(request.get("Limit") or LIST_PAGE), LIST_PAGE)
    return {key: found[start:end], **({token: str(end)} if end < len(found) else {})}


def _json(value: Mapping[str, Any], status: int = 200, error: str = "") -> Answer:
    # What is valid for a time is so from this date on.
    date = (f"Date: {formatdate(usegmt=True)}",)
    return Answer(status, json.dumps(value).encode(), error, "application/x-amz-json-1.1", date)


# Of all codes, also of throttling: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/
# API_AdminAddUserToGroup.html, "TooManyRequestsException [...] HTTP Status Code: 400".
def _error(code: str, message: str) -> Answer:
    return _json({"__type": code, "message": message}, 400, code)


# The answer of Cognito over a rate, as a client sees it: https://github.com/aws-amplify/amplify-js/issues/6767.
THROTTLED = _error("TooManyRequestsException", "Rate exceeded")

_MADE = 1_767_225_600.0


def _described(group: str) -> dict[str, Any]:
    return {"GroupName": group, "UserPoolId": POOL, "LastModifiedDate": _MADE, "CreationDate": _MADE}


# As AWS has it for a pool whose users sign in with a username; of the schema what the users here have.
_POOL: Mapping[str, Any] = {
    "Id": POOL,
    "Name": "benchmark",
    "Arn": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT_ID}:userpool/{POOL}",
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 12,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": 7,
        }
    },
    "SchemaAttributes": [
        {"Name": "sub", "AttributeDataType": "String", "Mutable": False, "Required": True},
        {
            "Name": "email",
            "AttributeDataType": "String",
            "Mutable": True,
            "Required": False,
            "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "2048"},
        },
        {"Name": "email_verified", "AttributeDataType": "Boolean", "Mutable": True, "Required": False},
    ],
    "AutoVerifiedAttributes": ["email"],
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 7},
    "MfaConfiguration": "OFF",
    "UserPoolTier": "ESSENTIALS",
    "LastModifiedDate": _MADE,
    "CreationDate": _MADE,
}

# The category of each operation, and what answers it.
_OPERATIONS: Mapping[str, tuple[str, Callable[[Users, Mapping[str, Any]], dict[str, Any]]]] = {
    "AdminCreateUser": ("UserCreation", Users.create),
    "AdminGetUser": ("UserRead", Users.user),
    "ListUsers": ("UserList", Users.users),
    "ListUsersInGroup": ("UserList", Users.members),
    "AdminListGroupsForUser": ("UserResourceRead", Users.groups_of),
    "AdminAddUserToGroup": ("UserResourceUpdate", Users.add),
    "DescribeUserPool": ("UserPoolRead", Users.pool),
    "ListGroups": ("UserPoolResourceRead", Users.groups),
}
