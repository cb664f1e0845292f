# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Values that describe a change before it is made.

Nothing here does I/O or knows Ansible or boto: a module's planning is a pure function from what is there and what is
wanted to a `Plan`, and the same `Plan` gives check mode, the diff and the calls that are made, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


class Refused(Exception):
    """A wish that must not be carried out. The message names the target, the reason and the way out.

    Attributes:
        fields: What the target's result tells beside the message, for example a report of what is missing.
    """

    def __init__(self, message: str, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.fields: Mapping[str, Any] = fields or {}


@dataclass(frozen=True)
class Target:
    """One element of a module's list option.

    Attributes:
        name: How the operator knows it, for example a function or table name. Unique in one task.
        desired: What the operator asked for, as the module's own value.
    """

    name: str
    desired: Any = None


@dataclass(frozen=True)
class Settle:
    """What to wait for after a call.

    Attributes:
        waiter: A name in `_waiters.WAITERS`.
        arguments: Arguments of the operation that the waiter polls.
        until: A condition (JMESPath) on the answer that must hold as well, if reaching the state is not all.
        taken: As in `Call`.
    """

    waiter: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    until: str = ""
    taken: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One AWS API call as data.

    Attributes:
        service: boto3's service name, for example `lambda`.
        operation: The API's own name, for example `PutFunctionConcurrency`.
        arguments: Arguments of the operation, in AWS's own words.
        settle: What to wait for before the target's next call, if the operation only starts something.
        stage: Every call of a stage, over all targets of the task, is done and settled before a call of a later stage
            is sent. So capacity is given back by one target before it is taken by another.
        learns: What only AWS's answer can tell, JMESPath by name: `CreateBackup` learns `arn`. The target's result has
            it in `after`, by the same name, unless that begins with an underscore: then it is for later calls alone.
        taken: Arguments that are what an earlier call of the same target learned: that name by argument.
        despite: Code of an error. Where an earlier call of the same stage has failed with it, this one is made all the
            same: it takes back what that one has done for its own time only.
    """

    service: str
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    settle: Settle | None = None
    stage: int = 0
    learns: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    despite: str = ""

    def given(self, learned: Mapping[str, Any]) -> Call:
        """The call with the arguments that earlier ones have learned."""
        settle = self.settle
        if settle and settle.taken:
            settle = replace(settle, arguments=_completed(settle.arguments, settle.taken, learned), taken={})
        return replace(self, arguments=_completed(self.arguments, self.taken, learned), settle=settle, taken={})

    @property
    def action(self) -> str:
        """The call as `service:Operation`, as it is shown to the operator."""
        return f"{self.service}:{self.operation}"

    @property
    def writes(self) -> bool:
        """Whether it changes anything; a plan may read once more to have something to wait for."""
        return not self.operation.startswith(("Get", "Describe", "List"))


def _completed(arguments: Mapping[str, Any], taken: Mapping[str, str], learned: Mapping[str, Any]) -> dict[str, Any]:
    # What was not in the answer leaves its argument out, and AWS or botocore says that it is missing.
    return {**arguments, **{argument: learned[name] for argument, name in taken.items() if name in learned}}


@dataclass(frozen=True)
class Plan:
    """What must happen to one target.

    Attributes:
        before: The state that was found, as a valid element of the module's own list option, so that giving it back to
            the module undoes the change.
        after: The state that the calls lead to, in the same shape.
        calls: The calls, in the order in which they are made.
        notes: Sentences that the operator should read, for example that another setting owns the number asked for.
        fields: What the target's result tells beside all that, also in check mode.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    calls: tuple[Call, ...] = ()
    notes: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def changed(self) -> bool:
        """Whether anything has to be written."""
        return any(call.writes for call in self.calls)

    def diff(self, target: str) -> dict[str, Any]:
        """The change as Ansible's `--diff` shows it."""
        return {
            "before": dict(self.before),
            "after": dict(self.after),
            "before_header": target,
            "after_header": target,
        }


@dataclass(frozen=True)
class Outcome:
    """What became of one target.

    Attributes:
        target: The target.
        plan: The plan, or none if the target could not be read or planned.
        done: The calls that AWS accepted.
        error: What went wrong, or none.
        learned: What the calls learned, by name.
        fields: What confirming it found, as fields of the target's result.
    """

    target: Target
    plan: Plan | None = None
    done: tuple[Call, ...] = ()
    error: Exception | None = None
    learned: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
