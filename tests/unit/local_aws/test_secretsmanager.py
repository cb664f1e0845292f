# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets of the embedded AWS: what is read is what the labels say; each of these fails on plain moto."""

from __future__ import annotations

import string
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.client import Account

DAY = 86_400


@pytest.fixture
def client(account: Account) -> Any:
    """Secrets Manager, with a secret `s` of the value one."""
    made = account.client("secretsmanager")
    made.create_secret(Name="s", SecretString="one")
    return made


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def token() -> str:
    return str(uuid.uuid4())


def labels(client: Any, name: str = "s") -> dict[str, list[str]]:
    return dict(client.describe_secret(SecretId=name).get("VersionIdsToStages", {}))


def value(client: Any, **which: Any) -> str:
    return str(client.get_secret_value(SecretId="s", **which)["SecretString"])


def versions(client: Any, **options: Any) -> list[str]:
    """All pages of the list; boto3 has no paginator for it."""
    found: list[str] = []
    while True:
        page = client.list_secret_version_ids(SecretId="s", **options)
        found += [version["VersionId"] for version in page["Versions"]]
        if "NextToken" not in page:
            return found
        options["NextToken"] = page["NextToken"]


def put(client: Any, text: str, **options: Any) -> str:
    return str(client.put_secret_value(SecretId="s", SecretString=text, **options)["VersionId"])


def test_labels_say_what_is_read(client: Any) -> None:
    (first,) = labels(client)
    second = put(client, "two")
    assert labels(client) == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}
    assert (value(client), value(client, VersionStage="AWSPREVIOUS"), value(client, VersionId=first)) == (
        "two",
        "one",
        "one",
    )
    client.update_secret_version_stage(
        SecretId="s", VersionStage="AWSCURRENT", RemoveFromVersionId=second, MoveToVersionId=first
    )
    assert labels(client) == {first: ["AWSCURRENT"], second: ["AWSPREVIOUS"]}
    assert (value(client), value(client, VersionStage="AWSPREVIOUS")) == ("one", "two")
    assert client.batch_get_secret_value(SecretIdList=["s"])["SecretValues"][0]["SecretString"] == "one"
    third = put(client, "three")
    assert labels(client) == {first: ["AWSPREVIOUS"], third: ["AWSCURRENT"]}
    assert value(client, VersionId=second) == "two"


def test_what_cannot_be_read(client: Any) -> None:
    (first,) = labels(client)
    other = token()
    with refused("ResourceNotFoundException", "can't find the specified secret value for staging label: AWSPREVIOUS"):
        value(client, VersionStage="AWSPREVIOUS")
    with refused("ResourceNotFoundException", f"can't find the specified secret value for VersionId: {other}"):
        value(client, VersionId=other)
    with refused("InvalidRequestException", "VersionStage that is not associated to the provided VersionId"):
        value(client, VersionId=first, VersionStage="OTHER")
    with refused("ResourceNotFoundException", "can't find the specified secret.") as error:
        client.get_secret_value(SecretId="nothing")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    client.create_secret(Name="empty")
    with refused("ResourceNotFoundException", "staging label: AWSCURRENT"):
        client.get_secret_value(SecretId="empty")


def test_moving_a_label_names_the_version_that_it_leaves(client: Any) -> None:
    (first,) = labels(client)
    second = put(client, "two", VersionStages=["NEXT"])
    move = {"SecretId": "s", "VersionStage": "AWSCURRENT", "MoveToVersionId": second}
    with refused("InvalidParameterException", f"AWSCURRENT is currently attached to version {first}, so you must"):
        client.update_secret_version_stage(**move)
    with refused("InvalidParameterException", f"AWSCURRENT not found in version {second}"):
        client.update_secret_version_stage(**move, RemoveFromVersionId=second)
    with refused("InvalidParameterException", "can only move staging label AWSCURRENT"):
        client.update_secret_version_stage(SecretId="s", VersionStage="AWSCURRENT", RemoveFromVersionId=first)
    with refused("InvalidParameterException", "Not a valid version"):
        client.update_secret_version_stage(**{**move, "MoveToVersionId": token()}, RemoveFromVersionId=first)
    assert labels(client) == {first: ["AWSCURRENT"], second: ["NEXT"]}
    client.update_secret_version_stage(SecretId="s", VersionStage="NEXT", RemoveFromVersionId=second)
    assert labels(client) == {first: ["AWSCURRENT"]}
    client.update_secret_version_stage(**move, RemoveFromVersionId=first)
    assert labels(client) == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}


def test_a_version_is_made_once_for_a_token(client: Any) -> None:
    wanted = token()
    assert put(client, "two", ClientRequestToken=wanted) == wanted
    put(client, "three")
    before = labels(client)
    assert put(client, "two", ClientRequestToken=wanted) == wanted
    assert (labels(client), value(client)) == (before, "three")
    for change in (client.put_secret_value, client.update_secret):
        with refused("ResourceExistsException", f"can't use ClientRequestToken {wanted} because that value is already"):
            change(SecretId="s", SecretString="other", ClientRequestToken=wanted)
    with refused("InvalidRequestException", "must provide either SecretString or SecretBinary"):
        client.put_secret_value(SecretId="s")
    with refused("InvalidParameterException", "both"):
        client.put_secret_value(SecretId="s", SecretString="a", SecretBinary=b"b")


def test_update_secret_changes_what_is_given(client: Any) -> None:
    client.update_secret(SecretId="s", Description="why")
    before = labels(client)
    assert "VersionId" not in client.update_secret(SecretId="s", KmsKeyId="alias/k")
    made = client.update_secret(SecretId="s", SecretString="two")["VersionId"]
    described = client.describe_secret(SecretId="s")
    assert (described["Description"], described["KmsKeyId"]) == ("why", "alias/k")
    assert described["VersionIdsToStages"] == {next(iter(before)): ["AWSPREVIOUS"], made: ["AWSCURRENT"]}


def test_binary_values(client: Any) -> None:
    client.create_secret(Name="b", SecretBinary=b"\x00\x01")
    assert client.get_secret_value(SecretId="b")["SecretBinary"] == b"\x00\x01"
    client.put_secret_value(SecretId="b", SecretBinary=b"\x02")
    assert client.get_secret_value(SecretId="b")["SecretBinary"] == b"\x02"
    assert client.batch_get_secret_value(SecretIdList=["b"])["SecretValues"][0]["SecretBinary"] == b"\x02"


def test_versions_are_listed_in_pages_and_deprecated_ones_on_request(account: Account, client: Any) -> None:
    (first,) = labels(client)
    second, third = put(client, "two"), put(client, "three")

    assert versions(client, MaxResults=1) == [second, third]
    assert versions(client, MaxResults=1, IncludeDeprecated=True) == [first, second, third]
    with refused("InvalidNextTokenException", ""):
        client.list_secret_version_ids(SecretId="s", NextToken="x")
    value(client)
    shown = client.list_secret_version_ids(SecretId="s")["Versions"]
    assert [("LastAccessedDate" in version, version["KmsKeyIds"]) for version in shown] == [
        (False, ["DefaultEncryptionKey"]),
        (True, ["DefaultEncryptionKey"]),
    ]


def test_more_than_a_hundred_versions_are_cleaned_when_they_are_a_day_old(account: Account, client: Any) -> None:
    for number in range(105):
        put(client, str(number))
    assert len(versions(client, IncludeDeprecated=True)) == 106
    account.advance(DAY + 60)
    put(client, "last")
    assert len(client.list_secret_version_ids(SecretId="s", IncludeDeprecated=True)["Versions"]) == 100
    assert (value(client), value(client, VersionStage="AWSPREVIOUS")) == ("last", "104")


def test_a_secret_that_is_marked_for_deletion_is_out_of_use(account: Account, client: Any) -> None:
    deletion = client.delete_secret(SecretId="s", RecoveryWindowInDays=7)["DeletionDate"].timestamp()
    assert deletion == pytest.approx(account.now() + 7 * DAY, abs=60)
    marked = "because it was marked for deletion"
    with refused("InvalidRequestException", marked):
        value(client)
    with refused("InvalidRequestException", marked):
        put(client, "two")
    for operation in ("update_secret", "rotate_secret", "cancel_rotate_secret"):
        with refused("InvalidRequestException", marked):
            getattr(client, operation)(SecretId="s")
    with refused("InvalidRequestException", marked):
        client.tag_resource(SecretId="s", Tags=[{"Key": "a", "Value": "b"}])
    with refused("InvalidRequestException", "already scheduled for deletion"):
        client.delete_secret(SecretId="s")
    with refused("InvalidRequestException", "a secret with this name is already scheduled for deletion"):
        client.create_secret(Name="s", SecretString="other")
    assert client.describe_secret(SecretId="s")["DeletedDate"].timestamp() == deletion
    assert client.list_secrets()["SecretList"] == []
    assert [item["Name"] for item in client.list_secrets(IncludePlannedDeletion=True)["SecretList"]] == ["s"]
    client.restore_secret(SecretId="s")
    assert value(client) == "one"
    client.delete_secret(SecretId="s")
    account.advance(31 * DAY)
    with refused("ResourceNotFoundException", "can't find the specified secret"):
        client.describe_secret(SecretId="s")
    client.create_secret(Name="s", SecretString="again")
    with refused("InvalidParameterException", "between 7 and 30 days"):
        client.delete_secret(SecretId="s", RecoveryWindowInDays=6)
    with refused("InvalidParameterException", "in conjunction with RecoveryWindowInDays"):
        client.delete_secret(SecretId="s", RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    client.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    client.create_secret(Name="s")


def test_secrets_are_listed_in_pages_and_by_filters(client: Any) -> None:
    for number in range(3):
        client.create_secret(Name=f"/app/prod/{number}", SecretString="x", Tags=[{"Key": "app", "Value": "a"}])
    pages = client.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2})
    assert [[secret["Name"] for secret in page["SecretList"]] for page in pages] == [
        ["s", "/app/prod/0"],
        ["/app/prod/1", "/app/prod/2"],
    ]

    def found(key: str, value: str) -> list[str]:
        listed = client.list_secrets(Filters=[{"Key": key, "Values": [value]}])["SecretList"]
        return [secret["Name"] for secret in listed]

    assert found("name", "/app/prod/") == [f"/app/prod/{number}" for number in range(3)]
    assert len(found("tag-key", "app")) == len(found("tag-value", "a")) == 3
    assert found("name", "prod") == []
    (shown,) = client.list_secrets(Filters=[{"Key": "name", "Values": ["s"]}])["SecretList"]
    assert list(shown["SecretVersionsToStages"].values()) == [["AWSCURRENT"]]


def test_dates_are_those_of_the_account(account: Account, client: Any) -> None:
    account.advance(10 * DAY)
    put(client, "two")
    described = client.describe_secret(SecretId="s")
    assert described["LastChangedDate"].timestamp() == pytest.approx(account.now(), abs=60)
    assert described["CreatedDate"].timestamp() == pytest.approx(account.now() - 10 * DAY, abs=60)
    assert "LastAccessedDate" not in described
    read = client.get_secret_value(SecretId="s")
    assert read["CreatedDate"].timestamp() == pytest.approx(account.now(), abs=60)
    accessed = client.describe_secret(SecretId="s")["LastAccessedDate"].timestamp()
    assert accessed % DAY == 0
    assert account.now() - accessed < DAY


@pytest.mark.parametrize(
    ("options", "allowed", "each"),
    [
        ({}, string.ascii_letters + string.digits + string.punctuation, True),
        ({"PasswordLength": 4}, string.ascii_letters + string.digits + string.punctuation, True),
        ({"ExcludePunctuation": True, "PasswordLength": 64}, string.ascii_letters + string.digits, True),
        ({"ExcludeNumbers": True, "ExcludeUppercase": True, "ExcludePunctuation": True}, string.ascii_lowercase, True),
        ({"ExcludeLowercase": True, "ExcludeCharacters": "^-]\\A1"}, string.printable.translate({}), False),
        ({"IncludeSpace": True, "PasswordLength": 5}, string.printable, True),
        ({"RequireEachIncludedType": False, "PasswordLength": 1}, string.printable, False),
    ],
)
def test_a_random_password_is_as_it_was_asked_for(client: Any, options: Any, allowed: str, each: bool) -> None:
    kinds = {
        "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeUppercase": string.ascii_uppercase,
        "ExcludeNumbers": string.digits,
        "ExcludePunctuation": string.punctuation,
    }
    for _number in range(20):
        made = client.get_random_password(**options)["RandomPassword"]
        assert len(made) == options.get("PasswordLength", 32)
        assert set(made) <= set(allowed) - set(options.get("ExcludeCharacters", ""))
        for option, characters in kinds.items():
            if options.get(option):
                assert not set(made) & set(characters)
            elif each:
                assert set(made) & set(characters)
        assert (" " in made) == bool(options.get("IncludeSpace")) or not each


def test_what_is_refused_of_names_sizes_and_passwords(client: Any) -> None:
    with refused("ValidationException", "Invalid name"):
        client.create_secret(Name="a b", SecretString="x")
    with refused("ValidationException", "length less than or equal to 65536"):
        client.create_secret(Name="large", SecretString="x" * 65_537)
    with refused("ValidationException", "length less than or equal to 65536"):
        put(client, "x" * 65_537)
    put(client, "x" * 65_536)
    with refused("InvalidParameterException", "too short based on the required types"):
        client.get_random_password(PasswordLength=3)
    with refused("ResourceExistsException", "The operation failed because the secret s already exists."):
        client.create_secret(Name="s", SecretString="x")


def test_no_value_is_in_the_record(account: Account, client: Any) -> None:
    put(client, "hush-hush-1")
    client.update_secret(SecretId="s", SecretString="hush-hush-2")
    client.put_secret_value(
        SecretId="s", SecretBinary=b"hush-hush-3", RotationToken="hush-hush-token-hush-hush-token-1234"
    )
    account.client("ssm").put_parameter(Name="p", Type="SecureString", Value="hush-hush-5")
    account.client("ssm").put_parameter(Name="q", Type="String", Value="told")
    value_calls = [call for call in account.calls() if call["operation"].startswith("Put")]
    assert "hush" not in str(account.calls())
    assert value_calls[-1]["arguments"]["Value"] == "told"
    events = account.client("cloudtrail").lookup_events()["Events"]
    assert "hush" not in str(events)
