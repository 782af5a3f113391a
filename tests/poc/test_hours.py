"""Working calendars change, and what hangs on them notices."""

from datetime import UTC, date, datetime, time

import pytest

from crm.dossiers.actions import NameRequired
from crm.poc import hours
from crm.poc.calendars import working_times
from tests.factories import AT
from tests.factories.poc import PersonFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

WEEK = {day: [(time(9), time(13)), (time(14), time(18))] for day in range(5)}


def open_calendar(**values):
    given = {"name": "Berlin", "zone": "Europe/Berlin", "week": WEEK} | values
    return hours.open_calendar(by=actor(), at=AT, **given)


def is_open(calendar, *moment):
    person = PersonFactory(calendar=calendar)
    return working_times([person.pk])[person.pk].is_open(datetime(*moment, tzinfo=UTC))


def test_a_calendar_has_its_hours_in_its_zone():
    calendar = open_calendar()
    assert is_open(calendar, 2026, 3, 4, 8, 30)  # half past nine in Berlin, a Wednesday
    assert not is_open(calendar, 2026, 3, 4, 12, 30)  # the break
    assert not is_open(calendar, 2026, 3, 7, 10)  # Saturday


def test_other_hours_and_zones_count_from_the_next_question_on():
    calendar = open_calendar()
    assert is_open(calendar, 2026, 3, 4, 8, 30)
    calendar = hours.change_calendar(calendar=calendar, zone="Europe/Lisbon", by=actor(), at=AT)
    assert not is_open(calendar, 2026, 3, 4, 8, 30)
    calendar = hours.change_calendar(calendar=calendar, week={2: [(time(8), time(0))]}, by=actor(), at=AT)
    assert is_open(calendar, 2026, 3, 4, 8, 30) and is_open(calendar, 2026, 3, 4, 23)


def test_days_are_closed_with_a_name_and_once_each():
    calendar = open_calendar()
    for _time in range(2):
        calendar = hours.close_days(calendar=calendar, days={date(2026, 3, 4): "Fair"}, by=actor(), at=AT)
    assert not is_open(calendar, 2026, 3, 4, 10)
    assert calendar.exceptions.get().name == "Fair"


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"name": ""}, NameRequired),
        ({"name": "House"}, hours.NameTaken),
        ({"zone": "Berlin"}, hours.UnknownZone),
        ({"week": {0: [(time(9), time(9))]}}, hours.EndsBeforeStart),
    ],
)
def test_what_makes_no_sense_is_refused(values, refusal):
    with pytest.raises(refusal):
        open_calendar(**values)
