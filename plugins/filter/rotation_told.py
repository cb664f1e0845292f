# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a rotation of secrets did, or would do, for people: its summary, its report and what it says when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.runbook.aws.plugins.filter.as_reasons import as_reasons
from ansible_collections.runbook.aws.plugins.filter.as_table import as_table

DOCUMENTATION = r"""
name: rotation_told
short_description: What a rotation of secrets did, for its summary, its report and its errors
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description: For the role P(runbook.aws.secret_rotation#role).
options:
  _input:
    description:
      - C(outcome) in a few words, C(rehearsal) (check mode) and C(command), whose undoing would undo it; empty where nothing
        would. C(went_back) is whether it was put back, and C(why) the reason of that.
      - C(secrets) are names of those that were to be changed, C(rows) what P(runbook.aws.rotation_rows#filter) gives.
      - C(left) was not changed and C(not_back) not put back, each with C(secret) and C(why). C(notes) are sentences for
        the summary.
      - C(consumers) as M(runbook.aws.lambda_settings_info) returns them, C(not_observable) are sentences, C(renewed) the
        names of functions that were started anew.
      - C(probe) is what the application said, with C(ok) and C(why); C(ok) is none where it was not asked. Empty before
        that.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Summary
  ansible.builtin.debug:
    msg: "{{ (rotation | runbook.aws.rotation_told).summary | join('\n') }}"
"""

RETURN = r"""
_value:
  description:
    - C(summary), lines; C(verdicts) and C(sections) as P(runbook.aws.as_report#filter) takes them.
    - C(back), what is to be said of a rotation that was put back, and C(answer), what the application says after one that
      failed and was not put back. Either is a text.
  type: dict
"""

_ELSEWHERE = "may have changed a password elsewhere"
_BY_HAND = "whoever reads it and keeps it has to be started anew by hand"


def rotation_told(rotation: Mapping[str, Any]) -> dict[str, Any]:
    """See DOCUMENTATION."""
    return {
        "summary": list(_summary(rotation)),
        "verdicts": _verdicts(rotation),
        "sections": _sections(rotation),
        "back": " ".join(_back(rotation)),
        "answer": _answer(rotation),
    }


def _summary(rotation: Mapping[str, Any]) -> Iterator[str]:
    yield rotation["outcome"] + (" (this would be done)" if rotation["rehearsal"] else "")
    if rotation["rows"]:
        yield from as_table(rotation["rows"], ["target", "before", "after"])
    yield f"Started anew: {_renewed(rotation)}"
    if rotation["left"]:
        yield from ("Not changed:", *as_reasons(rotation["left"]))
    yield from rotation["notes"]
    if rotation["probe"]:
        yield f"The application: {rotation['probe']['why']}"
    if unused := _unused(rotation):
        yield f"No function was found that uses {', '.join(unused)}; {_BY_HAND}."
    if rotation["rows"] and not rotation["rehearsal"] and (undo := _undo(rotation)):
        yield f"Undo: {undo}"


def _verdicts(rotation: Mapping[str, Any]) -> list[dict[str, Any]]:
    probe = rotation["probe"] or {"ok": None, "why": "it was not asked"}
    made = {
        "what": "Every secret that should has another version",
        "ok": not rotation["left"],
        "why": "; ".join(as_reasons(rotation["left"])) or "read again after the change",
    }
    back = {"what": "The new versions stay", "ok": False, "why": f"they were put back: {rotation['why']}"}
    return [
        back if rotation["went_back"] else made,
        {
            "what": "Every function that was found to use one was started anew",
            "ok": True if rotation["renewed"] else None,
            "why": _renewed(rotation),
        },
        {"what": "The application answers", "ok": probe["ok"], "why": probe["why"]},
    ]


def _sections(rotation: Mapping[str, Any]) -> list[dict[str, Any]]:
    unused = (f"{name}: no function was found that uses it; {_BY_HAND}" for name in _unused(rotation))
    return [
        {"title": "Versions", "rows": rotation["rows"], "columns": ["target", "before", "after"]},
        {"title": "Not changed, and why", "rows": rotation["left"], "columns": ["secret", "why"]},
        {
            "title": "Who uses them",
            "rows": rotation["consumers"],
            "columns": ["secret", "function", "found_by", "qualifiers"],
        },
        {"title": "Not observable", "list": [*rotation["not_observable"], *unused]},
        {"title": "How to undo", "text": _undo(rotation)},
    ]


def _undo(rotation: Mapping[str, Any]) -> str:
    """How to undo it, or nothing where it was put back or is an undoing itself."""
    undoable = rotation["command"] and not rotation["went_back"]
    return f"{rotation['command']} -e secret_rotation_switch_back=true" if undoable else ""


def _back(rotation: Mapping[str, Any]) -> Iterator[str]:
    probe = rotation["probe"] or {"ok": None}
    answers = {None: "was not asked", True: "answers"}.get(probe["ok"]) or (
        f"does not answer: {probe['why']}. A rotation function {_ELSEWHERE}, which does not come back with the version"
    )
    back = "Not every previous version is back" if rotation["not_back"] else "The previous versions are back"
    yield f"{back}, the functions that use them were started anew, and the application {answers}."
    for rows, said in ((rotation["left"], "Not changed before"), (rotation["not_back"], "Not put back")):
        if rows:
            yield f"{said}: {'; '.join(as_reasons(rows))}."
    yield "Mend the cause and run the same command again."


def _answer(rotation: Mapping[str, Any]) -> str:
    probe = rotation["probe"]
    if rotation["rehearsal"] or not probe or probe["ok"] is None:
        return ""
    if probe["ok"]:
        return "The application answers."
    return (
        f"The application does not answer: {probe['why']}. The rotation function {_ELSEWHERE} before it failed. Mend the"
        " cause of that and run the same command again with -e secret_rotation_probe_first=false: it tries the same value"
        " again."
    )


def _renewed(rotation: Mapping[str, Any]) -> str:
    if not rotation["rows"]:
        none = "none, because no secret was changed"
    elif rotation["consumers"]:
        none = "none, because those that use it are versions that nothing points to"
    else:
        none = "no function was found that uses it"
    return ", ".join(rotation["renewed"]) or none


def _unused(rotation: Mapping[str, Any]) -> list[str]:
    used = {consumer["secret"] for consumer in rotation["consumers"]}
    return [name for name in rotation["secrets"] if name not in used]


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"rotation_told": rotation_told}
