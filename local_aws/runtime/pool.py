# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes in which functions run: started when they are needed, kept warm, ended when idle or out of date.

An environment belongs to one version of one function as it is configured, and answers one event at a time:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_aws.runtime import wire

# Processes at the same time, busy or warm, and for how long one is kept without work.
_MOST = 32
_IDLE_SECONDS = 300.0
# "The Init phase is limited to 10 seconds" (the page above).
_INIT_SECONDS = 10.0


class Busy(Exception):
    """All processes are at work, and none was free in time."""


class TimedOut(Exception):
    """The function did not answer in its time; its process is gone."""


class Exited(Exception):
    """The process ended before it answered."""


@dataclass(frozen=True)
class Work:
    """One event for one version of a function.

    Attributes:
        place: The version, whatever its configuration.
        configuration: What a new environment is started for when it is another one.
        variables: The whole environment of the process.
        seconds: How long the answer may take.
        context: What the handler's context tells; the environment's own name ends its log stream.
    """

    place: str
    configuration: str
    variables: Mapping[str, str] = field(repr=False)
    handler: str
    code: bytes = field(repr=False)
    seconds: float
    context: Mapping[str, Any]
    event: bytes = field(repr=False)


@dataclass
class Ran:
    """How it went: the answer or the error as JSON, what was printed, and how long it took.

    Attributes:
        stopped: "timeout" or "exit" when there is neither answer nor error.
        init_seconds: How long the environment took to start; 0 for a warm one.
    """

    answer: str = ""
    error: dict[str, Any] | None = None
    stopped: str = ""
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    init_seconds: float = 0.0
    stream: str = ""


class Environment:
    """One process of one version of a function."""

    def __init__(self, work: Work, channel: socket.socket, end: Any) -> None:
        started = time.monotonic()
        self.place, self.configuration = work.place, work.configuration
        self.name = secrets.token_hex(16)
        self.used_at = started
        self._channel = channel
        self._end = end
        self._pid = 0
        channel.settimeout(_INIT_SECONDS)
        try:
            kind, value = wire.receive(channel)
            if kind != "pid":
                raise wire.Closed
            self._pid = value
            wire.send(channel, {"variables": dict(work.variables), "handler": work.handler})
            wire.send_bytes(channel, work.code)
        except (wire.Closed, OSError) as error:
            self.close()
            raise Exited from error
        self.init_seconds = time.monotonic() - started

    def answer(self, work: Work, ran: Ran) -> bool:
        """Let the function answer. Returns whether the process can be used again."""
        begun = time.monotonic()
        ran.stream, ran.init_seconds, self.init_seconds = self.name, self.init_seconds, 0.0
        # The code is loaded before the first event; that time is not the function's.
        limit = work.seconds + (_INIT_SECONDS if ran.init_seconds else 0.0)
        try:
            self._channel.settimeout(limit)
            stream = f"{work.context['log_stream_name']}{self.name}"
            wire.send(self._channel, {**work.context, "log_stream_name": stream, "seconds": work.seconds})
            wire.send_bytes(self._channel, work.event)
            while True:
                self._channel.settimeout(max(0.001, begun + limit - time.monotonic()))
                kind, value = wire.receive(self._channel)
                if kind == "log":
                    ran.lines.append(value)
                elif kind == "ready":
                    ran.init_seconds += time.monotonic() - begun
                    begun, limit = time.monotonic(), work.seconds
                elif kind == "done":
                    ran.answer = value
                    return True
                else:
                    ran.error = value
                    # Code that cannot be loaded is tried anew the next time.
                    return bool(kind == "failed")
        except TimeoutError:
            ran.stopped = "timeout"
        except (wire.Closed, OSError):
            ran.stopped = "exit"
        finally:
            self.used_at = time.monotonic()
            ran.seconds = self.used_at - begun
        return False

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._channel.close()
        if self._pid:
            self._end(self._pid)


class Pool:
    """All processes of this server. Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._root = ""
        self._idle: list[Environment] = []
        self._busy = 0
        self._current: dict[str, str] = {}

    def run(self, work: Work) -> Ran:
        """Give the event to a warm environment, or to a new one. Busy when there is none in the function's time."""
        ran = Ran()
        environment = self._take(work)
        usable = False
        try:
            usable = environment.answer(work, ran)
        finally:
            self._give_back(environment, usable)
        return ran

    def _take(self, work: Work) -> Environment:
        deadline = time.monotonic() + work.seconds
        with self._changed:
            self._current[work.place] = work.configuration
            while True:
                self._end_useless()
                warm = [item for item in self._idle if item.place == work.place]
                if warm:
                    self._idle.remove(warm[-1])
                    self._busy += 1
                    return warm[-1]
                if self._busy + len(self._idle) >= _MOST and self._idle:
                    self._idle.pop(0).close()
                if self._busy + len(self._idle) < _MOST:
                    break
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Busy
            self._busy += 1
            channel = self._fork()
        try:
            return Environment(work, channel, self._end)
        except BaseException:
            with self._changed:
                self._busy -= 1
                self._changed.notify()
            raise

    def _give_back(self, environment: Environment, usable: bool) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify()
            if usable and self._current[environment.place] == environment.configuration:
                self._idle.append(environment)
            else:
                environment.close()

    def _end_useless(self) -> None:
        """End what was idle for long or belongs to a configuration that is not the latest any more."""
        oldest = time.monotonic() - _IDLE_SECONDS
        kept = []
        for item in self._idle:
            if item.used_at < oldest or self._current[item.place] != item.configuration:
                item.close()
            else:
                kept.append(item)
        self._idle = kept

    def sweep(self) -> None:
        """End what nobody has used for long."""
        with self._changed:
            self._end_useless()

    def _fork(self) -> socket.socket:
        """A new process, and our end of its channel."""
        ours, theirs = socket.socketpair()
        with theirs:
            control = self._start()
            try:
                socket.send_fds(control, [wire.ORDER.pack(wire.START, 0)], [theirs.fileno()])
            except OSError:
                # Somebody ended it: once more with another one.
                self._forget()
                socket.send_fds(self._start(), [wire.ORDER.pack(wire.START, 0)], [theirs.fileno()])
        return ours

    def _end(self, pid: int) -> None:
        with self._changed:
            if self._control is not None:
                try:
                    self._control.send(wire.ORDER.pack(wire.END, pid))
                except OSError:
                    self._forget()

    def _start(self) -> socket.socket:
        """The zygote's socket; it is started at the first need."""
        if self._control is not None:
            return self._control
        ours, theirs = socket.socketpair()
        program = Path(__file__).with_name("zygote.py")
        with theirs:
            self._root = tempfile.mkdtemp(prefix="local-aws-lambda-")
            told = (str(program.parents[2]), str(theirs.fileno()), self._root)
            command = [sys.executable, "-I", str(program), *told]
            self._zygote = subprocess.Popen(
                command,
                env={"PATH": os.defpath, "TZ": "UTC", "LANG": "C.UTF-8"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # Its own complaints go to the server's log.
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        self._control = ours
        threading.Thread(target=self._sweeping, args=(ours,), daemon=True).start()
        return ours

    def _sweeping(self, control: socket.socket) -> None:
        while self._control is control:
            time.sleep(_IDLE_SECONDS / 10)
            self.sweep()

    def _forget(self) -> None:
        """The zygote is gone, and with it its children as soon as their channels are closed."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._zygote is not None:
            self._zygote.wait()
            self._zygote = None
            shutil.rmtree(self._root, ignore_errors=True)

    def close(self) -> None:
        """End all processes and wait for the last."""
        with self._changed:
            for item in self._idle:
                item.close()
            self._idle.clear()
            self._forget()
