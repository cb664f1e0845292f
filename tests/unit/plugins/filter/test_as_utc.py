# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.runbook.aws.plugins.filter.as_utc import as_utc


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        ("2026-11-27T23:00+01:00", "2026-11-27T22:00:00Z"),
        ("2026-11-27 22:00Z", "2026-11-27T22:00:00Z"),
        (datetime(2026, 11, 27, 22, tzinfo=UTC), "2026-11-27T22:00:00Z"),
    ],
)
def test_a_moment_is_written_in_utc(moment: str | datetime, utc: str) -> None:
    assert as_utc(moment) == utc


@pytest.mark.parametrize(
    ("moment", "why"), [("2026-11-27T23:00", "which time zone"), ("tomorrow", "is no time"), ("", "is no time")]
)
def test_a_guess_is_refused(moment: str, why: str) -> None:
    with pytest.raises(AnsibleFilterError, match=why):
        as_utc(moment)
