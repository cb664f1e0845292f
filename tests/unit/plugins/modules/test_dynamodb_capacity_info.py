# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The module's options; what it shows of a table is tested beside the planning, in test_dynamodb_capacity.py."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.runbook.aws.plugins.modules.dynamodb_capacity_info import SPEC


def test_every_table_is_read_when_none_is_named() -> None:
    checked = ArgumentSpecValidator(SPEC).validate({})
    assert checked.validated_parameters == {"tables": None, "name_pattern": "*", "switches": False, "usage_seconds": 0}


@pytest.mark.parametrize("options", [{"usage_seconds": "soon"}, {"switches": "perhaps"}, {"tables": {"name": "t"}}])
def test_an_option_of_another_kind_is_refused(options: dict[str, object]) -> None:
    assert ArgumentSpecValidator(SPEC).validate(options).error_messages
