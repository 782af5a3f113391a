"""A warning before something is opened that may be there already: on the pages and in the administration."""

import re

import pytest
from django.test import Client

from accounts.models import Account
from contacts.models import Contact
from crm.users.models import RoleScope
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory, narrow

pytestmark = pytest.mark.django_db

SUR = {"name": "mercado sur", "kind": "prospect", "industry": "Food"}
LIMA = {"name": "B. Lima", "phones": "+351217771410", "position": "Buyer"}
PAGES = {Account: "/accounts/new/", Contact: "/contacts/new/"}
ADMIN = {Account: "/admin/accounts/account/add/", Contact: "/admin/contacts/contact/add/"}
SENT = {Account: SUR, Contact: LIMA}
DOORS = [(model, doors[model]) for doors in (PAGES, ADMIN) for model in (Account, Contact)]


@pytest.fixture
def there():
    """An account and a contact for which Ann Keller answers."""
    account = AccountFactory(name="Mercado Sur")
    contact = ContactFactory(name="Beatriz Lima", account=account, phones=["+351 21 777 1410"])
    ann = PersonFactory(name="Ann Keller", phone="+54 11 5555 0199", email="ann@firm.example")
    AssignmentFactory(dossier=account.dossier, poc=ann)
    return {Account: account, Contact: contact}


def warned(response) -> str:
    """The text of the warning; "" where there is none."""
    found = re.search(r'<div class="notice notice-warn twins".*?</div></div>', response.content.decode(), re.DOTALL)
    return found[0] if found else ""


@pytest.mark.parametrize(("model", "address"), DOORS)
def test_what_may_be_there_already_stops_the_first_save(as_manager: Client, there, model, address):
    answer = as_manager.post(address, SENT[model])
    assert model.objects.count() == 1
    text = warned(answer)
    for words in ("There may be one already", there[model].name, "Ann Keller answers", "+54 11 5555 0199"):
        assert words in text
    assert f'href="/d/{there[model].pk}/"' in text
    assert answer.status_code == (200 if "/admin/" in address else 422)


@pytest.mark.parametrize(("model", "address"), DOORS)
def test_nothing_typed_is_lost_and_the_button_opens_it(as_manager: Client, there, model, address):
    answer = as_manager.post(address, SENT[model])
    html = answer.content.decode()
    for typed in SENT[model].values():
        assert typed in html
    told = re.search(r'name="anyway" value="([\d,]+)"', html)[1]
    assert as_manager.post(address, SENT[model] | {"anyway": told}).status_code == 302
    assert model.objects.count() == 2


@pytest.mark.parametrize(("model", "address"), DOORS)
def test_what_was_changed_into_another_one_is_warned_of_anew(as_manager: Client, there, model, address):
    told = str(there[model].pk)
    other = {Account: AccountFactory(name="Rio"), Contact: ContactFactory(phones=["+351 22 222 2222"])}
    changed = {Account: {"name": "Rio"}, Contact: {"phones": "+351 222222222"}}
    answer = as_manager.post(address, SENT[model] | changed[model] | {"anyway": told})
    assert other[model].name in warned(answer)


@pytest.mark.parametrize(("model", "address"), DOORS)
def test_what_is_not_there_yet_is_opened_at_once(as_manager: Client, there, model, address):
    sent = {Account: SUR | {"name": "Mercado Norte"}, Contact: LIMA | {"phones": "+351 21 000 0000"}}
    assert as_manager.post(address, sent[model]).status_code == 302
    assert model.objects.count() == 2


def test_a_form_with_something_to_correct_is_corrected_first(as_manager: Client, there):
    answer = as_manager.post("/accounts/new/", SUR | {"zone": "Nowhere/Land"})
    assert answer.context["form"].errors
    assert not warned(answer)


@pytest.mark.parametrize("role", ["account_manager", "project_manager", "sales_rep", "support"])
@pytest.mark.parametrize("sees", [RoleScope.Sees.TEAM, RoleScope.Sees.OWN])
@pytest.mark.parametrize("model", [Account, Contact])
def test_outside_ones_view_one_is_told_the_name_and_who_answers(client: Client, clock, there, model, sees, role):
    narrow(role, sees)
    user = UserFactory(role=role)
    client.force_login(user)
    answer = client.post(PAGES[model], SENT[model])
    if not user.has_perm(f"{model._meta.app_label}.add_{model._meta.model_name}"):
        assert answer.status_code == 403
        return
    text = warned(answer)
    assert there[model].name in text
    assert "Ann Keller answers" in text
    assert "mailto:ann@firm.example" in text
    assert "/d/" not in text
    assert "777 1410" not in text
    if model is Contact:
        assert "Mercado Sur" not in text


def test_a_record_that_is_changed_is_not_compared_with_others(as_manager: Client, there):
    twin = AccountFactory(name="Mercado Sur")
    assert as_manager.post(f"/accounts/{twin.pk}/edit/", SUR).status_code == 302
    assert as_manager.post(f"/admin/accounts/account/{twin.pk}/change/", SUR).status_code == 302


@pytest.mark.parametrize("n", [1, 6])
def test_the_warning_costs_the_same_however_many_are_alike(as_manager: Client, django_assert_num_queries, n):
    for _n in range(n):
        AssignmentFactory(dossier=AccountFactory(name="Mercado Sur").dossier)
    # session, reader · names · who answers: topics, places, POCs · tiers
    with django_assert_num_queries(7):
        assert as_manager.post("/accounts/new/", SUR).context["twins"]
