"""Away and back, with a thumb; a problem passed on and back."""

import re

import pytest
from playwright.sync_api import Page, expect

from crm.commitments.models import Kind
from crm.poc.models import Absence
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def marta(database, clock):
    """She answers for an account with a problem to solve; there are experts for such problems."""
    clock.freeze(AT)
    marta = PersonFactory(name="Marta Ruiz", user=UserFactory(name="Marta Ruiz", role="sales_rep"))
    account = AccountFactory(name="Mercado Sur")
    AssignmentFactory(dossier=account.dossier, poc=marta)
    CommitmentFactory(dossier=account.dossier, kind=Kind.RESOLUTION, title="Solve for Ms Lima: problem")
    TeamFactory(name="Bottling experts", members=[PersonFactory(name="Ivo Brun")])
    return marta


def test_one_is_away_and_back_in_four_taps_each_from_my_day(phone: Page, marta):
    sign_in(phone, marta.user)
    phone.goto("/")
    phone.get_by_role("link", name="I will be away").first.tap()
    form = phone.locator("form#away-here")
    expect(form.get_by_label("Last day")).to_be_focused()
    form.get_by_label("Who answers meanwhile").select_option("Ivo Brun")
    assert violations(phone) == []
    picture(phone, "away-short-360")
    form.get_by_role("button", name="Enter it").tap()
    expect(phone.locator("#i-am-away")).to_contain_text("You are away until 4 Mar. Ivo Brun answers for you")
    picture(phone, "away-360")
    phone.get_by_role("button", name="Back already").tap()
    expect(phone.locator("#messages")).to_contain_text("Back again.")
    expect(phone.locator("#i-am-away")).to_have_count(0)
    assert Absence.objects.get().ends_at == AT


def test_a_problem_goes_to_the_experts_and_comes_back(page: Page, marta):
    sign_in(page, marta.user)
    page.goto("/")
    page.get_by_role("link", name="Pass on to a specialist: Solve for Ms Lima: problem").click()
    page.get_by_label("To whom").select_option("Bottling experts")
    page.get_by_label("What they should know").fill("Line 3 stops.")
    page.get_by_role("button", name="Pass on").click()
    expect(page.locator("#messages")).to_contain_text("Bottling experts has it now.")
    expect(page.locator("main")).to_contain_text("Passed on by Marta Ruiz")
    assert violations(page) == []
    picture(page, "passed-on-1280")
    page.get_by_label("How it was solved").fill("New gasket.")
    page.locator("#hand-back").get_by_role("button", name="Hand back").click()
    expect(page.locator("main")).to_contain_text(re.compile("Solved by Bottling experts: tell the customer"))
