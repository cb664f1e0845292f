# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.rotation_elements import FilterModule, rotation_elements

KNOWN = {"database/credentials": "/shop/prod/database/credentials", "api/keys": "/shop/prod/api/keys"}
DATABASE = {"name": "/shop/prod/database/credentials", "action": "rotate"}
GENERATE = {"action": "generate", "keys": ["portal"]}

CASES: dict[str, tuple[list[str], dict[str, Any], float | None, list[dict[str, Any]]]] = {
    "a short name": (["database/credentials"], {}, None, [DATABASE]),
    "a name twice": (["database/credentials", "/shop/prod/database/credentials"], {}, None, [DATABASE]),
    "a name of another stack": (["other"], {}, None, [{"name": "other", "action": "rotate"}]),
    "a way by short name": (
        ["/shop/prod/api/keys"],
        {"api/keys": GENERATE},
        None,
        [{"name": "/shop/prod/api/keys", **GENERATE}],
    ),
    "the later way counts": (
        ["api/keys"],
        {"*": GENERATE, "/shop/*/api/*": {"keys": ["weather"]}, "other": {"length": 9}},
        None,
        [{"name": "/shop/prod/api/keys", "action": "generate", "keys": ["weather"]}],
    ),
    "an age": (["database/credentials"], {}, 90, [{**DATABASE, "max_age_days": 90.0}]),
    "an age of a value that a person gives": (
        ["api/keys"],
        {"*": {"action": "set"}},
        90,
        [{"name": "/shop/prod/api/keys", "action": "set"}],
    ),
}


@pytest.mark.parametrize(("names", "ways", "age", "elements"), CASES.values(), ids=list(CASES))
def test_a_name_becomes_an_element(
    names: list[str], ways: dict[str, Any], age: float | None, elements: list[dict[str, Any]]
) -> None:
    assert rotation_elements(names, KNOWN, ways, max_age_days=age) == elements


def test_what_is_to_be_left_out_is_left_out() -> None:
    assert rotation_elements(KNOWN, KNOWN, but=["api/*"]) == [DATABASE]
    assert rotation_elements(KNOWN, KNOWN, but=["/shop/prod/*"]) == []


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"rotation_elements": rotation_elements}
