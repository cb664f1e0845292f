# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded AWS follows Lambda's rules of updates, versions and aliases; each of these fails on plain moto."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from aws_makers import make_function, make_role, publish
from botocore.exceptions import ClientError

from local_aws.client import Account


@pytest.fixture
def client(account: Account) -> Any:
    """Lambda, with a function `f` of version 1 and the alias `live`, in an account whose states take a minute."""
    made = make_function(account, Environment={"Variables": {"TABLE": "old", "MODE": "x"}})
    account.settings(transition_seconds=60)
    return made


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def configuration(client: Any, **which: Any) -> dict[str, Any]:
    return dict(client.get_function(FunctionName="f", **which)["Configuration"])


def test_an_update_is_in_progress_before_it_is_successful_and_both_are_revisions(account: Account, client: Any) -> None:
    first = configuration(client)["RevisionId"]
    started = client.update_function_configuration(FunctionName="f", MemorySize=256)
    assert started["LastUpdateStatus"] == "InProgress"
    assert configuration(client)["RevisionId"] == started["RevisionId"]
    account.advance(61)
    done = configuration(client)
    assert (done["LastUpdateStatus"], done["MemorySize"]) == ("Successful", 256)
    assert len({first, started["RevisionId"], done["RevisionId"]}) == 3
    assert client.get_function_configuration(FunctionName="f")["RevisionId"] == done["RevisionId"]


def test_nothing_is_changed_or_published_while_an_update_is_in_progress(account: Account, client: Any) -> None:
    client.update_function_configuration(FunctionName="f", MemorySize=256)
    with refused("ResourceConflictException", "An update is in progress for resource: .*:function:f"):
        client.update_function_configuration(FunctionName="f", MemorySize=512)
    with refused("ResourceConflictException", "An update is in progress"):
        client.publish_version(FunctionName="f")
    account.advance(61)
    assert client.publish_version(FunctionName="f")["Version"] == "2"


def test_an_update_that_fails_says_why(account: Account, client: Any) -> None:
    account.settings(function_update_failure="The role cannot be assumed.", transition_seconds=0)
    client.update_function_configuration(FunctionName="f", MemorySize=256)
    failed = configuration(client)
    assert (failed["LastUpdateStatus"], failed["LastUpdateStatusReason"]) == ("Failed", "The role cannot be assumed.")
    account.settings(function_update_failure="")
    client.update_function_configuration(FunctionName="f", MemorySize=256)
    assert configuration(client)["LastUpdateStatus"] == "Successful"


@pytest.mark.parametrize("operation", ["update_function_configuration", "publish_version", "update_alias"])
def test_a_revision_that_is_not_the_latest_is_refused(client: Any, operation: str) -> None:
    named = {"Name": "live"} if operation == "update_alias" else {}
    with refused("PreconditionFailedException", "does not match the latest Revision Id"):
        getattr(client, operation)(FunctionName="f", RevisionId="other", **named)


def test_publishing_brings_latest_a_new_revision_and_the_version_keeps_its_own(account: Account, client: Any) -> None:
    account.settings(transition_seconds=0)
    client.update_function_configuration(FunctionName="f", MemorySize=256)
    account.settings(transition_seconds=60)
    before = configuration(client)
    made = client.publish_version(FunctionName="f", RevisionId=before["RevisionId"], CodeSha256=before["CodeSha256"])
    assert made["State"] == "Pending"
    account.advance(61)
    now = configuration(client, Qualifier=made["Version"])
    assert (now["State"], now["RevisionId"]) == ("Active", made["RevisionId"])
    assert configuration(client)["RevisionId"] not in (before["RevisionId"], made["RevisionId"])


def test_publishing_what_is_published_answers_the_last_version(account: Account, client: Any) -> None:
    account.settings(transition_seconds=0)
    assert publish(account, MemorySize=256) == "2"
    client.update_function_configuration(FunctionName="f", MemorySize=256)
    assert client.publish_version(FunctionName="f", Description="same")["Version"] == "2"
    assert publish(account, Description="other") == "3"
    with refused("InvalidParameterValueException", "different from current CodeSHA256"):
        client.publish_version(FunctionName="f", CodeSha256="other")


def test_new_code_is_an_update_too(account: Account, client: Any) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 2")
    first = configuration(client)
    assert client.update_function_code(FunctionName="f", ZipFile=code.getvalue())["LastUpdateStatus"] == "InProgress"
    account.advance(61)
    assert configuration(client)["CodeSha256"] != first["CodeSha256"]
    assert configuration(client, Qualifier="1")["CodeSha256"] == first["CodeSha256"]


def test_a_version_keeps_its_own_environment(account: Account, client: Any) -> None:
    account.settings(transition_seconds=0)
    assert publish(account, Environment={"Variables": {"TABLE": "new"}}) == "2"
    assert configuration(client, Qualifier="live")["Environment"]["Variables"] == {"TABLE": "old", "MODE": "x"}
    assert configuration(client, Qualifier="2")["Environment"]["Variables"] == {"TABLE": "new"}


def test_an_alias_that_moves_has_a_new_revision(client: Any, account: Account) -> None:
    account.settings(transition_seconds=0)
    version = publish(account, MemorySize=256)
    first = client.get_alias(FunctionName="f", Name="live")
    moved = client.update_alias(FunctionName="f", Name="live", FunctionVersion=version, RevisionId=first["RevisionId"])
    assert moved["FunctionVersion"] == "2"
    assert moved["RevisionId"] != first["RevisionId"]
    assert client.list_aliases(FunctionName="f")["Aliases"][0]["RevisionId"] == moved["RevisionId"]
    with refused("ResourceConflictException", "Alias already exists"):
        client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")


def test_environments_of_an_alias_that_moves_are_prepared_anew_and_calls_go_to_the_old_version_meanwhile(
    client: Any, account: Account
) -> None:
    account.settings(transition_seconds=0)
    version = publish(account, MemorySize=256)
    client.put_provisioned_concurrency_config(FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=5)
    account.settings(transition_seconds=60)
    moved = client.update_alias(FunctionName="f", Name="live", FunctionVersion=version)
    assert moved["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 1.0}}
    which = {"FunctionName": "f", "Qualifier": "live"}
    assert client.get_provisioned_concurrency_config(**which)["Status"] == "IN_PROGRESS"
    with refused("InvalidParameterValueException", "Alias with weights"):
        client.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=6)
    account.advance(61)
    assert client.get_provisioned_concurrency_config(**which)["Status"] == "READY"
    assert "RoutingConfig" not in client.get_alias(FunctionName="f", Name="live")


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"MemorySize": 10_241}, "ValidationException", "less than or equal to 10240"),
        ({"Runtime": "python9.1"}, "InvalidParameterValueException", "python9.1 at 'runtime'"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "keys.*: AWS_REGION"),
        ({"Environment": {"Variables": {"BIG": "x" * 4090}}}, "InvalidParameterValueException", "exceeded the 4KB"),
    ],
)
def test_what_a_function_cannot_have_is_refused(client: Any, changes: dict[str, Any], code: str, text: str) -> None:
    with refused(code, text):
        client.update_function_configuration(FunctionName="f", **changes)
    assert configuration(client)["LastUpdateStatus"] == "Successful"


def test_the_largest_environment_is_taken(client: Any) -> None:
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"BIG": "x" * (4096 - 10)}})


def test_an_image_has_no_runtime(account: Account, client: Any) -> None:
    client.create_function(
        FunctionName="image", Role=make_role(account), PackageType="Image", Code={"ImageUri": "repo/app:1"}
    )
    with refused("InvalidParameterValueException", "PackageType is Image"):
        client.update_function_configuration(FunctionName="image", Runtime="python3.12")


def test_a_list_has_revisions_and_no_states(client: Any) -> None:
    listed = client.list_functions()["Functions"][0]
    assert listed["RevisionId"] == configuration(client)["RevisionId"]
    assert "LastUpdateStatus" not in listed
    assert "State" not in listed
    versions = client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [item["Version"] for item in versions] == ["$LATEST", "1"]
