"""The first ten minutes of an empty house."""

import re

import pytest
from django.core import mail, signing
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account
from crm.core.actor import Actor
from crm.desk import set_up
from crm.desk.forms import ColleaguesForm, FirstAccountForm, WelcomeForm
from crm.dossiers.models import Firm
from crm.poc.calendars import house_working_time
from crm.poc.models import CalendarException, CalendarHours, Membership, PointOfContact, WorkingCalendar
from crm.poc.public_holidays import take_over
from crm.users.models import User
from tests.factories import AT
from tests.factories.poc import CalendarFactory
from tests.factories.users import UserFactory, actor

PASSWORD = "drei-rote-kraniche"
GIVEN = {
    "name": "Giulia Ferrari", "email": "Giulia@Hallberg.example", "password": PASSWORD, "firm": "Hallberg Messtechnik",
    "country": "PT", "zone": "Europe/Lisbon", "language": "it", "test_mail": "on",
}  # fmt: skip


@pytest.fixture
def at(db, clock):
    return clock.freeze(AT)


@pytest.fixture
def giulia(at, client):
    """The first administrator, signed in."""
    client.post("/welcome/", GIVEN)
    return User.objects.get()


@pytest.mark.parametrize("path", ["/", "/accounts/", "/log/", "/auth/login/", "/admin/", "/nowhere/"])
def test_every_page_of_an_empty_house_leads_to_the_first(at, client, path):
    assert client.get(path)["Location"] == "/welcome/"


def test_on_the_net_only_whoever_runs_the_server_begins(at, client, settings, capsys):
    settings.PRODUCTION = True
    for address in ("/welcome/", "/welcome/?key=guessed"):
        refused = client.get(address)
        assert (refused.status_code, "manage.py welcome_link" in refused.content.decode()) == (403, True)
    assert client.post("/welcome/", GIVEN | {"key": "guessed"}).status_code == 403
    assert not User.objects.exists()
    call_command("welcome_link")
    address = capsys.readouterr().out.strip().removeprefix(settings.PUBLIC_URL)
    key = re.search(r'name="key" value="([^"]+)"', client.get(address).content.decode())[1]
    assert client.post("/welcome/", GIVEN | {"key": key})["Location"] == "/welcome/colleagues/"
    with pytest.raises(CommandError, match="set up already"):
        call_command("welcome_link")


def test_the_address_of_the_first_page_holds_for_a_day(at, client, settings):
    settings.PRODUCTION = True
    address = set_up.link().removeprefix(settings.PUBLIC_URL)
    assert client.get(address).status_code == 200
    value, made, _signature = address.partition("?key=")[2].split(":")
    old = signing.b62_encode(signing.b62_decode(made) - 24 * 3600 - 1)
    stale = signing.Signer(salt="set-up").sign(f"{value}:{old}")
    assert client.get(f"/welcome/?key={stale}").status_code == 403


def test_health_and_the_api_answer_as_ever(at, client):
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/v1/accounts/").status_code == 401


def test_the_first_page_makes_an_administrator_who_is_signed_in(giulia, client):
    assert (giulia.email, giulia.is_superuser, giulia.language) == ("giulia@hallberg.example", True, "it")
    assert client.get("/").status_code == 200
    assert Client().post("/auth/login/", {"login": giulia.email, "password": PASSWORD})["Location"] == "/"


def test_the_firm_gets_its_name_zone_week_and_holidays(giulia):
    firm = Firm.objects.get()
    assert (firm.name, firm.zone, firm.country.code, firm.set_up_at) == (
        "Hallberg Messtechnik",
        "Europe/Lisbon",
        "PT",
        AT,
    )
    assert WorkingCalendar.objects.get().zone == "Europe/Lisbon"
    assert CalendarException.objects.filter(day="2026-12-25").exists()
    assert CalendarException.objects.filter(day__year=2028).exists()
    assert house_working_time().zone == "Europe/Lisbon"


def test_the_front_desk_holds_the_first_administrator(giulia):
    member = Membership.objects.get(team__is_house=True).member
    assert member.user == giulia


def test_what_was_shipped_with_a_name_gets_one_in_the_language_of_the_house(at, client):
    client.post("/welcome/", GIVEN | {"language": "ru"})
    assert PointOfContact.objects.house().get().name == "Ресепшн"
    assert WorkingCalendar.objects.get(is_default=True).name == "Общий"


def test_a_test_mail_is_sent_in_the_language_chosen_and_its_failure_stops_nothing(at, client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    html = client.post("/welcome/", GIVEN, follow=True).content.decode()
    assert User.objects.count() == 1
    assert "notice-warn" in html


def test_a_test_mail_arrives(giulia):
    assert [m.to for m in mail.outbox] == [["giulia@hallberg.example"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("email", "giulia@hallberg"), ("password", "short"), ("password", "1234567890"), ("firm", " "),
     ("zone", "Europe/Nowhere"), ("country", "XX"), ("language", "tlh")],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nobody_is_made(at, client, field, value):
    response = client.post("/welcome/", GIVEN | {field: value})
    assert response.status_code == 422
    assert "err" in response.content.decode()
    assert not User.objects.exists()
    assert Firm.objects.get().set_up_at is None


def test_whoever_comes_second_is_refused(giulia, at):
    house = set_up.House("Evil", "PT", "UTC", "en")
    with pytest.raises(set_up.SetUpAlready):
        set_up.begin(house=house, name="Eve", email="eve@evil.example", password=PASSWORD, at=AT)
    assert Client().post("/welcome/", GIVEN | {"email": "eve@evil.example"})["Location"] == "/"
    assert User.objects.count() == 1


def test_a_house_with_a_user_never_asks_again(at, client):
    UserFactory()
    assert client.get("/")["Location"].startswith("/auth/login/")
    assert client.get("/welcome/")["Location"] == "/"


def test_at_most_twelve_fields_in_all():
    assert sum(len(form.base_fields) for form in (WelcomeForm, ColleaguesForm, FirstAccountForm)) <= 12


def test_pasted_colleagues_become_people_who_answer_and_choose_a_password(giulia, client):
    mail.outbox.clear()
    pasted = "Ann Keller <Ann@hallberg.example>, joao.pereira@hallberg.example\n\ngiulia@hallberg.example;"
    response = client.post("/welcome/colleagues/", {"addresses": pasted, "role": "account_manager"})
    assert response["Location"] == "/welcome/account/"
    ann, joao = User.objects.exclude(pk=giulia.pk).order_by("email")
    assert (ann.name, ann.is_staff, joao.name) == ("Ann Keller", True, "Joao Pereira")
    assert list(PointOfContact.objects.people().order_by("name").values_list("user__email", flat=True)) == [
        ann.email, giulia.email, joao.email,
    ]  # fmt: skip
    letter = next(m for m in mail.outbox if m.to == [ann.email])
    choose_password(re.search(r"http\S+/auth/password/reset/key/\S+", letter.body)[0])
    assert Client().post("/auth/login/", {"login": ann.email, "password": PASSWORD})["Location"] == "/"


def choose_password(link):
    """Follow an invitation's link as a browser does."""
    browser = Client()
    page = browser.get("/" + link.split("/", 3)[3], follow=True)
    path = page.redirect_chain[-1][0]
    browser.post(path, {"password1": PASSWORD, "password2": PASSWORD})


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("not an address", "not an e-mail address"),
        (" , \n", "required"),
        (";", "at least one"),
        ("a@b", "not an e-mail"),
    ],
)
def test_bad_addresses_are_named_and_nobody_is_invited(giulia, client, pasted, said):
    client.post("/language/", {"language": "en"})
    mail.outbox.clear()
    response = client.post("/welcome/colleagues/", {"addresses": pasted, "role": "sales_rep"})
    assert (response.status_code, said in response.content.decode()) == (422, True)
    assert (User.objects.count(), mail.outbox) == (1, [])


def test_more_than_two_hundred_are_not_invited_at_once():
    with pytest.raises(set_up.TooManyAddresses):
        set_up.read_addresses("\n".join(f"a{n}@b.example" for n in range(201)))


def test_an_invitation_that_cannot_be_sent_is_told_and_the_user_is_there(giulia, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    people = [("Ann", "ann@hallberg.example")]
    invited = set_up.invite(people=people, role="sales_rep", by=Actor(giulia), at=AT)
    assert (invited.unsent, [user.email for user in invited.users]) == (["ann@hallberg.example"],) * 2


def test_only_administrators_invite(at, client):
    client.force_login(UserFactory(role="sales_rep"))
    assert client.get("/welcome/colleagues/").status_code == 404
    assert client.post("/welcome/colleagues/", {"addresses": "a@b.example", "role": "administrator"}).status_code == 404


def test_the_first_account_needs_a_name_alone(giulia, client):
    assert client.post("/welcome/account/", {"name": " ", "kind": "customer"}).status_code == 422
    response = client.post("/welcome/account/", {"name": "Mercado Sur", "kind": "customer"})
    assert response["Location"] == Account.objects.get().get_absolute_url()


def test_the_week_of_a_country_leaves_its_own_week_end_out(db):
    calendar = CalendarFactory()
    take_over(calendar=calendar, country="SA", years=[2026], by=actor(), at=AT)
    assert set(CalendarHours.objects.filter(calendar=calendar).values_list("weekday", flat=True)) == {0, 1, 2, 3, 6}


def test_taking_holidays_over_again_replaces_what_was_written_and_leaves_what_was_entered(db):
    calendar = CalendarFactory()
    CalendarException.objects.create(calendar=calendar, day="2026-12-25", name="We work")
    first = take_over(calendar=calendar, country="PT", years=[2026], by=actor(), at=AT)
    assert first == take_over(calendar=calendar, country="PT", years=[2026], by=actor(), at=AT) > 5
    assert CalendarException.objects.get(calendar=calendar, day="2026-12-25").name == "We work"


def test_an_unknown_country_changes_nothing(db):
    calendar = CalendarFactory(nine_to_six=True)
    assert take_over(calendar=calendar, country="ZZ", years=[2026], by=actor(), at=AT) == 0
    assert CalendarHours.objects.filter(calendar=calendar).count() == 5
