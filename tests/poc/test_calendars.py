"""The working time of people, teams and the house, from rows."""

from datetime import UTC, date, datetime, time

import pytest

from crm.poc.calendars import house_working_time, working_times
from crm.poc.models import CalendarException, WorkingCalendar
from tests.factories.poc import CalendarFactory, PersonFactory, TeamFactory

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 7, 12, tzinfo=UTC)


def at(hour, minute=0):
    return MONDAY.replace(hour=hour, minute=minute)


def test_the_house_is_open_on_weekdays_as_shipped():
    house = house_working_time()
    assert house.is_open(at(9))
    assert not house.is_open(at(18))
    assert not house.is_open(SATURDAY)


def test_ones_own_calendar_goes_before_the_home_teams_and_that_before_the_houses():
    early = CalendarFactory()
    early.hours.create(weekday=0, starts=time(6), ends=time(7))
    late = CalendarFactory()
    late.hours.create(weekday=0, starts=time(22), ends=time(0))
    team = TeamFactory(calendar=late)
    own, at_home, plain = PersonFactory(calendar=early, home_team=team), PersonFactory(home_team=team), PersonFactory()
    times = working_times([own.pk, at_home.pk, plain.pk, team.pk])
    assert [times[p.pk].is_open(at(6, 30)) for p in (own, at_home, plain, team)] == [True, False, False, False]
    assert [times[p.pk].is_open(at(23, 59)) for p in (own, at_home, plain, team)] == [False, True, False, True]
    assert [times[p.pk].is_open(at(10)) for p in (own, at_home, plain, team)] == [False, False, True, False]


def test_hours_are_those_of_the_calendars_zone():
    tokyo = CalendarFactory(zone="Asia/Tokyo", nine_to_six=True)
    poc = PersonFactory(calendar=tokyo)
    assert working_times([poc.pk])[poc.pk].is_open(at(0, 30))


def test_a_day_that_differs_is_closed_or_has_hours_of_its_own():
    calendar = CalendarFactory(nine_to_six=True)
    poc = PersonFactory(calendar=calendar)
    CalendarException.objects.create(calendar=calendar, day=date(2026, 3, 2))
    CalendarException.objects.create(calendar=calendar, day=date(2026, 3, 7), starts=time(10), ends=time(13))
    times = working_times([poc.pk])[poc.pk]
    assert not times.is_open(at(10))
    assert times.is_open(SATURDAY)


def test_a_change_counts_as_soon_as_the_version_is_bumped(django_assert_num_queries):
    calendar = CalendarFactory(nine_to_six=True)
    poc = PersonFactory(calendar=calendar)
    assert working_times([poc.pk])[poc.pk].is_open(at(10))
    with django_assert_num_queries(2):  # whose calendar, and in which version: its hours are known
        working_times([poc.pk])
    calendar.hours.all().delete()
    WorkingCalendar.objects.filter(pk=calendar.pk).update(version=calendar.version + 1)
    assert not working_times([poc.pk])[poc.pk].is_open(at(10))


def test_nobody_asked_is_nobody_answered():
    assert working_times([]) == {}
