# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The embedded AWS deploys what `amazon.aws.cloudformation` sends, as a recovery does it."""

from __future__ import annotations

import json
import sys
from typing import Any

from integration.run_module import command

from local_aws.client import Account
from local_aws.reference import template

STACK = "sc-agent-data-recovered"


def cloudformation(account: Account, *arguments: str, **options: Any) -> dict[str, Any]:
    """The result of one run of the module."""
    run = command(
        [
            "ansible",
            "localhost",
            "--inventory=localhost,",
            "--connection=local",
            f"--extra-vars=ansible_python_interpreter={sys.executable}",
            "--module-name=amazon.aws.cloudformation",
            f"--args={json.dumps({'stack_name': STACK, **options})}",
            *arguments,
        ],
        env={
            **account.env,
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default",
        },
    )
    start = run.stdout.index("=> {") + 3
    result: dict[str, Any] = json.JSONDecoder().raw_decode(run.stdout, start)[0]
    return result


def test_a_saved_template_is_deployed_once_and_removed(account: Account) -> None:
    account.settings(transition_seconds=0)
    saved = {
        "template_body": template("data"),
        "template_parameters": {
            "Application": "sc-agent",
            "Environment": "recovered",
            "BucketSuffix": f"-{account.id}",
        },
        "tags": {"environment": "recovered"},
    }
    assert cloudformation(account, "--check", **saved)["changed"]
    assert not account.client("dynamodb").list_tables()["TableNames"]
    made = cloudformation(account, **saved)
    assert made["stack_outputs"]["SessionsTableName"] == "sc-agent-sessions-recovered"
    assert {item["status"] for item in made["stack_resources"]} == {"CREATE_COMPLETE"}
    assert cloudformation(account, **saved)["output"] == "Stack is already up-to-date."

    larger = {**saved, "template_parameters": {**saved["template_parameters"], "MaxCapacity": 40}}
    checked = cloudformation(account, "--check", **larger)
    assert [change["ResourceChange"]["Action"] for change in checked["meta"]] == ["Modify"] * 4

    assert cloudformation(account, state="absent")["changed"]
    assert not account.client("dynamodb").list_tables()["TableNames"]


def test_a_deployment_that_fails_says_why(account: Account) -> None:
    account.settings(transition_seconds=0)
    account.deny("s3:CreateBucket")
    result = cloudformation(
        account,
        template_body=template("data"),
        template_parameters={"Application": "sc-agent", "Environment": "recovered", "BucketSuffix": f"-{account.id}"},
    )
    assert result["output"] == "Problem with CREATE. Rollback complete"
    assert any("is not authorized to perform: s3:CreateBucket" in event for event in result["log"])
    assert not account.client("dynamodb").list_tables()["TableNames"]
