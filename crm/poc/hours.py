"""Open and change working calendars. Every change is a new version: what was worked out with the old one is redone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import NameRequired, record
from crm.dossiers.models import Event
from crm.poc.models import CalendarException, CalendarHours, WorkingCalendar

Week = Mapping[int, Sequence[tuple[time, time]]]  # Monday is 0; a day may have several intervals


class UnknownZone(Refused):
    field = "zone"
    code = "unknown_zone"
    default_message = _("There is no such time zone.")


class EndsBeforeStart(Refused):
    field = "hours"
    code = "ends_before_start"
    default_message = _("Working hours must end after they begin.")


class NameTaken(Refused):
    field = "name"
    code = "name_taken"
    default_message = _("Another working calendar has this name.")


@transaction.atomic
def open_calendar(*, name: str, zone: str, week: Week, by: Actor, at: datetime) -> WorkingCalendar:
    """Open a working calendar with its weekly hours.

    :raises NameRequired: `name` is blank.
    :raises NameTaken: another has it.
    :raises UnknownZone: `zone` is no zone.
    :raises EndsBeforeStart: an interval is empty.
    """
    name = " ".join(name.split())
    if not name:
        raise NameRequired
    if WorkingCalendar.objects.filter(name=name).exists():
        raise NameTaken
    _refuse(zone, week)
    calendar = WorkingCalendar.objects.create(name=name, zone=zone)
    _write(calendar, week)
    record(kind=Event.Kind.CREATED, dossiers=[], by=by, at=at, facts={"kind": "calendar", "calendar": calendar.pk})
    return calendar


@transaction.atomic
def change_calendar(
    *, calendar: WorkingCalendar, zone: str | None = None, week: Week | None = None, by: Actor, at: datetime
) -> WorkingCalendar:
    """Give a calendar another zone or other weekly hours; None leaves them.

    :raises UnknownZone: `zone` is no zone.
    :raises EndsBeforeStart: an interval is empty.
    """
    locked = WorkingCalendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
    _refuse(zone or locked.zone, week or {})
    locked.zone = zone or locked.zone
    if week is not None:
        locked.hours.all().delete()
        _write(locked, week)
    return _changed(locked, by, at)


@transaction.atomic
def close_days(*, calendar: WorkingCalendar, days: Mapping[date, str], by: Actor, at: datetime) -> WorkingCalendar:
    """Close whole days, each with its name; what was entered for these days before is replaced."""
    locked = WorkingCalendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
    locked.exceptions.filter(day__in=list(days)).delete()
    CalendarException.objects.bulk_create(
        CalendarException(calendar=locked, day=day, name=name) for day, name in days.items()
    )
    return _changed(locked, by, at)


def _refuse(zone: str, week: Week) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone from None
    if any(ends <= starts and ends != time(0) for hours in week.values() for starts, ends in hours):
        raise EndsBeforeStart


def _write(calendar: WorkingCalendar, week: Week) -> None:
    CalendarHours.objects.bulk_create(
        CalendarHours(calendar=calendar, weekday=day, starts=starts, ends=ends)
        for day, hours in week.items()
        for starts, ends in hours
    )


def _changed(calendar: WorkingCalendar, by: Actor, at: datetime) -> WorkingCalendar:
    calendar.version += 1
    calendar.save()
    record(kind=Event.Kind.CHANGED, dossiers=[], by=by, at=at, facts={"kind": "calendar", "calendar": calendar.pk})
    return calendar
