# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Functions and their autoscaling in a dict, behind the calls that modules make; it keeps what was called.

No rules of AWS are in it (those are the embedded AWS's): a call is answered from the dict, or changes it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call

_KEYS = ("ResourceId", "ScalableDimension")


@dataclass
class SmallFunction:
    """One function. Provisioned concurrency by qualifier as (requested, status)."""

    reserved: int | None = None
    aliases: dict[str, str] = field(default_factory=lambda: {"live": "7", "draft": "$LATEST"})
    provisioned: dict[str, tuple[int, str]] = field(default_factory=dict)


class SmallAws:
    """What `_aws.Aws` is to a module.

    Args:
        functions: By name.
        limit: The account's concurrency.
    """

    def __init__(self, functions: dict[str, SmallFunction] | None = None, limit: int = 1000) -> None:
        self.functions = functions or {}
        self.limit = limit
        self.targets: dict[tuple[str, ...], dict[str, Any]] = {}
        self.policies: dict[tuple[str, ...], dict[str, Any]] = {}
        self.actions: dict[tuple[str, ...], dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    @property
    def counts(self) -> dict[str, int]:
        """How often each operation was called."""
        return dict(Counter(operation for operation, _arguments in self.calls))

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        self.calls.append((operation, arguments))
        assert_valid(Call(service, operation, arguments))
        return getattr(self, f"_{operation}")(**arguments) or {}

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        return self.call(service, operation, **arguments)[result_key]

    def apply(self, calls: tuple[Call, ...]) -> None:
        """Make planned calls; what settles has settled at once."""
        for call in calls:
            self.call(call.service, call.operation, **call.arguments)

    def _GetAccountSettings(self) -> dict[str, Any]:
        reserved = sum(function.reserved or 0 for function in self.functions.values())
        return {
            "AccountLimit": {
                "ConcurrentExecutions": self.limit,
                "UnreservedConcurrentExecutions": self.limit - reserved,
            }
        }

    def _GetFunction(self, FunctionName: str, Qualifier: str | None = None) -> dict[str, Any]:
        function = self.functions.get(FunctionName)
        if function is None or (Qualifier and Qualifier not in function.aliases and not Qualifier.isdigit()):
            raise AwsError(f"{FunctionName}:{Qualifier} not found", "ResourceNotFoundException")
        version = function.aliases.get(Qualifier or "", Qualifier or "$LATEST")
        answer: dict[str, Any] = {"Configuration": {"FunctionName": FunctionName, "Version": version}}
        if function.reserved is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
        return answer

    def _ListFunctions(self) -> dict[str, Any]:
        return {"Functions": [{"FunctionName": name} for name in self.functions]}

    def _ListProvisionedConcurrencyConfigs(self, FunctionName: str) -> dict[str, Any]:
        configs = [
            {
                "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{FunctionName}:{qualifier}",
                "RequestedProvisionedConcurrentExecutions": requested,
                "Status": status,
            }
            for qualifier, (requested, status) in self.functions[FunctionName].provisioned.items()
        ]
        return {"ProvisionedConcurrencyConfigs": configs}

    def _GetProvisionedConcurrencyConfig(self, FunctionName: str, Qualifier: str) -> None:
        requested, _status = self.functions[FunctionName].provisioned[Qualifier]
        self.functions[FunctionName].provisioned[Qualifier] = (requested, "READY")

    def _PutFunctionConcurrency(self, FunctionName: str, ReservedConcurrentExecutions: int) -> None:
        self.functions[FunctionName].reserved = ReservedConcurrentExecutions

    def _DeleteFunctionConcurrency(self, FunctionName: str) -> None:
        self.functions[FunctionName].reserved = None

    def _PutProvisionedConcurrencyConfig(
        self, FunctionName: str, Qualifier: str, ProvisionedConcurrentExecutions: int
    ) -> None:
        self.functions[FunctionName].provisioned[Qualifier] = (ProvisionedConcurrentExecutions, "READY")

    def _DeleteProvisionedConcurrencyConfig(self, FunctionName: str, Qualifier: str) -> None:
        del self.functions[FunctionName].provisioned[Qualifier]

    def _DescribeScalableTargets(self, ServiceNamespace: str, ResourceIds: list[str] | None = None) -> dict[str, Any]:
        found = [t for t in self.targets.values() if ResourceIds is None or t["ResourceId"] in ResourceIds]
        return {"ScalableTargets": [t for t in found if t["ServiceNamespace"] == ServiceNamespace]}

    def _DescribeScalingPolicies(self, ServiceNamespace: str, ResourceId: str | None = None) -> dict[str, Any]:
        return {"ScalingPolicies": self._of(self.policies, ServiceNamespace, ResourceId)}

    def _DescribeScheduledActions(self, ServiceNamespace: str, ResourceId: str | None = None) -> dict[str, Any]:
        return {"ScheduledActions": self._of(self.actions, ServiceNamespace, ResourceId)}

    @staticmethod
    def _of(items: dict[tuple[str, ...], dict[str, Any]], namespace: str, resource: str | None) -> list[dict[str, Any]]:
        found = [item for item in items.values() if item["ServiceNamespace"] == namespace]
        return [item for item in found if resource in (None, item["ResourceId"])]

    def _RegisterScalableTarget(self, **arguments: Any) -> None:
        self.targets.setdefault(_key(arguments), {}).update(arguments)

    def _DeregisterScalableTarget(self, **arguments: Any) -> None:
        key = _key(arguments)
        del self.targets[key]
        for items in (self.policies, self.actions):
            for inner in [k for k in items if k[:2] == key]:
                del items[inner]

    def _PutScalingPolicy(self, **arguments: Any) -> None:
        assert _key(arguments) in self.targets
        self.policies[(*_key(arguments), arguments["PolicyName"])] = arguments

    def _DeleteScalingPolicy(self, **arguments: Any) -> None:
        del self.policies[(*_key(arguments), arguments["PolicyName"])]

    def _PutScheduledAction(self, **arguments: Any) -> None:
        assert _key(arguments) in self.targets
        key = (*_key(arguments), arguments["ScheduledActionName"])
        times = {
            "StartTime": None,
            "EndTime": None,
        }  # "If you don't specify start and end times, the old … are deleted"
        merged = {**self.actions.get(key, {}), **times, **arguments}
        self.actions[key] = {name: value for name, value in merged.items() if value is not None}

    def _DeleteScheduledAction(self, **arguments: Any) -> None:
        del self.actions[(*_key(arguments), arguments["ScheduledActionName"])]


def _key(arguments: dict[str, Any]) -> tuple[str, ...]:
    return tuple(arguments[key] for key in _KEYS)
