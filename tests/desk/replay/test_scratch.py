"""The database that a replay happens in, and its clock."""

import pytest

from crm.core import clock
from crm.desk.replay import scratch
from tests.desk.replay.incidents import at
from tests.factories.accounts import AccountFactory


def test_the_clock_is_moved_in_an_empty_database_alone(db):
    AccountFactory()
    with pytest.raises(scratch.NotEmpty):
        scratch.Clock(at("7 09:00"))


def test_the_clock_stands_where_it_was_moved_and_never_goes_back(db):
    moved = scratch.Clock(at("7 09:00"))
    moved.move(at("8 09:00"))
    moved.move(at("7 10:00"))
    assert clock.now() == at("8 09:00")
