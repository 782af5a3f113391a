"""The administration in Chromium, under the policy that forbids inline scripts and styles."""

from datetime import timedelta

import pytest

from crm.poc.models import PointOfContact
from tests.browser import picture, sign_in, violations
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import tier
from tests.factories.interactions import InteractionFactory
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def house(database):
    """A small house with something on every page."""
    ada = PersonFactory(name="Ada Admin", user=UserFactory(administrator=True))
    joao, ines = PersonFactory(name="João Pereira", phone="+351 21 000 0000"), PersonFactory(name="Inês Carvalho")
    team = TeamFactory(name="Team AR", members=[joao, ines], lead=ines)
    beer = AccountFactory(
        name="Cervejaria Atlântico, S.A.", tier=tier("a"), city="Lisbon", kind="customer", country="PT"
    )
    AccountFactory(name="Mercado Sur", tier=tier("b"), city="Madrid")
    long = AccountFactory(name="Vereinigte Kühlhausbetriebe Berlin-Brandenburg GmbH & Co. KG", city="Berlin")
    AssignmentFactory(dossier=beer.dossier, poc=joao)
    AssignmentFactory(dossier=beer.dossier, poc=ines, rank=1)
    AssignmentFactory(dossier=long.dossier, poc=team)
    AbsenceFactory(poc=joao, cover=ines, reason="Holiday")
    contact = ContactFactory(
        name="Beatriz Lima", account=beer, roles=[role()], phones=["+351 21 123 4567"], position="CFO"
    )
    ProjectFactory(name="Bottling line 3", account=beer)
    CommitmentFactory(dossier=beer.dossier, title="Call Beatriz Lima", due_at=AT - timedelta(hours=3))
    InteractionFactory(account=beer, contact=contact, poc=joao, occurred_at=AT - timedelta(days=2))
    return ada, beer, joao


PAGES = {
    "index": "/admin/",
    "accounts": "/admin/accounts/account/",
    "account": "/admin/accounts/account/{account}/change/",
    "account-new": "/admin/accounts/account/add/",
    "who": "/admin/accounts/account/{account}/who/",
    "history": "/admin/accounts/account/{account}/history/",
    "contacts": "/admin/contacts/contact/",
    "pocs": "/admin/poc/pointofcontact/",
    "team": "/admin/poc/pointofcontact/{team}/change/",
    "no-sign-in": "/admin/users/user/{nobody}/leave/",
    "assignments": "/admin/poc/assignment/",
    "assignment-new": "/admin/poc/assignment/add/",
    "absence-new": "/admin/poc/absence/add/",
    "calendar": "/admin/poc/workingcalendar/1/change/",
    "holidays": "/admin/poc/workingcalendar/1/holidays/",
    "owed": "/admin/commitments/commitment/",
    "policies": "/admin/commitments/policy/",
    "policy": "/admin/commitments/policy/1/change/",
    "policy-version": "/admin/commitments/policy/2/version/",
    "policy-try": "/admin/commitments/policy/1/try/",
    "users": "/admin/users/user/",
    "user": "/admin/users/user/{user}/change/",
    "role": "/admin/users/role/2/change/",
    "outcome": "/admin/dossiers/outcome/1/change/",
}


@pytest.mark.parametrize("width", ["page", "phone"])
def test_every_kind_of_page_is_accessible_and_says_nothing_on_the_console(house, request, width):
    page = request.getfixturevalue(width)
    ada, beer, joao = house
    sign_in(page, ada.user)
    team = PointOfContact.objects.get(name="Team AR")
    nobody = UserFactory(name="Bo Berg")
    ids = {"account": beer.pk, "poc": joao.pk, "team": team.pk, "user": ada.user_id, "nobody": nobody.pk}
    found = {}
    for name, address in PAGES.items():
        response = page.goto(address.format(**ids))
        assert response.status == 200, name
        picture(page, f"admin-{name}-{page.viewport_size['width']}")
        if bad := violations(page):
            found[name] = bad
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found[f"{name} is too wide"] = wide
    assert not found


def test_somebody_is_found_by_typing_and_answers(house, page):
    ada, beer, _joao = house
    sign_in(page, ada.user)
    page.goto(f"/admin/accounts/account/{beer.pk}/who/")
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("ines")
    page.locator(".select2-results__option", has_text="Inês Carvalho").click()
    picture(page, "admin-who-filled")
    page.get_by_label("Why").fill("Moves to Berlin")
    page.get_by_role("button", name="Change who answers").click()
    page.get_by_text("Inês Carvalho answers about general").wait_for()


def test_a_selection_is_changed_by_hand(house, page):
    ada, _beer, _joao = house
    sign_in(page, ada.user)
    page.goto("/admin/accounts/account/")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("change_poc")
    page.get_by_role("button", name="Go").click()
    page.get_by_text("For 3 records").wait_for()
    picture(page, "admin-who-many")
