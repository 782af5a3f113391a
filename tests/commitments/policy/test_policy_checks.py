"""Terms that could not be kept, could not end, or would tell nobody are refused, and it is said where and why."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from crm.commitments.models import Kind
from crm.commitments.policy import policy_checks as checks
from crm.commitments.policy.policy_checks import StepTerms, Terms
from crm.poc.models import CalendarException, CalendarHours, WorkingCalendar
from tests.factories import AT
from tests.factories.poc import CalendarFactory, PersonFactory, TeamFactory

pytestmark = pytest.mark.django_db

DUE = StepTerms()
BEFORE = StepTerms(amount=-1, unit="working_days")
LATER = StepTerms(kind="escalation", amount=4, anchor="hand_off", slot="backup")
GOOD = Terms(target_amount=8, target_unit="working_hours", steps=[BEFORE, DUE, LATER])


def refuse(terms, kind=Kind.FIRST_ANSWER):
    checks.refuse_bad(terms, kind=kind, at=AT)


def steps(*rows):
    return replace(GOOD, steps=rows)


def escalation(**values):
    return replace(StepTerms(kind="escalation", amount=4), **values)


def test_what_every_house_begins_with_is_right():
    refuse(GOOD)
    refuse(replace(GOOD, target_amount=None, target_unit=""), Kind.FOLLOW_UP)
    refuse(steps(DUE, escalation(), escalation(amount=1, unit="working_days", slot="lead")))
    refuse(steps(DUE, escalation(repeat_amount=1, max_repeats=3)))


@pytest.mark.parametrize(
    ("terms", "refusal", "field"),
    [
        (replace(GOOD, target_amount=None, target_unit=""), checks.TargetRequired, "target_amount"),
        (replace(GOOD, target_amount=0), checks.BadAmount, "target_amount"),
        (replace(GOOD, target_amount=251, target_unit="working_days"), checks.BadAmount, "target_amount"),
        (replace(GOOD, target_unit="fortnights"), checks.BadAmount, "target_amount"),
        (replace(GOOD, ack_amount=0), checks.BadAmount, "ack_amount"),
        (replace(GOOD, wait_amount=10**6), checks.BadAmount, "wait_amount"),
        (steps(), checks.NoSteps, "steps"),
        (steps(*[DUE] * 21), checks.TooManySteps, "steps"),
        (steps(BEFORE), checks.NobodyAtDue, "steps"),
        (steps(replace(DUE, by_email=False)), checks.NobodyMailed, "steps"),
        (replace(GOOD, target_amount=-8), checks.BadAmount, "target_amount"),
        (replace(GOOD, wait_amount=0), checks.BadAmount, "wait_amount"),
        (replace(GOOD, ack_amount=10**30), checks.BadAmount, "ack_amount"),
        (replace(GOOD, ack_unit=""), checks.BadAmount, "ack_amount"),
    ],
)
def test_terms_that_cannot_be_name_the_field(terms, refusal, field):
    with pytest.raises(refusal) as refused:
        refuse(terms)
    assert refused.value.field == field
    assert refused.value.messages[0]


@pytest.mark.parametrize(
    ("rows", "row", "column"),
    [
        ([DUE, escalation(amount=-1)], 1, "amount"),  # an escalation before due
        ([replace(DUE, amount=1)], 0, "amount"),  # a reminder after it
        ([replace(DUE, anchor="hand_off")], 0, "amount"),
        ([LATER, DUE], 0, "anchor"),  # no step before
        ([DUE, escalation(amount=2001)], 1, "amount"),  # beyond reason
        ([DUE, escalation(max_repeats=3)], 1, "repeat_amount"),  # again at once, for ever
        ([DUE, escalation(repeat_amount=1)], 1, "max_repeats"),  # without an end
        ([DUE, escalation(repeat_amount=1, max_repeats=21)], 1, "max_repeats"),
        ([DUE, escalation(repeat_amount=9999, max_repeats=2)], 1, "repeat_amount"),
        ([DUE, escalation(slot="named")], 1, "poc"),  # nobody is named
        ([DUE, BEFORE], 1, "amount"),  # out of order
        ([DUE, escalation(amount=2, unit="working_days"), escalation(amount=1)], 2, "amount"),
        ([DUE, LATER, DUE], 2, "amount"),  # a reminder after an escalation
        ([replace(BEFORE, amount=-(10**30)), DUE], 0, "amount"),
        ([DUE, escalation(amount=10**30)], 1, "amount"),
        ([DUE, escalation(repeat_amount=-1)], 1, "max_repeats"),
        ([DUE, escalation(max_repeats=-1)], 1, "max_repeats"),
        ([DUE, escalation(repeat_amount=200, repeat_unit="working_days", max_repeats=2)], 1, "max_repeats"),  # years
        ([DUE, escalation(slot="everybody")], 1, "slot"),
        ([DUE, escalation(slot="")], 1, "slot"),
        ([replace(DUE, kind="wish")], 0, "kind"),
        ([replace(DUE, unit="fortnights")], 0, "unit"),
        ([DUE, escalation(anchor="opening")], 1, "anchor"),
        ([DUE, escalation(repeat_amount=1, repeat_unit="fortnights", max_repeats=1)], 1, "repeat_amount"),
        ([DUE, escalation(by_email=False)], 1, "by_email"),  # it might never be read
        ([DUE, DUE], 1, "amount"),  # the same twice
        ([DUE, escalation(slot="lead"), escalation(slot="backup"), escalation(slot="lead")], 3, "amount"),
        ([replace(BEFORE, repeat_amount=3, repeat_unit="hours", max_repeats=20), DUE], 0, "max_repeats"),
        ([BEFORE, LATER], 1, "anchor"),  # it would escalate what is not due yet
    ],
)
def test_a_step_that_cannot_be_is_named_with_what_is_wrong(rows, row, column):
    with pytest.raises(checks.BadStep) as refused:
        refuse(steps(*rows))
    assert (refused.value.row, refused.value.column, refused.value.field) == (row, column, "steps")


def test_a_ladder_that_tells_only_those_who_have_gone_is_refused():
    gone = PersonFactory(deactivated_at=AT)
    with pytest.raises(checks.BadStep, match="no longer answer"):
        refuse(steps(replace(DUE, slot="named", poc=gone)))
    refuse(steps(replace(DUE, slot="named", poc=PersonFactory())))
    with pytest.raises(checks.BadStep):
        refuse(steps(replace(DUE, poc=PersonFactory())))  # named, where a slot is told


def test_whoever_is_named_can_be_reached():
    def named(poc, **values):
        return steps(DUE, replace(DUE, amount=0, slot="named", poc=poc, **values))

    mute, mail_only, signing_in = PersonFactory(email=""), PersonFactory(), PersonFactory(email="", signs_in=True)
    empty, gone = TeamFactory(), TeamFactory(members=[PersonFactory(deactivated_at=AT)])
    for poc, values, column in (
        (mute, {}, "poc"), (mail_only, {"by_email": False}, "by_email"), (empty, {}, "poc"), (gone, {}, "poc"),
        (TeamFactory(members=[mute]), {}, "poc"), (TeamFactory(members=[mail_only]), {"by_email": False}, "by_email"),
    ):  # fmt: skip
        with pytest.raises(checks.BadStep) as refused:
            refuse(named(poc, **values))
        assert (refused.value.row, refused.value.column) == (1, column)
    mailbox = TeamFactory(delivery="mailbox", email="sales@firm.example")
    for poc in (mail_only, signing_in, TeamFactory(members=[mute, mail_only]), mailbox):
        refuse(named(poc))


def test_two_steps_may_tell_different_people_at_the_same_moment():
    refuse(steps(DUE, replace(DUE, slot="backup"), escalation(), escalation(slot="lead")))


def test_a_reminder_may_be_repeated_until_it_is_due():
    refuse(steps(replace(BEFORE, repeat_amount=2, max_repeats=2), DUE))


def test_a_calendar_that_never_opens_is_refused():
    once = CalendarFactory()
    CalendarException.objects.create(calendar=once, day=AT.date() + timedelta(days=3), starts=time(9), ends=time(10))
    for calendar in (CalendarFactory(), once):
        with pytest.raises(checks.CalendarNeverOpens):
            refuse(replace(GOOD, calendar=calendar))
    refuse(replace(GOOD, calendar=CalendarFactory(nine_to_six=True)))


def test_hours_that_nobody_has_are_refused_where_they_are_counted_in():
    CalendarHours.objects.filter(calendar__is_default=True).delete()
    WorkingCalendar.objects.filter(is_default=True).update(version=900_001)
    with pytest.raises(checks.CalendarNeverOpens):
        refuse(GOOD)
    days = {"target_unit": "hours", "ack_unit": "hours", "wait_unit": "hours"}
    refuse(replace(GOOD, steps=[replace(DUE, unit="hours"), escalation(unit="minutes", slot="lead")], **days))


def test_order_is_judged_by_the_hours_of_the_calendar():
    nine_hours_a_day = CalendarFactory(nine_to_six=True)
    rows = [replace(BEFORE, amount=-2), replace(BEFORE, amount=-17, unit="working_hours"), DUE]
    refuse(replace(steps(*rows), calendar=nine_hours_a_day))
    rows[1] = replace(rows[1], amount=-20)
    with pytest.raises(checks.BadStep):
        refuse(replace(steps(*rows), calendar=nine_hours_a_day))
