"""Whoever gets another calendar, by themselves or by their team, is reminded by its hours from then on."""

from datetime import time

import pytest

from crm.commitments import waiting
from crm.commitments.models import Commitment, Kind, Unit
from crm.poc.actions import change_poc
from crm.poc.hours import open_calendar
from tests.commitments.conftest import MONDAY, moment
from tests.factories.commitments import change_ladder
from tests.factories.poc import TeamFactory

A_DAY_BEFORE = {"kind": "reminder", "amount": -1, "unit": Unit.WORKING_DAYS, "slot": "poc"}
AT_DUE = {"kind": "reminder", "amount": 0, "slot": "poc"}


@pytest.fixture
def part_time(house):
    """Not on Wednesdays: a working day before Thursday is Tuesday."""
    week = {day: [(time(9), time(17))] for day in (0, 1, 3)}
    return open_calendar(name="Part time", zone="UTC", week=week, by=house.by, at=MONDAY)


@pytest.fixture
def owed(house):
    change_ladder(Kind.FOLLOW_UP, A_DAY_BEFORE, AT_DUE)
    promised = house.promise(due_at=moment("Thu 10:00"))
    house.sweep_at("Mon 09:35")
    assert the_only().next_action_at == moment("Wed 10:00")
    return promised


def the_only() -> Commitment:
    return Commitment.objects.get()


def own(house, calendar):
    return house.ann, {"calendar": calendar}


def of_the_team(house, calendar):
    return house.team, {"calendar": calendar}


def another_team(house, calendar):
    return house.ann, {"home_team": TeamFactory(calendar=calendar)}


def of_the_backup_of_somebody_away(house, calendar):
    change_poc(poc=house.ann, deactivated_at=house.at("Mon 09:36"), by=house.by, at=house.at("Mon 09:36"))
    return house.ben, {"calendar": calendar}


@pytest.mark.parametrize("way", [own, of_the_team, another_team, of_the_backup_of_somebody_away])
def test_the_next_reminder_comes_by_the_new_hours(house, told, owed, part_time, way):
    poc, changes = way(house, part_time)
    change_poc(poc=poc, by=house.by, at=house.at("Mon 09:40"), **changes)
    house.sweep_at("Mon 09:45")
    assert (the_only().next_action_at, the_only().generation) == (moment("Tue 10:00"), 1)
    house.sweep_at("Tue 10:00")
    house.sweep_at("Wed 10:00")
    assert len(told()) == 1


def test_hours_of_somebody_else_or_the_same_ones_have_nothing_looked_at(house, owed, part_time):
    for poc, changes in (
        (house.dora, {"calendar": part_time}),
        (house.ann, {"home_team": TeamFactory()}),  # by the house's hours still
        (house.ann, {"phone": "+351 21 000 0000"}),
    ):
        change_poc(poc=poc, by=house.by, at=house.at("Mon 09:40"), **changes)
        assert the_only().next_action_at == moment("Wed 10:00")


def test_what_waits_for_the_customer_is_asked_about_when_it_was_to_be(house, owed, part_time):
    asked_at = waiting.wait(commitment=owed, by=house.by, at=house.at("Mon 09:37")).next_action_at
    change_poc(poc=house.ann, calendar=part_time, by=house.by, at=house.at("Mon 09:40"))
    assert the_only().next_action_at == asked_at
