"""Public holidays are imported per country and region, and what was entered or corrected by hand stays."""

from datetime import date, datetime, time, timedelta

import pytest

from crm.dossiers.models import Event, Firm
from crm.poc import hours, public_holidays
from crm.poc.models import CalendarException, WorkingCalendar
from tests.factories import AT
from tests.factories.poc import CalendarFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

EPIPHANY, CHRISTMAS = date(2026, 1, 6), date(2026, 12, 25)
OWN, HOLIDAY = CalendarException.Source.OWN, CalendarException.Source.HOLIDAY


@pytest.fixture
def calendar():
    return CalendarFactory(nine_to_six=True)


@pytest.fixture(autouse=True)
def _now(clock):
    clock.freeze(AT)


def follow(calendar, country, region=""):
    return public_holidays.follow(calendar=calendar, country=country, region=region, by=actor(), at=AT)


def days(calendar, **only):
    return set(calendar.exceptions.filter(**only).values_list("day", flat=True))


def test_this_year_and_the_next_are_written_as_closed_days_and_the_version_is_new(calendar):
    followed = follow(calendar, "PT")
    assert (followed.country, followed.version) == ("PT", calendar.version + 1)
    assert {day.year for day in days(calendar)} == {2026, 2027}
    assert CHRISTMAS in days(calendar, starts=None, source=HOLIDAY)
    changes = Event.objects.get().facts["changes"]
    assert changes["country"] == ["", "PT"] and "2026-12-25" in changes["calendarexception"][1]


def test_a_region_has_holidays_of_its_own(calendar):
    follow(calendar, "DE")
    assert EPIPHANY not in days(calendar)
    follow(calendar, "DE", "BY")
    assert EPIPHANY in days(calendar)


@pytest.mark.parametrize(
    ("country", "region", "refusal", "said"),
    [
        ("ZZ", "", public_holidays.UnknownCountry, "not known"),
        ("DE", "XX", public_holidays.UnknownRegion, "BY"),
        ("PT", "__class__", public_holidays.UnknownRegion, "no such region"),
    ],
)
def test_an_unknown_country_or_region_is_refused_with_what_is_known(calendar, country, region, refusal, said):
    with pytest.raises(refusal) as refused:
        follow(calendar, country, region)
    assert said in refused.value.messages[0]
    assert not calendar.exceptions.exists()


@pytest.mark.parametrize(
    ("language", "country", "name"),
    [
        ("en", "PT", "Christmas Day"),
        ("pt-br", "PT", "Dia de Natal"),  # as it is called in Portugal: its language, if not its land
        ("pt-br", "BR", "Natal"),
        ("it", "IT", "Natale"),
        ("ru", "RU", "Новогодние каникулы"),
        ("es", "PT", "Christmas Day"),  # not known in Spanish
        ("es", "US", "Christmas Day"),
        ("it", "JM", "Christmas Day"),  # one that has no languages
    ],
)
def test_they_are_named_in_the_houses_language_else_in_english(calendar, language, country, name):
    Firm.objects.update(language=language)
    follow(calendar, country)
    assert name in set(calendar.exceptions.values_list("name", flat=True))


def test_another_language_of_the_house_renames_them_at_the_next_sweep_and_moves_nothing(calendar):
    follow(calendar, "IT")
    before = days(calendar)
    Firm.objects.update(language="it")
    assert public_holidays.extend() == 1
    assert calendar.exceptions.get(day=CHRISTMAS).name == "Natale"
    assert days(calendar) == before


def test_days_that_hang_on_the_moon_are_not_confirmed_and_are_named_without_the_mark(calendar):
    follow(calendar, "SA")
    feasts = calendar.exceptions.filter(day__year=2027, name__startswith="Eid")
    assert feasts and not feasts.filter(is_confirmed=True).exists()
    assert not calendar.exceptions.filter(name__contains="estimated").exists()
    assert calendar.exceptions.filter(is_confirmed=True).exists()


def test_what_was_entered_or_corrected_by_hand_survives_another_import(calendar):
    CalendarException.objects.create(calendar=calendar, day=CHRISTMAS, name="We work", starts=time(9), ends=time(12))
    follow(calendar, "PT")
    kept = {row.day: hours.Day(name=row.name) for row in calendar.exceptions.filter(source=HOLIDAY)}
    kept.pop(date(2026, 5, 1))  # a Friday: worked here
    kept[date(2026, 6, 10)] = hours.Day(name="Our own name")
    kept[CHRISTMAS] = hours.Day(((time(9), time(12)),), "We work")
    hours.change_calendar(calendar=calendar, days=kept, by=actor(), at=AT)
    version = WorkingCalendar.objects.get(pk=calendar.pk).version
    follow(calendar, "PT")
    assert days(calendar, source=OWN) == {CHRISTMAS, date(2026, 5, 1), date(2026, 6, 10)}
    assert calendar.exceptions.get(day=date(2026, 5, 1)).starts == time(9)
    assert WorkingCalendar.objects.get(pk=calendar.pk).version == version  # nothing was new


def test_another_country_replaces_what_the_first_one_wrote(calendar):
    follow(calendar, "PT")
    CalendarException.objects.create(calendar=calendar, day=date(2028, 4, 25), name="Freedom", source=HOLIDAY)
    follow(calendar, "DE")
    assert date(2026, 10, 3) in days(calendar)
    assert not {date(2026, 4, 25), date(2028, 4, 25)} & days(calendar)


def test_what_is_over_stays_under_another_country_at_the_next_sweep_too(calendar):
    follow(calendar, "IT")
    past = days(calendar, day__lt=AT.date())
    follow(calendar, "DE")
    assert EPIPHANY in past and past <= days(calendar) and date(2026, 6, 2) not in days(calendar)
    assert public_holidays.extend() == 0
    assert past <= days(calendar)


def test_who_follows_none_any_more_keeps_what_was_and_works_through_what_comes(calendar):
    follow(calendar, "DE", "BY")
    assert follow(calendar, "").country == ""
    assert EPIPHANY in days(calendar) and max(days(calendar)) < AT.date()


def test_the_sweep_adds_the_year_after_once_and_touches_nothing_else(calendar, clock):
    followed = follow(calendar, "PT")
    other = CalendarFactory(nine_to_six=True)
    assert public_holidays.extend() == 0
    clock.freeze(datetime(2027, 1, 2, tzinfo=AT.tzinfo))
    assert public_holidays.extend() == 1
    assert date(2028, 12, 25) in days(calendar) and CHRISTMAS in days(calendar)
    assert WorkingCalendar.objects.get(pk=calendar.pk).version == followed.version + 1
    event = Event.objects.latest("pk")
    assert (event.source, event.facts["calendar"]) == ("task", calendar.pk)
    assert public_holidays.extend() == 0
    assert not other.exceptions.exists()


def test_a_calendar_that_would_be_closed_for_good_is_refused(calendar):
    calendar.hours.all().delete()
    CalendarException.objects.create(
        calendar=calendar, day=AT.date() - timedelta(days=1), starts=time(9), ends=time(10)
    )
    with pytest.raises(hours.WorksNever):
        follow(calendar, "PT")


def test_taking_a_country_over_at_the_first_run_lets_the_calendar_follow_it(calendar):
    public_holidays.take_over(calendar=calendar, country="PT", years=[2026], by=actor(), at=AT)
    assert WorkingCalendar.objects.get(pk=calendar.pk).country == "PT"
    assert public_holidays.extend() == 1
    assert {day.year for day in days(calendar)} == {2026, 2027}


def test_the_first_run_is_told_with_what_it_changed_and_a_second_time_changes_nothing(calendar):
    version = calendar.version
    for _time in range(2):
        number = public_holidays.take_over(calendar=calendar, country="SA", years=[2026], by=actor(), at=AT)
        assert number == len(days(calendar))
        assert WorkingCalendar.objects.get(pk=calendar.pk).version == version + 1
    event = Event.objects.get()
    assert event.facts["changes"]["country"] == ["", "SA"]
    assert "Sunday" in event.facts["changes"]["calendarhours"][1]


def test_a_calendar_whose_country_is_known_no_more_holds_up_no_other(calendar, clock):
    broken = CalendarFactory(nine_to_six=True, country="ZZ")
    follow(calendar, "PT")
    last = CalendarFactory(nine_to_six=True, country="DE", region="XX")
    after = CalendarFactory(nine_to_six=True, country="PT")
    clock.freeze(datetime(2027, 1, 2, tzinfo=AT.tzinfo))
    assert public_holidays.extend() == 2
    assert days(calendar) and days(after) and not days(broken) and not days(last)
