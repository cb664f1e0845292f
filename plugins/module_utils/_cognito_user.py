# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is asked for the users of a pool, checked as far as that is possible without the pool, and then against it.

Values only: `_cognito_user_reader` reads, `_cognito_user_plan` plans.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._cognito import (
    VERIFIED,
    Attribute,
    Pool,
    name_problem,
    similar,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

COGNITO, HANDOVER, NOBODY = "cognito", "handover", "none"
NEVER, EXPIRED, ALWAYS = "never", "expired", "always"

USERS_SPEC: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "enabled": {"type": "bool"},
        "attributes": {"type": "dict"},
        "attributes_absent": {"type": "list", "elements": "str"},
        "groups": {"type": "list", "elements": "str"},
        "groups_absent": {"type": "list", "elements": "str"},
        "groups_exact": {"type": "bool", "default": False},
        "invite": {"type": "str", "choices": [COGNITO, HANDOVER, NOBODY], "default": COGNITO},
        "delivery": {"type": "list", "elements": "str", "choices": ["email", "sms"]},
        "renew_invitation": {"type": "str", "choices": [NEVER, EXPIRED, ALWAYS], "default": NEVER},
        "sign_out": {"type": "bool", "default": False},
    },
}

# What means nothing for a user that shall not be there.
_OF_PRESENT = (
    "enabled",
    "attributes",
    "attributes_absent",
    "groups",
    "groups_absent",
    "groups_exact",
    "delivery",
    "sign_out",
)

# guide, user-pool-settings-attributes.html: "a valid email address, following the standard email format"; a phone number
# begins with + and the country's code, with nothing but digits (E.164).
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_FORMS = {
    "email": (_EMAIL, "an e-mail address, for example jane@example.com"),
    "phone_number": (_PHONE, "a phone number, + and nothing but digits, for example +14255550123"),
}
_BOOLEANS = ("true", "false")
_SUB = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Set by Cognito alone: guide, user-pool-settings-attributes.html, "sub"; `identities` of federated users.
_RESERVED = ("sub", "identities")


@dataclass(frozen=True)
class Wish:
    """What is asked for one user; what is none or empty is left alone.

    Attributes:
        absent: Whether it shall not be there.
        enabled: Whether it can sign in.
        attributes: Attributes to set, as text.
        removed: Attributes to remove.
        groups: Groups that it shall be in.
        groups_absent: Groups that it shall not be in.
        exact: Whether it shall be in no others.
        invite: How it gets a temporary password.
        delivery: How Cognito sends it, in Cognito's words.
        renew: What becomes of an invitation that was not accepted.
        sign_out: Whether it is signed out.
    """

    absent: bool = False
    enabled: bool | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    groups_absent: tuple[str, ...] = ()
    exact: bool = False
    invite: str = COGNITO
    delivery: tuple[str, ...] = ()
    renew: str = NEVER
    sign_out: bool = False

    @property
    def needs_groups(self) -> bool:
        """Whether the user's groups have to be known."""
        return self.absent or self.exact or bool(self.groups or self.groups_absent)


# --- without the pool ------------------------------------------------------------------------------------------------


def read_targets(users: Sequence[Mapping[str, Any]], handover: bool) -> list[Target]:
    """The module's option as targets.

    Args:
        users: The option.
        handover: Whether it is said where passwords are left.

    Raises:
        Refused: With every user that is asked for in a wrong way.
    """
    targets, refusals = [], []
    for user in users:
        try:
            targets.append(Target(user["name"], _read_wish(user, handover)))
        except Refused as refusal:
            refusals.append(str(refusal))
    if refusals:
        raise Refused(listed(refusals, len(users)))
    return targets


def listed(refusals: Sequence[str], total: int) -> str:
    """Everything that is wrong, in one message."""
    lines = "\n".join(f"- {refusal}" for refusal in refusals)
    return f"{len(refusals)} of {total} are not valid, nothing was written:\n{lines}"


def _read_wish(user: Mapping[str, Any], handover: bool) -> Wish:
    name = user["name"]
    if problem := name_problem(name):
        raise Refused(f"{name!r} cannot be the name of a user: {problem}.")
    if user["state"] == "absent":
        if given := [option for option in _OF_PRESENT if user.get(option)]:
            raise Refused(f"{name}: {', '.join(given)} means nothing with state: absent. Leave it out.")
        return Wish(absent=True)
    attributes = {str(key): _text(name, str(key), value) for key, value in (user.get("attributes") or {}).items()}
    removed = tuple(dict.fromkeys(user.get("attributes_absent") or ()))
    _check_attributes(name, attributes, removed)
    groups, groups_absent = _read_groups(user)
    invite, renew = user["invite"], user["renew_invitation"]
    if invite == HANDOVER and not handover:
        raise Refused(
            f"{name}: invite is handover. Say with handover where the password is left: secret_prefix or file."
        )
    if invite == NOBODY and renew != NEVER:
        raise Refused(f"{name}: an invitation cannot be renewed with invite: none. Say cognito or handover.")
    delivery = tuple(dict.fromkeys(user.get("delivery") or ()))
    if delivery and invite != COGNITO:
        raise Refused(f"{name}: delivery is how Cognito sends its message. Leave it out with invite: {invite}.")
    return Wish(
        enabled=user.get("enabled"),
        attributes=attributes,
        removed=removed,
        groups=groups,
        groups_absent=groups_absent,
        exact=bool(user.get("groups_exact")),
        invite=invite,
        delivery=tuple(medium.upper() for medium in delivery),
        renew=renew,
        sign_out=bool(user.get("sign_out")),
    )


def _text(name: str, attribute: str, value: Any) -> str:
    """An attribute's value as Cognito takes it, which is always text."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, Mapping | list | tuple):
        kind = "empty" if value is None else type(value).__name__
        raise Refused(f"{name}: the attribute {attribute} is {kind}. Give a text; attributes_absent removes one.")
    text = str(value)
    if not text:
        # model, AdminUpdateUserAttributes: "To delete an attribute ... a blank value".
        raise Refused(f"{name}: the attribute {attribute} is an empty text. Name it in attributes_absent to remove it.")
    return text.lower() if attribute in VERIFIED.values() else text


def _check_attributes(name: str, attributes: Mapping[str, str], removed: Iterable[str]) -> None:
    for attribute in (*attributes, *removed):
        if attribute in _RESERVED or attribute.startswith("cognito:"):
            raise Refused(f"{name}: the attribute {attribute} is Cognito's own and cannot be changed. Leave it out.")
    if both := sorted(attributes.keys() & set(removed)):
        raise Refused(f"{name}: {', '.join(both)} is asked for in two ways. Give each attribute once.")
    for attribute, verified in VERIFIED.items():
        if attribute in attributes and verified not in attributes:
            raise Refused(
                f"{name}: {attribute} without {verified}. Say {verified}: true if you know that it is the user's own,"
                " so that a forgotten password can be replaced, or false."
            )
        if attributes.get(verified, "true") not in _BOOLEANS:
            raise Refused(f"{name}: {verified} is {attributes[verified]!r}. Give true or false.")
        form, what = _FORMS[attribute]
        if attribute in attributes and not form.fullmatch(attributes[attribute]):
            raise Refused(f"{name}: {attribute} {attributes[attribute]!r} is not {what}.")


def _read_groups(user: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    name = user["name"]
    groups = tuple(dict.fromkeys(user.get("groups") or ()))
    absent = tuple(dict.fromkeys(user.get("groups_absent") or ()))
    for group in (*groups, *absent):
        if problem := name_problem(group):
            raise Refused(f"{name}: {group!r} cannot be the name of a group: {problem}.")
    if user.get("groups_exact") and user.get("groups") is None:
        raise Refused(f"{name}: groups_exact needs groups. Give groups: [] to remove it from all of them.")
    if user.get("groups_exact") and absent:
        raise Refused(f"{name}: groups_exact removes all other groups already. Leave out groups_absent.")
    if both := sorted(set(groups) & set(absent)):
        raise Refused(f"{name}: {', '.join(both)} is in groups and in groups_absent. Give each group once.")
    return groups, absent


# --- against the pool ------------------------------------------------------------------------------------------------


def refuse_same(pool: Pool, targets: Sequence[Target]) -> None:
    """Refuse names that are one user, and values that two users cannot both sign in with.

    Raises:
        Refused: With all of them.
    """
    names: dict[str, list[str]] = {}
    values: dict[tuple[str, str], list[str]] = {}
    for target in targets:
        names.setdefault(pool.key(target.name), []).append(target.name)
        for attribute, value in taken_aliases(pool, target.desired).items():
            values.setdefault((attribute, pool.key(value)), []).append(target.name)
    refusals = [
        f"{', '.join(same)}: one user, because this pool's names are not case-sensitive."
        for same in names.values()
        if len(set(same)) > 1
    ] + [
        f"{', '.join(same)}: all would sign in with the {attribute} {value}. Give each its own."
        for (attribute, value), same in values.items()
        if len(set(same)) > 1
    ]
    if refusals:
        raise Refused(listed(refusals, len(targets)))


def taken_aliases(pool: Pool, wish: Wish) -> dict[str, str]:
    """Values that a wish makes its user sign in with, by attribute, so that no other user can have them."""
    return {
        attribute: wish.attributes[attribute]
        for attribute in (*pool.alias_attributes, *pool.username_attributes)
        if attribute in wish.attributes
        and (
            attribute in pool.username_attributes
            or attribute not in VERIFIED
            or wish.attributes.get(VERIFIED[attribute]) == "true"
        )
    }


def username_attribute(pool: Pool, name: str) -> str | None:
    """Which attribute of the pool a name is a value of, or none."""
    return next(
        (attribute for attribute in pool.username_attributes if _FORMS[attribute][0].fullmatch(name)),
        None,
    )


def check_new_name(pool: Pool, name: str) -> None:
    """Refuse a name that the pool takes for no new user.

    Raises:
        Refused: It takes it not.
    """
    if pool.username_attributes:
        if _SUB.fullmatch(name):
            raise Refused(
                f"{name}: there is no such user. A new one is named by its"
                f" {' or '.join(pool.username_attributes)}, and Cognito makes the username."
            )
        if username_attribute(pool, name) is None:
            forms = " or ".join(_FORMS[attribute][1] for attribute in pool.username_attributes)
            raise Refused(f"{name}: users of this pool sign in with {forms}. Give that as the name.")
    elif "email" in pool.alias_attributes and _EMAIL.fullmatch(name):
        # AWS: "Username cannot be of email format, since user pool is configured for email alias."
        raise Refused(
            f"{name}: in a pool with e-mail addresses as aliases a username cannot be one. Give another name, and the"
            " address as the attribute email."
        )


def check_schema(pool: Pool, name: str, attributes: Mapping[str, str], removed: Iterable[str]) -> None:
    """Hold attributes against the pool's schema.

    Raises:
        Refused: There is no such attribute, it has another form, or it cannot be removed.
    """
    for attribute in (*attributes, *removed):
        if attribute not in pool.schema:
            hint = similar(attribute, pool.schema)
            if f"custom:{attribute}" in pool.schema:
                hint = f" Did you mean custom:{attribute}?"
            raise Refused(f"{name}: this pool has no attribute {attribute}.{hint}")
    for attribute, value in attributes.items():
        if problem := _problem(pool.schema[attribute], value):
            raise Refused(f"{name}: the attribute {attribute} {problem}.")
    for attribute in removed:
        if pool.schema[attribute].required:
            raise Refused(f"{name}: every user of this pool has the attribute {attribute}, so it cannot be removed.")


def _problem(attribute: Attribute, value: str) -> str:
    """What is wrong with a value, or nothing."""
    if attribute.kind == "Boolean" and value.lower() not in _BOOLEANS:
        return f"is {value!r}: give true or false"
    if attribute.kind == "Number":
        if not re.fullmatch(r"-?\d+", value):
            return f"is {value!r}: give a whole number"
        return _outside(int(value), attribute.values, "is {0}")
    if attribute.kind == "String":
        return _outside(len(value), attribute.lengths, "has {0} characters")
    return ""


def _outside(number: int, limits: tuple[int | None, int | None], said: str) -> str:
    least, most = limits
    if least is not None and number < least:
        return f"{said.format(number)}: give {least} or more"
    if most is not None and number > most:
        return f"{said.format(number)}: give {most} at most"
    return ""
