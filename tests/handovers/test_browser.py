"""A handover in a real browser, at a desk and on a phone: from the first word of the briefing to the letter."""

import re

import pytest
from playwright.sync_api import Page, expect

from crm.handovers.models import Handover
from interactions.models import Interaction
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import tier, topic
from tests.factories.handovers import BRIEFING
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def thorsten(database, clock):
    clock.freeze(AT)
    user = UserFactory(name="Thorsten von Schönburg", role="sales_rep")
    return PersonFactory(name="Thorsten von Schönburg", user=user)


@pytest.fixture
def marta(thorsten):
    lead = PersonFactory(name="Giulia Ferrari")
    user = UserFactory(name="Marta Ruiz", account_manager=True)
    return PersonFactory(
        name="Marta Ruiz", user=user, phone="+34 91 555 0123", home_team=TeamFactory(name="Sales Iberia", lead=lead)
    )


@pytest.fixture
def spreewerk(thorsten):
    """A customer of the upper tier, with everything that may come along."""
    account = AccountFactory(name="Spreewerk Logistik GmbH", tier=tier("a"))
    project = ProjectFactory(name="Cold stores 3 and 4", account=account)
    contact = ContactFactory(name="Ольга Смирнова", account=account, emails=["olga@spreewerk.example"])
    for record, about in ((account, "general"), (account, "billing"), (project, "general"), (contact, "billing")):
        AssignmentFactory(dossier=record.dossier, topic=topic(about), poc=thorsten)
    CommitmentFactory(dossier=account.dossier, poc=thorsten, title="Second copy of the calibration certificate")
    return account


def look(page: Page, name: str) -> None:
    """Nothing axe finds wrong, nothing wider than the screen."""
    assert violations(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    picture(page, f"handover-{name}-{page.viewport_size['width']}")


@pytest.mark.parametrize("width", ["page", "phone"])
def test_a_handover_from_draft_to_acceptance(request, width, thorsten, marta, spreewerk, problems):
    page: Page = request.getfixturevalue(width)
    sign_in(page, thorsten.user)
    page.goto(f"/accounts/{spreewerk.pk}/")
    page.get_by_role("link", name="Hand over").click()

    scope = page.locator("#scope")
    for said in ("1 project", "1 contact", "1 thing owed"):
        expect(scope.get_by_label(said)).to_be_checked()
    scope.get_by_text("Billing").click()
    expect(scope.get_by_label("1 contact")).to_have_count(0)  # that one is about billing alone
    scope.get_by_text("Billing").click()
    expect(scope.get_by_label("1 contact")).to_be_checked()

    page.get_by_label("To", exact=True).select_option(label="Marta Ruiz")
    page.get_by_label("Why").fill("Moves to Lyon")
    page.get_by_role("button", name="Offer it").click()
    expect(page.get_by_role("alert")).to_contain_text("5 things to correct")
    look(page, "form")
    for code, text in BRIEFING.items():
        page.locator(f"#id_briefing-{code}").fill(text)
    page.get_by_role("button", name="Offer it").click()
    expect(page.locator("#messages")).to_contain_text("Offered to Marta Ruiz")

    page.context.clear_cookies()
    sign_in(page, marta.user)
    page.goto("/")
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Handover to you")
    expect(page.get_by_text("Four cold stores.")).to_be_visible()
    expect(page.get_by_text("Second copy of the calibration certificate")).to_be_visible()
    expect(page.get_by_text("Giulia Ferrari, the lead")).to_be_visible()
    look(page, "decision")

    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Introduce yourself")
    expect(page.get_by_label("Subject")).to_have_value("Your point of contact: Marta Ruiz")
    look(page, "introduction")
    in_my_mail = page.get_by_role("link", name="Open in my mail")
    page.get_by_label("Ольга Смирнова").uncheck()
    expect(in_my_mail).to_have_attribute("href", re.compile(r"^mailto:\?"))
    page.get_by_label("Ольга Смирнова").check()
    expect(in_my_mail).to_have_attribute("href", re.compile(r"^mailto:olga@spreewerk\.example\?"))
    page.get_by_role("button", name="Log as sent").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Spreewerk Logistik GmbH")
    strip = page.get_by_role("region", name="Who answers")
    expect(strip).to_contain_text("Marta Ruiz")
    expect(strip).not_to_contain_text("Thorsten")
    expect(page.get_by_text("Marta Ruiz has taken over from Thorsten von Schönburg")).to_be_visible()
    assert Handover.objects.get().introduced_at == AT
    assert Interaction.objects.get().contact.name == "Ольга Смирнова"
    problems[:] = [said for said in problems if "Applying inline style" not in said and "422" not in said]
