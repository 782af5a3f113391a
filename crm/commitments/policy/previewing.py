"""The next ten deadlines of a policy: sample moments, ordinary and odd, with the arithmetic and each step's moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from crm.commitments import arithmetic, ladder
from crm.commitments.policy.policy_checks import Terms, calendar_of
from crm.commitments.policy.rehearsing import Fired, everybody, ladder_of, walk
from crm.core.working_time import NeverOpens, WorkingTime, combine
from crm.poc.calendars import Known

SHOWN = 10
AHEAD = 200  # days in which a holiday or a change of the clocks is looked for
DAY, HOUR, HALF = timedelta(days=1), timedelta(hours=1), timedelta(minutes=30)
FRIDAY, SATURDAY, SUNDAY = 4, 5, 6


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment a promise might be made at (or be due at, where nothing is counted), and what follows from it."""

    label: Any
    start: datetime
    due_at: datetime
    lines: Sequence[str]
    steps: Sequence[Fired]


def preview(terms: Terms, *, at: datetime, known: Known | None = None) -> list[Sample]:
    """Return ten samples, in their order, by a calendar: that of the terms, else the house's. Two queries, or none.

    Where the terms have no target the promise says when it is due: the samples are then due moments,
    of something promised now.
    """
    known = known or calendar_of(terms)
    rungs = ladder_of(terms)
    return [_sample(terms, rungs, known, label, moment, at) for moment, label in _moments(known.working, at)]


def _sample(terms: Terms, rungs: ladder.Ladder, known: Known, label: Any, moment: datetime, at: datetime) -> Sample:
    opened_at, due_at, lines = at, moment, []
    if terms.target_amount is not None:
        opened_at = moment
        due_at = ladder.shift(moment, terms.target_amount, terms.target_unit, known.working)
        counted = arithmetic.count(
            due_at=due_at, counted_from=moment, amount=terms.target_amount, unit=terms.target_unit, known=known
        )
        lines = arithmetic.say(counted)
    slots = everybody(rungs)
    steps = walk(rungs, opened_at=opened_at, due_at=due_at, working=known.working, slots_at=lambda _at: slots)
    return Sample(label, moment, due_at, lines, steps)


def _moments(working: WorkingTime, at: datetime) -> list[tuple[datetime, Any]]:
    """Return ten moments from `at` on, each with what is odd about it, soonest first."""
    found: dict[datetime, Any] = {}
    for moment, label in (*_odd(working, at), *_ordinary(working, at)):
        if moment >= at and len(found) < SHOWN:
            found.setdefault(moment.replace(second=0, microsecond=0), label)
    return sorted(found.items())


def _odd(working: WorkingTime, at: datetime) -> Iterator[tuple[datetime, Any]]:
    zone, today = working.zone, at.astimezone(ZoneInfo(working.zone)).date()
    yield at + timedelta(minutes=1), _("now")
    try:
        opening = working.next_opening(at + DAY)
    except NeverOpens:
        return
    closing = _last_closing(working, opening)
    if closing is not None:
        yield max(opening, closing - HALF), _("shortly before closing")
        if not working.is_open(closing + HOUR):
            yield closing + HOUR, _("after closing")
    for weekday, clock, label in (
        (FRIDAY, time(17, 45), _("Friday evening")), (SATURDAY, time(12), _("Saturday")),
        (SUNDAY, time(23, 30), _("Sunday night")),
    ):  # fmt: skip
        yield combine(zone, today + timedelta(days=(weekday - today.weekday()) % 7 or 7), clock), label
    closed = next((day for day in _days_ahead(today) if _is_holiday(working, day)), None)
    if closed is not None:
        yield combine(zone, closed - DAY, time(16, 30)), _("before a day off")
        yield combine(zone, closed, time(11)), _("on a day off")
    changing = next((day for day in _days_ahead(today) if _changes(zone, day)), None)
    if changing is not None:
        yield combine(zone, changing, time(0, 30)), _("the night the clocks change")


def _last_closing(working: WorkingTime, opening: datetime) -> datetime | None:
    """Return when it closes for the last time on the local date of an opening, None where it stays open overnight."""
    tomorrow = opening.astimezone(ZoneInfo(working.zone)).date() + DAY
    ends = [end for _start, end in working.intervals(opening, combine(working.zone, tomorrow, time(0)))]
    return None if working.is_open(ends[-1]) else ends[-1]


def _ordinary(working: WorkingTime, at: datetime) -> Iterator[tuple[datetime, Any]]:
    """Yield mornings of working days; by a calendar that never opens all days are alike."""
    days = list(_days_ahead(at.astimezone(ZoneInfo(working.zone)).date()))
    working_days = [day for day in days if working.opens_on(day) and day not in working.exceptions]
    for day in (working_days or days)[:SHOWN]:
        yield combine(working.zone, day, time(10)), _("an ordinary morning")


def _days_ahead(today: date) -> Iterator[date]:
    return (today + timedelta(days=n) for n in range(1, AHEAD))


def _is_holiday(working: WorkingTime, day: date) -> bool:
    """Closed by exception on a weekday that is open otherwise."""
    return day in working.exceptions and not working.exceptions[day] and bool(working.hours.get(day.weekday()))


def _changes(zone: str, day: date) -> bool:
    there = ZoneInfo(zone)
    first, last = (datetime.combine(each, time(12), there) for each in (day - DAY, day))
    return first.utcoffset() != last.utcoffset()
