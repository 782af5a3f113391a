"""Archiving and restoring from the pages, the administration and the API."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.commitments.models import Commitment
from crm.core.actor import Source
from crm.desk.merging import merge
from crm.dossiers.models import Dossier, Event
from crm.poc.models import Assignment
from crm.users.models import RoleScope
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.commitments import CommitmentFactory
from tests.factories.contacts import ContactFactory
from tests.factories.interactions import unknown_callers
from tests.factories.poc import AssignmentFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import UserFactory, actor, narrow

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/account/"


def is_archived(record) -> bool:
    return Dossier.objects.get(pk=record.pk).archived_at is not None


# --- Pages


@pytest.mark.parametrize("factory", [AccountFactory, ContactFactory, ProjectFactory])
def test_a_record_of_any_kind_is_archived_and_restored_from_its_page(as_manager: Client, factory):
    record = factory()
    page = record.get_absolute_url()
    assert f"/d/{record.pk}/archive/" in as_manager.get(page).content.decode()
    shown = as_manager.post(f"/d/{record.pk}/archive/", {"reason": "Closed down"}, follow=True).content.decode()
    assert is_archived(record)
    assert "Giulia Ferrari · “Closed down”" in shown
    assert f"/d/{record.pk}/archive/" not in shown
    assert f"/d/{record.pk}/restore/" in shown
    as_manager.post(f"/d/{record.pk}/restore/")
    assert not is_archived(record)


def test_only_what_there_is_to_say_is_asked(as_manager: Client):
    account = AccountFactory()
    assert set(as_manager.get(f"/d/{account.pk}/archive/").context["form"].fields) == {"reason"}
    project = ProjectFactory(account=account)
    CommitmentFactory(dossier=project.dossier)
    answer = as_manager.get(f"/d/{account.pk}/archive/")
    assert set(answer.context["form"].fields) == {"owed", "move_to", "along", "reason"}
    assert "1 project" in answer.content.decode()


def test_what_is_owed_on_a_project_moves_to_its_account(as_manager: Client):
    project = ProjectFactory()
    owed = CommitmentFactory(dossier=project.dossier)
    as_manager.post(f"/d/{project.pk}/archive/", {"owed": "parent"})
    owed.refresh_from_db()
    assert (owed.dossier_id, is_archived(project)) == (project.account_id, True)


def test_or_to_another_account_by_its_name(as_manager: Client):
    owed, other = CommitmentFactory(dossier=AccountFactory().dossier), AccountFactory(name="Olive Mill")
    address = f"/d/{owed.dossier_id}/archive/"
    assert "move_to" in as_manager.post(address, {"owed": "other"}).context["form"].errors
    as_manager.post(address, {"owed": "other", "move_to": "Olive Mill"})
    owed.refresh_from_db()
    assert owed.dossier_id == other.pk


@pytest.mark.parametrize(
    ("values", "field"), [({}, "owed"), ({"owed": "cancel", "along": "on"}, "reason"), ({"owed": "cancel"}, "along")]
)
def test_what_is_missing_is_said_beside_its_field(as_manager: Client, values, field):
    account = AccountFactory()
    CommitmentFactory(dossier=ProjectFactory(account=account).dossier)
    answer = as_manager.post(f"/d/{account.pk}/archive/", values)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not is_archived(account)


def test_an_archived_page_offers_nothing_that_would_be_refused(as_manager: Client):
    account = AccountFactory(archived_at=AT)
    page = as_manager.get(f"/accounts/{account.pk}/")
    assert page.context["quick_log"] is None
    for gone in (f"/d/{account.pk}/who/", f"/accounts/{account.pk}/edit/", "/follow-up"):
        assert f'href="{gone}' not in page.content.decode()
    assert as_manager.get(f"/d/{account.pk}/archive/").status_code == 302


def test_what_cannot_come_back_says_why(as_manager: Client):
    contact = ContactFactory(account=AccountFactory(archived_at=AT), archived_at=AT)
    answer = as_manager.post(f"/d/{contact.pk}/restore/", follow=True)
    assert "What it belongs to is archived" in answer.content.decode()


def test_who_is_missing_after_restoring_is_named(as_manager: Client):
    held = AssignmentFactory(dossier=AccountFactory().dossier, poc__name="Ben Ola")
    as_manager.post(f"/d/{held.dossier_id}/archive/")
    held.poc.deactivated_at = AT
    held.poc.save()
    assert "Ben Ola" in as_manager.post(f"/d/{held.dossier_id}/restore/", follow=True).content.decode()


def test_whoever_may_not_change_it_may_not_archive_it(as_rep: Client):
    project = ProjectFactory()
    assert as_rep.get(f"/d/{project.pk}/archive/").status_code == 403
    assert as_rep.post(f"/d/{project.pk}/restore/").status_code == 403


def test_a_stranger_gets_404(client: Client, rep):
    narrow("sales_rep", RoleScope.Sees.OWN)
    client.force_login(rep)
    account = AccountFactory()
    assert client.get(f"/d/{account.pk}/archive/").status_code == 404
    assert client.post(f"/d/{account.pk}/restore/").status_code == 404
    assert client.get(f"/d/{unknown_callers().pk}/archive/").status_code == 404


@pytest.mark.parametrize("n", [1, 8])
def test_the_page_costs_the_same_however_much_is_open(as_manager: Client, django_assert_num_queries, n):
    account = AccountFactory()
    for project in ProjectFactory.create_batch(n, account=account):
        CommitmentFactory(dossier=project.dossier)
    with django_assert_num_queries(6):  # session, reader · record · what is below, what is owed, who answers
        as_manager.get(f"/d/{account.pk}/archive/")


# --- Administration


@pytest.fixture
def as_admin(manager, client) -> Client:
    client.force_login(manager)
    return client


def chosen(records, **values):
    return {"action": "archive_chosen", "_selected_action": [r.pk for r in records]} | values


def test_a_selection_is_archived_with_one_reason(as_admin: Client):
    accounts = AccountFactory.create_batch(3)
    CommitmentFactory(dossier=accounts[0].dossier)
    asked = as_admin.post(LIST, chosen(accounts))
    assert (asked.status_code, len(asked.context["rows"])) == (200, 3)
    as_admin.post(LIST, chosen(accounts, apply="1", owed="cancel", reason="Old list"))
    assert all(is_archived(account) for account in accounts)
    assert set(Event.objects.filter(kind="archived").values_list("source", flat=True)) == {Source.ADMIN}
    as_admin.post(f"{LIST}?archived=yes", chosen(accounts) | {"action": "restore_chosen"})
    assert not any(is_archived(account) for account in accounts)


def test_one_record_is_archived_from_its_own_page(as_admin: Client):
    account = AccountFactory()
    address = f"{LIST}{account.pk}/archive/"
    assert address in as_admin.get(f"{LIST}{account.pk}/change/").content.decode()
    assert as_admin.post(address, {"apply": "1"}).status_code == 302
    assert is_archived(account)
    assert as_admin.get(address).status_code == 404
    assert address not in as_admin.get(f"{LIST}{account.pk}/change/").content.decode()


def test_the_touch_point_where_strangers_are_kept_stays(as_admin: Client):
    door = unknown_callers()
    as_admin.post("/admin/interactions/touchpoint/", chosen([door], apply="1"))
    assert not is_archived(door)


# --- API


@pytest.mark.parametrize(
    ("factory", "resource"), [(AccountFactory, "accounts"), (ContactFactory, "contacts"), (ProjectFactory, "projects")]
)
def test_the_api_archives_and_restores(api, clock, factory, resource):
    clock.freeze(AT)
    ask_as(api)
    record = factory()
    url = f"/api/v1/{resource}/{record.pk}/"
    assert api.post(f"{url}archive/").json()["archived_at"] == "2026-03-04T12:00:00Z"
    assert ids(api.get(f"/api/v1/{resource}/?archived=true")) == [record.pk]
    clock.freeze(AT + timedelta(days=1))
    assert api.post(f"{url}restore/").json()["archived_at"] is None


def test_the_api_says_what_is_open_and_takes_what_becomes_of_it(api):
    ask_as(api)
    account, other = AccountFactory(), AccountFactory()
    owed = CommitmentFactory(dossier=account.dossier)
    ContactFactory(account=account)
    url = f"/api/v1/accounts/{account.pk}/archive/"
    assert problem(api.post(url)) == (409, "has_records", [("along", "has_records")])
    assert problem(api.post(url, {"along": True}, format="json")) == (409, "still_owed", [("owed", "still_owed")])
    no_reason = problem(api.post(url, {"along": True, "owed": "cancel"}, format="json"))
    assert no_reason == (422, "reason_required", [("reason", "reason_required")])
    assert problem(api.post(url, {"along": True, "owed": "move"}, format="json"))[2] == [("move_to", "required")]
    assert api.post(url, {"along": True, "owed": "move", "move_to": other.pk}, format="json").status_code == 200
    assert Commitment.objects.get(pk=owed.pk).dossier_id == other.pk


def test_nothing_is_put_on_an_archived_record_through_the_api(api):
    ask_as(api)
    account = AccountFactory(archived_at=AT)
    for url, values in (
        ("/api/v1/assignments/", {"account": account.pk, "poc": AssignmentFactory().poc_id}),
        ("/api/v1/follow-ups/", {"account": account.pk, "due_at": "2027-01-01T00:00:00Z"}),
        ("/api/v1/interactions/", {"account": account.pk, "channel": "phone", "direction": "out"}),
    ):
        refused = problem(api.post(url, values, format="json"))
        assert (refused[0], refused[2][0][0]) == (400, "account")
    assert Assignment.objects.filter(dossier=account.pk).count() == 0


def test_a_token_that_may_only_read_archives_nothing(api):
    user = UserFactory(role="read_only")
    api.force_authenticate(user)
    assert problem(api.post(f"/api/v1/accounts/{AccountFactory().pk}/archive/"))[0] == 403


# --- Lists


@pytest.mark.parametrize(
    ("factory", "address"),
    [(AccountFactory, "/accounts/"), (ContactFactory, "/contacts/"), (ProjectFactory, "/projects/")],
)
def test_lists_show_what_is_archived_only_when_asked(as_rep: Client, factory, address):
    current, gone = factory(), factory(archived_at=AT)
    assert list(as_rep.get(address).context["page"]) == [current]
    assert list(as_rep.get(f"{address}?archived=yes").context["page"]) == [gone]
    assert list(as_rep.get(f"{address}?archived=nonsense").context["page"]) == [current]


def test_what_was_merged_is_not_among_what_could_be_restored(as_rep: Client, manager):
    keep, drop = AccountFactory(), AccountFactory()
    merge(keep=keep, drop=drop, by=actor(manager), at=AT)
    assert list(as_rep.get("/accounts/?archived=yes").context["page"]) == []
