# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""secretsmanager_rotation against the embedded AWS, whose rotation functions really run."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from integration.examples import assert_examples_run
from integration.killing import kill_module_at
from integration.run_module import run_module
from rotation_makers import fail_in, labels, make_rotation_function, make_secret, value_of

from ansible_collections.runbook.aws.plugins.modules import secretsmanager_rotation
from local_aws.client import Account

DB, KEYS, PLAIN = "/shop/prod/database", "/shop/prod/api-keys", "/shop/prod/webhook"
FIRST = {"username": "admin-of-shop", "password": "first-Pa55-of-database", "port": 5432}
API_KEYS = {"search": "first-Pa55-of-search", "weather": "first-Pa55-of-weather"}
DAY = 86_400.0


def rotation(account: Account, *secrets: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_module(account, "secretsmanager_rotation", secrets=list(secrets), **options)


def before_of(done: dict[str, Any]) -> list[dict[str, Any]]:
    return [result["before"] for result in done["results"]]


@pytest.fixture
def store(account: Account) -> Account:
    """Secrets without rotation: a JSON object and a text."""
    make_secret(account, KEYS, API_KEYS)
    make_secret(account, PLAIN, "first-Pa55-of-webhook")
    return account


@pytest.fixture
def rotated(account: Account) -> Account:
    """A secret with a rotation function."""
    make_secret(account, DB, FIRST, make_rotation_function(account))
    deadline = time.monotonic() + 10
    while "AWSPENDING" in labels(account, DB) and time.monotonic() < deadline:
        time.sleep(0.05)
    return account


WISH = (
    {"name": KEYS, "action": "generate", "keys": ["search"], "length": 40, "exclude_punctuation": True, "stamp": "s"},
    {"name": PLAIN, "action": "set", "value": "second-Pa55-of-webhook"},
)


def test_check_mode_the_run_the_second_run_and_the_way_back(store: Account) -> None:
    mark = store.mark()
    told = rotation(store, *WISH, check=True)
    assert told["changed"]
    assert [result["calls"] for result in told["results"]] == [["secretsmanager:PutSecretValue"]] * 2
    assert told["results"][1]["after"]["version_id"] == "to be made"
    assert store.mutating(mark) == []

    done = rotation(store, *WISH)
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["after"] == told["results"][0]["after"]
    made = value_of(store, KEYS)
    assert made["weather"] == API_KEYS["weather"]
    assert len(made["search"]) == 40
    assert made["search"].isalnum()
    assert value_of(store, PLAIN) == "second-Pa55-of-webhook"
    for name, result in zip((KEYS, PLAIN), done["results"], strict=True):
        assert result["rotated"]
        assert result["version_id"] == result["after"]["version_id"] == labels(store, name)["AWSCURRENT"]
        assert result["previous_version_id"] == result["before"]["version_id"] == labels(store, name)["AWSPREVIOUS"]
        assert result["stages"][result["version_id"]] == ["AWSCURRENT"]
        assert result["age_days"] < 0.01
    assert [call["operation"] for call in store.mutating(mark)] == ["PutSecretValue"] * 2

    mark = store.mark()
    again = rotation(store, *WISH)
    assert not again["changed"]
    assert not any(result["rotated"] for result in again["results"])
    assert store.mutating(mark) == []

    assert rotation(store, *before_of(done))["changed"]
    assert (value_of(store, KEYS), value_of(store, PLAIN)) == (API_KEYS, "first-Pa55-of-webhook")
    mark = store.mark()
    assert not rotation(store, *before_of(done))["changed"]
    assert store.mutating(mark) == []


def test_no_value_is_told_anywhere(store: Account) -> None:
    done = rotation(store, *WISH, verbosity=4, diff=True)
    assert done["changed"]
    generated = value_of(store, KEYS)["search"]
    quoted = rotation(store, {"name": PLAIN, "action": "set", "keys": ["a"], "value": {"a": "third-Pa55"}}, verbosity=4)
    assert "is no JSON object" in quoted["msg"]
    store.fault("secretsmanager", "PutSecretValue", error="InvalidParameterException", message="fourth-Pa55 is bad")
    refused = rotation(store, {"name": PLAIN, "action": "set", "value": "fourth-Pa55"}, verbosity=4)
    assert "InvalidParameterException" in refused["msg"]
    everything = done["output"] + quoted["output"] + refused["output"] + json.dumps(store.calls())
    assert "Pa55" not in everything
    assert generated not in everything


def test_a_value_comes_from_a_file_that_only_its_owner_may_read(store: Account, tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text(json.dumps({"search": "prod", "weather": "file-Pa55"}))
    wish = {"name": KEYS, "action": "set", "keys": ["search", "weather"], "value_file": str(file)}
    file.chmod(0o640)
    mark = store.mark()
    assert "has mode 0640" in rotation(store, wish)["msg"]
    assert store.mutating(mark) == []
    file.chmod(0o600)
    done = rotation(store, wish, verbosity=3)
    assert value_of(store, KEYS) == {"search": "prod", "weather": "file-Pa55"}
    assert "Pa55" not in done["output"]
    # Nothing that the result names was hidden.
    assert done["results"][0]["target"] == KEYS
    assert not rotation(store, wish)["changed"]


def test_a_rollback_brings_the_previous_value_back_once(store: Account) -> None:
    second = rotation(store, WISH[1])["results"][0]["version_id"]
    wish = {"name": PLAIN, "action": "rollback", "from_version": second}
    mark = store.mark()
    assert rotation(store, wish, check=True)["changed"]
    assert store.mutating(mark) == []
    done = rotation(store, wish)
    assert value_of(store, PLAIN) == "first-Pa55-of-webhook"
    mark = store.mark()
    assert not rotation(store, wish)["changed"]
    assert store.mutating(mark) == []
    assert rotation(store, *before_of(done))["changed"]
    assert value_of(store, PLAIN) == "second-Pa55-of-webhook"


def test_a_label_that_somebody_else_has_moved_is_not_taken_back(store: Account) -> None:
    found = rotation(store, {"name": PLAIN})["results"][0]
    rotation(store, WISH[1])
    rotation(store, {"name": PLAIN, "action": "set", "value": "third-Pa55-of-webhook"})
    third = labels(store, PLAIN)["AWSCURRENT"]
    wish = {"name": PLAIN, "action": "rollback", "from_version": found["version_id"]}
    refused = rotation(store, wish)
    assert f"is not current; AWSCURRENT is {third}" in refused["msg"]
    assert value_of(store, PLAIN) == "third-Pa55-of-webhook"


# --- rotation --------------------------------------------------------------------------------------------------------

ROTATE = {"name": DB, "action": "rotate", "stamp": "s"}


@pytest.mark.parametrize(
    "wish", [{"action": "generate"}, {"action": "set", "value": {"password": "second-Pa55-of-database"}}]
)
def test_a_new_value_that_its_function_has_not_told_elsewhere_is_warned_of(
    rotated: Account, wish: dict[str, Any]
) -> None:
    for check in (True, False):
        done = rotation(rotated, {"name": DB, "keys": ["password"], **wish}, check=check)
        assert done["changed"], done["output"]
        assert f"action: {wish['action']} changes the secret only. Use action: rotate" in " ".join(done["warnings"])


def test_a_rotation_is_waited_for_and_happens_once(rotated: Account) -> None:
    mark = rotated.mark()
    told = rotation(rotated, ROTATE, check=True)
    assert told["results"][0]["calls"] == ["secretsmanager:RotateSecret"]
    assert rotated.mutating(mark) == []
    done = rotation(rotated, ROTATE)
    assert done["rc_"] == 0, done["output"]
    (result,) = done["results"]
    assert result["rotated"]
    assert told["results"][0]["after"]["version_id"] == "to be made"
    assert result["after"] == {"name": DB, "version_id": labels(rotated, DB)["AWSCURRENT"]}
    assert value_of(rotated, DB)["password"] != FIRST["password"]
    assert value_of(rotated, DB)["port"] == FIRST["port"]
    mark = rotated.mark()
    assert not rotation(rotated, ROTATE)["changed"]
    assert rotated.mutating(mark) == []
    back = rotation(rotated, *before_of(done))
    assert value_of(rotated, DB) == FIRST
    assert "What its rotation function has changed elsewhere" in back["warnings"][0]
    assert value_of(rotated, DB)["password"] not in done["output"] + back["output"]


def test_what_is_young_is_left_alone_until_it_is_due(rotated: Account) -> None:
    wish = {"name": DB, "action": "rotate"}
    mark = rotated.mark()
    assert not rotation(rotated, wish, max_age_days=90)["changed"]
    rotated.advance(89 * DAY)
    assert not rotation(rotated, wish, max_age_days=90)["changed"]
    assert rotated.mutating(mark) == []
    # AWS's answers tell the time in whole seconds.
    rotated.advance(1 * DAY + 1)
    assert rotation(rotated, wish, max_age_days=90)["results"][0]["rotated"]
    assert not rotation(rotated, wish, max_age_days=90)["changed"]


@pytest.mark.parametrize("step", ["createSecret", "setSecret", "testSecret", "finishSecret"])
def test_a_rotation_that_fails_is_told_in_the_functions_words_and_the_same_task_mends_it(
    rotated: Account, step: str
) -> None:
    fail_in(rotated, step)
    failed = rotation(rotated, ROTATE, wait_timeout=20)
    assert failed["results"][0]["error_code"] == "RotationFailed", failed["output"]
    assert f"PermissionError: {step}: the database refuses the password" in failed["msg"]
    assert "AWSCURRENT stayed where it was" in failed["msg"]
    assert value_of(rotated, DB) == FIRST
    pending = labels(rotated, DB)["AWSPENDING"]
    if step != "createSecret":
        client = rotated.client("secretsmanager")
        new = json.loads(client.get_secret_value(SecretId=DB, VersionId=pending)["SecretString"])
        assert new["password"] not in failed["output"]
    fail_in(rotated, "")
    done = rotation(rotated, ROTATE, wait_timeout=20)
    assert done["rc_"] == 0, done["output"]
    calls = [call.removeprefix("secretsmanager:") for call in done["results"][0]["calls"]]
    if step == "createSecret":
        assert calls == ["UpdateSecretVersionStage", "RotateSecret"]
        assert any("AWSPENDING of an earlier rotation is removed" in warning for warning in done["warnings"])
        assert value_of(rotated, DB)["password"] != FIRST["password"]
    else:
        # The database may have it already.
        assert calls == ["RotateSecret"]
        assert any("the same version is tried again" in warning for warning in done["warnings"])
        assert value_of(rotated, DB)["password"] == new["password"]
    assert labels(rotated, DB).get("AWSPENDING") in (None, labels(rotated, DB)["AWSCURRENT"])
    assert not rotation(rotated, ROTATE)["changed"]


def test_a_failure_that_no_log_tells_is_known_from_cloudtrail(rotated: Account) -> None:
    fail_in(rotated, "setSecret")
    rotated.deny("logs:FilterLogEvents")
    failed = rotation(rotated, ROTATE, wait_timeout=20)
    assert failed["results"][0]["error_code"] == "RotationFailed", failed["output"]
    assert "CloudTrail says" in failed["msg"]


def test_where_nothing_can_be_seen_it_is_said_and_the_time_ends_the_waiting(rotated: Account) -> None:
    fail_in(rotated, "setSecret")
    rotated.deny("logs:FilterLogEvents", "cloudtrail:LookupEvents")
    failed = rotation(rotated, ROTATE, wait_timeout=1)
    assert "says when it fails is not observable here" in failed["warnings"][0]
    assert "run the same task again to wait on, or raise wait_timeout" in failed["msg"]


def test_a_rotation_that_was_left_alone_is_taken_up(rotated: Account) -> None:
    rotated.settings(transition_seconds=1.5)
    started = rotation(rotated, ROTATE, wait=False)
    assert started["results"][0]["calls"] == ["secretsmanager:RotateSecret"]
    mark = rotated.mark()
    done = rotation(rotated, {"name": DB, "action": "rotate"})
    assert done["results"][0]["rotated"], done["output"]
    assert not done["changed"]
    assert done["results"][0]["version_id"] == started["results"][0]["after"]["version_id"]
    assert "a rotation is under way already" in done["warnings"][0]
    assert [call["operation"] for call in rotated.mutating(mark)].count("RotateSecret") == 0


def test_the_test_of_a_function_that_was_just_attached_is_no_rotation(rotated: Account) -> None:
    """Its version goes again without having been current, so it is not waited for until the time is up."""
    rotated.settings(transition_seconds=1.5)
    rotated.client("secretsmanager").rotate_secret(SecretId=DB, RotateImmediately=False)
    first, mark = labels(rotated, DB)["AWSCURRENT"], rotated.mark()
    waited = rotation(rotated, ROTATE)
    assert waited["failed"]
    assert "has ended, and AWSCURRENT stayed where it was" in waited["msg"]
    assert "Run the same task again: it starts a rotation" in waited["msg"]
    assert rotated.mutating(mark) == []
    assert labels(rotated, DB) == {"AWSCURRENT": first}

    done = rotation(rotated, ROTATE)
    assert done["results"][0]["rotated"], done["output"]


def test_a_rotation_that_nobody_goes_on_with_is_cleared_away_when_that_is_certain(rotated: Account) -> None:
    client = rotated.client("secretsmanager")
    client.put_secret_value(SecretId=DB, SecretString=json.dumps(FIRST), VersionStages=["AWSPENDING"])
    left = labels(rotated, DB)["AWSPENDING"]
    rotated.advance(14 * 60)
    waiting = rotation(rotated, {"name": DB, "action": "rotate"}, wait_timeout=1)
    assert "not there yet" in waiting["msg"]
    rotated.advance(60)
    assert (
        "say abort_pending: true" in rotation(rotated, {"name": DB, "action": "rotate", "abort_pending": False})["msg"]
    )
    done = rotation(rotated, {"name": DB, "action": "rotate", "abort_pending": True})
    assert done["results"][0]["rotated"], done["output"]
    assert left not in done["results"][0]["stages"]


# --- automatic rotation that is off ----------------------------------------------------------------------------------


@pytest.fixture
def manual(rotated: Account) -> Account:
    """A secret with a rotation function that is rotated by hand only."""
    rotated.client("secretsmanager").cancel_rotate_secret(SecretId=DB)
    return rotated


def is_automatic(account: Account) -> bool:
    return bool(account.client("secretsmanager").describe_secret(SecretId=DB)["RotationEnabled"])


def operations_of(done: dict[str, Any]) -> list[str]:
    return [call.removeprefix("secretsmanager:") for call in done["results"][0]["calls"]]


def test_it_stays_off_and_is_off_after_the_way_back(manual: Account) -> None:
    mark = manual.mark()
    assert operations_of(rotation(manual, ROTATE, check=True)) == ["RotateSecret", "CancelRotateSecret"]
    assert manual.mutating(mark) == []
    done = rotation(manual, ROTATE)
    assert operations_of(done) == ["RotateSecret", "CancelRotateSecret"]
    assert not is_automatic(manual)
    assert "automatic rotation is turned off" in done["warnings"][0]
    assert not rotation(manual, ROTATE)["changed"]
    assert set(operations_of(rotation(manual, *before_of(done)))) == {"UpdateSecretVersionStage"}
    assert value_of(manual, DB) == FIRST
    assert not is_automatic(manual)


@pytest.mark.parametrize("step", ["createSecret", "setSecret"])
def test_it_is_off_after_a_rotation_that_fails_and_after_the_one_that_mends_it(manual: Account, step: str) -> None:
    fail_in(manual, step)
    failed = rotation(manual, ROTATE, wait_timeout=20)
    assert failed["results"][0]["error_code"] == "RotationFailed", failed["output"]
    assert operations_of(failed) == ["RotateSecret", "CancelRotateSecret"]
    assert not is_automatic(manual)
    fail_in(manual, "")
    # Nobody goes on with it, so it is not waited for.
    done = rotation(manual, ROTATE, wait_timeout=20)
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["rotated"]
    assert not is_automatic(manual)


def test_it_is_told_that_it_is_still_on_where_it_could_not_be_turned_off(manual: Account) -> None:
    fail_in(manual, "setSecret")
    manual.deny("secretsmanager:CancelRotateSecret")
    failed = rotation(manual, ROTATE, wait_timeout=20)
    assert failed["results"][0]["error_code"] == "RotationFailed", failed["output"]
    assert "Allow secretsmanager:CancelRotateSecret" in failed["msg"]
    assert is_automatic(manual)


def test_a_rotation_that_takes_longer_is_not_cancelled_and_the_same_task_turns_it_off(manual: Account) -> None:
    manual.settings(transition_seconds=3.0)
    late = rotation(manual, ROTATE, wait_timeout=1)
    assert "not there yet" in late["msg"]
    assert "run the same task again, which turns it off" in late["warnings"][0]
    assert operations_of(late) == ["RotateSecret"]
    done = rotation(manual, ROTATE)
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["rotated"]
    assert operations_of(done) == ["DescribeSecret", "CancelRotateSecret"]
    assert not is_automatic(manual)


def test_a_run_that_is_killed_while_it_rotates_is_finished_and_turned_off_by_the_same_task(manual: Account) -> None:
    manual.settings(transition_seconds=2.0)
    kill_module_at(manual, "RotateSecret", "secretsmanager_rotation", secrets=[ROTATE])
    assert is_automatic(manual)
    done = rotation(manual, ROTATE)
    assert done["rc_"] == 0, done["output"]
    assert value_of(manual, DB)["password"] != FIRST["password"]
    assert not is_automatic(manual)


@pytest.mark.parametrize("finish", ["the same task", "the way back"])
def test_a_run_that_ended_between_the_rotation_and_turning_it_off_is_finished(manual: Account, finish: str) -> None:
    first = labels(manual, DB)["AWSCURRENT"]
    manual.deny("secretsmanager:CancelRotateSecret")
    assert "Allow secretsmanager:CancelRotateSecret" in rotation(manual, ROTATE)["msg"]
    manual.deny()
    assert is_automatic(manual)
    wish = ROTATE if finish == "the same task" else {"name": DB, "version_id": first}
    mark = manual.mark()
    assert operations_of(rotation(manual, wish, check=True))[0] == "CancelRotateSecret"
    assert manual.mutating(mark) == []
    done = rotation(manual, wish)
    assert done["rc_"] == 0, done["output"]
    assert not is_automatic(manual)
    assert (value_of(manual, DB) == FIRST) is (finish == "the way back")
    mark = manual.mark()
    assert not rotation(manual, wish)["changed"]
    assert manual.mutating(mark) == []


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"name": "/shop/prod/nothing", "action": "rotate"}, "ResourceNotFoundException"),
        ({"name": KEYS, "action": "rotate"}, "it has no rotation function"),
        ({"name": "/shop/prod/gone", "action": "set", "value": "new-Pa55"}, "it is scheduled for deletion"),
        ({"name": "/shop/prod/bytes", "action": "generate"}, "its value is binary"),
        ({"name": "/shop/prod/text", "action": "generate", "keys": ["a"]}, "its value is no JSON object"),
        ({"name": KEYS, "action": "generate", "keys": ["serach"]}, "has no key serach; it has search, weather"),
        ({"name": KEYS, "action": "generate"}, "its value is a JSON object. Name in keys"),
        ({"name": KEYS, "action": "set", "keys": ["search"], "value": {"search": ""}}, "value of search is empty"),
        ({"name": KEYS, "action": "set", "value": ""}, "the new value is empty"),
        ({"name": KEYS, "action": "set", "value": "ä" * 40_000}, "80000 bytes, and Secrets Manager takes 65536"),
        ({"name": KEYS, "action": "set", "value": "api-keys", "replace_object": True}, "Give it in value_file"),
        ({"name": KEYS, "action": "set", "value": "no-json-Pa55"}, "or say replace_object: true"),
        ({"name": KEYS, "action": "set", "value_file": "/nowhere/value"}, "cannot be read: No such file"),
        ({"name": KEYS, "action": "set", "value_file": "/dev/stdin"}, "/dev/stdin is a pipe or a device"),
        ({"name": KEYS, "version_id": "0" * 32}, "it has no version 0000"),
        ({"name": KEYS, "action": "rollback"}, "rollback needs from_version"),
        ({"name": KEYS, "action": "rollback", "from_version": "0" * 32}, "no version is labelled AWSPREVIOUS"),
        (
            {"name": KEYS, "action": "generate", "keys": ["search"], "length": 2, "exclude_numbers": True},
            "GetRandomPassword was refused",
        ),
    ],
)
def test_one_wrong_wish_keeps_all_from_being_written(store: Account, wish: dict[str, Any], says: str) -> None:
    client = store.client("secretsmanager")
    make_secret(store, "/shop/prod/text", "text-Pa55")
    make_secret(store, "/shop/prod/gone", "gone-Pa55")
    client.delete_secret(SecretId="/shop/prod/gone", RecoveryWindowInDays=7)
    client.create_secret(Name="/shop/prod/bytes", SecretBinary=b"\x00Pa55")
    mark = store.mark()
    refused = rotation(store, WISH[1], wish)
    assert refused["rc_"] != 0
    assert says in refused["msg"]
    assert "nothing was written" in refused["msg"]
    assert store.mutating(mark) == []
    assert "Pa55" not in refused["output"]
    assert "Traceback" not in refused["output"]


def test_a_secret_that_is_named_in_two_ways_is_found(store: Account) -> None:
    arn = store.client("secretsmanager").describe_secret(SecretId=PLAIN)["ARN"]
    assert "it is the same secret as" in rotation(store, WISH[1], {"name": arn})["msg"]


def test_a_rotation_function_that_cannot_run_is_found_before(rotated: Account) -> None:
    mark = rotated.mark()
    functions = rotated.client("lambda")
    functions.put_function_concurrency(FunctionName="rotate", ReservedConcurrentExecutions=0)
    assert "its reserved concurrency is 0" in rotation(rotated, ROTATE)["msg"]
    functions.delete_function(FunctionName="rotate")
    assert "function:rotate is not there. Deploy it" in rotation(rotated, ROTATE)["msg"]
    assert [call["service"] for call in rotated.mutating(mark)] == ["lambda", "lambda"]


def test_a_function_that_secrets_manager_may_not_call_is_told_with_the_way_out(rotated: Account) -> None:
    rotated.client("lambda").remove_permission(FunctionName="rotate", StatementId="rotation")
    refused = rotation(rotated, ROTATE)
    assert "Let secretsmanager.amazonaws.com invoke it" in refused["msg"]
    assert value_of(rotated, DB) == FIRST


# --- faults ----------------------------------------------------------------------------------------------------------


def test_an_answer_that_was_lost_makes_no_second_version(store: Account) -> None:
    store.fault("secretsmanager", "PutSecretValue", mode="disconnect_after", times=1)
    done = rotation(store, WISH[0])
    assert done["rc_"] == 0, done["output"]
    assert len(store.client("secretsmanager").list_secret_version_ids(SecretId=KEYS)["Versions"]) == 2


def test_a_rotation_whose_answer_was_lost_is_waited_for(rotated: Account) -> None:
    rotated.fault("secretsmanager", "RotateSecret", mode="disconnect_after", times=1)
    done = rotation(rotated, ROTATE)
    assert done["rc_"] == 0, done["output"]
    assert done["results"][0]["rotated"]


def test_a_run_that_lost_the_network_for_good_is_finished_by_the_same_task(store: Account) -> None:
    store.fault("secretsmanager", "PutSecretValue", mode="disconnect_after", times=9)
    lost = rotation(store, WISH[0])
    assert "got no answer" in lost["msg"]
    made = value_of(store, KEYS)
    assert made != API_KEYS
    store.clear_faults()
    mark = store.mark()
    done = rotation(store, WISH[0])
    assert done["rc_"] == 0, done["output"]
    assert store.mutating(mark) == []
    assert value_of(store, KEYS) == made
    assert made["search"] not in lost["output"] + done["output"]


def test_a_killed_run_is_finished_by_the_same_task(rotated: Account) -> None:
    make_secret(rotated, KEYS, API_KEYS)
    rotated.settings(transition_seconds=1.0)
    kill_module_at(rotated, "RotateSecret", "secretsmanager_rotation", secrets=[ROTATE])
    done = rotation(rotated, ROTATE)
    assert done["rc_"] == 0, done["output"]
    assert value_of(rotated, DB)["password"] != FIRST["password"]
    assert len(done["results"][0]["stages"]) == 2

    kill_module_at(rotated, "PutSecretValue", "secretsmanager_rotation", secrets=[WISH[0]])
    made = value_of(rotated, KEYS)
    assert made != API_KEYS
    mark = rotated.mark()
    assert not rotation(rotated, WISH[0], ROTATE)["changed"]
    assert rotated.mutating(mark) == []
    assert value_of(rotated, KEYS) == made


def test_what_is_throttled_is_tried_again_and_what_is_denied_is_named(store: Account) -> None:
    store.fault("secretsmanager", "PutSecretValue", error="ThrottlingException", times=3)
    assert rotation(store, WISH[1])["changed"]
    store.deny("secretsmanager:GetSecretValue")
    refused = rotation(store, {**WISH[0], "stamp": "t"})
    assert "Allow secretsmanager:GetSecretValue" in refused["msg"]
    store.deny("secretsmanager:PutSecretValue")
    one = rotation(store, {**WISH[0], "stamp": "t"}, {"name": PLAIN})
    assert "Allow secretsmanager:PutSecretValue" in one["msg"]
    assert value_of(store, KEYS) == API_KEYS


def test_a_failure_of_one_loses_nothing_of_the_others(store: Account) -> None:
    arn = store.client("secretsmanager").describe_secret(SecretId=PLAIN)["ARN"]
    store.fault("secretsmanager", "PutSecretValue", match={"SecretId": arn}, error="InternalServiceError", times=9)
    half = rotation(store, *WISH)
    assert [bool(result["error"]) for result in half["results"]] == [False, True]
    store.clear_faults()
    done = rotation(store, *WISH)
    assert [result["changed"] for result in done["results"]] == [False, True]


def test_partial_changes_what_is_sound_and_tells_why_the_rest_is_not(store: Account) -> None:
    """One cannot be read, one is refused, one fails when it is written, two are sound."""
    make_secret(store, "/shop/prod/text", "text-Pa55")
    make_secret(store, "/shop/prod/late", "late-Pa55")
    late = store.client("secretsmanager").describe_secret(SecretId="/shop/prod/late")["ARN"]
    wishes = [
        {"name": "/shop/prod/nothing", "action": "set", "value": "new-Pa55"},
        {"name": "/shop/prod/text", "action": "generate", "keys": ["a"]},
        {"name": "/shop/prod/late", "action": "set", "value": "new-Pa55", "stamp": "s"},
        *WISH,
    ]
    mark = store.mark()
    told = rotation(store, *wishes, partial=True, check=True)
    assert told["failed"]
    assert [result["changed"] for result in told["results"]] == [False, False, True, True, True]
    assert "nothing was written" in told["msg"]
    assert store.mutating(mark) == []

    assert rotation(store, *wishes)["failed"]
    assert store.mutating(mark) == []

    store.fault("secretsmanager", "PutSecretValue", match={"SecretId": late}, error="InternalServiceError", times=9)
    some = rotation(store, *wishes, partial=True)
    assert some["failed"] and some["changed"]
    assert [result["changed"] for result in some["results"]] == [False, False, False, True, True]
    assert [result["error_code"] for result in some["results"]] == [
        "ResourceNotFoundException",
        None,
        "InternalServiceError",
        None,
        None,
    ]
    assert "its value is no JSON object" in some["results"][1]["error"]
    assert "3 of 5 failed, 2 of 5 were changed" in some["msg"]
    # What is there of those that failed is told as far as it is known, and of the others as ever.
    assert [bool(result["before"]) for result in some["results"]] == [False, False, True, True, True]
    assert [bool(result["after"]) for result in some["results"]] == [False, False, False, True, True]
    assert all(result["rotated"] for result in some["results"][3:])
    assert value_of(store, PLAIN) == "second-Pa55-of-webhook"
    assert value_of(store, "/shop/prod/late") == "late-Pa55"
    assert "Pa55" not in some["output"]

    # The same task finishes the rest, once what failed is mended, and does nothing twice.
    store.clear_faults()
    mark = store.mark()
    again = rotation(store, *wishes, partial=True)
    assert [result["changed"] for result in again["results"]] == [False, False, True, False, False]
    assert [call["operation"] for call in store.mutating(mark)] == ["PutSecretValue"]
    assert value_of(store, "/shop/prod/late") == "new-Pa55"

    # And what was changed is undone by its part of the results.
    back = [result["before"] for result in some["results"] if result["changed"]]
    assert rotation(store, *back)["changed"]
    assert (value_of(store, KEYS), value_of(store, PLAIN)) == (API_KEYS, "first-Pa55-of-webhook")


def test_partial_rotates_what_can_be_rotated_and_leaves_what_cannot(rotated: Account) -> None:
    """Of two secrets with the same function one is between old and new, and the operator wants that looked at."""
    function = rotated.client("lambda").get_function(FunctionName="rotate")["Configuration"]["FunctionArn"]
    make_secret(rotated, "/shop/prod/other", FIRST, function)
    client = rotated.client("secretsmanager")
    client.put_secret_value(SecretId="/shop/prod/other", SecretString=json.dumps(FIRST), VersionStages=["AWSPENDING"])
    rotated.advance(16 * 60)
    stuck = labels(rotated, "/shop/prod/other")
    wishes = [ROTATE, {**ROTATE, "name": "/shop/prod/other", "abort_pending": False}]
    some = rotation(rotated, *wishes, partial=True)
    assert [bool(result["error"]) for result in some["results"]] == [False, True]
    assert some["results"][0]["rotated"]
    assert "abort_pending: true" in some["msg"]
    assert value_of(rotated, DB)["password"] != FIRST["password"]
    assert labels(rotated, "/shop/prod/other") == stuck


def test_many_secrets_are_rotated_together(rotated: Account) -> None:
    function = rotated.client("lambda").get_function(FunctionName="rotate")["Configuration"]["FunctionArn"]
    names = [f"/shop/many/{number}" for number in range(6)]
    for name in names:
        make_secret(rotated, name, {**FIRST, "number": name}, function)
    wishes = [{"name": name, "action": "rotate", "stamp": "s"} for name in names]
    mark = rotated.mark()
    done = rotation(rotated, *wishes)
    assert done["rc_"] == 0, done["output"]
    assert all(result["rotated"] for result in done["results"])
    # What concerns the function that all of them have is read once.
    assert [call["operation"] for call in rotated.calls(mark)].count("GetFunction") == 1


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    make_secret(account, "/sc-agent/prod/database/credentials", FIRST, make_rotation_function(account))
    make_secret(account, "/sc-agent/prod/api-keys", API_KEYS)
    assert_examples_run(account, tmp_path, secretsmanager_rotation)
