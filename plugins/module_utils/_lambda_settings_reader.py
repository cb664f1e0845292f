# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what `_lambda_settings_plan` plans from, and reads again what became of it; no value of a variable is ever told
beside those that were asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def _version(aws: Aws | Discreet, function: str, number: str) -> Mapping[str, Any] | None:
    try:
        return _configuration(aws, function, number)
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
    if plan.moves:
        aliases = fetch_aliases(aws, function)
        for alias, wanted in plan.moves.items():
            version = published if wanted == TO_BE_PUBLISHED else wanted
            now_version = str(aliases.get(alias, {}).get("FunctionVersion"))
            if now_version != version:
                raise Refused(
                    f"{target.name}: the alias {alias} points to version {now_version}, not to {version}: somebody else"
                    " moved it at the same time. Look at it, and run the same task again."
                )
    return {"verified": True}


# --- for information -------------------------------------------------------------------------------------------------


def read_function(aws: Aws, target: Target, variables: Sequence[str], values: Sequence[str]) -> dict[str, Any]:
    """One function for an operator to see.

    Args:
        aws: The way to AWS.
        target: The function; `desired` is its name or ARN as it was given.
        variables: Names of variables whose values are asked for, none of which looks secret.
        values: Values that are looked for in all variables of $LATEST and of the versions behind aliases.

    Raises:
        AwsError: AWS refused, or did not answer.
    """
    latest = _configuration(aws, target.desired)
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
    if values and hidden is None:
        uses, hidden = _uses(aws, target.desired, latest, aliases, values)
        result |= {"consumers": [{"function": target.name, **use} for use in uses], "not_observable": hidden}
    return result


def _weights(alias: Mapping[str, Any]) -> dict[str, float]:
    return dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})


def _uses(
    aws: Aws,
    function: str,
    latest: Mapping[str, Any],
    aliases: Mapping[str, Mapping[str, Any]],
    values: Sequence[str],
) -> tuple[list[dict[str, Any]], str | None]:
    """Where a function has one of the values, and what of it could not be seen."""
    behind: dict[str, list[str]] = {LATEST: [LATEST]}
    for name, alias in sorted(aliases.items()):
        for version in (str(alias["FunctionVersion"]), *_weights(alias)):
            behind.setdefault(version, []).append(name)
    found: dict[tuple[str, str], list[str]] = {}
    hidden = None
    for version, qualifiers in behind.items():
        configuration = latest if version == LATEST else _version(aws, function, version)
        try:
            variables = variables_of(configuration or {})
        except AwsError as error:
            hidden = f"version {version}: {error}"
            continue
        for variable, value in sorted(variables.items()):
            if value in values:
                found.setdefault((value, variable), []).extend(qualifiers)
    ordered: Iterable[tuple[str, str]] = sorted(found, key=lambda use: (values.index(use[0]), use[1]))
    return [
        {"variable": variable, "value": value, "qualifiers": list(dict.fromkeys(found[value, variable]))}
        for value, variable in ordered
    ], hidden
