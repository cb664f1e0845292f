# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The edge where Ansible, boto3 and the engine meet, and the only place that knows all three.

A module supplies `fetch` (reads), `plan` (pure) and an argument spec; see `plugins/modules/lambda_concurrency.py`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.runbook.aws.plugins.module_utils._aws import Aws
from ansible_collections.runbook.aws.plugins.module_utils._engine import Unsettled, gather, reconcile
from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._holder import Run, run_of
from ansible_collections.runbook.aws.plugins.module_utils._pace import Pace
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Outcome, Plan, Refused, Target

# botocore brings it; AnsibleAWSModule reports a missing botocore.
with suppress(ImportError):
    import jmespath

# Options of every module of the collection, documented in `doc_fragments/ops.py`.
COMMON_SPEC: dict[str, Any] = {
    "workers": {"type": "int", "default": 32},
    "request_rates": {"type": "dict", "default": {}},
}
WAIT_SPEC: dict[str, Any] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    "partial": {"type": "bool", "default": False},
}

GUARD = (AwsError, Refused, Unsettled)

# The main process of the run, where the module runs in its worker (`plugin_utils/_in_process.py`): that one may have
# been killed before the module begins, and nothing above the worker tells of it then. 0: in a process of its own.
CONTROLLER = 0


class OpsModule(AnsibleAWSModule):
    """An Ansible module that works on many targets of one AWS account and region at the same time.

    Args:
        argument_spec: The module's own options; connection options and the common ones are added.
        writes: Whether the module changes anything, so that it takes the waiting options too.
        **kwargs: As for `AnsibleModule`.
    """

    def __init__(self, argument_spec: Mapping[str, Any], *, writes: bool = True, **kwargs: Any) -> None:
        spec = {**COMMON_SPEC, **(WAIT_SPEC if writes else {}), **argument_spec}
        super().__init__(argument_spec=spec, supports_check_mode=True, **kwargs)
        self._run = Run(CONTROLLER, os.getpid()) if CONTROLLER not in (0, os.getpid()) else run_of(os.getpid())
        for option, least in (("workers", 1), ("wait_timeout", 1)):
            if self.params.get(option, least) < least:
                self.fail_json(msg=f"{option} is {self.params[option]}: give {least} or more.")

    def fail_json(self, *args: Any, **kwargs: Any) -> NoReturn:
        """End the module with an error."""
        leave: Callable[..., NoReturn] = super().fail_json
        leave(*args, **kwargs)

    def exit_json(self, *args: Any, **kwargs: Any) -> NoReturn:
        """End the module with its result."""
        leave: Callable[..., NoReturn] = super().exit_json
        leave(*args, **kwargs)

    def warn(self, warning: str) -> None:
        """Show a warning. amazon.aws would also pass it to `exit_json`, which ansible-core 2.19 calls deprecated."""
        self._module.warn(warning)

    def hide(self, values: Iterable[str]) -> None:
        """Keep these texts out of everything that the module says, as Ansible does with a `no_log` option."""
        self._module.no_log_values.update(value for value in values if value)

    def aws(self, *services: str) -> Aws:
        """A way to AWS.

        Args:
            *services: boto3 services that are surely needed. Their clients are made here, in the main thread, where a
                bad profile or region can be reported; any other client is made when it is first needed.
        """
        settings = {
            "retries": {"mode": "standard", "total_max_attempts": 4},
            "max_pool_connections": self.params["workers"],
            "connect_timeout": 10,
        }
        try:
            pace = Pace({family: float(rate) for family, rate in self.params["request_rates"].items()})
        except (TypeError, ValueError):
            self.fail_json(msg="request_rates takes calls a second by API family, for example {'lambda': 30}.")
        aws = Aws(
            lambda service: self.client(service, aws_config=settings),
            pace,
            self.params.get("wait_timeout", 600),
            before_attempt=self._still_wanted,
        )
        for service in services:
            aws.client(service)
        return aws

    def run(
        self,
        aws: Aws,
        targets: Sequence[Target],
        fetch: Callable[[Target], Any],
        plan: Callable[[Target, Any, Any], Plan],
        *,
        survey: Callable[[], Any] | None = None,
        review: Callable[[Mapping[str, Plan], Any], Mapping[str, str]] | None = None,
        confirm: Callable[[Target, Plan, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> NoReturn:
        """Reconcile the targets and leave the module with the result, see `_engine.reconcile`."""
        self._refuse_doubles(targets)
        outcomes = reconcile(
            targets,
            fetch=fetch,
            plan=plan,
            call=lambda _target, call: _make(aws, call),
            settled=lambda _target, call: call.settle is None or aws.settled(call.settle),
            survey=survey,
            review=review,
            confirm=confirm,
            check_mode=self.check_mode,
            partial=self.params["partial"],
            workers=self.params["workers"],
            guard=GUARD,
            wait_last=self.params["wait"],
            timeout=self.params["wait_timeout"],
        )
        for note in dict.fromkeys(note for o in outcomes if o.plan for note in o.plan.notes):
            self.warn(note)
        result: dict[str, Any] = {
            "changed": any(_changed(outcome, self.check_mode) for outcome in outcomes),
            "results": [_result(outcome, self.check_mode) for outcome in outcomes],
        }
        # Ansible shows a diff that is there, also of a task that says `diff: false`.
        if self._diff:
            result["diff"] = [o.plan.diff(o.target.name) for o in outcomes if o.plan and o.plan.changed]
        failed = [outcome for outcome in outcomes if outcome.error]
        if failed:
            self.fail_json(msg=_failure(failed, outcomes), **result)
        self.exit_json(**result)

    def report(
        self,
        targets: Sequence[Target],
        fetch: Callable[[Target], Mapping[str, Any]],
        *,
        complete: Callable[[list[dict[str, Any]]], None] | None = None,
        **also: Any,
    ) -> NoReturn:
        """Read the targets and leave a read-only module with what was found.

        Args:
            targets: What to read.
            fetch: The state of one target, as a result's fields.
            complete: Adds to the results that could be read what is cheaper to read for all of them at once.
            **also: Fields of the result beside `results`.
        """
        self._refuse_doubles(targets)
        states = gather(fetch, targets, self.params["workers"], GUARD)
        results: list[dict[str, Any]] = [
            {"target": target.name, "error": str(state), "error_code": getattr(state, "code", None)}
            if isinstance(state, Exception)
            else {"target": target.name, "error": None, "error_code": None, **state}
            for target, state in zip(targets, states, strict=True)
        ]
        errors = [(result["target"], result["error"]) for result in results if result["error"]]
        if complete and len(errors) < len(results):
            try:
                complete([result for result in results if not result["error"]])
            except GUARD as error:
                errors.append(("", str(error)))
        if errors:
            self.fail_json(
                msg=_listing(f"{len(errors)} of {len(targets)} could not be read", errors), results=results, **also
            )
        self.exit_json(changed=False, results=results, **also)

    def _still_wanted(self, service: str, operation: str) -> None:
        # A run that was killed has lost its lock to the next one, so what is left of it must not go on writing.
        if Call(service, operation).writes and self._run and not self._run.is_alive:
            raise AwsError(f"The run was ended from outside, so {service}:{operation} was not sent.", "RunEnded")

    def _refuse_doubles(self, targets: Sequence[Target]) -> None:
        doubles = sorted(name for name, times in Counter(target.name for target in targets).items() if times > 1)
        if doubles:
            self.fail_json(
                msg=f"Named more than once: {', '.join(doubles)}. Put what you want of each into one element."
            )


def _make(aws: Aws, call: Call) -> dict[str, Any]:
    answer = aws.call(call.service, call.operation, **call.arguments)
    return {name: jmespath.search(path, answer) for name, path in call.learns.items()}


def _changed(outcome: Outcome, check_mode: bool) -> bool:
    if check_mode:
        return outcome.plan is not None and outcome.plan.changed
    return any(call.writes for call in outcome.done)


def _result(outcome: Outcome, check_mode: bool) -> dict[str, Any]:
    plan = outcome.plan
    calls = plan.calls if plan and check_mode else outcome.done
    learned = {name: value for name, value in outcome.learned.items() if not name.startswith("_")}
    return {
        "target": outcome.target.name,
        "changed": _changed(outcome, check_mode),
        "before": dict(plan.before) if plan else None,
        # What a target looks like after a failure is not known without reading it again, so it is not claimed.
        "after": {**plan.after, **learned} if plan and not outcome.error else None,
        "calls": [call.action for call in calls],
        "error": str(outcome.error) if outcome.error else None,
        "error_code": getattr(outcome.error, "code", None),
        **(plan.fields if plan else {}),
        **outcome.fields,
        **getattr(outcome.error, "fields", {}),
    }


def _failure(failed: Sequence[Outcome], outcomes: Sequence[Outcome]) -> str:
    done = [outcome for outcome in outcomes if outcome.done]
    written = (
        f"{len(done)} of {len(outcomes)} were changed (see results); the same task run again goes on"
        if done
        else "nothing was written"
    )
    return _listing(
        f"{len(failed)} of {len(outcomes)} failed, {written}", [(o.target.name, str(o.error)) for o in failed]
    )


def _listing(headline: str, errors: Sequence[tuple[str, str]], most: int = 20) -> str:
    """A headline and a line for each error, with all the targets that it is about."""
    targets: dict[str, list[str]] = {}
    for target, error in errors:
        targets.setdefault(error, []).append(target)
    lines = [
        # An error about one target often begins with its name already.
        f"- {error}" if error.startswith(names[0]) else f"- {', '.join(names)}: {error}"
        for error, names in targets.items()
    ]
    more = [f"… and {len(lines) - most} more, see results"] if len(lines) > most else []
    return "\n".join([f"{headline}:", *lines[:most], *more])
