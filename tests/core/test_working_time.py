"""Working time equals a walk over all minutes, in any zone, through any change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.working_time import NeverOpens, WorkingTime, always, combine
from tests.core import walk as walks
from tests.core.walk import LUNCH, MINUTE, NINE_TO_FIVE, SHAPES, WEEK, Walk

MADRID = WorkingTime("Europe/Madrid", WEEK)
LISBON_WITH_LUNCH = WorkingTime("Europe/Lisbon", dict.fromkeys(range(5), LUNCH))
quietly = settings(max_examples=60, derandomize=True, deadline=None, database=None)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = "Europe/Madrid", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


CHANGES = [  # a zone and a local date whose clocks change
    ("Europe/Madrid", date(2026, 3, 29)),
    ("Europe/Madrid", date(2026, 10, 25)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/Havana", date(2026, 11, 1)),  # 01:00 becomes 00:00
    ("America/Santiago", date(2026, 9, 6)),  # midnight is missing
    ("America/Sao_Paulo", date(2018, 2, 17)),  # the last hour of the day comes twice
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
    ("Asia/Kathmandu", date(2026, 6, 1)),  # never changes, and is odd
    ("Africa/Casablanca", date(2026, 2, 15)),
]


@cache
def walked(shape: str, zone: str, day: date, closed: int) -> tuple[WorkingTime, Walk]:
    hours = SHAPES[shape]
    exceptions = {day + timedelta(days=closed): [], day + timedelta(days=closed + 2): [(time(10), time(12, 15))]}
    working = WorkingTime(zone, hours, exceptions)
    since = datetime.combine(day, time(0), UTC) - timedelta(days=16)
    return working, Walk(working, since, days=34)


@st.composite
def places(draw: st.DrawFn) -> tuple[WorkingTime, Walk, datetime, datetime]:
    zone, day = draw(st.sampled_from(CHANGES))
    working, walk = walked(draw(st.sampled_from(sorted(SHAPES))), zone, day, draw(st.integers(-1, 0)))
    minutes = st.integers(0, 6 * 1440)
    start, end = sorted((draw(minutes), draw(minutes)))
    first = walk.since + timedelta(days=13)
    return working, walk, first + start * MINUTE, first + end * MINUTE


@quietly
@given(places())
def test_a_stretch_is_as_long_as_its_open_minutes(place):
    working, walk, start, end = place
    assert working.between(start, end) == walk.between(start, end)
    assert working.between(end, start) == -walk.between(start, end)


@quietly
@given(places(), st.integers(1, 700))
def test_adding_ends_where_the_walk_ends(place, minutes):
    working, walk, at, _ = place
    assert working.add(at, minutes * 60) == walk.add(at, minutes)
    assert working.add(at, -minutes * 60) == walk.subtract(at, minutes)


@quietly
@given(places())
def test_open_and_closed_are_those_of_the_walk(place):
    working, walk, at, _ = place
    assert working.is_open(at) == walk.is_open(at)
    assert working.next_opening(at) == walk.next_opening(at)
    closing = walk.closes_at(at) if walk.is_open(at) else None
    assert working.closes_at(at) == closing


@quietly
@given(places(), st.integers(0, 90_000), st.integers(0, 90_000))
def test_adding_twice_is_adding_the_sum_and_never_goes_back(place, first, second):
    working, _, at, later = place
    assert working.add(at, first + second) == working.add(working.add(at, first), second)
    assert working.add(at, first) <= working.add(later, first)
    assert working.between(at, working.add(at, first)) == first


def test_every_zone_of_the_world_equals_the_walk_around_its_own_changes_of_the_clocks():
    compared = {zone: walks.check(zone) for zone in walks.zones()}
    assert len(compared) > 400 and sum(compared.values()) > len(compared)


def test_the_long_comparison_finds_nothing_in_its_first_few_examples():
    assert walks.explore(10) == 10


@quietly
@given(places(), st.integers(1, 700), st.sets(st.integers(-2, 9), max_size=4))
def test_days_off_lengthen_and_never_shorten(place, minutes, days):
    working, _, at, later = place
    off = {at.date() + timedelta(days=n): [] for n in days}
    with_days_off = WorkingTime(working.zone, working.hours, {**working.exceptions, **off})
    assert with_days_off.add(at, minutes * 60) >= working.add(at, minutes * 60)
    assert with_days_off.add_days(at, 1) >= working.add_days(at, 1)
    assert with_days_off.between(at, later) <= working.between(at, later)


@quietly
@given(places())
def test_the_intervals_of_a_stretch_are_what_is_open_in_it(place):
    working, walk, at, later = place
    found = working.intervals(at, later)
    assert sum((end - start).total_seconds() for start, end in found) == walk.between(at, later)
    assert all(walk.is_open(start) and not (end < later and walk.is_open(end)) for start, end in found)
    assert all(at <= start < end <= later for start, end in found)


def test_a_date_opens_or_does_not():
    closed_tuesday = WorkingTime("Europe/Madrid", WEEK, {date(2026, 3, 3): []})
    assert [closed_tuesday.opens_on(date(2026, 3, day)) for day in (2, 3, 7)] == [True, False, False]


# --- cases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "hours", "expected"),
    [
        ("2026-03-02T10:00", 4, "2026-03-02T14:00"),
        ("2026-03-02T15:00", 4, "2026-03-03T11:00"),
        ("2026-03-02T13:00", 4, "2026-03-02T17:00"),  # ends with the day, not with the next
        ("2026-03-06T16:00", 4, "2026-03-09T12:00"),  # over the week-end
        ("2026-03-07T12:00", 1, "2026-03-09T10:00"),
        ("2026-03-03T11:00", -4, "2026-03-02T15:00"),
        ("2026-03-02T10:00", 0, "2026-03-02T10:00"),
    ],
)
def test_hours_are_counted_while_open(at, hours, expected):
    assert MADRID.add(local(at), hours * 3600) == local(expected)


@pytest.mark.parametrize(
    ("at", "days", "expected"),
    [
        ("2026-03-02T10:30", 2, "2026-03-04T10:30"),
        ("2026-03-06T10:30", 1, "2026-03-09T10:30"),
        ("2026-03-07T10:30", 1, "2026-03-09T10:30"),  # from a day that is closed: the next open one
        ("2026-03-02T07:00", 1, "2026-03-03T09:00"),  # not before opening
        ("2026-03-02T19:00", 1, "2026-03-03T17:00"),  # not after closing
        ("2026-03-09T09:00", -1, "2026-03-06T09:00"),
        ("2026-03-27T10:30", 1, "2026-03-30T10:30"),  # the clocks changed in between
    ],
)
def test_days_are_open_dates_at_the_same_local_time(at, days, expected):
    assert MADRID.add_days(local(at), days) == local(expected)


def test_a_local_time_in_a_break_moves_to_its_end():
    at = local("2026-03-02T13:30", "Europe/Lisbon")
    assert LISBON_WITH_LUNCH.add_days(at, 1) == local("2026-03-03T14:00", "Europe/Lisbon")


def test_a_holiday_lengthens_and_never_shortens():
    with_holiday = WorkingTime("Europe/Madrid", WEEK, {date(2026, 3, 3): []})
    at = local("2026-03-02T15:00")
    assert with_holiday.add(at, 4 * 3600) == local("2026-03-04T11:00")
    assert with_holiday.add_days(at, 1) == local("2026-03-04T15:00")
    assert with_holiday.add(at, 4 * 3600) > MADRID.add(at, 4 * 3600)


def test_a_closed_weekday_opens_by_exception():
    open_saturday = WorkingTime("Europe/Madrid", WEEK, {date(2026, 3, 7): [(time(10), time(12))]})
    assert open_saturday.next_opening(local("2026-03-06T17:00")) == local("2026-03-07T10:00")


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        ("Europe/Madrid", date(2026, 3, 29), time(2, 30), "2026-03-29T01:00"),  # missing: 03:00 local
        ("Europe/Madrid", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),  # twice: the first
        ("America/Santiago", date(2026, 9, 6), time(0, 0), "2026-09-06T04:00"),  # midnight is missing
        ("Pacific/Apia", date(2011, 12, 30), time(12), "2011-12-30T10:00"),  # the whole day is missing
        ("Europe/Madrid", date(2026, 6, 1), time(12), "2026-06-01T10:00"),
    ],
)
def test_an_odd_local_time_becomes_a_moment(zone, day, clock, expected):
    assert combine(zone, day, clock) == utc(expected)


def test_in_the_repeated_hour_a_start_is_the_first_and_an_end_the_second():
    night = WorkingTime("Europe/Madrid", {6: [(time(2, 15), time(2, 45))]})
    assert night.next_opening(utc("2026-10-24T20:00")) == local("2026-10-25T02:15", fold=0)
    assert night.closes_at(utc("2026-10-25T00:20")) == local("2026-10-25T02:45", fold=1)


def test_a_day_without_end_is_as_long_as_the_day():
    assert always("Europe/Madrid").between(local("2026-03-29T00:00"), local("2026-03-30T00:00")) == 23 * 3600
    assert always("Europe/Madrid").between(local("2026-10-25T00:00"), local("2026-10-26T00:00")) == 25 * 3600


@pytest.mark.parametrize(
    "closed",
    [
        WorkingTime("Europe/Madrid", {}),
        WorkingTime("Europe/Madrid", {}, {date(2026, 3, 3): []}),
        WorkingTime("Europe/Madrid", {0: [(time(9), time(9))]}),
    ],
)
def test_a_calendar_that_never_opens_says_so_at_once(closed):
    for ask in (closed.next_opening, lambda at: closed.add(at, 60), lambda at: closed.add_days(at, 1)):
        with pytest.raises(NeverOpens):
            ask(utc("2026-03-02T10:00"))
    with pytest.raises(NeverOpens):
        closed.add(utc("2026-03-02T10:00"), -60)
    assert expanded(closed) <= 3 * 366  # days looked at: not twelve years of them


def expanded(working):
    """How many days were gone through, so far, to answer."""
    return len(working._span.known)


def test_however_much_is_asked_a_day_is_gone_through_once():
    calm = WorkingTime("Europe/Madrid", WEEK, {date(2031, 1, 1): []})
    at = utc("2026-03-02T10:00")
    for hours in range(1, 200):
        calm.add(at, hours * 3600)
    assert expanded(calm) <= 2 * 366
    calm.add(at, 40 * 3600 * 52)
    assert expanded(calm) <= 3 * 366


def test_a_calendar_that_opens_once_is_found():
    once = WorkingTime("Europe/Madrid", {}, {date(2028, 3, 3): NINE_TO_FIVE})
    assert once.next_opening(utc("2026-03-02T10:00")) == local("2028-03-03T09:00")
    with pytest.raises(NeverOpens):
        once.add(utc("2026-03-02T10:00"), 9 * 3600)


def test_what_takes_longer_than_anybody_waits_never_comes():
    scarce = WorkingTime("Europe/Madrid", {0: [(time(9), time(9, 1))]})
    with pytest.raises(NeverOpens):
        scarce.add(utc("2026-03-02T10:00"), 10**7)


def test_equal_calendars_are_one():
    assert WorkingTime("Europe/Madrid", WEEK) == MADRID
    assert hash(WorkingTime("Europe/Madrid", WEEK)) == hash(MADRID)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_a_day_at_the_end_of_the_calendar_is_as_good_as_none(day):
    once = WorkingTime("UTC", {}, {day: [(time(9), time(0))]})
    for ask in (once.next_opening, lambda at: once.add(at, 60), lambda at: once.add(at, -60)):
        with pytest.raises(NeverOpens):
            ask(utc("2026-06-01T10:00"))
