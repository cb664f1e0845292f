# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""secretsmanager_rotation_info against the embedded AWS."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from integration.examples import assert_examples_run
from integration.run_module import run_module
from rotation_makers import labels, make_rotation_function, make_secret

from ansible_collections.runbook.aws.plugins.modules import secretsmanager_rotation_info
from local_aws.client import Account

DB, KEYS, OTHER = "/shop/prod/database", "/shop/prod/api-keys", "/shop/dev/database"
DAY = 86_400.0


def info(account: Account, **options: Any) -> dict[str, Any]:
    return run_module(account, "secretsmanager_rotation_info", **options)


@pytest.fixture
def store(account: Account) -> Account:
    """Two secrets of prod, the tagged one with a rotation of 30 days that is off, and one of dev."""
    client = account.client("secretsmanager")
    make_secret(account, DB, {"password": "first-Pa55"}, make_rotation_function(account))
    client.cancel_rotate_secret(SecretId=DB)
    client.tag_resource(SecretId=DB, Tags=[{"Key": "app", "Value": "shop"}])
    make_secret(account, KEYS, "first-Pa55")
    client.put_secret_value(SecretId=KEYS, SecretString="second-Pa55")
    make_secret(account, OTHER, "first-Pa55")
    return account


def test_secrets_are_found_by_prefix_and_tag_and_shown_without_a_value(store: Account) -> None:
    store.advance(41.5 * DAY)
    mark = store.mark()
    result = info(store, name_prefix="/shop/prod/", max_age_days=41, verbosity=3)
    assert [item["target"] for item in result["results"]] == [KEYS, DB]
    keys, database = result["results"]
    there = labels(store, KEYS)
    assert (keys["version_id"], keys["previous_version_id"]) == (there["AWSCURRENT"], there["AWSPREVIOUS"])
    assert [version["stages"] for version in keys["versions"]] == [["AWSCURRENT"], ["AWSPREVIOUS"]]
    assert 41.4 < keys["age_days"] < 41.6
    assert (keys["overdue"], keys["pending"], keys["rotation"]["function"]) == (True, None, None)
    assert database["tags"] == {"app": "shop"}
    assert database["rotation"]["enabled"] is False
    assert database["rotation"]["function"].endswith(":function:rotate")
    assert "Pa55" not in result["output"]
    assert store.mutating(mark) == []
    asked = [call["operation"] for call in store.calls(mark)]
    assert "GetSecretValue" not in asked
    assert asked.count("ListSecrets") == 1

    assert [item["target"] for item in info(store, tags={"app": "shop"})["results"]] == [DB]
    assert info(store, tags={"app": "other"})["results"] == []
    assert info(store, secrets=[KEYS], max_age_days=42)["results"][0]["overdue"] is False


def test_when_a_secret_is_rotated_and_by_whom_and_with_which_key_it_is_kept_are_shown(store: Account) -> None:
    client = store.client("secretsmanager")
    client.update_secret(SecretId=DB, KmsKeyId="alias/shop")
    store.client("rds").create_db_instance(
        DBInstanceIdentifier="shop",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="shop",
        ManageMasterUserPassword=True,
    )
    found = {item["owning_service"]: item for item in info(store)["results"] if item["target"] not in (KEYS, OTHER)}
    assert set(found) == {None, "rds"}
    off = found[None]["rotation"]
    assert (off["enabled"], off["next_date"], off["last_rotated"]) == (False, None, None)

    begun = datetime.fromtimestamp(int(store.now()), UTC)
    client.rotate_secret(SecretId=DB, RotationRules={"AutomaticallyAfterDays": 30})
    deadline = time.monotonic() + 60
    while "LastRotatedDate" not in client.describe_secret(SecretId=DB):
        assert time.monotonic() < deadline, "it was not rotated"
        time.sleep(0.05)
    keys, database = info(store, secrets=[KEYS, DB])["results"]
    assert (keys["kms_key_id"], database["kms_key_id"]) == (None, "alias/shop")
    rotation = database["rotation"]
    assert (rotation["enabled"], rotation["rules"]) == (True, {"AutomaticallyAfterDays": 30})
    rotated = datetime.fromisoformat(rotation["last_rotated"])
    assert begun <= rotated <= datetime.fromtimestamp(store.now(), UTC)
    # The window is the 30th day as a whole.
    assert rotation["next_date"] == f"{rotated + timedelta(days=30):%Y-%m-%d}T23:59:59Z"
    assert (keys["rotation"]["next_date"], keys["rotation"]["last_rotated"]) == (None, None)


def test_what_is_shown_can_be_given_to_the_module_that_rotates(store: Account) -> None:
    wish = [item["secret"] for item in info(store)["results"]]
    assert not run_module(store, "secretsmanager_rotation", secrets=wish)["changed"]


def test_a_rotation_that_is_stuck_is_shown(store: Account) -> None:
    client = store.client("secretsmanager")
    client.put_secret_value(SecretId=DB, SecretString="{}", VersionStages=["AWSPENDING"])
    assert info(store, secrets=[DB])["results"][0]["pending"]["stuck"] is True  # Its rotation is off.
    version = labels(store, DB)["AWSPENDING"]
    client.update_secret_version_stage(SecretId=DB, VersionStage="AWSPENDING", RemoveFromVersionId=version)
    store.settings(transition_seconds=30.0)
    client.rotate_secret(SecretId=DB)
    pending = info(store, secrets=[DB])["results"][0]["pending"]
    assert (pending["version_id"], pending["stuck"]) == (labels(store, DB)["AWSPENDING"], False)
    store.advance(16 * 60)
    assert info(store, secrets=[DB])["results"][0]["pending"]["stuck"] is True


def test_a_secret_that_is_to_be_deleted_is_shown_where_it_is_asked_for(store: Account) -> None:
    store.client("secretsmanager").delete_secret(SecretId=OTHER, RecoveryWindowInDays=7)
    assert OTHER not in [item["target"] for item in info(store)["results"]]
    shown = info(store, include_deleted=True, name_prefix="/shop/dev/")["results"]
    assert [bool(item["deleted_date"]) for item in shown] == [True]


def test_one_unknown_secret_does_not_hide_the_others_and_a_denied_call_is_named(store: Account) -> None:
    result = info(store, secrets=["/shop/prod/nothing", KEYS])
    assert "1 of 2 could not be read" in result["msg"]
    assert "ResourceNotFoundException" in result["msg"]
    assert result["results"][1]["version_id"] == labels(store, KEYS)["AWSCURRENT"]
    store.deny("secretsmanager:ListSecrets")
    assert "Allow secretsmanager:ListSecrets" in info(store)["msg"]


def test_many_secrets_are_all_found(account: Account) -> None:
    for number in range(105):
        make_secret(account, f"/many/{number:03}", "x")
    mark = account.mark()
    result = info(account, name_prefix="/many/", request_rates={"secretsmanager:ListSecretVersionIds": 1000})
    assert len(result["results"]) == 105
    asked = [call["operation"] for call in account.calls(mark)]
    assert asked.count("ListSecrets") == 2


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    make_secret(account, "/sc-agent/prod/database/credentials", "first-Pa55")
    account.advance(91 * DAY)
    assert_examples_run(account, tmp_path, secretsmanager_rotation_info)
