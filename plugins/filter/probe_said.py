# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an application said that did not answer as it should."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: probe_said
short_description: What an application said that did not answer as it should, short and without secrets
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - What M(ansible.builtin.uri) said, and the reason that the application gives in a JSON answer, if it is short.
  - The token is never told, and of the reason no word that looks like a value, which is long and has digits and letters.
options:
  _input:
    description: The result of M(ansible.builtin.uri).
    type: dict
    required: true
  token:
    description: The token that was sent.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Say why
  ansible.builtin.debug:
    msg: "{{ answer | runbook.aws.probe_said }}"
  vars:
    answer: {msg: "Status code was 500 and not [200]", json: {reason: the database does not take the password}}
"""

RETURN = r"""
_value:
  description: A sentence without its full stop.
  type: str
"""

# Keys under which applications give a reason; the first that there is counts.
_REASONS = ("reason", "message", "Message", "error", "errorMessage", "detail")
_LONGEST = 200
_HIDDEN = "(hidden)"
# A password, key or token: nobody writes such a word for people.
_VALUE = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[^\s]{16,}")


def probe_said(answer: Mapping[str, Any], token: str = "") -> str:
    """See DOCUMENTATION."""
    said = str(answer.get("msg") or "no answer").rstrip(". \t\r\n")
    if reason := _reason(answer.get("json")):
        said = f"{said}: {reason}"
    return said.replace(token, _HIDDEN) if token else said


def _reason(body: Any) -> str:
    if not isinstance(body, Mapping):
        return ""
    return discreet(next((body[key] for key in _REASONS if body.get(key)), ""))


def discreet(said: Any) -> str:
    """What is said on one line, without its full stop and without words that look like a value; nothing if it is long."""
    text = " ".join(said.split()) if isinstance(said, str) else ""
    return _VALUE.sub(_HIDDEN, text).rstrip(".") if len(text) <= _LONGEST else ""


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"probe_said": probe_said}
