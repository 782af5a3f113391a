"""The page on which one shares a card, or who to contact, and takes it back."""

import re

import pytest

from crm.dossiers.models import Firm
from crm.poc.models import ShareLink
from crm.poc.sharing import may_share_record
from crm.users import roles
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import PersonFactory, ShareLinkFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, narrow
from tests.inline import inline_code

FORM = {"shown": ["name", "phone"], "language": "it", "days": "30", "label": "Mr Costa"}


@pytest.fixture
def manager(db, clock, client):
    clock.freeze(AT)
    user = UserFactory(name="Giulia Ferrari", account_manager=True)
    client.force_login(user)
    return client


def addresses():
    return [
        f"/pocs/{PersonFactory().pk}/share/",
        f"/d/{AccountFactory().pk}/share/",
        f"/d/{ProjectFactory().pk}/share/",
    ]


def test_a_link_is_made_and_shown_once_with_its_qr_code(manager, settings):
    for address in addresses():
        made = manager.post(address, FORM)
        html = made.content.decode()
        assert (made.status_code, inline_code(html)) == (201, [])
        shown = re.search(r'href="(/s/[^"]+/)"', html)[1]
        assert f">{settings.PUBLIC_URL}{shown}</a>" in html
        assert '<svg class="qr"' in html
        assert "no-store" in made["Cache-Control"]
        assert manager.get(shown)["Content-Language"] == "it"
        again = manager.get(address).content.decode()
        assert shown not in again
        assert "Mr Costa" in again and "Giulia Ferrari" in again and "until" in again


def test_the_form_begins_with_what_is_usual(manager):
    Firm.objects.update(language="ru")
    form = manager.get(addresses()[0]).context["form"]
    assert (form["language"].value(), form["days"].value()) == ("ru", "90")
    assert form["shown"].value() == ["name", "topic", "phone", "email", "hours"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"shown": ["name"]}, "else nobody could be reached"),
        ({"days": "9999"}, "valid choice"),
        ({"shown": []}, "required"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_shared(manager, wrong, said):
    response = manager.post(addresses()[0], FORM | wrong)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not ShareLink.objects.exists()


def test_what_is_shared_now_is_listed_and_taken_back(manager):
    link = ShareLinkFactory(label="Mr Costa", opened_at=AT, opened=3)
    ShareLinkFactory(poc=link.poc, label="Old one", expires_at=AT)
    ShareLinkFactory(poc=link.poc, label="Revoked", revoked_at=AT)
    address = f"/pocs/{link.poc_id}/share/"
    html = manager.get(address).content.decode()
    assert "Mr Costa" in html and "last opened" in html and "expired" in html
    assert "Revoked" not in html
    assert manager.post(f"/share-links/{link.pk}/revoke/", follow=True).redirect_chain == [(address, 302)]
    link.refresh_from_db()
    assert link.revoked_at == AT
    assert "Mr Costa" not in manager.get(address).content.decode()


def test_taking_it_back_asks_for_a_post(manager):
    assert manager.get(f"/share-links/{ShareLinkFactory().pk}/revoke/").status_code == 405


def test_whoever_may_not_share_is_refused_and_strangers_to_a_record_do_not_find_it(db, client):
    client.force_login(PersonFactory(user=UserFactory(role="support")).user)
    assert [client.get(address).status_code for address in addresses()] == [403, 403, 403]
    narrow("account_manager", RoleScope.Sees.OWN)
    client.force_login(UserFactory(role="account_manager"))
    account = AccountFactory()
    assert client.get(f"/d/{account.pk}/share/").status_code == 404
    link = ShareLinkFactory(dossier=account.dossier)
    assert client.post(f"/share-links/{link.pk}/revoke/").status_code == 404


def test_other_records_have_no_such_page(manager):
    for dossier in (ContactFactory().dossier, AccountFactory(archived_at=AT).dossier):
        assert manager.get(f"/d/{dossier.pk}/share/").status_code == 404


@pytest.mark.parametrize("n", [1, 20])
def test_the_page_costs_the_same_however_many_links_there_are(manager, n, django_assert_num_queries):
    poc = PersonFactory()
    for _n in range(n):
        ShareLinkFactory(poc=poc, created_by=UserFactory())
    manager.get(f"/pocs/{poc.pk}/share/")
    with django_assert_num_queries(6):  # who reads (2), the POC, may one, the firm, the links
        manager.get(f"/pocs/{poc.pk}/share/")


@pytest.mark.parametrize("role", roles.LABELS)
def test_from_a_record_one_may_share_a_link_leads_there(db, client, clock, role):
    clock.freeze(AT)
    user = UserFactory(role=role)
    client.force_login(user)
    for record, kind in ((AccountFactory(), "accounts"), (ProjectFactory(), "projects")):
        link = f'href="/d/{record.pk}/share/"' in client.get(f"/{kind}/{record.pk}/").content.decode()
        assert link == may_share_record(user, record.dossier)
        assert client.get(f"/d/{record.pk}/share/").status_code == (200 if link else 403)


def test_what_is_archived_and_what_is_no_account_or_project_is_not_offered_to_be_shared(db, client, clock):
    clock.freeze(AT)
    client.force_login(UserFactory(role="account_manager"))
    for record, kind in ((AccountFactory(archived_at=AT), "accounts"), (ContactFactory(), "contacts")):
        assert "/share/" not in client.get(f"/{kind}/{record.pk}/").content.decode()
