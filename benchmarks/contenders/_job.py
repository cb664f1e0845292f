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
from typing import Any, Generic, TypeVar

from benchmarks.interpreter import BY_NAME
from benchmarks.processes import ROOT, beside_python
from benchmarks.stub.account import REGION

# Long and unlike any word: Ansible masks its text wherever it appears in a result.
SECRET_KEY = "benchmark-secret-key-0000000000000000000"
ACCESS_KEY = "AKIABENCHMARK0000000"


@dataclass(frozen=True)
class Job:
    """Where a contender does its job; what it is, the jobs of each kind of scenario say.

    Attributes:
        endpoint: Where AWS is.
        folder: An empty folder for the contender's files.
        aws: The aws program; none means the one of the same virtual environment.
        interpreter: The python that runs Ansible's modules, if it is one that writes down what they cost.
    """

    endpoint: str = ""
    folder: Path = Path()
    aws: str | None = None
    interpreter: Path | None = None

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

    @property
    def module_options(self) -> dict[str, str]:
        """The options with which a module of AWS reaches the endpoint."""
        return {
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "region": REGION,
            "endpoint_url": self.endpoint,
        }


J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class Command:
    """How a contender does a job, ready to be run."""

    argv: Sequence[str]
    env: Mapping[str, str]


@dataclass(frozen=True)
class Contender(Generic[J]):
    """One way of doing a job.

    Attributes:
        title: What it is called in the results.
        command: From a job to the command that does it.
        slow: It takes minutes, so it is run fewer times.
    """

    title: str
    command: Callable[[J], Command]
    slow: bool = False


def program(job: Job, name: str, *arguments: str) -> Command:
    """One of `benchmarks/programs`, run by this python."""
    return Command([sys.executable, str(ROOT / "benchmarks" / "programs" / f"{name}.py"), *arguments], job.env)


@dataclass(frozen=True)
class Play:
    """An `ansible-playbook` run of a few tasks on localhost, with the checkout's own settings.

    Attributes:
        tasks: The tasks.
        variables: Variables of the run.
        env: Further environment variables.
    """

    tasks: Sequence[Mapping[str, Any]]
    variables: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    def command(self, job: Job) -> Command:
        """Write the playbook into the job's folder; how to run it."""
        # JSON is YAML.
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": self.tasks}
        (job.folder / "playbook.yml").write_text(json.dumps([play]))
        python = str(job.interpreter or sys.executable)
        (job.folder / "variables.json").write_text(json.dumps({"ansible_python_interpreter": python, **self.variables}))
        return Command(
            [
                *(beside_python("ansible-playbook"), "playbook.yml"),
                *("--inventory", "localhost,"),
                *("--extra-vars", "@variables.json"),
            ],
            {**job.env, **ansible_env(job.folder), **(BY_NAME if job.interpreter else {}), **self.env},
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
