"""Who is on the line: letters, digits, addresses; and what strangers to a record are told."""

import pytest

from crm.users.models import RoleScope
from interactions.look_up import find, looks_like_address
from projects.models import Project
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.poc import AssignmentFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import narrow


def titles(text, user):
    return [match.dossier.title for match in find(text, user=user, at=AT)]


@pytest.mark.parametrize("typed", ["lim", "LIMA", "beatriz lima", "lima bea", "  lima ", "Lïma"])
def test_letters_of_a_name_find_it_in_any_order_and_case(marta, lima, typed):
    ContactFactory(name="Rui Tavares")
    assert titles(typed, marta.user) == ["Beatriz Lima"]


@pytest.mark.parametrize("typed", ["777", "217771410", "+351 21 777 1410", "021 777 1410", "00351217771410", "1410"])
def test_any_digits_of_a_number_find_whose_it_is(marta, lima, typed):
    ContactFactory(phones=["+49 30 555 123"])
    (match,) = find(typed, user=marta.user, at=AT)
    assert (match.dossier.title, match.firm, match.reached_by) == (
        "Beatriz Lima", "Cervejaria Atlântico", "+351 21 777 1410",
    )  # fmt: skip


def test_an_address_finds_whose_it_is(marta):
    ContactFactory(name="Chiara Brambilla", emails=["Chiara@Brambilla.example"])
    assert titles("chiara@bram", marta.user) == ["Chiara Brambilla"]


def test_accounts_and_projects_are_found_too_and_the_archived_are_not(marta):
    ProjectFactory(name="Marvila cold store", account__name="Atlantico")
    AccountFactory(name="Marvila Conservas")
    AccountFactory(name="Marvila old", archived_at=AT)
    assert titles("marvila", marta.user) == ["Marvila Conservas", "Marvila cold store"]  # firms first
    assert Project.objects.exists()


def test_a_name_that_begins_so_comes_first(marta):
    AccountFactory(name="Aa Marvila")
    AccountFactory(name="Marvila")
    assert titles("marvila", marta.user) == ["Marvila", "Aa Marvila"]


@pytest.mark.parametrize("typed", ["", "a", "12", "+ ( )", "\0", "%%%", "@"])
def test_too_little_finds_nothing(marta, lima, typed):
    assert titles(typed, marta.user) == []


def test_outside_ones_view_only_the_name_and_who_answers_are_told(marta, lima, ann):
    narrow("sales_rep", RoleScope.Sees.OWN)
    (match,) = find("lima", user=marta.user, at=AT)
    assert (match.is_visible, match.dossier.title, match.seat.poc) == (False, "Beatriz Lima", ann)
    assert (match.firm, match.reached_by) == ("", "")


def test_what_one_may_see_comes_before_what_one_may_not(marta):
    narrow("sales_rep", RoleScope.Sees.OWN)
    AccountFactory(name="Marvila 1")
    AssignmentFactory(dossier=AccountFactory(name="Marvila 2").dossier, poc=marta)
    assert titles("marvila", marta.user) == ["Marvila 2", "Marvila 1"]


@pytest.mark.parametrize("contacts", [1, 12])
@pytest.mark.parametrize("typed", ["contact", "217771410"])
def test_finding_costs_the_same_however_many_are_found(marta, contacts, typed, django_assert_num_queries):
    narrow("sales_rep", RoleScope.Sees.OWN)
    for _n in range(contacts):
        ContactFactory(at_account=True, phones=["+351 21 777 1410"])
    find("x" * 5, user=marta.user, at=AT)  # the homes are known once per request
    with django_assert_num_queries(5 if typed == "contact" else 6):  # records twice, who answers; numbers
        find(typed, user=marta.user, at=AT)


@pytest.mark.parametrize(
    ("text", "is_address"), [("+34 600", True), ("a@b.example", True), ("Ann 2", False), ("", False)]
)
def test_a_number_or_an_address_is_told_from_a_name(text, is_address):
    assert looks_like_address(text) is is_address
