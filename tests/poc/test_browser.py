"""The card and the page a customer is shown, in a real browser at both widths."""

import re

import pytest
from playwright.sync_api import Page, expect

from crm.dossiers.models import Firm
from crm.poc.models import ShareLink
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, ShareLinkFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def manager(database, clock):
    clock.freeze(AT)
    Firm.objects.update(name="Hallberg Messtechnik", set_up_at=AT)
    return UserFactory(name="Giulia Ferrari", account_manager=True)


@pytest.fixture
def ann(manager):
    """Somebody away and covered, with a team, hours and records; shared with a customer, and so is a project."""
    team = TeamFactory(name="Team AR", lead=PersonFactory(name="Lea Lead"))
    ann = PersonFactory(name="Ann Keller", phone="+49 30 5550 1481", languages="de, en", home_team=team)
    team.memberships.create(member=ann)
    AbsenceFactory(poc=ann, cover=PersonFactory(name="João Pereira", phone="+351 21 1"))
    project = ProjectFactory(name="Cold store Marvila")
    AssignmentFactory(dossier=project.dossier, poc=PersonFactory(name="Marta Ruiz", phone="+34 91 1"))
    for n in range(22):
        AssignmentFactory(dossier=AccountFactory(name=f"Customer {n}").dossier, poc=ann)
    AssignmentFactory(dossier=project.dossier, topic=topic("billing"), poc=ann)
    ShareLinkFactory(secret="ann", poc=ann, label="Ms Lima")
    ShareLinkFactory(secret="marvila", dossier=project.dossier)
    return ann


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_desk_or_a_phone(page: Page, phone: Page, manager, ann, problems, scheme):
    inside = ["/pocs/", f"/pocs/{ann.pk}/", f"/pocs/{ann.home_team_id}/", f"/pocs/{ann.pk}/share/",
              "/who/?q=marvila&on=2026-03-01"]  # fmt: skip
    for one in (page, phone) if scheme == "light" else (phone,):  # the colours are the same at any width
        one.emulate_media(color_scheme=scheme)
        for address in ("/s/ann/", "/s/marvila/", *inside):
            if address == inside[0]:
                sign_in(one, manager)
            one.goto(address)
            assert violations(one) == [], address
            assert one.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
            name = re.sub(r"\W+", "-", address).strip("-")
            picture(one, f"{name}-{scheme}-{one.viewport_size['width']}")
    problems[:] = [said for said in problems if "Applying inline style" not in said]


def test_a_card_is_found_while_one_types_shared_by_keyboard_and_taken_back(page: Page, manager, ann, problems):
    sign_in(page, manager)
    page.goto("/pocs/")
    page.locator("#id_kind").select_option("person")
    expect(page).to_have_url(re.compile("kind=person"))
    page.get_by_label("Name, e-mail or number").press_sequentially("kell")
    expect(page).to_have_url(re.compile("q=kell"))  # the last of the answers has come
    expect(page.locator("#poc-table tbody tr")).to_have_count(1)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link", name="Ann Keller").focus()  # leaving the field asks nothing: the list stays, and the focus
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Ann Keller")
    assert not [url for url in asked if "/pocs/?" in url]
    expect(page.locator(".main-card .notice")).to_contain_text("João Pereira")
    page.get_by_role("link", name="Share").press("Enter")
    page.get_by_label("For whom").fill("Mr Costa")
    page.get_by_label("For whom").press("Enter")
    shown = page.locator(".made a")
    expect(shown).to_be_visible()
    expect(page.locator(".notice-good")).to_be_focused()
    address = shown.get_attribute("href")
    page.context.clear_cookies()
    page.goto(address)
    expect(page.locator("h2")).to_have_text("João Pereira")
    expect(page.get_by_role("link", name="+351 21 1")).to_have_attribute("href", "tel:+351211")
    expect(page.locator("img.qr")).to_have_js_property("complete", True)
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    sign_in(page, manager)
    page.goto(f"/pocs/{ann.pk}/share/")
    page.get_by_role("button", name="Take it back Mr Costa").press("Enter")
    expect(page.locator("#messages")).to_contain_text("Taken back")
    assert page.goto(address).status == 404
    expect(page.locator("h1")).to_have_text("This link opens nothing")
    assert ShareLink.objects.get(label="Mr Costa").opened == 1
    problems[:] = [said for said in problems if "404" not in said]
