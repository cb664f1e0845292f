# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is asked for users, and how a user gets there; without AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from unit.small_pool import (
    BY_EMAIL,
    MAIL,
    NOW,
    POOL,
    WITH_ALIAS,
    became,
    given,
    invited,
    operations,
    planned,
    user,
)

from ansible_collections.runbook.aws.plugins.module_utils._cognito import Pool, Tokens, User
from ansible_collections.runbook.aws.plugins.module_utils._cognito_handover import PASSWORD, Handover
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user import (
    Wish,
    listed,
    read_targets,
    refuse_same,
    taken_aliases,
)
from ansible_collections.runbook.aws.plugins.module_utils._cognito_user_plan import confirm_user
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

SECRETS = Handover(prefix="/app/invitations/")
IN_FILE = Handover(file="/secure/invitations")
ANSWERED = "Sat, 31 Jan 2026 06:00:00 GMT"

CHANGES: list[tuple[dict[str, Any], User | None, list[str]]] = [
    ({"attributes": MAIL}, None, ["AdminCreateUser"]),
    (
        {"attributes": MAIL, "groups": ["auditors", "engineers"], "enabled": False},
        None,
        ["AdminCreateUser", "AdminDisableUser", "AdminAddUserToGroup", "AdminAddUserToGroup"],
    ),
    ({"invite": "none"}, None, ["AdminCreateUser"]),
    ({"state": "absent"}, None, []),
    ({}, user(), []),
    ({"attributes": MAIL, "groups": ["auditors"], "enabled": True}, user(), []),
    ({"attributes": {"given_name": "Jane"}}, user(), ["AdminUpdateUserAttributes"]),
    ({"attributes_absent": ["email", "given_name"]}, user(), ["AdminDeleteUserAttributes"]),
    ({"attributes_absent": ["given_name"]}, user(), []),
    ({"groups": ["engineers"]}, user(), ["AdminAddUserToGroup"]),
    ({"groups": ["engineers"], "groups_exact": True}, user(), ["AdminRemoveUserFromGroup", "AdminAddUserToGroup"]),
    ({"groups": [], "groups_exact": True}, user(), ["AdminRemoveUserFromGroup"]),
    ({"groups": []}, user(), []),
    ({"groups_absent": ["auditors", "engineers"]}, user(), ["AdminRemoveUserFromGroup"]),
    ({"enabled": False}, user(), ["AdminDisableUser", "AdminUserGlobalSignOut"]),
    ({"enabled": False}, user(enabled=False), []),
    ({"enabled": True}, user(enabled=False), ["AdminUserGlobalSignOut", "AdminEnableUser"]),
    ({"enabled": True, "sign_out": True}, user(enabled=False), ["AdminUserGlobalSignOut", "AdminEnableUser"]),
    ({"sign_out": True}, user(), ["AdminUserGlobalSignOut"]),
    ({"sign_out": True, "enabled": False}, user(enabled=False), ["AdminUserGlobalSignOut"]),
    (
        {"enabled": False, "groups": [], "groups_exact": True, "attributes": {"given_name": "J"}},
        user(),
        [
            # Whoever is to be kept out is kept out first.
            "AdminDisableUser",
            "AdminUserGlobalSignOut",
            "AdminRemoveUserFromGroup",
            "AdminUpdateUserAttributes",
        ],
    ),
    ({"state": "absent"}, user(), ["AdminDeleteUser"]),
    ({"renew_invitation": "expired"}, user(), []),
    ({"renew_invitation": "always"}, user(), []),
    ({"renew_invitation": "expired"}, invited(6.9), []),
    ({"renew_invitation": "expired"}, invited(7.1), ["AdminCreateUser"]),
    ({"renew_invitation": "always"}, invited(1), ["AdminCreateUser"]),
    ({"renew_invitation": "never"}, invited(30), []),
    # Whoever cannot sign in has no use for a password; whoever can again has.
    ({"renew_invitation": "always", "enabled": False}, invited(30), ["AdminDisableUser", "AdminUserGlobalSignOut"]),
    (
        {"renew_invitation": "expired", "enabled": True},
        replace(invited(30), enabled=False),
        ["AdminUserGlobalSignOut", "AdminEnableUser", "AdminCreateUser"],
    ),
]


@pytest.mark.parametrize(("wish", "there", "calls"), CHANGES)
def test_only_what_is_needed_is_called(wish: dict[str, Any], there: User | None, calls: list[str]) -> None:
    plan = planned(wish, there)
    assert operations(plan) == calls
    assert plan.changed is bool(calls)


# What is asked for again in every run.
_ACTIONS = ("sign_out", "renew_invitation")


@pytest.mark.parametrize(("wish", "there", "_calls"), CHANGES)
def test_a_second_run_and_what_it_tells_change_nothing(
    wish: dict[str, Any], there: User | None, _calls: list[str]
) -> None:
    plan = planned(wish, there)
    reached = became(there, plan)
    state = {key: value for key, value in wish.items() if key not in _ACTIONS}
    assert operations(planned(state, reached)) == []
    assert operations(planned({**plan.after}, reached)) == []
    assert planned({**plan.after}, reached).before == plan.after


@pytest.mark.parametrize(("wish", "there", "_calls"), CHANGES)
def test_before_undoes_it(wish: dict[str, Any], there: User | None, _calls: list[str]) -> None:
    plan = planned(wish, there)
    reached = became(there, plan)
    back = became(reached, planned({**plan.before}, reached))
    if there is None or wish.get("state") == "absent":
        # What was deleted comes back as another one.
        assert (back is None) is (there is None)
    if back and there:
        assert (back.attributes, back.groups, back.enabled) == (there.attributes, there.groups, there.enabled)


def test_before_says_what_was_there_of_what_is_named_and_nothing_else() -> None:
    there = user(attributes={**MAIL, "given_name": "Jane"}, groups=("auditors",))
    wish = {
        "attributes": {"given_name": "Janet", "custom:floor": 3},
        "groups": ["engineers"],
        "groups_absent": ["auditors", "administrators"],
    }
    assert planned(wish, there).before == {
        "name": "jane",
        "state": "present",
        "attributes": {"given_name": "Jane"},
        "attributes_absent": ["custom:floor"],
        "groups": ["auditors"],
        "groups_absent": ["engineers", "administrators"],
    }


def test_containment_keeps_the_groups_for_the_way_back() -> None:
    plan = planned({"enabled": False, "groups": [], "groups_exact": True}, user(groups=("administrators", "auditors")))
    assert plan.before == {
        "name": "jane",
        "state": "present",
        "enabled": True,
        "groups": ["administrators", "auditors"],
        "groups_exact": True,
    }


def test_a_deleted_user_is_told_as_a_wish_for_a_new_one_who_gets_no_message() -> None:
    attributes = {**MAIL, "identities": "[]", "cognito:mfa_enabled": "true", "phone_number": "+14255550123"}
    plan = planned({"state": "absent"}, user(attributes=attributes, enabled=False))
    assert plan.before == {
        "name": "jane",
        "state": "present",
        "enabled": False,
        "attributes": {**MAIL, "phone_number": "+14255550123", "phone_number_verified": "false"},
        "groups": ["auditors"],
        "invite": "none",
    }
    assert any("does not come back" in note for note in plan.notes)


# --- invitations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"attributes": MAIL}, {"DesiredDeliveryMediums": ["EMAIL"]}),
        (
            {"attributes": {"phone_number": "+14255550123", "phone_number_verified": True}},
            {"DesiredDeliveryMediums": ["SMS"]},
        ),
        (
            {
                "attributes": {**MAIL, "phone_number": "+14255550123", "phone_number_verified": False},
                "delivery": ["sms", "email"],
            },
            {"DesiredDeliveryMediums": ["SMS", "EMAIL"]},
        ),
        ({"invite": "none"}, {"MessageAction": "SUPPRESS"}),
    ],
)
def test_cognito_sends_its_message_where_the_user_can_be_reached(
    wish: dict[str, Any], expected: dict[str, Any]
) -> None:
    (call,) = planned(wish).calls
    told = {key: call.arguments[key] for key in ("DesiredDeliveryMediums", "MessageAction") if key in call.arguments}
    assert told == expected


def test_a_password_is_handed_over_before_it_is_set_and_no_plan_knows_it() -> None:
    plan = planned({"invite": "handover"}, handover=SECRETS)
    leave, create = plan.calls
    assert leave.action == "secretsmanager:CreateSecret"
    assert leave.arguments["Name"] == "/app/invitations/jane"
    assert json.loads(leave.arguments["SecretString"]) == {"user_pool_id": POOL.id, "username": "jane"}
    assert {"Key": "runbook:invitation", "Value": POOL.id} in leave.arguments["Tags"]
    assert create.arguments["MessageAction"] == "SUPPRESS"
    assert "TemporaryPassword" not in create.arguments
    assert create.given({PASSWORD: "it"}).arguments["TemporaryPassword"] == "it"
    assert leave.learns.keys() == {PASSWORD}


def test_a_secret_that_is_there_gets_another_value_and_a_file_another_line() -> None:
    assert operations(planned({"invite": "handover"}, handover=SECRETS, secret=True))[0] == "PutSecretValue"
    leave = planned({"invite": "handover"}, handover=IN_FILE).calls[0]
    assert (leave.action, leave.arguments["Path"]) == ("file:Append", "/secure/invitations")
    assert leave.writes


def test_an_invitation_is_renewed_quietly_where_it_is_handed_over() -> None:
    plan = planned({"invite": "handover", "renew_invitation": "expired"}, invited(8), handover=IN_FILE)
    assert operations(plan) == ["Append", "AdminSetUserPassword"]
    assert plan.calls[1].arguments["Permanent"] is False
    resend = planned({"renew_invitation": "expired"}, invited(8)).calls[0]
    assert resend.arguments["MessageAction"] == "RESEND"
    assert "UserAttributes" not in resend.arguments


@pytest.mark.parametrize(
    ("wish", "there", "says"),
    [
        ({}, invited(8), "its invitation has expired (2026-01-30T06:00:00Z)"),
        ({}, invited(6), ""),
        ({"renew_invitation": "expired"}, invited(8, changed=1), "may have expired (2026-01-30T06:00:00Z)"),
        ({"renew_invitation": "expired"}, invited(8, changed=7.5), ""),
        ({"renew_invitation": "always"}, invited(8, changed=1), ""),
        ({}, replace(invited(8), enabled=False), ""),
    ],
)
def test_an_invitation_that_is_late_is_told(wish: dict[str, Any], there: User, says: str) -> None:
    notes = " ".join(planned(wish, there).notes)
    assert (says in notes) if says else (notes == "")


def test_the_result_tells_until_when_passwords_and_tokens_are_valid() -> None:
    target = Target("jane")
    made = planned({"invite": "handover"}, handover=SECRETS)
    assert confirm_user(target, made, {"_invited": ANSWERED}) == {
        "invitation": {"by": "handover", "where": "/app/invitations/jane", "expires_at": "2026-02-07T06:00:00Z"}
    }
    tokens = Tokens(access=3600, id=7200, refresh=86_400)
    disabled = planned({"enabled": False}, user(), tokens=tokens)
    assert confirm_user(target, disabled, {"_signed_out": ANSWERED}) == {"tokens_valid_until": "2026-01-31T08:00:00Z"}
    assert any("up to 7200 seconds" in note for note in disabled.notes)
    none = planned({"enabled": False}, user(), tokens=Tokens())
    assert confirm_user(target, none, {"_signed_out": ANSWERED}) == {"tokens_valid_until": None}
    hidden = planned({"enabled": False}, user(), tokens=Tokens(unknown="Allow it."))
    assert any("not observable, at most a day: Allow it." in note for note in hidden.notes)


# --- names -----------------------------------------------------------------------------------------------------------


def test_where_the_address_is_the_name_cognito_makes_the_username() -> None:
    plan = planned(
        {"name": "jane@example.com", "attributes": {"email_verified": True}, "groups": ["auditors"]}, pool=BY_EMAIL
    )
    create, join = given(plan.calls)
    assert {"Name": "email", "Value": "jane@example.com"} in create.arguments["UserAttributes"]
    assert join.arguments["Username"] == "made-by-cognito"
    assert plan.after["attributes"] == {"email": "jane@example.com", "email_verified": "true"}
    there = user(username="0f0f", attributes=dict(MAIL))
    same = {"name": "JANE@example.com", "attributes": {"email": "Jane@Example.com", "email_verified": True}}
    assert operations(planned(same, there, pool=BY_EMAIL)) == []
    gone = planned({"name": "0f0f", "state": "absent"}, there, pool=BY_EMAIL)
    assert gone.before["name"] == "jane@example.com"


def test_names_that_are_one_user_and_values_that_two_would_sign_in_with_are_refused() -> None:
    both = [Target("Jane", Wish()), Target("jane", Wish())]
    refuse_same(POOL, both)
    with pytest.raises(Refused, match="Jane, jane: one user"):
        refuse_same(WITH_ALIAS, both)
    mine = Wish(attributes=MAIL)
    yours = Wish(attributes={**MAIL, "email": "JANE@example.com"})
    refuse_same(POOL, [Target("a", mine), Target("b", mine)])
    with pytest.raises(Refused, match=r"a, b: all would sign in with the email jane@example.com"):
        refuse_same(WITH_ALIAS, [Target("a", mine), Target("b", yours)])
    refuse_same(WITH_ALIAS, [Target("a", mine), Target("b", Wish(attributes={**MAIL, "email_verified": "false"}))])


@pytest.mark.parametrize(
    ("pool", "attributes", "taken"),
    [
        (POOL, MAIL, {}),
        (WITH_ALIAS, MAIL, {"email": "jane@example.com"}),
        (WITH_ALIAS, {**MAIL, "email_verified": "false"}, {}),
        (WITH_ALIAS, {"preferred_username": "janie"}, {"preferred_username": "janie"}),
        (BY_EMAIL, {**MAIL, "email_verified": "false"}, {"email": "jane@example.com"}),
    ],
)
def test_what_nobody_else_may_sign_in_with(pool: Pool, attributes: dict[str, str], taken: dict[str, str]) -> None:
    assert taken_aliases(pool, Wish(attributes=attributes)) == taken


# --- what is refused -------------------------------------------------------------------------------------------------

EXTERNAL = user(status="EXTERNAL_PROVIDER")
STRICT = replace(POOL, verified_before_update=("email",))

REFUSED: list[tuple[str, dict[str, Any], User | None, Pool]] = [
    ("'jane doe' cannot be the name of a user: it has U+0020 in it, a blank", {"name": "jane doe"}, None, POOL),
    ("it has U+200B in it, which cannot be seen. Leave it out", {"name": "ja\u200bne"}, None, POOL),
    (r"'ja\x1b[31mne' cannot be the name of a user: it has U+001B in it", {"name": "ja\x1b[31mne"}, None, POOL),
    ("it has U+0000 in it", {"name": "jane\0"}, None, POOL),
    ("it has 129 characters. Give 1 to 128", {"name": "x" * 129}, None, POOL),
    ("it has 0 characters", {"name": ""}, None, POOL),
    (r"jane: 'a\x07' cannot be the name of a group: it has U+0007 in it", {"groups": ["a\x07"]}, None, POOL),
    ("cannot be the name of a group: it has U+200B", {"groups_absent": ["a\u200b"]}, None, POOL),
    (
        "enabled, groups means nothing with state: absent",
        {"state": "absent", "enabled": True, "groups": ["a"]},
        None,
        POOL,
    ),
    ("email without email_verified", {"attributes": {"email": "jane@example.com"}}, None, POOL),
    ("email_verified is 'perhaps'", {"attributes": {**MAIL, "email_verified": "perhaps"}}, None, POOL),
    ("email 'jane' is not an e-mail address", {"attributes": {**MAIL, "email": "jane"}}, None, POOL),
    ("email 'a@b' is not an e-mail address", {"attributes": {**MAIL, "email": "a@b"}}, None, POOL),
    (
        "phone_number '555' is not a phone number",
        {"attributes": {"phone_number": "555", "phone_number_verified": False}},
        None,
        POOL,
    ),
    ("the attribute given_name is empty", {"attributes": {"given_name": None}}, None, POOL),
    ("the attribute given_name is list", {"attributes": {"given_name": []}}, None, POOL),
    ("Name it in attributes_absent", {"attributes": {"given_name": ""}}, None, POOL),
    ("the attribute sub is Cognito's own", {"attributes": {"sub": "1"}}, None, POOL),
    ("cognito:user_status is Cognito's own", {"attributes_absent": ["cognito:user_status"]}, None, POOL),
    ("is asked for in two ways", {"attributes": MAIL, "attributes_absent": ["email"]}, None, POOL),
    ("groups_exact needs groups", {"groups_exact": True}, None, POOL),
    ("Leave out groups_absent", {"groups": [], "groups_exact": True, "groups_absent": ["auditors"]}, None, POOL),
    ("is in groups and in groups_absent", {"groups": ["auditors"], "groups_absent": ["auditors"]}, None, POOL),
    ("Say with handover where", {"invite": "handover"}, None, POOL),
    ("cannot be renewed with invite: none", {"invite": "none", "renew_invitation": "always"}, None, POOL),
    ("delivery is how Cognito sends", {"invite": "none", "delivery": ["email"]}, None, POOL),
    ("this pool has no group auditor. Did you mean auditors", {"groups": ["auditor"]}, user(), POOL),
    ("no attribute givenname. Did you mean given_name", {"attributes": {"givenname": "J"}}, user(), POOL),
    ("Did you mean custom:floor", {"attributes": {"floor": 3}}, user(), POOL),
    ("custom:floor is 'third': give a whole number", {"attributes": {"custom:floor": "third"}}, user(), POOL),
    ("custom:floor is 41: give 40 at most", {"attributes": {"custom:floor": 41}}, user(), POOL),
    ("custom:badge has 9 characters", {"attributes": {"custom:badge": "123456789"}, "invite": "none"}, None, POOL),
    ("custom:remote is 'maybe'", {"attributes": {"custom:remote": "maybe"}}, user(), POOL),
    ("cannot be changed, and it is 'not set'", {"attributes": {"custom:badge": "1"}}, user(), POOL),
    (
        "cannot be changed. Leave it out",
        {"attributes_absent": ["custom:badge"]},
        user(attributes={"custom:badge": "1"}),
        POOL,
    ),
    ("has the attribute family_name, so it cannot", {"attributes_absent": ["family_name"]}, user(), POOL),
    ("cannot invite a user with neither", {}, None, POOL),
    ("delivery needs the attribute phone_number", {"attributes": MAIL, "delivery": ["sms"]}, None, POOL),
    ("email_verified without email", {"attributes": {"email_verified": True}, "invite": "none"}, None, POOL),
    ("email_verified without email", {"attributes": {"email_verified": True}}, user(attributes={}), POOL),
    ("external identity provider", {"attributes": {"given_name": "J"}}, EXTERNAL, POOL),
    ("next sign-in would make it again", {"state": "absent"}, EXTERNAL, POOL),
    (
        "changes the email only when it is verified",
        {"attributes": {"email": "new@example.com", "email_verified": False}},
        user(),
        STRICT,
    ),
    ("Give that as the name", {"name": "jane"}, None, BY_EMAIL),
    ("there is no such user", {"name": "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"}, None, BY_EMAIL),
    ("say with the attribute email_verified", {"name": "jane@example.com"}, None, BY_EMAIL),
    (
        "In this pool it is the name",
        {"name": "jane@example.com", "attributes": {"email": "joe@example.com", "email_verified": True}},
        None,
        BY_EMAIL,
    ),
    (
        "name it by its username 0f0f",
        {"name": "jane@example.com", "attributes": {"email": "joe@example.com", "email_verified": True}},
        user(username="0f0f"),
        BY_EMAIL,
    ),
    ("sign in with their email, so it cannot", {"attributes_absent": ["email"]}, user(), BY_EMAIL),
    ("a username cannot be one", {"name": "jane@example.com", "attributes": MAIL}, None, WITH_ALIAS),
]


@pytest.mark.parametrize(("says", "wish", "there", "pool"), REFUSED)
def test_what_would_go_wrong_is_refused_with_a_way_out(
    says: str, wish: dict[str, Any], there: User | None, pool: Pool
) -> None:
    with pytest.raises(Refused) as refused:
        planned(wish, there, pool=pool)
    assert says in str(refused.value)
    assert repr(wish.get("name", "jane"))[1:-1] in str(refused.value)


def test_a_value_that_somebody_else_signs_in_with_is_refused() -> None:
    with pytest.raises(Refused, match=r"the user joe signs in with the email jane@example.com"):
        planned({"attributes": MAIL}, user(attributes={}), pool=WITH_ALIAS, owners={"email": "joe"})


def test_everything_that_is_wrong_is_told_at_once() -> None:
    plain = {"state": "present", "invite": "cognito", "renew_invitation": "never"}
    users = [{"name": "a b", **plain}, {"name": "c", **plain}, {"name": "d", **plain, "groups_exact": True}]
    with pytest.raises(Refused) as refused:
        read_targets(users, handover=False)
    assert str(refused.value).startswith("2 of 3 are not valid, nothing was written:\n- 'a b'")
    assert listed(["x"], 4) == "1 of 4 are not valid, nothing was written:\n- x"


def test_who_is_known_elsewhere_can_be_disabled_and_put_into_groups() -> None:
    wish = {"enabled": False, "groups": ["engineers"], "renew_invitation": "always"}
    assert operations(planned(wish, EXTERNAL)) == ["AdminDisableUser", "AdminUserGlobalSignOut", "AdminAddUserToGroup"]


def test_times_are_counted_from_when_the_pool_was_read() -> None:
    later = replace(POOL, read_at=NOW + timedelta(days=8))
    assert operations(planned({"renew_invitation": "expired"}, invited(0), pool=later)) == ["AdminCreateUser"]
