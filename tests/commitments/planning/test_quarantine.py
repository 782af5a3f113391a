"""What cannot be planned is backed off, set aside, and let back in; its neighbours never notice."""

from datetime import timedelta

import pytest

from crm.commitments.models import Commitment
from crm.commitments.planning import quarantine
from crm.dossiers.models import Event
from tests.factories.commitments import change_ladder
from tests.factories.poc import PersonFactory
from tests.factories.users import UserFactory

FAILURES = ("Tue 10:00", "Tue 10:02", "Tue 10:06", "Tue 10:14", "Tue 10:30")


@pytest.fixture
def unplannable(house) -> Commitment:
    """Its policy has a unit nobody knows: the one thing the database cannot refuse."""
    change_ladder("first_answer", {"kind": "reminder", "slot": "poc", "unit": "moons", "amount": -1})
    return house.promise(kind="first_answer")


def mend() -> None:
    change_ladder("first_answer", {"kind": "reminder", "slot": "poc"})


def test_each_failure_doubles_the_wait_and_the_fifth_sets_it_aside(house, unplannable, told):
    PersonFactory(name="Ada", user=UserFactory(administrator=True))
    for n, text in enumerate(FAILURES, 1):
        at = house.sweep_at(text)
        unplannable.refresh_from_db()
        assert (unplannable.plan_errors, unplannable.next_action_at) == (n, at + timedelta(minutes=2**n))
    assert unplannable.quarantined_at == at
    house.sweep_at("Thu 10:00")
    assert told() == [("set_aside", "Ada")]


def test_let_back_in_it_is_planned_at_once_and_that_is_recorded(house, unplannable, told):
    for text in FAILURES:
        house.sweep_at(text)
    mend()
    at = house.at("Wed 12:00")
    quarantine.release(commitment=unplannable, by=house.by, at=at)
    house.sweep_at("Wed 12:00")
    assert told(kind="reminder") == [("reminder", "Ann")]
    event = Event.objects.get(kind=Event.Kind.RELEASED)
    assert (event.facts["commitment"], event.actor_id) == (unplannable.pk, house.by.user_id)


def test_set_aside_a_second_time_the_administrators_hear_of_it_again(house, unplannable, told):
    PersonFactory(name="Ada", user=UserFactory(administrator=True))
    for text in FAILURES:
        house.sweep_at(text)
    quarantine.release(commitment=unplannable, by=house.by, at=house.at("Wed 10:00"))
    for text in FAILURES:
        house.sweep_at(text.replace("Tue", "Wed"))
    assert told() == [("set_aside", "Ada")] * 2


def test_letting_in_what_is_not_set_aside_does_nothing(house):
    commitment = house.promise()
    quarantine.release(commitment=commitment, by=house.by, at=house.at("Tue 09:00"))
    assert not Event.objects.filter(kind=Event.Kind.RELEASED).exists()
