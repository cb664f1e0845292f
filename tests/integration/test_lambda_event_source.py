# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from aws_makers import make_function
from integration.run_module import run_module

from local_aws.client import Account


@pytest.fixture
def streams(account: Account) -> dict[str, str]:
    """Two tables with streams, by the table's name; `indexer:live` reads the first one's, the other mapping is disabled."""
    make_function(account, "indexer")
    dynamodb = account.client("dynamodb")
    found = {}
    for name in ("orders", "restored"):
        table = dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]
        found[name] = table["LatestStreamArn"]
        account.client("lambda").create_event_source_mapping(
            FunctionName="indexer:live",
            EventSourceArn=found[name],
            StartingPosition="LATEST",
            BatchSize=7,
            Enabled=name == "orders",
        )
    return found


def states(account: Account) -> dict[str, tuple[str, int]]:
    found = account.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return {item["EventSourceArn"]: (item["State"], item["BatchSize"]) for item in found}


def test_consumers_are_moved_to_another_stream_and_back(account: Account, streams: dict[str, str]) -> None:
    wanted = [
        {"function": "indexer:live", "source": streams["orders"], "enabled": False},
        {"function": "indexer:live", "source": streams["restored"], "enabled": True},
    ]
    mark = account.mark()
    assert run_module(account, "lambda_event_source", check=True, mappings=wanted)["changed"]
    assert account.mutating(mark) == []
    done = run_module(account, "lambda_event_source", mappings=wanted)
    assert states(account) == {streams["orders"]: ("Disabled", 7), streams["restored"]: ("Enabled", 7)}
    mark = account.mark()
    assert not run_module(account, "lambda_event_source", mappings=wanted)["changed"]
    assert account.mutating(mark) == []
    run_module(account, "lambda_event_source", mappings=[result["before"] for result in done["results"]])
    assert states(account) == {streams["orders"]: ("Enabled", 7), streams["restored"]: ("Disabled", 7)}


def test_a_mapping_that_is_not_there_is_told_before_anything_is_written(
    account: Account, streams: dict[str, str]
) -> None:
    mark = account.mark()
    wrong = {"function": "indexer", "source": streams["orders"], "enabled": False}
    right = {"function": "indexer:live", "source": streams["orders"], "enabled": False}
    done = run_module(account, "lambda_event_source", mappings=[right, wrong])
    assert done["failed"]
    assert "there is no such mapping" in done["msg"]
    assert account.mutating(mark) == []
