"""The next ten deadlines: what a policy would mean at ordinary and odd moments."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from crm.commitments.models import Kind, Notification
from crm.commitments.policy.policy_checks import StepTerms, Terms, calendar_of
from crm.commitments.policy.previewing import preview
from crm.commitments.policy.rehearsing import everybody, ladder_of, walk
from crm.commitments.policy.writing_policies import terms_of
from crm.core.working_time import always
from crm.poc.calendars import by_id, house_working_time
from crm.poc.models import CalendarException, CalendarHours
from tests.commitments.conftest import MONDAY, moment
from tests.factories.commitments import shipped
from tests.factories.poc import CalendarFactory, PersonFactory, TeamFactory

pytestmark = pytest.mark.django_db

STEPS = (
    StepTerms(amount=-1, unit="working_days"),
    StepTerms(),
    StepTerms(kind="escalation", amount=4, anchor="hand_off", slot="backup"),
)


@pytest.fixture
def lisbon():
    calendar = CalendarFactory(zone="Europe/Lisbon", nine_to_six=True)
    CalendarException.objects.create(calendar=calendar, day=date(2026, 3, 18), name="Fair")
    return calendar


def terms(**values):
    given = {"target_amount": 4, "target_unit": "working_hours", "steps": STEPS} | values
    return Terms(**given)


def test_ten_moments_are_shown_soonest_first_with_the_odd_ones_among_them(lisbon):
    shown = preview(terms(calendar=lisbon), at=MONDAY)
    starts = [sample.start for sample in shown]
    assert len(shown) == 10 and starts == sorted(set(starts)) and starts[0] >= MONDAY
    labels = {str(sample.label) for sample in shown}
    assert {"now", "Friday evening", "Saturday", "before a day off", "the night the clocks change"} <= labels
    before = next(sample for sample in shown if sample.label == "before a day off")
    assert any("Fair" in line for line in before.lines)
    assert before.due_at.date() == date(2026, 3, 19)


LONG, PARTED = [(time(8), time(22))], [(time(6), time(8)), (time(19), time(23))]


@pytest.mark.parametrize(("hours", "closing"), [(LONG, 22), (PARTED, 23), ([(time(9), time(0))], 24)])
def test_what_is_said_of_a_moment_is_so_however_long_the_day_is(hours, closing):
    calendar = CalendarFactory()
    CalendarHours.objects.bulk_create(
        CalendarHours(calendar=calendar, weekday=day, starts=starts, ends=ends)
        for day in range(5)
        for starts, ends in hours
    )
    working = by_id([calendar.pk])[calendar.pk].working
    shown = preview(terms(calendar=calendar), at=MONDAY - timedelta(hours=5))
    assert len(shown) == 10
    moments = {str(sample.label): sample.start for sample in shown}
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    assert moments["shortly before closing"] == midnight + timedelta(hours=closing, minutes=-30)
    assert moments["after closing"] == midnight + timedelta(hours=closing + 1)
    assert working.is_open(moments["shortly before closing"]) and not working.is_open(moments["after closing"])
    mornings = [sample.start for sample in shown if sample.label == "an ordinary morning"]
    assert mornings and all(morning.weekday() < 5 for morning in mornings)


def test_who_never_closes_is_not_said_to():
    calendar = CalendarFactory()
    CalendarHours.objects.bulk_create(
        CalendarHours(calendar=calendar, weekday=day, starts=time(0), ends=time(0)) for day in range(7)
    )
    shown = preview(terms(calendar=calendar), at=MONDAY)
    assert len(shown) == 10 and not any("closing" in str(sample.label) for sample in shown)


def test_each_step_has_its_moment_and_what_comes_too_late_is_said(lisbon):
    saturday = next(s for s in preview(terms(calendar=lisbon), at=MONDAY) if s.label == "Saturday")
    assert saturday.due_at == moment("Mon+ 13:00")
    assert [(fired.reason, fired.at) for fired in saturday.steps] == [
        ("too_late", moment("Fri 13:00")),
        ("", moment("Mon+ 13:00")),
        ("", moment("Mon+ 17:00")),
    ]


def test_without_a_target_the_moments_are_due_moments_of_what_is_promised_now(lisbon):
    shown = preview(terms(target_amount=None, target_unit="", calendar=lisbon), at=MONDAY)
    assert all(sample.due_at == sample.start and not sample.lines for sample in shown)


def test_without_a_calendar_the_houses_hours_count_and_one_that_never_opens_is_survived():
    assert preview(terms(), at=MONDAY)[0].due_at == moment("Mon 13:31").replace(hour=13, minute=31)
    assert preview(terms(calendar=CalendarFactory()), at=MONDAY)[0].lines


def test_they_can_be_shown_by_the_hours_of_whoever_answers():
    calendar = CalendarFactory(name="Tokyo", zone="Asia/Tokyo", nine_to_six=True)
    team = TeamFactory(calendar=calendar)
    for poc in (PersonFactory(calendar=calendar), PersonFactory(home_team=team), team):
        known = calendar_of(terms(), poc)
        first = preview(terms(), at=MONDAY, known=known)[0]
        assert (known.name, first.due_at) == ("Tokyo", moment("Tue 04:00"))  # after 13:00 there; it is 18:31 now
        assert any("Tokyo" in line for line in first.lines)
    assert calendar_of(terms(), PersonFactory()).working == house_working_time()
    own = CalendarFactory(nine_to_six=True)
    assert calendar_of(terms(calendar=own), team).id == own.pk  # the policy's own goes first


def test_a_walk_repeats_as_often_as_asked_and_ends_with_the_ladder():
    ann = PersonFactory()
    steps = (
        StepTerms(slot="named", poc=ann, repeat_amount=1, repeat_unit="hours", max_repeats=2),
        StepTerms(kind="escalation", amount=2, unit="hours", slot="lead"),
    )
    rungs = ladder_of(terms(steps=steps))
    slots = everybody(rungs)
    fired = walk(rungs, opened_at=MONDAY, due_at=MONDAY, working=always(), slots_at=lambda _at: slots)
    assert [(f.step.ordinal, f.repeat_no, (f.at - MONDAY).seconds // 3600) for f in fired] == [
        (0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 0, 4),
    ]  # fmt: skip
    short = walk(
        rungs, opened_at=MONDAY, due_at=MONDAY, working=always(), slots_at=lambda _at: slots, until=moment("Mon 11:00")
    )
    assert len(short) == 2


def test_a_walk_tells_what_the_planner_tells(house):
    promised = house.promise()
    rungs = ladder_of(terms_of(shipped(Kind.FOLLOW_UP)))
    slots = everybody(rungs)
    fired = walk(
        rungs, opened_at=MONDAY, due_at=promised.due_at, working=house_working_time(), slots_at=lambda _at: slots
    )
    for text in ("Tue 10:00", "Wed 10:00"):
        house.sweep_at(text)
    planned = Notification.objects.planned().filter(channel="inbox").order_by("planned_for")
    assert list(planned.values_list("planned_for", flat=True)) == [f.at for f in fired[:2]]
    assert fired[2].at == moment("Wed 14:00")
