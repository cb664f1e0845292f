# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Settings of Lambda functions, and the versions that their aliases point to: what is asked, and what is there.

Values only: `_lambda_settings_reader` reads, `_lambda_settings_plan` plans.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._lambda_environment import (
    REFRESH,
    check_name,
    looks_secret,
    read_variables,
)
from ansible_collections.runbook.aws.plugins.module_utils._lambda_functions import Provisioned, function_name
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Target

LATEST = "$LATEST"
# The refresh that is another one each time.
AUTO = "auto"

_ALIAS = re.compile(r"(?!\d+$)[\w-]{1,128}")
_VERSION = re.compile(r"\d{1,10}|\$LATEST")

# The settings besides variables, by option, in AWS's words.
FIELDS = {"memory_size": "MemorySize", "timeout": "Timeout", "runtime": "Runtime"}

# What two versions of a function can differ in, with the operator's word for it. Not the description, which
# PublishVersion may override, and nothing that only tells how a version is doing.
_COMPARED = {
    "CodeSha256": "code",
    "Handler": "handler",
    "Runtime": "runtime",
    "MemorySize": "memory_size",
    "Timeout": "timeout",
    "Role": "role",
    "VpcConfig": "VPC",
    "DeadLetterConfig": "dead letter queue",
    "KMSKeyArn": "key",
    "TracingConfig": "tracing",
    "Architectures": "architecture",
    "EphemeralStorage": "ephemeral storage",
    "FileSystemConfigs": "file systems",
    "ImageConfigResponse": "image configuration",
    "LoggingConfig": "logging",
}


@dataclass(frozen=True)
class Wish:
    """What is asked for one function; what is none or empty is left alone.

    Attributes:
        function: The function as the operator named it, a name or an ARN.
        environment: Variables to set, the stamp of a refresh included.
        secret: Variables to set whose values are never told.
        absent: Variables to remove.
        memory_size: MB.
        timeout: Seconds.
        runtime: Lambda's name of the runtime.
        publish: Whether the aliases (or, without any, the newest version) shall run what $LATEST is then.
        include_unpublished: Whether that may bring along what else $LATEST has and they have not.
        aliases: The aliases to move, in the operator's order.
        versions: The version that each of them shall point to; empty unless the operator says.
    """

    function: str
    environment: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    absent: tuple[str, ...] = ()
    memory_size: int | None = None
    timeout: int | None = None
    runtime: str | None = None
    publish: bool = False
    include_unpublished: bool = False
    aliases: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every variable that is asked for."""
        return (*self.environment, *self.secret, *self.absent)

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting that is asked for, besides variables."""
        asked = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True)
class Layer:
    """A layer version of a function, as far as it could be read.

    Attributes:
        arn: The layer version.
        runtimes: The runtimes that it says it is for; empty if it says nothing.
        unreadable: Why it could not be read, or empty.
    """

    arn: str
    runtimes: tuple[str, ...] = ()
    unreadable: str = ""


@dataclass(frozen=True)
class State:
    """What was read of one function.

    Attributes:
        latest: The configuration of $LATEST, as GetFunction gives it.
        aliases: All aliases by name, as ListAliases gives them.
        versions: Configurations of the versions that the plan needs, by number; none for one that is not there.
        newest: The newest published version, if the plan needs it.
        provisioned: Provisioned concurrency by qualifier, if the plan needs it.
        layers: The layers, if the plan needs them.
    """

    latest: Mapping[str, Any] = field(repr=False)
    aliases: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict, repr=False)
    newest: str | None = None
    provisioned: Mapping[str, Provisioned] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Account:
    """What concerns all functions of the account and region.

    Attributes:
        runtimes: The runtimes that are known here.
        sources: Event sources that call a version or alias, by function and qualifier; none if that is not observable.
        unobservable: Why not.
    """

    runtimes: frozenset[str]
    sources: Mapping[tuple[str, str], Sequence[str]] | None = None
    unobservable: str = ""


# --- what is asked ---------------------------------------------------------------------------------------------------


def read_targets(functions: Sequence[Mapping[str, Any]], now: datetime) -> list[Target]:
    """The module's option as targets, checked as far as that is possible without AWS.

    Args:
        functions: The option.
        now: The time, for `refresh: auto`.

    Raises:
        Refused: With every function that is asked for in a wrong way.
    """
    targets, refusals = [], []
    for function in functions:
        try:
            targets.append(_read_target(function, now))
        except Refused as refusal:
            refusals.append(str(refusal))
    if refusals:
        lines = "\n".join(f"- {refusal}" for refusal in refusals)
        raise Refused(f"{len(refusals)} of {len(functions)} are not valid, nothing was read or written:\n{lines}")
    return targets


def misplaced_secrets(functions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Values of variables that are given openly and look secret, so that they can be hidden before anything is said."""
    return [
        str(value)
        for function in functions
        for name, value in (function.get("environment") or {}).items()
        if looks_secret(str(name), str(value))
    ]


def _read_target(function: Mapping[str, Any], now: datetime) -> Target:
    name = function_name(
        function["name"],
        "a version is never changed, and an alias is moved. Leave out :{qualifier}, and name it as alias.",
    )
    environment = read_variables(name, "environment", function.get("environment"))
    for variable, value in environment.items():
        if looks_secret(variable, value):
            raise Refused(
                f"{name}: {variable} looks like a secret, and environment is shown in results. Give it in"
                " secret_environment, or give the function the ARN of a secret to read."
            )
    if stamp := function.get("refresh"):
        if REFRESH in environment:
            raise Refused(f"{name}: refresh sets {REFRESH}. Give one of the two.")
        environment[REFRESH] = now.isoformat(timespec="milliseconds") if stamp == AUTO else str(stamp)
    secret = read_variables(name, "secret_environment", function.get("secret_environment"))
    absent = tuple(dict.fromkeys(function.get("environment_absent") or ()))
    for variable in absent:
        check_name(name, variable)
    doubles = sorted((environment.keys() & secret.keys()) | (set(absent) & (environment.keys() | secret.keys())))
    if doubles:
        raise Refused(f"{name}: {', '.join(doubles)} is asked for in two ways. Give each variable once.")
    publish = bool(function.get("publish"))
    aliases, versions = _read_aliases(name, function)
    if publish and versions:
        raise Refused(
            f"{name}: publish moves the alias to a new version, alias_version to an old one. Give one of the two."
        )
    if aliases and not (publish or versions):
        raise Refused(f"{name}: say what becomes of {', '.join(aliases)}: publish, or alias_version.")
    return Target(
        name,
        Wish(
            function=function["name"],
            environment=environment,
            secret=secret,
            absent=absent,
            memory_size=function.get("memory_size"),
            timeout=function.get("timeout"),
            runtime=function.get("runtime"),
            publish=publish,
            include_unpublished=bool(function.get("include_unpublished")),
            aliases=aliases,
            versions=versions,
        ),
    )


def _read_aliases(name: str, function: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, str]]:
    given = function.get("alias")
    listed = [given] if isinstance(given, str) else given or []
    if not isinstance(listed, list):
        raise Refused(f"{name}: alias is {given}. Give a name, or a list of names.")
    aliases = tuple(dict.fromkeys(str(item) for item in listed))
    wanted = function.get("alias_version")
    if wanted is None:
        versions = {}
    elif isinstance(wanted, Mapping):
        versions = {str(alias): str(version) for alias, version in wanted.items()}
        if aliases and set(aliases) != versions.keys():
            raise Refused(f"{name}: alias and alias_version name different aliases. Leave out alias.")
        aliases = tuple(versions)
    elif aliases:
        versions = dict.fromkeys(aliases, str(wanted))
    else:
        raise Refused(f"{name}: alias_version {wanted} needs the alias that shall point to it.")
    for alias in aliases:
        if not _ALIAS.fullmatch(alias):
            raise Refused(f"{name}: {alias} cannot be the name of an alias; a version is never moved.")
    for version in versions.values():
        if not _VERSION.fullmatch(version):
            raise Refused(f"{name}: alias_version {version} is none. Give the number of a published version.")
    return aliases, versions


# --- what is there ---------------------------------------------------------------------------------------------------


def comparable(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """All of a version that makes a difference to its callers.

    Args:
        configuration: As GetFunction gives it. An environment that cannot be read counts as empty: where that matters,
            `variables_of` was asked first.
    """
    return {
        **{name: configuration.get(name) or None for name in _COMPARED},
        "Layers": [layer["Arn"] for layer in configuration.get("Layers") or ()],
        "SnapStart": configuration.get("SnapStart", {}).get("ApplyOn"),
        "Environment": dict(configuration.get("Environment", {}).get("Variables", {})),
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """In what two versions differ, by name and without any value (see `comparable`)."""
    named = {**_COMPARED, "Layers": "layers", "SnapStart": "SnapStart"}
    found = [word for name, word in named.items() if one[name] != other[name]]
    mine, theirs = one["Environment"], other["Environment"]
    return found + sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
