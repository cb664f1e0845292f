# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the recovery of a table did, or would do, and how to go on, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: recovery_summary
short_description: What the recovery of a table did and how to go on
version_added: 0.1.0
author: runbook.aws contributors (@runbook-aws)
description:
  - For the role P(runbook.aws.table_recovery#role). Says what is so, what a rehearsal would make so, and with which
    options to go on.
options:
  _input:
    description:
      - C(table), C(restored) (its name), C(origin) (what it was restored from), C(there) (whether it is there) and
        C(rehearsal) (check mode).
      - C(state) is what followed, V(nothing), V(cutover) or V(copy_back). C(ended) is how it ended, V(switched back),
        V(cleaned up), V(closed), or empty; C(undone) what was switched back.
      - C(compared) is a result of M(runbook.aws.dynamodb_compare), C(copied) an C(after) of M(runbook.aws.dynamodb_copy),
        C(given_back) a list of those. Each may be empty.
      - C(users) are names of what is switched, C(switches) is whether this run switches any, C(unique) says what only the
        restored table has.
    type: dict
    required: true
  command:
    description: The command with which to go on, without its last options.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Summary
  ansible.builtin.debug:
    msg: "{{ recovery | runbook.aws.recovery_summary('ansible-playbook playbooks/restore-table.yml') }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""


def recovery_summary(recovery: Mapping[str, Any], command: str) -> list[str]:
    """See DOCUMENTATION."""
    lines = list(_ended(recovery) if recovery["ended"] else _done(recovery))
    if not recovery["rehearsal"]:
        lines += _ways(recovery, command)
    return lines


def _done(recovery: Mapping[str, Any]) -> Iterator[str]:
    table, copied = recovery["table"], recovery["copied"]
    verb = "is" if recovery["there"] else "would be"
    yield f"{table} {verb} restored as {recovery['restored']} from {recovery['origin']}."
    if compared := recovery["compared"]:
        numbers = [compared["source_items"], compared["target_items"]]
        held = "" if None in numbers else f"{numbers[0]} items in {table}, {numbers[1]} in the restored table; "
        yield (
            f"{'Before copying' if copied else 'Compared'}: {held}{compared['missing']} only in {table},"
            f" {compared['extra']} only in the restored table, {compared['differing']} different."
        )
    if recovery["state"] == "cutover":
        verb = "would use" if recovery["rehearsal"] and recovery["switches"] else "uses"
        yield f"The application {verb} the restored table: {', '.join(recovery['users'])}."
    if copied:
        yield _copied(copied, table, recovery["rehearsal"])
    elif recovery["state"] == "copy_back" and not recovery["there"]:
        yield "How many items would be copied can be told when the restored table is there."


def _copied(copied: Mapping[str, Any], table: str, rehearsal: bool) -> str:
    said = ", ".join(f"{copied[kind]} {kind}" for kind in ("created", "overwritten", "deleted"))
    newer = f", {copied['newer']} left because they are newer" if copied["newer"] else ""
    if rehearsal:
        return f"Would be copied into {table}: {said}{newer}."
    told = f"Copied into {table}: {said}{newer}."
    if "export" in copied:
        told += f" With earlier runs: {_items(copied['exported'])}; the way back is {copied['export']}."
    return told


def _ended(recovery: Mapping[str, Any]) -> Iterator[str]:
    table, restored, verb = recovery["table"], recovery["restored"], "would be" if recovery["rehearsal"] else "is"
    if recovery["ended"] == "cleaned up":
        yield f"{restored}, restored from {table}, {verb} removed."
    elif recovery["ended"] == "closed":
        yield f"The recovery of {table} {verb} closed, and everything stays as it is, {restored} too."
        if recovery["state"] == "cutover":
            yield f"The application uses it. {_stack(table)}"
    elif recovery["undone"] == "cutover":
        yield f"The application {'would use' if recovery['rehearsal'] else 'uses'} {table} again."
        yield f"What was written into {restored} stays there. {recovery['unique']}"
    else:
        yield from _given_back(recovery["given_back"], table, recovery["rehearsal"])


def _given_back(given_back: Sequence[Mapping[str, Any]], table: str, rehearsal: bool) -> Iterator[str]:
    kinds = ("overwritten", "created", "deleted", "changed_since")
    number = {kind: sum(one[kind] for one in given_back) for kind in kinds}
    if not any(number.values()):
        yield f"{table}: the copy had written nothing that is still there, so nothing had to be put back."
        return
    put, removed = ("would put", "would remove") if rehearsal else ("put", "removed")
    yield (
        f"{table}: {put} {_items(number['overwritten'] + number['created'])} back as before the copy, and {removed}"
        f" {number['deleted']} that the copy had created."
    )
    if number["changed_since"]:
        yield (
            f"Left, because changed after the copy: {_items(number['changed_since'])}, see the warning."
            " -e table_recovery_switch_back=true -e table_recovery_overwrite_changed=true brings back these too."
        )


def _items(number: int) -> str:
    return f"{number} item{'' if number == 1 else 's'}"


def _stack(table: str) -> str:
    return f"Its stack still names {table}: change it before the next deployment, which would switch back."


def _ways(recovery: Mapping[str, Any], command: str) -> Iterator[str]:
    table, state = recovery["table"], recovery["state"]
    if recovery["ended"] in ("cleaned up", "closed"):
        return
    if state == "cutover":
        yield f"What it writes from now on is in the restored table only. {_stack(table)}"
    yield f"To go on: {command} with one of"
    if state == "nothing":
        yield "  -e table_recovery_then=cutover      the application uses the restored table"
        yield f"  -e table_recovery_then=copy_back    what is different or only in the restored table is copied into {table}"
    else:
        undone = f"the application uses {table} again" if state == "cutover" else "undo the copy"
        yield f"  -e table_recovery_switch_back=true  {undone}"
    if state != "cutover":
        yield "  -e table_recovery_clean_up=true     remove the restored table"
    yield "  -e table_recovery_close=true        keep everything as it is"


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Any]:
        """The filter by name."""
        return {"recovery_summary": recovery_summary}
