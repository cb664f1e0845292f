# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading stacks over HTTP: pages, states, nested stacks, refusals; and how sources are described."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.loaders
import pytest
from cloudformation_stub import Stub, StubStack, serving

from ansible_collections.runbook.aws.plugins.plugin_utils._stack_sources import (
    BadSource,
    Found,
    Source,
    fingerprint,
    read,
    sources_from,
)

KEYS = {"access_key": "LOCAL123456789012KEY", "secret_key": "unlikely-text-of-a-key-0001"}
TABLE = "AWS::DynamoDB::Table"


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROFILE", "REGION", "DEFAULT_REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ENDPOINT_URL"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as running:
        yield running


def source(stub: Stub, *regions: str, **more: Any) -> Source:
    return Source(more.pop("label", "one"), regions or ("us-east-1",), endpoint_url=stub.endpoint, **KEYS, **more)


def read_all(*sources: Source) -> Found:
    return read(sources, None)


def test_all_pages_of_stacks_and_of_resources_are_read(stub: Stub) -> None:
    stub.page = 2
    tables = [(TABLE, f"shop-t{number}-dev") for number in range(5)]
    stub.stacks = [StubStack(f"shop-p{number}-dev", resources=tables if number == 0 else ()) for number in range(5)]
    (variables,) = read_all(source(stub)).environments
    assert len(variables["runbook_stacks"]) == 5
    assert variables["runbook_tables"] == {f"t{number}": f"shop-t{number}-dev" for number in range(5)}
    assert stub.operations().count("DescribeStacks") == 3
    assert stub.operations().count("ListStackResources") == 4 + 3


def test_only_the_resources_of_wanted_stacks_are_asked_for(stub: Stub) -> None:
    stub.stacks = [StubStack("shop-web-dev"), StubStack("other-web-dev"), StubStack("CDKToolkit")]
    read_all(source(stub, applications=("shop",)))
    assert stub.operations() == ["DescribeStacks", "ListStackResources"]


def _states() -> list[str]:
    model = botocore.loaders.create_loader().load_service_model("cloudformation", "service-2")
    return [state for state in model["shapes"]["StackStatus"]["enum"] if state != "DELETE_COMPLETE"]


def test_a_stack_is_listed_with_its_state_in_every_state_but_deleted(stub: Stub) -> None:
    states = _states()
    assert len(states) > 20
    stub.stacks = [StubStack(f"shop-p{number}-dev", state) for number, state in enumerate(states)]
    stub.stacks.append(StubStack("shop-gone-dev", "DELETE_COMPLETE"))
    (variables,) = read_all(source(stub)).environments
    assert {part: entry["status"] for part, entry in variables["runbook_stacks"].items()} == {
        f"p{number}": state for number, state in enumerate(states)
    }


def test_the_time_is_that_of_the_last_update(stub: Stub) -> None:
    stub.stacks = [StubStack("shop-a-dev"), StubStack("shop-b-dev", updated="2026-11-21T10:30:00.123Z")]
    (variables,) = read_all(source(stub)).environments
    assert [entry["updated"] for entry in variables["runbook_stacks"].values()] == [
        "2026-11-20T08:00:00Z",
        "2026-11-21T10:30:00Z",
    ]


def test_nested_stacks_give_their_resources_to_the_root(stub: Stub) -> None:
    stub.stacks = [
        StubStack("shop-web-dev", resources=[("AWS::CloudFormation::Stack", "arn:x")]),
        StubStack("shop-web-dev-prod", root="shop-web-dev", resources=[(TABLE, "shop-carts-dev")]),
    ]
    (variables,) = read_all(source(stub)).environments
    assert variables["runbook_tables"] == {"carts": "shop-carts-dev"}


def test_resources_that_are_gone_are_not_listed(stub: Stub) -> None:
    rows = [(TABLE, "shop-old-dev", "DELETE_COMPLETE"), (TABLE, "shop-carts-dev", "UPDATE_FAILED")]
    stub.stacks = [StubStack("shop-web-dev", resources=rows)]
    (variables,) = read_all(source(stub)).environments
    assert variables["runbook_tables"] == {"carts": "shop-carts-dev"}


def test_where_describing_all_stacks_is_denied_they_are_listed_and_described_one_by_one(stub: Stub) -> None:
    stub.refuse["DescribeStacks"] = [("AccessDenied", "not authorized")]
    stub.stacks = [
        StubStack("shop-web-dev", outputs={"Url": "https://a"}),
        StubStack("shop-web-dev-N", root="shop-web-dev", resources=[(TABLE, "shop-carts-dev")]),
        StubStack("shop-gone-dev", "DELETE_COMPLETE"),
        StubStack("Gone", "DELETE_COMPLETE"),
        StubStack("CDKToolkit"),
    ]
    found = read_all(source(stub))
    assert found.problems == []
    assert found.other_stacks == ["CDKToolkit"]
    assert found.environments[0]["runbook_outputs"] == {"Url": "https://a"}
    assert found.environments[0]["runbook_tables"] == {"carts": "shop-carts-dev"}
    described = [stack for operation, _region, stack in stub.calls if operation == "DescribeStacks"]
    assert described == ["", StubStack("shop-web-dev").id]


def test_throttling_is_waited_out(stub: Stub) -> None:
    stub.stacks = [StubStack("shop-web-dev")]
    stub.refuse["DescribeStacks"] = [("Throttling", "Rate exceeded")] * 2
    stub.refuse["ListStackResources"] = [("Throttling", "Rate exceeded")]
    found = read_all(source(stub))
    assert found.problems == []
    assert len(found.environments) == 1


def test_a_region_of_which_a_part_cannot_be_read_is_left_out_whole(stub: Stub) -> None:
    stub.stacks = [StubStack("shop-a-dev"), StubStack("shop-b-dev"), StubStack("shop-c-prod", region="eu-west-1")]
    stub.refuse["ListStackResources"] = [("AccessDenied", "no")]
    found = read_all(source(stub, "us-east-1", label="one"), source(stub, "eu-west-1", label="two"))
    assert len(found.problems) == 1
    assert "cloudformation:ListStackResources was refused" in found.problems[0]
    assert len(found.environments) == 1
    assert found.regions_read == 1


def test_a_refused_signature_is_told_without_what_aws_quotes(stub: Stub) -> None:
    quoted = "The canonical string should have been 'POST x-amz-security-token:SECRETTOKENTEXT'"
    stub.refuse["DescribeStacks"] = [("SignatureDoesNotMatch", quoted)]
    (problem,) = read_all(source(stub)).problems
    assert problem.startswith("one, region us-east-1: AWS refused the signature")
    assert "SECRETTOKENTEXT" not in problem


def test_a_region_that_does_not_know_the_credentials_may_not_be_enabled(stub: Stub) -> None:
    stub.refuse["DescribeStacks"] = [("InvalidClientTokenId", "The security token included in the request is invalid")]
    (problem,) = read_all(source(stub, "ap-east-1")).problems
    assert "one, region ap-east-1:" in problem
    assert "the region is not enabled for the account" in problem


def test_a_region_that_does_not_exist_is_told_as_that(stub: Stub) -> None:
    said = "Credential should be scoped to a valid region, not 'mars-north-1'."
    stub.refuse["DescribeStacks"] = [("SignatureDoesNotMatch", said)]
    (problem,) = read_all(source(stub, "mars-north-1")).problems
    assert "one, region mars-north-1:" in problem
    assert "SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'mars-north-1'" in problem
    assert "There is no such region here: check its name." in problem


def test_an_endpoint_that_is_not_aws_is_named(stub: Stub) -> None:
    stub.instead = "<html>It works!"
    (problem,) = read_all(source(stub)).problems
    assert problem == "one, region us-east-1: what answers there is not AWS. Check the option endpoint_url"


def test_nothing_listening_on_this_machine_is_told_at_once_and_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    found = read_all(Source("one", ("us-east-1", "eu-west-1"), endpoint_url=endpoint, **KEYS))
    assert len(found.problems) == 1
    assert f"one: nothing listens at {endpoint}" in found.problems[0]
    assert f"start it with `make local-up PORT={urlsplit(endpoint).port}` in the checkout" in found.problems[0]
    assert found.regions_read == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"profile": "nowhere"}, "The config profile (nowhere) could not be found. `aws configure list-profiles`"),
        ({}, "Unable to locate credentials. Name a profile"),
    ],
)
def test_a_source_that_cannot_sign_in_is_told_and_the_others_are_read(
    stub: Stub, more: dict[str, str], told: str
) -> None:
    stub.stacks = [StubStack("shop-web-dev")]
    bad = Source("bad", ("us-east-1",), endpoint_url=stub.endpoint, **more)
    found = read_all(bad, source(stub))
    assert len(found.problems) == 1
    assert found.problems[0].startswith("bad, region us-east-1: ")
    assert told in found.problems[0]
    assert len(found.environments) == 1


def test_a_stale_aws_profile_is_named_as_the_culprit(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "stale")
    (problem,) = read_all(source(stub)).problems
    assert "AWS_PROFILE" in problem
    assert "stale" in problem


def test_a_malformed_region_is_told(stub: Stub) -> None:
    (problem,) = read_all(source(stub, "us east 1")).problems
    assert "Regions are written like us-east-1" in problem


def test_regions_are_read_at_the_same_time_and_one_environment_is_one_host(stub: Stub) -> None:
    regions = ("us-east-1", "eu-west-1")
    stub.stacks = [StubStack("shop-web-dev", region=region) for region in regions]
    found = read_all(source(stub, *regions), source(stub, *regions, label="again"))
    assert [variables["runbook_region"] for variables in found.environments] == list(regions)


def test_a_source_without_any_environment_is_named(stub: Stub) -> None:
    stub.stacks = [StubStack("shop-web-dev"), StubStack("CDKToolkit")]
    found = read_all(source(stub), source(stub, label="empty", applications=("absent",)))
    assert found.empty == ["empty"]
    assert "CDKToolkit" in found.other_stacks


def test_how_a_host_is_reached_is_told_without_keys(stub: Stub) -> None:
    stub.stacks = [StubStack("shop-web-dev")]
    (variables,) = read_all(source(stub)).environments
    assert variables["runbook_endpoint_url"] == stub.endpoint
    assert not any(text in str(variables) for text in KEYS.values())
    assert not any(text in repr(source(stub)) for text in KEYS.values())


DEFAULTS = {"region": "us-east-1", "endpoint_url": None, "applications": []}


@pytest.mark.parametrize(
    ("defaults", "given", "expected"),
    [
        ({}, {}, {"regions": ("us-east-1",), "label": "source 1"}),
        ({"regions": ["a", "b", "a"]}, {}, {"regions": ("a", "b")}),
        ({"regions": ["a"]}, {"regions": ["b"]}, {"regions": ("b",)}),
        ({}, {"profile": "p"}, {"profile": "p", "label": "source 1 (profile p)"}),
        ({}, {"name": "prod", "profile": "p"}, {"label": "prod"}),
        ({"applications": ["x"]}, {"applications": ["y"]}, {"applications": ("y",)}),
        ({"assume_role_arn": "r"}, {}, {"assume_role_arn": "r"}),
        ({"assume_role_arn": "r"}, {"assume_role_arn": ""}, {"assume_role_arn": None}),
        # Credentials are a set: nothing of another set is mixed in.
        (
            {"access_key": "A", "secret_key": "S", "session_token": "T"},
            {"access_key": "B", "secret_key": "U"},
            {"access_key": "B", "secret_key": "U", "session_token": None},
        ),
        ({"access_key": "A", "secret_key": "S"}, {"profile": "p"}, {"access_key": None, "profile": "p"}),
        ({"profile": "p"}, {"access_key": "B", "secret_key": "U"}, {"profile": None, "access_key": "B"}),
        ({"session_token": "T", "access_key": "A", "secret_key": "S"}, {}, {"session_token": "T", "access_key": "A"}),
    ],
)  # fmt: skip
def test_a_source_takes_what_it_does_not_set_from_the_top(
    defaults: dict[str, Any], given: dict[str, Any], expected: dict[str, Any]
) -> None:
    (made,) = sources_from({**DEFAULTS, **defaults}, [given])
    assert {name: getattr(made, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"region": "us-east-1"}, r"sources\[0\] has the unknown option region; known are name, regions"),
        ({"regions": {"a": 1}}, r"sources\[0\]: .*regions"),
        ("us-east-1", r"sources\[0\] must be a dictionary"),
        ({"profile": "p", "access_key": "A", "secret_key": "S"}, "has a profile and an access key"),
        ({"access_key": "A"}, "only one of access_key and secret_key"),
    ],
)
def test_a_source_that_is_described_wrongly_is_an_error(given: Any, told: str) -> None:
    with pytest.raises(BadSource, match=told):
        sources_from(DEFAULTS, [given])


def test_no_region_is_the_source_s_own_trouble() -> None:
    (made,) = sources_from({**DEFAULTS, "region": None}, [{"name": "lost", **KEYS}])
    assert read_all(made).problems == ["lost: no region is set. Set regions, for example [us-east-1], or AWS_REGION"]


@pytest.mark.parametrize(
    "change",
    [{"regions": ["b"]}, {"access_key": "B"}, {"endpoint_url": "http://x"}, {"applications": ["x"]}, {"profile": "p"}],
)
def test_the_cache_is_not_used_for_another_account_region_or_choice(change: dict[str, Any]) -> None:
    login = {} if "profile" in change else KEYS
    before = sources_from({**DEFAULTS, **login}, [])
    after = sources_from({**DEFAULTS, **login, **change}, [])
    assert fingerprint(before, None) != fingerprint(after, None)
    assert fingerprint(before, None) != fingerprint(before, "x")


def test_the_cache_s_key_does_not_depend_on_the_secret() -> None:
    one, other = ({**DEFAULTS, **KEYS, "secret_key": text} for text in ("S", "T"))
    assert fingerprint(sources_from(one, []), None) == fingerprint(sources_from(other, []), None)
