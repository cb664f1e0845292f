# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How many requests a second the stub endpoint answers: it must not be what the contenders wait for.

python -m benchmarks.throughput
"""

from __future__ import annotations

import socket
import time

from benchmarks.processes import Stub, stub

_REQUEST = b"GET /2015-03-31/functions/function-%d HTTP/1.1\r\nHost: stub\r\n\r\n"
_CONNECTIONS = 16


def requests_a_second(endpoint: Stub, seconds: float = 2.0) -> float:
    """GetFunction over connections that stay open, without latency or limits."""
    functions = [f"function-{n}" for n in range(_CONNECTIONS)]
    endpoint.reset("functions", functions=functions)
    sockets = [socket.create_connection(("127.0.0.1", endpoint.port)) for _function in functions]
    try:
        answered = 0
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            for n, connection in enumerate(sockets):
                connection.sendall(_REQUEST % n)
            for connection in sockets:
                _read_answer(connection)
            answered += len(sockets)
        return answered / (time.perf_counter() - started)
    finally:
        for connection in sockets:
            connection.close()


def _read_answer(connection: socket.socket) -> None:
    data = connection.recv(65536)
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += connection.recv(65536)
    length = int(data[:end].lower().rpartition(b"content-length:")[2].split(b"\r\n")[0])
    while len(data) < end + 4 + length:
        data += connection.recv(65536)


if __name__ == "__main__":
    with stub() as endpoint:
        print(f"{requests_a_second(endpoint):.0f} requests a second")
