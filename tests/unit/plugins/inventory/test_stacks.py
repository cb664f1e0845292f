# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From stacks to hosts: how names are taken apart, what becomes of resources, what hosts are called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import inventory_loader

from ansible_collections.runbook.aws.plugins.module_utils._stacks import (
    KINDS,
    AmbiguousHosts,
    BadPattern,
    Naming,
    Resource,
    Stack,
    StackName,
    environments,
    group_names,
    host_names,
    physical_name,
    short_name,
    wanted,
)

ROOT = Path(__file__).resolve().parents[4]
ACCOUNT, REGION = "123456789012", "us-east-1"
FUNCTION, TABLE, BUCKET = "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::S3::Bucket"
SECRET, LOGS, ALARM = "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup", "AWS::CloudWatch::Alarm"


def stack(name: str, status: str = "CREATE_COMPLETE", root: str = "", region: str = REGION, **outputs: str) -> Stack:
    def arn(of: str) -> str:
        return f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{of}/1"

    return Stack(arn(name), name, status, "2026-11-20T08:00:00Z", arn(root) if root else None, outputs)


def hosts_of(
    stacks: list[Stack], resources: dict[str, list[Resource]] | None = None, **naming: Any
) -> list[dict[str, Any]]:
    by_id = {one.id: (resources or {}).get(one.name, []) for one in stacks}
    return environments(wanted(stacks, Naming(**naming)), by_id)


def only(found: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("name", "told", "parts"),
    [
        # Nothing is told: the environment and the part are one word each.
        ("sc-agent-app-prod", {}, ("sc-agent", "app", "prod")),
        ("shop-web-dev", {}, ("shop", "web", "dev")),
        ("a-b-c-d-e", {}, ("a-b-c", "d", "e")),
        ("shop-prod", {}, None),
        ("CDKToolkit", {}, None),
        ("-app-prod", {}, None),
        ("sc-agent--prod", {}, None),
        # Known applications: hyphens in them and in the part.
        ("sc-agent-data-lake-prod", {"applications": ["sc-agent"]}, ("sc-agent", "data-lake", "prod")),
        ("sc-agent-app-prod", {"applications": ["sc", "sc-agent"]}, ("sc-agent", "app", "prod")),
        ("sc-agent-prod", {"applications": ["sc", "sc-agent"]}, ("sc", "agent", "prod")),
        ("sc-agent-prod", {"applications": ["sc-agent"]}, None),
        ("sc-agents-app-prod", {"applications": ["sc-agent"]}, None),
        ("my-sc-agent-app-prod", {"applications": ["sc-agent"]}, None),
        # Known environments: hyphens in them; others are left out.
        ("sc-agent-app-eu-prod", {"environments": ["prod", "eu-prod"]}, ("sc-agent", "app", "eu-prod")),
        ("sc-agent-app-prod", {"environments": ["prod", "eu-prod"]}, ("sc-agent", "app", "prod")),
        ("sc-agent-app-dev", {"environments": ["prod"]}, None),
        # Both.
        (
            "sc-agent-data-lake-eu-prod",
            {"applications": ["sc-agent"], "environments": ["prod", "eu-prod"]},
            ("sc-agent", "data-lake", "eu-prod"),
        ),
        # Names are text, not patterns.
        ("scXagent-app-prod", {"applications": ["sc.agent"]}, None),
        # A pattern of one's own: the whole name, the part may be missing.
        ("prod-shop", {"pattern": "(?P<environment>[a-z]+)-(?P<application>.+)"}, ("shop", "main", "prod")),
        ("x-prod-shop-x", {"pattern": "(?P<environment>prod)-(?P<application>shop)"}, None),
        (
            "Prod.Web.Shop",
            {"pattern": r"(?P<environment>\w+)\.(?P<part>\w+)\.(?P<application>\w+)", "applications": ["Shop"]},
            ("Shop", "Web", "Prod"),
        ),
        ("prod-shop", {"pattern": "(?P<environment>.+)-(?P<application>.+)", "applications": ["other"]}, None),
        ("-shop", {"pattern": "(?P<environment>.*)-(?P<application>.+)"}, None),
    ],
)
def test_a_stack_name_is_taken_apart(name: str, told: dict[str, Any], parts: tuple[str, str, str] | None) -> None:
    assert Naming(**told).split(name) == (StackName(*parts) if parts else None)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?P<application>", "is not a regular expression"),
        ("(?P<application>.+)-.+", "lacks the named group environment"),
        (".+-.+-.+", "lacks the named group application and environment"),
    ],
)
def test_a_malformed_pattern_says_what_is_wrong(pattern: str, reason: str) -> None:
    with pytest.raises(BadPattern, match=reason) as caught:
        Naming(pattern)
    assert pattern in str(caught.value)


PROD = StackName("sc-agent", "app", "prod")


@pytest.mark.parametrize(
    ("kind", "name", "short"),
    [
        (FUNCTION, "sc-agent-orchestrator-prod", "orchestrator"),
        (FUNCTION, "sc-agent-warehouse-manager-prod", "warehouse-manager"),
        (LOGS, "/aws/lambda/sc-agent-orchestrator-prod", "/aws/lambda/orchestrator"),
        (LOGS, "/sc-agent/prod/api", "api"),
        (SECRET, "/sc-agent/prod/database/credentials", "database/credentials"),
        (SECRET, "sc-agent/prod/api-key", "api-key"),
        (SECRET, "/sc-agent/dev/api-key", "/sc-agent/dev/api-key"),
        (BUCKET, "sc-agent-data-prod", "data"),
        (BUCKET, "sc-agent-data-prod-123456789012", "data"),
        (BUCKET, "sc-agent-data-prod-us-east-1", "data"),
        (BUCKET, "sc-agent-data-prod-123456789012-us-east-1", "data"),
        (BUCKET, "sc-agent-data-prod-210987654321", "sc-agent-data-prod-210987654321"),
        (TABLE, "sc-agent-sessions-prod-123456789012", "sc-agent-sessions-prod-123456789012"),
        # Built in another way: as it is.
        (FUNCTION, "sc-agent-app-prod-Orchestrator-1ABCDEFGH", "sc-agent-app-prod-Orchestrator-1ABCDEFGH"),
        (FUNCTION, "sc-agent-orchestrator-dev", "sc-agent-orchestrator-dev"),
        (FUNCTION, "sc-agent-prod", "sc-agent-prod"),
        (FUNCTION, "sc-agent--prod", "sc-agent--prod"),
        ("AWS::Cognito::UserPool", "us-east-1_AbCdEf123", "us-east-1_AbCdEf123"),
        (SECRET, "/sc-agent/prod/", "/sc-agent/prod/"),
    ],
)
def test_a_short_name_is_the_same_in_every_environment(kind: str, name: str, short: str) -> None:
    assert short_name(name, PROD, kind, ACCOUNT, REGION) == short


@pytest.mark.parametrize(
    ("kind", "physical_id", "name"),
    [
        (SECRET, f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:/sc-agent/prod/database/credentials-AbC123", "/sc-agent/prod/database/credentials"),
        (SECRET, f"arn:aws-cn:secretsmanager:cn-north-1:{ACCOUNT}:secret:api-key-AbC123", "api-key"),
        (SECRET, "/sc-agent/prod/database/credentials", "/sc-agent/prod/database/credentials"),
        (ALARM, "sc-agent-errors-prod", "sc-agent-errors-prod"),
        ("AWS::CloudWatch::CompositeAlarm", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:sc-agent-any-prod", "sc-agent-any-prod"),
        ("AWS::CloudWatch::CompositeAlarm", "sc-agent-any-prod", "sc-agent-any-prod"),
    ],
)  # fmt: skip
def test_an_arn_is_taken_off_a_physical_name(kind: str, physical_id: str, name: str) -> None:
    assert physical_name(Resource(kind, physical_id, "CREATE_COMPLETE")) == name


def test_an_environment_is_one_host_with_the_names_of_everything_in_it() -> None:
    stacks = [
        stack("sc-agent-app-prod", ApiEndpoint="https://api", UserPoolId="us-east-1_A"),
        stack("sc-agent-data-prod", "UPDATE_ROLLBACK_FAILED"),
    ]
    resources = {
        "sc-agent-app-prod": [
            Resource(FUNCTION, "sc-agent-orchestrator-prod", "CREATE_COMPLETE"),
            Resource("AWS::Cognito::UserPool", "us-east-1_A", "CREATE_COMPLETE"),
            Resource("AWS::ApiGatewayV2::Api", "a1b2c3", "UPDATE_COMPLETE"),
            Resource("AWS::IAM::Role", "sc-agent-role-prod", "CREATE_COMPLETE"),
        ],
        "sc-agent-data-prod": [Resource(TABLE, "sc-agent-sessions-prod", "UPDATE_FAILED")],
    }
    assert only(hosts_of(stacks, resources)) == {
        "runbook_application": "sc-agent",
        "runbook_environment": "prod",
        "runbook_region": "us-east-1",
        "runbook_account_id": "123456789012",
        "runbook_stacks": {
            "app": {"name": "sc-agent-app-prod", "status": "CREATE_COMPLETE", "updated": "2026-11-20T08:00:00Z"},
            "data": {"name": "sc-agent-data-prod", "status": "UPDATE_ROLLBACK_FAILED", "updated": "2026-11-20T08:00:00Z"},
        },
        "runbook_outputs": {"ApiEndpoint": "https://api", "UserPoolId": "us-east-1_A"},
        "runbook_functions": {"orchestrator": "sc-agent-orchestrator-prod"},
        "runbook_tables": {"sessions": "sc-agent-sessions-prod"},
        "runbook_user_pools": {"us-east-1_A": "us-east-1_A"},
        "runbook_apis": {"a1b2c3": "a1b2c3"},
        "runbook_buckets": {},
        "runbook_secrets": {},
        "runbook_alarms": {},
        "runbook_log_groups": {},
    }  # fmt: skip


def test_every_kind_of_resource_has_a_variable_even_when_there_is_none() -> None:
    variables = only(hosts_of([stack("shop-web-dev")]))
    assert {f"runbook_{kind}" for kind in KINDS.values()} <= variables.keys()


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_a_resource_that_is_not_there_is_not_listed(status: str) -> None:
    resources = {"shop-web-dev": [Resource(TABLE, "shop-carts-dev", status), Resource(TABLE, "", "CREATE_IN_PROGRESS")]}
    assert only(hosts_of([stack("shop-web-dev")], resources))["runbook_tables"] == {}


def test_resources_of_one_short_name_go_by_their_physical_names() -> None:
    names = ["shop-carts-dev", "carts", "shop-orders-dev"]
    resources = {"shop-web-dev": [Resource(TABLE, name, "CREATE_COMPLETE") for name in names]}
    assert only(hosts_of([stack("shop-web-dev")], resources))["runbook_tables"] == {
        "shop-carts-dev": "shop-carts-dev",
        "carts": "carts",
        "orders": "shop-orders-dev",
    }


def test_a_resource_in_two_stacks_is_listed_once() -> None:
    resource = Resource(LOGS, "/aws/lambda/shop-web-dev", "CREATE_COMPLETE")
    stacks = [stack("shop-web-dev"), stack("shop-logs-dev")]
    found = hosts_of(stacks, {"shop-web-dev": [resource], "shop-logs-dev": [resource]})
    assert only(found)["runbook_log_groups"] == {"/aws/lambda/web": "/aws/lambda/shop-web-dev"}


def test_an_output_key_with_two_values_is_not_given_to_either() -> None:
    stacks = [stack("shop-web-dev", Url="https://a", Same="1"), stack("shop-admin-dev", Url="https://b", Same="1")]
    assert only(hosts_of(stacks))["runbook_outputs"] == {"web.Url": "https://a", "admin.Url": "https://b", "Same": "1"}


def test_a_nested_stack_belongs_to_its_root() -> None:
    stacks = [
        stack("shop-web-dev"),
        stack("shop-web-dev-Tables-1ABC", root="shop-web-dev", Inner="value"),
        # A name that looks like an environment of its own.
        stack("shop-web-dev-Nested-prod", "UPDATE_FAILED", root="shop-web-dev"),
        # A nested stack of a stack that is not wanted.
        stack("other-x-y", root="CDKToolkit"),
    ]
    resources = {
        "shop-web-dev-Tables-1ABC": [Resource(TABLE, "shop-carts-dev", "CREATE_COMPLETE")],
        "other-x-y": [Resource(TABLE, "other", "CREATE_COMPLETE")],
    }
    variables = only(hosts_of(stacks, resources))
    assert variables["runbook_tables"] == {"carts": "shop-carts-dev"}
    assert list(variables["runbook_stacks"]) == ["web"]
    assert variables["runbook_outputs"] == {}


def test_a_root_stack_that_names_itself_as_its_root_is_no_nested_stack() -> None:
    assert only(hosts_of([stack("shop-web-dev", root="shop-web-dev")]))["runbook_environment"] == "dev"


def test_deleted_stacks_are_left_out() -> None:
    assert hosts_of([stack("shop-web-dev", "DELETE_COMPLETE")]) == []


def test_stacks_of_one_part_go_by_their_full_names() -> None:
    found = hosts_of([stack("shop-dev-a"), stack("shop-dev-b")], pattern="(?P<application>shop)-(?P<environment>dev)-.")
    assert list(only(found)["runbook_stacks"]) == ["shop-dev-a", "shop-dev-b"]


def place(application: str, environment: str, account: str = ACCOUNT, region: str = REGION) -> dict[str, str]:
    return {
        "runbook_application": application,
        "runbook_environment": environment,
        "runbook_account_id": account,
        "runbook_region": region,
    }


EAST, WEST = place("shop", "prod"), place("shop", "prod", region="eu-west-1")
OTHER, OTHER_WEST = place("shop", "prod", account="2" * 12), place("shop", "prod", "2" * 12, "eu-west-1")


@pytest.mark.parametrize(
    ("found", "suffix", "names"),
    [
        ([EAST, place("shop", "dev")], "auto", ["shop-prod", "shop-dev"]),
        ([EAST, WEST], "auto", ["shop-prod-us-east-1", "shop-prod-eu-west-1"]),
        ([EAST, OTHER], "auto", ["shop-prod-123456789012", "shop-prod-222222222222"]),
        ([EAST, OTHER_WEST], "auto", ["shop-prod-us-east-1", "shop-prod-eu-west-1"]),
        (
            [EAST, WEST, OTHER],
            "auto",
            ["shop-prod-123456789012-us-east-1", "shop-prod-123456789012-eu-west-1", "shop-prod-222222222222-us-east-1"],
        ),
        ([EAST, WEST, place("shop", "dev")], "auto", ["shop-prod-us-east-1", "shop-prod-eu-west-1", "shop-dev"]),
        ([EAST], "region", ["shop-prod-us-east-1"]),
        ([EAST], "account", ["shop-prod-123456789012"]),
        ([EAST], "account_region", ["shop-prod-123456789012-us-east-1"]),
        ([EAST], "none", ["shop-prod"]),
    ],
)  # fmt: skip
def test_hosts_of_one_name_all_get_a_suffix(found: list[dict[str, str]], suffix: str, names: list[str]) -> None:
    assert host_names(found, suffix) == names


@pytest.mark.parametrize(
    ("found", "suffix"),
    [([EAST, WEST], "none"), ([EAST, WEST], "account"), ([place("a", "b-c"), place("a-b", "c")], "auto")],
)
def test_a_host_never_replaces_another(found: list[dict[str, str]], suffix: str) -> None:
    with pytest.raises(AmbiguousHosts, match="would all be the host"):
        host_names(found, suffix)


def test_a_host_is_in_the_groups_of_its_environment_application_region_and_account() -> None:
    assert group_names(EAST) == ["prod", "application_shop", "region_us-east-1", "account_123456789012"]


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("stacks.yml", True),
        ("stacks.yaml", True),
        ("prod.stacks.yml", True),
        ("stacks.json", False),
        ("hosts.yml", False),
        ("stacks.yml.bak", False),
    ],
)
def test_only_files_named_stacks_are_read(tmp_path: Path, name: str, accepted: bool) -> None:
    (tmp_path / name).write_text("plugin: runbook.aws.stacks\n")
    assert inventory_loader.get("runbook.aws.stacks").verify_file(str(tmp_path / name)) is accepted


def test_the_local_inventory_and_its_variables_name_the_same_endpoint_and_keys() -> None:
    source = yaml.safe_load((ROOT / "inventory/local/stacks.yml").read_text())["sources"][0]
    variables = yaml.safe_load((ROOT / "inventory/local/group_vars/all/connection.yml").read_text())
    assert variables["runbook_endpoint_url"] == source["endpoint_url"]
    assert variables["runbook_secret_key"] == source["secret_key"]
    assert variables["runbook_local_account"] in source["access_key"]
    # Ansible masks the key's text wherever it appears, so it must be one that appears nowhere else.
    assert len(source["secret_key"]) > 30


def test_the_example_inventory_has_no_key_in_it() -> None:
    text = "".join(path.read_text() for path in sorted((ROOT / "inventory/example").rglob("*.yml")))
    assert not re.search(r"^\s*[^#\n]*(access_key|secret_key|session_token):", text, re.MULTILINE)
