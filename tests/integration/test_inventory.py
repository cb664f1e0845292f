# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory as its users run it: `ansible-inventory` as a process, against the embedded AWS."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloudformation_stub import Stub, StubStack, serving
from integration.run_module import ROOT, Run, command

from local_aws.client import SECRET_KEY, Account, LocalAws

Inventory = Callable[..., "Result"]


class Result:
    """What `ansible-inventory --list` gave."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.code = run.code
        # Ansible wraps warnings to the width of a terminal.
        self.text = " ".join(run.output.split())
        # With -v the list comes after other lines.
        listed = run.stdout[max(run.stdout.find("\n{"), 0) :]
        self.listed: dict[str, Any] = json.loads(listed, object_hook=_plain) if run.code == 0 else {}

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        assert self.code == 0, self.run.output
        return self.listed["_meta"]["hostvars"]

    def group(self, name: str) -> list[str]:
        return sorted(self.listed.get(name, {}).get("hosts", []))


def _plain(value: dict[str, Any]) -> Any:
    """`ansible-inventory` marks text that is never a template; all that comes from AWS is."""
    return value["__ansible_unsafe"] if set(value) == {"__ansible_unsafe"} else value


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """Lists an inventory file that is made of the keyword arguments."""

    def run(env: dict[str, str] | None = None, arguments: tuple[str, ...] = (), **options: Any) -> Result:
        path = tmp_path / "test.stacks.yml"
        path.write_text(yaml.safe_dump({"plugin": "runbook.aws.stacks", **options}))
        result = listing(str(path), *arguments, env=env)
        assert SECRET_KEY not in result.run.output
        return result

    return run


def listing(path: str, *arguments: str, env: dict[str, str] | None = None) -> Result:
    quiet = {"ANSIBLE_CALLBACKS_ENABLED": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"}
    done = command(["ansible-inventory", "-i", path, "--list", *arguments], env={**quiet, **(env or {})})
    assert "Traceback" not in done.output
    return Result(done)


def of(account: Account, *regions: str, **more: Any) -> dict[str, Any]:
    """A source that reads an account of the embedded AWS."""
    keys = {"access_key": account.access_key, "secret_key": account.secret_key}
    return {"regions": list(regions) or [account.region], "endpoint_url": account.endpoint, **keys, **more}


def deploy(account: Account, *stacks: str, region: str | None = None, outputs: dict[str, str] | None = None) -> None:
    """Stacks with one queue each, which is what moto makes fastest."""
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()},
    }
    client = account.client("cloudformation", region)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: client.create_stack(StackName=name, TemplateBody=json.dumps(template)), stacks))


def deploy_resources(account: Account, stack: str, **resources: dict[str, Any]) -> None:
    account.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))


def table(name: str) -> dict[str, Any]:
    key = {"AttributeName": "id", "AttributeType": "S"}
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    properties = {
        "TableName": name,
        "AttributeDefinitions": [key],
        "KeySchema": schema,
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


@pytest.fixture
def other(local_aws: LocalAws) -> Account:
    """A second account."""
    return local_aws.fresh_account()


@pytest.fixture
def dead_endpoint() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as running:
        yield running


def test_each_environment_is_a_host_in_its_groups(account: Account, inventory: Inventory) -> None:
    deploy(account, "sc-agent-app-prod", outputs={"ApiEndpoint": "https://prod.example"})
    deploy(account, "sc-agent-data-prod", "sc-agent-app-dev", "unrelated")
    deploy_resources(
        account,
        "sc-agent-storage-prod",
        Sessions=table("sc-agent-sessions-prod"),
        Logs={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/sc-agent-orchestrator-prod"}},
        Bucket={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"sc-agent-data-prod-{account.id}"}},
    )
    mark = account.mark()
    result = inventory(sources=[of(account)])
    assert sorted(result.hosts) == ["sc-agent-dev", "sc-agent-prod"]
    prod = result.hosts["sc-agent-prod"]
    assert prod["runbook_account_id"] == account.id
    assert prod["runbook_outputs"] == {"ApiEndpoint": "https://prod.example"}
    assert list(prod["runbook_stacks"]) == ["app", "data", "storage"]
    assert prod["runbook_tables"] == {"sessions": "sc-agent-sessions-prod"}
    assert prod["runbook_log_groups"] == {"/aws/lambda/orchestrator": "/aws/lambda/sc-agent-orchestrator-prod"}
    assert prod["runbook_buckets"] == {"data": f"sc-agent-data-prod-{account.id}"}
    assert prod["runbook_functions"] == {}
    assert prod["runbook_endpoint_url"] == account.endpoint
    assert result.group("prod") == ["sc-agent-prod"]
    assert result.group("dev") == ["sc-agent-dev"]
    for group in ("application_sc_agent", "region_us_east_1", f"account_{account.id}"):
        assert result.group(group) == ["sc-agent-dev", "sc-agent-prod"]
    operations = [call["operation"] for call in account.calls(mark)]
    assert sorted(operations) == ["DescribeStacks", *["ListStackResources"] * 4]


def test_another_application_with_other_names(account: Account, inventory: Inventory) -> None:
    deploy(account, "stage--web--Order-Desk", "order-desk-web-front-eu-prod")
    by_names = inventory(sources=[of(account, applications=["order-desk"], environments=["eu-prod"])])
    assert list(by_names.hosts) == ["order-desk-eu-prod"]
    assert list(by_names.hosts["order-desk-eu-prod"]["runbook_stacks"]) == ["web-front"]
    assert by_names.group("eu_prod") == ["order-desk-eu-prod"]
    by_pattern = inventory(
        sources=[of(account)], stack_name_pattern="(?P<environment>stage)--(?P<part>.+)--(?P<application>.+)"
    )
    assert list(by_pattern.hosts) == ["Order-Desk-stage"]


def test_more_than_a_hundred_stacks(account: Account, inventory: Inventory) -> None:
    deploy(account, *(f"other-part{number}-x" for number in range(104)), "shop-web-dev", "shop-data-dev")
    result = inventory(sources=[of(account, applications=["shop"])])
    assert list(result.hosts["shop-dev"]["runbook_stacks"]) == ["data", "web"]


def test_two_regions_and_two_accounts_never_overwrite_each_other(
    account: Account, other: Account, inventory: Inventory
) -> None:
    deploy(account, "shop-web-prod", "shop-web-dev")
    deploy(account, "shop-web-prod", region="eu-west-1")
    deploy(other, "shop-web-dev")
    result = inventory(sources=[of(account, "us-east-1", "eu-west-1"), of(other)])
    assert sorted(result.hosts) == sorted(
        ["shop-prod-us-east-1", "shop-prod-eu-west-1", f"shop-dev-{account.id}", f"shop-dev-{other.id}"]
    )
    assert result.group("prod") == ["shop-prod-eu-west-1", "shop-prod-us-east-1"]
    assert result.group("region_eu_west_1") == ["shop-prod-eu-west-1"]
    assert result.group(f"account_{other.id}") == [f"shop-dev-{other.id}"]


def test_an_assumed_role_reads_the_other_account(account: Account, other: Account, inventory: Inventory) -> None:
    deploy(other, "shop-web-prod")
    role = f"arn:aws:iam::{other.id}:role/runbook"
    result = inventory(sources=[of(account, assume_role_arn=role)])
    assert result.hosts["shop-prod"]["runbook_account_id"] == other.id
    assert result.hosts["shop-prod"]["runbook_assume_role_arn"] == role
    assert [call["operation"] for call in account.calls()] == ["AssumeRole"]


def test_a_denied_role_names_the_action_and_leaves_the_other_source(
    account: Account, other: Account, inventory: Inventory
) -> None:
    deploy(account, "shop-web-prod")
    other.deny("sts:AssumeRole")
    bad = of(other, name="behind a role", assume_role_arn=f"arn:aws:iam::{account.id}:role/runbook")
    result = inventory(sources=[bad, of(account)])
    assert list(result.hosts) == ["shop-prod"]
    assert "behind a role: sts:AssumeRole was refused: AccessDenied" in result.text


def test_a_profile_is_used_and_given_to_the_host(account: Account, inventory: Inventory, tmp_path: Path) -> None:
    deploy(account, "shop-web-prod")
    config = tmp_path / "config"
    config.write_text(
        f"[profile shop]\naws_access_key_id = {account.access_key}\naws_secret_access_key = {SECRET_KEY}\n"
        f"region = us-east-1\nendpoint_url = {account.endpoint}\n"
    )
    result = inventory(sources=[{"profile": "shop"}], env={"AWS_CONFIG_FILE": str(config)})
    assert result.hosts["shop-prod"]["runbook_profile"] == "shop"


def test_the_environment_s_credentials_are_enough(account: Account, inventory: Inventory) -> None:
    deploy(account, "shop-web-prod")
    result = inventory(env=account.env)
    assert list(result.hosts) == ["shop-prod"]
    assert "runbook_profile" not in result.hosts["shop-prod"]


def test_a_broken_stack_is_listed_with_its_state(stub: Stub, account: Account, inventory: Inventory) -> None:
    stub.stacks = [
        StubStack("shop-web-prod", "ROLLBACK_COMPLETE"),
        StubStack("shop-data-prod", "UPDATE_ROLLBACK_FAILED", resources=[("AWS::DynamoDB::Table", "shop-carts-prod")]),
        StubStack("shop-jobs-prod", "UPDATE_IN_PROGRESS"),
        StubStack("shop-web-dev"),
    ]
    result = inventory(
        sources=[{**of(account), "endpoint_url": stub.endpoint}],
        groups={"in_trouble": "runbook_stacks.values() | map(attribute='status') | select('search', 'ROLLBACK|FAILED')"
                              " | list | length > 0"},
        keyed_groups=[{"key": "runbook_stacks.keys() | list", "prefix": "part"}],
        compose={"broken": "runbook_stacks.web.status"},
    )  # fmt: skip
    prod = result.hosts["shop-prod"]
    assert {part: stack["status"] for part, stack in prod["runbook_stacks"].items()} == {
        "web": "ROLLBACK_COMPLETE",
        "data": "UPDATE_ROLLBACK_FAILED",
        "jobs": "UPDATE_IN_PROGRESS",
    }
    assert prod["runbook_tables"] == {"carts": "shop-carts-prod"}
    assert prod["broken"] == "ROLLBACK_COMPLETE"
    assert result.group("in_trouble") == ["shop-prod"]
    assert result.group("part_web") == ["shop-dev", "shop-prod"]
    assert result.group("part_jobs") == ["shop-prod"]


def test_an_expression_that_fails_is_an_error_only_when_strict(account: Account, inventory: Inventory) -> None:
    deploy(account, "shop-web-prod")
    options: dict[str, Any] = {"sources": [of(account)], "compose": {"x": "runbook_stacks.absent.status"}}
    assert "x" not in inventory(**options).hosts["shop-prod"]
    assert inventory(**options, strict=True).code != 0


def test_one_bad_source_is_a_warning_and_the_others_are_used(
    account: Account, inventory: Inventory, dead_endpoint: str
) -> None:
    deploy(account, "shop-web-prod")
    sources = [of(account), {**of(account, name="the other one"), "endpoint_url": dead_endpoint}]
    result = inventory(sources=sources)
    assert list(result.hosts) == ["shop-prod"]
    assert f"[WARNING]: the other one: nothing listens at {dead_endpoint}." in result.text
    assert "The other sources are used (strict is false)." in result.text


def test_one_bad_source_is_an_error_when_strict(account: Account, inventory: Inventory, dead_endpoint: str) -> None:
    deploy(account, "shop-web-prod")
    sources = [of(account), {**of(account, name="the other one"), "endpoint_url": dead_endpoint}]
    result = inventory(sources=sources, strict=True)
    assert result.code != 0
    assert "not all sources could be read (strict is true): the other one: nothing listens at" in result.text


def test_when_no_source_can_be_read_it_is_an_error(account: Account, inventory: Inventory, dead_endpoint: str) -> None:
    result = inventory(sources=[{**of(account, name="gone"), "endpoint_url": dead_endpoint}])
    assert result.code != 0
    assert f"no stack could be read: gone: nothing listens at {dead_endpoint}" in result.text
    assert f"start it with `make local-up PORT={dead_endpoint.rpartition(':')[2]}`" in result.text


@pytest.mark.parametrize("action", ["ListStackResources", "DescribeStacks"])
def test_a_denied_action_is_named_with_source_and_region(
    account: Account, other: Account, inventory: Inventory, action: str
) -> None:
    deploy(account, "shop-web-prod")
    deploy(other, "shop-web-dev")
    account.deny(f"cloudformation:{action}")
    result = inventory(sources=[of(account, name="locked"), of(other)])
    assert list(result.hosts) == ["shop-dev"]
    assert f"locked, region us-east-1: cloudformation:{action} was refused: AccessDenied" in result.text
    assert f"Allow cloudformation:{action}" in result.text


def test_when_nothing_may_be_listed_both_actions_are_named(account: Account, inventory: Inventory) -> None:
    account.deny("cloudformation:DescribeStacks", "cloudformation:ListStacks")
    result = inventory(sources=[of(account)])
    assert result.code != 0
    assert "cloudformation:DescribeStacks was refused" in result.text
    assert "cloudformation:ListStacks was refused" in result.text


def test_when_nothing_fits_the_stacks_there_are_are_shown(account: Account, inventory: Inventory) -> None:
    deploy(account, "shop-web-prod", "CDKToolkit")
    result = inventory(sources=[of(account, applications=["shoop"])])
    assert result.code != 0
    assert "no environment was found" in result.text
    assert "the stacks there are: CDKToolkit, shop-web-prod" in result.text


def test_an_empty_account_is_told(account: Account, inventory: Inventory) -> None:
    result = inventory(sources=[of(account)])
    assert result.code != 0
    assert "there is no stack at all. Is it the right account and region?" in result.text
    assert "playbooks/recover-environment.yml with -i localhost," in result.text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"application": "shop"}, "has the unknown option application; known are"),
        ({"sources": [{"region": "us-east-1"}]}, "sources[0] has the unknown option region; known are"),
        ({"regions": ["us-east-1"], "stack_name_pattern": "(?P<application>"}, "is not a regular expression"),
        ({"regions": ["us-east-1"], "stack_name_pattern": "x-(.+)"}, "lacks the named group application and environment"),
        ({"sources": [{"name": "a", "profile": "nowhere"}]}, "a: The config profile (nowhere) could not be found"),
        ({"name": "a", "regions": ["us-east-1"]}, "has the unknown option name"),
        ({"regions": ["us-east-1"], "host_suffix": "both"}, "host_suffix"),
        ({"regions": ["us-east-1"]}, "Unable to locate credentials. Name a profile"),
        ({}, "no region is set"),
    ],
)  # fmt: skip
def test_bad_input_is_told_before_anything_is_called(inventory: Inventory, options: dict[str, Any], told: str) -> None:
    result = inventory(**options)
    assert result.code != 0
    assert told in result.text


def test_a_cached_run_makes_no_call(account: Account, other: Account, inventory: Inventory, tmp_path: Path) -> None:
    deploy(account, "shop-web-prod")
    deploy(other, "shop-web-dev")
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    role = f"arn:aws:iam::{other.id}:role/runbook"
    sources = [of(account), of(account, assume_role_arn=role)]
    first = inventory(sources=sources, **cache)
    assert sorted(first.hosts) == ["shop-dev", "shop-prod"]
    mark = account.mark()
    second = inventory(sources=sources, **cache, arguments=("-vvvv",))
    assert second.hosts == first.hosts
    assert account.calls(mark) == []
    assert other.calls(mark) == []
    kept = "".join(path.read_text() for path in (tmp_path / "cache").iterdir())
    assert "shop-web-prod" in kept
    assert SECRET_KEY not in kept
    inventory(sources=sources, **cache, arguments=("--flush-cache",))
    assert {call["operation"] for call in account.calls(mark)} >= {"AssumeRole", "DescribeStacks"}


def test_the_cache_does_not_answer_for_another_account(
    account: Account, other: Account, inventory: Inventory, tmp_path: Path
) -> None:
    deploy(account, "shop-web-prod")
    deploy(other, "shop-web-dev")
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    assert list(inventory(env=account.env, **cache).hosts) == ["shop-prod"]
    assert list(inventory(env=other.env, **cache).hosts) == ["shop-dev"]


def test_an_incomplete_result_is_not_cached(
    account: Account, other: Account, inventory: Inventory, tmp_path: Path
) -> None:
    deploy(account, "shop-web-prod")
    deploy(other, "shop-web-dev")
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    other.deny("cloudformation:*")
    assert list(inventory(sources=[of(account), of(other)], **cache).hosts) == ["shop-prod"]
    other.deny()
    assert sorted(inventory(sources=[of(account), of(other)], **cache).hosts) == ["shop-dev", "shop-prod"]


def test_options_can_be_templates(account: Account, inventory: Inventory) -> None:
    deploy(account, "shop-web-prod")
    template = "{{ lookup('env', 'TEST_APPLICATION') }}"
    result = inventory(sources=[of(account, applications=[template])], env={"TEST_APPLICATION": "shop"})
    assert list(result.hosts) == ["shop-prod"]
    assert "DEPRECATION" not in result.run.output


def test_text_from_aws_is_never_a_template(account: Account, inventory: Inventory) -> None:
    deploy(account, "shop-web-prod", outputs={"Sly": "{{ lookup('env', 'HOME') }}"})
    result = inventory(sources=[of(account)], compose={"copy": "runbook_outputs.Sly"})
    assert result.hosts["shop-prod"]["copy"] == "{{ lookup('env', 'HOME') }}"


def test_the_local_inventory_reaches_the_embedded_aws(account: Account) -> None:
    deploy(account, "sc-agent-app-prod", "sc-agent-app-dev")
    env = {"RUNBOOK_LOCAL_ENDPOINT": account.endpoint, "RUNBOOK_LOCAL_ACCOUNT": account.id}
    result = listing(str(ROOT / "inventory/local"), env=env)
    assert sorted(result.hosts) == ["sc-agent-dev", "sc-agent-prod"]
    assert result.hosts["sc-agent-prod"]["ansible_connection"] == "local"


def test_the_local_inventory_says_how_to_start_the_embedded_aws(dead_endpoint: str) -> None:
    result = listing(str(ROOT / "inventory/local"), env={"RUNBOOK_LOCAL_ENDPOINT": dead_endpoint})
    assert result.code != 0
    assert f"nothing listens at {dead_endpoint}" in result.text
    assert f"`make local-up PORT={dead_endpoint.rpartition(':')[2]}`" in result.text


def test_the_example_inventory_says_what_to_change_first() -> None:
    result = listing(str(ROOT / "inventory/example"))
    assert result.code != 0
    assert "production, region us-east-1: The config profile (sc-agent-operations) could not be found" in result.text


def test_the_documentation_renders_and_its_examples_are_valid() -> None:
    done = command(["ansible-doc", "-t", "inventory", "runbook.aws.stacks", "--json"])
    assert done.code == 0, done.output
    plugin = json.loads(done.stdout)["runbook.aws.stacks"]
    known = set(plugin["doc"]["options"])
    examples = list(yaml.safe_load_all(plugin["examples"]))
    assert len(examples) > 3
    for example in examples:
        assert set(example) <= known
