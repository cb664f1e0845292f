# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible.parsing.splitter import parse_kv

from ansible_collections.runbook.aws.plugins.filter.wrong_moment import wrong_moment


@pytest.mark.parametrize(
    "moment",
    [
        "latest",
        "15m ago",
        "15m",
        "2h",
        "2026-01-01T00:00:00Z",
        "2026-01-01 00:00+01:00",
        datetime(2026, 1, 1, tzinfo=UTC),
    ],
)
def test_what_can_be_gone_back_to(moment: str | datetime) -> None:
    assert wrong_moment(moment) == ""


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        ("tomorrow", "is no time"),
        ("2026-01-01T00:00:00", "which time zone"),
        ("2099-01-01T00:00:00Z", "in the future"),
        ("", "is no time"),
    ],
)
def test_what_can_not(moment: str, why: str) -> None:
    assert why in wrong_moment(moment)


def test_a_clock_that_is_behind_is_no_mistake() -> None:
    assert wrong_moment(datetime.now(UTC) + timedelta(minutes=5)) == ""
    assert "in the future" in wrong_moment(datetime.now(UTC) + timedelta(minutes=15))


@pytest.mark.parametrize("said", ["2026-11-24 06:00Z", "15 min ago"])
def test_what_ansible_has_cut_is_told_as_that(said: str) -> None:
    assert "cuts name=value at a blank" in wrong_moment(parse_kv(f"to={said}")["to"])


def test_how_long_ago_survives_the_command_line() -> None:
    assert wrong_moment(parse_kv("to=15m ago")["to"]) == ""
