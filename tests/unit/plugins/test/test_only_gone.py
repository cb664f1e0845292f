# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.test.only_gone import only_gone

GONE = {"error": "not there", "error_code": "ResourceNotFoundException"}
DENIED = {"error": "denied", "error_code": "AccessDeniedException"}
REFUSED = {"error": "no decrease left", "error_code": None}
SOUND = {"error": None, "error_code": None}


@pytest.mark.parametrize(
    ("result", "forgiven"),
    [
        ({"results": [GONE, SOUND]}, True),
        ({"results": [GONE, DENIED]}, False),
        ({"results": [GONE, REFUSED]}, False),
        ({"results": [SOUND]}, False),
        ({"msg": "no region"}, False),
    ],
)
def test_only_what_is_gone_is_forgiven(result: dict[str, Any], forgiven: bool) -> None:
    assert only_gone(result) is forgiven
