# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""pytest plugin: the embedded AWS for a test run.

One server for all workers of pytest-xdist: the controller starts it on a free port with its files in a temporary
directory, the workers are told its endpoint. Each test that asks for `account` has an empty account of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.client import Account, LocalAws
from local_aws.process import Server

_ENDPOINT = pytest.StashKey[str]()
_DIRECTORY = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


def endpoint_of(config: pytest.Config) -> str:
    """The endpoint of this run's server, which is started at the first question."""
    told = getattr(config, "workerinput", {}).get("local_aws_endpoint")
    if told:
        return str(told)
    if _ENDPOINT not in config.stash:
        directory = tempfile.TemporaryDirectory(prefix="local-aws-")
        config.stash[_DIRECTORY] = directory
        running, _started = Server(Path(directory.name)).up(port=0, seed=False, owner=os.getpid())
        config.stash[_ENDPOINT] = running.endpoint
    return config.stash[_ENDPOINT]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: runs in the controller for each worker that it makes."""
    node.workerinput["local_aws_endpoint"] = endpoint_of(node.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    directory = config.stash.get(_DIRECTORY, None)
    if directory is not None:
        Server(Path(directory.name)).down()
        directory.cleanup()


@pytest.fixture(scope="session")
def local_aws(request: pytest.FixtureRequest) -> Iterator[LocalAws]:
    """The embedded AWS of this test run."""
    yield LocalAws(endpoint_of(request.config))


@pytest.fixture
def account(local_aws: LocalAws) -> Iterator[Account]:
    """An empty account of its own for each test, with states that change quickly."""
    account = local_aws.fresh_account()
    account.settings(transition_seconds=0.1)
    yield account
    account.close()
