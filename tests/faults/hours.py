"""Working time for the referee: the hours of a story, walked through day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.faults.story import Hours

DAY = timedelta(days=1)


def between(hours: Hours, start: datetime, end: datetime) -> float:
    """Return the working seconds from one moment to a later one; none, where it is not later."""
    total = 0.0
    for opens, closes in _stretches(hours, start.replace(microsecond=0)):
        if opens >= end:
            break
        total += (min(closes, end.replace(microsecond=0)) - opens).total_seconds()
    return max(0.0, total)


def after(hours: Hours, start: datetime, seconds: float) -> datetime:
    """Return the moment at which so many working seconds are over."""
    for opens, closes in _stretches(hours, start.replace(microsecond=0)):
        there = (closes - opens).total_seconds()
        if seconds <= there:
            return opens + timedelta(seconds=seconds)
        seconds -= there
    raise AssertionError("a week has hours")


def next_day(hours: Hours, at: datetime) -> datetime:
    """Return the same time on the next working day, within its hours."""
    day = at + DAY
    while day.weekday() not in hours.weekdays:
        day += DAY
    opens, closes = _of(hours, day)
    return min(max(day, opens), closes)


def _stretches(hours: Hours, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = since
    while True:
        opens, closes = _of(hours, day)
        if day.weekday() in hours.weekdays and closes > since:
            yield max(opens, since), closes
        day += DAY


def _of(hours: Hours, day: datetime) -> tuple[datetime, datetime]:
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=hours.opens), midnight + timedelta(hours=hours.closes)
