"""Somebody leaves, in a real browser, at a desk and on a phone: chosen, refused, gone and back again."""

import pytest
from playwright.sync_api import Page, expect

from crm.poc.models import Assignment
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.poc import AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def ann(database, clock):
    """Somebody with a customer, its project and a team to lead."""
    clock.freeze(AT)
    ann, bo = PersonFactory(name="Ann Keller"), PersonFactory(name="Bo Berg")
    account = AccountFactory(name="Spreewerk Logistik GmbH")
    project = ProjectFactory(name="Cold stores 3 and 4", account=account)
    for record in (account, project):
        AssignmentFactory(dossier=record.dossier, poc=ann)
    AssignmentFactory(dossier=account.dossier, poc=bo, rank=1)
    TeamFactory(name="Sales Iberia", members=[ann, bo], lead=ann)
    return ann


def look(page: Page, name: str) -> None:
    """Nothing axe finds wrong, nothing wider than the screen."""
    assert violations(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    picture(page, f"leave-{name}-{page.viewport_size['width']}")


@pytest.mark.parametrize("width", ["page", "phone"])
def test_somebody_leaves_and_is_brought_back(request, width, ann, problems):
    page: Page = request.getfixturevalue(width)
    sign_in(page, UserFactory(account_manager=True))
    page.goto(f"/pocs/{ann.pk}/leave/")
    page.locator("#group-accounts").get_by_role("button", name="One by one").click()
    expect(page.get_by_label("Who follows: Spreewerk Logistik GmbH")).to_be_visible()
    look(page, "rows")
    page.get_by_label("Why").fill("Moves to Berlin")
    page.get_by_role("button", name="Let Ann Keller leave").click()
    expect(page.locator("#group-leads .err")).to_contain_text("Teams they lead")
    look(page, "refused")
    problems.clear()  # the console names the refusal's status
    page.locator("section", has=page.get_by_role("heading", name="Everything")).get_by_text("Bo Berg").click()
    page.locator("#group-leads").get_by_text("Somebody else").click()
    page.locator("#group-leads").get_by_label("Name of who follows").fill("bo berg")
    page.get_by_label("Who follows: Spreewerk Logistik GmbH").fill("Front desk")
    page.get_by_role("button", name="Let Ann Keller leave").click()
    expect(page.get_by_role("heading", name="Ann Keller has left")).to_be_visible()
    look(page, "left")
    assert sorted(Assignment.objects.at(AT).primary().values_list("poc__name", flat=True)) == ["Bo Berg", "Front desk"]
    page.get_by_role("button", name="Undo that they left").click()
    expect(page.get_by_text("Ann Keller answers again, as before.")).to_be_visible()
    assert set(Assignment.objects.at(AT).primary().values_list("poc__name", flat=True)) == {"Ann Keller"}
