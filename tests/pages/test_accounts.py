"""Accounts: the list, the page, the forms."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts import keeping_in_touch
from accounts.models import Account
from crm.dossiers.models import Event
from crm.users.models import RoleScope
from interactions.follow_ups import NewFollowUp, plan
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory
from tests.factories.dossiers import EventFactory, tier, topic
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow

pytestmark = pytest.mark.django_db


def promise(record, title="Call back", due_at=AT + timedelta(hours=2)):
    new = NewFollowUp(due_at=due_at, title=title)
    return plan(new=new, dossier=record.dossier, topic=topic(), by=actor(), at=AT - timedelta(days=30)).commitment


def full_account(**fields) -> Account:
    """An account with somebody who answers, a project, a contact, something owed and something that happened."""
    account = AccountFactory(tier=tier("a"), **fields)
    AssignmentFactory(dossier=account.dossier)
    project = ProjectFactory(account=account)
    ContactFactory(account=account, phones=["+351 21 555 0123"], emails=["b@cervejaria.example"])
    promise(account)
    promise(project)
    EventFactory(dossiers=[account.dossier])
    return account


def names(response) -> list[str]:
    return [account.name for account in response.context["page"]]


@pytest.mark.parametrize("accounts", [1, 12])
def test_the_list_costs_the_same_however_long(as_rep: Client, django_assert_num_queries, accounts):
    for _n in range(accounts):
        full_account()
    # session, reader · tiers, rows · who answers: topics, places, POCs · what is owed next
    with django_assert_num_queries(8):
        assert len(as_rep.get("/accounts/").context["page"]) == accounts


@pytest.mark.parametrize("n", [1, 10])
def test_the_page_costs_the_same_whatever_happened(as_rep: Client, django_assert_num_queries, n):
    account = full_account()
    for _n in range(n):
        EventFactory.create_batch(10, dossiers=[account.dossier])
        promise(account)
        ProjectFactory(account=account)
        ContactFactory(account=account, phones=["+351 21 555 0123"])
    # session, reader · account, words, what is owed, projects · who answers: places, POCs · timeline · channels ·
    # contacts · handovers that wait
    with django_assert_num_queries(12):
        as_rep.get(f"/accounts/{account.pk}/")


def test_who_sees_only_their_own_asks_four_times_more(as_manager: Client, manager, django_assert_num_queries):
    narrow("account_manager", RoleScope.Sees.OWN)
    account = full_account()
    AssignmentFactory(dossier=account.dossier, topic=topic("billing"), poc=PersonFactory(user=manager))
    # my POC and my teams, whom we cover, where we answer, what is below · the page, as for everybody
    with django_assert_num_queries(4 + 12):
        assert as_manager.get(f"/accounts/{account.pk}/").status_code == 200


def test_a_stranger_signs_in_first(client: Client, rep):
    account = AccountFactory()
    assert client.get(f"/accounts/{account.pk}/")["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("address", ["", "edit/"])
def test_a_record_outside_ones_view_is_not_there(as_manager: Client, address):
    narrow("account_manager", RoleScope.Sees.OWN)
    account = AccountFactory()
    assert as_manager.get(f"/accounts/{account.pk}/{address}").status_code == 404
    assert as_manager.get(f"/d/{account.pk}/").status_code == 404
    assert as_manager.get(f"/d/{account.pk}/who/").status_code == 404
    assert names(as_manager.get("/accounts/")) == []


@pytest.mark.parametrize("pk", ["999999", "99999999999999999999999"])
def test_a_number_nothing_has_is_not_there(as_rep: Client, pk):
    for address in (f"/accounts/{pk}/", f"/contacts/{pk}/", f"/projects/{pk}/", f"/d/{pk}/", f"/owed/{pk}/"):
        assert as_rep.get(address).status_code == 404, address


def test_who_may_only_read_is_offered_no_change_and_refused_one(client: Client):
    client.force_login(UserFactory(role="read_only"))
    account = full_account()
    html = client.get(f"/accounts/{account.pk}/").content.decode()
    assert "/edit/" not in html
    assert "/who/?" not in html
    assert client.get("/accounts/new/").status_code == 403
    assert client.post(f"/accounts/{account.pk}/edit/", {"name": "X"}).status_code == 403


def test_every_record_has_one_address(as_rep: Client):
    account, contact, project = AccountFactory(), ContactFactory(), ProjectFactory()
    for record in (account, contact, project):
        assert as_rep.get(f"/d/{record.pk}/")["Location"] == record.get_absolute_url()


def test_the_page_says_who_answers_and_what_is_owed_everywhere_below(as_rep: Client):
    account = AccountFactory(name="Cervejaria Atlântico")
    AssignmentFactory(dossier=account.dossier, poc=PersonFactory(name="João Pereira"))
    promise(ProjectFactory(account=account, name="Cold store"), title="Second cold room")
    html = as_rep.get(f"/accounts/{account.pk}/").content.decode()
    for words in ("Cervejaria Atlântico", "João Pereira", "Second cold room", "Cold store", "Due 14:00"):
        assert words in html


def test_the_list_is_narrowed_by_its_address(as_rep: Client, rep):
    mine = AccountFactory(name="Mine", tier=tier("a"), last_touch_at=AT)
    AssignmentFactory(dossier=mine.dossier, poc=PersonFactory(user=rep))
    AccountFactory(name="Losing", tier=tier("a"), last_touch_at=AT - timedelta(days=31), kind="partner")
    AccountFactory(name="Zoë & Söhne")
    keeping_in_touch.reconcile()
    assert names(as_rep.get("/accounts/?answers=mine")) == ["Mine"]
    assert names(as_rep.get("/accounts/?answers=nobody")) == ["Losing", "Zoë & Söhne"]
    assert names(as_rep.get("/accounts/?touch=losing")) == ["Losing"]
    assert names(as_rep.get("/accounts/?q=zoe")) == ["Zoë & Söhne"]
    assert names(as_rep.get("/accounts/?tier=a&kind=partner")) == ["Losing"]
    assert names(as_rep.get("/accounts/?sort=-name")) == ["Zoë & Söhne", "Mine", "Losing"]


@pytest.mark.parametrize("query", ["sort=nothing", "kind=x", "tier=%00", "after=x", "q=%00", "answers=[]", "before=é"])
def test_an_address_somebody_made_up_still_shows_the_list(as_rep: Client, query):
    AccountFactory()
    assert as_rep.get(f"/accounts/?{query}").status_code == 200


def test_what_is_archived_leaves_the_list_but_keeps_its_page(as_rep: Client):
    account = AccountFactory(archived_at=AT)
    assert names(as_rep.get("/accounts/")) == []
    assert "Archived" in as_rep.get(f"/accounts/{account.pk}/").content.decode()


def test_an_empty_list_says_what_to_do_next(as_rep: Client):
    assert "/accounts/new/" in as_rep.get("/accounts/").content.decode()


def test_a_name_is_enough_for_an_account(as_rep: Client):
    answer = as_rep.post("/accounts/new/", {"name": " Mercado  Sur ", "kind": "prospect"})
    account = Account.objects.get()
    assert answer["Location"] == account.get_absolute_url()
    assert account.name == "Mercado Sur"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 201), ("kind", "x"), ("parent", "Nobody"), ("zone", "Mars"), ("website", "x y"),
     ("renewal_on", "31.2."), ("country", "XX"), ("tier", "99")],
)  # fmt: skip
def test_bad_input_is_said_beside_its_field_and_nothing_is_saved(as_rep: Client, field, value):
    answer = as_rep.post("/accounts/new/", {"name": "Mercado Sur", "kind": "prospect"} | {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Account.objects.exists()


def test_an_account_cannot_belong_to_itself(as_rep: Client):
    account = AccountFactory(name="Grupo")
    answer = as_rep.post(f"/accounts/{account.pk}/edit/", {"name": "Grupo", "kind": "customer", "parent": "Grupo"})
    assert "parent" in answer.context["form"].errors


def test_changing_an_account_is_recorded_with_who_did_it(as_rep: Client, rep):
    account = AccountFactory(name="Old", city="Lisbon")
    as_rep.post(f"/accounts/{account.pk}/edit/", {"name": "New", "kind": "customer", "city": "Porto"})
    account.refresh_from_db()
    assert (account.name, account.city) == ("New", "Porto")
    assert {event.actor for event in Event.objects.filter(kind=Event.Kind.CHANGED)} == {rep}


def test_names_are_suggested_only_from_ones_own_view(as_manager: Client):
    AccountFactory(name="Zeta")
    assert b"Zeta" in as_manager.get("/accounts/names/?q=ze").content
    narrow("account_manager", RoleScope.Sees.OWN)
    as_manager.force_login(UserFactory(role="account_manager"))
    assert b"Zeta" not in as_manager.get("/accounts/names/?q=ze").content


def test_htmx_gets_the_table_alone(as_rep: Client):
    AccountFactory(name="Zeta")
    html = as_rep.get("/accounts/", headers={"HX-Request": "true"}).content.decode()
    assert "Zeta" in html
    assert "<html" not in html


def test_older_entries_of_the_timeline_have_an_address(as_rep: Client):
    account = AccountFactory()
    for n in range(55):
        EventFactory(dossiers=[account.dossier], happened_at=AT - timedelta(days=n))
    first = as_rep.get(f"/accounts/{account.pk}/").context["timeline"]
    second = as_rep.get(f"/accounts/{account.pk}/?older={first.older}").context["timeline"]
    assert (len(first.entries), len(second.entries)) == (50, 5)
    html = as_rep.get(
        f"/accounts/{account.pk}/?older={first.older}", headers={"HX-Request": "true", "HX-Target": "timeline-more"}
    ).content.decode()
    assert "<html" not in html
    assert html.count('class="tl-dot"') == 5


@pytest.mark.parametrize(
    "query", ["older=x", "show=x", "about=x", "by=x", "older=%00", "show=talks", "by=me&about=billing"]
)
def test_a_made_up_filter_of_the_timeline_breaks_nothing(as_rep: Client, query):
    account = full_account()
    assert as_rep.get(f"/accounts/{account.pk}/?{query}").status_code == 200


def test_a_page_weighs_little_on_the_way(as_rep: Client):
    for n in range(50):
        AccountFactory(name=f"Account {n:03}")
    answer = as_rep.get("/accounts/", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) < 30_000
