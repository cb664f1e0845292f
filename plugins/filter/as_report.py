# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report of an operation as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: as_report
short_description: The report of an operation as Markdown
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - Writes what an operation found and did for people to read; the same data as JSON is for programs.
  - Sections without text, list and rows are left out.
options:
  _input:
    description:
      - The report, with C(title), C(facts) (a mapping), C(verdicts) (a list of C(what), C(ok), C(why)), C(phases) (as in the
        record of an operation) and C(sections).
      - A section has a C(title) and C(text), C(list), or C(rows) with C(columns).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: A report
  ansible.builtin.debug:
    msg: "{{ report | runbook.aws.as_report }}"
  vars:
    report:
      title: Recovery of sessions
      facts: {environment: sc-agent-prod}
      verdicts: [{what: Parity, ok: true, why: nothing is missing}]
      phases: [{name: restore, started: "2026-11-23T13:30:05Z", ended: "2026-11-23T13:31:40Z", ok: true}]
      sections:
        - {title: Items, columns: [kind, count], rows: [{kind: missing, count: 3}]}
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

_SIGNS = {True: "ok", False: "FAILED", None: "not judged"}


def as_report(report: Mapping[str, Any]) -> str:
    """See DOCUMENTATION.

    Raises:
        AnsibleFilterError: A report without a title.
    """
    if not report.get("title"):
        raise AnsibleFilterError("as_report: a report needs a title.")
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"# {_plain(report['title'])}", "")
    if facts := report.get("facts"):
        yield from (f"- {_plain(name)}: {_plain(value)}" for name, value in facts.items())
        yield ""
    if verdicts := report.get("verdicts"):
        rows = [{**row, "verdict": _SIGNS[row.get("ok")]} for row in verdicts]
        yield from _table("Verdicts", rows, ["what", "verdict", "why"])
    if phases := report.get("phases"):
        rows = [{**phase, "seconds": _seconds(phase), "went well": phase.get("ok")} for phase in phases]
        yield from _table("Phases", rows, ["name", "started", "ended", "seconds", "went well"])
    for section in report.get("sections") or ():
        yield from _section(section)


def _section(section: Mapping[str, Any]) -> Iterator[str]:
    if rows := section.get("rows"):
        yield from _table(section["title"], rows, section.get("columns") or list(rows[0]))
    elif listed := section.get("list"):
        yield from (f"## {_plain(section['title'])}", "", *(f"- {_plain(item)}" for item in listed), "")
    elif text := section.get("text"):
        yield from (f"## {_plain(section['title'])}", "", f"{text}".strip(), "")


def _table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    yield from (f"## {_plain(title)}", "")
    yield f"| {' | '.join(_cell(column.replace('_', ' ')) for column in columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(_cell(row.get(column)) for column in columns)} |" for row in rows)
    yield ""


def _seconds(phase: Mapping[str, Any]) -> int | None:
    if not (phase.get("started") and phase.get("ended")):
        return None
    begin, end = (datetime.fromisoformat(phase[name]) for name in ("started", "ended"))
    return round((end - begin).total_seconds())


def _cell(value: Any) -> str:
    return _plain(value).replace("|", "\\|")


def _plain(value: Any) -> str:
    """A value on one line."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value) or "-"
    return " ".join(f"{value}".split())


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"as_report": as_report}
