"""Every list of the API: how many queries it costs, how it pages, what it refuses."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from rest_framework.test import APIClient

from crm.poc.models import Assignment
from crm.users.models import RoleScope
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.contacts import ContactFactory, role
from tests.factories.dossiers import tier
from tests.factories.interactions import FollowUpFactory, InteractionFactory
from tests.factories.poc import AbsenceFactory, AssignmentFactory, PersonFactory, TeamFactory
from tests.factories.projects import ProjectFactory
from tests.factories.users import narrow


def accounts(n: int) -> None:
    for account in AccountFactory.create_batch(n, tier=tier(), parent=AccountFactory()):
        absence = AbsenceFactory(poc=PersonFactory(home_team=TeamFactory()), cover=PersonFactory())
        AssignmentFactory(dossier=account.dossier, poc=absence.poc)
        AssignmentFactory(dossier=account.dossier, rank=1)


def contacts(n: int) -> None:
    for number in range(n):
        contact = ContactFactory(
            at_account=True, emails=[f"a{number}@b.example"], phones=["+351 21 123 4567"], roles=[role()]
        )
        AssignmentFactory(dossier=contact.account.dossier)


def projects(n: int) -> None:
    for project in ProjectFactory.create_batch(n):
        AssignmentFactory(dossier=project.dossier)


def interactions(n: int) -> None:
    for number in range(n):
        project = ProjectFactory()
        contact = ContactFactory(account=project.account)
        InteractionFactory(
            project=project, contact=contact, account=project.account, occurred_at=AT + timedelta(hours=number)
        )


def follow_ups(n: int) -> None:
    for _number in range(n):
        follow_up = FollowUpFactory(contact=ContactFactory(), commitment__poc=PersonFactory())
        AssignmentFactory(dossier=follow_up.commitment.dossier)


def pocs(n: int) -> None:
    TeamFactory.create_batch(n, lead=PersonFactory())
    PersonFactory.create_batch(n, home_team=TeamFactory(), signs_in=True)


def assignments(n: int) -> None:
    AssignmentFactory.create_batch(n, decided_by=ask_as(APIClient()))


RIGHTS = 1  # what the reader's roles allow
ROWS = 1
CLOCK = 1
ANSWERS = 3  # topics, the places with their holders, the POCs
NAMES = 3  # people, records, topics

COSTS: dict[str, tuple[Callable[[int], None], int]] = {
    "accounts": (accounts, RIGHTS + ROWS + CLOCK + ANSWERS),
    "contacts": (contacts, RIGHTS + ROWS + 4 + CLOCK + ANSWERS),  # mails, phones, roles, topics
    "projects": (projects, RIGHTS + ROWS + CLOCK + ANSWERS),
    "interactions": (interactions, RIGHTS + ROWS + NAMES),
    "follow-ups": (follow_ups, RIGHTS + ROWS + CLOCK + ANSWERS),
    "owed": (follow_ups, RIGHTS + ROWS + CLOCK + ANSWERS),
    "pocs": (pocs, RIGHTS + ROWS),
    "assignments": (assignments, RIGHTS + ROWS),
}


@pytest.mark.parametrize("size", [2, 9])
@pytest.mark.parametrize("resource", COSTS)
def test_a_list_costs_the_same_however_long(db, clock, api, django_assert_num_queries, resource, size):
    clock.freeze(AT)
    make, queries = COSTS[resource]
    make(size)
    ask_as(api)
    with django_assert_num_queries(queries):
        response = api.get(f"/api/v1/{resource}/")
    assert len(ids(response)) >= size


@pytest.mark.parametrize("resource", COSTS)
def test_pages_follow_each_other_and_lead_back_without_losing_a_row(db, clock, api, resource):
    clock.freeze(AT)
    COSTS[resource][0](5)
    ask_as(api)
    whole = ids(api.get(f"/api/v1/{resource}/"))
    page = api.get(f"/api/v1/{resource}/?size=2").json()
    pages = [page]
    while page["next"]:
        page = api.get(page["next"]).json()
        pages.append(page)
    assert [row["id"] for p in pages for row in p["results"]] == whole
    while page["previous"]:
        page = api.get(page["previous"]).json()
        assert page["results"] == pages[pages.index(page)]["results"]
    assert page["results"] == pages[0]["results"]


@pytest.mark.parametrize("resource", COSTS)
def test_every_ordering_offered_works_both_ways(db, clock, api, resource):
    clock.freeze(AT)
    COSTS[resource][0](3)
    ask_as(api)
    refused = api.get(f"/api/v1/{resource}/?ordering=password").json()["errors"][0]["detail"]
    for name in refused.split(": ")[1].split(", "):
        up = ids(api.get(f"/api/v1/{resource}/?ordering={name}&size=200"))
        down = ids(api.get(f"/api/v1/{resource}/?ordering=-{name}&size=200"))
        assert up == down[::-1]
        paged = api.get(f"/api/v1/{resource}/?ordering=-{name}&size=1").json()
        assert ids(api.get(paged["next"])) == down[1:2]


@pytest.mark.parametrize("resource", COSTS)
def test_a_list_refuses_what_it_does_not_know_and_names_what_it_does(db, api, resource):
    ask_as(api)
    refused = api.get(f"/api/v1/{resource}/?colour=red")
    assert problem(refused) == (400, "bad_values", [("colour", "unknown")])
    assert "cursor" in refused.json()["errors"][0]["detail"]
    for query in ("size=0", "size=201", "size=x", "size=%C2%B2", "cursor=x", "cursor=", "cursor=bnVsbA", "ordering=x"):
        assert problem(api.get(f"/api/v1/{resource}/?{query}"))[0] == 400, query


def test_a_cursor_belongs_to_its_ordering(db, api):
    ask_as(api)
    AccountFactory.create_batch(3)
    cursor = urlsplit(api.get("/api/v1/accounts/?size=1").json()["next"]).query.split("cursor=")[1].split("&")[0]
    assert ids(api.get(f"/api/v1/accounts/?cursor={cursor}"))
    assert problem(api.get(f"/api/v1/accounts/?ordering=id&cursor={cursor}"))[2] == [("cursor", "invalid")]


@pytest.mark.parametrize("resource", [name for name in COSTS if name != "pocs"])
def test_a_narrowed_role_finds_no_stranger_in_lists_nor_by_id(db, clock, api, resource):
    clock.freeze(AT)
    COSTS[resource][0](2)
    narrow("sales_rep", RoleScope.Sees.OWN)
    ask_as(api, "account_manager")
    found = ids(api.get(f"/api/v1/{resource}/"))
    ask_as(api, "sales_rep")
    assert ids(api.get(f"/api/v1/{resource}/")) == []
    assert {api.get(f"/api/v1/{resource}/{pk}/").status_code for pk in found} == {404}
    assert api.get(f"/api/v1/{resource}/{2**63}/").status_code == 404
    assert api.get(f"/api/v1/{resource}/{'9' * 5000}/").status_code == 404


@pytest.mark.parametrize("resource", ["accounts", "contacts", "projects"])
def test_records_are_narrowed_by_who_answers(db, api, resource):
    COSTS[resource][0](2)
    ask_as(api)
    held = Assignment.objects.filter(rank=0, dossier__kind=resource[:-1]).first()
    if held:  # contacts inherit theirs
        assert ids(api.get(f"/api/v1/{resource}/?poc={held.poc_id}")) == [held.dossier_id]
    whole = set(ids(api.get(f"/api/v1/{resource}/")))
    named = set(ids(api.get(f"/api/v1/{resource}/?no_poc=false")))
    nobody = set(ids(api.get(f"/api/v1/{resource}/?no_poc=true")))
    assert named | nobody == whole and not named & nobody and named
