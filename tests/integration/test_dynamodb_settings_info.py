# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_settings_info against the embedded AWS."""

from __future__ import annotations

from pathlib import Path

from aws_makers import make_table
from integration.examples import assert_examples_run
from integration.run_module import run_module
from integration.test_dynamodb_restore import PAGES, TABLE, make_source

from ansible_collections.runbook.aws.plugins.modules import dynamodb_settings_info
from local_aws.client import Account


def test_everything_that_a_restore_loses_is_shown(account: Account) -> None:
    make_source(account)
    make_table(account, "plain", None)
    make_table(account, "other")
    mark = account.mark()
    shown = run_module(account, "dynamodb_settings_info", name_pattern="*[ln]*")
    assert shown["rc_"] == 0, shown["output"]
    assert (shown["changed"], account.mutating(mark)) == (False, [])
    results = {result["target"]: result for result in shown["results"]}
    assert list(results) == ["plain", TABLE]

    found = results[TABLE]["settings"]
    arn = found["table_arn"]
    assert found["capacity"]["read"]["initial_units"] == 12
    assert found["capacity"]["read"]["autoscaling"]["schedules"][0]["name"] == "opening"
    assert {index["name"]: index["type"] for index in found["indexes"]} == {
        "by-state": "local",
        "by-status": "global",
        "by-user": "global",
    }
    plain = ("table_class", "deletion_protection", "tags", "ttl", "stream", "pitr", "contributor_insights", "replicas")
    assert {key: found[key] for key in plain} == {
        "table_class": "STANDARD_INFREQUENT_ACCESS",
        "deletion_protection": True,
        "tags": {"team": "agents", "cost-center": "42"},
        "ttl": "expires",
        "stream": "NEW_AND_OLD_IMAGES",
        "pitr": {"state": "present", "recovery_period_days": 14},
        "contributor_insights": {
            "table": "ACCESSED_AND_THROTTLED_KEYS",
            "indexes": {"by-user": "ACCESSED_AND_THROTTLED_KEYS"},
        },
        "replicas": [],
    }
    assert found["resource_policy"]["Statement"][0]["Resource"] == [arn, f"{arn}/index/*"]
    assert found["stream_policy"]["Statement"][0]["Resource"] == f"{arn}/stream/${{StreamLabel}}"
    assert [item["stream_arn"].rpartition("/")[2] for item in found["kinesis"]] == ["changes"]
    assert {alarm["AlarmName"]: alarm.get("AlarmActions") for alarm in found["alarms"]} == {
        "reads-of-sessions": None,
        f"{TABLE}-throttles": [PAGES],
    }
    assert [(item["BatchSize"], item["Enabled"]) for item in found["event_source_mappings"]] == [(25, True)]

    nothing = results["plain"]["settings"]
    assert [key for key in found if nothing[key] in ("", [], {}, False)] == [
        "indexes",
        "deletion_protection",
        "tags",
        "ttl",
        "stream",
        "resource_policy",
        "stream_policy",
        "contributor_insights",
        "kinesis",
        "alarms",
        "event_source_mappings",
        "replicas",
    ]
    assert account.secret_key not in shown["output"]


def test_what_may_not_be_read_is_never_shown_as_nothing(account: Account) -> None:
    make_table(account, "t")
    account.deny("dynamodb:GetResourcePolicy", "cloudwatch:DescribeAlarms")
    refused = run_module(account, "dynamodb_settings_info", tables=["t"])
    assert refused["rc_"] != 0
    assert "Allow cloudwatch:DescribeAlarms" in refused["msg"]
    refused = run_module(account, "dynamodb_settings_info", tables=["t"], settings_except=["alarms"])
    assert "Allow dynamodb:GetResourcePolicy" in refused["msg"]
    assert "settings" not in refused["results"][0]
    shown = run_module(
        account,
        "dynamodb_settings_info",
        tables=["t"],
        settings_except=["alarms", "resource_policy"],
    )
    assert shown["rc_"] == 0, shown["output"]
    assert {"alarms", "resource_policy"}.isdisjoint(shown["results"][0]["settings"])


def test_a_table_that_is_not_there_is_named(account: Account) -> None:
    make_table(account, "t")
    shown = run_module(account, "dynamodb_settings_info", tables=["t", "missing"])
    assert shown["rc_"] != 0
    assert "1 of 2 could not be read" in shown["msg"]
    assert [result["error_code"] for result in shown["results"]] == [None, "ResourceNotFoundException"]


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    for name in (TABLE, "sc-agent-conversations-prod"):
        make_table(account, name, None)
    assert_examples_run(account, tmp_path, dynamodb_settings_info)
