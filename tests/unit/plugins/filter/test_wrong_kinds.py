# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.wrong_kinds import wrong_kinds

SPECS = {"name": {"type": "str"}, "percent": {"type": "float"}, "groups": {"type": "raw"}}


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"name": "5", "percent": 20, "groups": None}, []),
        ({"name": 5}, ["name is 5, which is no text. Give one, in quotes."]),
        ({"name": True}, ["name is true, which is no text. Give one, in quotes."]),
        ({"name": ["a"]}, ['name is ["a"], which is no text. Give one, in quotes.']),
        (
            {"name": None, "percent": None},
            ["name is null. Leave it out, or give a value.", "percent is null. Leave it out, or give a value."],
        ),
    ],
)
def test_what_is_no_text_and_what_is_null_is_told(values: dict[str, Any], wrong: list[str]) -> None:
    assert wrong_kinds(values, SPECS) == wrong
