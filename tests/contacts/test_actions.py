import pytest

from contacts.actions import BadEmail, BadPhone, NewContact, change_contact, open_contact, open_contacts
from contacts.models import Contact, ContactEmail, ContactPhone
from crm.dossiers.actions import NameRequired
from crm.dossiers.models import Event, Firm
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import channel
from tests.factories.users import actor

pytestmark = pytest.mark.django_db


def opened(**values):
    return open_contact(**{"name": "Beatriz Lima", "by": actor(), "at": AT} | values)


def changed(contact, **values):
    """Change a contact, by default to what it is."""
    own = {"name": contact.name, "account": contact.account, "tier": None}
    return change_contact(contact=contact, by=actor(), at=AT, **own | values)


def test_opening_keeps_addresses_numbers_and_roles_in_the_order_given():
    account = AccountFactory(country="PT")
    contact = opened(
        account=account, emails=["b@rio.example", " A@rio.example "], phones=["21 123 4567", "+39 02 1234 5678"],
        roles=[role("billing")], position="CFO",
    )  # fmt: skip
    assert [e.address for e in contact.emails.all()] == ["b@rio.example", "A@rio.example"]
    assert [(p.number, p.e164, p.digits) for p in contact.phones.all()] == [
        ("21 123 4567", "+351211234567", "211234567"), ("+39 02 1234 5678", "+390212345678", "390212345678"),
    ]  # fmt: skip
    assert [r.code for r in contact.roles.all()] == ["billing"]
    assert contact.dossier.home_id == account.pk


def test_a_number_is_dialled_in_the_accounts_country_else_in_the_firms():
    Firm.objects.update(country="PT")
    abroad = opened(account=AccountFactory(country="IT"), phones=["02 1234 5678"])
    at_home = opened(phones=["21 123 4567"])
    assert abroad.phones.get().e164 == "+390212345678"
    assert at_home.phones.get().e164 == "+351211234567"


def test_what_cannot_be_read_as_a_number_is_kept_as_written():
    contact = opened(phones=["ask for 4711 at the desk"])
    phone = contact.phones.get()
    assert (phone.number, phone.e164, phone.digits) == ("ask for 4711 at the desk", "", "4711")


def test_an_address_or_number_given_twice_is_kept_once():
    contact = opened(
        emails=["b@rio.example", "B@RIO.example", ""], phones=["+351 21 123 4567", "+351  21 123 4567", " "]
    )
    assert contact.emails.count() == contact.phones.count() == 1


@pytest.mark.parametrize(
    ("values", "refusal", "field"),
    [
        ({"name": ""}, NameRequired, "name"),
        ({"emails": ["a@rio.example", "nobody"]}, BadEmail, "emails"),
        ({"emails": ["a" * 250 + "@rio.example"]}, BadEmail, "emails"),
        ({"phones": ["12"]}, BadPhone, "phones"),
        ({"phones": ["1" * 61]}, BadPhone, "phones"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_nothing_is_written(values, refusal, field):
    with pytest.raises(refusal) as refused:
        opened(**values)
    assert refused.value.field == field
    assert not Contact.objects.exists()


def test_the_refused_value_is_named():
    with pytest.raises(BadEmail) as refused:
        opened(emails=["nobody"])
    assert refused.value.messages == ["This is not an e-mail address: nobody"]


@pytest.mark.parametrize("many", [2, 40])
def test_opening_many_costs_the_same_few_statements(django_assert_num_queries, many):
    by, account, billing = actor(), AccountFactory(country="PT"), role("billing")
    new = [
        NewContact(f"Contact {n}", account, emails=[f"c{n}@rio.example"], phones=["21 123 4567"], roles=[billing])
        for n in range(many)
    ]
    # savepoint, levels above, records, contacts, the firm, e-mails, phones, roles, events, timelines, savepoint
    with django_assert_num_queries(11):
        open_contacts(contacts=new, by=by, at=AT)
    assert ContactEmail.objects.count() == ContactPhone.objects.count() == many


def test_changing_replaces_what_is_given_and_leaves_what_is_not():
    contact = ContactFactory(emails=["old@rio.example"], phones=["+351 21 123 4567"], roles=[role("billing")])
    changed(contact, emails=["new@rio.example"])
    assert [e.address for e in contact.emails.all()] == ["new@rio.example"]
    assert contact.phones.count() == contact.roles.count() == 1
    changed(contact, phones=[], roles=[])
    assert not contact.phones.exists()
    assert not contact.roles.exists()


def test_old_and_new_are_recorded_and_what_is_personal_apart():
    contact = ContactFactory(emails=["old@rio.example"], roles=[role("billing")])
    changed(contact, emails=["new@rio.example"], roles=[role("technical")], position="CFO",
            preferred_channel=channel("email"))  # fmt: skip
    event = Event.objects.get()
    assert event.facts["changes"] == {
        "position": ["", "CFO"], "preferred_channel": ["", "E-mail"], "emails": ["", ""],
        "roles": ["Billing", "Technical"],
    }  # fmt: skip
    assert event.personal.values == {"changes": {"emails": ["old@rio.example", "new@rio.example"]}}


def test_giving_the_same_again_records_nothing_and_keeps_the_rows():
    contact = ContactFactory(emails=["a@rio.example"], phones=["+351 21 123 4567"], roles=[role()])
    rows = [contact.emails.get().pk, contact.phones.get().pk]
    changed(contact, emails=["a@rio.example"], phones=["+351 21 123 4567"], roles=[role()])
    assert not Event.objects.exists()
    assert [contact.emails.get().pk, contact.phones.get().pk] == rows


def test_a_wrong_number_stays_marked_while_it_stays():
    contact = ContactFactory(phones=["+351 21 123 4567"])
    contact.phones.update(is_wrong=True)
    changed(contact, phones=["+351 21 123 4567", "+351 21 765 4321"])
    assert [(p.number, p.is_wrong) for p in contact.phones.all()] == [
        ("+351 21 123 4567", True), ("+351 21 765 4321", False),
    ]  # fmt: skip


def test_a_new_employer_takes_the_future_and_leaves_the_past():
    contact = ContactFactory(at_account=True)
    new = AccountFactory()
    moved = changed(contact, account=new)
    assert (moved.account, moved.dossier.home_id, moved.dossier.parent_id) == (new, new.pk, new.pk)
