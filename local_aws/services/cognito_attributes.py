# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the attributes of a user may be, and which of them name the user.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

from local_aws.protocol import AwsError
from local_aws.services.cognito_state import Pool, User, holder, verified

# "Phone numbers must follow these formatting rules: A phone number must start with a plus (+) sign, followed
# immediately by the country code. A phone number can only contain the + sign and digits" (the page above); E.164 has 15.
_FORMATS = {
    "email": (re.compile(r"[^\s@,;<>()\[\]\\\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"), "email address"),
    "phone_number": (re.compile(r"\+[1-9][0-9]{1,14}"), "phone number"),
}


def invalid(text: str) -> AwsError:
    return AwsError("InvalidParameterException", text)


def is_a(kind: str, value: str) -> bool:
    """Whether a text is an e-mail address or a phone number."""
    return bool(_FORMATS[kind][0].fullmatch(value))


def given(attributes: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """AttributeListType as a mapping."""
    return {str(one["Name"]): str(one.get("Value", "")) for one in attributes or ()}


def in_schema(pool: Pool, name: str) -> bool:
    """moto's schema is only what the pool was made with; the standard attributes are always there."""
    return name in pool.schema_attributes or name in CognitoIdpUserPoolAttribute.STANDARD_SCHEMA


def check(pool: Pool, attributes: Mapping[str, str], new: bool) -> None:
    """InvalidParameterException for an attribute that the pool has not, or a value that is no such thing."""
    unknown = [name for name in attributes if not in_schema(pool, name)]
    if unknown and new:
        lines = "".join(f"{name}: Attribute does not exist in the schema.\n" for name in unknown)
        raise invalid(f"Attributes did not conform to the schema: {lines}")
    if unknown:
        raise invalid("".join(f"user.{name}: Attribute does not exist in the schema.\n" for name in unknown))
    for name, (_pattern, kind) in _FORMATS.items():
        if attributes.get(name) and not is_a(name, attributes[name]):
            raise invalid(f"Invalid {kind} format.")


def named_by(pool: Pool, username: str) -> dict[str, str]:
    """The attribute that is the user's name in a pool whose users have none of their own; empty in other pools.

    botocore, AdminCreateUser, Username: "If your user pool only supports phone numbers or email addresses as sign-in
    attributes, Amazon Cognito automatically generates a username value".
    """
    kinds = pool.extended_config.get("UsernameAttributes") or []
    for kind in kinds:
        if is_a(kind, username):
            return {kind: username}
    if set(kinds) == {"email"}:
        raise invalid("Username should be an email.")
    if set(kinds) == {"phone_number"}:
        raise invalid("Username should be a phone number.")
    if kinds:
        raise invalid("Username should be either an email or a phone number.")
    for kind, (_pattern, words) in _FORMATS.items():
        if kind in (pool.extended_config.get("AliasAttributes") or ()) and is_a(kind, username):
            words = "email" if kind == "email" else words
            raise invalid(f"Username cannot be of {words} format, since user pool is configured for {words} alias.")
    return {}


def refuse_taken_alias(pool: Pool, attributes: Mapping[str, str], user: User | None, text: str) -> None:
    """AliasExistsException when another user signs in with one of the attributes.

    Where an address is only an alias, that is so once the new user's is verified (botocore, ForceAliasCreation: "used
    only if the phone_number_verified or email_verified attribute is set to True").
    """
    for kind, other in _others(pool, attributes, user):
        if other is not None:
            raise AwsError("AliasExistsException", text.format(kind))


def take_aliases(pool: Pool, attributes: Mapping[str, str]) -> None:
    """botocore, ForceAliasCreation: "The previous user will no longer be able to log in using that alias"."""
    for kind, other in _others(pool, attributes, None):
        if kind == "preferred_username":
            other.delete_attributes([kind])
        else:
            other.update_attributes([{"Name": f"{kind}_verified", "Value": "false"}])


def _others(pool: Pool, attributes: Mapping[str, str], user: User | None) -> list[tuple[str, User]]:
    names = pool.extended_config.get("UsernameAttributes") or ()
    found = []
    for kind in ("email", "phone_number", "preferred_username"):
        value = attributes.get(kind) or (user.attribute_lookup.get(kind) if user is not None else None)
        counts = kind in names or kind == "preferred_username" or _becomes_verified(attributes, user, kind)
        other = holder(pool, kind, value) if value and counts else None
        if other is not None and other is not user:
            found.append((kind, other))
    return found


def _becomes_verified(attributes: Mapping[str, str], user: User | None, kind: str) -> bool:
    stated = attributes.get(f"{kind}_verified")
    if stated is not None:
        return stated.lower() == "true"
    return user is not None and kind not in attributes and verified(user, kind)


def update(pool: Pool, user: User, attributes: Mapping[str, str]) -> None:
    """New values; a blank one deletes the attribute (botocore, AdminUpdateUserAttributes).

    A new address or number is not verified until somebody says so:
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
    """
    if "sub" in attributes:
        raise invalid("user.sub: Attribute cannot be updated.\n")
    check(pool, attributes, new=False)
    refuse_taken_alias(pool, attributes, user, "An account with the given {} already exists.")
    wanted = dict(attributes)
    for kind in _FORMATS:
        changed = kind in wanted and wanted[kind] != user.attribute_lookup.get(kind)
        if changed and f"{kind}_verified" not in wanted and f"{kind}_verified" in user.attribute_lookup:
            wanted[f"{kind}_verified"] = "false"
    user.update_attributes([{"Name": name, "Value": value} for name, value in wanted.items()])
    user.delete_attributes([name for name, value in wanted.items() if not value])
