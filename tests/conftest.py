# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets tests import the collection as Ansible does, and brings the fixtures of the embedded AWS."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

ROOT = Path(__file__).resolve().parent.parent

# `import ansible_collections.runbook.aws...` is no ordinary import: Ansible's loader finds it below a collections path.
# Under ansible-test the loader is there already and stays as it is.
init_plugin_loader([str(ROOT / "collections")])

pytest_plugins = ["fixtures_local_aws"]
