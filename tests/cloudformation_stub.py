# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A CloudFormation that answers over HTTP what moto cannot: every stack state, nested stacks, pages of resources,
resources that are gone, throttling."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

ACCOUNT = "123456789012"
CREATED = "2026-11-20T08:00:00Z"


@dataclass
class StubStack:
    name: str
    status: str = "CREATE_COMPLETE"
    region: str = "us-east-1"
    updated: str = ""
    root: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    resources: Sequence[tuple[str, ...]] = ()
    """(type, physical ID) or (type, physical ID, status) of each."""

    @property
    def id(self) -> str:
        return stack_id(self.name, self.region)


def stack_id(name: str, region: str = "us-east-1") -> str:
    return f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/0a1b2c3d-0000-0000-0000-000000000000"


@dataclass
class Stub:
    """The server's content; tests fill it.

    Attributes:
        refuse: Errors by operation, each used up by one call: (code, message).
        calls: Operation, region and stack of each call.
    """

    endpoint: str = ""
    stacks: list[StubStack] = field(default_factory=list)
    page: int = 100
    refuse: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    instead: str = ""
    """When set, every answer is this text."""

    def operations(self) -> list[str]:
        return [operation for operation, _region, _stack in self.calls]

    def answer(self, operation: str, region: str, arguments: dict[str, str]) -> tuple[int, str]:
        self.calls.append((operation, region, arguments.get("StackName", "")))
        if self.instead:
            return 200, self.instead
        if waiting := self.refuse.get(operation):
            code, message = waiting.pop(0)
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            return 400, f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
        items, wrapper = getattr(self, f"_{operation}")(region, arguments)
        start = int(arguments.get("NextToken", "0"))
        shown = "".join(f"<member>{item}</member>" for item in items[start : start + self.page])
        more = f"<NextToken>{start + self.page}</NextToken>" if len(items) > start + self.page else ""
        result = f"<{operation}Result><{wrapper}>{shown}</{wrapper}>{more}</{operation}Result>"
        return 200, f"<{operation}Response>{result}</{operation}Response>"

    def _chosen(self, region: str, arguments: dict[str, str]) -> list[StubStack]:
        wanted = arguments.get("StackName")
        return [stack for stack in self.stacks if stack.region == region and wanted in (None, stack.name, stack.id)]

    def _DescribeStacks(self, region: str, arguments: dict[str, str]) -> tuple[list[str], str]:
        return [_stack(stack, with_outputs=True) for stack in self._chosen(region, arguments)], "Stacks"

    def _ListStacks(self, region: str, arguments: dict[str, str]) -> tuple[list[str], str]:
        return [_stack(stack, with_outputs=False) for stack in self._chosen(region, arguments)], "StackSummaries"

    def _ListStackResources(self, region: str, arguments: dict[str, str]) -> tuple[list[str], str]:
        (stack,) = self._chosen(region, arguments)
        return [_resource(number, *row) for number, row in enumerate(stack.resources)], "StackResourceSummaries"


def _stack(stack: StubStack, with_outputs: bool) -> str:
    root = f"<ParentId>{stack_id(stack.root)}</ParentId><RootId>{stack_id(stack.root)}</RootId>" if stack.root else ""
    updated = f"<LastUpdatedTime>{stack.updated}</LastUpdatedTime>" if stack.updated else ""
    outputs = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for key, value in stack.outputs.items()
    )
    return (
        f"<StackId>{stack.id}</StackId><StackName>{stack.name}</StackName><StackStatus>{stack.status}</StackStatus>"
        f"<CreationTime>{CREATED}</CreationTime>{updated}{root}"
        + (f"<Outputs>{outputs}</Outputs>" if with_outputs else "")
    )


def _resource(number: int, kind: str, physical_id: str, status: str = "CREATE_COMPLETE") -> str:
    return (
        f"<LogicalResourceId>R{number}</LogicalResourceId><PhysicalResourceId>{physical_id}</PhysicalResourceId>"
        f"<ResourceType>{kind}</ResourceType><ResourceStatus>{status}</ResourceStatus>"
        f"<LastUpdatedTimestamp>{CREATED}</LastUpdatedTimestamp>"
    )


@contextmanager
def serving() -> Iterator[Stub]:
    """The stub on a free port of this machine, until the block ends."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            arguments = {name: values[0] for name, values in parse_qs(body).items()}
            scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", self.headers["Authorization"])
            status, text = stub.answer(arguments.pop("Action"), scope[1] if scope else "", arguments)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: Any) -> None:
            """Quiet: the calls are in `Stub.calls`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
