# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lambda: revision ids, updates that take time, versions that differ, aliases that move.

moto has no RevisionId of a function, keeps that of an alias for ever, and every update is done at once.
When a revision id changes was recorded on AWS by LocalStack's tests (tests/aws/services/lambda_/test_lambda_api.py,
TestLambdaRevisions): at an update, again when that is done, and when a version is published; a version's own never, an
alias's with its update.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import StringShape
from moto.awslambda.models import LambdaFunction, lambda_backends

from local_aws.protocol import service_model
from local_aws.rules import AwsError, Call, Result, rule
from local_aws.services.lambda_ import Functions, functions, page_of, split

# "The total size of all environment variables doesn't exceed 4 KB":
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html. What is measured is their JSON, as AWS's own
# error shows: https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594
_ENVIRONMENT_BYTES = 4096
# The reserved names of the same page.
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
# botocore, UpdateFunctionConfiguration: Timeout "the maximum allowed value is 900 seconds";
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: "between 128 MB and 10,240 MB".
_RANGES = {"Timeout": ("timeout", 1, 900), "MemorySize": ("memorySize", 128, 10_240)}
# What tells one version of a function from another that is the same.
_OWN = ("FunctionArn", "Version", "LastModified")


@dataclass
class Latest:
    """The unpublished version of a function: its revision, and how its last update goes."""

    function: LambdaFunction
    revision: str
    revision_then: str
    ready_at: float = 0.0
    failure: str = ""
    before: LambdaFunction | None = None
    """As it was before its last update."""

    def in_use(self, now: float) -> LambdaFunction:
        """What an invocation runs: the function as it was, until an update is done, and when one has failed.

        https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html, "Function states while updating"
        """
        return self.before if self.before is not None and (now < self.ready_at or self.failure) else self.function

    def describe(self, now: float) -> Result:
        """https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html, "Function states while updating"."""
        if now < self.ready_at:
            return {
                "RevisionId": self.revision,
                "LastUpdateStatus": "InProgress",
                "LastUpdateStatusReason": "The function is being created.",
                "LastUpdateStatusReasonCode": "Creating",
            }
        if self.failure:
            return {
                "RevisionId": self.revision_then,
                "LastUpdateStatus": "Failed",
                "LastUpdateStatusReason": self.failure,
                "LastUpdateStatusReasonCode": "InvalidConfiguration",
            }
        return {"RevisionId": self.revision_then, "LastUpdateStatus": "Successful"}


@dataclass
class Published:
    """A version: its revision, when it can be called, and what it was made from."""

    function: LambdaFunction
    revision: str
    source: Mapping[str, Any] | None = None
    ready_at: float = 0.0

    def describe(self, now: float) -> Result:
        """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html, State and StateReason."""
        if now < self.ready_at:
            return {
                "RevisionId": self.revision,
                "State": "Pending",
                "StateReason": "The function is being created.",
                "StateReasonCode": "Creating",
            }
        return {"RevisionId": self.revision}


@dataclass
class Revisions:
    """What moto does not know of the functions of one account and region."""

    latest: dict[str, Latest] = field(default_factory=dict)
    published: dict[tuple[str, str], Published] = field(default_factory=dict)


class Updates:
    """The functions of one account and region, and what becomes of them when they are changed."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._known: Functions = functions(call)
        self._store = call.account.store(Revisions, call.region)

    def latest(self, name: str) -> Latest:
        """The state of a function's $LATEST; one that was made without any (by a stack) gets it now."""
        function = self._known.find(name)
        state = self._store.latest.get(function.function_name)
        if state is None or state.function is not function:
            revision = _new_revision()
            state = Latest(function, revision, revision)
            self._store.latest[function.function_name] = state
        return state

    def published(self, function: LambdaFunction) -> Published:
        """The state of a published version."""
        key = (function.function_name, str(function.version))
        state = self._store.published.get(key)
        if state is None or state.function is not function:
            state = self._store.published[key] = Published(function, _new_revision())
        return state

    def versions(self, name: str) -> list[LambdaFunction]:
        """The published versions, oldest first."""
        backend = lambda_backends[self._call.account.id][self._call.region]
        return [item for item in backend.list_versions_by_function(name) if item.version != "$LATEST"]

    def describe(self, configuration: Result) -> Result:
        """What GetFunctionConfiguration shows of a version besides what moto knows."""
        name, version, now = configuration["FunctionName"], configuration["Version"], self._call.account.now()
        if version == "$LATEST":
            return {**configuration, **self.latest(name).describe(now)}
        for function in self.versions(name):
            if str(function.version) == version:
                return {**configuration, **self.published(function).describe(now)}
        return configuration

    def refuse_other_revision(self, wanted: str | None, revision: str) -> None:
        """botocore, RevisionId: "Update the function only if the revision ID matches the ID that's specified"."""
        if wanted and wanted != revision:
            raise AwsError(
                "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
                "retrieve the latest Revision Id",
            )

    def refuse_change(self) -> None:
        """What stands against changing or publishing $LATEST now.

        "During this time, you can't modify the function, but you can still invoke it" (botocore,
        UpdateFunctionConfiguration); PublishVersion is refused as well: https://github.com/aws/aws-cli/issues/6718
        """
        state = self.latest(self._call.arguments["FunctionName"])
        shown = state.describe(self._call.account.now())
        self.refuse_other_revision(self._call.arguments.get("RevisionId"), shown["RevisionId"])
        if shown["LastUpdateStatus"] == "InProgress":
            raise AwsError(
                "ResourceConflictException",
                "The operation cannot be performed at this time. An update is in progress for resource: "
                f"{state.function.function_arn}",
            )

    def begin(self) -> None:
        """An update has been accepted: InProgress for the account's transition time, and then what the account says."""
        account = self._call.account
        state = self.latest(self._call.arguments["FunctionName"])
        state.before = copy.copy(state.in_use(account.now()))
        state.revision, state.revision_then = _new_revision(), _new_revision()
        state.ready_at = account.now() + account.settings.transition_seconds
        state.failure = account.settings.function_update_failure

    def publish(self) -> Result:
        """See publish_version."""
        name = split(self._call.arguments["FunctionName"])[0]
        state, before = self.latest(name), self.versions(name)
        wanted, source = self._call.arguments.get("CodeSha256"), _source(state.function)
        if wanted and wanted != source["CodeSha256"]:
            raise AwsError(
                "InvalidParameterValueException",
                f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({source['CodeSha256']}). "
                "Please try again with the CodeSHA256 in $LATEST.",
            )
        if before and (last := self.published(before[-1]).source) is not None:
            state.function.code_or_config_updated = last != source
        answer = self._call.proceed()
        after = self.versions(name)
        if len(after) > len(before):
            published, account = self.published(after[-1]), self._call.account
            published.source = source
            published.ready_at = account.now() + account.settings.transition_seconds
            state.revision = state.revision_then = _new_revision()
        return self.describe(answer)


def _new_revision() -> str:
    return str(uuid.uuid4())


def _source(function: LambdaFunction) -> Result:
    """All of a version that another version could have as well."""
    return {name: value for name, value in function.get_configuration().items() if name not in _OWN}


@rule("lambda", "GetFunction")
def get_function(call: Call) -> Result:
    """Carries `Concurrency` for every qualifier, also when 0 is reserved; moto leaves it out then.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html, `Concurrency`
    """
    result = call.proceed()
    result["Configuration"] = Updates(call).describe(result["Configuration"])
    result.pop("Concurrency", None)
    reserved = functions(call).find(call.arguments["FunctionName"]).reserved_concurrency
    if reserved is not None:
        result["Concurrency"] = {"ReservedConcurrentExecutions": int(reserved)}
    return result


@rule("lambda", "GetFunctionConfiguration", "CreateFunction")
def describe_function(call: Call) -> Result:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html, RevisionId, LastUpdateStatus"""
    shown = Updates(call).describe(call.proceed())
    if call.operation == "CreateFunction":
        # "This is first set to Successful after function creation completes" (botocore, LastUpdateStatus).
        shown.pop("LastUpdateStatus", None)
    return shown


@rule("lambda", "ListFunctions", "ListVersionsByFunction")
def list_functions(call: Call) -> Result:
    """50 a page at most; moto answers all at once.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html: "returns up to 50 functions per call". Both
    leave out the states: "a subset of the FunctionConfiguration fields. To get the additional fields (State,
    StateReasonCode, StateReason, LastUpdateStatus, ...), use GetFunction".
    """
    key = "Functions" if call.operation == "ListFunctions" else "Versions"
    updates = Updates(call)
    if key == "Versions":
        functions(call).find(call.arguments["FunctionName"])
    shown = [updates.describe(item) for item in call.proceed()[key]]
    hidden = ("State", "LastUpdateStatus", "RuntimeVersionConfig")
    return page_of(call, key, [{name: item[name] for name in item if not name.startswith(hidden)} for item in shown])


@rule("lambda", "UpdateFunctionConfiguration")
def update_function_configuration(call: Call) -> Result:
    """Checked, and then InProgress for a while; the rules are at the checks."""
    updates = Updates(call)
    updates.refuse_change()
    _refuse_numbers(call.arguments)
    _refuse_runtime(updates.latest(call.arguments["FunctionName"]).function, call.arguments.get("Runtime"))
    _refuse_environment(call.arguments.get("Environment", {}).get("Variables", {}))
    updates.begin()
    return updates.describe(call.proceed())


def _refuse_numbers(arguments: Mapping[str, Any]) -> None:
    for name, (shown, least, most) in _RANGES.items():
        value = arguments.get(name)
        if value is not None and not least <= value <= most:
            limit = f"less than or equal to {most}" if value > most else f"greater than or equal to {least}"
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value '{value}' at '{shown}' failed to satisfy constraint: Member must "
                f"have value {limit}",
            )


def _refuse_runtime(function: LambdaFunction, runtime: str | None) -> None:
    """botocore, Runtime: "an error if you're deploying a function using a container image"."""
    if runtime is None:
        return
    if function.package_type == "Image":
        raise AwsError(
            "InvalidParameterValueException",
            "Please don't provide Runtime or Handler or Layer when the intended function PackageType is Image.",
        )
    shape = service_model("lambda").shape_for("Runtime")
    if isinstance(shape, StringShape) and runtime not in shape.enum:
        raise AwsError(
            "InvalidParameterValueException",
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(shape.enum)}] or be a valid ARN",
        )


def _refuse_environment(variables: Mapping[str, str]) -> None:
    if reserved := sorted(_RESERVED & variables.keys()):
        raise AwsError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}",
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > _ENVIRONMENT_BYTES:
        raise AwsError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}",
        )


@rule("lambda", "UpdateFunctionCode")
def update_function_code(call: Call) -> Result:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html, RevisionId, DryRun"""
    updates = Updates(call)
    updates.refuse_change()
    if not call.arguments.get("DryRun"):
        updates.begin()
    return updates.describe(call.proceed())


@rule("lambda", "PublishVersion")
def publish_version(call: Call) -> Result:
    """When nothing has changed, the last version is the answer; moto takes an update to the same values for a change.

    botocore, PublishVersion: "Lambda doesn't publish a version if the function's configuration and code haven't changed
    since the last version"; CodeSha256, RevisionId.
    """
    updates = Updates(call)
    updates.refuse_change()
    return updates.publish()


@rule("lambda", "CreateAlias")
def create_alias(call: Call) -> Result | None:
    """An alias that is there already is a ResourceConflictException, for which moto has a code that Lambda has not.

    botocore, CreateAlias, errors
    """
    known = functions(call)
    name, alias = split(call.arguments["FunctionName"])[0], call.arguments["Name"]
    arn = known.find(name).function_arn
    backend = lambda_backends[call.account.id][call.region]
    if alias in {item.name for item in backend.list_aliases(name)}:
        raise AwsError("ResourceConflictException", f"Alias already exists: {arn}:{alias}")
    return None


@rule("lambda", "GetAlias", "ListAliases")
def read_aliases(call: Call) -> Result:
    """50 a page at most; moto answers all at once. The weights are described at Provisioned.weights.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html, MaxItems
    """
    known = functions(call)
    name = str(known.find(call.arguments["FunctionName"]).function_name)
    if call.operation == "GetAlias":
        return known.describe_alias(name, call.proceed())
    return page_of(call, "Aliases", [known.describe_alias(name, alias) for alias in call.proceed()["Aliases"]])


@rule("lambda", "UpdateAlias")
def update_alias(call: Call) -> Result:
    """botocore, RevisionId: "Only update the alias if the revision ID matches"; each update brings a new one.

    What becomes of provisioned concurrency is described at Functions.move.
    """
    name, wanted = split(call.arguments["FunctionName"])[0], call.arguments["Name"]
    known = functions(call)
    former = known.version_of(name, wanted)
    alias = lambda_backends[call.account.id][call.region].get_alias(name=wanted, function_name=name)
    Updates(call).refuse_other_revision(call.arguments.get("RevisionId"), alias.revision_id)
    result = call.proceed()
    alias.revision_id = _new_revision()
    if alias.function_version != former:
        known.move(name, wanted, former)
    return known.describe_alias(name, {**result, "RevisionId": alias.revision_id})
