# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stacks: what a deployment does with the resources of a template, and how it looks over time.

An operation on a stack does its work at once and without waiting for states of its resources; its events are spread
over the account's transition time, and the stack is in the state of the last event that has come. The states and
their reasons are those of
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local_aws.accounts import AccountState
from local_aws.inside import BadValue
from local_aws.resources import AlreadyExists, Resource, Site, is_gone, kind_of, token
from local_aws.rules import AwsError, Call
from local_aws.template import Resolver, Template, TemplateError

STACK_TYPE = "AWS::CloudFormation::Stack"
DELETED = "DELETE_COMPLETE"
# What the API shows in the place of a value that an update will only bring:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html (AfterContext)
UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"

_REFUSALS = (AwsError, BadValue, TemplateError)
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
# https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
_HANDLER_ERRORS = (
    ("AlreadyExists", ("AlreadyExists", "AlreadyOwned", "ResourceExists", "ResourceInUse", "ResourceConflict")),
    ("AccessDenied", ("AccessDenied", "Unauthorized")),
    ("NotFound", ("NotFound", "NoSuch")),
    ("Throttling", ("Throttl", "TooManyRequests")),
    ("ServiceLimitExceeded", ("LimitExceeded",)),
    ("InvalidRequest", ("Validation", "Invalid")),
)


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    at: float
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""
    properties: str = ""
    request_token: str = ""
    id: str = field(default_factory=token)


@dataclass(frozen=True)
class Output:
    key: str
    value: str
    description: str = ""
    export: str = ""


@dataclass
class Stack:
    """One stack. `values` are its parameters as text, `resources` stand in the order in which they were made."""

    id: str
    name: str
    template: Template
    values: Mapping[str, str]
    tags: Mapping[str, str]
    created: float
    options: Mapping[str, Any] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    protected: bool = False
    policy: str = ""
    updated: float | None = None

    def last(self, now: float) -> Event:
        """The stack's own last event."""
        own = [event for event in self.events if event.physical_id == self.id and event.at <= now]
        return own[-1]

    def status(self, now: float) -> str:
        return self.last(now).status

    def busy(self, now: float) -> bool:
        return self.status(now).endswith("_IN_PROGRESS") and self.status(now) != "REVIEW_IN_PROGRESS"

    def listed(self, now: float) -> list[Event]:
        """The last event of every resource that the stack has, or had when it was rolled back or deleted."""
        found: dict[str, Event] = {}
        for event in self.events:
            if event.at > now or event.physical_id == self.id:
                continue
            known = found.get(event.logical_id)
            # The old resource goes after the new one has come.
            if known is None or not event.status.startswith("DELETE_") or known.physical_id == event.physical_id:
                found[event.logical_id] = event
        whole = self.status(now).startswith(("DELETE_", "ROLLBACK_"))
        return [event for event in found.values() if whole or event.status != DELETED]


@dataclass(frozen=True)
class Change:
    """What an update would do with one resource."""

    action: str
    logical_id: str
    type: str
    physical_id: str = ""
    properties: tuple[str, ...] = ()
    replacement: bool = False


@contextlib.contextmanager
def _at_once(account: AccountState) -> Iterator[None]:
    """Resources are ready when they are made: only the stack takes its time."""
    seconds = account.settings.transition_seconds
    account.configure({"transition_seconds": 0.0})
    try:
        yield
    finally:
        account.configure({"transition_seconds": seconds})


class Deployment:
    """One operation on a stack: made for one call, used once."""

    def __init__(self, call: Call, stack: Stack, others: Sequence[Stack]) -> None:
        self._call = call
        self._stack = stack
        self._others = others
        self._token = str(call.arguments.get("ClientRequestToken") or "")
        self._now = call.account.now()
        self._notes: list[Event] = []
        self._imports: set[str] = set()
        self._site = Site(call, stack.name, stack.id, stack.tags)
        self._undo: list[tuple[Resource, Callable[[], None]]] = []
        self._replaced: list[Resource] = []

    # The operations.

    def create(self, on_failure: str) -> None:
        """Make every resource. `on_failure`: ROLLBACK removes them again, DELETE the stack too, DO_NOTHING neither."""
        with self._whole():
            self._say("CREATE_IN_PROGRESS", "User Initiated")
            failed = self._make_all()
            if failed is None:
                self._say("CREATE_COMPLETE")
            elif on_failure == "DO_NOTHING":
                self._say("CREATE_FAILED", failed)
            else:
                word = "DELETE" if on_failure == "DELETE" else "ROLLBACK"
                self._say(
                    f"{word}_IN_PROGRESS", f"{failed} {'Delete' if word == 'DELETE' else 'Rollback'} requested by user."
                )
                self._finish(word, self._remove_all(created=True))

    def delete(self, retain: Sequence[str]) -> None:
        """Remove every resource, the last one first. What does not go leaves the stack DELETE_FAILED."""
        with self._whole():
            used = self._exports_in_use(self._stack.outputs, [])
            if used:
                # No failure is told: the stack is what it was, with the reason in an event of its own.
                # https://github.com/rlister/stax/issues/40 https://github.com/USSBA/aws-cft-tools/issues/27
                self._say(self._stack.status(self._now), used)
                return
            self._say("DELETE_IN_PROGRESS", "User Initiated")
            self._finish("DELETE", self._remove_all(retain))

    def update(self, template: Template, values: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Bring the stack to another template, other parameters or tags; what fails is taken back."""
        stack = self._stack
        before = (stack.template, stack.values, stack.tags, list(stack.outputs), set(stack.imports))
        with self._whole():
            self._say("UPDATE_IN_PROGRESS", "User Initiated")
            stack.updated = self._now
            old = dict(stack.resources)
            stack.template, stack.values, stack.tags = template, values, tags
            self._site = Site(self._call, stack.name, stack.id, tags)
            failed = self._make_all(old)
            if failed is None:
                gone = [item for name, item in old.items() if name not in self._wanted()]
                self._say("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
                for resource in reversed([*self._replaced, *gone]):
                    self._remove(resource, "UpdateReplacePolicy" if resource in self._replaced else "DeletionPolicy")
                    if stack.resources.get(resource.logical_id) is resource:
                        del stack.resources[resource.logical_id]
                self._say("UPDATE_COMPLETE")
                return
            self._say("UPDATE_ROLLBACK_IN_PROGRESS", failed)
            stack.template, stack.values, stack.tags, stack.outputs, stack.imports = before
            if self._take_back():
                self._say("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
                self._say("UPDATE_ROLLBACK_COMPLETE")
            else:
                self._say("UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update.")

    def changes(self, template: Template, values: Mapping[str, str], tags: Mapping[str, str]) -> list[Change]:
        """What an update would do, without doing it."""
        stack = self._stack
        known = dict(stack.resources)
        pending: set[str] = set()
        resolver = self._resolver(template, values, known, pending)
        wanted = [name for name in template.order if resolver.wanted(template.resources[name])]
        found = []
        for name in wanted:
            definition = template.resources[name]
            kind, current = str(definition["Type"]), known.get(name)
            if current is None:
                pending.add(name)
                found.append(Change("Add", name, kind))
                continue
            after = resolver.value(definition.get("Properties") or {})
            names = sorted(
                key for key in {*current.properties, *after} if current.properties.get(key) != after.get(key)
            )
            if stack.tags != tags and not names:
                names = ["Tags"]
            if names or kind != current.type:
                other = kind != current.type or kind_of(kind).needs_another(current.properties, after)
                if other:
                    pending.add(name)
                found.append(Change("Modify", name, kind, current.physical_id, tuple(names), other))
        removed = [
            Change("Remove", name, resource.type, resource.physical_id)
            for name, resource in known.items()
            if name not in wanted
        ]
        return [*found, *removed]

    def outputs_of(self, template: Template, values: Mapping[str, str]) -> list[Output]:
        """The outputs that a template would have with the stack's resources as they are."""
        resolver = self._resolver(template, values, self._stack.resources, set())
        return self._outputs(template, resolver)

    # Making.

    def _make_all(self, old: Mapping[str, Resource] | None = None) -> str | None:
        """Make or change what the template wants, then the outputs; the stack's reason when something fails."""
        stack = self._stack
        resolver = self._resolver(stack.template, stack.values, stack.resources, set())
        for name in stack.template.order:
            definition = stack.template.resources[name]
            current = (old or {}).get(name)
            try:
                if not resolver.wanted(definition):
                    continue
                wanted = Resource(
                    name,
                    str(definition["Type"]),
                    resolver.value(definition.get("Properties") or {}),
                    {policy: str(definition[policy]) for policy in _POLICIES if policy in definition},
                )
                if current is None:
                    self._make(wanted)
                else:
                    self._bring(current, wanted)
            except _REFUSALS as error:
                known = stack.resources.get(name)
                word = "CREATE_FAILED" if current is None else "UPDATE_FAILED"
                self._note(name, known.physical_id if known else "", str(definition["Type"]), word, _reason(error))
                return f"The following resource(s) failed to {'create' if old is None else 'update'}: [{name}]."
        try:
            outputs = self._outputs(stack.template, resolver)
        except _REFUSALS as error:
            return _reason(error)
        refused = self._exports_taken(outputs) or self._exports_in_use(stack.outputs, outputs)
        if not refused:
            stack.outputs, stack.imports = outputs, self._imports
        return refused or None

    def _wanted(self) -> set[str]:
        stack = self._stack
        resolver = self._resolver(stack.template, stack.values, stack.resources, set())
        return {name for name, definition in stack.template.resources.items() if resolver.wanted(definition)}

    def _make(self, resource: Resource) -> None:
        kind = kind_of(resource.type)
        self._note_resource(resource, "CREATE_IN_PROGRESS")
        resource.physical_id = kind.create(self._site, resource)
        # It stands last, where it was made, also when it takes the place of another.
        before = self._stack.resources.pop(resource.logical_id, None)
        self._stack.resources[resource.logical_id] = resource
        self._undo.append((resource, lambda: self._unmake(resource, before)))
        self._note_resource(resource, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        kind.change(self._site, resource, {})
        self._note_resource(resource, "CREATE_COMPLETE")

    def _unmake(self, resource: Resource, before: Resource | None) -> None:
        self._remove(resource, "", raising=True)
        del self._stack.resources[resource.logical_id]
        if before is not None:
            self._stack.resources[resource.logical_id] = before

    def _bring(self, current: Resource, wanted: Resource) -> None:
        """Change a resource in place, or put another one into its place."""
        kind = kind_of(wanted.type)
        same_type = wanted.type == current.type
        if same_type and wanted.properties == current.properties:
            current.policies = wanted.policies
        elif same_type and not kind.needs_another(current.properties, wanted.properties):
            self._note_resource(current, "UPDATE_IN_PROGRESS")
            wanted.physical_id, wanted.made = current.physical_id, current.made
            self._stack.resources[wanted.logical_id] = wanted
            self._undo.append((wanted, lambda: self._change_back(current, wanted)))
            kind.change(self._site, wanted, current.properties)
            self._note_resource(wanted, "UPDATE_COMPLETE")
        else:
            name = wanted.get(kind.name) if kind.name else None
            if same_type and name and name == current.get(kind.name):
                raise BadValue(
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                    f"Rename {name} and update the stack again."
                )
            self._note_resource(
                current,
                "UPDATE_IN_PROGRESS",
                "Requested update requires the creation of a new physical resource; hence creating one.",
            )
            self._make(wanted)
            self._replaced.append(current)

    def _change_back(self, former: Resource, present: Resource) -> None:
        self._note_resource(former, "UPDATE_IN_PROGRESS")
        former.attributes = None
        kind_of(former.type).change(self._site, former, present.properties)
        self._stack.resources[former.logical_id] = former
        self._note_resource(former, "UPDATE_COMPLETE")

    def _take_back(self) -> bool:
        """Undo an update, the last step first; whether all of it went back."""
        whole = True
        for resource, undo in reversed(self._undo):
            try:
                undo()
            except _REFUSALS as error:
                self._note_resource(resource, "UPDATE_FAILED", _reason(error))
                whole = False
        return whole

    # Removing.

    def _remove_all(self, retain: Sequence[str] = (), created: bool = False) -> list[str]:
        """Remove the stack's resources, the last one first; the names of those that did not go."""
        failed = []
        for name, resource in reversed(list(self._stack.resources.items())):
            if name in retain:
                self._note_resource(resource, "DELETE_SKIPPED")
            elif not self._remove(resource, "" if created else "DeletionPolicy"):
                failed.append(name)
                continue
            del self._stack.resources[name]
        return failed

    def _remove(self, resource: Resource, policy: str, raising: bool = False) -> bool:
        """Remove a resource, or leave it where its policy says so; whether it is none of the stack's any more.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
        """
        said = resource.policies.get(policy, "Delete")
        if said in ("Retain", "RetainExceptOnCreate"):
            self._note_resource(resource, "DELETE_SKIPPED")
            return True
        self._note_resource(resource, "DELETE_IN_PROGRESS")
        try:
            kind_of(resource.type).delete(self._site, resource)
        except _REFUSALS as error:
            # "A delete handler MUST return FAILED with a NotFound error code if the resource didn't exist" (the
            # contract of the handlers); CloudFormation takes that as deleted.
            if not (isinstance(error, AwsError) and is_gone(error)):
                self._note_resource(resource, "DELETE_FAILED", _reason(error))
                if raising:
                    raise
                return False
        self._note_resource(resource, DELETED)
        return True

    def _finish(self, word: str, failed: Sequence[str]) -> None:
        if failed:
            self._say(f"{word}_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        else:
            self._say(f"{word}_COMPLETE")
            self._stack.outputs, self._stack.imports = [], set()

    # Values.

    def _resolver(
        self, template: Template, values: Mapping[str, str], known: Mapping[str, Resource], pending: set[str]
    ) -> Resolver:
        def resource(name: str) -> Resource | None:
            if name in pending:
                return None
            if name not in known:
                raise TemplateError(
                    f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the "
                    "template"
                )
            return known[name]

        def reference(name: str) -> Any:
            found = resource(name)
            return found.physical_id if found else UNKNOWN

        def attribute(name: str, wanted: str) -> Any:
            found = resource(name)
            return self._attribute(found, wanted) if found else UNKNOWN

        stack = self._stack
        pseudo = {
            "AWS::AccountId": self._call.account.id,
            "AWS::NotificationARNs": list(stack.options.get("NotificationARNs") or []),
            "AWS::Partition": "aws",
            "AWS::Region": self._call.region,
            "AWS::StackId": stack.id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        return Resolver(template, self._looked_up(template, values), pseudo, reference, attribute, self._imported)

    def _looked_up(self, template: Template, values: Mapping[str, str]) -> dict[str, str]:
        """A parameter whose type is an SSM parameter's value is that value.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cloudformation-supplied-parameter-types.html
        """
        found = dict(values)
        for name, said in template.parameters.items():
            if str(said.get("Type")).startswith("AWS::SSM::Parameter::Value"):
                answer = self._call.invoke("ssm", "GetParameter", {"Name": values[name]})
                found[name] = str(answer["Parameter"]["Value"])
        return found

    def _attribute(self, resource: Resource, wanted: str) -> Any:
        if resource.attributes is None:
            resource.attributes = kind_of(resource.type).attributes(self._site, resource)
        if wanted not in resource.attributes:
            short = resource.type.rpartition("::")[2]
            raise TemplateError(
                f"Template error: resource {short} does not support attribute type {wanted} in Fn::GetAtt"
            )
        return resource.attributes[wanted]

    def _imported(self, name: str) -> str:
        for stack in self._others:
            for output in stack.outputs:
                if output.export == name:
                    self._imports.add(name)
                    return output.value
        raise TemplateError(f"No export named {name} found.")

    def _outputs(self, template: Template, resolver: Resolver) -> list[Output]:
        return [
            Output(
                key,
                str(resolver.value(said["Value"])),
                str(said.get("Description") or ""),
                str(resolver.value(said["Export"]["Name"])) if "Export" in said else "",
            )
            for key, said in template.outputs.items()
            if resolver.wanted(said)
        ]

    def _exports_taken(self, outputs: Sequence[Output]) -> str:
        theirs = {output.export: stack.name for stack in self._others for output in stack.outputs if output.export}
        for output in outputs:
            if output.export in theirs:
                return f"Export with name {output.export} is already exported by stack {theirs[output.export]}."
        return ""

    def _exports_in_use(self, before: Sequence[Output], after: Sequence[Output]) -> str:
        """Why an export that another stack imports can neither go nor change.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
        """
        values = {output.export: output.value for output in after}
        for output in before:
            users = [stack.name for stack in self._others if output.export and output.export in stack.imports]
            if users and values.get(output.export) != output.value:
                word = "updated" if output.export in values else "deleted"
                return f"Export {output.export} cannot be {word} as it is in use by {' and '.join(users)}"
        return ""

    # Events.

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """The work of an operation, and then its events over time."""
        # What an operation that is replaced had still to tell will not come: it has been done.
        self._stack.events = [event for event in self._stack.events if event.at <= self._now]
        seconds = self._call.account.settings.transition_seconds
        try:
            with _at_once(self._call.account):
                yield
        finally:
            step = seconds / max(1, len(self._notes) - 1)
            self._stack.events += [replace(note, at=self._now + step * n) for n, note in enumerate(self._notes)]

    def _say(self, status: str, reason: str = "") -> None:
        self._note(self._stack.name, self._stack.id, STACK_TYPE, status, reason)

    def _note_resource(self, resource: Resource, status: str, reason: str = "") -> None:
        shown = json.dumps(resource.properties, default=str)
        self._note(resource.logical_id, resource.physical_id, resource.type, status, reason, shown)

    def _note(
        self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = "", properties: str = ""
    ) -> None:
        self._notes.append(Event(0.0, logical_id, physical_id, kind, status, reason, properties, self._token))


def _reason(error: Exception) -> str:
    """Why a resource failed, as its handler says it.

    https://github.com/aws-solutions/amazon-marketing-cloud-uploader-from-aws/issues/167 shows one.
    """
    if not isinstance(error, AwsError):
        return str(error)
    code = next(
        (name for name, parts in _HANDLER_ERRORS if any(part in error.code for part in parts)),
        "GeneralServiceException",
    )
    text = error.message
    if not isinstance(error, AlreadyExists):
        text = f"{text} ({error.code}, Status Code: {error.status or 400}, Request ID: {token()})"
    return f'Resource handler returned message: "{text}" (RequestToken: {token()}, HandlerErrorCode: {code})'
