"""When something is due, from plain words: "tomorrow 9", "in 3 working days", "+2w", "fri 14:00", an ISO date.

Pure: text, the present moment and a working time in, a moment out. Days and hours are those of the
working time's zone. A day without an hour is its morning, or the next open day's; an hour that was
written is taken as it was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.core.text import search_key
from crm.core.working_time import NeverOpens, WorkingTime
from interactions import due_words as words

MORNING = time(9)  # when a day is named without an hour
NOON = time(12)
FURTHEST = timedelta(days=5 * 366)
LONGEST = 60  # characters anybody needs to say when

ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ]+(.+))?$")
DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?(?: (.+))?$")
SPAN = re.compile(r"\+ ?(\d{1,3}) ?([^\W\d_]{1,2})(?: (.+))?$")
CLOCK = re.compile(r"(\d{1,2})(?:(?:[:.]|h ?)(\d{2})|h)? ?(am|pm|a\.m\.|p\.m\.)?$")


class Unreadable(ValueError):
    """The text does not say when."""


class TooFar(ValueError):
    """It says a moment nobody plans for: more than five years ahead."""


@dataclass(frozen=True, slots=True)
class _Today:
    """What "today" is, where the one who will act works."""

    at: datetime  # in the working time's zone
    working: WorkingTime

    @property
    def day(self) -> date:
        return self.at.date()

    def moment(self, day: date, clock: time | None) -> datetime:
        """The moment a day and, perhaps, an hour mean."""
        return self.working.combine(day, clock) if clock else morning(self.working, day)


def read(text: str, *, at: datetime, working: WorkingTime) -> datetime:
    """Return the moment `text` means, seen from `at`. It may lie in the past: the caller decides about that.

    :raises Unreadable: it cannot be read as a moment.
    :raises TooFar: it lies more than five years ahead.
    """
    text = search_key(text).replace(",", " ").strip(" !")
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        raise Unreadable(text)
    now = _Today(at.astimezone(ZoneInfo(working.zone)), working)
    try:
        for reader in (_iso, _dotted, _span, _in, _day_words, _weekday, _month_day, _bare_clock):
            found = reader(text, now)
            if found is not None:
                return _near(found, at)
    except (ValueError, OverflowError) as error:
        if isinstance(error, TooFar):
            raise
        raise Unreadable(text) from error
    raise Unreadable(text)


def morning(working: WorkingTime, day: date) -> datetime:
    """Return nine o'clock of `day`, or of the next open day, or that day's opening when it is later."""
    try:
        opening = working.next_opening(working.combine(day, time(0)))
        open_day = opening.astimezone(ZoneInfo(working.zone)).date()
        return working.next_opening(working.combine(open_day, MORNING))
    except NeverOpens:
        return working.combine(day, MORNING)


def tomorrow(*, at: datetime, working: WorkingTime) -> datetime:
    """Return the morning of the next open day after today."""
    return morning(working, _local_day(at, working) + timedelta(days=1))


def in_working_days(n: int, *, at: datetime, working: WorkingTime) -> datetime:
    """Return the morning of the `n`th open day after today."""
    try:
        return morning(working, _local_day(working.add_days(at, n), working))
    except NeverOpens:
        return morning(working, _local_day(at, working) + timedelta(days=n))


def in_a_week(*, at: datetime, working: WorkingTime) -> datetime:
    """Return the morning in seven days, or of the next open day after it."""
    return morning(working, _local_day(at, working) + timedelta(days=7))


def _local_day(at: datetime, working: WorkingTime) -> date:
    return at.astimezone(ZoneInfo(working.zone)).date()


def _near(found: datetime, at: datetime) -> datetime:
    if found - at > FURTHEST:
        raise TooFar
    return found


def _clock(text: str | None) -> time | None:
    """The hour a text is; None for no text. :raises ValueError: it is none."""
    if not text:
        return None
    rest = [word for word in text.split() if word not in words.NOISE]
    if len(rest) == 1 and rest[0] in words.NOON:
        return NOON
    match = CLOCK.match(" ".join(rest))
    if match is None:
        raise ValueError(text)
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").replace(".", "")
    if half and not 1 <= hour <= 12:
        raise ValueError(text)
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute)


def _iso(text: str, now: _Today) -> datetime | None:
    match = ISO.match(text)
    return now.moment(date(int(match[1]), int(match[2]), int(match[3])), _clock(match[4])) if match else None


def _dotted(text: str, now: _Today) -> datetime | None:
    """3.12. and 3.12.2026: the day first."""
    match = DOTTED.match(text)
    if match is None:
        return None
    return now.moment(_coming(int(match[1]), int(match[2]), match[3], now), _clock(match[4]))


def _span(text: str, now: _Today) -> datetime | None:
    """+2w, +3d 14:00, +4h."""
    match = SPAN.match(text)
    if match is None or match[2] not in words.UNIT_OF:
        return None
    return _ahead(int(match[1]), words.UNIT_OF[match[2]], match[3], now)


def _in(text: str, now: _Today) -> datetime | None:
    """In 3 working days, en 2 semanas, через неделю."""
    given = text.split()
    if given[0] not in words.IN:
        return None
    given = given[2:] if given[:2] == ["dentro", "de"] else given[1:]
    n = 1
    if given and (given[0].isascii() and given[0].isdigit()):
        n, given = int(given[0]), given[1:]
    elif given and given[0] in words.ONE:
        given = given[1:]
    working = [word for word in given[:2] if word in words.WORKING]
    given = [word for word in given[:2] if word not in words.WORKING] + given[2:]
    if not given or given[0] not in words.UNIT_OF or n > 999:
        raise ValueError(text)
    unit = words.UNIT_OF[given[0]]
    if working and unit not in ("day", "hour"):
        raise ValueError(text)
    return _ahead(n, f"working_{unit}" if working else unit, " ".join(given[1:]), now)


def _ahead(n: int, unit: str, rest: str | None, now: _Today) -> datetime:
    """So many units from now. An hour given beside days sets the time of day."""
    clock = _clock(rest)
    if unit in ("hour", "working_hour"):
        if clock:
            raise ValueError(rest)
        return now.working.add(now.at, n * 3600) if unit == "working_hour" else now.at + timedelta(hours=n)
    if unit == "working_day":
        found = in_working_days(n, at=now.at, working=now.working)
        return now.working.combine(_local_day(found, now.working), clock) if clock else found
    day = _months_on(now.day, n) if unit == "month" else now.day + timedelta(days=n * (7 if unit == "week" else 1))
    return now.moment(day, clock)


def _months_on(day: date, n: int) -> date:
    """The same day `n` months on, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _day_words(text: str, now: _Today) -> datetime | None:
    """Today 16:00, tomorrow, pasado mañana a las 9."""
    for phrase in words.AFTER_TOMORROW:
        if text == phrase or text.startswith(f"{phrase} "):
            return now.moment(now.day + timedelta(days=2), _clock(text[len(phrase) :].strip()))
    first, _space, rest = text.partition(" ")
    if first in words.TODAY:
        return now.moment(now.day, _clock(rest))
    if first in words.TOMORROW:
        return now.moment(now.day + timedelta(days=1), _clock(rest))
    return None


def _weekday(text: str, now: _Today) -> datetime | None:
    """Fri 14:00, next monday; today's own weekday is a week ahead. Next week is its first open day."""
    given = [word for word in text.split() if word not in words.NOISE - {"mar"}]
    is_next = bool(given) and given[0] in words.NEXT
    given = given[1:] if is_next else given
    if given and is_next and words.UNIT_OF.get(given[0]) == "week":
        return now.moment(now.day + timedelta(days=7 - now.day.weekday()), _clock(" ".join(given[1:])))
    if not given or given[0] not in words.WEEKDAYS or _is_month_day(given):
        return None
    ahead = (words.WEEKDAYS[given[0]] - now.day.weekday() - 1) % 7 + 1
    return now.moment(now.day + timedelta(days=ahead), _clock(" ".join(given[1:])))


def _is_month_day(given: list[str]) -> bool:
    """True of "mar 3" followed by an hour: March in English, Tuesday elsewhere; a lone "mar 9" is Tuesday at nine."""
    return given[0] == "mar" and len(given) > 2 and given[1].isdigit()


def _month_day(text: str, now: _Today) -> datetime | None:
    """3 dec, dec 3 2027, 3 de diciembre a las 10."""
    given = [word for word in text.split() if word not in words.NOISE]
    if len(given) < 2:
        return None
    if given[0].rstrip("stndrh").isdigit() and given[1] in words.MONTHS:
        day, month = int(given[0].rstrip("stndrh")), words.MONTHS[given[1]]
    elif given[0] in words.MONTHS and given[1].rstrip("stndrh").isdigit():
        day, month = int(given[1].rstrip("stndrh")), words.MONTHS[given[0]]
    else:
        return None
    rest = given[2:]
    year = rest.pop(0) if rest and re.fullmatch(r"20\d\d", rest[0]) else None
    return now.moment(_coming(day, month, year, now), _clock(" ".join(rest)))


def _coming(day: int, month: int, year: str | None, now: _Today) -> date:
    """That day, in the year given or the next time it comes."""
    if year:
        return date(int(year), month, day)
    found = date(now.day.year, month, day)
    return found if found >= now.day else date(now.day.year + 1, month, day)


def _bare_clock(text: str, now: _Today) -> datetime | None:
    """16:00, 4pm: the next time the clock shows it. A number alone, or 3.12, says nothing for sure."""
    if text.isdigit() or "." in text:
        return None
    clock = _clock(text)
    if clock is None:
        return None
    found = now.working.combine(now.day, clock)
    return found if found > now.at else now.working.combine(now.day + timedelta(days=1), clock)
