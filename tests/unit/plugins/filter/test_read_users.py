# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.filter.read_users import FilterModule, read_users

JANE = {"name": "jane", "state": "present", "invite": "none"}


def test_a_text_and_a_single_user_are_read_with_what_they_do_not_say() -> None:
    for source, path in (("name\njane\n", "users.csv"), ({"name": "jane"}, "")):
        assert read_users(source, path, {"invite": "none"}) == {"users": [JANE], "groups": [], "problems": []}
    assert read_users("name\n", "users.csv")["problems"]


def test_anything_else_is_no_file() -> None:
    with pytest.raises(AnsibleFilterError, match="not list"):
        read_users([], "users.csv")


def test_ansible_finds_it() -> None:
    assert FilterModule().filters() == {"read_users": read_users}
