# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every contender is told to do, and how it says how to do it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT, beside_python
from benchmarks.stub import REGION

# Long and unlike any word: Ansible masks its text wherever it appears in a result.
SECRET_KEY = "benchmark-secret-key-0000000000000000000"
ACCESS_KEY = "AKIABENCHMARK0000000"


@dataclass(frozen=True)
class Job:
    """Set the reserved concurrency of functions.

    Attributes:
        endpoint: Where Lambda's API is.
        wanted: The reserved concurrency that each function is to have.
        folder: An empty folder for the contender's files.
        unlimited: The endpoint has no rate limits, and a contender that paces itself is told so.
        aws: The aws program; none means the one of the same virtual environment.
    """

    endpoint: str
    wanted: Mapping[str, int]
    folder: Path
    unlimited: bool = False
    aws: str | None = None

    @property
    def aws_program(self) -> str:
        """Where the aws program is.

        Raises:
            BenchmarkError: Not where it is expected.
        """
        # A shim or a wrapper in PATH would slow the peers down, so PATH is not asked.
        return self.aws or beside_python("aws")

    @property
    def env(self) -> dict[str, str]:
        """The environment of the contender's process."""
        return {
            **clean_env(self.folder),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
        }


@dataclass(frozen=True)
class Command:
    """How a contender does a job, ready to be run."""

    argv: Sequence[str]
    env: Mapping[str, str]


@dataclass(frozen=True)
class Contender:
    """One way of doing the job.

    Attributes:
        title: What it is called in the results.
        command: From a job to the command that does it.
        slow: It takes minutes for 200 functions, so it is run fewer times.
    """

    title: str
    command: Callable[[Job], Command]
    slow: bool = False


@dataclass(frozen=True)
class Play:
    """An `ansible-playbook` run of one task on localhost, with the checkout's own settings.

    Attributes:
        task: The task.
        variables: Variables of the run.
        options: Further options of `ansible-playbook`.
        env: Further environment variables.
    """

    task: Mapping[str, Any]
    variables: Mapping[str, Any]
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def command(self, job: Job) -> Command:
        """Write the playbook into the job's folder; how to run it."""
        # JSON is YAML.
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [self.task]}
        (job.folder / "playbook.yml").write_text(json.dumps([play]))
        (job.folder / "variables.json").write_text(
            json.dumps({"ansible_python_interpreter": sys.executable, **self.variables})
        )
        return Command(
            [
                *(beside_python("ansible-playbook"), "playbook.yml"),
                *("--inventory", "localhost,"),
                *("--extra-vars", "@variables.json"),
                *self.options,
            ],
            {**job.env, **ansible_env(job.folder), **self.env},
        )


def clean_env(folder: Path) -> dict[str, str]:
    """The environment of this process without settings of AWS, Ansible, Python or this collection."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ANSIBLE_", "PYTHON", "RUNBOOK_"))}
    return {
        **kept,
        "AWS_CONFIG_FILE": str(folder / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
    }


def ansible_env(folder: Path) -> dict[str, str]:
    """Ansible with the checkout's settings, but with everything that it writes in `folder`."""
    return {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible-local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible-remote"),
        "ANSIBLE_NOCOLOR": "1",
        "RUNBOOK_CHANGE_LOG": str(folder / "change-log"),
    }
