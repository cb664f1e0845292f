# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from unit.small_settings import SmallFunctions

from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings import read_targets
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_reader import read_function
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


def read(aws: SmallFunctions, variables: list[str] | None = None, values: list[str] | None = None) -> dict[str, Any]:
    return read_function(aws, Target("orders", "orders"), variables or [], values or [])


def test_the_spec_reads_every_function_when_none_is_named() -> None:
    checked = ArgumentSpecValidator(lambda_settings_info.SPEC).validate({})
    defaults = {"functions": None, "name_pattern": "*", "variables": [], "environment_values": []}
    assert checked.validated_parameters == defaults


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
