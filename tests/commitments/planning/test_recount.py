"""What is owed follows a changed calendar, and a changed policy where that is meant for it; nobody is told twice."""

from datetime import date, datetime, time

import pytest
from django.db.models import F

from crm.commitments import actions, waiting
from crm.commitments.auditing import auditor
from crm.commitments.models import Commitment, Finding, Kind, Notification, PolicyVersion, Step
from crm.commitments.planning import recount
from crm.dossiers.models import Event
from crm.outbox.models import Heartbeat, Message
from crm.poc.models import CalendarException, CalendarHours, WorkingCalendar
from tests.commitments.conftest import House, moment
from tests.commitments.planning.test_planner import hand_over
from tests.factories.commitments import shipped
from tests.factories.poc import CalendarFactory, PersonFactory
from tests.factories.users import UserFactory


def close(*days: date) -> None:
    """A new version of the house's calendar has these days closed."""
    calendar = WorkingCalendar.objects.get(is_default=True)
    CalendarException.objects.bulk_create(CalendarException(calendar=calendar, day=day) for day in days)
    WorkingCalendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1000)


def new_version(kind: str, *steps: dict, **values) -> PolicyVersion:
    """Write a version that is meant for what is owed already, too; without `steps`, with the same ones."""
    old = shipped(kind)
    given = {"target_amount": old.target_amount, "target_unit": old.target_unit, "is_for_open": True} | values
    version = PolicyVersion.objects.create(policy=old.policy, number=old.number + 1, **given)
    kept = old.steps.order_by("ordinal").values(
        "kind", "amount", "unit", "anchor", "slot", "by_email", "urgent", "repeat_amount", "repeat_unit", "max_repeats"
    )
    rows = [Step(version=version, ordinal=n, **fields) for n, fields in enumerate(steps or kept)]
    Step.objects.bulk_create(rows)
    return version


def look_at(house: House, text: str) -> datetime:
    """Sweep twice: what is counted anew at the end of the one is looked at by the other."""
    house.sweep_at(text)
    return house.sweep_at(text)


def the_only() -> Commitment:
    return Commitment.objects.get()


def test_a_holiday_makes_what_was_counted_due_later(house):
    house.promise(kind=Kind.RESOLUTION, due_at=None)  # three working days
    look_at(house, "Mon 10:00")
    assert the_only().due_at == moment("Thu 09:30")
    close(date(2026, 3, 4))
    look_at(house, "Mon 11:00")
    c = the_only()
    assert (c.due_at, c.anchor_at, c.due_on, c.generation) == (moment("Fri 09:30"),) * 2 + (date(2026, 3, 6), 2)
    event = Event.objects.get(kind=Event.Kind.REDUE)
    assert (event.facts["because"], event.facts["was"]) == ("calendar", moment("Thu 09:30").isoformat())


def test_a_moment_that_was_promised_stays_and_its_steps_follow_the_calendar(house, told):
    house.promise()  # Wednesday at 10, as somebody said; reminded a working day before
    look_at(house, "Mon 10:00")
    assert the_only().next_action_at == moment("Tue 10:00")
    close(date(2026, 3, 3))
    at = look_at(house, "Mon 11:00")
    c = the_only()
    assert (c.due_at, c.generation) == (moment("Wed 10:00"), 1)
    assert told() == [("reminder", "Ann")]  # a working day before is Monday now
    assert Notification.objects.get(channel="email").created_at == at


def test_what_comes_out_the_same_keeps_its_generation_and_nobody_is_told_twice(house, told):
    house.promise(kind=Kind.RESOLUTION, due_at=None)
    for text in ("Wed 09:30", "Thu 09:30"):
        hand_over(house.sweep_at(text))
    before = told()
    close(date(2026, 12, 25))
    look_at(house, "Thu 10:00")
    assert the_only().generation == 1
    assert told() == before
    assert the_only().next_action_at == moment("Thu 13:30")


def test_what_was_told_is_not_said_again_of_the_new_moment_until_its_steps_come(house, told):
    house.promise(kind=Kind.RESOLUTION, due_at=None)
    at = house.sweep_at("Wed 09:30")  # a working day before Thursday
    assert told() == [("reminder", "Ann")]
    close(date(2026, 3, 5))
    look_at(house, "Wed 10:00")
    assert list(Notification.objects.filter(channel="email").values_list("state", flat=True)) == ["superseded"]
    assert Message.objects.get(channel="email").created_at == at
    house.sweep_at("Fri 09:30")
    assert told() == [("reminder", "Ann")]


@pytest.mark.parametrize("kind", [Kind.FOLLOW_UP, Kind.RESOLUTION])
def test_a_policy_for_what_is_open_brings_its_target_and_its_steps(house, told, kind):
    house.promise(kind=kind, **({"due_at": None} if kind == Kind.RESOLUTION else {}))
    target = {"target_amount": 1, "target_unit": "working_days"} if kind == Kind.RESOLUTION else {}
    version = new_version(kind, {"kind": "reminder", "slot": "lead"}, **target)
    look_at(house, "Mon 11:00")
    c = the_only()
    assert (c.policy_version, c.generation) == (version, 2)
    assert c.due_at == moment("Tue 09:30" if target else "Wed 10:00")
    house.sweep_at("Wed 10:00")
    assert told() == [("reminder", "Lea")]


def test_a_policy_that_says_the_same_leaves_everything_but_its_number(house):
    house.promise()
    version = new_version(Kind.FOLLOW_UP)
    look_at(house, "Mon 11:00")
    c = the_only()
    assert (c.policy_version, c.generation, c.next_action_at) == (version, 1, moment("Tue 10:00"))


def test_a_policy_for_new_promises_alone_changes_nothing(house):
    commitment = house.promise()
    new_version(Kind.FOLLOW_UP, {"kind": "reminder", "slot": "lead"}, is_for_open=False)
    look_at(house, "Mon 11:00")
    assert the_only().policy_version_id == commitment.policy_version_id


def test_what_waits_for_the_customer_goes_on_waiting(house):
    commitment = house.promise(kind=Kind.RESOLUTION, due_at=None)
    waiting.wait(commitment=commitment, by=house.by, at=house.at("Mon 10:00"))
    before = the_only()
    close(date(2026, 3, 4))
    look_at(house, "Mon 11:00")
    after = the_only()
    assert (after.due_at, after.next_action_at, after.generation) == (
        before.due_at, before.next_action_at, before.generation,
    )  # fmt: skip
    assert recount.recount() == 0


def test_an_acknowledgement_and_a_snooze_go_on(house):
    for n, title in enumerate(("Acknowledged", "Snoozed")):
        c = house.promise(kind=Kind.RESOLUTION, due_at=None, title=title)
        at = house.at("Mon 10:00")
        if n:
            actions.snooze(commitment=c, until=moment("Tue 12:00"), by=house.by, at=at)
        else:
            actions.acknowledge(commitment=c, by=house.by, at=at)
    house.sweep_at("Mon 10:00")
    close(date(2026, 3, 4))
    look_at(house, "Mon 11:00")
    found = Commitment.objects.order_by("pk").values_list("state", "acted_at", "hold_until", "due_at")
    assert [row[:3] for row in found] == [
        ("acknowledged", moment("Mon 10:00"), moment("Tue 10:00")),
        ("snoozed", house.at("Mon 11:00"), moment("Tue 12:00")),
    ]
    assert {row[3] for row in found} == {moment("Fri 09:30")}


def test_time_spent_waiting_is_given_again(house):
    commitment = house.promise(kind=Kind.RESOLUTION, due_at=None)
    waiting.wait(commitment=commitment, by=house.by, at=house.at("Mon 12:00"))
    waiting.resume(commitment=commitment, by=house.by, at=house.at("Mon 15:00"))
    assert the_only().due_at == moment("Thu 12:30")
    close(date(2026, 3, 4))
    look_at(house, "Mon 16:00")
    assert the_only().due_at == moment("Fri 12:30")


def test_what_is_closed_is_left_alone(house):
    commitment = house.promise()
    house.sweep_at("Mon 10:00")
    actions.keep(commitment=commitment, by=house.by, at=house.at("Mon 11:00"))
    close(date(2026, 3, 4))
    assert recount.recount() == 0


def test_a_sweep_with_nothing_to_count_asks_once(house, django_assert_num_queries):
    house.promise()
    house.sweep_at("Mon 10:00")
    with django_assert_num_queries(1):
        recount.recount()


def test_many_are_counted_in_batches(house, monkeypatch):
    monkeypatch.setattr(recount, "BATCH", 2)
    for n in range(5):
        house.promise(title=f"Call {n}")
    house.sweep_at("Mon 10:00")
    close(date(2026, 3, 4))
    assert recount.recount() == 5
    assert recount.recount() == 0


def test_a_policy_may_name_the_calendar_it_counts_in(house):
    house.promise(kind=Kind.RESOLUTION, due_at=None)
    always = CalendarFactory()
    hours = [CalendarHours(calendar=always, weekday=day, starts=time(0), ends=time(0)) for day in range(7)]
    CalendarHours.objects.bulk_create(hours)
    new_version(Kind.RESOLUTION, calendar=always, target_amount=30, target_unit="working_hours")
    look_at(house, "Mon 11:00")
    assert (the_only().calendar, the_only().due_at) == (always, moment("Tue 15:30"))


# --- What cannot be counted anew -------------------------------------------------------------------------------------


@pytest.fixture
def unknown_zone(house) -> Commitment:
    """Promised in a zone that the machine knows no more."""
    bad = house.promise(title="Bad", kind=Kind.RESOLUTION, due_at=None)
    Commitment.objects.filter(pk=bad.pk).update(zone="US/Pacific-New")
    return bad


def test_one_that_cannot_be_counted_anew_holds_no_other_up(house, unknown_zone):
    good = [house.promise(title=f"Good {n}", kind=Kind.RESOLUTION, due_at=None) for n in range(4)]
    look_at(house, "Mon 10:00")
    close(date(2026, 3, 4))
    at = look_at(house, "Mon 11:00")
    due = dict(Commitment.objects.values_list("pk", "due_at"))
    assert due == {c.pk: moment("Fri 09:30") for c in good} | {unknown_zone.pk: moment("Thu 09:30")}
    assert Heartbeat.objects.get(component="planner").last_ok_at == at


def test_it_is_reminded_of_as_it_was_counted_before(house, unknown_zone, told):
    look_at(house, "Mon 10:00")
    close(date(2026, 3, 4))
    look_at(house, "Wed 09:30")
    assert told() == [("reminder", "Ann")]
    assert Finding.objects.standing().get(code=recount.FINDING).subject == f"c:{unknown_zone.pk}"


def test_it_is_tried_again_a_day_later_and_its_finding_ends(house, unknown_zone):
    look_at(house, "Mon 10:00")
    close(date(2026, 3, 4))
    look_at(house, "Mon 11:00")
    Commitment.objects.filter(pk=unknown_zone.pk).update(zone="UTC")
    look_at(house, "Tue 10:59")
    auditor.sweep(whole=True)
    assert the_only().due_at == moment("Thu 09:30")
    house.at("Tue 11:01")
    auditor.sweep(whole=True)
    look_at(house, "Tue 11:02")
    assert the_only().due_at == moment("Fri 09:30")
    assert not Finding.objects.standing().exists()


def test_the_administrators_hear_of_it_once(house, unknown_zone, told):
    PersonFactory(name="Ada", user=UserFactory(administrator=True))
    look_at(house, "Mon 10:00")
    close(date(2026, 3, 4))
    for minute in range(3):
        house.sweep_at(f"Mon 11:0{minute}")
        auditor.sweep(whole=True)
    found = Notification.objects.get(kind="audit", channel="inbox").facts["found"]
    assert {row["code"] for row in found} == {recount.FINDING, "due_moment"}
