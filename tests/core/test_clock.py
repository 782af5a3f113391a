from datetime import UTC, datetime, timedelta

import pytest

from crm.core.clock import now

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
