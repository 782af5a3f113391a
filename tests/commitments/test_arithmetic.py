"""Every deadline says how it came about: from when, how much, in whose hours, over which days."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from crm.commitments import actions, arithmetic, waiting
from crm.commitments.models import Commitment, Kind
from crm.core.actor import Actor
from crm.poc.calendars import by_id
from crm.poc.hours import close_days
from crm.poc.models import CalendarException
from tests.commitments.conftest import MONDAY, WEDNESDAY, moment
from tests.factories.commitments import change_ladder
from tests.factories.dossiers import topic
from tests.factories.poc import CalendarFactory

pytestmark = pytest.mark.django_db

HOUR = 3600


@pytest.fixture
def hours(house):
    """Ann works nine to six, in UTC, with a fair, a holiday and a short day in the week after."""
    calendar = CalendarFactory(name="Lisbon", nine_to_six=True)
    rows = [
        CalendarException(calendar=calendar, day=date(2026, 3, 9), name="Epiphany", source="holiday"),
        CalendarException(calendar=calendar, day=date(2026, 3, 10), name="Eid", source="holiday", is_confirmed=False),
        CalendarException(calendar=calendar, day=date(2026, 3, 11), name="Fair"),
        CalendarException(calendar=calendar, day=date(2026, 3, 12), name="Eve", starts=time(9), ends=time(12)),
    ]
    CalendarException.objects.bulk_create(rows)
    house.ann.calendar = calendar
    house.ann.save()
    return calendar


def promise(house, at, kind=Kind.FIRST_ANSWER, **values):
    return house.promise(kind=kind, due_at=None, zone="", at=moment(at), **values)


def recurring(house, **values):
    usual = {"dossier": house.record, "topic": topic(), "title": "Call", "due_at": WEDNESDAY, "zone": "UTC"}
    return actions.open_commitments([actions.Promise(**usual | values)], by=house.by, at=MONDAY)[0]


def lines(commitment, at="Mon 09:30"):
    with translation.override("en"), timezone.override("UTC"):
        return arithmetic.lines(commitment, moment(at))


def test_hours_are_shown_stretch_by_stretch(house, hours):
    assert lines(promise(house, "Mon 15:30")) == [
        "8 working hours from Mon 2 Mar 15:30",
        "by the hours of “Lisbon” (UTC)",
        "counted: Mon 2 Mar 15:30–18:00 (2 h 30 min), Tue 3 Mar 09:00–14:30 (5 h 30 min)",
        "due Tue 3 Mar 14:30",
    ]


def test_days_that_were_passed_are_named_with_their_reasons(house, hours):
    said = lines(promise(house, "Fri 15:00"))
    assert said[2:-1] == [
        "no working days: Sat 7 Mar, Sun 8 Mar",
        "Mon 9 Mar is a holiday (Epiphany)",
        "Tue 10 Mar is a holiday, not confirmed yet (Eid)",
        "Wed 11 Mar is closed (Fair)",
        "Thu 12 Mar has hours of its own (Eve)",
        "counted: Fri 6 Mar 15:00–18:00 (3 h), Thu 12 Mar 09:00–12:00 (3 h), Fri 13 Mar 09:00–11:00 (2 h)",
    ]
    assert said[-1] == "due Fri 13 Mar 11:00"


def test_working_days_are_shown_as_days(house, hours):
    said = lines(promise(house, "Fri 15:00", Kind.RESOLUTION))
    assert "counted: Thu 12 Mar, Fri 13 Mar, Mon 16 Mar" in said
    assert said[0] == "3 working days from Fri 6 Mar 15:00"


def test_elapsed_time_needs_no_calendar(house, hours):
    change_ladder(Kind.FIRST_ANSWER, target_amount=24, target_unit="hours")
    assert lines(promise(house, "Fri 15:00")) == ["24 hours from Fri 6 Mar 15:00", "due Sat 7 Mar 15:00"]


def test_what_was_simply_said_says_so(house):
    assert lines(house.promise()) == ["due Wed 4 Mar 10:00, as it was promised"]


def test_it_is_said_in_the_readers_zone_and_language(house, hours):
    answer = promise(house, "Mon 15:30")
    with translation.override("en"), timezone.override(ZoneInfo("America/New_York")):
        said = arithmetic.lines(answer, moment("Mon 16:00"))
    assert said[0] == "8 working hours from Mon 2 Mar 10:30"
    assert said[-1] == "due Tue 3 Mar 09:30"


def test_a_pause_is_told_and_waiting_says_what_is_left(house, hours):
    answer = promise(house, "Mon 15:30")
    answer.paused_seconds = 2 * HOUR + 600
    answer.due_at += timedelta(seconds=answer.paused_seconds)
    assert lines(answer)[-2:] == ["paused 2 h 10 min while waiting for the customer", "due Tue 3 Mar 16:40"]
    answer.paused_seconds, answer.state = 0, Commitment.State.WAITING
    answer.waiting_since, answer.remaining_seconds = moment("Tue 09:00"), 5 * HOUR
    assert lines(answer, "Tue 10:30")[-2:] == [
        "paused 1 h 30 min while waiting for the customer",
        "waiting for the customer since Tue 3 Mar 09:00, with 5 h of working time left",
    ]
    answer.remaining_seconds = 0
    assert lines(answer, "Tue 10:30")[-1].endswith("it was overdue then")


def test_what_an_act_has_moved_says_so(house, hours):
    answer = promise(house, "Mon 15:30")
    answer.due_at = moment("Wed 10:00")
    assert lines(answer)[-2:] == ["moved by hand since then", "due Wed 4 Mar 10:00"]


def test_another_moment_says_who_set_it_and_what_it_was_before(house, hours):
    answer, said = promise(house, "Mon 15:30"), house.promise()
    for row, due, by in ((answer, "Wed 10:00", house.by), (said, "Thu 10:00", Actor.system("task"))):
        actions.redue(commitment=row, due_at=moment(due), by=by, at=moment("Mon 16:00"))
        row.refresh_from_db()
    who = house.by.user.name
    assert lines(answer) == [f"moved by {who} on Mon 2 Mar 16:00, from Tue 3 Mar 14:30", "due Wed 4 Mar 10:00"]
    assert lines(said) == ["moved on Mon 2 Mar 16:00, from Wed 4 Mar 10:00", "due Thu 5 Mar 10:00"]


def test_an_act_that_left_the_moment_where_it_was_is_no_move(house):
    said = house.promise()
    actions.acknowledge(commitment=said, by=house.by, at=moment("Mon 16:00"))
    said.refresh_from_db()
    assert lines(said) == ["due Wed 4 Mar 10:00, as it was promised"]


def test_what_recurs_says_how_it_came_to_its_next_time(house):
    said = recurring(house, kind=Kind.FOLLOW_UP, recur_every=2, recur_unit="weeks")
    assert lines(said) == ["due Wed 4 Mar 10:00, as it was promised"]
    waiting.wait(commitment=said, by=house.by, at=moment("Mon 16:00"))
    waiting.resume(commitment=said, by=house.by, at=moment("Tue 16:00"))
    actions.keep(commitment=said, by=house.by, at=moment("Wed 09:00"))
    said.refresh_from_db()
    again = ["every 2 weeks from Wed 4 Mar 10:00", "due Wed 18 Mar 10:00"]
    assert lines(said) == again  # it waited for the time before
    actions.redue(
        commitment=said,
        due_at=moment("Thu 10:00") + timedelta(weeks=2),
        this_once=True,
        by=house.by,
        at=moment("Wed 11:00"),
    )
    said.refresh_from_db()
    moved = f"moved by {house.by.user.name} on Wed 4 Mar 11:00, from Wed 18 Mar 10:00"
    assert lines(said) == [again[0], moved, "due Thu 19 Mar 10:00"]
    actions.redue(commitment=said, due_at=moment("Fri 10:00") + timedelta(weeks=2), by=house.by, at=moment("Wed 12:00"))
    said.refresh_from_db()
    assert len(lines(said)) == 2  # the series counts from there


def test_hours_that_changed_after_it_was_done_are_nobodys_act(house, hours):
    answer = promise(house, "Mon 15:30")
    actions.keep(commitment=answer, by=house.by, at=moment("Mon 16:00"))
    close_days(calendar=hours, days={date(2026, 3, 3): "Snow"}, by=house.by, at=moment("Mon 17:00"))
    answer.refresh_from_db()
    assert lines(answer)[-2:] == ["the hours were others then", "due Tue 3 Mar 14:30"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"recur_from": moment("Mon 15:30")},
            ["4 days after the last touch, Mon 2 Mar 15:30, as the tier asks", "due Fri 6 Mar 09:00"],
        ),
        (
            {"recur_from": moment("Mon 15:30"), "due_at": moment("Mon+ 09:00")},
            [
                "4 days after the last touch, Mon 2 Mar 15:30, as the tier asks",
                "no working days: Fri 6 Mar, Sat 7 Mar, Sun 8 Mar", "due Mon 9 Mar 09:00",
            ],
        ),
        (
            {"recur_from": moment("Mon 09:30")},
            ["4 days from Mon 2 Mar 09:30, as the tier asks; there was no touch yet", "due Fri 6 Mar 09:00"],
        ),
    ],
)  # fmt: skip
def test_keeping_in_touch_is_counted_from_the_last_touch(house, values, expected):
    usual = {"kind": Kind.TOUCH, "due_at": moment("Fri 09:00"), "recur_every": 4, "recur_unit": "days"}
    assert lines(recurring(house, **usual | values)) == expected


def test_many_cost_two_queries_and_what_was_simply_said_none(house, hours, django_assert_num_queries):
    counted = [promise(house, "Mon 15:30") for _n in range(5)]
    said = [house.promise() for _n in range(3)]
    by_id([hours.pk])  # calendars are known from then on
    with django_assert_num_queries(2):  # targets, versions of calendars
        assert len(arithmetic.lines_many([*counted, *said], moment("Mon 16:00"))) == 8
    with django_assert_num_queries(0):
        arithmetic.lines_many(said, moment("Mon 16:00"))


def test_a_long_way_is_not_gone_through_day_by_day(house, hours):
    change_ladder(Kind.RESOLUTION, target_amount=200, target_unit="working_days")
    said = lines(promise(house, "Mon 09:30", Kind.RESOLUTION))
    assert said[0] == "200 working days from Mon 2 Mar 09:30"
    assert len(said) == 3


def test_a_calendar_that_never_opens_is_survived(house):
    house.ann.calendar = CalendarFactory()
    house.ann.save()
    said = lines(promise(house, "Mon 15:30"))
    assert said[-1] == "due Mon 2 Mar 23:30"
