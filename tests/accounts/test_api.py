"""Accounts through the API."""

import pytest

from crm.dossiers.models import Event
from crm.users.models import RoleScope
from tests.doors import ask_as, ids, problem
from tests.factories import AT
from tests.factories.accounts import AccountFactory
from tests.factories.dossiers import topic
from tests.factories.interactions import InteractionFactory
from tests.factories.poc import AssignmentFactory, PersonFactory
from tests.factories.users import narrow

URL = "/api/v1/accounts/"


@pytest.fixture
def user(db, clock, api):
    clock.freeze(AT)
    return ask_as(api)


def test_an_account_is_opened_and_found(user, api):
    parent = AccountFactory()
    body = {
        "name": "  Cervejaria   Atlântico ", "kind": "customer", "parent": parent.pk, "tier": "a", "city": "Porto",
        "country": "pt", "website": "https://example.com", "zone": "Europe/Lisbon", "language": "pt-br",
        "renewal_on": "2027-01-31",
    }  # fmt: skip
    made = api.post(URL, body, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["name"], shown["country"], shown["tier"]) == ("Cervejaria Atlântico", "PT", "a")
    assert shown["parent"] == {"id": parent.pk, "name": parent.name}
    assert api.get(made["Location"]).json() == shown
    assert ids(api.get(f"{URL}?q=ATLANTICO&kind=customer&tier=a&country=PT&parent={parent.pk}")) == [shown["id"]]


def test_only_what_is_given_changes(user, api):
    parent = AccountFactory()
    account = AccountFactory(parent=parent, city="Porto")
    changed = api.patch(f"{URL}{account.pk}/", {"industry": "Beer"}, format="json").json()
    assert (changed["name"], changed["city"], changed["industry"]) == (account.name, "Porto", "Beer")
    assert changed["parent"]["id"] == parent.pk
    assert api.patch(f"{URL}{account.pk}/", {"parent": None}, format="json").json()["parent"] is None


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({}, 400, [("name", "required")]),
        ({"name": " "}, 400, [("name", "blank")]),
        ({"name": "\u200b" * 300}, 400, [("name", "max_length")]),
        ({"name": "a\0b"}, 400, [("name", "null_characters_not_allowed")]),
        ({"name": ["A"]}, 400, [("name", "invalid")]),
        ({"name": "A", "nmae": "B"}, 400, [("nmae", "no_such_field")]),
        ({"name": "A", "kind": "friend"}, 400, [("kind", "invalid_choice")]),
        ({"name": "A", "tier": "z"}, 400, [("tier", "unknown")]),
        ({"name": "A", "tier": 5}, 400, [("tier", "invalid")]),
        ({"name": "A", "parent": 4711}, 400, [("parent", "unknown")]),
        ({"name": "A", "parent": True}, 400, [("parent", "invalid")]),
        ({"name": "A", "parent": 10**40}, 400, [("parent", "unknown")]),
        ({"name": "A", "parent": {"id": 1}}, 400, [("parent", "invalid")]),
        ({"name": "A", "country": "Atlantis"}, 400, [("country", "country")]),
        ({"name": "A", "country": "ZZ"}, 400, [("country", "country")]),
        ({"name": "A", "zone": "../etc"}, 400, [("zone", "zone")]),
        ({"name": "A", "website": "javascript:alert(1)"}, 400, [("website", "invalid")]),
        ({"name": "A", "renewal_on": "2026-02-30"}, 400, [("renewal_on", "invalid")]),
    ],
)
def test_what_is_wrong_is_said_by_field(user, api, body, status, errors):
    assert problem(api.post(URL, body, format="json")) == (status, "bad_values", errors)


def test_it_cannot_belong_to_itself(user, api):
    account = AccountFactory()
    refused = api.patch(f"{URL}{account.pk}/", {"parent": account.pk}, format="json")
    assert problem(refused) == (422, "circular_parent", [("parent", "circular_parent")])


def test_archived_ones_leave_the_list(user, api):
    account = AccountFactory()
    for _time in range(2):
        shown = api.post(f"{URL}{account.pk}/archive/")
        assert shown.json()["archived_at"] == "2026-03-04T12:00:00Z"
    assert ids(api.get(URL)) == []
    assert ids(api.get(f"{URL}?archived=true")) == [account.pk]
    assert Event.objects.count() == 1


def test_nothing_is_deleted(user, api):
    account = AccountFactory()
    assert problem(api.delete(f"{URL}{account.pk}/"))[0] == 405
    assert problem(api.put(f"{URL}{account.pk}/", {}, format="json"))[0] == 405


def test_lists_say_who_answers_about_general_and_the_account_about_every_topic(user, api):
    account = AccountFactory()
    general = AssignmentFactory(dossier=account.dossier).poc
    billing = AssignmentFactory(dossier=account.dossier, topic=topic("billing")).poc
    [row] = api.get(URL).json()["results"]
    assert [(a["topic"], a["poc"]["id"]) for a in row["who_answers"]] == [("general", general.pk)]
    answers = {a["topic"]: a for a in api.get(f"{URL}{account.pk}/").json()["who_answers"]}
    assert answers["billing"]["poc"]["id"] == billing.pk and answers["billing"]["why"] == ""
    assert answers["technical"]["poc"]["id"] == general.pk
    assert answers["technical"]["why"] == "Named for general"


def test_one_account_costs_the_same_whatever_hangs_on_it(user, api, django_assert_num_queries):
    accounts = AccountFactory.create_batch(2)
    for place in range(3):
        AssignmentFactory(dossier=accounts[1].dossier, topic=topic("billing"), rank=place)
    for account in accounts:
        api.force_authenticate(type(user).objects.get(pk=user.pk))
        with django_assert_num_queries(6):  # as a list
            api.get(f"{URL}{account.pk}/")


def test_what_happened_since_is_found(user, api, clock):
    _quiet, busy = AccountFactory.create_batch(2)
    api.patch(f"{URL}{busy.pk}/", {"city": "Porto"}, format="json")
    assert ids(api.get(f"{URL}?updated_since=2026-03-04T12:00:00Z")) == [busy.pk]
    assert ids(api.get(f"{URL}?updated_since=2026-03-04T12:00:01Z")) == []
    for bad in ("yesterday", "2026-03-04", "2026-03-04T12:00:00", "0001-01-01T00:00:00%2B14:00"):
        assert problem(api.get(f"{URL}?updated_since={bad}"))[2][0][0] == "updated_since"


@pytest.mark.parametrize(
    "query",
    ["parent=x", "parent=1e9999999", f"parent={2**63}", "parent=-1", "archived=maybe", "kind=friend", "q=a%00b"],
)
def test_a_filter_that_cannot_be_meant_is_refused(user, api, query):
    assert problem(api.get(f"{URL}?{query}"))[:2] == (400, "bad_values")


def test_a_narrowed_role_sees_what_it_answers_for(db, api):
    narrow("sales_rep", RoleScope.Sees.OWN)
    user = ask_as(api, "sales_rep")
    mine = AssignmentFactory(dossier=AccountFactory().dossier, poc=PersonFactory(user=user)).dossier_id
    AccountFactory()
    InteractionFactory(logged_by=user)
    assert ids(api.get(URL)) == [mine]
