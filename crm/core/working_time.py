"""Working time: opening hours of a calendar, and arithmetic in them. Pure; no Django.

A calendar is expanded to sorted UTC intervals with prefix sums, and every question is a
bisection over them. All arithmetic is in UTC: a night when the clocks change is longer or
shorter, and nothing else about it is special.

Local times that a clock change makes odd:

- a missing local time moves to the first valid instant after it;
- in the repeated hour a start is the first of the two instants, an end the second.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

Hours: TypeAlias = Sequence[tuple[time, time]]  # (start, end); an end of 00:00 means 24:00

ALL_DAY: Hours = ((time(0), time(0)),)
CHUNK_DAYS = 366  # expanded at a time
LATEST_DAY = date(2500, 1, 1)  # further on nobody looks for an opening
HORIZON_YEARS = 12  # who has not opened long enough by then never will
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


class NeverOpens(Exception):
    """The calendar does not open (long enough) within any sensible time."""


@dataclass(frozen=True)
class WorkingTime:
    """The opening hours of somebody: per weekday, with exceptions per date, in one zone.

    `hours` maps a weekday (Monday is 0) to its intervals; a weekday that is left out is closed.
    `exceptions` replaces a date's intervals; an empty sequence closes it. `version` is the
    caller's name for this state of the calendar; the arithmetic does not need it.
    """

    zone: str
    hours: Mapping[int, Hours]
    exceptions: Mapping[date, Hours] = field(default_factory=dict)
    version: Hashable = None
    _span: "_Expansion" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weekly = tuple(_tidy(self.hours.get(day, ())) for day in range(7))
        dated = tuple(sorted((day, _tidy(hours)) for day, hours in self.exceptions.items()))
        object.__setattr__(self, "_span", _expansion(self.zone, weekly, dated))

    def __hash__(self) -> int:
        return hash((self.zone, self.version, self._span.weekly, self._span.dated))

    def is_open(self, at: datetime) -> bool:
        """Say whether `at` lies within an interval; its end does not."""
        return self.closes_at(at) is not None

    def closes_at(self, at: datetime) -> datetime | None:
        """Return the end of the interval that holds `at`, or None when closed."""
        second = _seconds(at)
        self._span.cover(second, second + 1)
        index = bisect_right(self._span.starts, second) - 1
        if index < 0 or self._span.ends[index] <= second:
            return None
        return _moment(self._span.ends[index])

    def next_opening(self, at: datetime) -> datetime:
        """Return `at` itself when open, else the next start.

        :raises NeverOpens: there is none within the horizon.
        """
        second = _seconds(at)
        index = self._span.first_ending_after(second)
        return max(at, _moment(self._span.starts[index]))

    def between(self, start: datetime, end: datetime) -> int:
        """Return the working seconds from `start` to `end`, negative when `end` is earlier."""
        if end < start:
            return -self.between(end, start)
        first, last = _seconds(start), _seconds(end)
        self._span.cover(first, last)
        return self._span.worked_until(last) - self._span.worked_until(first)

    def add(self, at: datetime, seconds: int) -> datetime:
        """Return the first moment not before `at` by which `seconds` of work have passed.

        Work that ends with the day ends at closing, not at the next opening. Negative
        seconds count backwards: the last moment from which as much work remains until `at`.

        :raises NeverOpens: the calendar is not open for as long within the horizon.
        """
        if seconds == 0:
            return at
        second = _seconds(at)
        span = self._span
        return _moment(span.forward(second, seconds) if seconds > 0 else span.backward(second, -seconds))

    def add_days(self, at: datetime, days: int) -> datetime:
        """Return the same local time `days` open dates later (earlier when negative), within opening hours.

        A local time before opening, or in a break, moves to the next start of that date; one
        after closing moves to the closing. Zero days is `at`.

        :raises NeverOpens: there are not as many open dates within the horizon.
        """
        if days == 0:
            return at
        local = at.astimezone(ZoneInfo(self.zone))
        day, step = local.date(), DAY if days > 0 else -DAY
        left, last = abs(days), _last_date(local.date(), self._span, days)
        while left:
            if day == last:
                raise NeverOpens(f"no {abs(days)} open dates from {local.date()} in {self.zone}")
            day += step
            left -= bool(self._span.of_date(day))
        return self._clip(day, local.time().replace(fold=0))

    def opens_on(self, day: date) -> bool:
        """Say whether it opens on a local date at all."""
        return bool(self._span.of_date(day))

    def intervals(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return what is open from `start` to `end`, in order, cut at both; midnight does not part what meets there."""
        first, last = _seconds(start), _seconds(end)
        self._span.cover(first, last)
        index = bisect_right(self._span.ends, first)
        found = []
        while first < last and index < len(self._span.starts) and self._span.starts[index] < last:
            opened, closed = max(self._span.starts[index], first), min(self._span.ends[index], last)
            found.append((_moment(opened), _moment(closed)))
            index += 1
        return found

    def combine(self, day: date, clock: time) -> datetime:
        """Return the moment when a clock in this zone shows `day`, `clock`; the first if it does so twice."""
        return combine(self.zone, day, clock)

    def _clip(self, day: date, clock: time) -> datetime:
        moment = self.combine(day, clock)
        intervals = self._span.of_date(day)
        for start, end in intervals:
            if moment < _moment(end):
                return max(moment, _moment(start))
        return _moment(intervals[-1][1])


def combine(zone: str, day: date, clock: time) -> datetime:
    """Return the UTC moment of a local time; a missing one moves to the first valid instant after it."""
    return _moment(_instant(ZoneInfo(zone), datetime.combine(day, clock), fold=0))


def always(zone: str = "UTC") -> WorkingTime:
    """Return a calendar that never closes: its working time is elapsed time."""
    return WorkingTime(zone=zone, hours=dict.fromkeys(range(7), ALL_DAY))


class _Expansion:
    """The intervals of one calendar in UTC seconds, extended as they are asked for."""

    def __init__(self, zone: str, weekly: tuple[Hours, ...], dated: tuple[tuple[date, Hours], ...]) -> None:
        self.zone, self.weekly, self.dated = ZoneInfo(zone), weekly, dated
        self.by_date = dict(dated)
        self.known: dict[date, list[tuple[int, int]]] = {}
        self.opens_weekly = any(weekly)
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.sums: list[int] = []  # work before the interval; may begin below zero, only differences count
        self.from_day, self.to_day = date.max, date.min  # expanded from … to before; nothing yet

    def of_date(self, day: date) -> list[tuple[int, int]]:
        """Return the intervals of one local date, sorted, apart, not empty."""
        if day not in self.known:
            hours = self.by_date.get(day)
            hours = self.weekly[day.weekday()] if hours is None else hours
            spans = [self._interval(day, start, end) for start, end in hours]
            self.known[day] = _merge(span for span in spans if span[0] < span[1])
        return self.known[day]

    def cover(self, first: int, last: int) -> None:
        """Have everything expanded that lies from `first` to `last`."""
        low, high = _moment(first).date() - 2 * DAY, _moment(last).date() + 2 * DAY
        if self.to_day < self.from_day:
            self.from_day = self.to_day = low
        if high > self.to_day:
            until = max(high, self.to_day + CHUNK_DAYS * DAY)
            self._append(self._expand(self.to_day, until))
            self.to_day = until
        if low < self.from_day:
            since = min(low, self.from_day - CHUNK_DAYS * DAY)
            self._prepend(self._expand(since, self.from_day))
            self.from_day = since

    def worked_until(self, second: int) -> int:
        """Return the prefix sum at a second that is covered."""
        index = bisect_right(self.starts, second) - 1
        if index < 0:
            return self.sums[0] if self.sums else 0
        return self.sums[index] + min(second, self.ends[index]) - self.starts[index]

    def first_ending_after(self, second: int) -> int:
        """Return the index of the interval that holds `second` or begins next."""
        for _ in self._further(second):
            index = bisect_right(self.ends, second)
            if index < len(self.ends):
                return index
        raise NeverOpens(f"closed for {HORIZON_YEARS} years from {_moment(second)} in {self.zone}")

    def forward(self, second: int, work: int) -> int:
        """Return the first instant by which `work` seconds have passed since `second`."""
        for _ in self._further(second):
            wanted = self.worked_until(second) + work
            index = bisect_left(self.sums, wanted) - 1  # the last interval that begins with less done
            if index >= 0:
                instant = self.starts[index] + wanted - self.sums[index]
                if instant <= self.ends[index]:
                    return instant
        raise NeverOpens(f"not open for {work} s within {HORIZON_YEARS} years of {_moment(second)} in {self.zone}")

    def backward(self, second: int, work: int) -> int:
        """Return the last instant from which `work` seconds pass until `second`."""
        for _ in self._further(second, back=True):
            wanted = self.worked_until(second) - work
            index = bisect_right(self.sums, wanted) - 1  # the last interval that begins with no more done
            if index >= 0:
                instant = self.starts[index] + wanted - self.sums[index]
                if instant < self.ends[index]:
                    return instant
        raise NeverOpens(f"not open for {work} s within {HORIZON_YEARS} years before {_moment(second)} in {self.zone}")

    def _further(self, second: int, *, back: bool = False) -> Iterable[None]:
        """Yield after each extension of what is expanded, as far as an opening is to be hoped for."""
        last = _last_date(_moment(second).date(), self, -1 if back else 1)
        self.cover(second, second)
        yield
        while (last < self.from_day) if back else (last > self.to_day):
            edge = (self.from_day - DAY) if back else (self.to_day + DAY)
            there = int((datetime.combine(edge, time(0), UTC) - EPOCH).total_seconds())
            self.cover(min(there, second), max(there, second))
            yield

    def _interval(self, day: date, start: time, end: time) -> tuple[int, int]:
        closing = datetime.combine(day, end) if end != time(0) else datetime.combine(day + DAY, end)
        # An end does not count itself: what decides which of two it is, is the tick before it.
        return (
            _instant(self.zone, datetime.combine(day, start), fold=0),
            _instant(self.zone, closing - TICK, fold=1),
        )

    def _expand(self, since: date, until: date) -> list[tuple[int, int]]:
        days = (since + n * DAY for n in range((until - since).days))
        return _merge(span for day in days for span in self.of_date(day))

    def _append(self, spans: list[tuple[int, int]]) -> None:
        for start, end in spans:
            if self.ends and start <= self.ends[-1]:  # meets midnight, or the repeated hour before it
                self.ends[-1] = max(end, self.ends[-1])
                continue
            done = self.sums[-1] + self.ends[-1] - self.starts[-1] if self.sums else 0
            self.starts.append(start)
            self.ends.append(end)
            self.sums.append(done)

    def _prepend(self, spans: list[tuple[int, int]]) -> None:
        later = list(zip(self.starts, self.ends, strict=True))
        self.starts, self.ends, self.sums = [], [], []
        self._append(spans + later)


@lru_cache(maxsize=1024)
def _expansion(zone: str, weekly: tuple[Hours, ...], dated: tuple[tuple[date, Hours], ...]) -> _Expansion:
    """Share one expansion among equal calendars."""
    return _Expansion(zone, weekly, dated)


def _tidy(hours: Hours) -> Hours:
    return tuple(sorted((start, end) for start, end in hours if start < end or end == time(0)))


def _merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _last_date(day: date, span: _Expansion, direction: int) -> date:
    """Return how far from `day` it is worth to look for an opening."""
    if not span.opens_weekly:
        opened = [on for on, hours in span.dated if hours and EPOCH.date() <= on < LATEST_DAY]
        edge = (max(opened) if direction > 0 else min(opened)) if opened else day
        return max(day, edge) + DAY if direction > 0 else min(day, edge) - DAY
    years = HORIZON_YEARS * CHUNK_DAYS * DAY
    return day + years if direction > 0 else day - years


def _instant(zone: ZoneInfo, local: datetime, *, fold: int) -> int:
    """Return the UTC second of a naive local time, rounded up; see the module for odd ones."""
    aware = local.replace(tzinfo=zone, fold=fold)
    moment = aware.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        return _end_of_gap(zone, local)
    return -int((EPOCH - moment) // timedelta(seconds=1))


def _end_of_gap(zone: ZoneInfo, local: datetime) -> int:
    """Return the instant at which the clock jumps over `local`."""
    before = _seconds(local.replace(tzinfo=zone, fold=1).astimezone(UTC))
    after = _seconds(local.replace(tzinfo=zone, fold=0).astimezone(UTC)) + 1
    offset = _moment(after).astimezone(zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if _moment(middle).astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def _seconds(moment: datetime) -> int:
    return int((moment - EPOCH) // timedelta(seconds=1))


def _moment(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)
