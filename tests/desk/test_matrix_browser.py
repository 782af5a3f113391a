"""The table of a project, changed with the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from crm.poc.models import Assignment
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def project(database, clock):
    clock.freeze(AT)
    project = ProjectFactory(name="Cold store")
    AssignmentFactory(dossier=project.account.dossier, poc=PersonFactory(name="Marta Ruiz"))
    PersonFactory(name="Thorsten Berg")
    return project


def test_a_cell_is_changed_and_left_with_the_keyboard_alone(page: Page, project):
    sign_in(page, UserFactory(account_manager=True))
    page.goto(f"/projects/{project.pk}/")
    cell = page.locator("#cell-delivery-0")
    cell.focus()
    page.keyboard.press("Enter")
    who = page.locator("#matrix select[name=poc]")
    expect(who).to_be_focused()
    picture(page, "matrix-editing")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()
    page.keyboard.press("Enter")
    expect(who).to_be_focused()
    page.keyboard.type("Thor")
    page.keyboard.press("Tab")
    page.keyboard.type("Knows the site")
    page.keyboard.press("Enter")
    expect(cell).to_be_focused()
    expect(page.get_by_role("row", name="Delivery")).to_contain_text("Thorsten Berg")
    made = Assignment.objects.get(topic__code="delivery")
    assert (made.poc.name, made.reason) == ("Thorsten Berg", "Knows the site")


def test_on_a_phone_the_form_fits(phone: Page, project):
    sign_in(phone, UserFactory(account_manager=True))
    phone.goto(f"/projects/{project.pk}/")
    phone.locator("#cell-delivery-0").tap()
    expect(phone.locator("#matrix select[name=poc]")).to_be_focused()
    picture(phone, "matrix-editing-phone")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
