"""The working time of POCs and of the house, from their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from django.db.models import Q, Subquery
from django.db.models.functions import Coalesce

from crm.core.working_time import WorkingTime
from crm.poc.models import CalendarException, CalendarHours, PointOfContact, WorkingCalendar

Interval = tuple[time, time]
Following = Callable[[Collection[int], datetime], None]  # POCs, and when they got other hours
_following: list[Following] = []


@dataclass(frozen=True, slots=True)
class DayNote:
    """What is written beside a day that differs."""

    name: str
    is_holiday: bool
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Known:
    """One calendar as a version of it says; `days` are those that differ, by their local date."""

    id: int
    version: int
    name: str
    working: WorkingTime
    days: Mapping[date, DayNote]


def house_working_time() -> WorkingTime:
    """Return the house's own working time. One query when it is known already."""
    return _load(*WorkingCalendar.objects.values_list("pk", "version").get(is_default=True)).working


def by_id(calendar_ids: Iterable[int]) -> dict[int, Known]:
    """Return these calendars as they are now. One query for those known already, none for no calendar."""
    wanted = set(calendar_ids)
    if not wanted:
        return {}
    versions = WorkingCalendar.objects.filter(pk__one_of=list(wanted)).values_list("pk", "version")
    return {pk: _load(pk, version) for pk, version in versions}


def origin(working: WorkingTime) -> tuple[int, int]:
    """Return the id and the version of the calendar that a working time was read from."""
    return working.version  # type: ignore[return-value]  # `_load` wrote it


def working_times(poc_ids: Iterable[int]) -> dict[int, WorkingTime]:
    """Return the working time of each POC: its own calendar, else its home team's, else the house's.

    Two queries for those known already: every calendar's version, and whose is which.
    """
    wanted = list(dict.fromkeys(poc_ids))
    calendars = list(WorkingCalendar.objects.values_list("pk", "version", "is_default"))
    versions = {pk: version for pk, version, _is_default in calendars}
    default_id = next(pk for pk, _version, is_default in calendars if is_default)
    rows = PointOfContact.objects.filter(pk__one_of=wanted).values_list(
        "pk", Coalesce("calendar_id", "home_team__calendar_id", default_id)
    )
    calendar_of = dict(rows)
    calendar_ids = {poc: calendar_of.get(poc, default_id) for poc in wanted}
    return {poc: _load(pk, versions[pk]).working for poc, pk in calendar_ids.items()}


def open_at(moment: datetime) -> list[int]:
    """Return the calendars that are open at `moment`. One query for those known already."""
    calendars = WorkingCalendar.objects.values_list("pk", "version")
    return [pk for pk, version in calendars if _load(pk, version).working.is_open(moment)]


def calendar_of() -> Coalesce:
    """The calendar of a POC, as an expression of its row: its own, else its home team's, else the house's."""
    house = WorkingCalendar.objects.filter(is_default=True).values("pk")
    return Coalesce("calendar_id", "home_team__calendar_id", Subquery(house))


def calendars_by(poc: PointOfContact) -> dict[int, int]:
    """Return the calendar of a POC and of those at home in it, by their ids. One query."""
    rows = PointOfContact.objects.filter(Q(pk=poc.pk) | Q(home_team=poc))
    return dict(rows.values_list("pk", calendar_of()))


def register(follow: Following) -> None:
    """Let `follow` know of POCs who got another calendar: what counts in their hours is above this app."""
    if follow not in _following:
        _following.append(follow)


def other_hours(poc_ids: Collection[int], at: datetime) -> None:
    """Say that these POCs work by another calendar from `at` on, within the act that gave it to them."""
    for follow in _following if poc_ids else ():
        follow(poc_ids, at)


@lru_cache(maxsize=1024)
def _load(calendar_id: int, version: int) -> Known:
    """Read one calendar; the key holds its version, so a change is a new entry."""
    calendar = WorkingCalendar.objects.get(pk=calendar_id)
    hours: dict[int, list[Interval]] = defaultdict(list)
    for weekday, starts, ends in CalendarHours.objects.filter(calendar=calendar).values_list(
        "weekday", "starts", "ends"
    ):
        hours[weekday].append((starts, ends))
    exceptions: dict[date, list[Interval]] = defaultdict(list)
    days: dict[date, DayNote] = {}
    for row in CalendarException.objects.filter(calendar=calendar).order_by("day", "starts"):
        exceptions[row.day].extend([(row.starts, row.ends)] if row.starts is not None and row.ends is not None else [])
        is_holiday = row.source == CalendarException.Source.HOLIDAY
        days.setdefault(row.day, DayNote(row.name, is_holiday, row.is_confirmed))
    working = WorkingTime(zone=calendar.zone, hours=hours, exceptions=exceptions, version=(calendar_id, version))
    return Known(calendar_id, version, calendar.name, working, days)
