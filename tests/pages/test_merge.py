"""Merging from the pages and the administration."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Account
from crm.dossiers.models import Dossier, Event
from crm.users.models import RoleScope
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import tier
from tests.factories.poc import AssignmentFactory
from tests.factories.users import narrow

pytestmark = pytest.mark.django_db


@pytest.fixture
def keep():
    return AccountFactory(name="Adega Azul", city="Lisbon", website="https://www.azul.example/")


@pytest.fixture
def drop():
    return AccountFactory(name="Adega Azul Lda", city="Lisboa", industry="Wine", website="http://azul.example/shop")


def side_by_side(keep, drop) -> str:
    return f"/merge/?a={keep.pk}&b={drop.pk}"


def test_possible_duplicates_share_a_name_or_a_website(as_manager: Client, keep, drop):
    twins = AccountFactory.create_batch(2, name="Olive Mill")
    AccountFactory(name="Olive Mill", archived_at=AT)
    AccountFactory(name="Lone Star", website="https://lone.example")
    AccountFactory(website="https://[broken")
    groups = as_manager.get("/merge/").context["groups"]
    found = [(group.same, [account for account, _href in accounts]) for group, accounts in groups]
    assert found == [("Olive Mill", twins), ("azul.example", [keep, drop])]


def test_two_that_share_both_are_one_group(as_manager: Client):
    AccountFactory.create_batch(2, name="Olive Mill", website="https://olive.example")
    assert len(as_manager.get("/merge/").context["groups"]) == 1


def test_from_an_account_one_sees_what_may_be_the_same_firm(as_manager: Client, keep, drop):
    assert f"/merge/?b={drop.pk}" in as_manager.get(f"/accounts/{drop.pk}/").content.decode()
    answer = as_manager.get(f"/merge/?b={drop.pk}")
    assert [other for other, _href in answer.context["like"]] == [keep]


def test_or_one_names_them(as_manager: Client, keep, drop):
    answer = as_manager.get("/merge/", {"keep": "Adega Azul", "drop": "Adega Azul Lda"})
    assert answer["Location"] == side_by_side(keep, drop)
    same = as_manager.get("/merge/", {"keep": "Adega Azul", "drop": "Adega Azul"})
    assert "keep" in same.context["form"].errors


def test_side_by_side_offers_a_choice_where_they_differ(as_manager: Client, keep, drop):
    Dossier.objects.filter(pk=drop.pk).update(tier=tier("a"))
    ContactFactory(account=drop)
    CommitmentFactory(dossier=drop.dossier)
    answer = as_manager.get(side_by_side(keep, drop))
    lines = {line.name: (line.keeps, line.drops, line.choice) for line in answer.context["form"].lines()}
    assert lines["city"] == ("Lisbon", "Lisboa", "a")
    assert lines["industry"] == ("", "Wine", "b")  # the survivor has none
    assert lines["kind"] == ("prospect", "prospect", "")
    assert lines["tier"][2] == "b"
    assert "country" not in lines
    assert answer.context["counts"] == ["1 contact", "1 thing owed"]


def test_a_parent_that_is_one_of_the_two_is_no_choice(as_manager: Client, keep):
    below = AccountFactory(parent=keep)
    form = as_manager.get(side_by_side(keep, below)).context["form"]
    assert "parent" not in form.fields


def test_merging_takes_what_was_chosen_and_leads_to_the_survivor(as_manager: Client, keep, drop):
    address = side_by_side(keep, drop)
    values = dict.fromkeys(as_manager.get(address).context["form"].fields, "a") | {"city": "b", "name": "b"}
    answer = as_manager.post(address, values, follow=True)
    assert answer.redirect_chain[-1][0] == f"/accounts/{keep.pk}/"
    kept = Account.objects.for_list().get(pk=keep.pk)
    assert (kept.name, kept.city, kept.industry) == ("Adega Azul Lda", "Lisboa", "")
    assert Dossier.objects.get(pk=drop.pk).archived_at == AT


def test_what_is_refused_is_said(as_manager: Client, keep):
    below = AccountFactory(parent=keep)
    address = side_by_side(below, keep)
    values = dict.fromkeys(as_manager.get(address).context["form"].fields, "a")
    answer = as_manager.post(address, values)
    assert answer.status_code == 422
    assert "Merge them the other way round" in answer.content.decode()


def test_a_merge_can_be_undone_from_the_list(as_manager: Client, keep, drop):
    address = side_by_side(keep, drop)
    as_manager.post(address, dict.fromkeys(as_manager.get(address).context["form"].fields, "a"))
    (event,) = as_manager.get("/merge/").context["merges"]
    answer = as_manager.post(f"/merge/{event.pk}/undo/", follow=True)
    assert answer.redirect_chain[-1][0] == f"/accounts/{drop.pk}/"
    assert "an account of its own again" in answer.content.decode()
    assert as_manager.get("/merge/").context["merges"] == []
    assert "undone already" in as_manager.post(f"/merge/{event.pk}/undo/", follow=True).content.decode()


def test_what_stayed_is_named(as_manager: Client, keep, drop):
    held = AssignmentFactory(dossier=drop.dossier, poc__name="Ben Ola")
    address = side_by_side(keep, drop)
    as_manager.post(address, dict.fromkeys(as_manager.get(address).context["form"].fields, "b"))
    Account.objects.filter(pk=keep.pk).update(city="Porto")
    held.poc.deactivated_at = AT
    held.poc.save()
    said = as_manager.post(f"/merge/{Event.objects.get(kind='merged').pk}/undo/", follow=True).content.decode()
    assert "city, Ben Ola" in said


def test_after_thirty_days_it_is_not_offered(as_manager: Client, keep, drop, clock):
    address = side_by_side(keep, drop)
    as_manager.post(address, dict.fromkeys(as_manager.get(address).context["form"].fields, "a"))
    clock.freeze(AT + timedelta(days=31))
    assert as_manager.get("/merge/").context["merges"] == []


def test_the_list_of_accounts_leads_to_possible_duplicates(as_manager: Client):
    assert 'href="/merge/"' in as_manager.get("/accounts/").content.decode()


@pytest.mark.parametrize("query", ["a=x&b=1", "a=1&b=999999", "a=&b="])
def test_what_is_not_there_is_404(as_manager: Client, query):
    assert as_manager.get(f"/merge/?{query}").status_code == 404


def test_an_archived_one_and_one_with_itself_are_404(as_manager: Client, keep):
    gone = AccountFactory(archived_at=AT)
    for a, b in ((keep, gone), (gone, keep), (keep, keep)):
        assert as_manager.get(side_by_side(a, b)).status_code == 404


def test_who_may_not_see_one_of_them_gets_404(as_manager: Client, manager, keep, drop):
    event = Event.objects.create(
        kind="merged", happened_at=AT, recorded_at=AT, facts={"into": keep.pk, "merged": drop.pk, "names": ["", ""]}
    )
    narrow("account_manager", RoleScope.Sees.OWN)
    AssignmentFactory(dossier=keep.dossier, poc__user=manager)
    assert as_manager.get(side_by_side(keep, drop)).status_code == 404
    event.facts["into"] = drop.pk
    event.save()
    assert as_manager.post(f"/merge/{event.pk}/undo/").status_code == 404


def test_who_may_not_change_who_answers_does_not_merge(as_rep: Client, keep, drop):
    assert as_rep.get("/merge/").status_code == 403
    assert "/merge/" not in as_rep.get(f"/accounts/{keep.pk}/").content.decode()


@pytest.mark.parametrize("n", [1, 8])
def test_the_list_costs_the_same_however_many_duplicates(as_manager: Client, django_assert_num_queries, n):
    for number in range(n):
        AccountFactory.create_batch(2, name=f"Twin {number}", website=f"https://twin{number}.example")
    with django_assert_num_queries(7):  # session, reader · names, websites, accounts · clock, merges
        as_manager.get("/merge/")


# --- Administration


def test_two_chosen_in_the_list_are_shown_side_by_side(as_manager: Client, keep, drop):
    chosen = {"action": "merge_chosen", "_selected_action": [keep.pk, drop.pk]}
    assert as_manager.post("/admin/accounts/account/", chosen)["Location"] == side_by_side(keep, drop)


def test_one_or_three_are_not(as_manager: Client):
    accounts = AccountFactory.create_batch(3)
    for some in (accounts[:1], accounts):
        chosen = {"action": "merge_chosen", "_selected_action": [a.pk for a in some]}
        said = as_manager.post("/admin/accounts/account/", chosen, follow=True).content.decode()
        assert "Choose exactly two accounts" in said


# --- API


def test_the_api_merges_and_undoes(api, clock, keep, drop):
    clock.freeze(AT)
    ask_as(api)
    Account.objects.filter(pk=drop.pk).update(source="erp", external_id="4711")
    url = "/api/v1/accounts/"
    shown = api.post(f"{url}{keep.pk}/merge/", {"account": drop.pk, "take": ["city"]}, format="json").json()
    assert (shown["city"], shown["merged_into"]) == ("Lisboa", None)
    assert api.get(f"{url}{drop.pk}/").json()["merged_into"] == keep.pk
    assert ids(api.get(f"{url}?source=erp&external_id=4711")) == [keep.pk]
    undone = api.post(f"{url}{drop.pk}/unmerge/").json()
    assert (undone["archived_at"], undone["merged_into"]) == (None, None)
    assert ids(api.get(f"{url}?source=erp&external_id=4711")) == [drop.pk]
    assert problem(api.post(f"{url}{drop.pk}/unmerge/"))[:2] == (409, "undone_already")


def test_the_api_says_what_it_refuses(api, keep, drop):
    ask_as(api)
    url = f"/api/v1/accounts/{keep.pk}/merge/"
    assert problem(api.post(url, {"account": keep.pk}, format="json")) == (
        409, "same_account", [("account", "same_account")],
    )  # fmt: skip
    below = AccountFactory(parent=keep)
    turned = api.post(f"/api/v1/accounts/{below.pk}/merge/", {"account": keep.pk}, format="json")
    assert problem(turned)[:2] == (422, "circular_parent")
    assert problem(api.post(url, {"account": drop.pk, "take": ["nonsense"]}, format="json"))[:2] == (400, "bad_values")


def test_a_rep_does_not_merge_through_the_api(api, keep, drop):
    ask_as(api, "sales_rep")
    assert problem(api.post(f"/api/v1/accounts/{keep.pk}/merge/", {"account": drop.pk}, format="json"))[0] == 403
    assert problem(api.post(f"/api/v1/accounts/{drop.pk}/unmerge/"))[0] == 403
