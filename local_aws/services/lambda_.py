# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lambda: reserved and provisioned concurrency, and the account's pool."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from local_aws.accounts import AccountState
from local_aws.paging import page
from local_aws.rules import AwsError, Call, Result, rule

# Quotas that GetAccountSettings shows besides concurrency, in bytes:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_CODE_TOTAL, _CODE_UNZIPPED, _CODE_ZIPPED = 80_530_636_800, 262_144_000, 52_428_800
_LARGEST_PAGE = 50


@dataclass
class Provisioned:
    """Provisioned concurrency of one alias or version."""

    function: LambdaFunction
    requested: int
    allocated_before: int
    ready_at: float
    failure: str
    modified: float
    moving_from: str = ""
    """The version that the alias pointed to before it was moved to the one for which this is being prepared."""

    def allocated(self, now: float) -> int:
        if now < self.ready_at:
            return min(self.allocated_before, self.requested)
        return 0 if self.failure else self.requested

    def weights(self, now: float) -> dict[str, float]:
        """What AWS itself puts into the routing of an alias that was moved, until its environments are ready.

        All calls go to the former version for as long: https://github.com/hashicorp/terraform-provider-aws/pull/48116
        """
        ready = now >= self.ready_at and not self.failure
        return {} if ready or not self.moving_from else {self.moving_from: 1.0}

    def describe(self, now: float) -> Result:
        """https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html"""
        status = "IN_PROGRESS" if now < self.ready_at else "FAILED" if self.failure else "READY"
        result: Result = {
            "RequestedProvisionedConcurrentExecutions": self.requested,
            "AllocatedProvisionedConcurrentExecutions": self.allocated(now),
            "AvailableProvisionedConcurrentExecutions": self.allocated(now),
            "Status": status,
            "LastModified": time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(self.modified)),
        }
        if status == "FAILED":
            result["StatusReason"] = self.failure
        return result


@dataclass
class Concurrency:
    """Provisioned concurrency of one account and region, by function name and qualifier."""

    provisioned: dict[tuple[str, str], Provisioned] = field(default_factory=dict)


class Functions:
    """The functions of one account and region, and what their concurrency allows."""

    def __init__(self, account: AccountState, region: str) -> None:
        self._account = account
        self._region = region
        self._backend: LambdaBackend = lambda_backends[account.id][region]
        self._store = account.store(Concurrency, region)
        self._settings = account.settings

    def all(self) -> list[LambdaFunction]:
        return list(self._backend.list_functions(None))

    def find(self, name: str) -> LambdaFunction:
        """The function's $LATEST; ResourceNotFoundException with its ARN when there is none."""
        short, _qualifier = split(name)
        for function in self.all():
            if function.function_name == short:
                return function
        raise AwsError("ResourceNotFoundException", f"Function not found: {self._arn(short)}")

    def version_of(self, name: str, qualifier: str) -> str:
        """The version that an alias or version names; ResourceNotFoundException in AWS's words."""
        short, _qualifier = split(name)
        if qualifier.isdigit() or qualifier == "$LATEST":
            versions = {str(item.version) for item in self._backend.list_versions_by_function(short)}
            if qualifier not in versions:
                raise AwsError("ResourceNotFoundException", f"Function not found: {self._arn(short)}:{qualifier}")
            return qualifier
        for alias in self._backend.list_aliases(short):
            if alias.name == qualifier:
                return str(alias.function_version)
        raise AwsError("ResourceNotFoundException", f"Cannot find alias arn: {self._arn(short)}:{qualifier}")

    def configurations(self, name: str | None = None) -> dict[tuple[str, str], Provisioned]:
        """Provisioned concurrency of functions that still exist, of one function or of all."""
        living = {function.function_name: function for function in self.all()}
        return {
            key: config
            for key, config in self._store.provisioned.items()
            if living.get(key[0]) is config.function and name in (None, key[0])
        }

    def provisioned_sum(self, name: str, besides: str = "") -> int:
        return sum(
            c.requested for (_function, qualifier), c in self.configurations(name).items() if qualifier != besides
        )

    def reserved_sum(self, besides: str = "") -> int:
        return sum(int(f.reserved_concurrency or 0) for f in self.all() if f.function_name != besides)

    def unreserved(self, besides: str = "", besides_qualifier: str | None = None) -> int:
        """What is left of the account's pool without this function (or without one qualifier of it).

        Provisioned concurrency of functions without a reservation comes out of the unreserved pool:
        https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
        """
        left = self._settings.account_concurrency
        left -= self.reserved_sum(besides if besides_qualifier is None else "")
        for function in self.all():
            if function.reserved_concurrency is None:
                name = function.function_name
                if name != besides:
                    left -= self.provisioned_sum(name)
                elif besides_qualifier is not None:
                    left -= self.provisioned_sum(name, besides_qualifier)
        return left

    def reserve(self, name: str, units: int) -> int:
        """Set reserved concurrency.

        "You can reserve concurrency for as many functions as you like, as long as you leave at least 100 simultaneous
        executions unreserved" (botocore, PutFunctionConcurrency). The minimum is a setting because real accounts
        report 10, 50 or 100.
        """
        function = self.find(name)
        if units < 0:
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value '{units}' at 'reservedConcurrentExecutions' failed to satisfy "
                "constraint: Member must have value greater than or equal to 0",
            )
        provisioned = self.provisioned_sum(function.function_name)
        if units < provisioned:
            # https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html: provisioned concurrency of a
            # function cannot be more than its reserved concurrency, so neither can this call make it so.
            raise AwsError(
                "InvalidParameterValueException",
                f"ReservedConcurrentExecutions {units} should not be lower than function's total provisioned "
                f"concurrency [{provisioned}].",
            )
        minimum = self._settings.unreserved_minimum
        taken_before = int(function.reserved_concurrency or 0)
        if units > taken_before and self.unreserved(function.function_name) - units < minimum:
            raise AwsError(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{minimum}].",
            )
        function.reserved_concurrency = units
        return units

    def provisioned_now(self, name: str, qualifier: str) -> int:
        """The requested provisioned concurrency of an alias or version, 0 without any."""
        config = self.configurations().get((split(name)[0], qualifier))
        return config.requested if config else 0

    def provision(self, name: str, qualifier: str, units: int) -> Provisioned:
        """Set provisioned concurrency; it is IN_PROGRESS for the account's transition time.

        The rules are those of https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
        and https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html: a published version or an
        alias of one, not both of the same version, not more than the function's reserved concurrency, and out of the
        unreserved pool when the function has none.
        """
        function = self.find(name)
        short = function.function_name
        if units < 1:
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value '{units}' at 'provisionedConcurrentExecutions' failed to satisfy "
                "constraint: Member must have value greater than or equal to 1",
            )
        version = self.version_of(short, qualifier)
        if version == "$LATEST":
            raise AwsError(
                "InvalidParameterValueException",
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
            )
        now = self._account.now()
        current = self.configurations().get((short, qualifier))
        if current and current.weights(now):
            raise AwsError(
                "InvalidParameterValueException", "Alias with weights can not be used with Provisioned Concurrency"
            )
        self._refuse_overlap(short, qualifier, version)
        self._refuse_too_much(function, qualifier, units)
        config = Provisioned(
            function=function,
            requested=units,
            allocated_before=current.allocated(now) if current else 0,
            ready_at=now + self._settings.transition_seconds,
            failure=self._settings.provisioned_failure,
            modified=now,
        )
        self._store.provisioned[short, qualifier] = config
        return config

    def _refuse_overlap(self, name: str, qualifier: str, version: str) -> None:
        for _function, other in self.configurations(name):
            if other == qualifier or self.version_of(name, other) != version:
                continue
            if other == version:
                text = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            else:
                text = "Version is pointed by a Provisioned Concurrency alias"
            raise AwsError("ResourceConflictException", text)

    def _refuse_too_much(self, function: LambdaFunction, qualifier: str, units: int) -> None:
        name = function.function_name
        if function.reserved_concurrency is not None:
            if self.provisioned_sum(name, qualifier) + units > int(function.reserved_concurrency):
                raise AwsError(
                    "InvalidParameterValueException",
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
                    "for function",
                )
            return
        unreserved = self.unreserved(name, qualifier)
        minimum = self._settings.unreserved_minimum
        if units > unreserved:
            raise AwsError(
                "InvalidParameterValueException",
                "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                f"[{unreserved}].",
            )
        if units > self.provisioned_now(name, qualifier) and unreserved - units < minimum:
            raise AwsError(
                "InvalidParameterValueException",
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                f"its minimum value of [{minimum}].",
            )

    def move(self, name: str, alias: str, former: str) -> None:
        """Provisioned concurrency of an alias that points to another version now.

        "If you change the version that an alias points to, Lambda deallocates the provisioned concurrency from the old
        version and allocates it to the new version" (Lambda developer guide, Managing provisioned concurrency).
        """
        config = self.configurations().get((name, alias))
        if config:
            now = self._account.now()
            self._store.provisioned[name, alias] = replace(
                config,
                allocated_before=0,
                ready_at=now + self._settings.transition_seconds,
                failure=self._settings.provisioned_failure,
                modified=now,
                moving_from=former,
            )

    def describe_alias(self, name: str, alias: Result) -> Result:
        """An alias as moto answers it, with the weights that AWS puts there while it is being moved."""
        config = self.configurations().get((name, str(alias["Name"])))
        weights = config.weights(self._account.now()) if config else {}
        return {**alias, "RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else alias

    def unprovision(self, name: str, qualifier: str) -> None:
        """Remove provisioned concurrency; removing what is not there is no error."""
        self._store.provisioned.pop((split(name)[0], qualifier), None)

    def _arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self._region}:{self._account.id}:function:{name}"


def split(name: str) -> tuple[str, str]:
    """Function name and qualifier out of a name, a partial ARN or an ARN.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#API_GetFunction_RequestSyntax
    """
    rest = name.rsplit(":function:", 1)[-1] if ":function:" in name else name
    short, _colon, qualifier = rest.partition(":")
    return short, qualifier


def functions(call: Call) -> Functions:
    return Functions(call.account, call.region)


@rule("lambda", "GetAccountSettings")
def get_account_settings(call: Call) -> Result:
    """The account's concurrency and what of it is not reserved.

    https://docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html: UnreservedConcurrentExecutions is the limit
    "minus the capacity that's reserved for individual functions with PutFunctionConcurrency".
    """
    known = functions(call)
    limit = call.account.settings.account_concurrency
    return {
        "AccountLimit": {
            "TotalCodeSize": _CODE_TOTAL,
            "CodeSizeUnzipped": _CODE_UNZIPPED,
            "CodeSizeZipped": _CODE_ZIPPED,
            "ConcurrentExecutions": limit,
            "UnreservedConcurrentExecutions": limit - known.reserved_sum(),
        },
        "AccountUsage": {
            "TotalCodeSize": sum(int(function.code_size or 0) for function in known.all()),
            "FunctionCount": len(known.all()),
        },
    }


@rule("lambda", "PutFunctionConcurrency")
def put_function_concurrency(call: Call) -> Result:
    """See Functions.reserve; the call takes no qualifier.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
    """
    _refuse_qualifier(call)
    units = int(call.arguments["ReservedConcurrentExecutions"])
    return {"ReservedConcurrentExecutions": functions(call).reserve(call.arguments["FunctionName"], units)}


@rule("lambda", "GetFunctionConcurrency", "DeleteFunctionConcurrency")
def function_concurrency(call: Call) -> Result | None:
    """Both take a function's name without a qualifier and refuse an unknown function.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html
    """
    _refuse_qualifier(call)
    function = functions(call).find(call.arguments["FunctionName"])
    if call.operation == "DeleteFunctionConcurrency":
        function.reserved_concurrency = None
        return {}
    reserved = function.reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": int(reserved)}


def _refuse_qualifier(call: Call) -> None:
    if split(call.arguments["FunctionName"])[1]:
        raise AwsError(
            "InvalidParameterValueException",
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN.",
        )


def _qualified(call: Call) -> tuple[str, str]:
    name, in_name = split(call.arguments["FunctionName"])
    qualifier = str(call.arguments.get("Qualifier") or in_name)
    if not qualifier:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value null at 'qualifier' failed to satisfy constraint: Member must not be null",
        )
    return name, qualifier


@rule("lambda", "PutProvisionedConcurrencyConfig")
def put_provisioned_concurrency_config(call: Call) -> Result:
    """See Functions.provision; moto lacks the whole group of operations."""
    name, qualifier = _qualified(call)
    units = int(call.arguments["ProvisionedConcurrentExecutions"])
    return functions(call).provision(name, qualifier, units).describe(call.account.now())


@rule("lambda", "GetProvisionedConcurrencyConfig")
def get_provisioned_concurrency_config(call: Call) -> Result:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html"""
    name, qualifier = _qualified(call)
    known = functions(call)
    _refuse_latest(known, name, qualifier)
    config = known.configurations().get((name, qualifier))
    if config is None:
        raise AwsError(
            "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function"
        )
    return config.describe(call.account.now())


@rule("lambda", "DeleteProvisionedConcurrencyConfig")
def delete_provisioned_concurrency_config(call: Call) -> Result:
    """Idempotent. https://docs.aws.amazon.com/lambda/latest/api/API_DeleteProvisionedConcurrencyConfig.html"""
    name, qualifier = _qualified(call)
    known = functions(call)
    _refuse_latest(known, name, qualifier)
    known.unprovision(name, qualifier)
    return {}


def _refuse_latest(known: Functions, name: str, qualifier: str) -> None:
    known.find(name)
    if qualifier == "$LATEST":
        raise AwsError(
            "InvalidParameterValueException",
            "The function resource provided must be an alias or a published version.",
        )
    known.version_of(name, qualifier)


@rule("lambda", "ListProvisionedConcurrencyConfigs")
def list_provisioned_concurrency_configs(call: Call) -> Result:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html"""
    known = functions(call)
    function = known.find(call.arguments["FunctionName"])
    now = call.account.now()
    found = [
        {"FunctionArn": f"{function.function_arn}:{qualifier}", **config.describe(now)}
        for (_function, qualifier), config in sorted(known.configurations(function.function_name).items())
    ]
    return page_of(call, "ProvisionedConcurrencyConfigs", found)


@rule("lambda", "DeleteAlias", "DeleteFunction")
def delete_with_provisioned(call: Call) -> Result:
    """Provisioned concurrency goes with the alias, version or function that it belongs to.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
    """
    name, in_name = split(call.arguments["FunctionName"])
    qualifier = call.arguments.get("Name") or call.arguments.get("Qualifier") or in_name
    result = call.proceed()
    if qualifier:
        functions(call).unprovision(name, str(qualifier))
    return result


def page_of(call: Call, key: str, items: list[Any]) -> Result:
    """One page of a list, as the caller asked for it."""
    found, following = page(items, call.arguments.get("Marker"), call.arguments.get("MaxItems"), _LARGEST_PAGE)
    return {key: found, "NextMarker": following} if following else {key: found}
