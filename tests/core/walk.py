"""The oracle of working time: a walk over all minutes; and the zones of the world, each with its own changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.core.working_time import ALL_DAY, WorkingTime

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST, LAST = 2020, 2030  # years whose changes of the clocks are walked through
NINE_TO_FIVE = [(time(9), time(17))]
WEEK = dict.fromkeys(range(5), NINE_TO_FIVE)
LUNCH = [(time(9), time(13)), (time(14), time(18))]
NIGHT = [(time(0), time(3)), (time(22, 30), time(0))]
ODD = [(time(0, 30), time(1, 30)), (time(1, 45), time(2, 45))]
SHAPES = {
    "office": WEEK,
    "lunch": dict.fromkeys(range(5), LUNCH),
    "nights": dict.fromkeys(range(7), NIGHT),
    "in the odd hour": dict.fromkeys(range(7), ODD),
    "all day, some days": dict.fromkeys((1, 5, 6), ALL_DAY),
}


class Walk:
    """The slow and obvious way: every minute (or every `step` minutes) of some weeks, in order, open or not."""

    def __init__(self, working: WorkingTime, since: datetime, days: int, step: int = 1) -> None:
        self.since, self.step, self.open = since, step * MINUTE, bytearray(days * 1440 // step)
        by_date: dict[date, list[tuple[int, time]]] = {}
        for n in range(len(self.open)):
            shown = (since + n * self.step).astimezone(ZoneInfo(working.zone))
            by_date.setdefault(shown.date(), []).append((n, shown.time().replace(fold=0)))
        for day, minutes in by_date.items():
            for start, end in working.exceptions.get(day, working.hours.get(day.weekday(), ())):
                begun = [n for n, shown in minutes if shown >= start]
                unfinished = [n for n, shown in minutes if end == time(0) or shown < end]
                if begun and unfinished:
                    for n in range(begun[0], unfinished[-1] + 1):
                        self.open[n] = 1

    def index(self, at: datetime) -> int:
        return int((at - self.since) / self.step)

    def is_open(self, at: datetime) -> bool:
        return bool(self.open[self.index(at)])

    def between(self, start: datetime, end: datetime) -> int:
        return int(self.step.total_seconds()) * sum(self.open[self.index(start) : self.index(end)])

    def add(self, at: datetime, minutes: int) -> datetime:
        """Minutes are a multiple of the step."""
        n, left = self.index(at), minutes * MINUTE // self.step
        while left:
            left -= self.open[n]
            n += 1
        return self.since + n * self.step

    def subtract(self, at: datetime, minutes: int) -> datetime:
        n, left = self.index(at), minutes * MINUTE // self.step
        while left:
            n -= 1
            left -= self.open[n]
        return self.since + n * self.step

    def next_opening(self, at: datetime) -> datetime:
        n = self.index(at)
        while not self.open[n]:
            n += 1
        return self.since + n * self.step

    def closes_at(self, at: datetime) -> datetime | None:
        n = self.index(at)
        if not self.open[n]:
            return None
        while self.open[n]:
            n += 1
        return self.since + n * self.step


# --- Every zone ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One change of a zone's clocks: the first second of the new offset, and both offsets."""

    at: datetime
    before: timedelta
    after: timedelta


def zones() -> list[str]:
    """Return every zone the machine's zone database knows."""
    return sorted(available_timezones())


@cache
def changes(zone: str, year: int) -> tuple[Change, ...]:
    """Return a zone's changes within a year, found by looking at every day and then ever closer."""
    there = ZoneInfo(zone)
    days = [datetime(year, 1, 1, tzinfo=UTC) + n * 2 * DAY for n in range(183)]
    offsets = [_offset(there, at) for at in days]
    return tuple(_closer(there, days[n], days[n + 1]) for n in range(len(days) - 1) if offsets[n] != offsets[n + 1])


def _closer(there: ZoneInfo, before: datetime, after: datetime) -> Change:
    old, new = _offset(there, before), _offset(there, after)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (middle, after) if _offset(there, middle) == old else (before, middle)
    return Change(after.replace(microsecond=0), old, new)


def _offset(there: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(there).utcoffset() or timedelta(0)


def year_of(zone: str) -> int:
    """Return the year in which a zone is looked at: another for each offset, one with changes where there is any."""
    turn = _turn(zone) % (LAST - FIRST + 1)
    years = [*range(FIRST + turn, LAST + 1), *range(FIRST, FIRST + turn)]
    return next((year for year in years if changes(zone, year)), years[0])


def shape_of(zone: str) -> str:
    return sorted(SHAPES)[_turn(zone) % len(SHAPES)]


def _turn(zone: str) -> int:
    """Return a number that zones with the same winter offset share, so that they share their walks."""
    return int(_offset(ZoneInfo(zone), datetime(2026, 1, 10, tzinfo=UTC)) / (HOUR / 4)) + 100


@cache
def _walk(shape: str, offset: timedelta, around: datetime, change: Change | None, zone_days: int) -> Walk:
    """One walk for all zones whose clocks do the same: `zone_of` is the first of them."""
    return Walk(
        WorkingTime(_zone_of[shape, offset, around, change], SHAPES[shape]), around - 3 * DAY, zone_days, step=5
    )


_zone_of: dict[tuple[str, timedelta, datetime, Change | None], str] = {}


def check(zone: str) -> int:
    """Compare a zone's working time with the walk, around each of its changes of one year; return how many."""
    year, shape = year_of(zone), shape_of(zone)
    working = WorkingTime(zone, SHAPES[shape])
    found: list[Change | None] = [*changes(zone, year)] or [None]
    for change in found:
        around = change.at if change else datetime(year, 6, 10, tzinfo=UTC)
        around = around.replace(hour=0, minute=0, second=0)
        key = (shape, _offset(ZoneInfo(zone), around - 3 * DAY), around, change)
        _zone_of.setdefault(key, zone)
        _compare(working, _walk(*key, 12), [around + n * 7 * HOUR for n in range(-3, 8)])
    return len(found)


def _compare(working: WorkingTime, walk: Walk, moments: list[datetime]) -> None:
    for at in moments:
        assert working.is_open(at) == walk.is_open(at), (working.zone, at)
        for minutes in (5, 95, 480):
            ends = working.add(at, minutes * 60)
            assert ends == walk.add(at, minutes), (working.zone, at, minutes)
            assert working.between(at, ends) == minutes * 60, (working.zone, at, minutes)
        assert working.add(at, 575 * 60) == working.add(working.add(at, 95 * 60), 480 * 60), (working.zone, at)
    ends_of_all = [working.add(at, 95 * 60) for at in moments]
    assert ends_of_all == sorted(ends_of_all), working.zone


def explore(examples: int) -> int:
    """Compare any zone, at any change of its clocks in a decade, in any shape, minute by minute; return how many."""
    compared = 0

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(
        st.sampled_from(zones()), st.integers(FIRST, LAST), st.sampled_from(sorted(SHAPES)), st.integers(0, 4 * 1440),
        st.integers(0, 4 * 1440), st.integers(1, 700), st.integers(0, 90_000),
    )  # fmt: skip
    def look(zone: str, year: int, shape: str, first: int, second: int, minutes: int, seconds: int) -> None:
        nonlocal compared
        found = changes(zone, year)
        around = found[first % len(found)].at if found else datetime(year, 6, 10, tzinfo=UTC)
        since = around.replace(hour=0, minute=0, second=0) - 12 * DAY
        closed = (since + (10 + first % 4) * DAY).date()
        working = WorkingTime(zone, SHAPES[shape], {closed: []})
        walk = Walk(working, since, days=30)
        at, later = sorted(since + 10 * DAY + n * MINUTE for n in (first, second))
        assert working.add(at, minutes * 60) == walk.add(at, minutes)
        assert working.add(at, -minutes * 60) == walk.subtract(at, minutes)
        assert working.between(at, later) == walk.between(at, later)
        assert working.add(at, minutes * 60 + seconds) == working.add(working.add(at, minutes * 60), seconds)
        assert working.add(at, seconds) <= working.add(later, seconds)
        assert working.add(at, minutes * 60) >= WorkingTime(zone, SHAPES[shape]).add(at, minutes * 60)
        compared += 1

    look()
    return compared
