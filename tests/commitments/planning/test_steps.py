"""What is said to come is what the planner does."""

from datetime import timedelta

from crm.commitments.actions import reassign
from crm.commitments.models import Kind, Notification
from crm.commitments.planning.steps import steps_of
from crm.outbox.models import Message
from tests.commitments.conftest import MONDAY, moment
from tests.factories.commitments import change_ladder
from tests.factories.poc import PersonFactory


def said(commitment, at=MONDAY):
    return [(step.poc.name, f"{step.at:%a %H:%M}") for step in steps_of(commitment, at=at)]


def test_each_step_says_who_is_told_and_when(house):
    assert said(house.promise()) == [
        ("Ann", "Tue 10:00"), ("Ann", "Wed 10:00"), ("Ben", "Wed 14:00"), ("Lea", "Thu 14:00"),
    ]  # fmt: skip


def test_an_empty_slot_or_somebody_told_already_climbs(house):
    alone = PersonFactory(name="Zoe")
    commitment = house.promise(poc=alone)
    assert [name for name, _at in said(commitment)] == ["Zoe", "Zoe", "Ben", "Front desk"]


def test_whoever_is_asked_as_something_is_named_as_that(house):
    labels = [str(step.label) for step in steps_of(house.promise(), at=MONDAY)]
    assert labels == ["", "", "the backup", "the lead"]


def test_a_step_may_name_somebody(house):
    change_ladder(Kind.FOLLOW_UP, {"kind": "escalation", "slot": "named", "poc": house.dora, "amount": 1})
    [step] = steps_of(house.promise(), at=MONDAY)
    assert (step.poc, step.label) == (house.dora, "")


def test_the_planner_does_what_was_said(house):
    commitment = house.promise()
    expected = steps_of(commitment, at=MONDAY)
    for step in expected:
        house.clock.freeze(step.at + timedelta(seconds=1))
        house.sweep_at(f"{step.at:%a %H:%M}")
        Message.objects.filter(state="ready").update(state="sent", ended_at=step.at)
    told = Notification.objects.planned().filter(channel="inbox").order_by("pk").values_list("recipient", "planned_for")
    assert list(told) == [(step.poc.pk, step.at) for step in expected]
    commitment.refresh_from_db()
    assert all(step.is_done for step in steps_of(commitment, at=moment("Fri 09:00")))


def test_given_to_somebody_else_it_begins_with_them(house):
    commitment = reassign(commitment=house.promise(), poc=house.ben, by=house.by, at=moment("Tue 11:00"))
    assert said(commitment, moment("Tue 11:00"))[0] == ("Ben", "Tue 10:00")


def test_what_was_due_long_before_it_was_promised_escalates_from_then_on(house):
    late = house.promise(due_at=MONDAY - timedelta(days=30))
    house.sweep_at("Mon 10:00")
    late.refresh_from_db()
    escalations = [at for name, at in said(late) if name in ("Ben", "Lea")]
    assert escalations == ["Mon 14:00", "Tue 14:00"]  # counted from when the planner asked Ann


def test_no_escalation_is_said_to_come_before_the_planner_looks_again(house):
    commitment = house.promise()
    house.sweep_at("Thu 11:00")  # a day after it fell due: only now whoever answers is asked
    commitment.refresh_from_db()
    [ben, *_] = [step for step in steps_of(commitment, at=moment("Thu 11:00")) if not step.is_done]
    assert (ben.poc.name, ben.at) == ("Ben", commitment.next_action_at)
    assert ben.at > moment("Thu 11:00")
