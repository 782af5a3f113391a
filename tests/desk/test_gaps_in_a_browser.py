"""Gaps in a real browser: nothing axe finds wrong, at both widths, and one mended in a few clicks."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from crm.desk.gaps import GAPS
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import tier, topic
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


def test_gaps_are_found_and_mended_on_a_desk_and_a_phone(page: Page, phone: Page, database, clock, problems):
    clock.freeze(AT)
    giulia = PersonFactory(name="Giulia Ferrari", user=UserFactory(account_manager=True))
    rio = AccountFactory(name="Mercado Sur", tier=tier("a"))
    ContactFactory(account=rio)
    gone = PersonFactory(name="Ann Keller", deactivated_at=AT - timedelta(days=1))
    AssignmentFactory(dossier=AccountFactory(name="Cervejaria Atlântico").dossier, poc=gone)
    AssignmentFactory(dossier=rio.dossier, topic=topic("billing"), ends_at=AT - timedelta(days=1))
    AssignmentFactory(dossier=AccountFactory().dossier, poc=AbsenceFactory().poc)
    AssignmentFactory(dossier=AccountFactory().dossier, poc=giulia)
    steps = [f"/gaps/{code}/" for code in GAPS]
    for one in (page, phone):
        sign_in(one, giulia.user)
        for address in ["/gaps/", *steps, f"/gaps/inactive/{gone.pk}/follow/", f"/gaps/single_point/{giulia.pk}/"]:
            one.goto(address)
            assert violations(one) == [], address
            assert one.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
            picture(one, f"{address.strip('/').replace('/', '-')}-{one.viewport_size['width']}")
    problems[:] = [said for said in problems if "Applying inline style" not in said]
    page.goto("/")
    page.get_by_role("link", name="records without anybody who answers").click()
    page.get_by_role("row", name="Mercado Sur").get_by_role("link", name="Name somebody").click()
    page.get_by_label("Who", exact=True).select_option("Giulia Ferrari")
    page.locator("main form button.btn-primary").first.click()
    expect(page.locator("#messages")).to_contain_text("Giulia Ferrari answers about general")
    page.goto("/gaps/unanswered/")
    expect(page.locator("#gap-table")).not_to_contain_text("Mercado Sur")
