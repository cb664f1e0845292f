# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The HTTP server: moto's dispatcher behind the recorder, the faults, the fidelity rules and the control API."""

from __future__ import annotations

import http
import io
import logging
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from local_aws import application, identity, inside, protocol, services
from local_aws.accounts import DEFAULT_REGION, AccountState, Fault, Record, World
from local_aws.control import PREFIX, Control
from local_aws.protocol import AwsError, Response
from local_aws.rules import Call, Later, find_rule, run_ticks
from local_aws.services import cognito_state

HOST = "127.0.0.1"
log = logging.getLogger("local_aws")

# Injected faults and refusals use codes that the service models do not list, as AWS itself does.
logging.getLogger("moto").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message=r"Exception\(.*\) with code .* does not match an error shape")


class ConnectionDropped(Exception):
    """An injected fault ends the connection without an answer."""


class _Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, which looks through its own folders at each call, with a memory."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


class Application:
    """Takes one HTTP request to one HTTP response."""

    def __init__(self, health: dict[str, Any]) -> None:
        services.load()
        self.world = World()
        self.control = Control(self.world, health)
        self._endpoint = str(health.get("endpoint", ""))
        self._moto = _Dispatcher()
        # moto's backends are plain dicts without locks; one call at a time keeps them whole. Python code would not
        # run in parallel anyhow, and nothing below sleeps while it holds this.
        self._one_at_a_time = threading.RLock()

    def answer(self, environ: dict[str, Any], body: bytes) -> Response:
        """Answer one request. Raises ConnectionDropped when a fault says so."""
        path = environ.get("PATH_INFO", "/")
        method = environ["REQUEST_METHOD"]
        if path.startswith(PREFIX):
            return self.control.answer(method, path, environ.get("QUERY_STRING", ""), body)
        if path.startswith(application.PREFIX):
            return self._answer_application(environ, body)
        return self._answer_aws(environ, body)

    def _answer_application(self, environ: dict[str, Any], body: bytes) -> Response:
        path, _mark, query = str(environ["RAW_URI"]).partition("?")
        headers = {
            key[5:].lower().replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")
        }
        request = application.Request(
            environ["REQUEST_METHOD"],
            path,
            query,
            headers,
            body.decode(errors="replace"),
            lambda account: self.world.account(account).now(),
        )
        with self._one_at_a_time:
            result = application.answer(request, self.ask)
        return result if isinstance(result, Response) else result()

    def _answer_aws(self, environ: dict[str, Any], body: bytes) -> Response:
        signature = protocol.read_signature(environ)
        if signature is None:
            with self._one_at_a_time:
                signature = cognito_state.unsigned(environ, body)
        parsed = protocol.parse(environ, body, signature)
        if parsed is None:
            with self._one_at_a_time:
                return self._dispatch(environ, body)
        call, fault, response = self._take(environ, body, signature, parsed)
        self._wait(call.account, fault)
        if _drops(fault):
            raise ConnectionDropped
        # Clients compare times with AWS's clock, which is this account's here.
        headers = [header for header in response.headers if header[0].lower() != "date"]
        return replace(response, headers=[*headers, ("Date", formatdate(call.account.now(), usegmt=True))])

    def _take(
        self, environ: dict[str, Any], body: bytes, signature: protocol.Signature | None, parsed: protocol.Parsed
    ) -> tuple[Call, Fault | None, Response]:
        """One call to its response, and into the record."""
        access_key = signature.access_key if signature else ""
        region = signature.region if signature else DEFAULT_REGION
        with self._one_at_a_time:
            account_id, principal = identity.who(access_key)
        account = self.world.account(account_id)
        started = account.now()
        # moto reads the account from this header before anything else.
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
        operation = str(parsed.operation.name)
        fault = None
        if account.faulty:
            fault = account.fault_for(parsed.service, operation, region, parsed.arguments)

        call = Call(
            self.world,
            account,
            region,
            principal,
            access_key,
            parsed,
            lambda: self._dispatch(environ, body),
            self._endpoint,
            self._take_inside,
            self._one_at_a_time,
        )
        response = self._respond(call, fault)
        code, text = ("ConnectionDropped", "") if _drops(fault) else protocol.read_error(parsed, response)
        self.world.record(
            Record(
                n=0,
                service=parsed.service,
                operation=operation,
                mutating=protocol.is_mutating(parsed.service, operation, parsed.arguments),
                principal=principal,
                account=account_id,
                region=region,
                time=started,
                status=0 if _drops(fault) else response.status,
                error=code,
                arguments=protocol.presentable(parsed.arguments),
                message=text,
                source_ip=environ.get("REMOTE_ADDR", HOST),
                user_agent=environ.get("HTTP_USER_AGENT", ""),
                access_key=access_key,
            )
        )
        return call, fault, response

    def _take_inside(self, caller: Call, service: str, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A call of one service to another, as the caller of the first; it waits for nothing.

        CloudTrail names the service as where it comes from:
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
        """
        access_key = caller.access_key or identity.local_key(caller.account.id)
        taken = self._inside(access_key, caller.region, service, operation, arguments)
        environ, body, signature, parsed = taken
        environ["REMOTE_ADDR"] = environ["HTTP_USER_AGENT"] = f"{caller.service}.amazonaws.com"
        _call, _fault, response = self._take(environ, body, signature, parsed)
        return protocol.read_result(parsed, response)

    def ask(
        self, account_id: str, region: str, service: str, operation: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What a call would answer to the deployed application itself: not recorded, not denied, not faulty."""
        taken = self._inside(identity.local_key(account_id), region, service, operation, arguments)
        environ, body, signature, parsed = taken
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
        account, principal = self.world.account(account_id), identity.who(signature.access_key)[1]
        call = Call(
            self.world,
            account,
            region,
            principal,
            signature.access_key,
            parsed,
            lambda: self._dispatch(environ, body),
            self._endpoint,
            self._take_inside,
            self._one_at_a_time,
        )
        return protocol.read_result(parsed, self._perform(call))

    def _inside(
        self, access_key: str, region: str, service: str, operation: str, arguments: Mapping[str, Any]
    ) -> tuple[dict[str, Any], bytes, protocol.Signature, protocol.Parsed]:
        """The request of a call that comes from here."""
        environ, body = inside.request(
            service, operation, arguments, endpoint=self._endpoint, access_key=access_key, region=region
        )
        signature = protocol.read_signature(environ)
        parsed = protocol.parse(environ, body, signature)
        if parsed is None or signature is None:
            raise AwsError("NotImplemented", f"the embedded AWS does not implement {service} {operation}", 501)
        return environ, body, signature, parsed

    def _respond(self, call: Call, fault: Fault | None) -> Response:
        try:
            identity.check_scope(call)
            identity.authorize(call)
        except AwsError as error:
            return protocol.render_error(call.parsed, error)
        if fault is not None and fault.mode in ("error", "disconnect"):
            return protocol.render_error(call.parsed, AwsError(fault.error, fault.message, fault.status))
        return self._perform(call)

    def _perform(self, call: Call) -> Response:
        """What the rules and moto answer."""
        try:
            with self._one_at_a_time:
                run_ticks(call.service, call.account)
                rule = find_rule(call.service, call.operation)
                result = rule(call) if rule else None
                if result is None:
                    result = call.dispatch()
            if isinstance(result, Later):
                result = result.work()
            response = result if isinstance(result, Response) else protocol.render_result(call.parsed, result)
        except AwsError as error:
            return protocol.render_error(call.parsed, error)
        except NotImplementedError:
            return protocol.render_error(call.parsed, _not_implemented(call))
        except Exception as error:
            # A bug in moto or in a rule: the caller gets an error of its protocol, the log the traceback.
            log.exception("%s %s failed", call.service, call.operation)
            return protocol.render_error(call.parsed, AwsError("InternalFailure", f"embedded AWS: {error!r}", 500))
        # moto has no page of its own for a HEAD of what is not there, which is an answer like any other.
        head = call.parsed.operation.http.get("method") == "HEAD"
        if response.status == 404 and response.header("content-type").startswith("text/html") and not head:
            return protocol.render_error(call.parsed, _not_implemented(call))
        return response

    @staticmethod
    def _wait(account: AccountState, fault: Fault | None) -> None:
        seconds = account.settings.latency + (fault.delay if fault is not None else 0.0)
        if seconds > 0:
            time.sleep(seconds)

    def _dispatch(self, environ: dict[str, Any], body: bytes) -> Response:
        """Run moto's WSGI application on a copy of the request."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            started[:] = [int(status.split(" ", 1)[0]), headers]

        chunks: Iterable[bytes] = self._moto({**environ, "wsgi.input": io.BytesIO(body)}, start_response)
        content = b"".join(chunks)
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
        return Response(started[0], started[1], content)


def _drops(fault: Fault | None) -> bool:
    return fault is not None and fault.mode.startswith("disconnect")


def _not_implemented(call: Call) -> AwsError:
    return AwsError("NotImplemented", f"the embedded AWS does not implement {call.service} {call.operation}", 501)


class Handler(MotoRequestHandler):
    """HTTP/1.1 with connections that stay open, which werkzeug's own handler does not do: AWS clients pool theirs."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # A connection that nobody uses gives its thread back after so many seconds.
    timeout = 120
    # Head and body leave in one packet.
    wbufsize = -1
    application: Application

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        stream = environ["wsgi.input"]
        chunked = bool(environ.get("wsgi.input_terminated"))
        body = stream.read() if chunked else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["CONTENT_LENGTH"] = str(len(body))
        if chunked:
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        try:
            response = self.application.answer(environ, body)
        except ConnectionDropped:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        except Exception:
            # The edge of the process: whatever went wrong before the call was understood.
            log.exception("%s %s failed", self.command, self.path)
            response = Response(500, [("Content-Type", "text/plain")], b"the embedded AWS failed; see its log")
        self._write(response)

    def handle_expect_100(self) -> bool:
        # The interim answer must leave the buffer at once: S3 clients wait a second for it.
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _write(self, response: Response) -> None:
        # No `server` and `date` of http.server: they would cost as much as the rest of the answer.
        reason = http.HTTPStatus(response.status).phrase if response.status in set(http.HTTPStatus) else ""
        self.send_response_only(response.status, reason)
        for name, value in response.headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "status"):
                self.send_header(name, str(value).replace("\r", " ").replace("\n", " "))
        bodiless = response.status in (204, 304)
        if self.command == "HEAD":
            self.send_header("Content-Length", response.header("content-length") or str(len(response.body)))
        elif not bodiless:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(response.body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The recorder keeps the calls; a line each would only fill the disk."""


def make(port: int, directory: str = "") -> tuple[BaseWSGIServer, Application]:
    """A server bound to the port (0: any free one), not yet serving. OSError when the port is taken."""
    health: dict[str, Any] = {"local_aws": True, "pid": os.getpid(), "directory": directory, "ready": False}
    # werkzeug ends the process with a page of advice when a port is taken; binding here raises instead.
    bound = socket.create_server((HOST, port), backlog=128)
    port = bound.getsockname()[1]
    health["port"] = port
    health["endpoint"] = f"http://{HOST}:{port}"
    aws = Application(health)
    handler = type("BoundHandler", (Handler,), {"application": aws})
    with bound:
        server = make_server(HOST, port, _no_wsgi, threaded=True, request_handler=handler, fd=bound.fileno())
    return server, aws


def _no_wsgi(_environ: Any, _start_response: Any) -> list[bytes]:
    raise RuntimeError("the handler answers, not werkzeug")
