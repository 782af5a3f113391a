"""What is due becomes notices, in the commit that moves the commitment on."""

from datetime import time

import pytest
from django.contrib.auth.models import Group

from crm.commitments import actions, waiting
from crm.commitments.mail import sending
from crm.commitments.models import Commitment, Notification
from crm.commitments.planning import facts, planner
from crm.dossiers.models import Event
from crm.outbox.models import Heartbeat, Message
from crm.poc.models import CalendarHours, Grant, PointOfContact, WorkingCalendar
from crm.poc.visibility import visible_dossiers
from crm.users.models import RoleScope
from tests.commitments.conftest import MONDAY, WEDNESDAY
from tests.factories.commitments import change_ladder
from tests.factories.dossiers import DossierFactory
from tests.factories.poc import (
    AbsenceFactory,
    AssignmentFactory,
    CalendarFactory,
    PersonFactory,
    TeamFactory,
    front_desk,
)
from tests.factories.users import UserFactory, actor, narrow


def hand_over(at) -> None:
    """Let every mail that is ready be taken by a mail server at `at`."""
    Message.objects.filter(state="ready").update(state="sent", ended_at=at)


def test_a_reminder_is_decided_once_however_often_one_looks(house, told):
    house.promise()
    for text in ("Mon 09:30", "Tue 09:59", "Tue 10:00", "Tue 10:00", "Tue 11:00"):
        house.sweep_at(text)
    assert told() == [("reminder", "Ann")]
    assert told("inbox") == [("reminder", "Ann")]


def test_nobody_acts_and_backup_and_lead_are_told_in_order(house, told):
    house.promise()
    for text in ("Tue 10:00", "Wed 10:00", "Wed 14:00", "Thu 14:00", "Fri 14:00", "Mon+ 14:00"):
        hand_over(house.sweep_at(text))
    assert told() == [("reminder", "Ann"), ("reminder", "Ann"), ("escalation", "Ben"), ("escalation", "Lea")]
    c = Commitment.objects.get()
    assert c.escalated_to == house.lea
    assert c.used_up_at is not None
    assert c.next_action_at > house.clock.freeze(WEDNESDAY)
    assert Event.objects.filter(kind=Event.Kind.ESCALATED).count() == 2


def test_an_escalation_waits_until_the_mail_before_it_was_handed_over(house, told):
    house.promise()
    house.sweep_at("Tue 10:00")
    house.sweep_at("Wed 10:00")
    for text in ("Wed 14:00", "Thu 10:00", "Fri 16:00"):
        house.sweep_at(text)
    assert told(kind="escalation") == []
    hand_over(house.at("Fri 16:00"))
    house.sweep_at("Fri 16:05")
    house.sweep_at("Mon+ 10:59")
    assert told(kind="escalation") == []
    house.sweep_at("Mon+ 11:00")  # four working hours after Friday 16:00
    assert told(kind="escalation") == [("escalation", "Ben")]


def test_somebody_without_an_address_is_told_in_the_inbox_and_that_counts(house, told):
    PointOfContact.objects.filter(pk=house.ann.pk).update(email="")
    house.ann.user.email = ""
    type(house.ann.user).objects.filter(pk=house.ann.user_id).update(email="")
    house.promise()
    house.sweep_at("Wed 10:00")
    house.sweep_at("Wed 14:00")
    assert told() == [("escalation", "Ben")]
    assert told("inbox") == [("reminder", "Ann"), ("escalation", "Ben")]


def test_one_person_in_two_slots_is_told_once(house, told):
    house.team.lead = house.ben
    house.team.save()
    house.promise()
    for text in ("Wed 10:00", "Wed 14:00", "Thu 14:00"):
        hand_over(house.sweep_at(text))
    assert told() == [("reminder", "Ann"), ("escalation", "Ben"), ("escalation", "Dora")]
    skipped = Notification.objects.filter(state="skipped").exclude(reason="too_late").order_by("pk")
    assert list(skipped.values_list("step", "slot", "reason")) == [
        (3, "lead", "told_already"),
        (3, "leads_lead", "empty"),
    ]


def test_an_absence_sends_it_to_the_cover(house, told):
    cover = PersonFactory(name="Cora")
    AbsenceFactory(poc=house.ann, cover=cover, starts_at=MONDAY, ends_at=WEDNESDAY)
    house.promise()
    house.sweep_at("Tue 10:00")
    house.sweep_at("Wed 10:00")
    assert told() == [("reminder", "Cora"), ("reminder", "Ann"), ("summary", "Ann")]


def test_a_named_one_who_is_away_is_covered_too(house, told):
    cover, fixed = PersonFactory(name="Cora"), PersonFactory(name="Fred")
    AbsenceFactory(poc=fixed, cover=cover, starts_at=MONDAY, ends_at=WEDNESDAY)
    house.promise(poc=fixed)
    house.sweep_at("Tue 10:00")
    assert told() == [("reminder", "Cora")]


def test_a_new_assignment_redirects_the_next_step(house, told):
    house.promise()
    house.sweep_at("Tue 10:00")
    house.record.assignments.filter(rank=0).update(ends_at=house.at("Tue 12:00"))
    AssignmentFactory(dossier=house.record, poc=PersonFactory(name="Nina"), starts_at=house.at("Tue 12:00"))
    house.sweep_at("Wed 10:00")
    assert told() == [("reminder", "Ann"), ("reminder", "Nina")]


def test_a_team_is_told_as_it_wants(house, told):
    members = [PersonFactory(name=name) for name in ("Tia", "Tom")]
    team = TeamFactory(members=members, delivery=PointOfContact.Delivery.ALL)
    house.promise(poc=team)
    house.sweep_at("Tue 10:00")
    assert told() == [("reminder", "Tia"), ("reminder", "Tom")]
    assert set(Notification.objects.filter(channel="email").values_list("idem_key", flat=True)) == {
        f"c:{Commitment.objects.get().pk}:g1:s0:r0:poc/m{member.pk}:email" for member in members
    }


def test_a_shared_mailbox_gets_one_mail(house, told):
    team = TeamFactory(
        name="Box", email="box@firm.example", members=[house.ben], delivery=PointOfContact.Delivery.MAILBOX
    )
    house.promise(poc=team)
    house.sweep_at("Tue 10:00")
    assert told() == [("reminder", "Box")]


def test_a_record_nobody_answers_for_goes_to_the_front_desk(house, told):
    house.promise(dossier=DossierFactory())
    house.sweep_at("Tue 10:00")
    assert told() == [("reminder", "Dora")]


def test_nobody_to_tell_alarms_the_administrators(house, told):
    admin = PersonFactory(name="Ada", user=UserFactory(administrator=True))
    front_desk().memberships.all().delete()
    house.promise(dossier=DossierFactory())
    house.sweep_at("Tue 10:00")
    assert told() == [("nobody", admin.name)]
    assert Notification.objects.filter(state="skipped", reason="nobody").exists()


@pytest.mark.parametrize("rows", [1, 30])
def test_telling_that_nobody_could_be_told_costs_the_same_however_often(house, django_assert_num_queries, rows):
    """The administrators are looked up, and their alarms written, once for the whole batch."""
    PersonFactory(name="Ada", user=UserFactory(administrator=True))
    front_desk().memberships.all().delete()
    for n in range(rows):
        house.promise(title=f"Call {n}", dossier=DossierFactory())
    house.at("Tue 10:00")
    ids = list(Commitment.objects.values_list("pk", flat=True))
    with django_assert_num_queries(20):
        planner.plan(ids)
    assert Notification.objects.filter(kind="nobody", channel="inbox").count() == rows


def test_whoever_is_told_gets_a_grant_that_ends_with_the_promise(house):
    commitment = house.promise()
    for text in ("Wed 10:00", "Wed 14:00"):
        hand_over(house.sweep_at(text))
    granted = Grant.objects.filter(home=house.record, cause=f"c:{commitment.pk}", ended_at=None)
    assert set(granted.values_list("poc__name", flat=True)) == {"Ann", "Ben"}
    actions.keep(commitment=commitment, by=house.by, at=house.at("Wed 15:00"))
    assert not granted.exists()


def test_reminders_missed_in_an_outage_become_one_notice(house, told):
    house.promise()
    house.sweep_at("Mon+ 12:00")
    assert told() == [("reminder", "Ann")]
    untold = Notification.objects.exclude(state="planned").values_list("step", "state", "reason", "channel")
    assert set(untold) == {(0, "coalesced", "one_notice", "inbox")}


def test_what_was_promised_late_reminds_nobody_at_once(house, told):
    house.promise(at=house.at("Tue 17:00"))
    house.sweep_at("Tue 17:00")
    assert told() == []
    assert list(Notification.objects.values_list("state", "reason")) == [("skipped", "too_late")]


def test_a_snooze_wakes_and_begins_anew(house, told):
    commitment = house.promise()
    actions.snooze(commitment=commitment, until=house.at("Thu 15:00"), by=house.by, at=house.at("Tue 09:00"))
    house.sweep_at("Wed 10:00")
    assert told() == []
    house.sweep_at("Thu 15:00")
    assert told() == [("reminder", "Ann")]
    assert Commitment.objects.get().state == "open"


def test_a_forgotten_acknowledgement_is_escalated(house, told):
    commitment = house.promise()
    hand_over(house.sweep_at("Wed 10:00"))
    actions.acknowledge(commitment=commitment, by=house.by, at=house.at("Wed 11:00"))
    house.sweep_at("Wed 15:00")
    house.sweep_at("Thu 10:59")
    assert told(kind="escalation") == []
    assert Commitment.objects.get().state == "acknowledged"
    house.sweep_at("Thu 11:00")
    assert told(kind="escalation") == [("escalation", "Ben")]
    assert Commitment.objects.get().state == "open"


def test_a_step_may_name_somebody(house, told):
    boss = PersonFactory(name="Boss")
    change_ladder("follow_up", {"kind": "reminder", "slot": "named", "poc": boss})
    house.promise()
    house.sweep_at("Wed 10:00")
    assert told() == [("reminder", "Boss")]


def test_who_waits_for_the_customer_is_asked_now_and_then_and_nobody_is_reminded(house, told):
    commitment = house.promise()
    waiting.wait(commitment=commitment, by=house.by, at=house.at("Mon 10:00"))
    for text in ("Tue 10:00", "Wed 10:00", "Mon+ 09:59", "Mon+ 10:00", "Mon+ 10:05", "Mon++ 10:00"):
        house.sweep_at(text)
    assert told() == [("still_waiting", "Ann")] * 2
    keys = Notification.objects.filter(channel="email").order_by("pk").values_list("idem_key", flat=True)
    assert list(keys) == [f"c:{commitment.pk}:g2:wait:r{n}:poc:email" for n in range(2)]
    waiting.resume(commitment=commitment, by=house.by, at=house.at("Tue++ 10:00"))
    assert Commitment.objects.get().repeat_no == 0


def test_a_calendar_that_never_opens_counts_plain_time_and_the_administrators_hear_of_it_once(house, told):
    PersonFactory(name="Ada", user=UserFactory(administrator=True))
    calendar = CalendarFactory(name="Never")
    PointOfContact.objects.filter(pk=house.ann.pk).update(calendar=calendar)
    for n in range(2):
        house.promise(title=f"Call {n}")
    for text in ("Tue 10:00", "Wed 10:00"):
        hand_over(house.sweep_at(text))
    assert (
        told("inbox") == [("reminder", "Ann"), ("reminder", "Ann"), ("never_opens", "Ada")] + [("reminder", "Ann")] * 2
    )
    hand_over(house.sweep_at("Wed 14:00"))
    assert told(kind="escalation") == [("escalation", "Ben")] * 2
    calendar.version += 1
    calendar.save()
    house.sweep_at("Thu 14:00")
    assert told(kind="never_opens") == [("never_opens", "Ada")] * 2


def test_what_a_look_counted_in_is_remembered(house):
    house.promise()
    house.sweep_at("Mon 09:31")
    shipped = WorkingCalendar.objects.get(is_default=True)
    assert Commitment.objects.values_list("calendar", "calendar_version").get() == (shipped.pk, shipped.version)


def test_what_was_counted_keeps_the_calendar_it_was_counted_in(house):
    commitment = house.promise(kind="first_answer", due_at=None)
    PointOfContact.objects.filter(pk=house.ann.pk).update(calendar=CalendarFactory(nine_to_six=True))
    house.sweep_at("Mon 09:31")
    assert Commitment.objects.get().calendar_id == commitment.calendar_id


def test_the_first_of_a_team_to_take_it_on_spares_the_others(house, told):
    tia, tom = members = [PersonFactory(name=name, signs_in=True) for name in ("Tia", "Tom")]
    team = TeamFactory(members=members, delivery=PointOfContact.Delivery.ALL)
    commitment = house.promise(poc=team)
    at = house.sweep_at("Wed 10:00")
    assert told(kind="reminder") == [("reminder", "Tia"), ("reminder", "Tom")]
    Message.objects.filter(channel="email", recipient=tia).update(state="sent", ended_at=at)
    actions.acknowledge(commitment=commitment, by=actor(tia.user), at=at)
    mails = Notification.objects.filter(channel="email").order_by("recipient__name")
    assert list(mails.values_list("recipient__name", "state")) == [("Tia", "planned"), ("Tom", "superseded")]
    waiting_mail = Message.objects.get(channel="email", recipient=tom)
    assert sending.may_send(waiting_mail) is None
    house.sweep_at("Thu 09:59")
    assert told(kind="reminder", recipient=tom) == []


def test_a_team_that_tells_whoever_is_on_duty_tells_nobody_else(house, told):
    late = CalendarFactory()
    CalendarHours.objects.bulk_create(
        CalendarHours(calendar=late, weekday=day, starts=time(17), ends=time(23)) for day in range(7)
    )
    members = [PersonFactory(name="Tia"), PersonFactory(name="Tom", calendar=late)]
    team = TeamFactory(members=members, delivery=PointOfContact.Delivery.ON_DUTY)
    house.promise(poc=team)
    house.sweep_at("Wed 10:00")
    assert told() == [("reminder", "Tia")]


def test_while_a_backlog_is_worked_off_nobody_is_told_in_pieces(house, told, monkeypatch):
    monkeypatch.setattr(planner, "BATCH", 2)
    monkeypatch.setattr(planner, "BUDGET", 0)
    for n in range(8):
        house.promise(title=f"Call {n}")
    at = house.at("Wed 10:00")
    planner.plan(list(Commitment.objects.values_list("pk", flat=True)[:4]))
    planner.sweep()
    assert not Message.objects.exists()
    house.clock.freeze(at + planner.LONGEST_HOLD)  # but neither for ever
    planner.sweep()
    assert Message.objects.filter(channel="email").count() == 4


def test_the_heartbeat_says_when_a_sweep_got_through(house):
    at = house.sweep_at("Tue 10:00")
    assert Heartbeat.objects.get(component="planner").last_ok_at == at


def test_a_sweep_with_nothing_due_is_cheap(house, django_assert_max_num_queries):
    house.promise()
    house.sweep_at("Mon 09:31")
    with django_assert_max_num_queries(12):
        planner.sweep()


@pytest.mark.parametrize("rows", [1, 30])
def test_a_batch_costs_the_same_however_long(house, django_assert_num_queries, rows):
    for n in range(rows):
        house.promise(title=f"Call {n}")
    house.at("Tue 10:00")
    ids = list(Commitment.objects.values_list("pk", flat=True))
    # the rows, ladders, who answers, whom that tells, calendars; then notices, grants, positions
    with django_assert_num_queries(19):
        planner.plan(ids)


def test_a_row_that_cannot_be_planned_holds_nobody_up(house, told, monkeypatch):
    """Its policy has a unit nobody knows: the one thing the database cannot refuse."""
    version = change_ladder("first_answer", {"kind": "reminder", "slot": "poc", "unit": "moons", "amount": -1})
    assert version.steps.count() == 1
    promises = [house.promise(title=f"Call {n}") for n in range(5)]
    bad = house.promise(kind="first_answer", title="Bad")
    house.sweep_at("Tue 10:00")
    assert told() == [("reminder", "Ann")] * 5
    bad.refresh_from_db()
    assert (bad.plan_errors, bad.quarantined_at) == (1, None)
    assert bad.next_action_at == planner.timedelta(minutes=2) + house.at("Tue 10:00")
    assert len(promises) == 5


def test_planning_takes_less_than_a_tenth_of_a_millisecond_of_thought(house):
    """Pure computing, without the database; ten times the budget, so that a busy machine does not fail it."""
    from time import process_time  # noqa: PLC0415

    rows = [house.promise(title=f"Call {n}") for n in range(100)]
    known = facts.load(rows, house.at("Tue 10:00"))
    begun = process_time()
    for row in rows:
        planner.look(row, known)
    assert (process_time() - begun) / len(rows) < 0.001


@pytest.mark.parametrize("text", ["Tue 10:00", "Wed 10:00", "Wed 14:00", "Thu 14:00", "Fri 14:00"])
def test_whoever_is_told_about_a_record_may_open_it(house, text):
    """However narrow their role, and although they answer for nothing."""
    narrow("sales_rep", RoleScope.Sees.OWN)
    for person in (house.ann, house.ben, house.lea, house.dora):
        person.user.groups.set([Group.objects.get(name="sales_rep")])
    front_desk().memberships.all().delete()
    house.record.assignments.filter(rank=1).delete()  # so that it climbs
    house.promise()
    for each in ("Tue 10:00", "Wed 10:00", "Wed 14:00", "Thu 14:00", "Fri 14:00"):
        hand_over(house.sweep_at(each))
        if each == text:
            break
    told = Notification.objects.planned().values_list("recipient__user", flat=True)
    readers = type(house.ann.user).objects.filter(pk__in=set(told))
    assert readers
    for reader in readers:
        assert visible_dossiers(reader).filter(pk=house.record.pk).exists(), reader
        assert Commitment.objects.visible_to(reader).exists(), reader
