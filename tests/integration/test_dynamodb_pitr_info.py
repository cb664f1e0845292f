# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""dynamodb_pitr_info against the embedded AWS."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_makers import make_table
from integration.examples import assert_examples_run
from integration.run_module import run_module
from integration.test_dynamodb_pitr import DAY, turn_on

from ansible_collections.runbook.aws.plugins.modules import dynamodb_pitr_info
from local_aws.client import Account


@pytest.fixture
def tables(account: Account) -> Account:
    """Tables `off`, and `long` and `short` with recovery since 20 days."""
    for name in ("off", "long", "short"):
        make_table(account, name, units=None)
    turn_on(account, "long", 35)
    turn_on(account, "short", 14)
    account.advance(20 * DAY)
    return account


def test_the_window_is_shown(tables: Account) -> None:
    mark = tables.mark()
    shown = run_module(tables, "dynamodb_pitr_info", name_pattern="*o*")
    assert (shown["rc_"], tables.mutating(mark)) == (0, [])
    results = {result["target"]: result for result in shown["results"]}
    assert list(results) == ["long", "off", "short"]
    assert results["off"]["pitr"] == {"name": "off", "state": "absent"}
    assert (results["off"]["earliest"], results["off"]["latest_age_seconds"]) == (None, None)
    assert results["long"]["pitr"] == {"name": "long", "state": "present", "recovery_period_days": 35}
    assert results["long"]["latest_age_seconds"] == pytest.approx(300, abs=60)
    assert results["long"]["earliest_age_seconds"] == pytest.approx(20 * DAY, abs=60)
    assert results["short"]["earliest_age_seconds"] == pytest.approx(14 * DAY, abs=60)
    given_back = run_module(tables, "dynamodb_pitr", tables=[result["pitr"] for result in shown["results"]])
    assert (given_back["rc_"], given_back["changed"]) == (0, False)


def test_what_cannot_be_read_is_named(tables: Account) -> None:
    arn = tables.client("dynamodb").describe_table(TableName="off")["Table"]["TableArn"]
    shown = run_module(tables, "dynamodb_pitr_info", tables=["off", "missing", arn])
    for part in ("2 of 3 could not be read", "TableNotFoundException", "not its ARN"):
        assert part in shown["msg"]
    assert [bool(item["error"]) for item in shown["results"]] == [False, True, True]
    tables.deny("dynamodb:ListTables")
    denied = run_module(tables, "dynamodb_pitr_info")
    assert "Allow dynamodb:ListTables" in denied["msg"]
    assert "Traceback" not in shown["output"] + denied["output"]


def test_the_examples_run(account: Account, tmp_path: Path) -> None:
    for name in ("sc-agent-sessions-prod", "sc-agent-conversations-prod"):
        make_table(account, name, units=None)
        turn_on(account, name, 35)
    assert_examples_run(account, tmp_path, dynamodb_pitr_info)
