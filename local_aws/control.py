# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The control API under `/_local/`: JSON in, JSON out. README.md lists it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

from local_aws.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION, BadControlInput, Fault, World
from local_aws.protocol import AwsError, Response, known_regions
from local_aws.services import cloudformation, cloudwatch, cognito_state

PREFIX = "/_local/"


def json_response(status: int, value: Any) -> Response:
    return Response(status, [("Content-Type", "application/json")], json.dumps(value).encode())


class Control:
    """Answers the control API. `health` is what the server knows about itself."""

    def __init__(self, world: World, health: dict[str, Any]) -> None:
        self._world = world
        self.health = health

    def answer(self, method: str, path: str, query: str, body: bytes) -> Response:
        try:
            return self._answer(method, path.removeprefix(PREFIX), query, body)
        except (AwsError, BadControlInput, KeyError, TypeError, ValueError) as error:
            return json_response(400, {"error": str(error)})

    def _answer(self, method: str, name: str, query: str, body: bytes) -> Response:
        asked = {key: values[-1] for key, values in parse_qs(query).items()}
        sent: Any = json.loads(body) if body else {}
        if not isinstance(sent, dict):
            raise BadControlInput("the body must be a JSON object")
        account = self._world.account(str(sent.pop("account", None) or asked.get("account") or DEFAULT_ACCOUNT))
        match method, name:
            case "GET", "health":
                return json_response(200, {**self.health, "calls": self._world.number})
            case "GET", "calls":
                found = self._world.records(asked.get("account"), int(asked.get("since", 0)))
                return json_response(200, [entry.as_json() for entry in found])
            case "GET", "mail":
                return json_response(200, cognito_state.sent_mail(account))
            case "POST", "faults":
                account.add_fault(Fault.from_request(sent))
                return json_response(200, {})
            case "DELETE", "faults":
                account.clear_faults()
                return json_response(200, {})
            case "GET", "settings":
                return json_response(200, asdict(account.settings))
            case "POST", "settings":
                return json_response(200, asdict(account.configure(sent)))
            case "POST", "traffic":
                account.store(cloudwatch.Metrics, _region(sent)).add_traffic(sent["series"])
                return json_response(200, {})
            case "POST", "stack":
                cloudformation.set_status(
                    account, _region(sent), str(sent["name"]), str(sent["status"]), str(sent.get("reason", ""))
                )
                return json_response(200, {})
            case "GET", "clock":
                return json_response(200, {"now": account.now()})
            case "POST", "clock":
                return json_response(200, {"now": account.advance(_seconds(sent))})
        return json_response(404, {"error": f"{method} {PREFIX}{name} does not exist; see local_aws/README.md"})


def _region(sent: Mapping[str, Any]) -> str:
    region = str(sent.get("region") or DEFAULT_REGION)
    if region not in known_regions():
        raise BadControlInput(f"unknown region {region!r}")
    return region


def _seconds(sent: Mapping[str, Any]) -> float:
    if set(sent) != {"advance"}:
        raise BadControlInput('the clock takes {"advance": seconds}')
    return float(sent["advance"])
