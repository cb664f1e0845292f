# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`python -m local_aws up | down | status | serve`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from local_aws import DEFAULT_DIRECTORY

if TYPE_CHECKING:
    from local_aws.process import Server

DEFAULT_PORT = 5610


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. Whatever the person can act on is one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        # Imported here, so that a missing package is one clear line.
        from local_aws.process import ProcessError, Server
    except ModuleNotFoundError as error:
        return _complain(
            f"the package {error.name} is not installed: run `make venv`, or pip install -r requirements-dev.txt"
        )
    server = Server(options.dir)
    try:
        match options.command:
            case "up":
                return _up(server, options.port, options.seed)
            case "down":
                ended = server.down()
                print(f"embedded AWS ended (pid {ended.pid})" if ended else "embedded AWS was not running")
            case "status":
                running = server.running()
                print(f"embedded AWS runs at {running.endpoint} (pid {running.pid})" if running else "not running")
                return 0 if running else 3
            case "serve":
                return serve(server, options.port, options.seed, options.owner)
    except ProcessError as error:
        return _complain(str(error))
    return 0


def _up(server: Server, port: int, seed: bool) -> int:
    running, started = server.up(port, seed)
    print(f"embedded AWS {'started' if started else 'already runs'} at {running.endpoint} (pid {running.pid})")
    return 0


def serve(server: Server, port: int, seed: bool, owner: int = 0) -> int:
    """Run the server in this process until SIGTERM or SIGINT, or until the process `owner` is gone."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    _quiet_environment()
    try:
        from local_aws.process import start_time
        from local_aws.server import make
    except ModuleNotFoundError as error:
        return _complain(
            f"the package {error.name} is not installed: run `make venv`, or pip install -r requirements-dev.txt"
        )
    try:
        http_server, aws = make(port, str(server.directory))
    except OSError:
        return _complain(f"port {port} is taken by another program: end it or choose another port with --port")
    endpoint = str(aws.control.health["endpoint"])
    threading.Thread(target=http_server.serve_forever, daemon=True).start()
    server.record(int(aws.control.health["port"]), endpoint)

    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if seed:
        from local_aws.client import LocalAws
        from local_aws.reference import seed as seed_reference

        seed_reference(endpoint, LocalAws(endpoint).account().session)
    aws.control.health["ready"] = True
    if not owner:
        ended.wait()
    owner_started = start_time(owner)
    while owner_started and not ended.wait(1.0):
        if start_time(owner) != owner_started:
            break
    # The threads are daemons: they end with the process, and nothing has to be kept.
    http_server.server_close()
    return 0


def _quiet_environment() -> None:
    """The server is the AWS: an endpoint, profile or credentials of the caller must not reach into it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _complain(text: str) -> int:
    print(f"local_aws: {text}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description="The embedded AWS of runbook.aws.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "up": "start it in the background with the reference application in it, and return when it is ready",
        "down": "end it",
        "status": "say whether it runs; the exit status is 3 when it does not",
        "serve": "run it in the foreground",
    }.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--dir", type=Path, default=DEFAULT_DIRECTORY, help="pid file and log (%(default)s)")
        if name in ("up", "serve"):
            command.add_argument(
                "--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1 (%(default)s); 0: any"
            )
            command.add_argument(
                "--no-seed", dest="seed", action="store_false", help="without the reference application"
            )
        if name == "serve":
            command.add_argument("--owner", type=int, default=0, metavar="PID", help="end when this process is gone")
    return parser
