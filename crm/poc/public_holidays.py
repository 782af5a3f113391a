"""Public holidays and the week of a country, written into a calendar; never asked when something falls due.

Days entered or corrected by hand stay, whatever is imported. Where the day is not certain yet (the
moon decides), it is marked as not confirmed. Their names are in the house's language where they are known in it,
else in English.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import to_locale

from crm.core import clock
from crm.core.actor import Actor, Source
from crm.core.refusals import Refused
from crm.dossiers.models import Firm
from crm.poc.hours import HOLIDAY, OWN, Changes, Week, change_week, changed, refuse_closed_for_good, said_of
from crm.poc.models import CalendarException, WorkingCalendar

log = logging.getLogger(__name__)

OPENS, CLOSES = time(9), time(18)
MAX_NAME, MAX_REGION = 100, 10  # characters, as the columns
ENGLISH = "en"


class UnknownCountry(Refused):
    field = "country"
    code = "unknown_country"
    default_message = _("The public holidays of this country are not known.")


class UnknownRegion(Refused):
    field = "region"
    code = "unknown_region"
    default_message = _("This country has no such region.")


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; not confirmed: it may still move by a day or two."""

    name: str
    is_confirmed: bool


def countries() -> Mapping[str, Sequence[str]]:
    """Return the countries whose holidays are known (ISO 3166-1), each with its regions."""
    import holidays  # noqa: PLC0415  # slow to load, and seldom needed

    known = holidays.list_supported_countries(include_aliases=False)
    return {code: [region for region in regions if len(region) <= MAX_REGION] for code, regions in known.items()}


def named_in(country: str) -> str:
    """Return the language in which a country's holidays are written: a locale, as `pt_BR`. One query."""
    import holidays  # noqa: PLC0415  # slow to load, and seldom needed

    known = getattr(holidays, country).supported_languages or ()
    house = to_locale(Firm.objects.values_list("language", flat=True).first() or ENGLISH)
    for wanted in (house, house.partition("_")[0], "en_US", ENGLISH):
        found = next((each for each in known if each == wanted or each.partition("_")[0] == wanted), None)
        if found is not None:
            return str(found)
    return ENGLISH  # one that has its names in no other


@transaction.atomic
def follow(*, calendar: WorkingCalendar, country: str, region: str = "", by: Actor, at: datetime) -> WorkingCalendar:
    """Let a calendar be closed on the holidays of a country (and region): this year's, the next, and so on each year.

    An empty country: of none any more. What another country's import wrote for days to come goes; past days stay.

    :raises UnknownCountry: its holidays are not known.
    :raises UnknownRegion: it has no such region; the message says which it has.
    :raises WorksNever: the calendar would never open.
    """
    regions = countries().get(country)
    if country and regions is None:
        raise UnknownCountry
    if region and region not in (regions or ()):
        allowed = ", ".join(regions or ()) or "–"
        raise UnknownRegion(UnknownRegion.default_message + f" {_('Known are:')} {allowed}")
    locked = WorkingCalendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
    changes: Changes = {}
    for name, value in (("country", country), ("region", region)):
        if getattr(locked, name) != value:
            changes[name] = [getattr(locked, name), value]
            setattr(locked, name, value)
    told = _write(locked, _coming(locked, at), at, is_another=bool(changes))[1] if changes or country else {}
    if not changes and not told:
        return locked
    refuse_closed_for_good(locked, at)
    return changed(locked, changes | told, by, at)


def extend() -> int:
    """Import what has become known, of this year and the next, into every calendar that follows a country.

    Returns how many calendars it changed. Safe to run any number of times; where nothing is new, no version changes.
    One that fails, as by a country that the library knows no more, holds up no other.
    """
    followed = WorkingCalendar.objects.exclude(country="").order_by("pk").values_list("pk", flat=True)
    done = 0
    for pk in list(followed):
        try:
            done += _extend(pk)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("Cannot import the public holidays of calendar %s", pk)
    return done


@transaction.atomic
def _extend(pk: int) -> bool:
    at = clock.now()
    calendar = WorkingCalendar.objects.select_for_update(no_key=True).get(pk=pk)
    _number, told = _write(calendar, _coming(calendar, at), at)
    if told:
        changed(calendar, told, Actor.system(Source.TASK), at)
    return bool(told)


@transaction.atomic
def take_over(*, calendar: WorkingCalendar, country: str, years: Iterable[int], by: Actor, at: datetime) -> int:
    """Give `calendar` the working week and the holidays of `country` (ISO 3166); return how many holidays.

    From then on it follows them. An unknown country changes nothing. Days entered by hand and past ones stay; run
    again, it replaces what it wrote before in these years.
    """
    if country not in countries():
        return 0
    years = sorted(set(years))
    locked = WorkingCalendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
    changes: Changes = {"country": [locked.country, country]} if locked.country != country else {}
    locked.country, locked.region = country, ""
    changes |= change_week(locked, _week(set(_days(country, "", years).weekend)))
    number, told = _write(locked, years, at)
    if changes or told:
        changed(locked, changes | told, by, at)
    return number


def _coming(calendar: WorkingCalendar, at: datetime) -> Sequence[int]:
    year = at.astimezone(ZoneInfo(calendar.zone)).year
    return [year, year + 1]


def _write(
    calendar: WorkingCalendar, years: Sequence[int], at: datetime, *, is_another: bool = False
) -> tuple[int, Changes]:
    """Write the holidays of these years, and return how many there are and what changed. What stands in the past stays.

    Where it follows `is_another` country than before, or none, whatever was imported for later years goes too.
    """
    today = at.astimezone(ZoneInfo(calendar.zone)).date()
    found = _holidays(calendar.country, calendar.region, years) if calendar.country else {}
    rows = CalendarException.objects.filter(calendar=calendar)
    standing = rows.filter(Q(source=OWN) | Q(day__lt=today), day__in=list(found))
    kept_days = set(standing.values_list("day", flat=True))
    wanted = {day: holiday for day, holiday in found.items() if day not in kept_days}
    imported = rows.filter(source=HOLIDAY, day__gte=today).order_by("day")
    if not is_another:
        imported = imported.filter(day__year__in=years)
    before = list(imported)
    gone = [row for row in before if wanted.get(row.day) != Holiday(row.name, row.is_confirmed)]
    kept = {row.day for row in before} - {row.day for row in gone}
    new = [
        CalendarException(
            calendar=calendar, day=day, name=holiday.name, source=HOLIDAY, is_confirmed=holiday.is_confirmed
        )
        for day, holiday in sorted(wanted.items())
        if day not in kept
    ]
    rows.filter(pk__in=[row.pk for row in gone]).delete()
    CalendarException.objects.bulk_create(new)
    return len(found), said_of(gone, new)


def _holidays(country: str, region: str, years: Sequence[int]) -> dict[date, Holiday]:
    days = _days(country, region, years)
    marks = [
        str(days.tr(label)).replace("%s", "").strip()
        for label in (getattr(days, name, "") for name in ("estimated_label", "observed_estimated_label"))
        if label
    ]
    found = {}
    for day, name in sorted(days.items()):
        plain = name
        for mark in marks:
            plain = plain.replace(mark, "")
        found[day] = Holiday(" ".join(plain.split())[:MAX_NAME], is_confirmed=plain == name)
    return found


def _days(country: str, region: str, years: Sequence[int]) -> Any:
    """Ask the library; where it knows what is only estimated, that too, for it says so."""
    import holidays  # noqa: PLC0415  # slow to load, and seldom needed

    asked = {"subdiv": region or None, "years": list(years), "language": named_in(country)}
    try:
        return getattr(holidays, country)(**asked, islamic_show_estimated=True)
    except TypeError:  # no day of this country hangs on the moon
        return getattr(holidays, country)(**asked)


def _week(weekend: set[int]) -> Week:
    """Nine to six on every day that is no weekend there."""
    return {day: [(OPENS, CLOSES)] for day in range(7) if day not in weekend}
