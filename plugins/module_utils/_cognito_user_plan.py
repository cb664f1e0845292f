# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a user gets from what is there to what is asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._cognito import (
    EXTERNAL,
    RENEW,
    SERVICE,
    VERIFIED,
    Pool,
    Tokens,
    User,
    invitation_of,
    settable,
    shown_name,
    similar,
)
from ansible_collections.runbook.aws.plugins.module_utils._cognito_handover import PASSWORD, Handover
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user import (
    ALWAYS,
    COGNITO,
    EXPIRED,
    HANDOVER,
    NEVER,
    NOBODY,
    Wish,
    check_new_name,
    check_schema,
    username_attribute,
)
from ansible_collections.runbook.aws.plugins.module_utils._moments import stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Target

# When AWS answered, by its own clock: what is valid for a time is valid from then on.
_ANSWERED = "ResponseMetadata.HTTPHeaders.date"
# What calls learn for `confirm_user` and for later calls.
_INVITED, _SIGNED_OUT, _USERNAME = "_invited", "_signed_out", "_username"


@dataclass(frozen=True)
class Context:
    """What concerns all users of a task.

    Attributes:
        pool: The pool.
        groups: The names of its groups, if they are needed.
        handover: Where passwords are left, if it is said.
        tokens: How long tokens are valid, if it is needed.
    """

    pool: Pool
    groups: tuple[str, ...] = ()
    handover: Handover | None = None
    tokens: Tokens = field(default_factory=Tokens)


@dataclass(frozen=True)
class State:
    """What was read for one user.

    Attributes:
        user: The user, or none.
        owners: Other users who sign in with a value that is asked for, by attribute.
        secret: Whether the secret for its password is there already.
    """

    user: User | None
    owners: Mapping[str, str] = field(default_factory=dict)
    secret: bool = False


@dataclass(frozen=True)
class UserPlan(Plan):
    """A plan that knows what to tell of what it did.

    Attributes:
        invited: How the user was invited, and where the password is left; none when it was not.
        valid: How long the temporary password is valid.
        offline: How long tokens that were issued are accepted, in seconds, if that is known.
    """

    invited: tuple[str, str | None] | None = None
    valid: timedelta = timedelta(0)
    offline: int | None = None


def plan_user(target: Target, state: State, context: Context) -> UserPlan:
    """How one user gets from what is there to what is asked.

    Args:
        target: The user's name, and a `Wish`.
        state: What was found.
        context: What concerns all users.

    Raises:
        Refused: Cognito would refuse it, or it would not last.
    """
    return _Planner(target.name, target.desired, state, context).plan()


def invites(wish: Wish, user: User | None, pool: Pool) -> bool:
    """Whether the user gets a temporary password."""
    if wish.absent:
        return False
    if user is None:
        return True
    invitation = invitation_of(user, pool)
    # model, AdminDisableUser: such a user "can't sign in", so it would expire unused.
    usable = user.enabled if wish.enabled is None else wish.enabled
    if invitation is None or not usable:
        return False
    return wish.renew == ALWAYS or (wish.renew == EXPIRED and invitation.expired(pool.read_at))


class _Planner:
    """One user's plan. What its parts have in common is worked out once."""

    def __init__(self, name: str, wish: Wish, state: State, context: Context) -> None:
        self._name, self._wish, self._state, self._context = name, wish, state, context
        self._pool = context.pool
        self._in_pool = {"UserPoolId": context.pool.id}

    def plan(self) -> UserPlan:
        user = self._state.user
        if self._wish.absent:
            return self._deletion(user) if user else self._nothing()
        for attribute, owner in self._state.owners.items():
            raise Refused(
                f"{self._name}: the user {owner} signs in with the {attribute}"
                f" {self._wish.attributes[attribute]}. Take it from that user first, or give another one."
            )
        self._check_groups()
        return self._change(user) if user else self._creation()

    def _check_groups(self) -> None:
        unknown = [group for group in self._wish.groups if group not in self._context.groups]
        if unknown:
            hints = "".join(similar(group, self._context.groups) for group in unknown)
            raise Refused(
                f"{self._name}: this pool has no group {', '.join(unknown)}.{hints} Make it first with cognito_group, or"
                " in the file of manage-users.yml (YAML) with groups."
            )

    # --- a user that goes

    def _nothing(self) -> UserPlan:
        gone = {"name": self._name, "state": "absent"}
        return UserPlan(gone, gone)

    def _deletion(self, user: User) -> UserPlan:
        if user.status == EXTERNAL:
            raise Refused(
                f"{self._name}: it comes from an external identity provider, and its next sign-in would make it again."
                " Disable it (enabled: false), or remove it there first."
            )
        before = {
            "name": shown_name(self._pool, user) if self._pool.username_attributes else self._name,
            "state": "present",
            "enabled": user.enabled,
            "attributes": settable(self._pool, user),
            "groups": list(user.groups or ()),
            # Nobody is sent a message because something is undone.
            "invite": NOBODY,
        }
        note = (
            "A user that is deleted does not come back: undone, there is a new one of this name with another sub and no"
            f" password. Invite it with {RENEW.format(ALWAYS)}."
        )
        calls = (Call(SERVICE, "AdminDeleteUser", self._of(user)),)
        return UserPlan(before, {"name": before["name"], "state": "absent"}, calls, (note,))

    # --- a user that comes

    def _creation(self) -> UserPlan:
        wish, pool = self._wish, self._pool
        check_new_name(pool, self._name)
        attributes = {**self._name_as_attribute(), **wish.attributes}
        check_schema(pool, self._name, attributes, wish.removed)
        for attribute, verified in VERIFIED.items():
            if attribute not in attributes and attributes.get(verified) == "true":
                # model, AdminCreateUser, email: needed "when you want to set email_verified to true".
                raise Refused(f"{self._name}: {verified} without {attribute}. Give both, or none.")
        arguments = {
            **self._in_pool,
            "Username": self._name,
            "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()],
        }
        calls = [
            *self._creating_calls(arguments, attributes),
            *((self._later("AdminDisableUser"),) if wish.enabled is False else ()),
            *(self._later("AdminAddUserToGroup", GroupName=group) for group in wish.groups),
        ]
        after: dict[str, Any] = {"name": self._name, "state": "present"}
        after |= {"enabled": wish.enabled} if wish.enabled is not None else {}
        after |= {"attributes": attributes} if attributes else {}
        after |= {"groups": list(wish.groups)} if wish.groups or wish.exact else {}
        after |= {"groups_exact": True} if wish.exact else {}
        return UserPlan({"name": self._name, "state": "absent"}, after, tuple(calls), **self._told(invited=True))

    def _name_as_attribute(self) -> dict[str, str]:
        """The address or number that the user signs in with, where that is its name."""
        attribute = username_attribute(self._pool, self._name)
        if attribute is None:
            return {}
        if VERIFIED[attribute] not in self._wish.attributes:
            raise Refused(
                f"{self._name}: say with the attribute {VERIFIED[attribute]} whether the {attribute} is verified. true,"
                " if you know that it is the user's own, so that a forgotten password can be replaced."
            )
        given = self._wish.attributes.get(attribute, self._name)
        if self._pool.key(given) != self._pool.key(self._name):
            raise Refused(
                f"{self._name}: its {attribute} is {given}. In this pool it is the name: give the same twice."
            )
        return {attribute: self._name}

    def _creating_calls(self, arguments: Mapping[str, Any], attributes: Mapping[str, str]) -> list[Call]:
        learns = {_INVITED: _ANSWERED, _USERNAME: "User.Username"}
        if self._wish.invite == COGNITO:
            media = {"DesiredDeliveryMediums": self._media(attributes)}
            return [Call(SERVICE, "AdminCreateUser", {**arguments, **media}, learns=learns)]
        quiet = {**arguments, "MessageAction": "SUPPRESS"}
        if self._wish.invite == NOBODY:
            return [Call(SERVICE, "AdminCreateUser", quiet, learns=learns)]
        create = Call(SERVICE, "AdminCreateUser", quiet, learns=learns, taken={"TemporaryPassword": PASSWORD})
        return [self._handing_over(), create]

    def _later(self, operation: str, **arguments: str) -> Call:
        """A call for a user that this plan makes."""
        if self._pool.username_attributes:
            # Cognito makes the username, and its answer tells it.
            return Call(SERVICE, operation, {**self._in_pool, **arguments}, taken={"Username": _USERNAME})
        return Call(SERVICE, operation, {**self._in_pool, "Username": self._name, **arguments})

    # --- a user that is there

    def _change(self, user: User) -> UserPlan:
        wish = self._wish
        changes, removed = self._attribute_changes(user), self._removed(user)
        groups = set(user.groups or ())
        joined = [group for group in wish.groups if group not in groups]
        left = sorted(groups - set(wish.groups)) if wish.exact else [g for g in wish.groups_absent if g in groups]
        renewed = invites(wish, user, self._pool)
        disables, enables = (wish.enabled is is_on and user.enabled is not is_on for is_on in (False, True))
        of_user = self._of(user)
        calls: list[Call] = []
        if disables:
            calls.append(Call(SERVICE, "AdminDisableUser", of_user))
        # Whatever is left from before is not to be valid again for one that is enabled.
        if disables or enables or wish.sign_out:
            calls.append(Call(SERVICE, "AdminUserGlobalSignOut", of_user, learns={_SIGNED_OUT: _ANSWERED}))
        calls += [Call(SERVICE, "AdminRemoveUserFromGroup", {**of_user, "GroupName": group}) for group in left]
        if changes:
            listed = [{"Name": name, "Value": value} for name, value in changes.items()]
            calls.append(Call(SERVICE, "AdminUpdateUserAttributes", {**of_user, "UserAttributes": listed}))
        if removed:
            calls.append(Call(SERVICE, "AdminDeleteUserAttributes", {**of_user, "UserAttributeNames": removed}))
        if enables:
            calls.append(Call(SERVICE, "AdminEnableUser", of_user))
        calls += [Call(SERVICE, "AdminAddUserToGroup", {**of_user, "GroupName": group}) for group in joined]
        if renewed:
            calls += self._renewal(user, of_user)
        before, after = self._shapes(user)
        notes = tuple(self._notes(user, renewed, disables or wish.sign_out))
        return UserPlan(before, after, tuple(calls), notes, **self._told(renewed))

    def _attribute_changes(self, user: User) -> dict[str, str]:
        """The attributes that have to be written."""
        wish, pool = self._wish, self._pool
        check_schema(pool, self._name, wish.attributes, wish.removed)
        changes = {name: value for name, value in wish.attributes.items() if not self._has(user, name, value)}
        if (changes or wish.removed) and user.status == EXTERNAL:
            raise Refused(
                f"{self._name}: it comes from an external identity provider, which would write its attributes over these"
                " at the next sign-in. Change them there."
            )
        for name in changes:
            if not pool.schema[name].mutable:
                raise Refused(
                    f"{self._name}: the attribute {name} of this pool cannot be changed, and it is"
                    f" {user.attributes.get(name, 'not set')!r}. Leave it out, or make the user anew."
                )
        for attribute, verified in VERIFIED.items():
            self._check_verified(user, changes, attribute, verified)
            if attribute in changes:
                # Without it in the same call the new value is not verified: model, AdminUpdateUserAttributes.
                changes[verified] = wish.attributes[verified]
        return changes

    def _has(self, user: User, name: str, value: str) -> bool:
        """Whether an attribute has a value already."""
        # One that was never set counts as not verified.
        there = user.attributes.get(name, "false" if name in VERIFIED.values() else None)
        if there is None or there == value:
            return there == value
        signs_in = name in (*self._pool.alias_attributes, *self._pool.username_attributes)
        return signs_in and self._pool.key(there) == self._pool.key(value)

    def _check_verified(self, user: User, changes: Mapping[str, str], attribute: str, verified: str) -> None:
        """Refuse what Cognito would take in another way than it is meant."""
        pool = self._pool
        if changes.get(verified) == "true" and attribute not in {**user.attributes, **changes}:
            raise Refused(f"{self._name}: {verified} without {attribute}, which it has not. Give both.")
        if attribute not in changes:
            return
        if attribute in pool.username_attributes and pool.key(user.username) != pool.key(self._name):
            raise Refused(
                f"{self._name}: in this pool its {attribute} is its name. To give it another one, name it by its"
                f" username {user.username}."
            )
        if attribute in pool.verified_before_update and self._wish.attributes[verified] != "true":
            # model, UserAttributeUpdateSettingsType: Cognito "doesn't change the value" until the user has confirmed it.
            raise Refused(
                f"{self._name}: this pool changes the {attribute} only when it is verified. Say {verified}: true, or let"
                " the user change it."
            )

    def _removed(self, user: User) -> list[str]:
        for name in self._wish.removed:
            if name in self._pool.username_attributes:
                raise Refused(f"{self._name}: users of this pool sign in with their {name}, so it cannot be removed.")
            if name in user.attributes and not self._pool.schema[name].mutable:
                raise Refused(f"{self._name}: the attribute {name} of this pool cannot be changed. Leave it out.")
        return [name for name in self._wish.removed if name in user.attributes]

    def _renewal(self, user: User, of_user: Mapping[str, str]) -> list[Call]:
        if self._wish.invite == COGNITO:
            # model, AdminCreateUser, MessageAction: RESEND resets "the temporary-password duration".
            media = self._media({**user.attributes, **self._wish.attributes})
            resend = {**of_user, "MessageAction": "RESEND", "DesiredDeliveryMediums": media}
            return [Call(SERVICE, "AdminCreateUser", resend, learns={_INVITED: _ANSWERED})]
        # RESEND always sends a message. model, AdminSetUserPassword: "If the user doesn't sign in before the temporary
        # password expires ... you must repeat this operation".
        arguments: dict[str, Any] = {**of_user, "Permanent": False}
        learns = {_INVITED: _ANSWERED}
        renew = Call(SERVICE, "AdminSetUserPassword", arguments, learns=learns, taken={"Password": PASSWORD})
        return [self._handing_over(), renew]

    # --- what both have

    def _of(self, user: User) -> dict[str, str]:
        return {**self._in_pool, "Username": user.username}

    def _handing_over(self) -> Call:
        handover = self._context.handover
        if handover is None:
            raise Refused(f"{self._name}: say with handover where the password is left: secret_prefix or file.")
        return handover.call(self._pool.id, self._name, self._state.secret)

    def _media(self, attributes: Mapping[str, str]) -> list[str]:
        """How Cognito sends its message."""
        needs = {"EMAIL": "email", "SMS": "phone_number"}
        has = [medium for medium, attribute in needs.items() if attribute in attributes]
        if not has:
            raise Refused(
                f"{self._name}: Cognito cannot invite a user with neither email nor phone_number. Give one, or say"
                " invite: handover or none."
            )
        if missing := [needs[medium] for medium in self._wish.delivery if medium not in has]:
            raise Refused(
                f"{self._name}: delivery needs the attribute {', '.join(missing)}, which it has not. Give it."
            )
        return list(self._wish.delivery or has[:1])

    def _told(self, invited: bool) -> dict[str, Any]:
        """What a plan remembers for `confirm_user`."""
        by, handover = self._wish.invite, self._context.handover
        where = handover.place(self._name) if by == HANDOVER and handover else None
        return {
            "invited": (by, where) if invited else None,
            "valid": timedelta(days=self._pool.temporary_days),
            "offline": self._context.tokens.offline,
        }

    def _shapes(self, user: User) -> tuple[dict[str, Any], dict[str, Any]]:
        """The state before and after, as elements of the module's option."""
        wish = self._wish
        before: dict[str, Any] = {"name": self._name, "state": "present"}
        after: dict[str, Any] = {"name": self._name, "state": "present"}
        if wish.enabled is not None:
            before["enabled"], after["enabled"] = user.enabled, wish.enabled
        had, had_not = self._former_attributes(user)
        for shape, attributes, absent in (
            (before, had, had_not),
            (after, dict(wish.attributes), list(wish.removed)),
        ):
            shape.update({"attributes": attributes} if attributes else {})
            shape.update({"attributes_absent": absent} if absent else {})
        groups = user.groups or ()
        if wish.exact:
            before |= {"groups": list(groups), "groups_exact": True}
            after |= {"groups": list(wish.groups), "groups_exact": True}
            return before, after
        named = (*wish.groups, *wish.groups_absent)
        for shape, inside, outside in (
            (before, [g for g in named if g in groups], [g for g in named if g not in groups]),
            (after, list(wish.groups), list(wish.groups_absent)),
        ):
            shape.update({"groups": inside} if inside else {})
            shape.update({"groups_absent": outside} if outside else {})
        return before, after

    def _former_attributes(self, user: User) -> tuple[dict[str, str], list[str]]:
        """Of the attributes that are named: what they were, and which were not there."""
        named = dict.fromkeys((*self._wish.attributes, *self._wish.removed))
        had = {name: user.attributes[name] for name in named if name in user.attributes}
        had_not = [name for name in named if name not in had]
        for attribute, verified in VERIFIED.items():
            if attribute in had and verified not in had:
                # Giving back an address or a number says whether it was verified.
                had[verified] = user.attributes.get(verified, "false")
                had_not = [name for name in had_not if name != verified]
        return had, had_not

    def _notes(self, user: User, renewed: bool, ends: bool) -> Iterable[str]:
        """What the operator should know besides what changes."""
        invitation, now = invitation_of(user, self._pool), self._pool.read_at
        if invitation and not renewed and user.enabled:
            if invitation.expired(now) and self._wish.renew == NEVER:
                yield (
                    f"{self._name}: its invitation has expired ({stamp(invitation.expires_at)}), so it can neither sign in"
                    f" nor reset its password. Say {RENEW.format(EXPIRED)}."
                )
            if invitation.perhaps(now) and self._wish.renew == EXPIRED:
                yield (
                    f"{self._name}: its invitation may have expired ({stamp(invitation.earliest)}), because the user was"
                    f" changed since it was made and Cognito does not tell how. To be sure say {RENEW.format(ALWAYS)}."
                )
        tokens = self._context.tokens
        if ends and tokens.unknown:
            yield (
                "How long tokens that were issued before are accepted by those who do not ask Cognito is not observable,"
                f" at most a day: {tokens.unknown}"
            )
        elif ends and tokens.offline:
            # model, AdminUserGlobalSignOut: "Other requests might be valid until your user's token expires."
            yield (
                f"Tokens that were issued before are accepted for up to {tokens.offline} seconds more by those who check"
                " them without asking Cognito, for example an API's authorizer."
            )


def confirm_user(_target: Target, plan: UserPlan, learned: Mapping[str, Any]) -> dict[str, Any]:
    """What the result of a user tells beside its state.

    Args:
        plan: What was done.
        learned: What the calls learned.
    """
    fields: dict[str, Any] = {}
    if plan.invited:
        by, where = plan.invited
        begin = learned.get(_INVITED)
        expires = stamp(parsedate_to_datetime(begin) + plan.valid) if begin else None
        fields["invitation"] = {"by": by, "where": where, "expires_at": expires}
    if begin := learned.get(_SIGNED_OUT):
        until = parsedate_to_datetime(begin) + timedelta(seconds=plan.offline) if plan.offline else None
        fields["tokens_valid_until"] = stamp(until) if until else None
    return fields
