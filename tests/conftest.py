# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets tests import the collection as Ansible does, and brings the fixtures of the embedded AWS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def install_loader() -> None:
    """`import ansible_collections.runbook.aws...` is no ordinary import: Ansible's loader finds it below a collections
    path. Under ansible-test the loader is there already and stays as it is.
    """
    # Ansible makes a temporary folder when it is imported, by default in the user's home.
    os.environ["ANSIBLE_HOME"] = str(ROOT / ".cache" / "ansible")
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([str(ROOT / "collections")])


install_loader()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: the last tests are short, so that no worker of pytest-xdist waits for another."""
    items.sort(key=lambda item: _turn(item.path))


def _turn(path: Path) -> int:
    """Whole playbooks, then other tests with processes of their own, then the rest."""
    if path.name in ("test_scale_event.py", "test_operation_role.py"):
        return 0
    return 1 if path.parent.name == "integration" or path.name == "test_process.py" else 2


pytest_plugins = ["fixtures_local_aws"]
