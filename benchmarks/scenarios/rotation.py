# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Many secrets rotated at once, and everyone who uses them started anew: playbooks/rotate-secret.yml with a prefix."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks.embedded import embedded_aws, play
from benchmarks.harness import LATENCY, Size, middle, say, spread, working_folder
from benchmarks.processes import Finished, Stub
from benchmarks.results import Goal, Section
from benchmarks.stub.account import Bucket
from benchmarks.stub.functions import LAMBDA_RATES
from local_aws.client import Account, LocalAws

_PLAYBOOK = "rotate-secret.yml"
_PREFIX = "benchmark/"
_EACH_USES = 5
_ALIAS = "live"

# How a function is started anew, so that those who call it get the new value: another configuration, a version of it,
# and the alias on that.
_RESTART = ("UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias")

# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html, "API quotas": requests a second of
# these operations together.
_SECRETS_RATES: Mapping[tuple[str, ...], float] = {
    ("DescribeSecret", "GetSecretValue"): 10_000.0,
    ("PutSecretValue", "UpdateSecretVersionStage"): 50.0,
    ("GetRandomPassword",): 50.0,
    ("ListSecretVersionIds",): 50.0,
    ("ListSecrets",): 100.0,
}
_FAMILIES = {operation: operations for operations in _SECRETS_RATES for operation in operations}


@dataclass(frozen=True)
class Rotated:
    """What one run did.

    Attributes:
        finished: The process.
        calls: What arrived at AWS, oldest first.
        functions: The functions that use the secrets.
        old: Secrets that have the version that they had, and functions whose alias points to the version as before.
    """

    finished: Finished
    calls: Sequence[Mapping[str, Any]]
    functions: Sequence[str]
    old: int = 0

    @property
    def restarts(self) -> dict[tuple[str, str], int]:
        """How often each function was changed, published and its alias moved, by operation and function."""
        done = Counter(
            (call["operation"], call["arguments"]["FunctionName"])
            for call in self.calls
            if call["operation"] in _RESTART and not call["error"]
        )
        return {**dict.fromkeys(self._each(), 0), **done}

    @property
    def each_once(self) -> bool:
        """Whether every function was started anew once, and no other one at all."""
        return self.restarts == dict.fromkeys(self._each(), 1)

    @property
    def throttled(self) -> int:
        """How many of its calls AWS would have throttled."""
        return sum(over_rates(self.calls).values())

    def _each(self) -> Iterable[tuple[str, str]]:
        return product(_RESTART, self.functions)


def rotation(_endpoint: Stub, size: Size) -> Section:
    """50 secrets with 10 functions each."""
    runs = []
    for _round in range(size.repeat):
        runs.append(_run(size.secrets))
        run = runs[-1]
        say(
            f"  {run.finished.seconds:.2f} s, {len(run.calls)} calls, {run.throttled} over the rates, {run.old} still old"
        )
    functions = len(runs[0].functions)
    control_plane = LAMBDA_RATES["control plane"]
    limit = len(_RESTART) * functions / control_plane
    asked = [sum(_family(call)[0] == "control plane" for call in run.calls) / control_plane for run in runs]
    seconds = [run.finished.seconds for run in runs]
    restarts = [number for run in runs for number in run.restarts.values()]
    throttled = sum(run.throttled for run in runs)
    old = sum(run.old for run in runs)
    about = f"rotating {size.secrets} secrets with {functions * _EACH_USES // size.secrets} functions each"
    goals = [
        Goal(
            f"{about}: each of the {functions} functions restarted exactly once",
            f"each {min(restarts)} to {max(restarts)} times in {len(runs)} runs",
            all(run.each_once for run in runs),
        ),
        Goal(
            f"{about}: 0 calls over the rates of Lambda and Secrets Manager",
            f"{throttled} of {sum(len(run.calls) for run in runs)}",
            throttled == 0,
        ),
        Goal(f"{about}: every secret new, and used", f"{old} old ones in {len(runs)} runs", old == 0),
    ]
    return Section(
        f"{about[0].upper()}{about[1:]}",
        f"The whole of {_PLAYBOOK} with a prefix, on a fresh embedded AWS that answers after {LATENCY * 1000:.0f} ms. There are "
        f"{functions} functions, each of which uses {_EACH_USES} of the secrets behind an alias. The embedded AWS counts calls "
        "and limits none, so each call is held against the published rates by the time of its arrival, with one second's worth "
        "at once after a rest. New values are generated (`secret_rotation_action=generate`): what a rotation function takes is "
        "its own. To start a function anew takes three calls of Lambda's control plane, which lets in 15 a second; what finds out "
        "who uses a secret, and whether that function can be changed, counts there too.",
        ("", "Runs", "Whole process", "CPU", "Calls", "Over the rates", "Secrets or functions still old"),
        [
            [
                _PLAYBOOK,
                str(len(runs)),
                spread(seconds),
                f"{middle(run.finished.cpu_seconds for run in runs):.1f} s",
                f"{middle(len(run.calls) for run in runs):.0f}",
                str(throttled),
                str(old),
            ],
            ["limit: starting the functions anew, calls / rate", "", f"{limit:.2f} s", "", "", "", ""],
            [
                "limit: all its calls of Lambda's control plane, calls / rate",
                "",
                f"{middle(asked):.2f} s",
                "",
                "",
                "",
                "",
            ],
        ],
        goals,
        {"seconds": seconds, "calls": [dict(Counter(_action(call) for call in run.calls)) for run in runs]},
        sound=old == 0,
    )


class _Clock:
    """A clock that goes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def over_rates(calls: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many calls of each operation AWS would have throttled.

    Args:
        calls: As the embedded AWS has recorded them, oldest first.
    """
    clock = _Clock()
    buckets: dict[Any, Bucket] = {}
    refused: Counter[str] = Counter()
    for call in sorted(calls, key=lambda each: each["time"]):
        clock.now = call["time"]
        family, rate = _family(call)
        if rate and not buckets.setdefault(family, Bucket(rate, clock)).admit():
            refused[_action(call)] += 1
    return refused


def _family(call: Mapping[str, Any]) -> tuple[Any, float]:
    """What a call is counted with, and how many of these AWS lets in a second; 0 is no limit that is known."""
    if call["service"] == "lambda":
        name = call["operation"] if call["operation"] in LAMBDA_RATES else "control plane"
        return name, LAMBDA_RATES[name]
    operations = _FAMILIES.get(call["operation"], ()) if call["service"] == "secretsmanager" else ()
    return operations, _SECRETS_RATES.get(operations, 0.0)


def _action(call: Mapping[str, Any]) -> str:
    return f"{call['service']}:{call['operation']}"


def _run(secrets: int) -> Rotated:
    with working_folder() as folder, embedded_aws(folder) as endpoint:
        account = LocalAws(endpoint).account()
        functions = _deploy(account, secrets)
        account.settings(latency=LATENCY)
        before, mark = _state(account, secrets, functions), account.mark()
        variables = {
            "secret_rotation_prefix": _PREFIX,
            "secret_rotation_action": "generate",
            "secret_rotation_keys": ["password"],
        }
        finished = play(_PLAYBOOK, folder, endpoint, variables)
        calls = account.calls(mark)
        after = _state(account, secrets, functions)
    return Rotated(finished, calls, functions, sum(after[key] == before[key] for key in before))


def _secret(number: int) -> str:
    return f"{_PREFIX}{number:02d}"


def _deploy(account: Account, secrets: int) -> list[str]:
    """Make the secrets, and twice as many functions; the names of the functions."""
    account.settings(transition_seconds=0)
    manager, functions = account.client("secretsmanager"), account.client("lambda")
    for number in range(secrets):
        value = {"username": "benchmark", "password": f"first-password-{number:04d}"}
        manager.create_secret(Name=_secret(number), SecretString=json.dumps(value))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    # That of any function of the reference application.
    role = functions.list_functions()["Functions"][0]["Role"]
    names = [f"benchmark-{number:03d}" for number in range(2 * secrets)]
    for number, name in enumerate(names):
        uses = {f"SECRET_{more}": _secret((number + more) % secrets) for more in range(_EACH_USES)}
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.12",
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": uses},
        )
        version = functions.publish_version(FunctionName=name)["Version"]
        functions.create_alias(FunctionName=name, Name=_ALIAS, FunctionVersion=version)
    account.settings(transition_seconds=0.3)
    return names


def _state(account: Account, secrets: int, functions: Iterable[str]) -> dict[str, Any]:
    """The current version of each secret, and the version behind each function's alias."""
    manager, client = account.client("secretsmanager"), account.client("lambda")
    versions = {name: client.get_alias(FunctionName=name, Name=_ALIAS)["FunctionVersion"] for name in functions}
    names = [_secret(number) for number in range(secrets)]
    return {**versions, **{name: manager.get_secret_value(SecretId=name)["VersionId"] for name in names}}
