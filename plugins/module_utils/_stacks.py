# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From CloudFormation stacks to deployed environments: names, grouping, host variables.

Values and pure functions only; nothing here talks to AWS or to Ansible.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

# The part of a stack whose name has none: an application that is deployed as one stack.
ONLY_PART = "main"

# Where resources of a type are listed, `runbook_<kind>`.
# The physical ID is what `Ref` returns for the type: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/
# aws-template-resource-type-ref.html, "Return values" of each type.
KINDS: dict[str, str] = {
    "AWS::ApiGateway::RestApi": "apis",
    "AWS::ApiGatewayV2::Api": "apis",
    "AWS::CloudWatch::Alarm": "alarms",
    "AWS::CloudWatch::CompositeAlarm": "alarms",
    "AWS::Cognito::UserPool": "user_pools",
    "AWS::DynamoDB::GlobalTable": "tables",
    "AWS::DynamoDB::Table": "tables",
    "AWS::Lambda::Function": "functions",
    "AWS::Logs::LogGroup": "log_groups",
    "AWS::S3::Bucket": "buckets",
    "AWS::SecretsManager::Secret": "secrets",
}

# States of a resource that the stack no longer has, or never had (botocore, cloudformation, ResourceStatus).
_NOT_THERE = frozenset({"CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED"})

T = TypeVar("T", bound=Hashable)


class BadPattern(Exception):
    """A `stack_name_pattern` that cannot be used; the message says why."""


class AmbiguousHosts(Exception):
    """Different environments that would share one host name."""


@dataclass(frozen=True)
class StackName:
    """A stack's name, taken apart."""

    application: str
    part: str
    environment: str


@dataclass(frozen=True)
class Resource:
    """One resource of a stack, as `ListStackResources` gives it."""

    type: str
    physical_id: str
    status: str


@dataclass(frozen=True)
class Stack:
    """One stack, as `DescribeStacks` gives it.

    Attributes:
        updated: Time of the last update, or of the creation, ISO 8601 in UTC.
        root_id: For a nested stack, the ID of the stack to which it ultimately belongs (`RootId`).
    """

    id: str
    name: str
    status: str
    updated: str = ""
    root_id: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def nested(self) -> bool:
        return self.root_id is not None and self.root_id != self.id

    @property
    def region(self) -> str:
        return self.id.split(":")[3]

    @property
    def account_id(self) -> str:
        # A stack ID is an ARN: arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>.
        return self.id.split(":")[4]


class Naming:
    """How a stack's name is taken apart.

    Without a pattern, names follow `<application>-<part>-<environment>`. Hyphens make that ambiguous, so:

    - a known application (or environment) is found by its name, the longest that fits first, hyphens and all;
    - an environment that is not known is the last word, and has no hyphen;
    - when the application is not known the part is one word and the application is all that is before it; when it is
      known, the part is all that is left between the two.

    Args:
        pattern: A regular expression for the whole name with the groups `application`, `environment` and maybe `part`.
        applications: The known applications; others are left out. None known when empty.
        environments: The same for environments.

    Raises:
        BadPattern: The pattern is no regular expression, or lacks a group.
    """

    def __init__(
        self, pattern: str | None = None, applications: Iterable[str] = (), environments: Iterable[str] = ()
    ) -> None:
        self.applications = frozenset(applications)
        self.environments = frozenset(environments)
        self._patterns = [_compiled(pattern)] if pattern else self._convention()

    def _convention(self) -> list[re.Pattern[str]]:
        environments = [re.escape(name) for name in _longest_first(self.environments)] or ["[^-]+"]
        if self.applications:
            heads, part = [re.escape(name) for name in _longest_first(self.applications)], ".+"
        else:
            heads, part = [".+"], "[^-]+"
        return [
            re.compile(f"(?P<application>{head})-(?P<part>{part})-(?P<environment>{environment})")
            for head in heads
            for environment in environments
        ]

    def split(self, name: str) -> StackName | None:
        """The name's parts; None when the stack is not one of those that are wanted."""
        for pattern in self._patterns:
            if found := pattern.fullmatch(name):
                groups = found.groupdict()
                parts = StackName(
                    groups["application"] or "", groups.get("part") or ONLY_PART, groups["environment"] or ""
                )
                return parts if self._wanted(parts) else None
        return None

    def _wanted(self, parts: StackName) -> bool:
        return bool(
            parts.application
            and parts.environment
            and (not self.applications or parts.application in self.applications)
            and (not self.environments or parts.environment in self.environments)
        )


def _longest_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise BadPattern(f"{pattern!r} is not a regular expression: {error}") from error
    missing = [name for name in ("application", "environment") if name not in compiled.groupindex]
    if missing:
        raise BadPattern(
            f"{pattern!r} lacks the named group {' and '.join(missing)}; write for example "
            "(?P<application>shop)-(?P<part>.+)-(?P<environment>[^-]+)"
        )
    return compiled


def wanted(stacks: Iterable[Stack], naming: Naming) -> dict[Stack, StackName]:
    """The stacks whose resources belong to an environment, with the parts of their names.

    A nested stack belongs where its root belongs, whatever its own name is; its parts are its root's.
    """
    present = [stack for stack in stacks if stack.status != "DELETE_COMPLETE"]
    roots = {stack.id: parts for stack in present if not stack.nested and (parts := naming.split(stack.name))}
    return {stack: roots[home] for stack in present if (home := (stack.root_id or stack.id)) in roots}


def environments(
    stacks: Mapping[Stack, StackName], resources: Mapping[str, Sequence[Resource]]
) -> list[dict[str, Any]]:
    """One dictionary of host variables for each deployed environment, ordered by application and environment.

    Args:
        stacks: What `wanted` chose, all of one account and region.
        resources: The resources of each of them, by stack ID.
    """
    grouped: dict[tuple[str, str], dict[Stack, StackName]] = defaultdict(dict)
    for stack, parts in stacks.items():
        grouped[parts.application, parts.environment][stack] = parts
    return [_host_variables(members, resources) for _key, members in sorted(grouped.items())]


def _host_variables(members: Mapping[Stack, StackName], resources: Mapping[str, Sequence[Resource]]) -> dict[str, Any]:
    ordered = sorted(members, key=lambda stack: stack.name)
    roots = [stack for stack in ordered if not stack.nested]
    home, parts = roots[0], members[roots[0]]
    part_names = _short_or_full([(members[stack].part, stack.name) for stack in roots])
    variables: dict[str, Any] = {
        "runbook_application": parts.application,
        "runbook_environment": parts.environment,
        "runbook_region": home.region,
        "runbook_account_id": home.account_id,
        "runbook_stacks": {
            part: {"name": stack.name, "status": stack.status, "updated": stack.updated}
            for part, stack in zip(part_names, roots, strict=True)
        },
        "runbook_outputs": _outputs(dict(zip(part_names, roots, strict=True))),
    }
    named: dict[str, list[tuple[str, str]]] = {kind: [] for kind in sorted(set(KINDS.values()))}
    for stack in ordered:
        for resource in resources.get(stack.id, ()):
            if resource.type in KINDS and resource.physical_id and resource.status not in _NOT_THERE:
                name = physical_name(resource)
                short = short_name(name, parts, resource.type, home.account_id, home.region)
                named[KINDS[resource.type]].append((short, name))
    for kind, names in named.items():
        unique = sorted(set(names))
        variables[f"runbook_{kind}"] = dict(zip(_short_or_full(unique), (name for _short, name in unique), strict=True))
    return variables


def _outputs(stacks: Mapping[str, Stack]) -> dict[str, str]:
    """All outputs of the environment's stacks.

    Where two stacks give different values the same key, each is `<part>.<key>` and the plain key is missing: a
    playbook that reads it then fails, which is better than reading the other stack's value.
    """
    values: dict[str, set[str]] = defaultdict(set)
    for stack in stacks.values():
        for key, value in stack.outputs.items():
            values[key].add(value)
    return {
        (key if len(values[key]) == 1 else f"{part}.{key}"): value
        for part, stack in stacks.items()
        for key, value in stack.outputs.items()
    }


def physical_name(resource: Resource) -> str:
    """The name by which the service's own API knows the resource, without an ARN around it."""
    if resource.type == "AWS::SecretsManager::Secret":
        # "Secrets Manager automatically adds a hyphen and six random characters after the secret name at the end of
        # the ARN" (botocore, secretsmanager, CreateSecret, Name).
        found = re.fullmatch(
            r"arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+?)(?:-[A-Za-z0-9]{6})?", resource.physical_id
        )
        return found[1] if found else resource.physical_id
    if resource.type == "AWS::CloudWatch::CompositeAlarm":
        return re.sub(r"^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:", "", resource.physical_id)
    return resource.physical_id


def short_name(name: str, parts: StackName, resource_type: str, account_id: str, region: str) -> str:
    """What is left of a physical name without application and environment, the same in every environment.

    `sc-agent-orchestrator-prod` is `orchestrator`, `/aws/lambda/sc-agent-orchestrator-prod` is
    `/aws/lambda/orchestrator`, `/sc-agent/prod/database/credentials` is `database/credentials`. A name that is built
    in another way stays as it is.
    """
    for prefix in (f"/{parts.application}/{parts.environment}/", f"{parts.application}/{parts.environment}/"):
        if name.startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix) :]
    folder, slash, last = name.rpartition("/")
    if resource_type == "AWS::S3::Bucket":
        # Bucket names are unique in all of AWS, so many applications end them with account or region
        # (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
        last = re.sub(f"(-({re.escape(account_id)}|{re.escape(region)})){{1,2}}$", "", last)
    head, tail = f"{parts.application}-", f"-{parts.environment}"
    if last.startswith(head) and last.endswith(tail) and len(last) > len(head) + len(tail):
        return folder + slash + last[len(head) : -len(tail)]
    return name


def _short_or_full(names: Sequence[tuple[str, str]]) -> list[str]:
    """A key for each (short, full) name: the short one, or the full one where another would have the same key."""
    taken: dict[str, int] = defaultdict(int)
    for short, full in names:
        for key in dict.fromkeys((short, full)):
            taken[key] += 1
    return [short if taken[short] == 1 else full for short, full in names]


SUFFIXES = ("auto", "none", "region", "account", "account_region")


def host_names(found: Sequence[Mapping[str, Any]], suffix: str = "auto") -> list[str]:
    """The host name of each environment: `<application>-<environment>`, and a suffix where that is not unique.

    Args:
        found: Host variables as `environments` makes them.
        suffix: One of `SUFFIXES`. `auto` gives all hosts of one name the region as their suffix, or the account's ID
            when the regions do not tell them apart, or both; the other values give every host the same kind of suffix.

    Raises:
        AmbiguousHosts: Two environments would still have the same name.
    """
    same: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for environment in found:
        same[_plain_host(environment)].append(environment)
    names = []
    for environment in found:
        others = same[_plain_host(environment)]
        chosen = _telling(others) if suffix == "auto" else suffix
        names.append("-".join([_plain_host(environment), *_suffix(environment, chosen)]))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AmbiguousHosts(
            f"different environments would all be the host {', '.join(twice)}; set host_suffix to auto, or tell the "
            "applications and environments apart with the options applications, environments or stack_name_pattern"
        )
    return names


def _plain_host(environment: Mapping[str, Any]) -> str:
    return f"{environment['runbook_application']}-{environment['runbook_environment']}"


def _suffix(environment: Mapping[str, Any], kind: str) -> list[str]:
    region, account_id = environment["runbook_region"], environment["runbook_account_id"]
    return {"none": [], "region": [region], "account": [account_id], "account_region": [account_id, region]}[kind]


def _telling(environments_of_one_name: Sequence[Mapping[str, Any]]) -> str:
    """The shortest kind of suffix that tells them apart."""
    for kind in ("none", "region", "account"):
        if _all_different([tuple(_suffix(environment, kind)) for environment in environments_of_one_name]):
            return kind
    return "account_region"


def _all_different(values: Sequence[T]) -> bool:
    return len(set(values)) == len(values)


def group_names(environment: Mapping[str, Any]) -> list[str]:
    """The groups of an environment's host, before Ansible's rules for the characters of group names."""
    return [
        environment["runbook_environment"],
        f"application_{environment['runbook_application']}",
        f"region_{environment['runbook_region']}",
        f"account_{environment['runbook_account_id']}",
    ]
