"""Steps that told nobody, told too soon, or told twice: worked out again from the rows."""

from datetime import timedelta

from django.db import transaction

from crm.commitments import actions
from crm.commitments.mail import sending
from crm.commitments.models import Commitment, Finding, Notification
from crm.commitments.planning import planner
from crm.core.clock import now
from crm.dossiers.models import Event
from crm.outbox.models import Message
from tests.commitments.auditing.conftest import copy, deliver, mail_of, week
from tests.factories.poc import AbsenceFactory


def lose(commitment: Commitment, step: int) -> None:
    Notification.objects.filter(commitment=commitment, step=step).delete()


def test_a_step_without_a_notice_runs_again_and_the_others_do_not(house, audit, told):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00")
    lose(commitment, 0)
    house.at("Wed 10:30")
    assert audit("missing") == []
    assert Finding.objects.get(code="missing").detail == "0"
    planner.sweep()
    deliver()
    assert told(kind="reminder") == [("reminder", "Ann")]  # of the step after it; the one that was lost joins it
    assert set(Notification.objects.filter(commitment=commitment, step=0).values_list("state", flat=True)) == {
        "coalesced"
    }
    assert audit("missing") == []


def test_the_position_stays_when_a_step_runs_again_and_nothing_is_said_to_have_happened_twice(house, audit, told):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00", "Wed 14:00", "Thu 14:00")
    before = Commitment.objects.get(pk=commitment.pk)
    lose(commitment, 2)
    assert audit() == []
    after = Commitment.objects.get(pk=commitment.pk)
    assert (after.cursor, after.next_action_at, after.used_up_at) == (
        before.cursor, before.next_action_at, before.used_up_at,
    )  # fmt: skip
    week(house, "Thu 15:01", "Fri 15:00")
    assert told(kind="escalation") == [("escalation", "Lea"), ("escalation", "Ben")]
    assert Event.objects.filter(kind=Event.Kind.ESCALATED).count() == 2
    assert audit() == []


def test_what_an_act_has_overtaken_is_told_to_nobody_and_its_lost_record_is_written_down(house, audit, told):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00")
    actions.acknowledge(commitment=commitment, by=house.by, at=house.at("Wed 10:30"))
    week(house, "Wed 10:31")
    lose(commitment, 1)
    assert audit("missing") == []
    assert Finding.objects.get(code="missing").repaired_at == now()
    row = Notification.objects.get(commitment=commitment, step=1)
    assert (row.state, row.reason, row.generation, row.recipient) == ("skipped", "lost", 1, None)
    week(house, "Wed 10:40", "Thu 10:40")
    assert told(kind="reminder") == [("reminder", "Ann")]
    assert told(kind="escalation") == [("escalation", "Ben")]
    assert audit() == []


def test_a_step_that_ran_after_an_acknowledgement_runs_again(house, audit, told):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00")
    actions.acknowledge(commitment=commitment, by=house.by, at=house.at("Wed 10:30"))
    week(house, "Wed 10:31", "Thu 10:30")
    assert told(kind="escalation") == [("escalation", "Ben")]
    lose(commitment, 2)
    assert audit("missing") == []
    week(house, "Thu 10:31")
    assert told(kind="escalation", generation=2) == [("escalation", "Ben")]
    assert not Notification.objects.filter(generation=2, step__lt=2).exists()


def test_in_a_later_generation_the_rows_of_an_earlier_one_do_not_count(house, audit, told):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00")
    actions.snooze(commitment=commitment, until=house.at("Fri 09:00"), by=house.by, at=house.at("Wed 11:00"))
    week(house, "Fri 09:00", "Fri 14:00")
    assert audit() == []
    Notification.objects.filter(commitment=commitment, step=1, generation=2).delete()
    assert audit("missing") == []
    assert Finding.objects.get(code="missing").detail == "1"
    assert told(step=1, generation=2) == [("reminder", "Ann")]


def test_the_first_step_of_a_generation_that_an_act_began_anew_runs_again(house, audit):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00")
    actions.snooze(commitment=commitment, until=house.at("Fri 09:00"), by=house.by, at=house.at("Wed 11:00"))
    week(house, "Fri 09:00", "Fri 14:00")
    Notification.objects.filter(commitment=commitment, step=0).delete()
    assert audit("missing") == []
    row = Notification.objects.get(commitment=commitment, step=0)
    assert (row.generation, row.state) == (2, "coalesced")  # Ann was told of the next one


def test_a_step_lost_after_another_was_planned_anew_runs_again(house, audit, told):
    commitment = house.promise()
    week(house, "Tue 10:00")
    house.sweep_at("Wed 10:00")
    AbsenceFactory(poc=house.ann, starts_at=now(), ends_at=now() + timedelta(days=9))
    [message] = Message.objects.filter(state="ready", recipient=house.ann)
    with transaction.atomic():
        assert sending.may_send(message) is None
    deliver_but(message)
    week(house, "Wed 10:01", "Wed 14:02", "Thu 14:03")
    lose_of(commitment, 2, generation=2)
    before = told(generation=2)
    assert audit("missing") == []
    assert len(told(generation=2)) == len(before) + 1
    assert audit() == []


def deliver_but(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(state="dropped", reason="superseded", ended_at=now())


def lose_of(commitment: Commitment, step: int, *, generation: int) -> None:
    Notification.objects.filter(commitment=commitment, step=step, generation=generation).delete()


def test_a_notice_of_a_step_that_has_not_come_is_found(reminded, audit):
    Commitment.objects.filter(pk=reminded.pk).update(cursor=0)
    rows = Notification.objects.filter(commitment=reminded, step=0)
    assert audit("extra") == sorted(f"n:{pk}" for pk in rows.values_list("pk", flat=True))


def test_one_thing_decided_twice_is_taken_back_where_it_has_not_left(reminded, audit):
    original = Notification.objects.get(commitment=reminded, channel="email")
    twin = copy(Notification.objects.get(pk=original.pk), message=None)
    assert audit("decided_twice") == []
    twin.refresh_from_db()
    original.refresh_from_db()
    assert (twin.state, twin.reason, original.state) == ("superseded", "duplicate", "planned")


def test_one_thing_told_twice_is_found(reminded, audit):
    twin = copy(Notification.objects.get(commitment=reminded, channel="email"))
    assert audit("decided_twice") == [f"n:{twin.pk}"]


def test_somebody_reported_before_they_were_asked_is_found(house, audit):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00", "Wed 14:00")
    assert audit() == []
    asked = Notification.objects.get(commitment=commitment, step=1, channel="email").message
    Message.objects.filter(pk=asked.pk).update(ended_at=now())
    Notification.objects.filter(commitment=commitment, step=2).update(created_at=asked.available_at)
    reported = Notification.objects.filter(commitment=commitment, step=2, state="planned")
    assert audit("too_soon") == sorted(f"n:{pk}" for pk in reported.values_list("pk", flat=True))


def test_what_was_given_away_when_overdue_begins_after_the_reminders(house, audit):
    commitment = house.promise()
    house.at("Wed 16:00")
    actions.reassign(commitment=commitment, poc=house.ben, by=house.by, at=now())
    week(house, "Wed 16:01", "Thu 13:00")
    assert Commitment.objects.get(pk=commitment.pk).cursor >= 2
    assert audit() == []


def test_a_mail_handed_over_again_later_reports_nobody(house, audit):
    commitment = house.promise()
    week(house, "Tue 10:00", "Wed 10:00", "Wed 14:00", "Thu 14:00")
    assert mail_of(commitment).state == "sent"
    assert audit() == []
