"""A link in a mail, tapped on a phone; and the page on which one chooses how mails come."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from crm.commitments.mail import links
from crm.commitments.mail.links import Act
from crm.poc.preferences import NoticePreference
from tests.browser import sign_in, violations
from tests.commitments.conftest import MONDAY, build

pytestmark = pytest.mark.browser


@pytest.fixture
def house(database, clock):
    house = build(clock)
    house.ann.user.groups.add(Group.objects.get(name="sales_rep"))
    return house


def looks_right(page: Page) -> None:
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def forget_axe(problems: list[str]) -> None:
    """Leave out what the policy refused to axe itself, and the page that says it is settled."""
    problems[:] = [said for said in problems if "Applying inline style" not in said and "409" not in said]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_tap_asks_once_and_the_second_says_it_is_done(phone: Page, house, problems, scheme):
    phone.emulate_media(color_scheme=scheme)
    owed = house.promise(title="Call Ms Lima about invoice 2026-1187, which has gone to dunning meanwhile")
    link = links.link_to(owed, Act.DONE, poc_id=house.ann.pk, written_at=MONDAY, zone="UTC")
    phone.goto(f"/o/{links.token(link)}/")
    looks_right(phone)
    button = phone.get_by_role("button")
    assert (button.bounding_box() or {})["height"] >= 44
    button.click()
    expect(phone.get_by_text("Done.", exact=True)).to_be_visible()
    looks_right(phone)
    phone.goto(f"/o/{links.token(link)}/")
    expect(phone.get_by_text("You did it")).to_be_visible()
    looks_right(phone)
    owed.refresh_from_db()
    assert owed.state == "kept"
    forget_axe(problems)


def test_a_link_that_does_nothing_says_so_and_leads_on(phone: Page, page: Page, house, problems):
    owed = house.promise(title="Call Ms Lima about invoice 2026-1187")
    link = links.link_to(owed, Act.DONE, poc_id=house.ann.pk, written_at=MONDAY, zone="UTC")
    ended = links.token(replace(link, expires_at=MONDAY - timedelta(days=1)))
    not_theirs = links.token(replace(link, poc_id=house.ben.pk))
    for one in (phone, page):
        for address in (f"/o/{ended}/", f"/o/{not_theirs}/", f"/o/{ended}x/", "/o/fewer/x/"):
            one.goto(address)
            looks_right(one)
            one.get_by_role("link", name="Sign in and").click()
            expect(one.get_by_label("Password")).to_be_visible()
    problems[:] = [said for said in problems if "the server responded with a status of 4" not in said]
    forget_axe(problems)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_how_mails_come_is_chosen_with_the_thumb(phone: Page, house, problems, scheme):
    phone.emulate_media(color_scheme=scheme)
    sign_in(phone, house.ann.user)
    phone.goto("/me/notices/")
    looks_right(phone)
    phone.get_by_role("group", name="Reminders").get_by_text("Daily digest").click()
    phone.get_by_label("Daily digest at").fill("07:30")
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("From now on you are told so.")).to_be_visible()
    wishes = NoticePreference.objects.get(poc=house.ann)
    assert (wishes.by_email, f"{wishes.digest_at:%H:%M}") == ({"reminders": "digest"}, "07:30")
    forget_axe(problems)
