"""Public holidays and the week of a country, written into a calendar; never asked when something falls due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from django.db.models import F

from crm.poc.models import CalendarException, CalendarHours, WorkingCalendar

OPENS, CLOSES = time(9), time(18)


def take_over(*, calendar: WorkingCalendar, country: str, years: Iterable[int]) -> int:
    """Give `calendar` the working week and the holidays of `country` (ISO 3166); return how many holidays.

    An unknown country changes nothing. Days entered by hand stay; run again, it replaces what it
    wrote before in these years.
    """
    import holidays  # noqa: PLC0415  # slow to load, and needed once a year

    years = sorted(set(years))
    try:
        days = holidays.country_holidays(country, years=years)
    except NotImplementedError:
        return 0
    _week(calendar, set(days.weekend))
    own = CalendarException.objects.filter(calendar=calendar, source=CalendarException.Source.OWN)
    taken = set(own.values_list("day", flat=True))
    written = CalendarException.objects.filter(
        calendar=calendar, source=CalendarException.Source.HOLIDAY, day__year__in=years
    )
    written.delete()
    new = [
        CalendarException(calendar=calendar, day=day, name=name[:100], source=CalendarException.Source.HOLIDAY)
        for day, name in sorted(days.items())
        if day not in taken
    ]
    CalendarException.objects.bulk_create(new)
    WorkingCalendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1)
    return len(new)


def _week(calendar: WorkingCalendar, weekend: set[int]) -> None:
    """Nine to six on every day that is no weekend there."""
    CalendarHours.objects.filter(calendar=calendar).delete()
    CalendarHours.objects.bulk_create(
        CalendarHours(calendar=calendar, weekday=day, starts=OPENS, ends=CLOSES)
        for day in range(7)
        if day not in weekend
    )
