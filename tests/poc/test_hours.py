"""Working calendars change, and what hangs on them notices."""

from datetime import UTC, date, datetime, time
from functools import partial

import pytest

from crm.core.refusals import UnknownZone
from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event
from crm.poc import hours
from crm.poc.calendars import working_times
from crm.poc.models import CalendarException, WorkingCalendar
from tests.factories import AT
from tests.factories.poc import PersonFactory
from tests.factories.users import actor
from tests.together import together

pytestmark = pytest.mark.django_db

WEEK = {day: [(time(9), time(13)), (time(14), time(18))] for day in range(5)}


def open_calendar(**values):
    given = {"name": "Berlin", "zone": "Europe/Berlin", "week": WEEK} | values
    return hours.open_calendar(by=actor(), at=AT, **given)


def is_open(calendar, *moment):
    person = PersonFactory(calendar=calendar)
    return working_times([person.pk])[person.pk].is_open(datetime(*moment, tzinfo=UTC))


def test_a_calendar_has_its_hours_in_its_zone():
    calendar = open_calendar()
    assert is_open(calendar, 2026, 3, 4, 8, 30)  # half past nine in Berlin, a Wednesday
    assert not is_open(calendar, 2026, 3, 4, 12, 30)  # the break
    assert not is_open(calendar, 2026, 3, 7, 10)  # Saturday


def test_other_hours_and_zones_count_from_the_next_question_on():
    calendar = open_calendar()
    assert is_open(calendar, 2026, 3, 4, 8, 30)
    calendar = hours.change_calendar(calendar=calendar, zone="Europe/Lisbon", by=actor(), at=AT)
    assert not is_open(calendar, 2026, 3, 4, 8, 30)
    calendar = hours.change_calendar(calendar=calendar, week={2: [(time(8), time(0))]}, by=actor(), at=AT)
    assert is_open(calendar, 2026, 3, 4, 8, 30) and is_open(calendar, 2026, 3, 4, 23)


def test_days_are_closed_with_a_name_and_once_each():
    calendar = open_calendar()
    for _time in range(2):
        calendar = hours.close_days(calendar=calendar, days={date(2026, 3, 4): "Fair"}, by=actor(), at=AT)
    assert not is_open(calendar, 2026, 3, 4, 10)
    assert calendar.exceptions.get().name == "Fair"


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"name": ""}, NameRequired),
        ({"name": "House"}, hours.NameTaken),
        ({"zone": "Berlin"}, UnknownZone),
        ({"week": {0: [(time(9), time(9))]}}, hours.EndsBeforeStart),
    ],
)
def test_what_makes_no_sense_is_refused(values, refusal):
    with pytest.raises(refusal):
        open_calendar(**values)


FAIR = date(2026, 3, 4)
MORNING = hours.Day(((time(9), time(12)),), "Half a day")


def change(calendar, **values):
    return hours.change_calendar(calendar=calendar, **values, by=actor(), at=AT)


def days_of(calendar):
    rows = calendar.exceptions.order_by("day", "starts").values_list("day", "starts", "ends", "name", "source")
    return [tuple(row) for row in rows]


def test_a_day_differs_either_way_in_several_intervals_too():
    saturday = date(2026, 3, 7)
    evening = (time(20), time(0))
    calendar = open_calendar(days={FAIR: hours.Day(name="Fair"), saturday: hours.Day((*MORNING.intervals, evening))})
    assert not is_open(calendar, 2026, 3, 4, 10)
    assert is_open(calendar, 2026, 3, 7, 10) and is_open(calendar, 2026, 3, 7, 22)
    assert not is_open(calendar, 2026, 3, 7, 15)


def test_every_change_is_a_new_version_with_old_and_new_and_no_change_is_none():
    calendar = open_calendar(days={FAIR: hours.Day(name="Fair")})
    changed = change(calendar, name="Bavaria", days={FAIR: MORNING})
    assert changed.version == calendar.version + 1
    changes = Event.objects.get(kind=Event.Kind.CHANGED).facts["changes"]
    day = ["2026-03-04 Fair", "2026-03-04 09:00–12:00 Half a day"]
    assert changes == {"name": ["Berlin", "Bavaria"], "calendarexception": day}
    same = {"name": "Bavaria", "zone": "Europe/Berlin", "week": WEEK, "days": {FAIR: MORNING}}
    assert change(calendar, **same).version == changed.version
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"week": {0: [(time(9), time(13)), (time(12), time(18))]}}, hours.Overlap),
        ({"week": {0: [(time(9), time(13)), (time(9), time(10))]}}, hours.Overlap),
        ({"days": {FAIR: hours.Day(((time(12), time(9)),))}}, hours.EndsBeforeStart),
        ({"days": {FAIR: hours.Day(((time(9), time(0)), (time(20), time(22))))}}, hours.Overlap),
        ({"name": "House"}, hours.NameTaken),
        ({"name": " "}, NameRequired),
        ({"days": {date(9999, 12, 31): MORNING}}, hours.DayTooFar),
        ({"days": {date(1, 1, 1): MORNING}}, hours.DayTooFar),
        ({"week": {}, "days": {date(9999, 12, 31): MORNING}}, hours.DayTooFar),
        ({"week": {}}, hours.WorksNever),
        ({"week": {}, "days": {date(2026, 3, 1): MORNING}}, hours.WorksNever),  # it opened once, and never again
    ],
)
def test_what_makes_no_sense_is_not_changed_either(values, refusal):
    calendar = open_calendar()
    with pytest.raises(refusal) as refused:
        change(calendar, **values)
    assert refused.value.messages[0]
    calendar.refresh_from_db()
    assert (calendar.version, calendar.hours.count(), calendar.name) == (1, 10, "Berlin")
    assert is_open(calendar, 2026, 3, 4, 8, 30)


def test_a_calendar_that_never_opens_is_not_opened_and_one_that_opens_one_day_is():
    with pytest.raises(hours.WorksNever):
        open_calendar(week={})
    assert open_calendar(week={}, days={date(2027, 3, 1): MORNING}).pk


def test_a_copy_begins_as_the_first_is_and_goes_its_own_way():
    calendar = open_calendar(days={FAIR: hours.Day(name="Fair")})
    copy = hours.copy_calendar(calendar=calendar, name="Munich", by=actor(), at=AT)
    assert (copy.zone, copy.hours.count(), days_of(copy)) == (calendar.zone, 10, days_of(calendar))
    change(copy, days={})
    assert calendar.exceptions.exists() and not copy.exceptions.exists()
    with pytest.raises(hours.NameTaken):
        hours.copy_calendar(calendar=calendar, name="Munich", by=actor(), at=AT)


def test_a_holiday_left_as_it_is_stays_one_and_a_corrected_one_is_entered_by_hand():
    calendar = open_calendar()
    monday, tuesday, sunday = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 8)
    for day in (monday, tuesday, FAIR, sunday):
        CalendarException.objects.create(calendar=calendar, day=day, name="Feast", source="holiday")
    change(calendar, days={monday: hours.Day(name="Feast"), tuesday: MORNING})
    assert days_of(calendar) == [
        (monday, None, None, "Feast", "holiday"),
        (tuesday, time(9), time(12), "Half a day", "own"),
        (FAIR, time(9), time(13), "Feast", "own"),  # taken out: worked as any Wednesday
        (FAIR, time(14), time(18), "Feast", "own"),
    ]  # the Sunday, closed anyway, is gone


AFTERNOON = (time(14), time(18))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (hours.Day(name="Fair"), hours.Day(MORNING.intervals, "Fair")),  # closed, then open
        (hours.Day(MORNING.intervals, "Fair"), hours.Day((AFTERNOON,), "Fair")),
        (hours.Day(MORNING.intervals, "Fair"), hours.Day((*MORNING.intervals, AFTERNOON), "Fair")),
        (hours.Day(name="Fair", is_confirmed=False), hours.Day(name="Fair")),
    ],
)
def test_a_day_of_the_same_name_that_differs_otherwise_counts_at_once(old, new):
    calendar = open_calendar(days={FAIR: old})
    person = PersonFactory(calendar=calendar)
    assert not is_open(calendar, 2026, 3, 4, 15)
    assert change(calendar, days={FAIR: new}).version == calendar.version + 1
    after = working_times([person.pk])[person.pk]
    assert sorted(after.exceptions[FAIR]) == sorted(new.intervals)
    said = Event.objects.get(kind=Event.Kind.CHANGED).facts["changes"]["calendarexception"]
    assert said[0] != said[1]


def test_a_holiday_taken_out_by_itself_is_worked_at_once():
    calendar = open_calendar()
    CalendarException.objects.create(calendar=calendar, day=FAIR, name="Feast", source="holiday")
    assert not is_open(calendar, 2026, 3, 4, 10)
    change(calendar, days={})
    assert is_open(calendar, 2026, 3, 4, 10)
    said = Event.objects.get(kind=Event.Kind.CHANGED).facts["changes"]["calendarexception"]
    assert said == ["2026-03-04 Feast", "2026-03-04 09:00–13:00 Feast; 2026-03-04 14:00–18:00 Feast"]


def test_what_was_decided_on_an_earlier_version_is_refused_unless_it_is_so_already():
    calendar = open_calendar()
    changed = change(calendar, name="Bavaria", seen=calendar.version)
    with pytest.raises(hours.ChangedMeanwhile):
        change(calendar, days={FAIR: MORNING}, seen=calendar.version)
    assert not calendar.exceptions.exists()
    assert change(calendar, name="Bavaria", seen=calendar.version).version == changed.version


def test_days_before_those_that_were_shown_stay_unless_they_are_named():
    calendar = open_calendar(days={date(2025, 1, 6): hours.Day(name="Past"), date(2025, 1, 7): MORNING})
    change(calendar, days={FAIR: hours.Day(name="Fair"), date(2025, 1, 7): hours.Day(name="Past")}, since=FAIR)
    assert [(row[0], row[1], row[3]) for row in days_of(calendar)] == [
        (date(2025, 1, 6), None, "Past"), (date(2025, 1, 7), None, "Past"), (FAIR, None, "Fair"),
    ]  # fmt: skip


def test_days_that_are_closed_already_are_no_change_and_not_all_can_be_closed():
    calendar = open_calendar(week={}, days={FAIR: hours.Day(name="Fair"), date(2026, 3, 5): MORNING})
    assert hours.close_days(calendar=calendar, days={FAIR: "Fair"}, by=actor(), at=AT).version == calendar.version
    with pytest.raises(hours.WorksNever):
        hours.close_days(calendar=calendar, days={date(2026, 3, 5): "Fair"}, by=actor(), at=AT)
    with pytest.raises(hours.DayTooFar):
        hours.close_days(calendar=calendar, days={date(9999, 12, 31): "Fair"}, by=actor(), at=AT)
    assert Event.objects.count() == 1


def test_a_name_taken_at_the_same_moment_is_refused(database):
    done = together(*[partial(open_calendar, name="Munich")] * 2)
    assert {type(each) for each in done} == {hours.NameTaken, WorkingCalendar}
