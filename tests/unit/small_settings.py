# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One function with its versions and aliases in a dict, behind the calls that `lambda_settings` makes.

No rules of AWS are in it (those are the embedded AWS's), but one: each write brings another revision.
"""

from __future__ import annotations

import copy
from collections import Counter
from types import SimpleNamespace
from typing import Any

import botocore.session
import jmespath
from unit.botocore_model import assert_valid

from ansible_collections.runbook.aws.plugins.module_utils._errors import AwsError
from ansible_collections.runbook.aws.plugins.module_utils._plan import Call

LATEST = "$LATEST"


class SmallFunctions:
    """What `_aws.Aws` is to a module, for functions that are made with `add`."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, dict[str, Any]]] = {}
        self.aliases: dict[str, dict[str, dict[str, Any]]] = {}
        self.provisioned: dict[str, dict[str, int]] = {}
        self.layers: dict[str, list[str]] = {}
        self.mappings: list[dict[str, Any]] = []
        self.tags: dict[str, dict[str, str]] = {}
        self.denied: set[str] = set()
        # Of provisioned concurrency, as it is listed.
        self.status = "READY"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._revision = 0

    def add(self, name: str, variables: dict[str, str] | None = None, **settings: Any) -> None:
        """A function whose $LATEST is published as version 1, with the alias `live` on it."""
        latest = {
            "FunctionName": name,
            "Version": LATEST,
            "CodeSha256": "code-1",
            "Runtime": "python3.12",
            "MemorySize": 128,
            "Timeout": 3,
            "PackageType": "Zip",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "RevisionId": self._next(),
            **({"Environment": {"Variables": variables}} if variables else {}),
            **settings,
        }
        self.versions[name] = {LATEST: latest}
        self.aliases[name] = {}
        self._PublishVersion(name)
        self.alias(name, "live", "1")

    def alias(self, name: str, alias: str, version: str, weights: dict[str, float] | None = None) -> None:
        """Point an alias somewhere."""
        routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
        self.aliases[name][alias] = {
            "Name": alias,
            "FunctionVersion": version,
            "RevisionId": self._next(),
            **routing,
        }

    @property
    def counts(self) -> dict[str, int]:
        """How often each operation was called."""
        return dict(Counter(operation for operation, _arguments in self.calls))

    def latest(self, name: str) -> dict[str, Any]:
        return self.versions[name][LATEST]

    def variables(self, name: str, version: str = LATEST) -> dict[str, str]:
        return dict(self.versions[name][version].get("Environment", {}).get("Variables", {}))

    def client(self, service: str) -> Any:
        """As far as its service model goes."""
        model = botocore.session.get_session().get_service_model(service)
        return SimpleNamespace(meta=SimpleNamespace(service_model=model))

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        self.calls.append((operation, arguments))
        assert_valid(Call(service, operation, arguments))
        if operation in self.denied:
            raise AwsError(f"{service}:{operation} was refused.", "AccessDeniedException")
        return getattr(self, f"_{operation}")(**arguments) or {}

    def pages(self, service: str, operation: str, result_key: str, /, **arguments: Any) -> list[Any]:
        return list(self.call(service, operation, **arguments)[result_key])

    def make(self, call: Call) -> dict[str, Any]:
        """Make a planned call; what it learned."""
        answer = self.call(call.service, call.operation, **call.arguments)
        return {name: jmespath.search(path, answer) for name, path in call.learns.items()}

    def _next(self) -> str:
        self._revision += 1
        return f"revision-{self._revision}"

    def _refuse_other_revision(self, wanted: str | None, thing: dict[str, Any]) -> None:
        if wanted and wanted != thing["RevisionId"]:
            raise AwsError(f"{wanted} is not {thing['RevisionId']}", "PreconditionFailedException")

    def _GetFunction(self, FunctionName: str, Qualifier: str = LATEST) -> dict[str, Any]:
        version = self.aliases.get(FunctionName, {}).get(Qualifier, {}).get("FunctionVersion", Qualifier)
        if version not in self.versions.get(FunctionName, {}):
            raise AwsError(f"{FunctionName}:{Qualifier} not found", "ResourceNotFoundException")
        tags = {"Tags": self.tags[FunctionName]} if FunctionName in self.tags else {}
        return {"Configuration": copy.deepcopy(self.versions[FunctionName][version]), **tags}

    def _ListFunctions(self, FunctionVersion: str = "") -> dict[str, Any]:
        return {
            "Functions": [
                version
                for versions in self.versions.values()
                for version in versions.values()
                if FunctionVersion == "ALL" or version["Version"] == LATEST
            ]
        }

    def _GetResources(self, TagFilters: list[dict[str, Any]], ResourceTypeFilters: list[str]) -> dict[str, Any]:
        assert ResourceTypeFilters == ["lambda:function"]
        return {
            "ResourceTagMappingList": [
                {
                    "ResourceARN": f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
                for name, tags in self.tags.items()
                if all(wanted["Key"] in tags for wanted in TagFilters)
            ]
        }

    def _ListAliases(self, FunctionName: str) -> dict[str, Any]:
        return {"Aliases": copy.deepcopy(list(self.aliases[FunctionName].values()))}

    def _GetAlias(self, FunctionName: str, Name: str) -> dict[str, Any]:
        return self.aliases[FunctionName][Name]

    def _ListVersionsByFunction(self, FunctionName: str) -> dict[str, Any]:
        return {"Versions": list(self.versions[FunctionName].values())}

    def _ListProvisionedConcurrencyConfigs(self, FunctionName: str) -> dict[str, Any]:
        configs = [
            {
                "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{FunctionName}:{qualifier}",
                "RequestedProvisionedConcurrentExecutions": requested,
                "Status": self.status,
            }
            for qualifier, requested in self.provisioned.get(FunctionName, {}).items()
        ]
        return {"ProvisionedConcurrencyConfigs": configs}

    def _GetProvisionedConcurrencyConfig(self, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        return {"Status": "READY"}

    def _ListEventSourceMappings(self) -> dict[str, Any]:
        return {"EventSourceMappings": self.mappings}

    def _GetLayerVersion(self, LayerName: str, VersionNumber: int) -> dict[str, Any]:
        return {"CompatibleRuntimes": self.layers[f"{LayerName}:{VersionNumber}"]}

    def _UpdateFunctionConfiguration(self, FunctionName: str, RevisionId: str, **changes: Any) -> dict[str, Any]:
        latest = self.latest(FunctionName)
        self._refuse_other_revision(RevisionId, latest)
        latest |= {**changes, "RevisionId": self._next(), "LastUpdateStatus": "Successful"}
        answer = dict(latest)
        # As on AWS: when the update is done, the revision is another one than in the answer.
        latest["RevisionId"] = self._next()
        return answer

    def _PublishVersion(self, FunctionName: str, RevisionId: str = "", CodeSha256: str = "") -> dict[str, Any]:
        latest = self.latest(FunctionName)
        self._refuse_other_revision(RevisionId, latest)
        assert CodeSha256 in ("", latest["CodeSha256"])
        versions = self.versions[FunctionName]
        own = {"Version", "RevisionId"}
        newest = versions.get(str(len(versions) - 1))
        if newest and {k: v for k, v in newest.items() if k not in own} == {
            k: v for k, v in latest.items() if k not in own
        }:
            return newest
        number = str(len(versions))
        versions[number] = {**copy.deepcopy(latest), "Version": number, "RevisionId": self._next()}
        latest["RevisionId"] = self._next()
        return versions[number]

    def _UpdateAlias(
        self,
        FunctionName: str,
        Name: str,
        FunctionVersion: str,
        RevisionId: str,
        RoutingConfig: dict[str, Any] | None = None,
    ) -> None:
        self._refuse_other_revision(RevisionId, self.aliases[FunctionName][Name])
        assert FunctionVersion in self.versions[FunctionName]
        self.alias(FunctionName, Name, FunctionVersion)
