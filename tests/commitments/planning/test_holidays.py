"""The public holidays are imported a few times a day, however often the bell rings."""

from datetime import date, datetime, timedelta

import pytest
from django.conf import settings

from crm.commitments import tasks
from crm.commitments.planning import holidays
from crm.core.clock import now
from crm.outbox import turns
from crm.poc import public_holidays
from tests.factories import AT
from tests.factories.poc import CalendarFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

CHRISTMAS = date(2028, 12, 25)


@pytest.fixture
def calendar(clock):
    """One that follows Portugal, a year later: the year after next is new."""
    clock.freeze(AT)
    calendar = CalendarFactory(nine_to_six=True)
    public_holidays.follow(calendar=calendar, country="PT", by=actor(), at=AT)
    turns.beat(holidays.COMPONENT)
    clock.freeze(datetime(2027, 1, 2, tzinfo=AT.tzinfo))
    return calendar


def test_however_often_it_is_rung_it_is_done_every_six_hours(calendar, clock):
    tasks.holidays()
    assert calendar.exceptions.filter(day=CHRISTMAS).exists()
    calendar.exceptions.all().delete()
    clock.freeze(now() + holidays.EVERY)
    assert holidays.sweep() == 0
    clock.freeze(now() + timedelta(seconds=1))
    assert holidays.sweep() == 1
    assert calendar.exceptions.filter(day=CHRISTMAS).exists()


def test_beat_rings_it_oftener_than_it_is_done():
    ring = settings.CELERY_BEAT_SCHEDULE["holidays"]
    assert ring["task"] == tasks.holidays.name
    assert 0 < ring["schedule"] < holidays.EVERY.total_seconds()
