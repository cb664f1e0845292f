# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.filter.as_list import FilterModule, as_list


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("", []),
        ("api/keys", ["api/keys"]),
        (" api/keys,database/* ,", ["api/keys", "database/*"]),
        ([], []),
        (["a", "", "b,c", " d "], ["a", "b,c", "d"]),
    ],
)
def test_a_text_is_no_list_of_letters(given: Any, names: list[str]) -> None:
    assert as_list(given, "names") == names


@pytest.mark.parametrize("given", [7, None, {"a": 1}, ["a", 1], [["a"]], True])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^names is .*: give a text"):
        as_list(given, "names")


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"as_list": as_list}
