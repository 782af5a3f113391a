"""The desk in a real browser: the first ten minutes, My day by keyboard, and nothing axe finds wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from crm.commitments.models import Commitment, Kind
from crm.users.models import User
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.dossiers import tier, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def marta(database, clock):
    clock.freeze(AT)
    return PersonFactory(name="Marta Ruiz", user=UserFactory(name="Marta Ruiz", role="sales_rep"))


@pytest.fixture
def day(marta):
    """Something in every section of her day."""
    ann = PersonFactory(name="Ann Keller", phone="+49 30 5550 1481")
    away = PersonFactory(name="João Pereira")
    TeamFactory(name="Sales Iberia", members=[marta, ann, away], lead=marta)
    AbsenceFactory(poc=away)
    account = AccountFactory(name="Mercado Sur", tier=tier("a"))
    AssignmentFactory(dossier=account.dossier, poc=marta)
    project = ProjectFactory(name="Cold store Marvila", account=account)
    AssignmentFactory(dossier=project.dossier, topic=topic("billing"), poc=ann)
    for title, fields in (
        ("Answer the complaint", {"due_at": AT.replace(hour=9), "escalated_at": AT, "escalated_to": marta}),
        ("Call Ms Lima", {"due_at": AT.replace(hour=16)}),
        ("Which sensor?", {"due_at": AT.replace(hour=17), "kind": Kind.FIRST_ANSWER}),
        ("Send the quote", {"due_at": AT.replace(day=6)}),
    ):
        CommitmentFactory(dossier=account.dossier, title=title, **fields)
    return account


def test_the_first_ten_minutes_end_on_a_signed_in_day(page: Page, database):
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Welcome. Let us begin with you.")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Lisbon")  # the browser's own
    page.get_by_label("Your name").fill("Giulia Ferrari")
    page.get_by_label("Your e-mail").fill("giulia@hallberg.example")
    page.get_by_label("Password").fill("drei-rote-kraniche")
    page.get_by_label("The firm’s name").fill("Hallberg Messtechnik")
    page.get_by_label("Country").select_option("PT")
    picture(page, "welcome-1280")
    page.get_by_role("button", name="Continue to colleagues").click()
    expect(page.locator("#messages")).to_contain_text("test mail")
    page.get_by_label("Your colleagues’ addresses").fill("ann.keller@hallberg.example")
    page.get_by_role("button", name="Invite them").click()
    page.get_by_label("Name of the account").fill("Mercado Sur")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Mercado Sur")
    page.get_by_role("link", name="My day").first.click()
    expect(page.locator("h1")).to_be_visible()
    assert User.objects.count() == 2
    assert Account.objects.get().name == "Mercado Sur"


def test_axe_finds_nothing_on_the_first_pages(page: Page, phone: Page, database, problems):
    for one in (page, phone):
        one.goto("/")
        assert violations(one) == []
        picture(one, f"welcome-{one.viewport_size['width']}")
    admin = UserFactory(administrator=True)
    for one in (page, phone):
        sign_in(one, admin)
        for address in ("/welcome/colleagues/", "/welcome/account/", "/"):
            one.goto(address)
            assert violations(one) == [], address
            assert one.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
    problems[:] = [said for said in problems if "Applying inline style" not in said]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_desk_or_a_phone(page: Page, phone: Page, marta, day, scheme, problems):
    for one in (page, phone) if scheme == "light" else (phone,):  # the colours are the same at any width
        sign_in(one, marta.user)
        one.emulate_media(color_scheme=scheme)
        for name, address in (
            ("day", "/"),
            ("who", "/who/?q=marvila billing"),
            ("nobody", "/who/?q=0351"),
            ("away", "/away/"),
            ("calendar", "/calendar/"),
        ):
            one.goto(address)
            assert violations(one) == [], address
            assert one.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
            picture(one, f"{name}-{scheme}-{one.viewport_size['width']}")
    problems[:] = [said for said in problems if "Applying inline style" not in said]


def test_the_link_to_ones_calendar_is_made_where_both_its_forms_are_seen_whole(phone: Page, marta, problems):
    sign_in(phone, marta.user)
    phone.goto("/calendar/")
    phone.get_by_role("button", name="Make the link").click()
    made = phone.locator(".notice-good")
    expect(made.locator("code")).to_contain_text("http")
    expect(made.get_by_role("link")).to_have_attribute("href", re.compile(r"^webcal://.+/calendar/.+\.ics$"))
    assert violations(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    problems[:] = [said for said in problems if "Applying inline style" not in said]


def test_a_day_is_worked_through_with_single_keys(page: Page, marta, day):
    sign_in(page, marta.user)
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#messages")).to_contain_text("You are on it.")
    page.keyboard.press("j")
    expect(page.locator("[data-row].is-on .task-t")).to_have_text("Call Ms Lima")
    page.keyboard.press("d")
    expect(page.locator("#messages")).to_contain_text("Done.")
    page.reload()
    expect(page.locator("#today-h")).to_have_count(0)
    states = dict(Commitment.objects.values_list("title", "state"))
    assert (states["Answer the complaint"], states["Call Ms Lima"]) == ("acknowledged", "kept")


def test_whoever_moves_on_while_a_row_settles_stays_on_the_next_one(page: Page, marta, day):
    sign_in(page, marta.user)
    page.goto("/")
    page.keyboard.press("j")
    page.evaluate(
        """document.addEventListener("htmx:afterSwap", () => document.body.dispatchEvent(
             new KeyboardEvent("keydown", {key: "j", bubbles: true})), {once: true});
           document.addEventListener("htmx:afterSettle", () => document.body.setAttribute("data-settled", ""));"""
    )
    page.keyboard.press("a")
    expect(page.locator("body[data-settled]")).to_be_attached()
    expect(page.locator("[data-row].is-on .task-t")).to_have_text("Call Ms Lima")


def test_who_answers_is_found_while_one_types(page: Page, marta, day):
    sign_in(page, marta.user)
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("marvila billing")
    page.keyboard.press("Enter")
    expect(page.locator("#answers h2").first).to_have_text("Ann Keller")
    page.locator("#id_q").fill("mercado")
    expect(page.locator("#answers h2").first).to_have_text("Marta Ruiz")
