# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs what a module's documentation gives as examples, as a playbook."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from integration.run_module import run_playbook

from local_aws.client import Account


def assert_examples_run(account: Account, folder: Path, module: ModuleType, **variables: Any) -> None:
    """Every task of the module's EXAMPLES succeeds.

    Args:
        account: The fixture `account`, with what the examples name.
        folder: Where the playbook may be written.
        module: The module.
        **variables: What the examples leave open, for example an ID that AWS makes.

    Raises:
        AssertionError: with everything that was printed.
    """
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "module_defaults": {"group/runbook.aws.aws": account.module_args},
        "vars": {"ansible_python_interpreter": sys.executable, **variables},
        "tasks": yaml.safe_load(module.EXAMPLES),
    }
    book = folder / "examples.yml"
    book.write_text(yaml.safe_dump([play], sort_keys=False))
    run = run_playbook("--inventory=localhost,", str(book))
    assert run.code == 0, run.output
    assert f"ok={len(play['tasks'])} " in run.output
