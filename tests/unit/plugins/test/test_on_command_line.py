# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.runbook.aws.plugins.test.on_command_line import TestModule as Plugin
from ansible_collections.runbook.aws.plugins.test.on_command_line import on_command_line


@pytest.mark.parametrize(
    ("given", "is_there"),
    [
        (("value=x",), True),
        (('{"value": "x"}',), True),
        (("a=b", " other=1 value='x y'"), True),
        (("@value.yml",), False),
        (("my_value=x", "value_file=x"), False),
        ((), False),
    ],
)
def test_only_a_variable_itself_counts(monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], is_there: bool) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(extra_vars=given))
    assert on_command_line("value") is is_there


def test_ansible_finds_it() -> None:
    assert Plugin().tests() == {"on_command_line": on_command_line}
