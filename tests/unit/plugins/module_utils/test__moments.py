# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ansible_collections.runbook.aws.plugins.module_utils._moments import resolve, stamp
from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-24T05:45:00Z", "2026-11-24T05:45:00Z"),
        ("2026-11-24T06:45+01:00", "2026-11-24T05:45:00Z"),
        ("15m ago", "2026-11-24T05:45:00Z"),
        ("15 min ago", "2026-11-24T05:45:00Z"),
        ("15m", "2026-11-24T05:45:00Z"),
        (" 90s ago ", "2026-11-24T05:58:30Z"),
        ("1.5h ago", "2026-11-24T04:30:00Z"),
        ("3d ago", "2026-11-21T06:00:00Z"),
    ],
)
def test_a_point_in_the_past(text: str, found: str) -> None:
    moment = resolve(text, NOW)
    assert moment is not None
    assert stamp(moment) == found


def test_the_latest_point_is_none_of_ours_to_say() -> None:
    assert resolve("latest", NOW) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-24T05:45:00", "which time zone"),
        ("yesterday", "is no time"),
        ("15 ago", "'15m ago'"),
        ("-5m ago", "is no time"),
        ("2026-11-24T06:00:01Z", "in the future: it is 2026-11-24T06:00:00Z"),
        ("99999999d ago", "before the first year"),
        ("", "is no time"),
    ],
)
def test_a_guess_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        resolve(text, NOW)
