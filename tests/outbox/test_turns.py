"""Turns thin out the bells; the heartbeat tells the guard when nobody rings."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from crm.outbox import turns
from tests.factories import AT


def taken_elsewhere(component: str) -> bool:
    """Ask for a turn on another connection, and give it back."""
    answers = []

    def ask() -> None:
        with turns.turn(component) as is_mine:
            answers.append(is_mine)
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return not answers[0]


@pytest.mark.postgres
def test_one_plans_at_a_time_and_the_turn_is_given_back(database):
    turns.beat("planner")
    with turns.turn("planner") as is_mine:
        assert is_mine
        assert taken_elsewhere("planner")
        assert not taken_elsewhere("sender")
    assert not taken_elsewhere("planner")


@pytest.mark.postgres
def test_whoever_holds_a_turn_and_gets_through_nothing_is_not_waited_for(database, clock):
    turns.beat("planner")
    with turns.turn("planner"):
        clock.shift(59)
        assert taken_elsewhere("planner")
        clock.shift(62)
        assert not taken_elsewhere("planner")


@pytest.mark.postgres
def test_a_turn_goes_with_the_process_that_held_it(database):
    with turns.turn("planner"):
        connection.close()
        assert not taken_elsewhere("planner")


@pytest.mark.django_db
def test_a_part_that_never_beat_or_long_ago_is_silent(clock):
    clock.freeze(AT)
    assert turns.is_silent("planner", after=timedelta(seconds=60))
    turns.beat("planner")
    assert not turns.is_silent("planner", after=timedelta(seconds=60))
    clock.freeze(AT + timedelta(seconds=61))
    assert turns.is_silent("planner", after=timedelta(seconds=60))
    clock.freeze(AT - timedelta(hours=1))  # set back: it must not sleep for an hour
    assert turns.is_silent("planner", after=timedelta(seconds=60))
