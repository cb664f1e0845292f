# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The accounts and regions that the inventory reads, and what went wrong with which."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.botocore import boto3_inventory_conn

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import WRONG_REGION, AwsError, local_up
from ansible_collections.runbook.aws.plugins.module_utils._pace import Pace
from ansible_collections.runbook.aws.plugins.module_utils._stacks import (
    Naming,
    Resource,
    Stack,
    StackName,
    environments,
    wanted,
)

try:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.parsers import ResponseParserError
except ImportError:
    pass  # The plugin's base class reports the missing library before any of this is called.

# CloudFormation publishes no rate for its reads, only that they are throttled: a cautious one of our own, in calls a
# second for each account and region, under which a deployment that polls its stack still gets its share.
RATES = {"cloudformation": 10.0}
# Seconds for which a throttled call is sent again.
PATIENCE = 60.0
# At the same time, over all accounts and regions.
WORKERS = 8

# Every state but DELETE_COMPLETE: broken stacks are what an operator looks for. ListStacks without a filter also gives
# the stacks that were deleted in the last 90 days (botocore, cloudformation, ListStacks).
_DELETED = "DELETE_COMPLETE"

CREDENTIALS = ("profile", "access_key", "secret_key", "session_token")
_INHERITED = ("regions", "assume_role_arn", "endpoint_url", "applications", "environments")

SOURCE_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "regions": {"type": "list", "elements": "str"},
    "profile": {"type": "str"},
    "assume_role_arn": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "access_key": {"type": "str", "no_log": True},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "applications": {"type": "list", "elements": "str"},
    "environments": {"type": "list", "elements": "str"},
}

T = TypeVar("T")
R = TypeVar("R")


class BadSource(Exception):
    """A source that is described wrongly; the message says what to write."""


@dataclass(frozen=True)
class Source:
    """One set of credentials and the regions that are read with it.

    Attributes:
        trouble: Why it can not be read at all, as a sentence; empty when it can.
    """

    label: str
    regions: tuple[str, ...]
    trouble: str = ""
    profile: str | None = None
    assume_role_arn: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    applications: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    @property
    def host_variables(self) -> dict[str, str]:
        """How modules reach the same account; never a key."""
        ways = {
            "runbook_profile": self.profile,
            "runbook_assume_role_arn": self.assume_role_arn,
            "runbook_endpoint_url": self.endpoint_url,
        }
        return {name: value for name, value in ways.items() if value}

    @property
    def login(self) -> dict[str, str | None]:
        """The source's own credentials, as boto3 takes them."""
        if self.profile:
            return {"profile_name": self.profile}
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.session_token,
        }


def sources_from(options: Mapping[str, Any], sources: Sequence[Mapping[str, Any]]) -> list[Source]:
    """The sources, with the plugin's own options as their defaults.

    Args:
        options: The plugin's top-level options, `SOURCE_SPEC`'s names and `region`.
        sources: The option `sources`; empty for one source made of the top-level options.

    Raises:
        BadSource: An unknown or badly typed option, or credentials that exclude each other.
    """
    validator = ArgumentSpecValidator(SOURCE_SPEC)
    made = []
    for number, given in enumerate(sources or [{}], start=1):
        where = f"sources[{number - 1}]" if sources else "the inventory file"
        if not isinstance(given, Mapping):
            raise BadSource(f"{where} must be a dictionary such as {{regions: [us-east-1], profile: prod}}")
        result = validator.validate(dict(given))
        if result.unsupported_parameters:
            unknown = ", ".join(sorted(result.unsupported_parameters))
            raise BadSource(f"{where} has the unknown option {unknown}; known are {', '.join(SOURCE_SPEC)}")
        if result.error_messages:
            raise BadSource(f"{where}: {'; '.join(result.error_messages)}")
        made.append(_source(where, number, result.validated_parameters, options))
    return made


def _source(where: str, number: int, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Source:
    values = {name: _first(given.get(name), defaults.get(name)) for name in _INHERITED}
    # Credentials are taken as a set: a source's key together with a session token from somewhere else is no login.
    login = given if any(given.get(name) for name in CREDENTIALS) else defaults
    values.update({name: login.get(name) or None for name in CREDENTIALS})
    if values["profile"] and (values["access_key"] or values["secret_key"]):
        raise BadSource(f"{where} has a profile and an access key: give one of the two")
    if bool(values["access_key"]) != bool(values["secret_key"]):
        raise BadSource(f"{where} has only one of access_key and secret_key: give both, or a profile")
    label = given.get("name") or f"source {number}" + _hint(values)
    regions, trouble = values["regions"], ""
    if not regions:
        regions, trouble = _default_region(values["profile"], defaults.get("region"))
    return Source(
        label=label,
        regions=tuple(dict.fromkeys(regions)),
        trouble=trouble,
        profile=values["profile"],
        assume_role_arn=values["assume_role_arn"] or None,
        endpoint_url=values["endpoint_url"] or None,
        access_key=values["access_key"],
        secret_key=values["secret_key"],
        session_token=values["session_token"],
        applications=tuple(values["applications"] or ()),
        environments=tuple(values["environments"] or ()),
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _hint(values: Mapping[str, Any]) -> str:
    hints = (("profile", "profile"), ("role", "assume_role_arn"), ("endpoint", "endpoint_url"))
    said = ", ".join(f"{word} {values[name]}" for word, name in hints if values[name])
    return f" ({said})" if said else ""


def _default_region(profile: str | None, region: str | None) -> tuple[list[str], str]:
    """The one region to read when none is named, or why there is none."""
    if region:
        return [region], ""
    try:
        found = Session(profile_name=profile).region_name
    except BotoCoreError as error:
        return [], _no_login(error, profile)
    return ([found], "") if found else ([], "no region is set. Set regions, for example [us-east-1], or AWS_REGION")


def fingerprint(sources: Sequence[Source], pattern: str | None) -> str:
    """What the cached result depends on, as a hash without secrets.

    The access key's ID is part of it: with other credentials in the environment the same file names another account.
    """
    said = [
        [source.regions, source.host_variables, source.access_key, source.applications, source.environments, pattern]
        for source in sources
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Region:
    """One source in one region: what is read, and fails, as one."""

    source: Source
    name: str
    naming: Naming
    aws: Aws

    @property
    def label(self) -> str:
        return f"{self.source.label}, region {self.name}"


@dataclass
class Found:
    """What reading gave.

    Attributes:
        environments: Host variables of each environment.
        problems: One sentence for each source or region that could not be read.
        regions_read: How many regions could be read.
        empty: The sources in which no stack fits.
        other_stacks: Names of stacks that fit nothing, for the message when nothing is found.
    """

    environments: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    regions_read: int = 0
    empty: list[str] = field(default_factory=list)
    other_stacks: list[str] = field(default_factory=list)


def read(sources: Sequence[Source], pattern: str | None) -> Found:
    """All environments of all sources; regions and sources are read at the same time.

    Raises:
        BadPattern: The stack name pattern cannot be used.
    """
    found = Found(problems=[f"{source.label}: {source.trouble}" for source in sources if source.trouble])
    sources = [source for source in sources if not source.trouble]
    namings = {source: Naming(pattern, source.applications, source.environments) for source in sources}
    with ThreadPoolExecutor(WORKERS) as pool:
        logins = _logins(sources, pool, found)
        regions = [
            Region(source, name, namings[source], aws)
            for source, login in logins.items()
            for name in source.regions
            if (aws := _connect(source, name, login, "cloudformation", found)) is not None
        ]
        listed = {}
        for region, stacks in _each(pool, regions, _stacks, lambda region: region.label, found):
            found.other_stacks += [
                stack.name for stack in stacks if not stack.nested and not region.naming.split(stack.name)
            ]
            listed[region] = wanted(stacks, region.naming)
        resources: dict[Region, dict[str, list[Resource]]] = {region: {} for region in listed}
        jobs = [(region, stack) for region, stacks in listed.items() for stack in stacks]
        for (region, stack), answer in _each(pool, jobs, lambda job: _resources(*job), lambda job: job[0].label, found):
            resources[region][stack.id] = answer
    # An environment of which a part could not be read would look as if that part did not exist.
    whole = {region: stacks for region, stacks in listed.items() if len(resources[region]) == len(stacks)}
    _fill(found, whole, resources)
    return found


def _fill(
    found: Found,
    whole: Mapping[Region, Mapping[Stack, StackName]],
    resources: Mapping[Region, Mapping[str, list[Resource]]],
) -> None:
    seen: set[tuple[str, ...]] = set()
    fruitful: dict[Source, bool] = {}
    for region, stacks in whole.items():
        found.regions_read += 1
        fruitful[region.source] = fruitful.get(region.source, False) or bool(stacks)
        for variables in environments(stacks, resources[region]):
            names = ("account_id", "region", "application", "environment")
            identity = (region.source.endpoint_url or "", *(variables[f"runbook_{name}"] for name in names))
            # The same environment through two sources is one host; the first source says how it is reached.
            if identity not in seen:
                seen.add(identity)
                found.environments.append(variables | region.source.host_variables)
    found.empty += [source.label for source, has_some in fruitful.items() if not has_some]


def _logins(sources: Sequence[Source], pool: Executor, found: Found) -> dict[Source, dict[str, str | None]]:
    """The credentials of each source, after taking on its role if it has one."""
    logins = {source: source.login for source in sources if not source.assume_role_arn}
    clients = {
        source: aws
        for source in sources
        if source.assume_role_arn
        and (aws := _connect(source, source.regions[0], source.login, "sts", found)) is not None
    }
    for source, answer in _each(
        pool, list(clients), lambda source: _assume(clients[source], source), lambda source: source.label, found
    ):
        logins[source] = {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }
    # In the order of the file, so that the first source wins.
    return {source: logins[source] for source in sources if source in logins}


def _assume(aws: Aws, source: Source) -> dict[str, Any]:
    answer = aws.call("sts", "AssumeRole", RoleArn=source.assume_role_arn, RoleSessionName="ansible-runbook-inventory")
    return answer["Credentials"]


def _connect(source: Source, region: str, login: Mapping[str, Any], service: str, found: Found) -> Aws | None:
    """A client, made here in the main thread: sessions are not thread-safe, clients are."""
    label = f"{source.label}, region {region}"
    if source.endpoint_url and (silent := _nobody_at(source.endpoint_url)):
        if (problem := f"{source.label}: {silent}") not in found.problems:
            found.problems.append(problem)
        return None
    config = Config(
        # Few, because an operator waits for the answer about an unreachable region. Throttling is waited out by `Aws`.
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=WORKERS,
    )
    try:
        client = boto3_inventory_conn(
            "client", service, region=region, endpoint=source.endpoint_url, config=config, **login
        )
    except (BotoCoreError, ValueError) as error:
        found.problems.append(f"{label}: {_no_login(error, source.profile)}")
        return None
    return Aws(lambda _service: client, Pace(RATES), PATIENCE)


def _nobody_at(endpoint_url: str) -> str | None:
    """For an endpoint on this machine: what to say when nothing listens there. AWS itself is not tried out."""
    address = urlsplit(endpoint_url)
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
    except ValueError:
        return None  # boto3 refuses the URL with its own words.
    if address.hostname not in ("127.0.0.1", "localhost", "::1"):
        return None
    try:
        socket.create_connection((address.hostname, port), timeout=2).close()
    except OSError:
        return (
            f"nothing listens at {endpoint_url}. For the embedded AWS, start it with `{local_up(endpoint_url)}` in the "
            "checkout; for a real account choose its inventory, for example -i inventory/example"
        )
    return None


def _no_login(error: Exception, profile: str | None) -> str:
    """What to do when not even a client can be made."""
    said = str(error).strip().rstrip(".")
    kind = type(error).__name__
    if kind == "ProfileNotFound" and not profile:
        return f"{said}. The environment variable AWS_PROFILE names it: correct or unset it"
    if kind == "ProfileNotFound":
        return f"{said}. `aws configure list-profiles` shows those there are; set the option profile to one of them"
    if kind == "InvalidRegionError":
        return f"{said}. Regions are written like us-east-1"
    if isinstance(error, ValueError):
        return f"{said}. Check the option endpoint_url"
    return f"{said}. Check the AWS configuration files and the options of this source"


def _each(
    pool: Executor, items: Sequence[T], work: Callable[[T], R], label: Callable[[T], str], found: Found
) -> Iterator[tuple[T, R]]:
    """The work on all items at the same time; what AWS refused becomes problems, one for each label.

    A region in which one stack can not be read has as a rule many such stacks, for the same reason: the first is told.
    """
    futures = [(item, pool.submit(work, item)) for item in items]
    problems: dict[str, str] = {}
    for item, future in futures:
        try:
            answer = future.result()
        except AwsError as error:
            problems.setdefault(label(item), _explained(error))
        except ResponseParserError:
            problems.setdefault(label(item), "what answers there is not AWS. Check the option endpoint_url")
        else:
            yield item, answer
    found.problems += [f"{where}: {what}" for where, what in problems.items()]


def _explained(error: AwsError) -> str:
    if error.code in ("SignatureDoesNotMatch", "InvalidSignatureException") and WRONG_REGION not in str(error):
        # AWS's text may quote the request that it expected, session token and all.
        return (
            f"AWS refused the signature ({error.code}): the secret key does not belong to the access key. Sign in again"
        )
    if error.code in ("InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"):
        # https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html: a region that is not enabled
        # does not know the account's credentials.
        return f"{error} If they work elsewhere, the region is not enabled for the account: leave it out of regions."
    return str(error)


def _stacks(region: Region) -> list[Stack]:
    """All stacks of the region, in every state but deleted.

    `DescribeStacks` without a name is the cheapest: one call for each page of stacks, outputs included. Accounts that
    deny it in this form (botocore, cloudformation, DescribeStacksInput, StackName, gives the policy) are read with
    `ListStacks`, and one `DescribeStacks` for each stack that is wanted.
    """
    try:
        return [_stack(answer) for answer in region.aws.pages("cloudformation", "DescribeStacks", "Stacks")]
    except AwsError as denied:
        if denied.code not in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
            raise
        return _stacks_one_by_one(region, denied)


def _stacks_one_by_one(region: Region, denied: AwsError) -> list[Stack]:
    try:
        summaries = region.aws.pages("cloudformation", "ListStacks", "StackSummaries")
    except AwsError as error:
        raise AwsError(f"{denied} And {error}", error.code) from error
    listed = [_stack(summary) for summary in summaries if summary["StackStatus"] != _DELETED]
    roots = [stack for stack in wanted(listed, region.naming) if not stack.nested]
    described = {
        stack.id: _stack(answer)
        for stack in roots
        for answer in region.aws.call("cloudformation", "DescribeStacks", StackName=stack.id)["Stacks"]
    }
    return [described.get(stack.id, stack) for stack in listed]


def _stack(answer: Mapping[str, Any]) -> Stack:
    """A `Stack` or `StackSummary` of the API."""
    updated: datetime = answer.get("LastUpdatedTime") or answer["CreationTime"]
    return Stack(
        id=answer["StackId"],
        name=answer["StackName"],
        status=answer["StackStatus"],
        updated=updated.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        root_id=answer.get("RootId"),
        outputs={output["OutputKey"]: output["OutputValue"] for output in answer.get("Outputs", ())},
    )


def _resources(region: Region, stack: Stack) -> list[Resource]:
    # By ID: a name could by now belong to a new stack.
    answers = region.aws.pages("cloudformation", "ListStackResources", "StackResourceSummaries", StackName=stack.id)
    return [
        Resource(answer["ResourceType"], answer.get("PhysicalResourceId", ""), answer["ResourceStatus"])
        for answer in answers
    ]
