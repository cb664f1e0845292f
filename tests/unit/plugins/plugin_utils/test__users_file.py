# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Files of users as people make them: what is read, and what is told about those that cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.plugin_utils._users_file import users_of

HEADER = "name,email,email_verified,groups\n"
JANE = {
    "name": "jane",
    "state": "present",
    "attributes": {"email": "jane@example.com", "email_verified": True},
    "groups": ["auditors", "field_engineers"],
}
ROW = "jane,jane@example.com,true,auditors;field_engineers\n"


def users(text: str, path: str = "users.csv", defaults: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The users of a file in which nothing is wrong."""
    found = users_of(text, path, defaults or {})
    assert found["problems"] == []
    return found["users"]


def problems(text: str, path: str = "users.csv") -> list[str]:
    return users_of(text, path, {})["problems"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEADER + ROW, id="as it is"),
        pytest.param("\ufeff" + HEADER + ROW, id="with the mark of Excel's UTF-8"),
        pytest.param((HEADER + ROW).replace("\n", "\r\n"), id="lines of Windows"),
        pytest.param((HEADER + ROW).rstrip(), id="without a last line break"),
        pytest.param(f"\n{HEADER}\n,,,\n{ROW}\n\n", id="with empty lines"),
        pytest.param(
            '"name", email ,email_verified,groups\n"jane",jane@example.com, YES ,"auditors; field_engineers;"\n'
        ),
    ],
)
def test_csv_is_read_however_it_is_written(text: str) -> None:
    assert users(text) == [JANE]


def test_quotes_hold_commas_and_quotes() -> None:
    (user,) = users('name,full_name,custom:team\njane,"Doe, ""Jane""",7\n')
    assert user["attributes"] == {"name": 'Doe, "Jane"', "custom:team": "7"}


def test_an_empty_cell_says_nothing() -> None:
    (user,) = users("name,enabled,given_name,state\njane,,,\n")
    assert user == {"name": "jane", "state": "present"}


def test_what_is_not_said_is_said_by_the_defaults() -> None:
    text = "name,state,invite,groups\na,,,\nb,,none,x\nc,absent,,\n"
    a, b, c = users(text, defaults={"invite": "handover", "groups_exact": True})
    assert a == {"name": "a", "state": "present", "groups": [], "invite": "handover", "groups_exact": True}
    assert b["invite"] == "none"
    assert c == {"name": "c", "state": "absent"}
    (d,) = users("name\nd\n", defaults={"groups_exact": True})
    assert "groups_exact" not in d


WRONG_CSV: dict[str, tuple[str, list[str]]] = {
    "an empty file": ("", ["line 1: there is no header"]),
    "nothing but the mark": ("\ufeff", ["line 1: there is no header"]),
    "nobody": (HEADER, ["nobody is in it"]),
    "no header": (ROW, ["line 1: is no header with the column name"]),
    "an unknown column": ("name,e-mail\njane,j@example.com\n", ["line 1: there is no column e-mail"]),
    "a column without a name": ("name,\njane,\n", ["line 1: there is no column (empty)"]),
    "a column twice": ("name,groups,groups\njane,a,b\n", ["line 1: the column groups is there twice"]),
    "semicolons": ("name;groups\njane;a\n", ["line 1: columns are separated by ';'"]),
    "tabs": ("name\tgroups\njane\ta\n", ["line 1: columns are separated by '\\t'"]),
    "too many cells": (f"{HEADER}jane,j@example.com,true,a,b\n", ["line 2: has 5 cells, and the header has 4"]),
    "too few cells": (f"{HEADER}jane,j@example.com\n", ["line 2: has 2 cells"]),
    "a quote that is not closed": (f'{HEADER}"jane,j@example.com,true,a\n{ROW}', ["line 2: the quotes do not match"]),
    "a quote in a cell": (f'{HEADER}"ja"ne,j@example.com,true,a\n{ROW}', ["line 2: the quotes do not match"]),
    "no name": ("name,groups\n,a\n", ["line 2: the user has no name"]),
    "a name with a blank": ("name\njane doe\n", ["line 2: 'jane doe' cannot be the name"]),
    "a name with what cannot be seen": (
        "name,enabled\nja\u200bne,true\njo\x1be,maybe\n",
        [
            r"line 2: 'ja\u200bne' cannot be the name of a user: it has U+200B in it",
            r"line 3: jo\x1be: enabled is 'maybe'",
        ],
    ),
    "the same name twice": ("name\njane\njoe\njane\n", ["line 4: the user jane is in line 2 already"]),
    "a bad boolean": ("name,enabled\njane,maybe\n", ["line 2: jane: enabled is 'maybe'. Give true or false."]),
    "a bad state": ("name,state\njane,gone\n", ["line 2: jane: state is 'gone'. Give present or absent."]),
    "a bad e-mail": (
        f"{HEADER}jane,jane at example,true,a\n",
        ["line 2: jane: email 'jane at example' is not an e-mail"],
    ),
    "an e-mail of which nobody knows whose it is": ("name,email\nj,j@example.com\n", ["line 2: j: email without"]),
    "a group twice over": ("name,groups,groups_absent\nj,a,a\n", ["line 2: j: a is in groups and in groups_absent"]),
    "a line break in a cell": ('name,given_name\nj,"Ja\nne"\n', ["line 2: j: given_name has a line break"]),
    "not UTF-8": ("name,given_name\nj,J\udce4n\n", ["line 2: is not UTF-8"]),
    "all at once": (
        "name,enabled,state\njane,maybe,gone\njoe,true\njane doe,,\nok,,\nok,,\n",
        [
            "line 2: jane: enabled is 'maybe'",
            "line 2: jane: state is 'gone'",
            "line 3: has 2 cells",
            "line 4: 'jane doe' cannot",
            "line 6: the user ok is in line 5 already",
        ],
    ),
}


@pytest.mark.parametrize(("text", "why"), WRONG_CSV.values(), ids=list(WRONG_CSV))
def test_what_is_wrong_in_csv_is_told_with_its_line(text: str, why: list[str]) -> None:
    found = problems(text)
    assert len(found) == len(why), found
    assert all(one.startswith(begin) for one, begin in zip(found, why, strict=True)), found


def test_the_line_of_a_user_is_the_one_where_it_begins() -> None:
    text = 'name,address\na,"Main\nStreet"\nb c,x\n'
    assert [one.partition(":")[0] for one in problems(text)] == ["line 2", "line 4"]


YAML = """
groups:
  - name: auditors
    precedence: 20
users:
  - name: jane
    attributes:
      email: jane@example.com
      email_verified: true
      phone_number: +14255550123
      phone_number_verified: false
      birthdate: 1990-01-02
    groups: [auditors, field_engineers]
  - {name: 0123, state: absent}
"""


def test_yaml_has_users_and_groups_and_texts_as_they_stand_there() -> None:
    found = users_of(YAML, "users.yml", {})
    assert found == {
        "problems": [],
        "groups": [{"name": "auditors", "precedence": 20, "state": "present"}],
        "users": [
            {
                "name": "jane",
                "state": "present",
                "attributes": {
                    "email": "jane@example.com",
                    "email_verified": True,
                    "phone_number": "+14255550123",
                    "phone_number_verified": False,
                    "birthdate": "1990-01-02",
                },
                "groups": ["auditors", "field_engineers"],
            },
            {"name": "0123", "state": "absent"},
        ],
    }


def test_json_is_yaml() -> None:
    assert users(json.dumps({"users": [{"name": "jane", "enabled": False}]}), "users.json") == [
        {"name": "jane", "enabled": False, "state": "present"}
    ]


WRONG_YAML: dict[str, tuple[str, list[str]]] = {
    "an empty file": ("# nobody\n", ["the file is empty"]),
    "nobody": ("users: []\n", ["nobody is in it"]),
    "no YAML": ("users:\n  - name: [a\n", ["line 3: is no YAML"]),
    "a tab": ("users:\n\t- name: a\n", ["line 2: is no YAML"]),
    "a character that cannot be there": ("users:\n  - name: a\x07\n", ["line 2: is no YAML"]),
    "two documents": ("users: []\n---\nusers: []\n", ["line 2: is no YAML"]),
    "a list": ("- name: a\n", ["line 1: the file is no mapping"]),
    "another key": ("people:\n  - name: a\n", ["line 1: the file has 'people' (line 1), which is not known"]),
    "users that are no list": ("users:\n  name: a\n", ["line 2: users is no list"]),
    "a user that is a text": ("users:\n  - a\n", ["line 2: an element of users is no mapping"]),
    "a user without a name": ("users:\n  - enabled: true\n", ["line 2: an element of users has no name"]),
    "an unknown option": ("users:\n  - name: a\n    mail: x\n", ["line 2: an element of users has 'mail' (line 3)"]),
    "an option twice": (
        "users:\n  - name: a\n    name: b\n",
        ["line 2: an element of users has 'name' twice (line 3)"],
    ),
    "what is no desired state": ("users:\n  - name: a\n    sign_out: true\n", ["line 2: an element of users has"]),
    "a boolean for a text": ("users:\n  - name: no\n", ["line 2: users, name is no text. Put it in quotes."]),
    "a text for a boolean": ("users:\n  - name: a\n    enabled: 'y'\n", ["line 3: users, enabled is neither true"]),
    "a text for a list": ("users:\n  - name: a\n    groups: x\n", ["line 3: users, groups is no list"]),
    "a wrong word": ("users:\n  - name: a\n    invite: mail\n", ["line 3: users, invite is 'mail'. Give cognito or"]),
    "a list for an attribute": (
        "users:\n  - name: a\n    attributes:\n      locale: [x]\n",
        ["line 4: users, attributes has locale (line 4), which is no text"],
    ),
    "an object of Python": ("users:\n  - name: !!python/name:os.system a\n", ["line 2: users, name is no text"]),
    "a precedence that is no number": (
        "groups:\n  - name: a\n    precedence: high\n",
        ["line 3: groups, precedence is"],
    ),
    "a precedence below zero": ("groups:\n  - name: a\n    precedence: -1\n", ["line 2: a: precedence is -1"]),
    "a group twice": ("groups:\n  - name: a\n  - name: a\n", ["line 3: the group a is in line 2 already"]),
    "a user in a group that goes": (
        "users:\n  - {name: j, groups: [a]}\ngroups:\n  - {name: a, state: absent}\n",
        ["line 2: j is in the group a, which line 4 deletes"],
    ),
    "all at once": (
        "users:\n  - {name: a, enabled: 3}\n  - name: b c\ngroups:\n  - {name: g, precedence: x}\n",
        ["line 2: users, enabled", "line 3: 'b c' cannot", "line 5: groups, precedence"],
    ),
}


@pytest.mark.parametrize(("text", "why"), WRONG_YAML.values(), ids=list(WRONG_YAML))
def test_what_is_wrong_in_yaml_is_told_with_its_line(text: str, why: list[str]) -> None:
    found = problems(text, "users.yaml")
    assert len(found) == len(why), found
    assert all(one.startswith(begin) for one, begin in zip(found, why, strict=True)), found


def test_a_file_says_by_its_name_what_it_is() -> None:
    (problem,) = problems(HEADER + ROW, "users.txt")
    assert problem.startswith("its name ends neither in .csv nor in .yml")
    assert users(HEADER + ROW, "OF.2026/USERS.CSV") == [JANE]


def test_a_single_user_is_read_as_a_line_is() -> None:
    mail = {"email": "jane@example.com", "email_verified": True}
    said = {"name": "jane", "attributes": mail, "groups": "auditors;field_engineers"}
    assert users_of(said, "", {})["users"] == [JANE]
    assert users_of({"name": "", "enabled": "perhaps"}, "", {})["problems"] == [
        "a user: enabled is 'perhaps'. Give true or false.",
        "the user has no name. Fill the column name.",
    ]


SINGLE = {
    "another name": (
        {"attributes": {"name": "bob"}},
        "name is not an attribute here. The one that Cognito calls so is ",
    ),
    "another state": ({"attributes": {"state": "absent"}}, "state is an option and not an attribute. Say it by itself"),
    "other groups": ({"attributes": {"groups": "g"}}, "groups is an option and not an attribute. Say it by itself"),
    "no attribute": ({"attributes": {"mail": "x"}}, "there is no attribute mail. There are address, birthdate"),
    "nothing": (
        {"attributes": {"given_name": None}},
        "the attribute given_name is no text. Give one, or leave it out.",
    ),
    "a list": ({"attributes": {"given_name": ["x"]}}, "the attribute given_name is no text"),
    "a mapping": ({"attributes": {"given_name": {"x": 1}}}, "the attribute given_name is no text"),
    "no option": ({"email": "x"}, "there is no option email. There are name, state"),
}


@pytest.mark.parametrize(("said", "why"), SINGLE.values(), ids=list(SINGLE))
def test_options_and_attributes_of_a_single_user_are_not_taken_for_each_other(said: dict[str, Any], why: str) -> None:
    found = users_of({"name": "jane", "state": "present", **said}, "", {})
    assert found["users"] == []
    (problem,) = found["problems"]
    assert problem.startswith(why)
