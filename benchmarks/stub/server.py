# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The account that is served now, behind HTTP/1.1 with connections that stay open."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
from collections.abc import Mapping

from benchmarks.stub.account import Account, Answer, as_json, json_error

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Server:
    """Serves one account at a time.

    Args:
        kinds: The kinds of accounts, by the names that a reset calls them by.
    """

    def __init__(self, kinds: Mapping[str, type[Account]]) -> None:
        self._kinds = kinds
        self.account: Account | None = None

    async def start(self, port: int = 0) -> asyncio.Server:
        """Listen on loopback; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Connection(self, loop), "127.0.0.1", port, backlog=1024)

    def control(self, method: str, path: str, body: bytes) -> Answer:
        """Answer a request of the harness; not counted, no latency."""
        if (method, path) == ("POST", "/_stub/reset"):
            settings = json.loads(body)
            kind = self._kinds[settings.pop("kind")]
            self.account = None
            try:
                self.account = kind(kind.SETTINGS.from_json(settings))
            except ValueError as error:
                return json_error(400, "BadSettings", str(error))
            return as_json({})
        if (method, path) == ("GET", "/_stub/report") and self.account:
            return as_json(self.account.report())
        return json_error(404, "NotFound", f"no such control: {method} {path}")


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            match = _LENGTH.search(head)
            length = int(match.group(1)) if match else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        method, target, _version = head[: head.find(b"\r\n")].decode("latin-1").split(" ", 2)
        account = self._server.account
        if account is None or target.startswith("/_stub/"):
            self._send(self._server.control(method, target, body))
            return
        account.arrived()
        answer = account.answer(method, target, head, body)
        if account.latency:
            self._loop.call_later(account.latency, self._deliver, account, answer)
        else:
            self._deliver(account, answer)

    def _deliver(self, account: Account, answer: Answer) -> None:
        account.answered()
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        if self._transport:
            self._transport.write(answer.encode())


async def serve(kinds: Mapping[str, type[Account]]) -> None:
    """Serve until standard input is closed, so that no endpoint outlives the program that started it."""
    # Nothing here refers to itself, and looking for it again and again in millions of items takes longer than to make them.
    gc.disable()
    listening = await Server(kinds).start()
    sys.stdout.write(json.dumps({"port": listening.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    listening.close()
