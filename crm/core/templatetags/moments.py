"""Moments in words, in the reader's zone: `{% when at %}`, `{% day on %}`, and the plain functions behind them."""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from crm.core import clock

register = template.Library()

SMALL_HOURS = timedelta(hours=5)
NEAR = 6  # days in which a weekday alone names the day


def reader_now(context: template.Context) -> datetime:
    """Return the database's moment as the request knows it, in the reader's zone."""
    return timezone.localtime(clock.of(context["request"]))


def day_words(day: date, today: date) -> str:
    """Say which day it is: Today, Tue, Fri 11 Dec, 4 Mar 2025."""
    distance = (day - today).days
    if distance in (-1, 0, 1):
        return {-1: _("Yesterday"), 0: _("Today"), 1: _("Tomorrow")}[distance]
    if 0 < distance <= NEAR:
        return formats.date_format(day, "D")
    return weekday_and_date(day) if day.year == today.year else whole_date(day)


def weekday_and_date(day: date) -> str:
    """Say a day so that it is still true tomorrow, within a sentence: Fri 11 Dec."""
    return formats.date_format(day, pgettext("date", "D j M"))


def whole_date(day: date) -> str:
    """Say a day of any year: 4 Mar 2025."""
    return formats.date_format(day, pgettext("date", "j M Y"))


def moment_words(at: datetime, now: datetime) -> str:
    """Say when, as briefly as it is clear: 16:00 today, Tue 10:15 within six days, else Fri 11 Dec."""
    local, here = timezone.localtime(at), timezone.localtime(now)
    hour = formats.date_format(local, "H:i")
    distance = (local.date() - here.date()).days
    if distance == 0:
        return hour
    if abs(distance) <= NEAR:
        return f"{formats.date_format(local, 'D')} {hour}"
    return day_words(local.date(), here.date())


def span_words(span: timedelta) -> str:
    """Say how long: 45 min, 2 h 15 min, 3 days."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes >= 24 * 60:
        days = minutes // (24 * 60)
        return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if not rest or hours >= 6:
        return _("%(hours)s h") % {"hours": hours}
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}


def _stamp(at: datetime, words: str, zone: str) -> SafeString:
    """Wrap `words` so that hovering gives the whole moment, in the owner's zone when there is one."""
    shown = at.astimezone(ZoneInfo(zone)) if zone else timezone.localtime(at)
    whole = f"{weekday_and_date(shown)} {formats.date_format(shown, 'Y H:i')} {shown.tzinfo}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(timespec="minutes"), whole, words)


@register.simple_tag(takes_context=True)
def when(context: template.Context, at: datetime | None, zone: str = "") -> SafeString | str:
    """Say when `at` is; `zone` is the owner's, shown on hover. Nothing for None."""
    return _stamp(at, moment_words(at, reader_now(context)), zone) if at else ""


@register.simple_tag
def full_when(at: datetime | None) -> SafeString | str:
    """Say day and hour in full, for what is being decided: Thu 3 Dec, 9:00. Nothing for None."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return _stamp(at, f"{weekday_and_date(local)}, {formats.date_format(local, 'H:i')}", "")


@register.simple_tag(takes_context=True)
def hour(context: template.Context, at: datetime | None, zone: str = "") -> SafeString | str:
    """Say the time of day alone, for lists that name the day in a heading."""
    return _stamp(at, formats.date_format(timezone.localtime(at), "H:i"), zone) if at else ""


@register.simple_tag(takes_context=True)
def day(context: template.Context, on: date | datetime | None) -> str:
    """Say which day `on` is, a day or a moment. Nothing for None."""
    if on is None:
        return ""
    return day_words(timezone.localtime(on).date() if isinstance(on, datetime) else on, reader_now(context).date())


def last_away(ends_at: datetime) -> date:
    """Return the last day on which somebody is away until a moment: who is back in the small hours is back that day.

    So a midnight of theirs, which is one o'clock where the reader is, ends the same day for both.
    """
    return timezone.localtime(ends_at - SMALL_HOURS - timedelta(microseconds=1)).date()


@register.simple_tag(takes_context=True)
def last_day(context: template.Context, ends_at: datetime) -> str:
    """Say the last day of a half-open period during which somebody is away."""
    return day(context, last_away(ends_at))


@register.simple_tag(takes_context=True)
def days(context: template.Context, starts_at: datetime, ends_at: datetime) -> str:
    """Say over which days a half-open period goes; a single day once."""
    first, last = day(context, starts_at), day(context, max(timezone.localtime(starts_at).date(), last_away(ends_at)))
    return first if first == last else f"{first} – {last}"


@register.filter
def last_on(ends_at: datetime) -> date:
    """Return the last day of a half-open period, to be written in full."""
    return timezone.localtime(ends_at - timedelta(microseconds=1)).date()


@register.simple_tag(takes_context=True)
def long_day(context: template.Context, on: date | datetime) -> str:
    """Say the day in full, for headings: Today, Friday 27 November, 4 March 2025."""
    local = timezone.localtime(on).date() if isinstance(on, datetime) else on
    today = reader_now(context).date()
    if local == today:
        return _("Today")
    return _in_full(local, pgettext("date", "l j E") if local.year == today.year else pgettext("date", "j E Y"))


@register.simple_tag(takes_context=True)
def today(context: template.Context) -> str:
    """Name the reader's day, for the title of My day: Monday 30 November."""
    return _in_full(reader_now(context), pgettext("date", "l j E"))


@register.filter
def in_full(on: date) -> str:
    """Say a day with everything: Monday 30 November 2026."""
    return _in_full(on, pgettext("date", "l j E Y"))


def _in_full(on: date, pattern: str) -> str:
    """Say a day as the heading of something: English alone writes months large within a sentence."""
    said = formats.date_format(on, pattern)
    return said if (translation.get_language() or "en").startswith("en") else capfirst(said.lower())


@register.simple_tag(takes_context=True)
def clock_in(context: template.Context, zone: str) -> str:
    """Say what the clock shows where somebody is: 14:15 in Lisbon. Nothing where that is not known."""
    try:
        local = reader_now(context).astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    return _("%(hour)s in %(city)s") % {"hour": formats.date_format(local, "H:i"), "city": city(zone)}


@register.filter
def city(zone: str) -> str:
    """Name a time zone as people do: Europe/Lisbon is Lisbon, for those who read Spanish Lisboa."""
    return _city(zone, translation.get_language() or settings.LANGUAGE_CODE)


@cache
def _city(zone: str, language: str) -> str:
    named = zone.rsplit("/", 1)[-1].replace("_", " ")
    if language == settings.LANGUAGE_CODE:
        return named
    from babel import Locale  # noqa: PLC0415  # slow to load

    return str(Locale.parse(translation.to_locale(language)).time_zones.get(zone, {}).get("city") or named)


@register.filter
def minutes(seconds: int | None) -> str:
    """Say how long something took: 6 min, 1 h 10 min."""
    return span_words(timedelta(seconds=max(seconds, 60))) if seconds else ""


@register.filter
def long_since(now: datetime, at: datetime | None) -> str:
    """Say for how long something has been so; nothing within the first minute, which is as good as at once."""
    span = now - at if at is not None else timedelta(0)
    return span_words(span) if span >= timedelta(minutes=1) else ""
