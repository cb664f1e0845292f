# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lambda's Invoke: the code of Python functions really runs, as the version behind the qualifier is configured.

moto runs functions in Docker only. What is told of an invocation is that of
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and, for the log,
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.logs.models import logs_backends

from local_aws.identity import local_key
from local_aws.rules import AwsError, Call, Later, Result, rule
from local_aws.runtime.pool import Busy, Exited, Pool, Ran, Work
from local_aws.services.lambda_ import Functions, functions, split
from local_aws.services.lambda_updates import Updates

# "Invocation payload (request and response): 6 MB each for synchronous, 1 MB for asynchronous":
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LARGEST = 6_291_556
_LARGEST_EVENT = 1_048_576
# "The last 4 KB of the execution log" (API_Invoke, X-Amz-Log-Result).
_TAIL = 4096

_POOL = Pool()


@dataclass
class Running:
    """How many events of each function are being answered, in one account and region."""

    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Invocation:
    """One event on its way to one version of a function."""

    call: Call
    function: LambdaFunction
    qualifier: str
    event: bytes
    request_id: str

    @property
    def name(self) -> str:
        return str(self.function.function_name)

    @property
    def version(self) -> str:
        return str(self.function.version)

    def run(self) -> Ran:
        """Run it, without the server's lock: the function calls the server. TooManyRequestsException when it cannot."""
        try:
            ran = _POOL.run(self._work())
        except Busy:
            raise AwsError(
                "TooManyRequestsException",
                f"Rate Exceeded. (the embedded AWS runs no more functions at the same time, {self.name} waited)",
                429,
            ) from None
        except Exited:
            raise AwsError(
                "ServiceException", f"the embedded AWS cannot start a process for {self.name}", 500
            ) from None
        finally:
            with self.call.lock:
                running = self.call.account.store(Running, self.call.region)
                running.counts[self.name] -= 1
        with self.call.lock:
            self._write_log(ran)
        return ran

    def _work(self) -> Work:
        """See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html for what a function finds."""
        function, call = self.function, self.call
        own = {str(name): str(value) for name, value in function.environment_vars.items()}
        variables = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            **own,
            "_HANDLER": str(function.handler),
            "AWS_REGION": call.region,
            "AWS_DEFAULT_REGION": call.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": str(function.logs_group_name),
            "AWS_ACCESS_KEY_ID": local_key(call.account.id),
            "AWS_SECRET_ACCESS_KEY": "local-aws/a-function/not-a-secret",
            # What leads to this server and to nothing of the person's that started it.
            "AWS_ENDPOINT_URL": call.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        code = bytes(getattr(function, "code_bytes", b""))
        configuration = hashlib.sha256(
            json.dumps([variables, str(function.handler), str(function.run_time), function.timeout]).encode() + code
        ).hexdigest()
        return Work(
            place="/".join((call.endpoint, call.account.id, call.region, self.name, self.version)),
            # A function that was deleted and made again is another one.
            configuration=f"{configuration}/{function.code.get('UUID', '')}",
            variables=variables,
            handler=str(function.handler),
            code=code,
            seconds=float(function.timeout),
            context={
                "request_id": self.request_id,
                "function_name": self.name,
                "function_version": self.version,
                "invoked_function_arn": self._arn(),
                "memory_limit_in_mb": str(function.memory_size),
                "log_group_name": str(function.logs_group_name),
                "log_stream_name": self._stream(),
            },
            event=self.event,
        )

    def _stream(self) -> str:
        """The beginning of a log stream's name; the environment's own name is the rest."""
        return f"{time.strftime('%Y/%m/%d', time.gmtime(self.call.account.now()))}/[{self.version}]"

    def _arn(self) -> str:
        place = f"arn:aws:lambda:{self.call.region}:{self.call.account.id}:function:{self.name}"
        return f"{place}:{self.qualifier}" if self.qualifier else place

    def lines(self, ran: Ran) -> list[str]:
        """The log of it, as https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html shows one."""
        spent = ran.seconds * 1000
        report = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {spent:.2f} ms",
            f"Billed Duration: {int(spent) + 1} ms",
            f"Memory Size: {self.function.memory_size} MB",
            f"Max Memory Used: {self.function.memory_size} MB",
        ]
        if ran.init_seconds:
            report.append(f"Init Duration: {ran.init_seconds * 1000:.2f} ms")
        problem = self.error(ran) if ran.stopped else None
        return [
            f"START RequestId: {self.request_id} Version: {self.version}",
            *ran.lines,
            *([str(problem["errorMessage"])] if problem else []),
            f"END RequestId: {self.request_id}",
            "\t".join(report),
        ]

    def error(self, ran: Ran) -> dict[str, Any] | None:
        """What went wrong, in Lambda's words; None when nothing did.

        https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
        """
        if ran.stopped == "timeout":
            text = f"RequestId: {self.request_id} Error: Task timed out after {self.function.timeout:.2f} seconds"
            return {"errorType": "Sandbox.Timedout", "errorMessage": text}
        if ran.stopped:
            text = f"RequestId: {self.request_id} Error: Runtime exited without providing a reason"
            return {"errorType": "Runtime.ExitError", "errorMessage": text}
        if ran.error is None and len(ran.answer) > _LARGEST:
            text = f"Response payload size exceeded maximum allowed payload size ({_LARGEST} bytes)."
            return {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}
        return ran.error

    def _write_log(self, ran: Ran) -> None:
        """Into the function's log group, which Lambda makes when it is not there.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
        """
        account = self.call.account
        group_name = str(self.function.logs_group_name)
        backend = logs_backends[account.id][self.call.region]
        backend.ensure_log_group(group_name)
        group = backend.groups[group_name]
        stream = f"{self._stream()}{ran.stream}"
        if stream not in group.streams:
            group.create_log_stream(stream)
        # moto refuses events of a clock that was moved; this group takes them.
        moment = int(account.now() * 1000)
        group.put_log_events(stream, [{"timestamp": moment, "message": line} for line in self.lines(ran)])

    def answer(self) -> Result:
        """Run it and tell how it went."""
        ran = self.run()
        error = self.error(ran)
        result: Result = {
            "StatusCode": 200,
            "ExecutedVersion": self.version,
            "Payload": (ran.answer if error is None else json.dumps(error)).encode(),
        }
        if error is not None:
            result["FunctionError"] = "Unhandled"
        if self.call.arguments.get("LogType") == "Tail":
            text = "\n".join(self.lines(ran)) + "\n"
            result["LogResult"] = base64.b64encode(text.encode()[-_TAIL:]).decode()
        return result


@rule("lambda", "Invoke")
def invoke(call: Call) -> Result | Later:
    """Answer an event, or take it and answer it in the background (Event; it is not tried again when that fails).

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    kind = call.arguments.get("InvocationType") or "RequestResponse"
    known = functions(call)
    name, in_name = split(call.arguments["FunctionName"])
    qualifier = str(call.arguments.get("Qualifier") or in_name)
    version = _version(known, call, name, qualifier)
    function = _to_run(call, known, name, version)
    if kind == "DryRun":
        return {"StatusCode": 204, "Payload": b""}
    event = _event(call, kind)
    _refuse_kind(function)
    _take_a_place(call, known, name)
    invocation = Invocation(call, function, qualifier, event, str(uuid.uuid4()))
    if kind == "Event":
        threading.Thread(target=_in_background, args=(invocation,), daemon=True).start()
        return {"StatusCode": 202, "Payload": b""}
    return Later(invocation.answer)


def _in_background(invocation: Invocation) -> None:
    try:
        invocation.run()
    except AwsError:
        # Nobody waits for the answer, as on AWS.
        return


def _version(known: Functions, call: Call, name: str, qualifier: str) -> str:
    """The version that is to run: the alias's own, or one that its weights send some of the events to.

    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    known.find(name)
    if not qualifier:
        return "$LATEST"
    version = known.version_of(name, qualifier)
    if qualifier == version:
        return version
    alias = lambda_backends[call.account.id][call.region].get_alias(name=qualifier, function_name=name)
    shown = known.describe_alias(name, alias.to_json())
    chance = random.random()
    for other, weight in ((shown.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}).items():
        chance -= float(weight)
        if chance < 0:
            return str(other)
    return version


def _to_run(call: Call, known: Functions, name: str, version: str) -> LambdaFunction:
    """The code and configuration of a version; ResourceConflictException while it cannot be called yet.

    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    updates, now = Updates(call), call.account.now()
    if version == "$LATEST":
        return updates.latest(name).in_use(now)
    found = next(item for item in updates.versions(known.find(name).function_name) if str(item.version) == version)
    if updates.published(found).describe(now).get("State") == "Pending":
        raise AwsError(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: Pending",
            409,
        )
    return found


def _event(call: Call, kind: str) -> bytes:
    payload = call.arguments.get("Payload") or b"{}"
    event = payload.encode() if isinstance(payload, str) else bytes(payload)
    most = _LARGEST_EVENT if kind == "Event" else _LARGEST
    if len(event) > most:
        raise AwsError(
            "RequestTooLargeException",
            f"Request must be smaller than {most} bytes for the InvokeFunction operation",
            413,
        )
    try:
        json.loads(event)
    except ValueError as error:
        raise AwsError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}", 400
        ) from None
    return event


def _refuse_kind(function: LambdaFunction) -> None:
    if function.package_type == "Image" or not str(function.run_time).startswith("python"):
        kind = "a container image" if function.package_type == "Image" else f"the runtime {function.run_time}"
        raise AwsError(
            "NotImplemented",
            f"the embedded AWS runs functions of Python only; {function.function_name} has {kind}",
            501,
        )


def _take_a_place(call: Call, known: Functions, name: str) -> None:
    """TooManyRequestsException when the function's reserved concurrency is used up.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html: "To throttle a function, set the
    reserved concurrency to zero".
    """
    running = call.account.store(Running, call.region)
    reserved = known.find(name).reserved_concurrency
    if reserved is not None and running.counts[name] >= int(reserved):
        raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429)
    running.counts[name] += 1
