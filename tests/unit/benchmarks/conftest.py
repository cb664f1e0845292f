# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The stub endpoint, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from benchmarks import processes


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[processes.Stub]:
    with processes.stub() as running:
        yield running


@pytest.fixture
def client(endpoint: processes.Stub) -> Callable[[str], Any]:
    """Makes boto3 clients that do not try again."""

    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint.endpoint,
            region_name="us-east-1",
            aws_access_key_id="AKIABENCHMARK0000000",
            aws_secret_access_key="benchmark",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=16),
        )

    return make
