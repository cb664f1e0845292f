# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""User pools of Cognito: what concerns all their users, and reading it.

Sources, by the short names that the comments use:

- model: botocore's text of the operation or shape (cognito-idp).
- guide: https://docs.aws.amazon.com/cognito/latest/developerguide/
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from ansible_collections.runbook.aws.plugins.module_utils._engine import gather
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import answered_at
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

SERVICE = "cognito-idp"

# model, Limit of ListUsers and of the other lists.
PAGE = 60

# Ways out that are an option of a module and a variable of a playbook, so that whoever runs either knows what to say.
RENEW = "renew_invitation: {0} (manage-users.yml: -e user_accounts_renew_invitation={0})"

# What each of them says about a user can be verified.
VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}

# What a user's status is who has not changed the temporary password yet.
INVITED = "FORCE_CHANGE_PASSWORD"

# What a user's status is who is known to an identity provider of somebody else, and of whom Cognito has a copy.
EXTERNAL = "EXTERNAL_PROVIDER"

# model, UsernameType and GroupNameType
_LONGEST_NAME = 128
_OTHERS = {" ": "a blank", "\t": "a tab", "\n": "a line break", "\r": "a line break"}

# model, UserPoolIdType
_POOL_ID = re.compile(r"[\w-]{1,45}_[0-9a-zA-Z]+")

# model, PasswordPolicyType, TemporaryPasswordValidityDays: "Defaults to 7"
_TEMPORARY_DAYS = 7

# model, RefreshTokenValidity: "the default value of 30 days"; AccessTokenValidity and IdTokenValidity: "valid for one
# hour"; each in its unit of TokenValidityUnits, which is hours, and days for refresh tokens, without one.
_TOKENS = {"AccessToken": (1, "hours"), "IdToken": (1, "hours"), "RefreshToken": (30, "days")}
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}


class Way(Protocol):
    """A way to AWS: `_aws.Aws`, or what is put in front of it."""

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """As `Aws.call`."""

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        """As `Aws.pages`."""


@dataclass(frozen=True)
class Attribute:
    """What a pool's schema says of one attribute.

    Attributes:
        name: With its prefix, for example `custom:department`.
        kind: String, Number, DateTime or Boolean.
        mutable: Whether it can be changed after the user was made.
        required: Whether every user has it.
        lengths: The shortest and longest text, none where there is no limit.
        values: The least and greatest number, none where there is no limit.
    """

    name: str
    kind: str = "String"
    mutable: bool = True
    required: bool = False
    lengths: tuple[int | None, int | None] = (None, None)
    values: tuple[int | None, int | None] = (None, None)


@dataclass(frozen=True)
class Pool:
    """A user pool, as far as it concerns its users.

    Attributes:
        id: Its ID.
        name: Its name.
        read_at: When it was read, by AWS's clock.
        schema: Its attributes by name.
        username_attributes: What users sign in with instead of a username: email, phone_number.
        alias_attributes: What users can sign in with beside their username: email, phone_number, preferred_username.
        case_sensitive: Whether names that differ in case are different users.
        verified_before_update: Attributes that keep their value until the user has verified another one.
        minimum_length: Of a password.
        requires: What else a password must have: uppercase, lowercase, numbers, symbols.
        temporary_days: How long a temporary password is valid.
        estimated_users: How many users it has, roughly.
        threat_protection: OFF, AUDIT or ENFORCED.
    """

    id: str
    name: str
    read_at: datetime
    schema: Mapping[str, Attribute] = field(default_factory=dict)
    username_attributes: tuple[str, ...] = ()
    alias_attributes: tuple[str, ...] = ()
    case_sensitive: bool = True
    verified_before_update: tuple[str, ...] = ()
    minimum_length: int = 8
    requires: tuple[str, ...] = ()
    temporary_days: int = _TEMPORARY_DAYS
    estimated_users: int = 0
    threat_protection: str = "OFF"

    def key(self, name: str) -> str:
        """What is equal for names of one user."""
        return name if self.case_sensitive else name.casefold()


@dataclass(frozen=True)
class User:
    """A user as it was found.

    Attributes:
        username: Cognito's name of it.
        status: Cognito's word, for example CONFIRMED.
        enabled: Whether it can sign in.
        created: When it was made.
        modified: When it was last changed.
        attributes: Its attributes by name, without `sub`.
        sub: The identifier that its tokens have.
        groups: Its groups by name; none when they were not read.
        mfa: The second factors that it has set up; none when they were not read: lists of users do not have them.
    """

    username: str
    status: str
    enabled: bool
    created: datetime
    modified: datetime
    attributes: Mapping[str, str] = field(default_factory=dict)
    sub: str = ""
    groups: tuple[str, ...] | None = None
    mfa: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Tokens:
    """How long the tokens of a pool are valid at most: the longest of all app clients, in seconds; none without one.

    Attributes:
        access: Of access tokens.
        id: Of ID tokens.
        refresh: Of refresh tokens.
        unknown: Why it could not be read, or empty.
    """

    access: int | None = None
    id: int | None = None
    refresh: int | None = None
    unknown: str = ""

    @property
    def offline(self) -> int | None:
        """How long one that was issued can be used with those who do not ask Cognito."""
        return max(self.access or 0, self.id or 0) or None


@dataclass(frozen=True)
class Invitation:
    """When a temporary password expires.

    Attributes:
        expires_at: At the latest.
        earliest: At the earliest; another moment where the user was changed after it was made, because Cognito does not
            tell whether that was a new temporary password.
    """

    expires_at: datetime
    earliest: datetime

    @property
    def sure(self) -> bool:
        """Whether both are the same moment, but for the time that making a user takes."""
        return self.expires_at - self.earliest < timedelta(minutes=1)

    def expired(self, now: datetime) -> bool:
        """Whether it cannot be used any more, whatever happened."""
        return now >= self.expires_at

    def perhaps(self, now: datetime) -> bool:
        """Whether that is not known."""
        return not self.sure and self.earliest <= now < self.expires_at


def invitation_of(user: User, pool: Pool) -> Invitation | None:
    """The invitation that a user has not accepted yet, or none.

    model, UserStatus: FORCE_CHANGE_PASSWORD is "signed in using a temporary password" only.
    """
    if user.status != INVITED:
        return None
    valid = timedelta(days=pool.temporary_days)
    return Invitation(user.modified + valid, user.created + valid)


def name_problem(name: str) -> str:
    """Why this cannot be the name of a user or a group, or nothing.

    model, UsernameType and GroupNameType: 1 to 128 of [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}], by their Unicode category.
    """
    if not 1 <= len(name) <= _LONGEST_NAME:
        return f"it has {len(name)} characters. Give 1 to {_LONGEST_NAME}"
    if other := next((letter for letter in name if unicodedata.category(letter)[0] not in "LMSNP"), ""):
        return f"it has U+{ord(other):04X} in it, {_OTHERS.get(other, 'which cannot be seen')}. Leave it out"
    return ""


def similar(name: str, there: Iterable[str]) -> str:
    """A sentence that names what may have been meant, with a blank before it, or nothing."""
    close = difflib.get_close_matches(name, list(there), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""


# --- reading ---------------------------------------------------------------------------------------------------------


def fetch_pool(aws: Way, pool_id: str) -> Pool:
    """Read a pool.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: The ID is none.
    """
    if not _POOL_ID.fullmatch(pool_id):
        raise Refused(
            f"user_pool_id {pool_id!r} is none: give the pool's ID, for example us-east-1_AbCdEfGhI, not its name or ARN."
        )
    answer = aws.call(SERVICE, "DescribeUserPool", UserPoolId=pool_id)
    found = answer["UserPool"]
    policy = found.get("Policies", {}).get("PasswordPolicy", {})
    legacy = found.get("AdminCreateUserConfig", {}).get("UnusedAccountValidityDays")
    return Pool(
        id=pool_id,
        name=found.get("Name", ""),
        read_at=answered_at(answer),
        schema={item["Name"]: _attribute(item) for item in found.get("SchemaAttributes") or ()},
        username_attributes=tuple(found.get("UsernameAttributes") or ()),
        alias_attributes=tuple(found.get("AliasAttributes") or ()),
        # model, UsernameConfigurationType, CaseSensitive: true "is the default value".
        case_sensitive=(found.get("UsernameConfiguration") or {}).get("CaseSensitive", True),
        verified_before_update=tuple(
            (found.get("UserAttributeUpdateSettings") or {}).get("AttributesRequireVerificationBeforeUpdate") or ()
        ),
        minimum_length=policy.get("MinimumLength", 8),
        requires=tuple(
            word
            for word in ("uppercase", "lowercase", "numbers", "symbols")
            if policy.get(f"Require{word.capitalize()}")
        ),
        # "If you submit a value of 0, Amazon Cognito treats it as a null value".
        temporary_days=policy.get("TemporaryPasswordValidityDays") or legacy or _TEMPORARY_DAYS,
        estimated_users=found.get("EstimatedNumberOfUsers") or 0,
        threat_protection=(found.get("UserPoolAddOns") or {}).get("AdvancedSecurityMode", "OFF"),
    )


def _attribute(item: Mapping[str, Any]) -> Attribute:
    text, number = item.get("StringAttributeConstraints") or {}, item.get("NumberAttributeConstraints") or {}
    return Attribute(
        item["Name"],
        item.get("AttributeDataType", "String"),
        item.get("Mutable", True),
        item.get("Required", False),
        (_number(text.get("MinLength")), _number(text.get("MaxLength"))),
        (_number(number.get("MinValue")), _number(number.get("MaxValue"))),
    )


def _number(text: Any) -> int | None:
    # Limits are texts in the API, and an attribute without one has an empty text there.
    return int(text) if text not in (None, "") else None


def fetch_groups(aws: Way, pool_id: str) -> dict[str, Mapping[str, Any]]:
    """All groups of a pool by name, as ListGroups gives them.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    listed = aws.pages(SERVICE, "ListGroups", "Groups", UserPoolId=pool_id, Limit=PAGE)
    return {group["GroupName"]: group for group in listed}


def fetch_members(aws: Way, pool_id: str, group: str) -> list[User]:
    """All users of a group, without their groups.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    listed = aws.pages(SERVICE, "ListUsersInGroup", "Users", UserPoolId=pool_id, GroupName=group, Limit=PAGE)
    return [read_user(item) for item in listed]


def fetch_users(aws: Way, pool_id: str, condition: str = "") -> list[User]:
    """All users of a pool, without their groups.

    Args:
        aws: The way to AWS.
        pool_id: The pool.
        condition: Cognito's own filter.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    also = {"Filter": condition} if condition else {}
    listed = aws.pages(SERVICE, "ListUsers", "Users", UserPoolId=pool_id, Limit=PAGE, **also)
    return [read_user(item) for item in listed]


def fetch_user(aws: Way, pool_id: str, name: str) -> User | None:
    """One user by its name or an alias, without its groups; none when there is none.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    try:
        answer = aws.call(SERVICE, "AdminGetUser", UserPoolId=pool_id, Username=name)
    except AwsError as error:
        if error.code == "UserNotFoundException":
            return None
        raise
    return replace(read_user(answer), mfa=tuple(sorted(answer.get("UserMFASettingList") or ())))


def fetch_groups_of(aws: Way, pool_id: str, username: str) -> tuple[str, ...]:
    """The groups of one user.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    listed = aws.pages(SERVICE, "AdminListGroupsForUser", "Groups", UserPoolId=pool_id, Username=username, Limit=PAGE)
    return tuple(sorted(group["GroupName"] for group in listed))


def read_user(answer: Mapping[str, Any]) -> User:
    """A user as AdminGetUser or one of the lists gives it."""
    listed = answer.get("UserAttributes", answer.get("Attributes")) or ()
    attributes = {item["Name"]: item.get("Value", "") for item in listed}
    return User(
        username=answer["Username"],
        status=answer.get("UserStatus", "UNKNOWN"),
        enabled=bool(answer.get("Enabled")),
        created=answer["UserCreateDate"],
        modified=answer["UserLastModifiedDate"],
        sub=attributes.pop("sub", ""),
        attributes=attributes,
    )


def fetch_tokens(aws: Way, pool_id: str, workers: int) -> Tokens:
    """How long tokens of the pool are valid.

    Raises:
        AwsError: AWS did not answer. A refusal is none: it is worth telling, not worth failing.
    """
    try:
        listed = aws.pages(SERVICE, "ListUserPoolClients", "UserPoolClients", UserPoolId=pool_id, MaxResults=PAGE)
        clients = [Target(client["ClientId"]) for client in listed]
        found = gather(lambda client: _client(aws, pool_id, client.name), clients, workers, (AwsError,))
        for client in found:
            if isinstance(client, AwsError):
                raise client
    except AwsError as error:
        if error.code not in ("AccessDeniedException", "NotAuthorizedException"):
            raise
        return Tokens(unknown=str(error))
    access, identity, refresh = (max((client[kind] for client in found), default=None) for kind in _TOKENS)
    return Tokens(access, identity, refresh)


def _client(aws: Way, pool_id: str, client_id: str) -> dict[str, int]:
    client = aws.call(SERVICE, "DescribeUserPoolClient", UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
    return {kind: token_seconds(client, kind) for kind in _TOKENS}


def token_seconds(client: Mapping[str, Any], kind: str) -> int:
    """How long a kind of token of an app client is valid.

    Args:
        client: As DescribeUserPoolClient gives it.
        kind: AccessToken, IdToken or RefreshToken.
    """
    usual, unit = _TOKENS[kind]
    validity = client.get(f"{kind}Validity") or 0
    if not validity:
        return usual * _UNITS[unit]
    return int(validity) * _UNITS[(client.get("TokenValidityUnits") or {}).get(kind) or unit]


def lists_are_quicker(pool: Pool, users: int, with_groups: bool, groups: Sequence[str]) -> bool:
    """Whether the pool's lists take less time to read than so many users one by one.

    By the rates of Cognito's categories (`_pace.RATES`): 30 pages a second against 120 users and the groups of 50. Each
    user is taken to be in two groups.
    """
    pages = -(-max(pool.estimated_users, 1) // PAGE)
    listing = (3 * pages + len(groups) if with_groups else pages) / 30
    return listing <= users / (50 if with_groups else 120)


def with_groups(aws: Way, pool_id: str, users: Iterable[User], groups: Sequence[str], workers: int) -> list[User]:
    """Users with their groups, from the lists of all groups' members.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    members = gather(
        lambda group: fetch_members(aws, pool_id, group.name), [Target(group) for group in groups], workers, ()
    )
    inside: dict[str, list[str]] = {}
    for group, listed in zip(groups, members, strict=True):
        for user in listed:
            inside.setdefault(user.username, []).append(group)
    return [replace(user, groups=tuple(sorted(inside.get(user.username, ())))) for user in users]


class Directory:
    """Users by the names that an operator knows them by.

    Args:
        pool: The pool.
        users: Its users.
    """

    def __init__(self, pool: Pool, users: Iterable[User]) -> None:
        self._pool = pool
        self._users: dict[str, User] = {}
        self._owners: dict[tuple[str, str], User] = {}
        for user in users:
            for attribute in (*pool.alias_attributes, *pool.username_attributes):
                value = user.attributes.get(attribute)
                if value and owns(pool, user, attribute):
                    self._owners[attribute, pool.key(value)] = user
                if value and attribute in pool.username_attributes:
                    self._users.setdefault(pool.key(value), user)
        for user in users:
            self._users[pool.key(user.username)] = user

    def find(self, name: str) -> User | None:
        """The user of this name, or none."""
        return self._users.get(self._pool.key(name))

    def owner(self, attribute: str, value: str) -> User | None:
        """Who signs in with this value of an attribute, or none."""
        return self._owners.get((attribute, self._pool.key(value)))


def owns(pool: Pool, user: User, attribute: str) -> bool:
    """Whether a user signs in with its value of an attribute.

    guide, user-pool-settings-attributes.html: an e-mail address or phone number is an alias when it is verified, and a
    username from the start.
    """
    if attribute in pool.username_attributes or attribute not in VERIFIED:
        return True
    return user.attributes.get(VERIFIED[attribute]) == "true"


def shown_name(pool: Pool, user: User) -> str:
    """What the user signs in with."""
    return next(
        (user.attributes[name] for name in pool.username_attributes if user.attributes.get(name)), user.username
    )


def settable(pool: Pool, user: User) -> dict[str, str]:
    """The attributes that a user like this one can be made with."""
    attributes = {
        name: value
        for name, value in user.attributes.items()
        if value and name in pool.schema and name not in VERIFIED.values()
    }
    for attribute, verified in VERIFIED.items():
        if attribute in attributes:
            attributes[verified] = user.attributes.get(verified, "false")
    return attributes
