# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a file is UTF-8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
name: utf8_file
short_description: Is a file of the controller UTF-8
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description: Ansible reads other files with a warning, and will refuse them. What is encrypted with ansible-vault is UTF-8.
options:
  _input:
    description: Path of the file.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: The file can be read
  ansible.builtin.assert:
    that: "'users.csv' is runbook.aws.utf8_file"
"""

RETURN = r"""
_value:
  description: Whether it is.
  type: bool
"""


def utf8_file(path: str) -> bool:
    """See DOCUMENTATION."""
    try:
        Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


class TestModule:
    """Ansible's way to find the test."""

    def tests(self) -> dict[str, Any]:
        """The test by name."""
        return {"utf8_file": utf8_file}
