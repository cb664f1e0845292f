# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.small_settings import SmallFunctions

from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings import read_targets
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_reader import (
    Wanted,
    list_functions,
    read_function,
    restarts,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Target
from ansible_collections.runbook.aws.plugins.modules import lambda_settings, lambda_settings_info


@pytest.fixture
def aws() -> SmallFunctions:
    """`orders` used the table `old` in version 1 and uses `new` since; `beta` stays behind."""
    small = SmallFunctions()
    small.add("orders", {"TABLE": "old", "COPY": "old", "DB_PASSWORD": "do-not-tell"})
    small.alias("orders", "beta", "1")
    small.latest("orders")["Environment"] = {"Variables": {"TABLE": "new", "COPY": "old", "DB_PASSWORD": "other"}}
    small.call("lambda", "PublishVersion", FunctionName="orders")
    small.alias("orders", "live", "2", {"1": 0.1})
    small.calls.clear()
    return small


def read(
    aws: SmallFunctions, variables: list[str] | None = None, values: list[str] | None = None, **wanted: Any
) -> dict[str, Any]:
    return read_function(aws, Target("orders", "orders"), variables or [], Wanted(values or [], **wanted))


def test_the_spec_reads_every_function_when_none_is_named() -> None:
    checked = ArgumentSpecValidator(lambda_settings_info.SPEC).validate({})
    assert checked.validated_parameters == {
        "functions": None,
        "name_pattern": "*",
        "variables": [],
        "environment_values": [],
        "secrets": [],
        "secret_tag": "",
        "secret_users": [],
    }


def test_names_are_shown_and_values_only_where_they_are_asked_for(aws: SmallFunctions) -> None:
    shown = read(aws)
    assert shown["variables"] == ["COPY", "DB_PASSWORD", "TABLE"]
    assert "environment" not in shown["function"]
    assert shown["aliases"] == [
        {"alias": "beta", "version": "1", "weights": {}},
        {"alias": "live", "version": "2", "weights": {"1": 0.1}},
    ]
    assert read(aws, ["TABLE", "NONE", "DB_PASSWORD"])["function"]["environment"] == {"TABLE": "new"}
    assert aws.counts == {"GetFunction": 2, "ListAliases": 2}


def test_what_is_shown_is_a_valid_element_of_the_module_that_sets_it(aws: SmallFunctions) -> None:
    shown = read(aws, ["TABLE"])["function"]
    checked = ArgumentSpecValidator(lambda_settings.SPEC).validate({"functions": [shown]})
    assert checked.error_messages == []
    assert read_targets(checked.validated_parameters["functions"], datetime.now(UTC))[0].name == "orders"


def test_who_uses_a_value_is_found_with_all_whose_callers_see_it(aws: SmallFunctions) -> None:
    shown = read(aws, values=["new", "old", "nothing"])
    assert shown["consumers"] == [
        {"function": "orders", "variable": "TABLE", "value": "new", "qualifiers": ["$LATEST", "live"]},
        {"function": "orders", "variable": "COPY", "value": "old", "qualifiers": ["$LATEST", "beta", "live"]},
        {"function": "orders", "variable": "TABLE", "value": "old", "qualifiers": ["beta", "live"]},
    ]
    assert shown["not_observable"] is None
    assert read(aws, values=["ol"])["consumers"] == []


def test_what_cannot_be_read_is_said_and_never_taken_for_no(aws: SmallFunctions) -> None:
    error = {"ErrorCode": "AccessDeniedException", "Message": "unable to decrypt"}
    aws.versions["orders"]["1"]["Environment"] = {"Error": error}
    shown = read(aws, values=["old"])
    assert shown["not_observable"].startswith("version 1: orders: its environment cannot be read")
    assert shown["consumers"][0]["qualifiers"] == ["$LATEST", "live"]
    aws.latest("orders")["Environment"] = {"Error": error}
    shown = read(aws, values=["old"])
    assert shown["variables"] is None
    assert "unable to decrypt" in shown["not_observable"]


# --- who uses a secret -------------------------------------------------------------------------------------------------

SECRET = "/shop/prod/db"
ARN = f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{SECRET}-a1B2c3"


@pytest.fixture
def readers() -> SmallFunctions:
    """`orders` names the secret in version 1, and names it by its ARN since; `mail` is tagged, `idle` does not use it."""
    small = SmallFunctions()
    small.add("orders", {"DB": SECRET})
    small.alias("orders", "beta", "1")
    small.latest("orders")["Environment"] = {"Variables": {"DB": ARN, "OTHER": f"{SECRET}-2"}}
    small.add("mail")
    small.add("idle", {"DB": "/shop/prod/api-keys"})
    small.tags = {"mail": {"secrets": f"{SECRET} /shop/prod/api-keys"}, "idle": {"team": SECRET}}
    small.calls.clear()
    return small


def test_a_secret_is_found_by_its_name_and_by_its_arn_in_all_that_callers_see(readers: SmallFunctions) -> None:
    shown = read(readers, secrets=[SECRET])
    found = {"function": "orders", "variable": "DB", "secret": SECRET, "found_by": "environment"}
    assert shown["consumers"] == [
        {**found, "value": SECRET, "qualifiers": ["beta", "live"], "versions": []},
        {**found, "value": ARN, "qualifiers": ["$LATEST"], "versions": []},
    ]
    assert restarts(shown["consumers"]) == [{"name": "orders", "publish": True, "alias": ["beta", "live"]}]


def test_one_question_answers_for_many_secrets_and_each_function_is_started_once(readers: SmallFunctions) -> None:
    uses = [
        use
        for name in ("orders", "idle")
        for use in read_function(
            readers, Target(name, name), [], Wanted(secrets=["/shop/prod/api-keys", SECRET], secret_users=["idle"])
        )["consumers"]
    ]
    assert [(use["function"], use["secret"], use["found_by"]) for use in uses] == [
        ("orders", SECRET, "environment"),
        ("orders", SECRET, "environment"),
        ("idle", "/shop/prod/api-keys", "environment"),
        ("idle", "/shop/prod/api-keys", "list"),
        ("idle", SECRET, "list"),
    ]
    assert [restart["name"] for restart in restarts(uses)] == ["orders", "idle"]


def test_what_only_latest_sees_is_not_published() -> None:
    use = {"function": "orders", "secret": SECRET, "qualifiers": ["$LATEST"]}
    assert restarts([use]) == [{"name": "orders"}]


def test_a_tag_names_the_secrets_of_a_function_and_its_aliases_count(readers: SmallFunctions) -> None:
    wanted = Wanted(secrets=[SECRET], secret_tag="secrets")
    shown = read_function(readers, Target("mail", "mail"), [], wanted)
    assert shown["consumers"] == [
        {
            "function": "mail",
            "variable": None,
            "value": None,
            "qualifiers": ["$LATEST", "live"],
            "versions": [],
            "secret": SECRET,
            "found_by": "tag",
        }
    ]
    assert read_function(readers, Target("idle", "idle"), [], wanted)["consumers"] == []


def test_only_functions_that_may_use_a_secret_are_read(readers: SmallFunctions) -> None:
    wanted = Wanted(secrets=[ARN], secret_tag="secrets", secret_users=["worker"])
    assert list(list_functions(readers, "*", wanted)) == ["mail", "orders", "worker"]
    assert list(list_functions(readers, "o*", wanted)) == ["orders", "worker"]
    assert list(list_functions(readers, "*", Wanted())) == ["idle", "mail", "orders"]
    assert readers.counts == {"ListFunctions": 3, "GetResources": 2}


def test_a_function_whose_variables_cannot_be_read_may_use_it(readers: SmallFunctions) -> None:
    error = {"ErrorCode": "AccessDeniedException", "Message": "unable to decrypt"}
    readers.latest("idle")["Environment"] = {"Error": error}
    assert list(list_functions(readers, "*", Wanted(secrets=[SECRET]))) == ["idle", "orders"]


@pytest.fixture
def pinned(readers: SmallFunctions) -> SmallFunctions:
    """`orders` names the secret in its versions 1 and 2, to which no alias points any more."""
    readers.call("lambda", "PublishVersion", FunctionName="orders")
    readers.latest("orders")["Environment"] = {"Variables": {"DB": "/shop/prod/other"}}
    readers.call("lambda", "PublishVersion", FunctionName="orders")
    for alias in ("beta", "live"):
        readers.alias("orders", alias, "3")
    readers.calls.clear()
    return readers


@pytest.mark.parametrize("named", [False, True])
def test_versions_that_are_only_called_by_their_number_are_told_and_not_published(
    pinned: SmallFunctions, named: bool
) -> None:
    wanted = Wanted(secrets=[ARN, SECRET])
    listed = None if named else list_functions(pinned, "*", wanted)["orders"]
    shown = read_function(pinned, Target("orders", "orders"), [], wanted, listed)
    assert {(use["secret"], use["value"]): (use["qualifiers"], use["versions"]) for use in shown["consumers"]} == {
        (secret, value): ([version], [version])
        for secret in (ARN, SECRET)
        for value, version in ((SECRET, "1"), (ARN, "2"))
    }
    assert restarts(shown["consumers"]) == []
    assert f"only versions without an alias (1) use {SECRET}" in shown["not_observable"]
    assert "publishing does not start them anew" in shown["not_observable"]
    asked = {"ListVersionsByFunction": 1} if named else {"ListFunctions": 1}
    assert pinned.counts == {"GetFunction": 1, "ListAliases": 1, **asked}


def test_versions_that_were_left_are_told_beside_whose_callers_are_reached(pinned: SmallFunctions) -> None:
    pinned.alias("orders", "beta", "2")
    pinned.latest("orders")["Environment"] = {"Variables": {"DB": SECRET}}
    shown = read(pinned, secrets=[SECRET])
    assert [(use["qualifiers"], use["versions"]) for use in shown["consumers"]] == [
        (["$LATEST"], ["1"]),
        (["beta"], []),
    ]
    assert shown["not_observable"] is None
    assert restarts(shown["consumers"]) == [{"name": "orders", "publish": True, "alias": ["beta"]}]


def test_a_value_is_looked_for_where_callers_are_known_only(pinned: SmallFunctions) -> None:
    shown = read(pinned, values=[SECRET, "/shop/prod/other"], secrets=["/shop/prod/nothing"])
    assert [(use["value"], use["qualifiers"]) for use in shown["consumers"]] == [
        ("/shop/prod/other", ["$LATEST", "beta", "live"])
    ]
