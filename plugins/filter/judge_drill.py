# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a drill has measured, held against the objectives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: judge_drill
short_description: What a disaster drill has measured, held against the objectives
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - The recovery time is that from the beginning of the phase C(stacks) to the end of the phase C(verify), by AWS's clock.
  - What is lost of a table is the time between its newest item when the drill began and its newest item that survived. Where
    items do not tell when they were written, it is the age of the backup when the drill began.
options:
  _input:
    description: The record of the drill, with its C(phases).
    type: dict
    required: true
  tables:
    description: The backed up tables, each with C(table) and C(created).
    type: list
    elements: dict
    required: true
  compared:
    description: RV(runbook.aws.dynamodb_compare#module:results) of production against the recovered tables, or nothing.
    type: list
    elements: dict
    required: true
  rto_seconds:
    description: The recovery time objective.
    type: int
    required: true
  rpo_seconds:
    description: The recovery point objective.
    type: int
    required: true
  earlier:
    description: Records of earlier drills.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Judge
  ansible.builtin.debug:
    msg: "{{ operation.record | runbook.aws.judge_drill(manifest.tables, compared.results, 3600, 86400) }}"
"""

RETURN = r"""
_value:
  description: C(rto_seconds), C(rpo_seconds), C(verdicts), C(tables) with what each has lost, and C(earlier) drills in short.
  type: dict
"""


def judge_drill(
    record: Mapping[str, Any],
    tables: Sequence[Mapping[str, Any]],
    compared: Sequence[Mapping[str, Any]],
    rto_seconds: int,
    rpo_seconds: int,
    earlier: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """See DOCUMENTATION.

    Raises:
        AnsibleFilterError: The phases that are measured have not ended.
    """
    phases = {phase["name"]: phase for phase in record["phases"]}
    try:
        began, ended = _moment(phases["stacks"]["started"]), _moment(phases["verify"]["ended"])
    except (KeyError, ValueError) as error:
        raise AnsibleFilterError("judge_drill: the phases stacks and verify have not both ended.") from error
    rto = round((ended - began).total_seconds())
    rows = [_lost(table, _of(compared, table["table"]), began) for table in tables]
    rpo = max((row["lost_seconds"] for row in rows), default=None)
    before = [_short(drill) for drill in earlier if drill.get("id") != record.get("id")]
    return {
        "rto_seconds": rto,
        "rpo_seconds": rpo,
        "verdicts": [
            _verdict("Recovery time (RTO)", rto, rto_seconds),
            _verdict("Lost time of data (RPO)", rpo, rpo_seconds),
        ],
        "tables": rows,
        "earlier": [drill for drill in before if drill["rto_seconds"] is not None],
    }


def _of(compared: Sequence[Mapping[str, Any]], table: str) -> Mapping[str, Any]:
    return next((result for result in compared if result["source"] == table), {})


def _lost(table: Mapping[str, Any], result: Mapping[str, Any], began: datetime) -> dict[str, Any]:
    newest = result.get("newest") or {}
    row = {"table": table["table"], **{kind: result.get(kind) for kind in ("missing", "extra", "differing")}}
    if newest.get("source") and newest.get("target"):
        lost = min(_moment(newest["source"]), began) - _moment(newest["target"])
        return {**row, "lost_seconds": max(0, round(lost.total_seconds())), "by": "its newest item that survived"}
    lost = began - _moment(table["created"])
    return {**row, "lost_seconds": max(0, round(lost.total_seconds())), "by": "the age of its backup"}


def _verdict(what: str, measured: int | None, objective: int) -> dict[str, Any]:
    if measured is None:
        return {"what": what, "ok": None, "why": "there was no table to judge by"}
    return {"what": what, "ok": measured <= objective, "why": f"{measured} s, the objective is {objective} s"}


def _short(drill: Mapping[str, Any]) -> dict[str, Any]:
    judged = (drill.get("details") or {}).get("drill") or {}
    return {
        "drill": drill.get("opened"),
        "outcome": drill.get("outcome"),
        "rto_seconds": judged.get("rto_seconds"),
        "rpo_seconds": judged.get("rpo_seconds"),
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"judge_drill": judge_drill}
