import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from contacts.models import Contact, ContactPhone
from tests.factories.contacts import ContactFactory, role
from tests.factories.projects import StakeholderFactory

pytestmark = pytest.mark.django_db


def test_an_imported_contact_is_there_once():
    ContactFactory(source="crm_sales", external_id="7")
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactFactory(source="crm_sales", external_id="7")


def test_an_address_is_kept_once_per_contact_and_may_be_shared():
    contact = ContactFactory(emails=["info@rio.example"])
    ContactFactory(emails=["info@rio.example"])
    with pytest.raises(IntegrityError), transaction.atomic():
        contact.emails.create(address="INFO@rio.example", address_key="info@rio.example")


def test_a_number_is_kept_once_per_contact():
    contact = ContactFactory(phones=["+351 21 000 0000"])
    with pytest.raises(IntegrityError), transaction.atomic():
        contact.phones.create(number="+351 21 000 0000", digits="351210000000")


def test_a_number_in_e164_begins_with_its_plus():
    with pytest.raises(IntegrityError, match="contact_phone_e164_with_plus"), transaction.atomic():
        ContactPhone.objects.create(contact=ContactFactory(), number="1", e164="351210000000", digits="1")


def test_a_contact_with_a_stake_cannot_be_deleted():
    contact = StakeholderFactory().contact
    with pytest.raises(ProtectedError):
        contact.delete()


@pytest.mark.parametrize("many", [1, 12])
def test_a_list_loads_in_five_queries_however_long(django_assert_num_queries, many):
    for n in range(many):
        ContactFactory(at_account=True, emails=[f"a{n}@rio.example"], phones=["+351 210 000 000"], roles=[role()])
    with django_assert_num_queries(5):  # contacts, e-mails, phones, roles, their topics
        for contact in Contact.objects.for_list():
            assert contact.account.name
            assert contact.emails.all()[0].address
            assert contact.roles.all()[0].topics.all()


@pytest.mark.parametrize("many", [1, 12])
def test_rows_load_in_one_query_with_the_first_that_is_right(django_assert_num_queries, many):
    for n in range(many):
        phones = ["+351 210 000 000", "+351 210 000 001", "112 Rui"]
        contact = ContactFactory(at_account=True, emails=[f"a{n}@rio.example", "b@rio.example"], phones=phones)
        contact.phones.filter(position=0).update(is_wrong=True)
        contact.roles.set([role("technical"), role("billing")])
    ContactFactory(name="Nobody knows how", phones=["112 Rui"])
    with django_assert_num_queries(1):
        *rows, last = Contact.objects.for_rows().order_by("pk")
        assert {row.account.name for row in rows}
    assert [(row.phone, row.email) for row in rows] == [("+351210000001", f"a{n}@rio.example") for n in range(many)]
    assert {tuple(row.role_names) for row in rows} == {("Billing", "Technical")}
    assert (last.phone, last.email, last.role_names) == ("112 Rui", "", [])
