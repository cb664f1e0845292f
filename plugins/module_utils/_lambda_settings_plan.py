# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How Lambda functions, and their aliases, get from the settings that are there to those that are asked for. Pure.

A change goes through $LATEST: "You can't modify the configuration of a published version, only the unpublished version"
(botocore, UpdateFunctionConfiguration). So callers of an alias see it only when it was published and the alias was moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._hidden import told_by
from ansible_collections.runbook.aws.plugins.module_utils._lambda_environment import (
    REFRESH,
    check_size,
    looks_secret,
    variables_of,
)
from ansible_collections.runbook.aws.plugins.module_utils._lambda_settings import (
    FIELDS,
    LATEST,
    Account,
    State,
    Wish,
    comparable,
    differences,
)
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call, Plan, Refused, Settle, Target

# What `after` and the diff say of a version that is not there yet.
TO_BE_PUBLISHED = "to be published"

# botocore, UpdateFunctionConfiguration, Timeout: "the maximum allowed value is 900 seconds";
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: "between 128 MB and 10,240 MB". Functions on
# Lambda Managed Instances (CapacityProviderConfig) have other limits, which AWS checks.
_RANGES = {"memory_size": (128, 10_240, "MB"), "timeout": (1, 900, "seconds")}


@dataclass(frozen=True)
class SettingsPlan(Plan):
    """A plan that knows what to look for afterwards.

    Attributes:
        expected: What $LATEST, and the version that is published, must be then (see `comparable`).
        moves: Where each alias that moves goes, a version or `TO_BE_PUBLISHED`.
        publishes: Whether a version is published.
        secrets: The secret variables that change.
    """

    expected: Mapping[str, Any] = field(default_factory=dict, repr=False)
    moves: Mapping[str, str] = field(default_factory=dict)
    publishes: bool = False
    secrets: tuple[str, ...] = ()

    def diff(self, target: str) -> dict[str, Any]:
        """The change; of a secret variable only that it changes."""
        shown = super().diff(target)
        if self.secrets:
            shown["before"]["secret_environment"] = dict.fromkeys(self.secrets, "(hidden, former)")
            shown["after"]["secret_environment"] = dict.fromkeys(self.secrets, "(hidden, new)")
        return shown


def plan_settings(target: Target, state: State, account: Account) -> SettingsPlan:
    """How one function, and its aliases, get from what is there to what is asked.

    Raises:
        Refused: AWS would refuse it, or it would change more than was asked.
        AwsError: Its environment cannot be read.
    """
    return _Planner(target.name, target.desired, state, account).plan()


class _Planner:
    """One function's plan. What its parts have in common is worked out once."""

    def __init__(self, name: str, wish: Wish, state: State, account: Account) -> None:
        self._name, self._wish, self._state, self._account = name, wish, state, account
        self._named = {"FunctionName": wish.function}
        self._there = variables_of(state.latest) if wish.names or wish.publish else {}
        self._now = comparable(state.latest)
        self._expected = self._applied(self._now)
        self._changes = self._update_arguments()
        self._former = self._aliases_now()
        # Where each alias that moves goes.
        self._moves: dict[str, str] = {}
        self._publishes = False
        if wish.publish:
            self._choose_version()
        else:
            self._moves = {alias: to for alias, to in wish.versions.items() if self._former[alias] != to}
        for alias in self._moves:
            self._check_move(alias)

    def plan(self) -> SettingsPlan:
        before, after = self._shapes()
        latest, moves = self._latest_calls(), tuple(self._move_call(alias) for alias in self._moves)
        calls = (
            # Going back, the alias goes first: that is what its callers notice at once.
            *((*moves, *latest) if self._wish.versions else (*latest, *self._publish_calls(bool(latest)), *moves)),
            *self._waits(),
        )
        changed = any(call.writes for call in calls)
        return SettingsPlan(
            before,
            after,
            calls,
            tuple(self._notes()) if changed else (),
            expected=self._expected,
            moves=self._moves,
            publishes=self._publishes,
            secrets=tuple(name for name in sorted(self._wish.secret) if self._sets(name)),
        )

    # --- $LATEST

    def _applied(self, version: Mapping[str, Any]) -> dict[str, Any]:
        """A version with the wish on top of it."""
        wish = self._wish
        kept = {name: value for name, value in version["Environment"].items() if name not in wish.absent}
        return {
            **version,
            **{FIELDS[name]: value for name, value in wish.settings.items()},
            "Environment": {**kept, **wish.environment, **wish.secret},
        }

    def _sets(self, name: str) -> bool:
        """Whether a variable becomes another than it is."""
        return self._there.get(name) != self._expected["Environment"].get(name)

    def _update_arguments(self) -> dict[str, Any]:
        """What UpdateFunctionConfiguration has to be told: only what changes."""
        latest, wish = self._state.latest, self._wish
        self._check_settings()
        # An update that failed is asked for again, whatever the settings look like.
        failed = latest.get("LastUpdateStatus") == "Failed"
        changes: dict[str, Any] = {
            FIELDS[name]: value
            for name, value in wish.settings.items()
            if failed or value != self._now.get(FIELDS[name])
        }
        environment = self._expected["Environment"]
        if wish.names and (failed or environment != self._there):
            check_size(self._name, environment)
            changes["Environment"] = {"Variables": environment}
        if failed and wish.publish and not changes:
            raise Refused(
                f"{self._name}: its last update failed ({_reason(latest.get('LastUpdateStatusReason'))}), so there is"
                " nothing sound to publish. Mend that first."
            )
        if changes and latest.get("LastUpdateStatus") == "InProgress":
            raise Refused(
                f"{self._name}: it is being updated by somebody else right now, and a change would be lost. Run the"
                " same task again when that is done."
            )
        return changes

    def _check_settings(self) -> None:
        latest, wish = self._state.latest, self._wish
        if "CapacityProviderConfig" not in latest:
            for name, (least, most, unit) in _RANGES.items():
                value = wish.settings.get(name)
                if value is not None and not least <= value <= most:
                    raise Refused(f"{self._name}: {name} is {value}. Give {least} to {most} {unit}.")
        if wish.runtime is None or wish.runtime == latest.get("Runtime"):
            return
        if latest.get("PackageType") == "Image":
            raise Refused(
                f"{self._name}: it is deployed as a container image, which brings its own runtime. Deploy another one."
            )
        if self._account.runtimes and wish.runtime not in self._account.runtimes:
            family = _family(wish.runtime)
            known = sorted(runtime for runtime in self._account.runtimes if _family(runtime) == family)
            raise Refused(
                f"{self._name}: the runtime {wish.runtime} is not known to the installed botocore"
                + (f", which knows {', '.join(known)}" if known else "")
                + ". Check its name; for one that is newer, update boto3."
            )
        if _family(wish.runtime) != _family(str(latest.get("Runtime"))):
            raise Refused(
                f"{self._name}: its code is made for {latest.get('Runtime')} and cannot run on {wish.runtime}. Deploy"
                " the code that can."
            )

    def _latest_calls(self) -> tuple[Call, ...]:
        updated = Settle("function_updated", self._named)
        if self._changes:
            arguments = {**self._named, **self._changes, "RevisionId": self._state.latest.get("RevisionId")}
            return (Call("lambda", "UpdateFunctionConfiguration", arguments, updated),)
        wish = self._wish
        if self._state.latest.get("LastUpdateStatus") == "InProgress" and (wish.names or wish.settings or wish.publish):
            # Begun by a run that did not wait or was killed: only to be waited for.
            return (Call("lambda", "GetFunction", self._named, updated),)
        return ()

    # --- versions and aliases

    def _aliases_now(self) -> dict[str, str]:
        """The version of each alias that is asked for."""
        there = self._state.aliases
        missing = [alias for alias in self._wish.aliases if alias not in there]
        if missing:
            known = f"It has {', '.join(sorted(there))}." if there else "It has none."
            raise Refused(f"{self._name}: it has no alias {', '.join(missing)}. {known}")
        return {alias: str(there[alias]["FunctionVersion"]) for alias in self._wish.aliases}

    def _choose_version(self) -> None:
        """Publish only what no named alias runs yet; then all of them run the same version."""
        runs = self._former.values() if self._former else [self._state.newest] if self._state.newest else []
        same = [version for version in runs if version != LATEST and self._version(version) == self._expected]
        self._publishes = not same
        to = max(same, key=int) if same else TO_BE_PUBLISHED
        self._moves = {alias: to for alias, version in self._former.items() if version not in same}
        if self._wish.include_unpublished:
            return
        if others := self._unpublished():
            raise Refused(
                f"{self._name}: $LATEST differs from version {', '.join(sorted(set(self._former.values())))} in more"
                f" than this task changes: {', '.join(others)}. Somebody changed it without publishing, and publishing"
                " would bring that to the callers of"
                f" {', '.join(self._moves)}. Deploy it first, or say include_unpublished: true."
            )

    def _unpublished(self) -> list[str]:
        """What publishing would bring to an alias's callers besides what was asked for."""
        found: list[str] = []
        for alias in self._moves:
            if self._former[alias] != LATEST:
                found += differences(self._applied(self._version(self._former[alias])), self._expected)
        # A stamp means nothing to the function.
        return sorted(set(found) - {REFRESH})

    def _version(self, number: str) -> dict[str, Any]:
        configuration = self._state.versions.get(number)
        if configuration is None:
            raise Refused(f"{self._name}: it has no version {number}. Look at its versions and aliases, and run again.")
        variables_of(configuration)
        return comparable(configuration)

    def _weights(self, alias: str) -> dict[str, float]:
        routing = self._state.aliases[alias].get("RoutingConfig") or {}
        return dict(routing.get("AdditionalVersionWeights") or {})

    def _check_move(self, alias: str) -> None:
        to, weights = self._moves[alias], self._weights(alias)
        if weights and weights != {to: 1.0}:
            shares = ", ".join(f"{share:.0%} to version {version}" for version, share in sorted(weights.items()))
            raise Refused(
                f"{self._name}: the alias {alias} splits its calls ({shares}): a gradual deployment, or provisioned"
                " environments that AWS is preparing. Wait for it, or end it, before the alias is moved."
            )
        if to in (TO_BE_PUBLISHED, LATEST):
            return
        configuration = self._state.versions.get(to)
        if configuration is None:
            raise Refused(
                f"{self._name}: it has no version {to} that {alias} could point to; it may have been deleted. Publish"
                " anew, or name another version."
            )
        if configuration.get("State") == "Failed":
            raise Refused(
                f"{self._name}: version {to} cannot run ({_reason(configuration.get('StateReason'))})."
                " Name another version."
            )

    def _publish_calls(self, updates: bool) -> tuple[Call, ...]:
        if not self._publishes:
            return ()
        latest = self._state.latest
        version = "alias_version" if self._wish.aliases else "version"
        # What somebody else changes in between is not published. The moment between the end of this task's own update
        # and the reading of its revision remains, for settings: `confirm_settings` finds that.
        arguments = {**self._named, "CodeSha256": latest["CodeSha256"]}
        active = Settle("version_active", self._named, taken={"Qualifier": version})
        publish = Call("lambda", "PublishVersion", arguments, active, learns={version: "Version"})
        if not updates:
            return (replace(publish, arguments={**arguments, "RevisionId": latest.get("RevisionId")}),)
        # The revision id is another one when an update is done than in the answer to it: so LocalStack recorded on AWS
        # (tests/aws/services/lambda_/test_lambda_api.py, TestLambdaRevisions).
        revision = Call("lambda", "GetFunction", self._named, learns={"_revision": "Configuration.RevisionId"})
        return (revision, replace(publish, taken={"RevisionId": "_revision"}))

    def _move_call(self, alias: str) -> Call:
        to = self._moves[alias]
        arguments = {**self._named, "Name": alias, "RevisionId": self._state.aliases[alias].get("RevisionId")}
        if self._weights(alias):
            arguments["RoutingConfig"] = {"AdditionalVersionWeights": {}}
        if to == TO_BE_PUBLISHED:
            return Call("lambda", "UpdateAlias", arguments, taken={"FunctionVersion": "alias_version"})
        return Call("lambda", "UpdateAlias", {**arguments, "FunctionVersion": to})

    def _waits(self) -> Iterable[Call]:
        """For provisioned environments of the aliases, which are prepared anew on the version that they point to.

        "If you change the version that an alias points to, Lambda deallocates the provisioned concurrency from the old
        version and allocates it to the new version" (Lambda developer guide, Managing provisioned concurrency); until
        then AWS sends all calls to the old one: https://github.com/hashicorp/terraform-provider-aws/pull/48116
        """
        for alias in self._wish.aliases:
            config = self._state.provisioned.get(alias)
            if config is None:
                continue
            # One that an earlier run moved is on its way as long as AWS keeps its calls elsewhere.
            if alias not in self._moves and (config.status == "READY" or not self._weights(alias)):
                continue
            if alias not in self._moves and config.status == "FAILED":
                raise Refused(
                    f"{self._name}: the provisioned environments of {alias} could not be prepared on version"
                    f" {self._former[alias]} ({_reason(config.reason)}), so its calls still go to"
                    f" version {', '.join(self._weights(alias))}. Go back with alias_version, or mend the function."
                )
            of_alias = {**self._named, "Qualifier": alias}
            ready = Settle("provisioned_concurrency_ready", of_alias)
            yield Call("lambda", "GetProvisionedConcurrencyConfig", of_alias, ready)
            named = {**self._named, "Name": alias}
            yield Call("lambda", "GetAlias", named, Settle("alias_moved", named))

    # --- what is told

    def _shapes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The state before and after, as elements of the module's option."""
        wish, latest = self._wish, self._state.latest
        before: dict[str, Any] = {"name": self._name}
        after: dict[str, Any] = {"name": self._name}
        told = {name: self._there[name] for name in wish.names if self._tells(name)}
        for shape, variables, absent in (
            (before, told, [name for name in wish.names if name not in self._there]),
            (after, dict(wish.environment), list(wish.absent)),
        ):
            shape.update({"environment": variables} if variables else {})
            shape.update({"environment_absent": absent} if absent else {})
        for name, value in wish.settings.items():
            before[name], after[name] = latest.get(FIELDS[name]), value
        if wish.aliases:
            before |= {"alias": list(wish.aliases), "alias_version": _common(self._former)}
            after |= {"alias": list(wish.aliases), "alias_version": _common({**self._former, **self._moves})}
        return before, after

    def _tells(self, name: str) -> bool:
        """Whether the value that a variable has now may be told."""
        return name in self._there and name not in self._wish.secret and not looks_secret(name, self._there[name])

    def _notes(self) -> Iterable[str]:
        """What the operator should know besides what changes."""
        yield from self._lost_values()
        # Going back, the others were left behind before.
        if (self._changes or self._publishes) and not self._wish.versions:
            yield from self._left_behind()
        if self._wish.include_unpublished and (others := self._unpublished()):
            yield f"{self._name}: publishing brings along what else was changed in $LATEST: {', '.join(others)}."
        for alias, to in self._moves.items():
            config = self._state.provisioned.get(alias)
            if config:
                yield (
                    f"{self._name}: AWS prepares the {config.requested} provisioned environments of {alias} anew; until"
                    f" they are ready, all calls go to version {self._former[alias]}."
                )
            version = self._state.versions.get(to)
            if version and version.get("State") == "Inactive":
                # "When you try to invoke a function that is inactive, the invocation fails and Lambda sets the function
                # to pending state": https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
                yield (
                    f"{self._name}: version {to} has not been called for weeks and is Inactive: its first calls fail,"
                    " until AWS has made it ready."
                )
        yield from self._layers()

    def _lost_values(self) -> Iterable[str]:
        lost = [name for name in self._wish.names if name in self._there and self._sets(name) and not self._tells(name)]
        if lost:
            back = (
                "The way back is the version that the alias had (alias_version)."
                if self._moves
                else "Keep what you need to go back."
            )
            yield f"{self._name}: former values of {', '.join(lost)} are not told, so before does not have them. {back}"

    def _left_behind(self) -> Iterable[str]:
        """Who goes on calling a version without the change: only $LATEST is ever changed."""
        current = self._current()
        behind = [
            _with(alias, [f"version {item['FunctionVersion']}", *self._uses(alias)])
            for alias, item in sorted(self._state.aliases.items())
            if alias not in self._moves and str(item["FunctionVersion"]) not in (LATEST, *current)
        ]
        behind += [
            _with(f"version {qualifier}", self._uses(qualifier))
            for qualifier in self._qualifiers()
            if qualifier.isdigit() and qualifier not in current
        ]
        if behind:
            yield f"{self._name}: {', '.join(behind)} keep what they have." + (
                "" if self._wish.publish else " Say publish, and name the alias, to reach those who call it."
            )
        if self._account.unobservable:
            yield self._account.unobservable

    def _current(self) -> set[str]:
        """Versions that have what is asked for already."""
        if not self._wish.publish or self._publishes:
            return set()
        return {version for version in self._state.versions if self._version(version) == self._expected}

    def _qualifiers(self) -> list[str]:
        """Versions and aliases that something besides a plain call depends on."""
        called = {qualifier for name, qualifier in self._account.sources or () if name == self._name}
        return sorted(called | self._state.provisioned.keys())

    def _uses(self, qualifier: str) -> list[str]:
        uses = [f"called by {source}" for source in (self._account.sources or {}).get((self._name, qualifier), ())]
        config = self._state.provisioned.get(qualifier)
        return [*uses, f"{config.requested} provisioned environments"] if config else uses

    def _layers(self) -> Iterable[str]:
        runtime = self._changes.get("Runtime")
        for layer in self._state.layers if runtime else ():
            if layer.unreadable:
                yield f"{self._name}: whether {layer.arn} fits {runtime} is not observable: {layer.unreadable}"
            elif layer.runtimes and runtime not in layer.runtimes:
                yield (
                    f"{self._name}: the layer {layer.arn} says it is for {', '.join(layer.runtimes)}, not for"
                    f" {runtime}. Lambda takes it nevertheless; call the function before you rely on it."
                )


def _reason(told: Any) -> str:
    """AWS's reason as part of a sentence."""
    return str(told or "AWS gives no reason").rstrip(".")


def _family(runtime: str) -> str:
    """The language of a runtime: python3.12 is of python, dotnetcore3.1 of dotnet like dotnet8."""
    letters = re.match(r"[a-z]*", runtime)
    return (letters[0] if letters else "").removesuffix("core")


def _with(name: str, details: Iterable[str]) -> str:
    told = ", ".join(details)
    return f"{name} ({told})" if told else name


def _common(versions: Mapping[str, str]) -> str | dict[str, str]:
    """One version, if all aliases have the same, or by alias."""
    different = set(versions.values())
    return different.pop() if len(different) == 1 else dict(versions)


def review_secrets(targets: Iterable[Target], plans: Mapping[str, Plan]) -> dict[str, str]:
    """Refuse secret values that the result would have to show elsewhere.

    Ansible hides them wherever they appear, also inside of other words, so `before` would come back crippled and undo
    something else than was done.

    Returns:
        The functions that must not be changed, with the reason.
    """
    shown = [shape for plan in plans.values() for shape in (plan.before, plan.after)]
    refused = {}
    for target in targets:
        told = sorted(name for name, value in target.desired.secret.items() if value and told_by([value], shown))
        if told and target.name in plans:
            refused[target.name] = (
                f"the value of {', '.join(told)} is also part of a name or setting that the result tells, and Ansible"
                " would hide it there. Give it in environment if it is no secret, or make it longer."
            )
    return refused
