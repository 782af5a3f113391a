"""Open or closed, and an ordinary week in few lines."""

from datetime import UTC, date, datetime, time

from crm.core.working_time import WorkingTime
from crm.poc.opening import CLOSED, Days, Hours, days_that_differ, hours, week

DAY = ((time(9), time(18)),)
SHORT = ((time(9), time(14)),)
LISBON = WorkingTime(zone="Europe/Lisbon", hours={0: DAY, 1: DAY, 2: DAY, 3: DAY, 4: SHORT})
WEDNESDAY = date(2026, 3, 4)


def at(hour, day=WEDNESDAY):
    return datetime.combine(day, time(hour), UTC)


def test_open_until_closing_and_closed_until_the_next_opening_whosever_zone_it_is():
    assert hours(LISBON, at(12)) == Hours(True, at(18), "Europe/Lisbon")
    assert hours(LISBON, at(18)) == Hours(False, at(9, date(2026, 3, 5)), "Europe/Lisbon")


def test_whoever_never_works_is_simply_closed():
    assert hours(WorkingTime(zone="UTC", hours={}), at(12)) == CLOSED


def test_neighbouring_days_with_the_same_hours_are_one_line():
    assert week(LISBON) == [Days(0, 3, DAY), Days(4, 4, SHORT), Days(5, 6, ())]


def test_only_days_that_differ_and_are_near_are_told():
    exceptions = {
        date(2026, 3, 3): (),  # yesterday
        date(2026, 3, 5): (),
        date(2026, 3, 6): list(SHORT),  # as every Friday
        date(2026, 3, 7): [(time(10), time(12))],
        date(2026, 4, 1): (),  # far
    }
    working = WorkingTime(zone="Europe/Lisbon", hours=LISBON.hours, exceptions=exceptions)
    expected = [(date(2026, 3, 5), ()), (date(2026, 3, 7), ((time(10), time(12)),))]
    assert days_that_differ(working, at(12)) == expected
