"""What may be there already when an account or a contact is opened."""

import pytest

from crm.dossiers.models import Firm
from crm.users.models import RoleScope
from interactions import twins
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import UserFactory, narrow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(clock):
    clock.freeze(AT)


@pytest.fixture
def user():
    return UserFactory(role="sales_rep")


def accounts(user, name="Mercado Norte", **values):
    return twins.of_account(name=name, user=user, at=AT, **values)


def contacts(user, name="Somebody Else", **values):
    return twins.of_contact(name=name, user=user, at=AT, **values)


def titles(found):
    return [match.dossier.title for match in found]


@pytest.mark.parametrize("name", ["Mercado Sur", "  MERCADO  sur", "Mércado Sur"])
def test_an_account_of_the_same_name_may_be_the_same_however_it_is_written(user, name):
    AccountFactory(name="Mercado Sur")
    assert titles(accounts(user, name)) == ["Mercado Sur"]


@pytest.mark.parametrize("website", ["https://www.sur.example", "http://sur.example/shop?a=1", "https://SUR.example/"])
def test_an_account_with_a_website_at_the_same_host_may_be_the_same(user, website):
    AccountFactory(name="Mercado Sur", website="https://sur.example/")
    AccountFactory(name="Notmercado", website="https://notsur.example/")
    AccountFactory(name="Elsewhere", website="https://other.example/sur.example")
    assert titles(accounts(user, website=website)) == ["Mercado Sur"]


@pytest.mark.parametrize("website", ["", "https://[broken", "nowhere"])
def test_accounts_without_a_website_are_not_alike(user, website):
    AccountFactory(website="")
    AccountFactory(website="https://[broken")
    assert accounts(user, website=website) == []


def test_neither_other_names_nor_what_is_archived_nor_records_of_another_kind_are_alike(user):
    AccountFactory(name="Mercado Sur de Lima")
    AccountFactory(name="Mercado Sur", website="https://sur.example", archived_at=AT)
    ContactFactory(name="Mercado Sur")
    assert accounts(user, "Mercado Sur", website="https://sur.example") == []


NUMBERS = ["+351 21 777 1410", "21 777 1410", "00351217771410", "(21) 777-1410", "+351 (21) 777.1410"]


@pytest.mark.parametrize("stored", ["+351 21 777 1410", "21 777 1410"])
@pytest.mark.parametrize("typed", NUMBERS)
def test_a_contact_with_the_same_number_may_be_the_same_however_it_is_written(user, stored, typed):
    Firm.objects.update(country="PT")
    ContactFactory(name="Beatriz Lima", phones=[stored], phones__country="PT")
    assert titles(contacts(user, phones=[typed])) == ["Beatriz Lima"]


def test_a_number_that_could_not_be_read_when_it_was_kept_is_found_by_its_digits(user):
    ContactFactory(name="Beatriz Lima", phones=["21 777 1410"])  # of no country
    ContactFactory(name="Someone", phones=["1410"])
    assert titles(contacts(user, phones=["+351 21 777 1410"])) == ["Beatriz Lima"]
    assert titles(contacts(user, phones=["14-10"])) == ["Someone"]


def test_a_number_is_dialled_in_the_country_of_the_account(user):
    spanish = AccountFactory(country="ES")
    ContactFactory(name="Lucía Gil", phones=["+34 912 345 678"])
    ContactFactory(name="Rui Gil", phones=["+351 912 345 678"])
    assert titles(contacts(user, account=spanish, phones=["912 345 678"])) == ["Lucía Gil"]


def test_a_number_known_to_be_wrong_and_one_with_hardly_a_digit_mean_nobody(user):
    contact = ContactFactory(phones=["+351 21 777 1410"])
    contact.phones.update(is_wrong=True)
    assert contacts(user, phones=["+351 21 777 1410"]) == []
    assert contacts(user, phones=["+"]) == []


def test_a_contact_with_the_same_address_may_be_the_same(user):
    ContactFactory(name="Beatriz Lima", emails=["other@lima.example", "B.Lima@lima.example"])
    found = contacts(user, emails=["new@lima.example", "b.lima@LIMA.example"])
    assert [(match.dossier.title, match.reached_by) for match in found] == [("Beatriz Lima", "B.Lima@lima.example")]
    assert contacts(user, emails=["lima@lima.example"]) == []


def test_a_name_is_the_same_person_at_the_same_account_only(user):
    here, there = AccountFactory(name="Cervejaria"), AccountFactory()
    ContactFactory(name="Beatriz Lima", account=here)
    assert [(m.dossier.title, m.firm) for m in contacts(user, "beatriz lima", account=here)] == [
        ("Beatriz Lima", "Cervejaria")
    ]
    assert contacts(user, "Beatriz Lima", account=there) == []
    assert contacts(user, "Beatriz Lima") == []
    ContactFactory(name="Beatriz Lima")
    assert len(contacts(user, "Beatriz Lima")) == 1


def test_who_answers_is_told_of_each(user):
    ann = PersonFactory(name="Ann Keller")
    AssignmentFactory(dossier=AccountFactory(name="Mercado Sur").dossier, poc=ann)
    assert [match.seat.poc for match in accounts(user, "Mercado Sur")] == [ann]


@pytest.mark.parametrize("sees", [RoleScope.Sees.TEAM, RoleScope.Sees.OWN])
def test_outside_ones_view_nothing_is_told_but_the_name_and_who_answers(user, sees):
    narrow("sales_rep", sees)
    mine = ContactFactory(name="Zé", account=AccountFactory(name="Mine"), phones=["+351 21 777 1410"])
    AssignmentFactory(dossier=mine.account.dossier, poc=PersonFactory(user=user))
    ContactFactory(name="Ana", account=AccountFactory(name="Theirs"), phones=["+351 21 777 1410"])
    found = contacts(user, phones=["+351217771410"])
    assert [(m.dossier.title, m.is_visible, m.firm, m.reached_by) for m in found] == [
        ("Zé", True, "Mine", "+351 21 777 1410"),
        ("Ana", False, "", ""),
    ]
    assert all(match.seat for match in found)


def test_what_was_told_does_not_stop_a_second_time_but_another_one_does(user):
    first = AccountFactory(name="Mercado Sur")
    assert accounts(user, "Mercado Sur", told=str(first.pk)) == []
    second = AccountFactory(name="Mercado Sur")
    assert len(accounts(user, "Mercado Sur", told=str(first.pk))) == 2
    assert accounts(user, "Mercado Sur", told=f"{second.pk},{first.pk},x") == []


def test_at_most_eight_are_told(user):
    AccountFactory.create_batch(9, name="Mercado Sur")
    assert len(accounts(user, "Mercado Sur")) == 8


@pytest.mark.parametrize("n", [1, 7])
def test_looking_costs_the_same_however_many_there_are(user, django_assert_num_queries, n):
    with django_assert_num_queries(2):  # websites, names
        accounts(user, website="https://sur.example")
    with django_assert_num_queries(3):  # the firm's country, addresses and numbers, names
        contacts(user, emails=["a@b.example"], phones=["+351 1234567"])
    for _n in range(n):
        AssignmentFactory(dossier=AccountFactory(name="Mercado Sur", website="https://sur.example").dossier)
        ContactFactory(name="Beatriz Lima", phones=["+351 21 777 1410"])
    twins.of_account(name="Mercado Sur", user=user, at=AT)  # what the user may see is asked once
    with django_assert_num_queries(2 + 3):  # who answers: topics, places, POCs
        assert len(accounts(user, website="https://sur.example")) == n
    with django_assert_num_queries(3 + 3):
        assert len(contacts(user, phones=["+351 21 777 1410"])) == n
