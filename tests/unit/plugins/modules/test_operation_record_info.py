# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._operation_record import is_overdue

NOW = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("record", "late"),
    [
        ({"state": "open", "ends_at": "2026-11-23T13:29:59Z"}, True),
        ({"state": "open", "ends_at": "2026-11-23T13:30:00Z"}, False),
        ({"state": "open", "ends_at": "2026-11-23T13:30:01Z"}, False),
        ({"state": "open", "ends_at": ""}, False),
        ({"state": "closed", "ends_at": "2026-11-23T13:00:00Z"}, False),
        ({"state": "absent"}, False),
    ],
)
def test_only_an_open_record_whose_end_has_passed_is_overdue(record: dict[str, Any], late: bool) -> None:
    assert is_overdue(record, NOW) is late
