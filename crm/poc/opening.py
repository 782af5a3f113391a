"""Open or closed: whether somebody works at a moment, and their ordinary week, from their working time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.core.working_time import NeverOpens, WorkingTime

AHEAD = 14  # days in which a closed day is worth telling
DAYS = 7


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether somebody works now: until when, or from when again (None: nobody knows). `zone` is theirs."""

    is_open: bool
    until: datetime | None
    zone: str = ""


CLOSED = Hours(False, None)


@dataclass(frozen=True, slots=True)
class Days:
    """Neighbouring weekdays (Monday is 0) with the same hours; a day without any is closed."""

    first: int
    last: int
    hours: tuple[tuple[time, time], ...]


def hours(working: WorkingTime, at: datetime) -> Hours:
    """Say whether it is open at `at`, and until when or from when again."""
    closes_at = working.closes_at(at)
    if closes_at is not None:
        return Hours(True, closes_at, working.zone)
    try:
        return Hours(False, working.next_opening(at), working.zone)
    except NeverOpens:
        return CLOSED


def week(working: WorkingTime) -> list[Days]:
    """Return the ordinary week, neighbouring days with the same hours taken together."""
    found: list[Days] = []
    for day in range(DAYS):
        own = tuple(sorted(working.hours.get(day, ())))
        if found and found[-1].hours == own:
            found[-1] = Days(found[-1].first, day, own)
        else:
            found.append(Days(day, day, own))
    return found


def days_that_differ(working: WorkingTime, at: datetime) -> list[tuple[date, tuple[tuple[time, time], ...]]]:
    """Return the next days whose hours are not the ordinary ones, with theirs: none is a closed day."""
    today = at.astimezone(ZoneInfo(working.zone)).date()
    near = (today + timedelta(days=n) for n in range(AHEAD))
    return [(day, _tidy(working.exceptions[day])) for day in near if _differs(working, day)]


def _differs(working: WorkingTime, day: date) -> bool:
    return day in working.exceptions and _tidy(working.exceptions[day]) != _tidy(working.hours.get(day.weekday(), ()))


def _tidy(intervals: Iterable[tuple[time, time]]) -> tuple[tuple[time, time], ...]:
    return tuple(sorted(intervals))
