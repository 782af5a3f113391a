"""Whose number or address is it."""

import pytest

from crm.dossiers.models import Firm
from interactions.callers import match
from tests.factories import AT
from tests.factories.contacts import ContactFactory


@pytest.fixture
def lisbon(db):
    Firm.objects.update_or_create(pk=Firm.ONLY, defaults={"country": "PT"})


@pytest.mark.parametrize(
    "written",
    ["+351 21 123 4567", "00351 211 234 567", "211234567", "21 123 45 67", "(351) 21-123-4567", "351211234567"],
)
def test_a_number_is_found_in_any_way_of_writing_it(lisbon, written):
    ContactFactory(phones=["+351 93 000 0000"])
    contact = ContactFactory(phones=["+351 211 234 567"])
    assert match(phone=written) == [contact]


def test_a_number_that_was_kept_unreadable_is_found_by_its_digits(db):
    contact = ContactFactory(phones=["ext. 4711"])
    assert match(phone="4711") == [contact]


def test_the_end_of_a_number_alone_matches_only_when_it_is_long(db):
    contact = ContactFactory(phones=["+351 211 234 567"])
    assert match(phone="0211 234 567") == [contact]
    assert match(phone="234 567") == []
    assert match(phone="12") == match(phone="") == match(phone="no digits") == []


def test_an_address_is_found_whatever_its_case(db):
    contact = ContactFactory(emails=["Maria.Lima@Example.com"])
    assert match(email=" maria.lima@example.COM ") == [contact]
    assert match(email="lima@example.com") == []


def test_whoever_has_both_comes_alone_and_else_all_are_candidates(db):
    desk = ContactFactory(phones=["+351 211 234 567"])
    maria = ContactFactory(phones=["+351 211 234 567"], emails=["maria@example.com"])
    joao = ContactFactory(emails=["joao@example.com"])
    assert match(phone="+351211234567") == [desk, maria]
    assert match(phone="+351211234567", email="maria@example.com") == [maria]
    assert match(phone="+351211234567", email="joao@example.com") == [desk, maria, joao]


def test_archived_contacts_are_nobody(db):
    ContactFactory(phones=["+351 211 234 567"], archived_at=AT)
    assert match(phone="+351211234567") == []


def test_what_cannot_be_an_address_is_nobody(db):
    assert match(phone="+" + "9" * 5000, email="x" * 5000) == []
