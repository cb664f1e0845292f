# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Messages between the server and the process of a function: a length and that many bytes, JSON or raw.

This file and the two that run functions are read by an interpreter that knows nothing of this package.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")

# What the server asks of the zygote: an order, and the process that it is about. A new one comes with its socket.
ORDER = struct.Struct("!cI")
START, END = b"S", b"E"


class Closed(Exception):
    """The other side is gone."""


def send_bytes(channel: socket.socket, data: bytes) -> None:
    channel.sendall(_LENGTH.pack(len(data)) + data)


def receive_bytes(channel: socket.socket) -> bytes:
    """The next message. Closed when there is none any more, TimeoutError when the socket's time is over."""
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size))
    return _exactly(channel, length)


def send(channel: socket.socket, message: Any) -> None:
    send_bytes(channel, json.dumps(message).encode())


def receive(channel: socket.socket) -> Any:
    return json.loads(receive_bytes(channel))


def _exactly(channel: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        try:
            part = channel.recv(length - len(data))
        except ConnectionError:
            part = b""
        if not part:
            raise Closed
        data += part
    return bytes(data)
