# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How secrets are shown, and what counts as overdue and as stuck."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager import (
    SECRETS_SPEC,
    Judgement,
    Secret,
    Version,
    report_secret,
)
from ansible_collections.runbook.aws.plugins.module_utils._secretsmanager_reader import describe_secret, list_secrets
from ansible_collections.runbook.aws.plugins.modules import secretsmanager_rotation_info

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-a1B2c3"
OLD, NOWADAYS, LATER = (letter * 32 for letter in "abc")


def secret(days: float = 40, pending: bool = False, **described: Any) -> Secret:
    versions = {
        OLD: Version(OLD, ("AWSPREVIOUS",), NOW - timedelta(days=100)),
        NOWADAYS: Version(NOWADAYS, ("AWSCURRENT",), NOW - timedelta(days=days)),
        "d" * 32: Version("d" * 32, (), NOW - timedelta(days=200)),
    }
    if pending:
        versions[LATER] = Version(LATER, ("AWSPENDING",), None)
    return Secret(ARN, "db", {"LastChangedDate": NOW - timedelta(minutes=20), **described}, versions, NOW)


def report(found: Secret, max_age_days: float | None = None, pending_minutes: float = 15) -> dict[str, Any]:
    return report_secret("db", found, Judgement(max_age_days, pending_minutes))


def test_the_spec_reads_every_secret_when_none_is_named() -> None:
    checked = ArgumentSpecValidator(secretsmanager_rotation_info.SPEC).validate({})
    assert checked.validated_parameters["secrets"] is None
    assert checked.validated_parameters["name_prefix"] == ""


def test_versions_are_shown_by_id_and_label_the_newest_first() -> None:
    shown = report(secret(pending=True))
    assert [version["version_id"] for version in shown["versions"]] == [LATER, NOWADAYS, OLD]
    assert shown["versions"][1] == {
        "version_id": NOWADAYS,
        "stages": ["AWSCURRENT"],
        "created": "2026-10-14T14:00:00Z",
    }
    assert (shown["version_id"], shown["previous_version_id"], shown["age_days"]) == (NOWADAYS, OLD, 40.0)


def test_what_is_shown_is_a_valid_element_of_the_module_that_rotates() -> None:
    checked = ArgumentSpecValidator({"secrets": SECRETS_SPEC}).validate({"secrets": [report(secret())["secret"]]})
    assert checked.error_messages == []


SCHEDULE = {"RotationEnabled": True, "RotationRules": {"AutomaticallyAfterDays": 30}}


@pytest.mark.parametrize(
    ("found", "max_age_days", "overdue"),
    [
        (secret(), None, None),
        (secret(), 40, True),
        (secret(), 41, False),
        (secret(**SCHEDULE), 41, False),
        (secret(**SCHEDULE), None, True),
        (secret(days=29, **SCHEDULE), None, False),
        (secret(**SCHEDULE, NextRotationDate=NOW + timedelta(days=1)), None, False),
        (secret(**SCHEDULE, NextRotationDate=NOW - timedelta(days=1)), None, True),
        (secret(**{**SCHEDULE, "RotationEnabled": False}), None, None),
        (secret(RotationEnabled=True), None, None),
        (Secret(ARN, "db", {}, {}, NOW), 1, None),
    ],
)
def test_overdue_is_what_the_operator_or_the_schedule_says(
    found: Secret, max_age_days: float | None, overdue: bool | None
) -> None:
    assert report(found, max_age_days)["overdue"] is overdue


def test_a_rotation_is_stuck_when_nothing_has_changed_for_long_or_it_was_cancelled() -> None:
    assert report(secret())["pending"] is None
    running = secret(pending=True, RotationEnabled=True)
    assert report(running)["pending"] == {"version_id": LATER, "changed": "2026-11-23T13:40:00Z", "stuck": True}
    assert report(running, pending_minutes=21)["pending"]["stuck"] is False
    assert report(secret(pending=True, RotationEnabled=False), pending_minutes=21)["pending"]["stuck"] is True


class Answers:
    """Stands where `Aws` stands."""

    def __init__(self, described: dict[str, Any], listed: list[dict[str, Any]]) -> None:
        self._described, self._listed = described, listed
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, _service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        self.asked.append((operation, dict(arguments)))
        if operation == "ListSecretVersionIds":
            place = int(arguments.get("NextToken", 0))
            more = {"NextToken": str(place + 1)} if place + 1 < len(self._listed) else {}
            return {"Versions": self._listed[place : place + 1], **more}
        return self._described

    def pages(self, _service: str, operation: str, _key: str, /, **arguments: Any) -> list[dict[str, Any]]:
        self.asked.append((operation, arguments))
        return self._listed


def test_a_version_without_a_value_is_known_by_its_label_only() -> None:
    aws = Answers(
        {"ARN": ARN, "Name": "db", "VersionIdsToStages": {LATER: ["AWSPENDING"], NOWADAYS: ["AWSCURRENT"]}},
        [
            {"VersionId": NOWADAYS, "VersionStages": ["AWSCURRENT"], "CreatedDate": NOW},
            {"VersionId": OLD, "CreatedDate": NOW},
        ],
    )
    assert describe_secret(aws, "db").versions == {
        LATER: Version(LATER, ("AWSPENDING",), None),
        NOWADAYS: Version(NOWADAYS, ("AWSCURRENT",), NOW),
        OLD: Version(OLD, (), NOW),
    }


def test_versions_of_a_secret_that_is_to_be_deleted_are_not_asked_for() -> None:
    aws = Answers({"ARN": ARN, "Name": "db", "DeletedDate": NOW}, [])
    assert describe_secret(aws, "db").versions == {}
    assert [operation for operation, _arguments in aws.asked] == ["DescribeSecret"]


def test_aws_narrows_the_list_down_and_the_rest_is_exact() -> None:
    tagged = [{"Key": "app", "Value": "shop"}]
    aws = Answers(
        {},
        [
            {"Name": "/shop/prod/b", "Tags": tagged},
            {"Name": "/shop/prod/a", "Tags": tagged},
            {"Name": "/Shop/prod/c", "Tags": tagged},
            {"Name": "/shop/prod/d", "Tags": [{"Key": "app", "Value": "shopping"}]},
            {"Name": "/shop/prod/e"},
        ],
    )
    assert list_secrets(aws, "/shop/prod/", {"app": "shop"}, True) == ["/shop/prod/a", "/shop/prod/b"]
    ((operation, arguments),) = aws.asked
    assert (operation, arguments["MaxResults"], arguments["IncludePlannedDeletion"]) == ("ListSecrets", 100, True)
    assert arguments["Filters"] == [
        {"Key": "name", "Values": ["/shop/prod/"]},
        {"Key": "tag-key", "Values": ["app"]},
    ]
    assert list_secrets(aws, "", {}, False)[0] == "/Shop/prod/c"
    assert "Filters" not in aws.asked[1][1]
