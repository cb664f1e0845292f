# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process of one function: its code is loaded once, and then it answers one event after the other.

What the runtime tells of an error, and in which words, is that of Lambda's own for Python:
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html and
https://github.com/aws/aws-lambda-python-runtime-interface-client (bootstrap.py).
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from socket import socket
from types import TracebackType
from typing import Any, NoReturn

from local_aws.runtime import wire

# Where Lambda unpacks the code; the stack traces say so here as well.
_TASK_ROOT = "/var/task"


class Failed(Exception):
    """What the caller of the function is told."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.shown = {"errorMessage": message, "errorType": kind, "stackTrace": trace or []}


class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.aws_request_id: str = told["request_id"]
        self.function_name: str = told["function_name"]
        self.function_version: str = told["function_version"]
        self.invoked_function_arn: str = told["invoked_function_arn"]
        self.memory_limit_in_mb: str = told["memory_limit_in_mb"]
        self.log_group_name: str = told["log_group_name"]
        self.log_stream_name: str = told["log_stream_name"]
        self.client_context = None
        self.identity = None
        self._ends_at = time.monotonic() + told["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends_at - time.monotonic()) * 1000))


class _Output(io.TextIOBase):
    """What a function prints, line by line."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._tell(line)
        return len(text)

    def finish(self) -> None:
        """A last line without an end."""
        if self._begun:
            self._tell(self._begun)
        self._begun = ""


class _LogHandler(logging.Handler):
    """The handler that Lambda gives to the root logger."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell
        self.request_id = ""
        form = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(request)s\t%(message)s")
        form.datefmt, form.converter = "%Y-%m-%dT%H:%M:%S", time.gmtime
        self.setFormatter(form)

    def emit(self, record: logging.LogRecord) -> None:
        record.__dict__["request"] = self.request_id
        self._tell(self.format(record))


def run(channel: socket, directory: Path) -> NoReturn:
    """Load the code and serve until the server closes the channel; whatever the code has started ends with it."""
    os.setpgid(0, 0)
    try:
        _Function(channel, directory).serve()
    except wire.Closed:
        pass
    finally:
        os.killpg(0, signal.SIGKILL)
    raise AssertionError("the process has just ended itself")


class _Function:
    def __init__(self, channel: socket, directory: Path) -> None:
        self._channel = channel
        self._directory = directory
        self._task = directory / "task"
        self._sending = threading.Lock()
        self._output = _Output(self._log)
        self._logger = _LogHandler(self._log)

    def _send(self, kind: str, value: Any) -> None:
        with self._sending:
            wire.send(self._channel, [kind, value])

    def _log(self, line: str) -> None:
        self._send("log", line)

    def serve(self) -> None:
        self._send("pid", os.getpid())
        settings = wire.receive(self._channel)
        code = wire.receive_bytes(self._channel)
        handler: Callable[[Any, Context], Any] | Failed
        try:
            self._settle(settings["variables"])
            handler = self._load(code, settings["handler"])
        except Failed as error:
            handler = error
        self._send("ready", None)
        while True:
            told = wire.receive(self._channel)
            event = wire.receive_bytes(self._channel)
            self._logger.request_id = told["request_id"]
            try:
                if isinstance(handler, Failed):
                    raise handler
                answer = self._answer(handler, event, Context(told))
            except Failed as error:
                self._log_error(error.shown)
                kind = "broken" if error is handler else "failed"
                self._send(kind, {**error.shown, "requestId": told["request_id"]})
            else:
                self._send("done", answer)

    def _settle(self, variables: Mapping[str, str]) -> None:
        """The environment of the function and nothing else: no terminal, a folder of its own."""
        os.environ.clear()
        os.environ.update(variables)
        time.tzset()
        temporary = self._directory / "tmp"
        temporary.mkdir(parents=True)
        # No home of anybody's, with settings of AWS's tools in it.
        os.environ["TMPDIR"] = os.environ["HOME"] = str(temporary)
        tempfile.tempdir = None
        os.environ["LAMBDA_TASK_ROOT"] = str(self._task)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        sys.stdout = sys.stderr = self._output
        sys.dont_write_bytecode = True
        logging.getLogger().addHandler(self._logger)

    def _load(self, code: bytes, name: str) -> Callable[[Any, Context], Any]:
        """The handler that the configuration names. Failed in Lambda's words when there is none."""
        self._task.mkdir(parents=True)
        try:
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(self._task)
        except zipfile.BadZipFile as error:
            raise Failed("InvalidZipFileException", f"Could not unzip uploaded file: {error}") from error
        os.chdir(self._task)
        sys.path.insert(0, str(self._task))
        module_name, dot, function_name = name.rpartition(".")
        if not dot:
            raise Failed(
                "Runtime.MalformedHandlerName",
                f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
            )
        try:
            module = importlib.import_module(module_name.replace("/", "."))
        except ImportError as error:
            raise Failed("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
        except SyntaxError as error:
            raise Failed(
                "Runtime.UserCodeSyntaxError",
                f"Syntax error in module '{module_name}': {error}",
                [f'  File "{_TASK_ROOT}/{module_name}.py" Line {error.lineno}\n    {error.text}'],
            ) from error
        except Exception as error:
            raise self._raised(error) from error
        handler = getattr(module, function_name, None)
        if handler is None:
            raise Failed("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
        found: Callable[[Any, Context], Any] = handler
        return found

    def _answer(self, handler: Callable[[Any, Context], Any], event: bytes, context: Context) -> str:
        try:
            result = handler(json.loads(event), context)
        except Exception as error:
            raise self._raised(error) from error
        finally:
            self._output.finish()
        try:
            return json.dumps(result)
        except (TypeError, ValueError) as error:
            raise Failed("Runtime.MarshalError", f"Unable to marshal response: {error}") from error

    def _raised(self, error: Exception) -> Failed:
        return Failed(type(error).__name__, str(error), self._trace(error.__traceback__))

    def _trace(self, found: TracebackType | None) -> list[str]:
        """The function's own frames, at the place where Lambda would have them."""
        here = str(self._task)
        frames = [frame for frame in traceback.extract_tb(found) if frame.filename.startswith(here)]
        return [line.replace(here, _TASK_ROOT) for line in traceback.format_list(frames)]

    def _log_error(self, shown: Mapping[str, Any]) -> None:
        """The error as it stands in the log group."""
        text = f"[ERROR] {shown['errorType']}: {shown['errorMessage']}"
        trace = shown["stackTrace"]
        self._log("".join([text, "\nTraceback (most recent call last):\n", *trace]) if trace else text)
