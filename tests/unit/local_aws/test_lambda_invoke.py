# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Functions of Python run in processes of their own, as Lambda's environments do; none of this is moto's."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aws_makers import make_role
from botocore.exceptions import ClientError

from local_aws.client import Account, LocalAws
from local_aws.process import Server, start_time

COUNTER = """
import os
count = 0

def handler(event, context):
    global count
    count += 1
    return {"count": count, "pid": os.getpid(), "mode": os.environ.get("MODE")}
"""


def archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("app.py", text)
    return buffer.getvalue()


@pytest.fixture
def client(account: Account) -> Any:
    account.settings(transition_seconds=0)
    return account.client("lambda")


@pytest.fixture
def make(account: Account, client: Any) -> Callable[..., None]:
    def made(code: str, **options: Any) -> None:
        wanted = {"Runtime": "python3.12", "Handler": "app.handler", "Timeout": 10, **options}
        client.create_function(FunctionName="f", Role=make_role(account), Code={"ZipFile": archive(code)}, **wanted)

    return made


def call(client: Any, event: Any = None, **options: Any) -> Any:
    """What the function returns; an error of it fails the test."""
    answer = client.invoke(FunctionName="f", Payload=json.dumps(event), **options)
    result = json.load(answer["Payload"])
    assert "FunctionError" not in answer, result
    return result


def failure(client: Any, event: Any = None) -> dict[str, Any]:
    answer = client.invoke(FunctionName="f", Payload=json.dumps(event))
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    return dict(json.load(answer["Payload"]))


def messages(account: Account, name: str = "f") -> list[str]:
    events = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return [event["message"] for event in events]


def refused(code: str, text: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def alive(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    return start_time(pid) != ""


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_what_a_function_keeps_stays_until_its_environment_starts_anew(client: Any, make: Callable[..., None]) -> None:
    make(COUNTER)
    first = call(client)
    assert (first["count"], call(client)["count"]) == (1, 2)
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"MODE": "new"}})
    second = call(client)
    assert (second["count"], second["mode"]) == (1, "new")
    assert second["pid"] != first["pid"]
    assert until(lambda: not alive(first["pid"]))
    # The same values again change nothing.
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"MODE": "new"}})
    assert call(client)["count"] == 2
    client.update_function_code(FunctionName="f", ZipFile=archive(COUNTER))
    assert call(client)["count"] == 1


def test_each_version_has_its_own_code_and_environment(client: Any, make: Callable[..., None]) -> None:
    make(COUNTER, Environment={"Variables": {"MODE": "old"}})
    version = client.publish_version(FunctionName="f")["Version"]
    client.create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"MODE": "new"}})
    assert call(client)["mode"] == "new"
    assert call(client, Qualifier="live") == {**call(client, Qualifier=version), "count": 1}
    answer = client.invoke(FunctionName="f:live")
    assert (answer["ExecutedVersion"], json.load(answer["Payload"])["count"]) == ("1", 3)
    client.update_alias(
        FunctionName="f",
        Name="live",
        FunctionVersion=client.publish_version(FunctionName="f")["Version"],
        RoutingConfig={"AdditionalVersionWeights": {"1": 1.0}},
    )
    assert call(client, Qualifier="live")["mode"] == "old"
    client.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert call(client, Qualifier="live")["mode"] == "new"


def test_a_function_sees_this_aws_and_nothing_of_the_operator(
    account: Account, client: Any, make: Callable[..., None]
) -> None:
    make(
        """
import os, boto3

def handler(event, context):
    who = boto3.client("sts").get_caller_identity()["Account"]
    told = [context.function_name, context.function_version, context.memory_limit_in_mb, context.log_group_name]
    left = context.get_remaining_time_in_millis()
    return {"who": who, "told": told, "left": left, "env": dict(os.environ), "arn": context.invoked_function_arn}
""",
        Environment={"Variables": {"MODE": "mine"}},
    )
    seen = call(client)
    assert seen["who"] == account.id
    assert seen["told"] == ["f", "$LATEST", "128", "/aws/lambda/f"]
    assert seen["arn"] == f"arn:aws:lambda:us-east-1:{account.id}:function:f"
    assert 0 < seen["left"] <= 10_000
    variables = seen["env"]
    assert variables["MODE"] == "mine"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert variables["AWS_ENDPOINT_URL"] == account.endpoint
    assert variables["HOME"] != os.environ["HOME"]
    told = {"PATH", "LANG", "TZ", "_HANDLER", "MODE", "HOME", "TMPDIR", "LAMBDA_TASK_ROOT"}
    assert {name for name in variables if not name.startswith("AWS_")} == told


ERRORS = """
import os, sys, time

def handler(event, context):
    if event == "raise":
        print("before it")
        raise ValueError("the reason")
    if event == "exit":
        sys.exit(1)
    if event == "hang":
        os.system("sleep 61.25 &")
        print("hanging")
        time.sleep(60)
    return {1, 2}
"""


def test_an_error_is_told_to_the_caller_and_in_the_log(
    account: Account, client: Any, make: Callable[..., None]
) -> None:
    make(ERRORS)
    told = failure(client, "raise")
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "the reason")
    assert told["stackTrace"][0].startswith('  File "/var/task/app.py", line 7, in handler\n    raise ValueError')
    assert failure(client, "marshal")["errorType"] == "Runtime.MarshalError"
    assert failure(client, "exit")["errorType"] == "Runtime.ExitError"
    text = messages(account)
    assert text[0] == f"START RequestId: {told['requestId']} Version: $LATEST"
    assert text[1] == "before it"
    assert text[2].startswith("[ERROR] ValueError: the reason\nTraceback (most recent call last):\n  File")
    assert text[3] == f"END RequestId: {told['requestId']}"
    assert text[4].startswith(f"REPORT RequestId: {told['requestId']}\tDuration: ")


@pytest.mark.parametrize(
    ("code", "handler", "kind", "text"),
    [
        (
            "import nowhere",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named",
        ),
        ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("1 / 0", "app.handler", "ZeroDivisionError", "division by zero"),
    ],
)
def test_code_that_cannot_be_loaded(
    client: Any, make: Callable[..., None], code: str, handler: str, kind: str, text: str
) -> None:
    make(code, Handler=handler)
    told = failure(client)
    assert told["errorType"] == kind
    assert told["errorMessage"].startswith(text)


def test_a_function_that_takes_too_long_is_ended(account: Account, client: Any, make: Callable[..., None]) -> None:
    make(ERRORS, Timeout=1)
    began = time.monotonic()
    told = failure(client, "hang")
    assert told["errorType"] == "Sandbox.Timedout"
    assert told["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert time.monotonic() - began < 5
    assert "hanging" in messages(account)
    # A number of seconds that no other test sleeps.
    found = subprocess.run(["pgrep", "-f", r"^sleep 61\.25$"], capture_output=True, text=True, check=False)
    assert until(lambda: not any(alive(int(pid)) for pid in found.stdout.split()))
    assert failure(client, "raise")["errorType"] == "ValueError"


def test_the_tail_of_the_log_comes_with_the_answer(client: Any, make: Callable[..., None]) -> None:
    make(
        "import logging\ndef handler(event, context):\n    logging.warning('x' * 5000)\n    logging.error('at the end')"
    )
    answer = client.invoke(FunctionName="f", LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert len(tail) == 4096
    assert "[ERROR]\t" in tail
    assert "\tat the end\n" in tail
    assert "Init Duration" in tail
    assert "LogResult" not in client.invoke(FunctionName="f")


def test_an_event_is_taken_and_answered_later(account: Account, client: Any, make: Callable[..., None]) -> None:
    make("def handler(event, context):\n    print('got', event)")
    call(client, "another")
    answer = client.invoke(FunctionName="f", InvocationType="Event", Payload=b'"it"')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert until(lambda: "got it" in messages(account))
    assert client.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204


def test_what_is_refused(account: Account, client: Any, make: Callable[..., None]) -> None:
    make(COUNTER)
    with refused("ResourceNotFoundException", "Function not found: .*:function:g"):
        client.invoke(FunctionName="g")
    with refused("ResourceNotFoundException", "Cannot find alias arn: .*:f:live"):
        client.invoke(FunctionName="f", Qualifier="live")
    with refused("InvalidRequestContentException", "Could not parse request body into json"):
        client.invoke(FunctionName="f", Payload=b"{")
    with refused("RequestTooLargeException", "must be smaller than 1048576 bytes"):
        client.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps("x" * 1_048_576))
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with refused("TooManyRequestsException", "Rate Exceeded"):
        client.invoke(FunctionName="f")
    client.create_function(
        FunctionName="js", Role=make_role(account), Code={"ZipFile": archive("")}, Runtime="nodejs22.x", Handler="a.b"
    )
    with refused("NotImplemented", "runs functions of Python only; js has the runtime nodejs22.x"):
        client.invoke(FunctionName="js")


def test_an_update_is_in_use_when_it_is_done(account: Account, client: Any, make: Callable[..., None]) -> None:
    make(COUNTER, Environment={"Variables": {"MODE": "old"}})
    account.settings(transition_seconds=60)
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"MODE": "new"}})
    assert call(client)["mode"] == "old"
    account.advance(61)
    assert call(client)["mode"] == "new"
    version = client.publish_version(FunctionName="f")["Version"]
    with refused("ResourceConflictException", "currently in the following state: Pending"):
        client.invoke(FunctionName="f", Qualifier=version)
    account.advance(61)
    assert call(client, Qualifier=version)["mode"] == "new"
    account.settings(transition_seconds=0, function_update_failure="The role cannot be assumed.")
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"MODE": "newer"}})
    assert call(client)["mode"] == "new"


def test_events_at_the_same_time_have_environments_of_their_own(client: Any, make: Callable[..., None]) -> None:
    """And none holds up the server, which the functions call: each waits for another one here."""
    make(
        """
import boto3, json, os
aws = boto3.client("lambda")

def handler(event, context):
    if event:
        inner = json.load(aws.invoke(FunctionName="f", Payload=json.dumps(event - 1))["Payload"])
        return [os.getpid(), *inner]
    return [os.getpid()]
"""
    )
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda depth: call(client, depth), [2, 2, 2, 2]))
    assert [len(set(answer)) for answer in answers] == [3, 3, 3, 3]
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    assert "TooManyRequestsException" in failure(client, 1)["errorMessage"]
    assert len(call(client, 0)) == 1


def test_a_function_starts_with_boto3_imported_and_stays(client: Any, make: Callable[..., None]) -> None:
    """What would take long is done before the fork, so that tests can afford many starts."""
    make("import os, sys\nthere = 'boto3' in sys.modules\ndef handler(event, context): return there, os.getpid()")
    first, second = call(client), call(client)
    assert first[0] is True
    assert first == second
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"A": "b"}})
    imported, process = call(client)
    assert imported is True
    assert process != first[1]


def test_nothing_is_left_when_the_server_is_gone(tmp_path: Path) -> None:
    server = Server(tmp_path)
    running, _started = server.up(port=0, seed=False, owner=os.getpid())
    account = LocalAws(running.endpoint).account()
    client = account.client("lambda")
    code = {"ZipFile": archive(COUNTER + "\nimport tempfile\ndef where(event, context): return tempfile.gettempdir()")}
    named = {"FunctionName": "f", "Runtime": "python3.12", "Role": make_role(account)}
    client.create_function(**named, Handler="app.handler", Code=code)
    pid = call(client)["pid"]
    client.update_function_configuration(FunctionName="f", Handler="app.where")
    account.advance(60)
    root = Path(call(client)).parent.parent
    assert root.is_dir()
    os.kill(running.pid, 9)
    account.close()
    assert until(lambda: not alive(pid) and not root.exists())
    server.down()
