# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Schedule expressions: at(...), rate(...), cron(...) in a time zone.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MINUTE = 60
# A clock that was moved further than this fires a schedule of the last days only.
_LONGEST_LOOK_BACK = 40 * 24 * 60
# A leap day comes after eight years at most.
_LONGEST_LOOK_AHEAD = 8 * 366
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
# Sunday is day 1 of AWS's week.
_DAYS = {name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))


class BadSchedule(Exception):
    """The expression is none that AWS takes."""


@dataclass(frozen=True)
class Schedule:
    """A parsed expression. `latest` tells when it last came due."""

    at: float | None = None
    every: int = 0
    cron: tuple[frozenset[int], ...] = ()
    zone: datetime.tzinfo = datetime.UTC

    def latest(self, after: float, until: float, begun: float) -> float | None:
        """The last moment in (after, until] at which it came due; a rate counts from `begun`."""
        if self.at is not None:
            return self.at if after < self.at <= until else None
        if self.every:
            moment = begun + (until - begun) // self.every * self.every
            return moment if moment > after and moment > begun else None
        return self._latest_cron(after, until)

    def following(self, after: float) -> float | None:
        """The first moment after `after` at which a cron expression comes due; None when it never does."""
        if not self.cron:
            return None
        minutes, hours, days, months, weekdays, years = self.cron
        midnight = datetime.datetime.fromtimestamp(after, tz=self.zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        for number in range(_LONGEST_LOOK_AHEAD):
            day = midnight + datetime.timedelta(days=number)
            parts = ((day.day, days), (day.month, months), (day.isoweekday() % 7 + 1, weekdays), (day.year, years))
            if not all(part in allowed for part, allowed in parts):
                continue
            moments = (day.replace(hour=hour, minute=minute).timestamp() for hour in hours for minute in minutes)
            if found := [moment for moment in moments if moment > after]:
                return min(found)
        return None

    def _latest_cron(self, after: float, until: float) -> float | None:
        moment = until - until % _MINUTE
        for _minute in range(_LONGEST_LOOK_BACK):
            if moment <= after:
                return None
            if self._matches(datetime.datetime.fromtimestamp(moment, tz=self.zone)):
                return moment
            moment -= _MINUTE
        return None

    def _matches(self, when: datetime.datetime) -> bool:
        parts = (when.minute, when.hour, when.day, when.month, when.isoweekday() % 7 + 1, when.year)
        return all(part in allowed for part, allowed in zip(parts, self.cron, strict=True))


def parse(expression: str, timezone: str | None) -> Schedule:
    """Read an expression; BadSchedule says what is wrong with it."""
    try:
        # UTC without the system's time zone data, which a small machine may lack.
        zone: datetime.tzinfo = ZoneInfo(timezone) if timezone else datetime.UTC
    except (ZoneInfoNotFoundError, ValueError):
        raise BadSchedule(f"time zone {timezone} is not known") from None
    found = re.fullmatch(r"(at|rate|cron)\((.+)\)", expression.strip())
    if not found:
        raise BadSchedule(f"{expression} is not an at(), rate() or cron() expression")
    kind, body = found.groups()
    if kind == "at":
        return Schedule(at=_at(body, zone), zone=zone)
    if kind == "rate":
        return Schedule(every=_rate(body), zone=zone)
    return Schedule(cron=_cron(body), zone=zone)


def _at(body: str, zone: datetime.tzinfo) -> float:
    try:
        return datetime.datetime.strptime(body, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).timestamp()
    except ValueError:
        raise BadSchedule(f"at({body}) is not at(yyyy-mm-ddThh:mm:ss)") from None


def _rate(body: str) -> int:
    found = re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", body)
    if not found:
        raise BadSchedule(f"rate({body}) is not rate(value minutes|hours|days)")
    return int(found.group(1)) * _UNITS[found.group(2)]


def _cron(body: str) -> tuple[frozenset[int], ...]:
    fields = body.split()
    if len(fields) != len(_RANGES):
        raise BadSchedule(f"cron({body}) needs six fields: minutes hours day-of-month month day-of-week year")
    names: list[dict[str, int]] = [{}, {}, {}, _MONTHS, _DAYS, {}]
    return tuple(
        _field(text, low, high, known) for text, (low, high), known in zip(fields, _RANGES, names, strict=True)
    )


def _field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    chosen: set[int] = set()
    for item in text.split(","):
        span, _slash, step = item.partition("/")
        first, _dash, last = span.partition("-")
        try:
            start = low if first in ("*", "?") else names.get(first.upper()) or int(first)
            single = first not in ("*", "?") and not last and not step
            end = start if single else high if not last else names.get(last.upper()) or int(last)
            every = int(step or 1)
        except ValueError:
            raise BadSchedule(f"cron field {text} is not understood") from None
        if not low <= start <= end <= high or every < 1:
            raise BadSchedule(f"cron field {text} is outside {low}-{high}")
        chosen.update(range(start, end + 1, every))
    return frozenset(chosen)
