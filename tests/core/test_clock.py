from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import DateTimeField, Value

from crm.core.clock import Now, now, of
from crm.dossiers.models import Topic

MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_a_frozen_clock_stands_still(clock):
    clock.freeze(MOMENT)
    assert now() == now() == MOMENT


@pytest.mark.django_db
def test_a_shifted_clock_runs_ahead(clock):
    before = now()
    clock.shift(3600)
    assert timedelta(minutes=59) < now() - before < timedelta(minutes=61)


def test_every_connection_sees_the_moved_clock(database, clock):
    clock.freeze(MOMENT)
    assert now() == MOMENT
    clock.release()
    assert now() > MOMENT


@pytest.mark.django_db
def test_a_query_asks_the_same_clock(clock):
    clock.freeze(MOMENT)
    assert Topic.objects.annotate(now=Now()).values_list("now", flat=True).first() == MOMENT
    assert Topic.objects.annotate(due=Value(MOMENT, output_field=DateTimeField())).filter(due__lte=Now()).exists()
    clock.freeze(MOMENT - timedelta(microseconds=1))
    assert not Topic.objects.annotate(due=Value(MOMENT, output_field=DateTimeField())).filter(due__lte=Now()).exists()


@pytest.mark.django_db
def test_a_request_is_about_one_moment_however_long_it_takes(clock, rf, django_assert_num_queries):
    request = rf.get("/")
    clock.freeze(MOMENT)
    with django_assert_num_queries(1):
        assert of(request) == MOMENT
        assert of(request) == MOMENT
