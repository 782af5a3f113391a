"""Contacts: the list, the page, the forms."""

import pytest
from django.test import Client

from contacts.models import Contact
from crm.users.models import RoleScope
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import EventFactory
from tests.factories.poc import AssignmentFactory
from tests.factories.projects import StakeholderFactory
from tests.factories.users import narrow
from tests.pages.test_accounts import names, promise

pytestmark = pytest.mark.django_db


def full_contact(**fields) -> Contact:
    """A contact at an account, with addresses, a role, something owed and something that happened."""
    contact = ContactFactory(
        at_account=True, roles=[role("billing")], emails=["b@cervejaria.example"], phones=["+351 21 555 0123"], **fields
    )
    AssignmentFactory(dossier=contact.dossier)
    promise(contact)
    EventFactory(dossiers=[contact.dossier])
    return contact


@pytest.mark.parametrize("contacts", [1, 12])
def test_the_list_costs_the_same_however_long(as_rep: Client, django_assert_num_queries, contacts):
    for _n in range(contacts):
        full_contact()
    # session, reader · roles to filter by, rows · who answers: topics, places, POCs · what is owed next
    with django_assert_num_queries(8):
        assert len(as_rep.get("/contacts/").context["page"]) == contacts


@pytest.mark.parametrize("n", [1, 10])
def test_the_page_costs_the_same_whatever_happened(as_rep: Client, django_assert_num_queries, n):
    contact = full_contact()
    for _n in range(n):
        EventFactory.create_batch(10, dossiers=[contact.dossier])
        promise(contact)
        StakeholderFactory(contact=contact)
    # session, reader · contact, e-mails, phones, words, what is owed · who answers: places, POCs · timeline ·
    # projects · handovers that wait
    with django_assert_num_queries(12):
        as_rep.get(f"/contacts/{contact.pk}/")


def test_a_contact_outside_ones_view_is_not_there(as_manager: Client):
    narrow("account_manager", RoleScope.Sees.OWN)
    contact = ContactFactory()
    assert as_manager.get(f"/contacts/{contact.pk}/").status_code == 404
    assert as_manager.get(f"/contacts/{contact.pk}/edit/").status_code == 404
    assert names(as_manager.get("/contacts/")) == []


def test_contacts_are_found_by_name_address_and_any_digits(as_rep: Client):
    full_contact(name="Beatriz Lima")
    ContactFactory(name="Rui Tavares", phones=["+351 21 555 9999"])
    for query in ("q=beatriz", "q=B@CERVEJARIA", "q=5550123", "q=555+01", "role=billing"):
        assert names(as_rep.get(f"/contacts/?{query}")) == ["Beatriz Lima"], query


def test_a_wrong_number_is_marked_and_not_offered_to_be_called(as_rep: Client):
    contact = ContactFactory(phones=["+351 21 555 0123"])
    contact.phones.update(is_wrong=True)
    assert "wrong number" in as_rep.get(f"/contacts/{contact.pk}/").content.decode()
    assert "Call " not in as_rep.get("/contacts/").content.decode()


def test_a_contact_keeps_several_addresses_in_their_order(as_rep: Client):
    account = AccountFactory(name="Cervejaria", country="PT")
    as_rep.post(
        "/contacts/new/",
        {
            "name": "Beatriz Lima",
            "account": "Cervejaria",
            "emails": "b@c.example\nlima@c.example",
            "phones": "215550123\r\n+49 30 1234567",
        },
    )
    contact = Contact.objects.get()
    assert contact.account == account
    assert [email.address for email in contact.emails.all()] == ["b@c.example", "lima@c.example"]
    assert [phone.e164 for phone in contact.phones.all()] == ["+351215550123", "+49301234567"]


def test_a_link_from_an_account_fills_it_in(as_rep: Client):
    account = AccountFactory(name="Cervejaria")
    assert 'value="Cervejaria"' in as_rep.get(f"/contacts/new/?account={account.pk}").content.decode()


@pytest.mark.parametrize("account", ["x", "²", "999999999999999999999999", "-1", ""])
def test_a_made_up_link_fills_nothing_in(as_rep: Client, account):
    assert as_rep.get("/contacts/new/", {"account": account}).status_code == 200
    assert as_rep.get("/projects/new/", {"account": account}).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("emails", "b@c.example\nnot an address"), ("phones", "call me"), ("account", "Nobody"),
     ("zone", "Mars/Base"), ("roles", "999"), ("preferred_channel", "x"), ("language", "xx")],
)  # fmt: skip
def test_bad_input_is_said_beside_its_field_and_nothing_is_saved(as_rep: Client, field, value):
    answer = as_rep.post("/contacts/new/", {"name": "Beatriz Lima"} | {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Contact.objects.exists()


def test_changing_a_contact_leaves_what_was_not_touched(as_rep: Client):
    contact = full_contact(name="Beatriz Lima", last_touch_at=AT)
    page = as_rep.get(f"/contacts/{contact.pk}/edit/")
    form = page.context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    values |= {"roles": [r.pk for r in contact.roles.all()], "emails": "b@cervejaria.example", "position": "CFO"}
    values |= {"phones": "+351 21 555 0123", "account": contact.account.name, "tier": "", "preferred_channel": ""}
    assert as_rep.post(f"/contacts/{contact.pk}/edit/", values).status_code == 302
    changed = Contact.objects.get()
    assert (changed.position, changed.account, changed.last_touch_at) == ("CFO", contact.account, AT)
    assert [r.code for r in changed.roles.all()] == ["billing"]
