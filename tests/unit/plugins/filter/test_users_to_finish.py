# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.filter.users_to_finish import users_to_finish

OUT: dict[str, Any] = {"name": "joe", "state": "present", "enabled": False}


@pytest.mark.parametrize(
    ("wish", "intended", "is_to_be"),
    [
        (OUT, [{"users": [OUT]}], True),
        (OUT, [{"users": []}, {"groups": []}, {"users": [OUT]}], True),
        ({**OUT, "name": "Joe"}, [{"users": [OUT]}], True),
        (OUT, [], False),
        (OUT, [{"users": [{**OUT, "name": "jane"}]}], False),
        (OUT, [{"users": [{**OUT, "enabled": True}, {"name": "joe", "state": "absent"}]}], False),
        ({**OUT, "enabled": True}, [{"users": [OUT]}], False),
        ({"name": "joe", "state": "present"}, [{"users": [OUT]}], False),
        ({"name": "joe", "state": "absent"}, [{"users": [OUT]}], False),
    ],
)
def test_who_shall_still_be_disabled_is_signed_out(
    wish: dict[str, Any], intended: list[dict[str, Any]], is_to_be: bool
) -> None:
    assert users_to_finish([wish], intended) == [{**wish, "sign_out": True} if is_to_be else wish]
