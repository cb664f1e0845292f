# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what `_lambda_settings_plan` plans from, and reads again what became of it; no value of a variable is ever told
beside those that were asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._lambda_environment import (
    looks_secret,
    variables_of,
    without_values,
)
from ansible_collections.runbook.aws.plugins.module_utils._lambda_functions import fetch_provisioned
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings import (
    LATEST,
    Account,
    Layer,
    State,
    Wish,
    comparable,
    differences,
)
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings_plan import TO_BE_PUBLISHED, SettingsPlan
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused, Settle, Target
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_names import names_secret


class Discreet:
    """The way to AWS, without the values of variables in what it says when it refuses them.

    AWS quotes the whole environment of a function, also what was not asked for here, when it does not like it; botocore
    quotes an argument.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.client = aws.client
        self.pages = aws.pages

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """As `Aws.call`."""
        variables = arguments.get("Environment", {}).get("Variables", {})
        try:
            return self._aws.call(service, operation, **arguments)
        except AwsError as error:
            if not variables:
                raise
            said = without_values(str(error), variables, arguments["FunctionName"])
            # Without the cause: a traceback would show it.
            raise AwsError(said, error.code) from None

    def settled(self, settle: Settle) -> bool:
        """As `Aws.settled`."""
        return self._aws.settled(settle)


# --- for a change ----------------------------------------------------------------------------------------------------


def fetch_account(aws: Aws | Discreet) -> Account:
    """What concerns all functions.

    Raises:
        AwsError: AWS did not answer. A refusal is none: what calls a version is worth telling, not worth failing.
    """
    shape = aws.client("lambda").meta.service_model.shape_for("Runtime")
    runtimes = frozenset(shape.enum)
    sources: dict[tuple[str, str], list[str]] = {}
    try:
        mappings = aws.pages("lambda", "ListEventSourceMappings", "EventSourceMappings")
    except AwsError as error:
        if not error.code.startswith("AccessDenied"):
            raise
        return Account(runtimes, None, f"Which event sources call a version or alias is not observable: {error}")
    for mapping in mappings:
        name, _colon, qualifier = mapping.get("FunctionArn", "").partition(":function:")[2].partition(":")
        source = mapping.get("EventSourceArn") or mapping["UUID"]
        sources.setdefault((name, qualifier or LATEST), []).append(source)
    return Account(runtimes, sources)


def fetch_settings(aws: Aws | Discreet, target: Target) -> State:
    """What the plan of one function needs.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    wish: Wish = target.desired
    # GetFunction has a rate of its own, six times that of the other calls.
    latest = _configuration(aws, wish.function)
    aliases = fetch_aliases(aws, wish.function)
    runs = {str(aliases[alias]["FunctionVersion"]) for alias in wish.aliases if alias in aliases}
    newest = _newest(aws, wish.function) if wish.publish and not wish.aliases else None
    needed = (runs if wish.publish else set()) | set(wish.versions.values()) | ({newest} if newest else set())
    return State(
        latest=latest,
        aliases=aliases,
        versions={version: _version(aws, wish.function, version) for version in sorted(needed - {LATEST})},
        newest=newest,
        provisioned=fetch_provisioned(aws, wish.function) if wish.aliases else {},
        layers=_layers(aws, latest) if wish.runtime not in (None, latest.get("Runtime")) else (),
    )


def fetch_aliases(aws: Aws | Discreet, function: str) -> dict[str, Mapping[str, Any]]:
    """All aliases of a function by name.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    return {alias["Name"]: alias for alias in aws.pages("lambda", "ListAliases", "Aliases", FunctionName=function)}


def _configuration(aws: Aws | Discreet, function: str, qualifier: str | None = None) -> Mapping[str, Any]:
    named = {"FunctionName": function, **({"Qualifier": qualifier} if qualifier else {})}
    return aws.call("lambda", "GetFunction", **named)["Configuration"]


def _version(aws: Aws | Discreet, function: str, qualifier: str) -> Mapping[str, Any] | None:
    try:
        return _configuration(aws, function, qualifier)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise


def _newest(aws: Aws | Discreet, function: str) -> str | None:
    listed = aws.pages("lambda", "ListVersionsByFunction", "Versions", FunctionName=function)
    numbers = [int(item["Version"]) for item in listed if item["Version"] != LATEST]
    return str(max(numbers)) if numbers else None


def _layers(aws: Aws | Discreet, configuration: Mapping[str, Any]) -> tuple[Layer, ...]:
    found = []
    for arn in (layer["Arn"] for layer in configuration.get("Layers") or ()):
        name, _colon, number = arn.rpartition(":")
        try:
            answer = aws.call("lambda", "GetLayerVersion", LayerName=name, VersionNumber=int(number))
        except AwsError as error:
            found.append(Layer(arn, unreadable=str(error)))
        else:
            found.append(Layer(arn, tuple(answer.get("CompatibleRuntimes") or ())))
    return tuple(found)


def confirm_settings(
    aws: Aws | Discreet, target: Target, plan: SettingsPlan, learned: Mapping[str, Any]
) -> dict[str, Any]:
    """Read again what was changed, as its callers get it.

    Returns:
        Fields of the target's result.

    Raises:
        AwsError: AWS refused, or did not answer.
        Refused: Somebody else changed it at the same time.
    """
    function = target.desired.function
    published = learned.get("alias_version") or learned.get("version")
    updated = any(call.operation == "UpdateFunctionConfiguration" for call in plan.calls)
    if published or updated:
        now = comparable(_configuration(aws, function, published))
        if others := differences(now, plan.expected):
            what = f"version {published} was published" if published else "it is now"
            raise Refused(
                f"{target.name}: {what} with more than this task changed: {', '.join(others)}. Somebody else changed it"
                " at the same time. Look at it; before, given back, undoes this task's part."
            )
    for alias, wanted in plan.moves.items():
        version = published if wanted == TO_BE_PUBLISHED else wanted
        # What callers of the alias get; ListAliases would say the same at a sixth of the rate.
        now_version = (_version(aws, function, alias) or {}).get("Version")
        if now_version != version:
            raise Refused(
                f"{target.name}: the alias {alias} points to version {now_version}, not to {version}: somebody else"
                " moved it at the same time. Look at it, and run the same task again."
            )
    return {"verified": True}


# --- for information -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What is looked for in functions.

    Attributes:
        values: Texts that a variable equals.
        secrets: Names or ARNs of secrets that a variable names, in any form.
        secret_tag: A tag of functions whose value names the secrets that they use.
        secret_users: Functions that use all of the secrets, whatever can be seen of them.
    """

    values: Sequence[str] = ()
    secrets: Sequence[str] = ()
    secret_tag: str = ""
    secret_users: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.values or self.secrets)

    def found_in(self, text: str) -> list[tuple[int, dict[str, str]]]:
        """What a variable's value is of what is looked for, each with its place in the order and a result's fields."""
        found: list[tuple[int, dict[str, str]]] = []
        if text in self.values:
            found.append((self.values.index(text), {"value": text}))
        for place, secret in enumerate(self.secrets, start=len(self.values)):
            if names_secret(text, secret):
                found.append((place, {"value": text, "secret": secret, "found_by": "environment"}))
        return found


def list_functions(aws: Aws, pattern: str, wanted: Wanted) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Names of the functions that match; where secrets are looked for, only of those that may use one.

    ListFunctions gives the variables of 50 functions or versions a page, and one question finds what has a tag, so that
    no function has to be asked that uses none of them.

    Returns:
        By name, the configurations of the function's versions that may use a secret.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    every = {"FunctionVersion": "ALL"} if wanted.secrets else {}
    listed = aws.pages("lambda", "ListFunctions", "Functions", **every)
    users: dict[str, list[Mapping[str, Any]]] = {}
    for configuration in listed:
        if not wanted.secrets or _may_use(configuration, wanted):
            users.setdefault(configuration["FunctionName"], []).append(configuration)
    names = set(users)
    if wanted.secrets and wanted.secret_tag:
        tagged = aws.pages(
            "resourcegroupstaggingapi",
            "GetResources",
            "ResourceTagMappingList",
            TagFilters=[{"Key": wanted.secret_tag}],
            ResourceTypeFilters=["lambda:function"],
        )
        names |= {
            resource["ResourceARN"].split(":")[6]
            for resource in tagged
            if any(tag["Key"] == wanted.secret_tag and _tagged(tag["Value"], wanted) for tag in resource["Tags"])
        }
    names = {name for name in names if fnmatchcase(name, pattern)} | set(wanted.secret_users)
    return {name: users.get(name, ()) for name in sorted(names)}


def _may_use(configuration: Mapping[str, Any], wanted: Wanted) -> bool:
    environment = configuration.get("Environment") or {}
    # Variables that cannot be decrypted are told as not observable where the function is read.
    return bool(environment.get("Error")) or any(map(wanted.found_in, (environment.get("Variables") or {}).values()))


def _tagged(value: str, wanted: Wanted) -> list[str]:
    """The secrets that a tag's value names, several with spaces between them."""
    return [secret for secret in wanted.secrets if any(names_secret(word, secret) for word in value.split())]


def read_function(
    aws: Aws,
    target: Target,
    variables: Sequence[str],
    wanted: Wanted,
    listed: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """One function for an operator to see.

    Args:
        aws: The way to AWS.
        target: The function; `desired` is its name or ARN as it was given.
        variables: Names of variables whose values are asked for, none of which looks secret.
        wanted: What is looked for in all variables of $LATEST and of the versions behind aliases; secrets in those of
            every version.
        listed: What `list_functions` gives for it, if that was asked.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    answer = aws.call("lambda", "GetFunction", FunctionName=target.desired)
    latest = answer["Configuration"]
    aliases = fetch_aliases(aws, target.desired)
    shape: dict[str, Any] = {
        "name": target.name,
        "memory_size": latest.get("MemorySize"),
        "timeout": latest.get("Timeout"),
        **({"runtime": latest["Runtime"]} if latest.get("Runtime") else {}),
    }
    names, hidden = None, None
    try:
        there = variables_of(latest)
    except AwsError as error:
        hidden = str(error)
    else:
        names = sorted(there)
        told = {name: there[name] for name in variables if name in there and not looks_secret(name, there[name])}
        shape |= {"environment": told} if told else {}
    result: dict[str, Any] = {
        "function": shape,
        "variables": names,
        "not_observable": hidden,
        "aliases": [
            {"alias": name, "version": str(alias["FunctionVersion"]), "weights": _weights(alias)}
            for name, alias in sorted(aliases.items())
        ],
        "package_type": latest.get("PackageType", "Zip"),
        "architectures": list(latest.get("Architectures") or ["x86_64"]),
        "code_sha256": latest.get("CodeSha256"),
        "state": latest.get("State"),
        "last_update_status": latest.get("LastUpdateStatus"),
    }
    if wanted:
        uses: list[dict[str, Any]] = []
        if hidden is None:
            versions = _versions(aws, target.desired, aliases, wanted, listed)
            uses, hidden = _uses(target.name, {**versions, LATEST: latest}, aliases, wanted)
        # What a tag or the operator says holds for the function as a whole.
        of_all = {"variable": None, "value": None, "qualifiers": [LATEST, *sorted(aliases)], "versions": []}
        by_tag = _tagged((answer.get("Tags") or {}).get(wanted.secret_tag, ""), wanted)
        uses += [{**of_all, "secret": secret, "found_by": "tag"} for secret in by_tag]
        by_list = wanted.secrets if target.name in wanted.secret_users else ()
        uses += [{**of_all, "secret": secret, "found_by": "list"} for secret in by_list]
        result |= {"consumers": [{"function": target.name, **use} for use in uses], "not_observable": hidden}
    return result


def restarts(consumers: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How the functions that use something are started anew: each once, with every alias whose callers see it.

    A version that is called by its number never changes, so publishing does nothing for its callers.

    Returns:
        Elements of `lambda_settings`' option `functions`, to which `refresh` is added.
    """
    aliases: dict[str, set[str]] = {}
    for use in consumers:
        if movable := {qualifier for qualifier in use["qualifiers"] if not qualifier.isdigit()}:
            aliases.setdefault(use["function"], set()).update(movable - {LATEST})
    return [
        {"name": function, **({"publish": True, "alias": sorted(named)} if named else {})}
        for function, named in aliases.items()
    ]


def _weights(alias: Mapping[str, Any]) -> dict[str, float]:
    return dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})


def _behind(aliases: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Whose callers get which version: $LATEST and aliases by version."""
    behind: dict[str, list[str]] = {LATEST: [LATEST]}
    for name, alias in sorted(aliases.items()):
        for version in (str(alias["FunctionVersion"]), *_weights(alias)):
            behind.setdefault(version, []).append(name)
    return behind


def _versions(
    aws: Aws,
    function: str,
    aliases: Mapping[str, Mapping[str, Any]],
    wanted: Wanted,
    listed: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Mapping[str, Any]]:
    """Configurations of the versions that may have what is looked for, by number."""
    if not wanted.secrets:
        return {version: _version(aws, function, version) or {} for version in _behind(aliases) if version != LATEST}
    if listed is None:
        listed = aws.pages("lambda", "ListVersionsByFunction", "Versions", FunctionName=function)
    return {str(configuration["Version"]): configuration for configuration in listed}


def _uses(
    function: str,
    versions: Mapping[str, Mapping[str, Any]],
    aliases: Mapping[str, Mapping[str, Any]],
    wanted: Wanted,
) -> tuple[list[dict[str, Any]], str | None]:
    """Where a function has what is looked for, and what of it could not be seen."""
    behind = _behind(aliases)
    found: dict[tuple[int, str, str], tuple[dict[str, str], list[str]]] = {}
    unseen: list[str] = []
    for version in [*behind, *sorted(versions.keys() - behind.keys(), key=int)]:
        try:
            variables = variables_of(versions.get(version, {}))
        except AwsError as error:
            unseen.append(f"version {version}: {error}")
            continue
        for variable, value in variables.items():
            for place, fields in wanted.found_in(value):
                found.setdefault((place, variable, value), (fields, []))[1].append(version)
    uses: list[dict[str, Any]] = []
    for (_place, variable, _value), (fields, numbers) in sorted(found.items(), key=lambda item: item[0]):
        qualifiers = list(dict.fromkeys(name for number in numbers for name in behind.get(number, ())))
        alone = [number for number in numbers if number not in behind]
        if "secret" in fields:
            uses.append({"variable": variable, **fields, "qualifiers": qualifiers or alone, "versions": alone})
            if not qualifiers:
                unseen.append(_called_by_number(function, alone, fields["secret"]))
        elif qualifiers:
            uses.append({"variable": variable, **fields, "qualifiers": qualifiers})
    return uses, " ".join(unseen) or None


def _called_by_number(function: str, versions: Sequence[str], secret: str) -> str:
    return (
        f"{function}: only versions without an alias ({', '.join(versions)}) use {secret}. Who calls them by their"
        " numbers is not observable here, and publishing does not start them anew: let their callers call an alias."
    )
