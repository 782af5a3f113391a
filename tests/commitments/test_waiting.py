"""Waiting for the customer: the clock stands still in working time, and runs on with what was left."""

from datetime import timedelta

import pytest

from crm.commitments import actions, waiting
from crm.commitments.models import Commitment, Kind, Notification
from crm.commitments.refusals import ClosedAlready, SettledElsewhere, WaitsForCustomer
from crm.core.actor import Actor, Source
from crm.dossiers.models import Event
from crm.outbox.models import Message
from tests.commitments.conftest import WEDNESDAY, moment

# The house works from 9 to 18 in UTC. A promise is due on Wednesday at 10.


def wait(house, text="Mon 16:00", **values):
    return waiting.wait(commitment=house.promise(**values), by=house.by, at=house.at(text))


def resume(house, c, text):
    return waiting.resume(commitment=c, by=house.by, at=house.at(text))


def test_waiting_keeps_the_working_time_that_was_left(house):
    c = wait(house)
    assert (c.state, c.waiting_since, c.remaining_seconds) == ("waiting", moment("Mon 16:00"), 12 * 3600)
    assert c.generation == 2


def test_what_is_overdue_has_nothing_left(house):
    assert wait(house, "Thu 12:00").remaining_seconds == 0


def test_waiting_is_asked_about_after_the_policys_five_working_days(house):
    assert wait(house).next_action_at == moment("Mon+ 16:00")


def test_nobody_is_reminded_of_what_waits(house, told):
    wait(house)
    house.sweep_at("Fri 12:00")
    assert told() == []


def test_what_was_pending_is_taken_back(house):
    c = house.promise()
    house.sweep_at("Tue 10:00")
    waiting.wait(commitment=c, by=house.by, at=house.at("Tue 11:00"))
    assert set(Notification.objects.filter(channel="email").values_list("state", "reason")) == {
        ("superseded", "waiting")
    }


def test_resuming_gives_the_time_that_was_left(house):
    c = resume(house, wait(house), "Fri 16:00")
    assert (c.state, c.due_at, c.due_time.hour) == ("open", moment("Tue+ 10:00"), 10)
    assert (c.waiting_since, c.remaining_seconds) == (None, None)


def test_the_pause_is_counted_in_working_time(house):
    c = resume(house, wait(house), "Fri 16:00")
    assert c.paused_seconds == 36 * 3600
    again = waiting.wait(commitment=c, by=house.by, at=house.at("Mon+ 09:00"))
    assert resume(house, again, "Mon+ 11:00").paused_seconds == 38 * 3600


@pytest.mark.parametrize(("waited", "resumed", "due"), [
    ("Wed 11:00", "Thu 12:00", "Thu 13:00"),  # overdue before it waited
    ("Wed 09:50", "Thu 12:00", "Thu 13:00"),  # ten minutes left
    ("Wed 11:00", "Fri 17:30", "Mon+ 09:30"),  # the hour is a working one
])  # fmt: skip
def test_resuming_is_never_an_instant_breach(house, waited, resumed, due):
    assert resume(house, wait(house, waited), resumed).due_at == moment(due)


def test_waiting_makes_nothing_due_earlier(house):
    opening = wait(house, "Mon 20:00", due_at=moment("Wed 09:00"))  # as much is left until Tuesday's closing
    c = resume(house, opening, "Mon 21:00")
    assert (c.due_at, c.paused_seconds) == (moment("Wed 09:00"), 0)


def test_the_target_and_the_pause_are_the_new_due_moment(house):
    c = resume(house, wait(house, "Wed 11:00"), "Thu 12:00")
    assert c.paused_seconds == 12 * 3600  # Wednesday 10 to Thursday 13


def test_reminders_begin_anew_when_it_goes_on(house, told):
    c = resume(house, wait(house), "Fri 16:00")
    house.sweep_at("Mon+ 10:00")  # a working day before it is due
    Message.objects.filter(state="ready").update(state="sent", ended_at=moment("Mon+ 10:00"))
    house.sweep_at("Tue+ 10:00")
    assert told(commitment=c, kind="reminder") == [("reminder", "Ann"), ("reminder", "Ann")]


def test_whoever_has_it_hears_at_once_that_it_goes_on(house, told):
    c = resume(house, wait(house, "Wed 11:00"), "Thu 12:00")
    assert told() == [("resumed", "Ann")]
    house.sweep_at("Thu 13:00")
    assert told() == [("resumed", "Ann"), ("reminder", "Ann")]
    assert Notification.objects.filter(kind="resumed", generation=c.generation).exists()


def test_whoever_lets_it_go_on_is_not_told_so(house, told):
    waiting.resume(commitment=wait(house), by=Actor(house.ann.user, Source.PAGE), at=house.at("Fri 16:00"))
    assert told() == []


def test_a_repeated_act_does_nothing(house):
    c = wait(house)
    waiting.wait(commitment=c, by=house.by, at=house.at("Tue 10:00"))
    resume(house, c, "Wed 10:00")
    again = resume(house, c, "Thu 10:00")
    assert (again.generation, again.acted_at) == (3, moment("Wed 10:00"))
    kinds = [Event.Kind.WAITING, Event.Kind.RESUMED]
    assert list(Event.objects.filter(kind__in=kinds).order_by("pk").values_list("kind", flat=True)) == kinds


def test_the_events_say_who_and_why(house):
    c = house.promise()
    waiting.wait(commitment=c, reason=" They send the contract. ", by=house.by, at=house.at("Mon 16:00"))
    event = Event.objects.get(kind=Event.Kind.WAITING)
    assert event.personal.values == {"title": "Call Ms Lima", "reason": "They send the contract."}


def test_what_is_waited_for_is_read_of_all_that_waits_at_once(house, django_assert_num_queries):
    at = house.at("Mon 16:00")
    said, silent, open_ = (house.promise() for _n in range(3))
    said = waiting.wait(commitment=said, reason="They send the contract.", by=house.by, at=at)
    silent = waiting.wait(commitment=silent, by=house.by, at=at)
    with django_assert_num_queries(1):
        assert waiting.reasons([said, silent, open_]) == {said.pk: "They send the contract."}
    with django_assert_num_queries(0):
        assert waiting.reasons([open_]) == {}


def test_what_was_waited_for_the_last_time_is_not_said_again(house):
    c = waiting.wait(commitment=house.promise(), reason="The contract", by=house.by, at=house.at("Mon 16:00"))
    waiting.resume(commitment=c, by=house.by, at=house.at("Tue 10:00"))
    again = waiting.wait(commitment=c, by=house.by, at=house.at("Tue 12:00"))
    assert waiting.reasons([again]) == {}


def test_going_on_by_mistake_does_not_lose_what_is_waited_for(house):
    c = waiting.wait(commitment=house.promise(), reason="The contract", by=house.by, at=house.at("Mon 16:00"))
    was = waiting.Paused.of(c)
    waiting.resume(commitment=c, by=house.by, at=house.at("Tue 10:00"))
    again = waiting.wait_again(was=was, by=house.by, at=house.at("Tue 12:00"))
    assert waiting.reasons([again]) == {c.pk: "The contract"}


def test_what_is_settled_waits_for_nobody(house):
    c = actions.keep(commitment=house.promise(), by=house.by, at=moment("Mon 12:00"))
    for act in (waiting.wait, waiting.resume):
        with pytest.raises(ClosedAlready):
            act(commitment=c, by=house.by, at=moment("Mon 13:00"))


@pytest.mark.parametrize("kind", [Kind.HANDOVER, Kind.TOUCH])
def test_what_only_its_owner_settles_does_not_wait(house, kind):
    with pytest.raises(SettledElsewhere):
        wait(house, kind=kind)


@pytest.mark.parametrize(
    "act",
    [
        lambda c, by, at: actions.acknowledge(commitment=c, by=by, at=at),
        lambda c, by, at: actions.snooze(commitment=c, until=at + timedelta(days=2), by=by, at=at),
    ],
    ids=["acknowledge", "snooze"],
)
def test_what_waits_asks_nobody_so_that_nothing_can_be_put_off(house, act):
    c = wait(house)
    with pytest.raises(WaitsForCustomer):
        act(c, house.by, house.at("Tue 10:00"))


def test_another_due_moment_ends_the_waiting(house):
    c = actions.redue(commitment=wait(house), due_at=moment("Fri 10:00"), by=house.by, at=house.at("Tue 10:00"))
    assert (c.state, c.waiting_since, c.due_at, c.paused_seconds) == ("open", None, moment("Fri 10:00"), 0)


def test_the_same_due_moment_ends_it_too(house):
    c = actions.redue(commitment=wait(house), due_at=WEDNESDAY, by=house.by, at=house.at("Tue 10:00"))
    assert c.state == "open"


def test_who_is_given_it_waits_on(house, told):
    before = wait(house)
    c = actions.reassign(commitment=before, poc=house.ben, by=house.by, at=house.at("Thu 10:00"))
    assert (c.state, c.remaining_seconds, c.generation) == ("waiting", before.remaining_seconds, 3)
    assert c.next_action_at == before.next_action_at
    house.sweep_at("Thu 12:00")
    assert told() == [("reassigned", "Ben")]  # and not that it was due on Wednesday


def test_undone_it_waits_as_before(house):
    before = wait(house)
    kept = actions.keep(commitment=before, by=house.by, at=house.at("Tue 10:00"))
    c = actions.reopen(commitment=kept, by=house.by, at=house.at("Tue 11:00"))
    assert (c.state, c.waiting_since, c.remaining_seconds) == ("waiting", before.waiting_since, 12 * 3600)
    assert c.next_action_at == moment("Tue+ 11:00")


def test_going_on_by_mistake_is_taken_back(house):
    before = wait(house)
    was = waiting.Paused.of(before)
    resume(house, before, "Fri 16:00")
    c = waiting.wait_again(was=waiting.Paused.read(was.facts()), by=house.by, at=house.at("Fri 16:05"))
    names = ("state", "waiting_since", "remaining_seconds", "due_at", "paused_seconds")
    assert [getattr(c, name) for name in names] == [getattr(before, name) for name in names]


def test_what_was_closed_since_does_not_wait_again(house):
    before = wait(house)
    was = waiting.Paused.of(before)
    kept = actions.keep(commitment=resume(house, before, "Fri 16:00"), by=house.by, at=house.at("Fri 16:01"))
    assert waiting.wait_again(was=was, by=house.by, at=house.at("Fri 16:05")) is None
    kept.refresh_from_db()
    assert kept.state == "kept"


def test_what_was_escalated_is_not_while_it_waits(house):
    c = house.promise()
    Commitment.objects.filter(pk=c.pk).update(escalated_to=house.lea, escalated_at=moment("Thu 09:00"), cursor=3)
    c = waiting.wait(commitment=c, by=house.by, at=house.at("Thu 10:00"))
    assert (c.escalated_to, c.escalated_at, c.used_up_at, c.cursor) == (None, None, None, 0)
