# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.small_pool import BY_EMAIL, MAIL, POOL, invited, operations, planned, user

from ansible_collections.runbook.aws.plugins.module_utils._cognito import Tokens, User
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user_info import (
    Selection,
    read_selection,
    report_pool,
    shape_user,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused
from ansible_collections.runbook.aws.plugins.modules.cognito_user_info import SPEC


def selection(**options: Any) -> Selection:
    checked = ArgumentSpecValidator(SPEC).validate({"user_pool_id": POOL.id, **options})
    assert checked.error_messages == []
    # Ansible gives an option that was not given as none.
    return read_selection({**dict.fromkeys(SPEC), **checked.validated_parameters})


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        ({}, ""),
        ({"filter": 'email ^= "jane"', "status": ["CONFIRMED"]}, 'email ^= "jane"'),
        ({"status": ["CONFIRMED"], "enabled": True}, 'cognito:user_status = "CONFIRMED"'),
        ({"status": ["CONFIRMED", "UNCONFIRMED"]}, ""),
        ({"expired_invitations": True}, 'cognito:user_status = "FORCE_CHANGE_PASSWORD"'),
        ({"enabled": False}, 'status = "Disabled"'),
        ({"enabled": True}, 'status = "Enabled"'),
    ],
)
def test_cognito_filters_what_it_can(options: dict[str, Any], condition: str) -> None:
    assert selection(**options).at_cognito() == condition


@pytest.mark.parametrize(
    ("options", "there", "has"),
    [
        ({}, user(), True),
        ({"status": ["UNCONFIRMED", "CONFIRMED"]}, user(), True),
        ({"status": ["UNCONFIRMED"]}, user(), False),
        ({"enabled": False}, user(), False),
        ({"enabled": False}, user(enabled=False), True),
        ({"expired_invitations": True}, user(), False),
        ({"expired_invitations": True}, invited(6), False),
        ({"expired_invitations": True}, invited(8), True),
        ({"expired_invitations": True}, invited(30, changed=1), False),
    ],
)
def test_the_rest_is_filtered_here(options: dict[str, Any], there: User, has: bool) -> None:
    assert selection(**options).has(there, POOL) is has


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"users": ["a"], "filter": "x"}, "users excludes filter"),
        ({"users": ["a"], "group": "g", "enabled": False}, "users excludes group, enabled"),
        ({"filter": "x", "group": "g"}, "Give filter or group"),
        ({"users": ["ja\u200bne"]}, r"There is no 'ja\\u200bne': it has U\+200B in it, which cannot be seen"),
        ({"group": "a\x1b"}, r"There is no 'a\\x1b': it has U\+001B in it"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        selection(**options)


@pytest.mark.parametrize("there", [user(), user(enabled=False, groups=()), user(attributes={"email": "j@example.com"})])
def test_what_is_shown_given_back_changes_nothing(there: User) -> None:
    assert operations(planned(shape_user(POOL, there), there)) == []


def test_a_user_is_shown_by_what_it_signs_in_with() -> None:
    there = user(username="0f0f", groups=None, attributes={**MAIL, "identities": "[]"})
    assert shape_user(BY_EMAIL, there) == {
        "name": "jane@example.com",
        "state": "present",
        "enabled": True,
        "attributes": MAIL,
    }


def test_the_pool_is_shown_with_its_policy_and_its_tokens() -> None:
    pool = replace(POOL, minimum_length=12, requires=("numbers",))
    shown = report_pool(pool, ["auditors"], Tokens(60, 120, 3600))
    assert shown["password_policy"] == {
        "minimum_length": 12,
        "require_uppercase": False,
        "require_lowercase": False,
        "require_numbers": True,
        "require_symbols": False,
    }
    assert (shown["groups"], shown["id_token_seconds"], shown["tokens_unknown"]) == (["auditors"], 120, None)
