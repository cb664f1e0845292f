# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a variable was given on the command line."""

from __future__ import annotations

import re
from typing import Any

from ansible import context

DOCUMENTATION = r"""
name: on_command_line
short_description: Was a variable given on the command line
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - For variables that hold secrets. What stands on a command line is in the shell's history and in the list of processes.
  - A file of variables (C(-e @file)) is no such place.
options:
  _input:
    description: Name of the variable.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: The password is not on the command line
  ansible.builtin.assert:
    that: "'database_password' is not runbook.aws.on_command_line"
"""

RETURN = r"""
_value:
  description: Whether it was.
  type: bool
"""


def on_command_line(name: str) -> bool:
    """See DOCUMENTATION."""
    given = (str(text).lstrip() for text in context.CLIARGS.get("extra_vars") or ())
    return any(not text.startswith("@") and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for text in given)


class TestModule:
    """Ansible's way to find the test."""

    def tests(self) -> dict[str, Any]:
        """The test by name."""
        return {"on_command_line": on_command_line}
