# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Moments as people write them and as they are shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.runbook.aws.plugins.module_utils._plan import Refused

LATEST = "latest"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# Of `-e 'to=15m ago'` Ansible leaves "15m", and a point in the past can only mean that long ago.
_AGO = re.compile(r"(\d+(?:\.\d+)?) ?(s|m|min|h|d)(?: ago)?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def stamp(moment: datetime) -> str:
    """A moment as it is shown and kept: UTC, ISO 8601, to the second, so that text sorts as time does."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def answered_at(answer: Mapping[str, Any]) -> datetime:
    """When AWS answered, by its own clock: the times that it gives are compared with it, and ours may be wrong.

    Args:
        answer: What boto3 returned. Without a date, our clock has to do.
    """
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date).astimezone(UTC) if date else datetime.now(UTC)


def moment(text: str) -> datetime:
    """A moment as it is kept, or as a person writes it.

    Raises:
        Refused: It is no ISO 8601 time, or does not say in which zone.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{text!r} is no time: write it as 2026-11-24T06:00:00Z or 2026-11-24T07:00:00+01:00.") from None
    if found.tzinfo is None:
        raise Refused(
            f"{text!r} does not say in which time zone: add one, for example {found.isoformat(timespec='minutes')}Z for UTC."
        )
    return found


def resolve(text: str, now: datetime) -> datetime | None:
    """A point in the past: a time with its zone, how long ago, or none for `latest`.

    Args:
        text: `2026-11-24T06:00:00Z`, `15m ago` or `15m` (s, m, h or d), or `latest`.
        now: What "ago" counts from: AWS's clock.

    Raises:
        Refused: It is neither, or in the future.
    """
    said = text.strip()
    if said == LATEST:
        return None
    if ago := _AGO.fullmatch(said):
        try:
            return now - timedelta(seconds=float(ago[1]) * _SECONDS[ago[2]])
        except OverflowError:
            raise Refused(
                f"{text!r} is before the first year: write how long ago in seconds, minutes, hours or days."
            ) from None
    try:
        found = moment(said)
    except Refused as refused:
        raise Refused(f"{refused} Or say how long ago, as in '15m ago' (s, m, h, d), or 'latest'.") from None
    if found > now:
        raise Refused(f"{text!r} is in the future: it is {stamp(now)}.")
    return found
