"""Open, change and copy working calendars. Every change is a new version: what hangs on the old one is worked out anew.

Intervals are local times; an end of 00:00 is the end of the day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused, UnknownZone
from crm.core.working_time import NeverOpens, WorkingTime
from crm.dossiers.actions import NameRequired, record
from crm.dossiers.models import Event
from crm.poc.models import CalendarException, CalendarHours, WorkingCalendar

Intervals = Sequence[tuple[time, time]]
Week = Mapping[int, Intervals]  # Monday is 0; a day may have several intervals
Changes = dict[str, list[str]]  # old → new, as text
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)  # of those that may differ
OWN, HOLIDAY = CalendarException.Source.OWN, CalendarException.Source.HOLIDAY


@dataclass(frozen=True, slots=True)
class Day:
    """A day that differs: open in these intervals only, or closed where there is none."""

    intervals: Intervals = ()
    name: str = ""
    is_confirmed: bool = True


class EndsBeforeStart(Refused):
    field = "hours"
    code = "ends_before_start"
    default_message = _("Working hours must end after they begin.")


class Overlap(Refused):
    field = "hours"
    code = "overlap"
    default_message = _("The hours of one day must not overlap.")


class DayTooFar(Refused):
    field = "exceptions"
    code = "day_too_far"
    default_message = _("A day that differs lies between the years 1970 and 2199.")


class ChangedMeanwhile(Refused):
    code = "changed_meanwhile"
    default_message = _(
        "It was changed meanwhile. Nothing of yours was saved: open it again, and see what it says now."
    )


class WorksNever(Refused):
    field = "hours"
    code = "works_never"
    default_message = _(
        "By this calendar nobody would ever work, and nothing could fall due. Give it working hours, or a day to come "
        "on which it is open."
    )


class NameTaken(Refused):
    field = "name"
    code = "name_taken"
    default_message = _("Another working calendar has this name.")


@transaction.atomic
def open_calendar(
    *, name: str, zone: str, week: Week, days: Mapping[date, Day] | None = None, by: Actor, at: datetime
) -> WorkingCalendar:
    """Open a working calendar with its weekly hours and the days that differ.

    :raises NameRequired: `name` is blank.
    :raises NameTaken: another has it.
    :raises UnknownZone: `zone` is no zone.
    :raises EndsBeforeStart: an interval is empty.
    :raises Overlap: two of one day overlap.
    :raises DayTooFar: a day is not of these centuries.
    :raises WorksNever: it would never open.
    """
    days = days or {}
    calendar = WorkingCalendar(name=_free_name(name), zone=zone)
    _refuse(zone, week, days)
    _save(calendar)
    _write_week(calendar, week)
    CalendarException.objects.bulk_create(row for on, day in days.items() for row in _rows(calendar, on, day))
    refuse_closed_for_good(calendar, at)
    record(kind=Event.Kind.CREATED, dossiers=[], by=by, at=at, facts={"kind": "calendar", "calendar": calendar.pk})
    return calendar


@transaction.atomic
def change_calendar(
    *,
    calendar: WorkingCalendar,
    name: str | None = None,
    zone: str | None = None,
    week: Week | None = None,
    days: Mapping[date, Day] | None = None,
    since: date | None = None,
    seen: int | None = None,
    by: Actor,
    at: datetime,
) -> WorkingCalendar:
    """Give a calendar another name, zone, weekly hours, or other days that differ; None leaves them.

    A public holiday that was imported and is not among `days` is worked from then on, whatever is imported later.
    Days before `since` stay, unless they are among `days`. `seen` is the version that was read before it was decided.
    Where nothing is different, nothing happens.

    :raises ChangedMeanwhile: another version than `seen` is in force.
    :raises NameRequired, NameTaken, UnknownZone, EndsBeforeStart, Overlap, DayTooFar, WorksNever: see `open_calendar`.
    """
    locked = _locked(calendar)
    _refuse(zone or locked.zone, week or {}, days or {})
    changes: Changes = {}
    if name is not None and name != locked.name:
        new = _free_name(name, but=locked)
        changes["name"], locked.name = [locked.name, new], new
    if zone and zone != locked.zone:
        changes["zone"], locked.zone = [locked.zone, zone], zone
    if week is not None:
        changes |= change_week(locked, week)
    if days is not None:
        changes |= _change_days(locked, days, since or FIRST_DAY)
    if not changes:
        return locked
    if seen is not None and seen != locked.version:
        raise ChangedMeanwhile
    refuse_closed_for_good(locked, at)
    return changed(locked, changes, by, at)


@transaction.atomic
def close_days(*, calendar: WorkingCalendar, days: Mapping[date, str], by: Actor, at: datetime) -> WorkingCalendar:
    """Close whole days, each with its name; what was entered for these days before is replaced.

    Where they are closed under these names already, nothing happens.

    :raises DayTooFar, WorksNever: see `open_calendar`.
    """
    locked = _locked(calendar)
    _refuse(locked.zone, {}, dict.fromkeys(days, Day()))
    before = locked.exceptions.filter(day__in=list(days))
    gone = list(before)
    before.delete()
    new = CalendarException.objects.bulk_create(
        CalendarException(calendar=locked, day=day, name=name) for day, name in days.items()
    )
    changes = said_of(gone, new)
    if not changes:
        return locked
    refuse_closed_for_good(locked, at)
    return changed(locked, changes, by, at)


@transaction.atomic
def copy_calendar(*, calendar: WorkingCalendar, name: str, by: Actor, at: datetime) -> WorkingCalendar:
    """Open a calendar that begins as this one is: its zone, hours, days that differ and whose holidays it follows.

    :raises NameRequired: `name` is blank.
    :raises NameTaken: another has it.
    """
    copy = WorkingCalendar(name=_free_name(name), zone=calendar.zone, country=calendar.country, region=calendar.region)
    _save(copy)
    hours, exceptions = list(calendar.hours.all()), list(calendar.exceptions.all())
    rows: list[CalendarHours | CalendarException] = [*hours, *exceptions]
    for row in rows:
        row.pk, row.calendar = None, copy
    CalendarHours.objects.bulk_create(hours)
    CalendarException.objects.bulk_create(exceptions)
    facts = {"kind": "calendar", "calendar": copy.pk, "copied_from": calendar.pk}
    record(kind=Event.Kind.CREATED, dossiers=[], by=by, at=at, facts=facts)
    return copy


def refuse_closed_for_good(calendar: WorkingCalendar, at: datetime) -> None:
    """Refuse what its rows would make of it, where it never opens from `at` on. Two queries; nothing is remembered."""
    hours: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for row in CalendarHours.objects.filter(calendar=calendar):
        hours[row.weekday].append((row.starts, row.ends))
    exceptions: dict[date, list[tuple[time, time]]] = defaultdict(list)
    for day in CalendarException.objects.filter(calendar=calendar):
        exceptions[day.day].extend([(day.starts, day.ends)] if day.starts is not None and day.ends is not None else [])
    try:
        WorkingTime(calendar.zone, hours, exceptions).next_opening(at)
    except NeverOpens:
        raise WorksNever from None


def change_week(calendar: WorkingCalendar, week: Week) -> Changes:
    """Write the weekly hours of a calendar that is locked anew, and return old → new; as before: nothing."""
    rows = list(calendar.hours.order_by("weekday", "starts"))
    wanted = sorted((day, *interval) for day, hours in week.items() for interval in hours)
    if [(row.weekday, row.starts, row.ends) for row in rows] == wanted:
        return {}
    calendar.hours.all().delete()
    new = _write_week(calendar, week)
    return {"calendarhours": ["; ".join(str(row) for row in rows), "; ".join(str(row) for row in new)]}


def changed(calendar: WorkingCalendar, changes: Changes, by: Actor, at: datetime) -> WorkingCalendar:
    """Save the next version of a calendar that is locked, and record old → new."""
    calendar.version += 1
    _save(calendar)
    facts = {"kind": "calendar", "calendar": calendar.pk} | ({"changes": changes} if changes else {})
    record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts=facts)
    return calendar


def said_of(gone: Iterable[CalendarException], new: Iterable[CalendarException]) -> Changes:
    """Return old → new of days that differ, as text; those that stay as they were are left out."""
    before, after = ([(str(row), row.source) for row in rows] for rows in (gone, new))
    kept = set(before) & set(after)
    told = ["; ".join(row[0] for row in rows if row not in kept) for rows in (before, after)]
    return {"calendarexception": told} if any(told) else {}


def _locked(calendar: WorkingCalendar) -> WorkingCalendar:
    return WorkingCalendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)


def _free_name(name: str, but: WorkingCalendar | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise NameRequired
    if WorkingCalendar.objects.filter(name=name).exclude(pk=but.pk if but else None).exists():
        raise NameTaken
    return name


def _save(calendar: WorkingCalendar) -> None:
    """:raises NameTaken: another one got this name at the same moment."""
    try:
        with transaction.atomic():
            calendar.save()
    except IntegrityError:
        raise NameTaken from None


def _refuse(zone: str, week: Week, days: Mapping[date, Day]) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone from None
    if any(not FIRST_DAY <= on <= LAST_DAY for on in days):
        raise DayTooFar
    for intervals in (*week.values(), *(day.intervals for day in days.values())):
        spans = sorted((starts, time.max if ends == time(0) else ends) for starts, ends in intervals)
        if any(ends <= starts for starts, ends in spans):
            raise EndsBeforeStart
        if any(later < ends for (_start, ends), (later, _end) in pairwise(spans)):
            raise Overlap


def _write_week(calendar: WorkingCalendar, week: Week) -> list[CalendarHours]:
    return CalendarHours.objects.bulk_create(
        CalendarHours(calendar=calendar, weekday=day, starts=starts, ends=ends)
        for day, hours in sorted(week.items())
        for starts, ends in sorted(hours)
    )


def _change_days(calendar: WorkingCalendar, days: Mapping[date, Day], since: date) -> Changes:
    """Write the days that differ anew; a holiday that was corrected by hand is from then on one entered by hand."""
    before: dict[date, list[CalendarException]] = defaultdict(list)
    meant = Q(day__gte=since) | Q(day__in=list(days))
    for row in calendar.exceptions.filter(meant).order_by("day", "starts"):
        before[row.day].append(row)
    wanted = dict(days)
    for on, rows in before.items():
        if on not in wanted and rows[0].source == HOLIDAY and (ordinary := _ordinary(calendar, on)):
            wanted[on] = Day(ordinary, rows[0].name)
    same = {on for on, rows in before.items() if on in wanted and _day(rows) == _tidy(wanted[on])}
    gone = [row for on, rows in before.items() if on not in same for row in rows]
    new = [row for on, day in sorted(wanted.items()) if on not in same for row in _rows(calendar, on, day)]
    CalendarException.objects.filter(pk__in=[row.pk for row in gone]).delete()
    CalendarException.objects.bulk_create(new)
    return said_of(gone, new)


def _ordinary(calendar: WorkingCalendar, on: date) -> Intervals:
    """Return the hours of an ordinary day of this weekday."""
    return tuple(calendar.hours.filter(weekday=on.weekday()).order_by("starts").values_list("starts", "ends"))


def _day(rows: Sequence[CalendarException]) -> Day:
    intervals = tuple((row.starts, row.ends) for row in rows if row.starts is not None and row.ends is not None)
    return Day(intervals, rows[0].name, rows[0].is_confirmed)


def _tidy(day: Day) -> Day:
    return Day(tuple(sorted(day.intervals)), day.name, day.is_confirmed)


def _rows(calendar: WorkingCalendar, on: date, day: Day) -> list[CalendarException]:
    intervals: Sequence[tuple[time | None, time | None]] = sorted(day.intervals) or [(None, None)]
    return [
        CalendarException(
            calendar=calendar, day=on, name=day.name, starts=starts, ends=ends, source=OWN,
            is_confirmed=day.is_confirmed,
        )
        for starts, ends in intervals
    ]  # fmt: skip
