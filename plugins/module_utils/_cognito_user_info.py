# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Users of a pool for an operator to see: which of them, and what is told of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._cognito import (
    INVITED,
    PAGE,
    SERVICE,
    Directory,
    Pool,
    Tokens,
    User,
    Way,
    fetch_groups,
    fetch_groups_of,
    fetch_members,
    fetch_user,
    fetch_users,
    invitation_of,
    lists_are_quicker,
    name_problem,
    settable,
    shown_name,
    with_groups,
)
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

_NOT_ASKED = "It was not asked for (sign_ins)."
_NO_HISTORY = "The pool has no threat protection, so Cognito keeps no sign-ins."
_NO_EVENT = "There is no sign-in in the history that threat protection keeps; it has none from before it was turned on."


@dataclass(frozen=True)
class Selection:
    """Which users are asked for, and what of them.

    Attributes:
        names: Their names, or none for all.
        condition: Cognito's own filter.
        group: A group that they are in.
        statuses: States one of which they are in; empty for any.
        enabled: Whether they can sign in, or none for either.
        expired: Whether only those whose invitation has expired.
        groups: Whether their groups are told.
        mfa: Whether their MFA is told.
        sign_ins: Whether their last sign-in is told.
    """

    names: tuple[str, ...] | None = None
    condition: str = ""
    group: str = ""
    statuses: tuple[str, ...] = ()
    enabled: bool | None = None
    expired: bool = False
    groups: bool = True
    mfa: bool = False
    sign_ins: bool = False

    def at_cognito(self) -> str:
        """What Cognito can filter: one condition, on one attribute.

        model, ListUsers, Filter: `cognito:user_status`, and `status`, which is Enabled or Disabled.
        """
        if self.condition:
            return self.condition
        if len(self.statuses) == 1:
            return f'cognito:user_status = "{self.statuses[0]}"'
        if self.expired:
            return f'cognito:user_status = "{INVITED}"'
        if self.enabled is not None:
            return f'status = "{"Enabled" if self.enabled else "Disabled"}"'
        return ""

    def has(self, user: User, pool: Pool) -> bool:
        """Whether a user is one of those, but for its name, its group and Cognito's own filter."""
        invitation = invitation_of(user, pool)
        return (
            (not self.statuses or user.status in self.statuses)
            and (self.enabled is None or user.enabled is self.enabled)
            and (not self.expired or (invitation is not None and invitation.expired(pool.read_at)))
        )


def read_selection(given: Mapping[str, Any]) -> Selection:
    """The module's options.

    Raises:
        Refused: They do not go together.
    """
    names = given["users"]
    others = ("filter", "group", "status", "enabled", "expired_invitations")
    if names is not None and (also := [name for name in others if given[name] not in (None, "", [])]):
        raise Refused(f"users excludes {', '.join(also)}: name the users, or say which ones.")
    for name in (*(names or ()), *([given["group"]] if given["group"] else ())):
        if problem := name_problem(name):
            raise Refused(f"There is no {name!r}: {problem}.")
    if given["filter"] and given["group"]:
        raise Refused("Cognito cannot filter the members of a group. Give filter or group.")
    return Selection(
        names=None if names is None else tuple(names),
        condition=given["filter"] or "",
        group=given["group"] or "",
        statuses=tuple(given["status"] or ()),
        enabled=given["enabled"],
        expired=bool(given["expired_invitations"]),
        groups=given["groups"],
        mfa=given["mfa"],
        sign_ins=given["sign_ins"],
    )


class Found:
    """The users of a selection.

    Args:
        aws: The way to AWS.
        pool: The pool.
        selection: Which of its users.
        workers: How many calls are made at the same time.
    """

    def __init__(self, aws: Way, pool: Pool, selection: Selection, workers: int) -> None:
        self._aws, self._pool, self._selection, self._workers = aws, pool, selection, workers
        self.groups: tuple[str, ...] = ()
        self._users: dict[str, User] = {}

    def targets(self) -> list[Target]:
        """The users, after what can be read for all of them at once was read.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: There is no such group.
        """
        selection, pool = self._selection, self._pool
        self.groups = tuple(sorted(fetch_groups(self._aws, pool.id)))
        if selection.names is not None:
            if lists_are_quicker(pool, len(selection.names), selection.groups, self.groups):
                directory = Directory(pool, self._with_groups(fetch_users(self._aws, pool.id)))
                found = ((name, directory.find(name)) for name in selection.names)
                self._users = {name: user for name, user in found if user}
            return [Target(name) for name in selection.names]
        if selection.group:
            if selection.group not in self.groups:
                known = f"It has {', '.join(self.groups)}." if self.groups else "It has none."
                raise Refused(f"This pool has no group {selection.group}. {known}")
            users = fetch_members(self._aws, pool.id, selection.group)
        else:
            users = fetch_users(self._aws, pool.id, selection.at_cognito())
        users = self._with_groups([user for user in users if selection.has(user, pool)])
        self._users = {shown_name(pool, user): user for user in users}
        return [Target(name) for name in sorted(self._users)]

    def _with_groups(self, users: list[User]) -> list[User]:
        """The users with their groups, where the lists of members are quicker than one user after the other."""
        if not self._selection.groups or not lists_are_quicker(self._pool, len(users), True, self.groups):
            return users
        return with_groups(self._aws, self._pool.id, users, self.groups, self._workers)

    def read(self, target: Target) -> dict[str, Any]:
        """One user for the operator.

        Raises:
            AwsError: AWS refused, or did not answer.
            Refused: There is none.
        """
        pool, selection = self._pool, self._selection
        user = self._find(target.name)
        invitation = invitation_of(user, pool)
        last, unknown = self._last_sign_in(user)
        return {
            "user": shape_user(pool, user),
            "username": user.username,
            "sub": user.sub or None,
            "status": user.status,
            "enabled": user.enabled,
            "created": stamp(user.created),
            "modified": stamp(user.modified),
            "mfa": list(user.mfa or ()) if selection.mfa else None,
            "last_sign_in": last,
            "last_sign_in_unknown": unknown,
            "invitation": {
                "expires_at": stamp(invitation.expires_at),
                "expired": invitation.expired(pool.read_at),
                "sure": invitation.sure,
            }
            if invitation
            else None,
        }

    def _find(self, name: str) -> User:
        """A user with all that is asked for. Lists do not have its MFA."""
        selection, listed = self._selection, self._users.get(name)
        user = listed
        if listed is None or selection.mfa:
            user = fetch_user(self._aws, self._pool.id, listed.username if listed else name)
        if user is None:
            raise Refused(
                f"{name}: there is no such user in this pool.{self._meant(name)} Check the name, and the pool."
            )
        groups = listed.groups if listed else None
        if selection.groups and groups is None:
            groups = fetch_groups_of(self._aws, self._pool.id, user.username)
        return replace(user, groups=groups)

    def _meant(self, name: str) -> str:
        """A user of another case, as most names are in small letters; or nothing."""
        small = name.lower()
        if not self._pool.case_sensitive or small == name:
            return ""
        user = fetch_user(self._aws, self._pool.id, small)
        return f" Did you mean {small}?" if user else ""

    def _last_sign_in(self, user: User) -> tuple[str | None, str | None]:
        """When the user last signed in, or why that is not known."""
        if not self._selection.sign_ins:
            return None, _NOT_ASKED
        if self._pool.threat_protection == "OFF":
            return None, _NO_HISTORY
        named = {"UserPoolId": self._pool.id, "Username": user.username, "MaxResults": PAGE}
        try:
            # In which order they come, the API page does not say: all are read.
            events = self._aws.pages(SERVICE, "AdminListUserAuthEvents", "AuthEvents", **named)
        except AwsError as error:
            if error.code == "UserPoolAddOnNotEnabledException":
                return None, _NO_HISTORY
            raise
        passed = [
            event["CreationDate"]
            for event in events
            if event.get("EventType") == "SignIn" and event.get("EventResponse") == "Pass"
        ]
        return (stamp(max(passed)), None) if passed else (None, _NO_EVENT)


def shape_user(pool: Pool, user: User) -> dict[str, Any]:
    """A user as an element of the option `users` of `cognito_user`; giving it to the module changes nothing."""
    attributes = settable(pool, user)
    return {
        "name": shown_name(pool, user),
        "state": "present",
        "enabled": user.enabled,
        **({"attributes": attributes} if attributes else {}),
        **({"groups": list(user.groups)} if user.groups is not None else {}),
    }


def report_pool(pool: Pool, groups: Iterable[str], tokens: Tokens) -> dict[str, Any]:
    """The pool for the operator."""
    words = ("uppercase", "lowercase", "numbers", "symbols")
    return {
        "id": pool.id,
        "name": pool.name,
        "case_sensitive": pool.case_sensitive,
        "username_attributes": list(pool.username_attributes),
        "alias_attributes": list(pool.alias_attributes),
        "estimated_users": pool.estimated_users,
        "groups": list(groups),
        "password_policy": {
            "minimum_length": pool.minimum_length,
            **{f"require_{word}": word in pool.requires for word in words},
        },
        "temporary_password_days": pool.temporary_days,
        "threat_protection": pool.threat_protection,
        "access_token_seconds": tokens.access,
        "id_token_seconds": tokens.id,
        "refresh_token_seconds": tokens.refresh,
        "tokens_unknown": tokens.unknown or None,
    }
