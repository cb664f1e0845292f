# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cognito: moto's pools, clients and users, and what moto does not know of them.

moto keeps a user's name, attributes, groups, password and status. Kept here: how old a temporary password is, the codes
that were sent, the tokens that were issued and revoked, the sessions of a sign-in, the history of sign-ins, the mail.
"""

from __future__ import annotations

import base64
import datetime
import functools
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import SimpleNamespace
from typing import Any

from moto.cognitoidp import models
from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUserPool, cognitoidp_backends

from local_aws.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION, AccountState
from local_aws.identity import local_key
from local_aws.protocol import AwsError, Signature, service_model
from local_aws.rules import Call
from local_aws.services.cognito_passwords import Policy

Pool = Any
Client = Any
User = Any

# The targetPrefix of botocore's model.
_TARGET = "AWSCognitoIdentityProviderService"

_RSAKey = models.jwk.RSAKey


@functools.cache
def _read(text: str) -> Any:
    return _RSAKey.import_key(json.loads(text))


def _remembered(key: Mapping[str, Any]) -> Any:
    """The key, whose numbers take a tenth of a second to check, once; moto reads it anew for each user pool."""
    return _read(json.dumps(key, sort_keys=True))


models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=_remembered))


def verified(user: User, attribute: str) -> bool:
    return str(user.attribute_lookup.get(f"{attribute}_verified", "")).lower() == "true"


def _fold(pool: Pool) -> Callable[[str], str]:
    """What of a name the pool compares.

    botocore, UsernameConfigurationType: with CaseSensitive false "users can sign in using username, USERNAME, or
    UserName", and so with e-mail address and preferred name; sensitive "is the default value".
    """
    sensitive = (pool.extended_config.get("UsernameConfiguration") or {}).get("CaseSensitive", True)
    return str if sensitive else str.lower


def holder(pool: Pool, attribute: str, value: str) -> User | None:
    """The user that signs in with this e-mail address, phone number or preferred name instead of a user name.

    Where they are the user name (UsernameAttributes) an unverified one signs in as well; as an alias (AliasAttributes)
    an address or number does so when it is verified:
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    as_name = attribute in (pool.extended_config.get("UsernameAttributes") or ())
    if not as_name and attribute not in (pool.extended_config.get("AliasAttributes") or ()):
        return None
    fold = _fold(pool)
    wanted = fold(value)
    for user in pool.users.values():
        known = user.attribute_lookup.get(attribute)
        counts = as_name or attribute == "preferred_username" or verified(user, attribute)
        if counts and known is not None and fold(known) == wanted:
            return user
    return None


def _get_user(pool: Pool, username: str) -> User | None:
    """A user by name or by what stands for it; moto knows no aliases."""
    fold = _fold(pool)
    found = pool.users.get(username)
    if found is None and fold is not str:
        found = next((user for name, user in pool.users.items() if fold(name) == fold(username)), None)
    for attribute in ("email", "phone_number", "preferred_username"):
        found = found or holder(pool, attribute, username)
    return found


CognitoIdpUserPool._get_user = _get_user


@dataclass
class Code:
    """A code that was sent to a user."""

    text: str
    attribute: str
    expires_at: float


@dataclass
class Event:
    """One entry of a user's history.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AuthEventType.html
    """

    kind: str
    moment: datetime.datetime
    response: str
    password: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Person:
    """What is kept of a user beside what moto keeps."""

    temporary_since: float = 0.0
    code: Code | None = None
    events: list[Event] = field(default_factory=list)


@dataclass
class Session:
    """A sign-in that waits for the answer to a challenge."""

    challenge: str
    pool: Pool
    client: Client
    user: User
    expires_at: float
    event: Event


@dataclass
class Grant:
    """A sign-in that was granted: its refresh token, and what all of its tokens have in common."""

    pool: Pool
    client: Client
    user: User
    origin: str
    signed_in_at: float
    expires_at: float
    revoked: bool = False


@dataclass(frozen=True)
class Access:
    """An access token that was issued."""

    grant: Grant
    expires_at: float


@dataclass(frozen=True)
class Mail:
    """A message as Cognito would have sent it; with its secret, because that is what the receiver reads."""

    pool: str
    user: str
    medium: str
    destination: str
    moment: float
    subject: str
    secret: str


@dataclass
class Directory:
    """One account and region."""

    people: dict[str, Person] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)
    mail: list[Mail] = field(default_factory=list)


def sent_mail(account: AccountState) -> list[dict[str, Any]]:
    """What was sent to the users of an account, oldest first."""
    found = [mail for region in account.regions(Directory) for mail in account.store(Directory, region).mail]
    return [asdict(mail) for mail in sorted(found, key=lambda mail: mail.moment)]


def unsigned(environ: Mapping[str, Any], body: bytes) -> Signature | None:
    """The account and region of a call that nobody signs: the app client or the token that it carries says so.

    botocore gives the operations of an app's users the authtype "none". None when this is no such call.
    """
    service, _dot, operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).partition(".")
    if service != _TARGET:
        return None
    model = service_model("cognito-idp")
    if operation not in model.operation_names or model.operation_model(operation).auth_type != "none":
        return None
    try:
        arguments = json.loads(body)
    except ValueError:
        arguments = {}
    account_id, region = _whose(arguments)
    return Signature(local_key(account_id), region, "cognito-idp")


def _whose(arguments: Mapping[str, Any]) -> tuple[str, str]:
    client, pool = str(arguments.get("ClientId") or ""), _pool_of(str(arguments.get("AccessToken") or ""))
    for account_id, backends in list(cognitoidp_backends.items()):
        for region, backend in list(backends.items()):
            if pool in backend.user_pools or any(client in one.clients for one in backend.user_pools.values()):
                return account_id, region
    return DEFAULT_ACCOUNT, DEFAULT_REGION


def _pool_of(token: str) -> str:
    """The pool that a token names as its issuer; empty when it is no token."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return str(claims["iss"]).rpartition("/")[2]
    except (ValueError, KeyError, TypeError):
        return ""


class Cognito:
    """The user pools of a call's account and region."""

    def __init__(self, call: Call) -> None:
        self.backend: CognitoIdpBackend = cognitoidp_backends[call.account.id][call.region]
        self.directory = call.account.store(Directory, call.region)
        self.now = call.account.now()

    @property
    def date(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.now, tz=datetime.UTC)

    def pool(self, pool_id: str) -> Pool:
        found = self.backend.user_pools.get(pool_id)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"User pool {pool_id} does not exist.")
        return found

    def client(self, client_id: str, pool_id: str | None = None) -> tuple[Pool, Client]:
        """An app client with its pool."""
        pools = [self.pool(pool_id)] if pool_id else self.backend.user_pools.values()
        for pool in pools:
            if client_id in pool.clients:
                return pool, pool.clients[client_id]
        raise AwsError("ResourceNotFoundException", f"User pool client {client_id} does not exist.")

    def user(self, pool: Pool, name: str) -> User:
        found = _get_user(pool, name)
        if found is None:
            raise AwsError("UserNotFoundException", "User does not exist.")
        return found

    def named(self, call: Call) -> tuple[Pool, User]:
        """Pool and user of an administrator's call."""
        pool = self.pool(call.arguments["UserPoolId"])
        return pool, self.user(pool, call.arguments["Username"])

    def group(self, pool: Pool, name: str) -> Any:
        found = pool.groups.get(name)
        if found is None:
            raise AwsError("ResourceNotFoundException", "Group not found.")
        return found

    def person(self, user: User) -> Person:
        return self.directory.people.setdefault(user.id, Person())

    def touch(self, user: User) -> None:
        """UserLastModifiedDate, "the date and time when the item was modified" (botocore, UserType)."""
        user.last_modified_date = self.date

    def set_password(self, user: User, password: str, status: models.UserStatus) -> None:
        """A password, and the state that it brings; a temporary one begins to age."""
        user.password, user.status = password, status
        self.person(user).temporary_since = self.now
        self.touch(user)

    def is_expired(self, pool: Pool, user: User) -> bool:
        """Whether the user's temporary password may no longer be used (botocore, AdminCreateUser, TemporaryPassword)."""
        if user.status is not models.UserStatus.FORCE_CHANGE_PASSWORD:
            return False
        return self.now >= self.person(user).temporary_since + Policy.of(pool.extended_config).temporary_seconds

    def send(self, pool: Pool, user: User, attribute: str, subject: str, secret: str) -> None:
        """A message to the user's e-mail address or phone number."""
        medium = "EMAIL" if attribute == "email" else "SMS"
        destination = str(user.attribute_lookup[attribute])
        self.directory.mail.append(Mail(pool.id, user.username, medium, destination, self.now, subject, secret))

    def revoke(self, user: User) -> None:
        """End all sign-ins of the user: the refresh tokens and, for Cognito itself, the access tokens.

        https://docs.aws.amazon.com/cognito/latest/developerguide/token-revocation.html
        """
        for grant in self.directory.grants.values():
            if grant.user is user:
                grant.revoked = True

    def forget(self, user: User) -> None:
        """A user is deleted: who holds a token of theirs is told so."""
        self.directory.people.pop(user.id, None)
        self.revoke(user)
        for session in [name for name, one in self.directory.sessions.items() if one.user is user]:
            del self.directory.sessions[session]
