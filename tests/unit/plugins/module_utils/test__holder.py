# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Processes of the test's own, alive and ended: who is taken for dead, and who never is."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._holder import Run, holder, is_dead, machine, run_of


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_holder_names_its_process_for_ever(child: subprocess.Popen[bytes]) -> None:
    found = holder(child.pid, {})
    assert (found["pid"], found["machine"]) == (child.pid, machine())
    assert found == holder(child.pid, {})
    age = datetime.now(UTC) - datetime.fromisoformat(found["started"])
    assert abs(age.total_seconds()) < 10


def test_a_process_that_runs_is_not_dead(child: subprocess.Popen[bytes]) -> None:
    assert not is_dead(holder(child.pid, {}))
    assert not is_dead(holder(os.getpid(), {}))


def test_a_process_that_was_killed_is_dead_even_before_its_parent_notices(child: subprocess.Popen[bytes]) -> None:
    found = holder(child.pid, {})
    child.kill()
    deadline = time.monotonic() + 5
    while not is_dead(found) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_dead(found)
    child.wait()
    assert is_dead(found)


def test_another_process_with_the_same_number_is_not_the_holder(child: subprocess.Popen[bytes]) -> None:
    found = holder(child.pid, {})
    assert is_dead({**found, "ticks": found["ticks"] - 1})


@pytest.mark.parametrize(
    "unknown",
    [{"machine": "ops-1:other:1"}, {"machine": ""}, {"pid": None}, {"pid": 0}, {"pid": -1}, {"pid": "4711"}],
)
def test_who_can_not_be_seen_from_here_is_not_dead(unknown: dict[str, Any]) -> None:
    assert not is_dead({"user": "anna", "machine": machine(), "pid": 2**22 - 1, "ticks": 1, **unknown})


@pytest.mark.parametrize(
    ("environment", "job"),
    [
        ({"JOB_ID": "42", "AWX_PRIVATE_DATA_DIR": "/runner"}, "AWX job 42"),
        ({"JOB_ID": "42"}, None),
        ({"GITHUB_RUN_ID": "7", "GITHUB_ACTIONS": "true"}, "GitHub run 7"),
        ({"CI_JOB_ID": "8", "GITLAB_CI": "true"}, "GitLab job 8"),
        ({}, None),
    ],
)
def test_a_job_is_named_when_a_system_that_runs_jobs_says_so(environment: dict[str, str], job: str | None) -> None:
    assert holder(os.getpid(), environment).get("job") == job


def test_under_awx_the_user_is_who_launched_the_job() -> None:
    assert holder(os.getpid(), {}, {"awx_user_name": "anna"})["user"] == "anna"


def test_a_run_is_alive_as_long_as_its_main_process_is() -> None:
    with subprocess.Popen(
        ["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as main:
        assert main.stdout
        run = Run(main.pid, int(main.stdout.readline()))
        assert run.is_alive
        main.kill()
        main.wait()
        assert not run.is_alive
        os.kill(run.child, signal.SIGKILL)


def test_what_no_ansible_run_is_above_belongs_to_none(child: subprocess.Popen[bytes]) -> None:
    assert run_of(child.pid) is None
