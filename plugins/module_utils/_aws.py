# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The one way to AWS: paced, patient with throttling, and with errors that say what to do."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from ansible_collections.runbook.aws.plugins.module_utils._errors import (
    THROTTLES,
    AwsError,
    from_answer,
    from_silence,
)
from ansible_collections.runbook.aws.plugins.module_utils._pace import Pace
from ansible_collections.runbook.aws.plugins.module_utils._plan import Settle
from ansible_collections.runbook.aws.plugins.module_utils._waiters import WAITERS

try:
    import jmespath
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.waiter import SingleWaiterConfig
except ImportError:
    pass  # AnsibleAWSModule reports the missing library before any of this is called.

T = TypeVar("T")

# A throttled call that botocore gave up on is sent again after up to this many seconds, until the deadline.
LONGEST_REST = 5.0


class Aws:
    """AWS API calls by name, from any thread.

    Args:
        make_client: Makes the boto3 client of a service. It is called for one service at a time, because boto3's
            sessions are not thread-safe; clients are.
        pace: Keeps every attempt, botocore's own retries included, under the account's rates.
        timeout: Seconds after which throttling is no longer waited out.
        before_attempt: Told service and operation before every attempt; what it raises ends the call.
    """

    def __init__(
        self,
        make_client: Callable[[str], Any],
        pace: Pace,
        timeout: float,
        before_attempt: Callable[[str, str], None] = lambda service, operation: None,
    ) -> None:
        self._make_client = make_client
        self._before_attempt = (pace.wait, before_attempt)
        self._deadline = time.monotonic() + timeout
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()
        self._acceptors: dict[str, list[Any]] = {}

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made at the first question."""
        with self._making:
            if service not in self._clients:
                client = self._make_client(service)
                client.meta.events.register("before-send", partial(self._prepare, service))
                self._clients[service] = client
            return self._clients[service]

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """One call.

        Args:
            service: boto3's service name, for example `lambda`.
            operation: The API's own name, for example `GetFunction`.
            **arguments: The operation's arguments.

        Returns:
            AWS's answer.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        method = getattr(self.client(service), xform_name(operation))
        return self._patiently(f"{service}:{operation}", lambda: method(**arguments))

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        """All items of a paged operation.

        Args:
            service: As in `call`.
            operation: As in `call`.
            result_key: Where the items are in each answer, for example `ScalableTargets`.
            **arguments: The operation's arguments.

        Raises:
            AwsError: AWS refused, or did not answer.
        """
        paginator = self.client(service).get_paginator(xform_name(operation))

        def all_pages() -> list[Any]:
            return [item for page in paginator.paginate(**arguments) for item in page.get(result_key, ())]

        return self._patiently(f"{service}:{operation}", all_pages)

    def settled(self, settle: Settle) -> bool:
        """Whether what is waited for is there now.

        Raises:
            AwsError: It will never be there; with AWS's reason.
        """
        waiter = WAITERS[settle.waiter]
        # botocore's own waiter language, read without its blocking loop: a thread for each target that waits would
        # cost more than the targets do.
        acceptors = self._acceptors.setdefault(settle.waiter, _acceptors_of(waiter.model))
        method = getattr(self.client(waiter.service), xform_name(waiter.model["operation"]))

        def look() -> dict[str, Any]:
            try:
                return method(**settle.arguments)
            except ClientError as error:
                if any(acceptor.matcher_func(error.response) for acceptor in acceptors):
                    return error.response
                raise

        answer = self._patiently(f"{waiter.service}:{waiter.model['operation']}", look)
        for acceptor in acceptors:
            if acceptor.matcher_func(answer):
                if acceptor.state == "failure":
                    raise AwsError(waiter.failure(answer), "Failed")
                there = acceptor.state == "success"
                return there and (not settle.until or bool(jmespath.search(settle.until, answer)))
        return False

    def before(self, service: str, operation: str) -> None:
        """What comes before every attempt; also for what is written on the way elsewhere than to AWS."""
        for step in self._before_attempt:
            step(service, operation)

    def _prepare(self, service: str, event_name: str, **_kwargs: Any) -> None:
        # botocore's event of every attempt: before-send.lambda.GetFunction
        self.before(service, event_name.rpartition(".")[2])

    def _patiently(self, action: str, attempt: Callable[[], T]) -> T:
        """The attempt's result; what is throttled is tried again until the deadline."""
        rest = 0.5
        while True:
            try:
                return attempt()
            except ClientError as error:
                throttled = error.response.get("Error", {}).get("Code") in THROTTLES
                if not throttled or time.monotonic() + rest > self._deadline:
                    raise from_answer(action, error.response) from error
            except BotoCoreError as error:
                raise from_silence(action, error) from error
            # Spread over time, so that runs which were throttled together do not come back together.
            time.sleep(rest * random.uniform(0.5, 1.0))
            rest = min(rest * 2, LONGEST_REST)


def _acceptors_of(model: Mapping[str, Any]) -> list[Any]:
    return SingleWaiterConfig(model).acceptors
