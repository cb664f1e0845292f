# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What secretsmanager_rotation plans: tables of (what is there, what is wanted) to calls, and the laws of plans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import (
    SECRETS_SPEC,
    Secret,
    Version,
    Wish,
    read_targets,
)
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_plan import (
    TO_BE_MADE,
    SecretPlan,
    plan_secret,
    review_secrets,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:/shop/prod/db-a1B2c3"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:rotate"
OLD, NOWADAYS, STUCK, TOKEN = (letter * 8 + "-0000-4000-8000-000000000000" for letter in "abcd")
VALUE = '{"username": "admin", "password": "old-Pa55"}'

DESCRIBED = {
    "RotationEnabled": True,
    "RotationLambdaARN": FUNCTION,
    "LastChangedDate": NOW - timedelta(days=40),
}


def secret(
    described: Mapping[str, Any] | None = None,
    pending: str | None = None,
    days: float = 40,
    valued: str | None = None,
    **fields: Any,
) -> Secret:
    """A secret whose current version is so many days old, with one before it; the pending one is empty, or valued."""
    versions = {
        OLD: Version(OLD, ("AWSPREVIOUS",), NOW - timedelta(days=100)),
        NOWADAYS: Version(NOWADAYS, ("AWSCURRENT",), NOW - timedelta(days=days)),
    }
    if pending:
        versions[pending] = Version(pending, ("AWSPENDING",), None)
    if valued:
        versions[valued] = Version(valued, ("AWSPENDING",), NOW - timedelta(days=1))
    there = {**DESCRIBED, **(described or {})}
    found = Secret(ARN, "/shop/prod/db", {key: there[key] for key in there if there[key] is not None}, versions, NOW)
    return replace(found, **fields)


def wished(max_age_days: float | None = None, /, token: str = TOKEN, **wish: Any) -> Target:
    """A wish as the module gets it: through its spec."""
    checked = ArgumentSpecValidator({"secrets": SECRETS_SPEC}).validate({"secrets": [{"name": "db", **wish}]})
    assert checked.error_messages == []
    (target,) = read_targets(checked.validated_parameters["secrets"], max_age_days, lambda: token)
    return target


def planned(found: Secret, max_age_days: float | None = None, /, **wish: Any) -> SecretPlan:
    target = wished(max_age_days, **wish)
    # What fetch reads for these.
    if found.given is None and target.desired.value is not None:
        found = replace(found, given=target.desired.value)
    plan = plan_secret(target, found)
    assert_valid(plan.calls)
    assert "Pa55" not in repr(plan.diff("db"))
    return plan


def operations(plan: SecretPlan) -> list[str]:
    return [call.operation for call in plan.calls]


def reached(found: Secret, plan: SecretPlan) -> Secret:
    """What the plan leads to, as AWS moves the labels."""
    expected = plan.expected
    assert expected
    if expected == (found.current.id if found.current else None):
        return found
    made = {}
    for version in found.versions.values():
        stages = {"AWSPREVIOUS"} if "AWSCURRENT" in version.stages else set()
        made[version.id] = replace(version, stages=tuple(stages))
    created = found.versions[expected].created if expected in found.versions else None
    made[expected] = Version(expected, ("AWSCURRENT",), created or NOW)
    value = next((call.arguments["SecretString"] for call in plan.calls if "SecretString" in call.arguments), None)
    return replace(
        found, versions=made, value=value or found.value, described={**found.described, "LastChangedDate": NOW}
    )


READABLE = {"value": VALUE}
GENERATE = {"action": "generate", "keys": ["password"]}
SET = {"action": "set", "keys": ["password"], "value": {"password": "new-Pa55-long"}}

CHANGES = [
    pytest.param(secret(), {"action": "rotate", "stamp": "s"}, ["RotateSecret"], id="rotate"),
    pytest.param(
        secret({"RotationEnabled": False}),
        {"action": "rotate", "stamp": "s"},
        ["RotateSecret", "CancelRotateSecret"],
        id="rotate, and automatic rotation stays off",
    ),
    pytest.param(
        secret(pending=STUCK),
        {"action": "rotate", "stamp": "s"},
        ["UpdateSecretVersionStage", "RotateSecret"],
        id="rotate, after a rotation that was left",
    ),
    pytest.param(
        secret(valued=Wish("db", stamp="s").stamped(ARN) + "-1"),
        {"action": "rotate", "stamp": "s"},
        ["RotateSecret"],
        id="rotate, what has failed again",
    ),
    pytest.param(
        secret(valued=STUCK),
        {"action": "rotate", "stamp": "s", "abort_pending": True},
        ["UpdateSecretVersionStage", "RotateSecret"],
        id="rotate to another value than the one that failed",
    ),
    pytest.param(
        secret(random=("new-Pa55",), **READABLE), {**GENERATE, "stamp": "s"}, ["PutSecretValue"], id="generate a key"
    ),
    pytest.param(
        secret(random=("new-Pa55",), value="plain"),
        {"action": "generate", "stamp": "s"},
        ["PutSecretValue"],
        id="generate the whole",
    ),
    pytest.param(secret(**READABLE), SET, ["PutSecretValue"], id="set a key"),
    pytest.param(secret(value="plain"), {"action": "set", "value": "new-Pa55"}, ["PutSecretValue"], id="set the whole"),
    pytest.param(
        secret(), {"action": "rollback", "from_version": NOWADAYS}, ["UpdateSecretVersionStage"], id="roll back"
    ),
    pytest.param(secret(), {"version_id": OLD}, ["UpdateSecretVersionStage"], id="a version"),
]


def test_a_version_that_is_left_loses_the_label_that_its_rotation_has_left_on_it() -> None:
    found = secret()
    labels = {NOWADAYS: Version(NOWADAYS, ("AWSCURRENT", "AWSPENDING"), NOW - timedelta(minutes=1))}
    plan = planned(replace(found, versions={**found.versions, **labels}), version_id=OLD)
    told = [(call.arguments["VersionStage"], call.arguments["RemoveFromVersionId"]) for call in plan.calls]
    assert told == [("AWSPENDING", NOWADAYS), ("AWSCURRENT", NOWADAYS)]
    assert "MoveToVersionId" not in plan.calls[0].arguments


def test_a_label_on_a_version_that_was_current_is_no_rotation_under_way() -> None:
    found = secret({"LastChangedDate": NOW})
    labels = {OLD: Version(OLD, ("AWSPREVIOUS", "AWSPENDING"), NOW - timedelta(minutes=1))}
    plan = planned(replace(found, versions={**found.versions, **labels}), action="rotate")
    assert operations(plan) == ["UpdateSecretVersionStage", "RotateSecret"]


@pytest.mark.parametrize(("found", "wish", "calls"), CHANGES)
def test_a_change_is_made_of_these_calls_and_waited_for(found: Secret, wish: dict[str, Any], calls: list[str]) -> None:
    plan = planned(found, **wish)
    assert operations(plan) == calls
    assert plan.before == {"name": "db", "version_id": NOWADAYS}
    change = next(call for call in reversed(plan.calls) if call.settle)
    assert change.settle
    for stages, there in ((["AWSPENDING"], False), (["AWSCURRENT"], True), ([], False)):
        assert bool(jmespath.search(change.settle.until, {"VersionIdsToStages": {plan.expected: stages}})) is there
    assert not jmespath.search(change.settle.until, {})


@pytest.mark.parametrize(("found", "wish", "_calls"), CHANGES)
def test_a_second_run_writes_nothing_and_before_undoes_the_first(
    found: Secret, wish: dict[str, Any], _calls: list[str]
) -> None:
    plan = planned(found, **wish)
    afterwards = reached(found, plan)
    again = planned(afterwards, **wish)
    assert not again.changed
    assert again.expected == plan.expected
    undone = planned(afterwards, **plan.before)
    assert undone.expected == NOWADAYS
    assert operations(undone) == ["UpdateSecretVersionStage"]
    # The label is taken from the version that is meant, so a change that was made meanwhile is refused, not lost.
    assert undone.calls[0].arguments["RemoveFromVersionId"] == plan.expected


def test_an_element_with_nothing_but_a_name_changes_nothing() -> None:
    plan = planned(secret({"DeletedDate": NOW}))
    assert (plan.calls, plan.before) == ((), {"name": "db", "version_id": NOWADAYS})


# --- stamps ----------------------------------------------------------------------------------------------------------


def test_the_version_of_a_stamp_is_the_same_in_every_run_and_another_for_each_secret() -> None:
    wish = Wish("db", "generate", stamp="s", token="one")
    assert wish.new_version(ARN) == replace(wish, token="two").new_version(ARN)
    assert wish.new_version(ARN) != wish.new_version(ARN.replace("db", "keys"))
    assert wish.new_version(ARN) != replace(wish, stamp="t").new_version(ARN)
    assert 32 <= len(wish.new_version(ARN)) <= 64


def test_every_attempt_of_a_rotation_has_a_version_of_its_own_that_the_stamp_knows() -> None:
    wish = Wish("db", "rotate", stamp="s", token=OLD)
    versions = {replace(wish, token=token).new_version(ARN) for token in (OLD, NOWADAYS)}
    assert len(versions) == 2
    assert all(version.startswith(wish.stamped(ARN)) and 32 <= len(version) <= 64 for version in versions)


def test_without_a_stamp_the_new_version_is_not_known_before() -> None:
    for wish in ({"action": "rotate"}, GENERATE):
        plan = planned(secret(random=("new-Pa55",), **READABLE), **wish)
        assert plan.after["version_id"] == TO_BE_MADE
        assert plan.calls[0].arguments["ClientRequestToken"] == TOKEN == plan.expected
        assert plan.calls[0].learns == {"version_id": "VersionId"}


@pytest.mark.parametrize(
    "wish", [{**GENERATE, "stamp": "s"}, {**SET, "stamp": "s"}, {"action": "rotate", "stamp": "s"}]
)
def test_a_stamp_whose_version_was_left_makes_no_other_one_and_says_so(wish: dict[str, Any]) -> None:
    found = secret(random=("new-Pa55",), **READABLE)
    plan = planned(found, **wish)
    left = reached(reached(found, plan), planned(reached(found, plan), version_id=NOWADAYS))
    again = planned(left, **wish)
    assert again.calls == ()
    assert "is no longer current, so nothing was changed" in again.notes[0]


def test_a_stamp_is_not_used_for_two_values() -> None:
    found = secret(**READABLE)
    afterwards = reached(found, planned(found, **SET, stamp="s"))
    with pytest.raises(Refused, match="has set another value already"):
        planned(afterwards, **{**SET, "value": {"password": "third-Pa55"}}, stamp="s")


def test_a_failed_attempt_is_followed_by_another_of_the_same_stamp() -> None:
    first = planned(secret(), action="rotate", stamp="s").expected
    assert first
    failed = secret(pending=first, pending_failed="it said no")
    second = planned(failed, action="rotate", stamp="s", token=OLD)
    assert operations(second) == ["UpdateSecretVersionStage", "RotateSecret"]
    assert second.expected != first
    assert any("it said no" in note for note in second.notes)
    afterwards = reached(failed, second)
    assert planned(afterwards, action="rotate", stamp="s").calls == ()
    # AWS forgets a version that has neither a value nor a label.
    del afterwards.versions[first]
    assert planned(afterwards, action="rotate", stamp="s").calls == ()


def test_a_value_that_the_database_may_have_is_tried_again_and_no_other_is_made() -> None:
    plan = planned(secret(valued=STUCK, pending_failed="it said no"), action="rotate")
    assert [call.arguments for call in plan.calls] == [{"SecretId": ARN, "ClientRequestToken": STUCK}]
    assert plan.expected == STUCK
    assert any("it said no" in note and "abort_pending: true" in note for note in plan.notes)
    with pytest.raises(Refused, match="Leave abort_pending out"):
        planned(secret(valued=STUCK), action="rotate", abort_pending=False)


# --- age -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", [{"action": "rotate"}, GENERATE])
def test_what_is_young_is_left_alone(wish: dict[str, Any]) -> None:
    found = secret(random=("new-Pa55",), **READABLE)
    assert planned(found, 41, **wish).calls == ()
    assert planned(found, 40, **wish).changed
    assert planned(found, 90, **wish, max_age_days=30).changed
    assert planned(found, 30, **wish, max_age_days=90).calls == ()


def test_what_was_rolled_back_to_is_as_old_as_it_is() -> None:
    found = secret(days=1)
    back = reached(found, planned(found, version_id=OLD))
    assert planned(found, 90, action="rotate").calls == ()
    assert planned(back, 90, action="rotate").changed


def test_a_value_that_is_set_is_set_at_any_age() -> None:
    assert planned(secret(days=1, **READABLE), 90, **SET).changed


def test_keys_that_a_new_value_has_no_longer_are_named() -> None:
    there = secret(**READABLE)
    less = planned(replace(there, given='{"password": "new-Pa55"}'), action="set", value='{"password": "new-Pa55"}')
    assert any("lacks the key username" in note for note in less.notes)
    text = replace(there, given="new-Pa55")
    with pytest.raises(Refused, match="a JSON object with the keys password, username") as refusal:
        planned(text, action="set", value="new-Pa55")
    assert "Pa55" not in str(refusal.value)
    allowed = planned(text, action="set", value="new-Pa55", replace_object=True)
    assert operations(allowed) == ["PutSecretValue"]
    assert any("lacks the keys password, username" in note for note in allowed.notes)


# --- rotations that have not ended -----------------------------------------------------------------------------------


def test_a_rotation_that_is_under_way_is_waited_for_and_none_is_started() -> None:
    busy = secret({"LastChangedDate": NOW - timedelta(minutes=3)}, pending=STUCK)
    plan = planned(busy, action="rotate")
    assert operations(plan) == ["DescribeSecret"]
    assert not plan.changed
    assert plan.expected == STUCK
    assert "is under way already" in plan.notes[0]
    assert plan.foreign
    assert planned(busy, action="rotate", pending_minutes=3).changed
    assert planned(replace(busy, pending_failed="it said no"), action="rotate").changed


def test_a_rotation_of_somebody_else_is_waited_for_until_it_ends_in_whatever_way() -> None:
    """The test of a function that was just attached has a version too, which goes again."""
    busy = secret({"LastChangedDate": NOW - timedelta(minutes=3)}, pending=STUCK)
    look = planned(busy, action="rotate").calls[0]
    assert look.settle
    for stages, ended in ((["AWSPENDING"], False), (["AWSCURRENT", "AWSPENDING"], True), (["AWSCURRENT"], True)):
        assert jmespath.search(look.settle.until, {"VersionIdsToStages": {STUCK: stages}}) is ended
    assert jmespath.search(look.settle.until, {"VersionIdsToStages": {NOWADAYS: ["AWSCURRENT"]}})


def test_a_rotation_that_was_cancelled_is_not_waited_for_and_keeps_no_value_from_being_written() -> None:
    cancelled = secret({"LastChangedDate": NOW, "RotationEnabled": False}, valued=STUCK, **READABLE)
    again = planned(cancelled, action="rotate")
    assert operations(again) == ["RotateSecret", "CancelRotateSecret"]
    assert any("automatic rotation was turned off, which ends a rotation" in note for note in again.notes)
    assert operations(planned(cancelled, **SET)) == ["PutSecretValue"]


def test_the_label_is_taken_from_the_version_that_was_left_only() -> None:
    clear = planned(secret(pending=STUCK), action="rotate").calls[0]
    assert clear.arguments == {"SecretId": ARN, "VersionStage": "AWSPENDING", "RemoveFromVersionId": STUCK}
    assert clear.settle
    for stages, there in ((["AWSPENDING"], False), ([], True)):
        assert jmespath.search(clear.settle.until, {"VersionIdsToStages": {STUCK: stages}}) is there
    assert jmespath.search(clear.settle.until, {"VersionIdsToStages": {}})


def test_a_rotation_that_was_left_is_not_cleared_away_against_the_operators_will() -> None:
    with pytest.raises(Refused, match="abort_pending: true"):
        planned(secret(pending=STUCK), action="rotate", abort_pending=False)


def test_a_pending_label_on_the_current_version_means_nothing() -> None:
    found = secret()
    done = Version(NOWADAYS, ("AWSCURRENT", "AWSPENDING"), NOW)
    assert operations(planned(replace(found, versions={NOWADAYS: done}), action="rotate")) == ["RotateSecret"]


@pytest.mark.parametrize("wish", [SET, GENERATE])
def test_a_new_value_does_not_abandon_a_rotation_in_the_middle(wish: dict[str, Any]) -> None:
    busy = secret({"LastChangedDate": NOW - timedelta(minutes=3)}, pending=STUCK, random=("new-Pa55",), **READABLE)
    with pytest.raises(Refused, match="a rotation is under way"):
        planned(busy, **wish)


# --- automatic rotation that is off ----------------------------------------------------------------------------------

ROTATE = {"action": "rotate", "stamp": "s"}
OFF = {"RotationEnabled": False}
# What RotateSecret has left of it when the run was killed.
LEFT_ON = Wish("db", "rotate", stamp="s", token=STUCK).new_version(ARN, while_off=True)
BY_HAND = "aws secretsmanager cancel-rotate-secret --secret-id '/shop/prod/db'"


def current_left_on() -> Secret:
    return reached(secret(), replace(planned(secret(), **ROTATE), expected=LEFT_ON))


def under_way(version: str) -> Secret:
    return secret({"LastChangedDate": NOW - timedelta(minutes=3)}, pending=version)


def test_a_version_that_is_made_while_it_is_off_says_so_also_without_a_stamp() -> None:
    for wish in (Wish("db", "rotate", stamp="s", token=TOKEN), Wish("db", "rotate", token=TOKEN)):
        on, off = (Version(wish.new_version(ARN, while_off=while_off)) for while_off in (False, True))
        assert (on.while_off, off.while_off) == (False, True)
        assert 32 <= len(off.id) <= 64
        assert wish.has_made(off, ARN) is (wish.stamp is not None)
    generated = Wish("db", "generate", stamp="s")
    assert generated.new_version(ARN, while_off=True) == generated.new_version(ARN)


def test_it_is_turned_off_after_the_rotation_also_after_one_that_fails_but_not_while_it_may_go_on() -> None:
    plan = planned(secret(OFF), **ROTATE)
    rotate, off = plan.calls
    assert (rotate.despite, off.despite) == ("", "RotationFailed")
    assert Version(rotate.arguments["ClientRequestToken"]).while_off
    assert rotate.arguments["ClientRequestToken"] == plan.expected
    assert planned(secret(), **ROTATE).calls[0].despite == ""
    assert not Version(str(planned(secret(), **ROTATE).expected)).while_off


@pytest.mark.parametrize(
    ("found", "wish", "calls"),
    [
        pytest.param(under_way(LEFT_ON), ROTATE, ["DescribeSecret", "CancelRotateSecret"], id="it still runs"),
        pytest.param(secret(valued=LEFT_ON), ROTATE, ["RotateSecret", "CancelRotateSecret"], id="it has failed"),
        pytest.param(
            secret(pending=LEFT_ON),
            ROTATE,
            ["CancelRotateSecret", "UpdateSecretVersionStage", "RotateSecret", "CancelRotateSecret"],
            id="it has made no value",
        ),
        pytest.param(
            secret(valued=LEFT_ON),
            {"action": "rotate", "stamp": "t"},
            ["RotateSecret", "CancelRotateSecret"],
            id="another run takes it over",
        ),
        pytest.param(current_left_on(), ROTATE, ["CancelRotateSecret"], id="it has ended"),
        pytest.param(
            current_left_on(),
            {"version_id": NOWADAYS},
            ["CancelRotateSecret", "UpdateSecretVersionStage"],
            id="it has ended, and is undone",
        ),
        pytest.param(
            current_left_on(),
            {"action": "rollback", "from_version": LEFT_ON},
            ["CancelRotateSecret", "UpdateSecretVersionStage"],
            id="it has ended, and is rolled back",
        ),
        pytest.param(secret(valued=LEFT_ON), {"version_id": NOWADAYS}, ["CancelRotateSecret"], id="nothing to undo"),
    ],
)
def test_what_a_run_that_was_killed_has_left_on_is_turned_off(
    found: Secret, wish: dict[str, Any], calls: list[str]
) -> None:
    plan = planned(found, **wish)
    assert operations(plan) == calls
    assert plan.changed
    assert any("automatic rotation is turned off" in note for note in plan.notes)
    # Of what is off already nothing is turned off.
    off = planned(replace(found, described={**found.described, **OFF}), **wish)
    assert operations(off)[:1] != ["CancelRotateSecret"]


@pytest.mark.parametrize(
    ("found", "wish", "says"),
    [
        pytest.param(under_way(LEFT_ON), {"action": "rotate"}, f"turn it off then: {BY_HAND}", id="whose it is"),
        pytest.param(under_way(LEFT_ON), {"version_id": NOWADAYS}, "If this task ends before", id="it still runs"),
        pytest.param(
            current_left_on(),
            {"action": "rotate", "stamp": "t"},
            f"if nobody has turned it on since, .* {BY_HAND}",
            id="who has turned it on",
        ),
    ],
)
def test_what_is_not_known_or_still_needed_is_left_on_and_said(found: Secret, wish: dict[str, Any], says: str) -> None:
    plan = planned(found, **wish)
    assert "CancelRotateSecret" not in operations(plan)
    assert re.search(says, " ".join(plan.notes))


@pytest.mark.parametrize(
    ("wish", "found", "way_out"),
    [
        (ROTATE, secret(OFF), "run the same task again, which turns it off."),
        ({"action": "rotate"}, secret(OFF), f"turn it off then: {BY_HAND}."),
        # Its id tells nobody that it was off.
        (ROTATE, secret(OFF, valued=STUCK), f"turn it off then: {BY_HAND}."),
    ],
)
def test_how_to_turn_it_off_where_the_run_is_killed_is_said(wish: dict[str, Any], found: Secret, way_out: str) -> None:
    assert planned(found, **wish).notes[-1].endswith(f"If this task ends before the rotation has ended, {way_out}")


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "wish", "says"),
    [
        (secret({"DeletedDate": NOW}), {"action": "rotate"}, "scheduled for deletion .* restore-secret --secret-id"),
        (secret({"DeletedDate": NOW}), {"version_id": OLD}, "scheduled for deletion"),
        (secret({"PrimaryRegion": "eu-west-1"}), {"action": "rotate"}, "is a replica. Change it in .* eu-west-1"),
        (secret({"OwningService": "rds"}), SET, "rds manages it"),
        (secret({"RotationLambdaARN": None}), {"action": "rotate"}, "it has no rotation function. Attach one"),
        (secret(function_missing="its rotation function is not there."), {"action": "rotate"}, "db: its rotation"),
        (secret(binary=True), SET, "its value is binary"),
        (secret(random=("x",), **READABLE), {"action": "generate"}, "its value is a JSON object. Name in keys"),
        (secret(random=("x",), value="no-Pa55"), GENERATE, "its value is no JSON object"),
        (secret(), {"version_id": TOKEN}, f"it has no version {TOKEN}.* It has {OLD} .AWSPREVIOUS., {NOWADAYS}"),
        (secret(pending=STUCK), {"version_id": STUCK}, "has no value"),
        (secret(), {"action": "rollback"}, f"needs from_version.* AWSCURRENT is {NOWADAYS}, AWSPREVIOUS is {OLD}"),
        (secret(), {"action": "rollback", "from_version": TOKEN}, "is not current; AWSCURRENT is"),
        (
            replace(secret(), versions={NOWADAYS: Version(NOWADAYS, ("AWSCURRENT",), NOW)}),
            {"action": "rollback", "from_version": NOWADAYS},
            "no version is labelled AWSPREVIOUS",
        ),
    ],
)
def test_what_must_not_be_done_is_refused_with_the_way_out(found: Secret, wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        planned(found, **wish)
    assert "Pa55" not in str(refused.value)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"value": "x"}, "value means nothing for an element without an action"),
        ({"action": "rotate", "keys": ["a"]}, "keys means nothing for action: rotate"),
        ({"action": "rotate", "version_id": OLD}, "version_id means nothing for action: rotate"),
        ({"action": "set", "value": "x", "length": 3}, "length means nothing for action: set"),
        ({"action": "rollback", "from_version": OLD, "stamp": "s"}, "stamp means nothing for action: rollback"),
        ({"action": "set"}, "needs either value or value_file"),
        ({"action": "set", "value": "x", "value_file": "f"}, "needs either value or value_file"),
        ({"action": "generate", "length": 0}, "length is 0: give 1 to 4096"),
        ({"action": "generate", "keys": [""]}, "keys has an empty key"),
        ({"action": "generate", "add_keys": True}, "add_keys needs keys"),
        ({"action": "rotate", "stamp": ""}, "stamp is empty"),
        ({"action": "rotate", "max_age_days": -1}, "max_age_days is -1: give 0 or more"),
        ({"action": "rotate", "pending_minutes": -1}, "pending_minutes is -1: give 0 or more"),
        ({"version_id": "AWSPREVIOUS"}, "version_id is no version's id"),
        ({"action": "rollback", "from_version": "1"}, "from_version is no version's id"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_before_anything_is_read(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        wished(**wish)


def test_the_generator_is_asked_in_its_own_words() -> None:
    wish: Wish = wished(action="generate", length=40, exclude_punctuation=True, include_space=False).desired
    assert wish.generator == {"PasswordLength": 40, "ExcludePunctuation": True, "IncludeSpace": False}


# --- what is said ----------------------------------------------------------------------------------------------------


def test_what_going_back_does_not_bring_back_is_said() -> None:
    assert "What its rotation function has changed elsewhere" in planned(secret(), version_id=OLD).notes[0]
    assert planned(secret({"RotationLambdaARN": None}), version_id=OLD).notes == ()


@pytest.mark.parametrize("wish", [SET, GENERATE])
def test_that_only_the_secret_gets_the_new_value_is_said_where_a_function_would_change_more(
    wish: dict[str, Any],
) -> None:
    readable = {"random": ("new-Pa55",), **READABLE}
    (said,) = planned(secret(**readable), **wish).notes
    assert f"action: {wish['action']} changes the secret only. Use action: rotate, or" in said
    assert planned(secret({"RotationLambdaARN": None}, **readable), **wish).notes == ()


def test_too_many_versions_and_a_first_value_are_said() -> None:
    without_function = {"RotationLambdaARN": None}
    (said,) = planned(secret(without_function, days=0.001, **READABLE), **SET).notes
    assert "younger than 10 minutes" in said
    empty = replace(secret(without_function), versions={})
    plan = planned(empty, action="set", value="first-Pa55")
    assert (plan.before, plan.notes[0]) == (
        {"name": "db"},
        "db: it had no value before, so there is none to go back to.",
    )


# --- all together ----------------------------------------------------------------------------------------------------


def test_a_secret_that_is_named_in_two_ways_is_refused() -> None:
    plan = planned(secret(), action="rotate")
    refused = review_secrets([], {"db": plan, ARN: plan})
    assert refused == {ARN: "it is the same secret as db. Put what you want of it into one element."}


@pytest.mark.parametrize(
    ("value", "clashes"),
    [
        ({"action": "set", "value": "new-Pa55"}, False),
        ({"action": "set", "value": "shop"}, True),
        ({"action": "set", "value": "1"}, True),
        (
            {"action": "set", "value": {"username": "prod", "password": "new-Pa55"}, "keys": ["username", "password"]},
            True,
        ),
    ],
)
def test_a_value_that_ansible_would_hide_in_the_result_too_is_refused(value: dict[str, Any], clashes: bool) -> None:
    target = wished(**value)
    plans = {"db": planned(secret(), version_id=OLD)}
    assert bool(review_secrets([target], plans)) is clashes
