# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.as_report import as_report
from ansible_collections.runbook.aws.plugins.filter.rotation_told import FilterModule, rotation_told

DB, KEYS = "/shop/prod/database", "/shop/prod/keys"
ROW = {"target": DB, "before": "v1", "after": "v2"}
LEFT = {"secret": KEYS, "why": "it is a replica"}
ANSWERS = {"ok": True, "why": "GET /health: it answers"}
SILENT = {"ok": False, "why": "GET /health: status 500"}
UNASKED = {"ok": None, "why": "it was not asked"}


def told(**given: Any) -> dict[str, Any]:
    rotation = {
        "outcome": "rotated",
        "rehearsal": False,
        "went_back": False,
        "why": "it was asked for",
        "command": "ansible-playbook playbooks/rotate-secret.yml",
        "secrets": [DB],
        "rows": [ROW],
        "left": [],
        "not_back": [],
        "notes": [],
        "consumers": [{"secret": DB, "function": "orders"}],
        "not_observable": [],
        "renewed": ["orders"],
        "probe": ANSWERS,
    }
    return rotation_told({**rotation, **given})


def test_a_rotation_that_went_well_is_told_in_few_lines() -> None:
    assert told()["summary"] == [
        "rotated",
        "target               before  after",
        "-------------------  ------  -----",
        "/shop/prod/database  v1      v2",
        "Started anew: orders",
        "The application: GET /health: it answers",
        "Undo: ansible-playbook playbooks/rotate-secret.yml -e secret_rotation_switch_back=true",
    ]


@pytest.mark.parametrize("given", [{"rehearsal": True}, {"went_back": True}, {"rows": []}, {"command": ""}])
def test_where_there_is_nothing_to_undo_no_way_is_told(given: dict[str, Any]) -> None:
    assert not [line for line in told(**given)["summary"] if line.startswith("Undo")]


def test_a_rotation_that_was_put_back_is_none_that_went_well() -> None:
    made = told(went_back=True, why="the application does not answer")
    assert made["verdicts"][0]["ok"] is False
    assert "put back: the application does not answer" in made["verdicts"][0]["why"]
    assert "undo" not in as_report({"title": "Rotation", "sections": made["sections"]})


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"rehearsal": True}, "rotated (this would be done)"),
        ({"left": [LEFT]}, "/shop/prod/keys: it is a replica"),
        ({"notes": ["Left out: 1."]}, "Left out: 1."),
        ({"renewed": [], "rows": []}, "Started anew: none, because no secret was changed"),
        ({"renewed": [], "consumers": []}, "Started anew: no function was found that uses it"),
        ({"renewed": []}, "Started anew: none, because those that use it are versions that nothing points to"),
        (
            {"consumers": []},
            f"No function was found that uses {DB}; whoever reads it and keeps it has to be started anew by hand.",
        ),
    ],
)
def test_what_an_operator_must_know_has_a_line(given: dict[str, Any], line: str) -> None:
    assert line in told(**given)["summary"]
    assert line not in told()["summary"]


def test_before_the_application_was_asked_nothing_is_said_of_it() -> None:
    assert not [line for line in told(probe={})["summary"] if "application" in line]


@pytest.mark.parametrize(
    ("given", "verdicts"),
    [
        ({}, [True, True, True]),
        ({"left": [LEFT]}, [False, True, True]),
        ({"renewed": []}, [True, None, True]),
        ({"probe": SILENT}, [True, True, False]),
        ({"probe": {}}, [True, True, None]),
    ],
)
def test_what_was_not_seen_is_not_judged(given: dict[str, Any], verdicts: list[bool | None]) -> None:
    assert [verdict["ok"] for verdict in told(**given)["verdicts"]] == verdicts


def test_the_report_has_what_was_left_and_what_could_not_be_seen() -> None:
    made = told(left=[LEFT], secrets=[DB, KEYS], not_observable=["Aliases of orders: denied"])
    report = as_report({"title": "Rotation", "verdicts": made["verdicts"], "sections": made["sections"]})
    for said in (
        "it is a replica",
        "Aliases of orders: denied",
        "/shop/prod/keys: no function was found that uses it",
        "ansible-playbook playbooks/rotate-secret.yml -e secret_rotation_switch_back=true",
    ):
        assert said in report


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "and the application answers. Mend the cause"),
        ({"probe": UNASKED}, "and the application was not asked. Mend"),
        (
            {"probe": SILENT},
            "does not answer: GET /health: status 500. A rotation function may have changed a password",
        ),
        ({"left": [LEFT]}, "Not changed before: /shop/prod/keys: it is a replica. Mend"),
        ({"not_back": [LEFT]}, "Not put back: /shop/prod/keys: it is a replica. Mend"),
        ({"not_back": [LEFT]}, "Not every previous version is back, the functions"),
    ],
)
def test_a_rotation_that_was_put_back_says_how_it_is_now(given: dict[str, Any], said: str) -> None:
    assert said in told(**given)["back"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "The application answers."),
        ({"probe": UNASKED}, ""),
        ({"probe": {}}, ""),
        ({"probe": SILENT, "rehearsal": True}, ""),
    ],
)
def test_a_rotation_that_failed_says_whether_the_application_answers(given: dict[str, Any], said: str) -> None:
    assert told(**given)["answer"] == said


def test_an_application_that_does_not_answer_is_told_with_the_way_on() -> None:
    assert "again with -e secret_rotation_probe_first=false" in told(probe=SILENT)["answer"]


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_told": rotation_told}
