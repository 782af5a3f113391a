"""Calendars in the administration: hours and days in one form, copies, public holidays, who works by them."""

from datetime import date, time

import pytest
from django.urls import reverse

from crm.dossiers.models import Event, Firm
from crm.poc import public_holidays
from crm.poc.models import CalendarException, WorkingCalendar
from tests.factories import AT
from tests.factories.poc import CalendarFactory, PersonFactory, TeamFactory
from tests.factories.users import actor

pytestmark = pytest.mark.django_db

BRUNCH = [("09:00", "10:00"), ("11:00", "12:00")]


def url(page, *args):
    return reverse(f"admin:poc_workingcalendar_{page}", args=args)


def sent(*rows, days=(), **values):
    """What the form sends, everything in it new."""
    form = {"name": "Lisbon", "zone": "Europe/Lisbon"} | values
    form |= {"hours-TOTAL_FORMS": len(rows), "hours-INITIAL_FORMS": 0}
    form |= {"exceptions-TOTAL_FORMS": len(days), "exceptions-INITIAL_FORMS": 0}
    for n, (weekday, starts, ends) in enumerate(rows):
        form |= {f"hours-{n}-weekday": weekday, f"hours-{n}-starts": starts, f"hours-{n}-ends": ends}
    for n, (day, name, starts, ends) in enumerate(days):
        form |= {f"exceptions-{n}-day": day, f"exceptions-{n}-name": name, f"exceptions-{n}-is_confirmed": "on"}
        form |= {f"exceptions-{n}-starts": starts, f"exceptions-{n}-ends": ends}
    return form


def test_one_is_added_with_its_hours_and_its_days_in_one_event(as_administrator):
    form = sent(
        (0, "09:00", "13:00"), (0, "14:00", "00:00"),
        days=[("2026-03-09", "Fair", "", ""), *(("2026-03-14", "", *span) for span in BRUNCH)],
    )  # fmt: skip
    assert as_administrator.post(url("add"), form).status_code == 302
    calendar = WorkingCalendar.objects.get(name="Lisbon")
    assert list(calendar.hours.order_by("starts").values_list("starts", "ends")) == [
        (time(9), time(13)),
        (time(14), time(0)),
    ]
    assert calendar.exceptions.count() == 3
    assert Event.objects.get().kind == Event.Kind.CREATED


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (sent(), "nobody would ever work"),
        (sent((0, "09:00", "13:00"), (0, "12:00", "18:00")), "must not overlap"),
        (sent((0, "09:00", "18:00"), name="House"), "has this name"),
        (sent((0, "09:00", "18:00"), zone="Lisbon"), "not known"),
        (sent(days=[("9999-12-31", "Last day", "10:00", "12:00")]), "between the years"),
        (sent((0, "09:00", "18:00"), days=[("0001-01-01", "First day", "", "")]), "between the years"),
    ],
)
def test_what_is_refused_is_said_in_the_form_and_nothing_is_written(as_administrator, form, said):
    response = as_administrator.post(url("add"), form)
    assert said in response.content.decode()
    assert WorkingCalendar.objects.count() == 1
    assert not Event.objects.exists()


def test_a_row_taken_out_is_gone_and_a_holiday_taken_out_is_worked(as_administrator):
    calendar = CalendarFactory(nine_to_six=True)
    holiday = CalendarException.objects.create(calendar=calendar, day=date(2026, 3, 9), name="Fair", source="holiday")
    friday = calendar.hours.get(weekday=4)
    form = sent(name=calendar.name, zone="UTC") | {
        "hours-TOTAL_FORMS": 5, "hours-INITIAL_FORMS": 5, "exceptions-TOTAL_FORMS": 1, "exceptions-INITIAL_FORMS": 1,
        "exceptions-0-id": holiday.pk, "exceptions-0-day": "2026-03-09", "exceptions-0-DELETE": "on",
    }  # fmt: skip
    for n, row in enumerate(calendar.hours.order_by("weekday")):
        form |= {
            f"hours-{n}-id": row.pk,
            f"hours-{n}-weekday": n,
            f"hours-{n}-starts": "09:00",
            f"hours-{n}-ends": "18:00",
        }
    assert as_administrator.post(url("change", calendar.pk), form | {"hours-4-DELETE": "on"}).status_code == 302
    assert not calendar.hours.filter(weekday=friday.weekday).exists()
    assert WorkingCalendar.objects.get(pk=calendar.pk).version == calendar.version + 1
    left = calendar.exceptions.get()
    assert (left.starts, left.ends, left.source) == (time(9), time(18), "own")


def shown(as_administrator, calendar):
    """What the page of a calendar sends when nothing was changed in it."""
    page = as_administrator.get(url("change", calendar.pk)).context
    forms = [page["adminform"].form, *(each.formset.management_form for each in page["inline_admin_formsets"])]
    forms += [form for each in page["inline_admin_formsets"] for form in each.formset.initial_forms]
    values = {field.html_name: field.value() for form in forms for field in form}
    values |= {
        f"{each.formset.prefix}-TOTAL_FORMS": len(each.formset.initial_forms) for each in page["inline_admin_formsets"]
    }
    return {name: value for name, value in values.items() if value is not None and value is not False}


def test_what_is_saved_from_a_page_that_was_overtaken_is_refused_and_the_page_is_shown_anew(as_administrator):
    calendar = CalendarFactory(nine_to_six=True)
    old = shown(as_administrator, calendar)
    public_holidays.follow(calendar=calendar, country="DE", by=actor(), at=AT)
    calendar.hours.filter(weekday__gte=3).delete()
    before = set(calendar.exceptions.values_list("day", "source"))
    response = as_administrator.post(url("change", calendar.pk), old | {"name": "Renamed"}, follow=True)
    assert response.redirect_chain == [(url("change", calendar.pk), 302)]
    assert "It was changed meanwhile" in response.content.decode()
    newest = WorkingCalendar.objects.get(pk=calendar.pk).version
    assert f'<input type="hidden" name="seen" value="{newest}"' in response.content.decode()
    assert set(calendar.exceptions.values_list("day", "source")) == before
    new = shown(as_administrator, calendar) | {"name": "Renamed"}
    assert as_administrator.post(url("change", calendar.pk), new).status_code == 302
    assert WorkingCalendar.objects.get(pk=calendar.pk).name == "Renamed"
    assert set(calendar.exceptions.values_list("day", "source")) == before


def test_a_page_shows_this_years_days_and_later_ones_and_keeps_those_before(as_administrator):
    calendar = CalendarFactory(nine_to_six=True)
    past = [date(year, month, 9) for year in range(2012, 2026) for month in range(1, 13)]
    CalendarException.objects.bulk_create(
        CalendarException(calendar=calendar, day=day, name="Fair", source="holiday")
        for day in (*past, date(2026, 1, 9), date(2027, 3, 9))
    )
    sent = shown(as_administrator, calendar)
    assert [sent[f"exceptions-{n}-day"] for n in range(2)] == [date(2026, 1, 9), date(2027, 3, 9)]
    assert sent["exceptions-TOTAL_FORMS"] == 2
    gone = sent | {"exceptions-1-DELETE": "on"}
    assert as_administrator.post(url("change", calendar.pk), gone).status_code == 302
    kept = calendar.exceptions.filter(source="holiday").order_by("day")
    assert list(kept.values_list("day", flat=True)) == [*past, date(2026, 1, 9)]
    again = shown(as_administrator, calendar)
    again |= {"exceptions-TOTAL_FORMS": 3, "exceptions-2-day": "2025-12-09", "exceptions-2-name": "Again"}
    assert as_administrator.post(url("change", calendar.pk), again).status_code == 302
    assert calendar.exceptions.get(day=date(2025, 12, 9)).name == "Again"


def test_saving_it_as_it_is_changes_nothing(as_administrator):
    calendar = CalendarFactory()
    rows = [(0, "09:00", "18:00")]
    as_administrator.post(url("change", calendar.pk), sent(*rows, name=calendar.name, zone="UTC"))
    version = WorkingCalendar.objects.get(pk=calendar.pk).version
    row = calendar.hours.get()
    same = sent(*rows, name=calendar.name, zone="UTC") | {"hours-INITIAL_FORMS": 1, "hours-0-id": row.pk}
    assert as_administrator.post(url("change", calendar.pk), same).status_code == 302
    assert WorkingCalendar.objects.get(pk=calendar.pk).version == version
    assert Event.objects.count() == 1


def test_a_copy_is_asked_for_its_name(as_administrator):
    calendar = CalendarFactory(nine_to_six=True)
    page = url("copy", calendar.pk)
    assert as_administrator.get(page).status_code == 200
    refused = as_administrator.post(page, {"name": "House"})
    assert refused.status_code == 422 and "has this name" in refused.content.decode()
    assert as_administrator.post(page, {"name": "Porto"}).url == url(
        "change", WorkingCalendar.objects.get(name="Porto").pk
    )


@pytest.mark.parametrize(("house", "country", "said"), [("it", "IT", "Italian"), ("it", "PT", "English")])
def test_it_is_said_in_which_language_the_holidays_are_named(as_administrator, house, country, said):
    Firm.objects.update(language=house)
    page = url("holidays", CalendarFactory(nine_to_six=True).pk)
    assert "else in English" in as_administrator.get(page).content.decode()
    shown = as_administrator.post(page, {"country": country, "region": ""}, follow=True).content.decode()
    assert f"named in this language: {said}." in shown


def test_public_holidays_are_followed_and_the_page_says_whose(as_administrator):
    calendar = CalendarFactory(nine_to_six=True)
    page = url("holidays", calendar.pk)
    assert "Germany" in as_administrator.get(page).content.decode()
    refused = as_administrator.post(page, {"country": "DE", "region": "XX"})
    assert refused.status_code == 422 and "Known are: BB" in refused.content.decode()
    assert as_administrator.post(page, {"country": "DE", "region": "BY"}).status_code == 302
    shown = as_administrator.get(url("change", calendar.pk)).content.decode()
    assert "public holidays of Germany · BY" in shown
    assert as_administrator.post(page, {"country": "", "region": ""}).status_code == 302
    assert "follows no country" in as_administrator.get(url("change", calendar.pk)).content.decode()


def test_it_says_who_works_by_it_and_which_days_may_still_move(as_administrator):
    calendar = CalendarFactory(nine_to_six=True)
    CalendarException.objects.create(calendar=calendar, day=AT.date(), name="Eid", is_confirmed=False)
    PersonFactory(name="Zoe Here", calendar=calendar)
    TeamFactory(name="Night team", calendar=calendar)
    PersonFactory(name="Gone", calendar=calendar, deactivated_at=AT)
    shown = as_administrator.get(url("change", calendar.pk)).content.decode()
    for text in ("Zoe Here", "Night team", "may still move"):
        assert text in shown
    assert "Gone" not in shown
    house = WorkingCalendar.objects.get(is_default=True)
    assert "everybody who has no other calendar" in as_administrator.get(url("change", house.pk)).content.decode()


def test_account_managers_do_not_see_them(as_manager):
    calendar = CalendarFactory(nine_to_six=True)
    for page in ("change", "copy", "holidays"):
        assert as_manager.get(url(page, calendar.pk)).status_code == 403
    assert as_manager.post(url("change", calendar.pk), {"seen": "1"}).status_code == 403
