# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a function that was called to see whether it works answered as it should, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.filter.probe_said import discreet

DOCUMENTATION = r"""
name: call_said
short_description: Whether a function that was called answered as it should, and what it said otherwise
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Reads the result of M(amazon.aws.lambda_execute).
  - What a function says of an error is told if it is short, without words that look like a value, which are long and have
    digits and letters. Of an answer only the keys that were asked for are told.
options:
  _input:
    description: The result of M(amazon.aws.lambda_execute).
    type: dict
    required: true
  wanted:
    description: What the answer must have, by key. Empty means that any answer will do that is no error.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Say why
  ansible.builtin.debug:
    msg: "{{ (called | runbook.aws.call_said({'statusCode': 200})).why }}"
  vars:
    called: {result: {status: 200, output: {statusCode: 500, body: "{}"}}}
"""

RETURN = r"""
_value:
  description: C(ok), whether it did, and C(why), a sentence without its full stop.
  type: dict
"""


def call_said(called: Mapping[str, Any], wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """See DOCUMENTATION."""
    why = "; ".join(_wrong(called, wanted or {}))
    return {"ok": not why, "why": why or "it answers"}


def _wrong(called: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    if "result" not in called:
        # What AWS says names ARNs, which look like values; its code says enough.
        code, said = (called.get("error") or {}).get("code"), str(called.get("msg") or "")
        yield f"it could not be called: {code or discreet(re.split('[.:] ', said)[0]) or 'no reason was given'}"
        return
    output = called["result"].get("output")
    answer = output if isinstance(output, Mapping) else {}
    if answer.get("errorMessage") or answer.get("errorType"):
        kind, text = answer.get("errorType") or "Error", discreet(answer.get("errorMessage"))
        yield f"it fails with {kind}: {text}" if text else f"it fails with {kind}"
        return
    for key, value in wanted.items():
        if key not in answer:
            yield f"its answer has no {key}"
        elif f"{answer[key]}" != f"{value}":
            yield f"its answer has {key} {discreet(f'{answer[key]}') or 'of another value'}, not {value}"


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"call_said": call_said}
